import type { Wire } from '../cbor.js'
import type { Verb } from '../contract/kinds.js'
import type { SottoError } from '../errors.js'
import type { Peer } from '../identity/peer.js'
import type { Established } from './established.js'
import type { Exchange } from './exchange.js'
import type { Labels } from './frames.js'
import type { Admitted, Denial } from './gate.js'

interface Refused {
  readonly verb: Verb
  readonly address: string
  readonly decision: string
}

interface Item {
  readonly is: 'item'
  readonly exchange: Exchange
  /** Of one that was asked for; undefined for a chunk, and for what was granted with the own request. */
  readonly admitted: Admitted | undefined
  /** As the decision id has it. */
  readonly index: number
  /** Bytes are a copy. */
  readonly value: Wire
  readonly charge: number
  readonly held: number
  /** Credit of the session that was given back early, and credit of the exchange. */
  readonly early: number
  readonly own: number
}

/** What the engine tells the edge, in order. */
export type EngineEvent =
  | { readonly is: 'established'; readonly established: Established }
  /** To be dispatched if it `stands` then; its credit goes back by `consumed` when a handler takes it. */
  | {
      readonly is: 'message'
      readonly exchange: Exchange
      readonly admitted: Admitted
      readonly value: Wire | undefined
      readonly labels: Labels
      readonly charge: number
      readonly held: number
    }
  | { readonly is: 'reply'; readonly exchange: Exchange; readonly value: Wire | undefined }
  /** One of a stream, in order; to be read if it `stands` then, when its credit goes back by `consumed`. */
  | Item
  /** The peer sends no more in a stream: it has ended its direction, or cut it short with `error`. */
  | { readonly is: 'ended'; readonly exchange: Exchange; readonly error: SottoError | undefined }
  /** The peer takes no more in a stream. */
  | { readonly is: 'stopped'; readonly exchange: Exchange; readonly error: SottoError }
  /** Both directions of a stream are over. */
  | { readonly is: 'over'; readonly exchange: Exchange }
  /** An own exchange ended without a reply. */
  | { readonly is: 'fault'; readonly exchange: Exchange; readonly error: SottoError }
  /** A message that had to wait for credit is taken; a stream has room again. */
  | { readonly is: 'taken'; readonly exchange: Exchange }
  /** The peer's exchange is not wanted any more: its handler's signal aborts. */
  | { readonly is: 'cancelled'; readonly exchange: Exchange; readonly error: SottoError }
  /** The policy here refused a message of the peer; no handler sees it. */
  | { readonly is: 'denied'; readonly denial: Refused & Omit<Denial, 'effect' | 'id'> }
  /** The peer refused a one-way message. */
  | ({ readonly is: 'refused' } & Refused)
  | { readonly is: 'pong'; readonly count: number }
  /** The peer has shown a credential that goes on longer: this is who it is from now on. */
  | { readonly is: 'renewed'; readonly peer: Peer }
  /** The peer takes nothing new any more. */
  | { readonly is: 'draining' }
  /** The last event. */
  | { readonly is: 'closed'; readonly error: SottoError | undefined }
