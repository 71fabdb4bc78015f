import { constants } from 'node:fs'
import { type FileHandle, link, open, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { toHex, utf8 } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import { type Identity, parseIdentity, secretTextOf } from '../identity/identity.js'
import { openIdentity, sealIdentity } from '../identity/sealed.js'
import { kindOfText } from '../identity/text.js'

/** Bytes of a key file: the longest text, 126 characters, and a line feed. */
const MAX_BYTES = 127

/** Access that a group or others have. Windows has no such bits, and always shows some. */
const NOT_THE_OWNER = process.platform === 'win32' ? 0 : 0o077

/**
 * The identity of a key file.
 *
 * @param options.passphrase is called only if the file is sealed; opening one takes about a second
 * @throws SottoError identity/file if it cannot be read, others may read it, or it does not hold exactly one key
 */
export const readIdentity = async (
  path: string,
  options: { readonly passphrase?: () => Promise<string> } = {},
): Promise<Identity> => {
  const text = await readLine(path)
  const sealed = kindOfText(text) === 'sealed'
  if (sealed && options.passphrase === undefined) throw failed(path, 'expected a passphrase for a sealed key, got none')
  const passphrase = sealed ? await options.passphrase?.() : undefined
  try {
    return passphrase === undefined ? parseIdentity(text) : openIdentity(text, passphrase)
  } catch (cause) {
    throw failed(path, 'expected one key and the passphrase it was sealed with, if it was', cause)
  }
}

/**
 * ID-14: makes a key file, whole or not at all, that only its owner may read. An existing file is never replaced.
 *
 * @param options.passphrase seals the key; this takes about a second
 * @returns the id, to be given to whoever shall trust it
 * @throws SottoError identity/file if there is a file already, or it cannot be written; RangeError on an empty passphrase
 */
export const writeIdentity = async (
  path: string,
  identity: Identity,
  options: { readonly passphrase?: string } = {},
): Promise<PeerId> => {
  const { passphrase } = options
  const text = passphrase === undefined ? secretTextOf(identity) : sealIdentity(identity, passphrase)
  const bytes = utf8(`${text}\n`)
  try {
    await writeNew(path, bytes)
  } catch (cause) {
    throw failed(path, reasonOf(cause), cause)
  } finally {
    bytes.fill(0)
  }
  return identity.id
}

/** The text without its line feed. */
const readLine = async (path: string): Promise<string> => {
  try {
    // O_NONBLOCK: opening a pipe that nobody writes would wait for ever.
    const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
    await using file = await open(path, flags)
    await checkPrivate(path, file)
    const bytes = new Uint8Array(MAX_BYTES + 1)
    const { bytesRead } = await file.read(bytes)
    const text = String.fromCharCode(...bytes.subarray(0, bytesRead))
    bytes.fill(0)
    // ID-16
    if (bytesRead > MAX_BYTES || text.indexOf('\n') !== text.length - 1)
      throw failed(path, 'expected one line with a key')
    return text.slice(0, -1)
  } catch (cause) {
    throw cause instanceof SottoError ? cause : failed(path, reasonOf(cause), cause)
  }
}

/** ID-15: asks the file that was opened, so that it is the one that is read. */
const checkPrivate = async (path: string, file: FileHandle): Promise<void> => {
  const status = await file.stat()
  if (!status.isFile()) throw failed(path, 'expected a regular file')
  if ((status.mode & NOT_THE_OWNER) !== 0) {
    const mode = (status.mode & 0o777).toString(8).padStart(4, '0')
    throw failed(path, `expected a file that only its owner may read (mode 0600), got mode ${mode}`)
  }
}

/** A link is made only if the name is free, and then to a file that is whole and on the disk. */
const writeNew = async (path: string, bytes: Uint8Array): Promise<void> => {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${toHex(defaultProvider.randomBytes(8))}.tmp`)
  try {
    await writeWhole(temporary, bytes)
    await link(temporary, path)
  } finally {
    await rm(temporary, { force: true })
  }
  // Windows cannot open a directory to flush it.
  if (process.platform === 'win32') return
  await using entries = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)
  await entries.sync()
}

const writeWhole = async (path: string, bytes: Uint8Array): Promise<void> => {
  await using file = await open(path, 'wx', 0o600)
  // The umask may have taken bits away.
  await file.chmod(0o600)
  await file.writeFile(bytes)
  await file.sync()
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['EEXIST', 'expected no file, got one that is kept'],
  ['ELOOP', 'expected a regular file, got a symbolic link'],
  ['ENOENT', 'expected a file or its directory, got none'],
  ['ENOSPC', 'expected room on the disk, got none'],
  ['EACCES', 'expected permission, got none'],
])

const reasonOf = (cause: unknown): string =>
  REASONS.get(cause instanceof Error && 'code' in cause ? cause.code : undefined) ?? 'the file system failed'

/** ID-17 */
const failed = (path: string, what: string, cause?: unknown): SottoError<'identity/file'> =>
  SottoError.of('identity/file', `${what}: ${path}`, { cause })
