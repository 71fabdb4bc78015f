import { SottoError } from '../errors.js'
import type { Auditor } from '../identity/auditor.js'
import { AuditDraft, type AuditStart } from './auditdraft.js'
import { type AuditOverflow, AuditQueue, type Taken } from './auditqueue.js'
import { later } from './later.js'
import { now } from './pump.js'

/** A hash-chained log of what a policy decides, for the `audit` of a `policyStore`. Disposal is `close`. */
export interface AuditLog extends AsyncDisposable {
  /** Copies a record of at most 8,000 bytes, or says false: there is no room, and it is dropped. It never waits and never throws. */
  readonly audit: (record: Uint8Array) => boolean
  /** Records that have no line: dropped, or not known to be written. The log says so where they would stand. */
  readonly lost: number
  /** Settles once what was taken so far is written and synced, or lost; after 30 s at most. Never rejects. */
  flush(): Promise<void>
  /** Takes nothing more; writes what waits, signs, syncs and closes, within 5 s. Never rejects. */
  close(): Promise<void>
}

/** @internal What a log is written to. One `write` is under way at a time; `sync` may be beside it. */
export interface AuditSink {
  /** Whether the next lines begin another file. */
  readonly fresh: boolean
  /** All the lines or, if it rejects, none of them; then it is called again with the same. */
  write(lines: Uint8Array, fresh: boolean): Promise<void>
  /** What was written before the call is on the disk. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** @internal */
export interface Schedule {
  readonly overflow: AuditOverflow
  readonly queueBytes: number
  /** A checkpoint is due after so many lines, and so many ms after the first that it has to sign. */
  readonly signAfter: number
  readonly signMs: number
  /** How long a line may wait for a sync. */
  readonly syncMs: number
  /** Never throws. */
  readonly failed: (error: SottoError) => void
}

/**
 * Records of one write, in bytes: some 600, which take about 4 ms to chain. A session under full load brings as many between two
 * writes; with fewer to a write, most would overflow.
 */
const BATCH_BYTES = 262_144
/** A record of more has no line (AU-2): what a line adds takes less than 192 bytes. */
const MAX_RECORD = 8_000
/** How often lines are offered to a sink that fails (AU-23). */
const TRIES = 5
/** How long is waited between two tries: doubled from try to try, up to the longest, until one succeeds. */
const PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5_000
/** AU-24 */
const SILENT_MS = 10_000
/** AU-25 */
const FLUSH_MS = 30_000
const CLOSE_MS = 5_000
const [OPEN, SHUT, NEWLINE] = [0x7b, 0x7d, 0x0a]

interface Batch {
  readonly taken: Taken
  readonly lines: Uint8Array
  readonly fresh: boolean
}

interface Waiter {
  /** Records let in before it came. */
  readonly accepted: number
  readonly done: () => void
}

/** @internal Takes records without waiting, and writes them to a sink that may be slow, fail or never answer. */
export class AuditWriter implements AuditLog {
  readonly audit = (record: Uint8Array): boolean => this.#take(record)
  readonly #sink: AuditSink
  readonly #schedule: Schedule
  readonly #queue: AuditQueue
  readonly #draft: AuditDraft
  readonly #waiters = new Set<Waiter>()
  /** What is being written, or is about to be. */
  #writing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  /** Something was written since the last sync began. */
  #dirty = false
  /** Tries that failed since the last that did not. */
  #failures = 0
  /** Ends the pause after a failure. */
  #hurry: (() => void) | undefined
  #signAt = Number.POSITIVE_INFINITY
  #syncAt = Number.POSITIVE_INFINITY
  #timer: ReturnType<typeof setTimeout> | undefined
  #closing = false
  #closed: Promise<void> | undefined
  /** Closed in time or not: nothing more is written. */
  #over = false

  constructor(auditor: Auditor, sink: AuditSink, start: AuditStart, schedule: Schedule) {
    this.#sink = sink
    this.#schedule = schedule
    this.#queue = new AuditQueue(schedule.queueBytes, schedule.overflow)
    this.#draft = new AuditDraft(auditor, start, schedule.overflow, schedule.signAfter)
    this.#write()
  }

  get lost(): number {
    return this.#queue.lost
  }

