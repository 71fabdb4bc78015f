import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import type { Broker, BrokerTopic } from '../../src/broker/broker.js'
import { memoryBroker } from '../../src/broker/memory.js'
import { MemoryTopic } from '../../src/broker/memorytopic.js'
import type { Wire } from '../../src/cbor.js'
import { topic } from '../../src/contract/operation.js'
import { bytes } from '../../src/contract/shape.js'
import { SottoError } from '../../src/errors.js'
import { contract, linkOver, memoryPair, type Policy, type Rule, type Session } from '../../src/index.js'
import type { Served } from '../../src/link/face.js'
import { callerOf } from '../../src/link/face.js'
import { client } from '../../src/messaging/client.js'
import { type ServeOptions, serve } from '../../src/messaging/serve.js'
import { SLOW } from '../../src/messaging/topicterms.js'
import { policyStore } from '../../src/policy/store.js'
import {
  alice,
  code,
  codeOf,
  dialling,
  Echo,
  echo,
  all as every,
  failure,
  gate,
  listening,
  pair,
  unhandled,
} from '../link/sessions.js'
import { isSettled, next, some, turns } from './topics.js'

const House = contract('house.v1', {
  readings: topic(z.object({ celsius: z.number() }), {
    subject: '{room}.{sensor}',
    retain: true,
    visible: ['celsius'],
  }),
  lines: topic(z.string()),
  blobs: topic(bytes),
})

const at = (room: string, sensor = 'a') => ({ room, sensor })

const rule = (id: string, over: Partial<Rule> = {}): Rule =>
  // The cast: a rule is `by` or `to`, and what is laid over says which.
  ({ id, effect: 'allow', by: ['any'], verbs: ['publish', 'subscribe'], on: ['house.v1.>'], ...over }) as Rule

const policyOf = (...rules: readonly Rule[]): Policy => ({ version: 1, rules })

const all = policyOf(rule('all'))

/** A session with the house, whose own topics are at hand too. */
const inHouse = async (policy: Policy | ReturnType<typeof policyStore> = all, options: ServeOptions = {}) => {
  const failures: unknown[] = []
  const service = serve(House, { failed: (error) => void failures.push(error), ...options }, {})
  const { near, far, host } = await pair({ near: { use: [House], policy: all }, far: { serve: [service], policy } })
  return { house: client(near, House), local: service.local, near, far, host, failures, service }
}

test('TO-10 TO-3 hears what a peer publishes, and that it was that peer', async () => {
  const { house, local } = await inHouse()
  const heard = house.readings.subscribe({ room: 'kitchen' })
  await heard.ready
  await house.readings.publish(at('hall'), { celsius: 5 })
  await house.readings.publish(at('kitchen'), { celsius: 21 })
  await turns()
  await local.readings.publish(at('kitchen', 'b'), { celsius: 22 })
  expect(await next(heard, 2)).toEqual([
    { value: { celsius: 21 }, subject: at('kitchen'), from: alice.id, retained: false, dropped: 0 },
    { value: { celsius: 22 }, subject: at('kitchen', 'b'), from: undefined, retained: false, dropped: 0 },
  ])
})

test('TO-11 ME-45 reports what a peer publishes and the shape refuses, here and there, and hands it to nobody', async () => {
  const { near, local, failures } = await inHouse()
  const heard = local.lines.subscribe()
  await heard.ready
  await callerOf(near).send('house.v1', 'lines', 7, {})
  await client(near, House).lines.publish('seven')
  expect((await next(heard, 1)).map(({ value }) => value)).toEqual(['seven'])
  expect(failures.map((error) => codeOf(error))).toEqual(['contract/invalid'])
  await turns()
  await near.close()
  expect(await every(near.refusals)).toMatchObject([{ verb: 'publish', address: 'house.v1.lines' }])
})

test('TO-14 ME-45 reports what a peer publishes and the broker has no room for', async () => {
  const full = (): never => {
    throw SottoError.of('broker/full', 'no room')
  }
  const topicOf = (): BrokerTopic => ({ publish: full, subscribe: () => Promise.reject(new Error('not here')) })
  const broker: Broker = { ...memoryBroker(), topic: topicOf }
  const { house, near, failures } = await inHouse(all, { broker })
  await house.lines.publish('seven')
  await near.ping()
  expect(failures.map((error) => codeOf(error))).toEqual(['broker/full'])
})

