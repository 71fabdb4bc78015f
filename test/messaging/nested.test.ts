import { expect, test, vi } from 'vitest'
import * as z from 'zod'
import { contract } from '../../src/contract/define.js'
import { oneWay, requestResponse, stream } from '../../src/contract/operation.js'
import { SottoError } from '../../src/errors.js'
import type { Session } from '../../src/link/session.js'
import { client } from '../../src/messaging/client.js'
import { faultOf } from '../../src/messaging/fault.js'
import { type Handlers, type ServeOptions, serve } from '../../src/messaging/serve.js'
import type { Policy } from '../../src/policy/rule.js'
import { code, codeOf, failure, gate, pair } from '../link/sessions.js'

const Depth = z.number()

/** What both ends serve: to go down asks the caller back, one less deep. */
const Well = contract('well.v1', {
  down: requestResponse({ request: Depth, response: z.array(z.string()), faults: { TooDeep: Depth } }),
  note: oneWay(z.string()),
  drops: stream({ request: Depth, up: Depth, down: Depth }),
})

const all: Policy = {
  version: 1,
  rules: [{ id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send', 'stream'], on: ['>'] }],
}

/** The client of whoever calls. */
const back = (session: Session) => {
  // The cast: both ends of these tests use the contract.
  return client(session as Session<typeof Well>, Well)
}

const down =
  (name: string): Handlers<typeof Well>['down'] =>
  async (depth, { session, signal, fault }) => {
    if (depth > 90) throw fault('TooDeep', depth)
    return depth === 0 ? [name] : [name, ...(await back(session).down(depth - 1, { signal }))]
  }

const handlers = (name: string): Handlers<typeof Well> => ({
  down: down(name),
  note: () => undefined,
  async *drops(count, { up }) {
    for (let n = 0; n < count; n++) yield n
    for await (const drop of up) yield drop
  },
})

interface Ends {
  readonly near?: Partial<Handlers<typeof Well>>
  readonly far?: Partial<Handlers<typeof Well>>
  readonly options?: ServeOptions
  readonly policy?: Policy
}

const well = async ({ near = {}, far = {}, options = {}, policy = all }: Ends = {}) => {
  const ends = await pair({
    near: { use: [Well], serve: [serve(Well, { ...handlers('near'), ...near })], policy: all },
    far: { use: [Well], serve: [serve(Well, options, { ...handlers('far'), ...far })], policy },
  })
  return { ...ends, out: client(ends.near, Well), in: back(ends.far) }
}

const collect = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const items: T[] = []
  for await (const item of from) items.push(item)
  return items
}

const turns = async (count = 20): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a handler calls its caller back during the call, to any depth that both ends have places for', async () => {
  const { out } = await well()
  expect(await out.down(5)).toEqual(['far', 'near', 'far', 'near', 'far', 'near'])
  expect((await out.down(80)).length).toBe(81)
})

test('calls, messages and streams go both ways of one session at once', async () => {
  const notes: string[] = []
  const note = (text: string): void => void notes.push(text)
  const ends = await well({ near: { note }, far: { note } })
  const ask = async (acts: typeof ends.out, name: string) => {
    const drops = acts.drops(3)
    const reading = collect(drops)
    const [, , answers] = await Promise.all([
      acts.note(name),
      drops.write(7).then(() => drops.end()),
      Promise.all([0, 1, 2].map((depth) => acts.down(depth))),
    ])
    return [answers.map(({ length }) => length), await reading]
  }
  const both = await Promise.all([...Array(20).keys()].map((n) => ask(n % 2 ? ends.out : ends.in, String(n))))
  expect(both).toEqual(
    Array(20).fill([
      [1, 2, 3],
      [0, 1, 2, 7],
    ]),
  )
  expect(notes.sort()).toEqual([...Array(20).keys()].map(String).sort())
})

test('ME-9 ME-12 a fault of a nested call is one of that call at its caller, and call/internal to who asked first', async () => {
  const seen: unknown[] = []
  const incidents: string[] = []
  const { out } = await well({
    far: {
      down: async (depth, { session }) => {
        const error = await failure(back(session).down(depth + 90))
        seen.push(faultOf(error, Well.operations.down))
        throw error
      },
    },
    options: { failed: (_, __, incident) => void incidents.push(incident) },
  })
  const error = await failure(out.down(5))
  expect(seen).toEqual([{ name: 'TooDeep', data: 95 }])
  expect(SottoError.is(error, 'call/internal') && [error.ran, error.details.incident]).toEqual(['yes', incidents[0]])
})

