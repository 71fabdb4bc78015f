import { createConnection, createServer, isIPv6, type ListenOptions, type Server, type Socket } from 'node:net'
import process from 'node:process'
import { SottoError } from '../errors.js'
import { fromDuplex } from './duplex.node.js'
import { stdio } from './stdio.node.js'
import type { Transport } from './transport.js'
import { BACKLOG, listenUnix } from './unix.node.js'

/**
 * Where a transport leads: `unix:/run/t.sock`, `tcp:localhost:7000`, `tcp:[::1]:7000` or `stdio:`. `unix:@name` is an
 * abstract socket of Linux, which has no file and no mode: every process in its network namespace can connect.
 */
export type Endpoint = `unix:${string}` | `tcp:${string}:${number}` | `tcp:[${string}]:${number}` | 'stdio:'

/** What listens at an endpoint. */
export interface EndpointServer {
  /** As given, with the port the system chose in place of port 0. */
  readonly endpoint: Endpoint
  /** Takes no more connections and removes the file of a Unix socket. Transports handed out before go on. */
  close(): Promise<void>
}

type Place =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'abstract'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'stdio' }

/** What fits `sun_path` on every Unix, in bytes without the closing zero (TR-23). */
const MAX_PATH = 103

/** All of Linux's `sun_path`. Node 20 fills an abstract name up to it and later versions do not, so it is always done (TR-28). */
const ABSTRACT_LENGTH = 108

/** Sessions gather frames before they write, so the system gains nothing by waiting (TR-18, TR-27). */
const OPTIONS = { allowHalfOpen: true, noDelay: true } as const

/**
 * Opens a transport to `endpoint`. `signal` gives up waiting for it and has no effect on it afterwards.
 *
 * @throws transport/failed if nobody answers there, or with the signal's reason as cause
 * @throws TypeError or RangeError if `endpoint` is malformed
 */
export const connect = async (endpoint: Endpoint, signal?: AbortSignal): Promise<Transport> => {
  const place = parseEndpoint(endpoint)
  if (signal?.aborted) throw unreachable(endpoint, signal.reason)
  return place.kind === 'stdio' ? stdio() : connected(createConnection({ ...OPTIONS, ...place }), endpoint, signal)
}

/**
 * Listens at `endpoint` and hands each connection over with its source: the other end's address without its port,
 * `unix` or `stdio`. `stdio:` hands over its one transport before this resolves. A Unix socket is its owner's alone
 * (mode 0600) and replaces one that a dead process left. Unix sockets need the main thread.
 *
 * @throws transport/failed if it cannot listen there
 * @throws TypeError or RangeError if `endpoint` is malformed
 */
export const serveEndpoint = async (
  endpoint: Endpoint,
  onTransport: (transport: Transport, source: string) => void,
): Promise<EndpointServer> => {
  const place = parseEndpoint(endpoint)
  if (place.kind === 'stdio') {
    onTransport(stdio(), 'stdio')
    return { endpoint, close: () => Promise.resolve() }
  }
  const server = createServer(OPTIONS, (socket) => {
    const transport = fromDuplex(socket)
    const source = place.kind === 'tcp' ? socket.remoteAddress : 'unix'
    if (source === undefined) transport.abort(new Error('gone before it was accepted'))
    else onTransport(transport, source)
  })
  await (place.kind === 'unix' ? listenUnix(server, place.path) : listenAt(server, place, endpoint))
  // One connection found no file descriptor left and is gone; the next may find one.
  server.on('error', () => undefined)
  return {
    endpoint: actual(place, server),
    // Stops listening at once. Its callback would wait for the transports, which are no longer the server's (TR-22).
    close: async () => {
      server.close()
    },
  }
}

/** @internal Reads an endpoint strictly (TR-17). */
export const parseEndpoint = (endpoint: string): Place => {
  if (endpoint === 'stdio:') return { kind: 'stdio' }
  if (endpoint.startsWith('unix:')) return unixPlace(endpoint.slice('unix:'.length))
  const [, bracketed, name, digits] = /^tcp:(?:\[([^[\]]+)\]|([A-Za-z0-9._-]+)):(0|[1-9]\d{0,4})$/.exec(endpoint) ?? []
  const host = bracketed ?? name
  if (host === undefined || (bracketed !== undefined && !isIPv6(bracketed)))
    throw new TypeError(`expected unix:PATH, tcp:HOST:PORT, tcp:[IPV6]:PORT or stdio:, got ${endpoint}`)
  const port = Number(digits)
  if (port > 65_535) throw new RangeError(`expected a port of 0..65,535, got ${port}`)
  return { kind: 'tcp', host, port }
}

const unixPlace = (path: string): Place => {
  if (path === '' || path.includes('\0')) throw new TypeError('expected a path behind unix:')
  const length = Buffer.byteLength(path)
  if (length > MAX_PATH) throw new RangeError(`expected a path of at most ${MAX_PATH} bytes, got ${length}: ${path}`)
  return path.startsWith('@') ? abstractPlace(path.slice(1)) : { kind: 'unix', path }
}

/** Elsewhere than on Linux it would name a file (TR-29). */
const abstractPlace = (name: string): Place => {
  if (name === '') throw new TypeError('expected a name behind unix:@')
  if (process.platform !== 'linux')
    throw SottoError.of('transport/failed', `cannot use unix:@${name}: abstract sockets are of Linux alone`)
  return { kind: 'abstract', path: `\0${name}${'\0'.repeat(ABSTRACT_LENGTH - 1 - Buffer.byteLength(name))}` }
}

const connected = (socket: Socket, endpoint: Endpoint, signal: AbortSignal | undefined): Promise<Transport> =>
  new Promise((resolve, reject) => {
    // TR-25
    const settle = (): void => {
      signal?.removeEventListener('abort', onAbort)
      socket.off('connect', onConnect).off('error', onError)
    }
    const onConnect = (): void => {
      settle()
      resolve(fromDuplex(socket))
    }
    const onError = (cause: unknown): void => {
      settle()
      // What fails after this has nobody left to tell.
      socket.on('error', () => undefined).destroy()
      reject(unreachable(endpoint, cause))
    }
    const onAbort = (): void => onError(signal?.reason)
    signal?.addEventListener('abort', onAbort)
    socket.on('connect', onConnect).on('error', onError)
  })

const listenAt = (server: Server, where: ListenOptions, endpoint: Endpoint): Promise<void> =>
  new Promise((resolve, reject) => {
    const onError = (cause: Error): void =>
      reject(SottoError.of('transport/failed', `cannot listen at ${endpoint}: ${cause.message}`, { cause }))
    server.once('error', onError)
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', onError)
      resolve()
    })
  })

const actual = (place: Exclude<Place, { kind: 'stdio' }>, server: Server): Endpoint => {
  if (place.kind === 'unix') return `unix:${place.path}`
  if (place.kind === 'abstract') return `unix:@${place.path.replaceAll('\0', '')}`
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : place.port
  return isIPv6(place.host) ? `tcp:[${place.host}]:${port}` : `tcp:${place.host}:${port}`
}

/** TR-24 */
const unreachable = (endpoint: Endpoint, cause: unknown): SottoError<'transport/failed'> => {
  const why = cause instanceof Error ? cause.message : 'no reason given'
  return SottoError.of('transport/failed', `cannot connect to ${endpoint}: ${why}`, { cause })
}
