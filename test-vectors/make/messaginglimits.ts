import { cbor, data, textOf } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import { begun, MESSAGING, own, stands } from './messagingform.js'
import { type Cases, type Edge, edgesOf, type Over, record } from './trafficform.js'

/** Windows and limits of streams and of what has a subject: as much as there may be, and one more. */

export const messagingLimitCases = (): Cases => edgesOf(edges())

/** With what stands it takes all of a window of 4,096 bytes, and nobody takes it. */
const FILLING = record(begun('note', { exchange: 3, body: textOf(4_096 - 64 - 64 - 1 - 2) }))

const small = (limits: Over['own']): Over => ({ ...MESSAGING, own: limits ?? {} })

const edges = (): Edge[] => [
  {
    rule: 'SE-124',
    name: 'an item of all of the window of an exchange, with the request and 64 bytes',
    over: small({ exchangeWindow: 4_096 }),
    at: [record(begun('collect', { flags: 0 })), record(data(1, textOf(4_031), 0))],
    beyond: [record(begun('collect', { flags: 0 })), record(data(1, textOf(4_032), 0))],
  },
  {
    rule: 'SE-124',
    name: 'an item that comes down, of all of the window of an exchange',
    over: small({ exchangeWindow: 4_096 }),
    at: [own('count'), record(data(2, textOf(4_032), 0))],
    beyond: [own('count'), record(data(2, textOf(4_033), 0))],
  },
  {
    rule: 'SE-124',
    name: 'a chunk of all of the window of an exchange',
    over: small({ exchangeWindow: 4_096 }),
    at: [own('pour'), record(data(2, new Uint8Array(4_032), 0))],
    beyond: [own('pour'), record(data(2, new Uint8Array(4_033), 0))],
  },
  {
    rule: 'SE-50',
    name: 'an item that comes down, of all of the window of a session',
    over: small({ sessionWindow: 4_096 }),
    at: [own('count'), record(data(2, textOf(4_032), 0))],
    beyond: [own('count'), record(data(2, textOf(4_033), 0))],
  },
  {
    rule: 'SE-50',
    name: 'a subject that is charged with a message',
    over: small({ sessionWindow: 4_096 }),
    // The subject with its length in front.
    at: [record(begun('news', { subject: 'abc', body: textOf(4_096 - 64 - 4) }))],
    beyond: [record(begun('news', { subject: 'abc', body: textOf(4_096 - 64 - 3) }))],
  },
  {
    rule: 'SE-157',
    name: 'what comes up behind a subscription while the window of the session is full',
    over: small({ sessionWindow: 4_096, exchangeWindow: 8_192 }),
    at: [record(stands('news')), FILLING, record(data(1, textOf(8_192 - 64 - 1), 0))],
    beyond: [record(stands('news')), FILLING, record(data(1, textOf(8_192 - 64), 0))],
    more: 'what comes up behind a subscription, of a byte more than the window of its exchange',
  },
  {
    rule: 'SE-63',
    name: 'the longest item',
    over: small({ message: 1_024 }),
    at: [record(begun('collect', { flags: 0 })), record(data(1, textOf(1_024), 0))],
    beyond: [record(begun('collect', { flags: 0 })), record(data(1, textOf(1_025), 0))],
  },
  {
    rule: 'SE-63',
    name: 'the longest item in pieces',
    over: small({ message: 1_024 }),
    at: [
      record(begun('collect', { flags: 0 })),
      record(data(1, textOf(1_000), FLAG.more), data(1, new Uint8Array(24), 0)),
    ],
    beyond: [
      record(begun('collect', { flags: 0 })),
      record(data(1, textOf(1_000), FLAG.more), data(1, new Uint8Array(25), 0)),
    ],
  },
  {
    rule: 'SE-63',
    name: 'the longest item that comes down',
    over: small({ message: 1_024 }),
    at: [own('count'), record(data(2, textOf(1_024), 0))],
    beyond: [own('count'), record(data(2, textOf(1_025), 0))],
  },
  {
    rule: 'SE-46',
    name: 'a stream and a call, where two may be open',
    over: small({ exchanges: 2 }),
    at: [record(begun('collect', { flags: 0 }), begun('never', { exchange: 3 }))],
    beyond: [record(begun('collect', { flags: 0 }), begun('never', { exchange: 3 }), begun('never', { exchange: 5 }))],
  },
  {
    rule: 'SE-46',
    name: 'a subscription, a consumer and messages to both, where three may be open',
    over: small({ exchanges: 3 }),
    at: [
      record(
        stands('news'),
        stands('work', 'a', { exchange: 3 }),
        begun('news', { exchange: 5, subject: 'a' }),
        begun('work', { exchange: 7, subject: 'a', body: cbor({}) }),
      ),
    ],
    beyond: [
      record(
        stands('news'),
        stands('work', 'a', { exchange: 3 }),
        begun('news', { exchange: 5, subject: 'a' }),
        begun('work', { exchange: 7, subject: 'a', body: cbor({}) }),
      ),
      record(begun('work', { exchange: 9, subject: 'a', body: cbor({}) })),
    ],
    more: 'a subscription, a consumer and two messages to a queue, where three may be open',
  },
  {
    rule: 'SE-46',
    name: 'a call behind a stream that both ends have ended, where one may be open',
    over: small({ exchanges: 1 }),
    at: [record(begun('collect')), { act: 'end', exchange: 1 }, record(begun('never', { exchange: 3 }))],
    beyond: [
      record(begun('collect', { flags: 0 })),
      { act: 'end', exchange: 1 },
      record(begun('never', { exchange: 3 })),
    ],
    more: 'a call behind a stream that its peer has not ended, where one may be open',
  },
]
