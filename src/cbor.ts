import { Decoder } from 'cbor-x/decode-no-eval'
import { type FloatWidth, floatWidth, writeFloat } from './cborfloat.js'
import { MAX_DEPTH, MAX_ITEMS, MAX_KEYS, REFUSED_KEYS, scan } from './cborscan.js'
import { SottoError } from './errors.js'

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
export const encode = (value: Wire): Uint8Array => new Writer(false).whole(value)

/** As `encode`, for control structures: `Map` with integer keys of -2^32..2^32-1 allowed, floats refused. */
export const encodeControl = (value: Control): Uint8Array => new Writer(true).whole(value)

/**
 * The value of a message body. Borrows `bytes`; byte strings in the result are copies. Integers are `number` where
 * that is exact (-(2^53-1)..2^53-1), else `bigint`. Objects have no prototype.
 * @throws cbor/malformed, cbor/forbidden, cbor/limit: the first fault in the order of the bytes
 */
export const decode = (bytes: Uint8Array): Wire => wire(build(bytes, false))

/**
 * As `decode`, for control structures: maps of integer keys, and empty maps, become `Map`; maps of text keys become
 * objects without prototype.
 */
export const decodeControl = (bytes: Uint8Array): Control => control(build(bytes, true))

/**
 * This build of cbor-x has a state of its own: no native extractor, no extension or limit that other users of cbor-x set,
 * no generated code. Maps are built as `Map`, so no key ever meets a prototype before we look at it.
 */
const builder: { decode(bytes: Uint8Array): unknown } = new Decoder({
  useRecords: false,
  mapsAsObjects: false,
  copyBuffers: true,
})

/** CB-1: no byte reaches the builder unscanned. */
const build = (bytes: Uint8Array, isControl: boolean): unknown => {
  const marked = scan(bytes, isControl)
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
      // cbor-x gives every integer of a 64-bit head as bigint.
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
  const object: { [key: string]: T } = Object.create(null)
  for (const [key, value] of map) object[String(key)] = finish(value)
  return object
}

const numbered = (map: ReadonlyMap<unknown, unknown>): ReadonlyMap<number, Control> => {
  const result = new Map<number, Control>()
  for (const [key, value] of map) result.set(Number(key), control(value))
  return result
}

const encoder = new TextEncoder()
const refusedKeys: ReadonlySet<string> = new Set(REFUSED_KEYS)

/** Writes one value; grows by doubling. Takes `unknown`, since callers without types come too. */
class Writer {
  readonly #control: boolean
  #out = new Uint8Array(256)
  #at = 0
  #items = 0

  constructor(isControl: boolean) {
    this.#control = isControl
  }

  /** `slice` copies, so what leaves has no buffer behind it but its own (CB-20). */
  whole(value: unknown): Uint8Array {
    this.#item(value, 0)
    return this.#out.slice(0, this.#at)
  }

