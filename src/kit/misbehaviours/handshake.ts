import { concat, EMPTY } from '../../bytes.js'
import { defaultProvider } from '../../crypto/default.js'
import { generateIdentity, keyPairOf } from '../../identity/identity.js'
import { HandshakeState } from '../../noise/handshake.js'
import type { Case } from '../case.js'
import { type Hostile, PSK } from '../hostile.js'
import { bytesOf, cut, flipped } from '../hostileframes.js'
import { silently } from '../hostileoutcomes.js'
import { field, packet, prologueOf } from '../hostilewords.js'
import { casesOf, type Row, WITH_KEM, WITH_PSK } from './row.js'

/** The three messages: keys that are none, keys of somebody else, and messages that were changed, cut or made before. */

const MALFORMED = silently('session/malformed')
const FAILED = silently('noise/failed')

/** A point of X25519: its first byte, those between and its last. */
const point = (first: number, between: number, last: number): Uint8Array => {
  const bytes = new Uint8Array(32).fill(between)
  bytes[0] = first
  bytes[31] = last
  return bytes
}

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))

/** Not below 2^255-19, or with bit 255 set (SE-12). */
const NOT_CANONICAL: Readonly<Record<string, Uint8Array>> = {
  'with bit 255 set': point(9, 0, 0x80),
  'of the value 2^255-19': point(0xed, 0xff, 0x7f),
  'of the value 2^255-18': point(0xee, 0xff, 0x7f),
  'of the value 2^255-1': point(0xff, 0xff, 0x7f),
}

/** Canonical, and of an order that makes every shared secret zero (NO-16). */
const LOW_ORDER: Readonly<Record<string, Uint8Array>> = {
  'of the value 0': point(0, 0, 0),
  'of the value 1': point(1, 0, 0),
  'of the value 2^255-20': point(0xec, 0xff, 0x7f),
  'of order 8': fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'),
  'of order 8, the other one': fromHex('5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'),
}

type Change = (noise: Uint8Array) => Uint8Array

/** A row for each point in the place of the ephemeral. */
const ephemerals = (message: 1 | 2, make: (peer: Hostile, change: Change) => Uint8Array): readonly Row[] =>
  [
    { points: NOT_CANONICAL, rule: 'SE-12', outcome: MALFORMED },
    { points: LOW_ORDER, rule: 'NO-16', outcome: FAILED },
  ].flatMap(({ points, rule, outcome }) =>
    Object.entries(points).map(([name, e]) => ({
      name: `sends message ${message} with an ephemeral ${name}`,
      rule,
      does: (peer: Hostile) => make(peer, (noise) => concat(e, noise.slice(32))),
      outcome,
    })),
  )

const message1 = (peer: Hostile, change: Change): Uint8Array => {
  const whole = peer.hello()
  const [neg] = peer.negs
  const noise = change(whole.slice(4 + (neg?.length ?? 0)))
  return packet(neg ?? EMPTY, noise)
}

const message2 = (peer: Hostile, change: Change): Uint8Array => packet(EMPTY, change(peer.message2().slice(4)))

const message3 = (peer: Hostile, change: Change): Uint8Array => packet(EMPTY, change(peer.message3().slice(4)))

const FIRST: readonly Row[] = [
  ...ephemerals(1, message1),
  {
    name: 'sends message 1 one byte short',
    rule: 'NO-15',
    does: (peer) => message1(peer, cut),
    outcome: silently('session/malformed', 'noise/failed'),
  },
  {
    name: 'sends an empty message 1',
    rule: 'NO-15',
    does: (peer) => message1(peer, () => EMPTY),
    outcome: silently('session/malformed', 'noise/failed'),
  },
  {
    name: 'sends message 1 with a payload',
    rule: 'SE-13',
    does: (peer) => message1(peer, (noise) => concat(noise, bytesOf(0))),
    outcome: MALFORMED,
  },
  {
    name: 'sends message 1 of 16,000 bytes',
    rule: 'SE-13',
    does: (peer) => message1(peer, (noise) => concat(noise, new Uint8Array(16_000 - noise.length))),
    outcome: MALFORMED,
  },
]

