import type { Broker } from '../../src/broker/broker.js'
import type { Clock } from '../../src/broker/clock.js'

/** Where the brokers of one test keep their messages: nothing is there yet. */
export interface Store {
  /** A broker on what is there. One at a time: the one before has been disposed of. */
  open(): Broker | Promise<Broker>
  /** The time of its brokers, where they take it from outside; else real time passes. */
  readonly clock?: ManualClock
  /** Whether what is stored outlives its broker. */
  readonly keeps?: boolean
  /** Removes it, once its broker has been disposed of. */
  remove?(): void | Promise<void>
}

/** How a broker is brought into the conformance suite: a new store for each test. */
export type MakeStore = () => Store | Promise<Store>

/** Time that passes when it is told to. */
export class ManualClock implements Clock {
  #nowMs = 0
  readonly #timers = new Set<{ readonly atMs: number; readonly act: () => void }>()

  now(): number {
    return this.#nowMs
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size
  }

  after(ms: number, act: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, act }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
    }
  }

  /** Runs what is due on the way, in its order, each at its time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#nowMs = next.atMs
      next.act()
    }
    this.#nowMs = untilMs
  }
}
