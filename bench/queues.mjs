// `node bench/queues.mjs [--quick]`: enqueue and acknowledge of 64 B over TCP on loopback, 256 in flight: the service and its peer are two
// processes. With the memory broker, and with the durable one, which syncs before it answers; beside JetStream with file storage, which
// answers before, behind mutual TLS. All in one run; the rounds of the rivals take turns.
import { execFileSync, fork, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { bytes, client, contract, generateIdentity, memoryBroker, queue, serve } from 'sotto'
import { durableBroker } from 'sotto/durable'
import { dial, listen, readIdentity, writeIdentity } from 'sotto/node'
import { freePort, listening } from './ports.mjs'

const HOST = '127.0.0.1'
const IN_FLIGHT = 256
const COUNT = process.argv.includes('--quick') ? 20_000 : 100_000
const ROUNDS = process.argv.includes('--quick') ? 1 : 3
const BROKERS = { memory: async () => memoryBroker(), durable: (path) => durableBroker({ path }) }
const message = new Uint8Array(64).fill(7)
const Load = contract('bench.v1', { jobs: queue(bytes, { maxMessages: 10_000_000 }) })

const serving = async ([broker, folder, peerId, store]) => {
  const rule = { id: 'bench', effect: 'allow', by: [peerId], verbs: ['enqueue', 'consume'], on: ['bench.v1.>'] }
  const { endpoint } = await listen(`tcp:${HOST}:0`, {
    identity: await readIdentity(join(folder, 'server.key')),
    trust: [peerId],
    policy: { version: 1, rules: [rule] },
    serve: [serve(Load, { broker: await BROKERS[broker](store) }, {})],
  })
  process.send(endpoint)
}

const sotto =
  (broker) =>
  async ({ folder, identity, serverId }, store) => {
    const child = fork(fileURLToPath(import.meta.url), ['serve', broker, folder, identity.id, store])
    const endpoint = await new Promise((resolve) => child.once('message', resolve))
    const session = await dial(endpoint, { identity, peer: serverId, use: [Load] })
    const { jobs } = client(session, Load)
    return {
      enqueue: () => jobs.enqueue(message),
      deliveries: () => jobs.consume({}, { credit: IN_FLIGHT }),
      ack: (delivery) => delivery.ack(),
      end: () => {
        session.abort()
        child.kill()
      },
    }
  }

const nats = async ({ folder }, store) => {
  const port = await freePort()
  const file = (name) => join(folder, name)
  const certificates = ['--tlsverify', '--tlscert', file('tls.crt'), '--tlskey', file('tls.key')]
  const options = ['-a', HOST, '-p', `${port}`, '-js', '-sd', store, ...certificates, '--tlscacert', file('tls.crt')]
  const server = spawn('nats-server', options, { stdio: 'ignore' })
  await listening(port)
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => readFileSync(file(name), 'utf8'))
  const tls = { cert, key, ca: cert }
  const connection = await connect({ servers: `tls://localhost:${port}`, tls, noAsyncTraces: true })
  const [js, manager] = [jetstream(connection), await jetstreamManager(connection)]
  await manager.streams.add({ name: 'jobs', subjects: ['jobs'], retention: 'workqueue', storage: 'file' })
  await manager.consumers.add('jobs', { durable_name: 'all', ack_policy: 'explicit', max_ack_pending: IN_FLIGHT })
  const consumer = await js.consumers.get('jobs', 'all')
  return {
    enqueue: () => js.publish('jobs', message),
    deliveries: () => consumer.consume({ max_messages: IN_FLIGHT }),
    ack: (delivery) => delivery.ackAck(),
    end: () => server.kill(),
  }
}

const RIVALS = {
  'sotto, memory': sotto('memory'),
  'sotto, durable with fsync': sotto('durable'),
  'JetStream, files without sync': nats,
}

const enqueue = async (rival, count) => {
  let left = count
  const one = async () => {
    while (left-- > 0) await rival.enqueue()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, one))
}

const consume = async (rival, count) => {
  let left = count
  const waiting = new Set()
  for await (const delivery of await rival.deliveries()) {
    const ack = rival.ack(delivery).finally(() => waiting.delete(ack))
    waiting.add(ack)
    if (--left === 0) break
  }
  await Promise.all(waiting)
}

/** Acts a second. */
const rateOf = async (act) => {
  const from = performance.now()
  await act()
  return (COUNT / (performance.now() - from)) * 1_000
}

const measure = async (make, options, store) => {
  mkdirSync(store)
  const rival = await make(options, store)
  try {
    await enqueue(rival, COUNT / 10)
    await consume(rival, COUNT / 10)
    return { enqueue: await rateOf(() => enqueue(rival, COUNT)), ack: await rateOf(() => consume(rival, COUNT)) }
  } finally {
    await rival.end()
  }
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

const main = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-queues-'))
  try {
    const [server, identity] = [generateIdentity(), generateIdentity()]
    await writeIdentity(join(folder, 'server.key'), server)
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
    const files = ['-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.crt')]
    execFileSync('openssl', ['req', '-x509', ...ec, '-nodes', '-days', '2', ...names, ...files], { stdio: 'ignore' })
    const results = new Map(Object.keys(RIVALS).map((name) => [name, []]))
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, make] of Object.entries(RIVALS)) {
        const store = join(folder, `${results.get(name).length}-${Object.keys(RIVALS).indexOf(name)}`)
        results.get(name).push(await measure(make, { folder, identity, serverId: server.id }, store))
      }
    console.log(`node ${process.version}, 64 B, ${IN_FLIGHT} in flight, ${COUNT} a round, ${ROUNDS} rounds, medians`)
    for (const what of ['enqueue', 'ack']) {
      console.log(`\n${what === 'ack' ? 'consume and acknowledge' : what}`)
      const of = (name) => median(results.get(name).map((result) => result[what]))
      const rival = of([...results.keys()].at(-1))
      for (const name of results.keys())
        console.log(
          `  ${name.padEnd(32)} ${Math.round(of(name)).toLocaleString('en').padStart(9)} /s   ${(of(name) / rival).toFixed(2)}x of the last`,
        )
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  process.exit(0)
}

await (process.argv[2] === 'serve' ? serving(process.argv.slice(3)) : main())
