import type { BrokerQueue, Leased, Settlement } from '../broker/broker.js'
import type { QueueSettings } from '../contract/queuesettings.js'
import { SottoError } from '../errors.js'
import type { Answer, Stream } from '../link/face.js'
import { deliveryOf } from './entry.js'
import { Fifo } from './fifo.js'
import { type Asking, askingOf } from './queueterms.js'

/** QU-15: settlements of one consumer that wait for the broker, or for their answer to be sent. */
const SETTLING = 1_024

/** QU-29: messages that are leased at a time, at most. */
const BATCH = 64

/** QU-20: the pause of what is denied may grow to this at least, in ms. */
const DENIED_MS = 1_000

type Outcome = Answer | undefined

interface Consuming {
  readonly filter: string
  readonly credit: number
  readonly settings: QueueSettings
}

/** A settlement whose answer is to come. */
interface Settling {
  readonly number: number
  done: boolean | undefined
}

/** The serving end of one consumer: what it holds under lease, and what it asks for it. */
export class QueueConsumer {
  readonly #stream: Stream
  readonly #queue: BrokerQueue
  readonly #consuming: Consuming
  /** Receipts of what was sent and has not been settled, by number. */
  readonly #held = new Map<number, string>()
  readonly #settling = new Fifo<Settling>()
  readonly #left = new AbortController()
  #sent = 0
  /** Denials since the last delivery. */
  #denied = 0
  /** As many as had room the last time, and twice as many if all had. */
  #batch = BATCH
  /** Settles once something has been settled, or answered. */
  #moved: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  #isHolding = false
  #fail: (error: unknown) => void = () => undefined

  constructor(stream: Stream, queue: BrokerQueue, consuming: Consuming) {
    this.#stream = stream
    this.#queue = queue
    this.#consuming = consuming
  }

