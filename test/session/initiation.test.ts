import { describe, expect, test } from 'vitest'
import { concat, EMPTY, lengthPrefixed } from '../../src/bytes.js'
import { type Control, encode, encodeControl } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import type { Provider } from '../../src/crypto/provider.js'
import { ERRORS, type ErrorCode, SottoError } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import { offerOf } from '../../src/session/agreement.js'
import { Engine } from '../../src/session/engine.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { decodeInitiation, encodeInitiation } from '../../src/session/initiation.js'
import { LIMITS, type LimitName, limitsOf } from '../../src/session/limits.js'
import { REFUSALS } from '../../src/session/refusal.js'
import type { InitiatorSide, ResponderSide } from '../../src/session/side.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  accept,
  endOf,
  eventsOf,
  frame,
  HandInitiator,
  HandResponder,
  initiationField,
  LIMIT_MAP,
  Note,
  plainInitiation,
  writtenBy,
} from './byhand.js'
import { alice, bob, initiatorSide, open, pairOf, responderSide, settle } from './pair.js'

const [, XX] = SUITES
const [first] = providers
if (first === undefined) throw new Error('expected a provider')
const provider: Provider = providers.at(-1) ?? first
const hash = provider.hash.SHA256

interface Answered {
  readonly state: string
  readonly end: ErrorCode | 'clean' | undefined
  readonly frame: Frame | undefined
  readonly error: unknown
}

/** What a responder makes of a message 3 with this payload, and the frame of its first record. */
const answerTo = (payload: Uint8Array, over: Partial<ResponderSide> = {}, of = provider): Answered => {
  const engine = Engine.respond(responderSide({ pq: 'off', serves: [Note], uses: [Note], ...over }, of), 0)
  const hand = new HandInitiator({ provider: of, identity: alice })
  engine.receive(hand.hello(XX), 0)
  hand.answered(engine.take(0) ?? EMPTY)
  engine.receive(hand.message3(payload), 0)
  const record = writtenBy(engine)
  const events = eventsOf(engine)
  const last = events.at(-1)
  return {
    state: engine.state,
    end: endOf(events),
    error: last?.is === 'closed' ? last.error : undefined,
    frame: record.length === 0 ? undefined : decodeFrames(hand.records().open(record))[0],
  }
}

const refusedWith = (code: ErrorCode, detail = ''): Partial<Answered> => ({
  state: 'refused',
  end: code,
  frame: { is: 'REFUSE', code: ERRORS[code].wire, detail },
})

const digest = new Uint8Array(32).fill(7)
const noteDigest = offerOf(hash, Note).operations[0]?.digest ?? EMPTY
const noteOffer: Control = ['note.v1', [['put', noteDigest]]]
const NO_CONTEXT = encode(null)

type Entries = readonly (readonly [number, Control])[]

const INITIATION: Entries = [
  [1, [noteOffer]],
  [2, []],
  [3, NO_CONTEXT],
  [4, LIMIT_MAP],
  [5, ''],
  [6, new Map()],
]

const mapOf = (base: Entries, ...over: Entries): Uint8Array => encodeControl(new Map([...base, ...over]))
const without = (base: Entries, key: number): Uint8Array =>
  encodeControl(new Map(base.filter(([other]) => other !== key)))
const limit = (key: number, value: Control): Control => new Map([...LIMIT_MAP, [key, value]])
const rest = (key: number): Control => new Map([...LIMIT_MAP].filter(([other]) => other !== key))
const used = (...offers: readonly Control[]): Uint8Array => mapOf(INITIATION, [1, offers])

const good = mapOf(INITIATION)

/** `count` bytes of `good` at `at` give way to `put`. */
const patched = (at: number, count: number, ...put: readonly number[]): Uint8Array =>
  concat(good.subarray(0, at), Uint8Array.of(...put), good.subarray(at + count))

/** Faults of the limits, which both structures carry under key 4. */
const LIMIT_FAULTS: readonly (readonly [string, Control])[] = [
  ['limits no map', []],
  ['limits empty', new Map()],
  ['limits with a seventh key', limit(7, 1)],
  ['limits with a negative key', limit(-1, 1)],
  ['limits as text keys', { plaintext: 1_024 }],
  ['a limit as text', limit(1, '65519')],
  ['a limit as null', limit(2, null)],
  ['a limit of 2^63', limit(2, 2n ** 63n)],
  ...Object.values(LIMITS).flatMap(({ key, floor, ceiling }): [string, Control][] => [
    [`limit ${key} missing`, rest(key)],
    [`limit ${key} below its floor`, limit(key, floor - 1)],
    [`limit ${key} above its ceiling`, limit(key, ceiling + 1)],
    [`limit ${key} negative`, limit(key, -1)],
  ]),
]

