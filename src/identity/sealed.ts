import { defaultProvider } from '../crypto/default.js'
import { openWithPassphrase, type SealedAs, sealWithPassphrase } from '../crypto/passphrase.js'
import type { Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { Auditor, auditorKeysOf } from './auditor.js'
import { Identity, keyPairOf } from './identity.js'
import { Issuer, issuerKeysOf } from './issuer.js'
import { decodeText, encodeText } from './text.js'

/**
 * @internal ID-6: the identity's secret under a passphrase, as text: `SOTTO-SEALED-1…`, 126 characters. Takes about a second.
 *
 * @param cost base-2 logarithm of the scrypt cost, 14 to 18
 * @throws RangeError on an empty passphrase
 */
export const sealIdentity = (
  identity: Identity,
  passphrase: string,
  provider: Provider = defaultProvider,
  cost?: number,
): string => {
  const { secretKey } = keyPairOf(identity)
  const text = encodeText('sealed', sealWithPassphrase(provider, secretKey, passphrase, 'identity', cost))
  secretKey.fill(0)
  return text
}

/** @internal ID-6: the same for an issuer's secret: `SOTTOCA-SEALED-1…`, 128 characters. @throws RangeError on an empty passphrase */
export const sealIssuer = (
  issuer: Issuer,
  passphrase: string,
  provider: Provider = defaultProvider,
  cost?: number,
): string => {
  const { secretKey } = issuerKeysOf(issuer)
  const text = encodeText('issuerSealed', sealWithPassphrase(provider, secretKey, passphrase, 'issuer', cost))
  secretKey.fill(0)
  return text
}

/** @internal ID-52: the same for an auditor's secret: `SOTTOLOG-SEALED-1…`, 129 characters. @throws RangeError on an empty passphrase */
export const sealAuditor = (
  auditor: Auditor,
  passphrase: string,
  provider: Provider = defaultProvider,
  cost?: number,
): string => {
  const { secretKey } = auditorKeysOf(auditor)
  const text = encodeText('auditorSealed', sealWithPassphrase(provider, secretKey, passphrase, 'auditor', cost))
  secretKey.fill(0)
  return text
}

/**
 * @internal The identity of a sealed text. Takes about a second.
 *
 * @throws SottoError identity/malformed if the text is damaged or the passphrase does not open it; crypto/bad-key on a
 * cost out of bounds
 */
export const openIdentity = (text: string, passphrase: string, provider: Provider = defaultProvider): Identity => {
  const secretKey = opened(decodeText('sealed', text), passphrase, 'identity', provider)
  const identity = Identity.of(secretKey, provider)
  secretKey.fill(0)
  return identity
}

/** @internal The issuer of a sealed text; as `openIdentity`. */
export const openIssuer = (text: string, passphrase: string, provider: Provider = defaultProvider): Issuer => {
  const secretKey = opened(decodeText('issuerSealed', text), passphrase, 'issuer', provider)
  const issuer = Issuer.of(secretKey, provider)
  secretKey.fill(0)
  return issuer
}

/** @internal The auditor of a sealed text; as `openIdentity`. */
export const openAuditor = (text: string, passphrase: string, provider: Provider = defaultProvider): Auditor => {
  const secretKey = opened(decodeText('auditorSealed', text), passphrase, 'auditor', provider)
  const auditor = Auditor.of(secretKey, provider)
  secretKey.fill(0)
  return auditor
}

const opened = (sealed: Uint8Array, passphrase: string, as: SealedAs, provider: Provider): Uint8Array => {
  const secretKey = openWithPassphrase(provider, sealed, passphrase, as)
  if (secretKey === undefined) throw SottoError.of('identity/malformed', 'expected the passphrase it was sealed with')
  return secretKey
}
