import { describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import type { Wire } from '../../src/cbor.js'
import {
  bytes,
  client,
  contract,
  type HostOptions,
  host,
  initiate,
  memoryPair,
  oneWay,
  type Policy,
  policyStore,
  requestResponse,
  type ServeOptions,
  type Session,
  type Shape,
  SottoError,
  serve,
  stream,
  type Transport,
  trustStore,
} from '../../src/index.js'
import { callerOf } from '../../src/link/face.js'
import { alice, all, bob, code, codeOf, failure, gate, pair } from '../link/sessions.js'

/** Access control through the public face, between two programs; one of them tries what it should not. */

const VERBS = ['call', 'send', 'stream'] as const
const rulesOf = (...rules: object[]): Policy => ({ version: 1, rules: rules as unknown as Policy['rules'] })
const allow = { id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] }

/** The code of what `run` failed with, or 'done'. */
const fate = async (run: Promise<unknown>): Promise<unknown> => {
  try {
    await run
    return 'done'
  } catch (error) {
    return codeOf(error)
  }
}

/** A handler that notes what it was given, and gives it back. */
const noting =
  (handled: string[]) =>
  (text: string): string => {
    handled.push(text)
    return text
  }

/** A stream of nothing. */
async function* nothingYet(): AsyncGenerator<never> {
  yield* []
}

describe('values that a shape makes into others', () => {
  const text = z.string()
  /** A shape whose handler is given one value for many, and what of that comes to `cellar` in its hands. */
  const shapes: readonly (readonly [what: string, shape: Shape<Wire, unknown>, wire: readonly Wire[]])[] = [
    ['trims', z.object({ room: text.trim() }), [{ room: ' cellar' }, { room: 'cellar\n' }, { room: '\ufeffcellar' }]],
    ['lowers the case', z.object({ room: text.toLowerCase() }), [{ room: 'CELLAR' }, { room: 'Cellar' }]],
    ['normalises', z.object({ room: text.normalize('NFKC') }), [{ room: '\uff43\uff45\uff4c\uff4c\uff41\uff52' }]],
    ['has a default', z.object({ room: text.default('cellar') }), [{}]],
    ['catches', z.object({ room: text.catch('cellar') }), [{ room: 5 }, { room: null }, {}]],
    ['coerces', z.object({ room: z.coerce.string<Wire>() }), [{ room: ['cellar'] }, { room: [['cellar']] }]],
    [
      'takes another field',
      z.object({ place: text.optional() }).transform(({ place }) => ({ room: place })),
      [{ place: 'cellar' }],
    ],
    [
      'looks deeper',
      z.object({ at: z.object({ room: text }) }).transform(({ at }) => at),
      [{ at: { room: 'cellar' } }],
    ],
    ['takes a list', z.array(z.object({ room: text })).transform(([first]) => first), [[{ room: 'cellar' }]]],
    [
      'takes other cases of the name',
      z.record(text, text).transform((of) => ({ room: Object.entries(of).find(([key]) => /^room$/i.test(key))?.[1] })),
      [{ Room: 'cellar' }, { ROOM: 'cellar' }],
    ],
  ] as const

  const roomed = (shape: Shape<Wire, unknown>) =>
    // The cast: a contract's own types would not let `room` be visible where the wire has no such text.
    contract('house.v1', { heat: requestResponse({ request: shape, visible: ['room'] as never }) })

  test.each(shapes)('SE-56 ME-1 a list of what is allowed is kept before a shape that %s', async (_, shape, wire) => {
    const House = roomed(shape)
    const handled: unknown[] = []
    const service = serve(House, { heat: (request: unknown) => void handled.push(request) })
    const policy = rulesOf({
      ...allow,
      when: [
        { attribute: 'body.room', is: 'present' },
        { attribute: 'body.room', is: 'in', value: ['kitchen', 'hall'] },
      ],
    })
    const { near } = await pair({ near: { use: [House] }, far: { serve: [service], policy } })
    for (const value of wire)
      expect(await fate(callerOf(near).call('house.v1', 'heat', value, {}))).toBe('policy/denied')
    expect(handled).toEqual([])
    // Without the rule, that is what the handler gets.
    const { near: open } = await pair({ near: { use: [House] }, far: { serve: [service] } })
    for (const value of wire) await fate(callerOf(open).call('house.v1', 'heat', value, {}))
    expect(handled).toEqual(wire.map(() => expect.objectContaining({ room: 'cellar' })))
  })

  test('SE-56 a deny rule that reads a field without `present` refuses all that has no such text', async () => {
    const House = roomed(z.any())
    const handled: unknown[] = []
    const service = serve(House, { heat: (request: unknown) => void handled.push(request) })
    const policy = rulesOf(allow, {
      ...allow,
      id: 'no',
      effect: 'deny',
      when: [{ attribute: 'body.room', is: 'eq', value: 'cellar' }],
    })
    const { near } = await pair({ near: { use: [House] }, far: { serve: [service], policy } })
    const odd: readonly Wire[] = [
      {},
      { room: 5 },
      { room: null },
      { room: ['cellar'] },
      { room: 2n ** 60n },
      { room: { room: 'cellar' } },
      { Room: 'cellar' },
    ]
    for (const value of [...odd, { room: 'cellar' }])
      expect(await fate(callerOf(near).call('house.v1', 'heat', value, {}))).toBe('policy/denied')
    expect(handled).toEqual([])
    expect(await fate(callerOf(near).call('house.v1', 'heat', { room: 'hall' }, {}))).toBe('done')
  })
})

