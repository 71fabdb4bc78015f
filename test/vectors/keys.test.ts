/** Vectors of handshakes, key schedule and records, on every provider. */
import { createDecipheriv } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EMPTY, toHex } from '../../src/bytes.js'
import { Opener, RECORD_CEILING } from '../../src/channel/opener.js'
import { recordLength } from '../../src/channel/record.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { hkdfNoise } from '../../src/crypto/hkdf.js'
import type { CipherName, Provider } from '../../src/crypto/provider.js'
import { readNoiseVectors, runNoiseVector } from '../../src/kit/noisevectors.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { Split } from '../../src/noise/split.js'
import { decodeFrames } from '../../src/session/frames.js'
import { fromHex } from '../../test-vectors/hex.js'
import * as schema from '../../test-vectors/schema.js'
import { providers } from '../crypto/providers.js'
import { declareFixedKeys } from '../setup/nonces.js'
import { read } from '../source.js'
import { codeOf, expectEveryByteToMatter, flipped, readVectors } from './file.js'

declareFixedKeys('vectors fix every key, and are run more than once')

const { vectors: handshakes } = readVectors(schema.FILES['noise-suites'], 'noise-suites')
type NoiseVector = (typeof handshakes)[number]

describe.each(providers)('the vectors of Noise with $name', (provider) => {
  test.each([
    ['noise', 220],
    ['noise-suites', 8],
    ['noise-refused', 1_000],
    ['noise-suites-refused', 280],
  ] as const)('NO-5 NO-10 NO-11 NO-12 NO-31 sotto vectors noise passes all of %s.json', (name, least) => {
    const vectors = readNoiseVectors(read(`test-vectors/${name}.json`))
    expect(vectors.length).toBeGreaterThanOrEqual(least)
    expect(vectors.every(({ fails }) => (fails === undefined) !== name.includes('refused'))).toBe(true)
    const failed = vectors.map((vector, at) => [at, vector.name, runNoiseVector(vector, provider)] as const)
    expect(failed.filter(([, , why]) => why !== undefined)).toEqual([])
  })

  test('NO-31 a vector to be refused fails where its fault is taken out, or said to be elsewhere', () => {
    const vectors = readNoiseVectors(read('test-vectors/noise-suites-refused.json'))
    const tampered = vectors.filter(({ messages }) => messages.some(({ written }) => written !== undefined))
    expect(tampered.length).toBeGreaterThan(200)
    for (const vector of tampered.filter((_, at) => at % 5 === 0)) {
      const messages = vector.messages.map(({ payload, written, ciphertext }) => ({
        payload,
        ciphertext: written ?? ciphertext,
        written: undefined,
      }))
      expect(runNoiseVector({ ...vector, messages }, provider)).toBeDefined()
    }
    const [first] = tampered
    if (first?.fails === undefined) expect.fail('expected a vector that fails')
    const { message = 0 } = first.fails
    for (const fails of [
      { ...first.fails, code: 'noise/decrypt' },
      { ...first.fails, message: message + 1 },
      { ...first.fails, message: undefined },
      { ...first.fails, on: 'write' },
    ])
      expect(runNoiseVector({ ...first, fails }, provider)).toMatch(/^expected /)
  })
})

test.each([
  ['"fails":{"message":0,"on":"read"}', 'vectors[0].code: expected a string, got nothing'],
  ['"code":"noise/failed","fails":{"message":0}', 'vectors[0].fails.on: expected a string, got nothing'],
  ['"code":"noise/failed","fails":{"on":"read"}', 'vectors[0].fails.message: expected a number or null, got nothing'],
])('NO-31 a vector with %s is malformed, and the place is named', (members, message) => {
  expect(() => readNoiseVectors(`{"vectors":[{"name":"a","messages":[],${members}}]}`)).toThrow(message)
})

