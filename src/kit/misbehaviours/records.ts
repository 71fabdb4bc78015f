import { concat } from '../../bytes.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cut, end, flipped, ping, rekey } from '../hostileframes.js'
import { cleanly, ends, mutely, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Records that nobody with the keys has sealed, in this place, for this direction; and what may stand in one. */

const FORGED = mutely('channel/forged')
const CUT = mutely('channel/truncated')
const MALFORMED = ends('session/malformed')

/** A record of PING 1, honest but for what is done to it. */
const pinged = (peer: Hostile): Uint8Array => peer.sealed(ping(1))

const header = (length: number): Uint8Array => bytesOf(length >>> 8, length & 0xff)

const LENGTHS: readonly Row[] = [0, 1, 16].map((length) => ({
  name: `declares a record of ${length} bytes`,
  rule: 'CH-1',
  does: () => header(length),
  outcome: mutely('channel/malformed'),
}))

/** What happens on the way, or is made without the key. */
const FORGERIES: Readonly<Record<string, (peer: Hostile) => Uint8Array | Promise<Uint8Array>>> = {
  'with a bit of its ciphertext changed': (peer) => flipped(pinged(peer), 2),
  'with a bit of its tag changed': (peer) => flipped(pinged(peer), -1),
  'with another length and a byte more': (peer) => {
    const record = pinged(peer)
    return concat(header(record.length - 1), record.slice(2), bytesOf(0))
  },
  'with another length and a byte less': (peer) => {
    const record = pinged(peer)
    return concat(header(record.length - 3), cut(record).slice(2))
  },
  'of zeros': () => concat(header(40), new Uint8Array(40)),
  'sealed with associated data': (peer) => peer.records.seal(ping(1), header(18)),
  twice: (peer) => {
    const record = pinged(peer)
    return concat(record, record)
  },
  'behind one that is left out': (peer) => {
    pinged(peer)
    return peer.sealed(ping(2))
  },
  'in front of the one before it': (peer) => {
    const record = pinged(peer)
    return concat(peer.sealed(ping(2)), record)
  },
  'under the key behind REKEY 0, which was not said': (peer) => {
    peer.records.rekey()
    return pinged(peer)
  },
  'under the old key behind REKEY 0': (peer) => concat(peer.sealed(rekey()), pinged(peer)),
  'that it was sent itself': async (peer) => {
    peer.say(ping(1))
    // With the nonce that is expected, for both ends have sealed as many.
    return await peer.unopened()
  },
}

const PARSED: readonly Row[] = [
  ...Object.entries<(peer: Hostile) => readonly Uint8Array[]>({
    'of padding alone': () => [bytesOf(0)],
    'with padding that is not zero': () => [ping(1), bytesOf(0, 0, 1)],
    'with a frame behind its padding': () => [bytesOf(0), ping(1)],
    'of 4,097 frames': (peer) => Array.from({ length: 4_097 }, () => peer.begin('note')),
  }).map(([name, frames]) => ({
    name: `sends a record ${name}`,
    rule: 'CH-9',
    does: (peer: Hostile) => peer.say(...frames(peer)),
    outcome: MALFORMED,
  })),
  {
    name: 'calls in a record whose last frame is none',
    rule: 'CH-9',
    does: (peer) => peer.say(peer.begin('echo', { body: bytesOf(1) }), bytesOf(0x7f)),
    outcome: MALFORMED,
  },
  {
    name: 'says something behind REKEY in one record',
    rule: 'CH-10',
    does: (peer) => peer.say(rekey(), ping(1)),
    outcome: MALFORMED,
  },
  {
    name: 'calls behind END in one record',
    rule: 'CH-10',
    does: (peer) => peer.say(end(), peer.begin('echo', { body: bytesOf(1) })),
    outcome: MALFORMED,
  },
  {
    name: 'goes over to the key of a refresh that never was',
    rule: 'CH-11',
    does: (peer) => peer.say(rekey(1)),
    outcome: MALFORMED,
  },
  { name: 'says REKEY 2', rule: 'CH-11', does: (peer) => peer.say(rekey(2)), outcome: MALFORMED },
]

const SHORT: readonly Row[] = [
  {
    name: 'seals a plaintext one byte over the limit',
    rule: 'CH-13',
    does: (peer) => peer.say(ping(1), new Uint8Array(1_023)),
    outcome: ends('session/limit'),
  },
]

const ENDS: readonly Row[] = [
  {
    name: 'ends the transport without END',
    rule: 'SE-43',
    does: (peer) => peer.shim.eof(),
    outcome: CUT,
  },
  {
    name: 'ends the transport inside a record',
    rule: 'SE-43',
    does: (peer) => {
      peer.feed(cut(peer.sealed(end())))
      peer.shim.eof()
    },
    outcome: CUT,
  },
  {
    name: 'ends the transport inside the length of a record',
    rule: 'SE-43',
    does: (peer) => {
      peer.feed(bytesOf(0))
      peer.shim.eof()
    },
    outcome: CUT,
  },
  {
    name: 'puts what is no record behind END',
    rule: 'SE-41',
    does: (peer) => peer.feed(peer.sealed(end()), header(3), new Uint8Array(40)),
    outcome: cleanly,
  },
  {
    name: 'calls in a record behind END',
    rule: 'SE-41',
    does: (peer) => peer.feed(peer.sealed(end()), peer.sealed(peer.begin('echo', { body: bytesOf(1) }))),
    outcome: cleanly,
  },
  {
    name: 'ends with the number of a fault',
    rule: 'SE-68',
    does: (peer) => peer.say(end('session/malformed')),
    outcome: mutely('session/lost'),
  },
  {
    name: 'ends with a number that is no code',
    rule: 'SE-68',
    does: (peer) => peer.say(end(1_000)),
    outcome: mutely('session/lost'),
  },
]

/** Nothing of it is forbidden. */
const FINE: readonly Row[] = [
  {
    name: 'goes over to another key in each of 40 records',
    rule: 'CH-6',
    does: (peer) => {
      for (let index = 0; index < 40; index++) {
        peer.say(rekey())
        peer.records.rekey()
      }
    },
    outcome: unharmed,
  },
  {
    name: 'sends each byte of a record by itself',
    rule: 'CH-2',
    does: (peer) => {
      for (const byte of peer.sealed(peer.begin('note', { body: bytesOf(1) }))) peer.feed(bytesOf(byte))
    },
    outcome: unharmed,
    heard: ['note'],
  },
]

const BY_SUITE: readonly (readonly [string, number])[] = [
  ['ML-KEM and ChaChaPoly', 0x0001],
  ['ML-KEM and AESGCM', 0x0101],
  ['a psk and ChaChaPoly', 0x0031],
  ['a psk and AESGCM', 0x0131],
  ['ML-KEM, a psk and ChaChaPoly', 0x0021],
  ['ML-KEM, a psk and AESGCM', 0x0121],
]

export const RECORDS: readonly Case[] = [
  ...casesOf({}, LENGTHS),
  ...casesOf(
    {},
    Object.entries(FORGERIES).map(([name, record]) => ({
      name: `sends a record ${name}`,
      rule: name.includes('REKEY') ? 'CH-6' : 'CH-5',
      does: record,
      outcome: FORGED,
    })),
  ),
  ...casesOf({}, PARSED),
  ...casesOf({ setup: { open: { limits: { plaintext: 1_024 } } } }, SHORT),
  ...casesOf({}, [...ENDS, ...FINE]),
  ...BY_SUITE.flatMap(([name, id]) =>
    casesOf({ suites: [id] }, [
      {
        name: `changes a record of a suite with ${name}`,
        rule: 'CH-5',
        does: (peer) => flipped(pinged(peer), -1),
        outcome: FORGED,
      },
    ]),
  ),
]
