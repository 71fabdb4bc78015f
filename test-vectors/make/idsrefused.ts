import { bech32 } from '@scure/base'
import { concat } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { counting } from '../hex.js'
import { TEXTS, type TextKind, textOf } from './text.js'

/** What is refused as `as`: each way to be wrong that a text has, and for a peer id the keys of ID-3 too. */
export const refusedTexts = <K extends TextKind>(as: K, provider: Provider) =>
  [
    ...wrongBytes(as),
    ...wrongLetters(as),
    ...wrongCase(as),
    ...otherKinds(as),
    ...(as === 'peer' ? keys(provider) : []),
  ].map(([rule, name, text]) => ({ name, code: 'identity/malformed', rule, as, text }) as const)

/** 32 bytes, little-endian: `low`, ones, `high`. */
export const littleEndian = (low: number, high: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? low : i === 31 ? high : 0xff))

type Wrong = readonly [rule: 'ID-1' | 'ID-2' | 'ID-3', name: string, text: string]

const wrongBytes = (as: TextKind): Wrong[] => {
  const { length, prefix } = TEXTS[as]
  const bytes = counting(0, length)
  const spare = 2 ** (5 - (((length + 1) * 8) % 5 || 5)) - 1
  return [
    ['ID-1', 'nothing', ''],
    ...[1, 2, 31, 128, 255].map((type): Wrong => ['ID-1', `type ${type}`, textOf(as, bytes, { type })]),
    ['ID-1', 'a byte too few', textOf(as, bytes.subarray(1))],
    ['ID-1', 'a byte too many', textOf(as, concat(bytes, Uint8Array.of(0)))],
    ['ID-1', 'no byte', textOf(as, bytes.subarray(length))],
    ['ID-1', 'half the bytes', textOf(as, bytes.subarray(length / 2))],
    ['ID-1', 'all bytes twice', textOf(as, concat(bytes, bytes))],
    ['ID-1', 'the checksum of bech32', textOf(as, bytes, { checksum: bech32 })],
    ['ID-1', 'another prefix, of the same length', textOf(as, bytes, { prefix: prefix.replace('tt', 'to') })],
    ['ID-1', 'no prefix but a letter', textOf(as, bytes, { prefix: 's' })],
    ['ID-2', 'all bits set behind the last byte', textOf(as, bytes, { spare })],
    ...(spare > 1 ? [['ID-2', 'a bit set behind the last byte', textOf(as, bytes, { spare: 1 })] as const] : []),
  ]
}

/** One text of each kind, in which a letter is changed, left out or put in. */
const wrongLetters = (as: TextKind): Wrong[] => {
  const { prefix, length, upper } = TEXTS[as]
  const right = textOf(as, counting(1, length))
  const start = prefix.length + 1
  const cased = (letter: string): string => (upper ? letter.toUpperCase() : letter)
  const put = (at: number, letter: string, over = 1): string => right.slice(0, at) + letter + right.slice(at + over)
  const change = (name: string, at: number): Wrong => [
    'ID-1',
    `another ${name}`,
    put(at, cased(right[at]?.toLowerCase() === 'q' ? 'p' : 'q')),
  ]
  const twin = right.split('').findIndex((letter, at) => at > start && letter !== right[at + 1])
  return [
    change('first letter of the prefix', 0),
    change('separator', prefix.length),
    change('first letter behind the separator', start),
    change('letter in the middle', Math.floor((start + right.length) / 2)),
    change('last letter before the checksum', right.length - 7),
    change('first letter of the checksum', right.length - 6),
    change('last letter', right.length - 1),
    ['ID-1', 'two neighbours swapped', put(twin, `${right[twin + 1] ?? ''}${right[twin] ?? ''}`, 2)],
    ['ID-1', 'the first letter is missing', right.slice(1)],
    ['ID-1', 'the last letter is missing', right.slice(0, -1)],
    ['ID-1', 'the checksum is missing', right.slice(0, -6)],
    ['ID-1', 'no separator', put(prefix.length, '')],
    ['ID-1', 'two separators', put(prefix.length, '11')],
    ['ID-1', 'a letter that bech32 does not have', put(right.length - 1, cased('b'))],
    ['ID-1', 'a letter behind', `${right}${cased('q')}`],
    ['ID-1', 'the text twice', right + right],
    ['ID-2', 'a space in front', ` ${right}`],
    ['ID-2', 'a space behind', `${right} `],
    ['ID-2', 'a line feed behind', `${right}\n`],
    ['ID-2', 'a zero byte behind', `${right}\0`],
    ['ID-2', 'a byte order mark in front', `\ufeff${right}`],
    ['ID-2', 'a space in place of a letter', put(start + 3, ' ')],
  ]
}

const wrongCase = (as: TextKind): Wrong[] => {
  const { prefix, length, upper } = TEXTS[as]
  const right = textOf(as, counting(2, length))
  const other = (text: string): string => (upper ? text.toLowerCase() : text.toUpperCase())
  const cut = prefix.length
  return [
    ['ID-2', upper ? 'lower case' : 'upper case', other(right)],
    ['ID-2', 'the first letter in the other case', other(right.slice(0, 1)) + right.slice(1)],
    ['ID-2', 'the prefix in the other case', other(right.slice(0, cut)) + right.slice(cut)],
    ['ID-2', 'all but the prefix in the other case', right.slice(0, cut) + other(right.slice(cut))],
    ['ID-2', 'the last six letters in the other case', right.slice(0, -6) + other(right.slice(-6))],
    ['ID-2', 'a long s, which upper case makes an S', `\u017f${right.slice(1)}`],
    ['ID-2', 'a Cyrillic letter that looks like the o', right.replace(/o/i, upper ? '\u041e' : '\u043e')],
  ]
}

/** A right text, of each other kind that might be taken for it: same bytes, or same owner. */
const otherKinds = (as: TextKind): Wrong[] =>
  KINDS.filter((kind) => kind !== as).map((kind) => [
    'ID-1',
    `the kind ${kind}`,
    textOf(kind, counting(0, TEXTS[kind].length)),
  ])

const KINDS = Object.keys(TEXTS).filter((kind): kind is TextKind => Object.hasOwn(TEXTS, kind))

const keys = (provider: Provider): Wrong[] => {
  const { publicKey } = provider.dh['25519'].importKey(counting(0, 32))
  const above = (k: number): Uint8Array => littleEndian(0xed + k, 0x7f)
  const high = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 31 ? byte | 0x80 : byte))
  const small = (low: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? low : 0))
  const no = (name: string, bytes: Uint8Array): Wrong => ['ID-3', name, textOf('peer', bytes)]
  return [
    no('2^255-19, which is 0', above(0)),
    no('2^255-18, which is 1', above(1)),
    no('2^255-10, which is the base point', above(9)),
    no('2^255-2', above(17)),
    no('2^255-1', above(18)),
    no('0 with bit 255 set', high(small(0))),
    no('1 with bit 255 set', high(small(1))),
    no('the base point with bit 255 set', high(small(9))),
    no('a key with bit 255 set', high(publicKey)),
    no('2^255-20 with bit 255 set', high(littleEndian(0xec, 0x7f))),
    no('ones', new Uint8Array(32).fill(0xff)),
  ]
}
