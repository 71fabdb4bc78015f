import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import type { Verb } from '../../src/contract/kinds.js'
import { topic } from '../../src/contract/operation.js'
import { nothing } from '../../src/contract/shape.js'
import { ERRORS, SottoError } from '../../src/errors.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import type { Act } from '../../src/session/acts.js'
import type { Delivery } from '../../src/session/delivery.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Fault } from '../../src/session/faults.js'
import { FLAG, type Frame } from '../../src/session/frames.js'
import { WRITE_ROOM } from '../../src/session/items.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  anyAct,
  begin,
  data,
  drain,
  expectWholeCredit,
  Flow,
  fate,
  fault,
  JOBS,
  NEWS,
  PLAIN,
  Places,
  placed,
  Raw,
  WORK,
} from './wire.js'

const none = 0
const INVALID = ERRORS['contract/invalid'].wire
const DENIED = ERRORS['policy/denied'].wire
const verbs: readonly Verb[] = ['publish', 'subscribe', 'enqueue', 'consume']
const all = { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['places.v1.>'] } as const

/** An engine that speaks the contract with a peer that may say anything. */
const rawOf = (policy: PolicyStore = anyAct(), peers = {}, limits = {}): Raw =>
  new Raw({ policy, limits: limitsOf(limits) }, peers, [Places])

const storeOf = (...rules: readonly object[]): PolicyStore => policyStore({ version: 1, rules: [all, ...rules] })

const envelope = (value: Wire): Uint8Array => encode({ value })

/** The peer asks for what stands: its exchange is 1, dispatched. */
const asked = (raw: Raw, over: Partial<Parameters<typeof begin>[0]> = {}): Exchange => {
  raw.send(
    begin({ exchange: 1, operation: NEWS, subject: 'of.*.*', standing: true, flags: none, body: encode({}), ...over }),
  )
  const message = raw.only('message')
  expect(raw.engine.stands(message)).toBe(true)
  raw.engine.consumed(message)
  return message.exchange
}

/** This end asks for it: its exchange is 2, framed. */
const opened = (raw: Raw, over = {}): Exchange => {
  const { exchange } = raw.begin(placed('news', {}, { subject: 'of.*.*', standing: true, ...over }))
  raw.read()
  return exchange
}

const delivery = (value: Wire, subject = 'of.a.b', item: Wire = [subject, false, 0, [null, value]]): Delivery => ({
  subject,
  item: encode(item),
  bytes: encode(value).length,
  content: () => value,
})

const bodies = (frames: readonly Frame[]): readonly Uint8Array[] =>
  frames.flatMap((frame) => (frame.is === 'DATA' ? [frame.body] : []))

const kinds = (frames: readonly { readonly is: string }[]): readonly string[] => frames.map(({ is }) => is)

