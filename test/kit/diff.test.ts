import { describe, expect, test } from 'vitest'
import type { Contract } from '../../src/contract/define.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Change } from '../../src/kit/change.js'
import { policyDiff } from '../../src/kit/diff.js'
import { Document } from '../../src/kit/document.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question } from '../../src/policy/decide.js'
import type { Policy, Rule } from '../../src/policy/rule.js'
import { SUITES } from '../../src/session/suites.js'
import { idOf, randomPolicy } from '../policy/arbitrary.js'
import { Random } from '../random.js'
import { CONTRACTS, isAt, randomAsked, verdictOf, withSubjects } from './asked.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Pairs of documents that are compared, for each set of contracts. */
const PAIRS = Number(process.env.SOTTO_DIFFS ?? 40)
console.info(`test/kit/diff: SOTTO_SEED=${seed} SOTTO_DIFFS=${PAIRS}`)

const differenceOf = (older: unknown, newer: unknown, contracts: readonly Contract[]) =>
  policyDiff(new Document(older), new Document(newer), contracts)

/** A document of a few rules, and one with a rule or two taken out, put in, turned round, limited or narrowed. */
const randomEdit = (random: Random): { readonly older: Policy; readonly newer: Policy } => {
  const drawn = randomPolicy(random)
  const older = { ...drawn, rules: drawn.rules.slice(0, 6) }
  const first = edit(random, older, 'new1')
  return { older, newer: random.chance(50) ? first : edit(random, first, 'new2') }
}

const edit = (random: Random, document: Policy, id: string): Policy => {
  const { rules } = document
  const added = randomPolicy(random).rules.slice(0, 1)
  const at = random.below(Math.max(1, rules.length))
  const replace = (by: (rule: Rule) => readonly Rule[]): Policy => ({
    ...document,
    rules: rules.flatMap((rule, index) => (index === at ? by(rule) : [rule])),
  })
  switch (random.below(6)) {
    case 0:
      return replace(() => [])
    case 1:
      return { ...document, rules: [...rules, ...added.map((rule) => ({ ...rule, id }))] }
    case 2:
      return replace(turned)
    case 3:
      return replace((rule) => [rule.effect === 'allow' ? { ...rule, limit: { bytesPerSecond: 5 } } : rule])
    case 4:
      return replace((rule) => [{ ...rule, when: [...(rule.when ?? []), { attribute: 'bytes', is: 'lt', value: 5 }] }])
    default:
      return { ...document, outbound: document.outbound === 'deny' ? 'allow' : 'deny' }
  }
}

/** Deny has no limit. */
const turned = (rule: Rule): readonly Rule[] => {
  if (rule.effect === 'deny') return [{ ...rule, effect: 'allow' }]
  const { limit, ...rest } = rule
  return [{ ...rest, effect: 'deny', ...(limit !== undefined && { when: [] }) }]
}

/** The effect, and the limits of the rules that allow. */
const outcome = (document: Policy, question: Question): { readonly effect: string; readonly limits: string } => {
  const verdict = verdictOf(document, question)
  const limits = document.rules.flatMap(({ id, limit }) =>
    limit === undefined || !verdict.rules.includes(id)
      ? []
      : [JSON.stringify(limit, ['perSecond', 'bytesPerSecond', 'concurrent'])],
  )
  return { effect: verdict.effect, limits: verdict.effect === 'allow' ? [...new Set(limits)].sort().join() : '' }
}

const kindOf = (older: ReturnType<typeof outcome>, newer: ReturnType<typeof outcome>): string | undefined => {
  if (older.effect !== newer.effect) return newer.effect === 'allow' ? 'now allowed' : 'now denied'
  return older.limits === newer.limits ? undefined : 'other limit'
}

const has = ({ id, name, roles }: Peer, who: string): boolean =>
  who === id || who === `name:${name}` || roles.some((role) => who === `role:${role}`)

const covers = (change: Change, kind: string, question: Question): boolean =>
  change.kind === kind &&
  change.direction === question.direction &&
  change.verb === question.verb &&
  isAt(change.address, question) &&
  change.who.every((names) => names.some((who) => has(question.peer, who)))

