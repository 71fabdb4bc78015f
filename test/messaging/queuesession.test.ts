import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { memoryBroker } from '../../src/broker/memory.js'
import type { Wire } from '../../src/cbor.js'
import { queue } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import {
  type Broker,
  contract,
  linkOver,
  memoryPair,
  type Policy,
  type Rule,
  type Session,
  SottoError,
} from '../../src/index.js'
import { callerOf, type Served } from '../../src/link/face.js'
import { client } from '../../src/messaging/client.js'
import { type ServeOptions, serve } from '../../src/messaging/serve.js'
import { policyStore } from '../../src/policy/store.js'
import { ManualClock } from '../broker/store.js'
import { alice, code, dialling, failure, listening, pair, unhandled } from '../link/sessions.js'
import { first, told } from './queues.js'
import { isSettled, turns } from './topics.js'

const Works = contract('works.v1', {
  jobs: queue(z.object({ n: z.number() }), {
    subject: '{room}.{kind}',
    visible: ['n'],
    leaseMs: 1_000,
    backoffMs: 100,
    backoffCapMs: 400,
  }),
  blobs: queue(bytes),
})

const at = (room: string, kind = 'a') => ({ room, kind })

const rule = (id: string, over: Partial<Rule> = {}): Rule =>
  // The cast: a rule is `by` or `to`, and what is laid over says which.
  ({ id, effect: 'allow', by: ['any'], verbs: ['enqueue', 'consume'], on: ['works.v1.>'], ...over }) as Rule

const policyOf = (...rules: readonly Rule[]): Policy => ({ version: 1, rules })

const all = policyOf(rule('all'))

/** A session with the works, whose own queues are at hand too, with time that is told to pass. */
const atWorks = async (policy: Policy | ReturnType<typeof policyStore> = all, options: ServeOptions = {}) => {
  const clock = new ManualClock()
  const broker = memoryBroker({ clock })
  onTestFinished(() => broker[Symbol.asyncDispose]())
  const service = serve(Works, { broker, ...options }, {})
  const { near, far } = await pair({ near: { use: [Works], policy: all }, far: { serve: [service], policy } })
  return { works: client(near, Works), local: service.local, queues: service.queues, near, far, service, clock }
}

