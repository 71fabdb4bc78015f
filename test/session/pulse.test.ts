import { describe, expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import type { Engine } from '../../src/session/engine.js'
import { decodeFrames, type Frame } from '../../src/session/frames.js'
import { LIMITS, type Limits, limitsOf } from '../../src/session/limits.js'
import { OWN_BURST, PING_BURST, PINGS_PER_SECOND, Pulse } from '../../src/session/pulse.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import { begin, body, endOf, eventsOf, frame, openInitiator, openResponder, type Records, writtenBy } from './byhand.js'
import { type Pair, pairOf, settle } from './pair.js'

const [, XX] = SUITES
const [first] = providers
if (first === undefined) throw new Error('expected a provider')
const provider = providers.at(-1) ?? first

const ping = (count: number): Uint8Array => frame({ is: 'PING', count })
const pong = (count: number): Uint8Array => frame({ is: 'PONG', count })

/** The frames of each record that `engine` has to write. */
const said = (engine: Engine, records: Records, nowMs: number): Frame[] => {
  const frames: Frame[] = []
  for (let bytes = engine.take(nowMs); bytes !== undefined; bytes = engine.take(nowMs))
    frames.push(...decodeFrames(records.open(bytes)))
  return frames
}

const opened = (over = {}) => {
  const session = openResponder(provider, XX, over)
  eventsOf(session.engine)
  return session
}

describe.each([
  ['responder', openResponder],
  ['initiator', openInitiator],
] as const)('%s', (_, open) => {
  test('SE-69 the PINGs of a peer count from 1, and each is answered with its number, in order', () => {
    const { engine, records } = open(provider, XX)
    for (let count = 1; count <= 5; count++) engine.receive(records.seal(ping(count)), 0)
    expect(said(engine, records, 0)).toEqual([1, 2, 3, 4, 5].map((count) => ({ is: 'PONG', count })))
    for (const wrong of [[2], [0], [1, 1], [1, 3], [1, 2, 1]]) {
      const other = open(provider, XX)
      for (const count of wrong) other.engine.receive(other.records.seal(ping(count)), 0)
      expect(endOf(eventsOf(other.engine)), wrong.join()).toBe('session/malformed')
    }
  })

  test('SE-69 a PONG that answers no PING, or not the oldest, ends the session', () => {
    for (const [asked, answers] of [
      [0, [1]],
      [0, [0]],
      [1, [2]],
      [2, [2]],
      [2, [1, 1]],
      [2, [1, 2, 3]],
    ] as const) {
      const { engine, records } = open(provider, XX)
      for (let count = 1; count <= asked; count++) expect(engine.ping(0)).toBe(count)
      expect(said(engine, records, 0)).toHaveLength(asked)
      for (const count of answers) engine.receive(records.seal(pong(count)), 0)
      expect(endOf(eventsOf(engine)), `${asked}: ${answers.join()}`).toBe('session/malformed')
    }
    const { engine, records } = open(provider, XX)
    engine.ping(0)
    said(engine, records, 0)
    engine.receive(records.seal(pong(1)), 5)
    expect(eventsOf(engine).at(-1)).toEqual({ is: 'pong', count: 1 })
  })

  test('SE-53 20 PINGs at once are answered and the 21st ends the session; 10 a second may follow', () => {
    const { engine, records } = open(provider, XX)
    let count = 0
    const send = (at: number): void => engine.receive(records.seal(ping(++count)), at)
    for (let index = 0; index < PING_BURST; index++) send(0)
    for (let at = 100; at < 3_000; at += 1_000 / PINGS_PER_SECOND) send(at)
    expect([engine.over, said(engine, records, 3_000).length]).toEqual([false, count])
    send(3_000)
    expect(engine.over).toBe(false)
    send(3_050)
    expect(endOf(eventsOf(engine))).toBe('session/limit')
    expect(said(engine, records, 3_050)).toEqual([{ is: 'END', code: 3 }])
  })

  test('SE-61 silence for the own idle time ends the session, a record in time does not', () => {
    const limits = limitsOf({ idleMs: 5_000 })
    const { engine, records } = open(provider, XX, { limits, keepaliveMs: 10 ** 9 })
    for (let at = 4_999, count = 1; at < 40_000; at += 4_999, count++) {
      engine.wake(at)
      expect(engine.over).toBe(false)
      engine.receive(records.seal(ping(count)), at)
    }
    const heard = 8 * 4_999
    engine.wake(heard + 4_999)
    expect(engine.over).toBe(false)
    engine.wake(heard + 5_000)
    expect([engine.over, endOf(eventsOf(engine))]).toEqual([true, 'session/timeout'])
    expect(engine.wakeAt()).toBe(Number.POSITIVE_INFINITY)
  })

  test('SE-61 bytes that are no whole record, or do not open, are silence', () => {
    const { engine, records } = open(provider, XX, { limits: limitsOf({ idleMs: 1_000 }) })
    const record = records.seal(ping(1))
    for (const [index, byte] of record.entries()) engine.receive(Uint8Array.of(byte), Math.min(index * 90, 999))
    expect(engine.over).toBe(false)
    const dripping = open(provider, XX, { limits: limitsOf({ idleMs: 1_000 }) })
    for (const [index, byte] of record.subarray(0, -1).entries())
      dripping.engine.receive(Uint8Array.of(byte), index * 90)
    expect(endOf(eventsOf(dripping.engine))).toBe('session/timeout')
  })

  test('SE-61 what comes after the silence was too long is late, though the timer has not run', () => {
    const { engine, records } = open(provider, XX, { limits: limitsOf({ idleMs: 1_000 }) })
    eventsOf(engine)
    engine.receive(records.seal(begin(open === openResponder ? 1 : 2, body(EMPTY))), 1_000)
    const events = eventsOf(engine)
    expect([events.length, endOf(events)]).toEqual([1, 'session/timeout'])
  })
})

test('SE-61 a PING goes when nothing else has for a third of the peer’s idle time, or the own pace', () => {
  for (const [idleMs, keepaliveMs, every] of [
    [60_000, 20_000, 20_000],
    [60_000, 5_000, 5_000],
    [9_000, 20_000, 3_000],
    [1_000, 1, 200],
  ] as const) {
    const { engine, records } = opened({ limits: limitsOf({ idleMs }), keepaliveMs })
    expect(engine.wakeAt()).toBe(Math.min(every, idleMs))
    engine.wake(every - 1)
    expect(said(engine, records, every - 1)).toEqual([])
    engine.wake(every)
    expect(said(engine, records, every)).toEqual([{ is: 'PING', count: 1 }])
    expect(engine.wakeAt()).toBe(Math.min(2 * every, idleMs))
    // A record of any kind counts: the answer to a PING here.
    engine.receive(records.seal(ping(1)), every + 10)
    expect(said(engine, records, every + 10)).toEqual([{ is: 'PONG', count: 1 }])
    expect(engine.wakeAt()).toBe(2 * every + 10)
  }
})

/** Runs both engines on one clock: each is woken when either asks to be, and bytes take no time. */
const runFor = (pair: Pair, untilMs: number): number => {
  let now = 0
  let turns = 0
  while (now < untilMs) {
    now = Math.min(pair.initiator.wakeAt(), pair.responder.wakeAt(), untilMs)
    pair.initiator.wake(now)
    pair.responder.wake(now)
    settle(pair, now)
    turns++
    if (pair.initiator.over || pair.responder.over) break
  }
  return turns
}

test('SE-53 SE-61 two idle ends keep a session alive at any limits and pace, by few records', () => {
  for (const idleMs of [LIMITS.idleMs.floor, 1_500, 60_000, LIMITS.idleMs.ceiling])
    for (const keepaliveMs of [1, 150, 20_000, 10 ** 9]) {
      const limits: Limits = limitsOf({ idleMs })
      const pair = settle(pairOf({ initiator: { limits, keepaliveMs }, responder: { keepaliveMs } }))
      const turns = runFor(pair, Math.min(50 * idleMs, 10 ** 6))
      expect([pair.initiator.state, pair.responder.state], `${idleMs} ${keepaliveMs}`).toEqual(['open', 'open'])
      expect(turns).toBeLessThan(6_000)
    }
})

test('SE-53 SE-61 an end that says nothing more is given up by the other', () => {
  const pair = settle(pairOf({ initiator: { limits: limitsOf({ idleMs: 3_000 }) } }))
  for (let now = 0; !pair.initiator.over && now < 100_000; now += 500) {
    pair.initiator.wake(now)
    writtenBy(pair.initiator, now)
  }
  expect(endOf([...pair.initiatorEvents, ...eventsOf(pair.initiator)])).toBe('session/timeout')
})

test('SE-53 SE-70 own PINGs stay below what the peer counts, however often they are asked for and however they are delayed', () => {
  for (const delayMs of [0, 1, 50, 400, 3_000]) {
    const limits = limitsOf({ idleMs: 60_000 })
    const pulse = new Pulse(limits, limits, 20_000, 0)
    const peer = new Pulse(limits, limits, 20_000, 0)
    const underWay: { at: number; act: (now: number) => void }[] = []
    let sent = 0
    let refused = 0
    for (let now = 0; now < 20_000; now += 5) {
      // The transport stalls two seconds in every five, then lets all go at once.
      const stalled = now % 5_000 < 2_000
      while (!stalled && (underWay[0]?.at ?? Number.POSITIVE_INFINITY) <= now) underWay.shift()?.act(now)
      const count = pulse.ping(now)
      if (count === undefined) refused++
      else {
        sent++
        underWay.push({
          at: now + delayMs,
          act: (then) => {
            peer.hear(count, then)
            underWay.push({ at: then + delayMs, act: () => pulse.answer(count) })
            underWay.sort((a, b) => a.at - b.at)
          },
        })
      }
    }
    expect(sent, String(delayMs)).toBeGreaterThanOrEqual(OWN_BURST)
    expect(refused).toBeGreaterThan(0)
  }
})

test('SE-70 a PING over the own rate is refused here as busy, and the session lives', () => {
  const { engine, records } = opened()
  for (let count = 1; count <= OWN_BURST; count++) expect(engine.ping(0)).toBe(count)
  expect(() => engine.ping(0)).toThrow('session/busy')
  expect(said(engine, records, 0)).toHaveLength(OWN_BURST)
  for (let count = 1; count <= OWN_BURST; count++) engine.receive(records.seal(pong(count)), 1)
  expect(() => engine.ping(1)).toThrow('session/busy')
  expect(engine.ping(101)).toBe(OWN_BURST + 1)
  expect(engine.over).toBe(false)
})
