import { utf8 } from '../bytes.js'
import type { Verb } from '../contract/kinds.js'
import type { PeerId } from '../identity/id.js'
import type { Direction } from './compile.js'
import type { Verdict } from './decide.js'
import type { Scalar } from './rule.js'

/** What an audit log is told: of sessions, of decisions in them, and of the policy they are made by. */
export type AuditRecord =
  | {
      readonly kind: 'opened'
      /** The session id, in hex. */
      readonly session: string
      readonly peer: PeerId
      readonly role: 'initiator' | 'responder'
      /** The Noise protocol name. */
      readonly suite: string
      /** The names of the contracts agreed on. */
      readonly uses: readonly string[]
      readonly serves: readonly string[]
    }
  | (Judged & {
      readonly kind: 'decided'
      /** The size of the encoded body, as far as it had come. */
      readonly bytes: number
      readonly seen?: Seen
    })
  /** An exchange that stood was ended, for the policy or the peer had changed. */
  | (Judged & { readonly kind: 'narrowed' })
  /** `code` is that of the error it ended with, null if it was closed cleanly. */
  | { readonly kind: 'closed'; readonly session: string; readonly peer: PeerId; readonly code: string | null }
  /** At the start and at each replacement; the digest is SHA-256, in hex, of the JSON text of the loaded document. */
  | { readonly kind: 'policy'; readonly epoch: number; readonly digest: string }

interface Judged {
  readonly session: string
  readonly peer: PeerId
  /** The decision id, which both ends compute. */
  readonly decision: string
  readonly direction: Direction
  readonly verb: Verb
  readonly address: string
  readonly verdict: Verdict
}

/** What the rules that match read of an act, and which of them it did not meet. */
export interface Seen {
  /** By attribute; null where the value is withheld. What was read and is absent is not among them. */
  readonly read: Readonly<Record<string, Scalar | null>>
  /** A rule id and the first condition that was not met, like `kitchen-only body.room eq "kitchen"`. */
  readonly unmet: readonly string[]
  /** What the shadow policy would have decided, if to another effect. */
  readonly shadow?: Verdict
}

/** Bytes of an encoded record at most (PO-37). */
export const MAX_AUDIT = 4_096

/** Items of a list that a record shows at most. */
export const MAX_SHOWN = 32

/**
 * PO-37: a record as JSON text without a newline, freshly made: keys in fixed order, printable ASCII alone (a log is shown in
 * terminals), at most 4,096 bytes; what is long is cut with a mark. Never throws.
 */
export const encodeAudit = (record: AuditRecord): Uint8Array => utf8(`{"kind":"${record.kind}",${fieldsOf(record)}}`)

const fieldsOf = (record: AuditRecord): string => {
  if (record.kind === 'policy') return `"epoch":${number(record.epoch)},"digest":${text(record.digest)}`
  const whose = `"session":${text(record.session)},"peer":${text(record.peer)}`
  switch (record.kind) {
    case 'opened':
      return `${whose},"role":${text(record.role)},"suite":${text(record.suite)},"uses":${list(record.uses, 1_600)},"serves":${list(record.serves, 1_600)}`
    case 'closed':
      return `${whose},"code":${record.code === null ? 'null' : text(record.code)}`
    case 'narrowed':
      return `${whose},${actOf(record)},${verdictOf(record.verdict, RULES_ROOM)}`
    case 'decided': {
      const judged = `${whose},${actOf(record)},"bytes":${number(record.bytes)},${verdictOf(record.verdict, RULES_ROOM)}`
      return record.seen === undefined ? judged : `${judged},${seenOf(record.seen, MAX_AUDIT - judged.length)}`
    }
  }
}

const actOf = ({ decision, direction, verb, address }: Judged): string =>
  `"decision":${text(decision)},"direction":${text(direction)},"verb":${text(verb)},"address":${text(address, 272)}`

// 32 ids of 64 characters, with quotes and commas, take 2,144 bytes; what stands before them takes less than 1,000.
const RULES_ROOM = 2_144

const verdictOf = (verdict: Verdict, room: number): string => {
  const { shown, more } = first(verdict.rules, (id) => text(id), room)
  const why = verdict.effect === 'deny' ? `,"why":${text(verdict.why)}` : ''
  return `"effect":${text(verdict.effect)}${why},"rules":[${shown}]${more > 0 ? `,"more":${more}` : ''}`
}

/** In `room` bytes, with what stands around it. */
const seenOf = ({ read, unmet, shadow }: Seen, room: number): string => {
  const differs = shadow === undefined ? '' : `,"shadow":{${verdictOf(shadow, 268)}}`
  const left = room - differs.length - 96
  const { shown, more } = first(Object.entries(read), ([name, value]) => `${text(name)}:${scalar(value)}`, left / 2)
  // No attribute is called more.
  const rest = more > 0 ? `${shown === '' ? '' : ','}"more":${more}` : ''
  return `"read":{${shown}${rest}},"unmet":${list(unmet, left - shown.length)}${differs}`
}

const list = (items: readonly string[], room: number): string => {
  const { shown, more } = first(items, (item) => text(item, 320), room)
  if (more === 0) return `[${shown}]`
  return `[${shown}${shown === '' ? '' : ','}"${MARK}${more} more"]`
}

/** The first of the items, as many as may be shown and take less than `room` bytes, and how many are left. */
const first = <T>(
  items: readonly T[],
  show: (item: T) => string,
  room: number,
): { readonly shown: string; readonly more: number } => {
  let shown = ''
  let count = 0
  for (const item of items.slice(0, MAX_SHOWN)) {
    const piece = show(item)
    if (shown.length + piece.length + 1 > room) break
    shown += count === 0 ? piece : `,${piece}`
    count++
  }
  return { shown, more: items.length - count }
}

const scalar = (value: Scalar | null): string => {
  if (typeof value === 'string') return text(value)
  return typeof value === 'number' ? number(value) : String(value)
}

/** JSON has no NaN and no infinity: they are told as texts. */
const number = (value: number): string => (Number.isFinite(value) ? String(value) : text(String(value)))

// Printable ASCII but for the quote and the backslash.
const PLAIN = /^[ !#-[\]-~]*$/

/** An ellipsis, where something was cut. */
const MARK = '\\u2026'

// Whole characters of an escaped text: neither an escape nor a pair of surrogates is cut.
const WHOLE = /^(?:\\ud[89ab]..\\ud[c-f]..|\\u(?!d[89ab])....|\\[^u]|[^\\])*/

/** A JSON text of at most `most` bytes. */
const text = (value: string, most = 128): string => {
  if (value.length <= most - 8 && PLAIN.test(value)) return `"${value}"`
  // Half a pair is refused by readers of JSON in some languages.
  const paired = value.slice(0, most).replace(/\p{Surrogate}/gu, '\ufffd')
  const escaped = JSON.stringify(paired)
    .slice(1, -1)
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  if (escaped.length <= most - 8) return `"${escaped}"`
  const [whole = ''] = WHOLE.exec(escaped.slice(0, most - 8)) ?? []
  return `"${whole}${MARK}"`
}
