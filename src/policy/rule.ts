import { isFieldName } from '../contract/address.js'
import type { Verb } from '../contract/kinds.js'
import type { PeerId } from '../identity/id.js'

/** Whom a rule speaks of. `any` is everyone who is authenticated; there is no one else. */
export type Who = PeerId | `name:${string}` | `role:${string}` | `group:${string}` | 'any'

/** What a group may hold: no group, so that membership is one look-up and cannot go in circles. */
export type Member = Exclude<Who, `group:${string}`>

/** One rule. `by` speaks of what a peer does to us, `to` of what we do to a peer; it has exactly one of them. */
export type Rule = {
  /** 1 to 64 letters, digits, `-` or `_`; decisions and audit records name it. */
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly verbs: readonly Verb[]
  /** Patterns of addresses, any of which must match. */
  readonly on: readonly string[]
  /** All must hold; read in order. "Or" is a second rule. */
  readonly when?: readonly Condition[]
  /** For allow rules only. */
  readonly limit?: Limit
} & ({ readonly by: readonly Who[]; readonly to?: never } | { readonly to: readonly Who[]; readonly by?: never })

export interface Condition {
  readonly attribute: Attribute
  readonly is: Operator
  /** A list for `in` and `not-in`, absent for `present` and `absent`. */
  readonly value?: Scalar | readonly (string | number)[]
}

/** What one peer may do under one rule; counted over all sessions of the peer. */
export interface Limit {
  /** Acts a second, with as many at once (at least one). */
  readonly perSecond?: number
  /** Bytes a second, with as many at once. A larger message is never admitted. */
  readonly bytesPerSecond?: number
  /** Exchanges open at the same time. */
  readonly concurrent?: number
}

export interface Policy {
  readonly $schema?: string
  readonly version: 1
  readonly groups?: Readonly<Record<string, readonly Member[]>>
  readonly rules: readonly Rule[]
  /** What becomes of our own acts that no rule speaks of; `allow` unless said. */
  readonly outbound?: 'allow' | 'deny'
  /** The labels, fields and claims whose values explanations and audit records may show. */
  readonly reveal?: readonly Attribute[]
}

export type Scalar = string | number | boolean

type ScalarType = 'string' | 'number' | 'boolean'

/** PO-11: the attributes without a name of their own, and the type each has. */
const FIXED = {
  bytes: 'number',
  ttlMs: 'number',
  state: 'string',
  suite: 'string',
  ageMs: 'number',
  time: 'number',
} as const satisfies Record<string, ScalarType>

/** PO-11: the attributes that are named, and the types each may have. */
const NAMED = {
  label: ['string'],
  body: ['string', 'number', 'boolean'],
  claim: ['string', 'number', 'boolean'],
} as const satisfies Record<string, readonly ScalarType[]>

export type Attribute = keyof typeof FIXED | `${keyof typeof NAMED}.${string}`

/** The types an attribute may have, or undefined if there is no such attribute. */
export const typesOfAttribute = (attribute: string): readonly ScalarType[] | undefined => {
  if (isKey(FIXED, attribute)) return [FIXED[attribute]]
  const dot = attribute.indexOf('.')
  const family = attribute.slice(0, dot)
  return dot > 0 && isKey(NAMED, family) && isFieldName(attribute.slice(dot + 1)) ? NAMED[family] : undefined
}

/** True for what is known only once the whole message has come: its size, its body, and where that leads a conversation. */
export const isLate = (attribute: string): boolean =>
  attribute === 'bytes' || attribute === 'state' || attribute.startsWith('body.')

/** Whether its value comes from the message or a credential, and so is shown only if the policy reveals it. */
export const isWithheld = (attribute: string): boolean => !isKey(FIXED, attribute)

/** The claim an attribute names; claims come from the peer, never from a message. */
export const claimOf = (attribute: string): string | undefined =>
  attribute.startsWith('claim.') ? attribute.slice('claim.'.length) : undefined

/** PO-12: the operators, and the form of the value each takes. */
export const OPERATORS = {
  eq: 'scalar',
  ne: 'scalar',
  lt: 'number',
  le: 'number',
  gt: 'number',
  ge: 'number',
  in: 'list',
  'not-in': 'list',
  present: 'none',
  absent: 'none',
} as const satisfies Record<string, 'scalar' | 'number' | 'list' | 'none'>

export type Operator = keyof typeof OPERATORS

export const isOperator = (text: string): text is Operator => isKey(OPERATORS, text)

const isKey = <T extends object>(table: T, key: string): key is keyof T & string => Object.hasOwn(table, key)
