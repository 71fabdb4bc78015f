import type { Wire } from '../cbor.js'
import { recordLength } from '../channel/record.js'
import { Splitter } from '../channel/splitter.js'
import { codeOfWire, ERRORS, type ErrorCode, SottoError } from '../errors.js'
import { Arrivals } from './arrivals.js'
import { Established, type Finished } from './established.js'
import type { EngineEvent } from './events.js'
import type { Exchange } from './exchange.js'
import { type Act, Exchanges } from './exchanges.js'
import type { Fault } from './faults.js'
import { decodeFrames, FRAMES, type Frame } from './frames.js'
import { encodeFrame } from './framewriter.js'
import { type Admitted, type Denial, Gate } from './gate.js'
import { Initiator } from './initiator.js'
import { decodePacket, type Packet, packetLength } from './packets.js'
import { Pulse } from './pulse.js'
import { Responder } from './responder.js'
import type { InitiatorSide, ResponderSide, Side } from './side.js'
import { expectEvent, follow, type SessionEvent, type StateName } from './states.js'

/** How long an END is waited for after the own one, in ms (SE-42). */
const END_MS = 1_000

interface Open {
  readonly exchanges: Exchanges
  readonly arrivals: Arrivals
  readonly pulse: Pulse
}

/**
 * One session, whole: bytes and times in, bytes and events out. Synchronous and deterministic; it never waits, and
 * reads no clock: every `nowMs` is monotonic milliseconds from the same source. After each call the edge writes what
 * `take` gives, handles what `next` gives, and sets its one timer to `wakeAt`.
 */
export class Engine {
  readonly #side: Side
  readonly #initiator: Initiator | undefined
  readonly #responder: Responder | undefined
  readonly #splitter = new Splitter()
  readonly #output: Uint8Array[] = []
  #events: EngineEvent[] = []
  #state: StateName
  #finished: Finished | undefined
  #open: Open | undefined
  readonly #handshakeAt: number
  #closeAt = Number.POSITIVE_INFINITY
  #draining = false

  private constructor(side: Side, role: { initiator?: Initiator; responder?: Responder }, nowMs: number) {
    this.#side = side
    this.#initiator = role.initiator
    this.#responder = role.responder
    this.#state = role.initiator === undefined ? 'R.hello' : 'I.answer'
    this.#handshakeAt = nowMs + side.handshakeMs
    if (role.initiator !== undefined) this.#output.push(role.initiator.start())
  }

  static initiate(side: InitiatorSide, nowMs: number): Engine {
    return new Engine(side, { initiator: new Initiator(side) }, nowMs)
  }

  static respond(side: ResponderSide, nowMs: number): Engine {
    return new Engine(side, { responder: new Responder(side) }, nowMs)
  }

  get state(): StateName {
    return this.#state
  }

