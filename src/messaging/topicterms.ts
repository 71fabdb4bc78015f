import type { Wire } from '../cbor.js'
import { isMap } from './entry.js'

/** What becomes of messages for which a subscriber has no room. */
export type Slow = (typeof SLOW)[number]

export const SLOW = ['block', 'latest', 'drop-oldest', 'end'] as const

/** TO-2: what a subscription has that does not say. */
export const CREDIT = 1_024
export const MAX_CREDIT = 65_536

/** What a subscription asks for. */
export interface Terms {
  readonly slow: Slow
  /** Deliveries on their way that its reader has not taken, at most. */
  readonly credit: number
}

/** TO-1: what a subscription asks for; the path of what it must not. */
export const termsOf = (value: Wire | undefined): Terms | string => {
  if (!isMap(value)) return ''
  const { slow = 'drop-oldest', credit = CREDIT, ...rest } = value
  if (Object.keys(rest).length > 0) return ''
  if (!isSlow(slow)) return 'slow'
  return isCredit(credit) ? { slow, credit } : 'credit'
}

export const isSlow = (value: unknown): value is Slow => SLOW.some((slow) => slow === value)

export const isCredit = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= MAX_CREDIT
