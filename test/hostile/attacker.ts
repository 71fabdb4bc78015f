/** The attacker's process: told to, it opens its connections all at once and says what became of them. */
import { createConnection, type Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { KINDS, type Recording } from './kinds.js'
import { answering } from './talk.js'

export interface Attack {
  readonly port: number
  readonly kinds: readonly string[]
  /** Connections of each kind. */
  readonly count: number
  /** Where they come from, in turns. */
  readonly addresses: readonly string[]
  /** Hex. */
  readonly first: string
  readonly third: string
}

/** What became of the connections of a kind. */
export interface Outcome {
  readonly kind: string
  readonly connected: number
  /** From connected to closed, of the slowest, in ms. */
  readonly slowestMs: number
  /** What the other end sent, over all of them, each once, in hex. */
  readonly most: string
}

export interface Report {
  readonly outcomes: readonly Outcome[]
  /** When the last had connected, from the start of the attack, in ms. */
  readonly connectedMs: number
  /** How long this process itself was late at most, in ms. */
  readonly lagMs: number
}

const attack = async ({ port, kinds, count, addresses, first, third }: Attack): Promise<Report> => {
  const lag = monitorEventLoopDelay({ resolution: 5 })
  lag.enable()
  const recording = { first: Buffer.from(first, 'hex'), third: Buffer.from(third, 'hex') }
  const start = performance.now()
  let last = start
  const results = kinds.map((kind) => ({ kind, connected: 0, slowestMs: 0, most: '' }))
  const all = Array.from({ length: count * kinds.length }, async (_, i) => {
    const result = results[i % kinds.length]
    if (result === undefined) return
    const localAddress = addresses[i % addresses.length]
    const { at, ms, bytes } = await connection(port, localAddress, result.kind, recording, i)
    if (at > 0) result.connected++
    last = Math.max(last, at)
    result.slowestMs = Math.max(result.slowestMs, ms)
    if (bytes.length > result.most.length) result.most = bytes
  })
  await Promise.all(all)
  return { outcomes: results, connectedMs: last - start, lagMs: lag.max / 1e6 }
}

const connection = (
  port: number,
  localAddress: string | undefined,
  kind: string,
  recording: Recording,
  nth: number,
): Promise<{ at: number; ms: number; bytes: string }> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    let at = 0
    const socket: Socket = createConnection({
      port,
      host: '127.0.0.1',
      ...(localAddress && { localAddress }),
      noDelay: true,
    })
    socket.on('connect', () => {
      at = performance.now()
      KINDS[kind]?.(socket, recording, Math.floor(nth / Object.keys(KINDS).length))
      if (!socket.isPaused()) socket.on('data', (chunk) => chunks.push(chunk))
    })
    const timer = setTimeout(() => socket.destroy(), 30_000)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve({ at, ms: at === 0 ? 0 : performance.now() - at, bytes: Buffer.concat(chunks).toString('hex') })
    })
  })

answering({ attack })
