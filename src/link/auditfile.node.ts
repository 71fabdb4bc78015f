import { constants } from 'node:fs'
import { type FileHandle, lstat, open, rename } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import type { Auditor } from '../identity/auditor.js'
import type { AuditStart } from './auditdraft.js'
import { type AuditOptions, bounded, scheduleOf } from './auditlog.js'
import { type AuditTail, readTail } from './audittail.node.js'
import { type AuditLog, type AuditSink, AuditWriter, sinkError } from './auditwriter.js'
import { checkedSize, codeOf, reasonOf, syncDirectory } from './privatefile.node.js'
import { claimWriter, type Release } from './writerclaim.node.js'

export interface AuditFileOptions extends AuditOptions {
  /** A file of so many bytes is followed by another: 64 MiB unless said, 4 KiB to 1 TiB. It is a write longer at most. */
  readonly rotateBytes?: number
  /** Files kept behind PATH, as PATH.1, the newest, to PATH.8 unless said: 1 to 999. */
  readonly keep?: number
  /** How long a line may wait to be synced to the disk: 1,000 ms unless said, 1 to 60,000. */
  readonly syncMs?: number
}

/**
 * Takes up the log at `path`, or begins one, in files of mode 0600. What a killed process left is gone on with: a torn line is
 * cut off, and the log says so.
 *
 * @throws SottoError audit/sink if another writer is at work (after trying for about a second), others may write the file, or
 * it is no log of this auditor; RangeError, TypeError on options that cannot be
 */
export const auditFile = async (path: string, auditor: Auditor, options: AuditFileOptions = {}): Promise<AuditLog> => {
  const { rotateBytes = 2 ** 26, keep = 8, syncMs = 1_000 } = options
  const schedule = scheduleOf(options, bounded('syncMs', syncMs, 1, 60_000))
  const limits = {
    path: resolve(path),
    rotateBytes: bounded('rotateBytes', rotateBytes, 4_096, 2 ** 40),
    keep: bounded('keep', keep, 1, 999),
  }
  const release = await claimWriter(limits.path)
  try {
    const { sink, start } = await takenUp(limits, auditor, schedule.failed, release)
    return new AuditWriter(auditor, sink, start, schedule)
  } catch (cause) {
    await release()
    if (SottoError.is(cause, 'audit/sink')) throw cause
    throw sinkError(cause instanceof SottoError ? cause.message : `${reasonOf(cause)}: ${limits.path}`, cause)
  }
}

interface Files {
  readonly path: string
  readonly rotateBytes: number
  readonly keep: number
}

type Tell = (error: SottoError) => void

/** Not through a symbolic link, and without waiting for who reads a pipe. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK

const nameOf = (path: string, n: number): string => (n === 0 ? path : `${path}.${n}`)

/** AU-34: the newest file with a whole line says where the log goes on, and there it does: a renaming that was under way is undone. */
const takenUp = async (
  files: Files,
  auditor: Auditor,
  tell: Tell,
  release: Release,
): Promise<{ sink: AuditSink; start: AuditStart }> => {
  let torn = 0
  for (let n = 0; n <= files.keep; n++) {
    const found = await opened(nameOf(files.path, n), auditor)
    if (found === undefined) continue
    const { file, tail } = found
    torn += tail.torn
    if (tail.place === undefined) await file.close()
    else {
      if (n > 0) await rename(nameOf(files.path, n), files.path)
      return { sink: new FileSink(files, tell, release, file, tail.size), start: { place: tail.place, torn } }
    }
  }
  const start = { log: defaultProvider.randomBytes(16) }
  return { sink: new FileSink(files, tell, release, undefined, 0), start }
}

/** AU-31, AU-35: the file with no more than its whole lines; undefined if there is none. */
const opened = async (path: string, auditor: Auditor): Promise<{ file: FileHandle; tail: AuditTail } | undefined> => {
  const file = await open(path, FLAGS).catch((cause: unknown) => {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw cause
  })
  if (file === undefined) return undefined
  try {
    const tail = await readTail(path, file, await checkedSize(path, file, 'read'), auditor.id)
    if (tail.torn > 0) await file.truncate(tail.size)
    return { file, tail }
  } catch (cause) {
    await file.close()
    throw cause
  }
}

