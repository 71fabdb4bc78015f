import { concat, EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import { parseJson } from './json.js'

/** AU-2: bytes of a line of an audit log with its newline, at most. */
export const MAX_AUDIT_LINE = 8_192

const NEWLINE = 0x0a
const FRAME = /^\{"seq":([1-9][0-9]{0,15}),"time":(0|[1-9][0-9]{0,15}),"prev":"([0-9a-f]{64})","record":(\{.*\})\}$/s
const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** What a line says: of a kind of this version, or of one that is not known here. Its fields are unchecked. */
export interface LineRecord {
  readonly kind: string
  readonly [field: string]: unknown
}

export interface AuditLine {
  /** From 1, by one. */
  readonly seq: number
  /** Unix time by the clock of the log's process, in milliseconds. */
  readonly time: number
  /** SHA-256 of the line before, in hex. */
  readonly prev: string
  readonly record: LineRecord
}

/**
 * AU-1: one line without its newline. It checks the frame alone: whether the line fits those before it is for `AuditCheck`.
 *
 * @param number what an error calls the line
 * @throws SottoError audit/broken
 */
export const readAuditLine = (line: Uint8Array, number: number): AuditLine => {
  if (line.length >= MAX_AUDIT_LINE) throw tooLong(number)
  const [, seq, time, prev = '', record = ''] = FRAME.exec(decoded(line, number)) ?? []
  if (seq === undefined)
    throw broken(number, 'expected seq, time, prev and record, in this order and without white space')
  const read = { seq: Number(seq), time: Number(time), prev, record: parsed(record, number) }
  if (!Number.isSafeInteger(read.seq) || !Number.isSafeInteger(read.time))
    throw broken(number, 'expected numbers of at most 2^53-1')
  return read
}

/** Cuts bytes that come in pieces into lines, with one line of memory. */
export class LineSplitter {
  #number: number
  #rest: Uint8Array = EMPTY

  /** @param number what an error calls the first line */
  constructor(number = 1) {
    this.#number = number
  }

  /** Bytes behind the last newline so far: a torn tail, if nothing follows. */
  get left(): number {
    return this.#rest.length
  }

  /**
   * The lines that `chunk` ends, without their newlines, each freshly allocated. The next chunk comes when all of them are taken.
   *
   * @throws SottoError audit/broken on a line that is too long
   */
  *push(chunk: Uint8Array): Generator<Uint8Array> {
    let from = 0
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      const line = this.#joined(chunk.subarray(from, to))
      this.#rest = EMPTY
      this.#number++
      from = to + 1
      yield line
    }
    this.#rest = this.#joined(chunk.subarray(from))
  }

  /** AU-2: refused before it is kept. */
  #joined(part: Uint8Array): Uint8Array {
    if (this.#rest.length + part.length >= MAX_AUDIT_LINE) throw tooLong(this.#number)
    return concat(this.#rest, part)
  }
}

export const broken = (line: number, what: string, cause?: unknown): SottoError<'audit/broken'> =>
  SottoError.of('audit/broken', `line ${line}: ${what}`, { details: { line }, cause })

const tooLong = (number: number): SottoError<'audit/broken'> =>
  broken(number, `expected at most ${MAX_AUDIT_LINE} bytes and a newline`)

const decoded = (line: Uint8Array, number: number): string => {
  try {
    return text.decode(line)
  } catch (cause) {
    throw broken(number, 'expected UTF-8', cause)
  }
}

/** AU-16 */
const parsed = (record: string, number: number): LineRecord => {
  const value = parsedJson(record, number)
  if (!isRecord(value)) throw broken(number, 'expected a record with a kind')
  return value
}

const parsedJson = (record: string, number: number): unknown => {
  try {
    return parseJson(record)
  } catch (cause) {
    throw broken(
      number,
      'expected a record in JSON, of at most 16 levels below it, in which no object has a name twice',
      cause,
    )
  }
}

const isRecord = (value: unknown): value is LineRecord =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'
