import { FLAG } from '../../session/frames.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, credential, credit, data, ping, pong, textOf } from '../hostileframes.js'
import { ends, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** More than there is credit for, credit that cannot be, and frames that need none and come too often. */

const LIMIT = ends('session/limit')
const MALFORMED = ends('session/malformed')
const WINDOW = 4_096

const says = (name: string, rule: string, frames: (peer: Hostile) => readonly Uint8Array[], outcome = LIMIT): Row => ({
  name,
  rule,
  does: (peer) => peer.say(...frames(peer)),
  outcome,
})

/** The window of a session is 4,096 bytes, of which a BEGIN takes 64. */
const SESSION: readonly Row[] = [
  says('sends a byte more than the window of the session', 'SE-50', (peer) => [
    peer.begin('echo', { body: textOf(WINDOW - 63) }),
  ]),
  {
    name: 'sends two messages that are more than the window of the session together',
    rule: 'SE-50',
    does: (peer) =>
      peer.say(
        peer.begin('never', { body: textOf(2_000) }),
        peer.begin('never', { exchange: peer.first + 2, body: textOf(2_000) }),
      ),
    outcome: LIMIT,
    mayHear: 'never',
  },
  {
    name: 'begins more than the window of the session takes, without bodies',
    rule: 'SE-50',
    does: (peer) =>
      peer.say(...Array.from({ length: 65 }, (_, index) => peer.begin('never', { exchange: peer.first + 2 * index }))),
    outcome: LIMIT,
    mayHear: 'never',
  },
  says('fills the window of the session with labels', 'SE-50', (peer) => [
    peer.begin('never', {
      labels: Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`l${index + 10}`, 'v'.repeat(256)])),
    }),
  ]),
]

const EXCHANGE: readonly Row[] = [
  says('sends a byte more than the window of an exchange', 'SE-62', (peer) => [
    peer.begin('echo', { body: textOf(WINDOW + 1) }),
  ]),
  says('sends a piece of a byte more than the window of an exchange', 'SE-62', (peer) => [
    peer.begin('echo', { flags: FLAG.more, body: textOf(WINDOW + 1) }),
  ]),
]

const STREAMED: readonly Row[] = [
  {
    name: 'sends an item of a byte more than the window of an exchange',
    rule: 'SE-124',
    does: async (peer) => {
      peer.say(peer.begin('collect', { flags: 0, body: bytesOf(1) }))
      await peer.event('heard')
      // With the item 64 bytes go, with the request its one.
      peer.say(data(peer.first, textOf(WINDOW - 63), 0))
    },
    outcome: LIMIT,
    heard: ['collect'],
  },
]

const credits = (name: string, exchange: number, limit: number): Row =>
  says(name, 'SE-51', () => [credit(exchange, limit)], MALFORMED)

const DECLARED = 1_048_576

/** The shim has sent nothing, so there is none to give. */
const NOTHING_SENT: readonly Row[] = [
  credits('gives credit of 0', 0, 0),
  credits('gives credit that was there', 0, DECLARED),
  credits('takes credit back', 0, DECLARED - 1),
  credits('gives credit for what was not sent', 0, DECLARED + DECLARED / 4),
  credits('gives credit without end', 0, Number.MAX_SAFE_INTEGER),
  credits('gives credit to an exchange that was not begun', 1, 524_288),
  credits('gives credit to an exchange of the other end that was not begun', 2, 524_288),
  credits('gives credit to exchange 2^53-1', Number.MAX_SAFE_INTEGER, 524_288),
  says(
    'gives credit to its own one-way message',
    'SE-51',
    (peer) => [peer.begin('note', { flags: FLAG.more, body: bytesOf(1) }), credit(peer.first, 524_288)],
    MALFORMED,
  ),
]

/** The shim has sent a quarter of the window and 64 bytes. */
const sent = (name: string, limit: number, outcome = MALFORMED): Row => ({
  name,
  rule: 'SE-51',
  does: async (peer) => {
    peer.act('send', { operation: 'note', body: `590400${'00'.repeat(1_024)}` })
    await peer.frame('BEGIN')
    peer.say(credit(0, limit))
  },
  outcome,
})

const SENT: readonly Row[] = [
  sent('gives a byte less credit than a quarter of the window', WINDOW + WINDOW / 4 - 1),
  sent('gives a byte more credit than was taken', WINDOW + WINDOW / 4 + 64 + 3 + 1),
  sent('gives as much credit as was taken', WINDOW + WINDOW / 4 + 64 + 3, unharmed),
]

const PAST: readonly Row[] = [
  {
    name: 'gives credit to an exchange that is past',
    rule: 'SE-51',
    does: async (peer) => {
      peer.say(peer.begin('echo', { body: bytesOf(1) }))
      await peer.frame('DATA')
      peer.say(credit(peer.first, 1))
    },
    outcome: unharmed,
    heard: ['echo'],
  },
]

const pings = (count: number, from = 1): readonly Uint8Array[] =>
  Array.from({ length: count }, (_, index) => ping(from + index))

const PULSE: readonly Row[] = [
  says('sends 60 PINGs at once', 'SE-53', () => pings(60)),
  says('begins to count its PINGs with 0', 'SE-69', () => [ping(0)], MALFORMED),
  says('begins to count its PINGs with 2', 'SE-69', () => [ping(2)], MALFORMED),
  says('counts a PING twice', 'SE-69', () => [ping(1), ping(1)], MALFORMED),
  says('leaves out a PING', 'SE-69', () => [ping(1), ping(3)], MALFORMED),
  says('answers a PING that was not sent', 'SE-69', () => [pong(1)], MALFORMED),
  says('answers PING 0', 'SE-69', () => [pong(0)], MALFORMED),
  says('shows 17 credentials at once', 'SE-103', () => Array.from({ length: 17 }, () => credential(bytesOf(0x84)))),
]

const SILENT: readonly Row[] = [
  {
    name: 'says nothing for as long as the other end waits',
    rule: 'SE-61',
    does: () => undefined,
    outcome: ends('session/timeout'),
  },
]

export const WINDOWS: readonly Case[] = [
  ...casesOf({ setup: { open: { limits: { sessionWindow: WINDOW } } } }, SESSION),
  ...casesOf({ setup: { open: { limits: { exchangeWindow: WINDOW } } } }, EXCHANGE),
  ...casesOf({ level: 'messaging', setup: { open: { limits: { exchangeWindow: WINDOW } } } }, STREAMED),
  ...casesOf({}, [...NOTHING_SENT, ...PAST, ...PULSE]),
  ...casesOf({ setup: { limits: { sessionWindow: WINDOW } } }, SENT),
  ...casesOf({ setup: { open: { limits: { idleMs: 1_000 } } } }, SILENT),
]
