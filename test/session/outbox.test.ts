import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { routeAt } from '../../src/session/agreement.js'
import { BEGIN_CHARGE } from '../../src/session/charge.js'
import { Exchange } from '../../src/session/exchange.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { encodeFrame, encodeLabels } from '../../src/session/framewriter.js'
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
  const mine = (operation: string, length: number, labels = EMPTY): Exchange => {
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels }
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
    expect([told, outbox.empty]).toEqual([[], false])
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

describe('turns', () => {
  const LIMIT = 1_022
  const small = { plaintext: 1_024, sessionWindow: 65_536, exchangeWindow: 65_536 }
  const exchangesOf = (frames: readonly Frame[]): number[] =>
    frames.flatMap((frame) => ('exchange' in frame ? [frame.exchange] : []))
  const waiting = (length: number) => ({ body: word(length), admitted: undefined, delivery: undefined, atMs: 0 })
  /** A stream that has begun, with items of these lengths. */
  const begun = (operation: string, id: number, ...lengths: readonly number[]): Exchange => {
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY }
    const exchange = new Exchange(routeOf(operation), head, { receive: 4_096, send: 65_536 })
    exchange.id = id
    exchange.messagesSent = 1
    for (const length of lengths) exchange.add(waiting(length))
    return exchange
  }

  test('SE-120 go on until a record is full', () => {
    const { fill, push } = alone(small)
    for (let count = 0; count < 200; count++) push('note', 10)
    // 30 bytes around a body at most, and no more than one that could have been there is missing.
    expect(fill().length).toBeGreaterThanOrEqual(Math.floor((LIMIT - 40) / 20))
  })

  test('SE-120 are taken in order, whoever leaves: one that is done, one that is given up before or behind it', () => {
    // An item is a turn. The first record has room for one of them.
    for (const [leaves, order] of [
      [undefined, [4, 6, 8]],
      [0, [4, 6, 8]],
      [1, [6, 8, 2]],
      [2, [4, 8, 2]],
      [3, [4, 6, 2]],
    ] as const) {
      const { outbox, fill } = alone(small)
      const lanes = [2, 4, 6, 8].map((id) => begun('talk', id, 252, 252, 252))
      for (const lane of lanes) outbox.push(lane)
      outbox.notice(encodeFrame({ is: 'FAULT', exchange: 1, code: 17, body: word(600) }))
      expect(exchangesOf(fill())).toEqual([1, 2])
      const dropped = leaves === undefined ? undefined : lanes[leaves]
      if (dropped !== undefined) outbox.drop(dropped)
      expect(exchangesOf(fill())).toEqual(order)
    }
    const { outbox, fill } = alone(small)
    const lanes = [begun('talk', 2, 252), begun('talk', 4, 252, 252), begun('talk', 6, 252, 252)]
    for (const lane of lanes) outbox.push(lane)
    // The first leaves when its only item has gone: the second is next, and not the third.
    expect([...exchangesOf(fill()), ...exchangesOf(fill())]).toEqual([2, 4, 6, 4, 6])
  })

  test('SE-157 what needs no credit of the session all goes, though a call waits for some', () => {
    const { outbox, fill, push } = alone({ ...small, sessionWindow: 4_096, plaintext: 65_535 })
    push('call', 1_900)
    push('call', 1_900)
    push('call', 1_900)
    const standing = routeAt(routeOf('work'), '', true)
    if (standing === undefined) throw new Error('expected a route')
    const streams = [2, 4, 6].map((id) => {
      const head = { operation: 0, subject: EMPTY, standing: true, ttlMs: 0, labels: EMPTY }
      const exchange = new Exchange(standing, head, { receive: 4_096, send: 4_096 })
      exchange.id = id
      exchange.messagesSent = 1
      exchange.add(waiting(10))
      return exchange
    })
    for (const stream of streams) outbox.push(stream)
    expect(exchangesOf(fill())).toEqual([2, 4, 6, 1, 3])
  })

  test('CV-28 a step of a flow does not pass a one-way message, as a call does', () => {
    const { fill, push } = alone(small)
    push('note', 3_000)
    const [step, call] = [push('step', 10), push('call', 10)]
    fill()
    expect([step.id, call.id]).toEqual([0, 3])
    while (step.id === 0) fill()
    expect(step.id).toBe(5)
  })

  test('SE-47 chunks pass a message in pieces, which waits for credit of its exchange', () => {
    const { outbox, fill, push } = alone({ ...small, exchangeWindow: 4_096 })
    const call = push('call', 9_000)
    for (let frames = fill(); frames.length > 0; ) frames = fill()
    // What is left is less than the least piece.
    expect([call.offset > 4_096 - 127, outbox.empty]).toEqual([true, false])
    outbox.push(begun('tube', 2, 5_000))
    const chunks: number[] = []
    for (let frames = fill(); frames.length > 0; frames = fill())
      for (const frame of frames) if (frame.is === 'DATA') chunks.push(frame.body.length)
    expect(chunks.reduce((sum, length) => sum + length, 0)).toBe(5_000)
  })

  test('SE-120 the last word of a stream comes behind what waits in it', () => {
    const { outbox, fill } = alone(small)
    // An item is a turn: the word has one of its own.
    const stream = begun('talk', 2, 252)
    stream.items.lastWord = encodeFrame({ is: 'FAULT', exchange: 2, code: 17, body: EMPTY })
    stream.last = true
    outbox.push(stream)
    expect(fill()).toMatchObject([
      { is: 'DATA', exchange: 2, end: false },
      { is: 'FAULT', exchange: 2 },
    ])
    expect([outbox.empty, stream.sendEnded]).toEqual([true, true])
  })

  test('SE-36 of a stream whose reader is gone the item in pieces goes to its end, and nothing behind it', () => {
    const { outbox, fill } = alone(small)
    const [pieced, whole] = [begun('talk', 2, 40_000, 20, 20), begun('talk', 4, 10, 20)]
    outbox.push(pieced)
    fill()
    outbox.push(whole)
    for (const stream of [pieced, whole]) outbox.curtail(stream)
    expect([pieced.items.waiting, whole.items.waiting, whole.body]).toEqual([40_064, 0, undefined])
    let length = 0
    for (let frames = fill(); frames.length > 0; frames = fill()) {
      expect(new Set(exchangesOf(frames))).toEqual(new Set([2]))
      for (const frame of frames) if (frame.is === 'DATA') length += frame.body.length
    }
    expect([length > 38_000, pieced.body, outbox.empty]).toEqual([true, undefined, true])
  })
})

