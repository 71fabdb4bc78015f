import type { Broker } from '../broker/broker.js'
import { memoryBroker } from '../broker/memory.js'
import type { Contract } from '../contract/define.js'
import { isQueue, isTopic, type Operation } from '../contract/operation.js'
import type { Post } from './post.js'
import { type Queues, queuesOf } from './queueadmin.js'
import { QueueService } from './queueservice.js'
import { TopicService } from './topicservice.js'

export interface Posts<C extends Contract> {
  readonly posts: ReadonlyMap<string, Post>
  readonly queues: Queues<C>
}

/** The topics and queues of a contract, at the broker they live in; at one in memory if none is given. */
export const postsOf = <C extends Contract>(contract: C, broker: Broker = memoryBroker()): Posts<C> => {
  const posts = new Map<string, Post>()
  for (const [name, operation] of Object.entries<Operation>(contract.operations)) {
    const address = `${contract.name}.${name}`
    if (isTopic(operation)) posts.set(name, new TopicService(broker.topic(address, operation.terms), operation.message))
    if (isQueue(operation)) {
      const { message, settings } = operation
      posts.set(name, new QueueService(broker.queue(address, settings), message, settings))
    }
  }
  return { posts, queues: queuesOf(contract, broker) }
}
