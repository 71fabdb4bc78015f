import { SottoError } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Fault } from '../../src/session/faults.js'
import type { Limits } from '../../src/session/limits.js'
import type { Asked } from './asked.js'
import { answerOf, isOneWay } from './service.js'
import type { Talks } from './talks.js'
import { violation } from './violation.js'

type EventOf<Is extends EngineEvent['is']> = Extract<EngineEvent, { readonly is: Is }>

/** What a handler has in hands. */
interface Work<A> {
  readonly event: EventOf<'message'>
  readonly asked: A
  consumed: boolean
}

/** What handlers need of their end. */
interface Owner {
  readonly engine: Engine
  readonly limits: Limits
  readonly talks: Talks
  after(ms: number, act: () => void): void
  /** False when the session is over, or the process gone. */
  isLive(): boolean
  /** An item is read now. @throws Violation if the policy in force denies it */
  readable(item: EventOf<'item'>): void
}

const FAULTS = {
  fault: { code: 'call/fault', name: 'oops', data: { n: 1 } },
  internal: { code: 'call/internal', incident: '00ff' },
  invalid: { code: 'contract/invalid', path: 'a.b' },
} as const satisfies Record<string, Fault>

/** All that has come to one end and is not done with. It keeps to the windows and to the number of calls. */
export class Handlers<A extends Asked> {
  readonly #owner: Owner
  readonly #works = new Map<Exchange, Work<A>>()
  readonly #served = new Map<Exchange, A>()
  #unread = 0
  #charge = 0
  #held = 0
  #early = 0

  constructor(owner: Owner) {
    this.#owner = owner
  }

  get busy(): boolean {
    return this.#works.size > 0 || this.#unread > 0
  }

  /** Calls and streams that have come. */
  get served(): ReadonlyMap<Exchange, A> {
    return this.#served
  }

  /** A message: its handler takes it and works as the message says. */
  start(event: EventOf<'message'>, asked: A): void {
    const { takeMs, workMs, how } = asked.begin
    const work = { event, asked, consumed: false }
    this.#works.set(event.exchange, work)
    this.#count(event, 0)
    if (!isOneWay(asked.begin)) this.#served.set(event.exchange, asked)
    this.#owner.after(takeMs, () => this.#take(work))
    if (how !== 'never') this.#owner.after(takeMs + workMs, () => this.#answer(work))
  }

  /** An item of a stream: its reader takes it after a while. */
  read(event: EventOf<'item'>, { begin }: Asked): void {
    this.#count(event, event.early)
    this.#unread++
    this.#owner.after(begin.takeMs, () => {
      this.#unread--
      this.#early -= event.early
      this.#charge -= event.charge
      this.#held -= event.held
      // It is read if it still may be; else its credit has gone back already.
      if (!this.#owner.isLive() || this.#owner.engine.stands(event) !== true) return
      this.#owner.readable(event)
      this.#owner.engine.consumed(event)
    })
  }

  /** Nobody waits for the answer: a handler that would never give one does now. */
  cancelled(exchange: Exchange): void {
    const work = this.#works.get(exchange)
    const asked = this.#served.get(exchange)
    if (exchange.stream && asked !== undefined) this.#owner.talks.end(exchange, asked.down)
    else if (work?.asked.begin.how === 'never') this.#owner.after(1, () => this.#answer(work))
    // What was withdrawn has had its last word (SE-131), and these handlers heed their signal.
    if (exchange.faulted) this.over(exchange)
  }

  /** Both directions of a stream are over. */
  over(exchange: Exchange): void {
    const work = this.#works.get(exchange)
    if (work === undefined) return
    this.#consume(work)
    this.#works.delete(exchange)
    exchange.handled()
  }

  /** Every handler is done now. */
  finish(): void {
    for (const work of Array.from(this.#works.values())) {
      this.#consume(work)
      this.#answer(work)
    }
  }

  clear(): void {
    // The session is over; handlers end when they like.
    for (const exchange of this.#works.keys()) exchange.handled()
    this.#works.clear()
  }

  #count({ charge, held }: Pick<EventOf<'message'>, 'charge' | 'held'>, early: number): void {
    const { limits } = this.#owner
    this.#charge += charge
    this.#held += held
    this.#early += early
    if (this.#charge > limits.sessionWindow) throw violation('budget', `${this.#charge} bytes wait to be taken`)
    if (this.#held > limits.message + 64) throw violation('budget', `${this.#held} bytes of messages in pieces wait`)
    if (this.#early > 8 * limits.sessionWindow) throw violation('budget', `${this.#early} bytes of items wait`)
    const calls = [...this.#works.values()].filter(({ asked }) => !isOneWay(asked.begin)).length
    if (calls > limits.exchanges) throw violation('budget', `${calls} calls are with handlers`)
  }

  #take(work: Work<A>): void {
    const { event, asked } = work
    this.#consume(work)
    if (!event.exchange.stream || !this.#works.has(event.exchange)) return
    if (asked.begin.how === 'invalid') this.#owner.engine.stop(event.exchange)
    this.#owner.talks.write(event.exchange, asked, asked.down, false)
  }

  #consume(work: Work<A>): void {
    if (work.consumed || !this.#owner.isLive()) return
    work.consumed = true
    this.#giveBack(work.event)
    if (!isOneWay(work.asked.begin)) return
    this.#works.delete(work.event.exchange)
    work.event.exchange.handled()
  }

  #giveBack(event: EventOf<'message'>): void {
    this.#charge -= event.charge
    this.#held -= event.held
    if (this.#owner.isLive()) this.#owner.engine.consumed(event)
  }

  #answer(work: Work<A>): void {
    const { event, asked } = work
    const { exchange } = event
    if (isOneWay(asked.begin) || !this.#owner.isLive() || !this.#works.delete(exchange)) return
    this.#consume(work)
    exchange.handled()
    const how = asked.begin.how === 'never' ? 'reply' : asked.begin.how
    asked.answered = how
    if (exchange.stream && (how === 'reply' || how === 'invalid')) this.#owner.talks.finish(exchange, asked.down)
    else if (how === 'reply') this.#reply(exchange, asked)
    else {
      this.#owner.talks.forget(exchange)
      this.#owner.engine.fault(exchange, FAULTS[how])
    }
  }

  #reply(exchange: Exchange, asked: A): void {
    asked.answer = answerOf(asked.seq, asked.begin.back)
    try {
      this.#owner.engine.reply(exchange, asked.answer)
    } catch (error) {
      if (!SottoError.is(error, 'call/too-large')) throw error
      asked.answered = 'internal'
      this.#owner.engine.fault(exchange, FAULTS.internal)
    }
  }
}
