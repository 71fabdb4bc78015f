import { describe, expect, test } from 'vitest'
import { equal } from '../../src/bytes.js'
import { decode, decodeControl, encode, encodeControl } from '../../src/cbor.js'
import { SottoError } from '../../src/errors.js'
import { hexOf, withoutStacks } from './probe.js'

interface Tally {
  accepted: number
  refused: number
  readonly faults: string[]
}

const reencoded = (bytes: Uint8Array, isControl: boolean): Uint8Array =>
  isControl ? encodeControl(decodeControl(bytes)) : encode(decode(bytes))

const tallyOf = (length: number, isControl: boolean): Tally => {
  const tally: Tally = { accepted: 0, refused: 0, faults: [] }
  const input = new Uint8Array(length)
  withoutStacks(() => {
    for (let value = 0; value < 0x100 ** length; value++) {
      for (let i = 0; i < length; i++) input[length - 1 - i] = Math.floor(value / 0x100 ** i)
      try {
        if (equal(reencoded(input, isControl), input)) tally.accepted++
        else tally.faults.push(`${hexOf(input)} re-encodes to other bytes`)
      } catch (error) {
        if (error instanceof SottoError && /^cbor\/(malformed|forbidden|limit)$/.test(error.code)) tally.refused++
        else tally.faults.push(`${hexOf(input)} throws ${String(error)}`)
      }
    }
  })
  return tally
}

/** What the profile allows, counted from its rules and not from the code. */
const one = 2 * 24 + ['empty bytes', 'empty text', '[]', '{}', 'false', 'true', 'null'].length
const two = 2 * (0x100 - 24) + 0x100 + 0x80 + one // integers from 24, a byte, an ASCII letter, an array of one
const integers = 2 * (0x1_0000 - 0x100)
const texts = 0x80 * 0x80 + 30 * 64 // two ASCII letters, or one sequence of two bytes
const arrays = two + one * one
const emptyKey = one // the one key of one byte that is text
const numberKeys = 48 * one
// Halves of each sign: below 1, then those with a fraction of each exponent 0..9; two infinities, one NaN.
const halves = 2 * (1_023 + 14 * 1_024 + 10 * 1_024 - 1_023) + 2 + 1
const three = integers + 0x1_0000 + texts + arrays + emptyKey

describe('CB-19 each input of 1, 2 and 3 bytes re-encodes to itself or is refused with a code', () => {
  test.each([
    [1, 'message body', one],
    [1, 'control structure', one],
    [2, 'message body', two],
    [2, 'control structure', two],
    [3, 'message body', three + halves],
    [3, 'control structure', three + numberKeys],
  ] as const)('all inputs of %i bytes as a %s: %i are accepted', { timeout: 300_000 }, (length, kind, accepted) => {
    const tally = tallyOf(length, kind === 'control structure')
    expect(tally).toEqual({ accepted, refused: 0x100 ** length - accepted, faults: [] })
  })
})
