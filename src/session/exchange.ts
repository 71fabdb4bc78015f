import type { Route } from './agreement.js'
import { type Labels, NO_LABELS } from './frames.js'
import type { BeginHead } from './framewriter.js'
import { ReceiveWindow, SendWindow } from './windows.js'

interface Windows {
  /** The window this end declared for an exchange. */
  readonly receive: number
  /** The window the peer declared. */
  readonly send: number
}

/** One conversation of frames. It counts until both its ends have passed (SE-45). */
export class Exchange {
  readonly route: Route
  /** What the BEGIN of an own exchange says; undefined if the peer began it. */
  readonly head: BeginHead | undefined
  readonly oneWay: boolean
  readonly #windows: Windows
  #receive: ReceiveWindow | undefined
  #send: SendWindow | undefined
  /** 0 until its BEGIN is framed: ids leave no gaps (SE-44). */
  id = 0
  /** The message or reply of this end, until all of it is framed. */
  body: Uint8Array | undefined
  /** Body bytes sent and received so far. */
  sent = 0
  received = 0
  sendEnded = false
  receiveEnded = false
  /** As the peer's BEGIN has it: ms, 0 for none. */
  ttlMs = 0
  labels: Labels = NO_LABELS
  /** Monotonic ms; Infinity for none. */
  deadlineAt = Number.POSITIVE_INFINITY
  /** The peer's message is not wanted: what still comes is counted and dropped. */
  refused = false
  /** The message is with its handler. */
  dispatched = false
  /** The last word of this end to a peer's exchange is a FAULT; until it is framed the exchange counts (SE-45). */
  faulted = false
  /** Somebody waits to hear that a one-way message was taken. */
  awaited = false
  /** The peer's STOP has come. */
  stopped = false
  /** Nobody waits for the outcome any more; the code says why. */
  abandoned: 'call/cancelled' | 'call/deadline' | undefined
  /** Gives limits of the policy back. */
  release: (() => void) | undefined

  constructor(route: Route, head: BeginHead | undefined, windows: Windows) {
    this.route = route
    this.head = head
    this.oneWay = route.row.kind === 'oneWay'
    this.#windows = windows
  }

  /** True if this end began it. */
  get mine(): boolean {
    return this.head !== undefined
  }

  // Most exchanges are one small message each way: a window is made when a message comes in pieces.
  get receiveWindow(): ReceiveWindow {
    this.#receive ??= new ReceiveWindow(this.#windows.receive)
    return this.#receive
  }

  get sendWindow(): SendWindow {
    this.#send ??= new SendWindow(this.#windows.send)
    return this.#send
  }

  get sendRoom(): number {
    return this.#send === undefined ? this.#windows.send : this.#send.room
  }

  get over(): boolean {
    return this.sendEnded && this.receiveEnded
  }

  /** Gives what the policy counts back, once. */
  releaseLimits(): void {
    this.release?.()
    this.release = undefined
  }
}
