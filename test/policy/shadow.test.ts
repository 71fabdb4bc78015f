import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import type { Peer } from '../../src/identity/peer.js'
import type { Verdict } from '../../src/policy/decide.js'
import type { Admission } from '../../src/policy/peer.js'
import { policyStore } from '../../src/policy/store.js'
import { Random } from '../random.js'
import { idOf, randomPolicy, randomQuestion } from './arbitrary.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
const PAIRS = Number(process.env.SOTTO_PAIRS ?? 100_000) / 100
console.info(`test/policy/shadow: SOTTO_SEED=${seed}`)

const peer: Peer = { id: idOf(1), roles: [], claims: {} }
const audit = () => true
const rule = (id: string, more: object = {}) => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call'],
  on: ['a.v1.o'],
  ...more,
})
const document = (...rules: object[]) => ({ version: 1, rules })
const kitchen = [{ attribute: 'body.room', is: 'eq', value: 'kitchen' }]
const storeOf = (live: readonly object[], shadow: readonly object[]) =>
  policyStore(document(...live), { audit, shadow: document(...shadow) })
type Store = ReturnType<typeof storeOf>
const admit = (store: Store, attributes: Record<string, string | number> = {}, nowMs = 0): Admission =>
  store.forPeer(peer).admit('in', 'call', 'a.v1.o', attributes, nowMs)
const verdictOf = (told: Admission): Verdict => {
  const { rules } = told
  return told.effect === 'deny' ? { effect: 'deny', why: told.why, rules } : { effect: 'allow', rules }
}

test('PO-35 a decision is the same with any shadow beside it, and so is what it charges', () => {
  const random = new Random(seed, 1)
  let differ = 0
  for (let round = 0; round < PAIRS; round++) {
    const live = randomPolicy(random)
    const shadow = randomPolicy(random)
    const alone = policyStore(live)
    const store = policyStore(live, { audit, shadow })
    const question = randomQuestion(random)
    const { direction, verb, address, attributes } = question
    const head = Object.fromEntries(Object.entries(attributes).filter(([name]) => /^(ttlMs|label)/.test(name)))
    const foreseen = store.forPeer(question.peer).foresee(direction, verb, address, head)
    expect(foreseen && verdictOf(foreseen)).toEqual(
      alone.forPeer(question.peer).foresee(direction, verb, address, head),
    )
    for (let again = 0; again < 2; again++) {
      const told = store.forPeer(question.peer).admit(direction, verb, address, attributes, 0)
      expect(verdictOf(told)).toEqual(
        verdictOf(alone.forPeer(question.peer).admit(direction, verb, address, attributes, 0)),
      )
      if (again === 0) {
        const other = policyStore(shadow).decide(question, 0)
        expect(told.seen?.shadow).toEqual(other.effect === told.effect ? undefined : other)
        if (other.effect !== told.effect) differ++
      }
    }
    expect(store.decide(question, 0)).toEqual(alone.decide(question, 0))
  }
  expect(differ).toBeGreaterThan(PAIRS / 20)
})

describe('PO-36 what a shadow would decide', () => {
  test('PO-36 is told where its effect is another', () => {
    expect(admit(storeOf([rule('r')], [rule('s', { effect: 'deny' })])).seen?.shadow).toEqual({
      effect: 'deny',
      why: 'rule',
      rules: ['s'],
    })
    expect(admit(storeOf([], [rule('s')])).seen?.shadow).toEqual({ effect: 'allow', rules: ['s'] })
  })
  test('PO-36 is not told where only its reason or its rules are others', () => {
    expect(admit(storeOf([], [rule('s', { effect: 'deny' })])).seen).toEqual({ read: {}, unmet: [] })
    expect(admit(storeOf([rule('r')], [rule('s')])).seen).toEqual({ read: {}, unmet: [] })
  })
  test('PO-36 reads what it needs, though the policy in force needs nothing', () => {
    const policy = storeOf([rule('r')], [rule('s', { when: kitchen })]).forPeer(peer)
    expect(policy.needs('in', 'call', 'a.v1.o')).toBe('body')
    expect(policy.admit('in', 'call', 'a.v1.o', { 'body.room': 'kitchen' }, 0).seen?.shadow).toBeUndefined()
    expect(policy.admit('in', 'call', 'a.v1.o', { 'body.room': 'hall' }, 0).seen?.shadow).toEqual({
      effect: 'deny',
      why: 'default',
      rules: [],
    })
  })
  test('PO-36 of a deny that is foreseen is told where it reads no more than has come', () => {
    const foresee = (...shadow: object[]) =>
      storeOf([], shadow).forPeer(peer).foresee('in', 'call', 'a.v1.o', { ttlMs: 5 })
    const short = [{ attribute: 'ttlMs', is: 'lt', value: 9 }]
    expect(foresee(rule('s', { when: short }))?.seen?.shadow).toEqual({ effect: 'allow', rules: ['s'] })
    const bare = [{ attribute: 'body.room', is: 'absent' }]
    for (const when of [kitchen, bare]) expect(foresee(rule('s', { when }))?.seen).toEqual({ read: {}, unmet: [] })
  })
})

