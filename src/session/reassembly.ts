import { EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import { BEGIN_CHARGE } from './charge.js'
import type { Exchange } from './exchange.js'

/** What of a message's cost is still to be given back when it is consumed. */
export interface Due {
  /** Credit of the session window. */
  readonly charge: number
  /** Credit that was given back early; it counts against the reassembly budget. */
  readonly held: number
}

/** A whole message. */
export interface Whole extends Due {
  readonly bytes: Uint8Array
}

interface Partial {
  readonly exchange: Exchange
  /** The first `length` bytes of the message, and room for more. */
  bytes: Uint8Array
  length: number
  charge: number
  held: number
}

/**
 * The one message of a direction that may be in pieces (SE-47). Its credit comes back as pieces arrive, so that a
 * message larger than a window can finish; it then counts here, what one message may cost in all (SE-52).
 */
export class Reassembly {
  readonly #limit: number
  readonly #giveBack: (amount: number) => void
  #partial: Partial | undefined
  #held = 0

  /** `limit` is that of a message in bytes; `giveBack` returns credit of the session window. */
  constructor(limit: number, giveBack: (amount: number) => void) {
    this.#limit = limit
    this.#giveBack = giveBack
  }

  /**
   * Takes one piece; a message that is whole in it is handed on as the view it is. `charge` is what the piece cost.
   * @throws session/malformed if another message is in pieces, session/limit over the message limit (SE-63)
   */
  add(exchange: Exchange, piece: Uint8Array, more: boolean, charge: number): Whole | undefined {
    const partial = this.#partial?.exchange === exchange ? this.#partial : undefined
    if (more && partial === undefined && this.#partial !== undefined)
      throw SottoError.of('session/malformed', 'a second message in pieces')
    if ((partial?.length ?? 0) + piece.length > this.#limit)
      throw SottoError.of('session/limit', `the peer sent a message over ${this.#limit} bytes`)
    if (!more && partial === undefined) return { bytes: piece, charge, held: 0 }
    const current = partial ?? { exchange, bytes: EMPTY, length: 0, charge: 0, held: 0 }
    this.#partial = more ? current : undefined
    this.#keep(current, piece)
    current.charge += charge
    this.#advance(current)
    if (more) return undefined
    return { bytes: current.bytes.subarray(0, current.length), charge: current.charge, held: current.held }
  }

  /** True while a one-way message that was not refused is in pieces. */
  get torn(): boolean {
    const exchange = this.#partial?.exchange
    return exchange?.oneWay === true && !exchange.refused
  }

  /** True while a message of the exchange is in pieces. */
  holds(exchange: Exchange): boolean {
    return this.#partial?.exchange === exchange
  }

  /** The message of an exchange is refused by now: what came of it is forgotten, and the rest is counted and dropped. */
  skip(exchange: Exchange): void {
    const partial = this.#partial
    if (partial?.exchange !== exchange) return
    partial.bytes = EMPTY
    this.#advance(partial)
  }

  /** Forgets the pieces of an exchange that ends inside a message, and gives their credit back. */
  drop(exchange: Exchange): void {
    const partial = this.#partial
    if (partial?.exchange !== exchange) return
    this.#partial = undefined
    this.#held -= partial.held
    this.#giveBack(partial.charge)
  }

  /** Forgets the pieces of a session that is over. */
  erase(): void {
    this.#partial = undefined
  }

  /** A reassembled message was consumed: the one in pieces may go on. */
  release(held: number): void {
    this.#held -= held
    if (this.#partial !== undefined) this.#advance(this.#partial)
  }

  // Pieces are copied: views of them would keep a record each, and a peer chooses how small they are.
  #keep(current: Partial, piece: Uint8Array): void {
    const { length } = current
    current.length += piece.length
    // A refused message is counted and dropped.
    if (current.exchange.refused) {
      current.bytes = EMPTY
      return
    }
    if (current.length > current.bytes.length) {
      const grown = new Uint8Array(Math.min(Math.max(current.length, 2 * current.bytes.length), this.#limit))
      grown.set(current.bytes)
      current.bytes = grown
    }
    current.bytes.set(piece, length)
  }

  /** Gives credit back as far as the budget goes: a message alone always fits. */
  #advance(current: Partial): void {
    const room = this.#limit + BEGIN_CHARGE - this.#held
    const amount = current.exchange.refused ? current.charge : Math.min(current.charge, room)
    current.charge -= amount
    if (!current.exchange.refused) {
      current.held += amount
      this.#held += amount
    }
    this.#giveBack(amount)
  }
}
