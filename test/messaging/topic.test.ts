import { expect, test } from 'vitest'
import * as z from 'zod'
import type { BrokerTopic, Published, Sink } from '../../src/broker/broker.js'
import { topic } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { encodeEntry } from '../../src/messaging/entry.js'
import { ANEW, Waiting } from '../../src/messaging/topicwaiting.js'
import { code, failure, unhandled } from '../link/sessions.js'
import { isSettled, next, some, topicOf, turns } from './topics.js'

const Degrees = z.object({ celsius: z.number() })
const Readings = topic(Degrees, { subject: '{room}.{sensor}', retain: true })
const Plain = topic(z.number())
const at = { room: 'kitchen', sensor: 'a' }

test('TO-3 TO-4 hears what is published once it is ready, with its subject and who published it', async () => {
  const { topic } = topicOf(Readings)
  const heard = topic.subscribe({ room: 'kitchen' })
  await heard.ready
  await topic.publish(at, { celsius: 21 })
  await topic.publish({ room: 'hall', sensor: 'a' }, { celsius: 5 })
  await topic.publish({ room: 'kitchen', sensor: 'b' }, { celsius: 22 })
  expect(await next(heard, 2)).toEqual([
    { value: { celsius: 21 }, subject: at, from: undefined, retained: false, dropped: 0 },
    { value: { celsius: 22 }, subject: { room: 'kitchen', sensor: 'b' }, from: undefined, retained: false, dropped: 0 },
  ])
})

test('TO-33 hears what is retained first, and says so', async () => {
  const { topic } = topicOf(Readings)
  await topic.publish(at, { celsius: 20 })
  await topic.publish(at, { celsius: 21 })
  const heard = topic.subscribe(at)
  await heard.ready
  await topic.publish(at, { celsius: 22 })
  expect((await next(heard, 2)).map(({ value, retained }) => [value.celsius, retained])).toEqual([
    [21, true],
    [22, false],
  ])
})

test('TO-11 refuses a value that the shape refuses, at both ends of a topic, and hands on what the shape makes of it', async () => {
  const Length = topic(
    z
      .string()
      .min(2)
      .transform((text) => text.length),
  )
  const { topic: lengths, service } = topicOf(Length)
  const heard = lengths.subscribe()
  await heard.ready
  expect(await code(lengths.publish('x'))).toBe('contract/invalid')
  expect(await code(() => service.put({ from: undefined, subject: '', value: 'x', labels: {} }))).toBe(
    'contract/invalid',
  )
  await lengths.publish('four')
  expect((await next(heard, 1)).map(({ value }) => value)).toEqual([4])
})

test('TO-12 encodes the body of a message once, however many hear it', async () => {
  const { topic } = topicOf(topic_(z.object({ celsius: z.number() })))
  const reads = async (subscribers: number): Promise<number> => {
    const heard = Array.from({ length: subscribers }, () => topic.subscribe())
    await Promise.all(heard.map(({ ready }) => ready))
    let count = 0
    const value = Object.defineProperty({ celsius: 0 }, 'celsius', {
      enumerable: true,
      get: () => {
        count++
        return 21
      },
    })
    await topic.publish(value)
    for (const subscription of heard) expect((await next(subscription, 1))[0]?.value).toEqual({ celsius: 21 })
    return count
  }
  const one = await reads(1)
  expect(one).toBeGreaterThan(0)
  expect(await reads(16)).toBe(one)
})

const topic_ = topic

test('TO-13 refuses a message that nests so deep that no delivery can hold it', async () => {
  const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
  const { topic } = topicOf(topic_(z.any()))
  const heard = topic.subscribe()
  await heard.ready
  expect(await code(topic.publish(nested(31)))).toBe('contract/invalid')
  await topic.publish(nested(30))
  expect((await next(heard, 1))[0]?.value).toEqual(nested(30))
})

test('TO-2 takes 1,024 deliveries and lets the oldest give way where nothing else is said', async () => {
  const { topic, raw } = topicOf(Plain)
  const stream = raw({})
  await stream.read()
  for (let n = 0; n < 2_050; n++) await topic.publish(n)
  const first = await Promise.all(Array.from({ length: 1_024 }, () => stream.read()))
  expect(first.at(-1)?.value).toEqual(['', false, 0, [null, 1_023]])
  const more = stream.read()
  expect(await isSettled(more)).toBe(false)
  await stream.write(1)
  expect((await more).value).toEqual(['', false, 2, [null, 1_026]])
})

