import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { providers, seeded } from './providers.js'

const { Point } = ed25519
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** A point of order 8: adding it changes a key or an R only by the cofactor. */
const torsion = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')

/** A signature over `message` that holds once multiplied by the cofactor, under a key shifted by `torsion`. */
const mixedOrder = (message: Uint8Array, secret: bigint, shift: 'key' | 'R') => {
  const plainKey = Point.BASE.multiply(secret)
  const publicKey = (shift === 'key' ? plainKey.add(torsion) : plainKey).toBytes()
  const r = bytesToNumberLE(sha512(message)) % Point.Fn.ORDER
  const plainR = Point.BASE.multiply(r)
  const R = (shift === 'R' ? plainR.add(torsion) : plainR).toBytes()
  const k = bytesToNumberLE(sha512(concat(R, publicKey, message))) % Point.Fn.ORDER
  const s = (r + k * secret) % Point.Fn.ORDER
  return { publicKey, signature: concat(R, numberToBytesLE(s, 32)), exact: shift === 'key' && k % 8n === 0n }
}

describe.each(providers)('Ed25519 on $name', (provider) => {
  const signature = provider.ed25519

  test('CR-10 RFC 8032 section 7.1, tests 1 and 2', () => {
    const rows = [
      [
        '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
        '',
      ],
      [
        '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
        '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
        '72',
      ],
    ] as const
    for (const [secretKey, publicKey, message] of rows) {
      const pair = signature.generateKeyPair(hex(secretKey))
      expect(toHex(pair.secretKey)).toBe(secretKey)
      expect(toHex(pair.publicKey)).toBe(publicKey)
      const signed = signature.sign(pair.secretKey, hex(message))
      expect(signature.verify(pair.publicKey, hex(message), signed)).toBe(true)
    }
  })

  test('CR-10 a signature that only the cofactor makes true is refused', () => {
    const verdicts = new Set<boolean>()
    for (let i = 1; i <= 40; i++) {
      for (const shift of ['key', 'R'] as const) {
        const message = utf8(`message ${i}`)
        const { publicKey, signature: signed, exact } = mixedOrder(message, BigInt(i) ** 20n + 7n, shift)
        expect(ed25519.verify(signed, message, publicKey, { zip215: false })).toBe(true)
        expect(signature.verify(publicKey, message, signed)).toBe(exact)
        verdicts.add(exact)
      }
    }
    expect(verdicts.size).toBe(2)
  })

  test('CR-10 a public key of small order is refused in every spelling', () => {
    // With S = 0 and R the identity, a key of order 1 satisfies the equation for every message.
    const identity = Point.ZERO.toBytes()
    const signed = concat(identity, new Uint8Array(32))
    expect(ed25519.verify(signed, EMPTY, identity, { zip215: true })).toBe(true)
    const prime = Point.Fp.ORDER
    for (let order = 0n; order < 8n; order++) {
      const y = bytesToNumberLE(torsion.multiplyUnsafe(order).toBytes()) & (2n ** 255n - 1n)
      for (const spelled of [y, y + prime].filter((value) => value < 2n ** 255n))
        for (const sign of [0n, 1n << 255n])
          for (let i = 0; i < 16; i++)
            expect(signature.verify(numberToBytesLE(spelled + sign, 32), Uint8Array.of(i), signed)).toBe(false)
    }
  })

  test('CR-10 a second spelling of y, of R or of S is refused', () => {
    const { secretKey, publicKey } = signature.generateKeyPair()
    const signed = signature.sign(secretKey, EMPTY)
    const s = bytesToNumberLE(signed.subarray(32)) + Point.Fn.ORDER
    expect(signature.verify(publicKey, EMPTY, concat(signed.subarray(0, 32), numberToBytesLE(s, 32)))).toBe(false)
    for (let y = 0n; y < 19n; y++) {
      const unreduced = numberToBytesLE(y + Point.Fp.ORDER, 32)
      expect(signature.verify(unreduced, EMPTY, signed)).toBe(false)
      expect(signature.verify(publicKey, EMPTY, concat(unreduced, signed.subarray(32)))).toBe(false)
    }
  })

  test('CR-2 malformed input is false to verify, and a secret of another length is refused', () => {
    const { secretKey, publicKey } = signature.generateKeyPair()
    const signed = signature.sign(secretKey, utf8('m'))
    expect(signature.verify(publicKey, utf8('m'), signed)).toBe(true)
    for (const length of [0, 31, 33, 63, 65, 64_000]) {
      expect(signature.verify(new Uint8Array(length), utf8('m'), signed)).toBe(false)
      expect(signature.verify(publicKey, utf8('m'), new Uint8Array(length))).toBe(false)
      expect(() => signature.sign(new Uint8Array(length), EMPTY)).toThrow('crypto/bad-key')
      expect(() => signature.generateKeyPair(new Uint8Array(length))).toThrow('crypto/bad-key')
    }
    for (let bit = 0; bit < 512; bit++) {
      const flipped = signed.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(signature.verify(publicKey, utf8('m'), flipped)).toBe(false)
    }
  })

  test('CR-5 no argument is kept or written', () => {
    const seed = new Uint8Array(32).fill(3)
    const pair = signature.generateKeyPair(seed)
    expect(pair.secretKey.buffer).not.toBe(seed.buffer)
    const message = utf8('m')
    const signed = signature.sign(seed, message)
    expect(signature.verify(pair.publicKey, message, signed)).toBe(true)
    expect(seed).toEqual(new Uint8Array(32).fill(3))
    expect(message).toEqual(utf8('m'))
    expect(Object.getPrototypeOf(signed)).toBe(Uint8Array.prototype)
    expect(signed.buffer.byteLength).toBe(64)
  })
})

test.skipIf(providers.length < 2)(
  'CR-1 both providers sign alike and give the same verdict on random keys and signatures',
  () => {
    const draw = seeded()
    for (let i = 0; i < 100; i++) {
      const [seed, message, publicKey, noise] = [draw(32), draw(i), draw(32), draw(64)]
      expect(new Set(providers.map(({ ed25519: own }) => toHex(own.generateKeyPair(seed).publicKey))).size).toBe(1)
      expect(new Set(providers.map(({ ed25519: own }) => toHex(own.sign(seed, message)))).size).toBe(1)
      for (const { ed25519: own } of providers) expect(own.verify(publicKey, message, noise)).toBe(false)
    }
  },
)
