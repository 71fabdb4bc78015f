import type { Wire } from '../cbor.js'
import type { Acts } from './acts.js'
import type { Exchange } from './exchange.js'
import type { Fault } from './faults.js'
import type { Denial } from './gate.js'

/** Bytes of items that may wait in a stream before its writer is asked to wait: two records of the default size. */
export const WRITE_ROOM = 131_072

/** What streams need of the exchanges they are among. */
interface Owner {
  push(exchange: Exchange): void
  fault(exchange: Exchange, fault: Fault): void
  stop(exchange: Exchange, code: 'call/cancelled'): void
}

/** What this end sends in streams behind their requests. */
export class Items {
  readonly #owner: Owner
  readonly #acts: Acts

  constructor(owner: Owner, acts: Acts) {
    this.#owner = owner
    this.#acts = acts
  }

  /**
   * Queues an item, or bytes, which are copied. True while there is room for more, else the event `taken` follows; a
   * denial of the own gate leaves the stream as it was. Dropped if this end's direction is over.
   * @throws contract/invalid, call/too-large, TypeError if this direction carries no such thing
   */
  add(exchange: Exchange, value: Wire, nowMs: number): boolean | Denial {
    if (!exchange.stream || exchange.sends === 'nothing') throw new TypeError('expected a direction that carries items')
    if (exchange.sendEnded || exchange.faulted || exchange.last || exchange.abandoned !== undefined) return true
    const item = this.#acts.item(exchange, value, nowMs)
    if ('effect' in item) return item
    if (item.body.length > 0) {
      exchange.add(item)
      this.#owner.push(exchange)
    }
    // Who waits already is still to be told, though less waits by now.
    if (exchange.items.waiting > WRITE_ROOM) exchange.awaited = true
    return !exchange.awaited
  }

  /** This end's direction is over behind what waits. */
  end(exchange: Exchange): void {
    if (!exchange.stream || exchange.sendEnded || exchange.faulted) return
    if (exchange.abandoned !== undefined) {
      // An own one is over, or never began (SE-57).
      if (!exchange.mine) this.#owner.fault(exchange, { code: exchange.abandoned })
      return
    }
    exchange.last = true
    this.#owner.push(exchange)
  }

  /** The rest of what the peer sends is not wanted: it is told so, once (SE-123). */
  stop(exchange: Exchange): void {
    if (!exchange.stream || exchange.receiveEnded || exchange.abandoned !== undefined) return
    exchange.refused = true
    // Behind its last word it would come for an exchange that may be past there.
    if (!exchange.sendEnded && !exchange.faulted) this.#owner.stop(exchange, 'call/cancelled')
  }
}
