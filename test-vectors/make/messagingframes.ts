import { EMPTY } from '../../src/bytes.js'
import { begin, bytesOf, cbor, data, fault, reset, stop } from '../../src/kit/hostileframes.js'
import { FLAG } from '../../src/session/frames.js'
import { begun, no, number, ONE, own, stands, TWO, yes } from './messagingform.js'
import { type Cases, type Refuse, record } from './trafficform.js'

/** Subjects of topics and queues, and how requests of streams go on, in the frames of a session. */

export const messagingFrameCases = (): Cases => {
  const all = [subjects(), requests()]
  return { accepted: all.flatMap(({ accepted }) => accepted), refused: all.flatMap(({ refused }) => refused) }
}

/** Texts that are no subject of `{room}`. */
const NO_SUBJECTS = ['a.b', 'a.', '.a', '.', 'a b', 'a/b', 'é', '{room}', '>', 'a\n', 'x'.repeat(66)] as const
const NO_FILTERS = ['*.*', 'a.*', '**', 'a*', '>', '*.', 'a.b'] as const
const WITHOUT = ['echo', 'note', 'collect', 'count', 'pour', 'start'] as const
const TOPICAL = ['news', 'work'] as const
const VERBS = ['publish', 'enqueue', 'subscribe', 'consume'] as const
const ROOM = { id: 'a', effect: 'allow', by: ['any'], on: ['>'] }

const subjects = (): Cases => ({
  accepted: [
    ...TOPICAL.flatMap((operation) => [
      yes('SE-143', `a message to ${operation}`, [
        record(begun(operation, { subject: 'a', body: cbor(operation === 'work' ? { value: 1 } : 1) })),
      ]),
      yes('SE-143', `a message to ${operation} of the longest subject`, [
        record(begun(operation, { subject: 'x'.repeat(65), body: cbor(operation === 'work' ? {} : 1) })),
      ]),
      yes('SE-144', `what stands at ${operation}, of one subject`, [record(stands(operation))]),
      yes('SE-144', `what stands at ${operation}, of every subject`, [record(stands(operation, '*'))]),
      yes('SE-144', `what stands at ${operation}, with a label`, [
        record(stands(operation, 'a', { labels: { group: 'g' } })),
      ]),
      yes('SE-144', `what stands at ${operation}, its request in pieces`, [
        record(stands(operation, 'a', { flags: FLAG.more, body: TWO.subarray(0, 1) })),
        record(data(1, TWO.subarray(1), 0)),
      ]),
      yes('SE-144', `what stands at ${operation} and gives no credit`, [
        record(stands(operation, 'a', { flags: FLAG.end })),
      ]),
    ]),
    yes('SE-148', 'a message to news in pieces', [
      record(begun('news', { subject: 'a', flags: FLAG.more, body: TWO.subarray(0, 1) })),
      record(data(1, TWO.subarray(1))),
    ]),
    yes('SE-148', 'an own message to news that is denied', [
      own('news', { subject: 'a' }),
      record(fault(2, 'policy/denied')),
    ]),
    yes(
      'SE-56',
      'a message to a subject that rules deny, and to another',
      [record(begun('news', { subject: 'b' }), begun('news', { exchange: 3, subject: 'a' }))],
      {
        policy: {
          version: 1,
          rules: [{ id: 'a', effect: 'allow', by: ['any'], verbs: ['publish'], on: ['kit.v1.news.a'] }],
        },
      },
    ),
    ...VERBS.map((verb) =>
      yes(
        'SE-145',
        `a message to a topic and to a queue, a subscription and a consumer, where rules allow ${verb}`,
        [
          record(begun('news', { subject: 'a' })),
          record(begun('work', { exchange: 3, subject: 'a', body: cbor({}) })),
          record(stands('news', 'a', { exchange: 5 })),
          record(stands('work', 'a', { exchange: 7 })),
        ],
        { policy: { version: 1, rules: [{ ...ROOM, verbs: [verb] }] } },
      ),
    ),
    yes('SE-146', 'what comes up behind a subscription and is no CBOR', [
      record(stands('news')),
      record(data(1, ONE, 0), data(1, bytesOf(0xff), 0)),
    ]),
    yes(
      'SE-146',
      'what comes up behind a subscription, larger than rules allow and oftener than a limit does',
      [record(stands('news')), record(data(1, cbor('a long text'), 0), data(1, ONE, 0), data(1, ONE, 0))],
      {
        policy: {
          version: 1,
          rules: [
            { ...ROOM, verbs: ['subscribe'], limit: { perSecond: 1 } },
            {
              ...ROOM,
              id: 'not',
              effect: 'deny',
              verbs: ['subscribe'],
              when: [{ attribute: 'bytes', is: 'gt', value: 5 }],
            },
          ],
        },
      },
    ),
    yes(
      'SE-56',
      'a subscription of every subject where rules allow one',
      [record(stands('news', '*'), stands('news', 'a', { exchange: 3 }))],
      {
        policy: {
          version: 1,
          rules: [{ id: 'a', effect: 'allow', by: ['any'], verbs: ['subscribe'], on: ['kit.v1.news.a'] }],
        },
      },
    ),
  ],
  refused: [
    ...WITHOUT.map((operation) =>
      no('SE-143', `a subject for ${operation}`, [record(begun(operation, { subject: 'a' }))]),
    ),
    ...WITHOUT.map((operation) =>
      no('SE-144', `${operation} that stands`, [record(begun(operation, { standing: true, flags: 0 }))]),
    ),
    ...TOPICAL.flatMap((operation) => [
      no('SE-143', `a message to ${operation} without a subject`, [record(begun(operation))]),
      no('SE-143', `what stands at ${operation} without a subject`, [
        record(begun(operation, { standing: true, flags: 0 })),
      ]),
      no('SE-144', `a message to every subject of ${operation}`, [record(begun(operation, { subject: '*' }))]),
    ]),
    ...NO_SUBJECTS.map((subject) =>
      no('SE-143', `a message to news of ${shown(subject)}`, [record(begun('news', { subject }))]),
    ),
    ...NO_SUBJECTS.filter((subject) => subject !== '>' && subject !== 'a.b').map((subject) =>
      no('SE-143', `what stands at work, of ${shown(subject)}`, [record(stands('work', subject))]),
    ),
    ...NO_FILTERS.map((subject) =>
      no('SE-143', `a subscription of ${shown(subject)}`, [record(stands('news', subject))]),
    ),
  ],
})

