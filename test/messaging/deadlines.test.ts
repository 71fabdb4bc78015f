import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import { generateIdentity } from '../../src/identity/identity.js'
import { dial } from '../../src/link/dial.node.js'
import { linkOver } from '../../src/link/linkover.js'
import { listen } from '../../src/link/listen.node.js'
import type { Session } from '../../src/link/session.js'
import { client } from '../../src/messaging/client.js'
import type { Context } from '../../src/messaging/context.js'
import { type Handlers, serve } from '../../src/messaging/serve.js'
import type { Policy } from '../../src/policy/rule.js'
import { memoryPair } from '../../src/transport/memory.js'
import { code, codeOf, dialling, failure, gate, listening, pair } from '../link/sessions.js'

const Hop = contract('hop.v1', {
  ask: requestResponse({ response: z.string(), idempotent: true }),
  tell: oneWay(z.string()),
  watch: stream({ down: z.number() }),
})

const all: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }],
}

const handlers: Handlers<typeof Hop> = {
  ask: () => 'here',
  tell: () => undefined,
  async *watch() {},
}

/** A session with a service that asks as told. */
const hop = (over: Partial<Handlers<typeof Hop>>, failed?: (error: unknown) => void) =>
  pair({
    near: { use: [Hop], policy: all },
    far: { serve: [serve(Hop, failed ? { failed } : {}, { ...handlers, ...over })], policy: all },
  })

/** A handler that ends when it is told to. */
const obedient = () => {
  const begun = gate<Context>()
  const told = gate<unknown>()
  const ask = (_: undefined, context: Context): Promise<string> => {
    begun.open(context)
    return new Promise((_resolve, reject) => {
      context.signal.addEventListener('abort', () => {
        told.open(context.signal.reason)
        reject(context.signal.reason)
      })
    })
  }
  return { ask, begun: begun.passed, told: told.passed }
}

/** Three services over sockets: what is asked of the first is asked of the second, and so of the last. */
const chain = async (last: Handlers<typeof Hop>['ask']) => {
  const folder = mkdtempSync(join(tmpdir(), 'sotto-chain-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const failures: unknown[] = []
  const failed = (error: unknown): void => void failures.push(error)
  const asker = generateIdentity()
  const left: number[] = []
  let next: Session<typeof Hop> | undefined
  for (let place = 2; place >= 0; place--) {
    const behind = next
    const ask = (request: undefined, context: Context) => {
      left.unshift(context.timeLeftMs)
      return behind === undefined
        ? last(request, context)
        : client(behind, Hop).ask(request, { signal: context.signal })
    }
    const identity = generateIdentity()
    const endpoint = `unix:${join(folder, String(place))}` as const
    const serving = [serve(Hop, { failed }, { ...handlers, ask })]
    const listener = await listen(endpoint, { identity, trust: [asker.id], policy: all, serve: serving })
    onTestFinished(() => listener.close())
    next = await dial(endpoint, { identity: asker, peer: identity.id, use: [Hop] })
  }
  if (next === undefined) throw new Error('expected a first')
  return { ask: client(next, Hop).ask, left, failures }
}

test('ME-38 through three services over sockets the deadline of the first caller is that of all', async () => {
  const { ask, begun, told } = obedient()
  const asked = await chain(ask)
  const error = await failure(asked.ask(undefined, { timeoutMs: 500 }))
  expect(SottoError.is(error, 'call/deadline')).toBe(true)
  await begun
  expect(['call/deadline', 'call/cancelled']).toContain(codeOf(await told))
  // Each has what is left of the one before, and none the 30 s that a call has by itself.
  const [third = 0, second = 0, first = 0] = asked.left
  expect(first).toBeLessThanOrEqual(500)
  expect(second).toBeLessThanOrEqual(first)
  expect(third).toBeLessThanOrEqual(second)
  expect(third).toBeGreaterThan(0)
  expect(asked.failures).toEqual([])
})

test('ME-38 through three services over sockets the last handler is told when the first caller gives up', async () => {
  const { ask, begun, told } = obedient()
  const asked = await chain(ask)
  const giving = new AbortController()
  const call = failure(asked.ask(undefined, { signal: giving.signal }))
  await begun
  giving.abort(new Error('enough'))
  expect(codeOf(await call)).toBe('call/cancelled')
  expect(codeOf(await told)).toBe('call/cancelled')
  expect(asked.failures).toEqual([])
})

test('ME-38 what is asked with the signal of a context has the lesser of its own time and what is left, on the wire', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const seen: number[] = []
  const inner = await hop({
    ask: (_, { timeLeftMs }) => {
      seen.push(timeLeftMs)
      return 'there'
    },
    async *watch(_, { timeLeftMs }) {
      yield Number.isFinite(timeLeftMs) ? timeLeftMs : -1
    },
  })
  const there = client(inner.near, Hop)
  const outer = await hop({
    ask: async (_, { signal }) => {
      vi.advanceTimersByTime(100)
      await there.ask(undefined, { signal })
      await there.ask(undefined, { signal, timeoutMs: 250.4 })
      await there.ask(undefined, { signal: AbortSignal.any([signal]), timeoutMs: 700 })
      await there.tell('quick', { signal })
      for await (const left of there.watch(undefined, { signal })) seen.push(left)
      for await (const left of there.watch(undefined, {})) seen.push(left)
      return 'here'
    },
  })
  expect(await client(outer.near, Hop).ask(undefined, { timeoutMs: 500 })).toBe('here')
  expect(seen).toEqual([400, 251, 700, 400, -1])
})

test('ME-38 what a handler subscribes to with its signal ends with its time', async () => {
  const ttls: number[] = []
  const News = contract('news.v1', { lines: topic(z.string()) })
  const service = serve(News, {})
  const inner = await pair({
    near: { use: [News] },
    far: {
      serve: [
        {
          ...service,
          answer: (incoming) => {
            ttls.push(incoming.timeLeftMs)
            return service.answer(incoming)
          },
        },
      ],
      policy: {
        version: 1,
        rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['subscribe', 'publish'], on: ['>'] }],
      },
    },
  })
  const { lines } = client(inner.near, News)
  const outer = await hop({
    ask: async (_, { signal }) => {
      await lines.subscribe(undefined, { signal }).ready
      await lines.subscribe().ready
      return 'here'
    },
  })
  expect(await client(outer.near, Hop).ask(undefined, { timeoutMs: 5_000 })).toBe('here')
  expect(ttls[0]).toBeLessThan(5_000)
  expect(ttls[1]).toBe(Number.POSITIVE_INFINITY)
})

