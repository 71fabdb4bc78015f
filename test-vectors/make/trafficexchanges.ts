import { EMPTY } from '../../src/bytes.js'
import { ERRORS, type ErrorCode } from '../../src/errors.js'
import { begin, bytesOf, cbor, data, fault, reset, stop } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import type { TrafficItem } from '../schema.js'
import { type Cases, CORE, fine, type Over, type Play, type Refuse, record, wrong } from './trafficform.js'

/** Ids, operations, pieces and codes: what a frame may say of an exchange. */

const ONE = bytesOf(1)
const TWO = bytesOf(0x62, 0x61)
const MOST = Number.MAX_SAFE_INTEGER
const number = (operation: string): number => CORE.indexOf(operation)
const begun = (operation: string, exchange = 1, over: object = {}): Uint8Array =>
  begin({ exchange, operation: number(operation), body: ONE, ...over })
const half = (operation: string, exchange = 1): Uint8Array =>
  begun(operation, exchange, { flags: FLAG.more, body: TWO })
const no = (rule: string, name: string, script: readonly TrafficItem[], over?: Over): Refuse =>
  wrong(rule, name, 'session/malformed', script, over)

export const exchangeCases = (): Cases => ({
  accepted: [...idsTaken(), ...messagesTaken(), ...faultsTaken(), ...refusalsTaken()],
  refused: [...idsRefused(), ...piecesRefused(), ...codesRefused()],
})

/** Who begins what, in each role. */
const ROLES = [
  { role: 'responder', first: 1, ofOther: 2 },
  { role: 'initiator', first: 2, ofOther: 1 },
] as const

const idsTaken = (): Play[] =>
  ROLES.flatMap(({ role, first }) => [
    fine(
      'SE-44',
      `three exchanges in a record, ${first} first`,
      [record(begun('note', first), begun('echo', first + 2), begun('note', first + 4))],
      { role },
    ),
    fine(
      'SE-44',
      `three exchanges in three records, ${first} first`,
      [record(begun('never', first)), record(begun('echo', first + 2)), record(begun('note', first + 4))],
      { role },
    ),
  ])

const idsRefused = (): Refuse[] => [
  ...ROLES.flatMap(({ role, first, ofOther }) => {
    const at = (name: string, exchange: number, ...before: TrafficItem[]): Refuse =>
      no(
        'SE-44',
        `exchange ${name}, of a peer that begins with ${first}`,
        [...before, record(begun('echo', exchange))],
        {
          role,
        },
      )
    const one = record(begun('note', first))
    return [
      at('0', 0),
      at(`${ofOther} as the first`, ofOther),
      at('3 or 4 as the first', first + 2),
      at('2^53-1 as the first', MOST),
      at('of a number over 2^30 as the first', first + 2 ** 30),
      ...(role === 'initiator' ? [at('of the first number once more', first, one)] : []),
      at('of the next number of the other end', first + 1, one),
      at('with a gap before it', first + 4, one),
      at('of a number that was two before', first, one, record(begun('note', first + 2))),
    ]
  }),
  ...[
    ['one more than there are', CORE.length],
    ['128', 128],
    ['2^53-1', MOST],
  ].map(([name, operation]) =>
    no('SE-34', `operation ${name}`, [record(begin({ exchange: 1, operation: Number(operation), body: ONE }))]),
  ),
]

const text = (length: number): Uint8Array => cbor('a'.repeat(length))

