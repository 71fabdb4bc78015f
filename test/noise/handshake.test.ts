import { describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/bytes.js'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import type { Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import type { HandshakeOptions } from '../../src/noise/options.js'
import { withFixedKeys } from '../setup/nonces.js'
import {
  begin,
  codeOf,
  messageCount,
  optionsOf,
  play,
  protocolOf,
  ROLES,
  type Sides,
  sidesOf,
  writerAndReader,
} from './handshakes.js'

const NONE = new Uint8Array(0)
const XX = protocolOf('XX')

/** Everything a handshake can be asked; a dead one refuses it all. */
const uses = (state: HandshakeState): (() => unknown)[] => [
  () => state.writeMessage(),
  () => state.readMessage(new Uint8Array(64)),
  () => state.split(),
  () => state.fallback({ protocol: protocolOf('NNfallback') }),
  () => state.handshakeHash,
]

describe.each([noble, ...(native ? [native] : [])])('with $name', (provider) => {
  test('NO-14 out of turn is refused, and the handshake goes on as if nothing had been asked', () => {
    const sides = sidesOf(XX, provider)
    for (let index = 0; index < 3; index++) {
      const [writer, reader] = writerAndReader(sides)
      expect(codeOf(() => writer.readMessage(new Uint8Array(64)))).toBe('noise/misuse')
      expect(codeOf(() => reader.writeMessage())).toBe('noise/misuse')
      for (const side of [writer, reader]) expect(codeOf(() => side.split())).toBe('noise/misuse')
      const message = writer.writeMessage(utf8('payload'))
      expect(codeOf(() => writer.writeMessage())).toBe('noise/misuse')
      expect(reader.readMessage(message)).toEqual(utf8('payload'))
      // The same message again.
      expect(codeOf(() => reader.readMessage(message))).toBe('noise/misuse')
    }
    expect([sides.initiator.turn, sides.responder.turn]).toEqual(['done', 'done'])
    expect(sides.initiator.split().handshakeHash).toEqual(sides.responder.split().handshakeHash)
  })

  test('NO-17 split happens once and leaves nothing behind', () => {
    const sides = sidesOf(XX, provider)
    play(sides, NONE)
    const { initiator } = sides
    const hash = initiator.handshakeHash
    const split = initiator.split()
    expect(split.handshakeHash).toEqual(hash)
    expect(initiator.turn).toBe('spent')
    expect(initiator.remoteStatic).toBeUndefined()
    for (const use of uses(initiator)) expect(codeOf(use)).toBe('noise/misuse')
    const message = sides.responder.split().send.encryptWithAd(NONE, utf8('still here'))
    expect(split.receive.decryptWithAd(NONE, message)).toEqual(utf8('still here'))
  })

  test('NO-12, NO-13 a message that fails ends the handshake: the true message comes too late', () => {
    const sides = sidesOf(XX, provider)
    play(sides, NONE, 2)
    const message = sides.initiator.writeMessage()
    const forged = Uint8Array.from(message)
    forged[0] = (forged[0] ?? 0) ^ 1
    expect(codeOf(() => sides.responder.readMessage(forged))).toBe('noise/failed')
    expect(sides.responder.turn).toBe('failed')
    expect(codeOf(() => sides.responder.readMessage(message))).toBe('noise/misuse')
    for (const use of uses(sides.responder)) expect(codeOf(use)).toBe('noise/misuse')
    expect(sides.responder.remoteStatic).toBeUndefined()
  })

  test('NO-12 a failure says which message, and its cause what was wrong, without the bytes', () => {
    const { responder } = sidesOf(XX, provider)
    let caught: unknown
    try {
      responder.readMessage(new Uint8Array(31).fill(0xab))
    } catch (error) {
      caught = error
    }
    expect(caught).toMatchObject({ code: 'noise/failed', cause: { message: 'expected 32 to 65535 bytes, got 31' } })
    expect(String(caught)).toContain('message 1')
    expect(String(caught)).not.toContain('ab,ab')
  })

  test('NO-12 a random generator that fails ends the handshake', () => {
    const dry: Provider = {
      ...provider,
      randomBytes: () => {
        throw new Error('no entropy')
      },
    }
    const { initiator } = optionsOf(XX, dry)
    const state = new HandshakeState(initiator)
    expect(codeOf(() => state.writeMessage())).toBe('noise/failed')
    for (const use of uses(state)) expect(codeOf(use)).toBe('noise/misuse')
  })

  test('NO-15 a message has at most 65,535 bytes', () => {
    const sides = sidesOf(XX, provider)
    expect(() => sides.initiator.writeMessage(new Uint8Array(65_504))).toThrow(RangeError)
    expect(sides.initiator.turn).toBe('write')
    const payload = new Uint8Array(65_503).fill(7)
    const message = sides.initiator.writeMessage(payload)
    expect(message).toHaveLength(65_535)
    expect(sides.responder.readMessage(message)).toEqual(payload)

    const { responder } = sidesOf(XX, provider)
    expect(codeOf(() => responder.readMessage(new Uint8Array(65_536)))).toBe('noise/failed')
  })

  test('NO-19 the peer is known from the message that names it, before the next is written', () => {
    const options = optionsOf(XX, provider)
    const sides = { initiator: new HandshakeState(options.initiator), responder: new HandshakeState(options.responder) }
    const seen = (): (Uint8Array | undefined)[] => ROLES.map((role) => sides[role].remoteStatic)
    expect(seen()).toEqual([undefined, undefined])
    play(sides, NONE, 1)
    expect(seen()).toEqual([undefined, undefined])
    play(sides, NONE, 1)
    expect(seen()).toEqual([options.responder.s?.publicKey, undefined])
    play(sides, NONE, 1)
    expect(seen()).toEqual([options.responder.s?.publicKey, options.initiator.s?.publicKey])
    expect(sides.initiator.split().remoteStatic).toEqual(options.responder.s?.publicKey)
    expect(sidesOf(protocolOf('NK'), provider).initiator.remoteStatic).toHaveLength(32)
  })

  test('NO-10 with a psk the first payload is encrypted already, and under another ephemeral differently', () => {
    const payload = utf8('a payload long enough to be recognized')
    const first = (section: string): string =>
      toHex(sidesOf(protocolOf(section), provider).initiator.writeMessage(payload))
    expect(first('XX')).toContain(toHex(payload))
    expect(first('XXpsk3')).not.toContain(toHex(payload))
    expect(first('XXpsk3').slice(64)).not.toBe(first('XXpsk3').slice(64))
  })

  test('NO-5 prologues that differ fail at the first message that is encrypted', () => {
    const options = optionsOf(XX, provider)
    const sides: Sides = {
      initiator: new HandshakeState({ ...options.initiator, prologue: utf8('one') }),
      responder: new HandshakeState({ ...options.responder, prologue: utf8('two') }),
    }
    play(sides, NONE, 1)
    const message = sides.responder.writeMessage()
    expect(codeOf(() => sides.initiator.readMessage(message))).toBe('noise/failed')
  })

  test('NO-3 psks that differ fail', () => {
    const options = optionsOf(protocolOf('NNpsk0'), provider)
    const initiator = new HandshakeState(options.initiator)
    const responder = new HandshakeState({ ...options.responder, psks: [new Uint8Array(32).fill(99)] })
    const message = initiator.writeMessage()
    expect(codeOf(() => responder.readMessage(message))).toBe('noise/failed')
  })
})

describe.each([noble, ...(native ? [native] : [])])('keys with $name', (provider) => {
  /** `provider`, and how many of the keys it imports are not erased yet. */
  const counting = (): { counted: Provider; alive: () => number } => {
    let alive = 0
    const count = <K extends { erase(): void }>(key: K): K => {
      alive++
      const erase = key.erase.bind(key)
      let erased = false
      key.erase = () => {
        if (!erased) alive--
        erased = true
        erase()
      }
      return key
    }
    const { dh, cipher, mlkem768 } = provider
    const counted: Provider = {
      ...provider,
      dh: { ...dh, '25519': { ...dh['25519'], importKey: (...args) => count(dh['25519'].importKey(...args)) } },
      cipher: {
        ...cipher,
        ChaChaPoly: { ...cipher.ChaChaPoly, importKey: (key) => count(cipher.ChaChaPoly.importKey(key)) },
      },
      mlkem768: { ...mlkem768, importKey: (seed) => count(mlkem768.importKey(seed)) },
    }
    return { counted, alive: () => alive }
  }
  const SECTIONS = ['XX', 'XXhfs+psk3', 'IKpsk1', 'XXfallback', 'N']

  test.each(SECTIONS)('NO-17 %s: split erases every key but the two of the transport', (section) => {
    const { counted, alive } = counting()
    const sides = sidesOf(protocolOf(section), counted)
    play(sides, NONE)
    expect(alive()).toBeGreaterThan(2)
    const splits = ROLES.map((role) => sides[role].split())
    // The recipient of a one-way pattern has one direction only, and so has its sender.
    expect(alive()).toBe(section === 'N' ? 2 : 4)
    for (const split of splits) split.erase()
    expect(alive()).toBe(0)
  })

  test.each(SECTIONS)('NO-12 %s: a failure at any message erases every key', (section) => {
    for (let index = 0; index < messageCount(section); index++) {
      const { counted, alive } = counting()
      const options = optionsOf(protocolOf(section), provider)
      const sides = begin({
        initiator: { ...options.initiator, provider: index % 2 === 0 ? provider : counted },
        responder: { ...options.responder, provider: index % 2 === 0 ? counted : provider },
      })
      play(sides, NONE, index)
      const [, reader] = writerAndReader(sides)
      expect(codeOf(() => reader.readMessage(NONE))).toBe('noise/failed')
      expect(alive()).toBe(0)
    }
  })
})

describe('fallback', () => {
  const XXFALLBACK = protocolOf('XXfallback')

  test('NO-18 Noise Pipes: an IK that Bob cannot read goes on as XXfallback with the same ephemeral', () => {
    const alice = generateKeyPair('25519')
    const bob = generateKeyPair('25519')
    const stale = generateKeyPair('25519').publicKey
    const first = new HandshakeState({ protocol: protocolOf('IK'), role: 'initiator', s: alice, rs: stale })
    const message = first.writeMessage(utf8('0-RTT'))
    const refused = new HandshakeState({ protocol: protocolOf('IK'), role: 'responder', s: bob })
    expect(codeOf(() => refused.readMessage(message))).toBe('noise/failed')

    const re = message.subarray(0, 32)
    const initiator = new HandshakeState({ protocol: XXFALLBACK, role: 'initiator', s: bob, re })
    const responder = first.fallback({ protocol: XXFALLBACK, s: alice })
    expect(first.turn).toBe('spent')
    for (const use of uses(first)) expect(codeOf(use)).toBe('noise/misuse')
    play({ initiator, responder }, utf8('hello'))
    expect(responder.remoteStatic).toEqual(bob.publicKey)
    const [b, a] = [initiator.split(), responder.split()]
    expect(a.handshakeHash).toEqual(b.handshakeHash)
    expect(b.receive.decryptWithAd(NONE, a.send.encryptWithAd(NONE, utf8('x')))).toEqual(utf8('x'))
  })

  test('NO-18 only the initiator falls back, only between its first message and the first answer', () => {
    const s = generateKeyPair('25519')
    const sides = sidesOf(XX)
    const fallBack = (state: HandshakeState): string => codeOf(() => state.fallback({ protocol: XXFALLBACK, s }))
    expect(fallBack(sides.initiator)).toBe('noise/misuse')
    play(sides, NONE, 1)
    expect(fallBack(sides.responder)).toBe('noise/misuse')
    play(sides, NONE, 1)
    expect(fallBack(sides.initiator)).toBe('noise/misuse')
    play(sides, NONE)
    expect(fallBack(sides.initiator)).toBe('noise/misuse')
    expect(sides.initiator.split().handshakeHash).toEqual(sides.responder.split().handshakeHash)
  })

  test('NO-18 options that do not fit leave the first handshake as it was', () => {
    const sides = sidesOf(XX)
    const message = sides.initiator.writeMessage()
    const fallBack = (protocol: string): string => codeOf(() => sides.initiator.fallback({ protocol }))
    expect(fallBack(XX)).toBe('noise/protocol')
    expect(fallBack(XXFALLBACK)).toBe('noise/protocol')
    expect(fallBack('Noise_NNfallback_448_ChaChaPoly_SHA256')).toBe('noise/protocol')
    expect(fallBack('nonsense')).toBe('noise/protocol')
    sides.responder.readMessage(message)
    play(sides, NONE)
    expect(sides.initiator.split().handshakeHash).toEqual(sides.responder.split().handshakeHash)
  })
})

describe.each([noble, ...(native ? [native] : [])])('bytes with $name', (provider) => {
  const FIXED = { e: new Uint8Array(32).fill(5), e1: new Uint8Array(64).fill(6), ekem1: new Uint8Array(32).fill(7) }
  const statics = { initiator: generateKeyPair('25519'), responder: generateKeyPair('25519') }

  /** All arrays in `value`, at any depth. */
  const arrays = (value: unknown): Uint8Array[] =>
    value instanceof Uint8Array
      ? [value]
      : typeof value === 'object' && value !== null && value !== provider
        ? Object.values(value).flatMap(arrays)
        : []

  /** Plays a handshake from pooled Buffers; `touch` gets every array passed in or handed out, after its call. */
  const transcript = (section: string, touch: (arrays: Uint8Array[]) => void): string[] => {
    const seen: string[] = []
    const make = (role: 'initiator' | 'responder'): HandshakeState => {
      const copy = (bytes: Uint8Array): Uint8Array => Buffer.from(bytes)
      const { s, rs, psks, ...rest } = optionsOf(protocolOf(section), provider)[role]
      const peer = role === 'initiator' ? 'responder' : 'initiator'
      const options: HandshakeOptions = {
        ...rest,
        prologue: copy(utf8('prologue')),
        psks: (psks ?? []).map(copy),
        ...(s && { s: { secretKey: copy(statics[role].secretKey), publicKey: copy(statics[role].publicKey) } }),
        ...(rs && { rs: copy(statics[peer].publicKey) }),
        ephemeralForTesting: { e: copy(FIXED.e), e1: copy(FIXED.e1), ekem1: copy(FIXED.ekem1) },
      }
      const state = new HandshakeState(options)
      touch(arrays(options))
      return state
    }
    const note = (...parts: (Uint8Array | undefined)[]): void => {
      for (const part of parts) if (part) seen.push(toHex(part))
    }
    const sides = { initiator: make('initiator'), responder: make('responder') }
    while (sides.initiator.turn !== 'done') {
      const [writer, reader] = writerAndReader(sides)
      const payload = Buffer.from('some payload')
      const message = writer.writeMessage(payload)
      const received = Buffer.from(message)
      const read = reader.readMessage(received)
      const { remoteStatic, handshakeHash } = reader
      note(message, read, remoteStatic, handshakeHash)
      touch([payload, message, received, read, handshakeHash, ...(remoteStatic ? [remoteStatic] : [])])
    }
    for (const role of ROLES) {
      const split = sides[role].split()
      const secret = split.export('a', NONE, 40)
      note(split.handshakeHash, split.remoteStatic, secret)
      touch([split.handshakeHash, secret, ...(split.remoteStatic ? [split.remoteStatic] : [])])
      note(split.export('a', NONE, 40))
    }
    return seen
  }

  test.each(['XX', 'IK', 'KKpsk0+psk2', 'XXhfs+psk3', 'NX1'])(
    'NO-30 %s: what the caller does with its arrays afterwards, passed in or handed out, changes nothing',
    (section) => {
      withFixedKeys('the same handshake twice', () => {
        const plain = transcript(section, () => undefined)
        const scribbled = transcript(section, (all) => {
          for (const each of all) each.fill(0xff)
        })
        expect(scribbled).toEqual(plain)
      })
    },
  )

  test.each(['XX', 'IK', 'KKpsk0+psk2', 'XXhfs+psk3', 'NX1'])('NO-30 %s: no input is written', (section) => {
    withFixedKeys('fixed ephemerals', () => {
      const kept: [Uint8Array, string][] = []
      transcript(section, (all) => {
        for (const each of all) kept.push([each, toHex(each)])
      })
      expect(kept.length).toBeGreaterThan(15)
      for (const [bytes, before] of kept) expect(toHex(bytes)).toBe(before)
    })
  })

  test('NO-30 what is handed out has a buffer of its own, no larger than itself', () => {
    const sides = sidesOf(XX, provider)
    const out: Uint8Array[] = []
    for (let i = 0; i < 3; i++) {
      const [writer, reader] = writerAndReader(sides)
      const message = writer.writeMessage(utf8('payload'))
      out.push(message, reader.readMessage(message))
    }
    const [a, b] = [sides.initiator.split(), sides.responder.split()]
    const sealed = a.send.encryptWithAd(NONE, utf8('x'))
    out.push(sealed, b.receive.decryptWithAd(NONE, sealed), a.handshakeHash, a.export('a', NONE, 8))
    for (const bytes of [...out, a.remoteStatic ?? NONE]) {
      expect(bytes.buffer.byteLength).toBe(bytes.length)
      expect(bytes.constructor).toBe(Uint8Array)
    }
  })
})
