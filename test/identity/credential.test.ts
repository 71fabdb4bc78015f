import { createPublicKey, verify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { type Control, decodeControl, encodeControl } from '../../src/cbor.js'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { decodeCredential, MAX_CREDENTIAL, SKEW_MS, verifyCredential } from '../../src/identity/credential.js'
import { parseIssuerId, parsePeerId } from '../../src/identity/id.js'
import { credentialOf } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { isName } from '../../src/identity/name.js'
import { Possession } from '../../src/identity/possession.js'
import { trustStore } from '../../src/identity/trust.js'
import { providers } from '../crypto/providers.js'
import {
  claimsOf,
  DAY,
  identity,
  issued,
  issuer,
  NOW,
  otherIdentity,
  otherIssuer,
  replaced,
  shownBy,
  signed,
} from './issued.js'

const seed = Date.now() % 2 ** 31
console.info(`test/identity/credential: seed ${seed}`)

const x = parsePeerId(identity.id)
const right = (): Map<number, Control> => claimsOf(issuer.id, x)
const payloadOf = (change: (claims: Map<number, Control>) => void = () => {}): Uint8Array => {
  const claims = right()
  change(claims)
  return encodeControl(claims)
}
const put =
  (key: number, value: Control) =>
  (claims: Map<number, Control>): void =>
    void claims.set(key, value)
const without =
  (key: number) =>
  (claims: Map<number, Control>): void =>
    void claims.delete(key)

const refusal = (run: () => unknown): SottoError<'identity/credential'> => {
  try {
    run()
  } catch (error) {
    if (SottoError.is(error, 'identity/credential')) return error
    throw error
  }
  throw new Error('expected a refusal')
}

describe.each(providers)('with $name', (provider) => {
  const judged = { id: identity.id, trusts: () => true, unixMs: NOW, skewMs: SKEW_MS, provider }

  test('ID-20 ID-21 a credential that is made by hand is taken, and says what was put in', () => {
    expect(verifyCredential(signed(payloadOf()), judged)).toEqual({
      issuer: issuer.id,
      id: identity.id,
      name: 'spiffe://example.org/kitchen/thermostat',
      roles: ['operator', 'sensor'],
      claims: { room: 'kitchen', floor: 2, indoors: true },
      notBeforeMs: NOW,
      expiresMs: NOW + DAY,
      serial: '404142434445464748494a4b4c4d4e4f',
    })
  })

  test('ID-20 ID-21 an issued credential verifies with another implementation of Ed25519', () => {
    const credential = issued(
      { name: 'spiffe://example.org/a', roles: ['b', 'a', 'b'], claims: { n: -1 } },
      issuer,
      provider,
    )
    const parts = decodeControl(credential)
    if (!Array.isArray(parts)) throw new Error('expected an array')
    const [header, unprotected, payload, signature] = parts
    expect(header).toEqual(Uint8Array.of(0xa1, 0x01, 0x32))
    expect(unprotected).toEqual(new Map())
    if (!(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) throw new Error('expected bytes')
    const signedBytes = encodeControl([
      'Signature1',
      Uint8Array.of(0xa1, 0x01, 0x32),
      utf8('Sotto/1 credential'),
      payload,
    ])
    const der = concat(
      Uint8Array.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]),
      parseIssuerId(issuer.id),
    )
    const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
    expect(verify(null, signedBytes, key, signature)).toBe(true)
    expect(verifyCredential(credential, judged)).toMatchObject({ roles: ['a', 'b'], claims: { n: -1 } })
  })

  test('ID-28 a flipped bit anywhere is refused', () => {
    const credential = issued({ name: 'spiffe://example.org/a', roles: ['a'], claims: { room: 'k' } }, issuer, provider)
    const trust = trustStore([issuer.id], { provider })
    expect(trust.check(identity.id, credential, NOW)?.roles).toEqual(['a'])
    for (let at = 0; at < credential.length; at++) {
      // The top bit of the last byte is where a signature is most easily bent.
      for (const mask of at === credential.length - 1 ? [1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80] : [1 << (at & 7)]) {
        const changed = Uint8Array.from(credential, (byte, i) => (i === at ? byte ^ mask : byte))
        expect(trust.check(identity.id, changed, NOW)).toBeUndefined()
      }
    }
  })

  test('ID-28 another issuer is refused, with its own signature or that of the trusted one', () => {
    const trusts = (id: string): boolean => id === issuer.id
    expect(refusal(() => verifyCredential(issued({}, otherIssuer), { ...judged, trusts })).message).toContain(
      'trusted issuer',
    )
    const lied = signed(payloadOf(put(1, otherIssuer.id)))
    expect(refusal(() => verifyCredential(lied, judged)).message).toContain('signature')
    const posed = signed(
      payloadOf(),
      {},
      Uint8Array.from({ length: 32 }, (_, i) => 0x60 + i),
    )
    expect(refusal(() => verifyCredential(posed, { ...judged, trusts })).message).toContain('signature')
  })

  test('ID-21 a signature over other associated data or another context is refused', () => {
    for (const parts of [
      { aad: EMPTY },
      { aad: utf8('Sotto/2 credential') },
      { aad: utf8('Sotto/1 credential\0') },
      { context: 'Signature' },
      { context: 'CounterSignature' },
    ])
      expect(refusal(() => verifyCredential(signed(payloadOf(), parts), judged)).message).toContain('signature')
  })

  test('ID-29 a credential of another key is worth nothing, and is not to be shown', () => {
    const credential = issued({ possession: shownBy(otherIdentity) })
    expect(refusal(() => verifyCredential(credential, judged)).message).toContain('the key that was proved')
    expect(verifyCredential(credential, { ...judged, id: otherIdentity.id }).id).toBe(otherIdentity.id)
  })

  test('ID-27 it holds from nbf to exp, with the skew on both sides', () => {
    const credential = issued({ notBeforeMs: NOW + 999, expiresMs: NOW + DAY + 999 })
    for (const skewMs of [0, 1, SKEW_MS, 900_000]) {
      const trust = trustStore([issuer.id], { skewMs, provider })
      const at = (unixMs: number) => trust.check(identity.id, credential, unixMs)
      expect(at(NOW - skewMs - 1)).toBeUndefined()
      expect(at(NOW - skewMs)).toBeDefined()
      expect(at(NOW + DAY + skewMs - 1)?.expiresMs).toBe(NOW + DAY + skewMs)
      expect(at(NOW + DAY + skewMs)).toBeUndefined()
    }
    expect(refusal(() => verifyCredential(credential, { ...judged, unixMs: 0 })).message).toContain('got one from')
    expect(refusal(() => verifyCredential(credential, { ...judged, unixMs: 2 * NOW })).message).toContain(
      'got one until',
    )
  })
})

