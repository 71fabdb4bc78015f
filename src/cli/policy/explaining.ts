import type { Verdict } from '../../index.js'
import type { Explanation } from '../../kit/policycases.js'
import { printable } from '../printable.js'

/** `deny by rule: no-cellar, quiet` */
export const verdictText = (verdict: Verdict): string => {
  const rules = verdict.rules.length === 0 ? '' : `: ${verdict.rules.join(', ')}`
  return verdict.effect === 'allow' ? `allow${rules}` : `deny by ${verdict.why}${rules}`
}

/** What an explanation says beside its verdict: a line for each rule that matches, and for what the nearest lacks. */
export const reasonLines = ({ rules, near }: Explanation): readonly string[] => {
  const lines = rules.map(({ id, effect, outcome, unmet, read }) => {
    const lacks = unmet.length === 0 ? '' : `, lacks ${unmet.join('; ')}`
    const seen = read.length === 0 ? '' : `, read ${read.join('; ')}`
    return `${effect} rule ${id} is ${WORDS[outcome]}${lacks}${seen}`
  })
  const nearest = near === undefined ? [] : [`nearest is ${near.id}, which lacks ${near.misses}: ${near.what}`]
  return [...lines, ...nearest].map(printable)
}

const WORDS = { met: 'met', unmet: 'not met', error: 'in error' } as const
