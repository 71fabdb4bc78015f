import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  bytes,
  checkProof,
  client,
  contract,
  type DialOptions,
  generateIdentity,
  generateIssuer,
  type Handlers,
  type Host,
  type HostOptions,
  host,
  issueCredential,
  type Link,
  linkOver,
  makeChallenge,
  memoryPair,
  oneWay,
  proveIdentity,
  type Session,
  SottoError,
  serve,
  type Transport,
} from '../../src/index.js'
import { WAITING, WAITING_BYTES } from '../../src/link/linkcalls.js'
import { CHANGES, Changes } from '../../src/link/linkchanges.js'
import { LEAVING } from '../../src/link/linkover.js'
import { knownPeers, link, listen } from '../../src/node.js'
import { retryOf } from '../session/byhand.js'
import { alice, all, bob, code, codeOf, dialling, failure, gate, open, unhandled } from './sessions.js'
import { Store } from './store.js'

const folder = mkdtempSync(join(tmpdir(), 'sotto-links-'))
afterAll(() => rmSync(folder, { recursive: true }))

const HANDLERS: Handlers<typeof Store> = { get: (value) => value, set: (value) => value, note: () => undefined }

const store = (over: Partial<Handlers<typeof Store>> = {}) => serve(Store, { ...HANDLERS, ...over })

const one = Uint8Array.of(1)
const quick = { firstMs: 1, capMs: 2 }

const bobs = (over: Partial<HostOptions> = {}): Host => {
  const made = host({ identity: bob, trust: [alice.id], policy: open, serve: [store()], ...over })
  onTestFinished(() => made.close())
  return made
}

const options = (over: Partial<DialOptions<typeof Store>> = {}): DialOptions<typeof Store> =>
  dialling<typeof Store>({ use: [Store], ...over })

/** A way to a host in this process, which may change, or be none. */
const wayTo = (first?: Host) => {
  const way = { host: first, count: 0, connect: (): Promise<Transport> => Promise.reject(new Error('unset')) }
  way.connect = async () => {
    way.count++
    if (way.host === undefined) throw SottoError.of('transport/failed', 'nobody is there')
    const [near, far] = memoryPair()
    way.host.accept(far).catch(() => undefined)
    return near
  }
  return way
}

const linked = (
  connect: (signal: AbortSignal) => Promise<Transport>,
  over: Partial<DialOptions<typeof Store>> = {},
  retry: Parameters<typeof linkOver>[2] = quick,
): Link<typeof Store> => {
  const made = linkOver<typeof Store>(connect, options(over), retry)
  onTestFinished(() => made.close())
  return made
}

/** The next status of a name. */
const becomes = async (on: Link<typeof Store>, name: string): Promise<void> => {
  const changes = on.changes[Symbol.asyncIterator]()
  while (on.status.is !== name) if ((await changes.next()).done === true) break
  await changes.return?.()
  expect(on.status.is).toBe(name)
}

const ended = async (on: Link<typeof Store>): Promise<unknown> => {
  const closed = await on.closed
  return closed.clean ? 'clean' : closed.error.code
}

const only = (of: Host): Session => {
  const [session] = of.sessions
  if (session === undefined) throw new Error('expected a session')
  return session
}

