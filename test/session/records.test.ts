import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import type { Engine } from '../../src/session/engine.js'
import { decodeFrames, type Frame, NO_LABELS } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  begin,
  body,
  endOf,
  eventsOf,
  frame,
  Note,
  openInitiator,
  openResponder,
  type Records,
  valuesOf,
  writtenBy,
} from './byhand.js'
import { forSuite, pairOf, settle } from './pair.js'

const [, XX] = SUITES

const note = (exchange: number, value: number): Uint8Array => begin(exchange, body(Uint8Array.of(value)))
const ping = (count: number): Uint8Array => frame({ is: 'PING', count })
const rekey = (generation: number): Uint8Array => frame({ is: 'REKEY', generation })

/** What became of an open session that got `plaintexts`, a record each: the values it took, its end, and its last frame. */
const took = (provider: Provider, plaintexts: readonly Uint8Array[], over = {}) => {
  const { engine, records } = openResponder(provider, XX, over)
  eventsOf(engine)
  for (const plaintext of plaintexts) engine.receive(records.seal(plaintext), 0)
  const events = eventsOf(engine)
  return { values: valuesOf(events).length, end: endOf(events), told: framesIn(records, writtenBy(engine)).at(-1) }
}

/** The frames of whole records. */
const framesIn = (records: Records, bytes: Uint8Array): Frame[] => {
  const frames: Frame[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = 2 + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)
    frames.push(...decodeFrames(records.open(bytes.subarray(at, at + length))))
    if (frames.at(-1)?.is === 'REKEY') records.split.receive.rekey()
    at += length
  }
  return frames
}

const endedWith = (code: ErrorCode, values = 0) => ({
  values,
  end: code,
  told: { is: 'END', code: ERRORS[code].wire },
})

