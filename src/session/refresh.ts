import { concat, EMPTY, equal, utf8 } from '../bytes.js'
import { SottoError } from '../errors.js'
import type { HandshakeState } from '../noise/handshake.js'
import type { Split } from '../noise/split.js'
import type { Finished } from './established.js'
import { encodeFrame } from './framewriter.js'
import { checkEphemeral, openHandshake } from './handshake.js'
import { lookOf } from './keylog.js'
import type { Side } from './side.js'
import { SUITES, type Suite } from './suites.js'

/** How long keys are in use before a refresh is due, in ms (CH-30). */
export const REFRESH_MS = 3_600_000
/** From the end of a refresh, or the opening, to the next start, at least, in ms (CH-27). */
export const REFRESH_GAP_MS = 1_000
/** From its start to its end, at most, in ms (CH-27). */
export const REFRESH_LIMIT_MS = 120_000
/** An own start comes no sooner, so that the peer's clock never finds it too soon. */
const LEAST_MS = 2 * REFRESH_GAP_MS
/** What R leaves I to start by itself before it asks. */
const ASK_AFTER_MS = REFRESH_GAP_MS
/** Type and length of a REFRESH, and a REKEY behind it. */
const FRAME_ROOM = 5

/**
 * `due`: the own timer. `ask`, `message`, `switch`: a REFRESH without and with a body, and REKEY 1, of the peer.
 * `switched`: the own REKEY 1 is sealed.
 */
export const REFRESH_EVENTS = ['due', 'ask', 'message', 'switch', 'switched'] as const
export type RefreshEvent = (typeof REFRESH_EVENTS)[number]

/**
 * The table a refresh runs on (CH-25); any other event ends the session, `due` as a timeout. `asked`: R has asked, and may not
 * ask again. `started`: message 1 is out and an ask may cross it; `begun`: no more. `answered`: message 2 is out.
 * `finished`: the last message is through and REKEY 1 of the peer follows. `owing`: the own one follows.
 */
export const REFRESHES = {
  'I.idle': { ask: 'I.asked', due: 'I.started' },
  'I.asked': { due: 'I.begun' },
  'I.started': { ask: 'I.begun', message: 'I.owing' },
  'I.begun': { message: 'I.owing' },
  'I.owing': { switched: 'I.finished' },
  'I.finished': { switch: 'I.idle' },
  'R.idle': { due: 'R.asked', message: 'R.answered' },
  'R.asked': { message: 'R.answered' },
  'R.answered': { message: 'R.finished' },
  'R.finished': { switch: 'R.owing' },
  'R.owing': { switched: 'R.idle' },
} as const satisfies Readonly<Record<string, { readonly [E in RefreshEvent]?: string }>>

export type RefreshState = keyof typeof REFRESHES

const ROWS: Readonly<Record<RefreshState, { readonly [E in RefreshEvent]?: RefreshState }>> = REFRESHES

/** What a refresh needs of its session. */
interface Owner {
  readonly finished: Finished
  readonly side: Side
  /** Bytes of a plaintext that may be sent. */
  readonly limit: number
  /** Queues a frame; `framed` is called when it is in a record. */
  readonly send: (frame: Uint8Array, framed?: () => void) => void
}

/**
 * The refreshes of a session, one after another: fresh ephemerals make new keys for both directions while data flows.
 * It holds the root, and puts new keys into sealer and opener; n goes on under them.
 */
export class Refresh {
  readonly #owner: Owner
  readonly #suite: Suite
  readonly #everyMs: number
  readonly #peer: Uint8Array
  #state: RefreshState
  #root: Uint8Array
  #h: Uint8Array
  /** Of the next refresh. */
  #run = 1
  #nested: HandshakeState | undefined
  /** The pieces of the peer's message so far. */
  #held = EMPTY
  #pending: Split | undefined
  /** True when message 3 is in the record about to be sealed. */
  #framed = false
  #endedAt: number
  #dueAt: number
  #quiet = false

