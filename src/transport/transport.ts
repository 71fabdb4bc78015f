import { SottoError } from '../errors.js'

/**
 * An ordered, reliable pipe of bytes to one other end. Chunk boundaries mean nothing.
 * Whoever holds a transport releases it with `close` or `abort`; nothing else does.
 *
 * Iterating yields what arrives, in chunks of at least one byte that the reader owns. There is one reader: a second
 * iterator is a TypeError. It ends at the other end's end or at `close`, and throws `transport/failed` when the
 * transport fails. `return()` gives up reading: what arrives later is dropped.
 */
export interface Transport extends AsyncIterable<Uint8Array> {
  /**
   * Hands `bytes` over for good: neither side changes them again. Returns undefined while there is room; otherwise a
   * promise that resolves once there is, and before which nothing more should be written.
   *
   * @throws transport/failed (the promise rejects) after failure, `close` or `abort`
   */
  write(bytes: Uint8Array): Promise<void> | void
  /** Ends reading, sends what was written and then the end. Resolves within 5 s, whatever the other end does. */
  close(): Promise<void>
  /** Frees everything at once and sends nothing more. Waiting reads and writes fail with `reason` as their cause. */
  abort(reason: Error): void
}

/** Bytes that wait in one direction before the writer is asked to wait (TR-7, TR-8). */
export const ROOM = 262_144

/** Chunks that wait to be read, however small they are (TR-7). */
export const CHUNKS = 1_024

/** How long `close` takes at most, in milliseconds (TR-11). */
const CLOSE_MS = 5_000

/** What differs from one kind of transport to the next; `PipeTransport` is the rest. */
export interface Pipe {
  /** Takes `bytes` and says whether there is room for more; if not, `Arrivals.room` follows. */
  send(bytes: Uint8Array): boolean
  /** Settles when all that was sent, and then the end, is out, and the other end has had the time to end too. */
  finish(): Promise<void>
  /** Frees everything; called twice, the second does nothing. */
  destroy(reason?: Error): void
  /** Called when an arrival that returned false has been read: more may come. */
  resume(): void
}

/** What a pipe reports. After an end or a failure of a direction, later reports on it are ignored. */
export interface Arrivals {
  /** Bytes the reader will own. False asks to hold the next until `Pipe.resume`. */
  arrived(bytes: Uint8Array): boolean
  /** The other end has ended cleanly. */
  ended(): void
  /** Nothing more can be read. */
  unreadable(cause: unknown): void
  /** Nothing more can be written. */
  unwritable(cause: unknown): void
  /** There is room to write again. */
  room(): void
}

interface Waiter<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: SottoError) => void
}

type Chunk = IteratorResult<Uint8Array, undefined>

const DONE: Chunk = { done: true, value: undefined }

/** The behaviour all transports share: one reader, back-pressure both ways, an end that always comes. */
export class PipeTransport implements Transport, Arrivals {
  readonly #pipe: Pipe
  readonly #queue: Uint8Array[] = []
  #queued = 0
  #held = false
  #iterated = false
  #reading: Waiter<Chunk> | undefined
  #writing: Waiter<void> | undefined
  #inbound: 'open' | 'done' | SottoError = 'open'
  #outbound: 'open' | SottoError = 'open'
  #closing: Promise<void> | undefined
  #hurry: (() => void) | undefined

