import { utf8 } from '../bytes.js'
import type { Wire } from '../cbor.js'
import type { Route } from './agreement.js'
import { isMap, type WireMap } from './body.js'

/** Bytes of a key, as UTF-8. */
const MAX_KEY = 256

/** A delay, in ms. */
const MAX_DELAY = 2 ** 31 - 1

/** SE-147: whether a body is one that the verb of `route` has: only what is enqueued comes with words of Sotto's own. */
export const isBodyOf = ({ verb }: Route, body: Wire | undefined): boolean => verb !== 'enqueue' || isEnvelope(body)

/** The message in a body: all that rules read of it. What asks to stand has none (PO-60). */
export const contentOf = ({ verb, standing }: Route, body: Wire | undefined): Wire | undefined => {
  if (standing) return undefined
  return verb === 'enqueue' && isMap(body) ? body.value : body
}

const isEnvelope = (body: Wire | undefined): boolean =>
  isMap(body) &&
  Object.keys(body).every((name) => name === 'value' || name === 'key' || name === 'delayMs') &&
  isKey(body) &&
  isDelay(body)

const isKey = ({ key }: WireMap): boolean =>
  key === undefined || (typeof key === 'string' && utf8(key).length <= MAX_KEY)

const isDelay = ({ delayMs }: WireMap): boolean =>
  delayMs === undefined ||
  (typeof delayMs === 'number' && Number.isSafeInteger(delayMs) && delayMs >= 0 && delayMs <= MAX_DELAY)
