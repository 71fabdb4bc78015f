import { toHex, utf8 } from '../../src/bytes.js'
import { type Control, encodeControl } from '../../src/cbor.js'
import type { Provider } from '../../src/crypto/provider.js'
import { decodeCredential } from '../../src/identity/credential.js'
import { parseIssuerId, parsePeerId } from '../../src/identity/id.js'
import { Identity } from '../../src/identity/identity.js'
import { Issuer, issuerSecretTextOf } from '../../src/identity/issuer.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'

type Credentials = Vectors<'credential'>
type Judged = Credentials['accepted'][number]
type Refused = Credentials['refused'][number]
export type Claims = Map<number, Control>

export const NOW = 1_767_225_600
export const DAY = 86_400
export const HEADER = Uint8Array.of(0xa1, 0x01, 0x32)
export const AAD = utf8('Sotto/1 credential')
export const NAME = 'spiffe://example.org/kitchen/thermostat'

/** What is signed beside the payload, and with what. */
interface Parts {
  readonly header?: Uint8Array
  readonly aad?: Uint8Array
  readonly seed?: Uint8Array
  readonly context?: string
}

export class Maker {
  readonly provider: Provider
  readonly issuer: Issuer
  readonly other: Issuer
  readonly identity: Identity
  readonly stranger: Identity

  constructor(provider: Provider) {
    this.provider = provider
    this.issuer = Issuer.of(counting(0x20, 32), provider)
    this.other = Issuer.of(counting(0x60, 32), provider)
    this.identity = Identity.of(counting(0, 32), provider)
    this.stranger = Identity.of(counting(0x80, 32), provider)
  }

  issuers(): Credentials['issuers'] {
    return [counting(0x20, 32), counting(0x60, 32)].map((seed) => {
      const issuer = Issuer.of(seed, this.provider)
      const secret = issuerSecretTextOf(issuer)
      return { seed: toHex(seed), publicKey: toHex(parseIssuerId(issuer.id)), issuer: issuer.id, secret }
    })
  }

  /** The claims of the first vector, changed. */
  claims(change: (claims: Claims) => void = () => undefined): Claims {
    const claims = new Map<number, Control>([
      [1, this.issuer.id],
      [2, NAME],
      [4, NOW + DAY],
      [5, NOW],
      [7, counting(0x40, 16)],
      [8, cnfOf([1, 1], [-1, 4], [-2, parsePeerId(this.identity.id)])],
      [-65_537, ['display', 'sensor']],
      [-65_538, { room: 'kitchen', floor: -2, indoors: true }],
    ])
    change(claims)
    return claims
  }

  sign(
    payload: Uint8Array,
    { header = HEADER, aad = AAD, seed = counting(0x20, 32), context = 'Signature1' }: Parts = {},
  ) {
    const toBeSigned = encodeControl([context, header, aad, payload])
    return { toBeSigned, signature: this.provider.ed25519.sign(seed, toBeSigned) }
  }

  credential(payload: Uint8Array, parts: Parts = {}): Uint8Array {
    return encodeControl([parts.header ?? HEADER, new Map(), payload, this.sign(payload, parts).signature])
  }

  accepted(): Judged[] {
    const optional = (claims: Claims): void => [2, -65_537, -65_538].forEach((key) => void claims.delete(key))
    const most = (claims: Claims): void => {
      const words = Array.from({ length: 64 }, (_, i) => `w${String(i).padStart(2, '0')}`)
      claims
        .set(-65_537, words)
        .set(-65_538, Object.fromEntries(words.map((word, i) => [word, i % 2 ? 2 ** 53 - 1 : 1 - 2 ** 53])))
    }
    return [
      this.judged('a name, roles and claims', this.claims(), NOW),
      this.judged('what is optional left out', this.claims(optional), NOW),
      this.judged('64 roles and 64 claims', this.claims(most), NOW),
      this.judged('the first moment', this.claims(), NOW - 60),
      this.judged('the last second', this.claims(), NOW + DAY + 59),
      this.judged(
        'the longest life',
        this.claims((claims) => void claims.set(4, NOW + 400 * DAY)),
        NOW,
      ),
    ]
  }

  judged(name: string, claims: Claims, now: number): Judged {
    const payload = encodeControl(claims)
    const credential = this.credential(payload)
    const { roles, claims: said, expiresMs, serial, ...statement } = decodeCredential(credential)
    return {
      name,
      id: this.identity.id,
      unixMs: now * 1000,
      trusts: this.issuer.id,
      peer: {
        name: statement.name ?? null,
        roles: [...roles],
        claims: { ...said },
        serial,
        expiresMs: expiresMs + 60_000,
      },
      payload: toHex(payload),
      toBeSigned: toHex(this.sign(payload).toBeSigned),
      credential: toHex(credential),
    }
  }

  refuse(rule: string, name: string, credential: Uint8Array, { id = this.identity.id, now = NOW } = {}): Refused {
    return {
      name,
      code: 'identity/credential',
      rule,
      id,
      unixMs: now * 1000,
      trusts: this.issuer.id,
      credential: toHex(credential),
    }
  }
}

export const cnfOf = (...members: (readonly [number, Control])[]): Control => new Map([[1, new Map(members)]])