const FIRST_WITH_KEM: readonly Row[] = [
  {
    name: 'sends an ML-KEM key whose numbers are not below its modulus',
    rule: 'CR-12',
    does: (peer) => message1(peer, (noise) => concat(noise.slice(0, 32), new Uint8Array(noise.length - 32).fill(0xff))),
    outcome: FAILED,
  },
]

const FIRST_WITH_PSK: readonly Row[] = [
  {
    name: 'sends message 1 of a psk suite with another tag',
    rule: 'NO-10',
    does: (peer) => message1(peer, (noise) => flipped(noise, -1)),
    outcome: FAILED,
  },
]

const changed = (message: 2 | 3, make: typeof message2, changes: Readonly<Record<string, Change>>): readonly Row[] =>
  Object.entries(changes).map(([name, change]) => ({
    name: `sends message ${message} ${name}`,
    rule: 'NO-12',
    does: (peer: Hostile) => make(peer, change),
    outcome: FAILED,
  }))

const SECOND: readonly Row[] = [
  ...ephemerals(2, message2),
  ...changed(2, message2, {
    'with a bit of its ephemeral changed': (noise) => flipped(noise, 8),
    'with a bit of its static key changed': (noise) => flipped(noise, -64),
    'with a bit of the tag of its static key changed': (noise) => flipped(noise, -17),
    'with a bit of its last tag changed': (noise) => flipped(noise, -1),
    'one byte short': cut,
    'with a byte behind it': (noise) => concat(noise, bytesOf(0)),
    'of zeros but for its ephemeral': (noise) => concat(noise.slice(0, 32), new Uint8Array(noise.length - 32)),
  }),
]

const SECOND_WITH_KEM: readonly Row[] = changed(2, message2, {
  'with a bit of its ML-KEM ciphertext changed': (noise) => flipped(noise, 32),
  'with a bit of the tag of its ML-KEM ciphertext changed': (noise) => flipped(noise, 32 + 1088),
})

/** Message 3 of a handshake of its own, by the right initiator. */
const older = ({ suite, keys }: Hostile): Uint8Array => {
  const of = { protocol: suite.name, prologue: prologueOf([]), provider: defaultProvider }
  const initiator = new HandshakeState({ ...of, role: 'initiator', s: keys.own })
  const responder = new HandshakeState({ ...of, role: 'responder', s: keyPairOf(generateIdentity()) })
  responder.readMessage(initiator.writeMessage())
  initiator.readMessage(responder.writeMessage())
  return initiator.writeMessage(field(2, new Uint8Array(60)))
}

const THIRD: readonly Row[] = [
  ...changed(3, message3, {
    'with a bit of its static key changed': (noise) => flipped(noise, 0),
    'with a bit of the tag of its static key changed': (noise) => flipped(noise, 47),
    'with a bit of its payload changed': (noise) => flipped(noise, 48),
    'with a bit of its last tag changed': (noise) => flipped(noise, -1),
    'one byte short': cut,
    'with a byte behind it': (noise) => concat(noise, bytesOf(0)),
    'of its static key alone': (noise) => noise.slice(0, 48),
  }),
  {
    name: 'sends message 2 back as message 3',
    rule: 'NO-12',
    does: ({ heard }) => packet(EMPTY, heard.noise),
    outcome: FAILED,
  },
  {
    name: 'sends message 3 of another session',
    rule: 'NO-12',
    does: (peer) => packet(EMPTY, older(peer)),
    outcome: FAILED,
  },
]

const stranger = (): Uint8Array => keyPairOf(generateIdentity()).secretKey

