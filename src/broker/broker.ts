import type { QueueSettings } from '../contract/operation.js'

/**
 * Where the topics and queues of a service live. Bodies are opaque, those of queues borrowed when given and owned by the receiver when handed out;
 * subjects are tokens joined by dots, empty for none; in a filter `*` stands for one token.
 *
 * What a method promises is in spec/broker.md, and `conforms` in test/broker/ asks it of each implementation. Every failure is a
 * SottoError: `broker/failed` with a cause, or the code that a method names. After disposal every method rejects with it.
 */
export interface Broker extends AsyncDisposable {
  /** The topic of an address, as in `thermostat.v1.readings`; one object an address. */
  topic(address: string, settings: { readonly retain: boolean }): BrokerTopic
  /** The queue of an address; one object an address. */
  queue(address: string, settings: QueueSettings): BrokerQueue
}

/** Messages to whoever listens now, in the order of each publisher. */
export interface BrokerTopic {
  /**
   * The body is handed over, and nobody writes to it any more: all who hear it have these bytes.
   * Settles when every subscription has taken it: one that waits (`block`) makes this wait; the promise may be that of others. With `retain`, not before the message
   * is kept. undefined if all that is done already, so that publishing needs no promise. Rejects, never throws. @throws broker/full
   */
  publish(subject: string, body: Uint8Array): Promise<void> | undefined
  /**
   * Settles when what is published from then on is heard; what is retained is handed to the sink before anything else, all of it
   * and without waiting, and anew when it may have changed unheard. A member of a group gets nothing that is retained.
   *
   * @param group of its members, those of the same name and filter, one gets each message; undefined for a subscription of its own
   */
  subscribe(filter: string, sink: Sink, group?: string): Promise<BrokerSubscription>
}

/**
 * Takes one message, at once or in a while; never throws or rejects. With `mayPass`, where another member of the group may take it,
 * one that has no room answers `pass`. One that must not have it answers `pass` in any case; without a group that means nothing.
 */
export type Sink = (message: Published, mayPass: boolean) => Promise<void> | undefined | 'pass'

export interface Published {
  readonly subject: string
  readonly body: Uint8Array
  readonly retained: boolean
}

export interface BrokerSubscription {
  /** Resolves when it ends by itself, with why; never by `end`. */
  readonly failed: Promise<Error>
  /** The sink hears nothing from here on. */
  end(): void
}

/** Messages that wait for a consumer: each is handed out until it is settled. */
export interface BrokerQueue {
  /** Settles once it is stored as the broker promises. @throws broker/full */
  enqueue(subject: string, body: Uint8Array, options: EnqueueSettings): Promise<Enqueued>
  /**
   * Up to `count` messages that are due, each leased for the queue's time; waits for one, until `signal` aborts: then none. A
   * message that was handed out as often as may be is a dead letter in place of being handed out again.
   */
  lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]>
  /** Once what it asks is stored. False if the lease is over, or the message was settled: then nothing was done. */
  settle(receipt: string, outcome: Settlement): Promise<boolean>
  /** Dead letters, the oldest first, at most `count` behind the id `after`. */
  dead(count: number, after?: string): Promise<readonly DeadLetter[]>
  /** A dead letter waits again, as one that was never handed out; false if there is none of that id. */
  replay(id: string): Promise<boolean>
  /** Forgets a dead letter; false if there is none of that id. */
  discard(id: string): Promise<boolean>
  metrics(): Promise<QueueMetrics>
}

export interface EnqueueSettings {
  /** Within the queue's window a second message of the same key is not stored. At most 256 bytes of UTF-8. */
  readonly key?: string
  /** Not handed out before. At most 2^31-1. */
  readonly delayMs?: number
}

export interface Enqueued {
  /** At most 64 characters of those of a token. Of a duplicate, that of the first. */
  readonly id: string
  readonly duplicate: boolean
}

export interface Leased {
  readonly id: string
  readonly subject: string
  readonly body: Uint8Array
  /** Counted from 1. */
  readonly attempt: number
  /** For `settle`: good for this lease alone. */
  readonly receipt: string
}

/**
 * `retry` without a time takes the queue's backoff. `release` is as `retry`, of a delivery that nobody saw: it does not count as an
 * attempt. `reject` makes a dead letter; `reason` has at most 255 bytes.
 */
export type Settlement =
  | { readonly is: 'ack' }
  | { readonly is: 'release'; readonly afterMs: number }
  | { readonly is: 'retry'; readonly afterMs: number | undefined }
  | { readonly is: 'reject'; readonly reason: string }
  | { readonly is: 'extend'; readonly ms: number }

export interface DeadLetter {
  readonly id: string
  readonly subject: string
  readonly body: Uint8Array
  readonly attempts: number
  /** What it was rejected with; empty if it was handed out too often. */
  readonly reason: string
}

/** Counts of messages, and the age of the oldest that is neither dead nor leased, in ms; 0 if there is none. */
export interface QueueMetrics {
  readonly ready: number
  readonly delayed: number
  readonly leased: number
  readonly dead: number
  readonly oldestMs: number
}
