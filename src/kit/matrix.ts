import type { Contract } from '../contract/define.js'
import type { PeerId } from '../identity/id.js'
import type { Question, Verdict } from '../policy/decide.js'
import type { Condition, Limit, Rule, Who } from '../policy/rule.js'
import type { Cell } from './cell.js'
import type { Document } from './document.js'
import { Domain, type Fresh } from './domain.js'
import { type PeerClass, peerClasses, peerOf } from './peerclass.js'
import { Allowance, pointsOf, spaceOf } from './points.js'

/** What peers may do at one address. */
export interface MatrixRow {
  readonly direction: Question['direction']
  readonly verb: Question['verb']
  /** With `{peer.id}`, and a placeholder of its contract where any other token may stand. */
  readonly address: string
  /** The one peer that the row is of: a token is its id. */
  readonly owner?: PeerId
  readonly cells: readonly MatrixCell[]
}

/** What holds for the peers that have one of these names, and no other that the policy speaks of. */
export interface MatrixCell {
  /** `any` for those that have none of the others. */
  readonly who: readonly Who[]
  /** `open` if there are too many combinations of attributes to go through. */
  readonly effect: 'allow' | 'deny' | 'conditional' | 'open'
  /** Where no rule decides: `always`, for some attributes (`sometimes`) or for none (`never`). */
  readonly default: Often
  /** The rules that decide, one of all that say the same. */
  readonly rules: readonly MatrixRule[]
}

export interface MatrixRule {
  readonly id: string
  /** A rule in error denies. */
  readonly says: 'allow' | 'deny' | 'error'
  readonly often: Exclude<Often, 'never'>
  /** What it depends on: its conditions, and its patterns if they compare a claim. */
  readonly when: readonly Condition[]
  readonly on: readonly string[]
  readonly limit?: Limit
}

type Often = 'always' | 'sometimes' | 'never'

/** CL-35: who may do what, at every address of the contracts. */
export const policyMatrix = (policy: Document, contracts: readonly Contract[]): readonly MatrixRow[] => {
  const domain = new Domain([policy], contracts)
  const allowance = new Allowance()
  const wide = domain.wide().map(({ act: { direction, verb, shown } }) => ({
    direction,
    verb,
    address: shown,
    cells: [{ ...OPEN, who: ['any'] as const }],
  }))
  const rows = [...domain.cells()].map((cell) => ({
    direction: cell.direction,
    verb: cell.verb,
    address: cell.shown,
    ...(cell.owner !== undefined && cell.owner !== domain.fresh.owner && { owner: cell.owner }),
    cells: peerClasses([policy], domain.fresh, cell).map((peers) =>
      cellOf(policy, domain.fresh, cell, peers, allowance),
    ),
  }))
  return [...rows, ...wide]
}

const OPEN = { effect: 'open', default: 'never', rules: [] } as const

const cellOf = (policy: Document, fresh: Fresh, cell: Cell, peers: PeerClass, allowance: Allowance): MatrixCell => {
  const who: readonly Who[] = peers.names.length === 0 ? ['any'] : (peers.who.at(-1) ?? [])
  const space = spaceOf(fresh, cell, peers)
  if (!allowance.take(space.size)) return { ...OPEN, who }
  const count = new Count()
  for (const claims of pointsOf(space.claims)) {
    const asked = policy.store.forPeer(peerOf(peers, claims.values))
    for (const { values } of pointsOf(space.attributes)) {
      count.add(asked.decide(cell.direction, cell.verb, cell.address, values, 0))
    }
  }
  return {
    who,
    effect: count.effect,
    default: often(count.defaults, space.size),
    rules: count.rules(policy, space.size),
  }
}

/** The verdicts on all combinations. */
class Count {
  defaults = 0
  readonly #effects = new Set<'allow' | 'deny'>()
  readonly #rules = new Map<string, { readonly id: string; readonly says: MatrixRule['says']; times: number }>()

  get effect(): MatrixCell['effect'] {
    const [effect = 'deny', other] = this.#effects
    return other === undefined ? effect : 'conditional'
  }

  add(verdict: Verdict): void {
    this.#effects.add(verdict.effect)
    if (verdict.rules.length === 0) this.defaults++
    const says = verdict.effect === 'allow' ? 'allow' : verdict.why === 'error' ? 'error' : 'deny'
    for (const id of verdict.rules) {
      const key = `${says} ${id}`
      const counted = this.#rules.get(key) ?? { id, says, times: 0 }
      counted.times++
      this.#rules.set(key, counted)
    }
  }

  rules(policy: Document, points: number): readonly MatrixRule[] {
    const rules = [...this.#rules.values()].flatMap(({ id, says, times }) => {
      const rule = policy.rule(id)
      return rule === undefined ? [] : [ruleOf(rule, says, times === points ? 'always' : 'sometimes')]
    })
    return rules.sort((a, b) => ORDER.indexOf(a.says) - ORDER.indexOf(b.says))
  }
}

/** PO-15: what wins stands first. */
const ORDER: readonly MatrixRule['says'][] = ['deny', 'error', 'allow']

const ruleOf = (
  { id, when = [], on, limit }: Rule,
  says: MatrixRule['says'],
  often: MatrixRule['often'],
): MatrixRule => ({
  id,
  says,
  often,
  when,
  on: on.filter((pattern) => pattern.includes('{claim.')),
  ...(limit !== undefined && says === 'allow' && { limit }),
})

const often = (times: number, points: number): Often =>
  times === 0 ? 'never' : times === points ? 'always' : 'sometimes'
