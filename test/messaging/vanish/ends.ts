import * as z from 'zod'
import {
  bytes,
  type Client,
  client,
  contract,
  type ErrorCode,
  type Handlers,
  type Host,
  host,
  initiate,
  oneWay,
  type Policy,
  queue,
  requestResponse,
  type ServeOptions,
  type Service,
  type Session,
  serve,
  stream,
  topic,
} from '../../../src/index.js'
import { alice, bob } from '../../link/sessions.js'
import { Cable } from './cable.js'
import type { Watch } from './watch.js'

const Asked = z.object({ id: z.number(), text: z.string() })
const Step = z.object({ id: z.number(), key: z.string() })

/** What both ends serve and use. `hang`, `hold`, `drip`, `deaf` and `stay` have handlers that end when they are told to. */
export const Ward = contract(
  'ward.v1',
  {
    ask: requestResponse({ request: Asked, response: z.string(), idempotent: true }),
    once: requestResponse({ request: Asked, response: z.string() }),
    hang: requestResponse({ request: Asked }),
    back: requestResponse({ request: Asked, response: z.string() }),
    tell: oneWay(Asked),
    hold: oneWay(Asked),
    down: stream({ request: Asked, down: z.number() }),
    drip: stream({ request: Asked, down: z.number() }),
    both: stream({ request: Asked, up: z.string(), down: z.string() }),
    keep: stream({ request: Asked, up: bytes }),
    deaf: stream({ request: Asked, up: bytes }),
    fetch: stream({ request: Asked, down: bytes }),
    news: topic(z.string(), { subject: '{room}', retain: true }),
    lines: topic(z.string()),
    jobs: queue(z.string(), { leaseMs: 5_000, maxDeliveries: 1_000, backoffMs: 100, backoffCapMs: 100 }),
    enter: requestResponse({ request: Step, response: z.string() }),
    walk: requestResponse({ request: Step, response: z.string() }),
    stay: requestResponse({ request: Step }),
    shout: oneWay(Step),
    leave: requestResponse({ request: Step, response: z.string() }),
  },
  {
    key: 'key',
    states: {
      start: { enter: 'inside' },
      inside: { walk: 'inside', stay: 'inside', shout: 'inside', leave: 'end' },
    },
  },
)

/** Of a message of any kind. */
const VERBS = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'] as const

export const all: Policy = {
  version: 1,
  rules: [
    { id: 'all', effect: 'allow', by: ['any'], verbs: VERBS, on: ['>'] },
    {
      id: 'quiet',
      effect: 'deny',
      by: ['any'],
      verbs: VERBS,
      on: ['>'],
      when: [{ attribute: 'label.denied', is: 'present' }],
    },
  ],
}

/** What an act meets when its session ends before it or under it. */
export const ENDED: readonly ErrorCode[] = ['session/lost', 'session/closed']
/** What a session ends with when its peer vanishes, and what the last bytes of one that closes may meet. */
export const CUT: readonly ErrorCode[] = ['channel/truncated', 'session/timeout', 'session/lost', 'session/closed']

/** What a handler that ends when it is told to is told; of a one-way message why the session ended, as nobody cancels it. */
const TOLD: readonly ErrorCode[] = ['session/lost', 'call/cancelled', 'call/deadline']

/** The client of the other end. */
const backOf = (session: Session): Client<typeof Ward> =>
  // The cast: both ends use the contract.
  client(session as Session<typeof Ward>, Ward)

