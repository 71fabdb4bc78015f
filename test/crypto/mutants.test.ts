import { describe, expect, test } from 'vitest'
import { EMPTY, utf8 } from '../../src/bytes.js'
import { hkdfExpand, hkdfNoise } from '../../src/crypto/hkdf.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import { openWithPassphrase, sealWithPassphrase } from '../../src/crypto/passphrase.js'
import type { Cipher, Hash, Provider } from '../../src/crypto/provider.js'
import { type ErrorCode, SottoError } from '../../src/errors.js'
import { providers } from './providers.js'

const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
  return undefined
}

const secret = Uint8Array.from({ length: 40 }, (_, index) => index + 1)

describe('a sealed secret', () => {
  const provider = noble
  const sealed = sealWithPassphrase(provider, secret, 'öffnen', 'identity', 14)

  test('ID-7 opens under its passphrase in either Unicode form, and under no other passphrase or kind', () => {
    expect(sealed.length).toBe(secret.length + 33)
    expect(sealed[0]).toBe(14)
    expect(openWithPassphrase(provider, sealed, 'öffnen', 'identity')).toEqual(secret)
    expect(openWithPassphrase(provider, sealed, 'öffnen'.normalize('NFD'), 'identity')).toEqual(secret)
    expect(openWithPassphrase(provider, sealed, 'offnen', 'identity')).toBeUndefined()
    for (const as of ['issuer', 'auditor'] as const)
      expect(openWithPassphrase(provider, sealed, 'öffnen', as)).toBeUndefined()
  })

  test('ID-7 opens in no changed form: salt, text or tag', () => {
    for (const at of [1, 16, 17, 72]) {
      const changed = sealed.map((byte, index) => (index === at ? byte ^ 1 : byte))
      expect(openWithPassphrase(provider, changed, 'öffnen', 'identity'), `byte ${at}`).toBeUndefined()
    }
  })

  test('ID-7 two of one secret under one passphrase have no salt in common', () => {
    const again = sealWithPassphrase(provider, secret, 'öffnen', 'identity', 14)
    expect(again.subarray(1, 17)).not.toEqual(sealed.subarray(1, 17))
    expect(openWithPassphrase(provider, again, 'öffnen', 'identity')).toEqual(secret)
  })
})

test('ID-7 a cost outside 14 to 18 and too few bytes are refused before any work, in sealing and in opening', () => {
  const atRest: Provider = {
    ...noble,
    get cipher(): never {
      throw new Error('expected no work')
    },
  }
  for (const cost of [0, 13, 19, 14.5, 255, Number.NaN])
    expect(() => sealWithPassphrase(atRest, secret, 'a', 'issuer', cost)).toThrow(RangeError)
  expect(() => sealWithPassphrase(atRest, secret, '', 'issuer', 14)).toThrow(RangeError)
  for (const cost of [0, 13, 19, 255]) {
    const bytes = new Uint8Array(40)
    bytes[0] = cost
    expect(codeOf(() => openWithPassphrase(atRest, bytes, 'a', 'issuer'))).toBe('crypto/bad-key')
  }
  for (const length of [0, 1, 17, 32]) {
    const bytes = new Uint8Array(length).fill(14)
    expect(codeOf(() => openWithPassphrase(atRest, bytes, 'a', 'issuer'))).toBe('crypto/bad-key')
  }
})

test('ID-7 the least that is sealed, a secret of no bytes, opens', () => {
  const sealed = sealWithPassphrase(noble, EMPTY, 'a', 'auditor', 14)
  expect(sealed.length).toBe(33)
  expect(openWithPassphrase(noble, sealed, 'a', 'auditor')).toEqual(EMPTY)
})

test('CR-15 of a passphrase no key is left that still opens', () => {
  const made: ReturnType<Cipher['importKey']>[] = []
  const given: Uint8Array[] = []
  const { ChaChaPoly } = noble.cipher
  const provider: Provider = {
    ...noble,
    cipher: {
      ...noble.cipher,
      ChaChaPoly: {
        ...ChaChaPoly,
        importKey: (bytes) => {
          const key = ChaChaPoly.importKey(bytes)
          made.push(key)
          given.push(bytes)
          return key
        },
      },
    },
  }
  openWithPassphrase(provider, sealWithPassphrase(provider, secret, 'a', 'issuer', 14), 'a', 'issuer')
  expect(made.length).toBe(2)
  for (const key of made) expect(() => key.open(0, EMPTY, new Uint8Array(16))).toThrow(TypeError)
  for (const bytes of given) expect(bytes).toEqual(new Uint8Array(32))
})

