import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { scheduleOf, Trace } from '../trace.js'
import { sealed } from './channel.js'

type RefreshVector = Vectors<'refresh'>['vectors'][number]
type Run = RefreshVector['runs'][number]

/** What a handshake or refresh leaves for the next, and the keys in use. */
interface Before {
  readonly root: Uint8Array
  readonly h: Uint8Array
  readonly k_ir: Uint8Array
  readonly k_ri: Uint8Array
}

export const refreshVectors = (provider: Provider): Vectors<'refresh'> => ({
  about:
    'Refreshes of a session (spec/channel.md), one after another. ck and h are those at the end of its handshake; before: what that leaves. ' +
    'init_e1: the seed d | z of the key pair e1 (FIPS 203). resp_ekem1: the m of the encapsulation. frames: the REFRESH frames of the three messages. ' +
    'steps: h, ck, k and n after each token; message 0 is the start. keys: from ck and h at the end. ' +
    'records: the last of I and of R under the old keys, which end in REKEY 1, and the first under the new ones; n goes on.',
  vectors: [
    vector('two refreshes, one after the other', 'Noise_XXpsk3_25519_ChaChaPoly_SHA256', 'ChaChaPoly', 2, provider),
    vector('with ML-KEM', 'Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256', 'AESGCM', 1, provider),
  ],
})

const STATICS = { initiator: counting(0x00, 32), responder: counting(0x80, 32) }

const vector = (
  name: string,
  protocol: string,
  cipher: CipherName,
  count: number,
  provider: Provider,
): RefreshVector => {
  const [ck, h] = [counting(0x10, 32), counting(0x90, 32)]
  const first = scheduleOf(provider, ck, h)
  let before: Before = { ...first, h }
  const runs: Run[] = []
  for (let run = 1; run <= count; run++) {
    const done = refresh(protocol, cipher, run, before, provider)
    runs.push(done.run)
    before = done.after
  }
  return {
    name,
    cipher,
    protocol_name: protocol,
    init_static: toHex(STATICS.initiator),
    resp_static: toHex(STATICS.responder),
    ck: toHex(ck),
    h: toHex(h),
    before: { k_ir: toHex(first.k_ir), k_ri: toHex(first.k_ri), root: toHex(first.root) },
    runs,
  }
}

const refresh = (
  protocol: string,
  cipher: CipherName,
  run: number,
  { root, h, k_ir, k_ri }: Before,
  provider: Provider,
): { readonly run: Run; readonly after: Before } => {
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
      run,
      prologue: toHex(prologue),
      psk: toHex(root),
      init_ephemeral: toHex(fresh.initiator.e),
      init_e1: toHex(fresh.initiator.e1),
      resp_ephemeral: toHex(fresh.responder.e),
      resp_ekem1: toHex(fresh.responder.ekem1),
      messages: messages.map(toHex),
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
