import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import type { Act } from '../session/acts.js'
import { defect } from '../session/ends.js'
import type { Engine } from '../session/engine.js'
import type { Established } from '../session/established.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import { NO_LABELS } from '../session/frames.js'
import type { Admitted } from '../session/gate.js'
import type { Arrived } from '../session/narrowing.js'
import type { Transport } from '../transport/transport.js'
import { Dispatch } from './dispatch.js'
import type { Caller, CallOptions, Delivery, Served, Stream, Where } from './face.js'
import { Feed } from './feed.js'
import { Pending } from './pending.js'
import { type PingOptions, Pings } from './pings.js'
import { now, Pump } from './pump.js'
import { refusal } from './refusal.js'
import type { Closed, Denial, Refusal, Session } from './session.js'
import { deadlineOf, onAbort } from './signals.js'
import { StreamEnd, type StreamEngine } from './stream.js'
import { ttlOf } from './ttl.js'

/** Refusals and denials that wait for a reader, of each (LI-19). */
export const NEWS = 1_024
/** What the program asks of a peer. */
interface Asked extends Pick<Act, 'contract' | 'operation' | 'value'> {
  /** As a stream. */
  readonly standing: boolean
  readonly where: Where | undefined
}

/** What becomes of a session, told once each. */
interface Outcome {
  established(established: Established): Session
  /** The peer takes nothing new any more. */
  draining(): void
  closed(closed: Closed): void
}

