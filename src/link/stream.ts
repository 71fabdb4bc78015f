import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { EngineEvent } from '../session/events.js'
import type { Exchange } from '../session/exchange.js'
import type { Delivery, Stream } from './face.js'
import type { Closed } from './session.js'

type Item = Extract<EngineEvent, { readonly is: 'item' }>
type Read = IteratorResult<Wire, undefined>

/** What a stream asks of the engine. */
export interface StreamEngine {
  /** True if there is room for more. @throws SottoError if the item is refused here */
  item(exchange: Exchange, value: Wire): boolean
  /** As `item`; `denied` where the rules do not let it go there. @throws SottoError, TypeError */
  deliver(exchange: Exchange, delivery: Delivery): boolean | 'denied'
  mayHear(exchange: Exchange, delivery: Delivery): boolean
  end(exchange: Exchange): void
  stop(exchange: Exchange): void
  cancel(exchange: Exchange): void
  /** Asked right before an item is read: why it may not be, and then it is done with (LI-58). */
  denied(item: Item): SottoError | undefined
  consumed(item: Item): void
}

interface Waiter<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
}

const DONE: Read = { done: true, value: undefined }

/** One end of one stream: what it has to read, and who waits to read or to write. */
export class StreamEnd implements Stream {
  readonly closed: Promise<Closed>
  readonly #exchange: Exchange
  readonly #engine: StreamEngine
  #close: (closed: Closed) => void = () => undefined
  readonly #items: Item[] = []
  #readers: Waiter<Read>[] = []
  /** The promise that writers wait for, while there is no room. */
  #room: { readonly promise: Promise<void>; readonly waiter: Waiter<void> } | undefined
  /** False once what is unread holds no credit any more. */
  #holding = true
  #count = 0
  /** Nothing more comes, for this reason if it was cut short. */
  #over = false
  #error: SottoError | undefined
  /** Nothing more goes out, for this reason. */
  #stopped: SottoError | undefined
  #reason: unknown

  constructor(exchange: Exchange, engine: StreamEngine) {
    this.#exchange = exchange
    this.#engine = engine
    this.closed = new Promise((resolve) => {
      this.#close = resolve
    })
  }

  get count(): number {
    return this.#count
  }

  get cut(): SottoError | undefined {
    return this.#error
  }

  write(value: Wire): Promise<void> | undefined {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped)
    if (this.#exchange.last) throw new TypeError('expected nothing to be written behind the end')
    return this.#engine.item(this.#exchange, value) ? undefined : this.#wait()
  }

  /** LI-63: what is denied leaves no trace. */
  deliver(delivery: Delivery): Promise<void> | undefined | 'denied' {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped)
    if (this.#exchange.last) throw new TypeError('expected nothing to be delivered behind the end')
    const answer = this.#engine.deliver(this.#exchange, delivery)
    if (answer === 'denied') return answer
    return answer ? undefined : this.#wait()
  }

  /** SE-160 */
  mayHear(delivery: Delivery): boolean {
    return this.#stopped !== undefined || this.#exchange.last || this.#engine.mayHear(this.#exchange, delivery)
  }

  end(): Promise<void> | undefined {
    if (this.#stopped === undefined && !this.#exchange.last) this.#engine.end(this.#exchange)
    return this.#room?.promise
  }

  abort(reason: unknown): void {
    if (!this.#holding) return
    this.#reason = reason
    this.#drop()
    this.#engine.cancel(this.#exchange)
  }

  read(): Promise<Read> {
    // ME-31: the first that came.
    const item = this.#items.shift()
    if (item !== undefined) return this.#hand(item)
    if (this.#error !== undefined) return Promise.reject(this.#error)
    if (this.#over) return Promise.resolve(DONE)
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
    })
  }

  /** ME-34 */
  stop(): void {
    this.#drop()
    this.ended(undefined)
    this.#engine.stop(this.#exchange)
  }

  /** One has come. */
  arrived(item: Item): void {
    if (this.#over) {
      this.#engine.consumed(item)
      return
    }
    const [reader] = this.#readers
    if (reader === undefined) {
      this.#items.push(item)
      return
    }
    const denied = this.#engine.denied(item)
    if (denied === undefined) {
      this.#readers.shift()
      reader.resolve(this.#taken(item))
    } else this.cancelled(denied)
  }

  /** The peer sends no more. */
  ended(error: SottoError | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    for (const reader of this.#readers.splice(0))
      if (error === undefined) reader.resolve(DONE)
      else reader.reject(error)
  }

  /** There is room again. */
  taken(): void {
    this.#room?.waiter.resolve()
    this.#room = undefined
  }

  /** The peer takes no more. */
  stopped(error: SottoError): void {
    this.#stopped ??= error
    this.#room?.waiter.reject(error)
    this.#room = undefined
  }

  /** Nobody waits for this end any more: what is unread goes with it, or a peer could make this end keep more than its credit (SE-125). */
  cancelled(error: SottoError): void {
    this.#drop()
    this.failed(error)
  }

  /** The whole of it has failed; what came before can still be read. */
  failed(error: SottoError): void {
    const { code, ran, message } = error
    const given = this.#reason === undefined || code !== 'call/cancelled'
    const told = given ? error : SottoError.of(code, message, { ran, cause: this.#reason })
    this.stopped(told)
    this.ended(told)
    this.#finish({ clean: false, error: told })
  }

  /** Its handler is done with it, and reads no more. */
  left(): void {
    this.#drop()
    this.finished()
  }

  /** Both directions have ended. */
  finished(): void {
    this.stopped(SottoError.of('call/cancelled', 'the stream is over', { ran: 'yes' }))
    this.ended(undefined)
    this.#finish({ clean: true })
  }

  #finish(closed: Closed): void {
    // Who reads on does it at its own expense; the session gets its credit back.
    if (this.#holding) for (const item of this.#items) this.#engine.consumed(item)
    this.#holding = false
    this.#close(closed)
  }

  /** Nobody reads on. The end that stood behind what is dropped is none any more. */
  #drop(): void {
    if (this.#items.length > 0) this.#over = false
    for (const item of this.#items.splice(0)) if (this.#holding) this.#engine.consumed(item)
  }

  #wait(): Promise<void> {
    this.#room ??= roomOf()
    return this.#room.promise
  }

  #hand(item: Item): Promise<Read> {
    const denied = this.#engine.denied(item)
    if (denied === undefined) return Promise.resolve(this.#taken(item))
    this.cancelled(denied)
    return Promise.reject(denied)
  }

  #taken(item: Item): Read {
    this.#count++
    if (this.#holding) this.#engine.consumed(item)
    return { done: false, value: item.value }
  }
}

/** Who does not look at it is not told of its failure: every later write is. */
const roomOf = () => {
  let waiter: Waiter<void> = { resolve: () => undefined, reject: () => undefined }
  const promise = new Promise<void>((resolve, reject) => {
    waiter = { resolve, reject }
  })
  promise.catch(() => undefined)
  return { promise, waiter }
}

/** A stream that failed before it began. */
export const failedStream = (error: SottoError): Stream => ({
  closed: Promise.resolve({ clean: false, error }),
  count: 0,
  cut: error,
  write: () => Promise.reject(error),
  deliver: () => Promise.reject(error),
  mayHear: () => true,
  end: () => undefined,
  abort: () => undefined,
  read: () => Promise.reject(error),
  stop: () => undefined,
})
