import type { Wire } from '../cbor.js'
import { ERRORS, SottoError } from '../errors.js'
import { Acts } from './acts.js'
import { type Route, routeAt } from './agreement.js'
import type { Established } from './established.js'
import type { EngineEvent } from './events.js'
import { Exchange } from './exchange.js'
import { type Fault, wireOf } from './faults.js'
import type { Begin } from './frames.js'
import { type BeginHead, encodeFrame } from './framewriter.js'
import type { Admitted, Gate } from './gate.js'
import { Items, WRITE_ROOM } from './items.js'
import { LastWords } from './lastwords.js'
import { Outbox } from './outbox.js'
import { Places } from './places.js'
import { Sent } from './sent.js'

/** Own calls that may wait for a free exchange (SE-46). */
export const MAX_WAITING = 65_536

type Abandoned = NonNullable<Exchange['abandoned']>

/** The open exchanges of both sides, and all that this end sends in them. */
export class Exchanges {
  readonly established: Established
  readonly gate: Gate
  readonly outbox: Outbox
  readonly #emit: (event: EngineEvent) => void
  readonly #windows: { readonly receive: number; readonly send: number }
  readonly #open = new Map<number, Exchange>()
  readonly acts: Acts
  readonly items: Items
  readonly #sent: Sent
  readonly #words: LastWords
  readonly #places: Places
  #theirs = 0
  #nextId: number
  /** The session is to end: nothing new is begun. */
  closing = false
  #deadlineAt = Number.POSITIVE_INFINITY

  constructor(established: Established, gate: Gate, emit: (event: EngineEvent) => void) {
    this.established = established
    this.gate = gate
    this.#emit = emit
    this.#windows = { receive: established.own.exchangeWindow, send: established.declared.exchangeWindow }
    this.#nextId = established.role === 'initiator' ? 1 : 2
    this.acts = new Acts(established, gate)
    this.items = new Items(this, this.acts, gate)
    this.#sent = new Sent(established.declared.sessionWindow, established.allowed.message)
    this.outbox = new Outbox(established.allowed, established.declared, {
      begins: (exchange, head, whole) => this.#begins(exchange, head, whole),
      framed: (exchange, ended) => this.#framed(exchange, ended),
    })
    this.#words = new LastWords(established.allowed.plaintext, this.outbox, (exchange) => this.settle(exchange))
    this.#places = new Places(established.allowed.exchanges, MAX_WAITING, (exchange) => this.outbox.push(exchange))
  }

  /** The number of exchanges the peer has open. */
  get theirs(): number {
    return this.#theirs
  }

