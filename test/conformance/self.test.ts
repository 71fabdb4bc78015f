import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.js'
import { BROKEN } from '../../src/kit/broken.js'
import { SHIM as PYTHON, pythonTest } from '../python/python.js'

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const SHIM = `node ${MAIN} shim`
/** A whole run takes under a minute on two cores that do nothing else. */
const WHOLE_MS = 400_000

const folder = mkdtempSync(join(tmpdir(), 'sotto-kit-'))
afterAll(() => rmSync(folder, { recursive: true }))

interface Ran {
  readonly exit: number
  readonly out: string
  readonly error: string
}

/** `sotto conformance`, in this process. */
const conformance = async (...args: readonly string[]): Promise<Ran> => {
  const [out, error]: string[][] = [[], []]
  const exit = await run(['conformance', ...args], {
    out: (text) => void out?.push(text),
    error: (text) => void error?.push(text),
    progress: () => undefined,
  })
  return { exit, out: out?.join('\n') ?? '', error: error?.join('\n') ?? '' }
}

describe('the kit of this implementation, on its own shim', () => {
  test(
    'CL-44 CL-45 passes wholly, and says so in the last line',
    async () => {
      const { exit, out, error } = await conformance('--peer', SHIM)
      expect(`${out}${error}`).toMatch(/^\d{4,} passed, 0 failed, \d+ skipped$/)
      expect(exit).toBe(0)
    },
    WHOLE_MS,
  )
})

/** A case that finds each broken shim out, and the phase it is in. */
const FOUND_BY: Readonly<Record<string, string>> = {
  'takes-loose-cbor': 'vectors: cbor refused 1:',
  'opens-forged-records': 'vectors: channel refused 1:',
  'loads-any-policy': 'vectors: policy refused 1:',
  'reads-any-json': 'vectors: policy textsRefused 1:',
  'believes-any-log': 'vectors: audit refused 1:',
  'trusts-anyone': 'hostile: comes with a key that nobody trusts',
  'judges-once': 'hostile: shows a responder a credential of another name',
  'forgets-revocations': 'live: ends the session of a credential that it revokes, as responder',
  'takes-any-suite': 'hostile: lists a suite without ML-KEM to a responder that requires it',
  'is-of-no-service': 'live: opens with a service and a context, as responder',
  'ignores-policy': 'live: refuses a call that no rule allows, as responder',
  'ignores-limits': 'hostile: sends a message that is longer than it may be',
  'never-rekeys': 'live: seals no more records with a key than it is told to, as initiator',
  'never-refreshes': 'live: refreshes the keys of a classic session, as initiator',
  'never-pads': 'live: pads its records to buckets, as responder',
  'leaves-at-once': 'hostile: answers a settlement behind the leaving of its consumer',
  'lets-denied-be-heard': 'live: refuses a call that no rule allows, as responder',
  'clean-truncation': 'hostile: ends the transport without END',
  'goes-on-behind-forgery': 'hostile: sends a record with a bit of its tag changed',
  'one-code-for-all': 'hostile: begins exchange 0',
  'tells-twice': 'live: hears one-way messages in order, as initiator',
  'hides-refusals': 'live: is told of a one-way message that the peer refuses, as responder',
  'wrong-export': 'live: exports the same key behind a refresh of a classic session, as initiator',
  'wrong-session-id': 'live: calls both ways in a classic session, as responder',
  'nothing-ran': 'live: calls, and gets a declared fault, as responder',
  'never-hangs-up': 'live: closes, as responder',
  'tells-behind-the-end': 'hostile: begins exchange 0',
}

describe('a broken shim is caught', () => {
  test('CL-46 every broken shim has a case that finds it out', () => {
    expect(Object.keys(FOUND_BY).sort()).toEqual(Object.keys(BROKEN).sort())
  })

  for (const [broken, name] of Object.entries(FOUND_BY))
    test(`CL-44 CL-45 CL-46 ${broken}, by '${name}'`, async () => {
      expect(await conformance('--peer', SHIM, '--only', name)).toMatchObject({ exit: 0 })
      const { exit, out } = await conformance('--peer', `${SHIM} --broken ${broken}`, '--only', name)
      expect(out).toContain(`FAIL ${name}`)
      expect(exit).toBe(1)
    })
})

const NODE = process.execPath

