import { utf8 } from '../bytes.js'
import { isToken } from '../contract/address.js'
import type { Verb } from '../contract/kinds.js'
import type { Check } from '../policy/check.js'
import type { Condition, Scalar } from '../policy/rule.js'
import { MAX_LABEL_VALUE } from '../session/frames.js'
import { LIMITS } from '../session/limits.js'
import { SUITES } from '../session/suites.js'

/** All values of an attribute that nothing tells apart, and one of them. */
export interface Piece {
  /** Undefined if the attribute is absent. */
  readonly value: Scalar | undefined
  readonly values: readonly Value[]
}

/** How an attribute is read, and of what. */
export interface Asked {
  readonly attribute: string
  readonly verb: Verb
  /** The fields of the body that the operation declares visible. */
  readonly visible: readonly string[]
  /** All conditions on the attribute, and what becomes of them. */
  readonly conditions: readonly Condition[]
  readonly checks: readonly Check[]
  /** Of a claim: the elements of the address that a pattern compares it with. */
  readonly tokens: readonly string[]
  /** What neither a document nor a contract begins a text with. */
  readonly word: string
}

/** One value, or a stretch of numbers between two that are compared with; `at` counts numbers that follow one another. */
type Value =
  | { readonly value: Scalar | undefined; readonly says: string }
  | { readonly value: number; readonly at: number; readonly above?: number; readonly below?: number }

type ScalarType = 'string' | 'number' | 'boolean'

/** What an attribute can be at all: the gate of src/session/gate.ts fills it in. */
interface Possible {
  readonly absent: boolean
  readonly types: readonly ScalarType[]
  readonly numbers?: { readonly least: number; readonly most: number; readonly whole: boolean }
  /** All texts there are. */
  readonly texts?: readonly string[]
  /** UTF-8 bytes of a text, at most. */
  readonly length?: number
}

const CLOCK: Possible = {
  absent: false,
  types: ['number'],
  numbers: { least: 0, most: Number.MAX_VALUE, whole: false },
}
const ANY: readonly ScalarType[] = ['string', 'number', 'boolean']
const SAFE = Number.MAX_SAFE_INTEGER
const NEVER: Possible = { absent: true, types: [] }

const POSSIBLE: Readonly<Record<string, Possible>> = {
  bytes: { absent: false, types: ['number'], numbers: { least: 0, most: LIMITS.message.ceiling, whole: true } },
  ttlMs: { absent: true, types: ['number'], numbers: { least: 1, most: SAFE, whole: true } },
  state: { absent: true, types: ['string'] },
  suite: { absent: false, types: ['string'], texts: SUITES.map(({ name }) => name) },
  ageMs: CLOCK,
  time: CLOCK,
  label: { absent: true, types: ['string'], length: MAX_LABEL_VALUE },
  body: { absent: true, types: ANY, numbers: { least: -Infinity, most: Infinity, whole: false } },
  // ID-25: integers alone.
  claim: { absent: true, types: ANY, numbers: { least: -SAFE, most: SAFE, whole: true } },
}

/** CL-37: all that an attribute can be, in the fewest pieces that no condition and no pattern can divide. */
export const piecesOf = (asked: Asked): readonly Piece[] => {
  const pieces = new Map<string, Value[]>()
  for (const value of valuesOf(asked, possibleOf(asked))) {
    const key = JSON.stringify([asked.checks.map(({ test }) => test(value.value)), tokenAs(value.value, asked.tokens)])
    const alike = pieces.get(key) ?? []
    pieces.set(key, alike)
    alike.push(value)
  }
  return [...pieces.values()].map((values) => ({ value: values[0]?.value, values }))
}

/** What is said of several pieces of one attribute, like `above 5`. */
export const describePieces = (pieces: readonly Piece[]): readonly string[] => {
  const values = pieces.flatMap((piece) => piece.values)
  const stretches: Stretch[] = []
  for (const value of values.filter(isNumber).sort((a, b) => a.at - b.at)) {
    const last = stretches.at(-1)
    if (last !== undefined && last.to.at + 1 === value.at) last.to = value
    else stretches.push({ from: value, to: value })
  }
  const said = values.flatMap((value) => (isNumber(value) ? [] : [value.says]))
  return SHORTER.reduce(shorten, [...said, ...stretches.map(describeStretch)])
}

/** What is shorter said otherwise. */
const SHORTER: readonly (readonly [all: readonly string[], short: string])[] = [
  [['true', 'false'], 'a boolean'],
  [['a text', 'a boolean', 'not a number'], 'no number'],
  [['a boolean', 'not a number', 'a number'], 'no text'],
  [['a text', 'not a number', 'a number'], 'no boolean'],
]

const shorten = (said: readonly string[], [all, short]: (typeof SHORTER)[number]): readonly string[] =>
  all.every((text) => said.includes(text)) ? [...said.filter((text) => !all.includes(text)), short] : said

