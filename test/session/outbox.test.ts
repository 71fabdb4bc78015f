import { expect, test } from 'vitest'
import { limitsOf } from '../../src/session/limits.js'
import { Outbox } from '../../src/session/outbox.js'
import { act, filled, Raw } from './wire.js'

/** The room in which every outbox of the process fills its records. */
const room = (): Uint8Array => {
  const outbox = new Outbox(limitsOf(), limitsOf(), { begins: () => 0, framed: () => undefined })
  outbox.notice(Uint8Array.of(1))
  const view = outbox.fill()
  if (view === undefined) throw new Error('expected a view of what was filled')
  view.fill(0)
  return new Uint8Array(view.buffer)
}

test.each([1, 60_000, 200_000])('of %i bytes that were sealed none is left where the next session fills', (length) => {
  const shared = room()
  const raw = new Raw()
  raw.begin(act('note', 'x'.repeat(length)))
  expect(raw.read().length).toBeGreaterThan(0)
  expect(shared.every((byte) => byte === 0)).toBe(true)
})

test('a session that fails between filling and sealing leaves nothing there either', () => {
  const shared = room()
  const raw = new Raw()
  shared.set(filled(1_000))
  raw.engine.ended()
  expect(shared.every((byte) => byte === 0)).toBe(true)
})
