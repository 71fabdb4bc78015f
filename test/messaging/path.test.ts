import { expect, test } from 'vitest'
import type { Shape } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { check } from '../../src/messaging/shape.js'

/** A shape that refuses everything at `path`. */
const refusing = (path: readonly string[]): Shape<unknown, unknown> => ({
  '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no', path }] }) },
})

const pathOf = (path: readonly string[]): string => {
  try {
    check(refusing(path), 1)
  } catch (error) {
    if (SottoError.is(error, 'contract/invalid')) return error.details.path
    throw error
  }
  return expect.fail('the shape refuses everything')
}

test('ME-5 a path of long names is cut where a FAULT ends', () => {
  const long = Array.from({ length: 40 }, () => 'a'.repeat(65))
  expect(pathOf(long)).toHaveLength(255)
  expect(pathOf(long).startsWith(`${'a'.repeat(65)}.`)).toBe(true)
  expect(pathOf(['items', '0', 'name'])).toBe('items.0.name')
})
