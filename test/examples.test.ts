import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { generateIdentity } from '../src/index.js'
import { writeIdentity } from '../src/node.js'
import { read, TOP } from './source.js'

/** Where the examples find their key files. */
const folder = mkdtempSync(join(tmpdir(), 'sotto-examples-'))
const running = new Set<ChildProcess>()

beforeAll(() => {
  // As their reader does: against the built package, by its own name.
  execFileSync(process.execPath, [`${TOP}node_modules/typescript/bin/tsc`, '-p', `${TOP}examples`], {
    stdio: 'inherit',
  })
})

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const start = (name: string, ...args: string[]) => {
  const child = spawn(process.execPath, [`${TOP}examples/dist/${name}.js`, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  const ended = once(child, 'close').then(([code]) => {
    running.delete(child)
    return code
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', (line) => lines.push(line))
  return { child, reader, lines, ended }
}

const key = async (name: string): Promise<string> => writeIdentity(join(folder, `${name}.key`), generateIdentity())

/** What the README says that an example prints. Ids differ from run to run. */
const printed = (name: string): string[] => {
  const [, text = ''] =
    new RegExp(`<!-- output: ${name} -->\\n\\n\`\`\`text\\n([\\s\\S]*?)\`\`\``).exec(read('README.md')) ?? []
  return text.trim().split('\n')
}

const withoutIds = (line: string): string => line.replaceAll(/sotto1[a-z0-9]{59}|\b[0-9a-f]{16}(?=\.ir)/g, '…')

test('two processes print what the README says, and end', async () => {
  const [serverId, clientId] = [await key('server'), await key('client')]
  const server = start('server', './thermostat.sock', clientId)
  await once(server.reader, 'line')
  const client = start('client', './thermostat.sock', serverId)
  expect(await client.ended).toBe(0)
  server.child.kill('SIGINT')
  expect(await server.ended).toBe(0)
  expect(client.lines.map(withoutIds)).toEqual(printed('client'))
  expect(server.lines.map(withoutIds)).toEqual(printed('server'))
  const decisions = [...client.lines, ...server.lines].flatMap((line) => line.match(/[0-9a-f]{16}\.ir\.\d+\.\d+/) ?? [])
  expect(decisions).toHaveLength(2)
  expect(new Set(decisions).size).toBe(1)
})

test('a parent and its child speak over standard streams, and end', async () => {
  await key('child')
  const parent = start('parent')
  expect(await parent.ended).toBe(0)
  expect(parent.lines).toEqual(["the child's kitchen: 19 °C"])
})

test('an issuer vouches for a key, and takes it back', async () => {
  const issuer = start('issuer')
  expect(await issuer.ended).toBe(0)
  expect(issuer.lines).toEqual(['hello, spiffe://example.org/alice', 'identity/not-trusted'])
})

test('both ends in one process speak over memory, and end', async () => {
  const memory = start('memory')
  expect(await memory.ended).toBe(0)
  expect(memory.lines).toEqual(['hello, alice'])
})

test('an order goes on in another session, and in its order', async () => {
  const order = start('order')
  expect(await order.ended).toBe(0)
  expect(order.lines).toEqual([
    'tea for 3, with milk 6',
    'bought tea and milk',
    'refused: it is in start, where place may come',
  ])
})

test('what a policy decides stands in a log', async () => {
  const audit = start('audit')
  expect(await audit.ended).toBe(0)
  expect(audit.lines).toEqual(printed('audit'))
})

test('items and bytes go through streams, and end', async () => {
  const streams = start('stream')
  expect(await streams.ended).toBe(0)
  expect(streams.lines).toEqual(['1', '2', '3', '6553600 bytes kept'])
})

test('a file is sent on from where it was when its keeper is killed', async () => {
  const [keeperId, clientId] = [await key('keeper'), await key('filesync')]
  const film = randomBytes(48 * 1_048_576)
  const kept = join(folder, 'kept', 'film.bin')
  writeFileSync(join(folder, 'film.bin'), film)
  const first = start('keeper', './kept', clientId)
  await once(first.reader, 'line')
  const sync = start('filesync', './film.bin', keeperId)
  while ((statSync(kept, { throwIfNoEntry: false })?.size ?? 0) < 1_048_576)
    await new Promise((resolve) => setImmediate(resolve))
  first.child.kill('SIGKILL')
  await first.ended
  const second = start('keeper', './kept', clientId)
  expect(await sync.ended).toBe(0)
  second.child.kill('SIGINT')
  expect(await second.ended).toBe(0)
  const counts = sync.lines.map((line) => Number(/^\d+/.exec(line)?.[0]))
  expect(sync.lines.map((line) => line.replace(/^\d+/, 'n'))).toEqual([
    `n of ${film.length} bytes are kept`,
    'the session was lost',
    `n of ${film.length} bytes are kept`,
    'in sync',
  ])
  expect(counts[0]).toBe(0)
  expect(counts[2]).toBeGreaterThanOrEqual(1_048_576)
  expect(counts[2]).toBeLessThan(film.length)
  expect(readFileSync(kept).equals(film)).toBe(true)
})

test('jobs are done though a worker is killed with one of them in hand', async () => {
  for (const name of ['runner', 'clumsy', 'steady']) await key(name)
  const jobs = start('jobs')
  expect(await jobs.ended).toBe(0)
  const [killed, ...done] = jobs.lines
  expect(killed).toBe('a worker was killed with a job in hand')
  expect(done.sort()).toEqual([1, 2, 3, 4].map((n) => `job ${n} was done at attempt ${n === 1 ? 2 : 1}`))
})

test('a link outlives the restart of its server, and ends', async () => {
  const link = start('link')
  expect(await link.ended).toBe(0)
  expect(link.lines).toEqual(['hello, early bird', 'hello, night owl'])
})

test('topics are heard by whom the policy lets hear them', async () => {
  const chat = start('chat')
  expect(await chat.ended).toBe(0)
  expect(chat.lines).toEqual(printed('chat'))
})
