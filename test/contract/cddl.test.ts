import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { contractCddl } from '../../src/contract/cddl.js'
import { CddlType } from '../../src/contract/cddltype.js'
import { contract } from '../../src/contract/define.js'
import { parseContract } from '../../src/contract/exported.js'
import { type Operation, oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { rowsOf } from '../../src/contract/row.js'
import { bytes, type Sent, type Shape } from '../../src/contract/shape.js'
import { Cddl } from '../cddl/cddl.js'

const Room = z.object({ room: z.string(), floor: z.int().min(0).max(9).optional(), lit: z.boolean().nullable() })
const Tree = z.object({
  name: z.string(),
  get kids() {
    return z.array(Tree).optional()
  },
})

const House = contract(
  'acme.house-2.v1',
  {
    read: requestResponse({ request: Room, response: z.number(), faults: { Gone: z.null(), NoRoom: Room } }),
    copy: stream({ request: Tree, up: bytes, down: z.string() }),
    stop: stream({}),
    ping: requestResponse({}),
    // A name of the prelude of CDDL, were it written with a hyphen.
    mime: oneWay(v.string()),
    put: oneWay(bytes),
    readings: topic(Room, { subject: '{room}.{sensor}', retain: true, visible: ['room'] }),
    bell: topic(type('undefined')),
    jobs: queue(Room, { subject: 'x.{room}' }),
    order: oneWay(z.object({ orderId: z.string() })),
  },
  { key: 'orderId', states: { start: { order: 'end' } } },
)

describe('CO-43 the CDDL of a contract', () => {
  const text = contractCddl(House)
  const cddl = new Cddl(text)

  test('CO-43 is the same of the contract, of its export and of one that was read', () => {
    const exported = JSON.parse(JSON.stringify(House))
    expect(contractCddl(exported)).toBe(text)
    expect(contractCddl(parseContract(exported))).toBe(text)
    expect(/^[\n -~]+$/.test(text)).toBe(true)
  })

  test('CO-43 takes the rows in the order of their numbers, and no others', () => {
    const rows = JSON.parse(JSON.stringify(rowsOf(House)))
    expect(cddl.takes(House.name, rows)).toBe(true)
    expect(cddl.takes(House.name, rows.toReversed())).toBe(false)
    expect(cddl.takes('jobs.row', { ...rows[2], subject: 'y' })).toBe(false)
  })

  test('CO-43 has a rule for each body and item that is not empty', () => {
    expect(cddl.names.filter((name) => !name.endsWith('.row'))).toEqual([
      House.name,
      'bell.message',
      'bell.entry',
      'bell.delivered',
      'copy.request',
      'copy.up',
      'copy.down',
      'jobs.message',
      'jobs.entry',
      'jobs.enqueue',
      'jobs.delivered',
      'mime.message',
      'order.message',
      'put.message',
      'read.request',
      'read.response',
      'read.fault.Gone',
      'read.fault.NoRoom',
      'readings.message',
      'readings.entry',
      'readings.delivered',
      'subscribe',
      'taken',
      'enqueued',
      'consume',
      'settle',
      'settled',
    ])
  })

  test('CO-43 takes what travels of topics and queues', () => {
    const room = { room: 'a', lit: null }
    const entry = ['sotto1x', room]
    const taken: readonly (readonly [string, unknown])[] = [
      ['readings.entry', [null]],
      ['readings.delivered', ['a.b', true, 0, entry]],
      ['subscribe', { slow: 'latest', credit: 1 }],
      ['jobs.enqueue', { value: room, key: 'k', delayMs: 5 }],
      ['jobs.enqueue', {}],
      ['jobs.delivered', [1, 'x.a', 'id', 1, entry]],
      ['enqueued', { id: 'a', duplicate: false }],
      ['consume', {}],
      ['settle', [1, 'ack']],
      ['settle', [1, 'retry']],
      ['settle', [1, 'retry', 5]],
      ['settle', [1, 'reject', 'why']],
      ['settled', [1, false]],
    ]
    for (const [name, value] of taken) expect(cddl.takes(name, value), name).toBe(true)
    const refused: readonly (readonly [string, unknown])[] = [
      ['readings.entry', [room]],
      ['readings.delivered', ['a.b', true, 0, ['sotto1x', { room: 5 }]]],
      ['subscribe', { slow: 'never' }],
      ['subscribe', { credit: 0 }],
      ['settle', [1, 'reject']],
      ['settle', [-1, 'ack']],
      ['jobs.enqueue', { value: { room: 5 } }],
    ]
    for (const [name, value] of refused) expect(cddl.takes(name, value), name).toBe(false)
  })
})

describe('CO-43 the type of a shape takes what the shape takes', () => {
  const typeOf = (shape: Sent): Cddl => new Cddl(contractCddl(contract('a.v1', { x: oneWay(shape) })))
  const cases: readonly (readonly [string, Sent, readonly unknown[], readonly unknown[]])[] = [
    [
      'an object of zod',
      Room,
      [
        { room: 'a', lit: null },
        { room: 'a', floor: 9, lit: true, more: 1 },
      ],
      [{ room: 'a' }, { room: 'a', floor: 10, lit: true }, []],
    ],
    ['a strict object', z.strictObject({ a: z.string() }), [{ a: '' }], [{ a: '', b: 1 }, {}]],
    ['a list of bounds', z.array(z.int()).min(1).max(2), [[1], [1, 2]], [[], [1, 2, 3], ['a']]],
    [
      'a tuple',
      z.tuple([z.string(), z.int()]).rest(z.null()),
      [
        ['a', 1],
        ['a', 1, null],
      ],
      [['a'], [1, 1], ['a', 1, 1]],
    ],
    ['a record', z.record(z.string(), z.enum(['a', 'b'])), [{}, { x: 'a' }], [{ x: 'c' }]],
    ['a union', z.union([z.literal('é"\n'), z.literal(5), z.null()]), ['é"\n', 5, null], ['e', 6, undefined]],
    [
      'an intersection',
      z.object({ a: z.int().min(3) }).and(z.object({ b: z.int().max(-1) })),
      [{ a: 3, b: -1 }],
      [{ a: 2, b: -1 }, { a: 3 }],
    ],
    ['a number', z.number(), [1, 0.5, -3], ['1', null]],
    ['a tree', Tree, [{ name: 'a', kids: [{ name: 'b', kids: [] }] }], [{ name: 'a', kids: [{}] }]],
    ['what travels of a transform', z.string().transform((text) => text.length), ['four'], [4]],
    ['a default', z.object({ a: z.int().default(1) }), [{}, { a: 2 }], [{ a: 'x' }]],
    ['bytes', bytes, [Uint8Array.of(1)], ['a']],
    [
      'what JSON has no word for',
      z.object({ a: z.bigint(), b: z.string() }),
      [
        { a: 5n, b: '' },
        { a: 1, b: '' },
      ],
      [{ a: 1 }],
    ],
    [
      'an object of arktype',
      type({ a: 'string', 'b?': 'number.integer >= 0', c: '"x" | "y" | boolean' }),
      [
        { a: '', b: 0, c: 'x' },
        { a: '', c: true },
      ],
      [
        { a: '', b: -1, c: 'x' },
        { a: '', c: 'z' },
      ],
    ],
    ['a shape without a schema', v.object({ a: v.string() }), [{ a: '' }, 5], []],
  ]
  test.each(cases)('CO-43 %s', (_, shape, taken, refused) => {
    const cddl = typeOf(shape)
    for (const value of taken) expect(cddl.takes('x.message', value), JSON.stringify(value, plain)).toBe(true)
    for (const value of refused) expect(cddl.takes('x.message', value), JSON.stringify(value)).toBe(false)
  })
})

/** JSON has no big integers. */
const plain = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

test('CO-43 a schema that no library made becomes a type all the same, at most 257 rules of one', () => {
  const rules = (schema: object | boolean): readonly string[] =>
    new CddlType('x', JSON.parse(JSON.stringify(schema))).rules()
  const cases: readonly (readonly [object | boolean, readonly string[]])[] = [
    [true, ['x = any']],
    [false, ['x = any']],
    [{ $ref: '#/$defs/a~1b%20c', $defs: { 'a/b c': { type: 'string' } } }, ['x = x.1', 'x.1 = tstr']],
    [{ $ref: '#' }, ['x = x']],
    [{ $ref: 'https://example.org/a' }, ['x = any']],
    [{ $ref: '#/nowhere' }, ['x = any']],
    [{ type: 'integer', minimum: 5, maximum: 1 }, ['x = int .ge 5']],
    [{ type: 'integer', minimum: 1e300 }, ['x = int']],
    [{ type: ['integer', 'null'], minimum: 0 }, ['x = (uint / nil)']],
    [{ const: { a: 1 } }, ['x = { * tstr => any }']],
    [{ enum: [] }, ['x = any']],
    [{ type: 'object', required: ['a'] }, ['x = { "a": any, * tstr => any }']],
    [{ allOf: [{ type: 'string' }, { type: 'null' }, { const: 1 }] }, ['x = ((tstr) .and (nil)) .and (1)']],
  ]
  for (const [schema, expected] of cases) expect(rules(schema), JSON.stringify(schema)).toEqual(expected)
  const anyOf = Array.from({ length: 300 }, (_, at) => ({ $ref: `#/$defs/d${at}` }))
  const $defs = Object.fromEntries(anyOf.map((_, at) => [`d${at}`, { type: 'string' }]))
  expect(rules({ anyOf, $defs })).toHaveLength(257)
})

describe('CO-39 CO-40 schemas in an export', () => {
  const exportedOf = (operation: Operation) => contract('a.v1', { x: operation }).toJSON().operations[0]?.schemas
  const shapeOf = (input: () => unknown): Shape<string> => {
    const standard = { ...z.string()['~standard'], jsonSchema: { input, output: input } }
    // The cast: what a library may hand in.
    return { '~standard': standard } as Shape<string>
  }

  test('CO-39 are of what travels, by the names of the shapes', () => {
    const Length = z.string().transform((text) => text.length)
    expect(exportedOf(requestResponse({ request: Length, faults: { Gone: Length } }))).toMatchObject({
      request: { type: 'string' },
      response: { not: {} },
      faults: { Gone: { type: 'string' } },
    })
    expect(exportedOf(stream({ up: bytes, down: Length }))).toMatchObject({
      request: { not: {} },
      up: { contentMediaType: 'application/octet-stream' },
      down: { type: 'string' },
    })
    for (const each of [oneWay(Length), topic(Length), queue(Length)])
      expect(exportedOf(each)).toMatchObject({ message: { type: 'string' } })
    expect(exportedOf(oneWay(type('string.numeric.parse')))).toMatchObject({ message: { type: 'string' } })
  })

  test('CO-39 CO-40 are left out where a library has none, or makes what is no plain JSON or has no bounds', () => {
    const circle: Record<string, unknown> = {}
    circle.self = circle
    const made: readonly (() => unknown)[] = [
      () => {
        throw new Error('no schema')
      },
      () => undefined,
      () => new Date(0),
      () => ({ pattern: /x/ }),
      () => ({ least: Number.NaN }),
      () => circle,
      () => ({ enum: Array.from({ length: 10_000 }, (_, at) => at) }),
    ]
    for (const input of made) expect(exportedOf(oneWay(shapeOf(input))), String(input)).toBeUndefined()
    expect(exportedOf(oneWay(v.string()))).toBeUndefined()
    expect(exportedOf(oneWay(shapeOf(() => ({ type: 'string', title: undefined }))))).toEqual({
      message: { type: 'string' },
    })
  })

  test('CO-38 do not count in what peers agree on', () => {
    const [mine, theirs] = [oneWay(z.string()), oneWay(v.string())].map((x) => rowsOf(contract('a.v1', { x })))
    expect(mine).toEqual(theirs)
    const read = parseContract(JSON.parse(JSON.stringify(contract('a.v1', { x: oneWay(z.string()) }))))
    expect(rowsOf(read)).toEqual(mine)
  })
})
