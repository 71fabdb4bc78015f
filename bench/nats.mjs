// `node bench/nats.mjs [MESSAGES]`: a KiB enqueued, leased and acknowledged through the broker on NATS, and published to a subscription,
// beside the same with the client of NATS alone: JetStream with file storage on loopback, one process, 256 in flight, in one run.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { natsBroker } from 'sotto/nats'
import { freePort } from './ports.mjs'

const MESSAGES = Number(process.argv[2] ?? 20_000)
const IN_FLIGHT = 256
const ROUNDS = 3
const body = new Uint8Array(1_024).fill(7)

const directory = mkdtempSync(join(tmpdir(), 'sotto-bench-nats-'))
const port = await freePort()
const options = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', directory]
const server = spawn('/usr/sbin/nats-server', options, { stdio: ['ignore', 'ignore', 'pipe'] })
await new Promise((resolve) => server.stderr.on('data', (data) => data.includes('ready') && resolve()))
const connection = await connect({ servers: `127.0.0.1:${port}`, noAsyncTraces: true })
const js = jetstream(connection)
const jsm = await jetstreamManager(connection)

/** Messages a second of `act`, so many at once. */
const rate = async (act) => {
  const from = performance.now()
  let left = MESSAGES
  const one = async () => {
    while (left-- > 0) await act()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, one))
  return (MESSAGES / (performance.now() - from)) * 1_000
}

const raw = async (name) => {
  await jsm.streams.add({ name, subjects: [name], retention: 'workqueue', storage: 'file' })
  await jsm.consumers.add(name, { durable_name: 'all', ack_policy: 'explicit', max_ack_pending: -1 })
  const enqueue = await rate(() => js.publish(name, body))
  const consumer = await js.consumers.get(name, 'all')
  const from = performance.now()
  let acked = 0
  const acks = []
  for await (const message of await consumer.consume({ max_messages: IN_FLIGHT })) {
    acks.push(message.ackAck())
    if (++acked === MESSAGES) break
  }
  await Promise.all(acks)
  return { enqueue, ack: (MESSAGES / (performance.now() - from)) * 1_000 }
}

const settings = {
  leaseMs: 600_000,
  maxDeliveries: 5,
  backoffMs: 1_000,
  backoffCapMs: 60_000,
  dedupeMs: 120_000,
  maxMessages: 1_000_000,
}

const sotto = async (broker, address) => {
  const queue = broker.queue(address, settings)
  await queue.metrics()
  const enqueue = await rate(() => queue.enqueue('', body, {}))
  const { signal } = new AbortController()
  const from = performance.now()
  const acks = []
  while (acks.length < MESSAGES)
    for (const { receipt } of await queue.lease('', IN_FLIGHT, signal)) acks.push(queue.settle(receipt, { is: 'ack' }))
  await Promise.all(acks)
  return { enqueue, ack: (MESSAGES / (performance.now() - from)) * 1_000 }
}

/** From the first publish to the last message heard. */
const heard = async (subscribe, publish) => {
  let count = 0
  let done
  const all = new Promise((resolve) => {
    done = resolve
  })
  await subscribe(() => void (++count === MESSAGES && done()))
  const from = performance.now()
  await Promise.all([rate(publish), all])
  return (MESSAGES / (performance.now() - from)) * 1_000
}

const broker = natsBroker({ connection, keys: [crypto.getRandomValues(new Uint8Array(32))] })
const median = (numbers) => numbers.sort((a, b) => a - b)[numbers.length >> 1]
const all = { enqueue: [], ack: [], publish: [] }
const rawAll = { enqueue: [], ack: [], publish: [] }
for (let round = 0; round < ROUNDS; round++) {
  const theirs = await raw(`raw${round}`)
  const ours = await sotto(broker, `bench.v1.queue${round}`)
  for (const part of ['enqueue', 'ack']) {
    rawAll[part].push(theirs[part])
    all[part].push(ours[part])
  }
  const topic = broker.topic(`bench.v1.topic${round}`, { retain: false })
  const listen = (sink) => topic.subscribe('', () => void sink())
  all.publish.push(await heard(listen, () => topic.publish('', body)))
  const plain = async (sink) => connection.subscribe(`plain${round}`, { callback: sink })
  const publish = async () => {
    connection.publish(`plain${round}`, body)
    await connection.flush()
  }
  rawAll.publish.push(await heard(plain, publish))
}
for (const part of Object.keys(all)) {
  const [ours, theirs] = [median(all[part]), median(rawAll[part])]
  console.log(
    `${part.padEnd(8)} broker ${Math.round(ours)}/s  NATS alone ${Math.round(theirs)}/s  ratio ${(ours / theirs).toFixed(2)}`,
  )
}
await broker[Symbol.asyncDispose]()
await connection.close()
server.kill()
rmSync(directory, { recursive: true })
