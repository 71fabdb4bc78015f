import { concat, lengthPrefixed, utf8 } from '../bytes.js'

/** Plaintexts of what is kept, big-endian. A service of this version sealed them, so their form is not doubted. */

/** A message of a queue: `delayMs u32 | body`. */
export interface StoredMessage {
  readonly delayMs: number
  readonly body: Uint8Array
}

/** Of so many deliveries that NATS counts, so many were attempts: `attempts u32 | delivered u64`. */
export interface StoredNote {
  readonly attempts: number
  readonly delivered: number
}

/** What makes a message a dead letter: a note, `reason lp | reply lp`. The reply is where its last delivery is acknowledged. */
export interface StoredDead extends StoredNote {
  readonly reason: string
  readonly reply: string
}

const DELAY = 4
const NOTE = 12

export const encodeMessage = ({ delayMs, body }: StoredMessage): Uint8Array => {
  const head = new Uint8Array(DELAY)
  new DataView(head.buffer).setUint32(0, delayMs)
  return concat(head, body)
}

export const decodeMessage = (bytes: Uint8Array): StoredMessage => ({
  delayMs: viewOf(bytes).getUint32(0),
  body: bytes.subarray(DELAY),
})

export const encodeNote = ({ attempts, delivered }: StoredNote): Uint8Array => {
  const note = new Uint8Array(NOTE)
  const view = viewOf(note)
  view.setUint32(0, attempts)
  view.setUint32(4, Math.floor(delivered / 2 ** 32))
  view.setUint32(8, delivered >>> 0)
  return note
}

export const decodeNote = (bytes: Uint8Array): StoredNote => {
  const view = viewOf(bytes)
  return { attempts: view.getUint32(0), delivered: view.getUint32(4) * 2 ** 32 + view.getUint32(8) }
}

export const encodeDead = (dead: StoredDead): Uint8Array =>
  concat(encodeNote(dead), lengthPrefixed(utf8(dead.reason)), lengthPrefixed(utf8(dead.reply)))

export const decodeDead = (bytes: Uint8Array): StoredDead => {
  const [reason, afterReason] = textAt(bytes, NOTE)
  const [reply] = textAt(bytes, afterReason)
  return { ...decodeNote(bytes), reason, reply }
}

const textAt = (bytes: Uint8Array, at: number): readonly [text: string, after: number] => {
  const start = at + 2
  const end = start + viewOf(bytes).getUint16(at)
  return [new TextDecoder().decode(bytes.subarray(start, end)), end]
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
