import { type Ordered, type Turn, Turns } from './memoryqueueturns.js'
import { SubjectIndex } from './memorytopicindex.js'

/** Filters by which nobody waits that are still looked at. */
const IDLE = 64

interface Ready<M> extends Ordered<M> {
  readonly subject: string
}

/** A lease that waits. */
export interface Waiting<T> {
  readonly count: number
  readonly done: (leased: readonly T[]) => void
  readonly fail: (error: Error) => void
}

/** What one filter takes of the messages that are ready, and who waits for them. */
export interface View<M extends Ready<M>, T> {
  readonly filter: string
  readonly ready: Turns<M>
  readonly waiting: Set<Waiting<T>>
}

/** A view of each filter that was asked for, so that a lease looks at nothing it does not take. */
export class Views<M extends Ready<M>, T> {
  readonly #views = new SubjectIndex<View<M, T>>()
  /** Those by which nobody waits, the one asked for longest ago first. */
  readonly #idle = new Set<View<M, T>>()
  readonly #waited = new Set<View<M, T>>()

  /** @param taken what is ready and the filter takes, asked for where there is no view yet */
  of(filter: string, taken: () => Iterable<Turn<M>>): View<M, T> {
    const known = this.#views.get(filter)
    const view = known ?? { filter, ready: new Turns<M>(taken()), waiting: new Set() }
    if (known === undefined) this.#views.set(filter, view)
    this.rest(view)
    return view
  }

  /** Those by which somebody waits. */
  get waited(): ReadonlySet<View<M, T>> {
    return this.#waited
  }

  /** It counts as asked for just now, by as many as wait. */
  rest(view: View<M, T>): void {
    this.#idle.delete(view)
    if (view.waiting.size > 0) {
      this.#waited.add(view)
      return
    }
    this.#waited.delete(view)
    this.#idle.add(view)
    const [oldest] = this.#idle
    if (this.#idle.size <= IDLE || oldest === undefined) return
    this.#idle.delete(oldest)
    this.#views.delete(oldest.filter)
  }

  taking(subject: string): View<M, T>[] {
    return this.#views.taking(subject)
  }
}
