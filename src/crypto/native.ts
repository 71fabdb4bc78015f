import * as crypto from 'node:crypto'
import { concat, EMPTY, equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type Aead, cipher } from './aead.js'
import { checkLength, Held } from './key.js'
import { noble } from './noble.js'
import type {
  Cipher,
  CipherName,
  Dh,
  DhKey,
  DhName,
  Hash,
  HashName,
  Kem,
  KemKey,
  Provider,
  Signature,
} from './provider.js'

/** What PKCS #8 puts before the secret bytes: RFC 8410; for ML-KEM the 64-byte seed form of RFC 9935. */
const PKCS8 = {
  X25519: Buffer.from('302e020100300506032b656e04220420', 'hex'),
  X448: Buffer.from('3046020100300506032b656f043a0438', 'hex'),
  Ed25519: Buffer.from('302e020100300506032b657004220420', 'hex'),
  'ML-KEM-768': Buffer.from('3054020100300b060960864801650304040204428040', 'hex'),
} as const

/** What SPKI puts before a public ML-KEM-768 key. */
const MLKEM_SPKI = Buffer.from('308204b2300b0609608648016503040402038204a100', 'hex')

const TAG_LENGTH = 16
const TAG = { authTagLength: TAG_LENGTH } as const

type Curve = 'X25519' | 'X448' | 'Ed25519'

const dh = (name: DhName): Dh => {
  const length = name === '25519' ? 32 : 56
  return {
    name,
    length,
    importKey: (secretKey, publicKey) => {
      checkLength('secret key', secretKey, length)
      if (publicKey !== undefined) checkLength('public key', publicKey, length)
      return new NativeDhKey(`X${name}`, secretKey, publicKey)
    },
  }
}

class NativeDhKey implements DhKey {
  readonly publicKey: Uint8Array
  readonly #curve: Curve
  readonly #secret: Held<crypto.KeyObject>

  constructor(curve: Curve, secretKey: Uint8Array, publicKey: Uint8Array | undefined) {
    const key = secretKeyOf(curve, secretKey)
    this.publicKey = publicKey === undefined ? publicBytesOf(key) : Uint8Array.from(publicKey)
    this.#curve = curve
    this.#secret = heldObject(key)
  }

