import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, test } from 'vitest'
import { painter } from '../../src/cli/paint.js'
import { TOP } from '../source.js'

const MAIN = `${TOP}dist/cli/main.js`

const folder = mkdtempSync(join(tmpdir(), 'sotto-demo-test-'))
const running = new Set<ChildProcess>()
afterAll(() => {
  for (const child of running) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

/** A demo that runs, with a folder for temporary files of its own. */
const start = (...args: string[]) => {
  const temporary = mkdtempSync(join(folder, 'tmp-'))
  const child = spawn(process.execPath, [MAIN, 'demo', ...args], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const error: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => error.push(text))
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  // The processes it starts hold its output open: 'close' comes when the last of them is gone.
  const over = once(child, 'close').then(([code, signal]) => {
    running.delete(child)
    return { exit: code, signal, out: lines.join('\n'), error: error.join(''), left: readdirSync(temporary) }
  })
  const line = (start: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const see = (text: string): void => {
        if (text.startsWith(start)) resolve()
      }
      lines.forEach(see)
      reader.on('line', see)
      void over.then(() => reject(new TypeError(`expected a line "${start}"`)))
    })
  return { child, over, line }
}

/** The processes that `child` has started. */
const childrenOf = (child: ChildProcess): number[] =>
  execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number)

/** Takes seconds to send, and no room on the disk. */
const large = file('large', new Uint8Array(0))
truncateSync(large, 2 ** 30)

describe('sotto demo', () => {
  test('CL-6 CL-8 shows the handshake, the contracts, what is admitted and refused, the file and the end; nothing is left', async () => {
    const { exit, out, error, left } = await start(`${TOP}package.json`).over
    expect(error).toBe('')
    expect(exit).toBe(0)
    expect(left).toEqual([])
    const sha256 = createHash('sha256')
      .update(readFileSync(`${TOP}package.json`))
      .digest('hex')
    const shows = [
      /server {2}sotto1[a-z0-9]{59}\n {2}client {2}sotto1[a-z0-9]{59}\n {2}both {4}Noise_XXhfs_25519\+MLKEM768_\w+_SHA256\n/,
      /client {2}wrote [\d,]+ B, read [\d,]+ B, in [\d.]+ ms/,
      /client {2}uses archive\.v1; serves desk\.v1\n {2}server {2}uses desk\.v1; serves archive\.v1/,
      /server {2}admits call archive\.v1\.store, decision [0-9a-f]{16}\.ir\.1\.0/,
      /client {2}admits call desk\.v1\.confirm, decision [0-9a-f]{16}\.ri\.2\.0/,
      /server {2}asked its client \(desk\.v1\.confirm\): "yes"/,
      /(?:server {2}admits send archive\.v1\.note, .*\n {2}){3}/,
      /server {2}refuses archive\.v1\.erase by rule nobody-erases, decision (\S+)\n {2}client {2}policy\/denied .* decision \1; ran: no/,
      /client {2}sent [\d,]+ B in [\d.]+ ms, [\d.]+ MB\/s/,
      new RegExp(`client {2}SHA-256 ${sha256}\\n {2}server {2}SHA-256 ${sha256} of`),
      /✓ each end had the authenticated END of the other/,
      /client {2}was killed \(SIGKILL\)/,
      /server {2}session ended: channel\/truncated: .* without END/,
      /server {2}open call desk\.v1\.done: session\/lost, because of channel\/truncated; ran: maybe/,
    ]
    for (const what of shows) expect(out).toMatch(what)
    expect(out.match(/✓/g)).toHaveLength(7)
    expect(out).not.toContain('✗')
  })

  test.each([
    ['an empty file', 0],
    ['a file of one byte', 1],
    ['a file of some messages', 3_000_001],
  ])('CL-6 sends %s', async (name, size) => {
    const bytes = Uint8Array.from({ length: size }, (_, i) => i % 251)
    const { exit, out } = await start(file(name.replaceAll(' ', '-'), bytes)).over
    expect(exit).toBe(0)
    expect(out).toContain(`server  SHA-256 ${createHash('sha256').update(bytes).digest('hex')} of`)
  })

  test('CL-1 a file that cannot be sent is a wrong call: exit 2, and nothing is started', async () => {
    mkdirSync(join(folder, 'a-folder'))
    for (const args of [[join(folder, 'absent')], [join(folder, 'a-folder')], ['one', 'two'], ['--wrong']]) {
      const { exit, out, error } = await start(...args).over
      expect([exit, out]).toEqual([2, ''])
      expect(error).toContain('usage: sotto demo [FILE]')
    }
    expect((await start(join(folder, 'absent')).over).error).toContain(
      `no such file or directory, open '${folder}/absent'`,
    )
  })

  test.each(['server', 'client'])('CL-7 the %s is killed by somebody else: exit 1', async (who) => {
    const demo = start(large)
    await demo.line('4. ')
    const victim = childrenOf(demo.child)[who === 'server' ? 0 : 1] ?? 0
    process.kill(victim, 'SIGKILL')
    const { exit, out, left } = await demo.over
    expect(exit).toBe(1)
    expect(out).toMatch(/✗ the (?:session of the )?server ended/)
    expect(left).toEqual([])
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'CL-8 %s ends all three processes and removes their files',
    async (signal) => {
      const demo = start(large)
      await demo.line('4. ')
      expect(childrenOf(demo.child)).toHaveLength(2)
      demo.child.kill(signal)
      expect(await demo.over).toMatchObject({ exit: null, signal, left: [] })
    },
  )

  test('CL-8 its processes end even where it is killed itself', async () => {
    const demo = start(large)
    await demo.line('4. ')
    demo.child.kill('SIGKILL')
    expect(await demo.over).toMatchObject({ signal: 'SIGKILL' })
  })

  test('CL-2 its processes have no secret, nor an id, among their arguments and in their environment', async () => {
    const demo = start(large)
    await demo.line('4. ')
    const [pid = 0] = childrenOf(demo.child)
    const shown = execFileSync('ps', ['eww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
    demo.child.kill('SIGINT')
    await demo.over
    expect(shown).toContain('server.js')
    expect(shown).not.toMatch(/SOTTO-S|sotto1/)
  })
})

describe('colours', () => {
  test('CL-9 go to a terminal that has them, and to nothing else', () => {
    expect(painter({ isTTY: true, hasColors: () => true })('green', 'yes')).toBe('\x1b[32myes\x1b[39m')
    for (const screen of [
      {},
      { isTTY: true },
      { isTTY: false, hasColors: () => true },
      { isTTY: true, hasColors: () => false },
    ])
      expect(painter(screen)('green', 'yes')).toBe('yes')
  })

  const script = (env: Record<string, string>): string =>
    spawnSync('script', ['-qefc', `'${process.execPath}' '${MAIN}' demo '${TOP}package.json'`, '/dev/null'], {
      encoding: 'utf8',
      // Node takes a CI it does not know for a screen without colours.
      env: { ...process.env, CI: undefined, TERM: 'xterm', NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    }).stdout

  const terminal = process.platform === 'linux' && spawnSync('script', ['--version']).status === 0
  if (!terminal) console.warn('SKIPPED: no `script` of util-linux to make a terminal with')

  test.skipIf(!terminal)('CL-9 are shown by the demo in a terminal, unless NO_COLOR is set', () => {
    expect(script({})).toContain('\x1b[32m✓\x1b[39m')
    // Progress is written over itself in either case.
    expect(script({ NO_COLOR: '1' }).replaceAll('\r\x1b[K', '')).not.toContain('\x1b')
  })
})
