import { concat, EMPTY } from '../bytes.js'
import type { Wire } from '../cbor.js'
import { recordLength } from '../channel/record.js'
import { Splitter } from '../channel/splitter.js'
import { ERRORS, SottoError } from '../errors.js'
import type { PolicyStore } from '../policy/store.js'
import type { Act } from './acts.js'
import { Closing } from './closing.js'
import type { Delivery } from './delivery.js'
import { cutOff, endedByPeer, firstDefect } from './ends.js'
import { Established } from './established.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import type { Fault } from './faults.js'
import { decodeFrames, FRAMES, type Frame } from './frames.js'
import { encodeFrame } from './framewriter.js'
import type { Admitted, Denial } from './gate.js'
import { Initiator } from './initiator.js'
import { Keys } from './keys.js'
import type { Arrived } from './narrowing.js'
import type { Opening } from './opening.js'
import { decodePacket, type Packet, packetLength } from './packets.js'
import { Responder } from './responder.js'
import type { InitiatorSide, ResponderSide, Side } from './side.js'
import { expectEvent, follow, type SessionEvent, type StateName } from './states.js'
import { Traffic } from './traffic.js'

/**
 * One session, whole: bytes and times in, bytes and events out. Synchronous and deterministic; it never waits, and
 * reads no clock: every `nowMs` is monotonic milliseconds from the same source. After each call the edge writes what
 * `take` gives, handles what `next` gives, and sets its one timer to `wakeAt`.
 */
export class Engine {
  readonly #side: Side
  readonly #opening: Opening
  readonly #splitter = new Splitter()
  readonly #output: Uint8Array[] = []
  #events: EngineEvent[] = []
  #state: StateName
  #keys: Keys | undefined
  #traffic: Traffic | undefined
  readonly #handshakeAt: number
  readonly #closing = new Closing()

  private constructor(side: Side, opening: Opening, state: StateName, nowMs: number) {
    this.#side = side
    this.#opening = opening
    this.#state = state
    this.#handshakeAt = nowMs + side.handshakeMs
    const first = opening.start()
    if (first !== undefined) this.#output.push(first)
  }

  static initiate({ psk, ...side }: InitiatorSide, nowMs: number): Engine {
    // SE-83: of a psk only the handshake has a copy.
    return new Engine(side, new Initiator({ ...side, ...(psk && { psk }) }), 'I.answer', nowMs)
  }

  static respond(side: ResponderSide, nowMs: number): Engine {
    return new Engine(side, new Responder(side), 'R.hello', nowMs)
  }

  get state(): StateName {
    return this.#state
  }

