import { describe, expect, test } from 'vitest'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { AeadKey } from '../../src/crypto/provider.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { withFixedKeys } from '../setup/nonces.js'
import { codeOf, play, protocolOf, sidesOf } from './handshakes.js'

const AD = new Uint8Array(0)
const LAST = Number.MAX_SAFE_INTEGER - 1

describe.each([noble, ...(native ? [native] : [])])('with $name', (provider) => {
  const imported = (): [AeadKey, AeadKey] => {
    const key = provider.randomBytes(32)
    return [provider.cipher.ChaChaPoly.importKey(key), provider.cipher.ChaChaPoly.importKey(key)]
  }
  const ends = (n = 0): { send: CipherState; receive: CipherState } => {
    const [one, two] = imported()
    return { send: new CipherState(one, 'send', n), receive: new CipherState(two, 'receive', n) }
  }

  test('NO-20 every message has the next nonce: none opens out of order, twice, or after a gap', () => {
    const { send, receive } = ends()
    const messages = [0, 1, 2].map((i) => send.encryptWithAd(AD, Uint8Array.of(i)))
    const [first = AD, second = AD, third = AD] = messages
    expect(codeOf(() => receive.decryptWithAd(AD, second))).toBe('noise/decrypt')
    expect(receive.decryptWithAd(AD, first)).toEqual(Uint8Array.of(0))
    expect(codeOf(() => receive.decryptWithAd(AD, first))).toBe('noise/decrypt')
    expect(codeOf(() => receive.decryptWithAd(AD, third))).toBe('noise/decrypt')
    expect(receive.decryptWithAd(AD, second)).toEqual(Uint8Array.of(1))
    expect(receive.decryptWithAd(AD, third)).toEqual(Uint8Array.of(2))
  })

  test('NO-20 a nonce is spent by a seal that throws', () => {
    const { send, receive } = ends()
    const plaintext = new Uint8Array(40)
    // The provider refuses an output that overlaps its input.
    const shared = new Uint8Array(56)
    expect(() => send.sealInto(AD, shared.subarray(0, 40), shared)).toThrow(RangeError)
    expect(codeOf(() => receive.decryptWithAd(AD, send.encryptWithAd(AD, plaintext)))).toBe('noise/decrypt')
  })

  test('NO-21 the last nonce is 2^53-2; then both ends stop, for good', () => {
    const { send, receive } = ends(LAST)
    const message = send.encryptWithAd(AD, AD)
    for (let i = 0; i < 3; i++) {
      expect(codeOf(() => send.encryptWithAd(AD, AD))).toBe('noise/exhausted')
      expect(codeOf(() => send.sealInto(AD, AD, new Uint8Array(16)))).toBe('noise/exhausted')
    }
    expect(receive.decryptWithAd(AD, message)).toEqual(AD)
    for (let i = 0; i < 3; i++) expect(codeOf(() => receive.decryptWithAd(AD, message))).toBe('noise/exhausted')
  })

  test('NO-25 rekey does not bring exhausted nonces back', () => {
    const { send } = ends(LAST + 1)
    send.rekey()
    expect(codeOf(() => send.encryptWithAd(AD, AD))).toBe('noise/exhausted')
  })

  test.each([2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 52])('NO-20 nonces go on past %d without a gap', (n) => {
    const { send, receive } = ends(n)
    const texts = new Set<string>()
    for (let i = 0; i < 4; i++) {
      const message = send.encryptWithAd(AD, AD)
      texts.add(Buffer.from(message).toString('hex'))
      expect(receive.decryptWithAd(AD, message)).toEqual(AD)
    }
    expect(texts.size).toBe(4)
  })

  test('NO-22 a message that fails leaves the state as it was: the true one still opens', () => {
    const { send, receive } = ends()
    const message = send.encryptWithAd(AD, new Uint8Array(20))
    for (let bit = 0; bit < message.length * 8; bit++) {
      const forged = Uint8Array.from(message)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(codeOf(() => receive.decryptWithAd(AD, forged))).toBe('noise/decrypt')
    }
    for (let length = 0; length < message.length; length++)
      expect(codeOf(() => receive.decryptWithAd(AD, message.subarray(0, length)))).toBe('noise/decrypt')
    expect(codeOf(() => receive.decryptWithAd(Uint8Array.of(1), message))).toBe('noise/decrypt')
    expect(receive.decryptWithAd(AD, message)).toEqual(new Uint8Array(20))
  })

  test('NO-15 transport messages end at 65,535 bytes', () => {
    const { send, receive } = ends()
    const largest = new Uint8Array(65_519).fill(9)
    expect(() => send.encryptWithAd(AD, new Uint8Array(65_520))).toThrow(RangeError)
    expect(receive.decryptWithAd(AD, send.encryptWithAd(AD, largest))).toEqual(largest)
    expect(codeOf(() => receive.decryptWithAd(AD, new Uint8Array(65_536)))).toBe('noise/decrypt')
  })

  test('NO-15 what is longer is refused, were it authentic', () => {
    const [key, twin] = imported()
    const message = new Uint8Array(65_536)
    key.seal(0, AD, new Uint8Array(65_520), message)
    expect(codeOf(() => new CipherState(twin, 'receive').decryptWithAd(AD, message))).toBe('noise/decrypt')
  })

  test('NO-23 a state serves its own direction only', () => {
    const { send, receive } = ends()
    const message = send.encryptWithAd(AD, AD)
    expect(codeOf(() => send.decryptWithAd(AD, message))).toBe('noise/misuse')
    expect(codeOf(() => receive.encryptWithAd(AD, AD))).toBe('noise/misuse')
    expect(codeOf(() => receive.sealInto(AD, AD, new Uint8Array(16)))).toBe('noise/misuse')
    expect(receive.decryptWithAd(AD, message)).toEqual(AD)
  })

  test('NO-25 rekey changes the key and keeps the nonce, by REKEY of 4.2', () => {
    withFixedKeys('the key that REKEY gives is computed apart', () => {
      const { send, receive } = ends()
      receive.decryptWithAd(AD, send.encryptWithAd(AD, AD))
      send.rekey()
      const message = send.encryptWithAd(AD, Uint8Array.of(5))
      expect(codeOf(() => receive.decryptWithAd(AD, message))).toBe('noise/decrypt')
      receive.rekey()
      expect(receive.decryptWithAd(AD, message)).toEqual(Uint8Array.of(5))
      const [key, twin] = imported()
      const state = new CipherState(key, 'send', 3)
      state.rekey()
      const apart = new Uint8Array(17)
      twin.rekey().seal(3, AD, Uint8Array.of(6), apart)
      expect(state.encryptWithAd(AD, Uint8Array.of(6))).toEqual(apart)
    })
  })

  test('NO-13 an erased state does nothing', () => {
    const { send, receive } = ends()
    for (const state of [send, receive]) {
      state.erase()
      state.erase()
    }
    expect(codeOf(() => send.encryptWithAd(AD, AD))).toBe('noise/misuse')
    expect(codeOf(() => receive.decryptWithAd(AD, new Uint8Array(16)))).toBe('noise/misuse')
    expect(codeOf(() => send.rekey())).toBe('noise/misuse')
  })

  test.each(['N', 'K', 'X', 'Npsk0', 'Xpsk1'])('NO-24 after %s only the initiator sends', (section) => {
    const sides = sidesOf(protocolOf(section), provider)
    play(sides, AD)
    const [initiator, responder] = [sides.initiator.split(), sides.responder.split()]
    expect(responder.receive.decryptWithAd(AD, initiator.send.encryptWithAd(AD, Uint8Array.of(1)))).toHaveLength(1)
    expect(codeOf(() => responder.send.encryptWithAd(AD, AD))).toBe('noise/misuse')
    expect(codeOf(() => responder.send.rekey())).toBe('noise/misuse')
    expect(codeOf(() => initiator.receive.decryptWithAd(AD, new Uint8Array(16)))).toBe('noise/misuse')
  })

  test('NO-30 sealInto writes its place and nothing else, and inputs stay as they were', () => {
    const { send, receive } = ends()
    const room = new Uint8Array(64).fill(0xee)
    const plaintext = Uint8Array.from({ length: 20 }, (_, i) => i)
    const ad = Uint8Array.of(1, 2, 3)
    send.sealInto(ad, plaintext, room.subarray(8, 44))
    expect([...room.subarray(0, 8), ...room.subarray(44)]).toEqual(Array(28).fill(0xee))
    const ciphertext = Uint8Array.from(room.subarray(8, 44))
    const opened = receive.decryptWithAd(ad, ciphertext)
    expect(opened).toEqual(plaintext)
    expect(ciphertext).toEqual(room.subarray(8, 44))
    expect([...ad]).toEqual([1, 2, 3])
    expect(opened.buffer.byteLength).toBe(20)
    expect(() => send.sealInto(ad, plaintext, new Uint8Array(35))).toThrow(RangeError)
  })
})
