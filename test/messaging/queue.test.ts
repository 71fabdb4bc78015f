import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { queue } from '../../src/contract/operation.js'
import { code, failure } from '../link/sessions.js'
import { first, queueOf, told } from './queues.js'
import { isSettled, turns } from './topics.js'

const Job = z.object({ n: z.number() })
const Jobs = queue(Job, { subject: '{room}.{kind}', leaseMs: 1_000, backoffMs: 100 })
const Plain = queue(z.number(), { leaseMs: 1_000, backoffMs: 100, backoffCapMs: 400, maxDeliveries: 3 })
const at = { room: 'kitchen', kind: 'a' }

test('QU-1 QU-6 QU-9 enqueues, and hands out what is there and what comes', async () => {
  const { queue } = queueOf(Jobs)
  const { id, duplicate } = await queue.enqueue(at, { n: 1 })
  expect(duplicate).toBe(false)
  await queue.enqueue({ room: 'hall', kind: 'a' }, { n: 2 })
  const consumer = queue.consume({ room: 'kitchen' })[Symbol.asyncIterator]()
  const one = await first(consumer)
  expect(one).toMatchObject({ id, value: { n: 1 }, subject: at, attempt: 1, from: undefined })
  await one.ack()
  const waiting = first(consumer)
  expect(await isSettled(waiting)).toBe(false)
  await queue.enqueue({ room: 'kitchen', kind: 'b' }, { n: 3 })
  expect((await waiting).value).toEqual({ n: 3 })
})

test('QU-1 QU-4 takes a key and a delay with a message', async () => {
  const { queue, clock } = queueOf(Plain)
  const { id } = await queue.enqueue(1, { key: 'k', delayMs: 500 })
  expect(await queue.enqueue(2, { key: 'k' })).toEqual({ id, duplicate: true })
  const consumer = queue.consume()[Symbol.asyncIterator]()
  const waiting = first(consumer)
  await turns()
  clock.advance(499)
  expect(await isSettled(waiting)).toBe(false)
  clock.advance(1)
  expect((await waiting).value).toBe(1)
})

test.each([
  [undefined, ''],
  [7, ''],
  [[], ''],
  [{ value: 1, other: 2 }, ''],
  [{ value: 1, key: 7 }, 'key'],
  [{ value: 1, key: 'k'.repeat(257) }, 'key'],
  [{ value: 1, key: 'é'.repeat(129) }, 'key'],
  [{ value: 1, delayMs: -1 }, 'delayMs'],
  [{ value: 1, delayMs: 1.5 }, 'delayMs'],
  [{ value: 1, delayMs: 2 ** 31 }, 'delayMs'],
])('QU-2 refuses to store %o with contract/invalid', async (body, path) => {
  const { service, stored } = queueOf(Plain)
  const asked = { from: undefined, subject: '', value: body, labels: {} }
  expect(await failure(service.put(asked))).toMatchObject({ code: 'contract/invalid', details: { path } })
  expect((await stored.metrics()).ready).toBe(0)
})

test('QU-2 refuses at home what no service would take', async () => {
  const { queue } = queueOf(Plain)
  await expect(queue.enqueue(1, { key: 'k'.repeat(257) })).rejects.toThrow(RangeError)
  await expect(queue.enqueue(1, { delayMs: -1 })).rejects.toThrow(RangeError)
  await expect(queue.enqueue(1, { delayMs: 2 ** 31 })).rejects.toThrow(RangeError)
  for (const credit of [0, 1.5, 65_537]) expect(() => queue.consume({}, { credit })).toThrow(RangeError)
})

test('QU-3 refuses a value that the shape refuses, at both ends of an enqueue, and hands on what the shape makes of it', async () => {
  const { queue, service } = queueOf(queueOfLength)
  expect(await code(queue.enqueue('x'))).toBe('contract/invalid')
  expect(await code(service.put({ from: undefined, subject: '', value: { value: 'x' }, labels: {} }))).toBe(
    'contract/invalid',
  )
  await queue.enqueue('four')
  expect((await first(queue.consume()[Symbol.asyncIterator]())).value).toBe(4)
})

const queueOfLength = queue(
  z
    .string()
    .min(2)
    .transform((text) => text.length),
)

