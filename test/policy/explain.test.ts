import { describe, expect, test } from 'vitest'
import type { Peer } from '../../src/identity/peer.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import type { Explanation } from '../../src/policy/explain.js'
import type { Policy } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { idOf, randomPolicy, randomQuestion } from './arbitrary.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Pairs of a policy and a question; a hundredth of what the comparison of the deciders takes. */
const PAIRS = Number(process.env.SOTTO_PAIRS ?? 100_000) / 100
console.info(`test/policy/explain: SOTTO_SEED=${seed}`)

const peer: Peer = { id: idOf(1), roles: ['ops'], claims: { tenant: 'acme' } }
const rule = (id: string, more: object = {}) => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.set'],
  ...more,
})
const kitchen = { attribute: 'body.room', is: 'eq', value: 'kitchen' }
const small = { attribute: 'bytes', is: 'le', value: 10 }
const explain = (rules: readonly object[], more: Partial<Question> = {}, document: object = {}): Explanation =>
  policyStore({ version: 1, rules, ...document }).explain(
    { peer, direction: 'in', verb: 'call', address: 'a.v1.set', attributes: {}, ...more },
    0,
  )
const attributes = { bytes: 12, 'body.room': 'cellar' }

/** What the outcomes of the rules come to, told apart from the code. */
const recompute = ({ decision, rules }: Explanation): Verdict => {
  const ids = (outcome: string, effect?: string) =>
    rules.filter((each) => each.outcome === outcome && (effect ?? each.effect) === each.effect).map(({ id }) => id)
  if (ids('met', 'deny').length > 0) return { effect: 'deny', why: 'rule', rules: ids('met', 'deny') }
  if (ids('error').length > 0) return { effect: 'deny', why: 'error', rules: ids('error') }
  if (ids('met', 'allow').length > 0) return { effect: 'allow', rules: ids('met', 'allow') }
  return decision.effect === 'allow' ? { effect: 'allow', rules: [] } : { effect: 'deny', why: 'default', rules: [] }
}

test('PO-32 PO-33 the outcomes that are told make the decision, and it is what decide gives', () => {
  const random = new Random(seed, 1)
  const whys = new Set<string>()
  for (let round = 0; round < PAIRS; round++) {
    const document = randomPolicy(random)
    const store = policyStore(document)
    const question = randomQuestion(random)
    const told = store.explain(question, 0)
    const { decision } = told
    expect(decision).toEqual(store.decide(question, 0))
    const why = decision.effect === 'deny' ? decision.why : 'allow'
    if (why === 'limit') expect(recompute(told).rules).toEqual(expect.arrayContaining([...decision.rules]))
    else if (why !== 'error' || decision.rules.length > 0) expect(recompute(told)).toEqual(decision)
    for (const { outcome, unmet } of told.rules) expect(unmet.length > 0).toBe(outcome !== 'met')
    expect(told.near !== undefined).toBe(why === 'limit' || (why === 'default' && allows(document, question)))
    whys.add(why)
  }
  expect([...whys]).toEqual(expect.arrayContaining(['allow', 'default', 'error', 'rule']))

  function allows({ rules }: Policy, { direction }: Question): boolean {
    return rules.some(({ effect, by }) => effect === 'allow' && (by !== undefined) === (direction === 'in'))
  }
})

