import type { Ran } from '../../src/errors.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Asked } from './asked.js'
import { violation } from './violation.js'

/** All that one end has begun, and what it waits for. */
export class Book<A extends Asked> {
  readonly #asked = new Map<Exchange, A>()
  readonly #waiting = new Set<A>()

  /** What has an outcome still to come. */
  get waiting(): ReadonlySet<A> {
    return this.#waiting
  }

  get all(): readonly A[] {
    return [...this.#asked.values()]
  }

  add(asked: A): void {
    this.#asked.set(asked.exchange, asked)
    if (asked.awaited) this.#waiting.add(asked)
  }

  find(exchange: Exchange): A {
    const asked = this.#asked.get(exchange)
    if (asked === undefined) throw violation('unsent', 'an outcome of nothing')
    return asked
  }

  byDecision(decision: string): A {
    const id = Number(decision.split('.')[2])
    const asked = this.all.find(({ exchange }) => exchange.id === id)
    if (asked === undefined) throw violation('unsent', `a decision on ${decision}, which was never sent`)
    return asked
  }

  /** Once. */
  outcome(asked: A, is: string, ran: Ran): void {
    if (asked.outcome !== undefined)
      throw violation('twice', `message ${asked.seq} ends with ${asked.outcome.is}, and then with ${is}`)
    asked.outcome = { is, ran }
    this.#waiting.delete(asked)
  }
}
