import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import type { Shape } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { callerOf } from '../../src/link/face.js'
import { client } from '../../src/messaging/client.js'
import { type Handlers, type ServeOptions, serve } from '../../src/messaging/serve.js'
import { alice, all, code, codeOf, gate, pair, unhandled } from '../link/sessions.js'
import { Order } from './flows.js'
import { outcome, tapped } from './service.js'
import { turns } from './topics.js'

const Room = z.object({ room: z.string() })
const Nested = z.record(z.string(), z.array(z.object({ name: z.string() })))

const House = contract('house.v1', {
  read: requestResponse({ request: Room, response: z.number(), faults: { NoSuchRoom: Room } }),
  nest: requestResponse({ request: Nested }),
  log: oneWay(z.string()),
})
const handlers: Handlers<typeof House> = { read: () => 21, nest: () => undefined, log: () => {} }

const kitchen = { room: 'kitchen' }

const refusal = new TypeError('not now')

const throwIt = (text?: string): never => {
  throw text === undefined ? refusal : new Error(text)
}

/** A session with a service of the house. */
const inHouse = (service: Parameters<typeof tapped>[0]) => pair({ near: { use: [House] }, far: { serve: [service] } })

/** A session whose listener reads as told, how a `read` ends, and what failed there. */
const reading = async (read: Handlers<typeof House>['read'], options: ServeOptions = {}) => {
  const failures: { error: unknown; address: string; incident: string }[] = []
  const failed: ServeOptions['failed'] = (error, { address }, incident) => failures.push({ error, address, incident })
  const { near, far } = await inHouse(serve(House, { failed, ...options }, { ...handlers, read }))
  const ask = (signal?: AbortSignal) => outcome(client(near, House).read(kitchen, signal && { signal }))
  return { ask, failures, near, far }
}

const silenced = () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  return printed
}

test('ME-6 ME-5 a refused request is answered with its path, and no handler runs', async () => {
  const nest = vi.fn(() => undefined)
  const { near } = await inHouse(serve(House, { ...handlers, nest }))
  // Past the own shape, as a peer of another make could.
  const path = (value: Parameters<ReturnType<typeof callerOf>['call']>[2]) =>
    outcome(callerOf(near).call('house.v1', 'nest', value, {}))
  expect(await path({ items: [{ name: 'a' }, { name: 5 }] })).toEqual({ is: 'invalid', path: 'items.1.name' })
  expect(await path('text')).toEqual({ is: 'invalid', path: '' })
  expect(await path(undefined)).toEqual({ is: 'invalid', path: '' })
  // Keys are the sender's text: what is no token is not repeated.
  expect(await path({ 'the secret is 42': 5 })).toEqual({ is: 'invalid', path: '?' })
  expect(await path({ ['k'.repeat(66)]: [5] })).toEqual({ is: 'invalid', path: '?.0' })
  expect(nest).not.toHaveBeenCalled()
})

test('ME-5 a path has at most 32 elements, of any kind that a shape can name', async () => {
  const path = [{ key: 'a' }, 0, Symbol('secret'), ...Array.from({ length: 40 }, () => 'x')]
  const odd: Shape<string> = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no', path }] }) },
  }
  const Odd = contract('odd.v1', { tell: requestResponse({ request: odd }) })
  const { near } = await pair({ near: { use: [Odd] }, far: { serve: [serve(Odd, { tell: () => {} })] } })
  expect(await outcome(callerOf(near).call('odd.v1', 'tell', 'a', {}))).toEqual({
    is: 'invalid',
    path: `a.0.?${'.x'.repeat(29)}`,
  })
})

test('ME-8 a response that its shape refuses is call/internal', async () => {
  const { ask, failures } = await reading(() => JSON.parse('"warm"'))
  expect(await ask()).toEqual({ is: 'internal', incident: failures[0]?.incident })
  expect(SottoError.is(failures[0]?.error, 'contract/invalid')).toBe(true)
})

test('ME-9 a fault of the own context is answered as such, wherever it is thrown from', async () => {
  const { ask, failures } = await reading(async (room, { fault }) => {
    await Promise.resolve()
    fault('NoSuchRoom', { room: 'another' })
    throw fault('NoSuchRoom', room)
  })
  expect(await ask()).toEqual({ is: 'fault', name: 'NoSuchRoom', data: kitchen })
  expect(failures).toEqual([])
})

