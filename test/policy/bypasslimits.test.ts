import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Verb } from '../../src/contract/kinds.js'
import type { Peer } from '../../src/identity/peer.js'
import { Limits, MAX_BUCKETS } from '../../src/policy/limits.js'
import { policyStore } from '../../src/policy/store.js'
import { idOf } from './arbitrary.js'

const seed = Date.now() % 2 ** 31
console.info(`test/policy/bypasslimits: seed ${seed}`)

const peerOf = (n: number, more: Partial<Peer> = {}): Peer => ({ id: idOf(n), roles: [], claims: {}, ...more })
const rule = (id: string, limit: object, more: object = {}) => ({
  id,
  effect: 'allow',
  by: ['any'],
  verbs: ['call', 'send', 'stream'],
  on: ['a.v1.>'],
  limit,
  ...more,
})
const storeOf = (...rules: object[]) => policyStore({ version: 1, rules })
type Store = ReturnType<typeof storeOf>

/** One session of a peer: true if it is let through. */
const session = (store: Store, peer: Peer) => {
  const policy = store.forPeer(peer)
  return (nowMs: number, { verb = 'call' as Verb, address = 'a.v1.o', bytes = 0 } = {}) =>
    policy.admit('in', verb, address, { bytes }, nowMs).effect === 'allow'
}
const count = (tries: readonly boolean[]): number => tries.filter((passed) => passed).length

describe('one peer in many guises', () => {
  test('PO-18 a hundred sessions at once, each new one included, share what one has', () => {
    const store = storeOf(rule('r', { perSecond: 10 }))
    const passed = Array.from({ length: 100 }, () => session(store, peerOf(1))(0))
    expect(count(passed)).toBe(10)
    // A session that comes later finds what the others left.
    expect([session(store, peerOf(1))(99), session(store, peerOf(1))(100), session(store, peerOf(1))(100)]).toEqual([
      false,
      true,
      false,
    ])
  })

  test('PO-18 another name, role, claim, credential or issuer is no other bucket', () => {
    const guises: readonly Partial<Peer>[] = [
      {},
      { name: 'spiffe://x/a' },
      { name: 'spiffe://x/b' },
      { roles: ['ops'] },
      { claims: { team: 'red' } },
      { serial: '00', expiresMs: 1 },
      { serial: '01', expiresMs: 2 },
    ]
    const store = storeOf(rule('r', { perSecond: 2 }))
    expect(count(guises.map((guise) => session(store, peerOf(1, guise))(0)))).toBe(2)
  })

  test('PO-18 all verbs and addresses of a rule, in turn, take from one bucket', () => {
    const store = storeOf(rule('r', { perSecond: 3 }, { on: ['a.v1.>', '*.v1.o', 'a.v1.{claim.team}'] }))
    const act = session(store, peerOf(1, { claims: { team: 'p' } }))
    const tries = (['call', 'send', 'stream'] as const).flatMap((verb) =>
      ['a.v1.o', 'a.v1.p', 'b.v1.o', 'a.v1.o.x'].map((address) => act(0, { verb, address })),
    )
    expect(count(tries)).toBe(3)
  })

  test('PO-19 of rules that overlap, each counts all that it lets through, whatever the turn', () => {
    const store = storeOf(
      rule('wide', { perSecond: 5 }),
      rule('narrow', { perSecond: 100 }, { on: ['a.v1.o'] }),
      rule('named', { perSecond: 100 }, { by: [idOf(1)], on: ['a.v1.p'] }),
    )
    const act = session(store, peerOf(1))
    const tries = Array.from({ length: 30 }, (_, n) => act(0, { address: n % 2 ? 'a.v1.o' : 'a.v1.p' }))
    expect(count(tries)).toBe(5)
  })

  test('PO-18 what one peer uses up is nothing to another', () => {
    const store = storeOf(rule('r', { perSecond: 1, concurrent: 1 }))
    const hostile = session(store, peerOf(1))
    expect(count(Array.from({ length: 1_000 }, () => hostile(0)))).toBe(1)
    expect(session(store, peerOf(2))(0)).toBe(true)
  })
})

describe('time', () => {
  test('PO-20 over any steps of the clock a peer gets one burst, and what the steps forward give', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -5_000, max: 5_000 }), fc.nat({ max: 4 })), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (steps, perSecond) => {
          const store = storeOf(rule('r', { perSecond }))
          const sessions = Array.from({ length: 5 }, () => session(store, peerOf(1)))
          let [nowMs, forwardMs, passed] = [1e6, 0, 0]
          for (const [step, which] of steps) {
            nowMs += step
            forwardMs += Math.max(0, step)
            for (let tries = 0; tries < 25; tries++) if (sessions[which]?.(nowMs) === true) passed++
          }
          expect(passed).toBeLessThanOrEqual(perSecond + (forwardMs / 1_000) * perSecond + 1e-6)
        },
      ),
      { seed, numRuns: 300 },
    )
  })

  test('PO-18 the largest rate is let through, and is still a number behind it', () => {
    const store = storeOf(rule('r', { perSecond: 1e12, bytesPerSecond: 1e12, concurrent: 1e12 }))
    const act = session(store, peerOf(1))
    for (const nowMs of [0, 1, 1e15, 2 ** 53, 0]) expect(act(nowMs, { bytes: 1e11 }), `at ${nowMs}`).toBe(true)
    expect(act(0, { bytes: 1e12 + 1 })).toBe(false)
    expect(act(1, { bytes: 1 })).toBe(true)
  })
})

