import { expect, test } from 'vitest'
import {
  client,
  initiate,
  memoryPair,
  type Policy,
  type PolicyStore,
  policyStore,
  type Session,
  SottoError,
  serve,
  trustStore,
} from '../../src/index.js'
import { FAILURES, MAX_HALF_OPEN, MAX_HALF_OPEN_SOURCE } from '../../src/link/host.js'
import { never } from './faulty.js'
import {
  alice,
  all,
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

test('LI-4 64 handshakes of a source are under way at most; the next is freed unread, and others are not in its way', async () => {
  const lost = unhandled()
  const host = listening()
  const held = Array.from({ length: MAX_HALF_OPEN_SOURCE }, silent)
  const attempts = held.map(({ transport }) => quiet(host.accept(transport, { source: 'a' })))
  const over = silent()
  expect(await code(host.accept(over.transport, { source: 'a' }))).toBe('session/busy')
  expect(await over.left).toEqual([0, 'transport/failed'])
  const other = silent()
  const fromOther = quiet(host.accept(other.transport, { source: 'b' }))
  held[0]?.drop()
  expect(await attempts[0]).toBe('session/lost')
  const [near, far] = memoryPair()
  const [session] = await Promise.all([initiate(near, dialling({ use: [Echo] })), host.accept(far, { source: 'a' })])
  expect(await client(session, Echo).echo(one)).toEqual(one)
  const next = silent()
  const fromNext = quiet(host.accept(next.transport, { source: 'a' }))
  for (const { drop } of [...held, other, next]) drop()
  expect(await Promise.all([...attempts, fromOther, fromNext])).toEqual(Array(66).fill('session/lost'))
  expect(await lost()).toEqual([])
})

test('LI-4 1,024 handshakes are under way at most, of all sources together', async () => {
  const host = listening()
  const held = Array.from({ length: MAX_HALF_OPEN }, silent)
  const attempts = held.map(({ transport }, i) => quiet(host.accept(transport, { source: String(i) })))
  expect(await code(host.accept(silent().transport, { source: 'new' }))).toBe('session/busy')
  held[5]?.drop()
  await attempts[5]
  const last = silent()
  const attempt = quiet(host.accept(last.transport, { source: 'new' }))
  for (const { drop } of [...held, last]) drop()
  expect(new Set(await Promise.all([...attempts, attempt]))).toEqual(new Set(['session/lost']))
})

test('LI-4 a session is no handshake: it takes nothing of the budget', async () => {
  const host = listening()
  for (let i = 0; i < MAX_HALF_OPEN_SOURCE + 6; i++) {
    const [near, far] = memoryPair()
    const [session] = await Promise.all([initiate(near, dialling()), host.accept(far, { source: 'a' })])
    expect(session.peer).toBeDefined()
  }
  expect(host.sessions.size).toBe(MAX_HALF_OPEN_SOURCE + 6)
  await host.close()
  expect(host.sessions.size).toBe(0)
})

test('LI-5 a peer whose pin is withdrawn loses its sessions on every host of the store, and nobody else does', async () => {
  const trust = trustStore([alice.id])
  const [first, second, spared] = [await pair({ far: { trust } }), await pair({ far: { trust } }), await pair()]
  const call = failure(client(first.near, Echo).wait())
  trust.revoke(alice.id)
  for (const { near, far, host } of [first, second]) {
    const closed = await far.closed
    expect(closed.clean || closed.error.code).toBe('identity/not-trusted')
    expect(await ends(near)).toBe('channel/truncated')
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
  const dialled = code(initiate(left, dialling({ use: [Echo] })))
  expect(await ends(await listening({ trust, serve: [early] }).accept(right))).toBe('identity/not-trusted')
  expect(await dialled).toBe('session/lost')
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