type NumberValue = Extract<Value, { readonly at: number }>
type Stretch = { readonly from: NumberValue; to: NumberValue }

const isNumber = (value: Value): value is NumberValue => 'at' in value

const describeStretch = ({ from, to }: Stretch): string => {
  const isOne = (value: NumberValue): boolean => value.above === undefined && value.below === undefined
  const start = isOne(from) ? `at least ${from.value}` : from.above === -Infinity ? '' : `above ${from.above}`
  const end = isOne(to) ? `at most ${to.value}` : to.below === Infinity ? '' : `below ${to.below}`
  if (from === to && isOne(from)) return String(from.value)
  return [start, end].filter((text) => text !== '').join(' and ') || 'a number'
}

const possibleOf = ({ attribute, verb, visible }: Asked): Possible => {
  const [family = '', name = ''] = attribute.split('.')
  if (family === 'claim') return POSSIBLE.claim ?? NEVER
  // SE-28: what is asked before there is a message knows of none.
  if (verb === 'initiate' && family !== 'suite' && family !== 'time') return NEVER
  if (family === 'body' && !visible.includes(name)) return NEVER
  return POSSIBLE[family] ?? NEVER
}

const valuesOf = (asked: Asked, possible: Possible): readonly Value[] => {
  const constants = asked.conditions.flatMap(({ value }) => (value === undefined ? [] : value))
  const values: Value[] = possible.absent ? [{ value: undefined, says: 'absent' }] : []
  if (possible.types.includes('string')) values.push(...textsOf(asked, possible, constants))
  if (possible.types.includes('number')) values.push(...numbersOf(possible, constants))
  if (possible.types.includes('boolean')) values.push({ value: true, says: 'true' }, { value: false, says: 'false' })
  // PO-14: a float of a body may be none; it is in error wherever a number is read.
  if (possible.numbers?.least === -Infinity) values.push({ value: Number.NaN, says: 'not a number' })
  return values
}

const textsOf = ({ tokens, word }: Asked, { texts, length }: Possible, constants: readonly Scalar[]): Value[] => {
  const isText = (value: Scalar): value is string => typeof value === 'string'
  const told = new Set([...constants.filter(isText), ...tokens, ...(texts ?? [])])
  const fits = (text: string): boolean =>
    texts?.includes(text) !== false && (length === undefined || utf8(text).length <= length)
  const values: Value[] = [...told].filter(fits).map((value) => ({ value, says: JSON.stringify(value) }))
  if (texts !== undefined) return values
  const other = values.length === 0 ? 'a text' : 'another text'
  if (tokens.length === 0) return [...values, { value: word, says: other }]
  return [
    ...values,
    { value: `${word}-claim`, says: 'another token' },
    { value: `${word} text`, says: 'another text that is no token' },
  ]
}

/** Every number that is compared with, and one between each two and at both ends, where there is one. */
const numbersOf = ({ numbers }: Possible, constants: readonly Scalar[]): Value[] => {
  const { least, most, whole } = numbers ?? { least: -Infinity, most: Infinity, whole: false }
  const marks = [...new Set(constants.filter((value) => typeof value === 'number'))].sort((a, b) => a - b)
  const fits = (value: number): boolean => value >= least && value <= most && (!whole || Number.isInteger(value))
  const values: NumberValue[] = []
  const bounds = [-Infinity, ...marks, Infinity]
  bounds.slice(1).forEach((below, index) => {
    const above = bounds[index] ?? -Infinity
    const between = numberBetween(Math.max(above, least), Math.min(below, most), whole)
    const isInside = (value: number): boolean =>
      (value > above || above === -Infinity) && (value < below || below === Infinity) && fits(value)
    const inside = [between, least, most].find(isInside)
    if (inside !== undefined) values.push({ value: inside, at: values.length, above, below })
    if (fits(below) && below !== Infinity) values.push({ value: below, at: values.length })
  })
  return values
}

/** A number between two, a plain one where there is room; one of the two if nothing is between them. */
const numberBetween = (above: number, below: number, whole: boolean): number => {
  if (above < 0 && below > 0) return 0
  if (below === Infinity || (whole && above >= 0)) return whole ? Math.floor(above) + 1 : above + Math.max(1, above)
  if (above === -Infinity || whole) return whole ? Math.ceil(below) - 1 : below - Math.max(1, -below)
  const next = Math.floor(above) + 1
  return next < below ? next : above / 2 + below / 2
}

/** PO-10: what a placeholder makes of a claim. */
const tokenAs = (value: Scalar | undefined, tokens: readonly string[]): string => {
  if (tokens.length === 0) return ''
  if (typeof value !== 'string' || !isToken(value)) return 'none'
  return tokens.includes(value) ? `=${value}` : 'another'
}
