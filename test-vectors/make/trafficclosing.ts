import { concat, EMPTY } from '../../src/bytes.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import {
  accept,
  begin,
  bytesOf,
  credential,
  credit,
  data,
  drain,
  end,
  fault,
  ping,
  pong,
  refresh,
  refuse,
  rekey,
  reset,
  stop,
} from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import { encodeAcceptance } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { counting } from '../hex.js'
import type { TrafficItem } from '../schema.js'
import { type Cases, CORE, fine, type Over, type Play, type Refuse, record, wrong } from './trafficform.js'

/** What begins a session, changes its keys and ends it, in every state that it can come in. */

const ONE = bytesOf(1)
const MOST = Number.MAX_SAFE_INTEGER
const number = (operation: string): number => CORE.indexOf(operation)
const begun = (operation: string, exchange = 1, over: object = {}): Uint8Array =>
  begin({ exchange, operation: number(operation), body: ONE, ...over })
const own = (operation: string): TrafficItem => ({ act: 'begin', operation, body: '01' })
const CLOSE: TrafficItem = { act: 'close' }
const WAITS: Over = { role: 'initiator', waits: true }
const no = (rule: string, name: string, script: readonly TrafficItem[], over?: Over): Refuse =>
  wrong(rule, name, 'session/malformed', script, over)
const unexpected = (rule: string, name: string, script: readonly TrafficItem[], over?: Over): Refuse =>
  wrong(rule, name, 'session/unexpected', script, over)

/** Every frame that is no verdict, as it could come. */
const FRAMES: readonly (readonly [name: string, frame: Uint8Array])[] = [
  ['BEGIN', begun('echo', 2)],
  ['DATA', data(1, ONE)],
  ['FAULT', fault(1, 'call/cancelled')],
  ['RESET', reset(2, 0)],
  ['STOP', stop(2)],
  ['CREDIT', credit(0, 2_097_152)],
  ['PING', ping(1)],
  ['PONG', pong(1)],
  ['REKEY', rekey()],
  ['REFRESH', refresh()],
  ['CREDENTIAL', credential(bytesOf(0x84))],
  ['DRAIN', drain(0)],
  ['END', end()],
]

const acceptance = (over: Partial<Parameters<typeof encodeAcceptance>[0]> = {}): Uint8Array =>
  encodeAcceptance({ serves: [0], uses: [0], context: null, limits: limitsOf(), ...over })

export const closingCases = (): Cases => {
  const all = [verdicts(), refusals(), drains(), leavings(), ends(), keys()]
  return {
    accepted: all.flatMap(({ accepted }) => accepted),
    refused: all.flatMap(({ refused }) => refused),
  }
}

