import { concat, EMPTY } from '../../bytes.js'
import { generateIdentity, keyPairOf } from '../../identity/identity.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, data, end, flipped, ping, refresh, rekey } from '../hostileframes.js'
import { ends, mutely, unharmed } from '../hostileoutcomes.js'
import { HostileRefresh } from '../hostilerefresh.js'
import { casesOf, type Row, WITH_KEM } from './row.js'

/** Handshakes inside a session that are not due, not of this session or not of this peer. */

const MALFORMED = ends('session/malformed')
const UNEXPECTED = ends('session/unexpected')
const FAILED = mutely('noise/failed')
const NOT_TRUSTED = ends('identity/not-trusted')

/** From the opening to a start, with something to spare (CH-27). */
const GAP_MS = 1_100

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms)
  })

const stranger = () => keyPairOf(generateIdentity())
const WRONG_E = new Uint8Array(32).fill(0xff)

const AT_ONCE: readonly Row[] = [
  {
    name: 'starts a refresh as soon as the session is open',
    rule: 'CH-27',
    does: (peer) => peer.say(refresh(new HostileRefresh(peer).write())),
    outcome: ends('session/limit'),
  },
  {
    name: 'asks for a refresh, though it is to start it',
    rule: 'CH-25',
    does: (peer) => peer.say(refresh()),
    outcome: UNEXPECTED,
  },
]

const started = (
  name: string,
  rule: string,
  say: (peer: Hostile) => readonly Uint8Array[],
  outcome: Row['outcome'],
): Row => ({
  name,
  rule,
  does: async (peer) => {
    await pause(GAP_MS)
    peer.say(...say(peer))
  },
  outcome,
})

const STARTS: readonly Row[] = [
  started(
    'starts a refresh with an ephemeral that is not canonical',
    'CH-26',
    (peer) => [refresh(concat(WRONG_E, new HostileRefresh(peer).write().slice(32)))],
    MALFORMED,
  ),
  started(
    'starts the second refresh first',
    'CH-22',
    (peer) => [refresh(new HostileRefresh(peer, { run: 2 }).write())],
    FAILED,
  ),
  started(
    'starts a refresh with a payload',
    'CH-23',
    (peer) => [refresh(new HostileRefresh(peer).write(bytesOf(1)))],
    MALFORMED,
  ),
  started(
    'asks for a refresh between the pieces of message 1',
    'CH-23',
    (peer) => [refresh(new HostileRefresh(peer).write().slice(0, 20)), refresh()],
    UNEXPECTED,
  ),
  started(
    'starts a refresh with a changed message 1',
    'CH-26',
    (peer) => [refresh(flipped(new HostileRefresh(peer).write(), -1))],
    FAILED,
  ),
]

/** The shim has sent message 2. */
const answered = (
  name: string,
  rule: string,
  say: (peer: Hostile, nested: HostileRefresh) => readonly Uint8Array[],
  outcome: Row['outcome'],
  lies: (peer: Hostile) => ConstructorParameters<typeof HostileRefresh>[1] = () => ({}),
): Row => ({
  name,
  rule,
  does: async (peer) => {
    await pause(GAP_MS)
    const nested = new HostileRefresh(peer, lies(peer))
    await nested.start()
    peer.say(...say(peer, nested))
  },
  outcome,
})

const whole = (_: Hostile, nested: HostileRefresh): readonly Uint8Array[] => [refresh(nested.write()), rekey(1)]

const ANSWERED: readonly Row[] = [
  answered('refreshes without the root', 'CH-21', whole, FAILED, () => ({ root: new Uint8Array(32).fill(1) })),
  answered('refreshes with another static key', 'CH-26', whole, NOT_TRUSTED, () => ({ keys: stranger() })),
  answered(
    'sends message 3 of a refresh without REKEY 1',
    'CH-28',
    (_, nested) => [refresh(nested.write())],
    UNEXPECTED,
  ),
  answered(
    'sends message 3 of a refresh with REKEY 0',
    'CH-28',
    (_, nested) => [refresh(nested.write()), rekey()],
    UNEXPECTED,
  ),
  answered(
    'sends message 3 of a refresh with REKEY 2',
    'CH-11',
    (_, nested) => [refresh(nested.write()), rekey(2)],
    ends('session/malformed', 'session/unexpected'),
  ),
  answered('says REKEY 1 in the place of message 3', 'CH-11', () => [rekey(1)], MALFORMED),
  answered(
    'sends message 3 of a refresh with a payload',
    'CH-23',
    (_, nested) => [refresh(nested.write(bytesOf(0)))],
    MALFORMED,
  ),
  answered(
    'sends a changed message 3 of a refresh',
    'CH-26',
    (_, nested) => [refresh(flipped(nested.write(), 3)), rekey(1)],
    FAILED,
  ),
  answered('starts a refresh inside a refresh', 'CH-25', () => [refresh(new Uint8Array(1_300))], MALFORMED),
]

