import type { Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { rowsOf } from '../../src/contract/row.js'
import type { Shape } from '../../src/contract/shape.js'
import type { Begin } from './script.js'

type Body = {
  readonly who?: string
}

const anything: Shape<Body> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'object' && value !== null ? { value } : { issues: [] }),
  },
}

/** Both ends use and serve it. */
export const Service = contract('sim.v1', {
  call: requestResponse({ request: anything, response: anything, visible: ['who'] }),
  note: oneWay(anything, { visible: ['who'] }),
})

const KINDS = rowsOf(Service).map(({ kind }) => kind)

/** Whether the operation of this number has an answer. */
export const isCall = (operation: number): boolean => KINDS[operation] !== 'oneWay'

const verbs = ['call', 'send']
const when = (attribute: string, value: string) => [
  { attribute, is: 'present' },
  { attribute, is: 'eq', value },
]

const refusals = [
  { id: 'head', effect: 'deny', by: ['any'], verbs, on: ['>'], when: when('label.to', 'head') },
  { id: 'body', effect: 'deny', by: ['any'], verbs, on: ['>'], when: when('body.who', 'body') },
  { id: 'own', effect: 'deny', to: ['any'], verbs, on: ['>'], when: when('body.who', 'own') },
]

const allowing = (only: readonly string[], limit?: object) => ({
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: only, on: ['>'], ...(limit && { limit }) }, ...refusals],
})

/** The policies that are put in force in turn, by number: all, calls, notes, nothing, and all in a limit. */
export const POLICIES = [
  allowing(verbs),
  allowing(['call']),
  allowing(['send']),
  { version: 1, rules: refusals },
  allowing(verbs, { concurrent: 2, perSecond: 20 }),
]

/** The number of the policy that limits. */
export const LIMITED = 4

/** Whether an end with this policy refuses a message of its peer. */
export const denies = (policy: number, { is, refused }: Begin): boolean => {
  if (refused === 'head' || refused === 'body' || policy === 3) return true
  return (policy === 1 && is === 'note') || (policy === 2 && is === 'call')
}

/** What is sent: no two are alike. */
export const messageOf = (
  seq: number,
  { size, refused }: Pick<Begin, 'size' | 'refused'>,
): { readonly [key: string]: Wire } => ({
  seq,
  pad: padOf(seq, size),
  ...((refused === 'body' || refused === 'own') && { who: refused }),
})

export const answerOf = (seq: number, size: number): { readonly [key: string]: Wire } => ({
  answer: seq,
  pad: padOf(seq + 1, size),
})

const padOf = (seq: number, size: number): string => String.fromCharCode(97 + (seq % 26)).repeat(size)

/** True for values of exactly the same members; they hold numbers and text alone. */
export const isSame = (a: Wire | undefined, b: Wire | undefined): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return left.length === right.length && left.every(([name, value]) => Reflect.get(b, name) === value)
}
