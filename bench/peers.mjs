// The two ends of every case. Each is a process of its own: `node bench/peers.mjs KIND ROLE JSON`.
import { connect as connectPlain, createServer as createPlainServer } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { bytes, client, contract, oneWay, requestResponse, serve } from 'sotto'
import { dial, listen, readIdentity } from 'sotto/node'

const Load = contract('bench.v1', { push: oneWay(bytes), count: requestResponse({ response: bytes }) })

const [kind, role, json] = process.argv.slice(2)
const options = JSON.parse(json)
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`)
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** Milliseconds of each of `times` calls of `open`, one after another; the first tenth warms up. */
const timeHandshakes = async (times, open) => {
  const spans = []
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    const close = await open()
    spans.push(performance.now() - start)
    await close()
  }
  return median(spans.slice(Math.ceil(times / 10)))
}

/** Messages a second; `settle` resolves once the other end has all of them. */
const timeMessages = async ({ count, size }, send, settle) => {
  const message = new Uint8Array(size).fill(7)
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const wait = send(message)
    if (wait !== undefined) await wait
  }
  await settle(count)
  return (count / (performance.now() - start)) * 1000
}

/** Opens as many as are to be held, twenty at a time, and keeps them until the process is ended. */
const holdMany = async (count, open) => {
  const held = []
  while (held.length < count)
    held.push(...(await Promise.all(Array.from({ length: Math.min(20, count - held.length) }, open))))
  return held.length
}

/** Says the bytes of this process whenever it is asked, after what can be collected was. */
const sayMemory = () =>
  process.stdin.on('data', () => {
    globalThis.gc()
    say({ rss: process.memoryUsage.rss() })
  })

const sotto = {
  async server() {
    let seen = 0
    const handlers = {
      push: () => {
        seen++
      },
      count: () => new Uint8Array(new Float64Array([seen]).buffer),
    }
    const policy = {
      version: 1,
      rules: [{ id: 'bench', effect: 'allow', by: [options.client], verbs: ['call', 'send'], on: ['bench.v1.*'] }],
    }
    const caps = { sessionsPeer: options.sessions ?? 64 }
    const ends = {
      identity: await readIdentity(options.key),
      trust: [options.client],
      policy,
      serve: [serve(Load, handlers)],
      protocol: { pq: options.pq },
    }
    const server = await listen('tcp:127.0.0.1:0', ends, caps)
    if (options.sessions !== undefined) sayMemory()
    say({ endpoint: server.endpoint })
  },
  async client() {
    const identity = await readIdentity(options.key)
    const open = () =>
      dial(options.endpoint, { identity, peer: options.server, use: [Load], protocol: { pq: options.pq } })
    if (options.handshakes !== undefined)
      return timeHandshakes(options.handshakes, async () => {
        const session = await open()
        return () => session.close()
      })
    if (options.sessions !== undefined)
      return holdMany(options.sessions, async () => {
        const session = await open()
        await client(session, Load).count()
        return session
      })
    const session = await open()
    const { push, count } = client(session, Load)
    // A settled promise is shared while there is credit; awaiting each message is what a program would write.
    const rate = await timeMessages(options, push, async (total) => {
      // A call may pass messages that wait.
      while (new Float64Array((await count()).buffer)[0] < total);
    })
    await session.close()
    return rate
  },
}

const held = []

/** A byte counter that answers one byte when all has come: node:tls and plain sockets alike. */
const counting = (socket) => {
  let left = options.count * options.size
  if (options.sessions !== undefined) held.push(socket)
  socket.on('data', (chunk) => {
    left -= chunk.length
    if (left === 0) socket.write('.')
  })
  socket.on('error', () => socket.destroy())
}

const drained = (socket) => new Promise((resolve) => socket.once('drain', resolve))
const writing = (socket) => (message) => (socket.write(message) ? undefined : drained(socket))
const answered = (socket) => new Promise((resolve) => socket.once('data', resolve))
const gone = (socket) =>
  new Promise((resolve) => {
    socket.once('close', resolve)
    socket.end()
  })

const streamClient = async (open) => {
  if (options.sessions !== undefined)
    return holdMany(options.sessions, async () => {
      const socket = await open()
      const answer = answered(socket)
      socket.write(new Uint8Array(options.size))
      await answer
      return socket
    })
  if (options.handshakes !== undefined)
    return timeHandshakes(options.handshakes, async () => {
      const socket = await open()
      return () => gone(socket)
    })
  const socket = await open()
  const answer = answered(socket)
  const rate = await timeMessages(options, writing(socket), () => answer)
  await gone(socket)
  return rate
}

const port = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)))

const tls = {
  async server() {
    const server = createTlsServer(
      { ...options.tls, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', noDelay: true },
      counting,
    )
    if (options.sessions !== undefined) sayMemory()
    say({ endpoint: await port(server) })
  },
  client: () =>
    streamClient(
      () =>
        new Promise((resolve, reject) => {
          const socket = connectTls({
            ...options.tls,
            port: options.endpoint,
            host: '127.0.0.1',
            servername: 'localhost',
            minVersion: 'TLSv1.3',
          })
          socket.once('secureConnect', () => resolve(socket.setNoDelay(true)))
          socket.once('error', reject)
        }),
    ),
}

const plain = {
  async server() {
    if (options.sessions !== undefined) sayMemory()
    say({ endpoint: await port(createPlainServer({ noDelay: true }, counting)) })
  },
  client: () =>
    streamClient(
      () =>
        new Promise((resolve, reject) => {
          const socket = connectPlain({ port: options.endpoint, host: '127.0.0.1', noDelay: true })
          socket.once('connect', () => resolve(socket))
          socket.once('error', reject)
        }),
    ),
}

const result = await { sotto, tls, plain }[kind][role]()
if (role === 'client') say({ result })
