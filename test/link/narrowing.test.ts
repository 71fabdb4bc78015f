import { createHook } from 'node:async_hooks'
import { expect, test } from 'vitest'
import * as z from 'zod'
import {
  client,
  contract,
  type Handlers,
  oneWay,
  type Policy,
  type PolicyStore,
  policyStore,
  requestResponse,
  type ServeOptions,
  type Session,
  SottoError,
  serve,
  stream,
} from '../../src/index.js'
import { all, codeOf, failure, gate, pair, unhandled } from './sessions.js'

const Room = z.object({ who: z.string(), n: z.number() })
const operations = {
  ask: requestResponse({ request: Room, response: z.number(), visible: ['who'] }),
  tell: oneWay(Room, { visible: ['who'] }),
  talk: stream({ request: Room, up: Room, down: z.number(), visible: ['who'] }),
}
/** What is denied, and what is not: the same operations. */
const Cut = contract('cut.v1', operations)
const Kept = contract('kept.v1', operations)
type Both = typeof Cut | typeof Kept

const OPEN: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }],
}
const CUT = { id: 'cut', effect: 'deny', verbs: ['call', 'send', 'stream'], on: ['cut.v1.>'] } as const
/** What a peer does in the contract Cut, and what is done to it there. */
const NOT_IN: Policy = { version: 1, rules: [...OPEN.rules, { ...CUT, by: ['any'] }] }
const NOT_OUT: Policy = { version: 1, rules: [...OPEN.rules, { ...CUT, to: ['any'] }] }
const WHO = { who: 'me', n: 1 }

/** Handlers that await here and there, and tell when they begin. */
const serving = (c: Both, began: () => void) =>
  serve(
    c,
    { failed: () => undefined },
    {
      async ask({ n }) {
        began()
        for (let i = 0; i < n; i++) await Promise.resolve()
        return n
      },
      async tell() {
        began()
        await Promise.resolve()
      },
      async *talk({ n }, { up }) {
        began()
        yield n
        for await (const item of up) yield item.n
      },
    },
  )

type Fate = { readonly is: 'done'; readonly value: unknown } | { readonly is: 'failed'; readonly error: unknown }

const fateOf = (run: Promise<unknown>): Promise<Fate> =>
  run.then(
    (value) => ({ is: 'done', value }),
    (error) => ({ is: 'failed', error }),
  )

/** What one contract is asked for, and what came of it. */
const talkOf = async (session: Session<Both>, c: Both) => {
  const { ask, tell, talk } = client(session, c)
  const chat = async (): Promise<number[]> => {
    const seen: number[] = []
    const duplex = talk({ who: 'me', n: 7 })
    const writing = (async () => {
      for (let n = 0; n < 3; n++) await duplex.write({ who: 'me', n })
      await duplex.end()
    })()
    // What it failed with is told by what is read.
    writing.catch(() => undefined)
    for await (const n of duplex) seen.push(n)
    await writing
    const closed = await duplex.closed
    if (!closed.clean) throw closed.error
    return seen
  }
  const fates = [fateOf(ask(WHO)), fateOf(tell(WHO)), fateOf(chat()), fateOf(ask({ who: 'me', n: 3 }))]
  await fates[0]
  fates.push(fateOf(ask({ who: 'me', n: 2 })), fateOf(tell(WHO)))
  return Promise.all(fates)
}

const WHOLE = [1, undefined, [7, 0, 1, 2], 3, 2, undefined]

/** Two sessions with the scripts of both contracts in one of them, and `act` at the boundary of that number. */
const conversation = async (at: number, side: 'near' | 'far') => {
  const stores = { near: policyStore(OPEN), far: policyStore(OPEN) }
  let swapped = false
  let late = 0
  let boundaries = 0
  const began = (): void => {
    if (swapped && side === 'far') late++
  }
  const protocol = { pq: 'off' } as const
  const { near, far } = await pair({
    near: { use: [Cut, Kept], policy: stores.near, protocol },
    far: { serve: [serving(Cut, began), serving(Kept, () => undefined)], policy: stores.far, protocol },
  })
  // Before each continuation of each await, and each task.
  const hook = createHook({
    before: () => {
      if (boundaries++ !== at) return
      stores[side].replace(side === 'far' ? NOT_IN : NOT_OUT)
      swapped = true
    },
  }).enable()
  const [cut, kept] = await Promise.all([talkOf(near, Cut), talkOf(near, Kept)])
  hook.disable()
  // The session goes on, and what is allowed there.
  expect(await client(near, Kept).ask(WHO)).toBe(1)
  await near.close()
  expect([await near.closed, await far.closed]).toEqual([{ clean: true }, { clean: true }])
  return { cut, kept, boundaries, late, swapped }
}