const handlersOf = (watch: Watch, next: () => number): Handlers<typeof Ward> => {
  const told = (what: string, signal: AbortSignal, codes = TOLD): Promise<never> =>
    watch.settles(
      `the handler of ${what}`,
      new Promise<never>((_, reject) => {
        const end = (): void => reject(signal.reason)
        if (signal.aborted) end()
        else signal.addEventListener('abort', end)
      }),
      codes,
    )
  return {
    ask: ({ id, text }) => {
      watch.ran(id)
      return text
    },
    once: async ({ id, text }) => {
      watch.ran(id)
      await Promise.resolve()
      return text
    },
    hang: ({ id }, { signal }) => {
      watch.ran(id)
      return told('hang', signal)
    },
    back: async ({ id, text }, { session, signal }) => {
      watch.ran(id)
      const nested = next()
      const asked = backOf(session).ask({ id: nested, text }, { signal })
      return watch.settles('a nested call', asked, [...ENDED, 'call/cancelled'], nested)
    },
    tell: ({ id }) => watch.ran(id),
    hold: ({ id }, { signal }) => {
      watch.ran(id)
      return told('hold', signal, CUT)
    },
    async *down({ id }) {
      watch.ran(id)
      for (let n = 0; n < 5; n++) yield n
    },
    async *drip({ id }, { signal }) {
      watch.ran(id)
      yield 1
      await told('drip', signal)
    },
    both: ({ id }, { up }) => {
      watch.ran(id)
      return up
    },
    keep: async ({ id }, { up }) => {
      watch.ran(id)
      const reading = (async () => {
        for await (const chunk of up) void chunk
      })()
      await watch.settles('the handler of keep', reading, TOLD)
    },
    deaf: ({ id }, { signal }) => {
      watch.ran(id)
      return told('deaf', signal)
    },
    fetch: ({ id }) => {
      watch.ran(id)
      const chunk = new Uint8Array(50_000)
      return (async function* () {
        for (let n = 0; n < 8; n++) yield chunk
      })()
    },
    enter: ({ id, key }) => {
      watch.ran(id)
      return key
    },
    walk: async ({ id, key }) => {
      watch.ran(id)
      await Promise.resolve()
      return key
    },
    stay: ({ id }, { signal }) => {
      watch.ran(id)
      return told('stay', signal)
    },
    shout: ({ id }) => watch.ran(id),
    leave: ({ id, key }) => {
      watch.ran(id)
      return key
    },
  }
}

/** Two ends over a cable, each with a service. */
export interface Ends {
  readonly watch: Watch
  readonly cable: Cable
  readonly host: Host
  readonly near: Session<typeof Ward>
  readonly far: Session
  /** What Alice asks of Bob, and Bob of Alice. */
  readonly out: Client<typeof Ward>
  readonly in: Client<typeof Ward>
  /** The topics and queues of Bob's service, and what he sees of the queues. */
  readonly local: Service<typeof Ward>['local']
  readonly queues: Service<typeof Ward>['queues']
  /** A number that no other request has. */
  readonly next: () => number
}

export interface Setting extends Pick<ServeOptions, 'concurrency' | 'around'> {
  /** Of both ends. */
  readonly limits?: Readonly<Record<string, number>>
}

export const PROTOCOL = { pq: 'off', keepalive: { everyMs: 300, idleMs: 1_000 } } as const

/** The host of Bob, and how Alice gets a session with it. */
export const hosting = (watch: Watch, { limits = {}, concurrency, around }: Setting) => {
  const options = { ...(concurrency && { concurrency }), ...(around && { around }) }
  let last = 0
  const next = (): number => ++last
  const failed = (): void => undefined
  const ward = serve(Ward, { failed, ...options }, handlersOf(watch, next))
  const protocol = { ...PROTOCOL, limits }
  const answering = host({ identity: bob, trust: [alice.id], policy: all, serve: [ward], use: [Ward], protocol })
  const own = serve(Ward, { failed }, handlersOf(watch, next))
  const dialling = { identity: alice, peer: bob.id, policy: all, use: [Ward], serve: [own], protocol }
  const meet = async (cable = new Cable()): Promise<Ends> => {
    const [near, far] = await Promise.all([initiate(cable.left, dialling), answering.accept(cable.right)])
    const clients = { out: client(near, Ward), in: backOf(far), local: ward.local, queues: ward.queues }
    return { watch, cable, host: answering, near, far, ...clients, next }
  }
  return { answering, dialling, meet, next }
}
