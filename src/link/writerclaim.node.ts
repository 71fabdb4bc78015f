import { readdir, rename, rm } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { listenUnix } from '../transport/unix.node.js'
import { sinkError } from './auditwriter.js'

/** How often a writer tries, and how long it waits at most before the next time: the one before it may be at its end. */
const TRIES = 20
const PAUSE_MS = 100
/** Bytes of the path of a Unix socket, at most, wherever there are any. */
const MAX_PATH = 103

/** Gives back what was claimed. */
export type Release = () => Promise<void>

/**
 * AU-30: makes this process the one writer of the file at `path`. The claim is a Unix socket beside it that is listened at, for
 * the system lets go of it however the process ends; one that refuses connections is of a dead process, and is deleted.
 *
 * @throws SottoError audit/sink if another writer is at work, or there can be no socket
 */
export const claimWriter = async (path: string): Promise<Release> => {
  for (let tries = 1; ; tries++) {
    const { claim, free } = await claimed(path)
    // Whoever makes a claim looks for others only then: of two at once, each sees the other, or one is the first.
    const rival = await hasRival(path, claim).catch(async (cause: unknown) => {
      await free()
      throw sinkError(`expected to see who else writes the log: ${path}`, cause)
    })
    if (!rival) return free
    await free()
    if (tries === TRIES) throw sinkError(`expected no other writer of the log: ${path}`)
    await sleep(Math.random() * PAUSE_MS)
  }
}

const claimed = async (path: string): Promise<{ readonly claim: string; readonly free: Release }> => {
  const claim = `${path}.lock-${toHex(defaultProvider.randomBytes(8))}`
  const made = `${claim}.new`
  if (Buffer.byteLength(made) > MAX_PATH)
    throw sinkError(`expected a path of at most ${MAX_PATH - made.length + path.length} bytes: ${path}`)
  const server = createServer((socket) => socket.destroy()).unref()
  const free = async (): Promise<void> => {
    await rm(claim, { force: true })
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  try {
    await listenUnix(server, made)
    // It has its name only when it is listened at: a claim that refuses is of nobody.
    await rename(made, claim)
  } catch (cause) {
    await free()
    throw sinkError(`expected to claim the log: ${path}`, cause)
  }
  return { claim, free }
}

const hasRival = async (path: string, own: string): Promise<boolean> => {
  const start = `${basename(path)}.lock-`
  for (const entry of await readdir(dirname(path), { withFileTypes: true })) {
    const claim = join(dirname(path), entry.name)
    if (claim === own || !entry.isSocket() || !entry.name.startsWith(start) || entry.name.endsWith('.new')) continue
    if (await isHeld(claim)) return true
    await rm(claim, { force: true })
  }
  return false
}

/** What cannot be told is taken as held. */
const isHeld = (claim: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createConnection({ path: claim })
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', (cause: NodeJS.ErrnoException) => {
      resolve(cause.code !== 'ECONNREFUSED' && cause.code !== 'ENOENT')
    })
  })
