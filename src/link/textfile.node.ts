import { open } from 'node:fs/promises'
import { SottoError } from '../errors.js'
import { MAX_DOCUMENT } from '../policy/place.js'

/**
 * The text of a file that anyone may read, of at most 4 MiB in UTF-8.
 *
 * @throws SottoError policy/malformed
 */
export const readText = async (path: string): Promise<string> => {
  const bytes = await readBounded(path)
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw unreadable(path, 'expected UTF-8', cause)
  }
}

const readBounded = async (path: string): Promise<Uint8Array> => {
  try {
    await using file = await open(path, 'r')
    const bytes = new Uint8Array(MAX_DOCUMENT + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = (await file.read(bytes, length)).bytesRead
    }
    if (length > MAX_DOCUMENT) throw unreadable(path, `expected at most ${MAX_DOCUMENT} bytes`)
    return bytes.subarray(0, length)
  } catch (cause) {
    throw cause instanceof SottoError ? cause : unreadable(path, 'expected a file to read', cause)
  }
}

const unreadable = (path: string, what: string, cause?: unknown): SottoError<'policy/malformed'> =>
  SottoError.of('policy/malformed', `${what}: ${path}`, { details: { path: '' }, cause })
