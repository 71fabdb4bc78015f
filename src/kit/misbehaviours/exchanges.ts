import { EMPTY, toHex } from '../../bytes.js'
import type { ErrorCode } from '../../errors.js'
import { FLAG } from '../../session/frames.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, data, end, reset, stop, textOf } from '../hostileframes.js'
import { cleanly, ends, faults, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Frames of exchanges where, or when, they cannot be. */

const MALFORMED = ends('session/malformed')
const LIMIT = ends('session/limit')
const ONE = bytesOf(1)

/** Nothing was said in the session yet. */
const first = (name: string, rule: string, ...frames: ((peer: Hostile) => Uint8Array)[]): Row => ({
  name,
  rule,
  does: (peer) => peer.say(...frames.map((frame) => frame(peer))),
  outcome: MALFORMED,
})

const beginsAt = (name: string, exchange: (first: number) => number): Row =>
  first(name, 'SE-44', (peer) => peer.begin('echo', { exchange: exchange(peer.first), body: ONE }))

/** A call that was answered in the first exchange, and then these frames. */
const behindCall = (name: string, rule: string, frame: (exchange: number, peer: Hostile) => Uint8Array): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.say(peer.begin('echo', { body: ONE }))
    await peer.frame('DATA')
    peer.say(frame(peer.first, peer))
  },
  outcome: MALFORMED,
  heard: ['echo'],
})

const IDS: readonly Row[] = [
  beginsAt('begins exchange 0', () => 0),
  beginsAt('begins the second exchange first', (id) => id + 2),
  beginsAt('begins an exchange with an id of the other end', (id) => id + 1),
  beginsAt('begins exchange 2^53-1', () => Number.MAX_SAFE_INTEGER),
  behindCall('begins an exchange twice', 'SE-44', (exchange, peer) => peer.begin('echo', { exchange, body: ONE })),
  behindCall('leaves out an exchange', 'SE-44', (exchange, peer) =>
    peer.begin('echo', { exchange: exchange + 4, body: ONE }),
  ),
]

const BEGINS: readonly Row[] = [
  first('begins an operation that was not agreed on', 'SE-34', (peer) =>
    peer.begin('echo', { operation: peer.setup.operations.length, body: ONE }),
  ),
  first('begins operation 2^53-1', 'SE-34', (peer) => peer.begin('echo', { operation: Number.MAX_SAFE_INTEGER })),
  first('begins a call that does not end', 'SE-64', (peer) => peer.begin('echo', { flags: 0, body: ONE })),
  first('begins a one-way message that does not end', 'SE-64', (peer) => peer.begin('note', { flags: 0, body: ONE })),
  first(
    'ends a call in pieces without its direction',
    'SE-64',
    (peer) => peer.begin('echo', { flags: FLAG.more, body: ONE }),
    (peer) => data(peer.first, ONE, 0),
  ),
  first(
    'begins a message in pieces inside another',
    'SE-47',
    (peer) => peer.begin('note', { flags: FLAG.more, body: ONE }),
    (peer) => peer.begin('note', { exchange: peer.first + 2, flags: FLAG.more, body: ONE }),
  ),
]

const DATAS: readonly Row[] = [
  first('sends DATA in an exchange that was not begun', 'SE-39', (peer) => data(peer.first, ONE)),
  first('sends DATA in exchange 0', 'SE-39', () => data(0, ONE)),
  first('answers a call that was not made', 'SE-39', (peer) => data(peer.firstOfShim, ONE)),
  first(
    'sends an empty piece',
    'SE-39',
    (peer) => peer.begin('echo', { flags: FLAG.more, body: ONE }),
    (peer) => data(peer.first, EMPTY, FLAG.more),
  ),
  behindCall('sends DATA in an exchange that is past', 'SE-39', (exchange) => data(exchange, ONE)),
  {
    name: 'sends a second request in a call',
    rule: 'SE-39',
    does: async (peer) => {
      peer.say(peer.begin('never', { body: ONE }))
      await peer.event('heard')
      peer.say(data(peer.first, ONE))
    },
    outcome: MALFORMED,
    heard: ['never'],
  },
]

/** What the shim begins, and what is said in it. */
const asked = (
  name: string,
  rule: string,
  act: string,
  operation: string,
  frame: (exchange: number) => Uint8Array,
): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.act(act, { tag: 'it', operation, body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(frame(exchange))
  },
  outcome: MALFORMED,
})

const ASKED: readonly Row[] = [
  asked('answers a one-way message', 'SE-39', 'send', 'note', (exchange) => data(exchange, ONE)),
  asked('answers a call without ending its direction', 'SE-64', 'call', 'echo', (exchange) => data(exchange, ONE, 0)),
  asked('resets a call that the other end has begun', 'SE-36', 'call', 'echo', (exchange) => reset(exchange, 1)),
  asked('stops a call that the other end has begun', 'SE-37', 'call', 'echo', (exchange) => stop(exchange)),
  asked('stops a one-way message of the other end', 'SE-37', 'send', 'note', (exchange) => stop(exchange)),
  {
    name: 'answers a call twice',
    rule: 'SE-39',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, ONE))
      await peer.event('reply')
      peer.say(data(exchange, ONE))
    },
    outcome: MALFORMED,
  },
]

