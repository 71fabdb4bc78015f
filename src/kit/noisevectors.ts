import { EMPTY, equal, toHex } from '../bytes.js'
import { defaultProvider } from '../crypto/default.js'
import { noble } from '../crypto/noble.js'
import type { KeyPair, Provider } from '../crypto/provider.js'
import { SottoError } from '../errors.js'
import { HandshakeState } from '../noise/handshake.js'
import { generateKeyPair } from '../noise/keypair.js'
import { keysOf } from '../noise/options.js'
import { isOneWay, type Role } from '../noise/patterns.js'
import { type Protocol, parseProtocol } from '../noise/protocol.js'
import type { Split } from '../noise/split.js'

/**
 * Test vectors of Noise in the JSON format that cacophony, snow and noise-c share: `{ vectors: [ … ] }`, bytes in hex.
 * A vector names what each side is given and lists the messages of the handshake and of the transport after it.
 */
export interface NoiseVector {
  readonly name: string
  readonly sides: Readonly<Record<Role, Given>>
  readonly messages: readonly { readonly payload: Uint8Array; readonly ciphertext: Uint8Array }[]
  readonly handshakeHash: Uint8Array | undefined
}

interface Given {
  readonly prologue: Uint8Array
  readonly s: Uint8Array | undefined
  readonly e: Uint8Array | undefined
  readonly e1: Uint8Array | undefined
  readonly ekem1: Uint8Array | undefined
  readonly rs: Uint8Array | undefined
  readonly psks: readonly Uint8Array[]
}

/** What vectors can be run on here, the fastest first. */
export const PROVIDERS: readonly Provider[] = [...new Set([defaultProvider, noble])]

/**
 * Reads a file of vectors. `protocol_name` (or `name`) and `messages` are required; `init_` and `resp_` `prologue`,
 * `static`, `ephemeral`, `e1`, `ekem1`, `remote_static`, `psks`, and `handshake_hash`, are optional; other fields are
 * ignored.
 *
 * @throws SyntaxError that names the place, on anything else
 */
export const readNoiseVectors = (text: string): readonly NoiseVector[] => {
  const file: unknown = JSON.parse(text)
  return list(field(file, 'vectors'), 'vectors').map((vector, index) => readVector(vector, `vectors[${index}]`))
}

/**
 * Plays both sides of `vector`: each must write exactly its messages and read the other's.
 *
 * @returns what differed first, or undefined if nothing did
 */
export const runNoiseVector = (vector: NoiseVector, provider: Provider): string | undefined => {
  try {
    const protocol = parseProtocol(vector.name)
    const initiator = start(vector, protocol, 'initiator', provider)
    const responder = start(vector, protocol, 'responder', provider)
    const count = protocol.messages.length
    if (vector.messages.length < count) return `expected at least ${count} messages, got ${vector.messages.length}`
    return (
      playHandshake(vector, initiator, responder, count) ??
      playTransport(vector, initiator.split(), responder.split(), count, isOneWay(protocol.pattern))
    )
  } catch (error) {
    // A vector that the framework refuses is a failed vector, not the end of the run.
    if (!(error instanceof SottoError)) throw error
    return describe(error)
  }
}

const playHandshake = (
  { messages }: NoiseVector,
  initiator: HandshakeState,
  responder: HandshakeState,
  count: number,
): string | undefined => {
  for (const [index, { payload, ciphertext }] of messages.slice(0, count).entries()) {
    const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator]
    if (!equal(writer.writeMessage(payload), ciphertext)) return `message ${index}: another ciphertext was written`
    if (!equal(reader.readMessage(ciphertext), payload)) return `message ${index}: another payload was read`
  }
  return undefined
}

