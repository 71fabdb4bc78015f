import { describe, expect, test } from 'vitest'
import { concat, utf8 } from '../../src/bytes.js'
import { encode, type Wire } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import type { PolicyStore } from '../../src/policy/store.js'
import { FLAG, type Labels } from '../../src/session/frames.js'
import { Admitted } from '../../src/session/gate.js'
import { LOOKALIKES } from '../policy/lookalikes.js'
import {
  act,
  admitted,
  begin,
  CALL,
  data,
  Flow,
  fate,
  NOTE,
  Raw,
  reset,
  rules,
  Streams,
  stop,
  stretch,
  TALK,
  TUBE,
} from '../session/wire.js'

/** Frames that no honest end writes, against an engine; and an engine whose own program does not play fair. */

const { end, more } = FLAG
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }
const guard = (attribute: string, is: string, value?: Wire) => [
  { attribute, is: 'present' },
  { attribute, is, ...(value !== undefined && { value }) },
]
const denyIf = (attribute: string, is: string, value?: Wire) => ({
  ...allow,
  id: 'no',
  effect: 'deny',
  when: guard(attribute, is, value),
})

const both = (policy: PolicyStore) => new Raw({ policy }, {}, [Flow, Streams])
const kinds = (raw: Raw): string =>
  raw
    .take()
    .map(({ is }) => is)
    .join()

describe('verbs and operations', () => {
  test('SE-55 the verb is the operation’s: an allow of another verb at its address lets nothing through', () => {
    const addresses = [
      [CALL, 'flow.v1.call', 'call'],
      [NOTE, 'flow.v1.note', 'send'],
      [TALK, 'streams.v1.talk', 'stream'],
    ] as const
    for (const [operation, address, verb] of addresses)
      for (const given of ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const) {
        const raw = both(rules({ ...allow, verbs: [given], on: [address] }))
        raw.send(begin({ exchange: 1, operation, flags: operation === TALK ? 0 : end }))
        expect(kinds(raw), `${given} at ${address}`).toBe(given === verb ? 'message' : 'denied')
      }
  })

  test('SE-26 an operation that was not agreed on ends the session, whatever is allowed', () => {
    for (const operation of [5, 6, 255, 65_536, 2 ** 53 - 1]) {
      const raw = both(rules(allow)).send(begin({ exchange: 1, operation }))
      expect(fate(raw)).toBe('session/malformed')
      expect(raw.events.some(({ is }) => is === 'message')).toBe(false)
    }
  })
})

