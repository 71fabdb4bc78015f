import { describe, expect, test } from 'vitest'
import { encode, type Wire } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG, type Frame } from '../../src/session/frames.js'
import { WRITE_ROOM } from '../../src/session/items.js'
import { limitsOf } from '../../src/session/limits.js'
import {
  act,
  anyAct,
  begin,
  credit,
  data,
  drain,
  end,
  Flow,
  fate,
  fault,
  filled,
  Raw,
  reset,
  rules,
  Streams,
  stop,
  stretch,
  TALK,
  TUBE,
  textOf,
  WATCH,
} from './wire.js'

const { more } = FLAG
const none = 0
const cancelled = ERRORS['call/cancelled'].wire

/** An engine that speaks both contracts with a peer that may say anything. */
const rawOf = (limits = {}, peers = {}, over: ConstructorParameters<typeof Raw>[0] = {}): Raw =>
  new Raw({ policy: anyAct(), limits: limitsOf(limits), ...over }, peers, [Flow, Streams])

/** The engine begins a stream: its exchange is 2, framed. */
const opened = (raw: Raw, operation: 'talk' | 'tube' | 'watch' = 'talk', over = {}): Exchange => {
  const { exchange } = raw.begin(stretch(operation, 'q', over))
  raw.read()
  return exchange
}

/** The peer begins one: its exchange is 1, dispatched. */
const asked = (raw: Raw, operation = TALK, over: Partial<Parameters<typeof begin>[0]> = {}): Exchange => {
  raw.send(begin({ exchange: 1, operation, flags: none, body: encode('q'), ...over }))
  return raw.only('message').exchange
}

const items = (events: readonly EngineEvent[]): (Wire | undefined)[] =>
  events.flatMap((event) => (event.is === 'item' ? [event.value] : []))

const kinds = (frames: readonly { readonly is: string }[]): readonly string[] => frames.map(({ is }) => is)

const bodies = (frames: readonly Frame[]): number =>
  frames.reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)

describe('what is said', () => {
  test('SE-121 a request leaves the direction open, each DATA without more is an item, and an empty end is none', () => {
    const raw = rawOf()
    const { exchange } = raw.begin(stretch('talk', 'q'))
    for (const value of ['a', 'b']) expect(raw.engine.item(exchange, value, 0)).toBe(true)
    raw.engine.end(exchange)
    expect(raw.engine.item(exchange, 'late', 0)).toBe(true)
    const frame = { more: false, exchange: 2 }
    expect(raw.read()).toMatchObject([
      { is: 'BEGIN', ...frame, end: false, operation: TALK },
      { is: 'DATA', ...frame, end: false, body: encode('a') },
      { is: 'DATA', ...frame, end: true, body: encode('b') },
    ])
    raw.send(data(2, encode('x'), none), data(2, encode('y'), none), data(2))
    const events = raw.take()
    expect(kinds(events)).toEqual(['item', 'item', 'ended', 'over'])
    expect(items(events)).toEqual(['x', 'y'])
  })

  test('SE-121 the end alone is an empty DATA, and a request without items to come ends at once', () => {
    const raw = rawOf()
    const talk = opened(raw)
    raw.engine.end(talk)
    expect(raw.read()).toEqual([{ is: 'DATA', exchange: 2, end: true, more: false, body: new Uint8Array(0) }])
    raw.begin(stretch('watch', 'q'))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 4, end: true, operation: WATCH }])
  })

  test('SE-121 both directions run at once, from either end, and end each by itself', () => {
    const raw = rawOf()
    const exchange = asked(raw)
    raw.engine.item(exchange, 'down 1', 0)
    raw.send(data(1, encode('up 1'), none))
    raw.engine.item(exchange, 'down 2', 0)
    raw.engine.end(exchange)
    expect(raw.read().map((frame) => frame.is === 'DATA' && [frame.end, frame.body])).toEqual([
      [false, encode('down 1')],
      [true, encode('down 2')],
    ])
    raw.send(data(1, encode('up 2')))
    const events = raw.take()
    expect(items(events)).toEqual(['up 1', 'up 2'])
    expect(kinds(events)).toEqual(['item', 'item', 'ended', 'over'])
  })

  test('SE-122 bytes go as they are, cut at will, and come as they are cut', () => {
    const raw = rawOf()
    const exchange = opened(raw, 'tube')
    // A Buffer, whose own slice is a view.
    const chunk = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => i % 251))
    raw.engine.item(exchange, chunk, 0)
    chunk.fill(0)
    raw.engine.item(exchange, new Uint8Array(0), 0)
    raw.engine.end(exchange)
    const frames = raw.read()
    expect(frames.every((frame) => frame.is === 'DATA' && !frame.more)).toBe(true)
    const joined = Buffer.concat(frames.map((frame) => (frame.is === 'DATA' ? frame.body : new Uint8Array(0))))
    expect(joined.equals(Uint8Array.from({ length: 200_000 }, (_, i) => i % 251))).toBe(true)
    raw.send(data(2, Uint8Array.of(0xff, 1), none), data(2, Uint8Array.of(2)))
    expect(items(raw.take())).toEqual([Uint8Array.of(0xff, 1), Uint8Array.of(2)])
    expect(() => raw.engine.item(opened(raw, 'watch'), 'x', 0)).toThrow(TypeError)
    expect(() => raw.engine.item(raw.begin(stretch('tube')).exchange, 'text', 0)).toThrow(TypeError)
  })

  test('SE-121 a long item goes in pieces and comes whole', () => {
    const raw = rawOf()
    const exchange = opened(raw)
    raw.engine.item(exchange, textOf(150_000) ?? null, 0)
    raw.engine.item(exchange, 'small', 0)
    const frames = raw.read()
    expect(frames.filter((frame) => frame.is === 'DATA' && frame.more).length).toBeGreaterThan(1)
    expect(frames.at(-1)).toMatchObject({ more: false, end: false, body: encode('small') })
    const long = filled(3_000)
    raw.send(data(2, long.subarray(0, 1_000), more), data(2, long.subarray(1_000, 2_000), more))
    raw.send(data(2, long.subarray(2_000), none))
    expect(items(raw.take())).toEqual([textOf(3_000)])
  })
})

