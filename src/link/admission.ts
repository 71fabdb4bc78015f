import { SottoError } from '../errors.js'
import type { Caps } from './caps.js'
import { FIRST, type Rank, Turns } from './turns.js'

/** A handshake under way, as its host sees it. */
export interface Attempt {
  /** Whose budget it takes of: an address or a network; empty where the transport tells none. */
  readonly source: string
  /** True once a valid message 1 of it has been answered. */
  readonly answered: boolean
  /** Ends it without a byte. */
  end(error: SottoError): void
}

/** What a source has under way, the oldest first, and when it is served. */
interface Share extends Rank {
  readonly silent: Set<Attempt>
  readonly answered: Set<Attempt>
}

/** Handshakes under way, and which of them gives way where there is no room: who has most pays (LI-50). */
export class Admission {
  readonly #caps: Caps
  readonly #attempts = new Map<Attempt, Share>()
  readonly #shares = new Map<string, Share>()
  readonly #turns = new Turns()

  constructor(caps: Caps) {
    this.#caps = caps
  }

  /** True until it has left. */
  has(attempt: Attempt): boolean {
    return this.#attempts.has(attempt)
  }

  /** Lets a newcomer in; if there is no room for it, another ends with session/busy (LI-4, LI-50). */
  enter(attempt: Attempt): void {
    const { source } = attempt
    const share = this.#shares.get(source) ?? { rank: FIRST, silent: new Set(), answered: new Set() }
    // Those without a source are nobody's in particular: the cap of all is theirs (LI-52).
    if (source !== '' && sizeOf(share) >= this.#caps.halfOpenSource) this.#giveWay(share)
    else if (this.#attempts.size >= this.#caps.halfOpen) this.#giveWay(this.#largest(share))
    share.silent.add(attempt)
    this.#shares.set(source, share)
    this.#attempts.set(attempt, share)
    this.#turns.came()
  }

  /** The attempt is over, or a session. A second time does nothing. */
  leave(attempt: Attempt): void {
    const share = this.#attempts.get(attempt)
    if (share === undefined) return
    this.#attempts.delete(attempt)
    share.silent.delete(attempt)
    share.answered.delete(attempt)
    if (sizeOf(share) === 0) this.#shares.delete(attempt.source)
    this.#turns.gone(attempt)
  }

  /** Settles when bytes of the attempt may be looked at, or it has left; undefined for at once. `done` follows (LI-53). */
  turn(attempt: Attempt): Promise<void> | undefined {
    const share = this.#attempts.get(attempt)
    return share === undefined ? undefined : this.#turns.ask(attempt, share)
  }

  /** They have been looked at. */
  done(attempt: Attempt): void {
    const share = this.#attempts.get(attempt)
    if (attempt.answered && share?.silent.delete(attempt) === true) share.answered.add(attempt)
    this.#turns.done(attempt)
  }

  /** The source with the most: the newcomer's, if no other has more. */
  #largest(own: Share): Share {
    let largest = own
    for (const share of this.#shares.values()) if (sizeOf(share) > sizeOf(largest)) largest = share
    return largest
  }

  /** Of the answered and the silent those that are more, and of those the oldest. */
  #giveWay({ silent, answered }: Share): void {
    const [victim] = answered.size > silent.size ? answered : silent
    if (victim === undefined) return
    this.leave(victim)
    victim.end(SottoError.of('session/busy', 'too many handshakes are under way, and this one gave way to a newer one'))
  }
}

const sizeOf = ({ silent, answered }: Share): number => silent.size + answered.size