const shown = (subject: string): string =>
  subject.length > 20 ? `${subject.length} characters` : JSON.stringify(subject)

/** How a request ends, and what may follow it. */
const requests = (): Cases => ({
  accepted: [
    yes('SE-121', 'a stream that takes items', [
      record(begun('collect', { flags: 0 })),
      record(data(1, ONE, 0), data(1, EMPTY)),
    ]),
    yes('SE-121', 'a stream that takes items, and whose peer sends none', [record(begun('collect'))]),
    yes('SE-121', 'a stream of bytes, in three chunks', [
      record(begun('pour', { flags: 0 })),
      record(data(1, ONE, 0), data(1, TWO, 0), data(1, ONE)),
    ]),
    yes('SE-121', 'an item in three pieces', [
      record(begun('collect', { flags: 0 })),
      record(data(1, bytesOf(0x63), FLAG.more)),
      record(data(1, bytesOf(0x61), FLAG.more)),
      record(data(1, bytesOf(0x62, 0x63), 0)),
    ]),
    yes('SE-121', 'a request in two pieces, the second with an end', [
      record(begun('count', { flags: FLAG.more, body: TWO.subarray(0, 1) })),
      record(data(1, TWO.subarray(1))),
    ]),
    yes('SE-121', 'an own stream that is answered and ended', [
      own('collect'),
      { act: 'item', exchange: 2, body: '02' },
      record(data(2, ONE, 0), data(2, EMPTY)),
      { act: 'end', exchange: 2 },
    ]),
    yes('SE-121', 'an own stream whose server ends with its last item', [
      own('count'),
      record(data(2, ONE, 0), data(2, ONE)),
    ]),
    yes('SE-122', 'chunks of an own stream of bytes', [
      own('pour'),
      record(data(2, bytesOf(0xff), 0), data(2, bytesOf(0x18))),
    ]),
    yes('SE-123', 'a stream that takes no more, and the RESET for it', [
      record(begun('collect', { flags: 0 })),
      { act: 'stop', exchange: 1 },
      record(reset(1, 1)),
      { act: 'end', exchange: 1 },
    ]),
    yes('SE-123', 'a stream that takes no more, and items that cross', [
      record(begun('collect', { flags: 0 })),
      { act: 'stop', exchange: 1 },
      record(data(1, ONE, 0), reset(1, 2)),
    ]),
    yes('SE-36', 'a stream that is reset and goes on downwards', [
      record(begun('collect', { flags: 0 })),
      record(reset(1, 1)),
      { act: 'item', exchange: 1, body: '01' },
      { act: 'end', exchange: 1 },
    ]),
    yes('SE-57', 'an own stream whose time is up', [
      own('collect', { ttlMs: 500 }),
      { ms: 500 },
      record(fault(2, 'call/cancelled')),
    ]),
    yes('SE-57', 'a stream whose time is up', [
      record(begun('collect', { flags: 0, ttlMs: 500 })),
      { ms: 500 },
      { act: 'end', exchange: 1 },
    ]),
    yes('SE-158', 'a DRAIN while an own subscription stands', [
      own('news', { subject: 'a', standing: true }),
      record(bytesOf(0x0e, 2)),
      record(data(2, EMPTY)),
    ]),
    yes('SE-158', 'a DRAIN 0 while an own subscription stands', [
      own('news', { subject: 'a', standing: true }),
      record(bytesOf(0x0e, 0)),
    ]),
    yes('SE-158', 'an own close while an own subscription stands', [
      own('news', { subject: 'a', standing: true }),
      { act: 'close' },
      record(data(2, EMPTY)),
    ]),
  ],
  refused: [
    no('SE-121', 'a stream that may go on where nothing can follow', [record(begun('count', { flags: 0 }))]),
    no('SE-121', 'a request in pieces that may go on where nothing can follow', [
      record(begun('count', { flags: FLAG.more, body: TWO.subarray(0, 1) })),
      record(data(1, TWO.subarray(1), 0)),
    ]),
    no('SE-64', 'a message to news that does not end', [record(begun('news', { subject: 'a', flags: 0 }))]),
    no('SE-64', 'a message to work that does not end', [
      record(begun('work', { subject: 'a', flags: 0, body: cbor({}) })),
    ]),
    no('SE-64', 'a step that does not end', [record(begun('start', { flags: 0, body: cbor({ id: 'a' }) }))]),
    no('SE-39', 'an item for a message to news', [record(begun('news', { subject: 'a' }), data(1, ONE, 0))]),
    no('SE-39', 'an item for a message to work', [
      record(begun('work', { subject: 'a', body: cbor({}) }), data(1, ONE, 0)),
    ]),
    no('SE-39', 'an answer to an own message to news', [own('news', { subject: 'a' }), record(data(2, ONE))]),
    no('SE-64', 'an answer to an own message to work that does not end', [
      own('work', { subject: 'a', body: 'a0' }),
      record(data(2, ONE, 0)),
    ]),
    no('SE-37', 'a STOP of an own message to work', [own('work', { subject: 'a', body: 'a0' }), record(stop(2))]),
    no('SE-37', 'a STOP of an own stream with policy/denied', [own('collect'), record(stop(2, 'policy/denied'))]),
    no('SE-37', 'a STOP of a subscription with topic/slow', [record(stands('news')), record(stop(1, 'topic/slow'))]),
    ...piecesInPieces(),
  ],
})

