import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Broker } from '../../src/broker/broker.js'
import { durableBroker } from '../../src/broker/durable.node.js'
import type { Damage } from '../../src/broker/durabledamage.js'
import type { QueueSettings } from '../../src/contract/queuesettings.js'
import { Random } from '../random.js'
import { bytesOf, NEVER, textOf } from './room.js'

const seed = Number(process.env.SOTTO_DURABLE_SEED ?? Date.now() % 2 ** 31)
/** Flipped bits; `all` for one of each byte. */
const FLIPS = process.env.SOTTO_DURABLE_FLIPS ?? '24'
console.info(`test/broker/durabledamage: SOTTO_DURABLE_SEED=${seed}, SOTTO_DURABLE_FLIPS=${FLIPS}`)

const folder = mkdtempSync(join(tmpdir(), 'sotto-durabledamage-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SETTINGS: QueueSettings = {
  leaseMs: 600_000,
  maxDeliveries: 5,
  backoffMs: 1_000,
  backoffCapMs: 1_000,
  dedupeMs: 600_000,
  maxMessages: 100_000,
}

const opened = async (path: string) => {
  const damages: Damage[] = []
  const broker = await durableBroker({ path, damaged: (damage) => damages.push(damage) })
  return { broker, damages, queue: broker.queue('jobs.v1.work', SETTINGS) }
}

/** Everything that a store holds, as text. */
const contentOf = async (broker: Broker): Promise<string[]> => {
  const queue = broker.queue('jobs.v1.work', SETTINGS)
  const all: string[] = []
  for (const letter of await queue.dead(1_000))
    all.push(`dead ${letter.id} ${textOf(letter)} ${letter.reason} ${letter.attempts}`)
  const { ready, delayed } = await queue.metrics()
  all.push(`delayed ${delayed}`)
  const leased = ready === 0 ? [] : await queue.lease('*', 1_000, NEVER)
  for (const one of leased) all.push(`${one.id} ${one.subject} ${textOf(one)} ${one.attempt}`)
  for (const key of ['k1', 'k2']) all.push(`${key} ${(await queue.enqueue('x', bytesOf(key), { key })).duplicate}`)
  await broker.topic('house.v1.readings', { retain: true }).subscribe('*', ({ subject, body }) => {
    all.push(`${subject}=${textOf({ body })}`)
    return undefined
  })
  return all
}

/** A store of some messages of each kind, in a table and a log. */
const made = async (path: string): Promise<void> => {
  for (let life = 0; life < 3; life++) {
    const { broker, queue } = await opened(path)
    for (let n = 0; n < 12; n++) await queue.enqueue(`s${n % 2}`, bytesOf(`${life}-${n}-${'x'.repeat(100)}`), {})
    await queue.enqueue('s', bytesOf('keyed'), { key: `k${life}`, delayMs: 600_000 })
    const leased = await queue.lease('*', 6, NEVER)
    for (const [n, { receipt }] of leased.entries()) {
      if (n < 3) await queue.settle(receipt, { is: 'ack' })
      else if (n < 5) await queue.settle(receipt, { is: 'reject', reason: `r${n}` })
    }
    await broker.topic('house.v1.readings', { retain: true }).publish(`s${life % 2}`, bytesOf(`${life}`))
    await broker[Symbol.asyncDispose]()
  }
}

/** Where bits are flipped: all files of a store. */
const filesOf = (path: string): { readonly name: string; readonly bytes: number }[] => {
  const names = ['level', 'claim'].flatMap((store) => readdirSync(join(path, store)).map((name) => `${store}/${name}`))
  return ['witness', ...names].map((name) => ({ name, bytes: statSync(join(path, name)).size }))
}

test(
  'BR-50 BR-51 BR-52 BR-53 a flipped bit is told of or does nothing, wherever it is, and the store opens and works',
  async () => {
    const random = new Random(seed, 3)
    const origin = join(folder, 'origin')
    await made(origin)
    const copy = join(folder, 'copy')
    cpSync(origin, copy, { recursive: true })
    const whole = await opened(copy)
    const expected = await contentOf(whole.broker)
    await whole.broker[Symbol.asyncDispose]()
    rmSync(copy, { recursive: true })
    expect([whole.damages, expected.filter((line) => line.startsWith('dead')).length]).toEqual([[], 6])
    const places = filesOf(origin).flatMap(({ name, bytes }) =>
      Array.from({ length: bytes }, (_, at) => ({ name, at })),
    )
    const flips = FLIPS === 'all' ? places : Array.from({ length: Number(FLIPS) }, () => random.pick(places))
    let found = 0
    for (const { name, at } of flips) {
      cpSync(origin, copy, { recursive: true })
      const bytes = readFileSync(join(copy, name))
      const bit = random.below(8)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      writeFileSync(join(copy, name), bytes)
      const { broker, damages, queue } = await opened(copy)
      const content = await contentOf(broker)
      if (damages.length === 0) expect([name, at, bit, content]).toEqual([name, at, bit, expected])
      else found++
      await queue.enqueue('new', bytesOf('new'), {})
      await broker[Symbol.asyncDispose]()
      // Once is enough.
      if (at % 8 === 0) {
        const again = await opened(copy)
        expect([name, at, bit, again.damages]).toEqual([name, at, bit, []])
        await again.broker[Symbol.asyncDispose]()
      }
      rmSync(copy, { recursive: true })
    }
    console.info(
      `test/broker/durabledamage: ${flips.length} flips of ${places.length} bytes, ${found} found, the others harmless`,
    )
    expect(found).toBeGreaterThan(0)
  },
  60_000 + 100 * (FLIPS === 'all' ? 100_000 : Number(FLIPS)),
)

test('BR-52 tells which messages may be lost, and hands out the others', async () => {
  const path = join(folder, 'named')
  const first = await opened(path)
  const ids: string[] = []
  for (let n = 0; n < 30; n++) ids.push((await first.queue.enqueue('', bytesOf(`${n}-${'y'.repeat(200)}`), {})).id)
  await first.broker[Symbol.asyncDispose]()
  const log = readdirSync(join(path, 'level')).find((name) => name.endsWith('.log')) ?? ''
  const bytes = readFileSync(join(path, 'level', log))
  const at = bytes.indexOf('17-yyy')
  bytes[at + 10] = 0
  writeFileSync(join(path, 'level', log), bytes)
  const { broker, damages, queue } = await opened(path)
  expect(damages).toMatchObject([{ error: { code: 'broker/corrupt' }, lost: [ids[17]], kept: join(path, 'damaged-1') }])
  const left = await queue.lease('', 100, NEVER)
  expect(left.map(({ id }) => id)).toEqual(ids.filter((_, n) => n !== 17))
  await broker[Symbol.asyncDispose]()
})

/** A disk of 6 MiB. */
const disk = ((): boolean => {
  mkdirSync(join(folder, 'small'))
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', join(folder, 'small')])
  if (status !== 0)
    console.warn(`test/broker/durabledamage: SKIPPED, no full disk can be made here: ${String(stderr).trim()}`)
  return status === 0
})()
afterAll(() => {
  if (disk) spawnSync('umount', ['-l', join(folder, 'small')])
})

test.skipIf(!disk)('BR-47 a full disk refuses, loses nothing, and is written to again when there is room', async () => {
  const small = join(folder, 'small')
  const ballast = join(small, 'ballast')
  writeFileSync(ballast, new Uint8Array(3_145_728))
  const { broker, queue, damages } = await opened(join(small, 'store'))
  const stored: string[] = []
  const codes = new Set<unknown>()
  for (let n = 0; codes.size === 0; n++)
    await queue.enqueue('', new Uint8Array(20_000).fill(n), {}).then(
      ({ id }) => stored.push(id),
      (error: unknown) => codes.add(error instanceof Error && 'code' in error ? error.code : error),
    )
  expect([...codes]).toEqual(['broker/failed'])
  await expect(queue.enqueue('', new Uint8Array(20_000), {})).rejects.toMatchObject({ code: 'broker/failed' })
  rmSync(ballast)
  await expect
    .poll(() => queue.enqueue('', bytesOf('room'), {}).catch(() => undefined), { timeout: 5_000 })
    .toBeDefined()
  const ids = new Set((await queue.lease('', 1_000, NEVER)).map(({ id }) => id))
  expect(stored.filter((id) => !ids.has(id))).toEqual([])
  await broker[Symbol.asyncDispose]()
  expect([stored.length > 50, damages]).toEqual([true, []])
})
