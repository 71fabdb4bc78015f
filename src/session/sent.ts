import { BEGIN_CHARGE } from './charge.js'

/** The least a message in pieces takes of a window, in bytes; smaller ones go whole whatever the limits are. */
const LEAST_IN_PIECES = 992

/** Where a one-way message went. */
interface Refusable {
  readonly operation: number
  readonly subject: string
}

/**
 * The operations and subjects of the one-way messages the peer may still refuse (SE-54), so that a refusal can be named
 * while nothing else of a message is kept. Those that go whole stand in a ring, as long as credit lets exchanges begin
 * before the refusal of the first of them; those in pieces may be refused much later, and are counted by what credit lets
 * be under way.
 */
export class Sent {
  readonly #length: number
  readonly #most: number
  #ring: Uint32Array | undefined
  /** Of the ring, where messages have one; it grows with them, so that a session with few has few. */
  #subjects: string[] | undefined
  readonly #inPieces = new Map<number, Refusable>()
  /** Of those in pieces, those whose sender has heard already. */
  readonly #told = new Set<number>()

  /** `window` is the peer's session window, `message` the longest message, in bytes. */
  constructor(window: number, message: number) {
    this.#length = Math.ceil(window / BEGIN_CHARGE)
    this.#most = Math.ceil((window + message) / LEAST_IN_PIECES)
  }

  /** An own exchange begins; `operation` is undefined unless it is a one-way message, `subject` empty if that has none. */
  begins(exchange: number, operation: number | undefined, subject: string, whole: boolean): void {
    const kept = whole ? operation : undefined
    if (kept !== undefined) this.#ring ??= new Uint32Array(this.#length)
    const slot = this.#slot(exchange)
    // An entry of an id one round before is not this one's.
    if (this.#ring !== undefined) this.#ring[slot] = (kept ?? -1) + 1
    if (subject !== '') this.#subjects ??= []
    if (this.#subjects !== undefined) this.#subjects[slot] = subject
    if (!whole && operation !== undefined) this.#remember(exchange, { operation, subject })
  }

  /** The operation, once; undefined if the exchange was none of these or was refused before. */
  refuse(exchange: number): (Refusable & { readonly told: boolean }) | undefined {
    const inPieces = this.#inPieces.get(exchange)
    if (inPieces !== undefined) {
      this.#inPieces.delete(exchange)
      return { ...inPieces, told: this.#told.delete(exchange) }
    }
    const slot = this.#slot(exchange)
    const entry = this.#ring?.[slot] ?? 0
    if (this.#ring !== undefined) this.#ring[slot] = 0
    return entry === 0 ? undefined : { operation: entry - 1, subject: this.#subjects?.[slot] ?? '', told: false }
  }

  /** The sender of one in pieces has heard that it is refused. */
  tell(exchange: number): void {
    this.#told.add(exchange)
  }

  /** Of the exchanges from `first` to `last`, the ids that may still be refused. */
  *between(first: number, last: number): Generator<number> {
    for (const id of this.#inPieces.keys()) if (id >= first && id <= last) yield id
    for (let id = Math.max(first, last - 2 * (this.#length - 1)); id <= last; id += 2)
      if ((this.#ring?.[this.#slot(id)] ?? 0) !== 0) yield id
  }

  #remember(exchange: number, refusable: Refusable): void {
    this.#inPieces.set(exchange, refusable)
    if (this.#inPieces.size <= this.#most) return
    for (const oldest of this.#inPieces.keys()) {
      this.#inPieces.delete(oldest)
      this.#told.delete(oldest)
      return
    }
  }

  #slot(exchange: number): number {
    // Ids rise by 2.
    return Math.floor(exchange / 2) % this.#length
  }
}
