import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import { FLAG } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { act, begin, credit, data, drain, end, filled, NOTE, Raw, reset, stop } from './wire.js'

const { more } = FLAG
const closed = ERRORS['session/closed'].wire

const kinds = (raw: Raw): readonly string[] => raw.read().map(({ is }) => is)

describe('the end that closes', () => {
  test('SE-42 SE-58 says what it took, answers it, and ends when all is done', () => {
    const raw = new Raw().send(begin({ exchange: 1 }), begin({ exchange: 3 }))
    const [first, second] = raw.take()
    if (first?.is !== 'message' || second?.is !== 'message') expect.fail('both came')
    raw.engine.close(0, 1_000)
    raw.engine.close(0, 1)
    expect(raw.read()).toEqual([{ is: 'DRAIN', last: 3 }])
    raw.engine.reply(second.exchange, 'b')
    expect(kinds(raw)).toEqual(['DATA'])
    raw.engine.fault(first.exchange, { code: 'call/internal', incident: '' })
    expect(kinds(raw)).toEqual(['FAULT', 'END'])
    raw.send(end())
    expect(raw.take()).toEqual([{ is: 'closed', error: undefined }])
  })

  test('SE-58 SE-65 what crosses DRAIN is not dispatched and not answered; its credit comes back, and END is not held up', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) }).send(begin({ exchange: 1 }))
    const { exchange } = raw.only('message')
    raw.engine.close(0, 1_000)
    raw.read()
    raw.send(
      begin({ exchange: 3, body: filled(2_000) }),
      begin({ exchange: 5, operation: NOTE }),
      begin({ exchange: 7, flags: more, body: filled(100) }),
      stop(3),
    )
    raw.send(reset(7, 100, closed))
    expect(raw.take()).toEqual([])
    expect(kinds(raw)).toEqual(['CREDIT'])
    raw.engine.reply(exchange, 'done')
    expect(kinds(raw)).toEqual(['DATA', 'END'])
  })

  test('SE-58 a message that was in pieces at DRAIN is taken to its end', () => {
    const raw = new Raw().send(begin({ exchange: 1, flags: more, body: filled(100).subarray(0, 50) }))
    raw.engine.close(0, 1_000)
    expect(raw.read()).toEqual([{ is: 'DRAIN', last: 1 }])
    raw.send(data(1, filled(100).subarray(50)))
    raw.engine.reply(raw.only('message').exchange, 'done')
    expect(kinds(raw)).toEqual(['DATA', 'END'])
  })

  test('SE-42 begins nothing new; what waits still goes', () => {
    const raw = new Raw({}, { exchanges: 1 })
    raw.begin(act('call', 'a'))
    raw.begin(act('call', 'b'))
    raw.engine.close(0, 1_000)
    expect(() => raw.begin(act('call', 'c'))).toThrow('session/closed')
    expect(kinds(raw)).toEqual(['DRAIN', 'BEGIN'])
    raw.send(data(2))
    expect(kinds(raw)).toEqual(['BEGIN'])
    raw.send(data(4))
    expect(raw.take().map(({ is }) => is)).toEqual(['reply', 'reply'])
    expect(kinds(raw)).toEqual(['END'])
  })

  test('SE-42 SE-59 at its deadline it cuts what is open: each has its outcome, and late answers go nowhere', () => {
    const raw = new Raw({}, { sessionWindow: 100_000 })
    raw.send(begin({ exchange: 1 }), begin({ exchange: 3 }))
    const [answering, dispatched] = raw.take()
    if (answering?.is !== 'message' || dispatched?.is !== 'message') expect.fail('both came')
    const whole = raw.begin(act('call', 'a')).exchange
    raw.read()
    raw.engine.reply(answering.exchange, 'x'.repeat(200_000))
    const queued = raw.begin(act('note', 'x'.repeat(200_000))).exchange
    raw.read()
    raw.engine.close(0, 1_000)
    raw.read()
    raw.nowMs = 1_000
    raw.engine.wake(1_000)
    const events = raw.take()
    expect(events).toMatchObject([
      { is: 'fault', exchange: queued, error: { code: 'session/lost', ran: 'no' } },
      { is: 'cancelled', exchange: dispatched.exchange },
      { is: 'fault', exchange: whole, error: { code: 'session/lost', ran: 'maybe' } },
    ])
    raw.engine.reply(dispatched.exchange, 'late')
    raw.engine.fault(answering.exchange, { code: 'call/cancelled' })
    raw.engine.cancel(whole)
    expect(kinds(raw)).toEqual(['END'])
    // What crosses that END means nothing.
    raw.send(data(2), stop(1), begin({ exchange: 5 }), credit(0, 10_000_000))
    expect(raw.take()).toEqual([])
    raw.send(end())
    expect(raw.take()).toEqual([{ is: 'closed', error: undefined }])
  })
})

