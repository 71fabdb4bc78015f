import { readFile } from 'node:fs/promises'
import {
  client,
  contract,
  generateAuditor,
  generateIdentity,
  host,
  initiate,
  memoryPair,
  policyStore,
  requestResponse,
  serve,
} from 'sotto'
import { auditFile } from 'sotto/node'
import { z } from 'zod'

const Door = contract('door.v1', { open: requestResponse({ request: z.string() }), lock: requestResponse({}) })

const [alice, bob] = [generateIdentity(), generateIdentity()]

// Whoever shall verify the log is given the auditor's id. Its key is kept in a file: sotto keygen --audit
const auditor = generateAuditor()
const log = await auditFile('audit.log', auditor)

const policy = policyStore(
  { version: 1, rules: [{ id: 'guests', effect: 'allow', by: [alice.id], verbs: ['call'], on: ['door.v1.open'] }] },
  { audit: log.audit },
)

const [left, right] = memoryPair()
const doors = host({
  identity: bob,
  trust: [alice.id],
  policy,
  serve: [serve(Door, { open: () => undefined, lock: () => undefined })],
})
const answered = doors.accept(right)
const session = await initiate(left, { identity: alice, peer: bob.id, use: [Door] })
const door = client(session, Door)
await door.open('front')
await door.lock().catch(() => undefined)
await session.close()
await (await answered).closed

// What waits is written, and all of it is signed: sotto log verify audit.log
await log.close()

for (const line of (await readFile('audit.log', 'utf8')).trimEnd().split('\n')) {
  const { seq, record } = JSON.parse(line)
  console.log([seq, record.kind, record.verb, record.address, record.effect].join(' ').trimEnd())
}
