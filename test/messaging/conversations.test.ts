import { afterEach, describe, expect, test, vi } from 'vitest'
import { pinnedPeer } from '../../src/identity/peer.js'
import { generateIdentity } from '../../src/index.js'
import { ServiceConversations, type StepState, Turn } from '../../src/messaging/conversations.js'
import type { InstanceLimits } from '../../src/messaging/instances.js'
import { Random } from '../random.js'
import { follow, namesOf, Order, randomFlow, routeOf, rowsIn } from './flows.js'

const SEED = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
const FLOWS = Number(process.env.SOTTO_FLOWS ?? 300)

const alice = pinnedPeer(generateIdentity().id)
const bob = pinnedPeer(generateIdentity().id)
const never = () => new AbortController().signal

const orders = (limits: InstanceLimits = {}, make: (key: string) => unknown = () => undefined) =>
  new ServiceConversations(Order.flow, make, limits)

type Entered = 'place' | 'accept' | 'decline'

/** A step that was let in. */
const enter = (
  of: ServiceConversations,
  operation: Entered,
  key = '7',
  peer = alice,
  nowMs = performance.now(),
): Turn => {
  const step = of.enter(routeOf(Order, operation), peer, key, nowMs)
  if (!(step instanceof Turn)) throw new Error('expected a step that is let in')
  return step
}

const stateOf = (of: ServiceConversations, key = '7', peer = alice, nowMs = performance.now()): string =>
  of.peek(routeOf(Order, 'place'), peer, key, nowMs).state

/** A step from its turn to its end. */
const take = (turn: Turn, succeeds = true): void => {
  expect(turn.begin()).toBeUndefined()
  turn.open()
  if (succeeds) turn.succeeded()
  turn.end()
}

describe('CV-11 the table of the chapter is what the service keeps to', () => {
  const [[, ...operations] = [], ...rows] = rowsIn('FLOW')
  test.each(rows)('in %s', (state, ...cells) => {
    const expected = cells.at(-1)?.split(', ')
    operations.slice(0, -1).forEach((operation, column) => {
      const service = orders()
      if (state === 'quoted') take(enter(service, 'place'))
      const step = service.enter(routeOf(Order, operation), alice, '7', performance.now())
      if (cells[column] === 'refused') expect(step).toEqual({ is: 'misstep', state, expected })
      else {
        if (!(step instanceof Turn)) throw new Error('expected a step that is let in')
        take(step)
        expect(stateOf(service)).toBe(cells[column] === 'end' ? 'start' : cells[column])
      }
    })
    expect(rows).toHaveLength(2)
  })
})

describe('CV-12 CV-14 CV-15 CV-16 CV-17 every event in every state of a step', () => {
  const EVENTS: Readonly<Record<string, (turn: Turn) => void>> = {
    'its turn, in its state': (turn) => void turn.begin(),
    'its turn, in another state': (turn) => void turn.begin(),
    dropped: (turn) => turn.drop(),
    'a response': (turn) => {
      turn.succeeded()
      turn.end()
    },
    'a failure': (turn) => turn.end(),
  }
  const [, ...rows] = rowsIn('STEP')
  const states: readonly StepState[] = ['waiting', 'handled', 'committed', 'left', 'refused', 'dropped']

  /** A second step `accept`, in `state`, behind a first that committed, or left where it is to be refused. */
  const reach = (state: StepState, other: boolean) => {
    const service = orders()
    const first = enter(service, 'place')
    const turn = enter(service, 'accept')
    take(first, !other)
    const path: Readonly<Record<StepState, readonly string[]>> = {
      waiting: [],
      handled: ['its turn, in its state'],
      committed: ['its turn, in its state', 'a response'],
      left: ['its turn, in its state', 'a failure'],
      refused: ['its turn, in another state'],
      dropped: ['dropped'],
    }
    for (const event of path[state]) {
      EVENTS[event]?.(turn)
      if (turn.state === 'handled') turn.open()
    }
    expect(turn.state).toBe(state)
    return { service, turn }
  }

  const pairs = states.flatMap((state) => Object.keys(EVENTS).map((event) => [state, event] as const))
  test.each(pairs)('%s: %s', (state, event) => {
    const to = rows.find(([from, when]) => from === state && when === event)?.[2] ?? state
    const isOther = state === 'refused' || (state === 'waiting' && event === 'its turn, in another state')
    const { service, turn } = reach(state, isOther)
    const before = stateOf(service)
    if (to !== state && turn.state === 'handled') turn.open()
    EVENTS[event]?.(turn)
    expect(turn.state).toBe(to)
    if (to === state) expect(stateOf(service)).toBe(before)
    expect(rows).toHaveLength(5)
  })
})

