import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import type { Shape } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { client } from '../../src/messaging/client.js'
import { type Handlers, type ServeOptions, serve } from '../../src/messaging/serve.js'
import { loopback } from './loopback.js'

const Room = z.object({ room: z.string() })
const Nested = z.record(z.string(), z.array(z.object({ name: z.string() })))

const House = contract('house.v1', {
  read: requestResponse({ request: Room, response: z.number(), faults: { NoSuchRoom: Room } }),
  nest: requestResponse({ request: Nested }),
  log: oneWay(z.string()),
})
const handlers: Handlers<typeof House> = { read: () => 21, nest: () => undefined, log: () => {} }

const kitchen = { room: 'kitchen' }

/** A service whose failures are collected, and the answer to a `read`. */
const reading = (read: Handlers<typeof House>['read'], options: ServeOptions = {}) => {
  const failures: { error: unknown; address: string; incident: string }[] = []
  const failed: ServeOptions['failed'] = (error, { address }, incident) => failures.push({ error, address, incident })
  const { session, incoming } = loopback(serve(House, { failed, ...options }, { ...handlers, read }))
  const service = serve(House, { failed, ...options }, { ...handlers, read })
  const ask = (signal?: AbortSignal) => service.answer(incoming('read', kitchen, signal && { signal }))
  return { ask, failures, session, incoming }
}

const silenced = () => {
  const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => printed.mockRestore())
  return printed
}

/** Resolves when opened. */
const gate = () => {
  let open = () => {}
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { passed, open: () => open() }
}

test('ME-6 ME-5 a refused request is answered with its path, and no handler runs', async () => {
  const nest = vi.fn(() => undefined)
  const service = serve(House, { ...handlers, nest })
  const { incoming } = loopback(service)
  const path = async (value: Parameters<typeof incoming>[1]) => service.answer(incoming('nest', value))
  expect(await path({ items: [{ name: 'a' }, { name: 5 }] })).toEqual({ is: 'invalid', path: 'items.1.name' })
  expect(await path('text')).toEqual({ is: 'invalid', path: '' })
  expect(await path(undefined)).toEqual({ is: 'invalid', path: '' })
  // Keys are the sender's text: what is no token is not repeated.
  expect(await path({ 'the secret is 42': 5 })).toEqual({ is: 'invalid', path: '?' })
  expect(await path({ ['k'.repeat(65)]: [5] })).toEqual({ is: 'invalid', path: '?.0' })
  expect(nest).not.toHaveBeenCalled()
})

test('ME-5 a path has at most 32 elements, of any kind that a shape can name', async () => {
  const path = [{ key: 'a' }, 0, Symbol('secret'), ...Array.from({ length: 40 }, () => 'x')]
  const odd: Shape<string> = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no', path }] }) },
  }
  const Odd = contract('odd.v1', { tell: oneWay(odd) })
  const service = serve(Odd, { tell: () => {} })
  const answer = await service.answer(loopback(service).incoming('tell', 'a'))
  expect(answer).toEqual({ is: 'invalid', path: `a.0.?${'.x'.repeat(29)}` })
})

test('ME-8 a response that its shape refuses is call/internal', async () => {
  const { ask, failures } = reading(() => JSON.parse('"warm"'))
  const answer = await ask()
  expect(answer.is).toBe('internal')
  expect(SottoError.is(failures[0]?.error, 'contract/invalid')).toBe(true)
})

test('ME-9 a fault of the own context is answered as such, wherever it is thrown from', async () => {
  const { ask, failures } = reading(async (room, context) => {
    await Promise.resolve()
    context.fault('NoSuchRoom', { room: 'another' })
    throw context.fault('NoSuchRoom', room)
  })
  expect(await ask()).toEqual({ is: 'fault', name: 'NoSuchRoom', data: kitchen })
  expect(failures).toEqual([])
})

