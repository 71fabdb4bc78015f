import { type Endpoint, serveEndpoint } from '../transport/sockets.node.js'
import { type Host, host } from './host.js'
import type { HostOptions } from './options.js'
import { onAbort } from './signals.js'

/** A host with an address. */
export interface Listener extends Host {
  /** Where it listens, with the real port. */
  readonly endpoint: Endpoint
}

/**
 * Listens at `endpoint` and answers the peers in `options.trust`. When `options.signal` aborts it stops listening, and its
 * sessions are aborted.
 *
 * @throws transport/failed if the address cannot be had; RangeError, policy/malformed, identity/malformed on options
 */
export const listen = async (endpoint: Endpoint, options: HostOptions): Promise<Listener> => {
  const answering = host(options)
  const { signal } = options
  try {
    const server = await serveEndpoint(endpoint, (transport, source) => {
      // The host keeps what failed in `failures`.
      answering.accept(transport, { source }).catch(() => undefined)
    })
    const deaf = onAbort(signal, () => void server.close())
    const stop = (): Promise<void> => {
      deaf()
      return server.close()
    }
    if (signal?.aborted === true) await stop()
    const close = async (): Promise<void> => {
      await Promise.all([stop(), answering.close()])
    }
    const drain: Host['drain'] = async (drainOptions) => {
      await Promise.all([stop(), answering.drain(drainOptions)])
    }
    return Object.freeze({
      endpoint: server.endpoint,
      sessions: answering.sessions,
      failures: answering.failures,
      accept: answering.accept.bind(answering),
      drain,
      close,
      [Symbol.asyncDispose]: close,
    })
  } catch (error) {
    await answering.close()
    throw error
  }
}
