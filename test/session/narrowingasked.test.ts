import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { SottoError } from '../../src/errors.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import type { EngineEvent } from '../../src/session/events.js'
import { FLAG } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { type Pair, pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  begin,
  data,
  expectWholeCredit,
  Flow,
  fate,
  fault,
  Raw,
  Streams,
  stretch,
  TALK,
  TUBE,
} from './wire.js'

const verbs = ['call', 'send', 'stream']
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] }
const ALL = { version: 1, rules: [allow] }
const both = { uses: [Flow, Streams], serves: [Flow, Streams], pq: 'off' } as const

/** All is allowed but what these conditions are met by; `side` says who does it. */
const but = (side: object, ...when: readonly object[]) => ({
  version: 1,
  rules: [allow, { id: 'no', effect: 'deny', verbs, on: ['>'], ...side, ...(when.length > 0 && { when }) }],
})
const by = { by: ['any'] }
const to = { to: ['any'] }
const is = (attribute: string, value: Wire): readonly object[] => [
  { attribute, is: 'present' },
  { attribute, is: 'eq', value },
]

const rawOf = (store: PolicyStore, peers = {}): Raw =>
  new Raw({ policy: store, limits: limitsOf() }, peers, [Flow, Streams])

/** The peer's call of these fields, which its handler has. */
const handled = (store: PolicyStore, value: Wire, over: Partial<Parameters<typeof begin>[0]> = {}): Raw => {
  const raw = rawOf(store)
  raw.nowMs = 100
  raw.send(begin({ exchange: 1, body: encode(value), ...over }))
  const message = raw.only('message')
  raw.engine.stands(message)
  raw.engine.consumed(message)
  raw.nowMs = 5_000
  return raw
}

/** What the handler has. */
const exchangeOf = (raw: Raw) => {
  const message = raw.events.find((event) => event.is === 'message')
  if (message?.is !== 'message') throw new Error('expected a message')
  return message.exchange
}

const isDenied = (raw: Raw): boolean => raw.take().some((event) => event.is === 'denied')

describe('what is asked', () => {
  const value = { who: 'x', n: 5 }
  const size = encode(value).length
  const cases: readonly (readonly [string, readonly object[], boolean])[] = [
    ['a visible field', is('body.who', 'x'), true],
    ['another value of it', is('body.who', 'y'), false],
    ['a number', [{ attribute: 'body.n', is: 'ge', value: 5 }], true],
    ['the size', [{ attribute: 'bytes', is: 'eq', value: size }], true],
    ['another size', [{ attribute: 'bytes', is: 'ne', value: size }], false],
    ['a label', is('label.to', 'z'), true],
    ['the time to live', is('ttlMs', 60_000), true],
    ['the time of then', [{ attribute: 'time', is: 'eq', value: 100 }], true],
    ['the time of now', [{ attribute: 'time', is: 'ge', value: 5_000 }], false],
    ['the age of then', [{ attribute: 'ageMs', is: 'le', value: 100 }], true],
    ['nothing but the address', [], true],
  ]
  test.each(cases)('SE-134 what stands is judged by what it was admitted with: %s', (_, when, denies) => {
    const store = policyStore(ALL)
    const raw = handled(store, value, { flags: FLAG.end | FLAG.labels, labels: { to: 'z' }, ttlMs: 60_000 })
    store.replace(but(by, ...when))
    raw.engine.reask(5_000)
    expect(isDenied(raw)).toBe(denies)
  })

  test.each(cases)('SE-134 so is what waits to be sent, and an own call: %s', (_, when, denies) => {
    const store = policyStore(ALL)
    const raw = rawOf(store, { exchanges: 1 })
    raw.nowMs = 100
    const over = { labels: { to: 'z' }, ttlMs: 60_000 }
    const exchanges = [act('call', value, over), act('call', value, over), act('note', value, over)].map(
      (of) => raw.begin(of).exchange,
    )
    raw.take()
    store.replace(but(to, ...when))
    raw.engine.reask(5_000)
    const ended = raw.take().flatMap((event) => (event.is === 'fault' ? [event.exchange] : []))
    expect(new Set(ended)).toEqual(new Set(denies ? exchanges : []))
    expect(raw.read().filter((frame) => frame.is === 'BEGIN').length).toBe(denies ? 0 : 2)
  })

  test('SE-134 an error of a rule that reads what is not there denies, as it does when a message comes', () => {
    const store = policyStore(ALL)
    const raw = handled(store, { n: 1 })
    store.replace(but(by, { attribute: 'body.who', is: 'eq', value: 'x' }))
    raw.engine.reask(5_000)
    expect(raw.take()[0]).toMatchObject({ denial: { why: 'error', rules: ['no'] } })
  })

  test('SE-134 limits are neither looked at nor charged', () => {
    const limited = (limit: object) => ({ version: 1, rules: [{ ...allow, limit }] })
    const store = policyStore(limited({ concurrent: 1 }))
    const raw = handled(store, 'q')
    // It has its place; there is none left, and no token either.
    store.replace(limited({ concurrent: 1, perSecond: 0.001 }))
    for (let i = 0; i < 5; i++) {
      store.replace(limited({ concurrent: 1, perSecond: 0.001 }))
      raw.engine.reask(5_000)
    }
    expect(raw.take()).toEqual([])
    exchangeOf(raw).handled()
    raw.engine.reply(exchangeOf(raw), 'r')
    raw.read()
    raw.send(begin({ exchange: 3 }))
    expect(raw.take().map((event) => event.is)).toEqual(['message'])
  })

  test('SE-128 nothing is framed by rules of before, though nobody has said that there are others', () => {
    const store = policyStore(ALL)
    const raw = rawOf(store)
    for (const name of ['call', 'note'] as const) raw.begin(act(name, { who: 'x' }))
    raw.begin(stretch('talk', { who: 'y' }))
    store.replace(but(to, ...is('body.who', 'x')))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2, operation: TALK }])
  })

  test('SE-136 a session that could not be opened by now goes on with what it may do', () => {
    const store = policyStore(ALL)
    const raw = handled(store, 'q')
    store.replace({
      version: 1,
      rules: [allow, { id: 'no', effect: 'deny', by: ['any'], verbs: ['initiate'], on: ['>'] }],
    })
    raw.engine.reask(5_000)
    expect([raw.take(), raw.engine.state]).toEqual([[], 'open'])
  })
})

