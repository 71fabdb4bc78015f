import { storedCrc } from './durablecrc.js'

/** A key and a value; the key is one of LevelDB's own, with a sequence and a type behind it. */
export type TableEntry = readonly [key: Uint8Array, value: Uint8Array]

/** What a table of LevelDB holds. */
export interface TableContent {
  /** Of the blocks that are whole. */
  readonly entries: readonly TableEntry[]
  /** What LevelDB would read and is not as it was written. */
  readonly isDamaged: boolean
}

const FOOTER = 48
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]
/** Behind a block: its type, and the checksum of both. */
const TRAILER = 5

/** Reads a table (doc/table_format of LevelDB), of blocks that are not compressed. */
export const readTable = (table: Uint8Array): TableContent => {
  const footer = table.subarray(-FOOTER)
  if (footer.length < FOOTER || MAGIC.some((byte, i) => footer[FOOTER - 8 + i] !== byte)) return BROKEN
  const handles = new Cursor(footer.subarray(0, FOOTER - 8))
  const meta = blockAt(table, handles)
  const index = blockAt(table, handles)
  if (index === undefined) return BROKEN
  let isDamaged = meta === undefined || !handles.isZero
  const entries: TableEntry[] = []
  for (const [, handle] of entriesOf(index)) {
    const block = blockAt(table, new Cursor(handle))
    if (block === undefined) isDamaged = true
    else entries.push(...entriesOf(block))
  }
  return { entries, isDamaged }
}

const BROKEN: TableContent = { entries: [], isDamaged: true }

/** The content of the block that a handle names, if it is whole. */
const blockAt = (table: Uint8Array, handle: Cursor): Uint8Array | undefined => {
  const offset = handle.varint()
  const size = handle.varint()
  const end = offset + size
  if (!(end + TRAILER <= table.length) || table[end] !== 0) return undefined
  const stored = new DataView(table.buffer, table.byteOffset + end + 1).getUint32(0, true)
  return storedCrc(table.subarray(offset, end + 1)) === stored ? table.subarray(offset, end) : undefined
}

/** Of a block that is whole: each key says how much of the one before it begins with. */
function* entriesOf(block: Uint8Array): Generator<TableEntry> {
  const restarts = new DataView(block.buffer, block.byteOffset + block.length - 4).getUint32(0, true)
  const cursor = new Cursor(block.subarray(0, block.length - 4 * (restarts + 1)))
  let key: Uint8Array = new Uint8Array()
  while (cursor.left > 0) {
    const shared = cursor.varint()
    const rest = cursor.varint()
    const length = cursor.varint()
    const next = new Uint8Array(shared + rest)
    next.set(key.subarray(0, shared))
    next.set(cursor.take(rest), shared)
    key = next
    yield [key, cursor.take(length)]
  }
}

/** Reads LevelDB's numbers; what is not there reads as NaN or nothing. */
export class Cursor {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Whether only zeros follow. */
  get isZero(): boolean {
    return this.#bytes.subarray(this.#at).every((byte) => byte === 0)
  }

  /** Little-endian groups of seven bits. */
  varint(): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.#bytes[this.#at++] ?? Number.NaN
      value += (byte % 128) * scale
      if (!(byte >= 128)) return value
    }
    return Number.NaN
  }

  take(length: number): Uint8Array {
    const start = this.#at
    this.#at = Math.min(this.#bytes.length, start + (length >= 0 ? length : Number.POSITIVE_INFINITY))
    return this.#bytes.subarray(start, this.#at)
  }
}
