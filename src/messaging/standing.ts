import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Caller, CallOptions, Stream } from '../link/face.js'
import { later } from '../link/later.js'
import { isEnd } from '../link/linkrequest.js'
import { deadlineOf, onAbort } from '../link/signals.js'
import { checkTimeout } from '../link/ttl.js'
import { invalidItem } from './entry.js'

/** An item, and where it came: what is said of it goes back there. */
export interface Came {
  readonly value: Wire
  readonly stream: Stream
}

/** What stands at this end: a subscription or a consumer, over a link made anew in each session (TO-41). */
export class Standing {
  /** Resolves when it is heard for the first time; rejects with why it never was. */
  readonly ready: Promise<void>
  readonly #begin: (leftMs: number) => Stream
  /** Of a link alone. */
  readonly #session: ((signal: AbortSignal) => Promise<void>) | undefined
  /** Aborts when it fails: nothing is waited for any more. */
  readonly #failed = new AbortController()
  readonly #endMs: number
  /** The one that is read, then those that were made after it was lost. */
  readonly #streams: Promise<Stream>[] = []
  readonly #open = new Set<Stream>()
  readonly #over: Promise<void>
  #end: () => void = () => undefined
  #error: SottoError | undefined
  #isLeft = false
  /** TO-41: there will be no session to begin in. */
  readonly #ending = (error: unknown): void => {
    if (!(error instanceof SottoError)) throw error
    this.#fail(error)
  }

  /** @param begin throws what is known at once; it is given the time that is left, 0 for no end */
  constructor(caller: Caller, { signal, timeoutMs = 0 }: CallOptions, begin: (leftMs: number) => Stream) {
    checkTimeout(timeoutMs)
    this.#begin = begin
    this.#session = caller.ready === undefined ? undefined : (given) => caller.ready?.(given) ?? Promise.resolve()
    const saidMs = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY
    // ME-38
    this.#endMs = Math.min(saidMs, deadlineOf(signal))
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
    const given = (): void => this.#fail(SottoError.of('call/cancelled', 'given up', { cause: signal?.reason }))
    if (signal?.aborted === true) given()
    const deaf = onAbort(signal, given)
    const late = (): void => this.#fail(SottoError.of('call/deadline', 'no session came in time'))
    // Within a session the deadline is the stream's own.
    const timer = this.#session !== undefined && timeoutMs > 0 ? setTimeout(late, timeoutMs) : undefined
    void this.#over.then(() => {
      clearTimeout(timer)
      deaf()
    })
    this.ready = this.#make().then(() => undefined)
    // Who reads is told as well.
    this.ready.catch(() => undefined)
  }

  /** The next item behind the `null` that each stream begins with; undefined once this end has left. Rejects with why there is none. */
  async read(): Promise<Came | undefined> {
    for (;;) {
      const [current] = this.#streams
      if (this.#isLeft || current === undefined) return undefined
      const came = await this.#readOf(current)
      if (came !== 'lost') return came
      if (this.#streams[0] === current) void this.#streams.shift()
    }
  }

  /** No more is wanted. */
  leave(): void {
    this.#isLeft = true
    this.#fail(SottoError.of('call/cancelled', 'given up'))
  }

  /** It ends with this error at both ends. */
  abort(error: SottoError): void {
    this.#fail(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.leave()
    await Promise.all([...this.#open].map(({ closed }) => closed))
  }

  async #readOf(current: Promise<Stream>): Promise<Came | undefined | 'lost'> {
    try {
      const stream = await current
      const read = await stream.read()
      return read.done === true ? this.#ended() : { value: read.value, stream }
    } catch (error) {
      if (this.#isLeft) return undefined
      if (this.#error !== undefined) throw this.#error
      if (!this.#mayRepeat(error)) throw error
      // The next is under way by then.
      await (await current).closed
      return 'lost'
    }
  }

  /** Nothing but its reader ends it cleanly. */
  #ended(): undefined {
    if (!this.#isLeft) throw invalidItem('expected no end of what stands')
    return undefined
  }

  #make(): Promise<Stream> {
    const opened = this.#opened()
    opened.catch(() => undefined)
    this.#streams.push(opened)
    return opened
  }

  async #opened(): Promise<Stream> {
    for (;;) {
      try {
        const stream = await this.#tried()
        void stream.closed.then(({ clean, ...closed }) => {
          if (!clean && 'error' in closed && this.#mayRepeat(closed.error)) void this.#make()
          else this.#end()
        })
        return stream
      } catch (error) {
        if (this.#error !== undefined) throw this.#error
        if (!this.#mayRepeat(error)) {
          this.#end()
          throw error
        }
      }
      // The link is to see first that its session is over.
      await new Promise<void>(later)
    }
  }

  async #tried(): Promise<Stream> {
    if (this.#session !== undefined) await this.#session(this.#failed.signal).catch(this.#ending)
    if (this.#error !== undefined) throw this.#error
    const leftMs = Math.floor(this.#endMs - performance.now())
    if (leftMs < 1) throw SottoError.of('call/deadline', 'no session came in time')
    const stream = this.#begin(leftMs === Number.POSITIVE_INFINITY ? 0 : leftMs)
    this.#open.add(stream)
    void stream.closed.then(() => this.#open.delete(stream))
    const first = await stream.read()
    // TO-9
    if (first.done !== true && first.value === null) return stream
    const error = invalidItem('expected to be told first that it is heard')
    this.#fail(error)
    throw error
  }

  #mayRepeat(error: unknown): boolean {
    return this.#session !== undefined && this.#error === undefined && isEnd(error)
  }

  #fail(error: SottoError): void {
    this.#error ??= error
    this.#failed.abort()
    this.#end()
    for (const stream of this.#open) stream.abort(error)
  }
}
