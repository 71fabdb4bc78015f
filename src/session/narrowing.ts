import { SottoError } from '../errors.js'
import { decodeBody } from './body.js'
import { denialCode, denied, withdraw } from './denial.js'
import type { EngineEvent } from './events.js'
import type { Exchange, Waiting } from './exchange.js'
import type { Exchanges } from './exchanges.js'
import type { Admitted, Denial, Denied } from './gate.js'
import type { Intake } from './intake.js'

/** What came and is not with user code yet. */
export type Arrived = Extract<EngineEvent, { readonly is: 'message' | 'item' }>

/**
 * Asks again for what was admitted once the policy or the peer has changed: the rules alone, by what was known when it was
 * admitted (SE-128). What they deny ends, and nothing else (SE-135).
 */
export class Narrowing {
  readonly #exchanges: Exchanges
  readonly #intake: Intake
  readonly #emit: (event: EngineEvent) => void
  /** What is open was asked for by the gate as it was then. */
  #epoch: number
  #over = false

  constructor(exchanges: Exchanges, intake: Intake, emit: (event: EngineEvent) => void) {
    this.#exchanges = exchanges
    this.#intake = intake
    this.#emit = emit
    this.#epoch = exchanges.gate.epoch
  }

  /** From here on nobody is told of anything. */
  end(): void {
    this.#over = true
  }

  /** Of all that is open or waits to be sent; nothing, if nothing has changed. */
  reask(nowMs: number): void {
    const { epoch } = this.#exchanges.gate
    if (this.#epoch === epoch) return
    this.#epoch = epoch
    this.#exchanges.gate.policy.forgetOther()
    for (const exchange of this.#exchanges.all) {
      if (exchange.abandoned !== undefined) continue
      if (exchange.mine) this.#own(exchange)
      else if (exchange.started) this.#started(exchange)
      else this.#coming(exchange, nowMs)
    }
  }

  /** Of what came: true if user code may see it, else why not; then it is done with (SE-133). */
  stands(event: Arrived): true | SottoError {
    const answer = this.#standsNow(event)
    // User code never sees it.
    if (answer !== true && event.is === 'message') event.exchange.handled()
    return answer
  }

  /** SE-129, SE-130: what this end has begun, or is about to. */
  #own(exchange: Exchange): void {
    const verdict = this.#request(exchange) ?? this.#items(exchange)
    if (verdict === undefined) return
    const { route, id, ran, admitted, oneWay, awaited } = exchange
    const { address } = route
    const denial =
      id === 0
        ? this.#exchanges.acts.refuse(route, admitted?.bytes ?? 0, verdict)
        : this.#narrow('out', exchange, 0, verdict)
    if (oneWay && !awaited) {
      // SE-137, LI-60: its sender has heard that it was taken.
      this.#emit(denied(exchange, denial))
      this.#emit({ is: 'refused', verb: route.verb, address, decision: denial.id })
      this.#exchanges.tell(id)
    }
    const reason = denial.rules.join(', ') || denial.why
    const details = { decision: denial.id, address }
    const error = SottoError.of('policy/denied', `${address} is refused here now (${reason})`, { details, ran })
    this.#exchanges.cancel(exchange, 'call/cancelled', error)
  }