test.each([
  [undefined, ''],
  [7, ''],
  [[], ''],
  [{ slow: 'fast' }, 'slow'],
  [{ slow: 1 }, 'slow'],
  [{ credit: 0 }, 'credit'],
  [{ credit: 65_537 }, 'credit'],
  [{ credit: '9' }, 'credit'],
  [{ group: 'workers' }, ''],
])('TO-1 refuses a subscription that asks for %o with contract/invalid', async (request, path) => {
  const { raw } = topicOf(Plain)
  const error = await failure(raw(request).read())
  expect(error).toMatchObject({ code: 'contract/invalid', details: { path } })
})

test('TO-1 refuses at home what no service would take', () => {
  const { topic } = topicOf(Readings)
  expect(() => topic.subscribe({}, { credit: 0 })).toThrow(RangeError)
  expect(() => topic.subscribe({}, { credit: 1.5 })).toThrow(RangeError)
  expect(() => topic.subscribe({ room: 'no room' })).toThrow(RangeError)
  // @ts-expect-error a kind of slow that there is not
  expect(() => topic.subscribe({}, { slow: 'fast' })).toThrow(TypeError)
})

test('TO-5 TO-8 has no more on their way than the credit, and gets the next when it has taken half', async () => {
  const { topic } = topicOf(Plain)
  const heard = topic.subscribe({}, { credit: 4, slow: 'block' })
  await heard.ready
  const settled: number[] = []
  for (let n = 0; n < 7; n++) void topic.publish(n).then(() => settled.push(n))
  await turns()
  expect(settled).toEqual([0, 1, 2, 3])
  const reader = heard[Symbol.asyncIterator]()
  await some(reader, 1)
  await turns()
  expect(settled).toEqual([0, 1, 2, 3])
  await some(reader, 1)
  await turns()
  expect(settled).toEqual([0, 1, 2, 3, 4, 5])
  expect((await some(reader, 5)).map(({ value }) => value)).toEqual([2, 3, 4, 5, 6])
  expect(settled).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test.each([
  ['more than was sent', [4]],
  ['less than before', [2, 1]],
  ['no number', ['2']],
  ['a part of one', [1.5]],
  ['less than none', [-1]],
  ['nothing', [null]],
])('TO-6 ends a subscription that says it has taken %s', async (_, totals) => {
  const { topic, raw } = topicOf(Plain)
  const stream = raw({ credit: 8 })
  for (let n = 0; n < 3; n++) await topic.publish(n)
  for (let n = 0; n < 4; n++) await stream.read()
  for (const total of totals) await stream.write(total)
  expect(await code(stream.read())).toBe('contract/invalid')
  await topic.publish(9)
})

test('TO-6 takes the same total twice', async () => {
  const { topic, raw } = topicOf(Plain)
  const stream = raw({ credit: 1 })
  await stream.read()
  await topic.publish(1)
  await stream.read()
  await stream.write(1)
  await stream.write(1)
  await topic.publish(2)
  expect((await stream.read()).value).toEqual(['', false, 0, [null, 2]])
})

test('TO-7 ends a subscription whose subscriber ends its direction, behind what was sent', async () => {
  const { topic, raw } = topicOf(Plain)
  const stream = raw({ slow: 'block' })
  await stream.read()
  await topic.publish(1)
  await stream.end()
  expect((await stream.read()).value).toEqual(['', false, 0, [null, 1]])
  expect(await stream.read()).toEqual({ done: true, value: undefined })
  expect(await stream.closed).toEqual({ clean: true })
  await topic.publish(2)
})

test('TO-22 ends with its iteration, by disposal, and by its signal', async () => {
  const errors = unhandled()
  const { topic } = topicOf(Plain)
  const control = new AbortController()
  const [left, disposed, aborted] = [
    topic.subscribe(),
    topic.subscribe(),
    topic.subscribe({}, { signal: control.signal }),
  ]
  await Promise.all([left.ready, disposed.ready, aborted.ready])
  await topic.publish(1)
  expect(await next(left, 1)).toHaveLength(1)
  expect(await next(left, 1)).toEqual([])
  await disposed[Symbol.asyncDispose]()
  expect(await next(disposed, 1)).toEqual([])
  const waiting = aborted[Symbol.asyncIterator]()
  await some(waiting, 1)
  const more = waiting.next()
  control.abort(new Error('enough'))
  expect(await failure(Promise.resolve(more))).toMatchObject({ code: 'call/cancelled', cause: { message: 'enough' } })
  expect(await errors()).toEqual([])
})

test('TO-22 settles what waits to be ready when it is left, aborted or aborted before', async () => {
  const { topic } = topicOf(Plain)
  const subscription = topic.subscribe()
  await subscription[Symbol.asyncDispose]()
  expect(await code(subscription.ready)).toBe('call/cancelled')
  expect(await code(topic.subscribe({}, { signal: AbortSignal.abort() }).ready)).toBe('call/cancelled')
})

test('TO-34 keeps the order of one who publishes', async () => {
  const { topic } = topicOf(Plain)
  const heard = topic.subscribe({}, { slow: 'block', credit: 3 })
  await heard.ready
  const published = Array.from({ length: 200 }, (_, n) => topic.publish(n))
  expect((await next(heard, 200)).map(({ value }) => value)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  await Promise.all(published)
})

test('TO-31 gives each message to one member of a group, and passes over one without room', async () => {
  const { topic } = topicOf(Plain)
  const [quick, stuck] = [
    topic.subscribe({}, { group: 'g' }),
    topic.subscribe({}, { group: 'g', credit: 1, slow: 'drop-oldest' }),
  ]
  await Promise.all([quick.ready, stuck.ready])
  for (let n = 0; n < 10; n++) await topic.publish(n)
  const reader = stuck[Symbol.asyncIterator]()
  const one = (await some(reader, 1)).map(({ value }) => value)
  const rest = (await next(quick, 9)).map(({ value }) => value)
  expect([...one, ...rest].sort((a, b) => a - b)).toEqual(Array.from({ length: 10 }, (_, n) => n))
})

/** A broker of a program's own that hands over what it is told to. */
const handing = (first: readonly Published[] = []) => {
  let hand: Sink = () => undefined
  const broker: BrokerTopic = {
    publish: () => undefined,
    subscribe: async (_, sink) => {
      hand = sink
      for (const message of first) void sink(message, false)
      await turns(3)
      return { failed: new Promise(() => {}), end: () => {} }
    },
  }
  return { broker, hand: (message: Published) => hand(message, false) }
}

const said = (value: number, retained = false): Published => ({
  subject: '',
  body: encodeEntry(undefined, value),
  retained,
})

test('TO-4 BR-93 what is retained and handed over anew reaches who listens, and so does what comes behind', async () => {
  const { broker, hand } = handing([said(1, true)])
  const { topic } = topicOf(Plain, broker)
  const heard = topic.subscribe({}, { credit: 1 })
  await heard.ready
  const reader = heard[Symbol.asyncIterator]()
  const values = async (count: number) => (await some(reader, count)).map(({ value, retained }) => [value, retained])
  expect(await values(1)).toEqual([[1, true]])
  await turns()
  for (const message of [said(2, true), said(3, true), said(4)]) void hand(message)
  expect(await values(3)).toEqual([
    [2, true],
    [3, true],
    [4, false],
  ])
})

test('TO-23 BR-93 what is handed over anew again and again does not pile up at who does not read', () => {
  const waiting = new Waiting('block', 1)
  for (let n = 0; n < ANEW + 3; n++) waiting.keepAnew(said(n, true))
  expect(waiting.takeKept()).toEqual(said(3, true))
})

test.each([
  ['latest', [0, 3], 2],
  ['drop-oldest', [0, 3], 2],
  ['block', [0, 1, 2, 3], 0],
] as const)(
  'TO-34 BR-93 what is retained and handed over anew comes behind what waits, with %s',
  async (slow, values, dropped) => {
    const { broker, hand } = handing()
    const { topic } = topicOf(Plain, broker)
    const heard = topic.subscribe({}, { slow, credit: 1 })
    await heard.ready
    for (const message of [said(0), said(1), said(2), said(3, true)]) void hand(message)
    const got = await some(heard[Symbol.asyncIterator](), values.length)
    expect(got.map(({ value }) => value)).toEqual(values)
    expect(got.at(-1)).toMatchObject({ retained: true, dropped })
  },
)

test('TO-26 ME-43 who listens is told that what its broker hands over cannot be read, at any time', async () => {
  const lost = unhandled()
  const noEntry: Published = { subject: '', body: Uint8Array.of(1), retained: false }
  const noValue: Published = { subject: '', body: Uint8Array.of(0x82, 0xf6, 0xff), retained: false }
  const early = topicOf(Plain, handing([noEntry]).broker).topic.subscribe()
  expect(await failure(next(early, 1))).toMatchObject({ code: 'broker/corrupt' })
  for (const [message, as] of [
    [noEntry, 'broker/corrupt'],
    [noValue, 'cbor/malformed'],
  ] as const) {
    const { broker, hand } = handing()
    const heard = topicOf(Plain, broker).topic.subscribe()
    await heard.ready
    const reading = code(next(heard, 1))
    await turns()
    void hand(message)
    expect(await reading).toBe(as)
  }
  expect(await lost()).toEqual([])
})

test('TO-4 carries bytes as they are', async () => {
  const { topic } = topicOf(topic_(bytes))
  const heard = topic.subscribe()
  await heard.ready
  await topic.publish(Uint8Array.of(1, 2, 3))
  expect((await next(heard, 1))[0]?.value).toEqual(Uint8Array.of(1, 2, 3))
})
