import { createCipheriv } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import type { AeadKey, CipherName } from '../../src/crypto/provider.js'
import { withFixedKeys } from '../setup/nonces.js'
import { providers, seeded } from './providers.js'

const names = ['ChaChaPoly', 'AESGCM'] as const
const cases = providers.flatMap((provider) =>
  names.map((name) => ({ on: provider.name, name, cipher: provider.cipher[name], provider })),
)

const sealed = (key: AeadKey, n: number, ad: Uint8Array, plaintext: Uint8Array): Uint8Array => {
  const out = new Uint8Array(plaintext.length + 16)
  key.seal(n, ad, plaintext, out)
  return out
}

/** The AEAD over a nonce written by BigInt, with nothing of src. */
const independent = (
  name: CipherName,
  key: Uint8Array,
  n: bigint,
  ad: Uint8Array,
  plaintext: Uint8Array,
): Uint8Array => {
  const nonce = Buffer.alloc(12)
  if (name === 'ChaChaPoly') nonce.writeBigUInt64LE(n, 4)
  else nonce.writeBigUInt64BE(n, 4)
  const state =
    name === 'ChaChaPoly'
      ? createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      : createCipheriv('aes-256-gcm', key, nonce)
  if (ad.length > 0) state.setAAD(ad, { plaintextLength: plaintext.length })
  const text = state.update(plaintext)
  state.final()
  return concat(text, state.getAuthTag())
}

