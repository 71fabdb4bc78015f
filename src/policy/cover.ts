import type { Verb } from '../contract/kinds.js'
import type { Circles } from './circles.js'
import type { Direction } from './compile.js'
import type { Effort } from './effort.js'
import { elementTexts } from './pattern.js'
import type { Rule, Who } from './rule.js'

/** Some acts of some peers: what one who, one verb and one pattern of a rule come to. */
export interface Reach {
  readonly direction: Direction
  readonly who: Who
  readonly verb: Verb
  readonly pattern: string
}

/** Rules that ask nothing of an act, and which of them speaks of all that another rule speaks of. */
export class Cover {
  readonly #tries: Readonly<Record<Direction, Map<Who, Node>>> = { in: new Map(), out: new Map() }
  readonly #circles: Circles
  readonly #effort: Effort

  constructor(circles: Circles, effort: Effort) {
    this.#circles = circles
    this.#effort = effort
  }

  add(rule: Rule): void {
    const tries = this.#tries[rule.by === undefined ? 'out' : 'in']
    for (const who of new Set<Who>(rule.by ?? rule.to)) {
      const trie = tries.get(who) ?? new Node()
      tries.set(who, trie)
      for (const pattern of new Set(rule.on)) trie.insert(elementTexts(pattern), rule)
    }
  }

  /**
   * A rule, other than those that are left out, that matches whatever `reach` matches, and is in error at most where
   * that is. Of a group whose members have several such rules, one of them.
   */
  find(reach: Reach, isLeftOut: (rule: Rule) => boolean): Rule | undefined {
    const elements = elementTexts(reach.pattern)
    const fits = (rule: Rule): boolean => this.#effort.spend() && rule.verbs.includes(reach.verb) && !isLeftOut(rule)
    const of = (who: Who): Rule | undefined => {
      for (const wide of this.#circles.wider(who)) {
        const found = this.#tries[reach.direction].get(wide)?.find(elements, fits, this.#effort)
        if (found !== undefined) return found
      }
      return undefined
    }
    return of(reach.who) ?? ofAll(this.#circles.members(reach.who) ?? [], of)
  }
}

/** The last of what `of` finds, if it finds something for each. */
const ofAll = (members: Iterable<Who>, of: (who: Who) => Rule | undefined): Rule | undefined => {
  let found: Rule | undefined
  for (const member of members) {
    found = of(member)
    if (found === undefined) return undefined
  }
  return found
}

/** Patterns by the texts of their elements. */
class Node {
  readonly #children = new Map<string, Node>()
  readonly #rules: Rule[] = []

  insert([element, ...further]: readonly string[], rule: Rule): void {
    if (element === undefined) {
      this.#rules.push(rule)
      return
    }
    const child = this.#children.get(element) ?? new Node()
    this.#children.set(element, child)
    child.insert(further, rule)
  }

  /** PO-9: an element holds itself, `*` any one element, and `>` all that is left, if something is. */
  find(elements: readonly string[], fits: (rule: Rule) => boolean, effort: Effort, at = 0): Rule | undefined {
    if (!effort.spend()) return undefined
    const element = elements[at]
    if (element === undefined) return this.#rules.find(fits)
    const rest = this.#children.get('>')?.find([], fits, effort)
    if (rest !== undefined || element === '>') return rest
    return (
      this.#children.get(element)?.find(elements, fits, effort, at + 1) ??
      (element === '*' ? undefined : this.#children.get('*')?.find(elements, fits, effort, at + 1))
    )
  }
}