test('CV-10 a step is let in by the state behind those that wait, if all commit', () => {
  const service = orders()
  expect(stateOf(service)).toBe('start')
  const place = enter(service, 'place')
  expect(stateOf(service)).toBe('quoted')
  const accept = enter(service, 'accept')
  // CV-13: what comes behind the end begins another.
  expect(stateOf(service)).toBe('start')
  expect(service.enter(routeOf(Order, 'accept'), alice, '7', 0)).toMatchObject({ is: 'misstep', expected: ['place'] })
  const again = enter(service, 'place')
  expect(stateOf(service)).toBe('quoted')
  take(place)
  take(accept)
  take(again)
  expect([stateOf(service), service.count]).toEqual(['quoted', 1])
})

test('CV-14 a step behind one that failed is refused, and those behind it are what they were let in as', async () => {
  const service = orders()
  const [place, accept, second] = [enter(service, 'place'), enter(service, 'accept'), enter(service, 'place')]
  const waits = [accept.comes(never), second.comes(never)]
  expect(place.comes(never)).toBe(true)
  take(place, false)
  expect(await waits[0]).toBe(true)
  expect(accept.begin()).toEqual({ is: 'misstep', state: 'start', expected: ['place'] })
  // It was let in as the first of another conversation, and is.
  expect(await waits[1]).toBe(true)
  take(second)
  expect(stateOf(service)).toBe('quoted')
})

test('CV-14 a step that the flow allows in another state too is handled in its own alone', () => {
  const service = orders()
  const [first, second] = [enter(service, 'place'), enter(service, 'place')]
  take(first, false)
  expect(second.begin()).toEqual({ is: 'misstep', state: 'start', expected: ['place'] })
  expect([stateOf(service), service.count]).toEqual(['start', 0])
})

test('CV-12 a step has its turn when none is before it, and gives up its place when it is cancelled', async () => {
  const service = orders()
  const cancels = new AbortController()
  const [first, second, third] = [enter(service, 'place'), enter(service, 'place'), enter(service, 'place')]
  const turns = [second.comes(() => cancels.signal), third.comes(never)]
  cancels.abort()
  expect(await turns[0]).toBe(false)
  expect(second.state).toBe('dropped')
  take(first)
  expect(await turns[1]).toBe(true)
  take(third)
  const gone = new AbortController()
  gone.abort()
  const [fourth, fifth] = [enter(service, 'place'), enter(service, 'place')]
  expect(await fifth.comes(() => gone.signal)).toBe(false)
  expect(await fifth.comes(never)).toBe(false)
  expect(fourth.comes(never)).toBe(true)
})

test('CV-9 a conversation is of a peer and a key: nobody else is in it', () => {
  const service = orders()
  take(enter(service, 'place', '7', alice))
  expect(stateOf(service, '7', bob)).toBe('start')
  expect(stateOf(service, '8', alice)).toBe('start')
  expect(service.enter(routeOf(Order, 'accept'), bob, '7', 0)).toEqual({
    is: 'misstep',
    state: 'start',
    expected: ['place'],
  })
  // A renewed peer, as a session makes one, is the same by its id.
  expect(stateOf(service, '7', pinnedPeer(alice.id))).toBe('quoted')
  take(enter(service, 'accept', '7', pinnedPeer(alice.id)))
  expect(service.count).toBe(0)
})