test('ME-38 with no whole ms left nothing is asked', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
  const ask = vi.fn(() => 'there')
  const inner = await hop({ ask })
  const failures: unknown[] = []
  const outer = await hop(
    {
      ask: (_, { signal }) => {
        vi.advanceTimersByTime(99)
        // Past the last whole ms, before its own timer has run.
        const at = performance.now()
        vi.spyOn(performance, 'now').mockReturnValue(at + 0.5)
        return client(inner.near, Hop).ask(undefined, { signal })
      },
    },
    (error) => failures.push(error),
  )
  onTestFinished(() => void vi.restoreAllMocks())
  const error = await failure(client(outer.near, Hop).ask(undefined, { timeoutMs: 100 }))
  expect(SottoError.is(error, 'call/deadline') && error.ran).toBe('maybe')
  expect([ask.mock.calls.length, failures]).toEqual([0, []])
})

test('ME-39 a handler whose own call ran out of its time answers call/deadline, and no incident is made of it', async () => {
  const { ask } = obedient()
  const failures: unknown[] = []
  const inner = await hop({ ask })
  const outer = await hop({ ask: (_, { signal }) => client(inner.near, Hop).ask(undefined, { signal }) }, (error) =>
    failures.push(error),
  )
  expect(await code(client(outer.near, Hop).ask(undefined, { timeoutMs: 20 }))).toBe('call/deadline')
  // A time of its own that ran out is a failure as any other.
  const own = await hop(
    { ask: (_, { signal }) => client(inner.near, Hop).ask(undefined, { signal, timeoutMs: 5 }) },
    (error) => failures.push(error),
  )
  expect(await code(client(own.near, Hop).ask())).toBe('call/internal')
  expect(failures.map(codeOf)).toEqual(['call/deadline'])
})

test('ME-38 over a link, what waits for a session has no more time than is left', async () => {
  const outer = await hop({
    ask: (_, { signal }) => {
      const nowhere = linkOver(() => new Promise(() => undefined), dialling({ use: [Hop] }))
      onTestFinished(() => nowhere.close())
      return client(nowhere, Hop).ask(undefined, { signal })
    },
  })
  expect(await code(client(outer.near, Hop).ask(undefined, { timeoutMs: 20 }))).toBe('call/deadline')
})

test('ME-40 what a signal gave up says so, over a session and over a link', async () => {
  const reason = new Error('enough')
  const { ask, begun } = obedient()
  const { near } = await hop({ ask })
  const giving = new AbortController()
  const waiting = failure(client(near, Hop).ask(undefined, { signal: giving.signal }))
  const answering = listening({ serve: [serve(Hop, handlers)], policy: all })
  const link = linkOver(
    async () => {
      const [left, right] = memoryPair()
      answering.accept(right).catch(() => undefined)
      return left
    },
    dialling({ use: [Hop] }),
  )
  onTestFinished(() => link.close())
  const early = failure(client(link, Hop).ask(undefined, { signal: giving.signal }))
  await begun
  giving.abort(reason)
  const late = failure(client(near, Hop).ask(undefined, { signal: giving.signal }))
  for (const error of [await waiting, await early, await late])
    expect(error instanceof SottoError && [error.code, error.cause]).toEqual(['call/cancelled', reason])
})
