import { concat, EMPTY, lengthPrefixed, utf8 } from '../../src/bytes.js'
import { type Control, encode, type Wire } from '../../src/cbor.js'
import { contract } from '../../src/contract/define.js'
import { oneWay } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import type { KeyPair, Provider } from '../../src/crypto/provider.js'
import type { ErrorCode } from '../../src/errors.js'
import { type Identity, keyPairOf } from '../../src/identity/identity.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import type { Split } from '../../src/noise/split.js'
import { offerOf } from '../../src/session/agreement.js'
import { Engine } from '../../src/session/engine.js'
import type { EngineEvent } from '../../src/session/events.js'
import { encodeFrame, writeBegin } from '../../src/session/framewriter.js'
import { type Acceptance, encodeAcceptance, encodeInitiation, type Initiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import type { InitiatorSide, ResponderSide } from '../../src/session/side.js'
import type { Suite } from '../../src/session/suites.js'
import { alice, bob, forSuite, initiatorSide, PSK, responderSide } from './pair.js'

/**
 * Peers that are played by hand, from the framework and the bytes of the specification alone: they say what a test wants
 * said, at any time, in any form. What the code under test writes is computed here a second time, never called.
 */

export const packet = (neg: Uint8Array, noise: Uint8Array): Uint8Array =>
  concat(lengthPrefixed(neg), lengthPrefixed(noise))

/** The parts of one whole packet. */
export const partsOf = (bytes: Uint8Array): { readonly neg: Uint8Array; readonly noise: Uint8Array } => {
  const neg = 2 + (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
  return { neg: bytes.slice(2, neg), noise: bytes.slice(neg + 2) }
}

export const helloOf = (suites: readonly number[], tried: number, pskId = EMPTY): Uint8Array =>
  concat(
    utf8('SOTTO\x01'),
    Uint8Array.of(suites.length, ...suites.flatMap((id) => [id >>> 8, id & 0xff]), tried, pskId.length),
    pskId,
  )

export const retryOf = (id: number): Uint8Array => packet(Uint8Array.of(1, id >>> 8, id & 0xff), EMPTY)

/** The field of type 2 that message 3 must hold. */
export const initiationField = (initiation: Uint8Array): Uint8Array =>
  concat(Uint8Array.of(2), lengthPrefixed(initiation))

/** An initiation that asks for nothing, with `over` laid over it. */
export const plainInitiation = (over: Partial<Initiation> = {}): Uint8Array =>
  encodeInitiation({ uses: [], serves: [], context: null, limits: limitsOf(), service: '', ...over })

/** The limits of every default, as both structures carry them. */
export const LIMIT_MAP: ReadonlyMap<number, Control> = new Map([
  [1, 65_519],
  [2, 2 ** 20],
  [3, 256],
  [4, 2 ** 18],
  [5, 2 ** 20],
  [6, 60_000],
])

const prologue = (...negs: readonly Uint8Array[]): Uint8Array =>
  concat(utf8('Sotto/1'), Uint8Array.of(negs.length), ...negs.map(lengthPrefixed), Uint8Array.of(0, 0))

/** Seals and opens whatever it is told to. */
export class Records {
  readonly split: Split

  constructor(split: Split) {
    this.split = split
  }

  seal(plaintext: Uint8Array): Uint8Array {
    return lengthPrefixed(this.split.send.encryptWithAd(EMPTY, plaintext))
  }

  open(record: Uint8Array): Uint8Array {
    return this.split.receive.decryptWithAd(EMPTY, record.subarray(2))
  }
}

interface Who {
  readonly provider: Provider
  readonly identity: Identity
  /** The key pair to use in place of the identity's. */
  readonly keys?: KeyPair
  /** The secret key of `e`: a handshake with a key of its own choice. */
  readonly e?: Uint8Array
  /** The shared secret of a psk suite, if it is not that of the tests. */
  readonly psk?: Uint8Array
}

class Half {
  readonly #who: Who
  #handshake: HandshakeState | undefined
  /** The negotiation parts of a retry, in order. */
  readonly earlier: Uint8Array[] = []

  constructor(who: Who) {
    this.#who = who
  }

  get handshake(): HandshakeState {
    if (this.#handshake === undefined) throw new Error('no handshake has begun')
    return this.#handshake
  }

  begin(role: 'initiator' | 'responder', suite: Suite, neg: Uint8Array): HandshakeState {
    const { provider, identity, keys = keyPairOf(identity), e, psk = PSK.key } = this.#who
    this.#handshake = new HandshakeState({
      protocol: suite.name,
      role,
      prologue: prologue(...this.earlier, neg),
      s: keys,
      psks: suite.psk ? [psk] : [],
      provider,
      ...(e && { ephemeralForTesting: { e } }),
    })
    return this.#handshake
  }
}

export class HandInitiator {
  readonly #half: Half

  constructor(who: Who) {
    this.#half = new Half(who)
  }

  /** A packet with a Hello and message 1 of `suite`. */
  hello(suite: Suite, suites: readonly number[] = [suite.id], pskId = suite.psk ? PSK.id : EMPTY): Uint8Array {
    const neg = helloOf(suites, suites.indexOf(suite.id), pskId)
    return packet(neg, this.#half.begin('initiator', suite, neg).writeMessage())
  }

  /** Takes a Retry into account: `hello` follows. */
  retried(hello: Uint8Array, retry: Uint8Array): void {
    this.#half.earlier.push(partsOf(hello).neg, partsOf(retry).neg)
  }

  /** Reads message 2; its payload. */
  answered(answer: Uint8Array): Uint8Array {
    return this.#half.handshake.readMessage(partsOf(answer).noise)
  }

  get peerKey(): Uint8Array {
    return this.#half.handshake.remoteStatic ?? EMPTY
  }

  message3(payload: Uint8Array = initiationField(plainInitiation())): Uint8Array {
    return packet(EMPTY, this.#half.handshake.writeMessage(payload))
  }

  records(): Records {
    return new Records(this.#half.handshake.split())
  }
}

export class HandResponder {
  readonly #half: Half

  constructor(who: Who) {
    this.#half = new Half(who)
  }

  /** A Retry in answer to `hello`. */
  retry(hello: Uint8Array, suite: Suite): Uint8Array {
    const retry = retryOf(suite.id)
    this.#half.earlier.push(partsOf(hello).neg, partsOf(retry).neg)
    return retry
  }

  message2(hello: Uint8Array, suite: Suite, payload = EMPTY): Uint8Array {
    const { neg, noise } = partsOf(hello)
    const handshake = this.#half.begin('responder', suite, neg)
    handshake.readMessage(noise)
    return packet(EMPTY, handshake.writeMessage(payload))
  }

  /** The payload of message 3. */
  message3(bytes: Uint8Array): Uint8Array {
    return this.#half.handshake.readMessage(partsOf(bytes).noise)
  }

  get peerKey(): Uint8Array {
    return this.#half.handshake.remoteStatic ?? EMPTY
  }

  records(): Records {
    return new Records(this.#half.handshake.split())
  }
}

/** One operation each way is enough: a one-way message that holds bytes. */
export const Note = contract('note.v1', { put: oneWay(bytes) })

const noteOffers = (provider: Provider) => [offerOf(provider.hash.SHA256, Note)]

/** What an initiator that uses and serves Note says. */
export const noteInitiation = (provider: Provider, over: Partial<Initiation> = {}): Uint8Array =>
  plainInitiation({ uses: noteOffers(provider), serves: noteOffers(provider), ...over })

/** A plaintext: PING and the like. */
export const frame = encodeFrame

/** A BEGIN of Note's operation, whole: 10 bytes around a body of up to 63. */
export const begin = (exchange: number, body: Uint8Array): Uint8Array => {
  const head = new Uint8Array(32 + body.length)
  const end = writeBegin(
    head,
    0,
    exchange,
    { operation: 0, subject: EMPTY, standing: false, ttlMs: 0, labels: EMPTY },
    0x01,
    body,
  )
  return head.subarray(0, end)
}

/** `value` as the body of a message to Note. */
export const body = (value: Uint8Array): Uint8Array => encode(value)

export const ACCEPTED = { serves: [0], uses: [0], context: null, limits: limitsOf() } as const

export const accept = (over: Partial<Acceptance> = {}): Uint8Array =>
  encodeFrame({ is: 'ACCEPT', body: encodeAcceptance({ ...ACCEPTED, ...over }) })

interface Opened {
  readonly engine: Engine
  readonly records: Records
}

/** A responder that serves and uses Note, with whom a session was opened by hand. */
export const openResponder = (provider: Provider, suite: Suite, over: Partial<ResponderSide> = {}): Opened => {
  const side = { ...forSuite(suite, provider), serves: [Note], uses: [Note], ...over }
  const engine = Engine.respond(responderSide(side), 0)
  const hand = new HandInitiator({ provider, identity: alice })
  engine.receive(hand.hello(suite), 0)
  hand.answered(engine.take(0) ?? EMPTY)
  engine.receive(hand.message3(initiationField(noteInitiation(provider))), 0)
  const records = hand.records()
  records.open(engine.take(0) ?? EMPTY)
  return { engine, records }
}

/** An initiator that uses and serves Note, with whom a session was opened by hand. */
export const openInitiator = (provider: Provider, suite: Suite, over: Partial<InitiatorSide> = {}): Opened => {
  const side = { ...forSuite(suite, provider), serves: [Note], uses: [Note], ...over }
  const engine = Engine.initiate(initiatorSide(side), 0)
  const hand = new HandResponder({ provider, identity: bob })
  engine.receive(hand.message2(engine.take(0) ?? EMPTY, suite), 0)
  hand.message3(engine.take(0) ?? EMPTY)
  const records = hand.records()
  engine.receive(records.seal(accept()), 0)
  return { engine, records }
}

/** All events that wait, each by its name; the value of a message with it. */
export const eventsOf = (engine: Engine): EngineEvent[] => {
  const events: EngineEvent[] = []
  for (let event = engine.next(); event !== undefined; event = engine.next()) events.push(event)
  return events
}

/** The values of the messages among `events`. */
export const valuesOf = (events: readonly EngineEvent[]): (Wire | undefined)[] =>
  events.flatMap((event) => (event.is === 'message' ? [event.value] : []))

/** The error the engine ended with, if it did. */
export const endOf = (events: readonly EngineEvent[]): ErrorCode | 'clean' | undefined => {
  const last = events.at(-1)
  if (last?.is !== 'closed') return undefined
  return last.error?.code ?? 'clean'
}

/** All bytes that wait to be written, joined. */
export const writtenBy = (engine: Engine, nowMs = 0): Uint8Array => {
  const parts: Uint8Array[] = []
  for (let part = engine.take(nowMs); part !== undefined; part = engine.take(nowMs)) parts.push(part)
  return concat(...parts)
}
