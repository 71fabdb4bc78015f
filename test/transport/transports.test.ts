import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { Duplex, PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'
import { fromDuplex } from '../../src/transport/duplex.node.js'
import { memoryPair } from '../../src/transport/memory.js'
import { connect, type Endpoint, serveEndpoint } from '../../src/transport/sockets.node.js'
import { fromChild } from '../../src/transport/stdio.node.js'
import { fromStreams } from '../../src/transport/streams.js'
import type { Transport } from '../../src/transport/transport.js'
import { conforms, type Ends } from './conformance.js'
import { chopper, join } from './pass.js'

const SEED = 20_251_122

const folder = mkdtempSync(joinPath(tmpdir(), 'sotto-'))
const relay = joinPath(folder, 'relay.mjs')
let sockets = 0

beforeAll(() => {
  const entryPoints = [fileURLToPath(new URL('relay.ts', import.meta.url))]
  buildSync({ entryPoints, outfile: relay, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
})
afterAll(() => rmSync(folder, { recursive: true }))

const newSocket = (): Endpoint => `unix:${joinPath(folder, `${++sockets}.sock`)}`

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

/** A Unix socket, then a relay that cuts, joins and delays, then memory. */
const chopped = async (): Promise<Ends> => {
  const { near, far: middle, free } = await across(newSocket(), connect)
  const [left, far] = memoryPair()
  void join(middle, left, chopper(SEED))
  return { near, far, free }
}

conforms({
  memory,
  streams,
  duplex,
  'Unix socket': () => across(newSocket(), connect),
  TCP: () => across('tcp:127.0.0.1:0', connect),
  'standard input and output of a child process': child,
  [`chopped with seed ${SEED}`]: chopped,
})
