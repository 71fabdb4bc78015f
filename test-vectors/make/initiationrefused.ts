import { concat, lengthPrefixed, toHex } from '../../src/bytes.js'
import { type Control, encodeControl } from '../../src/cbor.js'
import { LIMITS } from '../../src/session/limits.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'

type Refused = Vectors<'initiation'>['refused'][number]
type Structure = 'initiation' | 'acceptance'

const no = (
  as: Refused['as'],
  rule: string,
  name: string,
  bytes: Uint8Array,
  code: Refused['code'] = 'session/malformed',
): Refused => ({ name, code, rule, as, hex: toHex(bytes) })

const limits = (): Map<number, Control> => new Map(Object.values(LIMITS).map(({ key, default: value }) => [key, value]))

const DIGEST = counting(0x30, 32)

/** Both structures with something in each member, as the map that is encoded. */
const RIGHT: Readonly<Record<Structure, () => Map<number, Control>>> = {
  initiation: () =>
    new Map<number, Control>([
      [1, [['a.v1', [['o', DIGEST]]]]],
      [2, [['b.v2', [['p', DIGEST]]]]],
      [3, Uint8Array.of(0xf6)],
      [4, limits()],
      [5, 'service'],
      [6, new Map()],
    ]),
  acceptance: () =>
    new Map<number, Control>([
      [1, [0]],
      [2, [0]],
      [3, Uint8Array.of(0xf6)],
      [4, limits()],
      [6, new Map()],
    ]),
}

const FORM = { initiation: 'SE-21', acceptance: 'SE-22' } as const

/** Each member of each structure: absent, of each other type, and with each value that it must not have. */
export const refusedMembers = (): Refused[] =>
  (['initiation', 'acceptance'] as const).flatMap((as) => [
    ...absent(as),
    ...mistyped(as),
    ...limited(as),
    ...extended(as),
    ...framed(as),
  ])

const changed = (as: Structure, change: (map: Map<number, Control>) => void): Uint8Array => {
  const map = RIGHT[as]()
  change(map)
  return encodeControl(map)
}

const absent = (as: Structure): Refused[] => [
  ...[...RIGHT[as]().keys()].map((key) =>
    no(
      as,
      FORM[as],
      `no member ${key}`,
      changed(as, (map) => void map.delete(key)),
    ),
  ),
  ...[0, 7, 24, 255, -1].map((key) =>
    no(
      as,
      FORM[as],
      `a member ${key} more`,
      changed(as, (map) => void map.set(key, 0)),
    ),
  ),
  ...[...RIGHT[as]().keys()].map((key) =>
    no(
      as,
      FORM[as],
      `member ${key} under the key ${key + 16}`,
      changed(as, (map) => {
        map.set(key + 16, map.get(key) ?? 0)
        map.delete(key)
      }),
    ),
  ),
]

const VALUES: readonly (readonly [is: string, value: Control])[] = [
  ['null', null],
  ['true', true],
  ['an integer', 1],
  ['a text', 'x'],
  ['bytes', Uint8Array.of(0xf6)],
  ['an array', []],
  ['a map', new Map()],
]

/** Which of those a member may be. */
const MEANT: Readonly<Record<number, string>> = {
  1: 'an array',
  2: 'an array',
  3: 'bytes',
  4: 'a map',
  5: 'a text',
  6: 'a map',
}

const mistyped = (as: Structure): Refused[] =>
  [...RIGHT[as]().keys()].flatMap((key) =>
    VALUES.filter(([is]) => is !== MEANT[key]).map(([is, value]) =>
      no(
        as,
        FORM[as],
        `member ${key} is ${is}`,
        changed(as, (map) => void map.set(key, value)),
      ),
    ),
  )

const limited = (as: Structure): Refused[] =>
  Object.entries(LIMITS).flatMap(([name, { key, floor, ceiling }]) => {
    const put = (what: string, value: Control | undefined): Refused =>
      no(
        as,
        'SE-20',
        `the limit ${name}: ${what}`,
        changed(as, (map) => {
          const all = limits()
          if (value === undefined) all.delete(key)
          else all.set(key, value)
          map.set(4, all)
        }),
      )
    return [
      put('absent', undefined),
      put('one below its floor', floor - 1),
      put('one above its ceiling', ceiling + 1),
      ...(floor === 1 ? [] : [put('0', 0)]),
      put('-1', -1),
      put('2^53', 2n ** 53n),
      put('null', null),
      put('a text', '65519'),
    ]
  })