  constructor(open: (arrivals: Arrivals) => Pipe) {
    this.#pipe = open(this)
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    // TR-9
    if (this.#outbound !== 'open') return rejected(this.#outbound)
    if (bytes.length === 0) return this.#writing?.promise
    if (this.#pipe.send(bytes)) return undefined
    this.#writing ??= waiter()
    return this.#writing.promise
  }

  close(): Promise<void> {
    // TR-15
    this.#closing ??= this.#finish()
    return this.#closing
  }

  abort(reason: Error): void {
    // An end that was not read to is no clean end (TR-13).
    if (this.#inbound === 'done' && this.#queue.length > 0) this.#inbound = 'open'
    this.#queue.length = 0
    this.unreadable(reason)
    this.unwritable(reason)
    this.#closing ??= Promise.resolve()
    this.#hurry?.()
    this.#pipe.destroy(reason)
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    // TR-3
    if (this.#iterated) throw new TypeError('expected one reader, the transport is being iterated already')
    this.#iterated = true
    return {
      next: () => this.#next(),
      return: () => {
        this.#drop()
        return Promise.resolve(DONE)
      },
    }
  }

  arrived(bytes: Uint8Array): boolean {
    // TR-1, TR-6, TR-12
    if (this.#inbound !== 'open' || bytes.length === 0) return true
    const reading = this.#takeReading()
    if (reading !== undefined) {
      reading.resolve({ done: false, value: bytes })
      return true
    }
    this.#queue.push(bytes)
    this.#queued += bytes.length
    // Once held, it stays so until all is read: what was under way may come after a part of it was.
    if (this.#queued >= ROOM || this.#queue.length >= CHUNKS) this.#held = true
    return !this.#held
  }

  /** TR-4: behind what waits to be read. */
  ended(): void {
    if (this.#inbound !== 'open') return
    this.#inbound = 'done'
    this.#takeReading()?.resolve(DONE)
  }

  /** TR-14: so it is with the other end of one that was aborted. */
  unreadable(cause: unknown): void {
    if (this.#inbound !== 'open') return
    const error = failed('reading', cause)
    const reading = this.#takeReading()
    this.#inbound = reading === undefined ? error : 'done'
    reading?.reject(error)
  }

  unwritable(cause: unknown): void {
    if (this.#outbound !== 'open') return
    this.#outbound = failed('writing', cause)
    this.#takeWriting()?.reject(this.#outbound)
  }

  room(): void {
    this.#takeWriting()?.resolve()
  }

  #next(): Promise<Chunk> {
    if (this.#reading !== undefined) return rejected(new TypeError('expected one read at a time'))
    const value = this.#queue.shift()
    if (value !== undefined) {
      this.#queued -= value.length
      if (this.#queue.length === 0) this.#unhold()
      return Promise.resolve({ done: false, value })
    }
    const inbound = this.#inbound
    if (inbound === 'open') {
      this.#reading = waiter()
      return this.#reading.promise
    }
    // The failure once, after what had arrived before it (TR-5).
    this.#inbound = 'done'
    return inbound === 'done' ? Promise.resolve(DONE) : rejected(inbound)
  }

  #takeReading(): Waiter<Chunk> | undefined {
    const reading = this.#reading
    this.#reading = undefined
    return reading
  }

  #takeWriting(): Waiter<void> | undefined {
    const writing = this.#writing
    this.#writing = undefined
    return writing
  }

  #drop(): void {
    this.#queue.length = 0
    this.ended()
    this.#inbound = 'done'
    this.#unhold()
  }

  #unhold(): void {
    if (!this.#held) return
    this.#held = false
    this.#pipe.resume()
  }

  async #finish(): Promise<void> {
    this.#drop()
    const closed = failed('writing', new Error('closed by this end'))
    this.#outbound = closed
    let timer: ReturnType<typeof setTimeout> | undefined
    const limit = new Promise<false>((resolve) => {
      this.#hurry = () => resolve(false)
      timer = setTimeout(resolve, CLOSE_MS, false)
    })
    // What did not get out is no news to this end, which leaves; the other end misses the authenticated END.
    const finished = this.#pipe.finish().then(
      () => true,
      () => false,
    )
    if (await Promise.race([finished, limit])) this.room()
    else this.#takeWriting()?.reject(closed)
    clearTimeout(timer)
    this.#pipe.destroy()
  }
}

const failed = (what: string, cause: unknown): SottoError<'transport/failed'> =>
  SottoError.of('transport/failed', `${what} ended: ${cause instanceof Error ? cause.message : 'no reason given'}`, {
    cause,
  })

const waiter = <T>(): Waiter<T> => {
  let resolve: Waiter<T>['resolve'] = () => undefined
  let reject: Waiter<T>['reject'] = () => undefined
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise: watched(promise), resolve, reject }
}

const rejected = (reason: Error): Promise<never> => watched(Promise.reject(reason))

/** A caller may drop the promise; the transport has told of the failure in every other way (TR-16). */
const watched = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined)
  return promise
}
