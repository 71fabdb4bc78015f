import { concat, equal, lengthPrefixed, toHex, utf8 } from '../bytes.js'
import { hkdfExpand, hkdfExtract } from '../crypto/hkdf.js'
import { checkLength, type Held, heldBytes } from '../crypto/key.js'
import type { AeadKey, Provider } from '../crypto/provider.js'
import type { Purpose } from './natsname.js'

/** Where a sealed message stands: it opens nowhere else. */
export interface Place {
  readonly purpose: Purpose | 'key'
  readonly address: string
  /** The whole subject of NATS. */
  readonly subject: string
}

/** Why a message did not open: sealed with a key that is not held here, or not what was sealed for this place. */
export type Unopened = 'unknown-key' | 'broken'

/** `01 | key id | salt | n`, before the ciphertext and its tag. */
const VERSION = 1
const KEY_ID = 8
const SALT = 16
const COUNTER = 8
const HEADER = 1 + KEY_ID + SALT + COUNTER
const TAG = 16

/** BR-75: messages sealed under one derived key. */
const MAX_SEALED = 2 ** 32

/** Derived keys that are kept to open with. */
const MAX_OPENERS = 1_024

const INFO_KEY_ID = utf8('Sotto/1 nats key id')
const INFO_SEAL = utf8('Sotto/1 nats seal')
const INFO_DEDUPE = utf8('Sotto/1 nats dedupe')

interface ClusterKey {
  readonly id: Uint8Array
  readonly held: Held<Uint8Array>
}

interface Sealing {
  readonly header: Uint8Array
  readonly key: AeadKey
  n: number
}

/**
 * BR-73 to BR-77: seals what NATS carries and keeps, with keys derived for each purpose, address and process. The first of the
 * cluster keys seals; all of them open.
 */
export class ClusterSeal {
  readonly #provider: Provider
  readonly #current: ClusterKey
  readonly #keys: readonly ClusterKey[]
  readonly #sealing = new Map<string, Sealing>()
  readonly #openers = new Map<string, AeadKey>()

  /** Keeps copies of the keys. @throws RangeError without a key, crypto/bad-key unless each has 32 bytes */
  constructor(provider: Provider, keys: readonly Uint8Array[]) {
    this.#provider = provider
    this.#keys = keys.map((key) => {
      checkLength('cluster key', key, 32)
      return { id: this.#derive(key, INFO_KEY_ID, KEY_ID), held: heldBytes(key) }
    })
    const [current] = this.#keys
    if (current === undefined) throw new RangeError('keys: expected one key or more')
    this.#current = current
  }

  /** Freshly allocated: 49 bytes more than `plaintext`. */
  seal(place: Place, plaintext: Uint8Array): Uint8Array {
    const sealing = this.#sealingFor(place)
    const out = new Uint8Array(HEADER + plaintext.length + TAG)
    out.set(sealing.header)
    const n = sealing.n++
    const view = new DataView(out.buffer)
    view.setUint32(HEADER - COUNTER, Math.floor(n / 2 ** 32))
    view.setUint32(HEADER - 4, n >>> 0)
    sealing.key.seal(n, associated(place), plaintext, out.subarray(HEADER))
    return out
  }

  /** The plaintext, freshly allocated, or why there is none. */
  open(place: Place, sealed: Uint8Array): Uint8Array | Unopened {
    if (sealed.length < HEADER + TAG || sealed[0] !== VERSION) return 'broken'
    const id = sealed.subarray(1, 1 + KEY_ID)
    const key = this.#keys.find((candidate) => equal(candidate.id, id))
    if (key === undefined) return 'unknown-key'
    const salt = sealed.subarray(1 + KEY_ID, 1 + KEY_ID + SALT)
    const name = `${toHex(sealed.subarray(1, 1 + KEY_ID + SALT))} ${place.purpose} ${place.address}`
    const known = this.#openers.get(name)
    const opener = known ?? this.#derived(key, salt, place)
    const n = counterOf(sealed)
    const opened = Number.isSafeInteger(n) ? opener.open(n, associated(place), sealed.subarray(HEADER)) : undefined
    // What opens nothing takes no place: anyone who can write to NATS can make up salts.
    if (known === undefined && opened !== undefined) this.#keep(name, opener)
    else if (known === undefined) opener.erase()
    return opened ?? 'broken'
  }

  /** Whether it was sealed with the first of the keys. */
  isCurrent(sealed: Uint8Array): boolean {
    return equal(sealed.subarray(1, 1 + KEY_ID), this.#current.id)
  }

  /** BR-78: stands for the dedupe key of a queue: the same for the same text, and no more to tell from it. */
  dedupe(address: string, key: string): string {
    const hash = this.#provider.hash.SHA256
    const derived = this.#derive(this.#current.held.key, concat(INFO_DEDUPE, lengthPrefixed(utf8(address))), 32)
    const tag = hash.hmac(derived, utf8(key))
    derived.fill(0)
    return toHex(tag.subarray(0, 16))
  }

  erase(): void {
    for (const { key } of this.#sealing.values()) key.erase()
    for (const key of this.#openers.values()) key.erase()
    for (const { held } of this.#keys) held.erase()
    this.#sealing.clear()
    this.#openers.clear()
  }

  #sealingFor(place: Place): Sealing {
    const name = `${place.purpose} ${place.address}`
    const known = this.#sealing.get(name)
    if (known !== undefined && known.n < MAX_SEALED) return known
    known?.key.erase()
    const salt = this.#provider.randomBytes(SALT)
    const sealing: Sealing = {
      header: concat(Uint8Array.of(VERSION), this.#current.id, salt),
      key: this.#derived(this.#current, salt, place),
      n: 0,
    }
    this.#sealing.set(name, sealing)
    return sealing
  }

  #derived(key: ClusterKey, salt: Uint8Array, { purpose, address }: Place): AeadKey {
    const info = concat(INFO_SEAL, Uint8Array.of(VERSION), salt, lengthPrefixed(utf8(purpose)), utf8(address))
    const bytes = this.#derive(key.held.key, info, 32)
    const derived = this.#provider.cipher.ChaChaPoly.importKey(bytes)
    bytes.fill(0)
    return derived
  }

  #derive(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
    const prk = hkdfExtract(this.#provider.hash.SHA256, utf8('Sotto/1 nats'), key)
    const derived = hkdfExpand(this.#provider.hash.SHA256, prk, info, length)
    prk.fill(0)
    return derived
  }

  #keep(name: string, opener: AeadKey): void {
    const oldest = this.#openers.size < MAX_OPENERS ? undefined : this.#openers.keys().next().value
    if (oldest !== undefined) {
      this.#openers.get(oldest)?.erase()
      this.#openers.delete(oldest)
    }
    this.#openers.set(name, opener)
  }
}

/** Tells a sealed message from every other: key id, salt and counter. Empty for what is too short to be one. */
export const markOf = (sealed: Uint8Array): { readonly sender: string; readonly n: number } => ({
  sender: toHex(sealed.subarray(1, HEADER - COUNTER)),
  n: sealed.length < HEADER ? 0 : counterOf(sealed),
})

const counterOf = (sealed: Uint8Array): number => {
  const view = new DataView(sealed.buffer, sealed.byteOffset, HEADER)
  return view.getUint32(HEADER - COUNTER) * 2 ** 32 + view.getUint32(HEADER - 4)
}

/** BR-74: purpose and address are in the derived key; the whole subject is here. */
const associated = (place: Place): Uint8Array =>
  concat(INFO_SEAL, Uint8Array.of(VERSION), lengthPrefixed(utf8(place.purpose)), utf8(place.subject))
