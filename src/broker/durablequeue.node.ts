import type { QueueSettings } from '../contract/queuesettings.js'
import { SottoError } from '../errors.js'
import type { DeadLetter, Enqueued, EnqueueSettings, Leased, QueueMetrics, Settlement } from './broker.js'
import type { Clock } from './clock.js'
import { Alarm } from './durablealarm.js'
import type { Commit, Ledger } from './durableledger.node.js'
import { idOf, type StoredMessage } from './durablemessage.js'
import { StoredMessages } from './durablemessages.node.js'
import { Waiting } from './durablewaiting.js'
import { Graveyard } from './memoryqueuedead.js'
import { Turns } from './memoryqueueturns.js'
import type { Waiting as Waits } from './memoryqueueviews.js'

/** Keys a queue remembers beside those of the messages it has. */
const SPARE_KEYS = 1_000_000

/** What a queue is made of. */
export interface QueueParts {
  readonly address: string
  readonly ledger: Ledger
  readonly clock: Clock
  /** Of this opening of the store: a receipt is good in it alone. */
  readonly run: string
  /** Tells of a message whose body is not as it was written. */
  readonly corrupt: (message: StoredMessage) => void
}

interface Waiter extends Waits<StoredMessage> {
  readonly filter: string
}

/** One queue of a store that is open: an index in memory over what the commits say (BR-32). It keeps all that a queue promises (BR-31). */
export class StoredQueue {
  readonly #parts: QueueParts
  readonly messages: StoredMessages
  readonly #alarm: Alarm
  readonly #waiting = new Waiting()
  readonly #leases = new Turns<StoredMessage>()
  readonly #leased = new Map<string, StoredMessage>()
  readonly #dead = new Graveyard<StoredMessage>()
  readonly #waiters = new Set<Waiter>()
  #settings: QueueSettings | undefined
  #receipts = 0
  #failure: SottoError | undefined

  constructor(parts: QueueParts) {
    this.#parts = parts
    this.#alarm = new Alarm(parts.clock, () => this.#look())
    this.messages = new StoredMessages(parts.address, parts.ledger, parts.clock)
  }

  /** BR-43: from here on messages are handed out; those that were leased when the store was left come again. */
  use(settings: QueueSettings): void {
    if (this.#settings !== undefined) return
    this.#settings = settings
    const nowMs = this.#now()
    this.messages.limitKeys(nowMs + settings.dedupeMs)
    for (const message of this.messages.all()) {
      // BR-56
      message.dueMs -= Math.max(0, message.enqueuedMs - nowMs)
      if (message.stage === 'dead') this.#dead.put(message)
      else if (message.stage === 'waits') this.#wait(message)
      else this.#back(message, Math.min(message.enqueuedMs, nowMs)) // BR-33
    }
  }

  async enqueue(subject: string, body: Uint8Array, of: EnqueueSettings): Promise<Enqueued> {
    const nowMs = this.#now()
    const key = of.key === undefined ? '' : `=${of.key}`
    const known = this.messages.known(key, nowMs)
    if (known !== undefined) {
      await this.#parts.ledger.stored(known.sequence)
      return { id: idOf(known.number), duplicate: true }
    }
    const { maxMessages, dedupeMs } = this.#used
    if (this.messages.size >= maxMessages) throw full(`${maxMessages} messages`)
    if (key !== '' && this.messages.keys >= maxMessages + SPARE_KEYS) throw full('as many keys as it may')
    const commit = this.#parts.ledger.gather()
    const number = this.#parts.ledger.made++
    const keyMs = key === '' ? 0 : nowMs + dedupeMs
    const state = { stage: 'waits', attempts: 0, dueMs: nowMs + (of.delayMs ?? 0), reason: '' } as const
    this.#wait(this.messages.put({ number, subject, enqueuedMs: nowMs, key, keyMs, body, ...state }, commit))
    commit.sync = true // BR-1, BR-40: on the disk before it is acknowledged
    this.#serve()
    await commit.settled
    return { id: idOf(number), duplicate: false }
  }

  async lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]> {
    while (!signal.aborted) {
      this.#expire()
      const taken = this.#take(filter, count)
      const messages = taken.length > 0 ? taken : await this.#waited(filter, count, signal)
      const leased = await this.#handedOut(messages)
      if (signal.aborted) for (const { receipt } of leased) await this.settle(receipt, { is: 'release', afterMs: 0 })
      else if (leased.length > 0) return leased
    }
    return []
  }

