import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { auditorSecretTextOf } from '../../src/identity/auditor.js'
import { auditor, filesOf, losses, verified } from '../link/auditread.js'
import { Random } from '../random.js'

const seed = Number(process.env.SOTTO_AUDIT_SEED ?? Date.now() % 2 ** 31)
const KILLS = Number(process.env.SOTTO_AUDIT_KILLS ?? 8)
console.info(`test/process/audit: seed ${seed}, ${KILLS} kills`)

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-auditprocess-'))
const program = join(folder, 'peer.mjs')
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(() =>
  build({
    entryPoints: [at('auditpeer.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts') },
  }),
)

/** One life of the process, killed a moment after it has told of its first flush; up to where it said it had flushed. */
const killed = async (path: string, from: number, moment: number): Promise<number> => {
  const child = spawn(process.execPath, [program, path, auditorSecretTextOf(auditor), String(from)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let told = from
  let lines = 0
  const reader = createInterface({ input: child.stdout })
  const read = once(reader, 'close')
  reader.on('line', (line) => {
    told = Number(line)
    // Somewhere in what it does behind so many flushes: busy turns of this process, not a time.
    if (++lines === 1 + (moment >> 4)) spin(moment & 15, () => child.kill('SIGKILL'))
  })
  const [[, signal]] = await Promise.all([once(child, 'exit'), read])
  expect(signal).toBe('SIGKILL')
  return told
}

const spin = (turns: number, then: () => void): void => {
  if (turns === 0) then()
  else setImmediate(() => spin(turns - 1, then))
}

test(
  'AU-37 AU-34 AU-30 a log whose process is killed again and again verifies, and holds all that was flushed',
  async () => {
    const random = new Random(seed, 1)
    const logs = join(folder, 'logs')
    mkdirSync(logs)
    const path = join(logs, 'audit.log')
    let from = 0
    let torn = 0
    for (let kill = 0; kill < KILLS; kill++) {
      const told = await killed(path, from, random.below(160))
      const bytes = filesOf(path)
      const end = bytes.lastIndexOf(0x0a) + 1
      if (end < bytes.length) torn++
      const read = verified(bytes.subarray(0, end))
      expect(told).toBeGreaterThan(from)
      // Without a gap, and up to what was flushed at least: what the process gave behind that, the next gives again.
      expect(losses(read)).toEqual([])
      expect(read.numbers.slice(0, told)).toEqual(Array.from({ length: told }, (_, n) => n))
      expect(new Set(read.numbers).size).toBe((read.numbers.at(-1) ?? 0) + 1)
      from = Math.max(told, (read.numbers.at(-1) ?? 0) + 1)
    }
    const { check, kinds } = verified(filesOf(path).subarray(0, filesOf(path).lastIndexOf(0x0a) + 1))
    expect(kinds.filter((kind) => kind === 'resumed')).toHaveLength(KILLS - 1)
    const claims = readdirSync(logs).filter((name) => name.includes('.lock-'))
    console.info(`test/process/audit: ${check.lines} lines, ${torn} tails torn, ${claims.length} claim left`)
    expect(claims.length).toBeLessThan(3)
  },
  60_000 + 5_000 * KILLS,
)
