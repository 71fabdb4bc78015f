import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, EMPTY, MAX_VARINT, utf8, varintLength, writeVarint } from '../../src/bytes.js'
import { SottoError } from '../../src/errors.js'
import {
  decodeFrames,
  FLAG,
  FRAMES,
  type Frame,
  type FrameName,
  MAX_CREDENTIAL,
  MAX_DETAIL,
  MAX_FRAMES,
  MAX_LABEL_VALUE,
  MAX_LABELS,
  NO_LABELS,
} from '../../src/session/frames.js'
import { encodeFrame, encodeLabels, encodeSubject, writeBegin, writeData } from '../../src/session/framewriter.js'

const seed = Number(process.env.SOTTO_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.log(`frames: SOTTO_SEED=${seed}`)

const varint = (value: number): Uint8Array => {
  const out = new Uint8Array(varintLength(value))
  writeVarint(out, 0, value)
  return out
}

const encoded = (frame: Frame): Uint8Array => {
  if (frame.is !== 'BEGIN' && frame.is !== 'DATA') return encodeFrame(frame)
  const flags = (frame.end ? FLAG.end : 0) | (frame.more ? FLAG.more : 0)
  const out = new Uint8Array(8_192 + frame.body.length)
  if (frame.is === 'DATA') return out.slice(0, writeData(out, 0, frame.exchange, flags, frame.body))
  const { operation, standing, ttlMs } = frame
  const subject = encodeSubject(frame.subject)
  const head = { operation, subject, standing, ttlMs, labels: encodeLabels(frame.labels) }
  return out.slice(0, writeBegin(out, 0, frame.exchange, head, flags, frame.body))
}

/** Every width of a varint. */
const number = fc.oneof(
  fc.nat(0x3f),
  fc.nat(0x3fff),
  fc.nat(0x3fff_ffff),
  fc.nat(MAX_VARINT),
  fc.constantFrom(0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, MAX_VARINT),
)
const body = fc.uint8Array({ maxLength: 300 })
const token = fc.stringMatching(/^[a-zA-Z0-9_-]{1,64}$/)
const text = (bytes: number) => fc.string({ unit: 'binary', maxLength: bytes / 4 })
const labels = fc
  .uniqueArray(fc.tuple(token, text(MAX_LABEL_VALUE)), { selector: ([name]) => name, maxLength: MAX_LABELS })
  .map((entries) => Object.freeze(Object.assign(Object.create(null), Object.fromEntries(entries))))
const subject = fc.oneof(fc.constant(''), fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }))
const standing = fc.boolean()
const ending = fc.constantFrom({ end: true, more: false }, { end: false, more: true }, { end: false, more: false })

