import type { BrokerSubscription, BrokerTopic, Published } from '../broker/broker.js'
import type { Sent } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Delivery, Stream } from '../link/face.js'
import { deliveryIn, deliveryOf, encodeItem } from './entry.js'
import type { Asked, Post } from './post.js'
import { check } from './shape.js'
import { Subscriber } from './topicsubscriber.js'
import { termsOf } from './topicterms.js'

/** TO-14: messages of one topic whose publishers wait for subscribers, and their bytes. */
export const PUBLISHING = 65_536
export const PUBLISHING_BYTES = 67_108_864

/** Messages that wait for one promise. */
interface Held {
  readonly taken: Promise<void>
  readonly done: Promise<undefined>
  messages: number
  bytes: number
}

/** One topic of a service. */
export class TopicService implements Post {
  readonly #topic: BrokerTopic
  readonly #message: Sent
  /** What was published last, as it goes out where nothing was dropped, and the Entry in it. */
  #made: { readonly entry: Uint8Array; readonly item: Uint8Array } | undefined
  /** The last message that was handed out: to all who hear it go the same bytes. */
  #last: { readonly message: Published; readonly delivery: Delivery } | undefined
  /** What waits for the promise that was given last. */
  #held: Held | undefined
  #publishing = 0
  #publishingBytes = 0

  constructor(topic: BrokerTopic, message: Sent) {
    this.#topic = topic
    this.#message = message
  }

  /** Publishes. @throws contract/invalid, broker/full, broker/failed */
  put({ from, subject, value }: Asked): undefined | Promise<undefined> {
    // TO-11
    check(this.#message, value)
    const item = encodeItem([subject, false, 0], from, value)
    const entry = item.subarray(entryIn(subject))
    if (this.#publishing >= PUBLISHING || this.#publishingBytes + entry.length > PUBLISHING_BYTES)
      throw SottoError.of('broker/full', `${this.#publishing} messages wait for subscribers already`)
    this.#made = { entry, item }
    const taken = this.#topic.publish(subject, entry)
    return taken === undefined ? undefined : this.#wait(taken, entry.length)
  }

  /** Subscribes. */
  async stand({ subject, value, labels }: Asked, stream: Stream): Promise<Answer | undefined> {
    const terms = termsOf(value)
    if (typeof terms === 'string') return { is: 'invalid', path: terms }
    const subscriber = new Subscriber(stream, terms, (message, dropped) => this.#deliveryOf(message, dropped))
    void hear(stream, subscriber)
    const subscription = await this.#topic.subscribe(subject, subscriber.sink, labels.group)
    // TO-26
    void subscription.failed.then((error) => subscriber.fail(error))
    subscriber.open()
    return over(subscriber, subscription)
  }

  #wait(taken: Promise<void>, bytes: number): Promise<undefined> {
    const held = this.#held?.taken === taken ? this.#held : this.#hold(taken)
    held.messages++
    held.bytes += bytes
    this.#publishing++
    this.#publishingBytes += bytes
    return held.done
  }

  #hold(taken: Promise<void>): Held {
    const over = (): undefined => {
      if (this.#held === held) this.#held = undefined
      this.#publishing -= held.messages
      this.#publishingBytes -= held.bytes
    }
    const failed = (error: unknown): never => {
      over()
      throw error
    }
    const held: Held = { taken, done: taken.then(over, failed), messages: 0, bytes: 0 }
    this.#held = held
    return held
  }

  /** TO-4, TO-12 */
  #deliveryOf(message: Published, dropped: number): Delivery {
    if (dropped === 0 && this.#last?.message === message) return this.#last.delivery
    const { subject, body, retained } = message
    const made = this.#made?.entry === body && !retained && dropped === 0 ? this.#made.item : undefined
    const delivery =
      made === undefined ? deliveryOf(subject, body, [subject, retained, dropped]) : deliveryIn(subject, body, made)
    if (dropped === 0) this.#last = { message, delivery }
    return delivery
  }
}

/** Where the Entry is behind the subject, which is ASCII, and two elements of a byte. */
const entryIn = ({ length }: string): number => (length < 24 ? 1 : 2) + length + 3

const over = async (subscriber: Subscriber, subscription: BrokerSubscription): Promise<Answer | undefined> => {
  try {
    return await subscriber.over
  } finally {
    subscription.end()
  }
}

/** What the subscriber says of how far it is. */
const hear = async (stream: Stream, subscriber: Subscriber): Promise<void> => {
  try {
    for (;;) {
      const read = await stream.read()
      // TO-7
      if (read.done === true) return subscriber.end({ is: 'ended' })
      // TO-6
      if (!subscriber.took(read.value)) return subscriber.end({ is: 'invalid', path: '', item: stream.count })
    }
  } catch {
    // Given up, denied (TO-25) or lost: nobody waits for an answer.
    subscriber.end(undefined)
  }
}
