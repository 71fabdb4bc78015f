import type { Contract } from '../contract/define.js'
import { connect, type Endpoint, parseEndpoint } from '../transport/sockets.node.js'
import type { Link, Retry } from './link.js'
import { linkOver } from './linkover.js'
import { type EndpointOptions, optionsFor } from './options.js'

/**
 * Keeps a session with the peer that `options.peer` names at `endpoint`: one after another, each dialled as by `dial`.
 *
 * @throws TypeError or RangeError if `endpoint` is malformed, and as `linkOver`
 */
export const link = <const U extends Contract = never>(
  endpoint: Endpoint,
  options: EndpointOptions<U>,
  retry?: Retry,
): Link<U> => {
  parseEndpoint(endpoint)
  return linkOver((signal) => connect(endpoint, signal), optionsFor(endpoint, options), retry)
}
