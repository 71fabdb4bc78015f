/** A count of changes, and those who want to hear of each. */
export class Epoch {
  #value = 0
  readonly #listeners = new Set<{ readonly changed: () => void }>()

  get value(): number {
    return this.#value
  }

  /**
   * Counts one more change, then calls every listener. They must not throw; if one does, all others are called all the same
   * (ID-11, ID-34, PO-24).
   * @throws what the first of them threw
   */
  advance(): void {
    this.#value++
    const failures: unknown[] = []
    for (const { changed } of this.#listeners) {
      try {
        changed()
      } catch (error) {
        // Thrown again when all have heard.
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
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
