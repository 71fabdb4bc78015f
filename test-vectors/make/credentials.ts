import { concat, EMPTY, toHex, utf8 } from '../../src/bytes.js'
import { type Control, encodeControl } from '../../src/cbor.js'
import { hkdfExpand, hkdfExtract } from '../../src/crypto/hkdf.js'
import type { Provider } from '../../src/crypto/provider.js'
import { decodeCredential } from '../../src/identity/credential.js'
import { parseIssuerId, parsePeerId } from '../../src/identity/id.js'
import { Identity } from '../../src/identity/identity.js'
import { Issuer, issuerSecretTextOf } from '../../src/identity/issuer.js'
import { makeChallenge, proveIdentity } from '../../src/identity/possession.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { scripted } from '../scripted.js'

type Credentials = Vectors<'credential'>
type Judged = Credentials['accepted'][number]
type Refused = Credentials['refused'][number]
type Claims = Map<number, Control>

const NOW = 1_767_225_600
const DAY = 86_400
const HEADER = Uint8Array.of(0xa1, 0x01, 0x32)
const AAD = utf8('Sotto/1 credential')
const NAME = 'spiffe://example.org/kitchen/thermostat'

export const credentialVectors = (provider: Provider): Credentials => {
  const maker = new Maker(provider)
  return {
    about:
      'Credentials (spec/identity.md). issuers: the seed of an issuer, its Ed25519 public key and the texts of both; the first one is trusted. ' +
      'accepted: credentials that hold at unixMs for the key of id with a skew of 60,000 ms; payload is the CBOR of the statement, toBeSigned that of Sig_structure, ' +
      'and expiresMs is when trust in the peer ends. refused: the same with one fault; where the signature is not the fault, it is right. ' +
      'names: whether a text may be a name. possession: c is the X25519 secret of a challenge, shared the secret of c and the subject, and proof holds for ' +
      'ten minutes from unixMs.',
    issuers: maker.issuers(),
    accepted: maker.accepted(),
    refused: [...envelopes(maker), ...statements(maker), ...judgements(maker)],
    names: NAMES.map(([text, taken]) => ({ text, taken })),
    possession: [maker.possession()],
  }
}

/** What is signed beside the payload, and with what. */
interface Parts {
  readonly header?: Uint8Array
  readonly aad?: Uint8Array
  readonly seed?: Uint8Array
  readonly context?: string
}

class Maker {
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
    return { name, code: 'identity/credential', rule, id, unixMs: now * 1000, credential: toHex(credential) }
  }

  possession(): Credentials['possession'][number] {
    const unixMs = NOW * 1000 + 1
    const random = counting(0xb0, 16)
    const drawn = scripted(this.provider, [{ name: 'nonce', bytes: random }])
    const challenge = makeChallenge(this.issuer, unixMs, drawn.provider)
    const hash = this.provider.hash.SHA256
    const nonce = concat(fromNumber(unixMs), random.subarray(6))
    const seed = counting(0x20, 32)
    const c = hkdfExpand(hash, hkdfExtract(hash, EMPTY, seed), concat(utf8('Sotto/1 challenge'), nonce), 32)
    const key = this.provider.dh['25519'].importKey(c)
    return {
      name: 'a challenge and its proof',
      seed: toHex(seed),
      unixMs,
      nonce: toHex(nonce),
      c: toHex(c),
      challenge,
      secretKey: toHex(counting(0, 32)),
      shared: toHex(key.agree(parsePeerId(this.identity.id))),
      proof: proveIdentity(this.identity, challenge, this.issuer.id, this.provider),
    }
  }
}

/** u48. */
const fromNumber = (value: number): Uint8Array =>
  Uint8Array.from({ length: 6 }, (_, i) => Math.floor(value / 2 ** (8 * (5 - i))) & 0xff)

const cnfOf = (...members: (readonly [number, Control])[]): Control => new Map([[1, new Map(members)]])

