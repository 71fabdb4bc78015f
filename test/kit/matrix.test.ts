import { describe, expect, test } from 'vitest'
import type { Peer } from '../../src/identity/peer.js'
import { Document } from '../../src/kit/document.js'
import { type MatrixCell, type MatrixRow, type MatrixRule, policyMatrix } from '../../src/kit/matrix.js'
import type { Question, Verdict } from '../../src/policy/decide.js'
import type { Rule } from '../../src/policy/rule.js'
import { idOf, randomPolicy } from '../policy/arbitrary.js'
import { Random } from '../random.js'
import { CONTRACTS, isAt, randomAsked, randomPeer, verdictOf, withSubjects } from './asked.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Policies that are shown, for each set of contracts. */
const POLICIES = Number(process.env.SOTTO_MATRICES ?? 30)
console.info(`test/kit/matrix: SOTTO_SEED=${seed} SOTTO_MATRICES=${POLICIES}`)

/** A peer with at most one name. */
const simplePeer = (random: Random): Peer => {
  const { id, claims } = randomPeer(random)
  const stranger = idOf(99)
  const [role, name] = [random.pick(['ops', 'dev', 'de']), random.pick(['spiffe://x/bob', 'spiffe://x'])]
  return random.pick<Peer>([
    { id, roles: [], claims },
    { id: stranger, roles: [], claims },
    { id: stranger, roles: [role], claims },
    { id: stranger, name, roles: [], claims },
  ])
}

/** The row for the address as it is, else the one for any other token. */
const rowOf = (rows: readonly MatrixRow[], question: Question): MatrixRow | undefined =>
  rows
    .filter(({ direction, verb }) => direction === question.direction && verb === question.verb)
    .filter(({ owner }) => owner === undefined || owner === question.peer.id)
    .filter(({ address }) => isAt(address, question))
    .sort((a, b) => exactness(b) - exactness(a))[0]

const exactness = ({ address, owner }: MatrixRow): number =>
  (owner === undefined ? 0 : 2) + (/\{(?!peer)/.test(address) ? 0 : 1)

const cellOf = ({ cells, owner }: MatrixRow, { id, name, roles }: Peer): MatrixCell | undefined =>
  cells.find(({ who }) =>
    who.some((each) => (each === id && owner === undefined) || each === `name:${name}` || each === `role:${roles[0]}`),
  ) ?? cells[0]

const saysOf = (verdict: Verdict): string =>
  verdict.effect === 'allow' ? 'allow' : verdict.why === 'error' ? 'error' : 'deny'

/** The matrix names one of all rules that say the same. */
const isAlike = ({ when, limit }: MatrixRule, rule: Rule): boolean =>
  JSON.stringify([when, limit]) === JSON.stringify([rule.when ?? [], limit && rule.limit])

describe('CL-35 the matrix', () => {
  test.each([0, 1].map((at) => ({ at })))('CL-35 says of each act what the policy says, at contracts $at', ({ at }) => {
    const random = new Random(seed, at)
    const contracts = CONTRACTS[at] ?? []
    const seen = new Set<string>()
    for (let n = 0; n < POLICIES; n++) {
      const drawn = randomPolicy(random)
      const policy = { ...drawn, rules: drawn.rules.slice(0, 6) }
      const rows = policyMatrix(new Document(policy), contracts)
      for (let each = 0; each < 50; each++) {
        const question = randomAsked(random, contracts, simplePeer(random))
        const row = rowOf(rows, question)
        const cell = row && cellOf(row, question.peer)
        const verdict = verdictOf(policy, question)
        const told = JSON.stringify({ question, cell, verdict, policy })
        if (cell === undefined) throw new Error(told)
        seen.add(cell.effect)
        if (cell.effect === 'open') continue
        expect([verdict.effect, 'conditional'], told).toContain(cell.effect)
        if (verdict.rules.length === 0) expect(cell.default, told).not.toBe('never')
        else expect(cell.default, told).not.toBe('always')
        const deciding = policy.rules.filter(({ id }) => verdict.rules.includes(id))
        for (const rule of deciding)
          expect(
            cell.rules.some((each) => isAlike(each, rule) && each.says === saysOf(verdict)),
            told,
          ).toBe(true)
        for (const always of cell.rules.filter(({ often }) => often === 'always'))
          expect(
            deciding.some((rule) => isAlike(always, rule)),
            told,
          ).toBe(true)
      }
    }
    expect([...seen].sort()).toEqual(expect.arrayContaining(['allow', 'conditional', 'deny']))
  })
})

test('CL-39 too many combinations are told, and nothing is said of them', () => {
  const when = Array.from({ length: 18 }, (_, at) => ({ attribute: `label.l${at}`, is: 'present' }))
  const rule = (id: string, conditions: readonly object[]) => ({
    id,
    effect: 'allow',
    by: ['any'],
    verbs: ['call'],
    on: ['a.v1.o'],
    when: conditions,
  })
  const rows = policyMatrix(new Document({ version: 1, rules: [rule('r', when), rule('s', [])] }), [
    withSubjects('a.v1', { o: '', p: '' }),
  ])
  const effects = rows.map(({ direction, address, cells }) => [direction, address, cells.map(({ effect }) => effect)])
  expect(effects).toContainEqual(['in', 'a.v1.o', ['open']])
  expect(effects).toContainEqual(['in', 'a.v1.p', ['deny']])
})
