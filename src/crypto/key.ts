import { SottoError } from '../errors.js'

/** Refuses key material of another length. @throws crypto/bad-key */
export const checkLength = (what: string, bytes: Uint8Array, length: number): void => {
  if (bytes.length !== length)
    throw SottoError.of('crypto/bad-key', `${what}: expected ${length} bytes, got ${bytes.length}`)
}

/** Secret bytes this process holds: a copy of its own, overwritten by `erase`. */
export class Secret {
  #bytes: Uint8Array | undefined

  constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes)
  }

  /** The held bytes, not a copy. @throws TypeError after `erase` */
  get bytes(): Uint8Array {
    // CR-14: an erased key must never pass for a key of zeros.
    if (this.#bytes === undefined) throw new TypeError('expected a live key, got an erased one')
    return this.#bytes
  }

  erase(): void {
    this.#bytes?.fill(0)
    this.#bytes = undefined
  }
}
