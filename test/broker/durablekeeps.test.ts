import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.js'
import { durableBroker, openBroker } from '../../src/broker/durable.node.js'
import { COMMIT_HEADER, keyOf, openCommit, sealCommit } from '../../src/broker/durablecommit.node.js'
import { Ledger } from '../../src/broker/durableledger.node.js'
import { Level } from '../../src/broker/durablelevel.node.js'
import { Witness } from '../../src/broker/durablewitness.node.js'
import type { QueueSettings } from '../../src/contract/queuesettings.js'
import { bytesOf, NEVER, one, put, several, textOf } from './room.js'
import { ManualClock } from './store.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-durablekeeps-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SETTINGS: QueueSettings = {
  leaseMs: 600_000,
  maxDeliveries: 2,
  backoffMs: 1_000,
  backoffCapMs: 1_000,
  dedupeMs: 600_000,
  maxMessages: 100_000,
}

const queueOf = (broker: Broker) => broker.queue('jobs.v1.work', SETTINGS)

const close = (broker: Broker): PromiseLike<void> => broker[Symbol.asyncDispose]()

const bytesIn = (path: string): number =>
  readdirSync(path).reduce((sum, name) => sum + statSync(join(path, name)).size, 0)

test('BR-46 one broker has a path at a time, by whatever name it goes, and another when that is gone', async () => {
  const path = join(folder, 'one')
  const first = await durableBroker({ path })
  symlinkSync(path, join(folder, 'alias'))
  for (const name of [path, join(folder, 'alias'), join(folder, '.', 'one')])
    await expect(durableBroker({ path: name })).rejects.toMatchObject({ code: 'broker/failed' })
  // Of another process too: it asks for the same lock.
  const level = createRequire(import.meta.url).resolve('classic-level')
  const program = `const { ClassicLevel } = require(${JSON.stringify(level)})
    new ClassicLevel(process.argv[1]).open().then(() => 'opened', (error) => error.cause.code).then(console.log)`
  const claim = join(path, 'claim')
  expect(spawnSync(process.execPath, ['-e', program, claim]).stdout.toString().trim()).toBe('LEVEL_LOCKED')
  await close(first)
  const second = await durableBroker({ path })
  await put(queueOf(second), 'a')
  await close(second)
})

test('BR-42 BR-43 what was leased comes again at once, or is dead if that was the last time', async () => {
  const path = join(folder, 'leased')
  for (const attempt of [1, 2]) {
    const broker = await durableBroker({ path })
    if (attempt === 1) await put(queueOf(broker), 'a')
    expect(await one(queueOf(broker))).toMatchObject({ attempt })
    await close(broker)
  }
  const broker = await durableBroker({ path })
  expect(await queueOf(broker).dead(10)).toMatchObject([{ attempts: 2, reason: '' }])
  expect(await queueOf(broker).metrics()).toMatchObject({ ready: 0, leased: 0, dead: 1 })
  await close(broker)
})

test('BR-45 a delay goes on while nobody has the store open', async () => {
  const path = join(folder, 'delayed')
  const clock = new ManualClock()
  const first = await openBroker({ path }, clock)
  await queueOf(first).enqueue('', bytesOf('late'), { delayMs: 1_000 })
  await close(first)
  clock.advance(999)
  const second = await openBroker({ path }, clock)
  expect(await queueOf(second).metrics()).toMatchObject({ ready: 0, delayed: 1 })
  clock.advance(1)
  expect(textOf(await one(queueOf(second)))).toBe('late')
  await close(second)
})

test('BR-56 what was stored while the clock of the system was ahead is handed out, and its keys end', async () => {
  const path = join(folder, 'ahead')
  const ahead = new ManualClock()
  ahead.advance(1e12)
  const first = await openBroker({ path }, ahead)
  await put(queueOf(first), 'leased', 'a')
  await one(queueOf(first), 'a')
  await put(queueOf(first), 'ready', 'b')
  await queueOf(first).enqueue('c', bytesOf('late'), { delayMs: 1_000, key: 'k' })
  await close(first)
  const clock = new ManualClock()
  const second = await openBroker({ path }, clock)
  const queue = queueOf(second)
  expect(await queue.metrics()).toEqual({ ready: 2, delayed: 1, leased: 0, dead: 0, oldestMs: 0 })
  expect((await several(queue, 2, '*')).map(textOf).sort()).toEqual(['leased', 'ready'])
  clock.advance(1_000)
  expect(textOf(await one(queue, 'c'))).toBe('late')
  expect(await queue.enqueue('', bytesOf('x'), { key: 'k' })).toMatchObject({ duplicate: true })
  clock.advance(SETTINGS.dedupeMs)
  expect(await queue.enqueue('', bytesOf('x'), { key: 'k' })).toMatchObject({ duplicate: false })
  await close(second)
})

