import type { Subscription } from '@nats-io/transport-node'
import type { QueueMetrics } from './broker.js'
import type { NatsCluster } from './natscluster.js'
import type { DeadLetters } from './natsdead.js'
import type { Later } from './natslater.js'
import type { Leases } from './natsleases.js'

/** How long the last answer of another service is waited for, and all of them at most. */
const STALL_MS = 50
const MAX_WAIT_MS = 500

/** Messages that are looked at for the oldest. */
const MAX_LOOKED_AT = 64

interface Held {
  readonly leased: number
  readonly delayed: number
}

/** BR-87: counts of a queue. What is leased and what waits for its time, each service knows of its own; they ask each other. */
export class Counts {
  readonly #cluster: NatsCluster
  readonly #stream: string
  readonly #subject: string
  readonly #parts: { readonly leases: Leases; readonly later: Later; readonly dead: DeadLetters }

  constructor(cluster: NatsCluster, address: string, parts: { leases: Leases; later: Later; dead: DeadLetters }) {
    this.#cluster = cluster
    this.#stream = cluster.names.stream('queue', address)
    this.#subject = cluster.names.subject('bell', address, 'counts')
    this.#parts = parts
  }

  /** Answers the others until it is unsubscribed. */
  answer(): Subscription {
    return this.#cluster.line.connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) message.respond(`${this.#parts.leases.size} ${this.#parts.later.count}`)
      },
    })
  }

  /** @throws broker/failed */
  async metrics(): Promise<QueueMetrics> {
    const { line } = this.#cluster
    const { streams } = await line.manager()
    const [{ state }, dead, held] = await Promise.all([
      line.asking('count the messages of a queue', streams.info(this.#stream)),
      this.#parts.dead.count(),
      line.asking('ask the services of a queue', this.#held()),
    ])
    const alive = Math.max(state.messages - dead, 0)
    const leased = Math.min(held.leased, alive)
    const delayed = Math.min(held.delayed, alive - leased)
    const ready = alive - leased - delayed
    return { ready, delayed, leased, dead, oldestMs: ready + delayed === 0 ? 0 : await this.#oldestMs(state.first_seq) }
  }

  async #held(): Promise<Held> {
    const options = { strategy: 'stall', maxWait: MAX_WAIT_MS, stall: STALL_MS } as const
    let [leased, delayed] = [0, 0]
    for await (const answer of await this.#cluster.line.connection.requestMany(this.#subject, '', options)) {
      const [a, b] = answer.string().split(' ')
      leased += count(a)
      delayed += count(b)
    }
    return { leased, delayed }
  }

  async #oldestMs(first: number): Promise<number> {
    const { line } = this.#cluster
    const { direct } = await line.manager()
    for (let seq = first, looked = 0; looked < MAX_LOOKED_AT; looked++) {
      const query = { seq, next_by_subj: '>' }
      const message = await line.asking('read a message', direct.getMessage(this.#stream, query))
      if (message === null) return 0
      seq = message.seq + 1
      if (this.#parts.leases.has(message.seq) || (await this.#parts.dead.isDead(message.seq))) continue
      return Math.max(Date.now() - message.time.getTime(), 0)
    }
    return 0
  }
}

/** What another service says; nothing if it is no count. */
const count = (text = ''): number => (/^[0-9]{1,9}$/.test(text) ? Number(text) : 0)
