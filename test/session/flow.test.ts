import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS, SottoError } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import { FLAG, type Frame } from '../../src/session/frames.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  begin,
  credit,
  data,
  eventsOf,
  expectWholeCredit,
  Flow,
  fate,
  fault,
  filled,
  NOTE,
  Raw,
  reset,
  rules,
  stop,
  textOf,
} from './wire.js'

const { more } = FLAG
const NOTHING = new Uint8Array(0)

/** What the bodies of these frames come to, by exchange. */
const bodyLength = (frames: readonly Frame[]): number =>
  frames.reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)

const PLANS = [
  ['every default', {}],
  ['the least window of an exchange', { exchangeWindow: 4_096 }],
  ['the least windows', { exchangeWindow: 4_096, sessionWindow: 4_096 }],
  ['the least records, one call at a time', { plaintext: 1_024, exchanges: 1 }],
  [
    'the least of all',
    { plaintext: 1_024, exchanges: 1, exchangeWindow: 4_096, sessionWindow: 4_096, message: 10_000 },
  ],
  ['a message no larger than a window', { message: 4_096, exchangeWindow: 4_096, sessionWindow: 4_096 }],
] as const

/** Each size at which something changes, one less and one more. */
const sizesOf = (own: Readonly<Record<string, number>>): readonly number[] => {
  const { plaintext, message, exchangeWindow, sessionWindow } = limitsOf(own)
  const marks = [
    plaintext,
    plaintext / 2,
    message,
    exchangeWindow,
    exchangeWindow / 2,
    sessionWindow,
    sessionWindow / 2,
  ]
  // BEGIN's charge, the room for frames around a body, the largest piece that waits, and the sizes of CBOR's own heads.
  const near = marks.flatMap((mark) => [mark, mark - 64, mark - 30, mark - 14])
  const fixed = [
    0,
    1,
    2,
    24,
    25,
    64,
    255,
    258,
    1_022,
    1_024,
    16_384,
    2 * plaintext,
    3 * exchangeWindow,
    3 * sessionWindow,
  ]
  const all = [...near, ...fixed].map(Math.floor).flatMap((size) => [size - 1, size, size + 1])
  // No text takes 25 bytes, for its length would be 23, which takes one byte less; so with 258 and the like.
  const fits = all.filter((size) => size >= 0 && size <= message && encodedLength(size) === size)
  return [...new Set(fits)].sort((a, b) => a - b)
}

const encodedLength = (size: number): number => {
  const value = textOf(size)
  return value === undefined ? 0 : encode(value).length
}

const duplex = (own: Readonly<Record<string, number>>) => {
  const both = { uses: [Flow], serves: [Flow], limits: limitsOf(own), pq: 'off' } as const
  return settle(pairOf({ initiator: both, responder: both }))
}

const lengthOf = (value: unknown): number => (typeof value === 'string' ? value.length : 0)

