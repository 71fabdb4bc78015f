import { afterEach, describe, expect, test } from 'vitest'
import { decode, decodeControl, encode, type Wire } from '../../src/cbor.js'
import { bytesOf, codeOf, hexOf, withoutStacks } from './probe.js'

afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeNames)
})
const prototypeNames = Object.getOwnPropertyNames(Object.prototype)

const MEGABYTE = 2 ** 20

/** The code, having checked that deciding it took less than 1 MiB. */
const cheapCodeOf = (bytes: Uint8Array): string => {
  const grown = (before: NodeJS.MemoryUsage, after: NodeJS.MemoryUsage): number =>
    Math.max(after.arrayBuffers - before.arrayBuffers, after.heapUsed - before.heapUsed)
  const before = process.memoryUsage()
  const code = codeOf(() => decode(bytes))
  expect(grown(before, process.memoryUsage())).toBeLessThan(MEGABYTE)
  expect(codeOf(() => decodeControl(bytes))).toBe(code)
  return code
}

const text = (words: string): string => hexOf(encode(words))
const bignum = (tag: string, length: number): Uint8Array =>
  bytesOf(`${tag}5a${length.toString(16).padStart(8, '0')}${'ff'.repeat(length)}`)

describe('CB-1 what the builder alone would fall for is refused by the scanner, for nothing', () => {
  const bufferMap = (size: string): string => `d840a1${text('buffer')}1a${size}`

  test.each([
    ['15 bytes that allocate 1 GB: a typed array over a map with the key buffer', bufferMap('3b9aca00')],
    ['15 bytes that allocate 4 GB', bufferMap('ffffffff')],
    ['16 bytes that make a big integer of 100 MB', `c2${bufferMap('05f5e100')}`],
    ['18 bytes that hang for seconds: a set over a typed array of 100 MB', `d90102${bufferMap('05f5e100')}`],
    ['18 bytes that count to a byteLength', `c2a1${text('byteLength')}1affffffff`],
    ['a regular expression that backtracks for ever', `d82382${text('^(a+)+$')}60`],
    ['an Error', `d81b83${text('Error')}${text('Error')}${text('no')}`],
    ['a class by name', `d81b82${text('Function')}${text('return process')}`],
    ['a Date of NaN', 'c1f97e00'],
    ['a Set', 'd9010283010203'],
    ['a Map that turns the decoder to maps', 'd90103a16161d90103a0'],
    ['a cycle', 'd81c81d81d00'],
    ['a cycle through two arrays', 'd81c8181d81d00'],
    ['a million items from shared values', 'd81c82d81c82d81c8200d81d02d81d01'],
    ['a record definition that stays for the next message', 'd9dfff83194000816161f6'],
    ['a record that a former message defined', 'd9400081f6'],
    ['record definitions without end', 'd9dffe9affffffff194000816161'],
    ['bundled texts that move the position back', 'd9dff9823a0000000a00'],
    ['packed values', `d833848180808083c600`],
    ['shared values', 'da5368726480'],
    ['an array of 2^32 items in 9 bytes', '9b0000000100000000'],
    ['a map of 2^32 keys in 9 bytes', 'bb0000000100000000'],
    ['a byte string of 4 GiB in 5 bytes', '5affffffff'],
    ['a text of 2^63 bytes in 9 bytes', '7b8000000000000000'],
    ['arrays that each promise all that is left', '9900ff'.repeat(31)],
  ])('%s', (_title, hex) => {
    expect(cheapCodeOf(bytesOf(hex))).toMatch(/^cbor\/(forbidden|malformed)$/)
  })

  test.each([
    ['CB-5 a big integer of 64 KiB', bignum('c2', 0x1_0000)],
    ['CB-5 a big integer of 1 MiB', bignum('c2', MEGABYTE)],
    ['CB-5 a negative big integer of 1 MiB', bignum('c3', MEGABYTE)],
  ])('%s', (_title, bytes) => {
    expect(cheapCodeOf(bytes)).toBe('cbor/forbidden')
  })

  test.each([
    ['CB-14 depth 5,000 of arrays', bytesOf('81'.repeat(5_000))],
    ['CB-14 depth 5,000 of maps', bytesOf('a16161'.repeat(5_000))],
    ['CB-14 depth 1,000,000', bytesOf('81'.repeat(1_000_000))],
    ['CB-15 1,000,000 nulls', bytesOf(`9a000f4240${'f6'.repeat(1_000_000)}`)],
    ['CB-16 300,000 keys', bytesOf(`ba000493e0${'60f6'.repeat(300_000)}`)],
  ])('%s', (_title, bytes) => {
    expect(cheapCodeOf(bytes)).toBe('cbor/limit')
  })

  test.each(['c1', 'd81c', '5f', '7f'])('depth 5,000 of %s', (head) => {
    expect(cheapCodeOf(bytesOf(head.repeat(5_000)))).toBe('cbor/forbidden')
  })
})

