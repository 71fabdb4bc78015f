import { defaultProvider } from '../crypto/default.js'
import type { KeyPair, Provider } from '../crypto/provider.js'
import { type AuditorId, auditorIdOf } from './id.js'
import { decodeText, encodeText } from './text.js'

/**
 * ID-51: an Ed25519 key pair that signs the checkpoints of an audit log. Only the id is to be seen, as with an `Identity`. Made by
 * `generateAuditor`, `parseAuditor` and `readAuditor`.
 */
export class Auditor {
  /** The public form, to be given to whoever shall verify its logs. */
  readonly id: AuditorId
  readonly #keys: KeyPair

  private constructor(keys: KeyPair) {
    this.id = auditorIdOf(keys.publicKey)
    this.#keys = keys
    Object.freeze(this)
  }

  /** @internal Copies the 32 bytes, the seed of RFC 8032. */
  static of(secretKey: Uint8Array, provider: Provider): Auditor {
    const { publicKey } = provider.ed25519.generateKeyPair(secretKey)
    return new Auditor({ secretKey: new Uint8Array(secretKey), publicKey: new Uint8Array(publicKey) })
  }

  /** @internal Fresh copies. */
  static keysOf(auditor: Auditor): KeyPair {
    const { secretKey, publicKey } = auditor.#keys
    return { secretKey: new Uint8Array(secretKey), publicKey: new Uint8Array(publicKey) }
  }

  // ID-53: each of these would otherwise be the way a secret reaches a log.
  toString(): string {
    return this.id
  }

  toJSON(): string {
    return this.id
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Auditor ${this.id}`
  }
}

/** A new auditor from the system's random generator. */
export const generateAuditor = (provider: Provider = defaultProvider): Auditor => {
  const secretKey = provider.randomBytes(32)
  const auditor = Auditor.of(secretKey, provider)
  secretKey.fill(0)
  return auditor
}

/**
 * The auditor of a secret text, as `sotto keygen --audit` writes it: `SOTTOLOG-SECRET-1…`, 76 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export const parseAuditor = (secretText: string, provider: Provider = defaultProvider): Auditor => {
  const secretKey = decodeText('auditorSecret', secretText)
  const auditor = Auditor.of(secretKey, provider)
  secretKey.fill(0)
  return auditor
}

/** @internal The key pair, in fresh copies that the caller overwrites after use. */
export const auditorKeysOf = (auditor: Auditor): KeyPair => Auditor.keysOf(auditor)

/** @internal What `parseAuditor` reads. A string cannot be overwritten: make it only to store it. */
export const auditorSecretTextOf = (auditor: Auditor): string => {
  const { secretKey } = Auditor.keysOf(auditor)
  const text = encodeText('auditorSecret', secretKey)
  secretKey.fill(0)
  return text
}
