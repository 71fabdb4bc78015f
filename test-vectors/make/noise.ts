import { EMPTY, toHex, utf8 } from '../../src/bytes.js'
import type { KeyPair, Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { Trace } from '../trace.js'

type NoiseVector = Vectors<'noise-hfs'>['vectors'][number]

const PROTOCOLS = ['XXhfs', 'XXhfs+psk3'].flatMap((pattern) =>
  ['ChaChaPoly', 'AESGCM'].map((cipher) => `Noise_${pattern}_25519+MLKEM768_${cipher}_SHA256`),
)

export const noiseVectors = (provider: Provider): Vectors<'noise-hfs'> => ({
  about:
    'Handshakes with hfs and ML-KEM-768 in the format of cacophony (spec/noise.md), and transport messages behind them, written by turns. ' +
    'init_e1: the seed d | z of the key pair e1 (FIPS 203). resp_ekem1: the m of the encapsulation. ' +
    'steps: h, ck, k and n after each token; message 0 is the start. k is null before the first key.',
  vectors: PROTOCOLS.map((protocol) => vector(protocol, provider)),
})

const GIVEN = {
  prologue: utf8('Sotto test vectors'),
  psk: counting(0xa0, 32),
  initiator: { s: counting(0x00, 32), e: counting(0x20, 32), e1: counting(0x40, 64) },
  responder: { s: counting(0x80, 32), e: counting(0xc0, 32), ekem1: counting(0xe0, 32) },
} as const

const PAYLOADS = ['', 'from the responder', 'from the initiator', 'one', 'two', ''].map(utf8)

const vector = (protocol: string, provider: Provider): NoiseVector => {
  const { prologue, initiator, responder } = GIVEN
  const psks = protocol.includes('psk3') ? [GIVEN.psk] : []
  const pair = (secret: Uint8Array): KeyPair => generateKeyPair('25519', secret, provider)
  const common = { protocol, prologue, psks, provider }
  const sides = {
    initiator: new HandshakeState({
      ...common,
      role: 'initiator',
      s: pair(initiator.s),
      ephemeralForTesting: initiator,
    }),
    responder: new HandshakeState({
      ...common,
      role: 'responder',
      s: pair(responder.s),
      ephemeralForTesting: responder,
    }),
  }
  const trace = new Trace(provider, protocol, { initiator, responder, psks }, prologue)
  const handshake = PAYLOADS.slice(0, 3).map((payload, index) => {
    const [writer, reader] = index % 2 === 0 ? [sides.initiator, sides.responder] : [sides.responder, sides.initiator]
    const ciphertext = writer.writeMessage(payload)
    reader.readMessage(ciphertext)
    trace.read(ciphertext)
    return { payload: toHex(payload), ciphertext: toHex(ciphertext) }
  })
  const splits = [sides.initiator.split(), sides.responder.split()]
  // Message 4 is the responder's: the turns go on behind the three of the handshake.
  const transport = PAYLOADS.slice(3).map((payload, index) => ({
    payload: toHex(payload),
    ciphertext: toHex(splits[(index + 1) % 2]?.send.encryptWithAd(EMPTY, payload) ?? EMPTY),
  }))
  return {
    protocol_name: protocol,
    init_prologue: toHex(prologue),
    init_psks: psks.map(toHex),
    init_static: toHex(initiator.s),
    init_ephemeral: toHex(initiator.e),
    init_e1: toHex(initiator.e1),
    resp_prologue: toHex(prologue),
    resp_psks: psks.map(toHex),
    resp_static: toHex(responder.s),
    resp_ephemeral: toHex(responder.e),
    resp_ekem1: toHex(responder.ekem1),
    handshake_hash: toHex(trace.h),
    messages: [...handshake, ...transport],
    steps: trace.steps,
  }
}
