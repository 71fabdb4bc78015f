import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, onTestFinished, test } from 'vitest'

const PYTHON = '/usr/bin/python3'
const PEER = fileURLToPath(new URL('../../examples/peer-python/peer.py', import.meta.url))

/** Whether this machine has what the peer runs on: in CI it must, elsewhere its absence is told loudly. */
const found = spawnSync(PYTHON, ['-c', 'import cryptography']).status === 0
if (!found && process.env.CI)
  throw new Error('test/python: /usr/bin/python3 with the package cryptography has to be here (python3-cryptography)')
if (!found) console.warn('test/python: SKIPPED, /usr/bin/python3 with the package cryptography is not here')

/** A test that takes the peer in Python. */
export const pythonTest = test.skipIf(!found)

/** The command line that a conformance kit starts. */
export const SHIM = `${PYTHON} ${PEER} shim`

const started = new Set<ChildProcess>()
afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

/** The peer as a process of its own: lines in, lines out. */
export const peer = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const child = spawn(PYTHON, [PEER, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env },
  })
  started.add(child)
  const errors: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  const exit = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      started.delete(child)
      resolve(code)
    })
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done) throw new Error(`test/python: the peer ended: ${errors.join('')}`)
    return value
  }
  return { line, exit, errors, write: (text: string) => child.stdin.write(`${text}\n`), end: () => child.kill() }
}

/** The same, ended with the test that starts it. */
export const peerOfTest = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
  const running = peer(args, env)
  onTestFinished(() => {
    running.end()
  })
  return running
}