const CONTEXT_FAULTS: readonly (readonly [string, Control])[] = [
  ['context as a value, not as bytes', null],
  ['context as text', ''],
  ['context of no byte', EMPTY],
  ['context of two items', Uint8Array.of(0xf6, 0xf6)],
  ['context as an array of its bytes', [0xf6]],
  ['context cut short', Uint8Array.of(0x82, 0x01)],
  ['context with a tag', Uint8Array.of(0xc1, 0x00)],
  ['context with integer keys', Uint8Array.of(0xa1, 0x01, 0x02)],
  ['context with undefined', Uint8Array.of(0xf7)],
  ['context with a float in more bytes than it needs', Uint8Array.of(0xfa, 0x3f, 0xc0, 0x00, 0x00)],
  ['context of indefinite length', Uint8Array.of(0x9f, 0xff)],
  ['context with a key twice', Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02)],
  ['context with __proto__', encodeProto()],
  ['context deeper than 32', Uint8Array.of(...Array.from({ length: 33 }, () => 0x81), 0x00)],
]

const EXTENSION_FAULTS: readonly (readonly [string, Control])[] = [
  ['extensions no map', []],
  ['extensions as text keys', { a: 1 }],
  ['extensions null', null],
]

const BYTE_FAULTS: readonly (readonly [string, Uint8Array])[] = [
  ['no byte', EMPTY],
  ['a byte behind', concat(good, Uint8Array.of(0))],
  ['a byte less', good.subarray(0, -1)],
  ['an array', encodeControl([])],
  ['null', encodeControl(null)],
  ['an empty map', encodeControl(new Map())],
  ['text keys', encodeControl({ uses: [], serves: [] })],
  ['the head of the map in two bytes', patched(0, 1, 0xb8, 6)],
  ['an indefinite map', concat(patched(0, 1, 0xbf), Uint8Array.of(0xff))],
  ['a count that is too high', patched(0, 1, 0xa7)],
  ['a count that is too low', patched(0, 1, 0xa5)],
  ['a key in two bytes', patched(1, 1, 0x18, 1)],
  ['a key twice', patched(1, 1, 2)],
  ['a tag before the map', concat(Uint8Array.of(0xd8, 0x64), good)],
  ['a float', mapBytes(5, 0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a)],
  ['an integer as a float', mapBytes(5, 0xf9, 0x3c, 0x00)],
  ['undefined', mapBytes(5, 0xf7)],
  ['a simple value', mapBytes(5, 0xf0)],
  ['a bignum', mapBytes(5, 0xc2, 0x41, 0x01)],
  ['text that is not UTF-8', mapBytes(5, 0x61, 0xff)],
  ['text in pieces', mapBytes(5, 0x7f, 0x60, 0xff)],
]

