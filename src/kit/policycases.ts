import { VERBS, type Verb } from '../contract/kinds.js'
import { type PeerId, peerId } from '../identity/id.js'
import type { Claims, Peer } from '../identity/peer.js'
import type { Attributes } from '../policy/check.js'
import type { Question, Verdict } from '../policy/decide.js'
import type { Explanation } from '../policy/explain.js'
import { BOUNDS } from '../policy/load.js'
import { Place } from '../policy/place.js'
import { claimOf, type Scalar, typesOfAttribute } from '../policy/rule.js'
import type { PolicyStore } from '../policy/store.js'

export type { Explanation }

/** A question, and what its author says the answer is. */
export interface PolicyCase {
  readonly name: string
  readonly question: Question
  readonly expect: Expected
}

export interface Expected {
  readonly effect: Verdict['effect']
  readonly why?: Why
  /** The rules that decide, in any order. */
  readonly rules?: readonly string[]
}

type Why = Extract<Verdict, { effect: 'deny' }>['why']

/** A case whose answer is another. */
export interface CaseFailure {
  readonly index: number
  readonly name: string
  readonly expected: Expected
  readonly explanation: Explanation
}

const MAX_CASES = 10_000
const WHYS: readonly Why[] = ['rule', 'default', 'limit', 'error']
const DIRECTIONS: readonly Question['direction'][] = ['in', 'out']

/**
 * The cases of plain data: `{ "peers": { NAME: PEER }, "cases": [{ "name", "peer", "direction", "verb", "address", "attributes",
 * "expect": { "effect", "why", "rules" } }] }`. A peer is `{ "id", "name", "roles", "claims" }`, or the name of one. All but
 * names, ids, verbs, addresses, peers and effects may be left out; the direction is then `in`.
 *
 * @throws SottoError policy/malformed; `details.path` says where
 */
export const loadCases = (document: unknown): readonly PolicyCase[] => {
  const root = Place.document(document)
  const fields = root.fields(['$schema', 'peers', 'cases'])
  const peers = new Map([...(fields.get('peers')?.fields() ?? [])].map(([name, at]) => [name, peerOf(at)]))
  return root.required(fields, 'cases', (at) => at.items(0, MAX_CASES).map((item) => caseOf(item, peers)))
}

/** The cases that are decided otherwise. Limits are taken as full: nothing is charged. */
export const failuresOf = (store: PolicyStore, cases: readonly PolicyCase[]): readonly CaseFailure[] =>
  cases.flatMap(({ name, question, expect }, index) =>
    isAsExpected(store.decide(question, 0), expect)
      ? []
      : [{ index, name, expected: expect, explanation: store.explain(question, 0) }],
  )

/** The question of plain data: the members of a case that make one. @throws SottoError policy/malformed; `details.path` says where */
export const loadQuestion = (document: unknown): Question => {
  const root = Place.document(document)
  return questionOf(root, root.fields(QUESTION), new Map())
}

const isAsExpected = (verdict: Verdict, { effect, why, rules }: Expected): boolean =>
  verdict.effect === effect &&
  (why === undefined || (verdict.effect === 'deny' && verdict.why === why)) &&
  (rules === undefined || sorted(rules) === sorted(verdict.rules))

const sorted = (ids: readonly string[]): string => JSON.stringify(ids.toSorted())

const QUESTION = ['peer', 'direction', 'verb', 'address', 'attributes'] as const

const caseOf = (at: Place, peers: ReadonlyMap<string, Peer>): PolicyCase => {
  const fields = at.fields(['name', ...QUESTION, 'expect'])
  return {
    name: at.required(fields, 'name', (place) => place.text('a name', BOUNDS.text)),
    question: questionOf(at, fields, peers),
    expect: at.required(fields, 'expect', expectedOf),
  }
}

const questionOf = (at: Place, fields: ReadonlyMap<string, Place>, peers: ReadonlyMap<string, Peer>): Question => ({
  peer: at.required(fields, 'peer', (place) => namedPeer(place, peers)),
  direction: fields.get('direction')?.oneOf(DIRECTIONS) ?? 'in',
  verb: at.required(fields, 'verb', (place): Verb => place.oneOf(VERBS)),
  address: at.required(fields, 'address', (place) => place.text('an address', BOUNDS.text)),
  attributes: attributesOf(fields.get('attributes')),
})

const expectedOf = (at: Place): Expected => {
  const fields = at.fields(['effect', 'why', 'rules'])
  const effect = at.required(fields, 'effect', (place) => place.oneOf(['allow', 'deny']))
  const why = fields.get('why')
  if (why !== undefined && effect === 'allow') throw why.fail('no reason of an allow')
  const rules = fields.get('rules')?.items(0, BOUNDS.rules)
  return {
    effect,
    ...(why !== undefined && { why: why.oneOf(WHYS) }),
    ...(rules !== undefined && { rules: rules.map((rule) => rule.text('the id of a rule', BOUNDS.text)) }),
  }
}

const namedPeer = (at: Place, peers: ReadonlyMap<string, Peer>): Peer => {
  if (typeof at.value !== 'string') return peerOf(at)
  const peer = peers.get(at.text('the name of a peer', BOUNDS.text))
  if (peer === undefined) throw at.fail('a peer, or the name of one in peers')
  return peer
}

const peerOf = (at: Place): Peer => {
  const fields = at.fields(['id', 'name', 'roles', 'claims'])
  const name = fields.get('name')?.text('a name', BOUNDS.text)
  const roles = fields.get('roles')?.items(0, BOUNDS.who) ?? []
  return {
    id: at.required(fields, 'id', idOf),
    ...(name !== undefined && { name }),
    roles: roles.map((role) => role.text('a role', BOUNDS.text)),
    claims: scalarsOf(fields.get('claims')),
  }
}

const idOf = (at: Place): PeerId => {
  const text = at.text('a peer id', BOUNDS.text)
  try {
    return peerId(text)
  } catch (cause) {
    // Told again with its place; the cause says what is wrong with the id.
    throw at.fail('a peer id', cause)
  }
}

/** What a gate could tell: the attributes there are, with values of their types. Claims come from the peer. */
const attributesOf = (at: Place | undefined): Attributes => {
  for (const [name, place] of at?.fields() ?? []) {
    const types: readonly string[] = (claimOf(name) === undefined ? typesOfAttribute(name) : undefined) ?? []
    if (types.length === 0) throw place.fail('an attribute that a message has')
    if (!types.includes(typeof place.value)) throw place.fail(`a ${types.join(' or ')}`)
  }
  return scalarsOf(at)
}

const scalarsOf = (at: Place | undefined): Claims => {
  const scalars: Record<string, Scalar> = Object.create(null)
  for (const [name, place] of at?.fields() ?? []) scalars[name] = scalarOf(place)
  return scalars
}

const scalarOf = (at: Place): Scalar => {
  if (typeof at.value === 'boolean') return at.value
  return typeof at.value === 'string' ? at.text('a text', BOUNDS.text) : at.number('a text, a number or a boolean')
}
