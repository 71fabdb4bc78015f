import type { Exchange } from './exchange.js'

/** Messages that wait, in their order; one that was dropped has no body and is passed over. */
export class Line {
  #queue: Exchange[] = []
  /** What is before has been passed, and has no body either. */
  #head = 0
  /** Of the queue, at most; what has been passed since is not taken off. */
  #dropped = 0

  get empty(): boolean {
    return this.#queue.length === 0
  }

  /** What waits. */
  get waiting(): readonly Exchange[] {
    return this.#queue.filter(isLive)
  }

  push(exchange: Exchange): void {
    this.#queue.push(exchange)
  }

  /** The first. */
  next(): Exchange | undefined {
    for (;;) {
      const next = this.#queue[this.#head]
      if (next === undefined || isLive(next)) return next
      this.shift()
    }
  }

  /** The first is done. */
  shift(): void {
    this.#head++
    // What has been passed is never all there is.
    if (2 * this.#head >= this.#queue.length) this.#compact()
  }

  /** One of the line has lost its body. */
  dropped(): void {
    this.#dropped++
    // What is left is never all dropped.
    if (2 * this.#dropped > this.#queue.length - this.#head) this.#compact()
  }

  clear(): void {
    this.#queue = []
    this.#head = 0
    this.#dropped = 0
  }

  #compact(): void {
    this.#queue = this.#queue.filter(isLive)
    this.#head = 0
    this.#dropped = 0
  }
}

const isLive = ({ body }: Exchange): boolean => body !== undefined
