import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { concat, toHex } from '../../src/bytes.js'
import type { Aead } from '../../src/crypto/aead.js'
import { hkdfExpand, hkdfExtract } from '../../src/crypto/hkdf.js'
import { nativeAead } from '../../src/crypto/native.js'
import { nobleAead } from '../../src/crypto/noble.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { providers } from './providers.js'

/** A case as read: hex strings, with the fields of its group. */
type Case<Fields extends string> = Readonly<Record<Fields, string>> & {
  readonly tcId: number
  readonly result: 'valid' | 'invalid' | 'acceptable'
  readonly flags: readonly string[]
}
interface File<T> {
  readonly testGroups: readonly { readonly tests: readonly T[] }[]
}

const directory = new URL('../../../shared/vectors/wycheproof/', import.meta.url)
const present = existsSync(directory)
if (!present)
  console.warn('SKIPPED: no Wycheproof vectors beside the repository; the providers are not checked against them')

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

const load = <T>(file: string): readonly T[] => {
  const { testGroups }: File<T> = JSON.parse(readFileSync(new URL(file, directory), 'utf8'))
  return testGroups.flatMap(({ tests, ...group }) => tests.map((one) => ({ ...group, ...one })))
}

/** How often each verdict was given. */
const tally = <T>(cases: readonly T[], verdict: (one: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const one of cases) {
    const given = verdict(one)
    counts[given] = (counts[given] ?? 0) + 1
  }
  return counts
}