/** `hash`, and what its HMAC gave. */
const watched = (hash: Hash): { readonly hash: Hash; readonly macs: Uint8Array[] } => {
  const macs: Uint8Array[] = []
  const hmac: Hash['hmac'] = (key, ...parts) => {
    const mac = hash.hmac(key, ...parts)
    macs.push(mac)
    return mac
  }
  return { hash: { ...hash, hmac }, macs }
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

test.each(['SHA256', 'BLAKE2b'] as const)(
  'CR-16 CR-17 HKDF over %s leaves nothing of what it passed through',
  (name) => {
    const { hash, macs } = watched(noble.hash[name])
    const out = hkdfExpand(hash, new Uint8Array(32).fill(1), utf8('info'), 3 * hash.length - 1)
    expect(macs.length).toBe(3)
    expect(macs.every(isZero)).toBe(true)
    expect(isZero(out.subarray(-8))).toBe(false)
    for (const outputs of [2, 3] as const) {
      macs.splice(0)
      const given = outputs === 2 ? hkdfNoise(hash, out, EMPTY, 2) : hkdfNoise(hash, out, EMPTY, 3)
      expect(macs.map(isZero)).toEqual([true, ...given.map(() => false)])
      expect(macs.slice(1)).toEqual(given)
    }
  },
)

test('CR-16 gives 0 to 255 blocks, and refuses one byte more', () => {
  const hash = noble.hash.SHA256
  const prk = new Uint8Array(32).fill(3)
  expect(hkdfExpand(hash, prk, EMPTY, 0)).toEqual(EMPTY)
  const longest = hkdfExpand(hash, prk, EMPTY, 255 * 32)
  expect(isZero(longest.subarray(-32))).toBe(false)
  expect(hkdfExpand(hash, prk, EMPTY, 33)).toEqual(longest.subarray(0, 33))
  for (const length of [-1, 0.5, 255 * 32 + 1, Number.NaN])
    expect(() => hkdfExpand(hash, prk, EMPTY, length)).toThrow(RangeError)
})

test('CR-1 a provider goes by its name, and so does each algorithm of it', () => {
  expect(providers.map(({ name }) => name)).toEqual(native === undefined ? ['noble'] : ['noble', 'native'])
  for (const { dh, cipher, hash } of providers)
    for (const table of [dh, cipher, hash])
      for (const [name, algorithm] of Object.entries(table)) expect(algorithm.name).toBe(name)
  expect(noble.nativeAes).toBe(false)
})

// Runtimes but Node lack some of these, and the reference stands in there.
test.runIf(native !== undefined)(
  'CR-1 Node has each curve, cipher and hash itself, and none of them is the reference',
  () => {
    const tables = (['dh', 'cipher', 'hash'] as const).map((table) => [native?.[table], noble[table]] as const)
    for (const [own = {}, reference] of tables) {
      const references = new Map(Object.entries(reference))
      for (const [name, algorithm] of Object.entries(own)) expect(algorithm, name).not.toBe(references.get(name))
    }
    expect(native?.ed25519).not.toBe(noble.ed25519)
    expect(native?.nativeAes).toBe(true)
  },
)

test.each(providers.map((provider) => [provider.name, provider] as const))(
  'CR-2 CR-9 with %s lengths that are wrong by one are refused before any work',
  (_, { cipher, mlkem768 }) => {
    const { publicKey } = mlkem768.importKey(new Uint8Array(64))
    for (const length of [0, 31, 33])
      expect(() => mlkem768.encapsulate(publicKey, new Uint8Array(length))).toThrow('m: expected 32 bytes')
    for (const each of Object.values(cipher)) {
      const key = each.importKey(new Uint8Array(32).fill(each.name.length))
      for (const room of [0, 15, 17]) expect(() => key.seal(0, EMPTY, EMPTY, new Uint8Array(room))).toThrow(RangeError)
      for (const n of [-1, 0.5, 2 ** 53, Number.NaN]) {
        expect(() => key.seal(n, EMPTY, EMPTY, new Uint8Array(16))).toThrow(RangeError)
        expect(() => key.open(n, EMPTY, new Uint8Array(16))).toThrow(RangeError)
      }
      for (const length of [0, 1, 15, 16]) expect(key.open(0, EMPTY, new Uint8Array(length))).toBeUndefined()
    }
  },
)

test('CR-9 what is sealed may go where its input ends, and nowhere before', () => {
  const key = noble.cipher.ChaChaPoly.importKey(new Uint8Array(32).fill(0x51))
  const memory = new Uint8Array(100)
  const view = (at: number, length: number): Uint8Array => memory.subarray(at, at + length)
  for (const [at, from] of [
    [10, 20],
    [20, 10],
    [10, 10],
  ] as const) {
    expect(() => key.seal(0, EMPTY, view(at, 11), view(from, 27))).toThrow(RangeError)
    expect(() => key.seal(0, view(at, 28), EMPTY, view(from, 16))).toThrow(RangeError)
  }
  key.seal(1, view(36, 10), view(0, 4), view(4, 20))
  // Nothing overlaps what has no bytes.
  key.seal(2, view(10, 0), view(12, 0), view(4, 16))
})
