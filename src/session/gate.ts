import type { Wire } from '../cbor.js'
import { KINDS, type Verb } from '../contract/kinds.js'
import type { Peer } from '../identity/peer.js'
import type { Decision, Verdict } from '../policy/decide.js'
import type { Admission, Judgement, Load, PeerPolicy, Spend } from '../policy/peer.js'
import { isOneWay, type Route } from './agreement.js'
import { decisionId, type Way } from './decision.js'
import { addressOf, type Delivery } from './delivery.js'
import type { Labels } from './frames.js'
import type { BeginHead } from './framewriter.js'
import { Trail } from './trail.js'

/** What is known of a message before its body. */
export interface Head {
  readonly route: Route
  readonly ttlMs: number
  readonly labels: Labels
  /** Of the conversation it is of. */
  readonly state: string | undefined
}

/** An own message, ready to be framed. */
export interface Prepared extends BeginHead {
  readonly route: Route
  readonly state: string | undefined
  readonly body: Uint8Array
  /** Its labels, as rules read them. */
  readonly named: Labels
}

/** A whole message: what rules read of its body, and the bytes it takes. */
export interface Message extends Head {
  readonly value: Wire | undefined
  readonly bytes: number
  readonly outgoing: Prepared | undefined
  /** Of the messages of its sender in the exchange: 0 begins it, the items of a stream follow. */
  readonly index: number
}

export type Denial = Extract<Decision, { readonly effect: 'deny' }>

/** A denial that has no id yet. */
export type Denied = Extract<Verdict, { readonly effect: 'deny' }>

interface Handing {
  readonly head: Head
  readonly delivery: Delivery
  readonly nowMs: number
}

type Attributes = Record<string, string | number | boolean>
type Direction = 'in' | 'out'

/** Proof that the policy let a message through. Only the gate makes one; only it can be dispatched or framed (SE-55). */
export class Admitted {
  readonly verb: Verb
  readonly address: string
  readonly peer: Peer
  /** @internal Gives limits back when the exchange ends. */
  readonly release: (() => void) | undefined
  /** @internal Charges chunks to limits of bytes. */
  readonly spend: Spend | undefined
  /** @internal When it was, in ms of the session's clock. */
  readonly atMs: number
  /** @internal The size of its body. */
  readonly bytes: number
  /** @internal What rules may read of its body, if it begins an exchange that outlives it. */
  readonly fields: Attributes | undefined
  readonly #gate: Gate
  readonly #direction: Direction
  readonly #exchange: number
  /** The gate's epoch when it was asked last. */
  #epoch: number
  /** What the audit log is told of an own message when it is framed, if anybody hears it. */
  #untold: Admission | undefined
  /** The message that was judged, for an own one: no other can be framed with this proof. */
  #outgoing: Prepared | undefined

