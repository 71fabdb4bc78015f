import { expect, test } from 'vitest'
import { defaultProvider } from '../../src/crypto/default.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import { native as portable } from '../../src/crypto/portable.js'

test('CR-19 the default is the native provider where there is one, and noble without node:crypto', () => {
  expect(defaultProvider).toBe(native ?? noble)
  expect(portable ?? noble).toBe(noble)
})

test('CR-19 only a provider with native AES says so', () => {
  expect(noble.nativeAes).toBe(false)
  if (native !== undefined)
    expect(native.nativeAes).toBe(native.cipher.AESGCM.importKey !== noble.cipher.AESGCM.importKey)
})
