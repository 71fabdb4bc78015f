import { concat, EMPTY, toHex } from '../../src/bytes.js'
import type { CipherName } from '../../src/crypto/provider.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { nonceOf, recordOf, rekeyed, sealApart } from './aead.js'

type Refused = Vectors<'channel'>['refused'][number]

/** A record that is right but for one thing; `n` is what the opener stands at. */
interface Base {
  readonly is: string
  readonly key: Uint8Array
  readonly n: number
  readonly plaintext: Uint8Array
}

/** The shortest record, one of a few bytes, one that fills more than a block of every primitive. */
const BASES: readonly Base[] = [
  { is: 'the shortest record', key: counting(0x00, 32), n: 1, plaintext: Uint8Array.of(0x0f) },
  { is: 'a record of 5 bytes', key: counting(0x40, 32), n: 2 ** 32, plaintext: fromHex('0901000000') },
  {
    is: 'a record of 130 bytes',
    key: counting(0x80, 32),
    n: 255,
    plaintext: concat(fromHex('0901'), new Uint8Array(128)),
  },
]

export const refusedRecords = (cipher: CipherName): Refused[] => [
  ...BASES.flatMap((base) => [...changed(cipher, base), ...otherwise(cipher, base)]),
  ...tags(cipher),
  ...lengths(cipher),
]

const refused = (cipher: CipherName, { key, n }: Base, name: string, record: Uint8Array): Refused => ({
  name,
  code: 'channel/forged',
  rule: 'CH-5',
  cipher,
  key: toHex(key),
  n,
  record: toHex(record),
})

/** The ciphertext with bytes changed, left out or put in, and a length that says so. */
const changed = (cipher: CipherName, base: Base): Refused[] => {
  const right = sealApart(cipher, base.key, nonceOf(cipher, base.n), base.plaintext)
  const tag = right.length - 16
  const no = (name: string, ciphertext: Uint8Array): Refused =>
    refused(cipher, base, `${base.is}: ${name}`, recordOf(ciphertext))
  const flip = (at: number, mask: number): Uint8Array => right.map((byte, i) => (i === at ? byte ^ mask : byte))
  const all = [
    no('the first bit of the ciphertext changed', flip(0, 0x80)),
    no('the last bit of the ciphertext changed', flip(tag - 1, 0x01)),
    no(
      'every bit of the ciphertext changed',
      right.map((byte, i) => (i < tag ? byte ^ 0xff : byte)),
    ),
    no('the first bit of the tag changed', flip(tag, 0x80)),
    no('the last bit of the tag changed', flip(right.length - 1, 0x01)),
    no(
      'every bit of the tag changed',
      right.map((byte, i) => (i < tag ? byte : byte ^ 0xff)),
    ),
    no(
      'a tag of zeros',
      right.map((byte, i) => (i < tag ? byte : 0)),
    ),
    no(
      'a tag of ones',
      right.map((byte, i) => (i < tag ? byte : 0xff)),
    ),
    no('the bytes of the tag backwards', concat(right.subarray(0, tag), right.subarray(tag).toReversed())),
    no('the tag in front', concat(right.subarray(tag), right.subarray(0, tag))),
    no('the plaintext in the place of the ciphertext', concat(base.plaintext, right.subarray(tag))),
    no('all zeros', new Uint8Array(right.length)),
    no('a zero byte behind', concat(right, Uint8Array.of(0))),
    no('a zero byte in front', concat(Uint8Array.of(0), right)),
    no('a zero byte in front of the tag', concat(right.subarray(0, tag), Uint8Array.of(0), right.subarray(tag))),
    no('the tag twice', concat(right, right.subarray(tag))),
    no('the whole twice', concat(right, right)),
  ]
  if (right.length < 20) return all
  return [
    ...all,
    no('the last byte is missing', right.subarray(0, -1)),
    no('the first byte is missing', right.subarray(1)),
    no('the first byte of the tag is missing', concat(right.subarray(0, tag), right.subarray(tag + 1))),
    no('the last byte of the ciphertext is missing', concat(right.subarray(0, tag - 1), right.subarray(tag))),
    no('the first two bytes swapped', concat(Uint8Array.of(right[1] ?? 0, right[0] ?? 0), right.subarray(2))),
  ]
}

