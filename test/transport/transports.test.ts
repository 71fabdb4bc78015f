import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, connect as connectSocket, createServer, type Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Duplex, PassThrough } from 'node:stream'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'
import WebSocket, { WebSocketServer } from 'ws'
import { fromDuplex, fromHalves } from '../../src/transport/duplex.node.js'
import { memoryPair } from '../../src/transport/memory.js'
import { fromPort } from '../../src/transport/port.js'
import { connect, type Endpoint, serveEndpoint } from '../../src/transport/sockets.node.js'
import { fromChild } from '../../src/transport/stdio.node.js'
import { fromStreams } from '../../src/transport/streams.js'
import type { Transport } from '../../src/transport/transport.js'
import { fromWebSocket, type WebSocketLike } from '../../src/transport/websocket.js'
import { browserSocket } from './browsersocket.js'
import { conforms, type Ends, holdsSessions } from './conformance.js'
import { electronPort } from './electron.js'
import { chopped } from './pass.js'

const SEED = 20_251_122

const folder = mkdtempSync(join(tmpdir(), 'sotto-'))
const relay = join(folder, 'relay.mjs')
const portRelay = join(folder, 'portrelay.mjs')
let made = 0

beforeAll(() => {
  const entryPoints = ['relay.ts', 'portrelay.ts'].map((name) => fileURLToPath(new URL(name, import.meta.url)))
  const outExtension = { '.js': '.mjs' }
  buildSync({ entryPoints, outdir: folder, outExtension, bundle: true, platform: 'node', format: 'esm' })
  openssl('req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost')
})
afterAll(() => rmSync(folder, { recursive: true }))

const newSocket = (): Endpoint => `unix:${join(folder, `${++made}.sock`)}`
const newAbstract = (): Endpoint => `unix:@sotto-test-${process.pid}-${++made}`

/** A listener, what `dial` opens to it, and what it hands over. */
const across = async (
  endpoint: Endpoint,
  dial: (endpoint: Endpoint) => Promise<Transport>,
): Promise<Required<Ends>> => {
  let hand: (transport: Transport) => void = () => undefined
  const accepted = new Promise<Transport>((resolve) => {
    hand = resolve
  })
  const server = await serveEndpoint(endpoint, hand)
  const near = await dial(server.endpoint)
  return { near, far: await accepted, free: () => server.close() }
}

const memory = async (): Promise<Ends> => {
  const [near, far] = memoryPair()
  return { near, far }
}

const streams = async (): Promise<Ends> => {
  const out = new TransformStream<Uint8Array, Uint8Array>()
  const back = new TransformStream<Uint8Array, Uint8Array>()
  const near = fromStreams({ readable: back.readable, writable: out.writable })
  return { near, far: fromStreams({ readable: out.readable, writable: back.writable }) }
}

const duplex = async (): Promise<Ends> => {
  const out = new PassThrough()
  const back = new PassThrough()
  const near = fromDuplex(Duplex.from({ readable: back, writable: out }))
  return { near, far: fromDuplex(Duplex.from({ readable: out, writable: back })) }
}

/** A child process that relays to a Unix socket. */
const child = async (): Promise<Ends> => {
  const open = (endpoint: Endpoint) =>
    spawn(process.execPath, [relay, endpoint], { stdio: ['pipe', 'pipe', 'inherit'] })
  let started: ReturnType<typeof open> | undefined
  const { near, far, free } = await across(newSocket(), async (endpoint) => {
    started = open(endpoint)
    return fromChild(started)
  })
  const end = async (): Promise<void> => {
    started?.kill('SIGKILL')
    await free()
  }
  return { near, far, free: end }
}

/** A certificate of its own, which is made once. */
const openssl = (args: string): void => {
  execFileSync('openssl', [...args.split(' '), '-keyout', 'key.pem', '-out', 'cert.pem'], {
    cwd: folder,
    stdio: 'pipe',
  })
}

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** `fromDuplex` over sockets that a listener of the user's own hands out. */
const overSockets = async (server: Server, event: string, dial: (port: number) => Duplex): Promise<Ends> => {
  const port = await listening(server)
  const accepted = once(server, event)
  const near = fromDuplex(dial(port))
  const [socket] = await accepted
  const free = (): void => {
    server.close()
  }
  return { near, far: fromDuplex(socket), free }
}

const tcpSockets = (): Promise<Ends> =>
  overSockets(createServer({ allowHalfOpen: true }), 'connection', (port) =>
    connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true }),
  )

const tlsSockets = (): Promise<Ends> => {
  const cert = readFileSync(join(folder, 'cert.pem'))
  const key = readFileSync(join(folder, 'key.pem'))
  const server = createTlsServer({ cert, key, allowHalfOpen: true })
  return overSockets(server, 'secureConnection', (port) =>
    connectTls({
      socket: connectSocket({ host: '127.0.0.1', port, allowHalfOpen: true }),
      ca: cert,
      servername: 'localhost',
    }),
  )
}

/** Two named pipes, one each way. */
const pipes = async (): Promise<Ends> => {
  const [out, back] = [newPipe(), newPipe()]
  return { near: fromHalves(back.readable, out.writable), far: fromHalves(out.readable, back.writable) }
}

const newPipe = (): { readonly readable: Socket; readonly writable: Socket } => {
  const path = join(folder, `${++made}.pipe`)
  execFileSync('mkfifo', [path])
  const open = (flags: number): number => openSync(path, flags | constants.O_NONBLOCK)
  const readable = new Socket({ fd: open(constants.O_RDONLY), readable: true, writable: false })
  return { readable, writable: new Socket({ fd: open(constants.O_WRONLY), readable: false, writable: true }) }
}

const webSockets = async (shape: (socket: WebSocket) => WebSocketLike): Promise<Ends> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 65_537 })
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const near = fromWebSocket(shape(new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)))
  const [socket] = await accepted
  const free = (): void => {
    server.close()
  }
  return { near, far: fromWebSocket(socket), free }
}

const ports = async (): Promise<Ends> => {
  const { port1, port2 } = new MessageChannel()
  return { near: fromPort(port1), far: fromPort(port2) }
}

/** A worker that relays from its own port to another. */
const worker = async (): Promise<Ends> => {
  const { port1, port2 } = new MessageChannel()
  const relaying = new Worker(portRelay, { workerData: port2, transferList: [port2] })
  const free = async (): Promise<void> => {
    await relaying.terminate()
  }
  return { near: fromPort(relaying), far: fromPort(port1), free }
}

const electron = async (): Promise<Ends> => {
  const { port1, port2 } = new MessageChannel()
  return { near: fromPort(electronPort(port1)), far: fromPort(electronPort(port2)) }
}

const KINDS = {
  memory,
  streams,
  duplex,
  'TCP sockets': tcpSockets,
  'TLS sockets': tlsSockets,
  'named pipes': pipes,
  'Unix socket': () => across(newSocket(), connect),
  'abstract Unix socket': () => across(newAbstract(), connect),
  TCP: () => across('tcp:127.0.0.1:0', connect),
  'standard input and output of a child process': child,
  WebSocket: () => webSockets((socket) => socket),
  'WebSocket of the shape of a browser’s': () => webSockets(browserSocket),
  'message ports': ports,
  'port of a worker': worker,
  'ports of the shape of Electron’s': electron,
}

const throughChopper = async (): Promise<Ends> => {
  const { near, far, free } = await across(newSocket(), connect)
  return { near, far: chopped(far, SEED), free }
}

conforms({ ...KINDS, [`chopped with seed ${SEED}`]: throughChopper })
holdsSessions(KINDS, SEED)
