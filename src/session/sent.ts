import { BEGIN_CHARGE } from './outbox.js'

/**
 * The operations of the one-way messages the peer may still refuse: a ring as long as credit lets exchanges be begun
 * before the refusal of the first of them (SE-54), so that a refusal can be named without keeping anything a message.
 */
export class Sent {
  readonly #length: number
  #ring: Uint32Array | undefined

  /** `window` is the peer's session window in bytes. */
  constructor(window: number) {
    this.#length = Math.ceil(window / BEGIN_CHARGE)
  }

  /** An own exchange begins; `operation` is undefined unless it is a one-way message. */
  begins(exchange: number, operation: number | undefined): void {
    if (operation !== undefined) this.#ring ??= new Uint32Array(this.#length)
    // An entry of an id one round before is not this one's.
    if (this.#ring !== undefined) this.#ring[this.#slot(exchange)] = operation === undefined ? 0 : operation + 1
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
