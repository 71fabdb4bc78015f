import type { Case } from '../case.js'
import { row } from './row.js'
import { delivered, publish, sees, stands } from './standing.js'
import { under } from './under.js'

/** Requests to hear whose members have the names of fields that rules read of messages. */

const NO_CREDIT = [{ attribute: 'body.credit', is: 'absent' }]

export const HEARING: readonly Case[] = under(
  [
    { verbs: ['publish'], on: ['kit.v1.news.a'] },
    { verbs: ['subscribe', 'consume'], on: ['kit.v1.*.a'], when: NO_CREDIT },
  ],
  [
    row('subscribes with a credit, which is no field of a message', 'PO-60', async (peer) => {
      peer.say(stands(peer, 'news', 0, { credit: 4 }))
      await sees(peer, 0, null)
      peer.say(publish(peer, 1, { credit: 1 }), publish(peer, 2, { level: 1 }))
      await sees(peer, 0, delivered(peer, { level: 1 }))
    }),
    row('consumes with a credit, which is no field of a message', 'PO-60', async (peer) => {
      peer.say(stands(peer, 'work', 0, { credit: 4 }))
      await sees(peer, 0, null)
    }),
  ],
  { beside: 'messaging' },
)
