import { toHex } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { PATTERNS } from '../../src/noise/patterns.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { fromHex } from '../hex.js'
import type { NoiseAccepted } from '../noiseschema.js'
import type { Vectors } from '../schema.js'
import { Trace } from '../trace.js'
import { givenTo, play, settingOf } from './noiseplay.js'

const FORM =
  'Handshakes in the format of cacophony, snow and noise-c (spec/noise.md), and transport messages behind them, written by turns, or in a ' +
  'one-way pattern by the initiator. init_e1: the seed d | z of the key pair e1 (FIPS 203). resp_ekem1: the m of the encapsulation. ' +
  'steps: h, ck, k and n after each token; message 0 is the start. k is null before the first key.'

/** Of all suites. */
export const noiseSuitesVectors = (provider: Provider): Vectors<'noise-suites'> => ({
  about: FORM,
  vectors: ['XXhfs_25519+MLKEM768', 'XXhfs+psk3_25519+MLKEM768', 'XX_25519', 'XXpsk3_25519'].flatMap((form) =>
    CIPHERS.map((cipher) => vector(`Noise_${form}_${cipher}_SHA256`, provider)),
  ),
})

/** Of every pattern, every psk modifier that it takes, hfs and fallback; every curve, cipher and hash in turn. */
export const noiseVectors = (provider: Provider): Vectors<'noise'> => ({
  about: FORM,
  vectors: protocols().map((name) => vector(name, provider)),
})

const CIPHERS = ['ChaChaPoly', 'AESGCM'] as const
const HASHES = ['SHA256', 'BLAKE2b', 'SHA512', 'BLAKE2s'] as const
const BASES = Object.keys(PATTERNS)
/** Where `e1` and `ekem1` stand differently: behind `e` or a DH, in the clear or encrypted, in front of other tokens. */
const HYBRID = ['NN', 'NK', 'NX', 'XX', 'KK', 'IK', 'IX', 'KK1', 'X1X1', 'I1K1']
const TAKEN = ['XX', 'IK', 'KK', 'NN', 'X']
const MORE = ['fallback+psk0', 'hfs+psk0', 'psk0+psk1', 'psk0+psk2', 'psk1+psk2', 'fallback+psk0+psk2']

const protocols = (): string[] => {
  const plain = BASES
  const modified = BASES.flatMap((base) => [0, 1, 2, 3, 4].map((n) => `${base}psk${n}`))
  const hybrid = HYBRID.map((base) => `${base}hfs`)
  const several = [
    ...BASES.map((base) => `${base}fallback`),
    ...TAKEN.flatMap((base) => MORE.map((more) => base + more)),
  ]
  const names = [...plain, ...modified, ...hybrid, ...several].map(named)
  return [...new Set(names)].filter(exists)
}

/** Each pattern with other algorithms than the one before it; 448, which is slow, with one of nine. */
const named = (pattern: string, index: number): string => {
  const dh = index % 9 === 0 ? '448' : '25519'
  const kem = pattern.includes('hfs') ? '+MLKEM768' : ''
  return ['Noise', pattern, dh + kem, CIPHERS[index % 2], HASHES[Math.floor(index / 2) % 4]].join('_')
}

const exists = (name: string): boolean => {
  try {
    return parseProtocol(name).name === name
  } catch (error) {
    // A modifier that does not apply to a pattern.
    if (error instanceof SottoError) return false
    throw error
  }
}

const vector = (name: string, provider: Provider): NoiseAccepted => {
  const setting = settingOf(name, provider)
  const { messages, hash, failed } = play(setting, provider)
  if (failed !== undefined) throw failed.error
  const [initiator, responder] = [givenTo(setting, 'initiator'), givenTo(setting, 'responder')]
  const secret = (hex: string | undefined): Uint8Array | undefined => (hex === undefined ? undefined : fromHex(hex))
  const secrets = {
    initiator: { s: secret(initiator.s), e: secret(initiator.e), e1: secret(setting.init_e1) },
    responder: { s: secret(responder.s), e: secret(responder.e) },
    psks: (initiator.psks ?? []).map(fromHex),
  }
  const trace = new Trace(provider, name, secrets, fromHex(initiator.prologue))
  for (const { ciphertext } of messages.slice(0, parseProtocol(name).messages.length)) trace.read(fromHex(ciphertext))
  if (hash === undefined || toHex(hash) !== toHex(trace.h)) throw new TypeError(`${name}: expected one handshake hash`)
  return {
    ...setting,
    messages: messages.map(({ payload, ciphertext }) => ({ payload, ciphertext })),
    handshake_hash: toHex(hash),
    steps: trace.steps,
  }
}
