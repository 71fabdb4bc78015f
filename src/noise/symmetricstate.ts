import { concat, EMPTY, utf8 } from '../bytes.js'
import { hkdfNoise } from '../crypto/hkdf.js'
import type { Cipher, Hash } from '../crypto/provider.js'
import { CipherState } from './cipherstate.js'

const KEY_LENGTH = 32

/** The outputs of the last step: Noise `Split`, and one more from which Sotto's exporter and root come (CH-21). */
export interface SplitKeys {
  /** Of the messages from initiator to responder. */
  readonly k1: Uint8Array
  readonly k2: Uint8Array
  readonly x: Uint8Array
}

/** `ck`, `h` and the handshake's cipher state: Noise section 5.2. */
export class SymmetricState {
  readonly #cipher: Cipher
  readonly #hash: Hash
  #ck: Uint8Array
  #h: Uint8Array
  /** Empty until the first MixKey. */
  #k: CipherState | undefined

  /** `InitializeSymmetric`: a name of up to HASHLEN bytes is padded with zeros, a longer one hashed. */
  constructor(protocolName: string, cipher: Cipher, hash: Hash) {
    this.#cipher = cipher
    this.#hash = hash
    const name = utf8(protocolName)
    this.#h = name.length > hash.length ? hash.digest(name) : concat(name, new Uint8Array(hash.length - name.length))
    this.#ck = concat(this.#h)
  }

  /** A copy of `h`. */
  get h(): Uint8Array {
    return concat(this.#h)
  }

  mixHash(data: Uint8Array): void {
    this.#h = this.#hash.digest(this.#h, data)
  }

  mixKey(inputKeyMaterial: Uint8Array): void {
    const [ck, tempK] = hkdfNoise(this.#hash, this.#ck, inputKeyMaterial, 2)
    this.#renew(ck, tempK)
  }

  mixKeyAndHash(inputKeyMaterial: Uint8Array): void {
    const [ck, tempH, tempK] = hkdfNoise(this.#hash, this.#ck, inputKeyMaterial, 3)
    this.mixHash(tempH)
    this.#renew(ck, tempK)
  }

  /** Plain where there is no key yet; freshly allocated in any case. */
  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#k === undefined ? concat(plaintext) : this.#k.encryptWithAd(this.#h, plaintext)
    this.mixHash(ciphertext)
    return ciphertext
  }

  /** @throws noise/decrypt */
  decryptAndHash(ciphertext: Uint8Array): Uint8Array {
    const plaintext = this.#k === undefined ? concat(ciphertext) : this.#k.decryptWithAd(this.#h, ciphertext)
    this.mixHash(ciphertext)
    return plaintext
  }

  split(): SplitKeys {
    const [k1, k2, x] = hkdfNoise(this.#hash, this.#ck, EMPTY, 3)
    return { k1: k1.subarray(0, KEY_LENGTH), k2: k2.subarray(0, KEY_LENGTH), x }
  }

  /** Overwrites `ck` and erases `k`; the state must not be used again. */
  erase(): void {
    this.#ck.fill(0)
    this.#k?.erase()
    this.#k = undefined
  }

  #renew(ck: Uint8Array, tempK: Uint8Array): void {
    this.#ck.fill(0)
    this.#ck = ck
    this.#k?.erase()
    // 5.2: truncated where HASHLEN is 64.
    this.#k = new CipherState(this.#cipher.importKey(tempK.subarray(0, KEY_LENGTH)), 'both')
    tempK.fill(0)
  }
}
