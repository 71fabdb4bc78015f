import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import { generateIdentity } from '../../src/identity/identity.js'
import { Split } from '../../src/noise/split.js'
import type { SplitKeys } from '../../src/noise/symmetricstate.js'
import type { Engine } from '../../src/session/engine.js'
import { NO_LABELS } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import {
  REFRESH_EVENTS,
  REFRESH_GAP_MS,
  REFRESH_LIMIT_MS,
  REFRESH_MS,
  REFRESHES,
  type RefreshState,
} from '../../src/session/refresh.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import { withFixedKeys } from '../setup/nonces.js'
import { begin, body, endOf, eventsOf, frame, Note, valuesOf } from './byhand.js'
import { ASK, Nested, nestedOf, REKEY_0, REKEY_1, refreshOf } from './nested.js'
import { type Pair, pairOf, settle, suitesOf } from './pair.js'

const [, XX] = SUITES
const [first] = providers
if (first === undefined) throw new Error('expected a provider')
const quick = providers.at(-1) ?? first
const HOUR = 3_600_000
/** Nothing but a refresh wakes these sessions. */
const limits = limitsOf({ idleMs: 86_400_000 })
const calm = { limits, keepaliveMs: 86_400_000 }

const note = (exchange: number, value: number): Uint8Array => begin(exchange, body(Uint8Array.of(value)))

const opened = (role: 'initiator' | 'responder', over = {}): Nested => {
  const nested = new Nested(role, quick, XX, { ...calm, ...over })
  eventsOf(nested.engine)
  return nested
}

/** The error a session ended with, after what was done to it. */
const fate = ({ engine }: Nested): string => endOf(eventsOf(engine)) ?? 'alive'

describe.each(providers)('$name', (provider) => {
  test.each(suitesOf(provider))(
    'CH-20 CH-22 CH-28 CH-29 refresh after refresh, both roles, data goes on under new keys ($name)',
    (suite) => {
      for (const role of ['initiator', 'responder'] as const) {
        const nested = new Nested(role, provider, suite, calm)
        eventsOf(nested.engine)
        const [theirs, mine] = role === 'initiator' ? [2, 1] : [1, 2]
        for (let round = 0; round < 3; round++) {
          const now = (round + 1) * HOUR
          nested.refresh(now)
          nested.send(now, note(theirs + 2 * round, round))
          say(nested.engine, round, now)
          const [record = []] = nested.said(now)
          expect(record).toMatchObject([{ is: 'BEGIN', exchange: mine + 2 * round }])
        }
        expect(valuesOf(eventsOf(nested.engine))).toEqual([0, 1, 2].map((value) => Uint8Array.of(value)))
        expect(nested.engine.state).toBe('open')
      }
    },
  )

  test('CH-20 CH-23 each message is in one REFRESH, of the length of the suite with psk3, and no longer', () => {
    for (const suite of suitesOf(provider)) {
      const [one, two, three] = nestedOf(suite).sizes
      const nested = new Nested('responder', provider, suite, calm)
      const hand = nested.open()
      const first = hand.writeMessage()
      expect(first.length).toBe(one)
      nested.send(HOUR, refreshOf(first))
      const second = nested.said1(HOUR)
      expect(second.length).toBe(two)
      expect(hand.readMessage(second)).toEqual(EMPTY)
      expect(hand.writeMessage().length).toBe(three)
    }
  })
})

test('CH-21 the root is HMAC(x, "Sotto/1 root" | h | 01)', () => {
  const hmac = (key: Uint8Array, ...parts: (Uint8Array | string)[]): Uint8Array => {
    const mac = createHmac('sha256', key)
    for (const part of parts) mac.update(part)
    return mac.digest()
  }
  // x is not shown: what is shown is HMAC(x, ...) of the exporter's label, so the root is checked where x is known.
  const x = new Uint8Array(32).fill(7)
  const h = new Uint8Array(32).fill(9)
  const keys = { k1: new Uint8Array(32).fill(1), k2: new Uint8Array(32).fill(2), x: concat(x) }
  const split = splitOf(keys, h)
  expect(split.takeRoot()).toEqual(Uint8Array.from(hmac(x, 'Sotto/1 root', h, Uint8Array.of(1))))
  expect(() => split.takeRoot()).toThrow('noise/misuse')
})

