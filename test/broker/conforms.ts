import { test as anyTest, describe, expect } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { walk } from './queuemodel.js'
import { bytesOf, counts, deaths, NEVER, one, put, Room, several, textOf, turn } from './room.js'
import type { MakeStore } from './store.js'

export interface Conforms {
  /** Whether what is stored outlives its broker. */
  readonly keeps?: boolean
  /** Stretches the times of tests that wait for real time to pass. */
  readonly stretch?: number
  /** Of the random walk; 1,000 if omitted. */
  readonly operations?: number
  /** Where a broker cannot keep a promise, by the id that begins the title: why. Its tests are skipped and say so. */
  readonly differs?: Readonly<Record<string, string>>
}

const ACK = { is: 'ack' } as const
const RETRY = { is: 'retry', afterMs: undefined } as const
const SOON = { is: 'retry', afterMs: 0 } as const

/** What spec/broker.md promises of queues, asked of one broker. */
export const conformsQueue = (
  name: string,
  make: MakeStore,
  { keeps = false, stretch = 1, operations = 1_000, differs = {} }: Conforms = {},
): void => {
  const short = 150 * stretch
  const on = (run: (room: Room) => Promise<void>) => Room.test(make, run)
  const test = (title: string, run: () => Promise<void>): void => {
    const why = differs[title.split(' ')[0] ?? '']
    if (why === undefined) anyTest(title, run)
    else anyTest.skip(`${title}: differs, as ${why}`, run)
  }

  describe(`${name} enqueues`, () => {
    test(
      'BR-1 a message is stored before its enqueue settles',
      on(async (room) => {
        await put(room.queue(), 'a')
        await counts(room.queue(), { ready: 1 })
        expect(textOf(await one(room.queue()))).toBe('a')
      }),
    )

    test(
      'BR-2 ids are tokens of at most 64 characters, and no two are alike',
      on(async (room) => {
        const queue = room.queue()
        const ids = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await put(queue, `${i}`)).id))
        expect(new Set(ids).size).toBe(50)
        for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{1,64}$/)
        expect((await several(queue, 50)).map(({ id }) => id)).toEqual(ids)
      }),
    )

    test(
      'BR-3 a body is copied on its way in, and what is handed out is the receiver’s own',
      on(async (room) => {
        const queue = room.queue()
        const body = bytesOf('before')
        const stored = queue.enqueue('', body, {})
        body.fill(0)
        await stored
        const first = await one(queue)
        expect(textOf(first)).toBe('before')
        first.body.fill(0)
        await queue.settle(first.receipt, SOON)
        const second = await one(queue)
        expect(textOf(second)).toBe('before')
        second.body.fill(0)
        await queue.settle(second.receipt, { is: 'reject', reason: 'r' })
        const [dead] = await queue.dead(1)
        expect(dead && textOf(dead)).toBe('before')
        dead?.body.fill(0)
        expect((await queue.dead(1)).map(textOf)).toEqual(['before'])
      }),
    )

    test(
      'BR-3 an empty body and one of a mebibyte come as they were',
      on(async (room) => {
        const queue = room.queue()
        const large = Uint8Array.from({ length: 1_048_576 - 1_024 }, (_, i) => i * 7)
        await queue.enqueue('', new Uint8Array(), {})
        await queue.enqueue('', large, {})
        const [first, second] = await several(queue, 2)
        expect(first?.body).toEqual(new Uint8Array())
        expect(second?.body.length).toBe(large.length)
        expect(second?.body.every((byte, i) => byte === large[i])).toBe(true)
      }),
    )

    test(
      'BR-4 messages are first handed out in the order of their enqueues',
      on(async (room) => {
        const queue = room.queue()
        const texts = Array.from({ length: 100 }, (_, i) => `${i}`)
        await Promise.all(texts.map((text) => put(queue, text, `s${Number(text) % 3}`)))
        const got = (await several(queue, 60, '*')).map(textOf)
        got.push(...(await several(queue, 40, '*')).map(textOf))
        expect(got).toEqual(texts)
      }),
    )

    test(
      'BR-5 a delayed message is not handed out before its time, and others pass it',
      on(async (room) => {
        const queue = room.queue()
        const from = room.now()
        await queue.enqueue('', bytesOf('late'), { delayMs: short })
        await put(queue, 'early')
        expect(textOf(await one(queue))).toBe('early')
        const late = await room.notBefore(from + short, one(queue))
        expect([textOf(late), late.attempt]).toEqual(['late', 1])
      }),
    )

    test(
      'BR-5 a delay of 2^31-1 ms is kept',
      on(async (room) => {
        await room.queue().enqueue('', bytesOf('a'), { delayMs: 2 ** 31 - 1 })
        await room.pass(short)
        await counts(room.queue(), { ready: 0, delayed: 1 })
      }),
    )

    test(
      'BR-6 a second message of a key is a duplicate, of the id of the first, whatever became of that',
      on(async (room) => {
        const queue = room.queue()
        const first = await queue.enqueue('', bytesOf('a'), { key: 'k' })
        expect(first.duplicate).toBe(false)
        expect(await queue.enqueue('', bytesOf('b'), { key: 'k' })).toEqual({ id: first.id, duplicate: true })
        await queue.settle((await one(queue)).receipt, ACK)
        expect(await queue.enqueue('', bytesOf('c'), { key: 'k' })).toEqual({ id: first.id, duplicate: true })
        await counts(queue, { ready: 0, delayed: 0, leased: 0, dead: 0 })
      }),
    )

    test(
      'BR-6 of two enqueues of one key at the same time, one stores',
      on(async (room) => {
        const queue = room.queue()
        const both = await Promise.all([1, 2].map((n) => queue.enqueue('', bytesOf(`${n}`), { key: 'k' })))
        expect(both.filter(({ duplicate }) => duplicate).length).toBe(1)
        expect(both[0]?.id).toBe(both[1]?.id)
        await counts(queue, { ready: 1 })
      }),
    )

    test(
      'BR-7 a key is as new once the window is over, which duplicates do not lengthen',
      on(async (room) => {
        const queue = room.queue({ dedupeMs: 2 * short })
        const { id } = await queue.enqueue('', bytesOf('a'), { key: 'k' })
        await room.pass(short)
        const { duplicate } = await queue.enqueue('', bytesOf('b'), { key: 'k' })
        // Real time may have passed the window already.
        expect(duplicate || !room.isTold).toBe(true)
        await room.pass((duplicate ? 1.5 : 2.5) * short)
        const next = await queue.enqueue('', bytesOf('c'), { key: 'k' })
        expect(next).toMatchObject({ duplicate: false })
        expect(next.id).not.toBe(id)
      }),
    )

    test(
      'BR-8 a key is one of its queue, whatever the subject, and of that queue alone',
      on(async (room) => {
        const [one, two] = [room.queue(), room.queue({}, 'jobs.v1.other')]
        const { id } = await one.enqueue('s', bytesOf('a'), { key: 'k' })
        expect(await one.enqueue('t', bytesOf('b'), { key: 'k' })).toEqual({ id, duplicate: true })
        expect(await two.enqueue('s', bytesOf('c'), { key: 'k' })).toMatchObject({ duplicate: false })
        const odd = '\u{1f511} * > . \u0000 é'.repeat(10)
        expect(await one.enqueue('s', bytesOf('d'), { key: odd })).toMatchObject({ duplicate: false })
        expect(await one.enqueue('s', bytesOf('d'), { key: odd })).toMatchObject({ duplicate: true })
      }),
    )

    test(
      'BR-9 a queue that has as many messages as it may keeps no more until one is gone, dead letters counted',
      on(async (room) => {
        const queue = room.queue({ maxMessages: 3 })
        const { id } = await queue.enqueue('', bytesOf('a'), { key: 'k' })
        await put(queue, 'b')
        await queue.enqueue('', bytesOf('c'), { delayMs: 600_000 })
        await expect(put(queue, 'd')).rejects.toMatchObject({ code: 'broker/full', ran: 'no' })
        // What is stored already needs no room.
        expect(await queue.enqueue('', bytesOf('a'), { key: 'k' })).toEqual({ id, duplicate: true })
        await expect(queue.enqueue('', bytesOf('e'), { key: 'new' })).rejects.toMatchObject({ code: 'broker/full' })
        await queue.settle((await one(queue)).receipt, { is: 'reject', reason: 'r' })
        await expect(put(queue, 'd')).rejects.toMatchObject({ code: 'broker/full' })
        await queue.discard(id)
        // The key of one that was refused is as new.
        expect(await queue.enqueue('', bytesOf('e'), { key: 'new' })).toMatchObject({ duplicate: false })
        await queue.settle((await one(queue)).receipt, ACK)
        await put(queue, 'f')
        await counts(queue, { ready: 2, delayed: 1, leased: 0, dead: 0 })
      }),
    )
  })

  describe(`${name} leases`, () => {
    test(
      'BR-10 a lease gives one message at least and no more than were asked for',
      on(async (room) => {
        const queue = room.queue()
        for (const text of ['a', 'b', 'c']) await put(queue, text)
        const some = await queue.lease('', 2, NEVER)
        expect(some.length).toBeGreaterThanOrEqual(1)
        expect(some.length).toBeLessThanOrEqual(2)
        const all = [...some, ...(await several(queue, 3 - some.length))]
        expect(all.map(textOf)).toEqual(['a', 'b', 'c'])
        expect(all.map(({ attempt }) => attempt)).toEqual([1, 1, 1])
      }),
    )

    test(
      'BR-11 a lease that finds nothing waits for a message',
      on(async (room) => {
        const queue = room.queue()
        const waiting = one(queue, 's')
        await turn()
        await put(queue, 'a', 's')
        expect(textOf(await waiting)).toBe('a')
      }),
    )

    test(
      'BR-11 leases that wait get one message each',
      on(async (room) => {
        const queue = room.queue()
        const waiting = [1, 2, 3].map(() => one(queue))
        await turn()
        await Promise.all(['a', 'b', 'c'].map((text) => put(queue, text)))
        expect((await Promise.all(waiting)).map(textOf).sort()).toEqual(['a', 'b', 'c'])
        await counts(queue, { ready: 0, leased: 3 })
      }),
    )

    test(
      'BR-12 a lease that waits ends with nothing when its signal aborts, and leases nothing afterwards',
      on(async (room) => {
        const queue = room.queue()
        const giveUp = new AbortController()
        const waiting = queue.lease('', 1, giveUp.signal)
        await turn()
        giveUp.abort()
        expect(await waiting).toEqual([])
        await put(queue, 'a')
        expect(await queue.lease('', 1, giveUp.signal)).toEqual([])
        await counts(queue, { ready: 1, leased: 0 })
        expect(await one(queue)).toMatchObject({ attempt: 1 })
      }),
    )

    test(
      'BR-13 a filter takes its own subjects alone, with * for any one token',
      on(async (room) => {
        const queue = room.queue()
        for (const subject of ['a.x', 'b.x', 'a.y', 'b.y', 'c.z']) await put(queue, subject, subject)
        const others = new AbortController()
        const none = [queue.lease('a', 1, others.signal), queue.lease('a.x.*', 1, others.signal)]
        expect((await several(queue, 1, 'b.y')).map(({ subject }) => subject)).toEqual(['b.y'])
        expect((await several(queue, 2, 'a.*')).map(textOf)).toEqual(['a.x', 'a.y'])
        expect((await several(queue, 1, '*.x')).map(textOf)).toEqual(['b.x'])
        expect((await several(queue, 1, '*.*')).map(({ subject }) => subject)).toEqual(['c.z'])
        others.abort()
        expect(await Promise.all(none)).toEqual([[], []])
      }),
    )

    test(
      'BR-14 no message is under two leases, whoever asks',
      on(async (room) => {
        const queue = room.queue()
        const giveUp = new AbortController()
        const seen: string[] = []
        const consume = async (filter: string) => {
          for (;;) {
            const leased = await queue.lease(filter, 7, giveUp.signal)
            if (leased.length === 0) return
            seen.push(...leased.map(textOf))
            if (seen.length >= 100) giveUp.abort()
          }
        }
        const consumers = ['*', '*', 's1', 's2'].map(consume)
        await Promise.all(Array.from({ length: 100 }, (_, i) => put(queue, `${i}`, `s${i % 3}`)))
        await Promise.all(consumers)
        expect(seen.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i))
      }),
    )

    test(
      'BR-15 a message whose lease is over is handed out again, one attempt on',
      on(async (room) => {
        const queue = room.queue({ leaseMs: short })
        await put(queue, 'a')
        const from = room.now()
        const { id } = await one(queue)
        expect(await room.notBefore(from + short, one(queue))).toMatchObject({ id, attempt: 2 })
      }),
    )

    test(
      'BR-16 queues of two addresses are apart, and two of one address are one',
      on(async (room) => {
        const [first, second] = [room.queue(), room.queue({}, 'jobs.v1.worker')]
        await put(second, 'b')
        await put(room.queue(), 'a')
        expect(textOf(await one(first))).toBe('a')
        expect(textOf(await one(second))).toBe('b')
        expect(room.queue()).toBe(first)
      }),
    )
  })

  describe(`${name} settles`, () => {
    test(
      'BR-17 an acknowledged message is never handed out again',
      on(async (room) => {
        const queue = room.queue()
        await put(queue, 'a')
        expect(await queue.settle((await one(queue)).receipt, ACK)).toBe(true)
        await room.pass(room.isTold ? 1_200_000 : short)
        await counts(queue, { ready: 0, delayed: 0, leased: 0, dead: 0, oldestMs: 0 })
        await put(queue, 'b')
        expect(textOf(await one(queue))).toBe('b')
      }),
    )

    test(
      'BR-18 a retry hands a message out after its time, one attempt on',
      on(async (room) => {
        const queue = room.queue()
        await put(queue, 'a')
        const from = room.now()
        const { id, receipt } = await one(queue)
        expect(await queue.settle(receipt, { is: 'retry', afterMs: short })).toBe(true)
        expect(await room.notBefore(from + short, one(queue))).toMatchObject({ id, attempt: 2 })
      }),
    )

    test(
      'BR-19 a retry without a time waits for the backoff, which doubles with each attempt up to its cap',
      on(async (room) => {
        const queue = room.queue({ backoffMs: short, backoffCapMs: 2.5 * short })
        await put(queue, 'a')
        let { receipt } = await one(queue)
        for (const [i, factor] of [1, 2, 2.5, 2.5].entries()) {
          const from = room.now()
          expect(await queue.settle(receipt, RETRY)).toBe(true)
          const next = await room.notBefore(from + factor * short, one(queue))
          expect(next.attempt).toBe(i + 2)
          ;({ receipt } = next)
        }
      }),
    )

    test(
      'BR-20 a release counts as no attempt, however often it comes',
      on(async (room) => {
        const queue = room.queue({ maxDeliveries: 1 })
        await put(queue, 'a')
        for (let i = 0; i < 5; i++) {
          const { attempt, receipt } = await one(queue)
          expect(attempt).toBe(1)
          expect(await queue.settle(receipt, { is: 'release', afterMs: 0 })).toBe(true)
        }
        const from = room.now()
        const { receipt } = await one(queue)
        await queue.settle(receipt, { is: 'release', afterMs: short })
        expect(await room.notBefore(from + short, one(queue))).toMatchObject({ attempt: 1 })
      }),
    )

    test(
      'BR-21 a rejected message is a dead letter, with the reason',
      on(async (room) => {
        const queue = room.queue()
        const reason = 'é'.repeat(127)
        const { id } = await put(queue, 'a', 's')
        await queue.settle((await one(queue, 's')).receipt, SOON)
        expect(await queue.settle((await one(queue, 's')).receipt, { is: 'reject', reason })).toBe(true)
        const [dead] = await deaths(queue, 1)
        expect(dead).toMatchObject({ id, subject: 's', attempts: 2, reason })
        await counts(queue, { ready: 0, leased: 0, dead: 1 })
      }),
    )

    test(
      'BR-22 a message that was retried as often as may be is a dead letter, without a reason',
      on(async (room) => {
        const queue = room.queue({ maxDeliveries: 2 })
        const { id } = await put(queue, 'a', 's')
        await queue.settle((await one(queue, 's')).receipt, SOON)
        expect(await queue.settle((await one(queue, 's')).receipt, SOON)).toBe(true)
        expect(await deaths(queue, 1)).toMatchObject([{ id, subject: 's', attempts: 2, reason: '' }])
        await put(queue, 'b', 's')
        expect(textOf(await one(queue, 's'))).toBe('b')
      }),
    )

    test(
      'BR-22 a message that nobody ever settles is a dead letter in the end',
      on(async (room) => {
        const queue = room.queue({ maxDeliveries: 3, leaseMs: short })
        await put(queue, 'poison')
        for (const attempt of [1, 2, 3]) {
          const leased = one(queue)
          if (attempt > 1) await room.pass(short)
          expect(await leased).toMatchObject({ attempt })
        }
        await room.pass(short)
        expect(await deaths(queue, 1)).toMatchObject([{ attempts: 3, reason: '' }])
        await counts(queue, { ready: 0, delayed: 0, leased: 0, dead: 1 })
      }),
    )

    test(
      'BR-23 an extended lease is over when its new time is, counted from the extension',
      on(async (room) => {
        const queue = room.queue({ leaseMs: 20 * short })
        await put(queue, 'a')
        const { receipt } = await one(queue)
        expect(await queue.settle(receipt, { is: 'extend', ms: 600_000 })).toBe(true)
        await room.pass(room.isTold ? 100 * short : 21 * short)
        await counts(queue, { ready: 0, leased: 1 })
        const from = room.now()
        expect(await queue.settle(receipt, { is: 'extend', ms: short })).toBe(true)
        expect(await room.notBefore(from + short, one(queue))).toMatchObject({ attempt: 2 })
        expect(await queue.settle(receipt, ACK)).toBe(false)
      }),
    )

    test(
      'BR-24 a receipt of a lease that is over, or of a message that was settled, does nothing',
      on(async (room) => {
        const queue = room.queue()
        await put(queue, 'a')
        const first = await one(queue)
        await queue.settle(first.receipt, { is: 'extend', ms: short })
        await room.pass(short)
        const second = await one(queue)
        expect(second.receipt).not.toBe(first.receipt)
        for (const outcome of [ACK, RETRY, { is: 'reject', reason: 'r' }, { is: 'extend', ms: 1 }] as const)
          expect(await queue.settle(first.receipt, outcome)).toBe(false)
        await counts(queue, { ready: 0, leased: 1, dead: 0 })
        expect(await queue.settle(second.receipt, ACK)).toBe(true)
        for (const outcome of [ACK, SOON, { is: 'reject', reason: 'r' }] as const)
          expect(await queue.settle(second.receipt, outcome)).toBe(false)
        await counts(queue, { ready: 0, delayed: 0, leased: 0, dead: 0 })
      }),
    )

    test(
      'BR-24 a text that is no receipt of the queue does nothing',
      on(async (room) => {
        const queue = room.queue()
        const { id } = await put(queue, 'a')
        const { receipt } = await one(queue)
        await put(room.queue({}, 'jobs.v1.other'), 'b')
        const other = await one(room.queue({}, 'jobs.v1.other'))
        for (const text of ['', 'x', id, `${receipt}0`, ` ${receipt}`, '0', '-1', '1.1', 'é'.repeat(500)])
          expect(await queue.settle(text, ACK)).toBe(false)
        if (other.receipt !== receipt) expect(await queue.settle(other.receipt, ACK)).toBe(false)
        await counts(queue, { leased: 1 })
        expect(await queue.settle(receipt, ACK)).toBe(true)
      }),
    )
  })

  describe(`${name} keeps dead letters`, () => {
    const buried = async (room: Room, count: number) => {
      const queue = room.queue()
      for (let i = 0; i < count; i++) {
        await put(queue, `${i}`)
        await queue.settle((await one(queue)).receipt, { is: 'reject', reason: `r${i}` })
      }
      await deaths(queue, count)
      return queue
    }

    test(
      'BR-25 dead letters are listed in pages, the oldest first',
      on(async (room) => {
        const queue = await buried(room, 5)
        const first = await queue.dead(2)
        expect(first.map(textOf)).toEqual(['0', '1'])
        const second = await queue.dead(2, first[1]?.id)
        expect(second.map(textOf)).toEqual(['2', '3'])
        const last = await queue.dead(2, second[1]?.id)
        expect(last.map(textOf)).toEqual(['4'])
        expect(await queue.dead(2, last[0]?.id)).toEqual([])
      }),
    )

    test(
      'BR-26 a dead letter that is replayed waits as one that was never handed out',
      on(async (room) => {
        const queue = room.queue({ maxDeliveries: 2 })
        const { id } = await put(queue, 'a', 's')
        for (let round = 0; round < 2; round++) {
          await queue.settle((await one(queue, 's')).receipt, SOON)
          await queue.settle((await one(queue, 's')).receipt, SOON)
          await deaths(queue, 1)
          expect(await queue.replay(id)).toBe(true)
          expect(await queue.replay(id)).toBe(false)
        }
        expect(await queue.dead(10)).toEqual([])
        expect(await one(queue, 's')).toMatchObject({ id, subject: 's', attempt: 1 })
      }),
    )

    test(
      'BR-27 a dead letter that is discarded is gone',
      on(async (room) => {
        const queue = await buried(room, 2)
        const [first, second] = await queue.dead(2)
        expect(await queue.discard(first?.id ?? '')).toBe(true)
        expect(await queue.discard(first?.id ?? '')).toBe(false)
        expect(await queue.replay(first?.id ?? '')).toBe(false)
        expect((await queue.dead(10)).map(({ id }) => id)).toEqual([second?.id])
        await counts(queue, { ready: 0, dead: 1 })
      }),
    )

    test(
      'BR-26 BR-27 what is no dead letter is neither replayed nor discarded',
      on(async (room) => {
        const queue = room.queue()
        const { id } = await put(queue, 'a')
        for (const other of [id, '', 'x', '999999']) {
          expect(await queue.replay(other)).toBe(false)
          expect(await queue.discard(other)).toBe(false)
        }
        expect(textOf(await one(queue))).toBe('a')
      }),
    )
  })

  describe(`${name} lasts`, () => {
    test(
      'BR-28 counts are of what is ready, delayed, leased and dead',
      on(async (room) => {
        const queue = room.queue()
        await counts(queue, { ready: 0, delayed: 0, leased: 0, dead: 0, oldestMs: 0 })
        await put(queue, 'a')
        await queue.settle((await one(queue)).receipt, { is: 'reject', reason: '' })
        await put(queue, 'b')
        await queue.settle((await one(queue)).receipt, { is: 'retry', afterMs: 600_000 })
        await put(queue, 'c')
        await one(queue)
        for (const text of ['d', 'e']) await put(queue, text)
        await queue.enqueue('', bytesOf('f'), { delayMs: 600_000 })
        await counts(queue, { ready: 2, delayed: 2, leased: 1, dead: 1 })
      }),
    )

    test(
      'BR-29 the oldest age is that of a message neither dead nor leased, since its enqueue',
      on(async (room) => {
        const queue = room.queue()
        await put(queue, 'a')
        await room.pass(short)
        await put(queue, 'b')
        expect((await queue.metrics()).oldestMs).toBeGreaterThanOrEqual(short - 20)
        const first = await one(queue)
        if (room.isTold) expect((await queue.metrics()).oldestMs).toBe(0)
        await queue.settle(first.receipt, SOON)
        await counts(queue, { ready: 2 })
        expect((await queue.metrics()).oldestMs).toBeGreaterThanOrEqual(short - 20)
        for (const { receipt } of await several(queue, 2)) await queue.settle(receipt, ACK)
        await counts(queue, { oldestMs: 0 })
      }),
    )

    test(
      'BR-30 disposal ends the leases that wait, and all is refused behind it',
      on(async (room) => {
        const queue = room.queue()
        await put(queue, 'a')
        const { receipt, id } = await one(queue)
        const waiting = queue.lease('', 1, NEVER).then(
          () => 'came',
          (error: unknown) => (error instanceof SottoError ? error.code : error),
        )
        await turn()
        await room.broker[Symbol.asyncDispose]()
        expect(await waiting).toBe('broker/failed')
        for (const act of [
          () => put(queue, 'b'),
          () => queue.lease('', 1, NEVER),
          () => queue.settle(receipt, ACK),
          () => queue.dead(1),
          () => queue.replay(id),
          () => queue.discard(id),
          () => queue.metrics(),
        ])
          await expect(act()).rejects.toMatchObject({ code: 'broker/failed' })
        await room.broker[Symbol.asyncDispose]()
      }),
    )

    test(
      'BR-31 a random walk over a queue finds nothing that a simple model does not allow',
      on((room) => walk(room, operations)),
    )
  })

  describe.runIf(keeps)(`${name} is opened again`, () => {
    test(
      'BR-32 messages, attempts, dead letters and keys are there again',
      on(async (room) => {
        const settings = { leaseMs: short, maxDeliveries: 100 }
        await put(room.queue(settings), 'a', 's')
        await room.queue(settings).settle((await one(room.queue(settings), 's')).receipt, SOON)
        const dead = await put(room.queue(settings), 'b', 't')
        await room.queue(settings).settle((await one(room.queue(settings), 't')).receipt, { is: 'reject', reason: 'r' })
        const keyed = await room.queue(settings).enqueue('u', bytesOf('c'), { key: 'k', delayMs: 600_000 })
        await room.restart()
        const queue = room.queue(settings)
        expect(await one(queue, 's')).toMatchObject({ attempt: 2, subject: 's' })
        expect(await deaths(queue, 1)).toMatchObject([{ id: dead.id, subject: 't', reason: 'r', attempts: 1 }])
        expect(await queue.enqueue('u', bytesOf('d'), { key: 'k' })).toEqual({ id: keyed.id, duplicate: true })
        await counts(queue, { delayed: 1, dead: 1 })
        expect(await queue.replay(dead.id)).toBe(true)
        expect(textOf(await one(queue, 't'))).toBe('b')
      }),
    )

    test(
      'BR-33 what was acknowledged stays away, and what was leased comes again, one attempt on',
      on(async (room) => {
        for (const text of ['a', 'b']) await put(room.queue(), text)
        const [acked, leased] = [await one(room.queue()), await one(room.queue())]
        expect(await room.queue().settle(acked.receipt, ACK)).toBe(true)
        expect(await room.queue().settle(leased.receipt, { is: 'extend', ms: 2 * short })).toBe(true)
        await room.restart()
        const queue = room.queue()
        const again = one(queue)
        await room.pass(2 * short)
        expect(await again).toMatchObject({ id: leased.id, attempt: 2 })
        expect(await queue.settle(acked.receipt, SOON)).toBe(false)
        expect(await queue.settle(leased.receipt, ACK)).toBe(false)
      }),
    )
  })
}
