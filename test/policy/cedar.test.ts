/** Cedar as a third opinion: rules in its language, errors and all, and what it says of the same questions. */
import { setFlagsFromString } from 'node:v8'
import * as cedar from '@cedar-policy/cedar-wasm/nodejs'
import { describe, expect, test } from 'vitest'
import { VERBS } from '../../src/contract/kinds.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import type { Condition, Policy, Rule, Scalar } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { idOf, PEERS, randomPolicy, randomQuestion } from './arbitrary.js'

// Node 20 can die in its own compiler where calls into WebAssembly, which Cedar is, are inlined.
if (process.version.startsWith('v20.')) setFlagsFromString('--no-turbo-inline-js-wasm-calls')

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
const PAIRS = Number(process.env.SOTTO_CEDAR_PAIRS ?? 2_000)
console.info(`test/policy/cedar: SOTTO_SEED=${seed} SOTTO_CEDAR_PAIRS=${PAIRS}`)

/** A text of Cedar, every character escaped. */
const text = (value: string): string =>
  `"${Array.from(value, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`).join('')}"`
const literal = (value: unknown): string => (typeof value === 'string' ? text(value) : String(value))
const any = (parts: readonly string[]): string => (parts.length === 0 ? 'false' : `(${parts.join(' || ')})`)
const all = (parts: readonly string[]): string => (parts.length === 0 ? 'true' : `(${parts.join(' && ')})`)

const policyOf = (rule: Rule): string => {
  const way = rule.by === undefined ? 'out' : 'in'
  const who = (rule.by ?? rule.to).map((each) => `principal in Who::${text(each)}`)
  const verbs = rule.verbs.map((verb) => `Action::"${way} ${verb}"`)
  const scope = `(principal, action in [${verbs.join(', ')}], resource)`
  const matches = [
    ...rule.on.map((pattern) => matching(pattern, true)),
    ...rule.on.map((pattern) => matching(pattern, false)),
  ]
  const body = all([any(who), any(matches), ...(rule.when ?? []).map(conditionOf)])
  return `${rule.effect === 'allow' ? 'permit' : 'forbid'}${scope} when { ${body} };`
}

/**
 * That the pattern matches. With `sure`, a claim that is no token is no match; without, it is read nevertheless, and so an
 * error in Cedar too, once all else has matched (PO-10).
 */
const matching = (pattern: string, sure: boolean): string => {
  const elements = pattern.match(/\{[^}]*\}|[^.]+/g) ?? []
  const tail = elements.at(-1) === '>'
  const claims = elements.flatMap((element, at) => {
    if (!element.startsWith('{claim.')) return []
    const name = text(element.slice('{claim.'.length, -1))
    return [{ has: `principal.tokens has ${name}`, equals: `resource.e${at} == principal.tokens[${name}]` }]
  })
  const plain = elements.flatMap((element, at) => {
    if (element === '*' || element === '>' || element.startsWith('{claim.')) return []
    return [`resource.e${at} == ${element === '{peer.id}' ? 'principal.id' : text(element)}`]
  })
  return all([
    `resource.elements ${tail ? '>=' : '=='} ${elements.length}`,
    ...plain,
    ...claims.map(({ has, equals }) => (sure ? `(${has} && ${equals})` : `(!(${has}) || ${equals})`)),
    ...claims.map(({ equals }) => equals),
  ])
}

/** What Cedar can do with a value of one type alone, so that one of another is an error, as it is here. */
const typed = (value: unknown, seen: string): string => {
  if (typeof value === 'string') return `${seen} like "*"`
  return typeof value === 'number' ? `${seen} * 0 == 0` : `(${seen} || true)`
}

const conditionOf = ({ attribute, is, value }: Condition): string => {
  const isClaim = attribute.startsWith('claim.')
  const [held, name] = isClaim ? ['principal.claims', attribute.slice(6)] : ['context', attribute]
  const has = `(${held} has ${text(name)})`
  if (is === 'present') return has
  if (is === 'absent') return `!${has}`
  const seen = `${held}[${text(name)}]`
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  const among = `[${values.map(literal).join(', ')}].contains(${seen})`
  const comparisons = {
    eq: among,
    in: among,
    ne: `!${among}`,
    'not-in': `!${among}`,
    lt: `${seen} < ${literal(value)}`,
    le: `${seen} <= ${literal(value)}`,
    gt: `${seen} > ${literal(value)}`,
    ge: `${seen} >= ${literal(value)}`,
  }
  return all([typed(values[0], seen), comparisons[is]])
}