test('ME-9 a fault of another call, or one made by hand, is call/internal', async () => {
  let foreign: unknown
  const first = reading((room, context) => {
    foreign = context.fault('NoSuchRoom', room)
    throw foreign
  })
  await first.ask()
  const forged = SottoError.of('call/fault', 'NoSuchRoom', { details: { name: 'NoSuchRoom', data: kitchen } })
  for (const error of [foreign, forged]) {
    const { ask, failures } = reading(() => {
      throw error
    })
    expect((await ask()).is).toBe('internal')
    expect(failures[0]?.error).toBe(error)
  }
})

test('ME-9 a fault that is not declared, or whose data its shape refuses, is call/internal', async () => {
  for (const [name, data] of [
    ['Gone', kitchen],
    ['toString', kitchen],
    ['NoSuchRoom', { room: 5 }],
  ]) {
    const { ask, failures } = reading((_, context) => {
      throw Reflect.apply(context.fault, context, [name, data])
    })
    expect((await ask()).is).toBe('internal')
    expect(failures).toHaveLength(1)
  }
})

test.each([
  ['an exception', () => Promise.reject(new TypeError('secret'))],
  ['an exception thrown at once', () => Reflect.apply(JSON.parse, undefined, ['{'])],
  ['undefined', () => Promise.reject(undefined)],
  ['an error of another session', () => Promise.reject(SottoError.of('session/lost', 'gone'))],
])('ME-10 ME-11 %s is call/internal, with a fresh incident told at both ends', async (_, read) => {
  const { ask, failures } = reading(read)
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
  const answer = await service.answer(loopback(service).incoming('read', kitchen))
  expect(printed).toHaveBeenCalledTimes(1)
  const line = String(printed.mock.calls[0]?.[0])
  expect(line).toContain('sotto: call house.v1.read failed, incident ')
  expect(line).toContain('TypeError: two lines and [31m x')
  expect(answer.is === 'internal' && line.includes(answer.incident)).toBe(true)
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
  const Broken = contract('broken.v1', { tell: oneWay(broken) })
  const failed = vi.fn()
  const service = serve(Broken, { failed }, { tell: () => {} })
  expect((await service.answer(loopback(service).incoming('tell', 'a'))).is).toBe('internal')
  expect(failed).toHaveBeenCalledTimes(1)
})

test('ME-11 a handler that stops because it was told to has not failed', async () => {
  const stop = new AbortController()
  const { ask, failures } = reading(async (_, { signal }) => {
    stop.abort()
    signal.throwIfAborted()
    return 21
  })
  expect((await ask(stop.signal)).is).toBe('internal')
  expect(failures).toEqual([])
})

test('a handler knows its peer, session, signal and labels', async () => {
  const { signal } = new AbortController()
  const seen = vi.fn<Handlers<typeof House>['read']>(() => 21)
  const { session, incoming } = loopback(serve(House, { ...handlers, read: seen }))
  await client(session, House).read(kitchen, { signal, labels: { trace: '1' } })
  const context = seen.mock.calls[0]?.[1]
  expect([context?.peer, context?.session, context?.signal, context?.labels]).toEqual([
    incoming('read', kitchen).admitted.peer,
    session,
    signal,
    { trace: '1' },
  ])
  expect(Object.isFrozen(context)).toBe(true)
})

test('ME-16 a concurrency caps the handlers that run at once, over all sessions, in order', async () => {
  const doors = Array.from({ length: 5 }, gate)
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
  const [one, other] = [loopback(service).session, loopback(service).session]
  const reads = doors.map((_, room) => client(room % 2 === 0 ? one : other, House).read({ room: String(room) }))
  doors[1]?.open()
  await reads[1]
  for (const door of doors) door.open()
  expect(await Promise.all(reads)).toEqual([0, 1, 2, 3, 4])
  expect([started, most]).toEqual([[0, 1, 2, 3, 4], 2])
})

test('ME-16 a handler that fails gives its place back', async () => {
  const { ask } = reading(
    () => {
      throw new TypeError('failed')
    },
    { concurrency: 1 },
  )
  expect([(await ask()).is, (await ask()).is, (await ask()).is]).toEqual(['internal', 'internal', 'internal'])
})

