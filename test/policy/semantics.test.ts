import { describe, expect, test } from 'vitest'
import { VERBS, type Verb } from '../../src/contract/kinds.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import { loadPolicy } from '../../src/policy/load.js'
import type { Scalar } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { read } from '../source.js'
import { idOf } from './arbitrary.js'
import { decideByReading, matchPattern } from './reference.js'

const chapter = read('spec/policy.md')

/** The rows of a table of the chapter, without backticks; the first names the columns. */
const rowsOf = (name: string): string[][] => {
  const [, text = ''] = new RegExp(`^<!-- run: ${name} -->\\s*\\n((?:\\|.*\\n)+)`, 'm').exec(chapter) ?? []
  const lines = text.trim().split('\n')
  const rows = lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  )
  return rows.filter((_, index) => index !== 1)
}

const bob: Peer = { id: idOf(2), roles: ['ops'], claims: { t: 'x', v: 'no token' } }

/** As the tables write a decision. */
const written = (verdict: Verdict): string =>
  [verdict.effect, ...('why' in verdict ? [verdict.why] : []), ...verdict.rules].join(' ')

/** What both ways to decide say; they agree. */
const decide = (document: object, question: Question): string => {
  const { peer, direction, verb, address, attributes } = question
  const store = policyStore(document)
  const verdict = store.decide(question, 0)
  const policy = store.forPeer(peer)
  expect(policy.admit(direction, verb, address, attributes, 0)).toEqual(verdict)
  // Without limits, an exchange that is open is asked of by the same rules.
  expect(policy.stands(direction, verb, address, attributes)).toEqual(verdict)
  expect(decideByReading(loadPolicy(document), question)).toEqual(verdict)
  return written(verdict)
}

const foresee = (document: object, { peer, direction, verb, address, attributes }: Question): string => {
  const verdict = policyStore(document).forPeer(peer).foresee(direction, verb, address, attributes)
  return verdict === undefined ? 'nothing' : written(verdict)
}

interface Base {
  readonly id: string
  readonly effect: string
  readonly verbs: readonly Verb[]
  readonly on: readonly string[]
}
type Who = { readonly by: readonly string[] } | { readonly to: readonly string[] }
type Way = (base: Base & Who) => object

const when =
  (attribute: string, is: string, value?: unknown): Way =>
  (base) => ({ ...base, when: [{ attribute, is, ...(value !== undefined && { value }) }] })

/** Ways for a rule to come to each state, where an act has the attributes below. */
const WAYS: Readonly<Record<string, readonly Way[]>> = {
  met: [
    (base) => base,
    when('ttlMs', 'le', 5),
    when('claim.t', 'eq', 'x'),
    (base) => ({ ...base, on: ['>', ...base.on] }),
  ],
  'not met': [when('ttlMs', 'gt', 5), when('claim.t', 'ne', 'x'), when('label.none', 'present')],
  error: [
    when('label.none', 'eq', 'x'),
    when('claim.u', 'eq', 'x'),
    when('claim.t', 'eq', 5),
    (base) => ({ ...base, on: base.on.map((pattern) => pattern.replace('a.', '{claim.u}.')) }),
  ],
  'no match': [
    (base) => ({ ...base, on: ['>'], verbs: VERBS.filter((verb) => !base.verbs.includes(verb)) }),
    (base) => ({ ...base, on: base.on.map((pattern) => pattern.replace('a.', 'b.')) }),
    (base) => ({ ...base, ...('by' in base ? { by: ['role:dev'] } : { to: ['role:dev'] }) }),
    ({ id, effect, verbs, on, ...who }) => ({
      id,
      effect,
      verbs,
      on,
      ...('by' in who ? { to: ['any'] } : { by: ['any'] }),
    }),
  ],
  open: [when('bytes', 'le', 5), when('body.x', 'eq', true), when('state', 'in', ['x'])],
}
const ATTRIBUTES = { ttlMs: 5, 'label.l': 'x' }

const ACTS = VERBS.filter((verb) => verb !== 'initiate')
const UNSAID = {}
const [ALLOW, DENY] = [{ outbound: 'allow' }, { outbound: 'deny' }]

