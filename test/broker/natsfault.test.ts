import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NatsConnection } from '@nats-io/transport-node'
import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import type { Leased } from '../../src/broker/broker.js'
import { type NatsBroker, type NatsBrokerOptions, natsBroker } from '../../src/broker/nats.js'
import { utf8 } from '../../src/bytes.js'
import { contract } from '../../src/contract/define.js'
import { type QueueSettings, topic } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import { serve } from '../../src/messaging/serve.js'
import { listener } from './conformstopic.js'
import { hasNats, NatsServer } from './natsserver.js'
import { counts, NEVER, one, put, several, textOf } from './room.js'

const SETTINGS: QueueSettings = {
  leaseMs: 2_000,
  maxDeliveries: 100,
  backoffMs: 10,
  backoffCapMs: 10,
  dedupeMs: 120_000,
  maxMessages: 100_000,
}
const ADDRESS = 'jobs.v1.work'
const KEYS = [new Uint8Array(32).fill(3)]

/** How many messages are under way when the server is killed. */
const LOAD = Number(process.env.SOTTO_NATS_LOAD ?? 300)

const started = async (config?: string): Promise<NatsServer> => {
  const server = await NatsServer.start(config)
  onTestFinished(() => server.remove())
  return server
}

const brokerOn = (connection: NatsConnection, over: Partial<NatsBrokerOptions> = {}): NatsBroker => {
  const broker = natsBroker({ connection, keys: KEYS, timeoutMs: 1_000, failed: () => undefined, ...over })
  onTestFinished(async () => {
    await broker[Symbol.asyncDispose]()
    await connection.close()
  })
  return broker
}