/** A broker of a program's own whose queues settle nothing. */
const unsettled = (): Broker => {
  const broker = memoryBroker()
  return {
    topic: (address, settings) => broker.topic(address, settings),
    queue: (address, settings) => {
      const stored = broker.queue(address, settings)
      return {
        enqueue: (subject, body, options) => stored.enqueue(subject, body, options),
        lease: (filter, count, signal) => stored.lease(filter, count, signal),
        settle: () => Promise.reject(SottoError.of('broker/failed', 'it settles nothing')),
        dead: (count, after) => stored.dead(count, after),
        replay: (id) => stored.replay(id),
        discard: (id) => stored.discard(id),
        metrics: () => stored.metrics(),
      }
    },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

const consuming = <T>(consumer: AsyncIterable<T>): AsyncIterator<T, unknown> => consumer[Symbol.asyncIterator]()

test('QU-4 QU-11 a peer enqueues and consumes over a session, and is known as who enqueued', async () => {
  const { works, queues } = await atWorks()
  const { id, duplicate } = await works.jobs.enqueue(at('kitchen'), { n: 1 }, { key: 'k' })
  expect([duplicate, await works.jobs.enqueue(at('kitchen'), { n: 2 }, { key: 'k' })]).toEqual([
    false,
    { id, duplicate: true },
  ])
  const consumer = consuming(works.jobs.consume({ room: 'kitchen' }))
  const job = await first(consumer)
  expect(job).toMatchObject({ id, value: { n: 1 }, subject: at('kitchen'), from: alice.id, attempt: 1 })
  await job.extend(5_000)
  await job.retry({ afterMs: 0 })
  const again = await first(consumer)
  expect(again.attempt).toBe(2)
  await again.reject('no')
  expect(await queues.jobs.dead()).toEqual([
    { id, subject: at('kitchen'), attempts: 2, reason: 'no', from: alice.id, value: { n: 1 }, error: undefined },
  ])
})

test('QU-5 tells a peer that the queue is full', async () => {
  const Small = contract('works.v1', { jobs: queue(z.number(), { maxMessages: 1 }) })
  const { near } = await pair({ near: { use: [Small], policy: all }, far: { serve: [serve(Small, {})], policy: all } })
  await client(near, Small).jobs.enqueue(1)
  expect(await failure(client(near, Small).jobs.enqueue(2))).toMatchObject({ code: 'broker/full', ran: 'no' })
})

test('QU-5 tells a peer that the broker failed, with ran of maybe', async () => {
  const broker = memoryBroker()
  const { works } = await atWorks(all, { broker, failed: () => undefined })
  const waiting = first(consuming(works.jobs.consume()))
  await turns()
  await broker[Symbol.asyncDispose]()
  expect(await failure(works.jobs.enqueue(at('a'), { n: 1 }))).toMatchObject({ code: 'broker/failed', ran: 'maybe' })
  expect(await code(waiting)).toBe('broker/failed')
})

test('QU-16 a session that is lost gives back at once what its consumer held, and tells it so', async () => {
  const errors = unhandled()
  const { works, local, near, queues } = await atWorks()
  for (let n = 0; n < 3; n++) await local.jobs.enqueue(at('kitchen'), { n })
  const consumer = consuming(works.jobs.consume({}, { credit: 3 }))
  const held = await first(consumer)
  const asked = held.ack()
  near.abort()
  expect(await failure(asked)).toMatchObject({ code: 'session/lost', ran: 'maybe' })
  expect(await failure(held.retry())).toMatchObject({ code: 'session/lost', ran: 'no' })
  expect(await code(Promise.resolve(consumer.next()))).toBe('session/lost')
  await turns()
  expect(await queues.jobs.metrics()).toMatchObject({ ready: 3, leased: 0 })
  const attempts = new Set<number>()
  const other = consuming(local.jobs.consume({}, { credit: 3 }))
  for (let n = 0; n < 3; n++) attempts.add((await first(other)).attempt)
  expect(attempts).toEqual(new Set([2]))
  expect(await errors()).toEqual([])
})

test('QU-19 QU-20 a delivery that is denied goes to others, is asked for again after a growing pause, and is never a dead letter', async () => {
  const { works, local, queues, clock } = await atWorks(
    policyOf(rule('all'), rule('no', { effect: 'deny', verbs: ['consume'], on: ['works.v1.jobs.hall.*'] })),
  )
  await local.jobs.enqueue(at('hall'), { n: 1 })
  await local.jobs.enqueue(at('kitchen'), { n: 2 })
  const consumer = consuming(works.jobs.consume())
  const job = await first(consumer)
  expect(job.value).toEqual({ n: 2 })
  const next = first(consumer)
  await job.ack()
  await turns()
  for (let n = 0; n < 20; n++) {
    clock.advance(1_000)
    await turns()
  }
  expect(await queues.jobs.metrics()).toMatchObject({ leased: 0, dead: 0 })
  const theirs = first(consuming(local.jobs.consume({ room: 'hall' })))
  await turns()
  clock.advance(1_000)
  expect(await theirs).toMatchObject({ value: { n: 1 }, attempt: 1 })
  await local.jobs.enqueue(at('kitchen'), { n: 3 })
  expect((await next).value).toEqual({ n: 3 })
})

test('QU-19 asks the rules of each delivery, with what it says, and of handing it to that peer', async () => {
  const { works, local } = await atWorks(
    policyOf(
      rule('all'),
      rule('high', {
        effect: 'deny',
        verbs: ['consume'],
        when: [
          { attribute: 'body.n', is: 'present' },
          { attribute: 'body.n', is: 'gt', value: 9 },
        ],
      }),
      { id: 'out', effect: 'deny', to: [alice.id], verbs: ['enqueue'], on: ['works.v1.jobs.hall.*'] },
    ),
  )
  await local.jobs.enqueue(at('kitchen'), { n: 10 })
  await local.jobs.enqueue(at('hall'), { n: 1 })
  await local.jobs.enqueue(at('kitchen'), { n: 9 })
  expect((await first(consuming(works.jobs.consume({}, { credit: 3 })))).value).toEqual({ n: 9 })
})

test('QU-19 denies an enqueue and a consumer whose address no rule allows', async () => {
  const { works } = await atWorks(
    policyOf(
      rule('put', { verbs: ['enqueue'], on: ['works.v1.jobs.kitchen.*'] }),
      rule('take', { verbs: ['consume'], on: ['works.v1.jobs.hall.*'] }),
    ),
  )
  await works.jobs.enqueue(at('kitchen'), { n: 1 })
  expect(await code(works.jobs.enqueue(at('hall'), { n: 1 }))).toBe('policy/denied')
  expect(await code(consuming(works.jobs.consume()).next() as Promise<unknown>)).toBe('policy/denied')
  expect(await code(consuming(works.jobs.consume({ room: 'kitchen' })).next() as Promise<unknown>)).toBe(
    'policy/denied',
  )
  const allowed = first(consuming(works.jobs.consume({ room: 'hall' })))
  expect(await isSettled(allowed)).toBe(false)
})

test('QU-16 a consumer that another policy denies ends, and what it held is given back', async () => {
  const store = policyStore(all)
  const { works, local, queues } = await atWorks(store)
  for (let n = 0; n < 2; n++) await local.jobs.enqueue(at('kitchen'), { n })
  const consumer = consuming(works.jobs.consume({}, { credit: 2 }))
  const held = await first(consumer)
  await first(consumer)
  store.replace(policyOf(rule('put', { verbs: ['enqueue'] })))
  expect(await code(consumer.next() as Promise<unknown>)).toBe('policy/denied')
  await turns()
  expect(await queues.jobs.metrics()).toMatchObject({ ready: 2, leased: 0 })
  expect(await code(held.ack())).toBe('call/cancelled')
})

test('QU-18 makes a dead letter of what is larger than its consumer takes', async () => {
  const service = serve(Works, {})
  const { near } = await pair({
    near: { use: [Works], policy: all, protocol: { limits: { message: 1_024 } } },
    far: { serve: [service], policy: all },
  })
  await service.local.blobs.enqueue(new Uint8Array(2_000))
  await service.local.blobs.enqueue(new Uint8Array(10))
  expect((await first(consuming(client(near, Works).blobs.consume()))).value.length).toBe(10)
  expect(await service.queues.blobs.dead()).toMatchObject([{ reason: 'larger than its consumer takes', attempts: 1 }])
})

test('QU-27 a consumer ends when its broker fails to take back what it may not have', async () => {
  const service = serve(Works, { broker: unsettled() }, {})
  const { near } = await pair({
    near: { use: [Works], policy: all, protocol: { limits: { message: 1_024 } } },
    far: { serve: [service], policy: all },
  })
  await service.local.blobs.enqueue(new Uint8Array(2_000))
  expect(await code(first(consuming(client(near, Works).blobs.consume())))).toBe('broker/failed')
})

test('QU-29 a consumer that does not read leases no more than there is room for', async () => {
  const { near, local, queues } = await atWorks()
  for (let n = 0; n < 100; n++) await local.blobs.enqueue(new Uint8Array(60_000))
  const stream = callerOf(near).stream('works.v1', 'blobs', { credit: 1_000 }, {})
  await told(stream)
  await turns()
  // The window of the exchange, what may wait to be framed, and the one that there was no room behind.
  const most = Math.ceil((262_144 + 131_072) / 60_000) + 1
  const { leased, ready } = await queues.blobs.metrics()
  expect(leased).toBeGreaterThan(1)
  expect(leased).toBeLessThanOrEqual(most)
  expect(ready).toBe(100 - leased)
  // They go on as they are read, each for the first time.
  for (let n = 1; n <= 100; n++) {
    expect(await told(stream)).toMatchObject([n, '', expect.any(String), 1, expect.anything()])
  }
})

test.each<[string, readonly Wire[]]>([
  ['of a number that was never sent', [[2, 'ack']]],
  ['of another form', [[1, 'forget']]],
  ['that is no list', ['ack']],
])('QU-13 QU-14 a settlement %s ends the consumer of a peer, and not its session', async (_, items) => {
  const { near, works, local, queues } = await atWorks()
  await local.jobs.enqueue(at('kitchen'), { n: 1 })
  const stream = callerOf(near).stream('works.v1', 'jobs', {}, {}, { subject: '*.*' })
  await told(stream)
  await told(stream)
  for (const item of items) await stream.write(item)
  expect(await code(stream.read())).toBe('contract/invalid')
  await turns()
  expect(await queues.jobs.metrics()).toMatchObject({ ready: 1, leased: 0 })
  expect((await first(consuming(works.jobs.consume()))).attempt).toBe(2)
})

test('QU-15 a peer that floods with settlements and reads no answer is made to wait, and harms nobody', async () => {
  const { near, works, local } = await atWorks()
  await local.jobs.enqueue(at('kitchen'), { n: 1 })
  const stream = callerOf(near).stream('works.v1', 'jobs', {}, {}, { subject: '*.*' })
  await told(stream)
  await told(stream)
  let written = 0
  const flood = (async () => {
    for (; written < 200_000; written++) await stream.write([1, 'extend', 2 ** 31 - 1])
  })()
  await turns(400)
  expect(written).toBeLessThan(200_000)
  const { id } = await works.jobs.enqueue(at('hall'), { n: 2 })
  expect((await first(consuming(works.jobs.consume({ room: 'hall' })))).id).toBe(id)
  stream.abort(undefined)
  await flood.catch(() => undefined)
})

/** A service that hands a consumer whatever it likes. */
const handing = (...items: readonly Wire[]): Served => ({
  ...serve(Works, {}),
  answer: async ({ stream }) => {
    for (const item of items) await stream?.write(item)
    return await new Promise(() => undefined)
  },
})

const good = [1, 'kitchen.a', 'id', 1, [null, { n: 1 }]]

test.each<[string, readonly Wire[]]>([
  ['no null first', [good]],
  ['null twice', [null, null]],
  ['a number that is not the next', [null, [2, 'kitchen.a', 'id', 1, [null, { n: 1 }]]]],
  ['more than the credit', [null, good, [2, 'kitchen.a', 'id', 1, [null, { n: 1 }]]]],
  ['a subject that its filter does not take', [null, [1, 'hall.a', 'id', 1, [null, { n: 1 }]]]],
  ['a subject of another template', [null, [1, 'kitchen', 'id', 1, [null, { n: 1 }]]]],
  ['an attempt of 0', [null, [1, 'kitchen.a', 'id', 0, [null, { n: 1 }]]]],
  ['an id that is no text', [null, [1, 'kitchen.a', 7, 1, [null, { n: 1 }]]]],
  ['an entry of another form', [null, [1, 'kitchen.a', 'id', 1, [7, { n: 1 }]]]],
  ['a delivery of four', [null, [1, 'kitchen.a', 'id', 1]]],
  ['an answer that was not asked for', [null, [1, true]]],
])('QU-21 a consumer gives up a service that sends %s', async (_, items) => {
  const { near } = await pair({ near: { use: [Works], policy: all }, far: { serve: [handing(...items)], policy: all } })
  const consumer = consuming(client(near, Works).jobs.consume({ room: 'kitchen' }))
  const read = async (): Promise<void> => {
    for (;;) await first(consumer)
  }
  expect(await code(read())).toBe('contract/invalid')
})

test('QU-21 ME-43 what was asked of a delivery settles though its service answers for another', async () => {
  for (const answer of [
    [2, true],
    [1, 'yes'],
  ]) {
    const service: Served = {
      ...handing(null, good),
      answer: async ({ stream }) => {
        for (const item of [null, good]) await stream?.write(item)
        await stream?.read()
        await stream?.write(answer)
        await stream?.closed
        return undefined
      },
    }
    const { near } = await pair({ near: { use: [Works], policy: all }, far: { serve: [service], policy: all } })
    const consumer = consuming(client(near, Works).jobs.consume({ room: 'kitchen' }))
    const delivery = await first(consumer)
    const asked = failure(delivery.ack())
    expect(await code(Promise.resolve(consumer.next()))).toBe('contract/invalid')
    expect(await asked).toMatchObject({ code: 'call/cancelled', ran: 'maybe' })
  }
})

test('QU-6 an enqueue whose reply is of another form fails with contract/invalid, and ran of yes', async () => {
  for (const value of [undefined, 7, { id: 'a' }, { id: 7, duplicate: false }, { id: 'a', duplicate: 0 }]) {
    const service: Served = { ...serve(Works, {}), answer: () => ({ is: 'reply', value }) }
    const { near } = await pair({ near: { use: [Works], policy: all }, far: { serve: [service], policy: all } })
    expect(await failure(client(near, Works).jobs.enqueue(at('a'), { n: 1 }))).toMatchObject({
      code: 'contract/invalid',
      ran: 'yes',
    })
  }
})

test('QU-23 over a link a consumer goes on in the next session, where what it had not settled comes again', async () => {
  const service = serve(Works, {})
  const answering = listening({ serve: [service], policy: all })
  const cut: (() => void)[] = []
  const on = linkOver(
    () => {
      const [left, right] = memoryPair()
      answering.accept(right).catch(() => undefined)
      cut.push(() => left.abort(new Error('cut')))
      return Promise.resolve(left)
    },
    dialling({ use: [Works], policy: all }),
    { firstMs: 1, capMs: 5 },
  )
  onTestFinished(() => on.close())
  const jobs = client(on, Works).jobs
  const consumer = consuming(jobs.consume({}, { credit: 2 }))
  for (let n = 1; n <= 2; n++) await service.local.jobs.enqueue(at('kitchen'), { n })
  const held = await first(consumer)
  await turns()
  cut[0]?.()
  expect(await code(held.ack())).toBe('session/lost')
  const again = [await first(consumer), await first(consumer)]
  expect(new Map(again.map(({ value: { n }, attempt }) => [n, attempt]))).toEqual(
    new Map([
      [1, 2],
      [2, 2],
    ]),
  )
  for (const delivery of again) await delivery.ack()
  expect(await service.queues.jobs.metrics()).toMatchObject({ ready: 0, leased: 0, delayed: 0 })
})

test('QU-25 lists dead letters in pages, those that cannot be read too, and replays and discards them', async () => {
  const broker = memoryBroker()
  const { local, queues } = await atWorks(all, { broker })
  const stored = broker.queue('works.v1.jobs', Works.operations.jobs.settings)
  const good = await local.jobs.enqueue(at('kitchen'), { n: 1 })
  const odd = await stored.enqueue('kitchen.a', Uint8Array.of(0x82, 0xf6, 0x07), {})
  const broken = await stored.enqueue('kitchen.a', Uint8Array.of(0xff), {})
  for (const { receipt } of await stored.lease('*.*', 3, new AbortController().signal))
    await stored.settle(receipt, { is: 'reject', reason: 'r' })
  const page = await queues.jobs.dead({ count: 2 })
  expect(page.map(({ id, value, error }) => [id, value, error?.code])).toEqual([
    [good.id, { n: 1 }, undefined],
    [odd.id, undefined, 'contract/invalid'],
  ])
  const rest = await queues.jobs.dead({ after: odd.id })
  expect(rest.map(({ id, error }) => [id, error?.code])).toEqual([[broken.id, 'broker/corrupt']])
  expect([
    await queues.jobs.replay(good.id),
    await queues.jobs.discard(odd.id),
    await queues.jobs.discard('x'),
  ]).toEqual([true, true, false])
  expect(await queues.jobs.metrics()).toMatchObject({ ready: 1, dead: 1 })
  await expect(queues.jobs.dead({ count: 0 })).rejects.toThrow(RangeError)
  await expect(queues.jobs.dead({ count: 1_001 })).rejects.toThrow(RangeError)
})

test('SE-158 QU-28 a close of either end answers what was asked before, ends the consumer, and gives back the rest at once', async () => {
  type Ends = Pick<Awaited<ReturnType<typeof atWorks>>, 'near' | 'far'>
  for (const close of [({ near }: Ends) => near.close(), ({ far }: Ends) => far.close()]) {
    const { works, local, queues, ...ends } = await atWorks()
    for (let n = 1; n <= 3; n++) await local.jobs.enqueue(at('kitchen'), { n })
    const consumer = consuming(works.jobs.consume({}, { credit: 3 }))
    const [done, held] = [await first(consumer), await first(consumer)]
    const acked = done.ack()
    const closed = close(ends)
    await acked
    expect(await isSettled(closed)).toBe(true)
    expect(await ends.near.closed).toEqual({ clean: true })
    expect(await code(held.ack())).toBe('session/lost')
    expect(await code(consumer.next())).toBe('session/closed')
    expect(await queues.jobs.metrics()).toMatchObject({ ready: 2, leased: 0 })
  }
})

test('SE-158 a settlement that is asked for while the session closes has an outcome', async () => {
  const { works, local, near } = await atWorks()
  await local.jobs.enqueue(at('kitchen'), { n: 1 })
  const held = await first(consuming(works.jobs.consume()))
  const closed = near.close()
  expect(await code(held.ack())).toBe('session/lost')
  await closed
})

test('QU-23 SE-158 over a link whose server drains a consumer goes on in the next session, where what it held comes again', async () => {
  const service = serve(Works, {})
  const answering = listening({ serve: [service], policy: all })
  const accepted: Promise<Session>[] = []
  const on = linkOver(
    () => {
      const [left, right] = memoryPair()
      accepted.push(answering.accept(right))
      return Promise.resolve(left)
    },
    dialling({ use: [Works], policy: all }),
    { firstMs: 1, capMs: 5 },
  )
  onTestFinished(() => on.close())
  const jobs = client(on, Works).jobs
  const consumer = consuming(jobs.consume({}, { credit: 2 }))
  for (let n = 1; n <= 2; n++) await jobs.enqueue(at('kitchen'), { n })
  const [one, two] = [await first(consumer), await first(consumer)]
  const acked = one.ack()
  const drained = (await accepted[0])?.drain()
  await acked
  await drained
  const again = await first(consumer)
  expect(again).toMatchObject({ id: two.id, attempt: 2 })
  await again.ack()
  expect(await service.queues.jobs.metrics()).toMatchObject({ ready: 0, leased: 0, delayed: 0 })
  expect(await isSettled(on.close())).toBe(true)
})
