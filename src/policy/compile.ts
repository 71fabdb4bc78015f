import { isToken } from '../contract/address.js'
import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import { type Check, checksOf } from './check.js'
import { parsePattern } from './pattern.js'
import type { Limit, Policy, Rule, Who } from './rule.js'
import { type Names, Trie } from './trie.js'

/** `in`: the peer does it to us; `out`: we do it to the peer. */
export type Direction = 'in' | 'out'

/** A rule as it stands for one peer, verb and address: what is left to read are the attributes. */
export interface Pending {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly checks: readonly Check[]
  readonly limit: Limit | undefined
  /** PO-18: which bucket its limit takes from. A rule id is a token and holds no dot. */
  readonly bucket: string
}

/** A policy made ready for look-ups: for each who, the patterns of the rules that name it. Shared by all peers. */
export class Compiled {
  readonly #outbound: 'allow' | 'deny'
  readonly #groups: ReadonlyMap<Who, readonly Who[]>
  readonly #tries: Readonly<Record<Direction, ReadonlyMap<Who, Trie<Entry>>>>

  constructor(policy: Policy) {
    this.#outbound = policy.outbound ?? 'allow'
    this.#groups = groupsByMember(policy)
    const entries = policy.rules.map((rule, order) => ({ rule, order, checks: checksOf(rule) }))
    this.#tries = { in: triesOf(entries, ({ by }) => by), out: triesOf(entries, ({ to }) => to) }
  }

  /** The rules that match, in document order; what they read of claims is settled, for claims do not change. */
  pending(peer: Peer, direction: Direction, verb: Verb, address: string): readonly Pending[] {
    const found = { sure: new Set<Entry>(), faulty: new Set<Entry>() }
    const names = namesOf(peer)
    const elements = address.split('.')
    for (const who of this.#whoOf(peer)) this.#tries[direction].get(who)?.find(elements, names, found)
    return [...new Set([...found.sure, ...found.faulty])]
      .filter(({ rule }) => rule.verbs.includes(verb))
      .sort((a, b) => a.order - b.order)
      .flatMap((entry) => {
        const checks = found.sure.has(entry) ? settleClaims(entry.checks, peer) : [FAULT]
        const { id, effect, limit } = entry.rule
        return checks === undefined ? [] : [{ id, effect, checks, limit, bucket: `${id}.${peer.id}` }]
      })
  }

  /** PO-16, PO-17: what becomes of an act no rule allows or denies. Being in trust is the allow for `initiate`. */
  fallback(direction: Direction, verb: Verb): 'allow' | 'deny' {
    if (direction === 'out') return this.#outbound
    return verb === 'initiate' ? 'allow' : 'deny'
  }

  /** PO-2: compared whole; a group is one more name of its members. */
  #whoOf(peer: Peer): ReadonlySet<Who> {
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

/** PO-10: a placeholder whose claim is absent or no token. */
const FAULT: Check = { attribute: 'claim.', claim: '', late: false, test: () => 'error' }

/**
 * The checks without those a claim has met, up to one it has not; undefined if the first is unmet, for then the rule
 * says nothing to this peer.
 */
const settleClaims = (checks: readonly Check[], peer: Peer): readonly Check[] | undefined => {
  const left: Check[] = []
  for (const check of checks) {
    if (check.claim === undefined) {
      left.push(check)
      continue
    }
    const outcome = check.test(valueOfClaim(peer, check.claim))
    if (outcome === 'met') continue
    if (outcome === 'unmet' && left.length === 0) return undefined
    return [...left, { ...check, test: () => outcome }]
  }
  return left
}

const namesOf = (peer: Peer): Names => ({
  id: peer.id,
  claim: (name) => {
    const value = valueOfClaim(peer, name)
    return typeof value === 'string' && isToken(value) ? value : undefined
  },
})

const valueOfClaim = (peer: Peer, name: string): unknown =>
  Object.hasOwn(peer.claims, name) ? peer.claims[name] : undefined

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
