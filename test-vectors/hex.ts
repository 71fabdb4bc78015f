import { toHex } from '../src/bytes.js'

/** The bytes of lower-case hex, freshly allocated. */
export const fromHex = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))

/** `length` bytes that count up from `first`: fixed, and seen to be so. */
export const counting = (first: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (first + i) & 0xff)

/** Hex of several parts joined. */
export const hexOf = (...parts: readonly (Uint8Array | string)[]): string =>
  parts.map((part) => (typeof part === 'string' ? part : toHex(part))).join('')
