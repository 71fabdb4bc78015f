import { equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type PeerId, parsePeerId, peerIdOf } from './id.js'

/** The authenticated other end, as policy and handlers see it; frozen. */
export interface Peer {
  readonly id: PeerId
  /** The subject of a credential. */
  readonly name?: string
  readonly roles: readonly string[]
  readonly claims: Readonly<Record<string, string | number | boolean>>
  /** When trust in it ends, in Unix milliseconds. */
  readonly expiresMs?: number
}

/** A peer of whom nothing is known but the key it proved. */
export const pinnedPeer = (id: PeerId): Peer =>
  Object.freeze({ id, roles: Object.freeze([]), claims: Object.freeze(Object.create(null)) })

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
   * ID-9: the peer proved the key of `expected`.
   *
   * @param remoteStatic the static key the handshake proved, 32 bytes, borrowed
   * @param ownStatic our own static public key, 32 bytes, borrowed
   * @throws SottoError identity/malformed, identity/self, identity/mismatch
   */
  static check(expected: PeerId, remoteStatic: Uint8Array, ownStatic: Uint8Array): CheckedPeer {
    const key = parsePeerId(expected)
    const seen = provedId(remoteStatic, ownStatic)
    if (!equal(key, remoteStatic)) {
      throw SottoError.of('identity/mismatch', `expected ${expected}, got ${seen}`, { details: { expected, seen } })
    }
    return new CheckedPeer(pinnedPeer(seen))
  }
}