const verdicts = (): Cases => ({
  accepted: [
    fine('SE-25', 'ACCEPT of all that was offered', [record(accept(acceptance()))], WAITS),
    fine('SE-25', 'ACCEPT of what is used alone', [record(accept(acceptance({ uses: [] })))], WAITS),
    fine('SE-27', 'ACCEPT and padding', [record(accept(acceptance()), new Uint8Array(100))], WAITS),
    fine('SE-27', 'ACCEPT, and then a message', [record(accept(acceptance())), record(begun('echo', 2))], WAITS),
  ],
  refused: [
    ...FRAMES.map(([name, frame]) => unexpected('SE-27', `${name} before a verdict`, [record(frame)], WAITS)),
    unexpected('SE-27', 'a PING in front of ACCEPT', [record(ping(1), accept(acceptance()))], WAITS),
    no('CH-10', 'a PING behind ACCEPT', [record(accept(acceptance()), ping(1))], WAITS),
    no('CH-10', 'a second ACCEPT in the record', [record(accept(acceptance()), accept(acceptance()))], WAITS),
    no('CH-9', 'padding alone before a verdict', [record(new Uint8Array(8))], WAITS),
    no('SE-25', 'ACCEPT of nothing that is used', [record(accept(acceptance({ serves: [] })))], WAITS),
    no('SE-25', 'ACCEPT of a contract that is not used', [record(accept(acceptance({ serves: [0, 1] })))], WAITS),
    no('SE-25', 'ACCEPT of another contract than is used', [record(accept(acceptance({ serves: [1] })))], WAITS),
    no('SE-25', 'ACCEPT that uses what is not offered', [record(accept(acceptance({ uses: [1] })))], WAITS),
    no('SE-25', 'ACCEPT that uses more than is offered', [record(accept(acceptance({ uses: [0, 1] })))], WAITS),
    no('SE-22', 'ACCEPT of a contract twice', [record(accept(acceptance({ serves: [0, 0] })))], WAITS),
    no('SE-22', 'ACCEPT of nothing at all', [record(accept(EMPTY))], WAITS),
    no('SE-22', 'ACCEPT with a byte behind it', [record(accept(Uint8Array.from([...acceptance(), 0])))], WAITS),
    ...(['initiator', 'responder'] as const).flatMap((role) => [
      unexpected('SE-40', `ACCEPT in an open session, at the ${role}`, [record(accept(acceptance()))], { role }),
      unexpected('SE-40', `REFUSE in an open session, at the ${role}`, [record(refuse('session/busy'))], { role }),
      unexpected('SE-40', `ACCEPT behind the own END, at the ${role}`, [CLOSE, record(accept(acceptance()))], { role }),
      unexpected('SE-40', `REFUSE behind the own END, at the ${role}`, [CLOSE, record(refuse('session/busy'))], {
        role,
      }),
    ]),
  ],
})

const BARE: readonly ErrorCode[] = [
  'identity/not-trusted',
  'session/busy',
  'session/malformed',
  'session/service',
  'session/extension',
]
const NAMING: readonly (readonly [code: ErrorCode, right: readonly string[], wrong: readonly string[]])[] = [
  [
    'contract/unserved',
    ['kit.v1', 'kit.v1.echo'],
    ['', 'kit', 'kit.v2', 'kit.v1.', 'kit.v1.other', 'KIT.v1', 'kit.v1.echo.a'],
  ],
  ['contract/changed', ['kit.v1.echo'], ['', 'kit.v1', 'kit.v1.other', 'kit.v2.echo']],
  ['policy/denied', ['kit.v1'], ['', 'kit.v2', 'kit.v1.echo', 'kit.v1.']],
  ['policy/limited', ['kit.v1'], ['', 'kit.v2', 'kit.v1.echo']],
]
const isRefusal = (code: ErrorCode): boolean => BARE.includes(code) || NAMING.some(([named]) => named === code)
const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text)
const CODES = Object.keys(ERRORS)
  .filter(isCode)
  .filter((code) => ERRORS[code].wire > 0)

const refusals = (): Cases => {
  const refused = (code: ErrorCode | number, detail: string): TrafficItem[] => [record(refuse(code, detail))]
  const naming = (code: ErrorCode, detail: string): string =>
    `REFUSE with ${code} ${detail === '' ? 'of nothing' : `of ${detail}`}`
  return {
    accepted: [],
    refused: [
      ...BARE.map((code) => wrong('SE-29', `REFUSE with ${code}`, code, refused(code, ''), WAITS)),
      ...NAMING.flatMap(([code, right]) =>
        right.map((detail) => wrong('SE-29', naming(code, detail), code, refused(code, detail), WAITS)),
      ),
      ...BARE.map((code) => no('SE-29', naming(code, 'kit.v1'), refused(code, 'kit.v1'), WAITS)),
      ...NAMING.flatMap(([code, , others]) =>
        others.map((detail) => no('SE-29', naming(code, detail), refused(code, detail), WAITS)),
      ),
      ...CODES.filter((code) => !isRefusal(code)).map((code) =>
        no('SE-29', `REFUSE with ${code}`, refused(code, ''), WAITS),
      ),
      ...[0, 9, 83, MOST].map((wire) => no('SE-29', `REFUSE with the number ${wire}`, refused(wire, ''), WAITS)),
    ],
  }
}