const extended = (as: Structure): Refused[] =>
  [-1, -2, -24, -25, -256, -65_537, -(2 ** 32)].map((key) =>
    no(
      as,
      'SE-23',
      `the critical extension ${key}, among others`,
      changed(
        as,
        (map) =>
          void map.set(
            6,
            new Map<number, Control>([
              [1, 0],
              [key, null],
            ]),
          ),
      ),
      'session/extension',
    ),
  )

/** The bytes around and of the map. */
const framed = (as: Structure): Refused[] => {
  const right = encodeControl(RIGHT[as]())
  const at = (name: string, bytes: Uint8Array): Refused => no(as, FORM[as], name, bytes)
  const cuts = [1, 2, 3, 8, 16, 32, 64].filter((length) => length < right.length)
  return [
    ...cuts.map((length) => at(`the first ${length} bytes alone`, right.subarray(0, length))),
    at('without its last byte', right.subarray(0, -1)),
    at('with a zero byte behind', concat(right, Uint8Array.of(0))),
    at('twice', concat(right, right)),
    at('under a tag', concat(Uint8Array.of(0xd9, 0xd9, 0xf7), right)),
    at('in an array', concat(Uint8Array.of(0x81), right)),
    at('in a byte string', encodeControl(right)),
    at('a map without a length', concat(Uint8Array.of(0xbf), right.subarray(1), Uint8Array.of(0xff))),
    at('a map whose length has a longer head', concat(Uint8Array.of(0xb8, (right[0] ?? 0) & 0x1f), right.subarray(1))),
    at('null', Uint8Array.of(0xf6)),
  ]
}

/** Fields of messages 2 and 3 (SE-13), each cut short, twice, out of order, or of a type that is none. */
export const refusedPayloads = (): Refused[] => {
  const field = (type: number, value: Uint8Array): Uint8Array => concat(Uint8Array.of(type), lengthPrefixed(value))
  const [credential, initiation] = [field(1, counting(0x60, 40)), field(2, encodeControl(RIGHT.initiation()))]
  const two = (name: string, bytes: Uint8Array): Refused => no('payload 2', 'SE-13', name, bytes)
  const three = (name: string, bytes: Uint8Array): Refused => no('payload 3', 'SE-13', name, bytes)
  return [
    ...[3, 4, 9, 0x3f, 0x80, 0xff].flatMap((type) => [
      two(`a field of type ${type}`, field(type, counting(0, 4))),
      three(`a field of type ${type} behind the initiation`, concat(initiation, field(type, counting(0, 4)))),
      three(`a field of type ${type} in front of the initiation`, concat(field(type, counting(0, 4)), initiation)),
    ]),
    ...[1, 2, 3, 10, credential.length - 1].map((length) =>
      two(`a credential of which ${length} bytes have come`, credential.subarray(0, length)),
    ),
    ...[1, 2, 3, 10, initiation.length - 1].map((length) =>
      three(`an initiation of which ${length} bytes have come`, initiation.subarray(0, length)),
    ),
    ...[1, 2, 3, 10].map((length) =>
      three(
        `an initiation of which ${length} bytes have come behind a credential`,
        concat(credential, initiation.subarray(0, length)),
      ),
    ),
    ...[1, 8, 255].map((byte) =>
      two(`padding that ends in ${byte}`, concat(credential, new Uint8Array(4), Uint8Array.of(byte))),
    ),
    ...[1, 8, 255].map((byte) =>
      three(`padding that ends in ${byte}`, concat(initiation, new Uint8Array(4), Uint8Array.of(byte))),
    ),
    two('padding in front of a credential', concat(new Uint8Array(3), credential)),
    three('padding in front of the initiation', concat(new Uint8Array(3), initiation)),
    three('padding between the fields', concat(credential, new Uint8Array(3), initiation)),
    two('two credentials', concat(credential, credential)),
    three('a credential, and two initiations', concat(credential, initiation, initiation)),
    two('a credential and an initiation', concat(credential, initiation)),
    three('an initiation without a type and a length', encodeControl(RIGHT.initiation())),
    two('a credential of 4,097 bytes', field(1, new Uint8Array(4_097))),
  ]
}
