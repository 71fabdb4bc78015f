/** One door that bytes come in through. */
export interface Target {
  readonly name: string
  /** True inputs, from which the search starts. */
  readonly seeds: readonly Uint8Array[]
  /** Bytes worth inserting. */
  readonly dictionary?: readonly Uint8Array[]
  /** Throws what is a finding; an error that the door is allowed to answer with is caught inside. */
  run(input: Uint8Array): void
}

/** Inputs of the search are bytes; `read` takes an input apart into steps. */
export class Script {
  readonly #input: Uint8Array
  #at = 0

  constructor(input: Uint8Array) {
    this.#input = input
  }

  get done(): boolean {
    return this.#at >= this.#input.length
  }

  byte(): number {
    return this.#input[this.#at++] ?? 0
  }

  /** As many bytes as the next two say, or what is left. */
  piece(): Uint8Array {
    const length = this.byte() * 0x100 + this.byte()
    const piece = this.#input.subarray(this.#at, this.#at + length)
    this.#at += length
    return piece
  }
}
