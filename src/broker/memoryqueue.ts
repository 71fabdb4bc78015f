import type { QueueSettings } from '../contract/queuesettings.js'
import { SottoError } from '../errors.js'
import type { BrokerQueue, DeadLetter, Enqueued, EnqueueSettings, Leased, QueueMetrics, Settlement } from './broker.js'
import type { Clock } from './clock.js'
import { Graveyard } from './memoryqueuedead.js'
import { Keys } from './memoryqueuekeys.js'
import { Ready } from './memoryqueueready.js'
import { type Turn, Turns } from './memoryqueueturns.js'
import { type View, Views, type Waiting } from './memoryqueueviews.js'

interface Message {
  readonly id: string
  readonly number: number
  readonly subject: string
  readonly body: Uint8Array
  /** When it was enqueued or replayed. */
  sinceMs: number
  attempts: number
  /** When it came or comes to be ready. */
  dueMs: number
  /** Of its lease while it is leased, else of its being due; none of one that is dead or gone. */
  turn: Turn<Message> | undefined
  receipt: string | undefined
  reason: string
}

/** Bytes that a message or a key takes beside its own. */
const OVERHEAD = 64

/** BR-31: a queue in memory. Nothing happens by itself but for who waits: what time has done is made up for when it is asked. */
export class MemoryQueue implements BrokerQueue {
  readonly #settings: QueueSettings
  readonly #clock: Clock
  readonly #mostBytes: number
  /** Keeps ids apart from those of a process before this one, which consumers may have remembered. */
  readonly #name = crypto.getRandomValues(new Uint32Array(2)).join('-')
  readonly #alive = new Map<string, Message>()
  readonly #leased = new Map<string, Message>()
  readonly #ready = new Ready<Message>()
  readonly #dead = new Graveyard<Message>()
  /** Delays and leases. */
  readonly #later = new Turns<Message>()
  readonly #views = new Views<Message, Leased>()
  readonly #keys: Keys
  #bytes = 0
  #messages = 0
  #leases = 0
  /** Leases that wait. */
  #waiting = 0
  /** Whose waiting leases may have something to take. */
  readonly #stirred = new Set<View<Message, Leased>>()
  #timer: { readonly atMs: number; readonly stop: () => void } | undefined
  #failure: SottoError | undefined

  constructor(settings: QueueSettings, clock: Clock, mostBytes: number) {
    this.#settings = settings
    this.#clock = clock
    this.#mostBytes = mostBytes
    this.#keys = new Keys(settings.dedupeMs, OVERHEAD)
  }

  async enqueue(subject: string, body: Uint8Array, { key, delayMs = 0 }: EnqueueSettings): Promise<Enqueued> {
    const nowMs = this.#ripen()
    this.#keys.drop(nowMs)
    const known = key === undefined ? undefined : this.#keys.get(key)
    if (known !== undefined) return { id: known, duplicate: true }
    this.#makeRoom(sizeOf(subject, body), key === undefined ? 0 : this.#keys.sizeOf(key))
    const number = this.#messages++
    const message: Message = {
      id: `${this.#name}-${number.toString(36)}`, // BR-2: under 64 characters
      number,
      subject,
      body: new Uint8Array(body), // BR-3
      sinceMs: nowMs,
      attempts: 0,
      dueMs: nowMs + delayMs,
      turn: undefined,
      receipt: undefined,
      reason: '',
    }
    if (key !== undefined) this.#keys.put(key, message.id, nowMs)
    this.#alive.set(message.id, message) // BR-1
    this.#await(message, nowMs)
    return { id: message.id, duplicate: false }
  }

