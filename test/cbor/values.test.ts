import { createContext, runInContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { type Control, decode, decodeControl, encode, encodeControl, type Wire } from '../../src/cbor.js'
import { bytesOf, codeOf, hexOf } from './probe.js'

/** Encodes what the types do not allow, as callers without types do. */
const encodeAny: (value: never) => Uint8Array = encode
const unencodable = (value: unknown): string => codeOf(() => Reflect.apply(encodeAny, undefined, [value]))

describe('RFC 8949 appendix A', () => {
  test.each<[hex: string, value: Wire]>([
    ['00', 0],
    ['01', 1],
    ['0a', 10],
    ['17', 23],
    ['1818', 24],
    ['1819', 25],
    ['1864', 100],
    ['1903e8', 1_000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', 18_446_744_073_709_551_615n],
    ['3bffffffffffffffff', -18_446_744_073_709_551_616n],
    ['20', -1],
    ['29', -10],
    ['3863', -100],
    ['3903e7', -1_000],
    ['fb3ff199999999999a', 1.1],
    ['f93e00', 1.5],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['fbc010666666666666', -4.1],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['f97e00', Number.NaN],
    ['f9fc00', Number.NEGATIVE_INFINITY],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['40', new Uint8Array()],
    ['4401020304', Uint8Array.of(1, 2, 3, 4)],
    ['60', ''],
    ['6161', 'a'],
    ['6449455446', 'IETF'],
    ['62225c', '"\\'],
    ['62c3bc', 'ü'],
    ['63e6b0b4', '水'],
    ['64f0908591', '\u{10151}'],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    ['98190102030405060708090a0b0c0d0e0f101112131415161718181819', Array.from({ length: 25 }, (_, i) => i + 1)],
    ['a0', {}],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['826161a161626163', ['a', { b: 'c' }]],
    ['a56161614161626142616361436164614461656145', { a: 'A', b: 'B', c: 'C', d: 'D', e: 'E' }],
  ])('CB-19 %s is %s, both ways', (hex, value) => {
    expect(decode(bytesOf(hex))).toEqual(Object.assign(Object(value), {}) === value ? bare(value) : value)
    expect(hexOf(encode(value))).toBe(hex)
  })

  test.each([
    ['f90000', '0.0', 'CB-8'],
    ['f98000', '-0.0', 'CB-8'],
    ['f93c00', '1.0', 'CB-8'],
    ['f97bff', '65504.0', 'CB-8'],
    ['fa47c35000', '100000.0', 'CB-8'],
    ['fa7f7fffff', '3.4028234663852886e+38', 'CB-8'],
    ['fb7e37e43c8800759c', '1.0e+300', 'CB-8'],
    ['f9c400', '-4.0', 'CB-8'],
    ['fa7f800000', 'Infinity', 'CB-9'],
    ['fa7fc00000', 'NaN', 'CB-9'],
    ['fb7ff0000000000000', 'Infinity', 'CB-9'],
    ['f7', 'undefined', 'CB-6'],
    ['f0', 'simple(16)', 'CB-6'],
    ['f8ff', 'simple(255)', 'CB-6'],
    ['c249010000000000000000', '18446744073709551616', 'CB-5'],
    ['c11a514b67b0', '1(1363896240)', 'CB-5'],
    ['d74401020304', '23(h)', 'CB-5'],
    ['d818456449455446', '24(h)', 'CB-5'],
    ['a201020304', '{1: 2, 3: 4}', 'CB-11'],
    ['5f42010243030405ff', '(_ h, h)', 'CB-7'],
    ['7f657374726561646d696e67ff', '(_ "strea", "ming")', 'CB-7'],
    ['9f018202039f0405ffff', '[_ 1, [2, 3], [_ 4, 5]]', 'CB-7'],
    ['bf61610161629f0203ffff', '{_ "a": 1, "b": [_ 2, 3]}', 'CB-7'],
  ])('%s (%s) is refused by %s', (hex) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('cbor/forbidden')
  })
})

/** The same value with objects that have no prototype, as `decode` makes them. */
const bare = (value: Wire): Wire => {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(bare)
  const object: Record<string, Wire> = Object.create(null)
  for (const [key, member] of Object.entries(value)) object[key] = bare(member ?? null)
  return object
}

describe('CB-23 integers stay exact', () => {
  test.each<[value: number | bigint, hex: string]>([
    [2 ** 31, '1a80000000'],
    [2 ** 32 - 1, '1affffffff'],
    [2 ** 32, '1b0000000100000000'],
    [2 ** 32 + 1, '1b0000000100000001'],
    [2 ** 53 - 1, '1b001fffffffffffff'],
    [2n ** 53n, '1b0020000000000000'],
    [2n ** 53n + 1n, '1b0020000000000001'],
    [2n ** 63n, '1b8000000000000000'],
    [-(2 ** 31), '3a7fffffff'],
    [-(2 ** 32), '3affffffff'],
    [-(2 ** 32) - 1, '3b0000000100000000'],
    [-(2 ** 53) + 1, '3b001ffffffffffffe'],
    [-(2n ** 53n), '3b001fffffffffffff'],
    [-(2n ** 53n) - 1n, '3b0020000000000000'],
    [-(2n ** 63n), '3b7fffffffffffffff'],
  ])('%s is %s', (value, hex) => {
    expect(hexOf(encode(value))).toBe(hex)
    expect(decode(bytesOf(hex))).toBe(value)
    expect(decodeControl(bytesOf(hex))).toBe(value)
  })

  test('number and bigint of one value encode alike', () => {
    for (const value of [0, 1, -1, 255, 2 ** 32, -(2 ** 40), Number.MAX_SAFE_INTEGER, 2 ** 60, -(2 ** 63), 1e17]) {
      expect(hexOf(encode(value))).toBe(hexOf(encode(BigInt(value))))
    }
    expect(decode(encode(1e17))).toBe(100_000_000_000_000_000n)
  })

  test('minus zero encodes as 0', () => {
    expect(hexOf(encode([-0, -0n]))).toBe('820000')
    expect(Object.is(decode(encode(-0)), 0)).toBe(true)
  })
})

test.each<[value: number, hex: string]>([
  [2 ** -24, 'f90001'],
  [-(2 ** -24), 'f98001'],
  [2 ** -25, 'fa33000000'],
  [3 * 2 ** -25, 'fa33c00000'],
  [1023 * 2 ** -24, 'f903ff'],
  [2 ** -14, 'f90400'],
  [2047 / 2, 'f963ff'],
  [1 + 2 ** -10, 'f93c01'],
  [1 + 2 ** -11, 'fa3f801000'],
  [1 + 2 ** -23, 'fa3f800001'],
  [1 + 2 ** -24, 'fb3ff0000010000000'],
  [65_504.5, 'fa477fe080'],
  [65_536.5, 'fa47800040'],
  [2 ** -149, 'fa00000001'],
  [2 ** -150, 'fb3690000000000000'],
  [Number.MIN_VALUE, 'fb0000000000000001'],
  [0.1, 'fb3fb999999999999a'],
])('CB-9 %s is %s, the shortest that keeps it', (value, hex) => {
  expect(hexOf(encode(value))).toBe(hex)
  expect(decode(bytesOf(hex))).toBe(value)
})

test('CB-3 lengths on both sides of each head', () => {
  for (const length of [0, 1, 23, 24, 25, 255, 256, 257, 65_535, 65_536]) {
    const values: Wire[] = ['a'.repeat(length), `é${'a'.repeat(length)}`, '水'.repeat(length), new Uint8Array(length)]
    if (length < 65_536) values.push(Array.from({ length }, () => 0))
    for (const value of values) {
      const bytes = encode(value)
      expect(decode(bytes)).toEqual(value)
      expect(hexOf(encode(decode(bytes)))).toBe(hexOf(bytes))
    }
  }
})

test('CB-9 every half that is no integer is written as a half, and read back', () => {
  for (let bits = 0; bits < 0x1_0000; bits++) {
    const bytes = Uint8Array.of(0xf9, bits >>> 8, bits & 0xff)
    if (codeOf(() => decode(bytes)) === 'accepted') expect(hexOf(encode(decode(bytes)))).toBe(hexOf(bytes))
  }
})

test('CB-10 keys are written in bytewise order of their encoding, whatever the order of members', () => {
  const keys = [
    '',
    'a',
    'b',
    'z',
    '2',
    '10',
    'aa',
    'é',
    '\uffff',
    '\ue000',
    '\ue000a',
    '\u{10000}',
    '\u{1f600}',
    'zz',
    '9'.repeat(30),
  ]
  const orders = [keys, keys.toReversed(), keys.toSorted(), keys.toSorted().toReversed()]
  const encoded = orders.map((order) => hexOf(encode(Object.fromEntries(order.map((key) => [key, key])))))
  expect(new Set(encoded).size).toBe(1)
  expect(encoded.map((hex) => codeOf(() => decode(bytesOf(hex))))).toEqual(orders.map(() => 'accepted'))
})

test('CB-18 members that are undefined are left out', () => {
  expect(hexOf(encode({ b: undefined, a: 1, c: undefined }))).toBe('a1616101')
  expect(hexOf(encode({ b: 2, a: 1, c: undefined }))).toBe('a2616101616202')
})

describe('CB-18 an encoder refuses what has no form', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])
  const cycle: unknown[] = []
  cycle.push({ cycle })
  class Point {
    x = 1
  }

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in an array', [undefined]],
    ['an array without elements', Object.assign([], { length: 2 })],
    ['a function', () => 1],
    ['a member that is a function', { toJSON: () => 1 }],
    ['a symbol', Symbol('s')],
    ['2^64', 2n ** 64n],
    ['-2^64-1', -(2n ** 64n) - 1n],
    ['a big integer of 1 MiB', 1n << 8_388_608n],
    ['2^64 as a number', 2 ** 64],
    ['1e300', 1e300],
    ['-1e20', -1e20],
    ['a lone high surrogate', 'a\ud800'],
    ['a lone low surrogate', '\udc00a'],
    ['a lone surrogate in long text', `${'é'.repeat(100)}\ud800`],
    ['a lone surrogate in a key', { '\ud800': 1 }],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a Set', new Set([1])],
    ['a RegExp', /a/],
    ['an Error', new Error('no')],
    ['a class instance', new Point()],
    ['a promise', Promise.resolve(1)],
    ['a boxed number', Object(1)],
    ['a boxed text', Object('a')],
    ['a URL', new URL('https://example.org')],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a Uint16Array', new Uint16Array(1)],
    ['a Uint8ClampedArray', new Uint8ClampedArray(1)],
    ['a Float64Array', new Float64Array(1)],
    ['a WeakMap', new WeakMap()],
    ['a cycle', cycle],
    ['33 arrays inside each other', deep(33)],
    ['5,000 arrays inside each other', deep(5_000)],
    ['an instance inside an array', [[new Date(0)]]],
  ])('%s', (_title, value) => {
    expect(unencodable(value)).toBe('cbor/unencodable')
  })

  test('CB-14 32 arrays inside each other are encoded', () => {
    expect(unencodable(deep(32))).toBe('accepted')
  })

  test('CB-15, CB-16 more items or keys than a decoder takes', () => {
    const keys = (count: number): Wire => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]))
    const zeros = (length: number): readonly number[] => Array.from({ length }, () => 0)
    expect(unencodable(zeros(65_535))).toBe('accepted')
    expect(unencodable(zeros(65_536))).toBe('cbor/limit')
    expect(unencodable(Object.assign([], { length: 2 ** 32 - 1 }))).toBe('cbor/limit')
    expect(unencodable([zeros(32_768), zeros(32_768)])).toBe('cbor/limit')
    expect(unencodable(keys(1_024))).toBe('accepted')
    expect(unencodable(keys(1_025))).toBe('cbor/limit')
    expect(codeOf(() => encodeControl(new Map(Array.from({ length: 1_025 }, (_, i) => [i, null]))))).toBe('cbor/limit')
  })

  test('objects without prototype, of another realm, and Buffers have a form', () => {
    const foreign: unknown = runInContext('({ a: [1] })', createContext({}))
    expect(unencodable(foreign)).toBe('accepted')
    expect(hexOf(encode(bare({ a: 1 })))).toBe('a1616101')
    expect(hexOf(encode(Buffer.from([1, 2])))).toBe('420102')
  })
})

