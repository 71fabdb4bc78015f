/** What a handler of a stream gives, item by item. */
export interface Source {
  next(): Promise<IteratorResult<unknown, unknown>>
  /** No more is wanted: from here on `next` fails with `reason`, if it fails. Settles when the source is done with. Never rejects. */
  leave(reason: unknown): Promise<void>
}

/** A Node stream, or one of WHATWG in a browser that has no async iteration of it. @throws TypeError if it is nothing of the kind */
export const sourceOf = (given: unknown): Source => {
  if (given instanceof ReadableStream) return new Leaving(readerOf(given))
  if (isIterable(given)) return new Leaving(iteratorOf(given))
  throw new TypeError('expected a handler that gives an async iterable')
}

interface Items {
  next(): Promise<IteratorResult<unknown, unknown>>
  return(reason: unknown): unknown
}

class Leaving implements Source {
  readonly #items: Items
  #left: Promise<void> | undefined
  #reason: unknown

  constructor(items: Items) {
    this.#items = items
  }

  async next(): Promise<IteratorResult<unknown, unknown>> {
    try {
      return await this.#items.next()
    } catch (error) {
      throw this.#reason ?? error
    }
  }

  leave(reason: unknown): Promise<void> {
    this.#reason ??= reason
    this.#left ??= this.#return(reason)
    return this.#left
  }

  async #return(reason: unknown): Promise<void> {
    try {
      await this.#items.return(reason)
    } catch {
      // It was left for `reason`, which is told instead.
    }
  }
}

const readerOf = (stream: ReadableStream<unknown>): Items => {
  const reader = stream.getReader()
  return {
    next: async () => {
      const { done, value } = await reader.read()
      return done ? { done, value } : { done, value }
    },
    return: (reason) => reader.cancel(reason),
  }
}

const iteratorOf = (items: AsyncIterable<unknown>): Items => {
  const iterator = items[Symbol.asyncIterator]()
  return {
    next: () => iterator.next(),
    return: () => {
      // A Node stream that waits for bytes would answer `return` once they have come.
      if ('destroy' in items && typeof items.destroy === 'function') items.destroy()
      return iterator.return?.()
    },
  }
}

const isIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value
