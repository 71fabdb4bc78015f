import { createServer, type Server, type Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import { BROKEN } from '../kit/broken.js'
import { Shim } from '../kit/shim.js'
import { Lines } from '../kit/shimlines.js'
import { type Command, EXIT, type Exit, type Terminal } from './command.js'
import { printable } from './printable.js'

/** CL-50, CL-51, CL-52: the shim of spec/conformance.md over standard input and output, or one connection. */
export const shim: Command = {
  usage: 'shim [--listen tcp:HOST:PORT|unix:PATH] [--broken NAME]',
  summary: 'Is driven by a conformance kit, in lines on standard input and output.',
  options: { listen: { type: 'string' }, broken: { type: 'string' } },
  run: async ({ values: { listen, broken = 'nothing' }, positionals }, terminal) => {
    const wrong = typeof broken === 'string' && Object.hasOwn(WRONGS, broken) ? WRONGS[broken] : undefined
    if (positionals.length > 0) return EXIT.usage
    if (wrong === undefined) {
      terminal.error(`sotto shim: expected --broken of ${Object.keys(BROKEN).join(', ')}`)
      return EXIT.usage
    }
    if (listen === undefined) return await driven(process.stdin, process.stdout, terminal, wrong)
    const place = typeof listen === 'string' ? placeOf(listen) : undefined
    if (place === undefined) {
      terminal.error('sotto shim: expected --listen of unix:PATH, or tcp:HOST:PORT of this machine alone')
      return EXIT.usage
    }
    const socket = await taken(place, terminal)
    return socket === undefined ? EXIT.failed : await driven(socket, socket, terminal, wrong)
  },
}

const WRONGS: typeof BROKEN = { nothing: {}, ...BROKEN }

/** Until `exit`, the end of the input, or a line that is none. */
const driven = (
  input: Readable,
  output: Writable,
  terminal: Terminal,
  broken: (typeof BROKEN)[string],
): Promise<Exit> =>
  new Promise((resolve) => {
    const over = (error?: Error): void => {
      input.removeAllListeners('data')
      // What was said before goes out; of a socket this is the end of it too.
      if (output !== process.stdout) output.end()
      input.destroy()
      // It may quote what came.
      if (error !== undefined) terminal.error(printable(`sotto shim: ${error.message}`))
      resolve(error === undefined ? EXIT.ok : EXIT.failed)
    }
    // Who does not read what is said is not listened to either.
    const say = (line: string): void => {
      if (output.write(`${line}\n`) || input.isPaused()) return
      input.pause()
      output.once('drain', () => input.resume())
    }
    const shim = new Shim({ line: say, over }, broken)
    const lines = new Lines()
    const guarded = (act: () => void): void => {
      try {
        act()
      } catch (error) {
        // Of what came and is no line; whoever wrote it is told, and no more is read.
        shim.fail(error)
      }
    }
    input.on('data', (bytes: Uint8Array) =>
      guarded(() => {
        for (const line of lines.take(bytes)) shim.take(line)
      }),
    )
    input.on('end', () =>
      guarded(() => {
        lines.end()
        shim.end()
      }),
    )
    input.on('error', (error) => shim.end(error))
    output.on('error', (error) => shim.end(error))
  })

type Place = { readonly path: string } | { readonly host: string; readonly port: number }

const LOOPBACK: readonly string[] = ['127.0.0.1', '::1', 'localhost']

/** Undefined for what is no place, or one that other machines could reach. */
const placeOf = (text: string): Place | undefined => {
  if (text.startsWith('unix:') && text.length > 5) return { path: text.slice(5) }
  const [, host = '', port = ''] = /^tcp:(.+):([0-9]{1,5})$/.exec(text) ?? []
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  return LOOPBACK.includes(bare) && Number(port) < 65_536 ? { host: bare, port: Number(port) } : undefined
}

/** The first connection; there is no second. */
const taken = (place: Place, terminal: Terminal): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const server: Server = createServer((socket) => {
      server.close()
      resolve(socket)
    })
    server.on('error', (error) => {
      terminal.error(`sotto shim: ${error.message}`)
      resolve(undefined)
    })
    server.maxConnections = 1
    server.listen(place, () => terminal.error(`listening on ${placeText(server)}`))
  })

const placeText = (server: Server): string => {
  const address = server.address()
  if (typeof address === 'string' || address === null) return `unix:${address ?? ''}`
  return `tcp:${address.address}:${address.port}`
}