const messagesTaken = (): Play[] => [
  ...CORE.filter((operation) => operation !== 'echo').map((operation) =>
    fine('SE-34', `a message to ${operation}`, [record(begun(operation))]),
  ),
  fine('SE-31', 'a message without a body', [record(begun('echo', 1, { body: EMPTY }))]),
  fine('SE-31', 'a reply without a body', [{ act: 'begin', operation: 'echo', body: '' }, record(data(2))]),
  fine('SE-33', 'a message with labels', [record(begun('note', 1, { labels: { a: '', 'trace-1': 'é' } }))]),
  fine('SE-33', 'a message with 16 labels of 256 bytes', [
    record(
      begun('note', 1, {
        labels: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`l${10 + i}`, 'v'.repeat(256)])),
      }),
    ),
  ]),
  fine('SE-31', 'a message with the longest time to live', [record(begun('echo', 1, { ttlMs: MOST }))]),
  fine('SE-57', 'a call whose time is up', [record(begun('never', 1, { ttlMs: 500 })), { ms: 499 }, { ms: 1 }]),
  fine('SE-57', 'a call whose time is up, and then its reply', [
    record(begun('never', 1, { ttlMs: 500 })),
    { ms: 500 },
    { act: 'reply', exchange: 1, body: '01' },
  ]),
  fine('SE-57', 'a call in pieces whose time is up', [
    record(begun('echo', 1, { ttlMs: 500, flags: FLAG.more })),
    { ms: 500 },
  ]),
  fine('SE-57', 'a one-way message whose time is up and that is taken all the same', [
    record(begun('note', 1, { ttlMs: 500, flags: FLAG.more, body: TWO })),
    { ms: 500 },
    record(data(1, bytesOf(0x62))),
  ]),
  fine('SE-57', 'an own call whose time is up', [
    { act: 'begin', operation: 'echo', body: '01', ttlMs: 500 },
    { ms: 500 },
    record(fault(2, 'call/cancelled')),
  ]),
  fine('SE-47', 'a message in three pieces, with others between them', [
    record(begun('echo', 1, { flags: FLAG.more, body: bytesOf(0x62) }), begun('note', 3)),
    record(data(1, TWO.subarray(1), FLAG.more), begun('echo', 5)),
    record(begun('note', 7), data(1, TWO.subarray(1))),
  ]),
  fine('SE-47', 'one message in pieces behind another', [
    record(half('echo'), data(1, bytesOf(0x62))),
    record(half('note', 3), data(3, bytesOf(0x62))),
  ]),
  fine('SE-47', 'a reply in three pieces', [
    { act: 'begin', operation: 'echo', body: '01' },
    record(data(2, bytesOf(0x63), FLAG.more)),
    record(data(2, bytesOf(0x61), FLAG.more)),
    record(data(2, bytesOf(0x62, 0x63))),
  ]),
  fine('SE-35', 'replies in another order than the calls', [
    { act: 'begin', operation: 'echo', body: '01' },
    { act: 'begin', operation: 'never', body: '02' },
    record(data(4, bytesOf(4)), data(2, bytesOf(2))),
  ]),
  fine('SE-39', 'an answer while the next call comes', [
    record(begun('echo')),
    record(begun('echo', 3)),
    { act: 'reply', exchange: 3, body: '03' },
    { act: 'reply', exchange: 1, body: '01' },
  ]),
  fine('SE-63', 'a message of 64 KiB in five pieces', [
    record(begun('echo', 1, { flags: FLAG.more, body: text(65_531).subarray(0, 16_384) })),
    ...[1, 2, 3].map((i) =>
      record(data(1, text(65_531).subarray(i * 16_384, (i + 1) * 16_384), i < 3 ? FLAG.more : FLAG.end)),
    ),
  ]),
]

const piecesRefused = (): Refuse[] => [
  no('SE-64', 'a call that ends neither its message nor its direction', [record(begun('echo', 1, { flags: 0 }))]),
  no('SE-64', 'a one-way message that does not end its direction', [record(begun('note', 1, { flags: 0 }))]),
  no('SE-64', 'an empty call that does not end its direction', [record(begun('echo', 1, { flags: 0, body: EMPTY }))]),
  no('SE-47', 'a call in pieces inside a call in pieces', [record(half('echo')), record(half('echo', 3))]),
  no('SE-47', 'a one-way message in pieces inside a call in pieces', [record(half('echo'), half('note', 3))]),
  no('SE-47', 'a one-way message in pieces inside another', [record(half('note')), record(half('note', 3))]),
  no('SE-47', 'a reply in pieces inside a call in pieces', [
    { act: 'begin', operation: 'echo', body: '01' },
    record(half('echo'), data(2, ONE, FLAG.more)),
  ]),
  no('SE-47', 'a call in pieces inside a reply in pieces', [
    { act: 'begin', operation: 'echo', body: '01' },
    record(data(2, ONE, FLAG.more), half('echo')),
  ]),
  no('SE-47', 'a reply in pieces inside a reply in pieces', [
    { act: 'begin', operation: 'echo', body: '01' },
    { act: 'begin', operation: 'echo', body: '01' },
    record(data(2, ONE, FLAG.more), data(4, ONE, FLAG.more)),
  ]),
  no('SE-39', 'a DATA for exchange 0', [record(data(0, ONE))]),
  no('SE-39', 'a DATA for exchange 2^53-1', [record(data(MOST, ONE))]),
  no('SE-35', 'a FAULT for exchange 0', [record(fault(0, 'call/cancelled'))]),
  no('SE-35', 'a FAULT for exchange 2^53-1', [record(fault(MOST, 'call/cancelled'))]),
  no('SE-36', 'a RESET for exchange 0', [record(reset(0, 0))]),
  no('SE-36', 'a RESET of 2^53-1 bytes', [record(half('echo')), record(reset(1, MOST))]),
  no('SE-37', 'a STOP for exchange 0', [record(stop(0))]),
  no('SE-37', 'a STOP for exchange 2^53-1', [record(stop(MOST))]),
  no('SE-37', 'a STOP before its BEGIN in one record', [record(stop(1), begun('never'))]),
]

