import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { toHex } from '../../src/bytes.js'
import { type Contract, contract } from '../../src/contract/define.js'
import { expectedIn, type Flow, isStep, keyIn, MAX_STATES, MAX_STEPS, nextState } from '../../src/contract/flow.js'
import { type Operation, oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { rowDigest, rowsOf } from '../../src/contract/row.js'
import { noble } from '../../src/crypto/noble.js'

const Id = z.object({ orderId: z.string() })
const ask = requestResponse({ request: Id })
const tell = oneWay(Id)

/** A contract of a flow that no type was asked of. */
const of = (flow: Flow, operations: Readonly<Record<string, Operation>> = { place: ask, accept: ask, drop: tell }) =>
  contract('order.v1', operations, flow)

const ORDER: Flow = {
  key: 'orderId',
  states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end', drop: 'end' } },
}

const named = <T>(count: number, make: (index: number) => readonly [string, T]): Record<string, T> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => make(index)))

test('CV-1 a flow has a state `start`, and states with names of their own', () => {
  const withState = (name: string): Flow => ({
    key: 'orderId',
    states: Object.fromEntries([
      ['start', { place: name }],
      [name, { accept: 'end' }],
    ]),
  })
  expect(of(withState('quoted')).flow).toBeDefined()
  for (const name of ['end', 'Quoted', 'is-quoted', '', 'then', 'constructor', '__proto__', 'toJSON', 'x'.repeat(64)])
    expect(() => of(withState(name)), name).toThrow(RangeError)
  expect(() => of({ key: 'orderId', states: { begin: { place: 'end' } } })).toThrow(RangeError)
  expect(() => of({ key: 'orderId', states: {} })).toThrow(RangeError)
})

test('CV-2 a step leads to a state of the flow or to `end`, and steps lead to every state', () => {
  const to = (next: string): Flow => ({ key: 'orderId', states: { start: { place: next } } })
  expect(of(to('end')).flow).toBeDefined()
  expect(of(to('start')).flow).toBeDefined()
  for (const next of ['quoted', '', 'toString', '__proto__']) expect(() => of(to(next)), next).toThrow(RangeError)
  const island: Flow = { key: 'orderId', states: { start: { place: 'end' }, a: { place: 'b' }, b: { place: 'a' } } }
  expect(() => of(island)).toThrow(/lead to, got a/)
})

test('CV-3 a step is a call or a one-way message of the contract, and none is named `state`', () => {
  const operations = {
    place: ask,
    drop: tell,
    state: tell,
    watch: stream({ request: Id }),
    news: topic(Id),
    jobs: queue(Id),
  }
  const by = (operation: string): Flow => ({
    key: 'orderId',
    states: { start: Object.fromEntries([[operation, 'end']]) },
  })
  for (const operation of ['place', 'drop']) expect(of(by(operation), operations).flow).toBeDefined()
  for (const operation of ['state', 'watch', 'news', 'jobs', 'refund', 'toString', '__proto__'])
    expect(() => of(by(operation), operations), operation).toThrow(RangeError)
})

test('CV-4 the key is the name of a field', () => {
  for (const key of ['', 'order id', 'é', '__proto__', 'constructor', 'prototype', 'k'.repeat(65)])
    expect(() => of({ ...ORDER, key }), key).toThrow(RangeError)
  expect(of({ ...ORDER, key: 'k'.repeat(64) }).flow?.key).toHaveLength(64)
})

test('CV-5 a flow has at most 64 states, and each 1 to 64 steps', () => {
  const chain = (count: number): Flow => ({
    key: 'orderId',
    states: named(count, (i) => [i === 0 ? 'start' : `s${i}`, { place: i === count - 1 ? 'end' : `s${i + 1}` }]),
  })
  expect(Object.keys(of(chain(MAX_STATES)).flow?.states ?? {})).toHaveLength(64)
  expect(() => of(chain(MAX_STATES + 1))).toThrow(RangeError)
  const wide = (count: number) =>
    of(
      { key: 'orderId', states: { start: named(count, (i) => [`op${i}`, 'end']) } },
      named(count, (i) => [`op${i}`, tell]),
    )
  expect(wide(MAX_STEPS).flow).toBeDefined()
  expect(() => wide(MAX_STEPS + 1)).toThrow(RangeError)
  expect(() => wide(0)).toThrow(RangeError)
})

