import { concat, lengthPrefixed, Reader } from '../bytes.js'
import { SottoError } from '../errors.js'

/** Fields of a handshake payload and their bytes at most (SE-13). Type 3 is reserved for a proof, and refused. */
export const FIELDS = {
  /** What speaks for a key, beside itself: in messages 2 and 3 (SE-86). */
  credential: { type: 1, limit: 4_096 },
  /** In message 3, and always there. */
  initiation: { type: 2, limit: 11_264 },
} as const

type FieldName = keyof typeof FIELDS
const NAMES = ['credential', 'initiation'] as const satisfies readonly FieldName[]
const HEADER_LENGTH = 3

type Fields = { readonly [F in FieldName]?: Uint8Array | undefined }

/** The payload that holds `fields`, without padding. @throws session/limit on a field over its limit (SE-16) */
export const encodePayload = (fields: Fields): Uint8Array =>
  concat(...NAMES.flatMap((name) => field(name, fields[name])))

/**
 * The fields of `payload`, which are views of it: of those in `names` each at most once, types rising, then zeros (SE-13).
 *
 * @throws session/malformed
 */
export const decodePayload = (payload: Uint8Array, ...names: readonly FieldName[]): Fields => {
  const reader = new Reader(payload, 'session/malformed')
  const found: Partial<Record<FieldName, Uint8Array>> = {}
  let last = 0
  while (reader.left > 0) {
    const type = reader.u8()
    if (type === 0) break
    const name = names.find((candidate) => FIELDS[candidate].type === type)
    if (name === undefined || type <= last) throw reader.fail(`field ${type} may not stand here`)
    found[name] = valueIn(name, reader)
    last = type
  }
  for (const byte of reader.take(reader.left)) if (byte !== 0) throw reader.fail('a byte where only padding may stand')
  return found
}

/** The initiation of message 3, a view of its payload. @throws session/malformed (SE-13) */
export const initiationOf = (payload: Uint8Array): Uint8Array => {
  const { initiation } = decodePayload(payload, 'credential', 'initiation')
  if (initiation === undefined) throw SottoError.of('session/malformed', 'expected an initiation')
  return initiation
}

/**
 * SE-87: the credential that `payload` begins with, a view; undefined if there is none that is whole. What is wrong with a payload
 * is said after trust is judged (SE-14), so nothing is thrown here.
 */
export const credentialAt = (payload: Uint8Array): Uint8Array | undefined => {
  const { type, limit } = FIELDS.credential
  const [first, high = 0, low = 0] = payload
  const end = HEADER_LENGTH + high * 0x100 + low
  const isWhole = first === type && end > HEADER_LENGTH && end <= HEADER_LENGTH + limit && end <= payload.length
  return isWhole ? payload.subarray(HEADER_LENGTH, end) : undefined
}

const field = (name: FieldName, value: Uint8Array | undefined): Uint8Array[] => {
  if (value === undefined) return []
  const { type, limit } = FIELDS[name]
  if (value.length > limit)
    throw SottoError.of('session/limit', `expected ${SAID[name]} of ${limit} bytes, got ${value.length}`)
  return [Uint8Array.of(type), lengthPrefixed(value)]
}

const SAID = { credential: 'a credential', initiation: 'contracts and context' } as const

const valueIn = (name: FieldName, reader: Reader): Uint8Array => {
  const length = reader.u16()
  const { limit } = FIELDS[name]
  if (length < 1 || length > limit) throw reader.fail(`expected ${SAID[name]} of 1..${limit} bytes, got ${length}`)
  return reader.take(length)
}
