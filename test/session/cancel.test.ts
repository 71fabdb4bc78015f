import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { ERRORS } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  begin,
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
  stop,
} from './wire.js'

const cancelled = ERRORS['call/cancelled'].wire
const late = ERRORS['call/deadline'].wire
const { more } = FLAG

/** What can happen to one call, in any order: each end's bytes move a record at a time. */
type Step = 'give up' | 'answer' | 'ask' | 'tell'

/** All different orders of a list. */
const orders = <T>(list: readonly T[]): T[][] => {
  if (list.length === 0) return [[]]
  return [...new Set(list)].flatMap((first) => {
    const at = list.indexOf(first)
    return orders([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [first, ...rest])
  })
}

const LIMITS = { exchanges: 1, plaintext: 1_024, sessionWindow: 4_096, exchangeWindow: 4_096 }

/** A caller and the one it calls, with one exchange at a time between them. */
class Crossing {
  readonly caller: Engine
  readonly answerer: Engine
  readonly exchange: Exchange
  readonly outcomes: EngineEvent[] = []
  readonly #answer: 'reply' | 'fault'
  readonly #size: number
  #message: Extract<EngineEvent, { readonly is: 'message' }> | undefined
  ran = false

  constructor(request: number, answer: 'reply' | 'fault', size: number) {
    const both = { uses: [Flow], serves: [Flow], limits: limitsOf(LIMITS), pq: 'off' } as const
    const pair = settle(pairOf({ initiator: both, responder: both }))
    this.caller = pair.initiator
    this.answerer = pair.responder
    this.#answer = answer
    this.#size = size
    const proof = admitted(this.caller.admit(act('call', 'q'.repeat(request), { ttlMs: 100 }), 0))
    this.exchange = this.caller.begin(proof, 0).exchange
  }

  play(step: Step, how: 'cancel' | 'deadline'): void {
    if (step === 'give up' && how === 'cancel') this.caller.cancel(this.exchange)
    if (step === 'give up' && how === 'deadline') this.caller.wake(100)
    if (step === 'answer') this.#answerNow()
    if (step === 'ask') this.move(this.caller, this.answerer)
    if (step === 'tell') this.move(this.answerer, this.caller)
    this.#look()
  }

  /** One record. */
  move(from: Engine, to: Engine): boolean {
    const bytes = from.take(0)
    if (bytes !== undefined) to.receive(bytes, 0)
    return bytes !== undefined
  }

  finish(): void {
    for (let moved = true; moved; ) {
      moved = this.move(this.caller, this.answerer)
      moved = this.move(this.answerer, this.caller) || moved
      this.#look()
      moved = this.#answerNow() || moved
    }
  }

  #answerNow(): boolean {
    const message = this.#message
    if (message === undefined) return false
    this.#message = undefined
    if (this.#answer === 'reply') this.answerer.reply(message.exchange, 'r'.repeat(this.#size))
    else this.answerer.fault(message.exchange, { code: 'call/fault', name: 'oops', data: undefined })
    return true
  }

  #look(): void {
    for (const event of eventsOf(this.answerer)) {
      if (event.is !== 'message') continue
      this.answerer.consumed(event)
      this.#message = event
      this.ran = true
    }
    this.outcomes.push(...eventsOf(this.caller))
  }
}

