/** What of conversations must and must not compile; checked as test/types.test-d.ts is. */
import * as z from 'zod'
import { type Contract, contract } from '../src/contract/define.js'
import type { Flow } from '../src/contract/flow.js'
import { oneWay, queue, requestResponse, stream, topic } from '../src/contract/operation.js'
import type { Peer } from '../src/identity/peer.js'
import type { Link } from '../src/link/link.js'
import type { Session } from '../src/link/session.js'
import { type At, converse } from '../src/messaging/converse.js'
import { serve } from '../src/messaging/serve.js'

/** True if the two types are the same; `any` is the same as itself alone. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>(): void => {}

const Id = z.object({ orderId: z.string() })
const operations = {
  place: requestResponse({ request: Id.extend({ item: z.string() }), response: z.object({ price: z.number() }) }),
  accept: requestResponse({ request: Id }),
  decline: oneWay(Id),
  list: requestResponse({ response: z.array(z.string()) }),
  numbered: oneWay(z.object({ orderId: z.number() })),
  optional: oneWay(z.object({ orderId: z.string().optional() })),
  loose: oneWay(z.any()),
  text: oneWay(z.string()),
  watch: stream({ request: Id }),
  news: topic(Id),
  jobs: queue(Id),
  state: oneWay(Id),
}
const Order = contract('order.v1', operations, {
  key: 'orderId',
  states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end', decline: 'end' } },
})
const Plain = contract('plain.v1', operations)

// The flow keeps its own type, and none is undefined.
holds<Same<(typeof Order)['flow']['key'], 'orderId'>>()
holds<Same<(typeof Order)['flow']['states']['start'], { readonly place: 'quoted' }>>()
holds<Same<keyof (typeof Order)['flow']['states'], 'start' | 'quoted'>>()
holds<Same<(typeof Plain)['flow'], undefined>>()
holds<Same<(typeof Order)['name'], 'order.v1'>>()
// Back to the start, and a state without an end, are fine.
contract('order.v1', operations, { key: 'orderId', states: { start: { place: 'start' } } })

// @ts-expect-error An unknown operation.
contract('order.v1', operations, { key: 'orderId', states: { start: { refund: 'end' } } })
// @ts-expect-error An unknown state.
contract('order.v1', operations, { key: 'orderId', states: { start: { place: 'qouted' }, quoted: { accept: 'end' } } })
// @ts-expect-error No start.
contract('order.v1', operations, { key: 'orderId', states: { quoted: { place: 'quoted' } } })
// @ts-expect-error No states.
contract('order.v1', operations, { key: 'orderId', states: {} })
// @ts-expect-error `end` is no state.
contract('order.v1', operations, { key: 'orderId', states: { start: { place: 'end' }, end: { accept: 'end' } } })
// @ts-expect-error A key that the requests do not have.
contract('order.v1', operations, { key: 'id', states: { start: { place: 'end' } } })
// @ts-expect-error No key.
contract('order.v1', operations, { states: { start: { place: 'end' } } })
// @ts-expect-error A request without fields has no key.
contract('order.v1', operations, { key: 'orderId', states: { start: { list: 'end' } } })
// @ts-expect-error A text has fields of its own, which are no key.
contract('order.v1', operations, { key: 'length', states: { start: { text: 'end' } } })
// @ts-expect-error A key that is no text.
contract('order.v1', operations, { key: 'orderId', states: { start: { numbered: 'end' } } })
// @ts-expect-error A key that may be absent.
contract('order.v1', operations, { key: 'orderId', states: { start: { optional: 'end' } } })
// @ts-expect-error `any` has no key for sure.
contract('order.v1', operations, { key: 'orderId', states: { start: { loose: 'end' } } })
// @ts-expect-error A stream is no step.
contract('order.v1', operations, { key: 'orderId', states: { start: { watch: 'end' } } })
// @ts-expect-error A topic is no step.
contract('order.v1', operations, { key: 'orderId', states: { start: { news: 'end' } } })
// @ts-expect-error A queue is no step.
contract('order.v1', operations, { key: 'orderId', states: { start: { jobs: 'end' } } })
// @ts-expect-error The object of a conversation has a `state` of its own.
contract('order.v1', operations, { key: 'orderId', states: { start: { state: 'end' } } })

// Every contract is a Contract, with a flow or without.
export const all: readonly Contract[] = [Order, Plain]
export const flow: Flow = Order.flow

// What a conversation may do next is what its flow says, at every step.
declare const session: Session<typeof Order>
declare const kept: Link<typeof Order | typeof Plain>
const tea = { orderId: '7', item: 'tea' }
const id = { orderId: '7' }
const start = converse(session, Order)
holds<Same<typeof start, At<typeof Order, 'start'>>>()
holds<Same<keyof typeof start, 'state' | 'place'>>()
holds<Same<(typeof start)['state'], 'start'>>()
holds<
  Same<
    ReturnType<typeof start.place>,
    Promise<{ readonly value: { price: number }; readonly next: At<typeof Order, 'quoted'> }>
  >
>()
const { value, next: quoted } = await start.place(tea)
holds<Same<typeof value, { price: number }>>()
holds<Same<keyof typeof quoted, 'state' | 'place' | 'accept' | 'decline'>>()
const again = (await quoted.place(tea, { timeoutMs: 500 })).next
holds<Same<typeof again, typeof quoted>>()
const { next: end } = await again.decline(id)
holds<Same<(typeof end)['state'], 'end'>>()
holds<Same<keyof typeof end, 'state'>>()
// On a link, and resumed.
void converse(kept, Order).place(tea)
void converse(session, Order, 'quoted').accept(id)
const resumed = converse(session, Order, 'quoted')
holds<Same<typeof resumed, typeof quoted>>()

// @ts-expect-error Out of order.
void start.accept(id)
// @ts-expect-error Nothing comes behind the end.
void end.place(tea)
// @ts-expect-error An operation that no flow names is no step.
void start.list()
// @ts-expect-error A wrong request.
void start.place(id)
// @ts-expect-error A step needs its key.
void start.place({ item: 'tea' })
// @ts-expect-error An unknown state.
converse(session, Order, 'shipped')
// @ts-expect-error `end` is no state to go on from.
converse(session, Order, 'end')
// @ts-expect-error A contract without a flow has no conversations.
converse(kept, Plain)
const Other = contract('other.v1', { place: operations.place }, { key: 'orderId', states: { start: { place: 'end' } } })
// @ts-expect-error A contract that the session does not use.
converse(session, Other)

// What a service keeps of a conversation has the type of what `instance` makes, in its steps alone.
const Shop = contract(
  'shop.v1',
  { place: operations.place, decline: operations.decline, list: operations.list, watch: operations.watch },
  { key: 'orderId', states: { start: { place: 'quoted' }, quoted: { decline: 'end' } } },
)
const shop = { place: () => ({ price: 1 }), decline: () => {}, list: () => [], watch: () => {} }
serve(Shop, shop)
serve(Shop, { instances: { most: 10, perPeer: 1, idleMs: 1_000 } }, shop)
serve(
  Shop,
  {
    instance: (key, peer) => {
      holds<Same<typeof key, string>>()
      holds<Same<typeof peer, Peer>>()
      return { key, items: [] as string[] }
    },
  },
  {
    ...shop,
    place: ({ item }, { instance }) => {
      holds<Same<typeof instance, { key: string; items: string[] }>>()
      return { price: instance.items.push(item) }
    },
    decline: (_, { instance }) => void instance.items.pop(),
    list: (_, { instance }) => {
      holds<Same<typeof instance, undefined>>()
      return []
    },
    watch: async (_, { instance }) => holds<Same<typeof instance, undefined>>(),
  },
)
serve(Shop, {
  ...shop,
  decline: (_, { instance }) => holds<Same<typeof instance, undefined>>(),
})
serve(Plain, {
  ...shop,
  accept: () => {},
  numbered: () => {},
  optional: () => {},
  loose: () => {},
  text: () => {},
  state: (_, { instance }) => holds<Same<typeof instance, undefined>>(),
})
// @ts-expect-error The instance has no such member.
serve(Shop, { instance: () => ({ items: [] }) }, { ...shop, decline: (_, { instance }) => void instance.prices })
// @ts-expect-error No such bound.
serve(Shop, { instances: { many: 5 } }, shop)