/** What is wrong around the statement. */
const envelopes = (maker: Maker): Refused[] => {
  const payload = encodeControl(maker.claims())
  const { signature } = maker.sign(payload)
  const right = maker.credential(payload)
  const none: Control = new Map()
  const headed = (header: Control): Uint8Array => maker.credential(payload, { header: encodeControl(header) })
  const no = (name: string, credential: Uint8Array): Refused => maker.refuse('ID-20', name, credential)
  const arr = (...parts: Control[]): Uint8Array => encodeControl(parts)
  const algorithms: [string, Control][] = [
    ['EdDSA, -8', -8],
    ['Ed448, -53', -53],
    ['ES256, -7', -7],
    ['HMAC 256, 5', 5],
  ]
  return [
    no('nothing', EMPTY),
    no('a tag in front', concat(Uint8Array.of(0xd2), right)),
    no('a byte behind', concat(right, Uint8Array.of(0))),
    no('an array of indefinite length', concat(Uint8Array.of(0x9f), right.subarray(1), Uint8Array.of(0xff))),
    no('three parts', arr(HEADER, none, payload)),
    no('five parts', arr(HEADER, none, payload, signature, EMPTY)),
    no('a protected header of no bytes', maker.credential(payload, { header: EMPTY })),
    ...algorithms.map(([name, alg]) => no(`another algorithm: ${name}`, headed(new Map([[1, alg]])))),
    no(
      'a key id in the protected header',
      headed(
        new Map<number, Control>([
          [1, -19],
          [4, EMPTY],
        ]),
      ),
    ),
    no(
      'a second spelling of the algorithm',
      maker.credential(payload, { header: Uint8Array.of(0xa1, 0x01, 0x38, 18) }),
    ),
    no('an unprotected header', arr(HEADER, new Map([[4, EMPTY]]), payload, signature)),
    no('no payload', arr(HEADER, none, null, signature)),
    no('a payload that is a map', arr(HEADER, none, maker.claims(), signature)),
    no('a signature of 63 bytes', arr(HEADER, none, payload, signature.subarray(1))),
    maker.refuse('ID-22', '4,097 bytes', longest(maker)),
    maker.refuse(
      'ID-22',
      'nine containers inside each other',
      maker.credential(Uint8Array.of(...Array<number>(8).fill(0x81), 0x80)),
    ),
    maker.refuse('ID-22', '257 items', maker.credential(encodeControl(Array.from({ length: 256 }, () => 0)))),
  ]
}

/** One byte over the bound, and else right. */
const longest = (maker: Maker): Uint8Array => {
  const sized = (length: number): Uint8Array =>
    maker.credential(encodeControl(maker.claims((claims) => void claims.set(-65_538, { a: 'x'.repeat(length) }))))
  return sized(3_000 + 4_097 - sized(3_000).length)
}

/** What no statement says; the signature is right. */
const statements = (maker: Maker): Refused[] => {
  const x = parsePeerId(maker.identity.id)
  const put = (key: number, value: Control): Uint8Array =>
    maker.credential(encodeControl(maker.claims((claims) => void claims.set(key, value))))
  const without = (key: number): Uint8Array =>
    maker.credential(encodeControl(maker.claims((claims) => void claims.delete(key))))
  const payload = encodeControl(maker.claims())
  const nbf = concat(Uint8Array.of(5), encodeControl(NOW))
  const spelt = (wrong: Uint8Array): Uint8Array => maker.credential(replaced(payload, nbf, wrong))
  const no = (rule: string, name: string, credential: Uint8Array): Refused => maker.refuse(rule, name, credential)
  return [
    ...[1, 4, 5, 7, 8].map((key) => no('ID-23', `claim ${key} is missing`, without(key))),
    ...[3, 6, 9, -65_539].map((key) => no('ID-23', `claim ${key}, which is not listed`, put(key, 0))),
    no('ID-23', 'a claim twice', maker.credential(doubled(payload, nbf))),
    no('ID-23', 'a time with a longer head', spelt(concat(Uint8Array.of(5, 0x1b, 0, 0, 0, 0), nbf.subarray(2)))),
    no('ID-23', 'a time under a tag', spelt(concat(Uint8Array.of(5, 0xc1), nbf.subarray(1)))),
    no('ID-23', 'a time that is text', put(5, String(NOW))),
    no(
      'ID-23',
      'a map of indefinite length',
      maker.credential(concat(Uint8Array.of(0xbf), payload.subarray(1), Uint8Array.of(0xff))),
    ),
    no('ID-23', 'an issuer in upper case', put(1, maker.issuer.id.toUpperCase())),
    no('ID-23', 'a serial of 15 bytes', put(7, counting(0x40, 15))),
    no('ID-23', 'a serial that is text', put(7, '404142434445464748494a4b4c4d4e4f')),
    no('ID-23', 'a key id in place of a key', put(8, new Map([[3, EMPTY]]))),
    no('ID-23', 'a key on Ed25519', put(8, cnfOf([1, 1], [-1, 6], [-2, x]))),
    no('ID-23', 'a key of 31 bytes', put(8, cnfOf([1, 1], [-1, 4], [-2, x.subarray(1)]))),
    no('ID-23', 'a key that is not canonical', put(8, cnfOf([1, 1], [-1, 4], [-2, new Uint8Array(32).fill(0xff)]))),
    no('ID-23', 'a key with a member more', put(8, cnfOf([1, 1], [3, -19], [-1, 4], [-2, x]))),
    no('ID-23', 'roles that are none', put(-65_537, [])),
    no('ID-23', 'claims that are none', put(-65_538, new Map())),
    no('ID-24', 'a name that is no SPIFFE ID', put(2, 'thermostat')),
    no('ID-25', 'roles out of order', put(-65_537, ['b', 'a'])),
    no('ID-25', 'a role twice', put(-65_537, ['a', 'a'])),
    no('ID-25', 'a role with a space', put(-65_537, ['a b'])),
    no(
      'ID-25',
      '65 roles',
      put(
        -65_537,
        Array.from({ length: 65 }, (_, i) => `w${String(i).padStart(2, '0')}`),
      ),
    ),
    no('ID-25', 'a claim that is null', put(-65_538, { a: null })),
    no('ID-25', 'a claim that is a list', put(-65_538, { a: [1] })),
    no('ID-25', 'a claim of 2^53', put(-65_538, { a: 2n ** 53n })),
    no('ID-25', 'a claim without a name', put(-65_538, { '': 1 })),
    no('ID-26', 'an end at its beginning', put(4, NOW)),
    no('ID-26', '400 days and a second', put(4, NOW + 400 * DAY + 1)),
  ]
}

