import type { Contract } from '../contract/define.js'
import type { Verb } from '../contract/kinds.js'
import { Circles } from './circles.js'
import { blindAt, canAsk, contractNamed, type Known, knownOf } from './contracts.js'
import { contradictionIn } from './contradiction.js'
import { Cover, type Reach } from './cover.js'
import { Effort } from './effort.js'
import { canMatch, parsePattern } from './pattern.js'
import { type Condition, OPERATORS, type Policy, type Rule, type Who } from './rule.js'

/** PO-41: what may be found in a document that loads, and what it means. */
export const FINDINGS = {
  contradiction: 'the conditions of a rule can never all hold',
  unreachable: 'a rule allows nothing, because deny rules without conditions deny all it speaks of',
  shadowed: 'a rule changes nothing, because all it says is said by others or holds without rules',
  'only-errors': 'a rule allows nothing that is not allowed without it, and denies where its conditions are in error',
  nobody: 'a rule names no one but groups without members',
  'idle-verb': 'a verb of a rule can be asked of nothing that its patterns match',
  'not-visible':
    'a condition reads a field that an operation does not declare visible, and no `present` stands before it',
  'never-there': 'a condition of a rule for `initiate` alone compares what only a message has, which is an error',
  'unknown-contract': 'a pattern names a contract that is not among those the policy is held against',
  duplicate: 'an entry stands twice in one list',
  'empty-group': 'a group has no members',
  unused: 'no rule names the group, or no rule reads what may be revealed',
  unfinished: 'the document is so large that not all of it was compared',
} as const

/** Something in a document that loads and is probably not what its author meant. It changes no decision. */
export interface Finding {
  /** Like `rules[3].on[0]`. */
  readonly path: string
  readonly what: keyof typeof FINDINGS
  /** The id of the rule it is about. */
  readonly rule?: string
  /** The id of another rule that makes it so. */
  readonly by?: string
  /** For people; it names rules and places, and quotes no other text of the document. */
  readonly text: string
}

/** PO-46: patterns, conditions and members that are compared for one document. */
export const MAX_COMPARISONS = 10_000_000

/**
 * What is probably wrong in a policy, in the order of the document.
 *
 * @param contracts those it speaks of; without any, less can be found
 */
export const findingsOf = (policy: Policy, contracts: readonly Contract[] = []): readonly Finding[] => {
  const effort = new Effort(MAX_COMPARISONS)
  const needless = needlessRules(policy, effort)
  const known = knownOf(contracts)
  const found = [
    ...groupFindings(policy),
    ...policy.rules.flatMap((rule, index) => {
      const path = `rules[${index}]`
      const whole = needless.get(rule)
      return [
        ...(whole === undefined ? [] : [{ ...whole, path: `${path}${whole.path}` }]),
        ...entryFindings(rule, path),
        ...initiateFindings(rule, path),
        ...contractFindings(rule, path, known, effort),
      ]
    }),
    ...revealFindings(policy),
  ]
  if (effort.isSpent) {
    const text = `expected at most ${MAX_COMPARISONS} comparisons, got more: other findings may be missing`
    found.push({ path: 'rules', what: 'unfinished', text })
  }
  return Object.freeze(found.map((finding) => Object.freeze(finding)))
}

/**
 * PO-42, PO-43, PO-44: the rules that could go, each with a finding whose path begins at the rule. They can go together:
 * what makes one needless is a rule that stays.
 */
const needlessRules = (policy: Policy, effort: Effort): ReadonlyMap<Rule, Finding> => {
  const circles = new Circles(policy, effort)
  const covers = { allow: new Cover(circles, effort), deny: new Cover(circles, effort) }
  for (const rule of policy.rules) {
    if ((rule.when ?? []).length === 0 && rule.limit === undefined) covers[rule.effect].add(rule)
  }
  const needless = new Map<Rule, Finding>()
  // From the end, so that of two rules that say the same the first stays.
  for (const rule of policy.rules.toReversed()) {
    const find = (effect: Rule['effect'], reach: Reach) =>
      covers[effect].find(reach, (other) => other === rule || needless.has(other))?.id
    const reaches = reachesOf(rule, circles)
    const found = contradiction(rule, effort) ?? nobody(rule, reaches) ?? covered(rule, reaches, policy, find)
    if (found !== undefined) needless.set(rule, found)
  }
  return needless
}

