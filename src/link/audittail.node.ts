import type { FileHandle } from 'node:fs/promises'
import { toHex, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { AuditorId } from '../identity/id.js'
import { AuditCheck, type AuditPlace } from '../policy/auditchain.js'
import { broken, MAX_AUDIT_LINE, readAuditLine } from '../policy/auditline.js'
import { sinkError } from './auditwriter.js'

/** How a file of a log ends. */
export interface AuditTail {
  /** Bytes of its whole lines. */
  readonly size: number
  /** Bytes behind the last of them. */
  readonly torn: number
  /** Where the log goes on; undefined if there is no whole line. */
  readonly place: AuditPlace | undefined
}

/** A file that was cut off in a write ends with at most as much of a line, or of zeros, as one write has. */
const WINDOW = 1_048_576
const NEWLINE = 0x0a
const START = '{"seq":'

/**
 * AU-34: looks at the first and the last line alone, so that a log of any length is taken up at once.
 *
 * @throws SottoError audit/sink if this is no log of the auditor; then nothing of the file is to be cut off
 */
export const readTail = async (
  path: string,
  file: FileHandle,
  size: number,
  auditor: AuditorId,
): Promise<AuditTail> => {
  const from = Math.max(size - WINDOW, 0)
  const window = await read(file, from, size - from)
  const end = window.lastIndexOf(NEWLINE)
  const torn = window.length - 1 - end
  if (end < 0) {
    // Nothing but the start of a line: of a log, or else of something that is not ours.
    if (from > 0 || !isStart(window)) throw sinkError(`expected an audit log: ${path}`)
    return { size: 0, torn, place: undefined }
  }
  const line = window.subarray(window.lastIndexOf(NEWLINE, end - 1) + 1, end)
  try {
    const log = await logOf(file, auditor)
    const seq = readAuditLine(line, 0).seq + 1
    return { size: size - torn, torn, place: { log, seq, prev: defaultProvider.hash.SHA256.digest(line) } }
  } catch (cause) {
    throw sinkError(`expected an audit log of ${auditor}: ${path}`, cause)
  }
}

/** AU-32: the first line of every file names the log, and is signed or names the auditor. @throws SottoError audit/broken */
const logOf = async (file: FileHandle, auditor: AuditorId): Promise<Uint8Array> => {
  const start = await read(file, 0, MAX_AUDIT_LINE)
  const line = start.subarray(0, Math.max(start.indexOf(NEWLINE), 0))
  const check = new AuditCheck(auditor, readAuditLine(line, 1).seq)
  check.take(line)
  if (check.place === undefined) throw broken(1, 'expected a line that names the log')
  return check.place.log
}

const isStart = (bytes: Uint8Array): boolean => {
  const start = utf8(START).subarray(0, bytes.length)
  return toHex(bytes.subarray(0, start.length)) === toHex(start)
}

const read = async (file: FileHandle, from: number, length: number): Promise<Uint8Array> => {
  const bytes = new Uint8Array(length)
  let filled = 0
  for (let count = -1; count !== 0 && filled < length; filled += count)
    count = (await file.read(bytes, filled, length - filled, from + filled)).bytesRead
  return bytes.subarray(0, filled)
}
