import { EMPTY, equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { keyPairOf } from '../identity/identity.js'
import { pinnedPeer, provedId } from '../identity/peer.js'
import { HandshakeState } from '../noise/handshake.js'
import { answer } from './agreement.js'
import { checkEphemeral } from './ephemeral.js'
import { Established, Finished } from './established.js'
import { encodeFrame } from './framewriter.js'
import { decodeHello, encodeRetry, type Hello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeInitiation, encodeAcceptance } from './initiation.js'
import { encodePacket, type Packet } from './packets.js'
import { decodeInitiationField, decodePadding } from './payload.js'
import { refusalOf } from './refusal.js'
import type { ResponderSide } from './side.js'
import { type Suite, suitesFor } from './suites.js'

/** What the responder does about a Hello. */
export interface Replied {
  readonly packet: Uint8Array
  readonly to: 'R.hello2' | 'R.message3'
}

/** What the responder does about message 3: its first record's only frame, and the session or why there is none. */
export interface Decided {
  readonly finished: Finished
  readonly frame: Uint8Array
  readonly outcome: Established | SottoError
}

/** The listening half of the handshake: each method answers one packet, once; any throw ends the session without a byte. */
export class Responder {
  readonly #side: ResponderSide
  readonly #negs: Uint8Array[] = []
  #first: Hello | undefined
  #suite: Suite | undefined
  #handshake: HandshakeState | undefined

  constructor(side: ResponderSide) {
    this.#side = side
  }

  /** Packet 1, first or second: a Retry, or message 2 (SE-6, SE-8). @throws session/malformed, session/suite, noise/failed */
  hello({ neg, noise }: Packet): Replied {
    const hello = decodeHello(neg)
    const suite = this.#choose(hello)
    this.#negs.push(neg.slice())
    if (suite.id === hello.suites[hello.tried]) return { packet: this.#message2(suite, noise), to: 'R.message3' }
    if (this.#first !== undefined) throw SottoError.of('session/suite', 'the second hello tries another suite')
    this.#first = hello
    const retry = encodeRetry(suite)
    this.#negs.push(retry)
    return { packet: encodePacket({ neg: retry, noise: EMPTY }), to: 'R.hello2' }
  }

  /** Message 3: trust, the initiation, service, policy, contracts, in this order (SE-14, SE-24). */
  message3({ neg, noise }: Packet, nowMs: number): Decided {
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 3 with a negotiation part')
    const handshake = this.#handshake
    const suite = this.#suite
    if (handshake === undefined || suite === undefined) throw new RangeError('message3 before hello')
    const payload = handshake.readMessage(noise)
    const id = provedId(handshake.remoteStatic ?? EMPTY, keyPairOf(this.#side.identity).publicKey)
    const trusted = this.#side.trust(id, this.#side.epochMs + nowMs)
    const finished = Finished.of('responder', suite, trusted ?? pinnedPeer(id), handshake, this.#side.rekey)
    try {
      if (trusted === undefined) throw SottoError.of('identity/not-trusted', `${id} is not trusted here`)
      return this.#accept(finished, payload, nowMs)
    } catch (error) {
      // What the peer may learn of becomes a REFUSE; all else ends the session in silence.
      const frame = error instanceof SottoError ? refusalOf(error) : undefined
      if (!(error instanceof SottoError) || frame === undefined) throw error
      return { finished, frame, outcome: error }
    }
  }

  #accept(finished: Finished, payload: Uint8Array, nowMs: number): Decided {
    const side = this.#side
    const initiation = decodeInitiation(decodeInitiationField(payload))
    if (initiation.service !== side.service)
      throw SottoError.of('session/service', 'the peer asked for another service')
    const gate = new InitiateGate(side, finished.peer, finished.suite, nowMs)
    for (const [index, { contract }] of initiation.uses.entries())
      gate.demand('in', contract, index, finished.sessionId)
    const uses = side.uses.filter(({ name }) => gate.allows('out', name))
    const taken = answer(side.provider.hash.SHA256, initiation, { uses, serves: side.serves })
    const acceptance = { ...taken, context: side.context, limits: side.limits }
    return {
      finished,
      frame: encodeFrame({ is: 'ACCEPT', body: encodeAcceptance(acceptance) }),
      outcome: Established.of(finished, side, initiation, acceptance),
    }
  }

  /** The first listed suite this end knows and allows (SE-6); a second hello repeats the first but for `tried` (SE-8). */
  #choose(hello: Hello): Suite {
    const first = this.#first
    if (first !== undefined && !(first.suites.join() === hello.suites.join() && equal(first.pskId, hello.pskId)))
      throw SottoError.of('session/suite', 'the second hello lists other suites')
    // SE-5: a psk id stands for psk suites only, and none is known here.
    const known = hello.pskId.length > 0 ? [] : suitesFor(this.#side.pq)
    for (const id of hello.suites) {
      const suite = known.find((candidate) => candidate.id === id)
      if (suite !== undefined) return suite
    }
    throw SottoError.of('session/suite', 'no suite listed is allowed here')
  }

  #message2(suite: Suite, noise: Uint8Array): Uint8Array {
    // Message 1 has no payload (SE-13).
    if (noise.length !== suite.sizes[0])
      throw SottoError.of('session/malformed', `expected message 1 of ${suite.sizes[0]} bytes, got ${noise.length}`)
    checkEphemeral(noise)
    this.#suite = suite
    this.#handshake = new HandshakeState({
      protocol: suite.name,
      role: 'responder',
      prologue: prologueOf(this.#negs),
      s: keyPairOf(this.#side.identity),
      provider: this.#side.provider,
    })
    decodePadding(this.#handshake.readMessage(noise))
    return encodePacket({ neg: EMPTY, noise: this.#handshake.writeMessage() })
  }
}
