import * as z from 'zod'
import { concat, EMPTY } from '../../src/bytes.js'
import { type Control, decodeControl, encode, encodeControl, type Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, queue, requestResponse, stream, topic } from '../../src/contract/operation.js'
import { membersOf, rowsOf } from '../../src/contract/row.js'
import { bytes } from '../../src/contract/shape.js'
import { noble } from '../../src/crypto/noble.js'
import { Identity } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { Issuer } from '../../src/identity/issuer.js'
import { Possession } from '../../src/identity/possession.js'
import { deliveryOf, encodeEntry } from '../../src/messaging/entry.js'
import { offerOf } from '../../src/session/agreement.js'
import { encodeFault, type Fault } from '../../src/session/faults.js'
import { encodeAcceptance, encodeInitiation } from '../../src/session/initiation.js'
import { encodeLimits, LIMITS, limitsOf } from '../../src/session/limits.js'

/** What a rule takes, as the code writes it, and what it refuses, which is one fault away from that. */
export interface Cases {
  readonly taken: readonly Uint8Array[]
  readonly refused: readonly Uint8Array[]
}

const Room = z.object({ room: z.string() })
const Order = z.object({ order: z.string() })
const House = contract(
  'house.v1',
  {
    read: requestResponse({ request: Room, faults: { Gone: Room }, visible: ['room'], idempotent: true }),
    place: requestResponse({ request: Order }),
    log: oneWay(bytes),
    copy: stream({ up: bytes, down: bytes }),
    news: topic(bytes, { subject: '{room}.x', retain: true }),
    work: queue(bytes, { subject: '{room}' }),
  },
  { key: 'order', states: { start: { place: 'end' } } },
)
const offer = offerOf(noble.hash.SHA256, House)

const list = (value: Control): readonly Control[] => {
  if (!Array.isArray(value)) throw new RangeError('expected an array')
  return value
}

const counting = (from: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => from + i)
const peer = Identity.of(counting(0, 32), noble).id
const credentialOf = (over: Partial<Parameters<typeof issueCredential>[1]> = {}): Uint8Array =>
  issueCredential(
    Issuer.of(counting(0x20, 32), noble),
    { possession: Possession.of(peer, 1_767_225_600_000), expiresMs: 1_767_312_000_000, ...over },
    noble,
  )
const credentials = [
  credentialOf(),
  credentialOf({ name: 'spiffe://example.org/a/b', roles: ['b', 'a'], claims: { room: 'x', floor: -3, lit: true } }),
]
const payloadOf = (credential: Uint8Array): Uint8Array => {
  const [, , payload] = list(decodeControl(credential))
  if (!(payload instanceof Uint8Array)) throw new RangeError('expected a payload')
  return payload
}
const statements = credentials.map(payloadOf)

const initiation = { uses: [offer], serves: [], context: { a: 1.5 }, limits: limitsOf(), service: 's' }
const acceptance = { serves: [0], uses: [1, 4], context: null, limits: limitsOf() }
const entry = encodeEntry(peer, { room: 'a' })
const details = (fault: Fault): Uint8Array => encodeFault(fault, 65_519)

const mapOf = (encoded: Uint8Array): Map<number, Control> => {
  const value = decodeControl(encoded)
  if (!(value instanceof Map)) throw new RangeError('expected a map with integer keys')
  return new Map(value)
}
/** The same map with other entries; one that is undefined is left out. */
const withKeys = (encoded: Uint8Array, ...entries: readonly (readonly [number, Control | undefined])[]): Uint8Array => {
  const map = mapOf(encoded)
  for (const [key, value] of entries) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
  return encodeControl(map)
}
const texts = (...values: readonly string[]): readonly Uint8Array[] => values.map(encode)
const items = (...values: readonly (Wire | undefined)[]): readonly Uint8Array[] =>
  values.map((value) => encode(value ?? null))

const initiations = [
  encodeInitiation(initiation),
  encodeInitiation({
    uses: [],
    serves: [offer, { ...offer, contract: 'a.v1' }],
    context: null,
    limits: limitsOf(),
    service: '',
  }),
  withKeys(encodeInitiation(initiation), [6, new Map([[1, ['a', new Map([[-1, null]])]]])]),
]
const offerItem = (contractName: Control, rows: Control): Control => [contractName, rows]
const row = ['read', counting(0, 32)] as const
const limits = encodeControl(encodeLimits(limitsOf()))
const faults = {
  DeclaredFault: [
    details({ code: 'call/fault', name: 'Gone', data: undefined }),
    details({ code: 'call/fault', name: 'Gone', data: [1] }),
  ],
  Incident: [details({ code: 'call/internal', incident: '0'.repeat(32) })],
  Invalid: [
    details({ code: 'contract/invalid', path: 'a.0' }),
    details({ code: 'contract/invalid', path: '', item: 2 }),
  ],
  Refused: [details({ code: 'policy/denied', item: 0 }), details({ code: 'policy/limited', item: 3 })],
  Misstep: [details({ code: 'flow/refused', state: 'start', expected: ['pay', 'drop'] })],
}

