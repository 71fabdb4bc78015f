import { expect, test } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { requestResponse, stream } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { linkOver, memoryPair } from '../../src/index.js'
import type { Served } from '../../src/link/face.js'
import { client } from '../../src/messaging/client.js'
import type { Context } from '../../src/messaging/context.js'
import { type Handlers, serve } from '../../src/messaging/serve.js'
import type { Policy } from '../../src/policy/rule.js'
import { code, codeOf, dialling, failure, gate, listening, pair, unhandled } from '../link/sessions.js'
import { tapped } from './service.js'

const Room = z.object({ room: z.string() })
const Length = z.string().transform((text) => text.length)

const House = contract('house.v1', {
  history: stream({ request: Room, down: z.number() }),
  chat: stream({ up: Length, down: z.string() }),
  upload: stream({ request: Room, up: bytes }),
  pipe: stream({ up: bytes, down: bytes }),
  ping: requestResponse({}),
})

const all: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }],
}

async function* count(upTo: number) {
  for (let n = 0; n < upTo; n++) yield n
}

const handlers: Handlers<typeof House> = {
  history: ({ room }) => count(room.length),
  async *chat(_, { up }) {
    for await (const length of up) yield 'x'.repeat(length)
  },
  upload: async (_, { up }) => {
    for await (const chunk of up) void chunk
  },
  async *pipe(_, { up }) {
    yield* up
  },
  ping: () => undefined,
}

/** A session with the house; some of its handlers are others. */
const inHouse = async (
  over: Partial<Handlers<typeof House>> = {},
  options: Parameters<typeof serve>[1] = {},
  policy = all,
) => {
  const failures: unknown[] = []
  const failed = (error: unknown): void => void failures.push(error)
  const served: Served = serve(House, { failed, ...options }, { ...handlers, ...over })
  const { near, far } = await pair({ near: { use: [House] }, far: { serve: [served], policy } })
  return { house: client(near, House), near, far, failures }
}

const collect = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of from) items.push(item)
  return items
}

const endOf = async ({
  closed,
}: {
  readonly closed: Promise<{ readonly clean: boolean; readonly error?: unknown }>
}) => {
  const { clean, error } = await closed
  return clean ? 'clean' : codeOf(error)
}

/** Lets everything happen that can without time. */
const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('ME-31 ME-32 items come down in order, and the end of the handler is the end of the stream', async () => {
  const { house } = await inHouse()
  const history = house.history({ room: 'kitchen' })
  expect(await collect(history)).toEqual([0, 1, 2, 3, 4, 5, 6])
  expect(await endOf(history)).toBe('clean')
  expect(await collect(history)).toEqual([])
})

test('ME-31 ME-3 both ways at once, each item through its shape at both ends', async () => {
  const { house } = await inHouse()
  await using chat = house.chat()
  const down = chat[Symbol.asyncIterator]()
  for (const text of ['a', 'four', '']) {
    await chat.write(text)
    expect(await down.next()).toEqual({ done: false, value: 'x'.repeat(text.length) })
  }
  await chat.end()
  expect(await down.next()).toEqual({ done: true, value: undefined })
  expect(await endOf(chat)).toBe('clean')
  expect(await failure(chat.write('late'))).toBeInstanceOf(SottoError)
})

test('ME-31 bytes come as they were, however they are cut', async () => {
  const { house } = await inHouse()
  const pipe = house.pipe()
  const sent = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251)
  const writing = (async () => {
    for (let at = 0; at < sent.length; at += 70_000) await pipe.write(sent.subarray(at, at + 70_000))
    await pipe.end()
  })()
  const chunks = await collect(pipe)
  await writing
  expect(Buffer.concat(chunks).equals(sent)).toBe(true)
  for (const chunk of chunks) expect(chunk.buffer.byteLength).toBe(chunk.length)
})

