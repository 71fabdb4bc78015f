import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { ERRORS } from '../../src/errors.js'
import { FLAG } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import type { ResponderSide } from '../../src/session/side.js'
import { SUITES } from '../../src/session/suites.js'
import { heldBy } from '../setup/held.js'
import { endOf, eventsOf, frame, openInitiator } from './byhand.js'
import {
  act,
  anyAct,
  begin,
  credit,
  data,
  Flow,
  fate,
  fault,
  filled,
  NOTE,
  Places,
  placed,
  Raw,
  rules,
  Streams,
  stop,
  stretch,
  TALK,
} from './wire.js'

const { more } = FLAG
const none = 0
const [, XX] = SUITES
const least = { limits: limitsOf({ sessionWindow: 4_096, exchangeWindow: 4_096 }) }
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] }

describe('credit of what comes to nothing', () => {
  const long = { ...allow, id: 'no', effect: 'deny', when: [{ attribute: 'bytes', is: 'gt', value: 10 }] }
  const ways: readonly (readonly [string, Partial<ResponderSide>, Uint8Array])[] = [
    ['is no strict CBOR', {}, filled(1_000).fill(0xff)],
    ['is denied by its head', { policy: rules() }, filled(1_000)],
    ['is denied by its size', { policy: rules(allow, long) }, filled(1_000)],
    ['its service refuses', {}, filled(1_000)],
  ]

  test.each(ways)('SE-54 SE-163 comes back with the FAULT of a message that %s, all of it', (_, over, body) => {
    const raw = new Raw({ ...least, ...over })
    for (let exchange = 1; exchange < 100; exchange += 2) {
      raw.send(begin({ exchange, operation: NOTE, body }))
      for (const event of raw.take())
        if (event.is === 'message') raw.engine.consumed(event, { code: 'contract/invalid', path: '' })
      expect(raw.read()[0]).toMatchObject({ is: 'FAULT', exchange })
    }
    expect(fate(raw)).toBe('alive')
  })

  test('SE-58 SE-65 comes back of what is begun behind a DRAIN, all of it and without a word', () => {
    const raw = new Raw(least).send(begin({ exchange: 1 }))
    raw.take()
    raw.engine.close(0, 1_000)
    expect(raw.read()).toEqual([{ is: 'DRAIN', last: 1 }])
    for (let exchange = 3; exchange < 400; exchange += 2) {
      raw.send(begin({ exchange, operation: NOTE }))
      expect(raw.read().filter(({ is }) => is !== 'CREDIT')).toEqual([])
    }
    expect(fate(raw)).toBe('alive')
  })

  test('SE-62 the last piece of a message counts as the others do', () => {
    const last = (length: number): Raw =>
      new Raw({ limits: limitsOf({ exchangeWindow: 4_096 }) }).send(
        begin({ exchange: 1, flags: more, body: filled(1_500) }),
        data(1, filled(length)),
      )
    expect(fate(last(4_096 - 1_500))).toBe('alive')
    expect(fate(last(4_096 - 1_499))).toBe('session/limit')
  })
})

