import { concat, equal, lengthPrefixed, Reader, utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type Suite, suiteById } from './suites.js'

const MAGIC = utf8('SOTTO')
const VERSION = 0x01
const MAX_SUITES = 16
/** Bytes of a psk id, at most (SE-2). */
export const MAX_PSK_ID = 32

/** "SOTTO" 01 | count u8 | suite u16 x count | tried u8 | psk_len u8 | psk_id (SE-2). */
export interface Hello {
  /** Suite ids in the initiator's order of preference; ids unknown here are kept and skipped (SE-6). */
  readonly suites: readonly number[]
  /** Index of the suite whose message 1 travels in this packet. */
  readonly tried: number
  readonly pskId: Uint8Array
}

export const encodeHello = ({ suites, tried, pskId }: Hello): Uint8Array =>
  concat(
    MAGIC,
    Uint8Array.of(VERSION, suites.length),
    ...suites.map((id) => Uint8Array.of(id >>> 8, id & 0xff)),
    Uint8Array.of(tried, pskId.length),
    pskId,
  )

/** @throws session/malformed on any other form (SE-2) */
export const decodeHello = (neg: Uint8Array): Hello => {
  const reader = new Reader(neg, 'session/malformed')
  if (!equal(reader.take(MAGIC.length), MAGIC) || reader.u8() !== VERSION) throw reader.fail('not a Sotto hello')
  const count = reader.u8()
  if (count > MAX_SUITES) throw reader.fail(`expected at most ${MAX_SUITES} suites, got ${count}`)
  const suites = Array.from({ length: count }, () => reader.u16())
  if (new Set(suites).size !== count) throw reader.fail('a suite listed twice')
  const tried = reader.u8()
  // So there is one suite at the least.
  if (tried >= count) throw reader.fail(`expected tried below ${count}, got ${tried}`)
  const pskLength = reader.u8()
  if (pskLength > MAX_PSK_ID) throw reader.fail(`expected a psk id of at most ${MAX_PSK_ID} bytes, got ${pskLength}`)
  const pskId = concat(reader.take(pskLength))
  reader.end()
  return { suites, tried, pskId }
}

/** 01 | suite u16 (SE-3). */
export const encodeRetry = (suite: Suite): Uint8Array => Uint8Array.of(VERSION, suite.id >>> 8, suite.id & 0xff)

/** @throws session/malformed on any other form, session/suite on an id unknown here */
export const decodeRetry = (neg: Uint8Array): Suite => {
  const reader = new Reader(neg, 'session/malformed')
  if (reader.u8() !== VERSION) throw reader.fail('not a Sotto retry')
  const id = reader.u16()
  reader.end()
  const suite = suiteById(id)
  if (suite === undefined) throw SottoError.of('session/suite', 'the peer asked for a suite unknown here')
  return suite
}

const LABEL = utf8('Sotto/1')

/**
 * All that was negotiated in clear, bound into the handshake (SE-10): `negs` is Hello, or Hello1, Retry and Hello2, as this
 * side sent or received them. The application prologue is empty.
 */
export const prologueOf = (negs: readonly Uint8Array[]): Uint8Array =>
  concat(LABEL, Uint8Array.of(negs.length), ...negs.map(lengthPrefixed), Uint8Array.of(0, 0))