describe.each(cases)('$name on $on', ({ name, cipher, provider }) => {
  const random = (length: number) => provider.randomBytes(length)

  const counters = [
    0,
    1,
    255,
    256,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 32 + 1,
    2 ** 48,
    2 ** 53 - 2,
    2 ** 53 - 1,
  ]
  test.each(counters)('CR-7 CR-13 nonce %d is the exact 64-bit value', (n) => {
    const bytes = random(32)
    const key = cipher.importKey(bytes)
    const ciphertext = sealed(key, n, utf8('ad'), utf8('plaintext'))
    expect(toHex(ciphertext)).toBe(toHex(independent(name, bytes, BigInt(n), utf8('ad'), utf8('plaintext'))))
    expect(key.open(n, utf8('ad'), ciphertext)).toEqual(utf8('plaintext'))
  })

  test('CR-13 one key takes nonces in any order: nothing of the last one stays', () => {
    const bytes = random(32)
    const key = cipher.importKey(bytes)
    key.rekey()
    for (const n of [2 ** 53 - 1, 0, 2 ** 32, 1])
      expect(toHex(sealed(key, n, EMPTY, EMPTY))).toBe(toHex(independent(name, bytes, BigInt(n), EMPTY, EMPTY)))
  })

  const wrong = [-1, 0.5, 2 ** 53, 2 ** 64 - 1, 2 ** 64, Number.NaN, Number.POSITIVE_INFINITY]
  test.each(wrong)('CR-7 nonce %d is refused before a byte is sealed', (n) => {
    const key = cipher.importKey(random(32))
    const out = new Uint8Array(17).fill(0xa5)
    expect(() => key.seal(n, EMPTY, new Uint8Array(1), out)).toThrow(RangeError)
    expect(out).toEqual(new Uint8Array(17).fill(0xa5))
    expect(() => key.open(n, EMPTY, out)).toThrow(RangeError)
  })

  test('CR-8 rekey is the first 32 bytes of sealing zeros under nonce 2^64-1', () => {
    const bytes = random(32)
    const next = independent(name, bytes, 2n ** 64n - 1n, EMPTY, new Uint8Array(32)).subarray(0, 32)
    const ciphertext = sealed(cipher.importKey(bytes).rekey(), 3, EMPTY, utf8('x'))
    expect(toHex(ciphertext)).toBe(toHex(independent(name, next, 3n, EMPTY, utf8('x'))))
  })

  test.each([0, 16, 24, 31, 33, 64])('CR-2 a key of %d bytes is refused', (length) => {
    expect(() => cipher.importKey(new Uint8Array(length))).toThrow('crypto/bad-key')
  })

  test('CR-6 a change of any bit, of the nonce, of the associated data or of the length opens nothing', () => {
    const key = cipher.importKey(random(32))
    const ad = random(5)
    const ciphertext = sealed(key, 9, ad, random(20))
    for (let bit = 0; bit < ciphertext.length * 8; bit++) {
      const flipped = ciphertext.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(key.open(9, ad, flipped)).toBeUndefined()
    }
    for (let length = 0; length < ciphertext.length; length++)
      expect(key.open(9, ad, ciphertext.subarray(0, length))).toBeUndefined()
    expect(key.open(9, ad, concat(ciphertext, Uint8Array.of(0)))).toBeUndefined()
    expect(key.open(8, ad, ciphertext)).toBeUndefined()
    expect(key.open(9, EMPTY, ciphertext)).toBeUndefined()
    expect(key.open(9, concat(ad, ad), ciphertext)).toBeUndefined()
    expect(key.open(9, ad, ciphertext)?.length).toBe(20)
  })

  test('CR-9 out of another length is refused and not written', () => {
    const key = cipher.importKey(random(32))
    for (const length of [0, 10, 25, 27, 100]) {
      const out = new Uint8Array(length).fill(0xa5)
      expect(() => key.seal(0, EMPTY, new Uint8Array(10), out)).toThrow(RangeError)
      expect(out).toEqual(new Uint8Array(length).fill(0xa5))
    }
  })

  test('CR-9 out that overlaps the plaintext or the associated data by one byte is refused', () => {
    const key = cipher.importKey(random(32))
    const memory = new Uint8Array(100).fill(7)
    const out = memory.subarray(40, 66)
    const overlaps: [ad: Uint8Array, plaintext: Uint8Array][] = [
      [EMPTY, memory.subarray(31, 41)],
      [EMPTY, memory.subarray(65, 75)],
      [EMPTY, memory.subarray(45, 55)],
      [memory.subarray(30, 41), new Uint8Array(10)],
      [memory.subarray(65, 66), new Uint8Array(10)],
      [memory, new Uint8Array(10)],
    ]
    for (const [ad, plaintext] of overlaps) expect(() => key.seal(0, ad, plaintext, out)).toThrow('overlap')
    expect(memory).toEqual(new Uint8Array(100).fill(7))
    key.seal(0, memory.subarray(66), memory.subarray(30, 40), out)
    expect(key.open(0, memory.subarray(66), out)).toEqual(new Uint8Array(10).fill(7))
  })

  const lengths = [0, 1, 15, 16, 17, 63, 64, 65, 4096, 65_519]
  test.each(lengths)('CR-5 %d bytes at an odd offset come back and no input is written', (length) => {
    const bytes = random(32)
    const key = cipher.importKey(bytes)
    const ad = random(13)
    const memory = Uint8Array.from({ length: length + 1 }, (_, i) => i * 31)
    const plaintext = memory.subarray(1)
    const before = [bytes, ad, memory].map(toHex)
    const room = new Uint8Array(length + 19)
    const out = room.subarray(1, length + 17)
    key.seal(1, ad, plaintext, out)
    const sent = toHex(room)
    expect([room[0], ...room.subarray(length + 17)]).toEqual([0, 0, 0])
    const opened = key.open(1, ad, out)
    expect(toHex(opened ?? EMPTY)).toBe(toHex(plaintext))
    expect(Object.getPrototypeOf(opened)).toBe(Uint8Array.prototype)
    expect(opened?.buffer.byteLength).toBe(length)
    expect([bytes, ad, memory].map(toHex)).toEqual(before)
    expect(toHex(room)).toBe(sent)
  })

  test('CR-5 the imported key is a copy', () => {
    const bytes = random(32)
    const key = cipher.importKey(bytes)
    const kept = bytes.slice()
    bytes.fill(0)
    expect(toHex(sealed(key, 0, EMPTY, EMPTY))).toBe(toHex(independent(name, kept, 0n, EMPTY, EMPTY)))
  })

  test('CR-14 an erased key seals, opens and rekeys no more', () => {
    const key = cipher.importKey(random(32))
    const next = key.rekey()
    key.erase()
    key.erase()
    const out = new Uint8Array(16)
    expect(() => key.seal(0, EMPTY, EMPTY, out)).toThrow(TypeError)
    expect(out).toEqual(new Uint8Array(16))
    expect(() => key.open(0, EMPTY, out)).toThrow(TypeError)
    expect(() => key.rekey()).toThrow(TypeError)
    expect(next.open(0, EMPTY, sealed(next, 0, EMPTY, EMPTY))).toEqual(EMPTY)
  })
})

test.skipIf(providers.length < 2)('CR-1 both providers seal alike and open each other', () => {
  const draw = seeded()
  for (const name of names) {
    for (let n = 0; n < 200; n++) {
      const bytes = draw(32)
      const keys = withFixedKeys('both providers seal the same', () =>
        providers.map((provider) => provider.cipher[name].importKey(bytes)),
      )
      const [ad, plaintext] = [draw(n % 40), draw(n)]
      const all = keys.map((key) => sealed(key, n, ad, plaintext))
      expect(new Set(all.map(toHex)).size).toBe(1)
      for (const key of keys) for (const one of all) expect(key.open(n, ad, one)).toEqual(plaintext)
      expect(new Set(keys.map((key) => toHex(sealed(key.rekey(), 0, ad, plaintext)))).size).toBe(1)
    }
  }
})