  agree(publicKey: Uint8Array): Uint8Array {
    checkLength('public key', publicKey, this.publicKey.length)
    const pair = { privateKey: this.#secret.key, publicKey: publicKeyOf(this.#curve, publicKey) }
    let shared: Uint8Array
    try {
      shared = plain(crypto.diffieHellman(pair))
    } catch (cause) {
      // CR-4: with both keys imported, OpenSSL refuses nothing but an all-zero result.
      throw zeroShared(cause)
    }
    if (equal(shared, new Uint8Array(shared.length))) throw zeroShared(undefined)
    return shared
  }

  erase(): void {
    this.#secret.erase()
  }
}

const zeroShared = (cause: unknown) =>
  SottoError.of('crypto/zero-shared', 'expected a public key of high order, got one of low order', { cause })

const aead = (start: {
  seal(key: crypto.KeyObject, nonce: Uint8Array): crypto.CipherGCM | crypto.CipherChaCha20Poly1305
  open(key: crypto.KeyObject, nonce: Uint8Array): crypto.DecipherGCM | crypto.DecipherChaCha20Poly1305
}): Aead<crypto.KeyObject> => ({
  // An imported key costs a third of passing raw bytes to each call on Node 24, and nothing on the others.
  hold: (key) => heldObject(crypto.createSecretKey(key)),
  seal: (key, nonce, ad, plaintext, out) => {
    const state = start.seal(key, nonce)
    if (ad.length > 0) state.setAAD(ad, { plaintextLength: plaintext.length })
    out.set(state.update(plaintext))
    state.final()
    out.set(state.getAuthTag(), plaintext.length)
  },
  open: (key, nonce, ad, ciphertext) => {
    const length = ciphertext.length - TAG_LENGTH
    const state = start.open(key, nonce)
    state.setAuthTag(ciphertext.subarray(length))
    if (ad.length > 0) state.setAAD(ad, { plaintextLength: length })
    const plaintext = plain(state.update(ciphertext.subarray(0, length)))
    try {
      state.final()
      return plaintext
    } catch {
      // CR-6: final() throws for a wrong tag alone, an expected outcome; what was decrypted is wiped.
      plaintext.fill(0)
      return undefined
    }
  },
})

/** @internal Under the nonce counter: nonces of any content, for test vectors alone. */
export const nativeAead: Readonly<Record<CipherName, Aead<crypto.KeyObject>>> = {
  ChaChaPoly: aead({
    seal: (key, nonce) => crypto.createCipheriv('chacha20-poly1305', key, nonce, TAG),
    open: (key, nonce) => crypto.createDecipheriv('chacha20-poly1305', key, nonce, TAG),
  }),
  AESGCM: aead({
    seal: (key, nonce) => crypto.createCipheriv('aes-256-gcm', key, nonce, TAG),
    open: (key, nonce) => crypto.createDecipheriv('aes-256-gcm', key, nonce, TAG),
  }),
}

const hash = (name: HashName, algorithm: string): Hash => ({
  name,
  length: name === 'SHA256' || name === 'BLAKE2s' ? 32 : 64,
  blockLength: name === 'SHA256' || name === 'BLAKE2s' ? 64 : 128,
  digest: (...parts) => joined(crypto.createHash(algorithm), parts),
  // An object for the key, as above: raw bytes cost four times as much on Node 24.
  hmac: (key, ...parts) => joined(crypto.createHmac(algorithm, crypto.createSecretKey(key)), parts),
})

const joined = (state: crypto.Hash | crypto.Hmac, parts: readonly Uint8Array[]): Uint8Array => {
  for (const part of parts) state.update(part)
  return plain(state.digest())
}

/** Of node:crypto from Node 24.7 on; the type declarations in use are those of Node 20. */
interface KemFunctions {
  readonly encapsulate: (key: crypto.KeyObject) => { readonly sharedKey: Buffer; readonly ciphertext: Buffer }
  readonly decapsulate: (key: crypto.KeyObject, ciphertext: Uint8Array) => Buffer
}

const mlkem768 = ({ encapsulate, decapsulate }: KemFunctions): Kem => ({
  ...noble.mlkem768,
  importKey: (seed) => {
    checkLength('ML-KEM seed', seed, 64)
    return new NativeKemKey(decapsulate, seed)
  },
  encapsulate: (publicKey, m) => {
    // node:crypto takes no randomness from outside.
    if (m !== undefined) return noble.mlkem768.encapsulate(publicKey, m)
    checkLength('ML-KEM public key', publicKey, 1184)
    const { sharedKey, ciphertext } = encapsulate(mlkemPublicKey(publicKey))
    return { ciphertext: plain(ciphertext), secret: plain(sharedKey) }
  },
})

const mlkemPublicKey = (publicKey: Uint8Array): crypto.KeyObject => {
  try {
    return crypto.createPublicKey({ key: Buffer.from(concat(MLKEM_SPKI, publicKey)), format: 'der', type: 'spki' })
  } catch (cause) {
    // CR-12: with the length checked, OpenSSL refuses nothing but the modulus check of FIPS 203 section 7.2.
    throw SottoError.of('crypto/bad-key', 'expected an ML-KEM public key of reduced coefficients', { cause })
  }
}

class NativeKemKey implements KemKey {
  readonly publicKey: Uint8Array
  readonly #decapsulate: KemFunctions['decapsulate']
  readonly #secret: Held<crypto.KeyObject>