/** One arbitrary a frame; a frame of the table without one does not compile. */
const FRAME: { readonly [Is in FrameName]: fc.Arbitrary<Extract<Frame, { readonly is: Is }>> } = {
  ACCEPT: fc.record({ is: fc.constant('ACCEPT'), body }),
  REFUSE: fc.record({ is: fc.constant('REFUSE'), code: number, detail: text(MAX_DETAIL) }),
  BEGIN: fc
    .tuple(fc.record({ exchange: number, operation: number, subject, standing, ttlMs: number, labels, body }), ending)
    .map(([fields, flags]) => ({ is: 'BEGIN', ...fields, ...flags })),
  DATA: fc
    .tuple(fc.record({ exchange: number, body }), ending)
    .map(([fields, flags]) => ({ is: 'DATA', ...fields, ...flags })),
  FAULT: fc.record({ is: fc.constant('FAULT'), exchange: number, code: number, body }),
  RESET: fc.record({ is: fc.constant('RESET'), exchange: number, code: number, size: number }),
  STOP: fc.record({ is: fc.constant('STOP'), exchange: number, code: number }),
  CREDIT: fc.record({ is: fc.constant('CREDIT'), exchange: number, limit: number }),
  PING: fc.record({ is: fc.constant('PING'), count: number }),
  PONG: fc.record({ is: fc.constant('PONG'), count: number }),
  REKEY: fc.record({ is: fc.constant('REKEY'), generation: number }),
  REFRESH: fc.record({ is: fc.constant('REFRESH'), body }),
  CREDENTIAL: fc.record({ is: fc.constant('CREDENTIAL'), body: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  DRAIN: fc.record({ is: fc.constant('DRAIN'), last: number }),
  END: fc.record({ is: fc.constant('END'), code: number }),
}

const kinds = Object.values<fc.Arbitrary<Frame>>(FRAME)
const names = Object.keys(FRAMES)
const anyFrame = fc.oneof(...kinds)
const middle = anyFrame.filter(({ is }) => !FRAMES[is].last)

const plain = (frames: readonly Frame[]): unknown[] =>
  frames.map((frame) => ('body' in frame ? { ...frame, body: Uint8Array.from(frame.body) } : { ...frame }))

const refused = (bytes: Uint8Array): string => {
  try {
    decodeFrames(bytes)
  } catch (error) {
    if (SottoError.is(error, 'session/malformed')) return error.message
    throw error
  }
  return 'taken'
}

const ONE: readonly (readonly [FrameName, Uint8Array])[] = [
  ['ACCEPT', encoded({ is: 'ACCEPT', body: Uint8Array.of(1, 2, 3) })],
  ['REFUSE', encoded({ is: 'REFUSE', code: 17, detail: 'a.v1' })],
  [
    'BEGIN',
    encoded({
      is: 'BEGIN',
      exchange: 64,
      operation: 1,
      subject: 'a.*',
      standing: true,
      ttlMs: 30_000,
      labels: Object.assign(Object.create(null), { a: 'é', b: '' }),
      body: Uint8Array.of(1, 2, 3),
      end: true,
      more: false,
    }),
  ],
  ['DATA', encoded({ is: 'DATA', exchange: 16_384, body: Uint8Array.of(1, 2, 3), end: false, more: true })],
  ['FAULT', encoded({ is: 'FAULT', exchange: 1, code: 50, body: Uint8Array.of(0xa0) })],
  ['RESET', encoded({ is: 'RESET', exchange: 1, code: 48, size: 70_000 })],
  ['STOP', encoded({ is: 'STOP', exchange: 1, code: 48 })],
  ['CREDIT', encoded({ is: 'CREDIT', exchange: 0, limit: 2 ** 40 })],
  ['PING', encoded({ is: 'PING', count: 1 })],
  ['PONG', encoded({ is: 'PONG', count: 1 })],
  ['REKEY', encoded({ is: 'REKEY', generation: 0 })],
  ['REFRESH', encoded({ is: 'REFRESH', body: Uint8Array.of(1, 2, 3) })],
  ['CREDENTIAL', encoded({ is: 'CREDENTIAL', body: Uint8Array.of(1, 2, 3) })],
  ['DRAIN', encoded({ is: 'DRAIN', last: 7 })],
  ['END', encoded({ is: 'END', code: 3 })],
]

describe('a frame', () => {
  test.each(Object.entries(FRAME))('SE-30 %s of any values is read as it was written', (_, arbitrary) => {
    const property = fc.property<[Frame]>(arbitrary, (frame) => {
      expect(plain(decodeFrames(encoded(frame)))).toEqual([frame])
    })
    fc.assert(property, { seed, numRuns: 300 })
  })

  test('SE-30 every type of the table has its own number, below 16, and a sample here', () => {
    const types = Object.values(FRAMES).map(({ type }) => type)
    expect(new Set(types).size).toBe(types.length)
    for (const [name, bytes] of ONE) expect([name, bytes[0]]).toEqual([name, FRAMES[name].type])
    expect(ONE.map(([name]) => name)).toEqual(names)
  })

  test('SE-30 any frames in a row are read in order, with any padding behind them', () => {
    const property = fc.property(
      fc.array(middle, { maxLength: 20 }),
      anyFrame,
      fc.nat(100),
      (before, last, padding) => {
        const frames = [...before, last]
        const record = concat(...frames.map(encoded), new Uint8Array(padding))
        expect(plain(decodeFrames(record))).toEqual(frames)
      },
    )
    fc.assert(property, { seed, numRuns: 300 })
  })

  test('SE-31 random bytes are frames or are refused, and what is read is written as the same bytes', () => {
    let taken = 0
    const property = fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      const outcome = refused(bytes)
      if (outcome !== 'taken') return
      taken++
      const again = concat(...decodeFrames(bytes).map(encoded))
      expect(bytes.subarray(0, again.length)).toEqual(again)
      expect(bytes.subarray(again.length).every((byte) => byte === 0)).toBe(true)
    })
    fc.assert(property, { seed, numRuns: 20_000 })
    expect(taken).toBeGreaterThan(0)
  })
})

