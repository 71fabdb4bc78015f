import { describe, expect, test } from 'vitest'
import { concat, EMPTY } from '../../src/bytes.js'
import { HEADER_LENGTH, MAX_PLAINTEXT, recordLength, TAG_LENGTH } from '../../src/channel/record.js'
import { type LengthOf, Splitter } from '../../src/channel/splitter.js'
import { SottoError } from '../../src/errors.js'
import { packetLength } from '../../src/session/packets.js'
import { seeded } from '../crypto/providers.js'

/** Copies of all units that `chunks` make, whatever the cut. */
const unitsOf = (chunks: readonly Uint8Array[], lengthOf: LengthOf): Uint8Array[] => {
  const splitter = new Splitter()
  const units: Uint8Array[] = []
  for (const chunk of chunks) {
    splitter.push(chunk)
    for (let unit = splitter.next(lengthOf); unit !== undefined; unit = splitter.next(lengthOf))
      units.push(Uint8Array.from(unit))
    splitter.keep()
    // Chunks are borrowed: what is needed of them is kept apart.
    chunk.fill(0xee)
  }
  return units
}

const record = (length: number): Uint8Array =>
  concat(
    Uint8Array.of(length >>> 8, length & 0xff),
    Uint8Array.from({ length }, (_, index) => index),
  )

const RECORDS = [17, 18, 255, 256, 300, 17].map(record)
const PACKETS = [
  concat(Uint8Array.of(0, 3, 1, 2, 3, 0, 2, 9, 8)),
  concat(Uint8Array.of(0, 0, 0, 1, 7)),
  concat(Uint8Array.of(0, 128), new Uint8Array(128).fill(5), Uint8Array.of(1, 0), new Uint8Array(256).fill(6)),
  concat(Uint8Array.of(0, 1, 4, 0, 0)),
]

describe.each([
  ['records', RECORDS, recordLength],
  ['packets', PACKETS, packetLength],
] as const)('%s', (_, units, lengthOf) => {
  const stream = concat(...units)

  test('CH-2 cuts alike at once, byte by byte and in every two pieces', () => {
    expect(unitsOf([stream.slice()], lengthOf)).toEqual(units)
    expect(
      unitsOf(
        [...stream].map((byte) => Uint8Array.of(byte)),
        lengthOf,
      ),
    ).toEqual(units)
    for (let cut = 0; cut <= stream.length; cut++)
      expect(unitsOf([stream.slice(0, cut), stream.slice(cut)], lengthOf)).toEqual(units)
  })

  test('CH-2 cuts alike in random pieces, empty ones among them', () => {
    const draw = seeded()
    for (let run = 0; run < 200; run++) {
      const chunks: Uint8Array[] = []
      for (let at = 0; at < stream.length; ) {
        const size = (draw(1)[0] ?? 0) % 64
        chunks.push(stream.slice(at, at + size))
        at += size
      }
      expect(unitsOf(chunks, lengthOf)).toEqual(units)
    }
  })

  test('CH-2 gives no unit before its last byte', () => {
    const [first = EMPTY] = units
    for (let length = 0; length < first.length; length++)
      expect(unitsOf([first.slice(0, length)], lengthOf)).toEqual([])
  })
})

test('CH-1 every length under 17 is refused with its second byte, every other is waited for', () => {
  for (let length = 0; length <= 0xffff; length++) {
    const header = Uint8Array.of(length >>> 8, length & 0xff)
    if (length > TAG_LENGTH) expect(recordLength(header)).toBe(HEADER_LENGTH + length)
    else {
      const error = thrownBy(() => unitsOf([header.slice(0, 1), header.slice(1)], recordLength))
      expect(SottoError.is(error, 'channel/malformed')).toBe(true)
    }
  }
  expect(recordLength(Uint8Array.of(0))).toBeUndefined()
  expect(recordLength(EMPTY)).toBeUndefined()
  expect(MAX_PLAINTEXT).toBe(65_519)
})

test('CH-2 memory follows what came, not the length that was declared', () => {
  const before = process.memoryUsage().arrayBuffers
  const held = Array.from({ length: 2_000 }, () => {
    const splitter = new Splitter()
    for (const byte of [0xff, 0xff, 1, 2, 3]) {
      splitter.push(Uint8Array.of(byte))
      expect(splitter.next(recordLength)).toBeUndefined()
      splitter.keep()
    }
    return splitter
  })
  // What 2,000 of the declared records take is 131 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000)
  expect(held).toHaveLength(2_000)
})

test('CH-2 a record that comes byte by byte is copied a bounded number of times', () => {
  // Doubling: 65,537 bytes that come singly are held by fewer than 20 arrays in all.
  const splitter = new Splitter()
  const whole = record(0xffff)
  let unit: Uint8Array | undefined
  const buffers = new Set<ArrayBufferLike>()
  for (const byte of whole) {
    splitter.push(Uint8Array.of(byte))
    unit = splitter.next((bytes) => {
      if (bytes.length > 1) buffers.add(bytes.buffer)
      return recordLength(bytes)
    })
    splitter.keep()
  }
  expect(unit).toEqual(whole)
  expect(buffers.size).toBeLessThan(20)
})

test('CH-14 a splitter that is erased holds nothing', () => {
  const splitter = new Splitter()
  splitter.push(record(20).subarray(0, 10))
  expect(splitter.next(recordLength)).toBeUndefined()
  splitter.keep()
  splitter.erase()
  splitter.push(record(17))
  expect(splitter.next(recordLength)).toEqual(record(17))
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
