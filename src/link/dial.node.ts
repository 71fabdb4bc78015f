import type { Contract } from '../contract/define.js'
import { SottoError } from '../errors.js'
import { connect, type Endpoint } from '../transport/sockets.node.js'
import type { Transport } from '../transport/transport.js'
import { prepare } from './initiate.js'
import { type DialOptions, HANDSHAKE_MS } from './options.js'
import type { Session } from './session.js'
import { onAbort } from './signals.js'

/**
 * Connects to `endpoint` and opens a session there with the peer that `options.peer` names and no other. The time for the
 * handshake includes the connecting (LI-1).
 *
 * @throws transport/failed if there is no connection, and as `initiate`
 */
export const dial = async <const U extends Contract = never>(
  endpoint: Endpoint,
  options: DialOptions<U>,
): Promise<Session<U>> => {
  const start = prepare(options)
  return start(await connected(endpoint, options))
}

const connected = async (endpoint: Endpoint, { signal, protocol }: DialOptions): Promise<Transport> => {
  const limitMs = protocol?.handshakeMs ?? HANDSHAKE_MS
  const stop = new AbortController()
  const late = SottoError.of('session/timeout', `no connection to ${endpoint} after ${limitMs} ms`)
  const closed = (): SottoError =>
    SottoError.of('session/closed', 'given up while connecting', { cause: signal?.reason })
  const giveUp = (): void => stop.abort(closed())
  const deaf = onAbort(signal, giveUp)
  const timer = setTimeout(() => stop.abort(late), limitMs)
  if (signal?.aborted === true) giveUp()
  try {
    return await connect(endpoint, stop.signal)
  } catch (error) {
    throw stop.signal.aborted ? stop.signal.reason : error
  } finally {
    clearTimeout(timer)
    deaf()
  }
}
