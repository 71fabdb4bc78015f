import { SottoError } from '../errors.js'
import { type TrustStore, trustStore } from '../identity/trust.js'
import { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import { now } from './edge.js'
import { Feed } from './feed.js'
import { open } from './open.js'
import { type HostOptions, sideOf } from './options.js'
import type { Session } from './session.js'

/** Handshakes under way at once, in all and from one source (LI-4). */
export const MAX_HALF_OPEN = 1_024
export const MAX_HALF_OPEN_SOURCE = 64
/** Failures that wait for a reader. */
const FAILURES = 256

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
   * Answers a peer on `transport`, which it takes over. `source` groups attempts that share a budget.
   * @throws session/busy, session/closed, session/timeout, session/malformed, identity/not-trusted and others
   */
  accept(transport: Transport, options?: { readonly source?: string }): Promise<Session>
  /** Takes nothing new and drains every session. */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Takes nothing new and closes every session. Never rejects. */
  close(): Promise<void>
}

/** @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be */
export const host = (options: HostOptions): Host => new Answering(options)

class Answering implements Host {
  readonly #options: HostOptions
  readonly #trust: TrustStore
  readonly #sessions = new Set<Session>()
  readonly #halfOpen = new Map<string, number>()
  readonly #forget: () => void
  readonly failures = new Feed<Failure>(FAILURES)
  #opening = 0
  #closed = false

  constructor(options: HostOptions) {
    // What cannot be is said now, not when the first peer comes.
    sideOf(options, now())
    this.#options = options
    this.#trust = 'check' in options.trust ? options.trust : trustStore(options.trust)
    this.#forget = this.#trust.onChange(() => this.#recheck())
    const onAbort = (): void => void this.close()
    options.signal?.addEventListener('abort', onAbort, { once: true })
  }

  get sessions(): ReadonlySet<Session> {
    return this.#sessions
  }

  async accept(transport: Transport, { source = '' }: { readonly source?: string } = {}): Promise<Session> {
    const fromSource = this.#halfOpen.get(source) ?? 0
    try {
      this.#admit(fromSource)
    } catch (error) {
      transport.abort(error instanceof Error ? error : new TypeError('not an error'))
      throw error
    }
    this.#opening++
    this.#halfOpen.set(source, fromSource + 1)
    try {
      const session = await this.#open(transport)
      this.#sessions.add(session)
      void session.closed.then(() => this.#sessions.delete(session))
      if (this.#closed) void session.close()
      return session
    } catch (error) {
      if (error instanceof SottoError) this.failures.push({ source, error })
      throw error
    } finally {
      this.#leave(source)
    }
  }

  async drain(options?: { readonly timeoutMs?: number }): Promise<void> {
    this.#stop()
    await Promise.all([...this.#sessions].map((session) => session.drain(options)))
  }

  async close(): Promise<void> {
    this.#stop()
    await Promise.all([...this.#sessions].map((session) => session.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(transport: Transport): Promise<Session> {
    const time = now()
    const trust = this.#trust
    const side = { ...sideOf(this.#options, time), trust: trust.check.bind(trust) }
    return open(Engine.respond(side, time), transport, this.#options)
  }

  #admit(fromSource: number): void {
    if (this.#closed) throw SottoError.of('session/closed', 'the host takes nothing new')
    if (this.#opening >= MAX_HALF_OPEN || fromSource >= MAX_HALF_OPEN_SOURCE)
      throw SottoError.of('session/busy', 'too many handshakes are under way')
  }

  #leave(source: string): void {
    this.#opening--
    const left = (this.#halfOpen.get(source) ?? 1) - 1
    if (left === 0) this.#halfOpen.delete(source)
    else this.#halfOpen.set(source, left)
  }

  #stop(): void {
    this.#closed = true
    this.#forget()
    this.failures.end()
  }

  /** A peer that is trusted no more loses its sessions (LI-5). */
  #recheck(): void {
    for (const session of this.#sessions)
      if (this.#trust.check(session.peer.id, Date.now()) === undefined)
        session.abort(SottoError.of('identity/not-trusted', `${session.peer.id} is trusted no more`))
  }
}
