import { isContractName } from '../contract/address.js'
import type { Contract } from '../contract/define.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import { type Row, rowsOf } from '../contract/row.js'
import { SottoError } from '../errors.js'
import type { Effort } from './effort.js'
import { type Element, parsePattern } from './pattern.js'
import type { Condition, Policy, Rule } from './rule.js'

/** A contract, as patterns meet it. */
export interface Known {
  readonly name: readonly string[]
  readonly rows: readonly Row[]
}

export const knownOf = (contracts: readonly Contract[]): readonly Known[] =>
  contracts.map((contract) => ({ name: contract.name.split('.'), rows: rowsOf(contract) }))

/**
 * PO-25: holds a policy against contracts. A pattern that names one of them must meet the contract or an operation of it,
 * by a verb of its rule; a `body.NAME` must be visible in an operation the rule meets, unless the rule speaks of other
 * contracts too.
 *
 * @throws SottoError policy/malformed
 */
export const checkContracts = (policy: Policy, contracts: readonly Contract[]): void => {
  const known = knownOf(contracts)
  if (known.length === 0) return
  policy.rules.forEach((rule, index) => {
    const met = rule.on.map((text, at) => rowsNamed(rule, text, known, `rules[${index}].on[${at}]`))
    const rows = met.every((each) => each !== undefined) ? met.flat() : undefined
    if (rows !== undefined) checkVisible(rule, rows, `rules[${index}]`)
  })
}

/** What a pattern says of contracts: undefined if it names none, and so may speak of any. */
export const contractNamed = (text: string): string | undefined => {
  const pattern = parsePattern(text) ?? []
  const wild = pattern.findIndex(({ is }) => is !== 'literal')
  const literals = (wild < 0 ? pattern : pattern.slice(0, wild)).map(
    (element) => element.is === 'literal' && element.text,
  )
  return literals.map((_, at) => literals.slice(0, at + 1).join('.')).find(isContractName)
}

/**
 * PO-47: whether a verb, which the grammar lets be asked of what the pattern matches, can be asked of an operation it meets.
 * True of a pattern that speaks of other contracts too.
 */
export const canAsk = (verb: Verb, text: string, known: readonly Known[]): boolean => {
  const named = contractNamed(text)
  const contract = known.find(({ name }) => name.join('.') === named)
  if (contract === undefined || verb === 'initiate') return true
  const pattern = parsePattern(text) ?? []
  return contract.rows.some((row) => canDo([verb], row) && meets(pattern, contract.name, row))
}

/** PO-48: the addresses of operations the rule meets that do not declare visible what a condition reads unguarded. */
export const blindAt = (
  rule: Rule,
  condition: Condition,
  known: readonly Known[],
  effort: Effort,
): readonly string[] => {
  const field = condition.attribute.slice('body.'.length)
  const patterns = rule.on.map((text) => parsePattern(text) ?? [])
  return known.flatMap(({ name, rows }) =>
    rows
      .filter((row) => !row.visible.includes(field) && canDo(rule.verbs, row))
      .filter((row) => patterns.some((pattern) => effort.spend() && meets(pattern, name, row)))
      .map((row) => [...name, row.name].join('.')),
  )
}

/** The rows a pattern meets, or undefined if it does not name a known contract and so may speak of any. */
const rowsNamed = (rule: Rule, text: string, known: readonly Known[], path: string): readonly Row[] | undefined => {
  const named = contractNamed(text)
  const contract = known.find(({ name }) => name.join('.') === named)
  if (contract === undefined) return undefined
  const pattern = parsePattern(text) ?? []
  if (pattern.length === contract.name.length && rule.verbs.includes('initiate')) return []
  const rows = contract.rows.filter((row) => canDo(rule.verbs, row) && meets(pattern, contract.name, row))
  if (rows.length > 0) return rows
  throw malformed(
    path,
    `expected an operation of ${contract.name.join('.')} that ${rule.verbs.join(' or ')} can act on`,
  )
}

const checkVisible = (rule: Rule, rows: readonly Row[], path: string): void => {
  rule.when?.forEach(({ attribute }, index) => {
    if (!attribute.startsWith('body.')) return
    const field = attribute.slice('body.'.length)
    if (rows.some((row) => row.visible.includes(field))) return
    throw malformed(
      `${path}.when[${index}].attribute`,
      'expected a field that an operation of this rule declares visible',
    )
  })
}

const canDo = (verbs: readonly Verb[], row: Row): boolean => {
  const possible: readonly Verb[] = KINDS[row.kind]
  return verbs.some((verb) => possible.includes(verb))
}

/** Whether the pattern can match an address of the operation, whatever stands for its subject. */
const meets = (pattern: readonly Element[], contract: readonly string[], row: Row): boolean => {
  const fixed = [...contract, row.name]
  const length = fixed.length + (row.subject === '' ? 0 : row.subject.split('.').length)
  const tail = pattern.at(-1)?.is === 'rest'
  return (
    (tail ? pattern.length <= length : pattern.length === length) &&
    fixed.every((text, at) => {
      const element = pattern[at]
      return element?.is !== 'literal' || element.text === text
    })
  )
}

const malformed = (path: string, what: string): SottoError<'policy/malformed'> =>
  SottoError.of('policy/malformed', `${what}, got none, at ${path}`, { details: { path } })
