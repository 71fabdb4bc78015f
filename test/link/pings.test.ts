import { afterEach, expect, test, vi } from 'vitest'
import { SottoError } from '../../src/index.js'
import { Pings } from '../../src/link/pings.js'
import { code, codeOf, failure, pair } from './sessions.js'

afterEach(() => vi.useRealTimers())

/** Pings at a clock that moves by hand, with what they sent. */
const clocked = () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const sent: number[] = []
  const times: number[] = []
  const pings = new Pings(
    (nowMs) => {
      times.push(nowMs - start)
      return sent.push(sent.length + 1)
    },
    () => performance.now(),
  )
  const start = performance.now()
  return { pings, sent, times }
}

test('a ping tells the time of a round trip', async () => {
  const { pings, sent } = clocked()
  const asked = pings.ask({})
  await vi.advanceTimersByTimeAsync(30)
  // The keepalive's own.
  pings.answered(7)
  await vi.advanceTimersByTimeAsync(10)
  pings.answered(1)
  expect([await asked, sent]).toEqual([40, [1]])
})

test('LI-17 one PING is under way at a time and 125 ms are between two; who asks meanwhile shares the next', async () => {
  const { pings, times } = clocked()
  const first = pings.ask({})
  const second = [pings.ask({}), pings.ask({})]
  expect(times).toEqual([0])
  await vi.advanceTimersByTimeAsync(10)
  pings.answered(1)
  expect(await first).toBe(10)
  expect(times).toEqual([0])
  await vi.advanceTimersByTimeAsync(200)
  expect(times).toEqual([0, 125])
  pings.answered(2)
  expect(await Promise.all(second)).toEqual([85, 85])
  const third = pings.ask({})
  await vi.advanceTimersByTimeAsync(39)
  expect(times).toEqual([0, 125])
  await vi.advanceTimersByTimeAsync(1)
  expect(times).toEqual([0, 125, 250])
  pings.answered(3)
  await third
  expect(vi.getTimerCount()).toBe(0)
})

test('a ping takes no time that no timer takes', async () => {
  const { near } = await pair()
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31])
    expect(await failure(near.ping({ timeoutMs }))).toBeInstanceOf(RangeError)
})

test('each who asks has its own deadline and signal, and none leaves a timer', async () => {
  const { pings, times } = clocked()
  const controller = new AbortController()
  const errors = [
    failure(pings.ask({ timeoutMs: 50 })),
    failure(pings.ask({ timeoutMs: 60 })),
    failure(pings.ask({ signal: controller.signal })),
    failure(pings.ask({ signal: AbortSignal.abort() })),
  ]
  const patient = failure(pings.ask({}))
  controller.abort()
  await vi.advanceTimersByTimeAsync(60)
  expect((await Promise.all(errors)).map(codeOf)).toEqual([
    'call/deadline',
    'call/deadline',
    'call/cancelled',
    'call/cancelled',
  ])
  pings.end(SottoError.of('session/lost', 'gone'))
  expect([codeOf(await patient), times, vi.getTimerCount()]).toEqual(['session/lost', [0], 0])
})

test('a ping that cannot be sent fails those who wait for it', async () => {
  const pings = new Pings(
    () => {
      throw SottoError.of('session/closed', 'closed')
    },
    () => 0,
  )
  expect(await Promise.all([code(pings.ask({})), code(pings.ask({}))])).toEqual(['session/closed', 'session/closed'])
})

test('LI-17 a program that pings as often as it can keeps its session, from both ends', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const { near, far } = await pair()
  let answered = 0
  const ask = async (end: typeof far): Promise<void> => {
    for (let i = 0; i < 100; i++) {
      await end.ping()
      answered++
    }
  }
  const asking = Promise.all([ask(near), ask(far)])
  const step = async (): Promise<void> => {
    await vi.advanceTimersByTimeAsync(25)
    await new Promise((resolve) => setImmediate(resolve))
  }
  for (let i = 0; i < 100 * 6 && answered < 200; i++) await step()
  await asking
  expect(answered).toBe(200)
  expect(await Promise.race([near.closed, Promise.resolve('open')])).toBe('open')
})
