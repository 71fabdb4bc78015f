import type { NoFaults } from '../contract/operation.js'
import type { In, Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Incoming } from '../link/face.js'
import type { Session } from '../link/session.js'
import { checkSent } from './shape.js'

/** What a handler knows of the message it handles. */
export interface Context<F extends Shapes = NoFaults> {
  /** Who sent it: authenticated. */
  readonly peer: Session['peer']
  /** Where it came in; `client(session, …)` asks the sender something. */
  readonly session: Session
  /** Aborts when the answer is no longer wanted: cancelled, past its deadline, denied since, or the session is over. */
  readonly signal: AbortSignal
  readonly labels: Readonly<Record<string, string>>
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

export const contextOf = ({ admitted, session, signal, labels }: Incoming, declared: Shapes): Context<Shapes> => {
  const context: Context<Shapes> = {
    peer: admitted.peer,
    session,
    signal,
    labels,
    fault: (name, ...[data]) => {
      const shape = declared[name]
      if (shape === undefined) throw new TypeError(`expected a declared fault, got ${name}`)
      checkSent(shape, data)
      const error = SottoError.of('call/fault', name, { details: { name, data }, ran: 'yes' })
      faults.set(error, { by: context, answer: { is: 'fault', name, data } })
      return error
    },
  }
  return Object.freeze(context)
}

/** The answer that a thrown fault of this very context stands for; undefined for anything else. */
export const faultAnswer = (error: unknown, context: Context<Shapes>): Answer | undefined => {
  const made = typeof error === 'object' && error !== null ? faults.get(error) : undefined
  return made?.by === context ? made.answer : undefined
}
