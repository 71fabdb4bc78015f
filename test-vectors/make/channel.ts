import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { encodeFrame } from '../../src/session/framewriter.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { CIPHERS, sealed } from './aead.js'
import { refusedRecords } from './records.js'
import { acceptedRekeys, refusedRekeys } from './rekeys.js'

export { rekeyed } from './aead.js'

type Channel = Vectors<'channel'>
type Accepted = Channel['records'][number]

export const channelVectors = (provider: Provider): Channel => ({
  about:
    'Records (spec/channel.md): record = length u16 | AEAD(key, nonce n, no associated data, plaintext). ' +
    'refused: what an opener with the key at n must refuse. ' +
    'rekeys: all records of one direction from n on; the key of the record behind one that ends in REKEY 0 is REKEY of the one before, and n goes on. ' +
    'rekeysRefused: the same, where the last record must be refused.',
  records: CIPHERS.flatMap((cipher) => records(cipher, provider)),
  refused: CIPHERS.flatMap((cipher) => refusedRecords(cipher)),
  rekeys: CIPHERS.flatMap((cipher) => acceptedRekeys(cipher, provider)),
  rekeysRefused: CIPHERS.flatMap((cipher) => refusedRekeys(cipher)),
})

const KEY = counting(0x00, 32)
const PING = encodeFrame({ is: 'PING', count: 1 })

/** PING 1 and padding, or the shortest plaintext that there is. */
const padded = (length: number): Uint8Array =>
  length < PING.length ? Uint8Array.of(0x0f) : Uint8Array.from({ length }, (_, i) => PING[i] ?? 0)

/** Around the blocks of AES, of ChaCha20 and of Poly1305, and where the length gets a second byte. */
const LENGTHS = [
  1, 2, 3, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 127, 128, 129, 239, 240, 241, 255, 256, 257, 511, 512, 513,
  1_024,
]

/** Where a byte more is needed, and where 32 bits end. */
const NONCES = [
  0,
  1,
  2,
  2 ** 8 - 1,
  2 ** 8,
  2 ** 16 - 1,
  2 ** 16,
  2 ** 24 - 1,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 32 + 1,
  0x1_0203_0405,
  2 ** 40 - 1,
  2 ** 40,
  2 ** 47,
  2 ** 48 - 2,
  2 ** 48 - 1,
]

const KEYS: readonly (readonly [string, Uint8Array])[] = [
  ['zeros', new Uint8Array(32)],
  ['ones', new Uint8Array(32).fill(0xff)],
  ['the first bit alone', Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 0x80 : 0))],
  ['the last bit alone', Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? 1 : 0))],
]

const CONTENTS: readonly (readonly [string, Uint8Array])[] = [
  ['a ping and a pong', fromHex('09010a02')],
  ['an end', encodeFrame({ is: 'END', code: 0 })],
  ['a rekey alone', encodeFrame({ is: 'REKEY', generation: 0 })],
  ['a drain', encodeFrame({ is: 'DRAIN', last: 7 })],
  ['a reset', encodeFrame({ is: 'RESET', exchange: 1, code: 2, size: 3 })],
  ['a refresh of bytes that count', encodeFrame({ is: 'REFRESH', body: counting(0, 90) })],
]

const records = (cipher: CipherName, provider: Provider): Accepted[] => {
  const record = (name: string, key: Uint8Array, n: number, plaintext: Uint8Array): Accepted => ({
    name,
    cipher,
    ...sealed(cipher, key, n, plaintext, provider),
  })
  return [
    ...LENGTHS.map((length) => record(`a plaintext of ${length} bytes`, KEY, 0, padded(length))),
    ...NONCES.map((n) => record(`n of ${n}`, KEY, n, padded(5))),
    ...KEYS.map(([name, key]) => record(`a key of ${name}`, key, 1, padded(5))),
    ...CONTENTS.map(([name, plaintext]) => record(name, KEY, 3, plaintext)),
  ].filter(({ record: bytes }, index, all) => all.findIndex((other) => other.record === bytes) === index)
}
