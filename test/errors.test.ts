import { expect, test } from 'vitest'
import { codeOfWire, ERRORS, SottoError } from '../src/errors.js'

const rows = Object.entries(ERRORS)
const numbered = rows.filter(([, { wire }]) => wire !== 0)

test('ER-1 no two codes share a wire number', () => {
  const numbers = numbered.map(([, { wire }]) => wire)
  expect(numbers.filter((number, i) => numbers.indexOf(number) !== i)).toEqual([])
  expect(numbered.map(([, { wire }]) => codeOfWire(wire))).toEqual(numbered.map(([code]) => code))
})

test('ER-2 no code is read from 0, nor from a number that no code has', () => {
  expect([0, 15, 255, -1, 1.5, Number.NaN].map(codeOfWire)).toEqual(Array(6).fill(undefined))
})

test('ER-3 the text begins with the code; the error knows its code, cause and what ran', () => {
  const cause = new Error('below')
  const error = SottoError.of('transport/failed', 'the cable is out', { cause, ran: 'maybe' })
  expect(error.message).toBe('transport/failed: the cable is out')
  expect(error).toMatchObject({ name: 'SottoError', code: 'transport/failed', details: {}, ran: 'maybe', cause })
  expect(SottoError.of('session/lost', 'x').ran).toBe('no')
  expect(Object.hasOwn(SottoError.of('session/lost', 'x'), 'cause')).toBe(false)
})

test('ER-3 an error is told by its code, and by nothing that only looks like it', () => {
  const error: unknown = SottoError.of('call/internal', 'x', { details: { incident: 'a1' } })
  if (!SottoError.is(error, 'call/internal')) expect.fail('it is one')
  expect(error.details.incident).toBe('a1')
  expect(SottoError.is(error, 'call/fault')).toBe(false)
  expect(SottoError.is({ code: 'call/internal' }, 'call/internal')).toBe(false)
  expect(SottoError.is(undefined, 'call/internal')).toBe(false)
})