const contradiction = (rule: Rule, effort: Effort): Finding | undefined => {
  const at = contradictionIn(rule, effort)
  if (at === undefined) return undefined
  const text = 'no value meets all that the rule asks of this attribute: it is never met, and can only be in error'
  return { path: `.when[${at}]`, what: 'contradiction', rule: rule.id, text }
}

const nobody = (rule: Rule, reaches: readonly Reach[]): Finding | undefined =>
  reaches.length > 0
    ? undefined
    : { path: `.${sideOf(rule)}`, what: 'nobody', rule: rule.id, text: 'all that it names are groups without members' }

const covered = (
  rule: Rule,
  reaches: readonly Reach[],
  policy: Policy,
  find: (effect: Rule['effect'], reach: Reach) => string | undefined,
): Finding | undefined => {
  const about = { path: '', rule: rule.id }
  const denying = idsFor(reaches, (reach) => find('deny', reach))
  if (denying !== undefined) {
    const text = `all that it speaks of is denied by ${listed(denying)}`
    return { ...about, what: rule.effect === 'deny' ? 'shadowed' : 'unreachable', ...byOf(denying), text }
  }
  // PO-19: a limit holds whatever else allows.
  if (rule.effect === 'deny' || rule.limit !== undefined) return undefined
  const allowing = idsFor(reaches, (reach) => (isAllowedAnyway(reach, policy) ? '' : find('allow', reach)))
  if (allowing === undefined) return undefined
  const text = `all that it speaks of is allowed by ${listed(allowing)}`
  if (!canFail(rule)) return { ...about, what: 'shadowed', ...byOf(allowing), text }
  return { ...about, what: 'only-errors', ...byOf(allowing), text: `${text}; it can be in error, which denies` }
}

/** PO-16, PO-17 */
const isAllowedAnyway = ({ direction, verb }: Reach, { outbound }: Policy): boolean =>
  direction === 'out' ? outbound !== 'deny' : verb === 'initiate'

/** Whether a rule can be in error (PO-10, PO-14). */
const canFail = ({ on, when = [] }: Rule): boolean =>
  on.some((pattern) => pattern.includes('{claim.')) || when.some(({ is }) => OPERATORS[is] !== 'none')

/** What `of` gives, once each, if it gives something for every reach. */
const idsFor = (reaches: readonly Reach[], of: (reach: Reach) => string | undefined): readonly string[] | undefined => {
  const ids = new Set<string>()
  for (const reach of reaches) {
    const id = of(reach)
    if (id === undefined) return undefined
    ids.add(id)
  }
  return [...ids]
}

const byOf = (ids: readonly string[]): { readonly by?: string } => {
  const by = ids.find((id) => id !== '')
  return by === undefined ? {} : { by }
}

/** Rules by their ids; none is what holds where no rule speaks. */
const listed = (ids: readonly string[]): string => {
  const names = ids.map((id) => (id === '' ? 'the defaults' : id))
  return names.length > 3 ? `${names.slice(0, 2).join(', ')} and ${names.length - 2} more` : names.join(', ')
}

/** All that a rule comes to, for each who that can be somebody. */
const reachesOf = (rule: Rule, circles: Circles): readonly Reach[] => {
  const direction = sideOf(rule) === 'by' ? 'in' : 'out'
  const asked = rule.on.flatMap((pattern) => verbsFor(pattern, rule.verbs).map((verb) => ({ verb, pattern })))
  return [...new Set<Who>(rule.by ?? rule.to)]
    .filter((who) => circles.members(who)?.size !== 0)
    .flatMap((who) => asked.map((each) => ({ direction, who, ...each })))
}

/** PO-7: those that can be asked of something the pattern matches. All but `initiate` are asked of the same. */
const verbsFor = (text: string, verbs: readonly Verb[]): readonly Verb[] => {
  const pattern = parsePattern(text) ?? []
  const acts = verbs.find((verb) => verb !== 'initiate')
  const can = acts !== undefined && canMatch(pattern, acts)
  return verbs.filter((verb) => (verb === 'initiate' ? canMatch(pattern, verb) : can))
}

const sideOf = (rule: Rule): 'by' | 'to' => (rule.by === undefined ? 'to' : 'by')