describe('CV-20 conversations are bounded', () => {
  const FULL = { is: 'misstep', state: 'start', expected: [] }
  const begin = (service: ServiceConversations, key: string, peer = alice) => {
    const { mayCome } = service.peek(routeOf(Order, 'place'), peer, key, performance.now())
    const came = service.enter(routeOf(Order, 'place'), peer, key, performance.now())
    // SE-155: what is told of it beforehand is what becomes of it.
    expect(mayCome).toBe(came.is === 'step')
    return came
  }

  test('CV-20 of a peer, which those of another do not count for', () => {
    const service = orders({ perPeer: 2 })
    take(enter(service, 'place', 'a'))
    const waits = enter(service, 'place', 'b')
    expect(begin(service, 'c')).toEqual(FULL)
    expect(begin(service, 'c', bob)).toBeInstanceOf(Turn)
    // What is there goes on.
    take(enter(service, 'place', 'a'))
    waits.drop()
    expect(begin(service, 'c')).toBeInstanceOf(Turn)
    expect(begin(service, 'd')).toEqual(FULL)
    take(enter(service, 'accept', 'a'))
    expect(begin(service, 'd')).toBeInstanceOf(Turn)
  })

  test('CV-20 of all peers', () => {
    const service = orders({ most: 2 })
    take(enter(service, 'place', 'a', alice))
    take(enter(service, 'place', 'a', bob))
    expect(begin(service, 'b')).toEqual(FULL)
    take(enter(service, 'decline', 'a', bob))
    expect(begin(service, 'b')).toBeInstanceOf(Turn)
  })

  test('CV-11 CV-20 a step that the flow refuses takes no room', () => {
    const service = orders({ most: 1 })
    for (const key of ['a', 'b', 'c'])
      expect(service.enter(routeOf(Order, 'accept'), alice, key, 0)).toMatchObject({ expected: ['place'] })
    expect(service.count).toBe(0)
  })

  test('CV-20 the bounds are whole numbers of 1 or more', () => {
    for (const name of ['most', 'perPeer', 'idleMs'])
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
        expect(() => orders({ [name]: value }), name).toThrow(RangeError)
  })
})

describe('CV-21 a conversation is kept for a while', () => {
  afterEach(() => void vi.useRealTimers())

  const started = () => {
    vi.useFakeTimers()
    const service = orders({ idleMs: 1_000 })
    take(enter(service, 'place', 'a'))
    return service
  }

  test('CV-21 from its last step on, whoever asks', () => {
    const service = started()
    const t = performance.now()
    expect(stateOf(service, 'a', alice, t + 999)).toBe('quoted')
    expect(stateOf(service, 'a', alice, t + 1_000)).toBe('start')
    expect(service.count).toBe(0)
  })

  test('CV-21 and let go when nobody asks, by one timer', () => {
    const service = started()
    vi.advanceTimersByTime(600)
    take(enter(service, 'place', 'b'))
    vi.advanceTimersByTime(399)
    expect([service.count, vi.getTimerCount()]).toEqual([2, 1])
    vi.advanceTimersByTime(2)
    expect([service.count, vi.getTimerCount()]).toEqual([1, 1])
    vi.advanceTimersByTime(600)
    expect([service.count, vi.getTimerCount()]).toEqual([0, 0])
  })

  test('CV-21 a step puts it off, and one that waits keeps it for as long as it does', () => {
    const service = started()
    vi.advanceTimersByTime(900)
    const turn = enter(service, 'place', 'a')
    vi.advanceTimersByTime(5_000)
    expect(stateOf(service, 'a')).toBe('quoted')
    take(turn)
    vi.advanceTimersByTime(999)
    expect(stateOf(service, 'a')).toBe('quoted')
    vi.advanceTimersByTime(2)
    expect(service.count).toBe(0)
  })
})