const CONTROL: Readonly<Record<string, Cases>> = {
  wire: {
    taken: items(null, false, 0, -1, 2n ** 64n - 1n, 1.5, Number.NaN, '', [1, [null]], { a: { b: 'x' } }, EMPTY),
    // A map with integer keys, a tag, undefined, a simple value.
    refused: [encodeControl(new Map([[1, 2]])), ...['d903e800', 'f7', 'f0'].map((hex) => Buffer.from(hex, 'hex'))],
  },
  control: {
    taken: [
      encodeControl(
        new Map<number, Control>([
          [-1, 'a'],
          [5, [EMPTY]],
        ]),
      ),
      encodeControl({ a: 1 }),
    ],
    refused: [...items(1.5, [1.5]), encode({ a: { b: 0.5 } })],
  },
  partial: { taken: items(1.5, Number.POSITIVE_INFINITY), refused: items(1, '1.5') },
  key: { taken: items(0, -(2 ** 32), 2 ** 32 - 1), refused: items(2 ** 32, -(2 ** 32) - 1, 'a') },
  Initiation: {
    taken: initiations,
    refused: [
      ...[1, 2, 3, 4, 5, 6].map((key) => withKeys(encodeInitiation(initiation), [key, undefined])),
      withKeys(encodeInitiation(initiation), [7, 0]),
      withKeys(encodeInitiation(initiation), [3, null]),
      withKeys(encodeInitiation(initiation), [3, Uint8Array.of(0xc0, 0)]),
      withKeys(encodeInitiation(initiation), [5, 0]),
      withKeys(encodeInitiation(initiation), [6, { a: 1 }]),
      encode([]),
    ],
  },
  Acceptance: {
    taken: [encodeAcceptance(acceptance), encodeAcceptance({ ...acceptance, serves: [], uses: [] })],
    refused: [
      ...[1, 2, 3, 4, 6].map((key) => withKeys(encodeAcceptance(acceptance), [key, undefined])),
      withKeys(encodeAcceptance(acceptance), [5, '']),
      withKeys(encodeAcceptance(acceptance), [1, [-1]]),
      withKeys(encodeAcceptance(acceptance), [2, ['a']]),
    ],
  },
  Offers: {
    taken: initiations.map((each) => encodeControl(mapOf(each).get(1) ?? [])),
    refused: [encodeControl([['a.v1', []]]), encodeControl(Array.from({ length: 257 }, () => ['a.v1', [row]]))],
  },
  Offer: {
    taken: [encodeControl(offerItem('a.v1', [row]))],
    refused: [
      encodeControl(offerItem(1, [row])),
      encodeControl(offerItem('a.v1', [['read', counting(0, 31)]])),
      encodeControl(offerItem('a.v1', [['read', 'x']])),
      encodeControl(['a.v1', [row], 0]),
    ],
  },
  Limits: {
    taken: [limits, ...(['floor', 'ceiling'] as const).map(atBound)].flat(),
    refused: [
      ...Object.values(LIMITS).flatMap(({ key, floor, ceiling }) => [
        withKeys(limits, [key, undefined]),
        withKeys(limits, [key, floor - 1]),
        withKeys(limits, [key, ceiling + 1]),
      ]),
      withKeys(limits, [7, 1]),
    ],
  },
  Extensions: {
    taken: [encodeControl(new Map()), encodeControl(new Map([[-1, 'a']]))],
    refused: [encode({ a: 1 }), encode(1)],
  },
  credential: {
    taken: credentials,
    refused: credentials.flatMap((each) => {
      const [head, unprotected, payload, signature] = list(decodeControl(each))
      const parts = (...of: readonly (Control | undefined)[]): Uint8Array =>
        encodeControl(of.map((part) => part ?? null))
      return [
        parts(Uint8Array.of(0xa1, 0x01, 0x26), unprotected, payload, signature),
        parts(head, new Map([[4, 'kid']]), payload, signature),
        parts(head, unprotected, Uint8Array.of(0xa0), signature),
        parts(head, unprotected, payload, counting(0, 63)),
        parts(head, unprotected, payload),
        concat(Uint8Array.of(0xd2), each),
      ]
    }),
  },
  statement: {
    taken: statements,
    refused: statements.flatMap((each) => [
      ...[1, 4, 5, 7, 8].map((key) => withKeys(each, [key, undefined])),
      withKeys(each, [3, 'aud']),
      withKeys(each, [1, 'sottoca1']),
      withKeys(each, [2, 'https://example.org/a']),
      withKeys(each, [4, 'never']),
      withKeys(each, [7, counting(0, 15)]),
      withKeys(each, [
        8,
        new Map([
          [
            1,
            new Map<number, Control>([
              [1, 1],
              [-1, 6],
              [-2, counting(0, 32)],
            ]),
          ],
        ]),
      ]),
      withKeys(each, [-65_537, []]),
      withKeys(each, [-65_537, ['a b']]),
      withKeys(each, [-65_538, { a: [1] }]),
    ]),
  },
  'peer-name': {
    taken: texts('spiffe://example.org/a', 'spiffe://a/B_c/d.e'),
    refused: texts('spiffe://a', 'spiffe://A/b', 'a'),
  },
  word: { taken: texts('a', 'A-b_9'), refused: texts('', 'a b', 'a'.repeat(65)) },
  seconds: { taken: items(0, 253_402_300_799), refused: items(-1, 253_402_300_800, '0') },
}

