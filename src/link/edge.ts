import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import { defect } from '../session/ends.js'
import type { Engine } from '../session/engine.js'
import type { Established } from '../session/established.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import { NO_LABELS } from '../session/frames.js'
import type { Admitted } from '../session/gate.js'
import type { Transport } from '../transport/transport.js'
import { Arrival } from './arrival.js'
import type { Answer, Caller, CallOptions, Served } from './face.js'
import { Feed } from './feed.js'
import { Pending } from './pending.js'
import { type PingOptions, Pings } from './pings.js'
import { now, Pump } from './pump.js'
import type { Closed, Denial, Refusal, Session } from './session.js'

/** Handlers of one-way messages that run at once before the peer's credit is held back (LI-11). */
export const ONE_WAY_HANDLERS = 256
/** Refusals and denials that wait for a reader, of each (LI-19). */
export const NEWS = 1_024
/** What Node takes as a time, 24 days. */
const LONGEST_MS = 2 ** 31 - 1

/** What becomes of a session, told once each. */
interface Outcome {
  established(established: Established): Session
  /** The peer takes nothing new any more. */
  draining(): void
  closed(closed: Closed): void
}

type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** An engine with its pump: admits and begins what the program asks, calls handlers, settles promises. */
export class Edge implements Caller {
  readonly refusals = new Feed<Refusal>(NEWS)
  readonly denials = new Feed<Denial>(NEWS)
  readonly #engine: Engine
  readonly #pump: Pump
  readonly #served = new Map<string, Served>()
  readonly #outcome: Outcome
  readonly #pings: Pings
  readonly #pending = new Map<Exchange, Pending>()
  /** Messages whose handlers have not finished. */
  readonly #arrivals = new Map<Exchange, Arrival>()
  #session: Session | undefined
  #peer: Peer | undefined
  #oneWayHandlers = 0
  #turning = false

  constructor(engine: Engine, transport: Transport, served: readonly Served[], outcome: Outcome) {
    this.#engine = engine
    this.#outcome = outcome
    this.#pump = new Pump(engine, transport, () => this.#turn())
    this.#pings = new Pings((time) => this.#ping(time), now)
    for (const service of served) this.#served.set(service.contract.name, service)
  }

  /** Starts to move bytes. Everything that can go wrong from here on ends in `closed`. */
  start(): void {
    void this.#pump.read()
    this.#turn()
  }

  call(contract: string, operation: string, value: Wire | undefined, options: CallOptions): Promise<Wire | undefined> {
    return new Promise((resolve, reject) => {
      const { exchange } = this.#begin(contract, operation, value, options)
      this.#pending.set(exchange, new Pending(resolve, reject, options.signal, () => this.#cancel(exchange)))
    })
  }

  send(contract: string, operation: string, value: Wire | undefined, options: CallOptions): Promise<void> | undefined {
    const { exchange, taken } = this.#begin(contract, operation, value, options)
    if (taken) return undefined
    return new Promise((resolve, reject) => {
      const took = (): void => resolve()
      this.#pending.set(exchange, new Pending(took, reject, options.signal, () => this.#cancel(exchange)))
    })
  }

  /** As `Session.ping`. */
  ping(options: PingOptions = {}): Promise<number> {
    return this.#pings.ask(options)
  }

  /** Who the peer is since its last CREDENTIAL; undefined before the first. */
  get peer(): Peer | undefined {
    return this.#peer
  }

  /** As `Session.renew`. */
  renew(credential: Uint8Array): void {
    this.#engine.renew(credential, now())
    this.#pump.schedule()
  }

  /** What is trusted has changed: the session ends if its peer is trusted no more. */
  retrust(): void {
    this.#pump.attempt(() => this.#engine.retrust(now()))
    this.#turn()
  }

  /** DRAIN and END; what is open has `timeoutMs` to finish. */
  close(timeoutMs: number): void {
    this.#pump.attempt(() => this.#engine.close(now(), timeoutMs))
    this.#turn()
  }

