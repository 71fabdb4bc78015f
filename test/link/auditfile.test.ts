import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { utf8 } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { generateAuditor } from '../../src/identity/auditor.js'
import { type AuditFileOptions, auditFile } from '../../src/link/auditfile.node.js'
import type { AuditLog } from '../../src/link/auditwriter.js'
import { auditor, filesOf, losses, record, verified } from './auditread.js'

const everything = mkdtempSync(join(tmpdir(), 'sotto-audit-'))
afterAll(() => rmSync(everything, { recursive: true, force: true }))

let folder = everything
let path = ''
beforeEach(() => {
  folder = mkdtempSync(join(everything, 'test-'))
  path = join(folder, 'audit.log')
})

/** From here on files can be made and renamed in the directory, and it cannot be read, not by the superuser either; until the way back. */
const barred = (directory: string): (() => void) => {
  const superuser = process.getuid?.() === 0
  if (superuser) {
    // The way to it, and what is in it, are the other user's by then.
    chmodSync(everything, 0o711)
    for (const name of ['.', ...readdirSync(directory)]) chownSync(join(directory, name), 65_534, 65_534)
  }
  chmodSync(directory, 0o300)
  if (superuser) process.seteuid?.(65_534)
  // A file that is made then is this user's own.
  const user = superuser ? vi.spyOn(process, 'getuid').mockReturnValue(65_534) : undefined
  return () => {
    user?.mockRestore()
    if (superuser) process.seteuid?.(0)
    chmodSync(directory, 0o700)
  }
}

const give = (log: AuditLog, from: number, to: number, filling = ''): void => {
  for (let n = from; n < to; n++) log.audit(record(n, filling))
}

const count = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