/** Sealed as another record than the one that is due. */
const otherwise = (cipher: CipherName, base: Base): Refused[] => {
  const { key, n, plaintext } = base
  const no = (name: string, ciphertext: Uint8Array): Refused =>
    refused(cipher, base, `${base.is}: ${name}`, recordOf(ciphertext))
  const nonce = nonceOf(cipher, n)
  const other: CipherName = cipher === 'AESGCM' ? 'ChaChaPoly' : 'AESGCM'
  const at = (name: string, wrong: Uint8Array): Refused => no(name, sealApart(cipher, key, wrong, plaintext))
  const by = (name: string, wrong: Uint8Array): Refused => no(name, sealApart(cipher, wrong, nonce, plaintext))
  const about = (name: string, ad: Uint8Array): Refused => no(name, sealApart(cipher, key, nonce, plaintext, ad))
  const length = plaintext.length + 16
  return [
    at('sealed with n - 1', nonceOf(cipher, n - 1)),
    at('sealed with n + 1', nonceOf(cipher, n + 1)),
    at('sealed with n + 2', nonceOf(cipher, n + 2)),
    at('sealed with n + 2^32', nonceOf(cipher, n + 2 ** 32)),
    at('sealed with n of the other order of bytes', nonceOf(other, n)),
    at('sealed with n in front of the zeros', concat(nonce.subarray(4), new Uint8Array(4))),
    at('sealed with a nonce that does not begin with zeros', concat(Uint8Array.of(1), nonce.subarray(1))),
    at('sealed with the nonce of REKEY', fromHex('00000000ffffffffffffffff')),
    by(
      'sealed with a key of which a bit is changed',
      key.map((byte, i) => (i === 31 ? byte ^ 1 : byte)),
    ),
    by('sealed with the bytes of the key backwards', key.toReversed()),
    by('sealed with a key of zeros', new Uint8Array(32)),
    by('sealed with the next key', rekeyed(cipher, key)),
    by('sealed with the key behind the next', rekeyed(cipher, rekeyed(cipher, key))),
    about('sealed with its length as associated data', Uint8Array.of(length >>> 8, length & 0xff)),
    about('sealed with n as associated data', nonce.subarray(4)),
    about('sealed with a zero byte as associated data', Uint8Array.of(0)),
    no('sealed with the other cipher', sealApart(other, key, nonceOf(other, n), plaintext)),
    no('not sealed, and with a tag of zeros', concat(plaintext, new Uint8Array(16))),
  ]
}

/** Each byte of a tag is compared. */
const tags = (cipher: CipherName): Refused[] => {
  const [, base] = BASES
  if (base === undefined) return []
  const right = sealApart(cipher, base.key, nonceOf(cipher, base.n), base.plaintext)
  const first = right.length - 16
  return Array.from({ length: 14 }, (_, i) =>
    refused(
      cipher,
      base,
      `${base.is}: byte ${i + 1} of the tag changed`,
      recordOf(right.map((byte, at) => (at === first + i + 1 ? byte ^ 0x10 : byte))),
    ),
  )
}

/** CH-1: refused at the length, before anything of the record has come, or with all of it. */
const lengths = (cipher: CipherName): Refused[] => {
  const at = { key: counting(0x00, 32), n: 0 }
  const no = (name: string, length: number, rest: Uint8Array): Refused => ({
    name,
    code: 'channel/malformed',
    rule: 'CH-1',
    cipher,
    key: toHex(at.key),
    n: at.n,
    record: toHex(concat(Uint8Array.of(0, length), rest)),
  })
  const empty = sealApart(cipher, at.key, nonceOf(cipher, at.n), EMPTY)
  return [
    ...[0, 1, 2, 8, 15].map((length) =>
      no(`a length of ${length} and as many bytes`, length, empty.subarray(0, length)),
    ),
    ...[0, 1, 15, 16].map((length) => no(`a length of ${length} and no more yet`, length, EMPTY)).slice(1),
    no('no plaintext, sealed', 16, empty),
    no('a length of 16 and 17 bytes', 16, concat(empty, Uint8Array.of(0))),
  ]
}