describe('what is told, and given back', () => {
  test('SE-137 a one-way message that both ends refuse is told of once', () => {
    const store = policyStore(ALL)
    const raw = rawOf(store, { exchangeWindow: 4_096, sessionWindow: 65_536 })
    const { taken } = raw.begin(act('note', 'a'.repeat(20_000)))
    expect(taken).toBe(true)
    raw.records(1)
    store.replace(but(to))
    raw.engine.reask(0)
    expect(raw.take().map((event) => event.is)).toEqual(['denied', 'refused', 'fault'])
    // The refusal of the peer has crossed the RESET.
    raw.send(fault(2, 'policy/denied'))
    expect(raw.take()).toEqual([])
    expect(fate(raw)).toBe('alive')
    raw.send(fault(2, 'policy/denied'))
    expect(fate(raw)).toBe('session/malformed')
  })

  test('SE-131 a place in a limit is given back once: when its last word has gone', () => {
    const store = policyStore({ version: 1, rules: [{ ...allow, limit: { concurrent: 1 } }] })
    const raw = handled(store, { who: 'x' })
    const other = { ...allow, limit: { concurrent: 1 } }
    store.replace({ version: 1, rules: [other, { ...but(by, ...is('body.who', 'x')).rules[1] }] })
    raw.engine.reask(0)
    raw.take()
    raw.read()
    exchangeOf(raw).handled()
    raw.engine.reply(exchangeOf(raw), 'late')
    expect(raw.read()).toEqual([])
    raw.send(begin({ exchange: 3 }), begin({ exchange: 5 }))
    expect(raw.take().map((event) => event.is)).toEqual(['message', 'denied'])
  })

  test('SE-133 SE-54 the credit of what is refused unseen comes back with its FAULT, and all of it', () => {
    const limits = limitsOf({ sessionWindow: 65_536, exchangeWindow: 16_384 })
    const stores = [policyStore(ALL), policyStore(ALL)] as const
    const pair = settle(
      pairOf({
        initiator: { ...both, limits, policy: stores[0] },
        responder: { ...both, limits, policy: stores[1] },
      }),
    )
    const { initiator, responder } = pair
    const send = (of: Parameters<typeof initiator.admit>[0]) => initiator.begin(admitted(initiator.admit(of, 0)), 0)
    for (const who of ['x', 'y']) {
      send(act('note', { who }))
      send(act('call', { who, pad: 'a'.repeat(9_000) }))
      const { exchange } = send(stretch('talk', { who }))
      initiator.item(exchange, { who: 'item' }, 0)
      initiator.end(exchange)
    }
    settle(pair)
    stores[1].replace(but(by, ...is('body.who', 'x')))
    responder.reask(0)
    const seen: Wire[] = []
    for (const event of pair.responderEvents.splice(0)) {
      if (event.is !== 'message' && event.is !== 'item') continue
      if (responder.stands(event) !== true) continue
      responder.consumed(event)
      if (event.is === 'message') seen.push(event.value ?? null)
      if (event.is === 'message' && !event.exchange.oneWay) responder.reply(event.exchange, 'r')
    }
    expect(seen.map((value) => Reflect.get(Object(value), 'who'))).toEqual(['y', 'y', 'y'])
    settle(pair)
    const faults = pair.initiatorEvents.flatMap((event) => (event.is === 'fault' ? [event.error] : []))
    expect(faults.map(({ code, ran }) => [code, ran])).toEqual([
      ['policy/denied', 'no'],
      ['policy/denied', 'no'],
    ])
    expect(pair.initiatorEvents.filter((event) => event.is === 'refused').length).toBe(1)
    expectWholeCredit(initiator, responder, limits)
  })
})

