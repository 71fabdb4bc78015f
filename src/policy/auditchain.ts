import { concat, toHex, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { Provider } from '../crypto/provider.js'
import { type Auditor, auditorKeysOf } from '../identity/auditor.js'
import { type AuditorId, auditorId, parseAuditorId } from '../identity/id.js'
import { type AuditLine, broken, type LineRecord, MAX_AUDIT_LINE, readAuditLine } from './auditline.js'

/** Why records were lost: there was no room for the new ones, the oldest made room for them, or the sink failed. */
export type Overflow = (typeof OVERFLOWS)[number]

/** Where a log goes on: what the next line has. */
export interface AuditPlace {
  /** The log's id: 16 random bytes. */
  readonly log: Uint8Array
  readonly seq: number
  /** SHA-256 of the last line without its newline. */
  readonly prev: Uint8Array
}

const OVERFLOWS = ['drop-newest', 'drop-oldest', 'failed'] as const
const VERSION = 1
const LABEL = utf8('Sotto/1 audit checkpoint')
const NEWLINE = 0x0a
const OPEN = 0x7b
const CLOSE = 0x7d
/** Where a log begins. */
const START = { seq: 1, prev: new Uint8Array(32) }

/** Writes the lines of one log, each chained to the one before (AU-3). It holds no line: what is made is the caller's to store. */
export class AuditChain {
  readonly #auditor: Auditor
  readonly #provider: Provider
  readonly #log: Uint8Array
  #seq: number
  #prev: Uint8Array
  #unsigned = 0

  /**
   * @param start a new log by its id, 16 random bytes, or the place where an old one goes on
   * @throws RangeError on an id, a number or a hash of another size
   */
  constructor(
    auditor: Auditor,
    start: { readonly log: Uint8Array } | AuditPlace,
    provider: Provider = defaultProvider,
  ) {
    const { seq, prev } = 'seq' in start ? start : START
    if (start.log.length !== 16) throw new RangeError(`expected a log id of 16 bytes, got ${start.log.length}`)
    if (prev.length !== 32) throw new RangeError(`expected a hash of 32 bytes, got ${prev.length}`)
    if (!Number.isSafeInteger(seq) || seq < 1) throw new RangeError(`expected the number of a line, got ${seq}`)
    this.#auditor = auditor
    this.#provider = provider
    this.#log = new Uint8Array(start.log)
    this.#seq = seq
    this.#prev = new Uint8Array(prev)
  }

  /** The number of the next line. */
  get seq(): number {
    return this.#seq
  }

  /** The log's id, a fresh copy. */
  get log(): Uint8Array {
    return new Uint8Array(this.#log)
  }

  /** Lines made here since the last checkpoint. */
  get unsigned(): number {
    return this.#unsigned
  }

  /** AU-4: the line a new log begins with. @throws TypeError if the log has begun */
  first(unixMs: number): Uint8Array {
    if (this.#seq !== 1) throw new TypeError('expected a new log, got one that has begun')
    const record = { kind: 'log', version: VERSION, log: toHex(this.#log), key: this.#auditor.id }
    return this.#chained(json(record), unixMs)
  }

  /**
   * The next line, with its newline; freshly allocated.
   *
   * @param record a JSON object in UTF-8 with a `kind`, without a newline; taken as it is
   * @throws TypeError before `first`, or if it is no such text; RangeError if the line would be over 8,192 bytes
   */
  line(record: Uint8Array, unixMs: number): Uint8Array {
    if (this.#seq === 1) throw new TypeError('expected the first line of the log before others')
    if (record[0] !== OPEN || record.at(-1) !== CLOSE || record.includes(NEWLINE))
      throw new TypeError('expected one JSON object without a newline')
    return this.#chained(record, unixMs)
  }

  /** AU-7: a line that says how many records have no line, and why. */
  lost(records: number, overflow: Overflow, unixMs: number): Uint8Array {
    return this.line(json({ kind: 'lost', records, overflow }), unixMs)
  }

  /** AU-8: a line that says that a process took the log up again, and how many bytes of a torn line it cut off. */
  resumed(torn: number, unixMs: number): Uint8Array {
    return this.line(json({ kind: 'resumed', torn }), unixMs)
  }

  /** AU-5: a line that signs all lines before it. */
  checkpoint(unixMs: number): Uint8Array {
    const { secretKey } = auditorKeysOf(this.#auditor)
    const message = signedBy({ log: this.#log, seq: this.#seq, prev: this.#prev })
    const signature = this.#provider.ed25519.sign(secretKey, message)
    secretKey.fill(0)
    const record = { kind: 'checkpoint', log: toHex(this.#log), signature: toHex(signature) }
    const line = this.line(json(record), unixMs)
    this.#unsigned = 0
    return line
  }

  #chained(record: Uint8Array, unixMs: number): Uint8Array {
    if (!Number.isSafeInteger(unixMs) || unixMs < 0) throw new RangeError(`expected a Unix time in ms, got ${unixMs}`)
    const head = utf8(`{"seq":${this.#seq},"time":${unixMs},"prev":"${toHex(this.#prev)}","record":`)
    const length = head.length + record.length + 2
    if (length > MAX_AUDIT_LINE)
      throw new RangeError(`expected a line of at most ${MAX_AUDIT_LINE} bytes, got ${length}`)
    const line = concat(head, record, Uint8Array.of(CLOSE, NEWLINE))
    this.#prev = this.#provider.hash.SHA256.digest(line.subarray(0, -1))
    this.#seq++
    this.#unsigned++
    return line
  }
}

/**
 * Reads a log from its first line, or from a later one where the files before are gone, and refuses whatever does not fit. It
 * holds sums and one hash, however long the log is. After an error it takes nothing more.
 */
export class AuditCheck {
  readonly #provider: Provider
  readonly #expected: AuditorId | undefined
  readonly #from: number
  #publicKey: Uint8Array | undefined
  #key: AuditorId | undefined
  #log: string | undefined
  #seq: number
  #prev: string | undefined
  #time = 0
  #signed = 0
  #behind = 0
  #lost = 0
  #torn = 0
  #exposed = 0
  #stepsBack = 0
  #dead = false

  /**
   * @param expected whose log it shall be; without it, the log is held to the key that it names itself, which anyone can make
   * @param from the number of the first line that will come (AU-18)
   * @throws RangeError on a number of no line, and on a later line without `expected`
   */
  constructor(expected?: AuditorId, from = 1, provider: Provider = defaultProvider) {
    if (!Number.isSafeInteger(from) || from < 1) throw new RangeError(`expected the number of a line, got ${from}`)
    if (from > 1 && expected === undefined)
      throw new RangeError("expected the auditor's id for a log without its first line, which names it")
    this.#provider = provider
    this.#expected = expected
    this.#from = from
    this.#seq = from
    if (from === 1) this.#prev = '0'.repeat(64)
    else if (expected !== undefined) this.#trust(expected)
  }

  /** The log's id in hex; undefined before a line that names it. */
  get log(): string | undefined {
    return this.#log
  }

  /** Whose signatures are checked; undefined before the first line. */
  get key(): AuditorId | undefined {
    return this.#key
  }

  /** Lines taken. */
  get lines(): number {
    return this.#seq - this.#from
  }

  /** The number of the last line that a checkpoint vouches for; 0 if there is none. */
  get signed(): number {
    return this.#signed
  }

  /** Lines behind the last checkpoint. */
  get behind(): number {
    return this.#behind
  }

  /** Records that have no line, as the log says. */
  get lost(): number {
    return this.#lost
  }

  /** Torn lines that were cut off when the log was taken up again, as the log says. */
  get torn(): number {
    return this.#torn
  }

  /**
   * AU-8: lines that no checkpoint vouched for while no process held the log: those behind the last one when it was taken up
   * again. What signed them later had found them there.
   */
  get exposed(): number {
    return this.#exposed
  }

  /** Times that are less than the one before: a clock was set, and no fault. */
  get stepsBack(): number {
    return this.#stepsBack
  }

  /** Where an `AuditChain` goes on; undefined before a line that names the log. */
  get place(): AuditPlace | undefined {
    if (this.#log === undefined || this.#prev === undefined) return undefined
    return { log: fromHex(this.#log), seq: this.#seq, prev: fromHex(this.#prev) }
  }

  /**
   * The next line, without its newline.
   *
   * @throws SottoError audit/broken; then every call throws a TypeError
   */
  take(line: Uint8Array): AuditLine {
    if (this.#dead) throw new TypeError('expected no line after a broken one')
    this.#dead = true
    const read = readAuditLine(line, this.#seq)
    this.#fit(read)
    this.#weigh(read)
    if (this.lines > 0 && read.time < this.#time) this.#stepsBack++
    this.#time = read.time
    this.#seq++
    this.#prev = toHex(this.#provider.hash.SHA256.digest(line))
    this.#dead = false
    return read
  }

  /** AU-3: of a log that starts later, the first hash is taken as it stands. */
  #fit({ seq, prev, record }: AuditLine): void {
    if (seq !== this.#seq) throw broken(this.#seq, `expected line ${this.#seq}, got line ${seq}`)
    if (this.#prev !== undefined && prev !== this.#prev)
      throw broken(
        seq,
        seq === 1 ? 'expected a first line, with a hash of zeros' : 'expected the hash of the line before',
      )
    this.#prev = prev
    // AU-4
    if ((seq === 1) !== (record.kind === 'log'))
      throw broken(seq, `expected ${seq === 1 ? 'the first line' : 'no first line'} of a log`)
  }

  /** AU-17: what is of no kind known here passes. */
  #weigh({ seq, prev, record }: AuditLine): void {
    this.#behind++
    if (record.kind === 'log') this.#begin(record)
    else if (record.kind === 'checkpoint') this.#checkpoint(seq, prev, record)
    else if (record.kind === 'lost') this.#lose(seq, record)
    else if (record.kind === 'resumed') this.#resume(seq, record)
  }

  #begin({ version, log, key }: LineRecord): void {
    if (version !== VERSION) throw broken(1, `expected version ${VERSION} of the log`)
    if (!isHex(log, 16)) throw broken(1, 'expected a log id of 32 hex digits')
    if (this.#expected !== undefined && key !== this.#expected)
      throw broken(1, `expected the log of ${this.#expected}, got that of another`)
    this.#trust(keyOf(key))
    this.#log = log
  }

  #trust(id: AuditorId): void {
    this.#publicKey = parseAuditorId(id)
    this.#key = id
  }

  /** AU-5, AU-6 */
  #checkpoint(seq: number, prev: string, { log, signature }: LineRecord): void {
    if (!isHex(log, 16) || (this.#log !== undefined && log !== this.#log))
      throw broken(seq, 'expected a checkpoint of this log')
    const message = signedBy({ log: fromHex(log), seq, prev: fromHex(prev) })
    if (
      !isHex(signature, 64) ||
      this.#publicKey === undefined ||
      !this.#provider.ed25519.verify(this.#publicKey, message, fromHex(signature))
    )
      throw broken(seq, 'expected a checkpoint that the auditor signed')
    this.#log = log
    this.#signed = seq - 1
    this.#behind = 0
  }

  #lose(seq: number, { records, overflow }: LineRecord): void {
    if (!isCount(records) || records === 0 || !OVERFLOWS.some((one) => one === overflow))
      throw broken(seq, 'expected how many records were lost, and why')
    this.#lost += records
  }

  #resume(seq: number, { torn }: LineRecord): void {
    if (!isCount(torn)) throw broken(seq, 'expected how many bytes were torn')
    if (torn > 0) this.#torn++
    this.#exposed += this.#behind - 1
  }
}

/** What a checkpoint's signature is over. */
const signedBy = ({ log, seq, prev }: AuditPlace): Uint8Array => {
  const number = new Uint8Array(8)
  new DataView(number.buffer).setUint32(0, Math.floor(seq / 2 ** 32))
  new DataView(number.buffer).setUint32(4, seq % 2 ** 32)
  return concat(LABEL, log, number, prev)
}

const json = (record: object): Uint8Array => utf8(JSON.stringify(record))

const keyOf = (key: unknown): AuditorId => {
  if (typeof key !== 'string') throw broken(1, "expected the auditor's id")
  try {
    return auditorId(key)
  } catch (cause) {
    throw broken(1, "expected the auditor's id", cause)
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** One spelling: lower case. */
const isHex = (value: unknown, bytes: number): value is string =>
  typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))