/** PO-16, PO-17: what is allowed without a rule. */
const fallbackOf = ({ outbound = 'allow' }: Policy): string => {
  const own = outbound === 'allow' ? VERBS.map((verb) => `Action::"out ${verb}"`) : []
  return `permit(principal, action in [${['Action::"in initiate"', ...own].join(', ')}], resource);`
}

const preparse = (policy: Policy): void => {
  const policies = policy.rules.map((rule): [string, string] => [rule.id, policyOf(rule)])
  const parsed = cedar.preparsePolicySet('it', {
    staticPolicies: Object.fromEntries([...policies, [FALLBACK, fallbackOf(policy)]]),
  })
  expect(parsed).toEqual({ type: 'success' })
}

const FALLBACK = 'no rule'

interface Opinion {
  readonly decision: 'allow' | 'deny'
  readonly rules: readonly string[]
  readonly failing: readonly string[]
}

const ask = ({ groups = {} }: Policy, { peer, direction, verb, address, attributes }: Question): Opinion => {
  const elements = address.split('.')
  const whos = [
    'any',
    peer.id,
    ...peer.roles.map((role) => `role:${role}`),
    ...(peer.name === undefined ? [] : [`name:${peer.name}`]),
  ]
  const groupsOf = (who: string) => Object.keys(groups).filter((name) => groups[name]?.some((member) => member === who))
  const tokens = Object.entries(peer.claims).filter(
    ([, value]) => typeof value === 'string' && /^[\w-]{1,65}$/.test(value),
  )
  const answer = cedar.statefulIsAuthorized({
    principal: { type: 'Peer', id: peer.id },
    action: { type: 'Action', id: `${direction} ${verb}` },
    resource: { type: 'Address', id: address },
    context: { ...attributes },
    preparsedPolicySetId: 'it',
    entities: [
      {
        uid: { type: 'Peer', id: peer.id },
        attrs: { id: peer.id, claims: { ...peer.claims }, tokens: Object.fromEntries(tokens) },
        parents: whos.map((id) => ({ type: 'Who', id })),
      },
      ...whos.map((id) => ({
        uid: { type: 'Who', id },
        attrs: {},
        parents: groupsOf(id).map((name) => ({ type: 'Who', id: `group:${name}` })),
      })),
      {
        uid: { type: 'Address', id: address },
        attrs: { elements: elements.length, ...Object.fromEntries(elements.map((element, at) => [`e${at}`, element])) },
        parents: [],
      },
    ],
  })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  const { decision, diagnostics } = answer.response
  return {
    decision,
    rules: diagnostics.reason.filter((id) => id !== FALLBACK).sort(),
    failing: diagnostics.errors.map(({ policyId }) => policyId).sort(),
  }
}

/** What Cedar has: whole numbers of 64 bits, and texts that can be encoded. */
const isShared = (value: Scalar): boolean => {
  if (typeof value === 'number') return Number.isSafeInteger(value)
  return typeof value !== 'string' || !/\p{Surrogate}/u.test(value)
}

const shared = (values: Attributes): Attributes =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => isShared(value)))

const sharedRule = (whole: Rule): Rule => {
  const { limit: _, ...rule } = whole
  const when = rule.when?.filter(({ value = true }) => (Array.isArray(value) ? value : [value]).every(isShared))
  return { ...rule, ...(when !== undefined && { when }) }
}

const peers: readonly Peer[] = PEERS.map((peer) => ({ ...peer, claims: shared(peer.claims) }))

/** What of an opinion a decision is made of: errors count for nothing once a deny rule is met. */
const agrees = (verdict: Verdict, { decision, rules, failing }: Opinion): boolean => {
  const named = [...verdict.rules].sort().join()
  if (verdict.effect === 'deny' && verdict.why === 'error') return failing.join() === named
  const isFree = failing.length === 0 || (verdict.effect === 'deny' && verdict.why === 'rule')
  return decision === verdict.effect && rules.join() === named && isFree
}

