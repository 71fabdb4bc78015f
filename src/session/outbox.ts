import { EMPTY } from '../bytes.js'
import { MAX_PLAINTEXT } from '../channel/record.js'
import { SottoError } from '../errors.js'
import {
  BEGIN_CHARGE,
  BEGIN_OVERHEAD,
  chargeOf,
  DATA_OVERHEAD,
  dueOf,
  exchangeCharge,
  isFree,
  namingOf,
  overheadOf,
  sessionCharge,
} from './charge.js'
import { type Exchange, ITEM_CHARGE } from './exchange.js'
import { FLAG, MAX_FRAMES } from './frames.js'
import { type BeginHead, writeBegin, writeData } from './framewriter.js'
import type { Limits } from './limits.js'
import { Line } from './line.js'
import { SendWindow } from './windows.js'

/** Bytes of control frames that may wait to be sent (SE-53). */
export const CONTROL_BUDGET = 65_536
/** Room kept at the end of a record for REKEY. */
export const REKEY_ROOM = 2
/** A smaller piece waits for more room, unless it is the last. */
const LEAST_PIECE = 1_024
/** Lanes that are lines; streams come behind. */
const LINES = 3
/** Turns in a record, when many wait for one. */
const TURNS = 4

/**
 * Where every outbox of the process fills a record. Nothing waits between filling and sealing it, and what is sealed is wiped, so
 * no session finds another's bytes here; a buffer each would be most of what an idle session weighs.
 */
const SCRATCH = new Uint8Array(MAX_PLAINTEXT)

/** Who is told of what was framed. */
interface Owner {
  /** Gives the exchange its id, just before its BEGIN is written (SE-44); `whole` is true if nothing follows in it. */
  begins(exchange: Exchange, head: BeginHead, whole: boolean): number
  /** A whole message is framed; its direction has ended with it if `ended`. */
  framed(exchange: Exchange, ended: boolean): void
}

/** What takes turns: messages of many exchanges in their order, or one exchange. */
type Lane = Line | Exchange

/** A frame that needs no credit (SE-48). */
interface Urgent {
  readonly bytes: Uint8Array
  /** True if it counts against the budget of control frames. */
  readonly counted: boolean
  readonly framed: (() => void) | undefined
}

/**
 * What waits to be sealed: frames that need no credit in their order, then messages, a quarter of a record at a turn
 * (SE-120). All one-way messages are one lane, which keeps their order (SE-71); so are calls and replies that go whole,
 * and those that go in pieces; each stream is a lane of its own. One message is in pieces at a time (SE-47). One order for
 * FAULT and CREDIT: credit given after a refusal cannot overtake it (SE-54).
 */
export class Outbox {
  readonly #limit: number
  readonly #turn: number
  readonly #window: SendWindow
  /** Bytes of body, subject and labels that always go whole in the end. */
  readonly #whole: number
  readonly #leastPiece: number
  readonly #owner: Owner
  #urgent: Urgent[] = []
  #controlBytes = 0
  readonly #ones = new Line()
  readonly #calls = new Line()
  readonly #large = new Line()
  /** These three, then the streams that have something to send. */
  readonly #lanes: Lane[] = [this.#ones, this.#calls, this.#large]
  /** Whose turn it is. */
  #next = 0
  /** The exchange whose message is in pieces. */
  #pieced: Exchange | undefined
  /** Session credit that one-way messages, calls and replies will take. */
  #committed = 0
  #frames = 0
  /** What has its turn needs more room in the record, or more credit of the session: all wait for it. */
  #full = false

  constructor(allowed: Limits, declared: Limits, owner: Owner) {
    this.#limit = allowed.plaintext - REKEY_ROOM
    this.#turn = Math.floor(this.#limit / TURNS)
    this.#window = new SendWindow(declared.sessionWindow)
    const window = Math.min(declared.sessionWindow, declared.exchangeWindow)
    this.#whole = Math.min(this.#limit - BEGIN_OVERHEAD, window / 2 - BEGIN_CHARGE)
    this.#leastPiece = Math.min(LEAST_PIECE, Math.floor(this.#turn / 2))
    this.#owner = owner
  }

