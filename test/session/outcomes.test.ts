import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { policyStore } from '../../src/policy/store.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG } from '../../src/session/frames.js'
import { WRITE_ROOM } from '../../src/session/items.js'
import { limitsOf } from '../../src/session/limits.js'
import { alice } from './pair.js'
import {
  act,
  anyAct,
  begin,
  credit,
  data,
  drain,
  Flow,
  fate,
  NOTE,
  Raw,
  reset,
  Streams,
  stop,
  stretch,
  TALK,
  TUBE,
} from './wire.js'

const none = 0
const cancelled = ERRORS['call/cancelled'].wire

const rawOf = (peers = {}, limits = {}): Raw =>
  new Raw({ policy: anyAct(), limits: limitsOf(limits) }, peers, [Flow, Streams])

const kinds = (list: readonly { readonly is: string }[]): readonly string[] => list.map(({ is }) => is)

/** The peer has begun exchange 1, and its handler has it. */
const asked = (raw: Raw, operation: number, over: Partial<Parameters<typeof begin>[0]> = {}): Exchange => {
  const flags = operation === TALK || operation === TUBE ? none : FLAG.end
  raw.send(begin({ exchange: 1, operation, flags, body: encode('q'), ...over }))
  return raw.only('message').exchange
}

describe('an answer', () => {
  test('SE-64 is one: a second is dropped, before the first is framed and after', () => {
    const raw = rawOf()
    const exchange = asked(raw, 0)
    raw.engine.reply(exchange, 'a')
    raw.engine.reply(exchange, 'b')
    expect(raw.read()).toMatchObject([{ is: 'DATA', body: encode('a'), end: true }])
    raw.engine.reply(exchange, 'c')
    expect(raw.read()).toEqual([])
  })

  test('SE-39 is none for a one-way message', () => {
    const raw = rawOf()
    raw.engine.reply(asked(raw, NOTE), 'a')
    expect(raw.read()).toEqual([])
    expect(fate(raw)).toBe('alive')
  })
})

describe('a place among the exchanges', () => {
  test('SE-46 is waited for by a stream with all its items', () => {
    const raw = rawOf({ exchanges: 1 })
    raw.begin(act('call', 'a'))
    const { exchange } = raw.begin(stretch('talk', 'b'))
    raw.engine.item(exchange, 'c', 0)
    raw.engine.end(exchange)
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2 }])
    raw.send(data(2))
    expect(raw.read()).toMatchObject([
      { is: 'BEGIN', exchange: 4, body: encode('b') },
      { is: 'DATA', exchange: 4, body: encode('c'), end: true },
    ])
  })

  test('SE-46 is none that a one-way message has: sent in pieces or given up, it frees none', () => {
    const raw = rawOf({ exchanges: 1, sessionWindow: 65_536 })
    raw.begin(act('note', 'x'.repeat(100_000)))
    const { exchange: late } = raw.begin(act('note', 'y'.repeat(100_000)))
    raw.read()
    raw.send(credit(0, 131_072))
    raw.engine.cancel(late)
    raw.read()
    for (const name of ['a', 'b', 'c']) raw.begin(act('call', name))
    expect(raw.read().filter(({ is }) => is === 'BEGIN')).toHaveLength(1)
  })

  test('SE-46 of a call that is given up before it is framed is free for the next', () => {
    const raw = rawOf({ exchanges: 1 })
    const { exchange } = raw.begin(act('call', 'a'))
    raw.begin(act('call', 'b'))
    raw.engine.cancel(exchange)
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2, body: encode('b') }])
  })

  test('SE-45 SE-46 of the peer is none for its one-way messages, whole or in pieces', () => {
    const raw = rawOf({}, { exchanges: 1 })
    raw.send(begin({ exchange: 1, operation: NOTE }))
    raw.send(
      begin({ exchange: 3, operation: NOTE, flags: FLAG.more, body: encode('abc').subarray(0, 2) }),
      data(3, encode('abc').subarray(2)),
    )
    raw.send(begin({ exchange: 5 }))
    expect(fate(raw)).toBe('alive')
    raw.send(begin({ exchange: 7 }))
    expect(fate(raw)).toBe('session/limit')
  })
})

