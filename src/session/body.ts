import { decode, type Wire } from '../cbor.js'
import { SottoError } from '../errors.js'

type Decoded = { readonly ok: boolean; readonly value: Wire | undefined }

/** The value of a body: an empty one is no value; anything else is one strict CBOR item. */
export const decodeBody = (bytes: Uint8Array): Decoded => {
  if (bytes.length === 0) return { ok: true, value: undefined }
  try {
    return { ok: true, value: decode(bytes) }
  } catch (error) {
    // An expected outcome: the peer's fault, told to the peer as contract/invalid.
    if (error instanceof SottoError) return { ok: false, value: undefined }
    throw error
  }
}

export type WireMap = { readonly [key: string]: Wire | undefined }

export const isMap = (value: Wire | undefined): value is WireMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

export const notCbor = (what: string): SottoError =>
  SottoError.of('contract/invalid', what, { details: { path: '' }, ran: 'yes' })
