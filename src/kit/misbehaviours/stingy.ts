import { toHex } from '../../bytes.js'
import { decode } from '../../cbor.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, drain, end, textOf } from '../hostileframes.js'
import { cleanly, faultsWith, type Outcome, silently, tells, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** A peer that takes as little as it may, gives nothing back, and looks at what it is sent: nothing is over what it has declared. */

const ONE = bytesOf(1)
const LEAST = 4_096

const asks = (peer: Hostile, act: string, operation: string, body: Uint8Array, tag = 'it'): void =>
  peer.act(act, { tag, operation, body: toHex(body) })

/** The bytes of the bodies that come, from the first BEGIN to where the shim waits for this end. */
const unpaid = async (peer: Hostile): Promise<number> => {
  const { body } = await peer.frame('BEGIN')
  const { frames } = await peer.rest()
  return frames.reduce((sum, frame) => (frame.is === 'DATA' ? sum + frame.body.length : sum), body.length)
}

const over: Outcome = async (peer) => {
  peer.say(end())
  await cleanly(peer)
}

const WINDOWS: readonly Row[] = [
  {
    name: 'gives no credit of the session back',
    rule: 'SE-50',
    does: async (peer) => {
      asks(peer, 'call', 'echo', textOf(20_000))
      const sum = 64 + (await unpaid(peer))
      if (sum > LEAST) throw new Finding(`expected at most ${LEAST} bytes without credit, got ${sum}`)
    },
    outcome: over,
  },
]

const EXCHANGE: readonly Row[] = [
  {
    name: 'gives no credit of an exchange back',
    rule: 'SE-62',
    does: async (peer) => {
      asks(peer, 'call', 'echo', textOf(20_000))
      const sum = await unpaid(peer)
      if (sum > LEAST) throw new Finding(`expected at most ${LEAST} bytes without credit, got ${sum}`)
    },
    outcome: over,
  },
  {
    name: 'calls for a long reply, and gives no credit of its exchange back',
    rule: 'SE-62',
    does: async (peer) => {
      peer.say(peer.begin('echo', { body: textOf(20_000) }))
      const { body } = await peer.frame('DATA')
      const { frames } = await peer.rest()
      const sum = frames.reduce((all, frame) => (frame.is === 'DATA' ? all + frame.body.length : all), body.length)
      if (sum > LEAST) throw new Finding(`expected at most ${LEAST} bytes without credit, got ${sum}`)
    },
    outcome: over,
    heard: ['echo'],
  },
]

const SHORT: readonly Row[] = [
  {
    name: 'takes records of 1,024 bytes alone',
    rule: 'SE-20',
    does: async (peer) => {
      asks(peer, 'call', 'echo', textOf(5_000))
      for (let left = 5_000; left > 0; ) {
        const sealed = await peer.unopened()
        if (sealed.length > 2 + 1_024 + 16)
          throw new Finding(`expected records of 1,024 bytes, got ${sealed.length - 18}`)
        for (const frame of peer.records.open(sealed.subarray(2)))
          if (frame.is === 'BEGIN' || frame.is === 'DATA') left -= frame.body.length
      }
    },
    outcome: over,
  },
]

const FEW: readonly Row[] = [
  {
    name: 'takes one call at a time',
    rule: 'SE-46',
    does: async (peer) => {
      asks(peer, 'call', 'never', ONE, 'one')
      asks(peer, 'call', 'never', ONE, 'two')
      await peer.frame('BEGIN')
      const more = (await peer.rest()).frames.find(({ is }) => is === 'BEGIN')
      if (more !== undefined) throw new Finding('expected one call to be begun, got two')
      peer.say(data(peer.firstOfShim, ONE))
      const { exchange } = await peer.frame('BEGIN')
      if (exchange !== peer.firstOfShim + 2) throw new Finding(`expected the second call, got exchange ${exchange}`)
    },
    outcome: over,
  },
]

const SMALL: readonly Row[] = [
  {
    name: 'takes messages of 1,024 bytes alone',
    rule: 'SE-20',
    does: (peer) => asks(peer, 'call', 'echo', textOf(1_025)),
    outcome: tells('fault', { tag: 'it', code: 'call/too-large', ran: 'no' }),
  },
  {
    name: 'calls for a longer reply than it takes',
    rule: 'SE-20',
    does: (peer) => peer.say(peer.begin('echo', { body: textOf(1_025) })),
    outcome: faultsWith('call/internal'),
    heard: ['echo'],
  },
]

const lively = (name: string): Row => ({
  name,
  rule: 'SE-61',
  does: async (peer) => {
    const { count } = await peer.frame('PING')
    if (count !== 1) throw new Finding(`expected PING 1, got ${count}`)
  },
  outcome: over,
})

/** The shim's context would make its ACCEPT longer than this end takes. */
const ACCEPT: readonly Row[] = [
  {
    name: 'takes no record that the ACCEPT fits in',
    rule: 'SE-19',
    does: (peer) => peer.message3(),
    outcome: silently('session/limit'),
  },
]

const HALF: readonly Row[] = [
  {
    name: 'drains inside a message of the other end',
    rule: 'SE-66',
    does: async (peer) => {
      asks(peer, 'call', 'echo', textOf(20_000))
      await peer.frame('BEGIN')
      peer.say(drain(0))
      await peer.frame('RESET')
    },
    outcome: tells('fault', { tag: 'it', code: 'session/closed', ran: 'no' }),
  },
]

/** What a failure says of itself is its incident. */
const told: Outcome = async (peer) => {
  const { body } = await peer.frame('FAULT')
  const details = decode(body)
  const members = typeof details === 'object' && details !== null ? Object.keys(details) : []
  if (members.join() !== 'incident') throw new Finding(`expected an incident alone, got ${members.join()}`)
  await unharmed(peer)
}

const CURIOUS: readonly Row[] = [
  {
    name: 'has a handler fail, to learn of what',
    rule: 'ME-10',
    does: (peer) => peer.say(peer.begin('crash', { body: ONE })),
    outcome: told,
    heard: ['crash'],
  },
]

const STREAMING: readonly Row[] = [
  {
    name: 'has the handler of a stream fail, to learn of what',
    rule: 'ME-35',
    does: (peer) => peer.say(peer.begin('count', { body: cbor('a') })),
    outcome: told,
    heard: ['count'],
  },
]

const CONSUMER: readonly Row[] = [
  {
    name: 'settles nothing of what it consumes',
    rule: 'QU-10',
    does: async (peer) => {
      const { first } = peer
      peer.say(
        peer.begin('work', { subject: 'a', body: cbor({ value: 1 }) }),
        peer.begin('work', { exchange: first + 2, subject: 'a', body: cbor({ value: 2 }) }),
      )
      await peer.frame('DATA')
      await peer.frame('DATA')
      peer.say(peer.begin('work', { exchange: first + 4, subject: 'a', standing: true, flags: 0, body: cbor({}) }))
      await peer.frame('DATA')
      await peer.frame('DATA')
    },
    outcome: unharmed,
  },
]

const declaring = (limits: Readonly<Record<string, number>>) => ({ setup: { limits } })

export const STINGY: readonly Case[] = [
  ...casesOf(declaring({ sessionWindow: LEAST }), [...WINDOWS, ...HALF]),
  ...casesOf(declaring({ exchangeWindow: LEAST }), EXCHANGE),
  ...casesOf(declaring({ plaintext: 1_024 }), SHORT),
  ...casesOf(declaring({ exchanges: 1 }), FEW),
  ...casesOf(declaring({ message: 1_024 }), SMALL),
  ...casesOf(declaring({ idleMs: 1_000 }), [lively('waits no longer than a second for a record')]),
  ...casesOf({ setup: { open: { limits: { idleMs: 1_000 } } } }, [
    lively('says nothing to who waits no longer than a second'),
  ]),
  ...casesOf(
    { from: 'answered', setup: { limits: { plaintext: 1_024 }, open: { context: toHex(textOf(1_100)) } } },
    ACCEPT,
  ),
  ...casesOf({}, CURIOUS),
  ...casesOf({ level: 'messaging' }, [...STREAMING, ...CONSUMER]),
]
