import { expect, test } from 'vitest'
import * as z from 'zod'
import { topic } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import type { Slow } from '../../src/messaging/topicterms.js'
import { WAITING_BYTES, WAITING_SUBJECTS } from '../../src/messaging/topicwaiting.js'
import { code } from '../link/sessions.js'
import { isSettled, next, some, topicOf, turns } from './topics.js'

const Plain = topic(z.number())
const Placed = topic(z.number(), { subject: '{place}', retain: true })

const values = <T>(heard: readonly { readonly value: T }[]): T[] => heard.map(({ value }) => value)

test('TO-15 makes the publisher wait for a subscriber that blocks, and for no other', async () => {
  const { topic } = topicOf(Plain)
  const slow = topic.subscribe({}, { slow: 'block', credit: 1 })
  const quick = topic.subscribe({}, { slow: 'latest', credit: 1 })
  await Promise.all([slow.ready, quick.ready])
  const [first, second, third] = [topic.publish(1), topic.publish(2), topic.publish(3)]
  await first
  expect(await isSettled(second)).toBe(false)
  expect(values(await next(quick, 2))).toEqual([1, 3])
  const reader = slow[Symbol.asyncIterator]()
  await some(reader, 1)
  await second
  expect(await isSettled(third)).toBe(false)
  expect(values(await some(reader, 2))).toEqual([2, 3])
  await third
})

test('TO-15 lets messages that wait one behind the other be done with together, and none before it is sent', async () => {
  const { topic } = topicOf(Plain)
  const credit = 64
  const slow = topic.subscribe({}, { slow: 'block', credit })
  await slow.ready
  for (let n = 0; n < credit; n++) await topic.publish(n)
  const done: number[] = []
  const waits = Array.from({ length: 9 }, (_, n) => topic.publish(credit + n).then(() => void done.push(n)))
  expect(await isSettled(Promise.race(waits))).toBe(false)
  const reader = slow[Symbol.asyncIterator]()
  const heard = values(await some(reader, credit / 2))
  await Promise.all(waits)
  expect(done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8])
  heard.push(...values(await some(reader, credit / 2 + 9)))
  expect(heard).toEqual(Array.from({ length: credit + 9 }, (_, n) => n))
})

test.each(['leave', 'abort', 'dispose'] as const)(
  'TO-22 frees the publishers at once when a subscriber that blocks is gone (%s)',
  async (way) => {
    const { topic } = topicOf(Plain)
    const control = new AbortController()
    const slow = topic.subscribe({}, { slow: 'block', credit: 1, signal: control.signal })
    await slow.ready
    const published = [topic.publish(1), topic.publish(2), topic.publish(3)]
    expect(await isSettled(Promise.all(published))).toBe(false)
    if (way === 'leave') await slow[Symbol.asyncIterator]().return?.()
    else if (way === 'abort') control.abort()
    else await slow[Symbol.asyncDispose]()
    await Promise.all(published)
    await topic.publish(4)
  },
)

test('TO-16 keeps the newest of each subject for one that wants the latest, in the place of the first that waited', async () => {
  const { topic } = topicOf(Placed)
  const slow = topic.subscribe({}, { slow: 'latest', credit: 1 })
  await slow.ready
  await topic.publish({ place: 'x' }, 0)
  for (let n = 1; n <= 5; n++) await topic.publish({ place: 'a' }, n)
  for (let n = 6; n <= 8; n++) await topic.publish({ place: 'b' }, n)
  await topic.publish({ place: 'a' }, 9)
  const heard = await next(slow, 3)
  expect(heard.map(({ subject, value, dropped }) => [subject.place, value, dropped])).toEqual([
    ['x', 0, 0],
    ['a', 9, 7],
    ['b', 8, 0],
  ])
})

test('TO-16 gives a newer message of its subject in place of what is retained and waits', async () => {
  const { topic } = topicOf(Placed)
  await topic.publish({ place: 'a' }, 1)
  await topic.publish({ place: 'b' }, 2)
  const slow = topic.subscribe({}, { slow: 'latest', credit: 1 })
  await slow.ready
  await topic.publish({ place: 'b' }, 3)
  const heard = await next(slow, 2)
  expect(heard.map(({ value, retained, dropped }) => [value, retained, dropped])).toEqual([
    [1, true, 0],
    [3, false, 1],
  ])
})

test('TO-17 keeps as many as the credit of those that come last, and says how many gave way', async () => {
  const { topic } = topicOf(Plain)
  const slow = topic.subscribe({}, { slow: 'drop-oldest', credit: 3 })
  await slow.ready
  for (let n = 0; n < 10; n++) await topic.publish(n)
  const heard = await next(slow, 6)
  expect(heard.map(({ value, dropped }) => [value, dropped])).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [7, 4],
    [8, 0],
    [9, 0],
  ])
})

