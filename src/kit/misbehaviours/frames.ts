import { concat, EMPTY, utf8 } from '../../bytes.js'
import { FLAG } from '../../session/frames.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import {
  bytesOf,
  credential,
  credit,
  cut,
  data,
  drain,
  end,
  fault,
  longVarint,
  ping,
  pong,
  refresh,
  rekey,
  reset,
  stop,
  varint,
} from '../hostileframes.js'
import { ends } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Bytes that are no frame. Each ends the session, and the record they stand in has no effect. */

const MALFORMED = ends('session/malformed')

/** A note in front shows that nothing of the record is believed. */
const row = (name: string, rule: string, frame: (peer: Hostile) => Uint8Array): Row => ({
  name,
  rule,
  does: (peer) => peer.say(peer.begin('note', { body: bytesOf(1) }), frame(peer)),
  outcome: MALFORMED,
})

const TYPES: readonly Row[] = [16, 0x3f, 0x80, 0xff].map((type) =>
  row(`sends a frame of the type ${type}`, 'SE-31', () => concat(bytesOf(type), new Uint8Array(20).fill(1))),
)

/** Whole frames, which are cut by their last byte. */
const WHOLE: Readonly<Record<string, (peer: Hostile) => Uint8Array>> = {
  ACCEPT: (peer) => peer.acceptance(),
  REFUSE: () => bytesOf(2, 8, 1, 0x61),
  BEGIN: (peer) => peer.begin('echo', { exchange: peer.first + 2, body: bytesOf(1) }),
  DATA: () => data(1, bytesOf(1)),
  FAULT: () => fault(1, 'call/internal', bytesOf(1)),
  RESET: () => reset(1, 0),
  STOP: () => stop(1),
  CREDIT: () => credit(0, 2_000_000),
  PING: () => ping(1),
  PONG: () => pong(1),
  REKEY: () => rekey(),
  REFRESH: () => refresh(bytesOf(1)),
  CREDENTIAL: () => credential(bytesOf(1)),
  DRAIN: () => drain(0),
  END: () => end(),
}

const CUT: readonly Row[] = Object.entries(WHOLE).map(([name, frame]) =>
  row(`cuts a ${name} short`, 'SE-31', (peer) => cut(frame(peer))),
)

const VARINTS: readonly Row[] = [
  ...([2, 4, 8] as const).map((length) =>
    row(`counts a PING in ${length} bytes where 1 is enough`, 'SE-31', () => concat(bytesOf(9), longVarint(1, length))),
  ),
  row('names an exchange in 4 bytes where 2 are enough', 'SE-31', () =>
    concat(bytesOf(8), bytesOf(0x80, 0, 0x10, 0), varint(2_000_000)),
  ),
  row('announces credit over 2^53-1', 'SE-31', () => concat(bytesOf(8, 0), bytesOf(0xc0, 0x20, 0, 0, 0, 0, 0, 0))),
  row('declares a body of 2^53-1 bytes', 'SE-31', () =>
    concat(bytesOf(4, 1, 1), varint(Number.MAX_SAFE_INTEGER), bytesOf(1)),
  ),
]

/** A second BEGIN of `note` with these flags. */
const flagged = (flags: number) => (peer: Hostile) =>
  peer.begin('note', { exchange: peer.first + 2, flags, body: bytesOf(1) })

const FLAGS: readonly Row[] = [
  ...[0x20, 0x40, 0x80].map((flag) => row(`begins with the flag ${flag}`, 'SE-32', flagged(FLAG.end | flag))),
  row('begins with both end and more', 'SE-32', flagged(FLAG.end | FLAG.more)),
  ...[FLAG.labels, FLAG.subject, FLAG.standing, 0x80].map((flag) =>
    row(`sends DATA with the flag ${flag}`, 'SE-32', () => data(1, bytesOf(1), FLAG.end | flag)),
  ),
  row('sends DATA with both end and more', 'SE-32', () => data(1, bytesOf(1), FLAG.end | FLAG.more)),
]

const textField = (text: string | Uint8Array): Uint8Array => {
  const bytes = typeof text === 'string' ? utf8(text) : text
  return concat(varint(bytes.length), bytes)
}

/** A second BEGIN of `note` with what stands in the place of its labels. */
const labelled = (labels: Uint8Array) => (peer: Hostile) =>
  concat(
    bytesOf(3, FLAG.end | FLAG.labels),
    varint(peer.first + 2),
    varint(peer.setup.operations.indexOf('note')),
    bytesOf(0),
    labels,
    bytesOf(1, 1),
  )

const pairs = (...pairs: readonly (readonly [string | Uint8Array, string | Uint8Array])[]): Uint8Array =>
  concat(varint(pairs.length), ...pairs.flatMap(([name, value]) => [textField(name), textField(value)]))

