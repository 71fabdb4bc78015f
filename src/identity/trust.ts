import { Epoch } from './epoch.js'
import { type PeerId, parsePeerId } from './id.js'
import { type Peer, pinnedPeer } from './peer.js'

/** Pins a store holds at most. */
export const MAX_PINS = 65_536

/** Whom a listener lets in. It can be changed while sessions live: those of a peer no longer trusted end. */
export interface TrustStore {
  /** Trusts the key of `id`. @throws SottoError identity/malformed; RangeError over 65,536 pins */
  pin(id: PeerId): void
  /** Trusts it no more; nothing happens if it was not pinned. @throws SottoError identity/malformed */
  revoke(id: PeerId): void
  /** Trusts exactly `entries`; on an error nothing is changed. @throws as `pin` */
  replace(entries: readonly PeerId[]): void
  /** The peer of an id that is trusted at `nowMs` (Unix milliseconds). */
  check(id: PeerId, nowMs: number): Peer | undefined
  /** @internal Calls back after every change, until the returned function is called. */
  onChange(changed: () => void): () => void
}

/** @throws SottoError identity/malformed; RangeError over 65,536 entries */
export const trustStore = (entries: readonly PeerId[]): TrustStore => new PinnedTrust(entries)

class PinnedTrust implements TrustStore {
  #pinned: Map<PeerId, Peer>
  readonly #epoch = new Epoch()

  constructor(entries: readonly PeerId[]) {
    this.#pinned = pinsOf(entries)
  }

  pin(id: PeerId): void {
    parsePeerId(id)
    if (this.#pinned.has(id)) return
    if (this.#pinned.size >= MAX_PINS) throw tooMany(MAX_PINS + 1)
    this.#pinned.set(id, pinnedPeer(id))
    this.#epoch.advance()
  }

  revoke(id: PeerId): void {
    // A misspelt id must not pass for one that is revoked.
    parsePeerId(id)
    if (this.#pinned.delete(id)) this.#epoch.advance()
  }

  replace(entries: readonly PeerId[]): void {
    this.#pinned = pinsOf(entries)
    this.#epoch.advance()
  }

  // ID-10: a look-up of the whole id. A pin does not expire, so the time is not read.
  check(id: PeerId, _nowMs: number): Peer | undefined {
    return this.#pinned.get(id)
  }

  onChange(changed: () => void): () => void {
    return this.#epoch.onChange(changed)
  }
}

const pinsOf = (entries: readonly PeerId[]): Map<PeerId, Peer> => {
  if (entries.length > MAX_PINS) throw tooMany(entries.length)
  const pinned = new Map<PeerId, Peer>()
  for (const id of entries) {
    parsePeerId(id)
    pinned.set(id, pinnedPeer(id))
  }
  return pinned
}

const tooMany = (count: number): RangeError => new RangeError(`expected at most ${MAX_PINS} trusted ids, got ${count}`)
