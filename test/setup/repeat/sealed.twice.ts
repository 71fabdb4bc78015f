import { test } from 'vitest'
import { EMPTY } from '../../../src/bytes.js'
import { noble } from '../../../src/crypto/noble.js'

test('a pair sealed twice, which no assertion notices', () => {
  const key = noble.cipher.ChaChaPoly.importKey(noble.randomBytes(32))
  key.seal(5, EMPTY, EMPTY, new Uint8Array(16))
  key.seal(5, EMPTY, EMPTY, new Uint8Array(16))
})
