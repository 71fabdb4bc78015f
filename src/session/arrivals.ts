import { codeOfWire, type ErrorCode, SottoError } from '../errors.js'
import type { Route } from './agreement.js'
import { decodeBody, notCbor } from './body.js'
import { BEGIN_CHARGE } from './charge.js'
import { denialCode, denied } from './denial.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import type { Exchanges } from './exchanges.js'
import { decodeFault, type Faulted, wireOf } from './faults.js'
import { type Begin, type Data, type Frame, NO_LABELS } from './frames.js'
import { encodeLabels } from './framewriter.js'
import { type Denial, verbOf } from './gate.js'
import { Intake } from './intake.js'
import { ItemArrivals } from './itemarrivals.js'
import type { Whole } from './reassembly.js'

type FrameOf<Name extends Frame['is']> = Extract<Frame, { readonly is: Name }>
type ExchangeFrame = FrameOf<'BEGIN' | 'DATA' | 'FAULT' | 'RESET' | 'STOP' | 'CREDIT'>

/** What a one-way message can be refused for. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['policy/denied', 'policy/limited', 'contract/invalid'])

/** What the peer sends in exchanges: every frame is checked against the table and both windows before it is believed. */
export class Arrivals {
  readonly #exchanges: Exchanges
  readonly #emit: (event: EngineEvent) => void
  readonly intake: Intake
  readonly #items: ItemArrivals
  #nextId: number
  /** Exchanges of the peer above this are not taken any more (SE-58). */
  #taken = Number.POSITIVE_INFINITY

  constructor(exchanges: Exchanges, emit: (event: EngineEvent) => void) {
    const { own, role } = exchanges.established
    this.#exchanges = exchanges
    this.#emit = emit
    this.intake = new Intake(own, exchanges.outbox)
    this.#items = new ItemArrivals(exchanges, this.intake, emit)
    this.#nextId = role === 'initiator' ? 2 : 1
  }

  /** The last exchange of the peer that came; 0 before the first. */
  get last(): number {
    return Math.max(this.#nextId - 2, 0)
  }

  /** A one-way message of the peer is in pieces: a clean end now would lose it, and nobody would be told (SE-42). */
  get torn(): boolean {
    return this.intake.reassembly.torn
  }

  /** Nothing comes any more. */
  erase(): void {
    this.intake.reassembly.erase()
  }

  /** From here on nothing new is taken; the last exchange that was (SE-58). */
  drain(): number {
    if (this.#taken === Number.POSITIVE_INFINITY) this.#taken = this.last
    return this.#taken
  }

  /** A message was taken by its handler, an item by its reader: the credit goes back. */
  consumed(event: Extract<EngineEvent, { readonly is: 'message' | 'item' }>): void {
    if (event.is === 'item') this.intake.read(event)
    else this.intake.consumed(event)
  }

  /** @throws session/malformed, session/limit: every fault of the peer here ends the session */
  apply(frame: ExchangeFrame, nowMs: number): void {
    switch (frame.is) {
      case 'BEGIN':
        this.#begin(frame, nowMs)
        break
      case 'DATA':
        this.#data(frame, nowMs)
        break
      case 'FAULT':
        this.#fault(frame)
        break
      case 'RESET':
        this.#reset(frame)
        break
      case 'STOP':
        this.#stop(frame)
        break
      case 'CREDIT':
        this.#credit(frame)
    }
  }

  #begin(frame: Begin, nowMs: number): void {
    const route = this.#exchanges.established.inbound[frame.operation]
    if (frame.exchange !== this.#nextId) throw malformed(`expected exchange ${this.#nextId}, got ${frame.exchange}`)
    if (route === undefined) throw malformed(`operation ${frame.operation} was not agreed on`)
    this.#nextId += 2
    const exchange = this.#exchanges.add(frame, route, nowMs)
    if (this.#exchanges.theirs > this.#exchanges.established.own.exchanges)
      throw SottoError.of('session/limit', 'the peer opened more exchanges than declared')
    const labels = frame.labels === NO_LABELS ? 0 : encodeLabels(frame.labels).length
    const charge = BEGIN_CHARGE + labels + frame.body.length
    this.intake.accept(charge)
    // The peer learns by DRAIN that this was not taken, and waits for no answer.
    if (frame.exchange > this.#taken) {
      exchange.refused = true
      exchange.sendEnded = true
    } else this.#foresee(exchange, frame, route, nowMs)
    this.#piece(exchange, frame, charge, nowMs)
  }

  #data(frame: Data, nowMs: number): void {
    const exchange = this.#exchanges.find(frame.exchange)
    // A reply, and an item, follow the whole of the request.
    if (exchange === undefined || exchange.receiveEnded || (exchange.mine && exchange.messagesSent === 0))
      throw malformed(`no DATA can come in exchange ${frame.exchange}`)
    if (frame.body.length === 0 && !frame.end) throw malformed('an empty DATA that ends nothing')
    const item = exchange.stream && (exchange.mine || exchange.messagesReceived > 0)
    if (item) {
      this.#items.take(exchange, frame, nowMs)
      return
    }
    this.intake.accept(frame.body.length)
    this.#piece(exchange, frame, frame.body.length, nowMs)
  }

  /** No byte of a message that the head alone refuses is decoded or kept (SE-56). */
  #foresee(exchange: Exchange, frame: Begin, route: Route, nowMs: number): void {
    const head = { route, ttlMs: frame.ttlMs, labels: frame.labels }
    const denial = this.#exchanges.gate.foresee(head, frame.exchange, frame.body.length, nowMs)
    // The credit of a refused BEGIN comes back when its FAULT goes out: so refusals are bounded as messages are (SE-54).
    if (denial !== undefined) this.#deny(exchange, denial, () => this.intake.giveBack(BEGIN_CHARGE))
  }

  /** The peer learns a code; this end learns the rules too, under the id that both know (SE-60). */
  #deny(exchange: Exchange, denial: Denial, framed: () => void): void {
    this.#emit(denied(exchange, denial))
    this.#exchanges.refuse(exchange, { code: denialCode(denial) }, framed)
  }

