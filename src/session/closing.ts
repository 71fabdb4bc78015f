import { SottoError } from '../errors.js'
import type { Traffic } from './traffic.js'

/** How long an END is waited for after the own one, in ms (SE-42). */
const END_MS = 1_000

/** When a session that is to end does, at the latest. */
export class Closing {
  #at = Number.POSITIVE_INFINITY

  /** Infinity as long as it is not to end. */
  get at(): number {
    return this.#at
  }

  get begun(): boolean {
    return this.#at !== Number.POSITIVE_INFINITY
  }

  /** True the first time. A drain may be hurried by a close, and a close is not put off. */
  begin(at: number): boolean {
    const first = !this.begun
    this.#at = Math.min(this.#at, at)
    return first
  }

  /** What is open is cut, or the own END has gone: the rest is short. */
  cut(nowMs: number): void {
    this.#at = nowMs + END_MS
  }

  /** The deadline: neither the own END nor, behind it, the peer's is waited for much longer. @throws session/timeout */
  late(traffic: Traffic, nowMs: number): void {
    if (traffic.isCut || traffic.arrivals.torn)
      throw SottoError.of('session/timeout', 'the session did not end in time')
    traffic.cut(SottoError.of('session/closed', 'the close deadline passed'))
    this.cut(nowMs)
  }
}