const refusal = async (run: Promise<AuditLog>): Promise<SottoError> => {
  try {
    await run
  } catch (error) {
    if (SottoError.is(error, 'audit/sink')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

/** Writes records `from` to `to` in one life of a log. */
const life = async (from: number, to: number, options: AuditFileOptions = {}, file = path): Promise<AuditLog> => {
  const log = await auditFile(file, auditor, options)
  give(log, from, to)
  await log.close()
  return log
}

describe('one file', () => {
  test('AU-31 a new log has mode 0600 whatever the mask, and nothing is beside it when it is closed', async () => {
    const mask = process.umask(0o377)
    try {
      const log = await auditFile(path, auditor)
      await log.flush()
      expect(lstatSync(path).mode & 0o7777).toBe(0o600)
      expect(readdirSync(folder)).toHaveLength(2)
      await log.close()
    } finally {
      process.umask(mask)
    }
    expect(readdirSync(folder)).toEqual(['audit.log'])
    expect(verified(readFileSync(path)).kinds).toEqual(['log', 'checkpoint'])
  })

  test('AU-34 it goes on over many restarts, in one chain', async () => {
    for (let n = 0; n < 30; n++) await life(n * 7, n * 7 + 7)
    const { numbers, kinds, check } = verified(readFileSync(path))
    expect(numbers).toEqual(count(0, 210))
    expect(kinds.filter((kind) => kind === 'resumed')).toHaveLength(29)
    expect([check.torn, check.lost, check.behind]).toEqual([0, 0, 0])
  })

  test('AU-34 a line that is torn at any byte is cut off, and the log says how much was', async () => {
    await life(0, 5)
    const whole = readFileSync(path)
    const start = whole.lastIndexOf(0x0a, whole.length - 2) + 1
    const torn = async (bytes: number): Promise<void> => {
      const file = `${path}-${bytes}`
      writeFileSync(file, whole.subarray(0, start + bytes), { mode: 0o600 })
      await life(5, 6, {}, file)
      const { lines, numbers, check } = verified(readFileSync(file))
      expect(numbers).toEqual(count(0, 6))
      const resumed = lines.find(({ record: { kind } }) => kind === 'resumed')
      expect([resumed?.record.torn, check.torn]).toEqual([bytes, bytes === 0 ? 0 : 1])
    }
    // The last of them is whole but for its newline.
    await Promise.all(Array.from({ length: whole.length - start }, (_, bytes) => torn(bytes)))
  })

  test('AU-34 a first line that is torn at any byte is begun anew', async () => {
    await life(0, 0)
    const first = readFileSync(path)
    const torn = async (bytes: number): Promise<void> => {
      const file = `${path}-${bytes}`
      writeFileSync(file, first.subarray(0, bytes), { mode: 0o600 })
      await life(0, 1, {}, file)
      expect(verified(readFileSync(file)).kinds).toEqual(['log', 'checkpoint'])
    }
    await Promise.all(Array.from({ length: first.indexOf(0x0a) + 1 }, (_, bytes) => torn(bytes)))
  })

  test('AU-34 zeros behind the last line, as a loss of power leaves them, are cut off', async () => {
    await life(0, 3)
    appendFileSync(path, new Uint8Array(65_536))
    await life(3, 4)
    expect([verified(readFileSync(path)).numbers, verified(readFileSync(path)).check.torn]).toEqual([count(0, 4), 1])
  })

  test('AU-35 what is no log of the auditor is left as it is', async () => {
    const before = filesOf(path)
    expect(before).toHaveLength(0)
    await life(0, 3)
    const mine = readFileSync(path)
    const others = generateAuditor()
    const contents: [string, Uint8Array][] = [
      ['a text', utf8('hello\n')],
      ['a text without a newline', utf8('{"seq"; 1')],
      ['a text of one letter', utf8('x')],
      ['JSON', utf8('{"seq":1}\n')],
      ['a log whose first line is missing', mine.subarray(mine.indexOf(0x0a) + 1)],
      ['a log whose last line is none', Buffer.concat([mine, utf8('{"seq":9}\n')])],
      ['a log with an empty line behind', Buffer.concat([mine, utf8('\n')])],
      ['zeros', new Uint8Array(10)],
      ['a log with more behind than one write', Buffer.concat([mine, new Uint8Array(1_100_000)])],
    ]
    for (const [what, content] of contents) {
      writeFileSync(path, content)
      expect((await refusal(auditFile(path, auditor))).code, what).toBe('audit/sink')
      expect(readFileSync(path).equals(content), what).toBe(true)
    }
    writeFileSync(path, mine)
    expect((await refusal(auditFile(path, others))).message).toContain(others.id)
    expect(readFileSync(path).equals(mine)).toBe(true)
    expect(readdirSync(folder)).toEqual(['audit.log'])
  })

  test('AU-31 a link, a folder, a pipe, a file that others may write and a place that is not there are refused', async () => {
    const target = join(folder, 'target')
    writeFileSync(target, '', { mode: 0o600 })
    symlinkSync(target, path)
    expect((await refusal(auditFile(path, auditor))).message).toContain('symbolic link')
    rmSync(path)
    mkdirSync(path)
    expect((await refusal(auditFile(path, auditor))).code).toBe('audit/sink')
    rmSync(path, { recursive: true })
    expect(spawnSync('mkfifo', [path]).status).toBe(0)
    expect((await refusal(auditFile(path, auditor))).message).toContain('regular file')
    rmSync(path)
    writeFileSync(path, '')
    chmodSync(path, 0o620)
    expect((await refusal(auditFile(path, auditor))).message).toContain('mode 0620')
    chmodSync(path, 0o600)
    await life(0, 1)
    chmodSync(path, 0o640)
    await life(1, 2)
    expect(lstatSync(path).mode & 0o7777).toBe(0o640)
    expect((await refusal(auditFile(join(folder, 'no', 'audit.log'), auditor))).code).toBe('audit/sink')
    expect((await refusal(auditFile(join(folder, 'x'.repeat(100)), auditor))).message).toContain(
      'expected a path of at',
    )
    expect(readdirSync(folder).sort()).toEqual(['audit.log', 'target'])
  })

  test.skipIf(process.getuid?.() !== 0)('AU-31 a file of another user is refused', async () => {
    writeFileSync(path, '', { mode: 0o600 })
    chownSync(path, 0, 0)
    await life(0, 1)
    // Of the superuser all is as good; of another it is not, even for the superuser.
    chownSync(path, 12_345, 12_345)
    expect((await refusal(auditFile(path, auditor))).message).toContain('of this user')
  })

  test('AU-31 options that cannot be are the mistake of a caller, and make no file', async () => {
    for (const options of [{ rotateBytes: 4_095 }, { keep: 0 }, { keep: 1.5 }, { syncMs: 0 }, { queueBytes: 1 }])
      await expect(auditFile(path, auditor, options)).rejects.toThrow(RangeError)
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('one writer', () => {
  test('AU-30 a second is refused, in this process too, and taken when the first has closed', async () => {
    const first = await auditFile(path, auditor)
    expect((await refusal(auditFile(path, auditor))).message).toContain('expected no other writer')
    give(first, 0, 3)
    await first.close()
    await life(3, 6)
    expect(verified(readFileSync(path)).numbers).toEqual(count(0, 6))
    expect(readdirSync(folder)).toEqual(['audit.log'])
  })

  test('AU-30 one that starts while another is at its end waits for it', async () => {
    const first = await auditFile(path, auditor)
    const second = auditFile(path, auditor)
    await first.close()
    await (await second).close()
    expect(verified(readFileSync(path)).kinds).toEqual(['log', 'checkpoint', 'resumed', 'checkpoint'])
  })

  test('AU-30 of many that start at once no two are at work, and none leaves anything behind', async () => {
    let open = 0
    const lives = Array.from({ length: 8 }, async (_, n) => {
      const log = await auditFile(path, auditor)
      expect(++open).toBe(1)
      log.audit(record(n))
      await log.flush()
      open--
      await log.close()
    })
    const settled = await Promise.allSettled(lives)
    const taken = settled.filter(({ status }) => status === 'fulfilled').length
    for (const result of settled)
      if (result.status === 'rejected') expect(String(result.reason)).toContain('expected no other writer')
    expect(taken).toBeGreaterThan(0)
    expect(verified(readFileSync(path)).numbers).toHaveLength(taken)
    expect(readdirSync(folder)).toEqual(['audit.log'])
  })

  test('AU-30 a claim that nobody listens at is deleted, and what only looks like a claim is not', async () => {
    const dead = `${path}.lock-0011223344556677`
    const code = `require('node:net').createServer().listen(${JSON.stringify(dead)}, () => process.kill(process.pid, 'SIGKILL'))`
    expect(spawnSync(process.execPath, ['-e', code]).signal).toBe('SIGKILL')
    const kept = [`${path}.lock-mine`, `${path}.lock`]
    for (const name of kept) writeFileSync(name, '')
    expect(lstatSync(dead).isSocket()).toBe(true)
    await life(0, 1)
    expect(existsSync(dead)).toBe(false)
    for (const name of kept) expect(existsSync(name)).toBe(true)
  })

  test('AU-30 who cannot see whether there are other writers is refused, and claims nothing', async () => {
    const back = barred(folder)
    try {
      const refused = await auditFile(path, auditor).catch((cause: unknown) => cause)
      expect(refused).toMatchObject({ code: 'audit/sink', message: expect.stringContaining('who else writes the log') })
    } finally {
      back()
    }
    expect(readdirSync(folder)).toEqual([])
    await (await auditFile(path, auditor)).close()
  })

  test('AU-30 a claim of whoever listens is left alone', async () => {
    const server = createServer().listen(`${path}.lock-0011223344556677`)
    await new Promise((resolve) => server.once('listening', resolve))
    expect((await refusal(auditFile(path, auditor))).message).toContain('expected no other writer')
    expect(existsSync(path)).toBe(false)
    await new Promise((resolve) => server.close(resolve))
    await life(0, 1)
  })
})

describe('many files', () => {
  const small = { rotateBytes: 4_096, keep: 999, checkpoint: { records: 20 } } as const

  test('AU-33 AU-32 a file that is full is followed by another, under load, in one chain; each names the log', async () => {
    const log = await auditFile(path, auditor, small)
    for (let n = 0; n < 40; n++) {
      give(log, n * 50, n * 50 + 50)
      if (n % 3 === 0) await log.flush()
    }
    await log.close()
    expect(log.lost).toBe(0)
    const read = verified(filesOf(path))
    expect(read.numbers).toEqual(count(0, 2_000))
    const files = readdirSync(folder)
    expect(files.length).toBeGreaterThan(5)
    for (const file of files) {
      const { lines, check } = verified(readFileSync(join(folder, file)))
      expect(lines[0]?.record.kind).toBe(lines[0]?.seq === 1 ? 'log' : 'checkpoint')
      expect(check.log).toBe(read.check.log)
      expect(lstatSync(join(folder, file)).mode & 0o7777).toBe(0o600)
    }
  })

  test('AU-33 so many are kept, and what is left of the log verifies from a checkpoint', async () => {
    for (let n = 0; n < 10; n++) await life(n * 100, n * 100 + 100, { ...small, keep: 3 })
    expect(readdirSync(folder).sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2', 'audit.log.3'])
    const { numbers, check } = verified(filesOf(path))
    expect(numbers).toEqual(count(1_000 - numbers.length, 1_000))
    expect([check.behind, check.lost]).toEqual([0, 0])
  })

  /** A log of some files. */
  const long = async (): Promise<void> => {
    for (let n = 0; n < 4; n++) await life(n * 50, n * 50 + 50, small)
  }

  test('AU-33 AU-34 a kill at any step of the renaming leaves a log that goes on', async () => {
    await long()
    const files = readdirSync(folder).length
    expect(files).toBeGreaterThan(2)
    for (let steps = 1; steps <= files; steps++) {
      // As the writer renames them: the oldest first.
      for (let n = files; n > files - steps; n--) renameSync(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`)
      await life(1_000 * steps, 1_000 * steps + 1, { ...small, rotateBytes: 2 ** 20 })
      const { numbers, check } = verified(filesOf(path))
      expect([numbers.slice(0, 200), check.lost]).toEqual([count(0, 200), 0])
      // Back to where it was, but for the records that have come: a new start.
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
      await long()
    }
  })

  test('AU-33 a hole that a kill left among the names is closed by the next renaming', async () => {
    await long()
    renameSync(`${path}.1`, `${path}.9`)
    const log = await auditFile(path, auditor, small)
    give(log, 200, 300)
    await log.flush()
    give(log, 300, 301)
    await log.close()
    expect(existsSync(`${path}.1`)).toBe(true)
  })

  test('AU-34 an empty file, or one with a torn line alone, goes on from the file before', async () => {
    for (const torn of [0, 1, 50]) {
      await long()
      const before = verified(filesOf(path))
      renameAll()
      writeFileSync(path, `{"seq":${before.lines.length + 1},"time":1234567890123456789`.slice(0, torn), {
        mode: 0o600,
      })
      await life(777, 778, small)
      const read = verified(filesOf(path))
      expect(read.numbers).toEqual([...before.numbers, 777])
      expect(read.check.torn).toBe(torn === 0 ? 0 : 1)
      rmSync(folder, { recursive: true })
      mkdirSync(folder)
    }
  })

  const renameAll = (): void => {
    let last = 1
    while (existsSync(`${path}.${last}`)) last++
    for (let n = last; n > 0; n--) renameSync(n === 1 ? path : `${path}.${n - 1}`, `${path}.${n}`)
  }

  test('AU-34 the file before may be torn, too', async () => {
    await long()
    const whole = verified(filesOf(path))
    renameAll()
    truncateSync(`${path}.1`, lstatSync(`${path}.1`).size - 3)
    writeFileSync(path, '{"se', { mode: 0o600 })
    await life(777, 778, small)
    const read = verified(filesOf(path))
    expect(read.numbers).toEqual([...whole.numbers, 777])
    const resumed = read.lines.filter(({ record: { kind } }) => kind === 'resumed').at(-1)
    expect(Number(resumed?.record.torn)).toBeGreaterThan(4)
  })

  test('AU-34 AU-8 a tail that nothing signed is gone on from where it ends, even if its file is full', async () => {
    await long()
    for (const renamed of [false, true]) {
      const whole = readFileSync(path)
      const start = whole.lastIndexOf(0x0a, whole.length - 2) + 1
      truncateSync(path, start)
      const seq = verified(whole.subarray(0, start)).lines.at(-1)?.seq ?? 0
      if (renamed) renameAll()
      await life(777, 778, { ...small, rotateBytes: 4_096, checkpoint: { records: 1 } })
      const { lines, check } = verified(filesOf(path))
      const next = lines.find((line) => line.seq === seq + 1)
      expect([next?.record.kind, next?.record.torn]).toEqual(['resumed', 0])
      expect(check.exposed).toBeGreaterThan(0)
    }
  })

  test('AU-38 a directory that cannot be synced is told of, and files follow one another all the same', async () => {
    const told: string[] = []
    const log = await auditFile(path, auditor, { ...small, failed: ({ message }) => void told.push(message) })
    await log.flush()
    const back = barred(folder)
    try {
      for (let n = 0; n < 10; n++) {
        give(log, n * 20, n * 20 + 20)
        await log.flush()
      }
    } finally {
      back()
    }
    await log.close()
    expect([log.lost, existsSync(path), existsSync(`${path}.1`)]).toEqual([0, true, true])
    expect(verified(filesOf(path)).numbers).toEqual(count(0, 200))
    expect(told[0]).toContain('expected to sync the directory of the log')
  })

  test('AU-38 where no file can be renamed, the log goes on in the one it has', async () => {
    const told: string[] = []
    const failed = ({ message }: SottoError): void => {
      told.push(message)
      throw new Error('nobody hears')
    }
    const log = await auditFile(path, auditor, { ...small, failed })
    mkdirSync(`${path}.1`)
    mkdirSync(`${path}.2`)
    writeFileSync(join(`${path}.2`, 'x'), '')
    for (let n = 3; n <= 999; n++) symlinkSync('nowhere', `${path}.${n}`)
    rmSync(`${path}.999`)
    mkdirSync(`${path}.999`)
    for (let n = 0; n < 10; n++) {
      give(log, n * 20, n * 20 + 20)
      await log.flush()
    }
    await log.close()
    expect(log.lost).toBe(0)
    const { numbers, check } = verified(readFileSync(path))
    expect([numbers, check.behind]).toEqual([count(0, 200), 0])
    expect(told[0]).toContain('expected to rename the files of the log')
    expect(told.length).toBeLessThan(5)
  })
})

describe('a burst', () => {
  test('AU-21 what overflows while the file is slow is told of', async () => {
    const log = await auditFile(path, auditor, { queueBytes: 2 ** 15 })
    give(log, 0, 10_000, 'z'.repeat(100))
    await log.flush()
    await log.close()
    const read = verified(readFileSync(path))
    expect(log.lost).toBeGreaterThan(0)
    expect(read.numbers.length + log.lost).toBe(10_000)
    expect(losses(read)).toEqual([[log.lost, 'drop-newest']])
  })
})
