/** The keys of one queue, whatever the subjects (BR-8), each for as long as its window, and what they take. */
export class Keys {
  readonly #windowMs: number
  readonly #overhead: number
  /** The oldest first. */
  readonly #known = new Map<string, { readonly id: string; readonly untilMs: number }>()
  #bytes = 0

  /** @param overhead bytes that a key takes beside its own */
  constructor(windowMs: number, overhead: number) {
    this.#windowMs = windowMs
    this.#overhead = overhead
  }

  get bytes(): number {
    return this.#bytes
  }

  sizeOf(key: string): number {
    return key.length + this.#overhead
  }

  /** BR-6: the id of the message that was stored with it. */
  get(key: string): string | undefined {
    return this.#known.get(key)?.id
  }

  put(key: string, id: string, nowMs: number): void {
    this.#known.set(key, { id, untilMs: nowMs + this.#windowMs })
    this.#bytes += this.sizeOf(key)
  }

  /** BR-7: of those whose window is over nothing is known. */
  drop(nowMs: number): void {
    for (const [key, { untilMs }] of this.#known) {
      if (untilMs > nowMs) return
      this.#known.delete(key)
      this.#bytes -= this.sizeOf(key)
    }
  }

  clear(): void {
    this.#known.clear()
  }
}