describe('what is no credential', () => {
  const credential = signed(payloadOf())
  const [header, payload] = [Uint8Array.of(0xa1, 0x01, 0x32), payloadOf()]
  const signature = credential.subarray(-64)
  const arr = (...parts: Control[]): Uint8Array => encodeControl(parts)
  const none = new Map<number, Control>()

  test.each<[string, Uint8Array]>([
    ['no bytes', EMPTY],
    ['null', Uint8Array.of(0xf6)],
    ['the statement alone', payload],
    ['a tag in front', concat(Uint8Array.of(0xd2), credential)],
    ['the tag of a CWT in front', concat(Uint8Array.of(0xd8, 0x3d), credential)],
    ['a byte behind', concat(credential, Uint8Array.of(0))],
    ['twice', concat(credential, credential)],
    ['an array of indefinite length', concat(Uint8Array.of(0x9f), credential.subarray(1), Uint8Array.of(0xff))],
    ['a longer head of the array', concat(Uint8Array.of(0x98, 4), credential.subarray(1))],
    ['three parts', arr(header, none, payload)],
    ['five parts', arr(header, none, payload, signature, EMPTY)],
    ['an empty protected header', arr(EMPTY, none, payload, signature)],
    ['a protected header that is a map', arr(new Map([[1, -19]]), none, payload, signature)],
    ['alg in the unprotected header', arr(EMPTY, new Map([[1, -19]]), payload, signature)],
    ['a key id', arr(header, new Map([[4, EMPTY]]), payload, signature)],
    ['an unprotected header that is null', arr(header, null, payload, signature)],
    ['a detached payload', arr(header, none, null, signature)],
    ['a payload that is a map', arr(header, none, right(), signature)],
    ['a payload of text', arr(header, none, 'payload', signature)],
    ['a signature of 63 bytes', arr(header, none, payload, signature.subarray(1))],
    ['a signature of 65 bytes', arr(header, none, payload, concat(signature, EMPTY, Uint8Array.of(0)))],
    ['a signature of text', arr(header, none, payload, 'x'.repeat(64))],
  ])('ID-20 %s', (_, bytes) => void refusal(() => decodeCredential(bytes)))

  test.each<[string, Uint8Array]>([
    ['EdDSA, alg -8', encodeControl(new Map([[1, -8]]))],
    ['ES256, alg -7', encodeControl(new Map([[1, -7]]))],
    ['Ed448, alg -53', encodeControl(new Map([[1, -53]]))],
    ['HMAC, alg 5', encodeControl(new Map([[1, 5]]))],
    ['alg as text', encodeControl(new Map([[1, 'Ed25519']]))],
    [
      'alg and a key id',
      encodeControl(
        new Map<number, Control>([
          [1, -19],
          [4, EMPTY],
        ]),
      ),
    ],
    [
      'alg and crit',
      encodeControl(
        new Map<number, Control>([
          [1, -19],
          [2, [1]],
        ]),
      ),
    ],
    ['another spelling of -19', Uint8Array.of(0xa1, 0x01, 0x38, 18)],
    ['alg twice', Uint8Array.of(0xa2, 0x01, 0x32, 0x01, 0x32)],
  ])('ID-20 a protected header of %s, rightly signed', (_, wrong) => {
    expect(refusal(() => decodeCredential(signed(payload, { header: wrong }))).message).toContain('header')
  })

  test('ID-22 over 4,096 bytes is refused before it is read', () => {
    const bytes = new Uint8Array(MAX_CREDENTIAL + 1).fill(0xff)
    expect(refusal(() => decodeCredential(bytes)).message).toContain('at most 4096 bytes, got 4097')
    const long = payloadOf(put(-65_538, { a: 'x'.repeat(4_000) }))
    expect(refusal(() => decodeCredential(signed(long))).message).toContain('at most 4096 bytes')
    expect(refusal(() => issued({ claims: { a: 'x'.repeat(4_000) } })).message).toContain('at most 4096 bytes')
  })

  test('ID-22 both items are bounded in depth and in number, before anything is made of them', () => {
    const deep = (depth: number): Uint8Array => concat(new Uint8Array(depth - 1).fill(0x81), Uint8Array.of(0x80))
    const many = (items: number): Uint8Array => encodeControl(Array.from({ length: items - 1 }, () => 0))
    const cause = (run: () => unknown): unknown => {
      const { cause } = refusal(run)
      return cause instanceof SottoError ? cause.code : undefined
    }
    for (const wrap of [(item: Uint8Array) => item, (item: Uint8Array) => signed(item)]) {
      expect(cause(() => decodeCredential(wrap(deep(8))))).toBeUndefined()
      expect(cause(() => decodeCredential(wrap(deep(9))))).toBe('cbor/limit')
      expect(cause(() => decodeCredential(wrap(many(256))))).toBeUndefined()
      expect(cause(() => decodeCredential(wrap(many(257))))).toBe('cbor/limit')
    }
  })

  test('ID-22 hostile bytes give no other error, and change nothing', () => {
    const base = [credential, payload]
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc
        .tuple(fc.constantFrom(...base), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 8 }))
        .map(([bytes, at, patch]) => {
          const changed = Uint8Array.from(bytes)
          changed.set(patch.subarray(0, changed.length - (at % changed.length)), at % changed.length)
          return changed
        }),
    )
    fc.assert(
      fc.property(hostile, fc.boolean(), (bytes, wrapped) => {
        const given = wrapped ? signed(bytes) : bytes
        const copy = toHex(given)
        try {
          decodeCredential(given)
        } catch (error) {
          expect(SottoError.is(error, 'identity/credential')).toBe(true)
        }
        expect(toHex(given)).toBe(copy)
      }),
      { seed, numRuns: 300 },
    )
  })
})

