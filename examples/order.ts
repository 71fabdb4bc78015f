import {
  contract,
  converse,
  generateIdentity,
  host,
  initiate,
  memoryPair,
  oneWay,
  requestResponse,
  SottoError,
  serve,
} from 'sotto'
import { z } from 'zod'

const Id = z.object({ orderId: z.string() })
const Order = contract(
  'order.v1',
  {
    place: requestResponse({ request: Id.extend({ item: z.string() }), response: z.object({ price: z.number() }) }),
    accept: requestResponse({ request: Id, response: z.array(z.string()) }),
    decline: oneWay(Id),
  },
  {
    key: 'orderId',
    states: { start: { place: 'quoted' }, quoted: { place: 'quoted', accept: 'end', decline: 'end' } },
  },
)

const [shopper, shop] = [generateIdentity(), generateIdentity()]

// What the service keeps is of one peer and one order, and is there in whatever session the next step comes.
const orders = serve(
  Order,
  { instance: () => ({ items: [] as string[] }) },
  {
    place: ({ item }, { instance }) => ({ price: instance.items.push(item) * 3 }),
    accept: (_, { instance }) => instance.items,
    decline: () => undefined,
  },
)
await using listening = host({
  identity: shop,
  trust: [shopper.id],
  policy: {
    version: 1,
    rules: [{ id: 'orders', effect: 'allow', by: [shopper.id], verbs: ['call', 'send'], on: ['order.v1.*'] }],
  },
  serve: [orders],
})

const dial = async () => {
  const [left, right] = memoryPair()
  void listening.accept(right)
  return initiate(left, { identity: shopper, peer: shop.id, use: [Order] })
}

// `converse(…).accept` does not compile: an order begins with `place`.
const morning = await dial()
const { value: tea, next: quoted } = await converse(morning, Order).place({ orderId: '7', item: 'tea' })
const { value: both } = await quoted.place({ orderId: '7', item: 'milk' })
console.log(`tea for ${tea.price}, with milk ${both.price}`)
await morning.close()

// The order outlives the session, and goes on where it was.
await using evening = await dial()
const { value: items } = await converse(evening, Order, 'quoted').accept({ orderId: '7' })
console.log(`bought ${items.join(' and ')}`)

try {
  await converse(evening, Order, 'quoted').accept({ orderId: '7' })
} catch (error) {
  if (!SottoError.is(error, 'flow/refused')) throw error
  console.log(`refused: it is in ${error.details.state}, where ${error.details.expected.join(' or ')} may come`)
}
