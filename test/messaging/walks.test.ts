import { expect, test } from 'vitest'
import { isOneWay } from '../../src/contract/operation.js'
import { pinnedPeer } from '../../src/identity/peer.js'
import {
  type Contract,
  generateIdentity,
  type Host,
  host,
  initiate,
  memoryPair,
  type Session,
  SottoError,
} from '../../src/index.js'
import { callerOf } from '../../src/link/face.js'
import { type Handlers, type Service, serve } from '../../src/messaging/serve.js'
import { bob, open } from '../link/sessions.js'
import { Random } from '../random.js'
import { follow, namesOf, randomFlow, routeOf } from './flows.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Steps of the walks, and flows whose every illegal step is tried. */
const STEPS = Number(process.env.SOTTO_STEPS ?? 1_500)
const FLOWS = Number(process.env.SOTTO_FLOWS ?? 12)

type Flowing = ReturnType<typeof randomFlow>

const PEERS = Array.from({ length: 3 }, () => generateIdentity())

/** Other tasks have their turn. */
const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A service whose handlers take a while, and fail if the key says so. */
class Watched {
  readonly of: Flowing
  readonly service: Service
  readonly host: Host
  readonly #random: Random
  readonly handled: string[] = []
  readonly #inside = new Set<string>()
  overlaps = 0
  fails = false