test('BR-44 BR-54 what is kept outlives all that came and went behind it, in a store that does not grow', async () => {
  const path = join(folder, 'carried')
  const retained = async (broker: Broker): Promise<string[]> => {
    const heard: string[] = []
    await broker.topic('house.v1.readings', { retain: true }).subscribe('*', ({ subject, body, retained: old }) => {
      if (old) heard.push(`${subject}=${textOf({ body })}`)
      return undefined
    })
    return heard.sort()
  }
  let broker = await durableBroker({ path, sync: 'relaxed' })
  await queueOf(broker).enqueue('kept', bytesOf('kept'), { key: 'k' })
  await queueOf(broker).enqueue('done', bytesOf('done'), { key: 'done' })
  await queueOf(broker).settle((await one(queueOf(broker), 'done')).receipt, { is: 'ack' })
  await put(queueOf(broker), 'bad', 'bad')
  await queueOf(broker).settle((await one(queueOf(broker), 'bad')).receipt, { is: 'reject', reason: 'why' })
  for (const value of ['old', 'new'])
    await broker.topic('house.v1.readings', { retain: true }).publish('a', bytesOf(value))
  for (let round = 0; round < 8; round++) {
    const body = new Uint8Array(10_000).fill(round)
    await Promise.all(Array.from({ length: 400 }, () => queueOf(broker).enqueue('load', body, {})))
    const leased = await several(queueOf(broker), 400, 'load')
    await Promise.all(leased.map(({ receipt }) => queueOf(broker).settle(receipt, { is: 'ack' })))
  }
  await close(broker)
  broker = await durableBroker({ path })
  const queue = queueOf(broker)
  expect(await queue.metrics()).toMatchObject({ ready: 1, delayed: 0, dead: 1 })
  expect(textOf(await one(queue, 'kept'))).toBe('kept')
  expect((await queue.dead(10)).map((letter) => `${textOf(letter)} ${letter.reason}`)).toEqual(['bad why'])
  for (const key of ['k', 'done'])
    expect(await queue.enqueue('', bytesOf('x'), { key })).toMatchObject({ duplicate: true })
  expect(await retained(broker)).toEqual(['a=new'])
  await close(broker)
  // 32 MB went through it.
  expect(bytesIn(join(path, 'level'))).toBeLessThan(24_000_000)
})

test('BR-49 a commit of which a byte is another, or that stands in the place of another, is none', () => {
  const bytes = new Uint8Array(COMMIT_HEADER + 5).fill(3)
  sealCommit(bytes, { sequence: 7, floor: 2, made: 40 })
  expect(openCommit(keyOf(7), bytes)).toEqual({ sequence: 7, floor: 2, made: 40 })
  expect(openCommit(keyOf(8), bytes)).toBeUndefined()
  expect(openCommit(keyOf(7).subarray(1), bytes)).toBeUndefined()
  for (let at = 0; at < 8 * bytes.length; at++) {
    const flipped = bytes.slice()
    flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7))
    expect(openCommit(keyOf(7), flipped)).toBeUndefined()
  }
})

test('BR-43 a receipt of an opening before is of no use', async () => {
  const path = join(folder, 'receipts')
  const first = await durableBroker({ path })
  await put(queueOf(first), 'a')
  const { receipt } = await one(queueOf(first))
  await close(first)
  const second = await durableBroker({ path })
  await queueOf(second).lease('', 1, NEVER)
  expect(await queueOf(second).settle(receipt, { is: 'ack' })).toBe(false)
  await close(second)
})

