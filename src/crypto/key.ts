import { SottoError } from '../errors.js'

/** CR-2: refuses key material of another length. @throws crypto/bad-key */
export const checkLength = (what: string, bytes: Uint8Array, length: number): void => {
  if (bytes.length !== length)
    throw SottoError.of('crypto/bad-key', `${what}: expected ${length} bytes, got ${bytes.length}`)
}

/** A secret held in the provider's form `K` until it is erased. */
export class Held<K> {
  readonly #wipe: (key: K) => void
  #key: K | undefined

  /** Owns `key`: `wipe` overwrites it as far as its form allows. */
  constructor(key: K, wipe: (key: K) => void) {
    this.#key = key
    this.#wipe = wipe
  }

  /** @throws TypeError after `erase` */
  get key(): K {
    // CR-14: an erased key must never pass for a key of zeros.
    if (this.#key === undefined) throw new TypeError('expected a live key, got an erased one')
    return this.#key
  }

  erase(): void {
    if (this.#key !== undefined) this.#wipe(this.#key)
    this.#key = undefined
  }
}

/** CR-5, CR-15: a copy of secret bytes that `erase` overwrites with zeros. */
export const heldBytes = (bytes: Uint8Array): Held<Uint8Array> =>
  new Held<Uint8Array>(Uint8Array.from(bytes), (held) => void held.fill(0))
