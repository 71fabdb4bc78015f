import type { Settlement } from '../broker/broker.js'
import { memoryBroker } from '../broker/memory.js'
import { MemoryTopic } from '../broker/memorytopic.js'
import { toHex } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import { isQueue, isTopic } from '../contract/operation.js'
import { SottoError } from '../errors.js'
import type { Stream } from '../link/face.js'
import { isList, isMap } from '../messaging/entry.js'
import { LocalCaller } from '../messaging/local.js'
import type { Post } from '../messaging/post.js'
import { queueClient } from '../messaging/queue.js'
import { QueueService } from '../messaging/queueservice.js'
import { askingOf } from '../messaging/queueterms.js'
import { topicClient } from '../messaging/topic.js'
import { TopicService } from '../messaging/topicservice.js'
import { termsOf } from '../messaging/topicterms.js'
import { kitContract } from './kitcontract.js'

/** Where an item of a topic or queue stands, and what has come before it. */
export const STANDS = [
  'subscribe',
  'total',
  'delivered',
  'enqueued',
  'stored',
  'consume',
  'settlement',
  'handed',
  'answered',
] as const

export interface StandingItem {
  /** Undefined for no bytes. */
  readonly wire: Wire | undefined
  readonly filter: string
  /** Deliveries that were sent before, and how many of them its reader said it had taken. */
  readonly sent: number
  readonly taken: number
  /** Of the delivery that the consumer has settled and waits to be answered for. */
  readonly settled: number | undefined
}

type Value = Readonly<Record<string, string | number | boolean | null>>

/** Reads each item where it stands, by the program at the end that it comes to. @throws (rejects) contract/invalid */
export const READERS: Readonly<Record<(typeof STANDS)[number], (item: StandingItem) => Promise<Value>>> = {
  subscribe: ({ wire }) =>
    overTopic(wire, async (stream) => {
      await ready(stream)
      const terms = termsOf(wire)
      if (typeof terms === 'string') throw new TypeError('expected terms')
      return { slow: terms.slow, credit: terms.credit }
    }),
  total: ({ wire = null, sent, taken }) =>
    overTopic({}, async (stream, service) => {
      await ready(stream)
      for (let at = 0; at < sent; at++) {
        await service.put({ from: undefined, subject: 'a', value: at, labels: {} })
        await stream.read()
      }
      if (taken > 0) await stream.write(taken)
      await stream.write(wire)
      await stream.end()
      await stream.read()
      return { total: Number(wire) }
    }),
  delivered: async ({ wire = null, filter }) => {
    const caller = served((stream) => stream.write(wire))
    const heard = topicClient(caller, 'kit.v1', 'it', TOPIC).subscribe(placeOf(filter))
    for await (const { subject, retained, dropped, from = null, value } of heard)
      return { subject: subject.room ?? '', retained, dropped, from, value: hexOf(value) }
    throw new TypeError('expected a delivery')
  },
  enqueued: ({ wire }) =>
    overQueue(async (service) => {
      await service.put({ from: undefined, subject: 'a', value: wire, labels: {} })
      const { value, key, delayMs } = mapOf(wire)
      return { value: hexOf(value), key: jsonOf(key), delayMs: jsonOf(delayMs) }
    }),
  stored: async ({ wire }) => {
    const caller = served(() => undefined, wire)
    const { id, duplicate } = await queueClient(caller, 'kit.v1', 'it', QUEUE).enqueue({ room: 'a' }, 1)
    return { id, duplicate }
  },
  consume: ({ wire }) =>
    overQueue(async (service) => {
      await standing(service, wire, ready)
      return { credit: jsonOf(mapOf(wire).credit ?? 1) }
    }),
  settlement: ({ wire = null, sent }) =>
    overQueue((service) =>
      standing(service, { credit: 65_536 }, async (stream) => {
        await ready(stream)
        for (let at = 0; at < sent; at++) {
          await service.put({ from: undefined, subject: 'a', value: { value: at }, labels: {} })
          await stream.read()
        }
        await stream.write(wire)
        const { value: answer } = await stream.read()
        const asking = askingOf(wire)
        if (asking === undefined || !isList(answer) || answer[0] !== asking.number || answer[1] !== true)
          throw new TypeError('expected a settlement, and that it is done')
        return { number: asking.number, asks: asking.outcome.is, argument: argumentOf(asking.outcome) }
      }),
    ),
  handed: async ({ wire = null, filter, sent }) => {
    const caller = served(async (stream) => {
      await deliver(stream, sent)
      await stream.write(wire)
    })
    const consumer = queueClient(caller, 'kit.v1', 'it', QUEUE).consume(placeOf(filter), { credit: 65_536 })
    const deliveries = consumer[Symbol.asyncIterator]()
    for (let at = 0; at < sent; at++) await deliveries.next()
    const { done, value } = await deliveries.next()
    if (done === true) throw new TypeError('expected a delivery')
    const { id, subject, attempt, from = null } = value
    return { number: sent + 1, subject: subject.room ?? '', id, attempt, from, value: hexOf(value.value) }
  },
  answered: async ({ wire = null, sent, settled }) => {
    const caller = served(async (stream) => {
      await deliver(stream, sent)
      if (settled !== undefined) await stream.read()
      await stream.write(wire)
    })
    const consumer = queueClient(caller, 'kit.v1', 'it', QUEUE).consume({}, { credit: 65_536 })
    const deliveries = consumer[Symbol.asyncIterator]()
    const given = []
    for (let at = 0; at < sent; at++) given.push((await deliveries.next()).value)
    const over = deliveries.next()
    over.catch(() => undefined)
    if (settled === undefined) await over
    const asked = given[(settled ?? 0) - 1]?.ack()
    const done = await Promise.race([asked?.then(() => true), over.then(() => true)]).catch((error: unknown) => {
      if (SottoError.is(error, 'queue/lapsed')) return false
      // What ended the consumer, of which the one who waits for an answer is told less.
      return over.then(() => true)
    })
    return { number: settled ?? 0, done }
  },
}

