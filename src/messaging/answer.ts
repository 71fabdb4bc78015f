import { toHex } from '../bytes.js'
import type { Sent, Shapes } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Incoming } from '../link/face.js'
import { type Context, contextOf, faultAnswer } from './context.js'
import { printFailed } from './report.js'
import { check, checkSent } from './shape.js'
import type { Slots } from './slots.js'

/** An operation with its handler. */
export interface Task {
  readonly request: Sent
  readonly response: Sent
  readonly faults: Shapes
  run(input: unknown, context: Context<Shapes>): unknown
}

/** What all messages of one service share. */
export interface Desk {
  readonly slots: Slots
  readonly around: ((call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>) | undefined
  readonly failed: (error: unknown, call: Incoming['admitted'], incident: string) => void
}

/** The one outcome of an admitted message (ME-2). Never rejects: what goes wrong is an answer too. */
export const answer = async (incoming: Incoming, task: Task | undefined, desk: Desk): Promise<Answer> => {
  let input: unknown
  try {
    if (task === undefined) throw new TypeError(`expected an operation of the contract, got ${incoming.operation}`)
    input = check(task.request, incoming.value)
  } catch (error) {
    // ME-6: the sender's value; anything else is a fault of the shape, and ours.
    if (SottoError.is(error, 'contract/invalid')) return { is: 'invalid', path: error.details.path }
    return internal(error, incoming, desk)
  }
  // ME-17: cancelled while it waited, so nobody waits for an answer.
  if (!(await desk.slots.take(incoming.signal))) return { is: 'internal', incident: '' }
  try {
    return await handle(input, incoming, task, desk)
  } finally {
    desk.slots.give()
  }
}

const handle = async (input: unknown, incoming: Incoming, task: Task, desk: Desk): Promise<Answer> => {
  const context = contextOf(incoming, task.faults)
  try {
    const value = await runAround(desk.around, incoming.admitted, () => task.run(input, context))
    // ME-8
    checkSent(task.response, value)
    return { is: 'reply', value }
  } catch (error) {
    // ME-10: the peer learns of an exception that it happened, and no more.
    return faultAnswer(error, context) ?? internal(error, incoming, desk)
  }
}

/** ME-19: the outcome is the handler's; `around` can stop it or fail it, and cannot change it. */
const runAround = async (around: Desk['around'], call: Incoming['admitted'], run: () => unknown): Promise<unknown> => {
  if (around === undefined) return run()
  const runs: Promise<unknown>[] = []
  const next = async () => {
    if (runs.length === 0) runs.push(start(run))
    await runs[0]
  }
  await around(call, next)
  if (runs.length === 0) throw new TypeError('expected `around` to call its `next`')
  return runs[0]
}

const start = (run: () => unknown): Promise<unknown> => {
  const running = (async () => run())()
  // An `around` that fails first leaves this outcome to nobody.
  running.catch(() => {})
  return running
}

const internal = (error: unknown, { admitted, signal }: Incoming, desk: Desk): Answer => {
  const incident = toHex(crypto.getRandomValues(new Uint8Array(16)))
  // A handler that stops because it was told to has not failed.
  if (!signal.aborted || error !== signal.reason) report(error, admitted, incident, desk)
  return { is: 'internal', incident }
}

const report = (error: unknown, call: Incoming['admitted'], incident: string, { failed }: Desk): void => {
  try {
    failed(error, call, incident)
  } catch (second) {
    // ME-20: the message has to be answered all the same, and no other callback is left to tell.
    printFailed(second, call, incident)
  }
}