/** The code of the SottoError that `body` throws, or else what it returns. */
const outcome = <T>(body: () => T): T | string => {
  try {
    return body()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
}

/** One key, one nonce: `seal` and `open` of an Aead whose form of key is hidden. */
interface Once {
  readonly seal: (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array) => Uint8Array
  readonly open: (key: Uint8Array, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array) => Uint8Array | undefined
}

const once = <K>(aead: Aead<K>): Once => ({
  seal: (key, nonce, ad, plaintext) => {
    const out = new Uint8Array(plaintext.length + 16)
    aead.seal(aead.hold(key).key, nonce, ad, plaintext, out)
    return out
  },
  open: (key, nonce, ad, ciphertext) => aead.open(aead.hold(key).key, nonce, ad, ciphertext),
})

const aeadOf = (provider: Provider, name: CipherName): Once =>
  provider.name === 'noble' ? once(nobleAead[name]) : once(nativeAead[name])

describe.skipIf(!present).each(providers)('Wycheproof on $name', (provider) => {
  test('CR-3 CR-4 X25519: 518 cases, the 31 of flag ZeroSharedSecret refused and no other', () => {
    const counts = tally(load<Case<'public' | 'private' | 'shared'>>('x25519.json'), (one) => {
      const given = outcome(() => toHex(provider.dh['25519'].importKey(bytes(one.private)).agree(bytes(one.public))))
      const zero = one.flags.includes('ZeroSharedSecret')
      expect(given, `case ${one.tcId}`).toBe(zero ? 'crypto/zero-shared' : one.shared)
      return zero ? 'refused' : 'agreed'
    })
    expect(counts).toEqual({ agreed: 487, refused: 31 })
  })

  test('CR-10 Ed25519: 151 cases by strict RFC 8032', () => {
    const cases = load<Case<'msg' | 'sig'> & { readonly publicKey: { readonly pk: string } }>('ed25519.json')
    const counts = tally(cases, (one) => {
      const given = provider.ed25519.verify(bytes(one.publicKey.pk), bytes(one.msg), bytes(one.sig))
      expect(given, `case ${one.tcId}`).toBe(one.result === 'valid')
      return one.result
    })
    expect(counts).toEqual({ valid: 88, invalid: 63 })
  })

  const aeads = [
    ['ChaChaPoly', 'chacha20_poly1305.json', { opened: 256, failed: 60, 'no such nonce': 9 }],
    ['AESGCM', 'aes_gcm.json', { opened: 39, failed: 27, 'no such nonce': 39, 'crypto/bad-key': 211 }],
  ] as const
  test.each(aeads)(
    'CR-2 CR-6 %s: every case of 256-bit key and 96-bit nonce, no other form',
    (name, file, expected) => {
      const { seal, open } = aeadOf(provider, name)
      const counts = tally(load<Case<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag'>>(file), (one) => {
        const [key, nonce, ad, plaintext] = [bytes(one.key), bytes(one.iv), bytes(one.aad), bytes(one.msg)]
        const imported = outcome(() => provider.cipher[name].importKey(key))
        if (typeof imported === 'string') return imported
        // The interface takes a counter: a nonce of another length cannot be said.
        if (nonce.length !== 12) return 'no such nonce'
        const opened = open(key, nonce, ad, bytes(one.ct + one.tag))
        expect(opened && toHex(opened), `case ${one.tcId}`).toBe(one.result === 'valid' ? one.msg : undefined)
        if (opened === undefined) return 'failed'
        expect(toHex(seal(key, nonce, ad, plaintext)), `case ${one.tcId}`).toBe(one.ct + one.tag)
        return 'opened'
      })
      expect(counts).toEqual(expected)
    },
  )

  test('CR-16 HKDF-SHA256: 86 cases, the 3 of too large a size refused', () => {
    const hash = provider.hash.SHA256
    const cases = load<Case<'ikm' | 'salt' | 'info' | 'okm'> & { readonly size: number }>('hkdf_sha256.json')
    const counts = tally(cases, (one) => {
      const prk = hkdfExtract(hash, bytes(one.salt), bytes(one.ikm))
      const expand = () => toHex(hkdfExpand(hash, prk, bytes(one.info), one.size))
      if (one.result === 'invalid') expect(expand).toThrow(RangeError)
      else expect(expand(), `case ${one.tcId}`).toBe(one.okm)
      return one.result
    })
    expect(counts).toEqual({ valid: 83, invalid: 3 })
  })

  test('CR-11 ML-KEM-768 key generation from a seed: 100 cases', () => {
    const cases = load<Case<'seed' | 'ek'>>('mlkem_768_keygen_seed.json')
    for (const one of cases) expect(toHex(provider.mlkem768.importKey(bytes(one.seed)).publicKey)).toBe(one.ek)
    expect(cases.length).toBe(100)
  })

  test('CR-2 CR-11 ML-KEM-768 decapsulation: 193 cases, the 40 of a wrong length refused', () => {
    const counts = tally(load<Case<'seed' | 'c' | 'K'>>('mlkem_768.json'), (one) => {
      const given = outcome(() => toHex(provider.mlkem768.importKey(bytes(one.seed)).decapsulate(bytes(one.c))))
      expect(given, `case ${one.tcId}`).toBe(one.result === 'valid' ? one.K : 'crypto/bad-key')
      return one.result
    })
    expect(counts).toEqual({ valid: 153, invalid: 40 })
  })

  test('CR-2 CR-12 ML-KEM-768 encapsulation: 265 cases, the 132 of a bad public key refused', () => {
    const counts = tally(load<Case<'ek' | 'm' | 'c' | 'K'>>('mlkem_768_encaps.json'), (one) => {
      const encapsulated = (m?: Uint8Array) =>
        outcome(() => {
          const { ciphertext, secret } = provider.mlkem768.encapsulate(bytes(one.ek), m)
          return concat(ciphertext, secret)
        })
      // Fresh randomness takes another way through the native provider.
      const [given, fresh] = [encapsulated(bytes(one.m)), encapsulated()]
      if (typeof given === 'string' || typeof fresh === 'string') {
        expect([one.result, given, fresh], `case ${one.tcId}`).toEqual(['invalid', 'crypto/bad-key', 'crypto/bad-key'])
        return 'refused'
      }
      expect(toHex(given), `case ${one.tcId}`).toBe(one.c + one.K)
      expect(fresh.length).toBe(given.length)
      return one.result
    })
    expect(counts).toEqual({ valid: 133, refused: 132 })
  })
})