const MALFORMED: readonly (readonly [string, Uint8Array])[] = [
  ...BYTE_FAULTS,
  ...[1, 2, 3, 4, 5, 6].map((key): [string, Uint8Array] => [`key ${key} missing`, without(INITIATION, key)]),
  ['key 7 too many', mapOf(INITIATION, [7, null])],
  ['key 0 too many', mapOf(INITIATION, [0, null])],
  ['key -1 too many', mapOf(INITIATION, [-1, null])],
  ['key 7 for key 6', encodeControl(new Map([...INITIATION.slice(0, 5), [7, new Map<number, Control>()]]))],
  ['service null', mapOf(INITIATION, [5, null])],
  ['service as bytes', mapOf(INITIATION, [5, EMPTY])],
  ['uses a map', mapOf(INITIATION, [1, new Map()])],
  ['serves null', mapOf(INITIATION, [2, null])],
  ['257 contracts', used(...Array.from({ length: 257 }, (_, index) => [`c${index}.v1`, [['a', digest]]]))],
  ['an offer as text', used('note.v1')],
  ['an empty offer', used([])],
  ['an offer without operations', used(['note.v1'])],
  ['an offer of no operation', used(['note.v1', []])],
  ['an offer with a third member', used(['note.v1', [['put', noteDigest]], 1])],
  ['a contract twice', used(noteOffer, noteOffer)],
  ['a served contract twice', mapOf(INITIATION, [2, [noteOffer, noteOffer]])],
  ['a contract without a version', used(['note', [['put', noteDigest]]])],
  ['a contract of version 0', used(['note.v0', [['put', noteDigest]]])],
  ['a contract in capitals', used(['Note.v1', [['put', noteDigest]]])],
  ['a contract name with a wildcard', used(['*.v1', [['put', noteDigest]]])],
  ['a contract name as bytes', used([EMPTY, [['put', noteDigest]]])],
  ['a contract name in an array', used([['note.v1'], [['put', noteDigest]]])],
  ['an operation name in an array', used(['note.v1', [[['put'], noteDigest]]])],
  ['an operation as text', used(['note.v1', ['put']])],
  ['an operation without a digest', used(['note.v1', [['put']]])],
  ['an operation with a third member', used(['note.v1', [['put', noteDigest, 0]]])],
  ['a digest of 31 bytes', used(['note.v1', [['put', noteDigest.subarray(1)]]])],
  ['a digest of 33 bytes', used(['note.v1', [['put', concat(noteDigest, Uint8Array.of(0))]]])],
  ['an empty digest', used(['note.v1', [['put', EMPTY]]])],
  ['a digest as text', used(['note.v1', [['put', 'digest']]])],
  [
    'an operation twice',
    used([
      'note.v1',
      [
        ['put', noteDigest],
        ['put', noteDigest],
      ],
    ]),
  ],
  [
    'operations that fall',
    used([
      'note.v1',
      [
        ['put', noteDigest],
        ['get', digest],
      ],
    ]),
  ],
  ['an operation called then', used(['note.v1', [['then', digest]]])],
  ['an operation called __proto__', used(['note.v1', [['__proto__', digest]]])],
  ['an operation with a dot', used(['note.v1', [['a.b', digest]]])],
  ['an operation of no letter', used(['note.v1', [['', digest]]])],
  ...LIMIT_FAULTS.map(([what, value]): [string, Uint8Array] => [what, mapOf(INITIATION, [4, value])]),
  ...CONTEXT_FAULTS.map(([what, value]): [string, Uint8Array] => [what, mapOf(INITIATION, [3, value])]),
  ...EXTENSION_FAULTS.map(([what, value]): [string, Uint8Array] => [what, mapOf(INITIATION, [6, value])]),
]

