import { type Endpoint, serveEndpoint } from '../transport/sockets.node.js'
import { type Host, host } from './host.js'
import type { HostOptions } from './options.js'

/** A host with an address. */
export interface Listener extends Host {
  /** Where it listens, with the real port. */
  readonly endpoint: Endpoint
}

/**
 * Listens at `endpoint` and answers the peers in `options.trust`.
 * @throws transport/failed if the address cannot be had; RangeError, policy/malformed, identity/malformed on options
 */
export const listen = async (endpoint: Endpoint, options: HostOptions): Promise<Listener> => {
  const answering = host(options)
  const server = await serveEndpoint(endpoint, (transport, source) => {
    // The host keeps what failed in `failures`.
    answering.accept(transport, { source }).catch(() => undefined)
  })
  const close = async (): Promise<void> => {
    await Promise.all([server.close(), answering.close()])
  }
  const drain: Host['drain'] = async (drainOptions) => {
    await Promise.all([server.close(), answering.drain(drainOptions)])
  }
  options.signal?.addEventListener('abort', () => void close(), { once: true })
  return Object.freeze({
    endpoint: server.endpoint,
    sessions: answering.sessions,
    failures: answering.failures,
    accept: answering.accept.bind(answering),
    drain,
    close,
    [Symbol.asyncDispose]: close,
  })
}
