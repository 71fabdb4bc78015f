import { expect, test } from 'vitest'
import { toHex } from '../../src/bytes.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { heldBy } from '../setup/held.js'
import { withFixedKeys } from '../setup/nonces.js'

/** Imports each kind of key, with the bytes that the import must hold if it holds any. */
const imports = (provider: Provider) => {
  const [key, secret25519, secret448, seed] = [32, 32, 56, 64].map((length) => provider.randomBytes(length))
  if (key === undefined || secret25519 === undefined || secret448 === undefined || seed === undefined) throw new Error()
  return withFixedKeys('the recorder would stand between the test and the key', () => [
    { kind: 'ChaChaPoly', imported: provider.cipher.ChaChaPoly.importKey(key), secret: key },
    { kind: 'AESGCM', imported: provider.cipher.AESGCM.importKey(key), secret: key },
    { kind: 'X25519', imported: provider.dh['25519'].importKey(secret25519), secret: secret25519 },
    { kind: 'X448', imported: provider.dh['448'].importKey(secret448), secret: secret448 },
    // The decapsulation key of FIPS 203 ends in the second half of the seed.
    { kind: 'ML-KEM', imported: provider.mlkem768.importKey(seed), secret: seed.subarray(32) },
  ])
}

const holding = (arrays: readonly Uint8Array[], secret: Uint8Array) =>
  arrays.filter((array) => toHex(array).includes(toHex(secret)))

test('CR-15 noble holds each secret in one array, and erase leaves zeros there', () => {
  for (const { kind, imported, secret } of imports(noble)) {
    const held = holding(heldBy(imported), secret)
    expect(held.length, kind).toBe(1)
    imported.erase()
    for (const array of held) expect(array, kind).toEqual(new Uint8Array(array.length))
  }
})

test.skipIf(native === undefined)(
  'CR-15 native holds no secret in JavaScript memory, where the runtime has the algorithm',
  () => {
    if (native === undefined) return
    for (const { kind, imported, secret } of imports(native)) {
      const borrowed = kind === 'ML-KEM' && native.mlkem768.importKey === noble.mlkem768.importKey
      expect(holding(heldBy(imported), secret).length, kind).toBe(borrowed ? 1 : 0)
    }
  },
)
