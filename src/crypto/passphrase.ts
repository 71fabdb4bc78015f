import { scrypt } from '@noble/hashes/scrypt.js'
import { concat, utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { AeadKey, Provider } from './provider.js'

/** Bytes that sealing adds: cost u8, salt, tag. */
const SEALED_OVERHEAD = 1 + 16 + 16

/** Base-2 logarithm of the scrypt cost N: 2^17 takes 128 MiB and about a second with the portable code. */
const DEFAULT_COST = 17

const LEAST_COST = 14
const MOST_COST = 18
/** What a sealed secret may be taken for: a secret of one kind does not open as one of the other. */
const LABELS = {
  identity: utf8('Sotto/1 sealed identity'),
  issuer: utf8('Sotto/1 sealed issuer'),
  auditor: utf8('Sotto/1 sealed auditor'),
} as const

export type SealedAs = keyof typeof LABELS

const HEADER_BYTES = 17

/**
 * `cost u8 | salt (16 bytes) | ChaChaPoly(scrypt(passphrase, salt), nonce 0, ad label | cost | salt, secret)`,
 * freshly allocated.
 *
 * @param cost base-2 logarithm of N, 14 to 18; r = 8, p = 1
 * @throws RangeError on an empty passphrase or another cost
 */
export const sealWithPassphrase = (
  provider: Provider,
  secret: Uint8Array,
  passphrase: string,
  as: SealedAs,
  cost: number = DEFAULT_COST,
): Uint8Array => {
  if (passphrase === '') throw new RangeError('expected a passphrase, got an empty text')
  if (!isCost(cost)) throw new RangeError(`expected a cost of ${LEAST_COST} to ${MOST_COST}, got ${cost}`)
  const header = concat(Uint8Array.of(cost), provider.randomBytes(16))
  const sealed = new Uint8Array(secret.length + 16)
  const key = deriveKey(provider, header, passphrase)
  // A key is derived from a fresh salt and seals once, so nonce 0 never repeats.
  key.seal(0, concat(LABELS[as], header), secret, sealed)
  key.erase()
  return concat(header, sealed)
}

/**
 * The secret, freshly allocated, or undefined if the passphrase is another or the bytes were changed.
 *
 * @throws SottoError crypto/bad-key if it is too short, or its cost is outside 14 to 18; before any work is done for it
 */
export const openWithPassphrase = (
  provider: Provider,
  sealed: Uint8Array,
  passphrase: string,
  as: SealedAs,
): Uint8Array | undefined => {
  const cost = sealed[0] ?? 0
  if (sealed.length < SEALED_OVERHEAD) {
    throw SottoError.of('crypto/bad-key', `expected at least ${SEALED_OVERHEAD} sealed bytes, got ${sealed.length}`)
  }
  // ID-7: each step up doubles memory and time, and a file may come from anyone.
  if (!isCost(cost)) {
    throw SottoError.of('crypto/bad-key', `expected a scrypt cost of ${LEAST_COST} to ${MOST_COST}, got ${cost}`)
  }
  const header = sealed.subarray(0, HEADER_BYTES)
  const key = deriveKey(provider, header, passphrase)
  const secret = key.open(0, concat(LABELS[as], header), sealed.subarray(HEADER_BYTES))
  key.erase()
  return secret
}

const isCost = (cost: number): boolean => Number.isInteger(cost) && cost >= LEAST_COST && cost <= MOST_COST

/** scrypt of RFC 7914; the passphrase in Unicode NFC, for keyboards differ in how they compose a letter. */
const deriveKey = (provider: Provider, header: Uint8Array, passphrase: string): AeadKey => {
  const bytes = utf8(passphrase.normalize('NFC'))
  const derived = scrypt(bytes, header.subarray(1), { N: 2 ** (header[0] ?? 0), r: 8, p: 1, dkLen: 32 })
  const key = provider.cipher.ChaChaPoly.importKey(derived)
  derived.fill(0)
  bytes.fill(0)
  return key
}
