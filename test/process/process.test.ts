import { type ChildProcess, fork, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { client, generateIdentity, host, initiate, type Session, SottoError, serve } from '../../src/index.js'
import { dial, type Endpoint, fromChild, listen, writeIdentity } from '../../src/node.js'
import { codeOf, gate, unhandled } from '../link/sessions.js'
import { Back, open, There } from './contracts.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-process-'))
const program = join(folder, 'peer.mjs')
afterAll(() => rmSync(folder, { recursive: true }))

beforeAll(async () => {
  await build({
    entryPoints: [at('peer.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts') },
  })
})

const mine = generateIdentity()
const theirs = generateIdentity()
const keyFile = join(folder, 'theirs.key')
const log = join(folder, 'ran')
const endpointOf = (name: string): Endpoint => `unix:${join(folder, name)}`

beforeAll(() => writeIdentity(keyFile, theirs))

const argsOf = (role: string, endpoint: Endpoint): readonly string[] => [role, keyFile, mine.id, endpoint, log]

const exited = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))

/** The other process, which dies with the test. */
const start = (role: string, endpoint: Endpoint): ChildProcess => {
  writeFileSync(log, '')
  const child = fork(program, argsOf(role, endpoint), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test.each([3, 20, 256])(
  'LI-12 SE-59 a server that is killed with %i calls running settles every promise here, and says truly what ran',
  async (running) => {
    const lost = unhandled()
    const endpoint = endpointOf(`killed-${running}.sock`)
    const child = start('serve', endpoint)
    await new Promise((resolve) => child.once('message', resolve))
    const asked = gate<AbortSignal>()
    const back = serve(Back, {
      ready: () => undefined,
      wait: (_, { signal }) => {
        asked.open(signal)
        return new Promise<never>(() => undefined)
      },
    })
    const protocol = { limits: { exchanges: running } }
    const session = await dial(endpoint, {
      identity: mine,
      peer: theirs.id,
      policy: open,
      use: [There],
      serve: [back],
      protocol,
    })
    const { wait, tell } = client(session, There)
    const outcomes = new Map<number, unknown>()
    const calls = Array.from({ length: 2 * running }, (_, i) =>
      wait(Uint8Array.of(i >> 8, i & 255), { timeoutMs: 1e6 }).catch((error: unknown) => void outcomes.set(i, error)),
    )
    const sends = Array.from({ length: 400 }, () => tell(new Uint8Array(16_384)).catch(codeOf))
    const signal = await asked.passed
    while (readFileSync(log).length < 2 * running) await turn()
    const pings = [session.ping({ timeoutMs: 1e6 }), session.ping({ timeoutMs: 1e6 })].map((ping) => ping.catch(codeOf))
    child.kill('SIGKILL')
    expect(await exited(child)).toBe('SIGKILL')
    const closed = await session.closed
    await Promise.all(calls)
    expect(closed.clean || closed.error.code).toBe('channel/truncated')
    expect(signal.aborted).toBe(true)
    expect(outcomes.size).toBe(2 * running)
    const log16 = readFileSync(log)
    const ran = new Set(Array.from({ length: log16.length / 2 }, (_, i) => log16.readUInt16BE(2 * i)))
    expect(ran.size).toBe(running)
    for (const [i, error] of outcomes) {
      if (!SottoError.is(error, 'session/lost')) throw error
      expect(error.ran, `call ${i}`).toBe(ran.has(i) ? 'maybe' : 'no')
    }
    expect((await Promise.all(sends)).filter((sent) => sent !== undefined)).toContain('session/lost')
    for (const ping of await Promise.all(pings)) expect(typeof ping === 'number' || ping === 'session/lost').toBe(true)
    expect(await lost()).toEqual([])
  },
)

test('LI-12 LI-18 a client that is killed mid-call aborts its handlers here and leaves nothing behind', async () => {
  const lost = unhandled()
  const endpoint = endpointOf('client.sock')
  const signals: AbortSignal[] = []
  const begun = gate()
  const hold = (_: Uint8Array, { signal }: { signal: AbortSignal }) => {
    if (signals.push(signal) === 21) begun.open()
    return new Promise<never>(() => undefined)
  }
  const there = serve(There, { echo: (value) => value, wait: hold, tell: hold })
  const listener = await listen(endpoint, { identity: mine, trust: [theirs.id], policy: open, serve: [there] })
  const child = start('call', endpoint)
  await begun.passed
  const [session] = listener.sessions
  child.kill('SIGKILL')
  const closed = await session?.closed
  expect(closed?.clean === false && closed.error.code).toBe('channel/truncated')
  expect(signals.map(({ aborted }) => aborted)).toEqual(Array(21).fill(true))
  expect(listener.sessions.size).toBe(0)
  await listener.close()
  expect(await lost()).toEqual([])
})

/** Ends by itself: no timer, socket or handle of a session is left. */
const endsByItself = async (child: ChildProcess): Promise<void> => {
  onTestFinished(() => void child.kill('SIGKILL'))
  expect(await exited(child)).toBe(0)
}

test.each(['close', 'abort', 'refused', 'listen'])('a process exits by itself after its sessions: %s', async (life) => {
  const there = serve(There, {
    echo: (value) => value,
    wait: () => new Promise<never>(() => undefined),
    tell: () => {},
  })
  const endpoint = endpointOf(`${life}.sock`)
  const listener = await listen(endpoint, { identity: mine, trust: [theirs.id], policy: open, serve: [there] })
  onTestFinished(() => listener.close())
  await endsByItself(
    spawn(process.execPath, [program, ...argsOf(life, endpoint)], { stdio: ['ignore', 'inherit', 'inherit'] }),
  )
})

/** The other process, spoken to by its standard input and output. */
const piped = (role: string): ChildProcess =>
  spawn(process.execPath, [program, ...argsOf(role, 'stdio:')], { stdio: ['pipe', 'pipe', 'inherit'] })

test('a child process that listens on stdio: holds a session, and exits after it', async () => {
  const child = piped('stdioListen')
  const gone = endsByItself(child)
  const session = await initiate(fromChild(child), { identity: mine, peer: theirs.id, policy: open, use: [There] })
  const big = new Uint8Array(500_000).fill(7)
  expect(Buffer.compare(await client(session, There).echo(big), big)).toBe(0)
  await session.close()
  expect(await session.closed).toEqual({ clean: true })
  await gone
})

test('a child process that dials stdio: holds a session, and exits after it', async () => {
  const child = piped('stdioDial')
  const gone = endsByItself(child)
  const there = serve(There, { echo: (value) => value, wait: () => undefined, tell: () => {} })
  const answering = host({ identity: mine, trust: [theirs.id], policy: open, serve: [there] })
  const session: Session = await answering.accept(fromChild(child))
  expect(await session.closed).toEqual({ clean: true })
  await gone
})

test('LI-12 a child process that is killed loses its session over stdio', async () => {
  const child = piped('stdioListen')
  const session = await initiate(fromChild(child), { identity: mine, peer: theirs.id, policy: open, use: [There] })
  const call = client(session, There).wait(Uint8Array.of(1)).catch(codeOf)
  await session.ping()
  child.kill('SIGKILL')
  expect(await call).toBe('session/lost')
  const closed = await session.closed
  expect(closed.clean || closed.error.code).toBe('channel/truncated')
})
