import { utf8 } from '../../bytes.js'
import { decode } from '../../cbor.js'
import { FLAG } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, cbor, data, textOf } from '../hostileframes.js'
import { faults, type Outcome, refuses, tells, unharmed } from '../hostileoutcomes.js'
import { field } from '../hostilewords.js'
import { casesOf, type Row } from './row.js'
import { document, type RuleOf, under } from './under.js'

/** Tries to get past rules: what is refused is answered by a code alone, nothing of it is heard, and the session goes on. */

const DENIED = faults('policy/denied')
const INVALID = faults('contract/invalid', { path: '' })
const ONE = bytesOf(1)

const calls = (...on: readonly string[]): RuleOf => ({ verbs: ['call'], on })
const when = (attribute: string, is: string, value?: unknown): RuleOf => ({
  when: [value === undefined ? { attribute, is } : { attribute, is, value }],
})

/** One message, whole, and what becomes of it. */
const says = (
  name: string,
  operation: string,
  of: Parameters<Hostile['begin']>[1] = {},
  outcome: Outcome = DENIED,
  rule = 'SE-56',
): Row => ({
  name,
  rule,
  does: (peer) => peer.say(peer.begin(operation, { body: ONE, ...of })),
  outcome,
})

const EVERYTHING = { verbs: ['call', 'send', 'stream'], on: ['>'] } as const

const NONE: readonly Case[] = [
  ...under(
    [],
    [
      says('calls where nothing is allowed', 'echo', {}, DENIED, 'PO-16'),
      says('sends one way where nothing is allowed', 'note', {}, DENIED, 'PO-16'),
      says('calls with what is no CBOR where nothing is allowed', 'echo', { body: bytesOf(0xff) }),
      says('begins a message in pieces where nothing is allowed', 'echo', { flags: FLAG.more }),
      says(
        'says that it is allowed, in a label',
        'echo',
        { labels: { role: 'admin', effect: 'allow' } },
        DENIED,
        'PO-28',
      ),
    ],
  ),
  ...under([], [says('calls an initiator that allows nothing', 'echo', {}, DENIED, 'PO-16')], { role: 'initiator' }),
  ...under(
    [{ verbs: ['call'], on: ['kit.v1.echo'], by: ['role:admin', 'name:spiffe://a/b'] }],
    [
      says(
        'calls what those with a role may',
        'echo',
        { labels: { role: 'admin' }, body: cbor({ role: 'admin' }) },
        DENIED,
        'PO-28',
      ),
    ],
  ),
]

const VERBS: readonly Case[] = under(
  [calls('kit.v1.echo'), { verbs: ['send'], on: ['other.v1.>'] }],
  [says('calls another operation than it may', 'crash'), says('sends one way where it may call', 'note')],
)

/** `{ level: … }` with a value of any form. */
const levelOf = (...value: readonly number[]): Uint8Array => Uint8Array.from([0xa1, 0x65, ...utf8('level'), ...value])

/** A map with the key `level` twice. */
const twoLevels = (first: number, second: number): Uint8Array =>
  Uint8Array.from([0xa2, 0x65, ...utf8('level'), first, 0x65, ...utf8('level'), second])

/** Rules on a field of the body that is visible: an integer below 3 is allowed. */
const LEVEL: readonly Case[] = [
  ...under(
    [{ ...calls('kit.v1.echo'), ...when('body.level', 'lt', 3) }],
    [
      says('calls with a level that is too high', 'echo', { body: cbor({ level: 3 }) }),
      says('calls without a level', 'echo', { body: cbor({}) }, DENIED, 'PO-14'),
      says('calls with a level that is a text', 'echo', { body: cbor({ level: '1' }) }, DENIED, 'PO-14'),
      says('calls with a level that is null', 'echo', { body: cbor({ level: null }) }, DENIED, 'PO-14'),
      says('calls with a level that is a list', 'echo', { body: cbor({ level: [1] }) }, DENIED, 'PO-55'),
      says('calls with a level beyond 2^53', 'echo', { body: cbor({ level: -(2n ** 60n) }) }, DENIED, 'PO-55'),
      says('calls with a body that is no map', 'echo', { body: cbor(1) }, DENIED, 'PO-14'),
      says('calls with a level one deeper', 'echo', { body: cbor({ body: { level: 1 } }) }, DENIED, 'PO-14'),
      says('calls with the level in a label', 'echo', { body: cbor({}), labels: { level: '1' } }, DENIED, 'PO-14'),
      says('calls with two levels', 'echo', { body: twoLevels(1, 9) }, INVALID),
      says('calls with two levels, the high one first', 'echo', { body: twoLevels(9, 1) }, INVALID),
      says('calls with a level in a longer form than need be', 'echo', { body: levelOf(0x18, 1) }, INVALID),
      says('calls with a level that is a whole float', 'echo', { body: levelOf(0xf9, 0x3c, 0) }, INVALID),
      says('calls with a level that is not a number', 'echo', { body: levelOf(0xf9, 0x7e, 0) }, DENIED, 'PO-52'),
    ],
  ),
  ...under(
    [EVERYTHING, { ...calls('kit.v1.echo'), effect: 'deny', ...when('body.level', 'ge', 3) }],
    [
      says('leaves out the level that is forbidden above 3', 'echo', { body: cbor({}) }, DENIED, 'PO-15'),
      says(
        'says the level that is forbidden above 3 as a text',
        'echo',
        { body: cbor({ level: '9' }) },
        DENIED,
        'PO-15',
      ),
      says('says the level that is forbidden above 3 in half', 'echo', { body: cbor({ level: 3.5 }) }, DENIED, 'PO-15'),
    ],
  ),
]