describe('Initiation', () => {
  test('SE-21 the structure that all faults are made of is taken', () => {
    for (const of of providers) expect(answerTo(initiationField(good), {}, of)).toMatchObject({ state: 'open' })
    expect(MALFORMED.length).toBeGreaterThan(90)
  })

  test('SE-21 what the code writes is what the CDDL says', () => {
    const written = encodeInitiation({
      uses: [offerOf(hash, Note)],
      serves: [],
      context: null,
      limits: limitsOf(),
      service: '',
    })
    expect(written).toEqual(good)
  })

  test.each(MALFORMED)('SE-20 SE-21 SE-29 %s is refused as malformed, to the peer and here', (_, initiation) => {
    expect(answerTo(initiationField(initiation))).toMatchObject(refusedWith('session/malformed'))
  })

  test.each([
    ['no payload', EMPTY],
    ['padding alone', new Uint8Array(40)],
    ['field 1', concat(Uint8Array.of(1), lengthPrefixed(good))],
    ['field 3', concat(Uint8Array.of(3), lengthPrefixed(good))],
    ['field 1 before it', concat(Uint8Array.of(1, 0, 0), initiationField(good))],
    ['field 3 behind it', concat(initiationField(good), Uint8Array.of(3, 0, 0))],
    ['the field twice', concat(initiationField(good), initiationField(good))],
    ['a length that is too long', concat(Uint8Array.of(2, 0xff, 0xff), good)],
    ['a length one too long', concat(Uint8Array.of(2, 0, good.length + 1), good)],
    ['a length one too short', concat(Uint8Array.of(2, 0, good.length - 1), good)],
    ['a field cut in its head', Uint8Array.of(2, 0)],
    ['padding that is not zero', concat(initiationField(good), Uint8Array.of(0, 0, 1))],
    ['11,265 bytes', concat(Uint8Array.of(2), lengthPrefixed(new Uint8Array(11_265)))],
  ])('SE-13 a message 3 with %s is refused as malformed', (_, payload) => {
    expect(answerTo(payload)).toMatchObject(refusedWith('session/malformed'))
  })

  test('SE-13 a field of 11,264 bytes is taken and one of 11,265 is not', () => {
    const of = (length: number): Uint8Array => {
      const filler = length - plainInitiation({ context: new Uint8Array(10_000) }).length + 10_000
      return initiationField(plainInitiation({ context: new Uint8Array(filler) }))
    }
    expect(of(11_264).length).toBe(3 + 11_264)
    expect(answerTo(of(11_264)).state).toBe('open')
    expect(answerTo(of(11_265))).toMatchObject(refusedWith('session/malformed'))
  })

  test('SE-13 padding behind the field says nothing', () => {
    for (const length of [1, 100, 4_000])
      expect(answerTo(concat(initiationField(good), new Uint8Array(length))).state).toBe('open')
  })

  test('SE-23 an unknown critical extension is refused, any other passed over', () => {
    for (const key of [-1, -2, -(2 ** 32)])
      expect(answerTo(initiationField(mapOf(INITIATION, [6, new Map([[key, null]])])))).toMatchObject(
        refusedWith('session/extension'),
      )
    for (const key of [0, 1, 2 ** 32 - 1])
      expect(answerTo(initiationField(mapOf(INITIATION, [6, new Map([[key, 'new']])]))).state).toBe('open')
  })

  test('SE-21 SE-23 keys are looked at before extensions are', () => {
    const critical: Entries = [...INITIATION.slice(0, 5), [6, new Map([[-1, null]])]]
    const other = (key: number) => encodeControl(new Map([...critical.filter(([own]) => own !== key), [7, null]]))
    for (const key of [1, 5])
      expect(answerTo(initiationField(other(key)))).toMatchObject(refusedWith('session/malformed'))
    expect(answerTo(initiationField(encodeControl(new Map(critical))))).toMatchObject(refusedWith('session/extension'))
  })

  test('SE-21 an Initiation offers 256 contracts, and no more', () => {
    const offering = (count: number) =>
      used(...Array.from({ length: count }, (_, index) => [`c.v${index + 1}`, [['a', digest]]]))
    expect(decodeInitiation(offering(256)).uses).toHaveLength(256)
    expect(() => decodeInitiation(offering(257))).toThrow('session/malformed')
  })

  test('SE-14 SE-18 SE-24 the first check that fails is the one the peer hears of', () => {
    const Other = contract('other.v1', { ask: requestResponse({}) })
    const Wide = contract('note.v1', { ask: requestResponse({}), put: oneWay(bytes) })
    const Changed = contract('note.v1', { put: requestResponse({}) })
    const deny = policyStore({
      version: 1,
      rules: [...open.rules, { id: 'no', effect: 'deny', by: ['any'], verbs: ['initiate'], on: ['note.v1'] }],
    })
    const critical: Entries = [[6, new Map([[-1, null]])]]
    const broken = concat(good, Uint8Array.of(1))
    // From the last check to the first: each case has all the faults of those before it.
    const service = { service: 'billing' }
    const cases: readonly (readonly [Uint8Array, Partial<ResponderSide>, ErrorCode, string?])[] = [
      [good, { serves: [Changed] }, 'contract/changed', 'note.v1.put'],
      [good, { serves: [Other] }, 'contract/unserved', 'note.v1'],
      [mapOf(INITIATION, [1, [offerItem(Wide)]]), {}, 'contract/unserved', 'note.v1.ask'],
      [good, { serves: [Other], policy: deny }, 'policy/denied', 'note.v1'],
      [good, { serves: [Other], policy: deny, ...service }, 'session/service'],
      [mapOf(INITIATION, ...critical), { serves: [Other], policy: deny, ...service }, 'session/extension'],
      [broken, { serves: [Other], policy: deny, ...service }, 'session/malformed'],
      [broken, { serves: [Other], policy: deny, ...service, hasRoom: () => false }, 'session/busy'],
      [broken, { hasRoom: () => false, trust: () => undefined }, 'identity/not-trusted'],
      [good, { trust: () => undefined }, 'identity/not-trusted'],
    ]
    for (const [initiation, over, code, detail] of cases)
      expect(answerTo(initiationField(initiation), over)).toMatchObject(refusedWith(code, detail))
  })

  test('SE-18 why a key is not trusted is told here, and not to the peer', () => {
    const cause = new Error('revoked')
    const whyNot = (): Error => cause
    const { error, frame: told } = answerTo(initiationField(good), { trust: () => undefined, whyNot })
    expect(error instanceof SottoError && error.cause).toBe(cause)
    expect(told).toEqual({ is: 'REFUSE', code: ERRORS['identity/not-trusted'].wire, detail: '' })
  })

  test('SE-20 each limit is taken at its floor and at its ceiling', () => {
    for (const { key, floor, ceiling } of Object.values(LIMITS))
      for (const value of [floor, ceiling])
        expect(answerTo(initiationField(mapOf(INITIATION, [4, limit(key, value)]))).state).toBe('open')
  })

  test('SE-20 what an end may send is the lesser of both words, but for the windows and the idle time of each', () => {
    const small = Object.fromEntries(Object.entries(LIMITS).map(([name, { floor }]) => [name, floor]))
    const pair = settle(pairOf({ initiator: { limits: limitsOf(small) } }))
    const [event] = pair.responderEvents
    if (event?.is !== 'established') throw new Error('expected a session')
    const { own, declared, allowed } = event.established
    expect(own).toEqual(limitsOf())
    expect(declared).toEqual(small)
    for (const name of ['plaintext', 'message', 'exchanges'] satisfies LimitName[])
      expect(allowed[name]).toBe(small[name])
  })
})

