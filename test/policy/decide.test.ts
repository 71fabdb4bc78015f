import { describe, expect, test } from 'vitest'
import type { Verb } from '../../src/contract/kinds.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import { loadPolicy } from '../../src/policy/load.js'
import type { Policy } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { idOf, randomPolicy, randomQuestion } from './arbitrary.js'
import { decideByReading } from './reference.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Pairs of a policy and a question that the two ways to decide are compared on. */
const PAIRS = Number(process.env.SOTTO_PAIRS ?? 100_000)
console.info(`test/policy/decide: SOTTO_SEED=${seed} SOTTO_PAIRS=${PAIRS}`)

const peer: Peer = { id: idOf(1), roles: ['ops'], name: 'spiffe://x/one', claims: { tenant: 'acme', level: 3 } }
const other: Peer = { id: idOf(2), roles: [], claims: {} }
const rule = (id: string, more: object) => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.o'],
  ...more,
})
const ask = (rules: readonly object[], more: Partial<Question> = {}, document: object = {}): Verdict =>
  policyStore({ version: 1, rules, ...document }).decide(
    { peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: {}, ...more },
    0,
  )
const allowed = (...rules: string[]): Verdict => ({ effect: 'allow', rules })
const denied = (why: 'rule' | 'default' | 'error', ...rules: string[]): Verdict => ({ effect: 'deny', why, rules })

const whyOf = (verdict: Verdict): string => (verdict.effect === 'allow' ? 'allow' : verdict.why)
const textOf = (verdict: Verdict): string => `${whyOf(verdict)} ${verdict.rules.join(' ')}`

/** Pairs, with ten questions a policy. The stream keeps the tests apart. */
function* pairs(count: number, stream: number): Generator<{ document: Policy; question: Question }> {
  const random = new Random(seed, stream)
  for (let pair = 0, document = randomPolicy(random); pair < count; pair++) {
    if (pair % 10 === 9) document = randomPolicy(random)
    yield { document, question: randomQuestion(random) }
  }
}

const AN_HOUR = 3_600_000

test('PO-9 PO-13 PO-15 the compiled policy decides as the one that is written to be read', {
  timeout: AN_HOUR,
}, () => {
  const seen = new Map<string, number>()
  let loaded: { document: Policy; policy: Policy; store: ReturnType<typeof policyStore> } | undefined
  for (const { document, question } of pairs(PAIRS, 1)) {
    if (loaded?.document !== document) loaded = { document, policy: loadPolicy(document), store: policyStore(document) }
    const { policy, store } = loaded
    const expected = decideByReading(policy, question)
    const verdict = store.decide(question, 0)
    if (textOf(verdict) !== textOf(expected)) expect({ verdict, document, question }).toEqual({ verdict: expected })
    const why = `${whyOf(expected)} ${expected.rules.length > 0}`
    seen.set(why, (seen.get(why) ?? 0) + 1)
  }
  console.info('test/policy/decide:', Object.fromEntries(seen))
  const kinds = ['allow false', 'allow true', 'default false', 'error false', 'error true', 'limit true', 'rule true']
  expect([...seen.keys()].sort()).toEqual(kinds)
})

test('PO-19 what is admitted is what would be decided, and is released again', () => {
  for (const { document, question } of pairs(4_000, 2)) {
    const { peer, direction, verb, address, attributes } = question
    const store = policyStore(document)
    const admission = store.forPeer(peer).admit(direction, verb, address, attributes, 0)
    if (textOf(admission) !== textOf(policyStore(document).decide(question, 0))) expect(question).toBe(document)
    admission.release?.()
  }
})

test('PO-29 any order of the rules gives the same effect, reason and set of rules', () => {
  const random = new Random(seed, 3)
  const sorted = ({ rules, ...verdict }: Verdict) => ({ ...verdict, rules: [...rules].sort() })
  for (const { document, question } of pairs(4_000, 3)) {
    const keyed = document.rules.map((value) => ({ value, key: random.uint32() }))
    const rules = keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
    const after = policyStore({ ...document, rules }).decide(question, 0)
    expect(sorted(after)).toEqual(sorted(policyStore(document).decide(question, 0)))
  }
})

const isLate = (name: string) => name === 'bytes' || name === 'state' || name.startsWith('body.')
const only = (attributes: Attributes, wanted: (name: string) => boolean): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => wanted(name)))

