import type { Wire } from '../../cbor.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { cbor, data, drain, end, reset, stop } from '../hostileframes.js'
import { cleanly, dies } from '../hostileoutcomes.js'
import { casesOf, type Row, row } from './row.js'
import {
  delivered,
  leaves,
  nested,
  nth,
  publish,
  says,
  sees,
  seesEnd,
  seesFault,
  seesNothing,
  seesOver,
  stands,
} from './standing.js'

/** Subscribers that are slow, ask for much or leave, and what is handed to them all the same, or not. */

const subscribes = async (peer: Hostile, request: Wire, subject = 'a'): Promise<void> => {
  peer.say(stands(peer, 'news', 0, request, { subject }))
  await sees(peer, 0, null)
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i)

const HEARD: readonly Row[] = [
  row('subscribes, and publishes to itself', 'TO-3', async (peer) => {
    peer.say(publish(peer, 0, 1), stands(peer, 'news', 1))
    await sees(peer, 1, null, delivered(peer, 1, 'a', 0, true))
    peer.say(publish(peer, 2, 2))
    await sees(peer, 1, delivered(peer, 2))
  }),
  row('says in what it publishes that it comes from somebody else', 'TO-10', async (peer) => {
    await subscribes(peer, {})
    const value = { from: null, value: 1 }
    peer.say(publish(peer, 1, value))
    await sees(peer, 0, delivered(peer, value))
  }),
  row('publishes what nests as deep as a delivery can hold, and one level deeper', 'TO-13', async (peer) => {
    await subscribes(peer, {})
    peer.say(publish(peer, 1, nested(30)))
    await sees(peer, 0, delivered(peer, nested(30)))
    peer.say(publish(peer, 2, nested(31)))
    await seesFault(peer, 2, 'contract/invalid')
  }),
  row('subscribes three times, to other subjects', 'TO-30', async (peer) => {
    for (const [before, subject] of ['b', '*', 'a'].entries()) {
      peer.say(stands(peer, 'news', before, {}, { subject }))
      await sees(peer, before, null)
    }
    peer.say(publish(peer, 3, 1))
    const { frames } = await peer.rest()
    const came = frames.flatMap((frame) => (frame.is === 'DATA' ? [frame.exchange] : []))
    if (came.toSorted((one, other) => one - other).join() !== [nth(peer, 1), nth(peer, 2)].join())
      throw new Finding(`expected deliveries of '*' and 'a' alone, got those of exchanges ${came.join()}`)
  }),
  row('subscribes as one of a group to what is retained', 'TO-33', async (peer) => {
    peer.say(publish(peer, 0, 1), stands(peer, 'news', 1), stands(peer, 'news', 2, {}, { labels: { group: 'g' } }))
    const { frames } = await peer.rest()
    const bodies = (before: number): string =>
      frames.flatMap((each) => (each.is === 'DATA' && each.exchange === nth(peer, before) ? [...each.body] : [])).join()
    if (bodies(1) !== [...cbor(null), ...cbor(delivered(peer, 1, 'a', 0, true))].join())
      throw new Finding('expected null and then what is retained')
    if (bodies(2) !== [...cbor(null)].join()) throw new Finding('expected nothing that is retained for a group')
  }),
]