describe('what no statement says', () => {
  const key = (...members: (readonly [number, Control])[]): Control => new Map(members)
  const cnf = (...members: (readonly [number, Control])[]): Control => key([1, key(...members)])
  const okp = [
    [1, 1],
    [-1, 4],
    [-2, x],
  ] as const

  test.each([1, 4, 5, 7, 8])('ID-23 nothing under %i', (name) => {
    refusal(() => decodeCredential(signed(payloadOf(without(name)))))
  })

  test.each([2, -65_537, -65_538])('ID-23 what is optional may be missing: %i', (name) => {
    expect(decodeCredential(signed(payloadOf(without(name)))).id).toBe(identity.id)
  })

  test.each([0, 3, 6, 9, 38, -1, -65_536, -65_539, 2 ** 32 - 1])('ID-23 a claim %i that nobody knows', (name) => {
    expect(refusal(() => decodeCredential(signed(payloadOf(put(name, 0))))).message).toContain(`no claim ${name}`)
  })

  const wrongTypes: Control[] = [null, true, 1, -1, 'text', EMPTY, [], new Map(), { a: 1 }, 1n << 63n]
  test.each([1, 2, 4, 5, 7, 8, -65_537, -65_538])('ID-23 another type under %i', (name) => {
    // 1 and -1 are times that lie far from the other one; `{ a: 1 }` is a claim, and a text is no name.
    for (const wrong of wrongTypes.filter(
      (value) => name !== -65_538 || typeof value !== 'object' || value === null || !('a' in value),
    ))
      refusal(() => decodeCredential(signed(payloadOf(put(name, wrong)))))
  })

  test('ID-23 a claim that comes twice, or keys out of order', () => {
    const payload = payloadOf()
    const nbf = encodeControl(NOW / 1000)
    const twice = replaced(payload, concat(Uint8Array.of(5), nbf), concat(Uint8Array.of(5), nbf, Uint8Array.of(5), nbf))
    twice[0] = (twice[0] ?? 0) + 1
    refusal(() => decodeCredential(signed(twice)))
    const exp = encodeControl((NOW + DAY) / 1000)
    const swapped = replaced(
      payload,
      concat(Uint8Array.of(4), exp, Uint8Array.of(5), nbf),
      concat(Uint8Array.of(5), nbf, Uint8Array.of(4), exp),
    )
    refusal(() => decodeCredential(signed(swapped)))
  })

  test('ID-23 indefinite lengths, tags, floats and longer heads', () => {
    const payload = payloadOf()
    const nbf = encodeControl(NOW / 1000)
    const [long, float] = [new Uint8Array(9), new Uint8Array(9)]
    long[0] = 0x1b
    float[0] = 0xfb
    new DataView(long.buffer).setUint32(5, NOW / 1000)
    new DataView(float.buffer).setFloat64(1, NOW / 1000)
    const times = [long, float, concat(Uint8Array.of(0xc1), nbf)]
    for (const wrong of times)
      refusal(() =>
        decodeCredential(signed(replaced(payload, concat(Uint8Array.of(5), nbf), concat(Uint8Array.of(5), wrong)))),
      )
    refusal(() => decodeCredential(signed(concat(Uint8Array.of(0xbf), payload.subarray(1), Uint8Array.of(0xff)))))
    refusal(() => decodeCredential(signed(concat(payload, Uint8Array.of(0)))))
  })

  test.each<[string, Control]>([
    ['no key', key()],
    ['a key id', key([3, EMPTY])],
    ['a key and a key id', key([1, key(...okp)], [3, EMPTY])],
    ['an encrypted key', key([2, key(...okp)])],
    ['the key as bytes', x],
    ['another type of key', cnf([1, 2], [-1, 4], [-2, x])],
    ['another curve', cnf([1, 1], [-1, 6], [-2, x])],
    ['no curve', cnf([1, 1], [-2, x])],
    ['one member more', cnf([1, 1], [3, -19], [-1, 4], [-2, x])],
    ['a secret beside it', cnf([1, 1], [-1, 4], [-2, x], [-4, x])],
    ['31 bytes', cnf([1, 1], [-1, 4], [-2, x.subarray(1)])],
    ['33 bytes', cnf([1, 1], [-1, 4], [-2, concat(x, Uint8Array.of(0))])],
    ['a key that is not canonical', cnf([1, 1], [-1, 4], [-2, new Uint8Array(32).fill(0xff)])],
    ['a key as text', cnf([1, 1], [-1, 4], [-2, identity.id])],
  ])('ID-23 ID-29 cnf with %s', (_, wrong) => {
    expect(refusal(() => decodeCredential(signed(payloadOf(put(8, wrong))))).message).toMatch(/cnf|map/)
  })

  test.each([
    ['upper case', issuer.id.toUpperCase()],
    ['a peer id', identity.id],
    ['one letter less', issuer.id.slice(0, -1)],
    ['empty', ''],
  ])('ID-23 an issuer in another form: %s', (_, wrong) => {
    refusal(() => decodeCredential(signed(payloadOf(put(1, wrong)))))
  })

  test.each<[string, Control]>([
    ['out of order', ['b', 'a']],
    ['the same twice', ['a', 'a']],
    ['none', []],
    ['one that is empty', ['']],
    ['one with a space', ['a b']],
    ['one with a dot', ['a.b']],
    ['one that is no ASCII', ['é']],
    ['one of 65 letters', ['a'.repeat(65)]],
    ['a number', [1]],
    ['65 of them', Array.from({ length: 65 }, (_, i) => `r${String(i).padStart(2, '0')}`)],
  ])('ID-25 roles: %s', (_, wrong) => void refusal(() => decodeCredential(signed(payloadOf(put(-65_537, wrong))))))

  test.each<[string, Control]>([
    ['none', {}],
    ['null', { a: null }],
    ['bytes', { a: EMPTY }],
    ['a list', { a: [1] }],
    ['a map', { a: { b: 1 } }],
    ['an integer from 2^53 on', { a: 2n ** 53n }],
    ['an integer down to -2^53', { a: -(2n ** 53n) }],
    ['a name that is empty', { '': 1 }],
    ['a name with a dot', { 'a.b': 1 }],
    ['a name of 65 letters', { ['a'.repeat(65)]: 1 }],
    ['integer keys', new Map([[1, 1]])],
    ['65 of them', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`c${i}`, i]))],
  ])('ID-25 claims: %s', (_, wrong) => void refusal(() => decodeCredential(signed(payloadOf(put(-65_538, wrong))))))

  test('ID-25 a claim that objects treat apart is refused, and claims have no prototype', () => {
    const named = (name: string): Uint8Array =>
      replaced(payloadOf(put(-65_538, { ['x'.repeat(name.length)]: 1 })), utf8('x'.repeat(name.length)), utf8(name))
    for (const name of ['__proto__', 'constructor', 'prototype']) refusal(() => decodeCredential(signed(named(name))))
    const { claims, roles } = decodeCredential(signed(payloadOf()))
    expect(Object.getPrototypeOf(claims)).toBeNull()
    expect([claims, roles].every(Object.isFrozen)).toBe(true)
  })

  test.each<[string, Record<string, string>]>([
    ['a name that objects treat apart', { constructor: 'x' }],
    ['half of a surrogate pair', { a: '\ud800' }],
  ])('ID-25 nothing is issued that nobody could read: %s', (_, claims) => void refusal(() => issued({ claims })))

  test('ID-25 64 of each fit, and the largest integers', () => {
    const roles = Array.from({ length: 64 }, (_, i) => `r${String(i).padStart(2, '0')}`)
    const claims = Object.fromEntries(roles.map((name, i) => [name, i % 2 ? 2 ** 53 - 1 : 1 - 2 ** 53]))
    const credential = issued({ roles, claims })
    expect(decodeCredential(credential)).toMatchObject({ roles, claims })
  })

  test.each<[string, number, number]>([
    ['at its beginning', NOW, NOW],
    ['before its beginning', NOW, NOW - 1000],
    ['after 400 days and a second', NOW, NOW + 400 * DAY + 1000],
    ['in milliseconds', NOW, NOW * 1000],
    ['before 1970', -1000, 1000],
    ['in the year 10000', 253_402_300_799_000 - DAY, 253_402_300_800_000],
  ])('ID-26 an end %s', (_, notBeforeMs, expiresMs) => {
    const payload = payloadOf((claims) => void claims.set(4, expiresMs / 1000).set(5, notBeforeMs / 1000))
    refusal(() => decodeCredential(signed(payload)))
    refusal(() => issued({ notBeforeMs, expiresMs }))
  })

  test('ID-26 400 days fit, and a time that is none does not', () => {
    expect(decodeCredential(issued({ expiresMs: NOW + 400 * DAY })).expiresMs).toBe(NOW + 400 * DAY)
    for (const expiresMs of [Number.NaN, Number.POSITIVE_INFINITY]) refusal(() => issued({ expiresMs }))
  })
})

