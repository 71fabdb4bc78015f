import type { Wire } from '../../src/cbor.js'
import type { Ran } from '../../src/errors.js'
import type { Exchange } from '../../src/session/exchange.js'
import type { Begin } from './script.js'
import { newTrack, type Track } from './talks.js'

/** A message as its sender knows it, and what has come of it at either end. `E` is what sent it. */
export interface Asked<E = unknown> {
  readonly seq: number
  readonly begin: Begin
  readonly from: E
  readonly value: Wire
  readonly exchange: Exchange
  /** An outcome must be told: of a call or stream, and of a one-way message that had to wait. */
  readonly awaited: boolean
  /** By the clock of its sender. */
  readonly deadlineAt: number
  readonly up: Track
  readonly down: Track
  outcome: { readonly is: string; readonly ran: Ran } | undefined
  delivered: boolean
  /** The peer's policy refused it. */
  denied: boolean
  /** The sender was told that the peer refused it. */
  told: boolean
  answer: Wire | undefined
  answered: Begin['how'] | undefined
}

/** As it is when it is sent. */
export const newAsked = <E>(
  of: Pick<Asked<E>, 'seq' | 'begin' | 'from' | 'value' | 'exchange' | 'awaited' | 'deadlineAt'>,
): Asked<E> => ({
  ...of,
  up: newTrack(),
  down: newTrack(),
  outcome: undefined,
  delivered: false,
  denied: false,
  told: false,
  answer: undefined,
  answered: undefined,
})
