/** The process of honest clients. */
import { createConnection } from 'node:net'
import {
  client,
  initiate,
  type PeerId,
  parseIdentity,
  type Session,
  SottoError,
  type Transport,
} from '../../src/index.js'
import { fromDuplex } from '../../src/node.js'
import { Load, open } from './load.js'
import { answering } from './talk.js'

export interface Whom {
  readonly secret: string
  readonly peer: PeerId
  readonly port: number
  /** Where they come from, in turns. */
  readonly addresses: readonly string[]
}

export interface Pace extends Whom {
  readonly everyMs: number
  /** At most; fewer if `stop` is asked. */
  readonly count: number
}

/** How handshakes went: when each that came to a session began and how long it took, in ms; and the codes of the others. */
export interface Handshakes {
  readonly times: readonly (readonly [at: number, ms: number])[]
  readonly failed: Readonly<Record<string, number>>
}

/** How many sessions, and calls of them, came to something. */
export interface Held {
  readonly sessions: number
  readonly calls: number
  readonly ms: number
}

let turn = 0

const connect = ({ port, addresses }: Whom): Promise<Transport> =>
  new Promise((resolve, reject) => {
    const localAddress = addresses[turn++ % addresses.length] ?? '127.0.0.1'
    const socket = createConnection({ port, host: '127.0.0.1', localAddress, noDelay: true, allowHalfOpen: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(fromDuplex(socket))
    })
  })

const dial = async (whom: Whom): Promise<Session<typeof Load>> => {
  const identity = parseIdentity(whom.secret)
  return initiate(await connect(whom), { identity, peer: whom.peer, policy: open, use: [Load] })
}

const until = (at: number) => new Promise((resolve) => setTimeout(resolve, at - performance.now()))

let going = false

/** Begins a handshake each `everyMs`, whether the last is done or not. */
const handshakes = async ({ everyMs, count, ...whom }: Pace): Promise<Handshakes> => {
  going = true
  const start = performance.now()
  const times: (readonly [number, number])[] = []
  const failed: Record<string, number> = {}
  const attempt = async (): Promise<void> => {
    const at = performance.now()
    try {
      const session = await dial(whom)
      times.push([at - start, performance.now() - at])
      await client(session, Load).echo(Uint8Array.of(1))
      await session.close()
    } catch (error) {
      const code = error instanceof SottoError ? error.code : String(error)
      failed[code] = (failed[code] ?? 0) + 1
    }
  }
  const all: Promise<void>[] = []
  for (let i = 0; i < count && going; i++) {
    all.push(attempt())
    await until(start + (i + 1) * everyMs)
  }
  await Promise.all(all)
  return { times, failed }
}

/** Opens sessions, a few at a time, then has every one of them make `calls` calls at once, and closes them. */
const hold = async ({ count, calls, ...whom }: Whom & { count: number; calls: number }): Promise<Held> => {
  const start = performance.now()
  const sessions: Session<typeof Load>[] = []
  while (sessions.length < count)
    sessions.push(
      ...(await Promise.all(Array.from({ length: Math.min(16, count - sessions.length) }, () => dial(whom)))),
    )
  const body = new Uint8Array(512).fill(7)
  const answers = await Promise.all(
    sessions.flatMap((session) => Array.from({ length: calls }, () => client(session, Load).echo(body))),
  )
  const ms = performance.now() - start
  await Promise.all(sessions.map((session) => session.close()))
  return { sessions: sessions.length, calls: answers.filter((answer) => answer.length === body.length).length, ms }
}

/** The packets 1 and 3 of a session, in hex. */
const record = async (whom: Whom): Promise<{ first: string; third: string }> => {
  const transport = await connect(whom)
  const written: string[] = []
  const recording: Transport = {
    write: (bytes) => {
      written.push(Buffer.from(bytes).toString('hex'))
      return transport.write(bytes)
    },
    close: () => transport.close(),
    abort: (reason) => transport.abort(reason),
    [Symbol.asyncIterator]: () => transport[Symbol.asyncIterator](),
  }
  const identity = parseIdentity(whom.secret)
  const session = await initiate(recording, { identity, peer: whom.peer, policy: open, use: [Load] })
  session.abort()
  const [first = '', third = ''] = written
  return { first, third }
}

const stop = (): void => {
  going = false
}

answering({ handshakes, hold, record, stop })
