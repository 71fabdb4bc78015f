import { describe, expect, test } from 'vitest'
import { varintLength } from '../../src/bytes.js'
import { encode } from '../../src/cbor.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import { MAX_WAITING } from '../../src/session/exchanges.js'
import { FLAG } from '../../src/session/frames.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { limitsOf } from '../../src/session/limits.js'
import { CONTROL_BUDGET } from '../../src/session/outbox.js'
import {
  act,
  begin,
  CALL,
  credit,
  data,
  drain,
  end,
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

/** A peer with true keys that breaks one rule: the session dies of it with the code named, and tells it. */

const { more } = FLAG
const none = 0

type Breach = readonly [title: string, code: ErrorCode, play: (raw: Raw) => unknown, limits?: Record<string, number>]

const breaks = (list: readonly Breach[]): void => {
  for (const [title, code, play, limits] of list)
    test(title, () => {
      const raw = new Raw({ limits: limitsOf(limits) })
      play(raw)
      expect(fate(raw)).toBe(code)
    })
}

/** The engine calls; its exchange is 2, framed. */
const called = (raw: Raw, over: Parameters<typeof act>[2] = {}): Raw => {
  raw.begin(act('call', 'hello', over))
  raw.read()
  return raw
}

/** The engine has sent the note 2. */
const noted = (raw: Raw): Raw => {
  raw.begin(act('note', 'hello'))
  raw.read()
  return raw
}

/** The engine has a call of which only the first piece is framed. */
const pieced = (raw: Raw, operation: 'call' | 'note' = 'call'): Raw => {
  raw.begin(act(operation, 'x'.repeat(200_000)))
  raw.records(1)
  return raw
}

const denied = ERRORS['policy/denied'].wire
const details = encode({ name: 'oops' })

describe('BEGIN', () => {
  breaks([
    ['SE-44 the first exchange is 1, not 3', 'session/malformed', (raw) => raw.send(begin({ exchange: 3 }))],
    ['SE-44 nor 0', 'session/malformed', (raw) => raw.send(begin({ exchange: 0 }))],
    ['SE-44 nor one of the other end', 'session/malformed', (raw) => raw.send(begin({ exchange: 2 }))],
    [
      'SE-44 no id is used again',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1 }), begin({ exchange: 1 })),
    ],
    ['SE-44 there is no gap', 'session/malformed', (raw) => raw.send(begin({ exchange: 1 }), begin({ exchange: 5 }))],
    [
      'SE-44 a note takes an id as a call does',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1, operation: NOTE }), begin({ exchange: 1 })),
    ],
    ['SE-34 operation 2 of two', 'session/malformed', (raw) => raw.send(begin({ exchange: 1, operation: 2 }))],
    ['SE-34 operation 2^40', 'session/malformed', (raw) => raw.send(begin({ exchange: 1, operation: 2 ** 40 }))],
    [
      'SE-46 one call more than declared',
      'session/limit',
      (raw) => raw.send(...[1, 3, 5, 7].map((exchange) => begin({ exchange }))),
      { exchanges: 3 },
    ],
    [
      'SE-62 one byte over the window of an exchange',
      'session/limit',
      (raw) => raw.send(begin({ exchange: 1, body: filled(4_097) })),
      { exchangeWindow: 4_096 },
    ],
    [
      'SE-63 one byte over the message limit',
      'session/limit',
      (raw) => raw.send(begin({ exchange: 1, body: filled(2_049) })),
      { message: 2_048 },
    ],
    [
      'SE-64 a message that neither ends nor goes on',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1, flags: none })),
    ],
  ])

  test('SE-46 as many calls as declared are taken, and notes beside them', () => {
    const raw = new Raw({ limits: limitsOf({ exchanges: 3 }) })
    raw.send(...[1, 3, 5].map((exchange) => begin({ exchange })), begin({ exchange: 7, operation: NOTE }))
    expect(raw.take().map(({ is }) => is)).toEqual(['message', 'message', 'message', 'message'])
    expect(fate(raw)).toBe('alive')
  })

  test('SE-50 the session window is taken to the byte, and not one over', () => {
    const play = (over: number): Raw =>
      new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) }).send(
        begin({ exchange: 1, operation: NOTE, body: filled(2_000) }),
        begin({ exchange: 3, operation: NOTE, body: filled(4_096 - 2_064 - 64 + over) }),
      )
    expect(fate(play(0))).toBe('alive')
    expect(fate(play(1))).toBe('session/limit')
  })

  test('SE-50 SE-163 empty notes are bounded by 64 bytes each until they are consumed', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) })
    const notes = (from: number, count: number) =>
      Array.from({ length: count }, (_, index) => begin({ exchange: from + 2 * index, operation: NOTE }))
    raw.send(...notes(1, 64))
    expect(raw.take().length).toBe(64)
    raw.send(...notes(129, 1))
    expect(fate(raw)).toBe('session/limit')
  })
})

