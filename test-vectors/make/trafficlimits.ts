import { EMPTY } from '../../src/bytes.js'
import { begin, bytesOf, credit, data, ping, reset, stop, textOf } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import { encodeLabels } from '../../src/session/framewriter.js'
import type { TrafficItem } from '../schema.js'
import {
  type Cases,
  CORE,
  type Edge,
  edgesOf,
  fine,
  hexOfWire,
  type Over,
  type Play,
  type Refuse,
  record,
  wrong,
} from './trafficform.js'

/** Windows, limits and rates: as much as there may be, and one more. */

const ONE = bytesOf(1)
const MOST = Number.MAX_SAFE_INTEGER
const number = (operation: string): number => CORE.indexOf(operation)
const begun = (operation: string, exchange = 1, over: object = {}): Uint8Array =>
  begin({ exchange, operation: number(operation), body: ONE, ...over })
const own = (operation: string, body = '01'): TrafficItem => ({ act: 'begin', operation, body })
const empty = (count: number, operation = 'note'): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => begun(operation, 1 + 2 * i, { body: EMPTY }))

const SESSION: Over = { own: { sessionWindow: 4_096 } }
const EXCHANGE: Over = { own: { exchangeWindow: 4_096 } }
const MESSAGE: Over = { own: { message: 1_024 } }
const LABELS = { a: 'v'.repeat(256), b: 'v'.repeat(256) }
const labelled = (more: number): TrafficItem[] => {
  const length = 4_096 - 64 - encodeLabels(LABELS).length + more
  return [record(begun('note', 1, { labels: LABELS, body: textOf(length) }))]
}
const long = (length: number, over: object = {}): Uint8Array => begun('echo', 1, { body: textOf(length), ...over })
const two = (one: number, other: number): TrafficItem[] => [
  record(begun('note', 1, { body: textOf(one) }), begun('note', 3, { body: textOf(other) })),
]

const windows = (): Edge[] => [
  {
    rule: 'SE-50',
    name: 'a message of all of the window of a session',
    over: SESSION,
    at: [record(long(4_032))],
    beyond: [record(long(4_033))],
  },
  {
    rule: 'SE-50',
    name: 'labels that are charged with a message',
    over: SESSION,
    at: labelled(0),
    beyond: labelled(1),
  },
  {
    rule: 'SE-50',
    name: 'two messages that nobody has taken',
    over: SESSION,
    at: two(1_984, 1_984),
    beyond: two(1_984, 1_985),
  },
  {
    rule: 'SE-50',
    name: 'empty messages that nobody has taken, 64 at most',
    over: SESSION,
    at: [record(...empty(64))],
    beyond: [record(...empty(65))],
  },
  {
    rule: 'SE-50',
    name: 'a message behind one that was taken',
    over: SESSION,
    at: [
      record(begun('note', 1, { body: textOf(4_032) })),
      { act: 'take', exchange: 1 },
      record(begun('note', 3, { body: textOf(4_032) })),
    ],
    beyond: [
      record(begun('note', 1, { body: textOf(4_032) })),
      { act: 'take', exchange: 1 },
      record(begun('note', 3, { body: textOf(4_033) })),
    ],
  },
  {
    rule: 'SE-50',
    name: 'a reply of all of the window of a session',
    over: SESSION,
    at: [own('echo'), record(data(2, textOf(4_096)))],
    beyond: [own('echo'), record(data(2, textOf(4_097)))],
  },
  {
    rule: 'SE-62',
    name: 'a message of all of the window of an exchange',
    over: EXCHANGE,
    at: [record(long(4_096))],
    beyond: [record(long(4_097))],
  },
  {
    rule: 'SE-62',
    name: 'a first piece of all of the window of an exchange',
    over: EXCHANGE,
    at: [record(long(4_096, { flags: FLAG.more }))],
    beyond: [record(long(4_097, { flags: FLAG.more }))],
  },
  {
    rule: 'SE-62',
    name: 'a reply of all of the window of an exchange',
    over: EXCHANGE,
    at: [own('echo'), record(data(2, textOf(4_096)))],
    beyond: [own('echo'), record(data(2, textOf(4_097)))],
  },
  {
    rule: 'SE-62',
    name: 'a first piece of a reply of all of the window of an exchange',
    over: EXCHANGE,
    at: [own('echo'), record(data(2, textOf(4_096), FLAG.more))],
    beyond: [own('echo'), record(data(2, textOf(4_097), FLAG.more))],
  },
]