test('PO-50 PO-52 Cedar has the same decisions, for the same rules, with the same rules in error', {
  timeout: 3_600_000,
}, () => {
  const random = new Random(seed, 1)
  const seen = new Map<string, number>()
  for (let pair = 0; pair < PAIRS; ) {
    const document = randomPolicy(random)
    if (document.rules.length > 20) continue
    const policy: Policy = { ...document, rules: document.rules.map(sharedRule) }
    const store = policyStore(policy)
    preparse(policy)
    for (let asked = 0; asked < 10; asked++) {
      const whole = randomQuestion(random)
      const question = { ...whole, peer: random.pick(peers), attributes: shared(whole.attributes) }
      const verdict = store.decide(question, 0)
      // PO-8: what is no address is not Cedar's to tell.
      if (verdict.effect === 'deny' && verdict.why === 'error' && verdict.rules.length === 0) continue
      const opinion = ask(policy, question)
      if (!agrees(verdict, opinion)) expect({ verdict, question, policy }).toEqual(opinion)
      const why = verdict.effect === 'allow' ? `allow ${verdict.rules.length > 0}` : verdict.why
      seen.set(why, (seen.get(why) ?? 0) + 1)
      pair++
    }
  }
  console.info('test/policy/cedar:', Object.fromEntries(seen))
  expect([...seen.keys()].sort()).toEqual(['allow false', 'allow true', 'default', 'error', 'rule'])
})

describe('PO-15 where Cedar differs on purpose', () => {
  const peer: Peer = { id: idOf(1), roles: [], claims: {} }
  const both = (rules: readonly string[], document: readonly object[], over: Partial<Question> = {}): string[] => {
    const question: Question = { peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: {}, ...over }
    const staticPolicies = Object.fromEntries(
      rules.map((policy, at) => [document[at] === undefined ? 'x' : `r${at}`, policy]),
    )
    expect(cedar.preparsePolicySet('it', { staticPolicies })).toEqual({ type: 'success' })
    const named = document.map((rule, at) => ({
      id: `r${at}`,
      effect: 'allow',
      by: ['any'],
      verbs: ['call'],
      on: ['a.v1.>'],
      ...rule,
    }))
    const verdict = policyStore({ version: 1, rules: named }).decide(question, 0)
    const ours = [verdict.effect, ...('why' in verdict ? [verdict.why] : []), ...verdict.rules].join(' ')
    return [ask({ version: 1, rules: [] }, question).decision, ours]
  }
  const ALLOW = 'permit(principal, action, resource);'
  const room = (is: string, value: unknown) => ({ when: [{ attribute: 'body.room', is, value }] })

  test('PO-15 a deny rule in error is skipped there, and denies here', () => {
    const forbid = 'forbid(principal, action, resource) when { context["body.room"] == "cellar" };'
    expect(both([ALLOW, forbid], [{}, { effect: 'deny', ...room('eq', 'cellar') }])).toEqual(['allow', 'deny error r1'])
  })
  test('PO-15 an allow rule in error is skipped there, and denies here', () => {
    const permit = 'permit(principal, action, resource) when { context["body.room"] == "hall" };'
    expect(both([ALLOW, permit], [{}, room('eq', 'hall')])).toEqual(['allow', 'deny error r1'])
  })
  test('PO-14 values of unlike types are unequal there, and an error here', () => {
    const forbid = 'forbid(principal, action, resource) when { context["body.room"] == 5 };'
    const over = { attributes: { 'body.room': '5' } }
    expect(both([ALLOW, forbid], [{}, { effect: 'deny', ...room('eq', 5) }], over)).toEqual(['allow', 'deny error r1'])
    const permit = 'permit(principal, action, resource) when { context["body.room"] != 5 };'
    expect(both([permit], [room('ne', 5)], over)).toEqual(['allow', 'deny error r0'])
  })
  test('PO-53 a star stands for anything there, and for one element here', () => {
    const permit = 'permit(principal, action, resource) when { context["label.at"] like "a.v1.t.*" };'
    const over = { address: 'a.v1.t.x.y', attributes: { 'label.at': 'a.v1.t.x.y' } }
    expect(both([permit], [{ on: ['a.v1.t.*'] }], over)).toEqual(['allow', 'deny default'])
  })
  test('PO-16 to initiate needs a permit there, and being in trust is one here', () => {
    const over = { verb: 'initiate', address: 'a.v1' } as const
    expect(both([], [], over)).toEqual(['deny', 'allow'])
  })
})
