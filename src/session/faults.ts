import { EMPTY, utf8 } from '../bytes.js'
import { decode, encode, type Wire } from '../cbor.js'
import { codeOfWire, ERRORS, type ErrorCode, type Ran, SottoError } from '../errors.js'

/** Bytes of a FAULT's details, at most (SE-49). */
export const MAX_FAULT = 16_384

/** Why an exchange ended without a reply, as it travels. */
export type Fault =
  | { readonly code: 'policy/denied' | 'policy/limited' | 'call/cancelled' | 'call/deadline' | 'session/closed' }
  | { readonly code: 'call/fault'; readonly name: string; readonly data: Wire | undefined }
  | { readonly code: 'call/internal'; readonly incident: string }
  | { readonly code: 'contract/invalid'; readonly path: string }

/** What each code says of the other side's work (SE-49). */
const RAN = {
  'policy/denied': 'no',
  'policy/limited': 'no',
  'contract/invalid': 'no',
  'session/closed': 'no',
  'call/cancelled': 'maybe',
  'call/deadline': 'maybe',
  'call/fault': 'yes',
  'call/internal': 'yes',
} as const satisfies Partial<Record<ErrorCode, Ran>>

/** The wire number of a fault. */
export const wireOf = (fault: Pick<Fault, 'code'>): number => ERRORS[fault.code].wire

/** Bytes of a text in a FAULT's details, at most (SE-49). */
const MAX_TEXT = 255

/** Bytes of a FAULT around its details, at most, and room for a REKEY behind it. */
const FAULT_OVERHEAD = 24

/**
 * The details of a fault, which go in one record of `plaintext` bytes; empty where the code says it all.
 * @throws cbor/unencodable, RangeError over the limit
 */
export const encodeFault = (fault: Fault, plaintext: number): Uint8Array => {
  const bytes = detailsOf(fault)
  const limit = Math.min(MAX_FAULT, plaintext - FAULT_OVERHEAD)
  if (bytes.length > limit)
    throw new RangeError(`expected fault details of at most ${limit} bytes, got ${bytes.length}`)
  return bytes
}

/** The error of a FAULT frame. @throws session/malformed on an unknown code or details of another form (SE-49) */
export const decodeFault = (
  wire: number,
  body: Uint8Array,
  where: { readonly decision: string; readonly address: string },
): SottoError => {
  const code = codeOfWire(wire)
  if (body.length > MAX_FAULT) throw malformed(`fault details of ${body.length} bytes`)
  switch (code) {
    case 'policy/denied':
    case 'policy/limited':
      nothing(body)
      return SottoError.of(code, `the peer refused ${where.address} (decision ${where.decision})`, {
        details: where,
        ran: RAN[code],
      })
    case 'call/cancelled':
    case 'call/deadline':
    case 'session/closed':
      nothing(body)
      return SottoError.of(code, `the peer ended ${where.address}`, { ran: RAN[code] })
    case 'call/fault': {
      const { name, data } = members(body, ['data', 'name'])
      return SottoError.of(code, `${where.address} answered with a fault`, {
        details: { name: text(name), data },
        ran: RAN[code],
      })
    }
    case 'call/internal': {
      const incident = text(members(body, ['incident']).incident)
      return SottoError.of(code, `${where.address} failed at the peer`, { details: { incident }, ran: RAN[code] })
    }
    case 'contract/invalid': {
      const path = text(members(body, ['path']).path)
      return SottoError.of(code, `the peer found ${where.address} invalid`, { details: { path }, ran: RAN[code] })
    }
    default:
      throw malformed(`a fault with the code ${wire}`)
  }
}

const detailsOf = (fault: Fault): Uint8Array => {
  switch (fault.code) {
    case 'call/fault':
      return encode({ name: bounded(fault.name), data: fault.data })
    case 'call/internal':
      return encode({ incident: bounded(fault.incident) })
    case 'contract/invalid':
      return encode({ path: bounded(fault.path) })
    default:
      return EMPTY
  }
}

const bounded = (value: string): string => {
  const { length } = utf8(value)
  if (length > MAX_TEXT) throw new RangeError(`expected a text of at most ${MAX_TEXT} bytes, got ${length}`)
  return value
}

const nothing = (body: Uint8Array): void => {
  if (body.length > 0) throw malformed('details where the code has none')
}

type WireMap = { readonly [key: string]: Wire | undefined }

const members = (body: Uint8Array, allowed: readonly string[]): WireMap => {
  const value = strict(body)
  if (!isMap(value)) throw malformed('fault details that are no map')
  if (!Object.keys(value).every((key) => allowed.includes(key))) throw malformed('an unknown member of fault details')
  return value
}

const isMap = (value: Wire): value is WireMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

const strict = (body: Uint8Array): Wire => {
  try {
    return decode(body)
  } catch (cause) {
    throw SottoError.of('session/malformed', 'fault details that are not strict CBOR', { cause })
  }
}

const text = (value: Wire | undefined): string => {
  if (typeof value !== 'string' || utf8(value).length > MAX_TEXT)
    throw malformed(`expected a text of at most ${MAX_TEXT} bytes`)
  return value
}

const malformed = (what: string): SottoError => SottoError.of('session/malformed', what)