describe('where a message goes', () => {
  const long = 'a'.repeat(65)
  const fitting: readonly (readonly [operation: number, subject: string, standing: boolean])[] = [
    [JOBS, 'x', false],
    [JOBS, long, false],
    [JOBS, '*', true],
    [JOBS, 'x', true],
    [NEWS, 'of.a.b', false],
    [NEWS, 'of.*.*', true],
    [NEWS, 'of.*.b', true],
    [NEWS, 'of.a.b', true],
    [PLAIN, '', false],
    [PLAIN, '', true],
    [WORK, '', false],
    [WORK, '', true],
  ]
  const unfit: typeof fitting = [
    [JOBS, '', false],
    [JOBS, '', true],
    [JOBS, 'a.b', false],
    [JOBS, `${long}a`, false],
    [JOBS, 'x y', false],
    [JOBS, '*', false],
    [NEWS, 'a.b', false],
    [NEWS, 'of.a', false],
    [NEWS, 'of.a.b.c', true],
    [NEWS, 'on.a.b', true],
    [NEWS, '*.a.b', true],
    [NEWS, 'of.*.b', false],
    [NEWS, 'of.a*.b', true],
    [NEWS, 'of..b', true],
    [PLAIN, 'x', false],
    [PLAIN, '*', true],
    [WORK, 'x', true],
  ]
  const sent = (operation: number, subject: string, standing: boolean): Uint8Array => {
    const body = operation === JOBS || operation === WORK ? envelope({}) : encode({})
    return begin({ exchange: 1, operation, subject, standing, flags: standing ? none : FLAG.end, body })
  }

  test.each(fitting)('SE-143 SE-144 %d takes %s, standing %s', (operation, subject, standing) => {
    const raw = rawOf().send(sent(operation, subject, standing))
    const { exchange, admitted: proof } = raw.only('message')
    const [contract, name] = ['places.v1', ['jobs', 'news', 'plain', 'work'][operation] ?? '']
    expect(exchange.route.subject).toBe(subject)
    expect(proof.address).toBe(subject === '' ? `${contract}.${name}` : `${contract}.${name}.${subject}`)
  })

  test.each(unfit)('SE-143 SE-144 %d does not take %s, standing %s', (operation, subject, standing) => {
    expect(fate(rawOf().send(sent(operation, subject, standing)))).toBe('session/malformed')
  })

  test('SE-144 nothing else has what stands, or a subject', () => {
    const bare = { exchange: 1, body: encode({}) }
    for (const over of [{ standing: true }, { subject: 'x' }])
      for (const operation of [0, 1])
        expect(fate(new Raw().send(begin({ ...bare, operation, ...over })))).toBe('session/malformed')
  })

  test.each(unfit)('SE-143 SE-144 nor does this end send %d on %s, standing %s', (operation, subject, standing) => {
    const name = (['jobs', 'news', 'plain', 'work'] as const)[operation] ?? 'work'
    expect(() => rawOf().begin(placed(name, {}, { subject, standing }))).toThrow(RangeError)
  })

  test('SE-143 an address has 255 bytes and no more', () => {
    const Deep = contract('deep.v1', { news: topic(nothing, { subject: '{a}.{b}.{c}.{d}' }) })
    const own = (bytes: number): Act => ({
      ...placed('news', undefined, {
        subject: ['a', 'b', 'c']
          .map((each) => each.repeat(65))
          .concat('d'.repeat(bytes))
          .join('.'),
      }),
      contract: 'deep.v1',
    })
    // 'deep.v1.news.' and three tokens of 65 with their dots are 211 bytes.
    const raw = new Raw({ policy: storeOf({ ...all, id: 'deep', on: ['>'] }) }, {}, [Deep])
    const { exchange } = raw.begin(own(44))
    expect(exchange.route.address.length).toBe(255)
    expect(() => raw.begin(own(45))).toThrow(RangeError)
    const subject = own(45).subject ?? ''
    expect(fate(raw.send(begin({ exchange: 1, operation: 0, subject })))).toBe('session/malformed')
  })

  test('SE-143 SE-33 a BEGIN has the subject behind its operation, and both ends count its bytes', () => {
    const raw = rawOf()
    raw.begin(placed('news', { n: 1 }, { subject: 'of.a.b', labels: { x: 'y' }, ttlMs: 7 }))
    expect(raw.read()).toMatchObject([
      { is: 'BEGIN', operation: NEWS, subject: 'of.a.b', standing: false, ttlMs: 7, labels: { x: 'y' }, end: true },
    ])
    const both = { uses: [Flow, Places], serves: [Flow, Places], policy: anyAct() }
    const limits = limitsOf({ sessionWindow: 8_192 })
    const { initiator, responder, ...pair } = settle(
      pairOf({ initiator: { ...both, limits }, responder: { ...both, limits } }),
    )
    for (let n = 0; n < 50; n++) {
      const own = placed('news', { n }, { subject: `of.room${n}.b`, labels: { x: 'y' } })
      initiator.begin(admitted(initiator.admit(own, 0)), 0)
      settle({ initiator, responder, ...pair })
      for (const event of pair.responderEvents.splice(0)) if (event.is === 'message') responder.consumed(event)
    }
    settle({ initiator, responder, ...pair })
    expectWholeCredit(initiator, responder, limits)
  })
})

