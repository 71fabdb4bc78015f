import type { PeerId } from '../identity/id.js'
import type { Claims, Peer } from '../identity/peer.js'
import type { Who } from '../policy/rule.js'
import type { Cell } from './cell.js'
import type { Document, Speaking } from './document.js'
import type { Fresh } from './domain.js'

/** Peers whom a cell tells not apart, by one of them; its claims are still open. */
export interface PeerClass {
  /** A peer of the class has one name of each list, and no other that a document speaks of. */
  readonly who: readonly (readonly Who[])[]
  /** The names of the one, beside `any`. */
  readonly names: readonly Who[]
  readonly id: PeerId
  /** What speaks of it beside what speaks of everyone: for each document, by what it says. */
  readonly own: readonly ReadonlyMap<string, Speaking>[]
  /** What speaks of it, for each document. */
  readonly rules: readonly (readonly Speaking[])[]
}

/**
 * CL-37: the peers that need to be asked one by one in a cell: first one whom rules name as everyone alone, then one for
 * all names that the same is said of.
 */
export const peerClasses = (
  documents: readonly Document[],
  fresh: Fresh,
  cell: Cell,
): readonly [PeerClass, ...PeerClass[]] => {
  const speaking = documents.map((document) => document.speaking(cell))
  const base = baseOf(cell, fresh, speaking)
  const alike = new Map<string, { readonly names: Who[]; readonly own: PeerClass['own'] }>()
  for (const [name, own] of ownByName(cell, base, speaking)) {
    const key = JSON.stringify(own.map((rules) => [...rules.keys()].sort()))
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { names: [name], own })
    else known.names.push(name)
  }
  return [base, ...[...alike.values()].map(({ names, own }) => classOf(base, [names], names.slice(0, 1), own))]
}

/** The peers that have a name of each, if that makes another class of them than either is. */
export const joined = (base: PeerClass, a: PeerClass, b: PeerClass): PeerClass | undefined => {
  const own = a.own.map((rules, at) => new Map([...rules, ...(b.own[at] ?? [])]))
  const size = (of: PeerClass['own']): number => of.reduce((sum, rules) => sum + rules.size, 0)
  if (size(own) === size(a.own) || size(own) === size(b.own)) return undefined
  const names = compatible(a.who.at(-1) ?? [], b.who.at(-1) ?? [])
  return names && classOf(base, [...a.who, ...b.who], names, own)
}

/** A peer of the class. */
export const peerOf = ({ id, names }: PeerClass, claims: Claims): Peer => {
  const [name] = behind('name:', names)
  return { id, roles: behind('role:', names), claims, ...(name === undefined ? {} : { name }) }
}

const baseOf = ({ owner }: Cell, fresh: Fresh, speaking: readonly (readonly Speaking[])[]): PeerClass => {
  const rules = speaking.map((of) => of.filter(({ names }) => names.some((name) => name === 'any' || name === owner)))
  const own = rules.map(() => new Map<string, Speaking>())
  const who = owner === undefined || owner === fresh.owner ? [] : [[owner]]
  return { who, names: [], id: owner ?? fresh.stranger, own, rules }
}

/** For each name a peer can have beside those of `base`: what is said of it and not of `base`. */
const ownByName = (
  { address, owner }: Cell,
  base: PeerClass,
  speaking: readonly (readonly Speaking[])[],
): ReadonlyMap<Who, readonly ReadonlyMap<string, Speaking>[]> => {
  // Whose id a token is, is asked in a cell of its own.
  const elsewhere = new Set<Who>(['any', ...address.split('.').filter(isId)])
  const byName = new Map<Who, Map<string, Speaking>[]>()
  speaking.forEach((rules, at) => {
    const said = new Set(base.rules[at]?.map(({ says }) => says))
    for (const rule of rules.filter(({ says }) => !said.has(says))) {
      for (const name of rule.names) {
        if (elsewhere.has(name) || (owner !== undefined && isId(name))) continue
        const own = byName.get(name) ?? speaking.map(() => new Map<string, Speaking>())
        byName.set(name, own)
        own[at]?.set(rule.says, rule)
      }
    }
  })
  return byName
}

const classOf = (base: PeerClass, who: PeerClass['who'], names: readonly Who[], own: PeerClass['own']): PeerClass => {
  const rules = own.map((of, at) => [...(base.rules[at] ?? []), ...of.values()])
  const id = names.find(isId) ?? base.id
  return { who: [...base.who, ...who], names, id, own, rules }
}

/** One name of each that a peer can have together: it has one id and at most one name. */
const compatible = (ones: readonly Who[], others: readonly Who[]): readonly Who[] | undefined => {
  for (const one of ones) {
    const other = others.find((who) => one.startsWith('role:') || kindOf(who) !== kindOf(one))
    if (other !== undefined) return [one, other]
  }
  return undefined
}

const kindOf = (who: Who): string => who.slice(0, 5)

const behind = (kind: string, names: readonly Who[]): readonly string[] =>
  names.filter((who) => who.startsWith(kind)).map((who) => who.slice(kind.length))

const isId = (text: string): text is PeerId => text.startsWith('sotto1')
