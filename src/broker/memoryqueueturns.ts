/** When a message is next looked at; there is one of each message that counts, and it takes others' place. */
export interface Turn<M> {
  readonly atMs: number
  readonly message: M
}

export interface Ordered<M> {
  /** Rises from message to message. */
  readonly number: number
  /** The one that counts; any other is over. */
  turn: Turn<M> | undefined
}

/** Turns that may be over without having been taken out, before they are looked for. */
const SPARE = 64

/** Turns in the order of their times, then of their messages: a heap. Those that are over are left in it until they come up. */
export class Turns<M extends Ordered<M>> {
  #heap: Turn<M>[] = []
  /** With so many, those that are over are taken out: as many again as there were, so that it costs each push little. */
  #most = SPARE

  /** @param turns none of them over */
  constructor(turns: Iterable<Turn<M>> = []) {
    this.#fill(turns)
  }

  push(turn: Turn<M>): void {
    if (this.#heap.length >= this.#most) this.#fill(this.#heap.filter(isOn))
    let at = this.#heap.length
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = this.#heap[above]
      if (other === undefined || !isBefore(turn, other)) break
      this.#heap[at] = other
      at = above
    }
    this.#heap[at] = turn
  }

  first(): Turn<M> | undefined {
    for (;;) {
      const [turn] = this.#heap
      if (turn === undefined || isOn(turn)) return turn
      this.#drop()
    }
  }

  shift(): Turn<M> | undefined {
    const turn = this.first()
    if (turn !== undefined) this.#drop()
    return turn
  }

  /** In no order. */
  all(): readonly Turn<M>[] {
    return this.#heap.filter(isOn)
  }

  #drop(): void {
    const last = this.#heap.pop()
    if (last !== undefined && this.#heap.length > 0) this.#sink(last)
  }

  /** Puts a turn where the first was. */
  #sink(turn: Turn<M>): void {
    const heap = this.#heap
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const right = heap[left + 1]
      let next = heap[left]
      if (next === undefined) break
      const isRight = right !== undefined && isBefore(right, next)
      if (isRight) next = right
      if (!isBefore(next, turn)) break
      heap[at] = next
      at = isRight ? left + 1 : left
    }
    heap[at] = turn
  }

  #fill(turns: Iterable<Turn<M>>): void {
    // What is sorted is a heap.
    this.#heap = [...turns].sort((a, b) => (isBefore(a, b) ? -1 : 1))
    this.#most = 2 * this.#heap.length + SPARE
  }
}

const isOn = <M extends Ordered<M>>(turn: Turn<M>): boolean => turn.message.turn === turn

/** BR-4: of those that are due at once, the one that was enqueued first. */
const isBefore = <M extends Ordered<M>>(a: Turn<M>, b: Turn<M>): boolean =>
  a.atMs < b.atMs || (a.atMs === b.atMs && a.message.number < b.message.number)