describe('what a message is', () => {
  test('SE-145 each kind has its verb, and begins what it is', () => {
    const raw = rawOf(undefined, { exchanges: 1 })
    const acts = [
      [placed('news', {}, { subject: 'of.a.b' }), 'publish', { oneWay: true, stream: false }],
      [placed('jobs', { value: {} }, { subject: 'a' }), 'enqueue', { oneWay: false, stream: false }],
      [placed('news', {}, { subject: 'of.*.b', standing: true }), 'subscribe', { oneWay: false, stream: true }],
      [placed('jobs', {}, { subject: '*', standing: true }), 'consume', { oneWay: false, stream: true }],
    ] as const
    for (const [own, verb, is] of acts) {
      const { exchange } = raw.begin(own)
      expect(exchange).toMatchObject({ ...is, route: { verb } })
    }
    expect(new Raw().begin(act('note')).exchange.route.verb).toBe('send')
  })

  test('SE-145 rules are asked with that verb at the whole address, at both ends', () => {
    const only = (verb: Verb, on: string) => [
      { id: 'in', effect: 'allow', by: ['any'], verbs: [verb], on: [on] },
      { id: 'not-out', effect: 'deny', to: ['any'], verbs: [verb], on: [on] },
    ]
    const own: readonly (readonly [Verb, string, Parameters<typeof placed>, number])[] = [
      ['publish', 'places.v1.news.of.a.b', ['news', {}, { subject: 'of.a.b' }], NEWS],
      ['subscribe', 'places.v1.news.of.*.*', ['news', {}, { subject: 'of.*.*', standing: true }], NEWS],
      ['enqueue', 'places.v1.jobs.a', ['jobs', { value: {} }, { subject: 'a' }], JOBS],
      ['consume', 'places.v1.jobs.*', ['jobs', {}, { subject: '*', standing: true }], JOBS],
    ]
    for (const [verb, on, [name, value, over = {}], operation] of own) {
      const raw = rawOf(policyStore({ version: 1, rules: only(verb, on) }))
      const refused = raw.engine.admit(placed(name, value, over), 0)
      expect(refused).toMatchObject({ effect: 'deny', rules: ['not-out'] })
      const { subject = '', standing = false } = over
      const flags = standing ? none : FLAG.end
      raw.send(begin({ exchange: 1, operation, subject, standing, flags, body: encode(value ?? {}) }))
      expect(raw.only('message').admitted).toMatchObject({ verb, address: on })
    }
  })

  test('SE-145 SE-46 what stands and what is enqueued have a place among the exchanges, what is published none', () => {
    const raw = rawOf(undefined, {}, { exchanges: 2 })
    const body = envelope({})
    raw.send(
      begin({ exchange: 1, operation: NEWS, subject: 'of.*.*', standing: true, flags: none, body: encode({}) }),
      begin({ exchange: 3, operation: JOBS, subject: 'a', body }),
      begin({ exchange: 5, operation: PLAIN, body: encode({}) }),
    )
    expect(kinds(raw.take())).toEqual(['message', 'message', 'message'])
    expect(fate(raw.send(begin({ exchange: 7, operation: JOBS, subject: 'a', body })))).toBe('session/limit')
  })

  test.each<readonly [string, Wire | undefined]>([
    ['nothing', undefined],
    ['no map', 'a'],
    ['a list', [{}]],
    ['another member', { value: {}, more: 1 }],
    ['a key that is no text', { key: 1 }],
    ['a key of 257 bytes', { key: `${'é'.repeat(128)}a` }],
    ['a delay that is negative', { delayMs: -1 }],
    ['a delay that is no whole number', { delayMs: 0.5 }],
    ['a delay over 2^31-1', { delayMs: 2 ** 31 }],
  ])('SE-147 what is enqueued is refused: %s', (_, value) => {
    const raw = rawOf().send(
      begin({ exchange: 1, operation: WORK, body: value === undefined ? new Uint8Array(0) : encode(value) }),
    )
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', code: INVALID, body: encode({ path: '' }) }])
  })

  test('SE-147 what is enqueued is handed on whole', () => {
    for (const value of [{}, { value: { n: 1 }, key: 'é'.repeat(128), delayMs: 2 ** 31 - 1 }]) {
      const raw = rawOf().send(begin({ exchange: 1, operation: WORK, body: encode(value) }))
      expect(raw.only('message').value).toEqual(value)
    }
  })

  test('SE-147 PO-60 rules read the message in an envelope, and nothing of a request to hear', () => {
    const seen = { attribute: 'body.n', is: 'present' }
    const store = storeOf(
      {
        id: 'in',
        effect: 'deny',
        by: ['any'],
        verbs,
        on: ['>'],
        when: [seen, { attribute: 'body.n', is: 'eq', value: 7 }],
      },
      {
        id: 'out',
        effect: 'deny',
        to: ['any'],
        verbs,
        on: ['>'],
        when: [seen, { attribute: 'body.n', is: 'eq', value: 8 }],
      },
    )
    const raw = rawOf(store)
    const jobs = { operation: JOBS, subject: 'a' }
    raw.send(begin({ exchange: 1, ...jobs, body: envelope({ n: 7 }) }))
    expect(raw.only('denied').denial.rules).toEqual(['in'])
    raw.send(begin({ exchange: 3, ...jobs, body: envelope({ n: 8 }) }))
    raw.only('message')
    raw.send(begin({ exchange: 5, ...jobs, standing: true, flags: none, body: encode({ n: 7 }) }))
    raw.only('message')
    const own = (value: Wire, standing = false) =>
      raw.engine.admit(placed('jobs', value, { subject: 'a', standing }), 0)
    expect(own({ value: { n: 8 } })).toMatchObject({ rules: ['out'] })
    expect('effect' in own({ value: { n: 7 } })).toBe(false)
    expect('effect' in own({ n: 8 }, true)).toBe(false)
  })
})

