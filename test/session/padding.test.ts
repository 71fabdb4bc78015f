import { describe, expect, test } from 'vitest'
import { LEAST_BUCKET, type Padding, padded } from '../../src/channel/padding.js'
import { MAX_PLAINTEXT } from '../../src/channel/record.js'
import type { Engine } from '../../src/session/engine.js'
import { NO_LABELS } from '../../src/session/frames.js'
import { limitsOf } from '../../src/session/limits.js'
import type { Side } from '../../src/session/side.js'
import { endOf, Note } from './byhand.js'
import { type Pair, pairOf, settle } from './pair.js'

const BUCKETS = [64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_519]

const opened = (padding: Padding, over: Partial<Side> = {}, far: Partial<Side> = {}): Pair => {
  const side = { pq: 'off', uses: [Note], serves: [Note], padding, ...over } as const
  return settle(pairOf({ initiator: side, responder: { ...side, ...far } }))
}

const say = (engine: Engine, value: Uint8Array): void => {
  const act = { contract: 'note.v1', operation: 'put', value, ttlMs: 0, labels: NO_LABELS }
  const admitted = engine.admit(act, 0)
  if ('effect' in admitted) throw new Error('expected the gate to let it pass')
  engine.begin(admitted, 0)
}

/** Plaintext bytes of each record that travels when the initiator sends a message of each of `lengths`, one after another. */
const sizesOf = (pair: Pair, lengths: readonly number[]): number[] => {
  const sizes: number[] = []
  for (const length of lengths) {
    say(pair.initiator, new Uint8Array(length))
    for (let bytes = pair.initiator.take(0); bytes !== undefined; bytes = pair.initiator.take(0)) {
      sizes.push(bytes.length - 18)
      pair.responder.receive(bytes, 0)
    }
    for (let event = pair.responder.next(); event !== undefined; event = pair.responder.next())
      if (event.is === 'message') pair.responder.consumed(event)
    for (let bytes = pair.responder.take(0); bytes !== undefined; bytes = pair.responder.take(0))
      pair.initiator.receive(bytes, 0)
  }
  expect([pair.initiator.state, pair.responder.state]).toEqual(['open', 'open'])
  return sizes
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

describe('CH-35 10,000 messages of 0 to 4,096 bytes', () => {
  const lengths = Array.from({ length: 10_000 }, (_, index) => (index * 1_229) % 4_097)
  const plain = sum(sizesOf(opened('none'), lengths))
  // The last is the price that the chapter tells, in bytes a record.
  const policies: readonly (readonly [string, Padding, (size: number) => boolean, number, string])[] = [
    ['multiple 64', { multiple: 64 }, (size) => size % 64 === 0, 65, '31.5 bytes, 1.5 %'],
    ['multiple 1024', { multiple: 1_024 }, (size) => size % 1_024 === 0, 5, '509.8 bytes, 24.5 %'],
    ['buckets', 'buckets', (size) => BUCKETS.includes(size), 8, '691.1 bytes, 33.2 %'],
  ]

  test.each(policies)('CH-35 under %s only the sizes of the policy are seen', (_, padding, fits, count, price) => {
    const sizes = sizesOf(opened(padding), lengths)
    expect(sizes.length).toBe(lengths.length)
    expect(sizes.filter((size) => !fits(size))).toEqual([])
    expect(new Set(sizes).size).toBe(count)
    const added = sum(sizes) - plain
    expect(`${(added / sizes.length).toFixed(1)} bytes, ${((100 * added) / plain).toFixed(1)} %`).toBe(price)
  })
})

describe('padding', () => {
  test.each(['buckets', { multiple: 512 }] as const)(
    'CH-35 ACCEPT, REFUSE, END and every other record is padded alike: %j',
    (padding) => {
      const fits = (bytes: Uint8Array): boolean =>
        padding === 'buckets' ? BUCKETS.includes(bytes.length - 18) : (bytes.length - 18) % padding.multiple === 0
      const pair = opened(padding, { rekey: { records: 2, refreshMs: 2_000 } })
      for (let index = 0; index < 5; index++) say(pair.initiator, new Uint8Array(index * 100))
      settle(pair)
      pair.initiator.wake(2_000)
      settle(pair, 2_000)
      pair.responder.ping(2_000)
      pair.responder.close(2_000, 1_000)
      settle(pair, 2_000)
      expect([endOf(pair.initiatorEvents), endOf(pair.responderEvents)]).toEqual(['clean', 'clean'])
      const refused = settle(
        pairOf({ initiator: { pq: 'off', service: 'other', padding }, responder: { pq: 'off', padding } }),
      )
      expect(refused.responder.state).toBe('refused')
      for (const { wire } of [pair, refused]) {
        // Three packets come before the records.
        expect(wire.length).toBeGreaterThan(3)
        expect(wire.slice(3).filter(({ bytes }) => !fits(bytes))).toEqual([])
      }
    },
  )

  test('CH-35 never beyond what the receiver declared: the longest length is its limit', () => {
    const limits = limitsOf({ plaintext: 1_500 })
    for (const padding of ['buckets', { multiple: 4_096 }] as const) {
      const pair = opened(padding, {}, { limits })
      const sizes = new Set(sizesOf(pair, [0, 900, 1_100, 1_300, 40_000]))
      expect([...sizes].sort((a, b) => a - b)).toEqual(padding === 'buckets' ? [64, 1_024, 1_500] : [1_500])
    }
  })

  test('CH-35 one policy means nothing to the other end', () => {
    const pair = opened('buckets', {}, { padding: 'none' })
    expect(sizesOf(pair, [5, 500])).toEqual([64, 512])
    expect(sizesOf({ ...pair, initiator: pair.responder, responder: pair.initiator }, [5])).toEqual([12])
  })

  test('CH-35 lengths at their edges', () => {
    const lengthOf = (length: number, padding: Padding, limit = MAX_PLAINTEXT): number =>
      padded(new Uint8Array(length), padding, limit).length
    expect(LEAST_BUCKET).toBe(64)
    for (const [index, bucket] of BUCKETS.entries()) {
      expect(lengthOf(bucket, 'buckets')).toBe(bucket)
      expect(lengthOf((BUCKETS[index - 1] ?? 0) + 1, 'buckets')).toBe(bucket)
    }
    for (const [length, multiple, result] of [
      [1, 100, 100],
      [100, 100, 100],
      [101, 100, 200],
      [65_500, 100, 65_500],
      [65_501, 100, 65_519],
      [7, 1, 7],
    ] as const)
      expect(lengthOf(length, { multiple })).toBe(result)
    const plaintext = Uint8Array.of(1, 2, 3)
    expect(padded(plaintext, 'none', 64)).toBe(plaintext)
    expect(padded(plaintext, { multiple: 8 }, 64)).toEqual(Uint8Array.of(1, 2, 3, 0, 0, 0, 0, 0))
  })
})
