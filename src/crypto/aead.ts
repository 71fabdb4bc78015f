import { checkLength, type Held } from './key.js'
import type { AeadKey, Cipher, CipherName } from './provider.js'

const KEY_LENGTH = 32
const NONCE_LENGTH = 12
const TAG_LENGTH = 16

/** What a provider adds to make a Cipher: the AEAD of RFC 8439 or SP 800-38D with its own form `K` of a 32-byte key. */
export interface Aead<K> {
  /** Holds a copy of `key`. */
  hold(key: Uint8Array): Held<K>
  /** `nonce` has 12 bytes; `out` has plaintext.length + 16 bytes and overlaps no input. */
  seal(key: K, nonce: Uint8Array, ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void
  /** `ciphertext` has at least 16 bytes. Undefined if authentication fails. */
  open(key: K, nonce: Uint8Array, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** The Cipher `name` over a provider's `aead`: nonces, checks and erasure are the same for every provider. */
export const cipher = <K>(name: CipherName, aead: Aead<K>): Cipher => ({
  name,
  importKey: (key) => {
    checkLength('cipher key', key, KEY_LENGTH)
    return new ImportedKey(name, aead, key)
  },
})

class ImportedKey<K> implements AeadKey {
  readonly #name: CipherName
  readonly #aead: Aead<K>
  readonly #held: Held<K>
  readonly #nonce = new Nonce()

  constructor(name: CipherName, aead: Aead<K>, key: Uint8Array) {
    this.#name = name
    this.#aead = aead
    this.#held = aead.hold(key)
  }

  seal(n: number, ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void {
    // CR-9
    if (out.length !== plaintext.length + TAG_LENGTH)
      throw new RangeError(`out: expected ${plaintext.length + TAG_LENGTH} bytes, got ${out.length}`)
    if (overlap(out, plaintext) || overlap(out, ad)) throw new RangeError('out: expected no overlap with an input')
    this.#aead.seal(this.#held.key, this.#nonce.of(n, this.#name), ad, plaintext, out)
  }

  open(n: number, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    const key = this.#held.key
    const nonce = this.#nonce.of(n, this.#name)
    // CR-6: too short for a tag fails like a wrong tag.
    return ciphertext.length < TAG_LENGTH ? undefined : this.#aead.open(key, nonce, ad, ciphertext)
  }

  rekey(): AeadKey {
    const out = new Uint8Array(KEY_LENGTH + TAG_LENGTH)
    // CR-8: the one use of nonce 2^64-1, which no counter reaches.
    this.#aead.seal(this.#held.key, this.#nonce.last(), new Uint8Array(0), new Uint8Array(KEY_LENGTH), out)
    const next = new ImportedKey(this.#name, this.#aead, out.subarray(0, KEY_LENGTH))
    out.fill(0)
    return next
  }

  erase(): void {
    this.#held.erase()
  }
}

/** The 12-byte nonce of Noise 12.3 and 12.4, written into one buffer that lives as long as its key. */
class Nonce {
  readonly #bytes = new Uint8Array(NONCE_LENGTH)
  readonly #view = new DataView(this.#bytes.buffer)

  /** CR-13: 4 zero bytes, then n in 64 bits: little-endian for ChaChaPoly, big-endian for AESGCM. */
  of(n: number, name: CipherName): Uint8Array {
    // CR-7: beyond 2^53-1 two counters share one double, and so would their nonces.
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`n: expected an integer of 0..2^53-1, got ${n}`)
    const high = Math.floor(n / 0x1_0000_0000)
    const low = n >>> 0
    const littleEndian = name === 'ChaChaPoly'
    this.#view.setUint32(4, littleEndian ? low : high, littleEndian)
    this.#view.setUint32(8, littleEndian ? high : low, littleEndian)
    return this.#bytes
  }

  last(): Uint8Array {
    return this.#bytes.fill(0xff, 4)
  }
}

/** `out` has room for a tag at least, so it is never empty. */
const overlap = (out: Uint8Array, input: Uint8Array): boolean =>
  input.length > 0 &&
  out.buffer === input.buffer &&
  out.byteOffset < input.byteOffset + input.length &&
  input.byteOffset < out.byteOffset + out.length
