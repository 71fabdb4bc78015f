import { EMPTY } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import { Arrivals } from './arrivals.js'
import type { Established } from './established.js'
import type { EngineEvent } from './events.js'
import { Exchanges } from './exchanges.js'
import { type Frame, MAX_CREDENTIAL } from './frames.js'
import { encodeFrame } from './framewriter.js'
import { Gate } from './gate.js'
import { leave } from './leaving.js'
import { Narrowing } from './narrowing.js'
import { REKEY_ROOM } from './outbox.js'
import { Pulse } from './pulse.js'
import type { Side } from './side.js'
import { notTrusted, type Shown, Standing } from './standing.js'

/** What goes on in an open session: its exchanges, its PINGs, its draining, who the peer is. Keys and the end are the engine's. */
export class Traffic {
  readonly exchanges: Exchanges
  readonly arrivals: Arrivals
  readonly narrowing: Narrowing
  readonly #pulse: Pulse
  readonly #standing: Standing
  readonly #side: Side
  readonly #emit: (event: EngineEvent) => void
  #draining = false
  #cut = false
  /** A DRAIN that is in no record yet. */
  #drain = EMPTY

  constructor(established: Established, shown: Shown, side: Side, emit: (event: EngineEvent) => void, nowMs: number) {
    const gate = new Gate({
      peer: established.peer,
      policy: side.policy.forPeer(established.peer),
      sessionId: established.id,
      outbound: established.role === 'initiator' ? 'ir' : 'ri',
      suite: established.suite.name,
      epochMs: side.epochMs,
      openedMs: nowMs,
    })
    this.exchanges = new Exchanges(established, gate, emit)
    this.arrivals = new Arrivals(this.exchanges, emit, side.conversations)
    this.narrowing = new Narrowing(this.exchanges, this.arrivals.intake, emit)
    this.#pulse = new Pulse(established.own, established.allowed, side.keepaliveMs, nowMs)
    this.#standing = new Standing(shown, side.epochMs, nowMs)
    this.#side = side
    this.#emit = emit
    gate.trail.opened(established)
  }

