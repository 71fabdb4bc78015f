import { equal } from '../bytes.js'
import type { Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { peerOfStatement, SKEW_MS, verifyCredential } from './credential.js'
import { type IssuerId, type PeerId, parseIssuerId, parsePeerId } from './id.js'
import { isName } from './name.js'
import { type Peer, pinnedPeer, provedId } from './peer.js'
import type { TrustStore } from './trust.js'

/** Whom a dialler means to reach: a key, a name that an issuer vouches for, or the key an endpoint had before. */
export type Expected =
  | PeerId
  | { readonly name: string; readonly issuer: IssuerId | TrustStore }
  | { readonly endpoint: string; readonly known: KnownKeys }

/** The keys that endpoints proved before. For those who dial alone. */
export interface KnownKeys {
  /** `strict` reaches nobody whose key is not there; `accept-new` takes the first key of an endpoint, where it is remembered. */
  readonly mode: 'strict' | 'accept-new'
  known(endpoint: string): PeerId | undefined
}

/** What the other end of a handshake has shown. */
export interface Shown {
  /** The static key the handshake proved, 32 bytes, borrowed. */
  readonly remoteStatic: Uint8Array
  /** Our own, 32 bytes, borrowed. */
  readonly ownStatic: Uint8Array
  readonly credential: Uint8Array | undefined
  /** Unix time in ms. */
  readonly unixMs: number
  readonly provider: Provider
}

/** Proof that the initiator's peer is the one it meant to reach. Only `check` makes one, and message 3 needs one. */
export class CheckedPeer {
  // A private field makes the class nominal: an object with the same members is no proof.
  readonly #peer: Peer

  private constructor(peer: Peer) {
    this.#peer = peer
  }

  get peer(): Peer {
    return this.#peer
  }

  /**
   * ID-9: the peer is the expected one.
   *
   * @throws SottoError identity/malformed, identity/self, and as `judge`
   */
  static check(expected: Expected, shown: Shown): CheckedPeer {
    checkExpected(expected)
    return new CheckedPeer(judge(expected, provedId(shown.remoteStatic, shown.ownStatic), shown))
  }
}

/** What cannot be anyone is known before a byte is sent. @throws SottoError identity/malformed */
export const checkExpected = (expected: Expected): void => {
  if (typeof expected === 'string') parsePeerId(expected)
  else if ('name' in expected) {
    if (!isName(expected.name))
      throw SottoError.of('identity/malformed', 'expected a SPIFFE ID with a path, of at most 255 characters')
    if (typeof expected.issuer === 'string') parseIssuerId(expected.issuer)
  }
}

/**
 * @internal The peer whose key `id` is, if it is the expected one; asked again of a renewed credential, and when trust changes.
 *
 * @throws SottoError identity/mismatch for another key or name, identity/changed for another key than the endpoint's,
 * identity/not-trusted where nothing vouches for the key
 */
export const judge = (expected: Expected, id: PeerId, shown: Omit<Shown, 'remoteStatic' | 'ownStatic'>): Peer => {
  if (typeof expected === 'string') return pinnedAs(expected, id)
  return 'name' in expected ? namedAs(expected, id, shown) : knownAs(expected, id)
}

const pinnedAs = (expected: PeerId, id: PeerId): Peer => {
  if (equal(parsePeerId(expected), parsePeerId(id))) return pinnedPeer(id)
  throw mismatch(expected, id)
}

/** ID-35: the exact name, by a credential. A pin is no name. */
const namedAs = (
  { name, issuer }: Extract<Expected, { name: string }>,
  id: PeerId,
  { credential, unixMs, provider }: Omit<Shown, 'remoteStatic' | 'ownStatic'>,
): Peer => {
  const peer = vouched(id, () => {
    if (typeof issuer !== 'string') return issuer.vouch(id, credential, unixMs)
    if (credential === undefined) throw SottoError.of('identity/credential', 'expected a credential, got none')
    const trusts = (other: IssuerId): boolean => other === issuer
    const statement = verifyCredential(credential, { id, trusts, unixMs, skewMs: SKEW_MS, provider })
    return peerOfStatement(statement, SKEW_MS)
  })
  if (peer.name !== name) throw mismatch(name, peer.name ?? id)
  return peer
}

const vouched = (id: PeerId, vouch: () => Peer): Peer => {
  try {
    return vouch()
  } catch (cause) {
    if (!SottoError.is(cause, 'identity/credential')) throw cause
    throw SottoError.of('identity/not-trusted', `nothing that is trusted here vouches for ${id}`, { cause })
  }
}

const knownAs = ({ endpoint, known }: Extract<Expected, { endpoint: string }>, id: PeerId): Peer => {
  const before = known.known(endpoint)
  if (before !== undefined && before !== id) throw changedKey(endpoint, before, id)
  // ID-41: what is neither mode is the stricter.
  if (before === undefined && known.mode !== 'accept-new')
    throw SottoError.of('identity/not-trusted', `${endpoint} proves ${id}, and no key of it is known`)
  return pinnedPeer(id)
}

/** @internal ID-36: loud, and left to a person: the key may have been replaced, or someone stands between. */
export const changedKey = (endpoint: string, known: PeerId, seen: PeerId): SottoError<'identity/changed'> =>
  SottoError.of('identity/changed', `${endpoint} had the key ${known}, and now proves ${seen}`, {
    details: { known, seen },
  })

const mismatch = (expected: string, seen: string): SottoError<'identity/mismatch'> =>
  SottoError.of('identity/mismatch', `expected ${expected}, got ${seen}`, { details: { expected, seen } })
