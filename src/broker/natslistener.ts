import { SottoError } from '../errors.js'
import type { Published, Sink } from './broker.js'

/** BR-92: messages that a subscription has and has not taken, or that wait until what is retained has been handed to it. */
const MAX_WAITING = 1_024

/** A message with what tells it from every other. */
export interface Marked {
  readonly message: Published
  readonly mark: string
}

/** One subscription of this service. */
export class Listener {
  readonly #sink: Sink
  readonly failed: Promise<Error>
  #fail: (error: Error) => void = () => undefined
  #isOver = false
  readonly #waiting = new Set<Promise<void>>()
  #untaken = 0
  /** What came while it is handed what is retained; undefined once it was. */
  #held: Marked[] | undefined
  /** What was handed to it as retained and may still come, by subject. */
  #had = new Map<string, string>()

  constructor(sink: Sink) {
    this.#sink = sink
    this.failed = new Promise((resolve) => {
      this.#fail = resolve
    })
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** What it has been asked to take and has not. */
  get waiting(): Iterable<Promise<void>> {
    return this.#waiting
  }

  end(): void {
    this.#isOver = true
    this.#held = undefined
    this.#had.clear()
  }

  fail(error: Error): void {
    if (this.#isOver) return
    this.end()
    this.#fail(error)
  }

  /** From here on what comes waits for `release`. */
  hold(): void {
    this.#held ??= []
  }

  /** Hands over what is retained, then what came meanwhile, but for what is older than that. */
  release(retained: readonly Marked[]): void {
    const held = this.#held ?? []
    this.#held = undefined
    const last = new Map(retained.map(({ message, mark }) => [message.subject, mark]))
    for (const { message } of retained) this.#hand(message, false)
    // BR-91: behind the retained one of its subject, or all of them if that is not among them.
    const from = new Map<string, number>()
    for (const [at, { message, mark }] of held.entries())
      if (last.get(message.subject) === mark) from.set(message.subject, at)
    for (const subject of from.keys()) last.delete(subject)
    this.#had = last
    for (const [at, marked] of held.entries())
      if (at > (from.get(marked.message.subject) ?? -1)) this.take(marked, false)
  }

  /** `pass` if another member of its group should have it. */
  take(marked: Marked, mayPass: boolean): 'pass' | undefined {
    if (this.#isOver) return 'pass'
    const { message, mark } = marked
    if (this.#held !== undefined) {
      this.#held.push(marked)
      if (this.#held.length > MAX_WAITING) this.fail(slow())
      return undefined
    }
    const isHad = this.#had.get(message.subject) === mark
    this.#had.delete(message.subject)
    return isHad ? undefined : this.#hand(message, mayPass)
  }

  #hand(message: Published, mayPass: boolean): 'pass' | undefined {
    if (this.#isOver) return undefined
    const taken = this.#sink(message, mayPass)
    if (taken === 'pass' || taken === undefined) return taken
    this.#waiting.add(taken)
    this.#untaken += 1
    void taken.then(() => {
      this.#untaken -= 1
      this.#waiting.delete(taken)
    })
    if (this.#untaken > MAX_WAITING) this.fail(slow())
    return undefined
  }
}

const slow = (): SottoError =>
  SottoError.of('topic/slow', `expected to take what is published, but ${MAX_WAITING} messages wait`, { ran: 'yes' })
