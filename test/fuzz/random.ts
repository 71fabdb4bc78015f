/** A seeded source of numbers: xorshift128+ is plenty for choosing edits, and replays on every machine. */
export class Random {
  #a: number
  #b: number

  constructor(seed: number) {
    this.#a = (seed ^ 0x9e37_79b9) | 1
    this.#b = Math.imul(seed, 0x85eb_ca6b) ^ 0x27d4_eb2f
    for (let i = 0; i < 16; i++) this.below(2)
  }

  /** An integer of 0..n-1; `n` at most 2^32. */
  below(n: number): number {
    const s = this.#a
    const t = this.#b
    this.#a = t
    const mixed = s ^ (s << 23)
    this.#b = mixed ^ t ^ (mixed >>> 17) ^ (t >>> 26)
    return Math.floor((((this.#b + t) >>> 0) / 2 ** 32) * n)
  }

  pick<T>(from: readonly T[], otherwise: T): T {
    return from[this.below(from.length)] ?? otherwise
  }
}
