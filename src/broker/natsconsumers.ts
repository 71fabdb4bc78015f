import { JetStreamApiError } from '@nats-io/jetstream'
import { monotonic } from './clock.js'
import type { NatsCluster } from './natscluster.js'
import { GRACE_MS } from './natsleases.js'
import { consumerOf } from './natsname.js'

/** BR-72: a consumer that nobody asked for so long goes, and with it the count of its deliveries. */
const IDLE_NS = 86_400 * 1e9

/** Of nats-server's errors: a consumer of that name has other settings. */
const CONSUMER_DIFFERS = 10_148

/** Consumers that are known to be there, and for how long: one that went and was made anew by another service has a new history. */
const MAX_KNOWN = 10_000
const KNOWN_MS = 3_600_000

export interface QueueConsumer {
  readonly name: string
  /** By the clock of the server: what was stored before may have been handed out by a consumer of before. */
  readonly createdMs: number
}

/** The durable consumers of a queue: one a subject, so that each filter can be served without touching what it does not take. */
export class QueueConsumers {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #stream: string
  readonly #ackWaitMs: number
  readonly #known = new Map<string, { readonly made: Promise<QueueConsumer>; readonly untilMs: number }>()

  constructor(cluster: NatsCluster, address: string, leaseMs: number) {
    this.#cluster = cluster
    this.#address = address
    this.#stream = cluster.names.stream('queue', address)
    this.#ackWaitMs = leaseMs + GRACE_MS
  }

  /** The consumer of a subject, made if it is not there. @throws broker/failed */
  async of(subject: string): Promise<QueueConsumer> {
    const known = this.#known.get(subject)
    if (known !== undefined && known.untilMs > monotonic.now()) return known.made
    if (this.#known.size >= MAX_KNOWN) this.#known.clear()
    const made = this.#make(subject)
    this.#known.set(subject, { made, untilMs: monotonic.now() + KNOWN_MS })
    made.catch(() => this.#known.delete(subject))
    return made
  }

  /** It did not answer: it may be gone. */
  forget(subject: string): void {
    this.#known.delete(subject)
  }

  /** The subjects of which there are messages that a filter takes. @throws broker/failed */
  async subjects(filter: string): Promise<readonly string[]> {
    const { line, names } = this.#cluster
    const { streams } = await line.manager()
    const query = { subjects_filter: names.subject('queue', this.#address, filter) }
    const { state } = await line.asking('name the subjects of a queue', streams.info(this.#stream, query))
    return Object.keys(state.subjects ?? {}).map((subject) => names.subjectIn('queue', this.#address, subject))
  }

  async #make(subject: string): Promise<QueueConsumer> {
    const { line, names } = this.#cluster
    const { consumers } = await line.manager()
    const name = consumerOf(subject)
    const config = {
      durable_name: name,
      filter_subject: names.subject('queue', this.#address, subject),
      ack_policy: 'explicit',
      ack_wait: this.#ackWaitMs * 1e6,
      // Attempts are counted here, and messages that wait for their time are open acknowledgements to NATS.
      max_deliver: -1,
      max_ack_pending: -1,
      inactive_threshold: IDLE_NS,
    } as const
    const { created } = await line.asking(
      'make a consumer',
      consumers.add(this.#stream, config).catch((cause: unknown) => {
        // nats-server since 2.10 changes none by this, as to another lease time.
        if (!(cause instanceof JetStreamApiError) || cause.code !== CONSUMER_DIFFERS) throw cause
        return consumers.update(this.#stream, name, { ack_wait: config.ack_wait })
      }),
    )
    return { name, createdMs: Date.parse(created) }
  }
}