const lengths = (): Edge[] => [
  {
    rule: 'SE-63',
    name: 'the longest message',
    over: MESSAGE,
    at: [record(long(1_024))],
    beyond: [record(long(1_025))],
  },
  {
    rule: 'SE-63',
    name: 'the longest message in two pieces',
    over: MESSAGE,
    at: [record(long(1_000, { flags: FLAG.more })), record(data(1, new Uint8Array(24)))],
    beyond: [record(long(1_000, { flags: FLAG.more })), record(data(1, new Uint8Array(25)))],
  },
  {
    rule: 'SE-63',
    name: 'the longest message in two pieces that does not end with them',
    over: MESSAGE,
    at: [record(long(1_000, { flags: FLAG.more })), record(data(1, new Uint8Array(24), FLAG.more))],
    beyond: [record(long(1_000, { flags: FLAG.more })), record(data(1, new Uint8Array(25), FLAG.more))],
  },
  {
    rule: 'SE-63',
    name: 'the longest one-way message',
    over: MESSAGE,
    at: [record(begun('note', 1, { body: textOf(1_024) }))],
    beyond: [record(begun('note', 1, { body: textOf(1_025) }))],
  },
  {
    rule: 'SE-63',
    name: 'the longest reply',
    over: MESSAGE,
    at: [own('echo'), record(data(2, textOf(1_024)))],
    beyond: [own('echo'), record(data(2, textOf(1_025)))],
  },
  {
    rule: 'SE-63',
    name: 'the longest reply in two pieces',
    over: MESSAGE,
    at: [own('echo'), record(data(2, textOf(1_000), FLAG.more)), record(data(2, new Uint8Array(24)))],
    beyond: [own('echo'), record(data(2, textOf(1_000), FLAG.more)), record(data(2, new Uint8Array(25)))],
  },
  {
    rule: 'SE-63',
    name: 'the longest message, which rules deny by its head',
    over: { ...MESSAGE, policy: { version: 1, rules: [] } },
    at: [record(long(1_024))],
    beyond: [record(long(1_025))],
  },
  {
    rule: 'CH-13',
    name: 'the longest record',
    over: { own: { plaintext: 1_024 } },
    at: [record(ping(1), new Uint8Array(1_022))],
    beyond: [record(ping(1), new Uint8Array(1_023))],
  },
  {
    rule: 'SE-46',
    name: 'as many calls as may be open',
    over: { own: { exchanges: 2 } },
    at: [record(begun('never'), begun('never', 3), begun('note', 5))],
    beyond: [record(begun('never'), begun('never', 3), begun('note', 5), begun('never', 7))],
  },
  {
    rule: 'SE-46',
    name: 'a call behind one that was answered, where one may be open',
    over: { own: { exchanges: 1 } },
    at: [record(begun('echo')), { act: 'reply', exchange: 1, body: '01' }, record(begun('echo', 3))],
    beyond: [
      record(begun('echo')),
      { act: 'reply', exchange: 1, body: '01' },
      record(begun('echo', 3), begun('echo', 5)),
    ],
  },
  {
    rule: 'SE-46',
    name: 'a call behind one that failed, where one may be open',
    over: { own: { exchanges: 1 } },
    at: [record(begun('fail')), { act: 'fault', exchange: 1, name: 'Refused', body: '' }, record(begun('echo', 3))],
    beyond: [record(begun('fail')), record(begun('echo', 3))],
    more: 'a call behind one whose handler is not done, where one may be open',
  },
  {
    rule: 'SE-46',
    name: 'a call behind one that was refused, where one may be open',
    over: { own: { exchanges: 1 } },
    at: [record(begun('echo', 1, { body: bytesOf(0xff) })), record(begun('echo', 3))],
    beyond: [record(begun('echo', 1, { body: bytesOf(0xff) }), begun('echo', 3))],
    more: 'a call in the record of one that is refused, where one may be open',
  },
  {
    rule: 'SE-46',
    name: 'a call behind one that was reset in pieces, where one may be open',
    over: { own: { exchanges: 1 } },
    at: [record(begun('echo', 1, { flags: FLAG.more }), reset(1, 1)), record(begun('echo', 3))],
    beyond: [record(begun('echo', 1, { flags: FLAG.more })), record(begun('echo', 3))],
    more: 'a call beside one that is in pieces, where one may be open',
  },
  {
    rule: 'SE-46',
    name: 'a call behind one that was stopped and whose handler is done, where one may be open',
    over: { own: { exchanges: 1 } },
    at: [record(begun('never'), stop(1)), { act: 'reply', exchange: 1, body: '01' }, record(begun('never', 3))],
    beyond: [record(begun('never'), stop(1)), record(begun('never', 3))],
    more: 'a call behind one that was stopped and whose handler goes on, where one may be open',
  },
]