test('PO-23 what is foreseen is a deny whatever the late attributes turn out to be', () => {
  const random = new Random(seed, 4)
  let foreseen = 0
  for (const { document, question } of pairs(4_000, 4)) {
    const { direction, verb, address, attributes } = question
    const policy = policyStore(document).forPeer(question.peer)
    const head = only(attributes, (name) => !isLate(name))
    if (policy.foresee(direction, verb, address, head) === undefined) continue
    foreseen++
    const others = [randomQuestion(random), randomQuestion(random)].map((each) => only(each.attributes, isLate))
    for (const late of [{}, only(attributes, isLate), ...others]) {
      expect(policy.admit(direction, verb, address, { ...late, ...head }, 0).effect).toBe('deny')
    }
  }
  expect(foreseen).toBeGreaterThan(500)
})

test('PO-23 a policy that needs nothing or only the head decides without what it does not need', () => {
  for (const { document, question } of pairs(4_000, 5)) {
    const { direction, verb, address, attributes } = question
    const needs = policyStore(document).forPeer(question.peer).needs(direction, verb, address)
    const enough = only(attributes, (name) => needs === 'body' || (needs === 'head' && !isLate(name)))
    const decide = (of: Attributes) => policyStore(document).decide({ ...question, attributes: of }, 0)
    if (textOf(decide(enough)) !== textOf(decide(attributes))) expect(question).toBe(document)
  }
})

describe('PO-15 to PO-17 the table of effects', () => {
  const yes = rule('yes', {})
  const also = rule('also', { on: ['a.v1.>'] })
  const no = rule('no', { effect: 'deny' })
  const broken = rule('broken', { when: [{ attribute: 'ttlMs', is: 'eq', value: 1 }] })
  const brokenNo = rule('brokenNo', { effect: 'deny', when: [{ attribute: 'ttlMs', is: 'eq', value: 1 }] })
  const unmet = rule('unmet', { when: [{ attribute: 'ttlMs', is: 'present' }] })
  const table: [string, object[], object][] = [
    ['PO-16 no rule', [], denied('default')],
    ['PO-15 an allow', [yes], allowed('yes')],
    ['PO-15 two allows', [yes, also], allowed('yes', 'also')],
    ['PO-15 a deny alone', [no], denied('rule', 'no')],
    ['PO-15 a deny wins over allows before it', [yes, also, no], denied('rule', 'no')],
    ['PO-15 a deny wins over allows behind it', [no, yes, also], denied('rule', 'no')],
    ['PO-15 an error denies and is named', [yes, broken], denied('error', 'broken')],
    ['PO-15 an error in a deny rule denies', [yes, brokenNo], denied('error', 'brokenNo')],
    ['PO-15 all errors are named', [brokenNo, yes, broken], denied('error', 'brokenNo', 'broken')],
    ['PO-15 a deny is the reason before an error', [broken, no], denied('rule', 'no')],
    ['PO-13 an unmet allow allows nothing', [unmet], denied('default')],
    ['PO-13 an unmet allow beside another', [unmet, yes], allowed('yes')],
  ]
  test.each(table)('%s', (_, rules, expected) => expect(ask(rules)).toEqual(expected))
})

describe('PO-16 PO-17 what happens without a rule', () => {
  const bare = (direction: 'in' | 'out', verb: Verb, document = {}) =>
    ask([], { direction, verb, address: verb === 'initiate' ? 'a.v1' : 'a.v1.o' }, document)
  test('PO-16 inbound acts are denied, whatever `outbound` says', () => {
    for (const outbound of ['allow', 'deny']) {
      for (const verb of ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const) {
        expect(bare('in', verb, { outbound })).toEqual(denied('default'))
      }
    }
  })
  test('PO-16 being in trust is the allow for initiate, and a rule can deny it', () => {
    expect(bare('in', 'initiate', { outbound: 'deny' })).toEqual(allowed())
    const deny = rule('no', { effect: 'deny', verbs: ['initiate'], on: ['a.v1'] })
    expect(ask([deny], { verb: 'initiate', address: 'a.v1' })).toEqual(denied('rule', 'no'))
    expect(ask([deny], { verb: 'initiate', address: 'b.v1' })).toEqual(allowed())
  })
  test('PO-17 outbound acts are allowed, unless outbound is deny', () => {
    for (const verb of ['initiate', 'call', 'consume'] as const) {
      expect(bare('out', verb)).toEqual(allowed())
      expect(bare('out', verb, { outbound: 'allow' })).toEqual(allowed())
      expect(bare('out', verb, { outbound: 'deny' })).toEqual(denied('default'))
    }
  })
  test('PO-17 a rule for one direction says nothing of the other', () => {
    const { by: _, ...to } = { ...rule('to', {}), to: ['any'] }
    expect(ask([to])).toEqual(denied('default'))
    expect(ask([to], { direction: 'out' }, { outbound: 'deny' })).toEqual(allowed('to'))
    expect(ask([rule('by', { effect: 'deny' })], { direction: 'out' })).toEqual(allowed())
  })
  test('PO-16 without a document everything inbound is denied', () => {
    const store = policyStore(undefined)
    const asked = { peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: {} } as const
    expect(store.decide(asked, 0)).toEqual(denied('default'))
  })
})

