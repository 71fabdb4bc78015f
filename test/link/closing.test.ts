import { afterEach, expect, test, vi } from 'vitest'
import { client, memoryPair, type Session, SottoError } from '../../src/index.js'
import { faulty, never } from './faulty.js'
import { all, code, codeOf, Echo, echo, failure, gate, pair, unhandled } from './sessions.js'

const one = Uint8Array.of(1)

/** Time stands still from here on, but for `pass`. */
const stopTime = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
const STEP_MS = 1_000
const pass = async (ms: number): Promise<void> => {
  for (let left = ms; left >= 0; left -= STEP_MS) {
    await vi.advanceTimersByTimeAsync(Math.min(left, STEP_MS))
    // Both ends hear of it and answer before time goes on.
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
}

afterEach(() => vi.useRealTimers())

const ends = async (session: Session): Promise<unknown> => {
  const closed = await session.closed
  return closed.clean ? 'clean' : closed.error.code
}

/** Something of a session that is waited for, and whether it is over. */
const watched = <T>(promise: Promise<T>) => {
  const state = { settled: false }
  void promise.then(
    () => {
      state.settled = true
    },
    () => {
      state.settled = true
    },
  )
  return state
}

test('LI-13 a close lets what is open finish, at both ends, and begins nothing new', async () => {
  const begun = gate()
  const door = gate()
  const wait = async () => {
    begun.open()
    await door.passed
  }
  const { near, far } = await pair({ far: { serve: [echo({ wait })] } })
  const call = client(near, Echo).wait()
  await begun.passed
  const closing = far.close()
  const again = far.close()
  await near.ping().catch(() => undefined)
  expect(await code(client(near, Echo).echo(one))).toBe('session/closed')
  door.open()
  expect(await call).toBeUndefined()
  await Promise.all([closing, again])
  expect([await ends(near), await ends(far)]).toEqual(['clean', 'clean'])
})

test('LI-13 a close cuts after 4 s what does not finish', async () => {
  stopTime()
  const begun = gate()
  const told = gate<unknown>()
  const wait = (_: undefined, { signal }: { signal: AbortSignal }) => {
    begun.open()
    signal.addEventListener('abort', () => told.open(signal.reason))
    return never<undefined>()
  }
  const { near, far } = await pair({ far: { serve: [echo({ wait })] } })
  const call = failure(client(near, Echo).wait(undefined, { timeoutMs: 60_000 }))
  await begun.passed
  const outcome = watched(call)
  const closing = near.close()
  await pass(3_999)
  expect(outcome.settled).toBe(false)
  await pass(1)
  const error = await call
  expect(error instanceof SottoError && error.ran).toBe('maybe')
  await closing
  expect([await ends(near), await ends(far)]).toEqual(['clean', 'clean'])
  expect(await told.passed).toBeInstanceOf(SottoError)
})

test('a session leaves no timer, however it ends', async () => {
  stopTime()
  const ways: ((end: Session) => Promise<unknown>)[] = [
    (end) => end.close(),
    (end) => end.drain(),
    async (end) => end.abort(),
    (end) => Promise.all([end.drain(), end.close(), end.ping().catch(() => undefined)]),
  ]
  for (const way of ways) {
    const { near, far } = await pair()
    const call = client(near, Echo).echo(one, { timeoutMs: 60_000 })
    await Promise.all([way(near), call.catch(() => undefined), near.ping().catch(() => undefined)])
    await Promise.all([near.closed, far.closed])
    await pass(0)
    expect(vi.getTimerCount()).toBe(0)
  }
})

test('LI-13 a drain gives what is open its own time', async () => {
  stopTime()
  const begun = gate()
  const door = gate()
  const wait = async () => {
    begun.open()
    await door.passed
  }
  const { near, far } = await pair({ far: { serve: [echo({ wait })] } })
  const call = client(near, Echo).wait(undefined, { timeoutMs: 200_000 })
  await begun.passed
  const draining = watched(far.drain({ timeoutMs: 100_000 }))
  await pass(99_000)
  expect(draining.settled).toBe(false)
  door.open()
  expect(await call).toBeUndefined()
  expect([await ends(near), await ends(far)]).toEqual(['clean', 'clean'])
  const other = await pair()
  for (const timeoutMs of [-1, Number.NaN, 86_400_001]) {
    expect(await failure(other.near.drain({ timeoutMs }))).toBeInstanceOf(RangeError)
    expect(await failure(other.host.drain({ timeoutMs }))).toBeInstanceOf(RangeError)
  }
  expect(await client(other.near, Echo).echo(one)).toEqual(one)
})

test('LI-20 a one-way message that came before a clean end is handled to its end', async () => {
  const signals: AbortSignal[] = []
  const door = gate()
  const handled = gate()
  const tell = async (_: Uint8Array, { signal }: { signal: AbortSignal }) => {
    signals.push(signal)
    await door.passed
    handled.open()
  }
  const { near, far } = await pair({ far: { serve: [echo({ tell })] } })
  await client(near, Echo).tell(one)
  await near.close()
  expect(await ends(far)).toBe('clean')
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  door.open()
  await handled.passed
})

test('LI-18 LI-20 handlers are told of a session that is lost, those of one-way messages too', async () => {
  const told: unknown[] = []
  const begun = gate()
  let waiting = 2
  const hold = (_: unknown, { signal }: { signal: AbortSignal }) => {
    if (--waiting === 0) begun.open()
    signal.addEventListener('abort', () => told.push(codeOf(signal.reason)))
    return never<undefined>()
  }
  const { near, far } = await pair({ far: { serve: [echo({ wait: hold, tell: hold })] } })
  const call = failure(client(near, Echo).wait())
  await client(near, Echo).tell(one)
  await begun.passed
  near.abort()
  await Promise.all([call, far.closed])
  expect(new Set(told)).toEqual(new Set(['channel/truncated', 'session/lost']))
})

test('LI-12 every promise of a session settles before closed, which resolves once', async () => {
  const { near } = await pair({ far: { serve: [echo({ wait: () => never<undefined>(), tell: () => never() })] } })
  const order: string[] = []
  const done = (what: string) => () => void order.push(what)
  const acts = client(near, Echo)
  const body = new Uint8Array(16_384)
  const work = [
    ...Array.from({ length: 300 }, () => acts.wait().catch(done('call'))),
    ...Array.from({ length: 400 }, () => acts.tell(body).catch(done('send'))),
    near.ping({ timeoutMs: 1e6 }).catch(done('ping')),
    all(near.refusals).then(done('refusals')),
    all(near.denials).then(done('denials')),
  ]
  void near.closed.then(done('closed'))
  void near.closed.then(done('closed'))
  near.abort()
  await near.closed
  await Promise.all(work)
  expect(order.filter((what) => what === 'call')).toHaveLength(300)
  expect(order.filter((what) => what === 'send').length).toBeGreaterThan(0)
  expect(order.slice(-2)).toEqual(['closed', 'closed'])
  expect(new Set(order)).toEqual(new Set(['call', 'send', 'ping', 'refusals', 'denials', 'closed']))
})

test.each<[string, (faults: ReturnType<typeof faulty>['faults']) => void]>([
  ['reads nothing', (faults) => Object.assign(faults, { write: never })],
  ['sends nothing', (faults) => Object.assign(faults, { read: never })],
  ['neither reads nor sends nor ends', (faults) => Object.assign(faults, { write: never, read: never, close: never })],
])('LI-13 a close takes 5 s at most with a peer that %s', async (_, set) => {
  stopTime()
  const lost = unhandled()
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const far = { serve: [echo({ wait: () => never<undefined>() })] }
  const { near } = await pair({ transports: [transport, right], far })
  set(faults)
  const calls = [failure(client(near, Echo).wait()), failure(client(near, Echo).wait())]
  const closing = watched(near.close())
  await pass(5_000)
  expect(closing.settled).toBe(true)
  expect((await near.closed).clean).toBe(false)
  for (const error of await Promise.all(calls)) expect(error).toBeInstanceOf(SottoError)
  expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
  vi.useRealTimers()
  expect(await lost()).toEqual([])
})

test('LI-13 a session that ended cleanly does not wait over 5 s for a transport to close', async () => {
  stopTime()
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near, far } = await pair({ transports: [transport, right] })
  faults.close = never
  let aborted = 0
  faults.abort = (reason) => {
    aborted++
    left.abort(reason)
  }
  const closed = watched(near.closed)
  void far.close()
  await pass(4_999)
  expect([closed.settled, aborted]).toEqual([false, 0])
  await pass(1)
  expect([await ends(near), aborted]).toEqual(['clean', 1])
})

