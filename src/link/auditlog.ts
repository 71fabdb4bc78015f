import { defaultProvider } from '../crypto/default.js'
import type { SottoError } from '../errors.js'
import type { Auditor } from '../identity/auditor.js'
import type { AuditOverflow } from './auditqueue.js'
import { type AuditLog, type AuditSink, AuditWriter, type Schedule } from './auditwriter.js'

export interface AuditOptions {
  /** Which records are dropped while there is no room: `drop-newest` unless said. */
  readonly overflow?: AuditOverflow
  /** Bytes of the records that wait, each counted with 128 more: 1 MiB unless said, 32 KiB to 256 MiB. */
  readonly queueBytes?: number
  /** A checkpoint is due after so many lines (1,000) and so long (60,000 ms) after the first line it has to sign. */
  readonly checkpoint?: { readonly records?: number; readonly everyMs?: number }
  /** Is told when the sink fails or does not answer for 10 s; printed to standard error unless said. What it throws is dropped. */
  readonly failed?: (error: SottoError) => void
}

/** What takes lines: a function or a stream. */
export type AuditLines = ((lines: Uint8Array) => void | Promise<void>) | WritableStream<Uint8Array>

/**
 * Begins a log.
 *
 * @param sink takes whole lines, its own to keep. A call that throws or rejects must have taken none of them: it is made again
 * with the same bytes. The next call comes when the last has settled. A stream is locked, and closed with the log.
 * @throws RangeError, TypeError on options that cannot be, or a stream that is locked
 */
export const auditLog = (auditor: Auditor, sink: AuditLines, options: AuditOptions = {}): AuditLog => {
  const schedule = scheduleOf(options)
  const to = typeof sink === 'function' ? new FunctionSink(sink) : new StreamSink(sink)
  return new AuditWriter(auditor, to, { log: defaultProvider.randomBytes(16) }, schedule)
}

/** @internal @throws RangeError, TypeError */
export const scheduleOf = (options: AuditOptions, syncMs = 0): Schedule => {
  const { overflow = 'drop-newest', queueBytes = 2 ** 20, checkpoint = {}, failed = printed } = options
  const { records = 1_000, everyMs = 60_000 } = checkpoint
  if (overflow !== 'drop-newest' && overflow !== 'drop-oldest')
    throw new RangeError('expected an overflow of drop-newest or drop-oldest')
  if (typeof failed !== 'function') throw new TypeError('expected failed to be a function')
  return {
    overflow,
    queueBytes: bounded('queueBytes', queueBytes, 2 ** 15, 2 ** 28),
    signAfter: bounded('checkpoint.records', records, 1, 1_000_000),
    signMs: bounded('checkpoint.everyMs', everyMs, 1, 86_400_000),
    syncMs,
    failed: (error) => tell(failed, error),
  }
}

/** @internal @throws RangeError */
export const bounded = (name: string, value: number, least: number, most: number): number => {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`expected ${name} of ${least}..${most}, got ${value}`)
}

const tell = (failed: (error: SottoError) => void, error: SottoError): void => {
  try {
    failed(error)
  } catch {
    // Who is told of failures has nobody to tell of its own.
  }
}

const printed = (error: SottoError): void =>
  console.error(`sotto: ${error.message}${error.cause instanceof Error ? `: ${error.cause.message}` : ''}`)

class FunctionSink implements AuditSink {
  readonly fresh = false
  readonly #take: (lines: Uint8Array) => void | Promise<void>

  constructor(take: (lines: Uint8Array) => void | Promise<void>) {
    this.#take = take
  }

  async write(lines: Uint8Array): Promise<void> {
    await this.#take(lines.slice())
  }

  async sync(): Promise<void> {}

  async close(): Promise<void> {}
}

class StreamSink implements AuditSink {
  readonly fresh = false
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(stream: WritableStream<Uint8Array>) {
    this.#writer = stream.getWriter()
    // A stream that fails while nothing is written tells at the next write.
    this.#writer.closed.catch(() => undefined)
  }

  /** A stream that failed never takes anything again, so nothing follows what it may have taken in part. */
  write(lines: Uint8Array): Promise<void> {
    return this.#writer.write(lines)
  }

  async sync(): Promise<void> {}

  close(): Promise<void> {
    return this.#writer.close()
  }
}
