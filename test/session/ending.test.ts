import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import type { AeadKey } from '../../src/crypto/provider.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import { decodeFrames, type Frame, NO_LABELS } from '../../src/session/frames.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  begin,
  body,
  endOf,
  eventsOf,
  frame,
  openInitiator,
  openResponder,
  type Records,
  valuesOf,
  writtenBy,
} from './byhand.js'

const [, XX] = SUITES
const [first] = providers
if (first === undefined) throw new Error('expected a provider')
const provider = providers.at(-1) ?? first

const drain = (last: number): Uint8Array => frame({ is: 'DRAIN', last })
const end = (code: number): Uint8Array => frame({ is: 'END', code })
const note = (exchange: number): Uint8Array => begin(exchange, body(EMPTY))

const said = (engine: Engine, records: Records, nowMs = 0): Frame[] => {
  const frames: Frame[] = []
  for (let bytes = engine.take(nowMs); bytes !== undefined; bytes = engine.take(nowMs))
    frames.push(...decodeFrames(records.open(bytes)))
  return frames
}

const say = (engine: Engine): void => {
  const act = { contract: 'note.v1', operation: 'put', value: null, ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, 0)
  if ('effect' in admitted) throw new Error('expected the gate to let it pass')
  engine.begin(admitted, 0)
}

describe.each([
  ['responder', openResponder, 1, 2],
  ['initiator', openInitiator, 2, 1],
] as const)('%s', (_, open, theirs, mine) => {
  const opened = () => {
    const session = open(provider, XX)
    eventsOf(session.engine)
    return session
  }

  test('SE-42 closes with DRAIN, then END, once each, and is clean with the peer’s END', () => {
    const { engine, records } = opened()
    engine.receive(records.seal(concat(note(theirs), note(theirs + 2))), 0)
    engine.close(0, 1_000)
    engine.close(0, 5)
    expect(said(engine, records)).toMatchObject([
      { is: 'DRAIN', last: theirs + 2 },
      { is: 'END', code: 0 },
    ])
    expect(engine.state).toBe('ending')
    engine.close(1, 1)
    expect(said(engine, records)).toEqual([])
    engine.receive(records.seal(end(0)), 10)
    expect([engine.state, endOf(eventsOf(engine)), said(engine, records)]).toEqual(['closed', 'clean', []])
  })

  test('SE-41 answers the peer’s END with its own, and looks at nothing behind it', () => {
    const { engine, records } = opened()
    const behind = records.seal(end(0))
    engine.receive(concat(behind, records.seal(note(theirs)), new Uint8Array(30).fill(0xff)), 0)
    expect([engine.state, said(engine, records)]).toEqual(['closed', [{ is: 'END', code: 0 }]])
    expect(valuesOf(eventsOf(engine))).toEqual([])
    engine.ended()
    expect(eventsOf(engine)).toEqual([])
  })

  test('SE-41 an END with a number is an error here and answered by nothing', () => {
    for (const code of [1, 5, 48, 63, 9_999]) {
      const { engine, records } = opened()
      engine.receive(records.seal(end(code)), 0)
      expect([engine.state, endOf(eventsOf(engine)), writtenBy(engine)]).toEqual(['dead', 'session/lost', EMPTY])
    }
  })

  test('SE-42 waits 1 s for the peer’s END and not longer', () => {
    const { engine, records } = opened()
    engine.close(500, 4_000)
    expect(said(engine, records, 500)).toHaveLength(2)
    expect(engine.wakeAt()).toBe(1_500)
    engine.wake(1_499)
    expect(engine.over).toBe(false)
    engine.wake(1_500)
    expect([endOf(eventsOf(engine)), writtenBy(engine)]).toEqual(['session/timeout', EMPTY])
  })

  test('SE-42 a close whose END cannot be written, for the peer does not read, ends as well', () => {
    const { engine } = opened()
    engine.close(0, 300)
    // Nobody takes what there is to write: the transport has no room.
    expect(engine.wakeAt()).toBe(300)
    engine.wake(300)
    expect(engine.wakeAt()).toBe(1_300)
    engine.wake(1_300)
    expect([engine.over, endOf(eventsOf(engine))]).toEqual([true, 'session/timeout'])
  })

  test('SE-67 after the own END frames of exchanges have no effect, and anything malformed is still an error', () => {
    const { engine, records } = opened()
    engine.close(0, 1_000)
    said(engine, records)
    const strange = [
      note(theirs),
      frame({ is: 'RESET', exchange: theirs, code: 48, size: 5 }),
      frame({ is: 'STOP', exchange: 99, code: 48 }),
      frame({ is: 'CREDIT', exchange: 0, limit: 1 }),
      frame({ is: 'FAULT', exchange: mine, code: 48, body: EMPTY }),
    ]
    for (const plaintext of strange) engine.receive(records.seal(plaintext), 1)
    expect([engine.state, eventsOf(engine), writtenBy(engine)]).toEqual(['ending', [], EMPTY])
    engine.receive(records.seal(end(0)), 2)
    expect(endOf(eventsOf(engine))).toBe('clean')
    const other = opened()
    other.engine.close(0, 1_000)
    said(other.engine, other.records)
    other.engine.receive(other.records.seal(Uint8Array.of(0xee)), 1)
    expect([endOf(eventsOf(other.engine)), writtenBy(other.engine)]).toEqual(['session/malformed', EMPTY])
  })

  test('SE-38 a DRAIN comes once, and names 0 or an exchange this end has begun', () => {
    for (const last of [0, mine, mine + 2]) {
      const { engine, records } = opened()
      for (let count = 0; count < 2; count++) say(engine)
      said(engine, records)
      engine.receive(records.seal(drain(last)), 0)
      const told = eventsOf(engine).filter(({ is }) => is !== 'refused')
      expect([engine.state, told]).toMatchObject(['open', [{ is: 'draining' }]])
      engine.receive(records.seal(drain(last)), 0)
      expect(endOf(eventsOf(engine))).toBe('session/malformed')
    }
    for (const last of [theirs, mine + 1, mine + 4, 2 ** 53 - 1]) {
      const { engine, records } = opened()
      for (let count = 0; count < 2; count++) say(engine)
      said(engine, records)
      engine.receive(records.seal(drain(last)), 0)
      expect(endOf(eventsOf(engine)), String(last)).toBe('session/malformed')
    }
  })

  test('SE-66 SE-60 a DRAIN tells of each one-way message above its last as refused, by its own decision', () => {
    const way = mine === 1 ? 'ir' : 'ri'
    for (const last of [0, mine, mine + 4]) {
      const { engine, records } = opened()
      for (let count = 0; count < 3; count++) say(engine)
      said(engine, records)
      engine.receive(records.seal(drain(last)), 0)
      const refused = eventsOf(engine).flatMap((event) =>
        event.is === 'refused' ? [event.decision.replace(/^[0-9a-f]+/, '')] : [],
      )
      const above = [mine, mine + 2, mine + 4].filter((id) => id > last)
      expect(refused).toEqual(above.map((id) => `.${way}.${id}.0`))
    }
  })

  test('SE-69 SE-42 a PING behind the cut of a close has no PONG, which would pass over those that were cut', () => {
    const { engine, records } = opened()
    engine.receive(records.seal(frame({ is: 'PING', count: 1 })), 0)
    engine.close(0, 300)
    engine.wake(300)
    engine.receive(records.seal(frame({ is: 'PING', count: 2 })), 300)
    expect(said(engine, records, 300).map(({ is }) => is)).toEqual(['DRAIN', 'END'])
  })

  test('SE-43 a transport that ends without the peer’s END is truncation, whatever this end has said', () => {
    for (const before of [
      () => undefined,
      (engine: Engine) => engine.close(0, 1_000),
      (engine: Engine, records: Records) => {
        engine.close(0, 1_000)
        said(engine, records)
      },
      (engine: Engine, records: Records) => engine.receive(records.seal(drain(0)), 0),
      (engine: Engine, records: Records) => engine.receive(records.seal(end(0)).subarray(0, -1), 0),
    ]) {
      const { engine, records } = opened()
      before(engine, records)
      eventsOf(engine)
      engine.ended(new Error('reset'))
      const [event] = eventsOf(engine)
      expect(event).toMatchObject({ is: 'closed', error: { code: 'channel/truncated' } })
      expect(event?.is === 'closed' && event.error?.cause).toBeInstanceOf(Error)
      expect(engine.over).toBe(true)
    }
  })

  test('SE-68 an error with a wire number is told with END as the last record, one without is not', () => {
    const told: readonly (readonly [(engine: Engine, records: Records) => void, ErrorCode])[] = [
      [(engine, records) => engine.receive(records.seal(Uint8Array.of(0xee)), 0), 'session/malformed'],
      [
        (engine, records) => engine.receive(records.seal(frame({ is: 'REFUSE', code: 16, detail: '' })), 0),
        'session/unexpected',
      ],
      [(engine) => engine.wake(10 ** 8), 'session/timeout'],
      [(engine) => engine.receive(new Uint8Array(2), 0), 'channel/malformed'],
      [(engine) => engine.ended(), 'channel/truncated'],
    ]
    for (const [act, code] of told) {
      const { engine, records } = opened()
      act(engine, records)
      expect(endOf(eventsOf(engine))).toBe(code)
      const { wire } = ERRORS[code]
      expect(said(engine, records)).toEqual(wire === 0 ? [] : [{ is: 'END', code: wire }])
    }
  })
})

