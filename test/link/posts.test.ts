import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { queue, topic } from '../../src/contract/operation.js'
import {
  bytes,
  contract,
  type Host,
  host,
  linkOver,
  memoryPair,
  type Policy,
  type Served,
  SottoError,
  type Transport,
} from '../../src/index.js'
import { type Answer, callerOf, type Delivery, type Incoming, type Stream } from '../../src/link/face.js'
import { alice, bob, code, codeOf, dialling, failure, gate, pair } from './sessions.js'

const Posts = contract('posts.v1', {
  jobs: queue(bytes, { subject: '{kind}' }),
  news: topic(bytes, { subject: '{room}' }),
})

const verbs = ['publish', 'subscribe', 'enqueue', 'consume'] as const
const rules = (...more: Policy['rules']): Policy => ({
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] }, ...more],
})

/** Takes all that comes, and answers as it is told. */
const posts = (answer: (incoming: Incoming) => Answer | undefined | Promise<Answer | undefined>): Served => ({
  contract: Posts,
  answer,
  unsent: () => ({ is: 'internal', incident: '00' }),
})

const at = (subject: string) => ({ subject })

const delivery = (value: Wire, subject = 'hall'): Delivery => ({
  subject,
  item: encode([subject, false, 0, [null, value]]),
  bytes: encode(value).length,
  content: () => value,
})

/** A session in which the near end has subscribed, and the far end has its stream. */
const subscribed = async (policy: Policy = rules()) => {
  const begun = gate<Stream>()
  const done = gate()
  const service = posts(async ({ stream, subject }) => {
    expect(subject).toBe('*')
    if (stream !== undefined) begun.open(stream)
    await done.passed
    return { is: 'ended' }
  })
  const { near } = await pair({ near: { use: [Posts], policy: rules() }, far: { serve: [service], policy } })
  const stream = callerOf(near).stream('posts.v1', 'news', {}, {}, at('*'))
  return { near, stream, far: await begun.passed, done }
}

describe('what stands', () => {
  test('LI-63 has what is delivered, and nothing of what is denied', async () => {
    const { stream, far, done } = await subscribed(
      rules({ id: 'not', effect: 'deny', by: ['any'], verbs: ['subscribe'], on: ['posts.v1.news.attic'] }),
    )
    expect(far.deliver(delivery(1))).toBeUndefined()
    expect(far.deliver(delivery(2, 'attic'))).toBe('denied')
    expect(far.deliver(delivery(3))).toBeUndefined()
    expect((await stream.read()).value).toEqual(['hall', false, 0, [null, 1]])
    expect((await stream.read()).value).toEqual(['hall', false, 0, [null, 3]])
    expect(stream.count).toBe(2)
    done.open()
    expect((await stream.read()).done).toBe(true)
  })

  test('LI-63 has it asked for when it is handed over, not when the subscription began', async () => {
    const { stream, far, done } = await subscribed()
    expect(far.deliver(delivery(1))).toBeUndefined()
    expect((await stream.read()).done).toBe(false)
    expect(await far.write(null)).toBeUndefined()
    done.open()
    await stream.closed
    expect(await code(async () => far.deliver(delivery(2)))).toBe('call/cancelled')
  })

  test('LI-63 waits for room, and fails with its session', async () => {
    const { near, far } = await subscribed()
    let room = far.deliver(delivery('a'.repeat(100_000)))
    while (room === undefined) room = far.deliver(delivery('a'.repeat(100_000)))
    expect(room).toBeInstanceOf(Promise)
    if (room === 'denied') throw new Error('expected it to wait')
    const ends = failure(room)
    near.abort()
    expect(codeOf(await ends)).toMatch(/session\/lost|channel\/truncated|call\/cancelled/)
  })

  test('LI-63 is told what became of it: too slow, or a broker that failed', async () => {
    for (const [said, ran] of [
      ['topic/slow', 'yes'],
      ['broker/full', 'no'],
      ['broker/failed', 'maybe'],
    ] as const) {
      const service = posts(() => ({ is: 'refused', code: said }))
      const { near } = await pair({
        near: { use: [Posts], policy: rules() },
        far: { serve: [service], policy: rules() },
      })
      const stream = callerOf(near).stream('posts.v1', 'news', {}, {}, at('*'))
      expect(await failure(stream.read())).toMatchObject({ code: said, ran })
      const call = callerOf(near).call('posts.v1', 'jobs', { value: 1 }, {}, at('a'))
      if (said !== 'topic/slow') expect(await failure(call)).toMatchObject({ code: said, ran })
      else await call.catch(() => undefined)
    }
  })
})

