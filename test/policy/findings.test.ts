import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Question } from '../../src/policy/decide.js'
import { FINDINGS, type Finding, findingsOf } from '../../src/policy/findings.js'
import { loadPolicy } from '../../src/policy/load.js'
import type { Policy } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { idOf, randomPolicy, randomQuestion } from './arbitrary.js'
import { decideByReading, matchPattern } from './reference.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Policies that are looked at, with 40 questions each. */
const POLICIES = Number(process.env.SOTTO_POLICIES ?? 1_000)
console.info(`test/policy/findings: SOTTO_SEED=${seed} SOTTO_POLICIES=${POLICIES}`)

const RULE = { effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'] }
const found = (rules: readonly object[], more: object = {}): readonly Finding[] =>
  findingsOf(loadPolicy({ version: 1, rules: rules.map((rule, at) => ({ id: `r${at}`, ...RULE, ...rule })), ...more }))
const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ path, what, by }) => `${path} ${what}${by === undefined ? '' : ` by ${by}`}`)
const many = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index))

const without = (policy: Policy, ids: ReadonlySet<string | undefined>): Policy => ({
  ...policy,
  rules: policy.rules.filter(({ id }) => !ids.has(id)),
})
const idsOf = (findings: readonly Finding[], ...whats: readonly Finding['what'][]) =>
  new Set(findings.filter(({ what }) => whats.includes(what)).map(({ rule }) => rule))

/** Random policies in which rules without conditions are more frequent, and some questions for each. */
function* policies(stream: number): Generator<{ policy: Policy; findings: readonly Finding[]; questions: Question[] }> {
  const random = new Random(seed, stream)
  for (let count = 0; count < POLICIES; count++) {
    const drawn = randomPolicy(random)
    const rules = drawn.rules.slice(0, 30).map((rule) => {
      const { when: _when, limit: _limit, ...plain } = rule
      return random.chance(60) ? plain : rule
    })
    const policy = loadPolicy({ ...drawn, rules })
    yield { policy, findings: findingsOf(policy), questions: many(40, () => randomQuestion(random)) }
  }
}

describe('PO-42 PO-43 PO-44 rules that change nothing', () => {
  test('PO-42 without those that are unreachable, shadowed or for nobody, together or one by one, each effect is the same', () => {
    const seen = new Map<string, number>()
    for (const { policy, findings, questions } of policies(1)) {
      for (const { what } of findings) seen.set(what, (seen.get(what) ?? 0) + 1)
      const ids = idsOf(findings, 'unreachable', 'shadowed', 'nobody')
      const lesser = [ids, ...[...ids].map((id) => new Set([id]))].map((gone) => without(policy, gone))
      for (const question of questions) {
        const { effect } = decideByReading(policy, question)
        const other = lesser.find((each) => decideByReading(each, question).effect !== effect)
        if (other !== undefined) expect({ policy, question, other, findings }).toBe('the same effect')
      }
    }
    console.info('test/policy/findings:', Object.fromEntries(seen))
    for (const what of ['unreachable', 'shadowed', 'nobody', 'contradiction', 'only-errors'] as const)
      expect(seen.get(what), what).toBeGreaterThan(0)
  })

  test('PO-43 a contradiction is never met, and an allow that is only good for errors turns no deny into an allow', () => {
    for (const { policy, findings, questions } of policies(2)) {
      const never = idsOf(findings, 'contradiction')
      const errors = idsOf(findings, 'only-errors')
      const lesser = without(policy, errors)
      for (const question of questions) {
        const verdict = decideByReading(policy, question)
        const named = verdict.rules.some((id) => never.has(id))
        const isError = verdict.effect === 'deny' && verdict.why === 'error'
        const isLost = verdict.effect === 'allow' && decideByReading(lesser, question).effect === 'deny'
        if ((named && !isError) || isLost) expect({ policy, question, findings }).toBe('no such verdict')
      }
    }
  })
})

