import type { Peer } from '../identity/peer.js'
import { MAX_SHOWN, type Seen } from './auditrecord.js'
import { type Attributes, type Check, type Outcome, ownValue, runChecks } from './check.js'
import { type Match, namesOf } from './compile.js'
import { parsePattern } from './pattern.js'
import { type Condition, isWithheld, type Rule, type Scalar } from './rule.js'
import { meets } from './trie.js'

/** Of whom and where something is seen, and the attributes whose values may be shown. */
export interface View {
  readonly peer: Peer
  readonly address: string
  readonly revealed: ReadonlySet<string>
}

export const NOTHING_SEEN: Seen = Object.freeze({ read: Object.freeze({}), unmet: Object.freeze([]) })

/**
 * What `matches` read of an act, added to what `before` has: at most 32 attributes and 32 rules.
 *
 * @param foreseeing whether late attributes that are absent are unknown
 */
export const seenOf = (
  matches: readonly Match[],
  attributes: Attributes,
  view: View,
  before: Seen = NOTHING_SEEN,
  foreseeing = false,
): Seen => {
  if (matches.length === 0) return before
  const read: Record<string, Scalar | null> = { ...before.read }
  const unmet = [...before.unmet]
  let shown = Object.keys(read).length
  for (const match of matches) {
    if (shown >= MAX_SHOWN && unmet.length >= MAX_SHOWN) break
    const { outcome, reads } = trace(match, attributes, foreseeing)
    for (const check of reads) {
      if (shown >= MAX_SHOWN) break
      const value = valueRead(check, attributes, view.peer)
      if (value === undefined || Object.hasOwn(read, check.attribute)) continue
      read[check.attribute] = isShown(check.attribute, view) ? value : null
      shown++
    }
    if ((outcome === 'unmet' || outcome === 'error') && unmet.length < MAX_SHOWN)
      unmet.push(`${match.rule.id} ${reasonOf(match, reads, view)}`)
  }
  return { read, unmet }
}

/** What becomes of a rule that matches, and the checks that were read; the last of them is the one it ended with. */
export const trace = (
  { checks, faulty }: Match,
  attributes: Attributes,
  foreseeing = false,
): { readonly outcome: Outcome; readonly reads: readonly Check[] } => {
  if (faulty) return { outcome: 'error', reads: [] }
  const reads: Check[] = []
  return { outcome: runChecks(checks, attributes, foreseeing, reads), reads }
}

/** The value of what a check reads: a claim is the peer's, whatever the message tells (PO-28). */
export const valueRead = ({ attribute, claim }: Check, attributes: Attributes, peer: Peer): Scalar | undefined =>
  claim === undefined ? ownValue(attributes, attribute) : ownValue(peer.claims, claim)

/** PO-34: whether the value of an attribute may be shown. */
export const isShown = (attribute: string, { revealed }: View): boolean =>
  !isWithheld(attribute) || revealed.has(attribute)

/** The pattern of a rule that would match but for a claim, like `on a.v1.o.{claim.tenant}`. */
export const faultText = ({ on }: Rule, { peer, address }: View): string => {
  const elements = address.split('.')
  const names = namesOf(peer)
  return `on ${on.find((text) => meets(parsePattern(text) ?? [], elements, names) === 'faulty') ?? ''}`
}

/** A condition, like `body.room in ["kitchen", "hall"]`. Its values are the operator's own, and are cut where they are long. */
export const conditionText = ({ attribute, is, value }: Condition): string => {
  if (value === undefined) return `${attribute} ${is}`
  if (typeof value !== 'object') return `${attribute} ${is} ${scalarText(value)}`
  return `${attribute} ${is} [${listText(value.slice(0, SHORT).map(scalarText), value.length)}]`
}

/** The first four, and how many more there are of `count`. */
export const listText = (items: readonly string[], count: number = items.length): string =>
  `${items.slice(0, SHORT).join(', ')}${count > SHORT ? `, \u2026${count - SHORT} more` : ''}`

const SHORT = 4

export const scalarText = (value: Scalar): string => {
  if (typeof value !== 'string') return String(value)
  return value.length <= 64 ? JSON.stringify(value) : `${JSON.stringify(value.slice(0, 64))}\u2026`
}

const reasonOf = (match: Match, reads: readonly Check[], view: View): string => {
  const condition = reads.at(-1)?.condition
  return condition === undefined ? faultText(match.rule, view) : conditionText(condition)
}