const drains = (): Cases => {
  const bad = (name: string, ...script: TrafficItem[]): Refuse => no('SE-38', name, script)
  return {
    accepted: [
      fine('SE-38', 'DRAIN 0 where nothing was begun', [record(drain(0))]),
      fine('SE-38', 'DRAIN of the last own exchange', [own('never'), record(drain(2)), record(data(2, ONE))]),
      fine('SE-38', 'DRAIN of an own exchange that is past', [own('echo'), record(data(2, ONE)), record(drain(2))]),
      fine('SE-66', 'DRAIN 0 while an own call is open', [own('never'), record(drain(0))]),
      fine('SE-66', 'DRAIN of the first of two own calls', [
        own('never'),
        own('never'),
        record(drain(2)),
        record(data(2, ONE)),
      ]),
      fine('SE-66', 'DRAIN 0 behind own one-way messages', [own('note'), own('note'), record(drain(0))]),
      fine('SE-66', 'DRAIN of the first of two own one-way messages', [own('note'), own('note'), record(drain(2))]),
      fine(
        'SE-66',
        'DRAIN 0 while an own call is in pieces',
        [{ act: 'begin', operation: 'echo', body: `591f40${'61'.repeat(8_000)}` }, record(drain(0))],
        { peer: { sessionWindow: 4_096, exchangeWindow: 4_096 } },
      ),
      fine('SE-42', 'a DRAIN behind which the other end still answers', [
        record(begun('echo'), drain(0)),
        { act: 'reply', exchange: 1, body: '01' },
      ]),
    ],
    refused: [
      bad('DRAIN of an own exchange that was not begun', record(drain(2))),
      bad('DRAIN of an exchange behind the last', own('never'), record(drain(4))),
      bad('DRAIN of an exchange of the peer', own('never'), record(begun('never')), record(drain(1))),
      bad('DRAIN of exchange 2^53-1', own('never'), record(drain(MOST))),
      bad('DRAIN of exchange 2^53-2', own('never'), record(drain(MOST - 1))),
      bad('DRAIN 0 twice in a record', record(drain(0), drain(0))),
      bad('DRAIN 0 twice', record(drain(0)), record(drain(0))),
      bad('DRAIN of more than before', own('never'), record(drain(0)), record(drain(2))),
      bad('DRAIN of less than before', own('never'), record(drain(2)), record(drain(0))),
      bad('DRAIN twice behind the own DRAIN', record(begun('never')), CLOSE, record(drain(0)), record(drain(0))),
      bad('DRAIN twice behind the own END', CLOSE, record(drain(0)), record(drain(0))),
      bad('DRAIN of what was not begun, behind the own END', CLOSE, record(drain(2))),
    ],
  }
}

/** The own DRAIN has gone; a call of the peer is open. */
const leaving = (...items: TrafficItem[]): TrafficItem[] => [record(begun('never')), CLOSE, ...items]

