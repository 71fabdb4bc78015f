import { EMPTY } from '../../src/bytes.js'
import type { Wire } from '../../src/cbor.js'
import type { ErrorCode } from '../../src/errors.js'
import { bytesOf, cbor, data, fault, textOf } from '../../src/kit/hostileframes.js'
import type { TrafficItem } from '../schema.js'
import { begun, no, ONE, own, TWO, yes } from './messagingform.js'
import { type Cases, type Over, type Play, record } from './trafficform.js'

/** What an exchange of each kind can fail with, and what ends it without ending the session. */

export const messagingFaultCases = (): Cases => {
  const all = [faults(), items(), enqueued()]
  return { accepted: all.flatMap(({ accepted }) => accepted), refused: all.flatMap(({ refused }) => refused) }
}

const DETAILS: Partial<Record<ErrorCode, Uint8Array>> = { 'flow/refused': cbor({ state: 'start', expected: [] }) }

/** What each kind of own exchange can fail with of its own, and what it cannot. */
const KINDS: readonly (readonly [name: string, act: TrafficItem, may: readonly ErrorCode[]])[] = [
  ['a step', own('start', { body: 'a162696461' + '61' }), ['flow/refused']],
  ['a stream', own('collect'), []],
  ['a message to news', own('news', { subject: 'a' }), []],
  ['a message to work', own('work', { subject: 'a', body: 'a0' }), ['broker/full', 'broker/failed']],
  ['a subscription', own('news', { subject: 'a', standing: true }), ['topic/slow', 'broker/full', 'broker/failed']],
  ['a consumer', own('work', { subject: 'a', standing: true }), ['broker/full', 'broker/failed']],
]
const OF_THEIR_OWN: readonly ErrorCode[] = ['flow/refused', 'topic/slow', 'broker/full', 'broker/failed']
const failing = (act: TrafficItem, code: ErrorCode): TrafficItem[] => [act, record(fault(2, code, DETAILS[code]))]

const faults = (): Cases => ({
  accepted: [
    ...KINDS.flatMap(([name, act, may]) =>
      may.map((code) => yes('SE-149', `${name} that fails with ${code}`, failing(act, code))),
    ),
    ...itemsRefused().map(({ name, own: act, item, code }) =>
      yes('SE-49', `${name} with ${code} of item ${item}`, [...act, record(fault(2, code, detail(code, item)))]),
    ),
  ],
  refused: [
    ...KINDS.flatMap(([name, act, may]) =>
      OF_THEIR_OWN.filter((code) => !may.includes(code)).map((code) =>
        // What comes of a topic is still a one-way message.
        no(
          name.endsWith('news') && code.startsWith('broker/') ? 'SE-35' : 'SE-149',
          `${name} that fails with ${code}`,
          failing(act, code),
        ),
      ),
    ),
    ...itemsRefused().map(({ name, own: act, item, code }) =>
      no('SE-49', `${name} with ${code} of item ${item + 1}`, [...act, record(fault(2, code, detail(code, item + 1)))]),
    ),
    no('SE-49', 'a stream that fails with contract/invalid of item 0', [
      own('collect'),
      record(fault(2, 'contract/invalid', detail('contract/invalid', 0))),
    ]),
    no('SE-35', 'a message to news that fails with call/cancelled', [
      own('news', { subject: 'a' }),
      record(fault(2, 'call/cancelled')),
    ]),
  ],
})

const detail = (code: ErrorCode, item: number): Uint8Array =>
  cbor(code === 'contract/invalid' ? { path: '', item } : { item })

/** Streams, and the last item that was sent in each. */
const itemsRefused = () => {
  const sent = (operation: string, ...bodies: string[]): TrafficItem[] => [
    own(operation),
    ...bodies.map((body): TrafficItem => ({ act: 'item', exchange: 2, body })),
  ]
  return [
    { name: 'a stream that sent nothing, refused', own: sent('collect'), item: 0, code: 'policy/denied' as const },
    { name: 'a stream of an item, refused', own: sent('collect', '01'), item: 1, code: 'policy/denied' as const },
    {
      name: 'a stream of two items, refused',
      own: sent('collect', '01', '02'),
      item: 2,
      code: 'policy/limited' as const,
    },
    { name: 'a stream of an item, refused', own: sent('collect', '01'), item: 1, code: 'contract/invalid' as const },
    {
      name: 'a stream of two chunks, refused',
      own: sent('pour', '01', '02'),
      item: 1,
      code: 'policy/limited' as const,
    },
  ]
}