const DETAILS: Partial<Record<ErrorCode, Uint8Array>> = {
  'contract/invalid': cbor({ path: 'a' }),
  'call/fault': cbor({ name: 'Refused' }),
  'call/internal': cbor({ incident: 'i-1' }),
  'flow/refused': cbor({ state: 'start', expected: [] }),
}

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERRORS, text)
/** What has a number. */
const CODES = Object.keys(ERRORS)
  .filter(isCode)
  .filter((code) => ERRORS[code].wire > 0)
/** What a FAULT may carry for a call, and of those for a one-way message. */
const FOR_CALLS: readonly ErrorCode[] = [
  'contract/invalid',
  'policy/denied',
  'policy/limited',
  'session/closed',
  'call/cancelled',
  'call/deadline',
  'call/fault',
  'call/internal',
]
const FOR_ONE_WAY: readonly ErrorCode[] = ['contract/invalid', 'policy/denied', 'policy/limited']
/** Of topics, queues and flows alone. */
const ELSEWHERE: readonly ErrorCode[] = ['flow/refused', 'topic/slow', 'broker/full', 'broker/failed']
const UNKNOWN = [0, 9, 83, MOST]

const answered = (operation: string, code: ErrorCode | number): TrafficItem[] => [
  { act: 'begin', operation, body: '01' },
  record(fault(2, code, typeof code === 'number' ? EMPTY : DETAILS[code])),
]

const faultsTaken = (): Play[] => [
  ...FOR_CALLS.map((code) => fine('SE-49', `a call that fails with ${code}`, answered('fail', code))),
  ...FOR_ONE_WAY.filter((code) => code !== 'policy/denied').map((code) =>
    fine('SE-35', `a one-way message refused with ${code}`, answered('note', code)),
  ),
  fine('SE-49', 'a fault with data', [
    { act: 'begin', operation: 'fail', body: '01' },
    record(fault(2, 'call/fault', cbor({ name: 'Refused', data: [1, 'a'] }))),
  ]),
  ...(['call/cancelled', 'call/deadline', 'policy/denied', 'session/malformed'] as const).map((code) =>
    fine('SE-36', `a call that is reset with ${code}`, [record(half('echo'), reset(1, 2, code))]),
  ),
  ...(['call/cancelled', 'call/deadline'] as const).map((code) =>
    fine('SE-37', `a call that is stopped with ${code}, and then its reply`, [
      record(begun('never')),
      record(stop(1, code)),
      { act: 'reply', exchange: 1, body: '01' },
    ]),
  ),
  fine('SE-37', 'a call that is stopped and then ends with a fault of its handler', [
    record(begun('never'), stop(1)),
    { act: 'fault', exchange: 1, name: 'Refused', body: '01' },
  ]),
]

