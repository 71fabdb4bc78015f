import { later } from './later.js'
import { now } from './pump.js'

/** Turns of a source that was not there before: two handshakes. They come before those of any that had as many. */
const FIRST_TURNS = 4
/** How long strangers are served in one task, in ms: then sessions and newcomers have theirs. */
const TASK_MS = 1
/** While newcomers come in every task, a source behind its first turns is served this often, in ms. */
const FLOODED_MS = 10

/** When a source is served: the lowest rank first. */
export interface Rank {
  rank: number
}

/** Of a source that was not there before. */
export const FIRST: number = -FIRST_TURNS

interface Waiting {
  readonly who: object
  readonly source: Rank
  readonly resolve: () => void
}

/**
 * Whose bytes are looked at next, of those of which nothing is proved (LI-53): a source that is new, then newcomers, then
 * the source that was served longest ago. What one of them can make this end compute takes a millisecond and more.
 */
export class Turns {
  /** The first to come first. */
  readonly #waiting: Waiting[] = []
  readonly #nextTask = (): void => this.#next()
  /** Whose bytes are being looked at, and since when. */
  #busy: object | undefined
  #busyAt = 0
  /** What this task has used up, in ms. */
  #spent = 0
  #scheduled = false
  #newcomer = false
  #servedAt = 0
  #served = 0

  /** Somebody new has come. */
  came(): void {
    this.#newcomer = true
    this.#schedule()
  }

  /** Settles when it is the turn of `who`, or it has gone; undefined for at once. `done` follows. */
  ask(who: object, source: Rank): Promise<void> | undefined {
    if (this.#busy !== undefined || this.#spent >= TASK_MS || this.#waiting.length > 0)
      return new Promise((resolve) => {
        this.#waiting.push({ who, source, resolve })
        this.#schedule()
      })
    this.#serve(who, source)
    return undefined
  }

  /** The bytes of `who` have been looked at. Of anybody else it does nothing. */
  done(who: object): void {
    if (this.#busy !== who) return
    this.#busy = undefined
    this.#servedAt = now()
    this.#spent += this.#servedAt - this.#busyAt
    this.#pump()
  }

  /** Nothing of `who` is looked at any more. */
  gone(who: object): void {
    const at = this.#waiting.findIndex((waiting) => waiting.who === who)
    if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve()
    this.done(who)
  }

  #serve(who: object, source: Rank): void {
    source.rank = source.rank < 0 ? source.rank + 1 : ++this.#served
    this.#busy = who
    this.#busyAt = now()
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    later(this.#nextTask)
  }

  #next(): void {
    this.#scheduled = false
    this.#spent = 0
    this.#pump()
    this.#newcomer = false
    if (this.#waiting.length > 0) this.#schedule()
  }

  /** Serves one; its `done` serves the next. */
  #pump(): void {
    if (this.#busy !== undefined || this.#spent >= TASK_MS) return
    const [first] = this.#waiting
    if (first === undefined) return
    let next = first
    for (const waiting of this.#waiting) if (waiting.source.rank < next.source.rank) next = waiting
    if (next.source.rank >= 0 && this.#newcomer && now() - this.#servedAt < FLOODED_MS) return
    this.#waiting.splice(this.#waiting.indexOf(next), 1)
    this.#serve(next.who, next.source)
    next.resolve()
  }
}