const side = (vector: NoiseVector, role: 'initiator' | 'responder'): HandshakeState => {
  const initiator = role === 'initiator'
  const psks = initiator ? vector.init_psks : vector.resp_psks
  return new HandshakeState({
    protocol: vector.protocol_name,
    role,
    prologue: fromHex(initiator ? vector.init_prologue : vector.resp_prologue),
    psks: (psks ?? []).map(fromHex),
    s: generateKeyPair('25519', fromHex((initiator ? vector.init_static : vector.resp_static) ?? '')),
    ephemeralForTesting: {
      e: fromHex((initiator ? vector.init_ephemeral : vector.resp_ephemeral) ?? ''),
      ...(vector.init_e1 !== undefined && { e1: fromHex(vector.init_e1) }),
      ...(vector.resp_ekem1 !== undefined && { ekem1: fromHex(vector.resp_ekem1) }),
    },
  })
}

describe.each(handshakes)('noise-suites.json $protocol_name', (vector) => {
  const reply = fromHex(vector.messages[1]?.payload ?? '')
  const [first = EMPTY, second = EMPTY, third = EMPTY] = vector.messages.map(({ ciphertext }) => fromHex(ciphertext))

  test('NO-12 every byte of every message matters, at once or at the next', () => {
    const silent: string[] = []
    const note = (message: number, same: boolean): void => void (same && silent.push(`message ${message}`))
    for (const changed of flipped(first, [0x01])) {
      const responder = side(vector, 'responder')
      let answer = EMPTY
      const code = codeOf(() => {
        responder.readMessage(changed)
        answer = responder.writeMessage(reply)
      })
      note(1, code === 'nothing' && toHex(answer) === toHex(second))
    }
    for (const changed of flipped(second, [0x01])) {
      const initiator = side(vector, 'initiator')
      initiator.writeMessage(fromHex(vector.messages[0]?.payload ?? ''))
      note(2, codeOf(() => initiator.readMessage(changed)) !== 'noise/failed')
    }
    for (const changed of flipped(third, [0x01])) {
      const responder = side(vector, 'responder')
      responder.readMessage(first)
      responder.writeMessage(reply)
      note(3, codeOf(() => responder.readMessage(changed)) !== 'noise/failed')
    }
    expect(silent).toEqual([])
  })
})

describe.each(providers)('exporter.json with $name', (provider) => {
  const { schedules, exports, labels } = readVectors(schema.exporter, 'exporter')
  const splitOf = (ck: Uint8Array, h: Uint8Array): Split => {
    const [k1, k2, x] = hkdfNoise(provider.hash.SHA256, ck, EMPTY, 3)
    const { ChaChaPoly: cipher } = provider.cipher
    const { SHA256: hash } = provider.hash
    return new Split({
      keys: { k1, k2, x },
      cipher,
      hash,
      role: 'initiator',
      oneWay: false,
      h,
      remoteStatic: undefined,
    })
  }
  const told = (split: Split): string =>
    [split.exportReserved('sotto session id', EMPTY, 16), split.send.encryptWithAd(EMPTY, EMPTY)].map(toHex).join()

  test.each(schedules)('NO-26, CH-12 $name', ({ ck, h, keys, sessionId }) => {
    const split = splitOf(fromHex(ck), fromHex(h))
    const [send, receive] = [new Uint8Array(16), new Uint8Array(16)]
    provider.cipher.ChaChaPoly.importKey(fromHex(keys.k_ir)).seal(0, EMPTY, EMPTY, send)
    provider.cipher.ChaChaPoly.importKey(fromHex(keys.k_ri)).seal(0, EMPTY, EMPTY, receive)
    expect(toHex(split.receive.decryptWithAd(EMPTY, receive))).toBe('')
    expect(told(split)).toBe([sessionId, toHex(send)].join())
    expect(toHex(split.takeRoot())).toBe(keys.root)
    expectEveryByteToMatter(fromHex(ck), (changed) => told(splitOf(changed, fromHex(h))))
    expectEveryByteToMatter(fromHex(h), (changed) => told(splitOf(fromHex(ck), changed)))
  })

  test.each(exports)('NO-27 $name', ({ ck, h, label, context, length, bytes }) => {
    expect(toHex(splitOf(fromHex(ck), fromHex(h)).export(label, fromHex(context), length))).toBe(bytes)
  })

  test.each(labels)('$rule $name: $valid', ({ label, length, valid }) => {
    const split = splitOf(new Uint8Array(32), new Uint8Array(32))
    if (valid) expect(split.export(label, EMPTY, length)).toHaveLength(length)
    else expect(() => split.export(label, EMPTY, length)).toThrow(RangeError)
  })
})

