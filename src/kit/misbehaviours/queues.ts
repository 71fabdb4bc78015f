import { EMPTY, equal } from '../../bytes.js'
import type { Wire } from '../../cbor.js'
import { decode } from '../../cbor.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, nameOf } from '../hostileframes.js'
import { faultsWith, givesUp, type Outcome, tells, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** What is enqueued, consumed and settled in forms that are none, and services that hand out what they may not. */

const INVALID = faultsWith('contract/invalid')
const LIES = givesUp('contract/invalid')

/** Bodies of `enqueue` that are no `Enqueued`. */
const ENQUEUED: Readonly<Record<string, Uint8Array>> = {
  'that is empty': EMPTY,
  'that is no CBOR': bytesOf(0xff),
  'that is null': cbor(null),
  'that is a list': cbor([1]),
  'with a member more': cbor({ value: 1, ttlMs: 1 }),
  'whose key is a number': cbor({ value: 1, key: 1 }),
  'whose key has 257 bytes': cbor({ value: 1, key: 'a'.repeat(257) }),
  'whose key has 128 characters of 3 bytes': cbor({ value: 1, key: '€'.repeat(128) }),
  'with a delay below 0': cbor({ value: 1, delayMs: -1 }),
  'with a delay of 2^31 ms': cbor({ value: 1, delayMs: 2 ** 31 }),
  'with half a ms of delay': cbor({ value: 1, delayMs: 0.5 }),
}

/** Requests that are no `Consume`. */
const CONSUMES: Readonly<Record<string, Uint8Array>> = {
  'that is empty': EMPTY,
  'that is a list': cbor([]),
  'with a member more': cbor({ slow: 'end' }),
  'with a credit of 0': cbor({ credit: 0 }),
  'with a credit of 65,537': cbor({ credit: 65_537 }),
}

const consume = (peer: Hostile, exchange: number, body = cbor({})): Uint8Array =>
  peer.begin('work', { exchange, subject: 'a', standing: true, flags: 0, body })

/** A message is stored and handed to a consumer of this end, whose exchange it gives. */
const handed = async (peer: Hostile): Promise<number> => {
  const consumer = peer.first + 2
  peer.say(peer.begin('work', { subject: 'a', body: cbor({ value: 1 }) }))
  await peer.frame('DATA')
  peer.say(consume(peer, consumer))
  await peer.frame('DATA')
  await peer.frame('DATA')
  return consumer
}

/** Settlements of what was handed out as number 1. */
const SETTLEMENTS: Readonly<Record<string, Uint8Array>> = {
  'that is no CBOR': bytesOf(0xff),
  'that is no list': cbor('ack'),
  'that says nothing': cbor([]),
  'of no number': cbor(['ack']),
  'of a number that was not sent': cbor([2, 'ack']),
  'of the number 0': cbor([0, 'ack']),
  'of the number -1': cbor([-1, 'ack']),
  'that is unknown': cbor([1, 'burn']),
  'with an element more': cbor([1, 'ack', 0]),
  'that rejects without a reason': cbor([1, 'reject']),
  'that rejects with a reason of 256 bytes': cbor([1, 'reject', 'a'.repeat(256)]),
  'that extends without a time': cbor([1, 'extend']),
  'that extends for less than no time': cbor([1, 'extend', -1]),
  'that retries in 2^31 ms': cbor([1, 'retry', 2 ** 31]),
}

/** The first settlement is done, the second changes nothing. */
const once: Outcome = async (peer) => {
  for (const expected of [true, false]) {
    const answer = decode((await peer.frame('DATA')).body)
    if (!Array.isArray(answer) || answer[0] !== 1 || answer[1] !== expected)
      throw new Finding(`expected the answer ${expected} to the delivery 1`)
  }
  await unharmed(peer)
}

const SERVED: readonly Row[] = [
  ...Object.entries(ENQUEUED).map(([name, body]) => ({
    name: `enqueues a body ${name}`,
    rule: 'SE-147',
    does: (peer: Hostile) => peer.say(peer.begin('work', { subject: 'a', body })),
    outcome: INVALID,
  })),
  ...Object.entries(CONSUMES).map(([name, body]) => ({
    name: `consumes with a request ${name}`,
    rule: 'QU-7',
    does: (peer: Hostile) => peer.say(consume(peer, peer.first, body)),
    outcome: INVALID,
  })),
  ...Object.entries(SETTLEMENTS).map(([name, body]) => ({
    name: `sends a settlement ${name}`,
    rule: name.includes('number') ? 'QU-14' : 'QU-13',
    does: async (peer: Hostile) => peer.say(data(await handed(peer), body, 0)),
    outcome: (peer: Hostile) => faultsWith('contract/invalid', peer.first + 2)(peer),
  })),
  {
    name: 'settles a delivery twice',
    rule: 'QU-12',
    does: async (peer) => {
      const consumer = await handed(peer)
      peer.say(data(consumer, cbor([1, 'ack']), 0), data(consumer, cbor([1, 'ack']), 0))
    },
    outcome: once,
  },
]

/** A consumer of the shim, of `a`, that this end serves. */
const serving = (name: string, ...items: readonly Wire[]): Row => ({
  name,
  rule: 'QU-21',
  does: async (peer) => {
    peer.act('consume', { tag: 'it', operation: 'work', subject: 'a' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(...items.map((item) => data(exchange, cbor(item), 0)))
  },
  outcome: LIES,
})

const ENTRY = [null, 1] as const

const SERVING: readonly Row[] = [
  serving('hands out before it has said null', [1, 'a', 'id', 1, ENTRY]),
  serving('hands out what is no list', null, {}),
  serving('hands out number 0', null, [0, 'a', 'id', 1, ENTRY]),
  serving('hands out number 2 first', null, [2, 'a', 'id', 1, ENTRY]),
  serving('hands out another subject', null, [1, 'b', 'id', 1, ENTRY]),
  serving('hands out without a subject', null, [1, 0, 'id', 1, ENTRY]),
  serving('hands out without an id', null, [1, 'a', null, 1, ENTRY]),
  serving('hands out at attempt 0', null, [1, 'a', 'id', 0, ENTRY]),
  serving('hands out without an entry', null, [1, 'a', 'id', 1]),
  serving('hands out an entry from a number', null, [1, 'a', 'id', 1, [1, 1]]),
  serving('answers a settlement that was not sent', null, [1, true]),
  serving('answers a settlement with a text', null, [1, 'true']),
]

/** The shim leaves while it waits for what it has asked. */
const LEFT: readonly Row[] = [
  {
    name: 'answers a settlement behind the leaving of its consumer',
    rule: 'QU-22',
    does: async (peer) => {
      peer.act('consume', { tag: 'it', operation: 'work', subject: 'a' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, cbor(null), 0), data(exchange, cbor([1, 'a', 'id', 1, ENTRY]), 0))
      const { body } = await peer.frame('DATA')
      if (!equal(body, cbor([1, 'ack']))) throw new Finding('expected the delivery 1 to be acknowledged')
      peer.act('leave', { tag: 'it' })
      const early = (await peer.rest()).frames.find(({ is }) => is !== 'CREDIT')
      if (early !== undefined) throw new Finding(`expected it to wait for the answer, got ${nameOf(early)}`)
      peer.say(data(exchange, cbor([1, true]), 0))
      await peer.frame('STOP')
      await peer.event('ended')
    },
    outcome: unharmed,
    heard: ['work'],
  },
]

/** Replies to `enqueue` that are no `Stored`. */
const STORED: Readonly<Record<string, Wire>> = {
  'that is null': null,
  'that is a list': ['id', false],
  'without an id': { duplicate: false },
  'whose id is a number': { id: 1, duplicate: false },
  'without whether it is a duplicate': { id: 'id' },
  'with a member more': { id: 'id', duplicate: false, at: 0 },
}

const REPLIES: readonly Row[] = Object.entries(STORED).map(([name, reply]) => ({
  name: `answers what is enqueued with a reply ${name}`,
  rule: 'QU-6',
  does: async (peer: Hostile) => {
    peer.act('enqueue', { tag: 'it', operation: 'work', subject: 'a', body: '01' })
    peer.say(data((await peer.frame('BEGIN')).exchange, cbor(reply)))
  },
  outcome: tells('fault', { tag: 'it', code: 'contract/invalid', ran: 'yes' }),
}))

export const QUEUES: readonly Case[] = casesOf({ level: 'messaging' }, [...SERVED, ...SERVING, ...LEFT, ...REPLIES])