const leavings = (): Cases => {
  const above = (name: string, ...items: TrafficItem[]): Play => fine('SE-58', name, leaving(...items))
  const said = FRAMES.filter(([name]) => name !== 'END' && name !== 'REKEY')
  return {
    accepted: [
      above('a call above the last', record(begun('echo', 3))),
      above('a one-way message above the last', record(begun('note', 3))),
      above('a message in pieces above the last', record(begun('echo', 3, { flags: FLAG.more })), record(data(3, ONE))),
      above('a message above the last that is no CBOR', record(begun('echo', 3, { body: bytesOf(0xff) }))),
      above('the last reply, with which the session ends', { act: 'reply', exchange: 1, body: '01' }),
      fine(
        'SE-42',
        'a reply, END and the END of the peer',
        leaving({ act: 'reply', exchange: 1, body: '01' }, record(end())),
        {},
        'clean',
      ),
      fine('SE-42', 'a close whose time is up', leaving({ ms: 1_000 })),
      fine(
        'SE-42',
        'a close whose time is up, and the END of the peer',
        leaving({ ms: 1_000 }, record(end())),
        {},
        'clean',
      ),
      ...said
        .filter(([name]) => name !== 'PONG' && name !== 'REFRESH')
        .map(([name, frame]) => fine('SE-67', `${name} behind the own END`, [CLOSE, record(frame)])),
      fine('SE-67', 'a message in two pieces behind the own END', [
        CLOSE,
        record(begun('echo', 1, { flags: FLAG.more })),
        record(data(1, ONE)),
      ]),
    ],
    refused: [
      no('SE-44', 'a gap above the last', leaving(record(begun('echo', 5)))),
      no(
        'SE-34',
        'an operation above the last that is not there',
        leaving(record(begin({ exchange: 3, operation: 99 }))),
      ),
      no('SE-64', 'a call above the last that does not end', leaving(record(begun('echo', 3, { flags: 0 })))),
      no('SE-39', 'a DATA for a call above the last that is past', leaving(record(begun('echo', 3), data(3, ONE)))),
      no('SE-69', 'a PING out of turn behind the own END', [CLOSE, record(ping(2))]),
      no('SE-69', 'a PONG without a PING behind the own END', [CLOSE, record(pong(1))]),
      no('SE-31', 'a frame that is cut short behind the own END', [CLOSE, record(bytesOf(9))]),
      wrong('SE-42', 'no END of the peer for a second', 'session/timeout', [CLOSE, { ms: 1_000 }]),
      wrong('SE-42', 'a one-way message in pieces when the time of a close is up', 'session/timeout', [
        record(begun('note', 1, { flags: FLAG.more })),
        CLOSE,
        { ms: 1_000 },
      ]),
    ],
  }
}

const ends = (): Cases => ({
  accepted: [
    fine('SE-41', 'END 0', [record(end())], {}, 'clean'),
    fine('SE-41', 'END 0 behind a message in the same record', [record(begun('note'), end())], {}, 'clean'),
    fine('SE-41', 'END 0 and padding', [record(end(), new Uint8Array(64))], {}, 'clean'),
    fine(
      'SE-41',
      'END 0 and a record that does not open behind it',
      [record(end()), record(bytesOf(0xff))],
      {},
      'clean',
    ),
    fine('SE-41', 'END 0, and the transport ends', [record(end()), { eof: true }], {}, 'clean'),
    fine(
      'SE-41',
      'END 0 inside a message in pieces',
      [record(begun('echo', 1, { flags: FLAG.more }), end())],
      {},
      'clean',
    ),
    fine('SE-41', 'END 0 while a handler is at work', [record(begun('never')), record(end())], {}, 'clean'),
    fine('SE-59', 'END 0 while an own call is open', [own('never'), record(end())], {}, 'clean'),
    fine(
      'SE-59',
      'END 0 while an own call is in pieces',
      [{ act: 'begin', operation: 'echo', body: `591f40${'61'.repeat(8_000)}` }, record(end())],
      { peer: { sessionWindow: 4_096, exchangeWindow: 4_096 } },
      'clean',
    ),
    fine('SE-41', 'END 0 that crosses the own', [CLOSE, record(end())], {}, 'clean'),
  ],
  refused: [
    ...[1, 4, 16, 9, MOST].map((code) =>
      wrong('SE-68', `END ${code}`, 'session/lost', [own('never'), record(end(code))]),
    ),
    wrong('SE-68', 'END 4 behind the own END', 'session/lost', [CLOSE, record(end(4))]),
    wrong('SE-43', 'the transport ends without END', 'channel/truncated', [{ eof: true }]),
    wrong('SE-43', 'the transport ends behind DRAIN', 'channel/truncated', [record(drain(0)), { eof: true }]),
    wrong('SE-43', 'the transport ends behind the own END', 'channel/truncated', [CLOSE, { eof: true }]),
    wrong('SE-43', 'the transport ends inside a message', 'channel/truncated', [
      record(begun('echo', 1, { flags: FLAG.more })),
      { eof: true },
    ]),
    wrong('SE-43', 'the transport ends while an own call is open', 'channel/truncated', [own('never'), { eof: true }]),
    wrong('SE-9', 'the transport ends before a verdict', 'session/lost', [{ eof: true }], WAITS),
    wrong('SE-9', 'no verdict for 10 s', 'session/timeout', [{ ms: 10_000 }], WAITS),
    no('CH-10', 'a PING behind END', [record(end(), ping(1))]),
    no('CH-10', 'END twice in a record', [record(end(), end())]),
  ],
})

