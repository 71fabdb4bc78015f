import { expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { policyStore } from '../../src/policy/store.js'
import type { Act } from '../../src/session/acts.js'
import { limitsOf } from '../../src/session/limits.js'
import { alice, bob, type Pair, pairOf, settle } from './pair.js'
import { act, admitted, Flow, Streams, stretch } from './wire.js'

const verbs = ['call', 'send', 'stream']
const when = (value: string) => [
  { attribute: 'body.who', is: 'present' },
  { attribute: 'body.who', is: 'eq', value },
]
const all = { id: 'all', effect: 'allow', by: ['any'], verbs, on: ['>'] }
/** What the peer may not do by its head, by its body, and what this end may not do to it. */
const refusing = (...more: readonly object[]) => ({
  version: 1,
  rules: [
    all,
    { id: 'head', effect: 'deny', by: ['any'], verbs, on: ['>'], when: [{ attribute: 'label.bad', is: 'present' }] },
    { id: 'body', effect: 'deny', by: ['any'], verbs, on: ['>'], when: when('body') },
    { id: 'own', effect: 'deny', to: ['any'], verbs, on: ['>'], when: when('own') },
    ...more,
  ],
})

interface Told {
  readonly kind: string
  readonly decision?: string
  readonly direction?: string
  readonly verb?: string
  readonly address?: string
  readonly effect?: string
  readonly [member: string]: unknown
}

/** A session whose ends both have an audit log. */
const audited = () => {
  const told = { near: [] as Told[], far: [] as Told[] }
  const storeOf = (list: Told[]) =>
    policyStore(refusing(), {
      audit: (record) => {
        list.push(JSON.parse(new TextDecoder().decode(record)))
        return true
      },
    })
  const stores = { near: storeOf(told.near), far: storeOf(told.far) }
  const both = { uses: [Flow, Streams], serves: [Flow, Streams], pq: 'off', limits: limitsOf() } as const
  const pair = settle(
    pairOf({ initiator: { ...both, policy: stores.near }, responder: { ...both, policy: stores.far } }),
  )
  return { pair, told, stores }
}

const begin = ({ initiator }: Pair, of: Act) => initiator.begin(admitted(initiator.admit(of, 0)), 0).exchange

const handle = ({ responder, responderEvents }: Pair): void => {
  for (const event of responderEvents.splice(0))
    if ((event.is === 'message' || event.is === 'item') && responder.stands(event) === true) responder.consumed(event)
}

/** Decisions by id. */
const decided = (list: readonly Told[], direction: string): Map<string, Told> =>
  new Map(
    list.flatMap((told) =>
      told.kind === 'decided' && told.direction === direction ? [[told.decision ?? '', told]] : [],
    ),
  )

test('SE-140 SE-60 what one end records as sent the other records as judged, under the same id', () => {
  const { pair, told } = audited()
  for (const who of ['me', 'body']) {
    begin(pair, act('call', { who }))
    begin(pair, act('note', { who }))
    const exchange = begin(pair, stretch('talk', { who }))
    for (const item of ['me', 'body', 'me']) pair.initiator.item(exchange, { who: item }, 0)
    begin(pair, act('call', { who, pad: 'a'.repeat(150_000) }))
    begin(pair, act('note', { who }, { labels: { bad: '1' } }))
    begin(pair, stretch('tube', { who }))
  }
  settle(pair)
  handle(pair)
  settle(pair)
  const [out, into] = [decided(told.near, 'out'), decided(told.far, 'in')]
  for (const [id, { verb, address }] of into) expect(out.get(id), id).toMatchObject({ verb, address, effect: 'allow' })
  // What was sent behind a refusal was not judged any more.
  const unjudged = [...out].filter(([id]) => !into.has(id)).map(([id]) => id.slice(17))
  expect(unjudged).toEqual(['ir.7.3', 'ir.11.1', 'ir.11.2', 'ir.11.3'])
  const effects = [...into.values()].filter(({ verb }) => verb !== 'initiate').map(({ effect }) => effect)
  expect([effects.filter((effect) => effect === 'allow').length, effects.filter((e) => e === 'deny').length]).toEqual([
    6, 8,
  ])
  // Once each.
  for (const list of [told.near, told.far]) {
    const ids = list.flatMap(({ kind, decision, direction }) =>
      kind === 'decided' ? [`${direction} ${decision}`] : [],
    )
    expect(new Set(ids).size).toBe(ids.length)
  }
})

test('SE-140 `initiate` has one id at both ends, and an own denial one that no exchange has', () => {
  const { pair, told } = audited()
  const ids = (list: Map<string, Told>) =>
    [...list].flatMap(([id, { verb, address }]) => (verb === 'initiate' ? [`${id} ${address}`] : []))
  expect(ids(decided(told.near, 'out'))).toEqual(ids(decided(told.far, 'in')))
  expect(ids(decided(told.near, 'out')).map((id) => id.slice(17))).toEqual(['ir.0.0 flow.v1', 'ir.0.1 streams.v1'])
  const denial = pair.initiator.admit(act('call', { who: 'own' }), 0)
  const exchange = begin(pair, stretch('talk', { who: 'me' }))
  pair.initiator.item(exchange, { who: 'own' }, 0)
  settle(pair)
  const own = told.near.filter(({ effect }) => effect === 'deny')
  expect('id' in denial && own[0]).toMatchObject({ decision: 'id' in denial && denial.id, direction: 'out', bytes: 9 })
  expect(own.map(({ decision }) => decision?.slice(17))).toEqual(['ir.0.2', 'ir.0.3'])
})

test('SE-141 the end of what stood is recorded under the id it was admitted with, that of what waited as any own denial', () => {
  const { pair, told, stores } = audited()
  begin(pair, act('call', { who: 'x' }))
  const exchange = begin(pair, stretch('talk', { who: 'y' }))
  settle(pair)
  handle(pair)
  pair.initiator.item(exchange, { who: 'y' }, 0)
  settle(pair)
  begin(pair, act('note', { who: 'x' }))
  for (const list of [told.near, told.far]) list.length = 0
  const deny = { id: 'new', effect: 'deny', verbs, on: ['>'] }
  stores.far.replace(refusing({ ...deny, by: ['any'], when: when('y') }))
  pair.responder.reask(0)
  handle(pair)
  stores.near.replace(refusing({ ...deny, to: ['any'], when: when('x') }))
  pair.initiator.reask(0)
  const brief = (list: readonly Told[]) =>
    list.flatMap(({ kind, decision, effect, rules }) =>
      kind === 'policy' ? [] : [`${kind} ${decision?.slice(17)} ${effect} ${String(rules)}`],
    )
  expect(brief(told.far)).toEqual(['narrowed ir.3.0 deny new'])
  expect(brief(told.near)).toEqual(['decided ir.0.2 deny new', 'narrowed ir.1.0 deny new'])
})

test('SE-142 a session is recorded from its start to its end, with the code of what it ended by', () => {
  for (const how of ['close', 'abort'] as const) {
    const { pair, told } = audited()
    begin(pair, act('call', { who: 'me' }))
    settle(pair)
    if (how === 'close') pair.initiator.close(0, 0)
    else pair.initiator.abort(SottoError.of('session/closed', 'enough'))
    pair.initiator.wake(0)
    settle(pair)
    if (how === 'abort') pair.responder.ended()
    const established = pair.initiatorEvents.find((event) => event.is === 'established')
    const session = established?.is === 'established' ? established.established.id : ''
    const kinds = (list: readonly Told[]) =>
      list.filter(({ kind, verb }) => kind !== 'policy' && verb !== 'initiate').map(({ kind }) => kind)
    for (const list of [told.near, told.far]) expect(kinds(list)).toEqual(['opened', 'decided', 'closed'])
    const names = ['flow.v1', 'streams.v1']
    expect(told.near.find(({ kind }) => kind === 'opened')).toEqual({
      kind: 'opened',
      session,
      peer: bob.id,
      role: 'initiator',
      suite: 'Noise_XX_25519_ChaChaPoly_SHA256',
      uses: names,
      serves: names,
    })
    expect(told.far.at(-1)).toEqual({
      kind: 'closed',
      session,
      peer: alice.id,
      code: how === 'close' ? null : 'channel/truncated',
    })
    expect(told.near.at(-1)).toMatchObject({ kind: 'closed', code: how === 'close' ? null : 'session/closed' })
  }
})
