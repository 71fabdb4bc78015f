import { concat, EMPTY, equal, utf8 } from '../../bytes.js'
import { type Case, Finding } from '../case.js'
import { type Hostile, PSK } from '../hostile.js'
import { bytesOf, cut, flipped } from '../hostileframes.js'
import { type Outcome, silently, unharmed } from '../hostileoutcomes.js'
import { helloOf, packet, retryOf, suitesIn } from '../hostilewords.js'
import { casesOf, type Row, WITH_KEM, WITH_PSK } from './row.js'

/** Hello and Retry. An id that stands for no suite is passed over, and that is the one leniency. */

const MALFORMED = silently('session/malformed')
const SUITE = silently('session/suite')

/** Ids that no suite has, `count` of them. */
const unknown = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => 0x7f00 + index)

/** Hellos of another form, from the honest one; message 1 beside them is honest. */
const FORMS: Readonly<Record<string, (hello: Uint8Array, suite: number) => Uint8Array>> = {
  'an empty negotiation part': () => EMPTY,
  'another magic': (hello) => concat(utf8('sotto'), hello.slice(5)),
  'the version 0': (hello) => concat(hello.slice(0, 5), bytesOf(0), hello.slice(6)),
  'the version 2': (hello) => concat(hello.slice(0, 5), bytesOf(2), hello.slice(6)),
  'no suite': () => helloOf([]),
  '17 suites': (_, suite) => helloOf([suite, ...unknown(16)]),
  'a suite listed twice': (_, suite) => helloOf([suite, suite]),
  'an unknown suite listed twice': (_, suite) => helloOf([suite, 0x7f00, 0x7f00]),
  'the tried suite beyond the list': (_, suite) => helloOf([suite], 1),
  'the tried suite 255': (_, suite) => helloOf([suite], 255),
  'a psk id of 33 bytes': (_, suite) => helloOf([suite], 0, new Uint8Array(33)),
  'a psk id that is cut short': (_, suite) => cut(helloOf([suite], 0, PSK.id)),
  'no length of the psk id': (hello) => cut(hello),
  'a list that is cut short': (hello) => hello.slice(0, 8),
  'a byte behind it': (hello) => concat(hello, bytesOf(0)),
}

/** Hellos of the right form that no session comes of. */
const LISTS: readonly Row[] = [
  {
    name: 'lists unknown suites alone',
    rule: 'SE-6',
    does: (peer) => peer.hello(helloOf(unknown(16))),
    outcome: SUITE,
  },
  {
    name: 'names a psk beside suites without one',
    rule: 'SE-85',
    does: (peer) => peer.hello(helloOf([peer.suite.id], 0, PSK.id)),
    outcome: SUITE,
  },
  {
    name: 'lists a psk suite without the id of a psk',
    rule: 'SE-85',
    does: (peer) => peer.hello(helloOf([peer.suite.id, peer.suite.id + 0x20])),
    outcome: SUITE,
  },
  {
    name: 'lists psk suites to a responder that has no psk',
    rule: 'SE-80',
    does: (peer) => peer.hello(helloOf([peer.suite.id + 0x20], 0, PSK.id)),
    outcome: SUITE,
  },
]

const ALLOWED: readonly Row[] = [
  {
    name: 'lists a suite without ML-KEM to a responder that requires it',
    rule: 'SE-6',
    does: (peer) => peer.hello(helloOf([peer.suite.id + 0x10])),
    outcome: SUITE,
  },
]

const WITHOUT_PSK: readonly Row[] = [
  {
    name: 'lists suites without psk to a responder that has one',
    rule: 'SE-80',
    does: (peer) => peer.hello(helloOf([peer.suite.id - 0x20])),
    outcome: SUITE,
  },
]

/** A first Hello that tries an unknown suite, and what the shim says to it: a Retry with the known one. */
const retried = async (peer: Hostile, suites: readonly number[], noise = new Uint8Array(7)): Promise<void> => {
  const first = helloOf(suites, suites.indexOf(0x7f00))
  peer.negs.push(first)
  peer.feed(packet(first, noise))
  const retry = await peer.packet()
  if (!equal(retry.neg, retryOf(peer.suite.id)) || retry.noise.length > 0)
    throw new Finding('expected a Retry of the one suite that is known')
  peer.negs.push(retry.neg)
}

/** The session opens. */
const opens: Outcome = async (peer) => {
  await peer.answered()
  peer.feed(peer.message3())
  await peer.frame('ACCEPT')
  await unharmed(peer)
}

/** A responder that allows both, as with `prefer`: the list is in the order of who wrote it, whatever it tries. */
const SECOND_CHOICE: readonly Row[] = [
  {
    name: 'tries the second of two suites that both ends allow',
    rule: 'SE-6',
    does: async (peer) => {
      const { id } = peer.suite
      const first = helloOf([id, id + 0x10], 1)
      peer.negs.push(first)
      peer.feed(packet(first, new Uint8Array(32)))
      const { neg, noise } = await peer.packet()
      if (!equal(neg, retryOf(id)) || noise.length > 0) throw new Finding('expected a Retry of the first suite')
      peer.negs.push(neg)
      return peer.hello(helloOf([id, id + 0x10]))
    },
    outcome: opens,
  },
]

const listOf = ({ suite }: Hostile): readonly number[] => [0x7f00, suite.id]