/** Keys in message 3 that are not the own. */
const AS_INITIATOR: readonly Case[] = [
  ...casesOf({ from: 'answered', setup: { keys: (own) => ({ ...own, secretKey: stranger() }) } }, [
    {
      name: 'claims the trusted key in message 3 without its secret',
      rule: 'NO-12',
      does: (peer) => peer.message3(),
      outcome: FAILED,
    },
  ]),
  ...casesOf({ from: 'answered', setup: { keys: (_, shim) => shim } }, [
    {
      name: "proves the responder's own key to it",
      rule: 'ID-8',
      does: (peer) => peer.message3(),
      outcome: silently('identity/self'),
    },
  ]),
  ...casesOf(
    {
      from: 'answered',
      setup: {
        keys: ({ secretKey, publicKey }) => ({
          secretKey,
          publicKey: publicKey.map((byte, i) => (i === 31 ? byte | 0x80 : byte)),
        }),
      },
    },
    [
      {
        name: 'shows a static key in message 3 with bit 255 set',
        rule: 'ID-3',
        does: (peer) => peer.message3(),
        outcome: silently('identity/malformed', 'session/malformed'),
      },
    ],
  ),
  ...casesOf({ from: 'answered', setup: { keys: (own) => ({ ...own, publicKey: new Uint8Array(32) }) } }, [
    {
      name: 'shows a static key of zeros in message 3',
      rule: 'NO-16',
      does: (peer) => peer.message3(),
      outcome: FAILED,
    },
  ]),
]

const SAYS_2 = (peer: Hostile): Uint8Array => peer.message2()

/** Keys in message 2 that are not the expected one: nothing of the initiator is shown. */
const AS_RESPONDER: readonly Case[] = [
  ...casesOf({ role: 'initiator', from: 'start', setup: { stranger: true } }, [
    {
      name: 'proves another key than the initiator expects',
      rule: 'SE-11',
      does: SAYS_2,
      outcome: silently('identity/mismatch'),
    },
  ]),
  ...[0, 31].flatMap((at) =>
    casesOf({ role: 'initiator', from: 'start', setup: { stranger: (own) => flipped(own, at) } }, [
      {
        name: `proves a key of which byte ${at} alone is not that of the expected one`,
        rule: 'ID-9',
        does: SAYS_2,
        outcome: silently('identity/mismatch'),
      },
    ]),
  ),
  ...casesOf({ role: 'initiator', from: 'start', setup: { keys: (own) => ({ ...own, secretKey: stranger() }) } }, [
    { name: 'claims the expected key in message 2 without its secret', rule: 'NO-12', does: SAYS_2, outcome: FAILED },
  ]),
  ...casesOf({ role: 'initiator', from: 'start', setup: { keys: (_, shim) => shim } }, [
    {
      name: "proves the initiator's own key to it",
      rule: 'ID-8',
      does: SAYS_2,
      outcome: silently('identity/self', 'identity/mismatch'),
    },
  ]),
]

const OTHER = new Uint8Array(32).fill(1)

/** A psk that is not the one both ends have comes to nothing, with no word of why. */
const PSKS: readonly Case[] = [
  ...casesOf({ from: 'answered', suites: WITH_PSK, setup: { psk: { id: bytesOf(1), key: OTHER } } }, [
    { name: 'names a psk that nobody knows', rule: 'SE-82', does: (peer) => peer.message3(), outcome: FAILED },
  ]),
  ...casesOf({ from: 'answered', suites: WITH_PSK, setup: { psk: { id: bytesOf(1), key: PSK.key } } }, [
    {
      name: 'has the key of the psk under another id',
      rule: 'SE-82',
      does: (peer) => peer.message3(),
      outcome: FAILED,
    },
  ]),
  ...casesOf({ from: 'answered', suites: WITH_PSK, setup: { psk: { id: PSK.id, key: OTHER } } }, [
    { name: 'has another key than the psk it names', rule: 'NO-12', does: (peer) => peer.message3(), outcome: FAILED },
  ]),
]

export const HANDSHAKE: readonly Case[] = [
  ...casesOf({ from: 'start' }, FIRST),
  ...casesOf({ from: 'start', suites: [0x0001, 0x0101] }, FIRST_WITH_KEM),
  ...casesOf({ from: 'start', suites: WITH_PSK }, FIRST_WITH_PSK),
  ...casesOf({ role: 'initiator', from: 'start' }, SECOND),
  ...casesOf({ role: 'initiator', from: 'start', suites: WITH_KEM }, SECOND_WITH_KEM),
  ...casesOf({ from: 'answered' }, THIRD),
  ...AS_INITIATOR,
  ...AS_RESPONDER,
  ...PSKS,
]
