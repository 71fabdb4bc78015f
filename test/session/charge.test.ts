import { expect, test } from 'vitest'
import { act, Raw, textOf } from './wire.js'

test('SE-20 SE-50 a BEGIN goes in the record that it fits with its labels, and in no other', () => {
  const labels = { a: 'x'.repeat(200), b: 'x'.repeat(200) }
  const recordsOf = (length: number): number => {
    const raw = new Raw({}, { plaintext: 1_024 })
    raw.begin(act('note', textOf(length)))
    raw.begin(act('note', textOf(400), { labels }))
    return raw.records().length
  }
  expect(recordsOf(100)).toBe(1)
  expect(recordsOf(300)).toBe(2)
})

test('SE-36 SE-50 what is left of a message that is cut takes no credit of what waits behind it', () => {
  const raw = new Raw({}, { sessionWindow: 65_536, plaintext: 1_024 })
  const { exchange } = raw.begin(act('call', textOf(20_000)))
  const sent = raw.records(2).flat()
  const bytes = sent.reduce((sum, frame) => sum + ('body' in frame ? frame.body.length : 0), 0)
  expect(bytes).toBeGreaterThan(1_500)
  raw.engine.cancel(exchange)
  const room = 65_536 - 64 - bytes
  expect(raw.begin(act('note', textOf(room - 64 - 1_000))).taken).toBe(true)
  expect(raw.begin(act('note', textOf(1_000 - 63))).taken).toBe(false)
})
