import type { Enqueued } from '../broker/broker.js'
import { utf8 } from '../bytes.js'
import type { Queue } from '../contract/operation.js'
import type { In, Out, Sent } from '../contract/shape.js'
import { type Subject, subjectOf } from '../contract/subject.js'
import type { Caller, CallOptions, Where } from '../link/face.js'
import { callOptions } from './calloptions.js'
import { invalidItem, isMap } from './entry.js'
import { Consumed } from './queueconsumed.js'
import type { Consumer } from './queuedelivery.js'
import { isCredit, isMs, MAX_CREDIT, MAX_KEY_BYTES, MAX_MS } from './queueterms.js'
import { checkSent } from './shape.js'
import { Standing } from './standing.js'
import type { Place } from './topic.js'

/** A queue as whoever asks meets it. The subject is left out where the template has no parameters. */
export interface QueueClient<M extends Sent, S extends string> {
  /**
   * Settles once the broker of the service has stored the message: it will be handed out until somebody settles it. It waits 30
   * seconds unless `timeoutMs` says otherwise.
   *
   * @throws (rejects) as a call does; broker/full, and broker/failed with `ran` of maybe; RangeError on a subject, key or delay
   * outside its bounds
   */
  enqueue(...args: EnqueueArgs<M, S>): Promise<Enqueued>
  /**
   * What waits in the queue, until the iteration is left. A parameter that `filter` leaves out may be anything. Over a link it is
   * made anew in each session; what was not settled in the one before comes again, to whoever is first.
   *
   * @throws RangeError on a filter, credit or time outside its bounds
   */
  consume(filter?: Partial<Subject<S>>, options?: ConsumeOptions): Consumer<Out<M>, Subject<S>>
}

type EnqueueArgs<M extends Sent, S extends string> =
  undefined extends In<M>
    ? [...Place<S>, value?: In<M>, options?: EnqueueOptions]
    : [...Place<S>, value: In<M>, options?: EnqueueOptions]

export interface EnqueueOptions extends CallOptions {
  /** Of the same key the queue stores one message in its window, and says of others that they are duplicates. At most 256 bytes of UTF-8. */
  readonly key?: string
  /** It is not handed out before. At most 2^31-1. */
  readonly delayMs?: number
}

export interface ConsumeOptions extends CallOptions {
  /**
   * Deliveries that this end may hold unsettled, 1 to 65,536; 1 if omitted. Their leases run from when the service handed them out,
   * so it should be no more than what is worked on at the same time.
   */
  readonly credit?: number
}

type AnySubject = Readonly<Record<string, string>>

const NO_OPTIONS = Object.freeze({})

/** @internal `name` of `contract` as `caller` has it. */
export const queueClient = (caller: Caller, contract: string, name: string, operation: Queue<Sent, string>) => {
  const { template, message } = operation
  const hasParameters = template.parts.some(({ is }) => is === 'parameter')
  return Object.freeze({
    enqueue: async (...args: readonly unknown[]): Promise<Enqueued> => {
      const [place, value, given] = hasParameters ? args : [{}, ...args]
      checkSent(message, value)
      // The casts: `QueueClient` types what a program gives; what it is made of is checked here, by `subjectOf` and the session.
      const { key, delayMs, ...options } = (given ?? NO_OPTIONS) as EnqueueOptions
      const where = whereOf(subjectOf(template, place as AnySubject))
      const reply = await caller.call(contract, name, letterOf(value, key, delayMs), callOptions(options), where)
      return enqueuedOf(reply)
    },
    consume: (place: Partial<AnySubject> = {}, options: ConsumeOptions = {}): Consumer<unknown, AnySubject> => {
      const { credit = 1, labels } = options
      if (!isCredit(credit)) throw new RangeError(`expected a credit of 1..${MAX_CREDIT}`)
      const filter = subjectOf(template, place, true)
      const standing = new Standing(caller, options, (timeoutMs) =>
        caller.stream(
          contract,
          name,
          { credit },
          labels === undefined ? { timeoutMs } : { timeoutMs, labels },
          whereOf(filter),
        ),
      )
      return new Consumed(standing, filter, operation, credit)
    },
  })
}

const whereOf = (subject: string): Where | undefined => (subject === '' ? undefined : { subject })

/** QU-1, QU-2 */
const letterOf = (value: In<Sent>, key: string | undefined, delayMs: number | undefined) => {
  if (key !== undefined && (typeof key !== 'string' || utf8(key).length > MAX_KEY_BYTES))
    throw new RangeError(`expected a key of at most ${MAX_KEY_BYTES} bytes`)
  if (delayMs !== undefined && !isMs(delayMs)) throw new RangeError(`expected a delay of 0..${MAX_MS} ms`)
  return { value, key, delayMs }
}

/** QU-6 */
const enqueuedOf = (reply: Parameters<typeof isMap>[0]): Enqueued => {
  if (!isMap(reply) || Object.keys(reply).length !== 2)
    throw invalidItem('expected an id and whether it is a duplicate')
  const { id, duplicate } = reply
  if (typeof id !== 'string' || typeof duplicate !== 'boolean')
    throw invalidItem('expected an id and whether it is a duplicate')
  return { id, duplicate }
}