describe('sizes', () => {
  test.each(PLANS)(
    'SE-47 SE-50 SE-52 SE-62 with %s, messages of every size cross both ways, once and whole',
    (_, own) => {
      const sizes = sizesOf(own)
      const { initiator, responder } = duplex(own)
      const ends = [initiator, responder]
      const came = new Map<Engine, number[]>(ends.map((end) => [end, []]))
      const replies = new Map<Engine, number[]>(ends.map((end) => [end, []]))
      for (const end of ends)
        for (const size of sizes)
          for (const operation of ['note', 'call'] as const)
            end.begin(admitted(end.admit(act(operation, textOf(size)), 0)), 0)
      const handle = (end: Engine): void => {
        for (const event of eventsOf(end)) {
          if (event.is === 'reply') replies.get(end)?.push(lengthOf(event.value))
          if (event.is !== 'message') continue
          end.consumed(event)
          if (event.exchange.route.row.kind === 'oneWay') came.get(end)?.push(lengthOf(event.value))
          else end.reply(event.exchange, event.value)
        }
      }
      for (let moved = true; moved; ) {
        moved = false
        for (const [from, to] of [
          [initiator, responder],
          [responder, initiator],
        ] as const) {
          const bytes = from.take(0)
          if (bytes === undefined) continue
          moved = true
          to.receive(bytes, 0)
          handle(to)
        }
      }
      const lengths = sizes.map((size) => lengthOf(textOf(size)))
      for (const end of ends) {
        // One that goes whole may pass one in pieces.
        expect(came.get(end)?.toSorted((a, b) => a - b)).toEqual(lengths)
        expect(replies.get(end)?.toSorted((a, b) => a - b)).toEqual(lengths)
      }
      expectWholeCredit(initiator, responder, limitsOf(own))
      expectWholeCredit(responder, initiator, limitsOf(own))
      for (const end of ends) end.close(0, 1_000)
      for (let turn = 0; turn < 10; turn++)
        for (const [from, to] of [
          [initiator, responder],
          [responder, initiator],
        ] as const)
          for (let bytes = from.take(0); bytes !== undefined; bytes = from.take(0)) to.receive(bytes, 0)
      expect(ends.map((end) => end.state)).toEqual(['closed', 'closed'])
    },
    120_000,
  )

  test('SE-63 SE-20 a message over the limit of either end is refused here, before it is judged or sent', () => {
    for (const [own, peers] of [
      [2_048, 4_096],
      [4_096, 2_048],
    ] as const) {
      const raw = new Raw({ limits: limitsOf({ message: own }), policy: rules() }, { message: peers })
      expect(() => raw.engine.admit(act('note', textOf(2_049)), 0)).toThrow('call/too-large')
      raw.begin(act('note', textOf(2_048)))
      expect(bodyLength(raw.read())).toBe(2_048)
    }
  })

  test('SE-33 labels that leave a small record no room for the message are refused here', () => {
    const labels = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 'v'.repeat(250)]))
    const raw = new Raw({}, { plaintext: 1_024 })
    expect(() => raw.engine.admit(act('note', 'x', { labels: labels(3) }), 0)).toThrow('call/too-large')
    raw.begin(act('note', textOf(5_000), { labels: labels(1) }))
    const frames = raw.read()
    expect(frames[0]).toMatchObject({ is: 'BEGIN', labels: labels(1), more: true })
    expect(bodyLength(frames)).toBe(5_000)
    new Raw().begin(act('note', 'x', { labels: labels(16) }))
  })

  test('a ttl that is no whole number of ms is refused here, and spoils nothing', () => {
    const raw = new Raw()
    for (const ttlMs of [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])
      expect(() => raw.engine.admit(act('call', 'x', { ttlMs }), 0)).toThrow(RangeError)
    raw.begin(act('call', 'x', { ttlMs: 5 }))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2, ttlMs: 5 }])
  })

  test('SE-49 details over a record of the peer are refused here, and another FAULT can still end the call', () => {
    const raw = new Raw({}, { plaintext: 1_024 }).send(begin({ exchange: 1 }))
    const { exchange } = raw.only('message')
    expect(() => raw.engine.fault(exchange, { code: 'call/fault', name: 'oops', data: 'x'.repeat(1_000) })).toThrow(
      RangeError,
    )
    expect(() => raw.engine.fault(exchange, { code: 'contract/invalid', path: 'é'.repeat(128) })).toThrow(RangeError)
    raw.engine.fault(exchange, { code: 'call/fault', name: 'oops', data: 'x'.repeat(900) })
    expect(raw.read()).toMatchObject([{ is: 'FAULT', exchange: 1 }])
  })
})

