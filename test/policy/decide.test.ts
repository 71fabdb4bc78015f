import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isAddress, isContractName } from '../../src/contract/address.js'
import type { Verb } from '../../src/contract/kinds.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import { loadPolicy } from '../../src/policy/load.js'
import { policyStore } from '../../src/policy/store.js'
import { idOf, PEERS, policyDocument, question } from './arbitrary.js'
import { decideByReading } from './reference.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/decide: seed ${seed}`)
const runs = { seed, numRuns: 5_000 }

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

/** The grammar of what can be asked, told apart from the code: a subscription may hold `*` for a token. */
const askable = ({ verb, address }: Question): boolean => {
  if (verb === 'initiate') return isContractName(address)
  const wild = verb === 'subscribe' || verb === 'consume'
  return isAddress(wild ? address.replace(/(?<=^[a-z]+\.v\d\.[a-z]+(\..+)?\.)\*(?=\.|$)/g, 'w') : address)
}

test('PO-9 PO-13 PO-15 the compiled policy decides as the one that is written to be read', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(policyDocument, fc.array(question, { minLength: 1, maxLength: 8 }), (document, questions) => {
      const store = policyStore(document)
      const policy = loadPolicy(document)
      for (const each of questions) {
        const expected = askable(each) ? decideByReading(policy, each) : denied('error')
        expect(store.decide(each, 0)).toEqual(expected)
        expect(store.forPeer(each.peer).admit(each.direction, each.verb, each.address, each.attributes, 0)).toEqual(
          expected,
        )
        seen.add(expected.effect === 'allow' ? `allow ${expected.rules.length > 0}` : expected.why)
      }
    }),
    runs,
  )
  expect([...seen].sort()).toEqual(['allow false', 'allow true', 'default', 'error', 'rule'])
})

test('PO-29 any order of the rules gives the same effect, reason and set of rules', () => {
  fc.assert(
    fc.property(policyDocument, question, fc.infiniteStream(fc.nat()), (document, each, numbers) => {
      const keyed = document.rules.map((value) => ({ value, key: numbers.next().value }))
      const rules = keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
      const [before, after] = [document, { ...document, rules }].map((of) => policyStore(of).decide(each, 0))
      expect({ ...after, rules: [...(after?.rules ?? [])].sort() }).toEqual({
        ...before,
        rules: [...(before?.rules ?? [])].sort(),
      })
    }),
    runs,
  )
})

test('PO-23 what is foreseen is a deny whatever the late attributes turn out to be', () => {
  const isLate = (name: string) => name === 'bytes' || name === 'state' || name.startsWith('body.')
  let foreseen = 0
  fc.assert(
    fc.property(policyDocument, question, fc.array(question, { maxLength: 4 }), (document, each, others) => {
      const policy = policyStore(document).forPeer(each.peer)
      const entries = Object.entries(each.attributes)
      const head = Object.fromEntries(entries.filter(([name]) => !isLate(name)))
      const sure = policy.foresee(each.direction, each.verb, each.address, head)
      const wholes = [head, ...others.map(({ attributes }) => ({ ...late(attributes), ...head })), each.attributes]
      for (const whole of wholes) {
        const verdict = policy.admit(each.direction, each.verb, each.address, whole, 0)
        if (sure !== undefined) expect(verdict.effect).toBe('deny')
      }
      if (sure !== undefined) foreseen++
    }),
    runs,
  )
  expect(foreseen).toBeGreaterThan(100)

  function late(attributes: Attributes): Attributes {
    return Object.fromEntries(Object.entries(attributes).filter(([name]) => isLate(name)))
  }
})

test('PO-23 a policy that needs nothing or only the head decides without what it does not need', () => {
  fc.assert(
    fc.property(policyDocument, question, (document, each) => {
      const policy = policyStore(document).forPeer(each.peer)
      const needs = policy.needs(each.direction, each.verb, each.address)
      const isHead = (name: string) => ['ttlMs', 'label.l'].includes(name)
      const enough = Object.entries(each.attributes).filter(
        ([name]) => needs === 'body' || (needs === 'head' && isHead(name)),
      )
      const decide = (attributes: Attributes) => policy.admit(each.direction, each.verb, each.address, attributes, 0)
      expect(decide(Object.fromEntries(enough))).toEqual(decide(each.attributes))
    }),
    runs,
  )
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

test('PO-8 the random questions meet the grammar both ways', () => {
  expect(PEERS).toHaveLength(3)
  const asked = fc.sample(question, { seed, numRuns: 2_000 })
  expect(new Set(asked.map(askable))).toEqual(new Set([true, false]))
})
