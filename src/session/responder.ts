import { concat, EMPTY, equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { parsePeerId } from '../identity/id.js'
import { pinnedPeer, provedId } from '../identity/peer.js'
import type { HandshakeState } from '../noise/handshake.js'
import { answer } from './agreement.js'
import { Established, Finished } from './established.js'
import { encodeFrame } from './framewriter.js'
import { checkEphemeral, openHandshake } from './handshake.js'
import { decodeHello, encodeRetry, type Hello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeInitiation, encodeAcceptance } from './initiation.js'
import type { Opening, Step } from './opening.js'
import { encodePacket, type Packet } from './packets.js'
import { decodeInitiationField, decodePadding } from './payload.js'
import { refusalOf } from './refusal.js'
import type { ResponderSide } from './side.js'
import type { SessionEvent, StateName } from './states.js'
import { type Suite, suitesFor } from './suites.js'

/** The listening half. */
export class Responder implements Opening {
  readonly #side: ResponderSide
  /** Copies of the negotiation parts so far. */
  readonly #negs: Uint8Array[] = []
  #first: Hello | undefined
  #suite: Suite | undefined
  #handshake: HandshakeState | undefined
  #gate: InitiateGate | undefined
  #finished: Finished | undefined

  constructor(side: ResponderSide) {
    this.#side = side
  }

  start(): undefined {
    return undefined
  }

  eventOf(state: StateName, _packet: Packet): SessionEvent {
    return state === 'R.message3' ? 'message3' : 'hello'
  }

  take(event: SessionEvent, packet: Packet, nowMs: number): Step {
    return event === 'hello' ? this.#hello(packet) : this.#message3(packet, nowMs)
  }

  verdict(): never {
    throw new RangeError('the responder gives the verdict')
  }

  end(): void {
    this.#handshake?.erase()
    this.#finished?.erase()
    this.#gate?.release()
  }

  /** Packet 1, first or second: a Retry, or message 2 (SE-6, SE-8). @throws session/malformed, session/suite, noise/failed */
  #hello(packet: Packet): Step {
    const hello = decodeHello(packet.neg)
    const suite = this.#choose(hello)
    // `slice` of a Buffer would be a view of what is borrowed.
    this.#negs.push(concat(packet.neg))
    if (suite.id === hello.suites[hello.tried]) return { to: 'R.message3', packet: this.#message2(suite, packet.noise) }
    if (this.#first !== undefined) throw SottoError.of('session/suite', 'the second hello tries another suite')
    this.#first = hello
    const neg = encodeRetry(suite)
    this.#negs.push(neg)
    return { to: 'R.hello2', packet: encodePacket({ neg, noise: EMPTY }) }
  }

  /** Message 3: trust, the initiation, service, policy, contracts, in this order (SE-14, SE-24). */
  #message3({ neg, noise }: Packet, nowMs: number): Step {
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 3 with a negotiation part')
    const { identity, trust, epochMs, rekey } = this.#side
    const handshake = this.#handshake
    const suite = this.#suite
    if (handshake === undefined || suite === undefined) throw new RangeError('message 3 before hello')
    const payload = handshake.readMessage(noise)
    const id = provedId(handshake.remoteStatic ?? EMPTY, parsePeerId(identity.id))
    const trusted = trust(id, epochMs + nowMs)
    const finished = Finished.of('responder', suite, trusted ?? pinnedPeer(id), handshake, rekey)
    this.#finished = finished
    try {
      if (trusted === undefined) throw SottoError.of('identity/not-trusted', `${id} is not trusted here`)
      return this.#accept(finished, payload, nowMs)
    } catch (error) {
      // What the peer may learn of becomes a REFUSE; all else ends the session in silence.
      const record = error instanceof SottoError ? refusalOf(error) : undefined
      if (!(error instanceof SottoError) || record === undefined) throw error
      return { to: 'refused', finished, record, outcome: error }
    }
  }

  #accept(finished: Finished, payload: Uint8Array, nowMs: number): Step {
    const side = this.#side
    const initiation = decodeInitiation(decodeInitiationField(payload))
    if (initiation.service !== side.service)
      throw SottoError.of('session/service', 'the peer asked for another service')
    const gate = new InitiateGate(side, finished.peer, finished.suite, nowMs)
    this.#gate = gate
    for (const [index, { contract }] of initiation.uses.entries())
      gate.demand('in', contract, index, finished.sessionId)
    const uses = side.uses.filter(({ name }) => gate.allows('out', name))
    const taken = answer(side.provider.hash.SHA256, initiation, { uses, serves: side.serves })
    const acceptance = { ...taken, context: side.context, limits: side.limits }
    const established = Established.of(finished, side, initiation, acceptance)
    const record = encodeFrame({ is: 'ACCEPT', body: encodeAcceptance(acceptance) })
    if (record.length > established.allowed.plaintext)
      throw SottoError.of(
        'session/limit',
        `expected an acceptance of ${established.allowed.plaintext} bytes, got ${record.length}`,
      )
    return { to: 'open', finished, record, outcome: established }
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
    this.#handshake = openHandshake(this.#side, 'responder', suite, prologueOf(this.#negs))
    decodePadding(this.#handshake.readMessage(noise))
    return encodePacket({ neg: EMPTY, noise: this.#handshake.writeMessage() })
  }
}