describe('PO-2 a who is compared whole', () => {
  const cases: [string, boolean][] = [
    ['any', true],
    [peer.id, true],
    [other.id, false],
    ['name:spiffe://x/one', true],
    ['name:spiffe://x/on', false],
    ['name:spiffe://x/one2', false],
    ['name:spiffe://X/one', false],
    ['name:*', false],
    ['role:ops', true],
    ['role:Ops', false],
    ['role:op', false],
    ['role:>', false],
    ['group:in', true],
    ['group:out', false],
    ['group:byrole', true],
  ]
  const groups = { in: [other.id, peer.id], out: [other.id], byrole: ['role:ops'] }
  test.each(cases)('PO-2 %s: %s', (who, met) => {
    expect(ask([rule('r', { by: [who] })], {}, { groups })).toEqual(met ? allowed('r') : denied('default'))
  })
  test('PO-2 a peer without a name or roles meets no rule for them', () => {
    expect(ask([rule('r', { by: ['name:undefined', 'role:undefined'] })], { peer: other })).toEqual(denied('default'))
  })
})

describe('PO-8 an address outside the grammar is denied, whatever the rules allow', () => {
  const all = rule('all', { on: ['>'], verbs: ['call', 'subscribe', 'initiate', 'publish'] })
  const addresses = [
    '',
    '.',
    'a',
    'a.v1',
    'a.v1.',
    '.a.v1.o',
    'a..v1.o',
    'a.v1.o.',
    'a.v1.o..x',
    'a.v1.o x',
    'a.v1.o\n',
    ' a.v1.o',

    'a.v1.o\0',
    'a.v1.o\u200b',
    'A.v1.o',
    'a.V1.o',
    'a.v1.O',
    'a.v0.o',
    'а.v1.o',
    'ａ.v1.o',
    'a.v1.o.é',
    'a.v1.o\u0301',

    'a.v1.*',
    'a.v1.o.*',
    'a.v1.o.>',
    'a.v1.o.{peer.id}',
    '>',
    '*',
    'a.v1.then',
    'a.v1.__proto__',
    'a.v1.constructor',

    'a/v1/o',
    'a.v1.o.%2e',
    'a.v1.o.x\u2024y',
    'a.v1.o\t',
    'a.v1.\u212a',
    `a.v1.o${'.x'.repeat(17)}`,
    `a.v1.${'o'.repeat(300)}`,
  ]
  test.each(addresses)('PO-8 %j', (address) => {
    expect(ask([all], { address })).toEqual(denied('error'))
    expect(ask([all], { address, verb: 'publish' })).toEqual(denied('error'))
    expect(ask([], { address, direction: 'out' })).toEqual(denied('error'))
  })
  test('PO-8 initiate asks of a contract and of nothing else', () => {
    expect(ask([all], { verb: 'initiate', address: 'a.v1' })).toEqual(allowed('all'))
    for (const address of ['a.v1.o', 'a', '*.v1', 'a.v1.*', '>']) {
      expect(ask([all], { verb: 'initiate', address })).toEqual(denied('error'))
    }
  })
  test('PO-8 a subscription may hold a wildcard for a whole token, and nowhere else', () => {
    expect(ask([all], { verb: 'subscribe', address: 'a.v1.o.*.x' })).toEqual(allowed('all'))
    for (const address of [
      'a.v1.*',
      'a.*.o',
      '*.v1.o',
      'a.v1.o.>',
      'a.v1.o.x*',
      'a.v1.o.**',
      'a.v1.o.{claim.tenant}',
    ]) {
      expect(ask([all], { verb: 'subscribe', address })).toEqual(denied('error'))
    }
  })
})

