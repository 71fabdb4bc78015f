import type { Wire } from '../cbor.js'
import type { SottoError } from '../errors.js'
import { onAbort } from './signals.js'

/** A promise of this end that an exchange will settle, once. It hears the caller's signal until then. */
export class Pending {
  readonly #resolve: (value: Wire | undefined) => void
  readonly #reject: (error: SottoError) => void
  readonly #deaf: () => void

  constructor(
    resolve: (value: Wire | undefined) => void,
    reject: (error: SottoError) => void,
    signal: AbortSignal | undefined,
    cancel: () => void,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#deaf = onAbort(signal, cancel)
  }

  resolve(value: Wire | undefined): void {
    this.#deaf()
    this.#resolve(value)
  }

  reject(error: SottoError): void {
    this.#deaf()
    this.#reject(error)
  }
}