/** As long as message 1 of a refresh, which it is not: it has a tag. */
const message1 = (first: Uint8Array = counting(0x01, 32)): Uint8Array => concat(first, new Uint8Array(16))
const PRIME = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0xed : i === 31 ? 0x7f : 0xff))
const I: Over = { role: 'initiator' }
const SECOND: TrafficItem = { ms: 1_000 }
const half = refresh(message1().subarray(0, 24))

const keys = (): Cases => ({
  accepted: [
    fine('CH-6', 'REKEY 0, and a message under the next key', [record(rekey()), record(begun('echo'))]),
    fine('CH-6', 'REKEY 0 twice, and a message', [record(ping(1), rekey()), record(rekey()), record(begun('echo'))]),
    fine('CH-23', 'half of message 1 of a refresh', [SECOND, record(half)]),
    fine('CH-23', 'message 1 of a refresh but for a byte, a byte a frame, with a message between', [
      SECOND,
      ...Array.from({ length: 47 }, (_, i) => record(refresh(message1().subarray(i, i + 1)))).toSpliced(
        24,
        0,
        record(begun('echo')),
      ),
    ]),
    fine('CH-25', 'R asks for a refresh', [record(refresh())], I),
  ],
  refused: [
    no('CH-11', 'REKEY 1 without a refresh', [record(rekey(1))]),
    no('CH-11', 'REKEY 1 inside message 1 of a refresh', [SECOND, record(half, rekey(1))]),
    no('CH-11', 'REKEY 2', [record(rekey(2))]),
    no('CH-11', 'REKEY 2^53-1', [record(rekey(MOST))]),
    no('CH-10', 'a PING behind REKEY', [record(rekey(), ping(1))]),
    no('CH-10', 'REKEY twice in a record', [record(rekey(), rekey())]),
    wrong('CH-27', 'message 1 of a refresh under a second behind the opening', 'session/limit', [
      { ms: 999 },
      record(half),
    ]),
    unexpected('CH-25', 'I asks for a refresh', [SECOND, record(refresh())]),
    unexpected('CH-23', 'an ask inside message 1', [SECOND, record(half), record(refresh())]),
    no('CH-23', 'message 1 of a byte more', [SECOND, record(refresh(counting(1, 49)))]),
    no('CH-23', 'message 1 of a byte more, in two frames', [SECOND, record(half, refresh(counting(1, 25)))]),
    no('CH-26', 'message 1 with bit 255 in its ephemeral', [
      SECOND,
      record(refresh(message1(new Uint8Array(32).fill(0xff)))),
    ]),
    no('CH-26', 'message 1 with the prime for an ephemeral', [SECOND, record(refresh(message1(PRIME)))]),
    wrong('CH-26', 'message 1 that does not open', 'noise/failed', [SECOND, record(refresh(message1()))]),
    unexpected('CH-25', 'message 2 of a refresh that was not begun', [SECOND, record(refresh(counting(1, 96)))], I),
    unexpected('CH-25', 'R asks for a refresh twice', [record(refresh()), record(refresh())], I),
  ],
})
