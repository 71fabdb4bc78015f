import { concat, lengthPrefixed, Reader } from '../bytes.js'
import { SottoError } from '../errors.js'

/** Field types of a handshake payload (SE-13); types rise, once each, zero bytes pad to the end. */
export const FIELDS = {
  initiation: { type: 2, limit: 11 * 1024 },
} as const

/** The payload of message 3: the initiation and no more. @throws session/limit over 11 KiB (SE-13) */
export const encodeInitiationField = (initiation: Uint8Array): Uint8Array => {
  const { type, limit } = FIELDS.initiation
  if (initiation.length > limit)
    throw SottoError.of('session/limit', `expected contracts and context of ${limit} bytes, got ${initiation.length}`)
  return concat(Uint8Array.of(type), lengthPrefixed(initiation))
}

/** Messages 1 and 2 carry no field; only message 2 may be padded. @throws session/malformed (SE-13) */
export const decodePadding = (payload: Uint8Array): void => {
  padding(new Reader(payload, 'session/malformed'))
}

/** The initiation's bytes, a view of `payload`. @throws session/malformed (SE-13) */
export const decodeInitiationField = (payload: Uint8Array): Uint8Array => {
  const reader = new Reader(payload, 'session/malformed')
  const type = reader.left > 0 ? reader.u8() : 0
  if (type !== FIELDS.initiation.type) throw reader.fail(`expected an initiation, got field ${type}`)
  const length = reader.u16()
  if (length > FIELDS.initiation.limit) throw reader.fail(`an initiation of ${length} bytes`)
  const initiation = reader.take(length)
  padding(reader)
  return initiation
}

const padding = (reader: Reader): void => {
  for (const byte of reader.take(reader.left)) if (byte !== 0) throw reader.fail('a field where only padding may stand')
}
