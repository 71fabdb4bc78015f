import { EMPTY, utf8, varintLength, writeVarint } from '../bytes.js'
import { isToken } from '../contract/address.js'
import { FLAG, FRAMES, type Frame, type Labels, MAX_LABEL_VALUE, MAX_LABELS } from './frames.js'

const LONE_SURROGATE = /\p{Surrogate}/u

/** Every frame but BEGIN and DATA, as bytes of its own. */
export const encodeFrame = (frame: Exclude<Frame, { readonly is: 'BEGIN' | 'DATA' }>): Uint8Array => {
  const { type } = FRAMES[frame.is]
  switch (frame.is) {
    case 'ACCEPT':
      return fields(type, [], frame.body)
    case 'REFUSE':
      return fields(type, [frame.code], utf8(frame.detail))
    case 'FAULT':
      return fields(type, [frame.exchange, frame.code], frame.body)
    case 'RESET':
      return fields(type, [frame.exchange, frame.code, frame.size])
    case 'STOP':
      return fields(type, [frame.exchange, frame.code])
    case 'CREDIT':
      return fields(type, [frame.exchange, frame.limit])
    case 'PING':
    case 'PONG':
      return fields(type, [frame.count])
    case 'REKEY':
      return fields(type, [frame.generation])
    case 'REFRESH':
    case 'CREDENTIAL':
      return fields(type, [], frame.body)
    case 'DRAIN':
      return fields(type, [frame.last])
    case 'END':
      return fields(type, [frame.code])
  }
}

/** What a BEGIN says of its message, apart from exchange, flags and body. */
export interface BeginHead {
  readonly operation: number
  /** As made by `encodeSubject`; empty for none. */
  readonly subject: Uint8Array
  readonly standing: boolean
  readonly ttlMs: number
  /** As made by `encodeLabels`; empty for none. */
  readonly labels: Uint8Array
}

/** Writes a BEGIN at `at`; returns the offset behind it. `out` must have room. */
export const writeBegin = (
  out: Uint8Array,
  at: number,
  exchange: number,
  head: BeginHead,
  flags: number,
  body: Uint8Array,
): number => {
  out[at] = FRAMES.BEGIN.type
  out[at + 1] = flags | flagsOf(head)
  let next = writeVarint(out, at + 2, exchange)
  next = writeVarint(out, next, head.operation)
  out.set(head.subject, next)
  next = writeVarint(out, next + head.subject.length, head.ttlMs)
  out.set(head.labels, next)
  next = writeVarint(out, next + head.labels.length, body.length)
  out.set(body, next)
  return next + body.length
}

const flagsOf = ({ subject, standing, labels }: BeginHead): number =>
  (labels.length === 0 ? 0 : FLAG.labels) | (subject.length === 0 ? 0 : FLAG.subject) | (standing ? FLAG.standing : 0)

/** Writes a DATA at `at`; returns the offset behind it. `out` must have room. */
export const writeData = (out: Uint8Array, at: number, exchange: number, flags: number, body: Uint8Array): number => {
  out[at] = FRAMES.DATA.type
  out[at + 1] = flags
  const next = writeVarint(out, writeVarint(out, at + 2, exchange), body.length)
  out.set(body, next)
  return next + body.length
}

/** Bytes of a subject that is not empty, as made by `encodeSubject`: tokens are ASCII. */
export const subjectLength = ({ length }: string): number => varintLength(length) + length

/** A length, then the text, which fits its operation; empty for none. */
export const encodeSubject = (subject: string): Uint8Array => {
  if (subject === '') return EMPTY
  const text = utf8(subject)
  const out = new Uint8Array(varintLength(text.length) + text.length)
  out.set(text, writeVarint(out, 0, text.length))
  return out
}

/** Count, then name and value each with a length, rising by name; empty for none. @throws RangeError outside the grammar (SE-33) */
export const encodeLabels = (labels: Labels): Uint8Array => {
  const names = Object.keys(labels)
  if (names.length === 0) return EMPTY
  if (names.length > MAX_LABELS) throw new RangeError(`expected at most ${MAX_LABELS} labels, got ${names.length}`)
  const parts = names.sort().flatMap((name) => {
    const text = labels[name] ?? ''
    const value = utf8(text)
    // What is not well-formed would be another text on the wire.
    if (!isToken(name) || value.length > MAX_LABEL_VALUE || LONE_SURROGATE.test(text))
      throw new RangeError(`expected a token and at most ${MAX_LABEL_VALUE} bytes for label '${name}'`)
    return [utf8(name), value]
  })
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + varintLength(length) + length, 1))
  let at = writeVarint(out, 0, names.length)
  for (const part of parts) {
    at = writeVarint(out, at, part.length)
    out.set(part, at)
    at += part.length
  }
  return out
}

const fields = (type: number, values: readonly number[], body?: Uint8Array): Uint8Array => {
  const all = body === undefined ? values : [...values, body.length]
  const out = new Uint8Array(all.reduce((sum, value) => sum + varintLength(value), 1 + (body?.length ?? 0)))
  out[0] = type
  let at = 1
  for (const value of all) at = writeVarint(out, at, value)
  if (body !== undefined) out.set(body, at)
  return out
}
