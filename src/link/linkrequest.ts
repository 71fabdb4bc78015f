import { decode, type Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import { encodeBody } from '../session/acts.js'
import type { Caller, CallOptions, Where } from './face.js'
import { deadlineOf } from './signals.js'
import { checkTimeout } from './ttl.js'

/** A call, or a one-way message that no session has taken yet. */
export interface Asked {
  readonly verb: 'call' | 'send'
  readonly contract: string
  readonly operation: string
  readonly options: CallOptions
  readonly where: Where | undefined
  /** Running it twice is as good as once. */
  readonly idempotent: boolean
  /** Rises: what waits is asked in this order. */
  readonly number: number
}

interface Settle {
  readonly resolve: (value: Wire | undefined) => void
  readonly reject: (error: unknown) => void
}

/** What was asked of a link, until it is settled. Its value is kept as bytes, so that what is sent again is what was asked. */
export class Request {
  readonly signal: AbortSignal | undefined
  /** Monotonic ms; Infinity for none. */
  readonly deadlineMs: number
  /** The session that had it last. */
  tried: Caller | undefined
  readonly #asked: Asked
  readonly #body: Uint8Array | undefined
  readonly #settle: Settle
  #mayHaveRun = false

  /** @throws contract/invalid on a value that has no form on the wire, call/cancelled, RangeError on `timeoutMs` */
  constructor(asked: Asked, value: Wire | undefined, settle: Settle, nowMs: number) {
    const { signal, timeoutMs = 0 } = asked.options
    checkTimeout(timeoutMs)
    if (signal?.aborted === true)
      throw SottoError.of('call/cancelled', 'the signal was aborted before the call', { cause: signal.reason })
    this.signal = signal
    this.deadlineMs = Math.min(timeoutMs > 0 ? nowMs + timeoutMs : Number.POSITIVE_INFINITY, deadlineOf(signal))
    this.#asked = asked
    this.#body = value === undefined ? undefined : encodeBody(value)
    this.#settle = settle
  }

  get number(): number {
    return this.#asked.number
  }

  /** Bytes it keeps. */
  get size(): number {
    return this.#body?.length ?? 0
  }

  /** Asks it of a session, within what is left of its time; `value` is what was asked, if the caller still holds it. */
  async over(caller: Caller, nowMs: number, value: Wire | undefined = this.#value()): Promise<Wire | undefined> {
    const { verb, contract, operation, options, where } = this.#asked
    const leftMs = this.deadlineMs - nowMs
    if (leftMs <= 0) throw SottoError.of('call/deadline', 'no session came in time')
    const left = leftMs === Number.POSITIVE_INFINITY ? options : { ...options, timeoutMs: leftMs }
    if (verb === 'call') return caller.call(contract, operation, value, left, where)
    await caller.send(contract, operation, value, left, where)
    return undefined
  }

  /** True if the next session is to be asked: it ended with its session, and surely did not run or may run twice (LI-37, LI-38). */
  mayRepeat(error: unknown): boolean {
    if (!isEnd(error)) return false
    if (error.ran === 'no') return true
    this.#mayHaveRun = true
    return this.#asked.idempotent
  }

  resolve(value: Wire | undefined): void {
    this.#settle.resolve(value)
  }

  /** `ran` speaks of every session that was asked, not of the last alone (LI-39). */
  reject(error: unknown): void {
    this.#settle.reject(this.#mayHaveRun && error instanceof SottoError ? maybe(error) : error)
  }

  #value(): Wire | undefined {
    return this.#body === undefined ? undefined : decode(this.#body)
  }
}

/** True for what a request fails with because its session ended or was about to. */
export const isEnd = (error: unknown): error is SottoError =>
  SottoError.is(error, 'session/lost') || SottoError.is(error, 'session/closed')

const maybe = (error: SottoError): SottoError => {
  if (error.ran !== 'no') return error
  const timely = SottoError.is(error, 'call/deadline') || SottoError.is(error, 'call/cancelled')
  const code = timely ? error.code : 'session/lost'
  return SottoError.of(code, 'an earlier session was lost with it, and the next did not do it', {
    cause: error,
    ran: 'maybe',
  })
}
