import { isFieldName } from '../contract/address.js'
import { VERBS, type Verb } from '../contract/kinds.js'
import { parsePeerId } from '../identity/id.js'
import { canMatch, MAX_PATTERN, parsePattern } from './pattern.js'
import { Place } from './place.js'
import {
  type Attribute,
  type Condition,
  isOperator,
  isWithheld,
  type Limit,
  type Member,
  OPERATORS,
  type Operator,
  type Policy,
  type Rule,
  type Scalar,
  typesOfAttribute,
  type Who,
} from './rule.js'

/** PO-3: the bounds of a document; the arithmetic is in spec/policy.md. */
export const BOUNDS = {
  rules: 10_000,
  groups: 1_000,
  members: 10_000,
  who: 1_000,
  patterns: 256,
  conditions: 32,
  listed: 1_000,
  revealed: 256,
  text: 1_024,
  /** Pairs of a who and a pattern, over all rules: what the index holds. */
  pairs: 100_000,
  /** The largest rate or count of a limit. */
  rate: 1e12,
} as const

/**
 * PO-1: the policy a document holds, in frozen copies of all its parts. What does not load is refused in one way (PO-54).
 *
 * @throws SottoError policy/malformed; `details.path` says where
 */
export const loadPolicy = (document: unknown): Policy => {
  const root = Place.document(document)
  const fields = root.fields(['$schema', 'version', 'groups', 'rules', 'outbound', 'reveal'])
  root.required(fields, 'version', versionOf)
  const schema = optional(fields, '$schema', (at) => ({ $schema: at.text('a text', BOUNDS.text) }))
  const groups = optional(fields, 'groups', (at) => ({ groups: groupsOf(at) }))
  const outbound = optional(fields, 'outbound', (at) => ({ outbound: effectOf(at) }))
  const reveal = optional(fields, 'reveal', (at) => ({ reveal: revealOf(at) }))
  const known = new Set(Object.keys(groups?.groups ?? {}))
  const rules = root.required(fields, 'rules', (at) => rulesOf(at, known))
  return Object.freeze({ version: 1, rules, ...schema, ...groups, ...outbound, ...reveal })
}

type Fields = ReadonlyMap<string, Place>

// A name or role of a credential: printable ASCII without space.
const TITLE = /^[\x21-\x7e]{1,255}$/

const versionOf = (at: Place): void => {
  if (at.value !== 1) throw at.fail('the number 1')
}

const effectOf = (at: Place): 'allow' | 'deny' => at.oneOf(['allow', 'deny'])

const groupsOf = (at: Place): Readonly<Record<string, readonly Member[]>> => {
  const fields = at.fields()
  if (fields.size > BOUNDS.groups) throw at.fail(`at most ${BOUNDS.groups} groups`)
  const groups: Record<string, readonly Member[]> = Object.create(null)
  for (const [name, members] of fields) {
    if (!isFieldName(name)) throw members.fail('a group named by 1 to 64 letters, digits, - or _')
    groups[name] = Object.freeze(members.items(0, BOUNDS.members).map(memberOf))
  }
  return Object.freeze(groups)
}

/** PO-40: the values of all other attributes are shown anyway, so a name of one would change nothing. */
const revealOf = (at: Place): readonly Attribute[] => {
  const names = at.items(0, BOUNDS.revealed).map((item) => {
    const attribute = attributeOf(item)
    if (!isWithheld(attribute)) throw item.fail('an attribute whose value is withheld unless it is revealed')
    return attribute
  })
  return Object.freeze(names)
}

const rulesOf = (at: Place, groups: ReadonlySet<string>): readonly Rule[] => {
  const ids = new Set<string>()
  let pairs = 0
  const rules = at.items(0, BOUNDS.rules).map((place) => {
    const rule = ruleOf(place, groups, ids)
    pairs += rule.on.length * (rule.by ?? rule.to).length
    if (pairs > BOUNDS.pairs) throw at.fail(`at most ${BOUNDS.pairs} pairs of who and pattern in all`)
    return rule
  })
  return Object.freeze(rules)
}

const ruleOf = (at: Place, groups: ReadonlySet<string>, ids: Set<string>): Rule => {
  const fields = at.fields(['id', 'effect', 'verbs', 'on', 'when', 'limit', 'by', 'to'])
  const id = at.required(fields, 'id', (place) => idOf(place, ids))
  const effect = at.required(fields, 'effect', effectOf)
  const verbs = at.required(fields, 'verbs', verbsOf)
  const on = at.required(fields, 'on', (place) => patternsOf(place, verbs))
  const when = optional(fields, 'when', (place) => ({
    when: Object.freeze(place.items(0, BOUNDS.conditions).map(conditionOf)),
  }))
  const limit = optional(fields, 'limit', (place) => {
    // PO-27
    if (effect === 'deny') throw place.fail('no limit on a deny rule')
    return { limit: limitOf(place) }
  })
  const who = (place: Place): readonly Who[] =>
    Object.freeze(place.items(1, BOUNDS.who).map((item) => whoOf(item, groups)))
  const by = optional(fields, 'by', who)
  const to = optional(fields, 'to', who)
  const common = { id, effect, verbs, on, ...when, ...limit }
  if (by !== undefined && to === undefined) return Object.freeze({ ...common, by })
  if (to !== undefined && by === undefined) return Object.freeze({ ...common, to })
  throw at.fail('exactly one of by and to')
}

const idOf = (at: Place, ids: Set<string>): string => {
  const id = at.text('a rule id', BOUNDS.text)
  // PO-5: none that objects have of themselves, as for the names of groups and attributes.
  if (!isFieldName(id)) throw at.fail('a rule id of 1 to 64 letters, digits, - or _')
  if (ids.has(id)) throw at.fail('a rule id that no other rule has')
  ids.add(id)
  return id
}

