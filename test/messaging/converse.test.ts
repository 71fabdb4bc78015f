import { describe, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { pinnedPeer } from '../../src/identity/peer.js'
import {
  client,
  contract,
  generateIdentity,
  host,
  initiate,
  linkOver,
  memoryPair,
  oneWay,
  type Policy,
  policyStore,
  requestResponse,
  type Served,
  type Session,
  SottoError,
  serve,
} from '../../src/index.js'
import { callerOf } from '../../src/link/face.js'
import { Turn } from '../../src/messaging/conversations.js'
import { converse } from '../../src/messaging/converse.js'
import { alice, bob, code, failure, gate, open, pair } from '../link/sessions.js'
import { Order, routeOf, rowsIn } from './flows.js'

const kitchen = { orderId: '7' }
const tea = { orderId: '7', item: 'tea' }

/** All that other tasks have to do by now. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', resolve, { once: true })
  })

type Handlers = Parameters<typeof serve<typeof Order, { items: string[] }>>[2]
type Options = Parameters<typeof serve<typeof Order, { items: string[] }>>[1]

/** Orders, each with its items. */
const orders = (over: Partial<Handlers> = {}, options: Options = {}) =>
  serve(
    Order,
    { instance: () => ({ items: [] }), failed: () => undefined, ...options },
    {
      place: ({ item }, { instance }) => ({ items: [...instance.items, item].slice(0, instance.items.push(item)) }),
      accept: (_, { instance }) => instance.items,
      decline: () => undefined,
      list: (_, { instance }) => [String(instance)],
      ...over,
    },
  )

const between = async (service: Served, policies: { readonly near?: Policy; readonly far?: Policy } = {}) =>
  pair({
    near: { use: [Order], ...(policies.near && { policy: policies.near }) },
    far: { serve: [service], ...(policies.far && { policy: policies.far }) },
  })

/** Where the service has a conversation of Alice. */
const stateAt = (service: Served, key = '7', peer = alice.id): string | undefined =>
  service.conversations?.peek(routeOf(Order, 'place'), pinnedPeer(peer), key, performance.now()).state

/** What came of a call, as tables write it. */
const told = async (call: Promise<unknown>): Promise<readonly string[]> => {
  try {
    await call
    return ['response', '']
  } catch (error) {
    return error instanceof SottoError ? [error.code, error.ran] : [String(error), '']
  }
}

describe('CV-15 CV-16 CV-17 CV-19 what a caller is told, and what a step comes to', () => {
  /** A service whose `accept` and `decline` do as they are told, and a conversation in `quoted`. */
  const quoted = async (over: Partial<Handlers> = {}) => {
    const service = orders(over)
    const both = await between(service)
    await client(both.near, Order).place(tea)
    return { service, ...both, order: client(both.near, Order) }
  }

  /** In each: what the caller was told, where the conversation was before, and the service. */
  const WAYS: Readonly<Record<string, () => Promise<{ told: readonly string[]; service: Served; before: string }>>> = {
    'call response': async () => {
      const { service, order } = await quoted()
      return { told: await told(order.accept(kitchen)), service, before: 'quoted' }
    },
    'call declared fault': async () => {
      const { service, order } = await quoted({
        place: ({ item }, { fault, instance }) => {
          if (instance.items.push(item) > 1) throw fault('SoldOut', { item })
          return { items: [] }
        },
      })
      return { told: await told(order.place(tea)), service, before: 'quoted' }
    },
    'call exception': async () => {
      const { service, order } = await quoted({
        accept: () => {
          throw new Error('no')
        },
      })
      return { told: await told(order.accept(kitchen)), service, before: 'quoted' }
    },
    'call response that its shape refuses': async () => {
      const { service, order } = await quoted({ accept: async () => JSON.parse('[5]') })
      return { told: await told(order.accept(kitchen)), service, before: 'quoted' }
    },
    'call response that has no form on the wire': async () => {
      const { service, order } = await quoted({ accept: () => ['\ud800'] })
      const first = await told(order.accept(kitchen))
      await settled()
      expect(stateAt(service)).toBe('quoted')
      const { service: waits, order: again } = await quoted({ accept: async () => ['\ud800'] })
      expect(await told(again.accept(kitchen))).toEqual(first)
      await settled()
      return { told: first, service: waits, before: 'quoted' }
    },
    'call what the service keeps cannot be made': async () => {
      const service = orders(
        {},
        {
          instance: () => {
            throw new Error('no room')
          },
        },
      )
      const { near } = await between(service)
      return { told: await told(client(near, Order).place(tea)), service, before: 'start' }
    },
    'call request that its shape refuses': async () => {
      const { service, near } = await quoted()
      const call = callerOf(near).call('order.v1', 'place', { orderId: '7', item: 5 }, {})
      return { told: await told(call), service, before: 'quoted' }
    },
    'call cancelled in wait, then its turn': async () => {
      const { held, service, order } = await blocked()
      const cancels = new AbortController()
      const waits = told(order.accept(kitchen, { signal: cancels.signal }))
      await settled()
      cancels.abort()
      const first = await waits
      held.open()
      await settled()
      return { told: first, service, before: 'quoted' }
    },
    'call cancelled with its handler, then a response': async () => {
      const cancels = new AbortController()
      const { service, order } = await quoted({ accept: (_, { signal }) => aborted(signal).then(() => []) })
      const call = told(order.accept(kitchen, { signal: cancels.signal }))
      await settled()
      cancels.abort()
      return { told: await call, service, before: 'quoted' }
    },
    'call deadline with its handler, then a response': async () => {
      const { service, order } = await quoted({ accept: (_, { signal }) => aborted(signal).then(() => []) })
      return { told: await told(order.accept(kitchen, { timeoutMs: 20 })), service, before: 'quoted' }
    },
    'call session lost with its handler, then response': async () => {
      const { service, order, near } = await quoted({ accept: (_, { signal }) => aborted(signal).then(() => []) })
      const call = told(order.accept(kitchen))
      await settled()
      near.abort()
      return { told: await call, service, before: 'quoted' }
    },
    'call session lost in wait, then its turn': async () => {
      const { held, service, order, near, far } = await blocked()
      const waits = told(order.accept(kitchen))
      await settled()
      near.abort()
      await far.closed
      held.open()
      return { told: await waits, service, before: 'quoted' }
    },
    'one-way handled': async () => {
      const { service, order } = await quoted()
      await order.decline(kitchen)
      return { told: ['nothing', ''], service, before: 'quoted' }
    },
    'one-way exception': async () => {
      const { service, order } = await quoted({
        decline: () => {
          throw new Error('no')
        },
      })
      await order.decline(kitchen)
      return { told: ['nothing', ''], service, before: 'quoted' }
    },
    'one-way session lost with its handler, then handled': async () => {
      const { service, order, near } = await quoted({
        decline: (_, { signal }) => aborted(signal).then(() => undefined),
      })
      await order.decline(kitchen)
      await settled()
      near.abort()
      return { told: ['nothing', ''], service, before: 'quoted' }
    },
  }

  /** A conversation in `quoted` whose present step, `place`, is held at its handler. */
  const blocked = async () => {
    const held = gate()
    const made = await quoted({
      place: async (_, { instance }) => {
        if (instance.items.push('') > 1) await held.passed
        return { items: [] }
      },
    })
    made.order.place(tea).catch(() => undefined)
    await settled()
    return { held, ...made }
  }

  const [, ...rows] = rowsIn('OUTCOMES')
  test.each(rows)(
    'CV-15 CV-16 CV-17 CV-19 %s: %s',
    async (kind = '', ended = '', caller = '', ran = '', behind = '') => {
      const way = WAYS[`${kind} ${ended}`]
      if (way === undefined) throw new Error('expected a way to each row')
      const { told: was, service, before } = await way()
      expect(was).toEqual([caller, ran])
      await settled()
      expect(stateAt(service)).toBe(behind === 'next' ? 'start' : before)
      // No step is left behind that others would wait for.
      const next = service.conversations?.enter(routeOf(Order, 'place'), pinnedPeer(alice.id), '7', performance.now())
      expect(next instanceof Turn && next.comes(() => new AbortController().signal)).toBe(true)
      expect(rows).toHaveLength(Object.keys(WAYS).length)
    },
  )
})

describe('CV-8 a key is a text of 1 to 255 bytes', () => {
  const hostile = [
    undefined,
    null,
    7,
    true,
    '',
    'k'.repeat(256),
    'é'.repeat(128),
    ['7'],
    { orderId: '7' },
    new Uint8Array(1),
  ]

  test('CV-8 any other is refused with its path, before rules read a state and before its handler', async () => {
    const place = vi.fn(() => ({ items: [] }))
    const policy: Policy = {
      version: 1,
      rules: [
        { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] },
        {
          id: 'not-begun',
          effect: 'deny',
          by: ['any'],
          verbs: ['call'],
          on: ['order.v1.place'],
          when: [{ attribute: 'state', is: 'ne', value: 'start' }],
        },
      ],
    }
    const { near } = await between(orders({ place }), { far: policy })
    for (const key of hostile) {
      const value = { item: 'tea', ...(key !== undefined && { orderId: key }) }
      const error = await failure(callerOf(near).call('order.v1', 'place', value, {}))
      expect(SottoError.is(error, 'contract/invalid') && error.details.path).toBe('orderId')
    }
    for (const value of [undefined, null, 'orderId', ['7']])
      expect(await code(callerOf(near).call('order.v1', 'place', value, {}))).toBe('contract/invalid')
    expect(place).not.toHaveBeenCalled()
    await client(near, Order).place({ orderId: '__proto__', item: 'tea' })
    await client(near, Order).place({ orderId: 'k'.repeat(255), item: 'tea' })
    expect(place).toHaveBeenCalledTimes(2)
  })

  test('CV-8 nor is it sent by a conversation', async () => {
    const { near } = await between(orders())
    for (const key of ['', 'k'.repeat(256)]) {
      const error = await failure(converse(near, Order).place({ orderId: key, item: 'tea' }))
      expect(SottoError.is(error, 'contract/invalid') && error.details.path).toBe('orderId')
    }
  })
})