  /** The message that began it. */
  #request(exchange: Exchange): Denied | undefined {
    return exchange.admitted?.again(exchange, () => exchange.body && decodeBody(exchange.body).value)
  }

  /** The first of the own items that wait and may not go. */
  #items(exchange: Exchange): Denied | undefined {
    for (const item of waitingIn(exchange)) {
      const verdict = item.admitted?.again(exchange, () => decodeBody(item.body).value)
      if (verdict !== undefined) return verdict
    }
    return undefined
  }

  /** SE-151: the first of the deliveries that wait and may not go. */
  #deliveries(exchange: Exchange): Denied | undefined {
    for (const { delivery, atMs } of waitingIn(exchange)) {
      const verdict = delivery && this.#exchanges.gate.hand(exchange, delivery, atMs)
      if (verdict?.effect === 'deny') return verdict
    }
    return undefined
  }

  /** SE-131: what the peer has begun and user code has seen. */
  #started(exchange: Exchange): void {
    // It has had its last word, and nothing of it is read any more.
    if (exchange.faulted || (exchange.sendEnded && exchange.refused)) return
    const verdict = this.#request(exchange) ?? this.#deliveries(exchange)
    if (verdict !== undefined) this.#withdraw(exchange, 0, verdict)
  }

  /** SE-132: what comes in pieces and was not judged yet. What was, and waits for its handler, is asked for there. */
  #coming(exchange: Exchange, nowMs: number): void {
    if (exchange.dispatched || exchange.refused) return
    const denial = this.#exchanges.gate.foresee(exchange, exchange.id, exchange.received, nowMs)
    if (denial === undefined) return
    this.#emit(denied(exchange, denial))
    this.#exchanges.refuse(exchange, { code: denialCode(denial) }, () => undefined)
    this.#intake.reassembly.skip(exchange)
  }

  #standsNow(event: Arrived): true | SottoError {
    const { exchange } = event
    const { narrowed, started } = exchange
    if (narrowed !== undefined) {
      // Of a message that had to wait for its handler, the credit is back already.
      if (event.is === 'item') this.#drop(event)
      return narrowed
    }
    const verdict = proofOf(event)?.again(exchange, () => event.value)
    if (verdict === undefined) {
      exchange.started = true
      return true
    }
    if (event.is === 'item') return this.#item(event, verdict)
    return started ? this.#withdraw(exchange, 0, verdict) : this.#unseen(event, verdict)
  }

  /** SE-133: surely nothing of it has run. */
  #unseen(message: Extract<Arrived, { readonly is: 'message' }>, verdict: Denied): SottoError {
    const { exchange } = message
    const denial = this.#narrow('in', exchange, 0, verdict)
    const { address } = exchange.route
    const details = { decision: denial.id, address }
    const error = SottoError.of('policy/denied', `${address} is refused now`, { details })
    exchange.narrowed = error
    if (this.#over) return error
    this.#emit(denied(exchange, denial))
    const { faulted, abandoned } = exchange
    if (faulted) this.#drop(message)
    // As with what is refused when it comes, its credit goes back when its sender is about to learn it (SE-54).
    else this.#exchanges.refuse(exchange, { code: abandoned ?? 'policy/denied' }, () => this.#intake.consumed(message))
    return error
  }

  /** SE-133: an item that nobody has read ends its stream. */
  #item(item: Extract<Arrived, { readonly is: 'item' }>, verdict: Denied): SottoError {
    this.#drop(item)
    // Of a chunk it is the stream that is denied.
    return this.#withdraw(item.exchange, item.admitted === undefined ? 0 : item.index, verdict)
  }

  /** What user code may have seen. Who sent a one-way message that waited for its handler cannot be told any more. */
  #withdraw(exchange: Exchange, index: number, verdict: Denied): SottoError {
    const denial = this.#narrow('in', exchange, index, verdict)
    const { address } = exchange.route
    const details = { decision: denial.id, address }
    exchange.narrowed = this.#over
      ? SottoError.of('policy/denied', `${address} is refused now`, { details })
      : withdraw(exchange, denial, index, this.#exchanges, this.#emit)
    return exchange.narrowed
  }

  /** What stood does not any more, under the id that it was admitted with. */
  #narrow(direction: 'in' | 'out', { route, id }: Exchange, index: number, verdict: Denied): Denial {
    const { gate } = this.#exchanges
    const decision = gate.decision(direction, id, index)
    gate.trail.narrowed({ decision, direction, verb: route.verb, address: route.address, verdict })
    return { ...verdict, id: decision }
  }

  /** User code never sees it: its credit goes back. */
  #drop(event: Arrived): void {
    if (event.is === 'item') this.#intake.read(event)
    else this.#intake.consumed(event)
  }
}

const waitingIn = ({ items: { current, behind } }: Exchange): readonly Waiting[] =>
  current === undefined ? behind : [current, ...behind]

/** A chunk stands for as long as the stream that it came in, which may be given up by now and not asked again. */
const proofOf = ({ exchange, admitted }: Arrived): Admitted | undefined =>
  admitted ?? (exchange.mine ? undefined : exchange.admitted)