  async lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]> {
    this.#ripen()
    if (signal.aborted) return []
    const view = this.#views.of(filter, () => this.#turnsWithin(filter)) // BR-13
    const leased = view.waiting.size > 0 ? [] : this.#take(view, count)
    return leased.length > 0 ? leased : this.#wait(view, count, signal) // BR-10
  }

  async settle(receipt: string, outcome: Settlement): Promise<boolean> {
    const nowMs = this.#ripen()
    const message = this.#leased.get(receipt)
    if (message === undefined) return false // BR-24
    if (outcome.is === 'extend') {
      // BR-23
      this.#hold(message, nowMs + outcome.ms)
      return true
    }
    this.#leased.delete(receipt)
    message.receipt = undefined
    message.turn = undefined
    switch (outcome.is) {
      case 'ack': // BR-17
        this.#alive.delete(message.id)
        this.#forget(message)
        break
      case 'reject': // BR-21
        this.#bury(message, outcome.reason)
        break
      case 'release':
        message.attempts--
        // BR-20: nobody has seen it, so it keeps its place.
        if (outcome.afterMs > 0) message.dueMs = nowMs + outcome.afterMs
        this.#await(message, nowMs)
        break
      case 'retry': // BR-18: its next lease counts one on
        message.dueMs = nowMs + (outcome.afterMs ?? this.#backoffMs(message))
        this.#again(message, nowMs)
    }
    return true
  }

  async dead(count: number, after?: string): Promise<readonly DeadLetter[]> {
    this.#ripen()
    const number = after === undefined ? -1 : Number.parseInt(after.slice(after.lastIndexOf('-') + 1), 36)
    // BR-25
    return this.#dead.page(count, number).map(({ id, subject, body, attempts, reason }) => ({
      id,
      subject,
      body: body.slice(),
      attempts,
      reason,
    }))
  }

  async replay(id: string): Promise<boolean> {
    const nowMs = this.#ripen()
    const message = this.#dead.take(id)
    if (message === undefined) return false
    Object.assign(message, { sinceMs: nowMs, dueMs: nowMs, attempts: 0, reason: '' }) // BR-26
    this.#alive.set(id, message)
    this.#await(message, nowMs)
    return true
  }

  async discard(id: string): Promise<boolean> {
    this.#ripen()
    const message = this.#dead.take(id)
    if (message === undefined) return false
    this.#forget(message) // BR-27
    return true
  }

  async metrics(): Promise<QueueMetrics> {
    const nowMs = this.#ripen()
    const ready = this.#ready.size
    const leased = this.#leased.size
    return {
      ready, // BR-28
      delayed: this.#alive.size - ready - leased,
      leased,
      dead: this.#dead.size,
      oldestMs: nowMs - this.#oldestMs(nowMs),
    }
  }

  /** All leases that wait fail with `error`, and everything that is asked later. */
  close(error: SottoError): void {
    this.#failure = error
    this.#timer?.stop()
    for (const view of this.#views.waited) for (const { fail } of view.waiting) fail(error)
    this.#alive.clear()
    this.#leased.clear()
    this.#keys.clear()
  }

  /** Does what time has done. @returns the time @throws once the broker is disposed of */
  #ripen(): number {
    if (this.#failure !== undefined) throw this.#failure
    const nowMs = this.#clock.now()
    for (let turn = this.#later.first(); turn !== undefined && turn.atMs <= nowMs; turn = this.#later.first()) {
      this.#later.shift()
      const { message, atMs } = turn
      if (message.receipt !== undefined) {
        // BR-15
        this.#leased.delete(message.receipt)
        message.receipt = undefined
        message.dueMs = atMs
        this.#again(message, nowMs)
      } else this.#await(message, nowMs)
    }
    return nowMs
  }

  /** BR-9 */
  #makeRoom(bytes: number, keyBytes: number): void {
    const { maxMessages } = this.#settings
    if (this.#alive.size + this.#dead.size >= maxMessages)
      throw SottoError.of('broker/full', `expected fewer than ${maxMessages} messages in the queue`)
    if (this.#bytes + this.#keys.bytes + bytes + keyBytes > this.#mostBytes)
      throw SottoError.of('broker/full', `expected at most ${this.#mostBytes} bytes in the queue`)
    this.#bytes += bytes
  }

  #forget({ subject, body }: Message): void {
    this.#bytes -= sizeOf(subject, body)
  }

  /** BR-5, BR-18: it is handed out when it is due. */
  #await(message: Message, nowMs: number): void {
    const turn: Turn<Message> = { atMs: message.dueMs, message }
    message.turn = turn
    if (turn.atMs > nowMs) {
      this.#later.push(turn)
      this.#wake()
      return
    }
    this.#ready.add(message)
    for (const view of this.#views.taking(message.subject)) {
      view.ready.push(turn)
      if (view.waiting.size > 0) this.#stir(view)
    }
  }

  /** BR-22: unless it was handed out as often as may be. */
  #again(message: Message, nowMs: number): void {
    if (message.attempts >= this.#settings.maxDeliveries) this.#bury(message, '')
    else this.#await(message, nowMs)
  }

  #bury(message: Message, reason: string): void {
    message.reason = reason
    message.turn = undefined
    this.#alive.delete(message.id)
    this.#dead.put(message)
  }

  /** BR-19 */
  #backoffMs({ attempts }: Message): number {
    const { backoffMs, backoffCapMs } = this.#settings
    return Math.min(backoffMs * 2 ** (attempts - 1), backoffCapMs)
  }

  #take(view: View<Message, Leased>, count: number): Leased[] {
    const taken: Leased[] = []
    const untilMs = this.#clock.now() + this.#settings.leaseMs
    while (taken.length < count) {
      const message = view.ready.shift()?.message
      if (message === undefined) break
      this.#ready.delete(message) // BR-14: what is leased is not ready
      const receipt = (++this.#leases).toString(36)
      message.receipt = receipt
      this.#leased.set(receipt, message)
      const { id, subject, body } = message
      taken.push({ id, subject, body: body.slice(), attempt: ++message.attempts, receipt })
      this.#hold(message, untilMs)
    }
    return taken
  }

  #hold(message: Message, untilMs: number): void {
    message.turn = { atMs: untilMs, message }
    this.#later.push(message.turn)
    this.#wake()
  }

  #wait(view: View<Message, Leased>, count: number, signal: AbortSignal): Promise<readonly Leased[]> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener('abort', abort)
        view.waiting.delete(waiting)
        this.#views.rest(view)
        this.#waiting--
      }
      const abort = (): void => {
        // BR-12
        leave()
        resolve([])
      }
      const waiting: Waiting<Leased> = {
        count,
        done: (leased) => {
          leave()
          resolve(leased)
        },
        fail: (error) => {
          leave()
          reject(error)
        },
      }
      signal.addEventListener('abort', abort)
      view.waiting.add(waiting)
      this.#views.rest(view)
      this.#waiting++
      this.#wake()
    })
  }

  /** BR-11: once all is there that comes in this step, so that a lease takes it together. */
  #stir(view: View<Message, Leased>): void {
    if (this.#stirred.size === 0) queueMicrotask(() => this.#serve())
    this.#stirred.add(view)
  }

  #serve(): void {
    const stirred = [...this.#stirred]
    this.#stirred.clear()
    if (this.#failure !== undefined) return
    for (const view of stirred)
      for (const waiting of view.waiting) {
        const leased = this.#take(view, waiting.count)
        if (leased.length === 0) break
        waiting.done(leased)
      }
  }

  /** Sees to it that who waits is told of what comes to be due. */
  #wake(): void {
    if (this.#waiting === 0) return
    const atMs = this.#later.first()?.atMs
    if (atMs === undefined || (this.#timer !== undefined && this.#timer.atMs <= atMs)) return
    this.#timer?.stop()
    const run = (): void => {
      this.#timer = undefined
      this.#ripen()
      this.#wake()
    }
    this.#timer = { atMs, stop: this.#clock.after(Math.max(0, Math.ceil(atMs - this.#clock.now())), run) }
  }

  *#turnsWithin(filter: string): Generator<Turn<Message>> {
    for (const { turn } of this.#ready.within(filter)) if (turn !== undefined) yield turn
  }

  /** BR-29: since when the oldest waits; those that are leased are few. */
  #oldestMs(nowMs: number): number {
    for (const { receipt, sinceMs } of this.#alive.values()) if (receipt === undefined) return sinceMs
    return nowMs
  }
}

const sizeOf = (subject: string, body: Uint8Array): number => subject.length + body.length + OVERHEAD
