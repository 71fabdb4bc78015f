import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import { type AuditRecord, encodeAudit, type Seen } from './auditrecord.js'
import type { Attributes } from './check.js'
import type { Compiled, Direction, Pending } from './compile.js'
import { deny, type Verdict, weigh } from './decide.js'
import type { Limits } from './limits.js'
import { isAskable } from './pattern.js'

/** What a decision reads beside verb and address: nothing, what comes with the start of a message, or the whole of it. */
export type Needs = 'nothing' | 'head' | 'body'

/**
 * A verdict; where `concurrent` counts the exchange, the way to give its place back when it ends; and where a rule limits
 * bytes, the way to charge more of them: the rules that have no room, none if it is charged.
 */
export type Admission = Verdict & { readonly seen?: Seen; readonly release?: () => void; readonly spend?: Spend }

export type Spend = (bytes: number, nowMs: number) => readonly string[]

/** The policy in force, and what it counts: the store, as a PeerPolicy sees it. */
export interface Source {
  readonly epoch: number
  readonly compiled: Compiled
  readonly limits: Limits
  /** Takes an encoded record; false if it was dropped. */
  readonly audit: ((record: Uint8Array) => boolean) | undefined
}

/** Plans a PeerPolicy keeps; beyond, it forgets them all, for the peer chooses the addresses. */
export const MAX_PLANS = 512

/** The policy as it stands for one peer. It follows the store: after a replacement the next answer is by the new rules. */
export class PeerPolicy {
  readonly #source: Source
  readonly #peer: Peer
  readonly #plans: Record<Direction, Map<Verb, Map<string, Plan>>> = { in: new Map(), out: new Map() }
  #count = 0
  #compiled: Compiled

  constructor(source: Source, peer: Peer) {
    this.#source = source
    this.#peer = peer
    this.#compiled = source.compiled
  }

  /** The epoch of the rules that the next answer comes from. */
  get epoch(): number {
    return this.#source.epoch
  }

  /** Whether anybody hears `audit`. */
  get audited(): boolean {
    return this.#source.audit !== undefined
  }

