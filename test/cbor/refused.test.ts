import { describe, expect, test } from 'vitest'
import { decode, decodeControl } from '../../src/cbor.js'
import { bytesOf, codeOf } from './probe.js'

type Row = readonly [hex: string, code: string, why: string]

const M = 'cbor/malformed'
const F = 'cbor/forbidden'
const L = 'cbor/limit'

/** Refused in message bodies and in control structures alike. */
const refused: readonly Row[] = [
  ['', M, 'CB-2 empty'],
  ['0000', M, 'CB-2 a byte behind an integer'],
  ['f6f6', M, 'CB-2 two items'],
  ['8000', M, 'CB-2 a byte behind an array'],
  ['a0ff', M, 'CB-2 a stop byte behind a map'],
  ['18', M, 'CB-2 a head without its byte'],
  ['19ff', M, 'CB-2 a head with one byte of two'],
  ['1affffff', M, 'CB-2 a head with three bytes of four'],
  ['1bffffffffffffff', M, 'CB-2 a head with seven bytes of eight'],
  ['38', M, 'CB-2 a negative head without its byte'],
  ['58', M, 'CB-2 a byte string without its length'],
  ['f9', M, 'CB-2 a half without its bytes'],
  ['f93e', M, 'CB-2 a half with one byte of two'],
  ['fa3f8000', M, 'CB-2 a single with three bytes of four'],
  ['fb3ff00000000000', M, 'CB-2 a double with seven bytes of eight'],
  ['f8', M, 'CB-2 a simple value without its byte'],
  ['8200', M, 'CB-2 an array short of one item that has a byte to come'],
  ['a16161', M, 'CB-2 a map without its last value'],
  ['a2616101', M, 'CB-2 a map short of one pair'],

  ['1c', M, 'CB-2 reserved head 28 of an unsigned integer'],
  ['1d', M, 'CB-2 reserved head 29'],
  ['1e', M, 'CB-2 reserved head 30'],
  ['1f', M, 'CB-2 an unsigned integer of indefinite length'],
  ['3c', M, 'CB-2 reserved head 28 of a negative integer'],
  ['3f', M, 'CB-2 a negative integer of indefinite length'],
  ['5c', M, 'CB-2 reserved head of a byte string'],
  ['7d', M, 'CB-2 reserved head of a text'],
  ['9e', M, 'CB-2 reserved head of an array'],
  ['bc', M, 'CB-2 reserved head of a map'],
  ['dc', M, 'CB-2 reserved head of a tag'],
  ['df', M, 'CB-2 a tag of indefinite length'],
  ['fc', M, 'CB-2 reserved head 28 of major type 7'],
  ['fd', M, 'CB-2 reserved head 29 of major type 7'],
  ['fe', M, 'CB-2 reserved head 30 of major type 7'],
  ['ff', M, 'CB-2 a stop byte alone'],
  ['81ff', M, 'CB-2 a stop byte in an array of definite length'],
  ['a16161ff', M, 'CB-2 a stop byte as a value'],

  ['1800', F, 'CB-3 0 in two bytes'],
  ['1817', F, 'CB-3 23 in two bytes'],
  ['190000', F, 'CB-3 0 in three bytes'],
  ['1900ff', F, 'CB-3 255 in three bytes'],
  ['1a0000ffff', F, 'CB-3 65,535 in five bytes'],
  ['1b00000000ffffffff', F, 'CB-3 2^32-1 in nine bytes'],
  ['3800', F, 'CB-3 -1 in two bytes'],
  ['3817', F, 'CB-3 -24 in two bytes'],
  ['3900ff', F, 'CB-3 -256 in three bytes'],
  ['3a0000ffff', F, 'CB-3 -65,536 in five bytes'],
  ['3b00000000ffffffff', F, 'CB-3 -2^32 in nine bytes'],
  ['580100', F, 'CB-3 a byte string of 1 with a long length'],
  ['59000100', F, 'CB-3 a byte string of 1 with a longer length'],
  ['5a0000000100', F, 'CB-3 a byte string of 1 with a length of four bytes'],
  ['5b000000000000000100', F, 'CB-3 a byte string of 1 with a length of eight bytes'],
  ['780161', F, 'CB-3 a text of 1 with a long length'],
  ['79000161', F, 'CB-3 a text of 1 with a longer length'],
  ['980100', F, 'CB-3 an array of 1 with a long count'],
  ['9b000000000000000100', F, 'CB-3 an array of 1 with a count of eight bytes'],
  ['b801616100', F, 'CB-3 a map of 1 with a long count'],
  ['a178016100', F, 'CB-3 a key with a long length'],
  ['811817', F, 'CB-3 a long integer inside an array'],

  ['41', M, 'CB-4 a byte string of 1 without it'],
  ['5affffffff', M, 'CB-4 a byte string of 4 GiB'],
  ['5bffffffffffffffff', M, 'CB-4 a byte string of 2^64-1'],
  ['5b7fffffffffffffff', M, 'CB-4 a byte string of 2^63-1'],
  ['61', M, 'CB-4 a text of 1 without it'],
  ['7affffffff', M, 'CB-4 a text of 4 GiB'],
  ['7bffffffffffffffff', M, 'CB-4 a text of 2^64-1'],
  ['81', M, 'CB-4 an array of 1 without it'],
  ['9affffffff', M, 'CB-4 an array of 2^32-1 items'],
  ['9b0000000100000000', M, 'CB-4 an array of 2^32 items in 9 bytes'],
  ['9bffffffffffffffff', M, 'CB-4 an array of 2^64-1 items'],
  ['9a0001000000', M, 'CB-4 an array of 65,536 items in 6 bytes: its promise before its count'],
  ['a1', M, 'CB-4 a map of 1 without it'],
  ['a161', M, 'CB-4 a map of 1 that has one byte'],
  ['a3f6f6f6f6', M, 'CB-4 a map of 3 keys in 5 bytes: its promise before its keys'],
  ['b9ffff', M, 'CB-4 a map of 65,535 keys in 3 bytes'],
  ['baffffffff', M, 'CB-4 a map of 2^32-1 keys'],
  ['bbffffffffffffffff', M, 'CB-4 a map of 2^64-1 keys'],
  ['bb7fffffffffffffff', M, 'CB-4 a map of 2^63-1 keys, twice that many items'],
  ['819bffffffffffffffff', M, 'CB-4 a huge array inside an array'],
  ['8262616100ff', M, 'CB-2 a stop byte behind what an array holds'],

  ['c074323031332d30332d32315432303a30343a30305a', F, 'CB-5 tag 0, a date text'],
  ['c11a514b67b0', F, 'CB-5 tag 1, a date'],
  ['c249010000000000000000', F, 'CB-5 tag 2, a big integer'],
  ['c349010000000000000000', F, 'CB-5 tag 3, a negative big integer'],
  ['c48221196ab3', F, 'CB-5 tag 4, a decimal'],
  ['c5820103', F, 'CB-5 tag 5, a big float'],
  ['c600', F, 'CB-5 tag 6, a packed reference'],
  ['d74401020304', F, 'CB-5 tag 23'],
  ['d818456449455446', F, 'CB-5 tag 24, embedded CBOR'],
  ['d81b8263466f6f00', F, 'CB-5 tag 27, an object by class name'],
  ['d81c81d81d00', F, 'CB-5 tags 28 and 29, a cycle'],
  ['d8208a', F, 'CB-5 tag 32'],
  ['d82300', F, 'CB-5 tag 35, a regular expression'],
  ['d83380', F, 'CB-5 tag 51, a packed table'],
  ['d840420102', F, 'CB-5 tag 64, a typed array'],
  ['d84e4401020304', F, 'CB-5 tag 78, a typed array'],
  ['d8698261618101', F, 'CB-5 tag 105, a record'],
  ['d9010280', F, 'CB-5 tag 258, a set'],
  ['d90103a0', F, 'CB-5 tag 259, a map'],
  ['d9d9f700', F, 'CB-5 tag 55,799, self-described'],
  ['d9dff98200', F, 'CB-5 tag 57,337, bundled texts'],
  ['d9dffe8200', F, 'CB-5 tag 57,342, record definitions'],
  ['d9dfff831900008000', F, 'CB-5 tag 57,343, an inline record'],
  ['da5368726400', F, 'CB-5 tag "Shrd", shared values'],
  ['dbffffffffffffffff00', F, 'CB-5 the largest tag'],
  ['81c100', F, 'CB-5 a tag in an array'],
  ['a16161c100', F, 'CB-5 a tag as a value'],
  ['a1c100f6', F, 'CB-11 a tag as a key'],

  ['f7', F, 'CB-6 undefined'],
  ['e0', F, 'CB-6 simple value 0'],
  ['f0', F, 'CB-6 simple value 16'],
  ['f3', F, 'CB-6 simple value 19'],
  ['f820', F, 'CB-6 simple value 32'],
  ['f8ff', F, 'CB-6 simple value 255'],
  ['f800', M, 'CB-6 simple value 0 in two bytes'],
  ['f814', M, 'CB-6 false in two bytes'],
  ['f81f', M, 'CB-6 simple value 31 in two bytes'],
  ['81f7', F, 'CB-6 undefined in an array'],
  ['a16161f7', F, 'CB-6 undefined as a value'],

  ['5f4101ff', F, 'CB-7 a byte string in pieces'],
  ['5fff', F, 'CB-7 an empty byte string in pieces'],
  ['7f6161ff', F, 'CB-7 a text in pieces'],
  ['9fff', F, 'CB-7 an array without a count'],
  ['9f01ff', F, 'CB-7 an array of one without a count'],
  ['9f', F, 'CB-7 an array without a count or an end'],
  ['bfff', F, 'CB-7 a map without a count'],
  ['bf616101ff', F, 'CB-7 a map of one without a count'],
  ['819fff', F, 'CB-7 an array without a count in an array'],
  ['a17f6161ff00', F, 'CB-7 a key in pieces'],

  ['a2616101616102', F, 'CB-10 the same key twice'],
  ['a3616101616202616203', F, 'CB-10 the same key twice at the end'],
  ['a2600160f6', F, 'CB-10 the empty key twice'],
  ['a2616201616102', F, 'CB-10 "b" before "a"'],
  ['a262616101616202', F, 'CB-10 "aa" before "b"'],
  ['a262c3a901617a02', F, 'CB-10 "é" before "z"'],
  ['a264f0908080016365656501', F, 'CB-10 a longer key first'],
  ['a263efbfbf0163efbfbe02', F, 'CB-10 U+FFFF before U+FFFE'],
  ['a26161a2617801617801616200', F, 'CB-10 the same key twice in a map in a map'],

  ['a1f600', F, 'CB-11 a key of null'],
  ['a1f500', F, 'CB-11 a key of true'],
  ['a1416100', F, 'CB-11 a key of bytes'],
  ['a1806161', F, 'CB-11 a key of an array'],
  ['a1a06161', F, 'CB-11 a key of a map'],
  ['a1f93e0000', F, 'CB-11 a key of a float'],
  ['a2616101f600', F, 'CB-11 keys of text and null'],
  ['a2616101416202', F, 'CB-11 keys of text and bytes'],
  ['a200016161f6', F, 'CB-11 keys of integer and text'],
  ['a2616101200a', F, 'CB-11 keys of text and integer'],
  ['a11b000000010000000000', F, 'CB-11 a key of 2^32'],
  ['a13b000000010000000000', F, 'CB-11 a key of -2^32-1'],

  ['a1695f5f70726f746f5f5f01', F, 'CB-12 __proto__'],
  ['a16b636f6e7374727563746f7201', F, 'CB-12 constructor'],
  ['a16970726f746f7479706501', F, 'CB-12 prototype'],
  ['a16161a1695f5f70726f746f5f5fa0', F, 'CB-12 __proto__ in a map in a map'],
  ['81a1695f5f70726f746f5f5ff6', F, 'CB-12 __proto__ in a map in an array'],
  ['a2616101695f5f70726f746f5f5f01', F, 'CB-12 __proto__ behind another key'],

  ['6180', M, 'CB-13 a continuation byte alone'],
  ['61c3', M, 'CB-13 a sequence without its second byte'],
  ['62c328', M, 'CB-13 a sequence with a wrong second byte'],
  ['62c080', M, 'CB-13 U+0000 in two bytes'],
  ['62c1bf', M, 'CB-13 U+007F in two bytes'],
  ['63e08080', M, 'CB-13 U+0000 in three bytes'],
  ['63e09fbf', M, 'CB-13 U+07FF in three bytes'],
  ['64f0808080', M, 'CB-13 U+0000 in four bytes'],
  ['64f08fbfbf', M, 'CB-13 U+FFFF in four bytes'],
  ['63eda080', M, 'CB-13 the surrogate U+D800'],
  ['63edbfbf', M, 'CB-13 the surrogate U+DFFF'],
  ['66eda080edb080', M, 'CB-13 a pair of surrogates'],
  ['64f4908080', M, 'CB-13 U+110000'],
  ['64f5808080', M, 'CB-13 a lead byte F5'],
  ['65f888808080', M, 'CB-13 a sequence of five bytes'],
  ['61fe', M, 'CB-13 the byte FE'],
  ['61ff', M, 'CB-13 the byte FF'],
  ['62e282', M, 'CB-13 two bytes of three'],
  ['63f09f98', M, 'CB-13 three bytes of four'],
  ['63e28261', M, 'CB-13 a wrong third byte'],
  ['64f09f9861', M, 'CB-13 a wrong fourth byte'],
  ['8261c380', M, 'CB-13 a sequence that would end in the next item'],
  ['8261c361a9', M, 'CB-13 a sequence over two texts'],
  ['a163abcdef01', M, 'CB-13 a key that is not UTF-8'],
]