describe('a call that is given up', () => {
  const rows = [
    ['small, and so is the reply', 10, 'reply', 10],
    ['small, and the reply is in pieces', 10, 'reply', 1_900],
    ['in pieces', 1_900, 'reply', 10],
    ['in pieces, and so is the reply', 1_900, 'reply', 1_900],
    ['small, and the answer is a fault', 10, 'fault', 0],
    ['in pieces, and the answer is a fault', 1_900, 'fault', 0],
  ] as const
  test.each(rows)(
    'SE-57 SE-45 SE-36 SE-37 %s: in every order of what can happen it has one outcome, and the next call goes',
    (_, request, answer, size) => {
      const seen = new Set<string>()
      for (const how of ['cancel', 'deadline'] as const)
        for (const order of orders<Step>(['give up', 'answer', 'ask', 'ask', 'tell', 'tell'])) {
          const crossing = new Crossing(request, answer, size)
          const what = `${how}: ${order.join(', ')}`
          for (const step of order) crossing.play(step, how)
          crossing.finish()
          const [outcome, second] = crossing.outcomes
          expect(second, what).toBe(undefined)
          if (outcome?.is === 'fault') {
            const { code, ran } = outcome.error
            seen.add(`${code} ${ran}`)
            if (ran === 'no') expect(crossing.ran, what).toBe(false)
            if (ran === 'yes') expect(crossing.ran, what).toBe(true)
          } else seen.add(outcome?.is ?? 'none')
          // The only place is free again, at both ends, and no credit is lost.
          for (const [from, to] of [
            [crossing.caller, crossing.answerer],
            [crossing.answerer, crossing.caller],
          ] as const) {
            from.begin(admitted(from.admit(act('call', 'again'), 0)), 0)
            crossing.move(from, to)
            const [next] = eventsOf(to).filter(({ is }) => is === 'message')
            if (next?.is !== 'message') expect.fail(`${what}: the next call does not come`)
            to.consumed(next)
            to.reply(next.exchange, 'yes')
            crossing.move(to, from)
            expect(eventsOf(from), what).toMatchObject([{ is: 'reply', value: 'yes' }])
            expectWholeCredit(from, to, limitsOf(LIMITS))
          }
        }
      // What is given up late enough has its answer.
      const given = ['call/cancelled no', 'call/cancelled maybe', 'call/deadline no', 'call/deadline maybe']
      expect([...seen].sort()).toEqual([...given, answer === 'reply' ? 'reply' : 'call/fault yes'].sort())
    },
    120_000,
  )

  test('SE-57 sends STOP if it is whole, RESET and STOP if it is not, and nothing if it never began', () => {
    const give = (size: number, records: number) => {
      const raw = new Raw()
      const { exchange } = raw.begin(act('call', 'x'.repeat(size)))
      const sent = raw
        .records(records)
        .flat()
        .reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
      raw.engine.cancel(exchange)
      raw.engine.cancel(exchange)
      const { error } = raw.only('fault')
      return { sent, ran: error.ran, frames: raw.read() }
    }
    expect(give(10, 1)).toMatchObject({ ran: 'maybe', frames: [{ is: 'STOP', exchange: 2, code: cancelled }] })
    const half = give(200_000, 1)
    expect(half).toMatchObject({
      ran: 'no',
      frames: [
        { is: 'RESET', exchange: 2, code: cancelled, size: half.sent },
        { is: 'STOP', exchange: 2 },
      ],
    })
    expect(give(10, 0)).toEqual({ sent: 0, ran: 'no', frames: [] })
  })

  test('SE-44 SE-57 many of them, waiting, queued or half sent, leave no gap in the ids and no byte behind', () => {
    const raw = new Raw({}, { exchanges: 4, sessionWindow: 4_096 })
    const calls = Array.from(
      { length: 1_000 },
      (_, index) => raw.begin(act('call', 'x'.repeat(index % 2 === 0 ? 10 : 3_000))).exchange,
    )
    for (const exchange of calls) if (exchange !== calls[998]) raw.engine.cancel(exchange)
    expect(raw.take().length).toBe(999)
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 2, body: encode('x'.repeat(10)) }])
    raw.send(data(2))
    expect(raw.only('reply').exchange).toBe(calls[998])
    // None of what was given up holds credit: all but the 75 that went is there.
    expect(raw.begin(act('note', 'x'.repeat(4_096 - 75 - 64 - 3))).taken).toBe(true)
    expect(raw.begin(act('note')).taken).toBe(false)
  })
})

describe('a one-way message that is given up', () => {
  test('SE-57 before it is framed, or half sent: it surely did not run', () => {
    for (const records of [0, 1]) {
      const raw = new Raw()
      const { exchange } = raw.begin(act('note', 'x'.repeat(200_000)))
      const sent = raw
        .records(records)
        .flat()
        .reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
      raw.engine.cancel(exchange)
      expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'call/cancelled', ran: 'no' } })
      expect(raw.read()).toEqual(records === 0 ? [] : [{ is: 'RESET', exchange: 2, code: cancelled, size: sent }])
    }
  })

  test('SE-57 once it is framed there is nothing to give up', () => {
    const raw = new Raw()
    const { exchange } = raw.begin(act('note', 'x', { ttlMs: 10 }))
    raw.read()
    raw.engine.cancel(exchange)
    raw.nowMs = 10
    raw.engine.wake(10)
    expect([raw.take(), raw.read()]).toEqual([[], []])
  })

  test('SE-57 its ttl ends the wait for credit', () => {
    const raw = new Raw({}, { sessionWindow: 4_096 })
    raw.begin(act('note', 'x'.repeat(2_000)))
    raw.begin(act('note', 'x'.repeat(2_000)))
    const { exchange } = raw.begin(act('note', 'x', { ttlMs: 10 }))
    raw.read()
    expect(raw.engine.wakeAt()).toBe(10)
    raw.engine.wake(10)
    expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'call/deadline', ran: 'no' } })
  })

  test('SE-36 half received, it is forgotten and its credit comes back', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) })
    raw.send(begin({ exchange: 1, operation: NOTE, flags: more, body: filled(2_500) }), reset(1, 2_500))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toEqual([{ is: 'CREDIT', exchange: 0, limit: 4_096 + 2_564 }])
    raw.send(begin({ exchange: 3, flags: more, body: filled(10) }))
    expect(fate(raw)).toBe('alive')
  })
})