test('ME-9 a fault of another call, or one made by hand, is call/internal', async () => {
  let foreign: unknown
  const first = await reading((room, context) => {
    foreign = context.fault('NoSuchRoom', room)
    throw foreign
  })
  await first.ask()
  const forged = SottoError.of('call/fault', 'NoSuchRoom', { details: { name: 'NoSuchRoom', data: kitchen } })
  for (const error of [foreign, forged]) {
    const { ask, failures } = await reading(() => {
      throw error
    })
    expect(await ask()).toEqual({ is: 'internal', incident: failures[0]?.incident })
    expect(failures[0]?.error).toBe(error)
  }
})

test('ME-9 a fault that is not declared, or whose data its shape refuses, is call/internal', async () => {
  for (const [name, data] of [
    ['Gone', kitchen],
    ['toString', kitchen],
    ['NoSuchRoom', { room: 5 }],
  ]) {
    const { ask, failures } = await reading((_, context) => {
      throw Reflect.apply(context.fault, context, [name, data])
    })
    expect(await ask()).toEqual({ is: 'internal', incident: failures[0]?.incident })
    expect(failures).toHaveLength(1)
  }
})

test.each([
  ['an exception', () => Promise.reject(new TypeError('secret'))],
  ['an exception thrown at once', () => Reflect.apply(JSON.parse, undefined, ['{'])],
  ['undefined', () => Promise.reject(undefined)],
  ['an error of another session', () => Promise.reject(SottoError.of('session/lost', 'gone'))],
])('ME-10 ME-11 %s is call/internal, with a fresh incident told at both ends', async (_, read) => {
  const { ask, failures } = await reading(read)
  const answers = [await ask(), await ask()]
  expect(answers).toEqual(failures.map(({ incident }) => ({ is: 'internal', incident })))
  expect(new Set(failures.map(({ incident }) => incident)).size).toBe(2)
  for (const { incident, address } of failures) {
    expect(incident).toMatch(/^[0-9a-f]{32}$/)
    expect(address).toBe('house.v1.read')
  }
})

test('ME-11 a failure is printed as one line without the body unless a service says otherwise', async () => {
  const printed = silenced()
  const service = serve(House, {
    ...handlers,
    read: () => {
      throw new TypeError(`two\r\nlines\u2028and\u001b[31m ${'x'.repeat(300)}`)
    },
  })
  const { near } = await inHouse(service)
  const answer = await outcome(client(near, House).read(kitchen))
  expect(printed).toHaveBeenCalledTimes(1)
  const line = String(printed.mock.calls[0]?.[0])
  expect(line).toContain('sotto: call house.v1.read failed, incident ')
  expect(line).toContain('TypeError: two lines and [31m x')
  expect(answer).toEqual({ is: 'internal', incident: /incident ([0-9a-f]{32}):/.exec(line)?.[1] })
  expect(line.length).toBeLessThan(300)
  expect(line).not.toMatch(/kitchen|[\p{Cc}\p{Zl}]/u)
})

test('ME-10 a shape that throws is a failure of this end', async () => {
  const broken: Shape<string> = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => {
        throw new TypeError('broken')
      },
    },
  }
  const Broken = contract('broken.v1', { tell: requestResponse({ request: broken }) })
  const failed = vi.fn()
  const service = serve(Broken, { failed }, { tell: () => {} })
  const { near } = await pair({ near: { use: [Broken] }, far: { serve: [service] } })
  expect(await outcome(callerOf(near).call('broken.v1', 'tell', 'a', {}))).toMatchObject({ is: 'internal' })
  expect(failed).toHaveBeenCalledTimes(1)
})

test('ME-11 a handler that stops because it was told to has not failed', async () => {
  const stop = new AbortController()
  const begun = gate()
  const stopped = gate()
  const { ask, failures, near } = await reading(async (_, { signal }) => {
    begun.open()
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    stopped.open()
    signal.throwIfAborted()
    return 21
  })
  const asked = code(ask(stop.signal))
  await begun.passed
  stop.abort()
  expect(await asked).toBe('call/cancelled')
  await stopped.passed
  await near.ping()
  expect(failures).toEqual([])
})

