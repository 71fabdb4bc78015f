import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import type { Verb } from '../contract/kinds.js'
import type { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import type { PingOptions } from './pings.js'

/** How a session ended: with the peer's authenticated END and our own, or with an error. */
export type Closed = { readonly clean: true } | { readonly clean: false; readonly error: SottoError }

/**
 * A one-way message the peer refused, or did not take any more because it was closing; the decision id is the one in the peer's
 * records. Or one that was taken here, and that the policy here denied before it was sent.
 */
export interface Refusal {
  readonly verb: Verb
  readonly address: string
  readonly decision: string
}

/**
 * A message of the peer that the policy here refused: the peer was told the code alone, and no handler saw it, or what its
 * handler did was ended when the policy changed. Or a one-way message of ours that was taken and not sent, for the same reason.
 */
export interface Denial extends Refusal {
  readonly why: 'rule' | 'default' | 'limit' | 'error'
  /** The rules that made it so; none for `default`. */
  readonly rules: readonly string[]
}

/** One session, whoever dialled. It dies once. Disposal is `close` for at most 5 s, then `abort`, and never throws. */
export interface Session<U extends Contract = Contract> extends AsyncDisposable {
  /** Hex, 32 digits, the same at both ends. */
  readonly id: string
  /** The authenticated other end, as its newest credential has it. */
  readonly peer: Peer
  /** The Noise protocol name. */
  readonly suite: string
  /** What the peer sent along. */
  readonly context: Wire
  /** Contracts this end may call here. */
  readonly uses: readonly U[]
  /** Contracts the peer may call here. */
  readonly serves: readonly Contract[]
  /** Resolves when all is over and every promise of the session has settled; never rejects. */
  readonly closed: Promise<Closed>
  /** One-way messages of ours that the peer refused, or that were taken here and then denied; the last 1,024 are kept for a reader. */
  readonly refusals: AsyncIterable<Refusal>
  /** Messages that the policy here refused, of the peer or taken from us before; the last 1,024 are kept for a reader. */
  readonly denials: AsyncIterable<Denial>
  /**
   * Round-trip time in ms. One PING is under way at a time, 8 a second at most; who asks meanwhile shares the next.
   * @throws call/cancelled, call/deadline, session/lost, session/closed
   */
  ping(options?: PingOptions): Promise<number>
  /**
   * Shows the peer a newer credential of our key, of 1 to 4,096 bytes, copied. A peer that does not trust it, or to whom it
   * is not of the same name and of a later end than the one before, ends the session. 4 at once, then one a minute.
   * @throws session/closed, session/busy, session/limit if the peer takes only shorter records, RangeError on a length
   */
  renew(credential: Uint8Array): void
  /**
   * Begins nothing new, lets what is open finish for at most `timeoutMs` (30,000 unless said), then ends within 5 s.
   * Subscriptions and consumers end at once, with session/closed.
   * @throws RangeError unless `timeoutMs` is 0..86,400,000
   */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
  /** As `drain`, within 5 s: what is open has 4 s to finish. Flushes and ends, authenticated. Never rejects. */
  close(): Promise<void>
  /** Ends at once, without a byte. `closed` tells of `reason`, if it is a SottoError, or of session/closed. */
  abort(reason?: unknown): void
  /**
   * A secret both ends of this session derive and nobody else, of `length` bytes (at most 1,024).
   * @throws RangeError on a label that is not printable ASCII or begins with "sotto "; noise/misuse after the session
   */
  exportKey(label: string, context: Uint8Array, length: number): Uint8Array
}