test('SE-107 SE-59 CH-14 an END that this end fails to seal: what is open has its outcome, and no key stays', () => {
  let broken = false
  const fragile = (key: AeadKey): AeadKey => ({
    seal: (...of) => {
      if (broken) throw new RangeError('a defect in seal')
      key.seal(...of)
    },
    open: (...of) => key.open(...of),
    rekey: () => fragile(key.rekey()),
    erase: () => key.erase(),
  })
  const { ChaChaPoly } = first.cipher
  const cipher = { ...ChaChaPoly, importKey: (key: Uint8Array) => fragile(ChaChaPoly.importKey(key)) }
  const { engine, records } = openInitiator({ ...first, cipher: { ...first.cipher, ChaChaPoly: cipher } }, XX)
  const [event] = eventsOf(engine)
  const act = { contract: 'note.v1', operation: 'put', value: EMPTY, ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, 0)
  if (event?.is !== 'established' || 'effect' in admitted) throw new Error('expected a session that lets this pass')
  engine.begin(admitted, 0)
  const wrong = records.seal(frame({ is: 'PONG', count: 9 }))
  broken = true
  engine.receive(wrong, 0)
  expect(eventsOf(engine)).toMatchObject([
    { is: 'fault', error: { code: 'session/lost', ran: 'no' } },
    { is: 'closed', error: { code: 'session/lost', cause: { message: 'a defect in seal' } } },
  ])
  expect(() => event.established.exportKey('mine', EMPTY, 32)).toThrow('noise/misuse')
})
