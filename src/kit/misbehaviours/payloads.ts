import { concat, EMPTY } from '../../bytes.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, flipped } from '../hostileframes.js'
import { refuses, silently } from '../hostileoutcomes.js'
import { field } from '../hostilewords.js'
import { casesOf, type Row } from './row.js'

/** Payloads of messages 2 and 3: fields of types that rise, each once, then zeros; and what a responder judges first. */

/** Payloads of message 2, in which a credential alone may stand. */
const IN_2: Readonly<Record<string, Uint8Array>> = {
  'with an Initiation': field(2, bytesOf(0xa0)),
  'with a proof': field(3, bytesOf(1)),
  'with a field of an unknown type': field(4, bytesOf(1)),
  'with a credential of no bytes': field(1, EMPTY),
  'with a credential that is cut short': bytesOf(1, 0, 2, 0x84),
  'with a credential of 4,097 bytes': field(1, new Uint8Array(4_097)),
  'with two credentials': concat(field(1, bytesOf(1)), field(1, bytesOf(1))),
  'with padding that is not zero': bytesOf(0, 0, 1),
  'with a type and no length': bytesOf(1),
}

/** Payloads of message 3, from the honest one. */
const IN_3: Readonly<Record<string, (honest: Uint8Array) => Uint8Array>> = {
  'of no bytes': () => EMPTY,
  'of padding alone': () => new Uint8Array(64),
  'without an Initiation': () => field(1, bytesOf(0x84)),
  'with two Initiations': (honest) => concat(honest, honest),
  'with a credential behind the Initiation': (honest) => concat(honest, field(1, bytesOf(0x84))),
  'with a proof': (honest) => concat(honest, field(3, bytesOf(1))),
  'with a field of an unknown type': (honest) => concat(honest, field(9, bytesOf(1))),
  'with padding that is not zero': (honest) => concat(honest, bytesOf(0, 0, 0x80)),
  'with a field behind the padding': (honest) => concat(bytesOf(0), honest),
  'with an Initiation of no bytes': () => field(2, EMPTY),
  'with an Initiation that is cut short': (honest) => honest.slice(0, -1),
  'with an Initiation of 11,265 bytes': () => field(2, new Uint8Array(11_265)),
  'with a credential of no bytes': (honest) => concat(field(1, EMPTY), honest),
  'with a credential that is longer than the payload': (honest) => concat(bytesOf(1, 0x10, 0), honest),
}

/** An honest message 3, of an Initiation with these members laid over. */
const saying =
  (over: Parameters<Hostile['initiation']>[0]) =>
  (peer: Hostile): Uint8Array =>
    peer.message3(field(2, peer.initiation(over)))

/** SE-14: the first of the faults that are there is the one that is told. */
const IN_ORDER: readonly Row[] = [
  {
    name: 'has a malformed Initiation and asks for another service',
    rule: 'SE-14',
    does: saying({ 5: 'another', 7: 0 }),
    outcome: refuses('session/malformed'),
  },
  {
    name: 'asks for another service and for a contract that is not served',
    rule: 'SE-14',
    does: saying({ 5: 'another', 1: [['other.v1', [['it', new Uint8Array(32)]]]] }),
    outcome: refuses('session/service'),
  },
]

const STRANGER: readonly Row[] = [
  {
    name: 'comes with a key that nobody trusts',
    rule: 'SE-18',
    does: (peer) => peer.message3(),
    outcome: refuses('identity/not-trusted'),
  },
  {
    name: 'comes with a key that nobody trusts and no Initiation',
    rule: 'SE-18',
    does: (peer) => peer.message3(EMPTY),
    outcome: refuses('identity/not-trusted'),
  },
  {
    name: 'comes with a key that nobody trusts and a malformed Initiation',
    rule: 'SE-14',
    does: saying({ 1: undefined }),
    outcome: refuses('identity/not-trusted'),
  },
  {
    name: 'comes with a key that nobody trusts and asks for another service',
    rule: 'SE-14',
    does: saying({ 5: 'another' }),
    outcome: refuses('identity/not-trusted'),
  },
  {
    name: 'comes with a key that nobody trusts and a credential that is none',
    rule: 'SE-87',
    does: (peer) => peer.message3(concat(field(1, bytesOf(0x84, 0)), field(2, peer.initiation()))),
    outcome: refuses('identity/not-trusted'),
  },
]

export const PAYLOADS: readonly Case[] = [
  ...casesOf(
    { role: 'initiator', from: 'start' },
    Object.entries(IN_2).map(([name, payload]) => ({
      name: `sends a payload of message 2 ${name}`,
      rule: 'SE-13',
      does: (peer) => peer.message2(payload),
      outcome: silently('session/malformed'),
    })),
  ),
  ...casesOf(
    { from: 'answered' },
    Object.entries(IN_3).map(([name, payload]) => ({
      name: `sends a payload of message 3 ${name}`,
      rule: 'SE-13',
      does: (peer) => peer.message3(payload(field(2, peer.initiation()))),
      outcome: refuses('session/malformed'),
    })),
  ),
  ...casesOf({ from: 'answered' }, IN_ORDER),
  ...casesOf({ from: 'answered', setup: { stranger: true } }, STRANGER),
  ...[0, 15, 31].flatMap((at) =>
    casesOf({ from: 'answered', setup: { stranger: (own) => flipped(own, at) } }, [
      {
        name: `comes with a key of which byte ${at} alone is not that of the trusted one`,
        rule: 'ID-10',
        does: (peer) => peer.message3(),
        outcome: refuses('identity/not-trusted'),
      },
    ]),
  ),
]