  #item(value: unknown, depth: number): void {
    this.#count(1)
    switch (typeof value) {
      case 'string':
        this.#text(value)
        break
      case 'number':
        this.#number(value)
        break
      case 'bigint':
        this.#integer(value)
        break
      case 'boolean':
        this.#byte(value ? 0xf5 : 0xf4)
        break
      case 'object':
        if (value === null) this.#byte(0xf6)
        else this.#object(value, depth + 1)
        break
      default:
        throw unencodable(`expected a value of the profile, got ${typeof value}`)
    }
  }

  #count(items: number): void {
    this.#items += items
    if (this.#items > MAX_ITEMS) throw limit(`expected at most ${MAX_ITEMS} items`)
  }

  #object(value: object, depth: number): void {
    if (value instanceof Uint8Array) {
      this.#bytes(value)
      return
    }
    // CB-14: a cycle has no deepest container, so it ends here too.
    if (depth > MAX_DEPTH) throw unencodable(`expected at most ${MAX_DEPTH} containers inside each other`)
    if (Array.isArray(value)) this.#array(value, depth)
    else if (isPlain(value)) this.#record(value, depth)
    else if (this.#control && value instanceof Map) this.#numbered(value, depth)
    else throw unencodable('expected a plain object, got an instance of a class') // CB-18
  }

  #array(values: readonly unknown[], depth: number): void {
    if (values.length > MAX_ITEMS) throw limit(`expected at most ${MAX_ITEMS} items, got ${values.length}`)
    this.#head(4, values.length)
    for (let i = 0; i < values.length; i++) this.#item(values[i], depth)
  }

  #record(object: Readonly<Record<string, unknown>>, depth: number): void {
    const keys = keysOf(object)
    this.#open(keys.length)
    for (const key of keys) {
      if (refusedKeys.has(key)) throw unencodable('expected no key that plain objects treat apart') // CB-12
      this.#text(key)
      this.#item(object[key], depth)
    }
  }

  #numbered(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    this.#open(map.size)
    for (const [key, value] of [...map].map(numberKeyed).sort(byKey)) {
      this.#number(key)
      this.#item(value, depth)
    }
  }

  #open(keys: number): void {
    if (keys > MAX_KEYS) throw limit(`expected at most ${MAX_KEYS} keys in a map, got ${keys}`) // CB-16
    this.#count(keys)
    this.#head(5, keys)
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value)) this.#head(value < 0 ? 1 : 0, value < 0 ? -1 - value : value)
    else if (Number.isInteger(value)) this.#integer(BigInt(value))
    else this.#float(value)
  }

  /** CB-8: -2^64..2^64-1. Both signs write an argument of 0..2^64-1. */
  #integer(value: bigint): void {
    const major = value < 0n ? 1 : 0
    const argument = value < 0n ? -1n - value : value
    if (argument > MAX_ARGUMENT) throw unencodable('expected an integer of at most 64 bits')
    if (argument <= MAX_SAFE) {
      this.#head(major, Number(argument))
      return
    }
    this.#byte((major << 5) | 27)
    for (let shift = 56n; shift >= 0n; shift -= 8n) this.#byte(Number((argument >> shift) & 0xffn))
  }

  #float(value: number): void {
    if (this.#control) throw unencodable('expected an integer, got a float in a control structure') // CB-17
    const width = floatWidth(value)
    this.#byte(FLOAT_HEADS[width])
    this.#room(width)
    writeFloat(this.#out, this.#at, value, width)
    this.#at += width
  }

  #bytes(value: Uint8Array): void {
    this.#head(2, value.length)
    this.#room(value.length)
    this.#out.set(value, this.#at)
    this.#at += value.length
  }

  /** Writes behind a head for ASCII, then moves the text if its UTF-8 needs a longer head. */
  #text(text: string): void {
    this.#room(9 + text.length * 3)
    const start = this.#at
    const guess = 1 + argumentLength(text.length)
    const { written } = encoder.encodeInto(text, this.#out.subarray(start + guess))
    if (written !== text.length && LONE_SURROGATE.test(text)) {
      throw unencodable('expected well-formed text, got a lone surrogate') // CB-13
    }
    this.#head(3, written)
    if (this.#at !== start + guess) this.#out.copyWithin(this.#at, start + guess, start + guess + written)
    this.#at += written
  }

  /** CB-3: the shortest head. `argument` is a safe integer. */
  #head(major: number, argument: number): void {
    const size = argumentLength(argument)
    if (size === 0) {
      this.#byte((major << 5) | argument)
      return
    }
    this.#room(1 + size)
    this.#out[this.#at] = (major << 5) | (24 + Math.log2(size))
    let rest = argument
    for (let at = this.#at + size; at > this.#at; at--) {
      this.#out[at] = rest % 0x100
      rest = Math.floor(rest / 0x100)
    }
    this.#at += 1 + size
  }

  #byte(byte: number): void {
    this.#room(1)
    this.#out[this.#at++] = byte
  }

  #room(length: number): void {
    const needed = this.#at + length
    if (needed <= this.#out.length) return
    const grown = new Uint8Array(Math.max(needed, this.#out.length * 2))
    grown.set(this.#out.subarray(0, this.#at))
    this.#out = grown
  }
}

/** Bytes an argument takes behind its initial byte: none below 24. */
const argumentLength = (argument: number): number =>
  argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8

const FLOAT_HEADS = { 2: 0xf9, 4: 0xfa, 8: 0xfb } as const satisfies Record<FloatWidth, number>
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const MAX_ARGUMENT = (1n << 64n) - 1n
const LONE_SURROGATE = /\p{Surrogate}/u

const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The second question lets in the Object.prototype of another realm.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** CB-10: the defined members, in the order of their encoded keys; sorts only what is out of order. */
const keysOf = (object: Readonly<Record<string, unknown>>): readonly string[] => {
  const all = Object.keys(object)
  const keys = all.every((key) => object[key] !== undefined) ? all : all.filter((key) => object[key] !== undefined)
  const ordered = keys.every((key, i) => i === 0 || encodedOrder(keys[i - 1] ?? '', key) < 0)
  return ordered ? keys : keys.sort(encodedOrder)
}

/** Bytewise order of two encoded texts: the head comes first, so the shorter in UTF-8 does. */
const encodedOrder = (a: string, b: string): number => {
  const longer = utf8Length(a) - utf8Length(b)
  if (longer !== 0) return longer
  for (let i = 0; i < a.length; i++) {
    const difference = codePointRank(a.charCodeAt(i)) - codePointRank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return 0
}

const utf8Length = (text: string): number => {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) length += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return length
}

/** Puts surrogates, which stand for U+10000 and up, behind the units from U+E000 on, as UTF-8 has them. */
const codePointRank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

const numberKeyed = ([key, value]: readonly [unknown, unknown]): readonly [number, unknown] => {
  if (typeof key !== 'number' || !Number.isInteger(key) || key < -(2 ** 32) || key >= 2 ** 32) {
    throw unencodable('expected integer keys of at most 32 bits')
  }
  return [key, value]
}

/** 0, 1, 2, … come before -1, -2, … */
const byKey = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number => {
  if (a < 0 !== b < 0) return a < 0 ? 1 : -1
  return a < 0 ? b - a : a - b
}

const unencodable = (message: string) => SottoError.of('cbor/unencodable', message)
const limit = (message: string) => SottoError.of('cbor/limit', message)
