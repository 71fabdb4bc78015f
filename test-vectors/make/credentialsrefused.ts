import { concat, EMPTY, utf8 } from '../../src/bytes.js'
import { type Control, encodeControl } from '../../src/cbor.js'
import { parsePeerId } from '../../src/identity/id.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { type Claims, cnfOf, DAY, HEADER, type Maker, NOW } from './credentialmaker.js'

type Refused = Vectors<'credential'>['refused'][number]

/** What is wrong around the statement. */
export const envelopes = (maker: Maker): Refused[] => {
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
export const statements = (maker: Maker): Refused[] => {
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
export const judgements = (maker: Maker): Refused[] => {
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

const VALUES: readonly (readonly [is: string, value: Control])[] = [
  ['null', null],
  ['true', true],
  ['an integer', 1],
  ['a negative integer', -1],
  ['a text', 'x'],
  ['an empty text', ''],
  ['bytes', counting(0, 16)],
  ['no bytes', EMPTY],
  ['an array', ['x']],
  ['an empty array', []],
  ['a map with a text key', { x: 1 }],
  ['an empty map', new Map()],
]

/** The claims by key: what they are called, and which of those values they may have. */
const CLAIMS: readonly (readonly [key: number, name: string, may: readonly string[]])[] = [
  [1, 'iss', []],
  [2, 'sub', []],
  [4, 'exp', []],
  [5, 'nbf', []],
  [7, 'cti', ['bytes']],
  [8, 'cnf', []],
  [-65_537, 'roles', ['an array']],
  [-65_538, 'claims', ['a map with a text key']],
]

/** Each claim, and each part around the statement, with each value that it must not have; all of it signed. */
export const members = (maker: Maker): Refused[] => [
  ...CLAIMS.flatMap(([key, name, may]) =>
    VALUES.filter(([is]) => !may.includes(is)).map(([is, value]) => {
      const payload = encodeControl(maker.claims((claims) => void claims.set(key, value)))
      return maker.refuse(ruleOf(name, is), `${name} is ${is}`, maker.credential(payload))
    }),
  ),
  ...parts(maker),
  ...words(maker),
  ...times(maker),
  ...flips(maker),
]

/** An integer is a time in seconds, but leaves a life that is too long or none; a text is no name of the grammar. */
const ruleOf = (name: string, is: string): string => {
  if (is === 'an integer' && (name === 'exp' || name === 'nbf')) return 'ID-26'
  return name === 'sub' && is.endsWith('text') ? 'ID-24' : 'ID-23'
}

const parts = (maker: Maker): Refused[] => {
  const payload = encodeControl(maker.claims())
  const right: readonly Control[] = [HEADER, new Map(), payload, maker.sign(payload).signature]
  const names = ['the protected header', 'the unprotected header', 'the payload', 'the signature']
  return names.flatMap((name, at) =>
    VALUES.filter(([is]) => !(at === 1 && is === 'an empty map')).map(([is, value]) =>
      maker.refuse(
        at === 2 && (is === 'bytes' || is === 'no bytes') ? 'ID-21' : 'ID-20',
        `${name} is ${is}`,
        encodeControl(right.with(at, value)),
      ),
    ),
  )
}

const words = (maker: Maker): Refused[] => {
  const wrong: readonly (readonly [string, string])[] = [
    ['nothing', ''],
    ['65 letters', 'x'.repeat(65)],
    ['a space', ' '],
    ['a full stop', 'a.b'],
    ['a slash', 'a/b'],
    ['a colon', 'a:b'],
    ['an asterisk', '*'],
    ['a letter that is not ASCII', '\u00e9'],
    ['a line feed behind', 'a\n'],
    ['a zero byte', 'a\0'],
  ]
  const put = (key: number, value: Control): Uint8Array =>
    maker.credential(encodeControl(maker.claims((claims) => void claims.set(key, value))))
  return wrong.flatMap(([name, word]) => [
    maker.refuse('ID-25', `a role that is ${name}`, put(-65_537, [word])),
    ...(word === '' ? [] : [maker.refuse('ID-25', `a claim whose name is ${name}`, put(-65_538, { [word]: 1 }))]),
  ])
}

/** The limits of a life (ID-26), and of its bytes: an end in the year 10000, a beginning before 1970. */
const times = (maker: Maker): Refused[] => {
  const lived = (nbf: Control, exp: Control): Uint8Array =>
    maker.credential(
      encodeControl(
        maker.claims((claims) => {
          claims.set(5, nbf)
          claims.set(4, exp)
        }),
      ),
    )
  return [
    maker.refuse('ID-26', 'an end a second before its beginning', lived(NOW, NOW - 1)),
    maker.refuse('ID-26', 'an end a day before its beginning', lived(NOW, NOW - DAY)),
    maker.refuse('ID-26', '401 days', lived(NOW, NOW + 401 * DAY)),
    maker.refuse('ID-26', 'all time', lived(0, 253_402_300_799)),
    maker.refuse('ID-23', 'an end in the year 10000', lived(253_402_300_799 - DAY, 253_402_300_800)),
    maker.refuse('ID-23', 'a beginning before 1970', lived(-1, DAY)),
    maker.refuse('ID-23', 'times in milliseconds', lived(NOW * 1000, (NOW + DAY) * 1000)),
    maker.refuse('ID-23', 'an end of 2^53', lived(NOW, 2n ** 53n)),
    maker.refuse('ID-27', 'a beginning a day later', lived(NOW + DAY, NOW + 2 * DAY)),
    maker.refuse('ID-27', 'an end a day before', lived(NOW - 2 * DAY, NOW - DAY)),
  ]
}

/** A right one with a bit of its signature changed, one of each 8 bytes, or of what is signed. */
const flips = (maker: Maker): Refused[] => {
  const right = maker.credential(encodeControl(maker.claims()))
  const from = right.length - 64
  const flip = (at: number, mask: number): Uint8Array => right.map((byte, i) => (i === at ? byte ^ mask : byte))
  return [
    ...[1, 8, 16, 24, 31].map((at) => maker.refuse('ID-28', `byte ${at} of R changed`, flip(from + at, 0x04))),
    ...[0, 8, 16, 24, 31].map((at) => maker.refuse('ID-28', `byte ${at} of S changed`, flip(from + 32 + at, 0x04))),
    maker.refuse(
      'ID-28',
      'a signature of zeros',
      right.map((byte, i) => (i < from ? byte : 0)),
    ),
    maker.refuse(
      'ID-28',
      'R of the point of order 1, and S of 0',
      right.map((byte, i) => (i < from ? byte : i === from ? 1 : 0)),
    ),
    maker.refuse(
      'ID-28',
      'the halves of the signature swapped',
      concat(right.subarray(0, from), right.subarray(from + 32), right.subarray(from, from + 32)),
    ),
    maker.refuse('ID-28', 'a letter of the name changed', flip(right.indexOf(0x2f, 20) + 3, 0x01)),
  ]
}
