import { describe, expect, test } from 'vitest'
import { contract } from '../../src/contract/define.js'
import { requestResponse } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { Note } from './byhand.js'
import { open, type Pair, pairOf, settle } from './pair.js'

const Other = contract('other.v1', { ask: requestResponse({}) })
const XX = 'Noise_XX_25519_ChaChaPoly_SHA256'

/** What the audit log was told of initiations: the decision behind its session, who asked, for what, and the answer. */
type Told = readonly [decision: string, direction: string, address: string, effect: string]

const watched = (...rules: readonly object[]): { readonly policy: PolicyStore; readonly told: Told[] } => {
  const told: Told[] = []
  const audit = (record: Uint8Array): boolean => {
    const { kind, verb, decision, direction, address, effect } = JSON.parse(new TextDecoder().decode(record))
    if (kind === 'decided' && verb === 'initiate') told.push([decision.slice(16), direction, address, effect])
    return true
  }
  return { policy: policyStore({ version: 1, rules: [...open.rules, ...rules] }, { audit }), told }
}

const errorOf = (pair: Pair, end: 'initiator' | 'responder'): SottoError | undefined => {
  const last = pair[`${end}Events`].at(-1)
  return last?.is === 'closed' ? last.error : undefined
}

const rule = (of: object) => ({ id: 'no', effect: 'deny', verbs: ['initiate'], on: ['note.v1'], ...of })

describe('SE-28 a rule on the verb initiate', () => {
  const conditions = [
    [{ attribute: 'time', is: 'ge', value: 5_000_700 }, true],
    [{ attribute: 'time', is: 'gt', value: 5_000_700 }, false],
    [{ attribute: 'suite', is: 'eq', value: XX }, true],
    [{ attribute: 'suite', is: 'eq', value: 'Noise_NN_25519_ChaChaPoly_SHA256' }, false],
  ] as const

  test.each(conditions)('PO-23 reads the time and the suite of the handshake: %o', (when, isDenied) => {
    const side = { epochMs: 5_000_000, pq: 'off' } as const
    const both = { initiator: { ...side }, responder: { ...side } }
    const policyOf = (who: object) => watched(rule({ ...who, when: [when] })).policy
    const run = (initiator: object, responder: object): Pair =>
      settle(
        pairOf({ initiator: { ...both.initiator, ...initiator }, responder: { ...both.responder, ...responder } }, 0),
        700,
      )
    const opened = (pair: Pair) => [pair.initiator.state, pair.responder.state]
    const used = run({ uses: [Note], policy: policyOf({ to: ['any'] }) }, { serves: [Note] })
    expect(opened(used)).toEqual(isDenied ? ['dead', 'R.message3'] : ['open', 'open'])
    const served = run({ uses: [Note] }, { serves: [Note], policy: policyOf({ by: ['any'] }) })
    expect(opened(served)).toEqual(isDenied ? ['dead', 'refused'] : ['open', 'open'])
    const names = (pair: Pair) =>
      pair.responderEvents.flatMap((event) => (event.is === 'established' ? event.established.uses : []))
    const left = isDenied ? [] : ['note.v1']
    expect(names(run({ serves: [Note], policy: policyOf({ by: ['any'] }) }, { uses: [Note] }))).toEqual(left)
    expect(names(run({ serves: [Note] }, { uses: [Note], policy: policyOf({ to: ['any'] }) }))).toEqual(left)
  })
})

test('SE-28 PO-56 a limit on sessions open at once has its place back when one ends, from either end', () => {
  const initiating = { effect: 'allow', verbs: ['initiate'], on: ['>'], limit: { concurrent: 1 } }
  const limited = {
    version: 1,
    rules: [
      { ...initiating, id: 'in', by: ['any'] },
      { ...initiating, id: 'out', to: ['any'] },
    ],
  }
  for (const end of ['initiator', 'responder'] as const) {
    const policy = policyStore(limited)
    const sides = { initiator: { uses: [Note] }, responder: { serves: [Note] } }
    const dial = (): Pair => settle(pairOf({ ...sides, [end]: { ...sides[end], policy } }))
    const first = dial()
    expect(first[end].state).toBe('open')
    expect(errorOf(dial(), end)).toMatchObject({ code: 'policy/limited' })
    first.initiator.close(0, 0)
    settle(first)
    expect(first[end].state).toBe('closed')
    expect(dial()[end].state).toBe('open')
  }
})

describe('SE-140 an audit log', () => {
  test('SE-60 hears at both ends of what was asked for, once there is a session, under the same ids', () => {
    const [near, far] = [watched(), watched()]
    const uses = [Other, Note]
    const pair = settle(
      pairOf({ initiator: { uses, policy: near.policy }, responder: { serves: uses, policy: far.policy } }),
    )
    expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
    expect(near.told).toEqual([
      ['.ir.0.0', 'out', 'other.v1', 'allow'],
      ['.ir.0.1', 'out', 'note.v1', 'allow'],
    ])
    expect(far.told).toEqual(near.told.map(([id, , address, effect]) => [id, 'in', address, effect]))
  })

  test('SE-28 hears at once of what this end may not ask for, which has no id, and is never asked', () => {
    const { policy, told } = watched(rule({ to: ['any'] }))
    const pair = settle(pairOf({ initiator: { uses: [Other, Note], policy }, responder: { serves: [Other, Note] } }))
    const error = errorOf(pair, 'initiator')
    expect(error).toMatchObject({ code: 'policy/denied', details: { decision: '', address: 'note.v1' } })
    expect(told).toEqual([['', 'out', 'note.v1', 'deny']])
    expect(pair.wire).toHaveLength(2)
  })

  test('SE-28 hears of what the peer may not ask for, and the peer learns the id', () => {
    const { policy, told } = watched(rule({ by: ['any'] }))
    const pair = settle(pairOf({ initiator: { uses: [Other, Note] }, responder: { serves: [Other, Note], policy } }))
    const [here, there] = (['responder', 'initiator'] as const).map((end) => {
      const error = errorOf(pair, end)
      return SottoError.is(error, 'policy/denied') ? error.details : error
    })
    expect(here).toEqual({ decision: expect.stringMatching(/^[0-9a-f]{16}\.ir\.0\.1$/), address: 'note.v1' })
    expect(there).toEqual(here)
    expect(told).toEqual([
      ['.ir.0.0', 'in', 'other.v1', 'allow'],
      ['.ir.0.1', 'in', 'note.v1', 'deny'],
    ])
  })
})
