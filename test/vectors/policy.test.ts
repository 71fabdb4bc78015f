import { describe, expect, test } from 'vitest'
import { parseContract } from '../../src/contract/exported.js'
import { SottoError } from '../../src/errors.js'
import { POLICIES } from '../../src/kit/askspolicy.js'
import { Members } from '../../src/kit/members.js'
import { parseJson } from '../../src/policy/json.js'
import { policyStore } from '../../src/policy/store.js'
import * as schema from '../../test-vectors/schema.js'
import { readVectors } from './file.js'

const { policies, patterns, refused, texts, textsRefused } = readVectors(schema.policy, 'policy')

const isTaken = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

describe.each(policies)('policy.json: $name', ({ verdicts, ...posed }) => {
  const { peers, questions } = posed

  test('each question is answered as the vector says', () => {
    const said = POLICIES.policy(new Members(posed)).verdicts
    const named = (answers: typeof said) => answers.map((answer, at) => ({ name: questions[at]?.name, ...answer }))
    expect(named(said)).toEqual(named(verdicts))
  })
  test('no two questions have one name, and every peer asks', () => {
    expect(new Set(questions.map(({ name }) => name)).size).toBe(questions.length)
    expect(new Set(questions.map(({ peer }) => peer))).toEqual(new Set(Object.keys(peers)))
  })
})

describe('policy.json', () => {
  test('has 300 questions, 60 patterns and 60 documents to refuse at least', () => {
    expect(policies.flatMap(({ questions }) => questions).length).toBeGreaterThanOrEqual(300)
    expect(patterns.length).toBeGreaterThanOrEqual(60)
    expect(refused.length).toBeGreaterThanOrEqual(60)
  })

  test.each(patterns)('PO-9, PO-10 $pattern and $address, asked by $peer.id: $matches', ({ matches, ...asked }) => {
    expect(POLICIES.pattern(new Members(asked))).toEqual({ matches })
  })

  /** Where `load` says that the fault is. */
  const pathOf = (load: () => unknown): string => {
    try {
      load()
    } catch (error) {
      if (SottoError.is(error, 'policy/malformed')) return error.details.path
      throw error
    }
    return 'nothing'
  }

  test.each(refused)('$rule $name is refused at "$path"', ({ policy, contracts = [], path }) => {
    expect(pathOf(() => policyStore(policy, { contracts: contracts.map(parseContract) }))).toBe(path)
  })

  test('PO-25 what is held against contracts loads without them', () => {
    const held = refused.filter(({ rule }) => rule === 'PO-25')
    expect(held.length).toBeGreaterThanOrEqual(10)
    for (const { policy } of held) expect(pathOf(() => policyStore(policy))).toBe('nothing')
  })

  test.each(texts)('PO-30 $name is read as the platform reads it', ({ text, value }) => {
    expect(parseJson(text)).toEqual(value)
    expect(JSON.parse(text)).toEqual(value)
  })

  test.each(textsRefused)('PO-30 $name is refused at line $line, column $column', ({ text, line, column }) => {
    expect(pathOf(() => parseJson(text))).toBe(`line ${line}, column ${column}`)
  })

  test('PO-30 the platform takes of these texts those alone that have a name twice', () => {
    const taken = textsRefused.filter(({ text }) => isTaken(text))
    expect(taken.map(({ name }) => name.startsWith('a name twice'))).toEqual(taken.map(() => true))
    expect(taken.length).toBe(textsRefused.filter(({ name }) => name.startsWith('a name twice')).length)
  })
})
