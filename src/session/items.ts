import type { Wire } from '../cbor.js'
import type { Acts } from './acts.js'
import { addressOf, type Delivery } from './delivery.js'
import type { Exchange, Waiting } from './exchange.js'
import type { Fault } from './faults.js'
import type { Denial, Gate } from './gate.js'

/** Bytes of items that may wait in a stream before its writer is asked to wait: two records of the default size. */
export const WRITE_ROOM = 131_072

/** What streams need of the exchanges they are among. */
interface Owner {
  /** The session is to end. */
  readonly closing: boolean
  push(exchange: Exchange): void
  fault(exchange: Exchange, fault: Fault): void
  stop(exchange: Exchange, code: 'call/cancelled'): void
}

/** What this end sends in streams behind their requests. */
export class Items {
  readonly #owner: Owner
  readonly #acts: Acts
  readonly #gate: Gate

  constructor(owner: Owner, acts: Acts, gate: Gate) {
    this.#owner = owner
    this.#acts = acts
    this.#gate = gate
  }

  /**
   * Queues an item, or bytes, which are copied. True while there is room for more, else the event `taken` follows; a
   * denial of the own gate leaves the stream as it was. Dropped if this end's direction is over.
   * @throws contract/invalid, call/too-large, TypeError if this direction carries no such thing
   */
  add(exchange: Exchange, value: Wire, nowMs: number): boolean | Denial {
    if (!exchange.stream || exchange.sends === 'nothing') throw new TypeError('expected a direction that carries items')
    if (isOver(exchange)) return true
    const item = this.#acts.item(exchange, value, nowMs)
    return 'effect' in item ? item : this.#add(exchange, item)
  }

  /**
   * As `add`, of a message for what the peer has standing here, once the rules let it go there (SE-150); it is not copied. One
   * that `waits` elsewhere is only asked for, and again when it goes (SE-160).
   * @throws call/too-large, TypeError if it is none of these
   */
  deliver(exchange: Exchange, delivery: Delivery, nowMs: number, waits: boolean): boolean | 'denied' {
    if (exchange.mine || !exchange.route.standing)
      throw new TypeError('expected a subscription or a consumer of the peer')
    if (isOver(exchange)) return true
    const item = waits ? undefined : this.#acts.delivery(exchange, delivery, nowMs)
    if (!this.#mayGo(exchange, delivery, nowMs, waits)) return 'denied'
    return item === undefined || this.#add(exchange, item)
  }

  /** This end's direction is over behind what waits. */
  end(exchange: Exchange): void {
    if (!exchange.stream || exchange.sendEnded || exchange.faulted) return
    if (exchange.abandoned !== undefined) {
      // An own one is over, or never began (SE-57).
      if (!exchange.mine) this.#owner.fault(exchange, { code: exchange.abandoned })
      return
    }
    // SE-159: a reader that does not read would hold up the end of the session.
    if (this.#owner.closing && isHeldUp(exchange)) this.#owner.fault(exchange, { code: 'session/closed' })
    else {
      exchange.last = true
      this.#owner.push(exchange)
    }
  }

  /** SE-152: what is denied is told, and what another policy beside would decide otherwise, once it goes. */
  #mayGo(exchange: Exchange, delivery: Delivery, nowMs: number, waits: boolean): boolean {
    const { id, items, route } = exchange
    const verdict = this.#gate.hand(exchange, delivery, nowMs)
    items.asked++
    if (verdict.seen !== undefined && !(waits && verdict.effect === 'allow')) {
      const decision = this.#gate.decision('in', id, items.asked)
      const told = {
        decision,
        direction: 'in',
        verb: route.verb,
        address: addressOf(route, delivery),
        verdict,
      } as const
      this.#gate.trail.decided(told, delivery.bytes, verdict.seen)
    }
    return verdict.effect === 'allow'
  }

  #add(exchange: Exchange, item: Waiting): boolean {
    if (item.body.length > 0) {
      exchange.add(item)
      this.#owner.push(exchange)
    }
    // Who waits already is still to be told, though less waits by now.
    if (exchange.items.waiting > WRITE_ROOM) exchange.awaited = true
    return !exchange.awaited
  }

  /** The rest of what the peer sends is not wanted: it is told so, once (SE-123). */
  stop(exchange: Exchange): void {
    if (!exchange.stream || exchange.receiveEnded || exchange.abandoned !== undefined) return
    exchange.refused = true
    // Behind its last word it would come for an exchange that may be past there.
    if (!exchange.sendEnded && !exchange.faulted) this.#owner.stop(exchange, 'call/cancelled')
  }
}

/** What waits for a subscriber of the peer does not fit what its reader has left of the window. */
const isHeldUp = ({ mine, route, items, sendRoom }: Exchange): boolean =>
  !mine && route.verb === 'subscribe' && items.waiting > sendRoom

/** What is added goes nowhere. */
const isOver = ({ sendEnded, faulted, last, abandoned }: Exchange): boolean =>
  sendEnded || faulted || last || abandoned !== undefined
