import type { AeadKey, Provider } from '../../src/crypto/provider.js'

/** What was sealed under one key, in order. */
export interface Sealed {
  /** Empty of a record; the hash of a handshake, of what is in its messages. */
  readonly ad: Uint8Array
  readonly plaintext: Uint8Array
}

/** Writes down whatever `provider` seals with keys that are imported until the returned function is called, key by key. */
export const tap = (
  provider: Provider,
): { readonly keys: readonly (readonly Sealed[])[]; readonly stop: () => void } => {
  const keys: Sealed[][] = []
  const undo = Object.values(provider.cipher).map((cipher) => {
    const importKey = cipher.importKey.bind(cipher)
    const watched = (bytes: Uint8Array): AeadKey => {
      const sealed: Sealed[] = []
      keys.push(sealed)
      return watchedKey(importKey(bytes), sealed)
    }
    Object.assign(cipher, { importKey: watched })
    return () => Object.assign(cipher, { importKey })
  })
  const stop = (): void => {
    for (const each of undo) each()
  }
  return { keys, stop }
}

const watchedKey = (inner: AeadKey, sealed: Sealed[]): AeadKey => ({
  seal: (n, ad, plaintext, out) => {
    sealed.push({ ad: Uint8Array.from(ad), plaintext: Uint8Array.from(plaintext) })
    inner.seal(n, ad, plaintext, out)
  },
  open: (n, ad, ciphertext) => inner.open(n, ad, ciphertext),
  rekey: () => watchedKey(inner.rekey(), sealed),
  erase: () => inner.erase(),
})
