import type { Clock } from './clock.js'

const MAX_TIMER = 2 ** 31 - 1

/** Rings once, at the earliest time it was set to, or some time before. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #set: { readonly atMs: number; readonly cancel: () => void } | undefined

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  /** Undefined is never. */
  set(atMs: number | undefined): void {
    if (atMs === undefined || (this.#set !== undefined && this.#set.atMs <= atMs)) return
    this.cancel()
    const inMs = Math.min(Math.max(Math.ceil(atMs - this.#clock.now()), 0), MAX_TIMER)
    const cancel = this.#clock.after(inMs, () => {
      this.#set = undefined
      this.#ring()
    })
    this.#set = { atMs, cancel }
  }

  cancel(): void {
    this.#set?.cancel()
    this.#set = undefined
  }
}