  /** Ends at once, without a byte, even if the session is over and its last bytes are still on their way. */
  abort(error: SottoError): void {
    if (this.#engine.over) this.#pump.cut(error)
    else this.#engine.abort(error)
    this.#turn()
  }

  #begin(
    contract: string,
    operation: string,
    value: Wire | undefined,
    { signal, timeoutMs = 0, labels = NO_LABELS }: CallOptions,
  ): { readonly exchange: Exchange; readonly taken: boolean } {
    if (signal?.aborted === true) throw SottoError.of('call/cancelled', 'the signal was aborted before the call')
    if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_MS))
      throw new RangeError(`expected timeoutMs of 0..${LONGEST_MS}, got ${timeoutMs}`)
    const time = now()
    const admitted = this.#admit({ contract, operation, value, ttlMs: Math.ceil(timeoutMs), labels }, time)
    const begun = this.#engine.begin(admitted, time)
    this.#pump.schedule()
    // A transport that takes no bytes must not hold up the deadline (LI-8).
    if (timeoutMs > 0) this.#pump.arm()
    return begun
  }

  #admit(act: Parameters<Engine['admit']>[0], time: number): Admitted {
    const answer = this.#engine.admit(act, time)
    if (!('effect' in answer)) return answer
    const code = answer.why === 'limit' ? 'policy/limited' : 'policy/denied'
    const address = `${act.contract}.${act.operation}`
    const reason = answer.rules.length === 0 ? answer.why : answer.rules.join(', ')
    throw SottoError.of(code, `${address} is refused here (${reason})`, { details: { decision: answer.id, address } })
  }

  #cancel(exchange: Exchange): void {
    this.#pump.attempt(() => this.#engine.cancel(exchange))
    this.#turn()
  }

  #ping(time: number): number {
    const count = this.#engine.ping(time)
    this.#pump.schedule()
    return count
  }

  /** After anything that may have changed the engine: events, bytes, timer. Never throws. */
  #turn(): void {
    if (this.#turning) return
    this.#turning = true
    for (let event = this.#engine.next(); event !== undefined; event = this.#engine.next()) {
      try {
        this.#handle(event)
      } catch (cause) {
        // What follows from the abort is among the next events.
        this.#engine.abort(defect(cause))
      }
    }
    this.#turning = false
    this.#pump.schedule()
    this.#pump.arm()
  }

  #handle(event: EngineEvent): void {
    switch (event.is) {
      case 'established':
        this.#established(event.established)
        break
      case 'message':
        this.#dispatch(event)
        break
      case 'reply':
        this.#settle(event.exchange)?.resolve(event.value)
        break
      case 'taken':
        this.#settle(event.exchange)?.resolve(undefined)
        break
      case 'fault':
        this.#settle(event.exchange)?.reject(event.error)
        break
      case 'cancelled':
        this.#arrivals.get(event.exchange)?.cancel(event.error)
        break
      case 'denied':
        this.denials.push(event.denial)
        break
      case 'refused':
        this.refusals.push({ verb: event.verb, address: event.address, decision: event.decision })
        break
      case 'pong':
        this.#pings.answered(event.count)
        break
      case 'renewed':
        this.#peer = event.peer
        break
      case 'draining':
        this.#outcome.draining()
        break
      case 'closed':
        this.#finish(event.error)
    }
  }

  #settle(exchange: Exchange): Pending | undefined {
    const pending = this.#pending.get(exchange)
    this.#pending.delete(exchange)
    return pending
  }

  #established(established: Established): void {
    this.#session = this.#outcome.established(established)
    for (const name of established.serves) this.#served.get(name)?.opened?.(this.#session)
  }

  #dispatch(message: Message): void {
    const { exchange } = message
    const service = this.#served.get(exchange.route.contract)
    if (service === undefined || this.#session === undefined) throw new RangeError('a message nobody serves')
    const arrival = new Arrival(message, this.#session)
    const answer = service.answer(arrival)
    if (answer instanceof Promise) this.#wait(message, service, arrival, answer)
    else {
      this.#engine.consumed(message)
      this.#answer(exchange, service, arrival, answer)
    }
  }

  /** A request is bounded by its exchange; a one-way message holds its credit while too many handlers run (LI-11). */
  #wait(message: Message, service: Served, arrival: Arrival, answer: Promise<Answer | undefined>): void {
    const { exchange } = message
    const oneWay = exchange.route.row.kind === 'oneWay'
    const early = !oneWay || this.#oneWayHandlers < ONE_WAY_HANDLERS
    this.#arrivals.set(exchange, arrival)
    if (oneWay) this.#oneWayHandlers++
    if (early) this.#engine.consumed(message)
    const done = (outcome: Answer | undefined): void => {
      this.#arrivals.delete(exchange)
      if (oneWay) this.#oneWayHandlers--
      if (!early) this.#engine.consumed(message)
      this.#answer(exchange, service, arrival, outcome)
      this.#turn()
    }
    // `answer` never rejects; one that did would be a defect.
    answer.then(done).catch((cause) => this.abort(defect(cause)))
  }

  #answer(exchange: Exchange, service: Served, arrival: Arrival, answer: Answer | undefined): void {
    if (answer === undefined || exchange.sendEnded) return
    try {
      this.#tell(exchange, answer)
    } catch (error) {
      // The answer has no form on the wire: the peer learns of an incident, the service of the reason.
      this.#tell(exchange, service.unsent(error, arrival))
    }
  }

  #tell(exchange: Exchange, answer: Answer): void {
    switch (answer.is) {
      case 'reply':
        this.#engine.reply(exchange, answer.value)
        break
      case 'fault':
        this.#engine.fault(exchange, { code: 'call/fault', name: answer.name, data: answer.data })
        break
      case 'invalid':
        this.#engine.fault(exchange, { code: 'contract/invalid', path: answer.path })
        break
      case 'internal':
        this.#engine.fault(exchange, { code: 'call/internal', incident: answer.incident })
    }
  }

  /** By now every exchange has had its event; `closed` comes when the transport has ended too (LI-12). */
  #finish(error: SottoError | undefined): void {
    this.refusals.end()
    this.denials.end()
    this.#pings.end(SottoError.of('session/lost', 'the session ended before the pong', { cause: error }))
    // One-way messages that were taken before a clean end are still handled; nobody waits for them (LI-20).
    if (error !== undefined) for (const arrival of this.#arrivals.values()) arrival.cancel(error)
    const closed: Closed = error === undefined ? { clean: true } : { clean: false, error }
    void this.#pump.end(error).then(() => this.#outcome.closed(closed))
  }
}