  #piece(exchange: Exchange, frame: Begin | Data, charge: number, nowMs: number): void {
    // What is no stream carries one message a direction; a stream that carries no items says so at once.
    if (!frame.more && !frame.end && (!exchange.stream || exchange.takes === 'nothing'))
      throw malformed('a second message where one may come')
    if (frame.more || exchange.received > 0 || exchange.stream) {
      exchange.receiveWindow.accept(frame.body.length)
      // The last piece brings no credit: nothing more needs it, unless items follow.
      if (!frame.end) this.intake.giveBackOwn(exchange, frame.body.length)
    } else if (frame.body.length > this.#exchanges.established.own.exchangeWindow)
      throw SottoError.of('session/limit', 'the peer sent over the window of an exchange')
    exchange.received += frame.body.length
    const keep = exchange.refused && frame.is === 'BEGIN' && frame.exchange <= this.#taken ? BEGIN_CHARGE : 0
    const whole = this.intake.reassembly.add(exchange, frame.body, frame.more, charge - keep)
    if (whole === undefined) return
    exchange.messagesReceived++
    if (exchange.refused) this.intake.consumed(whole)
    else if (exchange.mine) this.#reply(exchange, whole)
    else this.#message(exchange, whole, nowMs)
    if (frame.end) this.#items.end(exchange)
  }