describe('the command', () => {
  test('CL-44 CL-47 writes JSON and JUnit XML of every case', async () => {
    const file = join(folder, 'junit.xml')
    const { out } = await conformance('--peer', SHIM, '--only', 'vectors: rows', '--json', '--junit', file)
    const { passed, failed, cases } = JSON.parse(out)
    expect(passed).toBe(cases.length)
    expect(failed).toBe(0)
    const xml = readFileSync(file, 'utf8')
    expect(xml.match(/<testcase /g)).toHaveLength(passed)
    expect(xml).toMatch(/^[\x20-\x7e\n]+$/)
  })

  test('CL-46 runs the vectors of one ask alone', async () => {
    const { out } = await conformance('--peer', SHIM, '--only', 'difference', '--json')
    const { passed, cases }: { passed: number; cases: { name: string }[] } = JSON.parse(out)
    expect(passed).toBe(cases.length)
    expect(cases.filter(({ name }) => name.startsWith('contracts diffs ')).length).toBeGreaterThan(20)
    expect(cases.length).toBeLessThan(100)
  })

  test('CF-8 CF-9 CL-45 CL-48 a shim that ends is started again, and the case fails', async () => {
    const only = ['--only', 'vectors: rows rows']
    const { exit, out } = await conformance('--peer', dying('process.exit(3)'), ...only)
    expect(out).toMatch(/but the shim ended: it ended with exit code 3/)
    expect(out).toMatch(/\n0 passed, \d+ failed, 0 skipped$/)
    expect(exit).toBe(1)
  })

  test('CF-12 skips what a shim does not claim, and fails what it claims and does not answer', async () => {
    const shim = dying('say({ id: line.id, unsupported: true })')
    const policy = await conformance('--peer', shim, '--only', 'vectors: credential names')
    expect(policy.out).toMatch(/^0 passed, 0 failed, [1-9]\d* skipped$/)
    expect(policy.exit).toBe(1)
    const core = await conformance('--peer', shim, '--only', 'vectors: rows rows 1:')
    expect(core.out).toContain('expected an answer to row, got unsupported')
  })

  test('CL-48 what a shim has started ends with it, and what has left its group is not waited for', async () => {
    const [inside, outside, own] = [
      await watched('inside.sock'),
      await watched('outside.sock'),
      await watched('own.sock'),
    ]
    const start = (path: string, detached: boolean): string =>
      `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(staying(path))}], { detached: ${detached}, stdio: ["ignore", "inherit", "ignore"] })`
    const shim = join(folder, 'starting.cjs')
    writeFileSync(
      shim,
      `${start(inside.path, false)}; ${start(outside.path, true)}; require("net").connect(${JSON.stringify(own.path)}).resume().on("close", () => process.exit())`,
    )
    const over = inside.met.then((socket) => closeOf(socket))
    // It ends once both that it has started are there.
    void Promise.all([own.met, inside.met, outside.met]).then(([socket]) => socket.destroy())
    const { exit, error } = await conformance('--peer', `${NODE} ${shim}`, '--only', 'rows rows 1:')
    expect(exit).toBe(1)
    expect(error).toContain('it ended with exit code 0')
    await over
    const left = await outside.met
    left.end('over')
    await closeOf(left)
  })

  test('CL-48 an interrupt ends a shim that heeds nothing', async () => {
    const { path, met } = await watched('interrupt.sock')
    const shim = join(folder, 'staying.cjs')
    writeFileSync(shim, staying(path))
    const kit = spawn(NODE, [MAIN, 'conformance', '--peer', `${NODE} ${shim}`], { stdio: 'ignore' })
    const exit = exitOf(kit)
    const socket = await met
    const over = closeOf(socket)
    kit.kill('SIGTERM')
    await over
    expect(await exit).toBe(null)
  })

  test('CL-49 what a shim says instead of a line is told in printable ASCII', async () => {
    const shim = join(folder, 'red.cjs')
    writeFileSync(shim, 'console.log("\\u001b[31m\\u009b\\u2028")')
    const { exit, error } = await conformance('--peer', `${NODE} ${shim}`, '--only', 'rows rows 1:')
    expect(exit).toBe(1)
    expect(error).toMatch(/^[\x20-\x7e]+$/)
  })

  test('CL-45 a command that is no shim, and no command', async () => {
    expect(await conformance('--peer', 'exit 0')).toMatchObject({ exit: 1, out: '' })
    expect(await conformance()).toMatchObject({ exit: 2 })
    expect(await conformance('--peer', 'x', '--level', 'all')).toMatchObject({ exit: 2 })
    expect(await conformance('--peer', SHIM, '--only', 'no such case')).toMatchObject({ exit: 1, out: '' })
  })

  test('CL-44 CL-48 drives a shim over a socket, and leaves it', async () => {
    const path = join(folder, 'shim.sock')
    const child = spawn(NODE, [MAIN, 'shim', '--listen', `unix:${path}`], { stdio: ['ignore', 'ignore', 'pipe'] })
    const exit = exitOf(child)
    await new Promise((resolve) => child.stderr.once('data', resolve))
    const { out } = await conformance('--connect', `unix:${path}`, '--only', 'live: closes')
    expect(out).toMatch(/^[1-9]\d* passed, 0 failed, 0 skipped$/)
    expect(await exit).toBe(0)
  })
})

const exitOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    child.on('exit', (code) => resolve(code))
  })

/** A socket that somebody is to connect to. */
const watched = async (name: string): Promise<{ readonly path: string; readonly met: Promise<Socket> }> => {
  const path = join(folder, name)
  const server = createServer()
  const met = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      server.close()
      resolve(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return { path, met }
}

/** A program that connects there, and stays until it is killed or the connection ends. */
const staying = (path: string): string =>
  `process.on("SIGTERM", () => undefined); require("net").connect(${JSON.stringify(path)}).resume().on("close", () => process.exit())`

const closeOf = (socket: Socket): Promise<void> =>
  new Promise((resolve) => {
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    socket.resume()
  })

/** A shim of core that greets, and does this at each question. */
const dying = (act: string): string => {
  const program = `
    const say = (line) => process.stdout.write(JSON.stringify(line) + String.fromCharCode(10));
    require("readline").createInterface({ input: process.stdin }).on("line", (text) => {
      const line = JSON.parse(text);
      if (line.do === "hello") say({ hello: { sotto: 1, name: "a", version: "1", levels: ["core"], suites: ["0x0011"] } });
      else if (line.do === "ask") { ${act} }
      else if (line.do === "settle") say({ id: line.id, settled: true })
    })`
  return `${NODE} -e '${program.replaceAll('\n', ' ')}'`
}

describe('the peer in Python', () => {
  pythonTest(
    'CL-44 CL-45 passes at core',
    async () => {
      const { exit, out, error } = await conformance('--peer', PYTHON, '--level', 'core', '--at-once', '4')
      expect(`${out}${error}`).toMatch(/^\d{4,} passed, 0 failed, \d+ skipped$/)
      expect(exit).toBe(0)
    },
    WHOLE_MS,
  )
})