const replaced = (bytes: Uint8Array, right: Uint8Array, wrong: Uint8Array): Uint8Array => {
  const at = bytes.findIndex((_, i) => right.every((byte, j) => bytes[i + j] === byte))
  return concat(bytes.subarray(0, at), wrong, bytes.subarray(at + right.length))
}

/** `member` twice in the map that `bytes` is. */
const doubled = (bytes: Uint8Array, member: Uint8Array): Uint8Array =>
  replaced(bytes, member, concat(member, member)).map((byte, i) => (i === 0 ? byte + 1 : byte))

/** A credential in the right form, that does not hold. */
const judgements = (maker: Maker): Refused[] => {
  const payload = encodeControl(maker.claims())
  const right = maker.credential(payload)
  const by = (seed: Uint8Array, claims: Claims): Uint8Array => maker.credential(encodeControl(claims), { seed })
  const lied = maker.claims((claims) => void claims.set(1, maker.other.id))
  const last = right.length - 1
  return [
    maker.refuse('ID-21', 'other associated data', maker.credential(payload, { aad: utf8('Sotto/2 credential') })),
    maker.refuse('ID-21', 'no associated data', maker.credential(payload, { aad: EMPTY })),
    maker.refuse('ID-21', 'another context', maker.credential(payload, { context: 'Signature' })),
    maker.refuse('ID-28', 'an issuer that is not trusted', by(counting(0x60, 32), lied)),
    maker.refuse('ID-28', 'signed by another issuer', by(counting(0x60, 32), maker.claims())),
    maker.refuse(
      'ID-28',
      'a bit of R flipped',
      right.map((byte, i) => (i === right.length - 64 ? byte ^ 1 : byte)),
    ),
    maker.refuse(
      'ID-28',
      'S with the group order added',
      right.map((byte, i) => (i > last - 32 ? (plusOrder(right)[i - last + 31] ?? byte) : byte)),
    ),
    maker.refuse('ID-29', 'of another key', right, { id: maker.stranger.id }),
    maker.refuse('ID-27', 'before its time', right, { now: NOW - 61 }),
    maker.refuse('ID-27', 'after its time', right, { now: NOW + DAY + 60 }),
  ]
}

const ORDER = 2n ** 252n + 27_742_317_777_372_353_535_851_937_790_883_648_493n

/** S + L, little-endian: the same equation holds, and S is not below L. */
const plusOrder = (credential: Uint8Array): Uint8Array => {
  const s = credential.subarray(-32).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n) + ORDER
  return Uint8Array.from({ length: 32 }, (_, i) => Number((s >> BigInt(8 * i)) & 0xffn))
}

const NAMES: readonly (readonly [text: string, taken: boolean])[] = [
  [NAME, true],
  ['spiffe://a/b', true],
  ['spiffe://10.0.0.1/x', true],
  ['spiffe://my_domain-1.test/A.b_c-D/...', true],
  [`spiffe://example.org/${'a'.repeat(234)}`, true],
  [`spiffe://example.org/${'a'.repeat(235)}`, false],
  ['', false],
  ['spiffe://example.org', false],
  ['spiffe://example.org/', false],
  ['spiffe://example.org/a/', false],
  ['spiffe://example.org/a//b', false],
  ['spiffe:///a', false],
  ['spiffe://example.org/.', false],
  ['spiffe://example.org/a/../b', false],
  ['spiffe://Example.org/a', false],
  ['SPIFFE://example.org/a', false],
  ['spiffe://example.org:80/a', false],
  ['spiffe://user@example.org/a', false],
  ['spiffe://example.org/a?b', false],
  ['spiffe://example.org/a#b', false],
  ['spiffe://example.org/a%2fb', false],
  ['spiffe://example.org/a b', false],
  ['https://example.org/a', false],
]
