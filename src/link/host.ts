import { SottoError } from '../errors.js'
import { type TrustStore, trustStore } from '../identity/trust.js'
import { Engine } from '../session/engine.js'
import type { ResponderSide } from '../session/side.js'
import type { Transport } from '../transport/transport.js'
import { Feed } from './feed.js'
import { drainMs, retrust } from './live.js'
import { open } from './open.js'
import { epochOf, type HostOptions, responderSideOf } from './options.js'
import { free, now } from './pump.js'
import type { Session } from './session.js'
import { onAbort } from './signals.js'

/** Handshakes under way at once, in all and from one source (LI-4). */
export const MAX_HALF_OPEN = 1_024
export const MAX_HALF_OPEN_SOURCE = 64
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
   * Answers a peer on `transport`, which it takes over. `source` groups attempts that share a budget.
   * @throws session/busy, session/closed, session/timeout, session/malformed, identity/not-trusted and others
   */
  accept(transport: Transport, options?: { readonly source?: string }): Promise<Session>
  /** Takes nothing new, gives handshakes up and drains every session. @throws RangeError as `Session.drain` */
  drain(options?: { readonly timeoutMs?: number }): Promise<void>
  /** Takes nothing new, gives handshakes up and closes every session, within 5 s. Never rejects. */
  close(): Promise<void>
}

/** @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be */
export const host = (options: HostOptions): Host => new Answering(options)

class Answering implements Host {
  readonly failures = new Feed<Failure>(FAILURES)
  readonly #options: Omit<HostOptions, 'signal'>
  /** What all its sessions share: one policy with its limits, whatever form it was given in. */
  readonly #side: Omit<ResponderSide, 'epochMs'>
  readonly #trust: TrustStore
  readonly #sessions = new Set<Session>()
  /** Handshakes under way, by source. */
  readonly #halfOpen = new Map<string, number>()
  #opening = 0
  /** Aborts when nothing new is taken any more; handshakes under way hear it. */
  readonly #stop = new AbortController()
  readonly #forget: () => void

  constructor({ signal, ...options }: HostOptions) {
    const trust = 'check' in options.trust ? options.trust : trustStore(options.trust)
    // What cannot be is said now, not when the first peer comes.
    this.#side = { ...responderSideOf(options, now()), trust: trust.check.bind(trust) }
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
    const refusal = this.#refusal(source)
    if (refusal !== undefined) throw this.#failed(refusal, transport, source)
    this.#enter(source)
    try {
      return await this.#open(transport)
    } catch (error) {
      throw this.#failed(error, transport, source)
    } finally {
      this.#leave(source)
    }
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

  #refusal(source: string): SottoError | undefined {
    if (this.#stop.signal.aborted) return SottoError.of('session/closed', 'the host takes nothing new')
    if (this.#opening >= MAX_HALF_OPEN || (this.#halfOpen.get(source) ?? 0) >= MAX_HALF_OPEN_SOURCE)
      return SottoError.of('session/busy', 'too many handshakes are under way')
    return undefined
  }

  #enter(source: string): void {
    this.#opening++
    this.#halfOpen.set(source, (this.#halfOpen.get(source) ?? 0) + 1)
  }

  #leave(source: string): void {
    this.#opening--
    const left = (this.#halfOpen.get(source) ?? 1) - 1
    if (left === 0) this.#halfOpen.delete(source)
    else this.#halfOpen.set(source, left)
    this.#settle()
  }

  /** The transport was taken over, whatever failed; after a failed handshake it is free already. */
  #failed(error: unknown, transport: Transport, source: string): unknown {
    free(transport, error)
    if (error instanceof SottoError) this.failures.push({ source, error })
    return error
  }

  #open(transport: Transport): Promise<Session> {
    const time = now()
    const side = { ...this.#side, epochMs: epochOf(time) }
    return open(Engine.respond(side, time), transport, this.#options, {
      signal: this.#stop.signal,
      opened: (session) => {
        this.#sessions.add(session)
        void session.closed.then(() => {
          this.#sessions.delete(session)
          this.#settle()
        })
      },
    })
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
    if (!this.#stop.signal.aborted || this.#opening > 0) return
    this.failures.end()
    if (this.#sessions.size === 0) this.#forget()
  }

  /** A peer that is trusted no more loses its sessions (LI-5). */
  #recheck(): void {
    for (const session of this.#sessions) retrust(session)
  }
}
