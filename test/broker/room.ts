import { expect } from 'vitest'
import type { Broker, BrokerQueue, DeadLetter, Leased, QueueMetrics } from '../../src/broker/broker.js'
import type { QueueSettings } from '../../src/contract/operation.js'
import { later } from '../../src/link/later.js'
import type { MakeStore, Store } from './store.js'

/** What queues of the suite are like unless a test says otherwise: nothing lapses while it runs. */
const SETTINGS: QueueSettings = {
  leaseMs: 600_000,
  maxDeliveries: 100,
  backoffMs: 600_000,
  backoffCapMs: 600_000,
  dedupeMs: 600_000,
  maxMessages: 1_000,
}

/** By how much clocks of two processes may differ over a short while, in ms. */
const SLACK_MS = 20

/** Never aborts. */
export const NEVER: AbortSignal = new AbortController().signal

/** A broker under test, and its time. */
export class Room {
  readonly #store: Store
  #broker: Broker

  private constructor(store: Store, broker: Broker) {
    this.#store = store
    this.#broker = broker
  }

  /** Runs a test on a store of its own, and clears up behind it. */
  static test(make: MakeStore, run: (room: Room) => Promise<void>): () => Promise<void> {
    return async () => {
      const store = await make()
      const room = new Room(store, await store.open())
      try {
        await run(room)
      } finally {
        await room.#broker[Symbol.asyncDispose]()
        await store.remove?.()
      }
    }
  }

  get broker(): Broker {
    return this.#broker
  }

  /** Whether time passes only when it is told to. */
  get isTold(): boolean {
    return this.#store.clock !== undefined
  }

  queue(settings: Partial<QueueSettings> = {}, address = 'jobs.v1.work'): BrokerQueue {
    return this.#broker.queue(address, { ...SETTINGS, ...settings })
  }

  /** The broker is gone, and another one is on what it left. */
  async restart(): Promise<void> {
    await this.#broker[Symbol.asyncDispose]()
    this.#broker = await this.#store.open()
  }

  now(): number {
    return this.#store.clock?.now() ?? performance.now()
  }

  /** Settles once at least `ms` have passed; real ones by the broker's own count. */
  async pass(ms: number): Promise<void> {
    if (this.#store.clock !== undefined) {
      this.#store.clock.advance(ms)
      return
    }
    const clock = this.queue({}, 'jobs.v1.clock')
    await clock.enqueue('', new Uint8Array(), { delayMs: ms })
    const { receipt } = await one(clock)
    await clock.settle(receipt, { is: 'ack' })
  }

  /** What `wait` gives, which must not come before `atMs`. */
  async notBefore<T>(atMs: number, wait: Promise<T>): Promise<T> {
    const { clock } = this.#store
    if (clock === undefined) {
      const got = await wait
      expect(this.now()).toBeGreaterThanOrEqual(atMs - SLACK_MS)
      return got
    }
    let came = false
    const watched = wait.then((got) => {
      came = true
      return got
    })
    clock.advance(atMs - clock.now() - 1)
    await turn()
    expect(came).toBe(false)
    clock.advance(1)
    return await watched
  }
}

/** Lets everything run that waits for nothing. */
export const turn = (): Promise<void> => new Promise((resolve) => later(resolve))

/** A message that is due, or will be. */
export const one = async (queue: BrokerQueue, filter = ''): Promise<Leased> => {
  const [leased, ...rest] = await queue.lease(filter, 1, NEVER)
  if (leased === undefined || rest.length > 0) throw new RangeError('expected one message')
  return leased
}

/** Messages until there are `count`; a broker may give them in several leases. */
export const several = async (queue: BrokerQueue, count: number, filter = ''): Promise<Leased[]> => {
  const all: Leased[] = []
  while (all.length < count) all.push(...(await queue.lease(filter, count - all.length, NEVER)))
  return all
}

/** Settles once the queue has these counts; of a broker on another machine that may take a while. */
export const counts = async (queue: BrokerQueue, of: Partial<QueueMetrics>): Promise<void> => {
  await expect.poll(() => queue.metrics(), { timeout: 20_000, interval: 20 }).toMatchObject(of)
}

/** The dead letters, once there are as many. */
export const deaths = async (queue: BrokerQueue, count: number): Promise<readonly DeadLetter[]> => {
  await expect.poll(async () => (await queue.dead(1_000)).length, { timeout: 20_000, interval: 20 }).toBe(count)
  return queue.dead(1_000)
}

export const put = (queue: BrokerQueue, text: string, subject = '') => queue.enqueue(subject, bytesOf(text), {})

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const textOf = ({ body }: { readonly body: Uint8Array }): string => new TextDecoder().decode(body)
