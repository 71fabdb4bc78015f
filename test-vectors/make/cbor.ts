import type { Vectors } from '../schema.js'
import { acceptedFamilies } from './cboraccepted.js'
import { type Accepted, no, type Refused, textOf, yes } from './cborform.js'
import { refusedFamilies } from './cborrefused.js'

export const cborVectors = (): Vectors<'cbor'> => ({
  about:
    'The CBOR profile (spec/cbor.md). `as`: the rules for message bodies or for control structures. ' +
    '`repeat`: the bytes `repeat.hex`, `repeat.times` times, stand behind `hex`. ' +
    'accepted: `diagnostic` is the value in CBOR diagnostic notation (RFC 8949 section 8), with a space behind each comma and colon, texts as JSON writes them with ' +
    'nothing escaped that need not be, and floats in the fewest digits that mean the same, with an exponent, as in 1.5e-7, below 0.000001 alone; encoding it gives the same bytes. ' +
    'refused: `code` and the requirement that asks for it.',
  accepted: once([...scalars(), ...texts(), ...containers(), ...controls(), ...limitsMet(), ...acceptedFamilies()]),
  refused: once([
    ...incomplete(),
    ...heads(),
    ...foreign(),
    ...floats(),
    ...maps(),
    ...badTexts(),
    ...refusedControls(),
    ...limitsPassed(),
    ...refusedFamilies(),
  ]),
})

/** Of two names for the same bytes the first. */
const once = <V extends Accepted | Refused>(all: readonly V[]): V[] => {
  const keyed = all.map((vector) => [`${vector.as} ${vector.hex} ${vector.repeat?.times}`, vector] as const)
  return [...new Map(keyed.toReversed()).values()].toReversed()
}

const scalars = (): Accepted[] => [
  yes('null', 'f6', 'null'),
  yes('false', 'f4', 'false'),
  yes('true', 'f5', 'true'),
  yes('zero', '00', '0'),
  yes('the largest integer in the head', '17', '23'),
  yes('the smallest integer of one byte', '1818', '24'),
  yes('the largest integer of one byte', '18ff', '255'),
  yes('the smallest integer of two bytes', '190100', '256'),
  yes('the largest integer of two bytes', '19ffff', '65535'),
  yes('the smallest integer of four bytes', '1a00010000', '65536'),
  yes('the largest integer of four bytes', '1affffffff', '4294967295'),
  yes('the smallest integer of eight bytes', '1b0000000100000000', '4294967296'),
  yes('2^53-1', '1b001fffffffffffff', '9007199254740991'),
  yes('2^53', '1b0020000000000000', '9007199254740992'),
  yes('2^64-1', '1bffffffffffffffff', '18446744073709551615'),
  yes('minus one', '20', '-1'),
  yes('-24', '37', '-24'),
  yes('-25', '3818', '-25'),
  yes('-256', '38ff', '-256'),
  yes('-257', '390100', '-257'),
  yes('-2^53', '3b001fffffffffffff', '-9007199254740992'),
  yes('-2^64', '3bffffffffffffffff', '-18446744073709551616'),
  yes('a half', 'f93e00', '1.5'),
  yes('the smallest half', 'f90001', '5.960464477539063e-8'),
  yes('a single', 'fa477fe080', '65504.5'),
  yes('a double', 'fb3fb999999999999a', '0.1'),
  yes('not a number', 'f97e00', 'NaN'),
  yes('infinity', 'f97c00', 'Infinity'),
  yes('minus infinity', 'f9fc00', '-Infinity'),
]

const texts = (): Accepted[] => [
  yes('no bytes', '40', "h''"),
  yes('two bytes', '420102', "h'0102'"),
  yes('24 bytes', `5818${'ab'.repeat(24)}`, `h'${'ab'.repeat(24)}'`),
  yes('the empty text', '60', '""'),
  yes('a letter of two bytes', '62c3a9', '"é"'),
  yes('a letter of four bytes', '64f0908d88', '"\u{10348}"'),
  yes('the highest code point', '64f48fbfbf', '"\u{10ffff}"'),
  yes('a text with a zero in it', '63610062', '"a\\u0000b"'),
  yes('a leading U+FEFF is kept', '64efbbbf61', '"\ufeffa"'),
  yes('a leading U+FEFF of a long text is kept', `7844efbbbf${'61'.repeat(65)}`, `"\ufeff${'a'.repeat(65)}"`),
  yes('a letter and its accent are not joined', '6365cc81', '"e\u0301"'),
]

const containers = (): Accepted[] => [
  yes('no items', '80', '[]'),
  yes('an array in an array', '8201820203', '[1, [2, 3]]'),
  yes('24 items', `9818${'00'.repeat(24)}`, `[${Array(24).fill('0').join(', ')}]`),
  yes('no members', 'a0', '{}'),
  yes('a shorter key stands first, for its head is less', 'a261620162616102', '{"b": 1, "aa": 2}'),
  yes('keys of one length rise by their bytes', 'a2616101616202', '{"a": 1, "b": 2}'),
  yes('an empty key', 'a160f6', '{"": null}'),
  yes('a map in an array in a map', 'a1616181a16162f4', '{"a": [{"b": false}]}'),
]

