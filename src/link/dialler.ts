import type { Contract } from '../contract/define.js'
import type { Expected } from '../identity/expected.js'
import { credentialOf, type Identity } from '../identity/identity.js'
import { Engine } from '../session/engine.js'
import type { InitiatorSide } from '../session/side.js'
import type { Transport } from '../transport/transport.js'
import { recall, rememberIn } from './knownpeers.js'
import { renewIn, retrust } from './live.js'
import { open } from './open.js'
import { type DialOptions, epochOf, initiatorSideOf } from './options.js'
import { free, now } from './pump.js'
import { type Connect, reach } from './reach.js'
import type { Session } from './session.js'

/** What may happen to an attempt, and what is told of it. */
export interface Attempt<U extends Contract> {
  /** Gives the attempt up, or aborts the session that came of it. */
  readonly signal?: AbortSignal | undefined
  /** There is a transport. */
  readonly reached?: () => void
  /** There is a session, and nothing else has happened in it. */
  readonly opened?: (session: Session<U>) => void
  /** The peer takes nothing new in the session any more. */
  readonly draining?: () => void
}

/** Attempts at sessions with one peer. They share one policy with its limits, whatever form it was given in (LI-22). */
export class Dialler<U extends Contract> {
  readonly #options: DialOptions<U>
  #side: Omit<InitiatorSide, 'epochMs'>

  /** @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be */
  constructor(options: DialOptions<U>) {
    this.#side = initiatorSideOf(options, now())
    this.#options = options
  }

  /** One attempt over `transport`, which it takes over. */
  async over(transport: Transport): Promise<Session<U>> {
    await recall(this.#side.expected)
    return this.#open(this.#engine(now()), transport, this.#options)
  }

  /** One attempt, the connecting included: its time is one (LI-1). @throws what `connect` throws, and as `initiate` */
  async dial(connect: Connect, attempt: Attempt<U> = this.#options): Promise<Session<U>> {
    const time = now()
    await recall(this.#side.expected)
    const transport = await reach(connect, this.#side.handshakeMs, attempt.signal)
    try {
      attempt.reached?.()
      return await this.#open(this.#engine(time), transport, attempt)
    } catch (error) {
      // After a failed handshake this does nothing.
      free(transport, error)
      throw error
    }
  }

  /** Attempts show this credential from now on. @throws identity/credential unless it is one of the same key */
  renew(credential: Uint8Array): void {
    this.#side = { ...this.#side, identity: this.#side.identity.with(credential) }
  }

  #engine(time: number): Engine {
    return Engine.initiate({ ...this.#side, epochMs: epochOf(time) }, time)
  }

  async #open(engine: Engine, transport: Transport, { signal, opened, draining }: Attempt<U>): Promise<Session<U>> {
    const options = signal === undefined ? this.#options : { ...this.#options, signal }
    const { expected, identity } = this.#side
    const begun = (session: Session<U>): void => {
      watch(expected, session)
      this.#catchUp(session, identity)
      opened?.(session)
    }
    const session = await open(engine, transport, options, { signal, opened: begun, draining })
    await rememberIn(expected, session)
    return session
  }

  /** What was renewed while the handshake showed the identity of before (LI-43). */
  #catchUp(session: Session, shown: Identity): void {
    const { identity } = this.#side
    const credential = identity === shown ? undefined : credentialOf(identity)
    if (credential !== undefined) renewIn(session, credential)
  }
}

/** The trust that says whom a name is of may change: the session ends with it (SE-105). */
const watch = (expected: Expected, session: Session): void => {
  if (typeof expected === 'string' || !('name' in expected) || typeof expected.issuer === 'string') return
  const deaf = expected.issuer.onChange(() => retrust(session))
  void session.closed.then(deaf)
  // It may have changed while the handshake ran.
  retrust(session)
}
