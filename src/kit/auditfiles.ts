import { SottoError } from '../errors.js'
import type { AuditorId } from '../identity/id.js'
import { AuditCheck } from '../policy/auditchain.js'
import { type AuditLine, broken, LineSplitter, readAuditLine } from '../policy/auditline.js'
import { type Common, type Finding, reconcile } from '../policy/reconcile.js'

export type { AuditLine } from '../policy/auditline.js'
export type { Act, Common, Finding } from '../policy/reconcile.js'

/** A file of a log. */
export interface LogFile {
  readonly name: string
  /** Its bytes in pieces, from the first, each time it is called. */
  readonly chunks: () => Iterable<Uint8Array>
}

/** AU-19: what a log that holds comes to. */
export interface Verified {
  /** In hex; null if no line that was read names it. */
  readonly log: string | null
  readonly key: AuditorId
  /** The numbers of the first and the last line. */
  readonly first: number
  readonly last: number
  /** The number of the last line that a checkpoint vouches for; 0 if there is none. */
  readonly signed: number
  /** Lines behind the last checkpoint. */
  readonly behind: number
  /** Lines that lay unsigned while no process held the log, and were signed later or not at all. */
  readonly exposed: number
  /** Records without a line. */
  readonly lost: number
  /** Torn lines that were cut off, and bytes of one that stands at the end. */
  readonly torn: number
  readonly tail: number
  readonly stepsBack: number
}

/**
 * AU-9: verifies the files of one log in their order, in constant memory.
 *
 * @param from the number of the first line, where older files are gone
 * @throws SottoError audit/broken, and what reading throws
 */
export const verifyLog = (files: readonly LogFile[], key: AuditorId, from = 1): Verified => {
  const check = new AuditCheck(key, from)
  const lines = linesOf(files, (line) => check.take(line), from)
  let next = lines.next()
  while (next.done !== true) next = lines.next()
  const { log = null, lines: count, signed, behind, exposed, lost, torn, stepsBack } = check
  const last = from + count - 1
  return { log, key, first: from, last, signed, behind, exposed, lost, torn, tail: next.value, stepsBack }
}

/** AU-10: where the logs of two ends do not agree; each is read twice. @throws SottoError audit/broken, audit/limit, and what reading throws */
export const reconcileLogs = (a: LogFile, b: LogFile): Generator<Finding, Common> =>
  reconcile(
    () => linesOf([a]),
    () => linesOf([b]),
  )

/**
 * The lines of the files, read one by one; a torn one at the very end is left out.
 *
 * @param read makes a line of bytes: without a chain, unless said
 * @param number what an error calls the first line
 * @returns the bytes of the torn one, at the end
 * @throws SottoError audit/broken, naming the file
 */
export function* linesOf(
  files: readonly LogFile[],
  read: (line: Uint8Array, number: number) => AuditLine = readAuditLine,
  number = 1,
): Generator<AuditLine, number> {
  let next = number
  let tail = 0
  for (const { name, chunks } of files)
    try {
      // AU-9: only the last file may end within a line.
      if (tail > 0) throw broken(next, 'expected a newline before another file')
      const splitter = new LineSplitter(next)
      for (const chunk of chunks())
        for (const bytes of splitter.push(chunk)) {
          const line = read(bytes, next)
          next = line.seq + 1
          yield line
        }
      tail = splitter.left
    } catch (error) {
      throw SottoError.is(error, 'audit/broken') ? inFile(name, error) : error
    }
  if (next === number) throw broken(number, 'expected a line, got none')
  return tail
}

const inFile = (name: string, cause: SottoError<'audit/broken'>): SottoError<'audit/broken'> => {
  const { details, message } = cause
  return SottoError.of('audit/broken', `${name}: ${message.slice('audit/broken: '.length)}`, { details, cause })
}
