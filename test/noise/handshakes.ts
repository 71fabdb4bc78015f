import { defaultProvider } from '../../src/crypto/default.js'
import type { Provider } from '../../src/crypto/provider.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import { generateKeyPair } from '../../src/noise/keypair.js'
import { type EphemeralForTesting, type HandshakeOptions, keysOf } from '../../src/noise/options.js'
import { PATTERNS, type Role } from '../../src/noise/patterns.js'
import { parseProtocol } from '../../src/noise/protocol.js'

export const ROLES = ['initiator', 'responder'] as const
export const BASES = Object.keys(PATTERNS)
export const INTERACTIVE = BASES.filter((name) => name.length > 1)

/** Patterns whose first message is `e` or `e, s` and whose initiator is not known beforehand (Noise 10.2). */
export const FALLBACKS = 'NN NX XN XX IN IX NK1 NX1 X1N XK1 X1K1 X1X XX1 X1X1 I1N IK1 I1K1 I1X IX1 I1X1'.split(' ')

/** `psk0`, `psk1`, `psk0+psk1`, …: every choice of places in a pattern of `messages` messages, the empty one first. */
export const pskModifiers = (messages: number): string[][] => {
  let all: string[][] = [[]]
  for (let place = 0; place <= messages; place++) all = all.flatMap((each) => [each, [...each, `psk${place}`]])
  return all
}

/** A pattern section: the first modifier right behind the base, the others behind a plus. */
const section = (base: string, modifiers: readonly string[]): string => base + modifiers.join('+')

/** Every pattern section the framework has: all bases, with every psk combination, with `hfs`, with `fallback`. */
export const everySection = (): string[] => [
  ...BASES.flatMap((base) => pskModifiers(messageCount(base)).map((psks) => section(base, psks))),
  ...INTERACTIVE.flatMap((base) => pskModifiers(messageCount(base)).map((psks) => section(base, ['hfs', ...psks]))),
  ...FALLBACKS.flatMap((base) =>
    pskModifiers(messageCount(base) - 1).map((psks) => section(base, ['fallback', ...psks])),
  ),
]

/** The full name over 25519, ChaChaPoly and SHA256. */
export const protocolOf = (patternSection: string): string =>
  `Noise_${patternSection}_25519${patternSection.includes('hfs') ? '+MLKEM768' : ''}_ChaChaPoly_SHA256`

export const messageCount = (patternSection: string): number =>
  parseProtocol(protocolOf(patternSection)).messages.length

const psksOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => new Uint8Array(32).fill(i + 1))

export type Sides = Readonly<Record<Role, HandshakeState>>

/** The options of both sides of `protocol`, each with the keys its pattern uses. */
export const optionsOf = (
  protocol: string,
  provider: Provider = defaultProvider,
  fixed: Partial<Record<Role, EphemeralForTesting>> = {},
): Record<Role, HandshakeOptions> => {
  const { pattern, dh } = parseProtocol(protocol)
  const statics = { initiator: generateKeyPair(dh), responder: generateKeyPair(dh) }
  const known = generateKeyPair(dh)
  const options = (role: Role): HandshakeOptions => {
    const uses = keysOf(pattern, role)
    const ephemeral = { ...(uses.e && { e: known.secretKey }), ...fixed[role] }
    return {
      protocol,
      role,
      provider,
      psks: psksOf(uses.psks),
      ...(uses.s && { s: statics[role] }),
      ...(uses.rs && { rs: statics[role === 'initiator' ? 'responder' : 'initiator'].publicKey }),
      ...(uses.re && { re: known.publicKey }),
      ...(Object.keys(ephemeral).length > 0 && { ephemeralForTesting: ephemeral }),
    }
  }
  return { initiator: options('initiator'), responder: options('responder') }
}

export const begin = ({ initiator, responder }: Record<Role, HandshakeOptions>): Sides => ({
  initiator: new HandshakeState(initiator),
  responder: new HandshakeState(responder),
})

export const sidesOf = (protocol: string, provider: Provider = defaultProvider): Sides =>
  begin(optionsOf(protocol, provider))

export const writerAndReader = ({ initiator, responder }: Sides): [HandshakeState, HandshakeState] =>
  initiator.turn === 'write' ? [initiator, responder] : [responder, initiator]

/** Plays messages with `payload` until `count` are over, or all. */
export const play = (sides: Sides, payload: Uint8Array, count = Number.POSITIVE_INFINITY): Uint8Array[] => {
  const messages: Uint8Array[] = []
  while (messages.length < count && sides.initiator.turn !== 'done') {
    const [writer, reader] = writerAndReader(sides)
    const message = writer.writeMessage(payload)
    messages.push(message)
    reader.readMessage(message)
  }
  return messages
}

/** The code `body` throws; the name of an error without one. */
export const codeOf = (body: () => unknown): string => {
  try {
    body()
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
    return error instanceof Error ? error.name : 'not an error'
  }
  return 'nothing'
}
