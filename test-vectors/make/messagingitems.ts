import type { Wire } from '../../src/cbor.js'
import { hexOfBody, type Item, PEER, type Place } from './messagingitemform.js'

/** What stands in requests and items of topics and queues, in each form that there is. */

const MS = 2 ** 31 - 1

const yes = (
  rule: string,
  as: Item['as'],
  name: string,
  wire: Wire,
  value: Item['value'],
  place: Place = {},
): Item => ({
  name: `${as}: ${name}`,
  rule,
  as,
  hex: hexOfBody(wire),
  ...place,
  value,
})

export const items = (): Item[] => [
  ...subscribes(),
  ...totals(),
  ...delivered(),
  ...enqueued(),
  ...stored(),
  ...consumes(),
  ...settlements(),
  ...handed(),
  ...answered(),
]

const subscribes = (): Item[] => [
  yes('TO-1', 'subscribe', 'nothing said', {}, { slow: 'drop-oldest', credit: 1_024 }),
  ...['block', 'latest', 'drop-oldest', 'end'].map((slow) =>
    yes('TO-1', 'subscribe', slow, { slow }, { slow, credit: 1_024 }),
  ),
  ...[1, 65_536].map((credit) =>
    yes('TO-1', 'subscribe', `a credit of ${credit}`, { credit }, { slow: 'drop-oldest', credit }),
  ),
]

const totals = (): Item[] =>
  (
    [
      ['the first', 0, 3, 0],
      ['the same again', 2, 3, 2],
      ['all that was sent', 3, 3, 1],
      ['more than before', 2, 3, 1],
    ] as const
  ).map(([name, total, sent, taken]) => yes('TO-6', 'total', name, total, { total }, { sent, taken }))

const delivered = (): Item[] => {
  type Wires = readonly [subject: string, retained: boolean, dropped: number, entry: Wire]
  const of = (name: string, wire: Wires, place: Place, from: string | null, value: Wire | undefined): Item => {
    const [subject, retained, dropped] = wire
    return yes('TO-9', 'delivered', name, wire, { subject, retained, dropped, from, value: hexOfBody(value) }, place)
  }
  return [
    of('from the service itself', ['a', false, 0, [null, 1]], { filter: 'a' }, null, 1),
    of('from a peer', ['a', false, 0, [PEER, 1]], { filter: 'a' }, PEER, 1),
    of('retained', ['a', true, 0, [null, 'x']], { filter: 'a' }, null, 'x'),
    of('behind three that were dropped', ['a', false, 3, [null, 1]], { filter: '*' }, null, 1),
    of('without a value', ['a', false, 0, [null]], { filter: '*' }, null, undefined),
    of('of null', ['a', false, 0, [null, null]], { filter: '*' }, null, null),
    of('of a list', ['a', false, 0, [PEER, [1, 2]]], { filter: '*' }, PEER, [1, 2]),
    of('of the longest subject', ['x'.repeat(65), false, 0, [null, 1]], { filter: '*' }, null, 1),
  ]
}

const enqueued = (): Item[] => {
  const of = (
    name: string,
    wire: { readonly value?: Wire; readonly key?: string; readonly delayMs?: number },
  ): Item => {
    const { value, key = null, delayMs = null } = wire
    return yes('QU-2', 'enqueued', name, wire, { value: hexOfBody(value), key, delayMs })
  }
  return [
    of('a value', { value: 1 }),
    of('nothing', {}),
    of('an empty key', { value: 1, key: '' }),
    of('a key of 256 bytes', { value: 1, key: 'k'.repeat(256) }),
    of('a delay of 0', { value: 1, delayMs: 0 }),
    of('the longest delay', { value: [1], key: 'k', delayMs: MS }),
  ]
}

const stored = (): Item[] => [
  yes('QU-6', 'stored', 'a message', { id: 'm1', duplicate: false }, { id: 'm1', duplicate: false }),
  yes('QU-6', 'stored', 'a duplicate', { id: 'm1', duplicate: true }, { id: 'm1', duplicate: true }),
  yes('QU-6', 'stored', 'an empty id', { id: '', duplicate: false }, { id: '', duplicate: false }),
]

const consumes = (): Item[] => [
  yes('QU-7', 'consume', 'nothing said', {}, { credit: 1 }),
  yes('QU-7', 'consume', 'the most credit', { credit: 65_536 }, { credit: 65_536 }),
]

const ONE = { sent: 1 }

const settlements = (): Item[] => {
  const of = (name: string, asks: string, ...argument: (string | number)[]): Item =>
    yes('QU-13', 'settlement', name, [1, asks, ...argument], { number: 1, asks, argument: argument[0] ?? null }, ONE)
  return [
    of('ack', 'ack'),
    of('retry', 'retry'),
    of('retry at once', 'retry', 0),
    of('retry after the longest time', 'retry', MS),
    of('reject', 'reject', 'broken'),
    of('reject without words', 'reject', ''),
    of('reject with 255 bytes', 'reject', 'x'.repeat(255)),
    of('extend', 'extend', 30_000),
    of('extend by nothing', 'extend', 0),
    yes(
      'QU-13',
      'settlement',
      'of the second of three',
      [2, 'ack'],
      { number: 2, asks: 'ack', argument: null },
      { sent: 3 },
    ),
  ]
}

const handed = (): Item[] => {
  const of = (
    name: string,
    wire: readonly [number, string, string, number, Wire],
    place: Place,
    from: string | null,
    value: Wire | undefined,
  ): Item => {
    const [number, subject, id, attempt] = wire
    return yes('QU-21', 'handed', name, wire, { number, subject, id, attempt, from, value: hexOfBody(value) }, place)
  }
  return [
    of('the first', [1, 'a', 'm1', 1, [null, 1]], { filter: 'a', sent: 0 }, null, 1),
    of('the third', [3, 'a', 'm3', 1, [null, 1]], { filter: '*', sent: 2 }, null, 1),
    of('of a peer', [1, 'a', 'm1', 1, [PEER, 1]], { filter: '*', sent: 0 }, PEER, 1),
    of('in its fifth attempt', [1, 'a', 'm1', 5, [null, 1]], { filter: '*', sent: 0 }, null, 1),
    of('without a value', [1, 'a', 'm1', 1, [null]], { filter: '*', sent: 0 }, null, undefined),
    of('with an empty id', [1, 'a', '', 1, [null, 1]], { filter: '*', sent: 0 }, null, 1),
  ]
}

const answered = (): Item[] =>
  [true, false].map((done) =>
    yes('QU-21', 'answered', String(done), [1, done], { number: 1, done }, { sent: 1, settled: 1 }),
  )