/** An engine with its pump: admits and begins what the program asks, calls handlers, settles promises. */
export class Edge implements Caller {
  readonly refusals = new Feed<Refusal>(NEWS)
  readonly denials = new Feed<Denial>(NEWS)
  readonly #engine: Engine
  readonly #pump: Pump
  readonly #outcome: Outcome
  readonly #pings: Pings
  readonly #pending = new Map<Exchange, Pending>()
  /** Streams that have no outcome yet. */
  readonly #streams = new Map<Exchange, StreamEnd>()
  readonly #dispatch: Dispatch
  readonly #streaming: StreamEngine = {
    item: (exchange, value) => this.#item(exchange, value),
    deliver: (exchange, delivery) => this.#deliver(exchange, delivery),
    mayHear: (exchange, delivery) => this.#engine.deliver(exchange, delivery, now(), true) !== 'denied',
    end: (exchange) => this.#step(() => this.#engine.end(exchange)),
    stop: (exchange) => this.#step(() => this.#engine.stop(exchange)),
    cancel: (exchange) => this.#cancel(exchange),
    denied: (item) => this.#denied(item),
    consumed: (item) => this.#step(() => this.#engine.consumed(item)),
  }
  /** Stops listening for another policy. */
  readonly #deaf: () => void
  #session: Session | undefined
  #peer: Peer | undefined
  #turning = false

  constructor(engine: Engine, transport: Transport, served: readonly Served[], outcome: Outcome) {
    this.#engine = engine
    this.#outcome = outcome
    this.#pump = new Pump(engine, transport, () => this.#turn())
    this.#pings = new Pings((time) => this.#ping(time), now)
    this.#dispatch = new Dispatch(engine, served, {
      stream: (exchange) => this.#begun(exchange),
      stands: (message) => this.#denied(message) === undefined,
      left: (exchange) => this.#leave(exchange)?.left(),
      turn: () => this.#turn(),
      abort: (error) => this.abort(error),
    })
    // LI-59: as long as the session lives. Before it has begun there is nothing to ask again.
    this.#deaf = engine.policy.onChange(() => this.#narrow())
  }

  /** Starts to move bytes. Everything that can go wrong from here on ends in `closed`. */
  start(): void {
    void this.#pump.read()
    this.#turn()
  }

  call(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<Wire | undefined> {
    return new Promise((resolve, reject) => {
      const { exchange } = this.#begin({ contract, operation, value, where, standing: false }, options)
      this.#pending.set(exchange, new Pending(resolve, reject, options.signal, () => this.#cancel(exchange)))
    })
  }

  send(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<void> | undefined {
    const { exchange, taken } = this.#begin({ contract, operation, value, where, standing: false }, options)
    if (taken) return undefined
    return new Promise((resolve, reject) => {
      const took = (): void => resolve()
      this.#pending.set(exchange, new Pending(took, reject, options.signal, () => this.#cancel(exchange)))
    })
  }

  stream(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Stream {
    const { exchange } = this.#begin({ contract, operation, value, where, standing: true }, options)
    const stream = this.#begun(exchange)
    const deaf = onAbort(options.signal, () => stream.abort(options.signal?.reason))
    void stream.closed.then(deaf)
    return stream
  }

  /** As `Session.ping`. */
  ping(options: PingOptions = {}): Promise<number> {
    return this.#pings.ask(options)
  }

  get over(): boolean {
    return this.#engine.over
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

  /** LI-15: ends at once, without a byte, even if the session is over and its last bytes are still on their way. */
  abort(error: SottoError): void {
    if (this.#engine.over) this.#pump.cut(error)
    else this.#engine.abort(error)
    this.#turn()
  }

  #begin(
    { contract, operation, value, where = {}, standing }: Asked,
    { signal, timeoutMs = 0, labels = NO_LABELS }: CallOptions,
  ): { readonly exchange: Exchange; readonly taken: boolean } {
    if (signal?.aborted === true)
      throw SottoError.of('call/cancelled', 'the signal was aborted before the call', { cause: signal.reason })
    const time = now()
    const ttlMs = ttlOf(timeoutMs, deadlineOf(signal) - time)
    const { subject = '', state } = where
    const admitted = this.#admit({ contract, operation, subject, standing, state, value, ttlMs, labels }, time)
    const begun = this.#engine.begin(admitted, time)
    this.#pump.schedule()
    // A transport that takes no bytes must not hold up the deadline (LI-8).
    if (ttlMs > 0) this.#pump.arm()
    return begun
  }

  #admit(act: Act, time: number): Admitted {
    const answer = this.#engine.admit(act, time)
    if (!('effect' in answer)) return answer
    throw refusal(answer, `${act.contract}.${act.operation}`)
  }

  /** LI-57: by the time that a policy has been replaced. Who hears of a decision and replaces it lets the engine end its step. */
  #narrow(): void {
    if (this.#pump.inside) queueMicrotask(() => this.#narrow())
    else this.#step(() => this.#engine.reask(now()))
  }

  #cancel(exchange: Exchange): void {
    this.#step(() => this.#engine.cancel(exchange))
  }

  #step(step: () => void): void {
    this.#pump.attempt(step)
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
        // LI-16: of this session alone. What follows from the abort is among the next events.
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
        if (this.#session === undefined) event.exchange.handled()
        else this.#dispatch.message(event, this.#session)
        break
      case 'reply':
        this.#settle(event.exchange)?.resolve(event.value)
        break
      case 'taken':
        this.#settle(event.exchange)?.resolve(undefined)
        this.#streams.get(event.exchange)?.taken()
        break
      case 'fault':
        this.#settle(event.exchange)?.reject(event.error)
        this.#leave(event.exchange)?.failed(event.error)
        break
      case 'item': {
        const stream = this.#streams.get(event.exchange)
        if (stream === undefined) this.#engine.consumed(event)
        else stream.arrived(event)
        break
      }
      case 'ended':
        this.#streams.get(event.exchange)?.ended(event.error)
        break
      case 'stopped':
        this.#streams.get(event.exchange)?.stopped(event.error)
        break
      case 'over':
        if (event.exchange.mine) this.#leave(event.exchange)?.finished()
        break
      case 'cancelled':
        this.#streams.get(event.exchange)?.cancelled(event.error)
        this.#dispatch.cancel(event.exchange, event.error)
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
    this.#dispatch.opened(this.#session, established)
  }

  #begun(exchange: Exchange): StreamEnd {
    const stream = new StreamEnd(exchange, this.#streaming)
    this.#streams.set(exchange, stream)
    return stream
  }

  /** The stream has its outcome, or its handler is done with it. */
  #leave(exchange: Exchange): StreamEnd | undefined {
    const stream = this.#streams.get(exchange)
    this.#streams.delete(exchange)
    return stream
  }

  /** LI-58: why the policy denies by now what it let in. Who reads is told at once, the others by the events that follow. */
  #denied(event: Arrived): SottoError | undefined {
    try {
      const answer = this.#engine.stands(event)
      if (answer === true) return undefined
      this.#turn()
      return answer
    } catch (cause) {
      const error = defect(cause)
      this.abort(error)
      return error
    }
  }

  #item(exchange: Exchange, value: Wire): boolean {
    const answer = this.#engine.item(exchange, value, now())
    this.#pump.schedule()
    if (typeof answer === 'boolean') return answer
    throw refusal(answer, exchange.route.address)
  }

  #deliver(exchange: Exchange, delivery: Delivery): boolean | 'denied' {
    const answer = this.#engine.deliver(exchange, delivery, now())
    if (answer !== 'denied') this.#pump.schedule()
    return answer
  }

  /** By now every exchange has had its event; `closed` comes when the transport has ended too (LI-12, ME-43). */
  #finish(error: SottoError | undefined): void {
    this.#deaf()
    this.refusals.end()
    this.denials.end()
    this.#pings.end(SottoError.of('session/lost', 'the session ended before the pong', { cause: error }))
    // One-way messages that were taken before a clean end are still handled; nobody waits for them (LI-20).
    if (error !== undefined) this.#dispatch.cancelAll(error)
    const closed: Closed = error === undefined ? { clean: true } : { clean: false, error }
    void this.#pump.end(error).then(() => this.#outcome.closed(closed))
  }
}
