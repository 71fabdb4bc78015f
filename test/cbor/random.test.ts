import { dcborDecodeOptions, dcborEncodeOptions, decode as peerDecode, encode as peerEncode } from 'cbor2'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Control, decode, decodeControl, encode, encodeControl, type Wire } from '../../src/cbor.js'
import { bytesOf, codeOf, hexOf, withoutStacks } from './probe.js'

const seed = Number(process.env.SOTTO_SEED ?? Date.now() % 2 ** 31)
console.info(`cbor: seed ${seed} (SOTTO_SEED repeats it)`)

const refused = new Set(['__proto__', 'constructor', 'prototype'])
const key = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.integer({ min: 0, max: 300 }).map(String), fc.constant('a'))
  .filter((name) => !refused.has(name))
const longText = fc
  .string({ unit: 'binary', minLength: 20, maxLength: 90 })
  .chain((text) => fc.constantFrom(text, `\ufeff${text}`))
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: -(2n ** 64n), max: -(2n ** 53n) }),
)
const fraction = fc
  .oneof(
    fc.double(),
    fc.float(),
    fc.integer({ min: -4_096, max: 4_096 }).map((n) => n / 64),
  )
  .filter((value) => !Number.isInteger(value))
const scalar = fc.oneof(
  fc.constantFrom(null, true, false),
  integer,
  fc.string({ unit: 'binary' }),
  longText,
  fc.uint8Array({ maxLength: 40 }),
)

const { wire } = fc.letrec<{ wire: Wire }>((tie) => ({
  wire: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fraction,
    fc.array(tie('wire'), { maxLength: 6 }),
    fc.dictionary(key, tie('wire'), { maxKeys: 8 }),
  ),
}))

const { control } = fc.letrec<{ control: Control }>((tie) => ({
  control: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('control'), { maxLength: 6 }),
    fc.dictionary(key, tie('control'), { minKeys: 1, maxKeys: 8 }),
    fc
      .array(fc.tuple(fc.integer({ min: -(2 ** 32), max: 2 ** 32 - 1 }), tie('control')), { maxLength: 8 })
      .map((entries) => new Map(entries)),
  ),
}))

const runs = (numRuns: number) => ({ seed, numRuns })

describe('CB-19 one value, one spelling', () => {
  test('any message body comes back equal, and encodes to the same bytes again', () => {
    fc.assert(
      fc.property(wire, (value) => {
        const bytes = encode(value)
        const decoded = decode(bytes)
        expect(hexOf(encode(decoded))).toBe(hexOf(bytes))
        expect(decoded).toEqual(asDecoded(value))
      }),
      runs(3_000),
    )
  })

  test('any control structure comes back equal, and encodes to the same bytes again', () => {
    fc.assert(
      fc.property(control, (value) => {
        const bytes = encodeControl(value)
        const decoded = decodeControl(bytes)
        expect(hexOf(encodeControl(decoded))).toBe(hexOf(bytes))
      }),
      runs(3_000),
    )
  })

  test('the order in which members were set does not show', () => {
    fc.assert(
      fc.property(fc.dictionary(key, scalar), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse())
        expect(hexOf(encode(turned))).toBe(hexOf(encode(object)))
      }),
      runs(1_000),
    )
  })
})

describe('CB-1 bytes that were changed', () => {
  const change = fc.tuple(
    fc.constantFrom('set', 'flip', 'insert', 'remove', 'cut', 'double'),
    fc.nat(),
    fc.nat({ max: 255 }),
  )

  test('are refused with a code, or are the spelling of another value', () => {
    withoutStacks(() => {
      fc.assert(
        fc.property(wire, fc.array(change, { minLength: 1, maxLength: 4 }), (value, changes) => {
          const bytes = changes.reduce((input, [how, where, what]) => changed(input, how, where, what), encode(value))
          const code = codeOf(() => decode(bytes))
          expect(code).toMatch(/^accepted$|^cbor\/(malformed|forbidden|limit)$/)
          if (code === 'accepted') expect(hexOf(encode(decode(bytes)))).toBe(hexOf(bytes))
          if (codeOf(() => decodeControl(bytes)) === 'accepted') {
            expect(hexOf(encodeControl(decodeControl(bytes)))).toBe(hexOf(bytes))
          }
        }),
        runs(20_000),
      )
    })
  })

  test('at random from the start are refused with a code, or are the spelling of a value', () => {
    withoutStacks(() => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 4, maxLength: 24 }), (bytes) => {
          const code = codeOf(() => decode(bytes))
          expect(code).toMatch(/^accepted$|^cbor\/(malformed|forbidden|limit)$/)
          if (code === 'accepted') expect(hexOf(encode(decode(bytes)))).toBe(hexOf(bytes))
        }),
        runs(50_000),
      )
    })
  })

  test('CB-2 cut at any byte are refused', () => {
    fc.assert(
      fc.property(wire, (value) => {
        const bytes = encode(value)
        for (let end = 0; end < bytes.length; end++) {
          expect(codeOf(() => decode(bytes.subarray(0, end)))).toBe('cbor/malformed')
        }
      }),
      runs(300),
    )
  })
})

