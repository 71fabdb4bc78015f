import {
  client,
  type DialOptions,
  fromPort,
  fromWebSocket,
  generateIdentity,
  initiate,
  type PeerId,
  type Session,
  SottoError,
  serve,
  type Transport,
} from 'sotto'
import { watch } from '../../examples/board.js'
import { kitchen } from '../../examples/page.js'
import { Desk, Window } from './contracts.js'
import type { Met } from './desk.js'

// What the tests call in the page. It answers with values, for an error does not cross.

const identity = generateIdentity()

/** How one visit to a desk went, as the page saw it. */
export interface Visit {
  readonly suite: string
  readonly greeting: string
  readonly echoed: boolean
  readonly refused: string
  readonly misshapen: string
  readonly closed: string
}

/** What a worker tells of a session when it is over. */
interface Told {
  readonly met: Met
  readonly closed: string
}

const page = {
  id: identity.id,

  /** The whole of a session over a WebSocket. */
  visit: async (url: string, peer: PeerId): Promise<Visit> =>
    visit(await meet(fromWebSocket(new WebSocket(url)), peer)),

  /** The same with a worker, over a channel of its own. */
  visitWorker: async (): Promise<{ readonly visit: Visit; readonly told: Told }> => {
    const { worker, session } = await meetWorker()
    const told = answer<Told>(worker)
    const done = { visit: await visit(session), told: await told }
    worker.terminate()
    return done
  },

  /** How a call ends to a worker that is stopped, of which its port says nothing. */
  stopWorker: async (): Promise<string> => {
    const { worker, session } = await meetWorker({ keepalive: { everyMs: 200, idleMs: 1_000 } })
    worker.terminate()
    return codeOf(client(session, Desk).greet({ name: 'page' }))
  },

  /** The code an attempt fails with. */
  attempt: (url: string, peer: PeerId): Promise<string> =>
    codeOf(meet(fromWebSocket(new WebSocket(url)), peer).then((session) => session.close())),

  /** How a session ends that the other end, or what lies between, ends. */
  wait: async (url: string, peer: PeerId): Promise<string> =>
    closing(await meet(fromWebSocket(new WebSocket(url)), peer)),

  /** The examples of the README. */
  kitchen: (url: string, peer: PeerId): Promise<number> => kitchen(url, peer, identity),

  /** What is shown until `last` is, and how it ends when it is then given up. */
  watch: async (url: string, peer: PeerId, last: number): Promise<{ shown: string[]; end: string }> => {
    const stop = new AbortController()
    const shown: string[] = []
    const show = (sensor: string, celsius: number): void => {
      shown.push(`${sensor} ${celsius}`)
      document.title = shown.join(', ')
      if (celsius === last) stop.abort()
    }
    const end = await codeOf(watch(url, peer, identity, show, stop.signal))
    return { shown, end }
  },
}

declare global {
  var sottoPage: typeof page
}
globalThis.sottoPage = page

const meet = (transport: Transport, peer: PeerId, protocol: Knobs = {}): Promise<Session<typeof Desk>> =>
  initiate(transport, {
    identity,
    peer,
    protocol,
    use: [Desk],
    serve: [serve(Window, { title: () => document.title })],
    policy: {
      version: 1,
      rules: [{ id: 'title', effect: 'allow', by: [peer], verbs: ['call'], on: ['window.v1.title'] }],
    },
  })

type Knobs = NonNullable<DialOptions['protocol']>

interface Working {
  readonly worker: Worker
  readonly session: Session<typeof Desk>
}

const meetWorker = async (protocol?: Knobs): Promise<Working> => {
  const worker = new Worker('/worker.js', { type: 'module' })
  const { port1, port2 } = new MessageChannel()
  const peer = answer<PeerId>(worker)
  worker.postMessage({ trust: identity.id, port: port2 }, [port2])
  return { worker, session: await meet(fromPort(port1), await peer, protocol) }
}

const visit = async (session: Session<typeof Desk>): Promise<Visit> => {
  const calls = client(session, Desk)
  const sent = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251)
  const echo = await calls.echo(sent)
  const done = {
    suite: session.suite,
    greeting: await calls.greet({ name: 'page' }),
    echoed: echo.length === sent.length && echo.every((byte, i) => byte === sent[i]),
    refused: await codeOf(calls.wipe()),
    misshapen: await codeOf(calls.greet({ name: 'a name of more than twenty' })),
  }
  await session.close()
  return { ...done, closed: await closing(session) }
}

const closing = async (session: Session): Promise<string> => {
  const closed = await session.closed
  return closed.clean ? 'clean' : closed.error.code
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof SottoError ? error.code : String(error)),
  )

/** The next message of a worker of ours. */
const answer = <T>(worker: Worker): Promise<T> =>
  new Promise((resolve, reject) => {
    worker.addEventListener('message', ({ data }) => resolve(data), { once: true })
    worker.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true })
  })