const ACCEPTANCE: Entries = [
  [1, [0]],
  [2, [0]],
  [3, NO_CONTEXT],
  [4, LIMIT_MAP],
  [6, new Map()],
]

/** What an initiator that uses and serves Note makes of a first record. */
const verdictOn = (plaintext: Uint8Array, over: Partial<InitiatorSide> = {}, of = provider) => {
  const engine = Engine.initiate(initiatorSide({ pq: 'off', serves: [Note], uses: [Note], ...over }, of), 0)
  const hand = new HandResponder({ provider: of, identity: bob })
  engine.receive(hand.message2(engine.take(0) ?? EMPTY, XX), 0)
  hand.message3(engine.take(0) ?? EMPTY)
  engine.receive(hand.records().seal(plaintext), 0)
  const events = eventsOf(engine)
  const last = events.at(-1)
  const error = last?.is === 'closed' ? last.error : undefined
  return { state: engine.state, end: endOf(events), error, written: writtenBy(engine) }
}

const acceptWith = (bytes: Uint8Array): Uint8Array => frame({ is: 'ACCEPT', body: bytes })
const acceptance = (...over: Entries): Uint8Array => acceptWith(mapOf(ACCEPTANCE, ...over))

const ACCEPT_FAULTS: readonly (readonly [string, Uint8Array])[] = [
  ['no byte', acceptWith(EMPTY)],
  ['a byte behind', acceptWith(concat(mapOf(ACCEPTANCE), Uint8Array.of(0)))],
  ['an array', acceptWith(encodeControl([]))],
  ...[1, 2, 3, 4, 6].map((key): [string, Uint8Array] => [`key ${key} missing`, acceptWith(without(ACCEPTANCE, key))]),
  ['key 5 too many', acceptance([5, ''])],
  ['key -1 too many', acceptance([-1, null])],
  ['a demanded contract left out', acceptance([1, []])],
  ['an index beyond what is used', acceptance([1, [0, 1]])],
  ['another index', acceptance([1, [1]])],
  ['an index beyond what is served', acceptance([2, [1]])],
  ['an index twice', acceptance([2, [0, 0]])],
  ['a negative index', acceptance([2, [-1]])],
  ['an index as text', acceptance([2, ['0']])],
  ['an index of 2^63', acceptance([2, [2n ** 63n]])],
  ['indices as a map', acceptance([1, new Map([[0, 0]])])],
  ['indices null', acceptance([2, null])],
  ...LIMIT_FAULTS.map(([what, value]): [string, Uint8Array] => [what, acceptance([4, value])]),
  ...CONTEXT_FAULTS.map(([what, value]): [string, Uint8Array] => [what, acceptance([3, value])]),
  ...EXTENSION_FAULTS.map(([what, value]): [string, Uint8Array] => [what, acceptance([6, value])]),
]