/** A call of the shim that is in pieces still, for it waits for credit. */
const HALF_ASKED: readonly Row[] = [
  {
    name: 'answers a call before the whole of it has come',
    rule: 'SE-39',
    does: async (peer) => {
      const body = toHex(textOf(20_000))
      peer.act('call', { tag: 'it', operation: 'echo', body })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, ONE))
    },
    outcome: MALFORMED,
  },
]

const half = (peer: Hostile): Uint8Array => peer.begin('echo', { flags: FLAG.more, body: bytesOf(0x42, 1) })

const RESETS: readonly Row[] = [
  first('resets an exchange that was not begun', 'SE-36', (peer) => reset(peer.first, 0)),
  first('resets exchange 0', 'SE-36', () => reset(0, 0)),
  first('resets with less than it has sent', 'SE-36', half, (peer) => reset(peer.first, 1)),
  first('resets with more than it has sent', 'SE-36', half, (peer) => reset(peer.first, 3)),
  first('resets with the number 0', 'SE-36', half, (peer) => reset(peer.first, 2, 0)),
  first('resets with a number that is no code', 'SE-36', half, (peer) => reset(peer.first, 2, 999)),
  first(
    'resets twice',
    'SE-36',
    half,
    (peer) => reset(peer.first, 2),
    (peer) => reset(peer.first, 2),
  ),
  first(
    'goes on behind RESET',
    'SE-39',
    half,
    (peer) => reset(peer.first, 2),
    (peer) => data(peer.first, ONE),
  ),
  behindCall('resets an exchange that is past', 'SE-36', (exchange) => reset(exchange, 1)),
]

const stopped = (name: string, code: ErrorCode | number): Row => ({
  name,
  rule: 'SE-37',
  does: async (peer) => {
    peer.say(peer.begin('never', { body: ONE }))
    await peer.event('heard')
    peer.say(stop(peer.first, code))
  },
  outcome: MALFORMED,
  heard: ['never'],
})

const STOPS: readonly Row[] = [
  first('stops an exchange that was not begun', 'SE-37', (peer) => stop(peer.first)),
  first('stops exchange 0', 'SE-37', () => stop(0)),
  first('stops a call that was not made', 'SE-37', (peer) => stop(peer.firstOfShim)),
  first(
    'stops its own one-way message',
    'SE-37',
    (peer) => peer.begin('note', { flags: FLAG.more, body: ONE }),
    (peer) => stop(peer.first),
  ),
  first(
    'stops twice',
    'SE-37',
    half,
    (peer) => stop(peer.first),
    (peer) => stop(peer.first),
  ),
  stopped('stops with the code of a denial', 'policy/denied'),
  stopped('stops with the number 0', 0),
]

/** What crosses has no effect; what is given up is over. */
const FINE: readonly Row[] = [
  {
    name: 'stops a call that is past',
    rule: 'SE-37',
    does: async (peer) => {
      peer.say(peer.begin('echo', { body: ONE }))
      await peer.frame('DATA')
      peer.say(stop(peer.first))
    },
    outcome: unharmed,
    heard: ['echo'],
  },
  {
    name: 'stops a call that is worked on',
    rule: 'SE-37',
    does: async (peer) => {
      peer.say(peer.begin('never', { body: ONE }))
      await peer.event('heard')
      peer.say(stop(peer.first))
    },
    outcome: faults('call/cancelled'),
    heard: ['never'],
  },
  {
    name: 'resets a call in pieces',
    rule: 'SE-36',
    does: (peer) => peer.say(half(peer), reset(peer.first, 2)),
    outcome: faults('call/cancelled'),
  },
  {
    name: 'ends clean inside a message',
    rule: 'SE-41',
    does: (peer) => peer.say(half(peer), end()),
    outcome: cleanly,
  },
]

const FEW: readonly Row[] = [
  {
    name: 'has a call open more than it may',
    rule: 'SE-46',
    does: async (peer) => {
      peer.say(peer.begin('never', { body: ONE }))
      await peer.event('heard')
      peer.say(peer.begin('never', { exchange: peer.first + 2, body: ONE }))
    },
    outcome: LIMIT,
    heard: ['never'],
  },
]

const LONG: readonly Row[] = [
  {
    name: 'sends a message that is longer than it may be',
    rule: 'SE-63',
    does: (peer) => peer.say(peer.begin('echo', { body: textOf(1_025) })),
    outcome: LIMIT,
  },
  {
    name: 'sends a message in pieces that is longer than it may be',
    rule: 'SE-63',
    does: (peer) =>
      peer.say(peer.begin('echo', { flags: FLAG.more, body: textOf(1_000) }), data(peer.first, new Uint8Array(25))),
    outcome: LIMIT,
  },
]

export const EXCHANGES: readonly Case[] = [
  ...casesOf({}, [...IDS, ...BEGINS, ...DATAS, ...ASKED, ...RESETS, ...STOPS, ...FINE]),
  ...casesOf({ setup: { limits: { sessionWindow: 4_096, exchangeWindow: 4_096 } } }, HALF_ASKED),
  ...casesOf({ setup: { open: { limits: { exchanges: 1 } } } }, FEW),
  ...casesOf({ setup: { open: { limits: { message: 1_024 } } } }, LONG),
]