test('TO-18 ends a subscription for which more would wait than its credit, behind what was sent', async () => {
  const { topic } = topicOf(Plain)
  const slow = topic.subscribe({}, { slow: 'end', credit: 2 })
  const other = topic.subscribe()
  await Promise.all([slow.ready, other.ready])
  for (let n = 0; n < 4; n++) await topic.publish(n)
  const reader = slow[Symbol.asyncIterator]()
  await topic.publish(4)
  expect(values(await some(reader, 2))).toEqual([0, 1])
  expect(await code(Promise.resolve(reader.next()))).toBe('topic/slow')
  expect(values(await next(other, 5))).toEqual([0, 1, 2, 3, 4])
})

test('TO-18 does not take for slow who has yet to read what is retained', async () => {
  const { topic } = topicOf(Placed)
  for (let n = 0; n < 10; n++) await topic.publish({ place: `p${n}` }, n)
  const slow = topic.subscribe({}, { slow: 'end', credit: 2 })
  await slow.ready
  await topic.publish({ place: 'new' }, 10)
  const heard = await next(slow, 11)
  expect(heard.filter(({ retained }) => retained)).toHaveLength(10)
  expect(heard.at(-1)?.value).toBe(10)
})

test.each(['latest', 'drop-oldest', 'end'] satisfies Slow[])(
  'TO-21 makes nobody wait for a subscriber that is slow and asked for %s',
  async (slow) => {
    const { topic } = topicOf(Plain)
    const stuck = topic.subscribe({}, { slow, credit: 1 })
    const quick = topic.subscribe({}, { credit: 64 })
    await Promise.all([stuck.ready, quick.ready])
    const reader = quick[Symbol.asyncIterator]()
    for (let n = 0; n < 500; n++) {
      await topic.publish(n)
      expect((await some(reader, 1))[0]?.value).toBe(n)
    }
  },
)

test('TO-23 holds a bounded number of subjects for one that wants the latest', async () => {
  const { topic } = topicOf(topic_)
  const slow = topic.subscribe({}, { slow: 'latest', credit: 1 })
  await slow.ready
  for (let n = 0; n < WAITING_SUBJECTS + 11; n++) await topic.publish({ place: `p${n}` }, n)
  const reader = slow[Symbol.asyncIterator]()
  const [first, second] = await some(reader, 2)
  expect([first?.value, second?.value, second?.dropped]).toEqual([0, 11, 10])
})

const topic_ = topic(z.number(), { subject: '{place}' })

test.each(['latest', 'drop-oldest'] satisfies Slow[])(
  'TO-23 holds a bounded number of bytes for one that asked for %s',
  async (slow) => {
    const { topic } = topicOf(topicOfBytes)
    const stuck = topic.subscribe({}, { slow, credit: 1_000 })
    await stuck.ready
    const size = 65_536
    const count = 1_000 + (WAITING_BYTES / size) * 2
    for (let n = 0; n < count; n++) await topic.publish({ place: `p${n}` }, new Uint8Array(size).fill(n % 251))
    const reader = stuck[Symbol.asyncIterator]()
    let [delivered, dropped] = [0, 0]
    for (; delivered + dropped < count; delivered++) {
      const [heard] = await some(reader, 1)
      dropped += heard?.dropped ?? 0
    }
    // What waits, and what was on its way before: of as many bytes as may be there unread.
    expect(delivered).toBeLessThanOrEqual(WAITING_BYTES / size + 4)
  },
)

const topicOfBytes = topic(bytes, { subject: '{place}' })

test('TO-14 refuses to publish while too much waits for subscribers, and takes it again after', async () => {
  const { topic } = topicOf(topicOfBytes)
  const slow = topic.subscribe({}, { slow: 'block', credit: 1 })
  await slow.ready
  await topic.publish({ place: 'a' }, Uint8Array.of(0))
  const published = Array.from({ length: 65_536 }, () => topic.publish({ place: 'a' }, Uint8Array.of(1)))
  expect(await code(topic.publish({ place: 'a' }, Uint8Array.of(2)))).toBe('broker/full')
  const reader = slow[Symbol.asyncIterator]()
  await some(reader, 1)
  await turns()
  await Promise.race(published)
  const late = topic.publish({ place: 'a' }, Uint8Array.of(3))
  await slow[Symbol.asyncDispose]()
  await Promise.all([...published, late])
})

test('TO-14 counts the bytes of what waits for subscribers', async () => {
  const { topic } = topicOf(topicOfBytes)
  const slow = topic.subscribe({}, { slow: 'block', credit: 1 })
  await slow.ready
  const large = new Uint8Array(2 ** 22)
  await topic.publish({ place: 'a' }, large)
  const published = Array.from({ length: 15 }, () => topic.publish({ place: 'a' }, large))
  expect(await code(topic.publish({ place: 'a' }, large))).toBe('broker/full')
  await slow[Symbol.asyncDispose]()
  await Promise.all(published)
})