const half = (exchange: number, operation = 'echo'): Uint8Array =>
  begin({ exchange, operation: number(operation), flags: FLAG.more, body: TWO })

const piecesInPieces = (): Refuse[] => [
  no('SE-47', 'an item in pieces inside a call in pieces', [
    record(begun('collect', { flags: 0 }), half(3)),
    record(data(1, TWO, FLAG.more)),
  ]),
  no('SE-47', 'a call in pieces inside an item in pieces', [
    record(begun('collect', { flags: 0 }), data(1, TWO, FLAG.more)),
    record(half(3)),
  ]),
  no('SE-47', 'an item in pieces inside an item of another stream', [
    record(begun('collect', { flags: 0 }), begun('collect', { flags: 0, exchange: 3 })),
    record(data(1, TWO, FLAG.more), data(3, TWO, FLAG.more)),
  ]),
  no('SE-47', 'the request of a stream in pieces inside an item in pieces', [
    record(begun('collect', { flags: 0 }), data(1, TWO, FLAG.more)),
    record(half(3, 'count')),
  ]),
  no('SE-47', 'an item in pieces inside an item that comes down', [
    own('collect'),
    record(begun('collect', { flags: 0 }), data(2, TWO, FLAG.more)),
    record(data(1, TWO, FLAG.more)),
  ]),
]