/** The second Hello is not the one that the first and the Retry ask for. */
const SECOND: Readonly<Record<string, (suite: number) => Uint8Array>> = {
  'without the suite passed over': (suite) => helloOf([suite]),
  'in another order': (suite) => helloOf([suite, 0x7f00]),
  'with a suite more': (suite) => helloOf([0x7f00, suite, 0x7f01], 1),
  'that tries the first suite again': (suite) => helloOf([0x7f00, suite]),
  'with the id of a psk': (suite) => helloOf([0x7f00, suite], 1, PSK.id),
}

const RETRIES: readonly Row[] = [
  {
    name: 'tries an unknown suite with a message 1 that is none',
    rule: 'SE-17',
    does: async (peer) => {
      await retried(peer, listOf(peer))
      return peer.hello(helloOf(listOf(peer), 1))
    },
    outcome: opens,
  },
  {
    name: 'lists 15 unknown suites before the one it tries',
    rule: 'SE-6',
    does: (peer) => peer.hello(helloOf([...unknown(15), peer.suite.id], 15)),
    outcome: opens,
  },
  ...Object.entries(SECOND).map(([name, neg]) => ({
    name: `sends a second Hello ${name}`,
    rule: 'SE-8',
    does: async (peer: Hostile) => {
      await retried(peer, listOf(peer))
      return peer.hello(neg(peer.suite.id))
    },
    outcome: SUITE,
  })),
  {
    name: 'answers a Retry with message 3',
    rule: 'SE-2',
    does: async (peer) => {
      await retried(peer, listOf(peer))
      return packet(EMPTY, new Uint8Array(64))
    },
    outcome: MALFORMED,
  },
]

/** Retries of another form, to an initiator. */
const RETRY_FORMS: Readonly<Record<string, (suite: number) => Uint8Array>> = {
  'of no bytes': () => EMPTY,
  'of the version 2': (suite) => concat(bytesOf(2), retryOf(suite).slice(1)),
  'that is cut short': (suite) => cut(retryOf(suite)),
  'with a byte behind it': (suite) => concat(retryOf(suite), bytesOf(0)),
}

const RETRY_SUITES: Readonly<Record<string, (suite: number) => number>> = {
  'an unknown suite': () => 0x7f00,
  'the suite that was tried': (suite) => suite,
  'a suite that was not listed': (suite) => suite ^ 0x20,
}

const AT_INITIATOR: readonly Row[] = [
  ...Object.entries(RETRY_FORMS).map(([name, neg]) => ({
    name: `answers Hello with a Retry ${name}`,
    rule: 'SE-3',
    does: (peer: Hostile) => peer.retry(neg(peer.suite.id)),
    outcome: MALFORMED,
  })),
  ...Object.entries(RETRY_SUITES).map(([name, id]) => ({
    name: `answers Hello with a Retry of ${name}`,
    rule: 'SE-7',
    does: (peer: Hostile) => peer.retry(retryOf(id(peer.suite.id))),
    outcome: SUITE,
  })),
  {
    name: 'makes message 2 over another Hello than came',
    rule: 'SE-10',
    does: (peer) => peer.message2(),
    outcome: silently('noise/failed'),
  },
]

/** A Retry that is fair, of an initiator that lists more than one suite, as with `prefer`; then another, of one of what it has listed. */
const retriesTwice = (
  name: string,
  choose: (tried: readonly [number, number], listed: readonly number[]) => number | undefined,
): Row => ({
  name: `answers the second Hello with another Retry, of ${name}`,
  rule: 'SE-7',
  does: async (peer) => {
    const { listed, tried: first } = suitesIn(peer.heard.neg)
    const other = listed.find((id) => id !== first)
    if (other === undefined) return peer.retry(retryOf(0x7f00))
    const { noise } = peer.heard
    peer.feed(peer.retry(retryOf(other)))
    await peer.greeted()
    if (equal(peer.heard.noise.slice(0, 32), noise.slice(0, 32))) throw new Finding('expected a fresh ephemeral')
    return peer.retry(retryOf(choose([first, other], listed) ?? other))
  },
  outcome: silently('session/suite', 'session/unexpected'),
})

const TWO_RETRIES: readonly Row[] = [
  retriesTwice('the suite that is tried', ([, other]) => other),
  retriesTwice('the suite that was tried first', ([first]) => first),
  retriesTwice('a third suite', (tried, listed) => listed.find((id) => !tried.includes(id))),
]

export const NEGOTIATION: readonly Case[] = [
  ...casesOf(
    { from: 'start' },
    Object.entries(FORMS).map(([name, form]) => ({
      name: `says Hello with ${name}`,
      rule: 'SE-2',
      does: (peer) => {
        const { id } = peer.suite
        return peer.hello(form(helloOf([id]), id))
      },
      outcome: MALFORMED,
    })),
  ),
  ...casesOf({ from: 'start' }, [...LISTS, ...RETRIES]),
  ...casesOf({ from: 'start', suites: [0x0001, 0x0101] }, ALLOWED),
  ...casesOf({ from: 'start', suites: [0x0001, 0x0101], setup: { open: { pq: 'prefer' } } }, SECOND_CHOICE),
  ...casesOf({ from: 'start', suites: WITH_PSK }, WITHOUT_PSK),
  ...casesOf(
    { role: 'initiator', from: 'start', setup: { negotiation: (negs) => negs.map((neg) => flipped(neg, -1)) } },
    AT_INITIATOR,
  ),
  ...casesOf({ role: 'initiator', from: 'start', suites: WITH_KEM, setup: { open: { pq: 'prefer' } } }, TWO_RETRIES),
]
