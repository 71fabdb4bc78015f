import { describe, expect, test } from 'vitest'
import { credentialOf } from '../../src/identity/identity.js'
import {
  type Claims,
  checkProof,
  client,
  decodeCredential,
  generateIdentity,
  generateIssuer,
  type Identity,
  type Issuer,
  initiate,
  issueCredential,
  linkOver,
  makeChallenge,
  memoryPair,
  type Policy,
  proveIdentity,
  type Session,
  SottoError,
  type Transport,
  type TrustStore,
  trustStore,
} from '../../src/index.js'
import { alice, bob, code, codeOf, dialling, Echo, echo, failure, listening, open } from './sessions.js'

const issuer = generateIssuer()
const DAY = 86_400_000
const NAME = 'spiffe://example.org/alice'

interface Said {
  readonly name?: string
  readonly roles?: readonly string[]
  readonly claims?: Claims
  readonly lifeMs?: number
}

/** `of` with a credential of `by`. */
const certified = (of: Identity, said: Said = {}, by: Issuer = issuer): Identity => {
  const { lifeMs = DAY, ...grant } = said
  const unixMs = Date.now()
  const possession = checkProof(by, proveIdentity(of, makeChallenge(by, unixMs), by.id), unixMs)
  return of.with(issueCredential(by, { possession, expiresMs: unixMs + lifeMs, ...grant }))
}

const hosting = (trust: TrustStore, policy: Policy = open) => listening({ trust, policy })

/** Alice dials with what she shows; `far` is Bob's end. */
const meeting = async (host: ReturnType<typeof hosting>, identity: Identity) => {
  const [left, right] = memoryPair()
  const [near, far] = await Promise.all([initiate(left, dialling({ identity, use: [Echo] })), host.accept(right)])
  return { near, far }
}

const ends = async (session: Session): Promise<string> => {
  const closed = await session.closed
  return closed.clean ? 'clean' : closed.error.code
}

