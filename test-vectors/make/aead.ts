import { createCipheriv } from 'node:crypto'
import { concat, EMPTY, toHex } from '../../src/bytes.js'
import { Sealer } from '../../src/channel/sealer.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { fromHex } from '../hex.js'

/** A record and all that it is made of. */
export interface Sealed {
  readonly key: string
  readonly n: number
  readonly nonce: string
  readonly plaintext: string
  readonly record: string
}

export const CIPHERS: readonly CipherName[] = ['ChaChaPoly', 'AESGCM']

/** A record as it must be. */
export const sealed = (
  cipher: CipherName,
  key: Uint8Array,
  n: number,
  plaintext: Uint8Array,
  provider: Provider,
): Sealed => {
  const sealer = new Sealer(new CipherState(provider.cipher[cipher].importKey(key), 'send', n), {}, n)
  return {
    key: toHex(key),
    n,
    nonce: toHex(nonceOf(cipher, n)),
    plaintext: toHex(plaintext),
    record: toHex(sealer.seal(plaintext)),
  }
}

/** Noise section 12: 32 bits of zeros and n in 64 bits, little-endian for ChaChaPoly and big-endian for AESGCM. */
export const nonceOf = (cipher: CipherName, n: number): Uint8Array => {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(n), cipher === 'ChaChaPoly')
  return nonce
}

/** Any ciphertext and its tag, from node:crypto, so that anything about it can be wrong. */
export const sealApart = (
  cipher: CipherName,
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  ad: Uint8Array = EMPTY,
): Uint8Array => {
  const state =
    cipher === 'ChaChaPoly'
      ? createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      : createCipheriv('aes-256-gcm', key, nonce)
  state.setAAD(ad, { plaintextLength: plaintext.length })
  return concat(state.update(plaintext), state.final(), state.getAuthTag())
}

/** With its length in front. */
export const recordOf = (ciphertext: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(ciphertext.length >>> 8, ciphertext.length & 0xff), ciphertext)

/** REKEY of Noise 4.2, from node:crypto: a key is no longer to be seen once it is imported. */
export const rekeyed = (cipher: CipherName, key: Uint8Array, nonce = 'ffffffffffffffff'): Uint8Array =>
  sealApart(cipher, key, fromHex(`00000000${nonce}`), new Uint8Array(32)).subarray(0, 32)
