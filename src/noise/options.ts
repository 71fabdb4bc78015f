import type { DhKey, KeyPair, Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { other, type Pattern, pskCount, type Role, sentBy } from './patterns.js'
import type { Protocol } from './protocol.js'

const PSK_LENGTH = 32

export interface HandshakeOptions {
  /** `Noise_XX_25519_ChaChaPoly_SHA256`; see spec/noise.md for every name allowed. */
  readonly protocol: string
  readonly role: Role
  /** What both sides must agree on though it is not sent; not secret. */
  readonly prologue?: Uint8Array
  /** Our static key pair, DHLEN bytes each and belonging together; where the pattern uses one. */
  readonly s?: KeyPair
  /** The peer's static public key; where the pattern has it as a pre-message. */
  readonly rs?: Uint8Array
  /** The peer's ephemeral public key; where the pattern has it as a pre-message (`fallback`). */
  readonly re?: Uint8Array
  /** Pre-shared keys in the order of the pattern's `psk` tokens: 32 secret bytes each, not all zero. */
  readonly psks?: readonly Uint8Array[]
  /** The cryptography to use; the fastest of this runtime unless said. */
  readonly provider?: Provider
  /** For reproducible vectors only. Two handshakes with the same ephemerals give away their plaintexts. */
  readonly ephemeralForTesting?: EphemeralForTesting
  /** @internal The ephemeral that `fallback` carries over from the first handshake. */
  readonly e?: DhKey
}

/** Fixed values in place of random ones; each is used for every token of its name. */
export interface EphemeralForTesting {
  /** The secret key of `e`, DHLEN bytes. */
  readonly e?: Uint8Array
  /** The 64-byte seed `d | z` of the key pair `e1` (FIPS 203). */
  readonly e1?: Uint8Array
  /** The 32 bytes `m` that the encapsulation `ekem1` takes. */
  readonly ekem1?: Uint8Array
}

/** @internal Which keys `role` must bring to `pattern`, which it must not (NO-2). */
export const keysOf = (pattern: Pattern, role: Role) => ({
  s: sentBy(pattern, role).includes('s'),
  rs: pattern.pre[other(role)].includes('s'),
  e: pattern.pre[role].includes('e'),
  re: pattern.pre[other(role)].includes('e'),
  psks: pskCount(pattern),
})

/**
 * NO-2, NO-3: every key the pattern uses is there with its right length, and no other.
 *
 * @throws noise/protocol
 */
export const checkOptions = (options: HandshakeOptions, protocol: Protocol, provider: Provider): void => {
  const { role, psks = [] } = options
  if (role !== 'initiator' && role !== 'responder') throw refuse('role', 'initiator or responder', String(role))
  const wanted = keysOf(protocol.pattern, role)
  const { length } = provider.dh[protocol.dh]
  checkKey('s, the secret key', options.s?.secretKey, wanted.s, length)
  checkKey('s, the public key', options.s?.publicKey, wanted.s, length)
  checkKey('rs', options.rs, wanted.rs, length)
  checkKey('re', options.re, wanted.re, length)
  const e = options.e?.publicKey ?? (wanted.e ? options.ephemeralForTesting?.e : undefined)
  checkKey('e of an earlier handshake (see fallback)', e, wanted.e, length)
  if (psks.length !== wanted.psks) throw refuse('psks', `${wanted.psks} keys`, `${psks.length}`)
  for (const psk of psks) {
    checkKey('a psk', psk, true, PSK_LENGTH)
    if (psk.every((byte) => byte === 0)) throw refuse('a psk', 'a secret', 'zeros only')
  }
}

const checkKey = (what: string, key: Uint8Array | undefined, wanted: boolean, length: number): void => {
  const expected = wanted ? `${length} bytes` : 'none: the pattern does not use it'
  if (key?.length !== (wanted ? length : undefined))
    throw refuse(what, expected, key === undefined ? 'none' : `${key.length} bytes`)
}

const refuse = (what: string, expected: string, got: string): SottoError =>
  SottoError.of('noise/protocol', `${what}: expected ${expected}, got ${got}`)
