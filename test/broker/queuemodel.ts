import { expect } from 'vitest'
import type { BrokerQueue, Leased, Settlement } from '../../src/broker/broker.js'
import { takes } from '../../src/contract/subject.js'
import { Random } from '../random.js'
import { bytesOf, NEVER, type Room, textOf } from './room.js'

const SUBJECTS = ['a.x', 'a.y', 'b.x', 'b.y']
const FILTERS = ['a.x', 'a.*', '*.y', '*.*']
const LEASE_MS = 1_000
const BACKOFF_MS = 300
const CAP_MS = 500
const MOST = 3
const ROOM = 40
const WINDOW_MS = 5_000
/** Longer than any walk takes where real time passes. */
const LONG_MS = 600_000

interface Message {
  readonly id: string
  readonly text: string
  readonly subject: string
  readonly number: number
  /** How often it was handed out, but for releases. */
  attempts: number
  /** Set while it is out. */
  receipt?: string
  /** When it may be handed out; of one that is out, when its lease is over. */
  dueMs: number
  /** As it was enqueued: not delayed, never handed out. */
  fresh: boolean
  reason?: string
}

/** What a queue may do, kept as plainly as can be. */
class QueueModel {
  readonly #messages = new Map<string, Message>()
  readonly #keys = new Map<string, { readonly id: string; readonly untilMs: number }>()
  readonly over: string[] = []
  #count = 0
  nowMs: number

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  get all(): Message[] {
    for (const message of this.#messages.values()) {
      if (message.receipt === undefined || message.dueMs > this.nowMs) continue
      this.over.push(message.receipt)
      this.#back(message, message.dueMs)
    }
    return [...this.#messages.values()]
  }

  get full(): boolean {
    return this.#messages.size >= ROOM
  }

  get out(): Message[] {
    return this.all.filter(({ receipt }) => receipt !== undefined)
  }

  get dead(): Message[] {
    return this.all.filter(({ reason }) => reason !== undefined)
  }

  due(filter: string): Message[] {
    return this.all.filter(
      ({ receipt, reason, dueMs, subject }) =>
        receipt === undefined && reason === undefined && dueMs <= this.nowMs && takes(filter, subject),
    )
  }

  known(key: string | undefined): string | undefined {
    const held = key === undefined ? undefined : this.#keys.get(key)
    return held !== undefined && held.untilMs > this.nowMs ? held.id : undefined
  }

  stored(id: string, text: string, subject: string, key: string | undefined, delayMs: number | undefined): void {
    const dueMs = this.nowMs + (delayMs ?? 0)
    const fresh = delayMs === undefined
    this.#messages.set(id, { id, text, subject, number: this.#count++, attempts: 0, dueMs, fresh })
    if (key !== undefined) this.#keys.set(key, { id, untilMs: this.nowMs + WINDOW_MS })
  }

  /** What a lease gave, with why it must not have. */
  leased(filter: string, count: number, given: readonly Leased[], leaseMs: number): void {
    const due = this.due(filter)
    expect(given.length).toBeGreaterThanOrEqual(1)
    expect(given.length).toBeLessThanOrEqual(count)
    for (const { id, subject, body, attempt, receipt } of given) {
      const message = due.find((other) => other.id === id)
      if (message === undefined) throw new RangeError(`handed out ${id}, which is not due for ${filter}`)
      expect(message.receipt).toBeUndefined()
      expect([subject, textOf({ body }), attempt]).toEqual([message.subject, message.text, message.attempts + 1])
      if (message.fresh)
        for (const older of due.filter(({ fresh, number }) => fresh && number < message.number))
          expect(older.receipt, 'an older one was passed over').toBeDefined()
      Object.assign(message, { receipt, attempts: attempt, dueMs: this.nowMs + leaseMs })
    }
    for (const message of due) if (message.receipt !== undefined) message.fresh = false
  }

  settled(message: Message, outcome: Settlement): void {
    const { attempts, receipt } = message
    if (outcome.is === 'extend') {
      message.dueMs = this.nowMs + outcome.ms
      return
    }
    if (receipt !== undefined) this.over.push(receipt)
    if (outcome.is === 'ack') this.#messages.delete(message.id)
    else if (outcome.is === 'reject') this.#back(message, 0, outcome.reason)
    else if (outcome.is === 'release') {
      message.attempts--
      this.#back(message, this.nowMs + outcome.afterMs)
    } else this.#back(message, this.nowMs + (outcome.afterMs ?? Math.min(BACKOFF_MS * 2 ** (attempts - 1), CAP_MS)))
  }

  replayed(message: Message): void {
    delete message.reason
    Object.assign(message, { attempts: 0, dueMs: this.nowMs })
  }

  discarded({ id }: Message): void {
    this.#messages.delete(id)
  }

  #back(message: Message, dueMs: number, reason?: string): void {
    delete message.receipt
    message.dueMs = dueMs
    if (reason !== undefined) message.reason = reason
    else if (message.attempts >= MOST) message.reason = ''
  }
}

