import type { Wire } from '../cbor.js'
import type { Topic } from '../contract/operation.js'
import type { In, Out, Sent } from '../contract/shape.js'
import { fits, parametersOf, type Subject, type SubjectNames, subjectOf, takes } from '../contract/subject.js'
import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import type { Caller, CallOptions, Stream, Where } from '../link/face.js'
import { EntryReader, invalidItem, isList } from './entry.js'
import { check, checkSent } from './shape.js'
import { type Came, Standing } from './standing.js'
import { CREDIT, isCredit, isSlow, MAX_CREDIT, SLOW, type Slow } from './topicterms.js'

/** A topic as whoever asks meets it. The subject is left out where the template has no parameters. */
export interface TopicClient<M extends Sent, S extends string> {
  /**
   * Settles once the own policy and credit have taken the message, as a one-way message does. Over credit it waits; a
   * subscriber that asked for `block` and is slow makes it wait so.
   *
   * @throws (rejects) contract/invalid, policy/denied, policy/limited, session/lost; RangeError on what is no subject
   */
  publish(...args: PublishArgs<M, S>): Promise<void>
  /**
   * Hears what is published from `ready` on, and what is retained before that. A parameter that `filter` leaves out may be
   * anything. Over a link it is made anew in each session; what was published while there was none is not heard, and not
   * counted in `dropped`.
   *
   * @throws RangeError on a filter, credit, group or time outside its bounds; TypeError on an unknown `slow`
   */
  subscribe(filter?: Partial<Subject<S>>, options?: SubscribeOptions): Subscription<Out<M>, Subject<S>>
}

/** A template without parameters needs no subject. */
export type Place<S extends string> = [SubjectNames<S>] extends [never] ? [] : [subject: Subject<S>]

type PublishArgs<M extends Sent, S extends string> =
  undefined extends In<M>
    ? [...Place<S>, value?: In<M>, options?: CallOptions]
    : [...Place<S>, value: In<M>, options?: CallOptions]

export interface SubscribeOptions extends CallOptions {
  /** Deliveries on their way to the reader at most, 1 to 65,536; 1,024 if omitted. Each is at most as large as a message. */
  readonly credit?: number
  /**
   * What becomes of a message when as many are on their way: its publisher waits (`block`), only the newest of its subject waits
   * (`latest`), as many as the credit wait and the oldest gives way (`drop-oldest`, if omitted), or the subscription fails with
   * topic/slow once more than that would wait (`end`).
   */
  readonly slow?: Slow
  /** Of all subscriptions with this group and filter one gets each message, and none what is retained. Rules read `label.group`. */
  readonly group?: string
}

/**
 * What is published, one after another: in the order of each publisher. Leaving the iteration, and disposal, end it; iterators
 * share what comes. It fails with what ended it: topic/slow, policy/denied, contract/invalid, session/closed, session/lost,
 * call/cancelled.
 */
export interface Subscription<T, S> extends AsyncIterable<Heard<T, S>>, AsyncDisposable {
  /** Resolves when what is published from then on is heard; rejects with what ended it before. */
  readonly ready: Promise<void>
}

export interface Heard<T, S> {
  readonly value: T
  readonly subject: S
  /** Who published it, as the service knows it; undefined if that is the service itself. */
  readonly from: PeerId | undefined
  /** It was published before this was subscribed. */
  readonly retained: boolean
  /** Messages that were not delivered since the last one was: they gave way, or were larger than this end takes. */
  readonly dropped: number
}

type AnyTopic = Topic<Sent, string>
type AnySubject = Readonly<Record<string, string>>

/** ME-14: shared by all messages that wait for nothing. */
const TAKEN = Promise.resolve()
const NO_OPTIONS: CallOptions = Object.freeze({})

/** @internal `name` of `contract` as `caller` has it. */
export const topicClient = (caller: Caller, contract: string, name: string, operation: AnyTopic) => {
  const { template, message } = operation
  const hasParameters = template.parts.some(({ is }) => is === 'parameter')
  return Object.freeze({
    publish: (...args: readonly unknown[]): Promise<void> => {
      const [place, value, options = NO_OPTIONS] = hasParameters ? args : [{}, ...args]
      try {
        checkSent(message, value)
        // The casts: `TopicClient` types what a program gives; what it is made of is checked by `subjectOf` and the session.
        const where = whereOf(subjectOf(template, place as AnySubject))
        return caller.send(contract, name, value, options as CallOptions, where) ?? TAKEN
      } catch (error) {
        // Whoever publishes awaits one promise, whichever way it failed.
        return Promise.reject(error)
      }
    },
    subscribe: (place: Partial<AnySubject> = {}, options: SubscribeOptions = {}): Subscription<unknown, AnySubject> => {
      const filter = subjectOf(template, place, true)
      const asked = askedOf(options)
      const standing = new Standing(caller, options, (timeoutMs) =>
        caller.stream(contract, name, asked, { timeoutMs, ...labelsOf(options) }, whereOf(filter)),
      )
      return new Subscribed(standing, filter, operation, asked.credit)
    },
  })
}