describe.runIf(hasNats())('NATS that fails', () => {
  test('BR-88 everything that is under way when NATS is killed settles, and goes on when it is back', async () => {
    const server = await started()
    const queue = brokerOn(await server.connect()).queue(ADDRESS, SETTINGS)
    const consumer = brokerOn(await server.connect()).queue(ADDRESS, SETTINGS)
    const giveUp = new AbortController()
    const stored = new Set<string>()
    const acked = new Set<string>()
    const handed: string[] = []
    const consuming = (async () => {
      for (;;) {
        const leased = await consumer.lease('', 64, giveUp.signal)
        if (leased.length === 0) return
        await Promise.all(leased.map((message) => settle(consumer.settle(message.receipt, { is: 'ack' }), message)))
      }
    })()
    const settle = async (settled: Promise<boolean>, { id }: Leased): Promise<void> => {
      handed.push(id)
      if (await settled.catch(failed)) acked.add(id)
    }
    let killing: Promise<void> | undefined
    for (let n = 0; stored.size < LOAD; n++) {
      const { id } = (await put(queue, `${n}`).catch(failed)) || { id: undefined }
      if (id !== undefined) stored.add(id)
      if (stored.size === Math.floor(LOAD / 2)) killing ??= server.kill().then(() => server.run())
    }
    await killing
    await put(queue, 'last').then(({ id }) => stored.add(id))
    const missing = (): number => [...stored].filter((id) => !acked.has(id)).length
    await expect.poll(missing, { timeout: 50_000 }).toBe(0)
    giveUp.abort()
    await consuming
    const twice = handed.length - new Set(handed).size
    console.log(`NATS killed -9: ${stored.size} stored, ${acked.size} acknowledged, ${twice} handed out twice`)
  })

  test('BR-88 BR-93 what asks while NATS is away is told so, a lease waits, and a subscription hears what comes behind', async () => {
    const server = await started()
    const broker = brokerOn(await server.connect())
    const queue = broker.queue(ADDRESS, SETTINGS)
    const topic = broker.topic('house.v1.readings', { retain: true })
    const heard = listener()
    await topic.subscribe('s', heard.sink)
    await topic.publish('s', utf8('before'))
    await put(queue, 'a')
    const { receipt } = await one(queue)
    await server.kill()
    const waiting = one(queue)
    const acts: readonly unknown[] = [
      put(queue, 'b'),
      queue.settle(receipt, { is: 'ack' }),
      queue.dead(1),
      queue.replay('1'),
      queue.discard('1'),
      queue.metrics(),
      topic.publish('s', utf8('away')),
      topic.subscribe('s', heard.sink),
      broker.queue('jobs.v1.fresh', SETTINGS).metrics(),
    ]
    for (const outcome of await Promise.allSettled(acts))
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'broker/failed' } })
    await server.run()
    await waiting
    // What is retained comes again, for it may have changed meanwhile (BR-93).
    while (!heard.taken.some(({ retained }) => retained)) await new Promise((resolve) => setImmediate(resolve))
    await topic.publish('s', utf8('after'))
    while (!heard.taken.some((message) => textOf(message) === 'after'))
      await new Promise((resolve) => setImmediate(resolve))
    expect(heard.taken[0]).toMatchObject({ retained: false })
  })

  test('TO-4 BR-93 who subscribes to a service hears what is retained anew behind an outage of NATS, and what comes then', async () => {
    const server = await started()
    const House = contract('house.v1', { readings: topic(z.string(), { retain: true }) })
    const { local } = serve(House, { broker: brokerOn(await server.connect()) }, {})
    const heard = local.readings.subscribe()
    await heard.ready
    const reader = heard[Symbol.asyncIterator]()
    const value = async () => (await reader.next()).value?.value
    await local.readings.publish('before')
    expect(await value()).toBe('before')
    await server.kill()
    await server.run()
    expect(await value()).toBe('before')
    await local.readings.publish('after')
    expect(await value()).toBe('after')
  })

  test('BR-89 a broker whose connection is closed fails everything, and tells its subscriptions', async () => {
    const server = await started()
    const connection = await server.connect()
    const broker = brokerOn(connection)
    const queue = broker.queue(ADDRESS, SETTINGS)
    const { failed } = await broker.topic('house.v1.readings', { retain: false }).subscribe('s', () => undefined)
    await put(queue, 'a')
    const { receipt } = await one(queue)
    const waiting = queue.lease('', 1, NEVER)
    waiting.catch(() => undefined)
    await connection.close()
    expect(await failed).toMatchObject({ code: 'broker/failed' })
    await expect(waiting).rejects.toMatchObject({ code: 'broker/failed' })
    await expect(queue.settle(receipt, { is: 'ack' })).rejects.toMatchObject({ code: 'broker/failed' })
    await expect(put(queue, 'b')).rejects.toMatchObject({ code: 'broker/failed' })
  })

  test('BR-89 a NATS without room for another message refuses it, and what it has can be consumed', async () => {
    const server = await started('jetstream { max_file_store: 200KB }')
    const broker = brokerOn(await server.connect())
    const queue = broker.queue(ADDRESS, SETTINGS)
    const body = new Uint8Array(10_000)
    let stored = 0
    const failure = await (async () => {
      for (; stored < 100; stored++) await queue.enqueue('', body, {})
    })().catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'broker/failed' })
    expect(stored).toBeGreaterThan(10)
    for (const { receipt } of await several(queue, stored)) await queue.settle(receipt, { is: 'ack' })
    await counts(queue, { ready: 0, leased: 0 })
    await queue.enqueue('', body, {})
  })

  test('BR-89 a message larger than NATS takes is refused', async () => {
    const server = await started('max_payload: 4096')
    const broker = brokerOn(await server.connect())
    const topic = broker.topic('house.v1.readings', { retain: false })
    const queue = broker.queue(ADDRESS, SETTINGS)
    for (const act of [
      () => queue.enqueue('', new Uint8Array(5_000), {}),
      () => topic.publish('', new Uint8Array(5_000)),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'broker/failed' })
    await put(queue, 'small')
    expect(textOf(await one(queue))).toBe('small')
  })

  test('BR-70 queues and topics work over TLS, as a user with a password and rights to the prefix alone', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'sotto-tls-'))
    onTestFinished(() => rmSync(directory, { recursive: true }))
    const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
    const name = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost']
    execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    })
    const allowed = '["app.>", "$JS.API.>", "$JS.ACK.>", "_INBOX.>"]'
    const user = `{ user: sotto, password: secret, permissions: { publish: ${allowed}, subscribe: ["app.>", "_INBOX.>"] } }`
    const tls = `tls { cert_file: "${certificate}", key_file: "${key}" }`
    const server = await started(`${tls}\nauthorization { users: [${user}] }`)
    const ca = readFileSync(certificate, 'utf8')
    const connection = await server.connect({ tls: { ca }, user: 'sotto', pass: 'secret' })
    expect(connection.info?.tls_required).toBe(true)
    const broker = brokerOn(connection, { prefix: 'app' })
    const queue = broker.queue(ADDRESS, SETTINGS)
    await queue.enqueue('a', utf8('job'), { key: 'k', delayMs: 30 })
    await queue.settle((await one(queue, '*')).receipt, { is: 'reject', reason: 'r' })
    expect(await queue.dead(1)).toMatchObject([{ reason: 'r', attempts: 1 }])
    const topic = broker.topic('house.v1.readings', { retain: true })
    await topic.publish('s', utf8('kept'))
    const heard = listener()
    await topic.subscribe('*', heard.sink)
    expect(await heard.had(1)).toEqual(['!s=kept'])
    await expect(server.connect({ tls: { ca }, user: 'sotto', pass: 'wrong' })).rejects.toThrow()
  })
})

/** An outage is what is expected; anything else is a fault. */
const failed = (error: unknown): false => {
  if (SottoError.is(error, 'broker/failed')) return false
  throw error
}