test('CB-5 refuses each tag of 0 to 65,535 over each type of content', () => {
  const head = (tag: number): string =>
    tag < 24
      ? (0xc0 | tag).toString(16)
      : tag < 0x100
        ? `d8${tag.toString(16).padStart(2, '0')}`
        : `d9${tag.toString(16).padStart(4, '0')}`
  const accepted: string[] = []
  withoutStacks(() => {
    for (let tag = 0; tag <= 0xffff; tag++) {
      for (const content of ['00', '20', '4100', '6161', '80', 'a0', 'f6', 'c0']) {
        const bytes = bytesOf(head(tag) + content)
        if (codeOf(() => decode(bytes)) !== 'cbor/forbidden') accepted.push(hexOf(bytes))
        if (codeOf(() => decodeControl(bytes)) !== 'cbor/forbidden') accepted.push(hexOf(bytes))
      }
    }
  })
  expect(accepted).toEqual([])
})

describe('CB-22 no key reaches a prototype', () => {
  test('objects inherit nothing, at any depth', () => {
    const value = decode(encode({ list: [{ deep: { deeper: {} } }] }))
    const seen: unknown[] = []
    const visit = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return
      if (!Array.isArray(part)) seen.push(Object.getPrototypeOf(part))
      for (const member of Object.values(part)) visit(member)
    }
    visit(value)
    expect(seen).toEqual([null, null, null, null])
  })

  test('names of inherited members are plain keys', () => {
    const bytes = encode({ toString: 1, valueOf: 2, hasOwnProperty: 3, toJSON: 5, __defineGetter__: 6 })
    expect(Object.keys(Object(decode(bytes)))).toContain('hasOwnProperty')
    expect(hexOf(encode(decode(bytes)))).toBe(hexOf(bytes))
  })

  test.each(['__proto__', 'constructor', 'prototype'])('CB-12 the key %s is refused in both directions', (key) => {
    const hex = `a1${text(key)}a1${text('polluted')}f5`
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('cbor/forbidden')
    expect(codeOf(() => decodeControl(bytesOf(hex)))).toBe('cbor/forbidden')
    expect(codeOf(() => encode(JSON.parse(`{"${key}":1}`)))).toBe('cbor/unencodable')
    expect(Reflect.has({}, 'polluted')).toBe(false)
  })

  test('CB-12 keys that only resemble the refused ones are plain', () => {
    const value: Wire = { __proto_: 1, __proto_a_: 2, constructors: 3, prototypf: 4, Constructor: 5 }
    expect({ ...Object(decode(encode(value))) }).toEqual(value)
  })

  test('a setter on Object.prototype is never called', () => {
    let called = 0
    Object.defineProperty(Object.prototype, 'trap', {
      configurable: true,
      set() {
        called++
      },
    })
    try {
      expect(Object.keys(Object(decode(bytesOf(`a1${text('trap')}01`))))).toEqual(['trap'])
    } finally {
      Reflect.deleteProperty(Object.prototype, 'trap')
    }
    expect(called).toBe(0)
  })
})