/** The newest file of a log, and those before it. */
class FileSink implements AuditSink {
  readonly #files: Files
  readonly #tell: Tell
  readonly #release: Release
  #file: FileHandle | undefined
  /** Bytes of whole lines. */
  #size: number
  /** There may be more bytes in the file. */
  #torn = false
  #rotateAt: number

  constructor(files: Files, tell: Tell, release: Release, file: FileHandle | undefined, size: number) {
    this.#files = files
    this.#tell = tell
    this.#release = release
    this.#file = file
    this.#size = size
    this.#rotateAt = files.rotateBytes
  }

  get fresh(): boolean {
    return this.#size === 0 || this.#size >= this.#rotateAt
  }

  async write(lines: Uint8Array, fresh: boolean): Promise<void> {
    await this.#cut()
    if (fresh && this.#size > 0) await this.#rotate()
    const file = this.#file ?? (await this.#begin())
    this.#torn = true
    for (let at = 0; at < lines.length; ) at += (await file.write(lines, at)).bytesWritten
    this.#torn = false
    this.#size += lines.length
  }

  /** AU-37: what was written outlives the process by itself; this is for a loss of power. */
  async sync(): Promise<void> {
    await this.#file?.datasync()
  }

  async close(): Promise<void> {
    // Each, whatever becomes of the others.
    try {
      await this.#cut()
    } finally {
      try {
        await this.#file?.close()
      } finally {
        await this.#release()
      }
    }
  }

  /** Whether a name outlives a loss of power that could not be synced is not known: it is told, and the log goes on. */
  async #begin(): Promise<FileHandle> {
    const { path } = this.#files
    const file = await created(path)
    this.#file = file
    try {
      await syncDirectory(dirname(path))
    } catch (cause) {
      this.#tell(sinkError(`expected to sync the directory of the log: ${path}`, cause))
    }
    return file
  }

  /** AU-22: nothing follows a line that may have been written in part. */
  async #cut(): Promise<void> {
    if (this.#torn) await this.#file?.truncate(this.#size)
    this.#torn = false
  }

  /** AU-33: what stands in a file is on the disk before a line of the next is. */
  async #rotate(): Promise<void> {
    await this.#file?.sync()
    try {
      await shift(this.#files)
    } catch (cause) {
      // AU-38: a log that is too long is better than none: the file goes on, and it is tried again when it has doubled.
      this.#tell(sinkError(`expected to rename the files of the log: ${this.#files.path}`, cause))
      this.#rotateAt += this.#size
      return
    }
    const old = this.#file
    this.#file = undefined
    this.#size = 0
    this.#rotateAt = this.#files.rotateBytes
    await old?.close()
  }
}

/**
 * PATH.1 becomes PATH.2 and so on, up to the first that is not there or the last that is kept, which is replaced. The new names
 * are on the disk when the file that follows is (AU-33).
 */
const shift = async ({ path, keep }: Files): Promise<void> => {
  let free = 1
  while (free < keep && (await isThere(nameOf(path, free)))) free++
  for (let n = free; n > 0; n--) await rename(nameOf(path, n - 1), nameOf(path, n))
}

const isThere = async (path: string): Promise<boolean> => {
  try {
    await lstat(path)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return false
    throw cause
  }
}

const created = async (path: string): Promise<FileHandle> => {
  const file = await open(path, FLAGS | constants.O_CREAT, 0o600)
  try {
    if ((await checkedSize(path, file, 'read')) > 0) throw sinkError(`expected no file yet: ${path}`)
    // The umask may have taken bits away.
    await file.chmod(0o600)
    return file
  } catch (cause) {
    await file.close()
    throw cause
  }
}
