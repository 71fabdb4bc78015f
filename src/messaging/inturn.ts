import type { Answer, Incoming } from '../link/face.js'
import { Turn } from './conversations.js'

type Outcome = Answer | undefined

/** The step that a message is. @throws TypeError if it is one of no service of ours */
export const turnOf = ({ step }: Pick<Incoming, 'step'>): Turn | undefined => {
  if (step === undefined || step instanceof Turn) return step
  throw new TypeError('expected a step that the conversations of a service let in')
}

/** CV-12: handles a step once all before it have their outcome, and lets the next one go on when it has its own. */
export const inTurn = (
  turn: Turn,
  incoming: Incoming,
  handle: () => Outcome | Promise<Outcome>,
): Outcome | Promise<Outcome> => {
  const comes = turn.comes(() => incoming.signal)
  if (comes !== true) return ended(turn, whenItComes(turn, comes, incoming, handle))
  const outcome = begun(turn, handle)
  if (outcome instanceof Promise) return ended(turn, outcome)
  queueMicrotask(() => turn.end())
  return outcome
}

const whenItComes = async (
  turn: Turn,
  comes: Promise<boolean>,
  incoming: Incoming,
  handle: () => Outcome | Promise<Outcome>,
): Promise<Outcome> => {
  if (!(await comes) || turn.state !== 'waiting') return undefined
  if (incoming.stands) return begun(turn, handle)
  // LI-58: denied while it waited.
  turn.drop()
  return undefined
}

const begun = (turn: Turn, handle: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> =>
  turn.begin() ?? handle()

/** CV-15: an answer is sent, or found to have no form on the wire, in the reaction to it: only then it is known what came of it. */
const ended = (turn: Turn, outcome: Promise<Outcome>): Promise<Outcome> =>
  new Promise((resolve) => {
    void outcome.then((answer) => {
      resolve(answer)
      queueMicrotask(() => turn.end())
    })
  })
