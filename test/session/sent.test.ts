import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { encodeLabels } from '../../src/session/framewriter.js'
import { LIMITS, limitsOf } from '../../src/session/limits.js'
import { act, begin, credit, data, drain, fate, fault, filled, NOTE, Raw, textOf } from './wire.js'

const window = LIMITS.sessionWindow.floor
const invalid = encode({ path: '' })

describe('a one-way message that is refused late', () => {
  test('SE-54 in pieces, is named whatever number of exchanges began meanwhile', () => {
    const raw = new Raw({}, { sessionWindow: window })
    raw.begin(act('note', textOf(5_000)))
    raw.read()
    raw.send(credit(0, 2 * window))
    raw.read()
    let sent = 64 + 5_000
    let limit = 2 * window
    const more = (): void => {
      limit = Math.max(limit + window / 4, sent)
      raw.send(credit(0, limit))
      raw.read()
    }
    // Three rounds of the 64 places that credit asks for.
    for (let count = 0; count < 192; count++) {
      raw.begin(act('call'))
      raw.read()
      sent += 64
      raw.send(data(4 + 2 * count))
      if (limit - sent < 64) more()
    }
    raw.take()
    raw.send(fault(2, 'contract/invalid', invalid))
    expect(raw.take()).toMatchObject([{ is: 'refused', verb: 'send', address: 'flow.v1.note' }])
    expect(fate(raw)).toBe('alive')
    raw.send(fault(2, 'contract/invalid', invalid))
    expect(fate(raw)).toBe('session/malformed')
  })
})

describe('SE-66 a one-way message above the last of a DRAIN', () => {
  test.each([
    ['none was taken', 0, ['2', '4', '6']],
    ['the first was taken', 2, ['4', '6']],
    ['all were taken', 6, []],
  ] as const)('is told of as refused: %s', (_, last, ids) => {
    const raw = new Raw({}, {})
    for (let count = 0; count < 3; count++) raw.begin(act('note', 'x'))
    raw.read()
    raw.take()
    raw.send(drain(last))
    const refused = raw.take().flatMap((event) => (event.is === 'refused' ? [event.decision.split('.')[2]] : []))
    expect(refused).toEqual(ids)
  })
})

describe('SE-50 labels', () => {
  const labels = { trace: 'x'.repeat(200) }
  const cost = encodeLabels(labels).length

  test('take of the session window what they are long, at the receiver', () => {
    const raw = new Raw({ limits: limitsOf({ sessionWindow: window }) }, {})
    const room = window - 2 * (64 + cost)
    raw.send(begin({ exchange: 1, operation: NOTE, labels }), begin({ exchange: 3, operation: NOTE, labels }))
    raw.send(begin({ exchange: 5, operation: NOTE, body: filled(room - 64) }))
    expect(fate(raw)).toBe('alive')
    const over = new Raw({ limits: limitsOf({ sessionWindow: window }) }, {})
    over.send(begin({ exchange: 1, operation: NOTE, labels }), begin({ exchange: 3, operation: NOTE, labels }))
    over.send(begin({ exchange: 5, operation: NOTE, body: filled(room - 63) }))
    expect(fate(over)).toBe('session/limit')
  })

  test('and at the sender, which goes no further', () => {
    const raw = new Raw({}, { sessionWindow: window })
    const most = Math.floor(window / (64 + cost))
    for (let count = 0; count < most; count++) expect(raw.begin(act('note', undefined, { labels })).taken).toBe(true)
    expect(raw.begin(act('note', undefined, { labels })).taken).toBe(false)
    expect(raw.read()).toHaveLength(most)
  })

  test('of more than an eighth of the window are refused here', () => {
    const raw = new Raw({}, { sessionWindow: window })
    const long = { a: 'x'.repeat(256), b: 'x'.repeat(256) }
    expect(() => raw.begin(act('note', undefined, { labels: long }))).toThrow('call/too-large')
  })
})
