import { expect, test } from 'vitest'
import * as z from 'zod'
import { decode } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { nothing, type Shape } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { bindCaller } from '../../src/link/face.js'
import { CALL_TIMEOUT_MS, client } from '../../src/messaging/client.js'
import { faultOf } from '../../src/messaging/fault.js'
import { serve } from '../../src/messaging/serve.js'
import { loopback } from './loopback.js'

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

const caught = async (run: () => unknown): Promise<unknown> => {
  try {
    await run()
  } catch (error) {
    return error
  }
  throw new Error('expected a failure')
}

test('ME-1 a value that its shape refuses is not sent', async () => {
  const { session, sent } = loopback(house)
  const { read, log } = client(session, House)
  for (const run of [() => Reflect.apply(read, undefined, [{ room: 5 }]), () => Reflect.apply(log, undefined, [5])]) {
    const error = await caught(run)
    expect(SottoError.is(error, 'contract/invalid') && error.ran).toBe('no')
  }
  expect(sent).toEqual([])
})

test('ME-2 ME-3 the wire carries the input, and each receiver gets the output of its shape', async () => {
  const { session, sent, answers } = loopback(house)
  heard.length = 0
  expect(await client(session, House).count('four')).toBe(4)
  await client(session, House).log('seven..')
  await Promise.all(answers)
  expect(heard).toEqual([4, 7])
  expect(sent.map(({ body }) => body && decode(body))).toEqual(['four', 'seven..'])
})

test('ME-3 a call of nothing has no body either way', async () => {
  const { session, sent, answers } = loopback(house)
  expect(await client(session, House).ping()).toBeUndefined()
  expect([sent[0]?.body, await answers[0]]).toEqual([undefined, { is: 'reply', value: undefined }])
})

test('ME-7 a response that the caller refuses ends the call, and the other side did run', async () => {
  const caller = { ...loopback(house).session }
  // Rows hold no shapes, so a peer can agree on the operation and answer with another value.
  bindCaller(caller, { call: async () => ({ celsius: 'warm' }), send: () => undefined })
  const error = await caught(() => client(caller, House).read({ room: 'kitchen' }))
  expect(SottoError.is(error, 'contract/invalid') && [error.ran, error.details.path]).toEqual(['yes', 'celsius'])
})

test('ME-9 ME-12 faultOf gives the name and output of a declared fault, for its operation alone', async () => {
  const { session } = loopback(house)
  const error = await caught(() => client(session, House).count('far too long'))
  expect(faultOf(error, House.operations.count)).toEqual({ name: 'TooLong', data: 12 })
  expect(faultOf(error, House.operations.read)).toBeUndefined()
  expect(faultOf(new Error('call/fault'), House.operations.count)).toBeUndefined()
  expect(faultOf(undefined, House.operations.count)).toBeUndefined()
  const forged = SottoError.of('call/fault', 'TooLong', { details: { name: 'TooLong', data: 5 } })
  expect(faultOf(forged, House.operations.count)).toBeUndefined()
  const other = await caught(() => client(session, House).read({ room: 'attic' }))
  expect(faultOf(other, House.operations.read)).toEqual({ name: 'NoSuchRoom', data: { room: 'attic' } })
})

test.each([
  ['an undeclared name', 'Gone', 'x'],
  ['a name found on every object', 'toString', 'x'],
  ['data that the shape refuses', 'TooLong', 5],
])('ME-12 a fault of the peer with %s is contract/invalid', async (_, name, data) => {
  const { session } = loopback(house)
  const caller = { ...session }
  const fault = () => SottoError.of('call/fault', name, { details: { name, data }, ran: 'yes' })
  bindCaller(caller, { call: async () => Promise.reject(fault()), send: () => undefined })
  const error = await caught(() => client(caller, House).count('four'))
  expect(SottoError.is(error, 'contract/invalid') && error.ran).toBe('yes')
  expect(faultOf(error, House.operations.count)).toBeUndefined()
})

test('ME-13 a call waits 30,000 ms unless it says otherwise, and hands on its other options', async () => {
  const { session, sent } = loopback(house)
  const { ping } = client(session, House)
  const { signal } = new AbortController()
  await ping()
  await ping(undefined, { timeoutMs: 500 })
  await ping(undefined, { signal, labels: { trace: '1' } })
  expect(CALL_TIMEOUT_MS).toBe(30_000)
  expect(sent.map(({ options }) => options)).toEqual([
    { timeoutMs: 30_000 },
    { timeoutMs: 500 },
    { timeoutMs: 30_000, signal, labels: { trace: '1' } },
  ])
})

test('ME-14 one settled promise serves all messages while there is credit, and a waiting one its own', async () => {
  const { session } = loopback(house)
  const { log } = client(session, House)
  expect(log('a')).toBe(log('b'))
  const caller = { ...session }
  const later = Promise.resolve()
  bindCaller(caller, { call: async () => undefined, send: () => later })
  expect(client(caller, House).log('c')).toBe(later)
})

test('ME-14 what the gate throws at a one-way message is a rejection', async () => {
  const { session } = loopback(house)
  const caller = { ...session }
  const denied = SottoError.of('policy/denied', 'no rule', { details: { decision: 'd', address: 'house.v1.log' } })
  bindCaller(caller, {
    call: async () => undefined,
    send: () => {
      throw denied
    },
  })
  expect(await caught(() => client(caller, House).log('a'))).toBe(denied)
  expect(await caught(() => client(caller, House).log('b'))).toBe(denied)
})

test('ME-15 a contract that the session does not use is contract/unserved', async () => {
  const { session } = loopback(house)
  const Twin = contract('house.v1', { log: oneWay(nothing) })
  const error = await caught(() => Reflect.apply(client, undefined, [session, Twin]))
  expect(SottoError.is(error, 'contract/unserved') && error.details).toEqual({ contract: 'house.v1' })
})

test('a client is one frozen object of functions that inherits nothing', async () => {
  const acts = client(loopback(house).session, House)
  expect(Object.keys(acts)).toEqual(['read', 'count', 'ping', 'log'])
  expect([Object.isFrozen(acts), Object.getPrototypeOf(acts), 'then' in acts]).toEqual([true, null, false])
  const { ping } = acts
  expect(await ping()).toBeUndefined()
})

test('ME-4 a shape that answers with a promise refuses the value, whichever way the promise ends', async () => {
  const answering = (result: () => Promise<{ value: string }>): Shape<string> => ({
    '~standard': { version: 1, vendor: 'test', validate: result },
  })
  for (const result of [async () => ({ value: 'a' }), () => Promise.reject(new Error('late'))]) {
    const Slow = contract('slow.v1', { tell: oneWay(answering(result)) })
    const { session, sent } = loopback(serve(Slow, { tell: () => {} }))
    const error = await caught(() => client(session, Slow).tell('a'))
    expect(SottoError.is(error, 'contract/invalid') && error.details).toEqual({ path: '' })
    expect(sent).toEqual([])
  }
})
