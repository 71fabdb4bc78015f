import { Feed } from './feed.js'

/** Changes that wait for a reader, each; the oldest are dropped first (LI-35). */
export const CHANGES = 256

/** What every reader is told, once each, from when it began to read. */
export class Changes<T> implements AsyncIterable<T> {
  readonly #feeds = new Set<Feed<T>>()
  #ended = false

  push(value: T): void {
    for (const feed of this.#feeds) feed.push(value)
  }

  /** What waits can still be read. */
  end(): void {
    this.#ended = true
    for (const feed of this.#feeds) feed.end()
    this.#feeds.clear()
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    const feed = new Feed<T>(CHANGES)
    const leave = (): void => {
      feed.end()
      this.#feeds.delete(feed)
    }
    this.#feeds.add(feed)
    if (this.#ended) leave()
    const reader = feed[Symbol.asyncIterator]()
    return {
      next: () => reader.next(),
      return: () => {
        leave()
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }
}
