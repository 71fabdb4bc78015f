import { EMPTY } from '../../bytes.js'
import type { Wire } from '../../cbor.js'
import { ERRORS } from '../../errors.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, nameOf } from '../hostileframes.js'
import { faultsWith, givesUp, type Outcome, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** Subscriptions that ask for what cannot be, totals that lie, and services that do. */

const INVALID = faultsWith('contract/invalid')
const LIES = givesUp('contract/invalid')
const ID_OF_NOBODY = 'sotto1qqqqqqqqqqqq'

const subscribe = (peer: Hostile, body: Uint8Array, subject = 'a'): Uint8Array =>
  peer.begin('news', { subject, standing: true, flags: 0, body })

/** No other delivery comes before the subscription ends. */
const slow: Outcome = async (peer) => {
  let frame = await peer.next()
  while (frame.is === 'CREDIT') frame = await peer.next()
  if (frame.is !== 'FAULT' || frame.code !== ERRORS['topic/slow'].wire)
    throw new Finding(`expected FAULT topic/slow, got ${nameOf(frame)}`)
  await unharmed(peer)
}

/** Requests that are no `Subscribe`. */
const REQUESTS: Readonly<Record<string, Uint8Array>> = {
  'that is empty': EMPTY,
  'that is no CBOR': bytesOf(0xff),
  'that is null': cbor(null),
  'that is a list': cbor([]),
  'with a member more': cbor({ from: 0 }),
  'to be slow in a way that is none': cbor({ slow: 'sometimes' }),
  'with a credit of 0': cbor({ credit: 0 }),
  'with a credit of 65,537': cbor({ credit: 65_537 }),
  'with a credit that is a text': cbor({ credit: '1' }),
  'with half a credit': cbor({ credit: 1.5 }),
}

/** Totals of a subscription that was sent nothing but `null`. */
const TOTALS: Readonly<Record<string, Uint8Array>> = {
  'of what was not sent': cbor(1),
  'below 0': cbor(-1),
  'of 2^53-1': cbor(Number.MAX_SAFE_INTEGER),
  'that is a text': cbor('0'),
  'that is a half': cbor(0.5),
  'that is no CBOR': bytesOf(0xff),
}

const SUBSCRIBES: readonly Row[] = [
  ...Object.entries(REQUESTS).map(([name, body]) => ({
    name: `subscribes with a request ${name}`,
    rule: 'TO-1',
    does: (peer: Hostile) => peer.say(subscribe(peer, body)),
    outcome: INVALID,
  })),
  ...Object.entries(TOTALS).map(([name, total]) => ({
    name: `tells a total ${name}`,
    rule: 'TO-6',
    does: async (peer: Hostile) => {
      peer.say(subscribe(peer, cbor({})))
      await peer.frame('DATA')
      peer.say(data(peer.first, total, 0))
    },
    outcome: INVALID,
  })),
  {
    name: 'tells a total that is less than the one before',
    rule: 'TO-6',
    does: async (peer) => {
      const { first } = peer
      peer.say(subscribe(peer, cbor({})))
      await peer.frame('DATA')
      for (const [index, value] of [1, 2].entries())
        peer.say(peer.begin('news', { exchange: first + 2 + 2 * index, subject: 'a', body: cbor(value) }))
      await peer.frame('DATA')
      await peer.frame('DATA')
      peer.say(data(first, cbor(2), 0), data(first, cbor(1), 0))
    },
    outcome: INVALID,
  },
  {
    name: 'publishes what is no CBOR',
    rule: 'SE-56',
    does: (peer) => peer.say(peer.begin('news', { subject: 'a', body: bytesOf(0xff) })),
    outcome: INVALID,
  },
]

/** With a credit of 1 one delivery goes, one waits, and the third is too many. */
const CREDIT: readonly Row[] = [
  {
    name: 'takes nothing of what it has subscribed to',
    rule: 'TO-18',
    does: async (peer) => {
      const { first } = peer
      peer.say(subscribe(peer, cbor({ credit: 1, slow: 'end' })))
      await peer.frame('DATA')
      for (const index of [0, 1, 2])
        peer.say(peer.begin('news', { exchange: first + 2 + 2 * index, subject: 'a', body: cbor(index) }))
      await peer.frame('DATA')
    },
    outcome: slow,
  },
]

/** A subscription of the shim, to `a`, that this end serves. */
const serving = (name: string, ...items: readonly Uint8Array[]): Row => ({
  name,
  rule: 'TO-9',
  does: async (peer) => {
    peer.act('subscribe', { tag: 'it', operation: 'news', subject: 'a' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(...items.map((item) => data(exchange, item, 0)))
  },
  outcome: LIES,
})

/** Deliveries that are none. */
const DELIVERIES: Readonly<Record<string, Wire>> = {
  'that is null': null,
  'that is a map': {},
  'of three elements': ['a', false, 0],
  'of five elements': ['a', false, 0, [null, 1], 0],
  'without a subject': [null, false, 0, [null, 1]],
  'of another subject': ['b', false, 0, [null, 1]],
  'of every subject': ['*', false, 0, [null, 1]],
  'of a subject of two tokens': ['a.a', false, 0, [null, 1]],
  'that was retained or not': ['a', 0, 0, [null, 1]],
  'behind -1 that were dropped': ['a', false, -1, [null, 1]],
  'behind some that were dropped': ['a', false, '1', [null, 1]],
  'with an empty entry': ['a', false, 0, []],
  'with an entry of three elements': ['a', false, 0, [null, 1, 1]],
  'from a number': ['a', false, 0, [1, 1]],
  'from nobody': ['a', false, 0, [ID_OF_NOBODY, 1]],
}

const NULL = cbor(null)

const SERVES: readonly Row[] = [
  serving('begins what it serves with a delivery', cbor(['a', false, 0, [null, 1]])),
  serving('begins what it serves with true', cbor(true)),
  serving('begins what it serves with what is no CBOR', bytesOf(0xff)),
  serving('serves a delivery that is no CBOR', NULL, bytesOf(0xff)),
  ...Object.entries(DELIVERIES).map(([name, delivery]) => serving(`serves a delivery ${name}`, NULL, cbor(delivery))),
  {
    name: 'ends a subscription without a failure',
    rule: 'TO-9',
    does: async (peer) => {
      peer.act('subscribe', { tag: 'it', operation: 'news', subject: 'a' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, NULL, 0), data(exchange))
    },
    outcome: LIES,
  },
]

export const TOPICS: readonly Case[] = casesOf({ level: 'messaging' }, [...SUBSCRIBES, ...CREDIT, ...SERVES])
