import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { providers, seeded } from './providers.js'

describe.each(providers)('ML-KEM-768 on $name', (provider) => {
  const kem = provider.mlkem768

  test('CR-11 what is encapsulated to a public key comes out of its seed', () => {
    const key = kem.importKey(provider.randomBytes(64))
    const { ciphertext, secret } = kem.encapsulate(key.publicKey)
    expect([key.publicKey.length, ciphertext.length, secret.length]).toEqual([1184, 1088, 32])
    expect([kem.publicKeyLength, kem.ciphertextLength, kem.secretLength]).toEqual([1184, 1088, 32])
    expect(toHex(key.decapsulate(ciphertext))).toBe(toHex(secret))
    expect(toHex(kem.encapsulate(key.publicKey).secret)).not.toBe(toHex(secret))
  })

  test('CR-11 a wrong ciphertext gives an unrelated secret, the same each time, and no error', () => {
    const key = kem.importKey(provider.randomBytes(64))
    const { ciphertext, secret } = kem.encapsulate(key.publicKey)
    for (const at of [0, 500, 1087]) {
      const wrong = ciphertext.slice()
      wrong[at] = (wrong[at] ?? 0) ^ 1
      const rejected = toHex(key.decapsulate(wrong))
      expect(rejected).not.toBe(toHex(secret))
      expect(toHex(key.decapsulate(wrong))).toBe(rejected)
    }
  })

  test('CR-2 seeds, ciphertexts, public keys and randomness of another length are refused', () => {
    const key = kem.importKey(provider.randomBytes(64))
    for (const length of [0, 31, 33, 63, 65, 1087, 1089, 1183, 1185, 2400]) {
      const bytes = new Uint8Array(length)
      expect(() => kem.importKey(bytes)).toThrow('crypto/bad-key')
      expect(() => key.decapsulate(bytes)).toThrow('crypto/bad-key')
      expect(() => kem.encapsulate(bytes)).toThrow('crypto/bad-key')
      expect(() => kem.encapsulate(key.publicKey, bytes)).toThrow('crypto/bad-key')
    }
  })

  test('CR-12 a public key with a coefficient of 3329 or more is refused', () => {
    const { publicKey } = kem.importKey(provider.randomBytes(64))
    for (const at of [0, 3, 1149]) {
      const wrong = publicKey.slice()
      // Twelve low bits at `at`: 3329 is 0xd01.
      wrong[at] = 0x01
      wrong[at + 1] = ((wrong[at + 1] ?? 0) & 0xf0) | 0x0d
      expect(() => kem.encapsulate(wrong)).toThrow('crypto/bad-key')
      expect(() => kem.encapsulate(wrong, new Uint8Array(32))).toThrow('crypto/bad-key')
    }
  })

  test('CR-5 no argument is kept or written, and each result has memory of its own', () => {
    const [seed, m] = [provider.randomBytes(64), provider.randomBytes(32)]
    const before = [seed, m].map(toHex)
    const key = kem.importKey(seed)
    const { ciphertext, secret } = kem.encapsulate(key.publicKey, m)
    expect([seed, m].map(toHex)).toEqual(before)
    seed.fill(0)
    const opened = key.decapsulate(ciphertext)
    expect(toHex(opened)).toBe(toHex(secret))
    for (const result of [key.publicKey, ciphertext, secret, opened]) {
      expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
      expect(result.buffer.byteLength).toBe(result.length)
    }
  })

  test('CR-14 an erased key decapsulates no more', () => {
    const key = kem.importKey(provider.randomBytes(64))
    const { ciphertext } = kem.encapsulate(key.publicKey)
    key.erase()
    key.erase()
    expect(() => key.decapsulate(ciphertext)).toThrow(TypeError)
  })
})

test.skipIf(providers.length < 2)('CR-1 both providers derive, encapsulate and decapsulate alike', () => {
  const draw = seeded()
  for (let i = 0; i < 20; i++) {
    const [seed, m, noise] = [draw(64), draw(32), draw(1088)]
    const keys = providers.map(({ mlkem768 }) => mlkem768.importKey(seed))
    expect(new Set(keys.map((key) => toHex(key.publicKey))).size).toBe(1)
    expect(new Set(keys.map((key) => toHex(key.decapsulate(noise)))).size).toBe(1)
    for (const { mlkem768 } of providers) {
      const publicKey = mlkem768.importKey(seed).publicKey
      for (const { ciphertext, secret } of [mlkem768.encapsulate(publicKey), mlkem768.encapsulate(publicKey, m)])
        for (const key of keys) expect(toHex(key.decapsulate(ciphertext))).toBe(toHex(secret))
    }
  }
})
