import { toHex } from '../bytes.js'
import { encode } from '../cbor.js'
import { decodeAcceptance, decodeInitiation, encodeAcceptance, encodeInitiation } from '../session/initiation.js'
import { initiationOf as initiationIn } from '../session/payload.js'
import { type Case, Finding } from './case.js'
import { Hostile, type Role } from './hostile.js'
import { acceptanceOf, field, initiationOf } from './hostilewords.js'
import { PLAIN, suiteOf } from './live.js'

/** What a shim says of itself in the handshake, word by word. */

const OPERATIONS = ['echo', 'fail', 'note'] as const
const SERVICE = 'kitchen'
const CONTEXT = { floor: 2, rooms: ['hall'] } as const
const LIMITS = { message: 2_048, exchanges: 7, idleMs: 30_000 } as const

const members = { 3: encode(CONTEXT) } as const

/** Members of extensions are not looked at: whoever has some may say so. */
const initiated = async (peer: Hostile): Promise<void> => {
  await peer.greeted()
  peer.feed(peer.message2())
  const said = decodeInitiation(initiationIn(await peer.asked()))
  same('Initiation', encodeInitiation(said), initiationOf(OPERATIONS, LIMITS, { ...members, 5: SERVICE }))
}

const accepted = async (peer: Hostile): Promise<void> => {
  peer.feed(peer.hello())
  await peer.answered()
  peer.feed(peer.message3(field(2, peer.initiation({ 5: SERVICE }))))
  const said = decodeAcceptance((await peer.frame('ACCEPT')).body)
  same('Acceptance', encodeAcceptance(said), acceptanceOf(LIMITS, members))
}

const same = (what: string, said: Uint8Array, expected: Uint8Array): void => {
  if (toHex(said) !== toHex(expected)) throw new Finding(`expected the ${what} ${toHex(expected)}, got ${toHex(said)}`)
}

const of = (role: Role, rule: string, name: string, run: (peer: Hostile) => Promise<void>): Case => ({
  name: `${name}, as ${role}`,
  rule,
  level: 'core',
  role,
  suites: PLAIN,
  run: async (shim) => {
    const suite = suiteOf(shim, PLAIN)
    const open = { service: SERVICE, context: toHex(encode(CONTEXT)), limits: LIMITS }
    const peer = await Hostile.meet(shim, role, { suite, operations: OPERATIONS, open })
    try {
      await run(peer)
    } finally {
      peer.shim.eof()
    }
  },
})

export const LIVE_WORDS: readonly Case[] = [
  of('initiator', 'SE-20', 'offers what it has, with its service, context and limits', initiated),
  of('responder', 'SE-22', 'takes what it is offered, with its context and limits', accepted),
]
