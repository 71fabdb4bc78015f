import type { Contract } from '../contract/define.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import { type Row, rowsOf } from '../contract/row.js'
import { SottoError } from '../errors.js'
import { type Element, parsePattern } from './pattern.js'
import type { Policy, Rule } from './rule.js'

/**
 * PO-25: holds a policy against contracts. A pattern that names one of them must meet the contract or an operation of it,
 * by a verb of its rule; a `body.NAME` must be visible in an operation the rule meets, unless the rule speaks of other
 * contracts too.
 *
 * @throws SottoError policy/malformed
 */
export const checkContracts = (policy: Policy, contracts: readonly Contract[]): void => {
  const known = contracts.map((contract) => ({ name: contract.name.split('.'), rows: rowsOf(contract) }))
  if (known.length === 0) return
  policy.rules.forEach((rule, index) => {
    const met = rule.on.map((text, at) => rowsMet(rule, text, known, `rules[${index}].on[${at}]`))
    const rows = met.every((each) => each !== undefined) ? met.flat() : undefined
    if (rows !== undefined) checkVisible(rule, rows, `rules[${index}]`)
  })
}

interface Known {
  readonly name: readonly string[]
  readonly rows: readonly Row[]
}

/** The rows a pattern meets, or undefined if it does not name a known contract and so may speak of any. */
const rowsMet = (rule: Rule, text: string, known: readonly Known[], path: string): readonly Row[] | undefined => {
  const pattern = parsePattern(text) ?? []
  const contract = known.find(({ name }) => name.every((part, at) => isLiteral(pattern[at], part)))
  if (contract === undefined) return undefined
  const rest = pattern.slice(contract.name.length)
  if (rest.length === 0 && rule.verbs.includes('initiate')) return []
  const rows = contract.rows.filter((row) => canDo(rule.verbs, row) && fits(rest, row))
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

/** Whether the elements behind the contract can match the operation and its subject. */
const fits = (rest: readonly Element[], row: Row): boolean => {
  const [operation] = rest
  const elements = 1 + (row.subject === '' ? 0 : row.subject.split('.').length)
  if (operation?.is === 'literal' && operation.text !== row.name) return false
  return rest.at(-1)?.is === 'rest' ? rest.length <= elements : rest.length === elements
}

const isLiteral = (element: Element | undefined, text: string): boolean =>
  element?.is === 'literal' && element.text === text

const malformed = (path: string, what: string): SottoError<'policy/malformed'> =>
  SottoError.of('policy/malformed', `${what}, got none, at ${path}`, { details: { path } })
