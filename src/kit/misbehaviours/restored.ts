import { toHex } from '../../bytes.js'
import { FLAG, type Frame } from '../../session/frames.js'
import { type Case, Finding } from '../case.js'
import type { Hostile } from '../hostile.js'
import { bytesOf, credit, data, end, reset, stop, textOf } from '../hostileframes.js'
import { dies } from '../hostileoutcomes.js'
import { Allowance } from './allowance.js'
import { casesOf, type Row, row } from './row.js'

/** A peer that keeps to what it is given, and goes on only if credit comes back for what nobody takes too; and that gives little. */

const WINDOW = 4_096
const PIECE = 1_500

/** More than a window in all. */
const TURNS = 4

const turns = async (peer: Hostile, turn: (exchange: number, of: Allowance) => Promise<unknown>): Promise<void> => {
  const of = new Allowance(peer, WINDOW)
  for (let at = 0; at < TURNS; at++) await turn(peer.first + 2 * at, of)
}

const ROWS: readonly Row[] = [
  row('begins more than a window of calls, and resets each', 'SE-163', (peer) =>
    turns(peer, async (exchange, of) => {
      await of.take(64 + PIECE)
      peer.say(peer.begin('echo', { exchange, flags: FLAG.more, body: textOf(PIECE) }), reset(exchange, PIECE))
      await of.frame('FAULT')
    }),
  ),
  row('goes on with more than a window of calls that it has stopped', 'SE-163', (peer) =>
    turns(peer, async (exchange, of) => {
      await of.take(64 + 1)
      peer.say(peer.begin('echo', { exchange, flags: FLAG.more, body: bytesOf(0x59) }), stop(exchange))
      await of.frame('FAULT')
      await of.take(PIECE)
      peer.say(data(exchange, new Uint8Array(PIECE), FLAG.more), reset(exchange, 1 + PIECE))
    }),
  ),
  row('gives up more than a window of one-way messages inside them', 'SE-163', (peer) =>
    turns(peer, async (exchange, of) => {
      await of.take(64 + PIECE)
      peer.say(peer.begin('note', { exchange, flags: FLAG.more, body: textOf(PIECE) }), reset(exchange, PIECE))
    }),
  ),
]

/** The shim has more to say than this end takes, and gives credit all the same. */
const STUCK: readonly Row[] = [
  {
    name: 'sends more than a window to who waits for credit',
    rule: 'SE-48',
    does: async (peer) => {
      peer.act('call', { tag: 'it', operation: 'echo', body: toHex(textOf(20_000)) })
      await peer.frame('BEGIN')
      await turns(peer, async (exchange, of) => {
        await of.take(64 + PIECE)
        peer.say(peer.begin('note', { exchange, body: textOf(PIECE) }))
      })
      await peer.rest()
      peer.say(end())
    },
    outcome: dies(null),
    heard: ['note', 'note', 'note', 'note'],
  },
]

/** Messages of the shim, as they come in pieces. */
class Pieces {
  readonly #peer: Hostile
  #taken = 0
  #open: number | undefined
  #whole = 0

  constructor(peer: Hostile) {
    this.#peer = peer
  }

  /** Gives a window of credit for what came, until so many messages are whole. */
  async take(messages: number): Promise<void> {
    while (this.#whole < messages) {
      const before = this.#taken
      for (const frame of (await this.#peer.rest()).frames) this.#look(frame)
      if (this.#taken === before) throw new Finding(`expected more than ${before} bytes, got none`)
      if (this.#whole < messages) this.#peer.say(credit(0, this.#taken + WINDOW))
    }
  }

  #look(frame: Frame): void {
    if (frame.is !== 'BEGIN' && frame.is !== 'DATA') return
    this.#taken += frame.body.length + (frame.is === 'BEGIN' ? 64 : 0)
    if (frame.more && this.#open !== undefined && this.#open !== frame.exchange)
      throw new Finding(`expected the rest of exchange ${this.#open}, got a piece of exchange ${frame.exchange}`)
    if (frame.more) this.#open = frame.exchange
    else {
      this.#whole++
      if (this.#open === frame.exchange) this.#open = undefined
    }
  }
}

const PIECES: readonly Row[] = [
  {
    name: 'gives credit for two long calls a window at a time',
    rule: 'SE-47',
    does: async (peer) => {
      for (const tag of ['one', 'two']) peer.act('call', { tag, operation: 'echo', body: toHex(textOf(9_000)) })
      await new Pieces(peer).take(2)
      peer.say(end())
    },
    outcome: dies(null),
  },
]

const open = { limits: { sessionWindow: WINDOW } } as const

export const RESTORED: readonly Case[] = [
  ...casesOf({ setup: { open } }, ROWS),
  ...casesOf({ setup: { ...open, open } }, STUCK),
  ...casesOf({ setup: open }, PIECES),
]
