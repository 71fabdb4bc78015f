import { SUITES, type Suite } from '../session/suites.js'
import { type Case, type End, type Event, Finding, Skipped } from './case.js'
import { Hostile } from './hostile.js'
import { suitesIn } from './hostilewords.js'
import { closes, either, item, type Pair, PLAIN, SHARED, suiteOf, told, within } from './live.js'

/** Sessions, calls, one-way messages, credit, keys and closing, with a peer that does as it must. */

/** A call of `echo` there and back. */
export const echoes = async (from: End, to: End, value = 1): Promise<void> => {
  const [tag, body] = [`echo ${value}`, item(value)]
  from.act({ do: 'call', tag, operation: 'echo', body })
  await told(to, 'heard', { operation: 'echo', body })
  await told(from, 'reply', { tag, body })
}

/** Both ways. */
const echoing = async ({ shim, ours }: Pair): Promise<void> => {
  await echoes(shim, ours)
  await echoes(ours, shim)
}

const KINDS = [
  { name: 'hybrid', suites: [0x0001, 0x0101], both: { pq: 'require' } },
  { name: 'hybrid with a shared secret', suites: [0x0021, 0x0121], both: { pq: 'require', ...SHARED } },
  { name: 'classic', suites: PLAIN, both: { pq: 'off' } },
  { name: 'classic with a shared secret', suites: [0x0031, 0x0131], both: { pq: 'off', ...SHARED } },
] as const

/** A handshake by hand for each suite, so that no other can be chosen. */
const SUITE_CASES: readonly Case[] = SUITES.flatMap((suite) =>
  (['initiator', 'responder'] as const).map((role) => ({
    name: `opens a session of ${suite.name}, as ${role}`,
    rule: 'SE-4',
    level: 'core' as const,
    role,
    suites: [suite.id],
    run: async (shim) => {
      const peer = await Hostile.meet(shim, role, { suite, operations: ['echo'] })
      try {
        const { suite: name } = await open(peer, suite.id)
        if (name !== suite.name) throw new Finding(`expected ${suite.name}, got ${String(name)}`)
        peer.say(peer.begin('echo', { body: Uint8Array.of(1) }))
        await peer.frame('DATA')
      } finally {
        peer.shim.eof()
      }
    },
  })),
)

/** The handshake by hand, in this suite and no other. */
export const open = async (peer: Hostile, id: number): Promise<Event> => {
  if (peer.role === 'responder') await greeted(peer, id)
  else {
    peer.feed(peer.hello())
    await peer.answered()
    peer.feed(peer.message3())
    await peer.frame('ACCEPT')
  }
  return await peer.event('open')
}

/** What each setting allows, best first: with ML-KEM before without, AESGCM before ChaChaPoly. */
const LISTS: readonly Case[] = (['require', 'prefer', 'off'] as const).map((pq) => ({
  name: `lists the suites of pq ${pq}, best first, as initiator`,
  rule: 'SE-5',
  level: 'core',
  role: 'initiator',
  suites: SUITES.filter((suite) => isAllowed(suite, pq)).map(({ id }) => id),
  run: async (shim) => {
    const allowed = SUITES.filter((suite) => isAllowed(suite, pq) && shim.suites.includes(suite.id))
    const [suite] = allowed
    if (suite === undefined) throw new Skipped('it has no such suite')
    const expected = allowed.toSorted((one, other) => placeOf(one) - placeOf(other)).map(({ id }) => id)
    const peer = await Hostile.meet(shim, 'initiator', { suite, operations: ['echo'], open: { pq } })
    try {
      await peer.greeted()
      const { listed } = suitesIn(peer.heard.neg)
      if (listed.join() !== expected.join())
        throw new Finding(`expected the suites ${expected.join()}, got ${listed.join()}`)
    } finally {
      peer.shim.eof()
    }
  },
}))

function isAllowed({ pq, psk }: Suite, setting: 'require' | 'prefer' | 'off'): boolean {
  return !psk && (setting === 'prefer' || pq === (setting === 'require'))
}

const placeOf = ({ pq, cipher }: Suite): number => (pq ? 0 : 2) + (cipher === 'AESGCM' ? 0 : 1)

/** The shim may try another first: then it is asked for this one. */
const greeted = async (peer: Hostile, id: number): Promise<void> => {
  await peer.greeted()
  if (peer.suite.id !== id) {
    peer.feed(peer.retry(Uint8Array.of(1, id >>> 8, id & 0xff)))
    await peer.greeted()
  }
  peer.feed(peer.message2())
  await peer.asked()
  peer.say(peer.acceptance())
}