describe('the table', () => {
  const NOW = HOUR + 2_000

  /** What brings a session to each state that lasts longer than a record. */
  const reach: Readonly<Record<Exclude<RefreshState, 'R.finished'>, (nested: Nested) => unknown>> = {
    'I.idle': () => undefined,
    'I.asked': (nested) => nested.send(1_000, ASK),
    'I.started': (nested) => nested.started(HOUR),
    'I.begun': (nested) => nested.started(HOUR).send(HOUR, ASK),
    'I.owing': (nested) => nested.started(HOUR).send(HOUR, refreshOf(nested.message())),
    'I.finished': (nested) => {
      nested.started(HOUR).send(HOUR, refreshOf(nested.message()))
      nested.third(HOUR)
    },
    'R.idle': () => undefined,
    'R.asked': (nested) => {
      nested.engine.wake(HOUR + REFRESH_GAP_MS)
      expect(nested.said1(HOUR + REFRESH_GAP_MS)).toEqual(EMPTY)
    },
    'R.answered': (nested) => nested.answered(HOUR),
    'R.owing': (nested) => {
      const third = nested.answered(HOUR).message()
      nested.send(HOUR, refreshOf(third), REKEY_1).records.split.send.succeed(nested.split().send)
    },
  }

  const events = {
    ask: (nested: Nested) => nested.send(NOW, ASK),
    // Its first byte is enough to know that it may come at all.
    message: (nested: Nested) => nested.send(NOW, refreshOf(Uint8Array.of(1))),
    switch: (nested: Nested) => nested.send(NOW, REKEY_1),
  }

  test.each(Object.entries(reach))(
    'CH-11 CH-24 CH-25 in %s an event that is not in its row ends the session',
    (state, to) => {
      const row = Object.entries(REFRESHES).find(([name]) => name === state)?.[1] ?? {}
      for (const [event, act] of Object.entries(events)) {
        // Only what is asked of it makes this initiator start before the hour is over.
        const nested = opened(state.startsWith('I') ? 'initiator' : 'responder')
        to(nested)
        expect(nested.engine.over, `${state} is reached`).toBe(false)
        if (state === 'I.idle' || state === 'I.asked') {
          // Here NOW would be its time to start.
          nested.engine.receive(
            nested.records.seal(event === 'ask' ? ASK : event === 'switch' ? REKEY_1 : refreshOf(Uint8Array.of(1))),
            1_500,
          )
        } else act(nested)
        const end = event === 'switch' ? 'session/malformed' : 'session/unexpected'
        expect(fate(nested), `${event} in ${state}`).toBe(event in row ? 'alive' : end)
      }
    },
  )

  test('CH-25 the table leads to states of the table, by every event there is', () => {
    const rows = Object.values(REFRESHES).flatMap((row) => Object.entries(row))
    for (const [, to] of rows) expect(Object.keys(REFRESHES)).toContain(to)
    expect([...new Set(rows.map(([event]) => event))].sort()).toEqual([...REFRESH_EVENTS].sort())
  })

  test('CH-24 R never starts: a message of its is refused, and a second ask before the refresh that the first was for', () => {
    const nested = opened('initiator')
    nested.send(1_000, ASK)
    nested.started(2_000)
    nested.send(2_000, ASK)
    expect(fate(nested)).toBe('session/unexpected')
    // After it, R may ask again.
    const other = opened('initiator')
    other.send(1_000, ASK).refresh(2_000)
    other.send(2_000, ASK)
    expect(fate(other)).toBe('alive')
    other.refresh(4_000)
    expect(fate(other)).toBe('alive')
  })
})