describe('credit', () => {
  test('SE-52 a message in pieces goes on when one that filled the budget is consumed', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096, message: 4_096 }) })
    const whole = filled(4_096)
    const note = (exchange: number, end: number) =>
      begin({ exchange, operation: NOTE, flags: more, body: filled(end).subarray(0, 2_000) })
    raw.each(note(1, 4_000), data(1, filled(4_000).subarray(2_000)))
    const first = raw.only('message')
    // Its credit came back before it is consumed: half a window at once, 2,000 more not yet.
    expect([first.charge, first.held]).toEqual([0, 4_064])
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 0, limit: 4_096 + 2_064 }])
    // The budget is 4,096 and 64: 96 of the second message fit.
    raw.send(note(3, 4_096))
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 0, limit: 4_096 + 4_064 + 96 }])
    raw.send(data(3, whole.subarray(2_000, 4_000), more))
    expect(raw.read()).toEqual([])
    raw.engine.consumed(first)
    // Now all that was ever spent is announced again.
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 0, limit: 4_096 + 4_064 + 4_064 }])
    raw.send(data(3, whole.subarray(4_000)))
    const second = raw.only('message')
    expect(second.value).toBe(textOf(4_096))
    expect([second.charge, second.held]).toEqual([0, 4_160])
  })

  test('SE-54 the 64 bytes of one refused at its head come back too, with its FAULT', () => {
    for (const flags of [FLAG.end, more]) {
      const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }), policy: rules() })
      const frames = (from: number) =>
        Array.from({ length: 32 }, (_, index) =>
          begin({ exchange: from + 2 * index, operation: NOTE, flags, body: NOTHING }),
        )
      if (flags === more) raw.send(...frames(1).flatMap((frame, index) => [frame, data(1 + 2 * index)]))
      else raw.send(...frames(1))
      const said = raw.read()
      expect(said.filter(({ is }) => is === 'FAULT').length).toBe(32)
      expect(said.at(-1)).toEqual({ is: 'CREDIT', exchange: 0, limit: 4_096 + 32 * 64 })
    }
  })

  test('SE-51 the last piece of a message brings its exchange no credit', () => {
    const raw = new Raw({ limits: limitsOf({ exchangeWindow: 4_096 }) })
    raw.send(
      begin({ exchange: 1, flags: more, body: filled(4_000).subarray(0, 2_000) }),
      data(1, filled(4_000).subarray(2_000)),
    )
    expect(raw.only('message').value).toBe(textOf(4_000))
    expect(raw.read()).toEqual([])
  })

  test('SE-50 small messages that use all credit as it comes leave half of it to the one in pieces', () => {
    const raw = new Raw({}, { sessionWindow: 8_192 })
    raw.begin(act('call', textOf(100_000)))
    for (let count = 0; count < 2_000; count++) raw.begin(act('note', textOf(64)))
    let large = 0
    let small = 0
    for (let step = 1; large < 100_000; step++) {
      for (const frame of raw.read())
        if (frame.is === 'DATA' || (frame.is === 'BEGIN' && frame.more)) large += frame.body.length
        else small++
      raw.send(credit(0, 8_192 + step * 4_096))
      // 4,096 a step, of which half would take 49 steps.
      expect(step).toBeLessThan(60)
    }
    expect(small).toBeGreaterThan(500)
  })

  test('SE-52 SE-36 what is reset inside leaves the budget and the window as they were', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096, message: 4_096 }) })
    let spent = 0
    const half = (exchange: number) => {
      spent += 2_064
      return begin({ exchange, operation: NOTE, flags: more, body: filled(2_000) })
    }
    // Each alone: its credit is back before it is reset, however many were before it.
    for (let exchange = 1; exchange < 20; exchange += 2) {
      raw.send(half(exchange))
      expect(raw.read()).toEqual([{ is: 'CREDIT', exchange: 0, limit: 4_096 + spent }])
      raw.send(reset(exchange, 2_000))
      expect(raw.read()).toEqual([])
    }
    // Beside one that fills the budget, credit that is held back comes with the reset.
    const beside = new Raw({ limits: limitsOf({ sessionWindow: 4_096, message: 4_096 }) })
    beside.each(
      begin({ exchange: 1, operation: NOTE, flags: more, body: filled(4_000).subarray(0, 2_000) }),
      data(1, filled(4_000).subarray(2_000)),
    )
    beside.read()
    beside.send(
      half(3),
      reset(3, 2_000),
      begin({ exchange: 5, operation: NOTE }),
      begin({ exchange: 7, operation: NOTE }),
    )
    for (const message of beside.take().slice(1)) if (message.is === 'message') beside.engine.consumed(message)
    expect(beside.read().at(-1)).toEqual({ is: 'CREDIT', exchange: 0, limit: 4_096 + 4_064 + 2_064 + 128 })
  })

  test('SE-50 SE-62 a sender goes to the last byte of both windows and no further', () => {
    const raw = new Raw({}, { sessionWindow: 8_192, exchangeWindow: 4_096 })
    raw.begin(act('call', textOf(20_000)))
    expect(bodyLength(raw.read())).toBe(4_096)
    raw.send(credit(2, 2 * 4_096))
    // 64 for the BEGIN.
    expect(bodyLength(raw.read())).toBe(8_192 - 64 - 4_096)
    raw.send(credit(0, 2 * 8_192))
    // The 64 that the exchange has left are not worth a piece.
    expect(bodyLength(raw.read())).toBe(0)
    raw.send(credit(2, 12_000))
    expect(bodyLength(raw.read())).toBe(12_000 - 4_096 - 4_032)
  })

  test('SE-48 without credit, all but messages still goes', () => {
    const raw = new Raw({}, { sessionWindow: 4_096 })
    raw.send(begin({ exchange: 1 }), begin({ exchange: 3 }))
    const [first] = raw.take()
    if (first?.is !== 'message') expect.fail('it came')
    const { exchange: open } = raw.begin(act('call', 'x'.repeat(1_800)))
    raw.begin(act('note', 'x'.repeat(1_900)))
    const { taken } = raw.begin(act('note', 'x'.repeat(1_900)))
    expect(taken).toBe(false)
    expect(raw.read().map(({ is }) => is)).toEqual(['BEGIN', 'BEGIN'])
    raw.engine.reply(first.exchange, 'x'.repeat(600))
    raw.engine.cancel(open)
    raw.send(stop(3), encodeFrame({ is: 'PING', count: 1 }))
    raw.engine.ping(0)
    raw.engine.close(0, 1_000)
    expect(raw.read().map(({ is }) => is)).toEqual(['STOP', 'PONG', 'PING', 'DRAIN'])
  })

  test('SE-54 the 64 bytes of a refused message come back with its FAULT, and no later credit overtakes it', () => {
    const deny = {
      id: 'no',
      effect: 'deny',
      by: ['any'],
      verbs: ['send'],
      on: ['>'],
      when: [{ attribute: 'body.n', is: 'present' }],
    }
    const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['send'], on: ['>'] }
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }), policy: rules(allow, deny) })
    raw.send(begin({ exchange: 1, operation: NOTE, body: encode({ n: 1 }) }))
    raw.send(...Array.from({ length: 32 }, (_, index) => begin({ exchange: 3 + 2 * index, operation: NOTE })))
    for (const event of raw.take()) if (event.is === 'message') raw.engine.consumed(event)
    const frames = raw.read()
    expect(frames.map(({ is }) => is)).toEqual(['FAULT', 'CREDIT'])
    // What the refused one took was not yet given back when the CREDIT was made; now it is.
    expect(frames[1]).toMatchObject({ limit: 4_096 + 32 * 64 })
    raw.send(...Array.from({ length: 31 }, (_, index) => begin({ exchange: 67 + 2 * index, operation: NOTE })))
    for (const event of raw.take()) if (event.is === 'message') raw.engine.consumed(event)
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', limit: 4_096 + 64 * 64 + encode({ n: 1 }).length }])
  })

  test('SE-47 small messages pass one in pieces, and cannot hold it up, however small records are', () => {
    for (const plaintext of [1_024, 65_519]) {
      const raw = new Raw({}, { plaintext })
      raw.begin(act('call', textOf(200_000)))
      for (let count = 0; count < 2_000; count++) raw.begin(act('note', textOf(60)))
      const records = raw.records()
      const last = records.findLastIndex((frames) =>
        frames.some((frame) => frame.is === 'BEGIN' && frame.body.length === 60),
      )
      for (const [index, frames] of records.entries()) {
        if (index === 0 || index >= last) continue
        const large = bodyLength(frames.filter((frame) => frame.is === 'DATA'))
        expect(large * 3, `record ${index} of ${last}`).toBeGreaterThan(plaintext)
        expect(large * 3).toBeLessThan(2 * plaintext)
      }
      expect(last).toBeGreaterThan(3)
      expect(bodyLength(records.flat())).toBe(200_000 + 2_000 * 60)
    }
  })

  test('SE-47 a call whose labels fill half a record begins with the next record, whatever queues behind it', () => {
    const raw = new Raw({}, { plaintext: 1_024 })
    for (let count = 0; count < 9; count++) raw.begin(act('note', textOf(60)))
    raw.begin(act('call', textOf(3_000), { labels: { a: 'v'.repeat(250), b: 'v'.repeat(230) } }))
    for (let count = 0; count < 100; count++) raw.begin(act('note', textOf(60)))
    const records = raw.records()
    expect(records.slice(0, 2).flat()).toContainEqual(expect.objectContaining({ is: 'BEGIN', more: true }))
    expect(bodyLength(records.flat())).toBe(109 * 60 + 3_000)
  })
})

