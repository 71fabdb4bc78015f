import { describe, expect, test } from 'vitest'
import { concat, EMPTY, equal } from '../../src/bytes.js'
import { noble } from '../../src/crypto/noble.js'
import { readNoiseVectors, runNoiseVector } from '../../src/kit/noisevectors.js'
import { CipherState } from '../../src/noise/cipherstate.js'
import { withFixedKeys } from '../setup/nonces.js'
import { read } from '../source.js'
import { begin, codeOf, optionsOf, play, protocolOf, sidesOf } from './handshakes.js'
import { watched } from './watched.js'

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

describe.each(['XX', 'IK', 'KK', 'XXhfs', 'X1X1hfs'])('%s', (section) => {
  test('NO-17 split leaves no secret of the handshake in memory, and erase none of the session', () => {
    const { provider, secrets } = watched()
    const sides = begin(optionsOf(protocolOf(section), provider))
    play(sides, EMPTY)
    const splits = [sides.initiator.split(), sides.responder.split()]
    // The exporter's secret and the root are the only ones that live on; both are copies of a block that does not.
    expect(secrets.filter((secret) => !isZero(secret))).toEqual([])
    expect(secrets.length).toBeGreaterThan(10)
    for (const split of splits) {
      const exported = split.export('a', EMPTY, 64)
      const held = secrets.filter((secret) => !isZero(secret))
      const root = split.takeRoot()
      split.erase()
      expect(held.every(isZero)).toBe(true)
      expect(isZero(exported) || isZero(root)).toBe(false)
      expect(codeOf(() => split.export('a', EMPTY, 1))).toBe('noise/misuse')
    }
  })

  test('NO-12 a handshake that fails or is given up leaves no secret in memory', () => {
    const { provider, secrets } = watched()
    const sides = begin(optionsOf(protocolOf(section), provider))
    const first = sides.initiator.writeMessage()
    sides.responder.readMessage(first)
    const second = sides.responder.writeMessage()
    sides.responder.erase()
    second[second.length - 1] = (second.at(-1) ?? 0) ^ 1
    // Without a key in this message the change goes unseen: then this side is given up too.
    if (codeOf(() => sides.initiator.readMessage(second)) === undefined) sides.initiator.erase()
    expect([sides.initiator.turn, sides.responder.turn]).toEqual(['failed', 'failed'])
    expect(secrets.filter((secret) => !isZero(secret))).toEqual([])
  })
})

test.each(['XXpsk3', 'NNpsk0', 'KKpsk0+psk2'])('NO-17 of the psks of %s no copy is left, mixed or not', (section) => {
  const { provider, secrets } = watched()
  const options = optionsOf(protocolOf(section), provider)
  const sides = begin(options)
  play(sides, EMPTY)
  for (const side of [sides.initiator, sides.responder]) side.split().erase()
  for (const psk of options.initiator.psks ?? []) {
    // The caller's own is not touched (NO-30).
    expect(isZero(psk)).toBe(false)
    expect(secrets.some((secret) => equal(secret, psk))).toBe(false)
  }
})

test('NO-15 NO-20 a cipher state refuses what is too long or has no room, and spends no nonce on it', () => {
  const key = new Uint8Array(32).fill(7)
  const sender = new CipherState(noble.cipher.ChaChaPoly.importKey(key), 'send')
  const receiver = new CipherState(noble.cipher.ChaChaPoly.importKey(key), 'receive')
  for (const room of [0, 19, 21]) {
    const out = new Uint8Array(room)
    expect(() => sender.sealInto(EMPTY, new Uint8Array(4), out)).toThrow(RangeError)
    expect(isZero(out)).toBe(true)
  }
  expect(() => sender.encryptWithAd(EMPTY, new Uint8Array(65_520))).toThrow(RangeError)
  const longest = sender.encryptWithAd(EMPTY, new Uint8Array(65_519))
  expect(codeOf(() => receiver.decryptWithAd(EMPTY, concat(longest, Uint8Array.of(0))))).toBe('noise/decrypt')
  expect(receiver.decryptWithAd(EMPTY, longest)).toEqual(new Uint8Array(65_519))
})

