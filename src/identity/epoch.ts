/** A count of changes, and those who want to hear of each. */
export class Epoch {
  #value = 0
  readonly #listeners = new Set<{ readonly changed: () => void }>()

  get value(): number {
    return this.#value
  }

  /** Counts one more change, then calls every listener; they must not throw. */
  advance(): void {
    this.#value++
    for (const { changed } of this.#listeners) changed()
  }

  /** Calls `changed` after every change, until the returned function is called. */
  onChange(changed: () => void): () => void {
    const listener = { changed }
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }
}