/** Refused in message bodies; in control structures for being floats at all, or not. */
const refusedBodies: readonly Row[] = [
  ['f90000', F, 'CB-8 0.0 as a half'],
  ['f98000', F, 'CB-8 minus zero as a half'],
  ['f93c00', F, 'CB-8 1.0 as a half'],
  ['f9c400', F, 'CB-8 -4.0 as a half'],
  ['f97bff', F, 'CB-8 65,504.0 as a half'],
  ['fa00000000', F, 'CB-8 0.0 as a single'],
  ['fa80000000', F, 'CB-8 minus zero as a single'],
  ['fa47c35000', F, 'CB-8 100,000.0 as a single'],
  ['fa7f7fffff', F, 'CB-8 the largest single'],
  ['fb0000000000000000', F, 'CB-8 0.0 as a double'],
  ['fb8000000000000000', F, 'CB-8 minus zero as a double'],
  ['fb4340000000000000', F, 'CB-8 2^53 as a double'],
  ['fb7e37e43c8800759c', F, 'CB-8 1e300 as a double'],
  ['fa3fc00000', F, 'CB-9 1.5 as a single'],
  ['fb3ff8000000000000', F, 'CB-9 1.5 as a double'],
  ['fb40f0000080000000', F, 'CB-9 65,536.03125 as a double'],
  ['fa33800000', F, 'CB-9 2^-24 as a single'],
  ['fb36a0000000000000', F, 'CB-9 2^-149 as a double'],
  ['f97e01', F, 'CB-9 a NaN with a payload'],
  ['f97c01', F, 'CB-9 a signalling NaN'],
  ['f9fe00', F, 'CB-9 a NaN with a sign'],
  ['fa7fc00000', F, 'CB-9 a NaN as a single'],
  ['fb7ff8000000000000', F, 'CB-9 a NaN as a double'],
  ['fa7f800000', F, 'CB-9 infinity as a single'],
  ['faff800000', F, 'CB-9 minus infinity as a single'],
  ['fb7ff0000000000000', F, 'CB-9 infinity as a double'],
  ['fbfff0000000000000', F, 'CB-9 minus infinity as a double'],
  ['81f93c00', F, 'CB-8 1.0 in an array'],
]

