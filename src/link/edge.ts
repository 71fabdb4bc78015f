import { toHex } from '../bytes.js'
import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Engine } from '../session/engine.js'
import type { Established } from '../session/established.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import { NO_LABELS } from '../session/frames.js'
import type { Admitted } from '../session/gate.js'
import type { Transport } from '../transport/transport.js'
import { Arrival } from './arrival.js'
import type { Answer, Caller, CallOptions, Served } from './face.js'
import { Feed } from './feed.js'
import { later } from './later.js'
import type { Closed, Denial, Refusal, Session } from './session.js'

/** Handlers of one-way messages that run at once before the peer's credit is held back. */
const ONE_WAY_HANDLERS = 256
/** Refusals, and denials, that wait for a reader. */
const REFUSALS = 1_024

/** What becomes of a session, told once each. */
interface Outcome {
  established(established: Established): Session
  closed(closed: Closed): void
}

interface Pending {
  resolve(value: Wire | undefined): void
  reject(error: SottoError): void
}

/** An engine on a transport: moves bytes, runs the one timer, calls handlers, settles promises. */
export class Edge implements Caller {
  readonly #engine: Engine
  readonly #transport: Transport
  readonly #served = new Map<string, Served>()
  readonly #outcome: Outcome
  readonly #pending = new Map<Exchange, Pending>()
  readonly #pings = new Map<number, () => void>()
  readonly #arrivals = new Map<Exchange, Arrival>()
  readonly refusals = new Feed<Refusal>(REFUSALS)
  readonly denials = new Feed<Denial>(REFUSALS)
  #session: Session | undefined
  #handlers = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #turning = false
  #writing = false
  #scheduled = false
  #sentThisTask = false

  constructor(engine: Engine, transport: Transport, served: readonly Served[], outcome: Outcome) {
    this.#engine = engine
    this.#transport = transport
    this.#outcome = outcome
    for (const service of served) this.#served.set(service.contract.name, service)
  }

  /** Starts to move bytes. Everything that can go wrong from here on ends in `closed`. */
  start(): void {
    void this.#read()
    this.#turn()
  }

  call(contract: string, operation: string, value: Wire | undefined, options: CallOptions): Promise<Wire | undefined> {
    return new Promise((resolve, reject) => {
      const { exchange } = this.#begin(contract, operation, value, options)
      const { signal } = options
      const cancel = (): void => this.#cancel(exchange)
      signal?.addEventListener('abort', cancel, { once: true })
      const settled = (): void => signal?.removeEventListener('abort', cancel)
      this.#pending.set(exchange, {
        resolve: (reply) => {
          settled()
          resolve(reply)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
    })
  }

  send(contract: string, operation: string, value: Wire | undefined, options: CallOptions): Promise<void> | undefined {
    const { exchange, taken } = this.#begin(contract, operation, value, options)
    if (taken) return undefined
    return new Promise((resolve, reject) => {
      this.#pending.set(exchange, { resolve: () => resolve(), reject })
    })
  }

  /** Round-trip time in ms. @throws call/cancelled, call/deadline, session/lost */
  async ping({ signal, timeoutMs = 30_000 }: { signal?: AbortSignal; timeoutMs?: number } = {}): Promise<number> {
    const start = now()
    const count = this.#engine.ping(start)
    this.#schedule()
    try {
      await new Promise<void>((resolve, reject) => {
        const give = (code: 'call/cancelled' | 'call/deadline'): void =>
          reject(SottoError.of(code, 'the ping was given up'))
        const timer = setTimeout(give, timeoutMs, 'call/deadline')
        signal?.addEventListener('abort', () => give('call/cancelled'), { once: true })
        this.#pings.set(count, () => {
          clearTimeout(timer)
          if (this.#engine.over) reject(SottoError.of('session/lost', 'the session ended before the pong'))
          else resolve()
        })
      })
    } finally {
      this.#pings.delete(count)
    }
    return now() - start
  }

