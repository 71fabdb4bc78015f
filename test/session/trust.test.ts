import { describe, expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { SKEW_MS } from '../../src/identity/credential.js'
import { generateIdentity, type Identity } from '../../src/identity/identity.js'
import { type Grant, issueCredential } from '../../src/identity/issue.js'
import { generateIssuer } from '../../src/identity/issuer.js'
import { Possession } from '../../src/identity/possession.js'
import { trustStore } from '../../src/identity/trust.js'
import { policyStore } from '../../src/policy/store.js'
import type { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import { MAX_CREDENTIAL, NO_LABELS } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import { CREDENTIAL_BURST, OWN_CREDENTIALS } from '../../src/session/standing.js'
import { SUITES } from '../../src/session/suites.js'
import { providers } from '../crypto/providers.js'
import { endOf, eventsOf, frame, Note, openInitiator, openResponder, valuesOf, writtenBy } from './byhand.js'
import { alice, bob, type Pair, pairOf, settle } from './pair.js'
import { act, Flow } from './wire.js'

const [, XX] = SUITES
const provider = providers.at(-1)
if (provider === undefined) throw new Error('expected a provider')
const EPOCH = 1_800_000_000_000
const HOUR = 3_600_000
const issuer = generateIssuer()
const NAMES = { initiator: 'spiffe://test/alice', responder: 'spiffe://test/bob' } as const
type Role = keyof typeof NAMES
const ROLES: readonly Role[] = ['initiator', 'responder']
const other = (role: Role): Role => (role === 'initiator' ? 'responder' : 'initiator')

/** A credential for `of`; it ends `hours` after the epoch, less the skew, so that trust ends on the hour. */
const issued = (of: Identity, hours: number, grant: Partial<Grant> = {}, by = issuer): Uint8Array =>
  issueCredential(by, {
    possession: Possession.of(of.id, EPOCH),
    expiresMs: EPOCH + hours * HOUR - SKEW_MS,
    roles: ['writer'],
    ...grant,
  })

const identities = { initiator: alice, responder: bob }
const shown = (role: Role, hours: number, grant: Partial<Grant> = {}): Uint8Array =>
  issued(identities[role], hours, { name: NAMES[role], ...grant })

/** Both ends know each other by credentials that last 2 hours; writers may send. */
const opened = (over = {}): Pair & { readonly trust: ReturnType<typeof trustStore> } => {
  const trust = trustStore([issuer.id])
  const common = {
    epochMs: EPOCH,
    limits: limitsOf({ idleMs: 86_400_000 }),
    keepaliveMs: 86_400_000,
    rekey: {},
    pq: 'off',
    uses: [Note],
    serves: [Note],
    policy: policyStore({
      version: 1,
      rules: [{ id: 'writers', effect: 'allow', by: ['role:writer'], verbs: ['send'], on: ['>'] }],
    }),
    ...over,
  } as const
  const pair = pairOf({
    initiator: {
      ...common,
      identity: alice.with(shown('initiator', 2)),
      expected: { name: NAMES.responder, issuer: trust },
    },
    responder: {
      ...common,
      identity: bob.with(shown('responder', 2)),
      trust: (id, credential, unixMs) => trust.check(id, credential, unixMs),
    },
  })
  settle(pair)
  expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
  return { ...pair, trust }
}

const say = (engine: Engine, value: number, nowMs = 0): void => {
  const act = { contract: 'note.v1', operation: 'put', value: Uint8Array.of(value), ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, nowMs)
  if ('effect' in admitted) throw new Error('expected the gate to let it pass')
  engine.begin(admitted, nowMs)
}

const renewals = (events: readonly EngineEvent[]) =>
  events.flatMap((event) => (event.is === 'renewed' ? [event.peer] : []))
const eventsAt = (pair: Pair, role: Role): EngineEvent[] => pair[`${role}Events`]

describe.each(ROLES)('the %s shows a newer credential', (role) => {
  const far = other(role)

  test('SE-101 SE-104 the same key and name and a later end: the session goes on past the end of the first', () => {
    const pair = opened()
    expect(pair[far].wakeAt()).toBeLessThanOrEqual(2 * HOUR)
    pair[role].renew(shown(role, 5, { roles: ['writer', 'reader'] }), HOUR)
    settle(pair, HOUR)
    expect(renewals(eventsAt(pair, far))).toMatchObject([
      { id: identities[role].id, name: NAMES[role], roles: ['reader', 'writer'], expiresMs: EPOCH + 5 * HOUR },
    ])
    expect(renewals(eventsAt(pair, role))).toEqual([])
    // The end that showed nothing new is given up at its own time.
    pair[far].renew(shown(far, 5), HOUR)
    settle(pair, HOUR)
    for (const at of [2 * HOUR, 5 * HOUR - 1]) {
      for (const each of ROLES) pair[each].wake(at)
      settle(pair, at)
      expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
    }
    pair[far].wake(5 * HOUR)
    expect(endOf(eventsOf(pair[far]))).toBe('identity/not-trusted')
  })

  test('SE-101 anything else ends the session, and the peer is told that it is not trusted', () => {
    const wrong: Readonly<Record<string, Uint8Array>> = {
      'of another key': issued(generateIdentity(), 5, { name: NAMES[role] }),
      'of another name': shown(role, 5, { name: 'spiffe://test/mallory' }),
      'of no name': issued(identities[role], 5),
      'of the same end': shown(role, 2, { roles: ['reader'] }),
      'of an earlier end': shown(role, 1),
      'of an issuer that is not trusted': issued(identities[role], 5, { name: NAMES[role] }, generateIssuer()),
      'that does not hold yet': shown(role, 5, { notBeforeMs: EPOCH + 4 * HOUR }),
      'that is over': shown(role, -1, { notBeforeMs: EPOCH - 10 * HOUR }),
      'that is none': Uint8Array.of(1, 2, 3),
      'with a byte changed': shown(role, 5).map((byte, index) => (index === 90 ? byte ^ 1 : byte)),
      'that is longer': Uint8Array.from([...shown(role, 5), 0]),
    }
    for (const [what, credential] of Object.entries(wrong)) {
      const pair = opened()
      pair[role].renew(credential, HOUR)
      settle(pair, HOUR)
      expect(endOf(eventsAt(pair, far)), what).toBe('identity/not-trusted')
      expect(renewals(eventsAt(pair, far)), what).toEqual([])
      expect(eventsAt(pair, role).at(-1), what).toMatchObject({ is: 'closed', error: { code: 'session/lost' } })
      const last = eventsAt(pair, role).at(-1)
      expect(last?.is === 'closed' && last.error?.message, what).toContain('identity/not-trusted')
    }
  })

  test('SE-102 what it has shown already changes nothing, though the later end is no later', () => {
    const pair = opened()
    const credential = shown(role, 5)
    for (let times = 0; times < 3; times++) pair[role].renew(credential, HOUR)
    settle(pair, HOUR)
    expect([pair[far].state, renewals(eventsAt(pair, far)).length]).toEqual(['open', 1])
  })

  test('SE-106 decisions are about the peer as the credential has it', () => {
    const pair = opened()
    say(pair[role], 1)
    settle(pair)
    pair[role].renew(shown(role, 3, { roles: ['reader'] }), HOUR)
    settle(pair, HOUR)
    say(pair[role], 2, HOUR)
    settle(pair, HOUR)
    pair[role].renew(shown(role, 4), HOUR)
    settle(pair, HOUR)
    say(pair[role], 3, HOUR)
    settle(pair, HOUR)
    expect(valuesOf(eventsAt(pair, far))).toEqual([Uint8Array.of(1), Uint8Array.of(3)])
    expect(eventsAt(pair, far).filter(({ is }) => is === 'denied').length).toBe(1)
  })

  test('SE-106 what was admitted for the peer before, and not begun, is void', () => {
    const pair = opened()
    const act = { contract: 'note.v1', operation: 'put', value: Uint8Array.of(1), ttlMs: 0, labels: NO_LABELS }
    const admitted = pair[far].admit(act, 0)
    if ('effect' in admitted) throw new Error('expected the gate to let it pass')
    pair[role].renew(shown(role, 3), HOUR)
    settle(pair, HOUR)
    expect(() => pair[far].begin(admitted, HOUR)).toThrow('policy/denied')
  })

  test('SE-106 SE-129 SE-131 what stands is asked again when it shows other roles: what they let begin ends, either way', () => {
    const policy = policyStore({
      version: 1,
      groups: { writers: ['role:writer'] },
      outbound: 'deny',
      rules: [
        { id: 'in', effect: 'allow', by: ['group:writers'], verbs: ['call'], on: ['>'] },
        { id: 'out', effect: 'allow', to: ['group:writers'], verbs: ['call'], on: ['>'] },
        { id: 'open', effect: 'allow', to: ['any'], verbs: ['initiate'], on: ['>'] },
      ],
    })
    const pair = opened({ uses: [Flow], serves: [Flow], policy })
    const [theirs, mine] = [role, far].map((from) => {
      const admitted = pair[from].admit(act('call', { n: 1 }), 0)
      if ('effect' in admitted) throw new Error('expected the gate to let it pass')
      return pair[from].begin(admitted, 0).exchange
    })
    settle(pair)
    for (const event of eventsAt(pair, far)) if (event.is === 'message') pair[far].stands(event)
    eventsAt(pair, far).length = 0
    pair[role].renew(shown(role, 3, { roles: ['reader'] }), HOUR)
    settle(pair, HOUR)
    const events = eventsAt(pair, far).filter(({ is }) => is !== 'over')
    expect(events[0]?.is).toBe('renewed')
    expect(events.map(({ is }) => is).sort()).toEqual(['cancelled', 'denied', 'fault', 'renewed'])
    expect(events.find(({ is }) => is === 'fault')).toMatchObject({
      exchange: mine,
      error: { code: 'policy/denied', ran: 'maybe' },
    })
    const told = eventsAt(pair, role).find(({ is }) => is === 'fault')
    expect(told).toMatchObject({ exchange: theirs, error: { code: 'policy/denied', ran: 'maybe' } })
    expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
  })

  test('SE-106 SE-128 a policy that was replaced since holds too, when both have changed at once', () => {
    const call = (by: object) => ({ id: 'call', effect: 'allow', verbs: ['call'], on: ['>'], ...by })
    const policy = policyStore({ version: 1, rules: [call({ by: ['any'] })] })
    const pair = opened({ uses: [Flow], serves: [Flow], policy })
    const admitted = pair[role].admit(act('call', { n: 1 }), 0)
    if ('effect' in admitted) throw new Error('expected the gate to let it pass')
    pair[role].begin(admitted, 0)
    settle(pair)
    for (const event of eventsAt(pair, far)) if (event.is === 'message') pair[far].stands(event)
    eventsAt(pair, far).length = 0
    policy.replace({ version: 1, rules: [] })
    pair[role].renew(shown(role, 3), HOUR)
    // Nothing of its own is framed before: that would ask again too.
    const credential = pair[role].take(HOUR)
    if (credential === undefined) throw new Error('expected a record')
    pair[far].receive(credential, HOUR)
    expect(eventsOf(pair[far]).map(({ is }) => is)).toEqual(['renewed', 'denied', 'cancelled'])
  })

  test('SE-104 trust that has run out ends the session, with END and its number', () => {
    const pair = opened()
    expect(pair[far].wakeAt()).toBeLessThanOrEqual(2 * HOUR)
    pair[far].wake(2 * HOUR - 1)
    settle(pair, 2 * HOUR - 1)
    expect(pair[far].state).toBe('open')
    pair[far].wake(2 * HOUR)
    settle(pair, 2 * HOUR)
    expect(endOf(eventsAt(pair, far))).toBe('identity/not-trusted')
    const last = eventsAt(pair, role).at(-1)
    expect(last?.is === 'closed' && last.error?.message).toContain('identity/not-trusted')
  })

  test('SE-104 what comes when trust has run out is not looked at, though the timer has not run', () => {
    const pair = opened()
    say(pair[role], 1)
    pair[far].receive(writtenBy(pair[role], 0), 2 * HOUR)
    expect(valuesOf(eventsOf(pair[far]))).toEqual([])
    expect(pair[far].over).toBe(true)
  })
})

test('SE-105 trust that changed is asked again, with what was shown last; the end tells why', () => {
  const pair = opened()
  pair.initiator.renew(shown('initiator', 5), HOUR)
  settle(pair, HOUR)
  pair.responder.retrust(HOUR)
  pair.initiator.retrust(HOUR)
  expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
  pair.trust.revoke(alice.id)
  pair.initiator.retrust(HOUR)
  expect(pair.initiator.state).toBe('open')
  pair.responder.retrust(HOUR)
  expect(endOf(eventsOf(pair.responder))).toBe('identity/not-trusted')
  settle(pair, HOUR)
  const last = pair.initiatorEvents.at(-1)
  expect(last?.is === 'closed' && last.error?.message).toContain('identity/not-trusted')
  // Twice is once, and after the end it is nothing.
  pair.responder.retrust(HOUR)
  expect(eventsOf(pair.responder)).toEqual([])
})

test('SE-105 a serial that is revoked ends the session that showed it last, not one that has shown another since', () => {
  const pair = opened()
  const [established] = pair.responderEvents
  const serial = established?.is === 'established' ? established.established.peer.serial : undefined
  if (serial === undefined) throw new Error('expected a credential')
  const renewed = opened()
  renewed.initiator.renew(shown('initiator', 5), HOUR)
  settle(renewed, HOUR)
  pair.trust.revoke({ serial })
  renewed.trust.revoke({ serial })
  pair.responder.retrust(HOUR)
  renewed.responder.retrust(HOUR)
  expect([pair.responder.over, renewed.responder.over]).toEqual([true, false])
})

test('SE-104 SE-105 a key that is pinned by now is trusted by it, and its end is gone', () => {
  const pair = opened()
  pair.trust.pin(alice.id)
  pair.responder.retrust(HOUR)
  expect(renewals(eventsOf(pair.responder))).toMatchObject([{ id: alice.id, roles: [] }])
  pair.responder.wake(2 * HOUR)
  expect(pair.responder.state).toBe('open')
  const late = opened()
  late.trust.pin(alice.id)
  late.responder.wake(2 * HOUR)
  expect(late.responder.state).toBe('open')
  expect(late.responder.wakeAt()).toBeGreaterThan(2 * HOUR)
})

test('SE-104 the end of trust is the end, even if the judge goes on to say yes', () => {
  const { engine } = openResponder(provider, XX, {
    epochMs: EPOCH,
    limits: limitsOf({ idleMs: 86_400_000 }),
    keepaliveMs: 10 ** 8,
    trust: (id) => ({ id, roles: [], claims: {}, expiresMs: EPOCH + 5_000 }),
  })
  eventsOf(engine)
  engine.wake(4_999)
  expect([engine.over, engine.wakeAt()]).toEqual([false, 5_000])
  engine.wake(5_000)
  expect(endOf(eventsOf(engine))).toBe('identity/not-trusted')
})

describe.each([
  ['responder', openResponder],
  ['initiator', openInitiator],
] as const)('%s', (_, open) => {
  const credential = frame({ is: 'CREDENTIAL', body: Uint8Array.of(7) })

  test('SE-102 what a peer shows that is trusted by its key alone has no effect', () => {
    const { engine, records } = open(provider, XX)
    eventsOf(engine)
    engine.receive(records.seal(credential), 0)
    expect([engine.state, eventsOf(engine), writtenBy(engine).length]).toEqual(['open', [], 0])
  })

  test('SE-103 16 credentials at once are looked at and the 17th ends the session; one a minute may follow', () => {
    const { engine, records } = open(provider, XX, { limits: limitsOf({ idleMs: 86_400_000 }), keepaliveMs: 10 ** 8 })
    eventsOf(engine)
    for (let count = 0; count < CREDENTIAL_BURST; count++) engine.receive(records.seal(credential), 0)
    for (let minute = 1; minute <= 5; minute++) engine.receive(records.seal(credential), minute * 60_000)
    expect(engine.over).toBe(false)
    engine.receive(records.seal(credential), 5 * 60_000 + 59_000)
    expect(endOf(eventsOf(engine))).toBe('session/limit')
  })

  test('SE-103 own credentials are 4 at once and one a minute after: more is busy, and the session lives', () => {
    const { engine, records } = open(provider, XX, { limits: limitsOf({ idleMs: 86_400_000 }), keepaliveMs: 10 ** 8 })
    for (let count = 0; count < OWN_CREDENTIALS; count++) engine.renew(Uint8Array.of(7), 0)
    expect(() => engine.renew(Uint8Array.of(7), 59_999)).toThrow('session/busy')
    engine.renew(Uint8Array.of(7), 61_000)
    const [bytes] = [engine.take(61_000)]
    expect(bytes && [...records.open(bytes)].filter((byte) => byte === 13).length).toBe(OWN_CREDENTIALS + 1)
    expect(engine.state).toBe('open')
  })

  test('SE-100 a credential to show has 1 to 4,096 bytes, and goes in one record', () => {
    const { engine } = open(provider, XX)
    for (const length of [0, MAX_CREDENTIAL + 1])
      expect(() => engine.renew(new Uint8Array(length), 0)).toThrow(RangeError)
    engine.renew(new Uint8Array(MAX_CREDENTIAL), 0)
    const small = open(provider, XX, { limits: limitsOf({ plaintext: 1_024 }) })
    small.engine.renew(new Uint8Array(1_024 - 5), 0)
    expect(small.engine.take(0)?.length).toBe(18 + 1_024 - 2)
    try {
      small.engine.renew(new Uint8Array(1_024 - 4), 0)
      expect.fail('it does not fit')
    } catch (error) {
      expect(SottoError.is(error, 'session/limit')).toBe(true)
    }
    expect(small.engine.state).toBe('open')
  })
})
