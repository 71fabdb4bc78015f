import type { Frame, FrameName } from '../session/frames.js'
import { type Case, Finding } from './case.js'
import { Hostile, type Role } from './hostile.js'
import { end, textOf } from './hostileframes.js'
import { PLAIN, suiteOf } from './live.js'

/** Records of a shim that pads them, as a peer by hand sees them: their lengths tell no more than the policy lets them. */

/** Bytes of a length and of a tag. */
const AROUND = 2 + 16
/** What may stand in a record beside a body, at most. */
const BESIDE = 40
const BUCKETS = [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_519]

interface Policy {
  readonly name: string
  readonly padding: 'buckets' | number
  /** Limits of the peer. */
  readonly limits?: Readonly<Record<string, number>>
  /** The length of a plaintext with so much in it. */
  readonly of: (least: number) => number | undefined
}

const POLICIES: readonly Policy[] = [
  { name: 'to buckets', padding: 'buckets', of: (least) => BUCKETS.find((bucket) => bucket >= least) },
  { name: 'to a multiple', padding: 1_000, of: (least) => Math.ceil(least / 1_000) * 1_000 },
  { name: 'no further than its peer reads', padding: 60_000, limits: { plaintext: 1_024 }, of: () => 1_024 },
]

/** Reads up to a frame of this kind: each record has a length of the policy, and that with the frame none that is more than need be. */
const padded = async (peer: Hostile, { of }: Policy, is: FrameName, body: number): Promise<void> => {
  for (let frame: Frame | undefined; frame === undefined; ) {
    const record = await peer.unopened()
    const length = record.length - AROUND
    frame = peer.records.open(record.subarray(2)).find((each) => each.is === is)
    const most = of(frame === undefined ? length : body + BESIDE)
    if (length !== of(length) || length !== most)
      throw new Finding(`expected a plaintext of ${most ?? 'another number of'} bytes, got ${length}`)
  }
}

/** Two calls, and the end. */
const talk = async (peer: Hostile, policy: Policy): Promise<void> => {
  for (const [nth, length] of [3, 600].entries()) {
    peer.say(peer.begin('echo', { exchange: peer.first + 2 * nth, body: textOf(length) }))
    await padded(peer, policy, 'DATA', length)
  }
  peer.say(end())
  await padded(peer, policy, 'END', 0)
}

/** Up to message 3 of this end, which is the initiator. */
const asks = async (peer: Hostile): Promise<void> => {
  peer.feed(peer.hello())
  await peer.answered()
  peer.feed(peer.message3())
}

/** Of the shim. */
const OPENS: Readonly<Record<Role, (peer: Hostile, policy: Policy) => Promise<void>>> = {
  responder: async (peer, policy) => {
    await asks(peer)
    await padded(peer, policy, 'ACCEPT', 20)
  },
  initiator: async (peer) => {
    await peer.greeted()
    peer.feed(peer.message2())
    await peer.asked()
    peer.say(peer.acceptance())
  },
}

const caseOf = (
  name: string,
  role: Role,
  policy: Policy,
  run: (peer: Hostile) => Promise<void>,
  stranger?: true,
): Case => ({
  name: `${name} ${policy.name}, as ${role}`,
  rule: 'CH-35',
  level: 'core',
  role,
  suites: PLAIN,
  run: async (shim) => {
    const { padding, limits = {} } = policy
    const setup = { suite: suiteOf(shim, PLAIN), operations: ['echo'], open: { padding }, limits }
    const peer = await Hostile.meet(shim, role, { ...setup, ...(stranger && { stranger }) })
    try {
      await run(peer)
    } finally {
      peer.shim.eof()
    }
  },
})

export const LIVE_PADDING: readonly Case[] = [
  ...POLICIES.flatMap((policy) =>
    (['initiator', 'responder'] as const).map((role) =>
      caseOf('pads its records', role, policy, async (peer) => {
        await OPENS[role](peer, policy)
        await talk(peer, policy)
      }),
    ),
  ),
  ...POLICIES.filter(({ limits }) => limits === undefined).map((policy) =>
    caseOf(
      'pads a refusal',
      'responder',
      policy,
      async (peer) => {
        await asks(peer)
        await padded(peer, policy, 'REFUSE', 0)
      },
      true,
    ),
  ),
]