describe('PO-35 the limits of a shadow', () => {
  const once = rule('r', { limit: { perSecond: 1 } })
  test('PO-35 are charged as if it decided, and are its own', () => {
    const store = storeOf([rule('r')], [once])
    expect([admit(store), admit(store), admit(store, {}, 1_000)].map(({ seen }) => seen?.shadow)).toEqual([
      undefined,
      { effect: 'deny', why: 'limit', rules: ['r'] },
      undefined,
    ])
    store.replace(document(once))
    expect([admit(store, {}, 1_500), admit(store, {}, 1_500)].map(({ effect }) => effect)).toEqual(['allow', 'deny'])
  })
  test('PO-35 give a place back when the exchange ends, or at once if there is none', () => {
    const one = rule('s', { limit: { concurrent: 1 } })
    const store = storeOf([rule('r')], [one])
    const first = admit(store)
    expect(admit(store).seen?.shadow).toMatchObject({ why: 'limit' })
    first.release?.()
    first.release?.()
    const second = admit(store)
    expect(second.seen?.shadow).toBeUndefined()
    const denying = storeOf([], [one])
    for (let i = 0; i < 3; i++) expect(admit(denying).seen?.shadow).toEqual({ effect: 'allow', rules: ['s'] })
  })
  test('PO-35 are charged the bytes of chunks, which only the policy in force can refuse', () => {
    const store = storeOf(
      [rule('r', { limit: { bytesPerSecond: 100 } })],
      [rule('s', { limit: { bytesPerSecond: 50 } })],
    )
    const { spend } = admit(store, { bytes: 0 })
    expect([spend?.(60, 0), spend?.(60, 0), spend?.(1, 0)]).toEqual([[], [], ['r']])
    expect(admit(store, { bytes: 0 }, 100).seen?.shadow).toBeUndefined()
    expect(admit(store, { bytes: 10 }, 300).seen?.shadow).toMatchObject({ why: 'limit', rules: ['s'] })
    const free = storeOf([rule('r')], [rule('s', { limit: { bytesPerSecond: 50 } })])
    expect(admit(free, { bytes: 0 }).spend?.(60, 0)).toEqual([])
    expect(admit(free, { bytes: 1 }).seen?.shadow).toMatchObject({ why: 'limit', rules: ['s'] })
  })
})

describe('PO-35 replacement of a shadow', () => {
  test('PO-35 is followed by sessions that live, and changes neither the epoch nor a decision', () => {
    const store = storeOf([rule('r')], [])
    const policy = store.forPeer(peer)
    let heard = 0
    store.onChange(() => heard++)
    const shadow = () => policy.admit('in', 'call', 'a.v1.o', {}, 0).seen?.shadow?.effect
    const told = [shadow()]
    store.replaceShadow(document(rule('s')))
    told.push(shadow())
    store.replaceShadow(document(rule('s', { effect: 'deny' })))
    told.push(shadow())
    expect(() => store.replaceShadow({})).toThrow(SottoError)
    told.push(shadow())
    store.replaceShadow(undefined)
    told.push(shadow())
    expect([told, heard, store.epoch]).toEqual([['deny', undefined, 'deny', 'deny', undefined], 0, 0])
  })
  test('PO-35 starts its limits anew', () => {
    const shadow = document(rule('s', { limit: { perSecond: 1 } }))
    const store = policyStore(document(rule('r')), { audit, shadow })
    admit(store)
    store.replaceShadow(shadow)
    expect(admit(store).seen?.shadow).toBeUndefined()
  })
  test('PO-35 without an audit is refused, for nobody would hear', () => {
    expect(() => policyStore(document(), { shadow: document() })).toThrow(TypeError)
    const store = policyStore(document())
    expect(() => store.replaceShadow(document())).toThrow(TypeError)
    expect(() => store.replaceShadow(undefined)).not.toThrow()
  })
})
