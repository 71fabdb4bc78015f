import { describe, expect, test } from 'vitest'
import { equal } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { client } from '../../src/messaging/client.js'
import type { Transport } from '../../src/transport/transport.js'
import { Echo, pair } from '../link/sessions.js'
import { chopped } from './pass.js'

/** Two ends of one transport, and how to free what lies between them. */
export interface Ends {
  readonly near: Transport
  readonly far: Transport
  readonly free?: () => Promise<void> | void
}

export type Open = () => Promise<Ends>

/** What TR-1 to TR-16 ask of every transport. */
export const conforms = (kinds: Readonly<Record<string, Open>>): void => {
  describe.each(Object.entries(kinds))('%s', (_, open) => {
    readingAndWriting(open)
    ending(open)
  })
  test('TR-11 close resolves although the other end neither reads nor ends', async () => {
    const closing = Object.entries(kinds).map(async ([kind, open]) => {
      await between(open, async (near) => {
        void near.write(new Uint8Array(32 * 1_048_576))
        await near.close()
      })
      return kind
    })
    expect(await Promise.all(closing)).toEqual(Object.keys(kinds))
  })
}

/** What a session asks of every transport, also through something that splits, merges and delays. */
export const holdsSessions = (kinds: Readonly<Record<string, Open>>, seed: number): void => {
  describe.each(Object.entries(kinds))(`a session over %s, chopped with seed ${seed}`, (_, open) => {
    test('TR-1 TR-10 calls with a megabyte both ways, and closes in order', () =>
      between(open, async (left, right) => {
        const { near, far } = await pair({
          near: { use: [Echo] },
          transports: [chopped(left, seed), chopped(right, seed + 1)],
        })
        const megabyte = pattern(8, 0, 1_000_000)
        expect(equal(await client(near, Echo).echo(megabyte), megabyte)).toBe(true)
        await near.close()
        expect(await Promise.all([near.closed, far.closed])).toEqual([{ clean: true }, { clean: true }])
      }))

    test('TR-4 TR-14 takes the end of the transport for a truncation, however politely it came', () =>
      between(open, async (left, right) => {
        const { near, far } = await pair({
          near: { use: [Echo] },
          transports: [chopped(left, seed), chopped(right, seed + 1)],
        })
        const call = expect(client(near, Echo).wait()).rejects.toSatisfy((error) =>
          SottoError.is(error, 'session/lost'),
        )
        await left.close()
        await call
        const truncated = { clean: false, error: expect.objectContaining({ code: 'channel/truncated' }) }
        expect(await Promise.all([near.closed, far.closed])).toEqual([truncated, truncated])
      }))
  })
}

const between = async (open: Open, act: (near: Transport, far: Transport) => Promise<void>): Promise<void> => {
  const { near, far, free } = await open()
  try {
    await act(near, far)
  } finally {
    near.abort(new Error('the test is over'))
    far.abort(new Error('the test is over'))
    await free?.()
  }
}

const readingAndWriting = (open: Open): void => {
  test('TR-1 TR-2 carries every byte once and in order, both ways at once', () =>
    between(open, async (near, far) => {
      const exchange = async (from: Transport, to: Transport, seed: number): Promise<void> => {
        const written = writeSome(from, seed, 1_048_576)
        expect(await readThrough(to, 1_048_576, seed)).toBe(1_048_576)
        await written
      }
      await Promise.all([exchange(near, far, 1), exchange(far, near, 2)])
    }))

  test('TR-3 refuses a second reader and a second read at a time', () =>
    between(open, async (near, far) => {
      const reader = near[Symbol.asyncIterator]()
      expect(() => near[Symbol.asyncIterator]()).toThrow(TypeError)
      const first = reader.next()
      await expect(reader.next()).rejects.toThrow(TypeError)
      void far.write(Uint8Array.of(7))
      expect(await first).toEqual({ done: false, value: Uint8Array.of(7) })
    }))

  test('TR-4 TR-10 close sends all that was written, then the end', () =>
    between(open, async (near, far) => {
      for (let i = 0; i < 32; i++) void near.write(pattern(3, i * 65_536, 65_536))
      const closed = near.close()
      expect(await readThrough(far, Number.POSITIVE_INFINITY, 3)).toBe(32 * 65_536)
      await Promise.all([closed, far.close()])
    }))

  test('TR-6 drops what arrives after return() and goes on writing', () =>
    between(open, async (near, far) => {
      const reader = far[Symbol.asyncIterator]()
      await near.write(Uint8Array.of(1))
      await reader.next()
      expect(await reader.return?.()).toEqual({ done: true, value: undefined })
      await writeSome(near, 4, 24 * 1_048_576)
      await Promise.all([writeSome(far, 5, 100_000), readThrough(near, 100_000, 5)])
      expect(await reader.next()).toEqual({ done: true, value: undefined })
    }))

  test('TR-7 TR-8 a slow reader holds the writer back', () =>
    between(open, async (near, far) => {
      const total = 48 * 1_048_576
      let written = 0
      let read = 0
      let waiting = 0
      const writing = writeSome(near, 6, total, (count) => {
        written += count
      })
      for await (const chunk of far) {
        // Many turns to a chunk: a writer that does not wait would be done after the first.
        for (let turn = 0; turn < 4; turn++) await nextTurn()
        waiting = Math.max(waiting, written - read)
        read += chunk.length
        if (read === total) break
      }
      await writing
      expect(waiting).toBeLessThan(16 * 1_048_576)
    }))
}