describe('PO-32 what is told of a rule', () => {
  test('PO-32 the conditions that do not hold, and the attributes that were read', () => {
    const when = [{ attribute: 'bytes', is: 'present' }, small, kitchen]
    expect(
      explain([rule('small', { when }), rule('all'), rule('other', { on: ['a.v1.get'] })], { attributes }),
    ).toEqual({
      decision: { effect: 'allow', rules: ['all'] },
      rules: [
        {
          id: 'small',
          effect: 'allow',
          outcome: 'unmet',
          unmet: ['bytes le 10', 'body.room eq "kitchen"'],
          read: ['bytes = 12'],
        },
        { id: 'all', effect: 'allow', outcome: 'met', unmet: [], read: [] },
      ],
    })
  })
  test('PO-32 an attribute that is absent is an error', () => {
    const { decision, rules } = explain([rule('r', { when: [kitchen] })])
    expect(decision).toEqual({ effect: 'deny', why: 'error', rules: ['r'] })
    expect(rules).toMatchObject([{ outcome: 'error', unmet: ['body.room eq "kitchen"'], read: ['body.room absent'] }])
  })
  test('PO-32 a pattern with a claim that the peer lacks is told by its text', () => {
    const on = ['b.v1.set', 'a.v1.set.{claim.room}']
    const { decision, rules } = explain([rule('r', { on })], { address: 'a.v1.set.x' })
    expect(decision).toEqual({ effect: 'deny', why: 'error', rules: ['r'] })
    expect(rules).toMatchObject([{ outcome: 'error', unmet: ['on a.v1.set.{claim.room}'], read: [] }])
  })
  test('PO-32 a rule whose claim is unmet is told of too', () => {
    const when = [{ attribute: 'claim.tenant', is: 'in', value: ['a', 'b', 'c', 'd', 'e', 'f'] }]
    expect(explain([rule('r', { when })]).rules).toMatchObject([
      { outcome: 'unmet', unmet: ['claim.tenant in ["a", "b", "c", "d", \u20262 more]'], read: ['claim.tenant'] },
    ])
  })
  test('PO-32 a byte rate reads the size', () => {
    expect(explain([rule('r', { limit: { bytesPerSecond: 9 } })]).rules).toMatchObject([
      { outcome: 'error', unmet: ['bytes ge 0'], read: ['bytes absent'] },
    ])
  })
})

describe('PO-33 the allow rule that came nearest', () => {
  const near = (rules: readonly object[], more: Partial<Question> = {}, document: object = {}) =>
    explain(rules, more, document).near
  const cases: [string, readonly object[], Explanation['near']][] = [
    [
      'lacks a condition, and another lacks two',
      [rule('two', { when: [small, kitchen] }), rule('one', { when: [small] }), rule('verb', { verbs: ['send'] })],
      { id: 'one', misses: 'condition', what: 'bytes le 10' },
    ],
    [
      'lacks who',
      [rule('far', { by: ['role:x'], on: ['a.v1.get'] }), rule('who', { by: ['role:staff', 'name:n'] })],
      { id: 'who', misses: 'who', what: 'by role:staff, name:n' },
    ],
    ['lacks the verb', [rule('verb', { verbs: ['send'] })], { id: 'verb', misses: 'verb', what: 'verbs send' }],
    [
      'lacks the address, and others lack more of it',
      [
        rule('b', { on: ['b.v1.set'] }),
        rule('near', { on: ['b.v1.get', 'a.v1.get'] }),
        rule('same', { on: ['a.v1.x'] }),
      ],
      { id: 'near', misses: 'address', what: 'on a.v1.get' },
    ],
    [
      'lacks the address, and names its first pattern of those that meet as much',
      [rule('r', { on: ['b.v1.set', 'a.v1.x', 'a.v1.y'] })],
      { id: 'r', misses: 'address', what: 'on a.v1.x' },
    ],
    [
      'lacks several things',
      [rule('r', { by: ['role:x'], verbs: ['send'], on: ['b.v1.>'] })],
      { id: 'r', misses: 'who', what: 'by role:x; verbs send; on b.v1.>' },
    ],
    ['is none that denies, and none of the other direction', [{ ...rule('r'), by: undefined, to: ['any'] }], undefined],
  ]
  test.each(cases)('PO-33 %s', (_, rules, expected) => {
    const whole = rules.map((each) =>
      Object.fromEntries(Object.entries(each).filter(([, value]) => value !== undefined)),
    )
    expect(near([...whole, rule('never', { effect: 'deny', verbs: ['send'] })], { attributes })).toEqual(expected)
  })
  test('PO-33 of our own acts is one that says to whom', () => {
    const { by: _, ...to } = { ...rule('out'), to: ['role:x'] }
    expect(near([rule('in'), to], { direction: 'out' }, { outbound: 'deny' })).toEqual({
      id: 'out',
      misses: 'who',
      what: 'to role:x',
    })
  })
  test('PO-33 has no room: the parts of its limit are told', () => {
    const store = policyStore({
      version: 1,
      rules: [rule('free'), rule('r', { limit: { perSecond: 1, concurrent: 1, bytesPerSecond: 20 } })],
    })
    const admit = (nowMs: number) => store.forPeer(peer).admit('in', 'call', 'a.v1.set', attributes, nowMs)
    const why = (nowMs: number) =>
      store.explain({ peer, direction: 'in', verb: 'call', address: 'a.v1.set', attributes }, nowMs).near
    const admission = admit(0)
    expect(why(0)).toEqual({ id: 'r', misses: 'limit', what: 'perSecond 1; bytesPerSecond 20; concurrent 1' })
    expect(why(1_000)).toEqual({ id: 'r', misses: 'limit', what: 'concurrent 1' })
    admission.release?.()
    expect(why(1_000)).toBeUndefined()
  })
  test('PO-33 is told of no other decision', () => {
    const deny = rule('no', { effect: 'deny' })
    expect([
      near([rule('r')]),
      near([rule('r', { verbs: ['send'] }), deny]),
      near([rule('r')], { address: 'A' }),
    ]).toEqual([undefined, undefined, undefined])
  })
})