  /** When `wake` has something to do. */
  get wakeAt(): number {
    return Math.min(this.exchanges.deadlineAt, this.#pulse.wakeAt, this.#standing.endsAt)
  }

  /** @throws session/timeout if the peer was silent for too long (SE-61), identity/not-trusted if its trust ended (SE-104) */
  wake(nowMs: number): void {
    if (this.#pulse.expired(nowMs)) throw SottoError.of('session/timeout', 'the peer was silent for too long')
    if (this.#standing.ended(nowMs) && !this.#recheck(nowMs)) throw notTrusted('its credential has expired')
    this.exchanges.wake(nowMs)
    if (this.#pulse.due(nowMs)) this.ping(nowMs)
  }

  /** A record was opened. */
  received(nowMs: number): void {
    this.#pulse.received(nowMs)
  }

  /** A record was sealed. */
  sent(nowMs: number): void {
    this.#pulse.sent(nowMs)
  }

  /** Queues a PING; its number, or undefined if the peer would count one too many (SE-53), or miss one that was cut (SE-69). */
  ping(nowMs: number): number | undefined {
    const count = this.#cut ? undefined : this.#pulse.ping(nowMs)
    if (count !== undefined) this.exchanges.outbox.control(encodeFrame({ is: 'PING', count }))
    this.#pulse.sent(nowMs)
    return count
  }

  /** Shows the peer a credential of 1 to 4,096 bytes (SE-100). @throws RangeError, session/limit, session/busy */
  renew(credential: Uint8Array, nowMs: number): void {
    const { length } = credential
    if (length < 1 || length > MAX_CREDENTIAL)
      throw new RangeError(`expected a credential of 1..${MAX_CREDENTIAL} bytes, got ${length}`)
    const frame = encodeFrame({ is: 'CREDENTIAL', body: credential })
    const { plaintext } = this.exchanges.established.allowed
    if (frame.length + REKEY_ROOM > plaintext)
      throw SottoError.of(
        'session/limit',
        `the peer takes records of ${plaintext} bytes, got a credential of ${length}`,
      )
    if (!this.#standing.mayRenew(nowMs)) throw SottoError.of('session/busy', 'too many credentials were sent already')
    this.exchanges.outbox.notice(frame)
  }

  /** What is trusted has changed (SE-105). @throws identity/not-trusted */
  retrust(nowMs: number): void {
    if (!this.#recheck(nowMs)) throw notTrusted('trust here has changed')
  }

  /** DRAIN: nothing new is taken or begun from here on (SE-42). */
  drain(): void {
    this.exchanges.close()
    leave(this.exchanges, this.#emit)
    this.#drain = encodeFrame({ is: 'DRAIN', last: this.arrivals.drain() })
    this.exchanges.outbox.notice(this.#drain, () => {
      this.#drain = EMPTY
    })
  }

  /** What goes in front of an END 0: without its DRAIN the peer would not learn what was not taken (SE-66). */
  get unsaid(): Uint8Array {
    return this.#drain
  }

  /** True from `cut` on. */
  get isCut(): boolean {
    return this.#cut
  }

  /** Before the own END: what is open is lost here and now, and what the peer still says of it has no effect (SE-67). */
  cut(error: SottoError | undefined): void {
    this.#cut = true
    this.narrowing.end()
    this.exchanges.lose(error)
  }

  /** The session is over: every exchange is lost, and of what has come in part nothing is kept. */
  end(error: SottoError | undefined): void {
    this.narrowing.end()
    this.arrivals.erase()
    this.exchanges.lose(error)
    this.exchanges.gate.trail.closed(error)
  }

  /** Any frame that touches neither the keys nor the end. @throws session/malformed, session/limit */
  frame(
    frame: Exclude<Frame, { readonly is: 'ACCEPT' | 'REFUSE' | 'REKEY' | 'REFRESH' | 'END' }>,
    nowMs: number,
  ): void {
    switch (frame.is) {
      case 'PING':
        this.#pulse.hear(frame.count, nowMs)
        if (!this.#cut) this.exchanges.outbox.control(encodeFrame({ is: 'PONG', count: frame.count }))
        break
      case 'PONG':
        this.#pulse.answer(frame.count)
        this.#emit({ is: 'pong', count: frame.count })
        break
      case 'CREDENTIAL':
        this.#become(this.#standing.heard(frame.body, nowMs), nowMs)
        break
      case 'DRAIN':
        this.#drained(frame.last)
        break
      default:
        if (!this.#cut) this.arrivals.apply(frame, nowMs)
    }
  }

  /** Judges the peer again: false if it is trusted no more. */
  #recheck(nowMs: number): boolean {
    const peer = this.#standing.recheck(nowMs)
    if (peer !== undefined) this.#become(peer, nowMs)
    return peer !== undefined
  }

  /** From here on decisions are about the peer as it is now, those on what stands among them (SE-106). */
  #become(peer: Peer, nowMs: number): void {
    if (peer === this.exchanges.gate.peer) return
    this.exchanges.gate.renew(peer, this.#side.policy.forPeer(peer))
    this.#emit({ is: 'renewed', peer })
    this.narrowing.reask(nowMs)
  }

  /** Once, and of an exchange this end has begun (SE-38). */
  #drained(last: number): void {
    const { lastMine } = this.exchanges
    const begun = last === 0 || (last <= lastMine && last % 2 === lastMine % 2)
    if (this.#draining || !begun) throw SottoError.of('session/malformed', 'a DRAIN that cannot be')
    this.#draining = true
    this.exchanges.drained(last)
    this.#emit({ is: 'draining' })
    leave(this.exchanges, this.#emit)
  }
}
