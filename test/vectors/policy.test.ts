import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { type PeerId, parsePeerId } from '../../src/identity/id.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Verdict } from '../../src/policy/decide.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import * as schema from '../../test-vectors/schema.js'
import { readVectors } from './file.js'

const { peers, policies, patterns, refused } = readVectors(schema.policy, 'policy')

const isPeerId = (text: string): text is PeerId => parsePeerId(text).length === 32

const peerOf = (key: string): Peer => {
  const { id, name, roles, claims } = peers[key] ?? { id: '', roles: [], claims: {} }
  if (!isPeerId(id)) throw new TypeError(`expected a peer, got ${key}`)
  return { id, roles, claims, ...(name !== undefined && { name }) }
}

type Question = (typeof policies)[number]['questions'][number]

/** Asks the questions of one policy in their order. */
class Asking {
  readonly #store: PolicyStore
  readonly #open = new Map<string, () => void>()

  constructor(policy: unknown) {
    this.#store = policyStore(policy)
  }

  answer({ name, peer, direction, verb, address, attributes, nowMs, ...asked }: Question): Verdict {
    if (asked.replace !== undefined) this.#store.replace(asked.replace)
    for (const ended of asked.ended ?? []) this.#open.get(ended)?.()
    if (!asked.charge) return this.#store.decide({ peer: peerOf(peer), direction, verb, address, attributes }, nowMs)
    const policy = this.#store.forPeer(peerOf(peer))
    const admission = policy.admit(direction, verb, address, attributes, nowMs, asked.item === true ? 'item' : 'act')
    if (admission.release !== undefined) this.#open.set(name, admission.release)
    return admission
  }
}

describe.each(policies)('policy.json: $name', ({ policy, questions }) => {
  test('each question is answered as the vector says', () => {
    const asking = new Asking(policy)
    for (const question of questions) {
      const verdict = asking.answer(question)
      const seen = { effect: verdict.effect, why: 'why' in verdict ? verdict.why : null, rules: verdict.rules }
      const { effect, why, rules } = question
      expect(seen, `${question.rule} ${question.name}`).toEqual({ effect, why, rules })
    }
  })
  test('no two questions have one name', () => {
    expect(new Set(questions.map(({ name }) => name)).size).toBe(questions.length)
  })
})

describe('policy.json', () => {
  test('has 300 questions, 60 patterns and 60 documents to refuse at least', () => {
    expect(policies.flatMap(({ questions }) => questions).length).toBeGreaterThanOrEqual(300)
    expect(patterns.length).toBeGreaterThanOrEqual(60)
    expect(refused.length).toBeGreaterThanOrEqual(60)
  })

  test.each(patterns)(
    'PO-9, PO-10 $pattern and $address, asked by $peer: $matches',
    ({ pattern, peer, address, matches }) => {
      const rule = { id: 'it', effect: 'allow', by: ['any'], verbs: ['call'], on: [pattern] }
      const question = { peer: peerOf(peer), direction: 'in', verb: 'call', address, attributes: {} } as const
      const verdict = policyStore({ version: 1, rules: [rule] }).decide(question, 0)
      const seen = verdict.effect === 'allow' ? 'yes' : verdict.why === 'error' ? 'error' : 'no'
      expect(seen).toBe(matches)
    },
  )

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
