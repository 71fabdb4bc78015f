import type { Element } from './pattern.js'

/** What a walk needs of the peer: its id, and the token a claim gives, if it gives one. */
export interface Names {
  readonly id: string
  claim(name: string): string | undefined
}

/** What matched: surely, or only if a claim had been there (PO-10). */
export interface Found<T> {
  readonly sure: Set<T>
  readonly faulty: Set<T>
}

/** Patterns, element by element, so that the number of rules does not matter to a look-up. */
export class Trie<T> {
  readonly #literals = new Map<string, Trie<T>>()
  readonly #claims = new Map<string, Trie<T>>()
  #one: Trie<T> | undefined
  #peer: Trie<T> | undefined
  readonly #ends: T[] = []
  readonly #rests: T[] = []

  insert(pattern: readonly Element[], item: T): void {
    const [element, ...further] = pattern
    if (element === undefined) this.#ends.push(item)
    else if (element.is === 'rest') this.#rests.push(item)
    else this.#child(element).insert(further, item)
  }

  /**
   * PO-9: adds the items of every pattern that matches the elements from `at` on. A `*` among the elements, of a
   * subscription, is matched by `*` and `>` alone: so a pattern that matches it holds all it stands for.
   */
  find(elements: readonly string[], names: Names, found: Found<T>, at = 0, faulty = false): void {
    const into = faulty ? found.faulty : found.sure
    const element = elements[at]
    if (element === undefined) {
      for (const item of this.#ends) into.add(item)
      return
    }
    for (const item of this.#rests) into.add(item)
    this.#literals.get(element)?.find(elements, names, found, at + 1, faulty)
    this.#one?.find(elements, names, found, at + 1, faulty)
    if (element === names.id) this.#peer?.find(elements, names, found, at + 1, faulty)
    for (const [name, child] of this.#claims) {
      const value = names.claim(name)
      if (value === undefined) child.find(elements, names, found, at + 1, true)
      else if (value === element) child.find(elements, names, found, at + 1, faulty)
    }
  }

  #child(element: Exclude<Element, { is: 'rest' }>): Trie<T> {
    if (element.is === 'one') return (this.#one ??= new Trie())
    if (element.is === 'peer') return (this.#peer ??= new Trie())
    const [children, key] = element.is === 'literal' ? [this.#literals, element.text] : [this.#claims, element.name]
    const child = children.get(key) ?? new Trie<T>()
    children.set(key, child)
    return child
  }
}
