import { scrypt } from '@noble/hashes/scrypt.js'
import { bech32, bech32m } from '@scure/base'
import { concat, toHex, utf8 } from '../../src/bytes.js'
import type { Provider } from '../../src/crypto/provider.js'
import { Identity, secretTextOf } from '../../src/identity/identity.js'
import { sealIdentity } from '../../src/identity/sealed.js'
import { counting } from '../hex.js'
import type { Vectors } from '../schema.js'
import { scripted } from '../scripted.js'

type Ids = Vectors<'ids'>
type Refused = Ids['refused'][number]

export const idVectors = (provider: Provider): Ids => ({
  about:
    'Keys as text (spec/identity.md). identities: a secret key, its X25519 public key and the texts of both. ' +
    'sealed: a secret key under a passphrase; key = scrypt(passphrase, salt), and bytes = cost | salt | ChaChaPoly(key, nonce 0, ad, secretKey). ' +
    'refused: texts that must not be read as the kind named.',
  identities: [
    identity('a secret key that counts up', counting(0, 32), provider),
    identity(
      'a secret key with bits that X25519 clears and sets: it is stored as it is',
      new Uint8Array(32).fill(0xff),
      provider,
    ),
    identity('a secret key of ones', new Uint8Array(32).fill(1), provider),
  ],
  sealed: [sealed(provider)],
  refused: refused(provider),
})

const identity = (name: string, secretKey: Uint8Array, provider: Provider): Ids['identities'][number] => {
  const made = Identity.of(secretKey, provider)
  const key = provider.dh['25519'].importKey(secretKey)
  return {
    name,
    secretKey: toHex(secretKey),
    publicKey: toHex(key.publicKey),
    peer: made.id,
    secret: secretTextOf(made),
  }
}

/** The passphrase is given decomposed; it is composed (NFC) before it is used. */
const sealed = (provider: Provider): Ids['sealed'][number] => {
  const [secretKey, salt, passphrase, cost] = [counting(0, 32), counting(0x40, 16), 'cafe\u0301 au lait', 14]
  const drawn = scripted(provider, [{ name: 'salt', bytes: salt }])
  const text = sealIdentity(Identity.of(secretKey, provider), passphrase, drawn.provider, cost)
  const header = concat(Uint8Array.of(cost), salt)
  const ad = concat(utf8('Sotto/1 sealed identity'), header)
  const key = scrypt(utf8(passphrase.normalize('NFC')), salt, { N: 2 ** cost, r: 8, p: 1, dkLen: 32 })
  const box = new Uint8Array(48)
  provider.cipher.ChaChaPoly.importKey(key).seal(0, ad, secretKey, box)
  return {
    name: 'a passphrase that is not in NFC, at the least cost',
    secretKey: toHex(secretKey),
    passphrase,
    cost,
    salt: toHex(salt),
    key: toHex(key),
    ad: toHex(ad),
    bytes: toHex(concat(header, box)),
    text,
  }
}

const text = (prefix: string, bytes: Uint8Array, checksum: typeof bech32m = bech32m): string =>
  checksum.encode(prefix, checksum.toWords(bytes), false)

const refused = (provider: Provider): Refused[] => {
  const secretKey = counting(0, 32)
  const { publicKey } = provider.dh['25519'].importKey(secretKey)
  const typed = (type: number, bytes: Uint8Array): Uint8Array => concat(Uint8Array.of(type), bytes)
  const peer = text('sotto', typed(0, publicKey))
  const secret = text('sotto-secret-', typed(0, secretKey)).toUpperCase()
  const no = (as: Refused['as'], rule: string, name: string, wrong: string): Refused => ({
    name,
    code: 'identity/malformed',
    rule,
    as,
    text: wrong,
  })
  return [
    no('peer', 'ID-1', 'nothing', ''),
    no('peer', 'ID-1', 'a type that is reserved', text('sotto', typed(1, publicKey))),
    no('peer', 'ID-1', 'another prefix', text('sott0', typed(0, publicKey))),
    no('peer', 'ID-1', 'a byte too few', text('sotto', typed(0, publicKey.subarray(1)))),
    no('peer', 'ID-1', 'a byte too many', text('sotto', typed(0, concat(publicKey, Uint8Array.of(0))))),
    no('peer', 'ID-1', 'the checksum of bech32', text('sotto', typed(0, publicKey), bech32)),
    no('peer', 'ID-1', 'one letter changed', peer.replace('qz85', 'qz86')),
    no('peer', 'ID-1', 'two letters swapped', peer.replace('z8', '8z')),
    no('peer', 'ID-1', 'a secret text where an id is expected', secret),
    no('peer', 'ID-2', 'upper case', peer.toUpperCase()),
    no('peer', 'ID-2', 'mixed case', peer.replace('sotto1', 'Sotto1')),
    no('peer', 'ID-2', 'a space behind', `${peer} `),
    no('peer', 'ID-2', 'a line feed behind', `${peer}\n`),
    no('peer', 'ID-2', 'a bit set behind the last byte', spare(publicKey)),
    no('peer', 'ID-3', '2^255-19', text('sotto', typed(0, littleEndian(0xed, 0x7f)))),
    no('peer', 'ID-3', '2^255-1', text('sotto', typed(0, littleEndian(0xff, 0x7f)))),
    no(
      'peer',
      'ID-3',
      'bit 255 set',
      text(
        'sotto',
        typed(
          0,
          Uint8Array.from(publicKey, (byte, i) => (i === 31 ? byte | 0x80 : byte)),
        ),
      ),
    ),
    no('secret', 'ID-1', 'an id where a secret text is expected', peer),
    no('secret', 'ID-1', 'the checksum of bech32', text('sotto-secret-', typed(0, secretKey), bech32).toUpperCase()),
    no('secret', 'ID-1', 'another type', text('sotto-secret-', typed(1, secretKey)).toUpperCase()),
    no('secret', 'ID-1', 'a letter is missing', secret.slice(0, -1)),
    no('secret', 'ID-2', 'lower case', secret.toLowerCase()),
    no('sealed', 'ID-1', 'a secret text where a sealed text is expected', secret),
  ]
}

/** 32 bytes, little-endian: `low`, ones, `high`. */
const littleEndian = (low: number, high: number): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? low : i === 31 ? high : 0xff))

/** 33 bytes are 264 bits, 53 letters 265: the last letter has one bit to spare, which must be clear. */
const spare = (publicKey: Uint8Array): string => {
  const words = bech32m.toWords(concat(Uint8Array.of(0), publicKey))
  const last = words.length - 1
  return bech32m.encode(
    'sotto',
    words.map((word, i) => (i === last ? word | 1 : word)),
    false,
  )
}
