/** Bytes that arrive together; without bytes, the end of the transport. */
interface Chunk {
  readonly bytes: Uint8Array | undefined
  readonly atMs: number
}

type Change = (chunks: readonly Chunk[]) => readonly Chunk[]

/** One way of a byte transport: in order, after a while, until it ends. Faults change what is under way in it. */
export class Pipe {
  readonly #latencyMs: number
  readonly #capacity: number
  #chunks: readonly Chunk[] = []
  #notBeforeMs = 0
  #ending = false
  #deaf = false
  /** Faults that found nothing to change: they meet the next bytes. */
  readonly #armed: Change[] = []

  constructor(latencyMs: number, capacity: number) {
    this.#latencyMs = latencyMs
    this.#capacity = capacity
  }

  /** False while as much as it holds is under way. */
  get room(): boolean {
    return this.#chunks.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0) < this.#capacity
  }

  /** When something arrives. */
  get atMs(): number {
    return this.#chunks[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  write(bytes: Uint8Array, nowMs: number): void {
    if (this.#ending || this.#deaf) return
    const atMs = Math.max(nowMs + this.#latencyMs, this.#notBeforeMs, this.#chunks.at(-1)?.atMs ?? 0)
    let written: readonly Chunk[] = [{ bytes, atMs }]
    for (const change of this.#armed.splice(0)) written = change(written)
    this.#chunks = [...this.#chunks, ...written]
  }

  /** The transport ends behind what is under way; with `drop`, in place of it. */
  end(nowMs: number, drop: boolean): void {
    if (drop) this.#chunks = this.#chunks.filter(({ bytes }) => bytes === undefined)
    if (this.#ending) return
    this.#ending = true
    const atMs = Math.max(nowMs + this.#latencyMs, this.#notBeforeMs, this.#chunks.at(-1)?.atMs ?? 0)
    this.#chunks = [...this.#chunks, { bytes: undefined, atMs }]
  }

  /** What is due, one chunk at a time. */
  arrive(nowMs: number): Chunk | undefined {
    const [first, ...rest] = this.#chunks
    if (first === undefined || first.atMs > nowMs) return undefined
    this.#chunks = rest
    return first
  }

  /** What comes after the byte at `at` never arrives; with `silent`, not even the end. */
  lose(at: number, silent: boolean, nowMs: number): void {
    this.#change((chunks) => {
      const all = joined(chunks)
      return [{ bytes: all.bytes.subarray(0, place(all.bytes, at)), atMs: all.atMs }]
    })
    if (silent) this.#deaf = true
    else this.end(nowMs, false)
  }

  duplicate(at: number, length: number): void {
    this.#change((chunks) => {
      const { bytes, atMs } = joined(chunks)
      const from = place(bytes, at)
      const again = bytes.subarray(from, from + length)
      return [
        {
          bytes: Buffer.concat([bytes.subarray(0, from + again.length), again, bytes.subarray(from + again.length)]),
          atMs,
        },
      ]
    })
  }

  delay(ms: number, nowMs: number): void {
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + ms)
    this.#chunks = this.#chunks.map(({ bytes, atMs }) => ({ bytes, atMs: Math.max(atMs, this.#notBeforeMs) }))
  }

  /** At most 200 pieces of `length` bytes, then the rest. */
  split(length: number): void {
    this.#change((chunks) => {
      const { bytes, atMs } = joined(chunks)
      const cuts = Math.min(200, Math.ceil(bytes.length / length) - 1)
      const pieces = Array.from({ length: cuts }, (_, i) => bytes.subarray(i * length, (i + 1) * length))
      return [...pieces, bytes.subarray(cuts * length)].map((piece) => ({ bytes: piece, atMs }))
    })
  }

  merge(): void {
    this.#change((chunks) => [joined(chunks)])
  }

  flip(at: number, bit: number): void {
    this.#change((chunks) => {
      const { bytes, atMs } = joined(chunks)
      const flipped = Uint8Array.from(bytes)
      const index = place(bytes, at)
      flipped[index] = (flipped[index] ?? 0) ^ (1 << bit)
      return [{ bytes: flipped, atMs }]
    })
  }

  /** The end of the transport stays where it is. */
  #change(change: Change): void {
    const bytes = this.#chunks.filter((chunk) => chunk.bytes !== undefined)
    if (bytes.length === 0) this.#armed.push(change)
    else this.#chunks = [...change(bytes), ...this.#chunks.slice(bytes.length)]
  }
}

/** All of them as one, when the last arrives. */
const joined = (chunks: readonly Chunk[]): { readonly bytes: Uint8Array; readonly atMs: number } => ({
  bytes: Buffer.concat(chunks.map(({ bytes }) => bytes ?? new Uint8Array(0))),
  atMs: chunks.at(-1)?.atMs ?? 0,
})

/** A byte of `bytes`, by thousandths. */
const place = (bytes: Uint8Array, at: number): number =>
  Math.min(Math.floor((bytes.length * at) / 1_000), bytes.length - 1)
