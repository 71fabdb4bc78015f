import type { Wire } from '../cbor.js'
import type { Queue } from '../contract/operation.js'
import type { Sent } from '../contract/shape.js'
import { fits, parametersOf, takes } from '../contract/subject.js'
import { SottoError } from '../errors.js'
import type { Stream } from '../link/face.js'
import { EntryReader, invalidItem, isList } from './entry.js'
import { Fifo } from './fifo.js'
import type { Consumer, Delivery } from './queuedelivery.js'
import { QueueSettler } from './queuesettler.js'
import { isMs, isReason, MAX_MS, MAX_REASON_BYTES } from './queueterms.js'
import { check } from './shape.js'
import type { Came, Standing } from './standing.js'

type AnySubject = Readonly<Record<string, string>>
type Given = Delivery<unknown, AnySubject>
type Next = IteratorResult<Given, undefined>

const DONE: Next = { done: true, value: undefined }

/** Subjects whose parameters are remembered. */
const KNOWN = 1_024

/** The consuming end: reads what comes, deliveries and answers, whether its program reads or not. */
export class Consumed implements Consumer<unknown, AnySubject> {
  readonly #standing: Standing
  readonly #filter: string
  readonly #operation: Queue<Sent, string>
  readonly #credit: number
  readonly #entries = new EntryReader()
  readonly #subjects = new Map<string, AnySubject>()
  readonly #waiting = new Fifo<Handed>()
  readonly #readers = new Fifo<{
    readonly resolve: (next: Next) => void
    readonly reject: (error: unknown) => void
  }>()
  #settler: QueueSettler | undefined
  #end: { readonly error: unknown } | undefined

  constructor(standing: Standing, filter: string, operation: Queue<Sent, string>, credit: number) {
    this.#standing = standing
    this.#filter = filter
    this.#operation = operation
    this.#credit = credit
    void this.#pump()
  }

  [Symbol.asyncIterator](): AsyncIterator<Given, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        await this.#leave()
        return DONE
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave()
    await this.#standing[Symbol.asyncDispose]()
  }

  #next(): Promise<Next> {
    for (let first = this.#waiting.shift(); first !== undefined; first = this.#waiting.shift())
      // QU-23: of a session that is lost it comes again.
      if (first.isOn) return Promise.resolve({ done: false, value: first })
    if (this.#end === undefined) return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
    return this.#end.error === undefined ? Promise.resolve(DONE) : Promise.reject(this.#end.error)
  }

  /** QU-22: what was asked is answered first. */
  async #leave(): Promise<void> {
    this.#over(undefined)
    await this.#settler?.idle
    this.#standing.leave()
  }

  async #pump(): Promise<void> {
    try {
      for (let came = await this.#standing.read(); came !== undefined; came = await this.#standing.read())
        this.#take(came)
      this.#over(undefined)
    } catch (error) {
      if (error instanceof SottoError) this.#standing.abort(error)
      else this.#standing.leave()
      this.#over(error)
    }
  }

  #over(error: unknown): void {
    this.#end ??= { error }
    this.#waiting.clear()
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift())
      if (error === undefined) reader.resolve(DONE)
      else reader.reject(error)
  }

  #take({ value, stream }: Came): void {
    const settler = this.#settlerOf(stream)
    if (!isList(value)) throw invalidItem('expected a delivery or an answer')
    if (value.length === 2) settler.answered(value[0], value[1])
    else this.#hand(this.#delivered(value, settler))
  }

  #settlerOf(stream: Stream): QueueSettler {
    if (this.#settler?.stream === stream) return this.#settler
    // QU-23: what is left of a session before is handed to nobody.
    this.#waiting.clear()
    this.#settler = new QueueSettler(stream, this.#credit)
    return this.#settler
  }

  #hand(handed: Handed | undefined): void {
    // What comes behind the end is given back with it.
    if (handed === undefined || this.#end !== undefined) return
    const reader = this.#readers.shift()
    if (reader === undefined) this.#waiting.push(handed)
    else reader.resolve({ done: false, value: handed })
  }

  /** QU-21; undefined if the shape refuses it. */
  #delivered(item: readonly Wire[], settler: QueueSettler): Handed | undefined {
    const [number, subject, id, attempt, entry] = item
    if (item.length !== 5 || typeof subject !== 'string' || typeof id !== 'string' || !isCount(attempt))
      throw invalidItem('expected a delivery of five elements')
    settler.came(number)
    const place = this.#subjects.get(subject) ?? this.#learn(subject)
    const { from, value } = this.#entries.read(entry)
    const settle = settler.one(settler.count)
    try {
      // QU-3
      return new Handed({ id, subject: place, attempt, from, value: check(this.#operation.message, value) }, settle)
    } catch (error) {
      if (!SottoError.is(error, 'contract/invalid')) throw error
      // QU-24: nobody waits for this answer, and what ended the stream is read behind what came.
      settle
        .ask('reject', `contract/invalid at "${error.details.path}"`.slice(0, MAX_REASON_BYTES))
        .catch(() => undefined)
      return undefined
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
}

const isCount = (value: Wire | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1

type Message = Pick<Given, 'id' | 'value' | 'subject' | 'attempt' | 'from'>
type Settle = ReturnType<QueueSettler['one']>

class Handed implements Given {
  readonly id: string
  readonly value: unknown
  readonly subject: AnySubject
  readonly attempt: number
  readonly from: Given['from']
  readonly #settle: Settle

  constructor({ id, value, subject, attempt, from }: Message, settle: Settle) {
    this.id = id
    this.value = value
    this.subject = subject
    this.attempt = attempt
    this.from = from
    this.#settle = settle
  }

  get isOn(): boolean {
    return this.#settle.isOn
  }

  ack(): Promise<void> {
    return this.#settle.ask('ack')
  }

  async retry({ afterMs }: { readonly afterMs?: number } = {}): Promise<void> {
    if (afterMs === undefined) return this.#settle.ask('retry')
    checkMs(afterMs)
    return this.#settle.ask('retry', afterMs)
  }

  async reject(reason: string): Promise<void> {
    if (!isReason(reason)) throw new RangeError(`expected a reason of at most ${MAX_REASON_BYTES} bytes`)
    return this.#settle.ask('reject', reason)
  }

  async extend(ms: number): Promise<void> {
    checkMs(ms)
    return this.#settle.ask('extend', ms)
  }
}

const checkMs = (ms: number): void => {
  if (!isMs(ms)) throw new RangeError(`expected a time of 0..${MAX_MS} ms`)
}