describe('LI-30 LI-35 the status', () => {
  test('every reader is told every change, once and in order', async () => {
    const way = wayTo(bobs())
    const on = linked(way.connect)
    const names = async (): Promise<string[]> => (await all(on.changes)).map(({ is }) => is)
    const readers = [names(), names()]
    expect(on.status.is).toBe('connecting')
    const first = await on.session
    expect(on.status.is).toBe('established')
    first.abort()
    await becomes(on, 'waiting')
    const second = await on.session
    expect(second).not.toBe(first)
    await on.close()
    const told = [
      'handshaking',
      'established',
      'waiting',
      'connecting',
      'handshaking',
      'established',
      'draining',
      'closed',
    ]
    expect(await Promise.all(readers)).toEqual([told, told])
    expect(await all(on.changes)).toEqual([])
    expect(await ended(on)).toBe('clean')
  })

  test('a reader that is slow has the newest, and one that left is forgotten', async () => {
    const changes = new Changes<number>()
    const slow = changes[Symbol.asyncIterator]()
    const gone = changes[Symbol.asyncIterator]()
    const waits = gone.next()
    await gone.return?.()
    expect(await waits).toEqual({ done: true, value: undefined })
    for (let i = 0; i < CHANGES + 3; i++) changes.push(i)
    changes.end()
    expect(await slow.next()).toEqual({ done: false, value: 3 })
    expect(await gone.next()).toEqual({ done: true, value: undefined })
    expect(await changes[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined })
  })

  test('a pause says why, and how long', async () => {
    const on = linked(wayTo().connect, {}, { firstMs: 1_000, capMs: 1_000 })
    await becomes(on, 'waiting')
    const { status } = on
    expect(status.is === 'waiting' && [status.attempt, status.cause.code]).toEqual([0, 'transport/failed'])
    expect(status.is === 'waiting' && status.delayMs).toBeLessThanOrEqual(1_000)
  })
})