test('CB-13 a mark U+FEFF stays, however long the text, and in keys', () => {
  for (const length of [0, 1, 20, 60, 61, 62, 63, 64, 65, 200, 5_000]) {
    const marked = `\ufeff${'a'.repeat(length)}`
    expect(decode(encode(marked))).toBe(marked)
    expect(decode(encode(`\ufeff${marked}`))).toBe(`\ufeff${marked}`)
    const pair: Wire = [marked, 'x'.repeat(100), new Uint8Array(100).fill(0xef)]
    expect(decode(encode(pair))).toEqual(pair)
  }
})

test('CB-13 two keys that differ by a mark alone do not fall together', () => {
  const key = 'a'.repeat(70)
  const object = decode(encode({ [key]: 1, [`\ufeff${key}`]: 2 }))
  expect(Object.entries(Object(object))).toEqual([
    [key, 1],
    [`\ufeff${key}`, 2],
  ])
})

describe('CB-21 decoded bytes are copies', () => {
  test('overwriting the input changes nothing', () => {
    const input = encode({ data: new Uint8Array([1, 2, 3]), list: [new Uint8Array(2_000).fill(9)] })
    const value = decode(input)
    const before = hexOf(encode(value))
    input.fill(0xff)
    expect(hexOf(encode(value))).toBe(before)
  })

  test('they are plain Uint8Arrays with a buffer of their own, also out of a Buffer', () => {
    for (const input of [bytesOf('43010203'), Buffer.from('43010203', 'hex'), bytesOf('0043010203').subarray(1)]) {
      const value = decode(input)
      if (!(value instanceof Uint8Array)) throw new TypeError('expected bytes')
      expect(Object.getPrototypeOf(value)).toBe(Uint8Array.prototype)
      expect(value.buffer.byteLength).toBe(3)
      expect(value.buffer).not.toBe(input.buffer)
    }
  })

  test('the input is neither written nor given properties', () => {
    const input = encode({ a: [1, 'two', new Uint8Array(3)], [`\ufeff${'b'.repeat(80)}`]: 1 })
    const copy = input.slice()
    decode(input)
    decodeControl(input)
    expect(hexOf(input)).toBe(hexOf(copy))
    expect(Reflect.ownKeys(input)).toEqual(Reflect.ownKeys(copy))
  })
})

describe('CB-20 encoded bytes hold nothing else', () => {
  test('the buffer is exactly as long as the bytes', () => {
    for (const value of [
      null,
      'a',
      'é'.repeat(30),
      new Uint8Array(100_000),
      [1, 2, 3],
      { secret: 'x'.repeat(9_000) },
    ]) {
      const bytes = encode(value)
      expect(bytes.byteOffset).toBe(0)
      expect(bytes.buffer.byteLength).toBe(bytes.length)
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
    }
  })

  test('no earlier secret is behind it, and it is not the memory of a later one', () => {
    const secret = encode('secret'.repeat(100))
    const first = encode([1])
    const copy = hexOf(first)
    encode('secret'.repeat(100))
    expect(Buffer.from(first.buffer).includes('secret')).toBe(false)
    expect(hexOf(first)).toBe(copy)
    expect(secret.buffer).not.toBe(first.buffer)
  })

  test('a getter that encodes does not disturb what it is part of', () => {
    const inner = { get now(): Wire { return encode({ nested: [1, 2, 3] }) } } // biome-ignore format: one line says it
    expect(decode(encode({ a: 1, inner, z: 2 }))).toEqual(decode(encode({ a: 1, inner: { now: encode({ nested: [1, 2, 3] }) }, z: 2 }))) // biome-ignore format: one line says it
  })

  test('after a refusal the next value is encoded as ever', () => {
    const bad: Wire = ['secret', 'secret\ud800'.repeat(20)]
    expect(codeOf(() => encode(bad))).toBe('cbor/unencodable')
    expect(hexOf(encode([1, 'a']))).toBe('82016161')
  })

  test('byte strings are taken by value', () => {
    const data = new Uint8Array([1, 2, 3])
    const bytes = encode(data)
    data.fill(0)
    expect(hexOf(bytes)).toBe('43010203')
  })
})
