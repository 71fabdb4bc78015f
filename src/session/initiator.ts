import { concat, EMPTY } from '../bytes.js'
import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { CheckedPeer, type Shown } from '../identity/expected.js'
import { parsePeerId } from '../identity/id.js'
import { credentialOf } from '../identity/identity.js'
import type { Peer } from '../identity/peer.js'
import type { HandshakeState } from '../noise/handshake.js'
import { offerOf } from './agreement.js'
import { Established, Finished, type Judge } from './established.js'
import type { Frame } from './frames.js'
import { checkEphemeral, openHandshake } from './handshake.js'
import { decodeRetry, encodeHello, prologueOf } from './hello.js'
import { InitiateGate } from './initiategate.js'
import { decodeAcceptance, encodeInitiation, type Initiation, type Offer } from './initiation.js'
import type { Opening, Step } from './opening.js'
import { encodePacket, type Packet } from './packets.js'
import { decodePayload, encodePayload } from './payload.js'
import { errorOfRefusal } from './refusal.js'
import type { InitiatorSide, Psk } from './side.js'
import type { SessionEvent, StateName } from './states.js'
import { type Suite, suitesFor } from './suites.js'

/** The dialling half. */
export class Initiator implements Opening {
  readonly #side: Omit<InitiatorSide, 'psk'>
  /** A copy; its key is overwritten when the handshake is over (SE-83). */
  readonly #psk: Psk | undefined
  readonly #suites: readonly Suite[]
  /** Copies of the negotiation parts so far. */
  readonly #negs: Uint8Array[] = []
  #suite: Suite
  #handshake: HandshakeState | undefined
  #gate: InitiateGate | undefined
  #initiation: Initiation | undefined

  constructor({ psk, ...side }: InitiatorSide) {
    // SE-84: of the settings alone, whatever an attempt before came to.
    const suites = suitesFor(side.pq, psk !== undefined, side.provider)
    const [first] = suites
    if (first === undefined) throw new RangeError(`no suite here allows pq '${side.pq}'`)
    this.#side = side
    this.#psk = psk && { id: concat(psk.id), key: concat(psk.key) }
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

  /** The first record's only frame (SE-27). @throws the refusal */
  verdict(frame: Frame, finished: Finished): Established {
    const initiation = this.#initiation
    if (initiation === undefined) throw new RangeError('verdict before answer')
    if (frame.is === 'ACCEPT') return Established.of(finished, this.#side, initiation, decodeAcceptance(frame.body))
    if (frame.is === 'REFUSE') throw errorOfRefusal(frame, finished.sessionId, initiation)
    throw new RangeError('the state table lets no other frame in here')
  }

  end(): void {
    this.#handshake?.erase()
    this.#psk?.key.fill(0)
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
    // SE-161
    if (neg.length > 0) throw SottoError.of('session/malformed', 'message 2 with a negotiation part')
    const handshake = this.#handshake
    if (handshake === undefined) throw new RangeError('answer before start')
    checkEphemeral(noise)
    const { credential } = decodePayload(handshake.readMessage(noise), 'credential')
    const { expected, identity, epochMs, provider } = this.#side
    const keys = { remoteStatic: handshake.remoteStatic ?? EMPTY, ownStatic: parsePeerId(identity.id), provider }
    const check = (of: Pick<Shown, 'credential' | 'unixMs'>): CheckedPeer =>
      CheckedPeer.check(expected, { ...keys, ...of })
    const checked = check({ credential, unixMs: epochMs + nowMs })
    const judge: Judge = (of, unixMs) => trusted(() => check({ credential: of, unixMs }).peer)
    return this.#finish(checked, { credential, judge }, handshake, nowMs)
  }

  #sayHello(suite: Suite): Uint8Array {
    const suites = this.#suites.map(({ id }) => id)
    const pskId = this.#psk?.id ?? EMPTY
    const neg = encodeHello({ suites, tried: this.#suites.indexOf(suite), pskId })
    this.#negs.push(neg)
    // A fresh ephemeral in every Hello (SE-7).
    this.#handshake?.erase()
    this.#handshake = openHandshake(this.#side, 'initiator', suite, prologueOf(this.#negs), this.#psk?.key)
    return encodePacket({ neg, noise: this.#handshake.writeMessage() })
  }

  /** Only a checked peer can be given message 3, and with it our static (SE-11). */
  #finish(
    checked: CheckedPeer,
    proof: { readonly credential: Uint8Array | undefined; readonly judge: Judge },
    handshake: HandshakeState,
    nowMs: number,
  ): Step {
    const { identity, provider, uses, serves, context, limits, service } = this.#side
    const gate = new InitiateGate(this.#side, checked.peer, this.#suite, nowMs)
    this.#gate = gate
    const offer = (contract: Contract): Offer => offerOf(provider.hash.SHA256, contract)
    for (const [index, { name }] of uses.entries()) gate.demand('out', name, index, '')
    // SE-28: offered to serve is only what the policy lets this peer initiate.
    const served = serves.filter(({ name }) => gate.allows('in', name))
    const initiation = { uses: uses.map(offer), serves: served.map(offer), context, limits, service }
    this.#initiation = initiation
    const credential = credentialOf(identity)
    const noise = handshake.writeMessage(encodePayload({ credential, initiation: encodeInitiation(initiation) }))
    // SE-83: that was the last use of it.
    this.#psk?.key.fill(0)
    const finished = Finished.of('initiator', this.#suite, { peer: checked.peer, ...proof }, handshake, this.#side)
    gate.asked(finished.sessionId)
    return { to: 'I.verdict', packet: encodePacket({ neg: EMPTY, noise }), finished }
  }
}

/** What a check says, or undefined where it refuses. */
const trusted = (check: () => Peer): Peer | undefined => {
  try {
    return check()
  } catch (error) {
    // To the judge of a session any refusal is the end of trust.
    if (error instanceof SottoError) return undefined
    throw error
  }
}