describe('CL-36 CL-37 what is found is what changes', () => {
  test.each(CONTRACTS.map((contracts, at) => ({ contracts, at })))('CL-36 CL-37 contracts $at', ({ contracts, at }) => {
    const random = new Random(seed, at)
    let changed = 0
    let undecided = 0
    for (let pair = 0; pair < PAIRS; pair++) {
      const { older, newer } = randomEdit(random)
      const diff = differenceOf(older, newer, contracts)
      for (let n = 0; n < 200; n++) {
        const question = randomAsked(random, contracts)
        const kind = kindOf(outcome(older, question), outcome(newer, question))
        if (kind === undefined) continue
        changed++
        const isOpen = diff.undecided.some(
          ({ verb, direction }) => verb === question.verb && direction === question.direction,
        )
        if (isOpen) undecided++
        else if (!diff.changes.some((change) => covers(change, kind, question)))
          expect(JSON.stringify({ question, kind, changes: diff.changes, older, newer })).toBe('covered')
      }
      for (const change of diff.changes) {
        const { example } = change
        expect(kindOf(outcome(older, example), outcome(newer, example)), JSON.stringify({ change, older, newer })).toBe(
          change.kind,
        )
        expect(covers(change, change.kind, example), JSON.stringify(change)).toBe(true)
      }
    }
    console.info(`contracts ${at}: ${changed} questions changed, ${undecided} of them not decided exactly`)
    expect(changed).toBeGreaterThan(PAIRS)
    expect(undecided).toBeLessThan(changed / 10)
  })
})

/** All rules over four roles, two effects and one condition; a policy is three of them. */
const ROLES = ['a', 'b', 'c', 'd']
const Flat = withSubjects('a.v1', { o: '' })

const smallRule = (random: Random, id: string): Rule => ({
  id,
  effect: random.chance(60) ? 'allow' : 'deny',
  by: random.chance(15) ? ['any'] : [`role:${random.pick(ROLES)}`],
  verbs: ['call'],
  on: ['a.v1.o'],
  ...(random.chance(40) && { when: [{ attribute: 'body.b', is: random.pick(['eq', 'ne'] as const), value: 1 }] }),
})

const subsets = (roles: readonly string[]): readonly (readonly string[])[] =>
  Array.from({ length: 2 ** roles.length }, (_, bits) => roles.filter((_role, at) => (bits >> at) % 2 === 1))

test('CL-36 where a peer of any set of names changes, one with one or two of them does', () => {
  const random = new Random(seed, 9)
  const bodies: readonly Attributes[] = [{}, { 'body.b': 1 }, { 'body.b': 2 }, { 'body.b': 'text' }]
  let pairs = 0
  for (let n = 0; n < PAIRS; n++) {
    const small = (): Policy => ({ version: 1, rules: [0, 1, 2, 3].map((at) => smallRule(random, `r${at}`)) })
    const [older, newer] = [small(), small()]
    const { changes, undecided } = differenceOf(older, newer, [Flat])
    expect(undecided).toEqual([])
    pairs += changes.filter(({ who }) => who.length === 2).length
    for (const roles of subsets(ROLES)) {
      for (const attributes of bodies) {
        const peer: Peer = { id: idOf(9), roles, claims: {} }
        const question: Question = {
          peer,
          direction: 'in',
          verb: 'call',
          address: 'a.v1.o',
          attributes: { ...attributes, bytes: 1, suite: SUITES[0].name, ageMs: 0, time: 0 },
        }
        const kind = kindOf(outcome(older, question), outcome(newer, question))
        if (kind === undefined) continue
        expect(changes.filter((change) => covers(change, kind, question)).length).toBeGreaterThan(0)
      }
    }
  }
  // Else the test would say nothing of pairs.
  expect(pairs).toBeGreaterThan(0)
})

const rule = (id: string, more: object): object => ({ id, effect: 'allow', verbs: ['call'], on: ['a.v1.o'], ...more })
const policy = (...rules: readonly object[]): object => ({ version: 1, rules })
const diffOf = (older: readonly object[], newer: readonly object[]) =>
  differenceOf(policy(...older), policy(...newer), [Flat]).changes.map(
    ({ kind, who, except, when, exactly, rules }) => ({
      kind,
      who,
      except,
      when,
      exactly,
      rules,
    }),
  )