/** What is given back: too little, too much, too soon, to nobody. */
const credits = (): Cases => {
  const small: Over = { peer: { sessionWindow: 4_096, exchangeWindow: 4_096 } }
  /** With a BEGIN of 64 it takes a quarter of the window. */
  const quarter = own('note', hexOfWire('a'.repeat(957)))
  const half = own('note', hexOfWire('a'.repeat(1_981)))
  const pieces = own('echo', hexOfWire('a'.repeat(8_000)))
  const no = (name: string, script: readonly TrafficItem[], over: Over = small): Refuse =>
    wrong('SE-51', name, 'session/malformed', script, over)
  const yes = (name: string, script: readonly TrafficItem[], over: Over = small): Play =>
    fine('SE-51', name, script, over)
  return {
    accepted: [
      yes('all credit of a session given back, a quarter of its window', [quarter, record(credit(0, 5_120))]),
      yes('a quarter of the window given back of more that was sent', [half, record(credit(0, 5_120))]),
      yes('all credit of a session given back, half of its window', [half, record(credit(0, 6_144))]),
      yes('a quarter of the window given back twice', [half, record(credit(0, 5_120)), record(credit(0, 6_144))]),
      yes('all credit of an exchange given back', [pieces, record(credit(2, 5_120), credit(0, 5_120))]),
      yes('credit for an exchange that is past', [
        record(begun('echo')),
        { act: 'reply', exchange: 1, body: '01' },
        record(credit(1, 1)),
      ]),
      yes('credit of 0 for an exchange that is past', [own('note'), record(credit(2, 0))]),
    ],
    refused: [
      no('credit of 0', [record(credit(0, 0))]),
      no('credit of the window once more', [record(credit(0, 4_096))]),
      no('credit of a byte less than the window', [record(credit(0, 4_095))]),
      no('credit for what was not sent', [record(credit(0, 5_120))]),
      no('credit without end', [half, record(credit(0, MOST))]),
      no('a byte less than a quarter of the window', [quarter, record(credit(0, 5_119))]),
      no('a byte more than was sent', [quarter, record(credit(0, 5_121))]),
      no('a byte more than was sent, of half of the window', [half, record(credit(0, 6_145))]),
      no('the same credit twice', [half, record(credit(0, 5_120), credit(0, 5_120))]),
      no('less credit than before', [half, record(credit(0, 6_144), credit(0, 5_120))]),
      no('a second credit of a byte less than a quarter of the window', [
        half,
        record(credit(0, 5_120), credit(0, 6_143)),
      ]),
      no('credit of an exchange a byte below a quarter of its window', [pieces, record(credit(2, 5_119))]),
      no('credit of an exchange a byte above what was sent in it', [pieces, record(credit(2, 8_193))]),
      no('credit of an exchange twice', [pieces, record(credit(2, 5_120), credit(2, 5_120))]),
      no('credit for an exchange of the peer that comes next', [record(credit(1, 5_120))]),
      no('credit for an own exchange that comes next', [record(credit(2, 5_120))]),
      no('credit for exchange 2^53-1', [record(credit(MOST, 5_120))]),
      no('credit for a one-way message in pieces of its sender', [
        record(begun('note', 1, { flags: FLAG.more })),
        record(credit(1, 5_120)),
      ]),
    ],
  }
}

/** What needs no credit goes while a message waits for it. */
const uncharged = (): Play[] => {
  const full: Over = { peer: { sessionWindow: 4_096 } }
  const pieces = own('echo', hexOfWire('a'.repeat(8_000)))
  return [
    fine(
      'SE-48',
      'a FAULT while an own call waits for credit',
      [pieces, record(begun('echo', 1, { body: bytesOf(0xff) }))],
      full,
    ),
    fine('SE-48', 'a RESET while its own call waits for credit', [pieces, { act: 'cancel', exchange: 2 }], full),
    fine(
      'SE-48',
      'a STOP while another own call waits for credit',
      [own('never'), pieces, { act: 'cancel', exchange: 2 }],
      full,
    ),
  ]
}

export const limitCases = (): Cases => {
  const edges = edgesOf([...windows(), ...lengths()])
  const { accepted, refused } = credits()
  return { accepted: [...edges.accepted, ...accepted, ...uncharged()], refused: [...edges.refused, ...refused] }
}
