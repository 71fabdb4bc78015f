import { concat, toHex } from '../../bytes.js'
import { FLAG, type Frame } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, credit, data, end, fault, ping, textOf } from '../hostileframes.js'
import { cleanly, dies, type Outcome, silently, unharmed } from '../hostileoutcomes.js'
import { field } from '../hostilewords.js'
import { Allowance } from './allowance.js'
import { casesOf, type Row, row } from './row.js'

/** A peer that gives credit late or too little, and what goes on beside what waits for it. */

const ONE = bytesOf(1)
const WINDOW = 4_096

const over: Outcome = async (peer) => {
  peer.say(end())
  await cleanly(peer)
}

const calls = (peer: Hostile, tag: string, operation: string, body: Uint8Array): void =>
  peer.act('call', { tag, operation, body: toHex(body) })

/** The bytes of what came, as the window of the session counts them. */
const chargeOf = (frames: readonly Frame[]): number =>
  frames.reduce((sum, frame) => {
    if (frame.is === 'BEGIN') return sum + 64 + frame.body.length
    return frame.is === 'DATA' ? sum + frame.body.length : sum
  }, 0)

/** The shim has used up the window of the session that this end declared, with a call of 20,000 bytes. */
const stuck = async (peer: Hostile): Promise<readonly Frame[]> => {
  calls(peer, 'long', 'echo', textOf(20_000))
  const begun = await peer.frame('BEGIN')
  return [begun, ...(await peer.rest()).frames]
}

const STUCK: readonly Row[] = [
  row(
    'gives no credit, and waits for what needs none',
    'SE-48',
    async (peer) => {
      await stuck(peer)
      peer.say(peer.begin('echo', { body: bytesOf(0xff) }), ping(1))
      await peer.frame('FAULT')
      await peer.frame('PONG')
      peer.act('cancel', { tag: 'long' })
      await peer.frame('RESET')
      peer.act('close')
      await peer.frame('DRAIN')
    },
    { outcome: over },
  ),
  row(
    'gives credit for a long call a window at a time, while a short one waits',
    'SE-120',
    async (peer) => {
      let sum = chargeOf(await stuck(peer))
      calls(peer, 'short', 'never', ONE)
      await peer.rest()
      for (let turn = 0; turn < 2; turn++) {
        peer.say(credit(0, sum + WINDOW))
        const { frames } = await peer.rest()
        if (frames.some(({ is }) => is === 'BEGIN')) return
        sum += chargeOf(frames)
      }
      throw new Finding('expected the short call to be begun in its turn, got the long one alone')
    },
    { outcome: over },
  ),
]

/** A call of this end is answered at length, and waits for credit; another is answered meanwhile. */
const REPLIES: readonly Row[] = [
  row(
    'gives credit for a long reply a window at a time, while a short one waits',
    'SE-120',
    async (peer) => {
      peer.say(peer.begin('echo', { body: textOf(20_000) }))
      let sum = chargeOf((await peer.rest()).frames)
      const short = peer.first + 2
      peer.say(peer.begin('echo', { exchange: short, body: ONE }))
      await peer.rest()
      for (let turn = 0; turn < 2; turn++) {
        peer.say(credit(0, sum + WINDOW))
        const { frames } = await peer.rest()
        if (frames.some((frame) => frame.is === 'DATA' && frame.exchange === short)) return
        sum += chargeOf(frames)
      }
      throw new Finding('expected the short reply in its turn, got the long one alone')
    },
    { outcome: over, heard: ['echo', 'echo'] },
  ),
]

/** The window of the session is 4,096 bytes. */
const LONG: readonly Row[] = [
  row(
    'sends a message of more bytes than the window of a session, as credit comes',
    'SE-52',
    async (peer) => {
      const [body, credits] = [textOf(20_000), new Allowance(peer, WINDOW, WINDOW)]
      peer.say(peer.begin('echo', { flags: FLAG.more, body: body.slice(0, WINDOW - 64) }))
      for (let at = WINDOW - 64; at < body.length; ) {
        const bytes = await credits.take(1, body.length - at)
        peer.say(data(peer.first, body.slice(at, at + bytes), at + bytes < body.length ? FLAG.more : FLAG.end))
        at += bytes
      }
      await peer.frame('DATA')
      await peer.rest()
    },
    { heard: ['echo'] },
  ),
  row('fills the window of a session with what is refused', 'SE-54', async (peer) => {
    const exchanges = Array.from({ length: 60 }, (_, index) => peer.first + 2 * index)
    peer.say(...exchanges.map((exchange) => peer.begin('note', { exchange, body: bytesOf(0xff) })))
    let faults = 0
    for (const frame of (await peer.rest()).frames) {
      if (frame.is === 'FAULT') faults++
      // Their bodies may be given back at once.
      if (frame.is === 'CREDIT' && frame.limit > WINDOW + 60 + 64 * faults)
        throw new Finding(`expected credit for ${faults} that were refused, got ${frame.limit - WINDOW} bytes`)
    }
    if (faults !== 60) throw new Finding(`expected 60 to be refused, got ${faults}`)
  }),
]