describe('DATA', () => {
  const opened = (raw: Raw, body = filled(100)): Raw => raw.send(begin({ exchange: 1, flags: more, body }))
  breaks([
    ['SE-39 for an exchange that never began', 'session/malformed', (raw) => raw.send(data(1, filled(3)))],
    ['SE-39 for exchange 0', 'session/malformed', (raw) => raw.send(data(0, filled(3)))],
    ['SE-39 for an own exchange of the future', 'session/malformed', (raw) => raw.send(data(2, filled(3)))],
    ['SE-39 behind the end of a request', 'session/malformed', (raw) => raw.send(begin({ exchange: 1 }), data(1))],
    [
      'SE-39 behind the end of a note',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1, operation: NOTE }), data(1)),
    ],
    ['SE-39 behind a reply', 'session/malformed', (raw) => called(raw).send(data(2), data(2))],
    ['SE-39 in an exchange that is past', 'session/malformed', (raw) => called(raw).each(data(2), data(2))],
    ['SE-39 as the reply to a note', 'session/malformed', (raw) => noted(raw).send(data(2))],
    ['SE-39 as a reply to half a request', 'session/malformed', (raw) => pieced(raw).send(data(2))],
    ['SE-39 empty, and going on', 'session/malformed', (raw) => opened(raw).send(data(1, undefined, more))],
    ['SE-64 with neither end nor more', 'session/malformed', (raw) => opened(raw).send(data(1, filled(3), none))],
    [
      'SE-47 a second request in pieces',
      'session/malformed',
      (raw) => opened(raw).send(begin({ exchange: 3, flags: more, body: filled(3) })),
    ],
    [
      'SE-47 a reply in pieces beside a request in pieces',
      'session/malformed',
      (raw) => called(opened(raw)).send(data(2, filled(3), more)),
    ],
    [
      'SE-63 a message in pieces one byte over the limit',
      'session/limit',
      (raw) => opened(raw, filled(1_000)).send(data(1, filled(1_000), more), data(1, filled(49))),
      { message: 2_048 },
    ],
    [
      'SE-63 a refused message over the limit',
      'session/limit',
      (raw) => opened(raw, filled(1_000)).send(stop(1), data(1, filled(1_000), more), data(1, filled(49))),
      { message: 2_048 },
    ],
    [
      'SE-62 a piece over what the exchange was given',
      'session/limit',
      (raw) => raw.send(begin({ exchange: 1, flags: more, body: filled(2_000) }), data(1, filled(2_097), more)),
      { exchangeWindow: 4_096 },
    ],
    [
      'SE-62 a reply over the window of its exchange',
      'session/limit',
      (raw) => called(raw).send(data(2, filled(4_097))),
      { exchangeWindow: 4_096 },
    ],
    [
      'SE-50 pieces over the session window',
      'session/limit',
      (raw) =>
        raw.send(
          begin({ exchange: 1, operation: NOTE, body: filled(4_032) }),
          begin({ exchange: 3, flags: more, body: filled(4) }),
        ),
      { sessionWindow: 4_096 },
    ],
  ])

  test('SE-62 a window of an exchange is taken to the byte', () => {
    const raw = new Raw({ limits: limitsOf({ exchangeWindow: 4_096 }) })
    raw.send(begin({ exchange: 1, flags: more, body: filled(2_000) }), data(1, filled(2_096), more))
    expect(fate(raw)).toBe('alive')
    expect(raw.read()).toMatchObject([{ is: 'CREDIT', exchange: 1, limit: 4_096 + 4_096 }])
  })
})

