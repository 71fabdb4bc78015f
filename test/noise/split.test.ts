import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { lengthPrefixed, utf8 } from '../../src/bytes.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import { Split } from '../../src/noise/split.js'
import { SymmetricState } from '../../src/noise/symmetricstate.js'
import { withFixedKeys } from '../setup/nonces.js'
import { codeOf, play, protocolOf, sidesOf } from './handshakes.js'

const NONE = new Uint8Array(0)

describe.each([noble, ...(native ? [native] : [])])('with $name', (provider) => {
  const finished = (section = 'XX') => {
    const sides = sidesOf(protocolOf(section), provider)
    play(sides, NONE)
    return { initiator: sides.initiator.split(), responder: sides.responder.split() }
  }

  test.each([
    ['SHA256', 'sha256'],
    ['SHA512', 'sha512'],
  ] as const)('NO-26, NO-27 with %s the outputs are the formulas, computed apart', (name, algorithm) => {
    const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array => {
      const mac = createHmac(algorithm, key)
      for (const part of parts) mac.update(part)
      return mac.digest()
    }
    const hash = provider.hash[name]
    // Before any MixKey, ck is the padded protocol name (5.2).
    const ck = new Uint8Array(hash.length)
    ck.set(utf8('Noise_Test'))
    const t = hmac(ck)
    const k1 = hmac(t, Uint8Array.of(1))
    const k2 = hmac(t, k1, Uint8Array.of(2))
    const x = hmac(t, k2, Uint8Array.of(3))
    const h = new Uint8Array(hash.length).fill(9)
    const exp = hmac(x, utf8('Sotto/1 exporter'), h, Uint8Array.of(1))
    const info = [lengthPrefixed(utf8('label')), createHash(algorithm).update('context').digest()]
    const first = hmac(exp, ...info, Uint8Array.of(1))
    const second = hmac(exp, first, ...info, Uint8Array.of(2))

    withFixedKeys('the keys of a known ck', () => {
      const keys = new SymmetricState('Noise_Test', provider.cipher.AESGCM, hash).split()
      expect([keys.k1, keys.k2, keys.x]).toEqual([k1.slice(0, 32), k2.slice(0, 32), x].map((b) => Uint8Array.from(b)))
      const split = new Split({
        keys,
        hash,
        h,
        cipher: provider.cipher.AESGCM,
        role: 'initiator',
        oneWay: false,
        remoteStatic: undefined,
      })
      const expected = Uint8Array.from([...first, ...second]).slice(0, hash.length + 7)
      expect(split.export('label', utf8('context'), hash.length + 7)).toEqual(expected)
      expect([...keys.k1, ...keys.k2, ...keys.x].every((byte) => byte === 0)).toBe(true)
    })
  })

  test.each(['XX', 'XXpsk3', 'NN', 'IK', 'N', 'X1X1'])('NO-27 both sides of %s export the same', (section) => {
    const { initiator, responder } = finished(section)
    for (const [label, context, length] of [
      ['a', NONE, 1],
      ['a', NONE, 32],
      ['b', NONE, 32],
      ['a', Uint8Array.of(1), 32],
      ['x'.repeat(255), new Uint8Array(100_000), 1024],
    ] as const)
      expect(initiator.export(label, context, length)).toEqual(responder.export(label, context, length))
  })

  test('NO-27 label, context, length and session each make another secret', () => {
    const one = finished().initiator
    const two = finished().initiator
    const secrets = [
      one.export('a', NONE, 32),
      one.export('b', NONE, 32),
      one.export('a', Uint8Array.of(0), 32),
      one.export('ab', NONE, 32),
      two.export('a', NONE, 32),
    ].map((secret) => Buffer.from(secret).toString('hex'))
    expect(new Set(secrets).size).toBe(secrets.length)
  })

  test.each(['', 'ü', 'üa', 'a\n', '\na', 'a\u0000', '\u007f', 'x'.repeat(256)])(
    'NO-28 refuses the label %j',
    (label) => {
      expect(() => finished().initiator.export(label, NONE, 32)).toThrow(RangeError)
    },
  )

  test.each([0, -1, 1.5, 1025, Number.NaN, Number.POSITIVE_INFINITY])('NO-28 refuses the length %d', (length) => {
    expect(() => finished().initiator.export('a', NONE, length)).toThrow(RangeError)
  })

  test('NO-29 labels of the session layer are its own', () => {
    const { initiator, responder } = finished()
    expect(() => initiator.export('sotto session id', NONE, 16)).toThrow(RangeError)
    expect(initiator.export('sottovoce', NONE, 16)).toHaveLength(16)
    const id = initiator.exportReserved('sotto session id', NONE, 16)
    expect(id).toEqual(responder.exportReserved('sotto session id', NONE, 16))
  })

  test('NO-13 after erase nothing of the split works', () => {
    const { initiator } = finished()
    initiator.erase()
    initiator.erase()
    expect(codeOf(() => initiator.export('a', NONE, 32))).toBe('noise/misuse')
    expect(codeOf(() => initiator.send.encryptWithAd(NONE, NONE))).toBe('noise/misuse')
    expect(codeOf(() => initiator.receive.decryptWithAd(NONE, new Uint8Array(16)))).toBe('noise/misuse')
  })
})