describe('breaches', () => {
  const cases: readonly (readonly [string, (raw: Raw) => unknown])[] = [
    [
      'SE-121 an item before the request is whole',
      (raw) => raw.begin(stretch('talk', 'x'.repeat(200_000))) && raw.records(1) && raw.send(data(2, encode(1), none)),
    ],
    [
      'SE-121 a request that goes on where no items can come',
      (raw) => raw.send(begin({ exchange: 1, operation: WATCH, flags: none })),
    ],
    [
      'SE-121 an item where none can come',
      (raw) =>
        opened(raw, 'watch') &&
        raw.begin(stretch('watch')) &&
        raw.send(begin({ exchange: 1, operation: WATCH }), data(1, encode(1), none)),
    ],
    ['SE-39 an empty item', (raw) => asked(raw) && raw.send(data(1, undefined, none))],
    ['SE-39 an item behind the end', (raw) => asked(raw) && raw.send(data(1), data(1, encode(1), none))],
    ['SE-39 a second end', (raw) => asked(raw) && raw.send(data(1), data(1))],
    ['SE-122 bytes in pieces', (raw) => asked(raw, TUBE) && raw.send(data(1, filled(3), more))],
    ['SE-123 STOP twice', (raw) => opened(raw) && raw.send(stop(2), stop(2))],
    ['SE-123 STOP behind the end of its sender', (raw) => opened(raw) && raw.send(data(2), stop(2))],
    [
      'SE-123 STOP for a past stream of this end',
      (raw) => raw.engine.end(opened(raw)) ?? (raw.read() && raw.each(data(2), stop(2))),
    ],
    ['SE-123 STOP with another code', (raw) => opened(raw) && raw.send(stop(2, 'policy/denied'))],
    [
      'SE-36 RESET with another size',
      (raw) => asked(raw) && raw.send(data(1, encode('abc'), none), reset(1, 4 + 2 - 1)),
    ],
    ['SE-36 RESET from the serving end', (raw) => opened(raw) && raw.send(reset(2, 0))],
    ['SE-35 FAULT behind the end', (raw) => opened(raw) && raw.send(data(2), fault(2, 'call/cancelled'))],
    [
      'SE-49 a refusal of an item that was not sent',
      (raw) =>
        raw.engine.item(opened(raw), 1, 0) && raw.read() && raw.send(fault(2, 'policy/denied', encode({ item: 2 }))),
    ],
    ['SE-49 a refusal of item -1', (raw) => opened(raw) && raw.send(fault(2, 'policy/denied', encode({ item: -1 })))],
    [
      'SE-49 a refusal of what was taken, which is not there whole',
      (raw) =>
        raw.begin(stretch('talk', 'a'.repeat(200_000))) &&
        raw.records(1) &&
        raw.send(fault(2, 'policy/denied', encode({ item: 0 }))),
    ],
    [
      'SE-49 a refusal of a one-way message that was taken',
      (raw) => raw.begin(act('note')) && raw.read() && raw.send(fault(2, 'policy/denied', encode({ item: 0 }))),
    ],
    [
      'SE-49 an invalid item 0',
      (raw) => opened(raw) && raw.send(fault(2, 'contract/invalid', encode({ path: '', item: 0 }))),
    ],
    [
      'SE-49 a refused item of a call',
      (raw) => raw.begin(act('call')) && raw.read() && raw.send(fault(2, 'policy/denied', encode({ item: 1 }))),
    ],
  ]
  test.each(cases)('%s', (_, play) => {
    const raw = rawOf()
    play(raw)
    expect(fate(raw)).toBe('session/malformed')
  })
})

