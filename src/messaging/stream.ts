import type { Stream as StreamOperation } from '../contract/operation.js'
import { nothing, type Sent } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Caller, CallOptions, Stream } from '../link/face.js'
import type { Closed } from '../link/session.js'
import { failedStream } from '../link/stream.js'
import { check, checkSent } from './shape.js'
import { sourceOf } from './source.js'

/**
 * A stream this end began: writes `U`, iterates `D`. Leaving the iteration, and disposal, give it up unless it is over.
 * Iterators share what comes: each item goes to one.
 */
export interface Duplex<U, D> extends AsyncIterable<D>, AsyncDisposable {
  /**
   * Settled while there is room, else once there is. Of bytes a copy is taken.
   * @throws (rejects) contract/invalid, policy/denied, policy/limited, call/too-large, all of which leave the stream as it
   * was; what the stream failed with; call/cancelled if the peer takes no more; TypeError behind `end`
   */
  write(item: U): Promise<void>
  /** Nothing more is written; settles with the writes that wait, what comes of them is in `closed`. What still comes can be read. */
  end(): Promise<void>
  /** Gives the stream up in both directions: the handler's signal aborts. `closed` has `reason` as its error's cause. */
  abort(reason?: unknown): void
  /** Resolves when both directions are over, clean if the handler was done without a failure; never rejects. */
  readonly closed: Promise<Closed>
}

/** ME-14: shared by all writes that wait for nothing. */
const TAKEN = Promise.resolve()

/** ME-30: what cannot begin is a stream that has failed, so that whoever begins one looks in one place. */
export const begin = (
  caller: Caller,
  contract: string,
  name: string,
  operation: StreamOperation<Sent, Sent, Sent>,
  value: unknown,
  options: CallOptions,
): Duplex<unknown, unknown> => new Began(opened(caller, contract, name, operation.request, value, options), operation)

const opened = (
  caller: Caller,
  contract: string,
  name: string,
  request: Sent,
  value: unknown,
  options: CallOptions,
): Stream => {
  try {
    checkSent(request, value)
    return caller.stream(contract, name, value, options)
  } catch (error) {
    if (error instanceof SottoError) return failedStream(error)
    throw error
  }
}

class Began implements Duplex<unknown, unknown> {
  readonly #stream: Stream
  readonly #up: Sent
  readonly #down: Sent
  #over = false

  constructor(stream: Stream, { up, down }: StreamOperation<Sent, Sent, Sent>) {
    this.#stream = stream
    this.#up = up
    this.#down = down
    void stream.closed.then(() => {
      this.#over = true
    })
  }

  static directions(duplex: object): Directions {
    return #stream in duplex ? { up: duplex.#up !== nothing, down: duplex.#down !== nothing } : { up: true, down: true }
  }

  get closed(): Promise<Closed> {
    return this.#stream.closed
  }

  write(item: unknown): Promise<void> {
    try {
      return put(this.#stream, this.#up, item) ?? TAKEN
    } catch (error) {
      // Whoever writes awaits one promise, whichever way it failed.
      return Promise.reject(error)
    }
  }

  end(): Promise<void> {
    return this.#stream.end() ?? TAKEN
  }

  abort(reason?: unknown): void {
    if (!this.#over) this.#stream.abort(reason)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort()
    await this.closed
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown, undefined> {
    return {
      next: () => this.#next(),
      // ME-34
      return: () => {
        this.abort()
        return Promise.resolve(DONE)
      },
    }
  }

  async #next(): Promise<IteratorResult<unknown, undefined>> {
    const read = await this.#stream.read()
    if (read.done === true) return DONE
    try {
      // ME-7: by then the peer did it.
      return { done: false, value: check(this.#down, read.value, 'yes') }
    } catch (error) {
      this.abort(error)
      throw error
    }
  }
}

/** Which directions of a stream carry anything: for all that is known both, of one that is none of ours. */
export interface Directions {
  readonly up: boolean
  readonly down: boolean
}

export const directionsOf = (duplex: object): Directions => Began.directions(duplex)

/** ME-42: ends what goes up; where nothing comes down, that is done when the handler is. @throws what it failed with */
export const finish = async (duplex: Pick<Duplex<never, unknown>, 'end' | 'closed'>): Promise<void> => {
  await duplex.end()
  if (directionsOf(duplex).down) return
  const closed = await duplex.closed
  if (!closed.clean) throw closed.error
}

const DONE: IteratorResult<unknown, undefined> = { done: true, value: undefined }

/** ME-1: checks an item and writes it. @throws contract/invalid, and as `Stream.write` */
const put = (stream: Stream, shape: Sent, item: unknown): Promise<void> | undefined => {
  if (shape === nothing) throw new TypeError('expected a direction that carries items')
  checkSent(shape, item)
  if (item === undefined)
    throw SottoError.of('contract/invalid', 'expected an item, got none', { details: { path: '' } })
  return stream.write(item)
}

/** ME-32: sends what the handler of a stream gives, no faster than the peer reads it, until it is done. */
export const pour = async (given: unknown, stream: Stream, down: Sent): Promise<void> => {
  if (down === nothing) {
    await given
    return
  }
  const source = sourceOf(given)
  // ME-41: what waits for its next item is not asked for another.
  void stream.closed.then((closed) => (closed.clean ? undefined : source.leave(closed.error)))
  try {
    for (let item = await source.next(); item.done !== true; item = await source.next()) {
      const room = put(stream, down, item.value)
      if (room !== undefined) await room
    }
  } catch (error) {
    await source.leave(error)
    throw error
  }
}

/** ME-35: what comes up, for a handler: each item through its shape; `refused` is told of one that does not fit, and is the last. */
export const incomingItems = (
  stream: Stream,
  up: Sent,
  refused: (error: SottoError<'contract/invalid'>, item: number) => void,
): AsyncIterable<unknown> => ({
  [Symbol.asyncIterator]: () => ({
    next: async () => {
      const read = await stream.read()
      if (read.done === true) return DONE
      try {
        return { done: false, value: check(up, read.value) }
      } catch (error) {
        if (SottoError.is(error, 'contract/invalid')) refused(error, stream.count)
        stream.stop()
        throw error
      }
    },
    return: () => {
      stream.stop()
      return Promise.resolve(DONE)
    },
  }),
})
