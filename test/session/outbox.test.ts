import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { BEGIN_CHARGE } from '../../src/session/charge.js'
import { Exchange } from '../../src/session/exchange.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { type Limits, limitsOf } from '../../src/session/limits.js'
import { Outbox } from '../../src/session/outbox.js'
import { routeOf, theirs } from './routes.js'
import { act, filled, Raw } from './wire.js'

/** The room in which every outbox of the process fills its records. */
const room = (): Uint8Array => {
  const outbox = new Outbox(limitsOf(), limitsOf(), { begins: () => 0, framed: () => undefined })
  outbox.notice(Uint8Array.of(1))
  const view = outbox.fill()
  if (view === undefined) throw new Error('expected a view of what was filled')
  view.fill(0)
  return new Uint8Array(view.buffer)
}

test.each([1, 60_000, 200_000])('of %i bytes that were sealed none is left where the next session fills', (length) => {
  const shared = room()
  const raw = new Raw()
  raw.begin(act('note', 'x'.repeat(length)))
  expect(raw.read().length).toBeGreaterThan(0)
  expect(shared.every((byte) => byte === 0)).toBe(true)
})

test('a session that fails between filling and sealing leaves nothing there either', () => {
  const shared = room()
  const raw = new Raw()
  shared.set(filled(1_000))
  raw.engine.ended()
  expect(shared.every((byte) => byte === 0)).toBe(true)
})

/** An outbox by itself, of an end that sends within `allowed` and whose peer declared the same. */
const alone = (allowed: Partial<Limits> = {}) => {
  const limits = { ...limitsOf(), ...allowed }
  let next = -1
  const begins = (): number => {
    next += 2
    return next
  }
  const framed = (exchange: Exchange, ended: boolean): void => {
    if (ended) exchange.sendEnded = true
  }
  const outbox = new Outbox(limits, limits, { begins, framed })
  const fill = (): readonly Frame[] => {
    const record = outbox.fill()
    return record === undefined ? [] : decodeFrames(record.slice())
  }
  const mine = (operation: string, length: number): Exchange => {
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY }
    const exchange = new Exchange(routeOf(operation), head, { receive: 1_048_576, send: limits.exchangeWindow })
    exchange.body = new Uint8Array(length)
    exchange.last = true
    return exchange
  }
  const push = (operation: string, length: number): Exchange => {
    const exchange = mine(operation, length)
    outbox.push(exchange)
    return exchange
  }
  return { outbox, fill, mine, push }
}

/** As long as it is said to be; nothing here reads it. */
const word = (length: number): Uint8Array => new Uint8Array(length).fill(1)

describe('what needs no credit', () => {
  test('CH-9 fills a record to the byte, but for the room of a REKEY', () => {
    const { outbox } = alone({ plaintext: 1_024 })
    for (const length of [500, 522, 500, 523]) outbox.notice(word(length))
    expect([1, 2, 3, 4].map(() => outbox.fill()?.length)).toEqual([1_022, 500, 523, undefined])
  })

  test('CH-9 leaves one of the frames of a record to a REKEY', () => {
    const { outbox } = alone()
    for (let count = 0; count < 4_105; count++) outbox.notice(word(1))
    expect([1, 2, 3].map(() => outbox.fill()?.length)).toEqual([4_095, 10, undefined])
  })

  test('SE-53 is at most 65,536 bytes of what the peer can ask for, as long as they wait, and nothing else counts', () => {
    const { outbox } = alone()
    const refused = (length: number): string | undefined => {
      try {
        outbox.control(word(length))
      } catch (error) {
        return error instanceof SottoError ? error.code : String(error)
      }
      return undefined
    }
    outbox.notice(word(60_000))
    expect([refused(40_000), refused(25_536), outbox.fill()?.length, outbox.fill()?.length]).toEqual([
      undefined,
      undefined,
      60_000,
      40_000,
    ])
    expect([refused(40_000), refused(1)]).toEqual([undefined, 'session/limit'])
  })

  test('SE-48 is told of when it is in a record, in its order', () => {
    const { outbox } = alone({ plaintext: 1_024 })
    const told: number[] = []
    for (const length of [600, 500]) outbox.notice(word(length), () => told.push(length))
    expect(told).toEqual([])
    outbox.fill()
    expect(told).toEqual([600])
    outbox.fill()
    expect(told).toEqual([600, 500])
  })

  test('SE-47 lets no message by while some of it has no room', () => {
    const { outbox, push } = alone({ plaintext: 1_024 })
    push('call', 10)
    for (const length of [500, 600]) outbox.notice(word(length))
    expect(outbox.fill()?.length).toBe(500)
    expect(outbox.fill()?.length).toBeGreaterThan(610)
    expect(outbox.empty).toBe(true)
  })
})

