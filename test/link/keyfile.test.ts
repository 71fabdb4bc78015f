import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { auditorSecretTextOf, generateAuditor } from '../../src/identity/auditor.js'
import { generateIdentity, parseIdentity, secretTextOf } from '../../src/identity/identity.js'
import { readAuditor, readIdentity, readIssuer, writeAuditor, writeIdentity } from '../../src/link/keyfile.node.js'
import { readTrust } from '../../src/link/trustfile.node.js'

const seed = Date.now() % 2 ** 31
console.info(`test/link/keyfile: seed ${seed}`)

const TOP = fileURLToPath(new URL('../../', import.meta.url))
const everything = mkdtempSync(join(tmpdir(), 'sotto-keyfile-'))
afterAll(() => rmSync(everything, { recursive: true, force: true }))

let folder = everything
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(everything, 'test-'))
  path = join(folder, 'id.key')
})

const identity = generateIdentity()
const line = `${secretTextOf(identity)}\n`

const refusal = async (run: Promise<unknown>): Promise<SottoError> => {
  try {
    await run
  } catch (error) {
    if (SottoError.is(error, 'identity/file')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const modeOf = (file: string): number => lstatSync(file).mode & 0o7777

describe('ID-14 writing', () => {
  test('ID-14 a written identity reads back, with mode 0600 and nothing beside it', async () => {
    expect(await writeIdentity(path, identity)).toBe(identity.id)
    expect((await readIdentity(path)).id).toBe(identity.id)
    expect(modeOf(path)).toBe(0o600)
    expect(lstatSync(path).nlink).toBe(1)
    expect(readdirSync(folder)).toEqual(['id.key'])
    expect(readFileSync(path, 'utf8')).toBe(line)
  })

  test.each([0, 0o022, 0o077, 0o777])('ID-14 the mode is 0600 under umask %i', async (umask) => {
    const before = process.umask(umask)
    try {
      await writeIdentity(path, identity)
    } finally {
      process.umask(before)
    }
    expect(modeOf(path)).toBe(0o600)
  })

  test('ID-14 an existing file, directory or link stays as it is', async () => {
    mkdirSync(join(folder, 'directory'))
    writeFileSync(join(folder, 'file'), 'kept')
    symlinkSync('nowhere', join(folder, 'dangling'))
    const before = readdirSync(folder)
    for (const name of before) {
      const error = await refusal(writeIdentity(join(folder, name), identity))
      expect(error.message).toContain(join(folder, name))
      expect(error.cause).toMatchObject({ code: 'EEXIST' })
    }
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept')
    expect(readdirSync(folder)).toEqual(before)
  })

  test('ID-14 of many writers of one file one wins, and its key is there', async () => {
    const identities = Array.from({ length: 8 }, () => generateIdentity())
    const results = await Promise.allSettled(identities.map((each) => writeIdentity(path, each)))
    const written = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
    expect(written).toHaveLength(1)
    expect((await readIdentity(path)).id).toBe(written[0])
    expect(readdirSync(folder)).toEqual(['id.key'])
  })

  test('ID-14 ID-17 a directory that is not there is named', async () => {
    const error = await refusal(writeIdentity(join(folder, 'no', 'id.key'), identity))
    expect(error.message).toContain(join(folder, 'no', 'id.key'))
    expect(error.cause).toMatchObject({ code: 'ENOENT' })
  })
})

describe('ID-6 a passphrase', () => {
  test('ID-6 seals the file, which then opens with it and nothing else', async () => {
    await writeIdentity(path, identity, { passphrase: 'correct horse' })
    expect(modeOf(path)).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toMatch(/^SOTTO-SEALED-1[A-Z0-9]{112}\n$/)
    expect((await readIdentity(path, { passphrase: () => Promise.resolve('correct horse') })).id).toBe(identity.id)
    const wrong = await refusal(readIdentity(path, { passphrase: () => Promise.resolve('battery') }))
    expect(wrong.cause).toMatchObject({ code: 'identity/malformed' })
    expect((await refusal(readIdentity(path))).message).toContain('passphrase')
  })

  test('ID-6 is not asked for where there is no seal', async () => {
    await writeIdentity(path, identity)
    const passphrase = () => Promise.reject(new Error('asked'))
    expect((await readIdentity(path, { passphrase })).id).toBe(identity.id)
  })

  test('ID-6 that cannot be had is the error of whoever was asked', async () => {
    writeFileSync(path, `SOTTO-SEALED-1${'Q'.repeat(112)}\n`, { mode: 0o600 })
    await expect(readIdentity(path, { passphrase: () => Promise.reject(new Error('no terminal')) })).rejects.toThrow(
      'no terminal',
    )
  })

  test('ID-6 that is empty writes nothing', async () => {
    await expect(writeIdentity(path, identity, { passphrase: '' })).rejects.toThrow(RangeError)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('ID-15 reading', () => {
  test.each([0o600, 0o400, 0o700])('ID-15 takes mode %i', async (mode) => {
    writeFileSync(path, line)
    chmodSync(path, mode)
    expect((await readIdentity(path)).id).toBe(identity.id)
  })

  const others = Array.from({ length: 6 }, (_, bit) => 0o600 | (1 << bit))
  test.each([...others, 0o644, 0o666, 0o777, 0o640])('ID-15 refuses mode %i', async (mode) => {
    writeFileSync(path, line)
    chmodSync(path, mode)
    const error = await refusal(readIdentity(path))
    expect(error.message).toContain(`mode 0${mode.toString(8)}: ${path}`)
  })

  // Only the superuser can give a file away.
  test.runIf(process.getuid?.() === 0)('ID-50 refuses a file of another user', async () => {
    writeFileSync(path, line, { mode: 0o600 })
    chownSync(path, 65_534, 65_534)
    expect((await refusal(readIdentity(path))).message).toContain('expected a file of this user')
    await expect(readTrust(path)).rejects.toMatchObject({ code: 'identity/file' })
    chownSync(path, 0, 0)
    expect((await readIdentity(path)).id).toBe(identity.id)
  })

  test('ID-15 refuses a symbolic link, even to a good file', async () => {
    writeFileSync(join(folder, 'real'), line, { mode: 0o600 })
    symlinkSync('real', path)
    expect((await refusal(readIdentity(path))).cause).toMatchObject({ code: 'ELOOP' })
  })

  test('ID-15 refuses a directory, a device and a pipe that nobody writes', async () => {
    const pipe = join(folder, 'pipe')
    expect(spawnSync('mkfifo', ['-m', '600', pipe]).status).toBe(0)
    for (const each of [folder, '/dev/null', pipe]) {
      expect((await refusal(readIdentity(each))).message).toContain('expected a regular file')
    }
  })

  test('ID-15 a second name of a good file is the same file', async () => {
    await writeIdentity(path, identity)
    linkSync(path, join(folder, 'second'))
    expect((await readIdentity(join(folder, 'second'))).id).toBe(identity.id)
  })
})

describe('ID-16 what a key file holds', () => {
  const text = line.trim()
  const cases: [string, string | Uint8Array][] = [
    ['nothing', ''],
    ['a line feed', '\n'],
    ['no line feed', text],
    ['a carriage return', `${text}\r\n`],
    ['two line feeds', `${line}\n`],
    ['two keys', line + line],
    ['a space before', ` ${line}`],
    ['a space behind', `${text} \n`],
    ['a comment before', `# id\n${line}`],
    ['a byte order mark', `\ufeff${line}`],
    ['lower case', line.toLowerCase()],
    ['one character less', `${text.slice(0, -1)}\n`],
    ['one character changed', `${text.slice(0, -1)}${text.endsWith('Q') ? 'P' : 'Q'}\n`],
    ['a peer id', `${identity.id}\n`],
    ['a damaged seal', `SOTTO-SEALED-1${'Q'.repeat(112)}\n`],
    ['zeros', new Uint8Array(74)],
    ['bytes above ASCII', new Uint8Array(74).fill(0xff)],
    ['127 characters', `${'Q'.repeat(126)}\n`],
    ['128 characters', `${'Q'.repeat(127)}\n`],
    ['a mebibyte', `${'Q'.repeat(1_048_575)}\n`],
  ]
  test.each(cases)('ID-16 ID-17 refuses %s, names the path and shows nothing of it', async (_, content) => {
    writeFileSync(path, content, { mode: 0o600 })
    const error = await refusal(readIdentity(path, { passphrase: () => Promise.resolve('x') }))
    expect(error.message).toContain(path)
    const shown = inspect(error, { depth: 9, showHidden: true })
    for (let at = 0; at + 8 < text.length; at += 8)
      expect(shown.toUpperCase()).not.toContain(text.slice(at + 14, at + 22) || line)
  })

  test('ID-17 a file that is not there is named', async () => {
    const error = await refusal(readIdentity(path))
    expect(error.message).toContain(path)
    expect(error.cause).toMatchObject({ code: 'ENOENT' })
  })
})

/** A program that writes `count` key files below a folder, four at a time, and prints a line for each. */
const writer = async (): Promise<string> => {
  const outfile = join(everything, 'writer.mjs')
  const contents = `
    import { generateIdentity } from './src/identity/identity.js'
    import { writeIdentity } from './src/link/keyfile.node.js'
    const [folder, count] = process.argv.slice(2)
    let next = 0
    const write = async () => {
      while (next < Number(count)) {
        const n = next++
        await writeIdentity(folder + '/k' + n, generateIdentity())
        process.stdout.write(n + '\\n')
      }
    }
    await Promise.all([write(), write(), write(), write()])`
  await build({
    stdin: { contents, resolveDir: TOP, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    logLevel: 'error',
    alias: { '#native': join(TOP, 'src/crypto/native.ts') },
  })
  return outfile
}

/** Each key file that is there can be read; temporary files are private. */
const checkWhole = async (): Promise<{ keys: number; temporary: number }> => {
  const names = readdirSync(folder)
  const keys = names.filter((name) => /^k\d+$/.test(name))
  for (const name of keys) {
    const { id } = await readIdentity(join(folder, name))
    expect(parseIdentity(readFileSync(join(folder, name), 'utf8').trim()).id).toBe(id)
  }
  const temporary = names.filter((name) => !keys.includes(name))
  for (const name of temporary) {
    expect(name).toMatch(/^\.k\d+\.[0-9a-f]{16}\.tmp$/)
    expect(modeOf(join(folder, name))).toBe(0o600)
  }
  return { keys: keys.length, temporary: temporary.length }
}

/** Resolves when the process has ended, with the number of lines it printed; kills it at line `last`. */
const killAt = (program: string, last: number): Promise<number> => {
  const child = spawn(process.execPath, [program, folder, '1000000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let lines = 0
  child.stdout.on('data', (data: Buffer) => {
    lines += data.toString().split('\n').length - 1
    if (lines >= last) child.kill('SIGKILL')
  })
  return new Promise((resolve, reject) => child.on('error', reject).on('close', () => resolve(lines)))
}

test('ID-14 a writer that is killed leaves whole files or none', async () => {
  const program = await writer()
  let interrupted = 0
  for (let round = 0; round < 25; round++) {
    folder = mkdtempSync(join(everything, 'killed-'))
    const lines = await killAt(program, 1 + ((seed + round * 7) % 11))
    const { keys, temporary } = await checkWhole()
    expect(keys).toBeGreaterThanOrEqual(lines)
    interrupted += temporary
  }
  console.info(`test/link/keyfile: 25 writers killed, with ${interrupted} temporary files left behind`)
})

const strace = spawnSync('strace', ['-qq', '-e', 'trace=none', 'true']).status === 0
if (!strace) console.warn('test/link/keyfile: SKIPPED, killing at each system call: no strace here')

// The kill strikes as the call is entered. `fsync` is of the file, then of the directory.
const points: [string, string, number][] = [
  ['the mode is set', 'fchmod:1', 0],
  ['the file is flushed', 'fsync:1', 0],
  ['it is linked', 'link:1', 0],
  ['the temporary name goes', 'unlink:1', 1],
  ['the directory is flushed', 'fsync:2', 1],
]
describe.skipIf(!strace)('ID-14 killed at a system call', () => {
  test.each(points)('ID-14 before %s', async (_, call, expected) => {
    const program = await writer()
    const [name = '', when = ''] = call.split(':')
    const inject = ['-f', '-qq', '-o', '/dev/null', '-e', `inject=${name}:signal=KILL:when=${when}`]
    // strace counts by thread: so there is to be one.
    const options = { env: { ...process.env, UV_THREADPOOL_SIZE: '1' } }
    const { signal } = spawnSync('strace', [...inject, process.execPath, program, folder, '1'], options)
    expect(signal).toBe('SIGKILL')
    expect((await checkWhole()).keys).toBe(expected)
  })
})

const disk = join(everything, 'disk')
mkdirSync(disk)
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4k', 'tmpfs', disk]).status === 0
if (!mounted) console.warn('test/link/keyfile: SKIPPED, a full disk: cannot mount a tmpfs here')
afterAll(() => {
  if (mounted) spawnSync('umount', [disk])
})

test.skipIf(!mounted)('ID-14 ID-17 a full disk is told, and nothing is left behind', async () => {
  writeFileSync(join(disk, 'filler'), new Uint8Array(4_096))
  const error = await refusal(writeIdentity(join(disk, 'id.key'), identity))
  expect(error.cause).toMatchObject({ code: 'ENOSPC' })
  expect(error.message).toContain(join(disk, 'id.key'))
  expect(readdirSync(disk)).toEqual(['filler'])
  rmSync(join(disk, 'filler'))
  expect(await writeIdentity(join(disk, 'id.key'), identity)).toBe(identity.id)
})

describe('ID-54 the key file of an auditor', () => {
  const auditor = generateAuditor()

  test('ID-54 reads back, with mode 0600, and never takes the place of another file', async () => {
    expect(await writeAuditor(path, auditor)).toBe(auditor.id)
    expect((await readAuditor(path)).id).toBe(auditor.id)
    expect(modeOf(path)).toBe(0o600)
    expect(readFileSync(path, 'utf8')).toBe(`${auditorSecretTextOf(auditor)}\n`)
    expect((await refusal(writeAuditor(path, generateAuditor()))).message).toContain('got one that is kept')
    chmodSync(path, 0o640)
    expect((await refusal(readAuditor(path))).message).toContain('mode 0640')
  })

  test('ID-54 can be sealed', async () => {
    await writeAuditor(path, auditor, { passphrase: 'correct horse' })
    expect(readFileSync(path, 'utf8')).toMatch(/^SOTTOLOG-SEALED-1.*\n$/)
    expect((await readAuditor(path, { passphrase: async () => 'correct horse' })).id).toBe(auditor.id)
    expect((await refusal(readAuditor(path))).message).toContain('expected a passphrase')
  })

  test('ID-54 is that of no identity and no issuer', async () => {
    await writeAuditor(path, auditor)
    for (const read of [readIdentity, readIssuer])
      expect((await refusal(read(path))).message).toContain('expected one key')
    const other = join(folder, 'identity.key')
    await writeIdentity(other, identity)
    expect((await refusal(readAuditor(other))).message).toContain('expected one key')
  })
})
