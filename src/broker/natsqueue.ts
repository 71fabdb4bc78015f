import { JetStreamApiError } from '@nats-io/jetstream'
import type { Subscription } from '@nats-io/transport-node'
import type { QueueSettings } from '../contract/operation.js'
import { SottoError } from '../errors.js'
import type { BrokerQueue, DeadLetter, Enqueued, EnqueueSettings, Leased, QueueMetrics, Settlement } from './broker.js'
import { Bell } from './natsbell.js'
import type { NatsCluster } from './natscluster.js'
import { QueueConsumers } from './natsconsumers.js'
import { Counts } from './natscounts.js'
import { DeadLetters } from './natsdead.js'
import { encodeMessage } from './natsform.js'
import { Intake } from './natsintake.js'
import { Later } from './natslater.js'
import { type Delivery, Leases } from './natsleases.js'
import { failureOf, isNobodyThere } from './natsline.js'
import { Notes } from './natsnotes.js'
import { Pulls } from './natspull.js'
import type { Place } from './natsseal.js'

/** BR-78: NATS knows no shorter window. */
const MIN_WINDOW_MS = 100

interface Opened {
  readonly bell: Bell
  readonly counts: Counts
  readonly answers: Subscription
}

/** A queue on JetStream (spec/broker.md, NATS). */
export class NatsQueue implements BrokerQueue {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #settings: QueueSettings
  readonly #stream: string
  readonly #consumers: QueueConsumers
  readonly #pulls: Pulls
  readonly #intake: Intake
  #opening: Promise<Opened> | undefined
  #opened: Opened | undefined
  #turn = 0

  constructor(cluster: NatsCluster, address: string, settings: QueueSettings) {
    this.#cluster = cluster
    this.#address = address
    this.#settings = settings
    this.#stream = cluster.names.stream('queue', address)
    this.#consumers = new QueueConsumers(cluster, address, settings.leaseMs)
    this.#pulls = new Pulls(cluster.line)
    this.#intake = new Intake(cluster, address, settings, {
      notes: new Notes(cluster, address),
      dead: new DeadLetters(cluster, address),
      leases: new Leases(cluster.line, settings.leaseMs, (delivery) => void this.#lapsed(delivery)),
      later: new Later(() => this.#opened?.bell.ring()),
    })
  }

