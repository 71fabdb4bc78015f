interface Entry {
  readonly atMs: number
  readonly act: () => void
}

/** What is to be done later, in the order of its time, and for one time in the order it was asked for. */
export class Agenda {
  #entries: Entry[] = []

  get atMs(): number {
    return this.#entries[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  add(atMs: number, act: () => void): void {
    const behind = this.#entries.findIndex((entry) => entry.atMs > atMs)
    this.#entries.splice(behind === -1 ? this.#entries.length : behind, 0, { atMs, act })
  }

  run(nowMs: number): void {
    while (this.atMs <= nowMs) this.#entries.shift()?.act()
  }
}