/** Every boundary, or one of some that are next to each other: SOTTO_SWAPS=all looks at each. */
const STRIDE = process.env.SOTTO_SWAPS === 'all' ? 1 : 6

test.each(['far', 'near'] as const)(
  'LI-57 LI-58 SE-135 a policy that is replaced at any await, at the %s end, ends what it denies and nothing else',
  { timeout: 600_000 },
  async (side) => {
    const lost = unhandled()
    const { cut, kept, boundaries } = await conversation(Number.POSITIVE_INFINITY, side)
    expect([cut, kept]).toEqual([WHOLE, WHOLE].map((values) => values.map((value) => ({ is: 'done', value }))))
    const first = Math.floor(Math.random() * STRIDE)
    console.log(`${side}: ${boundaries} boundaries, every ${STRIDE} from ${first} on`)
    let refused = 0
    for (let at = first; at < boundaries; at += STRIDE) {
      const run = await conversation(at, side)
      const what = `at boundary ${at} of the ${side} end`
      expect(
        run.kept.map((fate) => fate.is === 'done' && fate.value),
        what,
      ).toEqual(WHOLE)
      expect(run.late, `handlers that began after the swap ${what}`).toBe(0)
      for (const [index, fate] of run.cut.entries()) {
        if (fate.is === 'done') expect(fate.value, `${index} ${what}`).toEqual(WHOLE[index])
        else expect(codeOf(fate.error), `${index} ${what}`).toBe('policy/denied')
      }
      if (run.cut.some(({ is }) => is === 'failed')) refused++
    }
    expect(refused).toBeGreaterThan(0)
    expect(await lost()).toEqual([])
  },
)

/** A session of both contracts; handlers of Cut are given. */
const between = async (handlers: Partial<Handlers<typeof Cut>>, of: ServeOptions = {}) => {
  const stores = { near: policyStore(OPEN), far: policyStore(OPEN) }
  const mine: Handlers<typeof Cut> = { ask: ({ n }) => n, tell: () => undefined, talk: () => nothing(), ...handlers }
  const served = serve(Cut, { failed: () => undefined, ...of }, mine)
  const sessions = await pair({
    near: { use: [Cut, Kept], policy: stores.near },
    far: { serve: [served, serving(Kept, () => undefined)], policy: stores.far },
  })
  return { ...sessions, stores, cut: client(sessions.near, Cut), kept: client(sessions.near, Kept) }
}

async function* nothing(): AsyncGenerator<number> {}

const never = new Promise<never>(() => undefined)

test('LI-57 when a policy has been replaced, what it denies has been told, and what it allows has heard nothing', async () => {
  const signals: AbortSignal[] = []
  const begun = gate()
  const { cut, kept, stores, far } = await between({
    ask: (_, { signal }) => {
      signals.push(signal)
      begun.open()
      return never
    },
  })
  const call = failure(cut.ask(WHO))
  const stream = kept.talk(WHO)
  expect(await stream[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 1 })
  await begun.passed
  stores.far.replace(NOT_IN)
  const [signal] = signals
  expect([signal?.aborted, codeOf(signal?.reason)]).toEqual([true, 'policy/denied'])
  const error = await call
  const [denial] = [await far.denials[Symbol.asyncIterator]().next()]
  expect(SottoError.is(error, 'policy/denied') && [error.details.decision, error.ran]).toEqual([
    denial.value?.decision,
    'maybe',
  ])
  expect(denial.value).toMatchObject({ address: 'cut.v1.ask', why: 'rule', rules: ['cut'] })
  await stream.write(WHO)
  expect(await stream[Symbol.asyncIterator]().next()).toEqual({ done: false, value: 1 })
})

