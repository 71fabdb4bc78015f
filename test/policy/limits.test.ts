import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Peer } from '../../src/identity/peer.js'
import { Limits } from '../../src/policy/limits.js'
import type { Limit } from '../../src/policy/rule.js'
import { policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/limits: seed ${seed}`)

const peer: Peer = { id: idOf(1), roles: [], claims: {} }
const other: Peer = { id: idOf(2), roles: [], claims: {} }
const rule = (id: string, limit?: Limit, more: object = {}) => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call', 'initiate'],
  on: ['a.v1.o', 'a.v1'],
  ...(limit === undefined ? {} : { limit }),
  ...more,
})
const storeOf = (...rules: object[]) => policyStore({ version: 1, rules })
const admitter = (store: ReturnType<typeof storeOf>, who: Peer = peer) => {
  const policy = store.forPeer(who)
  return (nowMs: number, bytes?: number) =>
    policy.admit('in', 'call', 'a.v1.o', bytes === undefined ? {} : { bytes }, nowMs)
}
const limited = (...rules: string[]) => ({ effect: 'deny', why: 'limit', rules })

describe('PO-18 rates', () => {
  test('PO-18 a second gives perSecond acts, at once or one by one', () => {
    const admit = admitter(storeOf(rule('r', { perSecond: 3 })))
    expect([0, 0, 0, 0].map((at) => admit(at).effect)).toEqual(['allow', 'allow', 'allow', 'deny'])
    expect(admit(333)).toEqual(limited('r'))
    expect(admit(334)).toEqual({ effect: 'allow', rules: ['r'] })
    expect(admit(335)).toEqual(limited('r'))
    // However long it rests, it never holds more than a second's worth.
    expect([1e9, 1e9, 1e9, 1e9].map((at) => admit(at).effect)).toEqual(['allow', 'allow', 'allow', 'deny'])
  })
  test('PO-18 a rate below one a second allows one', () => {
    const admit = admitter(storeOf(rule('r', { perSecond: 0.1 })))
    expect([0, 9_999, 10_000, 10_001].map((at) => admit(at).effect)).toEqual(['allow', 'deny', 'allow', 'deny'])
  })
  test('PO-18 bytes are counted by the second, and one larger message is never admitted', () => {
    const admit = admitter(storeOf(rule('r', { bytesPerSecond: 100 })))
    expect(admit(0, 101)).toEqual(limited('r'))
    expect(admit(0, 60).effect).toBe('allow')
    expect(admit(0, 41)).toEqual(limited('r'))
    expect(admit(0, 40).effect).toBe('allow')
    expect(admit(0, 0).effect).toBe('allow')
    expect(admit(100, 10).effect).toBe('allow')
    expect(admit(1e9, 101)).toEqual(limited('r'))
  })
  test('PO-18 each peer has its own bucket of each rule, in all its sessions', () => {
    const store = storeOf(rule('r', { perSecond: 2 }))
    const [first, second] = [admitter(store), admitter(store)]
    expect([first(0), second(0), first(0), second(0)].map(({ effect }) => effect)).toEqual([
      'allow',
      'allow',
      'deny',
      'deny',
    ])
    expect(admitter(store, other)(0).effect).toBe('allow')
  })
  test('PO-18 what one rule counts, another does not', () => {
    const store = storeOf(rule('one', { perSecond: 1 }), rule('two', { perSecond: 1 }, { on: ['a.v1.p'] }))
    const policy = store.forPeer(peer)
    expect(policy.admit('in', 'call', 'a.v1.o', {}, 0).effect).toBe('allow')
    expect(policy.admit('in', 'call', 'a.v1.p', {}, 0).effect).toBe('allow')
    expect(policy.admit('in', 'call', 'a.v1.o', {}, 0)).toEqual(limited('one'))
  })
  test('PO-18 a limit holds for our own acts, and for initiate, though no rule is needed to allow them', () => {
    const { by: _, ...to } = { ...rule('to', { perSecond: 1 }), to: ['any'] }
    const policy = storeOf(to, rule('in', { perSecond: 1 })).forPeer(peer)
    expect([0, 0].map((at) => policy.admit('out', 'call', 'a.v1.o', {}, at).effect)).toEqual(['allow', 'deny'])
    expect([0, 0].map((at) => policy.admit('in', 'initiate', 'a.v1', {}, at).effect)).toEqual(['allow', 'deny'])
  })
})

describe('PO-19 all or none', () => {
  test('PO-19 every rule that allows must have room, and a refusal charges none', () => {
    const admit = admitter(storeOf(rule('wide', { perSecond: 3 }), rule('free'), rule('tight', { perSecond: 1 })))
    expect(admit(0)).toEqual({ effect: 'allow', rules: ['wide', 'free', 'tight'] })
    for (let i = 0; i < 9; i++) expect(admit(0)).toEqual(limited('tight'))
    // Had the refusals been charged, `wide` would be empty as well.
    expect(admit(1_000).effect).toBe('allow')
  })
  test('PO-19 a denied act charges nothing', () => {
    const deny = { ...rule('no'), effect: 'deny', when: [{ attribute: 'bytes', is: 'gt', value: 10 }] }
    const admit = admitter(storeOf(rule('r', { perSecond: 1 }), deny))
    for (let i = 0; i < 9; i++) expect(admit(0, 11)).toEqual({ effect: 'deny', why: 'rule', rules: ['no'] })
    expect(admit(0, 1).effect).toBe('allow')
  })
  test('PO-19 a rule that is not met neither counts nor refuses', () => {
    const small = rule('small', { perSecond: 1 }, { when: [{ attribute: 'bytes', is: 'le', value: 10 }] })
    const admit = admitter(storeOf(small, rule('all')))
    expect([admit(0, 5), admit(0, 50), admit(0, 5)].map(({ effect }) => effect)).toEqual(['allow', 'allow', 'deny'])
  })
  test('PO-19 decide and foresee charge nothing, and decide tells a limit', () => {
    const store = storeOf(rule('r', { perSecond: 1, concurrent: 1 }))
    const asked = { peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: {} } as const
    for (let i = 0; i < 9; i++) expect(store.decide(asked, 0).effect).toBe('allow')
    for (let i = 0; i < 9; i++) expect(store.forPeer(peer).foresee('in', 'call', 'a.v1.o', {})).toBeUndefined()
    expect(admitter(store)(0).effect).toBe('allow')
    expect(store.decide(asked, 0)).toEqual(limited('r'))
  })
})

describe('PO-18 concurrent exchanges', () => {
  test('PO-18 a place is given back once, when the exchange ends', () => {
    const admit = admitter(storeOf(rule('r', { concurrent: 2 })))
    const [first, second] = [admit(0), admit(0)]
    expect(admit(0)).toEqual(limited('r'))
    expect(admit(1e9)).toEqual(limited('r'))
    first.release?.()
    first.release?.()
    expect(admit(0).effect).toBe('allow')
    expect(admit(0)).toEqual(limited('r'))
    second.release?.()
    expect(admit(0).effect).toBe('allow')
  })
  test('PO-18 there is nothing to give back where nothing is counted', () => {
    expect(admitter(storeOf(rule('r', { perSecond: 5 })))(0).release).toBeUndefined()
    expect(admitter(storeOf(rule('r')))(0).release).toBeUndefined()
  })
  test('PO-18 open exchanges stay counted when the policy is replaced', () => {
    const store = storeOf(rule('r', { concurrent: 1 }))
    const admit = admitter(store)
    const { release } = admit(0)
    store.replace({ version: 1, rules: [rule('r', { concurrent: 1, perSecond: 9 })] })
    expect(admit(0)).toEqual(limited('r'))
    release?.()
    expect(admit(0).effect).toBe('allow')
  })
})

describe('PO-20 clocks', () => {
  test('PO-20 a step back gives nothing, and time goes on from there', () => {
    const admit = admitter(storeOf(rule('r', { perSecond: 1 })))
    expect(admit(3_600_000).effect).toBe('allow')
    expect(admit(0)).toEqual(limited('r'))
    expect(admit(3_600_999)).toEqual(limited('r'))
    expect(admit(3_601_000).effect).toBe('allow')
    expect(admit(-1e12)).toEqual(limited('r'))
  })
  test('PO-20 a step back after an act does not stop the refill for as long', () => {
    const admit = admitter(storeOf(rule('r', { perSecond: 2 })))
    expect(admit(3_600_000).effect).toBe('allow')
    expect(admit(0).effect).toBe('allow')
    expect(admit(499)).toEqual(limited('r'))
    expect(admit(500).effect).toBe('allow')
  })
  test('PO-20 whatever the clock does, no window holds more than its rate and one burst', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 80 }),
        (perSecond, steps) => {
          const admit = admitter(storeOf(rule('r', { perSecond })))
          let now = 0
          const admitted: number[] = []
          for (const step of steps) {
            now += step
            if (admit(now).effect === 'allow') admitted.push(now)
          }
          for (const [index, start] of admitted.entries()) {
            for (const [more, end] of admitted.slice(index).entries()) {
              expect(more + 1).toBeLessThanOrEqual(perSecond + ((end - start) / 1_000) * perSecond + 1e-6)
            }
          }
        },
      ),
      { seed, numRuns: 300 },
    )
  })
})

describe('PO-21 the number of buckets is bounded', () => {
  const limit: Limit = { perSecond: 1 }
  const charge = (limits: Limits, n: number, now: number, of: Limit = limit) =>
    limits.charge([{ id: 'r', bucket: `r.${n}`, limit: of }], 0, now)

  test('PO-21 refilled buckets make way, those in use do not', () => {
    const limits = new Limits(4)
    for (let n = 0; n < 4; n++) expect(charge(limits, n, 0).lacking).toBeUndefined()
    expect(charge(limits, 4, 999).lacking).toEqual([{ id: 'r', bucket: 'r.4', limit }])
    expect(charge(limits, 0, 999).lacking).toHaveLength(1)
    expect(charge(limits, 4, 1_000).lacking).toBeUndefined()
    // What made way was full, so nobody gains by it.
    expect(charge(limits, 4, 1_001).lacking).toHaveLength(1)
  })
  test('PO-21 an open exchange holds its bucket', () => {
    const limits = new Limits(1)
    const open = charge(limits, 0, 0, { concurrent: 1 })
    expect(charge(limits, 1, 1e9).lacking).toHaveLength(1)
    if (open.lacking === undefined) open.release?.()
    expect(charge(limits, 1, 1e9).lacking).toBeUndefined()
  })
  test('PO-21 room is found behind many that are in use', () => {
    const limits = new Limits(64)
    for (let n = 0; n < 63; n++) charge(limits, n, 0, { concurrent: 1 })
    charge(limits, 63, 0)
    const tries = Array.from({ length: 9 }, () => charge(limits, 64, 5_000).lacking)
    expect(tries.filter((lacking) => lacking === undefined).length).toBeGreaterThan(0)
  })
})

test('PO-22 a byte rate without a known size is an error', () => {
  const admit = admitter(storeOf(rule('r', { bytesPerSecond: 10 }), rule('free')))
  expect(admit(0)).toEqual({ effect: 'deny', why: 'error', rules: ['r'] })
  expect(admit(0, Number.NaN)).toEqual({ effect: 'deny', why: 'error', rules: ['r'] })
  const policy = storeOf(rule('r', { bytesPerSecond: 10 })).forPeer(peer)
  expect(policy.needs('in', 'call', 'a.v1.o')).toBe('body')
  expect(policy.foresee('in', 'call', 'a.v1.o', {})).toBeUndefined()
  expect(
    storeOf(rule('r', { perSecond: 10 }))
      .forPeer(peer)
      .needs('in', 'call', 'a.v1.o'),
  ).toBe('nothing')
})

test('PO-22 a negative size gives nothing back', () => {
  const admit = admitter(storeOf(rule('r', { bytesPerSecond: 10 })))
  expect(admit(0, 10).effect).toBe('allow')
  expect(admit(0, -100).effect).toBe('deny')
  expect(admit(0, 1)).toEqual(limited('r'))
})