describe('limits', () => {
  const Work = contract('work.v1', { run: requestResponse({}), feed: stream({ up: z.number(), down: z.number() }) })

  test('PO-18 SE-45 a peer with twenty sessions, that gives its calls up, runs no more handlers than it may', async () => {
    const policy = policyStore(rulesOf({ ...allow, limit: { concurrent: 2 } }))
    const done = gate()
    let [running, most, runs] = [0, 0, 0]
    const service = serve(Work, {
      run: async () => {
        runs++
        most = Math.max(most, ++running)
        await done.passed
        running--
      },
      feed: () => nothingYet(),
    })
    const answering = host({ identity: bob, trust: [alice.id], policy, serve: [service] })
    onTestFinished(() => answering.close())
    const sessions = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const [left, right] = memoryPair()
        const options = { identity: alice, peer: bob.id, use: [Work] }
        const [session] = await Promise.all([initiate(left, options), answering.accept(right)])
        onTestFinished(() => session.abort())
        return session
      }),
    )
    const fates = await Promise.all(
      sessions.map(async (session) => {
        const seen: unknown[] = []
        for (let tries = 0; tries < 3; tries++) {
          const controller = new AbortController()
          const call = fate(client(session, Work).run(undefined, { signal: controller.signal }))
          // A round trip later the handler runs, or the call is refused.
          await session.ping()
          controller.abort()
          seen.push(await call)
          await session.ping()
        }
        return seen
      }),
    )
    expect([most, runs]).toEqual([2, 2])
    expect(fates.flat().filter((each) => each === 'call/cancelled').length).toBe(2)
    expect(fates.flat().filter((each) => each === 'policy/limited').length).toBe(58)
    done.open()
    const [first] = sessions
    if (first === undefined) throw new Error('expected a session')
    await first.ping()
    expect(await fate(client(first, Work).run())).toBe('done')
  })

  test('PO-18 two hosts share a limit if they share a store, and not if each has the document', async () => {
    const document = rulesOf({ ...allow, limit: { perSecond: 1 } })
    const service = serve(Work, { run: () => undefined, feed: () => nothingYet() })
    const runs = async (policies: readonly NonNullable<HostOptions['policy']>[]) => {
      const fates: unknown[] = []
      for (const policy of policies) {
        const { near } = await pair({ near: { use: [Work] }, far: { serve: [service], policy } })
        fates.push(await fate(client(near, Work).run()))
      }
      return fates
    }
    const store = policyStore(document)
    expect(await runs([store, store])).toEqual(['done', 'policy/limited'])
    expect(await runs([document, document])).toEqual(['done', 'done'])
  })
})