test('LI-57 LI-58 a policy may be replaced by what the edge calls: a handler, who hears an abort, an observer', async () => {
  const swap = (): void => stores.far.replace(NOT_IN)
  let stores = { near: policyStore(OPEN), far: policyStore(OPEN) }
  // The handler of the first call, in whose record the second has come.
  const ran: number[] = []
  const byHandler = await between({
    ask: ({ n }) => {
      ran.push(n)
      swap()
      return n
    },
  })
  stores = byHandler.stores
  const calls = [1, 2].map((n) => failure(byHandler.cut.ask({ who: 'me', n })))
  expect(await Promise.all(calls)).toMatchObject([
    { code: 'policy/denied', ran: 'maybe' },
    { code: 'policy/denied', ran: 'no' },
  ])
  expect(ran).toEqual([1])
  expect(await byHandler.kept.ask(WHO)).toBe(1)
  // Who hears that a handler is told replaces it again, for the worse and back.
  const begun = gate()
  const byListener = await between({
    ask: (_, { signal }) => {
      signal.addEventListener('abort', () => stores.far.replace(OPEN))
      begun.open()
      return never
    },
  })
  stores = byListener.stores
  const told = failure(byListener.cut.ask(WHO))
  await begun.passed
  swap()
  expect(codeOf(await told)).toBe('policy/denied')
  expect(codeOf(await failure(byListener.cut.ask(WHO, { timeoutMs: 50 })))).toBe('call/deadline')
  // An observer of the session, before its first message.
  const store = policyStore(OPEN)
  const observed = serve(
    Cut,
    { opened: () => store.replace(NOT_IN) },
    { ask: ({ n }) => n, tell: () => undefined, talk: nothing },
  )
  const { near } = await pair({ near: { use: [Cut] }, far: { serve: [observed], policy: store } })
  expect(codeOf(await failure(client(near, Cut).ask(WHO)))).toBe('policy/denied')
})

test('LI-57 a policy may be replaced by its audit log, whatever is being decided just then', async () => {
  const swaps: string[] = []
  const store: PolicyStore = policyStore(OPEN, {
    audit: (record) => {
      const { kind, direction, verb, effect } = JSON.parse(new TextDecoder().decode(record))
      const what = [kind, direction, verb, effect].filter((word) => word !== undefined).join(' ')
      // Once for each kind of record there is.
      if (kind !== 'policy' && !swaps.includes(what)) {
        swaps.push(what)
        store.replace(NOT_IN)
        store.replace(NOT_OUT)
        store.replace(swaps.length % 2 === 0 ? NOT_IN : OPEN)
      }
      return true
    },
  })
  const lost = unhandled()
  const { near, far } = await pair({
    near: { use: [Cut, Kept], policy: store },
    far: { serve: [serving(Cut, () => undefined), serving(Kept, () => undefined)], policy: store },
  })
  const [cut, kept] = await Promise.all([talkOf(near, Cut), talkOf(near, Kept)])
  expect(kept).toEqual(WHOLE.map((value) => ({ is: 'done', value })))
  for (const fate of cut) if (fate.is === 'failed') expect(codeOf(fate.error)).toBe('policy/denied')
  await near.close()
  expect([await near.closed, await far.closed]).toEqual([{ clean: true }, { clean: true }])
  expect(swaps.length).toBeGreaterThan(6)
  expect(await lost()).toEqual([])
})

test('LI-58 an item that nobody has read when it is denied is read by nobody, and ends its stream', async () => {
  const [come, go] = [gate(), gate<void>()]
  const seen: unknown[] = []
  const { cut, kept, stores, far } = await between({
    async *talk(_, { up }) {
      come.open()
      await go.passed
      try {
        for await (const { n } of up) seen.push(n)
      } catch (error) {
        seen.push(codeOf(error))
        throw error
      }
      yield 0
    },
  })
  const stream = cut.talk(WHO)
  for (const [n, who] of ['a', 'b', 'x', 'd'].entries()) await stream.write({ who, n })
  await come.passed
  await kept.ask(WHO)
  stores.far.replace({
    version: 1,
    rules: [
      ...OPEN.rules,
      {
        ...CUT,
        by: ['any'],
        when: [
          { attribute: 'body.who', is: 'present' },
          { attribute: 'body.who', is: 'eq', value: 'x' },
        ],
      },
    ],
  })
  go.open()
  const closed = await stream.closed
  expect(closed.clean || [closed.error.code, closed.error.ran]).toEqual(['policy/denied', 'maybe'])
  expect(seen).toEqual([0, 1, 'policy/denied'])
  const denial = await far.denials[Symbol.asyncIterator]().next()
  expect(denial.value?.decision).toMatch(/\.ir\.1\.3$/)
  expect(await kept.ask(WHO)).toBe(1)
})