const ATTRIBUTES: readonly Case[] = [
  ...under(
    [{ ...calls('kit.v1.echo'), ...when('label.team', 'eq', 'a') }],
    [
      says('calls without a label', 'echo', {}, DENIED, 'PO-14'),
      says('calls with another label', 'echo', { labels: { team: 'b' } }),
      says('calls with a label in capitals', 'echo', { labels: { TEAM: 'a' } }, DENIED, 'PO-14'),
      says('calls with a label and a space behind it', 'echo', { labels: { team: 'a ' } }),
    ],
  ),
  ...under(
    [{ ...calls('kit.v1.echo'), ...when('bytes', 'le', 10) }],
    [
      says('calls with a byte too many', 'echo', { body: textOf(11) }),
      {
        name: 'calls with a byte too many in pieces',
        rule: 'SE-56',
        does: (peer) => {
          const body = textOf(11)
          peer.say(peer.begin('echo', { flags: FLAG.more, body: body.slice(0, 10) }), data(peer.first, body.slice(10)))
        },
        outcome: DENIED,
      },
    ],
  ),
  ...under(
    [{ ...calls('kit.v1.echo'), ...when('ttlMs', 'gt', 0) }],
    [
      says('calls without an end of its time', 'echo', { ttlMs: 0 }),
      says('begins a message in pieces without an end of its time', 'echo', { ttlMs: 0, flags: FLAG.more }),
    ],
  ),
]

const LIMITS: readonly Case[] = [
  ...under(
    [{ ...calls('kit.v1.*'), limit: { concurrent: 1 } }],
    [
      {
        name: 'calls twice where one may be open',
        rule: 'PO-19',
        does: async (peer) => {
          peer.say(peer.begin('never', { body: ONE }))
          await peer.event('heard')
          peer.say(peer.begin('never', { exchange: peer.first + 2, body: ONE }))
        },
        outcome: (peer) => faults('policy/limited', undefined, peer.first + 2)(peer),
        heard: ['never'],
      },
    ],
  ),
  ...under(
    [{ ...calls('kit.v1.*'), limit: { perSecond: 1 } }],
    [
      {
        name: 'calls more often in a second than it may',
        rule: 'PO-19',
        does: (peer) =>
          peer.say(peer.begin('never', { body: ONE }), peer.begin('never', { exchange: peer.first + 2, body: ONE })),
        outcome: (peer) => faults('policy/limited', undefined, peer.first + 2)(peer),
        heard: ['never'],
      },
    ],
  ),
]

const INITIATE: readonly Case[] = casesOf(
  {
    level: 'policy',
    from: 'answered',
    setup: {
      open: { policy: document(EVERYTHING, { effect: 'deny', verbs: ['initiate'], on: ['kit.v1'] }) },
    },
  },
  [
    {
      name: 'uses a contract that it may not initiate',
      rule: 'SE-28',
      does: (peer) => peer.message3(),
      outcome: refuses('policy/denied', 'kit.v1'),
    },
    {
      name: 'uses a contract that it may not initiate, and operations that are not there',
      rule: 'SE-14',
      does: (peer) => peer.message3(field(2, peer.initiation({ 1: [['kit.v1', [['other', new Uint8Array(32)]]]] }))),
      outcome: refuses('policy/denied', 'kit.v1'),
    },
  ],
)

