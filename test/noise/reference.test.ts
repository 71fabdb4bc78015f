import { createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../src/bytes.js'
import { hkdfNoise } from '../../src/crypto/hkdf.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { DhKey, Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { withFixedKeys } from '../setup/nonces.js'
import { writerAndReader } from './handshakes.js'

/**
 * A second XXhfs, written out straight from the hfs draft and DESIGN 3.2 and 3.4, without patterns, tokens or roles: what
 * the interpreter is compared with, since no upstream file has hfs with ML-KEM-768.
 */
const straight = (name: string, given: Given, provider: Provider) => {
  const sha256 = (...parts: Uint8Array[]): Uint8Array =>
    createHash('sha256')
      .update(concat(...parts))
      .digest()
  const hmac = (key: Uint8Array, ...parts: Uint8Array[]): Uint8Array =>
    createHmac('sha256', key)
      .update(concat(...parts))
      .digest()
  let h = sha256(utf8(name))
  let ck = h
  let k: Uint8Array | undefined
  let n = 0
  const mixHash = (data: Uint8Array): void => {
    h = sha256(h, data)
  }
  const hkdf = (ikm: Uint8Array): [Uint8Array, Uint8Array, Uint8Array] => {
    const t = hmac(ck, ikm)
    const one = hmac(t, Uint8Array.of(1))
    const two = hmac(t, one, Uint8Array.of(2))
    return [one, two, hmac(t, two, Uint8Array.of(3))]
  }
  const mixKey = (ikm: Uint8Array): void => {
    ;[ck, k] = hkdf(ikm)
    n = 0
  }
  const clear = (bytes: Uint8Array): Uint8Array => {
    mixHash(bytes)
    return bytes
  }
  const seal = (plaintext: Uint8Array): Uint8Array => {
    if (k === undefined) return clear(plaintext)
    const out = new Uint8Array(plaintext.length + 16)
    provider.cipher.ChaChaPoly.importKey(k).seal(n++, h, plaintext, out)
    return clear(out)
  }
  const ephemeral = (e: DhKey): Uint8Array => {
    const bytes = clear(e.publicKey)
    if (given.psk) mixKey(bytes)
    return bytes
  }
  const { dh, mlkem768 } = provider
  const key = (secret: Uint8Array): DhKey => dh['25519'].importKey(secret)
  const [iS, iE, rS, rE] = [key(given.iS), key(given.iE), key(given.rS), key(given.rE)]
  const e1 = mlkem768.importKey(given.e1)

  mixHash(given.prologue)
  const first = concat(ephemeral(iE), seal(e1.publicKey), seal(given.payload))

  const second = [ephemeral(rE)]
  mixKey(rE.agree(iE.publicKey))
  const { ciphertext, secret } = mlkem768.encapsulate(e1.publicKey, given.ekem1)
  second.push(seal(ciphertext))
  mixKey(secret)
  second.push(seal(rS.publicKey))
  mixKey(rS.agree(iE.publicKey))
  second.push(seal(given.payload))

  const third = [seal(iS.publicKey)]
  mixKey(iS.agree(rE.publicKey))
  if (given.psk) {
    const [one, two, three] = hkdf(given.psk)
    ck = one
    mixHash(two)
    k = three
    n = 0
  }
  third.push(seal(given.payload))

  const [send, , x] = hkdf(new Uint8Array(0))
  const exp = hmac(x, utf8('Sotto/1 exporter'), h, Uint8Array.of(1))
  const exported = hmac(exp, Uint8Array.of(0, 1, 0x61), sha256(new Uint8Array(0)), Uint8Array.of(1))
  const sealed = new Uint8Array(16)
  provider.cipher.ChaChaPoly.importKey(send).seal(0, new Uint8Array(0), new Uint8Array(0), sealed)
  return [first, concat(...second), concat(...third), h, exported, sealed].map((bytes) => Uint8Array.from(bytes))
}

interface Given {
  readonly prologue: Uint8Array
  readonly payload: Uint8Array
  readonly psk: Uint8Array | undefined
  readonly iS: Uint8Array
  readonly iE: Uint8Array
  readonly rS: Uint8Array
  readonly rE: Uint8Array
  readonly e1: Uint8Array
  readonly ekem1: Uint8Array
}

describe.each([noble, ...(native ? [native] : [])])('with $name', (provider) => {
  test.each([
    ['Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256', false],
    ['Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256', true],
  ])('NO-9, NO-10, NO-11, NO-26, NO-27 %s is what the straight-line twin computes', (protocol, psk) => {
    const random = (length: number): Uint8Array => provider.randomBytes(length)
    const given: Given = {
      prologue: random(20),
      payload: random(30),
      psk: psk ? random(32) : undefined,
      iS: random(32),
      iE: random(32),
      rS: random(32),
      rE: random(32),
      e1: random(64),
      ekem1: random(32),
    }
    const side = (role: 'initiator' | 'responder', secret: Uint8Array, e: Uint8Array): HandshakeState =>
      new HandshakeState({
        protocol,
        role,
        provider,
        prologue: given.prologue,
        psks: given.psk ? [given.psk] : [],
        s: generateKeyPair('25519', secret, provider),
        ephemeralForTesting: { e, e1: given.e1, ekem1: given.ekem1 },
      })
    withFixedKeys('the same handshake twice, by two programs', () => {
      const sides = {
        initiator: side('initiator', given.iS, given.iE),
        responder: side('responder', given.rS, given.rE),
      }
      const seen: Uint8Array[] = []
      while (sides.initiator.turn !== 'done') {
        const [writer, reader] = writerAndReader(sides)
        const message = writer.writeMessage(given.payload)
        reader.readMessage(message)
        seen.push(message)
      }
      const split = sides.initiator.split()
      seen.push(split.handshakeHash, split.export('a', new Uint8Array(0), 32))
      seen.push(split.send.encryptWithAd(new Uint8Array(0), new Uint8Array(0)))
      expect(seen).toEqual(straight(protocol, given, provider))
    })
  })
})

test('NO-8, NO-10 in NNfallback+psk0 the ephemeral that came before is mixed into the key, ahead of the psk', () => {
  const protocol = 'Noise_NNfallback+psk0_25519_ChaChaPoly_SHA256'
  const { SHA256 } = noble.hash
  const payload = utf8('first')
  const psk = noble.randomBytes(32)
  const alice = noble.dh['25519'].importKey(noble.randomBytes(32))
  const secret = noble.randomBytes(32)
  const bob = noble.dh['25519'].importKey(secret)
  withFixedKeys('the same handshake twice, by two programs', () => {
    let h = SHA256.digest(SHA256.digest(utf8(protocol)))
    let [ck] = hkdfNoise(SHA256, SHA256.digest(utf8(protocol)), alice.publicKey, 2)
    h = SHA256.digest(h, alice.publicKey)
    const [next, mixed] = hkdfNoise(SHA256, ck, psk, 3)
    h = SHA256.digest(SHA256.digest(h, mixed), bob.publicKey)
    ;[ck] = hkdfNoise(SHA256, next, bob.publicKey, 2)
    const [, k] = hkdfNoise(SHA256, ck, bob.agree(alice.publicKey), 2)
    const sealed = new Uint8Array(payload.length + 16)
    noble.cipher.ChaChaPoly.importKey(k).seal(0, h, payload, sealed)
    const state = new HandshakeState({
      protocol,
      role: 'initiator',
      provider: noble,
      psks: [psk],
      re: alice.publicKey,
      ephemeralForTesting: { e: secret },
    })
    expect(state.writeMessage(payload)).toEqual(concat(bob.publicKey, sealed))
  })
})
