import { readFileSync } from 'node:fs'
import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { contract, MAX_NAMES, MAX_OPERATIONS } from '../../src/contract/define.js'
import { oneWay, queue, requestResponse, topic } from '../../src/contract/operation.js'
import { bytes, nothing, type Shape } from '../../src/contract/shape.js'

const Room = z.object({ room: z.string(), floor: z.number(), lit: z.boolean() })
const log = oneWay(z.string())
const numbered = (count: number, of: string) => Array.from({ length: count }, (_, index) => `${of}${index}`)

test('CO-1 CO-3 a contract name outside the grammar, or under sotto., is a RangeError', () => {
  expect(() => contract('thermostat.v01', { log })).toThrow(RangeError)
  expect(() => contract('thermostat.v1.5', { log })).toThrow(RangeError)
  expect(() => contract('sotto.v1', { log })).toThrow(RangeError)
  expect(() => contract('sotto.session.v1', { log })).toThrow(RangeError)
  expect(contract('sottovoce.v1', { log }).name).toBe('sottovoce.v1')
})

test('CO-4 CO-5 an operation name outside the grammar, or a reserved one, is a RangeError', () => {
  for (const name of ['Log', 'log-it', '', 'then', 'constructor', 'prototype', 'toJSON']) {
    expect(() => contract('a.v1', { [name]: log }), name).toThrow(RangeError)
  }
  const inherited = Object.fromEntries([['__proto__', log]])
  expect(() => contract('a.v1', inherited)).toThrow(RangeError)
})

test('CO-9 a contract has 1 to 256 operations', () => {
  const of = (count: number) => contract('a.v1', Object.fromEntries(numbered(count, 'op').map((name) => [name, log])))
  expect(() => of(0)).toThrow(RangeError)
  expect(Object.keys(of(MAX_OPERATIONS).operations)).toHaveLength(256)
  expect(() => of(MAX_OPERATIONS + 1)).toThrow(RangeError)
})

test('CO-10 making a contract runs no shape', () => {
  const validate = vi.fn((value: unknown) => ({ value: String(value) }))
  const counted: Shape<string> = { '~standard': { version: 1, vendor: 'test', validate } }
  const made = contract('a.v1', {
    ask: requestResponse({ request: counted, response: counted, faults: { Wrong: counted } }),
    tell: oneWay(counted),
  })
  expect(JSON.stringify(made)).toContain('Wrong')
  expect(validate).not.toHaveBeenCalled()
  expect(made.operations.tell.message).toBe(counted)
})

test('CO-11 a fault name is in the grammar, and there are at most 64', () => {
  const of = (...names: readonly string[]) =>
    contract('a.v1', { ask: requestResponse({ faults: Object.fromEntries(names.map((name) => [name, nothing])) }) })
  for (const name of ['', 'no such', 'No-Room', '1st', 'é', 'A'.repeat(64)]) {
    expect(() => of(name), name).toThrow(RangeError)
  }
  expect(of('NoSuchRoom', 'gone2', 'A'.repeat(63)).name).toBe('a.v1')
  expect(of(...numbered(MAX_NAMES, 'F')).name).toBe('a.v1')
  expect(() => of(...numbered(MAX_NAMES + 1, 'F'))).toThrow(RangeError)
})

test('CO-12 CO-13 CO-15 a visible field is in the grammar, named once, not reserved, and there are at most 64', () => {
  const of = (...visible: readonly string[]) =>
    contract('a.v1', { tell: oneWay(z.record(z.string(), z.string()), { visible }) })
  for (const name of ['', 'a.b', 'a b', 'é', 'A'.repeat(65), '__proto__', 'constructor', 'prototype']) {
    expect(() => of(name), name).toThrow(RangeError)
  }
  expect(() => of('room', 'room')).toThrow(RangeError)
  expect(of('room', 'snake_case', 'A'.repeat(64)).name).toBe('a.v1')
  expect(of(...numbered(MAX_NAMES, 'f')).name).toBe('a.v1')
  expect(() => of(...numbered(MAX_NAMES + 1, 'f'))).toThrow(RangeError)
})

test('CO-14 an operation of an unknown kind, and a value that is no operation, are refused', () => {
  for (const operation of [{ ...log, kind: 'toString' }, { ...log, kind: 'stream' }, {}, z.string()]) {
    expect(() => Reflect.apply(contract, undefined, ['a.v1', { tell: operation }])).toThrow(RangeError)
  }
})

test('CO-15 faults and visible fields rise bytewise, whatever order they were given in', () => {
  const operation = requestResponse({
    request: Room,
    faults: { b: nothing, a: nothing, Z: nothing },
    visible: ['room', 'floor', 'lit'],
  })
  expect(operation.terms).toEqual({
    subject: '',
    faults: ['Z', 'a', 'b'],
    visible: ['floor', 'lit', 'room'],
    retain: false,
    idempotent: false,
  })
})

test('CO-15 an operation made by hand with names out of order is refused', () => {
  const operation = { ...log, terms: { ...log.terms, visible: ['b', 'a'] } }
  expect(() => contract('a.v1', { tell: operation })).toThrow(RangeError)
})