test('CH-9 CH-7 a record of the most frames leaves one for REKEY', () => {
  const raw = new Raw({ rekey: { records: 1 } })
  for (let count = 0; count < 5_000; count++) raw.begin(act('note'))
  const records = raw.records()
  expect(records.map((frames) => frames.length)).toEqual([4_096, 5_000 - 4_095 + 1])
  expect(records.map((frames) => frames.at(-1)?.is)).toEqual(['REKEY', 'REKEY'])
})

describe('a one-way message', () => {
  test('SE-48 that waits for credit is told when it is taken, and one that does not is not', () => {
    const raw = new Raw({}, { sessionWindow: 4_096 })
    expect(raw.begin(act('note', textOf(2_000))).taken).toBe(true)
    expect(raw.begin(act('note', textOf(1_968))).taken).toBe(true)
    const { exchange, taken } = raw.begin(act('note'))
    expect(taken).toBe(false)
    raw.read()
    expect(raw.take()).toEqual([])
    raw.send(credit(0, 8_192))
    raw.read()
    expect(raw.take()).toEqual([{ is: 'taken', exchange }])
  })

  test('SE-35 SE-54 refused at its head while it goes out: the rest is not sent, and who waits for it hears', () => {
    for (const waits of [true, false]) {
      const raw = new Raw({}, waits ? { sessionWindow: 65_536 } : {})
      const { exchange, taken } = raw.begin(act('note', textOf(200_000)))
      expect(taken).toBe(!waits)
      const sent = bodyLength(raw.records(1).flat())
      raw.send(fault(2, 'policy/denied'))
      const [event] = raw.take()
      if (waits) expect(event).toMatchObject({ is: 'fault', exchange, error: { code: 'policy/denied', ran: 'no' } })
      else expect(event).toMatchObject({ is: 'refused', address: 'flow.v1.note', verb: 'send' })
      expect(raw.read()).toEqual([{ is: 'RESET', exchange: 2, code: ERRORS['policy/denied'].wire, size: sent }])
      expect(fate(raw)).toBe('alive')
    }
  })
})

