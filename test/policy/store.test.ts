import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse } from '../../src/contract/operation.js'
import { nothing } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import { MAX_PLANS } from '../../src/policy/plan.js'
import { type PolicyStore, policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

const peer: Peer = { id: idOf(1), roles: [], claims: {} }
const rule = (more: object = {}) => ({
  id: 'r',
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.o'],
  ...more,
})
const document = (...rules: object[]) => ({ version: 1, rules })
const effect = (store: PolicyStore, address = 'a.v1.o') =>
  store.decide({ peer, direction: 'in', verb: 'call', address, attributes: {} }, 0).effect
const pathOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (SottoError.is(error, 'policy/malformed')) return error.details.path
    throw error
  }
  return 'none'
}

describe('PO-24 replacement', () => {
  test('PO-24 is in force for sessions that live, at once, and is told', () => {
    const store = policyStore(document(rule()))
    const policy = store.forPeer(peer)
    const heard: string[] = []
    const stop = store.onChange(() =>
      heard.push(`${policy.epoch} ${policy.admit('in', 'call', 'a.v1.o', {}, 0).effect}`),
    )
    expect([policy.epoch, policy.admit('in', 'call', 'a.v1.o', {}, 0).effect]).toEqual([0, 'allow'])
    store.replace(document())
    expect(policy.needs('in', 'call', 'a.v1.o')).toBe('nothing')
    store.replace(document(rule()))
    stop()
    store.replace(document())
    expect(heard).toEqual(['1 deny', '2 allow'])
    expect(store.epoch).toBe(3)
  })
  test('PO-24 with a document that does not load changes nothing', () => {
    const store = policyStore(document(rule()))
    const heard: number[] = []
    store.onChange(() => heard.push(store.epoch))
    expect(pathOf(() => store.replace(document(rule(), rule())))).toBe('rules[1].id')
    expect(pathOf(() => store.replace(undefined))).toBe('')
    expect([effect(store), store.epoch, heard]).toEqual(['allow', 0, []])
  })
  test('PO-24 a document changed after it was loaded changes nothing', () => {
    const live = { version: 1, rules: [rule()] }
    const store = policyStore(live)
    live.rules.length = 0
    expect(effect(store)).toBe('allow')
  })
})

test('PO-9 the plans kept are bounded, and forgetting them changes no answer', () => {
  const policy = policyStore(document(rule({ on: ['a.v1.o.x7'] }))).forPeer(peer)
  for (let round = 0; round < 2; round++) {
    for (let n = 0; n < MAX_PLANS + 9; n++) {
      expect(policy.admit('in', 'call', `a.v1.o.x${n}`, {}, 0).effect).toBe(n === 7 ? 'allow' : 'deny')
    }
  }
})

test('PO-9 the plans kept for a peer are bounded by the rules they hold, which one address can meet all of', () => {
  const when = [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }]
  const rules = Array.from({ length: 8_000 }, (_, n) => rule({ id: `r${n}`, on: ['a.v1.>'], when }))
  const policy = policyStore({ version: 1, rules }).forPeer(peer)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const heldMiB = (): number => {
    collect()
    return process.memoryUsage().heapUsed / 2 ** 20
  }
  policy.needs('in', 'call', 'a.v1.o')
  const before = heldMiB()
  let most = 0
  for (let n = 0; n < MAX_PLANS; n++) {
    expect(policy.needs('in', 'call', `a.v1.o.x${n}`)).toBe('body')
    if (n % 32 === 31) most = Math.max(most, heldMiB() - before)
  }
  // 65,536 references, and what each rule comes to once: 32 MiB where plans alone were counted, and over 1 GiB without the second.
  expect(most).toBeLessThan(16)
})

test('PO-13 what stands behind a claim that is not met is not needed', () => {
  const when = [
    { attribute: 'ttlMs', is: 'present' },
    { attribute: 'claim.tenant', is: 'present' },
    { attribute: 'body.room', is: 'eq', value: 'kitchen' },
  ]
  const policy = policyStore(document(rule({ when }))).forPeer(peer)
  expect(policy.needs('in', 'call', 'a.v1.o')).toBe('head')
})

describe('PO-25 a policy is held against the contracts', () => {
  const seen = { visible: ['room'] } as const
  const Room = {
    '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) },
  } as unknown as import('../../src/contract/shape.js').Shape<{ room: string }, { room: string }>
  const A = contract('a.v1', {
    read: requestResponse({ request: Room, ...seen }),
    write: requestResponse({ request: Room }),
    log: oneWay(nothing),
  })
  const contracts = [A, contract('b.v1', { o: oneWay(nothing) })]
  const load = (more: object) => pathOf(() => policyStore(document(rule(more)), { contracts }))
  const when = [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }]

  const good: [string, object][] = [
    ['an operation', { on: ['a.v1.read'] }],
    ['all operations', { on: ['a.v1.*', 'a.v1.>'] }],
    ['another verb', { on: ['a.v1.log'], verbs: ['send'] }],
    ['one verb of several', { on: ['a.v1.log'], verbs: ['call', 'send'] }],
    ['the contract', { on: ['a.v1'], verbs: ['initiate'] }],
    ['a contract it does not know', { on: ['c.v1.nothing'] }],
    ['any contract', { on: ['*.v1.nothing', '>'] }],
    ['a visible field', { on: ['a.v1.read'], when }],
    ['a field visible in one of several', { on: ['a.v1.*'], when }],
    ['a field of a contract it does not know', { on: ['c.v1.x', 'a.v1.write'], when }],
  ]
  test.each(good)('PO-25 takes %s', (_, more) => expect(load(more)).toBe('none'))

  const bad: [string, object, string][] = [
    ['an operation that is not there', { on: ['a.v1.read', 'a.v1.raed'] }, 'rules[0].on[1]'],
    ['an operation of another verb', { on: ['a.v1.log'] }, 'rules[0].on[0]'],
    ['tokens behind an operation without a subject', { on: ['a.v1.read.x'] }, 'rules[0].on[0]'],
    ['a tail behind an operation without a subject', { on: ['a.v1.read.>'] }, 'rules[0].on[0]'],
    ['a field that is not visible', { on: ['a.v1.write'], when }, 'rules[0].when[0].attribute'],
    ['a field for initiate', { on: ['a.v1'], verbs: ['initiate'], when }, 'rules[0].when[0].attribute'],
  ]
  test.each(bad)('PO-25 refuses %s', (_, more, path) => expect(load(more)).toBe(path))

  test('PO-25 a replacement is held against the same contracts', () => {
    const store = policyStore(document(rule({ on: ['a.v1.read'] })), { contracts })
    expect(pathOf(() => store.replace(document(rule({ on: ['a.v1.raed'] }))))).toBe('rules[0].on[0]')
    expect(effect(store, 'a.v1.read')).toBe('allow')
  })
})