const codesRefused = (): Refuse[] => [
  ...CODES.filter((code) => ![...FOR_CALLS, ...ELSEWHERE].includes(code)).map((code) =>
    no('SE-49', `a call that fails with ${code}`, answered('echo', code)),
  ),
  ...ELSEWHERE.map((code) => no('SE-149', `a call that fails with ${code}`, answered('echo', code))),
  ...UNKNOWN.map((code) => no('SE-49', `a call that fails with the number ${code}`, answered('echo', code))),
  ...FOR_CALLS.filter((code) => !FOR_ONE_WAY.includes(code) && code !== 'call/cancelled').map((code) =>
    no('SE-35', `a one-way message that fails with ${code}`, answered('note', code)),
  ),
  ...UNKNOWN.map((code) => no('SE-36', `a RESET with the number ${code}`, [record(half('echo'), reset(1, 2, code))])),
  ...UNKNOWN.map((code) => no('SE-37', `a STOP with the number ${code}`, [record(begun('never'), stop(1, code))])),
  ...CODES.filter((code) => code !== 'call/cancelled' && code !== 'call/deadline').map((code) =>
    no('SE-37', `a STOP with ${code}`, [record(begun('never'), stop(1, code))]),
  ),
]

const EVERYBODY = { by: ['any'], on: ['>'] }
const allow = { id: 'all', effect: 'allow', ...EVERYBODY, verbs: ['call', 'send'] }
const denying = (when: { readonly [name: string]: string | number }): Over => ({
  policy: {
    version: 1,
    rules: [allow, { id: 'not', effect: 'deny', ...EVERYBODY, verbs: ['call', 'send'], when: [when] }],
  },
})

/** A FAULT is the answer, and the session goes on. */
const refusalsTaken = (): Play[] => [
  ...(['echo', 'note'] as const).flatMap((operation) => [
    fine('SE-56', `a message to ${operation} that no rule allows`, [record(begun(operation))], {
      policy: { version: 1, rules: [] },
    }),
    fine(
      'SE-56',
      `a message to ${operation} that no rule allows, in pieces`,
      [record(half(operation)), record(data(1, ONE))],
      {
        policy: { version: 1, rules: [] },
      },
    ),
    fine(
      'SE-56',
      `a message to ${operation} denied for a label`,
      [record(begun(operation, 1, { labels: { a: 'b' } })), record(begun(operation, 3))],
      denying({ attribute: 'label.a', is: 'present' }),
    ),
    fine(
      'SE-56',
      `a message to ${operation} denied for its time to live`,
      [record(begun(operation, 1, { ttlMs: 1_001 })), record(begun(operation, 3, { ttlMs: 1_000 }))],
      denying({ attribute: 'ttlMs', is: 'gt', value: 1_000 }),
    ),
    fine(
      'SE-56',
      `a message to ${operation} denied for its size`,
      [record(begun(operation, 1, { body: text(10) })), record(begun(operation, 3, { body: text(9) }))],
      denying({ attribute: 'bytes', is: 'gt', value: 10 }),
    ),
    fine(
      'SE-56',
      `a message to ${operation} denied for a field`,
      [
        record(begun(operation, 1, { body: cbor({ level: 6 }) })),
        record(begun(operation, 3, { body: cbor({ level: 5 }) })),
      ],
      denying({ attribute: 'body.level', is: 'gt', value: 5 }),
    ),
    fine(
      'SE-55',
      `a second message to ${operation} over a limit`,
      [record(begun(operation)), record(begun(operation, 3))],
      {
        policy: { version: 1, rules: [{ ...allow, limit: { perSecond: 1 } }] },
      },
    ),
    fine('SE-55', `a message to ${operation} that is no CBOR`, [record(begun(operation, 1, { body: bytesOf(0xff) }))]),
    fine('SE-55', `a message to ${operation} with a number in a longer form`, [
      record(begun(operation, 1, { body: bytesOf(0x18, 1) })),
    ]),
    fine('SE-55', `a message to ${operation} of two items`, [record(begun(operation, 1, { body: bytesOf(1, 1) }))]),
    fine('SE-55', `a message to ${operation} that is cut short`, [
      record(begun(operation, 1, { body: bytesOf(0x62, 0x61) })),
    ]),
  ]),
  fine(
    'PO-23',
    'a call in pieces that is allowed for a field that comes with the last',
    [
      record(begun('echo', 1, { flags: FLAG.more, body: cbor({ level: 5 }).subarray(0, 3) })),
      record(data(1, cbor({ level: 5 }).subarray(3))),
    ],
    { policy: { version: 1, rules: [{ ...allow, when: [{ attribute: 'body.level', is: 'le', value: 5 }] }] } },
  ),
  fine('SE-55', 'a reply that is no CBOR', [
    { act: 'begin', operation: 'echo', body: '01' },
    record(data(2, bytesOf(0xff))),
  ]),
]
