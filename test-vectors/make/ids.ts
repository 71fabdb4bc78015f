import { scrypt } from '@noble/hashes/scrypt.js'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { littleEndian, refusedTexts } from './idsrefused.js'
import { TEXTS, type TextKind, textOf } from './text.js'

type Ids = Vectors<'ids'>
type Sealed = Ids['sealed'][number]
type Locked = Pick<Sealed, 'passphrase' | 'cost'> & { readonly bytes: Uint8Array }

export const idVectors = (provider: Provider): Ids => {
  const locked = sealing(provider)
  return {
    about:
      'Keys as text (spec/identity.md). accepted and texts: `bytes` is what stands behind the type; of a secret, `publicKey` is the X25519 or, ' +
      'of an issuer and an auditor, Ed25519 key that it makes. refused and textsRefused: texts that must not be read as the kind `as`. ' +
      'sealed: a secret key under a passphrase; key = scrypt(passphrase, salt), and bytes = cost | salt | ChaChaPoly(key, nonce 0, ad, secretKey). ' +
      'sealedRefused: a text that the passphrase does not open.',
    accepted: CORE.flatMap((as) => told(as, provider)),
    refused: CORE.flatMap((as) => refusedTexts(as, provider)),
    texts: OTHER.flatMap((as) => told(as, provider)),
    textsRefused: OTHER.flatMap((as) => refusedTexts(as, provider)),
    sealed: LOCKS.map(([name, passphrase, cost, secretKey]) => locked.open(name, passphrase, cost, secretKey)),
    sealedRefused: locked.refused(),
  }
}

const CORE = ['peer', 'secret', 'sealed'] as const
const OTHER = [
  'issuer',
  'issuerSecret',
  'issuerSealed',
  'auditor',
  'auditorSecret',
  'auditorSealed',
  'challenge',
  'proof',
] as const

/** What a kind is read from: any bytes of its length, but for a peer id those of a canonical key. */
const told = <K extends TextKind>(as: K, provider: Provider) => {
  const { length } = TEXTS[as]
  const row = (name: string, bytes: Uint8Array) => ({
    name,
    as,
    text: textOf(as, bytes),
    bytes: toHex(bytes),
    ...publicOf(as, bytes, provider),
  })
  const common = [
    row('zeros', new Uint8Array(length)),
    row('bytes that count up', counting(0, length)),
    row('bytes that count up from 127', counting(0x7f - length + 1, length)),
    row('every other bit', new Uint8Array(length).fill(0x55)),
  ]
  if (as === 'peer') return [...common, ...CANONICAL.map(([name, bytes]) => row(name, bytes))]
  return [...common, row('ones, of which nothing is cleared', new Uint8Array(length).fill(0xff))]
}

/** Keys at the edge of ID-3. That a handshake with some of them fails is no matter of their texts. */
const CANONICAL: readonly (readonly [string, Uint8Array])[] = [
  ['the point of order 4', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0))],
  ['the base point', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0))],
  ['2^255-20, the largest', littleEndian(0xec, 0x7f)],
  ['2^255-21', littleEndian(0xeb, 0x7f)],
  ['2^254', Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 0x40 : 0))],
]

const publicOf = (as: TextKind, bytes: Uint8Array, provider: Provider): { readonly publicKey?: string } => {
  if (as === 'secret') return { publicKey: toHex(provider.dh['25519'].importKey(bytes).publicKey) }
  if (as !== 'issuerSecret' && as !== 'auditorSecret') return {}
  return { publicKey: toHex(provider.ed25519.generateKeyPair(bytes).publicKey) }
}

const LOCKS: readonly (readonly [string, passphrase: string, cost: number, secretKey: Uint8Array])[] = [
  ['a passphrase that is not in NFC, at the least cost', 'cafe\u0301 au lait', 14, counting(0, 32)],
  ['the same passphrase in NFC', 'caf\u00e9 au lait', 14, counting(0, 32)],
  ['a passphrase of one character', 'x', 14, counting(0x20, 32)],
  ['a passphrase outside the first plane', 'key \u{1f511}', 14, counting(0x20, 32)],
  ['a passphrase with a space at its end', 'x ', 14, counting(0x20, 32)],
  ['a passphrase of 200 letters', 'abcde'.repeat(40), 14, counting(0x20, 32)],
  ['a cost of 15', 'correct horse', 15, new Uint8Array(32).fill(0xff)],
]

