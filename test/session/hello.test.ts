import { expect, test } from 'vitest'
import { SottoError } from '../../src/errors.js'
import { decodeHello, encodeHello } from '../../src/session/hello.js'
import { helloOf } from './byhand.js'

const suites = (count: number): number[] => Array.from({ length: count }, (_, index) => 0x100 + index)

const codeOf = (neg: Uint8Array): string => {
  try {
    decodeHello(neg)
  } catch (error) {
    return error instanceof SottoError ? error.code : String(error)
  }
  return 'taken'
}

test.each([
  ['one suite, the first of it tried', 1, 0, 0, 'taken'],
  ['no suite', 0, 0, 0, 'session/malformed'],
  ['sixteen suites, the last of them tried', 16, 15, 0, 'taken'],
  ['seventeen suites', 17, 0, 0, 'session/malformed'],
  ['a suite tried that is behind the last', 3, 3, 0, 'session/malformed'],
  ['a psk id of 32 bytes', 1, 0, 32, 'taken'],
  ['a psk id of 33 bytes', 1, 0, 33, 'session/malformed'],
] as const)('SE-2 %s', (_, count, tried, psk, outcome) => {
  const hello = { suites: suites(count), tried, pskId: new Uint8Array(psk).fill(7) }
  expect(codeOf(encodeHello(hello))).toBe(outcome)
  expect(codeOf(helloOf(hello.suites, tried, hello.pskId))).toBe(outcome)
  if (outcome === 'taken') expect(decodeHello(encodeHello(hello))).toEqual(hello)
})

test('SE-2 a suite that is listed twice, and a byte behind the end', () => {
  expect(codeOf(helloOf([1, 2, 1], 0))).toBe('session/malformed')
  expect(codeOf(Uint8Array.of(...helloOf([1, 2], 0), 0))).toBe('session/malformed')
})
