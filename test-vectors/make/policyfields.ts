import { document, type Fields, type Json, type RefusedCase, rule } from './policyform.js'

/** Each field of a document, of each type that it must not have; fields that are not there, names that are reserved, and bounds. */
export const refusedFields = (): RefusedCase[] => [...types(), ...unknown(), ...reserved(), ...bounds(), ...numbers()]

const bad = (requirement: string, name: string, path: string, policy: Json): RefusedCase => ({
  name,
  rule: requirement,
  path,
  policy,
})

/** A value of each type that JSON has. */
const VALUES: readonly (readonly [type: string, name: string, value: Json])[] = [
  ['null', 'null', null],
  ['truth', 'true', true],
  ['number', '1', 1],
  ['text', 'a text', 'x'],
  ['list', 'a list', []],
  ['object', 'an object', {}],
]

/** A place in a document: what it is called, where it is, which type it has, and a document with another value there. */
interface At {
  readonly name: string
  readonly path: string
  readonly type: string
  readonly document: (value: Json) => Json
}

const inDocument = (field: string, type: string): At => ({
  name: field,
  path: field,
  type,
  document: (value) => ({ version: 1, rules: [], [field]: value }),
})
const inRule = (field: string, type: string): At => ({
  name: `${field} of a rule`,
  path: `rules[0].${field}`,
  type,
  document: (value) => document([rule('r', { [field]: value })]),
})
const itemOf = (field: string, type: string): At => ({
  name: `an item of ${field}`,
  path: `rules[0].${field}[0]`,
  type,
  document: (value) => document([rule('r', { [field]: [value] })]),
})
const inCondition = (field: string, type: string): At => ({
  name: `${field} of a condition`,
  path: `rules[0].when[0].${field}`,
  type,
  document: (value) => document([rule('r', { when: [{ attribute: 'bytes', is: 'eq', value: 5, [field]: value }] })]),
})
const inLimit = (field: string): At => ({
  name: `${field} of a limit`,
  path: `rules[0].limit.${field}`,
  type: 'number',
  document: (value) => document([rule('r', { limit: { [field]: value } })]),
})

const RATES = ['perSecond', 'bytesPerSecond', 'concurrent'] as const

const PLACES: readonly At[] = [
  { name: 'a document', path: '', type: 'object', document: (value) => value },
  inDocument('$schema', 'text'),
  inDocument('version', 'number'),
  inDocument('groups', 'object'),
  inDocument('rules', 'list'),
  inDocument('outbound', 'text'),
  inDocument('reveal', 'list'),
  { name: 'a rule', path: 'rules[0]', type: 'object', document: (value) => document([value]) },
  {
    name: 'the members of a group',
    path: 'groups.staff',
    type: 'list',
    document: (value) => document([], { groups: { staff: value } }),
  },
  {
    name: 'a member of a group',
    path: 'groups.staff[0]',
    type: 'text',
    document: (value) => document([], { groups: { staff: [value] } }),
  },
  {
    name: 'an item of reveal',
    path: 'reveal[0]',
    type: 'text',
    document: (value) => document([], { reveal: [value] }),
  },
  ...['id', 'effect'].map((field) => inRule(field, 'text')),
  ...['by', 'verbs', 'on', 'when'].map((field) => inRule(field, 'list')),
  inRule('limit', 'object'),
  {
    name: 'to of a rule',
    path: 'rules[0].to',
    type: 'list',
    document: (value) => document([{ id: 'r', effect: 'allow', to: value, verbs: ['call'], on: ['a.v1.read'] }]),
  },
  ...['by', 'verbs', 'on'].map((field) => itemOf(field, 'text')),
  itemOf('when', 'object'),
  inCondition('attribute', 'text'),
  inCondition('is', 'text'),
  ...RATES.map(inLimit),
]

/** What an existing vector is of already. */
const SAID: ReadonlySet<string> = new Set([
  'a document null',
  'a document a list',
  'rules an object',
  'groups a list',
  'a rule null',
  'a rule a list',
  'when of a rule an object',
  'by of a rule a text',
  'verbs of a rule a text',
  'limit of a rule an object',
  'a document a text',
  '$schema 1',
  'an item of by a text',
  'id of a rule 1',
  'an item of verbs a text',
  'limit of a rule 1',
])

const types = (): RefusedCase[] =>
  PLACES.flatMap((at) =>
    VALUES.filter(([type, name]) => type !== at.type && !SAID.has(`${at.name} ${name}`)).map(([, name, value]) =>
      bad('PO-1', `${at.name} that is ${name}`, at.path, at.document(value)),
    ),
  )

/** Fields that look like those that are there. */
const unknown = (): RefusedCase[] => {
  const more = (where: string, path: string, names: readonly string[], of: (fields: Fields) => Json): RefusedCase[] =>
    names.map((name) =>
      bad('PO-4', `a field ${name} of ${where}`, path === '' ? name : `${path}.${name}`, of({ [name]: [] })),
    )
  return [
    ...more('a document', '', ['Version', 'policies', 'default', 'inbound', 'schema'], (fields) =>
      document([], fields),
    ),
    ...more('a rule', 'rules[0]', ['deny', 'from', 'who', 'verb', 'On', 'unless', 'limits', 'comment'], (fields) =>
      document([rule('r', fields)]),
    ),
    ...more('a condition', 'rules[0].when[0]', ['op', 'values', 'not', 'Is', 'field'], (fields) =>
      document([rule('r', { when: [{ attribute: 'bytes', is: 'eq', value: 5, ...fields }] })]),
    ),
    ...more('a limit', 'rules[0].limit', ['perHour', 'burst', 'PerSecond', 'bytes', 'total'], (fields) =>
      document([rule('r', { limit: { perSecond: 1, ...fields } })]),
    ),
  ]
}

