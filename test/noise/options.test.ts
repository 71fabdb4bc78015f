import { describe, expect, test } from 'vitest'
import { native } from '../../src/crypto/native.js'
import { noble } from '../../src/crypto/noble.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { type HandshakeOptions, keysOf } from '../../src/noise/options.js'
import { parseProtocol } from '../../src/noise/protocol.js'
import { codeOf, everySection, optionsOf, protocolOf, ROLES } from './handshakes.js'

const XX = protocolOf('XX')
const made = (options: HandshakeOptions): string => codeOf(() => new HandshakeState(options))

describe('keys', () => {
  test('NO-2 every key a pattern uses is required, of the right length, and no other is taken', () => {
    const pair = generateKeyPair('25519')
    for (const section of everySection().filter((name) => !/psk.*psk/.test(name))) {
      const protocol = protocolOf(section)
      const options = optionsOf(protocol)
      for (const role of ROLES) {
        const uses = keysOf(parseProtocol(protocol).pattern, role)
        expect(made(options[role]), `${section} ${role}`).toBe('nothing')
        const { s, rs, re, ...none } = options[role]
        const keys = { ...(s && { s }), ...(rs && { rs }), ...(re && { re }) }
        for (const name of ['s', 'rs', 're'] as const) {
          const { [name]: key, ...without } = keys
          const extra = { [name]: name === 's' ? pair : pair.publicKey }
          const changed = key === undefined ? { ...without, ...extra } : without
          expect(made({ ...none, ...changed }), `${section} ${role} ${name}`).toBe('noise/protocol')
          expect(uses[name], `${section} ${role} ${name}`).toBe(key !== undefined)
        }
      }
    }
  })

  test.each([0, 31, 33, 56])('NO-2 refuses keys of %d bytes for 25519', (length) => {
    const s = generateKeyPair('25519')
    const bytes = new Uint8Array(length).fill(1)
    expect(made({ protocol: XX, role: 'initiator', s: { ...s, secretKey: bytes } })).toBe('noise/protocol')
    expect(made({ protocol: XX, role: 'initiator', s: { ...s, publicKey: bytes } })).toBe('noise/protocol')
    expect(made({ protocol: protocolOf('NK'), role: 'initiator', rs: bytes })).toBe('noise/protocol')
    expect(made({ protocol: protocolOf('NNfallback'), role: 'initiator', re: bytes })).toBe('noise/protocol')
  })

  test('NO-2 refuses a role that is none', () => {
    // A caller without types.
    const role = 'observer' as 'initiator'
    expect(made({ protocol: XX, role, s: generateKeyPair('25519') })).toBe('noise/protocol')
  })

  test('NO-2 the responder of a fallback pattern is made by fallback alone', () => {
    expect(made({ protocol: protocolOf('NNfallback'), role: 'responder' })).toBe('noise/protocol')
  })
})

describe('psks', () => {
  const protocol = protocolOf('NNpsk0+psk2')
  const psk = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte)

  test('NO-2 refuses another number of them than the pattern has', () => {
    for (const count of [0, 1, 3])
      expect(made({ protocol, role: 'initiator', psks: Array.from({ length: count }, () => psk(32, 7)) })).toBe(
        'noise/protocol',
      )
    expect(made({ protocol: protocolOf('NN'), role: 'initiator', psks: [psk(32, 7)] })).toBe('noise/protocol')
    expect(made({ protocol, role: 'initiator', psks: [psk(32, 7), psk(32, 8)] })).toBe('nothing')
  })

  test('NO-3 refuses one that has not 32 bytes, or zeros only', () => {
    for (const bad of [psk(0, 0), psk(31, 7), psk(33, 7), psk(64, 7), psk(32, 0)]) {
      expect(made({ protocol, role: 'initiator', psks: [psk(32, 7), bad] })).toBe('noise/protocol')
      expect(made({ protocol, role: 'initiator', psks: [bad, psk(32, 7)] })).toBe('noise/protocol')
    }
  })
})

describe.each([noble, ...(native ? [native] : [])])('generateKeyPair with $name', (provider) => {
  test.each(['25519', '448'] as const)('NO-30 %s: fresh arrays, and the pair of a given secret', (dh) => {
    const length = dh === '25519' ? 32 : 56
    const pair = generateKeyPair(dh, undefined, provider)
    expect([pair.secretKey.length, pair.publicKey.length]).toEqual([length, length])
    const again = generateKeyPair(dh, pair.secretKey, provider)
    expect(again).toEqual(pair)
    expect(again.secretKey).not.toBe(pair.secretKey)
    expect(generateKeyPair(dh, undefined, provider).secretKey).not.toEqual(pair.secretKey)
  })

  test('NO-2 generateKeyPair refuses another length and another function', () => {
    expect(codeOf(() => generateKeyPair('25519', new Uint8Array(31), provider))).toBe('crypto/bad-key')
    expect(codeOf(() => generateKeyPair('toString' as '448', undefined, provider))).toBe('noise/protocol')
  })
})