describe('PO-42 what deny rules make unreachable', () => {
  const cases: [string, object, object, boolean][] = [
    ['the same', {}, {}, true],
    ['a wider pattern', { on: ['a.v1.>'] }, {}, true],
    ['a narrower pattern', {}, { on: ['a.v1.*'] }, false],
    ['one of two patterns', {}, { on: ['a.v1.o', 'a.v1.p'] }, false],
    ['all patterns, by two', { on: ['a.v1.p', 'a.v1.o'] }, { on: ['a.v1.o', 'a.v1.p'] }, true],
    ['a claim that anything holds', { on: ['a.v1.*'] }, { on: ['a.v1.{claim.t}'] }, true],
    ['the same claim', { on: ['a.v1.{claim.t}'] }, { on: ['a.v1.{claim.t}'] }, true],
    ['another claim', { on: ['a.v1.{claim.u}'] }, { on: ['a.v1.{claim.t}'] }, false],
    ['another verb', { verbs: ['send'] }, {}, false],
    ['one of two verbs', { verbs: ['call'] }, { verbs: ['call', 'send'] }, false],
    ['a verb that its pattern is never asked with', {}, { verbs: ['call', 'initiate'] }, true],
    ['conditions', { when: [{ attribute: 'bytes', is: 'present' }] }, {}, false],
    ['an empty list of conditions', { when: [] }, { when: [{ attribute: 'bytes', is: 'lt', value: 1 }] }, true],
    ['a limit of the allow', {}, { limit: { perSecond: 1 } }, true],
    ['everyone', { by: ['any'] }, { by: ['role:x', idOf(1)] }, true],
    ['one role of two', { by: ['role:x'] }, { by: ['role:x', 'role:y'] }, false],
    ['a group of it', { by: ['group:both'] }, { by: ['role:x'] }, true],
    ['a member of the group', { by: ['role:x'] }, { by: ['group:both'] }, false],
    ['each member of the group', { by: ['role:y', 'role:x'] }, { by: ['group:both'] }, true],
    ['a larger group', { by: ['group:three'] }, { by: ['group:both'] }, true],
    ['a smaller group', { by: ['group:both'] }, { by: ['group:three'] }, false],
    ['a group of everyone', { by: ['group:all'] }, { by: ['group:three', 'any'] }, true],
    ['everyone, of a group of everyone', { by: ['any'] }, { by: ['group:all'] }, true],
    ['a group without members', { by: ['role:x', 'group:none'] }, { by: ['role:x', 'group:none'] }, true],
    ['a name that is like a role', { by: ['name:x'] }, { by: ['role:x'] }, false],
    ['the other direction', { to: ['any'], by: undefined }, {}, false],
  ]
  const groups = {
    both: ['role:x', 'role:y'],
    three: ['role:z', 'role:y', 'role:x'],
    all: ['role:q', 'any'],
    none: [],
  }
  const clean = (rule: object) => Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== undefined))
  test.each(cases)('PO-42 %s', (_, denying, allowing, isUnreachable) => {
    const rules = [
      { ...RULE, effect: 'deny', ...denying },
      { ...RULE, ...allowing },
    ].map(clean)
    const document = { version: 1, groups, rules: rules.map((rule, at) => ({ id: `r${at}`, ...rule })) }
    const findings = brief(findingsOf(loadPolicy(document))).filter((each) => each.includes('unreachable'))
    expect(findings).toEqual(isUnreachable ? ['rules[1] unreachable by r0'] : [])
  })

  test('PO-42 several deny rules together, of which one is named', () => {
    const findings = found([
      { on: ['a.v1.o', 'a.v1.p'], by: ['role:x'] },
      { effect: 'deny', on: ['a.v1.p'] },
      { effect: 'deny', on: ['a.v1.o'], by: ['role:x'] },
    ])
    expect(brief(findings)).toEqual(['rules[0] unreachable by r2'])
    expect(findings[0]?.text).toBe('all that it speaks of is denied by r2, r1')
  })

  test('PO-42 a pattern holds another exactly if it matches all that the other does', () => {
    const elements = ['x', '*', '{peer.id}', '{claim.t}']
    const tails = [...elements, '>']
    const patterns = [...tails, ...elements.flatMap((first) => tails.map((last) => `${first}.${last}`))]
    const peers: readonly Peer[] = [
      { id: idOf(1), roles: [], claims: { t: 'y' } },
      { id: idOf(2), roles: [], claims: {} },
    ]
    const tokens = ['x', 'y', '*', idOf(1), idOf(2)]
    const pairs = tokens.flatMap((first) => tokens.map((last) => `${first}.${last}`))
    const subjects = [...tokens, ...pairs, ...pairs.map((pair) => `${pair}.x`)]
    const holds = (wide: string, narrow: string): boolean =>
      peers.every((peer) =>
        subjects.every((subject) => {
          const [outer, inner] = [matchPattern(wide, subject, peer), matchPattern(narrow, subject, peer)]
          return inner === 'no' || outer === 'yes' || (inner === 'error' && outer === 'error')
        }),
      )
    const rule = (on: string) => ({ verbs: ['subscribe'], on: [`a.v1.o.${on}`] })
    for (const wide of patterns)
      for (const narrow of patterns) {
        const isFound = found([{ ...rule(wide), effect: 'deny' }, rule(narrow)]).length > 0
        expect(isFound, `${wide} holds ${narrow}`).toBe(holds(wide, narrow))
      }
  })
})