test('TO-24 asks the policy of each delivery, of what is retained too, and counts nothing that is denied', async () => {
  const { house, local } = await inHouse(
    policyOf(
      rule('all'),
      rule('secret', { effect: 'deny', verbs: ['subscribe'], on: ['house.v1.readings.kitchen.secret'] }),
    ),
  )
  for (const sensor of ['secret', 'b']) await local.readings.publish(at('kitchen', sensor), { celsius: 1 })
  const heard = house.readings.subscribe({ room: 'kitchen' }, { slow: 'end', credit: 4 })
  await heard.ready
  await local.readings.publish(at('kitchen', 'secret'), { celsius: 2 })
  const reader = heard[Symbol.asyncIterator]()
  const got = await some(reader, 1)
  for (let n = 0; n < 10; n++) await local.readings.publish(at('kitchen', 'secret'), { celsius: 2 })
  await local.readings.publish(at('kitchen', 'a'), { celsius: 3 })
  got.push(...(await some(reader, 1)))
  expect(
    got.map(({ subject, value, retained, dropped }) => [subject.sensor, value.celsius, retained, dropped]),
  ).toEqual([
    ['b', 1, true, 0],
    ['a', 3, false, 0],
  ])
})

test('TO-24 lets a rule read what a delivery says, and what handing it to a peer is', async () => {
  const hot = rule('hot', {
    effect: 'deny',
    verbs: ['subscribe'],
    when: [
      { attribute: 'body.celsius', is: 'present' },
      { attribute: 'body.celsius', is: 'gt', value: 30 },
    ],
  })
  const outwards = {
    id: 'out',
    effect: 'deny',
    to: [alice.id],
    verbs: ['publish'],
    on: ['house.v1.readings.hall.*'],
  } as const
  const { house, local } = await inHouse(policyOf(rule('all'), hot, outwards))
  const heard = house.readings.subscribe()
  await heard.ready
  await local.readings.publish(at('kitchen'), { celsius: 31 })
  await local.readings.publish(at('hall'), { celsius: 20 })
  await local.readings.publish(at('kitchen'), { celsius: 30 })
  expect((await next(heard, 1)).map(({ value }) => value.celsius)).toEqual([30])
})

test('TO-24 takes a filter that lies within an allow, and no other', async () => {
  const { house } = await inHouse(
    policyOf(
      rule('kitchen', { verbs: ['subscribe'], on: ['house.v1.readings.kitchen.*'] }),
      rule('say', { verbs: ['publish'] }),
    ),
  )
  expect(await code(house.readings.subscribe().ready)).toBe('policy/denied')
  expect(await code(house.readings.subscribe({ sensor: 'a' }).ready)).toBe('policy/denied')
  const heard = house.readings.subscribe({ room: 'kitchen' })
  await heard.ready
  await house.readings.publish(at('kitchen'), { celsius: 1 })
  expect(await next(heard, 1)).toHaveLength(1)
})

test('TO-24 tells a publisher that is denied in its refusals, and hands nothing on', async () => {
  const { house, near, local } = await inHouse(
    policyOf(rule('all'), rule('no', { effect: 'deny', verbs: ['publish'], on: ['house.v1.readings.hall.*'] })),
  )
  const heard = local.readings.subscribe()
  await heard.ready
  await house.readings.publish(at('hall'), { celsius: 1 })
  await house.readings.publish(at('kitchen'), { celsius: 2 })
  expect((await next(heard, 1)).map(({ value }) => value.celsius)).toEqual([2])
  expect(await next(near.refusals, 1)).toMatchObject([{ verb: 'publish', address: 'house.v1.readings.hall.a' }])
})

