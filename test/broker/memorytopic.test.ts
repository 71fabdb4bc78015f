import { expect, test } from 'vitest'
import { MemoryTopic } from '../../src/broker/memorytopic.js'
import { SubjectIndex } from '../../src/broker/memorytopicindex.js'
import { utf8 } from '../../src/bytes.js'
import { takes } from '../../src/contract/subject.js'
import { code, gate } from '../link/sessions.js'
import { listener } from './conformstopic.js'

const topicOf = (bounds = { subjects: 3, bytes: 100 }) => new MemoryTopic({ retain: true }, bounds)

test('TO-38 refuses what it cannot retain with broker/full, hands it to nobody, and goes on', async () => {
  const topic = topicOf()
  const heard = listener()
  await topic.subscribe('*', heard.sink)
  for (const subject of ['a', 'b', 'c']) await topic.publish(subject, utf8('1'))
  expect(await code(async () => topic.publish('d', utf8('1')))).toBe('broker/full')
  await topic.publish('a', utf8('2'))
  expect(await heard.had(4)).toEqual(['a=1', 'b=1', 'c=1', 'a=2'])
})

test('TO-38 counts the bytes of what it retains, and gives back those of what is replaced', async () => {
  const topic = topicOf()
  await topic.publish('a', new Uint8Array(98))
  expect(await code(async () => topic.publish('b', utf8('1')))).toBe('broker/full')
  expect(await code(async () => topic.publish('a', new Uint8Array(100)))).toBe('broker/full')
  await topic.publish('a', new Uint8Array(97))
  await topic.publish('b', utf8('1'))
  const late = listener()
  await topic.subscribe('*', late.sink)
  expect(late.taken.map(({ subject, body }) => [subject, body.length])).toEqual([
    ['a', 97],
    ['b', 1],
  ])
})

test('TO-35 settles a publish when the last of those who wait has taken it, and at once if nobody waits', async () => {
  const topic = new MemoryTopic({ retain: false })
  const [first, second] = [gate(), gate()]
  await topic.subscribe('a', () => first.passed)
  await topic.subscribe('*', () => second.passed)
  expect(topic.publish('b.c', utf8('nobody'))).toBeUndefined()
  const settled: string[] = []
  const published = topic.publish('a', utf8('1'))?.then(() => settled.push('published'))
  first.open()
  await first.passed
  await Promise.resolve()
  expect(settled).toEqual([])
  second.open()
  await published
  expect(settled).toEqual(['published'])
})

test('TO-31 takes turns among the members of a group that have room', async () => {
  const topic = new MemoryTopic({ retain: false })
  const members = [listener(), listener(), listener()]
  for (const { sink } of members) await topic.subscribe('a', sink, 'workers')
  for (let n = 0; n < 9; n++) await topic.publish('a', utf8(`${n}`))
  expect(members.map(({ taken }) => taken.length)).toEqual([3, 3, 3])
})

test('TO-30 hands a message that a sink subscribes at to those who listened before it', async () => {
  const topic = new MemoryTopic({ retain: true })
  const late = listener()
  await topic.subscribe('a', () => {
    void topic.subscribe('a', late.sink)
    return undefined
  })
  await topic.publish('a', utf8('1'))
  expect(late.taken.map(({ retained }) => retained)).toEqual([true])
})

test('TO-36 hears nothing more in the very publish whose other sink ended it', async () => {
  const topic = new MemoryTopic({ retain: false })
  const heard = listener()
  const ends: (() => void)[] = []
  await topic.subscribe('a', () => {
    for (const end of ends) end()
    return undefined
  })
  const subscription = await topic.subscribe('a', heard.sink)
  ends.push(() => subscription.end())
  await topic.publish('a', utf8('1'))
  expect(heard.taken).toEqual([])
})

test('TO-39 looks at no subscription whose filter cannot take the subject', async () => {
  const topic = new MemoryTopic({ retain: false })
  let asked = 0
  const ends: (() => void)[] = []
  for (let n = 0; n < 2_000; n++) {
    const subscription = await topic.subscribe(`s${n}.*`, () => {
      asked++
      return undefined
    })
    ends.push(() => subscription.end())
  }
  await topic.publish('s7.x', utf8('1'))
  expect(asked).toBe(1)
  for (const end of ends) end()
  await topic.publish('s7.x', utf8('1'))
  expect(asked).toBe(1)
})

test('TO-39 finds in the index what the filters take, and nothing else, whatever was there before', () => {
  const tokens = ['a', 'b', '*']
  const filters = tokens.flatMap((x) => tokens.flatMap((y) => tokens.map((z) => `${x}.${y}.${z}`)))
  const subjects = filters.filter((filter) => !filter.includes('*'))
  const index = new SubjectIndex<string>()
  for (const filter of filters) index.set(filter, filter)
  for (const gone of filters.filter((_, at) => at % 3 === 0)) index.delete(gone)
  index.delete('a.b.none')
  const left = filters.filter((_, at) => at % 3 !== 0)
  expect(index.size).toBe(left.length)
  for (const subject of subjects)
    expect(index.taking(subject).sort()).toEqual(left.filter((filter) => takes(filter, subject)).sort())
  for (const filter of filters)
    expect(index.within(filter).sort()).toEqual(left.filter((key) => within(filter, key)).sort())
  for (const filter of left) index.delete(filter)
  expect([index.size, index.taking('a.a.a'), index.get('a.a.b')]).toEqual([0, [], undefined])
})

/** Of keys with a star of their own, too: there it is a token like any other. */
const within = (filter: string, key: string): boolean => {
  const tokens = key.split('.')
  return filter.split('.').every((element, at) => element === '*' || element === tokens[at])
}
