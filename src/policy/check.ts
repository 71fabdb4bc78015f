import { type Attribute, type Condition, claimOf, isLate, type Operator, type Rule, type Scalar } from './rule.js'

/** What a gate knows of an act, by the names rules use. Claims are not among them: they come from the peer. */
export type Attributes = Readonly<Record<string, Scalar>>

/** `unknown` only while a late attribute has not come. */
export type Outcome = 'met' | 'unmet' | 'error' | 'unknown'

/** A condition made ready: what to read, and what becomes of it. */
export interface Check {
  readonly attribute: Attribute
  readonly claim: string | undefined
  readonly late: boolean
  /** What it was made of, for those who read; none for a pattern's claim. */
  readonly condition: Condition | undefined
  /** The outcome for a value; undefined is an absent attribute. */
  readonly test: (value: unknown) => Exclude<Outcome, 'unknown'>
}

/** The checks of a rule: its conditions, and the size that a byte rate counts. */
export const checksOf = (rule: Rule): readonly Check[] => {
  const conditions = [...(rule.when ?? [])]
  // PO-22: a rate over a size nobody told is an error like any other absent attribute.
  if (rule.limit?.bytesPerSecond !== undefined) conditions.push({ attribute: 'bytes', is: 'ge', value: 0 })
  return conditions.map(checkOf)
}

/** PO-13: reads the attributes in order, up to the first check that is not met. Those it reads go to `reads`. */
export const runChecks = (
  checks: readonly Check[],
  attributes: Attributes,
  foreseeing: boolean,
  reads?: Check[],
): Outcome => {
  for (const check of checks) {
    const value = ownValue(attributes, check.attribute)
    if (value === undefined && check.late && foreseeing) return 'unknown'
    reads?.push(check)
    const outcome = check.test(value)
    if (outcome !== 'met') return outcome
  }
  return 'met'
}

/** PO-26: what is inherited from a prototype is absent. */
export const ownValue = (values: Attributes, name: string): Scalar | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined

const checkOf = (condition: Condition): Check => {
  const { attribute } = condition
  return { attribute, claim: claimOf(attribute), late: isLate(attribute), condition, test: testOf(condition) }
}

/** PO-52: the rows of its table, for one condition. */
const testOf = ({ is, value }: Condition): Check['test'] => {
  if (is === 'present') return (seen) => (seen === undefined ? 'unmet' : 'met')
  if (is === 'absent') return (seen) => (seen === undefined ? 'met' : 'unmet')
  const values = new Set<unknown>(typeof value === 'object' ? value : [value])
  const type = typeof (typeof value === 'object' ? value[0] : value)
  const holds = comparisonOf(is, values, typeof value === 'number' ? value : Number.NaN)
  return (seen) => {
    // PO-14: absent, of another type, or no number at all.
    if (typeof seen !== type || Number.isNaN(seen)) return 'error'
    return holds(seen) ? 'met' : 'unmet'
  }
}

const comparisonOf = (
  is: Exclude<Operator, 'present' | 'absent'>,
  values: ReadonlySet<unknown>,
  bound: number,
): ((seen: unknown) => boolean) => {
  const number = (compare: (seen: number) => boolean) => (seen: unknown) => typeof seen === 'number' && compare(seen)
  const comparisons = {
    eq: (seen: unknown) => values.has(seen),
    ne: (seen: unknown) => !values.has(seen),
    in: (seen: unknown) => values.has(seen),
    'not-in': (seen: unknown) => !values.has(seen),
    lt: number((seen) => seen < bound),
    le: number((seen) => seen <= bound),
    gt: number((seen) => seen > bound),
    ge: number((seen) => seen >= bound),
  }
  return comparisons[is]
}
