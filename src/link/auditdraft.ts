import { concat } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { Auditor } from '../identity/auditor.js'
import { AuditChain, type AuditPlace } from '../policy/auditchain.js'
import type { AuditOverflow, Taken } from './auditqueue.js'

/** A new log by its id, or where an old one goes on and how many bytes of it were torn. */
export type AuditStart = { readonly log: Uint8Array } | { readonly place: AuditPlace; readonly torn: number }

interface Due {
  /** The lines begin another file. */
  readonly fresh: boolean
  /** A checkpoint is due behind them. */
  readonly sign: boolean
  /** When the record was taken that comes behind them. */
  readonly nextMs: number
}

/** What the log has come to. */
interface State {
  /** The next line. */
  readonly seq: number
  /** The last line. */
  readonly last: Uint8Array | undefined
  readonly unsigned: number
}

/** The lines of a log, made on trial: those that the sink did not take are as if they had never been (AU-22). */
export class AuditDraft {
  readonly #auditor: Auditor
  readonly #start: AuditStart
  readonly #overflow: AuditOverflow
  readonly #signAfter: number
  #chain: AuditChain
  #kept: State
  #last: Uint8Array | undefined
  /** Lines since the last checkpoint. */
  #unsigned = 0
  /** A checkpoint is among the lines that are neither kept nor dropped. */
  #signs = false

  constructor(auditor: Auditor, start: AuditStart, overflow: AuditOverflow, signAfter: number) {
    this.#auditor = auditor
    this.#start = start
    this.#overflow = overflow
    this.#signAfter = signAfter
    this.#chain = this.#begun()
    this.#kept = { seq: this.#chain.seq, last: undefined, unsigned: 0 }
  }

  /** Lines that are kept and that no checkpoint signs. */
  get unsigned(): number {
    return this.#kept.unsigned
  }

  /** Whether the log has a line to begin with, or to go on with. */
  get owes(): boolean {
    return this.#kept.last === undefined
  }

  /** AU-27, AU-28: the lines of what was taken, joined; none if there is nothing to say. `keep` or `drop` follows. */
  make({ records, gap }: Taken, { fresh, sign, nextMs }: Due): Uint8Array {
    const firstMs = records[0]?.unixMs ?? nextMs
    const lines = [...this.#opening(fresh, firstMs)]
    for (const [i, { record, unixMs, gap: before }] of records.entries()) {
      this.#tell(lines, before, unixMs)
      lines.push(this.#counted(this.#chain.line(record, unixMs)))
      if (this.#unsigned >= this.#signAfter) lines.push(this.#signed(records[i + 1]?.unixMs ?? nextMs))
    }
    this.#tell(lines, gap, nextMs)
    if (this.#unsigned > 0 && (sign || this.#unsigned >= this.#signAfter)) lines.push(this.#signed(nextMs))
    this.#last = lines.at(-1) ?? this.#last
    return concat(...lines)
  }

  /** Whether a checkpoint was among the lines. */
  keep(): boolean {
    const signed = this.#signs
    this.#signs = false
    this.#kept = { seq: this.#chain.seq, last: this.#last, unsigned: this.#unsigned }
    return signed
  }

  drop(): void {
    const { seq, last, unsigned } = this.#kept
    this.#chain = last === undefined ? this.#begun() : this.#after(last, seq)
    this.#last = last
    this.#unsigned = unsigned
    this.#signs = false
  }

  #begun(): AuditChain {
    return new AuditChain(this.#auditor, 'place' in this.#start ? this.#start.place : this.#start)
  }

  #after(last: Uint8Array, seq: number): AuditChain {
    const prev = defaultProvider.hash.SHA256.digest(last.subarray(0, -1))
    return new AuditChain(this.#auditor, { log: this.#chain.log, seq, prev })
  }

  *#opening(fresh: boolean, unixMs: number): Iterable<Uint8Array> {
    if (this.#chain.seq === 1) yield this.#counted(this.#chain.first(unixMs))
    // AU-32
    else if (fresh) yield this.#signed(unixMs)
    if (this.owes && 'place' in this.#start) yield this.#counted(this.#chain.resumed(this.#start.torn, unixMs))
  }

  /** AU-21 */
  #tell(lines: Uint8Array[], { dropped, failed }: Taken['gap'], unixMs: number): void {
    if (dropped > 0) lines.push(this.#counted(this.#chain.lost(dropped, this.#overflow, unixMs)))
    if (failed > 0) lines.push(this.#counted(this.#chain.lost(failed, 'failed', unixMs)))
  }

  #counted(line: Uint8Array): Uint8Array {
    this.#unsigned++
    return line
  }

  #signed(unixMs: number): Uint8Array {
    this.#unsigned = 0
    this.#signs = true
    return this.#chain.checkpoint(unixMs)
  }
}