describe('what waits', () => {
  test.each([
    ['note', 10],
    ['call', 10],
    ['call', 100_000],
    ['note', 100_000],
    ['talk', 10],
    ['step', 10],
  ] as const)('SE-42 is something until it has gone: %s of %i bytes', (operation, length) => {
    const { outbox, fill, push } = alone()
    expect(outbox.empty).toBe(true)
    const exchange = push(operation, length)
    expect([outbox.empty, outbox.unframed]).toEqual([false, [exchange]])
    const sent: Frame[] = []
    while (!outbox.empty) sent.push(...fill())
    const bytes = sent.reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
    expect([bytes, exchange.id, outbox.unframed, outbox.fill()]).toEqual([length, 1, [], undefined])
  })

  test('SE-42 is nothing once it is taken back or erased, at whatever place it stands', () => {
    const kinds = [
      ['note', 10],
      ['call', 10],
      ['call', 100_000],
      ['talk', 10],
    ] as const
    for (const [at] of kinds.entries()) {
      const { outbox, fill, push } = alone()
      const all = kinds.map(([operation, length]) => push(operation, length))
      const [dropped] = all.splice(at, 1)
      if (dropped !== undefined) outbox.drop(dropped)
      expect(new Set(outbox.unframed)).toEqual(new Set(all))
      while (!outbox.empty) fill()
      expect([dropped?.id, ...all.map(({ id }) => id > 0)]).toEqual([0, true, true, true])
    }
    const { outbox, push } = alone()
    for (const [operation, length] of kinds) push(operation, length)
    outbox.notice(word(1))
    outbox.erase()
    expect([outbox.empty, outbox.unframed, outbox.fill()]).toEqual([true, [], undefined])
  })

  test('SE-44 a reply waits under an id, and so is not among what has none', () => {
    const { outbox, push } = alone()
    const reply = theirs('call')
    reply.id = 5
    reply.body = word(3)
    reply.last = true
    outbox.push(reply)
    const call = push('call', 1)
    expect(outbox.unframed).toEqual([call])
  })
})

describe('credit of the session', () => {
  const WINDOW = 65_536
  /** So that eight of them take a whole window. */
  const EIGHTH = WINDOW / 8 - BEGIN_CHARGE
  const limits = { sessionWindow: WINDOW, exchangeWindow: WINDOW }

  test('SE-50 is promised to who comes first, to the byte, and to another once it is given up', () => {
    const { outbox, mine, push } = alone(limits)
    const first = push('call', EIGHTH)
    for (let count = 2; count < 8; count++) push('note', EIGHTH)
    expect([outbox.covers(mine('call', EIGHTH)), outbox.covers(mine('call', EIGHTH + 1))]).toEqual([true, false])
    push('call', EIGHTH)
    expect(outbox.covers(mine('note', 0))).toBe(false)
    outbox.drop(first)
    expect([outbox.covers(mine('call', EIGHTH)), outbox.covers(mine('call', EIGHTH + 1))]).toEqual([true, false])
  })

  test('SE-50 is spent to the byte, and what it does not cover waits for more of it', () => {
    const { outbox, fill, push } = alone(limits)
    const calls = Array.from({ length: 9 }, () => push('call', EIGHTH))
    const sent: Frame[] = []
    for (let frames = fill(); frames.length > 0; frames = fill()) sent.push(...frames)
    expect([sent.length, calls.findIndex(({ id }) => id === 0), outbox.empty]).toEqual([8, 8, false])
    outbox.raise(WINDOW + WINDOW / 4)
    expect(fill()).toMatchObject([{ is: 'BEGIN', exchange: 17 }])
    expect(outbox.empty).toBe(true)
  })

  test('SE-120 is used by what can go, though the stream whose turn it was is given up', () => {
    const { outbox, fill, push } = alone({ ...limits, plaintext: 1_024 })
    const stream = push('talk', 10)
    const large = push('call', 3_000)
    outbox.drop(stream)
    expect(fill()).toMatchObject([{ is: 'BEGIN', exchange: 1, more: true }])
    expect(large.id).toBe(1)
  })

  test('SE-47 one message is in pieces at a time, and the next is when it has gone or is given up', () => {
    for (const leave of ['gone', 'dropped']) {
      const { outbox, fill, push } = alone({ ...limits, plaintext: 4_096 })
      const [one, other] = [push('call', 40_000), push('call', 20_000)]
      const first = fill()
      expect(first.map((frame) => 'exchange' in frame && frame.exchange)).toEqual([1])
      expect(other.id).toBe(0)
      if (leave === 'dropped') outbox.drop(one)
      else while (one.body !== undefined) fill()
      while (!outbox.empty) fill()
      expect([other.id, other.body, other.sent]).toEqual([3, undefined, 20_000])
    }
  })
})