const controls = (): Accepted[] => [
  yes('integer keys, rising by their bytes: the negative ones last', 'a201022003', '{1: 2, -1: 3}', 'control'),
  yes('the largest key', 'a11affffffff00', '{4294967295: 0}', 'control'),
  yes('the least key', 'a13affffffff00', '{-4294967296: 0}', 'control'),
  yes('text keys', 'a1616101', '{"a": 1}', 'control'),
  yes('maps of either type in one structure', 'a101a1616102', '{1: {"a": 2}}', 'control'),
  yes('no members, in a control structure', 'a0', '{}', 'control'),
]

/** The keys "000", "001", … in hex digits. */
const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => i.toString(16).padStart(3, '0'))

/** Each with a value of 0. */
const numberedKeys = (count: number): string =>
  numbers(count)
    .map((key) => `${textOf(key)}00`)
    .join('')

const limitsMet = (): Accepted[] => [
  yes('32 containers inside each other', `${'81'.repeat(31)}80`, `${'['.repeat(32)}${']'.repeat(32)}`),
  yes(
    '1,024 keys',
    `b90400${numberedKeys(1_024)}`,
    `{${numbers(1_024)
      .map((key) => `"${key}": 0`)
      .join(', ')}}`,
  ),
  {
    ...yes('65,536 items', '99ffff', `[${Array(65_535).fill('0').join(', ')}]`),
    repeat: { hex: '00', times: 65_535 },
  },
]

const limitsPassed = (): Refused[] => [
  no('CB-14', 'cbor/limit', '33 arrays inside each other', `${'81'.repeat(32)}80`),
  no('CB-14', 'cbor/limit', 'a map inside 32 maps', `${'a16161'.repeat(32)}a0`),
  no('CB-16', 'cbor/limit', '1,025 keys', `b90401${numberedKeys(1_025)}`),
  {
    ...no('CB-15', 'cbor/limit', '65,537 items', '9a00010000'),
    repeat: { hex: '00', times: 65_536 },
  },
]

const incomplete = (): Refused[] => [
  no('CB-2', 'cbor/malformed', 'nothing', ''),
  no('CB-2', 'cbor/malformed', 'a byte behind the item', 'f600'),
  no('CB-2', 'cbor/malformed', 'two items', '0102'),
  no('CB-2', 'cbor/malformed', 'a head without its argument', '18'),
  no('CB-2', 'cbor/malformed', 'half an argument', '1901'),
  no('CB-2', 'cbor/malformed', 'half a float', 'f93e'),
  no('CB-2', 'cbor/malformed', 'a reserved head', '1c'),
  no('CB-2', 'cbor/malformed', 'an integer without end', '1f'),
  no('CB-2', 'cbor/malformed', 'a stop byte', 'ff'),
  no('CB-2', 'cbor/malformed', 'a reserved simple value', 'fc'),
  no('CB-4', 'cbor/malformed', 'a text longer than what is left', '6261'),
  no('CB-4', 'cbor/malformed', 'an array of more items than bytes are left', '8201'),
  no('CB-4', 'cbor/malformed', 'a map of more items than bytes are left', 'a1616100'.slice(0, 6)),
  no('CB-4', 'cbor/malformed', 'an array of 2^64-1 items', '9bffffffffffffffff'),
  no('CB-4', 'cbor/malformed', 'a map of 2^32-1 members', 'baffffffff'),
  no('CB-4', 'cbor/malformed', 'a byte string of 2^64-1 bytes', '5bffffffffffffffff'),
  no('CB-4', 'cbor/malformed', 'a text of 2^31 bytes', '7a80000000'),
]

const heads = (): Refused[] => [
  no('CB-3', 'cbor/forbidden', '23 in one byte', '1817'),
  no('CB-3', 'cbor/forbidden', '0 in two bytes', '190000'),
  no('CB-3', 'cbor/forbidden', '255 in two bytes', '1900ff'),
  no('CB-3', 'cbor/forbidden', '65535 in four bytes', '1a0000ffff'),
  no('CB-3', 'cbor/forbidden', '2^32-1 in eight bytes', '1b00000000ffffffff'),
  no('CB-3', 'cbor/forbidden', '-1 in one byte', '3800'),
  no('CB-3', 'cbor/forbidden', 'a length of text in one byte', '780161'),
  no('CB-3', 'cbor/forbidden', 'a length of bytes in two bytes', '590001ab'),
  no('CB-3', 'cbor/forbidden', 'a count of items in one byte', '980100'),
  no('CB-3', 'cbor/forbidden', 'a count of members in one byte', 'b801616100'),
  no('CB-7', 'cbor/forbidden', 'an array without a length', '9fff'),
  no('CB-7', 'cbor/forbidden', 'a map without a length', 'bfff'),
  no('CB-7', 'cbor/forbidden', 'bytes without a length', '5f4101ff'),
  no('CB-7', 'cbor/forbidden', 'a text without a length', '7f6161ff'),
]

