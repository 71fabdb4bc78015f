import { SottoError } from '../errors.js'
import type { BrokerSubscription, BrokerTopic, Sink } from './broker.js'
import type { NatsCluster } from './natscluster.js'
import { Feed } from './natsfeed.js'
import { failureOf } from './natsline.js'
import { Listener, type Marked } from './natslistener.js'
import { Pulls } from './natspull.js'
import { markOf, type Place } from './natsseal.js'

/** BR-90: as a topic in memory keeps, in bytes of sealed messages. */
const MAX_RETAINED = 65_536
const MAX_RETAINED_BYTES = 67_108_864

/** Retained messages that are asked for at once. */
const BATCH = 256

/** How long NATS keeps what reads them once nobody does. */
const READER_NS = 30 * 1e9

/** A topic over NATS (spec/broker.md, NATS): heard as it comes; the last of each subject is kept in a stream. */
export class NatsTopic implements BrokerTopic {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #retain: boolean
  readonly #stream: string
  readonly #feeds = new Map<string, Feed>()
  #opening: Promise<void> | undefined
  #flushing: Promise<void> | undefined

  constructor(cluster: NatsCluster, address: string, { retain }: { readonly retain: boolean }) {
    this.#cluster = cluster
    this.#address = address
    this.#retain = retain
    this.#stream = cluster.names.stream('topic', address)
    if (retain) void this.#watch()
  }

  /** Settles once NATS has it, and the subscriptions of this service have taken it. */
  async publish(subject: string, body: Uint8Array): Promise<void> {
    const { names, seal } = this.#cluster
    // Borrowed; what is sealed is ours.
    const plain = body.slice()
    await this.#open()
    const place: Place = {
      purpose: 'topic',
      address: this.#address,
      subject: names.subject('topic', this.#address, subject),
    }
    const sealed = seal.seal(place, plain)
    if (this.#retain) await this.#store(place.subject, sealed)
    else await this.#send(place.subject, sealed)
    // BR-92: NATS hands a message to its own connection before it says that it has it.
    const waiting = [...this.#feeds.values()].flatMap(({ listeners }) => listeners.flatMap((one) => [...one.waiting]))
    if (waiting.length > 0) await Promise.all(waiting)
  }

  async subscribe(filter: string, sink: Sink, group?: string): Promise<BrokerSubscription> {
    await this.#open()
    const name = group === undefined ? filter : `${filter} ${group}`
    const feed = this.#feeds.get(name) ?? this.#feedOf(filter, group)
    this.#feeds.set(name, feed)
    const listener = new Listener(sink)
    const end = (): void => {
      listener.end()
      if (!feed.remove(listener) && this.#feeds.get(name) === feed) this.#feeds.delete(name)
    }
    void listener.failed.then(end)
    const isHanded = this.#retain && group === undefined
    if (isHanded) listener.hold()
    feed.add(listener)
    try {
      await this.#cluster.line.flush()
      if (isHanded) listener.release(await this.#retained(filter))
      this.#cluster.check()
    } catch (error) {
      end()
      throw error
    }
    return { failed: listener.failed, end }
  }

  close(error: SottoError): void {
    for (const feed of this.#feeds.values()) feed.fail(error)
  }

  /** @throws broker/failed */
  #feedOf(filter: string, group: string | undefined): Feed {
    try {
      return new Feed(this.#cluster, this.#address, filter, group)
    } catch (cause) {
      throw failureOf('take a subscription', cause)
    }
  }

  async #store(subject: string, sealed: Uint8Array): Promise<void> {
    const { line } = this.#cluster
    try {
      await line.asking('keep a message', line.js.publish(subject, sealed))
    } catch (error) {
      // A stream that is gone, which may be why, is made again by the next act.
      this.#opening = undefined
      throw error
    }
  }

  async #send(subject: string, sealed: Uint8Array): Promise<void> {
    try {
      this.#cluster.line.connection.publish(subject, sealed)
    } catch (cause) {
      throw SottoError.of('broker/failed', 'NATS does not take the message', { cause })
    }
    // One for all that is published in a turn.
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined
      return this.#cluster.line.flush()
    })
    await this.#flushing
  }

  /** What is retained of the subjects that a filter takes. @throws broker/failed */
  async #retained(filter: string): Promise<readonly Marked[]> {
    const { line, names } = this.#cluster
    const { consumers } = await line.manager()
    const reader = await line.asking(
      'read what is retained',
      consumers.add(this.#stream, {
        ack_policy: 'none',
        filter_subject: names.subject('topic', this.#address, filter),
        inactive_threshold: READER_NS,
        mem_storage: true,
      }),
    )
    const pulls = new Pulls(line)
    const found: Marked[] = []
    try {
      for (;;) {
        const some = await pulls.pull(this.#stream, reader.name, BATCH)
        found.push(...some.flatMap(({ subject, data }) => this.#kept(subject, data)))
        if (some.length < BATCH) return found
      }
    } finally {
      pulls.close()
      // NATS removes it in a while if this fails.
      void consumers.delete(this.#stream, reader.name).catch(() => undefined)
    }
  }

  #kept(subject: string, sealed: Uint8Array): readonly Marked[] {
    const body = this.#cluster.open({ purpose: 'topic', address: this.#address, subject }, sealed)
    if (body === undefined) return []
    const { sender, n } = markOf(sealed)
    const place = this.#cluster.names.subjectIn('topic', this.#address, subject)
    return [{ message: { subject: place, body, retained: true }, mark: `${sender}${n}` }]
  }

  /** BR-93: after an outage each subscription is told anew what is retained, as it may have changed. */
  async #watch(): Promise<void> {
    for await (const { type } of this.#cluster.line.connection.status()) {
      if (this.#cluster.over) return
      if (type === 'reconnect') await this.#again()
    }
  }

  async #again(): Promise<void> {
    for (const [name, feed] of this.#feeds) {
      const [filter = '', group] = name.split(' ')
      if (group !== undefined) continue
      const listeners = feed.listeners
      for (const listener of listeners) listener.hold()
      try {
        const retained = await this.#retained(filter)
        for (const listener of listeners) listener.release(retained)
      } catch (cause) {
        const error = failureOf('tell what is retained', cause)
        for (const listener of listeners) listener.fail(error)
      }
    }
  }

  async #open(): Promise<void> {
    this.#cluster.check()
    this.#opening ??= this.#make()
    try {
      await this.#opening
    } catch (cause) {
      this.#opening = undefined
      throw failureOf('open a topic', cause)
    }
    this.#cluster.check()
  }

  async #make(): Promise<void> {
    await this.#cluster.ready()
    if (!this.#retain) return
    const { line, names } = this.#cluster
    const subject = names.subject('topic', this.#address, '')
    await line.stream({
      name: this.#stream,
      subjects: [subject, `${subject}.>`],
      max_msgs_per_subject: 1,
      max_msgs: MAX_RETAINED,
      max_bytes: MAX_RETAINED_BYTES,
      discard: 'new',
    })
  }
}
