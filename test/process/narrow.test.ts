import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { client, generateIdentity } from '../../src/index.js'
import { dial, type Endpoint, writeIdentity } from '../../src/node.js'
import { codeOf, failure, unhandled } from '../link/sessions.js'
import { buildProgram } from './program.js'
import { type Told, Ward } from './ward.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-narrow-'))
const program = join(folder, 'narrowpeer.mjs')
const keyFile = join(folder, 'theirs.key')
const mine = generateIdentity()
const theirs = generateIdentity()
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await writeIdentity(keyFile, theirs)
  await buildProgram('narrowpeer.ts', program)
})

/** A session with a serving process of its own, with two streams that are open there; `tell` makes it act. */
const watched = async (name: string) => {
  const endpoint: Endpoint = `unix:${join(folder, name)}`
  const child = fork(program, [keyFile, mine.id, endpoint], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const heard = () => new Promise<unknown>((resolve) => child.once('message', resolve))
  await heard()
  const session = await dial(endpoint, { identity: mine, peer: theirs.id, use: [Ward] })
  onTestFinished(() => session.abort())
  const ward = client(session, Ward)
  const streams = ['out', 'in'].map((who) => ward.watch({ who }))
  const readers = streams.map((stream) => stream[Symbol.asyncIterator]())
  for (const reader of readers) expect(await reader.next()).toEqual({ done: false, value: 0 })
  const tell = async (what: 'replace' | 'revoke'): Promise<Told> => {
    const told = heard()
    child.send(what)
    // The cast: it is what narrowpeer sends.
    return (await told) as Told
  }
  return { session, ward, streams, readers, tell }
}

test('SE-131 LI-57 a policy that one process replaces ends the stream it denies, there at once and here with the reason', async () => {
  const lost = unhandled()
  const { session, ward, streams, readers, tell } = await watched('replace.sock')
  const [out, kept] = streams
  const reading = failure(readers[0]?.next() ?? Promise.resolve())
  const told = await tell('replace')
  // When `replace` had returned; and within the same turn of its event loop the handler had ended.
  expect(told.atOnce).toEqual({ out: 'policy/denied', in: 'open' })
  expect(told.ended).toMatchObject({ out: 0 })
  expect(told.ended.in).toBe(undefined)
  const error = await reading
  expect(codeOf(error)).toBe('policy/denied')
  const end = await out?.closed
  expect(end?.clean === false && [end.error.code, end.error.ran]).toEqual(['policy/denied', 'maybe'])
  // Nobody else has noticed.
  expect(await ward.ask({ who: 'out' })).toBe(3)
  kept?.abort()
  await session.close()
  expect(await session.closed).toEqual({ clean: true })
  expect(await lost()).toEqual([])
})

test('SE-105 LI-5 a peer that one process revokes loses all it has there at once, and is told why', async () => {
  const { session, streams, readers, tell } = await watched('revoke.sock')
  const reading = readers.map((reader) => failure(reader.next()))
  const told = await tell('revoke')
  expect(told.atOnce).toEqual({ out: 'session/lost', in: 'session/lost' })
  expect(told.ended).toMatchObject({ out: 0, in: 0 })
  for (const error of await Promise.all(reading)) expect(codeOf(error)).toBe('session/lost')
  for (const stream of streams) expect((await stream.closed).clean).toBe(false)
  const end = await session.closed
  expect(end.clean || end.error.message).toContain('identity/not-trusted')
})
