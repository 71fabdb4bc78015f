import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { encode } from '../../src/cbor.js'
import {
  bytes,
  client,
  contract,
  host,
  initiate,
  memoryPair,
  oneWay,
  type Policy,
  policyStore,
  requestResponse,
  type Session,
  SottoError,
  serve,
  stream,
} from '../../src/index.js'
import { callerOf } from '../../src/link/face.js'
import type { Exchange } from '../../src/session/exchange.js'
import { limitsOf } from '../../src/session/limits.js'
import { alice, bob, code, failure, gate } from '../link/sessions.js'
import { Random } from '../random.js'
import { begin, CALL, data, Flow, NOTE, Raw, reset, Streams, stop, TALK } from '../session/wire.js'

/** Handlers that go on though nobody waits for them, and peers that make use of it. */

const VERBS = ['call', 'send', 'stream'] as const
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] } as const
/** An item of a stream that is longer than its empty request. */
const noLong = {
  ...allow,
  id: 'long',
  effect: 'deny',
  when: [{ attribute: 'bytes', is: 'ge', value: 20 }],
} as const
const LONG = 'x'.repeat(40)

const Work = contract('work.v1', {
  run: requestResponse({ request: z.string(), response: z.string() }),
  note: oneWay(bytes),
  talk: stream({ up: z.string(), down: z.string() }),
})

/** Handlers that end when the gate opens, whatever their signals say. */
const working = () => {
  const done = gate()
  const state = { running: 0, most: 0, runs: 0, order: [] as string[] }
  const work = async (): Promise<void> => {
    state.runs++
    state.most = Math.max(state.most, ++state.running)
    await done.passed
    state.running--
  }
  onTestFinished(() => done.open())
  const service = serve(Work, {
    run: async (text) => {
      state.order.push(text)
      await work()
      return text
    },
    note: work,
    async *talk() {
      await work()
      yield 'done'
    },
  })
  return { service, state, done }
}

interface Meeting {
  readonly policy: Policy | ReturnType<typeof policyStore>
  readonly service: ReturnType<typeof working>['service']
}

/** Bob with the service, and as many sessions of Alice as are asked for. */
const meeting = ({ policy, service }: Meeting) => {
  const answering = host({ identity: bob, trust: [alice.id], policy, serve: [service] })
  onTestFinished(() => answering.close())
  return async (): Promise<{ near: Session<typeof Work>; far: Session }> => {
    const [left, right] = memoryPair()
    const options = { identity: alice, peer: bob.id, use: [Work] } as const
    const [near, far] = await Promise.all([initiate(left, options), answering.accept(right)])
    onTestFinished(() => near.abort())
    return { near, far }
  }
}

/** Exchanges that a peer may have open. */
const MOST = limitsOf().exchanges

/** Begins a stream and ends it with an item that is refused: over for its sender when the FAULT comes. */
const resetRapidly = async (near: Session<typeof Work>): Promise<unknown> => {
  const talk = callerOf(near).stream('work.v1', 'talk', undefined, {})
  void talk.write(LONG)
  void talk.end()
  const closed = await talk.closed
  return closed.clean ? 'clean' : closed.error.code
}

describe('rapid reset by items that are refused', () => {
  test('LI-61 a thousand streams that end so run no more handlers than may be open, and the session lives', async () => {
    const { service, state, done } = working()
    const { near } = await meeting({ policy: { version: 1, rules: [allow, noLong] }, service })()
    const fates = new Set<unknown>()
    for (let round = 0; round < 1_000; round++) fates.add(await resetRapidly(near))
    expect([...fates]).toEqual(['policy/denied'])
    expect([state.most, state.runs]).toEqual([MOST, MOST])
    const honest = client(near, Work).run('honest')
    await near.ping()
    expect(state.runs).toBe(MOST)
    done.open()
    expect(await honest).toBe('honest')
    expect(state.runs).toBe(MOST + 1)
  })

  test('PO-56 LI-61 under a limit of one at a time there is never more than one', async () => {
    const { service, state, done } = working()
    const policy = policyStore({ version: 1, rules: [{ ...allow, limit: { concurrent: 1 } }, noLong] })
    const { near } = await meeting({ policy, service })()
    const fates = new Set<unknown>()
    for (let round = 0; round < 1_000; round++) fates.add(await resetRapidly(near))
    expect(fates).toEqual(new Set(['policy/denied', 'policy/limited']))
    expect([state.most, state.runs]).toEqual([1, 1])
    done.open()
    await near.ping()
    expect(await client(near, Work).run('honest')).toBe('honest')
  })
})