  constructor(of: Flowing, random: Random) {
    this.of = of
    this.#random = random
    const names = Object.keys(of.operations)
    const handlers = Object.fromEntries(names.map((name) => [name, (value: unknown) => this.#handle(name, value)]))
    // The casts: names that no type knows.
    this.service = serve(of as Contract, { failed: () => undefined }, handlers as Handlers<Contract>)
    this.host = host({ identity: bob, trust: PEERS.map(({ id }) => id), policy: open, serve: [this.service] })
  }

  /** Where the service has a conversation. */
  state(peer: number, key: string): string | undefined {
    const { id } = PEERS[peer] ?? bob
    const [first = ''] = namesOf(this.of)
    return this.service.conversations?.peek(routeOf(this.of, first), pinnedPeer(id), key, performance.now()).state
  }

  /** What was sent in these sessions has come, no handler of a key runs, or of any, and what came of them is told. */
  async quiet(sessions: readonly Session<Flowing>[], key?: string): Promise<void> {
    const reach = (session: Session<Flowing>) => callerOf(session).call(this.of.name, 'other', undefined, {})
    for (const session of sessions) await reach(session)
    const isBusy = () => (key === undefined ? this.#inside.size > 0 : this.#inside.has(JSON.stringify({ key })))
    for (let still = 0; still < 5; still = isBusy() ? 0 : still + 1) await turn()
    for (const session of sessions) await reach(session)
  }

  async dial(peer: number): Promise<{ near: Session<Flowing>; far: Session }> {
    const [left, right] = memoryPair()
    const identity = PEERS[peer] ?? bob
    const [near, far] = await Promise.all([
      initiate(left, { identity, peer: bob.id, use: [this.of], policy: open }),
      this.host.accept(right),
    ])
    return { near, far }
  }

  async #handle(name: string, value: unknown): Promise<undefined> {
    if (name === 'other') return
    const key = JSON.stringify(value)
    this.handled.push(name)
    if (this.#inside.has(key)) this.overlaps++
    this.#inside.add(key)
    try {
      for (let turns = this.#random.below(3); turns > 0; turns--) await turn()
      if (this.fails) throw new Error('as it was told')
    } finally {
      this.#inside.delete(key)
    }
  }
}

const isTold = ({ operations }: Contract, name: string): boolean => {
  const operation = operations[name]
  return operation !== undefined && isOneWay(operation)
}

/** One step. @throws as a call does */
const take = async ({ of }: Watched, on: Session<Flowing>, name: string, key: string): Promise<void> => {
  const caller = callerOf(on)
  if (isTold(of, name)) await caller.send(of.name, name, { key }, {})
  else await caller.call(of.name, name, { key }, {})
}

const legal = ({ flow }: Flowing, names: readonly string[], state: string) =>
  names.filter((name) => follow(flow, state, name) !== undefined)

const behind = ({ flow }: Flowing, state: string, name: string): string => {
  const next = follow(flow, state, name) ?? state
  return next === 'end' ? 'start' : next
}

/** A peer's walk through its conversations under one key: each step is one that may come. */
const walk = async (watched: Watched, peer: number, sessions: Sessions, random: Random, steps: number) => {
  const { of } = watched
  // A key of its own: two walks of a peer in one conversation would not know where it is.
  const key = `${peer}.${random.uint32()}`
  let state = 'start'
  let cuts = 0
  let last: object = {}
  for (let step = 0; step < steps; step++) {
    const { near } = await sessions.of(peer)
    if (await sessions.wasCut(last)) {
      // Nobody was told what came of what was sent in it.
      await watched.quiet([], key)
      state = watched.state(peer, key) ?? ''
    }
    last = near
    const name = random.pick(legal(of, namesOf(of), state))
    const next = behind(of, state, name)
    const taken = take(watched, near, name, key).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (random.chance(4)) {
      cuts++
      await sessions.cut(peer)
    }
    const error = await taken
    if (error === undefined) state = next
    else if (!(error instanceof SottoError) || !CUT.has(error.code)) throw error
  }
  return cuts
}

const CUT: ReadonlySet<string> = new Set(['session/lost', 'session/closed'])

/** One session of each peer, dialled again when it was cut. */
class Sessions {
  readonly #watched: Watched
  readonly #open = new Map<number, Promise<{ near: Session<Flowing>; far: Session }>>()
  readonly #cut = new Map<object, Promise<unknown>>()

  constructor(watched: Watched) {
    this.#watched = watched
  }

  of(peer: number): Promise<{ near: Session<Flowing>; far: Session }> {
    const made = this.#open.get(peer) ?? this.#watched.dial(peer)
    this.#open.set(peer, made)
    return made
  }

  async cut(peer: number): Promise<void> {
    const open = await this.#open.get(peer)
    if (open === undefined || this.#cut.has(open.near)) return
    this.#cut.set(open.near, open.far.closed)
    this.#open.delete(peer)
    open.near.abort()
    await open.far.closed
  }

  /** By the time that the other end knows. */
  async wasCut(near: object): Promise<boolean> {
    const cut = this.#cut.get(near)
    await cut
    return cut !== undefined
  }

  async close(): Promise<void> {
    for (const peer of PEERS.keys()) await this.cut(peer)
  }
}

test(`CV-9 CV-12 CV-15 CV-17 legal walks of several peers pass, their sessions cut at random, seed ${seed}`, async () => {
  const WALKERS = 6
  const LENGTH = 50
  let [walked, cuts] = [0, 0]
  for (let round = 0; walked < STEPS; round++) {
    const random = new Random(seed, round)
    const watched = new Watched(randomFlow(random), random)
    const sessions = new Sessions(watched)
    const walks = Array.from({ length: WALKERS }, (_, walker) =>
      walk(watched, walker % PEERS.length, sessions, new Random(seed, 1_000_000 + round * WALKERS + walker), LENGTH),
    )
    for (const cut of await Promise.all(walks)) cuts += cut
    walked += WALKERS * LENGTH
    expect(watched.overlaps).toBe(0)
    await sessions.close()
    await watched.host.close()
  }
  expect(cuts).toBeGreaterThan(0)
}, 600_000)

/** For each state of a flow the steps that lead there. */
const paths = (of: Flowing): ReadonlyMap<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>([['start', []]])
  for (const [state, path] of found)
    for (const name of legal(of, namesOf(of), state)) {
      const next = follow(of.flow, state, name) ?? 'end'
      if (next !== 'end' && !found.has(next)) found.set(next, [...path, name])
    }
  return found
}

test(`CV-11 every step that may not come in a state is refused before its handler, seed ${seed}`, async () => {
  let [legals, refused] = [0, 0]
  for (let round = 0; round < FLOWS; round++) {
    const random = new Random(seed, 2_000_000 + round)
    const watched = new Watched(randomFlow(random), random)
    const { of } = watched
    const { near } = await watched.dial(0)
    const told: string[] = []
    void (async () => {
      for await (const { address } of near.refusals) told.push(address)
    })()
    for (const [state, path] of paths(of)) {
      for (const name of path) await take(watched, near, name, state)
      for (const name of namesOf(of)) {
        await watched.quiet([near])
        const before = watched.handled.length
        const expected = legal(of, namesOf(of), state)
        if (expected.includes(name)) {
          // It fails, so that the next is tried in the same state.
          legals++
          watched.fails = true
          await take(watched, near, name, state).catch(() => undefined)
          await watched.quiet([near])
          watched.fails = false
          expect(watched.handled.slice(before)).toEqual([name])
        } else {
          refused++
          const error = await take(watched, near, name, state).catch((reason: unknown) => reason)
          await watched.quiet([near])
          if (isTold(of, name)) expect(told.splice(0)).toEqual([`random.v1.${name}`])
          else expect(SottoError.is(error, 'flow/refused') && error.details).toEqual({ state, expected })
          expect(watched.handled).toHaveLength(before)
        }
        expect(watched.state(0, state)).toBe(state)
      }
    }
    near.abort()
    await watched.host.close()
  }
  expect(Math.min(legals, refused)).toBeGreaterThan(0)
}, 600_000)

test(`CV-10 CV-12 CV-14 steps sent at once, from two sessions, some failing: what runs is a walk, seed ${seed}`, async () => {
  for (let round = 0; round < FLOWS; round++) {
    const random = new Random(seed, 3_000_000 + round)
    const watched = new Watched(randomFlow(random), random)
    const { of } = watched
    const sessions = [await watched.dial(0), await watched.dial(0)]
    for (let burst = 0; burst < 10; burst++) {
      const from = watched.state(0, 'x') ?? ''
      const before = watched.handled.length
      const steps = Array.from({ length: 20 }, () => random.pick(namesOf(of)))
      await Promise.all(
        steps.map((name) => take(watched, random.pick(sessions).near, name, 'x').catch((reason: unknown) => reason)),
      )
      await watched.quiet(sessions.map(({ near }) => near))
      let state = from
      for (const name of watched.handled.slice(before)) {
        expect(follow(of.flow, state, name), `${name} in ${state}`).toBeDefined()
        state = behind(of, state, name)
      }
      expect(watched.state(0, 'x')).toBe(state)
      expect(watched.overlaps).toBe(0)
    }
    for (const { near } of sessions) near.abort()
    await watched.host.close()
  }
}, 600_000)