const OPENING: readonly Case[] = [
  ...KINDS.flatMap(({ name, suites, both }) =>
    either(`calls both ways in a ${name} session`, 'SE-6', echoing, { suites, both }),
  ),
  ...either('opens with a service and a context', 'SE-14', echoing, {
    both: { service: 'kitchen', context: item({ floor: 2 }) },
  }),
  ...either('prefers a hybrid session and settles for a classic one', 'SE-17', echoing, {
    suites: PLAIN,
    both: { pq: 'prefer' },
    ours: { pq: 'off' },
  }),
  ...either('opens with limits at their floors', 'SE-20', echoing, {
    both: { limits: { plaintext: 1_024, message: 1_024, exchanges: 1, exchangeWindow: 4_096, sessionWindow: 4_096 } },
  }),
  unopened('closes on another service', 'responder', 'SE-14', { ours: { service: 'another' } }),
  unopened('takes the refusal of another service', 'initiator', 'SE-14', { shim: { service: 'another' } }),
]

/** No session comes of it, and the shim tells so. */
function unopened(
  name: string,
  role: 'initiator' | 'responder',
  rule: string,
  over: { readonly ours?: { service: string }; readonly shim?: { service: string } },
): Case {
  return {
    name: `${name}, as ${role}`,
    rule,
    role,
    level: 'core',
    run: (shim) =>
      within(shim, role, over, async (pair) => {
        const { event, code } = await pair.shim.event()
        const { code: own } = await pair.ours.event('closed')
        if (event !== 'closed' || code !== own)
          throw new Finding(`expected the end with ${String(own)}, got ${event} ${String(code)}`)
      }),
  }
}

const failing = async (from: End, to: End): Promise<void> => {
  const body = item({ why: 'full' })
  from.act({ do: 'call', tag: 'it', operation: 'fail', body })
  await told(to, 'heard', { operation: 'fail', body })
  await told(from, 'fault', { tag: 'it', code: 'call/fault', ran: 'yes', name: 'Refused', body })
}

const crashing = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'call', tag: 'it', operation: 'crash', body: '01' })
  await told(to, 'heard', { operation: 'crash' })
  await told(from, 'fault', { tag: 'it', code: 'call/internal' })
}

const cancelling = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'call', tag: 'it', operation: 'never', body: '01' })
  await told(to, 'heard', { operation: 'never' })
  from.act({ do: 'cancel', tag: 'it' })
  await told(from, 'fault', { tag: 'it', code: 'call/cancelled' })
  await told(to, 'over', { operation: 'never', code: 'call/cancelled' })
}

const late = async (from: End): Promise<void> => {
  from.act({ do: 'call', tag: 'it', operation: 'never', body: '01', ttlMs: 200 })
  await told(from, 'fault', { tag: 'it', code: 'call/deadline' })
}

const noting = async (from: End, to: End): Promise<void> => {
  for (const value of [1, 2, 3]) from.act({ do: 'send', operation: 'note', body: item(value) })
  for (const value of [1, 2, 3]) await told(to, 'heard', { operation: 'note', body: item(value) })
}

/** Longer than a record, and than the window of an exchange. */
const long = async (from: End, to: End): Promise<void> => {
  const body = item(new Uint8Array(400_000).fill(7))
  from.act({ do: 'call', tag: 'it', operation: 'echo', body })
  await told(to, 'heard', { operation: 'echo', body })
  await told(from, 'reply', { tag: 'it', body })
}

/** What has no tag is told of without one. */
const kept = async ({ shim, ours }: Pair): Promise<void> => {
  shim.act({ do: 'send', operation: 'note', body: item(new Uint8Array(2_000)) })
  const { tag } = await told(shim, 'fault', { code: 'call/too-large', ran: 'no' })
  if (tag !== undefined) throw new Finding(`expected a fault without tag, got ${JSON.stringify(tag)}`)
  await echoes(shim, ours)
}

/** More in all than the window of the session. */
const many = async (from: End, to: End): Promise<void> => {
  const body = item(new Uint8Array(900).fill(7))
  for (let at = 0; at < 40; at++) from.act({ do: 'send', operation: 'note', body })
  for (let at = 0; at < 40; at++) await told(to, 'heard', { operation: 'note', body })
}