describe('SE-31 is refused:', () => {
  test('SE-31 every type that is not in the table', () => {
    const known = new Set<number>(Object.values(FRAMES).map(({ type }) => type))
    for (let type = 1; type < 256; type++)
      if (!known.has(type))
        expect(refused(Uint8Array.of(type, 0, 0, 0, 0, 0))).toContain(`frame type ${type} is unknown`)
  })

  test.each(ONE)('SE-31 %s cut at any byte', (_, bytes) => {
    for (let cut = 1; cut < bytes.length; cut++)
      expect(refused(bytes.subarray(0, cut)), `cut at ${cut}`).not.toBe('taken')
    expect(refused(bytes)).toBe('taken')
  })

  test('SE-31 a varint in any longer form, in every place one stands', () => {
    const longer = (value: number): Uint8Array[] => {
      const forms = [
        Uint8Array.of(0x40, value),
        Uint8Array.of(0x80, 0, 0, value),
        Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, value),
      ]
      return forms
    }
    // Each frame with all its numbers 1 and a body of 1 byte, told by how many numbers it has and which is the length.
    const layouts: readonly (readonly [FrameName, readonly number[], boolean])[] = [
      ['ACCEPT', [1], true],
      ['REFUSE', [1, 1], true],
      ['FAULT', [1, 1, 1], true],
      ['RESET', [1, 1, 1], false],
      ['STOP', [1, 1], false],
      ['CREDIT', [1, 1], false],
      ['PING', [1], false],
      ['PONG', [1], false],
      ['REKEY', [1], false],
      ['REFRESH', [1], true],
      ['CREDENTIAL', [1], true],
      ['DRAIN', [1], false],
      ['END', [1], false],
    ]
    const write = (name: FrameName, numbers: readonly Uint8Array[], hasBody: boolean, flags: readonly number[] = []) =>
      concat(Uint8Array.of(FRAMES[name].type, ...flags), ...numbers, hasBody ? Uint8Array.of(0x61) : new Uint8Array(0))
    const check = (name: FrameName, count: number, hasBody: boolean, flags: readonly number[] = []): void => {
      const shortest = Array.from({ length: count }, () => varint(1))
      expect(refused(write(name, shortest, hasBody, flags)), name).toBe('taken')
      for (let place = 0; place < count; place++)
        for (const form of longer(1)) {
          const numbers = shortest.map((number, index) => (index === place ? form : number))
          expect(refused(write(name, numbers, hasBody, flags)), `${name} ${place}`).toContain('shortest form')
        }
    }
    for (const [name, numbers, hasBody] of layouts) check(name, numbers.length, hasBody)
    check('BEGIN', 4, true, [FLAG.end])
    check('DATA', 2, true, [FLAG.end])
  })

  test('SE-31 a varint over 2^53-1', () => {
    for (const top of [0xc0 | 0x00, 0xff])
      expect(refused(Uint8Array.of(FRAMES.PING.type, top, 0x20, 0, 0, 0, 0, 0, 0))).toContain('over 2^53-1')
    expect(refused(Uint8Array.of(FRAMES.PING.type, 0xc0, 0x1f, 255, 255, 255, 255, 255, 255))).toBe('taken')
  })

  test('SE-31 CH-9 an empty record, one of padding alone, padding that is not zero, and over 4,096 frames', () => {
    const ping = encoded({ is: 'PING', count: 1 })
    expect(refused(new Uint8Array(0))).not.toBe('taken')
    expect(refused(new Uint8Array(100))).toContain('without a frame')
    for (let at = 1; at < 20; at++) {
      const padding = new Uint8Array(20)
      padding[at] = 1
      expect(refused(concat(ping, padding))).toContain('padding that is not zero')
    }
    const most = concat(...Array.from({ length: MAX_FRAMES }, () => ping))
    expect(refused(most)).toBe('taken')
    expect(refused(concat(most, ping))).toContain('more than 4096 frames')
  })

  test('SE-31 CH-10 any frame behind one that must be last', () => {
    for (const [name, bytes] of ONE)
      for (const [, behind] of ONE) expect(refused(concat(bytes, behind)) === 'taken', name).toBe(!FRAMES[name].last)
  })
})

test('SE-143 a subject of a frame has 1 to 255 bytes', () => {
  const subject = (length: number): Uint8Array =>
    concat(
      Uint8Array.of(FRAMES.BEGIN.type, FLAG.end | FLAG.subject, 1, 0),
      varint(length),
      new Uint8Array(length).fill(0x61),
      Uint8Array.of(0, 0),
    )
  for (const length of [1, 2, 255]) expect(refused(subject(length)), `${length}`).toBe('taken')
  for (const length of [0, 256]) expect(refused(subject(length)), `${length}`).not.toBe('taken')
})

test('SE-100 a credential of a frame has 1 to 4,096 bytes', () => {
  const credential = (length: number): Uint8Array =>
    concat(Uint8Array.of(FRAMES.CREDENTIAL.type), varint(length), new Uint8Array(length).fill(7))
  for (const length of [1, 2, 63, 64, MAX_CREDENTIAL]) expect(refused(credential(length)), `${length}`).toBe('taken')
  for (const length of [0, MAX_CREDENTIAL + 1, 60_000])
    expect(refused(credential(length)), `${length}`).toContain('expected a credential of 1..4096 bytes')
})

