import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'

/** What group and others must not be able to do. Windows has no such bits, and always shows some. */
const ACCESS = { none: 0o077, read: 0o022, any: 0 } as const

/** How long one writer waits for another. */
const LOCK_MS = 5_000
const RETRY_MS = 10

interface Reading {
  /** Bytes of the file, at most. */
  readonly most: number
  /** What group and others may do with it. */
  readonly others: keyof typeof ACCESS
}

/**
 * The bytes of a regular file, freshly allocated.
 *
 * @throws SottoError identity/file if it cannot be read, is a symbolic link, is too long, or others may do more than they should
 */
export const readPrivate = async (path: string, reading: Reading): Promise<Uint8Array> => {
  try {
    return await contentOf(path, reading)
  } catch (cause) {
    throw cause instanceof SottoError ? cause : fileError(path, reasonOf(cause), cause)
  }
}

/** As `readPrivate`; undefined if there is no such file. */
export const readIfThere = async (path: string, reading: Reading): Promise<Uint8Array | undefined> => {
  try {
    return await contentOf(path, reading)
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw cause instanceof SottoError ? cause : fileError(path, reasonOf(cause), cause)
  }
}

/** ID-14: a file of mode 0600, whole or not at all; an existing one is never replaced. @throws SottoError identity/file */
export const writeNew = (path: string, bytes: Uint8Array): Promise<void> => write(path, bytes, link)

/** ID-37: as `writeNew`, but in place of the file that is there. Only under its lock. @throws SottoError identity/file */
export const writeOver = (path: string, bytes: Uint8Array): Promise<void> => write(path, bytes, rename)

/**
 * ID-38: what `change` gives, while no other writer of `path` is at work. The lock is a file beside it, `PATH.lock`.
 *
 * @throws SottoError identity/file if another holds it for 5 s, and what `change` throws
 */
export const whileLocked = async <T>(path: string, change: () => Promise<T>): Promise<T> => {
  const lock = `${path}.lock`
  await acquire(lock)
  try {
    return await change()
  } finally {
    await rm(lock, { force: true })
  }
}

const acquire = async (lock: string): Promise<void> => {
  for (let waited = 0; ; waited += RETRY_MS) {
    try {
      const file = await open(lock, 'wx', 0o600)
      await file.close()
      return
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') throw fileError(lock, reasonOf(cause), cause)
      // A lock is never broken: who cannot tell a slow writer from a dead one would let two write at once.
      if (waited >= LOCK_MS)
        throw fileError(lock, 'expected no other writer; if none is at work, one was killed: delete the file', cause)
    }
    await sleep(RETRY_MS)
  }
}

const contentOf = async (path: string, { most, others }: Reading): Promise<Uint8Array> => {
  // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
  const size = await checkedSize(path, file, others)
  if (size > most) throw fileError(path, `expected at most ${most} bytes`)
  const bytes = new Uint8Array(size + 1)
  let length = 0
  for (let read = -1; read !== 0 && length < bytes.length; length += read)
    read = (await file.read(bytes, length)).bytesRead
  const content = bytes.slice(0, length)
  bytes.fill(0)
  if (length > size) throw fileError(path, 'expected a file that stays as it is while it is read')
  return content
}

/** ID-15, ID-48, ID-50: asks the file that was opened, so that it is the one that is read. */
export const checkedSize = async (path: string, file: FileHandle, others: keyof typeof ACCESS): Promise<number> => {
  const status = await file.stat()
  if (!status.isFile()) throw fileError(path, 'expected a regular file')
  if (others !== 'any' && !isOwn(status.uid)) throw fileError(path, 'expected a file of this user, got one of another')
  if (process.platform === 'win32' || (status.mode & ACCESS[others]) === 0) return status.size
  const mode = (status.mode & 0o777).toString(8).padStart(4, '0')
  throw fileError(
    path,
    `expected a file that only its owner may ${others === 'none' ? 'read' : 'write'} (mode 0600), got mode ${mode}`,
  )
}

/** The superuser can do anything to any file, so one of its own is as good. Windows has no such numbers. */
const isOwn = (uid: number): boolean => uid === 0 || process.getuid === undefined || uid === process.getuid()

/** The file is whole and on the disk before it gets its name. */
const write = async (
  path: string,
  bytes: Uint8Array,
  place: (temporary: string, path: string) => Promise<void>,
): Promise<void> => {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${toHex(defaultProvider.randomBytes(8))}.tmp`)
  try {
    await writeWhole(temporary, bytes)
    await place(temporary, path)
    await syncDirectory(directory)
  } catch (cause) {
    throw fileError(path, reasonOf(cause), cause)
  } finally {
    await rm(temporary, { force: true })
  }
}

const writeWhole = async (path: string, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'wx', 0o600)
  // The umask may have taken bits away.
  await file.chmod(0o600)
  await file.writeFile(bytes)
  await file.sync()
}

export const syncDirectory = async (directory: string): Promise<void> => {
  // Windows cannot open a directory to flush it.
  if (process.platform === 'win32') return
  await using entries = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  await entries.sync()
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['EEXIST', 'expected no file, got one that is kept'],
  ['ELOOP', 'expected a regular file, got a symbolic link'],
  ['ENOENT', 'expected a file or its directory, got none'],
  ['ENOSPC', 'expected room on the disk, got none'],
  ['EACCES', 'expected permission, got none'],
])

export const reasonOf = (cause: unknown): string => REASONS.get(codeOf(cause)) ?? 'the file system failed'

export const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined)

/** ID-17: its path and the cause, and nothing of its content. */
export const fileError = (path: string, what: string, cause?: unknown): SottoError<'identity/file'> =>
  SottoError.of('identity/file', `${what}: ${path}`, { cause })
