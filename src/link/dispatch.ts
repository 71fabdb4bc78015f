import { defect } from '../session/ends.js'
import type { Engine } from '../session/engine.js'
import type { Established } from '../session/established.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import type { Fault } from '../session/faults.js'
import { Arrival } from './arrival.js'
import type { Answer, Served } from './face.js'
import type { Session } from './session.js'
import type { StreamEnd } from './stream.js'

/** Handlers of one-way messages that run at once before the peer's credit is held back (LI-11). */
export const ONE_WAY_HANDLERS = 256

type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** A request that waits until one of the handlers is done. */
interface Queued {
  readonly message: Message
  readonly session: Session
  readonly stream: StreamEnd | undefined
}

/** A message whose handler has not finished. */
interface Handled {
  readonly message: Message
  readonly service: Served
  readonly arrival: Arrival
  /** It has its credit back already. */
  readonly early: boolean
}

/** Messages that wait for one promise. */
interface Batch {
  readonly answer: Promise<Answer | undefined>
  readonly messages: Handled[]
}

/** What of the session the handlers of its messages touch. */
interface Owner {
  /** This end of a stream that the peer began. */
  stream(exchange: Exchange): StreamEnd
  /** Asked right before its handler is called, and again if it waits there (LI-58). False: it is done with. */
  stands(message: Message): boolean
  /** A handler is done with it. */
  left(exchange: Exchange): void
  /** The engine may have changed. */
  turn(): void
  abort(error: ReturnType<typeof defect>): void
}

/** Messages of the peer on their way to handlers, and the answers of these. */
export class Dispatch {
  readonly #engine: Engine
  readonly #served = new Map<string, Served>()
  readonly #owner: Owner
  /** Calls and streams whose handlers have not finished: only these can be cancelled one by one. */
  readonly #arrivals = new Map<Exchange, Arrival>()
  readonly #batches = new Set<Batch>()
  /** The one that was begun last. */
  #batch: Batch | undefined
  /** Requests that wait for a handler to be done, in order (LI-61). */
  readonly #waiting = new Map<Exchange, Queued>()
  /** Handlers of calls and streams that run, and how many may. */
  #handlers = 0
  #most = 0
  #oneWayHandlers = 0

  constructor(engine: Engine, served: readonly Served[], owner: Owner) {
    this.#engine = engine
    this.#owner = owner
    for (const service of served) this.#served.set(service.contract.name, service)
  }

  opened(session: Session, { own, serves }: Established): void {
    this.#most = own.exchanges
    for (const name of serves) this.#served.get(name)?.opened?.(session)
  }

  /** Starts the handler, if the policy still lets it, and not more run than the peer may have exchanges open (LI-61). */
  message(message: Message, session: Session): void {
    const { exchange } = message
    const isFree = this.#waiting.size === 0 && this.#handlers < this.#most
    if (exchange.oneWay || isFree) this.#start({ message, session, stream: undefined })
    // Its items come while it waits.
    else this.#waiting.set(exchange, { message, session, stream: this.#streamOf(exchange) })
  }

  /** LI-18: nobody waits for the answer any more. */
  cancel(exchange: Exchange, reason: Error): void {
    const queued = this.#waiting.get(exchange)
    if (queued === undefined) this.#arrivals.get(exchange)?.cancel(reason)
    else this.#drop(queued)
  }

  cancelAll(reason: Error): void {
    for (const queued of this.#waiting.values()) this.#drop(queued)
    for (const { messages } of this.#batches) for (const { arrival } of messages) arrival.cancel(reason)
  }

  #start({ message, session, stream: begun }: Queued): void {
    const { exchange } = message
    if (!this.#owner.stands(message)) {
      if (begun !== undefined) this.#owner.left(exchange)
      return
    }
    const service = this.#served.get(exchange.route.contract)
    if (service === undefined) throw new RangeError('a message nobody serves')
    const stream = begun ?? this.#streamOf(exchange)
    const arrival = new Arrival(message, session, stream, () => this.#owner.stands(message))
    const answer = service.answer(arrival)
    if (answer instanceof Promise) this.#wait(message, service, arrival, answer)
    else {
      this.#engine.consumed(message, refusalOf(exchange, answer))
      this.#answer(exchange, service, arrival, answer)
    }
  }

  /** It was given up, or lost, before its handler was called. */
  #drop({ message, stream }: Queued): void {
    const { exchange } = message
    this.#waiting.delete(exchange)
    this.#engine.consumed(message)
    exchange.handled()
    if (stream !== undefined) this.#owner.left(exchange)
    this.#tell(exchange, undefined)
  }

  #streamOf(exchange: Exchange): StreamEnd | undefined {
    return exchange.stream ? this.#owner.stream(exchange) : undefined
  }