describe('credit', () => {
  test('SE-124 each item takes 64 bytes beside its body of both windows, and gives them back when it is read', () => {
    const raw = rawOf({ exchangeWindow: 4_096 })
    asked(raw)
    const item = encode('x')
    raw.send(...Array.from({ length: 62 }, () => data(1, item, none)))
    const events = raw.take()
    // 62 x 66 bytes; the next would go over 4,096.
    expect(raw.read()).toEqual([])
    for (const event of events) if (event.is === 'item') raw.engine.consumed(event)
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 1, limit: 4_096 + 2 + 31 * 66 }])
    const over = rawOf({ exchangeWindow: 4_096 })
    asked(over)
    over.send(...Array.from({ length: 63 }, () => data(1, item, none)))
    expect(fate(over)).toBe('session/limit')
  })

  test('SE-124 a sender keeps to it, to the byte, and goes on as credit comes', () => {
    const raw = rawOf({}, { exchangeWindow: 4_096 })
    const exchange = opened(raw)
    for (let count = 0; count < 200; count++) raw.engine.item(exchange, 'x', 0)
    const first = raw.read().length
    expect(first).toBe(Math.floor((4_096 - 2) / 66))
    raw.send(credit(2, 4_096 + 2_048))
    expect(raw.read().length).toBe(31)
    expect(fate(raw)).toBe('alive')
  })

  test('SE-120 a stream whose reader does not read holds up nothing else', () => {
    const raw = rawOf({}, { exchangeWindow: 4_096 })
    const exchange = opened(raw, 'tube')
    raw.engine.item(exchange, new Uint8Array(1_000_000), 0)
    expect(bodies(raw.read())).toBeLessThan(4_096)
    raw.begin(act('call', 'q'))
    const other = raw.begin(stretch('talk', 'q')).exchange
    raw.engine.item(other, 'i', 0)
    raw.begin(act('note', 'n'))
    expect(kinds(raw.read()).toSorted()).toEqual(['BEGIN', 'BEGIN', 'BEGIN', 'DATA'])
  })

  test('SE-125 streams that nobody reads leave the session its credit, up to eight windows', () => {
    const raw = rawOf({ sessionWindow: 4_096, exchangeWindow: 4_096, exchanges: 64 })
    const body = filled(3_900)
    let exchange = 1
    for (; exchange < 2 * 8; exchange += 2) {
      raw.send(begin({ exchange, operation: TALK, flags: none }))
      raw.send(data(exchange, body, none))
      const [message] = raw.take()
      if (message?.is !== 'message') expect.fail('it came')
      raw.engine.consumed(message)
      expect(kinds(raw.read())).toContain('CREDIT')
    }
    // From here on credit comes as it is read.
    raw.send(begin({ exchange, operation: TALK, flags: none }))
    raw.send(data(exchange, body, none))
    raw.read()
    raw.send(begin({ exchange: exchange + 2, operation: TALK, flags: none }), data(exchange + 2, body, none))
    expect(fate(raw)).toBe('session/limit')
  })

  test('SE-126 an item longer than the window goes on as it comes, one in pieces at a time', () => {
    const raw = rawOf({ sessionWindow: 4_096, exchangeWindow: 4_096, message: 20_000 })
    asked(raw)
    const long = filled(20_000)
    for (let at = 0; at < 18_000; at += 2_000) raw.send(data(1, long.subarray(at, at + 2_000), more)).read()
    raw.send(data(1, long.subarray(18_000, 19_000), more)).read()
    raw.send(data(1, long.subarray(19_000), none))
    expect(items(raw.take())).toEqual([textOf(20_000)])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-124 the writer is asked to wait when there is no room, and told once when there is', () => {
    const raw = rawOf({}, { exchangeWindow: 65_536 })
    const exchange = opened(raw, 'tube')
    const chunk = new Uint8Array(32_768)
    let written = 0
    while (raw.engine.item(exchange, chunk, 0) === true) written++
    expect(written).toBe(Math.floor(WRITE_ROOM / (chunk.length + 64)))
    raw.read()
    expect(raw.take()).toEqual([])
    raw.send(credit(2, 2 * 65_536))
    raw.read()
    expect(raw.take()).toEqual([{ is: 'taken', exchange }])
  })

  test('ME-33 whoever waits for room is told, whatever is written before there is', () => {
    const raw = rawOf({}, { exchangeWindow: 65_536 })
    const exchange = opened(raw, 'tube')
    while (raw.engine.item(exchange, new Uint8Array(32_768), 0) === true);
    raw.read()
    // Less waits than makes a writer wait, and more than lets one go on.
    expect(raw.engine.item(exchange, new Uint8Array(1), 0)).toBe(false)
    expect(raw.engine.item(exchange, new Uint8Array(0), 0)).toBe(false)
    expect(raw.take()).toEqual([])
    raw.send(credit(2, 2 * 65_536))
    raw.read()
    expect(raw.take()).toEqual([{ is: 'taken', exchange }])
  })
})

