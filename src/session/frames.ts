import { Reader } from '../bytes.js'
import { isToken } from '../contract/address.js'
import type { SessionEvent } from './states.js'

interface FrameRow {
  readonly type: number
  /** The event of the state table this frame is. */
  readonly event: SessionEvent
  /** True if only padding may follow it in its record (CH-10). */
  readonly last: boolean
}

/** The frames of a record (SE-30). Type 0 is padding. */
export const FRAMES = {
  ACCEPT: { type: 1, event: 'accept', last: true },
  REFUSE: { type: 2, event: 'refuse', last: true },
  BEGIN: { type: 3, event: 'data', last: false },
  DATA: { type: 4, event: 'data', last: false },
  FAULT: { type: 5, event: 'data', last: false },
  RESET: { type: 6, event: 'data', last: false },
  STOP: { type: 7, event: 'data', last: false },
  CREDIT: { type: 8, event: 'data', last: false },
  PING: { type: 9, event: 'ping', last: false },
  PONG: { type: 10, event: 'ping', last: false },
  REKEY: { type: 11, event: 'rekey', last: true },
  REFRESH: { type: 12, event: 'refresh', last: false },
  CREDENTIAL: { type: 13, event: 'credential', last: false },
  DRAIN: { type: 14, event: 'drain', last: false },
  END: { type: 15, event: 'end', last: true },
} as const satisfies Record<string, FrameRow>

export type FrameName = keyof typeof FRAMES

/** Frames of one record, at most (CH-9). */
export const MAX_FRAMES = 4_096
/** Labels of one BEGIN, and bytes of a value (SE-33). */
export const MAX_LABELS = 16
export const MAX_LABEL_VALUE = 256
/** Bytes of a REFUSE's detail: one address. */
export const MAX_DETAIL = 255
/** Bytes of a subject: of an address (SE-143). */
const MAX_SUBJECT = 255

/** Bytes of a CREDENTIAL's credential (SE-100). */
export const MAX_CREDENTIAL = 4_096

/** Flag bits of BEGIN and DATA (SE-32). */
export const FLAG = {
  /** The sender's direction of the exchange ends with this frame. */
  end: 0x01,
  /** The message goes on in the exchange's next DATA. */
  more: 0x02,
  /** BEGIN only: labels follow. */
  labels: 0x04,
  /** BEGIN only: the subject of a topic or queue follows (SE-143). */
  subject: 0x08,
  /** BEGIN only: of a topic or queue, what stands: a subscription or a consumer (SE-144). */
  standing: 0x10,
} as const

export type Labels = Readonly<Record<string, string>>

export const NO_LABELS: Labels = Object.freeze(Object.create(null))

export interface Begin {
  readonly is: 'BEGIN'
  readonly exchange: number
  readonly operation: number
  /** Tokens joined by dots; empty for none. */
  readonly subject: string
  readonly standing: boolean
  readonly end: boolean
  readonly more: boolean
  /** Time to live in ms; 0 is none. */
  readonly ttlMs: number
  readonly labels: Labels
  readonly body: Uint8Array
}

export interface Data {
  readonly is: 'DATA'
  readonly exchange: number
  readonly end: boolean
  readonly more: boolean
  readonly body: Uint8Array
}

/** Bodies are views of the record's plaintext, which belongs to the frame's reader. */
export type Frame =
  | { readonly is: 'ACCEPT'; readonly body: Uint8Array }
  | { readonly is: 'REFUSE'; readonly code: number; readonly detail: string }
  | Begin
  | Data
  | { readonly is: 'FAULT'; readonly exchange: number; readonly code: number; readonly body: Uint8Array }
  | { readonly is: 'RESET'; readonly exchange: number; readonly code: number; readonly size: number }
  | { readonly is: 'STOP'; readonly exchange: number; readonly code: number }
  | { readonly is: 'CREDIT'; readonly exchange: number; readonly limit: number }
  | { readonly is: 'PING'; readonly count: number }
  | { readonly is: 'PONG'; readonly count: number }
  | { readonly is: 'REKEY'; readonly generation: number }
  | { readonly is: 'REFRESH'; readonly body: Uint8Array }
  | { readonly is: 'CREDENTIAL'; readonly body: Uint8Array }
  | { readonly is: 'DRAIN'; readonly last: number }
  | { readonly is: 'END'; readonly code: number }

const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** All frames of one plaintext, in order; the whole record before any is applied (CH-9). @throws session/malformed */
export const decodeFrames = (plaintext: Uint8Array): readonly Frame[] => {
  const reader = new Reader(plaintext, 'session/malformed')
  const frames: Frame[] = []
  while (reader.left > 0) {
    const type = reader.u8()
    if (type === 0) {
      for (const byte of reader.take(reader.left)) if (byte !== 0) throw reader.fail('padding that is not zero')
      break
    }
    const previous = frames.at(-1)
    if (previous !== undefined && FRAMES[previous.is].last) throw reader.fail(`a frame behind ${previous.is}`)
    if (frames.length === MAX_FRAMES) throw reader.fail(`more than ${MAX_FRAMES} frames in a record`)
    frames.push(decodeFrame(type, reader))
  }
  if (frames.length === 0) throw reader.fail('a record without a frame')
  return frames
}

