import { FLAG } from '../../session/frames.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, data } from '../hostileframes.js'
import { unharmed } from '../hostileoutcomes.js'
import { Allowance } from './allowance.js'
import { casesOf, type Row } from './row.js'

/** A peer whose messages come to nothing, and that goes on with what is given back for them: more in all than several windows. */

const WINDOW = 4_096
const BODY = 1_000

/** Sends what takes `each` bytes of the window of the session, `count` times, as credit comes. */
const sends = async (
  peer: Hostile,
  { each, count }: { readonly each: number; readonly count: number },
  frame: (at: number) => Uint8Array,
): Promise<void> => {
  const allowance = new Allowance(peer, WINDOW)
  for (let at = 0; at < count; at++) {
    await allowance.take(each)
    peer.say(frame(at))
  }
  await peer.rest()
}

const ROWS: readonly Row[] = [
  {
    name: 'goes on with what is refused, as credit comes back',
    rule: 'SE-163',
    does: (peer) =>
      sends(peer, { each: 64 + 1, count: 200 }, (at) =>
        peer.begin('note', { exchange: peer.first + 2 * at, body: bytesOf(0xff) }),
      ),
    outcome: unharmed,
  },
  {
    name: 'goes on with the reply to a call that was given up, as credit comes back',
    rule: 'SE-163',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'never', body: '01' })
      const { exchange } = await peer.frame('BEGIN')
      peer.act('cancel', { tag: 'it' })
      await peer.frame('STOP')
      await sends(peer, { each: BODY, count: 20 }, (at) =>
        data(exchange, new Uint8Array(BODY), at < 19 ? FLAG.more : FLAG.end),
      )
    },
    outcome: unharmed,
  },
]

export const REPAID: readonly Case[] = [
  ...casesOf({ setup: { open: { limits: { sessionWindow: WINDOW } } } }, ROWS),
  ...casesOf(
    { role: 'initiator', setup: { open: { limits: { sessionWindow: WINDOW } } } },
    ROWS.map((row) => ({ ...row, name: `${row.name}, to an initiator` })),
  ),
]
