import type { Duplex } from '../../../src/index.js'
import { toWeb } from '../../../src/index.js'
import { toNode } from '../../../src/messaging/nodestream.node.js'
import { ENDED, type Ends, type Setting } from './ends.js'

/** Something that ends of a session do, which has to settle wherever the peer vanishes in it. */
export interface Act extends Setting {
  readonly run: (ends: Ends) => Promise<unknown>
  /** What the next session finds. */
  readonly after?: (ends: Ends) => Promise<unknown>
}

const small = 'x'
const large = 'x'.repeat(150_000)
const chunk = new Uint8Array(50_000)

export const drain = async (from: AsyncIterable<unknown>): Promise<void> => {
  for await (const item of from) void item
}

/** Everything that a stream promises has to settle. */
const watched = <U, D>({ watch }: Ends, what: string, duplex: Duplex<U, D>, id: number): Duplex<U, D> => {
  const ended = async (): Promise<void> => {
    const closed = await duplex.closed
    if (!closed.clean) throw closed.error
  }
  void watch.settles(what, ended(), [...ENDED, 'call/cancelled', 'call/deadline'], id).catch(() => undefined)
  return duplex
}

export const LEFT = [...ENDED, 'call/cancelled', 'call/deadline'] as const

const call = ({ watch, out, next }: Ends, text = small): Promise<string> => {
  const id = next()
  return watch.settles('a call', out.ask({ id, text }), ENDED, id)
}

const hang = ({ watch, out, next }: Ends, options = {}): Promise<void> => {
  const id = next()
  return watch.settles('a call that hangs', out.hang({ id, text: small }, { timeoutMs: 0, ...options }), LEFT, id)
}

/** What was begun and is not waited for. */
export const aside = (...promises: Promise<unknown>[]): void => {
  for (const promise of promises) promise.catch(() => undefined)
}

export const times = (count: number): number[] => [...Array(count).keys()]