describe('Acceptance', () => {
  test('SE-22 SE-25 the structure that all faults are made of is taken, and what is served may be left', () => {
    for (const of of providers) expect(verdictOn(acceptance(), {}, of)).toMatchObject({ state: 'open' })
    expect(verdictOn(acceptance([2, []])).state).toBe('open')
    expect(accept()).toEqual(acceptance())
    expect(ACCEPT_FAULTS.length).toBeGreaterThan(50)
  })

  test.each(ACCEPT_FAULTS)('SE-9 SE-20 SE-22 SE-25 %s ends it without a byte', (_, plaintext) => {
    expect(verdictOn(plaintext)).toMatchObject({ state: 'dead', end: 'session/malformed', written: EMPTY })
  })

  test('SE-23 an unknown critical extension ends it, any other is passed over', () => {
    expect(verdictOn(acceptance([6, new Map([[-5, 1]])]))).toMatchObject({ state: 'dead', end: 'session/extension' })
    expect(verdictOn(acceptance([6, new Map([[5, 1]])])).state).toBe('open')
  })

  test('SE-27 the first record is one verdict and padding, and nothing else', () => {
    const ping = frame({ is: 'PING', count: 1 })
    const end = frame({ is: 'END', code: 0 })
    expect(verdictOn(concat(acceptance(), new Uint8Array(200))).state).toBe('open')
    for (const plaintext of [
      ping,
      end,
      concat(ping, acceptance()),
      frame({ is: 'REKEY', generation: 0 }),
      frame({ is: 'DRAIN', last: 0 }),
      concat(ping, ping),
    ])
      expect(verdictOn(plaintext)).toMatchObject({ state: 'dead', end: 'session/unexpected', written: EMPTY })
    for (const plaintext of [concat(acceptance(), ping), concat(acceptance(), acceptance()), new Uint8Array(9)])
      expect(verdictOn(plaintext)).toMatchObject({ state: 'dead', end: 'session/malformed', written: EMPTY })
  })
})