test('ME-30 what cannot begin is a stream that has failed, in one way for all that asks', async () => {
  const deny: Policy = { version: 1, rules: [{ id: 'no', effect: 'deny', to: ['any'], verbs: ['stream'], on: ['>'] }] }
  const lost = unhandled()
  const { near } = await pair({
    near: { use: [House], policy: deny },
    far: { serve: [serve(House, handlers)], policy: all },
  })
  const bad = Reflect.apply(client(near, House).history, undefined, [{ room: 5 }])
  for (const [began, expected] of [
    [bad, 'contract/invalid'],
    [client(near, House).history({ room: 'a' }), 'policy/denied'],
    [client(near, House).chat(undefined, { signal: AbortSignal.abort() }), 'call/cancelled'],
  ] as const) {
    expect(await endOf(began)).toBe(expected)
    expect(await code(collect(began))).toBe(expected)
    await began.end()
    began.abort()
    await began[Symbol.asyncDispose]()
  }
  expect(await code(client(near, House).chat().write('x'))).toBe('policy/denied')
  expect(await failure(bad.write('x'))).toBeInstanceOf(TypeError)
  expect(await lost()).toEqual([])
})

test('ME-33 a slow reader stops the writer, and nothing else of the session', async () => {
  const door = gate()
  let given = 0
  const { house } = await inHouse({
    async *pipe() {
      for (;;) {
        given++
        yield new Uint8Array(16_384)
      }
    },
    upload: async () => door.passed,
  })
  const pipe = house.pipe()
  const down = pipe[Symbol.asyncIterator]()
  await down.next()
  await turns(50)
  // A window, and what waits at the writer.
  expect(given).toBeLessThan((262_144 + 131_072) / 16_384 + 5)
  const before = given
  await house.ping()
  await turns()
  expect(given).toBe(before)
  for (let read = 0; read < 20; read++) await down.next()
  await turns(50)
  expect(given).toBeGreaterThan(before)
  // A reader that does not read at all, at the serving end.
  const upload = house.upload({ room: 'a' })
  let written = 0
  const writing = (async () => {
    for (; written < 100; written++) await upload.write(new Uint8Array(16_384))
  })().catch(codeOf)
  await turns(50)
  expect(written).toBeLessThan(30)
  door.open()
  // The handler took none of it and is done: what goes up is not wanted.
  expect(await writing).toBe('call/cancelled')
  expect(await endOf(upload)).toBe('clean')
  pipe.abort()
})

test('ME-34 leaving an iteration gives the stream up, and its handler ends', async () => {
  const told = gate<unknown>()
  const closed = gate()
  const { house, failures } = await inHouse({
    async *history(_, { signal }) {
      signal.addEventListener('abort', () => told.open(signal.reason))
      try {
        for (let n = 0; ; n++) yield n
      } finally {
        closed.open()
      }
    },
  })
  const history = house.history({ room: 'a' })
  for await (const n of history) if (n === 5) break
  expect(codeOf(await told.passed)).toBe('call/cancelled')
  await closed.passed
  const end = await history.closed
  expect(!end.clean && [end.error.code, end.error.ran]).toEqual(['call/cancelled', 'yes'])
  await turns()
  expect(failures).toEqual([])
})

test('ME-34 abort, disposal and a signal give it up with their reason; over is over', async () => {
  const { house } = await inHouse({
    chat: async function* (_, { up }) {
      for await (const length of up) yield String(length)
    },
  })
  const reason = new Error('enough')
  const aborted = house.chat()
  aborted.abort(reason)
  const end = await aborted.closed
  expect(!end.clean && [end.error.code, end.error.cause]).toEqual(['call/cancelled', reason])
  expect(await code(aborted.write('x'))).toBe('call/cancelled')
  expect(await code(collect(aborted))).toBe('call/cancelled')
  const controller = new AbortController()
  const signalled = house.chat(undefined, { signal: controller.signal })
  controller.abort(reason)
  expect(await endOf(signalled)).toBe('call/cancelled')
  {
    await using disposed = house.chat()
    await disposed.write('x')
    void disposed.closed.then((closed) => expect(closed.clean).toBe(false))
  }
  const over = house.history({ room: 'ab' })
  await collect(over)
  over.abort()
  expect(await endOf(over)).toBe('clean')
})

