import { concat } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { Exchange } from './exchange.js'

/** A whole message, and what of its cost is still to be given back when it is consumed. */
export interface Whole {
  readonly bytes: Uint8Array
  /** Credit of the session window. */
  readonly charge: number
  /** Bytes whose credit was given back early; they count against the reassembly budget. */
  readonly held: number
}

interface Partial {
  readonly exchange: Exchange
  readonly pieces: Uint8Array[]
  length: number
  charge: number
  held: number
}

/**
 * The one message of a direction that may be in pieces (SE-47). Its credit comes back as pieces arrive, so that a
 * message larger than a window can finish; the bytes then count here, one message limit in all (SE-52).
 */
export class Reassembly {
  readonly #limit: number
  #partial: Partial | undefined
  #held = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * Takes one piece, whose bytes it may keep. `charge` is what the piece cost. `giveBack` returns session credit.
   * @throws session/malformed if another message is in pieces, session/limit over the message limit
   */
  add(
    exchange: Exchange,
    piece: Uint8Array,
    more: boolean,
    charge: number,
    giveBack: (amount: number) => void,
  ): Whole | undefined {
    const partial = this.#partial?.exchange === exchange ? this.#partial : undefined
    if (more && partial === undefined && this.#partial !== undefined)
      throw SottoError.of('session/malformed', 'a second message in pieces')
    if ((partial?.length ?? 0) + piece.length > this.#limit)
      throw SottoError.of('session/limit', `the peer sent a message over ${this.#limit} bytes`)
    if (!more && partial === undefined) return { bytes: piece, charge, held: 0 }
    const current = partial ?? { exchange, pieces: [], length: 0, charge: 0, held: 0 }
    this.#partial = more ? current : undefined
    this.#keep(current, piece, charge, giveBack)
    return more ? undefined : { bytes: concat(...current.pieces), charge: current.charge, held: current.held }
  }

  /** Forgets the pieces of an exchange that ends inside a message; what is left of their credit. */
  drop(exchange: Exchange): number {
    const partial = this.#partial
    if (partial?.exchange !== exchange) return 0
    this.#partial = undefined
    this.#held -= partial.held
    return partial.charge
  }

  /** A reassembled message was consumed. */
  release(held: number): void {
    this.#held -= held
  }

  #keep(current: Partial, piece: Uint8Array, charge: number, giveBack: (amount: number) => void): void {
    current.length += piece.length
    // A refused message is counted and dropped.
    const held = current.exchange.refused ? 0 : charge
    if (!current.exchange.refused) current.pieces.push(piece)
    if (this.#held + held > this.#limit) {
      current.charge += charge
      return
    }
    current.held += held
    this.#held += held
    giveBack(charge)
  }
}
