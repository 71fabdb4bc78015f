import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import { type AuditRecord, encodeAudit, type Seen } from './auditrecord.js'
import type { Attributes } from './check.js'
import type { Compiled, Direction } from './compile.js'
import { deny, type Verdict, weigh } from './decide.js'
import type { Limits } from './limits.js'
import { judge, type Needs, type Plan, Plans } from './plan.js'
import { seenOf } from './seen.js'

/** A verdict, and what an audit record tells of it; that is there only while it is audited. */
export type Judgement = Verdict & { readonly seen?: Seen }

/**
 * A judgement; where `concurrent` counts the exchange, the way to give its place back when it ends; and where a rule limits
 * bytes, the way to charge more of them: the rules that have no room, none if it is charged.
 */
export type Admission = Judgement & { readonly release?: () => void; readonly spend?: Spend }

/** What is asked about: one act, or an item of one that is open; or `nothing` is charged, whatever is decided. */
export type Load = 'act' | 'item' | 'nothing'

export type Spend = (bytes: number, nowMs: number) => readonly string[]

/** Rules, and what their limits have counted. */
export interface Ruling {
  readonly compiled: Compiled
  readonly limits: Limits
}

/** The policy in force: the store, as a PeerPolicy sees it. */
export interface Source extends Ruling {
  readonly epoch: number
  /** Asked beside the policy in force, and decides nothing. */
  readonly shadow: Ruling | undefined
  /** Takes an encoded record; false if it was dropped. */
  readonly audit: ((record: Uint8Array) => boolean) | undefined
}

/** The policy as it stands for one peer. It follows the store: after a replacement the next answer is by the new rules. */
export class PeerPolicy {
  readonly #source: Source
  readonly #peer: Peer
  readonly #plans: Plans
  readonly #shadowPlans: Plans

  constructor(source: Source, peer: Peer) {
    this.#source = source
    this.#peer = peer
    this.#plans = new Plans(peer, source.audit !== undefined)
    this.#shadowPlans = new Plans(peer, false)
  }

  /** The epoch of the rules that the next answer comes from. */
  get epoch(): number {
    return this.#source.epoch
  }

  /** Lets go of what was worked out under another policy, and of that policy: a peer that is silent would keep it. */
  forgetOther(): void {
    this.#plans.forgetOther(this.#source.compiled)
    this.#shadowPlans.forgetOther(this.#source.shadow?.compiled)
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
    const { needs } = this.#plan(direction, verb, address)
    const { shadow } = this.#source
    if (shadow === undefined || needs === 'body') return needs
    const more = this.#shadowPlans.of(shadow.compiled, direction, verb, address).needs
    return more === 'nothing' ? needs : more
  }

  /**
   * PO-23: a deny that is already sure before the whole message has come, or undefined. `bytes`, `state` and `body.*` are
   * unknown where they are not among the attributes; all others are absent.
   */
  foresee(direction: Direction, verb: Verb, address: string, attributes: Attributes): Judgement | undefined {
    const plan = this.#plan(direction, verb, address)
    const { settled, rules, fallback } = plan
    const verdict = settled ?? weigh(rules, fallback, attributes, true).verdict
    if (verdict?.effect !== 'deny') return undefined
    if (!this.audited) return verdict
    const seen = this.#seen(plan, address, attributes, true)
    const { shadow } = this.#source
    if (shadow === undefined) return { ...verdict, seen }
    const other = this.#shadowPlans.of(shadow.compiled, direction, verb, address)
    // What the shadow would do with a body that nobody waits for is not known, nor what it would charge.
    if (other.needs === 'body') return { ...verdict, seen }
    return { ...verdict, seen: comparing(seen, verdict, judge(other, attributes).verdict) }
  }

  /**
   * The decision. If it is an allow, the limits of all rules that allow are charged together; if one has no room, none is
   * charged and it is a deny.
   *
   * @param attributes without claims
   * @param nowMs of any clock, but always the same one: limits refill by it
   * @param load `item` for one more of an exchange that has its place, `nothing` for what will not be: its limits are looked at
   */
  admit(
    direction: Direction,
    verb: Verb,
    address: string,
    attributes: Attributes,
    nowMs: number,
    load: Load = 'act',
  ): Admission {
    const source = this.#source
    const plan = this.#plan(direction, verb, address)
    const admission = plan.settled ?? charge(plan, source.limits, attributes, nowMs, load)
    if (source.audit === undefined) return admission
    const seen = this.#seen(plan, address, attributes, false)
    const { shadow } = source
    if (shadow === undefined) return Object.freeze({ ...admission, seen })
    const other = this.#shadowPlans.of(shadow.compiled, direction, verb, address)
    const beside = other.settled ?? charge(other, shadow.limits, attributes, nowMs, load)
    return Object.freeze({ ...joined(admission, beside), seen: comparing(seen, admission, beside) })
  }

