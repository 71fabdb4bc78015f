import { equal } from '../../bytes.js'
import { decode, type Wire } from '../../cbor.js'
import { peerIdOf } from '../../identity/id.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { cbor, data, end, reset, stop } from '../hostileframes.js'
import { dies } from '../hostileoutcomes.js'
import { casesOf, type Row, row } from './row.js'
import { leaves, nested, nth, says, sees, seesEnd, seesFault, seesLast, seesNothing, stands } from './standing.js'

/** Consumers that hold leases, settle them in another order and leave: what is handed to whom, and what is answered. */

/** What an item of a consumer has, of a delivery. */
interface Handed {
  readonly exchange: number
  readonly number: Wire | undefined
  readonly id: string
  readonly attempt: Wire | undefined
}

/** Enqueues values behind `before` exchanges; the ids that they are stored under. */
const stored = async (peer: Hostile, before: number, ...values: readonly Wire[]): Promise<readonly string[]> => {
  const ids: string[] = []
  for (const [index, value] of values.entries()) {
    const exchange = nth(peer, before + index)
    peer.say(peer.begin('work', { exchange, subject: 'a', body: cbor({ value }) }))
    const reply = decode((await peer.frame('DATA')).body)
    const id = typeof reply === 'object' && reply !== null ? Reflect.get(reply, 'id') : undefined
    if (typeof id !== 'string') throw new Finding('expected the id that it is stored under')
    ids.push(id)
  }
  return ids
}

/** A consumer that is there. */
const consumes = async (peer: Hostile, before: number, credit = 1): Promise<void> => {
  peer.say(stands(peer, 'work', before, { credit }))
  await sees(peer, before, null)
}

/** The next delivery, to whichever consumer. */
const handed = async (peer: Hostile): Promise<Handed> => {
  const { exchange, body } = await peer.frame('DATA')
  const item = decode(body)
  if (!Array.isArray(item) || item.length !== 5 || typeof item[2] !== 'string') throw new Finding('expected a delivery')
  return { exchange, number: item[0], id: item[2], attempt: item[3] }
}

/** The next delivery is this. */
const isHanded = async (peer: Hostile, before: number, of: Omit<Handed, 'exchange'>): Promise<void> => {
  const { exchange, ...found } = await handed(peer)
  if (exchange !== nth(peer, before) || !equal(cbor({ ...found }), cbor({ ...of })))
    throw new Finding(`expected the delivery ${JSON.stringify(of)}, got ${JSON.stringify(found)}`)
}

const ENQUEUES: readonly Row[] = [
  row('enqueues what nests as deep as a delivery can hold, and one level deeper', 'QU-30', async (peer) => {
    await stored(peer, 0, nested(30))
    peer.say(peer.begin('work', { exchange: nth(peer, 1), subject: 'a', body: cbor({ value: nested(31) }) }))
    await seesFault(peer, 1, 'contract/invalid')
  }),
]

const CONSUMES: readonly Row[] = [
  row('consumes before anything is there', 'QU-8', async (peer) => {
    await consumes(peer, 0)
    await seesNothing(peer)
    peer.say(peer.begin('work', { exchange: nth(peer, 1), subject: 'a', body: cbor({ value: 1 }) }))
    // The reply and the delivery come in any order.
    const { frames } = await peer.rest()
    const came = frames.flatMap((frame) => (frame.is === 'DATA' ? [frame.exchange] : []))
    if (came.toSorted((one, other) => one - other).join() !== [nth(peer, 0), nth(peer, 1)].join())
      throw new Finding(`expected a delivery and a reply, got items of exchanges ${came.join()}`)
  }),
  row('consumes two of three messages at a time', 'QU-9', async (peer) => {
    const ids = await stored(peer, 0, 1, 2, 3)
    await consumes(peer, 3, 2)
    const from = peerIdOf(peer.keys.own.publicKey)
    for (const number of [1, 2]) {
      const { body } = await peer.frame('DATA')
      const item = decode(body)
      const at = Array.isArray(item) ? ids.indexOf(String(item[2])) : -1
      if (!equal(body, cbor([number, 'a', ids[at] ?? '', 1, [from, at + 1]])))
        throw new Finding(`expected the delivery ${number} of what was stored`)
    }
    await seesNothing(peer)
  }),
  row('consumes the same queue twice', 'QU-26', async (peer) => {
    const ids = await stored(peer, 0, 1, 2)
    await consumes(peer, 2, 1)
    const first = await handed(peer)
    await consumes(peer, 3, 2)
    const second = await handed(peer)
    if (first.id === second.id || !ids.includes(second.id)) throw new Finding('expected each message to go to one')
    await seesNothing(peer)
  }),
]