describe('FAULT', () => {
  breaks([
    ['SE-35 for an exchange that never began', 'session/malformed', (raw) => raw.send(fault(2, denied))],
    ['SE-35 for exchange 0', 'session/malformed', (raw) => raw.send(fault(0, denied))],
    [
      'SE-35 for an exchange of its sender',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1 }), fault(1, denied)),
    ],
    [
      'SE-35 for a note of its sender that is under way',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1, operation: NOTE, flags: more, body: filled(3) }), fault(1, denied)),
    ],
    ['SE-35 for a call that was answered', 'session/malformed', (raw) => called(raw).send(data(2), fault(2, denied))],
    ['SE-35 twice for a call', 'session/malformed', (raw) => called(raw).send(fault(2, denied), fault(2, denied))],
    ['SE-35 twice for a note', 'session/malformed', (raw) => noted(raw).send(fault(2, denied), fault(2, denied))],
    [
      'SE-35 twice for a note that was under way',
      'session/malformed',
      (raw) => pieced(raw, 'note').send(fault(2, denied), fault(2, denied)),
    ],
    [
      'SE-35 for a call as though it were a note',
      'session/malformed',
      (raw) => called(noted(raw)).each(data(4), fault(4, denied)),
    ],
    ...(['call/fault', 'call/internal', 'call/cancelled', 'call/deadline', 'session/closed'] as const).map(
      (code): Breach => [
        `SE-35 a note refused with ${code}`,
        'session/malformed',
        (raw) =>
          noted(raw).send(
            fault(
              2,
              code,
              code === 'call/fault' ? details : code === 'call/internal' ? encode({ incident: '' }) : undefined,
            ),
          ),
      ],
    ),
    ...[0, 1, 4, 15, 18, 52, 53, 255, 2 ** 40].map(
      (code): Breach => [`SE-49 with the code ${code}`, 'session/malformed', (raw) => called(raw).send(fault(2, code))],
    ),
    ...(['policy/denied', 'policy/limited', 'call/cancelled', 'call/deadline', 'session/closed'] as const).map(
      (code): Breach => [
        `SE-49 ${code} with details`,
        'session/malformed',
        (raw) => called(raw).send(fault(2, code, encode({}))),
      ],
    ),
    ...(
      [
        ['no details', 'call/fault', new Uint8Array(0)],
        ['details that are no CBOR', 'call/fault', Uint8Array.of(0xff)],
        ['details with a byte behind them', 'call/fault', Uint8Array.of(...details, 0)],
        ['details that are a list', 'call/fault', encode(['oops'])],
        ['no name', 'call/fault', encode({ data: 1 })],
        ['a name that is no text', 'call/fault', encode({ name: 1 })],
        ['a name of 256 bytes', 'call/fault', encode({ name: 'é'.repeat(128) })],
        ['a member that is not known', 'call/fault', encode({ name: 'oops', more: 1 })],
        ['the details of another code', 'call/internal', details],
        ['an incident of 256 bytes', 'call/internal', encode({ incident: 'x'.repeat(256) })],
        ['a path that is a number', 'contract/invalid', encode({ path: 1 })],
        ['details over 16,384 bytes', 'call/fault', encode({ name: 'oops', data: 'x'.repeat(16_384) })],
      ] as const
    ).map(
      ([what, code, body]): Breach => [
        `SE-49 ${what}`,
        'session/malformed',
        (raw) => called(raw).send(fault(2, code, body)),
      ],
    ),
    [
      'SE-49 malformed details for a call that was given up',
      'session/malformed',
      (raw) => {
        const { exchange } = raw.begin(act('call'))
        raw.read()
        raw.engine.cancel(exchange)
        raw.send(fault(2, 'call/fault', encode(1)))
      },
    ],
  ])

  test('SE-49 details of 16,384 bytes are taken, and not one more', () => {
    const head = encode({ name: 'oops', data: 'x'.repeat(16_000) }).length - 16_000
    const play = (length: number): Raw =>
      called(new Raw()).send(fault(2, 'call/fault', encode({ name: 'oops', data: 'x'.repeat(length - head) })))
    expect(fate(play(16_384))).toBe('alive')
    expect(fate(play(16_385))).toBe('session/malformed')
  })

  test('SE-35 an old note does not answer for an exchange that is a round of the ring later', () => {
    const raw = new Raw({}, { sessionWindow: 4_096 })
    // 64 places: exchange 2 and exchange 130 have the same one.
    noted(raw)
    for (let exchange = 4; exchange <= 130; exchange += 2) {
      called(raw).send(data(exchange))
      if (exchange % 64 === 0) raw.send(credit(0, 4_096 + 1_950 * (exchange / 64)))
    }
    expect(fate(raw)).toBe('alive')
    raw.send(fault(130, denied))
    expect(fate(raw)).toBe('session/malformed')
  })

  test('SE-54 as many notes as the window lets be under way can each be refused, and by their operation', () => {
    const raw = new Raw({}, { sessionWindow: 4_096 })
    for (let count = 0; count < 64; count++) raw.begin(act('note'))
    expect(raw.read().length).toBe(64)
    for (let exchange = 2; exchange <= 128; exchange += 2)
      raw.send(fault(exchange, 'contract/invalid', encode({ path: '' })))
    const refused = raw.take()
    expect(refused.length).toBe(64)
    for (const [index, event] of refused.entries())
      expect(event).toMatchObject({
        is: 'refused',
        verb: 'send',
        address: 'flow.v1.note',
        decision: expect.stringMatching(`\\.ri\\.${2 + 2 * index}\\.0$`),
      })
  })
})