describe('what the peer refuses', () => {
  test('SE-148 SE-54 a message that was taken is named with its whole address, whole or in pieces', () => {
    const raw = rawOf(undefined, { sessionWindow: 8_192, exchangeWindow: 4_096 })
    const ids = ['of.a.b', 'of.c.d', ''].map((subject) => {
      const { exchange } = raw.begin(placed(subject === '' ? 'plain' : 'news', {}, { subject }))
      raw.read()
      return exchange.id
    })
    const { exchange: long } = raw.begin(placed('news', 'a'.repeat(5_000), { subject: 'of.e.f' }))
    raw.read()
    raw.take()
    raw.send(...[...ids, long.id].map((id) => fault(id, 'policy/denied')))
    const told = raw.take().flatMap((event) => (event.is === 'refused' ? [event.address] : []))
    expect(told).toEqual(['places.v1.news.of.a.b', 'places.v1.news.of.c.d', 'places.v1.plain', 'places.v1.news.of.e.f'])
    expect(raw.read()).toMatchObject([{ is: 'RESET', exchange: long.id }])
  })

  test('SE-148 SE-66 so is what a DRAIN says was not taken, and an entry of one round before is forgotten', () => {
    const raw = rawOf(undefined, { sessionWindow: 4_096 })
    const own = (subject: string): void => {
      raw.begin(placed(subject === '' ? 'plain' : 'news', undefined, { subject }))
      raw.read()
    }
    for (let n = 0; n < 20; n++) own(`of.a.b${n}`)
    own('')
    raw.take()
    raw.send(drain(40))
    const told = raw.take().flatMap((event) => (event.is === 'refused' ? [event.address] : []))
    expect(told).toEqual(['places.v1.plain'])
  })

  test.each<readonly [Fault, Parameters<typeof placed>, string]>([
    [{ code: 'topic/slow' }, ['news', {}, { subject: 'of.*.*', standing: true }], 'yes'],
    [{ code: 'broker/full' }, ['work', { value: {} }], 'no'],
    [{ code: 'broker/full' }, ['work', {}, { standing: true }], 'no'],
    [{ code: 'broker/failed' }, ['work', { value: {} }], 'maybe'],
    [{ code: 'broker/failed' }, ['news', {}, { subject: 'of.*.*', standing: true }], 'maybe'],
  ])('SE-49 SE-149 %o is told, and says what ran', (said, own, ran) => {
    const raw = rawOf()
    const { exchange } = raw.begin(placed(...own))
    raw.read()
    raw.send(fault(exchange.id, said.code))
    const [event] = raw.take()
    expect(event).toMatchObject({ is: 'fault', error: { code: said.code, ran } })
  })

  test('SE-149 none of these comes where it cannot be, nor with details', () => {
    const consumer = () => {
      const raw = rawOf()
      return { raw, id: raw.begin(placed('work', {}, { standing: true })).exchange.id }
    }
    const call = () => {
      const raw = new Raw()
      return { raw, id: raw.begin(act('call')).exchange.id }
    }
    const cases = [
      [consumer, 'topic/slow'],
      [call, 'topic/slow'],
      [call, 'broker/full'],
      [call, 'broker/failed'],
      [call, 'flow/refused'],
      [consumer, 'queue/lapsed'],
    ] as const
    for (const [make, code] of cases) {
      const { raw, id } = make()
      raw.read()
      raw.send(fault(id === 0 ? 2 : id, code))
      expect(fate(raw), code).toBe('session/malformed')
    }
    const { raw } = consumer()
    raw.read()
    expect(fate(raw.send(fault(2, 'broker/full', encode({}))))).toBe('session/malformed')
  })

  test('SE-149 SE-35 a message that has no answer is refused by none of these', () => {
    const raw = rawOf()
    raw.begin(placed('plain', {}))
    raw.read()
    expect(fate(raw.send(fault(2, 'broker/full')))).toBe('session/malformed')
  })
})

