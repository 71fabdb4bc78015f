import type { Provider } from '../../src/crypto/provider.js'
import { SottoError } from '../../src/errors.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { fromHex } from '../hex.js'
import type { NoiseRefused } from '../noiseschema.js'
import type { Vectors } from '../schema.js'
import { REFUSED_NAMES } from './noisenames.js'
import { type Arrives, play, type Setting, settingOf } from './noiseplay.js'
import { settings } from './noisesettings.js'
import { tampers, transportTampers } from './noisetampers.js'

const FORM =
  'Handshakes in the format of cacophony, snow and noise-c that must fail, each for one fault, which `comment` names. ' +
  'ciphertext: what comes to the reader; written: what the writer has written, where that is something else. ' +
  'fails: the message that cannot be written, or read, by whose turn it is; null where a side does not even start. ' +
  'All before it goes well, and nothing is behind it. A reader that knows neither of these members takes each of these vectors for a failed one.'

/** Of suites: with ML-KEM-768 and without, with and without a psk, each cipher. */
export const noiseSuitesRefusedVectors = (provider: Provider): Vectors<'noise-suites-refused'> => ({
  about: FORM,
  vectors: [
    ...refusedOf('Noise_XX_25519_AESGCM_SHA256', provider, { transport: true }),
    ...refusedOf('Noise_XXpsk3_25519_ChaChaPoly_SHA256', provider, { transport: true }),
    ...refusedOf('Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256', provider),
    ...refusedOf('Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256', provider, { only: /^(?:e1|ekem1|psks) / }),
  ],
})

/** Each has what another has not: a one-way pattern, a key known before, a psk at each place, fallback, each algorithm. */
const PROTOCOLS = [
  'Noise_N_25519_ChaChaPoly_BLAKE2s',
  'Noise_K_25519_AESGCM_SHA512',
  'Noise_X_25519_AESGCM_SHA256',
  'Noise_NN_25519_ChaChaPoly_SHA512',
  'Noise_NK_448_ChaChaPoly_BLAKE2b',
  'Noise_XK_25519_AESGCM_SHA256',
  'Noise_XX_25519_ChaChaPoly_BLAKE2b',
  'Noise_KK_25519_AESGCM_BLAKE2s',
  'Noise_IK_25519_ChaChaPoly_BLAKE2s',
  'Noise_IX_25519_AESGCM_SHA512',
  'Noise_X1X1_25519_ChaChaPoly_SHA256',
  'Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s',
  'Noise_Kpsk0_25519_AESGCM_SHA256',
  'Noise_IKpsk1_25519_ChaChaPoly_SHA512',
  'Noise_NKpsk2_25519_AESGCM_SHA512',
  'Noise_XXpsk0+psk3_25519_ChaChaPoly_BLAKE2b',
  'Noise_XXfallback_25519_AESGCM_SHA256',
] as const

export const noiseRefusedVectors = (provider: Provider): Vectors<'noise-refused'> => ({
  about: FORM,
  vectors: [
    ...PROTOCOLS.flatMap((name, index) => refusedOf(name, provider, { transport: index % 5 === 0 })),
    ...refusedOf('Noise_IKhfs_448+MLKEM768_AESGCM_BLAKE2b', provider, { only: /^(?:e1|ekem1) / }),
    ...REFUSED_NAMES.map(([rule, comment, name]) => unstarted(rule, comment, name, provider)),
  ],
})

/** What of a protocol is tried: `only` names parts, where another protocol has the rest; a handshake leaves the same transport of each. */
interface Tried {
  readonly transport?: boolean
  readonly only?: RegExp
}

const refusedOf = (name: string, provider: Provider, { transport = false, only = /./ }: Tried = {}): NoiseRefused[] => {
  const setting = settingOf(name, provider)
  const protocol = parseProtocol(name)
  const honest = play(setting, provider).messages.map(({ ciphertext }) => fromHex(ciphertext))
  const all = [...tampers(protocol, honest), ...(transport ? transportTampers(protocol, honest, provider) : [])]
  return [
    ...all
      .filter(({ comment }) => only.test(comment))
      .map(({ comment, at, bytes }) =>
        refused(comment, setting, provider, (index, written) => (index === at ? bytes : written)),
      ),
    ...settings(protocol, setting, provider)
      .filter(([comment]) => only.test(comment))
      .map(([comment, wrong, rule]) => ({ ...refused(comment, wrong, provider), ...(rule && { rule }) })),
  ]
}

const refused = (comment: string, setting: Setting, provider: Provider, arrives?: Arrives): NoiseRefused => {
  const { messages, failed } = play(setting, provider, arrives)
  if (failed === undefined) throw new TypeError(`${setting.protocol_name}: expected a failure of: ${comment}`)
  const { fails, error } = failed
  return {
    comment,
    code: error.code,
    rule: ruleOf(error),
    fails,
    ...setting,
    messages: [...messages],
  }
}

/** The requirement that a failure of the framework goes back to. */
const ruleOf = ({ code, cause }: SottoError): string => {
  switch (code) {
    case 'noise/decrypt':
      return 'NO-22'
    case 'noise/protocol':
      return 'NO-2'
    default:
      if (cause instanceof RangeError) return 'NO-15'
      return cause instanceof SottoError && cause.code === 'crypto/zero-shared' ? 'NO-16' : 'NO-12'
  }
}

/** A name that no handshake has, with the keys of one that is. */
const unstarted = (rule: string, comment: string, name: string, provider: Provider): NoiseRefused => {
  const { failed } = play({ protocol_name: name, init_prologue: '', resp_prologue: '' }, provider)
  if (failed?.error.code !== 'noise/protocol') throw new TypeError(`expected ${name} to be refused`)
  const setting = settingOf('Noise_XX_25519_ChaChaPoly_SHA256', provider)
  return { comment, code: 'noise/protocol', rule, fails: failed.fails, ...setting, protocol_name: name, messages: [] }
}