describe('RESET', () => {
  const opened = (raw: Raw): Raw => raw.send(begin({ exchange: 1, flags: more, body: filled(100) }))
  breaks([
    ['SE-36 for an exchange that never began', 'session/malformed', (raw) => raw.send(reset(1, 0))],
    ['SE-36 with fewer bytes than were sent', 'session/malformed', (raw) => opened(raw).send(reset(1, 99))],
    ['SE-36 with more bytes than were sent', 'session/malformed', (raw) => opened(raw).send(reset(1, 101))],
    ['SE-36 behind the end', 'session/malformed', (raw) => raw.send(begin({ exchange: 1 }), reset(1, 0))],
    ['SE-36 twice', 'session/malformed', (raw) => opened(raw).send(reset(1, 100), reset(1, 100))],
    ['SE-36 of the other end', 'session/malformed', (raw) => called(raw).send(reset(2, 0))],
    ['SE-36 of the other end, under way', 'session/malformed', (raw) => pieced(raw).send(reset(2, 0))],
    ['SE-36 with a code that is none', 'session/malformed', (raw) => opened(raw).send(reset(1, 100, 15))],
    ['SE-36 with the code 0', 'session/malformed', (raw) => opened(raw).send(reset(1, 100, 0))],
    ['SE-39 before a DATA', 'session/malformed', (raw) => opened(raw).send(reset(1, 100), data(1))],
  ])
})