describe('beside others', () => {
  /** Twenty exchanges of who `y` and some of who `x`, and what comes of each, by who. */
  const run = (swap: boolean) => {
    const store = policyStore(ALL)
    const pair: Pair = settle(pairOf({ initiator: both, responder: { ...both, policy: store } }))
    const { initiator, responder } = pair
    const fates = new Map<object, string[]>()
    const mine: { readonly who: string; readonly exchange: object }[] = []
    const ask = (of: Parameters<typeof initiator.admit>[0], who: string) => {
      const { exchange } = initiator.begin(admitted(initiator.admit(of, 0)), 0)
      mine.push({ who, exchange })
      if (exchange.stream) for (const n of [1, 2]) initiator.item(exchange, { n }, 0)
      return exchange
    }
    for (let i = 0; i < 24; i++) {
      const who = i % 5 === 4 ? 'x' : 'y'
      if (i % 3 === 0) ask(act('call', { who, n: i }), who)
      else if (i % 3 === 1) ask(act('note', { who, n: i }), who)
      else ask(stretch('talk', { who, n: i }), who)
    }
    settle(pair)
    const take = (events: readonly EngineEvent[]) => {
      for (const event of events)
        if ((event.is === 'message' || event.is === 'item') && responder.stands(event) === true)
          responder.consumed(event)
    }
    const arrived = pair.responderEvents.filter((event) => event.is === 'message')
    take(pair.responderEvents.splice(0))
    if (swap) {
      store.replace(but(by, ...is('body.who', 'x')))
      responder.reask(0)
    }
    for (const { exchange, value } of arrived) {
      if (exchange.oneWay) continue
      if (exchange.stream) {
        responder.item(exchange, { got: value ?? null }, 0)
        responder.stop(exchange)
        responder.end(exchange)
      } else responder.reply(exchange, { got: value ?? null })
    }
    settle(pair)
    for (const event of pair.initiatorEvents) {
      if (!('exchange' in event)) continue
      const what = 'error' in event ? `${event.is} ${event.error?.code}` : event.is
      const told = 'value' in event ? `${what} ${JSON.stringify(event.value)}` : what
      fates.set(event.exchange, [...(fates.get(event.exchange) ?? []), told])
    }
    return mine.map(({ who, exchange }) => ({ who, fate: fates.get(exchange) ?? [] }))
  }

  test('SE-135 what is not denied comes out as if there had been no swap', () => {
    const [without, within] = [run(false), run(true)]
    const others = (list: typeof without) => list.filter(({ who }) => who === 'y')
    expect(others(within)).toEqual(others(without))
    expect(others(within).length).toBe(20)
    // Two one-way messages, which were handled before; a call, and a stream.
    expect(within.flatMap(({ who, fate: [first = ''] }) => (who === 'x' ? [first] : []))).toEqual([
      '',
      'fault policy/denied',
      'fault policy/denied',
      '',
    ])
  })
})

test('SE-126 SE-133 a stream whose item was denied unread takes no more, and its later items are not read', () => {
  const store = policyStore(ALL)
  const raw = rawOf(store)
  raw.send(begin({ exchange: 1, operation: TALK, flags: 0, body: encode('q') }))
  const message = raw.only('message')
  raw.engine.stands(message)
  for (const who of ['a', 'x', 'b']) raw.send(data(1, encode({ who }), 0))
  const items = raw.take().flatMap((event) => (event.is === 'item' ? [event] : []))
  store.replace(but(by, ...is('body.who', 'x')))
  raw.engine.reask(0)
  const answers = items.map((event) => raw.engine.stands(event))
  expect(answers.map((answer) => answer === true || SottoError.is(answer, 'policy/denied'))).toEqual([true, true, true])
  expect(answers[0]).toBe(true)
  expect(answers[1]).toBe(answers[2])
  expect(raw.take().map((event) => event.is)).toEqual(['denied', 'cancelled'])
})

test('SE-49 SE-133 a chunk that nobody has read is denied with its stream: the peer is told of that, not of an item', () => {
  const store = policyStore(ALL)
  const raw = rawOf(store)
  raw.send(begin({ exchange: 1, operation: TUBE, flags: 0, body: encode('q') }))
  raw.engine.stands(raw.only('message'))
  for (const n of [1, 2, 3]) raw.send(data(1, Uint8Array.of(n), 0))
  const chunks = raw.take().flatMap((event) => (event.is === 'item' ? [event] : []))
  store.replace(but(by))
  const [, , last] = chunks
  if (last === undefined) throw new Error('expected three chunks')
  expect(raw.engine.stands(last)).toMatchObject({ code: 'policy/denied' })
  const [fault] = raw.read()
  expect(fault).toMatchObject({ is: 'FAULT', body: encode({ item: 0 }) })
  expect(raw.take()).toMatchObject([{ is: 'denied', denial: { decision: expect.stringMatching(/\.ir\.1\.0$/) } }, {}])
})