test('ME-17 a message that is cancelled while it waits is not handled, and the next has its turn', async () => {
  const door = gate()
  const read = vi.fn(async () => {
    await door.passed
    return 21
  })
  const { ask, failures } = reading(read, { concurrency: 1 })
  const stop = new AbortController()
  const first = ask()
  const second = ask(stop.signal)
  const third = ask()
  stop.abort()
  // Settles while the first still runs: it is not kept.
  expect((await second).is).toBe('internal')
  expect((await ask(AbortSignal.abort())).is).toBe('internal')
  door.open()
  expect([await first, await third]).toEqual([
    { is: 'reply', value: 21 },
    { is: 'reply', value: 21 },
  ])
  expect(read).toHaveBeenCalledTimes(2)
  expect(failures).toEqual([])
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
  expect(await client(loopback(serve(House, new Kitchen())).session, House).read(kitchen)).toBe(21)
})

test('ME-19 around sees the call, runs the handler once and cannot change its outcome', async () => {
  const read = vi.fn(() => 21)
  const addresses: string[] = []
  const { ask } = reading(read, {
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
  const failing = reading(() => Promise.reject(new TypeError('failed')), { around })
  expect((await failing.ask()).is).toBe('internal')
  const faulty = reading((room, context) => Promise.reject(context.fault('NoSuchRoom', room)), { around })
  expect(await faulty.ask()).toEqual({ is: 'fault', name: 'NoSuchRoom', data: kitchen })
})

test('ME-19 around can fail a call, before, after or instead of its handler', async () => {
  const refusal = new TypeError('not now')
  const read = vi.fn(() => Promise.reject(new Error('nobody hears this')))
  const before = reading(read, { around: () => Promise.reject(refusal) })
  expect([(await before.ask()).is, before.failures[0]?.error]).toEqual(['internal', refusal])
  const instead = reading(read, { around: async () => {} })
  expect((await instead.ask()).is).toBe('internal')
  expect(instead.failures[0]?.error).toBeInstanceOf(TypeError)
  expect(read).not.toHaveBeenCalled()
  const unawaited = reading(read, {
    around: async (_, next) => {
      void next().catch(() => {})
      throw refusal
    },
  })
  expect([(await unawaited.ask()).is, unawaited.failures[0]?.error]).toEqual(['internal', refusal])
  const after = reading(() => 21, {
    around: async (_, next) => {
      await next()
      throw refusal
    },
  })
  expect([(await after.ask()).is, after.failures[0]?.error]).toEqual(['internal', refusal])
})

test('ME-20 a failed callback that fails is printed, and the message is answered', async () => {
  const printed = silenced()
  const { ask } = reading(() => Promise.reject(new Error('first')), {
    failed: () => {
      throw new Error('second')
    },
  })
  expect((await ask()).is).toBe('internal')
  expect(String(printed.mock.calls)).toContain('Error: second')
})

test('ME-20 an opened callback is told of the session, and its failure is printed', async () => {
  const printed = silenced()
  const opened = vi.fn<NonNullable<ServeOptions['opened']>>()
  const service = serve(House, { opened }, handlers)
  const { session } = loopback(service)
  service.opened?.(session)
  expect(opened).toHaveBeenCalledExactlyOnceWith(session)
  expect(printed).not.toHaveBeenCalled()
  const told = gate()
  printed.mockImplementation((line) => {
    if (String(line).includes('later')) told.open()
  })
  for (const broken of [
    () => {
      throw new Error('at once')
    },
    () => Promise.reject(new Error('later')),
  ]) {
    expect(() => serve(House, { opened: broken }, handlers).opened?.(session)).not.toThrow()
  }
  await told.passed
  expect(String(printed.mock.calls)).toContain('opened of house.v1 failed: Error: at once')
  expect(() => serve(House, handlers).opened?.(session)).not.toThrow()
})

test('an operation that the contract lacks is call/internal, whatever asked for it', async () => {
  const { incoming, failures } = reading(() => 21)
  const failed = vi.fn()
  const service = serve(House, { failed }, handlers)
  expect((await service.answer({ ...incoming('read', kitchen), operation: 'toString' })).is).toBe('internal')
  expect([failed.mock.calls.length, failures]).toEqual([1, []])
})
