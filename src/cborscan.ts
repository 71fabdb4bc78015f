import { type FloatWidth, floatWidth, readFloat } from './cborfloat.js'
import { SottoError } from './errors.js'

/** Limits of one CBOR item (spec/cbor.md): containers inside each other, data items in all, keys of one map. */
export const MAX_DEPTH = 32
export const MAX_ITEMS = 65_536
export const MAX_KEYS = 1_024

/** Limits below the profile's, where less is enough. */
export interface Bounds {
  readonly depth: number
  readonly items: number
}

const PROFILE: Bounds = { depth: MAX_DEPTH, items: MAX_ITEMS }

/** Keys that no map may have: plain objects give them a meaning of their own. */
export const REFUSED_KEYS = ['__proto__', 'constructor', 'prototype'] as const

const refusedKeys = REFUSED_KEYS.map((key) => Uint8Array.from(key, (letter) => letter.charCodeAt(0)))

/**
 * Refuses `bytes` unless they are exactly one item of the profile. Borrows the bytes, allocates nothing for them.
 * @param control integer keys allowed, floats refused: structures of the protocol itself
 * @returns whether a text starts with a byte order mark, which the builder must be told to keep
 * @throws cbor/malformed, cbor/forbidden, cbor/limit: the first fault in the order of the bytes
 */
export const scan = (bytes: Uint8Array, control: boolean, bounds: Bounds = PROFILE): boolean =>
  new Scanner(bytes, control, bounds).whole()

class Scanner {
  readonly #bytes: Uint8Array
  readonly #control: boolean
  readonly #depth: number
  readonly #most: number
  #at = 0
  #items = 0
  #marked = false

  constructor(bytes: Uint8Array, control: boolean, { depth, items }: Bounds) {
    this.#bytes = bytes
    this.#control = control
    this.#depth = depth
    this.#most = items
  }

  whole(): boolean {
    this.#item(0)
    const left = this.#bytes.length - this.#at
    if (left !== 0) throw malformed(`expected one item, got ${left} bytes behind it`) // CB-2
    return this.#marked
  }

  /** One item inside `depth` containers. */
  #item(depth: number): void {
    const initial = this.#byte(this.#at)
    if (++this.#items > this.#most) throw limit(`expected at most ${this.#most} items`) // CB-15
    switch (initial >>> 5) {
      case 0:
      case 1:
        this.#argument(initial)
        return
      case 2:
        this.#skip(this.#argument(initial))
        return
      case 3:
        this.#text(this.#argument(initial))
        return
      case 4:
        this.#array(this.#argument(initial), depth + 1)
        return
      case 5:
        this.#map(this.#argument(initial), depth + 1)
        return
      case 6:
        if ((initial & 0x1f) > 27) throw malformed('expected a tag number, got a reserved head')
        throw forbidden('expected no tags') // CB-5
      default:
        this.#simple(initial)
    }
  }

