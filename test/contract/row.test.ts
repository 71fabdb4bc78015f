import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { toHex } from '../../src/bytes.js'
import { encodeControl } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { type Operation, oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { type Row, rowDigest, rowOf, rowsOf } from '../../src/contract/row.js'
import { bytes, nothing } from '../../src/contract/shape.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'

const Room = z.object({ room: z.string() })
const read = requestResponse({ request: Room, response: z.string(), faults: { NoSuchRoom: Room }, visible: ['room'] })
const log = oneWay(z.string())

const encodedRow = (row: Row) => encodeControl({ ...row })

const chapter = readFileSync(new URL('../../spec/contract.md', import.meta.url), 'utf8')
const example = [...chapter.matchAll(/^(row|sha-256) +([0-9a-f]+(?:\n {9}[0-9a-f]+)*)$/gm)].map(([, , hex]) =>
  (hex ?? '').replaceAll(/\s/g, ''),
)

describe.each([noble, native].filter((provider) => provider !== undefined))('with the provider $name', ({ hash }) => {
  const digest = (row: Row) => toHex(rowDigest(hash.SHA256, row))

  test('CO-17 the row and digest of the chapter are what the code computes', () => {
    const row = rowOf('read', read)
    expect([toHex(encodedRow(row)), digest(row)]).toEqual(example)
  })

  test('CO-17 the digest is over the seven members, whatever order they stand in', () => {
    const row = rowOf('read', read)
    const turned: Row = { ...Object.fromEntries(Object.entries(row).reverse()), ...row }
    expect(Object.keys(row)).toHaveLength(7)
    expect(digest(turned)).toBe(digest(row))
    expect(toHex(rowDigest(hash.SHA256, row))).toBe(toHex(hash.SHA256.digest(encodedRow(row))))
  })

  test('CO-17 a change of any member changes the digest, and a change of a shape does not', () => {
    const row = rowOf('read', read)
    const changed: readonly Row[] = [
      { ...row, name: 'write' },
      { ...row, kind: 'oneWay' },
      { ...row, subject: '{room}' },
      { ...row, faults: [] },
      { ...row, visible: [] },
      { ...row, retain: true },
      { ...row, idempotent: true },
    ]
    expect(new Set([row, ...changed].map(digest)).size).toBe(8)
    const otherShapes = requestResponse({ request: Room, faults: { NoSuchRoom: nothing }, visible: ['room'] })
    expect(digest(rowOf('read', otherShapes))).toBe(digest(row))
  })
})

test('CO-16 rows rise bytewise by name, whatever order the contract lists them in', () => {
  const made = contract('a.v1', { read, b: log, aB: log, ab: log, a2: log, a: log })
  expect(rowsOf(made).map(({ name }) => name)).toEqual(['a', 'a2', 'aB', 'ab', 'b', 'read'])
  expect(JSON.parse(JSON.stringify(made))).toMatchObject({ name: 'a.v1', operations: rowsOf(made) })
})

test('CO-18 the rows of calls and one-way messages have an empty subject and retain nothing', () => {
  for (const row of [rowOf('read', read), rowOf('log', log)]) expect([row.subject, row.retain]).toEqual(['', false])
})

test('CO-19 a one-way row has no faults and is not idempotent', () => {
  expect(rowOf('log', log)).toEqual({
    name: 'log',
    kind: 'oneWay',
    subject: '',
    faults: [],
    visible: [],
    retain: false,
    idempotent: false,
  })
  expect(rowOf('read', requestResponse({ idempotent: true })).idempotent).toBe(true)
})

test('CO-11 CO-12 the largest row the limits allow is 8,524 bytes', () => {
  const names = (length: number) => Array.from({ length: 64 }, (_, index) => `f${index}`.padEnd(length, 'x'))
  const largest = requestResponse({
    request: z.record(z.string(), z.string()),
    faults: Object.fromEntries(names(63).map((name) => [name, nothing])),
    visible: names(64),
  })
  const [row] = rowsOf(contract('a.v1', { ['o'.repeat(63)]: largest }))
  expect(row && encodedRow(row).length).toBe(8_524)
})

test('CO-30 CO-31 CO-17 the row of a stream says what each direction carries, and its digest with it', () => {
  const carried = (of: Parameters<typeof stream>[0]) => {
    const { up, down } = rowOf('s', stream(of))
    return [up, down]
  }
  expect(carried({})).toEqual(['nothing', 'nothing'])
  expect(carried({ up: bytes, down: Room })).toEqual(['bytes', 'items'])
  expect(carried({ up: nothing, down: z.custom<Uint8Array>() })).toEqual(['nothing', 'items'])
  const row = rowOf('s', stream({ down: bytes }))
  expect(Object.keys(row)).toHaveLength(9)
  const digests = [row, { ...row, down: 'items' }, { ...row, up: 'bytes' }, rowOf('s', oneWay(Room))] as const
  expect(new Set(digests.map((each: Row) => toHex(rowDigest(noble.hash.SHA256, each)))).size).toBe(4)
  expect(toHex(rowDigest(noble.hash.SHA256, row))).toBe(toHex(noble.hash.SHA256.digest(encodedRow(row))))
})

test('CO-30 what a stream carries is of a stream alone, and is one of three words', () => {
  const { terms } = stream({ down: Room })
  const { up: _, ...upless } = terms
  const wrong: readonly Operation[] = [
    { kind: 'stream', terms: upless },
    { kind: 'oneWay', terms },
    { kind: 'requestResponse', terms },
    // A cast, for what another program may hand in.
    { kind: 'stream', terms: { ...terms, down: 'text' as 'items' } },
  ]
  for (const operation of wrong) expect(() => contract('a.v1', { operation })).toThrow(RangeError)
  expect(() => contract('a.v1', { operation: { kind: 'stream', terms } })).not.toThrow()
})

test('CO-18 CO-19 a stream has no subject, no faults, and is not idempotent', () => {
  expect(rowOf('s', stream({ visible: [] }))).toMatchObject({
    subject: '',
    retain: false,
    faults: [],
    idempotent: false,
  })
  expect(() => Reflect.apply(stream, undefined, [{ up: String }])).toThrow(TypeError)
})

test('CO-18 CO-19 the row of a topic has a subject and may retain, that of a queue has a subject', () => {
  const usual = { name: 'o', subject: '', faults: [], visible: [], retain: false, idempotent: false }
  expect(rowOf('o', topic(Room))).toEqual({ ...usual, kind: 'topic' })
  expect(rowOf('o', topic(Room, { subject: '{room}.a', retain: true, visible: ['room'] }))).toEqual({
    ...usual,
    kind: 'topic',
    subject: '{room}.a',
    visible: ['room'],
    retain: true,
  })
  expect(rowOf('o', queue(Room, { subject: '{room}', leaseMs: 1, maxDeliveries: 1, visible: ['room'] }))).toEqual({
    ...usual,
    kind: 'queue',
    subject: '{room}',
    visible: ['room'],
  })
})

test('CO-18 CO-19 what a kind does not have is refused of an operation made by hand', () => {
  const { terms } = oneWay(Room)
  const wrong: readonly Operation[] = [
    ...(['requestResponse', 'oneWay', 'stream'] as const).map((kind) => ({ kind, terms: { ...terms, subject: 'x' } })),
    ...(['requestResponse', 'oneWay', 'stream', 'queue'] as const).map((kind) => ({
      kind,
      terms: { ...terms, retain: true },
    })),
    ...(['oneWay', 'stream', 'topic', 'queue'] as const).flatMap((kind) => [
      { kind, terms: { ...terms, faults: ['X'] } },
      { kind, terms: { ...terms, idempotent: true } },
    ]),
  ]
  const withWays = (operation: Operation): Operation =>
    operation.kind === 'stream'
      ? { ...operation, terms: { ...operation.terms, up: 'items', down: 'items' } }
      : operation
  for (const operation of wrong.map(withWays))
    expect(() => contract('a.v1', { operation }), JSON.stringify(operation)).toThrow(RangeError)
  for (const kind of ['topic', 'queue'] as const)
    expect(() => contract('a.v1', { o: { kind, terms: { ...terms, subject: '{x}' } } })).not.toThrow()
})