test('CV-7 an operation that the flow does not name comes at any time', async () => {
  const service = orders()
  const { near } = await between(service)
  const order = client(near, Order)
  expect(await order.list()).toEqual(['undefined'])
  await order.place(tea)
  expect(await order.list()).toEqual(['undefined'])
  expect(stateAt(service)).toBe('quoted')
})

test.each(['accept', 'decline'] as const)(
  'CV-17 a step that is denied while it waits is as if it had not come: %s',
  async (step) => {
    const held = gate()
    const handled = vi.fn(() => [])
    const policy = policyStore(open)
    const place: Handlers['place'] = async (_, { instance }) => {
      if (instance.items.push('') > 1) await held.passed
      return { items: [] }
    }
    const service = orders({ place, accept: handled, decline: () => void handled() })
    const { near } = await pair({ near: { use: [Order] }, far: { serve: [service], policy } })
    const order = client(near, Order)
    await order.place(tea)
    const slow = order.place(tea)
    const waits = told(order[step](kitchen))
    await settled()
    expect(stateAt(service)).toBe('start')
    const [all] = open.rules
    policy.replace({
      ...open,
      rules: [
        ...(all ? [all] : []),
        { id: 'no', effect: 'deny', by: ['any'], verbs: ['call', 'send'], on: [`order.v1.${step}`] },
      ],
    })
    held.open()
    await slow
    await settled()
    expect(await waits).toEqual(step === 'accept' ? ['policy/denied', 'maybe'] : ['response', ''])
    expect(handled).not.toHaveBeenCalled()
    expect(stateAt(service)).toBe('quoted')
  },
)