test('TO-31 lets rules say who may be in a group, and hands on what a member is denied', async () => {
  const { house, local } = await inHouse(
    policyOf(
      rule('all'),
      rule('none', {
        effect: 'deny',
        verbs: ['subscribe'],
        when: [
          { attribute: 'label.group', is: 'present' },
          { attribute: 'label.group', is: 'eq', value: 'closed' },
        ],
      }),
      rule('low', {
        effect: 'deny',
        verbs: ['subscribe'],
        on: ['house.v1.readings.kitchen.secret'],
        when: [{ attribute: 'label.tier', is: 'present' }],
      }),
    ),
  )
  expect(await code(house.readings.subscribe({}, { group: 'closed' }).ready)).toBe('policy/denied')
  const low = house.readings.subscribe({}, { group: 'open', labels: { tier: 'low' } })
  const high = house.readings.subscribe({}, { group: 'open' })
  await Promise.all([low.ready, high.ready])
  for (let n = 0; n < 6; n++) await local.readings.publish(at('kitchen', 'secret'), { celsius: n })
  expect((await next(high, 6)).map(({ value }) => value.celsius)).toEqual([0, 1, 2, 3, 4, 5])
})

test('TO-25 ends a subscription that another policy denies, at both ends, and frees who waits for it', async () => {
  const store = policyStore(all)
  const { house, local } = await inHouse(store)
  const heard = house.lines.subscribe({}, { slow: 'block', credit: 1 })
  await heard.ready
  await local.lines.publish('one')
  const waits = [local.lines.publish('two'), local.lines.publish('three')]
  expect(await isSettled(Promise.all(waits))).toBe(false)
  store.replace(policyOf(rule('publish', { verbs: ['publish'] })))
  await Promise.all(waits)
  const read = (async () => {
    for await (const { value } of heard) expect(value).toBe('one')
  })()
  expect(await code(read)).toBe('policy/denied')
})

test('TO-25 cuts at once what another policy denies of a subscription that stands', async () => {
  const store = policyStore(all)
  const { house, local } = await inHouse(store)
  const heard = house.readings.subscribe({}, { slow: 'drop-oldest', credit: 1 })
  await heard.ready
  await local.readings.publish(at('hall'), { celsius: 0 })
  // This one waits for credit while the policy changes.
  await local.readings.publish(at('kitchen'), { celsius: 1 })
  await turns()
  store.replace(
    policyOf(rule('all'), rule('cut', { effect: 'deny', verbs: ['subscribe'], on: ['house.v1.readings.kitchen.*'] })),
  )
  await local.readings.publish(at('hall', 'b'), { celsius: 2 })
  expect((await next(heard, 2)).map(({ value, dropped }) => [value.celsius, dropped])).toEqual([
    [0, 0],
    [2, 1],
  ])
})

test('TO-15 TO-34 holds the credit of a peer that publishes to one who blocks, and loses nothing of it', async () => {
  const { house, near, service } = await inHouse()
  const other = await pair({ near: { use: [House], policy: all }, far: { serve: [service], policy: all } })
  const heard = client(other.near, House).lines.subscribe({}, { slow: 'block', credit: 8 })
  await heard.ready
  const line = 'x'.repeat(1_000)
  let settled = 0
  const count = 4_000
  const published = Array.from({ length: count }, (_, n) => house.lines.publish(`${n}${line}`).then(() => settled++))
  await turns(200)
  // 256 handlers, and the window of the session.
  expect(settled).toBeLessThan(2_000)
  expect(await near.ping()).toBeGreaterThanOrEqual(0)
  const got = await next(heard, count)
  expect(got.map(({ value }) => Number.parseInt(value, 10))).toEqual(Array.from({ length: count }, (_, n) => n))
  await Promise.all(published)
})

test('SE-157 TO-15 hears how far a reader is though its own session has no credit left: it waits for that very reader', async () => {
  const { house } = await inHouse()
  const heard = house.lines.subscribe({}, { slow: 'block', credit: 8 })
  await heard.ready
  const count = 4_000
  const line = 'x'.repeat(1_000)
  const published = Array.from({ length: count }, (_, n) => house.lines.publish(`${n}${line}`))
  await turns(200)
  const got = await next(heard, count)
  expect(got.map(({ value }) => Number.parseInt(value, 10))).toEqual(Array.from({ length: count }, (_, n) => n))
  await Promise.all(published)
})

