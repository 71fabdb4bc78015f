import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { encodeHello } from '../../src/session/hello.js'
import { SUITES } from '../../src/session/suites.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'

type Refused = Vectors<'negotiation'>['refused'][number]

const no = (
  as: Refused['as'],
  rule: string,
  name: string,
  bytes: Uint8Array,
  code: Refused['code'] = 'session/malformed',
): Refused => ({ name, code, rule, as, hex: toHex(bytes) })

/** Each field of each part with each value that it must not have. */
export const refusedFields = (): Refused[] => [...hellos(), ...retries(), ...packets()]

const RIGHT = encodeHello({ suites: [0x0011, 0x0001, 0x0111], tried: 1, pskId: counting(0xa0, 8) })
/** Where the fields of that one are. */
const AT = { version: 5, count: 6, suites: 7, tried: 13, pskLength: 14 } as const

const put = (at: number, value: number): Uint8Array => RIGHT.map((byte, i) => (i === at ? value : byte))

const hellos = (): Refused[] => {
  const bad = (name: string, bytes: Uint8Array): Refused => no('hello', 'SE-2', name, bytes)
  const suites = (count: number): Uint8Array =>
    concat(utf8('SOTTO'), Uint8Array.of(1, count), ...Array.from({ length: count }, (_, i) => Uint8Array.of(2, i)))
  return [
    ...Array.from({ length: RIGHT.length - 1 }, (_, i) =>
      bad(`the first ${i + 1} bytes alone`, RIGHT.subarray(0, i + 1)),
    ),
    ...Array.from({ length: 5 }, (_, i) =>
      bad(`letter ${i + 1} of the name in the other case`, put(i, (RIGHT[i] ?? 0) ^ 0x20)),
    ),
    ...[0, 2, 0x10, 0x31, 0x80, 0xff].map((version) => bad(`version ${version}`, put(AT.version, version))),
    ...[0, 1, 2, 4, 5, 16, 17, 255].map((count) =>
      bad(`a count of ${count} in front of three suites`, put(AT.count, count)),
    ),
    ...[17, 18, 32, 61].map((count) =>
      bad(`${count} suites, and all else right`, concat(suites(count), Uint8Array.of(0, 0))),
    ),
    ...[3, 4, 16, 127, 128, 255].map((tried) => bad(`tried ${tried} of three suites`, put(AT.tried, tried))),
    ...(
      [
        [0, 1],
        [0, 2],
        [1, 2],
      ] as const
    ).map(([a, b]) => bad(`suites ${a + 1} and ${b + 1} the same`, twice(a, b))),
    ...[0, 1, 7, 9, 32, 33, 255].map((length) =>
      bad(`a length of ${length} in front of a psk id of 8 bytes`, put(AT.pskLength, length)),
    ),
    ...[34, 64, 100].map((length) =>
      bad(`a psk id of ${length} bytes`, concat(suites(1), Uint8Array.of(0, length), counting(0, length))),
    ),
    bad('a zero byte in front', concat(Uint8Array.of(0), RIGHT)),
    bad('a zero byte behind', concat(RIGHT, Uint8Array.of(0))),
    bad('twice', concat(RIGHT, RIGHT)),
    bad('a Retry', Uint8Array.of(1, 0, 1)),
    bad(
      'the order of bytes of a suite and of tried mixed up',
      concat(RIGHT.subarray(0, AT.tried), Uint8Array.of(8, 1), counting(0xa0, 8)),
    ),
  ]
}

const twice = (a: number, b: number): Uint8Array => {
  const from = AT.suites + 2 * a
  const to = AT.suites + 2 * b
  return RIGHT.map((byte, i) => (i === to || i === to + 1 ? (RIGHT[from + i - to] ?? 0) : byte))
}

const retries = (): Refused[] => {
  const known = new Set<number>(SUITES.map(({ id }) => id))
  const unknown = [
    0x0000, 0x0002, 0x0010, 0x0012, 0x0041, 0x0100, 0x0102, 0x0201, 0x1001, 0x1100, 0x2100, 0x8001, 0xff01,
  ]
  return [
    ...[0, 2, 3, 16, 128, 255].map((version) =>
      no('retry', 'SE-3', `version ${version}`, Uint8Array.of(version, 0, 1)),
    ),
    no('retry', 'SE-3', 'the version alone', Uint8Array.of(1)),
    no('retry', 'SE-3', 'no version', Uint8Array.of(0, 1)),
    no('retry', 'SE-3', 'two suites', Uint8Array.of(1, 0, 1, 0, 17)),
    no('retry', 'SE-3', 'two zero bytes behind', Uint8Array.of(1, 0, 1, 0, 0)),
    no('retry', 'SE-3', 'a Hello', RIGHT),
    ...unknown
      .filter((id) => !known.has(id))
      .map((id) =>
        no(
          'retry',
          'SE-7',
          `the suite ${toHex(Uint8Array.of(id >>> 8, id & 0xff))}`,
          Uint8Array.of(1, id >>> 8, id & 0xff),
          'session/suite',
        ),
      ),
  ]
}

/** A length is refused as soon as it has come: nothing stands behind it. */
const packets = (): Refused[] => {
  const u16 = (value: number): Uint8Array => Uint8Array.of(value >>> 8, value & 0xff)
  const neg = (length: number): Refused =>
    no('packet', 'SE-1', `a length of ${length} for the negotiation part`, u16(length))
  const noise = (length: number, part: Uint8Array): Refused =>
    no(
      'packet',
      'SE-1',
      `a length of ${length} for the Noise part, behind ${part.length} bytes`,
      concat(u16(part.length), part, u16(length)),
    )
  return [
    ...[130, 255, 256, 0x1001, 0x7fff, 0x8000, 0xffff].map(neg),
    ...[16_002, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xffff].map((length) => noise(length, EMPTY)),
    ...[16_001, 0x8000, 0xffff].flatMap((length) => [noise(length, RIGHT), noise(length, counting(0, 128))]),
    no(
      'packet',
      'SE-1',
      'a negotiation part of 129 bytes, and all of the packet',
      concat(u16(129), counting(0, 129), u16(0)),
    ),
  ]
}