test('ME-34 a handler that leaves what comes up ends what goes up, and goes on', async () => {
  const { house } = await inHouse({
    async *chat(_, { up }) {
      for await (const length of up) if (length === 3) break
      yield 'found'
    },
  })
  const chat = house.chat()
  const writing = (async () => {
    for (let n = 0; ; n = (n + 1) % 10) await chat.write('x'.repeat(n))
  })().catch(codeOf)
  expect(await collect(chat)).toEqual(['found'])
  expect(await writing).toBe('call/cancelled')
  expect(await endOf(chat)).toBe('clean')
})

test('ME-35 a failure of the handler comes behind what it gave, and its incident is known at both ends', async () => {
  const incidents: string[] = []
  const { house } = await inHouse(
    {
      async *history() {
        yield 1
        yield 2
        throw new Error('secret')
      },
      upload: () => Promise.reject(new Error('secret')),
    },
    { failed: (_, __, incident) => void incidents.push(incident) },
  )
  const history = house.history({ room: 'a' })
  const seen: number[] = []
  const error = await failure(async () => {
    for await (const n of history) seen.push(n)
  })
  expect(seen).toEqual([1, 2])
  expect(SottoError.is(error, 'call/internal') && [error.ran, error.details.incident]).toEqual(['yes', incidents[0]])
  expect(await endOf(house.upload({ room: 'a' }))).toBe('call/internal')
})

test('ME-35 ME-6 an item that its shape refuses: at the writer nothing is sent, at the reader the stream ends with its path', async () => {
  const Loose = contract('house.v1', { chat: stream({ up: z.any(), down: z.string() }) })
  const Strict = contract('house.v1', { chat: stream({ up: Room, down: z.string() }) })
  const caught: unknown[] = []
  const strict = serve(Strict, {
    async *chat(_, { up }) {
      try {
        for await (const { room } of up) yield room
      } catch (error) {
        caught.push(error)
        throw error
      }
    },
  })
  const { near } = await pair({ near: { use: [Loose] }, far: { serve: [strict], policy: all } })
  const chat = client(near, Loose).chat()
  await chat.write({ room: 'a' })
  await chat.write({ room: 5 })
  const down = chat[Symbol.asyncIterator]()
  expect(await down.next()).toEqual({ done: false, value: 'a' })
  const error = await failure(down.next())
  expect(SottoError.is(error, 'contract/invalid') && [error.details.path, error.ran]).toEqual(['room', 'maybe'])
  expect(caught.map(codeOf)).toEqual(['contract/invalid'])
  const { house } = await inHouse()
  const own = house.chat()
  expect(await code(own.write(JSON.parse('5')))).toBe('contract/invalid')
  await own.write('goes on')
  await own.end()
  expect(await collect(own)).toEqual(['xxxxxxx'])
})

test('ME-35 ME-8 an item that the handler’s own shape refuses is call/internal, one that the reader’s refuses ends it there', async () => {
  const { house } = await inHouse({ history: () => JSON.parse('null') ?? collectBad() })
  expect(await endOf(house.history({ room: 'a' }))).toBe('call/internal')
  const Other = contract('house.v1', { history: stream({ request: Room, down: z.string() }) })
  const { near } = await pair({ near: { use: [Other] }, far: { serve: [serve(House, handlers)], policy: all } }).catch(
    () => ({ near: undefined }),
  )
  if (near === undefined) return
  const error = await failure(collect(client(near, Other).history({ room: 'abc' })))
  expect(SottoError.is(error, 'contract/invalid') && error.ran).toBe('yes')
})

