import { concat, EMPTY } from '../bytes.js'
import { encode, type Wire } from '../cbor.js'
import { has } from '../contract/kinds.js'
import { SottoError } from '../errors.js'
import type { Admission } from '../policy/peer.js'
import { isOneWay, type Route, routeAt } from './agreement.js'
import { decodeBody } from './body.js'
import type { Delivery } from './delivery.js'
import { contentOf } from './envelope.js'
import type { Established } from './established.js'
import type { Exchange, Waiting } from './exchange.js'
import { type Labels, NO_LABELS } from './frames.js'
import { encodeLabels, encodeSubject } from './framewriter.js'
import { Admitted, type Denial, type Denied, type Gate, type Prepared } from './gate.js'

/** What the application wants done. */
export interface Act {
  readonly contract: string
  readonly operation: string
  /** Of a topic or queue that has one, with `*` only in what stands; else empty. */
  readonly subject?: string
  /** To have a subscription or a consumer, where that is what begins a stream of the operation. */
  readonly standing?: boolean
  /** Of the conversation it is a step of: what rules read as `state`. */
  readonly state?: string | undefined
  readonly value: Wire | undefined
  /** Whole ms; 0 for none. */
  readonly ttlMs: number
  readonly labels: Labels
}

interface Numbered {
  readonly route: Route
  readonly operation: number
}

/** Own messages before they have an exchange: encoded, judged, and handed over for one proof each. */
export class Acts {
  readonly #established: Established
  readonly #gate: Gate
  /** By contract, then by operation. */
  readonly #operations = new Map<string, Map<string, Numbered>>()
  #refused: number

  constructor(established: Established, gate: Gate) {
    this.#established = established
    this.#gate = gate
    // Refused acts have no exchange: they are numbered behind the initiation's decisions.
    this.#refused = established.uses.length
    for (const [operation, route] of established.outbound.entries())
      if (route !== undefined) this.#add(route, operation)
  }

  /**
   * The own gate, on a whole message; the body judged is the body that is sent (SE-55).
   * @throws contract/unserved, contract/invalid, call/too-large, RangeError on a ttl, subject or labels outside the grammar
   */
  admit(act: Act, nowMs: number): Admitted | Denial {
    const { ttlMs, state } = act
    const labels = copyOf(act.labels)
    const { route, operation } = this.#find(act)
    if (!Number.isSafeInteger(ttlMs) || ttlMs < 0) throw new RangeError(`expected whole ms to live, got ${ttlMs}`)
    const body = this.encode(act.value, route)
    const subject = encodeSubject(route.subject)
    const encoded = this.#encodeLabels(labels, subject.length, route)
    const { standing } = route
    const outgoing = { route, operation, subject, standing, ttlMs, labels: encoded, named: labels, state, body }
    const value = this.#seen(body, route, 0)
    const message = { route, ttlMs, labels, state, value, bytes: body.length, outgoing, index: 0 }
    const answer = this.#gate.judge('out', message, 0, nowMs)
    return 'effect' in answer ? this.refuse(route, body.length, answer) : answer
  }

  /**
   * An own item of a stream, once it has passed the own gate; what comes down was granted with the request.
   * @throws contract/invalid, call/too-large, TypeError on what a direction of bytes does not carry
   */
  item(exchange: Exchange, value: Wire, nowMs: number): Waiting | Denial {
    const { route, mine, ttlMs, labels, state } = exchange
    if (exchange.sends === 'bytes') return this.#chunk(exchange, value, nowMs)
    const body = this.encode(value, route)
    // SE-146: what goes up in what stands says how far its reader is, and nothing to rules.
    if (!mine || route.standing) return waiting(body)
    // The gate asks for the index alone whether this begins the exchange.
    const seen = this.#seen(body, route, 1)
    const message = { route, ttlMs, labels, state, value: seen, bytes: body.length, outgoing: undefined, index: 1 }
    const answer = this.#gate.judge('out', message, 0, nowMs)
    return 'effect' in answer ? this.refuse(route, body.length, answer) : { ...waiting(body), admitted: answer }
  }

  /** What a broker hands over, which is encoded already. @throws call/too-large */
  delivery(exchange: Exchange, delivery: Delivery, atMs: number): Waiting {
    this.#checkSize(delivery.item, exchange.route)
    return { body: delivery.item, admitted: undefined, delivery, atMs }
  }