describe('PO-44 what changes nothing', () => {
  test('PO-44 of two rules that say the same, the first stays', () => {
    expect(brief(found([{}, {}, {}]))).toEqual(['rules[1] shadowed by r0', 'rules[2] shadowed by r0'])
  })
  test('PO-44 a narrow rule before or behind a wide one', () => {
    const wide = { on: ['a.v1.*'] }
    expect(brief(found([{}, wide]))).toEqual(['rules[0] shadowed by r1'])
    expect(brief(found([wide, {}]))).toEqual(['rules[1] shadowed by r0'])
  })
  test('PO-44 three of which two hold the third lose one', () => {
    const rules = [{ on: ['a.v1.o', 'a.v1.p'] }, { on: ['a.v1.p', 'a.v1.q'] }, { on: ['a.v1.q', 'a.v1.o'] }]
    expect(brief(found(rules))).toEqual(['rules[2] shadowed by r1'])
  })
  test('PO-44 a deny, whatever its conditions are', () => {
    const when = [{ attribute: 'bytes', is: 'gt', value: 5 }]
    expect(brief(found([{ effect: 'deny' }, { effect: 'deny', when }]))).toEqual(['rules[1] shadowed by r0'])
  })
  test('PO-44 an allow with a limit changes something, and one with conditions that can be in error denies then', () => {
    expect(found([{}, { limit: { perSecond: 1 } }])).toEqual([])
    expect(found([{ limit: { perSecond: 1 } }, {}])).toEqual([])
    const present = { attribute: 'bytes', is: 'present' }
    expect(brief(found([{}, { when: [present] }]))).toEqual(['rules[1] shadowed by r0'])
    const less = { attribute: 'bytes', is: 'lt', value: 5 }
    expect(brief(found([{}, { when: [less] }]))).toEqual(['rules[1] only-errors by r0'])
    expect(brief(found([{ on: ['a.v1.*'] }, { on: ['a.v1.{claim.t}'] }]))).toEqual(['rules[1] only-errors by r0'])
  })
  test('PO-44 what trust and `outbound` allow without a rule', () => {
    const initiate = { verbs: ['initiate'], on: ['a.v1'] }
    expect(brief(found([initiate]))).toEqual(['rules[0] shadowed'])
    expect(found([{ ...initiate, effect: 'deny' }])).toEqual([])
    expect(found([{ ...initiate, limit: { concurrent: 1 } }])).toEqual([])
    expect(found([{ verbs: ['initiate', 'call'], on: ['a.v1', 'a.v1.o'] }])).toEqual([])
    const out = { id: 'out', effect: 'allow', to: ['any'], verbs: ['send'], on: ['a.v1.o'] }
    const outbound = (how?: string) =>
      brief(findingsOf(loadPolicy({ version: 1, rules: [out], ...(how !== undefined && { outbound: how }) })))
    expect(outbound()).toEqual(['rules[0] shadowed'])
    expect(outbound('allow')).toEqual(['rules[0] shadowed'])
    expect(outbound('deny')).toEqual([])
  })
})

