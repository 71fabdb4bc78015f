import { describe, expect, test } from 'vitest'
import { concat, utf8, varintLength } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import type { Delivery } from '../../src/session/delivery.js'
import { Engine } from '../../src/session/engine.js'
import type { Exchange } from '../../src/session/exchange.js'
import { FLAG } from '../../src/session/frames.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { limitsOf } from '../../src/session/limits.js'
import type { Arrived } from '../../src/session/narrowing.js'
import { CONTROL_BUDGET } from '../../src/session/outbox.js'
import { heldBy } from '../setup/held.js'
import { initiatorSide, pairOf, settle } from './pair.js'
import {
  act,
  admitted,
  anyAct,
  begin,
  CALL,
  end,
  eventsOf,
  Flow,
  fate,
  filled,
  Places,
  Raw,
  Streams,
  stop,
  TALK,
} from './wire.js'

/** Numbers in a session that speaks all three contracts. */
const NEWS = 6
const EMPTY_MAP = Uint8Array.of(0xa0)
const allowing = { version: 1, rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call'], on: ['>'] }] }
const GONE = SottoError.of('session/closed', 'given up')

interface Open {
  readonly raw: Raw
  readonly message: Arrived
  readonly call: Exchange
  readonly stream: Exchange
  readonly subscription: Exchange
  readonly own: Exchange
  readonly delivery: Delivery
}

/** A session with a call, a stream and a subscription of the peer, and an own call. */
const opened = (): Open => {
  const raw = new Raw({ policy: anyAct() }, {}, [Flow, Streams, Places])
  raw.send(
    begin({ exchange: 1, operation: CALL, body: EMPTY_MAP }),
    begin({ exchange: 3, operation: TALK, flags: 0, body: EMPTY_MAP }),
    begin({ exchange: 5, operation: NEWS, subject: 'of.a.b', standing: true, flags: 0 }),
  )
  const [message, stream, subscription] = raw.take().filter((event) => event.is === 'message')
  if (message === undefined || stream === undefined || subscription === undefined)
    throw new Error('expected three messages')
  const { exchange: own } = raw.begin(act('call', {}))
  raw.read()
  return {
    raw,
    message,
    call: message.exchange,
    stream: stream.exchange,
    subscription: subscription.exchange,
    own,
    delivery: { subject: 'of.a.b', item: EMPTY_MAP, bytes: 1, content: () => ({}) },
  }
}

/** Everything that may still be asked of a session, whatever has become of it. */
const askAll = (engine: Engine, of: Open, nowMs: number): unknown[] => {
  engine.reply(of.call, {})
  engine.fault(of.call, { code: 'call/cancelled' })
  engine.end(of.stream)
  engine.stop(of.stream)
  engine.cancel(of.own)
  engine.consumed(of.message)
  engine.retrust(nowMs)
  engine.reask(nowMs)
  return [engine.item(of.stream, {}, nowMs), engine.deliver(of.subscription, of.delivery, nowMs)]
}

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
  return 'nothing'
}

/** What has to be told whether it was done. */
const REFUSING: readonly (readonly [string, (engine: Engine, of: Open) => unknown])[] = [
  ['admit', (engine) => engine.admit(act('call', {}), 0)],
  ['begin', (engine, { raw }) => engine.begin(admitted(raw.engine.admit(act('call', {}), 0)), 0)],
  ['ping', (engine) => engine.ping(0)],
  ['renew', (engine) => engine.renew(new Uint8Array(1), 0)],
]

