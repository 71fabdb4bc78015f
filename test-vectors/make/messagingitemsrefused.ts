import type { Wire } from '../../src/cbor.js'
import type { Vectors } from '../schema.js'
import { hexOfBody, type Item, PEER, type Place } from './messagingitemform.js'

type Refused = Vectors<'messaging'>['itemsRefused'][number]

/** What stands in requests and items of topics and queues in each way that is none. */

const no = (rule: string, as: Item['as'], name: string, wire: Wire, place: Place = {}): Refused => ({
  name: `${as}: ${name}`,
  code: 'contract/invalid',
  rule,
  as,
  hex: hexOfBody(wire),
  ...place,
})

export const itemsRefused = (): Refused[] => [
  ...mapsRefused(
    'TO-1',
    'subscribe',
    {},
    { slow: [...NO_TEXT, ['unknown', 'wait'], ['in capitals', 'Block']], credit: NO_CREDIT },
  ),
  ...totalsRefused(),
  ...listsRefused('TO-9', DELIVERED),
  ...placesRefused(),
  ...mapsRefused(
    'QU-2',
    'enqueued',
    {},
    {
      key: [...NO_TEXT, ['of 257 bytes', 'k'.repeat(257)], ['of 129 characters in 258 bytes', 'é'.repeat(129)]],
      delayMs: [...NO_COUNT, ['of 2^31', 2 ** 31]],
    },
  ),
  ...mapsRefused(
    'QU-6',
    'stored',
    { id: 'm1', duplicate: false },
    { id: [...NO_TEXT, ['left out', undefined]], duplicate: [...NO_TRUTH, ['left out', undefined]] },
  ),
  ...mapsRefused('QU-7', 'consume', {}, { credit: NO_CREDIT }),
  ...settlementsRefused(),
  ...listsRefused('QU-21', HANDED),
  ...answersRefused(),
]

type Wrong = readonly (readonly [what: string, value: Wire | undefined])[]

const BYTES = Uint8Array.of(1)
const NO_TEXT: Wrong = [
  ['a number', 1],
  ['null', null],
  ['bytes', BYTES],
]
const NO_COUNT: Wrong = [
  ['a text', '1'],
  ['null', null],
  ['-1', -1],
  ['1.5', 1.5],
  ['true', true],
]
const NO_TRUTH: Wrong = [
  ['1', 1],
  ['null', null],
  ['a text', 'true'],
]
const NO_CREDIT: Wrong = [...NO_COUNT, ['0', 0], ['65,537', 65_537]]
const NO_PEER: Wrong = [
  ['a number', 1],
  ['an empty text', ''],
  ['no id', 'bob'],
  ['an id with another last character', `${PEER.slice(0, -1)}q`],
  ['an id in capitals', PEER.toUpperCase()],
  ['the id of an issuer', `sottoi1${PEER.slice(6)}`],
]

/** A map with a member that is none, one too many, or no map at all. */
const mapsRefused = (
  rule: string,
  as: Item['as'],
  right: { readonly [name: string]: Wire },
  wrong: { readonly [name: string]: Wrong },
): Refused[] => [
  no(rule, as, 'a list', Object.values(right)),
  no(rule, as, 'null', null),
  no(rule, as, 'a text', 'a'),
  no(rule, as, 'a number', 1),
  no(rule, as, 'another member', { ...right, more: 1 }),
  ...Object.entries(wrong).flatMap(([member, values]) =>
    values.map(([what, value]) => {
      const { [member]: _, ...others } = right
      return no(rule, as, `${member} ${what}`, value === undefined ? others : { ...others, [member]: value })
    }),
  ),
]

const totalsRefused = (): Refused[] => [
  ...([...NO_COUNT, ['a list', [1]], ['a map', {}]] as const).map(([what, value]) =>
    no('TO-6', 'total', what, value ?? null, { sent: 3, taken: 0 }),
  ),
  no('TO-6', 'total', 'one more than was sent', 4, { sent: 3, taken: 0 }),
  no('TO-6', 'total', '1 before anything was sent', 1, { sent: 0, taken: 0 }),
  no('TO-6', 'total', 'one less than before', 1, { sent: 3, taken: 2 }),
  no('TO-6', 'total', '0 behind all', 0, { sent: 3, taken: 3 }),
  no('TO-6', 'total', '2^53', 2n ** 53n, { sent: 3, taken: 0 }),
]

/** A list of elements, and what each must not be. */
interface Form {
  readonly as: Item['as']
  readonly place: Place
  readonly right: readonly Wire[]
  readonly elements: readonly (readonly [name: string, wrong: Wrong])[]
}

const ENTRY: Wrong = [
  ['null', null],
  ['a text', 'a'],
  ['a map', {}],
  ['an empty list', []],
  ['of three', [null, 1, 2]],
  ...NO_PEER.map(([what, from]) => [`from ${what}`, [from ?? null, 1]] as const),
]
const SUBJECT: Wrong = [
  ...NO_TEXT,
  ['empty', ''],
  ['of two tokens', 'a.b'],
  ['with a star', '*'],
  ['with a space', 'a b'],
  ['of 66 characters', 'x'.repeat(66)],
]

