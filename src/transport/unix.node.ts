import { lstatSync, type Stats, unlinkSync } from 'node:fs'
import { createConnection, type Server } from 'node:net'
import { SottoError } from '../errors.js'

/**
 * Connections that wait to be accepted, as far as the system lets them. What is over it is refused at a Unix socket, and over TCP
 * tries again after a second: a thousand clients that come back at once are no reason for either.
 */
export const BACKLOG = 4_096

/**
 * Listens at `path` for this user alone, in place of a socket that nobody listens at any more (TR-20).
 *
 * @throws transport/failed if the path is taken or cannot be used
 */
export const listenUnix = async (server: Server, path: string): Promise<void> => {
  const found = present(path)
  if (found !== undefined) await provenStale(path, found)
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: Error): void => reject(unusable(path, cause.message, cause))
    server.once('error', onError)
    server.once('listening', () => {
      server.off('error', onError)
      resolve()
    })
    try {
      if (found !== undefined) unlinkSame(path, found)
      listenPrivately(server, path)
    } catch (cause) {
      reject(unusable(path, 'expected to replace or make the file', cause))
    }
  })
}

const present = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw unusable(path, 'expected to see what is there', cause)
  }
}

/** Settles if `path` is a socket that refuses connections; a live one accepts them or has a full queue (TR-21). */
const provenStale = (path: string, found: Stats): Promise<void> =>
  new Promise((resolve, reject) => {
    if (!found.isSocket()) return reject(unusable(path, 'expected a socket or nothing, found another kind of file'))
    const probe = createConnection({ path })
    probe.on('connect', () => {
      probe.destroy()
      reject(unusable(path, 'EADDRINUSE, another process listens there'))
    })
    probe.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ECONNREFUSED' || cause.code === 'ENOENT') resolve()
      else reject(unusable(path, cause.message, cause))
    })
  })

/** Another process may have taken the stale socket's place since; then `listen` meets its file and fails. */
const unlinkSame = (path: string, found: Stats): void => {
  const now = lstatSync(path, { throwIfNoEntry: false })
  if (now?.ino === found.ino && now.ctimeMs === found.ctimeMs) unlinkSync(path)
}

/** `listen` makes the file before it returns, so nothing else on this thread runs under the mask (TR-19). */
const listenPrivately = (server: Server, path: string): void => {
  const mask = process.umask(0o177)
  try {
    server.listen({ path, backlog: BACKLOG })
  } finally {
    process.umask(mask)
  }
}

const unusable = (path: string, why: string, cause?: unknown): SottoError<'transport/failed'> =>
  SottoError.of('transport/failed', `cannot listen at ${path}: ${why}`, { cause })
