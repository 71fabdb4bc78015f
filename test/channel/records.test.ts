import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import { Opener, RECORD_CEILING } from '../../src/channel/opener.js'
import { MAX_PLAINTEXT } from '../../src/channel/record.js'
import { MAX_RECORDS, REKEY_BYTES, REKEY_RECORDS, Sealer } from '../../src/channel/sealer.js'
import type { AeadKey, Cipher } from '../../src/crypto/provider.js'
import { type ErrorCode, SottoError } from '../../src/errors.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { providers } from '../crypto/providers.js'

const ciphers = providers.flatMap((provider) =>
  Object.values(provider.cipher).map((cipher) => ({ name: `${provider.name} ${cipher.name}`, cipher, provider })),
)

interface Direction {
  readonly sealer: Sealer
  readonly opener: Opener
}

interface Knobs {
  readonly rekey?: { readonly records?: number; readonly bytes?: number }
  readonly ceiling?: number
  readonly total?: number
}

const keyOf = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))

const directionOf = (cipher: Cipher, { rekey, ceiling = 2 ** 23, total }: Knobs = {}, key = keyOf()): Direction => ({
  sealer: new Sealer(new CipherState(cipher.importKey(key), 'send', total), rekey, total),
  opener: new Opener(new CipherState(cipher.importKey(key), 'receive', total), ceiling, total),
})

const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act()
  } catch (error) {
    if (error instanceof SottoError) return error.code
    throw error
  }
  return undefined
}

const text = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, index) => index % 251)

