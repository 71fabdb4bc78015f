import type { Broker } from '../broker/broker.js'
import type { Contract } from '../contract/define.js'
import {
  isOneWay,
  isRequestResponse,
  isStream,
  type NoFaults,
  type OneWay,
  type Operation,
  type RequestResponse,
  type Stream,
} from '../contract/operation.js'
import type { In, IsNothing, Out, Sent } from '../contract/shape.js'
import type { Incoming, Served } from '../link/face.js'
import type { Session } from '../link/session.js'
import { answer, type Desk, internal, type Task } from './answer.js'
import type { Context } from './context.js'
import { ServiceConversations } from './conversations.js'
import type { InstanceLimits } from './instances.js'
import { turnOf } from './inturn.js'
import { type Local, localOf } from './local.js'
import { Counter } from './post.js'
import { postsOf } from './posts.js'
import type { Queues } from './queueadmin.js'
import { printFailed, printOpened } from './report.js'
import { Slots } from './slots.js'

/** One function an operation. What it throws is `call/internal` to the peer, unless it is a fault of its context. */
export type Handlers<C extends Contract, I = undefined> = {
  readonly [K in keyof C['operations'] as C['operations'][K] extends { readonly kind: 'topic' | 'queue' }
    ? never
    : K]: Handler<C['operations'][K], K extends StepOf<C['flow']> ? I : undefined>
}

/** The operations that a flow names. */
type StepOf<F> = F extends { readonly states: infer S } ? { [A in keyof S]: keyof S[A] }[keyof S] : never

type Handler<Op extends Operation, I> =
  Op extends RequestResponse<infer Q, infer R, infer F>
    ? IsNothing<R> extends true
      ? (request: Out<Q>, context: Context<F, I>) => void | Promise<void>
      : (request: Out<Q>, context: Context<F, I>) => In<R> | Promise<In<R>>
    : Op extends OneWay<infer M>
      ? (message: Out<M>, context: Context<NoFaults, I>) => void | Promise<void>
      : Op extends Stream<infer Q, infer U, infer D>
        ? (
            request: Out<Q>,
            context: Context<NoFaults, undefined, Up<U>>,
          ) => IsNothing<D> extends true ? void | Promise<void> : AsyncIterable<In<D>>
        : never

/** What a handler reads of a stream: nothing where nothing comes up. */
type Up<U extends Sent> = IsNothing<U> extends true ? never : Out<U>

export interface ServeOptions<I = undefined> {
  /** Where the topics and queues of the contract live; in memory, for this service alone, if omitted. Whoever gives it ends it. */
  readonly broker?: Broker
  /** Makes what the service keeps of a conversation, when its first step is to be handled: `instance` of the context. */
  readonly instance?: (key: string, peer: Session['peer']) => I
  /** How many conversations are kept, and for how long. */
  readonly instances?: InstanceLimits
  /** Handlers that run at once, over all sessions; the rest wait in order. No limit if omitted. */
  readonly concurrency?: number
  /**
   * Runs around each handler, which `next` starts, once. `next` settles with the handler. What this fails with is the failure of the
   * message, once a handler that was started is done.
   */
  readonly around?: (call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>
  /** Told of each new session that serves the contract. */
  readonly opened?: (session: Session) => void | Promise<void>
  /** Told of each undeclared failure, with the incident id that the peer got. Prints one line if omitted. */
  readonly failed?: (error: unknown, call: Incoming['admitted'], incident: string) => void
}

/** A contract with its handlers, for the `serve` list of a dial or a host; one may stand in several. */
export interface Service<C extends Contract = Contract> extends Served {
  readonly contract: C
  /** The topics and queues of the contract, for this very process. */
  readonly local: Local<C>
  /** The queues of the contract, for who looks after them: dead letters and counts. */
  readonly queues: Queues<C>
}

/**
 * Handlers for a contract, called as methods of `handlers`.
 *
 * @throws TypeError if an operation has no handler, or there are instances without a flow; RangeError if a number is not a
 * whole one of 1 or more
 */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>): Service<C>
export function serve<C extends Contract, I = undefined>(
  contract: C,
  options: ServeOptions<I>,
  handlers: Handlers<C, I>,
): Service<C>
export function serve<C extends Contract, I>(
  contract: C,
  ...rest: [handlers: Handlers<C, I>] | [options: ServeOptions<I>, handlers: Handlers<C, I>]
): Service<C> {
  const [options, handlers]: readonly [ServeOptions<I>, Handlers<C, I>] = rest.length === 1 ? [{}, rest[0]] : rest
  const { concurrency = Number.POSITIVE_INFINITY, around, opened, failed = printFailed } = options
  const desk: Desk = { slots: new Slots(concurrency), around, failed }
  const { posts, queues } = postsOf(contract, options.broker)
  const counter = new Counter(desk)
  const tasks = new Map<string, Task>()
  for (const [name, operation] of Object.entries<Operation>(contract.operations)) {
    if (posts.has(name)) continue
    const handler: unknown = Reflect.get(handlers, name)
    // ME-18
    if (typeof handler !== 'function') throw new TypeError(`expected a handler for ${contract.name}.${name}`)
    tasks.set(
      name,
      taskOf(operation, (input, context) => handler.call(handlers, input, context)),
    )
  }
  return Object.freeze({
    contract,
    local: localOf(contract, posts),
    queues,
    answer: (incoming: Incoming) => {
      const post = posts.get(incoming.operation)
      return post === undefined ? answer(incoming, tasks.get(incoming.operation), desk) : counter.answer(post, incoming)
    },
    unsent: (error: unknown, incoming: Incoming) => {
      turnOf(incoming)?.failed()
      return internal(error, incoming, desk)
    },
    ...conversationsOf(contract, options),
    opened: (session: Session) => void tell(opened, session, contract.name),
  })
}

const conversationsOf = <I>(
  { name, flow }: Contract,
  { instance, instances }: ServeOptions<I>,
): Pick<Served, 'conversations'> => {
  if (flow !== undefined)
    return { conversations: new ServiceConversations(flow, instance ?? (() => undefined), instances ?? {}) }
  if (instance !== undefined || instances !== undefined)
    throw new TypeError(`expected a contract with a flow for instances, got ${name}`)
  return {}
}

const taskOf = (operation: Operation, run: Task['run']): Task => {
  if (isRequestResponse(operation)) return { ...operation, run }
  if (isOneWay(operation)) return { request: operation.message, response: undefined, faults: {}, run }
  if (isStream(operation)) return { ...operation, response: undefined, faults: {}, run }
  throw new TypeError(`expected a kind of operation, got ${operation.kind}`)
}

const tell = async (opened: ServeOptions['opened'], session: Session, contract: string): Promise<void> => {
  try {
    await opened?.(session)
  } catch (error) {
    // ME-20: the session is open, whatever a listener makes of it.
    printOpened(error, contract)
  }
}
