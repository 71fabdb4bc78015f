import { EMPTY, toHex } from '../../bytes.js'
import type { Wire } from '../../cbor.js'
import { ERRORS, type ErrorCode } from '../../errors.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, end, fault, nameOf, textOf } from '../hostileframes.js'
import { cleanly, dies, type Outcome, tells, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'

/** A peer that lets the shim's calls fail in every way, and the truth of whether they have run, which programs are told. */

type Ran = 'no' | 'maybe' | 'yes'

const HAVE: Readonly<Record<Ran, string>> = { no: 'has not run', maybe: 'may have run', yes: 'has run' }

/** SE-49: what each FAULT says of it. */
const FAILURES: readonly (readonly [code: ErrorCode, ran: Ran, details?: Wire])[] = [
  ['contract/invalid', 'no', { path: '' }],
  ['policy/denied', 'no'],
  ['policy/denied', 'maybe', { item: 0 }],
  ['policy/limited', 'no'],
  ['policy/limited', 'maybe', { item: 0 }],
  ['session/closed', 'no'],
  ['call/cancelled', 'maybe'],
  ['call/deadline', 'maybe'],
  ['call/fault', 'yes', { name: 'Refused' }],
  ['call/internal', 'yes', { incident: 'a' }],
]

const FAILED: readonly Row[] = FAILURES.map(([code, ran, details]) => ({
  name: `fails a call with ${code}, which ${HAVE[ran]}`,
  rule: 'SE-49',
  does: async (peer) => {
    peer.act('call', { tag: 'it', operation: 'fail', body: '01' })
    const { exchange } = await peer.frame('BEGIN')
    peer.say(fault(exchange, code, details === undefined ? EMPTY : cbor(details)))
  },
  outcome: tells('fault', { tag: 'it', code, ran }),
}))

interface Half {
  readonly exchange: number
  /** Bytes of its body in BEGIN. */
  readonly size: number
}

/** A call of the shim that waits for credit in pieces. */
const half = async (peer: Hostile, ttlMs = 60_000): Promise<Half> => {
  peer.act('call', { tag: 'it', operation: 'echo', body: toHex(textOf(20_000)), ttlMs })
  const { exchange, body } = await peer.frame('BEGIN')
  return { exchange, size: body.length }
}

/** SE-57: the rest does not come, how much has is said, and a reply is not waited for. */
const taken = async (peer: Hostile, code: ErrorCode, { exchange, size }: Half): Promise<void> => {
  let [sum, isReset, isStopped] = [size, false, false]
  while (!isReset || !isStopped) {
    const frame = await peer.next()
    if (frame.is === 'DATA') sum += frame.body.length
    isStopped ||= frame.is === 'STOP'
    if (frame.is !== 'RESET') continue
    isReset = true
    if (frame.exchange !== exchange || frame.size !== sum || frame.code !== ERRORS[code].wire)
      throw new Finding(
        `expected RESET ${code} of exchange ${exchange} at ${sum}, got ${nameOf(frame)} at ${frame.size}`,
      )
  }
  peer.say(fault(exchange, code))
}

const told =
  (code: ErrorCode, ran: Ran, then: Outcome = unharmed): Outcome =>
  async (peer) => {
    const event = await peer.event('fault')
    if (event.tag !== 'it' || event.code !== code || event.ran !== ran)
      throw new Finding(`expected it to be ${code} and ${ran}, got ${String(event.code)} and ${String(event.ran)}`)
    await then(peer)
  }

const HALVES: readonly Row[] = [
  {
    name: 'takes half of a call, which is given up then',
    rule: 'SE-57',
    does: async (peer) => {
      const part = await half(peer)
      peer.act('cancel', { tag: 'it' })
      await taken(peer, 'call/cancelled', part)
    },
    outcome: told('call/cancelled', 'no'),
  },
  {
    name: 'takes half of a call until its time is up',
    rule: 'SE-57',
    does: async (peer) => taken(peer, 'call/deadline', await half(peer, 300)),
    outcome: told('call/deadline', 'no'),
  },
  {
    name: 'ends behind half of a call',
    rule: 'SE-59',
    does: async (peer) => {
      await half(peer)
      peer.say(end())
    },
    outcome: told('session/lost', 'no', cleanly),
  },
]

const WHOLE: readonly Row[] = [
  {
    name: 'takes the whole of a call, which is given up then',
    rule: 'SE-57',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'never', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.act('cancel', { tag: 'it' })
      await peer.frame('STOP')
      peer.say(fault(exchange, 'call/cancelled'))
    },
    outcome: told('call/cancelled', 'maybe'),
  },
]

/** SE-67: what comes behind the shim's END tells it nothing. */
const LATE: readonly Row[] = [
  {
    name: 'answers a call behind the END of the other end',
    rule: 'SE-67',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'never', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.act('close')
      await peer.frame('END')
      peer.say(data(exchange, bytesOf(1)), end())
    },
    outcome: told('session/lost', 'maybe', dies(null)),
  },
]

/** ME-43: a handler hears of the end, and its answer goes nowhere. */
const working = (name: string, leave: (peer: Hostile) => void, outcome: Outcome): Row => ({
  name,
  rule: 'ME-43',
  does: async (peer) => {
    peer.say(peer.begin('never', { body: bytesOf(1) }))
    await peer.event('heard')
    leave(peer)
    const { operation, code } = await peer.event('over')
    if (operation !== 'never' || code !== 'session/lost')
      throw new Finding(`expected never to be over with session/lost, got ${String(operation)} with ${String(code)}`)
  },
  outcome,
  heard: ['never'],
})

const HANDLERS: readonly Row[] = [
  working('ends while its call is worked on', (peer) => peer.say(end()), cleanly),
  working('vanishes while its call is worked on', (peer) => peer.shim.eof(), dies('channel/truncated')),
]

export const TRUTHS: readonly Case[] = [
  ...casesOf({}, [...FAILED, ...WHOLE, ...LATE, ...HANDLERS]),
  ...casesOf({ setup: { limits: { sessionWindow: 4_096 } } }, HALVES),
]
