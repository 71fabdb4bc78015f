/** What a simulation holds the engine to, at every step. */
export const INVARIANTS = {
  unsent: 'a message or reply is delivered that was not sent, or not to here',
  twice: 'a message is delivered, or an outcome told, more than once',
  order: 'one-way messages, or items of a stream, come in another order than they were sent in',
  truncated: 'a clean end, though something was neither delivered nor told',
  settled: 'something waits for ever, or has an outcome after the end',
  ran: 'a failure says something untrue of whether the message ran',
  policy: 'something is dispatched, read or framed that the policy in force denies, or refused without a denial',
  budget: 'a window, the number of calls, or a budget is exceeded',
  credit: 'credit is lost, or given twice',
  memory: 'an engine holds more than its limits account for, or keeps something after all is done',
  keys: 'a key serves two epochs or directions, or a rekey keeps its key',
  nonces: 'a key seals twice with one nonce, or nonces of a direction have a gap',
  frames: 'a frame is sealed where the specification has none',
  trust: 'a session lives on when trust in its peer has ended',
  deadline: 'a deadline passes and nothing is told',
  progress: 'the timer runs and nothing comes of it',
  states: 'a state follows that the table does not have',
  defect: 'the engine throws what is no outcome',
  spurious: 'a session of honest peers ends, and nothing was done to it that explains it',
} as const

export type Invariant = keyof typeof INVARIANTS

/** Thrown at the step that breaks an invariant; a defect of the engine. */
export class Violation extends Error {
  readonly invariant: Invariant

  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`)
    this.name = 'Violation'
    this.invariant = invariant
  }
}

export const violation = (invariant: Invariant, what: string): Violation => new Violation(invariant, what)
