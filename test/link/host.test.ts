import { expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import {
  client,
  generateIdentity,
  generateIssuer,
  type Host,
  initiate,
  issueCredential,
  memoryPair,
  type Policy,
  type PolicyStore,
  policyStore,
  possessionOf,
  type Session,
  SottoError,
  serve,
  trustStore,
} from '../../src/index.js'
import { CAPS } from '../../src/link/caps.js'
import { FAILURES } from '../../src/link/host.js'
import { sourceOf } from '../../src/link/listen.node.js'
import { initiatorSideOf } from '../../src/link/options.js'
import { now } from '../../src/link/pump.js'
import { Engine } from '../../src/session/engine.js'
import { never } from './faulty.js'
import {
  alice,
  all,
  bob,
  code,
  codeOf,
  dialling,
  Echo,
  echo,
  failure,
  gate,
  listening,
  pair,
  unhandled,
} from './sessions.js'

const one = Uint8Array.of(1)

const ends = async (session: Session): Promise<unknown> => {
  const closed = await session.closed
  return closed.clean ? 'clean' : closed.error.code
}

/** A transport whose other end says nothing, and how it is left: what was written to it, and whether it ended. */
const silent = () => {
  const [near, far] = memoryPair()
  const left = async (): Promise<unknown> => {
    let bytes = 0
    try {
      for await (const chunk of near) bytes += chunk.length
    } catch (error) {
      return [bytes, codeOf(error)]
    }
    return [bytes, 'end']
  }
  return { transport: far, left: left(), drop: () => near.abort(new Error('gone')) }
}

const quiet = (attempt: Promise<unknown>): Promise<unknown> => code(attempt)

/** A transport on which a valid packet 1 has been sent, and the other end of it. */
const begun = () => {
  const [near, far] = memoryPair()
  const time = now()
  void near.write(Engine.initiate(initiatorSideOf(dialling(), time), time).take(time) ?? EMPTY)
  return { near, far, drop: () => near.abort(new Error('gone')) }
}

/** An attempt that has been answered with packet 2, and goes no further. */
const answered = async (host: Host, source: string) => {
  const { near, far, drop } = begun()
  const attempt = quiet(host.accept(far, { source }))
  await near[Symbol.asyncIterator]().next()
  return { attempt, drop }
}

test('LI-4 LI-50 64 handshakes of a source are under way at most: the oldest gives way unread, and others are not in its way', async () => {
  const lost = unhandled()
  const host = listening()
  const held = Array.from({ length: CAPS.halfOpenSource }, silent)
  const attempts = held.map(({ transport }) => quiet(host.accept(transport, { source: 'a' })))
  const other = silent()
  const fromOther = quiet(host.accept(other.transport, { source: 'b' }))
  const over = silent()
  const fromOver = quiet(host.accept(over.transport, { source: 'a' }))
  expect(await attempts[0]).toBe('session/busy')
  expect(await held[0]?.left).toEqual([0, 'transport/failed'])
  const [near, far] = memoryPair()
  const [session] = await Promise.all([initiate(near, dialling({ use: [Echo] })), host.accept(far, { source: 'a' })])
  expect(await attempts[1]).toBe('session/busy')
  expect(await client(session, Echo).echo(one)).toEqual(one)
  for (const { drop } of [...held, other, over]) drop()
  expect(await Promise.all([...attempts.slice(2), fromOther, fromOver])).toEqual(Array(64).fill('session/lost'))
  expect(await lost()).toEqual([])
})

test('LI-4 LI-50 1,024 handshakes are under way at most, of all sources together: the source with the most gives way', async () => {
  const host = listening()
  const most = Array.from({ length: 10 }, silent)
  const held = Array.from({ length: CAPS.halfOpen - most.length }, silent)
  const early = held.slice(0, 500).map(({ transport }, i) => quiet(host.accept(transport, { source: String(i) })))
  const attempts = most.map(({ transport }) => quiet(host.accept(transport, { source: 'most' })))
  const late = held.slice(500).map(({ transport }, i) => quiet(host.accept(transport, { source: `late ${i}` })))
  const last = silent()
  const attempt = quiet(host.accept(last.transport, { source: 'new' }))
  expect(await attempts[0]).toBe('session/busy')
  for (const { drop } of [...held, ...most, last]) drop()
  const others = await Promise.all([...early, ...attempts.slice(1), ...late, attempt])
  expect(new Set(others)).toEqual(new Set(['session/lost']))
})

test('LI-50 of the answered and the silent of a source those that are more give way', async () => {
  const host = listening({}, { halfOpenSource: 4 })
  const first = await answered(host, 'a')
  const quietOnes = Array.from({ length: 3 }, silent)
  const attempts = quietOnes.map(({ transport }) => quiet(host.accept(transport, { source: 'a' })))
  const newcomers = [await answered(host, 'a'), await answered(host, 'a')]
  expect(await Promise.all(attempts.slice(0, 2))).toEqual(['session/busy', 'session/busy'])
  // Three are answered now, and one is silent.
  const late = silent()
  const fromLate = quiet(host.accept(late.transport, { source: 'a' }))
  expect(await first.attempt).toBe('session/busy')
  for (const { drop } of [...quietOnes, ...newcomers, late]) drop()
  const ends = await Promise.all([...newcomers.map(({ attempt }) => attempt), ...attempts.slice(2), fromLate])
  expect(ends).toEqual(Array(4).fill('session/lost'))
})

test('LI-52 attempts without a source are held to the cap of all alone', async () => {
  const host = listening({}, { halfOpen: 100 })
  const held = Array.from({ length: 100 }, silent)
  const attempts = held.map(({ transport }) => quiet(host.accept(transport)))
  const over = silent()
  const attempt = quiet(host.accept(over.transport))
  expect(await attempts[0]).toBe('session/busy')
  for (const { drop } of [...held, over]) drop()
  expect(await Promise.all([...attempts.slice(1), attempt])).toEqual(Array(100).fill('session/lost'))
})

test('LI-51 a source is an address of IPv4 or a network of IPv6', () => {
  const sources = {
    '192.0.2.7': '192.0.2.7',
    '::ffff:192.0.2.7': '192.0.2.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:db8:1:2::6': '2001:db8:1:2::/64',
    '2001:db8::6': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
    unix: '',
    stdio: '',
  }
  expect(Object.keys(sources).map(sourceOf)).toEqual(Object.values(sources))
})

test('LI-53 a source that is new waits for no more than the first turns of one with many, and all have theirs', async () => {
  const host = listening({ trust: [] })
  const order: string[] = []
  const begin = (source: string) => {
    const { near, far, drop } = begun()
    const attempt = quiet(host.accept(far, { source }))
    const answer = near[Symbol.asyncIterator]()
      .next()
      .then(() => order.push(source))
    return { attempt, answer, drop }
  }
  const attempts = [...Array.from({ length: 30 }, () => begin('many')), begin('new'), begin('other')]
  await Promise.all(attempts.map(({ answer }) => answer))
  expect(order).toHaveLength(32)
  expect(order.indexOf('new')).toBeLessThanOrEqual(4)
  expect(order.indexOf('other')).toBeLessThanOrEqual(5)
  for (const { drop } of attempts) drop()
  await Promise.all(attempts.map(({ attempt }) => attempt))
})

test('LI-53 one that leaves while it waits for its turn is in nobody’s way', async () => {
  const host = listening()
  const attempts = Array.from({ length: 8 }, begun).map(({ far, drop }) => {
    const attempt = quiet(host.accept(far, { source: 'a' }))
    drop()
    return attempt
  })
  expect(await attempt(host)).toBe('open')
  expect(await Promise.all(attempts)).toEqual(Array(8).fill('session/lost'))
})

test('LI-55 a newer credential of the host is shown to its sessions and to who comes', async () => {
  const issuer = generateIssuer()
  const name = 'spiffe://example.org/bob'
  const peer = { name, issuer: issuer.id }
  const issue = async (days: number): Promise<Uint8Array> => {
    const [near, far] = memoryPair()
    const pinned = listening()
    const [session] = await Promise.all([initiate(near, dialling()), pinned.accept(far)])
    const possession = possessionOf(session)
    session.abort()
    return issueCredential(issuer, { possession, name, expiresMs: Date.now() + days * 86_400_000 })
  }
  const host = listening({ identity: bob.with(await issue(1)) })
  const dialled = async () => {
    const [near, far] = memoryPair()
    const [session] = await Promise.all([initiate(near, dialling({ peer, use: [Echo] })), host.accept(far)])
    return session
  }
  const [open, gone] = [await dialled(), await dialled()]
  gone.abort()
  await gone.closed
  const newer = await issue(2)
  const before = open.peer.expiresMs ?? 0
  host.renew(newer)
  expect(() => host.renew(newer.subarray(1))).toThrow('identity/credential')
  // A later message: the credential has come by then.
  await client(open, Echo).echo(one)
  expect(open.peer.expiresMs ?? 0).toBeGreaterThan(before)
  expect((await dialled()).peer.expiresMs).toBe(open.peer.expiresMs)
})

/** A session of `identity` at `host`, or what it was refused with, at both ends. */
const attempt = async (host: Host, identity = alice): Promise<unknown> => {
  const [near, far] = memoryPair()
  const [here, there] = await Promise.all([
    initiate(near, dialling({ identity })).then(() => 'open', codeOf),
    host.accept(far, { source: 'a' }).then(() => 'open', codeOf),
  ])
  return here === there ? here : [here, there]
}

test('LI-4 LI-54 a session is no handshake: it takes nothing of that budget, and 64 of one peer are its most', async () => {
  const carol = generateIdentity()
  const host = listening({ trust: [alice.id, carol.id] }, { halfOpenSource: 2 })
  for (let i = 0; i < CAPS.sessionsPeer; i++) expect(await attempt(host)).toBe('open')
  expect(await attempt(host)).toBe('session/busy')
  expect(await attempt(host, carol)).toBe('open')
  const [session] = host.sessions
  session?.abort()
  await session?.closed
  expect(await attempt(host)).toBe('open')
  expect(host.sessions.size).toBe(CAPS.sessionsPeer + 1)
  await host.close()
  expect(host.sessions.size).toBe(0)
})

test('LI-54 a host has so many sessions at most; who is not trusted does not learn that it is full', async () => {
  const [carol, mallory] = [generateIdentity(), generateIdentity()]
  const host = listening({ trust: [alice.id, carol.id] }, { sessions: 2 })
  expect([await attempt(host), await attempt(host)]).toEqual(['open', 'open'])
  expect(await attempt(host, carol)).toBe('session/busy')
  expect(await attempt(host, mallory)).toBe('identity/not-trusted')
  const [session] = host.sessions
  await session?.close()
  expect(await attempt(host, carol)).toBe('open')
})

test.each([{ halfOpen: 0 }, { sessions: 1.5 }, { sessionsPeer: 2 ** 21 }, { halfOpn: 3 }])(
  'a host is refused caps that cannot be: %o',
  (caps) => {
    expect(() => listening({}, caps)).toThrow(RangeError)
  },
)

test('LI-5 a peer whose pin is withdrawn loses its sessions on every host of the store, and nobody else does', async () => {
  const trust = trustStore([alice.id])
  const [first, second, spared] = [await pair({ far: { trust } }), await pair({ far: { trust } }), await pair()]
  const call = failure(client(first.near, Echo).wait())
  trust.revoke(alice.id)
  for (const { near, far, host } of [first, second]) {
    const closed = await far.closed
    expect(closed.clean || closed.error.code).toBe('identity/not-trusted')
    const told = await near.closed
    expect(told.clean || told.error.message).toContain('identity/not-trusted')
    expect(host.sessions.size).toBe(0)
  }
  expect(codeOf(await call)).toBe('session/lost')
  const [left, right] = memoryPair()
  const refused = [code(initiate(left, dialling())), code(first.host.accept(right))]
  expect(await Promise.all(refused)).toEqual(['identity/not-trusted', 'identity/not-trusted'])
  expect(await client(spared.near, Echo).echo(one)).toEqual(one)
})

test('LI-5 trust withdrawn while the session opens, or while the host drains, is heard', async () => {
  const trust = trustStore([alice.id])
  const handlers = { echo: (value: Uint8Array) => value, wait: () => undefined, tell: () => undefined }
  const early = serve(Echo, { opened: () => trust.revoke(alice.id) }, handlers)
  const [left, right] = memoryPair()
  const dialled = initiate(left, dialling({ use: [Echo] }))
  expect(await ends(await listening({ trust, serve: [early] }).accept(right))).toBe('identity/not-trusted')
  expect(await ends(await dialled)).toBe('session/lost')
  trust.pin(alice.id)
  const begun = gate()
  const wait = () => {
    begun.open()
    return never<undefined>()
  }
  const second = await pair({ far: { trust, serve: [echo({ wait })] } })
  const call = failure(client(second.near, Echo).wait())
  await begun.passed
  const draining = second.host.drain()
  trust.replace([])
  expect(await ends(second.far)).toBe('identity/not-trusted')
  await draining
  expect(codeOf(await call)).toBe('session/lost')
})

test.each(['close', 'drain'] as const)(
  'LI-6 a host that is told to %s gives handshakes up and takes nothing new',
  async (how) => {
    const lost = unhandled()
    const { near, far, host } = await pair()
    const held = [silent(), silent()]
    const attempts = held.map(({ transport }) => quiet(host.accept(transport)))
    // One of them is half-way: message 2 is out.
    const [left, right] = memoryPair()
    const half = quiet(host.accept(right))
    const dialled = new AbortController()
    const dial = quiet(initiate(left, dialling({ signal: dialled.signal })))
    const ended = host[how]()
    expect(await Promise.all([...attempts, half])).toEqual(Array(3).fill('session/closed'))
    expect(await dial).toBe('session/lost')
    for (const { left } of held) expect(await left).toEqual([0, 'transport/failed'])
    await ended
    expect([await ends(near), await ends(far), host.sessions.size]).toEqual(['clean', 'clean', 0])
    const late = silent()
    expect(await code(host.accept(late.transport))).toBe('session/closed')
    expect(await late.left).toEqual([0, 'transport/failed'])
    await host.close()
    await host[Symbol.asyncDispose]()
    const codes = (await all(host.failures)).map(({ error }) => error.code)
    expect(codes).toEqual(Array(3).fill('session/closed'))
    expect(await lost()).toEqual([])
  },
)

test('a host whose signal aborts aborts its sessions and its handshakes, and one that was aborted takes nothing', async () => {
  const controller = new AbortController()
  const { near, far, host } = await pair({ far: { signal: controller.signal } })
  const held = silent()
  const attempt = quiet(host.accept(held.transport))
  controller.abort(new Error('over'))
  expect([await ends(far), await ends(near), await attempt]).toEqual([
    'session/closed',
    'channel/truncated',
    'session/closed',
  ])
  const dead = listening({ signal: AbortSignal.abort() })
  expect(await code(dead.accept(silent().transport))).toBe('session/closed')
})

test('failures tell of attempts that came to nothing, with their source; the last 256 are kept', async () => {
  const host = listening({ trust: [] })
  for (let i = 0; i < FAILURES + 3; i++) {
    const { transport, drop } = silent()
    const attempt = quiet(host.accept(transport, { source: `s${i}` }))
    drop()
    await attempt
  }
  const [left, right] = memoryPair()
  await Promise.all([code(initiate(left, dialling())), code(host.accept(right, { source: 'last' }))])
  await host.close()
  const failures = await all(host.failures)
  expect(failures).toHaveLength(FAILURES)
  expect(failures[0]).toEqual({ source: 's4', error: expect.any(SottoError) })
  expect([failures.at(-1)?.source, failures.at(-1)?.error.code]).toEqual(['last', 'identity/not-trusted'])
})

const ONE_AT_A_TIME: Policy = {
  version: 1,
  rules: [{ id: 'one', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'], limit: { concurrent: 1 } }],
}

test.each<[string, () => Policy | PolicyStore]>([
  ['sessions of one host', () => ONE_AT_A_TIME],
  ['hosts of one policy store', () => policyStore(ONE_AT_A_TIME)],
])('LI-22 two %s share the limits of the policy', async (what, make) => {
  const policy = make()
  const begun = gate()
  const door = gate()
  const wait = async () => {
    begun.open()
    await door.passed
  }
  const over = { policy, serve: [echo({ wait })] }
  const [first, second] = [listening(over), listening(over)]
  const hosts = what === 'sessions of one host' ? [first, first] : [first, second]
  const [one, other] = await Promise.all(
    hosts.map(async (host) => {
      const [near, far] = memoryPair()
      const [session] = await Promise.all([initiate(near, dialling({ use: [Echo] })), host.accept(far)])
      return client(session, Echo)
    }),
  )
  const call = one?.wait()
  await begun.passed
  expect(await code(async () => other?.wait())).toBe('policy/limited')
  door.open()
  await call
  expect(await other?.wait()).toBeUndefined()
})
