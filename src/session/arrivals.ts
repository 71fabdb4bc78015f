import type { Wire } from '../cbor.js'
import { codeOfWire, type ErrorCode, SottoError } from '../errors.js'
import { type Route, routeAt } from './agreement.js'
import { decodeBody, notCbor } from './body.js'
import { BEGIN_CHARGE } from './charge.js'
import { denialCode, denied } from './denial.js'
import { contentOf, isBodyOf } from './envelope.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import type { Exchanges } from './exchanges.js'
import { decodeFault, type Fault, type Faulted, wireOf } from './faults.js'
import { type ConversationsOf, keyOf, type Stepping, stepping } from './flows.js'
import type { Begin, Data, Frame } from './frames.js'
import { encodeLabels, subjectLength } from './framewriter.js'
import type { Denial } from './gate.js'
import { Intake } from './intake.js'
import { ItemArrivals } from './itemarrivals.js'
import { endOf } from './leaving.js'
import type { Whole } from './reassembly.js'

type FrameOf<Name extends Frame['is']> = Extract<Frame, { readonly is: Name }>
type ExchangeFrame = FrameOf<'BEGIN' | 'DATA' | 'FAULT' | 'RESET' | 'STOP' | 'CREDIT'>

/** What a one-way message can be refused for (SE-35). */
const REFUSALS: ReadonlySet<ErrorCode> = new Set([
  'policy/denied',
  'policy/limited',
  'contract/invalid',
  'flow/refused',
])

/** What a message carries, and where it is in its conversation. */
interface Content {
  readonly value: Wire | undefined
  readonly stepping: Stepping | undefined
}

/** What the peer sends in exchanges: every frame is checked against the table and both windows before it is believed. */
export class Arrivals {
  readonly #exchanges: Exchanges
  readonly #emit: (event: EngineEvent) => void
  readonly #conversations: ConversationsOf
  readonly intake: Intake
  readonly #items: ItemArrivals
  #nextId: number
  /** What begins now is not taken any more (SE-58). */
  #drained = false

  constructor(exchanges: Exchanges, emit: (event: EngineEvent) => void, conversations: ConversationsOf = new Map()) {
    const { own, role } = exchanges.established
    this.#exchanges = exchanges
    this.#emit = emit
    this.#conversations = conversations
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
    this.#drained = true
    return this.last
  }

  /** A message was taken by its handler, an item by its reader: the credit goes back, that of a refusal with its FAULT (SE-54). */
  consumed(event: Extract<EngineEvent, { readonly is: 'message' | 'item' }>, refusal?: Fault): void {
    if (event.is === 'item') this.intake.read(event)
    else if (refusal === undefined) this.intake.consumed(event)
    else this.#exchanges.refuse(event.exchange, refusal, () => this.intake.consumed(event))
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
    const agreed = this.#exchanges.established.inbound[frame.operation]
    if (frame.exchange !== this.#nextId) throw malformed(`expected exchange ${this.#nextId}, got ${frame.exchange}`)
    if (agreed === undefined) throw malformed(`operation ${frame.operation} was not agreed on`) // SE-34
    const route = routeAt(agreed, frame.subject, frame.standing)
    if (route === undefined) throw malformed(`a BEGIN that ${agreed.address} does not have`)
    this.#nextId += 2
    const exchange = this.#exchanges.add(frame, route, nowMs)
    if (this.#exchanges.theirs > this.#exchanges.established.own.exchanges)
      throw SottoError.of('session/limit', 'the peer opened more exchanges than declared')
    const rest = namedIn(frame) + frame.body.length
    this.intake.accept(BEGIN_CHARGE + rest)
    // SE-65: the peer learns by DRAIN that this was not taken, and waits for no answer.
    if (this.#drained) {
      exchange.refused = true
      exchange.sendEnded = true
    } else this.#foresee(exchange, frame, nowMs)
    // The credit of a refused BEGIN comes back when its FAULT goes out: so refusals are bounded as messages are (SE-54).
    this.#piece(exchange, frame, exchange.faulted ? rest : BEGIN_CHARGE + rest, nowMs)
  }

  #data(frame: Data, nowMs: number): void {
    const exchange = this.#exchanges.find(frame.exchange)
    // SE-39: a reply, and an item, follow the whole of the request.
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
  #foresee(exchange: Exchange, frame: Begin, nowMs: number): void {
    const denial = this.#exchanges.gate.foresee(exchange, frame.exchange, frame.body.length, nowMs)
    if (denial !== undefined) this.#deny(exchange, denial, () => this.intake.giveBack(BEGIN_CHARGE))
  }

  /** The peer learns a code; this end learns the rules too, under the id that both know (SE-60). */
  #deny(exchange: Exchange, denial: Denial, framed: () => void): void {
    this.#emit(denied(exchange, denial))
    this.#exchanges.refuse(exchange, { code: denialCode(denial) }, framed)
  }