describe('the other end', () => {
  test('SE-66 counts what was not taken as not run, and resets what is in pieces', () => {
    const raw = new Raw({}, { exchanges: 3 })
    const taken = raw.begin(act('call', 'a')).exchange
    raw.read()
    const crossed = raw.begin(act('call', 'b')).exchange
    raw.read()
    const half = raw.begin(act('call', 'x'.repeat(200_000))).exchange
    const sent = raw
      .records(1)
      .flat()
      .reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
    const waiting = raw.begin(act('call', 'd')).exchange
    const queued = raw.begin(act('note', 'e')).exchange
    raw.send(drain(2))
    const lost = raw.take()
    expect(lost.pop()).toEqual({ is: 'draining' })
    expect(new Set(lost.map((event) => event.is === 'fault' && event.exchange))).toEqual(
      new Set([crossed, half, waiting, queued]),
    )
    for (const event of lost) expect(event).toMatchObject({ is: 'fault', error: { code: 'session/closed', ran: 'no' } })
    expect(raw.read()).toEqual([{ is: 'RESET', exchange: 6, code: closed, size: sent }])
    expect(() => raw.begin(act('note'))).toThrow('session/closed')
    raw.send(data(2, encode('yes')))
    expect(raw.only('reply')).toMatchObject({ exchange: taken, value: 'yes' })
    raw.send(end())
    expect(raw.only('closed').error).toBe(undefined)
  })

  test('SE-66 what it is asked before END it answers, and its small and large answers both go', () => {
    const raw = new Raw().send(begin({ exchange: 1 }), begin({ exchange: 3 }), drain(0))
    for (const event of raw.take())
      if (event.is === 'message') raw.engine.reply(event.exchange, 'x'.repeat(event.exchange.id === 1 ? 200_000 : 10))
    const frames = raw.read()
    expect(frames.filter((frame) => frame.is === 'DATA' && frame.end).length).toBe(2)
    raw.send(begin({ exchange: 5 }))
    raw.engine.reply(raw.only('message').exchange, 'still')
    expect(kinds(raw)).toEqual(['DATA'])
  })

  test('SE-58 both may close at once', () => {
    const raw = new Raw().send(begin({ exchange: 1 }))
    const { exchange } = raw.only('message')
    raw.begin(act('call', 'mine'))
    raw.read()
    raw.engine.close(0, 1_000)
    raw.send(drain(2))
    raw.take()
    raw.engine.reply(exchange, 'a')
    expect(kinds(raw)).toEqual(['DRAIN', 'DATA'])
    raw.send(data(2))
    expect(kinds(raw)).toEqual(['END'])
    raw.send(end())
    expect(raw.take().map(({ is }) => is)).toEqual(['reply', 'closed'])
    expect(raw.engine.state).toBe('closed')
  })
})

test('SE-59 however the session is lost, a call half sent surely did not run and a whole one may have', () => {
  const losses = [
    (raw: Raw) => raw.engine.ended(),
    (raw: Raw) => raw.send(Uint8Array.of(255)),
    (raw: Raw) => raw.send(end(3)),
    (raw: Raw) => raw.send(end()),
  ]
  for (const lose of losses) {
    const raw = new Raw({}, { exchanges: 3 })
    const whole = raw.begin(act('call', 'a')).exchange
    raw.read()
    const given = raw.begin(act('call', 'b')).exchange
    raw.read()
    raw.engine.cancel(given)
    const half = raw.begin(act('call', 'x'.repeat(200_000))).exchange
    raw.records(2)
    const waiting = raw.begin(act('call', 'd')).exchange
    const note = raw.begin(act('note', 'e')).exchange
    raw.take()
    lose(raw)
    const events = raw.take()
    expect(events.pop()?.is).toBe('closed')
    const outcomes = new Map(
      events.map((event) => [
        event.is === 'fault' ? event.exchange : undefined,
        event.is === 'fault' && event.error.ran,
      ]),
    )
    expect(outcomes).toEqual(
      new Map([
        [waiting, 'no'],
        [half, 'no'],
        [note, 'no'],
        [whole, 'maybe'],
      ]),
    )
  }
})

test('SE-59 many calls lost at once take no longer for each than one', () => {
  const raw = new Raw({}, { exchanges: 1 })
  for (let count = 0; count < 60_000; count++) raw.begin(act('call'))
  for (let count = 0; count < 60_000; count++) raw.begin(act('note'))
  raw.engine.ended()
  // A pass over all that waits for each of them would take minutes.
  expect(raw.take().length).toBe(120_001)
})
