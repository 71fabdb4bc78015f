import type { NatsConnection } from '@nats-io/transport-node'
import type { QueueSettings } from '../contract/operation.js'
import { defaultProvider } from '../crypto/default.js'
import { SottoError } from '../errors.js'
import type { Broker, BrokerQueue, BrokerTopic } from './broker.js'
import { NatsCluster, type Told } from './natscluster.js'
import { NatsLine } from './natsline.js'
import { NatsNames } from './natsname.js'
import { NatsQueue } from './natsqueue.js'
import { ClusterSeal } from './natsseal.js'
import { NatsTopic } from './natstopic.js'

export interface NatsBrokerOptions {
  /**
   * Of `connect` of `@nats-io/transport-node`, with `maxReconnectAttempts: -1` to outlast any outage and `noAsyncTraces: true` to go
   * half as fast again. It stays its maker's.
   */
  readonly connection: NatsConnection
  /** The cluster keys, 32 random bytes each: the first seals, all open. Copied. */
  readonly keys: readonly Uint8Array[]
  /** Begins the name of everything in NATS: 1 to 32 small letters, digits or `-`, a letter first; `sotto` if omitted. */
  readonly prefix?: string
  /** Servers of a NATS cluster that keep each message: 1 to 5; 1 if omitted. */
  readonly replicas?: number
  /** For each answer of NATS; 5,000 if omitted. */
  readonly timeoutMs?: number
  /** The `inboxPrefix` of the connection, where it has one. */
  readonly inboxPrefix?: string
  /** Told of messages that did not open and were dropped, and of failures that nobody waits for. Prints one line if omitted. */
  readonly failed?: Told
}

/** A broker whose messages are in NATS. */
export interface NatsBroker extends Broker {
  /** Messages that were dropped as they did not open where they stood. */
  readonly unopened: number
}

/**
 * Topics and queues in NATS with JetStream, for the services of a cluster together, sealed so that those who run NATS read no body
 * (spec/broker.md, NATS). Disposal gives back what is leased and leaves the connection open.
 *
 * @throws RangeError on options outside their bounds, crypto/bad-key on a key that has not 32 bytes
 */
export const natsBroker = (options: NatsBrokerOptions): NatsBroker => {
  const { connection, keys, prefix = 'sotto', replicas = 1, timeoutMs = 5_000, inboxPrefix = '_INBOX' } = options
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) throw new RangeError('replicas: expected 1 to 5')
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs >= 2 ** 31)
    throw new RangeError('timeoutMs: expected a whole number of 1 to 2^31-1')
  const line = new NatsLine(connection, { replicas, timeoutMs, inboxPrefix })
  const seal = new ClusterSeal(defaultProvider, keys)
  return new Nats(new NatsCluster(line, new NatsNames(prefix), seal, options.failed ?? printed))
}

const printed: Told = (error) => console.error(`sotto: ${error.message}`)

class Nats implements NatsBroker {
  readonly #cluster: NatsCluster
  readonly #topics = new Map<string, NatsTopic>()
  readonly #queues = new Map<string, NatsQueue>()
  readonly #over: Promise<void>

  constructor(cluster: NatsCluster) {
    this.#cluster = cluster
    this.#over = cluster.failed.then((error) => this.#close(error))
    void cluster.line.connection
      .closed()
      .then((cause) => cluster.fail(over('its connection to NATS was closed', cause ?? undefined)))
  }

  get unopened(): number {
    return this.#cluster.unopened
  }

  topic(address: string, settings: { readonly retain: boolean }): BrokerTopic {
    const topic = this.#topics.get(address) ?? new NatsTopic(this.#cluster, address, settings)
    this.#topics.set(address, topic)
    return topic
  }

  queue(address: string, settings: QueueSettings): BrokerQueue {
    const queue = this.#queues.get(address) ?? new NatsQueue(this.#cluster, address, settings)
    this.#queues.set(address, queue)
    return queue
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cluster.fail(over('it was disposed of', undefined))
    await this.#over
    // What was given back should be with NATS before the process ends; if it cannot be, NATS ends its wait.
    if (!this.#cluster.line.connection.isClosed()) await this.#cluster.line.flush().catch(() => undefined)
  }

  #close(error: SottoError): void {
    for (const topic of this.#topics.values()) topic.close(error)
    for (const queue of this.#queues.values()) queue.close()
    this.#cluster.seal.erase()
  }
}

const over = (why: string, cause: Error | undefined): SottoError =>
  SottoError.of('broker/failed', `the broker is over: ${why}`, { cause })
