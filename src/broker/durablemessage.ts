import type { MessageEntry, State } from './durableentry.js'
import type { Turn } from './memoryqueueturns.js'

/** A message of a queue, without its body: that stays in the commit which holds it. */
export interface StoredMessage extends State {
  readonly id: string
  /** Rises with the enqueues of the whole store. */
  readonly number: number
  readonly subject: string
  readonly enqueuedMs: number
  readonly key: string
  readonly keyMs: number
  stage: State['stage']
  attempts: number
  dueMs: number
  reason: string
  /** When it is due, or its lease is over. */
  turn: Turn<StoredMessage> | undefined
  /** Of the lease that runs. */
  receipt: string
  place: Place
}

/** Where a body stands. */
export interface Place {
  readonly sequence: number
  /** Behind its last byte. */
  readonly end: number
  readonly length: number
  /** Bytes of the whole entry. */
  readonly size: number
}

/** A key and the message it was of. */
export interface StoredKey {
  readonly number: number
  readonly keyMs: number
  /** The commit that says so, with or without the message. */
  sequence: number
}

/** As text, at most 11 characters. */
export const idOf = (number: number): string => number.toString(36)

export const messageOf = (entry: Omit<MessageEntry, 'is' | 'queue' | 'body'>, place: Place): StoredMessage => {
  const { number, subject, enqueuedMs, key, keyMs, stage, attempts, dueMs, reason } = entry
  const state = { stage, attempts, dueMs, reason }
  return { id: idOf(number), number, subject, enqueuedMs, key, keyMs, ...state, turn: undefined, receipt: '', place }
}