  /** Bytes from the transport, in any cut; borrowed. */
  receive(bytes: Uint8Array, nowMs: number): void {
    this.#guard(() => {
      this.#splitter.push(bytes)
      while (!this.over) {
        const unit = this.#splitter.next(this.#finished === undefined ? packetLength : recordLength)
        if (unit === undefined) break
        if (this.#finished === undefined) this.#packet(decodePacket(unit), nowMs)
        else this.#record(unit, this.#finished, nowMs)
      }
      // What follows an authenticated end is not looked at (SE-41).
      if (!this.over) this.#splitter.keep()
    })
  }

  /** The transport ended, or failed with `cause`. Without the peer's END that is never a clean end (SE-43). */
  ended(cause?: unknown): void {
    if (this.over) return
    const records = this.#finished?.opener.total ?? 0
    const error =
      this.#open === undefined
        ? SottoError.of('session/lost', 'the transport ended during the handshake', { cause })
        : SottoError.of('channel/truncated', `the transport ended after ${records} records without END`, {
            details: { records },
            cause,
          })
    this.#die(error)
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
    if (this.#open === undefined) return this.#handshakeAt
    const { exchanges, pulse } = this.#open
    return Math.min(exchanges.deadlineAt, pulse.wakeAt, this.#closeAt)
  }

  /** The timer. Too early a call does nothing. */
  wake(nowMs: number): void {
    if (this.over) return
    this.#guard(() => {
      if (this.#open === undefined) {
        if (nowMs >= this.#handshakeAt)
          throw SottoError.of('session/timeout', `no session after ${this.#side.handshakeMs} ms`)
        return
      }
      const { exchanges, pulse } = this.#open
      if (pulse.expired(nowMs)) throw SottoError.of('session/timeout', 'the peer was silent for too long')
      exchanges.wake(nowMs)
      if (pulse.due(nowMs)) this.#ping(this.#open, nowMs)
      if (nowMs >= this.#closeAt) this.#closeNow(exchanges)
    })
  }

  /** The own gate. @throws session/closed, contract/unserved, contract/invalid, call/too-large */
  admit(act: Act, nowMs: number): Admitted | Denial {
    return this.#live().exchanges.admit(act, nowMs)
  }

  /** Queues an admitted message. `taken` is true if credit covers it now. @throws session/closed, session/busy */
  begin(admitted: Admitted, nowMs: number): { readonly exchange: Exchange; readonly taken: boolean } {
    return this.#live().exchanges.begin(admitted, nowMs)
  }

  /** The reply to a message that was dispatched. @throws contract/invalid, call/too-large */
  reply(exchange: Exchange, value: Wire | undefined): void {
    if (!this.over) this.#open?.exchanges.reply(exchange, value)
  }

  /** Ends a message that was dispatched without a reply. @throws cbor/unencodable, RangeError on details too large */
  fault(exchange: Exchange, fault: Fault): void {
    if (!this.over) this.#open?.exchanges.fault(exchange, fault)
  }

  /** A message's bytes left the edge's hands: credit goes back. */
  consumed(message: { readonly charge: number; readonly held: number }): void {
    this.#guard(() => this.#open?.arrivals.consumed(message))
  }

  /** Gives an own exchange up; its fault event follows. */
  cancel(exchange: Exchange): void {
    this.#guard(() => this.#open?.exchanges.cancel(exchange, 'call/cancelled'))
  }

  /** Sends a PING; its number comes back in the event `pong`. @throws session/closed */
  ping(nowMs: number): number {
    const open = this.#live()
    return this.#ping(open, nowMs)
  }

  /** DRAIN, then END once all is done, or `timeoutMs` later (SE-42). */
  close(nowMs: number, timeoutMs: number): void {
    const open = this.#open
    if (this.over) return
    if (open === undefined) this.#die(SottoError.of('session/closed', 'closed during the handshake'))
    else if (this.#closeAt === Number.POSITIVE_INFINITY) this.#guard(() => this.#drain(open, nowMs + timeoutMs))
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
    const initiator = this.#initiator
    if (initiator === undefined) {
      this.#answerPacket(packet, nowMs)
      return
    }
    const event = packet.noise.length === 0 ? 'retry' : 'message2'
    expectEvent(this.#state, event)
    if (event === 'retry') {
      this.#output.push(initiator.retry(packet))
      this.#follow(event, 'I.answer2')
      return
    }
    const { packet: message3, finished } = initiator.answer(packet, nowMs)
    this.#finished = finished
    this.#output.push(message3)
    this.#follow(event, 'I.verdict')
  }

  #answerPacket(packet: Packet, nowMs: number): void {
    const responder = this.#responder
    const event = this.#state === 'R.message3' ? 'message3' : 'hello'
    expectEvent(this.#state, event)
    if (responder === undefined) throw new RangeError('a session without a role')
    if (event === 'hello') {
      const { packet: reply, to } = responder.hello(packet)
      this.#output.push(reply)
      this.#follow(event, to)
      return
    }
    const { finished, frame, outcome } = responder.message3(packet, nowMs)
    this.#finished = finished
    this.#output.push(finished.sealer.seal(frame))
    if (outcome instanceof Established) {
      this.#follow(event, 'open')
      this.#opened(outcome, nowMs)
    } else this.#end(follow(this.#state, event, 'refused'), outcome, undefined)
  }

  #record(unit: Uint8Array, finished: Finished, nowMs: number): void {
    if (unit.length - 18 > this.#side.limits.plaintext)
      throw SottoError.of('session/limit', `the peer sent a record over ${this.#side.limits.plaintext} bytes`)
    const frames = decodeFrames(finished.opener.open(unit))
    this.#open?.pulse.received(nowMs)
    // ACCEPT or REFUSE stands alone in its record (SE-27).
    if (this.#state === 'I.verdict' && frames.length !== 1)
      throw SottoError.of('session/unexpected', 'expected ACCEPT or REFUSE alone')
    for (const frame of frames) this.#frame(frame, finished, nowMs)
  }

  #frame(frame: Frame, finished: Finished, nowMs: number): void {
    const { event } = FRAMES[frame.is]
    expectEvent(this.#state, event)
    const open = this.#open
    if (open === undefined) {
      const established = this.#initiator?.verdict(frame, finished)
      if (established === undefined) throw new RangeError('a record before its session')
      this.#follow(event, 'open')
      this.#opened(established, nowMs)
      return
    }
    switch (frame.is) {
      case 'PING':
        open.pulse.hear(frame.count, nowMs)
        if (this.#state === 'open') open.exchanges.outbox.control(encodeFrame({ is: 'PONG', count: frame.count }))
        break
      case 'PONG':
        open.pulse.answer(frame.count)
        this.#emit({ is: 'pong', count: frame.count })
        break
      case 'REKEY':
        if (frame.generation !== 0) throw SottoError.of('session/malformed', 'REKEY without a pending key')
        finished.opener.rekey()
        break
      case 'DRAIN':
        this.#drained(open, frame.last)
        break
      case 'END':
        this.#peerEnded(frame.code, event)
        break
      case 'ACCEPT':
      case 'REFUSE':
        throw new RangeError('the state table lets no verdict in here')
      default:
        open.arrivals.apply(frame, nowMs)
    }
  }

  #opened(established: Established, nowMs: number): void {
    const emit = (event: EngineEvent): void => this.#emit(event)
    const gate = new Gate({
      peer: established.peer,
      policy: this.#side.policy.forPeer(established.peer),
      sessionId: established.id,
      outbound: established.role === 'initiator' ? 'ir' : 'ri',
      suite: established.suite.name,
      epochMs: this.#side.epochMs,
      openedMs: nowMs,
    })
    const exchanges = new Exchanges(established, gate, emit)
    const arrivals = new Arrivals(exchanges, emit)
    const pulse = new Pulse(established.own, established.allowed, this.#side.keepaliveMs, nowMs)
    this.#open = { exchanges, arrivals, pulse }
    this.#emit({ is: 'established', established })
  }

  #drained({ exchanges }: Open, last: number): void {
    if (this.#draining || last > exchanges.lastMine) throw SottoError.of('session/malformed', 'a DRAIN that cannot be')
    this.#draining = true
    exchanges.drained(last)
    this.#emit({ is: 'draining' })
  }

  /** The peer's END: open exchanges are lost, the own END follows if it was not sent (SE-41). */
  #peerEnded(code: number, event: SessionEvent): void {
    if (code !== 0) {
      const known = codeOfWire(code)
      const error = SottoError.of('session/lost', `the peer ended the session: ${known ?? `code ${code}`}`)
      this.#end(follow(this.#state, event, 'dead'), error, undefined)
      return
    }
    const answer = this.#state === 'open' ? 0 : undefined
    this.#end(follow(this.#state, event, 'closed'), undefined, answer)
  }

  /** Fills and seals one record; END when closing and all is done. */
  #seal(nowMs: number): void {
    if (this.#state !== 'open' || this.#open === undefined || this.#finished === undefined) return
    const { exchanges, pulse } = this.#open
    const { sealer } = this.#finished
    const plaintext = exchanges.outbox.fill()
    if (plaintext !== undefined) {
      const rekey = sealer.due
      const last = encodeFrame({ is: 'REKEY', generation: 0 })
      this.#output.push(sealer.seal(rekey ? exchanges.outbox.append(plaintext, last) : plaintext))
      if (rekey) sealer.rekey()
      pulse.sent(nowMs)
    } else if (this.#closeAt !== Number.POSITIVE_INFINITY && exchanges.idle) {
      this.#output.push(sealer.seal(encodeFrame({ is: 'END', code: 0 })))
      this.#state = 'ending'
      this.#closeAt = nowMs + END_MS
    }
  }

  #ping({ exchanges, pulse }: Open, nowMs: number): number {
    const count = pulse.ping()
    exchanges.outbox.control(encodeFrame({ is: 'PING', count }))
    pulse.sent(nowMs)
    return count
  }

  #drain({ exchanges, arrivals }: Open, closeAt: number): void {
    this.#closeAt = closeAt
    exchanges.close()
    exchanges.outbox.control(encodeFrame({ is: 'DRAIN', last: arrivals.drain() }))
  }

  /** The close deadline: what is open is cut; the peer's END is not waited for much longer (SE-42). */
  #closeNow(exchanges: Exchanges): void {
    if (this.#state === 'ending') throw SottoError.of('session/timeout', 'the peer did not end the session')
    exchanges.lose(SottoError.of('session/closed', 'the close deadline passed'))
  }

  #live(): Open {
    if (this.#open === undefined || this.#state !== 'open')
      throw SottoError.of('session/closed', 'the session is closed')
    return this.#open
  }

  #guard(act: () => void): void {
    if (this.over) return
    try {
      act()
    } catch (error) {
      // A SottoError here is the session's end; anything else is a defect and is the caller's to see.
      if (!(error instanceof SottoError)) throw error
      this.#die(error)
    }
  }

  /** Before ACCEPT every fault closes without a byte (SE-9); after it the peer learns the code, if it has one (SE-43). */
  #die(error: SottoError): void {
    const code: ErrorCode = error.code
    const tell = this.#open !== undefined && this.#state === 'open' && ERRORS[code].wire !== 0
    if (this.#open === undefined) this.#output.length = 0
    this.#end('dead', error, tell ? ERRORS[code].wire : undefined)
  }

  #end(state: StateName, error: SottoError | undefined, endCode: number | undefined): void {
    if (endCode !== undefined && this.#finished !== undefined)
      this.#output.push(this.#finished.sealer.seal(encodeFrame({ is: 'END', code: endCode })))
    this.#state = state
    this.#open?.exchanges.lose(error)
    this.#finished?.sealer.erase()
    this.#finished?.opener.erase()
    this.#finished?.split.erase()
    this.#splitter.erase()
    this.#emit({ is: 'closed', error })
  }

  #follow(event: SessionEvent, to: StateName): void {
    this.#state = follow(this.#state, event, to)
  }

  #emit(event: EngineEvent): void {
    this.#events.push(event)
  }
}