describe('CH-26 what is not the handshake of the same two ends, keyed with the root, ends the session:', () => {
  test('CH-26 another static, at the initiator: no message 3 is written', () => {
    const nested = opened('initiator').started(HOUR, { keys: generateIdentity() })
    nested.send(HOUR, refreshOf(nested.message()))
    expect(nested.said(HOUR)).toEqual([[{ is: 'END', code: 16 }]])
    expect(fate(nested)).toBe('identity/not-trusted')
  })

  test('CH-26 another static, at the responder', () => {
    const nested = opened('responder').answered(HOUR, { keys: generateIdentity() })
    expect(fate(nested.send(HOUR, refreshOf(nested.message()), REKEY_1))).toBe('identity/not-trusted')
  })

  test('CH-22 CH-26 another h or run: neither end reads message 1', () => {
    for (const twist of [{ h: new Uint8Array(32).fill(1) }, { run: 2 }, { run: 0 }]) {
      const nested = opened('responder')
      expect(fate(nested.send(HOUR, refreshOf(nested.open(twist).writeMessage())))).toBe('noise/failed')
      expect(nested.said(HOUR)).toEqual([])
      expect(() => opened('initiator').started(HOUR, twist)).toThrow('noise/failed')
    }
  })

  test('CH-20 CH-26 another psk: neither end reads message 3, which alone holds it', () => {
    const twist = { psk: new Uint8Array(32).fill(1) }
    const nested = opened('responder').answered(HOUR, twist)
    expect(fate(nested.send(HOUR, refreshOf(nested.message()), REKEY_1))).toBe('noise/failed')
    const other = opened('initiator').started(HOUR, twist)
    other.send(HOUR, refreshOf(other.message()))
    expect(() => other.third(HOUR)).toThrow('noise/failed')
  })

  test('CH-26 an ephemeral that is not canonical', () => {
    for (const spoil of [
      (bytes: Uint8Array) => (bytes[31] = (bytes[31] ?? 0) | 0x80),
      (bytes: Uint8Array) => bytes.fill(0xff, 0, 31).fill(0x7f, 31, 32),
    ]) {
      const nested = opened('responder')
      const message1 = nested.open().writeMessage()
      spoil(message1)
      expect(fate(nested.send(HOUR, refreshOf(message1)))).toBe('session/malformed')
      const other = opened('initiator').started(HOUR)
      const message2 = other.message()
      spoil(message2)
      expect(fate(other.send(HOUR, refreshOf(message2)))).toBe('session/malformed')
    }
  })

  test('CH-26 any byte of any message changed', () => {
    for (const at of [0, 1, 31, 32, 47]) {
      const nested = opened('responder')
      const message1 = nested.open().writeMessage()
      message1[at] = (message1[at] ?? 0) ^ 1
      expect(fate(nested.send(HOUR, refreshOf(message1))), `message 1 at ${at}`).toBe('noise/failed')
    }
    for (const at of [0, 32, 95]) {
      const nested = opened('initiator').started(HOUR)
      const message2 = nested.message()
      message2[at] = (message2[at] ?? 0) ^ 1
      expect(fate(nested.send(HOUR, refreshOf(message2))), `message 2 at ${at}`).toBe('noise/failed')
    }
    for (const at of [0, 47, 48, 63]) {
      const nested = opened('responder').answered(HOUR)
      const message3 = nested.message()
      message3[at] = (message3[at] ?? 0) ^ 1
      expect(fate(nested.send(HOUR, refreshOf(message3), REKEY_1)), `message 3 at ${at}`).toBe('noise/failed')
    }
  })
})

