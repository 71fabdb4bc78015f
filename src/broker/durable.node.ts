import type { QueueSettings } from '../contract/queuesettings.js'
import { SottoError } from '../errors.js'
import type {
  Broker,
  BrokerQueue,
  BrokerSubscription,
  BrokerTopic,
  DeadLetter,
  Enqueued,
  EnqueueSettings,
  Leased,
  QueueMetrics,
  Settlement,
  Sink,
} from './broker.js'
import { type Clock, monotonic } from './clock.js'
import type { Damage } from './durabledamage.js'
import { claim, type Release } from './durablelevel.node.js'
import type { StoredQueue } from './durablequeue.node.js'
import { State } from './durablestate.node.js'
import type { StoredTopic } from './durabletopic.node.js'
import { MemoryTopic } from './memorytopic.js'

export interface DurableBrokerOptions {
  /** A folder, made if need be; of one broker at a time. */
  readonly path: string
  /**
   * `fsync`, unless said: what is acknowledged is on the disk. `relaxed`: it is with the system, which outlives the process but not a loss
   * of power: that may take what was acknowledged in the last seconds, and bring back what was settled in them.
   */
  readonly sync?: 'fsync' | 'relaxed'
  /** Told of what is not as it was written; unless given, it is printed. */
  readonly damaged?: (damage: Damage) => void
}

/**
 * A broker whose queues, and the values that its topics retain, outlive the process and a loss of power, in LevelDB (the package
 * `classic-level`, installed beside this one). What topics do not retain is handed to who listens in this process, and not stored.
 *
 * A message that was leased when the process ended comes again. If a write fails, all that waits for it is refused with `broker/failed`;
 * the next operation opens the store anew, within the same claim, with which the leases of the time before are over.
 *
 * @throws SottoError broker/failed if another broker has the path, `classic-level` cannot be loaded, or the system refuses what is asked of it
 */
export const durableBroker = async (options: DurableBrokerOptions): Promise<Broker> => {
  const shift = Date.now() - monotonic.now()
  // BR-45: it is the system's time at the start, and does not jump with it.
  return openBroker(options, { now: () => shift + monotonic.now(), after: (ms, act) => monotonic.after(ms, act) })
}

/** @internal As `durableBroker`, with a time of its own. */
export const openBroker = async (options: DurableBrokerOptions, clock: Clock): Promise<Broker> => {
  if (options.sync !== undefined && options.sync !== 'fsync' && options.sync !== 'relaxed')
    throw new TypeError(`expected fsync or relaxed, got ${String(options.sync)}`)
  const { path, release } = await claim(options.path).catch((cause: unknown) => {
    throw failed(`expected to open a store: ${options.path}`, cause)
  })
  const broker = new DurableBroker({ ...options, path }, clock, release)
  try {
    await broker.opened()
  } catch (cause) {
    await release()
    throw cause
  }
  return broker
}

/** How long a store that could not be opened is left alone. */
const PAUSE_MS = 100

/** Opens the store, and opens it again when it failed. */
class DurableBroker implements Broker {
  readonly #options: DurableBrokerOptions
  readonly #clock: Clock
  readonly #release: Release
  readonly #queues = new Map<string, DurableQueue>()
  readonly #topics = new Map<string, DurableTopic>()
  #state: State | undefined
  #opening: Promise<State> | undefined
  #closing: Promise<void> | undefined
  #refused: { readonly error: SottoError; readonly untilMs: number } | undefined

  constructor(options: DurableBrokerOptions, clock: Clock, release: Release) {
    this.#options = options
    this.#clock = clock
    this.#release = release
  }