  /** The last id this end has given to an exchange; 0 before the first. */
  get lastMine(): number {
    return Math.max(this.#nextId - 2, 0)
  }

  /** True when nothing is open and nothing waits: what waits for a place does so behind what is open. */
  get idle(): boolean {
    return this.#open.size === 0 && this.outbox.empty
  }

  /** When `wake` has something to do. */
  get deadlineAt(): number {
    return this.#deadlineAt
  }

  find(id: number): Exchange | undefined {
    return this.#open.get(id)
  }

  /** Every exchange there is; those that wait come first, so that a slot given up goes to none of them. */
  get all(): readonly Exchange[] {
    return [...this.#places.waiting, ...this.outbox.unframed, ...this.#open.values()]
  }

  /** Queues an admitted message, once. @throws session/closed, session/busy, policy/denied if the policy changed, TypeError if it is another session's */
  begin(admitted: Admitted, nowMs: number): { readonly exchange: Exchange; readonly taken: boolean } {
    const prepared = this.acts.redeem(admitted)
    const { route, body, operation, subject, standing, ttlMs, labels } = prepared
    // Without the body, which the exchange lets go of when it is framed.
    const head = { operation, subject, standing, ttlMs, labels }
    const exchange = new Exchange(route, head, this.#windows)
    exchange.admit(admitted)
    this.#checkOpen(exchange)
    const { oneWay } = exchange
    exchange.body = body
    exchange.last = !exchange.stream || exchange.sends === 'nothing'
    exchange.ttlMs = ttlMs
    exchange.labels = prepared.named
    exchange.state = prepared.state
    const taken = this.outbox.covers(exchange)
    exchange.receiveEnded = oneWay
    exchange.awaited = oneWay && !taken
    if (ttlMs > 0) this.#setDeadline(exchange, nowMs + ttlMs)
    if (oneWay) this.outbox.push(exchange)
    else this.#places.take(exchange)
    return { exchange, taken }
  }

  /** The reply of a handler; dropped if nobody waits any more. @throws contract/invalid, call/too-large */
  reply(exchange: Exchange, value: Wire | undefined): void {
    if (exchange.sendEnded || exchange.faulted || exchange.body !== undefined) return
    if (exchange.abandoned !== undefined) {
      this.fault(exchange, { code: exchange.abandoned })
      return
    }
    exchange.body = this.acts.encode(value, exchange.route)
    exchange.last = true
    this.outbox.push(exchange)
  }

  /** More of a stream waits to be sent; one without a place keeps it. */
  push(exchange: Exchange): void {
    if (!this.#places.waiting.has(exchange)) this.outbox.push(exchange)
  }

  /** STOP, once. */
  stop(exchange: Exchange, code: Abandoned): void {
    if (exchange.stopping) return
    exchange.stopping = true
    this.outbox.notice(encodeFrame({ is: 'STOP', exchange: exchange.id, code: wireOf({ code }) }))
  }

  /** Ends a peer's exchange without a reply, or with what is left of it unsent. @throws cbor/unencodable, RangeError on details that cannot be sent */
  fault(exchange: Exchange, fault: Fault): void {
    if (exchange.sendEnded || exchange.faulted) return
    exchange.refused = true
    this.#words.say(exchange, exchange.abandoned === undefined ? fault : { code: exchange.abandoned })
    this.outbox.drop(exchange)
  }

  /** As `fault`, of a stream behind the items that wait. */
  faultBehind(exchange: Exchange, fault: Fault): void {
    if (exchange.items.lastWord !== undefined) return
    exchange.refused = true
    if (!exchange.stream || exchange.body === undefined || exchange.abandoned !== undefined) this.fault(exchange, fault)
    else this.#words.sayBehind(exchange, fault)
  }

  /** Refuses a message of the peer before any user code; `framed` is called when the peer is about to learn it (SE-54). */
  refuse(exchange: Exchange, fault: Fault, framed: () => void): void {
    exchange.refused = true
    this.#words.say(exchange, fault, framed)
  }

  /** Nobody waits for an own exchange any more: its fault is told, the peer is asked to stop (SE-57). */
  cancel(exchange: Exchange, code: Abandoned, why?: SottoError): void {
    if (exchange.abandoned !== undefined || exchange.over) return
    exchange.abandoned = code
    const what = `${exchange.route.address} was given up`
    this.#emit({ is: 'fault', exchange, error: why ?? SottoError.of(code, what, { ran: exchange.ran }) })
    if (exchange.id === 0) {
      this.#forget(exchange)
      return
    }
    exchange.refused = true
    const wire = wireOf({ code })
    this.reset(exchange, wire)
    if (exchange.receiveEnded) this.settle(exchange)
    else this.stop(exchange, code)
  }

  /** Ends this end's direction of an own exchange, whatever it had still to send (SE-36). */
  reset(exchange: Exchange, code: number): void {
    if (exchange.sendEnded) return
    this.outbox.drop(exchange)
    exchange.sendEnded = true
    this.outbox.notice(encodeFrame({ is: 'RESET', exchange: exchange.id, code, size: exchange.sent }))
  }

  /** A peer's exchange begins. */
  add({ exchange: id, ttlMs, labels, more }: Begin, route: Route, nowMs: number): Exchange {
    const exchange = new Exchange(route, undefined, this.#windows)
    exchange.id = id
    exchange.ttlMs = ttlMs
    exchange.labels = labels
    exchange.sendEnded = exchange.oneWay
    // One that is whole is over with this frame: to be found by it would cost a fifth of all that it costs.
    if (more || !exchange.oneWay) this.#open.set(id, exchange)
    if (exchange.oneWay) return exchange
    this.#theirs++
    if (ttlMs > 0) this.#setDeadline(exchange, nowMs + ttlMs)
    return exchange
  }

  /** Forgets an exchange when both its ends have passed (SE-45). */
  settle(exchange: Exchange): void {
    if (!exchange.over) return
    exchange.releaseLimits()
    if (!this.#open.delete(exchange.id) || exchange.oneWay) return
    if (exchange.stream) this.#emit({ is: 'over', exchange })
    if (exchange.mine) this.#places.give()
    else this.#theirs--
  }

  /** The route, with its subject (SE-148), of a one-way message the peer refuses now, and whether its sender has heard of a refusal before. */
  refusedOneWay(id: number): { readonly route: Route; readonly told: boolean } | undefined {
    const refused = this.#sent.refuse(id)
    const route = refused && this.established.outbound[refused.operation]
    const whole = route && routeAt(route, refused.subject, false)
    return whole && { route: whole, told: refused.told }
  }

  /** The sender of a one-way message that it has in pieces hears here and now that it is refused: not again if the peer does. */
  tell(id: number): void {
    this.#sent.tell(id)
  }

  /** The timer: own calls past their deadline, peers' messages nobody waits for (SE-57, SE-162). */
  wake(nowMs: number): void {
    if (nowMs < this.#deadlineAt) return
    this.#deadlineAt = Number.POSITIVE_INFINITY
    for (const exchange of this.all) {
      if (exchange.deadlineAt > nowMs) this.#deadlineAt = Math.min(this.#deadlineAt, exchange.deadlineAt)
      else if (exchange.mine) this.cancel(exchange, 'call/deadline')
      else this.abandon(exchange, 'call/deadline')
    }
  }

  /** The peer's caller gave up, or its deadline passed. The exchange counts until its handler is done (SE-45). */
  abandon(exchange: Exchange, code: Abandoned): void {
    if (exchange.abandoned !== undefined || exchange.sendEnded || exchange.faulted) return
    exchange.abandoned = code
    if (exchange.stream) this.outbox.curtail(exchange)
    if (!exchange.dispatched || exchange.last) {
      this.fault(exchange, { code })
      return
    }
    const error = SottoError.of(code, `${exchange.route.address} is not waited for any more`)
    this.#emit({ is: 'cancelled', exchange, error })
  }

  /** The peer took own exchanges up to `last`; the rest surely did not run, and nothing is begun from here on (SE-58). */
  drained(last: number): void {
    this.closing = true
    for (const exchange of this.all) {
      if (!exchange.mine || (exchange.id !== 0 && exchange.id <= last)) continue
      // The peer waits for the rest of a message that it has in pieces.
      if (exchange.id !== 0) this.reset(exchange, ERRORS['session/closed'].wire)
      this.#lose(exchange, SottoError.of('session/closed', 'the session closed before this was taken'))
    }
    this.#refuseAbove(last)
  }

  /** Nothing new is begun from here on; what is queued still goes. */
  close(): void {
    this.closing = true
  }

  /** The session is over, or its close deadline passed: every own exchange fails, every handler is told (SE-59). */
  lose(cause: SottoError | undefined): void {
    const options = cause === undefined ? {} : { cause }
    for (const exchange of this.all) {
      const what = `the session ended before ${exchange.route.address} did`
      const error = SottoError.of('session/lost', what, { ...options, ran: exchange.ran })
      if (exchange.mine) this.#lose(exchange, error)
      else if (exchange.dispatched && (exchange.stream || exchange.body === undefined) && !exchange.faulted)
        this.#emit({ is: 'cancelled', exchange, error })
      // An answer that comes now is dropped.
      exchange.sendEnded = true
      exchange.releaseLimits()
    }
    this.#open.clear()
    this.outbox.erase()
  }

  /** What cannot begin gives its limits back. */
  #checkOpen(exchange: Exchange): void {
    const full = !exchange.oneWay && this.#places.full
    if (!this.closing && !full) return
    exchange.releaseLimits()
    if (this.closing) throw SottoError.of('session/closed', 'the session is closing')
    throw SottoError.of('session/busy', `${MAX_WAITING} calls wait already`)
  }

  /** One-way messages above `last` were sent, and surely not taken (SE-66). */
  #refuseAbove(last: number): void {
    const first = last === 0 ? 2 - (this.#nextId % 2) : last + 2
    for (const id of this.#sent.between(first, this.lastMine)) {
      const { route, told } = this.refusedOneWay(id) ?? {}
      if (route === undefined || told === true) continue
      const decision = this.gate.decision('out', id)
      this.#emit({ is: 'refused', verb: route.verb, address: route.address, decision })
    }
  }

  #begins(exchange: Exchange, { operation }: BeginHead, whole: boolean): number {
    const id = this.#nextId
    this.#nextId += 2
    exchange.admitted?.framed(id, 0)
    this.#sent.begins(id, exchange.oneWay ? operation : undefined, exchange.route.subject, whole)
    // As in `add`; no frame can speak of it but a refusal.
    if (!(whole && exchange.oneWay)) this.#open.set(id, exchange)
    return id
  }

  #framed(exchange: Exchange, ended: boolean): void {
    exchange.sendEnded = ended
    if (exchange.awaited && (!exchange.stream || exchange.items.waiting <= WRITE_ROOM / 2)) {
      exchange.awaited = false
      this.#emit({ is: 'taken', exchange })
    }
    this.settle(exchange)
  }

  /** An own exchange that was never framed leaves no trace. */
  #forget(exchange: Exchange): void {
    exchange.releaseLimits()
    if (this.#places.leave(exchange)) return
    this.outbox.drop(exchange)
    if (!exchange.oneWay) this.#places.give()
  }

  #lose(exchange: Exchange, error: SottoError): void {
    if (exchange.abandoned === undefined) this.#emit({ is: 'fault', exchange, error })
    exchange.abandoned = 'call/cancelled'
    if (exchange.id === 0) {
      this.#forget(exchange)
      return
    }
    this.outbox.drop(exchange)
    exchange.sendEnded = true
    exchange.receiveEnded = true
    this.settle(exchange)
  }

  #setDeadline(exchange: Exchange, deadlineAt: number): void {
    exchange.deadlineAt = deadlineAt
    this.#deadlineAt = Math.min(this.#deadlineAt, deadlineAt)
  }
}
