import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { Finding } from '../kit/case.js'
import type { Connection } from '../kit/kitrun.js'
import { ShimDriver } from '../kit/shimdriver.js'
import { Lines } from '../kit/shimlines.js'

/** A shim that was told to exit has so long. */
const EXIT_MS = 2_000
/** What a shim that has ended said before comes within this, whoever else holds its output open. */
const LAST_WORDS_MS = 500
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Starts `command`, which the shell of the platform reads, and greets it. @throws Finding if it is no shim */
export const shimProcess = async (command: string): Promise<Connection> => {
  // A group of its own, so that what the shell has started ends with it.
  const isGroup = process.platform !== 'win32'
  const child = spawn(command, { shell: true, stdio: ['pipe', 'pipe', 'inherit'], detached: isGroup })
  const kill = (): void => {
    try {
      if (isGroup && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      else child.kill('SIGKILL')
    } catch (error) {
      // It has ended by itself meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
  const leave = leaving(kill)
  const driver = driverOver(child.stdout, child.stdin)
  const ended = new Promise<void>((resolve) => {
    let timer: NodeJS.Timeout | undefined
    const over = (reason: string): void => {
      clearTimeout(timer)
      leave()
      driver.over(reason)
      resolve()
    }
    child.on('error', (error) => over(error.message))
    child.on('exit', () => {
      // What it has started ends with it; and what has got out of the group is not waited for.
      kill()
      timer = setTimeout(() => child.stdout.destroy(), LAST_WORDS_MS)
    })
    child.on('close', (code, signal) => over(`it ended with ${signal ?? `exit code ${code}`}`))
  })
  return greeted({ driver, close: () => closing(driver, child.stdin, ended, kill) })
}

/** CL-48: an interrupt of the kit kills first, for a group of its own hears of none. Gives what ends that. */
const leaving = (kill: () => void): (() => void) => {
  // It was listened for once, so now it has its usual effect.
  const interrupted = (signal: NodeJS.Signals): void => {
    kill()
    process.kill(process.pid, signal)
  }
  for (const signal of SIGNALS) process.once(signal, interrupted)
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupted)
  }
}

/** A shim that listens there. @throws Finding if it is none, or does not */
export const shimSocket = async (
  where: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<Connection> => {
  const socket = connect(where)
  const ended = new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
  })
  const driver = driverOver(socket, socket)
  socket.on('error', (error) => driver.over(error.message))
  socket.on('close', () => driver.over('it closed the connection'))
  return greeted({ driver, close: () => closing(driver, socket, ended, () => socket.destroy()) })
}

const driverOver = (from: Readable, to: Writable): ShimDriver => {
  const driver = new ShimDriver((line) => {
    to.write(`${line}\n`)
  })
  const lines = new Lines()
  // What a shim that ended does not read any more is told of by its end.
  to.on('error', () => undefined)
  from.on('data', (bytes: Uint8Array) => {
    try {
      for (const line of lines.take(bytes)) driver.take(line)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      driver.over(error.message)
    }
  })
  return driver
}

const greeted = async (connection: Connection): Promise<Connection> => {
  try {
    await connection.driver.hello()
  } catch (error) {
    await connection.close()
    throw error instanceof Finding ? error : new Finding(String(error))
  }
  return connection
}

/** CL-48 */
const closing = async (driver: ShimDriver, to: Writable, ended: Promise<void>, kill: () => void): Promise<void> => {
  driver.exit()
  to.end()
  const timer = setTimeout(kill, driver.isOver ? 0 : EXIT_MS)
  await ended
  clearTimeout(timer)
}
