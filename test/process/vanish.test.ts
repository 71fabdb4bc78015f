import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { client, type ErrorCode, generateIdentity, type Session } from '../../src/index.js'
import { dial, writeIdentity } from '../../src/node.js'
import { unhandled } from '../link/sessions.js'
import { Watch } from '../messaging/vanish/watch.js'
import { buildProgram } from './program.js'
import { open, Steps } from './steps.js'

/** The process is killed at every such step; at each of them with SOTTO_VANISH=all. */
const EVERY = process.env.SOTTO_VANISH === undefined ? 4 : 1
/** What a life has at most: the test fails if there are more, or fewer than a handshake and the least of each act. */
const [LEAST, MOST] = [12, 200]

const folder = mkdtempSync(join(tmpdir(), 'sotto-vanish-'))
const program = join(folder, 'vanishpeer.mjs')
const keyFile = join(folder, 'theirs.key')
const mine = generateIdentity()
const theirs = generateIdentity()
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await writeIdentity(keyFile, theirs)
  await buildProgram('vanishpeer.ts', program)
})

const LOST: readonly ErrorCode[] = ['session/lost', 'session/closed']
const ENDS: readonly ErrorCode[] = ['channel/truncated', 'session/lost', 'transport/failed']

const drain = async (from: AsyncIterable<unknown>): Promise<void> => {
  for await (const item of from) void item
}

const endOf = async ({ closed }: Pick<Session, 'closed'>): Promise<void> => {
  const end = await closed
  if (!end.clean) throw end.error
}

const aside = (...promises: Promise<unknown>[]): void => {
  for (const promise of promises) promise.catch(() => undefined)
}

/** All that is asked of the process, until it is gone. */
const ask = async (session: Session<typeof Steps>, watch: Watch): Promise<void> => {
  const acts = client(session, Steps)
  let last = 0
  const asked = (text = 'x') => ({ id: ++last, text })
  const call = (of: ReturnType<typeof asked>) => watch.settles('a call', acts.ask(of), LOST, of.id)
  const hang = asked()
  const down = asked()
  const up = asked()
  aside(
    watch.settles('the session', endOf(session), ENDS),
    watch.settles('a call that hangs', acts.hang(hang, { timeoutMs: 0 }), LOST, hang.id),
    watch.settles('a ping', session.ping({ timeoutMs: 1e6 }), LOST),
  )
  const [came, upload] = [acts.down(down), acts.up(up)]
  aside(watch.settles('a reader', drain(came), LOST), watch.settles('a stream', endOf(came), LOST, down.id))
  aside(watch.settles('an upload', endOf(upload), LOST, up.id))
  const acting = async (): Promise<void> => {
    await call(asked())
    await call(asked('x'.repeat(100_000)))
    await watch.settles('a message', acts.tell(asked()), LOST)
    for (let n = 0; n < 6; n++) await watch.settles('a write', upload.write(new Uint8Array(60_000)), LOST)
    await watch.settles('an end', upload.end(), LOST)
    await call(asked())
  }
  await acting()
}

const exited = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))

/** Until nothing waits any more; a minute is as long as no wait of a session that is lost. */
const settled = async (watch: Watch): Promise<void> => {
  const limit = performance.now() + 60_000
  while (watch.open.length > 0 && performance.now() < limit) await new Promise((resolve) => setImmediate(resolve))
}

/** One life of the process, which ends at its step, or here when all was asked: false then. */
const live = async (steps: number, watch: Watch): Promise<boolean> => {
  const log = join(folder, `log-${steps}`)
  const path = join(folder, `${steps}.sock`)
  writeFileSync(log, '')
  const child = fork(program, [keyFile, mine.id, path, log, String(steps)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const gone = exited(child)
  await new Promise((resolve) => child.once('message', resolve))
  const options = { identity: mine, peer: theirs.id, policy: open, use: [Steps], protocol: { pq: 'off' } } as const
  const dialled = watch.settles('a dial', dial(`unix:${path}`, options), ENDS)
  const asked = dialled.then((session) => ask(session, watch))
  const survived = await asked.then(
    () => true,
    () => false,
  )
  if (survived) child.kill('SIGKILL')
  expect(await gone).toBe('SIGKILL')
  await settled(watch)
  for (const id of readFileSync(log)) watch.ran(id)
  return !survived
}

test('ME-43 LI-12 SE-59 a process that is killed at any step of a session settles every promise of its peer, truly', async () => {
  const lost = unhandled()
  const wrong: string[] = []
  let steps = 0
  for (let killed = true; killed && steps < MOST; steps += EVERY) {
    const watch = new Watch()
    killed = await live(steps, watch)
    wrong.push(...watch.wrong.map((what) => `at step ${steps}: ${what}`))
  }
  expect(wrong).toEqual([])
  expect(steps).toBeGreaterThan(LEAST)
  expect(steps).toBeLessThan(MOST)
  expect(await lost()).toEqual([])
}, 600_000)