describe('the clock of a refresh', () => {
  test('CH-27 a start under 1 s after the opening, or after the last end, ends the session; at 1 s it does not', () => {
    for (const [at, end] of [
      [0, 'session/limit'],
      [REFRESH_GAP_MS - 1, 'session/limit'],
      [REFRESH_GAP_MS, 'alive'],
    ] as const) {
      const nested = opened('responder')
      expect(fate(nested.send(at, refreshOf(nested.open().writeMessage()))), `${at}`).toBe(end)
      const later = opened('responder')
      later.refresh(HOUR)
      expect(fate(later.send(HOUR + at, refreshOf(later.open().writeMessage()))), `${at} after`).toBe(end)
    }
  })

  test('CH-27 120 s without completion end the session, whichever message is missing', () => {
    const stuck: readonly (readonly [Nested, number])[] = [
      [opened('initiator').started(HOUR), HOUR],
      [
        opened('initiator')
          .started(HOUR)
          .send(HOUR + 5, ASK),
        HOUR,
      ],
      [opened('responder').answered(HOUR), HOUR],
    ]
    const finished = opened('initiator').started(HOUR)
    finished.send(HOUR + 7, refreshOf(finished.message())).third(HOUR + 7)
    const asked = opened('responder')
    asked.engine.wake(HOUR + REFRESH_GAP_MS)
    for (const [nested, from] of [...stuck, [finished, HOUR], [asked, HOUR + REFRESH_GAP_MS]] as const) {
      expect(nested.engine.wakeAt()).toBe(from + REFRESH_LIMIT_MS)
      nested.engine.wake(from + REFRESH_LIMIT_MS - 1)
      expect(nested.engine.over).toBe(false)
      nested.engine.wake(from + REFRESH_LIMIT_MS)
      expect(fate(nested)).toBe('session/timeout')
    }
  })

  test('CH-27 what was asked for ends 120 s after it was asked: a start in the last second wins no time', () => {
    const asked = HOUR + REFRESH_GAP_MS
    const nested = opened('responder')
    nested.engine.wake(asked)
    expect(nested.said1(asked)).toEqual(EMPTY)
    nested.answered(asked + REFRESH_LIMIT_MS - 1)
    expect(nested.engine.wakeAt()).toBe(asked + REFRESH_LIMIT_MS)
    nested.engine.wake(asked + REFRESH_LIMIT_MS)
    expect(fate(nested)).toBe('session/timeout')
  })

  test('CH-30 I starts after an hour, or sooner where its setting says so, and 2 s after the last end at the soonest', () => {
    for (const [refreshMs, due] of [
      [undefined, HOUR],
      [HOUR * 5, HOUR],
      [60_000, 60_000],
      [0, 2_000],
    ] as const) {
      const nested = opened('initiator', { rekey: refreshMs === undefined ? {} : { refreshMs } })
      for (let round = 0, from = 0; round < 3; round++) {
        expect(nested.engine.wakeAt()).toBe(from + due)
        nested.engine.wake(from + due - 1)
        expect(nested.said(from + due - 1)).toEqual([])
        from += due
        nested.refresh(from)
      }
    }
    expect(REFRESH_MS).toBe(HOUR)
  })

  test('CH-30 I starts when it is asked to, 2 s after the last end at the soonest', () => {
    const nested = opened('initiator')
    nested.send(100, ASK)
    expect(nested.engine.wakeAt()).toBe(2_000)
    nested.refresh(2_000)
    nested.send(50_000, ASK)
    expect(nested.engine.wakeAt()).toBeLessThanOrEqual(50_000)
    nested.refresh(50_000)
    expect(nested.engine.wakeAt()).toBe(50_000 + HOUR)
  })

  test('CH-30 R asks when I has not started a second after the time of R, once', () => {
    const nested = opened('responder', { rekey: { refreshMs: 10_000 } })
    expect(nested.engine.wakeAt()).toBe(11_000)
    nested.engine.wake(10_999)
    expect(nested.said(10_999)).toEqual([])
    nested.engine.wake(11_000)
    expect(nested.said1(11_000)).toEqual(EMPTY)
    expect(nested.engine.wakeAt()).toBe(11_000 + REFRESH_LIMIT_MS)
    nested.refresh(12_000)
    expect(nested.engine.wakeAt()).toBe(23_000)
  })
})