const SESSION = 65_536

const CHUNK = textOf(16_000)

/** What comes down waits for credit, so its handler does, and what comes up waits for the handler. */
const pours = async (peer: Hostile): Promise<void> => {
  const credits = new Allowance(peer, SESSION, 64 + 1)
  peer.say(peer.begin('pour', { flags: 0, body: ONE }))
  for (let count = 0; count < 20; count++) {
    await credits.take(64 + CHUNK.length)
    peer.say(data(peer.first, CHUNK, 0))
  }
  await peer.rest()
}

const SLOW: readonly Row[] = [
  row('sends chunks to a handler that waits for credit', 'SE-125', pours, { mayHear: 'pour' }),
  row(
    'gives no credit for what a stream answers',
    'ME-33',
    async (peer) => {
      await pours(peer)
      const heard = peer.told.filter(({ event }) => event === 'heard').length - 1
      // Beside those that wait, the one that goes in pieces and the one that its handler is about to give.
      if (heard * CHUNK.length > 131_072 + 3 * CHUNK.length)
        throw new Finding(`expected the handler to wait at 131,072 bytes, got ${heard} chunks of 16,000 heard`)
    },
    { mayHear: 'pour' },
  ),
]

const LEAVING: readonly Row[] = [
  row('does not answer a call that is given up', 'ME-40', async (peer) => {
    calls(peer, 'it', 'never', ONE)
    const { exchange } = await peer.frame('BEGIN')
    peer.act('cancel', { tag: 'it' })
    await peer.frame('STOP')
    peer.say(fault(exchange, 'call/cancelled'))
    const { tag, code } = await peer.event('fault')
    if (tag !== 'it' || code !== 'call/cancelled') throw new Finding(`expected call/cancelled, got ${String(code)}`)
  }),
]

/** All that a program can wait for at an end that begins it. */
const ACTS = [
  { act: 'call', operation: 'never', body: '01' },
  { act: 'stream', operation: 'collect', body: '01' },
  { act: 'subscribe', operation: 'news', subject: 'a' },
  { act: 'enqueue', operation: 'work', subject: 'a', body: '01' },
  { act: 'consume', operation: 'work', subject: 'a' },
] as const

/** Each is told of its end once. */
const settled: Outcome = async (peer) => {
  await dies('channel/truncated')(peer)
  const found = peer.told.flatMap(({ event, tag, code }) =>
    event === 'fault' ? [`${String(tag)} ${String(code)}`] : [],
  )
  const expected = ACTS.map(({ act }) => `${act} session/lost`)
  if (found.toSorted().join() !== expected.toSorted().join())
    throw new Finding(`expected ${expected.join()}, got ${found.join() || 'nothing'}`)
}

const VANISHING: readonly Row[] = [
  row(
    'vanishes while the other end waits for all that there is',
    'ME-43',
    async (peer) => {
      for (const { act, ...of } of ACTS) {
        peer.act(act, { tag: act, ...of })
        await peer.frame('BEGIN')
      }
      const bytes = peer.sealed(ping(1))
      peer.feed(bytes.slice(0, -1))
      peer.shim.eof()
    },
    { outcome: settled },
  ),
]

/** The shim trusts the key itself, and no issuer. */
const CREDENTIALS: readonly Row[] = [
  {
    name: 'comes with what is no credential and a key that is trusted',
    rule: 'ID-44',
    does: async (peer) => {
      peer.feed(peer.message3(concat(field(1, bytesOf(0x84, 0)), field(2, peer.initiation()))))
      await peer.frame('ACCEPT')
      await peer.event('open')
    },
    outcome: unharmed,
  },
]

const OFFERS: readonly Row[] = [
  {
    name: 'waits for a context that no Initiation has room for',
    rule: 'SE-16',
    does: (peer) => peer.message2(),
    outcome: silently('session/limit'),
  },
]

const declaring = (limits: Readonly<Record<string, number>>) => ({ setup: { limits } })
const opening = (limits: Readonly<Record<string, number>>) => ({ setup: { open: { limits } } })

export const UNPAID: readonly Case[] = [
  ...casesOf(declaring({ sessionWindow: WINDOW }), [...STUCK, ...REPLIES]),
  ...casesOf(opening({ sessionWindow: WINDOW }), LONG),
  ...casesOf(
    {
      level: 'messaging',
      setup: {
        limits: { exchangeWindow: WINDOW },
        open: { limits: { sessionWindow: SESSION, exchangeWindow: 1_048_576 } },
      },
    },
    SLOW,
  ),
  ...casesOf({}, LEAVING),
  ...casesOf({ level: 'messaging' }, VANISHING),
  ...casesOf({ from: 'answered' }, CREDENTIALS),
  ...casesOf({ role: 'initiator', from: 'start', setup: { open: { context: toHex(textOf(12_000)) } } }, OFFERS),
]