const refusedOnlyInBodies: readonly Row[] = [
  ['a10000', F, 'CB-11 a key of 0'],
  ['a1200a', F, 'CB-11 a key of -1'],
  ['a20001186400', F, 'CB-11 two integer keys'],
  ['a16161a10000', F, 'CB-11 an integer key in a map in a map'],
]

const refusedOnlyInControl: readonly Row[] = [
  ['f93e00', F, 'CB-17 1.5'],
  ['f97e00', F, 'CB-17 NaN'],
  ['f97c00', F, 'CB-17 infinity'],
  ['fb3fb999999999999a', F, 'CB-17 0.1'],
  ['81f93e00', F, 'CB-17 a float in an array'],
  ['a100f93e00', F, 'CB-17 a float as a value'],
]

const control: readonly Row[] = [
  ['a200010002', F, 'CB-10 the same integer key twice'],
  ['a201000000', F, 'CB-10 the key 1 before 0'],
  ['a220000000', F, 'CB-10 the key -1 before 0'],
  ['a221002000', F, 'CB-10 the key -2 before -1'],
  ['a1180000', F, 'CB-3 a long integer key'],
  ['a20000410000', F, 'CB-11 keys of integer and bytes'],
]

describe('a message body', () => {
  test.each([...refused, ...refusedBodies, ...refusedOnlyInBodies])('%s: %s, %s', (hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code)
  })
  test.each(refusedOnlyInControl)('%s: accepted, though %s for control structures: %s', (hex) => {
    expect(codeOf(() => decode(bytesOf(hex.replace('a100', 'a160'))))).toBe('accepted')
  })
})

