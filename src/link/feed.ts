/** News that may wait to be read: at most `size`, the oldest dropped first. One reader at a time. */
export class Feed<T> implements AsyncIterable<T> {
  readonly #size: number
  #items: T[] = []
  #wake: (() => void) | undefined
  #ended = false

  constructor(size: number) {
    this.#size = size
  }

  push(item: T): void {
    if (this.#ended) return
    if (this.#items.length >= this.#size) this.#items.shift()
    this.#items.push(item)
    this.#wake?.()
  }

  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) yield item
      else if (this.#ended) return undefined
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
    }
  }
}