  /** As `admit`, and charges nothing. */
  decide(direction: Direction, verb: Verb, address: string, attributes: Attributes, nowMs: number): Verdict {
    return looked(judge(this.#plan(direction, verb, address), attributes), this.#source.limits, attributes, nowMs)
  }

  /**
   * What the rules alone say of an act that was admitted: no limit is looked at or charged.
   *
   * @param attributes all that was known of it, whatever `needs` said: other rules may read more
   */
  stands(direction: Direction, verb: Verb, address: string, attributes: Attributes): Verdict {
    return judge(this.#plan(direction, verb, address), attributes).verdict
  }

  /**
   * PO-58: what the rules alone say of a message that is handed to a subscription or a consumer. Something is seen of it
   * where the audit log is to be told: of a deny, and of what the shadow decides otherwise. No limit is charged (PO-59).
   */
  hand(direction: Direction, verb: Verb, address: string, attributes: Attributes): Judgement {
    const plan = this.#plan(direction, verb, address)
    const verdict = plan.settled ?? judge(plan, attributes).verdict
    if (!this.audited) return verdict
    const { shadow } = this.#source
    const other = shadow && judge(this.#shadowPlans.of(shadow.compiled, direction, verb, address), attributes).verdict
    if (verdict.effect === 'allow' && (other ?? verdict).effect === 'allow') return verdict
    const seen = this.#seen(plan, address, attributes, false)
    return { ...verdict, seen: comparing(seen, verdict, other ?? verdict) }
  }

  #plan(direction: Direction, verb: Verb, address: string): Plan {
    return this.#plans.of(this.#source.compiled, direction, verb, address)
  }

  #seen({ reading, seen }: Plan, address: string, attributes: Attributes, foreseeing: boolean): Seen {
    const { revealed } = this.#source.compiled
    return seenOf(reading, attributes, { peer: this.#peer, address, revealed }, seen, foreseeing)
  }
}

/** Tells `audit`, if there is one (PO-39). */
export const tell = (audit: Source['audit'], record: AuditRecord): void => {
  try {
    audit?.(encodeAudit(record))
  } catch {
    // A sink must not throw. If it does, what was decided stands: the channel never depends on its log.
  }
}

/** Only a rule with a byte rate counts it, and such a rule has checked it. */
export const bytesOf = ({ bytes }: Attributes): number => (typeof bytes === 'number' ? bytes : 0)

/** The decision by rules and limits, which takes nothing of these. */
const looked = (
  { verdict, allowing }: ReturnType<typeof judge>,
  limits: Limits,
  attributes: Attributes,
  nowMs: number,
): Verdict => {
  if (verdict.effect === 'deny') return verdict
  const lacking = limits.lacking(allowing, bytesOf(attributes), nowMs)
  return lacking.length > 0 ? deny('limit', lacking) : verdict
}

/** The decision by rules and limits, with what it takes of these. */
const charge = (plan: Plan, limits: Limits, attributes: Attributes, nowMs: number, load: Load): Admission => {
  const judged = judge(plan, attributes)
  if (load === 'nothing') return looked(judged, limits, attributes, nowMs)
  const { verdict, allowing } = judged
  if (verdict.effect === 'deny' || !plan.limited) return verdict
  const charged = limits.charge(allowing, bytesOf(attributes), nowMs, load)
  if (charged.lacking !== undefined) return deny('limit', charged.lacking)
  const counting = load === 'act' ? allowing.filter(({ limit }) => limit?.bytesPerSecond !== undefined) : []
  if (charged.release === undefined && counting.length === 0) return verdict
  const spend: Spend = (bytes, at) => (limits.charge(counting, bytes, at, 'bytes').lacking ?? []).map(({ id }) => id)
  return Object.freeze({
    ...verdict,
    ...(charged.release !== undefined && { release: charged.release }),
    ...(counting.length > 0 && { spend }),
  })
}

/** PO-36: with the verdict of the shadow, where its effect is another. */
const comparing = (seen: Seen, live: Verdict, shadow: Verdict): Seen => {
  if (shadow.effect === live.effect) return seen
  const { effect, rules } = shadow
  return { ...seen, shadow: effect === 'deny' ? { effect, why: shadow.why, rules } : { effect, rules } }
}

/** PO-35: what the shadow took of its own limits goes back with what the decision took, and is charged along with it. */
const joined = (live: Admission, shadow: Admission): Admission => {
  if (shadow.release === undefined && shadow.spend === undefined) return live
  if (live.effect === 'deny') {
    // The exchange will never be: it holds no place.
    shadow.release?.()
    return live
  }
  const release = (): void => {
    live.release?.()
    shadow.release?.()
  }
  const spend: Spend = (bytes, nowMs) => {
    shadow.spend?.(bytes, nowMs)
    return live.spend?.(bytes, nowMs) ?? []
  }
  return { ...live, release, ...((live.spend ?? shadow.spend) && { spend }) }
}
