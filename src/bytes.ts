import { type ErrorCode, SottoError } from './errors.js'

/** The largest varint: integers stay exact in a double. RFC 9000 section 16 allows up to 2^62-1. */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER

export const EMPTY: Uint8Array = new Uint8Array(0)

const encoder = new TextEncoder()

/** UTF-8 bytes of `text`, freshly allocated. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** Lower-case hex, two digits a byte. */
export const toHex = (bytes: Uint8Array): string => {
  let text = ''
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

/** One freshly allocated array holding `parts` in order. */
export const concat = (...parts: readonly Uint8Array[]): Uint8Array => {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Compares without an early exit on content. JavaScript promises no constant time; see SECURITY.md. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0)
  return difference === 0
}

/** u16 length, then the bytes (spec: `lp`). @throws RangeError over 65,535 bytes */
export const lengthPrefixed = (bytes: Uint8Array): Uint8Array => {
  if (bytes.length > 0xffff) throw new RangeError(`expected at most 65,535 bytes, got ${bytes.length}`)
  return concat(Uint8Array.of(bytes.length >>> 8, bytes.length & 0xff), bytes)
}

/** Bytes a varint takes: 1, 2, 4 or 8 (RFC 9000 section 16, shortest form). */
export const varintLength = (value: number): number =>
  value < 0x40 ? 1 : value < 0x4000 ? 2 : value < 0x4000_0000 ? 4 : 8

/** Writes `value` at `at` in `out`, shortest form; returns the offset behind it. `out` must have room. */
export const writeVarint = (out: Uint8Array, at: number, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`expected an integer of 0..2^53-1, got ${value}`)
  const length = varintLength(value)
  let rest = value
  for (let i = at + length - 1; i >= at; i--) {
    out[i] = rest % 0x100
    rest = Math.floor(rest / 0x100)
  }
  out[at] = (out[at] ?? 0) | (length === 1 ? 0 : length === 2 ? 0x40 : length === 4 ? 0x80 : 0xc0)
  return at + length
}

/**
 * A cursor over bytes it borrows. Every read is checked; a short or malformed read throws `code`,
 * the error of the layer that owns the bytes.
 */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #code: 'session/malformed' | 'channel/malformed'
  #at = 0

  constructor(bytes: Uint8Array, code: 'session/malformed' | 'channel/malformed') {
    this.#bytes = bytes
    this.#code = code
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    this.#need(1)
    return this.#bytes[this.#at++] ?? 0
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8()
  }

  /** RFC 9000 section 16; refuses any but the shortest form and values over 2^53-1. */
  varint(): number {
    const first = this.u8()
    const length = 1 << (first >>> 6)
    let value = first & 0x3f
    for (let i = 1; i < length; i++) value = value * 0x100 + this.u8()
    if (value > MAX_VARINT) throw this.fail('a varint over 2^53-1')
    if (varintLength(value) !== length) throw this.fail('a varint that is not in shortest form')
    return value
  }

  /** A view of the next `length` bytes, borrowed from the input. */
  take(length: number): Uint8Array {
    this.#need(length)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** Refuses leftover bytes. */
  end(): void {
    if (this.left !== 0) throw this.fail(`${this.left} bytes left over`)
  }

  fail(what: string): SottoError<ErrorCode> {
    return SottoError.of(this.#code, what)
  }

  #need(length: number): void {
    if (length > this.left) throw this.fail(`expected ${length} more bytes, got ${this.left}`)
  }
}