describe('the change of keys', () => {
  test('CH-28 message 3 without REKEY 1 in its record ends the session', () => {
    const nested = opened('responder').answered(HOUR)
    expect(fate(nested.send(HOUR, refreshOf(nested.message())))).toBe('session/unexpected')
    const other = opened('responder').answered(HOUR)
    expect(fate(other.send(HOUR, refreshOf(other.message()), REKEY_0))).toBe('session/unexpected')
  })

  test('CH-28 an END in the place of REKEY 1 is no clean end, and the session has one end', () => {
    const nested = opened('responder').answered(HOUR)
    nested.send(HOUR, refreshOf(nested.message()), frame({ is: 'END', code: 0 }))
    const ends = eventsOf(nested.engine).filter(({ is }) => is === 'closed')
    expect(ends).toMatchObject([{ error: { code: 'session/unexpected' } }])
    expect(nested.engine.state).toBe('dead')
  })

  test('CH-28 I puts message 3 and REKEY 1 in one record with what else waits, and goes on with the new key', () => {
    const nested = opened('initiator').started(HOUR)
    say(nested.engine, 1, HOUR)
    nested.send(HOUR, refreshOf(nested.message()))
    say(nested.engine, 2, HOUR)
    const kinds = nested.third(HOUR).map(({ is }) => is)
    expect(kinds).toEqual(['REFRESH', 'BEGIN', 'BEGIN', 'REKEY'])
    const split = nested.split()
    nested.records.split.receive.succeed(split.receive)
    say(nested.engine, 3, HOUR)
    expect(nested.said(HOUR).flat()).toMatchObject([{ is: 'BEGIN', exchange: 5 }])
    // R seals with its old keys, and may rekey them, until its own REKEY 1.
    nested.send(HOUR, note(2, 1)).send(HOUR, note(4, 2), REKEY_0)
    nested.records.split.send.rekey()
    nested.send(HOUR, note(6, 3), REKEY_1)
    nested.records.split.send.succeed(split.send)
    nested.send(HOUR, note(8, 4))
    expect(valuesOf(eventsOf(nested.engine))).toEqual([1, 2, 3, 4].map((value) => Uint8Array.of(value)))
    nested.send(HOUR, REKEY_1)
    expect(fate(nested)).toBe('session/malformed')
  })

  test('CH-28 R ends its next record with REKEY 1, with or without anything else in it, in place of a REKEY 0', () => {
    for (const rekey of [{}, { records: 1 }])
      for (const says of [0, 3]) {
        const nested = opened('responder', { rekey }).answered(HOUR)
        const third = nested.message()
        const split = nested.split()
        nested.send(HOUR, refreshOf(third), REKEY_1)
        nested.records.split.send.succeed(split.send)
        for (let value = 0; value < says; value++) say(nested.engine, value, HOUR)
        const records = nested.said(HOUR, split)
        expect(
          records.map((frames) => frames.map((each) => (each.is === 'REKEY' ? each.generation : each.is))),
        ).toEqual([[...Array.from({ length: says }, () => 'BEGIN'), 1]])
        say(nested.engine, 9, HOUR)
        expect(nested.said(HOUR).flat()[0]).toMatchObject({ is: 'BEGIN' })
      }
  })

  test('CH-28 what is sealed with an old key after REKEY 1 does not open, nor what is sealed with the new one before', () => {
    const late = opened('responder')
    const third = late.answered(HOUR).message()
    late.split()
    late.send(HOUR, refreshOf(third), REKEY_1).send(HOUR, note(1, 1))
    expect(fate(late)).toBe('channel/forged')
    const early = opened('initiator').started(HOUR)
    early.send(HOUR, refreshOf(early.message())).third(HOUR)
    const split = early.split()
    early.records.split.send.succeed(split.send)
    expect(fate(early.send(HOUR, note(2, 1)))).toBe('channel/forged')
  })

  test('CH-23 a peer that takes only short records gets the messages in pieces, and may send them so', () => {
    const [hfs] = SUITES
    const short = limitsOf({ plaintext: 1_024, idleMs: 86_400_000 })
    const pair = settle(
      pairOf({
        initiator: { provider: { ...quick, nativeAes: false }, limits: short, keepaliveMs: 10 ** 8, pq: 'require' },
        responder: { limits: short, keepaliveMs: 10 ** 8 },
      }),
    )
    expect(pair.initiator.state).toBe('open')
    const before = pair.wire.length
    pair.initiator.wake(HOUR)
    settle(pair, HOUR)
    const sizes = pair.wire
      .slice(before)
      .map(({ from, bytes }) => `${from === 'initiator' ? 'I' : 'R'} ${bytes.length - 18}`)
    const [one, two, three] = nestedOf(hfs).sizes
    expect(sizes).toEqual([
      `I ${3 + 1_019}`,
      `I ${3 + one - 1_019}`,
      `R ${3 + 1_019}`,
      `R ${3 + two - 1_019}`,
      `I ${3 + three + 2}`,
      'R 2',
    ])
    // One that fits to the byte is in one frame, with no empty one behind it: that would be an ask.
    for (const size of [one, two]) {
      const fits = limitsOf({ plaintext: size + 5, idleMs: 86_400_000 })
      const ends = { limits: fits, keepaliveMs: 10 ** 8 }
      const exact = settle(
        pairOf({ initiator: { ...ends, provider: { ...quick, nativeAes: false }, pq: 'require' }, responder: ends }),
      )
      const count = exact.wire.length
      exact.initiator.wake(HOUR)
      settle(exact, HOUR)
      expect([exact.initiator.state, exact.responder.state]).toEqual(['open', 'open'])
      expect(exact.wire.length - count).toBe(size < one ? 5 : 4)
    }
    // Any cut will do; a byte of the next message in it will not.
    const nested = opened('responder')
    const message1 = nested.open().writeMessage()
    for (const byte of message1) nested.send(HOUR, refreshOf(Uint8Array.of(byte)))
    nested.handshake?.readMessage(nested.said1(HOUR))
    expect(fate(nested.send(HOUR, refreshOf(concat(nested.message(), Uint8Array.of(0))), REKEY_1))).toBe(
      'session/malformed',
    )
  })

  test('CH-23 nothing stands between the pieces of a message, an ask that could cross it least of all', () => {
    const nested = opened('initiator').started(HOUR)
    const second = nested.message()
    expect(fate(nested.send(HOUR, refreshOf(second.subarray(0, 10)), ASK))).toBe('session/unexpected')
  })

  test('CH-33 exports and the session id are those of the handshake, before and after', () => {
    const lines: string[] = []
    const side = { ...calm, keyLog: (line: string) => void lines.push(line) }
    const pair = settle(pairOf({ initiator: side, responder: calm }))
    const [one, two] = [pair.initiatorEvents, pair.responderEvents].map(([event]) => {
      if (event?.is !== 'established') throw new Error('expected a session')
      return event.established
    })
    const before = one?.exportKey('test', EMPTY, 32)
    for (let round = 1; round <= 3; round++) {
      pair.initiator.wake(round * HOUR)
      settle(pair, round * HOUR)
      expect([one?.exportKey('test', EMPTY, 32), two?.exportKey('test', EMPTY, 32)]).toEqual([before, before])
    }
    expect(one?.id).toBe(two?.id)
    expect(lines.filter((line) => line.startsWith('sotto/1')).map((line) => line.split(' ')[3])).toEqual([
      '0',
      '0',
      '1',
      '1',
      '2',
      '2',
      '3',
      '3',
    ])
  })
})

