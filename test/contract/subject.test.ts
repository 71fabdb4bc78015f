import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fits, parametersOf, parseTemplate, shortest, subjectOf, takes } from '../../src/contract/subject.js'

const token = fc.stringMatching(/^[a-zA-Z0-9_-]{1,65}$/)
const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/)

/** A template of both sorts of elements, with a token for each of its parameters. */
const placed = fc
  .tuple(fc.uniqueArray(name, { maxLength: 8 }), fc.array(token, { maxLength: 8 }), fc.array(token, { minLength: 8 }))
  .chain(([names, literals, values]) =>
    fc.record({
      elements: fc.shuffledSubarray([...names.map((each) => `{${each}}`), ...literals]),
      parameters: fc.constant(Object.fromEntries(names.map((each, at) => [each, values[at] ?? 'x']))),
    }),
  )
  .map(({ elements, parameters }) => {
    const used = Object.entries(parameters).filter(([key]) => elements.includes(`{${key}}`))
    return { template: elements.join('.'), parameters: Object.fromEntries(used) }
  })

const check = <T>(property: fc.IProperty<T>): void => fc.assert(property, { numRuns: 500 })
const flags = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })

describe('CO-33 a template', () => {
  test.each([
    '',
    'a',
    '{room}',
    '{room}.{sensor}',
    'a.{b}.c',
    '{a1B}',
    Array.from({ length: 16 }, () => 'x').join('.'),
  ])('CO-33 takes "%s"', (text) => {
    expect(parseTemplate(text).text).toBe(text)
  })
  test.each([
    '.',
    'a.',
    '.a',
    '{}',
    '{A}',
    '{1}',
    '{a-b}',
    '{a',
    'a}',
    '{a}b',
    '{a}.{a}',
    '*',
    '>',
    'a b',
    'é',
    '{__proto__}',
    'x'.repeat(66),
    `{${'x'.repeat(64)}}`,
    Array.from({ length: 17 }, () => 'x').join('.'),
  ])('CO-33 does not take "%s"', (text) => {
    expect(() => parseTemplate(text)).toThrow(RangeError)
  })
  test('CO-33 is frozen, and is the same data whether parsed before or at each call', () => {
    const parsed = parseTemplate('{room}.x')
    expect([parsed, parsed.parts, ...parsed.parts].every((part) => Object.isFrozen(part))).toBe(true)
    expect(subjectOf(parsed, { room: 'a' })).toBe(subjectOf('{room}.x', { room: 'a' }))
  })
})

describe('CO-34 CO-35 of templates and parameters drawn at random', () => {
  test('CO-34 the subject of parameters fits the template and has those parameters', () => {
    check(
      fc.property(placed, ({ template, parameters }) => {
        const subject = subjectOf(template, parameters)
        expect(fits(template, subject, false)).toBe(true)
        expect(fits(template, subject, true)).toBe(true)
        expect({ ...parametersOf(template, subject) }).toEqual(parameters)
        expect(subject.length).toBeGreaterThanOrEqual(shortest(parseTemplate(template)))
        expect(takes(subject, subject)).toBe(true)
      }),
    )
  })

  test('CO-35 a filter of some of the parameters fits with wild alone, and takes the subject', () => {
    check(
      fc.property(placed, flags, ({ template, parameters }, kept) => {
        const given = Object.fromEntries(Object.entries(parameters).filter((_, at) => kept[at] === true))
        const filter = subjectOf(template, given, true)
        const whole = Object.keys(given).length === Object.keys(parameters).length
        expect(fits(template, filter, true)).toBe(true)
        expect(fits(template, filter, false)).toBe(whole)
        expect(takes(filter, subjectOf(template, parameters))).toBe(true)
      }),
    )
  })

  test('CO-35 a filter takes a subject exactly if each parameter that it has is the same', () => {
    check(
      fc.property(placed, flags, ({ template, parameters }, turned) => {
        const names = Object.keys(parameters)
        const other = Object.fromEntries(
          names.map((each, at) => [each, turned[at] === true ? 'other-token' : (parameters[each] ?? '')]),
        )
        const given = Object.fromEntries(names.filter((_, at) => at % 2 === 0).map((each) => [each, parameters[each]]))
        const same = Object.entries(given).every(([each, value]) => other[each] === value)
        expect(takes(subjectOf(template, given, true), subjectOf(template, other))).toBe(same)
      }),
    )
  })

  test('CO-34 a subject with an element more, less or of other characters fits no template', () => {
    check(
      fc.property(placed, ({ template, parameters }) => {
        const subject = subjectOf(template, parameters)
        const more = subject === '' ? 'x' : `${subject}.x`
        expect(fits(template, more, true)).toBe(false)
        expect(takes(subject, more)).toBe(false)
        if (subject === '') return
        expect(fits(template, subject.split('.').slice(1).join('.'), true)).toBe(false)
        expect(fits(template, `${subject}!`, true)).toBe(false)
      }),
    )
  })
})

test('CO-34 what is no token, a parameter that is missing and one that the template lacks are RangeErrors', () => {
  const wrong: readonly (readonly [Readonly<Record<string, string | undefined>>, boolean])[] = [
    [{}, false],
    [{ room: undefined }, false],
    [{ room: '' }, true],
    [{ room: '*' }, true],
    [{ room: 'a.b' }, true],
    [{ room: 'x'.repeat(66) }, true],
    [{ room: 'a', floor: 'b' }, true],
    [Object.create({ room: 'a' }), false],
  ]
  for (const [parameters, wild] of wrong)
    expect(() => subjectOf('{room}.x', parameters, wild), JSON.stringify(parameters)).toThrow(RangeError)
  expect(() => Reflect.apply(subjectOf, undefined, ['{room}', { room: 5 }])).toThrow(RangeError)
  expect(subjectOf('{room}.x', { room: undefined }, true)).toBe('*.x')
})

test('CO-35 a wildcard stands for a parameter alone, whole, and for exactly one token', () => {
  expect(fits('a.{b}', '*.x', true)).toBe(false)
  expect(fits('{a}', 'x*', true)).toBe(false)
  expect(fits('', '*', true)).toBe(false)
  expect([takes('*', ''), takes('*', 'a.b'), takes('a.*', 'a'), takes('', '')]).toEqual([false, false, false, true])
})

test('CO-34 parameters inherit nothing, and may be named as what every object has', () => {
  const found = parametersOf('{constructor}.{room}', 'a.b')
  expect({ ...found }).toEqual({ constructor: 'a', room: 'b' })
  expect(['toString' in found, Object.isFrozen(found)]).toEqual([false, true])
})