test('ME-43 TO-42 an enqueue of the own process that was given up or is late may have been stored', async () => {
  const { queue: jobs, stored } = queueOf(Plain, (queue) => ({
    enqueue: async (...args) => {
      await queue.enqueue(...args)
      return new Promise(() => {})
    },
    lease: (...args) => queue.lease(...args),
    settle: (...args) => queue.settle(...args),
    dead: (...args) => queue.dead(...args),
    replay: (id) => queue.replay(id),
    discard: (id) => queue.discard(id),
    metrics: () => queue.metrics(),
  }))
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const control = new AbortController()
  const given = failure(jobs.enqueue(1, { signal: control.signal }))
  await turns()
  control.abort()
  expect(await given).toMatchObject({ code: 'call/cancelled', ran: 'maybe' })
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
  expect(await failure(jobs.enqueue(2, { timeoutMs: 1 }))).toMatchObject({ code: 'call/deadline', ran: 'maybe' })
  expect(await stored.metrics()).toMatchObject({ ready: 2 })
  expect(await failure(jobs.enqueue(3, { signal: AbortSignal.abort() }))).toMatchObject({ ran: 'no' })
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31])
    expect(await failure(jobs.enqueue(4, { timeoutMs }))).toBeInstanceOf(RangeError)
  expect(await stored.metrics()).toMatchObject({ ready: 2 })
})

test('QU-5 tells an enqueue that the queue is full, or its broker gone', async () => {
  const { queue: jobs, broker } = queueOf(queue(z.number(), { maxMessages: 1 }))
  await jobs.enqueue(1)
  expect(await failure(jobs.enqueue(2))).toMatchObject({ code: 'broker/full', ran: 'no' })
  await broker[Symbol.asyncDispose]()
  expect(await code(jobs.enqueue(3))).toBe('broker/failed')
})

test.each([
  [undefined, ''],
  [7, ''],
  [[], ''],
  [{ credit: 0 }, 'credit'],
  [{ credit: 65_537 }, 'credit'],
  [{ slow: 'end' }, ''],
])('QU-7 refuses a consumer that asks for %o with contract/invalid', async (request, path) => {
  const { raw } = queueOf(Plain)
  expect(await failure(raw(request).read())).toMatchObject({ code: 'contract/invalid', details: { path } })
})

test('QU-8 QU-9 tells a consumer first that it is heard, then numbers deliveries from 1', async () => {
  const { queue, raw } = queueOf(Jobs)
  const { id } = await queue.enqueue(at, { n: 1 })
  const stream = raw({ credit: 2 }, '*.*')
  expect(await told(stream)).toBeNull()
  expect(await told(stream)).toEqual([1, 'kitchen.a', id, 1, [null, { n: 1 }]])
  const other = await queue.enqueue(at, { n: 2 })
  expect(await told(stream)).toEqual([2, 'kitchen.a', other.id, 1, [null, { n: 2 }]])
})

test('QU-10 hands out as many as the credit unsettled, and one if nothing is said', async () => {
  const { queue, raw, stored } = queueOf(Plain)
  for (let n = 1; n <= 4; n++) await queue.enqueue(n)
  const stream = raw({})
  await told(stream)
  await told(stream)
  expect(await stored.metrics()).toMatchObject({ ready: 3, leased: 1 })
  await stream.write([1, 'ack'])
  expect(await told(stream)).toEqual([1, true])
  expect(await told(stream)).toMatchObject([2, '', expect.any(String), 1, [null, 2]])
  expect(await stored.metrics()).toMatchObject({ ready: 2, leased: 1 })
})

test('QU-11 acknowledges, retries after a time or the backoff, and rejects with a reason', async () => {
  const { queue, stored, clock } = queueOf(Plain)
  const consumer = queue.consume()[Symbol.asyncIterator]()
  await queue.enqueue(1)
  const one = await first(consumer)
  await one.retry({ afterMs: 50 })
  clock.advance(50)
  const two = await first(consumer)
  expect([two.attempt, two.id]).toEqual([2, one.id])
  await two.retry()
  clock.advance(199)
  const waiting = first(consumer)
  expect(await isSettled(waiting)).toBe(false)
  clock.advance(1)
  const three = await waiting
  expect(three.attempt).toBe(3)
  await three.reject('no such room')
  expect(await stored.dead(9)).toMatchObject([{ id: one.id, attempts: 3, reason: 'no such room' }])
  await queue.enqueue(2)
  await (await first(consumer)).ack()
  expect(await stored.metrics()).toMatchObject({ ready: 0, delayed: 0, leased: 0, dead: 1 })
})

test('QU-12 keeps a lease that is extended, and tells of one that is over', async () => {
  const { queue, clock } = queueOf(Plain)
  await queue.enqueue(1)
  const [one, two] = [queue.consume()[Symbol.asyncIterator](), queue.consume()[Symbol.asyncIterator]()]
  const held = await first(one)
  await held.extend(5_000)
  const waiting = first(two)
  await turns()
  clock.advance(4_999)
  expect(await isSettled(waiting)).toBe(false)
  clock.advance(1)
  expect((await waiting).attempt).toBe(2)
  for (const act of [() => held.extend(1), () => held.ack()]) expect(await code(act())).toBe('queue/lapsed')
})

