import { SottoError } from '../errors.js'
import type { Limits } from './limits.js'

/** PINGs a peer may send at once, and how many more a second (SE-53). */
export const PING_BURST = 20
export const PINGS_PER_SECOND = 10

/**
 * Liveness in both directions: a record is sent in time, silence ends the session, and PINGs are counted (SE-61).
 * All times are monotonic ms.
 */
export class Pulse {
  readonly #idleMs: number
  readonly #everyMs: number
  #heardAt: number
  #sentAt: number
  #pinged = 0
  #ponged = 0
  #heard = 0
  #tokens = PING_BURST
  #tokensAt: number

  constructor(own: Limits, allowed: Limits, keepaliveMs: number, nowMs: number) {
    this.#idleMs = own.idleMs
    // Three chances before the peer gives us up.
    this.#everyMs = Math.min(keepaliveMs, allowed.idleMs / 3)
    this.#heardAt = nowMs
    this.#sentAt = nowMs
    this.#tokensAt = nowMs
  }

  /** When something is due next. */
  get wakeAt(): number {
    return Math.min(this.#heardAt + this.#idleMs, this.#sentAt + this.#everyMs)
  }

  /** True if nothing came for so long that the session is over. */
  expired(nowMs: number): boolean {
    return nowMs >= this.#heardAt + this.#idleMs
  }

  /** True if a PING is due. */
  due(nowMs: number): boolean {
    return nowMs >= this.#sentAt + this.#everyMs
  }

  /** A record was opened. */
  received(nowMs: number): void {
    this.#heardAt = nowMs
  }

  /** A record was sealed, or is about to be. */
  sent(nowMs: number): void {
    this.#sentAt = nowMs
  }

  /** The number of the next own PING. */
  ping(): number {
    return ++this.#pinged
  }

  /** The peer's PING. @throws session/malformed out of order, session/limit over the rate (SE-53) */
  hear(count: number, nowMs: number): void {
    if (count !== this.#heard + 1)
      throw SottoError.of('session/malformed', `expected PING ${this.#heard + 1}, got ${count}`)
    this.#heard = count
    this.#tokens = Math.min(PING_BURST, this.#tokens + ((nowMs - this.#tokensAt) * PINGS_PER_SECOND) / 1_000)
    this.#tokensAt = nowMs
    if (this.#tokens < 1) throw SottoError.of('session/limit', 'the peer sends too many PINGs')
    this.#tokens--
  }

  /** The peer's PONG. @throws session/malformed unless it answers the oldest PING that is open */
  answer(count: number): void {
    if (count !== this.#ponged + 1 || count > this.#pinged)
      throw SottoError.of('session/malformed', `PONG ${count} answers no PING`)
    this.#ponged = count
  }
}