  /** A whole message of the peer: strict decode, then the gate with the body in view (SE-56). */
  #message(exchange: Exchange, whole: Whole, nowMs: number): void {
    const { ttlMs, labels } = exchange
    const body = decodeBody(whole.bytes)
    if (!body.ok) {
      this.#exchanges.refuse(exchange, { code: 'contract/invalid', path: '' }, () => this.intake.consumed(whole))
      return
    }
    const message = {
      route: exchange.route,
      ttlMs,
      labels,
      value: body.value,
      bytes: whole.bytes.length,
      outgoing: undefined,
      index: 0,
    }
    const admitted = this.#exchanges.gate.judge('in', message, exchange.id, nowMs)
    if ('effect' in admitted) {
      this.#deny(exchange, admitted, () => this.intake.consumed(whole))
      return
    }
    exchange.admit(admitted)
    exchange.dispatched = true
    this.#emit({ is: 'message', exchange, admitted, value: body.value, labels, charge: whole.charge, held: whole.held })
  }

  #reply(exchange: Exchange, whole: Whole): void {
    this.intake.consumed(whole)
    const body = decodeBody(whole.bytes)
    if (body.ok) this.#emit({ is: 'reply', exchange, value: body.value })
    else this.#emit({ is: 'fault', exchange, error: notCbor('a reply that is not strict CBOR') })
  }

  #fault(frame: FrameOf<'FAULT'>): void {
    const exchange = this.#exchanges.find(frame.exchange)
    if (exchange === undefined || exchange.oneWay) {
      this.#refused(exchange, frame)
      return
    }
    if (!exchange.mine || exchange.receiveEnded) throw malformed(`no FAULT can come in exchange ${frame.exchange}`)
    const error = decodeFault(frame.code, frame.body, this.#where(frame.exchange, exchange.route, exchange))
    exchange.receiveEnded = true
    this.intake.reassembly.drop(exchange)
    if (exchange.abandoned === undefined) this.#emit({ is: 'fault', exchange, error })
    this.#exchanges.reset(exchange, frame.code)
    this.#exchanges.settle(exchange)
  }

  /** The peer refuses a one-way message, once; `exchange` is defined while it is still under way (SE-54). */
  #refused(exchange: Exchange | undefined, frame: FrameOf<'FAULT'>): void {
    const { route, told } = this.#exchanges.refusedOneWay(this.#own(frame.exchange)) ?? {}
    if (route === undefined) throw malformed(`no FAULT can come in exchange ${frame.exchange}`)
    const where = this.#where(frame.exchange, route)
    const error = decodeFault(frame.code, frame.body, where)
    if (!REFUSALS.has(error.code)) throw malformed(`a one-way message refused with ${error.code}`)
    if (exchange?.awaited === true) this.#emit({ is: 'fault', exchange, error })
    else if (told !== true)
      this.#emit({ is: 'refused', verb: verbOf(route), address: route.address, decision: where.decision(0) })
    if (exchange === undefined) return
    this.#exchanges.reset(exchange, frame.code)
    this.#exchanges.settle(exchange)
  }

  /** Where a FAULT came: `exchange` unless it is of a one-way message, which is refused before it runs or not at all. */
  #where(id: number, { address }: Route, exchange?: Exchange): Faulted {
    const { sends, messagesSent = 0 } = exchange ?? {}
    const items = sends === 'bytes' && messagesSent > 0 ? 1 : messagesSent - 1
    return { address, items, decision: (index) => this.#exchanges.gate.decision('out', id, index) }
  }

  #reset(frame: FrameOf<'RESET'>): void {
    const exchange = this.#exchanges.find(frame.exchange)
    if (exchange === undefined || exchange.mine || exchange.receiveEnded || exchange.received !== frame.size)
      throw malformed(`no RESET of ${frame.size} bytes can come in exchange ${frame.exchange}`)
    const code = codeOfWire(frame.code)
    if (code === undefined) throw malformed(`a RESET with the code ${frame.code}`)
    exchange.receiveEnded = true
    this.intake.reassembly.drop(exchange)
    const why = code === 'call/deadline' ? code : 'call/cancelled'
    // A stream whose request has come goes on in the other direction, unless STOP comes too.
    if (!exchange.stream || !exchange.dispatched) this.#exchanges.abandon(exchange, why)
    else if (!exchange.refused)
      this.#emit({ is: 'ended', exchange, error: SottoError.of(why, 'the peer cut it short') })
    this.#exchanges.settle(exchange)
  }

  /** It comes once, for what goes to its sender; it may cross the end of what it was to stop. */
  #stop(frame: FrameOf<'STOP'>): void {
    const exchange = this.#exchanges.find(frame.exchange)
    const theirs = this.#isTheirs(frame.exchange)
    const known =
      exchange === undefined
        ? theirs && this.#isPast(frame.exchange)
        : !exchange.stopped && (theirs ? !exchange.oneWay : exchange.stream && !exchange.receiveEnded)
    if (!known) throw malformed(`no STOP can come in exchange ${frame.exchange}`)
    const code = codeOfWire(frame.code)
    if (code !== 'call/cancelled' && code !== 'call/deadline') throw malformed(`a STOP with the code ${frame.code}`)
    if (exchange === undefined) return
    exchange.stopped = true
    if (theirs) this.#exchanges.abandon(exchange, code)
    else this.#stopped(exchange, code)
  }

  /** The peer takes no more of what goes up. */
  #stopped(exchange: Exchange, code: 'call/cancelled' | 'call/deadline'): void {
    if (exchange.sendEnded) return
    this.#exchanges.reset(exchange, wireOf({ code }))
    const what = `the peer takes no more of ${exchange.route.address}`
    this.#emit({ is: 'stopped', exchange, error: SottoError.of(code, what, { ran: 'maybe' }) })
    this.#exchanges.settle(exchange)
  }

  /** It may cross the end of its exchange. */
  #credit(frame: FrameOf<'CREDIT'>): void {
    const exchange = this.#exchanges.find(frame.exchange)
    const known = exchange === undefined ? this.#isPast(frame.exchange) : exchange.mine || !exchange.oneWay
    if (frame.exchange === 0) this.#exchanges.outbox.raise(frame.limit)
    else if (known) exchange?.sendWindow.raise(frame.limit)
    else throw malformed(`no CREDIT can come in exchange ${frame.exchange}`)
  }

  #isTheirs(id: number): boolean {
    return id % 2 === this.#nextId % 2
  }

  #isPast(id: number): boolean {
    return id > 0 && id <= (this.#isTheirs(id) ? this.last : this.#exchanges.lastMine)
  }

  /** An id of ours that was used. */
  #own(id: number): number {
    if (!this.#isPast(id) || this.#isTheirs(id)) throw malformed(`exchange ${id} is not one of ours`)
    return id
  }
}

const malformed = (what: string): SottoError => SottoError.of('session/malformed', what)
