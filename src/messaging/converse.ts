import type { Contract } from '../contract/define.js'
import { END, expectedIn, type Flow, keyIn, MAX_KEY_BYTES, nextState } from '../contract/flow.js'
import { isOneWay, isRequestResponse, type Operation } from '../contract/operation.js'
import { SottoError } from '../errors.js'
import type { Caller, CallOptions } from '../link/face.js'
import type { Link } from '../link/link.js'
import type { Session } from '../link/session.js'
import { type Act, callerFor, callOf, sendOf } from './client.js'

type States<C> = C extends { readonly flow: infer F extends Flow } ? F['states'] : Readonly<Record<never, never>>

/**
 * A state of a conversation: a function for each operation that may come in it. Each settles as that of a client does, with
 * what it gave and the state it led to.
 */
export type At<C extends Contract, A> = { readonly state: A } & (A extends keyof States<C>
  ? {
      readonly [P in keyof States<C>[A]]: P extends keyof C['operations']
        ? Next<C, Act<C['operations'][P]>, States<C>[A][P]>
        : never
    }
  : unknown)

type Next<C extends Contract, F, A> = F extends (...args: infer P) => Promise<infer V>
  ? (...args: P) => Promise<{ readonly value: V; readonly next: At<C, A> }>
  : never

/**
 * A conversation at the peer of a session or link, from its start, or from the state `at` that it was left in: the order of its
 * steps is checked when the program is compiled, and by both ends when it runs.
 *
 * What this gives stands for a state: any number of conversations may go on from it, each under its own key. What a step
 * gives as `next` stands for that conversation, in its state: one step at a time is taken from it, and none once that has
 * succeeded. A step that fails leaves it as it was.
 *
 * A step rejects with `flow/refused` if it may not come: `details.expected` are those that may. The peer decides; what is
 * known here is refused here.
 *
 * @throws contract/unserved if the session or link does not use the contract; RangeError if the flow has no such state
 */
export const converse = <
  U extends Contract,
  C extends U & { readonly flow: Flow },
  A extends keyof States<C> = 'start' & keyof States<C>,
>(
  on: Session<U> | Link<U>,
  contract: C,
  at?: A,
): At<C, A> => {
  const caller = callerFor(on, contract)
  const state = at === undefined ? 'start' : String(at)
  if (!Object.hasOwn(contract.flow.states, state))
    throw new RangeError(`expected a state of ${contract.name}, got ${state}`)
  // The cast: the object has the steps of the state, by the flow that the type is made of.
  return stateOf({ caller, contract, flow: contract.flow }, state, undefined) as At<C, A>
}

/** Of whose steps an object is. */
interface Talk {
  readonly caller: Caller
  readonly contract: Contract
  readonly flow: Flow
}

/** Of an object for one conversation: its key, and where it has gone from there or goes. */
interface Thread {
  readonly key: string
  movesTo: string | undefined
}

type Taken = (value: unknown, options?: CallOptions) => Promise<{ readonly value: unknown; readonly next: object }>

const stateOf = (talk: Talk, state: string, thread: Thread | undefined): object => {
  // CV-23: of every step, as a program whose types were not checked may take any.
  const names = new Set(Object.values(talk.flow.states).flatMap((steps) => Object.keys(steps)))
  const steps = [...names].map((name): [string, Taken] => [name, stepOf(talk, name, state, thread)])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(steps), { state }))
}

const stepOf = (talk: Talk, name: string, state: string, thread: Thread | undefined): Taken => {
  const { caller, contract, flow } = talk
  const act = actOf(caller, contract, name, state)
  const to = nextState(flow, state, name)
  return async (value, options) => {
    if (to === undefined) throw refused(flow, name, state)
    // CV-24
    if (thread?.movesTo !== undefined) throw refused(flow, name, thread.movesTo)
    const key = keyOf(flow, value)
    // CV-27
    if (thread !== undefined && key !== thread.key)
      throw new RangeError(`expected the ${flow.key} that the conversation began with, got another`)
    if (thread !== undefined) thread.movesTo = to
    try {
      const result = await act(value, options)
      return { value: result, next: stateOf(talk, to, { key, movesTo: undefined }) }
    } catch (error) {
      // CV-25
      if (thread !== undefined) thread.movesTo = undefined
      throw error
    }
  }
}

const actOf = (caller: Caller, { name: contract, operations }: Contract, name: string, state: string) => {
  const operation: Operation | undefined = operations[name]
  // CV-26
  const where = { state }
  if (operation !== undefined && isRequestResponse(operation)) return callOf(caller, contract, name, operation, where)
  if (operation !== undefined && isOneWay(operation)) return sendOf(caller, contract, name, operation, where)
  throw new TypeError(`expected a step of ${contract}, got ${name}`)
}

/** CV-8: as the peer will read it. @throws contract/invalid */
const keyOf = ({ key: field }: Flow, value: unknown): string => {
  const key = keyIn(field, value)
  if (key !== undefined) return key
  throw SottoError.of(
    'contract/invalid',
    `expected a text of 1 to ${MAX_KEY_BYTES} bytes as the key of its conversation`,
    {
      details: { path: field },
    },
  )
}

const refused = (flow: Flow, name: string, state: string): SottoError<'flow/refused'> => {
  const expected = state === END ? [] : expectedIn(flow, state)
  const may = expected.length === 0 ? 'nothing more' : `one of ${expected.join(', ')}`
  return SottoError.of('flow/refused', `expected ${may} in the state ${state} of its conversation, got ${name}`, {
    details: { state, expected },
  })
}