describe('SE-57 deadlines', () => {
  test('are each kept, in whatever order they were set, and woken for one after another', () => {
    const raw = rawOf()
    const waited = [30, 10, 20].map((ttlMs) => raw.begin(act('call', 'q', { ttlMs })).exchange)
    raw.read()
    for (const [at, next, exchange] of [
      [10, 20, waited[1]],
      [20, 30, waited[2]],
      [30, undefined, waited[0]],
    ] as const) {
      expect(raw.engine.wakeAt()).toBe(at)
      raw.engine.wake(at - 1)
      expect(raw.take()).toEqual([])
      raw.engine.wake(at)
      expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'call/deadline' } })
      if (next === undefined) expect(raw.engine.wakeAt()).toBeGreaterThan(1_000)
    }
  })

  test('SE-162 count from when BEGIN came, and are told to a handler that was told of a STOP no more', () => {
    const raw = rawOf()
    raw.nowMs = 1_000
    const exchange = asked(raw, 0, { ttlMs: 50 })
    raw.begin(act('call', 'q', { ttlMs: 60 }))
    expect(raw.engine.wakeAt()).toBe(1_050)
    raw.send(stop(1))
    expect(raw.only('cancelled')).toMatchObject({ exchange, error: { code: 'call/cancelled' } })
    raw.engine.wake(1_059)
    expect(raw.take()).toEqual([])
    raw.engine.reply(exchange, 'late')
    expect(raw.read().filter(({ is }) => is === 'FAULT')).toMatchObject([{ exchange: 1, code: cancelled }])
    raw.engine.wake(1_060)
    expect(raw.only('fault').error.code).toBe('call/deadline')
  })

  test('SE-162 SE-37 mean nothing to a handler whose own direction has ended, nor does a STOP that crossed its end', () => {
    const raw = rawOf()
    const exchange = asked(raw, TALK, { ttlMs: 50 })
    raw.engine.end(exchange)
    raw.read()
    raw.send(stop(1))
    raw.nowMs = 50
    raw.engine.wake(50)
    expect([raw.take(), raw.read()]).toEqual([[], []])
    raw.send(data(1, encode('still'), none), data(1))
    expect(kinds(raw.take())).toEqual(['item', 'ended', 'over'])
  })
})

describe('a stream that is given up', () => {
  test('SE-37 SE-35 has its FAULT at once when its handler fails, though an item of it is in pieces', () => {
    const raw = rawOf({ exchangeWindow: 4_096 })
    const exchange = asked(raw, TALK)
    raw.engine.item(exchange, 'x'.repeat(9_000), 0)
    raw.read()
    raw.send(stop(1))
    raw.engine.fault(exchange, { code: 'call/internal', incident: 'i' })
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: cancelled }])
  })

  test('SE-37 SE-123 with all its handler had to say still waiting, has a FAULT in its place', () => {
    const raw = rawOf({ exchangeWindow: 4_096 })
    const exchange = asked(raw, TUBE)
    raw.engine.item(exchange, new Uint8Array(10_000), 0)
    raw.engine.end(exchange)
    raw.read()
    raw.send(stop(1))
    // Its handler is done: there is nobody to tell.
    expect(raw.take()).toEqual([])
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, code: cancelled }])
  })

  test('SE-57 SE-123 by its caller once nothing more comes down, is cut, and needs no STOP', () => {
    const raw = rawOf()
    const { exchange } = raw.begin(stretch('talk', 'q'))
    raw.read()
    raw.send(data(2))
    raw.take()
    raw.engine.cancel(exchange)
    expect(raw.take()).toMatchObject([{ is: 'fault', error: { code: 'call/cancelled' } }, { is: 'over' }])
    expect(raw.read()).toMatchObject([{ is: 'RESET', exchange: 2 }])
    raw.engine.cancel(exchange)
    expect([raw.take(), raw.read()]).toEqual([[], []])
  })
})

describe('a writer that was asked to wait', () => {
  test('ME-33 waits over 131,072 bytes, goes on at half of that, and is told of it once', () => {
    const raw = rawOf({ exchangeWindow: 2 ** 20 })
    const exchange = asked(raw, TUBE)
    const sizes = [WRITE_ROOM / 2, WRITE_ROOM / 2].map((size) => size - 64)
    expect(sizes.map((size) => raw.engine.item(exchange, new Uint8Array(size), 0))).toEqual([true, true])
    expect(raw.engine.item(exchange, new Uint8Array(1), 0)).toBe(false)
    for (; exchange.items.waiting > WRITE_ROOM / 2; ) raw.records(1)
    expect(raw.take()).toEqual([{ is: 'taken', exchange }])
    raw.read()
    raw.engine.item(exchange, new Uint8Array(1), 0)
    raw.read()
    expect(raw.take()).toEqual([])
  })

  test('ME-33 hears of it with the very byte', () => {
    const raw = rawOf({ exchangeWindow: 2 ** 20 })
    const exchange = asked(raw, TUBE)
    raw.engine.item(exchange, new Uint8Array(WRITE_ROOM), 0)
    expect(raw.engine.item(exchange, new Uint8Array(WRITE_ROOM / 2 - 64), 0)).toBe(false)
    while (exchange.items.behind.length > 0) raw.records(1)
    expect(raw.take()).toEqual([{ is: 'taken', exchange }])
  })
})

