import { toHex } from '../bytes.js'
import type { Sent, Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Incoming } from '../link/face.js'
import { type Context, faultAnswer, HandlerContext } from './context.js'
import { inTurn, turnOf } from './inturn.js'
import { printFailed } from './report.js'
import { check, checkSent } from './shape.js'
import type { Slots } from './slots.js'
import { pour } from './stream.js'

/** An operation with its handler. */
export interface Task {
  readonly request: Sent
  /** Undefined for a one-way message, whose handler's result is nobody's, and for a stream. */
  readonly response: Sent | undefined
  /** Of a stream alone. */
  readonly up?: Sent
  readonly down?: Sent
  readonly faults: Shapes
  run(input: unknown, context: Context<Shapes>): unknown
}

/** What all messages of one service share. */
export interface Desk {
  readonly slots: Slots
  readonly around: ((call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>) | undefined
  readonly failed: (error: unknown, call: Incoming['admitted'], incident: string) => void
}

type Outcome = Answer | undefined

/**
 * The one outcome of an admitted message (ME-2); undefined if nobody waits for it. Never throws or rejects: what goes
 * wrong is an answer too. A handler that does not wait is answered for at once, without a promise.
 */
export const answer = (incoming: Incoming, task: Task | undefined, desk: Desk): Outcome | Promise<Outcome> => {
  let input: unknown
  try {
    if (task === undefined) throw new TypeError(`expected an operation of the contract, got ${incoming.operation}`)
    input = check(task.request, incoming.value)
  } catch (error) {
    // ME-6: the sender's value; anything else is a fault of the shape, and ours.
    if (SottoError.is(error, 'contract/invalid')) return invalid(error, incoming, desk)
    return internal(error, incoming, desk)
  }
  const turn = turnOf(incoming)
  return turn === undefined
    ? slotted(input, incoming, task, desk)
    : inTurn(turn, incoming, () => slotted(input, incoming, task, desk))
}

const slotted = (input: unknown, incoming: Incoming, task: Task, desk: Desk): Outcome | Promise<Outcome> =>
  desk.slots.take() ? handle(input, incoming, task, desk) : handleLater(input, incoming, task, desk)

const handleLater = async (input: unknown, incoming: Incoming, task: Task, desk: Desk): Promise<Outcome> => {
  // ME-17: cancelled while it waited, so nobody waits for an answer.
  if (!(await desk.slots.wait(incoming.signal))) return undefined
  if (incoming.stands) return handle(input, incoming, task, desk)
  // LI-58: denied while it waited.
  desk.slots.give()
  return undefined
}

/** With a slot, which it gives back. */
const handle = (input: unknown, incoming: Incoming, task: Task, desk: Desk): Outcome | Promise<Outcome> => {
  const context = new HandlerContext(incoming, task)
  let outcome: Outcome
  try {
    const run = (): unknown => runOf(task, input, context, incoming)
    const value = desk.around === undefined ? run() : runAround(desk.around, incoming.admitted, run)
    if (isThenable(value)) return settle(value, { context, incoming, task, desk })
    outcome = replyOf(task, value, incoming)
  } catch (error) {
    outcome = failure(error, context, incoming, desk)
  }
  desk.slots.give()
  return outcome
}

/** What a handler that waits came from. */
interface Handling {
  readonly context: HandlerContext
  readonly incoming: Incoming
  readonly task: Task
  readonly desk: Desk
}

const settle = async (value: PromiseLike<unknown>, { context, incoming, task, desk }: Handling): Promise<Outcome> => {
  try {
    return replyOf(task, await value, incoming)
  } catch (error) {
    return failure(error, context, incoming, desk)
  } finally {
    desk.slots.give()
  }
}

/** ME-10: the peer learns of an exception that it happened, and no more. */
const failure = (error: unknown, context: HandlerContext, incoming: Incoming, desk: Desk): Answer =>
  faultAnswer(error, context) ?? internal(error, incoming, desk)

/** The handler of a stream is done when all it gives is sent. */
const runOf = (task: Task, input: unknown, context: HandlerContext, incoming: Incoming): unknown => {
  const { stream } = incoming
  turnOf(incoming)?.open()
  const made = task.run(input, context)
  return stream === undefined || task.down === undefined ? made : pour(made, stream, task.down)
}

const replyOf = ({ response, down }: Task, value: unknown, incoming: Incoming): Outcome => {
  if (down !== undefined) return { is: 'ended' }
  const turn = turnOf(incoming)
  if (response === undefined) {
    turn?.succeeded()
    return undefined
  }
  // ME-8
  checkSent(response, value)
  turn?.succeeded()
  return { is: 'reply', value }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

/** ME-19: the outcome is the handler's; `around` can stop it or fail it, and cannot change it. */
const runAround = async (around: NonNullable<Desk['around']>, call: Incoming['admitted'], run: () => unknown) => {
  const runs: Promise<unknown>[] = []
  let isOver = false
  const start = async (): Promise<void> => {
    if (runs.length === 0 && isOver) throw new TypeError('expected `next` to be called before `around` is done')
    if (runs.length === 0) runs.push((async () => run())())
    await runs[0]
  }
  const next = (): Promise<void> => {
    const done = start()
    // Who does not wait for it is told by the outcome.
    done.catch(() => {})
    return done
  }
  try {
    await around(call, next)
  } finally {
    isOver = true
    // ME-16, CV-12: an `around` that fails first leaves its handler at work, whose place and turn are no other's yet.
    await Promise.allSettled(runs)
  }
  if (runs.length === 0) throw new TypeError('expected `around` to call its `next`')
  return runs[0]
}

/** What a handler asks with its signal has whole ms, and timers are no more exact: it may be late so much before the handler is. */
const AT_ONCE_MS = 2

/** ME-10, ME-11: an incident at both ends. */
export const internal = (error: unknown, incoming: Incoming, desk: Desk): Answer => {
  const { admitted, timeLeftMs } = incoming
  // ME-39
  if (SottoError.is(error, 'call/deadline') && timeLeftMs < AT_ONCE_MS) return { is: 'late' }
  const incident = newIncident()
  if (!wasTold(error, incoming)) report(error, admitted, incident, desk)
  return { is: 'internal', incident }
}

/** ME-45: of what is sent one way its sender may not hear any more. */
export const invalid = (error: SottoError<'contract/invalid'>, { admitted }: Incoming, desk: Desk): Answer => {
  if (isOneWay(admitted)) report(error, admitted, newIncident(), desk)
  return { is: 'invalid', path: error.details.path }
}

/** True of what has no answer. */
export const isOneWay = ({ verb }: Incoming['admitted']): boolean => verb === 'send' || verb === 'publish'

/** ME-10 */
export const newIncident = (): string => toHex(crypto.getRandomValues(new Uint8Array(16)))

/** A handler that stops because it was told to has not failed; what it read or asked may have told it first. */
const wasTold = (error: unknown, { signal, stream }: Incoming): boolean => {
  if (!signal.aborted) return false
  const { reason } = signal
  return error === reason || error === stream?.cut || (error instanceof SottoError && error.cause === reason)
}

export const report = (error: unknown, call: Incoming['admitted'], incident: string, { failed }: Desk): void => {
  try {
    failed(error, call, incident)
  } catch (second) {
    // ME-20: the message has to be answered all the same, and no other callback is left to tell.
    printFailed(second, call, incident)
  }
}
