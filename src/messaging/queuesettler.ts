import type { Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Stream } from '../link/face.js'
import { later } from '../link/later.js'
import { isEnd } from '../link/linkrequest.js'
import { invalidItem } from './entry.js'
import { Fifo } from './fifo.js'

type Verb = 'ack' | 'retry' | 'reject' | 'extend'

interface Asked {
  readonly number: number
  readonly verb: Verb
  readonly resolve: () => void
  readonly reject: (error: SottoError) => void
}

/** What a consumer asks of its deliveries in one session, and what is answered. */
export class QueueSettler {
  readonly stream: Stream
  readonly #credit: number
  readonly #asked = new Fifo<Asked>()
  /** Numbers of what came and was not settled. */
  readonly #open = new Set<number>()
  #count = 0
  #lost: SottoError | undefined
  #idle: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined

  constructor(stream: Stream, credit: number) {
    this.stream = stream
    this.#credit = credit
    void stream.closed.then((closed) => {
      const cause = closed.clean ? undefined : closed.error
      // The answers that came before can still be read.
      later(() => this.#lose(cause))
    })
  }

  /** Deliveries that came. */
  get count(): number {
    return this.#count
  }

  /** Settles once all that was asked has been answered, or never will be. */
  get idle(): Promise<void> {
    if (this.#asked.size === 0) return Promise.resolve()
    this.#idle ??= idle()
    return this.#idle.promise
  }

  /** QU-9, QU-10. @throws contract/invalid on a number that cannot come now */
  came(number: Wire | undefined): void {
    if (number !== this.#count + 1) throw invalidItem('expected the next number of a delivery')
    if (this.#open.size >= this.#credit) throw invalidItem('expected no more deliveries than the credit')
    this.#open.add(++this.#count)
  }

  /** QU-15. @throws contract/invalid on what is no answer to what was asked first */
  answered(number: Wire | undefined, done: Wire | undefined): void {
    const { first } = this.#asked
    if (first === undefined || number !== first.number || typeof done !== 'boolean')
      throw invalidItem('expected the answer to what was asked first')
    this.#asked.shift()
    if (done) first.resolve()
    else {
      this.#open.delete(first.number)
      first.reject(lapsed())
    }
    this.#rest()
  }

  /** What can be asked of one delivery. */
  one(number: number) {
    const isOn = (): boolean => this.#lost === undefined
    return {
      get isOn() {
        return isOn()
      },
      ask: (verb: Verb, argument?: Wire): Promise<void> => this.#ask(number, verb, argument),
    }
  }

  #ask(number: number, verb: Verb, argument: Wire | undefined): Promise<void> {
    if (this.#lost !== undefined) return Promise.reject(lost(this.#lost, 'no'))
    if (!this.#open.has(number)) return Promise.reject(lapsed())
    return new Promise((resolve, reject) => {
      const item = argument === undefined ? [number, verb] : [number, verb, argument]
      // What ended the stream is told by its end.
      this.stream.write(item)?.catch(() => undefined)
      if (verb !== 'extend') this.#open.delete(number)
      this.#asked.push({ number, verb, resolve, reject })
    })
  }

  #lose(cause: SottoError | undefined): void {
    this.#lost = cause ?? SottoError.of('call/cancelled', 'the consumer is over')
    this.#open.clear()
    const error = lost(this.#lost, 'maybe')
    for (let asked = this.#asked.shift(); asked !== undefined; asked = this.#asked.shift()) asked.reject(error)
    this.#rest()
  }

  #rest(): void {
    if (this.#asked.size > 0) return
    this.#idle?.resolve()
    this.#idle = undefined
  }
}

const lapsed = (): SottoError => SottoError.of('queue/lapsed', 'its lease is over, or it was settled before')

const lost = (cause: SottoError, ran: 'no' | 'maybe'): SottoError =>
  isEnd(cause)
    ? SottoError.of('session/lost', 'the session of the delivery is over', { cause, ran })
    : SottoError.of('call/cancelled', 'the consumer of the delivery is over', { cause, ran })

const idle = () => {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
