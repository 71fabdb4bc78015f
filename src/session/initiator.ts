import { concat, EMPTY } from '../bytes.js'
import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { parsePeerId } from '../identity/id.js'
import { CheckedPeer } from '../identity/peer.js'
import type { HandshakeState } from '../noise/handshake.js'
import { offerOf } from './agreement.js'
import { Established, Finished } from './established.js'
import type { Frame } from './frames.js'
import { checkEphemeral, openHandshake } from './handshake.js'
import { decodeRetry, encodeHello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeAcceptance, encodeInitiation, type Initiation, type Offer } from './initiation.js'
import type { Opening, Step } from './opening.js'
import { encodePacket, type Packet } from './packets.js'
import { decodePadding, encodeInitiationField } from './payload.js'
import { errorOfRefusal } from './refusal.js'
import type { InitiatorSide } from './side.js'
import type { SessionEvent, StateName } from './states.js'
import { type Suite, suitesFor } from './suites.js'

/** The dialling half. */
export class Initiator implements Opening {
  readonly #side: InitiatorSide
  readonly #suites: readonly Suite[]
  /** Copies of the negotiation parts so far. */
  readonly #negs: Uint8Array[] = []
  #suite: Suite
  #handshake: HandshakeState | undefined
  #gate: InitiateGate | undefined
  #initiation: Initiation | undefined

  constructor(side: InitiatorSide) {
    const suites = suitesFor(side.pq)
    const [first] = suites
    if (first === undefined) throw SottoError.of('session/suite', `no suite here allows pq '${side.pq}'`)
    this.#side = side
    this.#suites = suites
    this.#suite = first
  }

  /** Packet 1: Hello and message 1 of the preferred suite. */
  start(): Uint8Array {
    return this.#sayHello(this.#suite)
  }

  eventOf(_state: StateName, { noise }: Packet): SessionEvent {
    return noise.length === 0 ? 'retry' : 'message2'
  }

  take(event: SessionEvent, packet: Packet, nowMs: number): Step {
    return event === 'retry' ? this.#retry(packet) : this.#answer(packet, nowMs)
  }

  /** The first record's only frame (SE-27). @throws the refusal, or session/unexpected */
  verdict(frame: Frame, finished: Finished): Established {
    const initiation = this.#initiation
    if (initiation === undefined) throw new RangeError('verdict before answer')
    if (frame.is === 'ACCEPT') return Established.of(finished, this.#side, initiation, decodeAcceptance(frame.body))
    if (frame.is === 'REFUSE') throw errorOfRefusal(frame, finished.sessionId, initiation)
    throw SottoError.of('session/unexpected', `expected ACCEPT or REFUSE, got ${frame.is}`)
  }

  end(): void {
    this.#handshake?.erase()
    this.#gate?.release()
  }

  /** Packet 1 again, with the suite the responder asked for (SE-7). @throws session/suite, session/malformed */
  #retry(packet: Packet): Step {
    const suite = decodeRetry(packet.neg)
    if (!this.#suites.includes(suite) || suite === this.#suite)
      throw SottoError.of('session/suite', 'the peer asked for a suite that was not offered')
    // `slice` of a Buffer would be a view of what is borrowed.
    this.#negs.push(concat(packet.neg))
    this.#suite = suite
    return { to: 'I.answer2', packet: this.#sayHello(suite) }
  }

  /** Message 2 in, message 3 out, behind the peer check (SE-11). */
  #answer({ neg, noise }: Packet, nowMs: number): Step {
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 2 with a negotiation part')
    const handshake = this.#handshake
    if (handshake === undefined) throw new RangeError('answer before start')
    checkEphemeral(noise)
    decodePadding(handshake.readMessage(noise))
    const { expected, identity } = this.#side
    const checked = CheckedPeer.check(expected, handshake.remoteStatic ?? EMPTY, parsePeerId(identity.id))
    return this.#finish(checked, handshake, nowMs)
  }

  #sayHello(suite: Suite): Uint8Array {
    const suites = this.#suites.map(({ id }) => id)
    const neg = encodeHello({ suites, tried: this.#suites.indexOf(suite), pskId: EMPTY })
    this.#negs.push(neg)
    // A fresh ephemeral in every Hello (SE-7).
    this.#handshake?.erase()
    this.#handshake = openHandshake(this.#side, 'initiator', suite, prologueOf(this.#negs))
    return encodePacket({ neg, noise: this.#handshake.writeMessage() })
  }

  /** Only a checked peer can be given message 3, and with it our static (SE-11). */
  #finish(checked: CheckedPeer, handshake: HandshakeState, nowMs: number): Step {
    const { provider, uses, serves, context, limits, service } = this.#side
    const gate = new InitiateGate(this.#side, checked.peer, this.#suite, nowMs)
    this.#gate = gate
    const offer = (contract: Contract): Offer => offerOf(provider.hash.SHA256, contract)
    for (const [index, { name }] of uses.entries()) gate.demand('out', name, index, '')
    // SE-28: offered to serve is only what the policy lets this peer initiate.
    const served = serves.filter(({ name }) => gate.allows('in', name))
    const initiation = { uses: uses.map(offer), serves: served.map(offer), context, limits, service }
    this.#initiation = initiation
    const noise = handshake.writeMessage(encodeInitiationField(encodeInitiation(initiation)))
    return {
      to: 'I.verdict',
      packet: encodePacket({ neg: EMPTY, noise }),
      finished: Finished.of('initiator', this.#suite, checked.peer, handshake, this.#side.rekey),
    }
  }
}
