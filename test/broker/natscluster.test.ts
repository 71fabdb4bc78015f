import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { BrokerQueue, Published, Sink } from '../../src/broker/broker.js'
import { type NatsBroker, natsBroker } from '../../src/broker/nats.js'
import { utf8 } from '../../src/bytes.js'
import type { QueueSettings } from '../../src/contract/operation.js'
import type { SottoError } from '../../src/errors.js'
import { listener } from './conformstopic.js'
import { hasNats, NatsServer } from './natsserver.js'
import { counts, deaths, NEVER, one, put, textOf } from './room.js'

const SETTINGS: QueueSettings = {
  leaseMs: 600_000,
  maxDeliveries: 5,
  backoffMs: 10,
  backoffCapMs: 10,
  dedupeMs: 120_000,
  maxMessages: 1_000,
}
const ADDRESS = 'jobs.v1.work'
const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

describe.runIf(hasNats())('services of one NATS', () => {
  let server: NatsServer
  let made = 0

  beforeAll(async () => {
    server = await NatsServer.start()
  })

  afterAll(() => server.remove())

  interface Service {
    readonly broker: NatsBroker
    readonly queue: BrokerQueue
    readonly connection: NatsConnection
    readonly told: readonly SottoError[]
  }

  /** A service with a connection of its own, as another machine has. */
  const service = async (prefix: string, keys = [key(1)], over: Partial<QueueSettings> = {}): Promise<Service> => {
    const connection = await server.connect()
    const told: SottoError[] = []
    const broker = natsBroker({ connection, keys, prefix, timeoutMs: 3_000, failed: (error) => told.push(error) })
    onTestFinished(async () => {
      await broker[Symbol.asyncDispose]()
      await connection.close()
    })
    return { broker, queue: broker.queue(ADDRESS, { ...SETTINGS, ...over }), connection, told }
  }

  const fresh = (): string => `c${made++}`

  test('BR-80 BR-87 what one enqueues another leases, and attempts go on from one to the other', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const { id } = await put(a.queue, 'job')
    const first = await one(b.queue)
    expect([first.id, textOf(first), first.attempt]).toEqual([id, 'job', 1])
    await counts(a.queue, { ready: 0, leased: 1 })
    await b.queue.settle(first.receipt, { is: 'retry', afterMs: 0 })
    const second = await one(a.queue)
    expect([second.id, second.attempt]).toEqual([id, 2])
    await a.queue.settle(second.receipt, { is: 'reject', reason: 'r' })
    expect(await b.queue.dead(1)).toMatchObject([{ id, attempts: 2, reason: 'r' }])
  })

  test('BR-82 what a service has leased is with the others as soon as it is disposed of', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    await put(a.queue, 'job')
    await one(a.queue)
    const other = one(b.queue)
    await a.broker[Symbol.asyncDispose]()
    expect(await other).toMatchObject({ attempt: 2 })
  })

  test('BR-74 BR-77 what an operator moves between queues or makes up is dropped for good, counted and told', async () => {
    const prefix = fresh()
    const { broker, queue, connection, told } = await service(prefix)
    const other = broker.queue('jobs.v1.other', SETTINGS)
    const heard: Uint8Array[] = []
    connection.subscribe(`${prefix}.q.jobs_v1_work.a`, { callback: (_, { data }) => void heard.push(data.slice()) })
    await put(queue, 'first', 'a')
    await counts(other, { ready: 0 })
    expect(heard).toHaveLength(1)
    for (const data of [heard[0] ?? utf8(''), utf8('made up'), new Uint8Array()])
      await connection.request(`${prefix}.q.jobs_v1_other.a`, data)
    await put(other, 'true', 'a')
    expect(textOf(await one(other, 'a'))).toBe('true')
    await counts(other, { ready: 0, leased: 1, dead: 0 })
    expect(broker.unopened).toBe(3)
    expect(told.map(({ code }) => code)).toEqual(['broker/corrupt', 'broker/corrupt', 'broker/corrupt'])
    expect(told.map(({ message }) => message).join()).not.toContain('first')
  })

  test('BR-79 a service with another key is refused everything, and does no harm', async () => {
    const prefix = fresh()
    const [right, wrong] = [await service(prefix), await service(prefix, [key(2)])]
    await put(right.queue, 'job')
    const { signal } = new AbortController()
    for (const act of [
      () => put(wrong.queue, 'x'),
      () => wrong.queue.lease('', 1, signal),
      () => wrong.queue.metrics(),
    ])
      await expect(act()).rejects.toMatchObject({ code: 'broker/failed' })
    const topic = wrong.broker.topic('jobs.v1.told', { retain: false })
    await expect(topic.publish('', utf8('x'))).rejects.toMatchObject({ code: 'broker/failed' })
    expect(await one(right.queue)).toMatchObject({ attempt: 1 })
  })

  test('BR-75 BR-79 a key is replaced while services run, and one that was not given the new key loses nothing', async () => {
    const prefix = fresh()
    const old = await service(prefix, [key(1)])
    const both = await service(prefix, [key(1), key(2)])
    await put(old.queue, 'old')
    await put(both.queue, 'both')
    const next = await service(prefix, [key(2), key(1)])
    await put(next.queue, 'new')
    // The one with the old key alone finds what it cannot open, and that the cluster has gone on.
    expect(textOf(await one(old.queue))).toBe('old')
    expect(textOf(await one(old.queue))).toBe('both')
    await expect(old.queue.lease('', 1, NEVER)).rejects.toMatchObject({ code: 'broker/failed' })
    await old.connection.close()
    await expect(put(await service(prefix, [key(1)]).then(({ queue }) => queue), 'x')).rejects.toMatchObject({
      code: 'broker/failed',
    })
    expect(await service(prefix, [key(2), key(1)]).then(({ queue }) => queue.metrics())).toMatchObject({ dead: 0 })
  })

  test('BR-73 no body, reason, or dedupe key can be read in what NATS stores', async () => {
    const prefix = fresh()
    const { broker, queue } = await service(prefix)
    await queue.enqueue('', utf8('canary-body'), { key: 'canary-key' })
    await queue.settle((await one(queue)).receipt, { is: 'reject', reason: 'canary-reason' })
    await deaths(queue, 1)
    await broker.topic('jobs.v1.told', { retain: true }).publish('s', utf8('canary-topic'))
    const found = filesIn(join(server.directory, 'store')).filter((file) => readFileSync(file).includes('canary'))
    expect(filesIn(join(server.directory, 'store')).length).toBeGreaterThan(0)
    expect(found).toEqual([])
  })

  test('BR-90 BR-91 what one publishes the subscriptions of all hear, in its order, and the last of it who comes later', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const topics = [a, b].map(({ broker }) => broker.topic('house.v1.readings', { retain: true }))
    const [first, second] = topics
    const heard = [listener(), listener(), listener()]
    await first?.subscribe('*', heard[0]?.sink ?? ignore)
    await second?.subscribe('*', heard[1]?.sink ?? ignore)
    const texts = Array.from({ length: 200 }, (_, i) => `${i}`)
    await Promise.all(texts.map(async (text) => first?.publish('s', utf8(text))))
    await heard[0]?.had(200)
    await heard[1]?.had(200)
    for (const { taken } of heard.slice(0, 2)) expect(taken.map(textOf)).toEqual(texts)
    await second?.subscribe('*', heard[2]?.sink ?? ignore)
    expect(await heard[2]?.had(1)).toEqual(['!s=199'])
  })

  test('BR-91 who subscribes while others publish misses nothing, and has nothing twice', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const from = a.broker.topic('house.v1.readings', { retain: true })
    const to = b.broker.topic('house.v1.readings', { retain: true })
    await from.publish('s', utf8('0'))
    let n = 1
    const publishing = (async () => {
      for (; n < 400; n++) await from.publish('s', utf8(`${n}`))
    })()
    const late = listener()
    await to.subscribe('s', late.sink)
    await publishing
    await from.publish('s', utf8('400'))
    while (late.taken.length === 0 || textOf(late.taken[late.taken.length - 1] ?? { body: utf8('') }) !== '400')
      await new Promise((resolve) => setImmediate(resolve))
    const numbers = late.taken.map((message) => Number(textOf(message)))
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 401 - numbers.length + i))
    expect(late.taken.filter(({ retained }) => retained)).toHaveLength(1)
  })

  test('BR-94 of a group over two services, one member gets each message', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const topics = [a, b].map(({ broker }) => broker.topic('house.v1.readings', { retain: false }))
    const heard: string[] = []
    const done = new Promise<void>((resolve) => {
      const sink: Sink = (message) => {
        heard.push(textOf(message))
        if (heard.length === 100) resolve()
        return undefined
      }
      void Promise.all(topics.map((topic) => topic.subscribe('*', sink, 'workers'))).then(async () => {
        for (let n = 0; n < 100; n++) await topics[n % 2]?.publish('s', utf8(`${n}`))
      })
    })
    await done
    expect(new Set(heard).size).toBe(100)
  })

  test('BR-76 a message that an operator sends again is dropped, counted and told', async () => {
    const prefix = fresh()
    const { broker, connection, told } = await service(prefix)
    const topic = broker.topic('house.v1.readings', { retain: false })
    const captured: Uint8Array[] = []
    connection.subscribe(`${prefix}.t.house_v1_readings.s`, {
      callback: (_, { data }) => void captured.push(data.slice()),
    })
    const heard = listener()
    await topic.subscribe('*', heard.sink)
    for (const text of ['1', '2']) await topic.publish('s', utf8(text))
    for (const data of captured) connection.publish(`${prefix}.t.house_v1_readings.s`, data)
    connection.publish(`${prefix}.t.house_v1_readings.t`, captured[1])
    await topic.publish('s', utf8('3'))
    expect(await heard.had(3)).toEqual(['s=1', 's=2', 's=3'])
    expect([broker.unopened, told.length]).toEqual([3, 3])
  })

  test('BR-92 a subscription that takes nothing holds its own publishers, and ends when too much waits', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const here = a.broker.topic('house.v1.readings', { retain: false })
    const there = b.broker.topic('house.v1.readings', { retain: false })
    const taken: Published[] = []
    let open: () => void = () => undefined
    const passed = new Promise<void>((resolve) => {
      open = resolve
    })
    const { failed } = await here.subscribe('*', (message) => {
      taken.push(message)
      return passed
    })
    let isSettled = false
    const own = here.publish('s', utf8('own'))?.then(() => {
      isSettled = true
    })
    await Promise.all(Array.from({ length: 1_024 }, async (_, n) => there.publish('s', utf8(`${n}`))))
    expect(await failed).toMatchObject({ code: 'topic/slow' })
    expect(isSettled).toBe(false)
    expect(taken.length).toBe(1_025)
    open()
    await own
  })

  test('BR-85 BR-86 attempts, dead letters and keys outlive every service, and so do messages', async () => {
    const prefix = fresh()
    const before = await service(prefix)
    const [a, b] = [await put(before.queue, 'a', 's'), await put(before.queue, 'b', 't')]
    await before.queue.settle((await one(before.queue, 's')).receipt, { is: 'retry', afterMs: 0 })
    await before.queue.settle((await one(before.queue, 's')).receipt, { is: 'release', afterMs: 0 })
    await before.queue.settle((await one(before.queue, 't')).receipt, { is: 'reject', reason: 'r' })
    const keyed = await before.queue.enqueue('u', utf8('c'), { key: 'k' })
    await before.broker[Symbol.asyncDispose]()
    const { queue } = await service(prefix)
    expect(await one(queue, 's')).toMatchObject({ id: a.id, attempt: 2 })
    expect(await deaths(queue, 1)).toMatchObject([{ id: b.id, subject: 't', reason: 'r', attempts: 1 }])
    expect(await queue.enqueue('u', utf8('d'), { key: 'k' })).toEqual({ id: keyed.id, duplicate: true })
    await counts(queue, { ready: 1, leased: 1, dead: 1 })
    expect(await queue.replay(b.id)).toBe(true)
    expect(await one(queue, 't')).toMatchObject({ id: b.id, attempt: 1 })
  })

  test('BR-4 of each subject the order is that of its enqueues, and no subject starves', async () => {
    const { queue } = await service(fresh())
    for (let n = 0; n < 60; n++) await put(queue, `${n}`, `s${n % 3}`)
    const got: number[] = []
    while (got.length < 60) {
      const leased = await queue.lease('*', 4, NEVER)
      got.push(...leased.map((message) => Number(textOf(message))))
    }
    for (const rest of [0, 1, 2])
      expect(got.filter((n) => n % 3 === rest)).toEqual(Array.from({ length: 20 }, (_, i) => 3 * i + rest))
    expect(new Set(got.slice(0, 12).map((n) => n % 3)).size).toBe(3)
  })

  test('BR-87 a stream that was taken away is made again, and its service still counts once', async () => {
    const prefix = fresh()
    const { broker, queue, connection } = await service(prefix)
    await put(queue, 'a')
    const manager = await jetstreamManager(connection)
    for (let round = 0; round < 3; round++) {
      await manager.streams.delete(`${prefix}_q_jobs_v1_work`)
      await expect.poll(() => put(queue, 'b').catch(() => undefined), { timeout: 10_000 }).toBeDefined()
    }
    const topic = broker.topic('house.v1.readings', { retain: true })
    await topic.publish('s', utf8('x'))
    await manager.streams.delete(`${prefix}_t_house_v1_readings`)
    const published = () =>
      Promise.resolve(topic.publish('s', utf8('y'))).then(
        () => true,
        () => false,
      )
    await expect.poll(published, { timeout: 10_000 }).toBe(true)
    for (const text of ['c', 'd', 'e']) await put(queue, text)
    await one(queue)
    expect(await queue.metrics()).toMatchObject({ ready: 3, leased: 1 })
  })

  test('BR-26 BR-86 a dead letter whose consumer is gone is replayed', async () => {
    const prefix = fresh()
    const { queue, connection } = await service(prefix)
    const { id } = await put(queue, 'a')
    await queue.settle((await one(queue)).receipt, { is: 'reject', reason: 'r' })
    const manager = await jetstreamManager(connection)
    expect(await manager.consumers.delete(`${prefix}_q_jobs_v1_work`, 'all')).toBe(true)
    const { queue: other } = await service(prefix)
    expect(await other.replay(id)).toBe(true)
    expect(await one(other)).toMatchObject({ id, attempt: 1 })
  })

  test('BR-84 a delay is kept by a service that did not make it', async () => {
    const prefix = fresh()
    const [a, b] = [await service(prefix), await service(prefix)]
    const from = performance.now()
    await a.queue.enqueue('', utf8('late'), { delayMs: 300 })
    await a.broker[Symbol.asyncDispose]()
    expect(await one(b.queue)).toMatchObject({ attempt: 1 })
    expect(performance.now() - from).toBeGreaterThanOrEqual(280)
  })
})

const ignore: Sink = () => undefined

const filesIn = (directory: string): string[] =>
  readdirSync(directory).flatMap((name) => {
    const path = join(directory, name)
    return statSync(path).isDirectory() ? filesIn(path) : [path]
  })