const REPLACED: readonly Case[] = under(
  [EVERYTHING],
  [
    {
      name: 'has a call open when it is forbidden',
      rule: 'SE-131',
      does: async (peer) => {
        peer.say(peer.begin('never', { body: ONE }))
        await peer.event('heard')
        peer.act('replace', { policy: document() })
      },
      outcome: faults('policy/denied', { item: 0 }),
      heard: ['never'],
    },
    {
      name: 'has a message in pieces when it is forbidden',
      rule: 'SE-132',
      does: async (peer) => {
        peer.say(
          peer.begin('never', { body: ONE }),
          peer.begin('echo', { exchange: peer.first + 2, flags: FLAG.more, body: ONE }),
        )
        await peer.event('heard')
        peer.act('replace', { policy: document(calls('kit.v1.never')) })
      },
      outcome: (peer) => faults('policy/denied', undefined, peer.first + 2)(peer),
      heard: ['never'],
    },
    {
      name: 'calls when it has been forbidden',
      rule: 'PO-24',
      does: async (peer) => {
        peer.act('replace', { policy: document() })
        await peer.rest()
        peer.say(peer.begin('echo', { body: ONE }))
      },
      outcome: DENIED,
    },
  ],
)

const OUTBOUND: readonly Case[] = under(
  [EVERYTHING, { effect: 'deny', to: ['any'], verbs: ['call'], on: ['kit.v1.echo'] }],
  [
    {
      name: 'is not to be called',
      rule: 'SE-55',
      does: (peer) => peer.act('call', { tag: 'it', operation: 'echo', body: '01' }),
      outcome: tells('fault', { tag: 'it', code: 'policy/denied', ran: 'no' }),
    },
  ],
)

const standing = { standing: true, flags: 0, body: cbor({}) } as const
const ONE_ROOM = { verbs: ['publish', 'subscribe', 'enqueue', 'consume'], on: ['kit.v1.*.a'] } as const

const PLACES: readonly Case[] = under(
  [ONE_ROOM, { verbs: ['stream'], on: ['kit.v1.collect'], ...when('bytes', 'le', 10) }],
  [
    says('publishes to another subject than it may', 'news', { subject: 'b' }),
    says('publishes to a subject in capitals', 'news', { subject: 'A' }),
    says('enqueues to another subject than it may', 'work', { subject: 'b', body: cbor({ value: 1 }) }),
    says('subscribes to another subject than it may', 'news', { subject: 'b', ...standing }),
    says('subscribes to every subject, of which it may one', 'news', { subject: '*', ...standing }, DENIED, 'PO-9'),
    says('consumes of every subject, of which it may one', 'work', { subject: '*', ...standing }, DENIED, 'PO-9'),
    {
      name: 'sends an item of a byte too many',
      rule: 'SE-126',
      does: async (peer) => {
        peer.say(peer.begin('collect', { flags: 0, body: ONE }))
        await peer.event('heard')
        peer.say(data(peer.first, textOf(11), 0))
      },
      outcome: faults('policy/denied', { item: 1 }),
      heard: ['collect'],
    },
  ],
  { beside: 'messaging' },
)

/** What is published to `secret` goes to nobody: the next delivery is of another subject, with nothing dropped. */
const withheld: Outcome = async (peer) => {
  const delivery = decode((await peer.frame('DATA')).body)
  if (!Array.isArray(delivery) || delivery[0] !== 'open' || delivery[2] !== 0)
    throw new Finding('expected a delivery of what is open, with nothing dropped')
  await unharmed(peer)
}

const DELIVERIES: readonly Case[] = under(
  [
    { verbs: ['publish', 'subscribe'], on: ['kit.v1.news.*'] },
    { effect: 'deny', to: ['any'], verbs: ['publish'], on: ['kit.v1.news.secret'] },
  ],
  [
    {
      name: 'subscribes to every subject, of which one may not go to it',
      rule: 'TO-24',
      does: async (peer) => {
        const { first } = peer
        peer.say(peer.begin('news', { subject: '*', ...standing }))
        await peer.frame('DATA')
        peer.say(
          peer.begin('news', { exchange: first + 2, subject: 'secret', body: ONE }),
          peer.begin('news', { exchange: first + 4, subject: 'open', body: ONE }),
        )
      },
      outcome: withheld,
    },
  ],
  { beside: 'messaging' },
)

export const POLICIES: readonly Case[] = [
  ...NONE,
  ...VERBS,
  ...LEVEL,
  ...ATTRIBUTES,
  ...LIMITS,
  ...INITIATE,
  ...REPLACED,
  ...OUTBOUND,
  ...PLACES,
  ...DELIVERIES,
]
