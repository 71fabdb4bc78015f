import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import type { DhName } from '../../src/crypto/provider.js'
import { providers, seeded } from './providers.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const names = ['25519', '448'] as const

/** RFC 7748 sections 6.1 and 6.2: two secrets, their public keys, what they share. */
const RFC7748 = {
  '25519': {
    secrets: [
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
    ],
    publics: [
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
    shared: '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742',
  },
  '448': {
    secrets: [
      '9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b',
      '1c306a7ac2a0e2e0990b294470cba339e6453772b075811d8fad0d1d6927c120bb5ee8972b0d3e21374c9c921b09d1b0366f10b65173992d',
    ],
    publics: [
      '9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0',
      '3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609',
    ],
    shared:
      '07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56fd2464c335543936521c24403085d59a449a5037514a879d',
  },
} as const satisfies Record<DhName, object>

const PRIMES: Readonly<Record<DhName, bigint>> = { '25519': 2n ** 255n - 19n, '448': 2n ** 448n - 2n ** 224n - 1n }

const littleEndian = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))

const cases = providers.flatMap((provider) => names.map((name) => ({ on: provider.name, name, provider })))

describe.each(cases)('DH $name on $on', ({ name, provider }) => {
  const dh = provider.dh[name]
  const prime = PRIMES[name]

  test('CR-3 the example of RFC 7748 section 6', () => {
    const { secrets, publics, shared } = RFC7748[name]
    const [a, b] = [dh.importKey(hex(secrets[0])), dh.importKey(hex(secrets[1]), hex(publics[1]))]
    expect([a, b].map((key) => toHex(key.publicKey))).toEqual(publics)
    expect(toHex(a.agree(b.publicKey))).toBe(shared)
    expect(toHex(b.agree(a.publicKey))).toBe(shared)
  })

  test('CR-4 every low-order u and its second spellings are refused', () => {
    const key = dh.importKey(provider.randomBytes(dh.length))
    const low = [0n, 1n, prime - 1n, prime, prime + 1n].map((u) => littleEndian(u, dh.length))
    for (const publicKey of low)
      expect(() => key.agree(publicKey)).toThrow(expect.objectContaining({ code: 'crypto/zero-shared' }))
  })

  test('CR-3 a non-canonical u counts as its remainder', () => {
    const key = dh.importKey(provider.randomBytes(dh.length))
    for (const u of [2n, 3n, 18n]) {
      const reduced = key.agree(littleEndian(u, dh.length))
      expect(toHex(key.agree(littleEndian(u + prime, dh.length)))).toBe(toHex(reduced))
    }
  })

  test('CR-2 secrets and public keys of another length are refused', () => {
    const key = dh.importKey(provider.randomBytes(dh.length))
    for (const length of [0, 1, dh.length - 1, dh.length + 1, 2 * dh.length, 65_536]) {
      const bytes = new Uint8Array(length).fill(9)
      expect(() => dh.importKey(bytes)).toThrow('crypto/bad-key')
      expect(() => dh.importKey(new Uint8Array(dh.length), bytes)).toThrow('crypto/bad-key')
      expect(() => key.agree(bytes)).toThrow('crypto/bad-key')
    }
  })

  test('CR-5 no argument is kept or written, and each result has memory of its own', () => {
    const memory = provider.randomBytes(3 * dh.length)
    const secret = memory.subarray(1, dh.length + 1)
    const remote = memory.subarray(dh.length + 1, 2 * dh.length + 1)
    const before = toHex(memory)
    const key = dh.importKey(secret)
    const shared = key.agree(remote)
    expect(toHex(memory)).toBe(before)
    const copy = remote.slice()
    memory.fill(0)
    expect(toHex(key.agree(copy))).toBe(toHex(shared))
    for (const result of [shared, key.publicKey]) {
      expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
      expect(result.buffer.byteLength).toBe(dh.length)
    }
  })

  test('CR-14 an erased key agrees no more', () => {
    const key = dh.importKey(provider.randomBytes(dh.length))
    key.erase()
    key.erase()
    expect(() => key.agree(littleEndian(9n, dh.length))).toThrow(TypeError)
  })
})

test('CR-3 bit 255 of an X25519 public key is ignored', () => {
  for (const provider of providers) {
    const key = provider.dh['25519'].importKey(provider.randomBytes(32))
    const publicKey = provider.dh['25519'].importKey(provider.randomBytes(32)).publicKey
    const high = publicKey.slice()
    high[31] = (high[31] ?? 0) | 0x80
    expect(toHex(key.agree(high))).toBe(toHex(key.agree(publicKey)))
  }
})

test.skipIf(providers.length < 2).each(names)('CR-1 both providers derive and agree alike (%s)', (name) => {
  const draw = seeded()
  for (let i = 0; i < 40; i++) {
    const length = providers[0]?.dh[name].length ?? 0
    const [secret, remote] = [draw(length), draw(length)]
    const keys = providers.map((provider) => provider.dh[name].importKey(secret))
    expect(new Set(keys.map((key) => toHex(key.publicKey))).size).toBe(1)
    expect(new Set(keys.map((key) => toHex(key.agree(remote)))).size).toBe(1)
  }
})