  async flush(): Promise<void> {
    await within(this.#flushed(), FLUSH_MS)
  }

  close(): Promise<void> {
    this.#closing = true
    this.#closed ??= this.#close()
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** AU-20, AU-26: only copies. */
  #take(record: Uint8Array): boolean {
    const taken = isRecord(record) ? this.#queue.push(record, Date.now()) : this.#queue.refuse()
    this.#write()
    return taken
  }

  /** Writes all there is, in a task of its own: a session's bytes go before. */
  #write(): void {
    if (!this.#over) this.#writing ??= this.#drain()
  }

  async #drain(): Promise<void> {
    for (let more = true; more; ) {
      await new Promise<void>(later)
      const batch = this.#over ? undefined : this.#next()
      const wrote = batch !== undefined && (await this.#offered(batch))
      more = batch !== undefined && !this.#over && (wrote || !this.#closing)
      for (const waiter of this.#waiters) if (!more || waiter.accepted <= this.#queue.settled) this.#release(waiter)
    }
    this.#writing = undefined
    this.#arm()
  }

  #next(): Batch | undefined {
    // AU-8: a log goes on behind what it had, however long that file is; the records are for the next.
    const { owes } = this.#draft
    const fresh = this.#sink.fresh && !owes
    const alone = this.#sink.fresh && owes && this.#failures === 0
    const taken = this.#queue.take(alone ? 0 : BATCH_BYTES)
    const nextMs = this.#queue.nextMs
    const ending = this.#closing && nextMs === undefined
    const sign = ending || now() >= this.#signAt
    const { records, gap } = taken
    const idle = records.length === 0 && gap.dropped === 0 && gap.failed === 0
    if (idle && !owes && (!sign || this.#draft.unsigned === 0)) return undefined
    return { taken, lines: this.#draft.make(taken, { fresh, sign, nextMs: nextMs ?? Date.now() }), fresh }
  }

  /** Whether the sink took the lines, if it is not asked in vain too often. */
  async #offered(batch: Batch): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const failure = await this.#attempt(batch)
      if (this.#over) return false
      if (failure === undefined) {
        this.#keep(batch)
        return true
      }
      this.#failures++
      this.#schedule.failed(failure)
      if (tries === TRIES) break
      await this.#pause()
    }
    this.#draft.drop()
    this.#queue.failed(batch.taken)
    await this.#pause()
    return false
  }

  async #attempt({ lines, fresh }: Batch): Promise<SottoError | undefined> {
    const silent = (): void =>
      this.#schedule.failed(sinkError('expected the sink to take lines within 10 s, and wait on'))
    const timer = unheld(setTimeout(silent, SILENT_MS))
    try {
      await this.#sink.write(lines, fresh)
      return undefined
    } catch (cause) {
      return asSinkError('expected the sink to take lines', cause)
    } finally {
      clearTimeout(timer)
    }
  }

  #keep({ taken }: Batch): void {
    this.#failures = 0
    const signed = this.#draft.keep()
    this.#queue.wrote(taken)
    this.#dirty = true
    const time = now()
    if (signed) this.#signAt = Number.POSITIVE_INFINITY
    if (this.#draft.unsigned > 0) this.#signAt = Math.min(this.#signAt, time + this.#schedule.signMs)
    this.#syncAt = Math.min(this.#syncAt, time + (signed ? 0 : this.#schedule.syncMs))
    this.#arm()
  }

  /** Nobody who waits for a flush or a close waits for a pause. */
  async #pause(): Promise<void> {
    if (this.#waiters.size > 0 || this.#closing) return
    const ms = Math.min(PAUSE_MS * 2 ** Math.min(this.#failures - 1, 10), LONGEST_PAUSE_MS)
    await new Promise<void>((resolve) => {
      const timer = unheld(setTimeout(resolve, ms))
      this.#hurry = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#hurry = undefined
  }

  async #flushed(): Promise<void> {
    if (this.#over) return
    const { accepted } = this.#queue
    await new Promise<void>((done) => {
      this.#waiters.add({ accepted, done })
      this.#hurry?.()
      this.#write()
    })
    await this.#sync()
  }

  #release(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    waiter.done()
  }

  /** AU-36: what was written so far. One is under way at a time; what is written meanwhile is of the next. */
  async #sync(): Promise<void> {
    while (this.#syncing !== undefined) await this.#syncing
    if (!this.#dirty) return
    this.#dirty = false
    this.#syncAt = Number.POSITIVE_INFINITY
    this.#syncing = this.#synced()
    await this.#syncing
  }

  async #synced(): Promise<void> {
    try {
      await this.#sink.sync()
    } catch (cause) {
      // What a system that failed to sync has kept cannot be known: it is told, and not tried again without new lines.
      this.#schedule.failed(asSinkError('expected the sink to sync', cause))
    }
    this.#syncing = undefined
    this.#arm()
  }

  /** The one timer, of the sync and the checkpoint that come next. It keeps no process alive. */
  #arm(): void {
    clearTimeout(this.#timer)
    if (this.#over) return
    const sync = this.#syncing === undefined ? this.#syncAt : Number.POSITIVE_INFINITY
    const sign = this.#writing === undefined ? this.#signAt : Number.POSITIVE_INFINITY
    const at = Math.min(sync, sign)
    if (at !== Number.POSITIVE_INFINITY) this.#timer = unheld(setTimeout(() => this.#wake(), Math.max(at - now(), 1)))
  }

  #wake(): void {
    const time = now()
    if (time >= this.#syncAt) void this.#sync()
    if (time >= this.#signAt) this.#write()
    this.#arm()
  }

  async #close(): Promise<void> {
    this.#queue.close()
    await within(this.#finished(), CLOSE_MS)
    this.#over = true
    clearTimeout(this.#timer)
    this.#queue.abandon()
    for (const waiter of this.#waiters) this.#release(waiter)
  }

  /** AU-29. It may take for ever; what it holds is given back even if that is after the close. */
  async #finished(): Promise<void> {
    this.#hurry?.()
    await this.#writing
    this.#write()
    await this.#writing
    await this.#sync()
    try {
      await this.#sink.close()
    } catch (cause) {
      this.#schedule.failed(asSinkError('expected the sink to close', cause))
    }
  }
}

const isRecord = (record: Uint8Array): boolean =>
  record.length <= MAX_RECORD && record[0] === OPEN && record.at(-1) === SHUT && !record.includes(NEWLINE)

/** @internal */
export const sinkError = (what: string, cause?: unknown): SottoError<'audit/sink'> =>
  SottoError.of('audit/sink', what, { cause })

const asSinkError = (what: string, cause: unknown): SottoError =>
  SottoError.is(cause, 'audit/sink') ? cause : sinkError(what, cause)

/** Settles with `run`, which never rejects, or after `ms`. */
const within = async (run: Promise<void>, ms: number): Promise<void> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([run, late])
  clearTimeout(timer)
}

/** A timer that keeps no process alive, where timers do. */
const unheld = (timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> => {
  if (typeof timer === 'object') timer.unref()
  return timer
}