  /** Tells the audit log; never throws. */
  audit(record: AuditRecord): void {
    tell(this.#source.audit, record)
  }

  /** What `admit` will read. With `nothing`, the attributes may be empty. */
  needs(direction: Direction, verb: Verb, address: string): Needs {
    return this.#plan(direction, verb, address).needs
  }

  /**
   * PO-23: a deny that is already sure before the whole message has come, or undefined. `bytes`, `state` and `body.*` are
   * unknown where they are not among the attributes; all others are absent.
   */
  foresee(direction: Direction, verb: Verb, address: string, attributes: Attributes): Verdict | undefined {
    const { settled, rules, fallback } = this.#plan(direction, verb, address)
    if (settled === undefined) return weigh(rules, fallback, attributes, true).verdict
    return settled.effect === 'deny' ? settled : undefined
  }

  /**
   * The decision. If it is an allow, the limits of all rules that allow are charged together; if one has no room, none is
   * charged and it is a deny.
   *
   * @param attributes without claims
   * @param nowMs of any clock, but always the same one: limits refill by it
   * @param load `item` for one more of an exchange that has its place
   */
  admit(
    direction: Direction,
    verb: Verb,
    address: string,
    attributes: Attributes,
    nowMs: number,
    load: 'act' | 'item' = 'act',
  ): Admission {
    const plan = this.#plan(direction, verb, address)
    if (plan.settled !== undefined) return plan.settled
    const { verdict, allowing } = judge(plan, attributes)
    if (verdict.effect === 'deny' || !plan.limited) return verdict
    const { limits } = this.#source
    const charge = limits.charge(allowing, bytesOf(attributes), nowMs, load)
    if (charge.lacking !== undefined) return deny('limit', charge.lacking)
    const counting = load === 'act' ? allowing.filter(({ limit }) => limit?.bytesPerSecond !== undefined) : []
    if (charge.release === undefined && counting.length === 0) return verdict
    const spend: Spend = (bytes, at) => (limits.charge(counting, bytes, at, 'bytes').lacking ?? []).map(({ id }) => id)
    return Object.freeze({
      ...verdict,
      ...(charge.release !== undefined && { release: charge.release }),
      ...(counting.length > 0 && { spend }),
    })
  }

  /** As `admit`, and charges nothing. */
  decide(direction: Direction, verb: Verb, address: string, attributes: Attributes, nowMs: number): Verdict {
    const { verdict, allowing } = judge(this.#plan(direction, verb, address), attributes)
    if (verdict.effect === 'deny') return verdict
    const lacking = this.#source.limits.lacking(allowing, bytesOf(attributes), nowMs)
    return lacking.length > 0 ? deny('limit', lacking) : verdict
  }

  /** What the rules alone say: no limit is looked at or charged. `attributes` are all that was known when it was admitted. */
  stands(direction: Direction, verb: Verb, address: string, attributes: Attributes): Verdict {
    return judge(this.#plan(direction, verb, address), attributes).verdict
  }

  #plan(direction: Direction, verb: Verb, address: string): Plan {
    if (this.#compiled !== this.#source.compiled) this.#forget()
    return this.#plans[direction].get(verb)?.get(address) ?? this.#make(direction, verb, address)
  }

  #make(direction: Direction, verb: Verb, address: string): Plan {
    if (!isAskable(verb, address)) return UNASKABLE
    if (this.#count >= MAX_PLANS) this.#forget()
    const rules = this.#compiled.pending(this.#peer, direction, verb, address)
    const plan = planOf(rules, this.#compiled.fallback(direction, verb))
    const plans = this.#plans[direction].get(verb) ?? new Map<string, Plan>()
    this.#plans[direction].set(verb, plans.set(address, plan))
    this.#count++
    return plan
  }

  #forget(): void {
    this.#compiled = this.#source.compiled
    this.#plans.in.clear()
    this.#plans.out.clear()
    this.#count = 0
  }
}

/** Tells `audit`, if there is one. */
export const tell = (audit: Source['audit'], record: AuditRecord): void => {
  try {
    audit?.(encodeAudit(record))
  } catch {
    // A sink must not throw. If it does, what was decided stands: the channel never depends on its log.
  }
}

/** All that can be said of a verb at an address before an act comes. */
interface Plan {
  readonly rules: readonly Pending[]
  readonly fallback: 'allow' | 'deny'
  readonly needs: Needs
  readonly limited: boolean
  /** The verdict, where nothing is left to read or to count. */
  readonly settled: Verdict | undefined
}

const planOf = (rules: readonly Pending[], fallback: 'allow' | 'deny'): Plan => {
  // What a claim has settled reads nothing more.
  const checks = rules.flatMap((rule) => rule.checks).filter(({ claim }) => claim === undefined)
  const limited = rules.some((rule) => rule.limit !== undefined)
  const needs = checks.length === 0 ? 'nothing' : checks.some(({ late }) => late) ? 'body' : 'head'
  const settled = checks.length === 0 && !limited ? weigh(rules, fallback, {}, false).verdict : undefined
  return { rules, fallback, needs, limited, settled }
}

const judge = (
  { settled, rules, fallback }: Plan,
  attributes: Attributes,
): { readonly verdict: Verdict; readonly allowing: readonly Pending[] } => {
  const { verdict = OUTSIDE, allowing } = weigh(rules, fallback, attributes, false)
  return { verdict: settled ?? verdict, allowing }
}

/** PO-8: for a question whose address is outside the grammar. */
const OUTSIDE: Verdict = deny('error', [])

const UNASKABLE: Plan = { rules: [], fallback: 'deny', needs: 'nothing', limited: false, settled: OUTSIDE }

/** Only a rule with a byte rate counts it, and such a rule has checked it. */
const bytesOf = ({ bytes }: Attributes): number => (typeof bytes === 'number' ? bytes : 0)