const verbsOf = (at: Place): readonly Verb[] =>
  Object.freeze(at.items(1, VERBS.length).map((item) => item.oneOf(VERBS)))

const patternsOf = (at: Place, verbs: readonly Verb[]): readonly string[] => {
  const patterns = at.items(1, BOUNDS.patterns).map((item) => {
    const text = item.text('a pattern', MAX_PATTERN)
    const pattern = parsePattern(text)
    if (pattern === undefined) throw item.fail('a pattern of elements, *, {peer.id}, {claim.NAME}, and > as last')
    // PO-7: a deny rule that can never match would be a hole its author does not see.
    if (!verbs.some((verb) => canMatch(pattern, verb))) throw item.fail(`a pattern that ${verbs.join(' or ')} can meet`)
    return text
  })
  return Object.freeze(patterns)
}

const whoOf = (at: Place, groups: ReadonlySet<string>): Who => {
  const text = at.text('a who', BOUNDS.text)
  if (!isGroup(text)) return memberOf(at)
  if (!groups.has(text.slice('group:'.length))) throw at.fail('a group of this document')
  return text
}

const memberOf = (at: Place): Member => {
  const text = at.text('sotto1…, name:…, role:… or any', BOUNDS.text)
  if (text === 'any') return text
  if (isTitled(text) && TITLE.test(text.slice('name:'.length))) return text
  if (!isPeerId(text)) throw at.fail('sotto1…, name:…, role:… or any')
  try {
    parsePeerId(text)
  } catch (cause) {
    // Told again with its place; the cause says what is wrong with the id.
    throw at.fail('a peer id', cause)
  }
  return text
}

const isGroup = (text: string): text is `group:${string}` => text.startsWith('group:')

const isTitled = (text: string): text is `name:${string}` | `role:${string}` =>
  text.startsWith('name:') || text.startsWith('role:')

const isPeerId = (text: string): text is `sotto1${string}` => text.startsWith('sotto1')

const conditionOf = (at: Place): Condition => {
  const fields = at.fields(['attribute', 'is', 'value'])
  const attribute = at.required(fields, 'attribute', attributeOf)
  const is = at.required(fields, 'is', operatorOf)
  if (OPERATORS[is] !== 'none') {
    const value = at.required(fields, 'value', (place) => conditionValue(place, attribute, is))
    return Object.freeze({ attribute, is, value })
  }
  if (fields.has('value')) throw at.fail(`no value for ${is}`)
  return Object.freeze({ attribute, is })
}

const attributeOf = (at: Place): Attribute => {
  const text = at.text('an attribute', BOUNDS.text)
  if (!isAttribute(text)) throw at.fail('a known attribute')
  return text
}

const isAttribute = (text: string): text is Attribute => typesOfAttribute(text) !== undefined

const operatorOf = (at: Place): Operator => {
  const text = at.text('an operator', BOUNDS.text)
  if (!isOperator(text)) throw at.fail(`one of ${Object.keys(OPERATORS).join(', ')}`)
  return text
}

/** PO-12: a value of a type that the attribute can have and the operator can compare. */
const conditionValue = (at: Place, attribute: Attribute, is: Operator): Scalar | readonly (string | number)[] => {
  const types: readonly string[] = typesOfAttribute(attribute) ?? []
  const form = OPERATORS[is]
  if (form === 'list') return listOf(at, types)
  const scalar = scalarOf(at)
  if (form === 'number' && typeof scalar !== 'number') throw at.fail(`a number for ${is}`)
  if (!types.includes(typeof scalar)) throw at.fail(`a ${types.join(' or ')} for ${attribute}`)
  return scalar
}

const listOf = (at: Place, types: readonly string[]): readonly (string | number)[] => {
  const items = at.items(1, BOUNDS.listed).map((item) => {
    const scalar = scalarOf(item)
    if (typeof scalar === 'boolean' || !types.includes(typeof scalar))
      throw item.fail('a text or number of its attribute')
    return scalar
  })
  if (items.some((item) => typeof item !== typeof items[0])) throw at.fail('items of one type')
  return Object.freeze(items)
}

const scalarOf = (at: Place): Scalar => {
  if (typeof at.value === 'boolean') return at.value
  return typeof at.value === 'string' ? at.text('a text', BOUNDS.text) : at.number('a text, a number or a boolean')
}

const limitOf = (at: Place): Limit => {
  const fields = at.fields(['perSecond', 'bytesPerSecond', 'concurrent'])
  if (fields.size === 0) throw at.fail('at least one of perSecond, bytesPerSecond, concurrent')
  return Object.freeze({
    ...optional(fields, 'perSecond', (place) => ({ perSecond: rateOf(place) })),
    ...optional(fields, 'bytesPerSecond', (place) => ({ bytesPerSecond: countOf(place) })),
    ...optional(fields, 'concurrent', (place) => ({ concurrent: countOf(place) })),
  })
}

const rateOf = (at: Place): number => {
  const rate = at.number('a number above 0')
  if (rate <= 0 || rate > BOUNDS.rate) throw at.fail('a number above 0 and up to 10^12')
  return rate
}

const countOf = (at: Place): number => {
  const count = rateOf(at)
  if (!Number.isInteger(count)) throw at.fail('an integer')
  return count
}

const optional = <T>(fields: Fields, name: string, read: (at: Place) => T): T | undefined => {
  const at = fields.get(name)
  return at === undefined ? undefined : read(at)
}
