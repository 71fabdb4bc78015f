import { equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type IssuerId, type PeerId, peerIdOf } from './id.js'

/** What a credential says of its subject beside name and roles; policies read it as `claim.NAME`. */
export type Claims = Readonly<Record<string, string | number | boolean>>

/** The authenticated other end, as policy and handlers see it; frozen. */
export interface Peer {
  readonly id: PeerId
  /** The subject of a credential. */
  readonly name?: string
  readonly roles: readonly string[]
  readonly claims: Claims
  /** When trust in it ends, in Unix milliseconds: what a check says no to from then on. A pin has none. */
  readonly expiresMs?: number
  /** @internal Of the credential, in hex, and who issued it. */
  readonly serial?: string
  /** @internal */
  readonly issuer?: IssuerId
}

/** A peer of whom nothing is known but the key it proved. */
export const pinnedPeer = (id: PeerId): Peer =>
  Object.freeze({ id, roles: Object.freeze([]), claims: Object.freeze(Object.create(null)) })

/**
 * ID-43: whether `next`, which the judge of `peer` made of a new credential, prolongs it: the same key and name, and a later end.
 * A pinned peer has no end, so nothing prolongs it.
 */
export const renewed = (peer: Peer, next: Peer | undefined): next is Peer =>
  next?.expiresMs !== undefined &&
  peer.expiresMs !== undefined &&
  next.id === peer.id &&
  next.name === peer.name &&
  next.expiresMs > peer.expiresMs

/**
 * The id of a static key that a handshake proved: both ends ask this first.
 *
 * @param remoteStatic 32 bytes, borrowed
 * @param ownStatic 32 bytes, borrowed
 * @throws SottoError identity/malformed if it is not canonical, identity/self if it is our own
 */
export const provedId = (remoteStatic: Uint8Array, ownStatic: Uint8Array): PeerId => {
  const id = peerIdOf(remoteStatic)
  // ID-8: against reflection, where our own messages come back to us.
  if (equal(remoteStatic, ownStatic)) throw SottoError.of('identity/self', 'expected another key than our own')
  return id
}
