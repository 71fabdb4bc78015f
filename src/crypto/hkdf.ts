import { EMPTY } from '../bytes.js'
import type { Hash } from './provider.js'

/** HKDF-Extract of RFC 5869 section 2.2: a pseudorandom key of `hash.length` bytes. An empty salt counts as zeros. */
export const hkdfExtract = (hash: Hash, salt: Uint8Array, ikm: Uint8Array): Uint8Array => hash.hmac(salt, ikm)

/**
 * HKDF-Expand of RFC 5869 section 2.3: `length` bytes from the pseudorandom key `prk`.
 * @throws RangeError unless `length` is an integer of 0..255 * hash.length
 */
export const hkdfExpand = (hash: Hash, prk: Uint8Array, info: Uint8Array, length: number): Uint8Array => {
  // CR-16
  const most = 255 * hash.length
  if (!Number.isInteger(length) || length < 0 || length > most)
    throw new RangeError(`length: expected an integer of 0..${most}, got ${length}`)
  const out = new Uint8Array(length)
  let block: Uint8Array = EMPTY
  for (let at = 0, counter = 1; at < length; at += hash.length, counter++) {
    const next = hash.hmac(prk, block, info, Uint8Array.of(counter))
    block.fill(0)
    block = next
    out.set(block.subarray(0, length - at), at)
  }
  block.fill(0)
  return out
}

/**
 * CR-17: HKDF of Noise 4.3: two or three outputs of `hash.length` bytes from the chaining key `ck` and `ikm`.
 * Same as RFC 5869 with `ck` for salt and no info.
 */
export function hkdfNoise(hash: Hash, ck: Uint8Array, ikm: Uint8Array, outputs: 2): [Uint8Array, Uint8Array]
export function hkdfNoise(hash: Hash, ck: Uint8Array, ikm: Uint8Array, outputs: 3): [Uint8Array, Uint8Array, Uint8Array]
export function hkdfNoise(hash: Hash, ck: Uint8Array, ikm: Uint8Array, outputs: 2 | 3): Uint8Array[] {
  const temp = hash.hmac(ck, ikm)
  const first = hash.hmac(temp, Uint8Array.of(1))
  const second = hash.hmac(temp, first, Uint8Array.of(2))
  const all = outputs === 2 ? [first, second] : [first, second, hash.hmac(temp, second, Uint8Array.of(3))]
  temp.fill(0)
  return all
}