describe('what stands', () => {
  test('SE-146 what comes up is decoded and nothing else: no rule and no limit is asked', () => {
    const limited = {
      id: 'few',
      effect: 'allow',
      by: ['any'],
      verbs: ['subscribe'],
      on: ['>'],
      limit: { perSecond: 1 },
    }
    const denying = {
      id: 'not',
      effect: 'deny',
      by: ['any'],
      verbs: ['subscribe'],
      on: ['>'],
      when: [{ attribute: 'body.n', is: 'present' }],
    }
    const raw = rawOf(policyStore({ version: 1, rules: [limited, denying] }))
    asked(raw)
    raw.send(...[1, 2, 3].map((n) => data(1, encode({ n }), none)))
    const events = raw.take()
    expect(kinds(events)).toEqual(['item', 'item', 'item'])
    for (const event of events) expect(event.is === 'item' && raw.engine.stands(event)).toBe(true)
    raw.send(data(1, Uint8Array.of(0xff), none))
    expect(kinds(raw.take())).toEqual(['cancelled'])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', code: INVALID, body: encode({ path: '', item: 4 }) }])
  })

  test('SE-146 nor for what this end says of how far its reader is', () => {
    const deny = {
      id: 'not',
      effect: 'deny',
      to: ['any'],
      verbs: ['subscribe'],
      on: ['>'],
      when: [{ attribute: 'bytes', is: 'gt', value: 1 }],
    }
    const raw = rawOf(storeOf(deny))
    const exchange = opened(raw)
    expect(raw.engine.item(exchange, 1_000, 0)).toBe(true)
    expect(bodies(raw.read())).toEqual([encode(1_000)])
  })

  test('SE-157 SE-124 what says how far a reader is goes up though the window of the session is full', () => {
    const limits = { sessionWindow: 4_096, exchangeWindow: 4_096 }
    const raw = rawOf(undefined, limits)
    const exchange = opened(raw)
    while (raw.begin(placed('plain', 'a'.repeat(900))).taken) raw.read()
    raw.read()
    expect(raw.engine.item(exchange, 1, 0)).toBe(true)
    expect(raw.read()).toMatchObject([{ is: 'DATA', exchange: exchange.id, body: encode(1) }])
    // 63 more are within the window of the exchange.
    for (let n = 2; n < 80; n++) raw.engine.item(exchange, n, 0)
    expect(bodies(raw.read()).length).toBeLessThan(64)
  })

  test('SE-157 its receiver counts it for the exchange alone, and gives it back when it is read', () => {
    const raw = rawOf(undefined, {}, { sessionWindow: 4_096, exchangeWindow: 4_096 })
    asked(raw)
    // All but 67 bytes of the session.
    raw.send(begin({ exchange: 3, operation: PLAIN, body: encode('a'.repeat(3_800)) }))
    raw.take()
    for (let n = 0; n < 63; n++) raw.send(data(1, encode(1), none))
    const events = raw.take()
    expect(events.length).toBe(63)
    for (const event of events) if (event.is === 'item') raw.engine.consumed(event)
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 1 }])
    for (let n = 0; n < 64; n++) raw.send(data(1, encode(1), none))
    expect(fate(raw)).toBe('session/limit')
  })

  test('SE-150 a delivery goes out as it is, and is an item at the other end', () => {
    const raw = rawOf()
    const exchange = asked(raw)
    const heard = delivery({ n: 1 })
    expect(raw.engine.item(exchange, null, 0)).toBe(true)
    expect(raw.engine.deliver(exchange, heard, 0)).toBe(true)
    expect(bodies(raw.read())).toEqual([encode(null), heard.item])
    const near = rawOf()
    const own = opened(near)
    near.send(data(own.id, heard.item, none))
    expect(near.only('item').value).toEqual(['of.a.b', false, 0, [null, { n: 1 }]])
  })

  test('SE-150 a long one goes in pieces, and one over what the peer takes is refused here', () => {
    const raw = rawOf(undefined, { message: 100_000 })
    const exchange = asked(raw)
    expect(raw.engine.deliver(exchange, delivery('a'.repeat(90_000)), 0)).toBe(true)
    expect(raw.read().length).toBeGreaterThan(1)
    expect(() => raw.engine.deliver(exchange, delivery('a'.repeat(100_000)), 0)).toThrow(
      expect.objectContaining({ code: 'call/too-large' }),
    )
    expect(kinds(raw.read())).toEqual([])
  })

  test('SE-150 its writer is asked to wait once enough waits, and told when there is room', () => {
    const raw = rawOf()
    const exchange = asked(raw)
    let count = 0
    while (raw.engine.deliver(exchange, delivery('a'.repeat(1_000)), 0) === true) count++
    expect(count * 1_000).toBeLessThan(WRITE_ROOM)
    raw.read()
    expect(kinds(raw.take())).toContain('taken')
  })

  test('SE-150 nothing is delivered to what does not stand, or at the end that asked', () => {
    const raw = rawOf()
    const own = opened(raw)
    expect(() => raw.engine.deliver(own, delivery({}), 0)).toThrow(TypeError)
    raw.send(begin({ exchange: 1, operation: JOBS, subject: 'a', body: envelope({}) }))
    expect(() => raw.engine.deliver(raw.only('message').exchange, delivery({}), 0)).toThrow(TypeError)
  })

  test('SE-150 what is over takes no more', () => {
    const raw = rawOf()
    const exchange = asked(raw)
    raw.engine.end(exchange)
    expect(raw.engine.deliver(exchange, delivery({}), 0)).toBe(true)
    expect(kinds(raw.read())).toEqual(['DATA'])
  })

  test('SE-150 PO-58 a delivery is asked for at its own address, as heard and then as sent', () => {
    const raw = rawOf(
      storeOf(
        { id: 'secret', effect: 'deny', by: ['any'], verbs: ['subscribe'], on: ['places.v1.news.of.secret.*'] },
        { id: 'kept', effect: 'deny', to: ['any'], verbs: ['publish'], on: ['places.v1.news.of.kept.*'] },
        { id: 'to', effect: 'deny', by: ['any'], verbs: ['publish'], on: ['places.v1.news.of.said.*'] },
      ),
    )
    const exchange = asked(raw)
    const answers = ['of.secret.a', 'of.kept.a', 'of.said.a', 'of.open.a'].map((subject) =>
      raw.engine.deliver(exchange, delivery({}, subject), 0),
    )
    expect(answers).toEqual(['denied', 'denied', true, true])
    expect(bodies(raw.read()).length).toBe(2)
    expect(raw.take()).toEqual([])
  })

  test.each<readonly [string, object, Wire]>([
    ['a field', { attribute: 'body.who', is: 'eq', value: 'x' }, { who: 'x' }],
    ['the size of the message', { attribute: 'bytes', is: 'eq', value: 8 }, { who: 'yy' }],
  ])('SE-150 PO-58 rules read of a delivery %s', (_, condition, denied) => {
    const present = { attribute: 'body.who', is: 'present' }
    for (const way of [
      { by: ['any'], verbs: ['subscribe'] },
      { to: ['any'], verbs: ['publish'] },
    ]) {
      const raw = rawOf(storeOf({ id: 'not', effect: 'deny', on: ['>'], when: [present, condition], ...way }))
      const exchange = asked(raw)
      expect(raw.engine.deliver(exchange, delivery(denied), 0)).toBe('denied')
      expect(raw.engine.deliver(exchange, delivery({ who: 'zzz' }), 0)).toBe(true)
    }
  })

  test('SE-150 PO-58 and what came with the request: its labels, its time to live, the age of the session', () => {
    const rule = (id: string, when: object) => ({
      id,
      effect: 'deny',
      by: ['any'],
      verbs: ['consume'],
      on: ['>'],
      when: [when],
    })
    const raw = rawOf(
      storeOf(
        rule('old', { attribute: 'ageMs', is: 'ge', value: 50 }),
        rule('group', { attribute: 'label.group', is: 'ne', value: 'g' }),
        rule('ttl', { attribute: 'ttlMs', is: 'ne', value: 9 }),
      ),
    )
    const exchange = asked(raw, { operation: JOBS, subject: '*', labels: { group: 'g' }, ttlMs: 9 })
    expect(raw.engine.deliver(exchange, delivery({}, 'a'), 49)).toBe(true)
    expect(raw.engine.deliver(exchange, delivery({}, 'a'), 50)).toBe('denied')
  })

  test('PO-59 a delivery takes nothing of a limit, and needs no room in one', () => {
    const limit = { perSecond: 1, concurrent: 1 }
    const raw = rawOf(policyStore({ version: 1, rules: [{ ...all, limit }] }))
    const exchange = asked(raw)
    for (let n = 0; n < 5; n++) expect(raw.engine.deliver(exchange, delivery({}), 0)).toBe(true)
    raw.nowMs = 1_000
    raw.send(begin({ exchange: 3, operation: NEWS, subject: 'of.a.b', body: encode({}) }))
    expect(kinds(raw.take())).toContain('denied')
  })

  test('SE-151 one that waits and is denied by then is not framed, and ends what stands', () => {
    const store = storeOf()
    const raw = rawOf(store)
    const exchange = asked(raw)
    raw.engine.deliver(exchange, delivery({}, 'of.a.b'), 0)
    raw.read()
    for (const subject of ['of.a.b', 'of.secret.b', 'of.a.b'])
      expect(raw.engine.deliver(exchange, delivery({}, subject), 0)).toBe(true)
    store.replace({
      version: 1,
      rules: [all, { id: 'not', effect: 'deny', by: ['any'], verbs, on: ['places.v1.news.of.secret.*'] }],
    })
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: DENIED, body: encode({ item: 0 }) }])
    expect(kinds(raw.take())).toEqual(['denied', 'cancelled'])
    expect(raw.engine.deliver(exchange, delivery({}), 0)).toBe(true)
    expect(raw.read()).toEqual([])
  })

  test('SE-151 SE-135 one that may still go goes, and what stands goes on', () => {
    const store = storeOf()
    const raw = rawOf(store)
    const exchange = asked(raw)
    raw.engine.deliver(exchange, delivery({ n: 1 }), 0)
    store.replace({ version: 1, rules: [all] })
    expect(bodies(raw.read())).toEqual([delivery({ n: 1 }).item])
    expect(raw.engine.deliver(exchange, delivery({ n: 2 }), 0)).toBe(true)
  })

  test('SE-128 a rule taken away ends a subscription, whatever it might still hear', () => {
    const store = storeOf()
    const raw = rawOf(store)
    asked(raw)
    store.replace({ version: 1, rules: [{ ...all, on: ['places.v1.news.of.a.*'] }] })
    raw.engine.reask(0)
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: DENIED }])
  })
})

