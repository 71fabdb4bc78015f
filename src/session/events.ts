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

/** What the engine tells the edge, in order. */
export type EngineEvent =
  | { readonly is: 'established'; readonly established: Established }
  /** To be dispatched; its credit goes back by `consumed` when a handler takes it. */
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
  /** An own exchange ended without a reply. */
  | { readonly is: 'fault'; readonly exchange: Exchange; readonly error: SottoError }
  /** A message that had to wait for credit is taken. */
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