  /** Bytes from the transport, in any cut; borrowed. */
  receive(bytes: Uint8Array, nowMs: number): void {
    // What is late by now is late, though the timer has not run yet.
    this.wake(nowMs)
    this.#guard(() => {
      this.#splitter.push(bytes)
      while (!this.over) {
        const keys = this.#keys
        const unit = this.#splitter.next(keys === undefined ? packetLength : recordLength)
        if (unit === undefined) break
        if (keys === undefined) this.#packet(decodePacket(unit), nowMs)
        else this.#record(unit, keys, nowMs)
      }
      // Of a session that is over nothing is kept, so what follows an authenticated end is not looked at (SE-41, ME-44).
      this.#splitter.keep()
    })
  }

  /** The transport ended, or failed with `cause`. Without the peer's END that is never a clean end (SE-43). */
  ended(cause?: unknown): void {
    if (!this.over) this.#die(cutOff(this.#traffic && this.#keys?.finished.opener.total, cause))
  }

  /** The next bytes to write, freshly allocated; undefined when there are none now. */
  take(nowMs: number): Uint8Array | undefined {
    if (this.#output.length === 0) this.#guard(() => this.#seal(nowMs))
    return this.#output.shift()
  }

  /** The next event; undefined when there is none now. */
  next(): EngineEvent | undefined {
    return this.#events.shift()
  }

  /** When `wake` has something to do; Infinity for never. */
  wakeAt(): number {
    if (this.over) return Number.POSITIVE_INFINITY
    if (this.#traffic === undefined || this.#keys === undefined) return this.#handshakeAt
    return Math.min(this.#traffic.wakeAt, this.#keys.wakeAt, this.#closing.at)
  }

  /** The timer. Too early a call does nothing. */
  wake(nowMs: number): void {
    if (nowMs < this.wakeAt()) return
    this.#guard(() => {
      const traffic = this.#traffic
      if (traffic === undefined) throw SottoError.of('session/timeout', `no session after ${this.#side.handshakeMs} ms`)
      traffic.wake(nowMs)
      this.#keys?.wake(nowMs)
      if (nowMs >= this.#closing.at) this.#closing.late(traffic, nowMs)
    })
  }

  /** The own gate. @throws session/closed, contract/unserved, contract/invalid, call/too-large */
  admit(act: Act, nowMs: number): Admitted | Denial {
    return this.#live().exchanges.acts.admit(act, nowMs)
  }

  /** Queues an admitted message. `taken` is true if credit covers it now. @throws session/closed, session/busy */
  begin(admitted: Admitted, nowMs: number): { readonly exchange: Exchange; readonly taken: boolean } {
    return this.#live().exchanges.begin(admitted, nowMs)
  }

  /** The reply to a message that was dispatched. @throws contract/invalid, call/too-large */
  reply(exchange: Exchange, value: Wire | undefined): void {
    this.#traffic?.exchanges.reply(exchange, value)
  }

  /** Ends a message that was dispatched without a reply. @throws cbor/unencodable, RangeError on details too large */
  fault(exchange: Exchange, fault: Fault): void {
    this.#traffic?.exchanges.faultBehind(exchange, fault)
  }

  /** Queues an item of a stream: true if there is room for more, else `taken` follows. @throws contract/invalid, call/too-large */
  item(exchange: Exchange, value: Wire, nowMs: number): boolean | Denial {
    return this.over || this.#traffic === undefined ? true : this.#traffic.exchanges.items.add(exchange, value, nowMs)
  }

  /** As `item`, for what stands of the peer, once the rules let it go there; one that `waits` is only asked for. @throws call/too-large */
  deliver(exchange: Exchange, delivery: Delivery, nowMs: number, waits = false): boolean | 'denied' {
    return this.over || (this.#traffic?.exchanges.items.deliver(exchange, delivery, nowMs, waits) ?? true)
  }

  /** The own direction of a stream ends behind what was queued. */
  end(exchange: Exchange): void {
    this.#traffic?.exchanges.items.end(exchange)
  }

  /** No more of the peer's direction of a stream is wanted. */
  stop(exchange: Exchange): void {
    this.#traffic?.exchanges.items.stop(exchange)
  }

  /** Asked right before user code sees a message or an item: true, else why it may not, and then it is done with (SE-133). */
  stands(event: Arrived): true | SottoError {
    const { narrowing } = this.#traffic ?? {}
    if (narrowing === undefined) return true
    return this.#guard(() => narrowing.stands(event)) ?? narrowing.stands(event)
  }

  /** A message or an item left the edge's hands: credit goes back, with `refusal` if that is told to who sent it one way. */
  consumed(event: Arrived, refusal?: Fault): void {
    this.#guard(() => this.#traffic?.arrivals.consumed(event, refusal))
  }

  /** Gives an own exchange up; its fault event follows. */
  cancel(exchange: Exchange): void {
    this.#guard(() => this.#traffic?.exchanges.cancel(exchange, 'call/cancelled'))
  }

  /** Sends a PING; its number comes back in the event `pong`. @throws session/closed, session/busy */
  ping(nowMs: number): number {
    const count = this.#live().ping(nowMs)
    if (count === undefined) throw SottoError.of('session/busy', 'too many PINGs are under way already')
    return count
  }

  /** Shows the peer a newer credential of the own key. @throws session/closed, session/busy, session/limit, RangeError */
  renew(credential: Uint8Array, nowMs: number): void {
    this.#live().renew(credential, nowMs)
  }

  /** What is trusted has changed: a session with a peer that is trusted no more ends, and says so (SE-105). */
  retrust(nowMs: number): void {
    this.#guard(() => this.#traffic?.retrust(nowMs))
  }

  /** The policy has changed: what it denies by now ends, and nothing else (SE-128). */
  reask(nowMs: number): void {
    this.#guard(() => this.#traffic?.narrowing.reask(nowMs))
  }

  /** The policy it asks. */
  get policy(): PolicyStore {
    return this.#side.policy
  }

  /** DRAIN, then END once all is done, or `timeoutMs` later (SE-42). */
  close(nowMs: number, timeoutMs: number): void {
    if (this.over || this.#traffic?.isCut === true) return
    const traffic = this.#traffic
    if (traffic === undefined) this.#die(SottoError.of('session/closed', 'closed during the handshake'))
    else if (this.#closing.begin(nowMs + timeoutMs)) this.#guard(() => traffic.drain())
  }

  /** Ends at once, without a byte. */
  abort(error: SottoError): void {
    if (this.over) return
    this.#output.length = 0
    this.#end('dead', error, undefined)
  }

  /** True when nothing more comes in or goes out, but what `take` and `next` still hold. */
  get over(): boolean {
    return this.#state === 'closed' || this.#state === 'dead' || this.#state === 'refused'
  }

  #packet(packet: Packet, nowMs: number): void {
    const event = this.#opening.eventOf(this.#state, packet)
    expectEvent(this.#state, event)
    const { to, packet: answer, finished, record, outcome } = this.#opening.take(event, packet, nowMs)
    if (answer !== undefined) this.#output.push(answer)
    this.#state = follow(this.#state, event, to)
    if (finished === undefined) return
    const keys = new Keys(finished, this.#side)
    this.#keys = keys
    if (outcome instanceof Established) this.#opened(outcome, keys, nowMs)
    if (record !== undefined) this.#output.push(keys.seal(record))
    if (outcome instanceof SottoError) this.#end(to, outcome, undefined)
  }

  #record(unit: Uint8Array, keys: Keys, nowMs: number): void {
    const frames = decodeFrames(keys.open(unit))
    this.#traffic?.received(nowMs)
    // A verdict is alone in its record (SE-27): nothing else may come first, and nothing may follow it.
    for (const frame of frames) this.#frame(frame, keys, nowMs)
    keys.recordRead()
  }

  #frame(frame: Frame, keys: Keys, nowMs: number): void {
    const { event } = FRAMES[frame.is]
    expectEvent(this.#state, event)
    const traffic = this.#traffic
    if (traffic === undefined) {
      this.#opened(this.#opening.verdict(frame, keys.finished), keys, nowMs)
      this.#state = follow(this.#state, event, 'open')
      return
    }
    switch (frame.is) {
      case 'REKEY':
        keys.rekeyed(frame.generation, nowMs)
        break
      case 'REFRESH':
        keys.heard(frame.body, nowMs)
        break
      case 'END':
        // An END is the last frame of its record, which is judged before it is the end.
        keys.recordRead()
        this.#peerEnded(frame.code === 0 ? undefined : endedByPeer(frame.code), event)
        break
      case 'ACCEPT':
      case 'REFUSE':
        throw new RangeError('the state table lets no verdict in here')
      default:
        traffic.frame(frame, nowMs)
    }
  }

  #opened(established: Established, keys: Keys, nowMs: number): void {
    this.#traffic = new Traffic(established, keys.finished, this.#side, (event) => this.#events.push(event), nowMs)
    keys.opened(established, this.#traffic.exchanges.outbox, nowMs)
    this.#events.push({ is: 'established', established })
  }

  /** The peer's END: open exchanges are lost, the own END follows if it was not sent (SE-41). */
  #peerEnded(error: SottoError | undefined, event: SessionEvent): void {
    const answer = error === undefined && this.#state === 'open' ? 0 : undefined
    this.#end(follow(this.#state, event, error === undefined ? 'closed' : 'dead'), error, answer)
  }

  /** Fills and seals one record; END when closing and all is done. */
  #seal(nowMs: number): void {
    const traffic = this.#traffic
    const keys = this.#keys
    if (this.#state !== 'open' || traffic === undefined || keys === undefined) return // SE-15
    // SE-128: nothing is framed that was not asked for by the rules of now.
    traffic.narrowing.reask(nowMs)
    const record = keys.next(traffic.exchanges.outbox, nowMs)
    if (record !== undefined) {
      this.#output.push(record)
      traffic.sent(nowMs)
    } else if (this.#closing.begun && traffic.exchanges.idle) {
      traffic.cut(undefined)
      keys.close()
      this.#output.push(keys.seal(concat(traffic.unsaid, encodeFrame({ is: 'END', code: 0 }))))
      this.#state = 'ending'
      this.#closing.cut(nowMs)
    }
  }

  #live(): Traffic {
    if (this.#traffic === undefined || this.#traffic.isCut || this.#state !== 'open')
      throw SottoError.of('session/closed', 'the session is closed') // LI-21
    return this.#traffic
  }

  /** What `act` gives; undefined if the session is over, before or by it. */
  #guard<T>(act: () => T): T | undefined {
    if (this.over) return undefined
    try {
      return act()
    } catch (error) {
      // A SottoError here is the session's end; anything else is a defect and is the caller's to see.
      if (!(error instanceof SottoError)) throw error
      this.#die(error)
      return undefined
    }
  }

  /** Before ACCEPT every fault closes without a byte (SE-9); after it the peer learns the code, if it has one (SE-68). */
  #die(error: SottoError): void {
    const wire = this.#state === 'open' ? ERRORS[error.code].wire : 0
    if (this.#traffic === undefined) this.#output.length = 0
    this.#end('dead', error, wire === 0 ? undefined : wire)
  }

  /** Never throws: each of these is done whatever the others do, and the first failure is told as the end. */
  #end(state: StateName, error: SottoError | undefined, endCode: number | undefined): void {
    this.#state = state
    const failed = firstDefect([
      () => this.#sayEnd(endCode),
      () => this.#traffic?.end(error),
      () => this.#keys?.erase(),
      () => this.#opening.end(),
      () => this.#splitter.erase(),
    ])
    this.#events.push({ is: 'closed', error: failed ?? error })
  }

  #sayEnd(code: number | undefined): void {
    if (code === undefined || this.#keys === undefined) return
    this.#output.push(this.#keys.seal(concat(this.#traffic?.unsaid ?? EMPTY, encodeFrame({ is: 'END', code }))))
  }
}
