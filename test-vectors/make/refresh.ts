import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { scheduleOf, Trace } from '../trace.js'
import { sealed } from './aead.js'
import { refusedRefreshes } from './refreshrefused.js'

type Refresh = Vectors<'refresh'>
type Run = Refresh['accepted'][number]

/** What a handshake or refresh leaves for the next, and the keys in use. */
interface Before {
  readonly root: Uint8Array
  readonly h: Uint8Array
  readonly k_ir: Uint8Array
  readonly k_ri: Uint8Array
}

export const refreshVectors = (provider: Provider): Refresh => ({
  about:
    'Refreshes of a session (spec/channel.md). root and h are those that the handshake, or the refresh before, has left. ' +
    'init_e1: the seed d | z of the key pair e1 (FIPS 203). resp_ekem1: the m of the encapsulation. messages: as they come to the end that reads them. ' +
    'keys: from ck and h at the end. frames: the REFRESH frames of the three messages. steps: h, ck, k and n after each token; message 0 is the start. ' +
    'records: the last of I and of R under the old keys, which end in REKEY 1, and the first under the new ones; n goes on.',
  accepted: CHAINS.flatMap(({ name, protocol, runs, first }) => chain(name, protocol, runs, first, provider)),
  refused: refusedRefreshes(provider),
})

/** With either cipher, without ML-KEM and with it; `first` makes ck and h of the handshake before the first run. */
const CHAINS = [
  { name: 'ChaChaPoly', protocol: 'Noise_XXpsk3_25519_ChaChaPoly_SHA256', runs: 6, first: 0x10 },
  { name: 'AESGCM', protocol: 'Noise_XXpsk3_25519_AESGCM_SHA256', runs: 6, first: 0x30 },
  {
    name: 'ML-KEM and ChaChaPoly',
    protocol: 'Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256',
    runs: 2,
    first: 0x50,
  },
  { name: 'ML-KEM and AESGCM', protocol: 'Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256', runs: 2, first: 0x70 },
] as const

const STATICS = { initiator: counting(0x00, 32), responder: counting(0x80, 32) }

const chain = (name: string, protocol: string, count: number, first: number, provider: Provider): Run[] => {
  const [ck, h] = [counting(first, 32), counting(first + 0x80, 32)]
  let before: Before = { ...scheduleOf(provider, ck, h), h }
  const runs: Run[] = []
  for (let run = 1; run <= count; run++) {
    const done = refresh(`${name}: refresh ${run}`, protocol, run, before, provider)
    runs.push(done.run)
    before = done.after
  }
  return runs
}

const refresh = (
  name: string,
  protocol: string,
  run: number,
  { root, h, k_ir, k_ri }: Before,
  provider: Provider,
): { readonly run: Run; readonly after: Before } => {
  const { cipher } = parseProtocol(protocol)
  const prologue = concat(utf8('Sotto/1 refresh'), h, Uint8Array.of(0, 0, 0, run))
  const fresh = {
    initiator: { e: counting(0x20 + run, 32), e1: counting(0x40 + run, 64) },
    responder: { e: counting(0xc0 + run, 32), ekem1: counting(0xe0 + run, 32) },
  }
  const side = (role: 'initiator' | 'responder'): HandshakeState => {
    const s = generateKeyPair('25519', STATICS[role], provider)
    return new HandshakeState({ protocol, role, prologue, psks: [root], s, ephemeralForTesting: fresh[role], provider })
  }
  const sides = [side('initiator'), side('responder')] as const
  const secrets = {
    initiator: { s: STATICS.initiator, ...fresh.initiator },
    responder: { s: STATICS.responder, ...fresh.responder },
    psks: [root],
  }
  const trace = new Trace(provider, protocol, secrets, prologue)
  const messages = [0, 1, 2].map((index) => {
    const [writer, reader] = index === 1 ? [sides[1], sides[0]] : sides
    const message = writer.writeMessage()
    reader.readMessage(message)
    trace.read(message)
    return message
  })
  const keys = scheduleOf(provider, trace.ck, trace.h)
  const frames = messages.map((body) => encodeFrame({ is: 'REFRESH', body }))
  const rekey = encodeFrame({ is: 'REKEY', generation: 1 })
  const ping = encodeFrame({ is: 'PING', count: run })
  const n = 100 * run
  return {
    run: {
      name,
      protocol_name: protocol,
      init_static: toHex(STATICS.initiator),
      resp_static: toHex(STATICS.responder),
      root: toHex(root),
      h: toHex(h),
      run,
      init_ephemeral: toHex(fresh.initiator.e),
      init_e1: toHex(fresh.initiator.e1),
      resp_ephemeral: toHex(fresh.responder.e),
      resp_ekem1: toHex(fresh.responder.ekem1),
      messages: messages.map(toHex),
      prologue: toHex(prologue),
      frames: frames.map(toHex),
      steps: trace.steps,
      keys: {
        ck: toHex(trace.ck),
        h: toHex(trace.h),
        t: toHex(keys.t),
        k_ir: toHex(keys.k_ir),
        k_ri: toHex(keys.k_ri),
        x: toHex(keys.x),
        root: toHex(keys.root),
      },
      records: [
        { from: 'initiator', ...sealed(cipher, k_ir, n, concat(frames[2] ?? EMPTY, rekey), provider) },
        { from: 'initiator', ...sealed(cipher, keys.k_ir, n + 1, ping, provider) },
        { from: 'responder', ...sealed(cipher, k_ri, n + 7, rekey, provider) },
        { from: 'responder', ...sealed(cipher, keys.k_ri, n + 8, ping, provider) },
      ],
    },
    after: { root: keys.root, h: trace.h, k_ir: keys.k_ir, k_ri: keys.k_ri },
  }
}
