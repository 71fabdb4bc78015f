import { afterEach, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { nothing, type Shape } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import type { Answer, Served } from '../../src/link/face.js'
import { CALL_TIMEOUT_MS } from '../../src/messaging/calloptions.js'
import { client } from '../../src/messaging/client.js'
import { faultOf } from '../../src/messaging/fault.js'
import { serve } from '../../src/messaging/serve.js'
import type { Policy } from '../../src/policy/rule.js'
import { never } from '../link/faulty.js'
import { failure, gate, pair } from '../link/sessions.js'
import { answering, tapped } from './service.js'

const Room = z.object({ room: z.string() })
const Length = z.string().transform((text) => text.length)

const House = contract('house.v1', {
  read: requestResponse({ request: Room, response: z.object({ celsius: z.number() }), faults: { NoSuchRoom: Room } }),
  count: requestResponse({ request: Length, response: Length, faults: { TooLong: Length } }),
  ping: requestResponse({}),
  log: oneWay(Length),
})

const heard: unknown[] = []
const house = serve(House, {
  read: ({ room }, context) => {
    if (room === 'attic') throw context.fault('NoSuchRoom', { room })
    return { celsius: 21 }
  },
  count: (length, context) => {
    heard.push(length)
    if (length > 9) throw context.fault('TooLong', 'x'.repeat(length))
    return 'y'.repeat(length)
  },
  ping: () => undefined,
  log: (length) => {
    heard.push(length)
  },
})

/** A session whose listener serves the house, or what is given. */
const inHouse = async (served: Served = house, policy?: Policy) => {
  const { near } = await pair({ near: { use: [House], ...(policy && { policy }) }, far: { serve: [served] } })
  return near
}

afterEach(() => vi.useRealTimers())

test('ME-1 a value that its shape refuses is not sent', async () => {
  const { served, incoming } = tapped(house)
  const session = await inHouse(served)
  const { read, log } = client(session, House)
  for (const run of [() => Reflect.apply(read, undefined, [{ room: 5 }]), () => Reflect.apply(log, undefined, [5])]) {
    const error = await failure(run)
    expect(SottoError.is(error, 'contract/invalid') && error.ran).toBe('no')
  }
  await client(session, House).ping()
  expect(incoming.map(({ operation }) => operation)).toEqual(['ping'])
})

test('ME-2 ME-3 the wire carries the input, and each receiver gets the output of its shape', async () => {
  const { served, incoming } = tapped(house)
  const session = await inHouse(served)
  heard.length = 0
  expect(await client(session, House).count('four')).toBe(4)
  await client(session, House).log('seven..')
  await client(session, House).ping()
  expect(heard).toEqual([4, 7])
  expect(incoming.map(({ value }) => value)).toEqual(['four', 'seven..', undefined])
})

test('ME-3 a call of nothing has no body either way', async () => {
  const { served, incoming, answers } = tapped(house)
  const session = await inHouse(served)
  expect(await client(session, House).ping()).toBeUndefined()
  expect([incoming[0]?.value, answers]).toEqual([undefined, [{ is: 'reply', value: undefined }]])
})

test('ME-7 a response that the caller refuses ends the call, and the other side did run', async () => {
  // Rows hold no shapes, so a peer can agree on the operation and answer with another value.
  const session = await inHouse(answering(house, { is: 'reply', value: { celsius: 'warm' } }))
  const error = await failure(client(session, House).read({ room: 'kitchen' }))
  expect(SottoError.is(error, 'contract/invalid') && [error.ran, error.details.path]).toEqual(['yes', 'celsius'])
})

test('ME-9 ME-12 faultOf gives the name and output of a declared fault, for its operation alone', async () => {
  const session = await inHouse()
  const error = await failure(client(session, House).count('far too long'))
  expect(faultOf(error, House.operations.count)).toEqual({ name: 'TooLong', data: 12 })
  expect(faultOf(error, House.operations.read)).toBeUndefined()
  expect(faultOf(new Error('call/fault'), House.operations.count)).toBeUndefined()
  expect(faultOf(undefined, House.operations.count)).toBeUndefined()
  const forged = SottoError.of('call/fault', 'TooLong', { details: { name: 'TooLong', data: 5 } })
  expect(faultOf(forged, House.operations.count)).toBeUndefined()
  const other = await failure(client(session, House).read({ room: 'attic' }))
  expect(faultOf(other, House.operations.read)).toEqual({ name: 'NoSuchRoom', data: { room: 'attic' } })
})

test.each<[string, Answer]>([
  ['an undeclared name', { is: 'fault', name: 'Gone', data: 'x' }],
  ['a name found on every object', { is: 'fault', name: 'toString', data: 'x' }],
  ['data that the shape refuses', { is: 'fault', name: 'TooLong', data: 5 }],
  ['no data where the shape wants some', { is: 'fault', name: 'TooLong', data: undefined }],
])('ME-12 a fault of the peer with %s is contract/invalid', async (_, answer) => {
  const session = await inHouse(answering(house, answer))
  const error = await failure(client(session, House).count('four'))
  expect(SottoError.is(error, 'contract/invalid') && error.ran).toBe('yes')
  expect(faultOf(error, House.operations.count)).toBeUndefined()
})

test('ME-13 a call waits 30,000 ms unless it says otherwise, on the wire too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const policy: Policy = {
    version: 1,
    rules: [
      {
        id: 'default',
        effect: 'deny',
        to: ['any'],
        verbs: ['call'],
        on: ['house.v1.read'],
        when: [{ attribute: 'ttlMs', is: 'ne', value: CALL_TIMEOUT_MS }],
      },
    ],
  }
  const session = await inHouse({ ...house, answer: () => never<undefined>() }, policy)
  const { read, ping } = client(session, House)
  expect(CALL_TIMEOUT_MS).toBe(30_000)
  const calls = [read({ room: 'hall' }), ping(undefined, { timeoutMs: 500 })].map((call) => failure(call))
  const denied = await failure(read({ room: 'hall' }, { timeoutMs: 29_999 }))
  expect(SottoError.is(denied, 'policy/denied')).toBe(true)
  const done: number[] = []
  for (const [i, call] of calls.entries()) void call.then(() => done.push(i))
  const pass = async (ms: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(ms)
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  await pass(499)
  expect(done).toEqual([])
  await pass(1)
  expect(done).toEqual([1])
  for (let ms = 500; ms < 29_500; ms += 1_000) await pass(1_000)
  await pass(499)
  expect(done).toEqual([1])
  await pass(1)
  expect(await calls[0]).toSatisfy((error) => SottoError.is(error, 'call/deadline'))
})