describe('LI-37 LI-40 calls while there is no session', () => {
  test('wait for one, in their order, with what they were given then', async () => {
    const noted: number[] = []
    const answering = bobs({ serve: [store({ note: (value) => void noted.push(value[0] ?? -1) })] })
    const way = wayTo()
    const on = linked(way.connect)
    const { get, set, note } = client(on, Store)
    await becomes(on, 'waiting')
    const given = Uint8Array.of(7)
    const calls = [get(given), set(given)]
    const sends = Array.from({ length: 20 }, (_, i) => note(Uint8Array.of(i)))
    given[0] = 8
    way.host = answering
    expect(await Promise.all(calls)).toEqual([Uint8Array.of(7), Uint8Array.of(7)])
    await Promise.all(sends)
    await set(one)
    expect(noted).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('end with their time, or when they are given up, and did not run', async () => {
    const on = linked(wayTo().connect)
    const { set, note } = client(on, Store)
    const stop = new AbortController()
    const failures = [
      set(one, { timeoutMs: 20 }),
      note(one, { timeoutMs: 20 }),
      set(one, { signal: stop.signal, timeoutMs: 0 }),
      note(one, { signal: stop.signal }),
    ].map(failure)
    stop.abort()
    failures.push(failure(set(one, { signal: stop.signal })))
    const errors = await Promise.all(failures)
    expect(errors.map(codeOf)).toEqual([
      'call/deadline',
      'call/deadline',
      'call/cancelled',
      'call/cancelled',
      'call/cancelled',
    ])
    expect(errors.map((error) => error instanceof SottoError && error.ran)).toEqual(errors.map(() => 'no'))
  })

  test('that cannot be are refused at once', async () => {
    const on = linked(wayTo().connect)
    const { set } = client(on, Store)
    await expect(set(one, { timeoutMs: -1 })).rejects.toThrow(RangeError)
    await expect(set(one, { timeoutMs: 2 ** 31 })).rejects.toThrow(RangeError)
    const Other = contract('other.v1', { set: oneWay(bytes) })
    // The cast: that it does not compile is the point of the types, and this is what happens if it comes anyway.
    expect(await code(() => client(on as unknown as Link, Other))).toBe('contract/unserved')
  })
})

test('LI-40 so many requests wait for a session, and no more', async () => {
  const on = linked(wayTo().connect)
  const { set, note } = client(on, Store)
  const waits = Array.from({ length: WAITING }, () => note(one).catch(codeOf))
  expect([await code(set(one)), await code(note(one))]).toEqual(['session/busy', 'session/busy'])
  await on.close()
  expect(new Set(await Promise.all(waits))).toEqual(new Set(['session/closed']))
})

test('LI-40 nor more bytes, and what ends its waiting makes room', async () => {
  const on = linked(wayTo().connect)
  const { set, note } = client(on, Store)
  const stop = new AbortController()
  const [quarter, rest] = [new Uint8Array(WAITING_BYTES / 4), new Uint8Array(WAITING_BYTES / 4 - 20)]
  const waits = [quarter, quarter, rest].map((value) => note(value, { signal: stop.signal }).catch(codeOf))
  const last = note(rest).catch(codeOf)
  expect(await code(set(quarter))).toBe('session/busy')
  stop.abort()
  expect(await Promise.all(waits)).toEqual(['call/cancelled', 'call/cancelled', 'call/cancelled'])
  const next = set(quarter).catch(codeOf)
  await on.close()
  expect(await Promise.all([last, next])).toEqual(['session/closed', 'session/closed'])
})

describe('LI-38 LI-39 calls that are in flight when their session is lost', () => {
  const inFlight = async (operation: 'get' | 'set', timeoutMs = 10_000) => {
    const began = gate()
    let runs = 0
    const handler = (value: Uint8Array): Promise<Uint8Array> | Uint8Array => {
      runs++
      if (runs > 1) return value
      began.open()
      return new Promise(() => undefined)
    }
    const answering = bobs({ serve: [store({ [operation]: handler })] })
    const way = wayTo(answering)
    const on = linked(way.connect)
    const given = Uint8Array.of(9)
    const call = client(on, Store)[operation](given, { timeoutMs })
    await began.passed
    given[0] = 1
    return { way, call, answering, runs: () => runs }
  }

  test('are asked again of the next session if they may run twice, with what they were given', async () => {
    const { call, answering, runs } = await inFlight('get')
    only(answering).abort()
    expect(await call).toEqual(Uint8Array.of(9))
    expect(runs()).toBe(2)
  })

  test('fail if they may not, and may have run', async () => {
    const { call, answering, runs } = await inFlight('set')
    only(answering).abort()
    const error = await failure(call)
    expect([codeOf(error), error instanceof SottoError && error.ran]).toEqual(['session/lost', 'maybe'])
    expect(runs()).toBe(1)
  })

  test('keep to their time over all sessions, and say that they may have run', async () => {
    const { way, call, answering } = await inFlight('get', 60)
    way.host = undefined
    only(answering).abort()
    const error = await failure(call)
    expect([codeOf(error), error instanceof SottoError && error.ran]).toEqual(['call/deadline', 'maybe'])
  })

  test('that the next session refuses may have run in the one before', async () => {
    const began = gate()
    const never = () => {
      began.open()
      return new Promise<never>(() => undefined)
    }
    const first = bobs({ serve: [store({ get: never })] })
    const deny = { version: 1, rules: [{ id: 'no', effect: 'deny', by: ['any'], verbs: ['call'], on: ['>'] }] } as const
    const allowed = { ...deny, rules: [...open.rules, { ...deny.rules[0], on: ['store.v1.get'] as const }] }
    const way = wayTo(first)
    const on = linked(way.connect)
    const call = client(on, Store).get(one)
    await began.passed
    way.host = bobs({ policy: allowed })
    only(first).abort()
    const error = await failure(call)
    expect([codeOf(error), error instanceof SottoError && error.ran]).toEqual(['session/lost', 'maybe'])
    expect(error instanceof SottoError && codeOf(error.cause)).toBe('policy/denied')
  })

  test('and surely did not run, since they were never framed, are asked again', async () => {
    // One exchange at a time: the second call waits inside the session.
    const began = gate()
    let runs = 0
    const set = (value: Uint8Array) => {
      runs++
      if (runs > 1) return value
      began.open()
      return new Promise<never>(() => undefined)
    }
    const answering = bobs({ serve: [store({ set })], protocol: { limits: { exchanges: 1 } } })
    const on = linked(wayTo(answering).connect)
    const lost = failure(client(on, Store).set(one))
    const waits = client(on, Store).set(Uint8Array.of(2))
    await began.passed
    only(answering).abort()
    expect(codeOf(await lost)).toBe('session/lost')
    expect(await waits).toEqual(Uint8Array.of(2))
  })

  test('one-way messages that had not been taken go with the next session', async () => {
    const noted: number[] = []
    const first = bobs({ serve: [store({ note: () => new Promise(() => undefined) })] })
    const way = wayTo(first)
    const on = linked(way.connect)
    const { note, set } = client(on, Store)
    const big = (i: number) => new Uint8Array(60_000).fill(i)
    // Handlers that do not end hold the credit back: the first are taken, the last wait.
    const sends = Array.from({ length: 300 }, (_, i) => note(big(i % 250)))
    await (await on.session).ping()
    way.host = bobs({ serve: [store({ note: (value) => void noted.push(value[0] ?? -1) })] })
    only(first).abort()
    await Promise.all(sends)
    await set(one)
    expect(noted.length).toBeGreaterThan(0)
    expect(noted).toEqual(Array.from({ length: 300 }, (_, i) => i % 250).slice(300 - noted.length))
  })
})

describe('LI-33 a link ends where another attempt would end the same', () => {
  const mallory = generateIdentity()

  test.each([
    ['identity/mismatch', { identity: mallory }],
    ['identity/not-trusted', { trust: [mallory.id] }],
    ['contract/unserved', { serve: [] }],
    ['session/service', { protocol: { service: 'another' } }],
    [
      'policy/denied',
      {
        policy: {
          version: 1,
          rules: [{ id: 'no', effect: 'deny', by: ['any'], verbs: ['initiate'], on: ['>'] }],
        } as const,
      },
    ],
  ] as const)('%s, also where sessions were before', async (expected, over: Partial<HostOptions>) => {
    const lost = unhandled()
    const first = bobs()
    const way = wayTo(first)
    const on = linked(way.connect)
    await client(on, Store).set(one)
    way.host = bobs(over)
    only(first).abort()
    await becomes(on, 'waiting')
    const waits = failure(client(on, Store).set(one))
    const next = failure(on.session)
    expect(await ended(on)).toBe(expected)
    expect(way.count).toBe(2)
    expect(on.status.is).toBe('closed')
    expect([codeOf(await waits), codeOf(await next)]).toEqual(['session/closed', expected])
    expect([await code(client(on, Store).set(one)), await code(client(on, Store).note(one))]).toEqual([
      'session/closed',
      'session/closed',
    ])
    expect(await code(on.session)).toBe(expected)
    expect(await lost()).toEqual([])
  })

  test('what cannot be is thrown at once', () => {
    expect(() => link('nowhere' as never, options())).toThrow(TypeError)
    expect(() => link('tcp:localhost:99999', options())).toThrow(RangeError)
    const { connect } = wayTo()
    for (const retry of [{ firstMs: 0 }, { firstMs: 5, capMs: 4 }, { capMs: 1e9 }, { giveUpMs: -1 }])
      expect(() => linkOver(connect, options(), retry)).toThrow(RangeError)
    expect(() => linkOver(connect, options({ protocol: { handshakeMs: 0 } }))).toThrow(RangeError)
  })
})

describe('LI-34 a link that gives up', () => {
  test('ends with the last failure as the cause', async () => {
    const way = wayTo()
    const on = linked(way.connect, {}, { ...quick, giveUpMs: 30 })
    expect(await ended(on)).toBe('session/timeout')
    expect(way.count).toBeGreaterThan(1)
    const closed = await on.closed
    expect(!closed.clean && codeOf(closed.error.cause)).toBe('transport/failed')
  })
})

describe('LI-36 a peer that drains', () => {
  test('keeps what is open, and what is new goes to the next session at once', async () => {
    const [began, finish] = [gate(), gate()]
    const slow = async (value: Uint8Array) => {
      began.open()
      await finish.passed
      return value
    }
    const old = bobs({ serve: [store({ set: slow })] })
    const way = wayTo(old)
    const on = linked(way.connect)
    const { set } = client(on, Store)
    const long = set(Uint8Array.of(5))
    await began.passed
    const before = await on.session
    way.host = bobs()
    const drained = old.drain()
    await becomes(on, 'draining')
    // The old one ends only after the new one has answered.
    expect(await set(one)).toEqual(one)
    expect(await on.session).not.toBe(before)
    finish.open()
    expect(await long).toEqual(Uint8Array.of(5))
    await drained
    expect(await before.closed).toEqual({ clean: true })
    expect(on.status.is).toBe('established')
  })

  test('a call that crosses the drain is asked of the next session', async () => {
    const old = bobs()
    const way = wayTo(old)
    const on = linked(way.connect)
    const { set } = client(on, Store)
    await set(one)
    way.host = bobs()
    const drained = old.drain()
    const calls = Array.from({ length: 50 }, (_, i) => set(Uint8Array.of(i)))
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 50 }, (_, i) => Uint8Array.of(i)))
    await drained
  })

  test('over and over, with a call open each time, costs the oldest of those sessions', async () => {
    const outcomes: unknown[] = []
    const way = wayTo()
    const hosts: Host[] = []
    /** The next host to dial, whose handler never ends; passed when it runs. */
    const next = () => {
      const began = gate()
      const hang = () => {
        began.open()
        return new Promise<never>(() => undefined)
      }
      way.host = bobs({ serve: [store({ set: hang })] })
      hosts.push(way.host)
      return began
    }
    const stop = new AbortController()
    let began = next()
    const on = linked(way.connect, { signal: stop.signal })
    for (const _ of Array.from({ length: LEAVING + 1 })) {
      const call = client(on, Store).set(one, { timeoutMs: 0 })
      call.catch((error: unknown) => outcomes.push(codeOf(error)))
      await began.passed
      const old = way.host
      began = next()
      void old?.drain({ timeoutMs: 1e6 })
      await becomes(on, 'draining')
      await becomes(on, 'established')
    }
    await only(hosts[0] ?? bobs()).closed
    expect(outcomes).toEqual(['session/lost'])
    expect(hosts.map(({ sessions }) => sessions.size)).toEqual([0, ...Array.from({ length: LEAVING + 1 }, () => 1)])
    stop.abort()
    expect(await ended(on)).toBe('session/closed')
    expect(outcomes).toEqual(Array.from({ length: LEAVING + 1 }, () => 'session/lost'))
  })
})