describe('what is recorded', () => {
  const audited = (shadow?: object) => {
    const told: { readonly [member: string]: unknown }[] = []
    const store = policyStore(
      {
        version: 1,
        rules: [
          all,
          { id: 'not', effect: 'deny', by: ['any'], verbs: ['subscribe'], on: ['places.v1.news.of.secret.*'] },
        ],
      },
      {
        audit: (record) => {
          told.push(JSON.parse(new TextDecoder().decode(record)))
          return true
        },
      },
    )
    if (shadow !== undefined) store.replaceShadow({ version: 1, rules: [shadow] })
    return { told, raw: rawOf(store) }
  }

  test('SE-152 a delivery that is denied, with the count of those asked for, and no other', () => {
    const { told, raw } = audited()
    const exchange = asked(raw)
    const id = String(told.find(({ verb }) => verb === 'subscribe')?.decision)
    expect(id.endsWith('.1.0')).toBe(true)
    told.length = 0
    for (const subject of ['of.a.b', 'of.secret.b', 'of.a.b', 'of.secret.c'])
      raw.engine.deliver(exchange, delivery({}, subject), 0)
    raw.read()
    expect(told).toMatchObject([
      { kind: 'decided', direction: 'in', verb: 'subscribe', address: 'places.v1.news.of.secret.b', effect: 'deny' },
      { kind: 'decided', direction: 'in', verb: 'subscribe', address: 'places.v1.news.of.secret.c', effect: 'deny' },
    ])
    expect(told.map(({ decision }) => decision)).toEqual([2, 4].map((index) => `${id.slice(0, -1)}${index}`))
  })

  test('SE-152 PO-36 and one that the shadow would decide otherwise', () => {
    const { told, raw } = audited({
      ...all,
      on: ['places.v1.news.of.*.*', 'places.v1.news.of.a.*'],
      verbs: ['subscribe'],
    })
    const exchange = asked(raw)
    told.length = 0
    expect(raw.engine.deliver(exchange, delivery({}, 'of.a.b'), 0)).toBe(true)
    expect(told).toEqual([])
    const other = audited({ ...all, on: ['places.v1.news.of.b.*'] })
    const second = asked(other.raw)
    other.told.length = 0
    expect(other.raw.engine.deliver(second, delivery({}, 'of.a.b'), 0)).toBe(true)
    expect(other.told).toMatchObject([{ effect: 'allow', shadow: { effect: 'deny' } }])
    // SE-160: as one that goes, and not as one that is to wait for that.
    other.told.length = 0
    expect(other.raw.engine.deliver(second, delivery({}, 'of.a.b'), 0, true)).toBe(true)
    expect(other.told).toEqual([])
  })

  test('SE-160 SE-152 one that is to wait is asked for and not sent, and recorded if it is denied', () => {
    const { told, raw } = audited()
    const exchange = asked(raw)
    raw.read()
    told.length = 0
    for (const [subject, answer] of [
      ['of.a.b', true],
      ['of.secret.b', 'denied'],
    ] as const)
      expect(raw.engine.deliver(exchange, delivery({}, subject), 0, true)).toBe(answer)
    expect(raw.read().filter(({ is }) => is === 'DATA')).toEqual([])
    expect(told).toMatchObject([{ address: 'places.v1.news.of.secret.b', effect: 'deny' }])
  })
})