describe('DRAIN', () => {
  test('SE-66 SE-137 tells of no one-way message that was told of as refused here', () => {
    const all = { id: 'all', effect: 'allow', by: ['any'], verbs: ['send'], on: ['>'] }
    const store = policyStore({ version: 1, rules: [all] })
    const raw = new Raw({ policy: store }, { exchangeWindow: 4_096 })
    raw.begin(act('note', 'x'.repeat(20_000)))
    raw.begin(act('note', 'y'))
    raw.read()
    store.replace({ version: 1, rules: [all, { id: 'no', effect: 'deny', to: ['any'], verbs: ['send'], on: ['>'] }] })
    raw.engine.reask(0)
    expect(kinds(raw.take()).toSorted()).toEqual(['denied', 'denied', 'fault', 'fault', 'refused', 'refused'])
    raw.send(drain(0))
    expect(kinds(raw.take())).toEqual(['draining'])
  })

  test('SE-66 SE-57 nor of a call that was given up before', () => {
    const raw = rawOf()
    const { exchange } = raw.begin(act('call', 'q'))
    raw.read()
    raw.engine.cancel(exchange)
    expect(kinds(raw.take())).toEqual(['fault'])
    raw.send(drain(0))
    expect(kinds(raw.take())).toEqual(['draining'])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-66 SE-42 of the peer takes what waits for a place, and nothing of it holds up the end', () => {
    const raw = rawOf({ exchanges: 1 })
    raw.begin(act('call', 'q'))
    const { exchange } = raw.begin(stretch('talk', 'q'))
    raw.read()
    raw.send(drain(2))
    expect(raw.take()).toMatchObject([{ is: 'fault', exchange, error: { code: 'session/closed', ran: 'no' } }, {}])
    raw.send(data(2))
    raw.engine.close(0, 1_000)
    expect(kinds(raw.read())).toEqual(['DRAIN', 'END'])
  })

  test('SE-42 behind which nothing can begin: its limits are free again', () => {
    const limited = { id: 'one', effect: 'allow', to: ['any'], verbs: ['call'], on: ['>'] }
    const store = policyStore({ version: 1, rules: [{ ...limited, limit: { concurrent: 1 } }] })
    const raw = new Raw({ policy: store })
    const admit = () => raw.engine.admit(act('call', 'q'), 0)
    const proof = admit()
    if ('effect' in proof) throw new Error('expected the first to have room')
    expect(admit()).toMatchObject({ effect: 'deny', why: 'limit' })
    raw.send(drain(0))
    expect(() => raw.engine.begin(proof, 0)).toThrow(expect.objectContaining({ code: 'session/closed' }))
    expect('effect' in admit()).toBe(false)
  })
})

describe('the end of a session', () => {
  test('SE-59 tells the handler of a stream that has more to say, of a call that has no answer, and of none besides', () => {
    const raw = rawOf({ exchangeWindow: 4_096, sessionWindow: 65_536 })
    const call = (exchange: number) => begin({ exchange, body: encode('q') })
    raw.send(begin({ exchange: 1, operation: TUBE, flags: none, body: encode('q') }), call(3), call(5))
    const [stream, open, answered] = raw.take().map((event) => (event.is === 'message' ? event.exchange : undefined))
    if (stream === undefined || open === undefined || answered === undefined) throw new Error('expected all three')
    raw.engine.item(stream, new Uint8Array(100_000), 0)
    raw.engine.reply(answered, 'x'.repeat(9_000))
    raw.read()
    raw.send(begin({ exchange: 7, flags: FLAG.more, body: encode('abc').subarray(0, 2) }))
    raw.engine.ended()
    const lost = { code: 'session/lost' }
    expect(raw.take()).toMatchObject([
      { is: 'cancelled', exchange: stream, error: lost },
      { is: 'cancelled', exchange: open, error: lost },
      { is: 'closed' },
    ])
  })

  test('SE-105 by the loss of trust is told of by its end, and by nothing else', () => {
    let trusted = true
    const raw = new Raw({ trust: (id) => (trusted && id === alice.id ? pinnedPeer(id) : undefined) })
    trusted = false
    raw.engine.retrust(0)
    expect(raw.take()).toMatchObject([{ is: 'closed', error: { code: 'identity/not-trusted' } }])
  })
})

test('SE-36 SE-121 an item in pieces may end with an empty piece, and its bytes count for a RESET', () => {
  const raw = rawOf()
  asked(raw, TALK)
  const body = encode('a longer item')
  raw.send(data(1, body, FLAG.more), data(1))
  expect(raw.take()).toMatchObject([{ is: 'item', value: 'a longer item' }, { is: 'ended' }])
  const other = rawOf()
  asked(other, TALK)
  other.send(data(1, body, none), data(1, body, FLAG.more), reset(1, encode('q').length + 2 * body.length))
  expect(kinds(other.take())).toEqual(['item', 'ended'])
  expect(fate(other)).toBe('alive')
})
