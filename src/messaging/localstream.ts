import { decode, type Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import type { Answer, Delivery, Stream } from '../link/face.js'
import type { Closed } from '../link/session.js'
import { Fifo } from './fifo.js'

/** Bytes that may wait to be read before who writes is asked to wait (ME-33). */
const ROOM = 131_072

type Read = IteratorResult<Wire, undefined>

interface Item {
  readonly bytes: number
  readonly read: () => Wire
}

/** A stream between a service and its own process: what goes in at one end comes out at the other. */
export class LocalStream {
  /** Of who began it, and of the service. */
  readonly near: Stream
  readonly far: Stream
  readonly #up = new Lane()
  readonly #down = new Lane()
  readonly #closed: Promise<Closed>
  #close: (closed: Closed) => void = () => undefined

  constructor() {
    this.#closed = new Promise((resolve) => {
      this.#close = resolve
    })
    this.near = this.#end(this.#up, this.#down)
    this.far = this.#end(this.#down, this.#up)
  }

  /** The service is done with it. */
  finish(outcome: Answer | undefined): void {
    if (outcome === undefined || outcome.is === 'ended') this.#finish(undefined, { clean: true })
    else this.fail(errorOf(outcome))
  }

  fail(error: SottoError): void {
    this.#finish(error, { clean: false, error })
  }

  /** Nobody reads on, and what is there is dropped. */
  cancel(error: SottoError): void {
    this.#up.drop(error)
    this.#down.drop(error)
    this.fail(error)
  }

  #end(out: Lane, come: Lane): Stream {
    return {
      closed: this.#closed,
      get count() {
        return come.count
      },
      get cut() {
        return come.error
      },
      write: (value) => out.put({ bytes: 0, read: () => value }),
      deliver: ({ item }: Delivery) => out.put({ bytes: item.length, read: () => decode(item) }),
      // TO-42
      mayHear: () => true,
      end: () => {
        out.end(undefined)
        return undefined
      },
      abort: (cause) => this.cancel(SottoError.of('call/cancelled', 'given up', { cause, ran: 'maybe' })),
      read: () => come.read(),
      stop: () => come.drop(undefined),
    }
  }

  #finish(error: SottoError | undefined, closed: Closed): void {
    this.#up.end(error)
    this.#down.end(error)
    this.#close(closed)
  }
}

/** One direction. */
class Lane {
  readonly #items = new Fifo<Item>()
  readonly #readers = new Fifo<{
    readonly resolve: (read: Read) => void
    readonly reject: (error: SottoError) => void
  }>()
  #bytes = 0
  #room: { readonly promise: Promise<void>; readonly open: () => void } | undefined
  #isOver = false
  #error: SottoError | undefined
  #count = 0

  get count(): number {
    return this.#count
  }

  get error(): SottoError | undefined {
    return this.#error
  }

  put(item: Item): Promise<void> | undefined {
    if (this.#isOver) return Promise.reject(this.#error ?? over())
    const reader = this.#readers.first
    if (reader !== undefined) {
      // What cannot be read is the writer's to know: who waits is told by the end of the stream.
      const read = this.#taken(item)
      this.#readers.shift()
      reader.resolve(read)
      return undefined
    }
    this.#items.push(item)
    this.#bytes += item.bytes
    if (this.#bytes <= ROOM) return undefined
    this.#room ??= roomOf()
    return this.#room.promise
  }

  async read(): Promise<Read> {
    const item = this.#items.shift()
    if (item !== undefined) {
      this.#bytes -= item.bytes
      if (this.#bytes <= ROOM) this.#release()
      return this.#taken(item)
    }
    if (this.#error !== undefined) throw this.#error
    if (this.#isOver) return { done: true, value: undefined }
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  /** Nothing more goes in; what is there can be read. */
  end(error: SottoError | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#error = error
    this.#release()
    for (let reader = this.#readers.shift(); reader !== undefined; reader = this.#readers.shift())
      if (error === undefined) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
  }

  /** Nobody reads on. */
  drop(error: SottoError | undefined): void {
    this.#items.clear()
    this.#bytes = 0
    this.end(error)
  }

  #taken(item: Item): Read {
    const value = item.read()
    this.#count++
    return { done: false, value }
  }

  #release(): void {
    this.#room?.open()
    this.#room = undefined
  }
}

const over = (): SottoError => SottoError.of('call/cancelled', 'the stream is over', { ran: 'yes' })

const roomOf = () => {
  let open: () => void = () => undefined
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

/** What a peer would be told. */
const errorOf = (answer: Answer): SottoError => {
  switch (answer.is) {
    case 'invalid':
      return SottoError.of('contract/invalid', 'the service found it invalid', { details: { path: answer.path } })
    case 'refused':
      return SottoError.of(answer.code, 'the service refused it')
    default:
      return SottoError.of('call/cancelled', `the service ended it (${answer.is})`)
  }
}