test('a handler knows its peer, session, signal and labels, and can change none of them', async () => {
  const seen = vi.fn<Handlers<typeof House>['read']>(() => 21)
  const { near, far } = await inHouse(serve(House, { ...handlers, read: seen }))
  await client(near, House).read(kitchen, { labels: { trace: '1' } })
  const context = seen.mock.calls[0]?.[1]
  expect([context?.peer.id, context?.labels]).toEqual([alice.id, { trace: '1' }])
  expect(context?.session).toBe(far)
  expect(context?.signal.aborted).toBe(false)
  expect(context?.signal).toBe(context?.signal)
  for (const name of ['peer', 'session', 'signal', 'labels', 'fault'])
    expect(() => Object.assign(context ?? {}, { [name]: undefined })).toThrow(TypeError)
})

test("what a handler of a one-way message returns is nobody's", async () => {
  const failed = vi.fn()
  const service = serve(House, { failed }, { ...handlers, log: () => JSON.parse('{"then": 5}') })
  const { near } = await inHouse(service)
  await client(near, House).log('a')
  expect(await client(near, House).read(kitchen)).toBe(21)
  expect(failed).not.toHaveBeenCalled()
})

test('a handler that does not wait is answered for at once', async () => {
  const { served, answers } = tapped(serve(House, { ...handlers, nest: async () => undefined }))
  const { near } = await inHouse(served)
  const { read, log, nest } = client(near, House)
  await log('a')
  expect(await read(kitchen)).toBe(21)
  await nest({})
  expect(answers.slice(0, 2)).toEqual([undefined, { is: 'reply', value: 21 }])
  expect(answers[2]).toBeInstanceOf(Promise)
})

test('ME-16 a concurrency caps the handlers that run at once, over all sessions, in order', async () => {
  const doors = Array.from({ length: 5 }, () => gate())
  const started: number[] = []
  let running = 0
  let most = 0
  const service = serve(
    House,
    { concurrency: 2 },
    {
      ...handlers,
      read: async ({ room }) => {
        started.push(Number(room))
        most = Math.max(most, ++running)
        await doors[Number(room)]?.passed
        running--
        return Number(room)
      },
    },
  )
  const [one, other] = [(await inHouse(service)).near, (await inHouse(service)).near]
  const reads: Promise<number>[] = []
  for (const [room] of doors.entries()) {
    const session = room % 2 === 0 ? one : other
    reads.push(client(session, House).read({ room: String(room) }))
    // Each is at the service before the next is sent.
    await session.ping()
  }
  doors[1]?.open()
  await reads[1]
  for (const door of doors) door.open()
  expect(await Promise.all(reads)).toEqual([0, 1, 2, 3, 4])
  expect([started, most]).toEqual([[0, 1, 2, 3, 4], 2])
})

test('ME-16 a handler that fails gives its place back, and so does one whose answer is refused', async () => {
  const throws = () => {
    throw new TypeError('failed')
  }
  for (const read of [throws, () => JSON.parse('"warm"'), async () => throws(), async () => JSON.parse('"warm"')]) {
    const { ask, failures } = await reading(read, { concurrency: 1 })
    const answers = [await ask(), await ask(), await ask()]
    expect(answers).toEqual(failures.map(({ incident }) => ({ is: 'internal', incident })))
    expect(answers).toHaveLength(3)
  }
})

test('ME-17 a message that is cancelled while it waits is not handled, and the next has its turn', async () => {
  const door = gate()
  const begun = gate()
  const read = vi.fn(async () => {
    begun.open()
    await door.passed
    return 21
  })
  const { ask, failures, near } = await reading(read, { concurrency: 1 })
  const stop = new AbortController()
  const first = ask()
  const second = code(ask(stop.signal))
  const third = ask()
  await begun.passed
  stop.abort()
  expect(await second).toBe('call/cancelled')
  await near.ping()
  door.open()
  expect([await first, await third]).toEqual([
    { is: 'reply', value: 21 },
    { is: 'reply', value: 21 },
  ])
  expect(read).toHaveBeenCalledTimes(2)
  expect(failures).toEqual([])
})

test('ME-17 what waits when its session is lost is not handled', async () => {
  const door = gate()
  const begun = gate()
  const log = vi.fn()
  const service = serve(
    House,
    { concurrency: 1 },
    {
      ...handlers,
      log,
      read: async () => {
        begun.open()
        await door.passed
        return 21
      },
    },
  )
  const [first, second] = [await inHouse(service), await inHouse(service)]
  const held = client(first.near, House).read(kitchen)
  await begun.passed
  await client(second.near, House).log('lost')
  await client(second.near, House).log('lost')
  await second.near.ping()
  await second.near.ping()
  second.near.abort()
  await second.far.closed
  await client(first.near, House).log('kept')
  door.open()
  await held
  await client(first.near, House).read(kitchen)
  expect(log.mock.calls.map(([text]) => text)).toEqual(['kept'])
})