/** A way to a host in this process, once there is one. */
const wayTo = () => {
  const way = {
    host: undefined as Host | undefined,
    connect: (): Promise<Transport> => Promise.reject(new Error('unset')),
  }
  way.connect = async () => {
    if (way.host === undefined) throw SottoError.of('transport/failed', 'nobody is there')
    const [near, far] = memoryPair()
    way.host.accept(far).catch(() => undefined)
    return near
  }
  return way
}

const linked = () => {
  const way = wayTo()
  const on = linkOver(way.connect, dialling({ use: [Posts], policy: rules() }), { firstMs: 1, capMs: 2 })
  onTestFinished(() => on.close())
  const serving = (service: Served): void => {
    way.host = host({ identity: bob, trust: [alice.id], policy: rules(), serve: [service] })
    onTestFinished(() => way.host?.close())
  }
  return { on, serving, caller: callerOf(on), way }
}

describe('a link', () => {
  test('LI-62 says when it has a session, again after it lost one, and that it will have none', async () => {
    const { on, serving, caller } = linked()
    let there = 0
    const first = caller.ready?.().then(() => there++)
    await new Promise((resolve) => setImmediate(resolve))
    expect(there).toBe(0)
    serving(posts(() => undefined))
    await first
    await caller.ready?.()
    const session = await on.session
    session.abort()
    await session.closed
    await caller.ready?.()
    expect(await on.session).not.toBe(session)
    await on.close()
    expect(await code(async () => caller.ready?.())).toBe('session/closed')
  })

  test('LI-62 who waits is told that there will be none', async () => {
    const { on, caller } = linked()
    const waits = [failure(async () => caller.ready?.()), failure(async () => caller.ready?.())]
    await on.close()
    expect((await Promise.all(waits)).map(codeOf)).toEqual(['session/closed', 'session/closed'])
  })

  test('LI-62 LI-56 who gives up waiting for a session is told, and not kept', async () => {
    setFlagsFromString('--expose-gc')
    const collect: unknown = runInNewContext('gc')
    if (typeof collect !== 'function') throw new TypeError('expected the collector')
    const { on, caller } = linked()
    await caller.ready?.(AbortSignal.abort())
    const waits = async (): Promise<WeakRef<object>> => {
      const control = new AbortController()
      const what = {}
      const ready = caller.ready?.(control.signal).then(() => what)
      control.abort()
      return new WeakRef((await ready) ?? what)
    }
    const held = [await waits(), await waits()]
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    expect(held.map((of) => of.deref())).toEqual([undefined, undefined])
    await on.close()
  })

  test('LI-64 keeps what is published and enqueued for its next session, in order and with its subject', async () => {
    const { serving, caller } = linked()
    const told: string[] = []
    const waits = [
      caller.send('posts.v1', 'news', 'a', {}, at('hall')),
      caller.call('posts.v1', 'jobs', { value: 'b' }, {}, at('mail')),
      caller.send('posts.v1', 'news', 'c', {}, at('attic')),
    ]
    serving(
      posts(({ operation, subject, value }) => {
        told.push(`${operation} ${subject} ${JSON.stringify(value)}`)
        return operation === 'jobs' ? { is: 'reply', value: 'x' } : undefined
      }),
    )
    expect(await Promise.all(waits.map(async (wait) => wait))).toEqual([undefined, 'x', undefined])
    // A call and a one-way message are in no order to each other.
    expect(told.toSorted()).toEqual(['jobs mail {"value":"b"}', 'news attic "c"', 'news hall "a"'])
    expect(told.filter((line) => line.startsWith('news'))).toEqual(['news hall "a"', 'news attic "c"'])
  })

  test('LI-64 does not enqueue a second time what may be in the queue', async () => {
    const { on, serving, caller } = linked()
    let count = 0
    const began = gate()
    serving(
      posts(() => {
        count++
        began.open()
        return new Promise(() => undefined)
      }),
    )
    const call = failure(caller.call('posts.v1', 'jobs', { value: 1, key: 'k' }, {}, at('mail')))
    await began.passed
    const session = await on.session
    session.abort()
    expect(await call).toMatchObject({ code: 'session/lost', ran: 'maybe' })
    await caller.ready?.()
    expect(count).toBe(1)
  })

  test('LI-64 a subscription lives in one session', async () => {
    const { caller } = linked()
    expect(await code(() => caller.stream('posts.v1', 'news', {}, {}, at('*')))).toBe('session/closed')
  })
})