/** PO-45, as `entryFindings` and `revealFindings` do. */
const groupFindings = ({ groups = {}, rules }: Policy): readonly Finding[] => {
  const used = new Set<Who>(rules.flatMap((rule) => rule.by ?? rule.to))
  return Object.entries(groups).flatMap(([name, members]): readonly Finding[] => {
    const path = `groups.${name}`
    return [
      ...(used.has(`group:${name}`) ? [] : [{ path, what: 'unused' as const, text: 'no rule names this group' }]),
      ...(members.length > 0 ? [] : [{ path, what: 'empty-group' as const, text: 'this group has no members' }]),
      ...duplicates(members, path),
    ]
  })
}

const entryFindings = (rule: Rule, path: string): readonly Finding[] => [
  ...duplicates(rule.verbs, `${path}.verbs`, rule.id),
  ...duplicates(rule.on, `${path}.on`, rule.id),
  ...duplicates(rule.by ?? rule.to, `${path}.${sideOf(rule)}`, rule.id),
]

const duplicates = (entries: readonly string[], path: string, rule?: string): readonly Finding[] => {
  if (new Set(entries).size === entries.length) return []
  const seen = new Map<string, number>()
  return entries.flatMap((entry, at): readonly Finding[] => {
    const first = seen.get(entry)
    if (first === undefined) seen.set(entry, at)
    const text = `it stands at ${path}[${first}] already`
    return first === undefined
      ? []
      : [{ path: `${path}[${at}]`, what: 'duplicate', ...(rule !== undefined && { rule }), text }]
  })
}

const contractFindings = (rule: Rule, path: string, known: readonly Known[], effort: Effort): readonly Finding[] => [
  ...rule.verbs.flatMap((verb, at): readonly Finding[] => {
    if (rule.on.some((text) => verbsFor(text, [verb]).length > 0 && canAsk(verb, text, known))) return []
    const text = `nothing that its patterns match can be asked with ${verb}`
    return [{ path: `${path}.verbs[${at}]`, what: 'idle-verb', rule: rule.id, text }]
  }),
  ...rule.on.flatMap((pattern, at): readonly Finding[] => {
    // PO-49
    const named = known.length === 0 ? undefined : contractNamed(pattern)
    if (named === undefined || known.some(({ name }) => name.join('.') === named)) return []
    const text = 'its contract is not among those that the policy is held against'
    return [{ path: `${path}.on[${at}]`, what: 'unknown-contract', rule: rule.id, text }]
  }),
  ...(rule.when ?? []).flatMap((condition, at, all): readonly Finding[] => {
    if (!condition.attribute.startsWith('body.') || isGuarded(condition, all.slice(0, at))) return []
    const [address, ...more] = blindAt(rule, condition, known, effort)
    if (address === undefined) return []
    const where = more.length === 0 ? address : `${address} and ${more.length} more operations`
    const text = `where it is read it is in error, which denies: the field is not visible at ${where}`
    return [{ path: `${path}.when[${at}].attribute`, what: 'not-visible', rule: rule.id, text }]
  }),
]

/** PO-57: a session that begins has no message, and no age. */
const initiateFindings = ({ id: rule, verbs, when = [] }: Rule, path: string): readonly Finding[] => {
  if (verbs.some((verb) => verb !== 'initiate')) return []
  return when.flatMap((condition, at): readonly Finding[] => {
    if (!OF_MESSAGES.test(condition.attribute) || isGuarded(condition, when.slice(0, at))) return []
    const text = 'no session that begins has this attribute: where the condition is read it is in error, which denies'
    return [{ path: `${path}.when[${at}].attribute`, what: 'never-there', rule, text }]
  })
}

const OF_MESSAGES = /^(?:bytes|ttlMs|state|ageMs)$|^(?:body|label)\./

/** Whether an attribute that is not there puts no rule in error here. */
const isGuarded = ({ attribute, is }: Condition, before: readonly Condition[]): boolean =>
  OPERATORS[is] === 'none' || before.some((other) => other.attribute === attribute && other.is === 'present')

const revealFindings = ({ reveal = [], rules }: Policy): readonly Finding[] => {
  if (reveal.length === 0) return []
  const read = new Set<string>(rules.flatMap(({ when = [] }) => when.map(({ attribute }) => attribute)))
  for (const [, claim = ''] of rules.flatMap(({ on }) =>
    on.flatMap((text) => [...text.matchAll(/\{(claim\.[^}]+)\}/g)]),
  ))
    read.add(claim)
  const unused = reveal.flatMap((attribute, at): readonly Finding[] =>
    read.has(attribute) ? [] : [{ path: `reveal[${at}]`, what: 'unused', text: 'no rule reads this' }],
  )
  return [...unused, ...duplicates(reveal, 'reveal')]
}
