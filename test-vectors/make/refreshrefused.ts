import { concat, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import type { ErrorCode } from '../../src/errors.js'
import { isCanonicalX25519 } from '../../src/identity/id.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { tampers } from './noisetampers.js'

type Refused = Vectors<'refresh'>['refused'][number]
type Given = Omit<Refused, 'name' | 'code' | 'rule' | 'messages'>

/** Each fault of a message that leaves its length as it is, and keys that the two ends do not agree on. */
export const refusedRefreshes = (provider: Provider): Refused[] => [
  ...tampered('Noise_XXpsk3_25519_ChaChaPoly_SHA256', /./, provider),
  ...tampered('Noise_XXpsk3_25519_AESGCM_SHA256', /./, provider),
  ...tampered('Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256', /^(?:e1|ekem1) /, provider),
  ...disagreeing('Noise_XXpsk3_25519_AESGCM_SHA256', provider),
  ...disagreeing('Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256', provider),
]

const given = (protocol: string): Given => ({
  protocol_name: protocol,
  init_static: toHex(counting(0x01, 32)),
  resp_static: toHex(counting(0x81, 32)),
  root: toHex(counting(0x11, 32)),
  h: toHex(counting(0x91, 32)),
  run: 3,
  init_ephemeral: toHex(counting(0x21, 32)),
  init_e1: toHex(counting(0x41, 64)),
  resp_ephemeral: toHex(counting(0xc1, 32)),
  resp_ekem1: toHex(counting(0xe1, 32)),
})

/** What both ends write who are given this. */
const written = (of: Given, provider: Provider): Uint8Array[] => {
  const prologue = concat(utf8('Sotto/1 refresh'), fromHex(of.h), Uint8Array.of(0, 0, 0, of.run))
  const side = (role: 'initiator' | 'responder', s: string, e: string): HandshakeState =>
    new HandshakeState({
      protocol: of.protocol_name,
      role,
      prologue,
      psks: [fromHex(of.root)],
      s: generateKeyPair('25519', fromHex(s), provider),
      ephemeralForTesting: { e: fromHex(e), e1: fromHex(of.init_e1), ekem1: fromHex(of.resp_ekem1) },
      provider,
    })
  const ends = [
    side('initiator', of.init_static, of.init_ephemeral),
    side('responder', of.resp_static, of.resp_ephemeral),
  ]
  return [0, 1, 2].map((index) => {
    const [writer, reader] = index === 1 ? ends.toReversed() : ends
    const message = writer?.writeMessage() ?? new Uint8Array(0)
    reader?.readMessage(message)
    return message
  })
}

const refused = (
  name: string,
  of: Given,
  messages: readonly Uint8Array[],
  code: ErrorCode = 'noise/failed',
): Refused => ({
  name,
  code,
  rule: 'CH-26',
  ...of,
  messages: messages.map(toHex),
})

/** Messages up to the one that is wrong. */
const tampered = (protocol: string, only: RegExp, provider: Provider): Refused[] => {
  const of = given(protocol)
  const honest = written(of, provider)
  return tampers(parseProtocol(protocol), honest)
    .filter(({ comment, at, bytes }) => only.test(comment) && bytes.length === honest[at]?.length)
    .map(({ comment, at, bytes }) => {
      // Message 3 brings no ephemeral.
      const spelt = at === 2 || isCanonicalX25519(bytes.subarray(0, 32))
      const name = `${protocol}: ${comment}`
      return refused(name, of, [...honest.slice(0, at), bytes], spelt ? 'noise/failed' : 'session/malformed')
    })
}

/** Ends that go on from something else than the messages do, which are right in themselves. */
const disagreeing = (protocol: string, provider: Provider): Refused[] => {
  const of = given(protocol)
  const honest = written(of, provider)
  const bit = (hex: string): string => toHex(fromHex(hex).map((byte, i) => (i === 0 ? byte ^ 0x80 : byte)))
  const no = (name: string, wrong: Partial<Given>, code?: ErrorCode): Refused =>
    refused(`${protocol}: ${name}`, { ...of, ...wrong }, honest, code)
  return [
    no('another root', { root: bit(of.root) }),
    no('another h', { h: bit(of.h) }),
    no('the run before', { run: of.run - 1 }),
    no('the run behind', { run: of.run + 1 }),
    no('another static key of the responder', { resp_static: toHex(counting(0x82, 32)) }, 'identity/not-trusted'),
    no('another static key of the initiator', { init_static: toHex(counting(0x02, 32)) }, 'identity/not-trusted'),
    no(
      'the static keys of the ends swapped',
      { init_static: of.resp_static, resp_static: of.init_static },
      'identity/not-trusted',
    ),
    no('the root is h', { root: of.h }),
  ]
}
