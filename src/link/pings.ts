import { SottoError } from '../errors.js'
import { onAbort } from './signals.js'
import { checkTimeout } from './ttl.js'

/** Between two round trips, in ms: under the rate a peer takes, with room for the keepalive's own (LI-17). */
const APART_MS = 125
const TIMEOUT_MS = 30_000

export interface PingOptions {
  readonly signal?: AbortSignal
  /** 30,000 unless said. */
  readonly timeoutMs?: number
}

interface Waiter {
  answered(ms: number): void
  failed(error: unknown): void
}

/** Round trips for whoever asks, one at a time. Who asks while one is under way, or too soon after, shares the next. */
export class Pings {
  readonly #begin: (nowMs: number) => number
  readonly #now: () => number
  readonly #waiting = new Set<Waiter>()
  readonly #flying = new Set<Waiter>()
  #count = 0
  #begunAt = Number.NEGATIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined

  /** `begin` sends a PING and gives its number; it throws once the session is closed. */
  constructor(begin: (nowMs: number) => number, now: () => number) {
    this.#begin = begin
    this.#now = now
  }

  /** @throws call/cancelled, call/deadline, session/closed, session/lost; RangeError */
  ask({ signal, timeoutMs = TIMEOUT_MS }: PingOptions): Promise<number> {
    return new Promise((resolve, reject) => {
      checkTimeout(timeoutMs)
      if (signal?.aborted === true) throw SottoError.of('call/cancelled', 'the signal was aborted before the ping')
      const settle = (): void => {
        clearTimeout(timer)
        deaf()
        this.#waiting.delete(waiter)
        this.#flying.delete(waiter)
      }
      const waiter: Waiter = {
        answered: (ms) => {
          settle()
          resolve(ms)
        },
        failed: (error) => {
          settle()
          reject(error)
        },
      }
      const onDeadline = (): void => waiter.failed(SottoError.of('call/deadline', `no pong in ${timeoutMs} ms`))
      const timer = setTimeout(onDeadline, timeoutMs)
      const deaf = onAbort(signal, () => waiter.failed(SottoError.of('call/cancelled', 'the ping was given up')))
      this.#waiting.add(waiter)
      this.#next()
    })
  }

  /** The peer's PONG, to these PINGs or to the keepalive's. */
  answered(count: number): void {
    if (count !== this.#count) return
    this.#count = 0
    const ms = this.#now() - this.#begunAt
    for (const waiter of this.#flying) waiter.answered(ms)
    this.#next()
  }

  /** The session is over. */
  end(error: SottoError): void {
    clearTimeout(this.#timer)
    for (const waiter of [...this.#flying, ...this.#waiting]) waiter.failed(error)
  }

  #next(): void {
    if (this.#count !== 0 || this.#timer !== undefined || this.#waiting.size === 0) return
    const time = this.#now()
    const waitMs = this.#begunAt + APART_MS - time
    if (waitMs > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined
        this.#next()
      }, waitMs)
      return
    }
    try {
      this.#count = this.#begin(time)
    } catch (error) {
      // The session is closed, which is news for whoever waits.
      for (const waiter of this.#waiting) waiter.failed(error)
      return
    }
    this.#begunAt = time
    for (const waiter of this.#waiting) this.#flying.add(waiter)
    this.#waiting.clear()
  }
}