test('an omitted shape is nothing, and what is no Standard Schema is a TypeError', () => {
  const ping = requestResponse({})
  expect([ping.request, ping.response, Object.keys(ping.faults)]).toEqual([nothing, nothing, []])
  for (const shape of [{}, { '~standard': { version: 2, validate: () => ({}) } }, { '~standard': { version: 1 } }]) {
    expect(() => Reflect.apply(oneWay, undefined, [shape])).toThrow(TypeError)
    expect(() => Reflect.apply(requestResponse, undefined, [{ request: shape }])).toThrow(TypeError)
    expect(() => Reflect.apply(requestResponse, undefined, [{ faults: { Wrong: shape } }])).toThrow(TypeError)
  }
})

test('nothing takes undefined alone, and bytes a Uint8Array alone', () => {
  const takes = (shape: Shape, value: unknown) => 'value' in shape['~standard'].validate(value)
  expect([undefined, null, 0, {}].map((value) => takes(nothing, value))).toEqual([true, false, false, false])
  expect([new Uint8Array(2), new Uint16Array(2), [1], 'a'].map((value) => takes(bytes, value))).toEqual([
    true,
    false,
    false,
    false,
  ])
})

test('a contract is a frozen copy that inherits no operation', () => {
  const given = { log, ask: requestResponse({ request: Room, faults: { Wrong: Room }, visible: ['room'] }) }
  const made = contract('a.v1', given)
  for (const part of [
    made,
    made.operations,
    made.operations.ask,
    made.operations.ask.terms,
    made.operations.ask.faults,
  ]) {
    expect(Object.isFrozen(part)).toBe(true)
  }
  expect([Object.isFrozen(log.terms.visible), Object.isFrozen(log.terms.faults)]).toEqual([true, true])
  Reflect.deleteProperty(given, 'log')
  expect(Object.keys(made.operations)).toEqual(['log', 'ask'])
  expect('toString' in made.operations).toBe(false)
  expect('toString' in made.operations.ask.faults).toBe(false)
})

test('CO-33 a template outside the grammar is a RangeError where the operation is made, and of one made by hand where the contract is', () => {
  for (const subject of ['{Room}', '{room', 'a..b', '*', '{a}.{a}', 'a b', '{a}{b}', 'x'.repeat(66), '.', 'a.'])
    for (const make of [topic, queue]) expect(() => make(Room, { subject }), subject).toThrow(RangeError)
  const { terms } = topic(Room)
  for (const subject of ['{Room}', 'a..b', '>'])
    expect(() => contract('a.v1', { o: { kind: 'topic', terms: { ...terms, subject } } }), subject).toThrow(RangeError)
  expect(contract('a.v1', { o: topic(Room, { subject: '{room}.x.{floor}' }) }).operations.o.subject).toBe(
    '{room}.x.{floor}',
  )
})

test('CO-36 a template of which no subject fits in an address is refused', () => {
  // 7 bytes before the subject.
  const of = (...lengths: readonly number[]) =>
    contract('a.v1', { o: topic(Room, { subject: ['{a}', ...lengths.map((length) => 'x'.repeat(length))].join('.') }) })
  expect(of(65, 65, 65, 48).name).toBe('a.v1')
  expect(() => of(65, 65, 65, 49)).toThrow(/fits in an address of 255 bytes, at a\.v1\.o/)
})

test('CO-37 the settings of a queue are whole numbers in their bounds, and none but those', () => {
  expect(queue(Room).settings).toEqual({
    leaseMs: 30_000,
    maxDeliveries: 5,
    backoffMs: 1_000,
    backoffCapMs: 60_000,
    dedupeMs: 120_000,
    maxMessages: 100_000,
  })
  expect(Object.isFrozen(queue(Room).settings)).toBe(true)
  expect(queue(Room, { backoffMs: 90_000 }).settings).toMatchObject({ backoffMs: 90_000, backoffCapMs: 90_000 })
  const names = Object.keys(queue(Room).settings)
  for (const name of names) {
    const zero = name.startsWith('backoff') || name === 'dedupeMs'
    for (const value of [-1, 1.5, Number.NaN, 2 ** 31, ...(zero ? [] : [0])])
      expect(() => queue(Room, { [name]: value }), `${name} ${value}`).toThrow(RangeError)
    for (const value of [1, 2 ** 31 - 1, ...(zero ? [0] : [])])
      expect(queue(Room, { [name]: value }).settings).toMatchObject({ [name]: value })
    expect(() => Reflect.apply(queue, undefined, [Room, { [name]: '5' }])).toThrow(RangeError)
  }
  expect(() => Reflect.apply(queue, undefined, [Room, { leaseMS: 5 }])).toThrow(/a setting of queues, got leaseMS/)
})

test('CO-37 the table of settings is that of the chapter', () => {
  const chapter = readFileSync(new URL('../../spec/contract.md', import.meta.url), 'utf8')
  const section = /## Settings of a queue\n([\s\S]*?)\n## /.exec(chapter)?.[1] ?? ''
  const rows = [...section.matchAll(/^\| `(\w+)` +\| \w+ +\| ([\d,]*\d)[^|]*\| (\d) +\|$/gm)]
  const usual = rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))])
  expect(Object.fromEntries(usual)).toEqual(queue(Room).settings)
  for (const [, name = '', , least] of rows) {
    expect(queue(Room, { [name]: Number(least) }).settings).toMatchObject({ [name]: Number(least) })
    expect(() => queue(Room, { [name]: Number(least) - 1 })).toThrow(RangeError)
  }
})