test('LI-43 a renewed credential is shown in the present session and in every later one', async () => {
  const issuer = generateIssuer()
  const issued = (days: number): Uint8Array => {
    const unixMs = Date.now()
    const possession = checkProof(issuer, proveIdentity(alice, makeChallenge(issuer, unixMs), issuer.id), unixMs)
    const name = 'spiffe://example.org/alice'
    return issueCredential(issuer, { possession, name, expiresMs: unixMs + days * 86_400_000 })
  }
  const answering = bobs({ trust: [issuer.id] })
  const on = linked(wayTo(answering).connect, { identity: alice.with(issued(1)) })
  const { set } = client(on, Store)
  await set(one)
  const first = only(answering)
  const before = first.peer.expiresMs ?? 0
  const newer = issued(2)
  on.renew(newer)
  expect(() => on.renew(newer.subarray(1))).toThrow('identity/credential')
  // A later message: the credential has come by then.
  await set(one)
  const { expiresMs = 0 } = first.peer
  expect(expiresMs).toBeGreaterThan(before)
  first.abort()
  // Nobody is there to show it to, and a session that has had too many shows it next time.
  for (let i = 0; i < 9; i++) on.renew(newer)
  await set(one)
  expect(only(answering).peer.expiresMs).toBe(expiresMs)
})