  async settle(receipt: string, outcome: Settlement): Promise<boolean> {
    this.#expire()
    const message = this.#leased.get(receipt)
    if (message === undefined) return false
    const nowMs = this.#now()
    if (outcome.is === 'extend') {
      this.#hold(message, nowMs + outcome.ms)
      return true
    }
    // Before anything is changed: it throws if nothing can be written.
    const commit = this.#parts.ledger.gather()
    commit.sync = true
    if (outcome.is === 'ack') this.#forget(message, commit)
    else if (outcome.is === 'reject') this.#bury(message, outcome.reason)
    else if (outcome.is === 'release') {
      message.attempts--
      // Nobody has seen it: it keeps its place.
      this.#back(message, outcome.afterMs > 0 ? nowMs + outcome.afterMs : message.dueMs)
    } else this.#back(message, nowMs + (outcome.afterMs ?? this.#backoffMs(message)))
    await commit.settled
    return true
  }

  async dead(count: number, after?: string): Promise<readonly DeadLetter[]> {
    this.#expire()
    const page = this.#dead.page(count, after === undefined ? -1 : Number.parseInt(after, 36))
    const letters = await Promise.all(
      page.map(async (message): Promise<DeadLetter[]> => {
        const body = await this.#bodyOf(message)
        const { id, subject, attempts, reason } = message
        return body === undefined ? [] : [{ id, subject, body, attempts, reason }]
      }),
    )
    return letters.flat()
  }

  async replay(id: string): Promise<boolean> {
    this.#expire()
    const commit = this.#parts.ledger.gather()
    const message = this.#dead.take(id)
    if (message === undefined) return false
    commit.sync = true
    Object.assign(message, { attempts: 0, reason: '' })
    this.#back(message, this.#now())
    await commit.settled
    return true
  }

  async discard(id: string): Promise<boolean> {
    this.#expire()
    const commit = this.#parts.ledger.gather()
    const message = this.#dead.take(id)
    if (message === undefined) return false
    commit.sync = true
    this.#forget(message, commit)
    await commit.settled
    return true
  }

