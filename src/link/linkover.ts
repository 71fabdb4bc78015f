import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { Dialler } from './dialler.js'
import { bindCaller, callerOf } from './face.js'
import type { Link, Retry } from './link.js'
import { LinkCalls } from './linkcalls.js'
import { Changes } from './linkchanges.js'
import { LinkState, type LinkStatus, type Patience } from './linkstate.js'
import { renewIn } from './live.js'
import type { DialOptions } from './options.js'
import { now } from './pump.js'
import type { Connect } from './reach.js'
import type { Closed, Session } from './session.js'
import { onAbort } from './signals.js'

/** Sessions that drain beside the present one; of more, the oldest is closed (LI-36). */
export const LEAVING = 4

/**
 * Keeps a session with the peer that `options.peer` names, each over a transport that `connect` gives. It tries again after
 * a pause, at random from nothing up to a bound that doubles, and never past a refusal or another key than the one
 * expected. When `options.signal` aborts, the link ends and its session is aborted.
 *
 * @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be
 */
export const linkOver = <const U extends Contract = never>(
  connect: Connect,
  options: DialOptions<U>,
  retry: Retry = {},
): Link<U> => new Linking(connect, options, retry)

class Linking<U extends Contract> implements Link<U> {
  readonly uses: readonly U[]
  readonly changes = new Changes<LinkStatus>()
  readonly #closed = new Next<Closed>()
  readonly #connect: Connect
  readonly #dialler: Dialler<U>
  readonly #state: LinkState
  readonly #calls: LinkCalls
  readonly #deaf: () => void
  /** In the order they were opened; those but the present one end. */
  readonly #live = new Set<Session<U>>()
  #present: Session<U> | undefined
  #next = new Next<Session<U>>()
  /** Gives the attempt that is under way up. */
  #stop: AbortController | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** How a session ended that was to close with the link. */
  #unclean: SottoError | undefined

  constructor(connect: Connect, options: DialOptions<U>, retry: Retry) {
    const { use = [], signal } = options
    this.#state = new LinkState(patienceOf(retry), Math.random, now())
    this.#dialler = new Dialler(options)
    this.#connect = connect
    this.#calls = new LinkCalls(use)
    this.uses = Object.freeze([...use])
    bindCaller(this, this.#calls)
    this.#deaf = onAbort(signal, () => this.#abort(signal?.reason))
    if (signal?.aborted === true) this.#abort(signal.reason)
    else void this.#attempt()
  }

  get status(): LinkStatus {
    return this.#state.status
  }

  get session(): Promise<Session<U>> {
    return this.#next.promise
  }

  get closed(): Promise<Closed> {
    return this.#closed.promise
  }

  renew(credential: Uint8Array): void {
    this.#dialler.renew(credential)
    for (const session of this.#live) renewIn(session, credential)
  }

  async close(): Promise<void> {
    this.#follow(() => this.#state.close(undefined))
    await this.closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #abort(cause: unknown): void {
    const error = SottoError.of('session/closed', 'the link was aborted here', { cause })
    for (const session of this.#live) session.abort(error)
    this.#follow(() => this.#state.close(error))
  }

  async #attempt(): Promise<void> {
    const stop = new AbortController()
    this.#stop = stop
    let session: Session<U> | undefined
    try {
      await this.#dialler.dial(this.#connect, {
        signal: stop.signal,
        reached: () => this.#attempted(stop, () => this.#state.reached()),
        opened: (made) => {
          session = made
          this.#opened(made)
        },
        draining: () => {
          if (session !== undefined && session === this.#present) this.#drained()
        },
      })
    } catch (error) {
      // LI-41: whatever it failed with. A session that was opened tells of its end itself, also if its peer could not be remembered.
      if (session === undefined) this.#attempted(stop, () => this.#state.failed(sottoOf(error), now()))
    }
  }

  /** What becomes of an attempt that was given up is no news. */
  #attempted({ signal }: AbortController, happen: () => void): void {
    if (!signal.aborted) this.#follow(happen)
  }

