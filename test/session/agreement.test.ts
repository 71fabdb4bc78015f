import { describe, expect, test } from 'vitest'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse, topic } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { SottoError } from '../../src/errors.js'
import { agree, answer, offerOf, routeAt } from '../../src/session/agreement.js'
import type { Initiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import { routeOf } from './routes.js'

const hash = defaultProvider.hash.SHA256
const Door = contract('door.v1', { get: oneWay(bytes) })
const Lamp = contract('lamp.v1', { get: requestResponse({}), hear: topic(bytes), set: oneWay(bytes) })
const LessLamp = contract('lamp.v1', { get: requestResponse({}), set: oneWay(bytes) })

type Known = typeof Door | typeof Lamp | typeof LessLamp

const initiationOf = (uses: readonly Known[], serves: readonly Known[]): Initiation => ({
  uses: uses.map((each) => offerOf(hash, each)),
  serves: serves.map((each) => offerOf(hash, each)),
  context: null,
  limits: limitsOf(),
  service: '',
})

/** What `act` throws. */
const thrownBy = (act: () => unknown): unknown => {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('expected a throw')
}

describe('what both may begin', () => {
  test('SE-26 operations are numbered through the offers, each with the row of its own contract', () => {
    const { forward, backward, forwardContracts, backwardContracts } = agree(
      initiationOf([Door, Lamp], [Lamp]),
      { serves: [0, 1], uses: [0] },
      // Rows of one name are told apart by their contract, whatever stands first.
      { forward: [Lamp, Door], backward: [LessLamp] },
    )
    const of = (routes: typeof forward) =>
      routes.map((route) => route && [route.address, route.verb, route.subject, route.standing])
    const [get, set] = [
      ['lamp.v1.get', 'call', '', false],
      ['lamp.v1.set', 'send', '', false],
    ]
    expect(of(forward)).toEqual([['door.v1.get', 'send', '', false], get, ['lamp.v1.hear', 'publish', '', false], set])
    expect(of(backward)).toEqual([get, undefined, set])
    expect([forwardContracts, backwardContracts]).toEqual([['door.v1', 'lamp.v1'], ['lamp.v1']])
  })

  test('SE-25 an acceptance takes all that is used, and nothing that was not offered', () => {
    const initiation = initiationOf([Door, Lamp], [Lamp])
    const own = { forward: [Door, Lamp], backward: [Lamp] }
    for (const taken of [
      { serves: [0], uses: [] },
      { serves: [0, 1, 2], uses: [] },
      { serves: [0, 1], uses: [1] },
    ])
      expect(thrownBy(() => agree(initiation, taken, own))).toMatchObject({ code: 'session/malformed' })
    expect(agree(initiation, { serves: [0, 1], uses: [] }, own).backward).toEqual([])
  })

  test('SE-25 of what is offered an end takes what it uses, by name and all its rows alike', () => {
    const taken = (serves: readonly Known[], uses: readonly Known[]) =>
      answer(hash, initiationOf([], serves), { uses, serves: [] }).uses
    expect(taken([Lamp, Door], [Door, Lamp])).toEqual([0, 1])
    expect(taken([Lamp, Door], [Door])).toEqual([1])
    expect(taken([Lamp, Door], [LessLamp])).toEqual([0])
    expect(taken([LessLamp, Door], [Lamp])).toEqual([])
  })

  test('SE-24 CO-42 what is used and not served is refused by its name, what differs with the field where one can be told', () => {
    const refusal = (used: Known, served: readonly Parameters<typeof offerOf>[1][]) => {
      const error = thrownBy(() => answer(hash, initiationOf([used], []), { uses: [], serves: served }))
      return error instanceof SottoError ? [error.code, error.details] : error
    }
    expect(refusal(Door, [Lamp])).toEqual(['contract/unserved', { contract: 'door.v1' }])
    expect(refusal(Lamp, [Door, LessLamp])).toEqual(['contract/unserved', { contract: 'lamp.v1', operation: 'hear' }])
    const changed = { contract: 'door.v1', operation: 'get' }
    const one = contract('door.v1', { get: oneWay(bytes, { visible: ['length'] }) })
    expect(refusal(Door, [one])).toEqual(['contract/changed', { ...changed, field: 'visible' }])
    const two = contract('door.v1', { get: requestResponse({ request: bytes, visible: ['length'], idempotent: true }) })
    expect(refusal(Door, [two])).toStrictEqual(['contract/changed', changed])
    expect(answer(hash, initiationOf([Door, LessLamp], []), { uses: [], serves: [Lamp, Door] }).serves).toEqual([0, 1])
  })
})

test('SE-143 where messages went is known again, of 512 subjects of an operation and no more', () => {
  const route = routeOf('jobs')
  const at = (subject: string) => routeAt(route, subject, false)
  const first = at('s0')
  expect(first?.address).toBe('places.v1.jobs.s0')
  for (let count = 1; count < 512; count++) at(`s${count}`)
  expect(at('s0')).toBe(first)
  expect(route.known.size).toBe(512)
  at('s512')
  expect(route.known.size).toBe(1)
  // What stands is a stream of its own, though its subject is one that is known.
  expect(routeAt(route, 's512', true)).toMatchObject({ standing: true, verb: 'consume' })
  expect(at('*')).toBeUndefined()
})

test('SE-34 CO-7 a subject whose address would be over 255 bytes is none', () => {
  const Long = contract('long.v1', { hear: topic(bytes, { subject: '{a}.{b}.{c}.{d}' }) })
  const initiation = { ...initiationOf([], []), uses: [offerOf(hash, Long)] }
  const [route] = agree(initiation, { serves: [0], uses: [] }, { forward: [Long], backward: [] }).forward
  if (route === undefined) throw new Error('expected a route')
  const token = (length: number): string => 'x'.repeat(length)
  const room = 255 - 'long.v1.hear.'.length
  const subject = (length: number): string => [token(60), token(60), token(60), token(length - 183)].join('.')
  for (const standing of [false, true]) {
    expect(routeAt(route, subject(room), standing)?.address).toHaveLength(255)
    expect(routeAt(route, subject(room + 1), standing)).toBeUndefined()
  }
})
