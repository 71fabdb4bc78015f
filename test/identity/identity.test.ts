import { inspect } from 'node:util'
import { serialize } from 'node:v8'
import { describe, expect, test } from 'vitest'
import { native } from '#native'
import { toHex } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import { openWithPassphrase, sealWithPassphrase } from '../../src/crypto/passphrase.js'
import { SottoError } from '../../src/errors.js'
import { parsePeerId, peerIdOf } from '../../src/identity/id.js'
import { generateIdentity, keyPairOf, parseIdentity, secretTextOf } from '../../src/identity/identity.js'
import { openIdentity, sealIdentity } from '../../src/identity/sealed.js'
import { decodeText, encodeText } from '../../src/identity/text.js'

const providers = native === undefined ? [noble] : [noble, native]

describe.each(providers)('with $name', (provider) => {
  test('ID-1 an identity survives its secret text', () => {
    const identity = generateIdentity(provider)
    const again = parseIdentity(secretTextOf(identity), provider)
    expect(again.id).toBe(identity.id)
    expect(keyPairOf(again)).toEqual(keyPairOf(identity))
    expect(parsePeerId(identity.id)).toEqual(keyPairOf(identity).publicKey)
  })

  test('ID-1 an identity of known bytes has the known id', () => {
    const identity = parseIdentity(
      encodeText(
        'secret',
        Uint8Array.from({ length: 32 }, (_, i) => i),
      ),
      provider,
    )
    // The public key of this scalar is computed apart, with OpenSSL.
    expect(toHex(parsePeerId(identity.id))).toBe('8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f')
    expect(identity.id).toBe(peerIdOf(parsePeerId(identity.id)))
  })

  test('ID-6 a sealed identity opens with its passphrase and no other', () => {
    const identity = generateIdentity(provider)
    const text = sealIdentity(identity, 'correct horse', provider, 14)
    expect(text).toHaveLength(126)
    expect(openIdentity(text, 'correct horse', provider).id).toBe(identity.id)
    for (const wrong of ['Correct horse', 'correct horse ', '']) {
      expect(() => openIdentity(text, wrong, provider)).toThrow('expected the passphrase')
    }
  })
})

test('ID-1 two new identities differ', () => {
  expect(generateIdentity().id).not.toBe(generateIdentity().id)
})

test('ID-5 nothing a program does to print, store or clone an identity gives its secret', () => {
  const identity = generateIdentity()
  const { secretKey } = keyPairOf(identity)
  const shown = [
    String(identity),
    JSON.stringify({ identity }),
    inspect(identity, { showHidden: true, depth: 9 }),
    inspect({ identity }, { customInspect: false, showHidden: true, depth: 9 }),
    JSON.stringify(structuredClone({ identity })),
    toHex(serialize({ identity })),
    JSON.stringify(Object.getOwnPropertyDescriptors(identity)),
    JSON.stringify(Object.assign({}, identity)),
  ].join('\n')
  expect(shown).toContain(identity.id)
  for (const form of [
    toHex(secretKey),
    Buffer.from(secretKey).toString('base64'),
    secretKey.join(','),
    secretTextOf(identity),
    Buffer.from(secretKey).toString('latin1'),
  ]) {
    expect(shown).not.toContain(form)
  }
})

test('ID-5 key pairs handed out are copies', () => {
  const identity = generateIdentity()
  const { secretKey, publicKey } = keyPairOf(identity)
  secretKey.fill(0)
  publicKey.fill(0)
  expect(toHex(keyPairOf(identity).secretKey)).not.toBe(toHex(secretKey))
  expect(peerIdOf(keyPairOf(identity).publicKey)).toBe(identity.id)
  expect(Reflect.set(identity, 'id', 'sotto1other')).toBe(false)
})

test('ID-6 two seals of one identity share neither salt nor ciphertext', () => {
  const identity = generateIdentity()
  const [a, b] = [1, 2].map(() => decodeText('sealed', sealIdentity(identity, 'x', noble, 14)))
  expect(toHex(a?.subarray(1, 17) ?? new Uint8Array())).not.toBe(toHex(b?.subarray(1, 17) ?? new Uint8Array()))
  expect(toHex(a?.subarray(17) ?? new Uint8Array())).not.toBe(toHex(b?.subarray(17) ?? new Uint8Array()))
})

test('ID-6 a passphrase is the same however the keyboard composes its letters', () => {
  const sealed = sealWithPassphrase(noble, Uint8Array.of(7), 'caf\u00e9', 'identity', 14)
  expect(openWithPassphrase(noble, sealed, 'cafe\u0301', 'identity')).toEqual(Uint8Array.of(7))
})

test('ID-6 any changed byte of a sealed secret fails', () => {
  const sealed = sealWithPassphrase(noble, new Uint8Array(32), 'x', 'identity', 14)
  // One byte of each field; the cost is ID-7.
  for (const at of [1, 16, 17, 48, 64]) {
    const changed = sealed.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(openWithPassphrase(noble, changed, 'x', 'identity')).toBeUndefined()
  }
  sealed[0] = 15
  expect(openWithPassphrase(noble, sealed, 'x', 'identity')).toBeUndefined()
})

test('ID-6 an empty passphrase seals nothing', () => {
  expect(() => sealIdentity(generateIdentity(), '')).toThrow(RangeError)
})

test.each([0, 13, 19, 31, 255])('ID-7 refuses a cost of %i', (cost) => {
  const bytes = new Uint8Array(65)
  bytes[0] = cost
  const refused = () => openIdentity(encodeText('sealed', bytes), 'x')
  expect(refused).toThrow(expect.objectContaining({ code: 'crypto/bad-key' }))
  expect(() => sealWithPassphrase(noble, bytes, 'x', 'identity', cost)).toThrow(RangeError)
})

test('ID-7 takes the greatest cost, 18', () => {
  const sealed = sealWithPassphrase(noble, Uint8Array.of(7), 'x', 'identity', 18)
  expect(openWithPassphrase(noble, sealed, 'x', 'identity')).toEqual(Uint8Array.of(7))
})

test('ID-7 refuses bytes too short to hold a header and a tag', () => {
  try {
    openWithPassphrase(noble, new Uint8Array(32), 'x', 'identity')
    expect.unreachable()
  } catch (error) {
    expect(SottoError.is(error, 'crypto/bad-key')).toBe(true)
  }
})
