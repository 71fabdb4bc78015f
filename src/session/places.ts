import type { Exchange } from './exchange.js'

/** The calls and streams this end may have open, and those that wait for one of them to end, in order (SE-46). */
export class Places {
  readonly #begin: (exchange: Exchange) => void
  readonly #waiting = new Set<Exchange>()
  readonly #most: number
  #free: number

  /** `begin` is called when an exchange has its place; `most` may wait for one. */
  constructor(count: number, most: number, begin: (exchange: Exchange) => void) {
    this.#free = count
    this.#most = most
    this.#begin = begin
  }

  get full(): boolean {
    return this.#waiting.size >= this.#most
  }

  get waiting(): ReadonlySet<Exchange> {
    return this.#waiting
  }

  take(exchange: Exchange): void {
    if (this.#free === 0) this.#waiting.add(exchange)
    else {
      this.#free--
      this.#begin(exchange)
    }
  }

  /** A place is free: the first that waits has it. */
  give(): void {
    const [next] = this.#waiting.size === 0 ? [] : this.#waiting
    if (next === undefined) this.#free++
    else {
      this.#waiting.delete(next)
      this.#begin(next)
    }
  }

  /** True if it waited, and does no more. */
  leave(exchange: Exchange): boolean {
    return this.#waiting.delete(exchange)
  }
}
