import type { Contract } from '../contract/define.js'
import {
  isOneWay,
  isQueue,
  isRequestResponse,
  isStream,
  isTopic,
  type OneWay,
  type Operation,
  type Queue,
  type RequestResponse,
  type Stream,
  type Topic,
} from '../contract/operation.js'
import type { In, Out, Sent, Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import { type Caller, type CallOptions, callerOf, type Where } from '../link/face.js'
import type { Link } from '../link/link.js'
import type { Session } from '../link/session.js'
import { callOptions } from './calloptions.js'
import { received } from './fault.js'
import { type QueueClient, queueClient } from './queue.js'
import { check, checkSent } from './shape.js'
import { begin, type Duplex } from './stream.js'
import { type TopicClient, topicClient } from './topic.js'

/** One function an operation: what this end may ask of the peer. */
export type Client<C extends Contract> = { readonly [K in keyof C['operations']]: Act<C['operations'][K]> }

/** How a program asks for an operation. */
export type Act<Op extends Operation> =
  Op extends RequestResponse<infer Q, infer R, Shapes>
    ? (...args: Args<In<Q>>) => Promise<Out<R>>
    : Op extends OneWay<infer M>
      ? (...args: Args<In<M>>) => Promise<void>
      : Op extends Stream<infer Q, infer U, infer D>
        ? (...args: Args<In<Q>>) => Duplex<In<U>, Out<D>>
        : Op extends Topic<infer M, infer S>
          ? TopicClient<M, S>
          : Op extends Queue<infer M, infer S>
            ? QueueClient<M, S>
            : never

type Args<I> = undefined extends I ? [value?: I, options?: CallOptions] : [value: I, options?: CallOptions]

/**
 * The operations of `contract` at the peer of a session or link, as one frozen object of functions.
 *
 * A call settles with the response, or rejects with a SottoError: `call/fault` (see `faultOf`), `call/deadline`,
 * `policy/denied`, `session/lost` and others, where `ran` says whether the peer did it. It waits 30 seconds unless
 * `timeoutMs` says otherwise. A one-way message settles once this end's policy and the flow control have taken it. A
 * stream is there at once, and lasts until both its directions are over, or for `timeoutMs` if that is said.
 *
 * @throws contract/unserved if the session or link does not use the contract
 */
export const client = <U extends Contract, C extends U>(on: Session<U> | Link<U>, contract: C): Client<C> => {
  const caller = callerFor(on, contract)
  const acts = Object.entries<Operation>(contract.operations).map(([name, operation]) => [
    name,
    actOf(caller, contract.name, name, operation),
  ])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(acts)))
}

/** @internal @throws contract/unserved if the session or link does not use the contract */
export const callerFor = <U extends Contract>(on: Session<U> | Link<U>, contract: U): Caller => {
  // ME-15
  if (!on.uses.includes(contract)) {
    throw SottoError.of('contract/unserved', `expected a contract that is used there, got ${contract.name}`, {
      details: { contract: contract.name },
    })
  }
  return callerOf(on)
}

type Send = (value: unknown, options?: CallOptions) => Promise<unknown>
type Begin = (value: unknown, options?: CallOptions) => Duplex<unknown, unknown>

/** @internal What a program has of one operation. */
export const actOf = (
  caller: Caller,
  contract: string,
  name: string,
  operation: Operation,
): Send | Begin | ReturnType<typeof topicClient> | ReturnType<typeof queueClient> => {
  if (isRequestResponse(operation)) return callOf(caller, contract, name, operation)
  if (isOneWay(operation)) return sendOf(caller, contract, name, operation)
  // ME-36: without the time that a call has.
  if (isStream(operation))
    return (value, options = NO_OPTIONS) => begin(caller, contract, name, operation, value, options)
  if (isTopic(operation)) return topicClient(caller, contract, name, operation)
  if (isQueue(operation)) return queueClient(caller, contract, name, operation)
  throw new TypeError(`expected a kind of operation, got ${operation.kind}`)
}

/** @internal A call, for rules that read where in an operation it is. */
export const callOf =
  (
    caller: Caller,
    contract: string,
    name: string,
    operation: RequestResponse<Sent, Sent, Shapes>,
    where?: Where,
  ): Send =>
  async (value, options) => {
    checkSent(operation.request, value)
    try {
      const reply = await caller.call(contract, name, value, callOptions(options), where)
      // ME-7: by then the peer did it.
      return check(operation.response, reply, 'yes')
    } catch (error) {
      throw SottoError.is(error, 'call/fault') ? received(operation, error) : error
    }
  }

const NO_OPTIONS: CallOptions = Object.freeze({})

/** ME-14: shared by all messages that wait for nothing, so that sending makes no promise. */
const TAKEN = Promise.resolve()

/** @internal A one-way message, as `callOf`. */
export const sendOf =
  (caller: Caller, contract: string, name: string, operation: OneWay<Sent>, where?: Where): Send =>
  (value, options = NO_OPTIONS) => {
    try {
      checkSent(operation.message, value)
      return caller.send(contract, name, value, options, where) ?? TAKEN
    } catch (error) {
      // Whoever sends awaits one promise, whichever way it failed.
      return Promise.reject(error)
    }
  }
