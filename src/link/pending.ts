import type { Wire } from '../cbor.js'
import type { SottoError } from '../errors.js'
import type { Exchange } from '../session/exchange.js'

/** A promise of this end that an exchange will settle, once. It hears the caller's signal until then. */
export class Pending {
  readonly #resolve: (value: Wire | undefined) => void
  readonly #reject: (error: SottoError) => void
  readonly #signal: AbortSignal | undefined
  readonly #exchange: Exchange
  readonly #cancel: (exchange: Exchange) => void

  constructor(
    exchange: Exchange,
    resolve: (value: Wire | undefined) => void,
    reject: (error: SottoError) => void,
    signal: AbortSignal | undefined,
    cancel: (exchange: Exchange) => void,
  ) {
    this.#exchange = exchange
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    this.#cancel = cancel
    signal?.addEventListener('abort', this, { once: true })
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.#cancel(this.#exchange)
  }

  resolve(value: Wire | undefined): void {
    this.#signal?.removeEventListener('abort', this)
    this.#resolve(value)
  }

  reject(error: SottoError): void {
    this.#signal?.removeEventListener('abort', this)
    this.#reject(error)
  }
}
