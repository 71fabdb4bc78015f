import type { Contract } from '../contract/define.js'
import { parsePeerId } from '../identity/id.js'
import { Engine } from '../session/engine.js'
import type { Transport } from '../transport/transport.js'
import { open } from './open.js'
import { type DialOptions, sideOf } from './options.js'
import { free, now } from './pump.js'
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
    return await prepare(options)(transport)
  } catch (error) {
    // It was taken over, whatever failed; after a failed handshake this does nothing.
    free(transport, error)
    throw error
  }
}

/** @internal An attempt whose time has begun: what cannot be is thrown before there is a transport. */
export const prepare = <U extends Contract>(
  options: DialOptions<U>,
): ((transport: Transport) => Promise<Session<U>>) => {
  // A misspelt id is the caller's mistake, and is known before a byte is sent.
  parsePeerId(options.peer)
  const time = now()
  const engine = Engine.initiate({ ...sideOf(options, time), expected: options.peer }, time)
  return (transport) => open(engine, transport, options, { signal: options.signal, opened: () => undefined })
}
