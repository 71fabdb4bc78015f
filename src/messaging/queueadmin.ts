import type { Broker, BrokerQueue, QueueMetrics, DeadLetter as Stored } from '../broker/broker.js'
import { decode } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { isQueue, type Operation, type Queue } from '../contract/operation.js'
import type { Out, Sent } from '../contract/shape.js'
import { parametersOf, type Subject } from '../contract/subject.js'
import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import { EntryReader } from './entry.js'
import { check } from './shape.js'

/** The queues of a service, for who looks after them. */
export type Queues<C extends Contract> = {
  readonly [K in keyof C['operations'] as C['operations'][K] extends { readonly kind: 'queue' }
    ? K
    : never]: C['operations'][K] extends Queue<infer M, infer S> ? QueueAdmin<Out<M>, Subject<S>> : never
}

/** What became of the messages of one queue. Each rejects with broker/failed if the broker does. */
export interface QueueAdmin<T, S> {
  /**
   * A page of dead letters, the oldest first: at most `count`, 100 if omitted, behind the id `after`.
   * @throws RangeError on a count outside 1..1,000
   */
  dead(options?: { readonly count?: number; readonly after?: string }): Promise<readonly DeadLetter<T, S>[]>
  /** It waits again, as one that was never handed out; false if no dead letter has that id. */
  replay(id: string): Promise<boolean>
  /** It is forgotten; false if no dead letter has that id. */
  discard(id: string): Promise<boolean>
  metrics(): Promise<QueueMetrics>
}

export interface DeadLetter<T, S> {
  readonly id: string
  readonly subject: S
  /** How often it was handed out. */
  readonly attempts: number
  /** What its consumer rejected it with; empty if it was handed out too often. */
  readonly reason: string
  /** Who enqueued it; undefined if that is the service itself, or `error` is there. */
  readonly from: PeerId | undefined
  /** What the shape makes of it; undefined if it is refused, for `error`. */
  readonly value: T | undefined
  /** contract/invalid if the shape of today refuses it, broker/corrupt if it is not as it was stored. */
  readonly error: SottoError | undefined
}

const MAX_PAGE = 1_000

/** @internal Of the queues of a contract, at the broker where they live. */
export const queuesOf = <C extends Contract>({ name, operations }: C, broker: Broker): Queues<C> => {
  const admins = Object.entries<Operation>(operations).flatMap(([operation, queue]) =>
    isQueue(queue) ? [[operation, adminOf(broker.queue(`${name}.${operation}`, queue.settings), queue)]] : [],
  )
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(admins)))
}

const adminOf = (queue: BrokerQueue, operation: Queue<Sent, string>): QueueAdmin<unknown, unknown> => {
  const entries = new EntryReader()
  return Object.freeze({
    dead: async ({ count = 100, after }: { readonly count?: number; readonly after?: string } = {}) => {
      if (!Number.isSafeInteger(count) || count < 1 || count > MAX_PAGE)
        throw new RangeError(`expected a count of 1..${MAX_PAGE}`)
      return (await queue.dead(count, after)).map((stored) => letterOf(stored, operation, entries))
    },
    replay: (id: string) => queue.replay(id),
    discard: (id: string) => queue.discard(id),
    metrics: () => queue.metrics(),
  })
}

/** QU-25: one that cannot be read is shown too. */
const letterOf = (
  { id, subject, body, attempts, reason }: Stored,
  { template, message }: Queue<Sent, string>,
  entries: EntryReader,
): DeadLetter<unknown, unknown> => {
  const letter = { id, subject: parametersOf(template, subject), attempts, reason }
  try {
    const { from, value } = entries.read(decode(body))
    return { ...letter, from, value: check(message, value), error: undefined }
  } catch (cause) {
    const error = SottoError.is(cause, 'contract/invalid')
      ? cause
      : SottoError.of('broker/corrupt', 'expected a stored message, got something else', { cause })
    return { ...letter, from: undefined, value: undefined, error }
  }
}
