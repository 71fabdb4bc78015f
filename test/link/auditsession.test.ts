import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { auditLog, client, type Policy, policyStore } from '../../src/index.js'
import { auditFile } from '../../src/node.js'
import type { AuditLine } from '../../src/policy/auditline.js'
import { type Finding, reconcile } from '../../src/policy/reconcile.js'
import { auditor, filesOf, losses, verified } from './auditread.js'
import { Echo, open, pair } from './sessions.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-auditsession-'))
afterAll(() => rmSync(folder, { recursive: true }))

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const findings = (a: readonly AuditLine[], b: readonly AuditLine[]): Finding[] => [
  ...reconcile(
    () => a,
    () => b,
  ),
]

/** All may be done but the one-way message. */
const narrow: Policy = {
  version: 1,
  rules: [...open.rules, { id: 'quiet', effect: 'deny', by: ['any'], verbs: ['send'], on: ['echo.v1.tell'] }],
}

describe('two ends', () => {
  test('AU-33 AU-29 the logs of both, in many files, verify and tell the same; what one refused is found', async () => {
    const [mine, theirs] = [join(folder, 'near.log'), join(folder, 'far.log')]
    const files = { rotateBytes: 65_536, keep: 99, checkpoint: { records: 100 } }
    const nearLog = await auditFile(mine, auditor, files)
    const farLog = await auditFile(theirs, auditor, files)
    const { near, far } = await pair({
      near: { policy: policyStore(open, { audit: nearLog.audit }) },
      far: { policy: policyStore(narrow, { audit: farLog.audit }) },
    })
    const acts = client(near, Echo)
    for (let n = 0; n < 20; n++) {
      await Promise.all(Array.from({ length: 50 }, () => acts.echo(Uint8Array.of(n))))
      await acts.tell(Uint8Array.of(n))
    }
    await near.close()
    await far.closed
    await Promise.all([nearLog.close(), farLog.close()])

    const [a, b] = [verified(filesOf(mine)), verified(filesOf(theirs))]
    expect([nearLog.lost, farLog.lost, a.check.behind, b.check.behind]).toEqual([0, 0, 0, 0])
    for (const { lines } of [a, b]) {
      const kinds = lines.map(({ record: { kind } }) => kind).filter((kind) => kind !== 'checkpoint')
      expect([kinds[0], kinds[1], kinds.filter((kind) => kind === 'opened').length, kinds.at(-1)]).toEqual([
        'log',
        'policy',
        1,
        'closed',
      ])
    }
    const calls = a.lines.filter(({ record: { address } }) => address === 'echo.v1.echo')
    expect(calls).toHaveLength(1_000)
    const found = findings(a.lines, b.lines)
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['refused']))
    expect(found).toHaveLength(20)
  })

  test('AU-21 a log that lost records says so, and who compares it blames nobody', async () => {
    const [nearChunks, farChunks]: [Uint8Array[], Uint8Array[]] = [[], []]
    const nearLog = auditLog(auditor, (lines) => void nearChunks.push(lines))
    let slow = true
    const farLog = auditLog(
      auditor,
      async (lines) => {
        while (slow) await nextTask()
        farChunks.push(lines)
      },
      { queueBytes: 2 ** 15, overflow: 'drop-oldest' },
    )
    const { near, far } = await pair({
      near: { policy: policyStore(open, { audit: nearLog.audit }) },
      far: { policy: policyStore(open, { audit: farLog.audit }) },
    })
    const acts = client(near, Echo)
    for (let n = 0; n < 10; n++) await Promise.all(Array.from({ length: 30 }, () => acts.echo(Uint8Array.of(n))))
    expect(farLog.lost).toBeGreaterThan(0)
    slow = false
    await near.close()
    await far.closed
    await Promise.all([nearLog.close(), farLog.close()])
    const [a, b] = [verified(Buffer.concat(nearChunks)), verified(Buffer.concat(farChunks))]
    expect(losses(b)).toEqual([[farLog.lost, 'drop-oldest']])
    const found = findings(a.lines, b.lines)
    expect(found.length).toBeGreaterThan(0)
    expect(new Set(found.map(({ kind }) => kind))).toEqual(new Set(['lost']))
  })
})

describe('a session beside a log', () => {
  test.each([
    ['throws', () => Promise.reject(new Error('always'))],
    ['never answers', () => new Promise<void>(() => undefined)],
  ] as const)('AU-26 whose sink %s does all it would do, and ends', async (_, sink) => {
    const log = auditLog(auditor, sink, { queueBytes: 2 ** 15, failed: () => undefined })
    const store = policyStore(open, { audit: log.audit })
    const { near, far } = await pair({ near: { policy: store }, far: { policy: store } })
    const acts = client(near, Echo)
    for (let n = 0; n < 20; n++) {
      const bodies = Array.from({ length: 50 }, (_, i) => Uint8Array.of(n, i))
      expect(await Promise.all(bodies.map((body) => acts.echo(body)))).toEqual(bodies)
    }
    expect(log.lost).toBeGreaterThan(0)
    store.replace(narrow)
    await acts.tell(Uint8Array.of(1))
    await near.close()
    expect([await near.closed, await far.closed]).toEqual([{ clean: true }, { clean: true }])
  })

  test('AU-29 AU-26 whose log was closed does all it would do', async () => {
    const path = join(folder, 'closed.log')
    const log = await auditFile(path, auditor)
    const store = policyStore(open, { audit: log.audit })
    const { near } = await pair({ far: { policy: store } })
    await client(near, Echo).echo(Uint8Array.of(1))
    await log.close()
    const size = readFileSync(path).length
    await client(near, Echo).echo(Uint8Array.of(2))
    expect(readFileSync(path).length).toBe(size)
    expect(log.lost).toBeGreaterThan(0)
  })
})
