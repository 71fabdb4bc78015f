import { EMPTY, toHex } from '../../src/bytes.js'
import { hkdfNoise } from '../../src/crypto/hkdf.js'
import { noble } from '../../src/crypto/noble.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import type { ErrorCode } from '../../src/errors.js'
import { counting, fromHex } from '../hex.js'
import type { Vectors } from '../schema.js'
import { nonceOf, recordOf, rekeyed, type Sealed, sealApart, sealed } from './aead.js'

type Channel = Vectors<'channel'>
type Accepted = Channel['rekeys'][number]
type Refused = Channel['rekeysRefused'][number]

const KEY = counting(0x20, 32)
const LAST = 2 ** 48 - 1
const REKEY = '0b00'

/** What stands in the records of a direction, one string for each; a rekey must end its record. */
const PLAINTEXTS: readonly (readonly [name: string, plaintexts: readonly string[]])[] = [
  ['one record', ['0901']],
  ['four records of one key', ['0901', '0902', '0903', '0904']],
  ['a rekey in the first record', [REKEY, '0901', '0902']],
  ['a rekey behind another frame', [`0901${REKEY}`, '0902']],
  ['a rekey in front of padding', [`${REKEY}000000`, '0901']],
  ['a rekey in the last record', ['0901', '0902', `0903${REKEY}`]],
  ['a rekey in the second of four records', ['0901', `0902${REKEY}`, '0903', '0904']],
  ['two rekeys in records that follow one another', [`0901${REKEY}`, `0902${REKEY}`, '0903']],
  ['two rekeys with a record between them', [`0901${REKEY}`, '0902', `0903${REKEY}`, '0904']],
  ['five rekeys', [REKEY, REKEY, REKEY, REKEY, REKEY, '0901']],
]

const STARTS = [0, 254, 2 ** 32 - 2, LAST - 5]

export const acceptedRekeys = (cipher: CipherName, provider: Provider): Accepted[] =>
  STARTS.flatMap((n) =>
    PLAINTEXTS.map(([name, plaintexts]) => chain(`${name}, from ${n}`, cipher, n, plaintexts, provider)),
  )

const isRekey = (plaintext: string): boolean => /0b00(?:00)*$/.test(plaintext)

const chain = (
  name: string,
  cipher: CipherName,
  n: number,
  plaintexts: readonly string[],
  provider: Provider,
): Accepted => {
  const rows: Sealed[] = []
  let key = KEY
  for (const [i, plaintext] of plaintexts.entries()) {
    rows.push(sealed(cipher, key, n + i, fromHex(plaintext), provider))
    if (isRekey(plaintext)) key = rekeyed(cipher, key)
  }
  return {
    name,
    cipher,
    key: toHex(KEY),
    n,
    records: rows.map(({ record }) => record),
    plaintexts: [...plaintexts],
    keys: rows.map((row) => row.key),
    nonces: rows.map(({ nonce }) => nonce),
  }
}

/** The records of a direction up to the one that must be refused. */
class Direction {
  readonly records: string[] = []
  readonly #cipher: CipherName
  key = KEY
  n: number

  constructor(cipher: CipherName, n: number) {
    this.#cipher = cipher
    this.n = n
  }