const whereOf = (subject: string): Where | undefined => (subject === '' ? undefined : { subject })

/** TO-1, TO-2 */
const askedOf = ({ slow = 'drop-oldest', credit = CREDIT }: SubscribeOptions): { slow: Slow; credit: number } => {
  if (!isSlow(slow)) throw new TypeError(`expected slow to be one of ${SLOW.join(', ')}`)
  if (!isCredit(credit)) throw new RangeError(`expected a credit of 1..${MAX_CREDIT}`)
  return { slow, credit }
}

const labelsOf = ({ group, labels }: SubscribeOptions): CallOptions => {
  if (group === undefined) return labels === undefined ? NO_OPTIONS : { labels }
  return { labels: { ...labels, group } }
}

/** Subjects whose parameters are remembered. */
const KNOWN = 1_024

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined }

class Subscribed implements Subscription<unknown, AnySubject> {
  readonly #standing: Standing
  readonly #filter: string
  readonly #operation: AnyTopic
  readonly #entries = new EntryReader()
  readonly #subjects = new Map<string, AnySubject>()
  /** TO-8: it is told how far its reader is whenever that has taken so many more. */
  readonly #step: number
  #stream: Stream | undefined
  #taken = 0

  constructor(standing: Standing, filter: string, operation: AnyTopic, credit: number) {
    this.#standing = standing
    this.#filter = filter
    this.#operation = operation
    this.#step = Math.ceil(credit / 2)
  }

  get ready(): Promise<void> {
    return this.#standing.ready
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#standing[Symbol.asyncDispose]()
  }

  [Symbol.asyncIterator](): AsyncIterator<Heard<unknown, AnySubject>, undefined> {
    return {
      next: () => this.#next(),
      return: () => {
        this.#standing.leave()
        return Promise.resolve(DONE)
      },
    }
  }

  async #next(): Promise<IteratorResult<Heard<unknown, AnySubject>, undefined>> {
    const came = await this.#standing.read()
    if (came === undefined) return DONE
    try {
      const value = this.#heard(came.value)
      this.#tell(came)
      return { done: false, value }
    } catch (error) {
      if (error instanceof SottoError) this.#standing.abort(error)
      else this.#standing.leave()
      throw error
    }
  }

  /** TO-9, TO-11 */
  #heard(item: Wire): Heard<unknown, AnySubject> {
    if (!isList(item) || item.length !== 4) throw invalidItem('expected a delivery of four elements')
    const [subject, retained, dropped, entry] = item
    if (typeof subject !== 'string') throw invalidItem('expected a subject')
    if (typeof retained !== 'boolean') throw invalidItem('expected whether it was retained')
    if (typeof dropped !== 'number' || !Number.isSafeInteger(dropped) || dropped < 0)
      throw invalidItem('expected how many were dropped')
    const { from, value } = this.#entries.read(entry)
    return {
      value: check(this.#operation.message, value, 'yes'),
      subject: this.#subjects.get(subject) ?? this.#learn(subject),
      from,
      retained,
      dropped,
    }
  }

  #learn(subject: string): AnySubject {
    const { template } = this.#operation
    if (!takes(this.#filter, subject) || !fits(template, subject, false))
      throw invalidItem('expected a subject that the filter takes')
    const parameters = parametersOf(template, subject)
    if (this.#subjects.size >= KNOWN) this.#subjects.clear()
    this.#subjects.set(subject, parameters)
    return parameters
  }

  /** TO-8 */
  #tell({ stream }: Came): void {
    if (this.#stream !== stream) {
      this.#stream = stream
      this.#taken = 0
    }
    this.#taken++
    // What ended the stream is read behind what came.
    if (this.#taken % this.#step === 0) stream.write(this.#taken)?.catch(() => undefined)
  }
}
