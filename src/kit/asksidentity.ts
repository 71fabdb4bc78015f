import { toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import type { KeyPair } from '../crypto/provider.js'
import { auditorKeysOf, parseAuditor } from '../identity/auditor.js'
import { issuerId, parseAuditorId, parseIssuerId, parsePeerId, peerId } from '../identity/id.js'
import { Identity, keyPairOf, parseIdentity } from '../identity/identity.js'
import { Issuer, issuerKeysOf, parseIssuer } from '../identity/issuer.js'
import { isName } from '../identity/name.js'
import { checkProof, proveIdentity } from '../identity/possession.js'
import { openIdentity } from '../identity/sealed.js'
import { decodeText } from '../identity/text.js'
import { trustStore } from '../identity/trust.js'
import type { Members } from './members.js'

const AS = [
  'peer',
  'secret',
  'sealed',
  'issuer',
  'issuerSecret',
  'issuerSealed',
  'auditor',
  'auditorSecret',
  'auditorSealed',
  'challenge',
  'proof',
] as const

/** Asks of ids, key files and credentials. */
export const IDENTITIES = {
  id: (vector: Members) => textOf(vector),
  text: (vector: Members) => textOf(vector),
  sealed: (vector: Members) => {
    const identity = openIdentity(vector.text('text'), vector.text('passphrase'), defaultProvider)
    return { secretKey: toHex(keyPairOf(identity).secretKey) }
  },
  credential: (vector: Members) => {
    const trust = trustStore([issuerId(vector.text('trusts'))])
    const id = peerId(vector.text('id'))
    const peer = trust.vouch(id, vector.bytes('credential'), vector.count('unixMs'))
    const { name, roles, claims, serial, expiresMs } = peer
    return { peer: { name: name ?? null, roles, claims, serial, expiresMs } }
  },
  name: (vector: Members) => ({ valid: isName(vector.text('text')) }),
  possession: (vector: Members) => {
    const identity = Identity.of(vector.bytes('secretKey'), defaultProvider)
    const issuer = issuerId(vector.text('issuer'))
    return { proof: proveIdentity(identity, vector.text('challenge'), issuer, defaultProvider) }
  },
  proof: (vector: Members) => {
    const issuer = Issuer.of(vector.bytes('seed'), defaultProvider)
    return { id: checkProof(issuer, vector.text('proof'), vector.count('unixMs'), defaultProvider).id }
  },
}

/** The bytes behind the type, and of a secret the public key that it makes. */
const textOf = (vector: Members): Readonly<Record<string, string>> => {
  const [as, text] = [vector.one('as', AS), vector.text('text')]
  switch (as) {
    case 'peer':
      return { bytes: toHex(parsePeerId(text)) }
    case 'issuer':
      return { bytes: toHex(parseIssuerId(text)) }
    case 'auditor':
      return { bytes: toHex(parseAuditorId(text)) }
    case 'secret':
      return hexOfPair(keyPairOf(parseIdentity(text, defaultProvider)))
    case 'issuerSecret':
      return hexOfPair(issuerKeysOf(parseIssuer(text, defaultProvider)))
    case 'auditorSecret':
      return hexOfPair(auditorKeysOf(parseAuditor(text, defaultProvider)))
    default:
      return { bytes: toHex(decodeText(as, text)) }
  }
}

const hexOfPair = ({ secretKey, publicKey }: KeyPair) => ({ bytes: toHex(secretKey), publicKey: toHex(publicKey) })
