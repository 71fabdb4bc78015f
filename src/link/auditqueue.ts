/** What becomes of records while there is no room: the new one is dropped, or the oldest make room for it. */
export type AuditOverflow = 'drop-newest' | 'drop-oldest'

/** Records that were lost at one place: to the overflow of the queue, and to the sink. */
interface Gap {
  readonly dropped: number
  readonly failed: number
}

export interface Waiting {
  readonly record: Uint8Array
  /** When it was taken. */
  readonly unixMs: number
  /** What was lost right before it. */
  readonly gap: Gap
}

/** The oldest records that wait, and what was lost behind them if no other waits. */
export interface Taken {
  readonly records: readonly Waiting[]
  readonly gap: Gap
}

/** What a record counts beside its bytes: the memory of what holds it. So their number is bounded, too. */
const OVERHEAD = 128
const NONE: Gap = { dropped: 0, failed: 0 }

const both = (a: Gap, b: Gap): Gap => ({ dropped: a.dropped + b.dropped, failed: a.failed + b.failed })

/**
 * The records that are not written yet, bounded (AU-20). What is lost leaves a gap at its place, and a gap is never dropped
 * (AU-21): those that meet become one.
 */
export class AuditQueue {
  readonly #most: number
  readonly #overflow: AuditOverflow
  /** Those before `#first` have left: to move all that wait whenever one leaves would cost as much as they are. */
  readonly #waiting: (Waiting | undefined)[] = []
  #first = 0
  /** Behind the last that waits. */
  #gap = NONE
  /** Of what waits and what is being written. */
  #bytes = 0
  #flying = 0
  #accepted = 0
  #lost = 0
  #closed = false

  constructor(most: number, overflow: AuditOverflow) {
    this.#most = most
    this.#overflow = overflow
  }

  /** Records that have no line and will have none. */
  get lost(): number {
    return this.#lost
  }

  /** Records that were let in so far. */
  get accepted(): number {
    return this.#accepted
  }

  /** How many of those let in neither wait nor are being written: they are the first. */
  get settled(): number {
    return this.#accepted - this.#count - this.#flying
  }

  /** When the record was taken that is the next; undefined if none waits. */
  get nextMs(): number | undefined {
    return this.#waiting[this.#first]?.unixMs
  }

  /** Copies the record, or drops it: false. */
  push(record: Uint8Array, unixMs: number): boolean {
    const bytes = record.length + OVERHEAD
    if (this.#overflow === 'drop-oldest' && !this.#closed)
      while (this.#bytes + bytes > this.#most && this.#dropOldest());
    if (this.#closed || this.#bytes + bytes > this.#most) return this.#drop({ dropped: 1, failed: 0 })
    this.#waiting.push({ record: new Uint8Array(record), unixMs, gap: this.#gap })
    this.#gap = NONE
    this.#bytes += bytes
    this.#accepted++
    return true
  }

  /** A record that can have no line is dropped: false. */
  refuse(): boolean {
    return this.#drop({ dropped: 0, failed: 1 })
  }

  /** Records of about `bytes`, at least one if any waits. `wrote` or `failed` follows. */
  take(bytes: number): Taken {
    const records: Waiting[] = []
    for (let left = bytes; left > 0; ) {
      const next = this.#shift()
      if (next === undefined) break
      records.push(next)
      left -= next.record.length + OVERHEAD
    }
    this.#flying += records.length
    if (this.#count > 0) return { records, gap: NONE }
    const gap = this.#gap
    this.#gap = NONE
    return { records, gap }
  }

  wrote({ records }: Taken): void {
    this.#flying -= records.length
    for (const { record } of records) this.#bytes -= record.length + OVERHEAD
  }

  /** All of it is lost: it is a gap before what still waits. */
  failed(taken: Taken): void {
    this.wrote(taken)
    this.#lost += taken.records.length
    const inside = taken.records.reduce((sum, { gap }) => both(sum, gap), taken.gap)
    this.#before(both(inside, { dropped: 0, failed: taken.records.length }))
  }

  /** Nothing is let in any more; what comes leaves no gap, for the log comes to its end. */
  close(): void {
    this.#closed = true
  }

  /** What waits or is being written counts as lost. */
  abandon(): void {
    this.#lost += this.#count + this.#flying
    this.#waiting.length = 0
    this.#first = 0
  }

  get #count(): number {
    return this.#waiting.length - this.#first
  }

  #shift(): Waiting | undefined {
    const next = this.#waiting[this.#first]
    if (next === undefined) return undefined
    this.#waiting[this.#first++] = undefined
    if (2 * this.#first > this.#waiting.length) {
      this.#waiting.splice(0, this.#first)
      this.#first = 0
    }
    return next
  }

  #drop(gap: Gap): boolean {
    this.#lost++
    if (!this.#closed) this.#gap = both(this.#gap, gap)
    return false
  }

  #dropOldest(): boolean {
    const oldest = this.#shift()
    if (oldest === undefined) return false
    this.#bytes -= oldest.record.length + OVERHEAD
    this.#lost++
    this.#before(both(oldest.gap, { dropped: 1, failed: 0 }))
    return true
  }

  #before(gap: Gap): void {
    const next = this.#waiting[this.#first]
    if (next === undefined) this.#gap = both(gap, this.#gap)
    else this.#waiting[this.#first] = { ...next, gap: both(gap, next.gap) }
  }
}
