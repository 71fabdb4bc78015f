import { describe, expect, test } from 'vitest'
import { isAddress, isContractName } from '../../src/contract/address.js'
import { canMatch, isAskable, MAX_PATTERN, parsePattern } from '../../src/policy/pattern.js'
import { type Names, Trie } from '../../src/policy/trie.js'
import { idOf, PEERS } from './arbitrary.js'
import { matchPattern } from './reference.js'

const [alice] = PEERS

/** All texts of up to `length` of the elements. */
const words = (elements: readonly string[], length: number): string[] =>
  length === 0
    ? []
    : words(elements, length - 1)
        .flatMap((word) => [word, ...elements.map((element) => `${word}.${element}`)])
        .concat(elements)

const unique = (texts: readonly string[]): string[] => [...new Set(texts)]

const found = (pattern: string, address: string, names: Names): 'yes' | 'no' | 'error' => {
  const trie = new Trie<string>()
  trie.insert(parsePattern(pattern) ?? [], pattern)
  const into = { sure: new Set<string>(), faulty: new Set<string>() }
  trie.find(address.split('.'), names, into)
  return into.sure.size > 0 ? 'yes' : into.faulty.size > 0 ? 'error' : 'no'
}

describe('PO-6 a pattern is elements, placeholders and a tail', () => {
  const good = [
    'a.v1.o',
    '*',
    '>',
    'a.>',
    '*.*.>',
    'a.v1.o.{peer.id}',
    '{claim.x}.v1.o',
    'a.v1.o.X_-9',
    'a.{claim.a-b_C}.>',
  ]
  test.each(good)('PO-6 takes %j', (text) => expect(parsePattern(text)).toBeDefined())

  const bad = [
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '>.a',
    'a.>.b',
    '>.>',
    '**',
    'a*',
    '*a',
    'a.b*',
    '>>',
    'a>',
    'a.*>',
    'a b',
    ' a',
    'a\n',
    'a\0',
    'a/b',
    'é',
    'ａ',
    'а.v1.o\u0301',
    '\u212a',
    'a.\u200b',
    '{peer.id',
    'peer.id}',
    '{}',
    '{peer}',
    '{peer.name}',
    '{Peer.id}',
    '{ peer.id }',
    '{peer.id}x',
    'x{peer.id}',
    '{peer.id}{peer.id}',
    '{claim.}',
    '{claim.a.b}',
    '{claim.a b}',
    '{claim.__proto__}',
    '{claim.constructor}',
    '{claim.prototype}',
    '{claim.é}',
    '{{claim.a}}',
    'a.{claim.a',
    '$a',
    'a'.repeat(66),
    `${'a.'.repeat(MAX_PATTERN / 2)}a`,
    '{'.repeat(MAX_PATTERN),
  ]
  test.each(bad)('PO-6 refuses %j', (text) => expect(parsePattern(text)).toBeUndefined())
})

test('PO-7 a pattern loads if and only if there is an address it matches', () => {
  const addresses = unique(words(['n', 'v1', 'o', '_'], 5))
  const operations = addresses.filter(isAddress)
  const contracts = addresses.filter(isContractName)
  const counts = { yes: 0, no: 0 }
  for (const text of unique(words(['n', 'v1', 'o', '_', '*', '>', '{claim.t}'], 4))) {
    const pattern = parsePattern(text)
    if (pattern === undefined) continue
    // Any claim can have any token, so a placeholder is a wildcard here.
    const wild = text.replaceAll('{claim.t}', '*')
    const meets = (address: string) => matchPattern(wild, address, { id: idOf(1), roles: [], claims: {} }) === 'yes'
    expect([text, canMatch(pattern, 'call')]).toEqual([text, operations.some(meets)])
    expect([text, canMatch(pattern, 'initiate')]).toEqual([text, contracts.some(meets)])
    counts[canMatch(pattern, 'call') ? 'yes' : 'no']++
  }
  expect(Math.min(counts.yes, counts.no)).toBeGreaterThan(50)
})

test('PO-9 a pattern matches what the reference matches, over all short patterns and addresses', () => {
  const patterns = unique(words(['a', 'b', '*', '>'], 4)).filter((text) => parsePattern(text) !== undefined)
  const addresses = unique(words(['a', 'b', 'c'], 4))
  let matches = 0
  for (const pattern of patterns) {
    for (const address of addresses) {
      const result = found(pattern, address, { id: '', claim: () => undefined })
      if (alice === undefined || result !== matchPattern(pattern, address, alice))
        expect.unreachable(`${pattern} ${address}`)
      if (result === 'yes') matches++
    }
  }
  expect(matches).toBeGreaterThan(1_000)
})

test('PO-9 a pattern matches a subscription if and only if it matches all the subscription stands for', () => {
  const patterns = unique(words(['a', 'b', '*', '>'], 3)).filter((text) => parsePattern(text) !== undefined)
  const names = { id: '', claim: () => undefined }
  // `c` stands for the tokens that no pattern names.
  const addresses = unique(words(['a', 'b', 'c'], 3))
  for (const filter of unique(words(['a', 'b', '*'], 3))) {
    const concrete = addresses.filter((address) => found(filter, address, names) === 'yes')
    for (const pattern of patterns) {
      const within = concrete.every((address) => found(pattern, address, names) === 'yes')
      if ((found(pattern, filter, names) === 'yes') !== within) expect.unreachable(`${pattern} ${filter}`)
    }
  }
})

describe('PO-10 the id of the peer is compared as one element', () => {
  const names = { id: idOf(7), claim: (name: string) => (name === 't' ? 'x' : undefined) }
  const cases: [string, string, string][] = [
    ['a.{peer.id}', `a.${idOf(7)}`, 'yes'],
    ['a.{peer.id}.>', `a.${idOf(7)}.b`, 'yes'],
    ['a.{peer.id}', `a.${idOf(8)}`, 'no'],
    ['a.{peer.id}', `a.${idOf(7).slice(0, -1)}`, 'no'],
    ['a.{peer.id}', `a.${idOf(7).toUpperCase()}`, 'no'],
    ['a.{peer.id}', 'a.*', 'no'],
    ['a.{claim.t}', 'a.x', 'yes'],
    ['a.{claim.t}', 'a.*', 'no'],
    ['a.{claim.u}', 'a.x', 'error'],
    ['a.{claim.u}.{peer.id}', 'a.x.x', 'no'],
  ]
  test.each(cases)('PO-10 %s on %s: %s', (pattern, address, expected) => {
    expect(found(pattern, address, names)).toBe(expected)
  })
})

test('PO-8 what can be asked is what the grammar of the verb allows', () => {
  for (const address of unique(words(['n', 'v1', 'o', '_', '*'], 4))) {
    expect(isAskable('call', address)).toBe(isAddress(address))
    expect(isAskable('initiate', address)).toBe(isContractName(address))
    if (!address.includes('*')) expect(isAskable('subscribe', address)).toBe(isAddress(address))
    else if (isAskable('consume', address)) expect(address).toMatch(/^[no](\.[no])*\.v1\.([no]|v1)(\.[no_*]|\.v1)*$/)
  }
  expect(isAskable('subscribe', 'n.v1.o.*')).toBe(true)
})
