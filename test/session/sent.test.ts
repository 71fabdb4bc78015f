import { describe, expect, test } from 'vitest'
import { encode } from '../../src/cbor.js'
import { encodeLabels } from '../../src/session/framewriter.js'
import { LIMITS, limitsOf } from '../../src/session/limits.js'
import { Sent } from '../../src/session/sent.js'
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

describe('SE-54 the places of those that went whole', () => {
  test('are as many as credit lets begin, and each is for the last exchange that had it', () => {
    const sent = new Sent(192, 0)
    for (const id of [2, 4, 6, 8]) sent.begins(id, 7, '', true)
    expect([...sent.between(2, 8)]).toEqual([4, 6, 8])
    // A call has the place of 4, a round before.
    sent.begins(10, undefined, '', true)
    expect(sent.refuse(4)).toBe(undefined)
    expect([...sent.between(2, 10)]).toEqual([6, 8])
    // So has a message in pieces that of 6, and what it is remembered by is apart.
    sent.begins(12, 7, 'a', false)
    expect([...sent.between(2, 12)]).toEqual([12, 8])
    expect(sent.refuse(12)).toEqual({ operation: 7, subject: 'a', told: false })
    expect(sent.refuse(6)).toBe(undefined)
  })

  test('keep the subject of each, and none of one before', () => {
    const first = new Sent(192, 0)
    first.begins(2, 0, 'a', true)
    expect(first.refuse(2)).toEqual({ operation: 0, subject: 'a', told: false })
    const sent = new Sent(192, 0)
    sent.begins(2, 0, '', true)
    sent.begins(4, 0, 'a', true)
    sent.begins(6, 0, '', true)
    expect(sent.refuse(2)).toEqual({ operation: 0, subject: '', told: false })
    sent.begins(10, 0, '', true)
    expect(sent.refuse(10)).toEqual({ operation: 0, subject: '', told: false })
    expect(sent.refuse(6)).toEqual({ operation: 0, subject: '', told: false })
  })

  test('are none for a call, whole or in pieces', () => {
    const sent = new Sent(192, 0)
    sent.begins(2, undefined, '', true)
    sent.begins(4, undefined, '', false)
    expect([sent.refuse(2), sent.refuse(4), ...sent.between(2, 4)]).toEqual([undefined, undefined])
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
