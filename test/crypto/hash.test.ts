import { describe, expect, test } from 'vitest'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { hkdfExpand, hkdfExtract, hkdfNoise } from '../../src/crypto/hkdf.js'
import { providers, seeded } from './providers.js'

const names = ['SHA256', 'SHA512', 'BLAKE2s', 'BLAKE2b'] as const

/** Of Python's hashlib and hmac: the digest of "abc", and its HMAC under 200 bytes "k". */
const KNOWN = {
  SHA256: [
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    'ce632aa86d6a3fd3c79f06217c0a506599d055cd38eb385b16a2939f2488f686',
  ],
  SHA512: [
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    '600057e6cba9ce3e078c0ae32f0ba3a786002d1da4853945c899aa7678f932f03c77200044e668ac0ae89029a08cae59b9ed7f93ffed3b39371e4d4f08c3c376',
  ],
  BLAKE2s: [
    '508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982',
    'fac9e7320b78648ca7bb87e3abd5d1fd9e41fb59936a5412b20569d855d1e07e',
  ],
  BLAKE2b: [
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
    '047f6ef3d5b3c31b5d2d1a987e4ac9261d92541cab6a0906b85934f5ca6e4090d514d6a86455931e7c35094b86857777fa968eaac0d1a65a6416f6dd0cf096dd',
  ],
} as const

const cases = providers.flatMap((provider) =>
  names.map((name) => ({ on: provider.name, hash: provider.hash[name], name })),
)

describe.each(cases)('$name on $on', ({ hash, name }) => {
  test('CR-18 digest and HMAC of known input, whole and in parts', () => {
    const [digest, mac] = KNOWN[name]
    expect(toHex(hash.digest(utf8('abc')))).toBe(digest)
    expect(toHex(hash.digest(utf8('a'), EMPTY, utf8('bc')))).toBe(digest)
    const key = new Uint8Array(200).fill(0x6b)
    expect(toHex(hash.hmac(key, utf8('abc')))).toBe(mac)
    expect(toHex(hash.hmac(key, EMPTY, utf8('ab'), utf8('c')))).toBe(mac)
  })

  test('CR-18 the lengths of the Noise specification section 12', () => {
    const long = name === 'SHA512' || name === 'BLAKE2b'
    expect([hash.name, hash.length, hash.blockLength]).toEqual([name, long ? 64 : 32, long ? 128 : 64])
    expect(hash.digest().length).toBe(hash.length)
    expect(hash.hmac(EMPTY).length).toBe(hash.length)
  })

  test('CR-5 no argument is written, and each result has memory of its own', () => {
    const [key, part] = [new Uint8Array(200).fill(1), new Uint8Array(300).fill(2)]
    for (const result of [hash.digest(part), hash.hmac(key, part)]) {
      expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
      expect(result.buffer.byteLength).toBe(hash.length)
      result.fill(0)
    }
    expect(key).toEqual(new Uint8Array(200).fill(1))
    expect(part).toEqual(new Uint8Array(300).fill(2))
  })

  test('CR-16 HKDF-Expand gives 0 to 255 blocks and refuses any other length', () => {
    const prk = hash.digest(utf8('prk'))
    const most = 255 * hash.length
    const all = hkdfExpand(hash, prk, utf8('info'), most)
    for (const length of [0, 1, hash.length - 1, hash.length, hash.length + 1, most])
      expect(toHex(hkdfExpand(hash, prk, utf8('info'), length))).toBe(toHex(all.subarray(0, length)))
    for (const length of [-1, 0.5, most + 1, Number.NaN])
      expect(() => hkdfExpand(hash, prk, EMPTY, length)).toThrow(RangeError)
    expect(toHex(prk)).toBe(toHex(hash.digest(utf8('prk'))))
  })

  test('CR-17 the HKDF of Noise is RFC 5869 with ck for salt, no info, two or three blocks', () => {
    const [ck, ikm] = [hash.digest(utf8('ck')), utf8('input key material')]
    for (const material of [ikm, EMPTY]) {
      const prk = hkdfExtract(hash, ck, material)
      const two = hkdfNoise(hash, ck, material, 2)
      const three = hkdfNoise(hash, ck, material, 3)
      expect(two.map(toHex)).toEqual(three.slice(0, 2).map(toHex))
      expect(toHex(concat(...three))).toBe(toHex(hkdfExpand(hash, prk, EMPTY, 3 * hash.length)))
    }
  })
})

test.skipIf(providers.length < 2).each(names)('CR-1 both providers hash alike (%s)', (name) => {
  const draw = seeded()
  for (let i = 0; i < 300; i++) {
    const [key, a, b] = [draw(i % 150), draw(i), draw(i % 7)]
    expect(new Set(providers.map(({ hash }) => toHex(hash[name].digest(a, b)))).size).toBe(1)
    expect(new Set(providers.map(({ hash }) => toHex(hash[name].hmac(key, a, b)))).size).toBe(1)
  }
})
