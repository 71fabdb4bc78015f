import { concat } from '../../bytes.js'
import type { Control } from '../../cbor.js'
import { LIMITS } from '../../session/limits.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cut, flipped } from '../hostileframes.js'
import { refuses, tells, unharmed } from '../hostileoutcomes.js'
import { field, kitOffer, limitsItem, type Members } from '../hostilewords.js'
import { casesOf, type Row } from './row.js'

/** What an initiator asks for in message 3. The responder says no in its first record, by name. */

const MALFORMED = refuses('session/malformed')

const bytesRow = (name: string, bytes: (honest: Uint8Array) => Uint8Array): Row => ({
  name: `sends an Initiation ${name}`,
  rule: 'SE-21',
  does: (peer) => peer.message3(field(2, bytes(peer.initiation()))),
  outcome: MALFORMED,
})

/** An Initiation with these members laid over the honest ones. */
const membersRow = (
  name: string,
  over: Members | ((peer: Hostile) => Members),
  { rule = 'SE-21', outcome = MALFORMED }: Partial<Pick<Row, 'rule' | 'outcome'>> = {},
): Row => ({
  name: `sends an Initiation ${name}`,
  rule,
  does: (peer) => peer.message3(field(2, peer.initiation(typeof over === 'function' ? over(peer) : over))),
  outcome,
})

/** Bytes that are not one item of the profile. */
const BYTES: readonly Row[] = [
  bytesRow('that is no CBOR', () => bytesOf(0x1c)),
  bytesRow('that is cut short', cut),
  bytesRow('with a byte behind it', (honest) => concat(honest, bytesOf(0))),
  bytesRow('that is an array', () => bytesOf(0x80)),
  bytesRow('in a longer form than need be', (honest) => concat(bytesOf(0xb8, 6), honest.slice(1))),
  bytesRow('of indefinite length', (honest) => concat(bytesOf(0xbf), honest.slice(1), bytesOf(0xff))),
  bytesRow('with a tag in front', (honest) => concat(bytesOf(0xc0), honest)),
  bytesRow('with its keys out of order', (honest) => concat(honest.slice(0, -2), bytesOf(0x00, 0xa0))),
  bytesRow('with a key twice', (honest) => concat(honest.slice(0, -2), bytesOf(0x05, 0xa0))),
]

const DIGEST = new Uint8Array(32)
const offers = (...names: readonly string[]): Control => names.map((name) => [name, [['it', DIGEST]]])
const operations = (...names: readonly string[]): Control => [['other.v1', names.map((name) => [name, DIGEST])]]

/** Of `kit.v1`, where the row of `echo` is another. */
const changed = (names: readonly string[]): Control => {
  const [name, rows] = kitOffer(names)
  return [[name, rows.map(([row, digest]) => [row, row === 'echo' ? flipped(digest, 0) : digest])]]
}

const MEMBERS: readonly Row[] = [
  ...[1, 2, 3, 4, 5, 6].map((key) => membersRow(`without the key ${key}`, { [key]: undefined })),
  membersRow('with a key 7', { 7: 0 }),
  membersRow('whose context is no byte string', { 3: 'context' }),
  membersRow('whose context is no CBOR', { 3: bytesOf(0xff) }),
  membersRow('whose context is two items', { 3: bytesOf(0xf6, 0xf6) }),
  membersRow('whose context has a number in a longer form than need be', { 3: bytesOf(0x18, 0x01) }),
  membersRow('whose service is no text', { 5: bytesOf(1) }),
  membersRow('whose extensions are a list', { 6: [] }),
  membersRow('whose offers are a map', { 1: new Map() }),
  membersRow('with an offer of three elements', { 1: [['other.v1', [['it', DIGEST]], 0]] }),
  membersRow('with a contract name without a version', { 1: offers('other') }),
  membersRow('with a contract name in capitals', { 1: offers('Other.v1') }),
  membersRow('with a contract twice', { 1: offers('other.v1', 'other.v1') }),
  membersRow('with a contract twice in what it serves', { 2: offers('other.v1', 'other.v1') }),
  membersRow('with 257 contracts', { 2: offers(...Array.from({ length: 257 }, (_, i) => `c${i}.v1`)) }),
  membersRow('with an offer of no operations', { 1: operations() }),
  membersRow('with operations that do not rise', { 1: operations('b', 'a') }),
  membersRow('with an operation twice', { 1: operations('a', 'a') }),
  membersRow('with an operation whose name is reserved', { 1: operations('constructor') }),
  membersRow('with an operation whose name has a dot', { 1: operations('a.b') }),
  membersRow('with a digest of 31 bytes', { 1: [['other.v1', [['it', new Uint8Array(31)]]]] }),
  membersRow('with a digest that is a text', { 1: [['other.v1', [['it', 'a'.repeat(32)]]]] }),
]

