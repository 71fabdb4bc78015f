import { describe, expect, test } from 'vitest'
import { concat } from '../../src/bytes.js'
import { defaultProvider } from '../../src/crypto/default.js'
import { SottoError } from '../../src/errors.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { keysOf } from '../../src/noise/options.js'
import { type MessageLayout, parseProtocol } from '../../src/noise/protocol.js'
import {
  BASES,
  begin,
  codeOf,
  FALLBACKS,
  INTERACTIVE,
  messageCount,
  optionsOf,
  play,
  protocolOf,
  ROLES,
  type Sides,
  sidesOf,
  writerAndReader,
} from './handshakes.js'

const PAYLOAD = new Uint8Array(9).fill(0x70)

/** Every base, with each psk place by itself, with hfs, with both, with fallback, and some with several psks. */
const SECTIONS = [
  ...BASES.flatMap((base) => [
    base,
    ...Array.from({ length: messageCount(base) + 1 }, (_, place) => `${base}psk${place}`),
  ]),
  ...INTERACTIVE.flatMap((base) => [`${base}hfs`, `${base}hfs+psk${messageCount(base)}`]),
  ...FALLBACKS.flatMap((base) => [`${base}fallback`, `${base}fallback+psk0`]),
  'NNpsk0+psk2',
  'XXpsk0+psk3',
  'XXpsk0+psk1+psk2+psk3',
  'IKpsk1+psk2',
  'XXhfs+psk0+psk3',
  'XXpsk3+fallback',
]

/** Where each field of a message of `length` bytes lies, the payload last. */
const ranges = (layout: MessageLayout, length: number): { token: string; start: number; end: number }[] => {
  const all: { token: string; start: number; end: number }[] = []
  let start = 0
  for (const field of layout.fields) {
    all.push({ token: field.token, start, end: start + field.length })
    start += field.length
  }
  return [...all, { token: 'payload', start, end: length }]
}

type Forgery = (message: Uint8Array, earlier: readonly Uint8Array[]) => Uint8Array

/** What an attacker makes of message `index`, by name: every field is hit in every way, every earlier message replayed. */
const forgeries = (layout: MessageLayout, index: number): [string, Forgery][] => {
  const inField = (start: number, end: number, change: (field: Uint8Array) => Uint8Array): Forgery => {
    return (message) => concat(message.subarray(0, start), change(message.slice(start, end)), message.subarray(end))
  }
  const flip = (at: number, bit: number) => (field: Uint8Array) =>
    field.map((byte, i) => (i === (at + field.length) % field.length ? byte ^ bit : byte))
  return [
    ...ranges(layout, layout.minimum + PAYLOAD.length).flatMap(({ token, start, end }): [string, Forgery][] => [
      [`${token} with its first bit flipped`, inField(start, end, flip(0, 1))],
      [`${token} with its last bit flipped`, inField(start, end, flip(-1, 0x80))],
      [`${token} wrong`, inField(start, end, (field) => field.map((byte) => byte ^ 0xff))],
      [`${token} short`, inField(start, end, (field) => field.subarray(1))],
      [`${token} long`, inField(start, end, (field) => concat(field, Uint8Array.of(0)))],
      [`all before ${token}`, (message) => message.subarray(0, start)],
    ]),
    ...Array.from({ length: index }, (_, i): [string, Forgery] => [
      `message ${i + 1} again`,
      (_message, earlier) => earlier[i] ?? PAYLOAD,
    ]),
  ]
}

/** Gives `reader` what was forged and goes on, should it be deceived; the side that fails, and its code. */
const ending = (sides: Sides, reader: HandshakeState, forged: Uint8Array): { dead: HandshakeState; code: string } => {
  const code = codeOf(() => reader.readMessage(forged))
  if (code !== 'nothing') return { dead: reader, code }
  while (sides.initiator.turn !== 'done' || sides.responder.turn !== 'done') {
    const [next, peer] = writerAndReader(sides)
    let message: Uint8Array = PAYLOAD
    const wrote = codeOf(() => {
      message = next.writeMessage(PAYLOAD)
    })
    if (wrote !== 'nothing') return { dead: next, code: wrote }
    const read = codeOf(() => peer.readMessage(message))
    if (read !== 'nothing') return { dead: peer, code: read }
  }
  return { dead: reader, code: 'both sides finished' }
}

const expectDead = (state: HandshakeState): void => {
  expect(state.turn).toBe('failed')
  expect(state.remoteStatic).toBeUndefined()
  for (const use of [
    () => state.writeMessage(),
    () => state.readMessage(PAYLOAD),
    () => state.split(),
    () => state.fallback({ protocol: protocolOf('NNfallback') }),
    () => state.handshakeHash,
  ])
    expect(codeOf(use)).toBe('noise/misuse')
}

describe('every token of every pattern, wrong, short, long, flipped and repeated', () => {
  test.each(SECTIONS)('NO-12, NO-13 %s: one code, and the handshake is dead', (section) => {
    const options = optionsOf(protocolOf(section))
    const { messages } = parseProtocol(protocolOf(section))
    let tried = 0
    for (const [index, layout] of messages.entries())
      for (const [name, forge] of forgeries(layout, index)) {
        const sides = begin(options)
        const earlier = play(sides, PAYLOAD, index)
        const [writer, reader] = writerAndReader(sides)
        const { dead, code } = ending(sides, reader, forge(writer.writeMessage(PAYLOAD), earlier))
        if (code !== 'noise/failed') expect.fail(`message ${index + 1}, ${name}: ${code}`)
        expectDead(dead)
        tried++
      }
    expect(tried).toBeGreaterThanOrEqual(12)
  })
})

