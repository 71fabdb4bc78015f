import type { Contract } from '../contract/define.js'
import { connect, type Endpoint } from '../transport/sockets.node.js'
import { Dialler } from './dialler.js'
import { type EndpointOptions, optionsFor } from './options.js'
import type { Session } from './session.js'

/**
 * Connects to `endpoint` and opens a session there with the peer that `options.peer` names and no other. The time for the
 * handshake includes the connecting (LI-1).
 *
 * @throws transport/failed if there is no connection, and as `initiate`
 */
export const dial = async <const U extends Contract = never>(
  endpoint: Endpoint,
  options: EndpointOptions<U>,
): Promise<Session<U>> => new Dialler(optionsFor(endpoint, options)).dial((signal) => connect(endpoint, signal))
