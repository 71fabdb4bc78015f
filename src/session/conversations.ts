import type { Peer } from '../identity/peer.js'
import type { Route } from './agreement.js'

/**
 * The conversations that the services of this end hold, as the engine asks of them: synchronous, and outliving sessions. An instance
 * is (contract, peer, key).
 */
export interface Conversations {
  peek(route: Route, peer: Peer, key: string, nowMs: number): Peeked
  /** Takes a place behind the steps that wait; or says what could have come. */
  enter(route: Route, peer: Peer, key: string, nowMs: number): Step | Misstep
}

/** What is found of a conversation before a step takes a place in it. */
export interface Peeked {
  /** Where the instance is once every step before has had its turn, if all of them commit: what rules read as `state`. */
  readonly state: string
  /** Whether `enter` would give a step now. */
  readonly mayCome: boolean
}

/** A message of a conversation that was let in and has not had its outcome. */
export interface Step {
  readonly is: 'step'
  /** No handler will see it. Of one whose handler has begun, or that is over, it has no effect. */
  drop(): void
}

/** Refused with `flow/refused`. */
export interface Misstep {
  readonly is: 'misstep'
  readonly state: string
  readonly expected: readonly string[]
}
