import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { type NoiseVector, readNoiseVectors, runNoiseVector } from '../../src/kit/noisevectors.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { writerAndReader } from './handshakes.js'

declareFixedKeys('vectors fix every ephemeral, and are run more than once')

const CACOPHONY = new URL('../../../shared/vectors/noise/cacophony.json', import.meta.url)
const present = existsSync(CACOPHONY)
if (!present) console.warn(`SKIPPED: no upstream Noise vectors at ${CACOPHONY.pathname}`)
const vectors: readonly NoiseVector[] = present ? readNoiseVectors(readFileSync(CACOPHONY, 'utf8')) : []

/** `Noise_XXpsk3_25519_…` is of `XXpsk3`. */
const patternOf = ({ name }: NoiseVector): string => name.split('_')[1] ?? ''
const patterns = [...new Set(vectors.map((vector) => patternOf(vector)))]
const providers = [noble, ...(native ? [native] : [])]

describe.skipIf(!present)('cacophony', () => {
  test('NO-5, NO-31 has 944 vectors, of 59 patterns, each with a handshake hash', () => {
    expect(vectors.length).toBe(944)
    expect(patterns.length).toBe(59)
    expect(vectors.every((vector) => vector.handshakeHash !== undefined)).toBe(true)
  })

  describe.each(providers)('with $name', (provider) => {
    test.each(patterns)('NO-5, NO-10, NO-31 all vectors of %s, byte for byte both ways', (pattern) => {
      const all = vectors.filter((vector) => patternOf(vector) === pattern)
      const failed = all.map((vector) => [vector.name, runNoiseVector(vector, provider)]).filter(([, why]) => why)
      expect(failed).toEqual([])
    })
  })

  test('NO-31 a vector that is wrong anywhere fails, and says where', () => {
    const vector = vectors.find(({ name }) => name === 'Noise_XXpsk3_25519_ChaChaPoly_SHA256')
    if (vector === undefined) throw new Error('expected the vector in the file')
    const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
    const failure = (change: Partial<NoiseVector>): string | undefined =>
      runNoiseVector({ ...vector, ...change }, noble)
    expect(failure({})).toBeUndefined()
    for (const [index, message] of vector.messages.entries())
      for (const changed of [
        { ...message, ciphertext: flip(message.ciphertext) },
        { ...message, payload: flip(message.payload) },
      ])
        expect(failure({ messages: vector.messages.with(index, changed) })).toContain(`message ${index}`)
    expect(failure({ messages: vector.messages.slice(0, 2) })).toContain('expected at least 3 messages')
    expect(failure({ handshakeHash: new Uint8Array(32) })).toContain('handshake hash')
    expect(failure({ handshakeHash: undefined })).toBeUndefined()
    expect(failure({ name: 'Noise_XXpsk3_P256_ChaChaPoly_SHA256' })).toContain('noise/protocol')
    const { initiator, responder } = vector.sides
    const keyless = { initiator: { ...initiator, s: undefined }, responder }
    expect(failure({ sides: keyless })).toContain('s, the secret key: expected 32 bytes, got none')
    expect(failure({ sides: { initiator: { ...initiator, psks: [] }, responder } })).toContain('psks: expected 1')
    const other = { initiator, responder: { ...responder, prologue: new Uint8Array(1) } }
    expect(failure({ sides: other })).toBeDefined()
  })
})

describe('a file', () => {
  test.each([
    ['', 'JSON'],
    ['{', 'JSON'],
    ['[]', 'vectors: expected an array, got nothing'],
    ['{"vectors":{}}', 'vectors: expected an array, got object'],
    ['{"vectors":[1]}', 'vectors[0].protocol_name: expected a string, got nothing'],
    ['{"vectors":[{"protocol_name":5}]}', 'vectors[0].protocol_name: expected a string, got number'],
    ['{"vectors":[{"protocol_name":"a"}]}', 'vectors[0].messages: expected an array, got nothing'],
    [
      '{"vectors":[{"protocol_name":"a","messages":[{}]}]}',
      'vectors[0].messages[0].payload: expected hex, got nothing',
    ],
    ['{"vectors":[{"name":"a","messages":[{"payload":"0"}]}]}', 'messages[0].payload: expected hex, got string'],
    ['{"vectors":[{"name":"a","messages":[],"init_static":"zz"}]}', 'vectors[0].init_static: expected hex'],
    ['{"vectors":[{"name":"a","messages":[],"resp_psks":"00"}]}', 'vectors[0].resp_psks: expected an array'],
    ['{"vectors":[{"name":"a","messages":[],"handshake_hash":null}]}', 'vectors[0].handshake_hash: expected hex'],
  ])('NO-31 %s is malformed, and the place is named', (text, message) => {
    expect(() => readNoiseVectors(text)).toThrow(SyntaxError)
    expect(() => readNoiseVectors(text)).toThrow(message)
  })

  test('NO-31 what is optional may be absent, and fields nobody knows are let be', () => {
    const [vector] = readNoiseVectors(
      '{"vectors":[{"name":"Noise_NN_25519_AESGCM_SHA256","hybrid":"448","messages":[]}]}',
    )
    expect(vector?.sides.initiator).toEqual({ prologue: new Uint8Array(0), psks: [] })
  })
})

