import { toHex } from '../../src/bytes.js'
import { encode, encodeControl, type Wire } from '../../src/cbor.js'
import { KINDS, VERBS } from '../../src/contract/kinds.js'
import { ERRORS, type ErrorCode, SottoError } from '../../src/errors.js'
import { BUDGETS } from '../../src/link/budgets.js'
import { AFTER, LINK_EVENTS, LINK_STATES } from '../../src/link/linkstate.js'
import { askingOf } from '../../src/messaging/queueterms.js'
import { SLOW } from '../../src/messaging/topicterms.js'
import { isLate, isWithheld, OPERATORS, typesOfAttribute } from '../../src/policy/rule.js'
import { FLAG, FRAMES } from '../../src/session/frames.js'
import { decodeInitiation, encodeInitiation } from '../../src/session/initiation.js'
import { LIMITS, limitsOf } from '../../src/session/limits.js'
import { FIELDS } from '../../src/session/payload.js'
import { REFRESHES } from '../../src/session/refresh.js'
import { errorOfRefusal, REFUSALS } from '../../src/session/refusal.js'
import { EVENTS, STATE_NAMES, STATES } from '../../src/session/states.js'
import { SUITES, suitesFor } from '../../src/session/suites.js'
import { filesUnder, read } from '../source.js'
import { FAULTS } from './faults.js'
import { grades } from './grades.js'
import { BOUND_TABLES } from './limits.js'

/** A table of the code, as the rows of the Markdown table that quotes it below `<!-- table: NAME -->`. */
export type Rows = readonly (readonly string[])[]

const code = (text: string): string => `\`${text}\``
const codes = (texts: readonly string[]): string => texts.map(code).join(', ')

/** Registries: what numbers and names mean on the wire and in documents. */
const REGISTRIES: Readonly<Record<string, () => Rows>> = {
  ERRORS: () => [
    ['code', 'scope', 'wire', 'means'],
    ...Object.entries(ERRORS).map(([code, { scope, wire, means }]) => [`\`${code}\``, scope, String(wire), means]),
  ],
  SUITES: () => [
    ['id', 'Noise protocol', 'bytes of messages 1, 2, 3'],
    ...SUITES.map(({ id, name, sizes }) => [`0x${id.toString(16).padStart(4, '0')}`, `\`${name}\``, sizes.join(', ')]),
  ],
  FRAMES: () => [
    ['type', 'frame', 'event', 'last of its record'],
    ...Object.entries(FRAMES).map(([name, { type, event, last }]) => [String(type), name, event, last ? 'yes' : 'no']),
  ],
  FLAGS: () => [['flag', 'bit'], ...Object.entries(FLAG).map(([name, bit]) => [`\`${name}\``, String(bit)])],
  LIMITS: () => [
    ['key', 'limit', 'unit', 'default', 'floor', 'ceiling'],
    ...Object.entries(LIMITS).map(([name, { key, unit, default: usual, floor, ceiling }]) =>
      [key, `\`${name}\``, unit, usual, floor, ceiling].map(String),
    ),
  ],
  BUDGETS: () => [
    ['budget', 'of a', 'at most', 'unit', 'rule', 'why'],
    ...Object.entries(BUDGETS).map(([name, { per, most, unit, rule, why }]) =>
      [`\`${name}\``, per, most, unit, rule, why].map(String),
    ),
  ],
  REFUSALS: () => [
    ['code', 'wire number', 'detail'],
    ...REFUSALS.map((name) => [
      code(name),
      String(ERRORS[name].wire),
      DETAILS.filter(refuses(name))
        .map(([is]) => is)
        .join(' or '),
    ]),
  ],
  FAULTS: () => [
    ['code', 'wire number', 'details', 'ran'],
    ...FAULTS.map((fault) => [code(fault.code), String(ERRORS[fault.code].wire), fault.details, fault.ran]),
  ],
  FIELDS: () => [
    ['type', 'field', 'bytes'],
    ...Object.entries(FIELDS).map(([name, { type, limit }]) => [
      String(type),
      name,
      `1 to ${limit.toLocaleString('en')}`,
    ]),
  ],
  EXTENSIONS: () => [
    ['key', 'unknown here'],
    ...EXTENSIONS.map(([is, key]) => [is, isPassedOver(key) ? 'passed over' : 'refused']),
  ],
  CBOR: () => [
    ['value', 'bytes'],
    ...VALUES.map(([is, ...values]) => [is, values.map((value) => code(toHex(encode(value)))).join(', ')]),
  ],
  KINDS: () => [['kind', 'verbs'], ...Object.entries(KINDS).map(([kind, verbs]) => [code(kind), codes(verbs)])],
  VERBS: () => [['verb', 'of'], ...VERBS.map((verb) => [code(verb), objectOf(verb)])],
  SLOW: () => [['slow'], ...SLOW.map((slow) => [code(slow)])],
  SETTLEMENTS: () => [
    ['settlement', 'argument'],
    ...['ack', 'nack', 'retry', 'reject', 'release', 'extend'].flatMap((verb) => {
      const taken = ARGUMENTS.filter(([, ...argument]) => askingOf([1, verb, ...argument]) !== undefined)
      return taken.length === 0 ? [] : [[code(verb), taken.map(([is]) => is).join(' or ')]]
    }),
  ],
  OPERATORS: () => [
    ['operator', 'value'],
    ...Object.entries(OPERATORS).map(([name, form]) => [code(name), FORMS[form]]),
  ],
  ATTRIBUTES: () => [
    ['attribute', 'type', 'known', 'value in logs'],
    ...ATTRIBUTES.map((name) => [
      code(name),
      (typesOfAttribute(name) ?? []).map((type) => (type === 'string' ? 'text' : type)).join(', '),
      name.startsWith('claim.') ? 'always' : isLate(name) ? 'late' : 'from the start',
      isWithheld(name) ? 'if revealed' : 'shown',
    ]),
  ],
  LABELS: () => [['label'], ...labelsOfSource().map((label) => [code(label)])],
}

