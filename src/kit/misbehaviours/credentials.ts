import { concat } from '../../bytes.js'
import type { ErrorCode } from '../../errors.js'
import { decodeCredential } from '../../identity/credential.js'
import { generateIdentity } from '../../identity/identity.js'
import type { Case } from '../case.js'
import type { Hostile, Setup } from '../hostile.js'
import { bytesOf, credential, flipped } from '../hostileframes.js'
import { ends, faults, type Outcome, refuses, silently, tells } from '../hostileoutcomes.js'
import { field } from '../hostilewords.js'
import { EXPECTED, type Granted, inHours, issued, OTHER_ISSUER } from '../issued.js'
import { casesOf, type Row, row, type Table } from './row.js'
import { document } from './under.js'

/** A peer that is trusted by its credential alone, and shows another, or keeps one that is worth nothing any more. */

const NOT_TRUSTED = ends('identity/not-trusted')
/** Clocks may be apart by so much, so a credential is good for as long behind its end (ID-27). */
const SKEW_MS = 60_000
const FOUR_SECONDS_MS = 4_000

const trusting = (over: Granted = {}, open: Setup['open'] = {}): Partial<Setup> => ({
  shows: (own) => issued(own, over),
  open: { ...EXPECTED, ...open },
})

/** Trust in it ends in three to four seconds. */
const SOON: Partial<Setup> = {
  shows: (own) => issued(own, { expiresMs: Date.now() - SKEW_MS + FOUR_SECONDS_MS }),
  open: EXPECTED,
}

type Made = (peer: Hostile) => Uint8Array

const OTHER_NAME = 'spiffe://kit.test/another'

/** Credentials that nobody may come with. */
const WORTHLESS: Readonly<Record<string, readonly [rule: string, made: Made]>> = {
  'of another key': ['ID-29', () => issued(generateIdentity().id)],
  'of an issuer that is not trusted': ['ID-28', ({ id }) => issued(id, {}, OTHER_ISSUER)],
  'with a bit of its signature changed': ['ID-28', ({ id }) => flipped(issued(id), -1)],
  'that has ended': ['ID-27', ({ id }) => issued(id, { expiresMs: Date.now() - SKEW_MS - 1_000 })],
  'that does not hold yet': ['ID-27', ({ id }) => issued(id, { notBeforeMs: Date.now() + 2 * SKEW_MS })],
  'that is none': ['ID-20', () => bytesOf(0x84, 0)],
}

/** What does not prolong the one before, which ends in an hour. */
const NO_RENEWAL: typeof WORTHLESS = {
  'of another name': ['ID-43', ({ id }) => issued(id, { name: OTHER_NAME, ...inHours(2) })],
  'that ends at the same time': ['ID-43', ({ id, setup }) => again(id, setup)],
  'that ends sooner': ['ID-43', ({ id }) => issued(id, inHours(0.5))],
}

/** Of another serial, and nothing else. */
const again = (id: Hostile['id'], { shows }: Setup): Uint8Array => {
  const { expiresMs } = decodeCredential(shows?.(id) ?? bytesOf())
  return issued(id, { expiresMs })
}

const comes = (outcome: Outcome, how: string, say: (peer: Hostile, shown: Uint8Array) => Uint8Array): Row[] => [
  row(`comes ${how} without a credential`, 'SE-87', (peer) => say(peer, bytesOf()), { outcome }),
  ...Object.entries(WORTHLESS).map(([name, [rule, made]]) =>
    row(`comes ${how} with a credential ${name}`, rule, (peer) => say(peer, field(1, made(peer))), { outcome }),
  ),
]

const newer: Made = ({ id }) => issued(id, inHours(2))

const renewals = (whose: string): readonly Row[] => [
  row(`shows ${whose} a newer credential`, 'SE-101', (peer) => peer.say(credential(newer(peer)))),
  ...Object.entries({ ...WORTHLESS, ...NO_RENEWAL }).map(([name, [rule, made]]) =>
    row(`shows ${whose} a credential ${name}`, rule, (peer) => peer.say(credential(made(peer))), {
      outcome: NOT_TRUSTED,
    }),
  ),
  row(
    `shows ${whose} a newer credential that is revoked`,
    'ID-33',
    async (peer) => {
      const shown = newer(peer)
      peer.act('revoke', { serial: decodeCredential(shown).serial })
      await peer.rest()
      peer.say(credential(shown))
    },
    { outcome: NOT_TRUSTED },
  ),
  row(`goes on with ${whose} when its key is revoked`, 'ID-33', (peer) => peer.act('revoke', { peer: peer.id }), {
    outcome: NOT_TRUSTED,
  }),
]