test('BR-30 what was asked in the very step of the disposal is refused, by queues and topics nobody had used', async () => {
  const broker = await durableBroker({ path: join(folder, 'late') })
  const lease = queueOf(broker).lease('', 1, NEVER)
  const metrics = broker.queue('jobs.v1.other', SETTINGS).metrics()
  const subscribing = broker.topic('house.v1.readings', { retain: true }).subscribe('*', () => undefined)
  const closing = close(broker)
  for (const late of [lease, metrics, subscribing]) await expect(late).rejects.toMatchObject({ code: 'broker/failed' })
  await closing
})

/** Bytes that this process has handed to the system, of files and all else. */
const handedOver = (): number => Number(/wchar: (\d+)/.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])

test.skipIf(!existsSync('/proc/self/io'))(
  'BR-44 keys whose messages are gone are not carried on by each commit',
  async () => {
    const broker = await durableBroker({ path: join(folder, 'keys'), sync: 'relaxed' })
    const queue = queueOf(broker)
    for (let round = 0; round < 60; round++) {
      const keys = Array.from({ length: 1_000 }, (_, n) => `${round}-${n}-${'k'.repeat(80)}`)
      await Promise.all(keys.map((key) => queue.enqueue('', bytesOf('x'), { key })))
      const leased = await several(queue, 1_000)
      await Promise.all(leased.map(({ receipt }) => queue.settle(receipt, { is: 'ack' })))
    }
    const before = handedOver()
    for (let n = 0; n < 20; n++) await put(queue, 'small')
    expect(handedOver() - before).toBeLessThan(5_000_000)
    await close(broker)
  },
)

test('BR-55 no commit that deletes another is left to a sync of later, and the witness tells of those alone that are synced', async () => {
  const path = join(folder, 'floor')
  mkdirSync(path)
  const { level } = await Level.open(path)
  const { witness } = await Witness.at(join(path, 'witness'))
  const writes: { readonly deletes: number; readonly sync: boolean }[] = []
  const watched = {
    write: (sequence: number, bytes: Uint8Array, from: number, to: number, sync: boolean) => {
      writes.push({ deletes: to - from, sync })
      return level.write(sequence, bytes, from, to, sync)
    },
    commit: (sequence: number) => level.commit(sequence),
    compact: (floor: number) => level.compact(floor),
    close: () => level.close(),
  }
  const content = { carry: () => undefined, lost: () => undefined, failed: () => undefined }
  const ledger = new Ledger(watched, witness, true, content)
  ledger.begin(0, 1, 1)
  for (let n = 0; n < 12; n++) {
    const commit = ledger.gather()
    commit.entries.write({ is: 'retained', topic: 't', subject: 's', body: new Uint8Array(1_000_000) })
    await commit.settled
  }
  expect(writes.filter(({ deletes }) => deletes > 0).length).toBeGreaterThan(0)
  expect(writes.filter(({ deletes, sync }) => deletes > 0 !== sync)).toEqual([])
  const last = ledger.gather()
  await last.settled
  await ledger.close()
  const { witness: again, said } = await Witness.at(join(path, 'witness'))
  expect(said?.sequence ?? 0).toBeLessThanOrEqual(writes.findLastIndex(({ sync }) => sync) + 1)
  await again.close()
})

test('BR-4 BR-13 50,000 messages of as many subjects are leased by one filter in their order, and none by one of another', async () => {
  const broker = await durableBroker({ path: join(folder, 'subjects'), sync: 'relaxed' })
  const queue = queueOf(broker)
  const giveUp = new AbortController()
  const waiting = queue.lease('*.none', 1, giveUp.signal)
  for (let n = 0; n < 50_000; n += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => queue.enqueue(`s${n + at}.x`, bytesOf(`${n + at}`), {})))
  expect(textOf(await one(queue, 's7.x'))).toBe('7')
  let at = 0
  while (at < 50_000)
    for (const message of await queue.lease('*.x', 1_000, NEVER)) {
      if (at === 7) at++
      if (textOf(message) !== `${at++}`) expect(textOf(message)).toBe(`${at - 1}`)
    }
  giveUp.abort()
  expect([await waiting, await queue.metrics()]).toMatchObject([[], { ready: 0, leased: 50_000 }])
  await close(broker)
})
