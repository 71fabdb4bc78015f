import { onTestFinished } from 'vitest'
import type { Broker, BrokerQueue } from '../../src/broker/broker.js'
import { memoryBroker } from '../../src/broker/memory.js'
import type { Wire } from '../../src/cbor.js'
import type { Queue } from '../../src/contract/operation.js'
import type { Sent } from '../../src/contract/shape.js'
import type { Stream } from '../../src/link/face.js'
import { LocalCaller } from '../../src/messaging/local.js'
import { type QueueClient, queueClient } from '../../src/messaging/queue.js'
import { QueueService } from '../../src/messaging/queueservice.js'
import { ManualClock } from '../broker/store.js'

/** One queue of a service and its client in the same process, with time that is told to pass. */
export const queueOf = <M extends Sent, S extends string>(
  operation: Queue<M, S>,
  over: (queue: BrokerQueue) => BrokerQueue = (queue) => queue,
) => {
  const clock = new ManualClock()
  const broker: Broker = memoryBroker({ clock })
  onTestFinished(() => broker[Symbol.asyncDispose]())
  const stored = broker.queue('test.v1.jobs', operation.settings)
  const service = new QueueService(over(stored), operation.message, operation.settings)
  const caller = new LocalCaller(new Map([['jobs', service]]))
  // The cast: as `client` types it.
  const queue = queueClient(caller, 'test.v1', 'jobs', operation) as unknown as QueueClient<M, S>
  /** The stream of a consumer by hand, for what no client of ours says. */
  const raw = (request: Wire | undefined, subject: string = operation.subject): Stream => {
    const stream = caller.stream('test.v1', 'jobs', request, {}, { subject })
    onTestFinished(() => stream.abort(undefined))
    return stream
  }
  return { queue, raw, service, stored, clock, broker }
}

/** The next delivery. */
export const first = async <T>(from: AsyncIterator<T, unknown>): Promise<T> => {
  const { done, value } = await from.next()
  if (done === true) throw new RangeError('expected a delivery')
  return value
}

/** What a stream by hand is told next. */
export const told = async (stream: Stream): Promise<unknown> => (await stream.read()).value