/** Operations of kit.v1, whose template is `{room}` and which take every value. */
const { news, work } = kitContract(['news', 'work']).operations
if (news === undefined || work === undefined || !isTopic(news) || !isQueue(work))
  throw new TypeError('expected a topic and a queue in kit.v1')
const [TOPIC, QUEUE] = [news, work]

/** A subscription that its reader has written by hand. */
const overTopic = async <T>(
  request: Wire | undefined,
  act: (stream: Stream, service: TopicService) => Promise<T>,
): Promise<T> => {
  const service = new TopicService(new MemoryTopic({ retain: TOPIC.terms.retain }), TOPIC.message)
  return standing(service, request, (stream) => act(stream, service))
}

const overQueue = async <T>(act: (service: QueueService) => Promise<T>): Promise<T> => {
  await using broker = memoryBroker()
  return await act(new QueueService(broker.queue('kit.v1.it', QUEUE.settings), QUEUE.message, QUEUE.settings))
}

/** One that stands at `post`, by hand, until `act` is done. */
const standing = async <T>(post: Post, request: Wire | undefined, act: (stream: Stream) => Promise<T>): Promise<T> => {
  const stream = callerOf(post).stream('kit.v1', 'it', request, {}, { subject: 'a' })
  try {
    return await act(stream)
  } finally {
    stream.abort(undefined)
  }
}

/** Who serves by hand: `null`, and then whatever `says` says. */
const served = (says: (stream: Stream) => Promise<void> | undefined, reply?: Wire): LocalCaller =>
  callerOf({
    put: () => reply,
    stand: async (_, stream) => {
      await stream.write(null)
      await says(stream)
      await stream.closed
      return undefined
    },
  })

const callerOf = (post: Post): LocalCaller => new LocalCaller(new Map([['it', post]]))

const ready = async (stream: Stream): Promise<void> => {
  const { value } = await stream.read()
  if (value !== null) throw new TypeError('expected null in front')
}

/** Deliveries `m1` and on. */
const deliver = async (stream: Stream, count: number): Promise<void> => {
  for (let number = 1; number <= count; number++) await stream.write([number, 'a', `m${number}`, 1, [null, number]])
}

const placeOf = (filter: string): Readonly<Record<string, string>> => (filter === '*' ? {} : { room: filter })

const hexOf = (value: unknown): string => (isWire(value) ? toHex(encode(value)) : '')

/** All that was decoded is. */
const isWire = (value: unknown): value is Wire => value !== undefined

const mapOf = (value: Wire | undefined): { readonly [name: string]: Wire | undefined } => {
  if (!isMap(value)) throw new TypeError('expected a map')
  return value
}

const jsonOf = (value: Wire | undefined): string | number | null =>
  typeof value === 'string' || typeof value === 'number' ? value : null

const argumentOf = (outcome: Settlement): string | number | null => {
  switch (outcome.is) {
    case 'retry':
      return outcome.afterMs ?? null
    case 'reject':
      return outcome.reason
    case 'extend':
      return outcome.ms
    default:
      return null
  }
}
