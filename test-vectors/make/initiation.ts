import { concat, EMPTY, lengthPrefixed, toHex } from '../../src/bytes.js'
import { type Control, encode, encodeControl } from '../../src/cbor.js'
import { type Initiation as Decoded, encodeAcceptance, encodeInitiation } from '../../src/session/initiation.js'
import { LIMITS, type Limits, limitsOf } from '../../src/session/limits.js'
import { encodePayload } from '../../src/session/payload.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { refusedMembers, refusedPayloads } from './initiationrefused.js'

type Initiation = Vectors<'initiation'>
type Refused = Initiation['refused'][number]
type Entries = ReadonlyMap<number, Control>

export const initiationVectors = (): Initiation => ({
  about:
    'The session initiation and its answer (spec/session.md): control structures with integer keys. `context` is the CBOR of the context, ' +
    'which travels as a byte string that holds it. `extensions`: the map of extensions is not empty, so decoding and encoding leaves it out. ' +
    'payloads: of message 2 or 3, with a credential as field 1 or none (empty), the initiation as field 2 in message 3, and zero bytes behind.',
  initiations: [
    initiation('nothing used and nothing served', {}),
    initiation('two contracts used and one served', { uses: [THERMOSTAT, BILLING], serves: [DISPLAY] }),
    initiation('a context and a service', { context: { tenant: 'acme', level: 1.5 }, service: 'climate' }),
    initiation('the lowest limits', { limits: bounds('floor') }),
    initiation('the highest limits', { limits: bounds('ceiling') }),
    extended('an extension that may be unknown', { uses: [THERMOSTAT] }),
  ],
  acceptances: [
    acceptance('nothing', [], [], null),
    acceptance('two contracts served and the second offer used', [0, 1], [1], { motd: 'hello' }),
  ],
  payloads: payloads(),
  refused: once([
    ...badPayloads(),
    ...refusedInitiations(),
    ...refusedAcceptances(),
    ...refusedMembers(),
    ...refusedPayloads(),
  ]),
})

/** Of two names for the same bytes the first. */
const once = (all: readonly Refused[]): Refused[] =>
  all.filter(({ as, hex }, at) => all.findIndex((other) => other.as === as && other.hex === hex) === at)

const offer = (contract: string, ...names: string[]): Decoded['uses'][number] => ({
  contract,
  operations: names.map((name, i) => ({ name, digest: counting(i, 32) })),
})
const THERMOSTAT = offer('thermostat.v1', 'read', 'set')
const BILLING = offer('acme.billing.v2', 'charge')
const DISPLAY = offer('display.v1', 'show')

const bounds = (which: 'floor' | 'ceiling'): Limits =>
  limitsOf(Object.fromEntries(Object.entries(LIMITS).map(([name, row]) => [name, row[which]])))

const decoded = (over: Partial<Decoded>): Decoded => ({
  uses: [],
  serves: [],
  context: null,
  limits: limitsOf(),
  service: '',
  ...over,
})

const offers = (list: Decoded['uses']): Initiation['initiations'][number]['initiation']['uses'] =>
  list.map(({ contract, operations }) => ({
    contract,
    operations: operations.map(({ name, digest }) => ({ name, digest: toHex(digest) })),
  }))

const initiation = (name: string, over: Partial<Decoded>): Initiation['initiations'][number] => {
  const whole = decoded(over)
  return {
    name,
    as: 'initiation',
    hex: toHex(encodeInitiation(whole)),
    extensions: false,
    initiation: {
      uses: offers(whole.uses),
      serves: offers(whole.serves),
      context: toHex(encode(whole.context)),
      limits: whole.limits,
      service: whole.service,
    },
  }
}

const extended = (name: string, over: Partial<Decoded>): Initiation['initiations'][number] => {
  const hex = toHex(encodeControl(mapOf(decoded(over), [6, new Map([[1, 'x']])])))
  return { ...initiation(name, over), hex, extensions: true }
}

