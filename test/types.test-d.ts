/**
 * What must and must not compile. Checked by tsc alone: a `@ts-expect-error` without an error is an error.
 * test/types.test.ts shows that it is.
 */
import * as z from 'zod'
import { type Contract, contract } from '../src/contract/define.js'
import { type NoFaults, oneWay, requestResponse, stream } from '../src/contract/operation.js'
import { bytes, type In, type Nothing, nothing, type Out } from '../src/contract/shape.js'
import type { CheckedPeer } from '../src/identity/expected.js'
import type { PeerId } from '../src/identity/id.js'
import type { Possession } from '../src/identity/possession.js'
import type { Link } from '../src/link/link.js'
import type { DialOptions, HostOptions } from '../src/link/options.js'
import type { Session } from '../src/link/session.js'
import { client } from '../src/messaging/client.js'
import type { Context } from '../src/messaging/context.js'
import { faultOf } from '../src/messaging/fault.js'
import { serve } from '../src/messaging/serve.js'
import type { Duplex } from '../src/messaging/stream.js'
import type { Rule } from '../src/policy/rule.js'
import type { Established, Finished } from '../src/session/established.js'
import type { Admitted } from '../src/session/gate.js'

/** True if the two types are the same; `any` is the same as itself alone. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const holds = <_ extends true>(): void => {}

const Room = z.object({ room: z.string(), floor: z.number().optional(), tags: z.array(z.string()).optional() })
const Degrees = z.object({ celsius: z.number() })
const Count = z.string().transform((text) => text.length)

const Thermostat = contract('thermostat.v1', {
  read: requestResponse({ request: Room, response: Degrees, faults: { NoSuchRoom: Room, Gone: nothing } }),
  count: requestResponse({ request: Count, response: Count, faults: { TooLong: Count }, idempotent: true }),
  ping: requestResponse({}),
  log: oneWay(z.string()),
  wake: oneWay(nothing),
  put: oneWay(bytes),
})
const Alerts = contract('alerts.v1', { raise: oneWay(z.object({ text: z.string() })) })

declare const session: Session<typeof Thermostat>
declare const both: Session<typeof Thermostat | typeof Alerts>
declare const none: Session<never>
declare const kept: Link<typeof Thermostat>
declare const thenable: { readonly then: typeof Alerts.operations.raise }
declare const error: unknown

// Omitted shapes are nothing, and not any; the name is kept.
type Operations = (typeof Thermostat)['operations']
holds<Same<(typeof Thermostat)['name'], 'thermostat.v1'>>()
holds<Same<Operations['ping']['request'], Nothing>>()
holds<Same<Operations['ping']['response'], Nothing>>()
holds<Same<Operations['ping']['faults'], NoFaults>>()
holds<Same<Operations['count']['faults'], { TooLong: typeof Count }>>()
holds<Same<In<typeof nothing>, undefined>>()
holds<Same<Out<typeof bytes>, Uint8Array>>()
// @ts-expect-error The comparison itself tells any from a type.
holds<Same<ReturnType<typeof JSON.parse>, Nothing>>()

// Names.
// @ts-expect-error A contract name without a version.
contract('thermostat', { log: oneWay(z.string()) })
// @ts-expect-error A version that is no number.
contract('thermostat.vOne', { log: oneWay(z.string()) })
// @ts-expect-error An operation named `then` would make a client a promise.
contract('thermostat.v1', thenable)
// @ts-expect-error A shape is no operation.
contract('thermostat.v1', { log: z.string() })

// Shapes whose input is no wire value.
// @ts-expect-error Date
oneWay(z.date())
// @ts-expect-error Date inside
oneWay(z.object({ at: z.array(z.date()) }))
// @ts-expect-error coerce takes anything
oneWay(z.coerce.number())
// @ts-expect-error coerce inside
requestResponse({ request: z.object({ at: z.coerce.date() }) })
// @ts-expect-error Map
requestResponse({ response: z.map(z.string(), z.string()) })
// @ts-expect-error unknown
requestResponse({ response: z.unknown() })
// @ts-expect-error A fault of Dates
requestResponse({ faults: { Late: z.date() } })
// @ts-expect-error A type is no shape.
requestResponse({ request: String })
// An output may be anything: it never travels.
oneWay(z.string().transform((text) => new Date(text)))

// Visible fields are top-level scalars.
requestResponse({ request: Room, visible: ['room', 'floor'] })
oneWay(Degrees, { visible: ['celsius'] })
// @ts-expect-error No such field.
requestResponse({ request: Room, visible: ['rooom'] })
// @ts-expect-error Not a scalar.
requestResponse({ request: Room, visible: ['tags'] })
// @ts-expect-error A text has no fields.
oneWay(z.string(), { visible: ['length'] })
// @ts-expect-error Nothing has no fields.
requestResponse({ visible: ['room'] })

// Clients: the caller gives inputs and gets outputs.
const thermostat = client(session, Thermostat)
holds<Same<ReturnType<typeof thermostat.read>, Promise<{ celsius: number }>>>()
holds<Same<ReturnType<typeof thermostat.count>, Promise<number>>>()
holds<Same<ReturnType<typeof thermostat.ping>, Promise<undefined>>>()
holds<Same<ReturnType<typeof thermostat.log>, Promise<void>>>()
// On a link it is the same.
const lasting = client(kept, Thermostat)
holds<Same<typeof lasting, typeof thermostat>>()
// @ts-expect-error A contract that the link does not use.
client(kept, Alerts)
void thermostat.read({ room: 'kitchen' }, { timeoutMs: 500, labels: { trace: '1' } })
void thermostat.count('four')
void thermostat.ping()
void thermostat.ping(undefined, { timeoutMs: 500 })
void thermostat.wake()
void thermostat.put(new Uint8Array(1))
void client(both, Alerts).raise({ text: 'fire' })
// @ts-expect-error The contract is not in `use`.
client(session, Alerts)
// @ts-expect-error No contract is in `use`.
client(none, Thermostat)
// @ts-expect-error A wrong request.
void thermostat.read({ rooom: 'kitchen' })
// @ts-expect-error A request is required.
void thermostat.read()
// @ts-expect-error The input of the shape is text, its output a number.
void thermostat.count(4)
// @ts-expect-error Nothing takes no value.
void thermostat.ping('now')
// @ts-expect-error A wrong message.
void thermostat.log(5)
// @ts-expect-error No such operation.
void thermostat.write({ room: 'kitchen' })
// @ts-expect-error No such option.
void thermostat.ping(undefined, { timeout: 500 })

// Handlers: the server gets outputs and gives inputs.
const handlers = {
  read: ({ room }: { room: string }) => ({ celsius: room.length }),
  count: (length: number) => 'x'.repeat(length),
  ping: () => undefined,
  log: () => {},
  wake: async () => {},
  put: (chunk: Uint8Array) => void chunk.length,
}
serve(Thermostat, handlers)
serve(Thermostat, { concurrency: 8, opened: (opened) => void client(opened, Alerts) }, handlers)
serve(Thermostat, {
  ...handlers,
  read: async ({ room }, context) => {
    holds<Same<typeof room, string>>()
    if (room === 'attic') throw context.fault('NoSuchRoom', { room })
    if (room === 'cellar') throw context.fault('Gone')
    // @ts-expect-error An undeclared fault.
    context.fault('NoSuchHouse', { room })
    // @ts-expect-error Wrong data of a declared fault.
    context.fault('NoSuchRoom', { house: room })
    // @ts-expect-error A fault with data needs it.
    context.fault('NoSuchRoom')
    return { celsius: 21 }
  },
  count: (length) => {
    holds<Same<typeof length, number>>()
    return 'x'
  },
  // A call that answers nothing may end without a return.
  ping: async (_, context) => {
    // @ts-expect-error A fault on an operation without faults.
    context.fault('NoSuchRoom', { room: 'kitchen' })
  },
  log: (_, context) => {
    holds<Same<typeof context, Context>>()
    // @ts-expect-error A one-way message has no faults.
    context.fault('NoSuchRoom', { room: 'kitchen' })
  },
})
// @ts-expect-error A missing handler.
serve(Alerts, {})
// @ts-expect-error A handler too many.
serve(Alerts, { raise: () => {}, lower: () => {} })
// @ts-expect-error A wrong response.
serve(Thermostat, { ...handlers, read: () => ({ fahrenheit: 70 }) })
// @ts-expect-error A response is required.
serve(Thermostat, { ...handlers, read: () => {} })
// @ts-expect-error The response is the input of its shape.
serve(Thermostat, { ...handlers, count: (length: number) => length })
// @ts-expect-error A handler of another message.
serve(Alerts, { raise: ({ title }) => console.log(title) })
// @ts-expect-error No such option.
serve(Alerts, { parallel: 8 }, { raise: () => {} })

// Streams: who began writes inputs and reads outputs; the handler the other way round.
const Tape = contract('tape.v1', {
  history: stream({ request: Room, down: Degrees }),
  chat: stream({ up: Count, down: Count, visible: [] }),
  upload: stream({ request: Room, up: bytes, visible: ['room'] }),
  idle: stream({}),
})
declare const taped: Session<typeof Tape>
const tape = client(taped, Tape)
holds<Same<ReturnType<typeof tape.history>, Duplex<undefined, { celsius: number }>>>()
holds<Same<ReturnType<typeof tape.chat>, Duplex<string, number>>>()
holds<Same<ReturnType<typeof tape.upload>, Duplex<Uint8Array, undefined>>>()
holds<Same<(typeof Tape)['operations']['idle']['down'], Nothing>>()
void tape.chat(undefined, { timeoutMs: 500 })
void tape.chat().write('four')
// @ts-expect-error The input of the shape is text.
void tape.chat().write(4)
// @ts-expect-error A request is required.
tape.history()
// @ts-expect-error A wrong request.
tape.history({ rooom: 'kitchen' })
// @ts-expect-error Nothing goes up.
void tape.history({ room: 'kitchen' }).write(4)
// @ts-expect-error A field of neither the request nor what goes up.
stream({ request: Room, up: Degrees, visible: ['rooom'] })
// @ts-expect-error Items whose input is no wire value.
stream({ down: z.date() })
stream({ request: Room, up: Degrees, visible: ['room', 'celsius'] })
const tapeHandlers = {
  async *history() {
    yield { celsius: 21 }
  },
  chat: async function* () {},
  upload: async () => {},
  idle: () => {},
}
serve(Tape, tapeHandlers)
serve(Tape, {
  async *history({ room }, { up }) {
    holds<Same<typeof room, string>>()
    holds<Same<typeof up, AsyncIterable<never>>>()
    yield { celsius: 21 }
  },
  async *chat(_, { up, peer }) {
    for await (const length of up) {
      holds<Same<typeof length, number>>()
      yield peer.id
    }
  },
  upload: async (_, { up }) => {
    for await (const chunk of up) holds<Same<typeof chunk, Uint8Array>>()
  },
  idle: () => {},
})
const kelvin = async function* () {
  yield { kelvin: 294 }
}
// @ts-expect-error A wrong item.
serve(Tape, { ...tapeHandlers, history: kelvin })
// @ts-expect-error Items come down, so the handler gives an iterable.
serve(Tape, { ...tapeHandlers, history: async () => ({ celsius: 21 }) })
// @ts-expect-error Nothing comes down.
serve(Tape, { ...tapeHandlers, upload: kelvin })

// Faults.
const fault = faultOf(error, Thermostat.operations.read)
if (fault?.name === 'NoSuchRoom') holds<Same<typeof fault.data, Out<typeof Room>>>()
if (fault?.name === 'Gone') holds<Same<typeof fault.data, undefined>>()
holds<Same<NonNullable<ReturnType<typeof faultOf<Operations['count']['faults']>>>['data'], number>>()
holds<Same<ReturnType<typeof faultOf<NoFaults>>, undefined>>()
// @ts-expect-error A fault that the operation does not declare.
if (fault?.name === 'NoSuchHouse') console.log()
// @ts-expect-error A one-way message has no faults.
faultOf(error, Thermostat.operations.log)

// Ids and rules.
const id: PeerId = 'sotto1qserver'
// @ts-expect-error An id text of another kind.
export const wrong: PeerId = 'sottosec1qserver'
const rule = { id: 'r', effect: 'allow', verbs: ['call'], on: ['thermostat.v1.*'] } as const
export const by: Rule = { ...rule, by: [id, 'any', 'role:admin'] }
export const to: Rule = { ...rule, to: [id] }
// @ts-expect-error A rule with both `by` and `to`.
export const twice: Rule = { ...rule, by: [id], to: [id] }
// @ts-expect-error A rule with neither.
export const neither: Rule = { ...rule }
// @ts-expect-error A name that is no id, name, role or group.
export const who: Rule = { ...rule, by: ['everyone'] }
// @ts-expect-error An unknown verb.
export const verb: Rule = { ...rule, verbs: ['read'], by: ['any'] }

// Psks: one for a dialler, any number for a listener.
declare const psk: { readonly id: Uint8Array; readonly key: Uint8Array }
export const listens: HostOptions['protocol'] = { psk: [psk, psk] }
export const dials: DialOptions['protocol'] = { psk }
// @ts-expect-error A dialler with a list.
export const dialsMany: DialOptions['protocol'] = { psk: [psk] }
// @ts-expect-error A key without an id.
export const nameless: HostOptions['protocol'] = { psk: { key: psk.key } }

// What was checked is a type: nothing of the same members is one.
declare const checked: CheckedPeer
declare const shown: Possession
declare const likeFinished: Pick<Finished, keyof Finished>
declare const likeEstablished: Pick<Established, keyof Established>
declare const likeAdmitted: Pick<Admitted, keyof Admitted>
// @ts-expect-error A peer that nobody checked.
export const forgedPeer: CheckedPeer = { peer: checked.peer }
// @ts-expect-error A possession that nothing showed.
export const forgedPossession: Possession = { id: shown.id, shownMs: shown.shownMs }
// @ts-expect-error A handshake that was not finished.
export const forgedFinished: Finished = likeFinished
// @ts-expect-error A session that was not accepted.
export const forgedEstablished: Established = likeEstablished
// @ts-expect-error A message that no gate let through.
export const forgedAdmitted: Admitted = likeAdmitted

// Every contract is a Contract.
export const all: readonly Contract[] = [Thermostat, Alerts]
