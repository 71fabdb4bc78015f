import type { Settlement } from '../broker/broker.js'
import { utf8 } from '../bytes.js'
import type { Wire } from '../cbor.js'
import { isList } from './entry.js'

export { isCredit, MAX_CREDIT } from './topicterms.js'

/** QU-2 */
export const MAX_KEY_BYTES = 256
export const MAX_MS = 2 ** 31 - 1
/** QU-13 */
export const MAX_REASON_BYTES = 255

export const isMs = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MAX_MS

export const isReason = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= MAX_REASON_BYTES && utf8(value).length <= MAX_REASON_BYTES

/** What a consumer asks for one delivery. */
export interface Asking {
  readonly number: number
  readonly outcome: Settlement
}

/** QU-13: what an item up asks; undefined if it is no settlement. */
export const askingOf = (item: Wire): Asking | undefined => {
  if (!isList(item)) return undefined
  const [number, verb, argument] = item
  const outcome = outcomeOf(verb, argument, item.length)
  if (outcome === undefined || typeof number !== 'number' || !Number.isSafeInteger(number)) return undefined
  return { number, outcome }
}

const outcomeOf = (verb: Wire | undefined, argument: Wire | undefined, length: number): Settlement | undefined => {
  switch (verb) {
    case 'ack':
      return length === 2 ? { is: 'ack' } : undefined
    case 'retry':
      if (length === 2) return { is: 'retry', afterMs: undefined }
      return length === 3 && isMs(argument) ? { is: 'retry', afterMs: argument } : undefined
    case 'reject':
      return length === 3 && isReason(argument) ? { is: 'reject', reason: argument } : undefined
    case 'extend':
      return length === 3 && isMs(argument) ? { is: 'extend', ms: argument } : undefined
    default:
      return undefined
  }
}
