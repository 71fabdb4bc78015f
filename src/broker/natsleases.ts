import { monotonic } from './clock.js'
import type { NatsLine } from './natsline.js'

/** What a service has of a message while it is out. */
export interface Delivery {
  /** Where NATS takes what becomes of it; the receipt, too. */
  readonly reply: string
  readonly seq: number
  readonly delivered: number
  readonly attempt: number
  /** Whether there is a note on it. */
  readonly noted: boolean
  readonly askedMs: number
}

/** BR-81: how much longer NATS waits than the service: what was settled in time arrives in time. */
export const GRACE_MS = 1_000

interface Lease {
  readonly delivery: Delivery
  overMs: number
  /** Until when NATS waits. */
  heldMs: number
  stop: () => void
}

/**
 * BR-81, BR-82: the leases of one service. It counts their time itself and tells NATS when one is over, or when it goes on for longer
 * than NATS waits; NATS' own count is for a service that is gone.
 */
export class Leases {
  readonly #line: NatsLine
  readonly #leaseMs: number
  readonly #lapsed: (delivery: Delivery) => void
  readonly #leases = new Map<string, Lease>()

  constructor(line: NatsLine, leaseMs: number, lapsed: (delivery: Delivery) => void) {
    this.#line = line
    this.#leaseMs = leaseMs
    this.#lapsed = lapsed
  }

  get size(): number {
    return this.#leases.size
  }

  has(seq: number): boolean {
    return [...this.#leases.values()].some(({ delivery }) => delivery.seq === seq)
  }

  hold(delivery: Delivery): void {
    const overMs = delivery.askedMs + this.#leaseMs
    const lease: Lease = { delivery, overMs, heldMs: overMs + GRACE_MS, stop: () => undefined }
    this.#leases.set(delivery.reply, lease)
    this.#watch(lease)
  }

  /** Ends a lease; undefined if there is none of that receipt, or it is over. */
  end(receipt: string): Delivery | undefined {
    const lease = this.#leases.get(receipt)
    if (lease === undefined || lease.overMs <= monotonic.now()) return undefined
    lease.stop()
    this.#leases.delete(receipt)
    return lease.delivery
  }

  /** Over in `ms` from now. False if it is over. @throws broker/failed */
  async extend(receipt: string, ms: number): Promise<boolean> {
    const lease = this.#leases.get(receipt)
    if (lease === undefined || lease.overMs <= monotonic.now()) return false
    const now = monotonic.now()
    const overMs = now + ms
    if (overMs > lease.overMs) await this.#line.request('keep a lease', receipt, '+WPI')
    if (this.#leases.get(receipt) !== lease) return false
    if (overMs > lease.overMs) lease.heldMs = now + this.#leaseMs + GRACE_MS
    lease.overMs = overMs
    this.#watch(lease)
    return true
  }

  /** Ends all of them. */
  close(): readonly Delivery[] {
    const all = [...this.#leases.values()]
    this.#leases.clear()
    return all.map(({ delivery, stop }) => {
      stop()
      return delivery
    })
  }

  /** Sleeps until the lease is over, or NATS has to be told that it is not. */
  #watch(lease: Lease): void {
    lease.stop()
    const now = monotonic.now()
    if (lease.overMs <= now) {
      this.#lapse(lease)
      return
    }
    const isEnough = lease.heldMs >= lease.overMs + GRACE_MS
    const halfMs = (this.#leaseMs + GRACE_MS) / 2
    lease.stop = monotonic.after(isEnough ? lease.overMs - now : Math.min(halfMs, lease.overMs - now), () => {
      if (lease.overMs > monotonic.now()) this.#keep(lease)
      this.#watch(lease)
    })
  }

  #keep(lease: Lease): void {
    this.#line.send(lease.delivery.reply, '+WPI')
    lease.heldMs = monotonic.now() + this.#leaseMs + GRACE_MS
  }

  #lapse(lease: Lease): void {
    this.#leases.delete(lease.delivery.reply)
    this.#lapsed(lease.delivery)
  }
}