/** What it has shown last is what is judged, and nothing else. */
const REVOKED: readonly Row[] = [
  row(
    'goes on when the credential it has shown last is revoked',
    'SE-105',
    async (peer) => {
      const shown = newer(peer)
      peer.say(credential(shown))
      await peer.rest()
      peer.act('revoke', { serial: decodeCredential(shown).serial })
    },
    { outcome: NOT_TRUSTED },
  ),
  row('goes on when another credential than its own is revoked', 'SE-105', (peer) =>
    peer.act('revoke', { serial: '5a'.repeat(16) }),
  ),
]

const RUNS_OUT: readonly Row[] = [
  row('stays when its credential has ended', 'SE-104', () => undefined, { outcome: NOT_TRUSTED }),
]

const DENIED: ErrorCode = 'policy/denied'
const WORKER = { roles: ['worker'] }

const calls = (peer: Hostile, operation: string): void => peer.say(peer.begin(operation, { body: bytesOf(1) }))

/** A newer one with these roles. */
const turns = (peer: Hostile, ...roles: readonly string[]): void =>
  peer.say(credential(issued(peer.id, { roles, ...inHours(2) })))

/** Workers may call, and be called by whoever is not told otherwise. */
const AS_WORKER: readonly Row[] = [
  row(
    'calls with a role that its newer credential has not',
    'SE-106',
    (peer) => {
      turns(peer)
      calls(peer, 'echo')
    },
    { outcome: faults(DENIED) },
  ),
  row(
    'has a call running when its newer credential has not the role for it',
    'SE-106',
    async (peer) => {
      calls(peer, 'never')
      await peer.event('heard')
      turns(peer)
    },
    { outcome: faults(DENIED, { item: 0 }), heard: ['never'] },
  ),
  row(
    'is called when its newer credential has a role that may not be',
    'SE-106',
    async (peer) => {
      turns(peer, 'worker', 'guest')
      await peer.rest()
      peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
    },
    { outcome: tells('fault', { tag: 'it', code: DENIED, ran: 'no' }) },
  ),
]

const AS_NOBODY: readonly Row[] = [
  row(
    'calls with a role that its newer credential alone has',
    'SE-106',
    async (peer) => {
      turns(peer, 'worker')
      calls(peer, 'echo')
      await peer.frame('DATA')
    },
    { heard: ['echo'] },
  ),
]

const POLICY = {
  policy: document(
    { verbs: ['call'], on: ['>'], by: ['role:worker'] },
    { effect: 'deny', verbs: ['call'], on: ['>'], to: ['role:guest'] },
  ),
}

const POLICED: Table = { level: 'policy' }

export const CREDENTIALS: readonly Case[] = [
  ...casesOf(
    { ...POLICED, from: 'answered', setup: trusting() },
    comes(refuses('identity/not-trusted'), 'to a responder', (peer, shown) =>
      peer.message3(concat(shown, field(2, peer.initiation()))),
    ),
  ),
  ...casesOf(
    { ...POLICED, role: 'initiator', from: 'start', setup: trusting() },
    comes(silently('identity/not-trusted'), 'to an initiator', (peer, shown) => peer.message2(shown)),
  ),
  ...casesOf({ ...POLICED, role: 'initiator', from: 'start', setup: trusting({ name: OTHER_NAME }) }, [
    row('comes with a credential of another name than was dialled', 'ID-35', (peer) => peer.message2(), {
      outcome: silently('identity/mismatch'),
    }),
  ]),
  ...casesOf({ ...POLICED, setup: trusting() }, [...renewals('a responder'), ...REVOKED]),
  ...casesOf({ ...POLICED, role: 'initiator', setup: trusting() }, renewals('an initiator')),
  ...casesOf({ ...POLICED, setup: SOON }, RUNS_OUT),
  ...casesOf({ ...POLICED, setup: trusting(WORKER, POLICY) }, AS_WORKER),
  ...casesOf({ ...POLICED, setup: trusting({}, POLICY) }, AS_NOBODY),
]