const openerOf = (provider: Provider, cipher: CipherName, key: string, n: number): Opener =>
  new Opener(new CipherState(provider.cipher[cipher].importKey(fromHex(key)), 'receive', n), RECORD_CEILING[cipher], n)

/** The plaintext of one record, by node:crypto and the nonce the vector says. */
const openApart = (cipher: CipherName, key: string, nonce: string, record: Uint8Array): string => {
  const [secret, iv] = [fromHex(key), fromHex(nonce)]
  const open =
    cipher === 'ChaChaPoly'
      ? createDecipheriv('chacha20-poly1305', secret, iv, { authTagLength: 16 })
      : createDecipheriv('aes-256-gcm', secret, iv)
  open.setAuthTag(record.subarray(-16))
  return Buffer.concat([open.update(record.subarray(2, -16)), open.final()]).toString('hex')
}

describe.each(providers)('channel.json with $name', (provider) => {
  const { records, rekeys, rekeysRefused, refused } = readVectors(schema.channel, 'channel')

  /** The plaintexts of the records of one direction, whose key is replaced behind each REKEY. */
  const opened = (opener: Opener, sealed: readonly string[]): string[] =>
    sealed.map((record) => {
      const bytes = fromHex(record)
      if (recordLength(bytes) !== bytes.length) expect.fail('expected one whole record')
      const plaintext = opener.open(bytes)
      if (decodeFrames(plaintext).at(-1)?.is === 'REKEY') opener.rekey()
      return toHex(plaintext)
    })

  test.each(records)('CH-3, CH-4 $cipher: $name', ({ cipher, key, n, nonce, plaintext, record }) => {
    const bytes = fromHex(record)
    const open = (sealed: Uint8Array): string =>
      recordLength(sealed) === sealed.length ? toHex(openerOf(provider, cipher, key, n).open(sealed)) : 'another length'
    expect(open(bytes)).toBe(plaintext)
    expect(openApart(cipher, key, nonce, bytes)).toBe(plaintext)
    expectEveryByteToMatter(bytes, open)
  })

  test.each(rekeys)('CH-6 $cipher: $name', ({ cipher, key, n, records, plaintexts, keys, nonces }) => {
    expect(opened(openerOf(provider, cipher, key, n), records)).toEqual(plaintexts)
    const apart = records.map((record, i) => openApart(cipher, keys[i] ?? '', nonces[i] ?? '', fromHex(record)))
    expect(apart).toEqual(plaintexts)
  })

  test.each(rekeysRefused)('$rule $cipher: $name is $code', ({ cipher, key, n, records, code }) => {
    expect(codeOf(() => opened(openerOf(provider, cipher, key, n), records.slice(0, -1)))).toBe('nothing')
    expect(codeOf(() => opened(openerOf(provider, cipher, key, n), records))).toBe(code)
  })

  test.each(refused)('$rule $cipher: $name is $code', ({ cipher, key, n, record, code }) => {
    const bytes = fromHex(record)
    const open = (): unknown => recordLength(bytes) === bytes.length && openerOf(provider, cipher, key, n).open(bytes)
    expect(codeOf(open)).toBe(code)
  })
})

test('the vectors run on what this runtime chooses', () => {
  expect(providers).toContain(defaultProvider)
})