test('LI-33 a Retry that a stranger puts in, for a suite that nobody listed, ends no link', async () => {
  const honest = wayTo(bobs())
  const forged: Transport[] = []
  const connect = async (): Promise<Transport> => {
    if (forged.length > 0) return honest.connect()
    const [near, far] = memoryPair()
    forged.push(far)
    await far.write(retryOf(0x0031))
    return near
  }
  const on = linked(connect)
  const causes: unknown[] = []
  for await (const status of on.changes) {
    if (status.is === 'waiting') causes.push(status.cause.code)
    if (status.is === 'established') break
  }
  expect(causes).toEqual(['session/suite'])
  expect(await client(on, Store).get(one)).toEqual(one)
})

test('LI-33 a known peer whose key changes, and a file that cannot be written, end a link', async () => {
  const path = join(folder, 'known')
  const known = await knownPeers(path, 'accept-new')
  const peer = { endpoint: 'tcp:bob:1', known } as const
  const first = bobs()
  const way = wayTo(first)
  const on = linked(way.connect, { peer })
  await client(on, Store).set(one)
  way.host = bobs({ identity: generateIdentity() })
  only(first).abort()
  expect(await ended(on)).toBe('identity/changed')
  const lost = unhandled()
  const nowhere = {
    endpoint: 'tcp:bob:1',
    known: await knownPeers(join(folder, 'gone', 'known'), 'accept-new'),
  } as const
  const other = linked(wayTo(bobs()).connect, { peer: nowhere })
  expect(await ended(other)).toBe('identity/file')
  expect(await lost()).toEqual([])
})