describe.each(providers)('$name', (provider) => {
  test('CH-9 a record is parsed whole before any frame of it has an effect', () => {
    const good = note(1, 1)
    for (const bad of [
      Uint8Array.of(0xff),
      Uint8Array.of(12),
      Uint8Array.of(13, 0),
      Uint8Array.of(9),
      Uint8Array.of(9, 0x40),
      // Varints that are not in their shortest form.
      Uint8Array.of(9, 0x40, 0x01),
      Uint8Array.of(9, 0x80, 0, 0, 1),
      Uint8Array.of(9, 0xc0, 0, 0, 0, 0, 0, 0, 1),
      Uint8Array.of(9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
      good.subarray(0, -1),
      Uint8Array.of(0, 0, 1),
      Uint8Array.of(0, 0xff),
    ])
      expect(took(provider, [concat(good, bad)])).toEqual(endedWith('session/malformed'))
  })

  test('CH-9 a record holds 1 to 4,096 frames, and then zeros alone', () => {
    const many = (count: number): Uint8Array =>
      concat(...Array.from({ length: count }, (_, index) => note(1 + 2 * index, 1)))
    const limits = limitsOf({ sessionWindow: 2 ** 24 })
    expect(took(provider, [many(4_096)], { limits })).toMatchObject({ values: 4_096, end: undefined })
    expect(took(provider, [many(4_097)], { limits })).toEqual(endedWith('session/malformed'))
    for (const empty of [Uint8Array.of(0), new Uint8Array(1_000)])
      expect(took(provider, [empty])).toEqual(endedWith('session/malformed'))
    expect(took(provider, [concat(note(1, 1), new Uint8Array(60_000))])).toMatchObject({ values: 1, end: undefined })
  })

  test('CH-10 no frame stands behind REKEY, END, ACCEPT or REFUSE, and none of the record has an effect', () => {
    const end = frame({ is: 'END', code: 0 })
    for (const last of [rekey(0), end])
      for (const behind of [note(3, 1), ping(1), rekey(0), end])
        expect(took(provider, [concat(note(1, 1), last, behind)])).toEqual(endedWith('session/malformed'))
    expect(took(provider, [concat(note(1, 1), rekey(0), new Uint8Array(5))])).toMatchObject({
      values: 1,
      end: undefined,
    })
    expect(took(provider, [concat(note(1, 1), end, new Uint8Array(5))])).toMatchObject({ values: 1, end: 'clean' })
  })

  test('CH-11 any REKEY but that of generation 0 ends the session', () => {
    for (const generation of [1, 2, 63, 64, 2 ** 53 - 1])
      expect(took(provider, [note(1, 1), rekey(generation)])).toEqual(endedWith('session/malformed', 1))
  })

  test('CH-6 a peer may rekey whenever it likes, and must seal what follows with the new key', () => {
    const { engine, records } = openResponder(provider, XX)
    eventsOf(engine)
    for (let round = 0; round < 50; round++) {
      engine.receive(records.seal(concat(note(1 + 2 * round, 1), rekey(0))), 0)
      records.split.send.rekey()
    }
    expect(valuesOf(eventsOf(engine))).toHaveLength(50)
    engine.receive(records.seal(rekey(0)), 0)
    engine.receive(records.seal(note(101, 1)), 0)
    expect(endOf(eventsOf(engine))).toBe('channel/forged')
  })

  test.each(SUITES)('CH-6 CH-7 with low thresholds data flows both ways through many keys ($name)', (suite) => {
    for (const rekeys of [{ records: 1 }, { records: 3 }, { bytes: 1 }, { bytes: 200 }, { records: 5, bytes: 300 }]) {
      const side = { ...forSuite(suite, provider), rekey: rekeys, uses: [Note], serves: [Note] }
      const pair = settle(pairOf({ initiator: side, responder: side }))
      for (let index = 0; index < 40; index++) {
        for (const engine of [pair.initiator, pair.responder]) say(engine, index)
        settle(pair)
      }
      for (const events of [pair.initiatorEvents, pair.responderEvents])
        expect(valuesOf(events)).toEqual(Array.from({ length: 40 }, (_, index) => Uint8Array.of(index)))
      pair.responder.close(0, 1_000)
      settle(pair)
      expect([endOf(pair.initiatorEvents), endOf(pair.responderEvents)]).toEqual(['clean', 'clean'])
    }
  })

  test('CH-7 REKEY ends the record that reaches the threshold, and no other', () => {
    const { engine, records } = openResponder(provider, XX, { rekey: { records: 4 } })
    const kinds: string[][] = []
    for (let index = 0; index < 12; index++) {
      say(engine, index)
      kinds.push(framesIn(records, writtenBy(engine)).map(({ is }) => is))
    }
    // ACCEPT was the first record of the first key.
    expect(kinds.flatMap((frames, index) => (frames.includes('REKEY') ? [index] : []))).toEqual([2, 6, 10])
    for (const frames of kinds) expect(frames.filter((name) => name !== 'REKEY')).toEqual(['BEGIN'])
  })

  test('CH-13 SE-20 a plaintext over the declared limit ends the session before it is opened, one at the limit does not', () => {
    const limits = limitsOf({ plaintext: 2_000 })
    const padded = (length: number): Uint8Array => concat(note(1, 1), new Uint8Array(length - note(1, 1).length))
    expect(took(provider, [padded(2_000)], { limits })).toMatchObject({ values: 1, end: undefined })
    expect(took(provider, [padded(2_001)], { limits })).toEqual(endedWith('session/limit'))
    // The longest record there is.
    expect(took(provider, [padded(65_519)])).toMatchObject({ values: 1, end: undefined })
    // An initiator holds R to it from the first record on.
    const { engine, records } = openInitiator(provider, XX, { limits })
    eventsOf(engine)
    engine.receive(records.seal(concat(note(2, 1), new Uint8Array(2_000))), 0)
    expect(endOf(eventsOf(engine))).toBe('session/limit')
  })

  test('CH-1 a record too short for a frame ends the session at its header, and the peer is told nothing', () => {
    for (const [open, length] of [
      [openInitiator, 0],
      [openResponder, 16],
    ] as const) {
      const { engine } = open(provider, XX)
      eventsOf(engine)
      engine.receive(Uint8Array.of(0), 0)
      expect(engine.over).toBe(false)
      engine.receive(Uint8Array.of(length), 0)
      expect([endOf(eventsOf(engine)), writtenBy(engine)]).toEqual(['channel/malformed', EMPTY])
    }
  })

  test('CH-5 of a record that does not open the peer is told nothing', () => {
    const { engine } = openResponder(provider, XX)
    eventsOf(engine)
    engine.receive(concat(Uint8Array.of(0, 20), new Uint8Array(20)), 0)
    expect([endOf(eventsOf(engine)), writtenBy(engine)]).toEqual(['channel/forged', EMPTY])
  })
})

function say(engine: Engine, value: number): void {
  const act = { contract: 'note.v1', operation: 'put', value: Uint8Array.of(value), ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, 0)
  if ('effect' in admitted) throw new Error('expected the gate to let it pass')
  engine.begin(admitted, 0)
}
