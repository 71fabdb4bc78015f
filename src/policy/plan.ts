import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import type { Seen } from './auditrecord.js'
import type { Attributes } from './check.js'
import { type Compiled, type Direction, type Match, type Pending, pendingOf } from './compile.js'
import { deny, type Verdict, weigh } from './decide.js'
import { isAskable } from './pattern.js'
import type { Rule } from './rule.js'
import { NOTHING_SEEN, seenOf } from './seen.js'

/** What a decision reads beside verb and address: nothing, what comes with the start of a message, or the whole of it. */
export type Needs = 'nothing' | 'head' | 'body'

/** All that can be said of a verb at an address before an act comes. */
export interface Plan {
  readonly rules: readonly Pending[]
  readonly fallback: 'allow' | 'deny'
  readonly needs: Needs
  readonly limited: boolean
  /** The verdict, where nothing is left to read or to count. */
  readonly settled: Verdict | undefined
  /** The rules that read attributes, and what is seen of the others; both empty where nobody is told. */
  readonly reading: readonly Match[]
  readonly seen: Seen
}

/** Plans kept for a peer; beyond, they are all forgotten, for the peer chooses the addresses. */
export const MAX_PLANS = 512

/** Rules that the plans of a peer hold together: one address can be met by all of a document. */
export const MAX_PLANNED = 65_536

/** What one policy comes to for one peer, made when it is first asked. */
export class Plans {
  readonly #peer: Peer
  readonly #watched: boolean
  readonly #plans: Record<Direction, Map<Verb, Map<string, Plan>>> = { in: new Map(), out: new Map() }
  /** What each rule comes to for this peer, wherever it matches: surely, or but for a claim. */
  readonly #pending = { sure: new Map<Rule, Pending | undefined>(), faulty: new Map<Rule, Pending | undefined>() }
  #count = 0
  #planned = 0
  #compiled: Compiled | undefined

  /** @param watched whether it will be told what the rules read */
  constructor(peer: Peer, watched: boolean) {
    this.#peer = peer
    this.#watched = watched
  }

  /** The plan under `compiled`; those under another policy are forgotten. */
  of(compiled: Compiled, direction: Direction, verb: Verb, address: string): Plan {
    this.forgetOther(compiled)
    return this.#plans[direction].get(verb)?.get(address) ?? this.#make(compiled, direction, verb, address)
  }

  /** Lets go of all that is not of `compiled`. */
  forgetOther(compiled: Compiled | undefined): void {
    if (this.#compiled === compiled) return
    this.#compiled = compiled
    this.#pending.sure.clear()
    this.#pending.faulty.clear()
    this.#forget()
  }

  #make(compiled: Compiled, direction: Direction, verb: Verb, address: string): Plan {
    if (!isAskable(verb, address)) return UNASKABLE
    if (this.#count >= MAX_PLANS || this.#planned >= MAX_PLANNED) this.#forget()
    const plan = this.#plan(compiled, direction, verb, address)
    const plans = this.#plans[direction].get(verb) ?? new Map<string, Plan>()
    this.#plans[direction].set(verb, plans.set(address, plan))
    this.#count++
    this.#planned += plan.rules.length + plan.reading.length + (plan.settled?.rules.length ?? 0)
    return plan
  }

  #plan(compiled: Compiled, direction: Direction, verb: Verb, address: string): Plan {
    const peer = this.#peer
    const matches = compiled.matching(peer, direction, verb, address)
    const rules: Pending[] = []
    const reading: Match[] = []
    const fixed: Match[] = []
    for (const match of matches) {
      const rule = this.#pendingOf(match)
      if (rule !== undefined) rules.push(rule)
      if (this.#watched) (rule?.checks.some(readsMessage) === true ? reading : fixed).push(match)
    }
    const fallback = compiled.fallback(direction, verb)
    const needs = needsOf(rules)
    const limited = rules.some((rule) => rule.limit !== undefined)
    const settled = needs === 'nothing' && !limited ? weigh(rules, fallback, {}, false).verdict : undefined
    const seen = seenOf(fixed, {}, { peer, address, revealed: compiled.revealed })
    return { rules: settled === undefined ? rules : [], fallback, needs, limited, settled, reading, seen }
  }

  #pendingOf(match: Match): Pending | undefined {
    const known = this.#pending[match.faulty ? 'faulty' : 'sure']
    if (!known.has(match.rule)) known.set(match.rule, pendingOf(match, this.#peer))
    return known.get(match.rule)
  }

  #forget(): void {
    this.#plans.in.clear()
    this.#plans.out.clear()
    this.#count = 0
    this.#planned = 0
  }
}

/** The verdict of the rules alone, and the allow rules that are met. */
export const judge = (
  { settled, rules, fallback }: Plan,
  attributes: Attributes,
): { readonly verdict: Verdict; readonly allowing: readonly Pending[] } => {
  const { verdict = OUTSIDE, allowing } = weigh(rules, fallback, attributes, false)
  return { verdict: settled ?? verdict, allowing }
}

const needsOf = (rules: readonly Pending[]): Needs => {
  let needs: Needs = 'nothing'
  for (const { checks } of rules)
    for (const check of checks) {
      if (!readsMessage(check)) continue
      if (check.late) return 'body'
      needs = 'head'
    }
  return needs
}

/** What a claim has settled reads nothing more. */
const readsMessage = ({ claim }: { readonly claim: string | undefined }): boolean => claim === undefined

/** PO-8: for a question whose address is outside the grammar. */
const OUTSIDE: Verdict = deny('error', [])

const UNASKABLE: Plan = {
  rules: [],
  fallback: 'deny',
  needs: 'nothing',
  limited: false,
  settled: OUTSIDE,
  reading: [],
  seen: NOTHING_SEEN,
}