const BODIES: Readonly<Record<string, Cases>> = {
  Row: {
    taken: rowsOf(House).map((each) => encodeControl(membersOf(each))),
    refused: rowsOf(House).flatMap((each) => {
      const members = membersOf(each)
      const { idempotent: _, ...less } = members
      return [less, { ...members, kind: 'call' }, { ...members, more: 1 }, { ...members, up: 'both' }].map(
        encodeControl,
      )
    }),
  },
  Carries: { taken: texts('nothing', 'items', 'bytes'), refused: texts('item', '') },
  RowFlow: {
    taken: rowsOf(House).flatMap(({ flow }) => (flow === undefined ? [] : [encodeControl(flow)])),
    refused: [
      encode({ key: 'order', steps: {} }),
      encode({ steps: { start: 'end' } }),
      encode({ key: 1, steps: { start: 'end' } }),
    ],
  },
  FaultDetails: { taken: Object.values(faults).flat(), refused: [encode({}), encode({ incident: 1 }), encode([])] },
  DeclaredFault: { taken: faults.DeclaredFault, refused: [encode({ data: 1 }), encode({ name: 'a', more: 1 })] },
  Incident: { taken: faults.Incident, refused: [encode({ incident: EMPTY }), encode({ incident: 'a', path: '' })] },
  Invalid: { taken: faults.Invalid, refused: [encode({ item: 1 }), encode({ path: 'a', item: 0 })] },
  Refused: { taken: faults.Refused, refused: [encode({ item: -1 }), encode({ item: 1, path: '' })] },
  Item: { taken: items(1, 2 ** 53 - 1), refused: items(0, 2n ** 53n) },
  Misstep: {
    taken: faults.Misstep,
    refused: [
      encode({ state: 'a' }),
      encode({ state: 'a', expected: ['x', 1] }),
      encode({ state: 'a', expected: Array(65).fill('x') }),
    ],
  },
  Enqueued: {
    taken: items({}, { value: null, key: 'é'.repeat(128), delayMs: 2 ** 31 - 1 }),
    refused: items({ key: 'é'.repeat(129) }, { delayMs: -1 }, { delayMs: 2 ** 31 }, { values: 1 }, []),
  },
  Subscribe: {
    taken: items({}, { slow: 'latest', credit: 65_536 }),
    refused: items({ slow: 'never' }, { credit: 0 }, { credit: 65_537 }, { group: 'a' }, null),
  },
  Total: { taken: items(0, 9), refused: items(-1, null) },
  Entry: {
    taken: [entry, encodeEntry(undefined, undefined), encodeEntry(undefined, null)],
    refused: items([], [1], [null, 1, 2], ['a', 1, 1]),
  },
  Delivered: {
    taken: [deliveryOf('a.x', entry, ['a.x', false, 3]).item, deliveryOf('', entry, ['', true, 0]).item],
    refused: items(['a', false, 0], ['a', false, -1, [null]], ['a', 0, 0, [null]], ['a', false, 0, [5]], null),
  },
  Stored: {
    taken: items({ id: 'a', duplicate: false }),
    refused: items({ id: 'a' }, { id: 1, duplicate: true }, { id: 'a', duplicate: true, more: 1 }),
  },
  Consume: { taken: items({}, { credit: 1 }), refused: items({ credit: 0 }, { slow: 'end' }) },
  Settlement: {
    taken: items([1, 'ack'], [2, 'retry'], [2, 'retry', 0], [3, 'reject', 'why'], [4, 'extend', 5]),
    refused: items(
      [1],
      [1, 'nack'],
      [1, 'ack', 1],
      [1, 'reject'],
      [1, 'extend'],
      [1, 'retry', -1],
      [-1, 'ack'],
      [1, 'extend', 2 ** 31],
    ),
  },
  Handed: {
    taken: [deliveryOf('a', entry, [1, 'a', 'id', 2]).item],
    refused: items(
      [1, 'a', 'id', [null]],
      [1, 'a', 7, 1, [null]],
      ['1', 'a', 'id', 1, [null]],
      [1, 'a', 'id', 1, null],
    ),
  },
  Answered: { taken: items([1, true], [2, false]), refused: items([1], [1, 1], [1, true, 0]) },
  milliseconds: { taken: items(0, 2 ** 31 - 1), refused: items(-1, 2 ** 31, 0.5) },
}

/** By rule, what is CBOR. */
export const CBOR_CASES: Readonly<Record<string, Cases>> = { ...CONTROL, ...BODIES }

function atBound(which: 'floor' | 'ceiling'): Uint8Array {
  const bounds = Object.fromEntries(Object.entries(LIMITS).map(([name, of]) => [name, of[which]]))
  return encodeControl(encodeLimits(limitsOf(bounds)))
}
