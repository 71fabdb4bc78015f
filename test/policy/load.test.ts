import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { encodeText } from '../../src/identity/text.js'
import { parseJson } from '../../src/policy/json.js'
import { BOUNDS, loadPolicy } from '../../src/policy/load.js'
import { MAX_DOCUMENT } from '../../src/policy/place.js'
import { OPERATORS, typesOfAttribute } from '../../src/policy/rule.js'
import { idOf } from './arbitrary.js'

const RULE = { id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'] }
const document = (more: object = {}) => ({ version: 1, rules: [RULE], ...more })
const withRule = (more: object) => document({ rules: [{ ...RULE, ...more }] })
const without = (field: string) =>
  document({ rules: [Object.fromEntries(Object.entries(RULE).filter(([name]) => name !== field))] })
const withCondition = (condition: object) => withRule({ when: [{ attribute: 'bytes', is: 'eq', value: 1 }, condition] })
const many = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index))
const rulesWith = (count: number, more: object = {}) =>
  document({ rules: many(count, (n) => ({ ...RULE, id: `r${n}`, ...more })) })

const refusal = (value: unknown): SottoError<'policy/malformed'> => {
  try {
    loadPolicy(value)
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

test('PO-1 a full document loads, as frozen copies', () => {
  const full = {
    $schema: 'https://example.org/policy.json',
    version: 1,
    groups: { staff: [idOf(1), 'name:spiffe://x/y', 'role:ops', 'any'] },
    rules: [
      {
        ...RULE,
        on: ['a.v1.>', 'a.v1.o.{claim.t}', 'a.v1.o.{peer.id}'],
        by: ['group:staff', idOf(2)],
        when: [
          { attribute: 'bytes', is: 'in', value: [1, 2] },
          { attribute: 'claim.x', is: 'present' },
          { attribute: 'body.y', is: 'eq', value: false },
        ],
        limit: { perSecond: 0.5, bytesPerSecond: 100, concurrent: 3 },
      },
      { id: 'out', effect: 'deny', to: ['any'], verbs: ['initiate'], on: ['a.v1'] },
    ],
    outbound: 'deny',
    reveal: ['body.room', 'label.trace', 'claim.tenant'],
  }
  const policy = loadPolicy(full)
  expect(policy).toEqual(full)
  const parts: object[] = [policy]
  for (const part of parts) {
    expect(Object.isFrozen(part)).toBe(true)
    parts.push(...Object.values(part).filter((each) => typeof each === 'object' && each !== null))
  }
  expect(parts).toHaveLength(19)
  full.rules[0]?.on.push('b.v1.o')
  expect(policy.rules[0]?.on).toHaveLength(3)
})

test('PO-1 an empty document is version and rules', () => {
  expect(loadPolicy({ version: 1, rules: [] })).toEqual({ version: 1, rules: [] })
})

describe('PO-1 names the place of what does not fit', () => {
  class Document {
    version = 1
    rules = []
  }
  const cases: [string, unknown, string][] = [
    ['no object', null, ''],
    ['undefined', undefined, ''],
    ['a list', [], ''],
    ['a text', '{}', ''],
    ['an instance of a class', new Document(), ''],
    ['a Map', new Map([['version', 1]]), ''],
    ['no version', { rules: [] }, 'version'],
    ['version 2', document({ version: 2 }), 'version'],
    ['version as text', document({ version: '1' }), 'version'],
    ['no rules', { version: 1 }, 'rules'],
    ['rules as object', document({ rules: {} }), 'rules'],
    ['rules as array-like', document({ rules: { length: 0 } }), 'rules'],
    ['a rule that is null', document({ rules: [null] }), 'rules[0]'],
    [
      'a hole in the rules',
      document({
        rules: many(2, () => RULE)
          .slice(0, 0)
          .concat(Array(1)),
      }),
      'rules[0]',
    ],
    ['$schema as number', document({ $schema: 1 }), '$schema'],
    ['outbound as boolean', document({ outbound: true }), 'outbound'],
    ['outbound undefined', document({ outbound: undefined }), 'outbound'],
    ...['id', 'effect', 'verbs', 'on'].map((field): [string, unknown, string] => [
      `no ${field}`,
      without(field),
      `rules[0].${field}`,
    ]),
    ['neither by nor to', without('by'), 'rules[0]'],
    ['by and to', withRule({ to: ['any'] }), 'rules[0]'],
    ['empty by', withRule({ by: [] }), 'rules[0].by'],
    ['by as text', withRule({ by: 'any' }), 'rules[0].by'],
    ['empty on', withRule({ on: [] }), 'rules[0].on'],
    ['empty verbs', withRule({ verbs: [] }), 'rules[0].verbs'],
    ['unknown verb', withRule({ verbs: ['call', 'read'] }), 'rules[0].verbs[1]'],
    ['verb in capitals', withRule({ verbs: ['Call'] }), 'rules[0].verbs[0]'],
    ['unknown effect', withRule({ effect: 'permit' }), 'rules[0].effect'],
    ['effect as boxed text', withRule({ effect: Object('allow') }), 'rules[0].effect'],
    ['duplicate rule id', document({ rules: [RULE, { ...RULE, effect: 'deny' }] }), 'rules[1].id'],
    ['empty rule id', withRule({ id: '' }), 'rules[0].id'],
    ['rule id with a dot', withRule({ id: 'a.b' }), 'rules[0].id'],
    ['rule id with a line feed', withRule({ id: 'a\n' }), 'rules[0].id'],
    ['rule id as number', withRule({ id: 1 }), 'rules[0].id'],
    ['when as object', withRule({ when: {} }), 'rules[0].when'],
    ['limit without a field', withRule({ limit: {} }), 'rules[0].limit'],
    ['group as text', document({ groups: { g: 'any' } }), 'groups.g'],
    ['groups as list', document({ groups: [] }), 'groups'],
    ['group with a bad name', document({ groups: { 'a b': [] } }), 'groups.?'],
    ['group in a group', document({ groups: { g: ['group:g'] } }), 'groups.g[0]'],
    ['bad member', document({ groups: { g: ['any', 'all'] } }), 'groups.g[1]'],
  ]
  test.each(cases)('PO-1 %s', (_, value, path) => {
    const error = refusal(value)
    expect(error.details.path).toBe(path)
    expect(error.message).toMatch(
      path === '' ? /expected/ : new RegExp(`expected .*, at ${path.replace(/[[\]?$.]/g, '\\$&')}$`),
    )
  })
})

describe('PO-2 a who that is none', () => {
  const id = idOf(1)
  const cases = [
    '',
    'ANY',
    'any ',
    '*',
    'sotto1',
    id.toUpperCase(),
    `${id} `,
    id.slice(0, -1),
    `${id.slice(0, -1)}${id.endsWith('q') ? 'p' : 'q'}`,
    id.replace('1', '\uff11'),
    'role:',
    'role: ops',
    'role:o ps',
    'role:öps',
    'role:\u202eops',
    'role:ops\n',
    `role:${'x'.repeat(256)}`,
    'name:',
    'Name:x',
    'roles:ops',
    'group:',
    'group:none',
    'group:__proto__',
    'group:toString',
    'sottoca1x',
    'x',
    3,
    null,
    ['any'],
  ]
  test.each(cases)('PO-2 refuses %j', (who) => {
    expect(refusal(withRule({ by: ['any', who] })).details.path).toBe('rules[0].by[1]')
    expect(refusal(document({ rules: [], groups: { g: [who] } })).details.path).toBe('groups.g[0]')
  })
  test('PO-2 takes a name and a role of any printable ASCII', () => {
    for (const who of ['role:a', 'name:spiffe://example.org/ns/a_b-c', 'role:*', `role:${'x'.repeat(255)}`]) {
      expect(loadPolicy(withRule({ by: [who] })).rules[0]?.by).toEqual([who])
    }
  })
})

describe('PO-3 bounds', () => {
  const condition = { attribute: 'state', is: 'in', value: many(BOUNDS.listed, () => 'x') }
  const at: [string, object, object, string][] = [
    ['rules', rulesWith(BOUNDS.rules), rulesWith(BOUNDS.rules + 1), 'rules'],
    [
      'who',
      withRule({ by: many(BOUNDS.who, () => 'any') }),
      withRule({ by: many(BOUNDS.who + 1, () => 'any') }),
      'rules[0].by',
    ],
    [
      'patterns',
      withRule({ on: many(BOUNDS.patterns, () => '>') }),
      withRule({ on: many(BOUNDS.patterns + 1, () => '>') }),
      'rules[0].on',
    ],
    [
      'conditions',
      withRule({ when: many(BOUNDS.conditions, () => condition) }),
      withRule({ when: many(BOUNDS.conditions + 1, () => condition) }),
      'rules[0].when',
    ],
    [
      'listed values',
      withRule({ when: [condition] }),
      withRule({ when: [{ ...condition, value: [...condition.value, 'x'] }] }),
      'rules[0].when[0].value',
    ],
    [
      'members',
      document({ groups: { g: many(BOUNDS.members, () => 'any') } }),
      document({ groups: { g: many(BOUNDS.members + 1, () => 'any') } }),
      'groups.g',
    ],
    [
      'groups',
      document({ groups: Object.fromEntries(many(BOUNDS.groups, (n) => [`g${n}`, []])) }),
      document({ groups: Object.fromEntries(many(BOUNDS.groups + 1, (n) => [`g${n}`, []])) }),
      'groups',
    ],
    [
      'pairs of who and pattern',
      rulesWith(BOUNDS.pairs / 1_000, { by: many(1_000, () => 'any') }),
      rulesWith(BOUNDS.pairs / 1_000 + 1, { by: many(1_000, () => 'any') }),
      'rules',
    ],
    [
      'names to reveal',
      document({ reveal: many(BOUNDS.revealed, (n) => `body.f${n}`) }),
      document({ reveal: many(BOUNDS.revealed + 1, (n) => `body.f${n}`) }),
      'reveal',
    ],
    [
      'a text',
      withCondition({ attribute: 'state', is: 'eq', value: 'x'.repeat(BOUNDS.text) }),
      withCondition({ attribute: 'state', is: 'eq', value: 'x'.repeat(BOUNDS.text + 1) }),
      'rules[0].when[1].value',
    ],
    [
      'a rate',
      withRule({ limit: { perSecond: BOUNDS.rate } }),
      withRule({ limit: { perSecond: BOUNDS.rate * 2 } }),
      'rules[0].limit.perSecond',
    ],
  ]
  test.each(at)('PO-3 %s', (_, within, beyond, path) => {
    expect(loadPolicy(within).version).toBe(1)
    expect(refusal(beyond).details.path).toBe(path)
  })
  test('PO-3 all characters together', () => {
    const long = { attribute: 'state', is: 'in', value: many(BOUNDS.listed, () => 'x'.repeat(BOUNDS.text)) }
    const count = Math.ceil(MAX_DOCUMENT / (BOUNDS.listed * BOUNDS.text))
    expect(loadPolicy(withRule({ when: many(count - 1, () => long) })).version).toBe(1)
    expect(refusal(withRule({ when: many(count, () => long) })).details.path).toBe('')
  })
  test('PO-3 a list that claims a huge length is refused before it is read', () => {
    expect(refusal(document({ rules: Array(2 ** 32 - 1) })).details.path).toBe('rules')
  })
})

describe('PO-4 a field it does not know', () => {
  const cases: [string, unknown, string][] = [
    ['of the document', document({ rule: [] }), 'rule'],
    ['of a rule', withRule({ unless: [] }), 'rules[0].unless'],
    ['misspelt', withRule({ When: [] }), 'rules[0].When'],
    ['of a condition', withCondition({ attribute: 'bytes', is: 'eq', value: 1, not: true }), 'rules[0].when[1].not'],
    ['of a limit', withRule({ limit: { perMinute: 1 } }), 'rules[0].limit.perMinute'],
    ['a symbol', document({ [Symbol('x')]: 1 }), '?'],
    ['of hostile form', document({ 'a\nb': 1 }), '?'],
    ['very long', document({ ['x'.repeat(1_000)]: 1 }), '?'],
    ['not enumerable', Object.defineProperty(document(), 'hidden', { value: 1 }), 'hidden'],
  ]
  test('PO-4 says which fields there are', () => {
    expect(refusal(withRule({ limit: { x: 1 } })).message).toContain(
      'expected perSecond, bytesPerSecond, concurrent, got',
    )
  })
  test.each(cases)('PO-4 %s', (_, value, path) => expect(refusal(value).details.path).toBe(path))
})

describe('PO-5 names found on every object', () => {
  const RESERVED = ['__proto__', 'constructor', 'prototype']
  test.each(RESERVED)('PO-5 refuses %s wherever a name may stand', (name) => {
    const own = (value: unknown): object => JSON.parse(`{${JSON.stringify(name)}:${JSON.stringify(value)}}`)
    expect(refusal(withRule({ id: name })).details.path).toBe('rules[0].id')
    expect(refusal(document({ groups: own(['any']) })).details.path).toBe(`groups.${name}`)
    for (const family of ['label', 'body', 'claim']) {
      const path = 'rules[0].when[1].attribute'
      expect(refusal(withCondition({ attribute: `${family}.${name}`, is: 'present' })).details.path).toBe(path)
    }
    expect(refusal(withRule({ on: [`a.v1.o.{claim.${name}}`] })).details.path).toBe('rules[0].on[0]')
    expect(refusal(JSON.parse(`{"version":1,"rules":[],${JSON.stringify(name)}:{}}`)).details.path).toBe(name)
  })
  test('PO-5 a prototype told by the document is not its prototype', () => {
    refusal(JSON.parse('{"version":1,"rules":[],"__proto__":{"outbound":"deny"}}'))
    expect(refusal({ __proto__: { version: 1, rules: [] } }).details.path).toBe('')
    expect('outbound' in {}).toBe(false)
  })
})

describe('PO-6 PO-7 patterns', () => {
  test.each(['a.>.b', 'a b.v1.o', 'a.v1.o.{peer.name}', 'a.v1.o.x*', ''])('PO-6 refuses %j', (on) => {
    expect(refusal(withRule({ on: ['a.v1.o', on] })).details.path).toBe('rules[0].on[1]')
  })
  test.each([
    'a.o',
    'a.v1',
    'A.v1.o',
    'a.v0.o',
    'a.v1.O',
    'a.v1.then',
    'v1.o',
    'a.v1.>.',
    'a-',
    `a.v1.o${'.*'.repeat(17)}`,
  ])('PO-7 refuses %j for a call', (on) => expect(refusal(withRule({ on: [on] })).details.path).toBe('rules[0].on[0]'))
  test.each(['a.v1.{peer.id}', '{peer.id}.v1.o', `a.v1.o${'.{peer.id}'.repeat(4)}`])(
    'PO-7 refuses %s, for an id is longer than a name, and four of them than an address',
    (on) => expect(refusal(withRule({ on: [on] })).details.path).toBe('rules[0].on[0]'),
  )
  test('PO-7 the contract alone is what initiate can meet', () => {
    expect(loadPolicy(withRule({ verbs: ['call', 'initiate'], on: ['a.v1'] })).version).toBe(1)
    expect(refusal(withRule({ verbs: ['initiate'], on: ['a.v1.o'] })).details.path).toBe('rules[0].on[0]')
    expect(refusal(withRule({ verbs: ['initiate'], on: ['a.v1.>'] })).details.path).toBe('rules[0].on[0]')
  })
})

describe('PO-11 attributes', () => {
  test.each(['bytes', 'ttlMs', 'state', 'suite', 'ageMs', 'time', 'label.x', 'body.room', 'claim.a-b_C'])(
    'PO-11 takes %s',
    (attribute) => expect(loadPolicy(withCondition({ attribute, is: 'present' })).version).toBe(1),
  )
  const unknown = [
    '',
    'Bytes',
    'size',
    'label',
    'label.',
    'label.a.b',
    'body.a b',
    '.x',
    'x.y',
    'toString',
    'peer.id',
    'body.é',
    1,
  ]
  test.each(unknown)('PO-11 refuses %j', (attribute) => {
    expect(refusal(withCondition({ attribute, is: 'present' })).details.path).toBe('rules[0].when[1].attribute')
  })
})

describe('PO-12 operators and values', () => {
  const good: [string, string, unknown][] = [
    ['bytes', 'ge', 1.5],
    ['time', 'lt', -1],
    ['state', 'eq', ''],
    ['body.x', 'eq', true],
    ['body.x', 'lt', 1],
    ['claim.x', 'in', ['a']],
    ['claim.x', 'not-in', [1, 2]],
  ]
  test.each(good)('PO-12 takes %s %s %j', (attribute, is, value) => {
    expect(loadPolicy(withCondition({ attribute, is, value })).rules[0]?.when?.[1]).toEqual({ attribute, is, value })
  })
  const bad: [string, string, unknown, string][] = [
    ['bytes', 'eq', '1', '.value'],
    ['bytes', 'eq', true, '.value'],
    ['state', 'eq', 1, '.value'],
    ['state', 'lt', 'x', '.value'],
    ['body.x', 'lt', 'x', '.value'],
    ['label.x', 'ge', 1, '.value'],
    ['bytes', 'eq', [1], '.value'],
    ['bytes', 'eq', null, '.value'],
    ['bytes', 'eq', Number.NaN, '.value'],
    ['bytes', 'lt', Infinity, '.value'],
    ['bytes', 'eq', 1n, '.value'],
    ['body.x', 'eq', {}, '.value'],
    ['bytes', 'in', 1, '.value'],
    ['bytes', 'in', [], '.value'],
    ['bytes', 'in', ['1'], '.value[0]'],
    ['bytes', 'in', [1, '1'], '.value[1]'],
    ['body.x', 'in', [1, 'x'], '.value'],
    ['body.x', 'in', [true], '.value[0]'],
    ['body.x', 'in', [['x']], '.value[0]'],
    ['bytes', 'equals', 1, '.is'],
    ['bytes', 'toString', 1, '.is'],
    ['bytes', 'Eq', 1, '.is'],
  ]
  test.each(bad)('PO-12 refuses %s %s %o', (attribute, is, value, path) => {
    expect(refusal(withCondition({ attribute, is, value })).details.path).toBe(`rules[0].when[1]${path}`)
  })
  test('PO-12 a value stands where the operator takes one, and only there', () => {
    expect(refusal(withCondition({ attribute: 'bytes', is: 'eq' })).details.path).toBe('rules[0].when[1].value')
    for (const is of ['present', 'absent']) {
      expect(refusal(withCondition({ attribute: 'bytes', is, value: 1 })).details.path).toBe('rules[0].when[1]')
    }
  })
})

describe('PO-40 what is revealed', () => {
  test.each([
    'bytes',
    'time',
    'suite',
    'body',
    'body.',
    'body.*',
    'label.a.b',
    'peer.id',
    'body.__proto__',
    '',
    1,
    null,
  ])('PO-40 refuses %j', (name) =>
    expect(refusal(document({ reveal: ['body.room', name] })).details.path).toBe('reveal[1]'),
  )
  test('PO-40 is a list, which may be empty', () => {
    expect(loadPolicy(document({ reveal: [] })).reveal).toEqual([])
    expect(refusal(document({ reveal: 'body.room' })).details.path).toBe('reveal')
    expect(refusal(document({ reveal: { 'body.room': true } })).details.path).toBe('reveal')
  })
})

describe('PO-27 limits', () => {
  test('PO-27 a limit on a deny rule does not load', () => {
    expect(refusal(withRule({ effect: 'deny', limit: { perSecond: 1 } })).details.path).toBe('rules[0].limit')
  })
  test.each(['perSecond', 'bytesPerSecond', 'concurrent'])('PO-27 refuses a %s that is no rate', (field) => {
    for (const value of [0, -1, Number.NaN, Infinity, '1', null, true]) {
      expect(refusal(withRule({ limit: { [field]: value } })).details.path).toBe(`rules[0].limit.${field}`)
    }
  })
  test.each(['bytesPerSecond', 'concurrent'])('PO-27 refuses a part of a %s', (field) => {
    expect(refusal(withRule({ limit: { [field]: 1.5 } })).details.path).toBe(`rules[0].limit.${field}`)
  })
})

test.each([
  [null, 'null'],
  [[], 'a list'],
  [{}, 'object'],
  [7, 'the number 7'],
  [false, 'the boolean false'],
  ['allowed', 'a text of 7 characters'],
])('PO-1 says what came: %j is %s', (effect, what) => {
  expect(refusal(withRule({ effect })).message).toContain(`expected one of allow, deny, got ${what}, at`)
})

test('PO-31 no error quotes a text of the document, for it may be a secret pasted there', () => {
  const secret = encodeText('secret', new Uint8Array(32).fill(7))
  const documents = [
    withRule({ by: [secret] }),
    withRule({ by: [secret.toLowerCase()] }),
    withRule({ on: [secret] }),
    withRule({ id: `${secret}.` }),
    withRule({ verbs: [secret] }),
    withCondition({ attribute: secret, is: 'present' }),
    withCondition({ attribute: 'bytes', is: 'eq', value: secret }),
    document({ groups: { g: [secret] } }),
    secret,
  ]
  for (const value of documents) {
    const error = refusal(value)
    expect(`${error.message} ${String(error.cause)} ${error.details.path}`.toUpperCase()).not.toContain(
      secret.slice(20, 40),
    )
  }
})

test('PO-1 the example of the chapter loads', () => {
  const chapter = readFileSync(new URL('../../spec/policy.md', import.meta.url), 'utf8')
  const [, example = ''] = /```json\n([\s\S]*?)```/.exec(chapter) ?? []
  expect(loadPolicy(parseJson(example)).rules.map(({ id }) => id)).toEqual(['read', 'set', 'no-cellar', 'quiet'])
})

test('PO-3 PO-11 PO-12 the chapter lists the attributes, operators and limits of the code', () => {
  const chapter = readFileSync(new URL('../../spec/policy.md', import.meta.url), 'utf8')
  const limits = chapter.slice(chapter.lastIndexOf('\n## Limits\n'))
  for (const bound of Object.values(BOUNDS).filter((each) => each < 1e12)) {
    expect(limits).toContain(bound.toLocaleString('en'))
  }
  const firstCells = [...chapter.matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    cell.replaceAll('`', '').trim().split(', '),
  )
  expect(firstCells).toEqual(expect.arrayContaining(Object.keys(OPERATORS)))
  const attributes = firstCells.filter((cell) => typesOfAttribute(cell) !== undefined)
  expect(attributes).toEqual([
    'bytes',
    'ttlMs',
    'state',
    'suite',
    'ageMs',
    'time',
    'label.NAME',
    'body.NAME',
    'claim.NAME',
  ])
})