  /** The denial of an own message of `bytes`, which is never sent, under an id of its own (SE-60). */
  refuse(route: Route, bytes: number, verdict: Admission & Denied): Denial {
    const decision = this.#gate.decision('out', 0, this.#refused++)
    const { verb, address } = route
    this.#gate.trail.decided({ decision, direction: 'out', verb, address, verdict }, bytes, verdict.seen)
    return { ...verdict, id: decision }
  }

  /** Chunks are counted, and not asked for one by one (SE-127). */
  #chunk({ route, admitted }: Exchange, value: Wire, nowMs: number): Waiting | Denial {
    if (!(value instanceof Uint8Array)) throw new TypeError('expected bytes')
    const rules = admitted?.spend?.(value.length, nowMs) ?? []
    if (rules.length > 0) return this.refuse(route, value.length, { effect: 'deny', why: 'limit', rules })
    // `slice` of a Buffer would be a view of what is borrowed.
    return waiting(concat(value))
  }

  /** The message `admitted` is the proof of, once. @throws TypeError if it is no such proof; policy/denied if the policy changed */
  redeem(admitted: Admitted): Prepared {
    if (!Admitted.is(admitted)) throw new TypeError('expected what the gate admitted')
    const prepared = admitted.redeem(this.#gate)
    if (prepared !== undefined) return prepared
    const { address } = admitted
    const details = { decision: this.#gate.decision('out', 0, this.#refused++), address }
    throw SottoError.of('policy/denied', `the policy changed after ${address} was admitted`, { details })
  }

  /** The body of a message or reply. @throws contract/invalid, call/too-large */
  encode(value: Wire | undefined, route: Route): Uint8Array {
    if (value === undefined) return EMPTY
    const body = encodeBody(value)
    this.#checkSize(body, route)
    return body
  }

  #checkSize({ length }: Uint8Array, { address }: Route): void {
    const limit = this.#established.allowed.message
    if (length > limit) throw tooLarge(`expected at most ${limit} bytes for ${address}, got ${length}`)
  }

  /**
   * SE-55: what rules may read of a body is what the peer will read of it, and not what the program gave: a getter or a Proxy
   * says another thing each time. Decoded only if somebody asks for it.
   */
  #seen(body: Uint8Array, route: Route, index: number): Wire | undefined {
    const { row } = route
    if (row.visible.length === 0) return undefined
    const isKept = index === 0 && !isOneWay(route)
    if (!isKept && !this.#gate.readsBody('out', route)) return undefined
    return contentOf(route, decodeBody(body).value)
  }

  /** Labels go in one record with the subject and some of the message, and leave it credit (SE-33). */
  #encodeLabels(labels: Labels, beside: number, { address }: Route): Uint8Array {
    const bytes = encodeLabels(labels)
    const { allowed, declared } = this.#established
    const limit = Math.min(allowed.plaintext / 2, declared.sessionWindow / 8)
    if (bytes.length + beside > limit)
      throw tooLarge(`expected labels of at most ${limit - beside} bytes for ${address}, got ${bytes.length}`)
    return bytes
  }

  #find({ contract, operation, subject = '', standing = false }: Act): Numbered {
    const numbered = this.#operations.get(contract)?.get(operation)
    if (numbered === undefined)
      throw SottoError.of('contract/unserved', `${contract}.${operation} is not agreed on in this session`, {
        details: { contract, operation },
      })
    const stands = standing && has(numbered.route.row.kind, 'subject')
    const route = routeAt(numbered.route, subject, stands)
    if (route === undefined) throw new RangeError(`expected a subject of ${contract}.${operation}, got '${subject}'`)
    return { route, operation: numbered.operation }
  }

  #add(route: Route, operation: number): void {
    const operations = this.#operations.get(route.contract) ?? new Map<string, Numbered>()
    this.#operations.set(route.contract, operations.set(route.row.name, { route, operation }))
  }
}

const waiting = (body: Uint8Array): Waiting => ({
  body,
  admitted: undefined,
  delivery: undefined,
  atMs: 0,
})

/** SE-55: read once, so that what is judged is what is sent, whatever they say the next time. */
const copyOf = (labels: Labels): Labels =>
  labels === NO_LABELS ? labels : Object.freeze(Object.assign(Object.create(null), labels))

/** The bytes of a value. @throws contract/invalid if it has no form on the wire */
export const encodeBody = (value: Wire): Uint8Array => {
  try {
    return encode(value)
  } catch (cause) {
    throw SottoError.of('contract/invalid', 'a value that has no form on the wire', { details: { path: '' }, cause })
  }
}

const tooLarge = (what: string): SottoError => SottoError.of('call/too-large', what)