describe('PO-34 values', () => {
  const when = ['bytes', 'label.l', 'body.b', 'claim.t', 'time'].map((attribute) => ({ attribute, is: 'present' }))
  const secret: Peer = { id: idOf(2), roles: ['dev'], claims: { t: 'SECRET-claim' } }
  const question: Question = {
    peer: secret,
    direction: 'in',
    verb: 'call',
    address: 'a.v1.set',
    attributes: { bytes: 7, time: 9, 'label.l': 'SECRET-label', 'body.b': 'SECRET-body' },
  }
  test('PO-34 of labels, bodies and claims are withheld, of others told', () => {
    const { rules } = policyStore({ version: 1, rules: [rule('r', { when })] }).explain(question, 0)
    expect(rules[0]?.read).toEqual(['bytes = 7', 'label.l', 'body.b', 'claim.t', 'time = 9'])
  })
  test('PO-34 that the policy reveals are told, cut where they are long', () => {
    const reveal = ['label.l', 'body.b', 'claim.t']
    const long = { ...question, attributes: { ...question.attributes, 'body.b': 'x'.repeat(65) } }
    const { rules } = policyStore({ version: 1, rules: [rule('r', { when })], reveal }).explain(long, 0)
    expect(rules[0]?.read).toEqual([
      'bytes = 7',
      'label.l = "SECRET-label"',
      `body.b = "${'x'.repeat(64)}"\u2026`,
      'claim.t = "SECRET-claim"',
      'time = 9',
    ])
  })
  test('PO-34 stand in no explanation and in no record of any policy that does not reveal them', () => {
    const random = new Random(seed, 2)
    let read = 0
    for (let round = 0; round < PAIRS; round++) {
      const { reveal: _, ...document } = randomPolicy(random)
      const store = policyStore(document, { audit: () => true })
      const { direction, verb, address } = randomQuestion(random)
      const act = { ...question, direction, verb, address }
      const admission = store.forPeer(secret).admit(direction, verb, address, act.attributes, 0)
      const text = JSON.stringify([store.explain(act, 0), admission.seen])
      expect(text).not.toContain('SECRET')
      if (/"(label|body|claim)\.\w+":null/.test(text)) read++
    }
    expect(read).toBeGreaterThan(PAIRS / 200)
  })
})