const NAMES = ['plaintext', 'message', 'exchanges', 'exchangeWindow', 'sessionWindow', 'idleMs'] as const

/** SE-20: each limit within its floor and ceiling, all six and no other. */
const DECLARED: readonly Row[] = [
  ...NAMES.flatMap((name) => {
    const { key, floor, ceiling } = LIMITS[name]
    return [
      membersRow(`with ${name} of ${floor - 1}`, { 4: limitsItem({}, { [key]: floor - 1 }) }, { rule: 'SE-20' }),
      membersRow(`with ${name} of ${ceiling + 1}`, { 4: limitsItem({}, { [key]: ceiling + 1 }) }, { rule: 'SE-20' }),
    ]
  }),
  membersRow('without the limit idleMs', { 4: limitsItem({}, { 6: undefined }) }, { rule: 'SE-20' }),
  membersRow('with a seventh limit', { 4: limitsItem({}, { 7: 1 }) }, { rule: 'SE-20' }),
  membersRow('with a limit that is a text', { 4: limitsItem({}, { 3: '256' }) }, { rule: 'SE-20' }),
]

/** What is asked for is not here, or is another. */
const ASKED: readonly Row[] = [
  membersRow('of a service that is not here', { 5: 'another' }, { rule: 'SE-14', outcome: refuses('session/service') }),
  membersRow(
    'with a critical extension',
    { 6: new Map([[-1, 0]]) },
    { rule: 'SE-23', outcome: refuses('session/extension') },
  ),
  membersRow(
    'of a contract that is not served',
    { 1: offers('other.v1') },
    { rule: 'SE-24', outcome: refuses('contract/unserved', 'other.v1') },
  ),
  membersRow(
    'of an operation that is not served',
    { 1: [['kit.v1', [['other', DIGEST]]]] },
    { rule: 'SE-24', outcome: refuses('contract/unserved', 'kit.v1.other') },
  ),
  membersRow('of an operation whose row is another', ({ setup }) => ({ 1: changed(setup.operations) }), {
    rule: 'SE-24',
    outcome: refuses('contract/changed', 'kit.v1.echo'),
  }),
]

const opens = async (peer: Hostile): Promise<void> => {
  await peer.frame('ACCEPT')
  await unharmed(peer)
}

/** The shim does not call what is not had alike. */
const uncalled = async (peer: Hostile): Promise<void> => {
  await peer.frame('ACCEPT')
  await peer.event('open')
  peer.act('call', { tag: 'it', operation: 'echo', body: '01' })
  await tells('fault', { tag: 'it', ran: 'no' })(peer)
}

/** What is passed over, or declined without a word. */
const TAKEN: readonly Row[] = [
  membersRow(
    'with an extension that is unknown and not critical',
    { 6: new Map([[7, 'x']]) },
    { rule: 'SE-23', outcome: opens },
  ),
  membersRow(
    'that serves a contract nobody uses',
    ({ setup }) => ({ 2: [kitOffer(setup.operations), ['other.v1', [['it', DIGEST]]]] }),
    { rule: 'SE-25', outcome: opens },
  ),
  membersRow('that serves an operation whose row is another', ({ setup }) => ({ 2: changed(setup.operations) }), {
    rule: 'SE-34',
    outcome: uncalled,
  }),
]

export const INITIATION: readonly Case[] = casesOf({ from: 'answered' }, [
  ...BYTES,
  ...MEMBERS,
  ...DECLARED,
  ...ASKED,
  ...TAKEN,
])
