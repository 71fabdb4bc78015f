import type { Check } from './check.js'
import { bucketOf, type Compiled, type Match, namesOf } from './compile.js'
import type { Question, Verdict } from './decide.js'
import { isAskable, parsePattern } from './pattern.js'
import { bytesOf, type Ruling } from './peer.js'
import type { Rule } from './rule.js'
import { conditionText, faultText, isShown, listText, scalarText, trace, type View, valueRead } from './seen.js'
import { meets, type Names } from './trie.js'

/** A decision with its reasons. Values of labels, bodies and claims are not in it, unless the policy reveals them. */
export interface Explanation {
  /** What `decide` says. */
  readonly decision: Verdict
  /** The rules whose who, verb and address match, in document order. */
  readonly rules: readonly ExplainedRule[]
  /** For a deny by default, the allow rule that would allow with the least change; for one by limit, the first that has no room. */
  readonly near?: NearRule
}

export interface ExplainedRule {
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly outcome: 'met' | 'unmet' | 'error'
  /** The conditions that do not hold, like `body.room eq "cellar"`: those behind the first are not read by a decision. */
  readonly unmet: readonly string[]
  /** The attributes that a decision reads, in order, like `bytes = 12`, `body.room` (withheld) or `label.trace absent`. */
  readonly read: readonly string[]
}

export interface NearRule {
  readonly id: string
  /** The first thing it lacks. */
  readonly misses: 'who' | 'verb' | 'address' | 'condition' | 'limit'
  /** All that it lacks, like `by role:staff; verbs call`. */
  readonly what: string
}

/** PO-32: why `question` is decided as `decision` says, under the rules and limits that decided it. */
export const explain = (question: Question, decision: Verdict, ruling: Ruling, nowMs: number): Explanation => {
  const { peer, direction, verb, address } = question
  const { compiled } = ruling
  const view = { peer, address, revealed: compiled.revealed }
  const matches = isAskable(verb, address) ? compiled.matching(peer, direction, verb, address) : []
  const rules = matches.map((match) => explainRule(match, question, view))
  const near = nearOf(question, decision, ruling, rules, nowMs)
  return { decision, rules, ...(near !== undefined && { near }) }
}

const explainRule = (match: Match, { attributes, peer }: Question, view: View): ExplainedRule => {
  const { rule, checks, faulty } = match
  const { outcome, reads } = trace(match, attributes)
  const { id, effect } = rule
  if (faulty) return { id, effect, outcome: 'error', unmet: [faultText(rule, view)], read: [] }
  const lacking = checks.filter((check) => check.test(valueRead(check, attributes, peer)) !== 'met')
  return {
    id,
    effect,
    outcome: outcome === 'met' || outcome === 'unmet' ? outcome : 'error',
    unmet: lacking.map(({ condition }) => (condition === undefined ? '' : conditionText(condition))),
    read: [...new Set(reads.map((check) => readText(check, attributes, view)))],
  }
}

const readText = (check: Check, attributes: Question['attributes'], view: View): string => {
  const { attribute } = check
  const value = valueRead(check, attributes, view.peer)
  if (value === undefined) return `${attribute} absent`
  return isShown(attribute, view) ? `${attribute} = ${scalarText(value)}` : attribute
}

/** PO-33: the rule that came nearest to an allow, and what it lacked. */
const nearOf = (
  question: Question,
  decision: Verdict,
  { compiled, limits }: Ruling,
  explained: readonly ExplainedRule[],
  nowMs: number,
): NearRule | undefined => {
  if (decision.effect === 'allow') return undefined
  if (decision.why === 'limit') {
    const rule = compiled.rules.find(({ id }) => id === decision.rules[0])
    if (rule === undefined) return undefined
    const { id, limit } = rule
    const parts = limits.missing(
      { id, bucket: bucketOf(id, question.peer), limit },
      bytesOf(question.attributes),
      nowMs,
    )
    return { id, misses: 'limit', what: parts.map((part) => `${part} ${limit?.[part]}`).join('; ') }
  }
  if (decision.why !== 'default') return undefined
  const allows = explained.filter(({ effect }) => effect === 'allow')
  const [unmet] = allows.sort((a, b) => a.unmet.length - b.unmet.length)
  if (unmet !== undefined) return { id: unmet.id, misses: 'condition', what: unmet.unmet.join('; ') }
  return nearestOf(question, compiled)
}

/** The allow rule that lacks the fewest of who, verb and address; among equals, the one that meets the most of the address. */
const nearestOf = ({ peer, direction, verb, address }: Question, compiled: Compiled): NearRule | undefined => {
  const called = compiled.whoOf(peer)
  const names = namesOf(peer)
  const elements = address.split('.')
  let nearest: { readonly lacks: readonly Lack[]; readonly reach: number; readonly id: string } | undefined
  for (const rule of compiled.rules) {
    const whos = direction === 'in' ? rule.by : rule.to
    if (rule.effect !== 'allow' || whos === undefined) continue
    const { reach, pattern } = reachOf(rule, elements, names)
    const lacks: Lack[] = []
    if (!whos.some((who) => called.has(who)))
      lacks.push({ misses: 'who', what: `${direction === 'in' ? 'by' : 'to'} ${listText(whos)}` })
    if (!rule.verbs.includes(verb)) lacks.push({ misses: 'verb', what: `verbs ${listText(rule.verbs)}` })
    if (reach < Infinity) lacks.push({ misses: 'address', what: `on ${pattern}` })
    const further = nearest === undefined ? 1 : nearest.lacks.length - lacks.length || reach - nearest.reach
    if (further > 0) nearest = { lacks, reach, id: rule.id }
  }
  const misses = nearest?.lacks[0]?.misses
  if (nearest === undefined || misses === undefined) return undefined
  return { id: nearest.id, misses, what: nearest.lacks.map(({ what }) => what).join('; ') }
}

type Lack = Pick<NearRule, 'misses' | 'what'>

/** The pattern that meets the most elements of the address from the left, and how many; all of it is infinity. */
const reachOf = (
  { on }: Rule,
  elements: readonly string[],
  names: Names,
): { readonly reach: number; readonly pattern: string } => {
  let best = { reach: -1, pattern: '' }
  for (const text of on) {
    const pattern = parsePattern(text) ?? []
    const met = (count: number): boolean => meets(pattern.slice(0, count), elements.slice(0, count), names) === 'sure'
    let reach = 0
    while (reach < Math.min(pattern.length, elements.length) && met(reach + 1)) reach++
    if (meets(pattern, elements, names) === 'sure') reach = Infinity
    if (reach > best.reach) best = { reach, pattern: text }
  }
  return best
}