describe('to the byte', () => {
  const LIMIT = 1_022
  const small = { plaintext: 1_024, sessionWindow: 65_536, exchangeWindow: 65_536 }

  test.each([
    ['a call that goes whole', 30 + 400, (of: ReturnType<typeof alone>) => of.push('call', 400)],
    ['the least piece of a call', 30 + 127, (of: ReturnType<typeof alone>) => of.push('call', 5_000)],
    ['the end of a stream', 14, (of: ReturnType<typeof alone>) => ending(of, undefined)],
    ['the last word of a stream', 40, (of: ReturnType<typeof alone>) => ending(of, word(40))],
  ] as const)('CH-9 %s is in a record that has room for it, and not in one that has not', (_, needs, push) => {
    for (const [missing, isThere] of [
      [0, true],
      [1, false],
    ] as const) {
      const of = alone(small)
      push(of)
      const said = LIMIT - needs + missing
      of.outbox.notice(word(said))
      const record = of.outbox.fill()
      expect((record?.length ?? 0) > said).toBe(isThere)
      expect(record?.length).toBeLessThanOrEqual(LIMIT)
      if (!isThere) expect(of.outbox.fill()?.length).toBeGreaterThan(0)
    }
  })

  const ending = ({ outbox }: ReturnType<typeof alone>, lastWord: Uint8Array | undefined): void => {
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY }
    const stream = new Exchange(routeOf('talk'), head, { receive: 4_096, send: 4_096 })
    stream.id = 2
    stream.messagesSent = 1
    stream.items.lastWord = lastWord
    stream.last = true
    outbox.push(stream)
  }

  test('CH-9 no record has more frames than leave one to a REKEY: messages, and ends of streams', () => {
    for (const kind of ['note', 'end'] as const) {
      const of = alone({ sessionWindow: 1_048_576 })
      for (let count = 0; count < 4_200; count++)
        if (kind === 'note') of.push('note', 0)
        else ending(of, undefined)
      expect([of.fill().length, of.fill().length]).toEqual([4_095, 105])
    }
  })

  test('SE-62 items and pieces use up the window of their exchange', () => {
    const { outbox, fill } = alone({ ...small, plaintext: 65_535, exchangeWindow: 4_096 })
    const head = { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY }
    const stream = new Exchange(routeOf('talk'), head, { receive: 4_096, send: 4_096 })
    stream.id = 2
    stream.messagesSent = 1
    for (const body of [word(1_984), word(1_984), word(1)])
      stream.add({ body, admitted: undefined, delivery: undefined, atMs: 0 })
    outbox.push(stream)
    expect(fill().length).toBe(2)
    expect([stream.sendRoom, outbox.fill()]).toEqual([0, undefined])
    // In records of 1,024 bytes the last piece is of 80 bytes, and all that is left of the window.
    const short = alone({ ...small, exchangeWindow: 4_096 })
    const call = short.push('call', 4_096)
    while (short.outbox.fill() !== undefined);
    expect([call.body, short.outbox.empty]).toEqual([undefined, true])
  })

  test('SE-50 goes whole what half a window takes with its BEGIN, labels and all, and in pieces what it does not', () => {
    const WHOLE = 2_048 - BEGIN_CHARGE
    for (const [labels, length, isWhole] of [
      [0, WHOLE, true],
      [0, WHOLE + 1, false],
      [100, WHOLE - 100, true],
      [100, WHOLE - 99, false],
    ] as const) {
      const { outbox, fill, mine, push } = alone({
        ...small,
        plaintext: 65_535,
        sessionWindow: 4_096,
        exchangeWindow: 4_096,
      })
      push('note', 2_500)
      fill()
      const call = mine('call', length, labels === 0 ? EMPTY : encodeLabels({ x: 'a'.repeat(labels - 5) }))
      outbox.push(call)
      const sent = fill()
      // What is left of the credit is not enough for all of it.
      expect([labels, length, sent.length]).toEqual([labels, length, isWhole ? 0 : 1])
      outbox.raise(4_096 + 2_564)
      while (call.body !== undefined) fill()
      expect([call.sent, outbox.empty]).toEqual([length, true])
    }
  })
})
