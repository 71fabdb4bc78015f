import type { Wire } from '../cbor.js'
import type { Step } from '../session/conversations.js'
import type { EngineEvent } from '../session/events.js'
import type { Admitted } from '../session/gate.js'
import type { Incoming, Stream } from './face.js'
import { now } from './pump.js'
import type { Session } from './session.js'
import { setDeadline } from './signals.js'

type Message = Extract<EngineEvent, { readonly is: 'message' }>

/** One dispatched message. Its signal is made when somebody asks for it. */
export class Arrival implements Incoming {
  readonly session: Session
  readonly stream: Stream | undefined
  readonly #message: Message
  readonly #stands: () => boolean
  #controller: AbortController | undefined
  #reason: unknown

  constructor(message: Message, session: Session, stream: Stream | undefined, stands: () => boolean) {
    this.#message = message
    this.#stands = stands
    this.session = session
    this.stream = stream
  }

  get admitted(): Admitted {
    return this.#message.admitted
  }

  get operation(): string {
    return this.#message.exchange.route.row.name
  }

  get subject(): string {
    return this.#message.exchange.route.subject
  }

  get value(): Wire | undefined {
    return this.#message.value
  }

  get step(): Step | undefined {
    return this.#message.exchange.step
  }

  get labels(): Incoming['labels'] {
    return this.#message.labels
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      setDeadline(this.#controller.signal, this.#message.exchange.deadlineAt)
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  get timeLeftMs(): number {
    return Math.max(this.#message.exchange.deadlineAt - now(), 0)
  }

  get stands(): boolean {
    return this.#stands()
  }

  /** Nobody waits for the answer any more. */
  cancel(reason: unknown): void {
    // The first reason is the one that a stream of it failed with, and that its handler may throw (ME-11).
    this.#reason ??= reason
    this.#controller?.abort(reason)
  }
}
