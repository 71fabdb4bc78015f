import { SottoError } from '../errors.js'
import { Bucket } from './bucket.js'
import type { Limits } from './limits.js'

/** PINGs a peer may send at once, and how many more a second (SE-53). */
export const PING_BURST = 20
export const PINGS_PER_SECOND = 10
/**
 * Own PINGs that may be sent at once, and that may be without their PONG: what a stalled transport holds back and what
 * may follow at once come to PING_BURST together, so that an honest end never exceeds the peer's count (SE-70).
 */
export const OWN_BURST = PING_BURST / 2
/** Own PINGs that nobody asked for are no closer than this, in ms. */
const LEAST_EVERY_MS = 200

/**
 * Liveness in both directions: a record is sent in time, silence ends the session, and PINGs are counted (SE-61).
 * All times are monotonic ms.
 */
export class Pulse {
  readonly #idleMs: number
  readonly #everyMs: number
  readonly #own: Bucket
  readonly #theirs: Bucket
  #heardAt: number
  #sentAt: number
  #pinged = 0
  #ponged = 0
  #heard = 0

  constructor(own: Limits, allowed: Limits, keepaliveMs: number, nowMs: number) {
    this.#idleMs = own.idleMs
    // Three chances before the peer gives us up.
    this.#everyMs = Math.max(LEAST_EVERY_MS, Math.min(keepaliveMs, allowed.idleMs / 3))
    this.#own = new Bucket(OWN_BURST, PINGS_PER_SECOND, nowMs)
    this.#theirs = new Bucket(PING_BURST, PINGS_PER_SECOND, nowMs)
    this.#heardAt = nowMs
    this.#sentAt = nowMs
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

  /** The number of the next own PING; undefined if the peer would count one too many (SE-53). */
  ping(nowMs: number): number | undefined {
    if (this.#pinged - this.#ponged >= OWN_BURST || !this.#own.take(nowMs)) return undefined
    return ++this.#pinged
  }

  /** The peer's PING. @throws session/malformed out of order, session/limit over the rate (SE-53) */
  hear(count: number, nowMs: number): void {
    if (count !== this.#heard + 1)
      throw SottoError.of('session/malformed', `expected PING ${this.#heard + 1}, got ${count}`)
    this.#heard = count
    if (!this.#theirs.take(nowMs)) throw SottoError.of('session/limit', 'the peer sends too many PINGs')
  }

  /** The peer's PONG. @throws session/malformed unless it answers the oldest PING that is open */
  answer(count: number): void {
    if (count !== this.#ponged + 1 || count > this.#pinged)
      throw SottoError.of('session/malformed', `PONG ${count} answers no PING`)
    this.#ponged = count
  }
}
