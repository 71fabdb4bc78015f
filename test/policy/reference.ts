/**
 * The semantics of a policy, written to be read: every rule, every element, every condition, each time. It shares no code
 * with the one that is compiled. Of limits it knows only what a full bucket holds.
 */
import type { Attributes } from '../../src/policy/check.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import type { Condition, Policy, Rule } from '../../src/policy/rule.js'

type Peer = Question['peer']
type Match = 'yes' | 'no' | 'error'

export const decideByReading = (policy: Policy, question: Question): Verdict => {
  if (!isAskable(question)) return { effect: 'deny', why: 'error', rules: [] }
  const results = policy.rules.map((rule) => ({ rule, result: judge(rule, policy, question) }))
  const named = (result: Match, effect?: Rule['effect']) =>
    results.filter((each) => each.result === result && (effect ?? each.rule.effect) === each.rule.effect)
  const ids = (of: typeof results) => of.map(({ rule }) => rule.id)

  const denying = named('yes', 'deny')
  if (denying.length > 0) return { effect: 'deny', why: 'rule', rules: ids(denying) }
  const failing = named('error')
  if (failing.length > 0) return { effect: 'deny', why: 'error', rules: ids(failing) }
  const allowing = named('yes', 'allow')
  const tooSmall = allowing.filter(({ rule }) => !holds(rule, question.attributes))
  if (tooSmall.length > 0) return { effect: 'deny', why: 'limit', rules: ids(tooSmall) }
  const otherwise =
    question.direction === 'out' ? (policy.outbound ?? 'allow') : question.verb === 'initiate' ? 'allow' : 'deny'
  if (allowing.length > 0 || otherwise === 'allow') return { effect: 'allow', rules: ids(allowing) }
  return { effect: 'deny', why: 'default', rules: [] }
}

const VERSION = 'v[1-9][0-9]{0,3}'
const CONTRACT = `(?:(?!${VERSION}\\.)[a-z][a-z0-9-]{0,62}\\.)+${VERSION}`
const OPERATION = '(?!(?:then|constructor|prototype|__proto__|toJSON)(?:\\.|$))[a-z][a-zA-Z0-9]{0,62}'
const TOKEN = '[A-Za-z0-9_-]{1,65}'
const CONTRACTS = new RegExp(`^${CONTRACT}$`)
const ADDRESSES = new RegExp(`^${CONTRACT}\\.${OPERATION}(?:\\.${TOKEN}){0,16}$`)
const SUBSCRIPTIONS = new RegExp(`^${CONTRACT}\\.${OPERATION}(?:\\.(?:\\*|${TOKEN})){0,16}$`)
const TOKENS = new RegExp(`^${TOKEN}$`)

const isAskable = ({ verb, address }: Question): boolean => {
  const grammar =
    verb === 'initiate' ? CONTRACTS : verb === 'subscribe' || verb === 'consume' ? SUBSCRIPTIONS : ADDRESSES
  return address.length <= 255 && grammar.test(address)
}

const judge = (rule: Rule, policy: Policy, { peer, direction, verb, address, attributes }: Question): Match => {
  const who = direction === 'in' ? rule.by : rule.to
  if (!who?.some((each) => isWho(each, peer, policy))) return 'no'
  if (!rule.verbs.includes(verb)) return 'no'
  const matches = rule.on.map((pattern) => matchPattern(pattern, address, peer))
  if (!matches.includes('yes')) return matches.includes('error') ? 'error' : 'no'
  const result = holdAll(rule.when ?? [], attributes, peer)
  if (result !== 'yes' || rule.limit?.bytesPerSecond === undefined) return result
  return typeof own(attributes, 'bytes') === 'number' && !Number.isNaN(own(attributes, 'bytes')) ? 'yes' : 'error'
}

/** Whether the message fits into a bucket that is full. */
const holds = ({ limit }: Rule, { bytes }: Attributes): boolean =>
  limit?.bytesPerSecond === undefined || Number(bytes) <= limit.bytesPerSecond

const isWho = (who: string, peer: Peer, policy: Policy): boolean => {
  if (who === 'any') return true
  if (who.startsWith('role:')) return peer.roles.includes(who.slice(5))
  if (who.startsWith('name:')) return peer.name === who.slice(5)
  if (who.startsWith('group:'))
    return policy.groups?.[who.slice(6)]?.some((member) => isWho(member, peer, policy)) ?? false
  return peer.id === who
}

export const matchPattern = (pattern: string, address: string, peer: Peer): Match => {
  const wanted = pattern.match(/\{[^}]*\}|[^.]+/g) ?? []
  const given = address.split('.')
  const tail = wanted.at(-1) === '>'
  if (tail ? given.length < wanted.length : given.length !== wanted.length) return 'no'
  const matches = (tail ? wanted.slice(0, -1) : wanted).map((element, at) =>
    matchElement(element, given[at] ?? '', peer),
  )
  if (matches.includes('no')) return 'no'
  return matches.includes('error') ? 'error' : 'yes'
}

const matchElement = (element: string, given: string, peer: Peer): Match => {
  if (element === '*') return 'yes'
  if (element === '{peer.id}') return peer.id === given ? 'yes' : 'no'
  if (!element.startsWith('{claim.')) return element === given ? 'yes' : 'no'
  const value = own(peer.claims, element.slice('{claim.'.length, -1))
  if (typeof value !== 'string' || !TOKENS.test(value)) return 'error'
  return value === given ? 'yes' : 'no'
}

const holdAll = (conditions: readonly Condition[], attributes: Attributes, peer: Peer): Match => {
  for (const condition of conditions) {
    const result = hold(condition, attributes, peer)
    if (result !== 'yes') return result
  }
  return 'yes'
}

const hold = ({ attribute, is, value }: Condition, attributes: Attributes, peer: Peer): Match => {
  const seen = attribute.startsWith('claim.') ? own(peer.claims, attribute.slice(6)) : own(attributes, attribute)
  if (is === 'present') return seen === undefined ? 'no' : 'yes'
  if (is === 'absent') return seen === undefined ? 'yes' : 'no'
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (typeof seen !== typeof values[0] || Number.isNaN(seen)) return 'error'
  const [bound] = values
  const less = typeof seen === 'number' && typeof bound === 'number' && seen < bound
  const equal = values.includes(seen)
  const met = {
    eq: equal,
    ne: !equal,
    in: equal,
    'not-in': !equal,
    lt: less,
    le: less || equal,
    gt: !less && !equal,
    ge: !less,
  }[is]
  return met ? 'yes' : 'no'
}

const own = (values: Attributes, name: string) => (Object.hasOwn(values, name) ? values[name] : undefined)