describe('PO-10 placeholders are compared as one token', () => {
  const own = rule('own', { on: ['a.v1.o.{claim.tenant}'] })
  test('PO-10 the claim must be the whole token', () => {
    expect(ask([own], { address: 'a.v1.o.acme' })).toEqual(allowed('own'))
    for (const token of ['acm', 'acmes', 'Acme', 'claim', 'tenant']) {
      expect(ask([own], { address: `a.v1.o.${token}` })).toEqual(denied('default'))
    }
  })
  test('PO-10 a claim that holds separators or wildcards is an error and never spliced', () => {
    for (const tenant of ['acme.x', '*', '>', '', 'a b', 'é', '{peer.id}', 3, true]) {
      const asked = { peer: { ...peer, claims: { tenant } }, address: 'a.v1.o.acme' }
      expect(ask([own], asked)).toEqual(denied('error', 'own'))
      expect(ask([own], { ...asked, address: 'a.v1.o.acme.x' })).toEqual(denied('default'))
    }
  })
  test('PO-10 an absent claim is an error where the rest matches, and only there', () => {
    expect(ask([own, rule('all', { on: ['>'] })], { peer: other, address: 'a.v1.o.acme' })).toEqual(
      denied('error', 'own'),
    )
    expect(ask([own, rule('all', { on: ['>'] })], { peer: other, address: 'a.v1.p.acme' })).toEqual(allowed('all'))
    const either = rule('either', { on: ['a.v1.o.{claim.tenant}', 'a.v1.o.*'] })
    expect(ask([either], { peer: other, address: 'a.v1.o.acme' })).toEqual(allowed('either'))
  })
})

test('PO-10 the id of the peer is the whole token', () => {
  const own = rule('own', { on: ['a.v1.o.{peer.id}'] })
  expect(ask([own], { address: `a.v1.o.${peer.id}` })).toEqual(allowed('own'))
  expect(ask([own], { address: `a.v1.o.${other.id}` })).toEqual(denied('default'))
})

describe('PO-14 conditions', () => {
  const when = (...conditions: object[]) => [rule('r', { when: conditions })]
  const met = allowed('r')
  const unmet = denied('default')
  const error = denied('error', 'r')
  const bytes = (is: string, value?: unknown) => ({ attribute: 'bytes', is, ...(value === undefined ? {} : { value }) })
  const table: [string, object[], Attributes, object][] = [
    ['eq', [bytes('eq', 5)], { bytes: 5 }, met],
    ['eq, zero and minus zero', [bytes('eq', 0)], { bytes: -0 }, met],
    ['ne', [bytes('ne', 5)], { bytes: 6 }, met],
    ['lt at the bound', [bytes('lt', 5)], { bytes: 5 }, unmet],
    ['le at the bound', [bytes('le', 5)], { bytes: 5 }, met],
    ['gt at the bound', [bytes('gt', 5)], { bytes: 5 }, unmet],
    ['ge at the bound', [bytes('ge', 5)], { bytes: 5 }, met],
    ['in', [bytes('in', [4, 5])], { bytes: 5 }, met],
    ['not-in', [bytes('not-in', [4, 5])], { bytes: 5 }, unmet],
    ['absent attribute', [bytes('eq', 5)], {}, error],
    ['absent attribute under ne', [bytes('ne', 5)], {}, error],
    ['absent attribute under not-in', [bytes('not-in', [5])], {}, error],
    ['text for a number', [bytes('eq', 5)], { bytes: '5' }, error],
    ['boolean for a number', [bytes('ge', 0)], { bytes: true }, error],
    // @ts-expect-error no attribute is null
    ['null', [bytes('ne', 5)], { bytes: null }, error],
    // @ts-expect-error no attribute is a bigint
    ['bigint', [bytes('eq', 5)], { bytes: 5n }, error],
    ['no number', [bytes('ne', 5)], { bytes: Number.NaN }, error],
    ['infinity', [bytes('gt', 5)], { bytes: Infinity }, met],
    ['present before an absent one', [bytes('present'), bytes('eq', 5)], {}, unmet],
    ['present behind an absent one', [bytes('eq', 5), bytes('present')], {}, error],
    ['present does not help an unlike type', [bytes('present'), bytes('eq', 5)], { bytes: '5' }, error],
    ['absent', [bytes('absent')], {}, met],
    ['absent of a present one', [bytes('absent')], { bytes: 1 }, unmet],
    ['unmet ends the reading', [bytes('eq', 4), { attribute: 'state', is: 'eq', value: 'x' }], { bytes: 5 }, unmet],
    ['error ends the reading', [{ attribute: 'state', is: 'eq', value: 'x' }, bytes('eq', 4)], { bytes: 5 }, error],
    ['no condition', [], {}, met],
    ['text is compared as it is', [{ attribute: 'label.l', is: 'eq', value: 'é' }], { 'label.l': 'e\u0301' }, unmet],
    ['claim', [{ attribute: 'claim.level', is: 'ge', value: 3 }], {}, met],
    ['unlike claim', [{ attribute: 'claim.level', is: 'eq', value: '3' }], {}, error],
    ['absent claim', [{ attribute: 'claim.none', is: 'eq', value: 1 }], {}, error],
    ['present before an absent claim', [{ attribute: 'claim.none', is: 'present' }], {}, unmet],
    ['error before an unmet claim', [bytes('eq', 1), { attribute: 'claim.level', is: 'eq', value: 9 }], {}, error],
  ]
  test.each(table)('PO-13 PO-14 %s', (_, conditions, attributes, expected) => {
    expect(ask(when(...conditions), { attributes })).toEqual(expected)
  })
  test('PO-26 an inherited attribute or claim is absent', () => {
    const conditions = [{ attribute: 'label.l', is: 'eq', value: 'x' }]
    expect(ask(when(...conditions), { attributes: Object.create({ 'label.l': 'x' }) })).toEqual(error)
    const heir: Peer = { ...peer, claims: Object.create({ level: 3, tenant: 'acme' }) }
    expect(ask(when({ attribute: 'claim.level', is: 'eq', value: 3 }), { peer: heir })).toEqual(error)
    const claims = ['toString', 'valueOf', 'hasOwnProperty'].map((name) => ({
      attribute: `claim.${name}`,
      is: 'absent',
    }))
    expect(ask(when(...claims))).toEqual(met)
  })
  test('PO-28 a claim told by a message is not read', () => {
    const claim = when({ attribute: 'claim.admin', is: 'eq', value: true })
    expect(ask(claim, { attributes: { 'claim.admin': true, admin: true } })).toEqual(error)
    expect(ask(claim, { peer: { ...peer, claims: { admin: true } } })).toEqual(met)
  })
})