test('NO-21 the last nonce is 2^53-2: the one behind it seals and opens nothing', () => {
  const key = new Uint8Array(32).fill(8)
  const at = (use: 'send' | 'receive', n: number): CipherState =>
    new CipherState(noble.cipher.ChaChaPoly.importKey(key), use, n)
  const last = Number.MAX_SAFE_INTEGER - 1
  const sender = at('send', last)
  const receiver = at('receive', last)
  expect(receiver.decryptWithAd(EMPTY, sender.encryptWithAd(EMPTY, Uint8Array.of(1)))).toEqual(Uint8Array.of(1))
  expect(codeOf(() => sender.encryptWithAd(EMPTY, EMPTY))).toBe('noise/exhausted')
  expect(codeOf(() => receiver.decryptWithAd(EMPTY, new Uint8Array(16)))).toBe('noise/exhausted')
})

test('NO-25 CH-4 of the keys that a rekey or a refresh replaces none is left, and the new one goes on at the same n', () => {
  const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill)
  const state = (fill: number, use: 'send' | 'receive'): CipherState =>
    new CipherState(noble.cipher.ChaChaPoly.importKey(bytes(fill)), use)
  const old = noble.cipher.ChaChaPoly.importKey(bytes(0x41))
  const sender = new CipherState(old, 'send')
  const receiver = state(0x41, 'receive')
  sender.encryptWithAd(EMPTY, EMPTY)
  sender.rekey()
  expect(() => old.rekey()).toThrow(TypeError)
  const next = state(0x42, 'send')
  sender.succeed(next)
  expect(codeOf(() => next.encryptWithAd(EMPTY, EMPTY))).toBe('noise/misuse')
  const sealed = sender.encryptWithAd(EMPTY, Uint8Array.of(9))
  expect(noble.cipher.ChaChaPoly.importKey(bytes(0x42)).open(1, EMPTY, sealed)).toEqual(Uint8Array.of(9))
  const heir = state(0x43, 'receive')
  heir.erase()
  expect(codeOf(() => receiver.succeed(heir))).toBe('noise/misuse')
})

test('NO-18 nobody falls back but who reads message 2', () => {
  const fallback = { protocol: protocolOf('NNfallback') }
  const fourth = sidesOf(protocolOf('X1X1'))
  play(fourth, EMPTY, 3)
  expect([fourth.initiator.turn, codeOf(() => fourth.initiator.fallback(fallback))]).toEqual(['read', 'noise/misuse'])
  const oneWay = sidesOf(protocolOf('N'))
  play(oneWay, EMPTY)
  expect([oneWay.initiator.turn, codeOf(() => oneWay.initiator.fallback(fallback))]).toEqual(['done', 'noise/misuse'])
  // Its writer has an ephemeral from before the handshake here.
  const pipes = sidesOf(protocolOf('XXfallback'))
  play(pipes, EMPTY, 1)
  expect([pipes.responder.turn, codeOf(() => pipes.responder.fallback(fallback))]).toEqual(['write', 'noise/misuse'])
})

test('NO-17 a handshake that is spent stays so when it is given up', () => {
  const { initiator, responder } = sidesOf(protocolOf('XX'))
  play({ initiator, responder }, EMPTY)
  initiator.split()
  initiator.erase()
  responder.erase()
  expect([initiator.turn, responder.turn]).toEqual(['spent', 'failed'])
})

// Two ends that leave out the same are of one mind: only a vector tells.
test.each(['N', 'K', 'KK', 'IK', 'XXfallback', 'KKpsk0'])('NO-5 what is known before %s is mixed', (section) => {
  const vectors = readNoiseVectors(read('test-vectors/noise.json'))
  const vector = vectors.find(({ name }) => name.split('_')[1] === section)
  if (vector === undefined) expect.fail(`expected a vector of ${section}`)
  withFixedKeys('vectors fix every ephemeral', () => expect(runNoiseVector(vector, noble)).toBeUndefined())
})
