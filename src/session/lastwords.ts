import type { Exchange } from './exchange.js'
import { encodeFault, type Fault, wireOf } from './faults.js'
import { encodeFrame } from './framewriter.js'
import type { Outbox } from './outbox.js'

/** The FAULTs of this end, each the last word of its direction. */
export class LastWords {
  readonly #plaintext: number
  readonly #outbox: Outbox
  readonly #said: (exchange: Exchange) => void

  /** `plaintext` is that of a record; `said` is told when a FAULT is in one. */
  constructor(plaintext: number, outbox: Outbox, said: (exchange: Exchange) => void) {
    this.#plaintext = plaintext
    this.#outbox = outbox
    this.#said = said
  }

  /** At once. @throws cbor/unencodable, RangeError on details that cannot be sent */
  say(exchange: Exchange, fault: Fault, framed?: () => void): void {
    const frame = this.#encode(exchange, fault)
    exchange.faulted = true
    this.#outbox.notice(frame, () => {
      framed?.()
      exchange.sendEnded = true
      this.#said(exchange)
    })
  }

  /** Behind the items of a stream that wait. @throws as `say` */
  sayBehind(exchange: Exchange, fault: Fault): void {
    exchange.items.lastWord = this.#encode(exchange, fault)
    exchange.last = true
  }

  #encode({ id: exchange }: Exchange, fault: Fault): Uint8Array {
    return encodeFrame({ is: 'FAULT', exchange, code: wireOf(fault), body: encodeFault(fault, this.#plaintext) })
  }
}
