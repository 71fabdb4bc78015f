import { concat, EMPTY } from '../../bytes.js'
import type { Case } from '../case.js'
import type { Hostile } from '../hostile.js'
import { accept, bytesOf, credit, cut, drain, end, ping, refuse, rekey, varint } from '../hostileframes.js'
import { ends, silently, unharmed } from '../hostileoutcomes.js'
import { limitsItem, type Members } from '../hostilewords.js'
import { casesOf, type Row } from './row.js'

/** A responder's first record: ACCEPT or REFUSE, alone. An initiator that is told anything else ends without a byte. */

const MALFORMED = silently('session/malformed')
const UNEXPECTED = silently('session/unexpected')

const said = (
  name: string,
  frames: (peer: Hostile) => readonly Uint8Array[],
  of: Pick<Row, 'rule' | 'outcome'>,
): Row => ({
  name,
  does: (peer) => peer.sealed(...frames(peer)),
  ...of,
})

const FIRST: readonly Row[] = [
  ...Object.entries({
    PING: ping(1),
    'CREDIT of the session': credit(0, 2_000_000),
    'REKEY 0': rekey(),
    'DRAIN 0': drain(0),
    'END 0': end(),
    'END 1': end(1),
  }).map(([name, frame]) =>
    said(`says ${name} in the place of ACCEPT`, () => [frame], { rule: 'SE-27', outcome: UNEXPECTED }),
  ),
  said('begins a call before it has said ACCEPT', (peer) => [peer.begin('echo')], {
    rule: 'SE-27',
    outcome: UNEXPECTED,
  }),
  said('says PING in the record of ACCEPT, in front of it', (peer) => [ping(1), peer.acceptance()], {
    rule: 'SE-27',
    outcome: UNEXPECTED,
  }),
  said('says PING in the record of ACCEPT, behind it', (peer) => [peer.acceptance(), ping(1)], {
    rule: 'CH-10',
    outcome: MALFORMED,
  }),
  said('says ACCEPT and REFUSE in one record', (peer) => [peer.acceptance(), refuse('session/busy')], {
    rule: 'CH-10',
    outcome: MALFORMED,
  }),
  said('puts what is not zero behind ACCEPT', (peer) => [peer.acceptance(), bytesOf(0, 1)], {
    rule: 'CH-9',
    outcome: MALFORMED,
  }),
  said('sends a first record of padding alone', () => [new Uint8Array(20)], { rule: 'CH-9', outcome: MALFORMED }),
  said('says an ACCEPT that is cut short', (peer) => [cut(peer.acceptance())], { rule: 'SE-31', outcome: MALFORMED }),
]

const accepted = (name: string, over: Members, { rule = 'SE-22', outcome = MALFORMED }: Partial<Row> = {}): Row =>
  said(`says an ACCEPT ${name}`, (peer) => [peer.acceptance(over)], { rule, outcome })

const ACCEPTS: readonly Row[] = [
  said('says an ACCEPT of no bytes', () => [accept(EMPTY)], { rule: 'SE-22', outcome: MALFORMED }),
  said('says an ACCEPT that is a list', () => [accept(bytesOf(0x80))], { rule: 'SE-22', outcome: MALFORMED }),
  ...[1, 2, 3, 4, 6].map((key) => accepted(`without the key ${key}`, { [key]: undefined })),
  accepted('with a service', { 5: '' }),
  accepted('that leaves out a contract that is used', { 1: [] }, { rule: 'SE-25' }),
  accepted('of a contract more than is used', { 1: [0, 1] }, { rule: 'SE-25' }),
  accepted('that takes what is not served', { 2: [1] }, { rule: 'SE-25' }),
  accepted('with an index twice', { 2: [0, 0] }),
  accepted('with a negative index', { 2: [-1] }),
  accepted('with an index that is a text', { 1: ['0'] }),
  accepted('whose context is no CBOR', { 3: bytesOf(0xff) }),
  accepted('without the limit plaintext', { 4: limitsItem({}, { 1: undefined }) }, { rule: 'SE-20' }),
  accepted('with exchanges of 0', { 4: limitsItem({}, { 3: 0 }) }, { rule: 'SE-20' }),
  accepted('with a message of 64 MiB and a byte', { 4: limitsItem({}, { 2: 67_108_865 }) }, { rule: 'SE-20' }),
  accepted(
    'with a critical extension',
    { 6: new Map([[-7, 0]]) },
    { rule: 'SE-23', outcome: silently('session/extension') },
  ),
  accepted('with an extension that is not critical', { 6: new Map([[7, 0]]) }, { rule: 'SE-23', outcome: unharmed }),
]

const refused = (name: string, frame: Uint8Array): Row =>
  said(`refuses ${name}`, () => [frame], { rule: 'SE-29', outcome: MALFORMED })

const REFUSES: readonly Row[] = [
  refused('with the number 0', refuse(0)),
  refused('with a number that is no code', refuse(15)),
  refused('with a code that no REFUSE has', refuse('session/limit')),
  refused('with a code of calls', refuse('call/cancelled')),
  refused('with a detail where the code has none', refuse('session/busy', 'kit.v1')),
  refused('a contract that was not asked for', refuse('contract/unserved', 'other.v1')),
  refused('an operation that was not asked for', refuse('contract/unserved', 'kit.v1.other')),
  refused('a changed contract without its operation', refuse('contract/changed', 'kit.v1')),
  refused('by policy without saying which contract', refuse('policy/denied')),
  refused('with a detail that is no UTF-8', concat(bytesOf(2), varint(17), varint(2), bytesOf(0xc3, 0x28))),
  refused('with a detail of 256 bytes', refuse('contract/unserved', `kit.v1.${'a'.repeat(249)}`)),
]

const LATER: readonly Row[] = [
  said('says ACCEPT a second time', (peer) => [peer.acceptance()], {
    rule: 'SE-40',
    outcome: ends('session/unexpected'),
  }),
  said('says REFUSE behind ACCEPT', () => [refuse('session/busy')], {
    rule: 'SE-40',
    outcome: ends('session/unexpected'),
  }),
]

export const VERDICTS: readonly Case[] = [
  ...casesOf({ role: 'initiator', from: 'answered' }, [...FIRST, ...ACCEPTS, ...REFUSES]),
  ...casesOf({ role: 'initiator' }, LATER),
  ...casesOf({ from: 'open' }, [
    said('says ACCEPT to a responder', (peer) => [peer.acceptance()], {
      rule: 'SE-40',
      outcome: ends('session/unexpected'),
    }),
  ]),
]