describe('fairness', () => {
  /** In which record each kind of thing first came whole. */
  const firsts = (raw: Raw, is: (frame: Frame) => boolean): number =>
    raw.records().findIndex((frames) => frames.some(is))

  test('SE-120 calls pass a large one-way message that is in pieces', () => {
    const raw = rawOf()
    raw.begin(act('note', textOf(900_000)))
    raw.records(1)
    raw.begin(act('call', 'q'))
    expect(firsts(raw, (frame) => frame.is === 'BEGIN' && frame.exchange === 4)).toBe(0)
  })

  test('SE-120 calls, replies and other streams pass a byte stream, in the next record', () => {
    const raw = rawOf()
    raw.send(begin({ exchange: 1 }))
    const { exchange: answering } = raw.only('message')
    const tube = opened(raw, 'tube')
    const talk = raw.begin(stretch('talk', 'q')).exchange
    raw.read()
    raw.engine.item(tube, new Uint8Array(250_000), 0)
    raw.records(1)
    raw.engine.reply(answering, 'yes')
    raw.engine.item(talk, 'i', 0)
    raw.begin(act('call', 'q'))
    raw.begin(act('note', 'n'))
    const [next = []] = raw.records(1)
    const said = next.map((frame) => ('exchange' in frame ? frame.exchange : 0))
    expect(said).toEqual(expect.arrayContaining([answering.id, tube.id, talk.id, 6, 8]))
  })

  test('SE-120 streams share what goes out, and none waits for another to end', () => {
    const raw = rawOf({}, { sessionWindow: 2 ** 26, exchangeWindow: 2 ** 24 })
    const streams = Array.from({ length: 5 }, () => opened(raw, 'tube'))
    for (const exchange of streams) raw.engine.item(exchange, new Uint8Array(2_000_000), 0)
    const sent = new Map<number, number>()
    for (const frame of raw.records(20).flat())
      if (frame.is === 'DATA') sent.set(frame.exchange, (sent.get(frame.exchange) ?? 0) + frame.body.length)
    const shares = [...sent.values()]
    expect(shares.length).toBe(5)
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThan(20_000)
  })

  test('SE-120 small calls go in the next record whatever large calls wait for their turn', () => {
    const raw = rawOf({}, { sessionWindow: 2 ** 26 })
    for (let count = 0; count < 4; count++) raw.begin(act('call', textOf(500_000)))
    raw.records(1)
    raw.begin(act('call', 'q'))
    expect(firsts(raw, (frame) => frame.is === 'BEGIN' && frame.body.length === 2)).toBe(0)
  })
})