  /** One record, of the key and the number that are due or of others. */
  seal(plaintext: string, { key = this.key, n = this.n }: { key?: Uint8Array; n?: number } = {}): this {
    this.records.push(toHex(recordOf(sealApart(this.#cipher, key, nonceOf(this.#cipher, n), fromHex(plaintext)))))
    this.n++
    if (isRekey(plaintext)) this.key = rekeyed(this.#cipher, this.key)
    return this
  }
}

export const refusedRekeys = (cipher: CipherName): Refused[] => [
  ...[0, 2 ** 32 - 2].flatMap((n) => [...wrongKeys(cipher, n), ...wrongOrder(cipher, n), ...wrongFrames(cipher, n)]),
  ...spent(cipher),
]

const refused = (
  cipher: CipherName,
  start: number,
  name: string,
  records: readonly string[],
  [code, rule]: readonly [ErrorCode, string] = ['channel/forged', 'CH-5'],
): Refused => ({
  name: `${name}, from ${start}`,
  code,
  rule,
  cipher,
  key: toHex(KEY),
  n: start,
  records: [...records],
})

/** The record behind a rekey, or one that should have none, is sealed with another key than is due. */
const wrongKeys = (cipher: CipherName, n: number): Refused[] => {
  const next = rekeyed(cipher, KEY)
  const [first, second] = hkdfNoise(noble.hash.SHA256, KEY, EMPTY, 2)
  const behind = (name: string, key: Uint8Array): Refused =>
    refused(cipher, n, name, new Direction(cipher, n).seal(`0901${REKEY}`).seal('0902', { key }).records, [
      'channel/forged',
      'CH-6',
    ])
  const keyed = (name: string, direction: Direction): Refused =>
    refused(cipher, n, name, direction.records, ['channel/forged', 'CH-6'])
  return [
    behind('the old key behind a rekey', KEY),
    behind('rekeyed twice for one rekey', rekeyed(cipher, next)),
    behind('rekeyed with the nonce 0', rekeyed(cipher, KEY, '0000000000000000')),
    behind(
      'rekeyed with the number of the record behind',
      sealApart(cipher, KEY, nonceOf(cipher, n + 1), new Uint8Array(32)).subarray(0, 32),
    ),
    behind('rekeyed with 2^48', rekeyed(cipher, KEY, toHex(nonceOf(cipher, 2 ** 48)).slice(8))),
    behind(
      'the last 32 bytes of a rekey, with its tag',
      sealApart(cipher, KEY, fromHex('00000000ffffffffffffffff'), new Uint8Array(32)).subarray(16),
    ),
    behind(
      'rekeyed with 32 bytes of ones',
      sealApart(cipher, KEY, fromHex('00000000ffffffffffffffff'), new Uint8Array(32).fill(0xff)).subarray(0, 32),
    ),
    behind('the next key of HKDF', first),
    behind('the second output of HKDF', second),
    behind('the hash of the old key', noble.hash.SHA256.digest(KEY)),
    behind('the bytes of the next key backwards', next.toReversed()),
    keyed('a rekey that nobody announced', new Direction(cipher, n).seal('0901').seal('0902', { key: next })),
    keyed('a rekey in the record that announces it', new Direction(cipher, n).seal(`0901${REKEY}`, { key: next })),
    keyed(
      'the key of before the last but one rekey',
      new Direction(cipher, n).seal(REKEY).seal(REKEY).seal('0901', { key: next }),
    ),
    keyed(
      'the first key behind two rekeys',
      new Direction(cipher, n).seal(REKEY).seal(REKEY).seal('0901', { key: KEY }),
    ),
    keyed(
      'back to the old key a record later',
      new Direction(cipher, n).seal(REKEY).seal('0901').seal('0902', { key: KEY }),
    ),
  ]
}

/** Records that are missing, come again, or count otherwise. */
const wrongOrder = (cipher: CipherName, n: number): Refused[] => {
  const four = new Direction(cipher, n).seal('0901').seal('0902').seal(`0903${REKEY}`).seal('0904').records
  const [first = '', second = '', third = '', fourth = ''] = four
  const no = (name: string, records: readonly string[], rule = 'CH-5'): Refused =>
    refused(cipher, n, name, records, ['channel/forged', rule])
  const flip = (hex: string): string => `${hex.slice(0, 5)}${hex[5] === '0' ? '1' : '0'}${hex.slice(6)}`
  const behind = (at: number): string[] => new Direction(cipher, n).seal(`0901${REKEY}`).seal('0902', { n: at }).records
  return [
    no('the first record is missing', [second]),
    no('the second record is missing', [first, third]),
    no('the record with the rekey is missing', [first, second, fourth]),
    no('the first record twice', [first, first]),
    no('the second record twice', [first, second, second]),
    no('the record with the rekey twice', [first, second, third, third]),
    no('the record behind the rekey twice', [...four, fourth]),
    no('the first record once more at the end', [...four, first]),
    no('the second and the third record swapped', [first, third]),
    no('the first record changed', [flip(first)]),
    no('the second record changed', [first, flip(second)]),
    no('the record with the rekey changed', [first, second, flip(third)]),
    no('the record behind the rekey changed', [first, second, third, flip(fourth)]),
    no('n begins again behind a rekey', behind(0), 'CH-4'),
    no('n stands still behind a rekey', behind(n), 'CH-4'),
    no('n skips one behind a rekey', behind(n + 2), 'CH-4'),
    no('n skips one', new Direction(cipher, n).seal('0901').seal('0902', { n: n + 2 }).records, 'CH-4'),
    no('n stands still', new Direction(cipher, n).seal('0901').seal('0902', { n }).records, 'CH-4'),
  ].filter(({ records }, index, all) => all.findIndex((other) => String(other.records) === String(records)) === index)
}

/** Records that open, and whose frames are wrong about rekeying. */
const wrongFrames = (cipher: CipherName, n: number): Refused[] => {
  const no = (name: string, ...plaintexts: string[]): Refused => {
    const direction = new Direction(cipher, n)
    for (const plaintext of plaintexts) direction.seal(plaintext)
    return refused(cipher, n, name, direction.records, ['session/malformed', 'CH-10'])
  }
  return [
    no('a ping behind a rekey, in its record', `${REKEY}0901`),
    no('two rekeys in one record', `${REKEY}${REKEY}`),
    no('a ping behind a second rekey, in its record', REKEY, `${REKEY}0901`),
    no('an end behind a rekey, in its record', `${REKEY}0f00`),
  ]
}

/** CH-4: n stays below 2^48. */
const spent = (cipher: CipherName): Refused[] => {
  const exhausted = ['channel/exhausted', 'CH-4'] as const
  const no = (name: string, n: number, ...plaintexts: string[]): Refused => {
    const direction = new Direction(cipher, n)
    for (const plaintext of plaintexts) direction.seal(plaintext)
    return refused(cipher, n, name, direction.records, exhausted)
  }
  return [
    no('a record behind the last number', LAST, '0901', '0902'),
    no('a record behind the last number and a rekey', LAST, `0901${REKEY}`, '0902'),
    no('a record behind the last two numbers', LAST - 1, '0901', '0902', '0903'),
    no('a record of the number 2^48', LAST + 1, '0901'),
  ]
}
