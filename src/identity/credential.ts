import { equal, utf8 } from '../bytes.js'
import { decodeControl, encodeControl } from '../cbor.js'
import type { Provider } from '../crypto/provider.js'
import { type IssuerId, type PeerId, parseIssuerId } from './id.js'
import type { Peer } from './peer.js'
import { BOUNDS, decodeStatement, refused, type Statement, strict } from './statement.js'

/** Bytes of a credential, at most (ID-22). */
export const MAX_CREDENTIAL = 4_096
/** ID-27: how far two clocks may be apart, unless said. */
export const SKEW_MS = 60_000
/** The largest skew that may be said: a quarter of an hour. */
export const MAX_SKEW_MS = 900_000

/** ID-20: the protected header { 1: -19 }, Ed25519 of RFC 9864, in its one spelling. */
const PROTECTED = Uint8Array.of(0xa1, 0x01, 0x32)
const AAD = utf8('Sotto/1 credential')

/** By what a credential is judged. */
export interface Verification {
  /** The key that was proved. */
  readonly id: PeerId
  readonly trusts: (issuer: IssuerId) => boolean
  readonly unixMs: number
  readonly skewMs: number
  readonly provider: Provider
}

/**
 * What a credential says. Nobody has vouched for it: to be shown to a person, and no more.
 *
 * @throws SottoError identity/credential if it is none
 */
export const decodeCredential = (credential: Uint8Array): Statement => envelopeOf(credential).statement

/**
 * @internal What a credential says, if a trusted issuer says it now of the key that was proved (ID-28).
 *
 * @throws SottoError identity/credential; the message says what is wrong
 */
export const verifyCredential = (
  credential: Uint8Array,
  { id, trusts, unixMs, skewMs, provider }: Verification,
): Statement => {
  const { payload, signature, statement } = envelopeOf(credential)
  const { issuer, notBeforeMs, expiresMs } = statement
  // ID-28
  if (!trusts(issuer)) throw refused('expected a trusted issuer')
  if (!provider.ed25519.verify(parseIssuerId(issuer), signedBytes(payload), signature))
    throw refused("expected the issuer's signature")
  // ID-29: what is said of one key is worth nothing to another.
  if (statement.id !== id) throw refused('expected it to be of the key that was proved')
  // ID-27
  if (!(unixMs >= notBeforeMs - skewMs))
    throw refused(`expected one that holds now, got one from ${dateOf(notBeforeMs)}`)
  if (!(unixMs < expiresMs + skewMs)) throw refused(`expected one that holds now, got one until ${dateOf(expiresMs)}`)
  return statement
}

/** @internal The peer of whom a verified statement speaks; trust in it ends with the skew (ID-27). */
export const peerOfStatement = (
  { id, name, roles, claims, expiresMs, serial, issuer }: Statement,
  skewMs: number,
): Peer =>
  Object.freeze({
    id,
    ...(name === undefined ? {} : { name }),
    roles,
    claims,
    expiresMs: expiresMs + skewMs,
    serial,
    issuer,
  })

/** @internal The credential that holds a payload of `encodeStatement` and the signature of its issuer. */
export const encodeCredential = (payload: Uint8Array, sign: (message: Uint8Array) => Uint8Array): Uint8Array => {
  const credential = encodeControl([PROTECTED, new Map(), payload, sign(signedBytes(payload))])
  if (credential.length > MAX_CREDENTIAL) throw tooLong(credential.length)
  return credential
}

/** ID-22: bounded and scanned first, then built, then read. */
const envelopeOf = (credential: Uint8Array) => {
  if (credential.length > MAX_CREDENTIAL) throw tooLong(credential.length)
  const envelope = strict('a COSE_Sign1', () => decodeControl(credential, BOUNDS))
  const [header, unprotected, payload, signature, ...rest] = Array.isArray(envelope) ? envelope : []
  if (!(header instanceof Uint8Array) || !equal(header, PROTECTED)) throw refused('expected a header that says Ed25519')
  if (!(unprotected instanceof Map) || unprotected.size > 0) throw refused('expected no unprotected header')
  if (!(payload instanceof Uint8Array)) throw refused('expected a payload of bytes')
  if (!(signature instanceof Uint8Array) || signature.length !== 64) throw refused('expected a signature of 64 bytes')
  if (rest.length > 0) throw refused('expected four parts')
  return { payload, signature, statement: decodeStatement(payload) }
}

/** ID-21: Sig_structure of RFC 9052 section 4.4. */
const signedBytes = (payload: Uint8Array): Uint8Array => encodeControl(['Signature1', PROTECTED, AAD, payload])

const dateOf = (unixMs: number): string => `second ${unixMs / 1000}`

const tooLong = (length: number) => refused(`expected at most ${MAX_CREDENTIAL} bytes, got ${length}`)
