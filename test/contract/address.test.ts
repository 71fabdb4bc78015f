import { expect, test } from 'vitest'
import {
  addressOf,
  isAddress,
  isContractName,
  isOperationName,
  isToken,
  MAX_ADDRESS_BYTES,
  MAX_TOKENS,
} from '../../src/contract/address.js'

const letters = (count: number) => 'a'.repeat(count)
const longestName = `${letters(63)}.${letters(63)}.${letters(63)}.${letters(57)}.v9999`

test.each([
  'thermostat.v1',
  'a.v1',
  'acme.billing.v12',
  'a-b.c9.v9999',
  'v0.v1',
  'v10000.v1',
  'vx.v1',
  'sotto.v1',
  `${letters(63)}.v1`,
  longestName,
])('CO-1 takes the contract name %s', (name) => {
  expect(isContractName(name)).toBe(true)
})

test.each([
  '',
  '.',
  'thermostat',
  'thermostat.',
  'thermostat.v0',
  'thermostat.v01',
  'thermostat.v10000',
  'thermostat.v1.5',
  'thermostat.v-1',
  'thermostat.v1e3',
  'thermostat.v',
  'thermostat.1',
  'v1',
  '.v1',
  'a..v1',
  'a.v1.',
  ' a.v1',
  'a.v1\n',
  'a.v1 ',
  'a_b.v1',
  '-a.v1',
  '9a.v1',
  'thermostat.V1',
  'térmica.v1',
  'a\u0000.v1',
  'ａ.v1',
  'a.v１',
  `${letters(64)}.v1`,
  `a${longestName}`,
])('CO-1 refuses the contract name %j', (name) => {
  expect(isContractName(name)).toBe(false)
})

test('CO-1 CO-7 the longest name and address are 255 bytes', () => {
  expect(longestName).toHaveLength(MAX_ADDRESS_BYTES)
  const address = `${letters(63)}.${letters(63)}.v1.${letters(60)}.${letters(63)}`
  expect(address).toHaveLength(MAX_ADDRESS_BYTES)
  expect(isAddress(address)).toBe(true)
  expect(isAddress(`${address}a`)).toBe(false)
})

test('CO-2 a version ends the contract name, so no name has two', () => {
  expect(isContractName('a.v1.b.v2')).toBe(false)
  expect(isContractName('a.v1.v2')).toBe(false)
  // The tokens b and v2 of an operation of a.v1, not an operation of a.v1.b.v2.
  expect(isAddress('a.v1.read.b.v2')).toBe(true)
  expect(addressOf('a.v1', 'b', 'v2', 'c')).toBe('a.v1.b.v2.c')
  expect(() => addressOf('a.v1.b.v2', 'c')).toThrow(RangeError)
})

test.each(['read', 'a', 'readAll', 'r2D2', 'v1', 'then2', 'to', letters(63)])(
  'CO-4 takes the operation name %s',
  (name) => {
    expect(isOperationName(name)).toBe(true)
  },
)

test.each(['', 'Read', '2read', 'read-all', 'read_all', 'read.all', 'read ', 'read\n', 'é', '*', '>', letters(64)])(
  'CO-4 refuses the operation name %j',
  (name) => {
    expect(isOperationName(name)).toBe(false)
  },
)

test.each(['then', 'constructor', 'prototype', '__proto__', 'toJSON'])('CO-5 refuses the operation name %s', (name) => {
  expect(isOperationName(name)).toBe(false)
  expect(isAddress(`a.v1.${name}`)).toBe(false)
  expect(() => addressOf('a.v1', name)).toThrow(RangeError)
})

test.each(['a', 'A', '9', '-', '_', 'kitchen-2_B', letters(65)])('CO-6 takes the token %s', (token) => {
  expect(isToken(token)).toBe(true)
})

test.each(['', '*', '>', '.', 'a.b', 'a b', 'a\n', '{peer.id}', 'ä', letters(66)])(
  'CO-6 refuses the token %j',
  (token) => {
    expect(isToken(token)).toBe(false)
    expect(isAddress(`a.v1.read.${token}.b`)).toBe(token === 'a.b')
    expect(() => addressOf('a.v1', 'read', token)).toThrow(RangeError)
  },
)

test.each(['a.v1.read', 'acme.billing.v12.pay', 'thermostat.v1.readings.kitchen.a'])(
  'CO-7 takes the address %s',
  (address) => {
    expect(isAddress(address)).toBe(true)
  },
)

test.each([
  '',
  'a',
  'a.v1',
  'v1.read',
  '.v1.read',
  'a.v1.',
  'a.v1..b',
  'a.v1.Read',
  'a.v1.read.',
  'A.v1.read',
  'a.v1.*',
])('CO-7 refuses the address %j', (address) => {
  expect(isAddress(address)).toBe(false)
})

test('CO-7 an address has at most 16 tokens', () => {
  const tokens = Array.from({ length: MAX_TOKENS }, (_, index) => `t${index}`)
  expect(addressOf('a.v1', 'read', ...tokens)).toBe(`a.v1.read.${tokens.join('.')}`)
  expect(() => addressOf('a.v1', 'read', ...tokens, 'more')).toThrow(RangeError)
  expect(isAddress(`a.v1.read.${tokens.join('.')}.more`)).toBe(false)
})

test('CO-8 letters of another case make another operation and token, and no contract name', () => {
  expect(addressOf('a.v1', 'readAll', 'Kitchen')).not.toBe(addressOf('a.v1', 'readall', 'kitchen'))
  expect(isContractName('Thermostat.v1')).toBe(false)
})

test('CO-7 a hostile text of a megabyte is refused by its length alone', () => {
  const hostile = 'a.'.repeat(500_000)
  expect([isContractName, isOperationName, isToken, isAddress].some((is) => is(hostile))).toBe(false)
})
