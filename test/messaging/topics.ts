import { onTestFinished } from 'vitest'
import type { BrokerTopic } from '../../src/broker/broker.js'
import { MemoryTopic } from '../../src/broker/memorytopic.js'
import type { Wire } from '../../src/cbor.js'
import type { Topic } from '../../src/contract/operation.js'
import type { Sent } from '../../src/contract/shape.js'
import type { Stream } from '../../src/link/face.js'
import { LocalCaller } from '../../src/messaging/local.js'
import { type TopicClient, topicClient } from '../../src/messaging/topic.js'
import { TopicService } from '../../src/messaging/topicservice.js'

/** One topic of a service and its client in the same process, over a broker that may be given. */
export const topicOf = <M extends Sent, S extends string>(
  operation: Topic<M, S>,
  broker: BrokerTopic = new MemoryTopic({ retain: operation.terms.retain }),
) => {
  const service = new TopicService(broker, operation.message)
  const caller = new LocalCaller(new Map([['topic', service]]))
  // The cast: as `client` types it.
  const topic = topicClient(caller, 'test.v1', 'topic', operation) as unknown as TopicClient<M, S>
  /** The stream of a subscription by hand, for what no client of ours says. */
  const raw = (request: Wire | undefined, subject = operation.subject): Stream => {
    const stream = caller.stream('test.v1', 'topic', request, {}, { subject })
    onTestFinished(() => stream.abort(undefined))
    return stream
  }
  return { topic, raw, service }
}

/** The next `count` of what comes; ends the iteration. */
export const next = async <T>(from: AsyncIterable<T>, count: number): Promise<T[]> => {
  const items: T[] = []
  if (count === 0) return items
  for await (const item of from) {
    items.push(item)
    if (items.length === count) break
  }
  return items
}

/** The next `count` of what comes, of an iteration that goes on. */
export const some = async <T>(from: AsyncIterator<T, unknown>, count: number): Promise<T[]> => {
  const items: T[] = []
  for (let at = 0; at < count; at++) {
    const { done, value } = await from.next()
    if (done === true) throw new Error(`expected ${count} items, got ${at}`)
    items.push(value)
  }
  return items
}

/** Lets everything happen that can without time. */
export const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Whether it has settled by now. */
export const isSettled = async (promise: Promise<unknown>): Promise<boolean> => {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  await turns()
  return settled
}