const SALT = counting(0x40, 16)

const sealing = (provider: Provider) => {
  const seal = (passphrase: string, cost: number, secretKey: Uint8Array, owner = 'identity') => {
    const header = concat(Uint8Array.of(cost), SALT)
    const ad = concat(utf8(`Sotto/1 sealed ${owner}`), header)
    const key = scrypt(utf8(passphrase.normalize('NFC')), SALT, { N: 2 ** cost, r: 8, p: 1, dkLen: 32 })
    const box = new Uint8Array(48)
    provider.cipher.ChaChaPoly.importKey(key).seal(0, ad, secretKey, box)
    return { key, ad, bytes: concat(header, box) }
  }
  return {
    open: (name: string, passphrase: string, cost: number, secretKey: Uint8Array): Sealed => {
      const { key, ad, bytes } = seal(passphrase, cost, secretKey)
      const hints = { cost, salt: toHex(SALT), key: toHex(key), ad: toHex(ad), bytes: toHex(bytes) }
      return { name, passphrase, text: textOf('sealed', bytes), secretKey: toHex(secretKey), ...hints }
    },
    refused: (): Ids['sealedRefused'] => {
      const right: Locked = { passphrase: 'right', cost: 14, bytes: seal('right', 14, counting(0, 32)).bytes }
      const auditors = seal('right', 14, counting(0, 32), 'auditor').bytes
      return [
        ...wrongWords(right),
        ...wrongBytes(right, seal('right', 14, counting(0, 32), 'issuer').bytes),
        closed('ID-52', 'the sealed key of an auditor under the prefix of an identity', 'right', auditors),
      ]
    },
  }
}

const closed = (
  rule: string,
  name: string,
  passphrase: string,
  bytes: Uint8Array,
  code: Ids['sealedRefused'][number]['code'] = 'identity/malformed',
): Ids['sealedRefused'][number] => ({ name, code, rule, passphrase, text: textOf('sealed', bytes) })

const wrongWords = ({ bytes }: Locked): Ids['sealedRefused'] => [
  closed('ID-6', 'another passphrase', 'wrong', bytes),
  closed('ID-6', 'a space behind the passphrase', 'right ', bytes),
  closed('ID-6', 'a space in front of the passphrase', ' right', bytes),
  closed('ID-6', 'a line feed behind the passphrase', 'right\n', bytes),
  closed('ID-6', 'a capital in the passphrase', 'Right', bytes),
  closed('ID-6', 'a letter of the passphrase is missing', 'righ', bytes),
  closed('ID-6', 'a letter that is alike in the passphrase', 'r\u0456ght', bytes),
  closed('ID-6', 'letters of full width, which NFC keeps apart', '\uff52ight', bytes),
]

const wrongBytes = ({ passphrase, bytes }: Locked, issuers: Uint8Array): Ids['sealedRefused'] => {
  const put = (at: number, value: number): Uint8Array => bytes.map((byte, i) => (i === at ? value : byte))
  const flip = (at: number): Uint8Array => put(at, (bytes[at] ?? 0) ^ 1)
  const cost = (value: number): Uint8Array => put(0, value)
  return [
    closed('ID-6', 'a bit of the salt changed', passphrase, flip(1)),
    closed('ID-6', 'a bit of the end of the salt changed', passphrase, flip(16)),
    closed('ID-6', 'a bit of the sealed key changed', passphrase, flip(17)),
    closed('ID-6', 'a bit of the end of the sealed key changed', passphrase, flip(48)),
    closed('ID-6', 'a bit of the tag changed', passphrase, flip(49)),
    closed('ID-6', 'a bit of the end of the tag changed', passphrase, flip(64)),
    closed('ID-6', 'another cost than it was sealed with', passphrase, cost(15)),
    closed('ID-6', 'the sealed key of an issuer under the prefix of an identity', passphrase, issuers),
    ...[0, 1, 13, 19, 20, 127, 255].map((value) =>
      closed('ID-7', `a cost of ${value}`, passphrase, cost(value), 'crypto/bad-key'),
    ),
  ]
}
