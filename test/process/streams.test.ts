import { type ChildProcess, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bytes, client, contract, generateIdentity, SottoError, stream } from '../../src/index.js'
import { dial, type Endpoint, writeIdentity } from '../../src/node.js'
import { codeOf, failure, unhandled } from '../link/sessions.js'
import { buildProgram } from './program.js'
import { measured, number, open } from './tape.js'

/** More of them look longer: SOTTO_STREAM_MIB. */
const MIB = 1_048_576
const SIZE = Number(process.env.SOTTO_STREAM_MIB ?? 256) * MIB
const CHUNK = 262_144
/** What memory may grow by once a stream is under way, and be in all, in bytes: it is the collector's more than ours. */
const GROWTH = 96 * MIB
const MOST = 320 * MIB

const folder = mkdtempSync(join(tmpdir(), 'sotto-streams-'))
const program = join(folder, 'streampeer.mjs')
const keyFile = join(folder, 'theirs.key')
const log = join(folder, 'given')
const mine = generateIdentity()
const theirs = generateIdentity()
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await writeIdentity(keyFile, theirs)
  await buildProgram('streampeer.ts', program)
})

const Tape = contract('tape.v1', {
  count: stream({ down: number }),
  upload: stream({ up: bytes, down: measured }),
})

/** A session with a serving process of its own, which dies with the test. */
const served = async (name: string) => {
  writeFileSync(log, '')
  const endpoint: Endpoint = `unix:${join(folder, name)}`
  const child: ChildProcess = fork(program, [keyFile, mine.id, endpoint, log], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise((resolve) => child.once('message', resolve))
  const session = await dial(endpoint, { identity: mine, peer: theirs.id, policy: open, use: [Tape] })
  onTestFinished(() => session.abort())
  return { child, session, tape: client(session, Tape) }
}

test('ME-33 hundreds of megabytes go through one stream in constant memory, and come whole', async () => {
  const { session, tape } = await served('upload.sock')
  const upload = tape.upload()
  const hash = createHash('sha256')
  const chunk = new Uint8Array(CHUNK)
  const view = new DataView(chunk.buffer)
  let warm = 0
  let most = 0
  for (let sent = 0; sent < SIZE; sent += CHUNK) {
    view.setFloat64(0, sent)
    hash.update(chunk)
    await upload.write(chunk)
    most = Math.max(most, process.memoryUsage.rss())
    if (sent < SIZE / 4) warm = most
  }
  await upload.end()
  const { value } = await upload[Symbol.asyncIterator]().next()
  expect(value).toMatchObject({ sha256: hash.digest('hex'), bytes: SIZE })
  expect(value?.most).toBeLessThan(MOST)
  expect(value?.growth).toBeLessThan(GROWTH)
  expect(most - warm).toBeLessThan(GROWTH)
  expect(await upload.closed).toEqual({ clean: true })
  await session.close()
}, 600_000)

test('LI-12 SE-59 a stream of a server that is killed ends in session/lost, and no item came that was not given', async () => {
  const lost = unhandled()
  const { child, session, tape } = await served('killed.sock')
  const count = tape.count()
  const upload = tape.upload()
  let written = 0
  const writing = failure(async () => {
    for (;;) {
      await upload.write(new Uint8Array(1_000))
      written++
    }
  })
  const seen: number[] = []
  const error = await failure(async () => {
    for await (const n of count) if (seen.push(n) === 1_000) child.kill('SIGKILL')
  })
  const closed = await session.closed
  expect(closed.clean || closed.error.code).toBe('channel/truncated')
  expect(SottoError.is(error, 'session/lost') && error.ran).toBe('yes')
  expect(seen).toEqual(seen.map((_, n) => n))
  expect(readFileSync(log).length).toBeGreaterThanOrEqual(seen.length)
  expect(codeOf(await writing)).toBe('session/lost')
  const end = await upload.closed
  // Its request had gone; nothing shows that its handler ran.
  expect(!end.clean && [end.error.code, end.error.ran]).toEqual(['session/lost', 'maybe'])
  expect(written).toBeGreaterThan(0)
  expect(await lost()).toEqual([])
})
