import { type Check, checksOf } from './check.js'
import type { Effort } from './effort.js'
import { BOUNDS } from './load.js'
import type { Attribute, Rule, Scalar } from './rule.js'

/**
 * The place in `when` of the last condition on an attribute of which no value, and not its absence either, meets all that
 * the rule asks of it. A rule with a byte rate asks for `bytes` as a condition would (PO-22).
 */
export const contradictionIn = (rule: Rule, effort: Effort): number | undefined => {
  const checks = checksOf(rule)
  const conditions = rule.when ?? []
  const at = conditions.findLastIndex(({ attribute }, index) => {
    const isLast = conditions.findLastIndex((other) => other.attribute === attribute) === index
    return isLast && !canHold(onlyOf(checks, attribute), effort)
  })
  return at < 0 ? undefined : at
}

const onlyOf = (checks: readonly Check[], attribute: Attribute): readonly Check[] =>
  checks.filter((check) => check.attribute === attribute)

/** Whether some value meets all of them. True if there is no effort left to find out. */
const canHold = (checks: readonly Check[], effort: Effort): boolean =>
  checks.length < 2 ||
  candidates(checks).some((value) => !effort.spend(checks.length) || checks.every(({ test }) => test(value) === 'met'))

/** Values of which one meets all the checks, if any value does. */
const candidates = (checks: readonly Check[]): readonly (Scalar | undefined)[] => {
  const closed = checks.flatMap(({ condition }) =>
    condition?.is === 'eq' || condition?.is === 'in' ? [condition] : [],
  )
  const values = (closed.length > 0 ? closed.slice(0, 1) : checks.map(({ condition }) => condition)).flatMap(
    (condition): readonly Scalar[] => {
      const value = condition?.value
      return value === undefined ? [] : typeof value === 'object' ? value : [value]
    },
  )
  return closed.length > 0 ? values : [undefined, true, false, ELSE, ...values, ...around(values)]
}

/** A text that no document holds. */
const ELSE = 'x'.repeat(BOUNDS.text + 1)

/** Numbers between, below and above those that are compared with: where there is no other between two, one of them. */
const around = (values: readonly Scalar[]): readonly number[] => {
  const { MAX_VALUE } = Number
  const numbers = values.filter((value) => typeof value === 'number')
  const points = [-MAX_VALUE, ...numbers.toSorted((a, b) => a - b), MAX_VALUE]
  const between = points.map((point, at) => point / 2 + (points[at + 1] ?? point) / 2)
  return [-Infinity, ...points, ...between, Infinity]
}