test('LI-15 an abort cuts a close short, and the transport with it', async () => {
  // Time stands still: nothing but the abort can end them.
  stopTime()
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near } = await pair({ transports: [transport, right] })
  faults.write = never
  faults.close = never
  const closing = near.close()
  near.abort()
  await closing
  expect(await ends(near)).toBe('session/closed')
  const [from, to] = memoryPair()
  const slow = faulty(from)
  const other = await pair({ transports: [slow.transport, to] })
  slow.faults.close = never
  const ended = other.near.close()
  await other.far.closed
  other.near.abort()
  await ended
  expect(await ends(other.near)).toBe('clean')
})

test('LI-8 a deadline does not wait for a transport that takes nothing', async () => {
  stopTime()
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near } = await pair({ transports: [transport, right] })
  faults.write = never
  const acts = client(near, Echo)
  // The first goes into the transport, the second waits for room.
  const first = failure(acts.wait(undefined, { timeoutMs: 1_000 }))
  await pass(0)
  const second = failure(acts.wait(undefined, { timeoutMs: 500 }))
  const outcomes = [watched(first), watched(second)]
  await pass(500)
  expect(outcomes.map(({ settled }) => settled)).toEqual([false, true])
  await pass(500)
  const errors = await Promise.all([first, second])
  expect(errors.map((error) => error instanceof SottoError && [error.code, error.ran])).toEqual([
    ['call/deadline', 'maybe'],
    ['call/deadline', 'no'],
  ])
})