async function* collectBad() {
  yield JSON.parse('"text"')
}

test('SE-126 an item that the policy refuses ends the stream, and both ends know the decision', async () => {
  const policy: Policy = {
    version: 1,
    rules: [
      ...all.rules,
      {
        id: 'long',
        effect: 'deny',
        by: ['any'],
        verbs: ['stream'],
        on: ['house.v1.chat'],
        when: [{ attribute: 'bytes', is: 'gt', value: 10 }],
      },
    ],
  }
  const told = gate<unknown>()
  const { house, far } = await inHouse(
    {
      async *chat(_, { up, signal }) {
        signal.addEventListener('abort', () => told.open(signal.reason))
        for await (const length of up) yield String(length)
      },
    },
    {},
    policy,
  )
  const chat = house.chat()
  await chat.write('short')
  await chat.write('far too long')
  const error = await failure(collect(chat))
  expect(SottoError.is(error, 'policy/denied') && error.ran).toBe('maybe')
  expect(codeOf(await told.passed)).toBe('policy/denied')
  for await (const denial of far.denials) {
    expect(SottoError.is(error, 'policy/denied') && error.details.decision).toBe(denial.decision)
    break
  }
})

test('ME-36 a stream lasts until it is over; a time that is said ends it at both ends', async () => {
  const told = gate<unknown>()
  const { house } = await inHouse({
    async *history(_, { signal }) {
      yield 1
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      told.open(signal.reason)
    },
  })
  const late = house.history({ room: 'a' }, { timeoutMs: 5 })
  expect(await code(collect(late))).toBe('call/deadline')
  expect(['call/deadline', 'call/cancelled']).toContain(codeOf(await told.passed))
})

test('LI-12 SE-59 a session that is lost fails its streams at both ends, and one that closes lets them finish', async () => {
  const lost = unhandled()
  const seen = gate<unknown>()
  const { house, near } = await inHouse({
    async *chat(_, { up }) {
      try {
        for await (const length of up) yield String(length)
      } catch (error) {
        seen.open(error)
        throw error
      }
    },
  })
  const chat = house.chat()
  await chat.write('x')
  expect(await chat[Symbol.asyncIterator]().next()).toEqual({ done: false, value: '1' })
  near.abort()
  expect(await endOf(chat)).toBe('session/lost')
  expect(codeOf(await seen.passed)).toBe('session/lost')
  expect(await code(chat.write('y'))).toBe('session/lost')
  const second = await inHouse()
  const history = second.house.history({ room: 'kitchen' })
  const down = history[Symbol.asyncIterator]()
  await down.next()
  const closing = second.near.close()
  const rest = await collect({ [Symbol.asyncIterator]: () => down })
  await closing
  expect(rest).toEqual([1, 2, 3, 4, 5, 6])
  expect(await second.near.closed).toEqual({ clean: true })
  expect(await lost()).toEqual([])
})

test('ME-16 ME-17 SE-45 a stream or call that is given up while it waits for a handler leaves its place', async () => {
  const door = gate()
  const { house } = await inHouse({ ping: () => door.passed }, { concurrency: 1 })
  const first = house.ping()
  for (let round = 0; round < 3; round++) {
    const streams = Array.from({ length: 200 }, () => house.history({ room: 'a' }))
    for (const history of streams) history.abort()
    await Promise.all(streams.map(({ closed }) => closed))
    const controller = new AbortController()
    const calls = Array.from({ length: 50 }, () => failure(house.ping(undefined, { signal: controller.signal })))
    await turns()
    controller.abort()
    await Promise.all(calls)
    await turns()
  }
  door.open()
  await first
  expect(await collect(house.history({ room: 'abc' }))).toEqual([0, 1, 2])
})

