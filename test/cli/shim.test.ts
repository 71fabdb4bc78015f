/** `sotto shim` as a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { generateIdentity } from '../../src/index.js'
import { BROKEN } from '../../src/kit/broken.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-shim-test-'))
const bin = join(folder, 'bin', 'main.mjs')
const running = new Set<ChildProcess>()

beforeAll(async () => {
  await build({
    entryPoints: [fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))],
    outfile: bin,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    alias: { '#native': fileURLToPath(new URL('../../src/crypto/native.ts', import.meta.url)) },
  })
})

afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const start = (...args: readonly string[]) => {
  const child = spawn(process.execPath, [bin, 'shim', ...args], { stdio: ['pipe', 'pipe', 'pipe'] })
  running.add(child)
  // It may end before it has read what is written.
  child.stdin.on('error', () => undefined)
  const [out, error]: [string[], string[]] = [[], []]
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => error.push(text))
  const over = once(child, 'close').then(([exit]) => {
    running.delete(child)
    return { exit, out: out.join(''), error: error.join('') }
  })
  return { child, over }
}

const PEER = generateIdentity().id
const HELLO = '{"do":"hello","sotto":1}\n'

/** What the shim does with this input, which then ends. */
const fed = async (input: string | Uint8Array, ...args: readonly string[]) => {
  const { child, over } = start(...args)
  child.stdin.end(input)
  return over
}

const said = (out: string): readonly unknown[] => {
  expect(out === '' || out.endsWith('\n')).toBe(true)
  return out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

describe('sotto shim', () => {
  test('CL-50 CL-51 CF-1 says hello, answers, and ends with its input', async () => {
    const ask = { do: 'ask', id: 1, ask: 'cbor', vector: { as: 'body', hex: 'f6' } }
    const { exit, out, error } = await fed(`${HELLO}${JSON.stringify(ask)}\n`)
    expect([exit, error]).toEqual([0, ''])
    expect(said(out)).toMatchObject([{ hello: { sotto: 1 } }, { id: 1, answer: { diagnostic: 'null' } }])
  })

  test('CL-51 ends at exit, though its input goes on and a session is open', async () => {
    const { child, over } = start()
    const open = { do: 'open', session: 1, role: 'initiator', secret: '11'.repeat(32), peer: PEER }
    child.stdin.write(`${HELLO}${JSON.stringify(open)}\n{"do":"settle","id":9}\n`)
    await once(child.stdout, 'data')
    for await (const line of createInterface({ input: child.stdout })) if (line.includes('settled')) break
    child.stdin.write('{"do":"exit"}\n')
    const { exit, error } = await over
    expect([exit, error]).toEqual([0, ''])
  })

  test.each([
    ['a line that is no JSON', `${HELLO}nonsense\n`, 'line 2: '],
    ['a line before hello', '{"do":"settle","id":1}\n', 'expected hello first'],
    ['an end within a line', `${HELLO}{"do":`, 'expected a line feed'],
    ['a line that is too long', `${HELLO}{"do":"${'x'.repeat(4_194_304)}"}\n`, '4194304'],
    ['what is not UTF-8', Uint8Array.of(0xff, 0x0a), 'UTF-8'],
  ])('CL-51 %s ends it with exit code 1', async (_, input, why) => {
    const { exit, out, error } = await fed(input)
    expect(exit).toBe(1)
    expect(error).toMatch(/^sotto shim: line /)
    expect(error).toContain(why)
    expect(said(out).length).toBeLessThanOrEqual(1)
  })

  test.each([
    ['--broken', 'nobody-knows'],
    ['--broken', 'toString'],
    ['--listen', 'tcp:0.0.0.0:0'],
    ['--listen', 'tcp:example.org:80'],
    ['--listen', 'tcp:127.0.0.1:70000'],
    ['--listen', 'unix:'],
    ['more'],
  ])('CL-52 sotto shim %s %s is a wrong call', async (...args) => {
    const { exit, out, error } = await fed('', ...args)
    expect([exit, out]).toEqual([2, ''])
    expect(error).toContain('usage: sotto shim')
  })

  test('CL-52 a broken one lies in what its name says', async () => {
    const ask = { do: 'ask', id: 1, ask: 'cbor', vector: { as: 'body', hex: '1800' } }
    const input = `${HELLO}${JSON.stringify(ask)}\n`
    const sound = said((await fed(input)).out)
    expect(sound[1]).toMatchObject({ id: 1, code: expect.any(String) })
    expect(said((await fed(input, '--broken', 'takes-loose-cbor')).out)[1]).toEqual({ id: 1, answer: {} })
    expect(Object.keys(BROKEN).length).toBeGreaterThanOrEqual(10)
  })
})

/** Says hello over a socket and gives what came until the end. */
const greeted = async (socket: Socket): Promise<string> => {
  let text = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    text += part
    if (part.includes('\n')) socket.write('{"do":"exit"}\n')
  })
  socket.write(HELLO)
  await once(socket, 'close')
  return text
}

describe('sotto shim --listen', () => {
  const listening = async (endpoint: string) => {
    const { child, over } = start('--listen', endpoint)
    const [text]: unknown[] = await once(child.stderr, 'data')
    return { place: String(text).trim(), over }
  }

  test('CL-50 takes one connection over TCP, on this machine', async () => {
    const { place, over } = await listening('tcp:127.0.0.1:0')
    const port = Number(/^listening on tcp:127\.0\.0\.1:([0-9]+)$/.exec(place)?.[1])
    expect(said(await greeted(connect({ host: '127.0.0.1', port })))).toMatchObject([{ hello: { sotto: 1 } }])
    expect(await over).toMatchObject({ exit: 0, out: '' })
  })

  test('CL-50 takes one connection over a Unix socket', async () => {
    const path = join(folder, 'shim.sock')
    const { over } = await listening(`unix:${path}`)
    expect(said(await greeted(connect(path)))).toMatchObject([{ hello: { sotto: 1 } }])
    expect(await over).toMatchObject({ exit: 0, out: '' })
  })
})
