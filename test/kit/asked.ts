/** Contracts, and questions that can be asked at them, over the words of random policies. */
import type { Contract } from '../../src/contract/define.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Attributes } from '../../src/policy/check.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import type { Policy, Scalar } from '../../src/policy/rule.js'
import { SUITES } from '../../src/session/suites.js'
import { idOf } from '../policy/arbitrary.js'
import { decideByReading } from '../policy/reference.js'
import type { Random } from '../random.js'

/** A contract whose operations have subjects, which no kind of operation that is built has yet. */
export const withSubjects = (name: `${string}.v${number}`, subjects: Readonly<Record<string, string>>): Contract => {
  const terms = { faults: [], visible: ['b'], retain: false, idempotent: false }
  const operations = Object.fromEntries(
    Object.entries(subjects).map(([key, subject]) => [
      key,
      { kind: 'requestResponse' as const, terms: { ...terms, subject } },
    ]),
  )
  return { name, operations, flow: undefined, toJSON: () => ({ name, operations: [] }) }
}

export const CONTRACTS: readonly (readonly Contract[])[] = [
  [withSubjects('a.v1', { o: '', p: '' }), withSubjects('b.v1', { o: '' })],
  [withSubjects('a.v1', { o: '{k}', p: '{k}' })],
  [withSubjects('a.v1', { o: '{k}.{m}' })],
]

const IDS = [1, 2, 3, 4].map(idOf)
const TOKENS = ['x', 'x', 'y', 'z', '5', 'w'.repeat(65), ...IDS]
const TEXTS = ['x', 'y', 'z', '', 'é', 'no token', 'true', '5']
const NUMBERS = [0, 1, 4, 5, 6, 7, 2 ** 26, 2 ** 53 - 1]
const FLOATS = [5.5, 0.5, -1, -2, Number.MAX_VALUE, Number.MIN_VALUE, Infinity, -Infinity, Number.NaN]

export const randomPeer = (random: Random): Peer => ({
  id: random.pick(IDS),
  ...(random.chance(40) && { name: random.pick(['spiffe://x/bob', 'spiffe://x', 'spiffe://x/eve']) }),
  roles: some(random, ['ops', 'dev', 'de', 'none']),
  claims: Object.fromEntries(
    some(random, ['t', 'u', 'n', 'b', 'm']).map((name) => [
      name,
      random.pick<Scalar>([...TOKENS, ...TEXTS, ...NUMBERS, -1, true, false]),
    ]),
  ),
})

/** All that a gate may tell of a message. */
const randomMessage = (random: Random): Attributes => ({
  bytes: random.pick([0, 1, 4, 5, 6, 7, 2 ** 26]),
  suite: random.pick(SUITES).name,
  ageMs: random.pick([...NUMBERS, 5.5, 0.5]),
  time: random.pick([...NUMBERS, 5.5, 0.5]),
  ...(random.chance(50) && { ttlMs: random.pick(NUMBERS.slice(1)) }),
  ...(random.chance(50) && { state: random.pick(TEXTS) }),
  ...(random.chance(50) && { 'label.l': random.pick(TEXTS) }),
  ...(random.chance(70) && { 'body.b': random.pick<Scalar>([...TEXTS, ...NUMBERS, ...FLOATS, true, false]) }),
})

export const randomAsked = (random: Random, contracts: readonly Contract[], peer = randomPeer(random)): Question => {
  const direction = random.pick(['in', 'in', 'out'] as const)
  const { name, operations } = random.pick(contracts)
  const message = randomMessage(random)
  if (random.chance(15)) {
    const { suite = '', time = 0 } = message
    return { peer, direction, verb: 'initiate', address: name, attributes: { suite, time } }
  }
  const [operation, { terms }] = random.pick(Object.entries(operations))
  const places = terms.subject === '' ? [] : terms.subject.split('.')
  const tokens = places.map(() => (random.chance(30) ? peer.id : random.pick(TOKENS)))
  return { peer, direction, verb: 'call', address: [name, operation, ...tokens].join('.'), attributes: message }
}

const some = <T>(random: Random, list: readonly T[]): T[] => list.filter(() => random.chance(50))

/** The verdict by the reference, where every limit has room. */
export const verdictOf = (document: Policy, question: Question): Verdict => {
  const rules = document.rules.map(({ limit, ...rule }) =>
    limit?.bytesPerSecond === undefined ? rule : { ...rule, limit: { bytesPerSecond: 1e12 } },
  )
  return decideByReading({ ...document, rules }, question)
}

/** Whether the shown address of a change is that of the question. */
export const isAt = (address: string, question: Question): boolean => {
  const given = question.address.split('.')
  const shown = address.match(/\{[^}]*\}|[^.]+/g) ?? []
  return (
    shown.length === given.length &&
    shown.every((element, at) => {
      if (element === '{peer.id}') return given[at] === question.peer.id
      return element.startsWith('{') || element === given[at]
    })
  )
}
