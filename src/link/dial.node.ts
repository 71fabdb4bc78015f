import type { Contract } from '../contract/define.js'
import { parsePeerId } from '../identity/id.js'
import { connect, type Endpoint } from '../transport/sockets.node.js'
import { initiate } from './initiate.js'
import type { DialOptions } from './options.js'
import type { Session } from './session.js'

/**
 * Connects to `endpoint` and opens a session there with the peer that `options.peer` names and no other.
 * @throws transport/failed if there is no connection, and as `initiate`
 */
export const dial = async <const U extends Contract = never>(
  endpoint: Endpoint,
  options: DialOptions<U>,
): Promise<Session<U>> => {
  parsePeerId(options.peer)
  return initiate(await connect(endpoint, options.signal), options)
}
