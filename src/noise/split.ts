import { concat, lengthPrefixed, utf8 } from '../bytes.js'
import { hkdfExpand } from '../crypto/hkdf.js'
import type { Cipher, Hash } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { CipherState } from './cipherstate.js'
import type { Role } from './patterns.js'
import type { SplitKeys } from './symmetricstate.js'

const MAX_EXPORT = 1024
const MAX_LABEL = 255
const RESERVED = 'sotto '

/** A finished handshake, as its HandshakeState hands it over. */
interface Finished {
  /** Taken over and overwritten. */
  readonly keys: SplitKeys
  readonly cipher: Cipher
  readonly hash: Hash
  readonly role: Role
  readonly oneWay: boolean
  readonly h: Uint8Array
  readonly remoteStatic: Uint8Array | undefined
}

/** @internal Sees the raw keys of a handshake that has just ended: for a key log, and for nothing else. */
export type Look = (split: Split, keys: SplitKeys) => void

/** What a finished handshake leaves. Its byte arrays are the caller's own copies. */
export class Split {
  /** Encrypts to the peer. For the recipient of a one-way pattern every call is `noise/misuse`. */
  readonly send: CipherState
  /** Decrypts from the peer. For the sender of a one-way pattern every call is `noise/misuse`. */
  readonly receive: CipherState
  /** `h` at the end, HASHLEN bytes: the channel binding of Noise 11.2. */
  readonly handshakeHash: Uint8Array
  /** The peer's static public key, DHLEN bytes; undefined where the pattern gives it none. */
  readonly remoteStatic: Uint8Array | undefined
  readonly #hash: Hash
  #exp: Uint8Array | undefined
  #root: Uint8Array | undefined

  /** @internal `look` sees the raw keys before they are overwritten, and keeps none of them. */
  constructor({ keys, cipher, hash, role, oneWay, h, remoteStatic }: Finished, look?: Look) {
    const key = (k: Uint8Array, sender: Role): CipherState =>
      new CipherState(cipher.importKey(k), role === sender ? 'send' : 'receive')
    const fromInitiator = key(keys.k1, 'initiator')
    const fromResponder = key(keys.k2, 'responder')
    // NO-24: the recipient of a one-way pattern has no ephemeral of its own to make its keys fresh (7.4).
    if (oneWay) fromResponder.erase()
    this.send = role === 'initiator' ? fromInitiator : fromResponder
    this.receive = role === 'initiator' ? fromResponder : fromInitiator
    this.handshakeHash = h
    this.remoteStatic = remoteStatic
    this.#hash = hash
    // NO-26: HMAC(x, "Sotto/1 exporter" | h | 01) is the first block of HKDF-Expand.
    this.#exp = hkdfExpand(hash, keys.x, concat(utf8('Sotto/1 exporter'), h), hash.length)
    // CH-21
    this.#root = hkdfExpand(hash, keys.x, concat(utf8('Sotto/1 root'), h), hash.length)
    look?.(this, keys)
    for (const secret of [keys.k1, keys.k2, keys.x]) secret.fill(0)
  }

  /**
   * A secret that only the two sides can derive, apart from the transport keys:
   * HKDF-Expand(exp, lp(label) | HASH(context), length), in the handshake's own hash.
   *
   * @param label 1 to 255 characters of printable ASCII that do not start with "sotto "
   * @param length 1 to 1,024 bytes
   * @throws RangeError on another label or length, noise/misuse after `erase`
   */
  export(label: string, context: Uint8Array, length: number): Uint8Array {
    // NO-29
    if (label.startsWith(RESERVED)) throw new RangeError(`label: "${RESERVED}" at its start is reserved`)
    return this.exportReserved(label, context, length)
  }

  /** @internal As `export`, for Sotto's own labels. */
  exportReserved(label: string, context: Uint8Array, length: number): Uint8Array {
    // NO-28
    if (label.length > MAX_LABEL || !/^[\x20-\x7e]+$/.test(label))
      throw new RangeError(`label: expected 1 to ${MAX_LABEL} characters of printable ASCII`)
    if (!Number.isInteger(length) || length < 1 || length > MAX_EXPORT)
      throw new RangeError(`length: expected an integer of 1..${MAX_EXPORT}, got ${length}`)
    if (this.#exp === undefined) throw SottoError.of('noise/misuse', 'expected a live exporter, got an erased one')
    // NO-27
    const info = concat(lengthPrefixed(utf8(label)), this.#hash.digest(context))
    return hkdfExpand(this.#hash, this.#exp, info, length)
  }

  /**
   * @internal What the next refresh of the session is keyed with, HASHLEN bytes; from here on the caller's to overwrite.
   *
   * @throws noise/misuse the second time, and after `erase`
   */
  takeRoot(): Uint8Array {
    const root = this.#root
    if (root === undefined) throw SottoError.of('noise/misuse', 'expected a root that was not taken')
    this.#root = undefined
    return root
  }

  /** @internal The keys go on without it: a refresh leaves the exports of its session as they are (CH-33). */
  eraseExporter(): void {
    this.#exp?.fill(0)
    this.#exp = undefined
  }

  /** Erases both cipher states, the exporter's secret and the root. */
  erase(): void {
    this.send.erase()
    this.receive.erase()
    this.eraseExporter()
    this.#root?.fill(0)
    this.#root = undefined
  }
}