describe('ending early', () => {
  test('SE-44 SE-57 what was given up before its BEGIN has no end either', () => {
    const raw = rawOf({}, { exchanges: 1 })
    const streams = [raw.begin(stretch('talk', 'a')), raw.begin(stretch('talk', 'b'))]
    for (const { exchange } of streams.toReversed()) {
      raw.engine.cancel(exchange)
      raw.engine.end(exchange)
      raw.engine.item(exchange, 'late', 0)
    }
    expect(raw.read()).toEqual([])
    expect(kinds(raw.take())).toEqual(['fault', 'fault'])
    opened(raw)
    expect(fate(raw)).toBe('alive')
  })

  test('SE-47 SE-48 nothing goes in pieces before the RESET of what did, however much is to be said first', () => {
    const raw = rawOf({ plaintext: 1_024 })
    raw.send(begin({ exchange: 1 }), begin({ exchange: 3 }))
    const asking = raw.take().flatMap((event) => (event.is === 'message' ? [event.exchange] : []))
    const { exchange } = raw.begin(act('call', textOf(200_000)))
    raw.records(1)
    for (const peers of asking) raw.engine.fault(peers, { code: 'call/fault', name: 'X', data: textOf(600) })
    raw.engine.cancel(exchange)
    raw.begin(act('call', textOf(200_000)))
    const said = raw.records(3).flat()
    const pieces = said.findIndex((frame) => frame.is === 'BEGIN')
    expect(pieces).toBeGreaterThan(0)
    expect(said.findIndex((frame) => frame.is === 'RESET')).toBeLessThan(pieces)
  })

  test('SE-57 SE-123 a stream that is given up: RESET and STOP, and a FAULT is the answer', () => {
    const raw = rawOf()
    const exchange = opened(raw)
    raw.engine.item(exchange, 'abc', 0)
    raw.read()
    raw.engine.item(exchange, 'never', 0)
    raw.engine.cancel(exchange)
    expect(raw.read()).toEqual([
      { is: 'RESET', exchange: 2, code: cancelled, size: 2 + 4 },
      { is: 'STOP', exchange: 2, code: cancelled },
    ])
    expect(raw.only('fault').error).toMatchObject({ code: 'call/cancelled', ran: 'maybe' })
    raw.send(data(2, encode('crossed'), none), fault(2, 'call/cancelled'))
    expect(kinds(raw.take())).toEqual(['over'])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-59 ran is no before the request has gone, maybe after it, and yes once an item has come', () => {
    const raw = rawOf()
    const ran = (before: (exchange: Exchange) => void): unknown => {
      const { exchange } = raw.begin(stretch('talk', 'q'))
      before(exchange)
      raw.take()
      raw.engine.cancel(exchange)
      return raw.only('fault').error.ran
    }
    expect(ran(() => undefined)).toBe('no')
    expect(ran(() => raw.read())).toBe('maybe')
    expect(ran(({ id }) => raw.read() && raw.send(data(id === 0 ? 4 : id, encode(1), none)))).toBe('yes')
  })

  test('SE-123 the serving end tells that it takes no more, and the other cuts what goes up', () => {
    const raw = rawOf()
    const exchange = opened(raw)
    raw.engine.item(exchange, 'abc', 0)
    raw.read()
    raw.engine.item(exchange, 'never', 0)
    raw.send(stop(2))
    expect(raw.only('stopped')).toMatchObject({ exchange, error: { code: 'call/cancelled' } })
    expect(raw.read()).toEqual([{ is: 'RESET', exchange: 2, code: cancelled, size: 6 }])
    raw.send(data(2, encode('last')))
    expect(kinds(raw.take())).toEqual(['item', 'ended', 'over'])
  })

  test('SE-123 what comes behind the own STOP is dropped, and its credit goes back', () => {
    const raw = rawOf({ sessionWindow: 4_096, exchangeWindow: 4_096 })
    const exchange = asked(raw)
    raw.engine.stop(exchange)
    raw.engine.stop(exchange)
    raw.engine.end(exchange)
    expect(kinds(raw.read())).toEqual(['STOP', 'DATA'])
    raw.send(data(1, filled(2_500), none))
    expect(raw.read()).toMatchObject([
      { is: 'CREDIT', exchange: 0 },
      { is: 'CREDIT', exchange: 1 },
    ])
    raw.send(reset(1, 2_500 + encode('q').length))
    expect(kinds(raw.take())).toEqual(['over'])
  })

  test('SE-123 behind its own last word an end says no STOP', () => {
    for (const say of ['end', 'fault'] as const) {
      const raw = rawOf()
      const exchange = asked(raw)
      if (say === 'end') raw.engine.end(exchange)
      else raw.engine.fault(exchange, { code: 'call/internal', incident: '' })
      expect(raw.read().length).toBe(1)
      raw.engine.stop(exchange)
      expect(raw.read()).toEqual([])
      raw.send(data(1, encode('dropped'), none), data(1))
      expect(kinds(raw.take())).toEqual(['over'])
    }
  })

  test('SE-123 a RESET ends what comes up, and not what goes down', () => {
    const raw = rawOf()
    const exchange = asked(raw)
    raw.send(data(1, encode('a'), none), reset(1, 4))
    expect(raw.take()).toMatchObject([{ is: 'item' }, { is: 'ended', error: { code: 'call/cancelled' } }])
    raw.engine.item(exchange, 'still', 0)
    raw.engine.end(exchange)
    expect(kinds(raw.read())).toEqual(['DATA'])
    expect(kinds(raw.take())).toEqual(['over'])
  })

  test('SE-37 SE-45 STOP tells the handler, takes back what waits, and counts until the handler is done', () => {
    const raw = rawOf({ exchanges: 1 }, { exchangeWindow: 4_096 })
    const exchange = asked(raw, TUBE)
    raw.engine.item(exchange, new Uint8Array(10_000), 0)
    raw.read()
    raw.send(reset(1, 2), stop(1))
    expect(kinds(raw.take())).toEqual(['ended', 'cancelled'])
    raw.engine.item(exchange, new Uint8Array(10), 0)
    expect(raw.read()).toEqual([])
    raw.engine.end(exchange)
    expect(raw.read()).toEqual([{ is: 'FAULT', exchange: 1, code: cancelled, body: new Uint8Array(0) }])
    raw.send(begin({ exchange: 3, operation: WATCH }))
    expect(fate(raw)).toBe('alive')
  })

  test('SE-37 SE-47 an item in pieces goes on behind a STOP, for the next message in pieces comes behind it', () => {
    const raw = rawOf({}, { exchangeWindow: 4_096, sessionWindow: 65_536 })
    const exchange = asked(raw)
    for (const byte of ['a', 'b']) raw.engine.item(exchange, byte.repeat(9_000), 0)
    const first = bodies(raw.read())
    raw.send(stop(1))
    expect(kinds(raw.take())).toEqual(['cancelled'])
    raw.begin(act('call', 'c'.repeat(6_000)))
    // It waits for the rest of the item.
    expect(raw.read()).toEqual([])
    raw.send(credit(1, first + 4_096))
    const second = bodies(raw.read())
    raw.send(credit(1, first + second + 4_096))
    const said = raw.read().map((frame) => ('more' in frame ? [frame.exchange, frame.more] : frame))
    expect(said).toEqual([
      [1, false],
      [2, true],
    ])
    // Of the second item nothing goes.
    raw.engine.end(exchange)
    expect(kinds(raw.read())).toEqual(['FAULT'])
  })

  test('SE-37 SE-47 the FAULT of a handler that is done takes the rest of an item in pieces back', () => {
    const raw = rawOf({}, { exchangeWindow: 4_096, sessionWindow: 65_536 })
    const exchange = asked(raw)
    raw.engine.item(exchange, 'a'.repeat(9_000), 0)
    raw.read()
    raw.send(stop(1))
    raw.engine.end(exchange)
    raw.send(credit(1, 8_000))
    raw.begin(act('call', 'c'.repeat(3_000)))
    expect(kinds(raw.read())).toEqual(['FAULT', 'BEGIN'])
  })

  test('SE-57 a deadline is of the whole stream, at both ends', () => {
    const raw = rawOf()
    const mine = opened(raw, 'talk', { ttlMs: 50 })
    const theirs = asked(raw, TALK, { ttlMs: 50 })
    raw.nowMs = 50
    raw.engine.wake(50)
    expect(raw.take()).toMatchObject([
      { is: 'fault', exchange: mine, error: { code: 'call/deadline' } },
      { is: 'cancelled', exchange: theirs, error: { code: 'call/deadline' } },
    ])
    raw.engine.fault(theirs, { code: 'call/internal', incident: '' })
    const late = ERRORS['call/deadline'].wire
    expect(raw.read().filter((frame) => 'code' in frame && frame.code === late).length).toBe(3)
  })

  test('SE-35 a FAULT ends both directions', () => {
    const raw = rawOf()
    const exchange = opened(raw)
    raw.engine.item(exchange, 'abc', 0)
    raw.read()
    raw.send(data(2, encode(1), none), fault(2, 'call/internal', encode({ incident: 'i' })))
    expect(raw.take()).toMatchObject([
      { is: 'item' },
      { is: 'fault', error: { code: 'call/internal', ran: 'yes' } },
      { is: 'over' },
    ])
    expect(raw.read()).toMatchObject([{ is: 'RESET', size: 6 }])
  })

  test('SE-35 the FAULT of a handler comes behind the items it gave, unless the stream was given up', () => {
    const play = (giveUp: boolean): readonly string[] => {
      const raw = rawOf({}, { exchangeWindow: 4_096 })
      const exchange = asked(raw)
      for (let count = 0; count < 3; count++) raw.engine.item(exchange, textOf(1_500) ?? null, 0)
      raw.engine.fault(exchange, { code: 'call/internal', incident: 'i' })
      raw.engine.fault(exchange, { code: 'call/internal', incident: 'again' })
      const first = raw.read()
      if (giveUp) raw.send(reset(1, 2), stop(1))
      else raw.send(credit(1, 4_096 + 3_100))
      expect(fate(raw)).toBe('alive')
      return kinds([...first, ...raw.read()])
    }
    expect(play(false)).toEqual(['DATA', 'DATA', 'DATA', 'FAULT'])
    expect(play(true)).toEqual(['DATA', 'DATA', 'FAULT'])
  })

  test('SE-58 SE-66 DRAIN: a stream that was taken goes on, one that was not surely did not run', () => {
    const raw = rawOf()
    const taken = opened(raw)
    const lost = raw.begin(stretch('talk', 'q')).exchange
    raw.read()
    raw.send(drain(2))
    expect(raw.take()).toMatchObject([
      { is: 'fault', exchange: lost, error: { code: 'session/closed', ran: 'no' } },
      { is: 'over' },
      { is: 'draining' },
    ])
    raw.read()
    raw.engine.item(taken, 'still', 0)
    raw.engine.end(taken)
    expect(kinds(raw.read())).toEqual(['DATA'])
    raw.send(data(2, encode('yes')), end())
    expect(kinds(raw.take())).toEqual(['item', 'ended', 'over', 'closed'])
  })

  test('SE-59 the end of the session fails own streams and tells handlers', () => {
    const raw = rawOf()
    const mine = opened(raw)
    const theirs = asked(raw)
    raw.engine.ended()
    expect(raw.take()).toMatchObject([
      { is: 'fault', exchange: mine, error: { code: 'session/lost', ran: 'maybe' } },
      { is: 'over' },
      { is: 'cancelled', exchange: theirs },
      { is: 'closed' },
    ])
  })
})