describe('what waits for a handler to be done', () => {
  /** A session whose handlers go on, as many as there may be, though nobody waits for them. */
  const full = async (policy: Meeting['policy'] = { version: 1, rules: [allow, noLong] }) => {
    const { service, state, done } = working()
    const { near, far } = await meeting({ policy, service })()
    for (let n = 0; n < MOST; n++) await resetRapidly(near)
    expect(state.running).toBe(MOST)
    return { near, far, state, done }
  }

  test('LI-61 is begun in order when they end', async () => {
    const { near, state, done } = await full()
    const asked = ['a', 'b', 'c', 'd', 'e'].map((text) => client(near, Work).run(text))
    await near.ping()
    expect(state.order).toEqual([])
    done.open()
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(state.order).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('LI-61 never runs if its caller gives up or its time is over, and its place is free', async () => {
    const { near, state, done } = await full()
    const controller = new AbortController()
    const given = code(client(near, Work).run('given up', { signal: controller.signal }))
    const late = code(client(near, Work).run('late', { timeoutMs: 1 }))
    await near.ping()
    controller.abort()
    expect(await given).toBe('call/cancelled')
    expect(await late).toBe('call/deadline')
    // The peer has heard of it.
    await near.ping()
    const asked = ['a', 'b', 'c', 'd'].map((text) => client(near, Work).run(text))
    done.open()
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c', 'd'])
    expect(state.order).toEqual(['a', 'b', 'c', 'd'])
  })

  test('LI-61 LI-58 is asked again before it runs', async () => {
    const policy = policyStore({ version: 1, rules: [allow, noLong] })
    const { near, state, done } = await full(policy)
    const asked = code(client(near, Work).run('a'))
    await near.ping()
    policy.replace({ version: 1, rules: [] })
    done.open()
    expect(await asked).toBe('policy/denied')
    expect([state.order, state.runs]).toEqual([[], MOST])
  })

  test('LI-61 goes with its session', async () => {
    const { near, far, state, done } = await full()
    const asked = code(client(near, Work).run('a'))
    await near.ping()
    near.abort()
    expect(await asked).toBe('session/lost')
    await far.closed
    done.open()
    await new Promise((resolve) => setImmediate(resolve))
    expect([state.order, state.runs]).toEqual([[], MOST])
  })

  test('LI-61 keeps the items of a stream that come meanwhile', async () => {
    const done = gate()
    onTestFinished(() => done.open())
    const seen: string[] = []
    let turn = 0
    const service = serve(Work, {
      run: (text) => text,
      note: () => undefined,
      async *talk(_, { up }) {
        if (turn++ < MOST) await done.passed
        else for await (const item of up) seen.push(item)
        yield 'done'
      },
    })
    const policy = { version: 1, rules: [allow, noLong] } as const
    const { near } = await meeting({ policy, service })()
    for (let n = 0; n < MOST; n++) await resetRapidly(near)
    const talk = callerOf(near).stream('work.v1', 'talk', undefined, {})
    for (const item of ['a', 'b']) void talk.write(item)
    void talk.end()
    await near.ping()
    done.open()
    expect(await talk.read()).toEqual({ done: false, value: 'done' })
    expect(seen).toEqual(['a', 'b'])
  })

  test('LI-61 holds up no one-way message', async () => {
    const { near, state } = await full()
    const asked = code(client(near, Work).run('a'))
    await client(near, Work).note(new Uint8Array(1))
    await near.ping()
    expect([state.runs, state.order]).toEqual([MOST + 1, []])
    near.abort()
    expect(await asked).toBe('session/lost')
  })
})

describe('the places of a limit', () => {
  const limited = () => policyStore({ version: 1, rules: [{ ...allow, limit: { concurrent: 2 } }] })

  test('PO-56 a peer that drops its session and comes again runs no more handlers than it may', async () => {
    const { service, state, done } = working()
    const meet = meeting({ policy: limited(), service })
    for (let n = 0; n < 6; n++) {
      const { near, far } = await meet()
      const call = failure(client(near, Work).run('x'))
      await near.ping()
      near.abort()
      await Promise.all([call, far.closed])
    }
    expect([state.most, state.runs]).toEqual([2, 2])
    done.open()
    const { near } = await meet()
    expect(await client(near, Work).run('honest')).toBe('honest')
  })

  test('PO-56 a peer that sends one-way messages runs no more handlers than it may', async () => {
    const { service, state, done } = working()
    const { near } = await meeting({ policy: limited(), service })()
    for (let n = 0; n < 20; n++) await client(near, Work).note(new Uint8Array(1))
    await near.ping()
    expect([state.most, state.runs]).toEqual([2, 2])
    done.open()
    await near.ping()
    expect(await client(near, Work).run('honest')).toBe('honest')
  })
})

const RUNS = Number(process.env.SOTTO_RUNS ?? 100)
const PLACES = 3

/** Sessions that share one limit, with handlers that end when they like: before, after or without their exchange. */
class Play {
  readonly policy = policyStore({ version: 1, rules: [{ ...allow, limit: { concurrent: PLACES } }, noLong] })
  readonly #random: Random
  #raw = this.#fresh()
  #nextId = 1
  readonly #open: Exchange[] = []
  readonly #handlers: Exchange[] = []
  dispatched = 0

  constructor(seed: number) {
    this.#random = new Random(seed, 5)
  }

  run(): this {
    for (let step = 0; step < 80; step++) {
      this.#step()
      this.#hear()
      expect(this.#handlers.length).toBeLessThanOrEqual(PLACES)
    }
    this.#raw.engine.abort(SottoError.of('session/closed', 'enough'))
    for (const exchange of this.#handlers.splice(0)) exchange.handled()
    return this
  }

  #fresh(): Raw {
    return new Raw({ policy: this.policy, limits: limitsOf({ exchanges: 64 }) }, {}, [Flow, Streams])
  }

  #step(): void {
    const raw = this.#raw
    switch (this.#random.below(8)) {
      case 0:
      case 1:
      case 2:
        raw.send(begin({ exchange: this.#nextId, ...this.#random.pick(KINDS) }))
        this.#nextId += 2
        break
      case 3:
        this.#done(this.#random.below(2) === 0)
        break
      case 4:
        this.#done(false)
        break
      case 5:
        this.#taken((exchange) => {
          if (exchange.stream && !exchange.receiveEnded) raw.send(data(exchange.id, encode(LONG)))
          else if (!exchange.stopped) raw.send(stop(exchange.id))
        })
        break
      case 6:
        this.#taken((exchange) => {
          if (exchange.stream && !exchange.receiveEnded) raw.send(reset(exchange.id, 0), stop(exchange.id))
        })
        break
      default:
        if (this.#random.chance(20)) this.#lose()
    }
  }

  /** A handler ends: with its answer, or too late for one. */
  #done(twice: boolean): void {
    const at = this.#random.below(this.#handlers.length)
    const [exchange] = this.#handlers.splice(at, 1)
    if (exchange === undefined) return
    exchange.handled()
    if (twice) exchange.handled()
    if (!exchange.oneWay) this.#raw.engine.fault(exchange, { code: 'call/internal', incident: '' })
  }

  #taken(act: (exchange: Exchange) => void): void {
    const [exchange] = this.#open.splice(this.#random.below(this.#open.length), 1)
    if (exchange !== undefined && !exchange.over) act(exchange)
  }

  #lose(): void {
    this.#raw.engine.ended()
    this.#raw = this.#fresh()
    this.#open.length = 0
    this.#nextId = 1
  }

  #hear(): void {
    for (const event of this.#raw.take()) {
      if (event.is === 'closed') throw event.error
      if (event.is !== 'message') continue
      if (this.#raw.engine.stands(event) !== true) throw new RangeError('nothing is denied here')
      this.#raw.engine.consumed(event)
      this.dispatched++
      this.#handlers.push(event.exchange)
      if (!event.exchange.oneWay) this.#open.push(event.exchange)
    }
    this.#raw.read()
  }
}

const KINDS = [{ operation: CALL }, { operation: NOTE }, { operation: TALK, flags: 0 }]

test('PO-56 SE-45 whatever ends first, a place is held while its handler runs, and given back once', () => {
  const seed = Number(process.env.SOTTO_SEED ?? Date.now() % 2 ** 31)
  console.info(`test/hostile/policyhandlers: SOTTO_SEED=${seed}`)
  let dispatched = 0
  for (let run = 0; run < RUNS; run++) {
    const play = new Play(seed + run).run()
    dispatched += play.dispatched
    const raw = new Raw({ policy: play.policy })
    for (let id = 1; id <= 2 * PLACES + 1; id += 2) raw.send(begin({ exchange: id }))
    expect(
      raw.take().map(({ is }) => is),
      `SOTTO_SEED=${seed + run}`,
    ).toEqual([...Array(PLACES).fill('message'), 'denied'])
  }
  expect(dispatched).toBeGreaterThan(RUNS * PLACES)
})
