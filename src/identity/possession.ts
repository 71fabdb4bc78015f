import { concat, EMPTY, equal, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { hkdfExpand, hkdfExtract } from '../crypto/hkdf.js'
import type { DhKey, Provider } from '../crypto/provider.js'
import { type IssuerId, type PeerId, parseIssuerId, peerIdOf } from './id.js'
import { type Identity, keyPairOf } from './identity.js'
import { type Issuer, issuerKeysOf } from './issuer.js'
import { refused } from './statement.js'
import { decodeText, encodeText } from './text.js'

/** How long a challenge can be answered (ID-32). */
export const CHALLENGE_MS = 600_000

const CHALLENGE_LABEL = utf8('Sotto/1 challenge')
const PROOF_LABEL = utf8('Sotto/1 possession')
/** Bytes of a challenge: time u48, random, and behind them an X25519 public key. */
const NONCE = 16
const CHALLENGE = NONCE + 32

/**
 * ID-30: that the secret key of `id` answered to this process. A credential is issued to nothing else, and only two functions give
 * one: `checkProof` and `possessionOf` of a session.
 */
export class Possession {
  // A private field makes the class nominal: an object with the same members shows nothing.
  readonly #id: PeerId
  /** Unix time at which it was shown. */
  readonly shownMs: number

  private constructor(id: PeerId, shownMs: number) {
    this.#id = id
    this.shownMs = shownMs
    Object.freeze(this)
  }

  get id(): PeerId {
    return this.#id
  }

  /** @internal For those two alone. */
  static of(id: PeerId, shownMs: number): Possession {
    return new Possession(id, shownMs)
  }

  /** @internal Whether `value` was made here: types are no wall to a program without them. */
  static is(value: object): value is Possession {
    return #id in value
  }
}

/**
 * What the owner of a key must answer to have it certified: `sotto-challenge-1…`, no secret, good for 10 minutes. The issuer
 * keeps nothing of it.
 */
export const makeChallenge = (issuer: Issuer, unixMs: number, provider: Provider = defaultProvider): string => {
  const nonce = provider.randomBytes(NONCE)
  new DataView(nonce.buffer, nonce.byteOffset).setUint16(0, Math.floor(unixMs / 2 ** 32))
  new DataView(nonce.buffer, nonce.byteOffset).setUint32(2, unixMs % 2 ** 32)
  const key = challengeKey(issuer, nonce, provider)
  const challenge = concat(nonce, key.publicKey)
  key.erase()
  return encodeText('challenge', challenge)
}

/**
 * The answer of `identity` to a challenge of `issuer` and of no other: `sotto-proof-1…`. It holds no secret, and is worth
 * nothing to anyone but that issuer.
 *
 * @throws SottoError identity/malformed, crypto/zero-shared
 */
export const proveIdentity = (
  identity: Identity,
  challenge: string,
  issuer: IssuerId,
  provider: Provider = defaultProvider,
): string => {
  const bytes = decodeText('challenge', challenge)
  const { secretKey, publicKey } = keyPairOf(identity)
  const key = provider.dh['25519'].importKey(secretKey, publicKey)
  secretKey.fill(0)
  const mac = proofOf(
    key,
    bytes.subarray(NONCE),
    { challenge: bytes, issuer: parseIssuerId(issuer), publicKey },
    provider,
  )
  return encodeText('proof', concat(bytes, publicKey, mac))
}

/**
 * The possession that a proof shows to `issuer`.
 *
 * @throws SottoError identity/malformed, crypto/zero-shared, identity/credential if it answers no challenge of this issuer,
 * or too late
 */
export const checkProof = (
  issuer: Issuer,
  proof: string,
  unixMs: number,
  provider: Provider = defaultProvider,
): Possession => {
  const bytes = decodeText('proof', proof)
  const challenge = bytes.subarray(0, CHALLENGE)
  const publicKey = bytes.subarray(CHALLENGE, CHALLENGE + 32)
  const id = peerIdOf(publicKey)
  const key = challengeKey(issuer, challenge.subarray(0, NONCE), provider)
  // ID-31: whoever does not hold the issuer's secret cannot tell which key belongs to a nonce.
  if (!equal(key.publicKey, challenge.subarray(NONCE))) {
    key.erase()
    throw refused('expected an answer to a challenge of this issuer')
  }
  const told = { challenge, issuer: parseIssuerId(issuer.id), publicKey }
  if (!equal(proofOf(key, publicKey, told, provider), bytes.subarray(CHALLENGE + 32)))
    throw refused('expected a proof that was made with its secret key, for this issuer')
  // ID-32: the time is part of what the key was derived from.
  const madeMs = timeOf(challenge)
  if (!(unixMs >= madeMs && unixMs < madeMs + CHALLENGE_MS))
    throw refused(`expected an answer within ${CHALLENGE_MS / 60_000} minutes`)
  return Possession.of(id, unixMs)
}

/** ID-31: derived again whenever it is needed. */
const challengeKey = (issuer: Issuer, nonce: Uint8Array, provider: Provider): DhKey => {
  const { secretKey } = issuerKeysOf(issuer)
  const hash = provider.hash.SHA256
  const prk = hkdfExtract(hash, EMPTY, secretKey)
  const derived = hkdfExpand(hash, prk, concat(CHALLENGE_LABEL, nonce), 32)
  const key = provider.dh['25519'].importKey(derived)
  for (const secret of [secretKey, prk, derived]) secret.fill(0)
  return key
}

interface Told {
  readonly challenge: Uint8Array
  readonly issuer: Uint8Array
  readonly publicKey: Uint8Array
}

/** ID-31; erases `key`. */
const proofOf = (
  key: DhKey,
  other: Uint8Array,
  { challenge, issuer, publicKey }: Told,
  provider: Provider,
): Uint8Array => {
  const hash = provider.hash.SHA256
  const shared = agreed(key, other)
  const prk = hkdfExtract(hash, PROOF_LABEL, shared)
  const proof = hkdfExpand(hash, prk, concat(PROOF_LABEL, challenge, issuer, publicKey), 32)
  for (const secret of [shared, prk]) secret.fill(0)
  return proof
}

/** Erases `key`, a key of small order or not. @throws SottoError crypto/zero-shared */
const agreed = (key: DhKey, other: Uint8Array): Uint8Array => {
  try {
    return key.agree(other)
  } finally {
    key.erase()
  }
}

const timeOf = (challenge: Uint8Array): number => {
  const view = new DataView(challenge.buffer, challenge.byteOffset)
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2)
}