export const ACTS: Readonly<Record<string, Act>> = {
  'a call': { run: call },
  'calls one after the other': {
    run: async (ends) => {
      for (const _ of times(3)) await call(ends)
    },
  },
  'calls at once, of handlers that wait': {
    run: ({ watch, out, next }) =>
      Promise.all(
        times(6).map(() => {
          const id = next()
          return watch.settles('a call', out.once({ id, text: small }), ENDED, id)
        }),
      ),
  },
  'a call in pieces, and its reply': { run: (ends) => call(ends, large) },
  'calls of handlers that hang': {
    run: async (ends) => {
      aside(...times(3).map(() => hang(ends)))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'calls that wait for a place': {
    limits: { exchanges: 2 },
    run: async (ends) => {
      aside(...times(6).map(() => hang(ends)))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'calls that wait for a handler': {
    concurrency: 1,
    run: async (ends) => {
      aside(...times(4).map(() => hang(ends)))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'calls with around': {
    around: async (_, next) => {
      await Promise.resolve()
      await next()
    },
    run: async (ends) => {
      aside(hang(ends))
      await call(ends)
    },
  },
  'a call that is given up': {
    run: async (ends) => {
      const giving = new AbortController()
      const call = hang(ends, { signal: giving.signal })
      aside(call)
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
      giving.abort()
      await call.catch(() => undefined)
      await ends.watch.settles('a ping', ends.near.ping({ timeoutMs: 60_000 }), ENDED)
    },
  },
  'a call with a deadline': {
    run: (ends) => hang(ends, { timeoutMs: 400 }).catch(() => undefined),
  },
  'calls both ways at once': {
    run: ({ watch, out, in: back, next }) =>
      Promise.all(
        [out, back, out, back].map((acts) => {
          const id = next()
          return watch.settles('a call', acts.ask({ id, text: small }), ENDED, id)
        }),
      ),
  },
  'a call that calls its caller back': {
    run: ({ watch, out, next }) => {
      const id = next()
      // It fails with its nested call, which the peer's end of the session may have lost first.
      return watch.settles('a call', out.back({ id, text: small }), [...ENDED, 'call/internal'], id)
    },
  },
  'one-way messages': {
    run: async ({ watch, out, next }) => {
      for (const _ of times(3)) {
        const id = next()
        await watch.settles('a message', out.tell({ id, text: small }), ENDED)
      }
    },
  },
  'a one-way message in pieces': {
    run: ({ watch, out, next }) => {
      const id = next()
      return watch.settles('a message', out.tell({ id, text: large }), ENDED, undefined)
    },
  },
  'one-way messages that wait for credit': {
    limits: { sessionWindow: 32_768 },
    run: async (ends) => {
      const { watch, out, next } = ends
      const text = 'x'.repeat(5_000)
      aside(
        ...times(12).map(() => {
          const id = next()
          return watch.settles('a message', out.hold({ id, text }), ENDED)
        }),
      )
      await watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'messages that are refused': {
    run: async ({ watch, out, near, far, next }) => {
      aside(watch.settles('refusals', drain(near.refusals)), watch.settles('denials', drain(far.denials)))
      const denied = { labels: { denied: 'yes' } }
      await watch.settles('a message', out.tell({ id: next(), text: small }, denied), ENDED)
      const id = next()
      const call = watch.settles('a call', out.ask({ id, text: small }, denied), [...ENDED, 'policy/denied'], id)
      await call.catch(() => undefined)
    },
  },
  'items that come down': {
    run: async (ends) => {
      const id = ends.next()
      const down = watched(ends, 'a stream', ends.out.down({ id, text: small }), id)
      await ends.watch.settles('its reader', drain(down), LEFT)
    },
  },
  'a stream whose handler hangs': {
    run: async (ends) => {
      const id = ends.next()
      const drip = watched(ends, 'a stream', ends.out.drip({ id, text: small }), id)
      const items = drip[Symbol.asyncIterator]()
      await ends.watch.settles('its first', items.next(), LEFT)
      aside(ends.watch.settles('its second', items.next(), LEFT))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'a stream that is left': {
    run: async (ends) => {
      const id = ends.next()
      const drip = watched(ends, 'a stream', ends.out.drip({ id, text: small }), id)
      const leaving = (async () => {
        for await (const item of drip) if (item === 1) break
      })()
      await ends.watch.settles('its reader', leaving, LEFT)
      await ends.watch.settles('its disposal', Promise.resolve(drip[Symbol.asyncDispose]()))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'items both ways': {
    run: async (ends) => {
      const id = ends.next()
      const both = watched(ends, 'a stream', ends.out.both({ id, text: small }), id)
      const items = both[Symbol.asyncIterator]()
      for (const _ of times(3)) {
        await ends.watch.settles('a write', both.write(small), LEFT)
        await ends.watch.settles('a read', items.next(), LEFT)
      }
      await ends.watch.settles('its end', both.end(), LEFT)
      await ends.watch.settles('its last read', items.next(), LEFT)
    },
  },
  'bytes that go up': {
    run: async (ends) => {
      const id = ends.next()
      const keep = watched(ends, 'a stream', ends.out.keep({ id, text: small }), id)
      for (const _ of times(8)) await ends.watch.settles('a write', keep.write(chunk), LEFT)
      await ends.watch.settles('its end', keep.end(), LEFT)
      await keep.closed
    },
  },
  'bytes that nobody reads': {
    run: async (ends) => {
      const id = ends.next()
      const deaf = watched(ends, 'a stream', ends.out.deaf({ id, text: small }), id)
      aside(...times(12).map(() => ends.watch.settles('a write', deaf.write(chunk), LEFT)))
      aside(ends.watch.settles('its end', deaf.end(), LEFT))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
    },
  },
  'bytes that come down': {
    run: async (ends) => {
      const id = ends.next()
      const fetch = watched(ends, 'a stream', ends.out.fetch({ id, text: small }), id)
      await ends.watch.settles('its reader', drain(fetch), LEFT)
    },
  },
  'bytes through WHATWG streams': {
    run: async (ends) => {
      const [up, down] = [ends.next(), ends.next()]
      const { writable } = toWeb(watched(ends, 'a stream', ends.out.keep({ id: up, text: small }), up))
      const { readable } = toWeb(watched(ends, 'a stream', ends.out.fetch({ id: down, text: small }), down))
      await ends.watch.settles('a pipe', readable.pipeTo(writable), LEFT)
    },
  },
  'bytes through Node streams': {
    run: async (ends) => {
      const [up, down] = [ends.next(), ends.next()]
      const to = toNode(watched(ends, 'a stream', ends.out.keep({ id: up, text: small }), up))
      const from = toNode(watched(ends, 'a stream', ends.out.fetch({ id: down, text: small }), down))
      const piped = new Promise((resolve, reject) => {
        from.on('error', (error) => to.destroy(error))
        to.on('error', (error) => from.destroy(error) && reject(error)).on('finish', resolve)
        from.pipe(to)
      })
      await ends.watch.settles('a pipe', piped, LEFT)
    },
  },
  pings: {
    run: async ({ watch, near, far }) => {
      await watch.settles('a ping', near.ping(), ENDED)
      aside(watch.settles('a second ping', near.ping({ timeoutMs: 60_000 }), ENDED))
      await watch.settles('a ping of the other end', far.ping(), ENDED)
    },
  },
  'a drain with calls open': {
    run: async (ends) => {
      aside(hang(ends, { timeoutMs: 400 }), hang(ends))
      await ends.watch.settles('a drain', ends.near.drain({ timeoutMs: 900 }))
      aside(call(ends))
    },
  },
  'a close with calls open': {
    run: async (ends) => {
      aside(hang(ends), call(ends))
      await ends.watch.settles('a close', ends.near.close())
    },
  },
  'a close of the other end, while streams are open': {
    run: async (ends) => {
      const id = ends.next()
      const both = watched(ends, 'a stream', ends.out.both({ id, text: small }), id)
      await ends.watch.settles('a write', both.write(small), LEFT)
      aside(ends.watch.settles('a read', both[Symbol.asyncIterator]().next(), LEFT))
      await ends.watch.settles('a close', ends.far.close())
    },
  },
  'an abort': {
    run: async (ends) => {
      aside(hang(ends), call(ends))
      await ends.watch.settles('a ping', ends.near.ping(), ENDED)
      ends.near.abort()
    },
  },
  'a drain of the host': {
    run: async (ends) => {
      aside(hang(ends, { timeoutMs: 400 }))
      await ends.watch.settles('a drain', ends.host.drain({ timeoutMs: 900 }))
    },
  },
}