describe('control structures', () => {
  test('CB-11 integer keys are written 0, 1, … then -1, -2, … and come back as a Map', () => {
    const value: Control = new Map([
      [-2, 'd'],
      [24, 'b'],
      [-1, 'c'],
      [0, 'a'],
      [2 ** 32 - 1, 'e'],
      [-(2 ** 32), 'f'],
    ])
    const bytes = encodeControl(value)
    expect(hexOf(bytes)).toBe('a600616118186162' + '1affffffff6165' + '2061632161643affffffff6166') // biome-ignore format: parts
    expect(decodeControl(bytes)).toEqual(value)
  })

  test('CB-19 text keys, arrays and empty maps in a Map', () => {
    const value: Control = new Map<number, Control>([
      [0, [Uint8Array.of(1), 2n ** 63n, 'x', null, true]],
      [1, bare({ a: 1, context: { room: 'k' } })],
      [2, new Map()],
    ])
    expect(decodeControl(encodeControl(value))).toEqual(value)
    expect(decodeControl(bytesOf('a0'))).toEqual(new Map())
    expect(hexOf(encodeControl({}))).toBe('a0')
  })

  test.each<[string, Control]>([
    ['CB-17 a float', 1.5],
    ['CB-17 NaN', [Number.NaN]],
    ['CB-18 a key of 2^32', new Map([[2 ** 32, 1]])],
    ['CB-18 a key of -2^32-1', new Map([[-(2 ** 32) - 1, 1]])],
    ['CB-18 a key of 1.5', new Map([[1.5, 1]])],
    ['CB-18 a key of NaN', new Map([[Number.NaN, 1]])],
  ])('%s is refused', (_title, value) => {
    expect(codeOf(() => encodeControl(value))).toBe('cbor/unencodable')
  })

  test('CB-18 a Map of text keys is refused: text keys are members of objects', () => {
    expect(codeOf(() => Reflect.apply(encodeControl, undefined, [new Map([['a', 1]])]))).toBe('cbor/unencodable')
  })
})
