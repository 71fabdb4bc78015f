import { concat, equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type Peer, renewed } from '../identity/peer.js'
import { Bucket } from './bucket.js'
import type { Finished } from './established.js'

/** CREDENTIALs a peer may send at once, and how many more a second (SE-103). */
export const CREDENTIAL_BURST = 16
export const CREDENTIALS_PER_SECOND = 1 / 60
/** Own ones that may be sent at once: what a stalled transport holds back and what may follow stay within the burst. */
export const OWN_CREDENTIALS = 4

/** Who the peer was when the handshake ended, and by what. */
export type Shown = Pick<Finished, 'peer' | 'judge' | 'credential'>

/** Who the peer is by now, and until when: what it shows may be renewed, withdrawn, or end. */
export class Standing {
  readonly #judge: Finished['judge']
  readonly #epochMs: number
  readonly #own: Bucket
  readonly #theirs: Bucket
  #peer: Peer
  #shown: Uint8Array | undefined

  constructor({ peer, judge, credential }: Shown, epochMs: number, nowMs: number) {
    this.#judge = judge
    this.#epochMs = epochMs
    this.#own = new Bucket(OWN_CREDENTIALS, CREDENTIALS_PER_SECOND, nowMs)
    this.#theirs = new Bucket(CREDENTIAL_BURST, CREDENTIALS_PER_SECOND, nowMs)
    this.#peer = peer
    this.#shown = credential
  }

  /** When trust in the peer ends, by the clock of `nowMs` (SE-104). */
  get endsAt(): number {
    return (this.#peer.expiresMs ?? Number.POSITIVE_INFINITY) - this.#epochMs
  }

  /** True once trust in the peer has run out (SE-104). */
  ended(nowMs: number): boolean {
    return nowMs >= this.endsAt
  }

  /** Asks the judge again: who the peer is now, or undefined if it is trusted no more (SE-104, SE-105). */
  recheck(nowMs: number): Peer | undefined {
    const unixMs = this.#epochMs + nowMs
    const next = this.#judge(this.#shown, unixMs)
    if (next === undefined || (next.expiresMs ?? Number.POSITIVE_INFINITY) <= unixMs) return undefined
    const { name, serial, expiresMs } = this.#peer
    if (next.name !== name || next.serial !== serial || next.expiresMs !== expiresMs) this.#peer = next
    return this.#peer
  }

  /** True if one more CREDENTIAL may be sent now (SE-103). */
  mayRenew(nowMs: number): boolean {
    return this.#own.take(nowMs)
  }

  /**
   * A CREDENTIAL of the peer: who it is from now on (SE-101, SE-102).
   * @throws identity/not-trusted, session/limit over the rate (SE-103)
   */
  heard(credential: Uint8Array, nowMs: number): Peer {
    if (!this.#theirs.take(nowMs)) throw SottoError.of('session/limit', 'the peer sends too many credentials')
    const next = this.#judge(credential, this.#epochMs + nowMs)
    if (next === undefined) throw notTrusted('the credential it sent does not hold')
    // Trusted as a key alone, or by what was shown before: nothing new is said (SE-102).
    const same = this.#shown !== undefined && equal(this.#shown, credential)
    if (next.expiresMs === undefined || same) return this.#peer
    if (!renewed(this.#peer, next)) throw notTrusted('the credential it sent does not prolong the one before')
    this.#peer = next
    this.#shown = concat(credential)
    return next
  }
}

/** @internal */
export const notTrusted = (why: string): SottoError =>
  SottoError.of('identity/not-trusted', `the peer is trusted no more: ${why}`)
