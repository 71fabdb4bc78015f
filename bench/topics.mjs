// `node bench/topics.mjs [--quick]`: publish-subscribe of 64 B over TCP on loopback, from one publisher to 1 and to 16 subscribers: the
// service, the publisher and all subscribers are three processes, fresh for each case. Beside it nats-server with TLS, both ends with a
// certificate, in the same run. A subscriber counts what comes; the time is from the first publish until all have all.
import { execFileSync, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { connect } from '@nats-io/transport-node'
import { bytes, client, contract, generateIdentity, serve, topic } from 'sotto'
import { dial, listen, readIdentity, writeIdentity } from 'sotto/node'
import { freePort, listening } from './ports.mjs'

const HOST = '127.0.0.1'
const SIZE = 64
const Load = contract('bench.v1', { readings: topic(bytes, { subject: '{place}' }) })

/** Each rival: `serve` gives a port and what ends it; `publisher` one function that publishes; `subscriber` hears until it has `count`. */
const RIVALS = {
  'sotto XXhfs, unix socket': sotto('unix'),
  'sotto XXhfs, TCP': sotto('tcp'),
  'nats-server, mutual TLS, TCP': {
    async serve({ folder }) {
      const port = await freePort()
      const file = (name) => join(folder, name)
      const server = spawn(
        'nats-server',
        ['-a', HOST, '-p', `${port}`, '--tlsverify', '--tlscert', file('tls.crt'), '--tlskey', file('tls.key')].concat([
          '--tlscacert',
          file('tls.crt'),
        ]),
        { stdio: 'ignore' },
      )
      await listening(port)
      return { port, end: () => server.kill() }
    },
    async publisher(options) {
      const connection = await natsOf(options)
      return {
        publish: (message) => connection.publish('bench.kitchen', message),
        // It buffers what it is given; this is its way to wait.
        settle: () => connection.flush(),
        every: 1_000,
      }
    },
    async subscriber(options, count) {
      const connection = await natsOf(options)
      const subscription = connection.subscribe('bench.*')
      await connection.flush()
      return { done: counted(subscription, ({ data }) => data, count) }
    },
  },
}

function sotto(kind) {
  return {
    async serve({ folder, peerId }) {
      const rule = { id: 'bench', effect: 'allow', by: [peerId], verbs: ['publish', 'subscribe'], on: ['bench.v1.>'] }
      const server = await listen(kind === 'unix' ? `unix:${join(folder, 'bench.sock')}` : `tcp:${HOST}:0`, {
        identity: await readIdentity(join(folder, 'server.key')),
        trust: [peerId],
        policy: { version: 1, rules: [rule] },
        serve: [serve(Load, {})],
      })
      return { port: server.endpoint, end: () => server.close() }
    },
    async publisher(options) {
      const { readings } = await sottoOf(options)
      const place = { place: 'kitchen' }
      // Settled while there is room: awaiting each is what a program would write.
      return { publish: (message) => readings.publish(place, message), settle: () => undefined, every: 1 }
    },
    async subscriber(options, count) {
      const { readings } = await sottoOf(options)
      const heard = readings.subscribe({}, { slow: 'block' })
      await heard.ready
      return { done: counted(heard, ({ value }) => value, count) }
    },
  }
}

/** Resolves when `count` have come. */
const counted = async (from, bodyOf, count) => {
  let seen = 0
  for await (const message of from) {
    if (bodyOf(message).length !== SIZE) throw new Error(`expected ${SIZE} bytes, got ${bodyOf(message).length}`)
    if (++seen === count) return
  }
}

const sottoOf = async ({ folder, serverId, port }) => {
  const identity = await readIdentity(join(folder, 'peer.key'))
  return client(await dial(port, { identity, peer: serverId, use: [Load] }), Load)
}

const natsOf = ({ folder, port }) => {
  const read = (name) => readFileSync(join(folder, name), 'utf8')
  const tls = { cert: read('tls.crt'), key: read('tls.key'), ca: read('tls.crt') }
  return connect({ servers: `tls://localhost:${port}`, tls, maxPingOut: 100 })
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** What a process of a case does: it says when it is ready, and when it began or had all; `start` has the parent tell it to begin. */
const inChild = async ([, , role, json]) => {
  const options = JSON.parse(json)
  const rival = RIVALS[options.name]
  if (role === 'server') {
    const { port, end } = await rival.serve(options)
    process.once('message', () => {
      end()
      process.exit(0)
    })
    process.send({ port })
    return
  }
  const { count, subscribers } = options
  if (role === 'subscribers') {
    const heard = await Promise.all(Array.from({ length: subscribers }, () => rival.subscriber(options, count)))
    process.send({ ready: true })
    await Promise.all(heard.map(({ done }) => done))
    process.send({ at: performance.timeOrigin + performance.now() }, () => process.exit(0))
    return
  }
  const { publish, settle, every } = await rival.publisher(options)
  const message = new Uint8Array(SIZE).fill(7)
  process.send({ ready: true })
  await new Promise((resolve) => process.once('message', resolve))
  process.send({ at: performance.timeOrigin + performance.now() })
  for (let n = 1; n <= count; n++) {
    const wait = publish(message)
    if (wait !== undefined) await wait
    if (n % every === 0) await settle()
  }
  await settle()
}

const start = (role, options) => {
  const child = fork(fileURLToPath(import.meta.url), [role, JSON.stringify(options)])
  const said = []
  const waiting = []
  child.on('message', (message) => {
    const next = waiting.shift()
    if (next === undefined) said.push(message)
    else next.resolve(message)
  })
  child.once('exit', (code) => {
    for (const { reject } of waiting) reject(new Error(`${options.name}: ${role} exited with ${code}`))
  })
  const next = () =>
    said.length > 0 ? said.shift() : new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  return { child, next }
}

/** Deliveries a second, of all subscribers together. */
const measure = async (options) => {
  const server = start('server', options)
  const ends = [server]
  try {
    const { port } = await server.next()
    const subscribers = start('subscribers', { ...options, port })
    ends.push(subscribers)
    await subscribers.next()
    const publisher = start('publisher', { ...options, port })
    ends.push(publisher)
    await publisher.next()
    publisher.child.send('begin')
    const [{ at: from }, { at: to }] = await Promise.all([publisher.next(), subscribers.next()])
    return (options.count * options.subscribers * 1_000) / (to - from)
  } finally {
    for (const { child } of ends.slice(1)) child.kill()
    server.child.send('end')
    await new Promise((resolve) => server.child.once('exit', resolve))
  }
}

const main = async () => {
  const quick = process.argv.includes('--quick')
  const only = process.argv.indexOf('--only')
  const folder = mkdtempSync(join(tmpdir(), 'sotto-bench-'))
  try {
    const [server, peer] = [generateIdentity(), generateIdentity()]
    await writeIdentity(join(folder, 'server.key'), server)
    await writeIdentity(join(folder, 'peer.key'), peer)
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
    execFileSync('openssl', ['req', '-x509', ...ec, '-nodes', '-days', '2', ...names, ...files], { stdio: 'ignore' })
    const base = { folder, serverId: server.id, peerId: peer.id }
    const rounds = quick ? 1 : 5
    const chosen = Object.keys(RIVALS).filter((name) => only < 0 || name.includes(process.argv[only + 1]))
    console.log(`node ${process.version}, ${SIZE} B, ${rounds} rounds that take turns, medians of deliveries a second`)
    for (const subscribers of [1, 16]) {
      const count = Math.round((subscribers === 1 ? 500_000 : 100_000) * (quick ? 0.2 : 1))
      const results = new Map(chosen.map((name) => [name, []]))
      for (let round = 0; round < rounds; round++)
        for (const name of chosen) results.get(name).push(await measure({ ...base, name, count, subscribers }))
      console.log(`\n1 publisher, ${subscribers} subscribers, ${count.toLocaleString('en')} messages a round`)
      const rival = median(results.get(chosen.at(-1)))
      for (const name of chosen) {
        const rate = median(results.get(name))
        console.log(
          `  ${name.padEnd(32)} ${Math.round(rate).toLocaleString('en').padStart(10)} /s   ${(rate / rival).toFixed(2)}x of the last`,
        )
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

await (process.send === undefined ? main() : inChild(process.argv))
