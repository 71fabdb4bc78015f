import { monotonic } from './clock.js'

/** How much later than asked NATS may have a message ready. */
const SLACK_MS = 20

interface Waiting {
  readonly dueMs: number
  readonly stop: () => void
}

/** The messages that this service made wait for a time: how many they are, and a bell when one is due. */
export class Later {
  readonly #ring: () => void
  readonly #waiting = new Map<number, Waiting>()

  constructor(ring: () => void) {
    this.#ring = ring
  }

  get count(): number {
    const now = monotonic.now()
    return [...this.#waiting.values()].filter(({ dueMs }) => dueMs > now).length
  }

  add(seq: number, ms: number): void {
    this.drop(seq)
    const stop = monotonic.after(Math.min(ms + SLACK_MS, 2 ** 31 - 1), () => {
      this.#waiting.delete(seq)
      this.#ring()
    })
    this.#waiting.set(seq, { dueMs: monotonic.now() + ms, stop })
  }

  drop(seq: number): void {
    this.#waiting.get(seq)?.stop()
    this.#waiting.delete(seq)
  }

  close(): void {
    for (const { stop } of this.#waiting.values()) stop()
    this.#waiting.clear()
  }
}
