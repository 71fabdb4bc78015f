import type { StoredMessage } from './durablemessage.js'
import { Turns } from './memoryqueueturns.js'
import { Views, type Waiting as Waiter } from './memoryqueueviews.js'
import { SubjectIndex } from './memorytopicindex.js'

/** Messages that wait, by subject: of each those first that have been due longest. */
export class Waiting {
  readonly #bySubject = new SubjectIndex<Turns<StoredMessage>>()
  /** For filters of several subjects, so that a lease looks at one message in place of one a subject. */
  readonly #views = new Views<StoredMessage, StoredMessage>()

  push(message: StoredMessage): void {
    const turn = { atMs: message.dueMs, message }
    message.turn = turn
    const turns = this.#bySubject.get(message.subject) ?? new Turns<StoredMessage>()
    this.#bySubject.set(message.subject, turns)
    turns.push(turn)
    for (const view of this.#views.taking(message.subject)) view.ready.push(turn)
  }

  /** The one that has been due longest, or will be first. */
  first(filter: string): StoredMessage | undefined {
    if (!filter.includes('*')) return this.#bySubject.get(filter)?.first()?.message
    return this.#viewOf(filter).ready.first()?.message
  }

  /** It has another turn now, or none. */
  left({ subject }: StoredMessage): void {
    if (this.#bySubject.get(subject)?.first() === undefined) this.#bySubject.delete(subject)
  }

  /** From here on what a filter takes is at hand, until that is called which is returned. */
  hold(filter: string, waiter: Waiter<StoredMessage>): () => void {
    if (!filter.includes('*')) return () => undefined
    const view = this.#viewOf(filter)
    view.waiting.add(waiter)
    this.#views.rest(view)
    return () => {
      view.waiting.delete(waiter)
      this.#views.rest(view)
    }
  }

  #viewOf(filter: string) {
    return this.#views.of(filter, () => this.#bySubject.within(filter).flatMap((turns) => turns.all()))
  }
}