test('SE-59 a subscription is lost with its session', () => {
  const raw = rawOf()
  opened(raw)
  raw.engine.ended()
  const error = raw.take().find((event) => event.is === 'fault')
  expect(error?.is === 'fault' && SottoError.is(error.error, 'session/lost')).toBe(true)
})

describe('what stands when the session is to end', () => {
  /** The peer has drained, or this end closes. */
  const ways: readonly (readonly [string, (raw: Raw) => void])[] = [
    ['sends DRAIN', (raw) => raw.engine.close(0, 1_000)],
    ['receives DRAIN', (raw) => void raw.send(drain(2))],
  ]

  test.each(ways)('SE-158 an end that %s ends its direction, and hears of the end as session/closed', (_, begins) => {
    for (const last of [data(2), fault(2, 'session/closed')]) {
      const raw = rawOf()
      const exchange = opened(raw)
      begins(raw)
      expect(kinds(raw.take().filter((event) => event.is !== 'draining'))).toEqual(['stopped'])
      const [end] = raw.read().filter((frame) => frame.is === 'DATA')
      expect(end).toMatchObject({ exchange: exchange.id, end: true, body: new Uint8Array() })
      raw.send(data(2, encode(null), none))
      expect(raw.only('item').value).toBe(null)
      raw.send(last)
      const [ending] = raw.take()
      expect(ending?.is === 'fault' && SottoError.is(ending.error, 'session/closed')).toBe(true)
    }
  })

  test('SE-158 once, though both ends drain', () => {
    const raw = rawOf()
    opened(raw)
    for (const [, begins] of ways) begins(raw)
    expect(raw.take().filter(({ is }) => is === 'stopped')).toHaveLength(1)
    expect(raw.read().filter(({ is }) => is === 'DATA')).toHaveLength(1)
  })

  test.each(ways)('SE-159 an end that %s waits for no subscriber that has left no room', (way, begins) => {
    for (const [count, words] of [
      [1, ['DATA']],
      [3, ['FAULT']],
    ] as const) {
      const raw = rawOf(anyAct(), { exchangeWindow: 4_096 })
      const exchange = asked(raw)
      if (way === 'receives DRAIN') raw.send(drain(0))
      else begins(raw)
      raw.read()
      for (let n = 0; n < count; n++) raw.engine.deliver(exchange, delivery('x'.repeat(2_000)), 0)
      raw.engine.end(exchange)
      expect(kinds(raw.read())).toEqual(words)
    }
  })
})
