/** One thing that a commit says. Times are of the system's clock, in ms; numbers of messages are those of the whole store. */
export type Entry = MessageEntry | StateEntry | GoneEntry | KeyEntry | RetainedEntry | LostEntry

/** What a message is, and the state it is in. */
export interface MessageEntry extends State {
  readonly is: 'message'
  readonly queue: string
  readonly number: number
  readonly subject: string
  readonly enqueuedMs: number
  /** A second message of the key is a duplicate until then; both are empty for none. */
  readonly key: string
  readonly keyMs: number
  readonly body: Uint8Array
}

/** A message is in another state. */
export interface StateEntry extends State {
  readonly is: 'state'
  readonly queue: string
  readonly number: number
}

export interface State {
  readonly stage: Stage
  readonly attempts: number
  /** Not handed out before. */
  readonly dueMs: number
  /** Of a dead letter. */
  readonly reason: string
}

export type Stage = 'waits' | 'leased' | 'dead'

/** A message was settled for good. */
export interface GoneEntry {
  readonly is: 'gone'
  readonly queue: string
  readonly number: number
}

/** A key outlives its message. */
export interface KeyEntry {
  readonly is: 'key'
  readonly queue: string
  readonly key: string
  readonly keyMs: number
  readonly number: number
}

export interface RetainedEntry {
  readonly is: 'retained'
  readonly topic: string
  readonly subject: string
  readonly body: Uint8Array
}

/** These commits are missing, and it was told. */
export interface LostEntry {
  readonly is: 'lost'
  readonly from: number
  readonly to: number
}

const KINDS = ['message', 'state', 'gone', 'key', 'retained', 'lost'] as const
const STAGES = ['waits', 'leased', 'dead'] as const satisfies readonly Stage[]

/** Writes entries behind each other. */
export class EntryWriter {
  #bytes: Uint8Array
  #view: DataView
  #at: number

  /**
   * @param start bytes that are left free in front
   * @param about as many as there may come
   */
  constructor(start: number, about: number) {
    this.#bytes = new Uint8Array(Math.max(1_024, about * 1.25))
    this.#view = new DataView(this.#bytes.buffer)
    this.#at = start
  }

  get length(): number {
    return this.#at
  }

  /** A view: good until the next entry. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  /** Writes a body in its place at the end of the entry. */
  write(entry: Entry): void {
    this.#u8(KINDS.indexOf(entry.is))
    switch (entry.is) {
      case 'message':
        this.#state(entry)
        this.#text(entry.subject)
        this.#number(entry.enqueuedMs)
        this.#text(entry.key)
        this.#number(entry.keyMs)
        this.#body(entry.body)
        break
      case 'state':
        this.#state(entry)
        break
      case 'gone':
        this.#text(entry.queue)
        this.#number(entry.number)
        break
      case 'key':
        this.#text(entry.queue)
        this.#text(entry.key)
        this.#number(entry.keyMs)
        this.#number(entry.number)
        break
      case 'retained':
        this.#text(entry.topic)
        this.#text(entry.subject)
        this.#body(entry.body)
        break
      case 'lost':
        this.#number(entry.from)
        this.#number(entry.to)
    }
  }

  #state({ queue, number, stage, attempts, dueMs, reason }: State & { queue: string; number: number }): void {
    this.#text(queue)
    this.#number(number)
    this.#u8(STAGES.indexOf(stage))
    this.#number(attempts)
    this.#number(dueMs)
    this.#text(reason)
  }

  #u8(value: number): void {
    this.#room(1)
    this.#bytes[this.#at++] = value
  }

  #number(value: number): void {
    this.#room(8)
    this.#view.setFloat64(this.#at, value)
    this.#at += 8
  }

  #text(text: string): void {
    this.#room(2 + text.length * 3)
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#at + 2))
    this.#view.setUint16(this.#at, written)
    this.#at += 2 + written
  }

  #body(body: Uint8Array): void {
    this.#room(4 + body.length)
    this.#view.setUint32(this.#at, body.length)
    this.#bytes.set(body, this.#at + 4)
    this.#at += 4 + body.length
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + bytes))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** An entry, and where it ends in the bytes it was read from. Its body is a view of them. */
export type Read = readonly [entry: Entry, end: number]

/** Reads what an EntryWriter wrote, from `start` on; the bytes were found to be whole. */
export function* readEntries(bytes: Uint8Array, start: number): Generator<Read> {
  const reader = new EntryReader(bytes, start)
  while (reader.at < bytes.length) yield [reader.entry(), reader.at]
}

class EntryReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  at: number

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.at = start
  }

  entry(): Entry {
    const is = KINDS[this.#u8()]
    switch (is) {
      case 'message': {
        const state = this.#state()
        const [subject, enqueuedMs, key, keyMs] = [this.#text(), this.#number(), this.#text(), this.#number()]
        return { is, ...state, subject, enqueuedMs, key, keyMs, body: this.#body() }
      }
      case 'state':
        return { is, ...this.#state() }
      case 'gone':
        return { is, queue: this.#text(), number: this.#number() }
      case 'key':
        return { is, queue: this.#text(), key: this.#text(), keyMs: this.#number(), number: this.#number() }
      case 'retained':
        return { is, topic: this.#text(), subject: this.#text(), body: this.#body() }
      case 'lost':
        return { is, from: this.#number(), to: this.#number() }
    }
    throw new RangeError('expected an entry of a kind that is known')
  }

  #state(): State & { readonly queue: string; readonly number: number } {
    const [queue, number, stage = 'waits'] = [this.#text(), this.#number(), STAGES[this.#u8()]]
    return { queue, number, stage, attempts: this.#number(), dueMs: this.#number(), reason: this.#text() }
  }

  #u8(): number {
    return this.#view.getUint8(this.at++)
  }

  #number(): number {
    this.at += 8
    return this.#view.getFloat64(this.at - 8)
  }

  #text(): string {
    const start = this.at + 2
    this.at = start + this.#view.getUint16(this.at)
    return decoder.decode(this.#bytes.subarray(start, this.at))
  }

  #body(): Uint8Array {
    const start = this.at + 4
    this.at = start + this.#view.getUint32(this.at)
    return this.#bytes.subarray(start, this.at)
  }
}