const acceptance = (
  name: string,
  serves: number[],
  uses: number[],
  context: Decoded['context'],
): Initiation['acceptances'][number] => ({
  name,
  as: 'acceptance',
  hex: toHex(encodeAcceptance({ serves, uses, context, limits: limitsOf() })),
  extensions: false,
  acceptance: { serves, uses, context: toHex(encode(context)), limits: limitsOf() },
})

const BARE = encodeInitiation(decoded({}))

/** No credential of anybody: what is in a field is judged elsewhere. */
const SHOWN = counting(0x60, 40)

const payload = (name: string, message: 2 | 3, credential: Uint8Array, padding = 0): Initiation['payloads'][number] => {
  const initiation = message === 3 ? BARE : EMPTY
  const fields = { ...(credential.length > 0 && { credential }), ...(initiation.length > 0 && { initiation }) }
  const hex = toHex(concat(encodePayload(fields), new Uint8Array(padding)))
  return { name, as: `payload ${message}`, hex, credential: toHex(credential), initiation: toHex(initiation) }
}

const payloads = (): Initiation['payloads'] => [
  payload('message 3, no padding', 3, EMPTY),
  payload('message 3, padding', 3, EMPTY, 9),
  payload('message 3, a credential', 3, SHOWN),
  payload('message 3, a credential and padding', 3, SHOWN, 9),
  payload('message 2, nothing', 2, EMPTY),
  payload('message 2, padding', 2, EMPTY, 9),
  payload('message 2, a credential', 2, SHOWN),
  payload('message 2, a credential and padding', 2, SHOWN, 9),
]

const no = (
  as: Refused['as'],
  rule: string,
  name: string,
  bytes: Uint8Array,
  code: Refused['code'] = 'session/malformed',
): Refused => ({ name, code, rule, as, hex: toHex(bytes) })

const badPayloads = (): Refused[] => {
  const field = (type: number, value: Uint8Array): Uint8Array => concat(Uint8Array.of(type), lengthPrefixed(value))
  const bad = (name: string, bytes: Uint8Array): Refused => no('payload 3', 'SE-13', name, bytes)
  const bad2 = (name: string, bytes: Uint8Array): Refused => no('payload 2', 'SE-13', name, bytes)
  return [
    bad('no field', EMPTY),
    bad('padding alone', new Uint8Array(4)),
    bad('a field that is reserved', field(3, BARE)),
    bad('a field that no session knows', field(0x7f, BARE)),
    bad('the field twice', concat(field(2, BARE), field(2, BARE))),
    bad('another field behind it', concat(field(2, BARE), field(3, EMPTY))),
    bad('a length beyond the end', concat(Uint8Array.of(2), fromHex('ffff'), BARE)),
    bad('padding that is not zero', concat(field(2, BARE), Uint8Array.of(0, 0, 1))),
    bad('a credential alone', field(1, SHOWN)),
    bad('a credential behind the initiation', concat(field(2, BARE), field(1, SHOWN))),
    bad('a credential twice', concat(field(1, SHOWN), field(1, SHOWN), field(2, BARE))),
    bad('a credential of no byte', concat(field(1, EMPTY), field(2, BARE))),
    bad('a credential of 4,097 bytes', concat(field(1, new Uint8Array(4_097)), field(2, BARE))),
    bad2('an initiation', field(2, BARE)),
    bad2('a credential of no byte', field(1, EMPTY)),
    bad2('a credential cut short', field(1, SHOWN).subarray(0, -1)),
    bad2('a byte behind a credential', concat(field(1, SHOWN), Uint8Array.of(0, 1))),
  ]
}

/** An initiation as the map that is encoded, with one entry replaced. */
const mapOf = (of: Decoded, ...entries: [number, Control | undefined][]): Entries => {
  const item = ({ contract, operations }: Decoded['uses'][number]): Control => [
    contract,
    operations.map(({ name, digest }) => [name, digest]),
  ]
  const map = new Map<number, Control>([
    [1, of.uses.map(item)],
    [2, of.serves.map(item)],
    [3, encode(of.context)],
    [4, limitMap()],
    [5, of.service],
    [6, new Map()],
  ])
  return changed(map, entries)
}

