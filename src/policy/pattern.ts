import { isAddress, isContractName, isFieldName, isToken } from '../contract/address.js'
import type { Verb } from '../contract/kinds.js'

/** One element of a pattern; `rest` stands last only. */
export type Element =
  | { readonly is: 'literal'; readonly text: string }
  | { readonly is: 'one' }
  | { readonly is: 'rest' }
  | { readonly is: 'peer' }
  | { readonly is: 'claim'; readonly name: string }

/** Characters of a pattern: 255 of an address, and room for the names of claims. */
export const MAX_PATTERN = 1_024

// A dot that is not inside braces.
const BETWEEN_ELEMENTS = /\.(?![^{}]*\})/

/** The texts of the elements of a pattern; two elements that match alike have the same. */
export const elementTexts = (pattern: string): readonly string[] => pattern.split(BETWEEN_ELEMENTS)

/** PO-6: the elements of a pattern, or undefined if it is none. */
export const parsePattern = (text: string): readonly Element[] | undefined => {
  if (text.length > MAX_PATTERN) return undefined
  const elements: Element[] = []
  for (const part of elementTexts(text)) {
    const element = elementOf(part)
    if (element === undefined || elements.at(-1)?.is === 'rest') return undefined
    elements.push(element)
  }
  return elements
}

/** PO-7: whether the pattern can match anything that the verb can be asked of. */
export const canMatch = (pattern: readonly Element[], verb: Verb): boolean => {
  const grammar = verb === 'initiate' ? isContractName : isAddress
  return samplesOf(pattern).some(grammar)
}

/**
 * PO-8: whether an address can be asked about: a contract for `initiate`, else an address, which for `subscribe` and
 * `consume` may hold `*` for whole tokens.
 */
export const isAskable = (verb: Verb, address: string): boolean => {
  if (verb === 'initiate') return isContractName(address)
  if (verb !== 'subscribe' && verb !== 'consume') return isAddress(address)
  // `_` is a token but neither a name, a version nor an operation, so a wildcard passes only where a token stands.
  const sample = address.split('.').map((token) => (token === '*' ? '_' : token))
  return isAddress(sample.join('.'))
}

/** As long as every id: a token, and too long for a name or an operation. */
const SOME_ID = 'sotto1'.padEnd(65, 'q')

const elementOf = (part: string): Element | undefined => {
  if (part === '*') return { is: 'one' }
  if (part === '>') return { is: 'rest' }
  if (part === '{peer.id}') return { is: 'peer' }
  if (part.startsWith('{claim.') && part.endsWith('}')) {
    const name = part.slice('{claim.'.length, -1)
    return isFieldName(name) ? { is: 'claim', name } : undefined
  }
  return isToken(part) ? { is: 'literal', text: part } : undefined
}

/**
 * Addresses that the pattern would match: with the version at each place it can have, and each end a tail can have.
 * The grammar then says which of them are addresses.
 */
const samplesOf = (pattern: readonly Element[]): string[] => {
  const tail = pattern.at(-1)?.is === 'rest'
  const fixed = tail ? pattern.slice(0, -1) : pattern
  const ends = tail ? [['o'], ['v1'], ['v1', 'o'], ['n', 'v1'], ['n', 'v1', 'o']] : [[]]
  const samples: string[] = []
  for (let version = 0; version <= fixed.length; version++) {
    const start = fixed.map((element, at) => {
      if (element.is === 'literal') return element.text
      if (element.is === 'peer') return SOME_ID
      return at < version ? 'n' : at === version ? 'v1' : 'o'
    })
    for (const end of ends) samples.push([...start, ...end].join('.'))
  }
  return samples
}
