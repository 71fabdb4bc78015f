import { SottoError } from '../../src/errors.js'
import { parseJson } from '../../src/policy/json.js'
import type { Policy } from './policyform.js'

type Taken = Policy['texts'][number]
type Refused = Policy['textsRefused'][number]

const TAKEN: Readonly<Record<string, string>> = {
  'no members': '{}',
  'white space of every kind': '\t{ "a" :\r\n[ 1 , null ] }\n',
  'the same name in two objects': '{"a":{"a":1},"b":{"a":2}}',
  'names that differ in case alone': '{"a":1,"A":2}',
  'a name with an escape': '{"\\u0061":"\\"\\\\\\/\\b\\f\\n\\r\\t\\ud83d\\ude00"}',
  'numbers in every spelling': '[0,-1,1.5,1E2,1e-2,-0.5e+1]',
  'what is no object': 'true',
  'sixteen levels': `${'['.repeat(16)}${']'.repeat(16)}`,
}

const REFUSED: Readonly<Record<string, string>> = {
  'a name twice': '{"version":1,"version":1}',
  'a name twice, on another line': '{\n  "rules": [],\n  "rules": [1]\n}',
  'a name twice in an object inside another': '{"rules":[{"id":"a","effect":"deny","id":"b"}]}',
  'a name twice, once with an escape': '{"id":1,"\\u0069d":2}',
  nothing: '',
  'white space alone': ' \n ',
  'a comment': '{"a":1 // of mine\n}',
  'a comma behind the last member': '{"a":1,}',
  'a comma behind the last item': '[1,]',
  'a name without quotes': '{a:1}',
  'single quotes': "{'a':1}",
  'no colon': '{"a" 1}',
  'no comma': '{"a":1 "b":2}',
  'something behind the value': '{} {}',
  'an object without its end': '{"a":{"b":1}',
  'a text without its end': '["a',
  'a line feed in a text': '["a\nb"]',
  'an escape that is not there': '["\\x61"]',
  'half of an escape': '["\\u00"]',
  'a number with a zero in front': '[01]',
  'a number that ends with its point': '[1.]',
  'a number without a digit in front': '[.5]',
  'a number with a plus': '[+1]',
  'what is not a number': '[NaN]',
  'a word in capitals': '[True]',
}

export const texts = (): Taken[] =>
  // The cast: what is read of JSON is JSON.
  Object.entries(TAKEN).map(([name, text]) => ({ name, text, value: parseJson(text) as Taken['value'] }))

export const textsRefused = (): Refused[] =>
  Object.entries(REFUSED).map(([name, text]) => ({
    name,
    code: 'policy/malformed',
    rule: 'PO-30',
    text,
    ...placeOf(text),
  }))

/** Where it shows that it is none. */
const placeOf = (text: string): Pick<Refused, 'line' | 'column'> => {
  try {
    parseJson(text)
  } catch (error) {
    if (!SottoError.is(error, 'policy/malformed')) throw error
    const [line = 0, column = 0] = [...error.details.path.matchAll(/\d+/g)].map(Number)
    return { line, column }
  }
  throw new TypeError(`expected a text to be refused: ${text}`)
}