const foreign = (): Refused[] => [
  no('CB-5', 'cbor/forbidden', 'a date', 'c11a00000000'),
  no('CB-5', 'cbor/forbidden', 'a big integer', 'c2420100'),
  no('CB-5', 'cbor/forbidden', 'a tag of one byte', 'd84040'),
  no('CB-5', 'cbor/forbidden', 'the tag that says CBOR', 'd9d9f700'),
  no('CB-5', 'cbor/forbidden', 'a tag inside an array', '81c000'),
  no('CB-6', 'cbor/forbidden', 'undefined', 'f7'),
  no('CB-6', 'cbor/forbidden', 'the simple value 0', 'e0'),
  no('CB-6', 'cbor/forbidden', 'the simple value 32', 'f820'),
  no('CB-6', 'cbor/forbidden', 'the simple value 255', 'f8ff'),
  no('CB-6', 'cbor/malformed', 'true in two bytes, which RFC 8949 reserves', 'f815'),
]

const floats = (): Refused[] => [
  no('CB-8', 'cbor/forbidden', 'zero as a float', 'f90000'),
  no('CB-8', 'cbor/forbidden', 'minus zero', 'f98000'),
  no('CB-8', 'cbor/forbidden', 'one as a float', 'f93c00'),
  no('CB-8', 'cbor/forbidden', '65536 as a single', 'fa47800000'),
  no('CB-8', 'cbor/forbidden', '2^53 as a double', 'fb4340000000000000'),
  no('CB-8', 'cbor/forbidden', 'the largest double', 'fb7fefffffffffffff'),
  no('CB-9', 'cbor/forbidden', 'a half as a single', 'fa3fc00000'),
  no('CB-9', 'cbor/forbidden', 'a half as a double', 'fb3ff8000000000000'),
  no('CB-9', 'cbor/forbidden', 'a single as a double', 'fb40effc1000000000'),
  no('CB-9', 'cbor/forbidden', 'infinity as a single', 'fa7f800000'),
  no('CB-9', 'cbor/forbidden', 'not a number as a double', 'fb7ff8000000000000'),
  no('CB-9', 'cbor/forbidden', 'not a number with a payload', 'f97e01'),
  no('CB-9', 'cbor/forbidden', 'not a number with a sign', 'f9fe00'),
]

const maps = (): Refused[] => [
  no('CB-10', 'cbor/forbidden', 'the same key twice', 'a2616101616102'),
  no('CB-10', 'cbor/forbidden', 'keys that fall', 'a2616201616102'),
  no('CB-10', 'cbor/forbidden', 'a longer key first', 'a262616102616201'),
  no('CB-11', 'cbor/forbidden', 'an integer key in a body', 'a10102'),
  no('CB-11', 'cbor/forbidden', 'a byte string as a key', 'a1416101'),
  no('CB-11', 'cbor/forbidden', 'an array as a key', 'a18001'),
  no('CB-11', 'cbor/forbidden', 'null as a key', 'a1f601'),
  no('CB-12', 'cbor/forbidden', 'the key __proto__', 'a1695f5f70726f746f5f5f01'),
  no('CB-12', 'cbor/forbidden', 'the key constructor', 'a16b636f6e7374727563746f7201'),
  no('CB-12', 'cbor/forbidden', 'the key prototype', 'a16970726f746f7479706501'),
]

const badTexts = (): Refused[] => [
  no('CB-13', 'cbor/malformed', 'a byte that begins no letter', '61ff'),
  no('CB-13', 'cbor/malformed', 'a letter cut short', '61c3'),
  no('CB-13', 'cbor/malformed', 'a letter that does not go on', '62c328'),
  no('CB-13', 'cbor/malformed', 'a letter longer than need be', '62c080'),
  no('CB-13', 'cbor/malformed', 'half of a surrogate pair', '63eda080'),
  no('CB-13', 'cbor/malformed', 'a code point over U+10FFFF', '64f4908080'),
  no('CB-13', 'cbor/malformed', 'a key that is no text', 'a161ff01'),
]

const refusedControls = (): Refused[] => [
  no('CB-17', 'cbor/forbidden', 'a float in a control structure', 'f93e00', 'control'),
  no('CB-17', 'cbor/forbidden', 'a float inside a map', 'a101f97e00', 'control'),
  no('CB-11', 'cbor/forbidden', 'a text key behind an integer key', 'a20102616103', 'control'),
  no('CB-11', 'cbor/forbidden', 'an integer key behind a text key', 'a26161010203', 'control'),
  no('CB-11', 'cbor/forbidden', 'a key of 2^32', 'a11b000000010000000000', 'control'),
  no('CB-11', 'cbor/forbidden', 'a key of -2^32-1', 'a13b000000010000000000', 'control'),
  no('CB-10', 'cbor/forbidden', 'integer keys that fall', 'a220030102', 'control'),
  no('CB-10', 'cbor/forbidden', 'the same integer key twice', 'a201020103', 'control'),
]
