import { EMPTY } from '../bytes.js'
import type { Carries } from '../contract/operation.js'
import type { ErrorCode, Ran, SottoError } from '../errors.js'
import { isOneWay, type Route } from './agreement.js'
import type { Step } from './conversations.js'
import type { Delivery } from './delivery.js'
import { type Labels, NO_LABELS } from './frames.js'
import type { BeginHead } from './framewriter.js'
import type { Admitted } from './gate.js'
import { ReceiveWindow, SendWindow } from './windows.js'

/** What an item or chunk of a stream costs of both windows beside its body (SE-124). */
export const ITEM_CHARGE = 64

interface Windows {
  /** The window this end declared for an exchange. */
  readonly receive: number
  /** The window the peer declared. */
  readonly send: number
}

/** An own item that waits, and the proof that it may go, where each is asked for. */
export interface Waiting {
  readonly body: Uint8Array
  readonly admitted: Admitted | undefined
  /** What it hands to a subscription or a consumer, which is asked for once more if the rules change. */
  readonly delivery: Delivery | undefined
  /** When that was asked for, in ms of the session's clock. */
  readonly atMs: number
}

/** What a stream has beside other exchanges. */
class Streaming {
  /** The message at hand, if it is an item. */
  current: Waiting | undefined
  /** Items that follow the message at hand. */
  readonly behind: Waiting[] = []
  /** Deliveries that the rules were asked for. */
  asked = 0
  /** Bytes of items that wait, with what each costs. */
  waiting = 0
  /** The FAULT that ends this end's direction behind them. */
  lastWord: Uint8Array | undefined
}

const NO_ITEMS = Object.freeze(new Streaming())

/** One conversation of frames. It counts until both its ends have passed (SE-45). */
export class Exchange {
  readonly route: Route
  /** What the BEGIN of an own exchange says; undefined if the peer began it. */
  readonly head: BeginHead | undefined
  readonly oneWay: boolean
  readonly stream: boolean
  /** Of a stream; of all others, the same and empty. */
  readonly items: Streaming
  readonly #windows: Windows
  #receive: ReceiveWindow | undefined
  #send: SendWindow | undefined
  /** 0 until its BEGIN is framed: ids leave no gaps (SE-44). */
  id = 0
  /** The message of this end that goes out now, until all of it is framed. */
  body: Uint8Array | undefined
  /** Bytes of `body` that are framed. */
  offset = 0
  /** The direction of this end is over behind what waits. */
  last = false
  /** Body bytes sent and received so far, and whole messages. */
  sent = 0
  received = 0
  messagesSent = 0
  messagesReceived = 0
  sendEnded = false
  receiveEnded = false
  /** As the peer's BEGIN has it: ms, 0 for none. */
  ttlMs = 0
  labels: Labels = NO_LABELS
  /** Of the conversation it is a step of, before it; and the step, of a peer's. */
  state: string | undefined
  step: Step | undefined
  /** Monotonic ms; Infinity for none. */
  deadlineAt = Number.POSITIVE_INFINITY
  /** The peer's direction is not wanted: what still comes is counted and dropped. */
  refused = false
  /** The message is on its way to its handler, which may see it once it was found to stand (SE-133). */
  dispatched = false
  started = false
  /** The last word of this end to a peer's exchange is a FAULT; until it is framed the exchange counts (SE-45). */
  faulted = false
  /** Somebody waits to hear that what was sent is taken. */
  awaited = false
  /** The peer's STOP has come; the own STOP has gone. */
  stopped = false
  stopping = false
  /** Nobody waits for the outcome any more; the code says why. */
  abandoned: Extract<ErrorCode, 'call/cancelled' | 'call/deadline'> | undefined
  /** It stands, and the session is to end (SE-158). */
  leaving = false
  /** The proof that what began it may go, or was let in. */
  admitted: Admitted | undefined
  /** Gives limits of the policy back, once. */
  release: (() => void) | undefined
  /** It is over, or lost with its session. */
  #settled = false
  /** Its handler is done, or it never had one. */
  #handled = false
  /** The rules deny by now what they let the peer begin. */
  narrowed: SottoError | undefined

  constructor(route: Route, head: BeginHead | undefined, windows: Windows) {
    this.route = route
    this.head = head
    this.oneWay = isOneWay(route)
    this.stream = route.standing || route.verb === 'stream'
    this.items = this.stream ? new Streaming() : NO_ITEMS
    this.#windows = windows
  }

  /** True if this end began it. */
  get mine(): boolean {
    return this.head !== undefined
  }

  /** What this end sends behind the request, and what it takes; undefined for what stands, where both are items. */
  get sends(): Carries | undefined {
    return this.mine ? this.route.row.up : this.route.row.down
  }

  get takes(): Carries | undefined {
    return this.mine ? this.route.row.down : this.route.row.up
  }

  /** True until the request of an own exchange has gone. */
  get asking(): boolean {
    return this.mine && this.messagesSent === 0
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

  /** True if the direction of this end is over with the message at hand. */
  get endsNow(): boolean {
    return this.last && this.items.behind.length === 0 && this.items.lastWord === undefined
  }

  /** Something of this end waits to be framed. */
  get hasMore(): boolean {
    return this.body !== undefined || (this.stream && this.last && !this.sendEnded)
  }

  /** What it sends now are bytes, which are in no pieces. */
  get sendsChunks(): boolean {
    return !this.asking && this.sends === 'bytes'
  }

  get over(): boolean {
    return this.sendEnded && this.receiveEnded
  }

  /** What its sender may say of the work: no message runs before the whole of it has gone; what sends items runs. */
  get ran(): Ran {
    return this.messagesReceived > 0 ? 'yes' : this.messagesSent > 0 ? 'maybe' : 'no'
  }

  /** The limits of the policy hold it until they get it back. */
  admit(admitted: Admitted): void {
    this.admitted = admitted
    this.release = admitted.release
  }

  /** Another item of a stream, behind those that wait. */
  add(item: Waiting): void {
    this.items.waiting += ITEM_CHARGE + item.body.length
    if (this.body === undefined) this.#take(item)
    else this.items.behind.push(item)
  }

  /** The message at hand has gone; the next takes its place. */
  passed(): void {
    const { body = EMPTY, items, asking } = this
    items.current?.admitted?.framed(this.id, this.messagesSent)
    this.messagesSent++
    this.offset = 0
    this.#take(items.behind.shift())
    if (this.stream && !asking) items.waiting -= ITEM_CHARGE + body.length
  }

  /** Forgets what this end has waiting. */
  unsend(): void {
    this.body = undefined
    this.offset = 0
    if (!this.stream) return
    this.items.current = undefined
    this.items.behind.length = 0
    this.items.lastWord = undefined
    this.items.waiting = 0
  }

  /** It is over: what the policy counts goes back, or waits for its handler (PO-56). */
  releaseLimits(): void {
    this.#settled = true
    this.#giveBack()
  }

  /** Its handler is done, in whatever session, or it was dropped before one saw it: until then it keeps its place (PO-56). */
  handled(): void {
    this.#handled = true
    // SE-156: of one that its handler has seen this means nothing.
    this.step?.drop()
    this.#giveBack()
  }

  #giveBack(): void {
    if (!this.#settled || (this.dispatched && !this.#handled)) return
    this.release?.()
    this.release = undefined
  }

  #take(item: Waiting | undefined): void {
    this.body = item?.body
    if (this.stream) this.items.current = item
  }
}
