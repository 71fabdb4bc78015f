import { EMPTY } from '../bytes.js'

/** The whole length of the unit that starts at `bytes[0]`, or undefined while its header is incomplete; throws on a bad header. */
export type LengthOf = (bytes: Uint8Array) => number | undefined

/**
 * Cuts a byte stream into units, whatever the chunks are.
 * Memory follows the bytes that came, never a length a peer declared (CH-2).
 */
export class Splitter {
  #held = EMPTY
  #length = 0
  #chunk = EMPTY

  /** Offers the next chunk; borrowed until `keep`. */
  push(chunk: Uint8Array): void {
    this.#chunk = chunk
  }

  /** The next whole unit, as a view that is valid until the following call; undefined when more bytes are needed. */
  next(lengthOf: LengthOf): Uint8Array | undefined {
    if (this.#length === 0) {
      const length = lengthOf(this.#chunk)
      if (length === undefined || length > this.#chunk.length) return undefined
      const unit = this.#chunk.subarray(0, length)
      this.#chunk = this.#chunk.subarray(length)
      return unit
    }
    for (;;) {
      const held = this.#held.subarray(0, this.#length)
      const length = lengthOf(held)
      if (length !== undefined && length === this.#length) {
        this.#length = 0
        return held
      }
      if (this.#chunk.length === 0) return undefined
      // While the header is incomplete its end is unknown: take one byte at a time.
      this.#hold(length === undefined ? 1 : Math.min(length - this.#length, this.#chunk.length))
    }
  }

  /** Copies what is left of the chunk and lets go of it: an empty view would still hold its memory. */
  keep(): void {
    this.#hold(this.#chunk.length)
    this.#chunk = EMPTY
  }

  /** Forgets everything held. */
  erase(): void {
    this.#held = EMPTY
    this.#chunk = EMPTY
    this.#length = 0
  }

  #hold(count: number): void {
    const needed = this.#length + count
    if (needed > this.#held.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(2 * this.#held.length, 0x1_0002)))
      grown.set(this.#held.subarray(0, this.#length))
      this.#held = grown
    }
    this.#held.set(this.#chunk.subarray(0, count), this.#length)
    this.#length = needed
    this.#chunk = this.#chunk.subarray(count)
  }
}
