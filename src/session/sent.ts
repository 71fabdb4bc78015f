import { BEGIN_CHARGE } from './outbox.js'

/**
 * The operations of the one-way messages the peer may still refuse: a ring as long as credit lets messages be under way
 * (SE-50), so that a refusal can be named without keeping anything a message.
 */
export class Sent {
  readonly #length: number
  #ring: Uint32Array | undefined

  constructor(window: number) {
    this.#length = Math.ceil(window / BEGIN_CHARGE)
  }

  remember(exchange: number, operation: number): void {
    this.#ring ??= new Uint32Array(this.#length)
    this.#ring[this.#slot(exchange)] = operation + 1
  }

  /** The operation, once; undefined if the exchange was none of these or was refused before. */
  refuse(exchange: number): number | undefined {
    const slot = this.#slot(exchange)
    const entry = this.#ring?.[slot] ?? 0
    if (this.#ring !== undefined) this.#ring[slot] = 0
    return entry === 0 ? undefined : entry - 1
  }

  #slot(exchange: number): number {
    // Ids rise by 2.
    return Math.floor(exchange / 2) % this.#length
  }
}
