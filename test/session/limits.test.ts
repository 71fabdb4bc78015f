import { describe, expect, test } from 'vitest'
import { decodeLimits, encodeLimits, LIMITS, lesser, limitsOf } from '../../src/session/limits.js'

describe.each(Object.entries(LIMITS))('%s', (name, { key, floor, ceiling, default: value }) => {
  test('SE-20 is declared from its floor to its ceiling, whole, and nothing else', () => {
    for (const good of [floor, floor + 1, ceiling])
      expect(limitsOf({ [name]: good })).toEqual({ ...limitsOf(), [name]: good })
    for (const bad of [floor - 1, ceiling + 1, floor + 0.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => limitsOf({ [name]: bad })).toThrow(RangeError)
    expect(limitsOf()).toMatchObject({ [name]: value })
  })

  test('SE-20 is taken from its floor to its ceiling, as a number, and nothing else', () => {
    const declared = (of: unknown) => decodeLimits(new Map<number, unknown>([...encodeLimits(limitsOf()), [key, of]]))
    for (const good of [floor, ceiling]) expect(declared(good)).toEqual({ ...limitsOf(), [name]: good })
    for (const bad of [floor - 1, ceiling + 1, BigInt(floor), [floor], `${floor}`, null, true])
      expect(() => declared(bad)).toThrow('session/malformed')
  })

  test('SE-20 is the lesser of two', () => {
    const [own, declared] = [limitsOf({ [name]: floor }), limitsOf({ [name]: ceiling })]
    expect(lesser(own, declared)).toEqual({ ...limitsOf(), [name]: floor })
    expect(lesser(declared, own)).toEqual({ ...limitsOf(), [name]: floor })
  })
})

test('SE-20 no limit has another name or number', () => {
  for (const name of ['windows', 'constructor', '']) expect(() => limitsOf({ [name]: 4_096 })).toThrow(RangeError)
  const all = encodeLimits(limitsOf())
  expect([...all.keys()]).toEqual([1, 2, 3, 4, 5, 6])
  expect(() => decodeLimits(new Map([...all, [7, 1]]))).toThrow('session/malformed')
  expect(() => decodeLimits(new Map([...all].slice(1)))).toThrow('session/malformed')
  expect(() => decodeLimits(new Map([...[...all].slice(1), [7, 1]]))).toThrow('session/malformed')
})