describe('the gate is the only way', () => {
  const Vault = contract('vault.v1', {
    read: requestResponse({ response: bytes }),
    put: oneWay(bytes),
    watch: stream({ up: bytes, down: bytes }),
  })
  const handlers = (handled: string[]) => ({
    read: () => {
      handled.push('read')
      return new Uint8Array(1)
    },
    put: () => void handled.push('put'),
    watch: () => {
      handled.push('watch')
      return nothingYet()
    },
  })

  /** A transport that counts what is written. */
  const counting = (transport: Transport): { readonly transport: Transport; readonly bytes: () => number } => {
    let written = 0
    return {
      bytes: () => written,
      transport: {
        write: (piece) => {
          written += piece.length
          return transport.write(piece)
        },
        close: () => transport.close(),
        abort: (reason) => transport.abort(reason),
        [Symbol.asyncIterator]: () => transport[Symbol.asyncIterator](),
      },
    }
  }

  const denyAll = rulesOf({ id: 'none', effect: 'deny', to: ['any'], verbs: VERBS, on: ['>'] })

  test('SE-55 what the own policy denies puts not one byte on the wire, by whichever path it is asked', async () => {
    const handled: string[] = []
    const [left, right] = memoryPair()
    const counted = counting(left)
    const { near } = await pair({
      near: { use: [Vault], policy: denyAll },
      far: { serve: [serve(Vault, handlers(handled))], policy: rulesOf(allow) },
      transports: [counted.transport, right],
    })
    await near.ping()
    const before = counted.bytes()
    const vault = client(near, Vault)
    const body = new Uint8Array(100)
    const watching = vault.watch()
    const fates = [
      await fate(vault.read()),
      await fate(vault.read(undefined, { labels: { team: 'red' }, timeoutMs: 0 })),
      await fate(vault.put(body)),
      await fate(watching.write(body)),
      codeOf((await watching.closed).clean ? 'clean' : await failure(watching[Symbol.asyncIterator]().next())),
      await fate(callerOf(near).call('vault.v1', 'read', undefined, {})),
      codeOf(await failure(() => callerOf(near).send('vault.v1', 'put', body, {}))),
      codeOf(await failure(() => callerOf(near).stream('vault.v1', 'watch', undefined, {}))),
    ]
    expect(fates).toEqual(Array(8).fill('policy/denied'))
    expect(counted.bytes()).toBe(before)
    expect(handled).toEqual([])
    expect(await all(ended(near))).toEqual([])
  })

  /** Its denials, once it is over. */
  const ended = (session: Session) => {
    session.abort()
    return session.denials
  }

  test('SE-55 a session offers nothing else that reaches a handler: each of its members is known here', async () => {
    const handled: string[] = []
    const { near, far } = await pair({
      near: { use: [Vault] },
      far: { serve: [serve(Vault, handlers(handled))], policy: rulesOf() },
    })
    const members = {
      // Says what it is.
      facts: ['id', 'peer', 'suite', 'context', 'uses', 'serves', 'closed', 'refusals', 'denials', 'exportKey'],
      // Sends what no handler sees.
      control: ['ping', 'renew', 'drain', 'close', 'abort', Symbol.asyncDispose],
    }
    expect(new Set(Reflect.ownKeys(near))).toEqual(new Set([...members.facts, ...members.control]))
    expect(Object.isFrozen(near)).toBe(true)
    const vault = client(near, Vault)
    expect(Object.keys(vault).sort()).toEqual(['put', 'read', 'watch'])
    expect([Object.isFrozen(vault), Object.getPrototypeOf(vault)]).toEqual([true, null])
    await near.ping()
    near.exportKey('test', new Uint8Array(0), 32)
    expect(await fate(vault.read())).toBe('policy/denied')
    await vault.put(new Uint8Array(1))
    expect(await fate(vault.watch()[Symbol.asyncIterator]().next())).toBe('policy/denied')
    await near.drain({ timeoutMs: 1_000 })
    expect(handled).toEqual([])
    expect((await all(far.denials)).map(({ verb, why }) => [verb, why])).toEqual([
      ['call', 'default'],
      ['send', 'default'],
      ['stream', 'default'],
    ])
  })

  test('ME-15 SE-55 no client is made of what only looks like a session', async () => {
    const { near } = await pair({ near: { use: [Vault] }, far: { serve: [serve(Vault, handlers([]))] } })
    for (const like of [{ ...near }, Object.create(near), new Proxy(near, {}), structuredClone({ uses: [] })])
      expect(() => client(like as typeof near, Vault)).toThrow()
    const other = contract('vault.v1', { read: requestResponse({ response: bytes }) })
    expect(() => client(near as Session<typeof other | typeof Vault>, other)).toThrow('contract/unserved')
  })

  test('SE-55 PO-16 without a policy, or with one that says nothing, a peer that is trusted can do nothing', async () => {
    const handled: string[] = []
    for (const far of [{ policy: rulesOf() }, { policy: policyStore(undefined) }]) {
      const { near } = await pair({ near: { use: [Vault] }, far: { serve: [serve(Vault, handlers(handled))], ...far } })
      expect(await fate(client(near, Vault).read())).toBe('policy/denied')
    }
    const answering = host({ identity: bob, trust: [alice.id], serve: [serve(Vault, handlers(handled))] })
    onTestFinished(() => answering.close())
    const [left, right] = memoryPair()
    const [near] = await Promise.all([
      initiate(left, { identity: alice, peer: bob.id, use: [Vault] }),
      answering.accept(right),
    ])
    onTestFinished(() => near.abort())
    expect(await fate(client(near, Vault).read())).toBe('policy/denied')
    expect(handled).toEqual([])
  })

  test('SE-55 the end that dialled is guarded as the one that listens', async () => {
    const handled: string[] = []
    const { far } = await pair({
      near: { use: [], serve: [serve(Vault, handlers(handled))], policy: rulesOf() },
      far: { use: [Vault], serve: [] },
    })
    const vault = client(far as Session<typeof Vault>, Vault)
    expect(await fate(vault.read())).toBe('policy/denied')
    await vault.put(new Uint8Array(1))
    expect(await fate(vault.watch()[Symbol.asyncIterator]().next())).toBe('policy/denied')
    expect(handled).toEqual([])
  })
})

