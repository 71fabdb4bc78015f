import type { BrokerQueue } from '../broker/broker.js'
import { utf8 } from '../bytes.js'
import type { Wire } from '../cbor.js'
import type { QueueSettings } from '../contract/queuesettings.js'
import type { Sent } from '../contract/shape.js'
import { SottoError } from '../errors.js'
import type { Answer, Stream } from '../link/face.js'
import { encodeEntry, isMap } from './entry.js'
import type { Asked, Post } from './post.js'
import { QueueConsumer } from './queueconsumer.js'
import { isCredit, isMs, MAX_KEY_BYTES } from './queueterms.js'
import { check } from './shape.js'

/** One queue of a service. */
export class QueueService implements Post {
  readonly #queue: BrokerQueue
  readonly #message: Sent
  readonly #settings: QueueSettings

  constructor(queue: BrokerQueue, message: Sent, settings: QueueSettings) {
    this.#queue = queue
    this.#message = message
    this.#settings = settings
  }

  /** Enqueues. @throws contract/invalid, broker/full, broker/failed */
  async put({ from, subject, value: body }: Asked): Promise<Wire> {
    const { value, key, delayMs } = letterOf(body)
    // QU-3
    check(this.#message, value)
    const { id, duplicate } = await this.#queue.enqueue(subject, encodeEntry(from, value), {
      ...(key === undefined ? {} : { key }),
      ...(delayMs === undefined ? {} : { delayMs }),
    })
    // QU-4
    return { id, duplicate }
  }

  /** Consumes. */
  async stand({ subject, value }: Asked, stream: Stream): Promise<Answer | undefined> {
    // QU-7
    if (!isMap(value) || Object.keys(value).some((name) => name !== 'credit')) return { is: 'invalid', path: '' }
    const { credit = 1 } = value
    if (!isCredit(credit)) return { is: 'invalid', path: 'credit' }
    return new QueueConsumer(stream, this.#queue, { filter: subject, credit, settings: this.#settings }).run()
  }
}

interface Letter {
  readonly value: Wire | undefined
  readonly key: string | undefined
  readonly delayMs: number | undefined
}

/** QU-1, QU-2 */
const letterOf = (body: Wire | undefined): Letter => {
  if (!isMap(body)) throw invalid('')
  const { value, key, delayMs, ...rest } = body
  if (Object.keys(rest).length > 0) throw invalid('')
  if (key !== undefined && (typeof key !== 'string' || utf8(key).length > MAX_KEY_BYTES)) throw invalid('key')
  if (delayMs !== undefined && !isMs(delayMs)) throw invalid('delayMs')
  return { value, key, delayMs }
}

const invalid = (path: string): SottoError =>
  SottoError.of('contract/invalid', 'expected a message with at most a key and a delay', { details: { path } })