describe('STOP', () => {
  breaks([
    ['SE-37 for an exchange that never began', 'session/malformed', (raw) => raw.send(stop(1))],
    ['SE-37 for exchange 0', 'session/malformed', (raw) => raw.send(stop(0))],
    ['SE-37 for a call of the other end', 'session/malformed', (raw) => called(raw).send(stop(2))],
    ['SE-37 for a past call of the other end', 'session/malformed', (raw) => called(raw).each(data(2), stop(2))],
    ['SE-37 twice', 'session/malformed', (raw) => raw.send(begin({ exchange: 1 }), stop(1), stop(1))],
    [
      'SE-37 for a note under way',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1, operation: NOTE, flags: more, body: filled(3) }), stop(1)),
    ],
    [
      'SE-37 with another code',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1 }), stop(1, 'policy/denied')),
    ],
    ['SE-37 with the code 0', 'session/malformed', (raw) => raw.send(begin({ exchange: 1 }), stop(1, 0))],
  ])

  test('SE-37 for a past call it has no effect', () => {
    const raw = new Raw().send(begin({ exchange: 1, operation: CALL }))
    raw.engine.reply(raw.only('message').exchange, 'done')
    expect(raw.read()).toMatchObject([{ is: 'DATA' }])
    raw.send(stop(1))
    expect(raw.take()).toEqual([])
    expect(raw.read()).toEqual([])
    expect(fate(raw)).toBe('alive')
  })
})

describe('CREDIT', () => {
  const window = 4_096
  const small = (): Raw => new Raw({}, { sessionWindow: window, exchangeWindow: window })
  /** Of the session's window 4,048 bytes are used up. */
  const spent = (): Raw => {
    const raw = small()
    for (let count = 0; count < 2; count++) raw.begin(act('note', textOf(1_960)))
    raw.read()
    return raw
  }
  const cases: readonly (readonly [string, (raw: Raw) => unknown])[] = [
    ['SE-51 equal to the limit', (raw) => raw.send(credit(0, window))],
    ['SE-51 below the limit', (raw) => raw.send(credit(0, 1))],
    ['SE-51 less than a quarter above it', (raw) => raw.send(credit(0, window + window / 4 - 1))],
    ['SE-51 the same twice', (raw) => raw.send(credit(0, window + 4_048), credit(0, window + 4_048))],
    ['SE-51 lower than before', (raw) => raw.send(credit(0, window + 4_048), credit(0, window))],
    ['SE-51 for an exchange that never began', (raw) => raw.send(credit(1, 2 * window))],
    ['SE-51 for an own exchange of the future', (raw) => raw.send(credit(6, 2 * window))],
    ['SE-51 for what was not sent', (raw) => raw.send(credit(0, 2 * window))],
    ['SE-51 of an exchange, equal to its limit', (raw) => pieced(raw).send(credit(6, window))],
    ['SE-51 of an exchange, a step too small', (raw) => pieced(raw).send(credit(6, window + window / 4 - 1))],
    [
      'SE-51 for a note, in which nothing comes back',
      (raw) => raw.send(begin({ exchange: 1, operation: NOTE, flags: more, body: filled(3) }), credit(1, 2 * window)),
    ],
  ]
  test.each(cases)('%s', (_, play) => {
    const raw = spent()
    play(raw)
    expect(fate(raw)).toBe('session/malformed')
  })

  test('SE-51 a quarter above the limit is taken, and so is any for a past exchange', () => {
    const raw = called(spent())
    raw.send(credit(0, window + window / 4))
    raw.read()
    raw.send(data(6), credit(6, 1), credit(6, 2 ** 50))
    expect(fate(raw)).toBe('alive')
  })
})

