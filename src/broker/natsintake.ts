import type { QueueSettings } from '../contract/operation.js'
import type { Leased } from './broker.js'
import type { NatsCluster } from './natscluster.js'
import type { DeadLetters } from './natsdead.js'
import { decodeMessage } from './natsform.js'
import type { Later } from './natslater.js'
import type { Delivery, Leases } from './natsleases.js'
import type { Notes } from './natsnotes.js'
import type { Handed } from './natspull.js'

/** BR-86: for how long NATS is told to keep a dead letter back, again and again. */
const PARK_MS = 3_600_000

/** What becomes of a message that NATS hands to this service: leased, or set aside for what it is. */
export class Intake {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #settings: QueueSettings
  readonly notes: Notes
  readonly dead: DeadLetters
  readonly leases: Leases
  readonly later: Later

  constructor(
    cluster: NatsCluster,
    address: string,
    settings: QueueSettings,
    parts: { notes: Notes; dead: DeadLetters; leases: Leases; later: Later },
  ) {
    this.#cluster = cluster
    this.#address = address
    this.#settings = settings
    this.notes = parts.notes
    this.dead = parts.dead
    this.leases = parts.leases
    this.later = parts.later
  }

  /** The message under a lease, or undefined if it is not due, dead or not the cluster's. @throws broker/failed */
  async take(handed: Handed, createdMs: number): Promise<Leased | undefined> {
    const { reply, seq, delivered, storedMs, askedMs, subject } = handed
    const plain = this.#cluster.open({ purpose: 'queue', address: this.#address, subject }, handed.data)
    if (plain === undefined) return await this.#end(reply)
    const { delayMs, body } = decodeMessage(plain)
    const isNew = delivered === 1 && storedMs > createdMs
    const [{ attempt, noted }, isDead] = isNew
      ? [{ attempt: 1, noted: false }, false]
      : await Promise.all([this.notes.attempt(seq, delivered), this.dead.isDead(seq)])
    const delivery = { reply, seq, delivered, attempt, noted, askedMs }
    if (isDead) return this.#park(delivery)
    // BR-84: NATS tells when it stored a message, by its own clock.
    const waitMs = delayMs === 0 ? 0 : Math.ceil(storedMs + delayMs - Date.now())
    if (waitMs > 0) return await this.putBack(delivery, waitMs)
    if (attempt > this.#settings.maxDeliveries) return await this.bury({ ...delivery, attempt: attempt - 1 }, '')
    this.later.drop(seq)
    this.leases.hold(delivery)
    const place = this.#cluster.names.subjectIn('queue', this.#address, subject)
    return { id: `${seq}`, subject: place, body, attempt, receipt: reply }
  }

  /** Comes again in `ms`, one attempt on. @throws broker/failed */
  async retry({ reply, seq }: Delivery, ms: number): Promise<undefined> {
    await this.#cluster.line.request('put a message back', reply, ms === 0 ? '-NAK' : nak(ms))
    this.later.add(seq, ms)
  }

  /** Comes again in `ms`, and this delivery counts as no attempt. @throws broker/failed */
  async putBack(delivery: Delivery, ms: number): Promise<undefined> {
    const { seq, delivered, attempt } = delivery
    await this.notes.put(seq, { attempts: attempt - 1, delivered })
    return this.retry(delivery, ms)
  }

  /** @throws broker/failed */
  async bury(delivery: Delivery, reason: string): Promise<undefined> {
    const { reply, seq, delivered, attempt } = delivery
    await this.dead.mark(seq, { attempts: attempt, delivered, reason, reply })
    return this.#park(delivery)
  }

  /** Comes again if nothing is stored of it in time: NATS takes this, or ends its own wait. */
  #park({ reply }: Delivery): undefined {
    this.#cluster.line.send(reply, nak(PARK_MS))
  }

  /** BR-77: a message that is not the cluster's, as far as the keys here tell; if the cluster has others it is left to them. */
  async #end(reply: string): Promise<undefined> {
    const { line } = this.#cluster
    const isForeign = await this.#cluster.proves()
    await line.request(isForeign ? 'take a message away' : 'put a message back', reply, isForeign ? '+TERM' : '-NAK')
    if (!isForeign) throw this.#cluster.leave()
  }
}

const nak = (ms: number): string => `-NAK {"delay": ${Math.round(ms * 1e6)}}`