test('TO-22 frees the publishers when the session of a subscriber that blocks is lost', async () => {
  const errors = unhandled()
  const { house, local, near } = await inHouse()
  const heard = house.lines.subscribe({}, { slow: 'block', credit: 1 })
  await heard.ready
  const waits = ['a', 'b', 'c'].map((line) => local.lines.publish(line))
  expect(await isSettled(Promise.all(waits))).toBe(false)
  near.abort()
  await Promise.all(waits)
  const reader = heard[Symbol.asyncIterator]()
  await some(reader, 1).catch(() => undefined)
  expect(await code(Promise.resolve(reader.next()))).toBe('session/lost')
  expect(await errors()).toEqual([])
})

test('TO-18 tells a peer that was too slow, behind what was sent', async () => {
  const { house, local } = await inHouse()
  const heard = house.lines.subscribe({}, { slow: 'end', credit: 2 })
  await heard.ready
  for (let n = 0; n < 5; n++) await local.lines.publish(`${n}`)
  const reader = heard[Symbol.asyncIterator]()
  expect((await some(reader, 2)).map(({ value }) => value)).toEqual(['0', '1'])
  expect(await failure(Promise.resolve(reader.next()))).toMatchObject({ code: 'topic/slow', ran: 'yes' })
})

test('TO-20 TO-19 drops a delivery over what the subscriber takes, and tells of it with the next', async () => {
  const service = serve(House, {})
  const { near } = await pair({
    near: { use: [House], policy: all, protocol: { limits: { message: 1_024 } } },
    far: { serve: [service], policy: all },
  })
  const heard = client(near, House).blobs.subscribe({}, { slow: 'block' })
  await heard.ready
  await service.local.blobs.publish(new Uint8Array(2_000))
  await service.local.blobs.publish(new Uint8Array(3_000))
  await service.local.blobs.publish(new Uint8Array(10))
  await service.local.blobs.publish(new Uint8Array(11))
  expect((await next(heard, 2)).map(({ value, dropped }) => [value.length, dropped])).toEqual([
    [10, 2],
    [11, 0],
  ])
})

test.each([
  ['a request of another form', [7], [], 'contract/invalid'],
  ['a request with more in it', [{ group: 'g' }], [], 'contract/invalid'],
  ['a total over what was sent', [{}], [2], 'contract/invalid'],
  ['a total that falls', [{}], [1, 0], 'contract/invalid'],
  ['a total that is no number', [{}], ['1'], 'contract/invalid'],
])('TO-1 TO-6 ends with %s the subscription of a peer, and not its session', async (_, [request], totals, expected) => {
  const { near, local, house, failures } = await inHouse()
  const stream = callerOf(near).stream('house.v1', 'lines', request, {})
  const first = await stream.read().catch((error: unknown) => error)
  if (totals.length > 0) {
    expect(first).toEqual({ done: false, value: null })
    await local.lines.publish('one')
    await stream.read()
    for (const total of totals) await stream.write(total)
    expect(await code(stream.read())).toBe(expected)
  } else expect(first).toMatchObject({ code: expected })
  const heard = house.lines.subscribe()
  await heard.ready
  await house.lines.publish('well')
  expect(await next(heard, 1)).toHaveLength(1)
  expect(failures).toEqual([])
})

test('TO-6 takes a flood of totals without more than its credit', async () => {
  const { near, local } = await inHouse()
  const stream = callerOf(near).stream('house.v1', 'lines', { credit: 1 }, {})
  await stream.read()
  await local.lines.publish('one')
  await stream.read()
  for (let n = 0; n < 20_000; n++) await stream.write(1)
  await local.lines.publish('two')
  expect((await stream.read()).value).toEqual(['', false, 0, [null, 'two']])
})

/** A service that hands a subscription whatever it likes. */
const handing = (...items: readonly Wire[]): Served => ({
  ...serve(House, {}),
  answer: async ({ stream }) => {
    for (const item of items) await stream?.write(item)
    return { is: 'ended' }
  },
})

const good = ['kitchen.a', false, 0, [null, { celsius: 1 }]]