describe('user code that throws in the neighbourhood', () => {
  const Odd = contract('odd.v1', { ask: requestResponse({ request: z.string(), response: z.string() }) })
  const policy = rulesOf({ ...allow, when: [{ attribute: 'bytes', is: 'lt', value: 8 }] })

  test('ME-6 SE-56 a shape that throws, or waits, is run behind the gate and lets nothing past it', async () => {
    let validated = 0
    const throwing: Shape<string> = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => {
          validated++
          throw new RangeError('bang')
        },
      },
    }
    const late: Shape<string> = {
      '~standard': { version: 1, vendor: 'test', validate: () => Promise.resolve({ value: 'x' }) },
    }
    for (const [shape, code] of [
      [throwing, 'call/internal'],
      [late, 'contract/invalid'],
    ] as const) {
      const Thrown = contract('odd.v1', { ask: requestResponse({ request: shape }) })
      const failed: unknown[] = []
      const service = serve(Thrown, { failed: (error) => void failed.push(error) }, { ask: () => undefined })
      const { near } = await pair({ near: { use: [Thrown] }, far: { serve: [service], policy } })
      const before = validated
      expect(await fate(callerOf(near).call('odd.v1', 'ask', 'longer than it may be', {}))).toBe('policy/denied')
      expect(validated).toBe(before)
      expect(await fate(callerOf(near).call('odd.v1', 'ask', 'short', {}))).toBe(code)
      expect(await fate(callerOf(near).call('odd.v1', 'ask', 'longer than it may be', {}))).toBe('policy/denied')
    }
  })

  test('ME-19 ME-20 `around`, `failed` and `opened` that throw leave the gate as it was', async () => {
    const bang = () => {
      throw new RangeError('bang')
    }
    const cases: readonly ServeOptions[] = [
      { around: bang },
      { around: async () => undefined },
      { failed: bang },
      { opened: bang },
      { around: bang, failed: bang, opened: bang },
    ]
    for (const options of cases) {
      const handled: string[] = []
      const service = serve(Odd, { failed: () => undefined, ...options }, { ask: noting(handled) })
      const { near } = await pair({ near: { use: [Odd] }, far: { serve: [service], policy } })
      const odd = client(near, Odd)
      const stopped = options.around === undefined ? 'done' : 'call/internal'
      for (const [text, expected] of [
        ['longer than it may be', 'policy/denied'],
        ['short', stopped],
        ['longer than it may be', 'policy/denied'],
      ] as const)
        expect(await fate(odd.ask(text))).toBe(expected)
      expect(handled).toEqual(stopped === 'done' ? ['short'] : [])
    }
  })

  test('LI-16 a trust store that throws lets nobody in, and the next peer comes in by one that does not', async () => {
    const real = trustStore([alice.id])
    let throws = true
    const trust: typeof real = {
      pin: (id) => real.pin(id),
      addIssuer: (id) => real.addIssuer(id),
      removeIssuer: (id) => real.removeIssuer(id),
      revoke: (what) => real.revoke(what),
      replace: (of) => real.replace(of),
      check: (...of) => {
        if (throws) throw new RangeError('bang')
        return real.check(...of)
      },
      whyNot: (...of) => real.whyNot(...of),
      vouch: (...of) => real.vouch(...of),
      onChange: (changed) => real.onChange(changed),
    }
    const handled: string[] = []
    const service = serve(Odd, { ask: noting(handled) })
    const answering = host({ identity: bob, trust, policy, serve: [service] })
    onTestFinished(() => answering.close())
    const dial = async () => {
      const [left, right] = memoryPair()
      const accepted = answering.accept(right).catch((error: unknown) => error)
      const dialled = await initiate(left, { identity: alice, peer: bob.id, use: [Odd] }).catch(
        (error: unknown) => error,
      )
      return [dialled, await accepted]
    }
    const [first, accepted] = await dial()
    expect(SottoError.is(first, 'session/lost') || first instanceof SottoError).toBe(true)
    expect(accepted).toBeInstanceOf(Error)
    throws = false
    const [second] = await dial()
    if (second === undefined || second instanceof Error) throw new Error('expected a session')
    const session = second as Session<typeof Odd>
    onTestFinished(() => session.abort())
    expect(await fate(client(session, Odd).ask('short'))).toBe('done')
    expect(handled).toEqual(['short'])
  })

  test('SE-55 a request whose getter throws, or labels that do, fail the call alone', async () => {
    const { near } = await pair({ near: { use: [Odd] }, far: { serve: [serve(Odd, { ask: (text) => text })], policy } })
    const odd = client(near, Odd)
    const bang = {
      get team(): string {
        throw new RangeError('bang')
      },
    }
    expect(await failure(odd.ask('x', { labels: bang }))).toBeInstanceOf(RangeError)
    expect(await fate(odd.ask('x'))).toBe('done')
  })

  test('PO-4 a document with a field named like a method of a store is a document, and does not load', async () => {
    for (const name of ['decide', 'forPeer', 'replace', 'then']) {
      const document = { version: 1, rules: [], [name]: true } as unknown as Policy
      expect(await code(() => host({ identity: bob, trust: [alice.id], policy: document }))).toBe('policy/malformed')
      const [left] = memoryPair()
      const dialled = initiate(left, { identity: alice, peer: bob.id, policy: document })
      expect(await code(dialled)).toBe('policy/malformed')
    }
  })

  test('PO-24 ID-11 a listener that throws keeps no other from hearing: of a policy, of a revocation', () => {
    const store = policyStore(rulesOf(allow))
    const trust = trustStore([alice.id])
    for (const source of [store, trust]) {
      let heard = 0
      source.onChange(() => heard++)
      source.onChange(() => {
        throw new RangeError('bang')
      })
      source.onChange(() => heard++)
      expect(() => (source === trust ? trust.revoke(alice.id) : store.replace(rulesOf()))).toThrow('bang')
      expect(heard).toBe(2)
    }
    const peer = { id: alice.id, roles: [], claims: {} }
    const asked = { peer, direction: 'in', verb: 'call', address: 'a.v1.o', attributes: {} } as const
    expect([store.decide(asked, 0).effect, trust.check(alice.id, undefined, 0)]).toEqual(['deny', undefined])
  })
})
