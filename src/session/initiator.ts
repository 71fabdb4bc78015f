import { EMPTY } from '../bytes.js'
import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { keyPairOf } from '../identity/identity.js'
import { CheckedPeer } from '../identity/peer.js'
import { HandshakeState } from '../noise/handshake.js'
import { offerOf } from './agreement.js'
import { checkEphemeral } from './ephemeral.js'
import { Established, Finished } from './established.js'
import type { Frame } from './frames.js'
import { decodeRetry, encodeHello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeAcceptance, encodeInitiation, type Initiation, type Offer } from './initiation.js'
import { encodePacket, type Packet } from './packets.js'
import { decodePadding, encodeInitiationField } from './payload.js'
import { errorOfRefusal } from './refusal.js'
import type { InitiatorSide } from './side.js'
import { type Suite, suitesFor } from './suites.js'

interface Answered {
  readonly packet: Uint8Array
  readonly finished: Finished
}

/** The dialling half of the handshake: each method answers one packet, once; any throw ends the session. */
export class Initiator {
  readonly #side: InitiatorSide
  readonly #suites: readonly Suite[]
  readonly #negs: Uint8Array[] = []
  #suite: Suite
  #handshake: HandshakeState | undefined
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
    return this.#hello(this.#suite)
  }

  /** Packet 1 again, with the suite the responder asked for (SE-7). @throws session/suite, session/malformed */
  retry({ neg, noise }: Packet): Uint8Array {
    if (noise.length > 0) throw SottoError.of('session/malformed', 'a retry with a handshake message')
    const suite = decodeRetry(neg)
    if (!this.#suites.includes(suite) || suite === this.#suite)
      throw SottoError.of('session/suite', 'the peer asked for a suite that was not offered')
    this.#negs.push(neg.slice())
    this.#suite = suite
    return this.#hello(suite)
  }

  /** Message 2 in, message 3 out, behind the peer check (SE-11). */
  answer({ neg, noise }: Packet, nowMs: number): Answered {
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 2 with a negotiation part')
    const handshake = this.#handshake
    if (handshake === undefined) throw new RangeError('answer before start')
    checkEphemeral(noise)
    decodePadding(handshake.readMessage(noise))
    const { publicKey } = keyPairOf(this.#side.identity)
    const checked = CheckedPeer.check(this.#side.expected, handshake.remoteStatic ?? EMPTY, publicKey)
    return this.#finish(checked, handshake, nowMs)
  }

  /** The first record's only frame (SE-27). @throws the refusal, or session/unexpected */
  verdict(frame: Frame, finished: Finished): Established {
    const initiation = this.#initiation
    if (initiation === undefined) throw new RangeError('verdict before answer')
    if (frame.is === 'ACCEPT') return Established.of(finished, this.#side, initiation, decodeAcceptance(frame.body))
    if (frame.is === 'REFUSE') throw errorOfRefusal(frame, finished.sessionId, initiation)
    throw SottoError.of('session/unexpected', `expected ACCEPT or REFUSE, got ${frame.is}`)
  }

  #hello(suite: Suite): Uint8Array {
    const suites = this.#suites.map(({ id }) => id)
    const neg = encodeHello({ suites, tried: this.#suites.indexOf(suite), pskId: EMPTY })
    this.#negs.push(neg)
    // A fresh ephemeral in every Hello (SE-7).
    this.#handshake = new HandshakeState({
      protocol: suite.name,
      role: 'initiator',
      prologue: prologueOf(this.#negs),
      s: keyPairOf(this.#side.identity),
      provider: this.#side.provider,
    })
    return encodePacket({ neg, noise: this.#handshake.writeMessage() })
  }

  /** Only a checked peer can be given message 3, and with it our static (SE-11). */
  #finish(checked: CheckedPeer, handshake: HandshakeState, nowMs: number): Answered {
    const { provider, uses, serves, context, limits, service } = this.#side
    const gate = new InitiateGate(this.#side, checked.peer, this.#suite, nowMs)
    const offer = (contract: Contract): Offer => offerOf(provider.hash.SHA256, contract)
    for (const [index, { name }] of uses.entries()) gate.demand('out', name, index, '')
    // SE-28: offered to serve is only what the policy lets this peer initiate.
    const served = serves.filter(({ name }) => gate.allows('in', name))
    const initiation = { uses: uses.map(offer), serves: served.map(offer), context, limits, service }
    this.#initiation = initiation
    const noise = handshake.writeMessage(encodeInitiationField(encodeInitiation(initiation)))
    return {
      packet: encodePacket({ neg: EMPTY, noise }),
      finished: Finished.of('initiator', this.#suite, checked.peer, handshake, this.#side.rekey),
    }
  }
}
