import { expect, test } from 'vitest'
import { parseProtocol } from '../../src/noise/protocol.js'
import { codeOf, everySection, play, protocolOf, sidesOf } from './handshakes.js'

const minima = (name: string): number[] => parseProtocol(name).messages.map((message) => message.minimum)

test('NO-1 accepts every pattern section, and every algorithm', () => {
  for (const section of everySection()) expect(parseProtocol(protocolOf(section)).name).toBe(protocolOf(section))
  for (const dh of ['25519', '448'])
    for (const cipher of ['ChaChaPoly', 'AESGCM'])
      for (const hash of ['SHA256', 'SHA512', 'BLAKE2s', 'BLAKE2b'])
        expect(parseProtocol(`Noise_IKpsk2_${dh}_${cipher}_${hash}`)).toMatchObject({ dh, cipher, hash, psk: true })
})

test.each([
  '',
  'Noise',
  'noise_XX_25519_ChaChaPoly_SHA256',
  'NoisePSK_XX_25519_ChaChaPoly_SHA256',
  'Noise_XX_25519_ChaChaPoly',
  'Noise_XX_25519_ChaChaPoly_SHA256_',
  'Noise_XX_25519_ChaChaPoly_SHA256 ',
  'Noise__25519_ChaChaPoly_SHA256',
  'Noise_XY_25519_ChaChaPoly_SHA256',
  'Noise_xx_25519_ChaChaPoly_SHA256',
  'Noise_constructor_25519_ChaChaPoly_SHA256',
  'Noise_XXtoString_25519_ChaChaPoly_SHA256',
  'Noise_XX+psk3_25519_ChaChaPoly_SHA256',
  'Noise_XXpsk3psk0_25519_ChaChaPoly_SHA256',
  'Noise_XXpsk3+psk0_25519_ChaChaPoly_SHA256',
  'Noise_XXpsk0+psk0_25519_ChaChaPoly_SHA256',
  'Noise_XXpsk0+_25519_ChaChaPoly_SHA256',
  'Noise_XXpsk3+hfs_25519+MLKEM768_ChaChaPoly_SHA256',
  'Noise_XXhfs+hfs_25519+MLKEM768_ChaChaPoly_SHA256',
  'Noise_XX_P256_ChaChaPoly_SHA256',
  'Noise_XX_toString_ChaChaPoly_SHA256',
  'Noise_XX_25519_XChaChaPoly_SHA256',
  'Noise_XX_25519_valueOf_SHA256',
  'Noise_XX_25519_ChaChaPoly_SHA3/256',
  'Noise_XX_25519_ChaChaPoly_hasOwnProperty',
  `Noise_XX${'psk0+'.repeat(20_000)}_25519_ChaChaPoly_SHA256`,
])('NO-1 refuses the name "%.80s"', (name) => {
  expect(codeOf(() => parseProtocol(name))).toBe('noise/protocol')
})

test.each([
  'Noise_XXhfs_25519_ChaChaPoly_SHA256',
  'Noise_XX_25519+MLKEM768_ChaChaPoly_SHA256',
  'Noise_XXhfs_25519+MLKEM1024_ChaChaPoly_SHA256',
  'Noise_XXhfs_25519+Kyber1024_ChaChaPoly_SHA256',
  'Noise_XXhfs_25519+448_ChaChaPoly_SHA256',
  'Noise_XXhfs_MLKEM768_ChaChaPoly_SHA256',
  'Noise_XXhfs_MLKEM768+25519_ChaChaPoly_SHA256',
  'Noise_XXhfs_25519+MLKEM768+MLKEM768_ChaChaPoly_SHA256',
  'Noise_XXhfs_25519+MLKEM768+_ChaChaPoly_SHA256',
])('NO-4 refuses %s: the KEM is named where the pattern has hfs, and there only', (name) => {
  expect(codeOf(() => parseProtocol(name))).toBe('noise/protocol')
})

test.each([
  ['Noise_XX_25519_ChaChaPoly_SHA256', [32, 96, 64]],
  ['Noise_XX_448_ChaChaPoly_SHA256', [56, 144, 88]],
  ['Noise_XXpsk3_25519_ChaChaPoly_SHA256', [48, 96, 64]],
  ['Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256', [1216, 1200, 64]],
  ['Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256', [1248, 1200, 64]],
  ['Noise_IK_25519_ChaChaPoly_SHA256', [96, 48]],
  ['Noise_X1X_25519_AESGCM_SHA512', [32, 96, 64, 16]],
])('NO-11 %s has messages of %j bytes with empty payloads', (name, sizes) => {
  expect(minima(name)).toEqual(sizes)
  expect(play(sidesOf(name), new Uint8Array(0)).map((message) => message.length)).toEqual(sizes)
})

test('NO-5 what is written has the length the layout says, and both sides end alike, in every pattern', () => {
  // hfs with more than one psk adds nothing here but time.
  for (const section of everySection().filter((name) => !/hfs.*psk.*psk/.test(name))) {
    const name = protocolOf(section)
    const sides = sidesOf(name)
    expect(
      play(sides, new Uint8Array(3)).map((message) => message.length - 3),
      name,
    ).toEqual(minima(name))
    expect(sides.initiator.split().handshakeHash, name).toEqual(sides.responder.split().handshakeHash)
  }
})
