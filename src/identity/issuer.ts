import { defaultProvider } from '../crypto/default.js'
import type { KeyPair, Provider } from '../crypto/provider.js'
import { type IssuerId, issuerIdOf } from './id.js'
import { decodeText, encodeText } from './text.js'

/**
 * An Ed25519 key pair that signs credentials. Only the id is to be seen, as with an `Identity`. Made by `generateIssuer`,
 * `parseIssuer` and `readIssuer`.
 */
export class Issuer {
  /** The public form, to be given to whoever shall trust what this issuer says. */
  readonly id: IssuerId
  readonly #keys: KeyPair

  private constructor(keys: KeyPair) {
    this.id = issuerIdOf(keys.publicKey)
    this.#keys = keys
    Object.freeze(this)
  }

  /** @internal Copies the 32 bytes, the seed of RFC 8032. */
  static of(secretKey: Uint8Array, provider: Provider): Issuer {
    const { publicKey } = provider.ed25519.generateKeyPair(secretKey)
    return new Issuer({ secretKey: new Uint8Array(secretKey), publicKey: new Uint8Array(publicKey) })
  }

  /** @internal Fresh copies. */
  static keysOf(issuer: Issuer): KeyPair {
    const { secretKey, publicKey } = issuer.#keys
    return { secretKey: new Uint8Array(secretKey), publicKey: new Uint8Array(publicKey) }
  }

  // ID-5: each of these would otherwise be the way a secret reaches a log.
  toString(): string {
    return this.id
  }

  toJSON(): string {
    return this.id
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Issuer ${this.id}`
  }
}

/** A new issuer from the system's random generator. */
export const generateIssuer = (provider: Provider = defaultProvider): Issuer => {
  const secretKey = provider.randomBytes(32)
  const issuer = Issuer.of(secretKey, provider)
  secretKey.fill(0)
  return issuer
}

/**
 * The issuer of a secret text, as `sotto keygen --issuer` writes it: `SOTTOCA-SECRET-1…`, 75 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export const parseIssuer = (secretText: string, provider: Provider = defaultProvider): Issuer => {
  const secretKey = decodeText('issuerSecret', secretText)
  const issuer = Issuer.of(secretKey, provider)
  secretKey.fill(0)
  return issuer
}

/** @internal The key pair, in fresh copies that the caller overwrites after use. */
export const issuerKeysOf = (issuer: Issuer): KeyPair => Issuer.keysOf(issuer)

/** @internal What `parseIssuer` reads. A string cannot be overwritten: make it only to store it. */
export const issuerSecretTextOf = (issuer: Issuer): string => {
  const { secretKey } = Issuer.keysOf(issuer)
  const text = encodeText('issuerSecret', secretKey)
  secretKey.fill(0)
  return text
}
