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
import { printFailed, printOpened } from './report.js'
import { Slots } from './slots.js'

/** One function an operation. What it throws is `call/internal` to the peer, unless it is a fault of its context. */
export type Handlers<C extends Contract> = { readonly [K in keyof C['operations']]: Handler<C['operations'][K]> }

type Handler<Op extends Operation> =
  Op extends RequestResponse<infer Q, infer R, infer F>
    ? IsNothing<R> extends true
      ? (request: Out<Q>, context: Context<F>) => void | Promise<void>
      : (request: Out<Q>, context: Context<F>) => In<R> | Promise<In<R>>
    : Op extends OneWay<infer M>
      ? (message: Out<M>, context: Context) => void | Promise<void>
      : Op extends Stream<infer Q, infer U, infer D>
        ? (
            request: Out<Q>,
            context: Context<NoFaults, Up<U>>,
          ) => IsNothing<D> extends true ? void | Promise<void> : AsyncIterable<In<D>>
        : never

/** What a handler reads of a stream: nothing where nothing comes up. */
type Up<U extends Sent> = IsNothing<U> extends true ? never : Out<U>

export interface ServeOptions {
  /** Handlers that run at once, over all sessions; the rest wait in order. No limit if omitted. */
  readonly concurrency?: number
  /** Runs around each handler, which `next` starts, once. `next` settles with the handler. */
  readonly around?: (call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>
  /** Told of each new session that serves the contract. */
  readonly opened?: (session: Session) => void | Promise<void>
  /** Told of each undeclared failure, with the incident id that the peer got. Prints one line if omitted. */
  readonly failed?: (error: unknown, call: Incoming['admitted'], incident: string) => void
}

/** A contract with its handlers, for the `serve` list of a dial or a host; one may stand in several. */
export interface Service<C extends Contract = Contract> extends Served {
  readonly contract: C
}

/**
 * Handlers for a contract, called as methods of `handlers`.
 *
 * @throws TypeError if an operation has no handler; RangeError if `concurrency` is not a whole number of 1 or more
 */
export function serve<C extends Contract>(contract: C, handlers: Handlers<C>): Service<C>
export function serve<C extends Contract>(contract: C, options: ServeOptions, handlers: Handlers<C>): Service<C>
export function serve<C extends Contract>(
  contract: C,
  ...rest: [handlers: Handlers<C>] | [options: ServeOptions, handlers: Handlers<C>]
): Service<C> {
  const [options, handlers]: readonly [ServeOptions, Handlers<C>] = rest.length === 1 ? [{}, rest[0]] : rest
  const { concurrency = Number.POSITIVE_INFINITY, around, opened, failed = printFailed } = options
  const desk: Desk = { slots: new Slots(concurrency), around, failed }
  const tasks = new Map<string, Task>()
  for (const [name, operation] of Object.entries<Operation>(contract.operations)) {
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
    answer: (incoming: Incoming) => answer(incoming, tasks.get(incoming.operation), desk),
    unsent: (error: unknown, incoming: Incoming) => internal(error, incoming, desk),
    opened: (session: Session) => void tell(opened, session, contract.name),
  })
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
