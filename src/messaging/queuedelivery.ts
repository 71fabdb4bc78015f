import type { PeerId } from '../identity/id.js'

/**
 * Messages handed out, one after another. Leaving the iteration, and disposal, wait for what was asked of deliveries and give back
 * what is unsettled; iterators share what comes. It fails with what ended it: policy/denied, contract/invalid, broker/failed,
 * session/closed, session/lost, call/cancelled. A message that the shape refuses is rejected to the dead letters.
 */
export interface Consumer<T, S> extends AsyncIterable<Delivery<T, S>>, AsyncDisposable {}

/**
 * One message, leased to this consumer for the queue's time. Each of the four functions settles once the service has stored what it
 * asks, or rejects: queue/lapsed if the lease was over or it was settled before, session/lost if that cannot be known (`ran` of maybe)
 * or nothing could be asked (no); RangeError on what is outside its bounds.
 */
export interface Delivery<T, S> {
  /** Of the message: the same at each attempt. */
  readonly id: string
  readonly value: T
  readonly subject: S
  /** How often it was handed out, this time included. */
  readonly attempt: number
  /** Who enqueued it, as the service knows it; undefined if that is the service itself. */
  readonly from: PeerId | undefined
  /** It is done, and never handed out again. */
  ack(): Promise<void>
  /** It is handed out again, after the queue's backoff unless a time is given, of at most 2^31-1 ms. */
  retry(options?: { readonly afterMs?: number }): Promise<void>
  /** It is a dead letter, with this reason, of at most 255 bytes of UTF-8. */
  reject(reason: string): Promise<void>
  /** Its lease is over in `ms` from now, at most 2^31-1. */
  extend(ms: number): Promise<void>
}