  topic(address: string, { retain }: { readonly retain: boolean }): BrokerTopic {
    const known = this.#topics.get(address)
    if (known !== undefined) return known
    const topic = new DurableTopic(retain, async () => (await this.opened()).topic(address))
    if (this.#closing !== undefined) topic.close(disposed())
    this.#topics.set(address, topic)
    return topic
  }

  queue(address: string, settings: QueueSettings): BrokerQueue {
    const known = this.#queues.get(address)
    if (known !== undefined) return known
    const queue = new DurableQueue(async () => {
      const stored = (await this.opened()).queue(address)
      stored.use(settings)
      return stored
    })
    this.#queues.set(address, queue)
    return queue
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close()
    await this.#closing
  }

  /** The store, opened if need be. @throws SottoError broker/failed */
  async opened(): Promise<State> {
    if (this.#closing !== undefined) throw disposed()
    if (this.#state !== undefined) return this.#state
    if (this.#refused !== undefined && this.#clock.now() < this.#refused.untilMs) throw this.#refused.error
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return await this.#opening
  }

  async #open(): Promise<State> {
    const { path, sync, damaged = print } = this.#options
    try {
      const state = await State.open({
        path,
        sync: sync !== 'relaxed',
        clock: this.#clock,
        damaged,
        failed: (error) => this.#failed(state, error),
      })
      this.#state = state
      return state
    } catch (cause) {
      const error = failed(`expected to open a store: ${path}`, cause)
      this.#refused = { error, untilMs: this.#clock.now() + PAUSE_MS }
      throw error
    }
  }

  /** BR-47: what is in memory may be ahead of the store, so all is read anew. */
  #failed(state: State, error: SottoError): void {
    if (this.#state !== state) return
    this.#state = undefined
    this.#opening = (async () => {
      // It failed already: what closing it says is nothing new.
      await state.close(error).catch(() => undefined)
      return this.#open()
    })().finally(() => {
      this.#opening = undefined
    })
    // Whoever asks next is told.
    this.#opening.catch(() => undefined)
  }

  async #close(): Promise<void> {
    const error = disposed()
    for (const topic of this.#topics.values()) topic.close(error)
    try {
      const state = this.#state ?? (await this.#opening?.catch(() => undefined))
      this.#state = undefined
      await state?.close(error)
    } catch {
      // What was acknowledged is stored; there is nobody to tell of the rest, and disposal never throws.
    } finally {
      await this.#release()
    }
  }
}

/** A queue, over openings of its store. */
class DurableQueue implements BrokerQueue {
  readonly #stored: () => Promise<StoredQueue>

  constructor(stored: () => Promise<StoredQueue>) {
    this.#stored = stored
  }

  async enqueue(subject: string, body: Uint8Array, options: EnqueueSettings): Promise<Enqueued> {
    // Borrowed for this turn alone.
    const kept = body.slice()
    return (await this.#stored()).enqueue(subject, kept, options)
  }

  async lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]> {
    return (await this.#stored()).lease(filter, count, signal)
  }

  async settle(receipt: string, outcome: Settlement): Promise<boolean> {
    return (await this.#stored()).settle(receipt, outcome)
  }

  async dead(count: number, after?: string): Promise<readonly DeadLetter[]> {
    return (await this.#stored()).dead(count, after)
  }

  async replay(id: string): Promise<boolean> {
    return (await this.#stored()).replay(id)
  }

  async discard(id: string): Promise<boolean> {
    return (await this.#stored()).discard(id)
  }

  async metrics(): Promise<QueueMetrics> {
    return (await this.#stored()).metrics()
  }
}

/** A topic, over openings of its store; what it does not retain needs none. */
class DurableTopic implements BrokerTopic {
  readonly #passing: MemoryTopic | undefined
  readonly #stored: () => Promise<StoredTopic>

  constructor(retain: boolean, stored: () => Promise<StoredTopic>) {
    this.#passing = retain ? undefined : new MemoryTopic({ retain })
    this.#stored = stored
  }

  publish(subject: string, body: Uint8Array): Promise<void> | undefined {
    if (this.#passing !== undefined) return this.#passing.publish(subject, body)
    const kept = body.slice()
    return this.#stored().then((topic) => topic.publish(subject, kept))
  }

  async subscribe(filter: string, sink: Sink, group?: string): Promise<BrokerSubscription> {
    return (this.#passing ?? (await this.#stored()).memory).subscribe(filter, sink, group)
  }

  close(error: SottoError): void {
    this.#passing?.close(error)
  }
}

const failed = (what: string, cause: unknown): SottoError =>
  SottoError.is(cause, 'broker/failed') ? cause : SottoError.of('broker/failed', what, { cause })

const disposed = (): SottoError => SottoError.of('broker/failed', 'the broker was disposed of')

const print = ({ error, lost, kept }: Damage): void =>
  console.error(
    `sotto: ${error.message}; ${lost.length} messages may be lost${kept === undefined ? '' : `; see ${kept}`}`,
  )
