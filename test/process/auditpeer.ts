/**
 * A process that logs as fast as it can, until it is killed: `node auditpeer.js PATH SECRET FROM`. It counts its records from FROM,
 * and tells on standard output, a line each, up to which they have been flushed.
 */
import { writeSync } from 'node:fs'
import { parseAuditor } from '../../src/index.js'
import { auditFile } from '../../src/node.js'

const [, , path = '', secret = '', from = ''] = process.argv

const log = await auditFile(path, parseAuditor(secret), {
  rotateBytes: 65_536,
  keep: 999,
  syncMs: 1,
  checkpoint: { records: 100 },
})
const text = new TextEncoder()
let next = Number(from)
for (;;) {
  for (let n = 0; n < 200; n++)
    log.audit(text.encode(`{"kind":"decided","n":${next++},"filling":"${'f'.repeat(next % 300)}"}`))
  // Not every burst is waited for: the kill is to come in the midst of writes, too.
  if (next % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
  else {
    const told = next
    await log.flush()
    writeSync(1, `${told}\n`)
  }
}
