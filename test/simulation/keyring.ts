import { createCipheriv } from 'node:crypto'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { AeadKey, Cipher, DhKey, Provider } from '../../src/crypto/provider.js'
import type { Random } from '../random.js'
import { violation } from './violation.js'

/** Who is told of each record that an end seals or opens. A record is what has no associated data. */
export interface Watcher {
  sealed(key: string, n: number, plaintext: Uint8Array): void
  opened(plaintext: Uint8Array): void
}

/** Every key and nonce that a script has sealed with, over all its sessions. */
export class Ledger {
  readonly #last = new Map<string, number>()

  /** Nonces of a key rise, whoever holds it: the two ends of a handshake take turns. */
  seal(key: string, n: number): void {
    const last = this.#last.get(key) ?? -1
    if (n <= last) throw violation('nonces', `nonce ${n} after ${last} with one key`)
    this.#last.set(key, n)
  }
}

/**
 * Diffie-Hellman results of a script. The two ends of a handshake compute the same ones: each is computed once here, which
 * spares half of the time of a session.
 */
export class Agreed {
  readonly #shared = new Map<string, Uint8Array>()

  key({ dh }: Provider, secret: Uint8Array, known: Uint8Array | undefined): DhKey {
    const held = dh['25519'].importKey(secret, known)
    return {
      publicKey: held.publicKey,
      agree: (publicKey) => {
        const pair = [held.publicKey, publicKey].map((key) => Buffer.from(key).toString('latin1'))
        const name = pair.sort().join('')
        const shared = this.#shared.get(name) ?? held.agree(publicKey)
        this.#shared.set(name, Uint8Array.from(shared))
        return Uint8Array.from(shared)
      },
      erase: () => held.erase(),
    }
  }
}

/** A provider that takes its random bytes from `random`, tells the ledger of all that is sealed, and `watcher` of records. */
export const watched = (
  name: 'native' | 'noble',
  random: Random,
  ledger: Pick<Ledger, 'seal'>,
  agreed: Pick<Agreed, 'key'>,
  watcher: Watcher,
): Provider => {
  const inner = name === 'native' ? (native ?? noble) : noble
  const key = (bytes: string, held: AeadKey, cipher: Cipher): AeadKey => ({
    seal: (n, ad, plaintext, out) => {
      ledger.seal(bytes, n)
      held.seal(n, ad, plaintext, out)
      if (ad.length === 0) watcher.sealed(bytes, n, plaintext)
    },
    open: (n, ad, ciphertext) => {
      const plaintext = held.open(n, ad, ciphertext)
      if (ad.length === 0 && plaintext !== undefined) watcher.opened(plaintext)
      return plaintext
    },
    rekey: () => key(rekeyed(cipher.name, bytes), held.rekey(), cipher),
    erase: () => held.erase(),
  })
  const cipher = (of: Cipher): Cipher => ({
    name: of.name,
    importKey: (bytes) => key(Buffer.from(bytes).toString('latin1'), of.importKey(bytes), of),
  })
  return {
    ...inner,
    dh: {
      ...inner.dh,
      '25519': { ...inner.dh['25519'], importKey: (secret, known) => agreed.key(inner, secret, known) },
    },
    cipher: { ChaChaPoly: cipher(inner.cipher.ChaChaPoly), AESGCM: cipher(inner.cipher.AESGCM) },
    mlkem768: {
      ...inner.mlkem768,
      encapsulate: (publicKey, m) => inner.mlkem768.encapsulate(publicKey, m ?? random.bytes(32)),
    },
    randomBytes: (length) => random.bytes(length),
  }
}

/** REKEY of Noise 4.2, computed here so that nothing is asked of the code under test. */
const rekeyed = (name: Cipher['name'], key: string): string => {
  const nonce = Buffer.from('00000000ffffffffffffffff', 'hex')
  const bytes = Buffer.from(key, 'latin1')
  const state =
    name === 'ChaChaPoly'
      ? createCipheriv('chacha20-poly1305', bytes, nonce, { authTagLength: 16 })
      : createCipheriv('aes-256-gcm', bytes, nonce)
  return state.update(new Uint8Array(32)).toString('latin1')
}