test('ME-18 a service lacks no handler, and its concurrency is a whole number of 1 or more', () => {
  const { log, ...others } = handlers
  expect(log).toBeTypeOf('function')
  expect(() => Reflect.apply(serve, undefined, [House, others])).toThrow(TypeError)
  expect(() => Reflect.apply(serve, undefined, [House, { ...others, log: 'print' }])).toThrow(TypeError)
  for (const concurrency of [0, -1, 1.5, Number.NaN]) {
    expect(() => serve(House, { concurrency }, handlers)).toThrow(RangeError)
  }
  expect(serve(House, { concurrency: 1 }, handlers).contract).toBe(House)
})

test('handlers are called as methods of their object', async () => {
  class Kitchen implements Handlers<typeof House> {
    readonly #celsius = 21
    read() {
      return this.#celsius
    }
    nest() {
      return undefined
    }
    log() {}
  }
  const { near } = await inHouse(serve(House, new Kitchen()))
  expect(await client(near, House).read(kitchen)).toBe(21)
})

test('ME-19 around sees the call, runs the handler once and cannot change its outcome', async () => {
  const read = vi.fn(() => 21)
  const addresses: string[] = []
  const { ask } = await reading(read, {
    around: async (call, next) => {
      addresses.push(`${call.verb} ${call.address}`)
      await Promise.all([next(), next()])
      await next()
    },
  })
  expect(await ask()).toEqual({ is: 'reply', value: 21 })
  expect([read.mock.calls.length, addresses]).toEqual([1, ['call house.v1.read']])
})

test('ME-19 around cannot swallow a failure or a fault', async () => {
  const around: ServeOptions['around'] = async (_, next) => {
    await next().catch(() => {})
  }
  const failing = await reading(() => Promise.reject(new TypeError('failed')), { around })
  expect(await failing.ask()).toMatchObject({ is: 'internal' })
  const faulty = await reading((room, context) => Promise.reject(context.fault('NoSuchRoom', room)), { around })
  expect(await faulty.ask()).toEqual({ is: 'fault', name: 'NoSuchRoom', data: kitchen })
})

test.each<[string, ServeOptions['around'], Handlers<typeof House>['read'], boolean]>([
  ['before its handler', () => Promise.reject(refusal), () => 21, false],
  ['at once', () => throwIt(), () => 21, false],
  [
    'while its handler runs',
    async (_, next) => {
      void next().catch(() => {})
      throw refusal
    },
    () => Promise.reject(new Error('nobody hears this')),
    true,
  ],
  [
    'after its handler',
    async (_, next) => {
      await next()
      throw refusal
    },
    () => 21,
    true,
  ],
])('ME-19 around can fail a call %s', async (_, around, run, ran) => {
  const read = vi.fn(run)
  const { ask, failures } = await reading(read, { ...(around && { around }) })
  expect(await ask()).toEqual({ is: 'internal', incident: failures[0]?.incident })
  expect([failures[0]?.error, read.mock.calls.length > 0]).toEqual([refusal, ran])
})

/** Fails as soon as it has started its handler. */
const hasty: ServeOptions['around'] = async (_, next) => {
  void next()
  throw refusal
}

test('ME-16 ME-19 a handler whose around fails early keeps its place until it is done', async () => {
  const lost = unhandled()
  const door = gate()
  let running = 0
  const most: number[] = []
  const { ask, failures, near } = await reading(
    async () => {
      most.push(++running)
      await door.passed
      running--
      throw new Error('nobody hears this')
    },
    { concurrency: 1, around: hasty },
  )
  const asked = [ask(), ask()]
  await near.ping()
  await turns()
  expect(most).toEqual([1])
  door.open()
  expect(await Promise.all(asked)).toEqual(failures.map(({ incident }) => ({ is: 'internal', incident })))
  expect([failures.map(({ error }) => error), most]).toEqual([
    [refusal, refusal],
    [1, 1],
  ])
  expect(await lost()).toEqual([])
})

