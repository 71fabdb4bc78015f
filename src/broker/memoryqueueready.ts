import { SubjectIndex } from './memorytopicindex.js'

/** Messages that are ready, by subject, so that a new filter looks at nothing it does not take. */
export class Ready<M extends { readonly subject: string }> {
  readonly #bySubject = new SubjectIndex<Set<M>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** One that is not there. */
  add(message: M): void {
    const known = this.#bySubject.get(message.subject)
    if (known === undefined) this.#bySubject.set(message.subject, new Set([message]))
    else known.add(message)
    this.#size++
  }

  /** One that is there. */
  delete(message: M): void {
    const known = this.#bySubject.get(message.subject)
    known?.delete(message)
    if (known?.size === 0) this.#bySubject.delete(message.subject)
    this.#size--
  }

  *within(filter: string): Generator<M> {
    for (const messages of this.#bySubject.within(filter)) yield* messages
  }
}