test('ME-37 a stream of a link lives in one session, and without one has failed', async () => {
  const answering = listening({ serve: [serve(House, handlers)], policy: all })
  const link = linkOver(
    async () => {
      const [left, right] = memoryPair()
      void answering.accept(right)
      return left
    },
    dialling({ use: [House] }),
  )
  const house = client(link, House)
  expect(await endOf(house.history({ room: 'abc' }))).toBe('session/closed')
  const session = await link.session
  expect(await collect(house.history({ room: 'abc' }))).toEqual([0, 1, 2])
  const chat = house.chat()
  await chat.write('x')
  session.abort()
  expect(await endOf(chat)).toBe('session/lost')
  await link.session
  expect(await code(chat.write('y'))).toBe('session/lost')
  await link.close()
})

test('a context of a call has nothing that comes up', async () => {
  const { house } = await inHouse({
    ping: (_, context: Context) => {
      expect(() => context.up).toThrow(TypeError)
    },
  })
  await house.ping()
})

test('ME-11 a handler that reads when its session is lost fails with why, and is not reported for it', async () => {
  const begun = gate()
  const thrown = gate<unknown>()
  const failures: unknown[] = []
  const upload: Handlers<typeof House>['upload'] = async (_, { up }) => {
    try {
      for await (const chunk of up) begun.open(void chunk)
    } catch (error) {
      thrown.open(error)
      throw error
    }
  }
  const failed = (error: unknown): void => void failures.push(error)
  const { served, answers } = tapped(serve(House, { failed }, { ...handlers, upload }))
  const { near } = await pair({ near: { use: [House] }, far: { serve: [served], policy: all } })
  await client(near, House).upload({ room: 'a' }).write(new Uint8Array(5))
  await begun.passed
  near.abort()
  expect(codeOf(await thrown.passed)).toBe('session/lost')
  await Promise.all(answers.map(async (answer) => answer))
  expect(failures).toEqual([])
})

test('ME-11 a handler that reads when its stream is given up fails with why, and is not reported for it', async () => {
  for (const give of ['abort', 'timeoutMs'] as const) {
    const begun = gate()
    const thrown = gate<unknown>()
    const { house, failures } = await inHouse({
      upload: async (_, { up }) => {
        try {
          for await (const chunk of up) begun.open(void chunk)
        } catch (error) {
          thrown.open(error)
          throw error
        }
      },
    })
    const upload = house.upload({ room: 'a' }, give === 'abort' ? {} : { timeoutMs: 100 })
    await upload.write(new Uint8Array(5))
    await begun.passed
    if (give === 'abort') upload.abort()
    expect(['call/cancelled', 'call/deadline']).toContain(codeOf(await thrown.passed))
    await turns()
    expect(failures).toEqual([])
  }
})

test('SE-125 what nobody has read of a stream that was given up is not kept, and does not end as if it were all', async () => {
  const begun = gate()
  const door = gate()
  const read = gate<unknown>()
  const { house } = await inHouse({
    upload: async (_, { up }) => {
      begun.open()
      await door.passed
      read.open(await collect(up).catch(codeOf))
    },
  })
  const upload = house.upload({ room: 'a' })
  for (let count = 0; count < 3; count++) await upload.write(new Uint8Array(5))
  await upload.end()
  await begun.passed
  await house.ping()
  upload.abort()
  await house.ping()
  door.open()
  expect(await read.passed).toBe('call/cancelled')
})

test('ME-31 a stream of anything compiles at both ends, and hands on what came', async () => {
  const Any = contract('any.v1', { turn: stream({ up: z.any(), down: z.any() }) })
  const turn: Handlers<typeof Any>['turn'] = async function* (_, { up }) {
    for await (const { left } of up) yield { right: left }
  }
  const { near } = await pair({ near: { use: [Any] }, far: { serve: [serve(Any, { turn })], policy: all } })
  const turning = client(near, Any).turn()
  await turning.write({ left: 1 })
  await turning.end()
  expect(await collect(turning)).toEqual([{ right: 1 }])
})