describe('at the answering end', () => {
  const asked = (raw: Raw, ttlMs = 0) => {
    raw.send(begin({ exchange: 1, ttlMs, body: encode('q') }))
    return raw.only('message').exchange
  }
  const answers = (raw: Raw): readonly unknown[] =>
    raw.read().map((frame) => ('code' in frame ? [frame.is, frame.code] : [frame.is]))

  test('SE-37 STOP tells the handler why, and what it answers then is not sent', () => {
    for (const code of ['call/cancelled', 'call/deadline'] as const) {
      const raw = new Raw()
      const exchange = asked(raw)
      raw.send(stop(1, code))
      expect(raw.only('cancelled')).toMatchObject({ exchange, error: { code } })
      expect(raw.read()).toEqual([])
      raw.engine.reply(exchange, 'late')
      expect(answers(raw)).toEqual([['FAULT', ERRORS[code].wire]])
      raw.engine.reply(exchange, 'again')
      raw.engine.fault(exchange, { code: 'call/cancelled' })
      expect(raw.read()).toEqual([])
    }
  })

  test('SE-37 STOP behind an answer that waits, or is half sent, takes the rest of it back', () => {
    for (const records of [0, 1]) {
      const raw = new Raw()
      const exchange = asked(raw)
      raw.engine.reply(exchange, 'x'.repeat(200_000))
      raw.records(records)
      raw.send(stop(1))
      // The handler is done: there is nobody to tell.
      expect(raw.take()).toEqual([])
      expect(answers(raw)).toEqual([['FAULT', cancelled]])
      raw.send(begin({ exchange: 3 }))
      expect(fate(raw)).toBe('alive')
    }
  })

  test('SE-57 SE-162 a deadline tells the handler, and takes back an answer that waits for credit', () => {
    const raw = new Raw()
    const exchange = asked(raw, 50)
    expect(raw.engine.wakeAt()).toBe(50)
    raw.engine.wake(49)
    expect(raw.take()).toEqual([])
    raw.engine.wake(50)
    expect(raw.only('cancelled')).toMatchObject({ exchange, error: { code: 'call/deadline' } })
    raw.engine.fault(exchange, { code: 'call/internal', incident: '1' })
    expect(answers(raw)).toEqual([['FAULT', late]])

    const slow = new Raw({}, { sessionWindow: 4_096 })
    slow.engine.reply(asked(slow, 50), 'x'.repeat(100_000))
    expect(answers(slow)).toEqual([['DATA']])
    slow.engine.wake(50)
    expect(slow.take()).toEqual([])
    expect(answers(slow)).toEqual([['FAULT', late]])
  })

  test('SE-57 a deadline before the message is whole refuses the rest', () => {
    const raw = new Raw()
    raw.send(begin({ exchange: 1, ttlMs: 50, flags: more, body: filled(100).subarray(0, 50) }))
    raw.engine.wake(50)
    expect(raw.take()).toEqual([])
    expect(answers(raw)).toEqual([['FAULT', late]])
    // The rest may be on its way, or the RESET that answers the FAULT.
    raw.send(data(1, filled(100).subarray(50)))
    expect(raw.take()).toEqual([])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-36 RESET of a call that is half received is answered', () => {
    const raw = new Raw()
    raw.send(begin({ exchange: 1, flags: more, body: filled(100) }), reset(1, 100), stop(1))
    expect(raw.take()).toEqual([])
    expect(answers(raw)).toEqual([['FAULT', cancelled]])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-35 a FAULT while the call is still being sent ends it with RESET, and frees its place', () => {
    const raw = new Raw({}, { exchanges: 1 })
    const { exchange } = raw.begin(act('call', 'x'.repeat(200_000)))
    raw.begin(act('call', 'next'))
    const sent = raw
      .records(1)
      .flat()
      .reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
    raw.send(fault(2, 'policy/denied'))
    expect(raw.only('fault')).toMatchObject({ exchange, error: { code: 'policy/denied', ran: 'no' } })
    expect(raw.read()).toMatchObject([
      { is: 'RESET', exchange: 2, code: ERRORS['policy/denied'].wire, size: sent },
      { is: 'BEGIN', exchange: 4 },
    ])
  })
})
