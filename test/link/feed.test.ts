import { expect, test } from 'vitest'
import { Feed } from '../../src/link/feed.js'
import { all } from './sessions.js'

test('LI-19 keeps the newest, in order, and gives them after its end too', async () => {
  const feed = new Feed<number>(3)
  for (const item of [1, 2, 3, 4, 5]) feed.push(item)
  feed.end()
  feed.push(6)
  expect(await all(feed)).toEqual([3, 4, 5])
  expect(await all(feed)).toEqual([])
})

test('LI-19 readers that wait get what comes, each item once, and all see the end', async () => {
  const feed = new Feed<string>(3)
  const [first, second] = [feed[Symbol.asyncIterator](), feed[Symbol.asyncIterator]()]
  const reads = [first.next(), second.next(), first.next(), second.next()]
  feed.push('a')
  feed.push('b')
  feed.end()
  expect(await Promise.all(reads)).toEqual([
    { done: false, value: 'a' },
    { done: false, value: 'b' },
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
})

test('a reader may leave and another go on', async () => {
  const feed = new Feed<number>(9)
  feed.push(1)
  feed.push(2)
  for await (const item of feed) {
    expect(item).toBe(1)
    break
  }
  feed.end()
  expect(await all(feed)).toEqual([2])
})
