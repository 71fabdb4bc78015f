import { expect, test } from 'vitest'
import type { Peer } from '../../src/identity/peer.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import { Standing } from '../../src/session/standing.js'
import { alice } from './pair.js'

const EPOCH_MS = 1_700_000_000_000
const known: Peer = { ...pinnedPeer(alice.id), name: 'a', serial: '01', expiresMs: EPOCH_MS + 60_000 }

/** Who the peer was, and by whom it is judged from then on. */
const standing = (peer: Peer, judged: () => Peer | undefined): Standing =>
  new Standing({ peer, judge: judged, credential: undefined }, EPOCH_MS, 0)

test('SE-105 a peer that is trusted as before is the same', () => {
  expect(standing(known, () => ({ ...known })).recheck(0)).toBe(known)
})

test.each([
  ['name', { ...known, name: 'b' }],
  ['serial', { ...known, serial: '02' }],
  ['expiry', { ...known, expiresMs: EPOCH_MS + 30_000 }],
])('SE-105 with another %s it is another', (_, next) => {
  expect(standing(known, () => next).recheck(0)).toBe(next)
})

test('SE-104 SE-105 it is none once it is trusted no more, or its time is over, to the millisecond', () => {
  expect(standing(known, () => undefined).recheck(0)).toBeUndefined()
  const of = standing(known, () => known)
  expect([of.endsAt, of.ended(59_999), of.ended(60_000)]).toEqual([60_000, false, true])
  expect([of.recheck(59_999), of.recheck(60_000)]).toEqual([known, undefined])
})

test('SE-104 trust in a key alone has no end', () => {
  const pinned = pinnedPeer(alice.id)
  const of = standing(pinned, () => pinned)
  expect([of.endsAt, of.ended(Number.MAX_SAFE_INTEGER), of.recheck(1e12)]).toEqual([Infinity, false, pinned])
})
