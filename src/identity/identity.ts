import { defaultProvider } from '../crypto/default.js'
import type { KeyPair, Provider } from '../crypto/provider.js'
import { decodeCredential } from './credential.js'
import { type PeerId, peerIdOf } from './id.js'
import { refused } from './statement.js'
import { decodeText, encodeText } from './text.js'

/**
 * An X25519 key pair that says who a process is. Only the id is to be seen: printing, inspecting, serialising and
 * cloning give no secret. Made by `generateIdentity`, `parseIdentity` and `readIdentity`.
 */
export class Identity {
  /** The public form, to be given to whoever shall trust this process. */
  readonly id: PeerId
  readonly #keys: KeyPair
  readonly #credential: Uint8Array | undefined

  private constructor(keys: KeyPair, credential?: Uint8Array) {
    this.id = peerIdOf(keys.publicKey)
    this.#keys = keys
    this.#credential = credential
    Object.freeze(this)
  }

  /** @internal Copies the 32 bytes. @throws SottoError crypto/bad-key on another length */
  static of(secretKey: Uint8Array, provider: Provider): Identity {
    const key = provider.dh['25519'].importKey(secretKey)
    const publicKey = new Uint8Array(key.publicKey)
    key.erase()
    return new Identity({ secretKey: new Uint8Array(secretKey), publicKey })
  }

  /** @internal Fresh copies. */
  static keysOf(identity: Identity): KeyPair {
    const { secretKey, publicKey } = identity.#keys
    return { secretKey: new Uint8Array(secretKey), publicKey: new Uint8Array(publicKey) }
  }

  /** @internal A fresh copy. */
  static credentialOf(identity: Identity): Uint8Array | undefined {
    const credential = identity.#credential
    return credential === undefined ? undefined : new Uint8Array(credential)
  }

  /**
   * The same key, which shows `credential` (copied) to those it meets, in place of one shown before. Whether it still holds
   * is for them to say.
   *
   * @throws SottoError identity/credential unless it is a credential of this key
   */
  with(credential: Uint8Array): Identity {
    // ID-45
    if (decodeCredential(credential).id !== this.id) throw refused('expected a credential of this key')
    return new Identity(this.#keys, new Uint8Array(credential))
  }

  // ID-5: each of these would otherwise be the way a secret reaches a log.
  toString(): string {
    return this.id
  }

  toJSON(): string {
    return this.id
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Identity ${this.id}`
  }
}

/** A new identity from the system's random generator. */
export const generateIdentity = (provider: Provider = defaultProvider): Identity => {
  const secretKey = provider.randomBytes(32)
  const identity = Identity.of(secretKey, provider)
  secretKey.fill(0)
  return identity
}

/**
 * The identity of a secret text, as `sotto keygen` writes it: `SOTTO-SECRET-1…`, 73 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export const parseIdentity = (secretText: string, provider: Provider = defaultProvider): Identity => {
  const secretKey = decodeText('secret', secretText)
  const identity = Identity.of(secretKey, provider)
  secretKey.fill(0)
  return identity
}

/** @internal The key pair, in fresh copies that the caller overwrites after use. */
export const keyPairOf = (identity: Identity): KeyPair => Identity.keysOf(identity)

/** @internal What it shows, in a fresh copy; undefined if it shows nothing. */
export const credentialOf = (identity: Identity): Uint8Array | undefined => Identity.credentialOf(identity)

/** @internal What `parseIdentity` reads. A string cannot be overwritten: make it only to store it. */
export const secretTextOf = (identity: Identity): string => {
  const { secretKey } = Identity.keysOf(identity)
  const text = encodeText('secret', secretKey)
  secretKey.fill(0)
  return text
}