describe('ID-24 names', () => {
  test.each([
    'spiffe://example.org/a',
    'spiffe://example.org/kitchen/thermostat',
    'spiffe://a/b',
    'spiffe://10.0.0.1/x',
    'spiffe://my_domain-1.test/A.b_c-D',
    'spiffe://example.org/...',
    'spiffe://example.org/.a/b..',
    `spiffe://example.org/${'a'.repeat(234)}`,
  ])('ID-24 %s is one', (name) => {
    expect(isName(name)).toBe(true)
    expect(decodeCredential(issued({ name })).name).toBe(name)
  })

  test.each([
    '',
    'example.org/a',
    'spiffe:/example.org/a',
    'spiffe://',
    'spiffe:///a',
    'spiffe://example.org',
    'spiffe://example.org/',
    'spiffe://example.org/a/',
    'spiffe://example.org//a',
    'spiffe://example.org/a//b',
    'spiffe://example.org/./a',
    'spiffe://example.org/../a',
    'spiffe://example.org/a/..',
    'spiffe://example.org/.',
    'spiffe://Example.org/a',
    'SPIFFE://example.org/a',
    'spiffe://example.org:80/a',
    'spiffe://user@example.org/a',
    'spiffe://example.org/a?b',
    'spiffe://example.org/a#b',
    'spiffe://example.org/a%2fb',
    'spiffe://example.org/ä',
    'spiffe://exämple.org/a',
    'spiffe://example.org/a b',
    'spiffe://example.org/a\n',
    ' spiffe://example.org/a',
    'https://example.org/a',
    `spiffe://example.org/${'a'.repeat(235)}`,
  ])('ID-24 %j is none', (name) => {
    expect(isName(name)).toBe(false)
    refusal(() => decodeCredential(signed(payloadOf(put(2, name)))))
    refusal(() => issued({ name }))
  })
})