test('CV-18 what is kept is made once, by the first step that is handled, and goes with the conversation', () => {
  const make = vi.fn((key: string) => ({ key }))
  const service = orders({}, make)
  const failed = enter(service, 'place')
  take(failed, false)
  const [first, second] = [enter(service, 'place'), enter(service, 'place')]
  expect(make).toHaveBeenCalledTimes(1)
  take(first)
  take(second)
  const last = enter(service, 'accept')
  take(last)
  expect(make).toHaveBeenCalledTimes(2)
  expect(first.instance).toEqual({ key: '7' })
  expect(first.instance).not.toBe(failed.instance)
  expect([second.instance, last.instance]).toEqual([first.instance, first.instance])
  const anew = enter(service, 'place')
  take(anew)
  expect(anew.instance).not.toBe(first.instance)
})

/**
 * What a conversation is, told by a program that keeps a list of all that happened: the state it is in, and the steps that
 * wait, each with the state it was let in by.
 */
interface Told {
  state: string
  readonly waiting: { readonly turn: Turn; readonly operation: string; readonly from: string }[]
}

describe(`CV-10 CV-11 CV-12 CV-14 any steps of any flows, seed ${SEED}`, () => {
  test(`CV-10 CV-11 CV-12 CV-13 CV-14 CV-16 CV-17 ${FLOWS} flows, each against a list`, () => {
    let [entered, refused, late] = [0, 0, 0]
    for (let round = 0; round < FLOWS; round++) {
      const random = new Random(SEED, round)
      const of = randomFlow(random)
      const service = new ServiceConversations(of.flow, () => ({}), {})
      const told = new Map<string, Told>()
      for (let n = 0; n < 200; n++) {
        const peer = random.pick([alice, bob])
        const key = random.pick(['x', 'y'])
        const it = told.get(`${peer.id} ${key}`) ?? { state: 'start', waiting: [] }
        told.set(`${peer.id} ${key}`, it)
        const wrap = (to: string) => (to === 'end' ? 'start' : to)
        let tentative = it.state
        for (const { operation, from } of it.waiting)
          if (from === tentative) tentative = wrap(follow(of.flow, from, operation) ?? '')
        const operation = random.pick(namesOf(of))
        const mayCome = follow(of.flow, tentative, operation) !== undefined
        expect(service.peek(routeOf(of, operation), peer, key, 0)).toEqual({ state: tentative, mayCome })
        const [first] = it.waiting
        if (random.chance(50)) {
          const step = service.enter(routeOf(of, operation), peer, key, 0)
          if (follow(of.flow, tentative, operation) === undefined) {
            refused++
            const expected = namesOf(of).filter((name) => follow(of.flow, tentative, name) !== undefined)
            expect(step).toEqual({ is: 'misstep', state: tentative, expected })
          } else {
            entered++
            if (!(step instanceof Turn)) throw new Error('expected a step that is let in')
            it.waiting.push({ turn: step, operation, from: tentative })
          }
        } else if (first !== undefined && random.chance(75)) {
          it.waiting.shift()
          const misstep = first.turn.begin()
          if (first.from !== it.state) {
            late++
            expect(misstep).toMatchObject({ is: 'misstep', state: it.state })
          } else {
            expect(misstep).toBeUndefined()
            first.turn.open()
            const commits = random.chance(70)
            if (commits) first.turn.succeeded()
            first.turn.end()
            if (commits) it.state = wrap(follow(of.flow, first.from, first.operation) ?? '')
          }
        } else if (it.waiting.length > 0) {
          const [dropped] = it.waiting.splice(random.below(it.waiting.length), 1)
          dropped?.turn.drop()
        }
      }
    }
    expect(Math.min(entered, refused, late)).toBeGreaterThan(FLOWS)
  }, 600_000)
})
