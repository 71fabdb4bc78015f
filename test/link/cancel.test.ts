import { expect, test, vi } from 'vitest'
import { client, initiate, memoryPair, SottoError } from '../../src/index.js'
import { code, codeOf, dialling, Echo, echo, failure, gate, listening, pair, unhandled } from './sessions.js'

const one = Uint8Array.of(1)

const ran = (error: unknown): unknown => (error instanceof SottoError ? [error.code, error.ran] : error)

/** A handler of `wait` that ends when it is told to, and what told it. */
const obedient = () => {
  const begun = gate()
  const told = gate<unknown>()
  const wait = (_: undefined, { signal }: { signal: AbortSignal }) => {
    begun.open()
    return new Promise<undefined>((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        told.open(signal.reason)
        reject(signal.reason)
      })
    })
  }
  return { wait, begun: begun.passed, told: told.passed }
}

test('LI-3 a signal gives an attempt up, before it and during it, and frees its transport', async () => {
  const lost = unhandled()
  const reason = new Error('changed my mind')
  const [left, right] = memoryPair()
  const accepted = code(listening().accept(right))
  const early = await failure(initiate(left, dialling({ signal: AbortSignal.abort(reason) })))
  expect(codeOf(early)).toBe('session/closed')
  expect(early instanceof SottoError && early.cause).toBe(reason)
  expect(await accepted).toBe('session/lost')
  const silent = memoryPair()
  const controller = new AbortController()
  const waiting = failure(initiate(silent[0], dialling({ signal: controller.signal })))
  const hello = await silent[1][Symbol.asyncIterator]().next()
  expect(hello.done).toBe(false)
  controller.abort(reason)
  const late = await waiting
  expect(late instanceof SottoError && [late.code, late.cause]).toEqual(['session/closed', reason])
  expect(await code(async () => silent[1].write(one))).toBe('transport/failed')
  expect(await lost()).toEqual([])
})

test('a signal of the options aborts the sessions that came of them', async () => {
  const dialler = new AbortController()
  const first = await pair({ near: { signal: dialler.signal } })
  dialler.abort(new Error('over'))
  const near = await first.near.closed
  expect(near.clean || codeOf(near.error)).toBe('session/closed')
  const listener = new AbortController()
  const second = await pair({ far: { signal: listener.signal } })
  listener.abort(new Error('over'))
  const far = await second.far.closed
  expect(far.clean || codeOf(far.error)).toBe('session/closed')
  expect(second.host.sessions.size).toBe(0)
  expect(await code(second.host.accept(memoryPair()[0]))).toBe('session/closed')
})

test('a call whose signal was aborted before it is not made', async () => {
  const wait = vi.fn(() => undefined)
  const { near } = await pair({ far: { serve: [echo({ wait, tell: wait })] } })
  const signal = AbortSignal.abort()
  expect(ran(await failure(client(near, Echo).wait(undefined, { signal })))).toEqual(['call/cancelled', 'no'])
  expect(ran(await failure(client(near, Echo).tell(one, { signal })))).toEqual(['call/cancelled', 'no'])
  await near.ping()
  expect(wait).not.toHaveBeenCalled()
})

test('a call cancelled while it waits for an exchange has not run, and the next gets its turn', async () => {
  const { wait, begun, told } = obedient()
  const { near } = await pair({ near: { protocol: { limits: { exchanges: 1 } } }, far: { serve: [echo({ wait })] } })
  const acts = client(near, Echo)
  const first = new AbortController()
  const second = new AbortController()
  const running = failure(acts.wait(undefined, { signal: first.signal }))
  const queued = failure(acts.wait(undefined, { signal: second.signal }))
  const last = acts.echo(one)
  await begun
  second.abort()
  expect(ran(await queued)).toEqual(['call/cancelled', 'no'])
  first.abort()
  expect(ran(await running)).toEqual(['call/cancelled', 'maybe'])
  expect(codeOf(await told)).toBe('call/cancelled')
  expect(await last).toEqual(one)
})

