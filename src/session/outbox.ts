import { EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { Exchange } from './exchange.js'
import { FLAG, MAX_FRAMES } from './frames.js'
import { type BeginHead, writeBegin, writeData } from './framewriter.js'
import type { Limits } from './limits.js'
import { SendWindow } from './windows.js'

/** What a BEGIN costs of the session window beside labels and body: it bounds messages in number (SE-50). */
export const BEGIN_CHARGE = 64
/** Bytes of control frames that may wait to be sent (SE-53). */
export const CONTROL_BUDGET = 65_536
/** Room kept at the end of a record for REKEY. */
export const REKEY_ROOM = 2
/** A message above this may be split to fill a record. */
const SPLIT_ABOVE = 16_384
/** A smaller piece waits for more room, unless it is the last. */
const LEAST_PIECE = 1_024
/** Bytes around a body, at most: type, flags and varints of 8, 8, 8 and 4 bytes, labels apart. */
const BEGIN_OVERHEAD = 30
const DATA_OVERHEAD = 14

/** Who is told of what was framed. */
interface Owner {
  /** Gives the exchange its id, just before its BEGIN is written (SE-44); `whole` is true if nothing follows in it. */
  begins(exchange: Exchange, head: BeginHead, whole: boolean): number
  /** The whole message is framed and its direction has ended. */
  framed(exchange: Exchange): void
}

interface Partial {
  readonly exchange: Exchange
  readonly body: Uint8Array
  offset: number
}

/** A frame that needs no credit. */
interface Urgent {
  readonly bytes: Uint8Array
  /** True if it counts against the budget of control frames. */
  readonly counted: boolean
  readonly framed: (() => void) | undefined
}

/**
 * What waits to be sealed: frames that need no credit in their order, then whole messages in theirs, then the one in
 * pieces (SE-47, SE-48). One order for FAULT and CREDIT: credit given after a refusal cannot overtake it (SE-54).
 */
export class Outbox {
  readonly #limit: number
  readonly #window: SendWindow
  readonly #halfWindow: number
  readonly #halfExchange: number
  readonly #leastPiece: number
  readonly #owner: Owner
  readonly #scratch: Uint8Array
  #urgent: Urgent[] = []
  #controlBytes = 0
  /** From `#head` on; what was dropped has no body. */
  #queue: Exchange[] = []
  #head = 0
  /** Of the queue, at most; what has been passed since is not taken off. */
  #dropped = 0
  #partial: Partial | undefined
  /** Session credit the queue will take. */
  #committed = 0
  #frames = 0

  constructor(allowed: Limits, declared: Limits, owner: Owner) {
    this.#limit = allowed.plaintext - REKEY_ROOM
    this.#window = new SendWindow(declared.sessionWindow)
    this.#halfWindow = declared.sessionWindow / 2
    this.#halfExchange = declared.exchangeWindow / 2
    // Whole messages leave half of a record, however small it is.
    this.#leastPiece = Math.min(LEAST_PIECE, this.#limit / 4)
    this.#owner = owner
    this.#scratch = new Uint8Array(allowed.plaintext)
  }

  get empty(): boolean {
    return this.#head === this.#queue.length && this.#partial === undefined && this.#urgent.length === 0
  }

  /** A control frame that the peer can make this end owe without limit. @throws session/limit over the budget (SE-53) */
  control(bytes: Uint8Array): void {
    this.#controlBytes += bytes.length
    if (this.#controlBytes > CONTROL_BUDGET)
      throw SottoError.of('session/limit', 'the peer asks for more control frames than it reads')
    this.#urgent.push({ bytes, counted: true, framed: undefined })
  }

  /** FAULT, RESET or STOP: exchanges and credit bound their number. `framed` is called when it is in a record. */
  notice(bytes: Uint8Array, framed?: () => void): void {
    this.#urgent.push({ bytes, counted: false, framed })
  }

  /** Queues what the exchange has to send: its message, or its reply. */
  push(exchange: Exchange): void {
    this.#queue.push(exchange)
    this.#committed += chargeOf(exchange)
  }

  /** True if credit covers all that waits and this exchange's message behind it. */
  covers(exchange: Exchange): boolean {
    return this.#committed + chargeOf(exchange) <= this.#window.room
  }

  /** CREDIT of the session. @throws session/malformed */
  raise(limit: number): void {
    this.#window.raise(limit)
  }

  /** Own exchanges that wait here for their BEGIN. */
  get unframed(): readonly Exchange[] {
    const partial = this.#partial === undefined ? [] : [this.#partial.exchange]
    return [...partial, ...this.#queue.slice(this.#head)].filter((exchange) => isLive(exchange) && exchange.id === 0)
  }

  /** Takes back what an exchange has waiting. */
  drop(exchange: Exchange): void {
    if (!isLive(exchange)) return
    const charge = chargeOf(exchange)
    exchange.body = undefined
    const partial = this.#partial
    if (partial?.exchange === exchange) {
      this.#committed -= partial.offset === 0 ? charge : partial.body.length - partial.offset
      this.#partial = undefined
      return
    }
    this.#committed -= charge
    this.#dropped++
    // What is left is never all dropped.
    if (2 * this.#dropped > this.#queue.length - this.#head) this.#compact()
  }

  /** The next record's plaintext, a view that is valid until the next call; undefined when nothing can go. */
  fill(): Uint8Array | undefined {
    this.#frames = 0
    const at = this.#fillMessages(this.#fillUrgent(0))
    return at === 0 ? undefined : this.#scratch.subarray(0, at)
  }

  /** Appends a last frame of at most two bytes to the plaintext `fill` gave. */
  append(plaintext: Uint8Array, frame: Uint8Array): Uint8Array {
    this.#scratch.set(frame, plaintext.length)
    return this.#scratch.subarray(0, plaintext.length + frame.length)
  }

  erase(): void {
    this.#scratch.fill(0)
    this.#urgent = []
    this.#controlBytes = 0
    this.#queue = []
    this.#head = 0
    this.#dropped = 0
    this.#committed = 0
    this.#partial = undefined
  }

  #fillUrgent(from: number): number {
    let at = from
    let count = 0
    for (const { bytes, counted, framed } of this.#urgent) {
      if (!this.#fits(bytes, at)) break
      at = this.#put(bytes, at)
      count++
      if (counted) this.#controlBytes -= bytes.length
      framed?.()
    }
    if (count > 0) this.#urgent = this.#urgent.slice(count)
    return at
  }

  #fits(bytes: Uint8Array, at: number): boolean {
    return at + bytes.length <= this.#limit && this.#roomForFrame
  }

  // One frame is kept for REKEY.
  get #roomForFrame(): boolean {
    return this.#frames < MAX_FRAMES - 1
  }

  #put(bytes: Uint8Array, at: number): number {
    this.#scratch.set(bytes, at)
    this.#frames++
    return at + bytes.length
  }

  #fillMessages(from: number): number {
    let at = from
    const share = this.#share(from)
    // Credit is shared as a record is.
    const spare = this.#partial === undefined ? 0 : this.#window.room / 2
    for (let next = this.#next(); next !== undefined && this.#roomForFrame; next = this.#next()) {
      const behind = this.#writeWhole(next, at, share, spare)
      if (behind === undefined) {
        if (this.#partial === undefined && this.#splits(next, at)) {
          this.#partial = { exchange: next, body: next.body ?? EMPTY, offset: 0 }
          this.#shift()
        }
        break
      }
      at = behind
    }
    return this.#partial === undefined || !this.#roomForFrame ? at : this.#writePiece(this.#partial, at)
  }

  /**
   * Where whole messages end: one in pieces leaves them half of each record, once it has begun. Nothing passes a one-way
   * message, so that these come in the order they were sent (SE-71).
   */
  #share(from: number): number {
    if (this.#partial === undefined) return this.#limit
    const { exchange, offset } = this.#partial
    return offset === 0 || exchange.oneWay ? from : from + (this.#limit - from) / 2
  }

  /** Writes the message and ends its direction, if it fits the share of the record and leaves `spare` of the session's credit. */
  #writeWhole(exchange: Exchange, at: number, share: number, spare: number): number | undefined {
    const { head, body = EMPTY } = exchange
    const charge = chargeOf(exchange)
    if (charge > this.#window.room - spare || body.length > exchange.sendRoom) return undefined
    if (at + overheadOf(head) + body.length > share) return undefined
    this.#shift()
    const behind = this.#write(exchange, head, at, FLAG.end, body)
    this.#committed -= charge
    this.#window.take(charge)
    this.#framed(exchange)
    return behind
  }

  /** True if the message goes in pieces: it can never go whole, or it is worth filling this record with it. */
  #splits({ head, body = EMPTY }: Exchange, at: number): boolean {
    const overhead = overheadOf(head)
    return (
      overhead + body.length > this.#limit ||
      body.length + fixedCharge(head) > this.#halfWindow ||
      body.length > this.#halfExchange ||
      (body.length > SPLIT_ABOVE && this.#limit - at > LEAST_PIECE + overhead)
    )
  }

  #writePiece(partial: Partial, at: number): number {
    const { exchange, body, offset } = partial
    const head = offset === 0 ? exchange.head : undefined
    const fixed = fixedCharge(head)
    const left = body.length - offset
    const room = Math.min(this.#limit - at - overheadOf(head), this.#window.room - fixed, exchange.sendRoom)
    const size = Math.min(left, room)
    if (size < Math.min(left, this.#leastPiece)) return at
    const last = size === left
    const piece = body.subarray(offset, offset + size)
    const behind = this.#write(exchange, head, at, last ? FLAG.end : FLAG.more, piece)
    partial.offset += size
    this.#committed -= fixed + size
    this.#window.take(fixed + size)
    if (!last) return behind
    this.#partial = undefined
    this.#framed(exchange)
    return behind
  }

  /** A BEGIN where there is a head, else a DATA. */
  #write(exchange: Exchange, head: BeginHead | undefined, at: number, flags: number, body: Uint8Array): number {
    if (head !== undefined) exchange.id = this.#owner.begins(exchange, head, flags === FLAG.end)
    this.#count(exchange, flags, body)
    return head === undefined
      ? writeData(this.#scratch, at, exchange.id, flags, body)
      : writeBegin(this.#scratch, at, exchange.id, head, flags, body)
  }

  #count(exchange: Exchange, flags: number, body: Uint8Array): void {
    this.#frames++
    exchange.sent += body.length
    // The last piece needs no more credit, so nothing is left to count.
    if (flags !== FLAG.end) exchange.sendWindow.take(body.length)
  }

  #framed(exchange: Exchange): void {
    exchange.body = undefined
    this.#owner.framed(exchange)
  }

  /** The first of the queue that was not dropped. */
  #next(): Exchange | undefined {
    for (;;) {
      const next = this.#queue[this.#head]
      if (next === undefined || isLive(next)) return next
      this.#shift()
    }
  }

  #shift(): void {
    this.#head++
    if (2 * this.#head >= this.#queue.length) this.#compact()
  }

  #compact(): void {
    const left = this.#queue.length - this.#head
    this.#queue = left === 0 ? [] : this.#queue.slice(this.#head)
    this.#head = 0
    if (this.#dropped === 0) return
    this.#queue = this.#queue.filter(isLive)
    this.#dropped = 0
  }
}

const isLive = ({ body }: Exchange): boolean => body !== undefined

/** What a message takes of the session window in all. */
const chargeOf = ({ head, body = EMPTY }: Exchange): number => body.length + fixedCharge(head)

const fixedCharge = (head: BeginHead | undefined): number =>
  head === undefined ? 0 : BEGIN_CHARGE + head.labels.length

const overheadOf = (head: BeginHead | undefined): number =>
  head === undefined ? DATA_OVERHEAD : BEGIN_OVERHEAD + head.labels.length