test('CV-18 handlers have what the service keeps of this conversation alone', async () => {
  const make = vi.fn(() => ({ items: [] as string[] }))
  const { near } = await between(orders({}, { instance: make }))
  const order = client(near, Order)
  await order.place(tea)
  await order.place({ orderId: '8', item: 'milk' })
  expect(await order.place({ orderId: '7', item: 'cake' })).toEqual({ items: ['tea', 'cake'] })
  expect(await order.accept(kitchen)).toEqual(['tea', 'cake'])
  expect(await order.place(tea)).toEqual({ items: ['tea'] })
  expect(make.mock.calls.map(([key, peer]: readonly unknown[]) => [key, peer])).toMatchObject([
    ['7', { id: alice.id }],
    ['8', { id: alice.id }],
    ['7', { id: alice.id }],
  ])
})

test('CV-19 what cannot be made is tried again by the next first step', async () => {
  let fails = true
  const failed = vi.fn()
  const place = vi.fn(() => ({ items: [] }))
  const instance = () => {
    if (fails) throw new Error('no room')
    return { items: [] }
  }
  const { near } = await between(orders({ place }, { instance, failed }))
  expect(await code(client(near, Order).place(tea))).toBe('call/internal')
  expect(place).not.toHaveBeenCalled()
  expect(failed).toHaveBeenCalledTimes(1)
  fails = false
  await client(near, Order).place(tea)
})