/** Random acts on a queue, each of which must do what the model says. Where time is real, nothing lapses. */
export const walk = async (room: Room, operations: number): Promise<void> => {
  const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`queue: SOTTO_SEED=${seed}`)
  const random = new Random(seed, 0)
  const leaseMs = room.isTold ? LEASE_MS : LONG_MS
  const dedupeMs = room.isTold ? WINDOW_MS : LONG_MS
  const settings = { leaseMs, dedupeMs, backoffMs: BACKOFF_MS, backoffCapMs: CAP_MS, maxDeliveries: MOST }
  const queue = room.queue({ ...settings, maxMessages: ROOM })
  const model = new QueueModel(room.now())
  const step = new Step(room, queue, model, random, leaseMs)
  for (let i = 0; i < operations; i++) {
    if (room.isTold) model.nowMs = room.now()
    await step.take()
  }
  model.nowMs = room.isTold ? room.now() : model.nowMs
  expect((await queue.dead(1_000)).map(({ id, attempts, reason }) => `${id} ${attempts} ${reason}`).sort()).toEqual(
    model.dead.map(({ id, attempts, reason }) => `${id} ${attempts} ${reason}`).sort(),
  )
}

class Step {
  readonly #room: Room
  readonly #queue: BrokerQueue
  readonly #model: QueueModel
  readonly #random: Random
  readonly #leaseMs: number
  #count = 0

  constructor(room: Room, queue: BrokerQueue, model: QueueModel, random: Random, leaseMs: number) {
    this.#room = room
    this.#queue = queue
    this.#model = model
    this.#random = random
    this.#leaseMs = leaseMs
  }

  async take(): Promise<void> {
    const act = this.#random.below(100)
    if (act < 30) await this.#enqueue()
    else if (act < 55) await this.#lease()
    else if (act < 80) await this.#settle()
    else if (act < 84) await this.#stale()
    else if (act < 90) await this.#bury()
    else if (act < 94) await this.#measure()
    else if (this.#room.isTold) await this.#room.pass(this.#random.below(LEASE_MS / 2))
  }

  /** Where time is real, what is delayed stays so. */
  #laterMs(): number {
    if (!this.#room.isTold) return this.#random.chance(70) ? 0 : LONG_MS
    return this.#random.below(1_500)
  }

  async #enqueue(): Promise<void> {
    const text = `${this.#count++}`
    const subject = this.#random.pick(SUBJECTS)
    const key = this.#random.chance(30) ? `k${this.#random.below(8)}` : undefined
    const delayMs = this.#random.chance(20) ? this.#laterMs() : undefined
    const known = this.#model.known(key)
    const stored = this.#queue.enqueue(subject, bytesOf(text), {
      ...(key === undefined ? {} : { key }),
      ...(delayMs === undefined ? {} : { delayMs }),
    })
    if (known !== undefined) expect(await stored).toEqual({ id: known, duplicate: true })
    else if (this.#model.full) await expect(stored).rejects.toMatchObject({ code: 'broker/full' })
    else {
      const { id, duplicate } = await stored
      expect(duplicate).toBe(false)
      this.#model.stored(id, text, subject, key, delayMs)
    }
  }

  async #lease(): Promise<void> {
    const filter = this.#random.pick(FILTERS)
    const count = 1 + this.#random.below(4)
    if (this.#model.due(filter).length === 0) return
    this.#model.leased(filter, count, await this.#queue.lease(filter, count, NEVER), this.#leaseMs)
  }

  async #settle(): Promise<void> {
    const { out } = this.#model
    if (out.length === 0) return
    const message = this.#random.pick(out)
    const outcome = this.#outcome()
    expect(await this.#queue.settle(message.receipt ?? '', outcome)).toBe(true)
    this.#model.settled(message, outcome)
  }

  #outcome(): Settlement {
    const act = this.#random.below(100)
    if (act < 40) return { is: 'ack' }
    if (act < 60) return { is: 'retry', afterMs: this.#laterMs() }
    if (act < 65 && this.#room.isTold) return { is: 'retry', afterMs: undefined }
    if (act < 75) return { is: 'release', afterMs: this.#laterMs() }
    if (act < 90) return { is: 'reject', reason: `r${act}` }
    return { is: 'extend', ms: this.#room.isTold ? 1 + this.#random.below(3_000) : LONG_MS }
  }

  async #stale(): Promise<void> {
    if (this.#model.all.length === 0 || this.#model.over.length === 0) return
    expect(await this.#queue.settle(this.#random.pick(this.#model.over), this.#outcome())).toBe(false)
  }

  async #bury(): Promise<void> {
    const { dead } = this.#model
    if (dead.length === 0) return
    const message = this.#random.pick(dead)
    const back = this.#random.chance(50)
    expect(await (back ? this.#queue.replay(message.id) : this.#queue.discard(message.id))).toBe(true)
    if (back) this.#model.replayed(message)
    else this.#model.discarded(message)
  }

  async #measure(): Promise<void> {
    const { all, nowMs } = this.#model
    const waiting = all.filter(({ receipt, reason }) => receipt === undefined && reason === undefined)
    const expected = {
      ready: waiting.filter(({ dueMs }) => dueMs <= nowMs).length,
      delayed: waiting.filter(({ dueMs }) => dueMs > nowMs).length,
      leased: this.#model.out.length,
      dead: this.#model.dead.length,
    }
    await expect.poll(() => this.#queue.metrics(), { timeout: 20_000, interval: 20 }).toMatchObject(expected)
  }
}