  /** As many as may run by now. */
  #next(): void {
    for (const [exchange, queued] of this.#waiting) {
      if (this.#handlers >= this.#most) return
      this.#waiting.delete(exchange)
      this.#start(queued)
    }
  }

  /** A one-way message holds its credit while too many handlers run (LI-11); a request was not started then (LI-61). */
  #wait(message: Message, service: Served, arrival: Arrival, answer: Promise<Answer | undefined>): void {
    const { exchange } = message
    const { oneWay } = exchange
    const early = !oneWay || this.#oneWayHandlers < ONE_WAY_HANDLERS
    if (oneWay) this.#oneWayHandlers++
    else {
      this.#handlers++
      this.#arrivals.set(exchange, arrival)
    }
    if (early) this.#engine.consumed(message)
    const batch = this.#batch?.answer === answer ? this.#batch : this.#begin(answer)
    batch.messages.push({ message, service, arrival, early })
  }

  #begin(answer: Promise<Answer | undefined>): Batch {
    const batch: Batch = { answer, messages: [] }
    this.#batch = batch
    this.#batches.add(batch)
    const done = (outcome: Answer | undefined): void => {
      if (this.#batch === batch) this.#batch = undefined
      this.#batches.delete(batch)
      for (const handled of batch.messages) this.#done(handled, outcome)
      this.#next()
      this.#owner.turn()
    }
    // `answer` never rejects; one that did would be a defect.
    answer.then(done).catch((cause) => this.#owner.abort(defect(cause)))
    return batch
  }

  #done({ message, service, arrival, early }: Handled, outcome: Answer | undefined): void {
    const { exchange } = message
    if (exchange.oneWay) this.#oneWayHandlers--
    else {
      this.#handlers--
      this.#arrivals.delete(exchange)
    }
    if (!early) this.#engine.consumed(message)
    this.#answer(exchange, service, arrival, outcome)
  }

  #answer(exchange: Exchange, service: Served, arrival: Arrival, answer: Answer | undefined): void {
    exchange.handled()
    if (exchange.stream) this.#owner.left(exchange)
    if (exchange.sendEnded) return
    try {
      this.#tell(exchange, answer)
    } catch (error) {
      // The answer has no form on the wire: the peer learns of an incident, the service of the reason.
      this.#tell(exchange, service.unsent(error, arrival))
    }
  }

  #tell(exchange: Exchange, answer: Answer | undefined): void {
    switch (answer?.is) {
      case undefined:
        // It was given up before its handler ran: its place is free now (SE-45).
        if (!exchange.oneWay) this.#engine.fault(exchange, { code: 'call/cancelled' })
        break
      case 'reply':
        this.#engine.reply(exchange, answer.value)
        break
      case 'ended':
        // What still comes up is not wanted; it is told so before the last word (SE-123).
        this.#engine.stop(exchange)
        this.#engine.end(exchange)
        break
      case 'late':
        this.#engine.fault(exchange, { code: 'call/deadline' })
        break
      case 'fault':
        this.#engine.fault(exchange, { code: 'call/fault', name: answer.name, data: answer.data })
        break
      case 'invalid':
        this.#engine.fault(exchange, { code: 'contract/invalid', path: answer.path, item: answer.item ?? 0 })
        break
      case 'refused':
        this.#engine.fault(exchange, { code: answer.code })
        break
      case 'misstep':
        this.#engine.fault(exchange, { code: 'flow/refused', state: answer.state, expected: answer.expected })
        break
      case 'internal':
        this.#engine.fault(exchange, { code: 'call/internal', incident: answer.incident })
    }
  }
}

/** ME-45: what the sender of a one-way message is told, as long as it holds credit for it. */
const refusalOf = ({ oneWay }: Exchange, answer: Answer | undefined): Fault | undefined =>
  oneWay && answer?.is === 'invalid' ? { code: 'contract/invalid', path: answer.path } : undefined
