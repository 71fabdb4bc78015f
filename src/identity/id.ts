import { SottoError } from '../errors.js'
import { decodeText, encodeText } from './text.js'

/** The text of an X25519 public key: compared whole, never by a part. */
export type PeerId = `sotto1${string}`

/**
 * The id of a 32-byte X25519 public key; the one place an id is made.
 *
 * @throws SottoError identity/malformed on another length or a non-canonical key
 */
export const peerIdOf = (publicKey: Uint8Array): PeerId => {
  if (!isCanonicalX25519(publicKey)) throw notCanonical(publicKey)
  // A cast, for the row of `peer` writes this prefix.
  return encodeText('peer', publicKey) as PeerId
}

/**
 * The 32-byte public key of an id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `peerIdOf` writes
 */
export const parsePeerId = (text: string): Uint8Array => {
  const publicKey = decodeText('peer', text)
  if (!isCanonicalX25519(publicKey)) throw notCanonical(publicKey)
  return publicKey
}

/**
 * A text from outside, as of a command line or a file, as the id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export const peerId = (text: string): PeerId => peerIdOf(parsePeerId(text))

/** The text of an issuer's Ed25519 public key: compared whole, never by a part. */
export type IssuerId = `sottoca1${string}`

/** The id of a 32-byte Ed25519 public key; the one place an issuer's id is made. @throws RangeError on another length */
export const issuerIdOf = (publicKey: Uint8Array): IssuerId =>
  // A cast, for the row of `issuer` writes this prefix.
  encodeText('issuer', publicKey) as IssuerId

/**
 * The 32-byte public key of an issuer's id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `issuerIdOf` writes
 */
export const parseIssuerId = (text: string): Uint8Array => decodeText('issuer', text)

/**
 * A text from outside as the issuer's id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export const issuerId = (text: string): IssuerId => issuerIdOf(parseIssuerId(text))

/** The text of an auditor's Ed25519 public key: compared whole, never by a part. */
export type AuditorId = `sottolog1${string}`

/** The id of a 32-byte Ed25519 public key; the one place an auditor's id is made. @throws RangeError on another length */
export const auditorIdOf = (publicKey: Uint8Array): AuditorId =>
  // A cast, for the row of `auditor` writes this prefix.
  encodeText('auditor', publicKey) as AuditorId

/**
 * The 32-byte public key of an auditor's id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `auditorIdOf` writes
 */
export const parseAuditorId = (text: string): Uint8Array => decodeText('auditor', text)

/**
 * A text from outside as the auditor's id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export const auditorId = (text: string): AuditorId => auditorIdOf(parseAuditorId(text))

/** ID-3: 32 bytes, bit 255 clear and below 2^255-19, so that a key has one spelling (RFC 7748 section 5 would mask and reduce). */
export const isCanonicalX25519 = (u: Uint8Array): boolean => {
  if (u.length !== 32) return false
  const top = u[31] ?? 0xff
  if (top !== 0x7f) return top < 0x7f
  return (u[0] ?? 0xff) < 0xed || u.subarray(1, 31).some((byte) => byte !== 0xff)
}

const notCanonical = (publicKey: Uint8Array): SottoError<'identity/malformed'> =>
  SottoError.of(
    'identity/malformed',
    publicKey.length === 32
      ? 'expected an X25519 public key below 2^255-19, got one that is not reduced'
      : `expected an X25519 public key of 32 bytes, got ${publicKey.length}`,
  )
