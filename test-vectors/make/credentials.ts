import type { Provider } from '../../src/crypto/provider.js'
import type { Vectors } from '../schema.js'
import { Maker, NAME } from './credentialmaker.js'
import { envelopes, judgements, members, statements } from './credentialsrefused.js'
import { possessions } from './possessions.js'

type Credentials = Vectors<'credential'>
type Refused = Credentials['refused'][number]

export const credentialVectors = (provider: Provider): Credentials => {
  const maker = new Maker(provider)
  return {
    about:
      'Credentials (spec/identity.md). issuers: the seed of an issuer, its Ed25519 public key and the texts of both. ' +
      'accepted: credentials that hold at unixMs for the key of id, with a skew of 60,000 ms, where the issuer of trusts is trusted and no other; payload is the CBOR of the statement, toBeSigned that of Sig_structure, ' +
      'and expiresMs is when trust in the peer ends. refused: the same with one fault; where the signature is not the fault, it is right. ' +
      'names: whether a text may be a name. possession: the proof that the owner of secretKey makes of a challenge of the issuer; c is the X25519 secret of the ' +
      'challenge, shared the secret of c and secretKey. proofs: the id that a proof shows at unixMs to the issuer of the seed.',
    issuers: maker.issuers(),
    accepted: maker.accepted(),
    refused: once([...envelopes(maker), ...statements(maker), ...judgements(maker), ...members(maker)]),
    names: NAMES.map(([name, text, valid]) => ({ name, rule: 'ID-24', text, valid })),
    ...possessions(maker),
  }
}

/** Of two names for the same bytes the first. */
const once = (all: readonly Refused[]): Refused[] =>
  all.filter(
    ({ credential, id, unixMs }, at) =>
      all.findIndex((other) => other.credential === credential && other.id === id && other.unixMs === unixMs) === at,
  )

const NAMES: readonly (readonly [name: string, text: string, valid: boolean])[] = [
  ['of the first vector', NAME, true],
  ['the shortest parts', 'spiffe://a/b', true],
  ['an address for a domain', 'spiffe://10.0.0.1/x', true],
  ['every kind of character', 'spiffe://my_domain-1.test/A.b_c-D/...', true],
  ['255 characters', `spiffe://example.org/${'a'.repeat(234)}`, true],
  ['256 characters', `spiffe://example.org/${'a'.repeat(235)}`, false],
  ['nothing', '', false],
  ['no path', 'spiffe://example.org', false],
  ['a path without a segment', 'spiffe://example.org/', false],
  ['a slash at the end', 'spiffe://example.org/a/', false],
  ['an empty segment', 'spiffe://example.org/a//b', false],
  ['no domain', 'spiffe:///a', false],
  ['the segment .', 'spiffe://example.org/.', false],
  ['the segment ..', 'spiffe://example.org/a/../b', false],
  ['a capital in the domain', 'spiffe://Example.org/a', false],
  ['a capital in the scheme', 'SPIFFE://example.org/a', false],
  ['a port', 'spiffe://example.org:80/a', false],
  ['a user', 'spiffe://user@example.org/a', false],
  ['a query', 'spiffe://example.org/a?b', false],
  ['a fragment', 'spiffe://example.org/a#b', false],
  ['a per cent sign', 'spiffe://example.org/a%2fb', false],
  ['a space', 'spiffe://example.org/a b', false],
  ['another scheme', 'https://example.org/a', false],
]
