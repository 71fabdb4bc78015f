import type { Contract } from '../contract/define.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import { rowsOf } from '../contract/row.js'
import { type PeerId, peerIdOf } from '../identity/id.js'
import { type Element, isAskable } from '../policy/pattern.js'
import type { Cell } from './cell.js'
import type { Document } from './document.js'

/** Addresses that an operation may come to; with more it is not decided exactly. */
const MAX_ADDRESSES = 10_000

/** What a contract lets be asked; `subject` has the elements of its template. */
type Act = Omit<Cell, 'owner' | 'address'> & {
  readonly elements: readonly string[]
  readonly subject: readonly string[]
}

/** Texts that no document and no contract holds. */
export interface Fresh {
  /** A token, and the beginning of more. */
  readonly word: string
  /** The peer that owns addresses with its id, and one that owns none. */
  readonly owner: PeerId
  readonly stranger: PeerId
}

/** CL-37: all that documents can be asked at the contracts, in cells; spec/cli.md says why these are enough. */
export class Domain {
  readonly documents: readonly Document[]
  readonly fresh: Fresh
  readonly #acts: readonly { readonly act: Act; readonly tokens: readonly (readonly string[])[] }[]

  constructor(documents: readonly Document[], contracts: readonly Contract[]) {
    this.documents = documents
    this.fresh = freshFor(JSON.stringify([documents.map(({ policy }) => policy), contracts]))
    this.#acts = contracts.flatMap(actsOf).map((act) => ({ act, tokens: this.#tokensOf(act) }))
  }

  *cells(): Generator<Cell> {
    for (const { act, tokens } of this.#acts) {
      if (sizeOf(tokens) > MAX_ADDRESSES) continue
      for (const subject of productOf(tokens)) yield* cellsAt(act, subject, this.fresh)
    }
  }

  /** What has more addresses than can be gone through. */
  wide(): readonly { readonly act: Omit<Cell, 'owner' | 'address'>; readonly addresses: number }[] {
    return this.#acts
      .map(({ act, tokens }) => ({ act, addresses: sizeOf(tokens) }))
      .filter(({ addresses }) => addresses > MAX_ADDRESSES)
  }

  /** For each token of the subject all that patterns can tell apart. */
  #tokensOf(act: Act): readonly (readonly string[])[] {
    if (act.subject.length === 0) return []
    const patterns = this.documents.flatMap((document) => document.patterns(act))
    const meeting = patterns.filter((pattern) => begins(pattern, act.elements))
    const places = act.subject.map((_, index) =>
      meeting.flatMap((pattern) => pattern[act.elements.length + index] ?? []),
    )
    const compared = places.filter((elements) => elements.some(({ is }) => is === 'claim'))
    // Tokens that are compared with one claim are compared with one another.
    const linked = [...compared.flatMap((elements) => this.#tokensAt(elements)), ...this.#wordsFor(compared.length)]
    return places.map((elements) => {
      const tokens = [this.fresh.word, ...this.#tokensAt(elements), ...(compared.includes(elements) ? linked : [])]
      const wild = act.verb === 'subscribe' || act.verb === 'consume' ? ['*'] : []
      return [...new Set([...tokens, ...wild])]
    })
  }

  #tokensAt(elements: readonly Element[]): readonly string[] {
    const { owner } = this.fresh
    return elements.flatMap((element) => {
      if (element.is === 'literal') return [element.text]
      if (element.is === 'peer') return [owner, ...this.documents.flatMap((document) => document.ids)]
      if (element.is === 'claim') return this.documents.flatMap((document) => document.tokensOf(element.name))
      return []
    })
  }

  /** As many more words as there are places that may differ. */
  #wordsFor(places: number): readonly string[] {
    return Array.from({ length: Math.max(0, places - 1) }, (_, index) => `${this.fresh.word}-${index + 2}`)
  }
}

/** Every choice of one of each. */
export function* productOf<T>(choices: readonly (readonly T[])[]): Generator<readonly T[]> {
  const [first, ...further] = choices
  if (first === undefined) yield []
  else for (const item of first) for (const rest of productOf(further)) yield [item, ...rest]
}

export const sizeOf = (choices: readonly (readonly unknown[])[]): number =>
  choices.reduce((size, { length }) => size * length, 1)

const actsOf = (contract: Contract): readonly Act[] => {
  const elements = contract.name.split('.')
  const operations = rowsOf(contract).flatMap(({ name, kind, subject, visible }) => {
    const template = subject === '' ? [] : subject.split('.')
    const shown = [contract.name, name, ...template].join('.')
    const verbs: readonly Verb[] = KINDS[kind]
    return verbs.map((verb) => ({ verb, visible, shown, elements: [...elements, name], subject: template }))
  })
  const contractItself = { verb: 'initiate', visible: [], shown: contract.name, elements, subject: [] } as const
  return (['in', 'out'] as const).flatMap((direction) =>
    [contractItself, ...operations].map((act) => ({ direction, ...act })),
  )
}

function* cellsAt(act: Act, subject: readonly string[], fresh: Fresh): Generator<Cell> {
  const { direction, verb, visible } = act
  const address = [...act.elements, ...subject].join('.')
  if (!isAskable(verb, address)) return
  const names = subject.map((token, index) => nameOf(token, act.subject[index] ?? '', fresh))
  const cell = { direction, verb, visible, address, shown: [...act.elements, ...names].join('.') }
  // For all others the owner's id is a token like any other.
  const owners = subject.includes(fresh.owner) ? [fresh.owner] : [undefined, ...new Set(subject.filter(isId))]
  for (const owner of owners) yield { ...cell, owner }
}

const nameOf = (token: string, placeholder: string, { word, owner }: Fresh): string => {
  if (token === owner) return '{peer.id}'
  if (token === word) return placeholder
  return token.startsWith(word) ? placeholder.replace('}', ` ${token.slice(word.length + 1)}}`) : token
}

const isId = (token: string): token is PeerId => token.startsWith('sotto1') && token.length === 65

const begins = (pattern: readonly Element[], elements: readonly string[]): boolean =>
  elements.every((text, at) => {
    const element = pattern[at] ?? pattern.at(-1)
    if (element?.is === 'literal') return pattern[at] !== undefined && element.text === text
    return element?.is === 'rest' || (pattern[at] !== undefined && element?.is !== 'peer')
  })

/** A word and two ids that do not stand in `told`. */
const freshFor = (told: string): Fresh => {
  const word = firstFree(told, (n) => `other${n === 0 ? '' : n}`)
  const owner = firstFree(told, idOf)
  return { word, owner, stranger: firstFree(told + owner, idOf) }
}

const firstFree = <T extends string>(told: string, of: (n: number) => T): T => {
  for (let n = 0; ; n++) {
    const text = of(n)
    if (!told.includes(text)) return text
  }
}

const idOf = (n: number): PeerId => peerIdOf(Uint8Array.from({ length: 32 }, (_, at) => (at < 4 ? n >>> (8 * at) : 1)))
