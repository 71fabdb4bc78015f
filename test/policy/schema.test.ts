import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { VERBS } from '../../src/contract/kinds.js'
import { SottoError } from '../../src/errors.js'
import { parseJson } from '../../src/policy/json.js'
import { BOUNDS, loadPolicy } from '../../src/policy/load.js'
import { MAX_PATTERN } from '../../src/policy/pattern.js'
import { OPERATORS, typesOfAttribute } from '../../src/policy/rule.js'
import { Random } from '../random.js'
import { idOf, randomPolicy } from './arbitrary.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Documents that are changed at random. */
const DOCUMENTS = Number(process.env.SOTTO_DOCUMENTS ?? 4_000)
console.info(`test/policy/schema: SOTTO_SEED=${seed} SOTTO_DOCUMENTS=${DOCUMENTS}`)

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const schema: ReturnType<typeof JSON.parse> = JSON.parse(text('spec/policy.schema.json'))
const vectors: ReturnType<typeof JSON.parse> = JSON.parse(text('test-vectors/policy.json'))
// `required` of what is listed beside it, and types that `anyOf` tells, are no slips here.
const accepts = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false }).compile(schema)

const loads = (document: unknown): boolean => {
  try {
    loadPolicy(document)
    return true
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return false
    throw error
  }
}

const constants = (of: { anyOf: { const?: string }[] }) => of.anyOf.flatMap((each) => each.const ?? [])

const RULE = { id: 'r', effect: 'allow', by: ['any'], verbs: ['call'], on: ['a.v1.o'] }
const withRule = (more: object) => ({ version: 1, rules: [{ ...RULE, ...more }] })
const withCondition = (attribute: unknown, is: unknown, value?: unknown) =>
  withRule({ when: [{ attribute, is, ...(value !== undefined && { value }) }] })

describe('PO-1 PO-3 the schema says what the code says', () => {
  const { properties, $defs } = schema
  test('PO-11 PO-12 verbs, operators and attributes', () => {
    expect(constants($defs.verb)).toEqual(VERBS)
    expect(constants($defs.operator)).toEqual(Object.keys(OPERATORS))
    const fixed = constants($defs.attribute)
    expect(fixed).toHaveLength(6)
    expect(fixed.filter((each) => typesOfAttribute(each) === undefined)).toEqual([])
    const ofType = (type: string) => fixed.filter((each) => typesOfAttribute(each)?.[0] === type)
    const [, , , , numbers, texts] = $defs.condition.allOf
    expect(numbers.if.properties.attribute.enum).toEqual(ofType('number'))
    expect(texts.if.properties.attribute.anyOf[0].enum).toEqual(ofType('string'))
    const formed = $defs.condition.allOf.slice(0, 4).map((each: typeof schema) => each.if.properties.is.enum)
    const ofForm = (form: string) => Object.keys(OPERATORS).filter((is) => Reflect.get(OPERATORS, is) === form)
    expect(formed).toEqual(['scalar', 'number', 'list', 'none'].map(ofForm))
  })
  test('PO-3 limits', () => {
    const { rule, pattern, condition, limit } = $defs
    expect({
      rules: properties.rules.maxItems,
      groups: properties.groups.maxProperties,
      members: properties.groups.additionalProperties.maxItems,
      revealed: properties.reveal.maxItems,
      who: rule.properties.by.maxItems,
      patterns: rule.properties.on.maxItems,
      conditions: rule.properties.when.maxItems,
      listed: condition.allOf[2].then.properties.value.maxItems,
      text: properties.$schema.maxLength,
      rate: limit.properties.perSecond.maximum,
      // No schema can say it.
      pairs: BOUNDS.pairs,
    }).toEqual(BOUNDS)
    expect(rule.properties.to).toEqual({ ...rule.properties.by, description: rule.properties.to.description })
    expect(pattern.maxLength).toBe(MAX_PATTERN)
    expect(rule.properties.verbs.maxItems).toBe(VERBS.length)
  })
  test('PO-4 an editor has words for every field, verb, operator and attribute', () => {
    const objects = [schema, $defs.rule, $defs.condition, $defs.limit]
    for (const { properties, additionalProperties } of objects) {
      expect(additionalProperties).toBe(false)
      for (const each of Object.values<typeof schema>(properties)) {
        const { description } = each.$ref === undefined ? each : $defs[each.$ref.slice('#/$defs/'.length)]
        expect(description).toMatch(/^[A-Z].+[.]$/s)
      }
    }
    for (const { anyOf } of [$defs.verb, $defs.operator, $defs.attribute, $defs.rule.properties.effect])
      for (const each of anyOf) expect(each.description ?? each.$ref).toMatch(/\.$|named$/)
  })
  test('it names itself, and the document of the README that names it loads', () => {
    expect(schema.$id).toMatch(/^urn:[a-z0-9][a-z0-9-]{1,30}:\S+$/)
    const named = { $schema: './node_modules/sotto/spec/policy.schema.json', version: 1, rules: [] }
    expect([loads(named), accepts(named)]).toEqual([true, true])
  })
})

