/** A bound on work that a document could make long: what is not done when it is used up stays undone. */
export class Effort {
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  get isSpent(): boolean {
    return this.#left <= 0
  }

  /** True if one more step may be done. */
  spend(steps = 1): boolean {
    this.#left -= steps
    return this.#left > 0
  }
}
