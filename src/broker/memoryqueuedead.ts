interface Dead {
  readonly id: string
  readonly number: number
}

/** Messages that are dead, in the order of their numbers. What is taken out leaves a place behind until half are such. */
export class Graveyard<M extends Dead> {
  readonly #byId = new Map<string, M>()
  #ordered: { readonly message: M; readonly number: number }[] = []

  get size(): number {
    return this.#byId.size
  }

  put(message: M): void {
    this.#byId.set(message.id, message)
    const { number } = message
    const at = this.#behind(number - 1)
    if (this.#ordered[at]?.number === number) this.#ordered[at] = { message, number }
    else this.#ordered.splice(at, 0, { message, number })
  }

  take(id: string): M | undefined {
    const message = this.#byId.get(id)
    if (message === undefined) return undefined
    this.#byId.delete(id)
    if (this.#ordered.length > 2 * this.#byId.size)
      this.#ordered = this.#ordered.filter((place) => this.#isThere(place))
    return message
  }

  /** BR-25: at most `count` behind a number. */
  page(count: number, after: number): M[] {
    const found: M[] = []
    for (let at = this.#behind(after); at < this.#ordered.length && found.length < count; at++) {
      const place = this.#ordered[at]
      if (place !== undefined && this.#isThere(place)) found.push(place.message)
    }
    return found
  }

  #isThere({ message }: { readonly message: M }): boolean {
    return this.#byId.get(message.id) === message
  }

  /** The first place behind a number. */
  #behind(number: number): number {
    let [low, high] = [0, this.#ordered.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ordered[middle]?.number ?? 0) <= number) low = middle + 1
      else high = middle
    }
    return low
  }
}
