/** The members of a JSON object from outside, read by name; whatever is not as it must be is a SyntaxError that names the member. */
export class Members {
  readonly #of: Readonly<Record<string, unknown>>

  /** @throws SyntaxError unless `value` is an object */
  constructor(value: unknown, at = 'an object') {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(at, 'an object', value)
    // The cast: an object has members of any type.
    this.#of = value as Readonly<Record<string, unknown>>
  }

  get all(): Readonly<Record<string, unknown>> {
    return this.#of
  }

  get names(): readonly string[] {
    return Object.keys(this.#of)
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#of, name)
  }

  /** Undefined for a member that is not there. */
  any(name: string): unknown {
    return this.has(name) ? this.#of[name] : undefined
  }

  text(name: string): string {
    const value = this.any(name)
    if (typeof value !== 'string') throw unexpected(name, 'a text', value)
    return value
  }

  /** A text that is one of `texts`. */
  one<T extends string>(name: string, texts: readonly T[]): T {
    const value = this.any(name)
    const found = texts.find((text) => text === value)
    if (found === undefined) throw unexpected(name, texts.join(' or '), value)
    return found
  }

  /** A whole number of 0 to 2^53-1. */
  count(name: string): number {
    const value = this.any(name)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw unexpected(name, 'a whole number', value)
    return value
  }

  /** The bytes of lower-case hex, freshly allocated. */
  bytes(name: string): Uint8Array {
    return fromHex(name, this.any(name))
  }

  of(name: string): Members {
    return new Members(this.any(name), name)
  }

  list(name: string): readonly unknown[] {
    const value = this.any(name)
    if (!Array.isArray(value)) throw unexpected(name, 'a list', value)
    return value
  }

  texts(name: string): readonly string[] {
    return this.list(name).map((value) => {
      if (typeof value !== 'string') throw unexpected(name, 'a list of texts', value)
      return value
    })
  }

  /** A list of bytes in hex. */
  chunks(name: string): readonly Uint8Array[] {
    return this.list(name).map((value) => fromHex(name, value))
  }
}

const HEX = /^(?:[0-9a-f]{2})*$/

/** The bytes of lower-case hex, freshly allocated. @throws SyntaxError that names the member */
export const fromHex = (name: string, value: unknown): Uint8Array => {
  if (typeof value !== 'string' || !HEX.test(value)) throw unexpected(name, 'bytes in lower-case hex', value)
  return Uint8Array.from({ length: value.length / 2 }, (_, at) => Number.parseInt(value.slice(2 * at, 2 * at + 2), 16))
}

const unexpected = (name: string, expected: string, value: unknown): SyntaxError =>
  new SyntaxError(`expected ${expected} in ${name}, got ${value === undefined ? 'nothing' : typeof value}`)