const ending = (open: Open): void => {
  test('TR-9 refuses to write after close, and after abort', () =>
    between(open, async (near, far) => {
      void near.write(Uint8Array.of(1))
      const closing = near.close()
      await expect(near.write(Uint8Array.of(2))).rejects.toSatisfy(isFailure)
      expect(await all(far)).toEqual([1])
      await Promise.all([closing, far.close()])
      far.abort(new Error('enough'))
      await expect(far.write(Uint8Array.of(3))).rejects.toSatisfy(isFailure)
    }))

  test('TR-12 close ends the iteration and yields nothing that was not read', () =>
    between(open, async (near, far) => {
      await far.write(pattern(1, 0, 10))
      const reader = near[Symbol.asyncIterator]()
      await reader.next()
      const waiting = reader.next()
      const closing = near.close()
      expect(await waiting).toEqual({ done: true, value: undefined })
      expect(await reader.next()).toEqual({ done: true, value: undefined })
      await Promise.all([closing, far.close()])
    }))

  test('TR-13 abort fails a waiting read and a waiting write with its reason', () =>
    between(open, async (near) => {
      const reason = new Error('no more')
      const reading = near[Symbol.asyncIterator]().next()
      const writing = near.write(new Uint8Array(32 * 1_048_576))
      expect(writing).toBeInstanceOf(Promise)
      near.abort(reason)
      const because = (error: unknown): boolean => isFailure(error) && error.cause === reason
      await expect(reading).rejects.toSatisfy(because)
      await expect(writing).rejects.toSatisfy(because)
    }))

  test('TR-14 the other end of an aborted transport is told, by an end or by a failure', () =>
    between(open, async (near, far) => {
      await near.write(Uint8Array.of(1))
      const reader = far[Symbol.asyncIterator]()
      await reader.next()
      near.abort(new Error('gone'))
      const outcome = await reader.next().then(({ done }) => (done ? 'end' : 'bytes'), isFailure)
      expect(['end', true]).toContain(outcome)
    }))

  test('TR-15 close and abort may be repeated and mixed', () =>
    between(open, async (near, far) => {
      const closing = near.close()
      const again = near.close()
      near.abort(new Error('now'))
      near.abort(new Error('and again'))
      await Promise.all([closing, again, near.close()])
      far.abort(new Error('here too'))
      await far.close()
    }))

  test('TR-16 nothing escapes when every promise is dropped', async () => {
    const escaped: unknown[] = []
    const note = (error: unknown): number => escaped.push(error)
    process.on('unhandledRejection', note).on('uncaughtException', note)
    try {
      await between(open, async (near, far) => {
        void near[Symbol.asyncIterator]().next()
        void near.write(new Uint8Array(32 * 1_048_576))
        void far[Symbol.asyncIterator]().next()
        near.abort(new Error('first'))
        void near.write(Uint8Array.of(1))
        void near.close()
        for (let i = 0; i < 20; i++) {
          void far.write(pattern(1, 0, 1_000))
          await nextTurn()
        }
        far.abort(new Error('second'))
        void far.write(Uint8Array.of(1))
      })
      // Node tells of an unhandled rejection before the next turn.
      await nextTurn()
    } finally {
      process.off('unhandledRejection', note).off('uncaughtException', note)
    }
    expect(escaped).toEqual([])
  })
}

export const isFailure = (error: unknown): error is SottoError<'transport/failed'> =>
  SottoError.is(error, 'transport/failed')

const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))

/** Byte `at` of stream `seed`: cheap, and unlike at every offset that a lost or doubled chunk could shift it to. */
const byteAt = (seed: number, at: number): number => (Math.imul(at + seed, 0x9e37_79b1) >>> 23) & 0xff

const pattern = (seed: number, from: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = byteAt(seed, from + i)
  return bytes
}

/** Writes `total` bytes of stream `seed` in writes of 0 to 100,000 bytes, and waits where it is told to. */
const writeSome = async (
  to: Transport,
  seed: number,
  total: number,
  wrote?: (count: number) => void,
): Promise<void> => {
  for (let at = 0, turn = 0; at < total; turn++) {
    const bytes = pattern(seed, at, Math.min(total - at, byteAt(seed, turn) * 392))
    at += bytes.length
    const room = to.write(bytes)
    wrote?.(bytes.length)
    if (room !== undefined) await room
  }
}

/** Reads up to `total` bytes, checks each and spoils what it has read. */
const readThrough = async (from: Transport, total: number, seed: number): Promise<number> => {
  let at = 0
  for await (const chunk of from) {
    expect(Object.getPrototypeOf(chunk)).toBe(Uint8Array.prototype)
    expect(chunk.length).toBeGreaterThan(0)
    const wrong = chunk.findIndex((byte, i) => byte !== byteAt(seed, at + i))
    if (wrong >= 0) expect.fail(`byte ${at + wrong} of stream ${seed} is wrong`)
    at += chunk.length
    chunk.fill(0xee)
    if (at >= total) break
  }
  return at
}

const all = async (from: Transport): Promise<number[]> => {
  const bytes: number[] = []
  for await (const chunk of from) bytes.push(...chunk)
  return bytes
}