describe('CH-32 while a session ends', () => {
  const END = frame({ is: 'END', code: 0 })

  test('CH-32 a drain lets a refresh begin and end; the END may come in the middle of one, from either end', () => {
    // After so many pieces of bytes have travelled, the one end closes.
    for (const closer of ['initiator', 'responder'] as const)
      for (let pieces = 0; pieces <= 6; pieces++) {
        const pair = settle(pairOf({ initiator: calm, responder: calm }))
        pair.initiator.wake(HOUR)
        let left = pieces
        while (left-- > 0) if (!step(pair, HOUR)) break
        pair[closer].close(HOUR, 5_000)
        settle(pair, HOUR)
        expect([endOf(pair.initiatorEvents), endOf(pair.responderEvents)], `${closer} ${pieces}`).toEqual([
          'clean',
          'clean',
        ])
      }
  })

  test('CH-32 an end that has sent END takes what is left of a refresh without an answer, and the keys that follow', () => {
    // R has answered message 1 and ended: message 3 and what follows it are under way already.
    const nested = opened('responder').answered(HOUR)
    nested.engine.close(HOUR, 1_000)
    expect(
      nested
        .said(HOUR)
        .flat()
        .map(({ is }) => is),
    ).toEqual(['DRAIN', 'END'])
    const third = nested.message()
    nested.send(HOUR, refreshOf(third), REKEY_1).records.split.send.succeed(nested.split().send)
    expect([nested.engine.state, nested.said(HOUR)]).toEqual(['ending', []])
    nested.send(HOUR, END)
    expect(fate(nested)).toBe('clean')
    // R has ended: message 1 comes too late to be answered.
    const late = opened('responder')
    late.engine.close(HOUR, 1_000)
    late.said(HOUR)
    late.send(HOUR, refreshOf(late.open().writeMessage()))
    // Nor is it looked at: there is nothing for it to begin, and no time that it comes too soon in.
    late.send(HOUR, refreshOf(Uint8Array.of(1)), refreshOf(new Uint8Array(8_000)), ASK)
    expect([late.engine.state, late.said(HOUR)]).toEqual(['ending', []])
    late.send(HOUR, END)
    expect(fate(late)).toBe('clean')
    // I has ended in the middle: message 2 and an ask are not answered, and REKEY 1 is obeyed.
    const begun = opened('initiator').started(HOUR)
    begun.engine.close(HOUR, 1_000)
    begun.said(HOUR)
    begun.send(HOUR, ASK).send(HOUR, refreshOf(begun.message())).send(HOUR, END)
    expect([begun.said(HOUR), fate(begun)]).toEqual([[], 'clean'])
    const finished = opened('initiator').started(HOUR)
    finished.send(HOUR, refreshOf(finished.message())).third(HOUR)
    const split = finished.split()
    finished.records.split.receive.succeed(split.receive)
    finished.engine.close(HOUR, 1_000)
    finished.said(HOUR)
    finished.send(HOUR, REKEY_1).records.split.send.succeed(split.send)
    finished.send(HOUR, END)
    expect(fate(finished)).toBe('clean')
  })

  test('CH-28 an END needs no REKEY before it: a session that dies owing one says only END', () => {
    const nested = opened('responder').answered(HOUR)
    const third = nested.message()
    nested.send(HOUR, refreshOf(third), REKEY_1).records.split.send.succeed(nested.split().send)
    nested.send(HOUR, Uint8Array.of(0xee))
    expect(nested.said(HOUR)).toEqual([[{ is: 'END', code: 1 }]])
    expect(fate(nested)).toBe('session/malformed')
  })
})