const decodeFrame = (type: number, reader: Reader): Frame => {
  switch (type) {
    case FRAMES.ACCEPT.type:
      return { is: 'ACCEPT', body: reader.take(reader.varint()) }
    case FRAMES.REFUSE.type:
      return { is: 'REFUSE', code: reader.varint(), detail: decodeText(reader, MAX_DETAIL) }
    case FRAMES.BEGIN.type:
      return decodeBegin(reader)
    case FRAMES.DATA.type:
      return decodeData(reader)
    case FRAMES.FAULT.type:
      return { is: 'FAULT', exchange: reader.varint(), code: reader.varint(), body: reader.take(reader.varint()) }
    case FRAMES.RESET.type:
      return { is: 'RESET', exchange: reader.varint(), code: reader.varint(), size: reader.varint() }
    case FRAMES.STOP.type:
      return { is: 'STOP', exchange: reader.varint(), code: reader.varint() }
    case FRAMES.CREDIT.type:
      return { is: 'CREDIT', exchange: reader.varint(), limit: reader.varint() }
    case FRAMES.PING.type:
      return { is: 'PING', count: reader.varint() }
    case FRAMES.PONG.type:
      return { is: 'PONG', count: reader.varint() }
    case FRAMES.REKEY.type:
      return { is: 'REKEY', generation: reader.varint() }
    case FRAMES.REFRESH.type:
      return { is: 'REFRESH', body: reader.take(reader.varint()) }
    case FRAMES.CREDENTIAL.type:
      return { is: 'CREDENTIAL', body: decodeCredential(reader) }
    case FRAMES.DRAIN.type:
      return { is: 'DRAIN', last: reader.varint() }
    case FRAMES.END.type:
      return { is: 'END', code: reader.varint() }
    default:
      throw reader.fail(`frame type ${type} is unknown`) // SE-31
  }
}

const BEGIN_FLAGS = FLAG.end | FLAG.more | FLAG.labels | FLAG.subject | FLAG.standing

const decodeBegin = (reader: Reader): Begin => {
  const flags = checkFlags(reader, BEGIN_FLAGS)
  const exchange = reader.varint()
  const operation = reader.varint()
  const subject = (flags & FLAG.subject) === 0 ? '' : decodeSubject(reader)
  const ttlMs = reader.varint()
  const labels = (flags & FLAG.labels) === 0 ? NO_LABELS : decodeLabels(reader)
  const body = reader.take(reader.varint())
  return {
    is: 'BEGIN',
    exchange,
    operation,
    subject,
    standing: (flags & FLAG.standing) !== 0,
    ttlMs,
    labels,
    body,
    end: (flags & FLAG.end) !== 0,
    more: (flags & FLAG.more) !== 0,
  }
}

const decodeData = (reader: Reader): Data => {
  const flags = checkFlags(reader, FLAG.end | FLAG.more)
  const exchange = reader.varint()
  const body = reader.take(reader.varint())
  return { is: 'DATA', exchange, body, end: (flags & FLAG.end) !== 0, more: (flags & FLAG.more) !== 0 }
}

/** No unknown bit, and no direction that ends inside a message (SE-32). */
const checkFlags = (reader: Reader, known: number): number => {
  const flags = reader.u8()
  const both = FLAG.end | FLAG.more
  if ((flags & ~known) !== 0 || (flags & both) === both) throw reader.fail(`the flags ${flags} have no meaning here`)
  return flags
}

const decodeCredential = (reader: Reader): Uint8Array => {
  const length = reader.varint()
  if (length < 1 || length > MAX_CREDENTIAL)
    throw reader.fail(`expected a credential of 1..${MAX_CREDENTIAL} bytes, got ${length}`)
  return reader.take(length)
}

const decodeSubject = (reader: Reader): string => {
  const subject = decodeText(reader, MAX_SUBJECT)
  if (subject === '') throw reader.fail('expected a subject, got an empty text')
  return subject
}

const decodeLabels = (reader: Reader): Labels => {
  const count = reader.varint()
  if (count < 1 || count > MAX_LABELS) throw reader.fail(`expected 1..${MAX_LABELS} labels, got ${count}`)
  const labels: Record<string, string> = Object.create(null)
  let last = ''
  for (let i = 0; i < count; i++) {
    const name = decodeText(reader, 65)
    if (!isToken(name) || name <= last) throw reader.fail('expected label names as rising tokens')
    labels[name] = decodeText(reader, MAX_LABEL_VALUE)
    last = name
  }
  return Object.freeze(labels)
}

const decodeText = (reader: Reader, limit: number): string => {
  const length = reader.varint()
  if (length > limit) throw reader.fail(`expected a text of at most ${limit} bytes, got ${length}`)
  const bytes = reader.take(length)
  try {
    return text.decode(bytes)
  } catch {
    // The decoder's own error says nothing more than this one.
    throw reader.fail('a text that is not UTF-8')
  }
}