describe('LI-42 the end of a link', () => {
  const never = () => new Promise<never>(() => undefined)

  /** A transport whose other end says nothing. */
  const silence = (): Promise<Transport> => Promise.resolve(memoryPair()[0])

  const ways: readonly (readonly [string, (signal: AbortSignal) => Promise<Transport>])[] = [
    ['connecting', never],
    ['handshaking', silence],
    ['waiting', wayTo().connect],
  ]

  test.each(ways)('by close while %s settles all there is, at once', async (name, connect) => {
    const lost = unhandled()
    const on = linked(connect, {}, { firstMs: 1e6, capMs: 1e6 })
    await becomes(on, name)
    const { set, note } = client(on, Store)
    const outcomes = [on.session, set(one), note(one)].map(code)
    await on.close()
    expect(on.status.is).toBe('closed')
    expect(await Promise.all(outcomes)).toEqual(['session/closed', 'session/closed', 'session/closed'])
    expect(await on.closed).toEqual({ clean: true })
    await on.close()
    expect(await lost()).toEqual([])
  })

  test.each(ways)('by its signal while %s tells of it', async (name, connect) => {
    const stop = new AbortController()
    const on = linked(connect, { signal: stop.signal }, { firstMs: 1e6, capMs: 1e6 })
    await becomes(on, name)
    stop.abort(new Error('enough'))
    expect(on.status.is).toBe('closed')
    const closed = await on.closed
    expect(!closed.clean && [closed.error.code, closed.error.cause]).toEqual(['session/closed', new Error('enough')])
  })

  test('a signal that was aborted before makes a link that is over', async () => {
    const way = wayTo(bobs())
    const on = linked(way.connect, { signal: AbortSignal.abort() })
    expect([on.status.is, way.count]).toEqual(['closed', 0])
    expect(await ended(on)).toBe('session/closed')
  })

  test('by close while established closes the session, and lets its calls finish', async () => {
    const began = gate()
    const finish = gate()
    const slow = async (value: Uint8Array) => {
      began.open()
      await finish.passed
      return value
    }
    const answering = bobs({ serve: [store({ set: slow })] })
    const on = linked(wayTo(answering).connect)
    const call = client(on, Store).set(one)
    await began.passed
    const session = await on.session
    const closing = on.close()
    expect(on.status.is).toBe('draining')
    expect(await code(client(on, Store).set(one))).toBe('session/closed')
    expect(await code(on.session)).toBe('session/closed')
    finish.open()
    expect(await call).toEqual(one)
    await closing
    expect([await session.closed, await on.closed, on.status.is]).toEqual([{ clean: true }, { clean: true }, 'closed'])
  })

  test('is not clean where its session does not end so', async () => {
    const answering = bobs()
    const on = linked(wayTo(answering).connect)
    await on.session
    const far = only(answering)
    const closing = on.close()
    far.abort()
    await closing
    expect(await ended(on)).toBe('channel/truncated')
  })

  test('by disposal is the same', async () => {
    const answering = bobs()
    const on = linked(wayTo(answering).connect)
    await client(on, Store).set(one)
    await on[Symbol.asyncDispose]()
    expect(await ended(on)).toBe('clean')
  })

  test('frees a transport that comes too late', async () => {
    const [transport] = memoryPair()
    const [asked, late] = [gate(), gate<Transport>()]
    const on = linked(() => {
      asked.open()
      return late.passed
    })
    await asked.passed
    await on.close()
    late.open(transport)
    expect(await code(Promise.resolve(transport[Symbol.asyncIterator]().next()))).toBe('transport/failed')
  })
})