describe('PO-43 conditions that can never all hold', () => {
  const of = (attribute: string, ...conditions: (readonly [is: string, value?: unknown])[]) =>
    conditions.map(([is, value]) => ({ attribute, is, ...(value !== undefined && { value }) }))
  const next = 1 + Number.EPSILON
  const never: [string, object[]][] = [
    ['two values', of('bytes', ['eq', 1], ['eq', 2])],
    ['a value and not it', of('bytes', ['eq', 1], ['ne', 1])],
    ['below and above', of('bytes', ['lt', 5], ['gt', 10])],
    ['below and above one number', of('bytes', ['lt', 5], ['gt', 5])],
    ['below and at least', of('bytes', ['lt', 5], ['ge', 5])],
    ['one number and not it', of('bytes', ['le', 5], ['ge', 5], ['ne', 5])],
    ['between two neighbours', of('bytes', ['gt', 1], ['lt', next])],
    ['above all but infinity, and not that', of('bytes', ['gt', Number.MAX_VALUE], ['lt', Number.MAX_VALUE])],
    ['there and not there', of('bytes', ['present'], ['absent'])],
    ['not there, and compared', of('state', ['absent'], ['ne', 'x'])],
    ['lists that do not meet', of('state', ['in', ['a', 'b']], ['in', ['c']])],
    ['a list and not it', of('state', ['in', ['a', 'b']], ['not-in', ['b', 'a']])],
    ['a list that is shut out one by one', of('state', ['in', ['a', 'b']], ['ne', 'a'], ['ne', 'b'])],
    ['a value outside a list', of('label.l', ['eq', 'c'], ['in', ['a', 'b']])],
    ['a list beyond a bound', of('bytes', ['in', [1, 2, 3]], ['gt', 3])],
    ['a text and a number', of('body.x', ['ne', 'a'], ['ne', 1])],
    ['a boolean that is neither', of('body.x', ['ne', true], ['ne', false])],
    ['a boolean and a number', of('claim.x', ['eq', true], ['ge', 0])],
    ['zeros are one', of('bytes', ['eq', 0], ['ne', -0])],
  ]
  test.each(never)('PO-43 %s', (_, when) => {
    const path = `rules[0].when[${when.length - 1}]`
    expect(brief(found([{ when }]))).toEqual([`${path} contradiction`])
    const other = { attribute: 'ttlMs', is: 'lt', value: 5 }
    expect(brief(found([{ when: [other, ...when, other] }]))).toEqual([`rules[0].when[${when.length}] contradiction`])
  })
  const sometimes: [string, object[]][] = [
    ['one value', of('bytes', ['eq', 1], ['in', [2, 1]], ['le', 1], ['ge', 1], ['ne', 2], ['present'])],
    ['between two numbers', of('bytes', ['gt', 1], ['lt', 2])],
    ['between two, without the middle', of('bytes', ['gt', 1], ['lt', 2], ['ne', 1.5], ['ne', 1.25], ['ne', 1.75])],
    ['between two that have one number between them', of('bytes', ['gt', 1], ['lt', 1 + 2 * Number.EPSILON])],
    ['above all finite numbers', of('bytes', ['gt', Number.MAX_VALUE], ['ne', 1])],
    ['below all finite numbers', of('bytes', ['lt', -Number.MAX_VALUE], ['ne', 1])],
    ['a bound alone', of('bytes', ['ge', Number.MAX_VALUE], ['le', Number.MAX_VALUE])],
    ['any other text', of('state', ['ne', ''], ['not-in', ['a', 'x'.repeat(1_024)]])],
    ['no text twice', of('state', ['absent'], ['absent'])],
    ['one boolean', of('body.x', ['ne', true], ['present'])],
    ['another attribute', [...of('body.x', ['eq', 1]), ...of('body.y', ['eq', 2])]],
  ]
  test.each(sometimes)('PO-43 not: %s', (_, when) => expect(found([{ when }])).toEqual([]))
  test('PO-43 a byte rate needs a size', () => {
    const absent = of('bytes', ['absent'])
    expect(brief(found([{ when: absent, limit: { bytesPerSecond: 1 } }]))).toEqual(['rules[0].when[0] contradiction'])
    expect(found([{ when: absent, limit: { perSecond: 1 } }])).toEqual([])
  })
})

