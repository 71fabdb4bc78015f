import { describe, expect, test } from 'vitest'
import { concat, EMPTY, lengthPrefixed } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import { generateIdentity, type Identity } from '../../src/identity/identity.js'
import { issueCredential } from '../../src/identity/issue.js'
import { generateIssuer, type Issuer } from '../../src/identity/issuer.js'
import { Possession } from '../../src/identity/possession.js'
import { type TrustEntry, type TrustStore, trustStore } from '../../src/identity/trust.js'
import { Engine } from '../../src/session/engine.js'
import { credentialAt, decodePayload, encodePayload, FIELDS, initiationOf } from '../../src/session/payload.js'
import type { InitiatorSide, ResponderSide } from '../../src/session/side.js'
import type { Suite } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import {
  accept,
  endOf,
  eventsOf,
  frame,
  HandInitiator,
  HandResponder,
  initiationField,
  Note,
  plainInitiation,
  writtenBy,
} from './byhand.js'
import { alice, bob, forSuite, initiatorSide, pairOf, responderSide, settle, suitesOf } from './pair.js'

const HOUR = 3_600_000
const NOW = 2_000_000_000_000
const NAME = 'spiffe://example.org/bob'
const issuer = generateIssuer()
const stranger = generateIssuer()

const issued = (identity: Identity, by: Issuer = issuer, over: { from?: number; to?: number; name?: string } = {}) =>
  issueCredential(by, {
    possession: Possession.of(identity.id, NOW),
    name: over.name ?? NAME,
    roles: ['sensor'],
    notBeforeMs: over.from ?? NOW,
    expiresMs: over.to ?? NOW + HOUR,
  })

const credential = (value: Uint8Array): Uint8Array => concat(Uint8Array.of(1), lengthPrefixed(value))
const ASKING = initiationField(plainInitiation())

