import { concat } from '../bytes.js'
import { decode, encode, type Wire } from '../cbor.js'
import { SottoError } from '../errors.js'
import { type PeerId, peerId } from '../identity/id.js'
import type { Delivery } from '../link/face.js'

/** Elements before the Entry in the largest of the items it goes out in, each of a byte. */
const AROUND = [0, 0, 0, 0] as const

/**
 * TO-12: what a broker keeps of a message, `[from: tstr / null, ? value]`; encoded here and never again.
 *
 * @param from undefined for the service itself
 * @throws contract/invalid if the value has no form on the wire, or nests so deep that no item can hold it (TO-13, QU-30)
 */
export const encodeEntry = (from: PeerId | undefined, value: Wire | undefined): Uint8Array =>
  encodeItem(AROUND, from, value).subarray(AROUND.length + 1)

/** The Entry as it goes out, behind the elements of `head`: so what is over the limits of an item is found here. @throws as `encodeEntry` */
export const encodeItem = (head: readonly Wire[], from: PeerId | undefined, value: Wire | undefined): Uint8Array => {
  const entry = value === undefined ? [from ?? null] : [from ?? null, value]
  try {
    return encode([...head, entry])
  } catch (cause) {
    if (!SottoError.is(cause, 'cbor/unencodable') && !SottoError.is(cause, 'cbor/limit')) throw cause
    throw SottoError.of('contract/invalid', 'expected a message that a delivery can hold', {
      cause,
      details: { path: '' },
    })
  }
}

/** CBOR of an array of one or two, of null, and of a text with its length in the head or behind it. */
const ONE = 0x81
const TWO = 0x82
const NULL = 0xf6
const TEXT = 0x60
const LONG_TEXT = 0x78

/** Where the value begins in an Entry; the Entry's length if there is none. @throws broker/corrupt */
const valueAt = (entry: Uint8Array): number => {
  const [array = 0, from = 0, length = 0] = entry
  const at =
    from === NULL ? 2 : from === LONG_TEXT ? 3 + length : from >= TEXT && from < LONG_TEXT ? 2 + from - TEXT : 0
  const fits = array === ONE ? at === entry.length : array === TWO && at < entry.length
  if (at === 0 || !fits) throw SottoError.of('broker/corrupt', 'expected a stored message, got something else')
  return at
}

/** What stands before the Entry in an item of these elements. */
const headOf = (elements: readonly Wire[]): Uint8Array =>
  concat(Uint8Array.of(0x80 + elements.length + 1), ...elements.map(encode))

/**
 * A message as it goes out: the elements of `head`, then the Entry as it is stored.
 *
 * @throws broker/corrupt if that is no Entry
 */
export const deliveryOf = (subject: string, entry: Uint8Array, head: readonly Wire[]): Delivery =>
  deliveryIn(subject, entry, concat(headOf(head), entry))

/** As `deliveryOf`, of an item that is put together already. @throws broker/corrupt if that is no Entry */
export const deliveryIn = (subject: string, entry: Uint8Array, item: Uint8Array): Delivery =>
  new Handed(subject, item, entry.length - valueAt(entry))

/** Ends with the value of its message, if there is one. */
class Handed implements Delivery {
  readonly subject: string
  readonly item: Uint8Array
  readonly bytes: number
  #content: { readonly value: Wire | undefined } | undefined

  constructor(subject: string, item: Uint8Array, bytes: number) {
    this.subject = subject
    this.item = item
    this.bytes = bytes
  }

  /** Decoded once, however many ask. */
  content(): Wire | undefined {
    const { item, bytes } = this
    this.#content ??= { value: bytes === 0 ? undefined : decode(item.subarray(item.length - bytes)) }
    return this.#content.value
  }
}

/** What a message says of itself beside its subject. */
export interface Said {
  /** Who published or enqueued it: authenticated by the service. Undefined: the service itself. */
  readonly from: PeerId | undefined
  readonly value: Wire | undefined
}

/** Peers whose ids are remembered: to check one costs as much as all the rest of a delivery. */
const KNOWN = 1_024

/** Reads Entries as they came in an item. */
export class EntryReader {
  readonly #known = new Map<string, PeerId>()

  /** @throws contract/invalid on anything else (TO-9) */
  read(entry: Wire | undefined): Said {
    if (!isList(entry) || entry.length < 1 || entry.length > 2) throw invalidItem('expected an entry of one or two')
    const [from, value] = entry
    if (from === null) return { from: undefined, value }
    if (typeof from !== 'string') throw invalidItem('expected the id of a peer, or null')
    return { from: this.#known.get(from) ?? this.#learn(from), value }
  }

  #learn(text: string): PeerId {
    let id: PeerId
    try {
      id = peerId(text)
    } catch (cause) {
      throw invalidItem('expected the id of a peer, or null', cause)
    }
    if (this.#known.size >= KNOWN) this.#known.clear()
    this.#known.set(text, id)
    return id
  }
}

export const isMap = (value: Wire | undefined): value is { readonly [key: string]: Wire | undefined } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)

export const isList = (value: Wire | undefined): value is readonly Wire[] => Array.isArray(value)

/** What came down is not of the form that spec/topics.md and spec/queues.md give it. */
export const invalidItem = (message: string, cause?: unknown): SottoError =>
  SottoError.of('contract/invalid', message, { cause, details: { path: '' }, ran: 'yes' })