describe('PO-45 what is said for nothing', () => {
  test('PO-45 groups that nobody names or that have no members, and rules for nobody', () => {
    const groups = { used: ['role:x'], idle: ['role:x'], none: [] }
    expect(brief(found([{ by: ['group:none'] }, { by: ['group:used', 'group:none'] }], { groups }))).toEqual([
      'groups.idle unused',
      'groups.none empty-group',
      'rules[0].by nobody',
    ])
  })
  test('PO-45 entries that stand twice', () => {
    const rule = { by: ['role:x', 'role:x'], verbs: ['call', 'send', 'call'], on: ['a.v1.o', 'a.v1.p', 'a.v1.o'] }
    const findings = found([rule, { by: ['group:g'], verbs: ['send'], on: ['a.v1.q'] }], {
      groups: { g: ['any', 'any'] },
      reveal: ['label.l', 'label.l'],
    })
    expect(brief(findings)).toEqual([
      'groups.g[1] duplicate',
      'rules[0].verbs[2] duplicate',
      'rules[0].on[2] duplicate',
      'rules[0].by[1] duplicate',
      'reveal[0] unused',
      'reveal[1] unused',
      'reveal[1] duplicate',
    ])
    expect(findings[2]?.text).toBe('it stands at rules[0].on[0] already')
  })
  test('PO-45 what no rule reads need not be revealed', () => {
    const rule = { on: ['a.v1.o.{claim.t}'], when: [{ attribute: 'body.room', is: 'present' }] }
    expect(brief(found([rule], { reveal: ['body.room', 'claim.t', 'claim.u'] }))).toEqual(['reveal[2] unused'])
  })
  test('PO-45 a verb that no pattern of its rule is asked with', () => {
    expect(brief(found([{ verbs: ['call', 'initiate'] }]))).toEqual(['rules[0].verbs[1] idle-verb'])
    expect(found([{ verbs: ['call', 'initiate'], on: ['>'] }])).toEqual([])
  })

  const ofMessages = ['bytes', 'ttlMs', 'state', 'ageMs', 'body.room', 'label.trace']
  test.each(ofMessages)('PO-57 a rule for `initiate` alone that compares %s', (attribute) => {
    const rule = { effect: 'deny', verbs: ['initiate'], on: ['a.v1'] }
    const ne = { attribute, is: 'ne', value: attribute === 'bytes' || attribute.endsWith('Ms') ? 1 : 'x' }
    expect(brief(found([{ ...rule, when: [ne] }]))).toEqual(['rules[0].when[0].attribute never-there'])
    expect(found([{ ...rule, when: [{ attribute, is: 'present' }, ne] }])).toEqual([])
    expect(found([{ ...rule, verbs: ['initiate', 'call'], on: ['>'], when: [ne] }])).toEqual([])
    const policy = policyStore({ version: 1, rules: [{ ...RULE, id: 'r', ...rule, when: [ne] }] })
    const peer: Peer = { id: idOf(1), roles: [], claims: {} }
    const verdict = policy.forPeer(peer).admit('in', 'initiate', 'a.v1', { suite: 'x', time: 0 }, 0)
    expect(verdict).toMatchObject({ effect: 'deny', why: 'error' })
  })

  test('PO-57 what a session that begins has is no finding', () => {
    const when = ['suite', 'claim.team'].map((attribute) => ({ attribute, is: 'eq', value: 'x' }))
    expect(found([{ effect: 'deny', verbs: ['initiate'], on: ['a.v1'], when }])).toEqual([])
  })
})

