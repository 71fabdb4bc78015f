import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { POLICIES } from '../../src/kit/askspolicy.js'
import { Members } from '../../src/kit/members.js'
import { policyStore } from '../../src/policy/store.js'
import * as schema from '../../test-vectors/schema.js'
import { readVectors } from './file.js'

const { policies, patterns, refused } = readVectors(schema.policy, 'policy')

describe.each(policies)('policy.json: $name', ({ policy, peers, questions, verdicts }) => {
  test('each question is answered as the vector says', () => {
    const said = POLICIES.policy(new Members({ policy, peers, questions })).verdicts
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

  test.each(refused)('$rule $name is refused at "$path"', ({ policy, path }) => {
    let error: unknown
    try {
      policyStore(policy)
    } catch (thrown) {
      error = thrown
    }
    expect(SottoError.is(error, 'policy/malformed') && error.details.path).toBe(path)
  })
})
