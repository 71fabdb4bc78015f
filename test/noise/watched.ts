import { noble } from '../../src/crypto/noble.js'
import type { Cipher, Dh, DhKey, Hash, Provider } from '../../src/crypto/provider.js'

/** `noble`, and every array with a secret in it that went through it: keys, inputs of HKDF, and what it gave back. */
export const watched = (): { readonly provider: Provider; readonly secrets: Uint8Array[] } => {
  const secrets: Uint8Array[] = []
  const kept = (bytes: Uint8Array): Uint8Array => {
    secrets.push(bytes)
    return bytes
  }
  const dh = (of: Dh): Dh => ({
    ...of,
    importKey: (secretKey, publicKey) => {
      const key = of.importKey(secretKey, publicKey)
      const watchedKey: DhKey = {
        publicKey: key.publicKey,
        agree: (theirs) => kept(key.agree(theirs)),
        erase: () => key.erase(),
      }
      return watchedKey
    },
  })
  const cipher = (of: Cipher): Cipher => ({ ...of, importKey: (key) => of.importKey(kept(key)) })
  const hash = (of: Hash): Hash => ({
    ...of,
    hmac: (key, ...parts) => {
      // The first step of HKDF has the chaining key and a secret; the others take what was kept already.
      const [ikm, ...more] = parts
      if (ikm !== undefined && ikm.length >= 32 && more.length === 0) kept(ikm)
      kept(key)
      return kept(of.hmac(key, ...parts))
    },
  })
  const provider: Provider = {
    ...noble,
    dh: { '25519': dh(noble.dh['25519']), '448': dh(noble.dh['448']) },
    cipher: { ChaChaPoly: cipher(noble.cipher.ChaChaPoly), AESGCM: cipher(noble.cipher.AESGCM) },
    hash: { ...noble.hash, SHA256: hash(noble.hash.SHA256), BLAKE2b: hash(noble.hash.BLAKE2b) },
    mlkem768: {
      ...noble.mlkem768,
      importKey: (seed) => {
        const key = noble.mlkem768.importKey(kept(seed))
        return {
          publicKey: key.publicKey,
          decapsulate: (ciphertext) => kept(key.decapsulate(ciphertext)),
          erase: () => key.erase(),
        }
      },
      encapsulate: (publicKey, m) => {
        const made = noble.mlkem768.encapsulate(publicKey, m)
        kept(made.secret)
        return made
      },
    },
    randomBytes: (length) => kept(noble.randomBytes(length)),
  }
  return { provider, secrets }
}