/** What the columns of the first two tables stand for. */
const CONTEXTS: Readonly<
  Record<string, { direction: 'in' | 'out'; verbs: readonly Verb[]; settings: readonly object[] }>
> = {
  inbound: { direction: 'in', verbs: ACTS, settings: [UNSAID, ALLOW, DENY] },
  'inbound, initiate': { direction: 'in', verbs: ['initiate'], settings: [UNSAID, ALLOW, DENY] },
  'outbound, allow': { direction: 'out', verbs: VERBS, settings: [UNSAID, ALLOW] },
  'outbound, deny': { direction: 'out', verbs: VERBS, settings: [DENY] },
}

/** Each document and question of a row and a column. */
function* casesOf(deny: string, allow: string, column: string): Generator<[object, Question]> {
  const { direction, verbs, settings } = CONTEXTS[column] ?? { direction: 'in', verbs: [], settings: [] }
  for (const verb of verbs) {
    const address = verb === 'initiate' ? 'a.v1' : 'a.v1.o.x'
    const common = { verbs: [verb], on: [address], ...(direction === 'in' ? { by: ['any'] } : { to: ['any'] }) }
    const question: Question = { peer: bob, direction, verb, address, attributes: ATTRIBUTES }
    for (const setting of settings)
      for (const denying of WAYS[deny] ?? [])
        for (const allowing of WAYS[allow] ?? []) {
          const rules = [
            denying({ id: 'D', effect: 'deny', ...common }),
            allowing({ id: 'A', effect: 'allow', ...common }),
          ]
          yield [{ version: 1, rules, ...setting }, question]
        }
  }
}

/** A table whose first two columns are states of a deny and an allow rule: each cell is what `ask` says of all its cases. */
const describeStates = (id: string, name: string, ask: (document: object, question: Question) => string): void => {
  const [[, , ...columns] = [], ...rows] = rowsOf(name)
  const states =
    name === 'FORESEEN' ? ['met', 'not met', 'error', 'no match', 'open'] : ['met', 'not met', 'error', 'no match']
  test(`${id} the table is whole`, () => {
    expect(columns).toEqual(Object.keys(CONTEXTS))
    const all = states.flatMap((deny) => states.map((allow) => `${deny}, ${allow}`))
    const wanted = name === 'FORESEEN' ? all.filter((each) => each.includes('open')) : all
    expect(rows.map(([deny, allow]) => `${deny}, ${allow}`)).toEqual(wanted)
  })
  test.each(rows)(`${id} deny rule %s, allow rule %s`, (deny = '', allow = '', ...expected) => {
    columns.forEach((column, at) => {
      let asked = 0
      for (const [document, question] of casesOf(deny, allow, column)) {
        expect(ask(document, question), JSON.stringify({ document, question })).toBe(expected[at])
        asked++
      }
      expect(asked).toBeGreaterThanOrEqual(9)
    })
  })
}

describe('PO-50 one deny rule and one allow rule', () => {
  describeStates('PO-50', 'EFFECTS', (document, question) => {
    const decision = decide(document, question)
    // PO-51: no rule of these is open.
    expect(foresee(document, question)).toBe(decision.startsWith('deny') ? decision : 'nothing')
    return decision
  })
})

describe('PO-51 before the whole message has come', () => describeStates('PO-51', 'FORESEEN', foresee))

