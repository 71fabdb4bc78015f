import type { Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import { type Attributes, runChecks } from './check.js'
import type { Direction, Pending } from './compile.js'

/** What is asked: may this act be done? */
export interface Question {
  readonly peer: Peer
  readonly direction: Direction
  readonly verb: Verb
  readonly address: string
  readonly attributes: Attributes
}

/** The answer, and the ids of the rules that made it so, in document order. */
export type Verdict =
  | { readonly effect: 'allow'; readonly rules: readonly string[] }
  | {
      readonly effect: 'deny'
      readonly why: 'rule' | 'default' | 'limit' | 'error'
      readonly rules: readonly string[]
    }

/** A verdict on one message of one session; both ends compute the same id. */
export type Decision = Verdict & { readonly id: string }

/** What the rules of one peer, verb and address come to, once their attributes are read. */
export interface Weighed {
  /** Undefined only while foreseeing: it is not a sure deny. */
  readonly verdict: Verdict | undefined
  /** The allow rules that are met. */
  readonly allowing: readonly Pending[]
}

/**
 * PO-15: a deny rule that is met wins, then an error in a matching rule denies, then an allow rule that is met allows,
 * then the fallback decides (PO-50). The order of rules means nothing (PO-29).
 *
 * PO-23, PO-51: while `foreseeing`, late attributes that are absent are unknown.
 */
export const weigh = (
  rules: readonly Pending[],
  fallback: 'allow' | 'deny',
  attributes: Attributes,
  foreseeing: boolean,
): Weighed => {
  const denying: Pending[] = []
  const failing: Pending[] = []
  const allowing: Pending[] = []
  let mayAllow = fallback === 'allow'
  for (const rule of rules) {
    const outcome = runChecks(rule.checks, attributes, foreseeing)
    if (outcome === 'error') failing.push(rule)
    else if (outcome === 'met') (rule.effect === 'deny' ? denying : allowing).push(rule)
    else if (outcome === 'unknown' && rule.effect === 'allow') mayAllow = true
  }
  if (denying.length > 0) return { verdict: deny('rule', denying), allowing }
  if (failing.length > 0) return { verdict: deny('error', failing), allowing }
  if (allowing.length === 0 && !mayAllow) return { verdict: DENY_DEFAULT, allowing }
  return { verdict: foreseeing ? undefined : allow(allowing), allowing }
}

export const deny = (why: 'rule' | 'limit' | 'error', rules: readonly { readonly id: string }[]): Verdict =>
  Object.freeze({ effect: 'deny', why, rules: idsOf(rules) })

const allow = (rules: readonly Pending[]): Verdict => Object.freeze({ effect: 'allow', rules: idsOf(rules) })

const idsOf = (rules: readonly { readonly id: string }[]): readonly string[] => Object.freeze(rules.map(({ id }) => id))

const DENY_DEFAULT: Verdict = Object.freeze({ effect: 'deny', why: 'default', rules: Object.freeze([]) })