describe('PO-1 the schema takes what the loader takes', () => {
  test('PO-1 the example of the chapter and the policies of the vectors', () => {
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(text('spec/policy.md')) ?? []
    const documents = [parseJson(example), ...vectors.policies.map(({ policy }: { policy: unknown }) => policy)]
    expect(documents.length).toBeGreaterThan(5)
    for (const document of documents) expect(accepts(document), JSON.stringify(accepts.errors)).toBe(loads(document))
  })

  test('PO-1 random documents, and what random changes make of them', () => {
    const random = new Random(seed, 1)
    const counts = { loaded: 0, refused: 0, refusedByBoth: 0 }
    for (let count = 0; count < DOCUMENTS; count++) {
      const document: unknown = JSON.parse(JSON.stringify(randomPolicy(random)))
      const changed = count % 8 === 0 ? document : mutated(random, document)
      const [loaded, accepted] = [loads(changed), accepts(changed)]
      if (loaded && !accepted) expect(changed, JSON.stringify(accepts.errors)).toBe('accepted')
      counts[loaded ? 'loaded' : 'refused']++
      if (!loaded && !accepted) counts.refusedByBoth++
    }
    console.info('test/policy/schema:', counts)
    expect(counts.loaded).toBeGreaterThan(DOCUMENTS / 8)
    expect(counts.refusedByBoth).toBeGreaterThan(counts.refused / 2)
  })
})

/** Some other value in some place, or one place less or more. */
const mutated = (random: Random, value: unknown): unknown => {
  if (Array.isArray(value) && value.length > 0 && random.chance(85)) {
    const at = random.below(value.length)
    if (random.chance(5)) return value.toSpliced(at, 1)
    if (random.chance(5)) return value.toSpliced(at, 0, random.pick([...value, ...JUNK]))
    return value.with(at, mutated(random, value[at]))
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && random.chance(95)) {
    const fields = Object.entries(value)
    const chosen = random.below(Math.max(fields.length, 1))
    if (random.chance(5)) return Object.fromEntries(fields.toSpliced(chosen, 1))
    if (random.chance(5)) return { ...value, [random.pick(NAMES)]: random.pick(JUNK) }
    return Object.fromEntries(fields.map(([name, each], at) => [name, at === chosen ? mutated(random, each) : each]))
  }
  if (typeof value === 'string' && random.chance(50)) return altered(random, value)
  return random.pick(JUNK)
}

const altered = (random: Random, value: string): string => {
  const at = random.below(value.length + 1)
  const letters = ['', '.', '*', '>', '{', '}', 'A', '-', '_', ' ', 'é', '1', '\n', ':']
  return value.slice(0, at) + random.pick(letters) + value.slice(at + random.below(2))
}

const NAMES = [
  '',
  'id',
  'effect',
  'when',
  'limit',
  'by',
  'to',
  'reveal',
  'outbound',
  'value',
  'groups',
  'perSecond',
  'x',
]
const WORDS =
  'any allow deny call present eq lt in bytes state label.l body.b claim.prototype body.constructor a.v1.o a.>.b {claim.t}.v1.* {claim.__proto__} group:g group:none role:x'
const OTHERS = [null, true, false, 0, -1, 1.5, 1e12, 2e12, '', 'name:a b', [], ['x'], [1], [1, 'x'], {}, idOf(7)]
const LARGE = ['w'.repeat(BOUNDS.text), 'w'.repeat(BOUNDS.text + 1)]
const PARTS = [{ perSecond: 1 }, { concurrent: 1.5 }, { attribute: 'bytes', is: 'present' }]
const JUNK: readonly unknown[] = [WORDS.split(' '), OTHERS, LARGE, PARTS].flat()

