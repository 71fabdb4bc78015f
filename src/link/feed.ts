type News<T> = IteratorResult<T, undefined>

/** News that may wait to be read: at most `size`, the oldest dropped first (LI-19). Readers share: each item goes to one. */
export class Feed<T> implements AsyncIterable<T> {
  readonly #size: number
  readonly #items: T[] = []
  readonly #readers: ((news: News<T>) => void)[] = []
  #ended = false

  constructor(size: number) {
    this.#size = size
  }

  push(value: T): void {
    if (this.#ended) return
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader({ done: false, value })
      return
    }
    if (this.#items.length >= this.#size) this.#items.shift()
    this.#items.push(value)
  }

  /** What waits can still be read. */
  end(): void {
    this.#ended = true
    for (const reader of this.#readers.splice(0)) reader({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return { next: () => this.#next() }
  }

  #next(): Promise<News<T>> {
    const [value] = this.#items.splice(0, 1)
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#ended) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#readers.push(resolve)
    })
  }
}
