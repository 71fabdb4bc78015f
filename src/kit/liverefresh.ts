import { toHex } from '../bytes.js'
import { type Case, Finding } from './case.js'
import { Hostile, type Role } from './hostile.js'
import { refresh } from './hostileframes.js'
import { unharmed } from './hostileoutcomes.js'
import { HostileRefresh } from './hostilerefresh.js'
import { PLAIN, suiteOf } from './live.js'
import { open } from './livecore.js'

/** Refreshes, with a peer by hand that sees each of their messages, speaks meanwhile, and goes over to the new keys. */

const HYBRID = [0x0001, 0x0101] as const

/** What a shim may be told, for a refresh that comes soon. */
const SOON = { rekey: { refreshMs: 2_000 } } as const

/** From the opening to a start, with something to spare (CH-27). */
const GAP_MS = 1_100

interface Refreshing {
  readonly name: string
  readonly rule: string
  /** Of the shim. */
  readonly role: Role
  readonly open?: typeof SOON
  readonly run: (peer: Hostile) => Promise<unknown>
}

/** CH-31: a call is answered in the midst of a refresh. */
const echoes = async (peer: Hostile, nth: 0 | 1): Promise<void> => {
  peer.say(peer.begin('echo', { exchange: peer.first + 2 * nth, body: Uint8Array.of(1) }))
  await peer.frame('DATA')
}

/** The shim has started. */
const answered = async (peer: Hostile, before?: HostileRefresh): Promise<HostileRefresh> => {
  const nested = new HostileRefresh(peer, {}, before)
  await nested.read()
  await echoes(peer, before === undefined ? 0 : 1)
  await nested.answer()
  return nested
}

const started = async (peer: Hostile, before?: HostileRefresh): Promise<HostileRefresh> => {
  const nested = new HostileRefresh(peer, {}, before)
  await nested.start()
  await echoes(peer, before === undefined ? 0 : 1)
  await nested.finish()
  return nested
}

const gap = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, GAP_MS)
  })

const CASES: readonly Refreshing[] = [
  { name: 'refreshes the keys', rule: 'CH-30', role: 'initiator', open: SOON, run: answered },
  {
    name: 'asks for fresh keys',
    rule: 'CH-30',
    role: 'responder',
    open: SOON,
    run: async (peer) => {
      const { body } = await peer.frame('REFRESH')
      if (body.length > 0) throw new Finding(`expected a REFRESH that asks, got one of ${body.length} bytes`)
      await gap()
      // CH-24
      if ((await peer.rest()).frames.some(({ is }) => is === 'REFRESH'))
        throw new Finding('expected one REFRESH, got two')
      await started(peer)
    },
  },
  {
    name: 'is asked for fresh keys',
    rule: 'CH-30',
    role: 'initiator',
    run: async (peer) => {
      peer.say(refresh())
      await answered(peer)
    },
  },
  {
    name: 'answers a refresh',
    rule: 'CH-28',
    role: 'responder',
    run: async (peer) => {
      await gap()
      await started(peer)
    },
  },
]

/** CH-21, CH-22: each goes on from the root and the hash of the one before. */
const TWICE: readonly Refreshing[] = [
  {
    name: 'refreshes twice',
    rule: 'CH-22',
    role: 'initiator',
    run: async (peer) => {
      peer.say(refresh())
      const first = await answered(peer)
      peer.say(refresh())
      await answered(peer, first)
    },
  },
  {
    name: 'answers two refreshes',
    rule: 'CH-22',
    role: 'responder',
    run: async (peer) => {
      await gap()
      const first = await started(peer)
      await gap()
      await started(peer, first)
    },
  },
]

/** The same as before it, which is that of the handshake. */
const exports = async (peer: Hostile): Promise<void> => {
  const [label, context, length] = ['kit of sotto', Uint8Array.of(0x00, 0xff), 40] as const
  peer.act('export', { label, context: toHex(context), length })
  const { key } = await peer.event('exported')
  const expected = toHex(peer.records.split.export(label, context, length))
  if (key !== expected) throw new Finding(`expected the key ${expected}, got ${String(key)}`)
}

const EXPORTS: readonly Refreshing[] = [
  {
    name: 'exports the same key behind a refresh',
    rule: 'CH-33',
    role: 'initiator',
    run: async (peer) => {
      await exports(peer)
      peer.say(refresh())
      await answered(peer)
      await exports(peer)
    },
  },
  {
    name: 'exports the same key behind a refresh that it answers',
    rule: 'CH-33',
    role: 'responder',
    run: async (peer) => {
      await exports(peer)
      await gap()
      await started(peer)
      await exports(peer)
    },
  },
]

const KINDS = [
  { of: 'a classic session', suites: PLAIN, cases: [...CASES, ...TWICE, ...EXPORTS] },
  { of: 'a hybrid session', suites: HYBRID, cases: CASES },
] as const

export const LIVE_REFRESHES: readonly Case[] = KINDS.flatMap(({ of, suites, cases }) =>
  cases.map(({ name, rule, role, open: over, run }) => ({
    name: `${name} of ${of}, as ${role}`,
    rule,
    level: 'core',
    role,
    suites,
    run: async (shim) => {
      const suite = suiteOf(shim, suites)
      const peer = await Hostile.meet(shim, role, { suite, operations: ['echo'], ...(over && { open: over }) })
      try {
        await open(peer, suite.id)
        await run(peer)
        await unharmed(peer)
      } finally {
        peer.shim.eof()
      }
    },
  })),
)