test('a call hands on its labels', async () => {
  const { served, incoming } = tapped(house)
  await client(await inHouse(served), House).ping(undefined, { labels: { trace: '1' } })
  expect(incoming.map(({ labels }) => labels)).toEqual([{ trace: '1' }])
})

test('ME-14 one settled promise serves all messages while there is credit, and a waiting one its own', async () => {
  const door = gate()
  const Slow = contract('slow.v1', { tell: oneWay(z.string()) })
  const slow = serve(Slow, { tell: () => door.passed })
  const { near } = await pair({ near: { use: [Slow] }, far: { serve: [slow] } })
  const { tell } = client(near, Slow)
  expect(tell('a')).toBe(tell('b'))
  const text = 'x'.repeat(65_536)
  // Over what 256 handlers hold and the session window.
  const sends = Array.from({ length: 300 }, () => tell(text))
  expect(new Set(sends).size).toBeGreaterThan(1)
  let taken = false
  const last = Promise.all(sends).then(() => {
    taken = true
  })
  await near.ping()
  expect(taken).toBe(false)
  door.open()
  await last
})

test('ME-14 what the gate throws at a one-way message is a rejection', async () => {
  const policy: Policy = {
    version: 1,
    rules: [{ id: 'quiet', effect: 'deny', to: ['any'], verbs: ['send'], on: ['house.v1.log'] }],
  }
  const { log } = client(await inHouse(house, policy), House)
  for (const error of [await failure(log('a')), await failure(log('b'))])
    expect(SottoError.is(error, 'policy/denied') && [error.details.address, error.ran]).toEqual(['house.v1.log', 'no'])
})

test('ME-15 a contract that the session does not use is contract/unserved', async () => {
  const session = await inHouse()
  const Twin = contract('house.v1', { log: oneWay(nothing) })
  const error = await failure(() => Reflect.apply(client, undefined, [session, Twin]))
  expect(SottoError.is(error, 'contract/unserved') && error.details).toEqual({ contract: 'house.v1' })
})

test('a client is one frozen object of functions that inherits nothing', async () => {
  const acts = client(await inHouse(), House)
  expect(Object.keys(acts)).toEqual(['read', 'count', 'ping', 'log'])
  expect([Object.isFrozen(acts), Object.getPrototypeOf(acts), 'then' in acts]).toEqual([true, null, false])
  const { ping } = acts
  expect(await ping()).toBeUndefined()
})

test('ME-4 a shape that answers with a promise refuses the value, whichever way the promise ends', async () => {
  const slowly = (result: () => Promise<{ value: string }>): Shape<string> => ({
    '~standard': { version: 1, vendor: 'test', validate: result },
  })
  for (const result of [async () => ({ value: 'a' }), () => Promise.reject(new Error('late'))]) {
    const Slow = contract('slow.v1', { tell: oneWay(slowly(result)) })
    const { served, incoming } = tapped(serve(Slow, { tell: () => {} }))
    const { near } = await pair({ near: { use: [Slow] }, far: { serve: [served] } })
    const error = await failure(client(near, Slow).tell('a'))
    expect(SottoError.is(error, 'contract/invalid') && error.details).toEqual({ path: '' })
    await near.close()
    expect(incoming).toEqual([])
  }
})