describe('an identity that shows a credential', () => {
  test('ID-45 shows a copy of it, and none of another key', () => {
    const credential = issued()
    const shows = identity.with(credential)
    expect([shows.id, identity.id]).toEqual([identity.id, identity.id])
    expect([credentialOf(shows), credentialOf(identity)]).toEqual([credential, undefined])
    const kept = toHex(credential)
    credential.fill(0)
    credentialOf(shows)?.fill(0)
    expect(toHex(credentialOf(shows) ?? EMPTY)).toBe(kept)
    refusal(() => otherIdentity.with(issued()))
    refusal(() => identity.with(EMPTY))
    const later = issued({ expiresMs: NOW + 2 * DAY })
    expect(credentialOf(shows.with(later))).toEqual(later)
  })
})

describe('issuing', () => {
  test('ID-30 takes a possession that was shown, and nothing that looks like one', () => {
    const possession = shownBy(identity)
    const lookalike = { id: identity.id, shownMs: NOW }
    // @ts-expect-error it lacks the private field
    expect(() => issueCredential(issuer, { possession: lookalike, expiresMs: NOW + DAY })).toThrow(TypeError)
    const heir: Possession = Object.create(Possession.prototype)
    expect(() => issueCredential(issuer, { possession: heir, expiresMs: NOW + DAY })).toThrow(TypeError)
    expect(decodeCredential(issueCredential(issuer, { possession, expiresMs: NOW + DAY }))).toMatchObject({
      id: identity.id,
      notBeforeMs: NOW,
    })
  })

  test('ID-23 two credentials never have one serial', () => {
    expect(decodeCredential(issued()).serial).not.toBe(decodeCredential(issued()).serial)
  })

  test('ID-23 what is issued is what is read, whatever it says', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/)
    const claims = fc.dictionary(
      word.filter((name) => !['constructor', 'prototype', '__proto__'].includes(name)),
      fc.oneof(fc.boolean(), fc.maxSafeInteger(), fc.string({ unit: 'grapheme', maxLength: 20 })),
      { maxKeys: 8 },
    )
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { maxLength: 8 }),
        claims,
        fc.integer({ min: 1, max: 400 * 86_400 }),
        (roles, said, life) => {
          const credential = issueCredential(
            issuer,
            { possession: Possession.of(identity.id, NOW), roles, claims: said, expiresMs: NOW + life * 1000 },
            noble,
          )
          const statement = decodeCredential(credential)
          expect(statement.roles).toEqual([...roles].sort())
          expect({ ...statement.claims }).toEqual({ ...said })
          expect(statement.expiresMs).toBe(NOW + life * 1000)
        },
      ),
      { seed, numRuns: 50 },
    )
  })
})

test('ID-22 the sizes that the chapter says', () => {
  const roles = Array.from({ length: 64 }, (_, i) => `${String(i).padStart(2, '0')}${'r'.repeat(50)}`)
  expect(issued({ name: `spiffe://example.org/${'a'.repeat(234)}`, roles })).toHaveLength(3_940)
})
