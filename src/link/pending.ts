import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import { onAbort } from './signals.js'

/** A promise of this end that an exchange will settle, once. It hears the caller's signal until then. */
export class Pending {
  readonly #resolve: (value: Wire | undefined) => void
  readonly #reject: (error: SottoError) => void
  readonly #signal: AbortSignal | undefined
  readonly #deaf: () => void

  constructor(
    resolve: (value: Wire | undefined) => void,
    reject: (error: SottoError) => void,
    signal: AbortSignal | undefined,
    cancel: () => void,
  ) {
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    this.#deaf = onAbort(signal, cancel)
  }

  resolve(value: Wire | undefined): void {
    this.#deaf()
    this.#resolve(value)
  }

  reject(error: SottoError): void {
    this.#deaf()
    this.#reject(because(error, this.#signal))
  }
}

/** Who gave it up finds the reason in the error (ME-40). */
const because = (error: SottoError, signal: AbortSignal | undefined): SottoError =>
  signal?.aborted === true && SottoError.is(error, 'call/cancelled')
    ? SottoError.of('call/cancelled', 'given up by the signal', { ran: error.ran, cause: signal.reason })
    : error
