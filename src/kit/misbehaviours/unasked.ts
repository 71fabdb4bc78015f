import { EMPTY, toHex } from '../../bytes.js'
import type { Frame } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { cbor, credit, textOf } from '../hostileframes.js'
import { type Outcome, unharmed } from '../hostileoutcomes.js'
import { casesOf, type Row } from './row.js'
import { seesNothing } from './standing.js'

/** What a program has asked of its own end, which waits there: it must not go, or not yet. */

const WINDOW = 4_096

const sends = (peer: Hostile, body: Uint8Array): void => peer.act('send', { operation: 'note', body: toHex(body) })

/** What has come since, but for credit. */
const rest = async (peer: Hostile): Promise<readonly Frame[]> =>
  (await peer.rest()).frames.filter(({ is }) => is !== 'CREDIT')

const NO_SENDING = {
  version: 1,
  rules: [{ id: 'not', effect: 'deny', to: ['any'], verbs: ['send'], on: ['>'] }],
} as const

/** The second message waits for credit when rules deny it; the credit comes behind that. */
const DENIED: readonly Row[] = [
  {
    name: 'gives credit where a one-way message waited for it, which rules deny by then',
    rule: 'SE-130',
    does: async (peer) => {
      sends(peer, textOf(4_000))
      sends(peer, textOf(100))
      await peer.frame('BEGIN')
      await seesNothing(peer)
      peer.act('replace', { policy: NO_SENDING })
      peer.say(credit(0, WINDOW + 2_048))
      await seesNothing(peer)
    },
    outcome: unharmed,
  },
]

const step = (peer: Hostile, operation: string, more = EMPTY): void =>
  peer.act('call', { tag: operation, operation, body: toHex(cbor({ id: 'one', more })) })

const STEPS: readonly Row[] = [
  {
    name: 'gives credit to a step in pieces, behind which the next one waits',
    rule: 'CV-28',
    does: async (peer) => {
      step(peer, 'start', new Uint8Array(6_000))
      step(peer, 'go')
      const { exchange } = await peer.frame('BEGIN')
      const begun = (await rest(peer)).find(({ is }) => is === 'BEGIN')
      if (begun !== undefined) throw new Finding('expected one step to be begun, got two')
      peer.say(credit(exchange, 2 * WINDOW))
      const names: string[] = []
      for (let frame = await peer.next(); frame.is !== 'BEGIN'; frame = await peer.next())
        if (frame.is === 'DATA' && frame.exchange === exchange) names.push(frame.end ? 'end' : 'piece')
      if (!names.includes('end')) throw new Finding('expected the end of a step before the next one, got none')
    },
    outcome: unharmed,
  },
]

const WAIT_MS = 4_500
const MOST = 10

/** None of them is answered. */
const counted: Outcome = async (peer) => {
  const pings = (await peer.rest()).frames.filter(({ is }) => is === 'PING')
  if (pings.length > MOST) throw new Finding(`expected ${MOST} PINGs at most, got ${pings.length}`)
  if (pings.length === 0) throw new Finding('expected a PING, got none')
}

const PINGS: readonly Row[] = [
  {
    name: 'answers no PING',
    rule: 'SE-70',
    does: () =>
      new Promise((resolve) => {
        setTimeout(resolve, WAIT_MS)
      }),
    outcome: counted,
  },
]

export const UNASKED: readonly Case[] = [
  ...casesOf({ level: 'policy', setup: { limits: { sessionWindow: WINDOW } } }, DENIED),
  ...casesOf({ level: 'messaging', setup: { limits: { exchangeWindow: WINDOW } } }, STEPS),
  ...casesOf({ setup: { limits: { idleMs: 1_000 } } }, PINGS),
]
