import { Decoder } from 'cbor-x/decode-no-eval'
import { type Bounds, scan } from './cborscan.js'
import { write } from './cborwrite.js'

type Scalar = null | boolean | number | bigint | string | Uint8Array

/** What a message body may hold (spec/cbor.md). Members that are `undefined` are left out. */
export type Wire = Scalar | readonly Wire[] | { readonly [key: string]: Wire | undefined }

/** What a structure of the protocol itself may hold: maps of integer keys too, no floats. */
export type Control =
  | Scalar
  | readonly Control[]
  | ReadonlyMap<number, Control>
  | { readonly [key: string]: Control | undefined }

/**
 * The one encoding of a message body, in a fresh buffer of exactly its length. Borrows `value`.
 * @throws cbor/unencodable a value with no form in the profile, deeper than 32 or cyclic
 * @throws cbor/limit over 65,536 items, or 1,024 keys in a map
 */
export const encode = (value: Wire): Uint8Array => write(value, false)

/** As `encode`, for control structures: `Map` with integer keys of -2^32..2^32-1 allowed, floats refused. */
export const encodeControl = (value: Control): Uint8Array => write(value, true)

/**
 * The value of a message body. Borrows `bytes`; byte strings in the result are copies. Integers are `number` where
 * that is exact (-(2^53-1)..2^53-1), else `bigint`. Objects have no prototype.
 * @throws cbor/malformed, cbor/forbidden, cbor/limit: the first fault in the order of the bytes
 */
export const decode = (bytes: Uint8Array): Wire => wire(build(bytes, false))

/**
 * As `decode`, for control structures: maps of integer keys, and empty maps, become `Map`; maps of text keys become
 * objects without prototype. `bounds` lowers the profile's limits.
 */
export const decodeControl = (bytes: Uint8Array, bounds?: Bounds): Control => control(build(bytes, true, bounds))

/**
 * This build of cbor-x has a state of its own: no native extractor, no extension or limit that other users of cbor-x set,
 * no generated code. Maps are built as `Map`, so no key ever meets a prototype before we look at it.
 */
const builder: { decode(bytes: Uint8Array): unknown } = new Decoder({
  useRecords: false,
  mapsAsObjects: false,
  copyBuffers: true, // CB-21
})

/** CB-1: no byte reaches the builder unscanned. */
const build = (bytes: Uint8Array, isControl: boolean, bounds?: Bounds): unknown => {
  const marked = scan(bytes, isControl, bounds)
  // cbor-x writes a property on its source, and copies a Buffer as a Buffer: it gets a plain view of its own.
  const source = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (marked) keepMarks(source)
  return builder.decode(source)
}

/**
 * CB-13: the TextDecoder of cbor-x drops one byte order mark from texts over 64 bytes, which also lets two keys fall
 * together. It takes such texts by `subarray` and nothing else, so it is handed one mark more.
 */
const keepMarks = (source: Uint8Array): void => {
  const subarray = (start: number, end: number): Uint8Array => {
    const text = source.slice(start, end)
    if (text[0] !== 0xef || text[1] !== 0xbb || text[2] !== 0xbf) return text
    const doubled = new Uint8Array(text.length + 3)
    doubled.set(text.subarray(0, 3))
    doubled.set(text, 3)
    return doubled
  }
  Object.defineProperty(source, 'subarray', { value: subarray })
}

const wire = (built: unknown): Wire => {
  if (built instanceof Map) return record(built, wire)
  return Array.isArray(built) ? built.map(wire) : scalar(built)
}

const control = (built: unknown): Control => {
  if (built instanceof Map) return typeof firstKey(built) === 'string' ? record(built, control) : numbered(built)
  return Array.isArray(built) ? built.map(control) : scalar(built)
}

const scalar = (built: unknown): Scalar => {
  switch (typeof built) {
    case 'bigint':
      // CB-23: cbor-x gives every integer of a 64-bit head as bigint.
      return Number.isSafeInteger(Number(built)) ? Number(built) : built
    case 'number':
    case 'string':
    case 'boolean':
      return built
    default:
      if (built === null || built instanceof Uint8Array) return built
      throw new TypeError(`expected a value of the profile behind the scanner, got ${typeof built}`)
  }
}

const firstKey = (map: ReadonlyMap<unknown, unknown>): unknown => {
  for (const key of map.keys()) return key
  return undefined
}

const record = <T>(map: ReadonlyMap<unknown, unknown>, finish: (built: unknown) => T): { [key: string]: T } => {
  const object: { [key: string]: T } = Object.create(null) // CB-22
  for (const [key, value] of map) object[String(key)] = finish(value)
  return object
}

const numbered = (map: ReadonlyMap<unknown, unknown>): ReadonlyMap<number, Control> => {
  const result = new Map<number, Control>()
  for (const [key, value] of map) result.set(Number(key), control(value))
  return result
}