test('CH-31 under load both ways, with rekeys and a refresh every few hundred records, nothing waits and order holds', () => {
  const generations = new Set<string>()
  const keyLog = (line: string): void => void generations.add(line.split(' ')[3] ?? '')
  const side = { ...calm, keyLog, rekey: { records: 97, refreshMs: 2_000 }, uses: [Note], serves: [Note] }
  const pair = settle(pairOf({ initiator: side, responder: side }))
  const ends = [
    ['initiator', pair.initiator, pair.responder],
    ['responder', pair.responder, pair.initiator],
  ] as const
  for (let round = 0; round < 3_000; round++) {
    const now = 10 * round
    for (const [, from, to] of ends) {
      from.wake(now)
      say(from, round % 256, now)
      // The message is in the very next record, whatever a refresh is doing.
      const record = from.take(now)
      if (record === undefined) throw new Error('a message waits')
      to.receive(record, now)
      const messages = eventsOf(to).filter((event) => event.is === 'message')
      expect(messages.map(({ value }) => value)).toEqual([Uint8Array.of(round % 256)])
      for (const message of messages) to.consumed(message)
    }
  }
  settle(pair, 30_000)
  expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
  // The handshake's keys, and those of a refresh every 2 s.
  expect(generations.size - 1).toBeGreaterThan(12)
})

test('CH-31 a message in many pieces goes on through a refresh', () => {
  const side = { ...calm, rekey: { refreshMs: 2_000 }, uses: [Note], serves: [Note] }
  const pair = settle(pairOf({ initiator: side, responder: side }))
  const long = Uint8Array.from({ length: 900_000 }, (_, index) => index % 251)
  sayBytes(pair.initiator, long, 0)
  sayBytes(pair.responder, long, 0)
  for (let now = 1_000, moved = true; moved; now += 100) {
    pair.initiator.wake(now)
    pair.responder.wake(now)
    moved = step(pair, now)
  }
  for (const events of [pair.initiatorEvents, pair.responderEvents]) expect(valuesOf(events)).toEqual([long])
})

function sayBytes(engine: Engine, value: Uint8Array, nowMs: number): void {
  const act = { contract: 'note.v1', operation: 'put', value, ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, nowMs)
  if ('effect' in admitted) throw new Error('expected the gate to let it pass')
  engine.begin(admitted, nowMs)
}

function say(engine: Engine, value: number, nowMs: number): void {
  sayBytes(engine, Uint8Array.of(value), nowMs)
}

/** Carries one piece of bytes each way; true if any moved. */
function step(pair: Pair, nowMs: number): boolean {
  let moved = false
  for (const [from, to] of [
    ['initiator', 'responder'],
    ['responder', 'initiator'],
  ] as const) {
    const bytes = pair[from].take(nowMs)
    if (bytes === undefined) continue
    moved = true
    pair[to].receive(bytes, nowMs)
    const events = eventsOf(pair[to])
    pair[`${to}Events`].push(...events)
    for (const event of events) if (event.is === 'message') pair[to].consumed(event)
  }
  return moved
}

/** What a finished handshake with these keys and h leaves. */
function splitOf(keys: SplitKeys, h: Uint8Array): Split {
  const { cipher, hash } = quick
  return withFixedKeys('the keys of a known x', () => {
    const of = { keys, h, cipher: cipher.ChaChaPoly, hash: hash.SHA256, remoteStatic: undefined }
    return new Split({ ...of, role: 'initiator', oneWay: false })
  })
}
