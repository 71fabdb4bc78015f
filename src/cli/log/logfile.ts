import { closeSync, openSync, readSync } from 'node:fs'
import { SottoError } from '../../errors.js'
import type { LogFile } from '../../kit/auditfiles.js'
import type { Terminal } from '../command.js'

const CHUNK = 65_536
/** Bytes between two showings of progress. */
const PROGRESS = 2 ** 24

/** A file that is read piece by piece. Nothing else goes on in this process, so it waits for the disk. */
export const logFile = (name: string, terminal: Terminal): LogFile => ({ name, chunks: () => chunksOf(name, terminal) })

/** @throws SottoError audit/file */
function* chunksOf(path: string, terminal: Terminal): Generator<Uint8Array> {
  const file = attempted(path, () => openSync(path, 'r'))
  const buffer = new Uint8Array(CHUNK)
  let read = 0
  try {
    for (;;) {
      const length = attempted(path, () => readSync(file, buffer, 0, CHUNK, null))
      if (length === 0) return
      yield buffer.subarray(0, length)
      read += length
      if (read % PROGRESS < length) terminal.progress(`${Math.floor(read / 2 ** 20)} MiB of ${path}`)
    }
  } finally {
    terminal.progress('')
    closeSync(file)
  }
}

const attempted = <T>(path: string, act: () => T): T => {
  try {
    return act()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    throw SottoError.of('audit/file', `expected a file to read${code}: ${path}`, { cause })
  }
}