test('a contract holds a frozen copy of its flow, in which no name is found but its own', () => {
  const given: Flow = { key: 'orderId', states: { start: { place: 'end' } } }
  const { flow } = of(given)
  if (flow === undefined) throw new Error('expected a flow')
  Object.assign(given.states, { start: { accept: 'end' } })
  expect(flow.states.start).toEqual({ place: 'end' })
  expect(Object.isFrozen(flow) && Object.isFrozen(flow.states) && Object.isFrozen(flow.states.start)).toBe(true)
  for (const name of ['toString', '__proto__', 'constructor']) {
    expect(nextState(flow, name, 'place')).toBeUndefined()
    expect(nextState(flow, 'start', name)).toBeUndefined()
    expect(expectedIn(flow, name)).toEqual([])
    expect(isStep(flow, name)).toBe(false)
  }
  expect(contract('plain.v1', { place: ask }).flow).toBeUndefined()
})

test('CV-6 the rows of the steps, and no others, have the key and where each leads', () => {
  const made = of(ORDER, { place: ask, accept: ask, drop: tell, list: requestResponse({}) })
  const flows = Object.fromEntries(rowsOf(made).map(({ name, flow }) => [name, flow]))
  expect(flows).toEqual({
    place: { key: 'orderId', steps: { quoted: 'quoted', start: 'quoted' } },
    accept: { key: 'orderId', steps: { quoted: 'end' } },
    drop: { key: 'orderId', steps: { quoted: 'end' } },
    list: undefined,
  })
  expect(JSON.parse(JSON.stringify(made)).operations).toMatchObject(rowsOf(made))
})

describe('CV-6 the digests of the rows tell flows apart', () => {
  const digests = (made: Contract) =>
    Object.fromEntries(rowsOf(made).map((row) => [row.name, toHex(rowDigest(noble.hash.SHA256, row))]))
  const order = digests(of(ORDER))
  const changes: readonly (readonly [string, Flow, readonly string[]])[] = [
    ['another key', { ...ORDER, key: 'id' }, ['accept', 'drop', 'place']],
    [
      'another end of a step',
      { key: 'orderId', states: { start: { place: 'quoted' }, quoted: { place: 'end', accept: 'end', drop: 'end' } } },
      ['place'],
    ],
    [
      'a step less',
      { key: 'orderId', states: { start: { place: 'quoted' }, quoted: { accept: 'end', drop: 'end' } } },
      ['place'],
    ],
    [
      'a step that is no more',
      { key: 'orderId', states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end' } } },
      ['drop'],
    ],
    [
      'another order of writing it',
      {
        states: { quoted: { drop: 'end', accept: 'end', place: 'quoted' }, start: { place: 'quoted' } },
        key: 'orderId',
      },
      [],
    ],
  ]
  test.each(changes)('%s', (_, flow, differ) => {
    const other = digests(of(flow))
    expect(Object.keys(order).filter((name) => order[name] !== other[name])).toEqual(differ)
  })
})

test('CV-8 a key is a text of 1 to 255 bytes that a message has of itself', () => {
  for (const key of ['7', 'é'.repeat(127), 'k'.repeat(255), '__proto__']) expect(keyIn('id', { id: key })).toBe(key)
  const odd = [undefined, null, 7, '', true, ['a'], { a: 'a' }, new Uint8Array(1), 'k'.repeat(256), 'é'.repeat(128)]
  for (const key of odd) expect(keyIn('id', { id: key })).toBeUndefined()
  for (const value of [undefined, null, 'id', 7, [], {}, new Uint8Array(1), Object.create({ id: 'inherited' })])
    expect(keyIn('id', value)).toBeUndefined()
  expect(keyIn('toString', {})).toBeUndefined()
})