describe('every bit of every message', () => {
  test.each([
    ['XX', 1],
    ['XXpsk3', 1],
    ['XXhfs', 8],
  ])('NO-12 %s, every bit in %d, is noticed at that message or the next', (section, step) => {
    const options = optionsOf(protocolOf(section))
    let tried = 0
    for (const [index, { minimum }] of parseProtocol(protocolOf(section)).messages.entries())
      for (let bit = index % step; bit < minimum * 8; bit += step) {
        const sides = begin(options)
        play(sides, new Uint8Array(0), index)
        const [writer, reader] = writerAndReader(sides)
        const forged = writer.writeMessage()
        forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const { dead, code } = ending(sides, reader, forged)
        if (code !== 'noise/failed' || dead.turn !== 'failed') expect.fail(`message ${index + 1}, bit ${bit}: ${code}`)
        tried++
      }
    expect(tried).toBeGreaterThan(1500)
  })
})

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const LOW = {
  // The points of small order and their other spellings (RFC 7748 section 6.1 and the list of its security notes).
  '25519': [
    '00'.repeat(32),
    `01${'00'.repeat(31)}`,
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
    `ec${'ff'.repeat(30)}7f`,
    `ed${'ff'.repeat(30)}7f`,
    `ee${'ff'.repeat(30)}7f`,
    `${'00'.repeat(31)}80`,
  ].map(hex),
  '448': [
    '00'.repeat(56),
    `01${'00'.repeat(55)}`,
    `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}`,
    `${'ff'.repeat(28)}fe${'ff'.repeat(27)}`,
    `${'00'.repeat(28)}${'ff'.repeat(28)}`,
  ].map(hex),
} as const

/** The innermost cause of what `body` throws. */
const rootOf = (body: () => unknown): unknown => {
  try {
    body()
  } catch (error) {
    return error instanceof SottoError && error.cause instanceof SottoError ? error.cause.code : error
  }
  return 'nothing'
}

describe.each(['25519', '448'] as const)('low-order points of %s', (dh) => {
  const named = (section: string): string => protocolOf(section).replace('25519', dh)
  const plain = BASES.concat(FALLBACKS.map((base) => `${base}fallback`))

  test('NO-16 as e: no pattern comes to an end with one', () => {
    for (const section of plain)
      for (const point of LOW[dh]) {
        const protocol = named(section)
        const sides = sidesOf(protocol)
        const [writer, reader] = writerAndReader(sides)
        // The first message of every pattern starts with e.
        const forged = concat(point, writer.writeMessage(PAYLOAD).subarray(point.length))
        const { dead, code } = ending(sides, reader, forged)
        expect(code, section).toBe('noise/failed')
        expectDead(dead)
      }
  })

  test('NO-16 as s, sent under encryption by who knows the keys', () => {
    for (const section of plain.filter((name) => parseProtocol(named(name)).pattern.messages.flat().includes('s')))
      for (const role of ROLES) {
        const { pattern } = parseProtocol(named(section))
        const peer = role === 'initiator' ? 'responder' : 'initiator'
        if (!keysOf(pattern, role).s || keysOf(pattern, peer).rs) continue
        for (const publicKey of LOW[dh]) {
          const options = optionsOf(named(section))
          const s = { secretKey: generateKeyPair(dh).secretKey, publicKey }
          options[role] = { ...options[role], s }
          const sides = begin(options)
          expect(
            rootOf(() => play(sides, PAYLOAD)),
            `${section} ${role}`,
          ).toBe('crypto/zero-shared')
          expectDead(sides[peer])
        }
      }
  })

  test('NO-16 as rs and re, given beforehand', () => {
    for (const publicKey of LOW[dh]) {
      for (const section of ['NK', 'XK', 'IK', 'K', 'NK1']) {
        const options = { ...optionsOf(named(section)).initiator, rs: publicKey }
        const sides = { initiator: new HandshakeState(options), responder: sidesOf(named(section)).responder }
        expect(['crypto/zero-shared', 'noise/decrypt'], section).toContain(rootOf(() => play(sides, PAYLOAD)))
      }
      const options = { ...optionsOf(named('XXfallback')).initiator, re: publicKey }
      expect(rootOf(() => new HandshakeState(options).writeMessage())).toBe('crypto/zero-shared')
    }
  })
})

test('NO-11 an e1 that fails the modulus check of FIPS 203 ends the handshake when it is answered', () => {
  const protocol = protocolOf('NNhfs')
  const { initiator, responder } = sidesOf(protocol, defaultProvider)
  const message = initiator.writeMessage()
  // Twelve bits of ones are 4095, over the modulus 3329.
  responder.readMessage(message.fill(0xff, 32, 35))
  expect(rootOf(() => responder.writeMessage())).toBe('crypto/bad-key')
  expectDead(responder)
})
