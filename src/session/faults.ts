import { EMPTY, utf8 } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import { MAX_STEPS } from '../contract/flow.js'
import { has } from '../contract/kinds.js'
import { codeOfWire, ERRORS, type ErrorCode, type Ran, SottoError } from '../errors.js'
import type { Route } from './agreement.js'
import { decodeBody, isMap, type WireMap } from './body.js'

/** Bytes of a FAULT's details, at most (SE-49). */
export const MAX_FAULT = 16_384

/** Why an exchange ended without a reply, as it travels. */
export type Fault =
  | { readonly code: 'call/cancelled' | 'call/deadline' | 'session/closed' }
  /** `item`: which of a stream, counted from 1; 0 for what began the exchange, if its handler may have run, else none. */
  | { readonly code: 'policy/denied' | 'policy/limited'; readonly item?: number }
  | { readonly code: 'call/fault'; readonly name: string; readonly data: Wire | undefined }
  | { readonly code: 'call/internal'; readonly incident: string }
  | { readonly code: 'contract/invalid'; readonly path: string; readonly item?: number }
  | { readonly code: 'flow/refused'; readonly state: string; readonly expected: readonly string[] }
  | { readonly code: 'topic/slow' | 'broker/full' | 'broker/failed' }

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
  'flow/refused': 'no',
  'topic/slow': 'yes',
  'broker/full': 'no',
  'broker/failed': 'maybe',
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
  const limit = Math.min(MAX_FAULT, plaintext - FAULT_OVERHEAD)
  const bytes = fault.code === 'flow/refused' ? encodeMisstep(fault, limit) : detailsOf(fault)
  if (bytes.length > limit)
    throw new RangeError(`expected fault details of at most ${limit} bytes, got ${bytes.length}`)
  return bytes
}

/** Where a FAULT came: what this end knows of the exchange. */
export interface Faulted {
  readonly route: Route
  /** The items this end has sent in it: 0 unless it is a stream, -1 if what began it was not sent whole or has no reply. */
  readonly items: number
  /** The id of the decision on one of its messages. */
  readonly decision: (index: number) => string
}

/** The error of a FAULT frame. @throws session/malformed on an unknown code or details of another form (SE-49) */
export const decodeFault = (wire: number, body: Uint8Array, { route, items, decision }: Faulted): SottoError => {
  const { address } = route
  const code = codeOfWire(wire)
  if (body.length > MAX_FAULT) throw malformed(`fault details of ${body.length} bytes`)
  switch (code) {
    case 'policy/denied':
    case 'policy/limited': {
      const item = body.length === 0 ? undefined : itemOf(members(body, ['item']).item, 0, items)
      const details = { decision: decision(item ?? 0), address }
      const what = `the peer refused ${address} (decision ${details.decision})`
      return SottoError.of(code, what, { details, ran: ranOf(code, item) })
    }
    case 'call/cancelled':
    case 'call/deadline':
    case 'session/closed':
      if (body.length > 0) throw malformed('details where the code has none')
      return SottoError.of(code, `the peer ended ${address}`, { ran: RAN[code] })
    case 'call/fault': {
      const { name, data } = members(body, ['data', 'name'])
      return SottoError.of(code, `${address} answered with a fault`, {
        details: { name: text(name), data },
        ran: RAN[code],
      })
    }
    case 'call/internal': {
      const incident = text(members(body, ['incident']).incident)
      return SottoError.of(code, `${address} failed at the peer`, { details: { incident }, ran: RAN[code] })
    }
    case 'contract/invalid': {
      const { path, item } = members(body, ['path', 'item'])
      const ran = ranOf(code, item === undefined ? undefined : itemOf(item, 1, items))
      return SottoError.of(code, `the peer found ${address} invalid`, { details: { path: text(path) }, ran })
    }
    case 'flow/refused':
      if (route.row.flow === undefined) throw malformed('a step refused where there are none')
      return missteppedAt(address, body)
    case 'topic/slow':
    case 'broker/full':
    case 'broker/failed':
      if (body.length > 0 || !canFail(code, route)) throw malformed(`a fault of ${code} where none can be`)
      return SottoError.of(code, `the peer ended ${address}`, { ran: RAN[code] })
    default:
      throw malformed(`a fault with the code ${wire}`)
  }
}

/** SE-149: a subscription alone has a slow reader, a topic or queue alone a broker. */
const canFail = (code: 'topic/slow' | 'broker/full' | 'broker/failed', { row, verb }: Route): boolean =>
  code === 'topic/slow' ? verb === 'subscribe' : has(row.kind, 'subject')

const missteppedAt = (address: string, body: Uint8Array): SottoError => {
  const { state, expected } = members(body, ['expected', 'state'])
  if (!Array.isArray(expected) || expected.length > MAX_STEPS) throw malformed(`expected at most ${MAX_STEPS} steps`)
  const details = { state: text(state), expected: expected.map(text) }
  const could = details.expected.length === 0 ? 'nothing' : `one of ${details.expected.join(', ')}`
  return SottoError.of('flow/refused', `${address} in the state ${details.state}, where ${could} can come`, {
    details,
    ran: RAN['flow/refused'],
  })
}

/** As many of what could have come as there is room for; there is always some for the state alone. */
const encodeMisstep = (fault: Extract<Fault, { readonly code: 'flow/refused' }>, limit: number): Uint8Array => {
  const state = bounded(fault.state)
  for (let count = Math.min(fault.expected.length, MAX_STEPS); ; count--) {
    const bytes = encode({ state, expected: fault.expected.slice(0, count) })
    if (bytes.length <= limit) return bytes
  }
}

/** What began the exchange was taken before: an item follows it, and what stood may end later (SE-131). */
const ranOf = (code: 'policy/denied' | 'policy/limited' | 'contract/invalid', item: number | undefined): Ran =>
  item === undefined ? RAN[code] : 'maybe'

const itemOf = (value: Wire | undefined, least: number, most: number): number => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    throw malformed('a fault of an item that was not sent')
  return value
}

const detailsOf = (fault: Fault): Uint8Array => {
  switch (fault.code) {
    case 'call/fault':
      return encode({ name: bounded(fault.name), data: fault.data })
    case 'call/internal':
      return encode({ incident: bounded(fault.incident) })
    case 'contract/invalid':
      return encode({ path: bounded(fault.path), ...item(fault) })
    case 'policy/denied':
    case 'policy/limited':
      return fault.item === undefined ? EMPTY : encode({ item: fault.item })
    default:
      return EMPTY
  }
}

const item = ({ item = 0 }: { readonly item?: number }): { readonly item?: number } => (item === 0 ? {} : { item })

const bounded = (value: string): string => {
  const { length } = utf8(value)
  if (length > MAX_TEXT) throw new RangeError(`expected a text of at most ${MAX_TEXT} bytes, got ${length}`)
  return value
}

const members = (body: Uint8Array, allowed: readonly string[]): WireMap => {
  const { value } = decodeBody(body)
  if (!isMap(value)) throw malformed('fault details that are no map of strict CBOR')
  if (!Object.keys(value).every((key) => allowed.includes(key))) throw malformed('an unknown member of fault details')
  return value
}

const text = (value: Wire | undefined): string => {
  if (typeof value !== 'string' || utf8(value).length > MAX_TEXT)
    throw malformed(`expected a text of at most ${MAX_TEXT} bytes`)
  return value
}

const malformed = (what: string): SottoError => SottoError.of('session/malformed', what)