describe('policy', () => {
  const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'] }
  const deny = {
    ...allow,
    id: 'no',
    effect: 'deny',
    when: [
      { attribute: 'body.who', is: 'present' },
      { attribute: 'body.who', is: 'eq', value: 'eve' },
    ],
  }

  test('SE-126 SE-60 each item that comes up is judged with its body in view, under a decision of its own', () => {
    const raw = rawOf({}, {}, { policy: rules(allow, deny) })
    const exchange = asked(raw)
    raw.send(
      data(1, encode({ who: 'bob' }), none),
      data(1, encode({ who: 'eve' }), none),
      data(1, encode({ who: 'bob' }), none),
    )
    const events = raw.take()
    expect(kinds(events)).toEqual(['item', 'denied', 'cancelled'])
    expect(events[1]).toMatchObject({
      denial: { verb: 'stream', rules: ['no'], decision: expect.stringMatching(/\.ir\.1\.2$/) },
    })
    expect(events[2]).toMatchObject({ exchange, error: { code: 'policy/denied' } })
    expect(raw.read()).toEqual([
      { is: 'FAULT', exchange: 1, code: ERRORS['policy/denied'].wire, body: encode({ item: 2 }) },
    ])
    raw.send(data(1, encode({ who: 'eve' }), none))
    expect(raw.take()).toEqual([])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-126 SE-60 the sender learns which item it was, and that the request was taken', () => {
    const raw = rawOf()
    const exchange = opened(raw)
    for (let count = 0; count < 3; count++) raw.engine.item(exchange, count, 0)
    raw.read()
    raw.send(fault(2, 'policy/denied', encode({ item: 3 })))
    const [event] = raw.take()
    if (event?.is !== 'fault') expect.fail('it came')
    expect(event.error).toMatchObject({
      code: 'policy/denied',
      ran: 'maybe',
      details: { decision: expect.stringMatching(/\.ri\.2\.3$/) },
    })
  })

  test('SE-126 what comes down is granted; an own item the own policy denies is not sent, and the stream goes on', () => {
    const { by: _, ...out } = { ...deny, to: ['any'] }
    const raw = rawOf({}, {}, { policy: rules(allow, out) })
    const exchange = opened(raw)
    expect(raw.engine.item(exchange, { who: 'eve' }, 0)).toMatchObject({ effect: 'deny', rules: ['no'] })
    expect(raw.engine.item(exchange, { who: 'bob' }, 0)).toBe(true)
    expect(raw.read()).toMatchObject([{ is: 'DATA', body: encode({ who: 'bob' }) }])
    raw.send(data(2, encode({ who: 'eve' }), none))
    expect(items(raw.take())).toEqual([{ who: 'eve' }])
    raw.send(begin({ exchange: 1, operation: TALK, flags: none }))
    const { exchange: theirs } = raw.only('message')
    expect(raw.engine.item(theirs, { who: 'eve' }, 0)).toBe(true)
  })

  test('SE-126 an item that is not strict CBOR is refused, either way', () => {
    const raw = rawOf()
    asked(raw)
    raw.send(data(1, Uint8Array.of(0xff), none))
    expect(raw.only('cancelled').error.code).toBe('contract/invalid')
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1, body: encode({ path: '', item: 1 }) }])
    opened(raw)
    raw.send(data(2, Uint8Array.of(0xff), none))
    expect(raw.only('fault').error).toMatchObject({ code: 'contract/invalid', ran: 'yes' })
    expect(kinds(raw.read())).toEqual(['RESET', 'STOP'])
  })

  test('SE-127 items count each for a rate, chunks for bytes alone, and none for what is open at once', () => {
    const rated = rawOf({}, {}, { policy: rules({ ...allow, limit: { perSecond: 3, concurrent: 1 } }) })
    asked(rated)
    rated.send(data(1, encode(1), none), data(1, encode(2), none), data(1, encode(3), none))
    expect(kinds(rated.take())).toEqual(['item', 'item', 'denied', 'cancelled'])
    const counted = rawOf({}, {}, { policy: rules({ ...allow, limit: { perSecond: 1, bytesPerSecond: 1_000 } }) })
    asked(counted, TUBE)
    const chunk = data(1, new Uint8Array(600), none)
    counted.send(chunk, chunk, chunk)
    // 2 bytes of request and two chunks: the bucket owes 202.
    expect(kinds(counted.take())).toEqual(['item', 'item', 'denied', 'cancelled'])
    expect(counted.read()).toMatchObject([
      { is: 'FAULT', code: ERRORS['policy/limited'].wire, body: encode({ item: 1 }) },
    ])
  })
})