const SLOW: readonly Row[] = [
  row('takes nothing of two deliveries that it has credit for', 'TO-5', async (peer) => {
    await subscribes(peer, { credit: 2, slow: 'end' })
    peer.say(publish(peer, 1, 1), publish(peer, 2, 2), publish(peer, 3, 3))
    await sees(peer, 0, delivered(peer, 1), delivered(peer, 2))
    await seesNothing(peer)
    peer.say(says(peer, 0, 1))
    await sees(peer, 0, delivered(peer, 3))
  }),
  row('subscribes without a word of how slow it is', 'TO-2', async (peer) => {
    await subscribes(peer, {})
    for (let from = 0; from < 1_024; from += 64) {
      peer.say(...numbers(from, 64).map((value) => publish(peer, 1 + value, value)))
      await sees(peer, 0, ...numbers(from, 64).map((value) => delivered(peer, value)))
    }
    for (let from = 1_024; from < 2_048; from += 64)
      peer.say(...numbers(from, 64).map((value) => publish(peer, 1 + value, value)))
    peer.say(publish(peer, 2_049, 2_048))
    await seesNothing(peer)
    peer.say(says(peer, 0, 1_024))
    await sees(peer, 0, delivered(peer, 1_025, 'a', 1))
    await peer.rest()
  }),
  row('is slow where the newest of each subject counts', 'TO-16', async (peer) => {
    await subscribes(peer, { credit: 1, slow: 'latest' }, '*')
    for (const [index, subject] of ['a', 'a', 'b', 'a'].entries()) peer.say(publish(peer, 1 + index, index, subject))
    await sees(peer, 0, delivered(peer, 0))
    peer.say(says(peer, 0, 1))
    await sees(peer, 0, delivered(peer, 3, 'a', 1))
    peer.say(says(peer, 0, 2))
    await sees(peer, 0, delivered(peer, 2, 'b'))
  }),
  row('is slow where the oldest gives way', 'TO-17', async (peer) => {
    await subscribes(peer, { credit: 2, slow: 'drop-oldest' })
    for (let value = 0; value < 5; value++) peer.say(publish(peer, 1 + value, value))
    await sees(peer, 0, delivered(peer, 0), delivered(peer, 1))
    peer.say(says(peer, 0, 2))
    await sees(peer, 0, delivered(peer, 3, 'a', 1), delivered(peer, 4))
  }),
  row('is slow twice', 'TO-19', async (peer) => {
    await subscribes(peer, { credit: 1, slow: 'drop-oldest' })
    for (let value = 0; value < 4; value++) peer.say(publish(peer, 1 + value, value))
    await sees(peer, 0, delivered(peer, 0))
    peer.say(says(peer, 0, 1))
    await sees(peer, 0, delivered(peer, 3, 'a', 2))
    peer.say(publish(peer, 5, 4), publish(peer, 6, 5), says(peer, 0, 2))
    await sees(peer, 0, delivered(peer, 5, 'a', 1))
    peer.say(says(peer, 0, 3), publish(peer, 7, 6))
    await sees(peer, 0, delivered(peer, 6))
  }),
  row('is slow for more subjects than may wait', 'TO-23', async (peer) => {
    await subscribes(peer, { credit: 1, slow: 'latest' }, '*')
    for (let from = 0; from < 4_096; from += 64)
      peer.say(...numbers(from, 64).map((n) => publish(peer, 1 + n, null, `s${n}`)))
    peer.say(...numbers(4_096, 2).map((n) => publish(peer, 1 + n, null, `s${n}`)))
    await sees(peer, 0, delivered(peer, null, 's0'))
    await seesNothing(peer)
    peer.say(says(peer, 0, 1))
    await sees(peer, 0, delivered(peer, null, 's2', 1))
  }),
]

const WINDOW = 65_536
/** Messages of one byte that wait: far more than handlers may run at a time (LI-11). */
const WAITING = 800

/** The limit of the session that the shim has announced last. */
const announced = async (peer: Hostile): Promise<number> =>
  Math.max(WINDOW, ...(await seesNothing(peer)).filter(({ exchange }) => exchange === 0).map(({ limit }) => limit))

/** One delivery has gone, and all other messages wait for the next: they hold their credit, but for those that handlers have. */
const held = async (peer: Hostile): Promise<void> => {
  await subscribes(peer, BLOCK)
  peer.say(publish(peer, 1, 0))
  await sees(peer, 0, delivered(peer, 0))
  for (let from = 0; from < WAITING; from += 50) peer.say(...numbers(from, 50).map((n) => publish(peer, 2 + n, n % 10)))
  const limit = await announced(peer)
  const most = WINDOW + 72 * 330
  if (limit > most) throw new Finding(`expected credit to ${most} at most while messages wait, got ${limit}`)
}

const BLOCK = { credit: 1, slow: 'block' } as const