describe('PO-47 PO-48 PO-49 with contracts', () => {
  const Room = z.object({ room: z.string(), by: z.string() })
  const House = contract('house.v1', {
    read: requestResponse({ request: Room, visible: ['room'] }),
    write: requestResponse({ request: Room, visible: ['by', 'room'] }),
    log: oneWay(Room),
  })
  const against = (...rules: object[]) =>
    findingsOf(loadPolicy({ version: 1, rules: rules.map((rule, at) => ({ id: `r${at}`, ...RULE, ...rule })) }), [
      House,
    ])

  test('PO-47 a verb that no operation of its patterns has', () => {
    const findings = against({ verbs: ['call', 'send', 'stream'], on: ['house.v1.read', 'house.v1.write'] })
    expect(brief(findings)).toEqual(['rules[0].verbs[1] idle-verb', 'rules[0].verbs[2] idle-verb'])
    const beyond = { verbs: ['call', 'send'], on: ['house.v1.write', 'house.v1.log.>'] }
    expect(brief(against(beyond))).toEqual(['rules[0].verbs[1] idle-verb'])
    expect(against({ verbs: ['call', 'send'], on: ['house.v1.*'] })).toEqual([])
    expect(against({ verbs: ['call', 'stream'], on: ['house.v1.*', '*.v2.>'] })).toEqual([])
    expect(brief(against({ verbs: ['call', 'initiate'], on: ['house.v1.read'] }))).toEqual([
      'rules[0].verbs[1] idle-verb',
    ])
    const both = { effect: 'deny', verbs: ['call', 'initiate'], on: ['house.v1', 'house.v1.read'] }
    expect(against(both)).toEqual([])
  })

  test('PO-48 a field that is not visible everywhere, unless it is asked whether it is there', () => {
    const eq = { attribute: 'body.by', is: 'eq', value: 'x' }
    const findings = against({ effect: 'deny', verbs: ['call', 'send'], on: ['house.v1.*'], when: [eq] })
    expect(brief(findings)).toEqual(['rules[0].when[0].attribute not-visible'])
    expect(findings[0]?.text).toContain('not visible at house.v1.log and 1 more operations')
    const guarded = [{ attribute: 'body.by', is: 'present' }, eq]
    expect(against({ effect: 'deny', verbs: ['call', 'send'], on: ['house.v1.*'], when: guarded })).toEqual([])
    expect(brief(against({ on: ['>'], when: [guarded[1], guarded[0]] }))).toEqual([
      'rules[0].when[0].attribute not-visible',
    ])
    const other = [{ attribute: 'body.room', is: 'present' }, eq]
    expect(brief(against({ on: ['*.v1.*'], when: other }))).toEqual(['rules[0].when[1].attribute not-visible'])
    expect(against({ on: ['house.v1.write'], when: [eq] })).toEqual([])
    expect(brief(against({ on: ['other.v1.*'], when: [eq] }))).toEqual(['rules[0].on[0] unknown-contract'])
  })

  test('PO-48 an operation where the field is not visible is an error at each call, which denies', () => {
    const policy = loadPolicy({
      version: 1,
      rules: [
        { ...RULE, id: 'all', on: ['house.v1.*'] },
        {
          ...RULE,
          id: 'no',
          effect: 'deny',
          on: ['house.v1.*'],
          when: [{ attribute: 'body.by', is: 'eq', value: 'x' }],
        },
      ],
    })
    const peer: Peer = { id: idOf(1), roles: [], claims: {} }
    const question: Question = { peer, direction: 'in', verb: 'call', address: 'house.v1.read', attributes: {} }
    expect(decideByReading(policy, question)).toEqual({ effect: 'deny', why: 'error', rules: ['no'] })
  })

  test('PO-49 a contract that is not among them', () => {
    const findings = against({ on: ['house.v1.read', 'hause.v1.read', 'house.v2.>', '*.v2.read', '>'] })
    expect(brief(findings)).toEqual(['rules[0].on[1] unknown-contract', 'rules[0].on[2] unknown-contract'])
    expect(brief(against({ verbs: ['initiate'], effect: 'deny', on: ['hause.v1'] }))).toEqual([
      'rules[0].on[0] unknown-contract',
    ])
  })
})