test('SE-46 calls beyond the limit of either end wait, in order, and one that is given up while it waits leaves no trace', () => {
  for (const [own, peers] of [
    [2, 5],
    [5, 2],
  ] as const) {
    const raw = new Raw({ limits: limitsOf({ exchanges: own }) }, { exchanges: peers })
    const calls = ['a', 'b', 'c', 'd', 'e'].map((name) => raw.begin(act('call', name)).exchange)
    raw.begin(act('note', 'n'))
    expect(raw.read().map((frame) => 'body' in frame && frame.body[1])).toEqual(
      Array.from('abn', (each) => each.charCodeAt(0)),
    )
    const [, , third] = calls
    if (third === undefined) expect.fail('there are five')
    raw.engine.cancel(third)
    expect(raw.only('fault')).toMatchObject({ exchange: third, error: { code: 'call/cancelled', ran: 'no' } })
    expect(raw.read()).toEqual([])
    raw.send(data(4), data(2))
    // The note took 6: no id is left out for the call that never went.
    expect(raw.read()).toMatchObject([
      { is: 'BEGIN', exchange: 8, body: encode('d') },
      { is: 'BEGIN', exchange: 10, body: encode('e') },
    ])
  }
})

test('SE-55 a value with no form on the wire is refused here', () => {
  const raw = new Raw()
  const bad = { n: 2n ** 64n }
  expect(() => raw.engine.admit(act('note', bad), 0)).toThrow('contract/invalid')
  expect(() => raw.engine.admit({ ...act('note'), operation: 'other' }, 0)).toThrow('contract/unserved')
  expect(() => raw.engine.admit({ ...act('note'), contract: 'flow.v2' }, 0)).toThrow('contract/unserved')
  try {
    raw.engine.admit({ ...act('note'), operation: 'other' }, 0)
  } catch (error) {
    expect(SottoError.is(error, 'contract/unserved') && error.details).toEqual({
      contract: 'flow.v1',
      operation: 'other',
    })
  }
})
