// `node bench/calls.mjs [--quick]`: request-response of 64 B, one and 64 in flight, over TCP on loopback with both ends proved: a fresh
// pair of processes for each case, all rivals in one run. Beside them a plain socket with JSON lines, which proves and hides nothing.
import { execFileSync, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttps } from 'node:https'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import { newWebSocketRpcSession, RpcTarget } from 'capnweb'
import { bytes, client, contract, generateIdentity, requestResponse, serve } from 'sotto'
import { dial, listen, readIdentity, writeIdentity } from 'sotto/node'
import { WebSocket, WebSocketServer } from 'ws'

const HOST = '127.0.0.1'
// Node has its own from 22 on; Cap'n Web looks for one.
globalThis.WebSocket ??= WebSocket
const Echo = contract('bench.v1', { echo: requestResponse({ request: bytes, response: bytes }) })
const same = (value) => value
/** What grpc compiles of `rpc Echo (bytes)`, with the message as its own encoding. */
const ECHO = {
  Echo: {
    path: '/bench.Echo/Echo',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
}

/** Each rival: `serve` gives a port, `open` one function that asks and gives what came back. */
const RIVALS = {
  'sotto XXhfs': {
    async serve({ folder, clientId }) {
      const policy = {
        version: 1,
        rules: [{ id: 'bench', effect: 'allow', by: [clientId], verbs: ['call'], on: ['bench.v1.*'] }],
      }
      const server = await listen(`tcp:${HOST}:0`, {
        identity: await readIdentity(join(folder, 'server.key')),
        trust: [clientId],
        policy,
        serve: [serve(Echo, { echo: same })],
      })
      return server.endpoint.split(':').at(-1)
    },
    async open({ folder, serverId, port }) {
      const identity = await readIdentity(join(folder, 'client.key'))
      const session = await dial(`tcp:${HOST}:${port}`, { identity, peer: serverId, use: [Echo] })
      return client(session, Echo).echo
    },
  },
  'grpc-js mutual TLS': {
    async serve({ pem }) {
      const server = new grpc.Server()
      server.addService(ECHO, { Echo: ({ request }, answer) => answer(null, request) })
      const [key, cert] = [Buffer.from(pem.key), Buffer.from(pem.cert)]
      const credentials = grpc.ServerCredentials.createSsl(cert, [{ private_key: key, cert_chain: cert }], true)
      return new Promise((resolve, reject) =>
        server.bindAsync(`${HOST}:0`, credentials, (error, port) => (error ? reject(error) : resolve(port))),
      )
    },
    async open({ pem, port }) {
      const Client = grpc.makeGenericClientConstructor(ECHO, 'bench.Echo')
      const credentials = grpc.credentials.createSsl(Buffer.from(pem.cert), Buffer.from(pem.key), Buffer.from(pem.cert))
      const stub = new Client(`${HOST}:${port}`, credentials, { 'grpc.ssl_target_name_override': 'localhost' })
      return (value) =>
        new Promise((resolve, reject) => stub.Echo(value, (error, got) => (error ? reject(error) : resolve(got))))
    },
    message: (size) => Buffer.alloc(size, 7),
  },
  "Cap'n Web, ws over mutual TLS": {
    async serve({ pem }) {
      class Target extends RpcTarget {
        echo(value) {
          return value
        }
      }
      const server = createHttps({
        key: pem.key,
        cert: pem.cert,
        ca: pem.cert,
        requestCert: true,
        rejectUnauthorized: true,
      })
      new WebSocketServer({ server }).on('connection', (socket) => newWebSocketRpcSession(socket, new Target()))
      return new Promise((resolve) => server.listen(0, HOST, () => resolve(server.address().port)))
    },
    async open({ pem, port }) {
      const socket = new WebSocket(`wss://${HOST}:${port}`, {
        key: pem.key,
        cert: pem.cert,
        ca: pem.cert,
        servername: 'localhost',
        checkServerIdentity: () => undefined,
      })
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
      const stub = newWebSocketRpcSession(socket)
      return (value) => stub.echo(value)
    },
    // Text is what it carries best.
    message: (size) => '7'.repeat(size),
  },
  'plain socket, JSON lines (limit)': {
    async serve() {
      const server = createServer({ noDelay: true }, (socket) => {
        createInterface({ input: socket }).on('line', (line) => socket.write(`${JSON.stringify(JSON.parse(line))}\n`))
        socket.on('error', () => socket.destroy())
      })
      return new Promise((resolve) => server.listen(0, HOST, () => resolve(server.address().port)))
    },
    async open({ port }) {
      const socket = connect({ port, host: HOST, noDelay: true })
      const asked = new Map()
      createInterface({ input: socket }).on('line', (line) => {
        const { id, value } = JSON.parse(line)
        asked.get(id)(value)
        asked.delete(id)
      })
      let next = 0
      return (value) =>
        new Promise((resolve) => {
          const id = next++
          asked.set(id, resolve)
          socket.write(`${JSON.stringify({ id, value })}\n`)
        })
    },
    message: (size) => '7'.repeat(size),
  },
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
const median = (values) =>
  percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  )

/** Calls a second, and the time of one at the median and at 99 of 100. */
const time = async (ask, message, { count, inFlight }) => {
  let left = count
  const spans = []
  const worker = async () => {
    while (left-- > 0) {
      const start = performance.now()
      const got = await ask(message)
      spans.push(performance.now() - start)
      if (got.length !== message.length) throw new Error(`expected ${message.length} back, got ${got.length}`)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, worker))
  const rate = (count / (performance.now() - start)) * 1_000
  spans.sort((a, b) => a - b)
  return { rate, p50: percentile(spans, 0.5), p99: percentile(spans, 0.99) }
}

const inChild = async ([, , role, json]) => {
  const options = JSON.parse(json)
  const rival = RIVALS[options.name]
  if (role === 'server') {
    process.send({ port: Number(await rival.serve(options)) })
    return
  }
  const ask = await rival.open(options)
  const message = (rival.message ?? ((size) => new Uint8Array(size).fill(7)))(options.size)
  await time(ask, message, { count: options.inFlight * 200, inFlight: options.inFlight })
  process.send(await time(ask, message, options), () => process.exit(0))
}

const start = (role, options) => {
  const child = fork(fileURLToPath(import.meta.url), [role, JSON.stringify(options)])
  const said = new Promise((resolve, reject) => {
    child.once('message', resolve)
    child.once('exit', (code) => reject(new Error(`${options.name} ${role} exited with ${code}`)))
  })
  return { child, said }
}

const measure = async (options) => {
  const server = start('server', options)
  try {
    const { port } = await server.said
    return await start('client', { ...options, port }).said
  } finally {
    server.child.kill()
  }
}

const main = async () => {
  const quick = process.argv.includes('--quick')
  const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
  try {
    const [server, peer] = [generateIdentity(), generateIdentity()]
    await writeIdentity(join(folder, 'server.key'), server)
    await writeIdentity(join(folder, 'client.key'), peer)
    // A key that every rival takes: grpc-js offers no Ed25519 by default.
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
    execFileSync('openssl', ['req', '-x509', ...ec, '-nodes', '-days', '2', ...names, ...files], { stdio: 'ignore' })
    const pem = {
      key: readFileSync(join(folder, 'tls.key'), 'utf8'),
      cert: readFileSync(join(folder, 'tls.crt'), 'utf8'),
    }
    const base = { folder, clientId: peer.id, serverId: server.id, pem, size: 64 }
    const rounds = quick ? 1 : 5
    console.log(`node ${process.version}, 64 B each way, ${rounds} rounds that take turns, medians`)
    for (const inFlight of [1, 64]) {
      const count = Math.round((inFlight === 1 ? 10_000 : 100_000) * (quick ? 0.1 : 1))
      const results = new Map(Object.keys(RIVALS).map((name) => [name, []]))
      for (let round = 0; round < rounds; round++)
        for (const name of results.keys()) results.get(name).push(await measure({ ...base, name, count, inFlight }))
      console.log(`\n${inFlight} in flight, ${count.toLocaleString('en')} calls a round`)
      const of = (name, field) => median(results.get(name).map((result) => result[field]))
      for (const name of results.keys()) {
        const rate = of(name, 'rate')
        const ratio = of('sotto XXhfs', 'rate') / rate
        console.log(
          `  ${name.padEnd(34)} ${Math.round(rate).toLocaleString('en').padStart(9)} /s   p50 ${(of(name, 'p50') * 1_000).toFixed(0).padStart(6)} us   p99 ${(of(name, 'p99') * 1_000).toFixed(0).padStart(7)} us   sotto ${ratio.toFixed(2)}x`,
        )
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await (process.send === undefined ? main() : inChild(process.argv))
