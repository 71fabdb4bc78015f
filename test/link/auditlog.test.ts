import { afterEach, describe, expect, test, vi } from 'vitest'
import { concat, utf8 } from '../../src/bytes.js'
import type { SottoError } from '../../src/errors.js'
import { type AuditOptions, auditLog } from '../../src/link/auditlog.js'
import { type AuditLog, AuditWriter } from '../../src/link/auditwriter.js'
import { Random } from '../random.js'
import { auditor, losses, type Read, record, verified } from './auditread.js'
import { gate, unhandled } from './sessions.js'

const seed = Date.now() % 2 ** 31
console.info(`test/link/auditlog: seed ${seed}`)

afterEach(() => void vi.useRealTimers())

const quiet: AuditOptions = { failed: () => undefined }

/** A function that keeps what it is given. */
const memory = (): { readonly sink: (lines: Uint8Array) => void; readonly bytes: () => Uint8Array } => {
  const chunks: Uint8Array[] = []
  return { sink: (lines) => void chunks.push(lines), bytes: () => concat(...chunks) }
}

/** Gives `count` records, counted from `from`; how many were taken. */
const give = (log: AuditLog, count: number, from = 0, filling = ''): number => {
  let taken = 0
  for (let n = from; n < from + count; n++) if (log.audit(record(n, filling))) taken++
  return taken
}

const count = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

/** AU-21: every record has a line or is among the lost, and the log says how many those are. */
const balanced = (given: number, read: Read, log: AuditLog): void => {
  expect(read.numbers.length + log.lost).toBe(given)
  expect(losses(read).reduce((sum, [records]) => sum + Number(records), 0)).toBe(log.lost)
  expect(read.numbers).toEqual([...read.numbers].sort((a, b) => a - b))
}