  async enqueue(subject: string, body: Uint8Array, { key, delayMs = 0 }: EnqueueSettings): Promise<Enqueued> {
    const { line, names, seal } = this.#cluster
    const plain = encodeMessage({ delayMs, body })
    const place: Place = {
      purpose: 'queue',
      address: this.#address,
      subject: names.subject('queue', this.#address, subject),
    }
    const { bell } = await this.#open()
    // What is stored behind its consumer has no history that a lease would have to look up; if this fails, the lease makes it.
    this.#consumers.of(subject).catch(() => undefined)
    const isKeyed = key !== undefined && this.#settings.dedupeMs > 0
    const options = isKeyed ? { msgID: seal.dedupe(this.#address, key) } : {}
    const stored = line.js.publish(place.subject, seal.seal(place, plain), options)
    // BR-80
    const { seq, duplicate } = await this.#asking('store a message', stored)
    if (!duplicate && delayMs > 0) this.#intake.later.add(seq, delayMs)
    else if (!duplicate) bell.ring()
    return { id: `${seq}`, duplicate }
  }

  async lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]> {
    const { bell } = await this.#open()
    const isOver = (): boolean => signal.aborted || this.#cluster.over
    for (;;) {
      this.#cluster.check()
      if (signal.aborted) return []
      // Before it looks: what comes while it does is heard.
      const { heard, end } = bell.listen(signal)
      try {
        const leased = await this.#take(filter, count)
        if (leased.length > 0 && !isOver()) return leased
        for (const { receipt } of leased) await this.settle(receipt, { is: 'release', afterMs: 0 })
        if (!isOver()) await heard()
      } finally {
        end()
      }
    }
  }

  async settle(receipt: string, outcome: Settlement): Promise<boolean> {
    await this.#open()
    const { leases } = this.#intake
    if (outcome.is === 'extend') return leases.extend(receipt, outcome.ms)
    const delivery = leases.end(receipt)
    if (delivery === undefined) return false
    await this.#asking('settle a message', this.#settled(delivery, outcome))
    return true
  }

  async dead(count: number, after?: string): Promise<readonly DeadLetter[]> {
    await this.#open()
    return this.#intake.dead.list(count, after)
  }

  async replay(id: string): Promise<boolean> {
    const { bell } = await this.#open()
    const { notes, dead } = this.#intake
    const replayed = await dead.unmark(id, (seq, { delivered }) => notes.put(seq, { attempts: 0, delivered }))
    if (replayed === undefined) return false
    const { line } = this.#cluster
    await line.request('put a message back', replayed.reply, '-NAK').catch((error: unknown) => {
      // Its consumer is gone: the next one hands it out.
      if (!isNobodyThere(error)) throw error
    })
    bell.ring()
    return true
  }

  async discard(id: string): Promise<boolean> {
    await this.#open()
    return this.#intake.dead.discard(id)
  }

  async metrics(): Promise<QueueMetrics> {
    const { counts } = await this.#open()
    return counts.metrics()
  }

  /** Ends the leases that wait; what is leased goes back at once, for the other services. */
  close(): void {
    const { leases, later } = this.#intake
    this.#opened?.bell.wake()
    const { line } = this.#cluster
    for (const { reply } of leases.close()) line.send(reply, '-NAK')
    later.close()
    if (line.connection.isClosed()) return
    this.#pulls.close()
    this.#opened?.bell.ring()
    this.#opened?.bell.close()
    this.#opened?.answers.unsubscribe()
  }

  async #settled(delivery: Delivery, outcome: Exclude<Settlement, { readonly is: 'extend' }>): Promise<void> {
    const { attempt, seq, noted, reply } = delivery
    const { maxDeliveries, backoffMs, backoffCapMs } = this.#settings
    switch (outcome.is) {
      case 'ack':
        await this.#cluster.line.request('take an acknowledgement', reply, '+ACK')
        if (noted) await this.#intake.notes.forget(seq)
        return
      case 'release':
        return this.#intake.putBack(delivery, outcome.afterMs)
      case 'reject':
        return this.#intake.bury(delivery, outcome.reason)
      case 'retry': {
        if (attempt >= maxDeliveries) return this.#intake.bury(delivery, '')
        const backoff = Math.min(backoffMs * 2 ** Math.min(attempt - 1, 31), backoffCapMs)
        return this.#intake.retry(delivery, outcome.afterMs ?? backoff)
      }
    }
  }

  /** A lease is over that nobody settled. If this fails NATS ends it, a little later. */
  async #lapsed(delivery: Delivery): Promise<void> {
    try {
      if (delivery.attempt >= this.#settings.maxDeliveries) await this.#intake.bury(delivery, '')
      else await this.#intake.retry(delivery, 0)
    } catch (cause) {
      if (this.#cluster.over) return
      this.#cluster.tell(SottoError.of('broker/failed', 'a lease that is over was not given back', { cause }))
    }
  }

  /** What is due now. Nothing if NATS cannot be reached: a lease waits for that, too (BR-88). */
  async #take(filter: string, count: number): Promise<readonly Leased[]> {
    try {
      if (!filter.includes('*')) return await this.#from(filter, count)
      const subjects = await this.#consumers.subjects(filter)
      const at = this.#turn++ % Math.max(subjects.length, 1)
      return await this.#fromEach([...subjects.slice(at), ...subjects.slice(0, at)], count)
    } catch (cause) {
      const failure = failureOf('hand out messages', cause)
      if (this.#cluster.over || failure.code !== 'broker/failed' || failure.cause instanceof JetStreamApiError)
        throw failure
      return []
    }
  }

  /** In turn from each subject, so that none starves; the oldest first. */
  async #fromEach(subjects: readonly string[], count: number): Promise<readonly Leased[]> {
    const left = [...subjects]
    const found: Leased[] = []
    while (left.length > 0 && found.length < count) {
      const some = left.splice(0, count - found.length)
      const each = Math.floor((count - found.length) / some.length)
      found.push(...(await Promise.all(some.map((subject) => this.#from(subject, each)))).flat())
    }
    return found.sort((a, b) => Number(a.id) - Number(b.id))
  }

  async #from(subject: string, count: number): Promise<readonly Leased[]> {
    const { name, createdMs } = await this.#asking('make a consumer', this.#consumers.of(subject))
    for (;;) {
      const handed = await this.#pulls.pull(this.#stream, name, count).catch((error: unknown) => {
        this.#consumers.forget(subject)
        throw error
      })
      // One that fails comes again when NATS ends its wait.
      const taken = await Promise.allSettled(handed.map((one) => this.#intake.take(one, createdMs)))
      const leased = taken.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []))
      const failed = taken.find((one) => one.status === 'rejected')
      if (leased.length > 0 || handed.length === 0) return leased
      if (failed !== undefined) throw failed.reason
    }
  }

  async #open(): Promise<Opened> {
    this.#cluster.check()
    this.#opening ??= this.#make()
    try {
      this.#opened = await this.#opening
    } catch (cause) {
      this.#opening = undefined
      throw failureOf('open a queue', cause)
    }
    this.#cluster.check()
    return this.#opened
  }

  async #make(): Promise<Opened> {
    await this.#cluster.ready()
    const { line, names } = this.#cluster
    const subject = names.subject('queue', this.#address, '')
    const { maxMessages, dedupeMs } = this.#settings
    await line.stream({
      name: this.#stream,
      subjects: [subject, `${subject}.>`],
      retention: 'workqueue',
      discard: 'new',
      max_msgs: maxMessages,
      duplicate_window: Math.max(dedupeMs, MIN_WINDOW_MS) * 1e6,
    })
    const marks = names.subject('dead', this.#address, '*')
    await line.stream({ name: names.stream('dead', this.#address), subjects: [marks], max_msgs_per_subject: 1 })
    // Disposed of meanwhile, nobody would end what is made here; made anew, they would count twice.
    this.#cluster.check()
    if (this.#opened !== undefined) return this.#opened
    const { leases, later, dead } = this.#intake
    const counts = new Counts(this.#cluster, this.#address, { leases, later, dead })
    return { bell: new Bell(line, names.subject('bell', this.#address, '')), counts, answers: counts.answer() }
  }

  /** A stream that is gone, which may be why, is made again by the next act. */
  async #asking<T>(what: string, work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (cause) {
      const failure = failureOf(what, cause)
      if (failure.code === 'broker/failed') this.#opening = undefined
      throw failure
    }
  }
}