describe('a control structure', () => {
  test.each([...refused, ...refusedBodies, ...refusedOnlyInControl, ...control])('%s: %s, %s', (hex, code) => {
    expect(codeOf(() => decodeControl(bytesOf(hex)))).toBe(code)
  })
  test.each(refusedOnlyInBodies)('%s: accepted, though %s for message bodies: %s', (hex) => {
    expect(codeOf(() => decodeControl(bytesOf(hex)))).toBe('accepted')
  })
})

describe('limits', () => {
  const nest = (head: string, depth: number): string => head.repeat(depth - 1) + (head === '81' ? '80' : 'a0')
  const keys = (count: number): string => {
    let hex = `b9${count.toString(16).padStart(4, '0')}`
    for (let i = 0; i < count; i++) hex += `64${Buffer.from(i.toString(16).padStart(4, '0')).toString('hex')}f6`
    return hex
  }
  const array = (count: number): string =>
    (count < 0x1_0000 ? `99${count.toString(16).padStart(4, '0')}` : `9a${count.toString(16).padStart(8, '0')}`) +
    '00'.repeat(count)

  test.each([
    ['CB-14 32 arrays inside each other', nest('81', 32), 'accepted'],
    ['CB-14 33 arrays inside each other', nest('81', 33), L],
    ['CB-14 32 maps inside each other', nest('a16161', 32), 'accepted'],
    ['CB-14 33 maps inside each other', nest('a16161', 33), L],
    ['CB-14 5,000 arrays inside each other', nest('81', 5_000), L],
    ['CB-14 5,000 maps inside each other', nest('a16161', 5_000), L],
    ['CB-14 1,000,000 arrays inside each other', nest('81', 1_000_000), L],
    ['CB-15 65,536 items', array(65_535), 'accepted'],
    ['CB-15 65,537 items in one array', array(65_536), L],
    ['CB-15 65,537 items in two arrays', `82${array(32_767)}${array(32_767)}`, L],
    ['CB-15 65,536 items in two arrays', `82${array(32_767)}${array(32_766)}`, 'accepted'],
    ['CB-15 65,537 items in one-item arrays', `99${(32_768).toString(16)}${'8100'.repeat(32_768)}`, L],
    ['CB-16 1,024 keys', keys(1_024), 'accepted'],
    ['CB-16 1,025 keys', keys(1_025), L],
  ])('%s', (_title, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code)
    expect(codeOf(() => decodeControl(bytesOf(hex)))).toBe(code)
  })
})