describe('PO-34 what is seen of a decision', () => {
  test('PO-34 is what an explanation tells of the rules that match', () => {
    const random = new Random(seed, 3)
    let compared = 0
    for (let round = 0; round < PAIRS; round++) {
      const store = policyStore(randomPolicy(random), { audit: () => true })
      const question = randomQuestion(random)
      const { direction, verb, address } = question
      const { rules } = store.explain(question, 0)
      if (rules.length > 32) continue
      const { seen } = store.forPeer(question.peer).admit(direction, verb, address, question.attributes, 0)
      const unmet = rules.filter(({ outcome }) => outcome !== 'met').map(({ id, unmet: [first] }) => `${id} ${first}`)
      expect([...(seen?.unmet ?? [])].sort()).toEqual(unmet.sort())
      const read = new Set(rules.flatMap((each) => each.read.filter((text) => !text.endsWith(' absent'))))
      expect(new Set(Object.keys(seen?.read ?? {}))).toEqual(new Set([...read].map((text) => text.split(' ')[0])))
      if (read.size > 0 && unmet.length > 0) compared++
    }
    expect(compared).toBeGreaterThan(PAIRS / 50)
  })
  test('PO-34 is told only while it is audited', () => {
    const document = { version: 1, rules: [rule('r', { when: [small] })] }
    const admit = (audit?: () => boolean) =>
      policyStore(document, audit && { audit })
        .forPeer(peer)
        .admit('in', 'call', 'a.v1.set', attributes, 0)
    expect(admit()).toEqual({ effect: 'deny', why: 'default', rules: [] })
    expect(admit(() => true).seen).toEqual({ read: { bytes: 12 }, unmet: ['r bytes le 10'] })
  })
  test('PO-34 of a decision that is foreseen is without what has not come', () => {
    const rules = [
      rule('big', { when: [{ attribute: 'ttlMs', is: 'gt', value: 9 }, small] }),
      rule('late', { when: [small], effect: 'deny' }),
    ]
    const policy = policyStore({ version: 1, rules }, { audit: () => true }).forPeer(peer)
    expect(policy.foresee('in', 'call', 'a.v1.set', { ttlMs: 5 })).toEqual({
      effect: 'deny',
      why: 'default',
      rules: [],
      seen: { read: { ttlMs: 5 }, unmet: ['big ttlMs gt 9'] },
    })
  })
  test('PO-34 is at most 32 attributes of few rules, and 32 rules that read one attribute', () => {
    const labels = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`label.l${n}`, 'y']))
    const present = Object.keys(labels).map((attribute) => ({ attribute, is: 'present' }))
    const seen = (rules: readonly object[]) =>
      policyStore({ version: 1, rules }, { audit: () => true })
        .forPeer(peer)
        .admit('in', 'call', 'a.v1.set', labels, 0).seen
    const few = seen([rule('a', { when: present.slice(0, 20) }), rule('b', { when: present.slice(20) })])
    expect([Object.keys(few?.read ?? {}).length, few?.unmet]).toEqual([32, []])
    const when = [{ attribute: 'label.l0', is: 'eq', value: 'x' }]
    const one = seen(Array.from({ length: 50 }, (_, n) => rule(`r${n}`, { when })))
    expect([one?.read, one?.unmet.length]).toEqual([{ 'label.l0': null }, 32])
  })
  test('PO-34 is at most 32 attributes and 32 rules', () => {
    const rules = Array.from({ length: 50 }, (_, n) =>
      rule(`r${n}`, { when: [{ attribute: `label.l${n}`, is: 'eq', value: 'x' }] }),
    )
    const labels = Object.fromEntries(rules.map((_, n) => [`label.l${n}`, 'y']))
    const { seen } = policyStore({ version: 1, rules }, { audit: () => true })
      .forPeer(peer)
      .admit('in', 'call', 'a.v1.set', labels, 0)
    expect([Object.keys(seen?.read ?? {}).length, seen?.unmet.length]).toEqual([32, 32])
  })
})

test('PO-32 to explain at the largest policy ends', () => {
  const rules = Array.from({ length: 10_000 }, (_, n) => rule(`r${n}`, { on: [`b.v1.o.${'x.'.repeat(12)}x${n}`] }))
  expect(explain(rules, { address: `b.v1.o.${'x.'.repeat(12)}y` }).near).toMatchObject({ id: 'r0', misses: 'address' })
})
