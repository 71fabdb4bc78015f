import { gcm } from '@noble/ciphers/aes.js'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x448 } from '@noble/curves/ed448.js'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import { blake2b, blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { type CHash, randomBytes } from '@noble/hashes/utils.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { concat } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type Aead, cipher } from './aead.js'
import { checkLength, type Held, heldBytes } from './key.js'
import type { CipherName, Dh, DhKey, DhName, Hash, HashName, Kem, KemKey, Provider, Signature } from './provider.js'

/** @internal Under the nonce counter: nonces of any content, for test vectors alone. */
export const nobleAead: Readonly<Record<CipherName, Aead<Uint8Array>>> = {
  ChaChaPoly: {
    hold: heldBytes,
    seal: (key, nonce, ad, plaintext, out) => void chacha20poly1305(key, nonce, ad).encrypt(plaintext, out),
    open: (key, nonce, ad, ciphertext) => attempt(() => chacha20poly1305(key, nonce, ad).decrypt(ciphertext)),
  },
  AESGCM: {
    hold: heldBytes,
    seal: (key, nonce, ad, plaintext, out) => out.set(gcm(key, nonce, ad).encrypt(plaintext)),
    open: (key, nonce, ad, ciphertext) => attempt(() => gcm(key, nonce, ad).decrypt(ciphertext)),
  },
}

/** CR-3: noble reduces non-canonical public keys and ignores bit 255. */
const dh = (name: DhName, curve: typeof x25519): Dh => {
  const length = name === '25519' ? 32 : 56
  return {
    name,
    length,
    importKey: (secretKey, publicKey) => {
      checkLength('secret key', secretKey, length)
      if (publicKey !== undefined) checkLength('public key', publicKey, length)
      return new NobleDhKey(curve, secretKey, publicKey ?? curve.getPublicKey(secretKey))
    },
  }
}

class NobleDhKey implements DhKey {
  readonly publicKey: Uint8Array
  readonly #curve: typeof x25519
  readonly #secret: Held<Uint8Array>

  constructor(curve: typeof x25519, secretKey: Uint8Array, publicKey: Uint8Array) {
    this.publicKey = Uint8Array.from(publicKey)
    this.#curve = curve
    this.#secret = heldBytes(secretKey)
  }

  agree(publicKey: Uint8Array): Uint8Array {
    checkLength('public key', publicKey, this.publicKey.length)
    const secretKey = this.#secret.key
    try {
      return this.#curve.getSharedSecret(secretKey, publicKey)
    } catch (cause) {
      // CR-4: with lengths checked, noble refuses nothing but a public key of low order.
      throw SottoError.of('crypto/zero-shared', 'expected a public key of high order, got one of low order', { cause })
    }
  }

  erase(): void {
    this.#secret.erase()
  }
}

/** CR-18 */
const hash = (name: HashName, algorithm: CHash): Hash => ({
  name,
  length: algorithm.outputLen,
  blockLength: algorithm.blockLen,
  digest: (...parts) => joined(algorithm.create(), parts),
  hmac: (key, ...parts) => joined(hmac.create(algorithm, key), parts),
})

const joined = (state: { update(part: Uint8Array): unknown; digest(): Uint8Array }, parts: readonly Uint8Array[]) => {
  for (const part of parts) state.update(part)
  return state.digest()
}

/** CR-11 */
const mlkem768: Kem = {
  publicKeyLength: 1184,
  ciphertextLength: 1088,
  secretLength: 32,
  importKey: (seed) => {
    checkLength('ML-KEM seed', seed, 64)
    return new NobleKemKey(seed)
  },
  encapsulate: (publicKey, m) => {
    checkLength('ML-KEM public key', publicKey, 1184)
    if (m !== undefined) checkLength('m', m, 32)
    try {
      const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, m)
      return { ciphertext: cipherText, secret: moved(sharedSecret) }
    } catch (cause) {
      // CR-12: with lengths checked, noble refuses nothing but the modulus check of FIPS 203 section 7.2.
      throw SottoError.of('crypto/bad-key', 'expected an ML-KEM public key of reduced coefficients', { cause })
    }
  },
}

class NobleKemKey implements KemKey {
  readonly publicKey: Uint8Array
  readonly #secret: Held<Uint8Array>

  constructor(seed: Uint8Array) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed)
    this.publicKey = publicKey
    this.#secret = heldBytes(secretKey)
    secretKey.fill(0)
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    checkLength('ML-KEM ciphertext', ciphertext, 1088)
    return moved(ml_kem768.decapsulate(ciphertext, this.#secret.key))
  }

  erase(): void {
    this.#secret.erase()
  }
}

/** CR-5: a copy with memory of its own; noble's secrets are views of a longer array. */
const moved = (secret: Uint8Array): Uint8Array => {
  const copy = Uint8Array.from(secret)
  secret.fill(0)
  return copy
}

const signature: Signature = {
  generateKeyPair: (secretKey = randomBytes(32)) => {
    checkLength('Ed25519 secret key', secretKey, 32)
    return { secretKey: Uint8Array.from(secretKey), publicKey: ed25519.getPublicKey(secretKey) }
  },
  sign: (secretKey, message) => {
    checkLength('Ed25519 secret key', secretKey, 32)
    return ed25519.sign(message, secretKey)
  },
  verify: (publicKey, message, sig) =>
    publicKey.length === 32 &&
    sig.length === 64 &&
    ed25519.verify(sig, message, publicKey, { zip215: false }) &&
    verifiesWithoutCofactor(publicKey, message, sig),
}

/** CR-10: noble multiplies the equation by the cofactor 8, OpenSSL does not; where they differ, both refuse. */
const verifiesWithoutCofactor = (publicKey: Uint8Array, message: Uint8Array, sig: Uint8Array): boolean => {
  const { Point } = ed25519
  const r = sig.subarray(0, 32)
  const s = bytesToNumberLE(sig.subarray(32))
  const k = Point.Fn.create(bytesToNumberLE(sha512(concat(r, publicKey, message))))
  const challenge = Point.fromBytes(publicKey).multiplyUnsafe(k)
  return Point.BASE.multiplyUnsafe(s).equals(Point.fromBytes(r).add(challenge))
}

const attempt = (open: () => Uint8Array): Uint8Array | undefined => {
  try {
    return open()
  } catch {
    // With key, nonce and length checked, noble throws only for a wrong tag: an expected outcome.
    return undefined
  }
}

/** The portable provider and the reference: pure JavaScript, every algorithm. */
export const noble: Provider = {
  name: 'noble',
  nativeAes: false,
  dh: { '25519': dh('25519', x25519), '448': dh('448', x448) },
  cipher: { ChaChaPoly: cipher('ChaChaPoly', nobleAead.ChaChaPoly), AESGCM: cipher('AESGCM', nobleAead.AESGCM) },
  hash: {
    SHA256: hash('SHA256', sha256),
    SHA512: hash('SHA512', sha512),
    BLAKE2s: hash('BLAKE2s', blake2s),
    BLAKE2b: hash('BLAKE2b', blake2b),
  },
  mlkem768,
  ed25519: signature,
  randomBytes,
}
