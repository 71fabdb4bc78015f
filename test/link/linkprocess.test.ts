import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { client, generateIdentity, SottoError } from '../../src/index.js'
import { type Endpoint, link, writeIdentity } from '../../src/node.js'
import { open } from '../process/contracts.js'
import { unhandled } from './sessions.js'
import { Store } from './store.js'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'sotto-linkprocess-'))
const program = join(folder, 'peer.mjs')
afterAll(() => rmSync(folder, { recursive: true }))

const mine = generateIdentity()
const theirs = generateIdentity()
const [mineFile, theirsFile, log] = ['mine.key', 'theirs.key', 'ran'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
]

beforeAll(async () => {
  await writeIdentity(mineFile, mine)
  await writeIdentity(theirsFile, theirs)
  await build({
    entryPoints: [at('linkpeer.ts')],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': at('../../src/crypto/native.ts') },
  })
})

/** The other process, which dies with the test. */
const start = (role: string, endpoint: Endpoint): ChildProcess => {
  const [key, peer] = role === 'live' ? [mineFile, theirs.id] : [theirsFile, mine.id]
  const child = fork(program, [role, key, peer, endpoint, log], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const serving = async (role: string, endpoint: Endpoint): Promise<ChildProcess> => {
  const child = start(role, endpoint)
  await once(child, 'message')
  return child
}

const killed = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** What ran, as `kind/number`, in order. */
const ran = (): string[] => {
  const bytes = readFileSync(log)
  return Array.from({ length: bytes.length / 3 }, (_, i) => `${bytes[3 * i]}/${bytes.readUInt16BE(3 * i + 1)}`)
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('LI-38 LI-39 a server is killed and comes again: idempotent calls finish, of the others each tells truly whether it ran', async () => {
  const lost = unhandled()
  writeFileSync(log, '')
  const endpoint: Endpoint = `unix:${join(folder, 'killed.sock')}`
  const first = await serving('hang', endpoint)
  const on = link(endpoint, { identity: mine, peer: theirs.id, policy: open, use: [Store] }, { firstMs: 1, capMs: 20 })
  onTestFinished(() => on.close())
  const { get, set } = client(on, Store)
  const numbers = Array.from({ length: 200 }, (_, i) => i)
  const body = (i: number): Uint8Array => Uint8Array.of(i >> 8, i & 255)
  // In turns, so that both run in each server that dies.
  const calls = numbers.map((i) => [get(body(i)), set(body(i)).catch((error: unknown) => error)] as const)
  let server = first
  let before = 0
  for (const role of ['hang', 'hang', 'hang', 'hang', 'answer']) {
    while (ran().length < before + 50) await turn()
    before = ran().length
    await killed(server)
    server = await serving(role, endpoint)
  }
  expect(await Promise.all(calls.map(([got]) => got))).toEqual(numbers.map(body))
  const outcomes = await Promise.all(calls.map(([, done]) => done))
  const runs = ran()
  const count = (run: string): number => runs.filter((one) => one === run).length
  for (const [i, outcome] of outcomes.entries()) {
    if (!(outcome instanceof SottoError)) expect([outcome, count(`1/${i}`)]).toEqual([body(i), 1])
    else expect([outcome.code, outcome.ran, count(`1/${i}`)]).toEqual(['session/lost', 'maybe', 1])
  }
  expect(numbers.every((i) => count(`0/${i}`) >= 1)).toBe(true)
  const lostSets = outcomes.filter((outcome) => outcome instanceof SottoError).length
  expect([lostSets > 25, lostSets < 175, runs.length > 400]).toEqual([true, true, true])
  await on.close()
  expect(await lost()).toEqual([])
})

test('LI-42 a process whose links have ended has no timer and no socket, and exits', async () => {
  writeFileSync(log, '')
  const endpoint: Endpoint = `unix:${join(folder, 'living.sock')}`
  await serving('answer', endpoint)
  const [code] = await once(start('live', endpoint), 'exit')
  expect(code).toBe(0)
  expect(ran()).toEqual(['1/1'])
})
