import { type FloatWidth, floatWidth, writeFloat } from './cborfloat.js'
import { MAX_DEPTH, MAX_ITEMS, MAX_KEYS, REFUSED_KEYS } from './cborscan.js'
import { SottoError } from './errors.js'

/**
 * The one encoding of `value`, in a fresh buffer of exactly its length. Borrows `value`, of any type, since callers without
 * types come too.
 * @param isControl integer keys allowed, floats refused: structures of the protocol itself
 * @throws cbor/unencodable, cbor/limit
 */
export const write = (value: unknown, isControl: boolean): Uint8Array =>
  // A getter of the value may itself encode something; that takes a writer of its own.
  (shared.busy ? new Writer() : shared).whole(value, isControl)

/** Bytes of the writer that stay between calls: allocating more than 64 costs as much as a small message. */
const KEPT = 16_384

/** Letters of a text that is written letter by letter if it is ASCII: the id of a peer is one. */
const SHORT_TEXT = 80

/** Bytes an argument takes behind its initial byte: none below 24. */
const argumentLength = (argument: number): number =>
  argument < 24 ? 0 : argument < 0x100 ? 1 : argument < 0x1_0000 ? 2 : argument < 0x1_0000_0000 ? 4 : 8

const FLOAT_HEADS = { 2: 0xf9, 4: 0xfa, 8: 0xfb } as const satisfies Record<FloatWidth, number>
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
const MAX_ARGUMENT = (1n << 64n) - 1n
const LONE_SURROGATE = /\p{Surrogate}/u
const encoder = new TextEncoder()
const refusedKeys: ReadonlySet<string> = new Set(REFUSED_KEYS)

/** Writes one value after another, never two at once. */
class Writer {
  #out = new Uint8Array(KEPT)
  #at = 0
  #items = 0
  #control = false
  #busy = false

  get busy(): boolean {
    return this.#busy
  }

  /** CB-20: `slice` copies, so what leaves has no buffer behind it but its own; what stays is wiped. */
  whole(value: unknown, isControl: boolean): Uint8Array {
    this.#busy = true
    this.#control = isControl
    try {
      this.#item(value, 0)
      return this.#out.slice(0, this.#at)
    } finally {
      if (this.#out.length > KEPT) this.#out = new Uint8Array(KEPT)
      else this.#out.fill(0, 0, this.#at)
      this.#at = 0
      this.#items = 0
      this.#busy = false
    }
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

  #text(text: string): void {
    this.#room(9 + text.length * 3)
    if (text.length > SHORT_TEXT || !this.#shortText(text)) this.#anyText(text)
  }

  /** Writes ASCII of few letters, for which an encoder would take longer; false for any other. */
  #shortText(text: string): boolean {
    const out = this.#out
    const start = this.#at + 1 + argumentLength(text.length)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) return false
      out[start + i] = unit
    }
    this.#head(3, text.length)
    this.#at = start + text.length
    return true
  }

  /** Writes where ASCII of this length would start, and moves the text if its UTF-8 needs a longer head. */
  #anyText(text: string): void {
    const guess = this.#at + 1 + argumentLength(text.length)
    const { written } = encoder.encodeInto(text, this.#out.subarray(guess))
    if (written !== text.length && LONE_SURROGATE.test(text)) {
      this.#at = guess + written // so that it is wiped
      throw unencodable('expected well-formed text, got a lone surrogate') // CB-13
    }
    const start = this.#at + 1 + argumentLength(written)
    if (start !== guess) this.#out.copyWithin(start, guess, guess + written)
    this.#head(3, written)
    this.#at = start + written
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

const shared = new Writer()

const isPlain = (value: object): value is Readonly<Record<string, unknown>> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  // The second question lets in the Object.prototype of another realm.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** CB-10, CB-19: the defined members, in the order of their encoded keys; sorts only what is out of order. */
const keysOf = (object: Readonly<Record<string, unknown>>): readonly string[] => {
  const keys = Object.keys(object)
  let ordered = true
  let previous: string | undefined
  for (const key of keys) {
    if (object[key] === undefined) return keys.filter((name) => object[name] !== undefined).sort(encodedOrder)
    if (ordered && previous !== undefined) ordered = encodedOrder(previous, key) < 0
    previous = key
  }
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