  /** Until it is over; then all that it holds has been given back. Rejects with what is no one's fault but ours. */
  async run(): Promise<Outcome> {
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        this.#fail = reject
        this.#hear().then(resolve, reject)
        this.#lend().catch(reject)
        void this.#stream.closed.then(() => {
          this.#settling.clear()
          this.#leave()
        })
      })
    } finally {
      this.#leave()
      await this.#giveBack()
    }
  }

  /** Hands out what is due, as much as it may hold; what it has by a lease no other consumer has (QU-26). */
  async #lend(): Promise<void> {
    const { filter, credit } = this.#consuming
    const { signal } = this.#left
    // QU-8
    await this.#roomFor(this.#stream.write(null))
    while (!signal.aborted) {
      const free = credit - this.#held.size
      if (free <= 0) await this.#motion()
      else await this.#handAll(await this.#queue.lease(filter, Math.min(free, this.#batch), signal))
    }
  }

  /** QU-29: what there is no room for goes back, so that no lease of it runs meanwhile. */
  async #handAll(batch: readonly Leased[]): Promise<void> {
    let room: Promise<void> | undefined
    let handed = 0
    for (const leased of batch) {
      const goesBack = room !== undefined || this.#left.signal.aborted
      const outcome = goesBack ? RELEASE : this.#hand(leased)
      if (!goesBack) handed++
      if (outcome instanceof Promise) room = outcome
      // QU-27: a broker that fails here is no stream that is over.
      else if (outcome !== undefined) await this.#queue.settle(leased.receipt, outcome)
    }
    this.#batch = handed < batch.length ? handed : Math.min(BATCH, 2 * this.#batch)
    await this.#roomFor(room)
  }

  /** A promise of room where there is none behind it; what becomes of the lease where nobody sees it. */
  #hand({ id, subject, body, attempt, receipt }: Leased): Promise<void> | Settlement | undefined {
    const number = this.#sent + 1
    try {
      const room = this.#stream.deliver(deliveryOf(subject, body, [number, subject, id, attempt]))
      // QU-19
      if (room === 'denied') return { is: 'release', afterMs: this.#pauseMs() }
      this.#sent = number
      this.#denied = 0
      this.#held.set(number, receipt)
      return room
    } catch (error) {
      // QU-18: it would be the same each time.
      if (SottoError.is(error, 'call/too-large')) return rejection('larger than its consumer takes')
      if (SottoError.is(error, 'broker/corrupt')) return rejection('not as it was stored')
      this.#fail(error)
      this.#leave()
      return RELEASE
    }
  }

  /** QU-20: it doubles with each one that is denied, and begins anew with one that is not. */
  #pauseMs(): number {
    const { backoffMs, backoffCapMs } = this.#consuming.settings
    const most = Math.max(backoffCapMs, DENIED_MS)
    return Math.min(Math.max(backoffMs, 1) * 2 ** Math.min(this.#denied++, 31), most)
  }

  async #roomFor(room: Promise<void> | undefined): Promise<void> {
    try {
      await room
    } catch {
      // It takes no more; `#hear` tells how it ends.
      this.#leave()
    }
  }

  /** Nothing more is leased, and nobody is answered. */
  #leave(): void {
    this.#left.abort()
    this.#move()
  }

  async #hear(): Promise<Outcome> {
    for (;;) {
      const read = await this.#read()
      if (read === undefined) return undefined
      if (read.done === true) return this.#finish()
      const asking = askingOf(read.value)
      // QU-13, QU-14
      if (asking === undefined || asking.number < 1 || asking.number > this.#sent)
        return { is: 'invalid', path: '', item: this.#stream.count }
      this.#take(asking)
      while (this.#settling.size >= SETTLING && !this.#left.signal.aborted) await this.#motion()
    }
  }

  /** undefined if it was given up, denied or lost: nobody waits for an answer. */
  async #read(): Promise<Awaited<ReturnType<Stream['read']>> | undefined> {
    try {
      return await this.#stream.read()
    } catch {
      return undefined
    }
  }

  /** QU-17: what was asked before is answered. */
  async #finish(): Promise<Outcome> {
    this.#left.abort()
    while (this.#settling.size > 0) await this.#motion()
    return { is: 'ended' }
  }

  #take({ number, outcome }: Asking): void {
    const receipt = this.#held.get(number)
    // QU-12
    const settling: Settling = { number, done: receipt === undefined ? false : undefined }
    this.#settling.push(settling)
    if (receipt === undefined) {
      this.#answer()
      return
    }
    if (outcome.is !== 'extend') this.#held.delete(number)
    // QU-11
    this.#queue.settle(receipt, outcome).then(
      (done) => {
        settling.done = done
        this.#answer()
      },
      (error: unknown) => this.#fail(error),
    )
  }

  /** QU-15: in the order in which they were asked. */
  #answer(): void {
    if (this.#isHolding) return
    for (let first = this.#settling.first; first?.done !== undefined; first = this.#settling.first) {
      this.#settling.shift()
      // Its consumer counts it as held until it is told.
      if (!first.done) this.#held.delete(first.number)
      const room = this.#put([first.number, first.done])
      if (room === undefined) continue
      this.#isHolding = true
      room.then(
        () => {
          this.#isHolding = false
          this.#answer()
        },
        () => {
          // It takes no more; `#hear` tells how it ends.
          this.#settling.clear()
          this.#leave()
        },
      )
      break
    }
    this.#move()
  }

  #put(item: [number, boolean]): Promise<void> | undefined {
    try {
      return this.#stream.write(item)
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #motion(): Promise<void> {
    this.#moved ??= motion()
    return this.#moved.promise
  }

  #move(): void {
    this.#moved?.resolve()
    this.#moved = undefined
  }

  /** QU-16: at once, and as attempts. What the broker does not take comes again when its lease is over. */
  async #giveBack(): Promise<void> {
    const receipts = [...this.#held.values()]
    this.#held.clear()
    // A broker of the program's own may throw, and the others go back all the same.
    const giveBack = async (receipt: string): Promise<boolean> =>
      this.#queue.settle(receipt, { is: 'retry', afterMs: 0 })
    await Promise.allSettled(receipts.map(giveBack))
  }
}

/** QU-19: nobody saw it. */
const RELEASE: Settlement = { is: 'release', afterMs: 0 }

const rejection = (reason: string): Settlement => ({ is: 'reject', reason })

const motion = () => {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