describe('REFUSE', () => {
  const refuse = (code: number, detail: string): Uint8Array => frame({ is: 'REFUSE', code, detail })

  test('SE-29 each code of the table comes out as its error', () => {
    const details: Partial<Record<ErrorCode, string>> = {
      'contract/unserved': 'note.v1',
      'contract/changed': 'note.v1.put',
      'policy/denied': 'note.v1',
      'policy/limited': 'note.v1',
    }
    for (const code of REFUSALS)
      expect(verdictOn(refuse(ERRORS[code].wire, details[code] ?? '')), code).toMatchObject({
        state: 'dead',
        end: code,
        written: EMPTY,
      })
    const unserved = verdictOn(refuse(ERRORS['contract/unserved'].wire, 'note.v1.put')).error
    expect(SottoError.is(unserved, 'contract/unserved') && unserved.details).toEqual({
      contract: 'note.v1',
      operation: 'put',
    })
  })

  test('SE-29 any other code is malformed', () => {
    const others = Object.values(ERRORS)
      .map(({ wire }) => wire)
      .filter((wire) => !REFUSALS.some((code) => ERRORS[code].wire === wire))
    for (const wire of [...others, 9, 200, 2 ** 40])
      expect(verdictOn(refuse(wire, '')), String(wire)).toMatchObject({ end: 'session/malformed' })
  })

  test('SE-29 a detail that names nothing the initiator asked for is malformed, and never in a message', () => {
    const evil = 'note.v1\u001b[2J'
    const cases: readonly (readonly [ErrorCode, string])[] = [
      ['contract/unserved', ''],
      ['contract/unserved', evil],
      ['contract/unserved', 'other.v1'],
      ['contract/unserved', 'note.v1.get'],
      ['contract/unserved', 'note.v1.'],
      ['contract/changed', 'note.v1'],
      ['contract/changed', 'note.v1.get'],
      ['policy/denied', 'note.v1.put'],
      ['policy/denied', ''],
      ['policy/limited', evil],
      ['identity/not-trusted', 'note.v1'],
      ['session/service', evil],
    ]
    for (const [code, detail] of cases) {
      const { end, error } = verdictOn(refuse(ERRORS[code].wire, detail))
      expect(end, `${code} ${detail}`).toBe('session/malformed')
      expect(error?.message).not.toContain('\u001b')
    }
  })

  test('SE-29 a refusal is told to the initiator with a typed error, and the responder ends with the same', () => {
    for (const [over, code] of [
      [{ trust: () => undefined }, 'identity/not-trusted'],
      [{ service: 'billing' }, 'session/service'],
      [{ serves: [] }, 'contract/unserved'],
      [{ serves: [contract('note.v1', { put: requestResponse({}) })] }, 'contract/changed'],
    ] as const) {
      const pair = settle(pairOf({ use: Note, responder: over }))
      expect([endOf(pair.initiatorEvents), endOf(pair.responderEvents)]).toEqual([code, code])
      expect([pair.initiator.state, pair.responder.state]).toEqual(['dead', 'refused'])
    }
  })

  test('SE-28 SE-60 a denied initiate has one decision id at both ends, and so has a limited one', () => {
    for (const [rule, code] of [
      [{ id: 'no', effect: 'deny' }, 'policy/denied'],
      [{ id: 'few', effect: 'allow', limit: { concurrent: 1 } }, 'policy/limited'],
    ] as const) {
      const Other = contract('other.v1', { ask: requestResponse({}) })
      const policy = policyStore({
        version: 1,
        rules: [...open.rules, { ...rule, by: ['any'], verbs: ['initiate'], on: ['note.v1'] }],
      })
      const both = { initiator: { uses: [Other, Note] }, responder: { serves: [Other, Note], policy } }
      const before = settle(pairOf(both))
      const pair = code === 'policy/limited' ? settle(pairOf(both)) : before
      const errors = [pair.initiatorEvents, pair.responderEvents].map((events) => {
        const last = events.at(-1)
        return last?.is === 'closed' ? last.error : undefined
      })
      const decisions = errors.map((error) => {
        expect(error?.code).toBe(code)
        return error?.details
      })
      expect(decisions[0]).toEqual(decisions[1])
      expect(decisions[0]).toMatchObject({
        address: 'note.v1',
        decision: expect.stringMatching(/^[0-9a-f]{16}\.ir\.0\.1$/),
      })
    }
  })

  test('SE-28 a place that initiate counts comes back when the session ends, however it ends', () => {
    const policy = policyStore({
      version: 1,
      rules: [
        ...open.rules,
        { id: 'one', effect: 'allow', by: ['any'], verbs: ['initiate'], on: ['note.v1'], limit: { concurrent: 1 } },
      ],
    })
    const dial = (serves = [Note]) => settle(pairOf({ initiator: { uses: [Note] }, responder: { serves, policy } }))
    const one = dial()
    expect(one.responder.state).toBe('open')
    expect(dial().responder.state).toBe('refused')
    one.initiator.close(0, 0)
    settle(one)
    expect(one.responder.state).toBe('closed')
    // Refused behind the policy: the place that was taken comes back as well.
    expect(dial([]).responder.state).toBe('refused')
    const next = dial()
    expect(next.responder.state).toBe('open')
    next.responder.ended()
    expect(dial().responder.state).toBe('open')
  })

  test('SE-28 an initiator asks its own policy before it asks the peer, and offers only what it may serve', () => {
    const rule = (of: object) =>
      policyStore({
        version: 1,
        rules: [...open.rules, { effect: 'deny', verbs: ['initiate'], on: ['note.v1'], ...of }],
      })
    const denied = settle(pairOf({ use: Note, initiator: { policy: rule({ id: 'mine', to: ['any'] }) } }))
    expect(endOf(denied.initiatorEvents)).toBe('policy/denied')
    // Message 3 was never written: Hello and message 2 are all that went over.
    expect(denied.wire).toHaveLength(2)
    const offered = settle(
      pairOf({
        initiator: { serves: [Note], policy: rule({ id: 'theirs', by: ['any'] }) },
        responder: { uses: [Note] },
      }),
    )
    expect(offered.responderEvents).toMatchObject([{ is: 'established', established: { uses: [] } }])
    const taken = settle(
      pairOf({ initiator: { serves: [Note] }, responder: { uses: [Note], policy: rule({ id: 'mine', to: ['any'] }) } }),
    )
    expect(taken.responderEvents).toMatchObject([{ is: 'established', established: { uses: [] } }])
  })
})