const changed = (input: Uint8Array, how: string, where: number, what: number): Uint8Array => {
  const at = input.length === 0 ? 0 : where % input.length
  const list = [...input]
  if (how === 'set') list[at] = what
  else if (how === 'flip') list[at] = (list[at] ?? 0) ^ (1 << (what % 8))
  else if (how === 'insert') list.splice(at, 0, what)
  else if (how === 'remove') list.splice(at, 1)
  else if (how === 'cut') list.length = at
  else list.splice(at, 0, ...list.slice(at))
  return Uint8Array.from(list)
}

/** What `decode` gives for `value`: integers as number where exact, objects without prototype. */
const asDecoded = (value: Wire): Wire => {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value === 'number') return Number.isInteger(value) ? whole(value) : value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.map(asDecoded)
  const object: Record<string, Wire> = Object.create(null)
  for (const [name, member] of Object.entries(value)) object[name] = asDecoded(member ?? null)
  return object
}

const whole = (value: number): Wire => (Number.isSafeInteger(value) ? value + 0 : BigInt(value))

/** The dCBOR decoder, told to keep large integers exact. */
const peer = (bytes: Uint8Array): unknown =>
  peerDecode(bytes, { ...dcborDecodeOptions, convertUnsafeIntsToFloat: false, rejectStringsNotNormalizedAs: null })

/** dCBOR has no integer below -2^63 and normalizes texts; here both are left alone. */
const dcborSays = (value: Wire): boolean => {
  if (typeof value === 'bigint') return value >= -(2n ** 63n)
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true
  return Object.values(value).every((member) => dcborSays(member ?? null))
}

describe('CB-19 the dCBOR mode of another implementation agrees', () => {
  const common = wire.filter(dcborSays)
  const peerBytes = (value: Wire): Uint8Array => peerEncode(value, { ...dcborEncodeOptions, stringNormalization: null })

  test('it writes the same bytes', () => {
    fc.assert(
      fc.property(common, (value) => {
        expect(hexOf(peerBytes(value))).toBe(hexOf(encode(value)))
      }),
      runs(1_000),
    )
  })

  test('it reads our bytes to the same value, and we read its bytes', () => {
    fc.assert(
      fc.property(common, (value) => {
        expect({ value: plain(peer(encode(value))) }).toEqual({ value: plain(decode(encode(value))) })
        expect(codeOf(() => decode(peerBytes(value)))).toBe('accepted')
      }),
      runs(1_000),
    )
  })

  test('of changed bytes it reads all that we read, but for the differences below', () => {
    withoutStacks(() => {
      fc.assert(
        fc.property(common, fc.nat(), fc.nat({ max: 255 }), (value, where, what) => {
          const bytes = changed(encode(value), 'set', where, what)
          if (codeOf(() => decode(bytes)) === 'accepted' && dcborSays(decode(bytes))) {
            expect(() => peer(bytes)).not.toThrow()
          }
        }),
        runs(3_000),
      )
    })
  })

  test.each([
    ['3bffffffffffffffff', 'CB-23 integers below -2^63 are integers here, refused there'],
    ['6365cc81', 'CB-13 texts are not normalized here, refused there'],
  ])('%s: %s', (hex) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('accepted')
    expect(() => peerDecode(bytesOf(hex), dcborDecodeOptions)).toThrow()
  })

  test.each([
    ['a10102', 'CB-11 maps of integer keys are for control structures here'],
    ['fb7e37e43c8800759c', 'CB-8 floats beyond the integers are refused here, floats there'],
    ['a1695f5f70726f746f5f5f01', 'CB-12 __proto__ is a key there'],
    ['d74401020304', 'CB-5 tags are refused here'],
  ])('%s: %s', (hex) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('cbor/forbidden')
    expect(() => peerDecode(bytesOf(hex), dcborDecodeOptions)).not.toThrow()
  })

  test.each([
    ['minus zero', -0, '00'],
    ['NaN', Number.NaN, 'f97e00'],
    ['infinity', Number.POSITIVE_INFINITY, 'f97c00'],
    ['2^60 as a number', 2 ** 60, '1b1000000000000000'],
  ])('%s is written alike', (_title, value, hex) => {
    expect(hexOf(encode(value))).toBe(hex)
    expect(hexOf(peerBytes(value))).toBe(hex)
  })
})

/** Without prototypes and order of members, which the two set differently, and with each integer as bigint. */
const plain = (value: unknown): unknown => {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return [...value]
  return new Map(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}
