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

/** PO-53: how one pattern meets the elements: surely, only if a claim had been there, or not at all. */
export const meets = (
  pattern: readonly Element[],
  elements: readonly string[],
  names: Names,
): 'sure' | 'faulty' | 'no' => {
  const found = { sure: new Set<true>(), faulty: new Set<true>() }
  const alone = new Trie<true>()
  alone.insert(pattern, true)
  alone.find(elements, names, found)
  if (found.sure.size > 0) return 'sure'
  return found.faulty.size > 0 ? 'faulty' : 'no'
}

/** Patterns, element by element, so that the number of rules does not matter to a look-up. */
export class Trie<T> {
  // A large policy has many nodes, and most lack most of these.
  #literals: Map<string, Trie<T>> | undefined
  #claims: Map<string, Trie<T>> | undefined
  #one: Trie<T> | undefined
  #peer: Trie<T> | undefined
  #ends: T[] | undefined
  #rests: T[] | undefined

  insert(pattern: readonly Element[], item: T): void {
    const [element, ...further] = pattern
    if (element === undefined) {
      this.#ends ??= []
      this.#ends.push(item)
    } else if (element.is === 'rest') {
      this.#rests ??= []
      this.#rests.push(item)
    } else this.#child(element).insert(further, item)
  }

  /**
   * PO-9: adds the items of every pattern that matches the elements from `at` on. A `*` among the elements, of a
   * subscription, is matched by `*` and `>` alone: so a pattern that matches it holds all it stands for.
   */
  find(elements: readonly string[], names: Names, found: Found<T>, at = 0, faulty = false): void {
    const element = elements[at]
    const items = element === undefined ? this.#ends : this.#rests
    for (const item of items ?? []) (faulty ? found.faulty : found.sure).add(item)
    if (element === undefined) return
    this.#literals?.get(element)?.find(elements, names, found, at + 1, faulty)
    this.#one?.find(elements, names, found, at + 1, faulty)
    if (element === names.id) this.#peer?.find(elements, names, found, at + 1, faulty)
    for (const [name, child] of this.#claims ?? []) {
      const value = names.claim(name)
      if (value === undefined) child.find(elements, names, found, at + 1, true)
      else if (value === element) child.find(elements, names, found, at + 1, faulty)
    }
  }

  #child(element: Exclude<Element, { is: 'rest' }>): Trie<T> {
    switch (element.is) {
      case 'one':
        this.#one ??= new Trie()
        return this.#one
      case 'peer':
        this.#peer ??= new Trie()
        return this.#peer
      case 'literal':
        this.#literals ??= new Map()
        return childAt(this.#literals, element.text)
      case 'claim':
        this.#claims ??= new Map()
        return childAt(this.#claims, element.name)
    }
  }
}

const childAt = <T>(children: Map<string, Trie<T>>, key: string): Trie<T> => {
  const child = children.get(key) ?? new Trie<T>()
  children.set(key, child)
  return child
}