describe('what both agreed on', () => {
  const A = contract('a.v1', { one: requestResponse({}), two: oneWay(bytes) })
  const B = contract('b.v1', { three: requestResponse({}) })
  const AWider = contract('a.v1', { extra: oneWay(bytes), one: requestResponse({}), two: oneWay(bytes) })

  const established = (of: Parameters<typeof pairOf>[0]) => {
    const pair = settle(pairOf(of))
    const [i, r] = [pair.initiatorEvents[0], pair.responderEvents[0]]
    if (i?.is !== 'established' || r?.is !== 'established') throw new Error('expected a session')
    return { i: i.established, r: r.established }
  }

  test('SE-24 SE-26 both ends number the operations alike, rows one end lacks included', () => {
    const { i, r } = established({
      initiator: { uses: [B, A], serves: [AWider, B] },
      responder: { serves: [AWider, B], uses: [A] },
    })
    const addresses = (routes: typeof i.outbound) => routes.map((route) => route?.address)
    expect(addresses(i.outbound)).toEqual(['b.v1.three', 'a.v1.one', 'a.v1.two'])
    expect(addresses(r.inbound)).toEqual(addresses(i.outbound))
    // The responder has no row `extra`: it keeps the number, and never begins it.
    expect(addresses(i.inbound)).toEqual(['a.v1.extra', 'a.v1.one', 'a.v1.two'])
    expect(addresses(r.outbound)).toEqual([undefined, 'a.v1.one', 'a.v1.two'])
    expect([i.uses, i.serves, r.uses, r.serves]).toEqual([['b.v1', 'a.v1'], ['a.v1'], ['a.v1'], ['b.v1', 'a.v1']])
  })

  test('SE-25 a responder takes of what is offered what it uses, if every row of its own is there alike', () => {
    const changed = contract('a.v1', { one: oneWay(bytes), two: oneWay(bytes) })
    for (const [serves, taken] of [
      [[AWider], ['a.v1']],
      [[A], ['a.v1']],
      [[changed], []],
      [[contract('a.v1', { one: requestResponse({}) })], []],
      [[B], []],
      [[], []],
    ] as const)
      expect(established({ initiator: { serves }, responder: { uses: [A] } }).r.uses).toEqual(taken)
  })

  test('CH-12 the session id and every export are equal at both ends, and of this session alone', () => {
    for (const of of providers) {
      const side = { provider: of }
      const { i, r } = established({ initiator: side, responder: side })
      const other = established({ initiator: side, responder: side })
      expect([i.role, r.role]).toEqual(['initiator', 'responder'])
      expect(i.id).toBe(r.id)
      expect(i.id).toMatch(/^[0-9a-f]{32}$/)
      expect(other.i.id).not.toBe(i.id)
      const context = Uint8Array.of(1, 2)
      expect(i.exportKey('label', context, 48)).toEqual(r.exportKey('label', context, 48))
      expect(i.exportKey('label', context, 48)).not.toEqual(r.exportKey('other', context, 48))
      expect(i.exportKey('label', context, 48)).not.toEqual(other.r.exportKey('label', context, 48))
      expect(() => i.exportKey('sotto session id', EMPTY, 16)).toThrow(RangeError)
    }
  })

  test('SE-21 each end sees the context of the other', () => {
    const context = { name: 'kitchen', list: [1, 2.5, null], empty: {} }
    const { i, r } = established({ initiator: { context }, responder: { context: [7] } })
    expect(r.context).toEqual(context)
    expect(i.context).toEqual([7])
  })

  test('SE-13 SE-16 an initiation over 11,264 bytes is not sent: the initiator ends without message 3', () => {
    const fits = (length: number) => settle(pairOf({ initiator: { context: new Uint8Array(length) } }))
    const over = plainInitiation().length + 7
    expect(fits(11_264 - over).initiator.state).toBe('open')
    for (const length of [11_265, 65_000, 2 ** 18]) {
      const pair = fits(length)
      expect(endOf(pair.initiatorEvents)).toBe('session/limit')
      expect(pair.wire).toHaveLength(2)
    }
  })

  test('SE-19 SE-20 an acceptance longer than the initiator takes is not sent', () => {
    const limits = limitsOf({ plaintext: 1_024 })
    const fits = (length: number) =>
      settle(pairOf({ initiator: { limits }, responder: { context: new Uint8Array(length) } }))
    expect(fits(900).initiator.state).toBe('open')
    const most = 1_024 - accept({ serves: [], uses: [], context: new Uint8Array(900) }).length + 900
    expect(fits(most).initiator.state).toBe('open')
    for (const length of [most + 1, 1_024, 70_000]) {
      const pair = fits(length)
      expect([pair.responder.state, endOf(pair.responderEvents)]).toEqual(['dead', 'session/limit'])
      expect(pair.wire).toHaveLength(3)
    }
  })
})

function offerItem(of: Parameters<typeof offerOf>[1]): Control {
  const { contract: name, operations } = offerOf(hash, of)
  return [name, operations.map((operation) => [operation.name, operation.digest])]
}

/** `good` with `value` in place of the service, the byte 60. */
function mapBytes(key: number, ...value: readonly number[]): Uint8Array {
  const at = good.length - 3
  if (good[at - 1] !== key || good[at] !== 0x60) throw new Error('expected key 5 and an empty text there')
  return patched(at, 1, ...value)
}

function encodeProto(): Uint8Array {
  return concat(Uint8Array.of(0xa1, 0x69), new TextEncoder().encode('__proto__'), Uint8Array.of(0x01))
}
