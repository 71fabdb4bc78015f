/** The process under attack: a listener on TCP. */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type PeerId, parseIdentity, serve } from '../../src/index.js'
import { type Listener, listen } from '../../src/node.js'
import { echoing, HOSTILE, Load, open } from './load.js'
import { answering } from './talk.js'

export interface Start {
  readonly secret: string
  readonly trust: readonly PeerId[]
  readonly handshakeMs: number
}

/** What has happened since the last time it was asked. */
export interface Seen {
  /** Sockets that were accepted and are closed, and those that are open now. */
  readonly closed: number
  readonly open: number
  /** From accepted to closed, of the slowest hostile one, in ms. */
  readonly slowestMs: number
  /** Bytes sent to a hostile one, at most. */
  readonly mostSent: number
  /** How late this process itself was at most, in ms. */
  readonly lagMs: number
  readonly cpuMs: number
  /** Bytes at the start and at most. */
  readonly rss: number
  readonly mostRss: number
  readonly sessions: number
}

let listener: Listener | undefined
const codes = new Map<string, number>()

const start = async ({ secret, trust, handshakeMs }: Start): Promise<number> => {
  const ends = { identity: parseIdentity(secret), trust, policy: open, serve: [serve(Load, echoing)] }
  listener = await listen('tcp:127.0.0.1:0', { ...ends, protocol: { handshakeMs } }, { sessionsPeer: 4_096 })
  void count(listener)
  return Number(listener.endpoint.split(':').at(-1))
}

const count = async ({ failures }: Listener): Promise<void> => {
  for await (const { error } of failures) codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
}

const lag = monitorEventLoopDelay({ resolution: 10 })
lag.enable()
let closed = 0
let opened = 0
let slowestMs = 0
let mostSent = 0
let rss = process.memoryUsage.rss()
let mostRss = rss
let cpu = process.cpuUsage()

subscribe('net.server.socket', (message) => {
  // The cast: what Node documents for this channel.
  const { socket } = message as { socket: Socket }
  const at = performance.now()
  const hostile = socket.remoteAddress?.startsWith(HOSTILE) === true
  opened++
  socket.once('close', () => {
    opened--
    closed++
    if (!hostile) return
    slowestMs = Math.max(slowestMs, performance.now() - at)
    mostSent = Math.max(mostSent, socket.bytesWritten)
  })
})

const look = (): void => {
  mostRss = Math.max(mostRss, process.memoryUsage.rss())
}
setInterval(look, 50)

/** What was seen since it was asked to begin anew. */
const seen = (again?: { readonly reset: boolean }): Seen => {
  look()
  const { user, system } = process.cpuUsage(cpu)
  const answer = {
    closed,
    open: opened,
    slowestMs,
    mostSent,
    lagMs: lag.max / 1e6,
    cpuMs: (user + system) / 1e3,
    rss,
    mostRss,
    sessions: listener?.sessions.size ?? 0,
  }
  if (again?.reset === false) return answer
  lag.reset()
  closed = 0
  slowestMs = 0
  mostSent = 0
  rss = process.memoryUsage.rss()
  mostRss = rss
  cpu = process.cpuUsage()
  return answer
}

answering({ start, seen, failures: () => Object.fromEntries(codes) })
