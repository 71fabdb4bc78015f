/**
 * The one synchronous interface to cryptography (spec/crypto.md), of two providers that agree on every byte (CR-1).
 * All arguments are borrowed and never kept or written, except `out`. All results are freshly allocated, plain
 * Uint8Arrays that share memory with nothing. A key used after `erase` throws a TypeError.
 */
export type DhName = '25519' | '448'
export type CipherName = 'ChaChaPoly' | 'AESGCM'
export type HashName = 'SHA256' | 'SHA512' | 'BLAKE2s' | 'BLAKE2b'

export interface Provider {
  readonly name: 'noble' | 'native'
  /** True where AES-GCM has hardware-backed native code; a provider without it never offers AESGCM suites. */
  readonly nativeAes: boolean
  readonly dh: Readonly<Record<DhName, Dh>>
  readonly cipher: Readonly<Record<CipherName, Cipher>>
  readonly hash: Readonly<Record<HashName, Hash>>
  readonly mlkem768: Kem
  readonly ed25519: Signature
  /** `length` bytes from the system's generator. */
  randomBytes(length: number): Uint8Array
}

export interface KeyPair {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface Dh {
  readonly name: DhName
  /** DHLEN of the Noise specification: 32 or 56 bytes; public, secret and shared alike. */
  readonly length: number
  /** Imports once. `publicKey`, where known, saves deriving it and must belong to the secret. @throws crypto/bad-key on another length */
  importKey(secretKey: Uint8Array, publicKey?: Uint8Array): DhKey
}

/** An imported secret key; a copy of the bytes is held until `erase`. */
export interface DhKey {
  readonly publicKey: Uint8Array
  /** X25519 / X448 of RFC 7748. @throws crypto/bad-key on another length, crypto/zero-shared on an all-zero result */
  agree(publicKey: Uint8Array): Uint8Array
  /** Overwrites the held bytes where the runtime lets us; the key must not be used again. */
  erase(): void
}

export interface Cipher {
  readonly name: CipherName
  /** Imports a 32-byte key once. @throws crypto/bad-key on another length */
  importKey(key: Uint8Array): AeadKey
}

/** An imported AEAD key. `n` is the Noise nonce counter, an integer of 0..2^53-1, never sealed with twice (CR-20). */
export interface AeadKey {
  /**
   * Writes ciphertext and 16-byte tag to `out`, whose length must be plaintext + 16 and which must overlap neither
   * `plaintext` nor `ad`. @throws RangeError for a bad `n` or `out`, before a byte is sealed
   */
  seal(n: number, ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void
  /** The plaintext, or undefined if authentication fails (ciphertexts under 16 bytes included). @throws RangeError for a bad `n` */
  open(n: number, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
  /** REKEY of the Noise specification 4.2: the first 32 bytes of sealing 32 zeros with nonce 2^64-1. */
  rekey(): AeadKey
  /** Overwrites the held bytes; the key must not be used again. */
  erase(): void
}

export interface Hash {
  readonly name: HashName
  /** HASHLEN: 32 or 64 bytes. */
  readonly length: number
  /** BLOCKLEN: 64 or 128 bytes. */
  readonly blockLength: number
  /** The digest of the parts joined. */
  digest(...parts: readonly Uint8Array[]): Uint8Array
  /** HMAC (RFC 2104) of the parts joined. */
  hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array
}

export interface Kem {
  readonly publicKeyLength: 1184
  readonly ciphertextLength: 1088
  readonly secretLength: 32
  /** Imports the 64-byte seed `d | z` of FIPS 203. @throws crypto/bad-key on another length */
  importKey(seed: Uint8Array): KemKey
  /** @throws crypto/bad-key on a wrong length or a modulus check that fails; `m` (32 bytes) is for tests */
  encapsulate(publicKey: Uint8Array, m?: Uint8Array): { readonly ciphertext: Uint8Array; readonly secret: Uint8Array }
}

/** An imported decapsulation key; held until `erase`. */
export interface KemKey {
  readonly publicKey: Uint8Array
  /** Implicit rejection: a wrong ciphertext gives an unrelated secret. @throws crypto/bad-key on another length */
  decapsulate(ciphertext: Uint8Array): Uint8Array
  erase(): void
}

export interface Signature {
  /** `secretKey` is the 32-byte seed of RFC 8032. */
  generateKeyPair(secretKey?: Uint8Array): KeyPair
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array
  /** Strict RFC 8032 verification, not ZIP215. False on any malformed input. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}
