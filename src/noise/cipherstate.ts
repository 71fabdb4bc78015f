import type { AeadKey } from '../crypto/provider.js'
import { SottoError } from '../errors.js'

/** Noise section 3: no message is longer. */
export const MAX_MESSAGE = 65_535

export const TAG_LENGTH = 16

/** NO-21: reserved, as 2^64-1 is in the specification; stricter, so that n is exact in a double. */
const MAX_N = Number.MAX_SAFE_INTEGER

/** Which half of `EncryptWithAd` and `DecryptWithAd` a state is for; both only inside a handshake. */
type Use = 'send' | 'receive' | 'both'

/**
 * `k` and `n` of the Noise specification, section 5.1; always with a key. After the handshake each state serves one
 * direction, so that no nonce of the peer's can be spent here (NO-23). In the reserved direction of a one-way pattern,
 * and after `erase`, every call is `noise/misuse`.
 */
export class CipherState {
  #k: AeadKey | undefined
  #n: number
  readonly #use: Use

  /** @internal Takes the key over. `n` other than 0 is for tests of the limit. */
  constructor(k: AeadKey, use: Use, n = 0) {
    this.#k = k
    this.#use = use
    this.#n = n
  }

  /**
   * The ciphertext and its 16-byte tag, freshly allocated. Spends a nonce, even if it throws.
   *
   * @param plaintext at most 65,519 bytes
   * @throws noise/exhausted, noise/misuse, RangeError on a longer plaintext
   */
  encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const out = new Uint8Array(plaintext.length + TAG_LENGTH)
    this.sealInto(ad, plaintext, out)
    return out
  }

  /**
   * @internal As `encryptWithAd`, into `out`: exactly 16 bytes longer than `plaintext`, no byte in common with it.
   */
  sealInto(ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void {
    const k = this.#key('send')
    // NO-15
    if (out.length !== plaintext.length + TAG_LENGTH || out.length > MAX_MESSAGE)
      throw new RangeError(`expected at most 65,519 bytes and room for them and a tag, got ${plaintext.length}`)
    // NO-20: spent before it is used, so that nothing that throws can lead to a second use.
    k.seal(this.#n++, ad, plaintext, out)
  }

  /**
   * The plaintext, freshly allocated. A message that fails leaves `n` as it was: the true one can still come (5.1).
   *
   * @param ciphertext 16 to 65,535 bytes
   * @throws noise/decrypt if it is not authentic or of another length, noise/exhausted, noise/misuse
   */
  decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array {
    const k = this.#key('receive')
    const plaintext = ciphertext.length > MAX_MESSAGE ? undefined : k.open(this.#n, ad, ciphertext)
    if (plaintext === undefined) throw SottoError.of('noise/decrypt', 'expected an authentic message')
    // NO-22: not before it has opened.
    this.#n++
    return plaintext
  }

  /** NO-25: `k = REKEY(k)` (4.2); `n` goes on. @throws noise/misuse */
  rekey(): void {
    const old = this.#held()
    this.#k = old.rekey()
    old.erase()
  }

  /** @internal Erases the key and takes over that of `next`, which must not be used again; `n` goes on (CH-4). @throws noise/misuse */
  succeed(next: CipherState): void {
    const key = next.#held()
    this.#held().erase()
    next.#k = undefined
    this.#k = key
  }

  /** Erases the key. Every later call but this one is `noise/misuse`. */
  erase(): void {
    this.#k?.erase()
    this.#k = undefined
  }

  #held(): AeadKey {
    if (this.#k === undefined) throw SottoError.of('noise/misuse', 'expected a key, got a state without one')
    return this.#k
  }

  #key(use: Use): AeadKey {
    const k = this.#held()
    if (this.#use !== 'both' && this.#use !== use)
      throw SottoError.of('noise/misuse', `expected the state to ${use}, got the one to ${this.#use}`)
    // NO-21
    if (this.#n >= MAX_N) throw SottoError.of('noise/exhausted', 'the last nonce of this key is spent')
    return k
  }
}
