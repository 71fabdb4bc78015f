import { utf8 } from '../bytes.js'
import { isFieldName, isOperationName } from './address.js'
import type { Kind } from './kinds.js'
import type { Operation, Operations } from './operation.js'
import type { In, Shape } from './shape.js'

/** Which operations of a contract may come in which state of a conversation (spec/conversations.md). */
export interface Flow {
  /** The field of each step's request or message that says which conversation it belongs to: a text. */
  readonly key: string
  /** For each state the operations that may come, each with the state it leads to. The first is `start`; `end` is none and is over. */
  readonly states: Readonly<Record<string, Steps>>
}

/** By operation, or by state: the state that a step leads to. */
export type Steps = Readonly<Record<string, string>>

/** What the row of an operation says of the flow that names it; not an interface, as it is encoded as it is. */
export type RowFlow = {
  readonly key: string
  /** From each state in which the operation may come: the state it leads to. */
  readonly steps: Steps
}

/** What a flow must be to fit its operations: of operations whose names no type knows, any flow. */
export type Checked<O, F> = string extends keyof O ? unknown : Fitting<O, F>

type Fitting<O, F> = F extends { readonly key: infer K; readonly states: infer S }
  ? {
      readonly key: string
      readonly states: { readonly start: unknown } & {
        readonly [A in keyof S]: A extends typeof END
          ? never
          : { readonly [P in keyof S[A]]: P extends keyof O ? Target<O, P, K, S> : never }
      }
    }
  : undefined

/** `state` is the member of a conversation's object that names its state, so it can be no step of it. */
type Target<O, P extends keyof O, K, S> = P extends 'state'
  ? never
  : Keyed<O[P], K> extends true
    ? keyof S | typeof END
    : never

/** Whether a step's request has the key as a text that is always there. `any` has nothing for sure. */
type Keyed<Op, K> = Op extends
  | { readonly kind: 'requestResponse'; readonly request: infer M extends Shape }
  | { readonly kind: 'oneWay'; readonly message: infer M extends Shape }
  ? K extends keyof In<M>
    ? In<M>[K] extends string
      ? true
      : false
    : false
  : false

/** The state of a conversation that nobody has begun. */
export const START = 'start'

/** Where a step leads that is the last: no state. */
export const END = 'end'

/** CV-5. The rationale in spec/conversations.md has the arithmetic. */
export const MAX_STATES = 64

/** CV-5: operations that may come in one state. */
export const MAX_STEPS = 64

/** CV-8: bytes of a key, as UTF-8. */
export const MAX_KEY_BYTES = 255

/** CV-3 */
const STEP_KINDS: readonly Kind[] = ['requestResponse', 'oneWay']

/** The state that `operation` leads to, or undefined if it may not come in `state`. */
export const nextState = (flow: Flow, state: string, operation: string): string | undefined => {
  const steps = member(flow.states, state)
  return steps === undefined ? undefined : member(steps, operation)
}

/** The operations that may come in `state`, rising. */
export const expectedIn = (flow: Flow, state: string): readonly string[] =>
  Object.keys(member(flow.states, state) ?? {}).sort()

/** Whether an operation is a step of the flow at all; one that is not may come at any time. */
export const isStep = (flow: Flow, operation: string): boolean =>
  Object.values(flow.states).some((steps) => Object.hasOwn(steps, operation))

/** CV-8: the key that a decoded message has in `field`: a text of 1 to 255 bytes. Undefined for any other. */
export const keyIn = (field: string, value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined
  const key: unknown = Object.getOwnPropertyDescriptor(value, field)?.value
  return typeof key === 'string' && key !== '' && utf8(key).length <= MAX_KEY_BYTES ? key : undefined
}

/** What the row of `operation` has of the flow, states rising; undefined if no state names it. */
export const rowFlowOf = (flow: Flow | undefined, operation: string): RowFlow | undefined => {
  if (flow === undefined) return undefined
  const steps = Object.keys(flow.states)
    .sort()
    .flatMap((state) => {
      const next = nextState(flow, state, operation)
      return next === undefined ? [] : [[state, next] as const]
    })
  return steps.length === 0 ? undefined : Object.freeze({ key: flow.key, steps: bare(steps) })
}

/**
 * A frozen copy of a flow that fits `operations`.
 * @throws RangeError if it does not
 */
export const flowOf = (contract: string, operations: Operations, flow: Flow): Flow => {
  // CV-4
  if (!isFieldName(flow.key)) throw new RangeError(`expected a field name as the key of ${contract}, got ${flow.key}`)
  const states = Object.entries(flow.states)
  if (!Object.hasOwn(flow.states, START) || states.length > MAX_STATES)
    throw new RangeError(`expected a state ${START}, and at most ${MAX_STATES} in ${contract}`)
  for (const [state, steps] of states) checkState(`${contract} ${state}`, state, steps)
  for (const [state, steps] of states)
    for (const [operation, next] of Object.entries(steps))
      checkStep(`${operation} in ${state} of ${contract}`, { operation, next, flow, operations })
  const lost = unreachable(flow)
  if (lost !== undefined) throw new RangeError(`expected states that steps lead to, got ${lost} in ${contract}`)
  return Object.freeze({
    key: flow.key,
    states: bare(states.map(([name, steps]) => [name, bare(Object.entries(steps))])),
  })
}

const checkState = (where: string, state: string, steps: Steps): void => {
  // CV-1
  if (!isOperationName(state) || state === END)
    throw new RangeError(`expected a camelCase name of a state, not ${END} or a reserved one, got ${where}`)
  const count = Object.keys(steps).length
  // CV-5
  if (count < 1 || count > MAX_STEPS) throw new RangeError(`expected 1 to ${MAX_STEPS} steps, got ${count} in ${where}`)
}

interface Candidate {
  readonly operation: string
  readonly next: string
  readonly flow: Flow
  readonly operations: Operations
}

const checkStep = (where: string, { operation, next, flow, operations }: Candidate): void => {
  const step: Operation | undefined = Object.hasOwn(operations, operation) ? operations[operation] : undefined
  // CV-3
  if (step === undefined || !STEP_KINDS.includes(step.kind) || operation === 'state')
    throw new RangeError(`expected a requestResponse or oneWay of the contract, not named state, got ${where}`)
  // CV-2
  if (next !== END && !Object.hasOwn(flow.states, next))
    throw new RangeError(`expected a state of the flow or ${END} behind ${where}, got ${next}`)
}

/** CV-2: a state that no steps lead to from `start`, if there is one. */
const unreachable = ({ states }: Flow): string | undefined => {
  const reached = new Set([START])
  // A set that is iterated gives what is added meanwhile.
  for (const state of reached) for (const next of Object.values(member(states, state) ?? {})) reached.add(next)
  return Object.keys(states).find((state) => !reached.has(state))
}

const member = <T>(record: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined

/** Frozen, and inherits nothing, so that no name is found in it but its own. */
const bare = <T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> =>
  Object.freeze(Object.assign(Object.create(null), Object.fromEntries(entries)))
