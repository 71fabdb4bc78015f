import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Account, bundle, live } from './durablestore.js'

/** Each call up to so many of each kind fails in a life of its own; a few of them unless all are asked for. */
const FAULTS = Number(process.env.SOTTO_DURABLE_FAULTS ?? 0)
console.info(`test/process/durablefaults: SOTTO_DURABLE_FAULTS=${FAULTS}`)

/** Outcomes of a life: with more than 200 commits, if all are asked for. */
const OPERATIONS = FAULTS > 0 ? '700' : '200'

const folder = mkdtempSync(join(tmpdir(), 'sotto-durablefaults-'))
const program = join(folder, 'peer.mjs')
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => bundle(program))

const traced = ((): boolean => {
  const { status, stderr } = spawnSync('strace', ['-o', '/dev/null', 'true'])
  if (status !== 0)
    console.warn(
      `test/process/durablefaults: SKIPPED, no call can be made to fail here: ${String(stderr ?? 'no strace')}`,
    )
  return status === 0
})()

/** Calls that change files, and how many of each a life makes at least. */
const CALLS = [
  ['write', 200],
  ['fdatasync', 200],
  ['pwrite64', 200],
  ['fsync', 12],
  ['rename', 6],
  ['ftruncate', 2],
  ['openat', 24],
  ['unlink', 6],
  ['mkdir', 4],
] as const

const turns = (most: number): readonly number[] =>
  FAULTS > 0
    ? Array.from({ length: Math.min(most, FAULTS) }, (_, n) => n + 1)
    : [1, 3, 40].filter((n) => n <= most).slice(-2)

/** The files of a store, by the names they may have: a call on another fails nothing. */
const pathsOf = (path: string): readonly string[] => {
  const numbers = Array.from({ length: 60 }, (_, n) => `${n}`.padStart(6, '0'))
  const level = numbers.flatMap((number) =>
    [`${number}.log`, `${number}.ldb`, `${number}.dbtmp`, `MANIFEST-${number}`].map((name) => `level/${name}`),
  )
  return ['', 'witness', 'level', 'level/CURRENT', ...level].map((name) => join(path, name))
}

test.skipIf(!traced)(
  'BR-47 BR-53 each call that fails is told to who waits for it, nothing that was acknowledged is lost by it, and the store opens afterwards',
  async () => {
    let lives = 0
    let failed = 0
    const last = new Map<string, number>()
    for (const [call, most] of CALLS)
      for (const turn of turns(most)) {
        const path = join(folder, `${call}-${turn}`)
        const error = (turn + most) % 2 === 0 ? 'EIO' : 'ENOSPC'
        const inject = `inject=${call}:error=${error}:when=${turn}`
        const watched = pathsOf(path).flatMap((name) => ['-P', name])
        const strace = ['strace', '-f', '-qq', '-o', '/dev/null', ...watched, '-e', inject]
        const { said } = live(strace.concat(process.execPath, program, path, 'a', OPERATIONS))
        const account = new Account()
        account.heard(await said)
        lives++
        if (account.codes.size > 0) {
          failed++
          last.set(call, turn)
        }
        expect([...account.codes.keys()].filter((code) => code !== 'broker/failed')).toEqual([])
        expect([call, turn, await account.compared(path), account.again]).toEqual([
          call,
          turn,
          { lost: [], after: [], damages: [] },
          0,
        ])
        rmSync(path, { recursive: true })
      }
    const up = [...last].map(([call, turn]) => `${call} ${turn}`).join(', ')
    console.info(
      `test/process/durablefaults: ${lives} lives, of which ${failed} were told of a failure (up to ${up}), 0 lost`,
    )
    expect(failed).toBeGreaterThan(lives / 3)
  },
  60_000 + 30_000 * Math.max(20, FAULTS),
)