describe('CL-36 CL-37 what is said of a change', () => {
  const a = rule('a', { by: ['role:a'] })
  const always = { except: [], when: [], exactly: true }

  test('CL-36 nothing, if rules are renamed, put in another order or said otherwise', () => {
    const b = rule('b', { by: ['any'], effect: 'deny', on: ['a.v1.*'] })
    expect(
      diffOf(
        [a, b],
        [
          { ...b, on: ['*.v1.o', '>'] },
          { ...a, id: 'c' },
        ],
      ),
    ).toEqual([])
    const group = { version: 1, groups: { g: ['role:a'] }, rules: [rule('a', { by: ['group:g'] })] }
    expect(differenceOf(policy(a), group, [Flat]).changes).toEqual([])
  })

  test('CL-36 a deny that is taken away is noticed by those alone that another rule allows', () => {
    const deny = rule('b', { by: ['role:b'], effect: 'deny' })
    expect(diffOf([a, deny], [a])).toEqual([
      { kind: 'now allowed', who: [['role:a'], ['role:b']], ...always, rules: { older: ['b'], newer: ['a'] } },
    ])
  })

  test('CL-37 who does not change with everyone is an exception', () => {
    const deny = rule('b', { by: ['role:b', 'role:c'], effect: 'deny' })
    expect(diffOf([deny], [deny, rule('all', { by: ['any'] })])).toEqual([
      { kind: 'now allowed', who: [], ...always, except: ['role:b', 'role:c'], rules: { older: [], newer: ['all'] } },
    ])
  })

  test('CL-37 the pieces say where it changes', () => {
    const when = (value: number): object => ({ when: [{ attribute: 'bytes', is: 'lt', value }] })
    expect(diffOf([{ ...a, ...when(10) }], [{ ...a, ...when(20) }])).toEqual([
      {
        kind: 'now allowed',
        who: [['role:a']],
        ...always,
        when: [{ attribute: 'bytes', is: ['at least 10 and below 20'] }],
        rules: { older: [], newer: ['a'] },
      },
    ])
  })

  test('CL-37 what is no product of pieces is said to be less', () => {
    const deny = (id: string, attribute: string): object =>
      rule(id, { by: ['any'], effect: 'deny', when: [{ attribute, is: 'present' }] })
    const [change] = diffOf([a], [a, deny('l', 'label.l'), deny('m', 'label.m')])
    expect(change).toMatchObject({ kind: 'now denied', exactly: false, when: [] })
  })

  test('CL-36 another limit is told, and a limit denies nothing', () => {
    const limited = (limit: object): object => ({ ...a, limit })
    expect(diffOf([limited({ bytesPerSecond: 1 })], [limited({ bytesPerSecond: 9, concurrent: 1 })])).toEqual([
      { kind: 'other limit', who: [['role:a']], ...always, rules: { older: ['a'], newer: ['a'] } },
    ])
  })

  test('CL-36 our own acts that no rule speaks of follow the document', () => {
    const { changes } = differenceOf(policy(), { version: 1, rules: [], outbound: 'deny' }, [Flat])
    expect(changes.map(({ kind, direction, verb, who }) => [kind, direction, verb, who])).toEqual([
      ['now denied', 'out', 'initiate', []],
      ['now denied', 'out', 'call', []],
    ])
  })

  test('CL-39 what has too many combinations is told, and what has not is decided', () => {
    const when = Array.from({ length: 18 }, (_, at) => ({ attribute: `label.l${at}`, is: 'present' }))
    const many = rule('many', { by: ['role:a'], when })
    const { changes, undecided } = differenceOf(policy(many), policy(many, rule('all', { by: ['any'] })), [Flat])
    expect(undecided).toEqual([
      { direction: 'in', verb: 'call', address: 'a.v1.o', who: [['role:a']], combinations: 2 ** 18 },
    ])
    expect(changes).toMatchObject([{ kind: 'now allowed', who: [] }])
  })

  test('CL-39 a name that has too many combinations with another is told once', () => {
    const narrow = (id: string, effect: string): object => {
      const when = Array.from({ length: 9 }, (_, at) => ({ attribute: `label.${id}${at}`, is: 'eq', value: 'x' }))
      return rule(id, { by: [`role:${id}`], effect, when })
    }
    const allow = narrow('a', 'allow')
    const older = policy(allow, narrow('b', 'deny'), narrow('c', 'deny'))
    const { undecided } = differenceOf(older, policy(allow), [Flat])
    expect(undecided.map(({ who, combinations }) => [who, combinations])).toEqual([[[['role:a']], 3 ** 18]])
  })

  test('CL-39 what has too many addresses is told', () => {
    const literals = Array.from({ length: 256 }, (_, at) => `a.v1.o.x${at}.x${at}`)
    const contracts = [withSubjects('a.v1', { o: '{k}.{m}' })]
    const { undecided } = differenceOf(policy(), policy(rule('r', { by: ['any'], on: literals })), contracts)
    expect(undecided).toEqual([
      { direction: 'in', verb: 'call', address: 'a.v1.o.{k}.{m}', who: [], combinations: 257 ** 2 },
    ])
  })
})
