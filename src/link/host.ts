import { SottoError } from '../errors.js'
import type { PeerId } from '../identity/id.js'
import { credentialOf, type Identity } from '../identity/identity.js'
import { type TrustStore, trustStore } from '../identity/trust.js'
import { Engine } from '../session/engine.js'
import type { ResponderSide } from '../session/side.js'
import type { Transport } from '../transport/transport.js'
import { Admission } from './admission.js'
import { type Caps, capsOf } from './caps.js'
import { Feed } from './feed.js'
import { drainMs, renewIn, retrust } from './live.js'
import { Newcomer } from './newcomer.js'
import { open } from './open.js'
import { epochOf, type HostOptions, responderSideOf } from './options.js'
import { free, now } from './pump.js'
import type { Session } from './session.js'
import { onAbort } from './signals.js'

/** Failures that wait for a reader. */
export const FAILURES = 256

/** An attempt that came to nothing. */
export interface Failure {
  /** As the listener knows it: an address, or empty. */
  readonly source: string
  readonly error: SottoError
}

/** The answering side of many sessions, over whatever transports it is given. */
export interface Host extends AsyncDisposable {
  readonly sessions: ReadonlySet<Session>
  /** Attempts that failed; the last 256 are kept for a reader. The peer learns none of it before it is trusted. */
  readonly failures: AsyncIterable<Failure>
  /**
   * Answers a peer on `transport`, which it takes over. `source` groups attempts that share a budget: an address, or empty
   * where nothing tells one from the other.
   * @throws session/busy, session/closed, session/timeout, session/malformed, identity/not-trusted and others
   */
  accept(transport: Transport, options?: { readonly source?: string }): Promise<Session>
  /**
   * Shows a newer credential of the host's key (copied): to those that come, and to the peers of all sessions as
   * `Session.renew`, but for those that are ending or have had too many just now.
   * @throws identity/credential unless it is a credential of the host's key; nothing has changed then
   */
  renew(credential: Uint8Array): void
  /** Takes nothing new, gives handshakes up and drains every session. @throws RangeError as `Session.drain` */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Takes nothing new, gives handshakes up and closes every session, within 5 s. Never rejects. */
  close(): Promise<void>
}

/**
 * `caps` sets budgets of the host, by their names in the table of spec/link.md.
 * @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be
 */
export const host = (options: HostOptions, caps?: Partial<Caps>): Host => new Answering(options, capsOf(caps))

class Answering implements Host {
  readonly failures = new Feed<Failure>(FAILURES)
  readonly #options: Omit<HostOptions, 'signal'>
  /** What all its sessions share: one policy with its limits, whatever form it was given in. */
  #side: Omit<ResponderSide, 'epochMs'>
  readonly #trust: TrustStore
  readonly #caps: Caps
  readonly #admission: Admission
  /** Those whose end has not been told yet. */
  #attempts = 0
  readonly #sessions = new Set<Session>()
  /** How many of the sessions each peer has. */
  readonly #peers = new Map<PeerId, number>()
  /** Aborts when nothing new is taken any more; handshakes under way hear it. */
  readonly #stop = new AbortController()
  readonly #forget: () => void

  constructor({ signal, ...options }: HostOptions, caps: Caps) {
    const trust = 'check' in options.trust ? options.trust : trustStore(options.trust)
    // What cannot be is said now, not when the first peer comes.
    const hasRoom = (id: PeerId): boolean => this.#hasRoom(id)
    this.#side = {
      ...responderSideOf(options, now()),
      trust: trust.check.bind(trust),
      whyNot: trust.whyNot.bind(trust),
      hasRoom,
    }
    this.#caps = caps
    this.#admission = new Admission(caps)
    this.#options = options
    this.#trust = trust
    const unwatch = this.#trust.onChange(() => this.#recheck())
    const deaf = onAbort(signal, () => this.#abort(signal?.reason))
    this.#forget = () => {
      unwatch()
      deaf()
    }
    if (signal?.aborted === true) this.#abort(signal.reason)
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions
  }

  async accept(transport: Transport, { source = '' }: { readonly source?: string } = {}): Promise<Session> {
    this.#attempts++
    try {
      return await this.#open(transport, source)
    } catch (error) {
      // The transport was taken over, whatever failed; after a failed handshake it is free already.
      free(transport, error)
      if (error instanceof SottoError) this.failures.push({ source, error })
      throw error
    } finally {
      this.#attempts--
      this.#settle()
    }
  }

  renew(credential: Uint8Array): void {
    this.#side = { ...this.#side, identity: this.#side.identity.with(credential) }
    for (const session of this.#sessions) renewIn(session, credential)
  }

  async drain(options?: { readonly timeoutMs?: number }): Promise<void> {
    const timeoutMs = drainMs(options)
    this.#end()
    await Promise.all([...this.#sessions].map((session) => session.drain({ timeoutMs })))
  }

  async close(): Promise<void> {
    this.#end()
    await Promise.all([...this.#sessions].map((session) => session.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #open(transport: Transport, source: string): Promise<Session> {
    if (this.#stop.signal.aborted) throw SottoError.of('session/closed', 'the host takes nothing new')
    const time = now()
    const newcomer = new Newcomer(transport, source, this.#admission)
    this.#admission.enter(newcomer)
    try {
      await newcomer.knock(this.#side.handshakeMs, this.#stop.signal)
      const { identity } = this.#side
      const engine = Engine.respond({ ...this.#side, epochMs: epochOf(now()) }, time)
      newcomer.meet(engine)
      return await open(engine, newcomer, this.#options, {
        signal: this.#stop.signal,
        opened: (session) => {
          this.#admission.leave(newcomer)
          this.#opened(session)
          this.#catchUp(session, identity)
        },
      })
    } finally {
      this.#admission.leave(newcomer)
    }
  }

  /** Asked of a peer that is trusted, before anything it wants is looked at (LI-54). */
  #hasRoom(id: PeerId): boolean {
    return this.#sessions.size < this.#caps.sessions && (this.#peers.get(id) ?? 0) < this.#caps.sessionsPeer
  }

  #opened(session: Session): void {
    const { id } = session.peer
    this.#sessions.add(session)
    this.#peers.set(id, (this.#peers.get(id) ?? 0) + 1)
    void session.closed.then(() => {
      this.#sessions.delete(session)
      const left = (this.#peers.get(id) ?? 1) - 1
      if (left === 0) this.#peers.delete(id)
      else this.#peers.set(id, left)
      this.#settle()
    })
  }

  /** What was renewed while the handshake showed the identity of before (LI-55). */
  #catchUp(session: Session, shown: Identity): void {
    const { identity } = this.#side
    const credential = identity === shown ? undefined : credentialOf(identity)
    if (credential !== undefined) renewIn(session, credential)
  }

  /** Takes nothing new, and gives up what is half open (LI-6). */
  #end(): void {
    this.#stop.abort(SottoError.of('session/closed', 'the host is closing'))
    this.#settle()
  }

  #abort(reason: unknown): void {
    this.#end()
    for (const session of this.#sessions) session.abort(reason)
  }

  /** Nothing more can happen where nothing is left. Until then trust that is withdrawn ends what drains (LI-5). */
  #settle(): void {
    if (!this.#stop.signal.aborted || this.#attempts > 0) return
    this.failures.end()
    if (this.#sessions.size === 0) this.#forget()
  }

  /** A peer that is trusted no more loses its sessions (LI-5). */
  #recheck(): void {
    for (const session of this.#sessions) retrust(session)
  }
}
