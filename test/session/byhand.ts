import { concat, EMPTY, lengthPrefixed, utf8 } from '../../src/bytes.js'
import type { Control } from '../../src/cbor.js'
import type { KeyPair, Provider } from '../../src/crypto/provider.js'
import { type Identity, keyPairOf } from '../../src/identity/identity.js'
import { HandshakeState } from '../../src/noise/handshake.js'
import type { Split } from '../../src/noise/split.js'
import { encodeInitiation, type Initiation } from '../../src/session/initiation.js'
import { limitsOf } from '../../src/session/limits.js'
import type { Suite } from '../../src/session/suites.js'

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

const prologue = (earlier: readonly Uint8Array[], neg: Uint8Array): Uint8Array =>
  concat(utf8('Sotto/1'), Uint8Array.of(earlier.length + 1), ...earlier, lengthPrefixed(neg), Uint8Array.of(0, 0))

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
}

class Half {
  readonly #who: Who
  #handshake: HandshakeState | undefined
  /** The packets of a retry, in order. */
  readonly earlier: Uint8Array[] = []

  constructor(who: Who) {
    this.#who = who
  }

  get handshake(): HandshakeState {
    if (this.#handshake === undefined) throw new Error('no handshake has begun')
    return this.#handshake
  }

  begin(role: 'initiator' | 'responder', suite: Suite, neg: Uint8Array): HandshakeState {
    const { provider, identity, keys = keyPairOf(identity), e } = this.#who
    this.#handshake = new HandshakeState({
      protocol: suite.name,
      role,
      prologue: prologue(this.earlier, neg),
      s: keys,
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
  hello(suite: Suite, suites: readonly number[] = [suite.id], pskId = EMPTY): Uint8Array {
    const neg = helloOf(suites, suites.indexOf(suite.id), pskId)
    return packet(neg, this.#half.begin('initiator', suite, neg).writeMessage())
  }

  /** Takes a Retry into account: `hello` follows. */
  retried(hello: Uint8Array, retry: Uint8Array): void {
    this.#half.earlier.push(hello, retry)
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
    this.#half.earlier.push(hello, retry)
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