  private constructor(
    gate: Gate,
    direction: Direction,
    message: Message,
    exchange: number,
    admission: Admission,
    nowMs: number,
  ) {
    const { route } = message
    this.verb = route.verb
    this.address = route.address
    this.peer = gate.peer
    this.release = admission.release
    this.spend = admission.spend
    this.atMs = nowMs
    this.bytes = message.bytes
    // SE-128: a one-way message and an item are asked again only while their bodies are here.
    this.fields = message.index > 0 || isOneWay(route) ? undefined : fieldsOf(message)
    this.#gate = gate
    this.#direction = direction
    this.#exchange = exchange
    this.#epoch = gate.epoch
    this.#untold = exchange === 0 && gate.trail.heard ? admission : undefined
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
  static judge(
    gate: Gate,
    direction: Direction,
    message: Message,
    exchange: number,
    nowMs: number,
    load: Load,
  ): Admitted | Denial {
    const { index, bytes, route } = message
    const { verb, address } = route
    const needs = gate.policy.needs(direction, verb, address)
    const attributes = needs === 'nothing' ? NONE : gate.attributes(message, nowMs)
    const verdict = gate.policy.admit(direction, verb, address, attributes, nowMs, load)
    // Made before anybody hears of it: who replaces the policy then makes this a proof of before (SE-133).
    const answer =
      verdict.effect === 'allow'
        ? new Admitted(gate, direction, message, exchange, verdict, nowMs)
        : { ...verdict, id: gate.decision(direction, exchange, index) }
    if (exchange !== 0 && gate.trail.heard) {
      const decision = gate.decision(direction, exchange, index)
      gate.trail.decided({ decision, direction, verb, address, verdict }, bytes, verdict.seen)
    }
    return answer
  }

  /** @internal True if nothing has changed since it was asked last. */
  get current(): boolean {
    return this.#epoch === this.#gate.epoch
  }

  /**
   * @internal What the rules alone say by now of what they let through then, if they deny it: undefined while it stands
   * (SE-128). `bodyOf` gives the body where its fields were not kept.
   */
  again(head: Head, bodyOf: () => Wire | undefined): Denied | undefined {
    if (this.current) return undefined
    const gate = this.#gate
    const verdict = gate.again(this.#direction, this, head, bodyOf)
    if (verdict.effect === 'deny') return verdict
    this.#epoch = gate.epoch
    return undefined
  }

  /** @internal It is in a record, so that its decision has its id (SE-140). */
  framed(exchange: number, index: number): void {
    const verdict = this.#untold
    if (verdict === undefined) return
    this.#untold = undefined
    const { verb, address, bytes } = this
    const decision = this.#gate.decision('out', exchange, index)
    this.#gate.trail.decided({ decision, direction: 'out', verb, address, verdict }, bytes, verdict.seen)
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
    if (this.current) return outgoing
    this.release?.()
    return undefined
  }
}

/** The one place where a message is admitted or refused, for one session (SE-55). */
export class Gate {
  readonly trail: Trail
  #peer: Peer
  #policy: PeerPolicy
  /** How often the peer has become another. */
  #renewals = 0
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
    this.trail = new Trail(of.policy, of.sessionId, of.peer.id)
  }

  get peer(): Peer {
    return this.#peer
  }

  get policy(): PeerPolicy {
    return this.#policy
  }

  /** Rises with every change of the policy or of the peer: an answer of before is none any more. */
  get epoch(): number {
    return this.#policy.epoch + this.#renewals
  }

  /** The peer is another by what it shows: every decision is about who it is now (SE-106). */
  renew(peer: Peer, policy: PeerPolicy): void {
    this.#peer = peer
    this.#policy = policy
    this.trail.renew(policy)
    this.#renewals++
  }

  /** A refusal that no body could change, before a byte of it is decoded or reassembled (SE-56); `bytes` of it have come. */
  foresee(head: Head, exchange: number, bytes: number, nowMs: number): Denial | undefined {
    const { verb, address } = head.route
    const attributes = this.policy.needs('in', verb, address) === 'nothing' ? NONE : this.#headAttributes(head, nowMs)
    const verdict = this.policy.foresee('in', verb, address, attributes)
    if (verdict?.effect !== 'deny') return undefined
    const decision = this.decision('in', exchange)
    this.trail.decided({ decision, direction: 'in', verb, address, verdict }, bytes)
    return { ...verdict, id: decision }
  }

  /** Whether rules read more of a message of `route` than its head. */
  readsBody(direction: Direction, route: Route): boolean {
    return this.policy.needs(direction, route.verb, route.address) === 'body'
  }

  judge(
    direction: Direction,
    message: Message,
    exchange: number,
    nowMs: number,
    // An exchange that is open has its place: its items take none.
    load: Load = message.index === 0 ? 'act' : 'item',
  ): Admitted | Denial {
    return Admitted.judge(this, direction, message, exchange, nowMs, load)
  }

  /** @internal SE-134: the answer of the rules alone, as they are now, by what was known when `admitted` was. */
  again(direction: Direction, admitted: Admitted, head: Head, bodyOf: () => Wire | undefined): Verdict {
    const { verb, address, atMs, bytes, fields } = admitted
    const needs = this.policy.needs(direction, verb, address)
    const attributes = needs === 'nothing' ? NONE : this.#headAttributes(head, atMs)
    if (needs === 'body') {
      attributes.bytes = bytes
      Object.assign(attributes, fields ?? fieldsOf({ route: head.route, value: bodyOf() }))
    }
    return this.policy.stands(direction, verb, address, attributes)
  }

  /**
   * PO-58: the answer of the rules alone on handing a message to what stands: may the peer hear it, and may it go to that
   * peer? Something is seen of it where the audit log is to be told.
   */
  hand(head: Head, delivery: Delivery, nowMs: number): Judgement {
    const { row, verb } = head.route
    const address = addressOf(head.route, delivery)
    const heard = this.#hand('in', verb, address, { head, delivery, nowMs })
    if (heard.effect === 'deny') return heard
    const handed = this.#hand('out', KINDS[row.kind][0], address, { head, delivery, nowMs })
    return handed.effect === 'deny' || heard.seen === undefined ? handed : heard
  }

  #hand(direction: Direction, verb: Verb, address: string, { head, delivery, nowMs }: Handing): Judgement {
    const needs = this.policy.needs(direction, verb, address)
    const attributes = needs === 'nothing' ? NONE : this.#headAttributes(head, nowMs)
    if (needs === 'body') {
      attributes.bytes = delivery.bytes
      Object.assign(attributes, fieldsOf({ route: head.route, value: delivery.content() }))
    }
    return this.policy.hand(direction, verb, address, attributes)
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
    return Object.assign(attributes, fieldsOf(message))
  }

  #headAttributes(head: Head, nowMs: number): Attributes {
    const attributes: Attributes = Object.create(null)
    attributes.suite = this.#suite
    attributes.ageMs = nowMs - this.#openedMs
    attributes.time = this.#epochMs + nowMs
    if (head.ttlMs > 0) attributes.ttlMs = head.ttlMs
    if (head.state !== undefined) attributes.state = head.state
    for (const [name, value] of Object.entries(head.labels)) attributes[`label.${name}`] = value
    return attributes
  }
}

/** The visible scalars of a message, as rules name them; undefined if the row shows none. */
const fieldsOf = ({ route, value }: Pick<Message, 'route' | 'value'>): Attributes | undefined => {
  const { visible } = route.row
  if (visible.length === 0) return undefined
  const fields: Attributes = Object.create(null)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) return fields
  for (const field of visible) {
    const scalar: unknown = Object.getOwnPropertyDescriptor(value, field)?.value
    if (scalar === undefined || scalar === null) continue
    const isScalar = typeof scalar === 'string' || typeof scalar === 'number' || typeof scalar === 'boolean'
    // PO-55: what is there and is nothing that rules compare is no number either, which is an error to each that compares it.
    fields[`body.${field}`] = isScalar ? scalar : Number.NaN
  }
  return fields
}

const NONE: Attributes = Object.freeze(Object.create(null))
