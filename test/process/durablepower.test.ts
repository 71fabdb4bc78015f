import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../random.js'
import { Account, bundle, live } from './durablestore.js'

const seed = Number(process.env.SOTTO_DURABLE_SEED ?? Date.now() % 2 ** 31)
const CUTS = Number(process.env.SOTTO_DURABLE_CUTS ?? 4)
console.info(`test/process/durablepower: SOTTO_DURABLE_SEED=${seed}, SOTTO_DURABLE_CUTS=${CUTS}`)

const IMAGE_BYTES = 67_108_864

const folder = mkdtempSync(join(tmpdir(), 'sotto-durablepower-'))
const program = join(folder, 'peer.mjs')
const mounted = join(folder, 'disk')
mkdirSync(mounted)
beforeAll(() => bundle(program))

const run = (...command: readonly string[]): string | undefined => {
  const [name = '', ...rest] = command
  const { status, stderr } = spawnSync(name, rest)
  return status === 0 ? undefined : `${name}: ${String(stderr ?? 'not there').trim()}`
}

const mount = (): string | undefined => run('mount', '-o', 'loop,commit=600', join(folder, 'image'), mounted)
const unmount = (): string | undefined => run('umount', mounted)

/** Whether there is a disk in a file: nobody but the system's owner may make one. */
const disk = ((): boolean => {
  const image = join(folder, 'image')
  writeFileSync(image, '')
  truncateSync(image, IMAGE_BYTES)
  const refused = run('mkfs.ext4', '-q', image) ?? mount()
  if (refused !== undefined) console.warn(`test/process/durablepower: SKIPPED, no disk can be made here: ${refused}`)
  return refused === undefined
})()
afterAll(() => {
  if (disk) run('umount', '-l', mounted)
  rmSync(folder, { recursive: true })
})

/** A life of the peer that ends with the disk: it is mounted again as it would be found. */
const cut = async (account: Account, life: string, lines: number, sync: string): Promise<void> => {
  const { child, said } = live([process.execPath, program, join(mounted, sync), life, '0', sync])
  let left = lines
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      left -= chunk.filter((byte) => byte === 0x0a).length
      if (left > 0 || child.killed) return
      // Nothing is written while the disk is copied: the moment of the cut is one.
      child.kill('SIGSTOP')
      resolve()
    })
  })
  copyFileSync(join(folder, 'image'), join(folder, 'next'))
  child.kill('SIGKILL')
  account.heard(await said)
  expect(unmount()).toBeUndefined()
  renameSync(join(folder, 'next'), join(folder, 'image'))
  expect(mount()).toBeUndefined()
}

test.skipIf(!disk)(
  'BR-40 BR-41 a broker whose disk loses all that was not synced loses nothing acknowledged, and hands out nothing that was settled',
  async () => {
    const random = new Random(seed, 2)
    const account = new Account()
    for (let life = 0; life < CUTS; life++) {
      await cut(account, `${life}`, 1 + random.below(600), 'fsync')
      expect(await account.compared(join(mounted, 'fsync'))).toEqual({ lost: [], after: [], damages: [] })
    }
    expect([account.again, [...account.codes]]).toEqual([0, []])
    console.info(
      `test/process/durablepower: ${CUTS} cuts, ${account.enqueued} acknowledged, ${account.settled.size} settled, 0 lost, 0 again`,
    )
  },
  60_000 + 10_000 * CUTS,
)

test.skipIf(!disk)('BR-48 a relaxed broker loses to such a disk what it had acknowledged, and starts', async () => {
  const account = new Account()
  await cut(account, 'relaxed', 200, 'relaxed')
  const { lost } = await account.compared(join(mounted, 'relaxed'))
  // Or the cut would have cut nothing.
  expect(lost.length).toBeGreaterThan(0)
})
