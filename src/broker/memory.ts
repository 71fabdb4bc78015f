import { SottoError } from '../errors.js'
import type { Broker } from './broker.js'
import { type Clock, monotonic } from './clock.js'
import { MemoryQueue } from './memoryqueue.js'
import { MemoryTopic, RETAINED } from './memorytopic.js'

export interface MemoryBrokerOptions {
  /** Bytes of one queue: of subjects, bodies and keys, and 64 of each; 268,435,456 if omitted. */
  readonly queueBytes?: number
  /** Subjects of one topic that retains, and their bytes; 65,536 and 67,108,864 if omitted. */
  readonly retainedSubjects?: number
  readonly retainedBytes?: number
  /** For tests that make time pass. */
  readonly clock?: Clock
}

/**
 * A broker that keeps nothing beyond the process it lives in. An address that is asked for again has the settings it was first
 * asked for with.
 *
 * @throws RangeError on a bound below 0
 */
export const memoryBroker = ({
  queueBytes = 268_435_456,
  retainedSubjects = RETAINED.subjects,
  retainedBytes = RETAINED.bytes,
  clock = monotonic,
}: MemoryBrokerOptions = {}): Broker => {
  for (const bound of [queueBytes, retainedSubjects, retainedBytes])
    if (!(bound >= 0)) throw new RangeError(`expected a bound of 0 or more, got ${bound}`)
  const topics = new Map<string, MemoryTopic>()
  const queues = new Map<string, MemoryQueue>()
  let failure: SottoError | undefined
  // BR-16: one of each address.
  const opened = <T extends { close(error: SottoError): void }>(of: Map<string, T>, address: string, make: () => T) => {
    const made = of.get(address) ?? make()
    of.set(address, made)
    if (failure !== undefined) made.close(failure)
    return made
  }
  return {
    topic: (address, settings) =>
      opened(topics, address, () => new MemoryTopic(settings, { subjects: retainedSubjects, bytes: retainedBytes })),
    queue: (address, settings) => opened(queues, address, () => new MemoryQueue(settings, clock, queueBytes)),
    [Symbol.asyncDispose]: () => {
      failure ??= SottoError.of('broker/failed', 'the broker was disposed of')
      for (const one of [...topics.values(), ...queues.values()]) one.close(failure)
      return Promise.resolve()
    },
  }
}