describe('a session that is over', () => {
  const overs: readonly (readonly [string, (of: Open) => void])[] = [
    ['given up', ({ raw }) => raw.engine.abort(GONE)],
    ['cut off', ({ raw }) => raw.engine.ended()],
    ['ended by its peer', ({ raw }) => raw.send(end())],
  ]

  test.each(overs)('SE-41 SE-43 %s, does nothing any more, whatever is asked of it', (_, over) => {
    const of = opened()
    const { engine } = of.raw
    over(of)
    of.raw.read()
    expect(of.raw.take().filter(({ is }) => is === 'closed')).toHaveLength(1)
    expect([engine.over, engine.wakeAt()]).toEqual([true, Number.POSITIVE_INFINITY])
    expect(askAll(engine, of, 0)).toEqual([true, true])
    engine.receive(new Uint8Array(40), 1)
    engine.wake(1e9)
    engine.ended(new Error('late'))
    engine.abort(GONE)
    engine.close(0, 10)
    expect([engine.take(1e9), engine.next(), engine.wakeAt()]).toEqual([undefined, undefined, Number.POSITIVE_INFINITY])
  })

  test.each(overs)('LI-21 %s, says so to whoever asks for more', (_, over) => {
    const of = opened()
    const proof = admitted(of.raw.engine.admit(act('call', {}), 0))
    over(of)
    expect(codeOf(() => of.raw.engine.begin(proof, 0))).toBe('session/closed')
    for (const [name, ask] of REFUSING)
      if (name !== 'begin')
        expect(
          codeOf(() => ask(of.raw.engine, of)),
          name,
        ).toBe('session/closed')
  })

  test('SE-41 is what is refused too: nothing comes behind it, and it is told once', () => {
    const pair = settle(pairOf({ initiator: { uses: [Flow] } }))
    for (const end of ['initiator', 'responder'] as const) {
      const events = pair[`${end}Events`]
      expect([events.map(({ is }) => is), pair[end].over]).toEqual([['closed'], true])
      pair[end].ended()
      pair[end].abort(GONE)
      pair[end].wake(1e9)
      pair[end].close(0, 1)
      expect([pair[end].next(), pair[end].take(0), pair[end].wakeAt()]).toEqual([undefined, undefined, Infinity])
    }
  })
})

describe('before there is a session', () => {
  const beginning = () => {
    const engine = Engine.initiate(initiatorSide(), 0)
    expect(engine.take(0)).toBeDefined()
    return engine
  }

  test('SE-15 nothing is sent, judged or taken, whatever is asked of it', () => {
    const of = opened()
    const engine = beginning()
    expect(askAll(engine, of, 0)).toEqual([true, true])
    expect(engine.stands(of.message)).toBe(true)
    expect([engine.take(0), engine.next(), engine.state]).toEqual([undefined, undefined, 'I.answer'])
  })

  test.each(REFUSING)('LI-21 %s is told that there is none', (_, ask) => {
    expect(codeOf(() => ask(beginning(), opened()))).toBe('session/closed')
  })

  test('SE-9 a close and an abort are without a byte', () => {
    for (const leave of [(engine: Engine) => engine.close(0, 1_000), (engine: Engine) => engine.abort(GONE)]) {
      const engine = Engine.initiate(initiatorSide(), 0)
      leave(engine)
      const [closed, ...others] = eventsOf(engine)
      expect([closed?.is, others, engine.take(0), engine.state]).toEqual(['closed', [], undefined, 'dead'])
      expect(
        closed?.is === 'closed' &&
          codeOf(() => {
            throw closed.error
          }),
      ).toBe('session/closed')
    }
  })

  test('SE-9 it has its time, to the millisecond', () => {
    const engine = beginning()
    expect(engine.wakeAt()).toBe(10_000)
    engine.wake(9_999)
    expect(engine.next()).toBeUndefined()
    engine.wake(10_000)
    expect(eventsOf(engine)).toMatchObject([{ is: 'closed', error: { code: 'session/timeout' } }])
  })
})

