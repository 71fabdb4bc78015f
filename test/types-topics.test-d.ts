/** What of topics and queues must and must not compile; checked as test/types.test-d.ts is. */
import { type } from 'arktype'
import * as v from 'valibot'
import * as z from 'zod'
import { contract } from '../src/contract/define.js'
import { oneWay, queue, requestResponse, topic } from '../src/contract/operation.js'
import { bytes, type In, nothing, type Out } from '../src/contract/shape.js'
import type { PeerId } from '../src/identity/id.js'
import type { Session } from '../src/link/session.js'
import { client } from '../src/messaging/client.js'
import { serve } from '../src/messaging/serve.js'

/** True if the two types are the same; `any` is the same as itself alone. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>(): void => {}

const Degrees = z.object({ celsius: z.number(), tags: z.array(z.string()).optional() })
const Length = z.string().transform((text) => text.length)

const Home = contract('home.v1', {
  readings: topic(Degrees, { subject: '{room}.{sensor}', retain: true, visible: ['celsius'] }),
  bell: topic(nothing),
  lengths: topic(Length, { subject: 'all' }),
  jobs: queue(z.object({ url: z.string() }), { visible: ['url'], leaseMs: 5_000, maxDeliveries: 3 }),
  prints: queue(bytes, { subject: '{printer}' }),
})
declare const session: Session<typeof Home>
const home = client(session, Home)
const { readings, bell, lengths, jobs, prints } = home

// The template keeps its own type, and names its parameters.
type Operations = (typeof Home)['operations']
holds<Same<Operations['readings']['subject'], '{room}.{sensor}'>>()
holds<Same<Operations['bell']['subject'], ''>>()

// What may be published, and what is heard.
void readings.publish({ room: 'kitchen', sensor: 'a' }, { celsius: 21 }, { timeoutMs: 5 })
void bell.publish()
void lengths.publish('four')
for await (const { value, subject, from, dropped } of readings.subscribe({ room: 'kitchen' }, { slow: 'latest' })) {
  holds<Same<typeof value.celsius, number>>()
  holds<Same<typeof subject, { readonly room: string; readonly sensor: string }>>()
  holds<Same<typeof from, PeerId | undefined>>()
  holds<Same<typeof dropped, number>>()
}
for await (const { value } of lengths.subscribe()) holds<Same<typeof value, number>>()
// @ts-expect-error A subject is required.
void readings.publish({ celsius: 21 })
// @ts-expect-error A parameter is missing.
void readings.publish({ room: 'kitchen' }, { celsius: 21 })
// @ts-expect-error A wrong parameter.
void readings.publish({ room: 'kitchen', sensr: 'a' }, { celsius: 21 })
// @ts-expect-error A parameter is a text.
void readings.publish({ room: 'kitchen', sensor: 1 }, { celsius: 21 })
// @ts-expect-error A wrong message.
void readings.publish({ room: 'kitchen', sensor: 'a' }, { kelvin: 294 })
// @ts-expect-error The input of the shape is text.
void lengths.publish(4)
// @ts-expect-error Nothing takes no value.
void bell.publish('ding')
// @ts-expect-error A template without parameters needs no subject.
void lengths.publish({}, 'four')
// @ts-expect-error A wrong parameter of a filter.
readings.subscribe({ rooom: 'kitchen' })
// @ts-expect-error No such choice.
readings.subscribe({}, { slow: 'never' })
// @ts-expect-error A topic is not called.
void home.readings({ celsius: 21 })
// @ts-expect-error A topic is not consumed.
readings.consume()

// What may be enqueued, and what is consumed.
holds<Same<Awaited<ReturnType<typeof jobs.enqueue>>['duplicate'], boolean>>()
void jobs.enqueue({ url: 'x' }, { key: 'a', delayMs: 5 })
void prints.enqueue({ printer: 'a' }, new Uint8Array(1))
for await (const job of jobs.consume({}, { credit: 8 })) {
  holds<Same<typeof job.value, { url: string }>>()
  holds<Same<typeof job.attempt, number>>()
  void job.ack()
  void job.retry({ afterMs: 5 })
  void job.extend(5)
  // @ts-expect-error A reason is required.
  void job.reject()
}
for await (const { subject } of prints.consume()) holds<Same<typeof subject, { readonly printer: string }>>()
// @ts-expect-error A wrong message.
void jobs.enqueue({ uri: 'x' })
// @ts-expect-error A subject is required.
void prints.enqueue(new Uint8Array(1))
// @ts-expect-error A wrong subject.
void prints.enqueue({ room: 'a' }, new Uint8Array(1))
// @ts-expect-error A key is a text.
void jobs.enqueue({ url: 'x' }, { key: 5 })
// @ts-expect-error A queue is not published to.
void jobs.publish({ url: 'x' })

// Declarations.
// @ts-expect-error A visible field that the message does not have.
topic(Degrees, { visible: ['kelvin'] })
// @ts-expect-error A visible field that is no scalar.
queue(Degrees, { visible: ['tags'] })
// @ts-expect-error A text has no fields.
topic(z.string(), { visible: ['length'] })
// @ts-expect-error A message whose input is no wire value.
topic(z.date())
// @ts-expect-error coerce takes anything.
queue(z.coerce.number())
// @ts-expect-error A queue retains nothing.
queue(Degrees, { retain: true })
// @ts-expect-error A topic has no leases.
topic(Degrees, { leaseMs: 5 })
// @ts-expect-error No such setting.
queue(Degrees, { leaseMS: 5 })

// Topics and queues have no handlers.
serve(Home, {})
const Mixed = contract('mixed.v1', { log: oneWay(z.string()), bell: topic(nothing), jobs: queue(bytes) })
serve(Mixed, { log: () => {} })
// @ts-expect-error A handler of a topic.
serve(Mixed, { log: () => {}, bell: () => {} })
// @ts-expect-error A handler of a queue.
serve(Mixed, { log: () => {}, jobs: () => {} })

// valibot and arktype: inputs travel, outputs are received, and what is no wire value does not compile.
const Vali = v.pipe(
  v.string(),
  v.transform((text) => text.length),
)
const Ark = type('string').pipe((text) => text.length)
holds<Same<In<typeof Vali>, string>>()
holds<Same<Out<typeof Vali>, number>>()
holds<Same<In<typeof Ark>, string>>()
holds<Same<Out<typeof Ark>, number>>()
oneWay(v.object({ a: v.optional(v.string()) }))
oneWay(type({ 'a?': 'string' }))
// @ts-expect-error Date of valibot
oneWay(v.date())
// @ts-expect-error Date of valibot, inside
requestResponse({ request: v.object({ at: v.array(v.date()) }) })
// @ts-expect-error unknown of valibot, which its coercions begin with
topic(v.pipe(v.unknown(), v.transform(Number)))
// @ts-expect-error Map of valibot
queue(v.map(v.string(), v.string()))
// @ts-expect-error Date of arktype
oneWay(type('Date'))
// @ts-expect-error Date of arktype, inside
requestResponse({ response: type({ at: 'Date[]' }) })
// @ts-expect-error unknown of arktype
topic(type('unknown'))