const LABELS: readonly Row[] = Object.entries({
  'of which there are none': bytesOf(0),
  'of which there are 17': pairs(...Array.from({ length: 17 }, (_, index) => [`l${index + 10}`, ''] as const)),
  'with a name of no bytes': pairs(['', 'a']),
  'with a name that is no token': pairs(['a b', 'a']),
  'with a name of 66 bytes': pairs(['a'.repeat(66), '']),
  'with a name twice': pairs(['a', '1'], ['a', '2']),
  'with names that do not rise': pairs(['b', ''], ['a', '']),
  'with a value of 257 bytes': pairs(['a', 'v'.repeat(257)]),
  'with a value that is no UTF-8': pairs(['a', bytesOf(0xff)]),
  'with a value that spells a character too long': pairs(['a', bytesOf(0xc0, 0x80)]),
  'with a value that is half of a pair': pairs(['a', bytesOf(0xed, 0xa0, 0x80)]),
}).map(([name, labels]) => row(`begins with labels ${name}`, 'SE-33', labelled(labels)))

/** A BEGIN of a topic with what stands in the place of its subject. */
const about =
  (subject: Uint8Array) =>
  (peer: Hostile): Uint8Array =>
    concat(
      bytesOf(3, FLAG.end | FLAG.subject),
      varint(peer.first),
      varint(peer.setup.operations.indexOf('news')),
      subject,
      bytesOf(0, 1, 1),
    )

const begun = (operation: string, of: Parameters<Hostile['begin']>[1]) => (peer: Hostile) => peer.begin(operation, of)

const alone = (name: string, rule: string, frame: (peer: Hostile) => Uint8Array): Row => ({
  name,
  rule,
  does: (peer) => peer.say(frame(peer)),
  outcome: MALFORMED,
})

/** What the operation of a BEGIN does not have. */
const CALLS: readonly Row[] = [
  alone('calls with a subject', 'SE-143', begun('echo', { subject: 'a', body: bytesOf(1) })),
  alone('sends one way with a subject', 'SE-143', begun('note', { subject: 'a', body: bytesOf(1) })),
  alone('has a call stand', 'SE-144', begun('echo', { standing: true, body: bytesOf(1) })),
  alone('has a one-way message stand', 'SE-144', begun('note', { standing: true, body: bytesOf(1) })),
]

const PLACES: readonly Row[] = [
  alone('begins with a subject of no bytes', 'SE-143', about(bytesOf(0))),
  alone('begins with a subject of 256 bytes', 'SE-143', about(textField('a'.repeat(256)))),
  alone('begins with a subject that is no UTF-8', 'SE-143', about(textField(bytesOf(0xff)))),
  alone('publishes without a subject', 'SE-143', begun('news', { body: bytesOf(1) })),
  alone('publishes to a subject of two tokens', 'SE-143', begun('news', { subject: 'a.b', body: bytesOf(1) })),
  alone('publishes to a subject with an empty token', 'SE-143', begun('news', { subject: 'a.', body: bytesOf(1) })),
  alone('publishes to a subject that is no token', 'SE-143', begun('news', { subject: 'a b', body: bytesOf(1) })),
  alone('publishes to every subject', 'SE-144', begun('news', { subject: '*', body: bytesOf(1) })),
  alone('publishes to all that is below', 'SE-143', begun('news', { subject: '>', body: bytesOf(1) })),
  alone('publishes to a token of 244 bytes', 'SE-143', begun('news', { subject: 'a'.repeat(244), body: bytesOf(1) })),
  alone('enqueues without a subject', 'SE-143', begun('work', { body: bytesOf(0xa0) })),
  alone('enqueues to every subject', 'SE-144', begun('work', { subject: '*', body: bytesOf(0xa0) })),
  alone('subscribes without a subject', 'SE-143', begun('news', { standing: true, flags: 0, body: bytesOf(0xa0) })),
  alone(
    'subscribes to all that is below',
    'SE-143',
    begun('news', { subject: '>', standing: true, flags: 0, body: bytesOf(0xa0) }),
  ),
  alone('streams with a subject', 'SE-143', begun('count', { subject: 'a', body: bytesOf(1) })),
  alone('has a stream stand', 'SE-144', begun('count', { standing: true, body: bytesOf(1) })),
]

const CREDENTIALS: readonly Row[] = [
  row('shows a credential of no bytes', 'SE-100', () => credential(EMPTY)),
  row('shows a credential of 4,097 bytes', 'SE-100', () => credential(new Uint8Array(4_097))),
]

export const FRAMES: readonly Case[] = [
  ...casesOf({}, [...TYPES, ...CUT, ...VARINTS, ...FLAGS, ...LABELS, ...CREDENTIALS, ...CALLS]),
  ...casesOf({ level: 'messaging' }, PLACES),
]