test('QU-11 refuses at home what is outside the bounds, and a second settlement', async () => {
  const { queue } = queueOf(Plain)
  await queue.enqueue(1)
  const one = await first(queue.consume()[Symbol.asyncIterator]())
  await expect(one.retry({ afterMs: -1 })).rejects.toThrow(RangeError)
  await expect(one.extend(2 ** 31)).rejects.toThrow(RangeError)
  await expect(one.reject('é'.repeat(128))).rejects.toThrow(RangeError)
  await one.ack()
  expect(await code(one.ack())).toBe('queue/lapsed')
})

test.each([
  [7],
  [null],
  [[]],
  [[1]],
  [['1', 'ack']],
  [[1, 'ack', 0]],
  [[1, 'Ack']],
  [[1, 'retry', -1]],
  [[1, 'retry', 2 ** 31]],
  [[1, 'retry', 1, 1]],
  [[1, 'reject']],
  [[1, 'reject', 7]],
  [[1, 'reject', 'é'.repeat(128)]],
  [[1, 'extend']],
  [[1, 'extend', 0.5]],
  [[1, 'extend', 2 ** 31]],
  [{ number: 1 }],
])('QU-13 ends the consumer at %o with contract/invalid, and gives back what it held', async (item) => {
  const { queue, raw, stored } = queueOf(Plain)
  await queue.enqueue(1)
  const stream = raw({})
  await told(stream)
  await told(stream)
  await stream.write(item)
  expect(await failure(stream.read())).toMatchObject({ code: 'contract/invalid' })
  await turns()
  expect(await stored.metrics()).toMatchObject({ ready: 1, leased: 0 })
})

test.each([[0], [2], [-1], [2 ** 40]])(
  'QU-14 ends the consumer that settles %i, which it was never sent',
  async (number) => {
    const { queue, raw } = queueOf(Plain)
    await queue.enqueue(1)
    const stream = raw({})
    await told(stream)
    await told(stream)
    await stream.write([number, 'ack'])
    expect(await code(stream.read())).toBe('contract/invalid')
  },
)

test('QU-15 answers each settlement in its order, a second one of the same delivery with false', async () => {
  const held: (() => void)[] = []
  const { queue, raw } = queueOf(Plain, (stored) => ({
    ...bound(stored),
    settle: async (receipt, outcome) => {
      if (outcome.is === 'retry') await new Promise<void>((resolve) => held.push(resolve))
      return stored.settle(receipt, outcome)
    },
  }))
  for (let n = 1; n <= 3; n++) await queue.enqueue(n)
  const stream = raw({ credit: 3 })
  for (let n = 0; n <= 3; n++) await told(stream)
  for (const item of [
    [1, 'retry', 9],
    [2, 'ack'],
    [2, 'ack'],
    [3, 'extend', 9],
  ])
    await stream.write(item)
  const answer = told(stream)
  expect(await isSettled(answer)).toBe(false)
  held[0]?.()
  expect(await answer).toEqual([1, true])
  expect([await told(stream), await told(stream), await told(stream)]).toEqual([
    [2, true],
    [2, false],
    [3, true],
  ])
})

const bound = (queue: ReturnType<typeof queueOf>['stored']) => ({
  enqueue: queue.enqueue.bind(queue),
  lease: queue.lease.bind(queue),
  settle: queue.settle.bind(queue),
  dead: queue.dead.bind(queue),
  replay: queue.replay.bind(queue),
  discard: queue.discard.bind(queue),
  metrics: queue.metrics.bind(queue),
})

test('QU-15 reads no further while 1,024 settlements wait for the broker, and goes on behind them', async () => {
  let asked = 0
  const held: (() => void)[] = []
  const { queue, raw } = queueOf(Plain, (stored) => ({
    ...bound(stored),
    settle: async (receipt, outcome) => {
      asked++
      await new Promise<void>((resolve) => held.push(resolve))
      return stored.settle(receipt, outcome)
    },
  }))
  await queue.enqueue(1)
  const stream = raw({})
  await told(stream)
  await told(stream)
  for (let n = 0; n < 2_000; n++) void stream.write([1, 'extend', 900])
  await turns()
  expect(asked).toBe(1_024)
  for (let n = 0; n < 2_000; n++) {
    while (held.length === 0) await turns(1)
    held.shift()?.()
    expect(await told(stream)).toEqual([1, true])
  }
  expect(asked).toBe(2_000)
})