test('instances are of a contract with a flow, and their bounds are numbers', () => {
  const Plain = contract('plain.v1', { list: requestResponse({}) })
  expect(() => serve(Plain, { instance: () => 1 }, { list: () => undefined })).toThrow(TypeError)
  expect(() => serve(Plain, { instances: {} }, { list: () => undefined })).toThrow(TypeError)
  expect(() => orders({}, { instances: { most: 0 } })).toThrow(RangeError)
})

test('CV-20 a peer with all it may have is told that nothing can come at the start', async () => {
  const service = orders({}, { instances: { perPeer: 1 } })
  const { near } = await between(service)
  const order = converse(near, Order)
  const { next } = await order.place(tea)
  const error = await failure(order.place({ orderId: '8', item: 'tea' }))
  expect(SottoError.is(error, 'flow/refused') && [error.details, error.ran]).toEqual([
    { state: 'start', expected: [] },
    'no',
  ])
  await next.decline(kitchen)
  await settled()
  await order.place({ orderId: '8', item: 'tea' })
})

describe('CV-9 CV-22 a conversation is of the peer that began it', () => {
  const eve = generateIdentity()

  /** A session of each of several identities with one host. */
  const sessions = async (service: Served, identities: readonly ReturnType<typeof generateIdentity>[]) => {
    const far = host({ identity: bob, trust: [alice.id, eve.id], policy: open, serve: [service] })
    const made = await Promise.all(
      identities.map(async (identity) => {
        const [left, right] = memoryPair()
        const dialled = initiate(left, { identity, peer: bob.id, use: [Order], policy: open })
        const [near] = await Promise.all([dialled, far.accept(right)])
        return near
      }),
    )
    return { far, sessions: made }
  }

  test('CV-9 another session of it goes on where the first was lost', async () => {
    const service = orders()
    const first = await between(service)
    await converse(first.near, Order).place(tea)
    first.near.abort()
    await first.far.closed
    const { near } = await between(service)
    const { value } = await converse(near, Order, 'quoted').accept(kitchen)
    expect(value).toEqual(['tea'])
  })

  test('CV-9 CV-22 another peer under the same key is in another, and no answer tells of the first', async () => {
    const service = orders()
    const {
      far,
      sessions: [hers, eves],
    } = await sessions(service, [alice, eve])
    if (hers === undefined || eves === undefined) throw new Error('expected two sessions')
    await client(hers, Order).place(tea)
    const taken = await failure(client(eves, Order).accept(kitchen))
    const free = await failure(client(eves, Order).accept({ orderId: 'free' }))
    expect(SottoError.is(taken, 'flow/refused') && taken.details).toEqual({ state: 'start', expected: ['place'] })
    expect(String(taken)).toBe(String(free))
    expect(await client(eves, Order).place({ orderId: '7', item: 'milk' })).toEqual({ items: ['milk'] })
    expect(await client(hers, Order).accept(kitchen)).toEqual(['tea'])
    await far.close()
  })

  test('CV-12 two sessions of a peer that race take turns', async () => {
    let [running, most] = [0, 0]
    const order: string[] = []
    const service = orders({
      place: async ({ item }) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setImmediate(resolve))
        order.push(item)
        running--
        return { items: [item] }
      },
    })
    const {
      far,
      sessions: [one, two],
    } = await sessions(service, [alice, alice])
    if (one === undefined || two === undefined) throw new Error('expected two sessions')
    const items = Array.from({ length: 20 }, (_, n) => String(n))
    const calls = items.flatMap((n) => [
      client(one, Order).place({ orderId: '7', item: `1.${n}` }),
      client(two, Order).place({ orderId: '7', item: `2.${n}` }),
    ])
    await Promise.all(calls)
    expect(most).toBe(1)
    for (const session of ['1.', '2.'])
      expect(order.filter((item) => item.startsWith(session))).toEqual(items.map((n) => `${session}${n}`))
    // Another conversation waits for none of them.
    await far.close()
  })

  test('CV-12 other conversations do not wait for a step that takes long', async () => {
    const held = gate()
    const { near } = await between(
      orders({
        place: async ({ orderId }) => {
          if (orderId === '7') await held.passed
          return { items: [] }
        },
      }),
    )
    const slow = client(near, Order).place(tea)
    await client(near, Order).place({ orderId: '8', item: 'tea' })
    held.open()
    await slow
  })
})

