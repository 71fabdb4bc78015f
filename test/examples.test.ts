import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
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

test('a link outlives the restart of its server, and ends', async () => {
  const link = start('link')
  expect(await link.ended).toBe(0)
  expect(link.lines).toEqual(['hello, early bird', 'hello, night owl'])
})