test('QU-16 gives back at once what a consumer held that left, as attempts', async () => {
  const { queue, stored } = queueOf(Plain)
  for (let n = 1; n <= 3; n++) await queue.enqueue(n)
  for await (const { attempt } of queue.consume({}, { credit: 3 })) {
    expect(attempt).toBe(1)
    break
  }
  await turns()
  expect(await stored.metrics()).toMatchObject({ ready: 3, leased: 0 })
  expect((await first(queue.consume()[Symbol.asyncIterator]())).attempt).toBe(2)
})

test('QU-17 a consumer that ends its direction is answered first, and ends clean', async () => {
  const { queue, raw, stored } = queueOf(Plain)
  for (let n = 1; n <= 2; n++) await queue.enqueue(n)
  const stream = raw({ credit: 2 })
  for (let n = 0; n <= 2; n++) await told(stream)
  await stream.write([1, 'ack'])
  await stream.end()
  expect(await told(stream)).toEqual([1, true])
  expect(await stream.read()).toEqual({ done: true, value: undefined })
  expect(await stream.closed).toEqual({ clean: true })
  expect(await stored.metrics()).toMatchObject({ ready: 1, leased: 0 })
})

test('QU-18 makes a dead letter of what is not as it was stored', async () => {
  const { queue, stored } = queueOf(Plain)
  await stored.enqueue('', new Uint8Array([7, 7]), {})
  await queue.enqueue(1)
  expect((await first(queue.consume()[Symbol.asyncIterator]())).value).toBe(1)
  expect(await stored.dead(9)).toMatchObject([{ attempts: 1, reason: 'not as it was stored' }])
})

test('QU-22 leaving waits for what was asked, and disposal does', async () => {
  const { queue, stored } = queueOf(Plain)
  for (let n = 1; n <= 2; n++) await queue.enqueue(n)
  const acks: Promise<void>[] = []
  for await (const delivery of queue.consume()) {
    acks.push(delivery.ack())
    break
  }
  expect(await Promise.allSettled(acks)).toEqual([{ status: 'fulfilled', value: undefined }])
  const consumer = queue.consume()
  const one = await first(consumer[Symbol.asyncIterator]())
  const ack = one.ack()
  await consumer[Symbol.asyncDispose]()
  await ack
  expect(await stored.metrics()).toMatchObject({ ready: 0, leased: 0 })
  expect(await code(one.extend(1))).toMatch(/call\/cancelled|queue\/lapsed/)
})

test('QU-22 an iteration that waits ends when its consumer is disposed of, and fails when its signal aborts', async () => {
  const { queue } = queueOf(Plain)
  const consumer = queue.consume()
  const waiting = consumer[Symbol.asyncIterator]().next()
  await turns()
  await consumer[Symbol.asyncDispose]()
  expect(await waiting).toEqual({ done: true, value: undefined })
  const giveUp = new AbortController()
  const other = queue.consume({}, { signal: giveUp.signal })[Symbol.asyncIterator]().next()
  await turns()
  giveUp.abort()
  expect(await code(other)).toBe('call/cancelled')
})

test('QU-24 rejects a message that its shape refuses, and goes on', async () => {
  const { queue, service, stored } = queueOf(Plain)
  const Text = queueOf(queue_(z.string()))
  await stored.enqueue('', await bodyOf(Text.stored, Text.queue.enqueue('seven')), {})
  await queue.enqueue(8)
  expect(service).toBeDefined()
  expect((await first(queue.consume()[Symbol.asyncIterator]())).value).toBe(8)
  await turns()
  expect(await stored.dead(9)).toMatchObject([{ reason: 'contract/invalid at ""' }])
})

const queue_ = queue

const bodyOf = async (
  stored: ReturnType<typeof queueOf>['stored'],
  enqueued: Promise<unknown>,
): Promise<Uint8Array> => {
  await enqueued
  const [leased] = await stored.lease('', 1, new AbortController().signal)
  return leased?.body ?? new Uint8Array()
}

test('QU-26 two consumers share the work, and none of it is done twice', async () => {
  const { queue } = queueOf(Plain)
  const done: [string, number][] = []
  const work = async (who: string) => {
    for await (const delivery of queue.consume({}, { credit: 4 })) {
      done.push([who, delivery.value])
      await delivery.ack()
      if (done.length >= 60) break
    }
  }
  const workers = [work('a'), work('b')]
  for (let n = 0; n < 60; n++) {
    await queue.enqueue(n)
    await turns(1)
  }
  await Promise.race(workers)
  expect(done.map(([, n]) => n).sort((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
  expect(new Set(done.map(([who]) => who)).size).toBe(2)
})

test('QU-27 a consumer fails with broker/failed when its broker does', async () => {
  const { queue, broker } = queueOf(Plain)
  const waiting = queue.consume()[Symbol.asyncIterator]().next()
  await turns()
  await broker[Symbol.asyncDispose]()
  expect(await code(waiting)).toBe('broker/failed')
})
