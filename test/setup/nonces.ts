/**
 * vitest's setupFile: records every (key, nonce) pair that this test file seals through a provider, for the ledger.
 *
 * Not seen: child processes, and the rekey nonce 2^64-1, which both ends of a session compute under one key by design.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { appendFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, expect, inject } from 'vitest'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { AeadKey, Cipher, CipherName } from '../../src/crypto/provider.js'
import { PAIR_LENGTH } from './ledger.js'

export class NonceRecorder {
  readonly reasons = new Set<string>()
  readonly #batch = Buffer.alloc(PAIR_LENGTH * 4096)
  readonly #flush: (pairs: Uint8Array) => void
  #used = 0
  #fixed = 0

  /** `flush` gets whole pairs and must not keep the array. */
  constructor(flush: (pairs: Uint8Array) => void) {
    this.#flush = flush
  }

  /** Watches `cipher` from now on, by replacing the `importKey` of the live object. */
  watch(cipher: Cipher): void {
    const importKey = cipher.importKey.bind(cipher)
    const watched = (key: Uint8Array): AeadKey => {
      const imported = importKey(key)
      return this.#fixed > 0 ? imported : this.#key(cipher.name, Uint8Array.from(key), imported)
    }
    Object.assign(cipher, { importKey: watched })
  }

  /** Keys imported until the returned function is called are not watched. */
  fix(reason: string): () => void {
    this.reasons.add(reason)
    this.#fixed++
    return () => {
      this.#fixed--
    }
  }

  flush(): void {
    this.#flush(this.#batch.subarray(0, this.#used))
    this.#used = 0
  }

  #key(name: CipherName, key: Uint8Array, inner: AeadKey): AeadKey {
    return {
      seal: (n, ad, plaintext, out) => {
        inner.seal(n, ad, plaintext, out)
        this.#record(name, key, n)
      },
      open: (n, ad, ciphertext) => inner.open(n, ad, ciphertext),
      rekey: () => this.#key(name, rekeyed(name, key), inner.rekey()),
      erase: () => inner.erase(),
    }
  }

  #record(name: CipherName, key: Uint8Array, n: number): void {
    const digest = createHash('sha256').update(name).update(key).update(String(n)).digest()
    digest.copy(this.#batch, this.#used, 0, PAIR_LENGTH)
    this.#used += PAIR_LENGTH
    if (this.#used === this.#batch.length) this.flush()
  }
}

/** REKEY of Noise 4.2, computed here so that the recorder needs no key bytes from the code under test. */
const rekeyed = (name: CipherName, key: Uint8Array): Uint8Array => {
  const nonce = Buffer.from('00000000ffffffffffffffff', 'hex')
  const state =
    name === 'ChaChaPoly'
      ? createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
      : createCipheriv('aes-256-gcm', key, nonce)
  return Uint8Array.from(state.update(new Uint8Array(32)))
}

const path = join(inject('nonces'), `${basename(expect.getState().testPath ?? 'unknown')}.${process.pid}`)
const recorder = new NonceRecorder((pairs) => appendFileSync(`${path}.pairs`, pairs))

/** From here to the end of this test file no imported key is watched: its tests fix keys or ephemerals on purpose. */
export const declareFixedKeys = (reason: string): void => {
  recorder.fix(reason)
}

/** Keys imported while `body`, which is synchronous, runs are not watched. */
export const withFixedKeys = <T>(reason: string, body: () => T): T => {
  const end = recorder.fix(reason)
  try {
    return body()
  } finally {
    end()
  }
}

// A cipher that native takes from noble is one object: watched once.
for (const cipher of new Set([noble, native].flatMap((provider) => Object.values(provider?.cipher ?? {}))))
  recorder.watch(cipher)

afterAll(() => {
  recorder.flush()
  if (recorder.reasons.size > 0) writeFileSync(`${path}.fixed`, [...recorder.reasons].join('; '))
})