const codeOf = (act: () => unknown): string | undefined => {
  try {
    act()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
  return undefined
}

describe('SE-13 the fields of a payload', () => {
  const one = Uint8Array.of(9)

  test('SE-13 fields are read back as they were written, with and without padding', () => {
    const [long, longest] = [new Uint8Array(4_096).fill(7), new Uint8Array(11_264).fill(8)]
    for (const fields of [{}, { credential: one }, { initiation: one }, { credential: long, initiation: longest }])
      for (const padding of [0, 1, 500]) {
        const payload = concat(encodePayload(fields), new Uint8Array(padding))
        expect(decodePayload(payload, 'credential', 'initiation')).toEqual(fields)
      }
    expect(encodePayload({ credential: one, initiation: one })).toEqual(concat(credential(one), initiationField(one)))
    // Both at their longest leave room in a packet (SE-1).
    expect(64 + encodePayload({ credential: long, initiation: longest }).length).toBeLessThan(16_000)
  })

  test('SE-87 the credential that trust is judged by is a whole field 1 in front, whatever stands behind', () => {
    const [most, over] = [new Uint8Array(4_096).fill(1), new Uint8Array(4_097).fill(1)]
    for (const rest of [EMPTY, ASKING, Uint8Array.of(0, 0, 9)]) {
      for (const shown of [one, most]) expect(credentialAt(concat(credential(shown), rest))).toEqual(shown)
      for (const shown of [EMPTY, over]) expect(credentialAt(concat(credential(shown), rest))).toBeUndefined()
      expect(credentialAt(rest)).toBeUndefined()
      expect(credentialAt(concat(rest.subarray(0, 1), credential(one)))).toEqual(rest.length === 0 ? one : undefined)
    }
    for (const cut of [1, 2, 3]) expect(credentialAt(credential(one).subarray(0, cut))).toBeUndefined()
  })

  test('SE-13 SE-16 a field over its limit is neither written nor read, an empty one not read', () => {
    for (const [name, { type, limit }] of Object.entries(FIELDS)) {
      const over = new Uint8Array(limit + 1)
      expect(codeOf(() => encodePayload({ [name]: over }))).toBe('session/limit')
      for (const value of [over, EMPTY]) {
        const payload = concat(Uint8Array.of(type), lengthPrefixed(value))
        expect(codeOf(() => decodePayload(payload, 'credential', 'initiation'))).toBe('session/malformed')
      }
    }
  })

  test('SE-13 a payload of message 3 has an initiation, whatever else it has', () => {
    expect(initiationOf(concat(credential(one), initiationField(one)))).toEqual(one)
    for (const payload of [EMPTY, credential(one), new Uint8Array(9)])
      expect(codeOf(() => initiationOf(payload))).toBe('session/malformed')
  })

  test.each([
    ['a field that may not stand there', initiationField(one)],
    ['type 3, the proof', concat(Uint8Array.of(3), lengthPrefixed(one))],
    ['type 3 behind another', concat(credential(one), Uint8Array.of(3), lengthPrefixed(one))],
    ['type 255', concat(Uint8Array.of(255), lengthPrefixed(one))],
    ['a field twice', concat(credential(one), credential(one))],
    ['types that fall', concat(initiationField(one), credential(one))],
    ['no length', Uint8Array.of(1)],
    ['half a length', Uint8Array.of(1, 0)],
    ['a value cut short', Uint8Array.of(1, 0, 2, 9)],
    ['a byte in the padding', concat(credential(one), Uint8Array.of(0, 0, 1))],
    ['a field behind padding', concat(Uint8Array.of(0), credential(one))],
  ])('SE-13 a payload of message 2 with %s ends the session before message 3', (_, payload) => {
    const [provider] = providers
    if (provider === undefined) throw new Error('expected a provider')
    const engine = Engine.initiate(initiatorSide({ pq: 'off' }, provider), 0)
    const hand = new HandResponder({ provider, identity: bob })
    const [suite] = suitesOf(provider).filter(({ pq, psk }) => !pq && !psk)
    if (suite === undefined) throw new Error('expected a suite')
    engine.receive(hand.message2(writtenBy(engine), suite, payload), 0)
    expect([engine.state, writtenBy(engine), endOf(eventsOf(engine))]).toEqual(['dead', EMPTY, 'session/malformed'])
  })
})

describe.each(providers)('$name', (provider) => {
  const suites = suitesOf(provider).filter(({ pq }) => !pq || provider.name === 'native')

  const initiator = (suite: Suite, over: Partial<InitiatorSide>): Engine =>
    Engine.initiate(initiatorSide({ ...forSuite(suite, provider), epochMs: NOW, ...over }), 0)
  const responder = (suite: Suite, over: Partial<ResponderSide>): Engine =>
    Engine.respond(responderSide({ ...forSuite(suite, provider), epochMs: NOW, ...over }), 0)
  const trusting = (...entries: readonly TrustEntry[]): TrustStore => trustStore(entries, { provider })

  /** What the listener answers to Alice, who shows `shown` in a message 3 that ends with `rest`. */
  const answerTo = (suite: Suite, trust: TrustStore, shown: Uint8Array, rest: Uint8Array) => {
    const engine = responder(suite, { trust: trust.check.bind(trust) })
    const hand = new HandInitiator({ provider, identity: alice })
    engine.receive(hand.hello(suite), 0)
    hand.answered(writtenBy(engine))
    engine.receive(hand.message3(concat(shown, rest)), 0)
    const plaintext = hand.records().open(writtenBy(engine))
    const [event] = eventsOf(engine)
    return { state: engine.state, plaintext, event }
  }

  test.each(suites)('SE-86 each end shows the credential of its identity, and nothing without one ($name)', (suite) => {
    for (const mine of [undefined, issued(bob)])
      for (const theirs of [undefined, issued(alice, issuer, { name: 'spiffe://example.org/alice' })]) {
        const far = responder(suite, { ...(mine && { identity: bob.with(mine) }) })
        const dialler = new HandInitiator({ provider, identity: alice })
        far.receive(dialler.hello(suite), 0)
        expect(dialler.answered(writtenBy(far))).toEqual(mine ? credential(mine) : EMPTY)
        const near = initiator(suite, { ...(theirs && { identity: alice.with(theirs) }) })
        const listener = new HandResponder({ provider, identity: bob })
        near.receive(listener.message2(writtenBy(near), suite), 0)
        const payload = listener.message3(writtenBy(near))
        expect(payload).toEqual(concat(theirs ? credential(theirs) : EMPTY, ASKING))
      }
  })

  test.each(suites)(
    'SE-11 SE-87 a name is reached by a credential, and each other peer gets no message 3 ($name)',
    (suite) => {
      const other = generateIdentity()
      const good = issued(bob)
      const shown: readonly (readonly [string, Uint8Array | undefined, string | undefined])[] = [
        ['the name', good, undefined],
        ['nothing', undefined, 'identity/not-trusted'],
        ['another name', issued(bob, issuer, { name: 'spiffe://example.org/eve' }), 'identity/mismatch'],
        ['the credential of another key', issued(other), 'identity/not-trusted'],
        ['the name of another issuer', issued(bob, stranger), 'identity/not-trusted'],
        ['one that has expired', issued(bob, issuer, { from: NOW - 2 * HOUR, to: NOW - HOUR }), 'identity/not-trusted'],
        [
          'one that is not yet valid',
          issued(bob, issuer, { from: NOW + HOUR, to: NOW + 2 * HOUR }),
          'identity/not-trusted',
        ],
        ['a signature with a bit changed', good.with(-1, (good.at(-1) ?? 0) ^ 1), 'identity/not-trusted'],
        ['no credential', Uint8Array.of(0), 'identity/not-trusted'],
      ]
      for (const [what, bytes, code] of shown) {
        const engine = initiator(suite, { expected: { name: NAME, issuer: issuer.id } })
        const hand = new HandResponder({ provider, identity: bob })
        engine.receive(hand.message2(writtenBy(engine), suite, bytes && credential(bytes)), 0)
        const message3 = writtenBy(engine)
        if (code !== undefined) {
          expect([message3, endOf(eventsOf(engine))], what).toEqual([EMPTY, code])
          continue
        }
        hand.message3(message3)
        engine.receive(hand.records().seal(accept({ serves: [], uses: [] })), 0)
        const [event] = eventsOf(engine)
        expect(event?.is === 'established' && event.established.peer).toMatchObject({
          id: bob.id,
          name: NAME,
          roles: ['sensor'],
        })
      }
    },
  )

  test('SE-11 a credential is judged by the time at which it came', () => {
    const [suite] = suites
    if (suite === undefined) throw new Error('expected a suite')
    const shown = credential(issued(bob, issuer, { from: NOW + HOUR, to: NOW + 3 * HOUR }))
    const engine = initiator(suite, { expected: { name: NAME, issuer: issuer.id }, handshakeMs: 9 * HOUR })
    const hand = new HandResponder({ provider, identity: bob })
    engine.receive(hand.message2(writtenBy(engine), suite, shown), 2 * HOUR)
    expect(engine.state).toBe('I.verdict')
  })

  test.each(suites)(
    'SE-14 SE-18 SE-87 a listener lets in by credential, and refuses all others with the same bytes ($name)',
    (suite) => {
      const good = issued(alice)
      const trust = trusting(issuer.id)
      expect(answerTo(suite, trust, credential(good), ASKING)).toMatchObject({
        state: 'open',
        event: { is: 'established', established: { peer: { id: alice.id, name: NAME } } },
      })
      const revoked = trusting(issuer.id)
      revoked.revoke(alice.id)
      const cases: readonly (readonly [string, TrustStore, Uint8Array])[] = [
        ['nothing', trust, EMPTY],
        ['a key that is unknown', trusting(generateIdentity().id), EMPTY],
        ['another key', trust, credential(issued(bob))],
        ['another issuer', trust, credential(issued(alice, stranger))],
        ['expired', trust, credential(issued(alice, issuer, { from: NOW - 2 * HOUR, to: NOW - HOUR }))],
        ['not yet valid', trust, credential(issued(alice, issuer, { from: NOW + HOUR, to: NOW + 2 * HOUR }))],
        ['revoked', revoked, credential(good)],
        ['a bad signature', trust, credential(good.with(-1, (good.at(-1) ?? 0) ^ 1))],
        ['no credential', trust, credential(Uint8Array.of(0xf6))],
        ['a field of no byte', trust, credential(EMPTY)],
        ['a field over its limit', trust, credential(new Uint8Array(4_097))],
        ['a field cut short', trust, Uint8Array.of(1, 0xff, 0xff)],
      ]
      const refused = frame({ is: 'REFUSE', code: 16, detail: '' })
      // An Initiation that nobody could decode makes no difference: it is not looked at.
      for (const [what, by, shown] of cases)
        for (const rest of [ASKING, Uint8Array.of(2, 0, 1, 0xff), EMPTY]) {
          const { state, plaintext, event } = answerTo(suite, by, shown, rest)
          expect([state, plaintext], what).toEqual(['refused', refused])
          expect(event?.is === 'closed' && event.error?.code, what).toBe('identity/not-trusted')
        }
    },
  )

  test('SE-87 a pin needs no credential, and what is wrong with one that is shown is then no matter', () => {
    const [suite] = suites
    if (suite === undefined) throw new Error('expected a suite')
    const trust = trusting(alice.id, issuer.id)
    for (const shown of [EMPTY, credential(Uint8Array.of(0xf6)), credential(issued(bob))])
      expect(answerTo(suite, trust, shown, ASKING)).toMatchObject({
        state: 'open',
        event: { is: 'established', established: { peer: { id: alice.id, roles: [] } } },
      })
  })

  test.each(suites)('SE-14 SE-87 both ends by credential alone, through a whole session ($name)', (suite) => {
    const trust = trusting(issuer.id)
    const near = alice.with(issued(alice, issuer, { name: 'spiffe://example.org/alice' }))
    const pair = settle(
      pairOf({
        use: Note,
        initiator: {
          ...forSuite(suite, provider),
          epochMs: NOW,
          identity: near,
          expected: { name: NAME, issuer: trust },
        },
        responder: {
          ...forSuite(suite, provider),
          epochMs: NOW,
          identity: bob.with(issued(bob)),
          trust: trust.check.bind(trust),
        },
      }),
    )
    const names = [pair.initiatorEvents, pair.responderEvents].map(([event]) =>
      event?.is === 'established' ? event.established.peer.name : undefined,
    )
    expect(names).toEqual([NAME, 'spiffe://example.org/alice'])
    // Both judges are asked again, by what was shown: one by the name it expects, one by its trust.
    trust.revoke(bob.id)
    pair.responder.retrust(1)
    expect(pair.responder.state).toBe('open')
    pair.initiator.retrust(1)
    expect(endOf(eventsOf(pair.initiator))).toBe('identity/not-trusted')
    trust.revoke(alice.id)
    pair.responder.retrust(1)
    expect(endOf(eventsOf(pair.responder))).toBe('identity/not-trusted')
  })
})
