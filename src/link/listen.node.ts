import { isIP, isIPv6 } from 'node:net'
import { type Endpoint, serveEndpoint } from '../transport/sockets.node.js'
import type { Caps } from './caps.js'
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
export const listen = async (endpoint: Endpoint, options: HostOptions, caps?: Partial<Caps>): Promise<Listener> => {
  const answering = host(options, caps)
  const { signal } = options
  try {
    const server = await serveEndpoint(endpoint, (transport, address) => {
      // The host keeps what failed in `failures`.
      answering.accept(transport, { source: sourceOf(address) }).catch(() => undefined)
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
      renew: answering.renew.bind(answering),
      drain,
      close,
      [Symbol.asyncDispose]: close,
    })
  } catch (error) {
    await answering.close()
    throw error
  }
}

/**
 * @internal Whose budget a connection from `address` takes of: the address, of IPv6 the network of 64 bits that one machine
 * is given (LI-51), or nobody's where it is no address (LI-52).
 */
export const sourceOf = (address: string): string => {
  if (isIP(address) === 0) return ''
  const [bare = ''] = address.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined || !isIPv6(bare)) return mapped ?? bare
  const [head = '', tail] = bare.split('::')
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : [])
  const known = [
    ...groups(head),
    ...Array<string>(8 - groups(head).length - groups(tail).length).fill('0'),
    ...groups(tail),
  ]
  return `${known.slice(0, 4).join(':')}::/64`
}
