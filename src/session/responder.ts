import { concat, EMPTY, equal } from '../bytes.js'
import { SottoError } from '../errors.js'
import { type PeerId, parsePeerId } from '../identity/id.js'
import { credentialOf } from '../identity/identity.js'
import { pinnedPeer, provedId } from '../identity/peer.js'
import type { HandshakeState } from '../noise/handshake.js'
import { answer } from './agreement.js'
import { Established, Finished, type Judge } from './established.js'
import { encodeFrame } from './framewriter.js'
import { checkEphemeral, openHandshake, PSK_LENGTH } from './handshake.js'
import { decodeHello, encodeRetry, type Hello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeInitiation, encodeAcceptance } from './initiation.js'
import type { Opening, Step } from './opening.js'
import { encodePacket, type Packet } from './packets.js'
import { credentialAt, decodePayload, encodePayload, initiationOf } from './payload.js'
import { refusalOf } from './refusal.js'
import type { ResponderSide } from './side.js'
import type { SessionEvent, StateName } from './states.js'
import { type Suite, suiteById, suitesFor } from './suites.js'

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
    if (suite.id === hello.suites[hello.tried])
      return { to: 'R.message3', packet: this.#message2(suite, hello, packet.noise) }
    if (this.#first !== undefined) throw SottoError.of('session/suite', 'the second hello tries another suite')
    // SE-17: its message 1 is of another suite, and not looked at.
    this.#first = hello
    const neg = encodeRetry(suite)
    this.#negs.push(neg)
    return { to: 'R.hello2', packet: encodePacket({ neg, noise: EMPTY }) }
  }

  /** Message 3: trust, the initiation, service, policy, contracts, in this order (SE-14, SE-24). */
  #message3({ neg, noise }: Packet, nowMs: number): Step {
    // SE-161
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 3 with a negotiation part')
    const { identity, trust, epochMs } = this.#side
    const handshake = this.#handshake
    const suite = this.#suite
    if (handshake === undefined || suite === undefined) throw new RangeError('message 3 before hello')
    const payload = handshake.readMessage(noise)
    const id = provedId(handshake.remoteStatic ?? EMPTY, parsePeerId(identity.id))
    // SE-87
    const credential = credentialAt(payload)
    const judge: Judge = (of, unixMs) => trust(id, of, unixMs)
    const trusted = judge(credential, epochMs + nowMs)
    const proved = { peer: trusted ?? pinnedPeer(id), credential, judge }
    const finished = Finished.of('responder', suite, proved, handshake, this.#side)
    this.#finished = finished
    try {
      if (trusted === undefined) throw this.#notTrusted(id, credential, epochMs + nowMs)
      return this.#accept(finished, payload, nowMs)
    } catch (error) {
      // What the peer may learn of becomes a REFUSE; all else ends the session in silence.
      const record = error instanceof SottoError ? refusalOf(error) : undefined
      if (!(error instanceof SottoError) || record === undefined) throw error
      return { to: 'refused', finished, record, outcome: error }
    }
  }

  /** The cause is for this end alone: the peer learns the code (SE-18). */
  #notTrusted(id: PeerId, credential: Uint8Array | undefined, unixMs: number): SottoError {
    const cause = this.#side.whyNot?.(id, credential, unixMs)
    return SottoError.of('identity/not-trusted', `${id} is not trusted here`, { cause })
  }

  #accept(finished: Finished, payload: Uint8Array, nowMs: number): Step {
    const side = this.#side
    if (side.hasRoom?.(finished.peer.id) === false)
      throw SottoError.of('session/busy', 'the peer may not have another session')
    const initiation = decodeInitiation(initiationOf(payload))
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
    // SE-19
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
    const { pq, provider, pskOf } = this.#side
    const listed = hello.suites.map(suiteById).filter((suite) => suite !== undefined)
    // SE-85: a psk id stands for psk suites alone, and they for it.
    const named = hello.pskId.length > 0
    if (listed.some((suite) => suite.psk !== named))
      throw SottoError.of('session/suite', 'the hello lists suites that do not go with its psk id')
    const allowed = suitesFor(pq, pskOf !== undefined, provider)
    const chosen = listed.find((suite) => allowed.includes(suite))
    if (chosen === undefined) throw SottoError.of('session/suite', 'no suite listed is allowed here')
    return chosen
  }

  #message2(suite: Suite, hello: Hello, noise: Uint8Array): Uint8Array {
    // Message 1 has no payload (SE-13).
    if (noise.length !== suite.sizes[0])
      throw SottoError.of('session/malformed', `expected message 1 of ${suite.sizes[0]} bytes, got ${noise.length}`)
    checkEphemeral(noise)
    this.#suite = suite
    const { identity, provider, pskOf } = this.#side
    // SE-82: with an id nobody knows it goes on as with a psk that is wrong.
    const psk = pskOf && (pskOf(hello.pskId) ?? provider.randomBytes(PSK_LENGTH))
    this.#handshake = openHandshake(this.#side, 'responder', suite, prologueOf(this.#negs), psk)
    decodePayload(this.#handshake.readMessage(noise))
    const proof = encodePayload({ credential: credentialOf(identity) })
    return encodePacket({ neg: EMPTY, noise: this.#handshake.writeMessage(proof) })
  }
}
