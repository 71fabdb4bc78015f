import type { SottoError } from '../errors.js'
import { defect } from '../session/ends.js'
import type { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import { later } from './later.js'

/** What the last bytes of a session have to leave, in ms (LI-13). */
const LINGER_MS = 5_000
/** Node fires a timer of over 2^31-1 ms at once: wake once a day at least. */
const LONGEST_MS = 86_400_000

/**
 * Moves bytes between an engine and its transport, and runs the one timer. Whatever the transport does, nothing is
 * thrown here: it becomes the session's end (LI-14). After anything that may have made events, `turn` is called.
 */
export class Pump {
  readonly #engine: Engine
  readonly #transport: Transport
  readonly #turn: () => void
  readonly #flush = (): void => this.#flushNow()
  readonly #nextTask = (): void => {
    this.#wroteInTask = false
    if (this.#scheduled) this.#flushNow()
  }
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #blocked = false
  #scheduled = false
  #wroteInTask = false
  #inside = false
  #ended: (() => void) | undefined

  constructor(engine: Engine, transport: Transport, turn: () => void) {
    this.#engine = engine
    this.#transport = transport
    this.#turn = turn
  }

  /** Reads until the transport or the session ends. */
  async read(): Promise<void> {
    try {
      for await (const chunk of this.#transport) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError('expected a transport of Uint8Array')
        this.#receive(chunk)
        if (this.#engine.over) return
      }
      this.#engine.ended()
    } catch (cause) {
      // A transport that fails is an end without END, whatever its reason.
      this.#engine.ended(cause)
    }
    this.#turn()
  }

  /** The engine may have bytes: they go at once when idle; what comes later in the same task goes together (LI-9). */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (!this.#wroteInTask) queueMicrotask(this.#flush)
  }

  /** The engine may have to be woken earlier than before. */
  arm(): void {
    const at = this.#engine.wakeAt()
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(at - now(), 1), LONGEST_MS))
  }

  /** The session is over: the last bytes go out, if there are any, then the transport ends. In 5 s at most (LI-13). */
  end(error: SottoError | undefined): Promise<void> {
    clearTimeout(this.#timer)
    this.#timerAt = Number.NEGATIVE_INFINITY
    const last = this.#take()
    // LI-2: of an attempt that failed there are none.
    if (last === undefined && error !== undefined) {
      this.cut(error)
      return Promise.resolve()
    }
    // Without waiting for room: LINGER_MS bounds how long the peer may take to read.
    for (let bytes = last; bytes !== undefined; bytes = this.#take()) this.#put(bytes)
    return this.#close()
  }

  /** Ends the transport at once, whatever it is doing. */
  cut(reason: Error): void {
    free(this.#transport, reason)
    this.#ended?.()
  }

  /** A step of the engine: what it throws is a defect of this end, and the session's end (SE-107). */
  attempt(step: () => void): void {
    const outer = this.#inside
    this.#inside = true
    try {
      step()
    } catch (cause) {
      this.#engine.abort(defect(cause))
    } finally {
      this.#inside = outer
    }
  }

  /** True while the engine is at work: what it calls must not ask it for more. */
  get inside(): boolean {
    return this.#inside
  }

  #receive(chunk: Uint8Array): void {
    this.attempt(() => this.#engine.receive(chunk, now()))
    this.#turn()
  }

  #flushNow(): void {
    this.#scheduled = false
    if (!this.#write()) return
    if (!this.#wroteInTask) {
      this.#wroteInTask = true
      later(this.#nextTask)
    }
    this.#turn()
  }

  /** Writes while the transport has room (LI-10); true if anything went. */
  #write(): boolean {
    let wrote = false
    while (!this.#blocked) {
      const bytes = this.#take()
      if (bytes === undefined) break
      wrote = true
      this.#put(bytes)
    }
    return wrote
  }

  #take(): Uint8Array | undefined {
    let failed = true
    let bytes: Uint8Array | undefined
    this.attempt(() => {
      bytes = this.#engine.take(now())
      failed = false
    })
    if (failed) this.#turn()
    return bytes
  }

  #put(bytes: Uint8Array): void {
    try {
      const room = this.#transport.write(bytes)
      if (room === undefined) return
      this.#blocked = true
      Promise.resolve(room).then(
        () => {
          this.#blocked = false
          this.schedule()
        },
        (cause) => this.#lost(cause),
      )
    } catch (cause) {
      this.#lost(cause)
    }
  }

  /** Nothing more can be written: the peer's END will not be answered, so it is not waited for. */
  #lost(cause: unknown): void {
    this.#engine.ended(cause)
    this.#turn()
  }

  #wake(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.attempt(() => this.#engine.wake(now()))
    this.#turn()
  }

  #close(): Promise<void> {
    return new Promise((resolve) => {
      const cut = (): void => this.cut(new Error('the last bytes did not leave in time'))
      const timer = setTimeout(cut, LINGER_MS)
      this.#ended = () => {
        clearTimeout(timer)
        resolve()
      }
      closed(this.#transport).then(this.#ended, cut)
    })
  }
}

/** A transport that throws instead of rejecting is no different. */
const closed = async (transport: Transport): Promise<void> => transport.close()

/** @internal Aborts a transport that nobody will use any more. */
export const free = (transport: Transport, reason: unknown): void => {
  try {
    transport.abort(reason instanceof Error ? reason : new Error('ended', { cause: reason }))
  } catch {
    // A transport that cannot even be aborted has nothing more to say to anybody.
  }
}

/** @internal Monotonic ms, which no setting of the time of day moves (LI-7). */
export const now = (): number => performance.now()
