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
  readonly messages: readonly NoiseMessage[]
  readonly handshakeHash: Uint8Array | undefined
  /** Of a vector that must be refused. */
  readonly fails: Failure | undefined
}

interface NoiseMessage {
  readonly payload: Uint8Array
  /** What comes to the reader. */
  readonly ciphertext: Uint8Array
  /** What the writer has written, where another comes in its place. */
  readonly written: Uint8Array | undefined
}

/** With which code, and at which message: none where a side does not start. */
interface Failure {
  readonly code: string
  readonly message: number | undefined
  readonly on: string
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
 * `static`, `ephemeral`, `e1`, `ekem1`, `remote_static`, `psks`, and `handshake_hash`, are optional; so are, for what must be
 * refused, `fails` with `code` beside it, and `written` of a message. Other fields are ignored.
 *
 * @throws SyntaxError that names the place, on anything else
 */
export const readNoiseVectors = (text: string): readonly NoiseVector[] => {
  const file: unknown = JSON.parse(text)
  return list(field(file, 'vectors'), 'vectors').map((vector, index) => readVector(vector, `vectors[${index}]`))
}

/**
 * Plays both sides of `vector`: each must write exactly its messages and read the other's, up to where it must fail.
 *
 * @returns what differed first, or undefined if nothing did
 */
export const runNoiseVector = (vector: NoiseVector, provider: Provider): string | undefined => {
  const { fails } = vector
  let place = 'start'
  try {
    const differs = play(vector, provider, (at) => {
      place = at
    })
    return differs ?? (fails && `expected ${fails.code} at ${placeOf(fails)}, got none`)
  } catch (error) {
    // A vector that the framework refuses is a failed vector, not the end of the run.
    if (!(error instanceof SottoError)) throw error
    if (fails === undefined) return describe(error)
    if (error.code === fails.code && place === placeOf(fails)) return undefined
    return `expected ${fails.code} at ${placeOf(fails)}, got ${error.code} at ${place}`
  }
}

/**
 * Plays both sides of `vector` whatever it says of its end, and gives the hash of the handshake.
 *
 * @throws what a side throws; noise/failed if a side writes another message than its own
 */
export const handshakeHashOf = (vector: NoiseVector, provider: Provider): Uint8Array => {
  const protocol = parseProtocol(vector.name)
  const [initiator, responder] = [
    start(vector, protocol, 'initiator', provider),
    start(vector, protocol, 'responder', provider),
  ]
  const count = protocol.messages.length
  const reach = (): void => undefined
  const differs = playHandshake(vector, initiator, responder, count, reach)
  if (differs !== undefined) throw SottoError.of('noise/failed', differs)
  const split = initiator.split()
  const later = playTransport(vector, split, responder.split(), count, isOneWay(protocol.pattern), reach)
  if (later !== undefined) throw SottoError.of('noise/failed', later)
  return split.handshakeHash
}

const placeOf = ({ message, on }: Pick<Failure, 'message' | 'on'>): string =>
  message === undefined ? on : `message ${message}, ${on}`

/** Hears of every place before it is tried. */
type Reach = (place: string) => void

const play = (vector: NoiseVector, provider: Provider, reach: Reach): string | undefined => {
  const protocol = parseProtocol(vector.name)
  const initiator = start(vector, protocol, 'initiator', provider)
  const responder = start(vector, protocol, 'responder', provider)
  const count = protocol.messages.length
  const least = vector.fails?.message === undefined ? count : Math.min(count, vector.fails.message + 1)
  if (vector.messages.length < least) return `expected at least ${least} messages, got ${vector.messages.length}`
  const differs = playHandshake(vector, initiator, responder, count, reach)
  if (differs !== undefined || vector.messages.length < count) return differs
  return playTransport(vector, initiator.split(), responder.split(), count, isOneWay(protocol.pattern), reach)
}

const playHandshake = (
  { messages }: NoiseVector,
  initiator: HandshakeState,
  responder: HandshakeState,
  count: number,
  reach: Reach,
): string | undefined => {
  for (const [index, message] of messages.slice(0, count).entries()) {
    const [writer, reader] = index % 2 === 0 ? [initiator, responder] : [responder, initiator]
    const differs = pass(index, message, reach, {
      write: (payload) => writer.writeMessage(payload),
      read: (ciphertext) => reader.readMessage(ciphertext),
    })
    if (differs !== undefined) return differs
  }
  return undefined
}

/** How the two sides of one message are played. */
interface Passing {
  readonly write: (payload: Uint8Array) => Uint8Array
  readonly read: (ciphertext: Uint8Array) => Uint8Array
}

const pass = (
  message: number,
  { payload, ciphertext, written = ciphertext }: NoiseMessage,
  reach: Reach,
  { write, read }: Passing,
): string | undefined => {
  reach(placeOf({ message, on: 'write' }))
  if (!equal(write(payload), written)) return `message ${message}: another ciphertext was written`
  reach(placeOf({ message, on: 'read' }))
  const seen = read(ciphertext)
  // What came instead may have another payload, in the clear.
  return equal(seen, payload) || written !== ciphertext ? undefined : `message ${message}: another payload was read`
}

const playTransport = (
  { messages, handshakeHash }: NoiseVector,
  initiator: Split,
  responder: Split,
  count: number,
  oneWay: boolean,
  reach: Reach,
): string | undefined => {
  for (const { handshakeHash: h } of [initiator, responder])
    if (handshakeHash && !equal(h, handshakeHash)) return `handshake hash: expected ${toHex(handshakeHash)}`
  for (const [at, message] of messages.slice(count).entries()) {
    const index = count + at
    const [writer, reader] = oneWay || index % 2 === 0 ? [initiator, responder] : [responder, initiator]
    const differs = pass(index, message, reach, {
      write: (payload) => writer.send.encryptWithAd(EMPTY, payload),
      read: (ciphertext) => reader.receive.decryptWithAd(EMPTY, ciphertext),
    })
    if (differs !== undefined) return differs
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
      written: optionalHex(field(message, 'written'), `${at}.messages[${index}].written`),
    })),
    handshakeHash: optionalHex(hash, `${at}.handshake_hash`),
    fails: readFailure(vector, at),
  }
}

const readFailure = (vector: unknown, at: string): Failure | undefined => {
  const fails = field(vector, 'fails')
  if (fails === undefined) return undefined
  const [code, message, on] = [field(vector, 'code'), field(fails, 'message'), field(fails, 'on')]
  if (typeof code !== 'string') throw malformed(`${at}.code`, 'a string', code)
  if (typeof on !== 'string') throw malformed(`${at}.fails.on`, 'a string', on)
  if (message !== null && typeof message !== 'number')
    throw malformed(`${at}.fails.message`, 'a number or null', message)
  return { code, message: message ?? undefined, on }
}

const readSide = (vector: unknown, side: 'init' | 'resp', at: string): Given => {
  const optional = (name: string): Uint8Array | undefined => {
    const value = field(vector, `${side}_${name}`)
    return optionalHex(value, `${at}.${side}_${name}`)
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

const optionalHex = (value: unknown, at: string): Uint8Array | undefined =>
  value === undefined ? undefined : hex(value, at)

const malformed = (at: string, expected: string, got: unknown): SyntaxError =>
  new SyntaxError(`${at}: expected ${expected}, got ${got === undefined ? 'nothing' : typeof got}`)
