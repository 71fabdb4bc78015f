import type { Contract } from '../contract/define.js'
import type { Transport } from '../transport/transport.js'
import { Dialler } from './dialler.js'
import type { DialOptions } from './options.js'
import { free } from './pump.js'
import type { Session } from './session.js'

/**
 * Opens a session over `transport`, which it takes over, with the peer that `options.peer` names and no other.
 *
 * @throws identity/mismatch before our identity is shown; identity/not-trusted, contract/unserved, contract/changed,
 * policy/denied as the peer says; session/timeout after 10 s; session/lost if the transport ends; session/closed if
 * `options.signal` aborts; identity/malformed, policy/malformed, RangeError on options
 */
export const initiate = async <const U extends Contract = never>(
  transport: Transport,
  options: DialOptions<U>,
): Promise<Session<U>> => {
  try {
    return await new Dialler(options).over(transport)
  } catch (error) {
    // It was taken over, whatever failed; after a failed handshake this does nothing.
    free(transport, error)
    throw error
  }
}
