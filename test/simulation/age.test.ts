import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { bundle } from './bundle.mjs'

interface Aged {
  readonly delivered: number
  readonly bytes: Readonly<Record<string, number>>
  readonly directions: readonly {
    readonly most: number
    readonly rekeys: number
    readonly refreshes: number
    readonly total: number
    readonly repeated: number
  }[]
}

/** What collections of garbage leave or take by chance. */
const FLAT_BYTES = 2 ** 19
/** Code that the engine of JavaScript makes as it learns is no state of a session, and comes and goes by hundreds of KiB. */
const PLAIN = ['--no-opt', '--no-sparkplug', '--no-lazy-feedback-allocation', '--no-flush-bytecode']

const age = async (): Promise<Aged> => {
  const directory = await mkdtemp(join(tmpdir(), 'sotto-age-'))
  try {
    const file = join(directory, 'age.mjs')
    await bundle('age.ts', file)
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...PLAIN, file, '1'])
    return JSON.parse(stdout)
  } finally {
    await rm(directory, { recursive: true })
  }
}

test('CH-6 CH-7 CH-30 a day of a message a second leaves memory flat, and replaces every key in time', {
  timeout: 300_000,
}, async () => {
  const { delivered, bytes, directions } = await age()
  const kib = (hour: number): number => Math.round((bytes[hour] ?? Number.NaN) / 1_024)
  console.log(`a day: ${kib(1)} KiB after 1 h, ${kib(12)} after 12, ${kib(24)} after 24; ${JSON.stringify(directions)}`)
  expect(delivered).toBe(86_400)
  expect(Math.abs((bytes[24] ?? Number.NaN) - (bytes[1] ?? Number.NaN))).toBeLessThan(FLAT_BYTES)
  expect(Math.abs((bytes[12] ?? Number.NaN) - (bytes[1] ?? Number.NaN))).toBeLessThan(FLAT_BYTES)
  for (const { most, rekeys, refreshes, total, repeated } of directions) {
    expect(most).toBe(100)
    expect(repeated).toBe(0)
    expect(refreshes).toBe(24)
    // Of the records between two refreshes, every hundredth ends a key.
    expect(rekeys).toBeGreaterThanOrEqual(Math.floor(total / 100) - refreshes - 1)
    expect(rekeys).toBeLessThanOrEqual(Math.floor(total / 100))
  }
})