describe('DRAIN and END', () => {
  breaks([
    ['SE-38 twice', 'session/malformed', (raw) => raw.send(drain(0), drain(0))],
    ['SE-38 for an exchange of the future', 'session/malformed', (raw) => raw.send(drain(2))],
    [
      'SE-38 for an exchange of its sender',
      'session/malformed',
      (raw) => raw.send(begin({ exchange: 1 })) && called(raw).send(drain(1)),
    ],
  ])

  test('SE-41 what follows END is not looked at', () => {
    const raw = new Raw().each(end(), begin({ exchange: 99 }), Uint8Array.of(255))
    expect(raw.take()).toEqual([{ is: 'closed', error: undefined }])
    expect(raw.read()).toEqual([{ is: 'END', code: 0 }])
  })

  test('SE-59 an END with a code loses what is open', () => {
    const raw = called(new Raw()).send(end(3))
    expect(raw.take()).toMatchObject([
      { is: 'fault', error: { code: 'session/lost', ran: 'maybe' } },
      { is: 'closed', error: { code: 'session/lost' } },
    ])
    expect(raw.read()).toEqual([])
  })
})

describe('floods', () => {
  test.each([0, 10_000])(
    'SE-53 PINGs that nobody lets us answer end the session, behind %i refusals or none',
    (refusals) => {
      // No PING of its own stands between.
      const quiet = { idleMs: 86_400_000 }
      const raw = new Raw({ policy: rules(), limits: limitsOf(quiet), keepaliveMs: 86_400_000 }, quiet)
      for (let exchange = 1; exchange < 2 * refusals; exchange += 2) raw.send(begin({ exchange, operation: NOTE }))
      raw.take()
      raw.read()
      const ping = (count: number): Uint8Array => encodeFrame({ is: 'PING', count })
      let count = 0
      for (let owed = 0; owed <= CONTROL_BUDGET; owed += 1 + varintLength(count)) {
        expect(raw.engine.over).toBe(false)
        raw.nowMs += 100
        raw.send(ping(++count))
      }
      expect(fate(raw)).toBe('session/limit')
    },
  )

  test('SE-53 a peer that spends credit it has not read is let go on for 64 KiB of CREDIT at most', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) })
    let notes = 0
    while (!raw.engine.over && notes < 5_000_000) {
      raw.send(
        ...Array.from({ length: 30 }, (_, index) => begin({ exchange: 2 * (notes + index) + 1, operation: NOTE })),
      )
      notes += 30
      for (let event = raw.engine.next(); event?.is === 'message'; event = raw.engine.next()) raw.engine.consumed(event)
    }
    // 32 notes a CREDIT, which takes 4 to 10 bytes.
    expect(notes / 32).toBeLessThan(CONTROL_BUDGET / 4)
    expect(raw.engine.state).toBe('dead')
    expect(raw.read().at(-1)).toEqual({ is: 'END', code: ERRORS['session/limit'].wire })
  })

  test('SE-45 SE-54 begin and reset, or begin and refusal, leave no more behind than a peer may have open', () => {
    const head = { id: 'no', effect: 'deny', by: ['any'], verbs: ['call', 'send'], on: ['>'] }
    const loops: readonly (readonly [(exchange: number) => Uint8Array[], Raw])[] = [
      // The FAULT of a call that was given up holds its exchange.
      [
        (exchange) => [begin({ exchange, flags: more, body: filled(3) }), reset(exchange, 3)],
        new Raw({ limits: limitsOf({ exchanges: 4 }) }),
      ],
      [
        (exchange) => [begin({ exchange, flags: more, body: filled(3) }), stop(exchange), reset(exchange, 3)],
        new Raw({ limits: limitsOf({ exchanges: 4 }) }),
      ],
      // The FAULT of a note holds 64 bytes.
      [
        (exchange) => [begin({ exchange, operation: NOTE })],
        new Raw({ limits: limitsOf({ sessionWindow: 4_096 }), policy: rules(head) }),
      ],
      [
        (exchange) => [begin({ exchange, operation: NOTE, body: Uint8Array.of(255) })],
        new Raw({ limits: limitsOf({ sessionWindow: 4_096 }) }),
      ],
    ]
    for (const [frames, raw] of loops) {
      let exchange = 1
      for (; !raw.engine.over && exchange < 1_000; exchange += 2) raw.each(...frames(exchange))
      expect((exchange - 1) / 2).toBeLessThanOrEqual(66)
      expect(fate(raw)).toBe('session/limit')
    }
  })

  test('SE-45 a call that was stopped counts until its handler is done', () => {
    const raw = new Raw({ limits: limitsOf({ exchanges: 2 }) })
    raw.send(begin({ exchange: 1 }), stop(1), begin({ exchange: 3 }), stop(3))
    const events = raw.take()
    expect(events.map(({ is }) => is)).toEqual(['message', 'cancelled', 'message', 'cancelled'])
    const [first] = events
    if (first?.is !== 'message') expect.fail('it came')
    raw.engine.reply(first.exchange, 'too late')
    expect(raw.read()).toEqual([
      { is: 'FAULT', exchange: 1, code: ERRORS['call/cancelled'].wire, body: new Uint8Array(0) },
    ])
    raw.send(begin({ exchange: 5 }))
    expect(fate(raw)).toBe('alive')
    raw.send(begin({ exchange: 7 }))
    expect(fate(raw)).toBe('session/limit')
  })

  test('SE-52 a message in a million pieces of a byte is one buffer', () => {
    const raw = new Raw({ limits: limitsOf({ message: 2 ** 20 }) })
    const body = filled(2 ** 20)
    raw.send(begin({ exchange: 1, operation: NOTE, flags: more, body: body.subarray(0, 1) }))
    for (let at = 1; at < body.length; ) {
      const frames: Uint8Array[] = []
      for (; frames.length < 4_000 && at < body.length; at++)
        frames.push(data(1, body.subarray(at, at + 1), at === body.length - 1 ? FLAG.end : more))
      raw.send(...frames)
      raw.read()
    }
    expect(raw.only('message').value).toBe('a'.repeat(2 ** 20 - 5))
  }, 120_000)

  test('SE-46 SE-57 a peer that gives no credit and no answer: calls wait, deadlines end them, too many are refused', () => {
    const raw = new Raw({}, { exchanges: 2, sessionWindow: 4_096 })
    for (let count = 0; count < 2 + MAX_WAITING; count++) raw.begin(act('call', 'x'.repeat(1_900), { ttlMs: 50 }))
    expect(() => raw.begin(act('call'))).toThrow('session/busy')
    expect(raw.read().length).toBe(2)
    expect(raw.engine.wakeAt()).toBe(50)
    raw.nowMs = 50
    raw.engine.wake(50)
    const faults = raw.take()
    expect(faults.length).toBe(2 + MAX_WAITING)
    const ran = faults.map((event) =>
      event.is === 'fault' && event.error.code === 'call/deadline' ? event.error.ran : '?',
    )
    expect([ran.filter((word) => word === 'maybe').length, ran.filter((word) => word === 'no').length]).toEqual([
      2,
      MAX_WAITING,
    ])
    expect(raw.read()).toEqual([2, 4].map((exchange) => ({ is: 'STOP', exchange, code: ERRORS['call/deadline'].wire })))
    // The slots are not free before the peer has answered.
    raw.begin(act('call'))
    expect(raw.read()).toEqual([])
    raw.send(fault(2, 'call/deadline'))
    expect(raw.read()).toMatchObject([{ is: 'BEGIN', exchange: 6 }])
  })

  test('SE-53 many calls given up at once are not the peer asking for control frames', () => {
    const raw = new Raw({ limits: limitsOf({ exchanges: 20_000 }) }, { exchanges: 20_000, sessionWindow: 2 ** 22 })
    for (let count = 0; count < 20_000; count++) raw.begin(act('call', undefined, { ttlMs: 1 }))
    expect(raw.read().length).toBe(20_000)
    raw.nowMs = 1
    raw.engine.wake(1)
    expect(raw.take().length).toBe(20_000)
    expect(raw.read().filter(({ is }) => is === 'STOP').length).toBe(20_000)
    expect(fate(raw)).toBe('alive')
  })
})