  constructor(decapsulate: KemFunctions['decapsulate'], seed: Uint8Array) {
    const key = pkcs8KeyOf('ML-KEM-768', seed)
    const spki = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' })
    this.publicKey = Uint8Array.from(spki.subarray(MLKEM_SPKI.length))
    this.#decapsulate = decapsulate
    this.#secret = heldObject(key)
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    checkLength('ML-KEM ciphertext', ciphertext, 1088)
    return plain(this.#decapsulate(this.#secret.key, ciphertext))
  }

  erase(): void {
    this.#secret.erase()
  }
}

const ed25519: Signature = {
  generateKeyPair: (secretKey = randomBytes(32)) => {
    checkLength('Ed25519 secret key', secretKey, 32)
    return { secretKey: Uint8Array.from(secretKey), publicKey: publicBytesOf(secretKeyOf('Ed25519', secretKey)) }
  },
  sign: (secretKey, message) => {
    checkLength('Ed25519 secret key', secretKey, 32)
    return plain(crypto.sign(null, message, secretKeyOf('Ed25519', secretKey)))
  },
  verify: (publicKey, message, signature) =>
    publicKey.length === 32 &&
    signature.length === 64 &&
    !refusedPoint(publicKey) &&
    crypto.verify(null, message, publicKeyOf('Ed25519', publicKey), signature),
}

/** The five y (sign bit clear, hex) of the eight points of small order on edwards25519. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
])

/** CR-10: OpenSSL takes public keys of small order and second spellings of y; both are refused here. */
const refusedPoint = (publicKey: Uint8Array): boolean => {
  const y = Buffer.from(publicKey)
  y[31] = (y[31] ?? 0) & 0x7f
  const hex = y.toString('hex')
  // y >= 2^255 - 19: the low byte is 0xed or more and all others are full.
  const unreduced = hex.endsWith(`${'ff'.repeat(30)}7f`) && (y[0] ?? 0) >= 0xed
  return unreduced || SMALL_ORDER_Y.has(hex)
}

const randomBytes = (length: number): Uint8Array => crypto.randomFillSync(new Uint8Array(length))

/** CR-15: no array holds the secret; the runtime wipes its own memory once the last reference is collected. */
const heldObject = (key: crypto.KeyObject): Held<crypto.KeyObject> => new Held(key, () => undefined)

const secretKeyOf = (curve: Curve, secretKey: Uint8Array): crypto.KeyObject =>
  JWK_DERIVES_PUBLIC ? jwkSecretKey(curve, secretKey) : pkcs8KeyOf(curve, secretKey)

const pkcs8KeyOf = (algorithm: keyof typeof PKCS8, secretKey: Uint8Array): crypto.KeyObject => {
  const prefix = PKCS8[algorithm]
  const der = Buffer.alloc(prefix.length + secretKey.length)
  der.set(prefix)
  der.set(secretKey, prefix.length)
  try {
    return crypto.createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}

const jwkSecretKey = (curve: Curve, secretKey: Uint8Array): crypto.KeyObject =>
  crypto.createPrivateKey({ key: { kty: 'OKP', crv: curve, x: '', d: base64url(secretKey) }, format: 'jwk' })

/** CR-3: a JWK import takes every public key of the right length as it is. */
const publicKeyOf = (curve: Curve, publicKey: Uint8Array): crypto.KeyObject =>
  crypto.createPublicKey({ key: { kty: 'OKP', crv: curve, x: base64url(publicKey) }, format: 'jwk' })

const publicBytesOf = (secretKey: crypto.KeyObject): Uint8Array => {
  const { x } = crypto.createPublicKey(secretKey).export({ format: 'jwk' })
  return Uint8Array.from(Buffer.from(x ?? '', 'base64url'))
}

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url')

/** CR-5: the same memory, which no other has, as a Uint8Array: a Buffer's own `slice` would give views. */
const plain = (buffer: Buffer): Uint8Array => new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

const runs = (probe: () => unknown): boolean => {
  try {
    probe()
    return true
  } catch {
    // A feature test: what throws is not offered by this runtime.
    return false
  }
}

/**
 * Before Node 26 a JWK import derives the public key and ignores the one it is given, and with OpenSSL 3.0 (Node 20)
 * takes a tenth of the time of PKCS #8. Elsewhere PKCS #8 is as fast, and keeps the secret out of an immutable string.
 */
const JWK_DERIVES_PUBLIC = runs(() => jwkSecretKey('X25519', new Uint8Array(32)))

/** The candidate if this runtime has it, else the reference. */
const orElse = <T>(candidate: T, probe: (candidate: T) => unknown, reference: T): T =>
  runs(() => probe(candidate)) ? candidate : reference

const agrees = (candidate: Dh) => candidate.importKey(new Uint8Array(candidate.length))
const seals = (candidate: Cipher) => candidate.importKey(new Uint8Array(32)).seal(0, EMPTY, EMPTY, new Uint8Array(16))
const digests = (candidate: Hash) => candidate.digest()

const load = (): Provider | undefined => {
  const x25519 = dh('25519')
  const chachaPoly = cipher('ChaChaPoly', nativeAead.ChaChaPoly)
  const aesGcm = cipher('AESGCM', nativeAead.AESGCM)
  const sha256 = hash('SHA256', 'sha256')
  // Without these nothing of a session would be native.
  if (!runs(() => [agrees(x25519), seals(chachaPoly), digests(sha256)])) return undefined
  const aes = orElse(aesGcm, seals, noble.cipher.AESGCM)
  // As the declarations of Node 20 do not know the two functions, nothing narrower can be said.
  const kem = mlkem768(crypto as unknown as KemFunctions)
  return {
    name: 'native',
    nativeAes: aes === aesGcm,
    dh: { '25519': x25519, '448': orElse(dh('448'), agrees, noble.dh['448']) },
    cipher: { ChaChaPoly: chachaPoly, AESGCM: aes },
    hash: {
      SHA256: sha256,
      SHA512: orElse(hash('SHA512', 'sha512'), digests, noble.hash.SHA512),
      BLAKE2s: orElse(hash('BLAKE2s', 'blake2s256'), digests, noble.hash.BLAKE2s),
      BLAKE2b: orElse(hash('BLAKE2b', 'blake2b512'), digests, noble.hash.BLAKE2b),
    },
    mlkem768: orElse(
      kem,
      (candidate) => candidate.encapsulate(candidate.importKey(new Uint8Array(64)).publicKey),
      noble.mlkem768,
    ),
    ed25519: orElse(ed25519, (candidate) => candidate.generateKeyPair(), noble.ed25519),
    randomBytes,
  }
}

/**
 * CR-19: node:crypto, with the reference in place of each algorithm this runtime lacks (ML-KEM before Node 24.7).
 * Undefined where X25519, ChaCha20-Poly1305 or SHA-256 is missing.
 */
export const native: Provider | undefined = load()