/** What the automata of the code run on, and what follows from two settings. */
const AUTOMATA: Readonly<Record<string, () => Rows>> = {
  STATES: () => [
    ['state', 'event', 'leads to'],
    ...STATE_NAMES.flatMap((state) =>
      EVENTS.flatMap((event) => {
        const to = STATES[state][event]
        return to === undefined ? [] : [[`\`${state}\``, event, to.map((name) => `\`${name}\``).join(', ')]]
      }),
    ),
  ],
  REFRESHES: () => [
    ['state', 'event', 'leads to'],
    ...Object.entries(REFRESHES).flatMap(([state, row]) =>
      Object.entries(row).map(([event, to]) => [`\`${state}\``, event, `\`${to}\``]),
    ),
  ],
  LINK_STATES: () => [
    ['state', 'event', 'leads to'],
    ...Object.entries(LINK_STATES).flatMap(([state, row]) =>
      LINK_EVENTS.flatMap((event) => {
        const to = row[event]
        return to === undefined ? [] : [[state, event, to.join(', ')]]
      }),
    ),
  ],
  AFTER: () => [['code', 'then'], ...Object.entries(AFTER).map(([code, then]) => [`\`${code}\``, then])],
  GRADES: () => [['suite', 'message 1', 'message 2', 'message 3', 'records of I', 'records of R'], ...grades()],
  AGREED: () => [
    ['I, R', ...PQS.map(code)],
    ...PQS.map((mine) => [code(mine), ...PQS.map((theirs) => agreed(mine, theirs))]),
  ],
}

export const TABLES: Readonly<Record<string, () => Rows>> = { ...REGISTRIES, ...AUTOMATA, ...BOUND_TABLES }

/** What the detail of a REFUSE may name of what was asked for. */
const DETAILS = [
  ['empty', ''],
  ['contract', 'a.v1'],
  ['operation', 'a.v1.b'],
] as const