test('LI-10 nothing is written while the transport has no room', async () => {
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near } = await pair({ transports: [transport, right] })
  const room: (() => void)[] = []
  faults.write = (bytes) => {
    void left.write(bytes)
    return new Promise((resolve) => void room.push(resolve))
  }
  const calls = Array.from({ length: 20 }, () => client(near, Echo).echo(new Uint8Array(50_000)))
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  expect(room).toHaveLength(1)
  faults.write = undefined
  room[0]?.()
  expect(await Promise.all(calls)).toHaveLength(20)
})

test('LI-9 the first message of an idle session is written at once, and those behind it together', async () => {
  const [left, right] = memoryPair()
  const { transport, faults } = faulty(left)
  const { near } = await pair({ transports: [transport, right] })
  await near.ping()
  await new Promise((resolve) => setImmediate(resolve))
  let writes = 0
  faults.write = (bytes) => {
    writes++
    return left.write(bytes)
  }
  const acts = client(near, Echo)
  await acts.tell(one)
  await Promise.resolve()
  expect(writes).toBe(1)
  for (let i = 0; i < 1_000; i++) await acts.tell(one)
  expect(writes).toBe(1)
  await new Promise((resolve) => setImmediate(resolve))
  expect(writes).toBe(2)
})

test('LI-7 a clock that is set forward or back moves no deadline', async () => {
  const { near, far } = await pair()
  const hour = 3_600_000
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  const call = client(near, Echo).wait(undefined, { timeoutMs: 10_000 })
  vi.setSystemTime(Date.now() + 1_000 * hour)
  expect(await call).toBeUndefined()
  vi.setSystemTime(Date.now() - 2_000 * hour)
  expect(await client(near, Echo).echo(one, { timeoutMs: 10_000 })).toEqual(one)
  await near.close()
  expect([await ends(near), await ends(far)]).toEqual(['clean', 'clean'])
})
