import { expect, test } from 'vitest'
import { EMPTY } from '../../src/bytes.js'
import { Opener } from '../../src/channel/opener.js'
import { type Padding, padded } from '../../src/channel/padding.js'
import { HEADER_LENGTH, recordLength } from '../../src/channel/record.js'
import { Sealer } from '../../src/channel/sealer.js'
import { Splitter } from '../../src/channel/splitter.js'
import { noble } from '../../src/crypto/noble.js'
import { SottoError } from '../../src/errors.js'
import { CipherState } from '../../src/noise/cipherstate.js'

const state = (use: 'send' | 'receive', fill = 1): CipherState =>
  new CipherState(noble.cipher.ChaChaPoly.importKey(new Uint8Array(32).fill(fill)), use)

const lengthsOf = (padding: Padding, limit: number, lengths: readonly number[]): number[] =>
  lengths.map((length) => {
    const plaintext = new Uint8Array(length).fill(7)
    const out = padded(plaintext, padding, limit)
    expect(out.subarray(0, length)).toEqual(plaintext)
    expect(out.subarray(length).every((byte) => byte === 0)).toBe(true)
    return out.length
  })

test('CH-35 a plaintext is padded to the next length of the policy, and never over the limit', () => {
  const lengths = [1, 63, 64, 65, 128, 129, 999, 1_000]
  expect(lengthsOf('none', 1_000, lengths)).toEqual(lengths)
  expect(lengthsOf('buckets', 1_000, lengths)).toEqual([64, 64, 64, 128, 128, 256, 1_000, 1_000])
  expect(lengthsOf({ multiple: 50 }, 1_000, lengths)).toEqual([50, 100, 100, 100, 150, 150, 1_000, 1_000])
  expect(lengthsOf({ multiple: 1 }, 1_000, lengths)).toEqual(lengths)
  // What is longer than the limit already is as it was.
  expect(lengthsOf('buckets', 100, [99, 100, 101])).toEqual([100, 100, 101])
})

test('CH-7 CH-8 CH-28 a refresh is a key of its own: what it may seal and open is counted from it', () => {
  const sealer = new Sealer(state('send'), { records: 3, bytes: 100 })
  const opener = new Opener(state('receive'), 3)
  for (let round = 2; round < 5; round++) {
    for (let n = 0; n < 2; n++) opener.open(sealer.seal(new Uint8Array(50)))
    expect(sealer.due).toBe(true)
    sealer.refresh(state('send', round))
    opener.refresh(state('receive', round))
    expect(sealer.due).toBe(false)
  }
  // By bytes alone, and by records alone.
  opener.open(sealer.seal(new Uint8Array(99)))
  expect(sealer.due).toBe(false)
  opener.open(sealer.seal(Uint8Array.of(1)))
  expect(sealer.due).toBe(true)
  expect(opener.total).toBe(8)
})

test('CH-5 a key that fails of itself is no forgery: the defect is seen as it is, and nothing is opened behind it', () => {
  const key = noble.cipher.ChaChaPoly.importKey(new Uint8Array(32))
  const opener = new Opener(new CipherState(key, 'receive'), 10)
  key.erase()
  const record = new Uint8Array(HEADER_LENGTH + 17)
  expect(() => opener.open(record)).toThrow(TypeError)
  const thrown = ((): unknown => {
    try {
      return opener.open(record)
    } catch (error) {
      return error
    }
  })()
  expect(SottoError.is(thrown, 'channel/forged')).toBe(true)
})

test('CH-14 a splitter that is erased lets go of the chunk before it as well', () => {
  const splitter = new Splitter()
  const two = new Uint8Array(2 * 19)
  two[1] = 17
  two[20] = 17
  splitter.push(two)
  expect(splitter.next(recordLength)).toEqual(two.subarray(0, 19))
  splitter.erase()
  expect(splitter.next(recordLength)).toBeUndefined()
  splitter.keep()
  splitter.push(EMPTY)
  expect(splitter.next(recordLength)).toBeUndefined()
})

test('CH-2 of a chunk that is kept nothing is held behind its last whole record', () => {
  const splitter = new Splitter()
  const record = new Uint8Array(19).fill(5)
  record.set([0, 17])
  const chunk = Uint8Array.from([...record, ...record])
  splitter.push(chunk)
  for (let n = 0; n < 2; n++) expect(splitter.next(recordLength)).toEqual(record)
  splitter.keep()
  // The next chunk begins a record: it is given as a view, for nothing stands before it.
  splitter.push(record)
  expect(splitter.next(recordLength)?.buffer).toBe(record.buffer)
})
