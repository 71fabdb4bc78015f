import type { Change } from '../../kit/change.js'

/** Items of a list that are written out; the rest is counted. */
const MAX_LISTED = 8

/** For headings: who does it to whom. */
export const DIRECTIONS: readonly (readonly [Change['direction'], string])[] = [
  ['in', 'What peers may do to us'],
  ['out', 'What we may do to peers'],
]

/** `a, b and 3 more`. */
export const listed = (texts: readonly string[], joint = ', '): string => {
  const rest = texts.length - MAX_LISTED
  return rest > 1 ? `${texts.slice(0, MAX_LISTED).join(joint)} and ${rest} more` : texts.join(joint)
}
