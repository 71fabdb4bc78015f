import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import { decodeBody, notCbor } from './body.js'
import { withdraw } from './denial.js'
import type { EngineEvent } from './events.js'
import { type Exchange, ITEM_CHARGE } from './exchange.js'
import type { Exchanges } from './exchanges.js'
import type { Data } from './frames.js'
import { Admitted, type Denial } from './gate.js'
import type { Intake } from './intake.js'
import { endOf } from './leaving.js'
import type { Whole } from './reassembly.js'

/** What the peer sends in streams behind their requests. */
export class ItemArrivals {
  readonly #exchanges: Exchanges
  readonly #intake: Intake
  readonly #emit: (event: EngineEvent) => void

  constructor(exchanges: Exchanges, intake: Intake, emit: (event: EngineEvent) => void) {
    this.#exchanges = exchanges
    this.#intake = intake
    this.#emit = emit
  }

  /** SE-121: a DATA behind the request: some of an item, or a chunk, the cost of each with its last (SE-124); or the end alone. */
  take(exchange: Exchange, frame: Data, nowMs: number): void {
    const { takes } = exchange
    if (frame.body.length === 0 && !this.#intake.reassembly.holds(exchange)) {
      this.end(exchange)
      return
    }
    // SE-122: no chunk is in pieces.
    if (takes === 'nothing' || (takes === 'bytes' && frame.more)) throw malformed('an item where none may come')
    const { length } = frame.body
    const cost = frame.more ? length : length + ITEM_CHARGE
    // SE-157
    const shared = exchange.route.standing && !exchange.mine ? 0 : cost
    this.#intake.accept(shared)
    exchange.receiveWindow.accept(cost)
    exchange.received += length
    // Behind the end nothing comes that needs credit (SE-51).
    exchange.receiveEnded = frame.end
    // A longer item than the window goes on as it comes; what is whole waits for its reader.
    if (frame.more) this.#intake.giveBackOwn(exchange, cost)
    const whole =
      takes === 'bytes'
        ? { bytes: frame.body, charge: shared, held: 0 }
        : this.#intake.reassembly.add(exchange, frame.body, frame.more, shared)
    if (whole === undefined) return
    exchange.messagesReceived++
    if (exchange.refused) {
      this.#intake.consumed(whole)
      this.#intake.giveBackOwn(exchange, cost)
    } else this.#item(exchange, whole, cost, nowMs)
    if (frame.end) this.end(exchange)
  }

  /** An item, judged as its request was: what comes down was granted with it (SE-126). */
  #item(exchange: Exchange, whole: Whole, own: number, nowMs: number): void {
    const value = exchange.takes === 'bytes' ? whole.bytes.slice() : decodeBody(whole.bytes).value
    // SE-146: what comes up in what stands says how far its reader is, and nothing to rules.
    const granted = exchange.mine || exchange.route.standing
    const answer = granted || value === undefined ? undefined : this.#judge(exchange, value, whole.bytes, nowMs)
    const denial = answer !== undefined && 'effect' in answer ? answer : undefined
    if (value === undefined || denial !== undefined) {
      this.#intake.consumed(whole)
      this.#intake.giveBackOwn(exchange, own)
      this.#refuseItem(exchange, denial)
      return
    }
    const { charge, early } = this.#intake.unread(whole.charge)
    const index = exchange.messagesReceived - 1
    const admitted = answer instanceof Admitted ? answer : undefined
    this.#emit({ is: 'item', exchange, admitted, index, value, charge, early, held: whole.held, own })
  }

  #judge(exchange: Exchange, value: Wire, { length: bytes }: Uint8Array, nowMs: number): Admitted | Denial | undefined {
    const { gate } = this.#exchanges
    const { route, ttlMs, labels, state, id, admitted } = exchange
    if (exchange.takes !== 'bytes') {
      const index = exchange.messagesReceived - 1
      return gate.judge('in', { route, ttlMs, labels, state, value, bytes, outgoing: undefined, index }, id, nowMs)
    }
    const rules = admitted?.spend?.(bytes, nowMs) ?? []
    if (rules.length === 0) return undefined
    const decision = gate.decision('in', id, 1)
    const verdict = { effect: 'deny', why: 'limit', rules } as const
    gate.trail.decided({ decision, direction: 'in', verb: route.verb, address: route.address, verdict }, bytes)
    return { ...verdict, id: decision }
  }

  /** The whole stream ends with an item that is refused: its handler and its sender are told. */
  #refuseItem(exchange: Exchange, denial: Denial | undefined): void {
    if (exchange.mine) {
      this.#exchanges.cancel(exchange, 'call/cancelled', notCbor('an item that is not strict CBOR'))
      return
    }
    const item = exchange.takes === 'bytes' ? 1 : exchange.messagesReceived - 1
    const { address } = exchange.route
    if (denial === undefined) {
      this.#exchanges.fault(exchange, { code: 'contract/invalid', path: '', item })
      this.#emit({ is: 'cancelled', exchange, error: notCbor(`an item of ${address} that is not strict CBOR`) })
      return
    }
    withdraw(exchange, denial, item, this.#exchanges, this.#emit)
  }

  /** The peer's direction is over. */
  end(exchange: Exchange): void {
    exchange.receiveEnded = true
    const { stream, refused, leaving } = exchange
    if (stream && !refused)
      this.#emit(
        leaving ? { is: 'fault', exchange, error: endOf(exchange) } : { is: 'ended', exchange, error: undefined },
      )
    // SE-158: its program is told once, whatever becomes of this end's own direction.
    if (leaving) exchange.abandoned ??= 'call/cancelled'
    this.#exchanges.settle(exchange)
  }
}

const malformed = (what: string): SottoError => SottoError.of('session/malformed', what)