const nextTask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('what is written', () => {
  test('AU-29 a log that is closed has a first line, the records in order and a checkpoint over all of them', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink)
    expect(give(log, 300)).toBe(300)
    await log.close()
    const read = verified(bytes())
    expect(read.numbers).toEqual(count(0, 300))
    expect(read.kinds).toEqual(['log', 'checkpoint'])
    expect([read.check.behind, read.check.stepsBack, log.lost]).toEqual([0, 0, 0])
  })

  test('AU-29 what comes after the close is dropped, and closing again does nothing', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink)
    give(log, 1)
    const closing = log.close()
    expect(log.audit(record(1))).toBe(false)
    await Promise.all([closing, log.close(), log[Symbol.asyncDispose](), log.flush()])
    expect(log.audit(record(2))).toBe(false)
    await log.flush()
    expect([verified(bytes()).kinds, verified(bytes()).numbers, log.lost]).toEqual([['log', 'checkpoint'], [0], 2])
  })

  test('AU-29 a log that is closed while records keep coming ends', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, async (lines) => {
      log.audit(record(1))
      await nextTask()
      log.audit(record(2))
      sink(lines)
    })
    give(log, 1)
    await log.close()
    expect(verified(bytes()).numbers).toEqual([0])
    expect(log.lost).toBeGreaterThan(0)
  })

  test('AU-25 a flush settles when what was taken before is in the sink', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink)
    await log.flush()
    expect(verified(bytes()).kinds).toEqual(['log'])
    give(log, 1_000)
    const flushed = log.flush()
    give(log, 10, 1_000)
    await flushed
    expect(verified(bytes()).numbers.length).toBeGreaterThanOrEqual(1_000)
    await log.close()
    expect(verified(bytes()).numbers).toEqual(count(0, 1_010))
  })

  test('AU-20 a record is copied: what its giver does with it later changes nothing', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink)
    const given = record(7)
    log.audit(given)
    given.fill(0x20)
    await log.close()
    expect(verified(bytes()).numbers).toEqual([7])
  })

  test('AU-20 what cannot be a line is dropped, and the log says so', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink)
    const bad = ['', '{', '[]', '{"kind":"a"}\n', '{"kind":\n"a"}', ' {"kind":"a"}', `{"kind":"${'a'.repeat(8_000)}"}`]
    for (const text of bad) expect(log.audit(utf8(text))).toBe(false)
    const longest = utf8(`{"kind":"decided","n":1,"a":"${'a'.repeat(8_000 - 31)}"}`)
    expect([longest.length, log.audit(longest)]).toEqual([8_000, true])
    await log.close()
    expect(losses(verified(bytes()))).toEqual([[bad.length, 'failed']])
    expect([log.lost, verified(bytes()).numbers]).toEqual([bad.length, [1]])
  })

  test('AU-28 the line of a record has the time when it was taken, and no line is of a time before the one above', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { sink, bytes } = memory()
    const open = gate()
    const log = auditLog(auditor, (lines) => open.passed.then(() => sink(lines)), { checkpoint: { records: 2 } })
    for (const time of [1_000, 2_000, 3_000, 4_000]) {
      vi.setSystemTime(time)
      log.audit(record(time))
    }
    vi.setSystemTime(9_000)
    open.open()
    await log.flush()
    await log.close()
    const { lines, check } = verified(bytes())
    for (const { time, record: told } of lines) if (told.kind === 'decided') expect(time).toBe(told.n)
    expect(check.stepsBack).toBe(0)
  })

  test('AU-20 options that cannot be are the mistake of a caller', () => {
    const sink = () => undefined
    for (const queueBytes of [0, 2 ** 15 - 1, 2 ** 28 + 1, 2 ** 15 + 0.5, Number.NaN])
      expect(() => auditLog(auditor, sink, { queueBytes })).toThrow(RangeError)
    for (const checkpoint of [{ records: 0 }, { everyMs: 0 }, { everyMs: 86_400_001 }])
      expect(() => auditLog(auditor, sink, { checkpoint })).toThrow(RangeError)
    // @ts-expect-error callers without types come too
    expect(() => auditLog(auditor, sink, { overflow: 'block' })).toThrow(RangeError)
    // @ts-expect-error
    expect(() => auditLog(auditor, sink, { failed: 'loudly' })).toThrow(TypeError)
  })
})

