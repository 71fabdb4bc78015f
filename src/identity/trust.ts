import { defaultProvider } from '../crypto/default.js'
import type { Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { MAX_SKEW_MS, peerOfStatement, SKEW_MS, verifyCredential } from './credential.js'
import { Epoch } from './epoch.js'
import { type IssuerId, type PeerId, parseIssuerId, parsePeerId } from './id.js'
import { type Peer, pinnedPeer } from './peer.js'
import { isSerial, refused } from './statement.js'

/** Entries of each kind that a store holds at most (ID-13, ID-47). */
export const MAX_PINS = 65_536
export const MAX_ISSUERS = 64
export const MAX_REVOKED_IDS = 65_536
export const MAX_REVOKED_SERIALS = 65_536

/** A key that is trusted, or an issuer whose credentials are. */
export type TrustEntry = PeerId | IssuerId

/** A key whose trust is withdrawn, or one credential by its serial: 32 hex digits. */
export type Revoked = PeerId | { readonly serial: string }

/** Whom to trust, as a trust file says it. What is revoked is not trusted, even if it is listed. */
export interface Trust {
  readonly trusted: readonly TrustEntry[]
  readonly revoked?: readonly Revoked[]
}

/** Whom a process trusts. It can be changed while sessions live: those of a peer no longer trusted end. */
export interface TrustStore {
  /** Trusts the key of `id`, revoked or not. @throws SottoError identity/malformed; RangeError over 65,536 pins */
  pin(id: PeerId): void
  /** Trusts credentials of one more issuer. @throws SottoError identity/malformed; RangeError over 64 issuers */
  addIssuer(id: IssuerId): void
  /** Trusts its credentials no more; nothing happens if they were not trusted. @throws SottoError identity/malformed */
  removeIssuer(id: IssuerId): void
  /**
   * Trusts a key, or one credential, no more. It is remembered, so that no credential brings it back. Kept until the process
   * ends; `pin` lifts that of a key.
   *
   * @throws SottoError identity/malformed; RangeError over 65,536 keys or serials: a pin is withdrawn all the same
   */
  revoke(what: Revoked): void
  /**
   * Trusts exactly these pins and issuers. What is revoked stays so, and what `trust` revokes is added; on an error nothing is
   * changed.
   *
   * @throws SottoError identity/malformed; RangeError over a bound
   */
  replace(trust: readonly TrustEntry[] | Trust): void
  /**
   * The peer of a key that is trusted at `unixMs` (Unix milliseconds): by its pin, else by its credential. A credential is
   * not looked at where no issuer is trusted.
   */
  check(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer | undefined
  /** @internal Why `check` gives no peer. For this end alone: the peer is told one code for all. */
  whyNot(id: PeerId, credential: Uint8Array | undefined, unixMs: number): SottoError | undefined
  /** @internal The peer of a key by its credential, pinned or not. @throws SottoError identity/credential */
  vouch(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer
  /** @internal Calls back after every change, until the returned function is called. */
  onChange(changed: () => void): () => void
}

/**
 * @param options.skewMs how far the clock of an issuer may be from ours, 0 to 900,000; 60,000 unless said
 * @throws SottoError identity/malformed; RangeError over 65,536 pins, 64 issuers, or on another skew
 */
export const trustStore = (
  trust: readonly TrustEntry[] | Trust,
  options: { readonly skewMs?: number; readonly provider?: Provider } = {},
): TrustStore => new LiveTrust(trust, options.skewMs ?? SKEW_MS, options.provider ?? defaultProvider)

class LiveTrust implements TrustStore {
  #pins: Map<PeerId, Peer> = new Map()
  #issuers: Set<IssuerId> = new Set()
  #revokedIds: Set<PeerId> = new Set()
  #revokedSerials: Set<string> = new Set()
  readonly #skewMs: number
  readonly #provider: Provider
  readonly #epoch = new Epoch()

  constructor(trust: readonly TrustEntry[] | Trust, skewMs: number, provider: Provider) {
    if (!(skewMs >= 0 && skewMs <= MAX_SKEW_MS))
      throw new RangeError(`expected skewMs of 0..${MAX_SKEW_MS}, got ${skewMs}`)
    this.#skewMs = skewMs
    this.#provider = provider
    this.replace(trust)
  }

  pin(id: PeerId): void {
    parsePeerId(id)
    if (this.#pins.has(id) && !this.#revokedIds.has(id)) return
    room('pins', this.#pins.size + (this.#pins.has(id) ? 0 : 1), MAX_PINS)
    this.#pins.set(id, pinnedPeer(id))
    this.#revokedIds.delete(id)
    this.#epoch.advance()
  }

  addIssuer(id: IssuerId): void {
    parseIssuerId(id)
    if (this.#issuers.has(id)) return
    room('issuers', this.#issuers.size + 1, MAX_ISSUERS)
    this.#issuers.add(id)
    this.#epoch.advance()
  }

  removeIssuer(id: IssuerId): void {
    // A misspelt id must not pass for one that is removed.
    parseIssuerId(id)
    if (this.#issuers.delete(id)) this.#epoch.advance()
  }

  // ID-11, ID-34: whatever else fails, the pin is gone and all have heard when this returns.
  revoke(what: Revoked): void {
    checkRevoked(what)
    const isId = typeof what === 'string'
    const unpinned = isId && this.#pins.delete(what)
    const added = isId
      ? addTo(this.#revokedIds, what, MAX_REVOKED_IDS)
      : addTo(this.#revokedSerials, what.serial, MAX_REVOKED_SERIALS)
    if (unpinned || added === 'added') this.#epoch.advance()
    if (added === 'full') throw new RangeError('expected room for one more revocation: a new issuer ends them all')
  }

  replace(trust: readonly TrustEntry[] | Trust): void {
    const { trusted, revoked = [] } = 'trusted' in trust ? trust : { trusted: trust }
    // ID-12: all that may be refused comes before the first change.
    revoked.forEach(checkRevoked)
    const pins = pinsOf(trusted.filter(isPeer))
    const issuers = issuersOf(trusted.filter(isIssuer))
    // ID-46: what is revoked now stays so.
    const revokedIds = new Set([
      ...this.#revokedIds,
      ...revoked.flatMap((what) => (typeof what === 'string' ? [what] : [])),
    ])
    const revokedSerials = new Set([
      ...this.#revokedSerials,
      ...revoked.flatMap((what) => (typeof what === 'string' ? [] : [what.serial])),
    ])
    room('revoked keys', revokedIds.size, MAX_REVOKED_IDS)
    room('revoked serials', revokedSerials.size, MAX_REVOKED_SERIALS)
    this.#pins = pins
    this.#issuers = issuers
    this.#revokedIds = revokedIds
    this.#revokedSerials = revokedSerials
    this.#epoch.advance()
  }

  // ID-10: a look-up of the whole id. Nothing is cached: the next answer is by the trust, the clock and the credential of then.
  check(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer | undefined {
    // ID-33, ID-44: what is revoked is out, then pins come first.
    if (this.#revokedIds.has(id)) return undefined
    const pinned = this.#pins.get(id)
    if (pinned !== undefined || credential === undefined) return pinned
    const judged = this.#judge(id, credential, unixMs)
    return judged instanceof SottoError ? undefined : judged
  }

  whyNot(id: PeerId, credential: Uint8Array | undefined, unixMs: number): SottoError | undefined {
    const judged = this.#judge(id, credential, unixMs)
    return judged instanceof SottoError ? judged : undefined
  }

  vouch(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer {
    if (this.#revokedIds.has(id)) throw refused('expected a key that is not revoked')
    if (credential === undefined) throw refused('expected a credential, got none')
    // ID-49: not a byte is read for nobody's sake.
    if (this.#issuers.size === 0) throw refused('expected no credential: no issuer is trusted')
    const trusts = (issuer: IssuerId): boolean => this.#issuers.has(issuer)
    const judged = { id, trusts, unixMs, skewMs: this.#skewMs, provider: this.#provider }
    const statement = verifyCredential(credential, judged)
    if (this.#revokedSerials.has(statement.serial)) throw refused('expected a credential that is not revoked')
    return peerOfStatement(statement, this.#skewMs)
  }

  onChange(changed: () => void): () => void {
    return this.#epoch.onChange(changed)
  }

  /** That a peer's credential does not hold is an outcome, not a fault of ours. */
  #judge(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer | SottoError {
    try {
      return this.vouch(id, credential, unixMs)
    } catch (error) {
      if (SottoError.is(error, 'identity/credential')) return error
      throw error
    }
  }
}

const isPeer = (entry: TrustEntry): entry is PeerId => !isIssuer(entry)

/** What begins like an issuer is parsed as one, all else as a peer. */
const isIssuer = (entry: TrustEntry): entry is IssuerId => typeof entry === 'string' && entry.startsWith('sottoca1')

/** A misspelt id or serial must not pass for one that is revoked. */
const checkRevoked = (what: Revoked): void => {
  if (typeof what === 'string') parsePeerId(what)
  else if (!isSerial(what.serial))
    throw SottoError.of('identity/malformed', 'expected a serial of 32 lower-case hex digits')
}

const pinsOf = (ids: readonly PeerId[]): Map<PeerId, Peer> => {
  room('pins', ids.length, MAX_PINS)
  for (const id of ids) parsePeerId(id)
  return new Map(ids.map((id) => [id, pinnedPeer(id)]))
}

const issuersOf = (ids: readonly IssuerId[]): Set<IssuerId> => {
  room('issuers', ids.length, MAX_ISSUERS)
  for (const id of ids) parseIssuerId(id)
  return new Set(ids)
}

const addTo = <T>(table: Set<T>, entry: T, most: number): 'added' | 'held' | 'full' => {
  if (table.has(entry)) return 'held'
  if (table.size >= most) return 'full'
  table.add(entry)
  return 'added'
}

const room = (what: string, count: number, most: number): void => {
  if (count > most) throw new RangeError(`expected at most ${most} ${what}, got ${count}`)
}
