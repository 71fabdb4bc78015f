/** Vectors of audit logs, on every provider, and their chain and signatures taken apart by node:crypto. */
import { createHash, createPublicKey, verify } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { Auditor, auditorSecretTextOf, parseAuditor } from '../../src/identity/auditor.js'
import { auditorId, parseAuditorId } from '../../src/identity/id.js'
import { type LogFile, verifyLog } from '../../src/kit/auditfiles.js'
import { AuditCheck } from '../../src/policy/auditchain.js'
import type { AuditLine, LineRecord } from '../../src/policy/auditline.js'
import { reconcile } from '../../src/policy/reconcile.js'
import { fromHex } from '../../test-vectors/hex.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { flipped, readVectors } from './file.js'

const { auditor, checkpoints, accepted, refused, files, filesRefused, reconciled } = readVectors(
  schema.FILES.audit,
  'audit',
)
const key = auditorId(auditor.id)
const sha256 = (line: string): string => createHash('sha256').update(line).digest('hex')

test('AU-5 the texts of the auditor are those of its seed', () => {
  expect(toHex(parseAuditorId(auditor.id))).toBe(auditor.publicKey)
  expect(parseAuditor(auditor.secret).id).toBe(auditor.id)
})

test.each(checkpoints)('AU-5 the checkpoint of $name signs its message, by node:crypto', (vector) => {
  const { seed, log, seq, prev, message, signature, line, hash } = vector
  expect(seed).toBe(auditor.seed)
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(seq))
  expect(message).toBe(toHex(concat(utf8('Sotto/1 audit checkpoint'), fromHex(log), number, fromHex(prev))))
  expect(line).toContain(`"seq":${seq},`)
  expect(line).toContain(`"prev":"${prev}"`)
  expect(line).toContain(`{"kind":"checkpoint","log":"${log}","signature":"${signature}"}`)
  expect(sha256(line)).toBe(hash)
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), fromHex(auditor.publicKey)])
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' })
  expect(verify(null, fromHex(message), publicKey, fromHex(signature))).toBe(true)
})

test.each(accepted)('AU-3 $name: every hash is that of the line before, by node:crypto', ({ lines, from }) => {
  for (const [i, line] of lines.entries()) {
    expect(line).toMatch(new RegExp(`^[{]"seq":${from + i},"time":[0-9]+,"prev":"[0-9a-f]{64}","record":[{].*[}][}]$`))
    const before = lines[i - 1]
    if (before !== undefined) expect(line).toContain(`"prev":"${sha256(before)}"`)
  }
})

const filesOf = (all: readonly string[]): LogFile[] =>
  all.map((text, at) => ({ name: `file ${at}`, chunks: () => [utf8(text)] }))

test.each(files)('AU-9 files: $name', ({ auditor: of, from, files: all, ...told }) => {
  const { key: __, first, last, ...found } = verifyLog(filesOf(all), auditorId(of), from)
  expect(told).toMatchObject(found)
  // By the text: each line that has its newline counts.
  expect(first).toBe(from)
  expect(last).toBe(from + all.join('').split('\n').length - 2)
})

test.each(filesRefused)('$rule files to refuse: $name', ({ auditor: of, from, files: all, line }) => {
  let error: unknown
  try {
    verifyLog(filesOf(all), auditorId(of), from)
  } catch (thrown) {
    error = thrown
  }
  expect(SottoError.is(error, 'audit/broken') && error.details.line).toBe(line)
})

describe.each(providers)('with $name', (provider) => {
  const read = (lines: readonly Uint8Array[], from: number): AuditCheck => {
    const check = new AuditCheck(key, from, provider)
    for (const line of lines) check.take(line)
    return check
  }
  const lineOf = (run: () => unknown): number => {
    try {
      run()
    } catch (error) {
      if (SottoError.is(error, 'audit/broken')) return error.details.line
      throw error
    }
    return 0
  }

  test('AU-5 the auditor is that of its seed', () => {
    const made = Auditor.of(fromHex(auditor.seed), provider)
    expect([made.id, auditorSecretTextOf(made)]).toEqual([auditor.id, auditor.secret])
  })

  test.each(accepted)('AU-19 $name', ({ lines, from, ...vector }) => {
    const check = read(lines.map(utf8), from)
    const { signed, behind, exposed, lost, torn, stepsBack } = check
    expect(vector).toMatchObject({ signed, behind, exposed, lost, torn, stepsBack, log: check.log ?? null })
  })

  test.each(refused)('$rule $name', ({ lines, from, line }) => {
    expect(lineOf(() => read(lines.map(utf8), from))).toBe(line)
    expect(lines.length).toBeGreaterThanOrEqual(line - from + 1)
  })

  test.each(accepted)('AU-3 $name: each byte of what is signed matters', ({ lines, from, signed }) => {
    const bytes = lines.map(utf8)
    for (const [i, line] of bytes.entries())
      if (from + i <= signed)
        for (const changed of flipped(line, [0x20]))
          expect(lineOf(() => read(bytes.with(i, changed), from))).not.toBe(0)
  })
})

describe('reconciled', () => {
  const linesOf = (records: readonly Readonly<Record<string, unknown>>[]): AuditLine[] =>
    records.map((record, i) => ({
      seq: i + 1,
      time: 0,
      prev: '',
      record: { ...record, kind: String(record.kind) } satisfies LineRecord,
    }))
  const other = { a: 'b', b: 'a' } as const
  const sorted = <T>(findings: readonly T[]): string[] => findings.map((finding) => JSON.stringify(finding)).sort()
  const compare = (a: readonly AuditLine[], b: readonly AuditLine[]) =>
    [
      ...reconcile(
        () => a,
        () => b,
      ),
    ].map((finding) => ({
      kind: finding.kind,
      by: finding.by,
      of: 'act' in finding ? finding.act.decision : finding.session,
    }))

  test.each(reconciled)('$rule $name, either way round', ({ a, b, findings }) => {
    expect(sorted(compare(linesOf(a), linesOf(b)))).toEqual(sorted(findings))
    const turned = findings.map((finding) => ({ ...finding, by: other[finding.by] }))
    expect(sorted(compare(linesOf(b), linesOf(a)))).toEqual(sorted(turned))
  })
})
