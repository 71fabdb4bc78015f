import type { Published, Sink } from '../broker/broker.js'
import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Answer, Delivery, Stream } from '../link/face.js'
import { later } from '../link/later.js'
import type { Terms } from './topicterms.js'
import { Waiting } from './topicwaiting.js'

export type Outcome = Answer | undefined

/** What was retained and is denied is passed over so much at a time: others have their turn. */
const PASSED = 64

/** The serving end of one subscription: what it is handed, and what its subscriber has taken of that. */
export class Subscriber {
  /** Rejects with what is no one's fault but ours. */
  readonly over: Promise<Outcome>
  readonly #stream: Stream
  readonly #credit: number
  readonly #waiting: Waiting
  readonly #delivery: (message: Published, dropped: number) => Delivery
  #settle: { readonly resolve: (outcome: Outcome) => void; readonly reject: (error: unknown) => void } | undefined
  #sent = 0
  #total = 0
  /** Told that it is heard. */
  #wasOpened = false
  /** Heard, and as many sent as the stream takes for now. */
  #isOpen = false

  constructor(stream: Stream, { slow, credit }: Terms, delivery: (message: Published, dropped: number) => Delivery) {
    this.#stream = stream
    this.#credit = credit
    this.#waiting = new Waiting(slow, credit)
    this.#delivery = delivery
    this.over = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
    // It may fail before its service waits for it: while the broker is still asked.
    this.over.catch(() => undefined)
  }

  /** Told of by the broker; `retained` ones come before it is opened, and anew after an outage: behind what waits then, which is older (TO-34). */
  readonly sink: Sink = (message, mayPass) => {
    if (this.#settle === undefined) return 'pass'
    if (message.retained && !this.#waiting.hasPublished) return this.#keep(message)
    if (this.#hasRoom && this.#waiting.isEmpty) return this.#give(message) ? undefined : 'pass'
    return mayPass ? 'pass' : this.#put(message)
  }

  /** TO-3: it is heard from here on, and told so. */
  open(): void {
    if (this.#settle === undefined) return
    this.#wasOpened = true
    this.#isOpen = true
    this.#hold(this.#stream.write(null))
    this.#drain()
  }

  /** How many deliveries its reader has taken; false if that cannot be (TO-6). */
  took(total: Wire): boolean {
    if (typeof total !== 'number' || !Number.isSafeInteger(total)) return false
    if (total < this.#total || total > this.#sent) return false
    this.#total = total
    this.#drain()
    return true
  }

  end(outcome: Outcome): void {
    const settle = this.#settle
    this.#settle = undefined
    this.#waiting.clear()
    settle?.resolve(outcome)
  }

  fail(error: unknown): void {
    this.#settle?.reject(error)
    this.end(undefined)
  }

  /** TO-5 */
  get #hasRoom(): boolean {
    return this.#isOpen && this.#sent - this.#total < this.#credit
  }

  #keep(message: Published): undefined {
    if (!this.#wasOpened) this.#waiting.keep(message)
    else {
      this.#waiting.keepAnew(message)
      this.#drain()
    }
    return undefined
  }

  /** TO-24: what it must not have does not wait for it, or it would learn by what gives way that there is something. */
  #put(message: Published): Promise<void> | undefined | 'pass' {
    try {
      // Made while all who hear it are told: it is the same for all.
      const delivery = this.#delivery(message, 0)
      if (!this.#stream.mayHear(delivery)) return 'pass'
      const wait = this.#waiting.put(message, delivery)
      if (wait !== 'over') return wait
      // TO-18
      this.end({ is: 'refused', code: 'topic/slow' })
    } catch (error) {
      this.fail(error)
    }
    return undefined
  }

  #drain(): void {
    if (!this.#drainKept()) return
    while (this.#settle !== undefined && this.#hasRoom) {
      const taken = this.#waiting.take()
      if (taken === undefined) return
      this.#give(taken.message, taken.delivery)
    }
  }

  /** TO-24: what was retained is asked for when it is its turn, however much there is. True when none of it waits. */
  #drainKept(): boolean {
    for (let passed = 0; this.#settle !== undefined && this.#hasRoom; ) {
      if (passed === PASSED) {
        later(() => this.#drain())
        return false
      }
      const kept = this.#waiting.takeKept()
      if (kept === undefined) return true
      if (!this.#offer(kept)) passed++
    }
    return false
  }

  /** False if nothing of it was sent. */
  #offer(kept: Published): boolean {
    try {
      const delivery = this.#delivery(kept, 0)
      if (!this.#stream.mayHear(delivery)) return false
      if (!this.#waiting.hasNewer(kept)) return this.#give(kept, delivery)
      this.#waiting.drop()
    } catch (error) {
      this.fail(error)
    }
    return false
  }

  /** False if its peer must not have it (TO-24). `delivery` is what it is where nothing was dropped before it. */
  #give(message: Published, delivery?: Delivery): boolean {
    const { dropped } = this.#waiting
    try {
      const isMade = dropped === 0 && delivery !== undefined
      const room = this.#stream.deliver(isMade ? delivery : this.#delivery(message, dropped))
      if (room === 'denied') return false
      this.#sent++
      this.#waiting.told()
      this.#hold(room)
    } catch (error) {
      // TO-20: it goes to those who take so much.
      if (SottoError.is(error, 'call/too-large')) this.#waiting.drop()
      else this.fail(error)
    }
    return true
  }

  /** Bytes wait to be sent: what comes meanwhile waits here, where the subscriber has said what becomes of it. */
  #hold(room: Promise<void> | undefined): void {
    if (room === undefined) return
    this.#isOpen = false
    room.then(
      () => {
        this.#isOpen = true
        this.#drain()
      },
      // The stream is over, and nobody waits for an answer.
      () => this.end(undefined),
    )
  }
}
