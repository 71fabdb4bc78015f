import type { NoFaults } from '../contract/operation.js'
import { type In, nothing, type Sent, type Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Incoming } from '../link/face.js'
import type { Session } from '../link/session.js'
import { turnOf } from './inturn.js'
import { checkSent } from './shape.js'
import { incomingItems } from './stream.js'

/** What a handler knows of the message it handles. */
export interface Context<F extends Shapes = NoFaults, I = undefined, U = never> {
  /** Who sent it: authenticated. */
  readonly peer: Session['peer']
  /** Where it came in; `client(session, …)` asks the sender something. */
  readonly session: Session
  /**
   * Aborts when the answer is no longer wanted: cancelled, past its deadline, denied since, or the session was lost. A
   * one-way message has no answer; its handler is told of a lost session alone. What is asked of another with this very signal
   * has no more time than is left here, at the other end too; one made of it by AbortSignal.any gives up with it, and says
   * nothing of time.
   */
  readonly signal: AbortSignal
  /** Until the signal aborts for its deadline, in ms; Infinity if its sender waits without end. */
  readonly timeLeftMs: number
  readonly labels: Readonly<Record<string, string>>
  /** Of a step of a conversation: what the service's `instance` made for it. */
  readonly instance: I
  /**
   * What comes up a stream, in order. Leaving the iteration tells the peer that no more is wanted. It throws what ended the
   * stream, and contract/invalid at an item that its shape refuses, which the peer is told too unless it is caught.
   */
  readonly up: AsyncIterable<U>
  /**
   * A declared fault, to be thrown by this handler.
   *
   * @throws TypeError if the operation does not declare it, contract/invalid if its shape refuses `data`
   */
  readonly fault: <K extends keyof F & string>(name: K, ...data: Given<In<F[K]>>) => SottoError<'call/fault'>
}

/** No argument where the shape is `nothing`. */
export type Given<I> = undefined extends I ? [data?: I] : [data: I]

interface Made {
  readonly by: Context<Shapes>
  readonly answer: Answer
}

/** ME-9: which context made a fault. Another call's fault that a handler lets through is no fault of its own. */
const faults = new WeakMap<object, Made>()

/** Most handlers read little of it, so what costs something is made when it is read. */
export class HandlerContext implements Context<Shapes> {
  readonly #incoming: Incoming
  readonly #declared: Shapes
  readonly #up: Sent

  constructor(incoming: Incoming, { faults: declared, up = nothing }: { readonly faults: Shapes; readonly up?: Sent }) {
    this.#incoming = incoming
    this.#declared = declared
    this.#up = up
  }

  get peer(): Session['peer'] {
    return this.#incoming.admitted.peer
  }

  get session(): Session {
    return this.#incoming.session
  }

  get signal(): AbortSignal {
    return this.#incoming.signal
  }

  get timeLeftMs(): number {
    return this.#incoming.timeLeftMs
  }

  get labels(): Incoming['labels'] {
    return this.#incoming.labels
  }

  get instance(): undefined {
    // The cast: as of `up`; the type is the one that `instance` gives.
    return turnOf(this.#incoming)?.instance as undefined
  }

  get up(): AsyncIterable<never> {
    const { stream } = this.#incoming
    if (stream === undefined) throw new TypeError('expected a stream, whose items come up')
    const items = incomingItems(stream, this.#up, (error, item) =>
      faults.set(error, { by: this, answer: { is: 'invalid', path: error.details.path, item } }),
    )
    // The cast: `serve` gives each handler the type that the shape of its operation makes.
    return items as AsyncIterable<never>
  }

  get fault(): Context<Shapes>['fault'] {
    return (name, ...[data]) => {
      const shape = this.#declared[name]
      if (shape === undefined) throw new TypeError(`expected a declared fault, got ${name}`)
      checkSent(shape, data)
      const error = SottoError.of('call/fault', name, { details: { name, data }, ran: 'yes' })
      faults.set(error, { by: this, answer: { is: 'fault', name, data } })
      return error
    }
  }
}

/** The answer that a thrown fault of this very context stands for; undefined for anything else. */
export const faultAnswer = (error: unknown, context: Context<Shapes>): Answer | undefined => {
  const made = typeof error === 'object' && error !== null ? faults.get(error) : undefined
  return made?.by === context ? made.answer : undefined
}
