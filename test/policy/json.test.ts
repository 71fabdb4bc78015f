import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { locateJson, parseJson } from '../../src/policy/json.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/json: seed ${seed}`)

const placeOf = (text: string): string => {
  try {
    parseJson(text)
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error.details.path
    throw error
  }
  return 'none'
}

const platform = (text: string): unknown => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return 'refused'
  }
}

const own = (text: string): unknown => {
  try {
    return { value: parseJson(text) }
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return 'refused'
    throw error
  }
}

test('PO-30 reads what the platform writes', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, undefined, indent)
      expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)))
    }),
    { seed, numRuns: 1_000 },
  )
})

test('PO-30 takes and refuses what the platform does, where no name stands twice', () => {
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"',
    '1',
    '-',
    '0',
    '.5',
    'e3',
    'null',
    'true',
    'nul',
    ' ',
    '\n',
    '\\',
    '\u00a0',
  ]
  let taken = 0
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 7 }), (parts) => {
      const text = parts.join('')
      const result = own(text)
      if (result !== 'refused') taken++
      if (!/"a"\s*:[\s\S]*"a"\s*:/.test(text)) expect(JSON.stringify(result)).toBe(JSON.stringify(platform(text)))
    }),
    { seed, numRuns: 20_000 },
  )
  expect(taken).toBeGreaterThan(100)
})

describe('PO-30 names line and column', () => {
  const cases: [string, string, string][] = [
    ['nothing', '', 'line 1, column 1'],
    ['a byte order mark', '\ufeff{}', 'line 1, column 1'],
    ['something behind the end', '{}\n x', 'line 2, column 2'],
    ['a comma behind the last item', '[\n1,\n]', 'line 3, column 1'],
    ['a comma behind the last field', '{"a":1,}', 'line 1, column 8'],
    ['a comment', '{\n  // x\n}', 'line 2, column 3'],
    ['single quotes', "{'a':1}", 'line 1, column 2'],
    ['a name without quotes', '{a:1}', 'line 1, column 2'],
    ['no colon', '{"a" 1}', 'line 1, column 6'],
    ['an open text', '["abc', 'line 1, column 2'],
    ['an unknown escape', '["\\x"]', 'line 1, column 2'],
    ['a line feed in a text', '["a\nb"]', 'line 1, column 2'],
    ['a leading zero', '[01]', 'line 1, column 3'],
    ['a plus sign', '[+1]', 'line 1, column 2'],
    ['NaN', '[NaN]', 'line 1, column 2'],
    ['undefined', '[undefined]', 'line 1, column 2'],
    ['a name twice', '{"effect":"deny",\n"effect":"allow"}', 'line 2, column 1'],
    ['a name twice, spelt differently', '{"a":1,"\\u0061":2}', 'line 1, column 8'],
    ['a name twice, deep down', '[{"x":[{"y":1,"y":2}]}]', 'line 1, column 15'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'line 1, column 16'],
    ['17 levels', `${'['.repeat(17)}1${']'.repeat(17)}`, 'line 1, column 18'],
    ['100,000 levels', '['.repeat(100_000), 'line 1, column 18'],
  ]
  test.each(cases)('PO-30 refuses %s', (_, text, place) => expect(placeOf(text)).toBe(place))
})

test('PO-30 says what was expected, and whether the text ended there', () => {
  expect(() => parseJson('[1')).toThrow("expected ',' or ']', got the end, at line 1, column 3")
  expect(() => parseJson('[1 2]')).toThrow("expected ',' or ']', got something else, at line 1, column 4")
})

test('PO-30 the same name in two objects is no repetition', () => {
  expect(placeOf('[{"a":1},{"a":{"a":2}}]')).toBe('none')
})

test('PO-5 __proto__ is a field like any other', () => {
  const value = parseJson('{"__proto__":{"x":1}}')
  expect(Object.getPrototypeOf(value)).toBeNull()
  expect(Object.keys(Object(value))).toEqual(['__proto__'])
})

describe('PO-30 where a value stands', () => {
  const text = '{\n  "version": 1,\n\t"rules": [ {"id":"a"},\r\n{ "on" : ["x", "y"],"1":{"0":[[], [ true]]}} ]\n}'
  const cases: [string, number, number][] = [
    ['', 1, 1],
    ['version', 2, 14],
    ['rules', 3, 11],
    ['rules[0]', 3, 13],
    ['rules[0].id', 3, 19],
    ['rules[1]', 4, 1],
    ['rules[1].on', 4, 10],
    ['rules[1].on[1]', 4, 16],
    ['rules[1].1.0[1][0]', 4, 37],
    ['rules[1].on[2]', 4, 10],
    ['rules[0].effect', 3, 13],
    ['rules[7].on[1]', 3, 11],
    ['version.on', 2, 14],
    ['toString', 1, 1],
    ['rules.length', 3, 11],
    ['?', 1, 1],
  ]
  test.each(cases)('PO-30 %j is at line %i, column %i', (path, line, column) => {
    expect(locateJson(text).placeOf(path)).toEqual({ line, column })
  })
  test('PO-30 it is the same value', () => {
    expect(locateJson(text).value).toEqual(parseJson(text))
    expect(() => locateJson('{"a":1,"a":2}')).toThrow(SottoError)
  })
})
