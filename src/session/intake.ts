import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import { encodeFrame } from './framewriter.js'
import type { Limits } from './limits.js'
import type { Outbox } from './outbox.js'
import { type Due, Reassembly } from './reassembly.js'
import { ReceiveWindow } from './windows.js'

/** Session windows of items that nobody has read yet and whose credit is back all the same (SE-125). */
export const UNREAD_WINDOWS = 8

type Item = Extract<EngineEvent, { readonly is: 'item' }>

/** What came and is not taken yet, and the credit that goes back for it. */
export class Intake {
  readonly reassembly: Reassembly
  readonly #window: ReceiveWindow
  readonly #outbox: Outbox
  /** What may still be given back of items that nobody has read. */
  #early: number

  constructor(own: Limits, outbox: Outbox) {
    this.#window = new ReceiveWindow(own.sessionWindow)
    this.#outbox = outbox
    this.#early = UNREAD_WINDOWS * own.sessionWindow
    this.reassembly = new Reassembly(own.message, (amount) => this.giveBack(amount))
  }

  /** Counts what came. @throws session/limit over what was announced */
  accept(amount: number): void {
    this.#window.accept(amount)
  }

  /** A message was taken by its handler: its credit goes back. */
  consumed(message: Due): void {
    this.reassembly.release(message.held)
    this.giveBack(message.charge)
  }

  /** An item waits to be read: a slow reader holds up its own stream before it holds up the session. */
  unread(charge: number): { readonly charge: number; readonly early: number } {
    const early = Math.min(charge, this.#early)
    this.#early -= early
    this.giveBack(early)
    return { charge: charge - early, early }
  }

  /** An item was read: its credit goes back, that of its exchange too. */
  read(item: Item): void {
    this.#early += item.early
    this.consumed(item)
    this.giveBackOwn(item.exchange, item.own)
  }

  /** Credit of the session. */
  giveBack(amount: number): void {
    const limit = this.#window.consume(amount)
    if (limit !== undefined) this.#outbox.control(encodeFrame({ is: 'CREDIT', exchange: 0, limit }))
  }

  /** Credit of an exchange; one of which nothing more can come needs none. */
  giveBackOwn(exchange: Exchange, amount: number): void {
    const limit = exchange.receiveWindow.consume(amount)
    if (limit === undefined || exchange.receiveEnded) return
    this.#outbox.control(encodeFrame({ is: 'CREDIT', exchange: exchange.id, limit }))
  }
}
