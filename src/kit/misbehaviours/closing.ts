import { FLAG } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, data, drain, end, nameOf, ping } from '../hostileframes.js'
import { cleanly, dies, ends, mutely, type Outcome, tells } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** DRAIN and END: numbers that cannot be, what is said behind them, and an end that does not come. */

const MALFORMED = ends('session/malformed')
const ONE = bytesOf(1)

const DRAINS: readonly Row[] = [
  { name: 'drains twice', rule: 'SE-38', does: (peer) => peer.say(drain(0), drain(0)), outcome: MALFORMED },
  {
    name: 'drains up to an exchange that was not begun',
    rule: 'SE-38',
    does: (peer) => peer.say(drain(peer.firstOfShim)),
    outcome: MALFORMED,
  },
  {
    name: 'drains up to an exchange of its own',
    rule: 'SE-38',
    does: (peer) => peer.say(peer.begin('note', { body: ONE }), drain(peer.first)),
    outcome: MALFORMED,
    heard: ['note'],
  },
  {
    name: 'drains up to exchange 2^53-1',
    rule: 'SE-38',
    does: (peer) => peer.say(drain(Number.MAX_SAFE_INTEGER)),
    outcome: MALFORMED,
  },
  {
    name: 'ends the transport behind DRAIN',
    rule: 'SE-43',
    does: (peer) => {
      peer.say(drain(0))
      peer.shim.eof()
    },
    outcome: mutely('channel/truncated'),
  },
]

/** What a program asks for behind the peer's DRAIN. */
const ASKED: readonly Row[] = [
  {
    name: 'drains, and the other end is to call',
    rule: 'SE-66',
    does: async (peer) => {
      peer.say(drain(0), peer.begin('note', { body: ONE }))
      await peer.event('heard')
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
    },
    outcome: tells('fault', { tag: 'it', code: 'session/closed', ran: 'no' }),
    heard: ['note'],
  },
  {
    name: 'drains without having taken a call',
    rule: 'SE-66',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      await peer.frame('BEGIN')
      peer.say(drain(0))
    },
    outcome: tells('fault', { tag: 'it', code: 'session/closed', ran: 'no' }),
  },
]

/** The shim closes while a call of this end is open, which the answer to DRAIN crosses. */
const closing = async (peer: Hostile): Promise<void> => {
  peer.say(peer.begin('never', { body: ONE }))
  await peer.event('heard')
  peer.act('close')
  const { last } = await peer.frame('DRAIN')
  if (last !== peer.first) throw new Finding(`expected DRAIN ${peer.first}, got ${last}`)
}

/** END comes at the deadline, with nothing but CREDIT before it. */
const unanswered: Outcome = async (peer) => {
  for (let frame = await peer.next(); frame.is !== 'END'; frame = await peer.next())
    if (frame.is !== 'CREDIT' && frame.is !== 'PING') throw new Finding(`expected END 0, got ${nameOf(frame)}`)
  peer.say(end())
  await dies(null)(peer)
}

/** What is begun behind the shim's DRAIN. */
const behindDrain = (
  name: string,
  rule: string,
  frames: (peer: Hostile, exchange: number) => readonly Uint8Array[],
): Row => ({
  name,
  rule,
  does: async (peer) => {
    await closing(peer)
    peer.say(...frames(peer, peer.first + 2))
  },
  outcome: unanswered,
  heard: ['never'],
})

const CROSSING: readonly Row[] = [
  behindDrain('calls behind the DRAIN of the other end', 'SE-58', (peer, exchange) => [
    peer.begin('echo', { exchange, body: ONE }),
  ]),
  behindDrain('sends one way behind the DRAIN of the other end', 'SE-58', (peer, exchange) => [
    peer.begin('note', { exchange, body: ONE }),
  ]),
  behindDrain('sends what is no CBOR behind the DRAIN of the other end', 'SE-65', (peer, exchange) => [
    peer.begin('echo', { exchange, body: bytesOf(0xff) }),
  ]),
]

/** The shim has said END 0 and waits for the answer. */
const closed = async (peer: Hostile): Promise<void> => {
  peer.act('close')
  await peer.frame('END')
}

const BEHIND_END: readonly Row[] = [
  {
    name: 'does not answer END',
    rule: 'SE-42',
    does: closed,
    outcome: mutely('session/timeout'),
  },
  {
    name: 'calls behind the END of the other end',
    rule: 'SE-67',
    does: async (peer) => {
      await closed(peer)
      peer.say(peer.begin('echo', { body: ONE }))
      peer.say(end())
    },
    outcome: mutely(null),
  },
  {
    name: 'answers END with the number of a fault',
    rule: 'SE-41',
    does: async (peer) => {
      await closed(peer)
      peer.say(end('session/malformed'))
    },
    outcome: mutely('session/lost'),
  },
  {
    name: 'ends the transport in the place of END',
    rule: 'SE-43',
    does: async (peer) => {
      await closed(peer)
      peer.shim.eof()
    },
    outcome: mutely('channel/truncated'),
  },
]

const TORN: readonly Row[] = [
  {
    name: 'leaves a one-way message in pieces until the other end has closed',
    rule: 'SE-42',
    does: async (peer) => {
      peer.say(peer.begin('note', { flags: FLAG.more, body: ONE }), ping(1))
      await peer.frame('PONG')
      peer.act('close')
      await peer.frame('DRAIN')
    },
    outcome: ends('session/timeout'),
  },
]

/** What is open is lost with END, and its program is told. */
const LOST: readonly Row[] = [
  {
    name: 'ends while a call of the other end is open',
    rule: 'SE-59',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      await peer.frame('BEGIN')
      peer.say(end())
      const { code, ran } = await peer.event('fault')
      if (code !== 'session/lost' || ran !== 'maybe')
        throw new Finding(`expected the call to be session/lost and maybe, got ${String(code)} and ${String(ran)}`)
    },
    outcome: cleanly,
  },
  {
    name: 'ends inside the answer to a call',
    rule: 'SE-59',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.say(data(exchange, ONE, FLAG.more), end())
      const { code } = await peer.event('fault')
      if (code !== 'session/lost') throw new Finding(`expected the call to be session/lost, got ${String(code)}`)
    },
    outcome: cleanly,
  },
]

export const CLOSING: readonly Case[] = casesOf({}, [...DRAINS, ...ASKED, ...CROSSING, ...BEHIND_END, ...TORN, ...LOST])
