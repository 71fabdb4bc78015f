import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import {
  generateIdentity,
  generateIssuer,
  type Identity,
  initiate,
  issueCredential,
  linkOver,
  memoryPair,
  possessionOf,
  SottoError,
} from '../../src/index.js'
import { dial, type KnownPeers, knownPeers, link, listen } from '../../src/node.js'
import { alice, bob, code, dialling, echo, listening, open, pair } from './sessions.js'

const everything = mkdtempSync(join(tmpdir(), 'sotto-dial-'))
afterAll(() => rmSync(everything, { recursive: true, force: true }))

let path = ''
beforeEach(() => {
  path = join(mkdtempSync(join(everything, 'test-')), 'known')
})

const refusal = async (run: Promise<unknown>): Promise<SottoError> => {
  try {
    await run
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const ENDPOINT = 'tcp:bob:1'

/** A dial to whoever answers as `identity`, over memory. */
const attempt = async (known: KnownPeers, identity: Identity = bob, trusted = true) => {
  const [near, far] = memoryPair()
  const host = listening({ identity, trust: trusted ? [alice.id] : [] })
  const answered = host.accept(far).catch(() => undefined)
  try {
    return await initiate(near, dialling({ peer: { endpoint: ENDPOINT, known } }))
  } finally {
    await answered
  }
}

test('ID-41 ID-42 accept-new takes the first key of an endpoint, writes it down behind ACCEPT, and holds to it', async () => {
  const known = await knownPeers(path, 'accept-new')
  const session = await attempt(known)
  expect(session.peer.id).toBe(bob.id)
  expect(readFileSync(path, 'utf8')).toBe(`${ENDPOINT} ${bob.id}\n`)
  await session.close()
  await (await attempt(await knownPeers(path, 'strict'))).close()
  const other = generateIdentity()
  const error = await refusal(attempt(known, other))
  expect([error.code, error.details]).toEqual(['identity/changed', { known: bob.id, seen: other.id }])
  expect(readFileSync(path, 'utf8')).toBe(`${ENDPOINT} ${bob.id}\n`)
})

test('ID-42 a peer that refuses us leaves no trace', async () => {
  const known = await knownPeers(path, 'accept-new')
  expect((await refusal(attempt(known, bob, false))).code).toBe('identity/not-trusted')
  expect(known.entries()).toEqual([])
  expect(readdirSync(join(path, '..'))).toEqual([])
})

test('ID-41 strict dials nobody whose key is not in the file', async () => {
  const known = await knownPeers(path)
  const error = await refusal(attempt(known))
  expect([error.code, error.message.includes(bob.id)]).toEqual(['identity/not-trusted', true])
  await known.remember(ENDPOINT, bob.id)
  await (await attempt(known)).close()
})

test('ID-41 known peers that do not remember take no first key, since they would take any', async () => {
  const peer = { endpoint: ENDPOINT, known: { mode: 'accept-new', known: () => undefined } } as const
  await expect(initiate(memoryPair()[0], dialling({ peer }))).rejects.toThrow(TypeError)
  expect(() => linkOver(async () => memoryPair()[0], dialling({ peer }))).toThrow(TypeError)
})

test('ID-38 what another process wrote or took out counts from the next dial on', async () => {
  const known = await knownPeers(path)
  writeFileSync(path, `${ENDPOINT} ${bob.id}\n`, { mode: 0o600 })
  await (await attempt(known)).close()
  writeFileSync(path, '', { mode: 0o600 })
  expect((await refusal(attempt(known))).code).toBe('identity/not-trusted')
})

test('ID-42 a session whose peer cannot be written down is aborted, with the reason', async () => {
  const known = await knownPeers(path, 'accept-new')
  rmSync(join(path, '..'), { recursive: true })
  const [near, far] = memoryPair()
  const accepted = listening().accept(far)
  const dialled = refusal(initiate(near, dialling({ peer: { endpoint: ENDPOINT, known } })))
  const session = await accepted
  const error = await dialled
  expect([error.code, error.message.includes(`${path}.lock`)]).toEqual(['identity/file', true])
  expect((await session.closed).clean).toBe(false)
})

test('ID-42 a link whose peer cannot be written down ends with the reason', async () => {
  const known = await knownPeers(path, 'accept-new')
  rmSync(join(path, '..'), { recursive: true })
  const host = listening()
  const connect = async () => {
    const [near, far] = memoryPair()
    host.accept(far).catch(() => undefined)
    return near
  }
  const kept = linkOver(connect, dialling({ peer: { endpoint: ENDPOINT, known } }))
  const closed = await kept.closed
  expect(closed.clean ? 'clean' : closed.error.code).toBe('identity/file')
})

test('ID-36 ID-42 a link ends where the key of its endpoint has changed', async () => {
  const known = await knownPeers(path, 'accept-new')
  const other = generateIdentity()
  await known.remember(ENDPOINT, other.id)
  const host = listening()
  const connect = async () => {
    const [near, far] = memoryPair()
    host.accept(far).catch(() => undefined)
    return near
  }
  const closed = await linkOver(connect, dialling({ peer: { endpoint: ENDPOINT, known } })).closed
  expect(closed).toMatchObject({
    clean: false,
    error: { code: 'identity/changed', details: { known: other.id, seen: bob.id } },
  })
})

test('ID-36 ID-41 dial and link take known peers alone, and remember the endpoint they are given', async () => {
  const endpoint = `unix:${path}.sock` as const
  const listener = await listen(endpoint, { identity: bob, trust: [alice.id], policy: open, serve: [echo()] })
  onTestFinished(() => listener.close())
  const known = await knownPeers(path, 'accept-new')
  const session = await dial(endpoint, { ...dialling(), peer: known })
  expect((await knownPeers(path)).known(endpoint)).toBe(bob.id)
  await session.close()
  await using kept = link(endpoint, { ...dialling(), peer: await knownPeers(path, 'strict') })
  expect((await kept.session).peer.id).toBe(bob.id)
})

test('ID-30 a session shows possession, and an object of its form shows none', async () => {
  const { far } = await pair()
  const possession = possessionOf(far)
  expect(possession.id).toBe(alice.id)
  const expiresMs = Date.now() + 60_000
  const credential = issueCredential(generateIssuer(), { possession, expiresMs })
  expect(alice.with(credential).id).toBe(alice.id)
  expect(() => possessionOf({ ...far })).toThrow(TypeError)
})

test('ID-30 a link shows no possession, whatever is hung on it, and a session none once it is over', async () => {
  const { near, far } = await pair()
  await using kept = linkOver(async () => memoryPair()[0], dialling())
  // @ts-expect-error a link is no session
  expect(() => possessionOf(Object.assign(kept, { peer: far.peer }))).toThrow(TypeError)
  near.abort()
  await far.closed
  expect(await code(() => possessionOf(far))).toBe('session/closed')
})
