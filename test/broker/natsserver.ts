import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node'

const BINARY = process.env.SOTTO_NATS_SERVER ?? '/usr/sbin/nats-server'

/** False where there is no nats-server, which is told; in CI that is a failure. */
export const hasNats = (): boolean => {
  if (existsSync(BINARY)) return true
  if (process.env.CI !== undefined) throw new RangeError(`expected nats-server at ${BINARY}`)
  console.warn(`NATS TESTS SKIPPED: no nats-server at ${BINARY}`)
  return false
}

/** A nats-server with JetStream on loopback, its files in a temporary directory, which goes with it. */
export class NatsServer {
  readonly directory: string
  readonly port: number
  readonly #arguments: readonly string[]
  #child: ChildProcess | undefined

  private constructor(directory: string, port: number, more: readonly string[]) {
    this.directory = directory
    this.port = port
    const at = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', join(directory, 'store')]
    this.#arguments = [...at, ...more]
  }

  /** @param config the text of a configuration file, if there is one */
  static async start(config?: string): Promise<NatsServer> {
    const directory = mkdtempSync(join(tmpdir(), 'sotto-nats-'))
    const file = join(directory, 'nats.conf')
    if (config !== undefined) writeFileSync(file, config)
    const server = new NatsServer(directory, await freePort(), config === undefined ? [] : ['-c', file])
    await server.run()
    return server
  }

  /** Starts it, again if it was killed; settles when it is ready. */
  async run(): Promise<void> {
    const child = spawn(BINARY, this.#arguments, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#child = child
    await new Promise<void>((resolve, reject) => {
      let text = ''
      child.stderr.on('data', (data: Buffer) => {
        text = text.slice(-4_096) + data.toString()
        if (text.includes('Server is ready')) resolve()
      })
      child.once('exit', () => reject(new RangeError(`nats-server ended: ${text}`)))
    })
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }

  connect(options: NodeConnectionOptions = {}): Promise<NatsConnection> {
    const lasting = { maxReconnectAttempts: -1, reconnectTimeWait: 50, reconnectJitter: 10 }
    return connect({ servers: `127.0.0.1:${this.port}`, ...lasting, ...options })
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.directory, { recursive: true })
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()))
    })
  })
