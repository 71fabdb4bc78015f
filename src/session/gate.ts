import type { Wire } from '../cbor.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import type { Decision } from '../policy/decide.js'
import type { Admission, PeerPolicy, Spend } from '../policy/peer.js'
import type { Route } from './agreement.js'
import { decisionId, type Way } from './decision.js'
import type { Labels } from './frames.js'
import type { BeginHead } from './framewriter.js'

/** What is known of a message before its body. */
export interface Head {
  readonly route: Route
  readonly ttlMs: number
  readonly labels: Labels
}

/** An own message, ready to be framed. */
export interface Prepared extends BeginHead {
  readonly route: Route
  readonly body: Uint8Array
  /** Its labels, as rules read them. */
  readonly named: Labels
}

/** A whole message: its wire value, and the bytes it takes. */
export interface Message extends Head {
  readonly value: Wire | undefined
  readonly bytes: number
  readonly outgoing: Prepared | undefined
  /** Of the messages of its sender in the exchange: 0 begins it, the items of a stream follow. */
  readonly index: number
}

export type Denial = Extract<Decision, { readonly effect: 'deny' }>

type Attributes = Record<string, string | number | boolean>
type Direction = 'in' | 'out'

/** Proof that the policy let a message through. Only the gate makes one; only it can be dispatched or framed (SE-55). */
export class Admitted {
  readonly verb: Verb
  readonly address: string
  readonly peer: Peer
  /** @internal The policy's epoch at the time. */
  readonly epoch: number
  /** @internal Gives limits back when the exchange ends. */
  readonly release: (() => void) | undefined
  /** @internal Charges chunks to limits of bytes. */
  readonly spend: Spend | undefined
  readonly #gate: Gate
  readonly #policy: PeerPolicy
  readonly #direction: Direction
  readonly #exchange: number
  /** The message that was judged, for an own one: no other can be framed with this proof. */
  #outgoing: Prepared | undefined

  private constructor(gate: Gate, direction: Direction, message: Message, exchange: number, admission: Admission) {
    this.verb = verbOf(message.route)
    this.address = message.route.address
    this.peer = gate.peer
    this.epoch = gate.policy.epoch
    this.release = admission.release
    this.spend = admission.spend
    this.#gate = gate
    this.#policy = gate.policy
    this.#direction = direction
    this.#exchange = exchange
    this.#outgoing = message.outgoing
  }

  /** The decision's id, the same at both ends; empty for an own message, which is not framed yet. */
  get decision(): string {
    return this.#exchange === 0 ? '' : this.#gate.decision(this.#direction, this.#exchange)
  }

  /** True for what the gate made, whatever the compiler was told. */
  static is(value: unknown): value is Admitted {
    return typeof value === 'object' && value !== null && #gate in value
  }

  /** @internal The decision on a whole message, its limits charged. `exchange` 0: it has none yet. */
  static judge(gate: Gate, direction: Direction, message: Message, exchange: number, nowMs: number): Admitted | Denial {
    const verb = verbOf(message.route)
    const { address } = message.route
    const { index } = message
    const needs = gate.policy.needs(direction, verb, address)
    const attributes = needs === 'nothing' ? NONE : gate.attributes(message, nowMs)
    // An exchange that is open has its place: its items take none.
    const verdict = gate.policy.admit(direction, verb, address, attributes, nowMs, index === 0 ? 'act' : 'item')
    if (verdict.effect === 'allow') return new Admitted(gate, direction, message, exchange, verdict)
    return { ...verdict, id: exchange === 0 ? '' : gate.decision(direction, exchange, index) }
  }

  /**
   * @internal The own message this is the proof of, once; undefined if the policy or the peer has changed since (SE-55).
   * @throws TypeError if it is the proof of none in this session, or was used
   */
  redeem(gate: Gate): Prepared | undefined {
    const outgoing = this.#outgoing
    if (this.#gate !== gate || outgoing === undefined)
      throw new TypeError('expected an own message that this session admitted, not sent before')
    this.#outgoing = undefined
    if (this.#policy === gate.policy && this.epoch === gate.policy.epoch) return outgoing
    this.release?.()
    return undefined
  }
}

/** The one place where a message is admitted or refused, for one session (SE-55). */
export class Gate {
  #peer: Peer
  #policy: PeerPolicy
  readonly #sessionId: string
  readonly #outbound: Way
  readonly #suite: string
  readonly #epochMs: number
  readonly #openedMs: number

  constructor(of: {
    readonly peer: Peer
    readonly policy: PeerPolicy
    readonly sessionId: string
    readonly outbound: Way
    readonly suite: string
    readonly epochMs: number
    readonly openedMs: number
  }) {
    this.#peer = of.peer
    this.#policy = of.policy
    this.#sessionId = of.sessionId
    this.#outbound = of.outbound
    this.#suite = of.suite
    this.#epochMs = of.epochMs
    this.#openedMs = of.openedMs
  }

  get peer(): Peer {
    return this.#peer
  }

  get policy(): PeerPolicy {
    return this.#policy
  }

  /** The peer is another by what it shows: what was admitted before and not sent is void (SE-106). */
  renew(peer: Peer, policy: PeerPolicy): void {
    this.#peer = peer
    this.#policy = policy
  }

  /** A refusal that no body could change, before a byte of it is decoded or reassembled (SE-56). */
  foresee(head: Head, exchange: number, nowMs: number): Denial | undefined {
    const verb = verbOf(head.route)
    const { address } = head.route
    const attributes = this.policy.needs('in', verb, address) === 'nothing' ? NONE : this.#headAttributes(head, nowMs)
    const verdict = this.policy.foresee('in', verb, address, attributes)
    return verdict?.effect === 'deny' ? { ...verdict, id: this.decision('in', exchange) } : undefined
  }

  judge(direction: Direction, message: Message, exchange: number, nowMs: number): Admitted | Denial {
    return Admitted.judge(this, direction, message, exchange, nowMs)
  }

  /** The decision id of a message of `exchange`; 0 numbers an act that was never sent. */
  decision(direction: Direction, exchange: number, index = 0): string {
    const inbound = this.#outbound === 'ir' ? 'ri' : 'ir'
    return decisionId(this.#sessionId, direction === 'out' ? this.#outbound : inbound, exchange, index)
  }

  /** @internal All that rules may read, of a whole message. */
  attributes(message: Message, nowMs: number): Attributes {
    const attributes = this.#headAttributes(message, nowMs)
    attributes.bytes = message.bytes
    const { value } = message
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
      return attributes
    for (const field of message.route.row.visible) {
      const scalar: unknown = Object.getOwnPropertyDescriptor(value, field)?.value
      if (typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean')
        attributes[`body.${field}`] = scalar
    }
    return attributes
  }

  #headAttributes(head: Head, nowMs: number): Attributes {
    const attributes: Attributes = Object.create(null)
    attributes.suite = this.#suite
    attributes.ageMs = nowMs - this.#openedMs
    attributes.time = this.#epochMs + nowMs
    if (head.ttlMs > 0) attributes.ttlMs = head.ttlMs
    for (const [name, value] of Object.entries(head.labels)) attributes[`label.${name}`] = value
    return attributes
  }
}

const NONE: Readonly<Attributes> = Object.freeze(Object.create(null))

/** What policy calls an act of this kind. */
export const verbOf = (route: Route): Verb => KINDS[route.row.kind][0]
