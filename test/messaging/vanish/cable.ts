import { type Arrivals, type Pipe, PipeTransport, type Transport } from '../../../src/transport/transport.js'

/** How a peer vanishes: its transport ends, or fails, or carries nothing more and says nothing of it. */
export const HOW = ['ends', 'fails', 'is silent'] as const
export type How = (typeof HOW)[number]

/** Two transports in one process that are cut at a byte of what both write, counted in the order they write it. */
export class Cable {
  readonly left: Transport
  readonly right: Transport
  /** Bytes written since it was last armed, and how many there were before each write. */
  #bytes = 0
  #writes: number[] = []
  #cutAt = Number.POSITIVE_INFINITY
  #how: How = 'ends'
  #cut = false
  readonly #both: readonly Arrivals[]

  constructor() {
    const left: PipeTransport = new PipeTransport(() => this.#pipe(() => right))
    const right: PipeTransport = new PipeTransport(() => this.#pipe(() => left))
    this.left = left
    this.right = right
    this.#both = [left, right]
  }

  /** Counts from here on, and cuts once `at` bytes have gone over. */
  arm(at: number, how: How): void {
    this.#bytes = 0
    this.#writes = []
    this.#cutAt = at
    this.#how = how
    if (at === 0) this.cut()
  }

  /** Where each write began, and the end of the last. */
  get bounds(): readonly number[] {
    return [...this.#writes, this.#bytes]
  }

  cut(): void {
    if (this.#cut) return
    this.#cut = true
    for (const end of this.#both) {
      if (this.#how === 'ends') end.ended()
      if (this.#how !== 'fails') continue
      end.unreadable(new Error('reset'))
      end.unwritable(new Error('reset'))
    }
  }

  #pipe(other: () => Arrivals): Pipe {
    return {
      send: (bytes) => this.#send(bytes, other()),
      finish: () => {
        if (this.#cut && this.#how === 'is silent') return new Promise(() => undefined)
        other().ended()
        return Promise.resolve()
      },
      destroy: (reason = new Error('closed by the other end')) => {
        if (this.#cut && this.#how === 'is silent') return
        other().unreadable(reason)
        other().unwritable(reason)
      },
      resume: () => other().room(),
    }
  }

  #send(bytes: Uint8Array, other: Arrivals): boolean {
    if (this.#cut) return true
    const left = this.#cutAt - this.#bytes
    this.#writes.push(this.#bytes)
    this.#bytes += bytes.length
    const room = other.arrived(bytes.slice(0, left))
    if (bytes.length < left) return room
    this.cut()
    return true
  }
}