describe('a close', () => {
  test('SE-42 whose deadline passes cuts what is open, and then waits a second for the END of the peer', () => {
    const { raw } = opened()
    const { engine } = raw
    engine.close(0, 500)
    expect(raw.read()).toMatchObject([{ is: 'DRAIN', last: 5 }])
    expect(engine.wakeAt()).toBe(500)
    engine.wake(500)
    raw.nowMs = 500
    expect(raw.read().at(-1)).toMatchObject({ is: 'END', code: 0 })
    raw.take()
    engine.close(600, 1)
    expect([engine.state, engine.wakeAt(), raw.read()]).toEqual(['ending', 1_500, []])
    engine.wake(1_499)
    expect(raw.take()).toEqual([])
    engine.wake(1_500)
    expect(raw.take()).toMatchObject([{ is: 'closed', error: { code: 'session/timeout' } }])
    expect(raw.read()).toEqual([])
  })

  test('SE-42 once the own END has gone nothing is begun any more, and the peer’s is not answered', () => {
    const raw = new Raw()
    raw.engine.close(0, 500)
    expect(raw.read().at(-1)).toMatchObject({ is: 'END', code: 0 })
    expect(codeOf(() => raw.engine.admit(act('call', {}), 0))).toBe('session/closed')
    raw.send(end())
    expect([raw.read(), raw.engine.state, raw.take()]).toEqual([[], 'closed', [{ is: 'closed', error: undefined }]])
  })

  test('SE-42 is not hurried by another once what is open was cut, and nothing more is asked of it', () => {
    const { raw } = opened()
    const { engine } = raw
    engine.close(0, 500)
    raw.nowMs = 500
    engine.wake(500)
    // Its END is not sealed yet.
    expect(engine.state).toBe('open')
    engine.close(500, 0)
    expect(engine.wakeAt()).toBe(1_500)
    for (const [name, ask] of REFUSING)
      if (name !== 'begin') expect([name, codeOf(() => ask(engine, opened()))]).toEqual([name, 'session/closed'])
  })

  test('SE-66 whose DRAIN was not framed says it in front of its answer to the END of the peer', () => {
    const raw = new Raw()
    raw.send(begin({ exchange: 1 }))
    raw.engine.close(0, 500)
    raw.send(end())
    expect(raw.records()).toMatchObject([
      [
        { is: 'DRAIN', last: 1 },
        { is: 'END', code: 0 },
      ],
    ])
    expect(raw.engine.state).toBe('closed')
  })
})

describe('an end', () => {
  test('SE-68 goes behind what was sealed before it', () => {
    const pair = pairOf({ initiator: { uses: [Flow] }, responder: { serves: [Flow] } })
    const { initiator, responder } = pair
    const carried = (from: Engine, to: Engine): void => {
      for (let bytes = from.take(0); bytes !== undefined; bytes = from.take(0)) to.receive(bytes, 0)
    }
    carried(initiator, responder)
    while (responder.state !== 'open') {
      carried(responder, initiator)
      carried(initiator, responder)
    }
    // ACCEPT is sealed, and not taken, when a record comes that does not open.
    responder.receive(new Uint8Array([0, 32, ...new Uint8Array(32)]), 0)
    expect(eventsOf(responder).at(-1)).toMatchObject({ is: 'closed', error: { code: 'channel/forged' } })
    carried(responder, initiator)
    expect(eventsOf(initiator).map(({ is }) => is)).toEqual(['established'])
  })

  test('ME-44 leaves nothing of what had come in part', () => {
    const { raw } = opened()
    const part = utf8('the beginning of a record that never comes whole')
    raw.engine.receive(concat(Uint8Array.of(0x10, 0), part), 0)
    const holds = () => heldBy(raw.engine, 4).some((bytes) => Buffer.from(bytes).includes(Buffer.from(part)))
    expect(holds()).toBe(true)
    raw.engine.abort(GONE)
    expect(holds()).toBe(false)
  })

  test('SE-53 comes of the CREDIT of what the rules deny by now, where the peer reads nothing of what it makes owe', () => {
    const quiet = { idleMs: 86_400_000 }
    const store = policyStore(allowing)
    const limits = limitsOf({ ...quiet, sessionWindow: 4_096, exchangeWindow: 4_096 })
    const raw = new Raw({ policy: store, limits, keepaliveMs: 86_400_000 }, quiet, [Flow])
    raw.send(begin({ exchange: 1, operation: CALL, body: filled(3_000), flags: FLAG.end }))
    const [message] = raw.take()
    if (message?.is !== 'message') throw new Error('expected a call')
    raw.send(stop(1, 'call/cancelled'))
    raw.engine.reply(message.exchange, {})
    let owed = 0
    for (let count = 1; owed + 1 + varintLength(count) <= CONTROL_BUDGET; count++) {
      owed += 1 + varintLength(count)
      raw.nowMs += 100
      raw.send(encodeFrame({ is: 'PING', count }))
    }
    expect(raw.engine.over).toBe(false)
    store.replace({ version: 1, rules: [] })
    expect(raw.engine.stands(message)).toMatchObject({ code: 'policy/denied' })
    expect(fate(raw)).toBe('session/limit')
  })
})
