import { spawnSync } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { concat } from '../../src/bytes.js'
import { auditLog, client, policyStore, type Session, type SottoError } from '../../src/index.js'
import { auditFile } from '../../src/node.js'
import { auditor, losses, record, verified } from './auditread.js'
import { Echo, open, pair } from './sessions.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-auditdisk-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** A disk of 64 KiB, which is gone with the file; undefined where nobody may mount one. */
const disk = ((): string | undefined => {
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  if (mounted.status === 0) return folder
  console.warn(`test/link/auditdisk: SKIPPED, no full disk can be made here: ${String(mounted.stderr).trim()}`)
  return undefined
})()
afterAll(() => {
  if (disk !== undefined) spawnSync('umount', ['-l', folder])
})

const codeOf = ({ cause }: SottoError): unknown => (cause instanceof Error && 'code' in cause ? cause.code : cause)

const called = async (session: Session<typeof Echo>, count: number): Promise<void> => {
  const { echo } = client(session, Echo)
  const bodies = Array.from({ length: count }, (_, n) => Uint8Array.of(n))
  expect(await Promise.all(bodies.map((body) => echo(body)))).toEqual(bodies)
}

test.skipIf(disk === undefined)(
  'AU-22 AU-23 AU-26 a full disk stops no session; when there is room again the log goes on, and says what it lost',
  async () => {
    const path = join(folder, 'audit.log')
    const ballast = join(folder, 'ballast')
    writeFileSync(ballast, new Uint8Array(32_768))
    const told: SottoError[] = []
    const log = await auditFile(path, auditor, { failed: (error) => void told.push(error) })
    let given = 0
    const audit = (bytes: Uint8Array): boolean => {
      given++
      return log.audit(bytes)
    }
    const { near } = await pair({ far: { policy: policyStore(open, { audit }) } })
    for (let n = 0; log.lost === 0; n++) {
      for (let burst = 0; burst < 10; burst++) audit(record(n, 'b'.repeat(600)))
      await called(near, 20)
      await log.flush()
    }
    expect([told[0]?.code, told.map(codeOf)]).toEqual(['audit/sink', told.map(() => 'ENOSPC')])
    // What is on the disk meanwhile verifies, but for what a write left behind the last newline.
    const full = readFileSync(path)
    verified(full.subarray(0, full.lastIndexOf(0x0a) + 1))
    await called(near, 100)
    await log.flush()
    const lost = log.lost
    expect(lost).toBeGreaterThan(0)

    rmSync(ballast)
    audit(record(1_000_000))
    await called(near, 20)
    await log.flush()
    near.abort()
    await near.closed
    await log.close()
    expect(log.lost).toBe(lost)
    const read = verified(readFileSync(path))
    const records = read.lines.filter(({ record: { kind } }) => !['log', 'lost', 'checkpoint'].includes(kind))
    expect(records.length + lost).toBe(given)
    expect(losses(read)).toEqual([[lost, 'failed']])
    expect([read.numbers.at(-1), read.check.behind, read.check.lost]).toEqual([1_000_000, 0, lost])
  },
)

test.skipIf(disk === undefined)(
  'AU-23 a log can be taken up and closed on a full disk, and goes on when there is room',
  async () => {
    const path = join(folder, 'small.log')
    const first = await auditFile(path, auditor)
    first.audit(record(0))
    await first.close()
    const ballast = openSync(join(folder, 'rest'), 'w')
    expect(() => {
      for (;;) writeSync(ballast, new Uint8Array(512))
    }).toThrow('ENOSPC')
    const again = await auditFile(path, auditor, { failed: () => undefined })
    // What the last block of the file still holds is room.
    for (let n = 1; n < 10; n++) again.audit(record(n, 'c'.repeat(1_000)))
    await again.close()
    rmSync(join(folder, 'rest'))
    const last = await auditFile(path, auditor)
    last.audit(record(10))
    await last.close()
    const read = verified(readFileSync(path))
    expect([read.numbers[0], read.numbers.at(-1), read.check.torn, again.lost]).toEqual([0, 10, 0, 9])
  },
)

test('AU-23 AU-21 a device that is always full takes nothing, and all is counted as lost', async () => {
  const device = openSync('/dev/full', 'w')
  const told: SottoError[] = []
  const chunks: Uint8Array[] = []
  let full = true
  const sink = (lines: Uint8Array): void => {
    if (full) writeSync(device, lines)
    chunks.push(lines)
  }
  const log = auditLog(auditor, sink, { failed: (error) => void told.push(error) })
  for (let n = 0; n < 10; n++) log.audit(record(n))
  await log.flush()
  expect([log.lost, chunks, codeOf(told[0] as SottoError)]).toEqual([10, [], 'ENOSPC'])
  full = false
  await log.close()
  expect(losses(verified(concat(...chunks)))).toEqual([[10, 'failed']])
})