test('ME-38 giving up a call that has gone to and fro tells every handler of it', async () => {
  const begun = gate()
  const told: string[] = []
  const deep =
    (name: string): Handlers<typeof Well>['down'] =>
    async (depth, { session, signal }) => {
      signal.addEventListener('abort', () => told.push(name))
      if (depth > 0) return back(session).down(depth - 1, { signal })
      begun.open()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
  const failed = vi.fn()
  const { out, near } = await well({ near: { down: deep('near') }, far: { down: deep('far') }, options: { failed } })
  const giving = new AbortController()
  const call = code(out.down(3, { signal: giving.signal }))
  await begun.passed
  giving.abort()
  expect(await call).toBe('call/cancelled')
  await near.ping()
  await near.ping()
  expect(told).toEqual(['far', 'near', 'far', 'near'])
  expect(failed).not.toHaveBeenCalled()
})

test('ME-19 around runs for calls, messages and streams, once each, and only behind the policy', async () => {
  const seen: string[] = []
  const noted = gate<string>()
  const around: ServeOptions['around'] = async ({ verb, address, peer, decision }, next) => {
    seen.push(`${verb} ${address}`)
    expect([peer.id.length > 0, decision.length > 0]).toEqual([true, true])
    await next()
    seen.push(`${verb} done`)
  }
  const policy: Policy = {
    version: 1,
    rules: [
      ...all.rules,
      {
        id: 'quiet',
        effect: 'deny',
        by: ['any'],
        verbs: ['send'],
        on: ['well.v1.note'],
        when: [{ attribute: 'label.loud', is: 'absent' }],
      },
      {
        id: 'few',
        effect: 'deny',
        by: ['any'],
        verbs: ['stream'],
        on: ['well.v1.drops'],
        when: [{ attribute: 'label.few', is: 'absent' }],
      },
    ],
  }
  const { out, near } = await well({ options: { around }, policy, far: { note: noted.open } })
  await out.note('denied')
  expect(await code(collect(out.drops(3)))).toBe('policy/denied')
  await near.ping()
  expect(seen).toEqual([])
  expect(await out.down(0)).toEqual(['far'])
  await out.note('heard', { labels: { loud: 'yes' } })
  expect(await noted.passed).toBe('heard')
  const drops = out.drops(2, { labels: { few: 'yes' } })
  await drops.end()
  expect(await collect(drops)).toEqual([0, 1])
  expect(seen.filter((line) => line.endsWith('done')).sort()).toEqual(['call done', 'send done', 'stream done'])
  expect(seen.filter((line) => !line.endsWith('done'))).toEqual([
    'call well.v1.down',
    'send well.v1.note',
    'stream well.v1.drops',
  ])
})

test('ME-19 around that fails, or never goes on, fails a stream before its handler, and a message at home alone', async () => {
  const stopping: ServeOptions['around'][] = [async () => {}, () => Promise.reject(new TypeError('not now'))]
  for (const around of stopping) {
    const [note, drops, failed] = [vi.fn(), vi.fn(handlers('far').drops), vi.fn()]
    const options = { failed, ...(around && { around }) }
    const { out, near } = await well({ options, far: { note, drops } })
    expect(await code(collect(out.drops(1)))).toBe('call/internal')
    await out.note('lost')
    await near.ping()
    await turns()
    expect([note.mock.calls.length, drops.mock.calls.length, failed.mock.calls.length]).toEqual([0, 0, 2])
  }
})

test('ME-19 around waits for a stream until all of it is sent, and its failure then is that of the stream', async () => {
  const order: unknown[] = []
  const around: ServeOptions['around'] = async (_, next) => {
    await next().catch((error) => order.push(error))
    order.push('around')
  }
  const bad = new TypeError('broken')
  async function* drops() {
    yield 1
    order.push('given')
    throw bad
  }
  const failed = vi.fn()
  const { out } = await well({ options: { around, failed }, far: { drops } })
  const items: number[] = []
  const error = await failure(async () => {
    for await (const item of out.drops(0)) items.push(item)
  })
  expect([items, codeOf(error)]).toEqual([[1], 'call/internal'])
  expect(order).toEqual(['given', bad, 'around'])
})

test('ME-16 streams, calls and messages share one concurrency, and a stream holds its place until it is over', async () => {
  const running = { now: 0, most: 0 }
  const doors = { note: gate(), down: gate() }
  const enter = () => {
    running.now++
    running.most = Math.max(running.most, running.now)
  }
  const { out } = await well({
    options: { concurrency: 1 },
    far: {
      note: async () => {
        enter()
        await doors.note.passed
        running.now--
      },
      down: async () => {
        enter()
        await doors.down.passed
        running.now--
        return []
      },
      async *drops(_, { up }) {
        enter()
        yield* up
        running.now--
      },
    },
  })
  const drops = out.drops(0)
  await drops.write(1)
  const iterator = drops[Symbol.asyncIterator]()
  expect(await iterator.next()).toEqual({ done: false, value: 1 })
  await out.note('waits')
  const call = out.down(0)
  await turns()
  expect(running).toEqual({ now: 1, most: 1 })
  await drops.end()
  expect((await iterator.next()).done).toBe(true)
  doors.note.open()
  doors.down.open()
  expect(await call).toEqual([])
  expect(running).toEqual({ now: 0, most: 1 })
})

test('labels of a call, a message and a stream are what rules and handlers read', async () => {
  const labels: unknown[] = []
  const heard = gate()
  const { out } = await well({
    far: {
      down: (_, context) => {
        labels.push(context.labels)
        return []
      },
      note: (_, context) => {
        labels.push(context.labels)
        heard.open()
      },
      async *drops(_, context) {
        labels.push(context.labels)
        yield 1
      },
    },
  })
  const trace = { trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
  await out.down(0, { labels: trace })
  await collect(out.drops(0, { labels: trace }))
  await out.note('x', { labels: trace })
  await heard.passed
  expect(labels).toEqual([trace, trace, trace])
})
