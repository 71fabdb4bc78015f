import { expect, onTestFinished, test } from 'vitest'
import { type MemoryBrokerOptions, memoryBroker } from '../../src/broker/memory.js'
import { queueSettings } from '../../src/contract/queuesettings.js'
import { conformsQueue } from './conforms.js'
import { bytesOf, NEVER, one, several, textOf, turn } from './room.js'
import { ManualClock } from './store.js'

conformsQueue('memory, on told time,', () => {
  const clock = new ManualClock()
  return { clock, open: () => memoryBroker({ clock }) }
})

conformsQueue('memory, on real time,', () => ({ open: () => memoryBroker() }))

const SETTINGS = queueSettings({ leaseMs: 1_000, maxMessages: 200_000, dedupeMs: 1_000 })

const told = (over: MemoryBrokerOptions = {}) => {
  const clock = new ManualClock()
  const broker = memoryBroker({ clock, ...over })
  onTestFinished(() => broker[Symbol.asyncDispose]())
  return { clock, queue: broker.queue('jobs.v1.work', SETTINGS) }
}

test('BR-9 a queue takes no more bytes than it may, of bodies and of keys, and has them back', async () => {
  const { clock, queue } = told({ queueBytes: 1_000 })
  await queue.enqueue('', new Uint8Array(500), { key: 'k'.repeat(200) })
  await expect(queue.enqueue('', new Uint8Array(200), {})).rejects.toMatchObject({ code: 'broker/full' })
  const { receipt } = await one(queue)
  await queue.settle(receipt, { is: 'ack' })
  await queue.enqueue('', new Uint8Array(500), {})
  // The key is still held.
  await expect(queue.enqueue('', new Uint8Array(200), {})).rejects.toMatchObject({ code: 'broker/full' })
  clock.advance(1_000)
  await queue.enqueue('', new Uint8Array(200), {})
})

test('a queue has a timer only while somebody waits, and one', async () => {
  const { clock, queue } = told()
  for (let n = 0; n < 10; n++) await queue.enqueue('s', new Uint8Array(), { delayMs: 10 + n })
  expect(clock.waiting).toBe(0)
  const giveUp = new AbortController()
  const leases = ['a', 'b', 's'].map((filter) => queue.lease(filter, 1, giveUp.signal))
  await turn()
  expect(clock.waiting).toBe(1)
  clock.advance(10)
  expect((await leases[2])?.length).toBe(1)
  giveUp.abort()
  expect(await Promise.all(leases.slice(0, 2))).toEqual([[], []])
})

test('BR-13 a queue that was asked by more filters than it remembers gives each what it takes', async () => {
  const { queue } = told()
  for (let n = 0; n < 300; n++) await queue.enqueue(`s${n}.x`, bytesOf(`${n}`), {})
  for (let n = 0; n < 300; n += 2) expect(textOf(await one(queue, `s${n}.*`))).toBe(`${n}`)
  expect((await several(queue, 150, '*.x')).map(textOf)).toEqual(Array.from({ length: 150 }, (_, n) => `${2 * n + 1}`))
})

test('BR-13 leases by many filters that take none of 100,000 messages look at few of them', async () => {
  const { queue } = told()
  for (let n = 0; n < 100_000; n++) await queue.enqueue(`a.b${n % 100}.c`, bytesOf(`${n}`), {})
  const giveUp = new AbortController()
  const leases = Array.from({ length: 1_000 }, (_, n) => queue.lease(`*.none${n}.*`, 1, giveUp.signal))
  expect(textOf(await one(queue, '*.b7.c'))).toBe('7')
  giveUp.abort()
  expect((await Promise.all(leases)).flat()).toEqual([])
})

test('BR-4 BR-25 100,000 messages of as many subjects keep their order, also as dead letters', async () => {
  const { queue } = told()
  for (let n = 0; n < 100_000; n++) await queue.enqueue(`s${n}`, bytesOf(`${n}`), {})
  let at = 0
  while (at < 100_000)
    for (const leased of await queue.lease('*', 1_000, NEVER)) {
      if (textOf(leased) !== `${at++}`) expect(textOf(leased)).toBe(`${at - 1}`)
      await queue.settle(leased.receipt, { is: 'reject', reason: '' })
    }
  let after: string | undefined
  for (let n = 0; n < 100_000; n += 1_000) {
    const page = await queue.dead(1_000, after)
    expect([page[0] && textOf(page[0]), page.length]).toEqual([`${n}`, 1_000])
    after = page.at(-1)?.id
    for (const { id } of page) await queue.discard(id)
  }
  expect(await queue.metrics()).toMatchObject({ ready: 0, dead: 0 })
})
