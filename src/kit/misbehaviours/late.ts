import { ERRORS } from '../../errors.js'
import { FLAG } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, fault } from '../hostileframes.js'
import { faults, type Outcome, silently, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** A peer that lets the time of a call pass, its own or the shim's, and answers behind it. */

const ONE = bytesOf(1)
const SOON_MS = 200
const LATE = ERRORS['call/deadline'].wire
const CANCELLED = ERRORS['call/cancelled'].wire

/** The shim calls, and says in BEGIN how long it waits. */
const calls = async (peer: Hostile, ttlMs: number): Promise<number> => {
  peer.act('call', { tag: 'it', operation: 'never', body: '01', ttlMs })
  const begun = await peer.frame('BEGIN')
  if (begun.ttlMs < 1 || begun.ttlMs > ttlMs) throw new Finding(`expected a ttl of 1..${ttlMs} ms, got ${begun.ttlMs}`)
  return begun.exchange
}

/** The shim gives its call up with this code, and does not wait for a reply any more. */
const givesUp = async (peer: Hostile, exchange: number, code: number): Promise<void> => {
  const frame = await peer.frame('STOP')
  if (frame.exchange !== exchange || frame.code !== code)
    throw new Finding(`expected STOP ${code} of exchange ${exchange}, got ${frame.code} of ${frame.exchange}`)
}

/** What comes behind the fault that was told is told of by nothing. */
const once =
  (code: string): Outcome =>
  async (peer) => {
    await unharmed(peer)
    const told = peer.told.filter(({ event }) => event === 'fault' || event === 'reply')
    if (told.length !== 1 || told[0]?.code !== code)
      throw new Finding(
        `expected the fault ${code} alone, got ${told.map(({ event }) => event).join(', ') || 'nothing'}`,
      )
  }

const AWAITED: readonly Row[] = [
  {
    name: 'does not answer by the deadline of a call',
    rule: 'SE-57',
    does: async (peer) => givesUp(peer, await calls(peer, SOON_MS), LATE),
    outcome: once('call/deadline'),
  },
  ...(
    [
      ['answers', (exchange: number) => data(exchange, ONE)],
      ['refuses a call', (exchange: number) => fault(exchange, 'call/internal', cbor({ incident: 'a' }))],
    ] as const
  ).flatMap(([what, answer]): readonly Row[] => [
    {
      name: `${what} behind the deadline`,
      rule: 'SE-57',
      does: async (peer) => {
        const exchange = await calls(peer, SOON_MS)
        await givesUp(peer, exchange, LATE)
        peer.say(answer(exchange))
      },
      outcome: once('call/deadline'),
    },
    {
      name: `${what} that was given up`,
      rule: 'SE-57',
      does: async (peer) => {
        const exchange = await calls(peer, 60_000)
        peer.act('cancel', { tag: 'it' })
        await givesUp(peer, exchange, CANCELLED)
        peer.say(answer(exchange))
      },
      outcome: once('call/cancelled'),
    },
  ]),
]

const WAITING: readonly Row[] = [
  {
    name: 'waits for a call beyond its ttl',
    rule: 'SE-162',
    does: async (peer) => {
      peer.say(peer.begin('never', { ttlMs: SOON_MS, body: ONE }))
      const { code } = await peer.event('over')
      if (code !== 'call/deadline') throw new Finding(`expected over with call/deadline, got ${String(code)}`)
    },
    outcome: faults('call/deadline'),
    heard: ['never'],
  },
  {
    name: 'sends a request in pieces until its ttl has passed',
    rule: 'SE-162',
    does: (peer) => peer.say(peer.begin('echo', { ttlMs: SOON_MS, flags: FLAG.more, body: bytesOf(0x82, 1) })),
    outcome: faults('call/deadline'),
  },
]

/** SE-9: of the 10 s, so that what is left is no longer than a shim is waited for (CF-9). */
const MOST_MS = 8_000

const silent = (name: string): Row => ({
  name,
  rule: 'SE-9',
  does: () =>
    new Promise<void>((resolve) => {
      setTimeout(resolve, MOST_MS)
    }),
  outcome: silently('session/timeout'),
})

export const LATE_ONES: readonly Case[] = [
  ...casesOf({ from: 'start' }, [silent('says nothing for 10 s')]),
  ...casesOf({ from: 'answered' }, [silent('says no message 3 for 10 s')]),
  ...casesOf({ role: 'initiator', from: 'start' }, [silent('answers no Hello for 10 s')]),
  ...casesOf({ role: 'initiator', from: 'answered' }, [silent('says neither ACCEPT nor REFUSE for 10 s')]),
  ...casesOf({}, [...AWAITED, ...WAITING]),
  ...casesOf(
    { role: 'initiator' },
    [...AWAITED, ...WAITING].map((row) => ({ ...row, name: `${row.name}, to an initiator` })),
  ),
]
