import * as crypto from 'node:crypto'
import { expect, test } from 'vitest'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'

const runs = (probe: () => unknown): boolean => {
  try {
    probe()
    return true
  } catch {
    return false
  }
}

test.runIf(native !== undefined)(
  'CR-19 what node:crypto has is native, and the reference stands in for the rest',
  () => {
    if (native === undefined) return
    const isNative = {
      AESGCM: native.cipher.AESGCM !== noble.cipher.AESGCM,
      X448: native.dh['448'] !== noble.dh['448'],
      SHA512: native.hash.SHA512 !== noble.hash.SHA512,
      BLAKE2s: native.hash.BLAKE2s !== noble.hash.BLAKE2s,
      BLAKE2b: native.hash.BLAKE2b !== noble.hash.BLAKE2b,
      Ed25519: native.ed25519 !== noble.ed25519,
      'ML-KEM-768': native.mlkem768 !== noble.mlkem768,
    }
    const hashes = crypto.getHashes()
    expect(isNative).toEqual({
      AESGCM: crypto.getCiphers().includes('aes-256-gcm'),
      X448: runs(() => crypto.generateKeyPairSync('x448')),
      SHA512: hashes.includes('sha512'),
      BLAKE2s: hashes.includes('blake2s256'),
      BLAKE2b: hashes.includes('blake2b512'),
      Ed25519: runs(() => crypto.generateKeyPairSync('ed25519')),
      'ML-KEM-768': 'encapsulate' in crypto,
    })
  },
)

test.runIf(native !== undefined)('CR-19 both providers name and measure each algorithm alike', () => {
  const shapeOf = ({ dh, cipher, hash }: typeof noble) => ({
    dh: Object.entries(dh).map(([name, { name: own, length }]) => [name, own, length]),
    cipher: Object.entries(cipher).map(([name, { name: own }]) => [name, own]),
    hash: Object.entries(hash).map(([name, { name: own, length }]) => [name, own, length]),
  })
  expect(native && shapeOf(native)).toEqual(shapeOf(noble))
  expect([noble.name, native?.name]).toEqual(['noble', 'native'])
})
