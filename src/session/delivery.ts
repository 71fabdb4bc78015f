import type { Wire } from '../cbor.js'
import { type Route, routeAt } from './agreement.js'

/** A message on its way to a subscription or a consumer of the peer. */
export interface Delivery {
  /** Of the message: without `*`. */
  readonly subject: string
  /** One CBOR item, as it goes out; borrowed until it is framed, and for as many as have it. */
  readonly item: Uint8Array
  /** Size of the message itself, and the message, for rules that read of it. */
  readonly bytes: number
  readonly content: () => Wire | undefined
}

/** What was delivered is at an address of its own: what stands may have `*` in its. */
export const addressOf = (route: Route, { subject }: Delivery): string =>
  routeAt(route, subject, false)?.address ?? `${route.contract}.${route.row.name}.${subject}`
