import type { Subscription } from '@nats-io/transport-node'
import { SottoError } from '../errors.js'
import type { NatsCluster } from './natscluster.js'
import type { Listener, Marked } from './natslistener.js'
import { groupOf } from './natsname.js'
import { markOf, type Place } from './natsseal.js'

/** BR-76: senders of which the last message is remembered. */
const MAX_SENDERS = 1_024

/** One subscription to NATS, for all of this service that listen with the same filter, or the same filter and group. */
export class Feed {
  readonly #cluster: NatsCluster
  readonly #address: string
  readonly #group: string | undefined
  readonly #subscription: Subscription
  readonly #last = new Map<string, number>()
  #listeners: readonly Listener[] = []
  #turn = 0

  constructor(cluster: NatsCluster, address: string, filter: string, group: string | undefined) {
    this.#cluster = cluster
    this.#address = address
    this.#group = group
    // BR-94: a queue group of NATS; in `#offer` its members here take turns.
    const queue = group === undefined ? {} : { queue: groupOf(`${filter} ${group}`) }
    this.#subscription = cluster.line.connection.subscribe(cluster.names.subject('topic', address, filter), {
      ...queue,
      callback: (error, message) => {
        if (error === null) this.#heard(message.subject, message.data)
        else this.fail(SottoError.of('broker/failed', 'NATS ended a subscription', { cause: error }))
      },
    })
  }

  get listeners(): readonly Listener[] {
    return this.#listeners
  }

  add(listener: Listener): void {
    this.#listeners = [...this.#listeners, listener]
  }

  /** False once nobody listens: it has ended. */
  remove(listener: Listener): boolean {
    this.#listeners = this.#listeners.filter((other) => other !== listener)
    if (this.#listeners.length > 0) return true
    if (!this.#cluster.line.connection.isClosed()) this.#subscription.unsubscribe()
    return false
  }

  fail(error: SottoError): void {
    for (const listener of this.#listeners) listener.fail(error)
  }

  #heard(subject: string, sealed: Uint8Array): void {
    if (this.#cluster.over) return
    const place: Place = { purpose: 'topic', address: this.#address, subject }
    const body = this.#cluster.open(place, sealed)
    if (body === undefined || !this.#isNext(sealed)) return
    const { sender, n } = markOf(sealed)
    const message = { subject: this.#cluster.names.subjectIn('topic', this.#address, subject), body, retained: false }
    const marked = { message, mark: `${sender}${n}` }
    if (this.#group !== undefined) this.#offer(marked)
    else for (const listener of this.#listeners) listener.take(marked, false)
  }

  /** BR-76: what a sender sealed comes in its order, once. */
  #isNext(sealed: Uint8Array): boolean {
    const { sender, n } = markOf(sealed)
    const isNext = n > (this.#last.get(sender) ?? -1)
    if (!isNext) {
      this.#cluster.drop(`a message of topic ${this.#address} came again, or behind a later one`)
      return false
    }
    this.#last.delete(sender)
    this.#last.set(sender, n)
    const oldest = this.#last.size > MAX_SENDERS ? this.#last.keys().next().value : undefined
    if (oldest !== undefined) this.#last.delete(oldest)
    return true
  }

  /** To the members in turn until one takes it; if none has room, to the first that may have it. */
  #offer(marked: Marked): void {
    const members = this.#listeners
    for (const mayPass of [true, false])
      for (let at = 0; at < members.length; at++) {
        const turn = (this.#turn + at) % members.length
        if (members[turn]?.take(marked, mayPass) === 'pass') continue
        this.#turn = turn + 1
        return
      }
  }
}