test.each<[string, readonly Wire[]]>([
  ['no null first', [good]],
  ['null twice', [null, null]],
  ['an end', [null]],
  ['no list', [null, 'x']],
  ['too few', [null, good.slice(1)]],
  ['a subject that is none', [null, [1, ...good.slice(1)]]],
  ['a subject outside its filter', [null, ['hall.a', ...good.slice(1)]]],
  ['a subject of another template', [null, ['kitchen', ...good.slice(1)]]],
  ['a wild subject', [null, ['kitchen.*', ...good.slice(1)]]],
  ['retained that is no boolean', [null, ['kitchen.a', 0, 0, [null]]]],
  ['dropped below none', [null, ['kitchen.a', false, -1, [null]]]],
  ['an entry that is none', [null, ['kitchen.a', false, 0, null]]],
  ['an entry of nobody', [null, ['kitchen.a', false, 0, ['sotto1nobody', { celsius: 1 }]]]],
  ['an entry of three', [null, ['kitchen.a', false, 0, [null, { celsius: 1 }, 2]]]],
  ['a value that the shape refuses', [null, ['kitchen.a', false, 0, [null, { celsius: 'hot' }]]]],
])('TO-9 gives a subscription up that is handed %s', async (_, items) => {
  const errors = unhandled()
  const { near } = await pair({
    near: { use: [House], policy: all },
    far: { serve: [handing(...items)], policy: all },
  })
  const heard = client(near, House).readings.subscribe({ room: 'kitchen' })
  expect(await code(next(heard, 2))).toBe('contract/invalid')
  expect(await near.ping()).toBeGreaterThanOrEqual(0)
  expect(await errors()).toEqual([])
})