const BLOCKING: readonly Row[] = [
  row('is slow where its publisher waits', 'TO-15', async (peer) => {
    await held(peer)
    for (const value of numbers(0, 3)) {
      peer.say(says(peer, 0, value + 1))
      await sees(peer, 0, delivered(peer, value))
    }
  }),
  row('leaves a subscription that publishers wait for', 'TO-22', async (peer) => {
    await held(peer)
    peer.say(stop(nth(peer, 0)), reset(nth(peer, 0), cbor(BLOCK).length))
    const { frames } = await peer.rest()
    if (frames.some(({ is }) => is === 'DATA')) throw new Finding('expected nothing more of what is over')
    const limit = Math.max(...frames.map((frame) => (frame.is === 'CREDIT' ? frame.limit : WINDOW)))
    const least = WINDOW + WINDOW / 2
    if (limit < least) throw new Finding(`expected credit to ${least} at least of what waited, got ${limit}`)
  }),
]

/** No longer than a message of this end may be. */
const SHORT: readonly Row[] = [
  row('takes no message as long as a delivery', 'TO-20', async (peer) => {
    await subscribes(peer, {})
    peer.say(publish(peer, 1, 'x'.repeat(1_020)), publish(peer, 2, 2))
    await sees(peer, 0, delivered(peer, 2, 'a', 1))
  }),
]

const LEAVING: readonly Row[] = [
  row('ends its direction of a subscription', 'TO-7', async (peer) => {
    await subscribes(peer, {})
    peer.say(publish(peer, 1, 1))
    await sees(peer, 0, delivered(peer, 1))
    peer.say(leaves(peer, 0))
    await seesEnd(peer, 0)
    peer.say(publish(peer, 2, 2))
  }),
  row(
    'has a subscription when the other end closes',
    'TO-43',
    async (peer) => {
      await subscribes(peer, {})
      peer.act('close')
      await peer.frame('DRAIN')
      peer.say(leaves(peer, 0))
      await seesOver(peer, 0)
      await peer.frame('END')
      peer.say(end())
    },
    { outcome: dies(null) },
  ),
]

/** Deliveries of more bytes than the window of an exchange, whose credit does not come. */
const STUCK: readonly Row[] = [
  row(
    'drains while more waits for its subscription than it takes',
    'SE-159',
    async (peer) => {
      await subscribes(peer, {})
      for (let value = 0; value < 3; value++) peer.say(publish(peer, 1 + value, [value, 'x'.repeat(3_000)]))
      await peer.frame('DATA')
      await peer.rest()
      peer.say(drain(0), leaves(peer, 0))
      await seesFault(peer, 0, 'session/closed')
      peer.say(end())
    },
    { outcome: cleanly },
  ),
]

/** The shim has subscribed, and this end serves it. */
const SERVES: readonly Row[] = [
  row(
    'delivers half of what it has credit for',
    'TO-8',
    async (peer) => {
      peer.act('subscribe', { tag: 'it', operation: 'news', subject: 'a', credit: 5 })
      const { exchange } = await peer.frame('BEGIN')
      const deliver = (value: Wire): Uint8Array => data(exchange, cbor(['a', false, 0, [null, value]]), 0)
      peer.say(data(exchange, cbor(null), 0), deliver(1), deliver(2))
      await seesNothing(peer)
      peer.say(deliver(3))
      const { body } = await peer.frame('DATA')
      if (body.join() !== cbor(3).join()) throw new Finding('expected the total 3')
    },
    { heard: ['news', 'news', 'news'] },
  ),
]

const declaring = (limits: Readonly<Record<string, number>>) => ({
  level: 'messaging' as const,
  setup: { limits },
})

export const SUBSCRIPTIONS: readonly Case[] = [
  ...casesOf({ level: 'messaging' }, [...HEARD, ...SLOW, ...LEAVING, ...SERVES]),
  ...casesOf({ level: 'messaging', setup: { open: { limits: { sessionWindow: WINDOW } } } }, BLOCKING),
  ...casesOf(declaring({ message: 1_024 }), SHORT),
  ...casesOf(declaring({ exchangeWindow: 4_096 }), STUCK),
]
