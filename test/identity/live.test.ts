import { describe, expect, test, vi } from 'vitest'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { decodeCredential, SKEW_MS } from '../../src/identity/credential.js'
import { CheckedPeer, checkExpected, type Expected, type KnownKeys } from '../../src/identity/expected.js'
import { type IssuerId, issuerIdOf, type PeerId, parsePeerId, peerIdOf } from '../../src/identity/id.js'
import { pinnedPeer, renewed } from '../../src/identity/peer.js'
import { MAX_ISSUERS, MAX_REVOKED_IDS, MAX_REVOKED_SERIALS, trustStore } from '../../src/identity/trust.js'
import { DAY, identity, issued, issuer, NOW, otherIdentity, otherIssuer, shownBy } from './issued.js'

const refusal = (run: () => unknown): SottoError => {
  try {
    run()
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const NAME = 'spiffe://example.org/kitchen'
const credential = issued({ name: NAME, roles: ['sensor'], claims: { room: 'kitchen' } })
const { serial } = decodeCredential(credential)
const serialOf = (n: number): string => n.toString(16).padStart(32, '0')
const keyOf = (n: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, i) => (n >>> (8 * i)) & 0xff)
const issuerOf = (n: number): IssuerId => issuerIdOf(new Uint8Array(32).fill(n))

describe('a credential in trust', () => {
  test('ID-28 ID-27 makes a peer with name, roles and claims, frozen, and an end', () => {
    const peer = trustStore([issuer.id]).check(identity.id, credential, NOW)
    expect(peer).toEqual({
      id: identity.id,
      name: NAME,
      roles: ['sensor'],
      claims: { room: 'kitchen' },
      expiresMs: NOW + DAY + SKEW_MS,
      serial,
      issuer: issuer.id,
    })
    expect(Object.isFrozen(peer) && Object.isFrozen(peer?.roles) && Object.isFrozen(peer?.claims)).toBe(true)
    expect(Object.getPrototypeOf(peer?.claims)).toBeNull()
  })

  test('ID-44 a pin comes first, and a credential beside it adds nothing', () => {
    const trust = trustStore([identity.id, issuer.id])
    expect(trust.check(identity.id, credential, NOW)).toEqual(pinnedPeer(identity.id))
    expect(trust.check(identity.id, Uint8Array.of(0xff), NOW)).toEqual(pinnedPeer(identity.id))
    expect(trust.check(otherIdentity.id, undefined, NOW)).toBeUndefined()
  })

  test('ID-49 not a byte is read where no issuer is trusted', () => {
    const read = vi.fn()
    const watched = new Proxy(credential, {
      get: (target, name) => {
        read(name)
        return Reflect.get(target, name, target)
      },
    })
    expect(trustStore([otherIdentity.id]).check(identity.id, watched, NOW)).toBeUndefined()
    expect(read).not.toHaveBeenCalled()
    trustStore([otherIssuer.id]).check(identity.id, watched, NOW)
    expect(read).toHaveBeenCalled()
  })

  test('ID-28 one that does not hold is an outcome, not an error', () => {
    const trust = trustStore([issuer.id])
    for (const wrong of [new Uint8Array(0), Uint8Array.of(0xff), new Uint8Array(5_000), issued({}, otherIssuer)])
      expect(trust.check(identity.id, wrong, NOW)).toBeUndefined()
  })

  test.each([-1, 900_001, Number.NaN])('ID-27 a skew of %d is refused', (skewMs) => {
    expect(() => trustStore([], { skewMs })).toThrow(RangeError)
  })
})

describe('trust that changes', () => {
  test('ID-33 ID-34 a revoked serial ends one credential, and is heard before the call returns', () => {
    const trust = trustStore([issuer.id])
    const heard: unknown[] = []
    trust.onChange(() => heard.push(trust.check(identity.id, credential, NOW)))
    trust.revoke({ serial })
    expect(heard).toEqual([undefined])
    const next = issued({ name: NAME })
    expect(trust.check(identity.id, next, NOW)?.name).toBe(NAME)
    trust.revoke({ serial })
    expect(heard).toHaveLength(1)
  })

  test('ID-33 ID-11 a revoked key is trusted by no pin and no credential, until it is pinned again', () => {
    const trust = trustStore([identity.id, issuer.id])
    trust.revoke(identity.id)
    expect(trust.check(identity.id, undefined, NOW)).toBeUndefined()
    expect(trust.check(identity.id, credential, NOW)).toBeUndefined()
    expect(refusal(() => trust.vouch(identity.id, credential, NOW)).message).toContain('not revoked')
    expect(trust.check(otherIdentity.id, issued({ possession: shownBy(otherIdentity) }), NOW)).toBeDefined()
    const changed = vi.fn()
    trust.onChange(changed)
    trust.pin(identity.id)
    expect(changed).toHaveBeenCalledOnce()
    expect(trust.check(identity.id, undefined, NOW)).toEqual(pinnedPeer(identity.id))
  })

  test('ID-34 issuers rotate without a restart: one, both, the other', () => {
    const trust = trustStore([issuer.id])
    const later = issued({}, otherIssuer)
    const holds = () => [credential, later].map((each) => trust.check(identity.id, each, NOW) !== undefined)
    expect(holds()).toEqual([true, false])
    const heard: unknown[] = []
    trust.onChange(() => heard.push(holds()))
    trust.addIssuer(otherIssuer.id)
    trust.addIssuer(otherIssuer.id)
    trust.removeIssuer(issuer.id)
    trust.removeIssuer(issuer.id)
    expect(heard).toEqual([
      [true, true],
      [false, true],
    ])
    trust.replace([issuer.id])
    expect(holds()).toEqual([true, false])
  })

  test('ID-46 a replacement lifts no revocation, and adds those it brings', () => {
    const trust = trustStore({ trusted: [issuer.id], revoked: [otherIdentity.id] })
    trust.revoke({ serial })
    trust.replace([issuer.id, otherIdentity.id])
    expect(trust.check(identity.id, credential, NOW)).toBeUndefined()
    expect(trust.check(otherIdentity.id, undefined, NOW)).toBeUndefined()
    trust.replace({ trusted: [issuer.id, identity.id], revoked: [identity.id] })
    expect(trust.check(identity.id, undefined, NOW)).toBeUndefined()
    trust.pin(otherIdentity.id)
    expect(trust.check(otherIdentity.id, undefined, NOW)).toBeDefined()
  })

  test('ID-12 ID-46 a replacement that does not parse changes nothing', () => {
    const trust = trustStore([issuer.id])
    const changed = vi.fn()
    trust.onChange(changed)
    // @ts-expect-error texts that are neither
    const texts: PeerId[] = ['', 'sottoca', `${issuer.id}x`, issuer.id.toUpperCase(), issuer.id.slice(1)]
    for (const wrong of texts) {
      expect(refusal(() => trust.replace([wrong])).code).toBe('identity/malformed')
      expect(refusal(() => trust.replace({ trusted: [], revoked: [wrong] })).code).toBe('identity/malformed')
    }
    for (const wrong of ['', serial.toUpperCase(), serial.slice(1), `${serial}0`]) {
      expect(refusal(() => trust.replace({ trusted: [], revoked: [{ serial: wrong }] })).code).toBe(
        'identity/malformed',
      )
      expect(refusal(() => trust.revoke({ serial: wrong })).code).toBe('identity/malformed')
    }
    // @ts-expect-error a peer is no issuer
    expect(refusal(() => trust.addIssuer(identity.id)).code).toBe('identity/malformed')
    // @ts-expect-error a peer is no issuer
    expect(refusal(() => trust.removeIssuer(identity.id)).code).toBe('identity/malformed')
    expect(trust.check(identity.id, credential, NOW)).toBeDefined()
    expect(changed).not.toHaveBeenCalled()
  })

  test('ID-47 issuers are bounded', () => {
    const ids = Array.from({ length: MAX_ISSUERS }, (_, n) => issuerOf(n))
    const trust = trustStore(ids)
    trust.addIssuer(issuerOf(0))
    expect(() => trust.addIssuer(issuer.id)).toThrow('at most 64 issuers')
    expect(() => trustStore([...ids, issuer.id])).toThrow(RangeError)
    expect(trust.check(identity.id, credential, NOW)).toBeUndefined()
  })

  test('ID-47 ID-11 revoked serials and ids are bounded; what does not fit is told, and a pin is gone all the same', () => {
    const serials = Array.from({ length: MAX_REVOKED_SERIALS }, (_, n) => ({ serial: serialOf(n) }))
    const trust = trustStore({ trusted: [issuer.id], revoked: serials })
    trust.revoke({ serial: serialOf(0) })
    expect(() => trust.revoke({ serial })).toThrow(RangeError)
    expect(() => trustStore({ trusted: [], revoked: [...serials, { serial }] })).toThrow(RangeError)
    const ids = Array.from({ length: MAX_REVOKED_IDS }, (_, n) => peerIdOf(keyOf(n)))
    const full = trustStore({ trusted: [identity.id], revoked: ids })
    const heard = vi.fn()
    full.onChange(heard)
    expect(() => full.revoke(identity.id)).toThrow(RangeError)
    expect(full.check(identity.id, undefined, NOW)).toBeUndefined()
    expect(heard).toHaveBeenCalledOnce()
    expect(() => full.replace({ trusted: [], revoked: [identity.id] })).toThrow(RangeError)
  })
})

describe('whom a dialler expects', () => {
  const shown = (of = identity, shows: Uint8Array | undefined = credential, unixMs = NOW) => ({
    remoteStatic: parsePeerId(of.id),
    ownStatic: new Uint8Array(32).fill(9),
    credential: shows,
    unixMs,
    provider: noble,
  })
  const check = (expected: Expected, ...what: Parameters<typeof shown>) =>
    CheckedPeer.check(expected, shown(...what)).peer

  test('ID-35 a name of an issuer, or of an issuer of a store', () => {
    expect(check({ name: NAME, issuer: issuer.id })).toMatchObject({ id: identity.id, name: NAME, roles: ['sensor'] })
    expect(check({ name: NAME, issuer: trustStore([issuer.id, otherIssuer.id]) }).name).toBe(NAME)
  })

  test('ID-35 another name is a mismatch that tells both; no name tells the id', () => {
    for (const issuedBy of [issuer.id, trustStore([issuer.id])]) {
      const error = refusal(() => check({ name: `${NAME}/oven`, issuer: issuedBy }))
      expect([error.code, error.details]).toEqual(['identity/mismatch', { expected: `${NAME}/oven`, seen: NAME }])
      const nameless = refusal(() => check({ name: NAME, issuer: issuedBy }, identity, issued()))
      expect(nameless.details).toEqual({ expected: NAME, seen: identity.id })
    }
  })

  test('ID-35 without a credential that holds nobody has the name; a pin does not stand in for it', () => {
    const pinning = trustStore([identity.id, issuer.id])
    const revoking = trustStore({ trusted: [issuer.id], revoked: [{ serial }] })
    const others = issued({ name: NAME }, otherIssuer)
    const cases: [Expected, Uint8Array | undefined, number][] = [
      [{ name: NAME, issuer: issuer.id }, undefined, NOW],
      [{ name: NAME, issuer: pinning }, undefined, NOW],
      [{ name: NAME, issuer: issuer.id }, others, NOW],
      [{ name: NAME, issuer: pinning }, others, NOW],
      [{ name: NAME, issuer: revoking }, credential, NOW],
      [{ name: NAME, issuer: trustStore([identity.id]) }, credential, NOW],
      [{ name: NAME, issuer: issuer.id }, credential, NOW + DAY + SKEW_MS],
      [{ name: NAME, issuer: issuer.id }, issued({ name: NAME, possession: shownBy(otherIdentity) }), NOW],
    ]
    for (const [expected, shows, unixMs] of cases) {
      const error = refusal(() => CheckedPeer.check(expected, { ...shown(identity, shows, unixMs), credential: shows }))
      expect(error.code).toBe('identity/not-trusted')
      expect(error.cause).toMatchObject({ code: 'identity/credential' })
    }
  })

  test('ID-9 an id is expected whatever is shown beside it', () => {
    expect(check(identity.id)).toEqual(pinnedPeer(identity.id))
    expect(check(identity.id, identity, Uint8Array.of(0xff))).toEqual(pinnedPeer(identity.id))
    expect(refusal(() => check(otherIdentity.id)).code).toBe('identity/mismatch')
  })

  const known = (mode: KnownKeys['mode'], id?: PeerId): Expected => ({
    endpoint: 'tcp:localhost:1',
    known: { mode, known: (endpoint) => (endpoint === 'tcp:localhost:1' ? id : undefined) },
  })

  test('ID-41 the first key of an endpoint: strict refuses it, accept-new takes it', () => {
    const error = refusal(() => check(known('strict')))
    expect(error.code).toBe('identity/not-trusted')
    expect(error.message).toContain(`tcp:localhost:1 proves ${identity.id}`)
    expect(check(known('accept-new'))).toEqual(pinnedPeer(identity.id))
    // @ts-expect-error callers without types come too
    expect(refusal(() => check(known('accept_new'))).code).toBe('identity/not-trusted')
  })

  test.each(['strict', 'accept-new'] as const)('ID-36 another key than the known one is told loudly: %s', (mode) => {
    const error = refusal(() => check(known(mode, otherIdentity.id)))
    expect([error.code, error.details]).toEqual(['identity/changed', { known: otherIdentity.id, seen: identity.id }])
    expect(check(known(mode, identity.id))).toEqual(pinnedPeer(identity.id))
  })

  test.each<[string, unknown]>([
    ['an id', 'sotto1q'],
    ['a name', { name: 'kitchen', issuer: issuer.id }],
    ['an issuer', { name: NAME, issuer: identity.id }],
  ])('ID-9 ID-35 %s that does not parse is nobody', (_, expected) => {
    // @ts-expect-error callers without types come too
    expect(refusal(() => checkExpected(expected)).code).toBe('identity/malformed')
    // @ts-expect-error callers without types come too
    expect(refusal(() => check(expected)).code).toBe('identity/malformed')
  })
})

test('ID-43 a credential prolongs a session of the same key and name, if it ends later', () => {
  const trust = trustStore([issuer.id, otherIssuer.id])
  const peerOf = (grant: Parameters<typeof issued>[0], by = issuer, of = identity) => {
    const shows = issued({ possession: shownBy(of, by), ...grant }, by)
    return trust.check(of.id, shows, NOW)
  }
  const first = peerOf({ name: NAME }) ?? pinnedPeer(identity.id)
  const later = { expiresMs: NOW + 2 * DAY }
  expect(renewed(first, peerOf({ name: NAME, roles: ['other'], ...later }))).toBe(true)
  expect(renewed(first, peerOf({ name: NAME, ...later }, otherIssuer))).toBe(true)
  expect(renewed(first, peerOf({ name: NAME }))).toBe(false)
  expect(renewed(first, peerOf({ name: NAME, expiresMs: NOW + DAY / 2 }))).toBe(false)
  expect(renewed(first, peerOf(later))).toBe(false)
  expect(renewed(first, peerOf({ name: `${NAME}/x`, ...later }))).toBe(false)
  expect(renewed(first, peerOf({ name: NAME, ...later }, issuer, otherIdentity))).toBe(false)
  expect(renewed(first, undefined)).toBe(false)
  expect(renewed(first, pinnedPeer(identity.id))).toBe(false)
  expect(renewed(pinnedPeer(identity.id), peerOf(later))).toBe(false)
})