const limitMap = (...entries: [number, Control | undefined][]): Entries =>
  changed(new Map<number, Control>(Object.entries(LIMITS).map(([, row]) => [row.key, row.default])), entries)

/** Entries that are undefined are taken out. */
const changed = (map: Map<number, Control>, entries: readonly [number, Control | undefined][]): Entries => {
  for (const [key, value] of entries) {
    if (value === undefined) map.delete(key)
    else map.set(key, value)
  }
  return map
}

const refusedInitiations = (): Refused[] => {
  const bad = (name: string, entry: [number, Control | undefined], rule = 'SE-21', code?: Refused['code']): Refused =>
    no('initiation', rule, name, encodeControl(mapOf(decoded({}), entry)), code)
  const digest = counting(0, 32)
  return [
    no('initiation', 'SE-21', 'nothing', EMPTY),
    no('initiation', 'SE-21', 'a byte behind', concat(BARE, Uint8Array.of(0))),
    no('initiation', 'SE-21', 'no map', encodeControl([])),
    no('initiation', 'SE-21', 'a map of text keys', encodeControl({ a: 1 })),
    bad('no service', [5, undefined]),
    bad('a key that is not there', [7, 0]),
    bad('a service that is no text', [5, 0]),
    bad('uses that are no array', [1, new Map()]),
    bad('an offer that is no array', [1, ['a.v1']]),
    bad('an offer without operations', [1, [['a.v1', []]]]),
    bad('an offer of three parts', [1, [['a.v1', [['o', digest]], 0]]]),
    bad('a contract name outside the grammar', [1, [['a', [['o', digest]]]]]),
    bad('an operation name outside the grammar', [1, [['a.v1', [['then', digest]]]]]),
    bad('a digest of 31 bytes', [1, [['a.v1', [['o', digest.subarray(1)]]]]]),
    bad('operations that do not rise', [
      1,
      [
        [
          'a.v1',
          [
            ['p', digest],
            ['o', digest],
          ],
        ],
      ],
    ]),
    bad('an operation twice', [
      1,
      [
        [
          'a.v1',
          [
            ['o', digest],
            ['o', digest],
          ],
        ],
      ],
    ]),
    bad('a contract offered twice', [
      2,
      [
        ['a.v1', [['o', digest]]],
        ['a.v1', [['p', digest]]],
      ],
    ]),
    bad('a context that is not in a byte string', [3, null]),
    bad('a context that is not strict CBOR', [3, fromHex('1817')]),
    bad('a context with an integer key', [3, fromHex('a10102')]),
    bad('no context in the byte string', [3, EMPTY]),
    bad('a limit is missing', [4, limitMap([1, undefined])], 'SE-20'),
    bad('a limit that is not there', [4, limitMap([7, 1])], 'SE-20'),
    bad('a limit below its floor', [4, limitMap([3, 0])], 'SE-20'),
    bad('a limit above its ceiling', [4, limitMap([1, 65_520])], 'SE-20'),
    bad('a limit that is no number', [4, limitMap([1, '1024'])], 'SE-20'),
    bad('a critical extension', [6, new Map([[-1, 0]])], 'SE-23', 'session/extension'),
  ]
}

const refusedAcceptances = (): Refused[] => {
  const base = (): Map<number, Control> =>
    new Map<number, Control>([
      [1, [0]],
      [2, []],
      [3, encode(null)],
      [4, limitMap()],
      [6, new Map()],
    ])
  const bad = (name: string, entry: [number, Control | undefined], rule = 'SE-22', code?: Refused['code']): Refused =>
    no('acceptance', rule, name, encodeControl(changed(base(), [entry])), code)
  return [
    bad('no limits', [4, undefined]),
    bad('a service, which is for an initiation', [5, '']),
    bad('indices that do not rise', [1, [1, 0]]),
    bad('an index twice', [2, [1, 1]]),
    bad('an index below 0', [1, [-1]]),
    bad('an index that is no number', [1, ['0']]),
    bad('a context that is not strict CBOR', [3, fromHex('f7')]),
    bad('a critical extension', [6, new Map([[-4_294_967_296, 0]])], 'SE-23', 'session/extension'),
  ]
}
