import type { Published } from '../broker/broker.js'
import type { Delivery } from '../link/face.js'
import { Fifo } from './fifo.js'
import type { Slow } from './topicterms.js'

/** TO-23: of one subscription whose publishers do not wait: subjects, and bytes of bodies behind the first. */
export const WAITING_SUBJECTS = 4_096
export const WAITING_BYTES = 4_194_304

/** Twice what a topic retains (BR-90), which is handed over anew with each outage (BR-93). */
export const ANEW = 131_072

/** TO-15: publishers whose messages wait one behind the other wait for the last of so many: one promise for all of them. */
const TOGETHER = 64

/** What waits, and how it goes out if nothing was dropped before it. */
interface Waiter {
  message: Published
  delivery: Delivery
  readonly batch: Batch | undefined
}

interface Batch {
  readonly over: Promise<void>
  readonly release: () => void
  /** Messages that ever were in it, and that wait still. */
  messages: number
  left: number
}

/** What waits for room at one subscription, and how many gave way since that was last told. */
export class Waiting {
  readonly #slow: Slow
  readonly #most: number
  /** Messages of a batch: of one in a small credit, so that none waits for much longer than it takes to be sent. */
  readonly #together: number
  /** What was retained when the subscription began. */
  readonly #retained = new Fifo<Published>()
  readonly #queue = new Fifo<Waiter>()
  /** Of `latest`. */
  readonly #bySubject = new Map<string, Waiter>()
  /** The one that more may join. */
  #batch: Batch | undefined
  #bytes = 0
  #dropped = 0

  constructor(slow: Slow, credit: number) {
    this.#slow = slow
    this.#most = slow === 'latest' ? WAITING_SUBJECTS : credit
    this.#together = Math.min(Math.ceil(credit / 16), TOGETHER)
  }

  get isEmpty(): boolean {
    return this.#queue.size === 0 && this.#retained.size === 0
  }

  /** Something waits that was not retained. */
  get hasPublished(): boolean {
    return this.#queue.size > 0
  }

  /** TO-19: those that gave way, to be told with the next delivery. */
  get dropped(): number {
    return this.#dropped
  }

  told(): void {
    this.#dropped = 0
  }

  drop(): void {
    this.#dropped++
  }

  /** What was retained comes first, as long a list as it may be. */
  keep(message: Published): void {
    this.#retained.push(message)
  }

  /** BR-93: so does what is handed over anew, all of it: what still waits from twice before is told by what comes behind it. */
  keepAnew(message: Published): void {
    this.keep(message)
    if (this.#retained.size > ANEW) this.#retained.shift()
  }

  takeKept(): Published | undefined {
    return this.#retained.shift()
  }

  /** TO-16: a newer one of its subject waits. */
  hasNewer({ subject }: Published): boolean {
    return this.#bySubject.has(subject)
  }

  /** A promise of the time when it is taken, where its publisher waits, which is with `block` alone (TO-21); `over` if that is the end of the subscription. */
  put(message: Published, delivery: Delivery): Promise<void> | undefined | 'over' {
    switch (this.#slow) {
      case 'block':
        return this.#block(message, delivery)
      case 'latest':
        this.#replace(message, delivery)
        break
      case 'drop-oldest':
        this.#push({ message, delivery, batch: undefined })
        break
      case 'end':
        if (this.#isFull(message)) return 'over'
        this.#push({ message, delivery, batch: undefined })
        return undefined
    }
    // TO-16, TO-17, TO-23
    while (this.#queue.size > this.#most || (this.#bytes > WAITING_BYTES && this.#queue.size > 1)) {
      this.#shift()
      this.#dropped++
    }
    return undefined
  }

  /** The first that waits behind what was retained; its publisher goes on. */
  take(): Waiter | undefined {
    const first = this.#shift()
    if (first?.batch !== undefined) this.#leave(first.batch)
    return first
  }

  /** TO-22: nothing waits any more, and no publisher does. */
  clear(): void {
    this.#retained.clear()
    for (let waiter = this.#shift(); waiter !== undefined; waiter = this.#shift())
      if (waiter.batch !== undefined) this.#leave(waiter.batch)
  }

  #isFull({ body }: Published): boolean {
    return this.#queue.size >= this.#most || (this.#queue.size > 0 && this.#bytes + body.length > WAITING_BYTES)
  }

  #block(message: Published, delivery: Delivery): Promise<void> {
    if (this.#batch === undefined || this.#batch.messages >= this.#together) this.#batch = batchOf()
    const batch = this.#batch
    batch.messages++
    batch.left++
    this.#push({ message, delivery, batch })
    return batch.over
  }

  #leave(batch: Batch): void {
    if (--batch.left > 0) return
    if (this.#batch === batch) this.#batch = undefined
    batch.release()
  }

  #replace(message: Published, delivery: Delivery): void {
    const before = this.#bySubject.get(message.subject)
    if (before === undefined) {
      const waiter: Waiter = { message, delivery, batch: undefined }
      this.#bySubject.set(message.subject, waiter)
      this.#push(waiter)
      return
    }
    // In the place of the one before it: a subject that never rests must not hold up the others, nor wait for them anew.
    this.#bytes += message.body.length - before.message.body.length
    before.message = message
    before.delivery = delivery
    this.#dropped++
  }

  #push(waiter: Waiter): void {
    this.#bytes += waiter.message.body.length
    this.#queue.push(waiter)
  }

  #shift(): Waiter | undefined {
    const waiter = this.#queue.shift()
    if (waiter === undefined) return undefined
    this.#bytes -= waiter.message.body.length
    if (this.#slow === 'latest') this.#bySubject.delete(waiter.message.subject)
    return waiter
  }
}

const batchOf = (): Batch => {
  let release = (): void => undefined
  const over = new Promise<void>((resolve) => {
    release = resolve
  })
  return { over, release, messages: 0, left: 0 }
}