  #piece(exchange: Exchange, frame: Begin | Data, charge: number, nowMs: number): void {
    // SE-64: what is no stream carries one message a direction; a stream that carries no items says so at once.
    if (!frame.more && !frame.end && (!exchange.stream || exchange.takes === 'nothing'))
      throw malformed('a second message where one may come')
    if (frame.more || exchange.received > 0 || exchange.stream) {
      exchange.receiveWindow.accept(frame.body.length)
      // The last piece brings no credit: nothing more needs it, unless items follow.
      if (!frame.end) this.intake.giveBackOwn(exchange, frame.body.length)
    } else if (frame.body.length > this.#exchanges.established.own.exchangeWindow)
      throw SottoError.of('session/limit', 'the peer sent over the window of an exchange')
    exchange.received += frame.body.length
    const whole = this.intake.reassembly.add(exchange, frame.body, frame.more, charge)
    if (whole === undefined) return
    exchange.messagesReceived++
    if (exchange.refused) this.intake.consumed(whole)
    else if (exchange.mine) this.#reply(exchange, whole)
    else this.#message(exchange, whole, nowMs)
    if (frame.end) this.#items.end(exchange)
  }

  /** A whole message of the peer: strict decode, then the gate with the body in view (SE-56). */
  #message(exchange: Exchange, whole: Whole, nowMs: number): void {
    const { route } = exchange
    const body = decodeBody(whole.bytes)
    const isBody = body.ok && isBodyOf(route, body.value)
    const stepping = isBody && route.row.flow !== undefined ? this.#stepping(route, body.value, nowMs) : undefined
    if (!isBody || (route.row.flow !== undefined && stepping === undefined)) {
      const path = isBody ? keyOf(route) : ''
      this.#exchanges.refuse(exchange, { code: 'contract/invalid', path }, () => this.intake.consumed(whole))
    } else this.#judge(exchange, whole, { value: body.value, stepping }, nowMs)
  }

  #judge(exchange: Exchange, { bytes, charge, held }: Whole, { value, stepping }: Content, nowMs: number): void {
    const { route, ttlMs, labels } = exchange
    const state = stepping?.state
    const content = contentOf(route, value)
    const message = { route, ttlMs, labels, state, value: content, bytes: bytes.length, outgoing: undefined, index: 0 }
    // SE-155: what may not come now takes nothing of limits.
    const load = stepping?.mayCome === false ? 'nothing' : 'act'
    const admitted = this.#exchanges.gate.judge('in', message, exchange.id, nowMs, load)
    const consumed = (): void => this.intake.consumed({ charge, held })
    if ('effect' in admitted) {
      this.#deny(exchange, admitted, consumed)
      return
    }
    // SE-154: who may not take a step does not learn where the conversation is. SE-155: who may learns it before user code sees the step.
    const step = stepping?.enter()
    if (step?.is === 'misstep') {
      const { expected } = step
      this.#exchanges.refuse(exchange, { code: 'flow/refused', state: step.state, expected }, consumed)
      return
    }
    exchange.admit(admitted)
    exchange.state = state
    exchange.step = step
    exchange.dispatched = true
    this.#emit({ is: 'message', exchange, admitted, value, labels, charge, held })
  }

  #stepping(route: Route, value: Wire | undefined, nowMs: number): Stepping | undefined {
    const { peer } = this.#exchanges.gate
    return stepping(this.#conversations, route, { value, peer, nowMs })
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
    const told = decodeFault(frame.code, frame.body, this.#where(frame.exchange, exchange.route, exchange))
    const error = told.code === 'session/closed' && exchange.leaving ? endOf(exchange) : told
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
      this.#emit({ is: 'refused', verb: route.verb, address: route.address, decision: where.decision(0) })
    if (exchange === undefined) return
    this.#exchanges.reset(exchange, frame.code)
    this.#exchanges.settle(exchange)
  }

  /** Where a FAULT came: `exchange` unless it is of a one-way message, which is refused before it runs or not at all. */
  #where(id: number, route: Route, exchange?: Exchange): Faulted {
    const { sends, messagesSent = 0 } = exchange ?? {}
    const items = sends === 'bytes' && messagesSent > 0 ? 1 : messagesSent - 1
    return { route, items, decision: (index) => this.#exchanges.gate.decision('out', id, index) }
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

  /** SE-37: it comes once, for what goes to its sender; it may cross the end of what it was to stop. */
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
    if (frame.exchange === 0) this.#exchanges.outbox.raise(frame.limit)
    // Where this end sends nothing no limit is one that may be announced.
    else if (exchange !== undefined) exchange.sendWindow.raise(frame.limit)
    else if (!this.#isPast(frame.exchange)) throw malformed(`no CREDIT can come in exchange ${frame.exchange}`)
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

/** What a BEGIN names beside its operation is paid for as its body is (SE-50). */
const namedIn = ({ subject, labels }: Begin): number =>
  (subject === '' ? 0 : subjectLength(subject)) + encodeLabels(labels).length

const malformed = (what: string): SottoError => SottoError.of('session/malformed', what)