const DELIVERED: Form = {
  as: 'delivered',
  place: { filter: '*' },
  right: ['a', false, 0, [null, 1]],
  elements: [
    ['subject', SUBJECT],
    ['retained', NO_TRUTH],
    ['dropped', NO_COUNT],
    ['entry', ENTRY],
  ],
}
const HANDED: Form = {
  as: 'handed',
  place: { filter: '*', sent: 0 },
  right: [1, 'a', 'm1', 1, [null, 1]],
  elements: [
    ['number', [...NO_COUNT, ['0', 0], ['2 as the first', 2]]],
    ['subject', SUBJECT],
    ['id', NO_TEXT],
    ['attempt', [...NO_COUNT, ['0', 0]]],
    ['entry', ENTRY],
  ],
}

const listsRefused = (rule: string, { as, place, right, elements }: Form): Refused[] => [
  ...(as === 'delivered'
    ? [no(rule, as, 'null once more', null, place)]
    : [no(rule, as, 'null once more', null, place)]),
  no(rule, as, 'a map', {}, place),
  no(rule, as, 'a number', 1, place),
  no(rule, as, 'an empty list', [], place),
  no(rule, as, 'an element less', right.slice(0, -1), place),
  no(rule, as, 'an element more', [...right, 0], place),
  ...elements.flatMap(([name, wrong], at) =>
    wrong.map(([what, value]) => no(rule, as, `${name} ${what}`, right.with(at, value ?? null), place)),
  ),
]

/** A form that is right, where it cannot come. */
const placesRefused = (): Refused[] => [
  no('TO-9', 'delivered', 'of another subject than the filter', ['b', false, 0, [null, 1]], { filter: 'a' }),
  no('TO-9', 'delivered', 'of the filter in capitals', ['A', false, 0, [null, 1]], { filter: 'a' }),
  no('QU-21', 'handed', 'of another subject than the filter', [1, 'b', 'm1', 1, [null, 1]], { filter: 'a', sent: 0 }),
  no('QU-21', 'handed', 'a number twice', [1, 'a', 'm1', 1, [null, 1]], { filter: 'a', sent: 1 }),
  no('QU-21', 'handed', 'a number left out', [3, 'a', 'm1', 1, [null, 1]], { filter: 'a', sent: 1 }),
]

const ONE = { sent: 1 }

const settlementsRefused = (): Refused[] => {
  const of = (name: string, wire: Wire): Refused => no('QU-13', 'settlement', name, wire, ONE)
  const times = (asks: string): Refused[] =>
    [...NO_COUNT, ['2^31', 2 ** 31] as const].map(([what, value]) =>
      of(`${asks} after ${what}`, [1, asks, value ?? null]),
    )
  return [
    of('null', null),
    of('a map', {}),
    of('a text', 'ack'),
    of('an empty list', []),
    of('a number alone', [1]),
    of('ack with an argument', [1, 'ack', 1]),
    of('ack with null', [1, 'ack', null]),
    of('retry with two arguments', [1, 'retry', 1, 1]),
    of('reject without an argument', [1, 'reject']),
    of('reject with two arguments', [1, 'reject', 'a', 'b']),
    of('extend without an argument', [1, 'extend']),
    of('extend with two arguments', [1, 'extend', 1, 1]),
    ...['nack', 'ACK', 'release', ''].map((asks) => of(`asks for '${asks}'`, [1, asks])),
    of('asks for a number', [1, 1]),
    of('the number behind', ['ack', 1]),
    ...NO_COUNT.filter(([what]) => what !== '-1').map(([what, value]) =>
      of(`of number ${what}`, [value ?? null, 'ack']),
    ),
    ...times('retry'),
    ...times('extend'),
    ...NO_TEXT.map(([what, value]) => of(`reject with ${what}`, [1, 'reject', value ?? null])),
    of('reject with 256 bytes', [1, 'reject', 'x'.repeat(256)]),
    of('reject with 128 characters in 256 bytes', [1, 'reject', 'é'.repeat(128)]),
    no('QU-14', 'settlement', 'of number 0', [0, 'ack'], ONE),
    no('QU-14', 'settlement', 'of number -1', [-1, 'ack'], ONE),
    no('QU-14', 'settlement', 'of the number that comes next', [2, 'ack'], ONE),
    no('QU-14', 'settlement', 'before anything was sent', [1, 'ack'], { sent: 0 }),
    no('QU-14', 'settlement', 'of number 2^53-1', [Number.MAX_SAFE_INTEGER, 'extend', 1], ONE),
  ]
}

const answersRefused = (): Refused[] => {
  const asked = { sent: 2, settled: 1 }
  return [
    ...NO_TRUTH.map(([what, value]) => no('QU-21', 'answered', `with ${what}`, [1, value ?? null], asked)),
    ...NO_COUNT.map(([what, value]) => no('QU-21', 'answered', `number ${what}`, [value ?? null, true], asked)),
    no('QU-21', 'answered', 'for another than was asked', [2, true], asked),
    no('QU-21', 'answered', 'for number 0', [0, true], asked),
    no('QU-21', 'answered', 'where nothing was asked', [1, true], { sent: 1 }),
  ]
}
