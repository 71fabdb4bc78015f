import { expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { keyPairOf } from '../../src/identity/identity.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { Finished } from '../../src/session/established.js'
import { decodeFrames } from '../../src/session/frames.js'
import { Keys } from '../../src/session/keys.js'
import { limitsOf } from '../../src/session/limits.js'
import { Outbox } from '../../src/session/outbox.js'
import { SUITES } from '../../src/session/suites.js'
import { endOf, eventsOf, frame } from './byhand.js'
import { Nested, REKEY_1, refreshOf } from './nested.js'
import { alice, bob, responderSide } from './pair.js'

const HOUR = 3_600_000
const [, XX] = SUITES
const LIMITS = limitsOf({ plaintext: 1_024 })

/** The keys of both ends of a handshake, which no session was opened with. */
const pair = (): readonly [Keys, Keys] => {
  const side = { ...responderSide({ limits: LIMITS, rekey: { records: 2 } }), provider: defaultProvider }
  const states = (['initiator', 'responder'] as const).map(
    (role) =>
      new HandshakeState({
        protocol: XX.name,
        role,
        prologue: EMPTY,
        s: keyPairOf(role === 'initiator' ? alice : bob),
        psks: [],
        provider: defaultProvider,
      }),
  )
  const [near, far] = states
  if (near === undefined || far === undefined) throw new Error('expected two')
  far.readMessage(near.writeMessage())
  near.readMessage(far.writeMessage())
  far.readMessage(near.writeMessage())
  const proved = (id: typeof alice.id) => ({ peer: pinnedPeer(id), credential: undefined, judge: () => undefined })
  return [
    new Keys(Finished.of('initiator', XX, proved(bob.id), near, side), side),
    new Keys(Finished.of('responder', XX, proved(alice.id), far, side), side),
  ]
}

test('CH-13 SE-20 a record is as long as this end declared, and one that is longer is not opened', () => {
  const [near, far] = pair()
  const longest = near.finished.sealer.seal(new Uint8Array(1_024).fill(1))
  const longer = near.finished.sealer.seal(new Uint8Array(1_025).fill(1))
  const next = near.finished.sealer.seal(Uint8Array.of(7))
  expect(far.open(longest)).toEqual(new Uint8Array(1_024).fill(1))
  expect(() => far.open(longer)).toThrow('session/limit')
  // Its number was not counted either: what follows does not open as if it had been read.
  expect(far.finished.opener.total).toBe(1)
  expect(() => far.open(next)).toThrow('channel/forged')
})

test('CH-7 CH-11 a record holds what waits, and a REKEY where it is due: both ends go over to the next key', () => {
  const [near, far] = pair()
  const outbox = new Outbox(LIMITS, LIMITS, { begins: () => 0, framed: () => undefined })
  expect(near.next(outbox, 0)).toBe(undefined)
  const said: string[][] = []
  for (let count = 1; count <= 4; count++) {
    outbox.notice(frame({ is: 'PING', count }))
    const record = near.next(outbox, 0)
    if (record === undefined) throw new Error('expected a record')
    const frames = decodeFrames(far.open(record))
    said.push(frames.map(({ is }) => is))
    for (const each of frames) if (each.is === 'REKEY') far.rekeyed(each.generation, 0)
  }
  expect(said).toEqual([['PING'], ['PING', 'REKEY'], ['PING'], ['PING', 'REKEY']])
  expect(near.next(outbox, 0)).toBe(undefined)
})

test.each([1, 2, 3])('CH-11 CH-28 where there is a pending key, REKEY 1 opens with it; generation %i', (generation) => {
  const session = new Nested('responder', defaultProvider, XX)
  eventsOf(session.engine)
  session.answered(HOUR)
  const third = refreshOf(session.message())
  session.split()
  const rekey = generation === 1 ? REKEY_1 : frame({ is: 'REKEY', generation })
  session.send(HOUR, third, rekey)
  expect(endOf(eventsOf(session.engine))).toBe(generation === 1 ? undefined : 'session/malformed')
})

test('CH-27 CH-32 what an own END has cut off of a refresh is waited for no more', () => {
  const session = new Nested('initiator', defaultProvider, XX)
  eventsOf(session.engine)
  session.started(HOUR)
  const late = HOUR + 119_500
  session.engine.close(late, 1_000)
  expect(
    session
      .said(late)
      .flat()
      .map(({ is }) => is),
  ).toEqual(['DRAIN', 'END'])
  expect(session.engine.wakeAt()).toBe(late + 1_000)
  session.engine.wake(HOUR + 120_000)
  session.send(HOUR + 120_100, frame({ is: 'END', code: 0 }))
  expect(endOf(eventsOf(session.engine))).toBe('clean')
})