describe('LI-41 a way that is none', () => {
  test('that hangs is left after the time of an attempt, and tried again', async () => {
    const way = wayTo(bobs())
    let count = 0
    const on = linked(() => (++count <= 2 ? new Promise<never>(() => undefined) : way.connect()), {
      protocol: { handshakeMs: 100 },
    })
    await becomes(on, 'waiting')
    expect(on.status.is === 'waiting' && on.status.cause.code).toBe('session/timeout')
    await on.session
    expect(count).toBe(3)
  })

  test('that throws, or rejects with anything, is tried again', async () => {
    const way = wayTo(bobs())
    const tries = [
      () => {
        throw new TypeError('no way')
      },
      () => Promise.reject(new Error('no way')),
      way.connect,
    ]
    const on = linked(() => tries.shift()?.() ?? way.connect())
    await becomes(on, 'waiting')
    expect(on.status.is === 'waiting' && on.status.cause.code).toBe('transport/failed')
    await on.session
  })

  test('where a session is ended by hand, the next is made', async () => {
    const on = linked(wayTo(bobs()).connect)
    for (const end of [(it: Session) => it.close(), (it: Session) => it.drain(), async (it: Session) => it.abort()]) {
      const session = await on.session
      await end(session)
      expect(await client(on, Store).set(one)).toEqual(one)
      expect(await on.session).not.toBe(session)
    }
  })
})

describe('over real sockets', () => {
  const KINDS = [
    ['TCP', () => 'tcp:127.0.0.1:0'],
    ['a Unix socket', () => `unix:${join(folder, `${process.hrtime.bigint()}.sock`)}`],
  ] as const

  const listening = (endpoint: string, over: Partial<HostOptions> = {}) =>
    listen(endpoint as 'stdio:', { identity: bob, trust: [alice.id], policy: open, serve: [store()], ...over })

  /** What listens there and does this to whoever comes. */
  const impolite = async (endpoint: string, react: 'destroy' | 'pause') => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket[react]()
    })
    const [, address = '', port] = endpoint.split(':')
    const place = port === undefined ? { path: address } : { host: address, port: +port }
    await new Promise<void>((resolve) => server.listen(place, resolve))
    const stop = (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      })
    return { sockets, stop }
  }

  test.each(KINDS)(
    'LI-31 %s: a link outlives listeners that die, hang, hang up and come again',
    async (_, endpoint) => {
      const first = await listening(endpoint())
      const on = link<typeof Store>(first.endpoint, options({ protocol: { handshakeMs: 200 } }), quick)
      onTestFinished(() => on.close())
      const { set, get } = client(on, Store)
      await set(one)
      for (const session of first.sessions) session.abort()
      await first.close()
      await becomes(on, 'waiting')
      const waits = get(one)
      // One that hangs up at once, and then one that says nothing.
      for (const react of ['destroy', 'pause'] as const) {
        const rude = await impolite(first.endpoint, react)
        for await (const _ of on.changes) if (rude.sockets.size >= 2) break
        await rude.stop()
      }
      const second = await listening(first.endpoint)
      expect(await waits).toEqual(one)
      expect(await set(one)).toEqual(one)
      await on.close()
      await second.close()
    },
  )

  test.each(KINDS)('LI-33 %s: another key behind the endpoint ends the link', async (_, endpoint) => {
    const first = await listening(endpoint())
    const on = link<typeof Store>(first.endpoint, options(), quick)
    await on.session
    await first.close()
    const second = await listening(first.endpoint, { identity: generateIdentity() })
    expect(await ended(on)).toBe('identity/mismatch')
    await second.close()
  })
})
