import type { Wire } from '../cbor.js'
import { keyIn } from '../contract/flow.js'
import type { Peer } from '../identity/peer.js'
import type { Route } from './agreement.js'
import type { Conversations, Misstep, Peeked, Step } from './conversations.js'

/** The conversations that the services of a side hold, by contract. */
export type ConversationsOf = ReadonlyMap<string, Conversations>

/** A message of a conversation, before rules have read the state of it. */
export interface Stepping extends Peeked {
  /** Once they have let it in. */
  enter(): Step | Misstep
}

/** SE-153: where a message is in its conversation; undefined if it does not say which. Only for a row that a flow names: no other is a step (CV-7). */
export const stepping = (
  conversations: ConversationsOf,
  route: Route,
  { value, peer, nowMs }: { readonly value: Wire | undefined; readonly peer: Peer; readonly nowMs: number },
): Stepping | undefined => {
  const held = conversations.get(route.contract)
  // Nothing of a flow may run where nobody knows its states.
  if (held === undefined) throw new RangeError(`expected somebody who keeps the conversations of ${route.contract}`)
  const key = keyIn(keyOf(route), value)
  if (key === undefined) return undefined
  return { ...held.peek(route, peer, key, nowMs), enter: () => held.enter(route, peer, key, nowMs) }
}

/** The field that says which. */
export const keyOf = ({ row }: Route): string => row.flow?.key ?? ''
