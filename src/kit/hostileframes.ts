import { concat, EMPTY, writeVarint } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import { codeOfWire, ERRORS, type ErrorCode } from '../errors.js'
import { FLAG, type Frame, NO_LABELS } from '../session/frames.js'
import { encodeFrame, encodeLabels, encodeSubject, writeBegin, writeData } from '../session/framewriter.js'

/** Frames as a peer says them that keeps to nothing: each is well-formed, wherever it may stand, and can be cut and changed. */

/** Whatever is in a BEGIN; only the operation's number must be said. */
export interface BeginOf {
  readonly operation: number
  readonly exchange: number
  readonly subject?: string
  readonly standing?: boolean
  readonly flags?: number
  readonly ttlMs?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export const begin = ({
  operation,
  exchange,
  subject = '',
  standing = false,
  flags = FLAG.end,
  ttlMs = 0,
  labels = NO_LABELS,
  body = EMPTY,
}: BeginOf): Uint8Array => {
  const head = { operation, subject: encodeSubject(subject), standing, ttlMs, labels: encodeLabels(labels) }
  const out = new Uint8Array(64 + head.subject.length + head.labels.length + body.length)
  return out.slice(0, writeBegin(out, 0, exchange, head, flags, body))
}

export const data = (exchange: number, body: Uint8Array = EMPTY, flags: number = FLAG.end): Uint8Array => {
  const out = new Uint8Array(32 + body.length)
  return out.slice(0, writeData(out, 0, exchange, flags, body))
}

export const fault = (exchange: number, code: ErrorCode | number, body: Uint8Array = EMPTY): Uint8Array =>
  encodeFrame({ is: 'FAULT', exchange, code: numberOf(code), body })

export const reset = (exchange: number, size: number, code: ErrorCode | number = 'call/cancelled'): Uint8Array =>
  encodeFrame({ is: 'RESET', exchange, code: numberOf(code), size })

export const stop = (exchange: number, code: ErrorCode | number = 'call/cancelled'): Uint8Array =>
  encodeFrame({ is: 'STOP', exchange, code: numberOf(code) })

export const credit = (exchange: number, limit: number): Uint8Array => encodeFrame({ is: 'CREDIT', exchange, limit })

export const ping = (count: number): Uint8Array => encodeFrame({ is: 'PING', count })

export const pong = (count: number): Uint8Array => encodeFrame({ is: 'PONG', count })

export const rekey = (generation = 0): Uint8Array => encodeFrame({ is: 'REKEY', generation })

export const refresh = (body: Uint8Array = EMPTY): Uint8Array => encodeFrame({ is: 'REFRESH', body })

export const credential = (body: Uint8Array): Uint8Array => encodeFrame({ is: 'CREDENTIAL', body })

export const drain = (last: number): Uint8Array => encodeFrame({ is: 'DRAIN', last })

export const end = (code: ErrorCode | number = 0): Uint8Array => encodeFrame({ is: 'END', code: numberOf(code) })

export const accept = (body: Uint8Array): Uint8Array => encodeFrame({ is: 'ACCEPT', body })

export const refuse = (code: ErrorCode | number, detail = ''): Uint8Array =>
  encodeFrame({ is: 'REFUSE', code: numberOf(code), detail })

/** A varint in its shortest form. */
export const varint = (value: number): Uint8Array => {
  const out = new Uint8Array(8)
  return out.slice(0, writeVarint(out, 0, value))
}

/** A number below 64 as a varint of `length` bytes, which is not its shortest form. */
export const longVarint = (value: number, length: 2 | 4 | 8): Uint8Array => {
  const out = new Uint8Array(length)
  out[0] = { 2: 0x40, 4: 0x80, 8: 0xc0 }[length]
  out[length - 1] = value
  return out
}

/** A message body. */
export const cbor = (value: Wire): Uint8Array => encode(value)

/** A text of CBOR of `length` bytes in all, 3 at least. */
export const textOf = (length: number): Uint8Array => {
  const head = length < 25 ? 1 : length < 258 ? 2 : length < 65_539 ? 3 : 5
  return encode('a'.repeat(length - head))
}

/** All but the last byte. */
export const cut = (bytes: Uint8Array): Uint8Array => bytes.slice(0, -1)

/** A copy in which one bit of the byte at `at`, from the end if it is negative, is another. */
export const flipped = (bytes: Uint8Array, at: number): Uint8Array => {
  const out = concat(bytes)
  const index = at < 0 ? bytes.length + at : at
  out[index] = (out[index] ?? 0) ^ 0x01
  return out
}

export const bytesOf = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes)

const numberOf = (code: ErrorCode | number): number => (typeof code === 'number' ? code : ERRORS[code].wire)

/** A frame in a few words, as findings name it. */
export const nameOf = (frame: Frame): string => {
  const code = 'code' in frame ? ` ${codeOfWire(frame.code) ?? frame.code}` : ''
  return `${frame.is}${'exchange' in frame ? ` of exchange ${frame.exchange}` : ''}${code}`
}
