import { isToken } from '../contract/address.js'
import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import { type Check, checksOf, ownValue } from './check.js'
import { parsePattern } from './pattern.js'
import type { Limit, Policy, Rule, Who } from './rule.js'
import { type Names, Trie } from './trie.js'

/** `in`: the peer does it to us; `out`: we do it to the peer. */
export type Direction = 'in' | 'out'

/** A rule whose who, verb and address match. What its checks read of claims is settled, for claims do not change. */
export interface Match {
  readonly rule: Rule
  readonly checks: readonly Check[]
  /** PO-10: it matches only but for a claim that its pattern names. */
  readonly faulty: boolean
}

/** A rule as it stands for one peer, verb and address: what is left to read are the attributes. */
export interface Pending {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly checks: readonly Check[]
  readonly limit: Limit | undefined
  readonly bucket: string
}

/** A policy made ready for look-ups: for each who, the patterns of the rules that name it. Shared by all peers. */
export class Compiled {
  readonly #outbound: 'allow' | 'deny'
  readonly #groups: ReadonlyMap<Who, readonly Who[]>
  readonly #tries: Readonly<Record<Direction, ReadonlyMap<Who, Trie<Entry>>>>
  /** In document order. */
  readonly rules: readonly Rule[]
  /** The attributes whose values may be shown, beside those that always may. */
  readonly revealed: ReadonlySet<string>

  constructor(policy: Policy) {
    this.rules = policy.rules
    this.revealed = new Set(policy.reveal)
    this.#outbound = policy.outbound ?? 'allow'
    this.#groups = groupsByMember(policy)
    const entries = policy.rules.map((rule, order) => ({ rule, order, checks: checksOf(rule) }))
    this.#tries = { in: triesOf(entries, ({ by }) => by), out: triesOf(entries, ({ to }) => to) }
  }

  /** The rules that match, in document order. */
  matching(peer: Peer, direction: Direction, verb: Verb, address: string): readonly Match[] {
    const found = { sure: new Set<Entry>(), faulty: new Set<Entry>() }
    const names = namesOf(peer)
    const elements = address.split('.')
    for (const who of this.whoOf(peer)) this.#tries[direction].get(who)?.find(elements, names, found)
    return [...new Set([...found.sure, ...found.faulty])]
      .filter(({ rule }) => rule.verbs.includes(verb))
      .sort((a, b) => a.order - b.order)
      .map((entry) => {
        const faulty = !found.sure.has(entry)
        return { rule: entry.rule, checks: faulty ? FAULT : settleClaims(entry.checks, peer), faulty }
      })
  }

  /** PO-16, PO-17: what becomes of an act no rule allows or denies. Being in trust is the allow for `initiate`. */
  fallback(direction: Direction, verb: Verb): 'allow' | 'deny' {
    if (direction === 'out') return this.#outbound
    return verb === 'initiate' ? 'allow' : 'deny'
  }

  /** All that a rule may call the peer. PO-2: compared whole; a group is one more name of its members. */
  whoOf(peer: Peer): ReadonlySet<Who> {
    const own: Who[] = ['any', peer.id, ...peer.roles.map((role): Who => `role:${role}`)]
    if (peer.name !== undefined) own.push(`name:${peer.name}`)
    return new Set(own.flatMap((who) => [who, ...(this.#groups.get(who) ?? [])]))
  }
}

interface Entry {
  readonly rule: Rule
  /** Its place in the document: for the order in which a decision names rules, and nothing else. */
  readonly order: number
  readonly checks: readonly Check[]
}

/** What is left of a rule that matches; undefined if a claim is unmet before anything else, for then it says nothing. */
export const pendingOf = ({ rule, checks }: Match, peer: Peer): Pending | undefined => {
  const left: Check[] = []
  for (const check of checks) {
    const outcome = check.claim === undefined ? undefined : check.test(undefined)
    if (outcome === 'met') continue
    if (outcome === 'unmet' && left.length === 0) return undefined
    left.push(check)
    if (outcome !== undefined) break
  }
  const { id, effect, limit } = rule
  return { id, effect, checks: left, limit, bucket: bucketOf(id, peer) }
}

/** PO-18: which bucket the limit of a rule takes from. A rule id is a token and holds no dot. */
export const bucketOf = (id: string, peer: Peer): string => `${id}.${peer.id}`

export const namesOf = (peer: Peer): Names => ({
  id: peer.id,
  claim: (name) => {
    const value = ownValue(peer.claims, name)
    return typeof value === 'string' && isToken(value) ? value : undefined
  },
})

/** PO-10: a pattern whose claim is absent or no token. */
const FAULT: readonly Check[] = [
  { attribute: 'claim.', claim: '', late: false, condition: undefined, test: () => 'error' },
]

/** The checks, where those of claims have their outcome already. */
const settleClaims = (checks: readonly Check[], { claims }: Peer): readonly Check[] => {
  if (checks.every(({ claim }) => claim === undefined)) return checks
  return checks.map((check) => {
    if (check.claim === undefined) return check
    const outcome = check.test(ownValue(claims, check.claim))
    return { ...check, test: () => outcome }
  })
}

const groupsByMember = ({ groups = {} }: Policy): ReadonlyMap<Who, readonly Who[]> => {
  const byMember = new Map<Who, Who[]>()
  for (const [name, members] of Object.entries(groups)) {
    for (const member of members) {
      const held = byMember.get(member) ?? []
      held.push(`group:${name}`)
      byMember.set(member, held)
    }
  }
  return byMember
}

const triesOf = (
  entries: readonly Entry[],
  whoOf: (rule: Rule) => readonly Who[] | undefined,
): ReadonlyMap<Who, Trie<Entry>> => {
  const tries = new Map<Who, Trie<Entry>>()
  for (const entry of entries) {
    const patterns = entry.rule.on.map((text) => parsePattern(text) ?? [])
    for (const who of whoOf(entry.rule) ?? []) {
      const trie = tries.get(who) ?? new Trie<Entry>()
      tries.set(who, trie)
      for (const pattern of patterns) trie.insert(pattern, entry)
    }
  }
  return tries
}