  /** Told before anything else happens in the session. */
  #opened(session: Session<U>): void {
    this.#stop = undefined
    this.#present = session
    this.#live.add(session)
    void session.closed.then((closed) => this.#over(session, closed))
    this.#follow(() => this.#state.opened(now()))
    this.#next.resolve(session)
    this.#calls.open(callerOf(session))
  }

  /** The next session is dialled beside this one, which keeps what is open in it (LI-36). */
  #drained(): void {
    this.#leave()
    this.#follow(() => this.#state.drained(now()))
    const [oldest] = this.#live
    if (this.#live.size > LEAVING) void oldest?.close()
  }

  #over(session: Session<U>, closed: Closed): void {
    this.#live.delete(session)
    if (session === this.#present) {
      this.#leave()
      const error = closed.clean ? SottoError.of('session/closed', 'the session was closed') : closed.error
      this.#follow(() => this.#state.lost(error, now()))
    } else {
      if (!closed.clean && this.#state.ending) this.#unclean ??= closed.error
      this.#follow(() => this.#state.over())
    }
  }

  #leave(): void {
    this.#present = undefined
    this.#next = new Next()
    this.#calls.leave()
  }

  /** Lets something happen to the state, and does what it leads to. Each change is told once (LI-35). */
  #follow(happen: () => void): void {
    const { status: before, ending } = this.#state
    happen()
    const { status } = this.#state
    if (this.#state.ending && !ending) this.#ending()
    if (status === before) return
    this.changes.push(status)
    this.#arm()
    if (status.is === 'connecting') void this.#attempt()
    else if (status.is === 'closed') this.#finish()
  }

  #arm(): void {
    clearTimeout(this.#timer)
    const { dueMs } = this.#state
    if (dueMs === Number.POSITIVE_INFINITY) return
    const wake = (): void => {
      this.#follow(() => this.#state.wake(now()))
      // A timer may be early.
      this.#arm()
    }
    this.#timer = setTimeout(wake, Math.max(dueMs - now(), 0))
  }

  /** No further session: what waits for one fails, the attempt is given up, what lives closes (LI-42). */
  #ending(): void {
    const error = this.#state.error ?? SottoError.of('session/closed', 'the link was closed')
    if (this.#present !== undefined) this.#leave()
    this.#next.reject(error)
    this.#calls.end(error)
    this.#stop?.abort(error)
    for (const session of this.#live) void session.close()
  }

  #finish(): void {
    this.#deaf()
    this.changes.end()
    const error = this.#state.error ?? this.#unclean
    this.#closed.resolve(error === undefined ? { clean: true } : { clean: false, error })
  }
}

/** A promise to be settled from outside. Whoever does not look at it is not told of its failure. */
class Next<T> {
  readonly promise: Promise<T>
  resolve: (value: T) => void = () => undefined
  reject: (error: SottoError) => void = () => undefined

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    this.promise.catch(() => undefined)
  }
}

const LONGEST_MS = 86_400_000

const patienceOf = ({ firstMs = 100, capMs = 30_000, giveUpMs = Number.POSITIVE_INFINITY }: Retry): Patience => {
  if (!(firstMs >= 1 && firstMs <= capMs && capMs <= LONGEST_MS))
    throw new RangeError(`expected 1 <= firstMs <= capMs <= ${LONGEST_MS}, got ${firstMs} and ${capMs}`)
  if (!(giveUpMs >= 0)) throw new RangeError(`expected giveUpMs of 0 or more, got ${giveUpMs}`)
  return { firstMs, capMs, giveUpMs }
}

/** A way to the peer may fail with anything. */
const sottoOf = (error: unknown): SottoError =>
  error instanceof SottoError ? error : SottoError.of('transport/failed', 'no way to the peer', { cause: error })