/** Made once by this code, and held since: XXhfs has no upstream vectors with ML-KEM-768. */
const OURS = {
  'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256': {
    lengths: [1225, 1209, 73],
    messages: '04a4819db1a9ffcb239148ec74d4362064e935fcffe07fc342f46f3a8a95cb13',
    handshakeHash: '3d59d5c6daf5b2ffa2b82005c15e4055f11a8010fccd1a9bd42f26bbdc02f56a',
    transport: 'eaf201bec4d24182a9be6dc28af4952ce49cf4423a',
    exported: 'a83bbc119b250161f42b22c1f99fd7b8',
  },
  'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256': {
    lengths: [1225, 1209, 73],
    messages: 'ed6dcc70a5ca44861a0923a9254309356cdadd82818d3f4446eb2416a0eeda5a',
    handshakeHash: '966419658b8cf378b65c7b9fd135cd2a37cb8d07f946483b9e4956478ebee0ec',
    transport: 'b79e0825182576ad3f48960bd8572eb7dbfe0f5d7c',
    exported: 'cf1cc1d51b8a969355073c4b5cf41c3a',
  },
  'Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256': {
    lengths: [1257, 1209, 73],
    messages: '2169861752734fce6648b131076d63c8955e5eca4c52d571ae447a30c1dc734a',
    handshakeHash: 'c5e40ae2d70c9e4b46beeb22dbdecbc7b012971264391e69394651b2412bd6f0',
    transport: '3427433836a7687c6c03d50d623357baaab369b71f',
    exported: '47602816fec01edc303a62d3e7adbb15',
  },
  'Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256': {
    lengths: [1257, 1209, 73],
    messages: '4fbb24a53a9f1fd4336ec8e4b62ef9ce9e7e85146863fc6dfdf5ea0c1cec5a98',
    handshakeHash: '26de0b0bb6b619b2d49be20bd96ebfeafe640d96b617fdc74e9402c642dbe4bb',
    transport: '11ed87c35b1e2ff0cc307583d9757258015a526619',
    exported: '0cf7124f8d35c704b6d5b15d10647ffe',
  },
}

describe('a vector of our own', () => {
  const counting = (length: number, from: number): Uint8Array =>
    Uint8Array.from({ length }, (_, i) => (from + i) & 0xff)

  const run = (protocol: string, provider: Provider) => {
    const psks = protocol.includes('psk3') ? [counting(32, 200)] : []
    const side = (role: 'initiator' | 'responder', from: number): HandshakeState =>
      new HandshakeState({
        protocol,
        role,
        provider,
        psks,
        prologue: utf8('Sotto/1'),
        s: generateKeyPair('25519', counting(32, from), provider),
        ephemeralForTesting: {
          e: counting(32, from + 32),
          e1: counting(64, from + 64),
          ekem1: counting(32, from + 96),
        },
      })
    const sides = { initiator: side('initiator', 1), responder: side('responder', 129) }
    const messages: Uint8Array[] = []
    while (sides.initiator.turn !== 'done') {
      const [writer, reader] = writerAndReader(sides)
      const message = writer.writeMessage(utf8(`payload ${messages.length + 1}`))
      expect(reader.readMessage(message)).toEqual(utf8(`payload ${messages.length + 1}`))
      messages.push(message)
    }
    const split = sides.initiator.split()
    return {
      lengths: messages.map((message) => message.length),
      messages: createHash('sha256').update(Buffer.concat(messages)).digest('hex'),
      handshakeHash: toHex(split.handshakeHash),
      transport: toHex(split.send.encryptWithAd(new Uint8Array(0), utf8('first'))),
      exported: toHex(split.export('test', utf8('context'), 16)),
    }
  }

  describe.each(providers)('with $name', (provider) => {
    test.each(Object.entries(OURS))('NO-9, NO-11, NO-26 %s gives these bytes', (name, expected) => {
      expect(run(name, provider)).toEqual(expected)
    })
  })
})