const denying = (when: { readonly [name: string]: string | number }): Over => ({
  policy: {
    version: 1,
    rules: [
      { id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'] },
      { id: 'not', effect: 'deny', by: ['any'], verbs: ['stream'], on: ['>'], when: [when] },
    ],
  },
})

/** Items that end their stream, and nothing else. */
const items = (): Cases => {
  const of = (name: string, ...bodies: Uint8Array[]): Play =>
    yes('SE-126', name, [record(begun('collect', { flags: 0 })), ...bodies.map((body) => record(data(1, body, 0)))])
  return {
    accepted: [
      of('an item that is no CBOR', bytesOf(0xff)),
      of('an item with a number in a longer form', bytesOf(0x18, 1)),
      of('an item of two', bytesOf(1, 1)),
      of('a second item that is cut short', ONE, TWO),
      of('an item that is no CBOR, and others behind it', bytesOf(0xff), ONE, ONE),
      yes(
        'SE-126',
        'an item over the size that rules allow',
        [record(begun('collect', { flags: 0 })), record(data(1, textOf(10), 0)), record(data(1, textOf(11), 0))],
        denying({ attribute: 'bytes', is: 'gt', value: 10 }),
      ),
      yes(
        'SE-127',
        'a third item over a rate',
        [record(begun('collect', { flags: 0 })), record(data(1, ONE, 0), data(1, ONE, 0))],
        {
          policy: {
            version: 1,
            rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'], limit: { perSecond: 2 } }],
          },
        },
      ),
      yes(
        'SE-127',
        'a chunk when the bucket is empty',
        [record(begun('pour', { flags: 0 })), record(data(1, new Uint8Array(200), 0)), record(data(1, ONE, 0))],
        {
          policy: {
            version: 1,
            rules: [
              { id: 'all', effect: 'allow', by: ['any'], verbs: ['stream'], on: ['>'], limit: { bytesPerSecond: 100 } },
            ],
          },
        },
      ),
      yes('SE-126', 'an item that comes down and is no CBOR', [own('collect'), record(data(2, bytesOf(0xff), 0))]),
    ],
    refused: [],
  }
}

const NO_ENQUEUED: readonly (readonly [name: string, body: Wire])[] = [
  ['a list', []],
  ['a text', 'a'],
  ['null', null],
  ['another member', { value: 1, ttl: 1 }],
  ['a key that is a number', { key: 1 }],
  ['a key of 257 bytes', { key: 'k'.repeat(257) }],
  ['a key of 129 characters in 258 bytes', { key: 'é'.repeat(129) }],
  ['a delay that is a text', { delayMs: '1' }],
  ['a delay below 0', { delayMs: -1 }],
  ['a delay of 1.5', { delayMs: 1.5 }],
  ['a delay of 2^31', { delayMs: 2 ** 31 }],
]

/** SE-147: what is refused here is told, and the session goes on. */
const enqueued = (): Cases => {
  const of = (name: string, body: Uint8Array): Play =>
    yes('SE-147', name, [record(begun('work', { subject: 'a', body }))])
  return {
    accepted: [
      of('an Enqueued of nothing', cbor({})),
      of('an Enqueued with a key of 256 bytes', cbor({ value: 1, key: 'k'.repeat(256) })),
      of('an Enqueued with an empty key', cbor({ value: 1, key: '' })),
      of('an Enqueued with the longest delay', cbor({ value: 1, delayMs: 2 ** 31 - 1 })),
      ...NO_ENQUEUED.map(([name, body]) => of(`what is enqueued as ${name}`, cbor(body))),
      of('what is enqueued without a body', EMPTY),
    ],
    refused: [],
  }
}