describe('PO-52 conditions', () => {
  const [[, ...columns] = [], ...rows] = rowsOf('CONDITIONS')
  const VALUES: Readonly<Record<string, Readonly<Record<string, Scalar>>>> = {
    number: { less: 4, equal: 5, greater: 6 },
    string: { less: 'a', equal: 'm', greater: 'z' },
    boolean: { less: false, equal: true },
  }
  const NAMES: Readonly<Record<string, readonly string[]>> = {
    number: ['bytes', 'ttlMs', 'ageMs', 'time', 'body.x', 'claim.x'],
    string: ['state', 'suite', 'label.x', 'body.x', 'claim.x'],
    boolean: ['body.x', 'claim.x'],
  }
  /** The values a column stands for, beside a condition on that type; none where it has none. */
  const valuesOf = (column: string, type: string): readonly (Scalar | undefined)[] => {
    if (column === 'absent') return [undefined]
    if (column === 'NaN') return [Number.NaN]
    if (column === 'another type')
      return Object.keys(VALUES).flatMap((each) => (each === type ? [] : [VALUES[each]?.equal]))
    const value = VALUES[type]?.[column]
    return value === undefined ? [] : [value]
  }
  const outcome = (condition: object, attribute: string, seen: Scalar | undefined): string => {
    const rule = {
      id: 'A',
      effect: 'allow',
      by: ['any'],
      verbs: ['call'],
      on: ['a.v1.o'],
      when: [{ attribute, ...condition }],
    }
    const told = seen === undefined ? {} : { [attribute]: seen }
    const isClaim = attribute.startsWith('claim.')
    const question: Question = {
      peer: isClaim ? { ...bob, claims: seen === undefined ? {} : { x: seen } } : bob,
      direction: 'in',
      verb: 'call',
      address: 'a.v1.o',
      attributes: isClaim ? {} : told,
    }
    const outcomes: Readonly<Record<string, string>> = {
      'allow A': 'met',
      'deny default': 'not met',
      'deny error A': 'error',
    }
    return outcomes[decide({ version: 1, rules: [rule] }, question)] ?? 'something else'
  }
  test.each(rows)('PO-52 %s', (written = '', ...expected) => {
    const [is = '', ...rest] = written.split(/ (.*)/)
    const value: unknown = rest[0] === undefined ? undefined : JSON.parse(rest[0])
    const types = value === undefined ? Object.keys(VALUES) : [typeof (Array.isArray(value) ? value[0] : value)]
    columns.forEach((column, at) => {
      for (const type of types) {
        const values = valuesOf(column, type)
        if (values.length === 0 && value !== undefined) expect(expected[at]).toBe('-')
        for (const attribute of NAMES[type] ?? [])
          for (const seen of values) {
            const condition = { is, ...(value !== undefined && { value }) }
            expect(outcome(condition, attribute, seen), `${attribute} ${String(seen)}`).toBe(expected[at])
          }
      }
    })
  })
  test('PO-52 every operator has a row', () => {
    const operators = new Set(rows.map(([written = '']) => written.split(' ')[0]))
    expect(operators).toEqual(new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'in', 'not-in', 'present', 'absent']))
  })
})

describe('PO-53 elements of patterns', () => {
  const [[, ...columns] = [], ...rows] = rowsOf('ELEMENTS')
  const TAILS: Readonly<Record<string, string>> = {
    x: '.x',
    y: '.y',
    'the id of the peer': `.${bob.id}`,
    '*': '.*',
    none: '',
    'x and one more': '.x.x',
  }
  test.each(rows)('PO-53 %s', (written = '', ...expected) => {
    const pattern = `a.v1.t.${written.split(',')[0]}`
    columns.forEach((column, at) => {
      const address = `a.v1.t${TAILS[column]}`
      for (const verb of ['subscribe', 'consume'] as const) {
        const rule = { id: 'A', effect: 'allow', by: ['any'], verbs: [verb], on: [pattern] }
        const question = { peer: bob, direction: 'in', verb, address, attributes: {} } as const
        const decision = decide({ version: 1, rules: [rule] }, question)
        expect(decision.replace('allow A', 'yes').replace('deny default', 'no').replace('deny error A', 'error')).toBe(
          expected[at],
        )
      }
      expect(matchPattern(pattern, address, bob)).toBe(expected[at])
    })
  })
})

describe('PO-53 subscriptions and their deliveries', () => {
  const [, ...rows] = rowsOf('SUBSCRIPTIONS')
  test.each(rows)('PO-53 allow %s, deny %s, subscription %s', (allow = '', deny = '', ...cells) => {
    const [subscription = '', decision, delivery = '', there] = cells
    for (const verb of ['subscribe', 'consume'] as const) {
      const rules = [
        ...(deny === '' ? [] : [{ id: 'D', effect: 'deny', by: ['any'], verbs: [verb], on: [deny] }]),
        { id: 'A', effect: 'allow', by: ['any'], verbs: [verb], on: allow.split(' ') },
      ]
      const ask = (address: string) =>
        decide({ version: 1, rules }, { peer: bob, direction: 'in', verb, address, attributes: {} })
      expect([ask(subscription), ask(delivery)]).toEqual([decision, there])
    }
  })
})
