import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import { run } from '../../src/cli/commands.js'
import { askNewPassphrase, askPassphrase, type Desk } from '../../src/cli/passphrase.js'
import { readAuditor, readIdentity } from '../../src/node.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-keygen-'))
afterAll(() => rmSync(folder, { recursive: true }))

let made = 0
const fresh = (name: string): string => join(folder, `${name}-${++made}`)

const file = (content: string | Uint8Array): string => {
  const path = fresh('file')
  writeFileSync(path, content)
  return path
}

const sotto = async (...args: string[]) => {
  const out: string[] = []
  const error: string[] = []
  const terminal = {
    out: (text: string) => out.push(text),
    error: (text: string) => error.push(text),
    progress: () => {},
  }
  return { exit: await run(args, terminal), out: out.join('\n'), error: error.join('\n') }
}

/** A person who types `keys`, one after the other as they are asked. */
const person = (...keys: string[]) => {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const output = new PassThrough()
  const seen: string[] = []
  output.setEncoding('utf8').on('data', (text: string) => {
    seen.push(text)
    if (text.endsWith(': ')) setImmediate(() => input.write(keys.shift() ?? '\x04'))
  })
  const desk: Desk = { input, output }
  return { desk, seen }
}

describe('sotto keygen', () => {
  test('CL-4 makes a key file of mode 0600 and prints the id, and nothing else', async () => {
    const path = fresh('key')
    const { exit, out, error } = await sotto('keygen', path)
    expect([exit, error]).toEqual([0, ''])
    expect(out).toMatch(/^sotto1[a-z0-9]{59}$/)
    expect((await readIdentity(path)).id).toBe(out)
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('CL-4 two keys are two, and --json is one object without a secret', async () => {
    const path = fresh('key')
    const { out } = await sotto('keygen', path, '--json')
    const { id } = await readIdentity(path)
    expect(JSON.parse(out)).toEqual({ id, file: path, sealed: false })
    expect((await sotto('keygen', fresh('key'))).out).not.toBe(id)
  })

  test('CL-4 CL-5 --audit makes the key of an audit log, which `id --audit` tells', async () => {
    const path = fresh('key')
    const { exit, out } = await sotto('keygen', path, '--audit')
    expect(exit).toBe(0)
    expect(out).toMatch(/^sottolog1[a-z0-9]{59}$/)
    expect((await readAuditor(path)).id).toBe(out)
    expect(await sotto('id', path, '--audit')).toEqual({ exit: 0, out, error: '' })
    expect(await sotto('id', path)).toMatchObject({ exit: 1, out: '' })
    expect(await sotto('id', path, '--issuer', '--audit')).toMatchObject({ exit: 2, out: '' })
  })

  test('CL-1 an existing file is kept: exit 1', async () => {
    const path = file('mine')
    const { exit, out, error } = await sotto('keygen', path)
    expect([exit, out]).toEqual([1, ''])
    expect(error).toContain(`identity/file: expected no file, got one that is kept: ${path}`)
    expect(readFileSync(path, 'utf8')).toBe('mine')
  })

  test('CL-3 --passphrase-file seals the key with the one line of the file', async () => {
    const path = fresh('key')
    const { exit, out } = await sotto('keygen', path, '--passphrase-file', file('correct horse\n'))
    expect(exit).toBe(0)
    expect(readFileSync(path, 'utf8')).toMatch(/^SOTTO-SEALED-1/)
    expect((await readIdentity(path, { passphrase: async () => 'correct horse' })).id).toBe(out)
  })

  test.each([
    ['empty', ''],
    ['one empty line', '\n'],
    ['two lines', 'one\ntwo\n'],
    ['a line that is too long', 'x'.repeat(1_030)],
    ['no text', Uint8Array.of(0xc3, 0x28)],
  ])('CL-3 a passphrase file that is %s is refused, and no key is made', async (_, content) => {
    const path = fresh('key')
    expect(await sotto('keygen', path, '--passphrase-file', file(content))).toMatchObject({ exit: 1, out: '' })
    expect(existsSync(path)).toBe(false)
  })

  test('CL-3 --passphrase without a terminal is refused, and no key is made', async () => {
    const path = fresh('key')
    const { exit, error } = await sotto('keygen', path, '--passphrase')
    expect(exit).toBe(1)
    expect(error).toContain('expected a terminal')
    expect(existsSync(path)).toBe(false)
  })

  test.each([
    [[]],
    [['one', 'two']],
    // Whoever types it there learns that it is no place for it.
    [['key', '--passphrase', 'secret']],
    [['key', '--passphrase=secret']],
    [['key', '--passphrase', '--passphrase-file', 'file']],
    [['key', '--issuer', '--audit']],
  ])('CL-2 sotto keygen %j is a wrong call: exit 2, and no key is made', async (args) => {
    const { exit, out, error } = await sotto('keygen', ...args)
    expect([exit, out]).toEqual([2, ''])
    expect(error).toContain('usage: sotto keygen FILE')
    expect(existsSync('key')).toBe(false)
  })
})

describe('a passphrase that is typed', () => {
  test('CL-3 is not echoed', async () => {
    const { desk, seen } = person('hunter2\r')
    expect(await askPassphrase('Passphrase: ', desk)).toBe('hunter2')
    expect(seen.join('')).toBe('Passphrase: \n')
  })

  test('CL-3 can be corrected while it is typed', async () => {
    expect(await askPassphrase('Passphrase: ', person('hunter3\x7f2\r').desk)).toBe('hunter2')
  })

  test('CL-3 is asked for twice where it is new', async () => {
    const { desk, seen } = person('hunter2\r', 'hunter2\r')
    expect(await askNewPassphrase(desk)).toBe('hunter2')
    expect(seen.join('')).toBe('Passphrase: \nAgain: \n')
    await expect(askNewPassphrase(person('hunter2\r', 'hunter3\r').desk)).rejects.toThrow('expected the same twice')
  })

  test.each([
    ['nothing', '\r'],
    ['Ctrl-C', 'hun\x03'],
    ['Ctrl-D', '\x04'],
  ])('CL-3 %s is no passphrase', async (_, keys) => {
    await expect(askPassphrase('Passphrase: ', person(keys).desk)).rejects.toThrow('nothing was typed')
  })
})