  get empty(): boolean {
    return this.#busy === 0 && this.#urgent.length === 0
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

  /** Queues what the exchange has to send: its message or reply; of a stream, what was added to it. */
  push(exchange: Exchange): void {
    const lane = exchange.stream ? exchange : this.#lineOf(exchange)
    // Who asks first goes first.
    const first = this.#busy === 0
    if (lane instanceof Line) {
      lane.push(exchange)
      this.#committed += chargeOf(exchange)
    } else if (!this.#lanes.includes(lane)) this.#lanes.push(lane)
    if (first) this.#next = this.#lanes.indexOf(lane)
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
    const waiting = this.#lanes.flatMap((lane) => (lane instanceof Line ? lane.waiting : [lane]))
    return waiting.filter(({ id }) => id === 0)
  }

  /** Takes back what an exchange has waiting. */
  drop(exchange: Exchange): void {
    if (this.#pieced === exchange) this.#pieced = undefined
    if (exchange.stream) this.#remove(exchange)
    const line = exchange.stream || exchange.body === undefined ? undefined : this.#lineOf(exchange)
    if (line !== undefined) this.#committed -= chargeOf(exchange)
    exchange.unsend()
    line?.dropped()
  }

  /** As `drop`, of a stream, but for the rest of an item in pieces: what comes next in pieces comes behind it (SE-47). */
  curtail(exchange: Exchange): void {
    const { items, body = EMPTY } = exchange
    if (this.#pieced === exchange) {
      items.waiting = ITEM_CHARGE + body.length
      items.behind.length = 0
    } else this.drop(exchange)
  }

  /** The next record's plaintext, to be sealed and wiped before any outbox fills again; undefined when nothing can go. */
  fill(): Uint8Array | undefined {
    this.#frames = 0
    const urgent = this.#fillUrgent(0)
    // A RESET that has no room yet speaks of pieces that have gone: no others may go before it (SE-47).
    const at = this.#urgent.length === 0 ? this.#fillMessages(urgent) : urgent
    return at === 0 ? undefined : SCRATCH.subarray(0, at)
  }

  /** Appends a last frame of at most two bytes to the plaintext `fill` gave. */
  append(plaintext: Uint8Array, frame: Uint8Array): Uint8Array {
    SCRATCH.set(frame, plaintext.length)
    return SCRATCH.subarray(0, plaintext.length + frame.length)
  }

  erase(): void {
    SCRATCH.fill(0)
    this.#urgent = []
    this.#controlBytes = 0
    for (const line of [this.#ones, this.#calls, this.#large]) line.clear()
    this.#lanes.length = LINES
    this.#next = 0
    this.#committed = 0
    this.#pieced = undefined
  }

  /** Lanes in which something waits. */
  get #busy(): number {
    const lines = Number(!this.#ones.empty) + Number(!this.#calls.empty) + Number(!this.#large.empty)
    return lines + this.#lanes.length - LINES
  }

  #lineOf(exchange: Exchange): Line {
    // CV-28: what has an answer does not overtake what has none, where the order of both means something.
    if (exchange.oneWay || (exchange.mine && exchange.route.row.flow !== undefined)) return this.#ones
    return this.#isLarge(exchange) ? this.#large : this.#calls
  }

  #fillUrgent(from: number): number {
    let at = from
    let count = 0
    for (const { bytes, counted, framed } of this.#urgent) {
      if (at + bytes.length > this.#limit || !this.#roomForFrame) break
      SCRATCH.set(bytes, at)
      this.#frames++
      at += bytes.length
      count++
      if (counted) this.#controlBytes -= bytes.length
      framed?.()
    }
    if (count > 0) this.#urgent = this.#urgent.slice(count)
    return at
  }

  // One is kept for REKEY.
  get #roomForFrame(): boolean {
    return this.#frames < MAX_FRAMES - 1
  }

  /** Turns, until every lane has had one in which nothing of it could go. */
  #fillMessages(from: number): number {
    this.#full = false
    let at = from
    // SE-157: what needs no credit of the session is not held up by what waits for it.
    for (const lane of this.#lanes.slice(LINES)) if (!(lane instanceof Line) && isFree(lane)) at = this.#serve(lane, at)
    for (let idle = 0; idle < this.#lanes.length; ) {
      // The last may have left, and then the first is next.
      this.#next %= this.#lanes.length
      const lane = this.#lanes[this.#next] ?? this.#ones
      const behind = this.#serve(lane, at)
      // What could not go at all is the first when there is room again.
      if (this.#full && behind === at) return at
      idle = behind === at ? idle + 1 : 0
      at = behind
      // A stream that has nothing more has left, and the next has its place.
      if (this.#lanes[this.#next] === lane) this.#next++
    }
    return at
  }

  #serve(lane: Lane, from: number): number {
    const behind = from + this.#turn
    let at = from
    while (at < behind) {
      const exchange = lane instanceof Line ? lane.next() : lane
      if (exchange === undefined || !exchange.hasMore) break
      if (!this.#roomForFrame) this.#full = true
      const next = this.#full ? at : this.#write(exchange, at, behind)
      if (next === at) break
      at = next
      if (exchange.body !== undefined) continue
      if (lane instanceof Line) lane.shift()
      else if (!lane.hasMore) this.#remove(lane)
    }
    return at
  }

  #write(exchange: Exchange, at: number, turnEnd: number): number {
    if (exchange.body === undefined) return this.#writeEnd(exchange, at)
    if (exchange.sendsChunks) return this.#writePiece(exchange, at, turnEnd)
    if (!this.#isLarge(exchange)) return this.#writeWhole(exchange, at)
    const waits = this.#pieced !== undefined && this.#pieced !== exchange
    return waits ? at : this.#writePiece(exchange, at, turnEnd)
  }

  /** Nothing is left but to say so. */
  #writeEnd(exchange: Exchange, at: number): number {
    const word = exchange.items.lastWord
    this.#full = at + (word?.length ?? DATA_OVERHEAD) > this.#limit
    if (this.#full) return at
    this.#frames++
    const behind = word === undefined ? writeData(SCRATCH, at, exchange.id, FLAG.end, EMPTY) : at + word.length
    if (word !== undefined) SCRATCH.set(word, at)
    this.#owner.framed(exchange, true)
    return behind
  }

  #writeWhole(exchange: Exchange, at: number): number {
    const body = exchange.body ?? EMPTY
    if (body.length + exchangeCharge(exchange) > exchange.sendRoom) return at // SE-62
    this.#full = at + overheadOf(exchange) + body.length > this.#limit || chargeOf(exchange) > this.#window.room
    return this.#full ? at : this.#frame(exchange, at, body, false)
  }

  #writePiece(exchange: Exchange, at: number, turnEnd: number): number {
    const body = exchange.body ?? EMPTY
    const left = body.length - exchange.offset
    const least = Math.min(left, this.#leastPiece)
    const own = exchange.sendRoom - exchangeCharge(exchange)
    if (own < least) return at
    const from = at + overheadOf(exchange)
    const credit = isFree(exchange) ? left : this.#window.room - sessionCharge(exchange)
    this.#full = from + least > this.#limit || credit < least
    if (this.#full) return at
    // Nobody else waits for the rest of the record.
    const end = this.#busy === 1 ? this.#limit : Math.min(Math.max(turnEnd, from + least), this.#limit)
    const size = Math.min(left, end - from, credit, own)
    return this.#frame(exchange, at, body.subarray(exchange.offset, exchange.offset + size), size < left)
  }

  /** A BEGIN where there is none yet, else a DATA. */
  #frame(exchange: Exchange, at: number, body: Uint8Array, more: boolean): number {
    const head = dueOf(exchange)
    const chunk = exchange.sendsChunks
    const ends = !more && exchange.endsNow
    const flags = ends ? FLAG.end : more && !chunk ? FLAG.more : 0
    // What of an item is still to come takes the charge of it.
    const free = head === undefined && exchange.stream && flags === FLAG.more
    if (!isFree(exchange)) this.#take(exchange, body.length + (free ? 0 : sessionCharge(exchange)))
    // A call needs no more credit once it has gone, so nothing is left to count.
    if (!ends || exchange.stream) exchange.sendWindow.take(body.length + (free ? 0 : exchangeCharge(exchange)))
    if (head !== undefined) exchange.id = this.#owner.begins(exchange, head, ends)
    this.#frames++
    exchange.sent += body.length
    exchange.offset += body.length
    if (flags === FLAG.more) this.#pieced = exchange
    const behind =
      head === undefined
        ? writeData(SCRATCH, at, exchange.id, flags, body)
        : writeBegin(SCRATCH, at, exchange.id, head, flags, body)
    if (!more) this.#framed(exchange, ends)
    return behind
  }

  #take(exchange: Exchange, charge: number): void {
    this.#window.take(charge)
    if (!exchange.stream) this.#committed -= charge
  }

  #framed(exchange: Exchange, ended: boolean): void {
    if (this.#pieced === exchange) this.#pieced = undefined
    exchange.passed()
    this.#owner.framed(exchange, ended)
  }

  /** True if a message goes in pieces: it may never fit a record, or half of a window. */
  #isLarge(exchange: Exchange): boolean {
    return exchange.offset > 0 || (exchange.body?.length ?? 0) + namingOf(dueOf(exchange)) > this.#whole
  }

  #remove(exchange: Exchange): void {
    const at = this.#lanes.indexOf(exchange)
    if (at < 0) return
    this.#lanes.splice(at, 1)
    if (at < this.#next) this.#next--
  }
}