describe.each(ciphers)('$name', ({ cipher }) => {
  test('CH-3 CH-4 a record is its length and the plaintext sealed with the next nonce and no associated data', () => {
    const key = keyOf()
    const { sealer } = directionOf(cipher, {}, key)
    const apart = cipher.importKey(key)
    for (const [n, length] of [1, 2, 100, 65_000].entries()) {
      const record = sealer.seal(text(length))
      expect(record.length).toBe(2 + length + 16)
      expect((record[0] ?? 0) * 256 + (record[1] ?? 0)).toBe(length + 16)
      expect(apart.open(n, EMPTY, record.subarray(2))).toEqual(text(length))
    }
  })

  test('CH-3 every length from 1 to the longest opens to what was sealed', () => {
    const { sealer, opener } = directionOf(cipher)
    for (const length of [1, 2, 15, 16, 17, 63, 64, 65, 1_024, 16_384, MAX_PLAINTEXT - 1, MAX_PLAINTEXT])
      expect(opener.open(sealer.seal(text(length)))).toEqual(text(length))
    expect(() => sealer.seal(text(MAX_PLAINTEXT + 1))).toThrow(RangeError)
  })

  test('CH-3 what is opened and sealed shares no memory with its input', () => {
    const { sealer, opener } = directionOf(cipher)
    const plaintext = text(40)
    const record = sealer.seal(plaintext)
    const opened = opener.open(record)
    plaintext.fill(0xff)
    record.fill(0xff)
    expect(opened).toEqual(text(40))
  })

  test('CH-4 the nonce rises through rekeys and never begins again', () => {
    const key = keyOf()
    const { sealer, opener } = directionOf(cipher, {}, key)
    let apart: AeadKey = cipher.importKey(key)
    for (let n = 0; n < 12; n++) {
      const record = sealer.seal(text(9))
      expect(apart.open(n, EMPTY, record.subarray(2))).toEqual(text(9))
      expect(opener.open(record)).toEqual(text(9))
      if (n % 3 !== 2) continue
      sealer.rekey()
      opener.rekey()
      apart = apart.rekey()
    }
    expect(opener.total).toBe(12)
  })

  test('CH-6 a record that is sealed before or after the rekey of the other end does not open', () => {
    const early = directionOf(cipher)
    early.opener.rekey()
    expect(codeOf(() => early.opener.open(early.sealer.seal(text(5))))).toBe('channel/forged')
    const late = directionOf(cipher)
    late.sealer.rekey()
    expect(codeOf(() => late.opener.open(late.sealer.seal(text(5))))).toBe('channel/forged')
  })

  test('CH-4 a direction ends below 2^48 records, on both sides', () => {
    const { sealer, opener } = directionOf(cipher, { total: MAX_RECORDS - 2 })
    for (let left = 2; left > 0; left--) expect(opener.open(sealer.seal(text(3)))).toEqual(text(3))
    expect(codeOf(() => sealer.seal(text(3)))).toBe('channel/exhausted')
    expect(codeOf(() => sealer.seal(text(3)))).toBe('channel/exhausted')
    expect(codeOf(() => opener.open(new Uint8Array(30)))).toBe('channel/exhausted')
    sealer.rekey()
    expect(codeOf(() => sealer.seal(text(3)))).toBe('channel/exhausted')
    expect(MAX_RECORDS).toBe(2 ** 48)
  })

  test('CH-5 CH-14 one bad record ends the direction: the true one that follows is refused as well', () => {
    const spoilers: readonly (readonly [string, (record: Uint8Array) => Uint8Array])[] = [
      ['first bit', (record) => record.map((byte, index) => (index === 2 ? byte ^ 1 : byte))],
      ['last bit', (record) => record.map((byte, index) => (index === record.length - 1 ? byte ^ 0x80 : byte))],
      ['cut', (record) => record.subarray(0, -1)],
      ['longer', (record) => concat(record, Uint8Array.of(0))],
      ['tag alone', (record) => record.subarray(0, 18)],
      ['nothing', () => EMPTY],
    ]
    for (const [what, spoil] of spoilers) {
      const { sealer, opener } = directionOf(cipher)
      const record = sealer.seal(text(20))
      expect(
        codeOf(() => opener.open(spoil(record))),
        what,
      ).toBe('channel/forged')
      expect(
        codeOf(() => opener.open(record)),
        what,
      ).toBe('channel/forged')
      expect(
        codeOf(() => opener.rekey()),
        what,
      ).toBe('noise/misuse')
      expect(opener.total).toBe(0)
    }
  })

  test('CH-5 any flipped bit of any of 64 records is refused at that record', () => {
    const key = keyOf()
    const { sealer } = directionOf(cipher, {}, key)
    let flipped = 0
    for (let n = 0; n < 64; n++) {
      const record = sealer.seal(text(1 + n))
      const opening = (): Opener => directionOf(cipher, { total: n }, key).opener
      expect(opening().open(record)).toEqual(text(1 + n))
      for (let bit = 16; bit < record.length * 8; bit++) {
        const bad = record.map((byte, index) => (index === bit >>> 3 ? byte ^ (1 << (bit & 7)) : byte))
        expect(codeOf(() => opening().open(bad))).toBe('channel/forged')
        flipped++
      }
    }
    expect(flipped).toBe(64 * (16 * 8) + ((64 * 65) / 2) * 8)
  })

  test('CH-5 a record of the past, of the future and of the other direction does not open', () => {
    const key = keyOf()
    const records = (({ sealer }) => [0, 1, 2].map(() => sealer.seal(text(8))))(directionOf(cipher, {}, key))
    const [first = EMPTY, second = EMPTY, third = EMPTY] = records
    for (const order of [[second], [third], [first, first], [first, third], [first, second, first]]) {
      const { opener } = directionOf(cipher, {}, key)
      for (const record of order.slice(0, -1)) opener.open(record)
      expect(codeOf(() => opener.open(order.at(-1) ?? EMPTY))).toBe('channel/forged')
    }
    const other = directionOf(cipher)
    expect(codeOf(() => other.opener.open(first))).toBe('channel/forged')
  })

  test('CH-8 the ceiling is of one key: the record over it is refused unopened, a rekey makes room', () => {
    const { sealer, opener } = directionOf(cipher, { ceiling: 4 })
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 4; n++) expect(opener.open(sealer.seal(text(2)))).toEqual(text(2))
      sealer.rekey()
      opener.rekey()
    }
    for (let n = 0; n < 4; n++) opener.open(sealer.seal(text(2)))
    expect(codeOf(() => opener.open(sealer.seal(text(2))))).toBe('channel/exhausted')
    expect(codeOf(() => opener.open(sealer.seal(text(2))))).toBe('channel/forged')
    expect(opener.total).toBe(16)
  })

  test('CH-7 REKEY is due in the last record of a key, by count and by bytes', () => {
    const dueAt = (rekey: NonNullable<Knobs['rekey']>, length: number): number[] => {
      const { sealer } = directionOf(cipher, { rekey })
      return Array.from({ length: 12 }, (_, index) => {
        const { due } = sealer
        sealer.seal(text(length))
        if (due) sealer.rekey()
        return due ? index : -1
      }).filter((index) => index >= 0)
    }
    expect(dueAt({ records: 4 }, 1)).toEqual([3, 7, 11])
    expect(dueAt({ records: 1 }, 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(dueAt({ bytes: 100 }, 50)).toEqual([2, 5, 8, 11])
    expect(dueAt({ bytes: 101 }, 50)).toEqual([3, 7, 11])
    expect(dueAt({ records: 3, bytes: 100 }, 100)).toEqual([1, 3, 5, 7, 9, 11])
    // No knob raises what the specification says.
    expect(dueAt({ records: 2 ** 40, bytes: 2 ** 50 }, 1)).toEqual([])
  })

  test('CH-14 what is erased seals and opens nothing', () => {
    const { sealer, opener } = directionOf(cipher)
    const record = sealer.seal(text(4))
    sealer.erase()
    opener.erase()
    expect(codeOf(() => sealer.seal(text(4)))).toBe('noise/misuse')
    expect(codeOf(() => sealer.rekey())).toBe('noise/misuse')
    expect(codeOf(() => opener.open(record))).toBe('channel/forged')
    expect(codeOf(() => opener.rekey())).toBe('noise/misuse')
    // Twice is once.
    sealer.erase()
    opener.erase()
  })
})

test('CH-7 CH-8 the numbers are those of the specification', () => {
  expect([REKEY_RECORDS, REKEY_BYTES]).toEqual([2 ** 20, 2 ** 36])
  expect(RECORD_CEILING).toEqual({ AESGCM: 2 ** 23, ChaChaPoly: 2 ** 32 - 1 })
  expect(REKEY_RECORDS * 8).toBeLessThanOrEqual(RECORD_CEILING.AESGCM)
})

test('CH-7 without a knob REKEY is due with record 2^20 and not before', () => {
  const [first] = ciphers.filter(({ provider }) => provider.name === 'native')
  const { cipher } = first ?? ciphers[0] ?? expect.fail('a cipher')
  const counting = { ...cipher, importKey: (key: Uint8Array) => ({ ...wrap(cipher.importKey(key)) }) }
  const { sealer } = directionOf(counting)
  let due = 0
  for (let n = 0; n < REKEY_RECORDS - 1; n++) {
    if (sealer.due) due++
    sealer.seal(EMPTY)
  }
  expect(due).toBe(0)
  expect(sealer.due).toBe(true)
})

/** A key that seals nothing: what is counted here is calls. */
function wrap(key: AeadKey): AeadKey {
  return {
    seal: () => undefined,
    open: (n, ad, bytes) => key.open(n, ad, bytes),
    rekey: () => key,
    erase: () => key.erase(),
  }
}
