import { bech32m } from '@scure/base'
import { concat } from '../bytes.js'
import { SottoError } from '../errors.js'

interface TextRow {
  readonly prefix: string
  readonly upper: boolean
  /** The leading byte. */
  readonly type: number
  /** Bytes behind the type. */
  readonly length: number
  readonly name: string
}

/** ID-1: every text form of a key, bech32m (BIP 350) over `type u8 | bytes`. A kind is added as a row. */
const TEXTS = {
  peer: { prefix: 'sotto', upper: false, type: 0, length: 32, name: 'a peer id' },
  secret: { prefix: 'sotto-secret-', upper: true, type: 0, length: 32, name: 'a secret text' },
  sealed: { prefix: 'sotto-sealed-', upper: true, type: 0, length: 65, name: 'a sealed text' },
  issuer: { prefix: 'sottoca', upper: false, type: 0, length: 32, name: 'an issuer id' },
  issuerSecret: { prefix: 'sottoca-secret-', upper: true, type: 0, length: 32, name: "an issuer's secret text" },
  issuerSealed: { prefix: 'sottoca-sealed-', upper: true, type: 0, length: 65, name: "an issuer's sealed text" },
  auditor: { prefix: 'sottolog', upper: false, type: 0, length: 32, name: 'an auditor id' },
  auditorSecret: { prefix: 'sottolog-secret-', upper: true, type: 0, length: 32, name: "an auditor's secret text" },
  auditorSealed: { prefix: 'sottolog-sealed-', upper: true, type: 0, length: 65, name: "an auditor's sealed text" },
  challenge: { prefix: 'sotto-challenge-', upper: false, type: 0, length: 48, name: 'a challenge' },
  proof: { prefix: 'sotto-proof-', upper: false, type: 0, length: 112, name: 'a proof of possession' },
} as const satisfies Record<string, TextRow>

export type TextKind = keyof typeof TEXTS

const KINDS = Object.keys(TEXTS).filter((kind): kind is TextKind => Object.hasOwn(TEXTS, kind))
/** Letters of a text that tell its kind. */
const LONGEST_START = Math.max(...KINDS.map((kind) => TEXTS[kind].prefix.length)) + 1

/** The one text of `bytes` as `kind`. @throws RangeError on another length */
export const encodeText = (kind: TextKind, bytes: Uint8Array): string => {
  const { prefix, upper, type, length, name }: TextRow = TEXTS[kind]
  if (bytes.length !== length) throw new RangeError(`expected ${length} bytes for ${name}, got ${bytes.length}`)
  const words = bech32m.toWords(concat(Uint8Array.of(type), bytes))
  const text = bech32m.encode(prefix, words, false)
  return upper ? text.toUpperCase() : text
}

/**
 * The bytes behind the type, freshly allocated. Only what `encodeText` writes is read.
 *
 * The message never quotes the text, and the decoder's own error, which does, is not its cause: the text may be a secret.
 *
 * @throws SottoError identity/malformed
 */
export const decodeText = (kind: TextKind, text: string): Uint8Array => {
  const row: TextRow = TEXTS[kind]
  // ID-2: the length is known before the first character is read.
  if (typeof text !== 'string' || text.length !== textLength(row)) throw malformed(row, text)
  const words = bech32m.decodeUnsafe(text, false)?.words
  const payload = words === undefined ? undefined : bech32m.fromWordsUnsafe(words)
  if (!payload || payload[0] !== row.type || payload.length !== row.length + 1) throw malformed(row, text)
  const bytes = payload.slice(1)
  // ID-2: one spelling; this refuses the other case and another prefix.
  if (encodeText(kind, bytes) !== text) throw malformed(row, text)
  return bytes
}

/** The kind whose prefix `text` has, in either case. */
export const kindOfText = (text: string): TextKind | undefined => {
  const start = text.slice(0, LONGEST_START).toLowerCase()
  return KINDS.find((kind) => start.startsWith(`${TEXTS[kind].prefix}1`))
}

/** Prefix, separator, five bits a character, checksum of six. */
const textLength = ({ prefix, length }: TextRow): number => prefix.length + 1 + Math.ceil(((length + 1) * 8) / 5) + 6

const malformed = (row: TextRow, text: unknown): SottoError<'identity/malformed'> =>
  SottoError.of('identity/malformed', `expected ${row.name} ${shapeOf(row)}, got ${describe(row, text)}`)

const shapeOf = (row: TextRow): string => {
  const start = `${row.prefix}1`
  return `(${row.upper ? start.toUpperCase() : start}…, ${textLength(row)} characters)`
}

/** ID-4: what came, without a character of it. */
const describe = (row: TextRow, text: unknown): string => {
  if (typeof text !== 'string') return `a ${typeof text}`
  const kind = kindOfText(text)
  if (kind !== undefined && TEXTS[kind].prefix !== row.prefix) return TEXTS[kind].name
  return text.length === textLength(row) ? 'one that is damaged or misspelt' : `${text.length} characters`
}
