/** ME-16: at most `size` at once; the rest wait their turn. */
export class Slots {
  readonly #waiting = new Set<() => void>()
  #free: number

  /** @throws RangeError if `size` is not a whole number of 1 or more, or Infinity */
  constructor(size: number) {
    if (size < 1 || !(Number.isSafeInteger(size) || size === Number.POSITIVE_INFINITY)) {
      throw new RangeError(`expected a concurrency of 1 or more, got ${size}`)
    }
    this.#free = size
  }

  /** True if there is a slot now; it is to be given back. */
  take(): boolean {
    if (this.#free === 0) return false
    this.#free--
    return true
  }

  /** True once there is a slot, to be given back; false if `signal` aborts before that. */
  wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const turn = () => {
        signal.removeEventListener('abort', leave)
        resolve(true)
      }
      // ME-17: one that gave up is not kept, so what waits is bounded by the exchanges that are open.
      const leave = () => {
        this.#waiting.delete(turn)
        resolve(false)
      }
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.add(turn)
    })
  }

  give(): void {
    const [next] = this.#waiting.size === 0 ? [] : this.#waiting
    if (next === undefined) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
