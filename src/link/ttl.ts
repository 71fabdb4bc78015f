import { SottoError } from '../errors.js'

/** What Node takes as a time, 24 days. */
const LONGEST_MS = 2 ** 31 - 1

/** @throws RangeError on what is no time, or none that Node takes */
export const checkTimeout = (timeoutMs: number): void => {
  if (!(timeoutMs >= 0 && timeoutMs <= LONGEST_MS))
    throw new RangeError(`expected timeoutMs of 0..${LONGEST_MS}, got ${timeoutMs}`)
}

/** ME-38: whole ms, 0 for no end: what is said, and no more than what is left. @throws RangeError, call/deadline */
export const ttlOf = (timeoutMs: number, leftMs: number): number => {
  checkTimeout(timeoutMs)
  const saidMs = Math.ceil(timeoutMs)
  if (leftMs === Number.POSITIVE_INFINITY) return saidMs
  if (leftMs < 1) throw SottoError.of('call/deadline', 'no time is left of what it is asked for')
  return Math.min(saidMs > 0 ? saidMs : LONGEST_MS, Math.floor(leftMs))
}