test('LI-58 what waits for a handler to be done with another is not handled when it is denied by then', async () => {
  const [busy, done] = [gate(), gate()]
  const seen: number[] = []
  const { cut, kept, stores } = await between(
    {
      async tell({ n }) {
        seen.push(n)
        busy.open()
        await done.passed
      },
      ask: ({ n }) => {
        seen.push(n)
        return n
      },
    },
    { concurrency: 1 },
  )
  for (const n of [1, 2]) await cut.tell({ who: 'me', n })
  const call = failure(cut.ask({ who: 'me', n: 3 }))
  await busy.passed
  await kept.ask(WHO)
  stores.far.replace(NOT_IN)
  done.open()
  expect(codeOf(await call)).toBe('policy/denied')
  stores.far.replace(OPEN)
  expect(await cut.ask({ who: 'me', n: 4 })).toBe(4)
  expect(seen).toEqual([1, 4])
})

test('LI-58 SE-141 a one-way message that is denied while it waits for its handler is told of here, once', async () => {
  const narrowed: unknown[] = []
  const audit = (record: Uint8Array): boolean => {
    const { kind, decision } = JSON.parse(new TextDecoder().decode(record))
    if (kind === 'narrowed') narrowed.push(decision)
    return true
  }
  const store = policyStore(OPEN, { audit })
  const [busy, done] = [gate(), gate()]
  const handled: number[] = []
  const tell = async ({ n }: typeof WHO): Promise<void> => {
    handled.push(n)
    busy.open()
    await done.passed
  }
  const served = serve(Cut, { concurrency: 1 }, { ask: ({ n }) => n, tell, talk: nothing })
  const { near, far } = await pair({ near: { use: [Cut] }, far: { serve: [served], policy: store } })
  const cut = client(near, Cut)
  for (const n of [1, 2]) await cut.tell({ who: 'me', n })
  await busy.passed
  await near.ping()
  store.replace(NOT_IN)
  done.open()
  const denial = await far.denials[Symbol.asyncIterator]().next()
  expect(denial.value).toMatchObject({ address: 'cut.v1.tell', why: 'rule', rules: ['cut'] })
  expect([narrowed, handled]).toEqual([[denial.value?.decision], [1]])
  // Its sender is told nothing: what it sent was taken, and its credit is back.
  store.replace(OPEN)
  expect(await cut.ask(WHO)).toBe(1)
  await near.close()
  expect([await all(near.refusals), await all(far.denials), await far.closed]).toEqual([[], [], { clean: true }])
})

test('LI-59 of sessions that are over nobody listens to the policy', async () => {
  const store = policyStore(OPEN)
  let listeners = 0
  const counted: PolicyStore = {
    get epoch() {
      return store.epoch
    },
    get findings() {
      return store.findings
    },
    replace: (document) => store.replace(document),
    replaceShadow: (document) => store.replaceShadow(document),
    explain: (question, nowMs) => store.explain(question, nowMs),
    decide: (question, nowMs) => store.decide(question, nowMs),
    forPeer: (peer) => store.forPeer(peer),
    onChange: (changed) => {
      listeners++
      const deaf = store.onChange(changed)
      return () => {
        listeners--
        deaf()
      }
    },
  }
  for (let i = 0; i < 3; i++) {
    const { near, far } = await pair({ far: { policy: counted } })
    expect(listeners).toBe(1)
    if (i === 0) await near.close()
    else (i === 1 ? near : far).abort()
    await far.closed
    expect(listeners).toBe(0)
  }
})

test('LI-60 a one-way message that was taken and is denied before it goes is in denials and refusals, under one id', async () => {
  let told = 0
  const { near, cut, kept, stores } = await between({ tell: () => void told++ })
  // It is taken at once, and framed when this task is done.
  const sent = cut.tell(WHO)
  stores.near.replace(NOT_OUT)
  await sent
  expect(await kept.ask(WHO)).toBe(1)
  await near.close()
  const [denials, refusals] = [await all(near.denials), await all(near.refusals)]
  expect(denials).toMatchObject([{ verb: 'send', address: 'cut.v1.tell', why: 'rule', rules: ['cut'] }])
  expect(refusals).toEqual([{ verb: 'send', address: 'cut.v1.tell', decision: denials[0]?.decision }])
  expect(told).toBe(0)
})