  /** DRAIN and END; what is open has `timeoutMs` to finish. */
  close(timeoutMs: number): void {
    this.#engine.close(now(), timeoutMs)
    this.#turn()
  }

  abort(error: SottoError): void {
    this.#engine.abort(error)
    this.#turn()
  }

  #begin(
    contract: string,
    operation: string,
    value: Wire | undefined,
    { signal, timeoutMs = 0, labels = NO_LABELS }: CallOptions,
  ): { readonly exchange: Exchange; readonly taken: boolean } {
    if (signal?.aborted === true) throw SottoError.of('call/cancelled', 'the signal was aborted before the call')
    const time = now()
    const admitted = this.#admit({ contract, operation, value, ttlMs: Math.ceil(timeoutMs), labels }, time)
    const begun = this.#engine.begin(admitted, time)
    this.#schedule()
    return begun
  }

  #admit(act: Parameters<Engine['admit']>[0], time: number): Admitted {
    const answer = this.#engine.admit(act, time)
    if (!('effect' in answer)) return answer
    const code = answer.why === 'limit' ? 'policy/limited' : 'policy/denied'
    const address = `${act.contract}.${act.operation}`
    const reason = answer.rules.length === 0 ? answer.why : answer.rules.join(', ')
    throw SottoError.of(code, `${address} is refused here (${reason})`, { details: { decision: answer.id, address } })
  }

  #cancel(exchange: Exchange): void {
    this.#engine.cancel(exchange)
    this.#turn()
  }

  async #read(): Promise<void> {
    try {
      for await (const chunk of this.#transport) {
        this.#engine.receive(chunk, now())
        this.#turn()
        if (this.#engine.over) return
      }
      this.#engine.ended()
    } catch (cause) {
      // A transport that fails is an end without END, whatever its reason.
      this.#engine.ended(cause)
    }
    this.#turn()
  }

  /** After anything that may have changed the engine: events, bytes, timer. */
  #turn(): void {
    if (this.#turning) return
    this.#turning = true
    try {
      for (let event = this.#engine.next(); event !== undefined; event = this.#engine.next()) this.#handle(event)
    } finally {
      this.#turning = false
    }
    this.#schedule()
    this.#arm()
  }

  /** At once when idle; what comes later in the same task goes together in its own record. */
  #schedule(): void {
    if (this.#scheduled || this.#writing) return
    this.#scheduled = true
    if (this.#sentThisTask) return
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    if (!this.#write() || this.#sentThisTask) return
    this.#sentThisTask = true
    later(() => {
      this.#sentThisTask = false
      if (this.#scheduled) this.#flush()
    })
  }

  /** Writes while the transport has room; true if anything went. */
  #write(): boolean {
    let wrote = false
    while (!this.#writing) {
      const bytes = this.#engine.take(now())
      if (bytes === undefined) break
      wrote = true
      const room = this.#transport.write(bytes)
      if (room === undefined) continue
      this.#writing = true
      room.then(
        () => this.#roomAgain(),
        (cause) => this.abort(SottoError.of('transport/failed', 'the transport took no more bytes', { cause })),
      )
    }
    if (wrote) this.#turn()
    return wrote
  }

  #roomAgain(): void {
    this.#writing = false
    this.#schedule()
  }

  #arm(): void {
    const at = this.#engine.wakeAt()
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    // A timer of over 2^31-1 ms fires at once: wake once a day at least.
    this.#timer = setTimeout(() => this.#wake(), Math.min(Math.max(at - now(), 0), 86_400_000))
  }

  #wake(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    this.#engine.wake(now())
    this.#turn()
  }

  #handle(event: EngineEvent): void {
    switch (event.is) {
      case 'established':
        this.#established(event.established)
        break
      case 'message':
        this.#dispatch(event)
        break
      case 'reply':
        this.#settle(event.exchange)?.resolve(event.value)
        break
      case 'taken':
        this.#settle(event.exchange)?.resolve(undefined)
        break
      case 'fault':
        this.#settle(event.exchange)?.reject(event.error)
        break
      case 'cancelled':
        this.#arrivals.get(event.exchange)?.cancel(event.error)
        break
      case 'refused':
        this.refusals.push({ verb: event.verb, address: event.address, decision: event.decision })
        break
      case 'denied':
        this.denials.push(event.denial)
        break
      case 'pong':
        this.#pings.get(event.count)?.()
        break
      case 'draining':
        break
      case 'closed':
        void this.#finish(event.error)
    }
  }

  #settle(exchange: Exchange): Pending | undefined {
    const pending = this.#pending.get(exchange)
    this.#pending.delete(exchange)
    return pending
  }

  #established(established: Established): void {
    this.#session = this.#outcome.established(established)
    for (const name of established.serves) this.#served.get(name)?.opened?.(this.#session)
  }

  #dispatch(message: Extract<EngineEvent, { readonly is: 'message' }>): void {
    const { exchange } = message
    const { contract, row } = exchange.route
    const service = this.#served.get(contract)
    if (service === undefined || this.#session === undefined) throw new RangeError('a message nobody serves')
    const arrival = new Arrival(message, row.name, this.#session)
    this.#arrivals.set(exchange, arrival)
    const oneWay = row.kind === 'oneWay'
    // A request is bounded by its exchange; a one-way message holds its credit while too many handlers run.
    const early = !oneWay || this.#handlers < ONE_WAY_HANDLERS
    if (early) this.#engine.consumed(message)
    if (oneWay) this.#handlers++
    void service.answer(arrival).then((answer) => {
      this.#arrivals.delete(exchange)
      if (oneWay) this.#handlers--
      else this.#answer(exchange, answer)
      if (!early) this.#engine.consumed(message)
      this.#schedule()
    })
  }

  #answer(exchange: Exchange, answer: Answer): void {
    try {
      if (answer.is === 'reply') this.#engine.reply(exchange, answer.value)
      else if (answer.is === 'fault')
        this.#engine.fault(exchange, { code: 'call/fault', name: answer.name, data: answer.data })
      else if (answer.is === 'invalid') this.#engine.fault(exchange, { code: 'contract/invalid', path: answer.path })
      else this.#engine.fault(exchange, { code: 'call/internal', incident: answer.incident })
    } catch (error) {
      // The answer has no form on the wire: the peer learns of an incident, the log of its reason.
      const incident = toHex(crypto.getRandomValues(new Uint8Array(16)))
      console.error(`sotto: ${exchange.route.address} gave an answer that cannot be sent (incident ${incident})`, error)
      this.#engine.fault(exchange, { code: 'call/internal', incident })
    }
  }

  /** The last bytes go out, if there are any; then the transport ends. */
  async #finish(error: SottoError | undefined): Promise<void> {
    clearTimeout(this.#timer)
    this.#timerAt = Number.NEGATIVE_INFINITY
    this.refusals.end()
    this.denials.end()
    for (const pong of [...this.#pings.values()]) pong()
    const last = this.#engine.take(now())
    if (last === undefined && error !== undefined) this.#transport.abort(error)
    else {
      this.#writeLast(last)
      await this.#transport.close()
    }
    this.#outcome.closed(error === undefined ? { clean: true } : { clean: false, error })
  }

  /** Does not wait for room: the transport's `close` bounds how long the peer may take to read. */
  #writeLast(first: Uint8Array | undefined): void {
    for (let bytes = first; bytes !== undefined; bytes = this.#engine.take(now()))
      // The session's outcome stands already; a transport that cannot take its last bytes changes nothing.
      void Promise.resolve(this.#transport.write(bytes)).catch(() => undefined)
  }
}

/** @internal Monotonic ms. */
export const now = (): number => performance.now()