const playTransport = (
  { messages, handshakeHash }: NoiseVector,
  initiator: Split,
  responder: Split,
  count: number,
  oneWay: boolean,
): string | undefined => {
  for (const { handshakeHash: h } of [initiator, responder])
    if (handshakeHash && !equal(h, handshakeHash)) return `handshake hash: expected ${toHex(handshakeHash)}`
  for (const [at, { payload, ciphertext }] of messages.slice(count).entries()) {
    const index = count + at
    const [writer, reader] = oneWay || index % 2 === 0 ? [initiator, responder] : [responder, initiator]
    if (!equal(writer.send.encryptWithAd(EMPTY, payload), ciphertext))
      return `message ${index}: another ciphertext was written`
    if (!equal(reader.receive.decryptWithAd(EMPTY, ciphertext), payload))
      return `message ${index}: another payload was read`
  }
  return undefined
}

/** Gives a side what its pattern uses; some files list keys for every vector alike. */
const start = (vector: NoiseVector, protocol: Protocol, role: Role, provider: Provider): HandshakeState => {
  const given = vector.sides[role]
  const uses = keysOf(protocol.pattern, role)
  const pair = (secretKey: Uint8Array): KeyPair => generateKeyPair(protocol.dh, secretKey, provider)
  const peer = vector.sides[role === 'initiator' ? 'responder' : 'initiator']
  return new HandshakeState({
    protocol: vector.name,
    role,
    provider,
    prologue: given.prologue,
    psks: given.psks.slice(0, uses.psks),
    ...(uses.s && given.s && { s: pair(given.s) }),
    ...(uses.rs && given.rs && { rs: given.rs }),
    ...(uses.re && peer.e && { re: pair(peer.e).publicKey }),
    ephemeralForTesting: {
      ...(given.e && { e: given.e }),
      ...(given.e1 && { e1: given.e1 }),
      ...(given.ekem1 && { ekem1: given.ekem1 }),
    },
  })
}

const describe = (error: SottoError): string => {
  const { cause } = error
  return cause instanceof Error ? `${error.message} (${cause.message})` : error.message
}

const readVector = (vector: unknown, at: string): NoiseVector => {
  const name = field(vector, 'protocol_name') ?? field(vector, 'name')
  if (typeof name !== 'string') throw malformed(`${at}.protocol_name`, 'a string', name)
  const hash = field(vector, 'handshake_hash')
  return {
    name,
    sides: { initiator: readSide(vector, 'init', at), responder: readSide(vector, 'resp', at) },
    messages: list(field(vector, 'messages'), `${at}.messages`).map((message, index) => ({
      payload: hex(field(message, 'payload'), `${at}.messages[${index}].payload`),
      ciphertext: hex(field(message, 'ciphertext'), `${at}.messages[${index}].ciphertext`),
    })),
    handshakeHash: hash === undefined ? undefined : hex(hash, `${at}.handshake_hash`),
  }
}

const readSide = (vector: unknown, side: 'init' | 'resp', at: string): Given => {
  const optional = (name: string): Uint8Array | undefined => {
    const value = field(vector, `${side}_${name}`)
    return value === undefined ? undefined : hex(value, `${at}.${side}_${name}`)
  }
  const psks = list(field(vector, `${side}_psks`) ?? [], `${at}.${side}_psks`)
  return {
    prologue: optional('prologue') ?? EMPTY,
    s: optional('static'),
    e: optional('ephemeral'),
    e1: optional('e1'),
    ekem1: optional('ekem1'),
    rs: optional('remote_static'),
    psks: psks.map((psk, index) => hex(psk, `${at}.${side}_psks[${index}]`)),
  }
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? // An own property of an object: any type.
      (value as Readonly<Record<string, unknown>>)[name]
    : undefined

const list = (value: unknown, at: string): readonly unknown[] => {
  if (!Array.isArray(value)) throw malformed(at, 'an array', value)
  return value
}

const hex = (value: unknown, at: string): Uint8Array => {
  if (typeof value !== 'string' || !/^(?:[0-9a-fA-F]{2})*$/.test(value)) throw malformed(at, 'hex', value)
  return Uint8Array.from({ length: value.length / 2 }, (_, i) => Number.parseInt(value.slice(2 * i, 2 * i + 2), 16))
}

const malformed = (at: string, expected: string, got: unknown): SyntaxError =>
  new SyntaxError(`${at}: expected ${expected}, got ${got === undefined ? 'nothing' : typeof got}`)
