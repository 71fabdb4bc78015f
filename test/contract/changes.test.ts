import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { contractChanges, guessChange } from '../../src/contract/changes.js'
import { contract } from '../../src/contract/define.js'
import type { Flow } from '../../src/contract/flow.js'
import { type Operation, oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { rowDigest, rowOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { answer, offerOf } from '../../src/session/agreement.js'
import { limitsOf } from '../../src/session/limits.js'

const Room = z.object({ room: z.string(), floor: z.number() })
const read = requestResponse({ request: Room, faults: { Gone: Room, NoRoom: Room }, visible: ['room', 'floor'] })
const hash = noble.hash.SHA256
const house = (operations: Readonly<Record<string, Operation>>, flow?: Flow) => contract('a.v1', operations, flow)

describe('CO-41 the changes from one contract to another', () => {
  test('CO-41 there are none from a contract to itself, to its export, or to one of other shapes without schemas', () => {
    const made = house({ read, jobs: queue(Room) })
    expect(contractChanges(made, made)).toEqual([])
    expect(contractChanges(made, JSON.parse(JSON.stringify(made)))).toEqual([])
    expect(contractChanges(JSON.parse(JSON.stringify(made)), made)).toEqual([])
  })

  test('CO-41 name the operation, the field of its row and both values, and break who uses mine', () => {
    const mine = house({
      read,
      log: oneWay(Room),
      news: topic(Room, { subject: '{room}' }),
      copy: stream({ up: bytes }),
    })
    const theirs = house({
      read: requestResponse({ request: Room, faults: { Gone: Room }, visible: ['room', 'floor'], idempotent: true }),
      log: queue(Room),
      news: topic(Room, { subject: '{room}.{floor}', retain: true, visible: ['room'] }),
      copy: stream({ up: Room, down: bytes }),
    })
    const change = (operation: string, field: string, own: unknown, other: unknown) => ({
      operation,
      field,
      mine: own,
      theirs: other,
      breaking: 'yes',
    })
    expect(contractChanges(mine, theirs).filter(({ breaking }) => breaking === 'yes')).toEqual([
      change('copy', 'up', 'bytes', 'items'),
      change('copy', 'down', 'nothing', 'bytes'),
      change('log', 'kind', 'oneWay', 'queue'),
      change('news', 'subject', '{room}', '{room}.{floor}'),
      change('news', 'visible', [], ['room']),
      change('news', 'retain', false, true),
      change('read', 'faults', ['Gone', 'NoRoom'], ['Gone']),
      change('read', 'idempotent', false, true),
    ])
  })

  test('CO-41 an operation less breaks, one more does not', () => {
    const [few, many] = [house({ read }), house({ read, log: oneWay(Room) })]
    const row = { kind: 'oneWay', subject: '', faults: [], visible: [], retain: false, idempotent: false }
    expect(contractChanges(few, many)).toEqual([
      { operation: 'log', field: 'row', mine: undefined, theirs: row, breaking: 'no' },
    ])
    expect(contractChanges(many, few)).toEqual([
      { operation: 'log', field: 'row', mine: row, theirs: undefined, breaking: 'yes' },
    ])
  })

  test('CO-41 another name breaks, and a flow is a field of each of its steps', () => {
    const [plain, flowing] = [house({ read }), house({ read }, { key: 'room', states: { start: { read: 'end' } } })]
    expect(contractChanges(plain, contract('b.v1', { read }))).toEqual([
      { operation: undefined, field: 'name', mine: 'a.v1', theirs: 'b.v1', breaking: 'yes' },
    ])
    expect(contractChanges(plain, flowing)).toEqual([
      {
        operation: 'read',
        field: 'flow',
        mine: undefined,
        theirs: { key: 'room', steps: { start: 'end' } },
        breaking: 'yes',
      },
    ])
  })

  test('CO-41 CO-38 a schema may break, and the order of its members is nothing', () => {
    const [text, number] = [house({ log: oneWay(z.string()) }), house({ log: oneWay(z.number()) })]
    expect(contractChanges(text, number)).toMatchObject([
      {
        operation: 'log',
        field: 'schemas.message',
        mine: { type: 'string' },
        theirs: { type: 'number' },
        breaking: 'maybe',
      },
    ])
    const turned = JSON.parse(JSON.stringify(text))
    const { message } = turned.operations[0].schemas
    turned.operations[0].schemas.message = Object.fromEntries(Object.entries(message).reverse())
    expect(contractChanges(text, turned)).toEqual([])
  })

  test('CO-41 what is no export is refused', () => {
    expect(() => Reflect.apply(contractChanges, undefined, [{ name: 'a.v1' }, house({ read })])).toThrow(SottoError)
  })
})

describe('CO-42 the field in which a row of this digest differs', () => {
  const guess = (own: Operation, other: Operation, flows: readonly (Flow | undefined)[] = []) =>
    guessChange(hash, rowOf('read', own, flows[0]), rowDigest(hash, rowOf('read', other, flows[1])))
  const flow = (states: Flow['states']): Flow => ({ key: 'room', states })
  const START = flow({ start: { read: 'end' } })
  const both = flow({ start: { read: 'open' }, open: { read: 'end' } })
  type Flows = readonly (Flow | undefined)[]
  const cases: readonly (readonly [string, Operation, Operation, unknown, Flows])[] = [
    ['idempotent', requestResponse({}), requestResponse({ idempotent: true }), true, []],
    ['retain', topic(Room, { retain: true }), topic(Room), false, []],
    ['up', stream({ up: bytes }), stream({ up: Room }), 'items', []],
    ['down', stream({}), stream({ down: Room }), 'items', []],
    [
      'faults',
      read,
      requestResponse({ request: Room, faults: { Gone: Room }, visible: ['room', 'floor'] }),
      ['Gone'],
      [],
    ],
    ['faults', read, requestResponse({ request: Room, visible: ['room', 'floor'] }), [], []],
    ['visible', topic(Room, { visible: ['room', 'floor'] }), topic(Room, { visible: ['floor'] }), ['floor'], []],
    ['subject', topic(Room, { subject: '{room}' }), topic(Room), '', []],
    ['subject', queue(Room, { subject: '{room}.x' }), queue(Room, { subject: '{room}' }), '{room}', []],
    ['kind', oneWay(Room), topic(Room), 'topic', []],
    ['kind', requestResponse({ request: Room, idempotent: true }), oneWay(Room), 'oneWay', []],
    ['kind', oneWay(Room), stream({ request: Room, down: bytes }), 'stream', []],
    ['kind', topic(Room, { subject: '{room}', retain: true }), queue(Room, { subject: '{room}' }), 'queue', []],
    ['flow', read, read, undefined, [START, undefined]],
    [
      'flow',
      read,
      read,
      { key: 'room', steps: { open: 'end', start: 'open' } },
      [flow({ start: { read: 'open' }, open: { read: 'open' } }), both],
    ],
  ]
  test.each(cases)('CO-42 %s', (field, own, other, theirs, flows) => {
    expect(guess(own, other, flows)).toEqual({ field, theirs })
  })

  test('CO-42 there is none of equal rows, of two fields, or of names that nobody can guess', () => {
    expect(guess(read, read)).toBeUndefined()
    expect(guess(topic(Room, { retain: true, visible: ['room'] }), topic(Room))).toBeUndefined()
    expect(guess(requestResponse({}), read)).toBeUndefined()
    expect(guess(read, requestResponse({ request: Room, visible: ['room'] }))).toBeUndefined()
  })

  test('CO-42 the search ends, however large the row', () => {
    let digests = 0
    const digest = (data: Uint8Array) => {
      digests++
      return hash.digest(data)
    }
    const counting = { ...hash, digest }
    const states = Object.fromEntries(
      Array.from({ length: 64 }, (_, at) => [
        at === 0 ? 'start' : `s${at}`,
        { read: at === 63 ? 'end' : `s${at + 1}` },
      ]),
    )
    const row = rowOf('read', read, flow(states))
    expect(guessChange(counting, row, new Uint8Array(32))).toBeUndefined()
    expect(digests).toBe(512)
  })

  test('CO-42 the error of who refuses the row names it, and has no field where more than one differs', () => {
    const refusal = (own: Operation) => {
      const initiation = {
        uses: [offerOf(hash, house({ read }))],
        serves: [],
        context: null,
        limits: limitsOf(),
        service: '',
      }
      try {
        answer(hash, initiation, { uses: [], serves: [house({ read: own })] })
      } catch (error) {
        if (SottoError.is(error, 'contract/changed')) return error
        throw error
      }
      throw new Error('expected a refusal')
    }
    const idempotent = requestResponse({
      request: Room,
      faults: { Gone: Room, NoRoom: Room },
      visible: ['room', 'floor'],
      idempotent: true,
    })
    expect(refusal(idempotent)).toMatchObject({
      message: 'contract/changed: a.v1.read differs here in idempotent',
      details: { contract: 'a.v1', operation: 'read', field: 'idempotent' },
    })
    expect(refusal(oneWay(Room)).details).toEqual({ contract: 'a.v1', operation: 'read' })
  })
})
