import { type } from 'arktype'
import * as v from 'valibot'
import { afterEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import {
  client,
  contract,
  faultOf,
  generateIdentity,
  host,
  initiate,
  memoryPair,
  oneWay,
  policyStore,
  queue,
  requestResponse,
  type Session,
  type Shape,
  SottoError,
  serve,
  stream,
  topic,
} from '../../src/index.js'

/** Not an interface, which is no wire value: others may add members to one. */
type Order = { item: string; amounts: number[] }

/** The same shapes in each library: an order as it is, and a text that is received as its length. */
interface Library {
  readonly order: Shape<Order>
  readonly length: Shape<string, number>
  /** Of the same order, checked by a promise. */
  readonly later: Shape<Order>
}

const isShort = async ({ item }: Order): Promise<boolean> => item.length < 5

const LIBRARIES: readonly (readonly [string, Library])[] = [
  [
    'zod',
    {
      order: z.object({ item: z.string(), amounts: z.array(z.number()) }),
      length: z.string().transform((text) => text.length),
      later: z.object({ item: z.string(), amounts: z.array(z.number()) }).refine(isShort),
    },
  ],
  [
    'valibot',
    {
      order: v.object({ item: v.string(), amounts: v.array(v.number()) }),
      length: v.pipe(
        v.string(),
        v.transform((text) => text.length),
      ),
      later: v.pipeAsync(v.object({ item: v.string(), amounts: v.array(v.number()) }), v.checkAsync(isShort)),
    },
  ],
  [
    'arktype',
    {
      order: type({ item: 'string', amounts: 'number[]' }),
      length: type('string').pipe((text) => text.length),
      // arktype has no asynchronous types; any Standard Schema may answer with a promise.
      later: {
        '~standard': {
          version: 1,
          vendor: 'test',
          validate: async (value) => type({ item: 'string', amounts: 'number[]' })['~standard'].validate(value),
        },
      },
    },
  ],
]

const ended: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

const house = ({ order, length, later }: Library) =>
  contract('house.v1', {
    ask: requestResponse({ request: length, response: length, faults: { TooLong: length } }),
    order: requestResponse({ request: order, response: order }),
    wrong: requestResponse({ response: order }),
    later: requestResponse({ request: later }),
    tell: oneWay(length),
    talk: stream({ request: length, up: length, down: length }),
    news: topic(length, { subject: '{room}', retain: true }),
    jobs: queue(length),
    orders: queue(order),
  })

const open = async (library: Library) => {
  const House = house(library)
  const told: number[] = []
  const [server, caller] = [generateIdentity(), generateIdentity()]
  const rule = { id: 'all', effect: 'allow', by: ['any'], on: ['house.v1.>'] }
  const verbs = ['call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume']
  const policy = policyStore({ version: 1, rules: [{ ...rule, verbs }] })
  const service = serve(House, {
    ask: (length, context) => {
      if (length > 4) throw context.fault('TooLong', 'x'.repeat(length))
      return 'x'.repeat(length + 1)
    },
    order: (order) => order,
    // The cast: what a program without types may answer.
    wrong: () => ({ item: 'tea', amounts: ['one'] }) as unknown as Order,
    later: () => undefined,
    tell: (length) => void told.push(length),
    talk: async function* (length, { up }) {
      yield 'x'.repeat(length)
      for await (const item of up) yield 'x'.repeat(item * 2)
    },
  })
  const hosting = host({ identity: server, trust: [caller.id], policy, serve: [service] })
  const [ours, theirs] = memoryPair()
  const [session] = await Promise.all([
    initiate(ours, { identity: caller, peer: server.id, use: [House] }),
    hosting.accept(theirs),
  ])
  ended.push(
    () => session.close(),
    () => hosting.close(),
  )
  return { House, told, at: client(session, House), session: session satisfies Session<typeof House> }
}

/** What a program without types may give. */
const untyped = <T>(value: unknown): T => value as T

const failure = async (act: Promise<unknown>): Promise<SottoError> => {
  try {
    await act
  } catch (error) {
    if (error instanceof SottoError) return error
    throw error
  }
  throw new Error('expected a failure')
}

describe.each(LIBRARIES)('ME-1 ME-2 ME-3 shapes of %s', (_, library) => {
  test('ME-1 ME-2 ME-3 of calls: inputs travel, outputs are received, faults too', async () => {
    const { at, House } = await open(library)
    expect(await at.ask('four')).toBe(5)
    expect(await at.order({ item: 'tea', amounts: [1, 2] })).toEqual({ item: 'tea', amounts: [1, 2] })
    const fault = faultOf(await failure(at.ask('seven')), House.operations.ask)
    expect(fault).toEqual({ name: 'TooLong', data: 5 })
  })

  test('ME-1 ME-2 of one-way messages and streams', async () => {
    const { at, told } = await open(library)
    await at.tell('four')
    await using talk = at.talk('abc')
    const items = talk[Symbol.asyncIterator]()
    expect(await items.next()).toMatchObject({ value: 3 })
    await talk.write('four')
    expect(await items.next()).toMatchObject({ value: 8 })
    await talk.end()
    expect(await items.next()).toMatchObject({ done: true })
    expect(told).toEqual([4])
  })

  test('ME-1 ME-2 of topics and queues', async () => {
    const { at } = await open(library)
    await using news = at.news.subscribe({ room: 'hall' })
    await news.ready
    await at.news.publish({ room: 'hall' }, 'four')
    for await (const { value, subject } of news) {
      expect([value, subject.room]).toEqual([4, 'hall'])
      break
    }
    await at.jobs.enqueue('seven')
    for await (const job of at.jobs.consume()) {
      expect(job.value).toBe(5)
      await job.ack()
      break
    }
  })

  test('ME-5 what is refused says where, at this end before it is sent and at the other where it is answered', async () => {
    const { at } = await open(library)
    const wrong = untyped<Order>({ item: 'tea', amounts: [1, 'two'] })
    const here = { code: 'contract/invalid', details: { path: 'amounts.1' }, ran: 'no' }
    expect(await failure(at.order(wrong))).toMatchObject(here)
    expect(await failure(at.orders.enqueue(wrong))).toMatchObject(here)
    expect(await failure(at.tell(untyped<string>(5)))).toMatchObject({
      code: 'contract/invalid',
      details: { path: '' },
    })
    expect(await failure(at.news.publish({ room: 'hall' }, untyped<string>(5)))).toMatchObject({
      code: 'contract/invalid',
    })
    expect((await failure(at.wrong())).code).toBe('call/internal')
  })

  test('ME-4 a shape that answers with a promise is refused', async () => {
    const { at } = await open(library)
    expect(await failure(at.later({ item: 'tea', amounts: [] }))).toMatchObject({ code: 'contract/invalid', ran: 'no' })
  })
})
