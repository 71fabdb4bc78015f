import { expect, test } from 'vitest'
import { utf8 } from '../../src/bytes.js'
import { generateAuditor } from '../../src/identity/auditor.js'
import { AuditChain, AuditCheck } from '../../src/policy/auditchain.js'
import { providers } from '../crypto/providers.js'

test.each(providers)('AU-3 a log is read as it was written ($name)', (provider) => {
  const auditor = generateAuditor(provider)
  const chain = new AuditChain(auditor, { log: provider.randomBytes(16) }, provider)
  const lines = [chain.first(1), chain.line(utf8('{"kind":"closed"}'), 2), chain.checkpoint(3), chain.lost(3, 'failed', 2), chain.resumed(5, 9)]
  const check = new AuditCheck(auditor.id, 1, provider)
  for (const line of lines) check.take(line.subarray(0, -1))
  expect([check.lines, check.signed, check.behind, check.lost, check.torn, check.stepsBack]).toEqual([5, 2, 2, 3, 1, 1])
  expect(check.place).toEqual({ log: chain.log, seq: 6, prev: expect.any(Uint8Array) })
})
