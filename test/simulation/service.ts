import type { Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { rowsOf } from '../../src/contract/row.js'
import { bytes, type Shape } from '../../src/contract/shape.js'
import type { Act } from '../../src/session/acts.js'
import type { Frame } from '../../src/session/frames.js'
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
  job: queue(anything, { subject: '{kind}', visible: ['who'] }),
  note: oneWay(anything, { visible: ['who'] }),
  post: topic(anything, { subject: 'of.{room}', visible: ['who'] }),
  talk: stream({ request: anything, up: anything, down: anything, visible: ['who'] }),
  tube: stream({ request: anything, up: bytes, down: bytes, visible: ['who'] }),
})

const KINDS = rowsOf(Service).map(({ kind }) => kind)

/** What a message is to both ends, whatever its operation is called. */
export type Form = 'call' | 'oneWay' | 'stream'

/** The form of what a BEGIN begins. */
export const formOf = ({ operation, standing }: Extract<Frame, { readonly is: 'BEGIN' }>): Form => {
  const kind = KINDS[operation]
  if (standing || kind === 'stream') return 'stream'
  return kind === 'oneWay' || kind === 'topic' ? 'oneWay' : 'call'
}

export const isOneWay = ({ is }: Pick<Begin, 'is'>): boolean => is === 'note' || is === 'post'

const calls = ['call', 'enqueue']
const streams = ['stream', 'subscribe']
const oneWays = ['send', 'publish']
const verbs = [...calls, ...oneWays, ...streams]
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

/** The policies that are put in force in turn, by number: all, all but notes, notes alone, nothing, all in a limit, own calls alone. */
export const POLICIES = [
  allowing(verbs),
  allowing([...calls, ...streams]),
  allowing(oneWays),
  { version: 1, rules: refusals },
  allowing(verbs, { concurrent: 2, perSecond: 20 }),
  {
    version: 1,
    rules: [
      ...allowing(verbs).rules,
      { id: 'calls-alone', effect: 'deny', to: ['any'], verbs: [...oneWays, ...streams], on: ['>'] },
    ],
  },
]

/** The number of the policy that limits. */
export const LIMITED = 4

/** Whether an end with this policy refuses a message of its peer. */
export const denies = (policy: number, begin: Begin): boolean => {
  const { is, refused } = begin
  const bodied = refused === 'body' && is !== 'hear'
  return refused === 'head' || bodied || deniesForm(policy, isOneWay(begin) ? 'oneWay' : 'stream')
}

/** Whether an end with this policy hands nothing that is published to its peer, which may have asked for it. */
export const keeps = (policy: number, { is }: Pick<Begin, 'is'>): boolean => policy === 5 && is === 'hear'

/** Whether an end with this policy refuses a message of its own. */
export const deniesSelf = (policy: number, { is, refused }: Begin): boolean =>
  (refused === 'own' && is !== 'hear') || (policy === 5 && is !== 'call' && is !== 'job')

/** Whether an end with this policy denies its peer whatever is of this form. */
export const deniesForm = (policy: number, form: Form): boolean =>
  policy === 3 || (policy === 1 && form === 'oneWay') || (policy === 2 && form !== 'oneWay')

/** Whether an end with this policy denies itself whatever is of this form. */
export const deniesOwn = (policy: number, form: Form): boolean => policy === 5 && form !== 'call'

/** Where a message goes; what is enqueued travels in an envelope. */
export const placeOf = (
  seq: number,
  { is }: Begin,
  value: Wire,
): Pick<Act, 'operation' | 'subject' | 'standing' | 'value'> => {
  switch (is) {
    case 'post':
      return { operation: 'post', subject: `of.room${seq}`, value }
    case 'hear':
      return { operation: 'post', subject: 'of.*', standing: true, value }
    case 'job':
      return { operation: 'job', subject: 'mail', value: { value } }
    default:
      return { operation: is, value }
  }
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

/** An item of a stream, or a chunk: the bytes of one follow on those of the one before. */
export const itemOf = (seq: number, tube: boolean, index: number, size: number): Wire => {
  if (!tube) return { item: index, pad: padOf(seq + index, size) }
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = byteAt(seq, index * size + i)
  return bytes
}

/** Of all the bytes of one direction. */
export const byteAt = (seq: number, at: number): number => (seq * 31 + at + (at >>> 8)) & 0xff

const padOf = (seq: number, size: number): string => String.fromCharCode(97 + (seq % 26)).repeat(size)

/** True for values of exactly the same members; they hold numbers and text alone. */
export const isSame = (a: Wire | undefined, b: Wire | undefined): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return left.length === right.length && left.every(([name, value]) => Reflect.get(b, name) === value)
}