/** The shim has sent message 2, and something else happens. */
const meanwhile = (
  name: string,
  rule: string,
  does: (peer: Hostile, nested: HostileRefresh) => unknown,
  of: Pick<Row, 'outcome' | 'heard'>,
): Row => ({
  name,
  rule,
  does: async (peer) => {
    await pause(GAP_MS)
    const nested = new HostileRefresh(peer)
    await nested.start()
    return does(peer, nested)
  },
  ...of,
})

/** A refresh has ended. */
const refreshed = (name: string, rule: string, does: (peer: Hostile) => unknown, outcome: Row['outcome']): Row =>
  meanwhile(
    name,
    rule,
    async (peer, nested) => {
      await nested.finish()
      return does(peer)
    },
    { outcome },
  )

const ENDED_AT = new WeakMap<Hostile, number>()

const REFRESHED: readonly Row[] = [
  refreshed('speaks on under the keys of a refresh', 'CH-28', () => undefined, unharmed),
  refreshed('says REKEY 1 twice', 'CH-11', (peer) => peer.say(rekey(1)), MALFORMED),
  refreshed(
    'starts a refresh at the end of another',
    'CH-27',
    (peer) => {
      ENDED_AT.set(peer, performance.now())
      peer.say(refresh(new Uint8Array(48)))
    },
    async (peer) => {
      try {
        await ends('session/limit')(peer)
      } catch (error) {
        // Where the shim came to it a second later it was not too soon, and nothing is shown.
        if (performance.now() - (ENDED_AT.get(peer) ?? 0) < 1_000) throw error
      }
    },
  ),
]

/** The new key is pending, and what comes behind REKEY 1 is sealed with the old one. */
const OLD_KEY: readonly Row[] = [
  meanwhile(
    'seals with the old key behind a refresh',
    'CH-28',
    (peer, nested) => {
      peer.say(...whole(peer, nested))
      return peer.sealed(ping(1))
    },
    { outcome: mutely('channel/forged') },
  ),
]

const MEANWHILE: readonly Row[] = [
  meanwhile(
    'leaves a refresh unfinished while both ends call',
    'CH-31',
    async (peer) => {
      peer.say(peer.begin('echo', { body: bytesOf(1) }))
      await peer.frame('DATA')
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, bytesOf(1)))
      await peer.event('reply')
    },
    { outcome: unharmed, heard: ['echo'] },
  ),
  meanwhile(
    'finishes a refresh behind the END of the other end',
    'CH-32',
    async (peer, nested) => {
      peer.act('close')
      await peer.frame('END')
      nested.last()
      peer.say(end())
    },
    { outcome: mutely(null) },
  ),
]

const AS_R: readonly Row[] = [
  {
    name: 'sends a message of a refresh that was not started',
    rule: 'CH-24',
    does: (peer) => peer.say(refresh(new Uint8Array(96))),
    outcome: UNEXPECTED,
  },
  {
    name: 'asks for a refresh twice',
    rule: 'CH-24',
    does: (peer) => peer.say(refresh(), refresh()),
    outcome: UNEXPECTED,
  },
  {
    name: 'says REKEY 1 to who has started nothing',
    rule: 'CH-11',
    does: (peer) => peer.say(rekey(1)),
    outcome: MALFORMED,
  },
]

/** The shim has sent message 1. */
const heard = (
  name: string,
  rule: string,
  say: (nested: HostileRefresh) => Uint8Array,
  outcome: Row['outcome'],
  lies: () => ConstructorParameters<typeof HostileRefresh>[1] = () => ({}),
): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.say(refresh())
    const nested = new HostileRefresh(peer, lies())
    await nested.read()
    peer.say(say(nested))
  },
  outcome,
})

const answers = (nested: HostileRefresh): Uint8Array => refresh(nested.write())

const HEARD: readonly Row[] = [
  heard('answers a refresh with another static key', 'CH-26', answers, NOT_TRUSTED, () => ({ keys: stranger() })),
  heard('answers a refresh with a changed message', 'CH-26', (nested) => refresh(flipped(nested.write(), -1)), FAILED),
  heard(
    'answers a refresh with an ephemeral that is not canonical',
    'CH-26',
    (nested) => refresh(concat(WRONG_E, nested.write().slice(32))),
    MALFORMED,
  ),
  heard('answers a refresh with a payload', 'CH-23', (nested) => refresh(nested.write(bytesOf(0))), MALFORMED),
  heard('says REKEY 1 in the place of message 2', 'CH-11', () => rekey(1), MALFORMED),
  heard('asks for a refresh that has begun', 'CH-25', () => refresh(EMPTY), UNEXPECTED),
]

export const REFRESHES: readonly Case[] = [
  ...casesOf({}, [...AT_ONCE, ...STARTS, ...ANSWERED, ...REFRESHED, ...OLD_KEY, ...MEANWHILE]),
  ...casesOf({ role: 'initiator' }, [...AS_R, ...HEARD]),
  ...casesOf({ suites: WITH_KEM }, [
    started(
      'starts a refresh with a changed ML-KEM key',
      'CH-26',
      (peer) => [refresh(flipped(new HostileRefresh(peer).write(), 32))],
      FAILED,
    ),
  ]),
]