test('ID-28 ID-33 a listener that trusts an issuer lets in whom it certifies, and sees name, roles and claims', async () => {
  const host = hosting(trustStore([issuer.id]))
  const identity = certified(alice, { name: NAME, roles: ['sensor'], claims: { room: 'kitchen' } })
  const { near, far } = await meeting(host, identity)
  expect(far.peer).toMatchObject({ id: alice.id, name: NAME, roles: ['sensor'] })
  expect({ ...far.peer.claims }).toEqual({ room: 'kitchen' })
  expect(await client(near, Echo).echo(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
})

test('ID-28 ID-29 without a credential that holds nobody is let in, and all are told the same', async () => {
  const trust = trustStore([issuer.id])
  const host = hosting(trust)
  const shown = certified(alice, { name: NAME })
  const { near } = await meeting(host, shown)
  await near.close()
  const strangers = [alice, generateIdentity(), certified(alice, {}, generateIssuer())]
  for (const identity of strangers) expect(await code(meeting(host, identity))).toBe('identity/not-trusted')
  const [left, right] = memoryPair()
  const dialled = failure(initiate(left, dialling({ identity: strangers[2] ?? alice })))
  // This end is told why; the other the code alone.
  expect(await failure(host.accept(right))).toMatchObject({
    code: 'identity/not-trusted',
    cause: { message: 'identity/credential: expected a trusted issuer' },
  })
  const told = await dialled
  expect([codeOf(told), told instanceof Error && told.cause]).toEqual(['identity/not-trusted', undefined])
  trust.removeIssuer(issuer.id)
  expect(await code(meeting(host, shown))).toBe('identity/not-trusted')
})

test('ID-33 ID-34 a revocation by serial, by id, and of the issuer ends live sessions, and those of others go on', async () => {
  const other = generateIssuer()
  const trust = trustStore([issuer.id, other.id])
  const host = hosting(trust)
  const [first, second, third, fourth] = await Promise.all([
    meeting(host, certified(generateIdentity())),
    meeting(host, certified(generateIdentity())),
    meeting(host, certified(generateIdentity())),
    meeting(host, certified(generateIdentity(), {}, other)),
  ])
  trust.revoke({ serial: first.far.peer.serial ?? '' })
  expect(await ends(first.far)).toBe('identity/not-trusted')
  trust.revoke(second.far.peer.id)
  expect(await ends(second.far)).toBe('identity/not-trusted')
  expect(host.sessions.size).toBe(2)
  trust.removeIssuer(issuer.id)
  expect(await ends(third.far)).toBe('identity/not-trusted')
  expect([...host.sessions].map(({ peer }) => peer.id)).toEqual([fourth.far.peer.id])
  expect(await client(fourth.near, Echo).echo(Uint8Array.of(7))).toEqual(Uint8Array.of(7))
})

test('ID-34 ID-43 an issuer is replaced while sessions live: two trusted, renewed by the new one, then one', async () => {
  const next = generateIssuer()
  const trust = trustStore([issuer.id])
  const host = hosting(trust)
  const { near, far } = await meeting(host, certified(alice, { name: NAME }))
  trust.addIssuer(next.id)
  const unixMs = Date.now()
  const possession = checkProof(next, proveIdentity(alice, makeChallenge(next, unixMs), next.id), unixMs)
  near.renew(issueCredential(next, { possession, name: NAME, expiresMs: unixMs + 2 * DAY }))
  expect(await client(near, Echo).echo(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
  expect(far.peer.issuer).toBe(next.id)
  trust.removeIssuer(issuer.id)
  expect(await client(near, Echo).echo(Uint8Array.of(2))).toEqual(Uint8Array.of(2))
  expect(host.sessions.size).toBe(1)
})

test('PO-2 ID-25 a policy speaks of names, roles and claims of a credential', async () => {
  const policy: Policy = {
    version: 1,
    rules: [
      {
        id: 'sensors',
        effect: 'allow',
        by: ['role:sensor'],
        verbs: ['call'],
        on: ['echo.v1.echo'],
        when: [{ attribute: 'claim.floor', is: 'ge', value: 2 }],
      },
      { id: 'not-alice', effect: 'deny', by: [`name:${NAME}`], verbs: ['call'], on: ['>'] },
    ],
  }
  const host = hosting(trustStore([issuer.id]), policy)
  const call = async (said: Said): Promise<string> => {
    const { near } = await meeting(host, certified(generateIdentity(), said))
    return client(near, Echo)
      .echo(Uint8Array.of(1))
      .then(
        () => 'allowed',
        (error: unknown) => (error instanceof SottoError ? error.code : String(error)),
      )
  }
  expect(await call({ roles: ['sensor'], claims: { floor: 2 } })).toBe('allowed')
  expect(await call({ roles: ['sensor'], claims: { floor: 1 } })).toBe('policy/denied')
  expect(await call({ roles: ['display'], claims: { floor: 2 } })).toBe('policy/denied')
  expect(await call({ roles: ['sensor'], claims: { floor: 2 }, name: NAME })).toBe('policy/denied')
})

test('ID-35 a dialler reaches a name: whoever has it, and nobody else, before it shows itself', async () => {
  const name = 'spiffe://example.org/bob'
  const dial = async (answering: Identity, peer: Parameters<typeof dialling>[0]) => {
    const [left, right] = memoryPair()
    const host = listening({ identity: answering, trust: [alice.id], serve: [echo()] })
    const answered = host.accept(right).catch(() => undefined)
    try {
      return await initiate(left, dialling(peer))
    } finally {
      await answered
    }
  }
  const session = await dial(certified(bob, { name }), { peer: { name, issuer: issuer.id } })
  expect([session.peer.id, session.peer.name]).toEqual([bob.id, name])
  await session.close()
  const wrong: [Identity, string][] = [
    [bob, 'identity/not-trusted'],
    [certified(bob), 'identity/mismatch'],
    [certified(bob, { name: NAME }), 'identity/mismatch'],
    [certified(bob, { name }, generateIssuer()), 'identity/not-trusted'],
  ]
  for (const [answering, expected] of wrong)
    expect(await code(dial(answering, { peer: { name, issuer: trustStore([issuer.id]) } }))).toBe(expected)
})

describe('what changes while a handshake runs, or behind it', () => {
  const name = 'spiffe://example.org/bob'

  /** Calls `act` before the write of message 3. */
  const before3 = (transport: Transport, act: () => void): Transport => {
    let writes = 0
    return {
      write: (bytes) => {
        writes++
        if (writes === 2) act()
        return transport.write(bytes)
      },
      close: () => transport.close(),
      abort: (reason) => transport.abort(reason),
      [Symbol.asyncIterator]: () => transport[Symbol.asyncIterator](),
    }
  }

  /** Alice dials Bob by his name; `act` runs before message 3. */
  const byName = async (trust: TrustStore, act: (host: ReturnType<typeof hosting>) => void = () => undefined) => {
    const host = listening({ identity: certified(bob, { name }) })
    const [left, right] = memoryPair()
    const dialled = initiate(
      before3(left, () => act(host)),
      dialling({ peer: { name, issuer: trust }, use: [Echo] }),
    )
    const [near] = await Promise.all([dialled, host.accept(right)])
    return near
  }

  test('SE-105 ID-34 the trust of a dialler is live too: what is withdrawn ends the sessions it dialled by a name', async () => {
    const trust = trustStore([issuer.id])
    const [first, second] = [await byName(trust), await byName(trust)]
    trust.revoke({ serial: first.peer.serial ?? '' })
    expect(await ends(first)).toBe('identity/not-trusted')
    expect(await client(second, Echo).echo(Uint8Array.of(1))).toEqual(Uint8Array.of(1))
    trust.removeIssuer(issuer.id)
    expect(await ends(second)).toBe('identity/not-trusted')
  })

  test('SE-105 trust that a dialler withdraws between message 2 and ACCEPT ends the session that comes of it', async () => {
    const trust = trustStore([issuer.id])
    expect(await ends(await byName(trust, () => trust.removeIssuer(issuer.id)))).toBe('identity/not-trusted')
  })

  test('LI-55 a credential that a host gets while a handshake runs is shown behind it', async () => {
    const newer = credentialOf(certified(bob, { name, lifeMs: 2 * DAY })) ?? new Uint8Array(0)
    const near = await byName(trustStore([issuer.id]), (host) => host.renew(newer))
    await client(near, Echo).echo(Uint8Array.of(1))
    expect(near.peer.serial).toBe(decodeCredential(newer).serial)
  })

  test('LI-43 a credential that a link gets while a handshake runs is shown behind it', async () => {
    const host = hosting(trustStore([issuer.id]))
    const newer = credentialOf(certified(alice, { lifeMs: 2 * DAY })) ?? new Uint8Array(0)
    const connect = async (): Promise<Transport> => {
      const [left, right] = memoryPair()
      void host.accept(right)
      return before3(left, () => link.renew(newer))
    }
    await using link = linkOver(connect, dialling({ identity: certified(alice), use: [Echo] }))
    await client(link, Echo).echo(Uint8Array.of(1))
    const [far] = host.sessions
    expect(far?.peer.serial).toBe(decodeCredential(newer).serial)
  })
})