describe('SE-32 is refused:', () => {
  test('SE-32 every value of the flags but the ones listed', () => {
    const subject = Uint8Array.of(1, 0x61)
    const labels = Uint8Array.of(1, 1, 0x61, 1, 0x62)
    for (let flags = 0; flags < 256; flags++) {
      const begin = concat(
        Uint8Array.of(FRAMES.BEGIN.type, flags, 1, 1),
        flags & FLAG.subject ? subject : EMPTY,
        Uint8Array.of(1),
        flags & FLAG.labels ? labels : EMPTY,
        Uint8Array.of(0),
      )
      expect(refused(begin) === 'taken', `BEGIN ${flags}`).toBe(flags < 32 && (flags & 3) !== 3)
      const data = refused(concat(Uint8Array.of(FRAMES.DATA.type, flags), varints(1, 0)))
      expect(data === 'taken', `DATA ${flags}`).toBe([0, 1, 2].includes(flags))
    }
  })
})

const varints = (...values: readonly number[]): Uint8Array => concat(...values.map(varint))

describe('labels', () => {
  const lp = (bytes: Uint8Array): Uint8Array => concat(varint(bytes.length), bytes)
  const entry = (name: string | Uint8Array, value: string | Uint8Array): Uint8Array =>
    concat(...[name, value].map((each) => lp(typeof each === 'string' ? utf8(each) : each)))
  const labelled = (count: number, ...entries: readonly Uint8Array[]): Uint8Array =>
    concat(Uint8Array.of(FRAMES.BEGIN.type, FLAG.end | FLAG.labels), varints(1, 0, 0, count), ...entries, varints(0))

  test('SE-33 none is 0, and 17 is one too many', () => {
    const entries = Array.from({ length: 17 }, (_, index) => entry(String.fromCharCode(0x61 + index), 'x'))
    expect(refused(labelled(0))).toContain('1..16 labels')
    expect(refused(labelled(16, ...entries.slice(0, 16)))).toBe('taken')
    expect(refused(labelled(17, ...entries))).toContain('1..16 labels')
    expect(refused(labelled(2 ** 40))).toContain('1..16 labels')
  })

  test('SE-33 names are tokens in bytewise rising order, once each', () => {
    expect(refused(labelled(2, entry('Z', ''), entry('a', '')))).toBe('taken')
    expect(refused(labelled(2, entry('a', ''), entry('Z', '')))).toContain('rising')
    expect(refused(labelled(2, entry('a', ''), entry('a', '')))).toContain('rising')
    expect(refused(labelled(2, entry('a', ''), entry('aa', '')))).toBe('taken')
    expect(refused(labelled(1, entry('x'.repeat(65), '')))).toBe('taken')
    for (const name of ['', 'a.b', 'a b', 'é', 'x'.repeat(66)])
      expect(refused(labelled(1, entry(name, ''))), name).not.toBe('taken')
  })

  test('SE-33 values are UTF-8 of at most 256 bytes, kept as they are', () => {
    expect(refused(labelled(1, entry('a', 'x'.repeat(256))))).toBe('taken')
    expect(refused(labelled(1, entry('a', 'x'.repeat(257))))).toContain('at most 256 bytes')
    for (const bad of [[0x80], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])
      expect(refused(labelled(1, entry('a', Uint8Array.from(bad))))).toContain('not UTF-8')
    const [frame] = decodeFrames(labelled(2, entry('__proto__', 'p'), entry('a', '\u{feff}b')))
    if (frame?.is !== 'BEGIN') expect.fail('it is a BEGIN')
    expect(Object.entries(frame.labels)).toEqual([
      ['__proto__', 'p'],
      ['a', '\u{feff}b'],
    ])
    expect(Object.getPrototypeOf(frame.labels)).toBe(null)
    expect(Object.isFrozen(frame.labels)).toBe(true)
  })

  test('SE-33 nothing else is written', () => {
    expect(encodeLabels(NO_LABELS).length).toBe(0)
    for (const bad of [{ 'a.b': '' }, { '': '' }, { a: 'x'.repeat(257) }, { a: 'é'.repeat(129) }])
      expect(() => encodeLabels(bad)).toThrow(RangeError)
    const many = (length: number) => Object.fromEntries(Array.from({ length }, (_, index) => [`k${index}`, '']))
    expect(encodeLabels(many(16))[0]).toBe(16)
    expect(() => encodeLabels(many(17))).toThrow(RangeError)
  })

  test('SE-29 a detail over 255 bytes is refused', () => {
    const refuse = (length: number): Uint8Array =>
      concat(Uint8Array.of(FRAMES.REFUSE.type), varints(17, length), utf8('x'.repeat(length)))
    expect(refused(refuse(MAX_DETAIL))).toBe('taken')
    expect(refused(refuse(MAX_DETAIL + 1))).toContain('at most 255 bytes')
  })
})