test('CV-28 steps that are sent at once come in their order, whether they have an answer, and whatever their size', async () => {
  const Note = z.object({ id: z.string(), n: z.number(), text: z.string() })
  const Notes = contract(
    'notes.v1',
    { tell: oneWay(Note), ask: requestResponse({ request: Note }) },
    { key: 'id', states: { start: { tell: 'told', ask: 'start' }, told: { tell: 'told', ask: 'start' } } },
  )
  const order: number[] = []
  const handle = ({ n }: { n: number }) => void order.push(n)
  const { near } = await pair({ near: { use: [Notes] }, far: { serve: [serve(Notes, { tell: handle, ask: handle })] } })
  const to = client(near, Notes)
  const taken = Array.from({ length: 120 }, (_, n) => {
    const note = { id: '1', n, text: 'x'.repeat(n % 7 === 0 ? 100_000 : n) }
    return n % 3 === 0 ? to.ask(note) : to.tell(note)
  })
  await Promise.all(taken)
  await to.ask({ id: '1', n: 120, text: '' })
  expect(order).toEqual(Array.from({ length: 121 }, (_, n) => n))
})

describe('rules that read `state`', () => {
  const Id = z.object({ id: z.string() })
  const Shop = contract(
    'shop.v1',
    { open: oneWay(Id), pay: requestResponse({ request: Id }), ship: requestResponse({ request: Id }) },
    {
      key: 'id',
      states: { start: { open: 'due' }, due: { pay: 'paid', ship: 'end' }, paid: { ship: 'end' } },
    },
  )
  const only = (verb: 'by' | 'to'): Policy => ({
    version: 1,
    rules: [
      { id: 'all', effect: 'allow', by: ['any'], verbs: ['call', 'send'], on: ['>'] },
      {
        id: 'unpaid',
        effect: 'deny',
        ...(verb === 'by' ? { by: ['any'] } : { to: ['any'] }),
        verbs: ['call'],
        on: ['shop.v1.ship'],
        when: [
          { attribute: 'state', is: 'present' },
          { attribute: 'state', is: 'ne', value: 'paid' },
        ],
      },
    ],
  })

  const shop = async (pays: () => void, policies: { readonly near?: Policy; readonly far?: Policy }) => {
    const ship = vi.fn()
    const service = serve(Shop, { failed: () => undefined }, { open: () => undefined, pay: async () => pays(), ship })
    const both = await pair({
      near: { use: [Shop], policy: policies.near ?? open },
      far: { serve: [service], policy: policies.far ?? open },
    })
    return { ...both, ship }
  }
  const one = { id: '1' }

  test('CV-10 are asked with the state behind the steps before', async () => {
    const { near, ship } = await shop(() => undefined, { far: only('by') })
    const to = client(near, Shop)
    await to.open(one)
    expect(await code(to.ship(one))).toBe('policy/denied')
    await Promise.all([to.pay(one), to.ship(one)])
    expect(ship).toHaveBeenCalledTimes(1)
  })

  test('CV-14 cannot be got round by a step before that will fail', async () => {
    const throws = () => {
      throw new Error('no money')
    }
    const { near, ship } = await shop(throws, { far: only('by') })
    const to = client(near, Shop)
    await to.open(one)
    const [paid, shipped] = await Promise.all([failure(to.pay(one)), failure(to.ship(one))])
    expect(SottoError.is(paid, 'call/internal')).toBe(true)
    // The flow alone would let it be shipped from `due`.
    expect(SottoError.is(shipped, 'flow/refused') && shipped.details).toEqual({
      state: 'due',
      expected: ['pay', 'ship'],
    })
    expect(ship).not.toHaveBeenCalled()
  })

  test('CV-22 tell nobody a state who is denied', async () => {
    const { near } = await shop(() => undefined, { far: only('by') })
    const to = client(near, Shop)
    const errors = [await failure(to.ship(one))]
    await to.open(one)
    errors.push(await failure(to.ship(one)))
    const texts = errors.map((error) =>
      SottoError.is(error, 'policy/denied') ? error.message.replaceAll(/\.ir\.\d+/g, '') : error,
    )
    expect(texts[0]).toBe(texts[1])
    expect(String(texts[0])).not.toMatch(/start|due/)
  })

  test('CV-26 read at home where the program is in the conversation', async () => {
    const { near, ship } = await shop(() => undefined, { near: only('to') })
    const { next: due } = await converse(near, Shop).open(one)
    expect(await code(due.ship(one))).toBe('policy/denied')
    const { next: paid } = await due.pay(one)
    expect(paid.state).toBe('paid')
    await paid.ship(one)
    expect(ship).toHaveBeenCalledTimes(1)
    // Of a step that no conversation takes there is no state to read.
    await client(near, Shop).open(one)
    await client(near, Shop).ship(one)
    expect(ship).toHaveBeenCalledTimes(2)
  })
})

