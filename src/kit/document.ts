import { isToken } from '../contract/address.js'
import type { PeerId } from '../identity/id.js'
import { type Check, checksOf } from '../policy/check.js'
import { BOUNDS, loadPolicy } from '../policy/load.js'
import { type Element, parsePattern } from '../policy/pattern.js'
import type { Limit, Policy, Rule, Who } from '../policy/rule.js'
import { type PolicyStore, policyStore } from '../policy/store.js'
import type { Cell } from './cell.js'

/** A rule that may match in a cell, for the peers it names. */
export interface Speaking {
  readonly rule: Rule
  readonly names: readonly Who[]
  readonly checks: readonly Check[]
  /** The claims a pattern compares with an element of the address, which is `token`; none if another pattern is sure to match. */
  readonly claims: readonly { readonly name: string; readonly token: string }[]
  /** All it says in the cell, apart from whom it names: two rules that say the same are alike, whatever their ids. */
  readonly says: string
}

/** A policy made ready to be asked of every cell. It decides by `policyStore` and nothing else. */
export class Document {
  readonly policy: Policy
  /** With limits that have room for everything, so that rules alone decide. */
  readonly store: PolicyStore
  readonly #ready: readonly Ready[]
  readonly #rules: ReadonlyMap<string, Rule>

  /**
   * @param document plain data, as JSON gives it
   * @throws SottoError policy/malformed
   */
  constructor(document: unknown) {
    this.policy = loadPolicy(document)
    this.store = policyStore({ ...this.policy, rules: this.policy.rules.map(roomy) })
    this.#ready = this.policy.rules.map((rule) => readyOf(rule, this.policy))
    this.#rules = new Map(this.policy.rules.map((rule) => [rule.id, rule]))
  }

  /** Every rule that could match in the cell, whatever the peer and its claims are, in document order. */
  speaking(cell: Cell): readonly Speaking[] {
    const elements = cell.address.split('.')
    return this.#ready.flatMap((ready) => speakingAt(ready, cell, elements) ?? [])
  }

  /** The patterns of the rules of a direction and verb. */
  patterns({ direction, verb }: Pick<Cell, 'direction' | 'verb'>): readonly (readonly Element[])[] {
    return this.#ready
      .filter(({ rule }) => isOf(rule, direction, verb))
      .flatMap(({ patterns }) => patterns.map(({ elements }) => elements))
  }

  /** The peers it names by their ids. */
  get ids(): readonly PeerId[] {
    return [...new Set(this.#ready.flatMap(({ names }) => names.filter(isId)))]
  }

  /** The tokens that a claim is compared with by conditions. */
  tokensOf(claim: string): readonly string[] {
    const conditions = this.policy.rules.flatMap(({ when = [] }) => when)
    return conditions
      .flatMap(({ attribute, value = [] }) => (attribute === `claim.${claim}` ? value : []))
      .filter((value) => typeof value === 'string')
      .filter(isToken)
  }

  rule(id: string): Rule | undefined {
    return this.#rules.get(id)
  }

  /** The limits of these rules, each once, in order. */
  limitsOf(rules: readonly string[]): readonly string[] {
    const limits = rules.flatMap((id) => this.#rules.get(id)?.limit ?? [])
    return limits.length === 0 ? NONE : [...new Set(limits.map(limitText))].sort()
  }
}

const NONE: readonly string[] = Object.freeze([])

interface Ready {
  readonly rule: Rule
  readonly names: readonly Who[]
  readonly checks: readonly Check[]
  readonly patterns: readonly { readonly text: string; readonly elements: readonly Element[] }[]
  readonly says: string
}

/** `4 at once, 20/s`. */
export const limitText = ({ perSecond, bytesPerSecond, concurrent }: Limit): string =>
  [
    ...(concurrent === undefined ? [] : [`${concurrent} at once`]),
    ...(perSecond === undefined ? [] : [`${perSecond}/s`]),
    ...(bytesPerSecond === undefined ? [] : [`${bytesPerSecond} bytes/s`]),
  ].join(', ')

const readyOf = (rule: Rule, { groups = {} }: Policy): Ready => {
  const { effect, when = [], limit } = rule
  return {
    rule,
    names: [
      ...new Set(whoOf(rule).flatMap((who) => (isGroup(who) ? (groups[who.slice('group:'.length)] ?? []) : who))),
    ],
    checks: checksOf(rule),
    patterns: rule.on.map((text) => ({ text, elements: parsePattern(text) ?? [] })),
    says: JSON.stringify([effect, when, limit === undefined ? '' : limitText(limit)]),
  }
}

const whoOf = ({ by, to }: Rule): readonly Who[] => by ?? to ?? []

const isId = (who: Who): who is PeerId => who.startsWith('sotto1')

const isGroup = (who: Who): boolean => who.startsWith('group:')

const isOf = ({ by, verbs }: Rule, direction: Cell['direction'], verb: Cell['verb']): boolean =>
  (by === undefined ? 'out' : 'in') === direction && verbs.includes(verb)

/** PO-22 stays: a rate over bytes reads them. */
const roomy = ({ limit, ...rule }: Rule): object =>
  limit?.bytesPerSecond === undefined ? rule : { ...rule, limit: { bytesPerSecond: BOUNDS.rate } }

const speakingAt = (ready: Ready, cell: Cell, elements: readonly string[]): Speaking | undefined => {
  const { rule, names, checks } = ready
  if (!isOf(rule, cell.direction, cell.verb)) return undefined
  const met = ready.patterns.filter((pattern) => mayMatch(pattern.elements, elements, cell.owner))
  if (met.length === 0) return undefined
  const unsure = met.some((pattern) => !pattern.elements.some(({ is }) => is === 'claim')) ? [] : met
  const claims = unsure.flatMap((pattern) =>
    pattern.elements.flatMap((element, at) =>
      element.is === 'claim' ? [{ name: element.name, token: elements[at] ?? '' }] : [],
    ),
  )
  const says = [ready.says, ...unsure.map(({ text }) => text).sort()].join(' ')
  return { rule, names, checks, claims, says }
}

/** Whether some claims make the pattern match the elements, or put its rule in error. */
const mayMatch = (pattern: readonly Element[], elements: readonly string[], owner: string | undefined): boolean => {
  const tail = pattern.at(-1)?.is === 'rest'
  if (tail ? elements.length < pattern.length : elements.length !== pattern.length) return false
  return pattern.every((element, at) => {
    if (element.is === 'literal') return element.text === elements[at]
    return element.is !== 'peer' || elements[at] === owner
  })
}