const RESERVED = ['__proto__', 'constructor', 'prototype'] as const

/** Names that objects have of themselves. */
const reserved = (): RefusedCase[] =>
  RESERVED.flatMap((name) => [
    ...(name === 'constructor' ? [bad('PO-5', `the id ${name}`, 'rules[0].id', document([rule(name)]))] : []),
    ...(name === 'prototype'
      ? [bad('PO-5', 'a group prototype', 'groups.prototype', document([], { groups: { prototype: [] } }))]
      : []),
    ...['label', 'body', 'claim'].flatMap((family) => [
      ...(family === 'body' && name === '__proto__'
        ? []
        : [
            bad(
              'PO-5',
              `a condition on ${family}.${name}`,
              'rules[0].when[0].attribute',
              document([rule('r', { when: [{ attribute: `${family}.${name}`, is: 'present' }] })]),
            ),
          ]),
      bad('PO-5', `reveal of ${family}.${name}`, 'reveal[0]', document([], { reveal: [`${family}.${name}`] })),
    ]),
    ...(name === '__proto__'
      ? []
      : [
          bad(
            'PO-5',
            `a placeholder for the claim ${name}`,
            'rules[0].on[0]',
            document([rule('r', { on: [`a.v1.read.{claim.${name}}`] })]),
          ),
        ]),
  ])

const many = <T>(count: number, of: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => of(at))
const LONG = 'x'.repeat(1_025)

/** One more than there may be. */
const bounds = (): RefusedCase[] => {
  const one = (name: string, path: string, over: Fields): RefusedCase =>
    bad('PO-3', name, `rules[0]${path}`, document([rule('r', over)]))
  const listed = { attribute: 'bytes', is: 'in' }
  return [
    bad(
      'PO-3',
      '1,001 groups',
      'groups',
      document([], { groups: Object.fromEntries(many(1_001, (at) => [`g${at}`, []])) }),
    ),
    bad('PO-3', '257 attributes to reveal', 'reveal', document([], { reveal: many(257, (at) => `body.f${at}`) })),
    one('1,001 of whom a rule speaks', '.by', { by: many(1_001, (at) => `role:r${at}`) }),
    one('513 characters that take two units of UTF-16', '.when[0].value', {
      when: [{ attribute: 'suite', is: 'eq', value: '😀'.repeat(513) }],
    }),
    one('257 patterns', '.on', { on: many(257, (at) => `a.v1.o${at}`) }),
    one('9 verbs', '.verbs', { verbs: many(9, () => 'call') }),
    one('1,001 values of a list', '.when[0].value', { when: [{ ...listed, value: many(1_001, (at) => at) }] }),
    one('a who of 1,025 characters', '.by[0]', { by: [LONG] }),
    one('an id of 1,025 characters', '.id', { id: LONG }),
    one('an attribute of 1,025 characters', '.when[0].attribute', { when: [{ attribute: LONG, is: 'present' }] }),
    one('an operator of 1,025 characters', '.when[0].is', { when: [{ attribute: 'bytes', is: LONG }] }),
    one('a value of 1,025 characters', '.when[0].value', { when: [{ attribute: 'suite', is: 'eq', value: LONG }] }),
    one('a value of a list of 1,025 characters', '.when[0].value[1]', {
      when: [{ attribute: 'suite', is: 'in', value: ['a', LONG] }],
    }),
    bad('PO-3', 'a member of a group of 1,025 characters', 'groups.a[0]', document([], { groups: { a: [LONG] } })),
    bad(
      'PO-3',
      '100,001 pairs of a who and a pattern',
      'rules',
      document([
        ...many(4, (at) =>
          rule(`r${at}`, { by: many(250, (who) => `role:${who}`), on: many(100, (to) => `a.v1.o${to}`) }),
        ),
        rule('more'),
      ]),
    ),
  ]
}

/** Numbers that a limit cannot be. */
const numbers = (): RefusedCase[] =>
  RATES.flatMap((field) => {
    const of = (requirement: string, name: string, value: Json): RefusedCase =>
      bad(
        requirement,
        `${field} of ${name}`,
        `rules[0].limit.${field}`,
        document([rule('r', { limit: { [field]: value } })]),
      )
    return [
      ...(field === 'perSecond' ? [] : [of('PO-1', '-1', -1)]),
      ...(field === 'bytesPerSecond' ? [of('PO-1', '0', 0), of('PO-1', '1.5', 1.5)] : []),
      of('PO-1', '-0.5', -0.5),
      ...(field === 'perSecond' ? [] : [of('PO-3', 'more than 10^12', 1_000_000_000_001)]),
      of('PO-3', '10^300', 1e300),
    ]
  })
