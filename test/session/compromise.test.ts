import { describe, expect, test } from 'vitest'
import { EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import type { KeyPair } from '../../src/crypto/provider.js'
import { keyPairOf } from '../../src/identity/identity.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import type { Split } from '../../src/noise/split.js'
import { Engine } from '../../src/session/engine.js'
import { encodeHello, prologueOf } from '../../src/session/hello.js'
import { encodeInitiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { decodePacket, encodePacket } from '../../src/session/packets.js'
import { encodePayload } from '../../src/session/payload.js'
import { withFixedKeys } from '../setup/nonces.js'
import { alice, bob, forSuite, initiatorSide, PSK, responderSide, suitesOf } from './pair.js'

const suites = suitesOf(noble).map((suite) => [suite.name, suite] as const)

/** What an answering end says. */
const said = (from: Engine): Uint8Array => {
  const bytes = from.take(0)
  if (bytes === undefined) throw new RangeError('expected a packet')
  return bytes
}

describe.each(suites)('in %s', (_, suite) => {
  const over = forSuite(suite, noble)
  const neg = encodeHello({ suites: [suite.id], tried: 0, pskId: suite.psk ? PSK.id : EMPTY })

  /** What Bob comes to if somebody with these keys takes the initiator's part. */
  const posed = (s: KeyPair): string => {
    const responder = Engine.respond(responderSide(over, noble), 0)
    const psks = suite.psk ? [PSK.key] : []
    const state = new HandshakeState({
      protocol: suite.name,
      role: 'initiator',
      prologue: prologueOf([neg]),
      s,
      psks,
      provider: noble,
    })
    responder.receive(encodePacket({ neg, noise: state.writeMessage() }), 0)
    state.readMessage(decodePacket(said(responder)).noise)
    const initiation = encodeInitiation({ uses: [], serves: [], context: null, limits: limitsOf(), service: '' })
    responder.receive(encodePacket({ neg: EMPTY, noise: state.writeMessage(encodePayload({ initiation })) }), 0)
    if (responder.state === 'dead') expect(responder.take(0)).toBe(undefined)
    return responder.state
  }

  test('SE-14 who has stolen the static secret of a responder cannot pose as a trusted initiator to it', () => {
    const [mine, theirs] = [keyPairOf(alice), keyPairOf(bob)]
    expect(posed(mine)).toBe('open')
    expect(posed({ publicKey: mine.publicKey, secretKey: theirs.secretKey })).toBe('dead')
  })

  test('SE-11 who has stolen the static secret of an initiator cannot pose as a responder to it', () => {
    const initiator = Engine.initiate(initiatorSide(over, noble), 0)
    const { neg: hello, noise } = decodePacket(said(initiator))
    const s = { publicKey: keyPairOf(bob).publicKey, secretKey: keyPairOf(alice).secretKey }
    const psks = suite.psk ? [PSK.key] : []
    const state = new HandshakeState({
      protocol: suite.name,
      role: 'responder',
      prologue: prologueOf([hello]),
      s,
      psks,
      provider: noble,
    })
    state.readMessage(noise)
    initiator.receive(encodePacket({ neg: EMPTY, noise: state.writeMessage() }), 0)
    expect([initiator.state, initiator.take(0)]).toEqual(['dead', undefined])
  })
})

describe('two sessions with the same Diffie-Hellman results', () => {
  const seed = (byte: number, length = 32): Uint8Array => new Uint8Array(length).fill(byte)

  const splitsOf = (prologue: string): Split =>
    withFixedKeys('two handshakes whose keys are to be equal', () => {
      const protocol = 'Noise_XX_25519_ChaChaPoly_SHA256'
      const ends = [
        ['initiator', alice, seed(1)],
        ['responder', bob, seed(2)],
      ] as const
      const [initiator, responder] = ends.map(
        ([role, identity, e]) =>
          new HandshakeState({
            protocol,
            role,
            prologue: utf8(prologue),
            s: keyPairOf(identity),
            provider: noble,
            ephemeralForTesting: { e },
          }),
      )
      if (initiator === undefined || responder === undefined) throw new RangeError('expected two')
      responder.readMessage(initiator.writeMessage())
      initiator.readMessage(responder.writeMessage())
      responder.readMessage(initiator.writeMessage())
      return initiator.split()
    })

  test('NO-26 CH-12 have one ck, and yet other exports, other hashes and other session ids where their transcripts differ', () => {
    const told = (prologue: string): readonly string[] => {
      const split = splitsOf(prologue)
      const exports = [split.exportReserved('sotto session id', EMPTY, 16), split.export('test', EMPTY, 32)]
      return [split.handshakeHash, split.takeRoot(), ...exports].map(toHex)
    }
    const [first, again, other] = [told('one'), told('one'), told('two')]
    expect(again).toEqual(first)
    for (const [index, secret] of first.entries()) expect(other[index]).not.toBe(secret)
    const sealed = (prologue: string): string =>
      withFixedKeys('the same key in two sessions', () =>
        toHex(splitsOf(prologue).send.encryptWithAd(EMPTY, utf8('x'))),
      )
    expect(sealed('two')).toBe(sealed('one'))
  })
})