  #byte(at: number): number {
    const byte = this.#bytes[at]
    if (byte === undefined) throw malformed(`expected more than the ${this.#bytes.length} bytes that came`)
    return byte
  }

  /** The argument of a head in its only spelling. From 2^53 on it is not exact, which no caller needs. */
  #argument(initial: number): number {
    const info = initial & 0x1f
    if (info < 24) {
      this.#at += 1
      return info
    }
    if (info > 27) throw refusedHead(initial)
    const size = 1 << (info - 24)
    let value = 0
    for (let i = 1; i <= size; i++) value = value * 0x100 + this.#byte(this.#at + i)
    // CB-3: one byte from 24 on, two from 2^8, four from 2^16, eight from 2^32.
    if (value < (size === 1 ? 24 : 2 ** (4 * size))) throw forbidden('expected the shortest head')
    this.#at += 1 + size
    return value
  }

  #skip(length: number): void {
    this.#room(length)
    this.#at += length
  }

  /** CB-4: what a head promises must be able to be there, before anything is made of it. */
  #room(length: number): void {
    const left = this.#bytes.length - this.#at
    if (length > left) throw malformed(`expected ${length} more bytes, got ${left}`)
  }

  #array(count: number, depth: number): void {
    this.#open(count, depth)
    for (let i = 0; i < count; i++) this.#item(depth)
  }

  #open(count: number, depth: number): void {
    this.#room(count)
    if (depth > this.#depth) throw limit(`expected at most ${this.#depth} containers inside each other`) // CB-14
    if (count > this.#most - this.#items) throw limit(`expected at most ${this.#most} items`)
  }

  #map(count: number, depth: number): void {
    this.#open(count * 2, depth)
    if (count > MAX_KEYS) throw limit(`expected at most ${MAX_KEYS} keys in a map, got ${count}`) // CB-16
    let previous = this.#at
    for (let i = 0; i < count; i++) {
      const key = this.#at
      this.#key(previous)
      if (i > 0) this.#rising(previous, key, this.#at)
      previous = key
      this.#item(depth)
    }
  }

  /** CB-11, CB-12: text; in control structures instead integers, if the first key is one. */
  #key(first: number): void {
    const initial = this.#byte(this.#at)
    const major = initial >>> 5
    const integer = this.#control && this.#byte(first) >>> 5 < 2
    if (integer ? major > 1 : major !== 3) throw forbidden('expected the keys of a map to be of one allowed type')
    if (integer && (initial & 0x1f) === 27) throw forbidden('expected an integer key of at most 32 bits')
    const start = this.#at
    this.#item(0)
    if (!integer) this.#allowed(start + 1, this.#at)
  }

  /** The refused keys are all shorter than 24 bytes, so their head is one byte. */
  #allowed(start: number, end: number): void {
    for (const key of refusedKeys) {
      if (end - start !== key.length) continue
      let same = true
      for (let i = 0; i < key.length && same; i++) same = this.#bytes[start + i] === key[i]
      if (same) throw forbidden('expected no key that plain objects treat apart')
    }
  }

  /** CB-10: the encoded keys rise byte by byte, so they are also distinct. No encoded key begins another. */
  #rising(previous: number, key: number, end: number): void {
    const bytes = this.#bytes
    let i = 0
    while (key + i < end && bytes[previous + i] === bytes[key + i]) i++
    if (key + i === end) throw forbidden('expected distinct keys, got the same twice')
    if ((bytes[previous + i] ?? 0) > (bytes[key + i] ?? 0)) throw forbidden('expected keys in bytewise order')
  }

  /** CB-13: UTF-8 of RFC 3629: shortest form, no surrogates, at most U+10FFFF. */
  #text(length: number): void {
    this.#room(length)
    const bytes = this.#bytes
    const end = this.#at + length
    let at = this.#at
    if (length > 2 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) this.#marked = true
    while (at < end) {
      const lead = bytes[at] ?? 0
      at += lead < 0x80 ? 1 : this.#sequence(lead, at, end)
    }
    this.#at = end
  }

  /** Length of the sequence of two to four bytes that starts with `lead` at `at`. */
  #sequence(lead: number, at: number, end: number): number {
    const size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    const second = this.#bytes[at + 1] ?? 0
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
    let valid = lead >= 0xc2 && lead <= 0xf4 && at + size <= end && second >= least && second <= most
    for (let i = 2; i < size && valid; i++) valid = ((this.#bytes[at + i] ?? 0) & 0xc0) === 0x80
    if (!valid) throw malformed('expected valid UTF-8')
    return size
  }

  #simple(initial: number): void {
    switch (initial) {
      case 0xf4:
      case 0xf5:
      case 0xf6:
        this.#at += 1
        return
      case 0xf9:
        this.#float(2)
        return
      case 0xfa:
        this.#float(4)
        return
      case 0xfb:
        this.#float(8)
        return
      case 0xf8:
        if (this.#byte(this.#at + 1) < 32) throw malformed('expected a simple value, got one in two bytes below 32')
        throw forbidden('expected false, true or null') // CB-6
      default:
        if (initial > 0xfb) throw malformed('expected an item, got a reserved or stop byte')
        throw forbidden('expected false, true or null')
    }
  }

  #float(width: FloatWidth): void {
    const start = this.#at + 1
    this.#at = start
    this.#skip(width)
    if (this.#control) throw forbidden('expected no floats in a control structure') // CB-17
    const value = readFloat(this.#bytes, start, width)
    if (Number.isInteger(value)) throw forbidden('expected an integer, got a float of an integral value') // CB-8
    const spare = Number.isNaN(value) && (this.#bytes[start] !== 0x7e || this.#bytes[start + 1] !== 0)
    if (spare || floatWidth(value) !== width) throw forbidden('expected the shortest float') // CB-9
  }
}

const refusedHead = (initial: number): SottoError => {
  const major = initial >>> 5
  if ((initial & 0x1f) === 31 && major >= 2) return forbidden('expected a definite length') // CB-7
  return malformed('expected a head, got a reserved one')
}

const malformed = (message: string) => SottoError.of('cbor/malformed', message)
const forbidden = (message: string) => SottoError.of('cbor/forbidden', message)
const limit = (message: string) => SottoError.of('cbor/limit', message)
