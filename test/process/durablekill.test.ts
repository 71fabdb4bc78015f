import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../random.js'
import { Account, bundle, live } from './durablestore.js'

const seed = Number(process.env.SOTTO_DURABLE_SEED ?? Date.now() % 2 ** 31)
const KILLS = Number(process.env.SOTTO_DURABLE_KILLS ?? 8)
console.info(`test/process/durablekill: SOTTO_DURABLE_SEED=${seed}, SOTTO_DURABLE_KILLS=${KILLS}`)

const folder = mkdtempSync(join(tmpdir(), 'sotto-durablekill-'))
const program = join(folder, 'peer.mjs')
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => bundle(program))

test.each(['fsync', 'relaxed'])(
  'BR-40 BR-41 BR-42 a broker (%s) whose process is killed again and again loses nothing acknowledged, and hands out nothing that was settled',
  async (sync) => {
    const random = new Random(seed, 1)
    const path = join(folder, sync)
    const account = new Account()
    for (let kill = 0; kill < KILLS; kill++) {
      const { child, said } = live([process.execPath, program, path, `${kill}`, '0', sync])
      // Somewhere in what it does behind so many lines that it told.
      let left = random.below(400)
      child.stdout?.on('data', (chunk: Buffer) => {
        left -= chunk.filter((byte) => byte === 0x0a).length
        if (left <= 0) child.kill('SIGKILL')
      })
      account.heard(await said)
      expect(child.signalCode).toBe('SIGKILL')
      expect(await account.compared(path)).toEqual({ lost: [], after: [], damages: [] })
    }
    expect([account.again, [...account.codes]]).toEqual([0, []])
    expect(account.settled.size).toBeGreaterThan(0)
    console.info(
      `test/process/durablekill: ${sync}, ${KILLS} kills, ${account.enqueued} acknowledged, ${account.settled.size} settled, 0 lost, 0 again`,
    )
  },
  60_000 + 5_000 * KILLS,
)