test('LI-18 a call cancelled in flight tells its handler, and its answer is dropped', async () => {
  const lost = unhandled()
  const door = gate()
  const begun = gate()
  const signals: AbortSignal[] = []
  const wait = async (_: undefined, { signal }: { signal: AbortSignal }) => {
    signals.push(signal)
    begun.open()
    await door.passed
  }
  const { near } = await pair({ far: { serve: [echo({ wait })] } })
  const controller = new AbortController()
  const call = failure(client(near, Echo).wait(undefined, { signal: controller.signal }))
  await begun.passed
  controller.abort()
  expect(ran(await call)).toEqual(['call/cancelled', 'maybe'])
  await near.ping()
  await near.ping()
  expect(signals.map(({ aborted, reason }) => [aborted, codeOf(reason)])).toEqual([[true, 'call/cancelled']])
  door.open()
  expect(await client(near, Echo).echo(one)).toEqual(one)
  expect(await lost()).toEqual([])
})

test('LI-18 a handler that asks for its signal after the cancelling finds it aborted', async () => {
  const begun = gate()
  const door = gate()
  const seen = gate<boolean>()
  const wait = async (_: undefined, context: { signal: AbortSignal }) => {
    begun.open()
    await door.passed
    seen.open(context.signal.aborted)
  }
  const { near } = await pair({ far: { serve: [echo({ wait })] } })
  const controller = new AbortController()
  const call = failure(client(near, Echo).wait(undefined, { signal: controller.signal }))
  await begun.passed
  controller.abort()
  await call
  await near.ping()
  await near.ping()
  door.open()
  expect(await seen.passed).toBe(true)
})

test('LI-18 a deadline is kept at both ends', async () => {
  const { wait, told } = obedient()
  const { near } = await pair({ far: { serve: [echo({ wait })] } })
  expect(ran(await failure(client(near, Echo).wait(undefined, { timeoutMs: 5 })))).toEqual(['call/deadline', 'maybe'])
  expect(['call/deadline', 'call/cancelled']).toContain(codeOf(await told))
  for (const timeoutMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])
    expect(await failure(client(near, Echo).wait(undefined, { timeoutMs }))).toBeInstanceOf(RangeError)
})

test('a message that waits for credit can be given up, and passes its deadline', async () => {
  const door = gate()
  const { near } = await pair({ far: { serve: [echo({ tell: () => door.passed })] } })
  const acts = client(near, Echo)
  const body = new Uint8Array(16_384)
  // Over what 256 handlers hold and the window of 1 MiB.
  const sends = Array.from({ length: 400 }, () => acts.tell(body))
  const controller = new AbortController()
  const late = failure(acts.tell(one, { timeoutMs: 1 }))
  const cancelled = failure(acts.tell(one, { signal: controller.signal }))
  controller.abort()
  expect(ran(await cancelled)).toEqual(['call/cancelled', 'no'])
  expect(ran(await late)).toEqual(['call/deadline', 'no'])
  door.open()
  await Promise.all(sends)
})

test('one signal serves many calls without a warning of a leak, and is let go by those that are done', async () => {
  const warnings: string[] = []
  const hear = ({ name }: Error): void => void warnings.push(name)
  process.on('warning', hear)
  const { wait } = obedient()
  const { near } = await pair({ far: { serve: [echo({ wait })] } })
  const { signal, abort } = new (class extends AbortController {
    override readonly abort = super.abort.bind(this)
  })()
  for (let i = 0; i < 30; i++) await client(near, Echo).echo(one, { signal })
  const calls = Array.from({ length: 30 }, () => failure(client(near, Echo).wait(undefined, { signal })))
  await near.ping()
  abort()
  expect((await Promise.all(calls)).map(codeOf)).toEqual(Array(30).fill('call/cancelled'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', hear)
  expect(warnings).toEqual([])
})
