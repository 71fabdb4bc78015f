import { type Duplex, finish } from './stream.js'

/** Both directions of a stream, each by itself. */
export interface WebStreams<U, D> {
  readonly readable: ReadableStream<D>
  readonly writable: WritableStream<U>
}

/**
 * A stream as a pair of WHATWG streams, for `pipeTo` and `pipeThrough`. Nothing is read before it is asked for, and one item at a
 * time is written, so that a slow reader at either end makes the writer at the other wait.
 *
 * Closing the writable ends what goes up; where nothing comes down it settles when the handler is done. What the stream fails with
 * is what both fail with. Cancelling the readable and aborting the writable give the stream up.
 */
export const toWeb = <U, D>(duplex: Duplex<U, D>): WebStreams<U, D> => ({
  readable: readableOf(duplex),
  writable: writableOf(duplex),
})

const readableOf = <D>(duplex: Duplex<never, D>): ReadableStream<D> => {
  const items = duplex[Symbol.asyncIterator]()
  const source: UnderlyingDefaultSource<D> = {
    pull: async (controller) => {
      const item = await items.next()
      if (item.done === true) controller.close()
      else controller.enqueue(item.value)
    },
    cancel: (reason) => duplex.abort(reason),
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

const writableOf = <U>(duplex: Duplex<U, unknown>): WritableStream<U> =>
  new WritableStream({
    start: (controller) => {
      // Who has nothing to write now is told all the same.
      void duplex.closed.then((closed) => (closed.clean ? undefined : controller.error(closed.error)))
    },
    write: (item) => duplex.write(item),
    close: () => finish(duplex),
    abort: (reason) => duplex.abort(reason),
  })
