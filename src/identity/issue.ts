import { toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { Provider } from '../crypto/provider.js'
import { encodeCredential } from './credential.js'
import { type Issuer, issuerKeysOf } from './issuer.js'
import type { Claims } from './peer.js'
import { Possession } from './possession.js'
import { encodeStatement } from './statement.js'

/** What a credential shall say. */
export interface Grant {
  /** Whose key: shown to this process by a proof, or by a session. */
  readonly possession: Possession
  /** A SPIFFE ID with a path, at most 255 characters. */
  readonly name?: string
  /** At most 64, of 1 to 64 letters, digits, `-` or `_` each. */
  readonly roles?: readonly string[]
  /** At most 64, named like roles; numbers are integers. */
  readonly claims?: Claims
  /** Unix time, cut to a whole second; at most 400 days behind the beginning. */
  readonly expiresMs: number
  /** Unix time, cut to a whole second; when the possession was shown, unless said. */
  readonly notBeforeMs?: number
}

/**
 * A signed credential: at most 4,096 bytes, freshly allocated.
 *
 * @throws SottoError identity/credential if it would say what no credential may, or be too long; TypeError on a possession
 * that nothing showed
 */
export const issueCredential = (issuer: Issuer, grant: Grant, provider: Provider = defaultProvider): Uint8Array => {
  const { possession, name, roles = [], claims = {}, expiresMs, notBeforeMs = possession.shownMs } = grant
  // ID-30
  if (!Possession.is(possession)) throw new TypeError('expected a possession of checkProof or possessionOf')
  const payload = encodeStatement({
    issuer: issuer.id,
    id: possession.id,
    ...(name === undefined ? {} : { name }),
    roles: [...new Set(roles)].sort(),
    claims,
    notBeforeMs: wholeSecond(notBeforeMs),
    expiresMs: wholeSecond(expiresMs),
    serial: toHex(provider.randomBytes(16)),
  })
  const { secretKey } = issuerKeysOf(issuer)
  try {
    return encodeCredential(payload, (message) => provider.ed25519.sign(secretKey, message))
  } finally {
    secretKey.fill(0)
  }
}

const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000