describe('labels', () => {
  test('SE-33 a label whose name has another spelling is malformed, or another label', () => {
    const policy = rules(allow, denyIf('label.team', 'eq', 'red'))
    /** A BEGIN with one label, in whatever bytes. */
    const labelled = (name: string): Uint8Array => {
      const [text, value] = [utf8(name), utf8('red')]
      return concat(
        Uint8Array.of(0x03, end | FLAG.labels, 1, CALL, 0, 1, text.length),
        text,
        Uint8Array.of(value.length),
        value,
        Uint8Array.of(0),
      )
    }
    expect(kinds(new Raw({ policy }).send(labelled('team')))).toBe('denied')
    for (const name of ['Team', 'TEAM', 'tea', 'teams', '-team', '__proto__', 'constructor', 'toString']) {
      const raw = new Raw({ policy }).send(labelled(name))
      const message = raw.only('message')
      expect(Object.entries(message.labels)).toEqual([[name, 'red']])
      expect(Object.getPrototypeOf(message.labels)).toBe(null)
      expect('team' in message.labels).toBe(false)
    }
    for (const [what, spell] of LOOKALIKES) {
      const name = spell('team.v1').replace('.v1', '')
      if (/^[\w-]{1,65}$/.test(name) || utf8(name).length > 60) continue
      expect(fate(new Raw({ policy }).send(labelled(name))), what).toBe('session/malformed')
    }
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  test('SE-33 a label twice, or out of its order, ends the session: no two readers see two values', () => {
    const two = (first: string, second: string): Uint8Array =>
      concat(
        Uint8Array.of(0x03, end | FLAG.labels, 1, CALL, 0, 2, first.length),
        utf8(first),
        Uint8Array.of(1, 0x61, second.length),
        utf8(second),
        Uint8Array.of(1, 0x62, 0),
      )
    for (const [first, second] of [
      ['team', 'team'],
      ['team', 'tea'],
      ['b', 'a'],
    ] as const)
      expect(fate(new Raw().send(two(first, second)))).toBe('session/malformed')
  })

  test('SE-56 the label that is judged is the label that the handler sees, character by character', () => {
    const values = ['caf\u00e9', 'cafe\u0301', '\ufeffred', 'red\0', '\u202ered', 'r\u0435d', ' red', 'RED', '']
    for (const value of values) {
      const raw = new Raw({ policy: rules({ ...allow, when: [{ attribute: 'label.team', is: 'eq', value }] }) })
      values.forEach((team, index) => void raw.send(begin({ exchange: 1 + 2 * index, labels: { team } })))
      const seen = raw.take().flatMap((event) => (event.is === 'message' ? [event.labels.team] : []))
      expect(seen).toEqual([value])
    }
  })
})

describe('bodies', () => {
  /** One spelling each of a map that says n, as some reader would take it. */
  const spellings: readonly (readonly [what: string, bytes: readonly number[]])[] = [
    ['a field twice, the last is 5', [0xa2, 0x61, 0x6e, 0x01, 0x61, 0x6e, 0x05]],
    ['a field twice, the first is 5', [0xa2, 0x61, 0x6e, 0x05, 0x61, 0x6e, 0x01]],
    ['a float of an integral value', [0xa1, 0x61, 0x6e, 0xf9, 0x45, 0x00]],
    ['a double of an integral value', [0xa1, 0x61, 0x6e, 0xfb, 0x40, 0x14, 0, 0, 0, 0, 0, 0]],
    ['an integer in two bytes', [0xa1, 0x61, 0x6e, 0x18, 0x05]],
    ['an integer in nine bytes', [0xa1, 0x61, 0x6e, 0x1b, 0, 0, 0, 0, 0, 0, 0, 5]],
    ['a bignum', [0xa1, 0x61, 0x6e, 0xc2, 0x41, 0x05]],
    ['a decimal fraction', [0xa1, 0x61, 0x6e, 0xc4, 0x82, 0x00, 0x05]],
    ['a negative zero', [0xa1, 0x61, 0x6e, 0xf9, 0x80, 0x00]],
    ['undefined', [0xa1, 0x61, 0x6e, 0xf7]],
    ['a simple value', [0xa1, 0x61, 0x6e, 0xe5]],
    ['a tagged map', [0xd9, 0xd9, 0xf7, 0xa1, 0x61, 0x6e, 0x05]],
    ['a map without end', [0xbf, 0x61, 0x6e, 0x05, 0xff]],
    ['a key in pieces', [0xa1, 0x7f, 0x61, 0x6e, 0xff, 0x05]],
    ['a key of two spellings of its length', [0xa1, 0x78, 0x01, 0x6e, 0x05]],
    ['a key in bytes', [0xa1, 0x41, 0x6e, 0x05]],
    ['keys of two types', [0xa2, 0x00, 0x05, 0x61, 0x6e, 0x05]],
    ['__proto__', [0xa1, 0x69, ...utf8('__proto__'), 0xa1, 0x61, 0x6e, 0x05]],
    ['a key that is no UTF-8', [0xa1, 0x62, 0x6e, 0xc0, 0x05]],
    ['something behind', [0xa1, 0x61, 0x6e, 0x05, 0x00]],
    ['a map inside a byte string', [0xd8, 0x18, 0x44, 0xa1, 0x61, 0x6e, 0x05]],
  ]
  test.each(spellings)('SE-56 a body with %s is no body: nothing is judged, charged or handled', (_, bytes) => {
    const policy = rules({ ...allow, limit: { perSecond: 1 } }, denyIf('body.n', 'eq', 5))
    const raw = new Raw({ policy }).send(begin({ exchange: 1, body: Uint8Array.from(bytes) }))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([
      { is: 'FAULT', code: ERRORS['contract/invalid'].wire, body: encode({ path: '' }) },
    ])
    // The one that the limit has is still there.
    raw.send(begin({ exchange: 3, body: encode({ n: 6 }) }))
    expect(kinds(raw)).toBe('message')
  })

  test('SE-56 what is judged is what is handed on: the very value, decoded once', () => {
    for (const value of [{ n: 5 }, { n: 5.5 }, { n: -0 }, { n: Infinity }, { who: '\ufeffbob' }, { n: 1, who: 'x' }]) {
      const raw = new Raw().send(begin({ exchange: 1, body: encode(value) }))
      const message = raw.only('message')
      expect(encode(message.value ?? null)).toEqual(encode(value))
      expect(Object.getPrototypeOf(message.value)).toBe(null)
    }
  })

  test('SE-56 only the top level is read: not what is nested, listed, or has another case', () => {
    const allowed = rules({ ...allow, when: [{ attribute: 'body.who', is: 'eq', value: 'bob' }] })
    const cases: readonly Wire[] = [
      { body: { who: 'bob' } },
      [{ who: 'bob' }],
      ['who', 'bob'],
      { Who: 'bob' },
      { WHO: 'bob' },
      { 'who\0': 'bob' },
      { 'who ': 'bob' },
      { '\ufeffwho': 'bob' },
      { wh\u043e: 'bob' },
      { '\uff57\uff48\uff4f': 'bob' },
      { 'body.who': 'bob' },
      { who: ['bob'] },
      { who: { who: 'bob' } },
      { who: utf8('bob') },
      { who: null },
      { who: 'Bob' },
      { who: 'bob\0' },
      { who: 'b\u043eb' },
      'bob',
      utf8('bob'),
      null,
    ]
    for (const value of cases) {
      const raw = new Raw({ policy: allowed }).send(begin({ exchange: 1, body: encode(value) }))
      expect(kinds(raw)).toBe('denied')
    }
    expect(kinds(new Raw({ policy: allowed }).send(begin({ exchange: 1, body: encode({ who: 'bob' }) })))).toBe(
      'message',
    )
  })

  test('SE-56 PO-14 a field of another type is an error behind `present`, where the type is one rules know', () => {
    for (const n of ['5', true, Number.NaN]) {
      const raw = new Raw({ policy: rules(allow, denyIf('body.n', 'gt', 3)) })
      raw.send(begin({ exchange: 1, body: encode({ n }) }))
      expect(raw.only('denied').denial).toMatchObject({ why: 'error', rules: ['no'] })
    }
  })

  test('SE-126 an item is judged by its own body, not by that of the request or of another item', () => {
    const policy = rules({ ...allow, when: [{ attribute: 'body.who', is: 'eq', value: 'bob' }] })
    const raw = both(policy)
    const bob = encode({ who: 'bob' })
    raw.send(begin({ exchange: 1, operation: TALK, flags: 0, body: bob }), data(1, bob, 0))
    expect(kinds(raw)).toBe('message,item')
    raw.send(data(1, encode({ who: 'eve' }), 0), data(1, bob, 0))
    expect(kinds(raw)).toBe('denied,cancelled')
    // In pieces it is judged when it is whole.
    const pieces = both(policy).send(begin({ exchange: 1, operation: TALK, flags: 0, body: bob }))
    pieces.take()
    const eve = encode({ who: 'eve' })
    pieces.send(data(1, eve.subarray(0, 2), more), data(1, eve.subarray(2), 0))
    expect(kinds(pieces)).toBe('denied,cancelled')
  })
})

describe('limits on the wire', () => {
  const limited = (limit: object) => rules({ ...allow, limit })

  test('PO-18 SE-106 reconnecting gives no more acts or bytes', () => {
    const policy = limited({ perSecond: 3, bytesPerSecond: 10 })
    const passed = Array.from({ length: 6 }, () => kinds(new Raw({ policy }).send(begin({ exchange: 1 }))))
    expect(passed).toEqual(['message', 'message', 'message', 'denied', 'denied', 'denied'])
    const bytes = limited({ bytesPerSecond: 10 })
    const body = encode('abcde')
    const sent = Array.from({ length: 3 }, () => kinds(new Raw({ policy: bytes }).send(begin({ exchange: 1, body }))))
    expect(sent).toEqual(['message', 'denied', 'denied'])
  })

  test('SE-45 SE-57 a place is given back when the handler is done, not when the peer gives the call up', () => {
    const raw = new Raw({ policy: limited({ concurrent: 1 }) }).send(begin({ exchange: 1, ttlMs: 50 }))
    const { exchange } = raw.only('message')
    raw.send(stop(1))
    expect(kinds(raw)).toBe('cancelled')
    raw.nowMs = 1_000
    raw.engine.wake(1_000)
    raw.send(begin({ exchange: 3 }))
    expect(kinds(raw)).toBe('denied')
    exchange.handled()
    raw.engine.reply(exchange, 'late')
    raw.read()
    raw.send(begin({ exchange: 5 }))
    expect(kinds(raw)).toBe('message')
  })

  test('SE-45 SE-57 nor when its deadline passes, nor for a stream that is reset', () => {
    const raw = new Raw({ policy: limited({ concurrent: 1 }) }).send(begin({ exchange: 1, ttlMs: 50 }))
    raw.only('message')
    raw.nowMs = 60
    raw.engine.wake(60)
    expect(kinds(raw)).toBe('cancelled')
    raw.send(begin({ exchange: 3 }))
    expect(kinds(raw)).toBe('denied')
    const tube = both(limited({ concurrent: 1 })).send(begin({ exchange: 1, operation: TALK, flags: 0 }))
    tube.only('message')
    tube.send(reset(1, 0), begin({ exchange: 3, operation: TALK, flags: 0 }))
    expect(kinds(tube)).toBe('ended,denied')
  })

  test('SE-55 messages that are cut short, refused or invalid take nothing of a limit', () => {
    const raw = new Raw({ policy: rules({ ...allow, limit: { perSecond: 1 } }, denyIf('body.n', 'eq', 5)) })
    raw.send(begin({ exchange: 1, flags: more, body: encode({ n: 1 }).subarray(0, 2) }), reset(1, 2))
    raw.send(begin({ exchange: 3, body: encode({ n: 5 }) }), begin({ exchange: 5, body: Uint8Array.of(0xff) }))
    raw.take()
    raw.send(begin({ exchange: 7, body: encode({ n: 1 }) }), begin({ exchange: 9, body: encode({ n: 1 }) }))
    expect(kinds(raw)).toBe('message,denied')
  })

  test('SE-126 SE-127 items count as acts and chunks as bytes, however they are cut and over however many streams', () => {
    const items = both(limited({ perSecond: 5 }))
    for (const exchange of [1, 3]) items.send(begin({ exchange, operation: TALK, flags: 0 }))
    for (let n = 0; n < 4; n++) items.send(data(1 + 2 * (n % 2), encode({ n }), 0))
    expect(kinds(items)).toBe('message,message,item,item,item,denied,cancelled')
    const tube = both(limited({ bytesPerSecond: 10 })).send(begin({ exchange: 1, operation: TUBE, flags: 0 }))
    for (let n = 0; n < 12; n++) if (!tube.engine.over) tube.send(data(1, Uint8Array.of(n), 0))
    expect(
      kinds(tube)
        .split(',')
        .filter((is) => is === 'item').length,
    ).toBe(10)
  })

  test('SE-127 a chunk behind a full bucket leaves it owing, for every stream and session of the peer', () => {
    const policy = limited({ bytesPerSecond: 10 })
    const first = both(policy).send(begin({ exchange: 1, operation: TUBE, flags: 0 }), data(1, new Uint8Array(60), 0))
    expect(kinds(first)).toBe('message,item')
    first.nowMs = 5_000
    first.send(begin({ exchange: 3, operation: TUBE, flags: 0 }))
    expect(kinds(first)).toBe('message')
    first.send(data(3, new Uint8Array(1), 0))
    const other = both(policy)
    other.nowMs = 5_000
    other.send(begin({ exchange: 1, operation: CALL, body: encode('a') }))
    expect([kinds(first), kinds(other)]).toEqual(['denied,cancelled', 'denied'])
  })
})

describe('an engine whose own program does not play fair', () => {
  const out = (more: object = {}) => ({
    id: 'out',
    effect: 'deny',
    to: ['any'],
    verbs: ['call', 'send', 'stream'],
    on: ['>'],
    ...more,
  })

  test('SE-55 what is changed after it was judged is not what is sent: bodies, bytes, labels', () => {
    const raw = new Raw({ policy: rules(allow, out({ when: guard('body.who', 'eq', 'eve') })) }, {}, [Flow, Streams])
    const inner = Buffer.from('bob')
    const value = { who: 'bob', n: 1, more: { list: [1, 2], inner } }
    const sent = encode(value)
    const proof = admitted(raw.engine.admit(act('call', value), 0))
    value.who = 'eve'
    value.more.list.push(3)
    inner.write('eve')
    raw.engine.begin(proof, 0)
    value.n = 7
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', body: sent }])
    // A message that waits for credit has its bytes already.
    const big = { who: 'bob', fill: 'x'.repeat(900_000) }
    const whole = encode(big)
    raw.begin(act('call', big))
    big.who = 'eve'
    const pieces = raw.read().flatMap((frame) => (frame.is === 'BEGIN' || frame.is === 'DATA' ? [frame.body] : []))
    expect(pieces.length).toBeGreaterThan(1)
    const came = Buffer.concat(pieces)
    expect(came.equals(whole.subarray(0, came.length))).toBe(true)
    // Items and chunks are copied too.
    const { exchange } = raw.begin(stretch('tube', { who: 'bob' }))
    const pool = Buffer.alloc(64, 1)
    raw.engine.item(exchange, pool.subarray(8, 16), 0)
    pool.fill(2)
    const chunks = raw.read().flatMap((frame) => (frame.is === 'DATA' ? [...frame.body] : []))
    expect(chunks.slice(-8)).toEqual(Array(8).fill(1))
  })

  test('SE-55 a toJSON, a class, a function or a symbol changes nothing that was judged: it is refused or not there', () => {
    const raw = new Raw({ policy: rules(allow, out({ when: guard('body.who', 'eq', 'eve') })) })
    class Body {
      readonly who = 'bob'
      toJSON() {
        return { who: 'eve' }
      }
    }
    const invalid = [
      new Body(),
      { who: 'bob', toJSON: () => ({ who: 'eve' }) },
      Object.create({ who: 'eve', toJSON: () => 'x' }),
      new Map([['who', 'eve']]),
      Object.assign(() => undefined, { who: 'eve' }),
      { who: Symbol('eve') },
      // Boxed, it is an object to rules and to the encoder alike.
      { who: Object('eve') },
    ]
    for (const value of invalid)
      expect(() => raw.engine.admit(act('call', value as Wire), 0)).toThrow(/contract\/invalid/)
    expect(raw.read()).toEqual([])
    const hidden = Object.defineProperty({ n: 1, [Symbol('who')]: 'eve' }, 'who', { value: 'bob', enumerable: false })
    raw.begin(act('call', hidden as unknown as Wire))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', body: encode({ n: 1 }) }])
  })

  test('SE-55 a getter that throws fails the act and leaves nothing behind', () => {
    const raw = new Raw({ policy: rules(allow, out({ effect: 'allow', limit: { concurrent: 1 } })) })
    const bang = {
      get n(): number {
        throw new RangeError('bang')
      },
    }
    expect(() => raw.engine.admit(act('call', bang), 0)).toThrow()
    const labels = {
      get a(): string {
        throw new RangeError('bang')
      },
    }
    expect(() => raw.engine.admit(act('call', { n: 1 }, { labels }), 0)).toThrow('bang')
    expect(raw.read()).toEqual([])
    raw.begin(act('call', { n: 1 }))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2 }])
  })

  test('SE-33 labels outside the grammar are refused before they are judged', () => {
    const raw = new Raw({ policy: rules(allow, out({ when: guard('label.team', 'eq', 'red') })) })
    const refused: readonly Labels[] = [
      { '': 'x' },
      { 'a.b': 'x' },
      { 'te\u0430m': 'x' },
      { 'team ': 'x' },
      { ['x'.repeat(66)]: 'x' },
      { team: 'x'.repeat(257) },
      Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`l${n}`, ''])),
    ]
    for (const labels of refused) expect(() => raw.engine.admit(act('call', 1, { labels }), 0)).toThrow(RangeError)
    expect(raw.engine.admit(act('call', 1, { labels: { team: 'red' } }), 0)).toMatchObject({ effect: 'deny' })
    expect(raw.read()).toEqual([])
  })

  test('SE-55 no proof is made of another: not by a copy, a clone, a wrapper, its class, or an item of it', () => {
    const raw = new Raw({}, { exchanges: 4 }, [Flow, Streams])
    const proof = admitted(raw.engine.admit(act('call', 'x'), 0))
    const likeGate = {
      peer: proof.peer,
      policy: { epoch: 0, needs: () => 'nothing', admit: () => ({ effect: 'allow' }) },
      epoch: 0,
      trail: { heard: false },
    }
    const Made: unknown = Object.getPrototypeOf(proof).constructor
    expect(Made).toBe(Admitted)
    const route = { address: 'flow.v1.call', row: { kind: 'requestResponse', visible: [] } }
    const message = { route, index: 0, bytes: 0, outgoing: {} }
    const forged = [
      structuredClone(Object.assign({}, proof)),
      Object.create(proof),
      Object.setPrototypeOf(Object.assign({}, proof), Admitted.prototype),
      new Proxy(proof, {}),
      // At run time a constructor is private to nobody, but the gate it was given is none.
      Reflect.construct(Admitted, [likeGate, 'out', message, 0, { effect: 'allow', rules: [] }, 0]),
    ]
    for (const each of forged) expect(() => raw.engine.begin(each as Admitted, 0)).toThrow(TypeError)
    expect(() => raw.engine.begin(structuredClone(proof) as Admitted, 0)).toThrow(TypeError)
    expect(raw.read()).toEqual([])
    raw.engine.begin(proof, 0)
    expect(raw.read()).toMatchObject([{ is: 'BEGIN' }])
    expect(() => raw.engine.begin(proof, 0)).toThrow(TypeError)
  })

  test('SE-106 SE-55 a proof of before the peer was renewed, or of a session that ended, is void', () => {
    const raw = new Raw()
    const proof = admitted(raw.engine.admit(act('note', 'x'), 0))
    raw.engine.ended()
    expect(() => raw.engine.begin(proof, 0)).toThrow('session/closed')
    expect(() => new Raw().engine.begin(proof, 0)).toThrow(TypeError)
  })

  test('SE-46 SE-55 what waits for credit or a place is not on the wire before its turn, and then as it was judged', () => {
    const raw = new Raw({}, { sessionWindow: 4_096, exchangeWindow: 4_096, exchanges: 1 })
    const bodies = Array.from({ length: 20 }, (_, n) => ({ n, who: 'x'.repeat(400) }))
    for (const body of bodies) raw.begin(act('note', body))
    for (const body of bodies) body.who = 'eve'
    const sent = raw.read().flatMap((frame) => (frame.is === 'BEGIN' ? [frame.body] : []))
    expect(sent.length).toBeLessThan(bodies.length)
    expect(sent).toEqual(sent.map((_, n) => encode({ n, who: 'x'.repeat(400) })))
  })
})