  metrics(): QueueMetrics {
    this.#expire()
    return { ...this.messages.waiting(this.#now()), leased: this.#leased.size, dead: this.#dead.size }
  }

  /** Nothing is handed out any more. */
  fail(error: SottoError): void {
    this.#failure = error
    this.#alarm.cancel()
    for (const { fail } of this.#waiters) fail(error)
    this.#waiters.clear()
  }

  /** BR-52: tells of the messages whose bodies stood in a commit that cannot be read, and forgets them. */
  lost(sequence: number): void {
    // What is forgotten on the way is not met again.
    for (const message of this.messages.all()) if (message.place.sequence === sequence) this.#lose(message)
  }

  get #used(): QueueSettings {
    if (this.#settings === undefined) throw new RangeError('expected a queue that is in use')
    return this.#settings
  }

  #now(): number {
    if (this.#failure !== undefined) throw this.#failure
    return this.#parts.clock.now()
  }

  #wait(message: StoredMessage): void {
    this.#waiting.push(message)
    if (this.#waiters.size > 0) this.#alarm.set(message.dueMs)
  }

  /** BR-10, BR-13, BR-14: up to `count` that are due and the filter takes, under a lease from now on. */
  #take(filter: string, count: number): StoredMessage[] {
    const nowMs = this.#now()
    const { leaseMs } = this.#used
    const taken: StoredMessage[] = []
    while (taken.length < count) {
      const message = this.#waiting.first(filter)
      if (message === undefined || message.dueMs > nowMs) break
      message.stage = 'leased'
      message.attempts++
      message.receipt = `${this.#parts.run}-${message.id}-${++this.#receipts}`
      this.#leased.set(message.receipt, message)
      this.#hold(message, nowMs + leaseMs)
      this.#waiting.left(message)
      taken.push(message)
    }
    return taken
  }

  /** BR-42: stored before it is handed out, so that the attempt counts if the process dies. */
  async #handedOut(messages: readonly StoredMessage[]): Promise<readonly Leased[]> {
    if (messages.length === 0) return []
    const commit = this.#parts.ledger.gather()
    const given = messages.map((message) => {
      this.messages.putState(message)
      const { id, subject, attempts: attempt, receipt } = message
      return { message, head: { id, subject, attempt, receipt } }
    })
    await commit.settled
    const leased: Leased[] = []
    for (const { message, head } of given) {
      const body = await this.#bodyOf(message)
      if (body !== undefined) leased.push({ ...head, body })
    }
    return leased
  }

  #waited(filter: string, count: number, signal: AbortSignal): Promise<readonly StoredMessage[]> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        signal.removeEventListener('abort', none)
        this.#waiters.delete(waiter)
        release()
      }
      const none = (): void => {
        end()
        resolve([])
      }
      const waiter: Waiter = {
        filter,
        count,
        done: (messages) => {
          end()
          resolve(messages)
        },
        fail: (error) => {
          end()
          reject(error)
        },
      }
      signal.addEventListener('abort', none)
      this.#waiters.add(waiter)
      const release = this.#waiting.hold(filter, waiter)
      this.#alarm.set(this.#waiting.first(filter)?.dueMs)
    })
  }

  /** Those that wait longer first. */
  #serve(): void {
    for (const waiter of this.#waiters) {
      const taken = this.#take(waiter.filter, waiter.count)
      if (taken.length > 0) waiter.done(taken)
      else this.#alarm.set(this.#waiting.first(waiter.filter)?.dueMs)
    }
  }

  #look(): void {
    this.#expire()
    this.#serve()
    this.#alarm.set(this.#leases.first()?.atMs)
  }

  #hold(message: StoredMessage, untilMs: number): void {
    message.turn = { atMs: untilMs, message }
    this.#leases.push(message.turn)
    this.#alarm.set(untilMs)
  }

  /** Leases that are over. */
  #expire(): void {
    const nowMs = this.#now()
    for (let turn = this.#leases.first(); turn !== undefined && turn.atMs <= nowMs; turn = this.#leases.first()) {
      this.#back(turn.message, turn.atMs)
    }
  }

  /** Waits again, or is a dead letter if it was handed out as often as may be. */
  #back(message: StoredMessage, dueMs: number): void {
    if (message.attempts >= this.#used.maxDeliveries) {
      this.#bury(message, '')
      return
    }
    this.#let(message)
    message.stage = 'waits'
    message.dueMs = dueMs
    this.messages.putState(message)
    this.#wait(message)
    this.#serve()
  }

  #bury(message: StoredMessage, reason: string): void {
    this.#let(message)
    message.stage = 'dead'
    message.reason = reason
    this.messages.putState(message)
    this.#dead.put(message)
  }

  /** BR-17, BR-40: the message goes; its key stays for its time. */
  #forget(message: StoredMessage, commit: Commit): void {
    this.#let(message)
    this.messages.putGone(message, commit)
  }

  /** Its lease or turn is over. */
  #let(message: StoredMessage): void {
    this.#leased.delete(message.receipt)
    message.receipt = ''
    message.turn = undefined
  }

  #backoffMs({ attempts }: StoredMessage): number {
    const { backoffMs, backoffCapMs } = this.#used
    return Math.min(backoffMs * 2 ** (attempts - 1), backoffCapMs)
  }

  /** A fresh copy; undefined if the message is gone, or is now: its body is not as it was written. */
  async #bodyOf(message: StoredMessage): Promise<Uint8Array | undefined> {
    for (;;) {
      const { place } = message
      const bytes = await this.#parts.ledger.bytesOf(place.sequence)
      if (bytes !== undefined) return bytes.slice(place.end - place.length, place.end)
      if (!this.messages.has(message)) return undefined
      // Unless it was carried on meanwhile.
      if (message.place === place) this.#lose(message)
    }
  }

  #lose(message: StoredMessage): void {
    this.#dead.take(message.id)
    this.#forget(message, this.#parts.ledger.gather())
    this.#waiting.left(message)
    this.#parts.corrupt(message)
  }
}

const full = (has: string): SottoError => SottoError.of('broker/full', `the queue has ${has}`)