test('ME-19 CV-12 a step whose around fails early keeps its turn until its handler is done', async () => {
  const doors = [gate(), gate()]
  let begun = 0
  const service = serve(
    Order,
    { around: hasty, failed: () => {} },
    {
      place: async () => {
        await doors[begun++]?.passed
        return { items: [] }
      },
      accept: () => [],
      decline: () => {},
      list: () => [],
    },
  )
  const { near } = await pair({ near: { use: [Order] }, far: { serve: [service] } })
  const place = () => code(client(near, Order).place({ orderId: '7', item: 'tea' }))
  const first = place()
  await near.ping()
  await turns()
  expect(begun).toBe(1)
  const second = place()
  await near.ping()
  await turns()
  expect(begun).toBe(1)
  doors[0]?.open()
  expect([await first, await second]).toEqual(['call/internal', 'flow/refused'])
  const third = place()
  await near.ping()
  await turns()
  expect(begun).toBe(2)
  doors[1]?.open()
  expect(await third).toBe('call/internal')
})

test('ME-19 a next that is called behind the end of its around starts nothing', async () => {
  const lost = unhandled()
  const read = vi.fn(() => 21)
  const late = gate<() => Promise<void>>()
  const { ask } = await reading(read, { around: async (_, next) => late.open(next) })
  expect(await ask()).toMatchObject({ is: 'internal' })
  const next = await late.passed
  expect(await code(next)).toBeInstanceOf(TypeError)
  expect(read).not.toHaveBeenCalled()
  expect(await lost()).toEqual([])
})

test('ME-19 around that never calls its next fails the call', async () => {
  const read = vi.fn(() => 21)
  const { ask, failures } = await reading(read, { around: async () => {} })
  expect(await ask()).toMatchObject({ is: 'internal' })
  expect(failures[0]?.error).toBeInstanceOf(TypeError)
  expect(read).not.toHaveBeenCalled()
})

test('ME-20 a failed callback that fails is printed, and the message is answered', async () => {
  const printed = silenced()
  const { ask } = await reading(() => Promise.reject(new Error('first')), {
    failed: () => {
      throw new Error('second')
    },
  })
  expect(await ask()).toMatchObject({ is: 'internal' })
  expect(String(printed.mock.calls)).toContain('Error: second')
})

test('ME-20 an opened callback is told of the session, and its failure is printed', async () => {
  const printed = silenced()
  const opened = vi.fn<NonNullable<ServeOptions['opened']>>()
  const { far } = await inHouse(serve(House, { opened }, handlers))
  expect(opened).toHaveBeenCalledExactlyOnceWith(far)
  expect(printed).not.toHaveBeenCalled()
  const told = gate()
  printed.mockImplementation((line) => {
    if (String(line).includes('later')) told.open()
  })
  for (const broken of [() => throwIt('at once'), () => Promise.reject(new Error('later'))]) {
    const { near } = await inHouse(serve(House, { opened: broken }, handlers))
    expect(await client(near, House).read(kitchen)).toBe(21)
  }
  await told.passed
  expect(String(printed.mock.calls)).toContain('opened of house.v1 failed: Error: at once')
})

test('an operation that the contract lacks is call/internal, whatever asked for it', async () => {
  const failed = vi.fn()
  const service = serve(House, { failed }, handlers)
  const { served, incoming } = tapped(service)
  const { near, far } = await inHouse(served)
  await client(near, House).read(kitchen)
  const [message] = incoming
  if (message === undefined) throw new Error('expected a message')
  const { admitted, labels, signal, stands, subject, step, timeLeftMs } = message
  const rest = { session: far, operation: 'toString', value: kitchen, stream: undefined }
  const odd = { admitted, labels, signal, stands, subject, step, timeLeftMs, ...rest }
  expect(service.answer(odd)).toMatchObject({ is: 'internal' })
  expect(failed).toHaveBeenCalledTimes(1)
})

test('ME-45 a one-way message that the shape refuses is reported here, refused there, and gives its credit back', async () => {
  const failed = vi.fn()
  const { near } = await inHouse(serve(House, { failed }, handlers))
  for (let n = 0; n < 3; n++) await callerOf(near).send('house.v1', 'log', n, {})
  await near.ping()
  expect(failed.mock.calls.map(([error]) => codeOf(error))).toEqual(Array(3).fill('contract/invalid'))
  await near.close()
  const refused = { verb: 'send', address: 'house.v1.log' }
  expect(await all(near.refusals)).toMatchObject([refused, refused, refused])
})
