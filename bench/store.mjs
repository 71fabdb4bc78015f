// `npm run build && node bench/store.mjs`: what durable writes of 200 bytes cost in LMDB, in LevelDB and in the durable broker, beside
// what the disk itself can do, all in one run. Operations that come while a commit runs share the next.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { open as openLmdb } from 'lmdb'
import { durableBroker } from '../dist/durable.js'

const MS = process.argv.includes('--quick') ? 300 : 2_000
const FLIGHTS = [1, 64, 256]
const value = new Uint8Array(200).fill(7)
const folder = mkdtempSync(join(tmpdir(), 'sotto-store-'))

const keyOf = (number) => {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(BigInt(number))
  return key
}

/** A second's operations with so many in flight. */
const rate = async (flight, act) => {
  const from = performance.now()
  let done = 0
  const worker = async () => {
    for (; performance.now() < from + MS; done++) await act()
  }
  await Promise.all(Array.from({ length: flight }, worker))
  return Math.round((done / (performance.now() - from)) * 1_000)
}

/** Commits `operations` in one go, those that come meanwhile in the next. */
const grouped = (commit) => {
  let gathering
  let running = false
  const run = async () => {
    running = true
    await Promise.resolve()
    while (gathering !== undefined) {
      const { operations, resolve } = gathering
      gathering = undefined
      await commit(operations)
      resolve()
    }
    running = false
  }
  return (operation) => {
    if (gathering === undefined) {
      gathering = { operations: [] }
      gathering.settled = new Promise((resolve) => {
        gathering.resolve = resolve
      })
    }
    gathering.operations.push(operation)
    const { settled } = gathering
    if (!running) void run()
    return settled
  }
}

const lmdb = async (name, options, settled) => {
  const database = openLmdb({ path: join(folder, name), encoding: 'binary', keyEncoding: 'binary', ...options })
  let number = 0
  const enqueue = async () => {
    const key = keyOf(number++)
    await database.put(key, value)
    await settled(database)
    return key
  }
  const ack = async (key) => {
    await database.remove(key)
    await settled(database)
  }
  return { enqueue, ack, close: () => database.close() }
}

const level = async (name, sync) => {
  const options = { keyEncoding: 'view', valueEncoding: 'view', compression: false }
  const database = new ClassicLevel(join(folder, name), options)
  await database.open()
  let number = 0
  const write = grouped((operations) => {
    const batch = database.batch()
    for (const [key, body] of operations) {
      if (body === undefined) batch.del(key)
      else batch.put(key, body)
    }
    return batch.write({ sync })
  })
  const enqueue = async () => {
    const key = keyOf(number++)
    await write([key, value])
    return key
  }
  return { enqueue, ack: (key) => write([key]), close: () => database.close() }
}

const broker = async (name, sync) => {
  const durable = await durableBroker({ path: join(folder, name), sync })
  const times = { leaseMs: 600_000, backoffMs: 0, backoffCapMs: 0, dedupeMs: 0 }
  const queue = durable.queue('jobs.v1.work', { ...times, maxDeliveries: 5, maxMessages: 10_000_000 })
  const { signal } = new AbortController()
  const enqueue = () => queue.enqueue('', value, {})
  const ack = async () => {
    const [{ receipt }] = await queue.lease('', 1, signal)
    await queue.settle(receipt, { is: 'ack' })
  }
  return { enqueue, ack, close: () => durable[Symbol.asyncDispose]() }
}

const raw = async (bytes) => {
  const file = await open(join(folder, 'raw'), 'w')
  const block = new Uint8Array(bytes)
  const found = await rate(1, async () => {
    await file.write(block)
    await file.datasync()
  })
  await file.close()
  return found
}

const STORES = [
  ['lmdb, committed', () => lmdb('lmdb-c', {}, () => undefined)],
  ['lmdb, flushed', () => lmdb('lmdb-f', {}, ({ flushed }) => flushed)],
  ['lmdb, overlappingSync off', () => lmdb('lmdb-n', { overlappingSync: false }, () => undefined)],
  ['classic-level, sync', () => level('level-s', true)],
  ['classic-level, no sync', () => level('level-r', false)],
  ['durableBroker', () => broker('broker-s', 'fsync')],
  ['durableBroker, relaxed', () => broker('broker-r', 'relaxed')],
]

const row = (name, cells) => console.log(name.padEnd(28), ...cells.map((cell) => String(cell).padStart(9)))

try {
  row('append and fdatasync a second', [])
  for (const bytes of [200, 12_800, 51_200]) row(`  of ${bytes} B, 1 in flight`, [await raw(bytes)])
  row('', ['enqueue', '', '', 'and ack', '', ''])
  row('a second, in flight:', [...FLIGHTS, ...FLIGHTS])
  for (const [name, make] of STORES) {
    const store = await make()
    const cells = []
    for (const flight of FLIGHTS) cells.push(await rate(flight, store.enqueue))
    await store.close()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    const other = await make()
    for (const flight of FLIGHTS) cells.push(await rate(flight, async () => other.ack(await other.enqueue())))
    await other.close()
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    row(name, cells)
  }
} finally {
  rmSync(folder, { recursive: true })
}