describe('PO-46 large documents', () => {
  test('PO-46 ten thousand rules are compared with each other', () => {
    const rules = many(10_000, (n) => ({
      effect: n % 10 === 0 ? 'deny' : 'allow',
      by: [n % 3 === 0 ? 'any' : `role:r${n % 50}`, 'group:staff'],
      verbs: ['call', 'send'],
      on: [`c${n % 100}.v1.op${n}`, `c${n % 100}.v1.op${n}.{peer.id}.>`],
    }))
    rules.push({ effect: 'deny', by: ['role:r1'], verbs: ['send', 'call'], on: ['c1.v1.>'] })
    rules.shift()
    const findings = found(rules, { groups: { staff: many(1_000, (n) => `role:s${n}`) } })
    expect(findings.filter(({ what }) => what === 'unfinished')).toEqual([])
  })

  test('PO-46 what would take too long is left, and said', () => {
    const deep = many(100, (n) => many(14, (at) => (n & (1 << (at % 7)) ? '*' : 'x')).join('.'))
    const rules = many(10_000, (n) => ({
      effect: 'deny',
      by: ['any'],
      verbs: ['call'],
      on: [`a.v1.o.${deep[n % 100]}.y${n}`],
      when: [{ attribute: 'bytes', is: 'present' }],
    }))
    const plain = many(100, (n) => ({ effect: 'deny', on: [`a.v1.o.${deep[n]}.>.`.slice(0, -1)], by: ['role:x'] }))
    const large = many(1_000, (n) => `role:m${n}`)
    const groups = Object.fromEntries(many(200, (n) => [`g${n}`, [...large, `role:n${n}`]]))
    const named = many(200, (n) => ({ by: [`group:g${n}`], on: [`a.v1.o.${deep[n % 100]}.>`] }))
    const findings = found([...plain, ...named, ...rules].slice(0, 10_000), { groups })
    expect(brief(findings.filter(({ what }) => what === 'unfinished'))).toEqual(['rules unfinished'])
  })
})

test('PO-41 a store tells what is found in the policy that is in force, which decides as it would without', () => {
  const House = contract('house.v1', { log: oneWay(z.string()) })
  const rule = { ...RULE, id: 'deny', effect: 'deny', verbs: ['send'], on: ['house.v1.log'] }
  const store = policyStore({ version: 1, rules: [rule] }, { contracts: [House] })
  expect(store.findings).toEqual([])
  expect(store.findings).toBe(store.findings)
  const allow = { ...rule, id: 'allow', effect: 'allow', on: ['house.v1.log', 'hause.v1.log'] }
  store.replace({ version: 1, rules: [rule, { ...allow, on: ['house.v1.log'] }] })
  expect(brief(store.findings)).toEqual(['rules[1] unreachable by deny'])
  store.replace({ version: 1, rules: [allow] })
  expect(brief(store.findings)).toEqual(['rules[0].on[1] unknown-contract'])
  expect(() => store.replace({ version: 1, rules: [rule, rule] })).toThrow(SottoError)
  expect(brief(store.findings)).toEqual(['rules[0].on[1] unknown-contract'])
})

test('PO-41 each finding is one of the table of the chapter, frozen, and quotes nothing of the document but ids of rules', () => {
  const chapter = readFileSync(new URL('../../spec/policy.md', import.meta.url), 'utf8')
  const section = chapter.slice(chapter.indexOf('\n## Findings\n'), chapter.indexOf('\n## Matching\n'))
  const rows = [...section.matchAll(/^\| `([a-z-]+)` +\| (.+?) +\|$/gm)].map(([, what, means]) => [what, means])
  expect(Object.fromEntries(rows)).toEqual(FINDINGS)
  const secret = 'SOTTO-SECRET-1'
  const rule = { by: [`role:${secret}`, `role:${secret}`], on: [`a.v1.${secret.toLowerCase()}`.replaceAll('-', '')] }
  const when = [
    { attribute: `label.${secret}`, is: 'eq', value: secret },
    { attribute: `label.${secret}`, is: 'absent' },
  ]
  const findings = found([rule, rule, { ...rule, when }], { reveal: [`claim.${secret}`] })
  expect(findings.length).toBeGreaterThan(4)
  expect(findings.every((finding) => Object.isFrozen(finding))).toBe(true)
  expect(JSON.stringify(findings).toUpperCase()).not.toContain(secret)
})