const refuses =
  (name: ErrorCode) =>
  ([, detail]: readonly [string, string]): boolean => {
    const initiation = {
      uses: [{ contract: 'a.v1', operations: [{ name: 'b', digest: new Uint8Array(32) }] }],
      serves: [],
      context: null,
      limits: limitsOf(),
      service: '',
    }
    // What does not fit is malformed, and says so.
    return errorOfRefusal(
      { is: 'REFUSE', code: ERRORS[name].wire, detail },
      '0'.repeat(32),
      initiation,
    ).message.startsWith(`${name}: the peer`)
  }

const EXTENSIONS = [
  ['1', 1],
  ['0, 2 to 4294967295', 2],
  ['-4294967296 to -1', -1],
] as const

const isPassedOver = (key: number): boolean => {
  const bytes = encodeInitiation({ uses: [], serves: [], context: null, limits: limitsOf(), service: '' })
  // The map of extensions is the last of all, and empty.
  const whole = Uint8Array.from([...bytes.subarray(0, -1), ...encodeControl(new Map([[key, null]]))])
  try {
    decodeInitiation(whole)
    return true
  } catch (error) {
    if (SottoError.is(error, 'session/extension')) return false
    throw error
  }
}

const objectOf = (verb: string): string => {
  const of = Object.entries(KINDS).flatMap(([kind, verbs]) =>
    verbs.flatMap((each, i) =>
      each === verb ? [i === 0 ? `a message of ${code(kind)}` : `what stands of ${code(kind)}`] : [],
    ),
  )
  return of.length === 0 ? 'a contract' : of.join(', ')
}

const ARGUMENTS = [
  ['none'],
  ['milliseconds', 5],
  ['text of at most 255 bytes', 'x'.repeat(255)],
  ['longer text', 'x'.repeat(256)],
] as const

const FORMS = {
  scalar: 'text, number or boolean',
  number: 'number',
  list: '1 to 1,000 texts, or as many numbers',
  none: 'none',
} as const

const VALUES: readonly (readonly [string, ...Wire[]])[] = [
  ['`null`, `false`, `true`', null, false, true],
  ['0, 23, 24, 255, 256', 0, 23, 24, 255, 256],
  ['2^32, 2^64-1', 2 ** 32, 2n ** 64n - 1n],
  ['-1, -2^64', -1, -(2n ** 64n)],
  ['1.5, 65504.5, 0.1', 1.5, 65_504.5, 0.1],
  ['NaN, infinity, minus infinity', Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ['the bytes 01 02', Uint8Array.of(1, 2)],
  ['"é"', 'é'],
  ['{ "b": 1, "10": 2 }', { b: 1, 10: 2 }],
]

const ATTRIBUTES = ['bytes', 'ttlMs', 'state', 'suite', 'ageMs', 'time', 'label.NAME', 'body.NAME', 'claim.NAME']

/** Every text of the source that keeps one use of a key or a hash apart from the others. */
const labelsOfSource = (): readonly string[] => {
  const sources = filesUnder('src', '.ts').filter(
    (path) => !path.startsWith('src/kit/') && !path.startsWith('src/cli/'),
  )
  const found = sources.flatMap((path) => [
    ...read(path).matchAll(/(?:exportReserved\(|utf8\(|: )'((?:Sotto\/1|sotto )[^']*)'/g),
  ])
  return [...new Set(found.map(([, label = '']) => label))].sort()
}

const PQS = ['require', 'prefer', 'off'] as const

const agreed = (mine: (typeof PQS)[number], theirs: (typeof PQS)[number]): string => {
  const allowed = suitesFor(theirs, false, { nativeAes: false })
  const suite = suitesFor(mine, false, { nativeAes: false }).find((each) => allowed.includes(each))
  return suite === undefined ? 'silence' : (/_(XX(?:hfs)?)_/.exec(suite.name)?.[1] ?? suite.name)
}