describe('what stands for a conversation', () => {
  /** A program whose types nobody checked. */
  const unchecked = (on: object, step: string, value: unknown): Promise<unknown> => {
    const act: unknown = Reflect.get(on, step)
    if (typeof act !== 'function') throw new TypeError(`expected a step, got ${step}`)
    return act(value)
  }
  const refusal = async (step: Promise<unknown>) => {
    const error = await failure(step)
    return SottoError.is(error, 'flow/refused') ? { ...error.details, ran: error.ran } : error
  }

  test('goes from state to state, to its end', async () => {
    const { near } = await between(orders())
    const order = converse(near, Order)
    expect(order.state).toBe('start')
    const { value, next: quoted } = await order.place(tea)
    expect([value, quoted.state]).toEqual([{ items: ['tea'] }, 'quoted'])
    const again = await quoted.place({ orderId: '7', item: 'milk' })
    const { value: items, next: end } = await again.next.accept(kitchen)
    expect([items, end.state]).toEqual([['tea', 'milk'], 'end'])
    expect(await refusal(unchecked(end, 'place', tea))).toEqual({ state: 'end', expected: [], ran: 'no' })
  })

  test('CV-23 refuses a step that its state does not allow, and sends nothing', async () => {
    const handled = vi.fn(() => [])
    const { near } = await between(orders({ accept: handled }))
    const order = converse(near, Order)
    const error = await failure(unchecked(order, 'accept', kitchen))
    expect(SottoError.is(error, 'flow/refused') && error.details).toEqual({ state: 'start', expected: ['place'] })
    expect(String(error)).toContain('expected one of place')
    expect(handled).not.toHaveBeenCalled()
    expect(Reflect.get(order, 'list')).toBeUndefined()
  })

  test('CV-24 lets one step be taken at a time, and none behind one that succeeded', async () => {
    const held = gate()
    const accept = async () => {
      await held.passed
      return []
    }
    const { near } = await between(orders({ accept }))
    const { next: quoted } = await converse(near, Order).place(tea)
    const accepting = quoted.accept(kitchen)
    expect(await refusal(quoted.decline(kitchen))).toEqual({ state: 'end', expected: [], ran: 'no' })
    held.open()
    await accepting
    expect(await refusal(quoted.accept(kitchen))).toEqual({ state: 'end', expected: [], ran: 'no' })
  })

  test('CV-25 is as it was when a step fails', async () => {
    let fails = true
    const accept = () => {
      if (fails) throw new Error('not yet')
      return []
    }
    const { near } = await between(orders({ accept }))
    const { next: quoted } = await converse(near, Order).place(tea)
    expect(await code(quoted.accept(kitchen))).toBe('call/internal')
    fails = false
    expect((await quoted.accept(kitchen)).next.state).toBe('end')
  })

  test('CV-27 refuses a step with another key, and sends nothing', async () => {
    const { near } = await between(orders())
    const order = converse(near, Order)
    const { next: quoted } = await order.place(tea)
    await order.place({ orderId: '8', item: 'tea' })
    expect(await failure(quoted.accept({ orderId: '8' }))).toBeInstanceOf(RangeError)
    await quoted.accept(kitchen)
    // From a state, and not from a step, any conversation goes on.
    await converse(near, Order, 'quoted').accept({ orderId: '8' })
  })

  test('CV-9 goes on over a link, in whatever session there is', async () => {
    const listening = host({ identity: bob, trust: [alice.id], policy: open, serve: [orders()] })
    const far: Session[] = []
    const connect = async () => {
      const [left, right] = memoryPair()
      void listening.accept(right).then((session) => far.push(session))
      return left
    }
    const kept = linkOver(
      connect,
      { identity: alice, peer: bob.id, use: [Order], policy: open },
      { firstMs: 1, capMs: 2 },
    )
    const { next: quoted } = await converse(kept, Order).place(tea)
    const near = await kept.session
    far[0]?.abort()
    await near.closed
    const again = await quoted.place({ orderId: '7', item: 'milk' })
    expect([again.value, far.length]).toEqual([{ items: ['tea', 'milk'] }, 2])
    await again.next.accept(kitchen)
    await kept.close()
    await listening.close()
  })

  test('is of a state of the flow, and of a contract that the session uses', async () => {
    const { near } = await between(orders())
    expect(() => converse(near, Order, JSON.parse('"shipped"'))).toThrow(RangeError)
    expect(() => converse(near, Order, JSON.parse('"toString"'))).toThrow(RangeError)
    const Other = contract('order.v1', Order.operations, { key: 'orderId', states: { start: { place: 'end' } } })
    // @ts-expect-error It is another contract than the session's.
    expect(await code(() => converse(near, Other))).toBe('contract/unserved')
  })

  test('CV-11 CV-14 tells where a conversation is, of which its program was told nothing', async () => {
    const { near } = await between(orders())
    await converse(near, Order).place(tea)
    const error = await failure(converse(near, Order, 'quoted').accept({ orderId: '9' }))
    expect(SottoError.is(error, 'flow/refused') && [error.details, error.ran]).toEqual([
      { state: 'start', expected: ['place'] },
      'no',
    ])
    expect(String(error)).toContain('one of place')
  })
})