/** More calls at a time than may be open. */
const crowd = async (from: End, to: End): Promise<void> => {
  for (let at = 0; at < 8; at++) from.act({ do: 'call', tag: `${at}`, operation: 'echo', body: item(at) })
  for (let at = 0; at < 8; at++) await told(to, 'heard', { operation: 'echo' })
  for (let at = 0; at < 8; at++) await told(from, 'reply')
}

const rekeyed = async ({ shim, ours }: Pair): Promise<void> => {
  for (let value = 1; value <= 8; value++) {
    await echoes(shim, ours, value)
    await echoes(ours, shim, value)
  }
}

/** What is under way is done before a close. */
const drained = async (from: End, to: End): Promise<void> => {
  to.act({ do: 'send', operation: 'note', body: '01' })
  await told(from, 'heard', { operation: 'note' })
  await closes(from, to)
}

const abandoned = async (from: End, to: End): Promise<void> => {
  from.act({ do: 'call', tag: 'it', operation: 'never', body: '01' })
  await told(to, 'heard', { operation: 'never' })
  from.act({ do: 'close' })
  await told(from, 'fault', { tag: 'it' })
  await told(from, 'closed', { code: null })
  await told(to, 'closed', { code: null })
}

/** What the shim asks for, and what it answers. */
export const ways = (
  name: { readonly asks: string; readonly answers: string },
  rule: string,
  run: (from: End, to: End) => Promise<unknown>,
  setup: Parameters<typeof either>[3] = {},
): readonly Case[] => [
  ...either(name.asks, rule, ({ shim, ours }) => run(shim, ours), setup),
  ...either(name.answers, rule, ({ shim, ours }) => run(ours, shim), setup),
]

/** What a session that is told to rekey every two records must do, as its peer reads it. */
const REKEYING: readonly Case[] = (['initiator', 'responder'] as const).map((role) => ({
  name: `seals no more records with a key than it is told to, as ${role}`,
  rule: 'CH-7',
  level: 'core',
  role,
  suites: PLAIN,
  run: async (shim) => {
    const suite = suiteOf(shim, PLAIN)
    const peer = await Hostile.meet(shim, role, { suite, operations: ['note'], open: { rekey: { records: 2 } } })
    try {
      await open(peer, suite.id)
      // Of a responder, ACCEPT was the first.
      let sealed = role === 'responder' ? 1 : 0
      for (let at = 0; at < 6; at++) {
        peer.act('send', { operation: 'note', body: '01' })
        const frames = await peer.record()
        sealed = frames.at(-1)?.is === 'REKEY' ? 0 : sealed + 1
        if (sealed >= 2) throw new Finding(`expected REKEY in every second record, got ${sealed} without`)
      }
    } finally {
      peer.shim.eof()
    }
  },
}))

const SMALL = { both: { limits: { exchangeWindow: 4_096, sessionWindow: 4_096 } } }

export const CORE: readonly Case[] = [
  ...SUITE_CASES,
  ...LISTS,
  ...OPENING,
  ...ways(
    { asks: 'calls, and gets a declared fault', answers: 'answers a call with a declared fault' },
    'ME-9',
    failing,
  ),
  ...ways({ asks: 'calls, and the handler fails', answers: 'answers for a handler that failed' }, 'ME-10', crashing),
  ...ways({ asks: 'gives up a call', answers: 'has a call given up' }, 'SE-57', cancelling),
  ...ways({ asks: 'calls, and its deadline passes', answers: 'is called, and the deadline passes' }, 'SE-57', late),
  ...ways({ asks: 'sends one way, in order', answers: 'hears one-way messages in order' }, 'SE-71', noting),
  ...ways({ asks: 'calls with a long message', answers: 'answers a long message' }, 'SE-62', long),
  ...either('tells of its own one-way message that is longer than its peer takes', 'SE-20', kept, {
    ours: { limits: { message: 1_024 } },
  }),
  ...ways({ asks: 'sends more than a window holds', answers: 'gives credit back' }, 'SE-50', many, SMALL),
  ...ways({ asks: 'waits for a place for its calls', answers: 'has few places for calls' }, 'SE-46', crowd, {
    both: { limits: { exchanges: 2 } },
  }),
  ...either('replaces its key every few records, and reads a peer that does', 'CH-6', rekeyed, {
    both: { rekey: { records: 2 } },
  }),
  ...REKEYING,
  ...ways({ asks: 'closes', answers: 'is closed' }, 'SE-42', drained),
  ...ways({ asks: 'closes with a call under way', answers: 'is closed with a call under way' }, 'SE-42', abandoned),
]
