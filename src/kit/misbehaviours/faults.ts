import { EMPTY } from '../../bytes.js'
import type { Wire } from '../../cbor.js'
import type { ErrorCode } from '../../errors.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, fault } from '../hostileframes.js'
import { ends, tells, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** What a serving end says of a failure: codes and details that are none, and words for what was not asked. */

const MALFORMED = ends('session/malformed')

/** The exchange of a call of the shim, which waits for its answer. */
const called = async (peer: Hostile): Promise<number> => {
  peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
  return (await peer.frame('BEGIN')).exchange
}

/** A FAULT for a call of the shim that no FAULT may be. */
const bad = (name: string, code: ErrorCode | number, details?: Wire | Uint8Array, rule = 'SE-49'): Row => ({
  name: `fails a call ${name}`,
  rule,
  does: async (peer) => {
    const body = details === undefined ? EMPTY : details instanceof Uint8Array ? details : cbor(details)
    peer.say(fault(await called(peer), code, body))
  },
  outcome: MALFORMED,
})

const LONG = 'a'.repeat(256)

const DETAILS: readonly Row[] = [
  bad('with the number 0', 0),
  bad('with a number that is no code', 999),
  bad('with a code of sessions', 'session/malformed'),
  bad('with a code of refusals', 'contract/unserved'),
  bad('with call/too-large', 'call/too-large'),
  bad('with details of a cancellation', 'call/cancelled', { path: '' }),
  bad('with details of a deadline', 'call/deadline', null),
  bad('with details of an end', 'session/closed', {}),
  bad('with details of a denial that are empty', 'policy/denied', {}),
  bad('with a denial of item -1', 'policy/denied', { item: -1 }),
  bad('with a denial of an item, though a call has none', 'policy/denied', { item: 1 }),
  bad('with a denial that says by which rule', 'policy/denied', { rule: 'all' }),
  bad('with a limit of an item that is a text', 'policy/limited', { item: '0' }),
  bad('with a declared fault without details', 'call/fault'),
  bad('with a declared fault without a name', 'call/fault', { data: 1 }),
  bad('with a declared fault whose name is a number', 'call/fault', { name: 1 }),
  bad('with a declared fault whose name has 256 bytes', 'call/fault', { name: LONG }),
  bad('with a declared fault and a member more', 'call/fault', { name: 'Refused', stack: 'at' }),
  bad('with a failure without an incident', 'call/internal'),
  bad('with a failure whose incident is bytes', 'call/internal', { incident: bytesOf(1) }),
  bad('with a failure that says what it was', 'call/internal', { incident: 'a', message: 'b' }),
  bad('with an invalid value without a path', 'contract/invalid'),
  bad('with an invalid value whose path has 256 bytes', 'contract/invalid', { path: LONG }),
  bad('with an invalid value that is item 0', 'contract/invalid', { path: '', item: 0 }),
  bad('with details that are no map', 'call/internal', ['a']),
  bad('with details that are cut short', 'call/internal', bytesOf(0xa1, 0x68)),
  bad('with details in a longer form than need be', 'policy/denied', bytesOf(0xb8, 1, 0x64, 0x69, 0x74, 0x65, 0x6d, 0)),
  bad('with details of 16,385 bytes', 'call/fault', { name: 'Refused', data: 'a'.repeat(16_370) }),
  bad('with a step that is refused, though it is none', 'flow/refused', { state: 'start', expected: [] }, 'SE-149'),
  bad('with a slow reader, though it is no subscription', 'topic/slow', undefined, 'SE-149'),
  bad('with a full broker, though it is no queue', 'broker/full', undefined, 'SE-149'),
  bad('with a failed broker, though it is no queue', 'broker/failed', undefined, 'SE-149'),
]

/** FAULTs where there is nothing to fail. */
const PLACES: readonly Row[] = [
  {
    name: 'fails a call that was not made',
    rule: 'SE-35',
    does: (peer) => peer.say(fault(peer.firstOfShim, 'call/cancelled')),
    outcome: MALFORMED,
  },
  {
    name: 'fails exchange 0',
    rule: 'SE-35',
    does: (peer) => peer.say(fault(0, 'call/cancelled')),
    outcome: MALFORMED,
  },
  {
    name: 'fails its own call',
    rule: 'SE-35',
    does: async (peer) => {
      peer.say(peer.begin('never', { body: bytesOf(1) }))
      await peer.event('heard')
      peer.say(fault(peer.first, 'call/cancelled'))
    },
    outcome: MALFORMED,
    heard: ['never'],
  },
  {
    name: 'fails a call twice',
    rule: 'SE-35',
    does: async (peer) => {
      const exchange = await called(peer)
      peer.say(fault(exchange, 'call/cancelled'), fault(exchange, 'call/cancelled'))
    },
    outcome: MALFORMED,
  },
  {
    name: 'fails a call behind its answer',
    rule: 'SE-35',
    does: async (peer) => {
      const exchange = await called(peer)
      peer.say(data(exchange, bytesOf(1)), fault(exchange, 'call/cancelled'))
    },
    outcome: MALFORMED,
  },
  {
    name: 'answers a call behind its failure',
    rule: 'SE-39',
    does: async (peer) => {
      const exchange = await called(peer)
      peer.say(fault(exchange, 'call/cancelled'), data(exchange, bytesOf(1)))
    },
    outcome: MALFORMED,
  },
]

/** FAULTs for a one-way message: a refusal, once. */
const oneWay = (name: string, outcome: Row['outcome'], ...codes: readonly ErrorCode[]): Row => ({
  name,
  rule: 'SE-35',
  does: async (peer) => {
    peer.act('send', { operation: 'note', body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(...codes.map((code) => fault(exchange, code, code === 'call/internal' ? cbor({ incident: 'a' }) : EMPTY)))
  },
  outcome,
})

const ONE_WAY: readonly Row[] = [
  oneWay('fails a one-way message with an incident', MALFORMED, 'call/internal'),
  oneWay('fails a one-way message with a cancellation', MALFORMED, 'call/cancelled'),
  oneWay('fails a one-way message with an end', MALFORMED, 'session/closed'),
  oneWay('refuses a one-way message twice', MALFORMED, 'policy/denied', 'policy/denied'),
  oneWay('refuses a one-way message', tells('refused', { verb: 'send', address: 'kit.v1.note' }), 'policy/denied'),
]

/** Answers that are well-formed and not what the contract says: the call has failed, and nothing else. */
const answered = (name: string, rule: string, answer: (exchange: number) => Uint8Array, operation = 'echo'): Row => ({
  name,
  rule,
  does: async (peer) => {
    peer.act('call', { tag: 'it', operation, body: '01' })
    peer.say(answer((await peer.frame('BEGIN')).exchange))
  },
  outcome: tells('fault', { tag: 'it', code: 'contract/invalid', ran: 'yes' }),
})

const ANSWERS: readonly Row[] = [
  answered('answers a call with what is no CBOR', 'SE-56', (exchange) => data(exchange, bytesOf(0xff))),
  answered('answers a call with two items', 'SE-56', (exchange) => data(exchange, bytesOf(1, 1))),
  answered('answers a call with a key twice', 'SE-56', (exchange) =>
    data(exchange, bytesOf(0xa2, 0x61, 0x61, 1, 0x61, 0x61, 2)),
  ),
  answered('fails a call with a fault that nobody declared', 'ME-12', (exchange) =>
    fault(exchange, 'call/fault', cbor({ name: 'Other' })),
  ),
]

/** Nothing is wrong with it. */
const FINE: readonly Row[] = [
  {
    name: 'shows a credential where it is trusted by its key alone',
    rule: 'SE-102',
    does: (peer) => peer.say(bytesOf(13, 2, 0x84, 0)),
    outcome: unharmed,
  },
]

export const FAULTS: readonly Case[] = casesOf({}, [...DETAILS, ...PLACES, ...ONE_WAY, ...ANSWERS, ...FINE])