test('PO-15 verdicts are frozen, and the usual one is shared', () => {
  const policy = policyStore({ version: 1, rules: [rule('r', {})] }).forPeer(peer)
  const first = policy.admit('in', 'call', 'a.v1.o', {}, 0)
  expect(policy.needs('in', 'call', 'a.v1.o')).toBe('nothing')
  expect(policy.admit('in', 'call', 'a.v1.o', {}, 1)).toBe(first)
  expect(Object.isFrozen(first) && Object.isFrozen(first.rules)).toBe(true)
})

test('PO-23 needs says what is read', () => {
  const needs = (...conditions: object[]) =>
    policyStore({ version: 1, rules: [rule('r', { when: conditions })] })
      .forPeer(peer)
      .needs('in', 'call', 'a.v1.o')
  expect(needs({ attribute: 'ttlMs', is: 'present' })).toBe('head')
  expect(needs({ attribute: 'label.x', is: 'present' }, { attribute: 'suite', is: 'present' })).toBe('head')
  expect(needs({ attribute: 'ttlMs', is: 'present' }, { attribute: 'body.x', is: 'present' })).toBe('body')
  for (const attribute of ['bytes', 'state', 'body.x']) expect(needs({ attribute, is: 'present' })).toBe('body')
  expect(needs({ attribute: 'claim.level', is: 'eq', value: 3 })).toBe('nothing')
  expect(needs({ attribute: 'claim.level', is: 'eq', value: '3' })).toBe('nothing')
})

test('PO-23 a peer that no rule could allow is denied before its message is read', () => {
  const big = rule('big', { by: [other.id], when: [{ attribute: 'body.x', is: 'eq', value: 1 }] })
  const store = policyStore({ version: 1, rules: [big] })
  expect(store.forPeer(peer).foresee('in', 'call', 'a.v1.o', {})).toEqual(denied('default'))
  expect(store.forPeer(other).foresee('in', 'call', 'a.v1.o', {})).toBeUndefined()
  expect(store.forPeer(other).foresee('in', 'call', 'a.v1.o', { 'body.x': 2 })).toEqual(denied('default'))
})
