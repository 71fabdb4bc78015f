import assert from 'node:assert/strict'
import type { Report } from './report.js'
import type { Stage } from './stage.js'

/** What has come before the client is killed, in bytes. */
const KILLED_AFTER = 2 ** 22

const SUITE = /^Noise_XXhfs_25519\+MLKEM768_(?:ChaChaPoly|AESGCM)_SHA256$/

/** All that a session does, to its close. @throws AssertionError for the first thing that is not so */
export const wholeSession = async (stage: Stage, report: Report, file: string): Promise<void> => {
  report.title('1. Handshake')
  await handshake(stage, report, file)
  report.title('2. Calls and messages that policy admits, both ways')
  await admitted(stage, report)
  report.title('3. A call that policy refuses')
  await refused(stage, report)
  report.title('4. A file')
  await transfer(stage, report)
  report.title('5. The end')
  await close(stage, report)
}

/** The client is killed while it sends. @throws AssertionError unless the server calls that truncation */
export const cutSession = async (stage: Stage, report: Report): Promise<void> => {
  const { server, client } = stage
  report.title('6. Two new processes; the client is killed while it sends')
  await meet(stage, undefined)
  let bytes = 0
  while (bytes < KILLED_AFTER) bytes = (await server.hear('progress')).bytes
  client.kill()
  await client.exited
  report.line('client', `was killed (SIGKILL); ${count(bytes)} had arrived and more was on its way`)
  const ended = await server.hear('ended')
  report.line('server', `session ended: ${ended.message}`)
  assert.equal(ended.code, 'channel/truncated', 'expected the server to call the end of the session truncation')
  const lost = await server.hear('failed')
  report.line('server', `open call ${lost.address}: ${lost.code}, because of ${lost.cause}; ran: ${lost.ran}`)
  assert.deepEqual([lost.code, lost.cause, lost.ran], ['session/lost', 'channel/truncated', 'maybe'])
  assert.equal(server.has('file'), false, 'expected the server to take no part of a file for a whole one')
  report.holds('the server reports truncation, and takes what came for no whole file')
  await server.dismiss()
}

/** Brings the two together; each is told where to go and whom to expect, and no secret. */
const meet = async ({ path, server, client }: Stage, file: string | undefined) => {
  const [{ id: serverId }, { id: clientId }] = await Promise.all([server.hear('born'), client.hear('born')])
  server.tell({ path, peer: clientId, file: undefined })
  await server.hear('listening')
  client.tell({ path, peer: serverId, file })
  const [atServer, atClient] = await Promise.all([server.hear('session'), client.hear('session')])
  return { serverId, clientId, atServer, atClient }
}

const handshake = async (stage: Stage, report: Report, file: string): Promise<void> => {
  const { serverId, clientId, atServer, atClient } = await meet(stage, file)
  const { sent, received, ms } = await stage.client.hear('handshake')
  report.line('server', serverId)
  report.line('client', clientId)
  report.line('both', atClient.suite)
  report.line(
    'client',
    `wrote ${count(sent)}, read ${count(received)}, in ${ms.toFixed(1)} ms, as the first of a new process`,
  )
  assert.match(atClient.suite, SUITE, 'expected the post-quantum suite')
  assert.equal(atServer.suite, atClient.suite, 'expected one suite')
  assert.equal(atServer.session, atClient.session, 'expected one session')
  assert.deepEqual([atServer.peer, atClient.peer], [clientId, serverId], 'expected each to see the other')
  report.holds(`each proved its key to the other; both call the session ${atClient.session}`)
  report.line('client', `uses ${atClient.uses.join(', ')}; serves ${atClient.serves.join(', ')}`)
  report.line('server', `uses ${atServer.uses.join(', ')}; serves ${atServer.serves.join(', ')}`)
  assert.deepEqual([atClient.uses, atClient.serves], [['archive.v1'], ['desk.v1']])
  assert.deepEqual([atServer.serves, atServer.uses], [['archive.v1'], ['desk.v1']])
  report.holds('the contracts are agreed, both ways')
}

const admitted = async ({ server, client }: Stage, report: Report): Promise<void> => {
  const show = async (who: 'server' | 'client', verb: string, address: string): Promise<void> => {
    const fact = await (who === 'server' ? server : client).hear('admitted')
    assert.deepEqual([fact.verb, fact.address], [verb, address], 'expected another message to be admitted')
    report.line(who, `admits ${verb} ${address}, decision ${fact.decision}`)
  }
  await show('server', 'call', 'archive.v1.store')
  await show('client', 'call', 'desk.v1.confirm')
  const asked = await server.hear('answered')
  report.line('server', `asked its client (${asked.address}): "${asked.text}"`)
  assert.deepEqual([asked.address, asked.text], ['desk.v1.confirm', 'yes'])
  const stored = await client.hear('answered')
  report.line('client', `asked its server (${stored.address}): "${stored.text}"`)
  assert.equal(stored.address, 'archive.v1.store')
  for (let note = 0; note < 3; note++) await show('server', 'send', 'archive.v1.note')
  await show('client', 'call', 'desk.v1.done')
  report.holds('each end called the other over one session; what was sent one way was handled')
}

const refused = async ({ server, client }: Stage, report: Report): Promise<void> => {
  const [denied, failed] = await Promise.all([server.hear('denied'), client.hear('failed')])
  const { address, decision, why, rules } = denied
  report.line('server', `refuses ${address} by ${why} ${rules.join(', ')}, decision ${decision}`)
  report.line('client', `${failed.code} for ${failed.address}, decision ${failed.decision}; ran: ${failed.ran}`)
  assert.deepEqual([address, why, rules], ['archive.v1.erase', 'rule', ['nobody-erases']])
  assert.deepEqual([failed.address, failed.code, failed.ran], ['archive.v1.erase', 'policy/denied', 'no'])
  assert.equal(failed.decision, decision, 'expected one decision id')
  report.holds('both name the same decision; the client does not learn the rule')
}

const transfer = async ({ server, client }: Stage, report: Report): Promise<void> => {
  const start = performance.now()
  let received = await server.hear('progress', 'file')
  while (received.is === 'progress') {
    report.progress(`${speed(received.bytes, performance.now() - start)}, ${megabytes(received.bytes)} so far`)
    received = await server.hear('progress', 'file')
  }
  const sent = await client.hear('file')
  report.line('client', `sent ${count(sent.bytes)} in ${sent.ms.toFixed(1)} ms, ${speed(sent.bytes, sent.ms)}`)
  report.line('client', `SHA-256 ${sent.sha256}`)
  report.line('server', `SHA-256 ${received.sha256} of ${count(received.bytes)}`)
  assert.deepEqual([received.bytes, received.sha256], [sent.bytes, sent.sha256], 'expected one file')
  const done = await server.hear('answered')
  assert.deepEqual([done.address, done.text], ['desk.v1.done', sent.sha256], 'expected the client to have the digest')
  report.holds('what came is what was sent')
}

const close = async ({ server, client }: Stage, report: Report): Promise<void> => {
  const ends = await Promise.all([server.hear('ended'), client.hear('ended')])
  for (const { message } of ends) assert.equal(message, '', 'expected a clean end')
  await Promise.all([server.dismiss(), client.dismiss()])
  report.holds('each end had the authenticated END of the other; both processes are gone')
}

/** Like `12,345 B`. */
const count = (bytes: number): string => `${bytes.toLocaleString('en-US')} B`

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`

const speed = (bytes: number, ms: number): string => `${megabytes((bytes / ms) * 1_000)}/s`