/** A broker whose topics are given. */
const brokerOf = (topic: BrokerTopic): Broker => ({
  topic: () => topic,
  queue: () => {
    throw new TypeError('expected no queue')
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
})

test('TO-26 tells a subscriber that the broker failed, and home why', async () => {
  const topic = new MemoryTopic({ retain: false })
  const { house, failures, near } = await inHouse(all, { broker: brokerOf(topic) })
  const heard = house.lines.subscribe()
  await heard.ready
  const broken = SottoError.of('broker/failed', 'the disk is gone')
  topic.close(broken)
  expect(await code(next(heard, 1))).toBe('broker/failed')
  expect(await code(house.lines.subscribe().ready)).toBe('broker/failed')
  await house.lines.publish('lost')
  await near.ping()
  await turns()
  expect(failures).toEqual([broken, broken, broken])
})

test('TO-41 makes a subscription of a link anew in each session, and reads first what came before', async () => {
  const service = serve(House, {})
  const answering = listening({ serve: [service], policy: all })
  const link = linkOver(
    async () => {
      const [left, right] = memoryPair()
      answering.accept(right).catch(() => undefined)
      return left
    },
    dialling({ use: [House], policy: all }),
    { firstMs: 1, capMs: 2 },
  )
  onTestFinished(() => link.close())
  const heard = client(link, House).lines.subscribe()
  await heard.ready
  await service.local.lines.publish('first')
  await turns()
  const reader = heard[Symbol.asyncIterator]()
  for (let round = 0; round < 3; round++) {
    const session = await link.session
    session.abort()
    await session.closed
    const more = reader.next()
    // Nobody says when the new one is heard; what is published until then is nobody's.
    let isDone = false
    void Promise.resolve(more).then(() => {
      isDone = true
    })
    while (!isDone) {
      await service.local.lines.publish(`round ${round}`)
      await turns(1)
    }
    expect((await more).value?.value).toMatch(round === 0 ? 'first' : /^round/)
  }
  const last = reader.next()
  // A session with something open takes its time to close.
  const session = await link.session
  const closing = link.close()
  session.abort()
  await closing
  expect(await code(Promise.resolve(last).then(() => reader.next()))).toMatch(/^session\/(closed|lost)$/)
})

test('TO-41 waits for a session no longer than it may, and not when it is given up', async () => {
  const link = linkOver(() => new Promise(() => undefined), dialling({ use: [House], policy: all }))
  const house = client(link, House)
  expect(await code(house.lines.subscribe({}, { timeoutMs: 1 }).ready)).toBe('call/deadline')
  for (const timeoutMs of [-1, Number.NaN, 2 ** 31])
    expect(() => house.lines.subscribe({}, { timeoutMs })).toThrow(RangeError)
  const control = new AbortController()
  const given = house.lines.subscribe({}, { signal: control.signal })
  control.abort()
  expect(await code(given.ready)).toBe('call/cancelled')
  const left = house.lines.subscribe()
  await left[Symbol.asyncDispose]()
  expect(await code(left.ready)).toBe('call/cancelled')
  await link.close()
})

test('TO-41 LI-62 waits for the next session while the one that is there is drained by hand', async () => {
  const door = gate()
  const answering = listening({
    serve: [serve(House, {}), echo({ wait: () => door.passed })],
    policy: policyOf(rule('all', { verbs: ['publish', 'subscribe', 'call'], on: ['>'] })),
  })
  const connect = async () => {
    const [near, far] = memoryPair()
    answering.accept(far).catch(() => undefined)
    return near
  }
  const link = linkOver(connect, dialling({ use: [House, Echo], policy: all }), { firstMs: 1, capMs: 2 })
  onTestFinished(() => link.close())
  const begun = vi.spyOn(callerOf(link), 'stream')
  const heard = client(link, House).lines.subscribe()
  await heard.ready
  const waiting = client(link, Echo).wait()
  const session = await link.session
  await session.ping()
  const drained = session.drain()
  await turns()
  expect(begun.mock.calls.length).toBeLessThanOrEqual(2)
  door.open()
  await Promise.all([waiting, drained])
  const reading = next(heard, 1)
  while ((await link.session) === session) await turns(1)
  while (begun.mock.calls.length < 3) await turns(1)
  await turns()
  await client(link, House).lines.publish('anew')
  expect((await reading).map(({ value }) => value)).toEqual(['anew'])
})

test('TO-42 passes what a service itself publishes and hears through the same shapes, and no policy', async () => {
  const { local } = await inHouse(policyOf())
  const heard = local.readings.subscribe({ room: 'kitchen' })
  await heard.ready
  // @ts-expect-error what the shape refuses
  expect(await code(local.readings.publish(at('kitchen'), { celsius: 'hot' }))).toBe('contract/invalid')
  await local.readings.publish(at('kitchen'), { celsius: 1 })
  expect((await next(heard, 1)).map(({ from }) => from)).toEqual([undefined])
  expect(Object.keys(local)).toEqual(['readings', 'lines', 'blobs'])
})

test('SE-158 TO-43 a close of either end, and a drain, end a subscription at once, behind what it was sent', async () => {
  const closers = [
    ({ near }: Ends) => near.close(),
    ({ far }: Ends) => far.close(),
    ({ host }: Ends) => host.close(),
    ({ host }: Ends) => host.drain(),
  ]
  for (const close of closers) {
    const { house, local, ...ends } = await inHouse()
    const heard = house.lines.subscribe()
    const idle = house.readings.subscribe()
    await Promise.all([heard.ready, idle.ready])
    await local.lines.publish('last')
    expect(await isSettled(close(ends))).toBe(true)
    expect(await ends.near.closed).toEqual({ clean: true })
    expect(await ends.far.closed).toEqual({ clean: true })
    const reader = heard[Symbol.asyncIterator]()
    expect((await some(reader, 1)).map(({ value }) => value)).toEqual(['last'])
    expect(await code(reader.next())).toBe('session/closed')
    expect(await code(idle[Symbol.asyncIterator]().next())).toBe('session/closed')
    // Nobody hears it, and nobody waits.
    await local.lines.publish('later')
  }
})

type Ends = Pick<Awaited<ReturnType<typeof inHouse>>, 'near' | 'far' | 'host'>

test('SE-159 a subscriber that blocks and does not read holds up no close, and no publisher behind it', async () => {
  const { house, local, far } = await inHouse()
  const heard = house.blobs.subscribe({}, { slow: 'block', credit: 64 })
  await heard.ready
  const published = Array.from({ length: 40 }, () => local.blobs.publish(new Uint8Array(60_000)))
  expect(await isSettled(Promise.all(published))).toBe(false)
  expect(await isSettled(far.close())).toBe(true)
  expect(await far.closed).toEqual({ clean: true })
  await Promise.all(published)
  const reader = heard[Symbol.asyncIterator]()
  await some(reader, 1)
  expect(await code(next({ [Symbol.asyncIterator]: () => reader }, 40))).toBe('session/closed')
})

test('SE-158 a subscription that waits for its place ends with the close too', async () => {
  const far = { serve: [serve(House, {})], policy: all, protocol: { limits: { exchanges: 1 } } }
  const { near } = await pair({ near: { use: [House], policy: all }, far })
  const house = client(near, House)
  const heard = [house.lines.subscribe(), house.lines.subscribe()] as const
  await heard[0].ready
  expect(await isSettled(near.close())).toBe(true)
  expect(await code(heard[1].ready)).toBe('session/closed')
  expect(await code(heard[0][Symbol.asyncIterator]().next())).toBe('session/closed')
})

test('TO-41 SE-158 a server that drains hands a subscription of a link to the next session, which loses nothing from its `ready` on', async () => {
  const service = serve(House, {})
  const accepted: Promise<Session>[] = []
  const answering = listening({ serve: [service], policy: all })
  const link = linkOver(
    async () => {
      const [left, right] = memoryPair()
      accepted.push(answering.accept(right))
      return left
    },
    dialling({ use: [House], policy: all }),
    { firstMs: 1, capMs: 2 },
  )
  onTestFinished(() => link.close())
  const heard = client(link, House).lines.subscribe()
  await heard.ready
  const reader = heard[Symbol.asyncIterator]()
  for (let round = 0; round < 3; round++) {
    const old = await accepted[round]
    await service.local.lines.publish(`before ${round}`)
    const drained = old?.drain()
    expect((await some(reader, 1)).map(({ value }) => value)).toEqual([`before ${round}`])
    await drained
    expect(await old?.closed).toEqual({ clean: true })
    const more = reader.next()
    const next = await link.session
    // It is heard once that has gone there and back.
    await next.ping()
    await turns()
    for (const n of [1, 2, 3]) await service.local.lines.publish(`after ${round} ${n}`)
    expect([await more, await reader.next(), await reader.next()].map(({ value }) => value?.value)).toEqual(
      [1, 2, 3].map((n) => `after ${round} ${n}`),
    )
  }
  expect(await isSettled(link.close())).toBe(true)
  expect(await code(Promise.resolve(reader.next()))).toBe('session/closed')
})

test.each(SLOW)('TO-24 a subscriber that is slow, with %s, learns nothing of what it may not have', async (slow) => {
  const secret = rule('secret', { effect: 'deny', verbs: ['subscribe'], on: ['house.v1.readings.kitchen.secret'] })
  const { house, local } = await inHouse(policyOf(rule('all'), secret))
  await local.readings.publish(at('kitchen', 'secret'), { celsius: 0 })
  const heard = house.readings.subscribe({ room: 'kitchen' }, { slow, credit: 1 })
  await heard.ready
  await local.readings.publish(at('kitchen'), { celsius: 1 })
  const waiting = local.readings.publish(at('kitchen', 'b'), { celsius: 2 })
  for (let n = 0; n < 5_000; n++) await local.readings.publish(at('kitchen', 'secret'), { celsius: n })
  const got = await next(heard, 2)
  expect(got.map((message) => [message.value.celsius, message.dropped])).toEqual([
    [1, 0],
    [2, 0],
  ])
  await waiting
})

test('TO-24 asks for what is retained when it is its turn, and passes over what is denied, however much it is', async () => {
  const secret = rule('secret', { effect: 'deny', verbs: ['subscribe'], on: ['house.v1.readings.hall.*'] })
  let denied = 0
  const audit = (record: Uint8Array): boolean => {
    if (new TextDecoder().decode(record).includes('house.v1.readings.hall.')) denied++
    return true
  }
  const { house, local } = await inHouse(policyStore(policyOf(rule('all'), secret), { audit }))
  for (const sensor of ['a', 'b']) await local.readings.publish(at('kitchen', sensor), { celsius: 1 })
  for (let n = 0; n < 300; n++) await local.readings.publish(at('hall', `s${n}`), { celsius: n })
  await local.readings.publish(at('porch', 'c'), { celsius: 2 })
  const heard = house.readings.subscribe({}, { credit: 1 })
  await heard.ready
  await turns(20)
  expect(denied).toBe(0)
  const got = await next(heard, 3)
  expect(got.map(({ subject, dropped }) => [subject.sensor, dropped])).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ])
  expect(denied).toBe(300)
})