describe('a frame of an exchange', () => {
  test('SE-35 a FAULT for one of its sender, or one that has not begun, names no message that was sent', () => {
    // The peer's window is 64 BEGINs: as many are kept, and 130 has the place of 2.
    for (const exchange of [3, 130]) {
      const raw = new Raw({}, { sessionWindow: 4_096 }).send(begin({ exchange: 1 }), begin({ exchange: 3 }))
      raw.begin(act('note', 'x'))
      raw.read()
      raw.take()
      expect(fate(raw.send(fault(exchange, 'policy/denied'))), `of ${exchange}`).toBe('session/malformed')
    }
  })

  test.each([
    ['policy/denied', undefined],
    ['policy/limited', undefined],
    ['contract/invalid', { path: 'n' }],
  ] as const)('SE-35 a one-way message may be refused with %s', (code, details) => {
    const raw = new Raw()
    raw.begin(act('note', 'x'))
    raw.read()
    raw.send(fault(2, code, details && encode(details)))
    expect(raw.only('refused')).toMatchObject({ verb: 'send', address: 'flow.v1.note' })
    expect(fate(raw)).toBe('alive')
  })

  test.each([
    ['call/internal', { incident: '00' }],
    ['call/cancelled', undefined],
    ['session/closed', undefined],
  ] as const)('SE-35 %s is told of no one-way message', (code, details) => {
    const raw = new Raw()
    raw.begin(act('note', 'x'))
    raw.read()
    expect(fate(raw.send(fault(2, code, details && encode(details))))).toBe('session/malformed')
  })

  test('SE-37 a STOP for exchange 0 is none, at either end', () => {
    expect(fate(new Raw().send(stop(0)))).toBe('session/malformed')
    const { engine, records } = openInitiator(defaultProvider, XX)
    engine.receive(records.seal(frame({ is: 'STOP', exchange: 0, code: ERRORS['call/cancelled'].wire })), 0)
    expect(endOf(eventsOf(engine))).toBe('session/malformed')
  })

  test('SE-51 a CREDIT for a one-way message of its sender is none, while it is in pieces too', () => {
    for (const limit of [1, 2 ** 18, 2 ** 18 + 2 ** 16, 2 ** 19]) {
      const raw = new Raw().send(begin({ exchange: 1, operation: NOTE, flags: more, body: filled(100) }))
      expect(fate(raw.send(credit(1, limit)))).toBe('session/malformed')
    }
  })

  test('SE-49 of bytes no item is refused before the request is whole', () => {
    const asked = (value: string): Raw => {
      const raw = new Raw({ policy: anyAct() }, { plaintext: 1_024 }, [Flow, Streams])
      raw.begin(stretch('tube', value))
      raw.records(1)
      return raw
    }
    const refused = fault(2, 'policy/denied', encode({ item: 1 }))
    expect(fate(asked('q').send(refused))).toBe('alive')
    expect(fate(asked('x'.repeat(5_000)).send(refused))).toBe('session/malformed')
  })

  test('SE-123 SE-59 a STOP tells the writer that what went up may have run', () => {
    const raw = new Raw({ policy: anyAct() }, {}, [Flow, Streams])
    raw.begin(stretch('talk', 'q'))
    raw.read()
    raw.send(stop(2))
    expect(raw.only('stopped').error).toMatchObject({ code: 'call/cancelled', ran: 'maybe' })
  })

  test('SE-49 a reply that is not strict CBOR is told as one, of the whole body', () => {
    const raw = new Raw()
    const { exchange } = raw.begin(act('call'))
    raw.read()
    raw.send(data(2, Uint8Array.of(0xff)))
    const { error, exchange: of } = raw.only('fault')
    expect(of).toBe(exchange)
    expect(error).toMatchObject({ code: 'contract/invalid', ran: 'yes', details: { path: '' } })
  })
})

describe('the FAULT of what stands', () => {
  const told = (drains: boolean, code: 'session/closed' | 'topic/slow') => {
    const raw = new Raw({ policy: anyAct() }, {}, [Places])
    raw.begin(placed('plain', undefined, { standing: true }))
    raw.read()
    if (drains) raw.engine.close(0, 1_000)
    raw.take()
    raw.send(fault(2, code))
    const event = raw.take().find(({ is }) => is === 'fault')
    return event?.is === 'fault' && [event.error.code, event.error.ran]
  }

  test('SE-158 SE-59 with session/closed, is the end of the session where this end leaves, and else what it says', () => {
    expect(told(true, 'session/closed')).toEqual(['session/closed', 'maybe'])
    expect(told(false, 'session/closed')).toEqual(['session/closed', 'no'])
    expect(told(true, 'topic/slow')).toEqual(['topic/slow', 'yes'])
  })
})

test('SE-43 ME-44 of a message in pieces nothing is kept when its session is over', () => {
  const raw = new Raw()
  const holds = (): boolean =>
    heldBy(raw.engine, 8).some((bytes) => Buffer.from(bytes).includes(Buffer.from('some of a message')))
  raw.send(begin({ exchange: 1, flags: more, body: encode('some of a message in pieces').subarray(0, -1) }))
  expect(holds()).toBe(true)
  raw.engine.ended()
  expect(holds()).toBe(false)
})

test('SE-131 an item that the rules deny ends its stream under the id that its sender can compute', () => {
  const talk = { ...allow, verbs: ['stream'] }
  const deny = {
    ...talk,
    id: 'no',
    effect: 'deny',
    when: [
      { attribute: 'body.who', is: 'present' },
      { attribute: 'body.who', is: 'eq', value: 'eve' },
    ],
  }
  const raw = new Raw({ policy: rules(talk, deny) }, {}, [Flow, Streams])
  raw.send(begin({ exchange: 1, operation: TALK, flags: none, body: encode('q') }))
  const { exchange } = raw.only('message')
  raw.send(data(1, encode({ who: 'eve' }), none))
  const [denied, cancelled] = raw.take()
  if (denied?.is !== 'denied' || cancelled?.is !== 'cancelled') expect.fail('both come')
  const { decision } = denied.denial
  expect(decision).toMatch(/\.ir\.1\.1$/)
  expect(cancelled).toMatchObject({
    exchange,
    error: { code: 'policy/denied', details: { decision, address: 'streams.v1.talk' } },
  })
  expect(raw.read()).toMatchObject([{ is: 'FAULT', body: encode({ item: 1 }) }])
})
