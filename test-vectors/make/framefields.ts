import { EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { longVarint, varint } from '../../src/kit/hostileframes.js'
import { hexOf } from '../hex.js'
import type { Vectors } from '../schema.js'

type Refused = Vectors<'frames'>['refused'][number]

/** A field of a frame: a number, a length and its bytes, or bytes alone. */
type Field =
  | { readonly name: string; readonly number: number }
  | { readonly name: string; readonly bytes: Uint8Array }
  | { readonly flags: number }

interface Layout {
  readonly name: string
  readonly type: number
  readonly fields: readonly Field[]
}

const number = (name: string, value = 1): Field => ({ name, number: value })
const bytes = (name: string, value: Uint8Array | string): Field => ({
  name,
  bytes: typeof value === 'string' ? utf8(value) : value,
})

/** Every frame, and every field that it can have. */
const LAYOUTS: readonly Layout[] = [
  { name: 'ACCEPT', type: 1, fields: [bytes('body', 'a')] },
  { name: 'REFUSE', type: 2, fields: [number('code', 17), bytes('detail', 'kit.v1')] },
  {
    name: 'BEGIN',
    type: 3,
    fields: [
      { flags: 0x1d },
      number('exchange'),
      number('operation'),
      bytes('subject', 'a'),
      number('ttl'),
      number('count of labels'),
      bytes('name of a label', 'a'),
      bytes('value of a label', 'b'),
      bytes('body', Uint8Array.of(0)),
    ],
  },
  { name: 'DATA', type: 4, fields: [{ flags: 1 }, number('exchange'), bytes('body', Uint8Array.of(0))] },
  { name: 'FAULT', type: 5, fields: [number('exchange'), number('code', 32), bytes('details', Uint8Array.of(0))] },
  { name: 'RESET', type: 6, fields: [number('exchange'), number('code', 48), number('size')] },
  { name: 'STOP', type: 7, fields: [number('exchange'), number('code', 48)] },
  { name: 'CREDIT', type: 8, fields: [number('exchange'), number('limit')] },
  { name: 'PING', type: 9, fields: [number('count')] },
  { name: 'PONG', type: 10, fields: [number('count')] },
  { name: 'REKEY', type: 11, fields: [number('generation')] },
  { name: 'REFRESH', type: 12, fields: [bytes('message', Uint8Array.of(0))] },
  { name: 'CREDENTIAL', type: 13, fields: [bytes('credential', Uint8Array.of(0))] },
  { name: 'DRAIN', type: 14, fields: [number('last')] },
  { name: 'END', type: 15, fields: [number('code')] },
]

/** Each number of each frame, said in each way that is none. */
const NUMBERS: readonly (readonly [fault: string, bytes: (value: number) => Uint8Array])[] = [
  ['in two bytes where one holds it', (value) => longVarint(value, 2)],
  ['in four bytes where one holds it', (value) => longVarint(value, 4)],
  ['in eight bytes where one holds it', (value) => longVarint(value, 8)],
  ['of 2^53', () => Uint8Array.of(0xc0, 0x20, 0, 0, 0, 0, 0, 0)],
  ['of 2^62-1', () => new Uint8Array(8).fill(0xff)],
]

/** Each field of each frame, and each way in which it is no field. */
export const refusedLayouts = (): Refused[] => LAYOUTS.flatMap((layout) => [...faultsOf(layout), ...flagsOf(layout)])

const no = (rule: string, name: string, hex: string): Refused => ({
  name,
  code: 'session/malformed',
  rule,
  as: 'plaintext',
  hex,
})

const faultsOf = ({ name, type, fields }: Layout): Refused[] =>
  fields.flatMap((field, at) => {
    const before = hexOf(Uint8Array.of(type), ...fields.slice(0, at).map(encoded))
    const behind = hexOf(...fields.slice(at + 1).map(encoded))
    if ('flags' in field) return [no('SE-31', `${name} without its flags`, before)]
    const value = 'number' in field ? field.number : field.bytes.length
    const rest = 'number' in field ? behind : hexOf(field.bytes, behind)
    const what = 'number' in field ? field.name : `length of ${field.name}`
    return [
      no('SE-31', `${name} that is cut before the ${what}`, before),
      no('SE-31', `${name} that is cut inside the ${what}`, `${before}40`),
      ...NUMBERS.map(([fault, of]) => no('SE-31', `${name} with a ${what} ${fault}`, hexOf(before, of(value), rest))),
      ...('number' in field
        ? []
        : [no('SE-31', `${name} that is cut inside the ${field.name}`, hexOf(before, varint(value + 1), field.bytes))]),
    ]
  })

const encoded = (field: Field): string => {
  if ('flags' in field) return toHex(Uint8Array.of(field.flags))
  return 'number' in field ? toHex(varint(field.number)) : hexOf(varint(field.bytes.length), field.bytes)
}

/** A bit that is not listed, and an end inside a message. */
const flagsOf = ({ name, type, fields }: Layout): Refused[] => {
  const [first] = fields
  if (first === undefined || !('flags' in first)) return []
  const known = name === 'BEGIN' ? 0x1f : 0x03
  const rest = hexOf(...fields.slice(1).map(encoded))
  return [0x04, 0x08, 0x10, 0x20, 0x40, 0x80]
    .filter((bit) => (bit & known) === 0)
    .map((bit) => no('SE-32', `${name} with the flag ${bit}`, hexOf(Uint8Array.of(type, first.flags | bit), rest)))
}

const last = (name: string, bytes: readonly number[]): readonly (readonly [string, string])[] => [
  [name, toHex(Uint8Array.from(bytes))],
]

/** What may stand alone in its record, or last. */
const LAST = [
  ...last('ACCEPT', [1, 1, 0xa0]),
  ...last('REFUSE', [2, 8, 0]),
  ...last('REKEY', [11, 0]),
  ...last('END', [15, 0]),
]
const BEHIND = [
  ['DATA', '0401010101'],
  ['CREDIT', '080001'],
  ['a frame that is none', '10'],
  ['padding that is not zero', '000001'],
] as const

/** Another frame behind one that is the last, and types that are none. */
export const refusedOrders = (): Refused[] => [
  ...LAST.flatMap(([name, hex]) =>
    BEHIND.map(([behind, more]) =>
      no(behind.startsWith('padding') ? 'CH-9' : 'CH-10', `${behind} behind ${name}`, `${hex}${more}`),
    ),
  ),
  ...LAST.flatMap(([name, hex]) =>
    LAST.filter(([other]) => other !== name).map(([other, more]) =>
      no('CH-10', `${other} behind ${name}`, `${hex}${more}`),
    ),
  ),
  ...[17, 31, 32, 63, 64, 127, 128, 254].map((type) =>
    no('SE-31', `the type ${type}`, hexOf(Uint8Array.of(type), EMPTY, '00')),
  ),
]