describe('checkpoints', () => {
  test('AU-27 one comes after so many lines', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink, { checkpoint: { records: 10 } })
    give(log, 95)
    await log.close()
    const { lines, check } = verified(bytes())
    const at = lines.flatMap(({ seq, record: { kind } }) => (kind === 'checkpoint' ? [seq] : []))
    // The first line counts, too.
    expect(at).toEqual([11, 22, 33, 44, 55, 66, 77, 88, 99, 106])
    expect([check.signed, check.behind]).toEqual([105, 0])
  })

  test('AU-27 one comes so long after the first line it has to sign, and none where there is nothing to sign', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink, { checkpoint: { everyMs: 5_000 } })
    const kinds = async (): Promise<readonly string[]> => {
      await log.flush()
      return verified(bytes()).kinds
    }
    await log.flush()
    vi.advanceTimersByTime(3_000)
    give(log, 1)
    expect(await kinds()).toEqual(['log'])
    vi.advanceTimersByTime(2_000)
    expect(await kinds()).toEqual(['log', 'checkpoint'])
    vi.advanceTimersByTime(50_000)
    expect(await kinds()).toEqual(['log', 'checkpoint'])
    give(log, 1, 1)
    expect(await kinds()).toEqual(['log', 'checkpoint'])
    vi.advanceTimersByTime(5_000)
    expect(await kinds()).toEqual(['log', 'checkpoint', 'checkpoint'])
    await log.close()
    expect(verified(bytes()).kinds).toEqual(['log', 'checkpoint', 'checkpoint'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('syncs', () => {
  test('AU-36 lines are synced in time, at checkpoints and at the close, and a flush settles when they are', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const happened: string[] = []
    let disk = gate()
    const sink = {
      fresh: false,
      write: async () => void happened.push('write'),
      sync: async () => {
        happened.push('sync')
        await disk.passed
        happened.push('synced')
      },
      close: async () => void happened.push('close'),
    }
    const log = new AuditWriter(
      auditor,
      sink,
      { log: new Uint8Array(16) },
      {
        overflow: 'drop-newest',
        queueBytes: 2 ** 20,
        signAfter: 5,
        signMs: 60_000,
        syncMs: 500,
        failed: () => undefined,
      },
    )
    const since = async (): Promise<string[]> => {
      for (let n = 0; n < 3; n++) await nextTask()
      return happened.splice(0)
    }
    expect(await since()).toEqual(['write'])
    vi.advanceTimersByTime(499)
    give(log, 1)
    expect(await since()).toEqual(['write'])
    vi.advanceTimersByTime(1)
    expect(await since()).toEqual(['sync'])
    // What is written while it syncs is of the next sync.
    give(log, 1)
    expect(await since()).toEqual(['write'])
    vi.advanceTimersByTime(10_000)
    const flushed = log.flush().then(() => happened.push('flushed'))
    expect(await since()).toEqual([])
    disk.open()
    expect(await since()).toEqual(['synced', 'sync', 'synced', 'flushed'])
    await flushed
    disk = gate()
    give(log, 3)
    expect(await since()).toEqual(['write'])
    vi.advanceTimersByTime(1)
    expect(await since()).toEqual(['sync'])
    disk.open()
    give(log, 1)
    expect(await since()).toEqual(['synced', 'write'])
    await log.close()
    expect(await since()).toEqual(['write', 'sync', 'synced', 'close'])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('overflow', () => {
  /** 32 KiB hold so many of these records. */
  const filling = 'x'.repeat(1_000 - 128 - record(1_000).length - 13)
  const ROOM = Math.floor(2 ** 15 / 1_000)
  const options = { ...quiet, queueBytes: 2 ** 15 } as const

  test('AU-21 drop-newest keeps the records that came first, and says how many are missing behind them', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink, options)
    expect(record(1_000, filling).length + 128).toBe(1_000)
    expect(give(log, 100, 1_000, filling)).toBe(ROOM)
    expect(log.lost).toBe(100 - ROOM)
    await log.flush()
    expect(give(log, 10, 2_000, filling)).toBe(10)
    await log.close()
    const read = verified(bytes())
    expect(read.numbers).toEqual([...count(1_000, 1_000 + ROOM), ...count(2_000, 2_010)])
    expect(losses(read)).toEqual([[100 - ROOM, 'drop-newest']])
    expect(read.lines[ROOM + 1]?.record.kind).toBe('lost')
    balanced(110, read, log)
  })

  test('AU-21 drop-oldest keeps the records that came last, and says how many are missing before them', async () => {
    const { sink, bytes } = memory()
    const log = auditLog(auditor, sink, { ...options, overflow: 'drop-oldest' })
    expect(give(log, 100, 1_000, filling)).toBe(100)
    expect(log.lost).toBe(100 - ROOM)
    await log.close()
    const read = verified(bytes())
    expect(read.numbers).toEqual(count(1_100 - ROOM, 1_100))
    expect(losses(read)).toEqual([[100 - ROOM, 'drop-oldest']])
    expect(read.lines[1]?.record.kind).toBe('lost')
    balanced(100, read, log)
  })

  test.each(['drop-newest', 'drop-oldest'] as const)(
    'AU-20 AU-21 at a sink that is slow, fails at times and is given bursts, every record has a line or is told of (%s)',
    async (overflow) => {
      const random = new Random(seed, overflow.length)
      const { sink, bytes } = memory()
      const log = auditLog(
        auditor,
        async (lines) => {
          for (let n = random.below(4); n > 0; n--) await nextTask()
          if (random.chance(30)) throw new Error('not now')
          sink(lines)
        },
        { ...options, overflow, checkpoint: { records: 50 } },
      )
      let given = 0
      for (let burst = 0; burst < 60; burst++) {
        const size = random.below(80)
        give(log, size, given, 'y'.repeat(random.below(2_000)))
        given += size
        if (random.chance(40)) await log.flush()
        else await nextTask()
      }
      // The last of the records may be lost to the sink as the log is closed: then there is nowhere left to say so.
      do await log.flush()
      while (verified(bytes()).check.lost < log.lost)
      const before = log.lost
      const read = verified(bytes())
      await log.close()
      expect(before).toBeGreaterThan(0)
      balanced(given, read, log)
    },
  )
})

describe('a sink that fails', () => {
  test('AU-23 AU-21 lines that it refuses five times are lost, and the chain goes on without them', async () => {
    const { sink, bytes } = memory()
    const told: SottoError[] = []
    const seen: Uint8Array[] = []
    let broken = true
    const log = auditLog(
      auditor,
      (lines) => {
        seen.push(lines)
        if (broken) throw new Error('full')
        sink(lines)
      },
      { failed: (error) => void told.push(error) },
    )
    give(log, 20)
    await log.flush()
    expect([log.lost, bytes().length]).toEqual([20, 0])
    expect(told.slice(0, 5).map(({ code, cause }) => [code, cause instanceof Error && cause.message])).toEqual(
      Array.from({ length: 5 }, () => ['audit/sink', 'full']),
    )
    expect(new Set(seen.slice(0, 5).map((lines) => new TextDecoder().decode(lines))).size).toBe(1)
    broken = false
    give(log, 5, 20)
    await log.close()
    const read = verified(bytes())
    expect(read.kinds).toEqual(['log', 'lost', 'checkpoint'])
    expect(losses(read)).toEqual([[20, 'failed']])
    expect(read.numbers).toEqual(count(20, 25))
    balanced(25, read, log)
  })

  test('AU-22 it may fail after some lines, at a checkpoint too: what follows is chained to the last that it took', async () => {
    const { sink, bytes } = memory()
    let calls = 0
    const log = auditLog(
      auditor,
      async (lines) => {
        if (++calls > 2 && calls <= 7) throw new Error('away')
        sink(lines)
      },
      { ...quiet, checkpoint: { records: 4 } },
    )
    give(log, 3)
    await log.flush()
    give(log, 3, 3)
    await log.flush()
    give(log, 6, 6)
    await log.flush()
    give(log, 3, 12)
    await log.close()
    const read = verified(bytes())
    expect(losses(read)).toEqual([[6, 'failed']])
    expect(read.numbers).toEqual([0, 1, 2, 3, 4, 5, 12, 13, 14])
    balanced(15, read, log)
  })

  test('AU-23 it is tried again after a pause, and nothing is lost if it takes the lines then', async () => {
    const { sink, bytes } = memory()
    const open = gate()
    let calls = 0
    const log = auditLog(
      auditor,
      (lines) => {
        if (++calls < 5) throw new Error('full')
        sink(lines)
        open.open()
      },
      quiet,
    )
    give(log, 20)
    await open.passed
    await log.close()
    expect([verified(bytes()).kinds, log.lost]).toEqual([['log', 'checkpoint'], 0])
  })

  test('AU-25 AU-29 closing a log whose sink fails does not wait for pauses', async () => {
    const log = auditLog(auditor, () => Promise.reject(new Error('gone')), quiet)
    give(log, 20)
    await log.close()
    expect(log.lost).toBe(20)
  })

  test('AU-26 who is told of a failure may throw, and nothing comes of it', async () => {
    const reasons = unhandled()
    const { sink, bytes } = memory()
    let calls = 0
    const log = auditLog(
      auditor,
      (lines) => {
        if (++calls === 1) throw new Error('full')
        sink(lines)
      },
      {
        failed: () => {
          throw new Error('cannot hear')
        },
      },
    )
    give(log, 3)
    await log.close()
    expect(verified(bytes()).numbers).toEqual([0, 1, 2])
    expect(await reasons()).toEqual([])
  })

  test('AU-23 who is not told is shown it', async () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const log = auditLog(auditor, () => Promise.reject(new Error('no room')))
    await log.close()
    const lines = shown.mock.calls.map(([line]) => String(line))
    shown.mockRestore()
    expect(lines[0]).toBe('sotto: audit/sink: expected the sink to take lines: no room')
  })
})

describe('a sink that does not answer', () => {
  test('AU-24 it is not called again, its operator is told once, and what overflows is counted', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const told: string[] = []
    const { sink, bytes } = memory()
    const open = gate()
    let calls = 0
    const log = auditLog(
      auditor,
      async (lines) => {
        if (++calls === 1) await open.passed
        sink(lines)
      },
      { queueBytes: 2 ** 15, failed: ({ message }) => void told.push(message) },
    )
    give(log, 1)
    await nextTask()
    const taken = give(log, 1_000, 1)
    expect(log.lost).toBe(1_000 - taken)
    vi.advanceTimersByTime(9_999)
    expect(told).toEqual([])
    vi.advanceTimersByTime(100_000)
    await nextTask()
    expect([calls, told]).toEqual([1, ['audit/sink: expected the sink to take lines within 10 s, and wait on']])
    open.open()
    await log.close()
    const read = verified(bytes())
    expect(read.numbers).toEqual(count(0, 1 + taken))
    expect(losses(read)).toEqual([[1_000 - taken, 'drop-newest']])
    balanced(1_001, read, log)
  })

  test('AU-25 a flush ends after 30 s, a close after 5 s, and what is not known to be written is lost', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const log = auditLog(auditor, () => new Promise(() => undefined), quiet)
    give(log, 10)
    let [flushed, closed] = [false, false]
    const flushing = log.flush().then(() => {
      flushed = true
    })
    await nextTask()
    vi.advanceTimersByTime(29_999)
    await nextTask()
    expect(flushed).toBe(false)
    vi.advanceTimersByTime(1)
    await flushing
    give(log, 10)
    const closing = log.close().then(() => {
      closed = true
    })
    await nextTask()
    vi.advanceTimersByTime(4_999)
    await nextTask()
    expect([closed, log.lost]).toEqual([false, 0])
    vi.advanceTimersByTime(1)
    await closing
    expect(log.lost).toBe(20)
    await log.flush()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a stream', () => {
  test('AU-29 it takes the lines, slowly too, and is closed with the log', async () => {
    const { sink, bytes } = memory()
    let closed = false
    const stream = new WritableStream<Uint8Array>({
      write: async (lines) => {
        await nextTask()
        sink(lines)
      },
      close: () => {
        closed = true
      },
    })
    const log = auditLog(auditor, stream)
    give(log, 2_000)
    await log.close()
    expect([verified(bytes()).numbers.length, closed]).toEqual([2_000, true])
  })

  test('AU-22 AU-26 once it has failed it takes nothing, and what waits is lost', async () => {
    const reasons = unhandled()
    const { sink, bytes } = memory()
    let calls = 0
    const stream = new WritableStream<Uint8Array>({
      write: (lines) => {
        if (++calls === 2) throw new Error('cut')
        sink(lines)
      },
    })
    const log = auditLog(auditor, stream, quiet)
    give(log, 10)
    await log.flush()
    give(log, 10, 10)
    await log.flush()
    give(log, 10, 20)
    await log.close()
    expect([verified(bytes()).numbers, log.lost, calls]).toEqual([count(0, 10), 20, 2])
    expect(await reasons()).toEqual([])
  })

  test('AU-20 one that is locked is the mistake of a caller', () => {
    const stream = new WritableStream<Uint8Array>()
    stream.getWriter()
    expect(() => auditLog(auditor, stream)).toThrow(TypeError)
  })
})
