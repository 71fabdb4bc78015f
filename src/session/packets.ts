import { concat, lengthPrefixed, Reader } from '../bytes.js'
import { SottoError } from '../errors.js'

/** Bytes of the negotiation part of a packet, at most (SE-1). */
export const MAX_NEG = 128
/** Bytes of the Noise part of a packet, at most (SE-1). */
export const MAX_NOISE = 16_000

/** What travels before records do: neg_len u16 | neg | noise_len u16 | noise. */
export interface Packet {
  readonly neg: Uint8Array
  readonly noise: Uint8Array
}

export const encodePacket = ({ neg, noise }: Packet): Uint8Array => concat(lengthPrefixed(neg), lengthPrefixed(noise))

/** Whole length of the packet at `bytes[0]`; each length is refused at its header (SE-1). @throws session/malformed */
export const packetLength = (bytes: Uint8Array): number | undefined => {
  const neg = lengthAt(bytes, 0, MAX_NEG)
  if (neg === undefined) return undefined
  const noise = lengthAt(bytes, 2 + neg, MAX_NOISE)
  return noise === undefined ? undefined : 4 + neg + noise
}

/** Both parts are views of `bytes`, which is one whole packet. */
export const decodePacket = (bytes: Uint8Array): Packet => {
  const reader = new Reader(bytes, 'session/malformed')
  const neg = reader.take(reader.u16())
  const noise = reader.take(reader.u16())
  reader.end()
  return { neg, noise }
}

const lengthAt = (bytes: Uint8Array, at: number, limit: number): number | undefined => {
  const [high = 0, low] = bytes.subarray(at, at + 2)
  if (low === undefined) return undefined
  const length = high * 0x100 + low
  if (length > limit) throw SottoError.of('session/malformed', `expected at most ${limit} bytes, got ${length}`)
  return length
}
