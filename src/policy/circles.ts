import type { Effort } from './effort.js'
import type { Member, Policy, Who } from './rule.js'

/** Which who surely speaks of all whom another speaks of, by the groups of a policy. */
export class Circles {
  readonly #members = new Map<Who, ReadonlySet<Who>>()
  readonly #groups = new Map<Member, Who[]>()
  readonly #wider = new Map<Who, readonly Who[]>()
  readonly #effort: Effort

  constructor({ groups = {} }: Policy, effort: Effort) {
    this.#effort = effort
    for (const [name, members] of Object.entries(groups)) {
      const group: Who = `group:${name}`
      this.#members.set(group, new Set(members))
      for (const member of new Set(members)) {
        const around = this.#groups.get(member) ?? []
        around.push(group)
        this.#groups.set(member, around)
      }
    }
  }

  /** Undefined for what is no group. */
  members(who: Who): ReadonlySet<Who> | undefined {
    return this.#members.get(who)
  }

  /** Itself, and each other who that holds for every peer it holds for. */
  wider(who: Who): readonly Who[] {
    const known = this.#wider.get(who)
    if (known !== undefined) return known
    const [first, ...others] = this.#members.get(who) ?? [who]
    const around = first === undefined ? [] : [first, ...this.#around(first)]
    const wider = around.filter((each) => others.every((member) => this.#holds(each, member)))
    const all = [...new Set<Who>([who, 'any', ...this.#around('any'), ...wider])]
    this.#wider.set(who, all)
    return all
  }

  /** The groups that name a who, which is no group. */
  #around(member: Who): readonly Who[] {
    return isMember(member) ? (this.#groups.get(member) ?? []) : []
  }

  #holds(who: Who, member: Who): boolean {
    return this.#effort.spend() && (who === member || this.#members.get(who)?.has(member) === true)
  }
}

const isMember = (who: Who): who is Member => !who.startsWith('group:')
