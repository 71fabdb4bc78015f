import type { Wire } from '../cbor.js'
import type { Contract } from '../contract/define.js'
import { rowsOf } from '../contract/row.js'
import { SottoError } from '../errors.js'
import type { Caller, CallOptions, Stream, Where } from './face.js'
import { type Asked, isEnd, Request } from './linkrequest.js'
import { now } from './pump.js'
import { onAbort } from './signals.js'

/** What waits for a session, at most: as many calls as wait inside one (SE-46), and their bytes (LI-40). */
export const WAITING = 65_536
export const WAITING_BYTES = 67_108_864

/** The Caller of a link: asks the present session, and keeps for the next what may be asked again, each with where it is for (LI-64). */
export class LinkCalls implements Caller {
  /** `contract.operation` of each operation that may run twice. */
  readonly #idempotent: ReadonlySet<string>
  /** With what ends the waiting of each. */
  readonly #waiting = new Map<Request, () => void>()
  /** Who waits for a session. */
  readonly #awaiting = new Set<{ readonly resolve: () => void; readonly reject: (error: SottoError) => void }>()
  #bytes = 0
  #number = 0
  #caller: Caller | undefined
  #ended: SottoError | undefined

  constructor(uses: readonly Contract[]) {
    this.#idempotent = new Set(
      uses.flatMap((contract) =>
        rowsOf(contract).flatMap(({ name, idempotent }) => (idempotent ? [`${contract.name}.${name}`] : [])),
      ),
    )
  }

  call(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<Wire | undefined> {
    return new Promise((resolve, reject) => {
      const idempotent = this.#idempotent.has(`${contract}.${operation}`)
      const asked: Asked = { verb: 'call', contract, operation, options, where, idempotent, number: this.#number++ }
      this.#ask(new Request(asked, value, { resolve, reject }, now()), value)
    })
  }

  send(
    contract: string,
    operation: string,
    value: Wire | undefined,
    options: CallOptions,
    where?: Where,
  ): Promise<void> | undefined {
    const caller = this.#caller
    const first = caller === undefined ? undefined : sent(() => caller.send(contract, operation, value, options, where))
    if (caller !== undefined && first === undefined) return undefined
    return new Promise((resolve, reject) => {
      const number = this.#number++
      const asked: Asked = { verb: 'send', contract, operation, options, where, idempotent: false, number }
      const request = new Request(asked, value, { resolve: () => resolve(), reject }, now())
      if (caller === undefined || first === undefined) this.#wait(request)
      else this.#follow(request, caller, first)
    })
  }

  /** ME-37: of the present session: a stream lives and dies in one. */
  stream(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Stream {
    const caller = this.#caller
    if (caller === undefined) throw SottoError.of('session/closed', 'no session is there to begin a stream in')
    try {
      return caller.stream(contract, operation, value, options, where)
    } catch (error) {
      // Its program ends it by hand: who wants to begin anew waits for the next (LI-62).
      if (isEnd(error)) this.leave()
      throw error
    }
  }

  /** LI-62: resolves once there is a session, rejects once there will be none. Who no longer waits is not kept (LI-56). */
  ready(signal?: AbortSignal): Promise<void> {
    if (this.#caller !== undefined || signal?.aborted === true) return Promise.resolve()
    if (this.#ended !== undefined) return Promise.reject(closed(this.#ended))
    let deaf = (): void => undefined
    return new Promise<void>((resolve, reject) => {
      const waiter = { resolve, reject }
      this.#awaiting.add(waiter)
      deaf = onAbort(signal, () => {
        this.#awaiting.delete(waiter)
        resolve()
      })
    }).finally(() => deaf())
  }

  /** There is a session: what waited goes first, in its order. */
  open(caller: Caller): void {
    const waited = [...this.#waiting].sort(([a], [b]) => a.number - b.number)
    for (const [request, stop] of waited) {
      stop()
      this.#follow(request, caller, request.over(caller, now()))
    }
    this.#caller = caller
    for (const { resolve } of this.#awaiting) resolve()
    this.#awaiting.clear()
  }

  /** The present session takes nothing new any more. */
  leave(): void {
    this.#caller = undefined
  }

  /** There will be no further session. What waits fails; what is under way has the outcome of its session. */
  end(error: SottoError): void {
    this.#ended = error
    this.#caller = undefined
    for (const [request, stop] of this.#waiting) {
      stop()
      request.reject(closed(error))
    }
    for (const { reject } of this.#awaiting) reject(closed(error))
    this.#awaiting.clear()
  }

  /** Of the present session; of the next if there is none, or it has refused the request already. */
  #ask(request: Request, value?: Wire): void {
    const caller = this.#caller
    if (caller === undefined || caller === request.tried) this.#wait(request)
    else this.#follow(request, caller, request.over(caller, now(), value))
  }

  #follow(request: Request, caller: Caller, outcome: Promise<Wire | undefined>): void {
    request.tried = caller
    outcome.then(
      (value) => request.resolve(value),
      (error) => {
        if (request.mayRepeat(error)) this.#ask(request)
        else request.reject(error)
      },
    )
  }

  #wait(request: Request): void {
    const refusal = this.#refusal(request)
    if (refusal !== undefined) {
      request.reject(refusal)
      return
    }
    const leftMs = request.deadlineMs - now()
    const late = (): void => fail(SottoError.of('call/deadline', 'no session came in time'))
    const timer = leftMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(late, leftMs)
    const deaf = onAbort(request.signal, () => fail(cancelled(request.signal)))
    const stop = (): void => {
      clearTimeout(timer)
      deaf()
      this.#waiting.delete(request)
      this.#bytes -= request.size
    }
    const fail = (error: SottoError): void => {
      stop()
      request.reject(error)
    }
    this.#waiting.set(request, stop)
    this.#bytes += request.size
  }

  #refusal({ signal, size }: Request): SottoError | undefined {
    if (this.#ended !== undefined) return closed(this.#ended)
    if (signal?.aborted === true) return cancelled(signal)
    if (this.#waiting.size < WAITING && this.#bytes + size <= WAITING_BYTES) return undefined
    return SottoError.of('session/busy', `${this.#waiting.size} requests wait for a session already`)
  }
}

/** undefined where it was taken at once. One that could not begin because its session ends is as one that was lost. */
const sent = (send: () => Promise<void> | undefined): Promise<undefined> | undefined => {
  try {
    return send()?.then(() => undefined)
  } catch (error) {
    if (!isEnd(error)) throw error
    return Promise.reject(error)
  }
}

const cancelled = (signal: AbortSignal | undefined): SottoError =>
  SottoError.of('call/cancelled', 'given up while no session was there', { cause: signal?.reason })

const closed = (cause: SottoError): SottoError =>
  SottoError.of('session/closed', 'the link makes no further session', { cause })