const SETTLES: readonly Row[] = [
  row('acknowledges, and consumes again', 'QU-11', async (peer) => {
    await stored(peer, 0, 1)
    await consumes(peer, 1)
    await handed(peer)
    peer.say(says(peer, 1, [1, 'ack']))
    await sees(peer, 1, [1, true])
    peer.say(leaves(peer, 1))
    await seesEnd(peer, 1)
    await consumes(peer, 2)
    await seesNothing(peer)
  }),
  row('settles three deliveries in another order, and one of them twice', 'QU-15', async (peer) => {
    await stored(peer, 0, 1, 2, 3)
    await consumes(peer, 3, 3)
    for (let count = 0; count < 3; count++) await handed(peer)
    // What was settled before needs no broker, and waits for its turn all the same.
    const order = [3, 3, 1, 2] as const
    peer.say(...order.map((number) => says(peer, 3, [number, 'ack'])))
    await sees(peer, 3, ...order.map((number, index) => [number, index !== 1]))
  }),
  row('gives a consumer up that holds a message', 'QU-16', async (peer) => {
    const [id = ''] = await stored(peer, 0, 1)
    await consumes(peer, 1)
    await isHanded(peer, 1, { number: 1, id, attempt: 1 })
    await consumes(peer, 2)
    await seesNothing(peer)
    peer.say(stop(nth(peer, 1)), reset(nth(peer, 1), cbor({ credit: 1 }).length))
    await isHanded(peer, 2, { number: 1, id, attempt: 2 })
    await peer.rest()
  }),
  row('settles, and ends its direction in the same record', 'QU-17', async (peer) => {
    await stored(peer, 0, 1, 2)
    await consumes(peer, 2, 2)
    for (let count = 0; count < 2; count++) await handed(peer)
    peer.say(says(peer, 2, [1, 'ack']), says(peer, 2, [2, 'reject', 'no']), leaves(peer, 2))
    await seesLast(peer, 2, [1, true], [2, true])
  }),
  row(
    'settles when the other end closes',
    'QU-28',
    async (peer) => {
      await stored(peer, 0, 1)
      await consumes(peer, 1)
      await handed(peer)
      peer.act('close')
      await peer.frame('DRAIN')
      peer.say(says(peer, 1, [1, 'ack']), leaves(peer, 1))
      await seesLast(peer, 1, [1, true])
      await peer.frame('END')
      peer.say(end())
    },
    { outcome: dies(null) },
  ),
]

const SERVES: readonly Row[] = [
  row('is sent a message for a queue', 'QU-1', async (peer) => {
    peer.act('enqueue', { tag: 'it', operation: 'work', subject: 'a', body: '01' })
    const { body, exchange } = await peer.frame('BEGIN')
    if (!equal(body, cbor({ value: 1 }))) throw new Finding('expected an Enqueued with the value 1 alone')
    peer.say(data(exchange, cbor({ id: 'id', duplicate: false })))
    await peer.event('reply')
  }),
]

export const LEASES: readonly Case[] = casesOf({ level: 'messaging' }, [
  ...ENQUEUES,
  ...CONSUMES,
  ...SETTLES,
  ...SERVES,
])
