import { readFileSync } from 'node:fs'
import { bech32, bech32m } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { isCanonicalX25519, parsePeerId, peerIdOf } from '../../src/identity/id.js'
import { parseIdentity } from '../../src/identity/identity.js'
import { decodeText, encodeText, kindOfText } from '../../src/identity/text.js'

const seed = Date.now() % 2 ** 31
console.info(`test/identity/text: seed ${seed}`)

const P = 2n ** 255n - 19n
const littleEndian = (value: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
const key = Uint8Array.from({ length: 32 }, (_, i) => i)
const id = peerIdOf(key)

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
  return 'none'
}

const encode = (prefix: string, bytes: number[], variant = bech32m): string =>
  variant.encode(prefix, variant.toWords(Uint8Array.from(bytes)), false)

test('ID-1 a peer id is bech32m over type 0 and the key', () => {
  expect(id).toBe(encode('sotto', [0, ...key]))
  expect(id).toHaveLength(65)
  expect(parsePeerId(id)).toEqual(key)
})

test('ID-1 a secret and a sealed text are upper case with prefixes of their own', () => {
  expect(encodeText('secret', key)).toBe(encode('sotto-secret-', [0, ...key]).toUpperCase())
  expect(encodeText('secret', key)).toHaveLength(73)
  expect(encodeText('sealed', new Uint8Array(65))).toMatch(/^SOTTO-SEALED-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{112}$/)
  expect(() => encodeText('sealed', key)).toThrow(RangeError)
})

test('ID-1 the example of the chapter is what the code writes', () => {
  const chapter = readFileSync(new URL('../../spec/identity.md', import.meta.url), 'utf8')
  const { id } = parseIdentity(encodeText('secret', key))
  expect(chapter).toContain(`\n${encodeText('secret', key)}\n${id}\n`)
})

test('ID-1 texts carry any key there and back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
      expect(decodeText('secret', encodeText('secret', bytes))).toEqual(bytes)
      if (!isCanonicalX25519(bytes)) return
      expect(toHex(parsePeerId(peerIdOf(bytes)))).toBe(toHex(bytes))
    }),
    { seed },
  )
})

describe('ID-2 refuses every other spelling of an id', () => {
  const padded = (): string => {
    const words = bech32m.toWords(Uint8Array.of(0, ...key))
    words[words.length - 1] = (words.at(-1) ?? 0) | 1
    return bech32m.encode('sotto', words, false)
  }
  const cases: [string, unknown][] = [
    ['upper case', id.toUpperCase()],
    ['mixed case', `${id.slice(0, 10)}${id.slice(10).toUpperCase()}`],
    ['upper-case prefix', `SOTTO1${id.slice(6)}`],
    ['space before', ` ${id}`],
    ['line feed behind', `${id}\n`],
    ['zero byte behind', `${id}\0`],
    ['one character less', id.slice(0, -1)],
    ['one character more', `${id}q`],
    ['prefix alone', 'sotto1'],
    ['empty', ''],
    ['another prefix', encode('sottp', [0, ...key])],
    ['longer prefix, same length', encode('sottosotto', [0, ...key.slice(3)])],
    ['bech32 of BIP 173', encode('sotto', [0, ...key], bech32)],
    ['type 1', encode('sotto', [1, ...key])],
    ['type 255', encode('sotto', [255, ...key])],
    ['31 bytes', encode('sotto', [0, ...key.slice(1)])],
    ['33 bytes', encode('sotto', [0, ...key, 0])],
    ['padding bit set', padded()],
    ['full-width digit', id.replace('1', '１')],
    ['Kelvin sign for k', id.replace('k', '\u212a')],
    ['combining mark', `${id.slice(0, -1)}\u0301`],
    ['zero-width space', `${id.slice(0, -1)}\u200b`],
    ['undefined', undefined],
    ['object with toString', { toString: () => id, length: 65 }],
    ['64 KiB of q', `sotto1${'q'.repeat(65_536)}`],
  ]
  // @ts-expect-error among them are values that are no text
  test.each(cases)('ID-2 %s', (_, text) => expect(codeOf(() => parsePeerId(text))).toBe('identity/malformed'))

  test('ID-2 every single character changed', () => {
    const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1bio'
    for (let at = 0; at < id.length; at++) {
      for (const letter of alphabet) {
        const text = `${id.slice(0, at)}${letter}${id.slice(at + 1)}`
        if (text !== id) expect(codeOf(() => parsePeerId(text))).toBe('identity/malformed')
      }
    }
  })
})

describe('ID-3 refuses a key that is not canonical', () => {
  const canonical = [0n, 1n, 9n, P - 1n, P - 2n, 2n ** 254n, 2n ** 255n - 256n]
  const refused = [P, P + 1n, P + 18n, 2n ** 255n, 2n ** 255n + 9n, 2n ** 256n - 1n]
  test.each(canonical)('ID-3 takes %s', (value) => expect(isCanonicalX25519(littleEndian(value))).toBe(true))
  test.each(refused)('ID-3 refuses %s, as key and as text', (value) => {
    const bytes = littleEndian(value)
    expect(isCanonicalX25519(bytes)).toBe(false)
    expect(codeOf(() => peerIdOf(bytes))).toBe('identity/malformed')
    expect(codeOf(() => parsePeerId(encode('sotto', [0, ...bytes])))).toBe('identity/malformed')
  })
  test('ID-3 agrees with a comparison of integers around the prime', () => {
    for (let value = P - 300n; value < P + 19n; value++) {
      expect(isCanonicalX25519(littleEndian(value))).toBe(value < P)
    }
  })
  test.each([0, 31, 33])('ID-3 refuses %i bytes', (length) => {
    expect(isCanonicalX25519(new Uint8Array(length))).toBe(false)
    expect(codeOf(() => peerIdOf(new Uint8Array(length)))).toBe('identity/malformed')
    expect(() => peerIdOf(new Uint8Array(length))).toThrow(`got ${length}`)
  })
})

test('ID-4 no error holds a part of the text, its cause included', () => {
  const secret = encodeText('secret', key)
  const texts = [secret, secret.toLowerCase(), `${secret.slice(0, -1)}Q`, `${secret}\n`, secret.slice(20)]
  for (const kind of ['peer', 'secret', 'sealed'] as const) {
    for (const text of texts.filter((text) => kind !== 'secret' || text !== secret)) {
      try {
        decodeText(kind, text)
        expect.unreachable()
      } catch (error) {
        if (!SottoError.is(error, 'identity/malformed')) throw error
        expect(error.cause).toBeUndefined()
        expect(error.message.toUpperCase()).not.toContain(secret.slice(20, 28))
      }
    }
  }
})

test('ID-4 the error says which kind of text came instead', () => {
  expect(() => decodeText('peer', encodeText('secret', key))).toThrow('got a secret text')
  expect(() => decodeText('secret', id)).toThrow('got a peer id')
  expect(kindOfText(encodeText('sealed', new Uint8Array(65)))).toBe('sealed')
  expect(kindOfText('sotto')).toBeUndefined()
})