describe('sizes', () => {
  test('PO-18 messages without a byte take nothing of a rate of bytes, and are counted by perSecond', () => {
    const store = storeOf(rule('bytes', { bytesPerSecond: 10 }), rule('acts', { perSecond: 4 }, { on: ['a.v1.p'] }))
    const act = session(store, peerOf(1))
    expect(count(Array.from({ length: 100 }, () => act(0)))).toBe(100)
    expect(count(Array.from({ length: 100 }, () => act(0, { address: 'a.v1.p' })))).toBe(4)
    expect([act(0, { bytes: 11 }), act(0, { bytes: 10 }), act(0, { bytes: 1 })]).toEqual([false, true, false])
  })

  test('PO-22 a size that is absent or no number is an error, and one below zero fits no rule', () => {
    const policy = storeOf(rule('r', { bytesPerSecond: 10 })).forPeer(peerOf(1))
    const why = (attributes: object) => {
      const verdict = policy.admit('in', 'call', 'a.v1.o', { ...attributes }, 0)
      return verdict.effect === 'deny' ? verdict.why : 'allow'
    }
    expect([{}, { bytes: Number.NaN }, { bytes: '1' }, { bytes: true }].map(why)).toEqual(Array(4).fill('error'))
    expect([{ bytes: -1 }, { bytes: -Infinity }].map(why)).toEqual(['default', 'default'])
    expect([{ bytes: Infinity }, { bytes: 11 }, { bytes: 10 }, { bytes: 1 }].map(why)).toEqual([
      'limit',
      'limit',
      'allow',
      'limit',
    ])
  })
})

describe('a store full of buckets', () => {
  const peers = Array.from({ length: MAX_BUCKETS + 1 }, (_, n) => peerOf(n))

  /** As many peers as there are buckets, each of whom has just used its own. */
  const full = (limit: object): Store => {
    const store = storeOf(
      rule('limited', limit),
      { id: 'free', effect: 'allow', by: ['any'], verbs: ['call'], on: ['b.v1.o'] },
      rule('other', { perSecond: 1 }, { on: ['c.v1.o'] }),
    )
    for (const peer of peers.slice(0, MAX_BUCKETS))
      if (!session(store, peer)(0)) throw new Error('expected each peer to be let through once')
    return store
  }

  test('PO-21 denies new peers what is limited, and takes nothing from those it knows', () => {
    const store = full({ perSecond: 2 })
    const [known, fresh] = [session(store, peerOf(7)), session(store, peerOf(MAX_BUCKETS))]
    expect([known(0), known(0), fresh(0)]).toEqual([true, false, false])
    expect([known(0, { address: 'b.v1.o' }), fresh(0, { address: 'b.v1.o' })]).toEqual([true, true])
    // A rule that is met for the first time needs a bucket too: nobody is let through uncounted.
    expect([known(0, { address: 'c.v1.o' }), fresh(0, { address: 'c.v1.o' })]).toEqual([false, false])
    // Half a second later the buckets of the others are full again, and one of them makes room.
    expect([fresh(500), fresh(500), fresh(500)]).toEqual([true, true, false])
  })

  test('PO-21 PO-18 places in use are never forgotten for a newcomer', () => {
    const store = full({ concurrent: 1 })
    const [known, fresh] = [session(store, peerOf(7)), session(store, peerOf(MAX_BUCKETS))]
    for (const nowMs of [0, 1e6, 1e12]) {
      expect(Array.from({ length: 20 }, () => fresh(nowMs))).toEqual(Array(20).fill(false))
      expect(known(nowMs)).toBe(false)
    }
  })
})

test('PO-19 PO-21 what is charged is kept, though another bucket of the same act takes the last room', () => {
  const limits = new Limits(2)
  const limited = (id: string, limit: object) => ({ id, bucket: id, limit })
  const [A, B, C] = [limited('A', { concurrent: 1 }), limited('B', { perSecond: 1 }), limited('C', { perSecond: 1 })]
  const first = limits.charge([A], 0, 0)
  if (first.lacking === undefined) first.release?.()
  limits.charge([B], 0, 0)
  // B has refilled by then, and A says nothing until it is charged.
  expect(limits.charge([A, C], 0, 5_000).lacking).toBeUndefined()
  expect(limits.charge([A], 0, 5_000).lacking).toEqual([A])
})