  /** Takes the root over. */
  constructor(owner: Owner, nowMs: number) {
    const { role, suite, split } = owner.finished
    this.#owner = owner
    this.#suite = refreshSuite(suite)
    this.#everyMs = Math.max(LEAST_MS, Math.min(owner.side.rekey.refreshMs ?? REFRESH_MS, REFRESH_MS))
    this.#state = role === 'initiator' ? 'I.idle' : 'R.idle'
    this.#root = split.takeRoot()
    this.#h = concat(split.handshakeHash)
    this.#peer = concat(split.remoteStatic ?? EMPTY)
    this.#endedAt = nowMs
    this.#dueAt = this.#nextDue()
  }

  /** When `wake` has something to do. */
  get wakeAt(): number {
    return this.#dueAt
  }

  /** True if the record about to be sealed must end in REKEY 1 (CH-28). */
  get owes(): boolean {
    return this.#framed || this.#state === 'R.owing'
  }

  /** Starts what is due, or asks for it (CH-24, CH-30). @throws session/timeout after 120 s without completion (CH-27) */
  wake(nowMs: number): void {
    if (nowMs < this.#dueAt) return
    const to = ROWS[this.#state].due
    if (to === undefined) throw SottoError.of('session/timeout', `a refresh did not end in ${REFRESH_LIMIT_MS} ms`)
    this.#go(to)
    this.#dueAt = nowMs + REFRESH_LIMIT_MS
    if (to === 'R.asked') this.#owner.send(encodeFrame({ is: 'REFRESH', body: EMPTY }))
    else this.#say(this.#open().writeMessage())
  }

  /** A REFRESH. @throws session/unexpected, session/malformed, session/limit, noise/failed, identity/not-trusted (CH-25 to CH-27) */
  heard(body: Uint8Array, nowMs: number): void {
    // CH-32: what would be answered is past; the keys that the peer seals with still follow.
    if (this.#quiet && this.#state !== 'R.answered') return
    if (body.length === 0) {
      // CH-23: nothing stands between the pieces of a message.
      if (this.#held.length > 0) throw SottoError.of('session/unexpected', 'expected the rest of a message, got an ask')
      this.#go(this.#next('ask'))
      if (this.#state === 'I.asked') this.#dueAt = Math.min(this.#dueAt, this.#endedAt + LEAST_MS)
      return
    }
    const to = this.#next('message')
    if (to === 'R.answered' && nowMs < this.#endedAt + REFRESH_GAP_MS)
      throw SottoError.of('session/limit', `a refresh under ${REFRESH_GAP_MS} ms after the last`)
    const message = this.#gather(body, this.#suite.sizes[to === 'R.answered' ? 0 : to === 'I.owing' ? 1 : 2])
    if (message === undefined) return
    // CH-27: what was asked for has its time from then on.
    if (this.#state === 'R.idle') this.#dueAt = nowMs + REFRESH_LIMIT_MS
    this.#go(to)
    if (to === 'R.answered') this.#answer(message)
    else if (to === 'I.owing') this.#finish(message)
    else this.#complete(message)
  }

  /** REKEY 1 of the peer: what follows is sealed with the pending key. @throws session/malformed without one (CH-11) */
  switch(nowMs: number): void {
    const to = ROWS[this.#state].switch
    if (to === undefined || this.#pending === undefined)
      throw SottoError.of('session/malformed', 'REKEY 1 without a pending key')
    this.#owner.finished.opener.refresh(this.#pending.receive)
    this.#settle(to, nowMs)
  }

  /** The own REKEY 1 is sealed. */
  switched(nowMs: number): void {
    const to = ROWS[this.#state].switched
    if (to === undefined || this.#pending === undefined) throw new RangeError(`nothing pends in ${this.#state}`)
    this.#framed = false
    this.#owner.finished.sealer.refresh(this.#pending.send)
    this.#settle(to, nowMs)
  }

  /** A whole record was read. @throws session/unexpected if message 3 came in it without REKEY 1 (CH-28) */
  recordRead(): void {
    if (this.#state === 'R.finished')
      throw SottoError.of('session/unexpected', 'expected REKEY 1 in the record of message 3')
  }

  /** The own END is sealed: nothing is sent or waited for any more (CH-32). */
  close(): void {
    this.#quiet = true
    this.#dueAt = Number.POSITIVE_INFINITY
  }

  /** Every secret goes. */
  erase(): void {
    this.#nested?.erase()
    this.#pending?.erase()
    this.#root.fill(0)
  }

  /** Message 1 in, message 2 out. */
  #answer(message: Uint8Array): void {
    checkEphemeral(message)
    const nested = this.#open()
    nested.readMessage(message)
    this.#say(nested.writeMessage())
  }

  /** Message 2 in, message 3 out, behind the check of the static (CH-26). */
  #finish(message: Uint8Array): void {
    checkEphemeral(message)
    const nested = this.#live()
    nested.readMessage(message)
    this.#checkStatic(nested)
    const last = encodeFrame({ is: 'REFRESH', body: nested.writeMessage() })
    this.#renew(nested)
    this.#owner.send(last, () => {
      this.#framed = true
    })
  }

  /** Message 3 in. */
  #complete(message: Uint8Array): void {
    const nested = this.#live()
    nested.readMessage(message)
    this.#checkStatic(nested)
    this.#renew(nested)
  }

  /** CH-20, CH-22: the root is used once, and overwritten. */
  #open(): HandshakeState {
    const { finished, side } = this.#owner
    const run = Uint8Array.of(this.#run >>> 24, this.#run >>> 16, this.#run >>> 8, this.#run)
    const prologue = concat(utf8('Sotto/1 refresh'), this.#h, run)
    this.#nested = openHandshake(side, finished.role, this.#suite, prologue, this.#root)
    this.#root.fill(0)
    return this.#nested
  }

  #live(): HandshakeState {
    if (this.#nested === undefined) throw new RangeError(`no handshake is open in ${this.#state}`)
    return this.#nested
  }

  /** The peer of a session stays the peer it was: its static is known, and was canonical. */
  #checkStatic(nested: HandshakeState): void {
    if (!equal(nested.remoteStatic ?? EMPTY, this.#peer))
      throw SottoError.of('identity/not-trusted', 'a refresh with another static key than the session')
  }

  /** CH-29: the keys pend, the next root and h are there. */
  #renew(nested: HandshakeState): void {
    const { finished, side } = this.#owner
    this.#pending = nested.splitUnder(lookOf(side.keyLog, this.#run, () => finished.sessionId))
    this.#nested = undefined
    this.#pending.eraseExporter()
    this.#root = this.#pending.takeRoot()
    this.#h = concat(this.#pending.handshakeHash)
    this.#run++
  }

  /** Both directions have their keys when the state is idle again. */
  #settle(to: RefreshState, nowMs: number): void {
    this.#go(to)
    if (to !== 'I.idle' && to !== 'R.idle') return
    this.#pending = undefined
    this.#endedAt = nowMs
    this.#dueAt = this.#nextDue()
  }

  #nextDue(): number {
    return this.#endedAt + this.#everyMs + (this.#state === 'R.idle' ? ASK_AFTER_MS : 0)
  }

  /** In one frame, or in pieces where the peer takes only short records (CH-23), among all else that goes (CH-31). */
  #say(message: Uint8Array): void {
    const most = this.#owner.limit - FRAME_ROOM
    for (let at = 0; at < message.length; at += most)
      this.#owner.send(encodeFrame({ is: 'REFRESH', body: message.subarray(at, at + most) }))
  }

  /** The whole message, once it is there. @throws session/malformed if more came (CH-23) */
  #gather(body: Uint8Array, length: number): Uint8Array | undefined {
    this.#held = concat(this.#held, body)
    if (this.#held.length < length) return undefined
    const message = this.#held
    this.#held = EMPTY
    if (message.length === length) return message
    throw SottoError.of('session/malformed', `expected a message of ${length} bytes, got ${message.length}`)
  }

  #next(event: RefreshEvent): RefreshState {
    const to = ROWS[this.#state][event]
    if (to === undefined) throw SottoError.of('session/unexpected', `no ${event} can come in ${this.#state}`)
    return to
  }

  #go(to: RefreshState): void {
    this.#state = to
  }
}

/** The nested handshake's: of the same cipher, and with ML-KEM where the session has it (CH-20). */
const refreshSuite = ({ cipher, pq }: Suite): Suite => {
  const found = SUITES.find((suite) => suite.psk && suite.pq === pq && suite.cipher === cipher)
  if (found === undefined) throw new RangeError(`no psk suite with ${cipher}`)
  return found
}