describe('PO-1 the schema refuses what the loader refuses', () => {
  /** What no look at one value alone can tell. What a pattern can match (PO-7) is none of a schema's business either. */
  const BEYOND = [
    'a group that is not there',
    'a group in other letters',
    'two rules of one id',
    'a peer id with another last character',
    '100,001 pairs of a who and a pattern',
    '513 characters that take two units of UTF-16',
  ]
  test.each<{ name: string; rule: string; policy: unknown }>(vectors.refused)('PO-1 the vector $name', (vector) => {
    // What contracts alone refuse loads without them.
    const isHeld = vector.rule === 'PO-25'
    expect(loads(vector.policy)).toBe(isHeld)
    expect(accepts(vector.policy)).toBe(isHeld || BEYOND.includes(vector.name) || vector.rule === 'PO-7')
  })

  const id = idOf(1)
  const cases: [string, unknown][] = [
    ['neither by nor to', { version: 1, rules: [{ ...RULE, by: undefined }].map(({ by: _by, ...rest }) => rest) }],
    ['no one', withRule({ by: [] })],
    ['no verb', withRule({ verbs: [] })],
    ['too many verbs', withRule({ verbs: [...VERBS, 'call'] })],
    ['no pattern', withRule({ on: [] })],
    ['an id in capitals', withRule({ by: [id.toUpperCase()] })],
    ['an id and more', withRule({ by: [`${id}q`] })],
    ['a letter that no id has', withRule({ by: [id.replace(/.$/, 'b')] })],
    ['a role with a space', withRule({ by: ['role:a b'] })],
    ['an empty role', withRule({ by: ['role:'] })],
    ['a long role', withRule({ by: [`role:${'x'.repeat(256)}`] })],
    ['a group in a group', { version: 1, rules: [], groups: { g: ['group:g'] } }],
    ['a group with a bad name', { version: 1, rules: [], groups: { 'a b': [] } }],
    ['a group of a reserved name', { version: 1, rules: [], groups: { constructor: [] } }],
    ['a rule id with a line feed', withRule({ id: 'r\n' })],
    ['a rule id of a reserved name', withRule({ id: 'prototype' })],
    ['a claim of a reserved name', withRule({ on: ['a.v1.o.{claim.constructor}'] })],
    ['an element of a pattern that is empty', withRule({ on: ['a..v1.o'] })],
    ['a pattern that ends with a dot', withRule({ on: ['a.v1.o.'] })],
    ['a pattern that is too long', withRule({ on: [`a.v1.o.${'{claim.t}.'.repeat(120)}x`] })],
    ['an element that is too long', withRule({ on: [`a.v1.o.${'x'.repeat(66)}`] })],
    ['an attribute with two names', withCondition('body.a.b', 'present')],
    ['an attribute of a reserved name', withCondition('label.__proto__', 'present')],
    ['no value', withCondition('bytes', 'eq')],
    ['null', withCondition('body.x', 'eq', null)],
    ['a list for eq', withCondition('body.x', 'eq', ['x'])],
    ['a text for lt', withCondition('body.x', 'lt', 'x')],
    ['a number for a label', withCondition('label.x', 'ge', 1)],
    ['numbers for a state', withCondition('state', 'in', [1])],
    ['texts for a size', withCondition('bytes', 'not-in', ['x'])],
    ['a boolean for a size', withCondition('bytes', 'ne', true)],
    ['booleans in a list', withCondition('body.x', 'in', [true])],
    ['an empty list', withCondition('body.x', 'in', [])],
    [
      'one value too many',
      withCondition(
        'bytes',
        'in',
        Array.from({ length: BOUNDS.listed + 1 }, () => 1),
      ),
    ],
    ['a text that is too long', withCondition('state', 'eq', 'x'.repeat(BOUNDS.text + 1))],
    ['a value for absent', withCondition('state', 'absent', 'x')],
    ['no limit', withRule({ limit: {} })],
    ['a part of an exchange', withRule({ limit: { concurrent: 0.5 } })],
    ['a rate that is too high', withRule({ limit: { perSecond: BOUNDS.rate * 2 } })],
    ['what is shown anyway', { version: 1, rules: [], reveal: ['bytes'] }],
    ['a reveal of all', { version: 1, rules: [], reveal: ['body.*'] }],
    ['another outbound', { version: 1, rules: [], outbound: 'ask' }],
    ['another version', { version: '1', rules: [] }],
  ]
  test.each(cases)('PO-1 %s', (_, document) => expect([loads(document), accepts(document)]).toEqual([false, false]))
})
