import type { Kind } from './kinds.js'
import { type QueueSettings, queueSettings } from './queuesettings.js'
import { bytes, checkShape, type In, type Nothing, nothing, type Sent, type Shape, type Shapes } from './shape.js'
import { parseTemplate, type Template } from './subject.js'

/**
 * One operation of a contract: plain frozen data.
 *
 * Not generic, and nothing here has the type of a shape: TypeScript infers an omitted shape from the type that
 * `contract` expects, so a generic base would turn it into that base's widest shape.
 */
export interface Operation {
  readonly kind: Kind
  readonly terms: Terms
}

/** What Sotto itself enforces of an operation, whatever its shapes are; with name and kind, its row. */
export interface Terms {
  /** Subject template; empty for the kinds that have none. */
  readonly subject: string
  readonly faults: readonly string[]
  /** Top-level scalar fields of the request or message that policy may read. */
  readonly visible: readonly string[]
  readonly retain: boolean
  readonly idempotent: boolean
  /** Of a stream alone: what the one who began it sends behind the request, and what comes back. */
  readonly up?: Carries | undefined
  readonly down?: Carries | undefined
}

/** What a direction of a stream carries: no items, values, or bytes as they are, which may be cut and joined. */
export type Carries = (typeof CARRIES)[number]

export const CARRIES = ['nothing', 'items', 'bytes'] as const

export interface RequestResponse<Q extends Sent, R extends Sent, F extends Shapes> extends Operation {
  readonly kind: 'requestResponse'
  readonly request: Q
  readonly response: R
  readonly faults: F
}

export interface OneWay<M extends Sent> extends Operation {
  readonly kind: 'oneWay'
  readonly message: M
}

export interface Stream<Q extends Sent, U extends Sent, D extends Sent> extends Operation {
  readonly kind: 'stream'
  readonly request: Q
  readonly up: U
  readonly down: D
}

export interface Topic<M extends Sent, S extends string> extends Operation {
  readonly kind: 'topic'
  readonly message: M
  readonly subject: S
  /** The subject, parsed: for `subjectOf` and what goes with it. */
  readonly template: Template
}

export type { QueueSettings }

export interface Queue<M extends Sent, S extends string> extends Operation {
  readonly kind: 'queue'
  readonly message: M
  readonly subject: S
  /** As of a topic. */
  readonly template: Template
  /** What its server does with messages; no part of the row. */
  readonly settings: QueueSettings
}

/** The kind tells the interface; it does not narrow by itself, as Operation is not a union. */
export const isRequestResponse = (operation: Operation): operation is RequestResponse<Sent, Sent, Shapes> =>
  operation.kind === 'requestResponse'

export const isOneWay = (operation: Operation): operation is OneWay<Sent> => operation.kind === 'oneWay'

export const isStream = (operation: Operation): operation is Stream<Sent, Sent, Sent> => operation.kind === 'stream'

export const isTopic = (operation: Operation): operation is Topic<Sent, string> => operation.kind === 'topic'

export const isQueue = (operation: Operation): operation is Queue<Sent, string> => operation.kind === 'queue'

/** No faults are declared. */
export type NoFaults = Readonly<Record<never, never>>

/** `then` would make a client look like a promise. */
export type Operations = Readonly<Record<string, Operation>> & { readonly then?: never }

interface Seen<S extends Shape> {
  /** Top-level fields of text, numbers or booleans that policy rules may read as `body.NAME`. */
  readonly visible?: readonly ScalarKey<In<S>>[]
}

type Scalar = string | number | boolean | null | undefined

type ScalarKey<I> = I extends object
  ? keyof { [K in keyof I as I[K] extends Scalar ? K : never]: unknown } & string
  : never

/**
 * A call: one request, then one response or one of the declared faults. Omitted shapes are `nothing`.
 *
 * @throws TypeError if one is no Standard Schema
 */
export const requestResponse = <Q extends Sent = Nothing, R extends Sent = Nothing, F extends Shapes = NoFaults>(
  of: {
    readonly request?: Q
    readonly response?: R
    readonly faults?: F
    /** Running it twice is as good as once, so it may be retried where the first outcome is unknown. */
    readonly idempotent?: boolean
  } & Seen<Q>,
): RequestResponse<Q, R, F> => {
  const faults = bare(of.faults)
  Object.values(faults).forEach(checkShape)
  return Object.freeze({
    kind: 'requestResponse',
    request: orNothing(of.request),
    response: orNothing(of.response),
    faults,
    terms: terms({ faults: Object.keys(faults), visible: of.visible ?? [], idempotent: of.idempotent ?? false }),
  })
}

/** A message without an answer. @throws TypeError if it is no Standard Schema */
export const oneWay = <M extends Sent>(message: M, options: Seen<M> = {}): OneWay<M> => {
  checkShape(message)
  return Object.freeze({ kind: 'oneWay', message, terms: terms({ visible: options.visible ?? [] }) })
}

/**
 * A request, then items both ways, each direction until its sender ends it: `up` from the one who asked, `down` from the
 * one who serves. A direction of `bytes` carries chunks, which may arrive cut and joined; one of `nothing` carries none.
 *
 * @throws TypeError if a shape is no Standard Schema
 */
export const stream = <Q extends Sent = Nothing, U extends Sent = Nothing, D extends Sent = Nothing>(of: {
  readonly request?: Q
  readonly up?: U
  readonly down?: D
  /** Top-level scalar fields of the request or of `up` items that policy rules may read as `body.NAME`. */
  readonly visible?: readonly (ScalarKey<In<Q>> | ScalarKey<In<U>>)[]
}): Stream<Q, U, D> => {
  const up = orNothing(of.up)
  const down = orNothing(of.down)
  return Object.freeze({
    kind: 'stream',
    request: orNothing(of.request),
    up,
    down,
    terms: terms({ visible: of.visible ?? [], up: carriesOf(up), down: carriesOf(down) }),
  })
}

/**
 * Messages to whoever listens. The subject template names what a message is about, as in `{room}.{sensor}`; with `retain` who
 * subscribes gets the last message of each subject first.
 *
 * @throws TypeError if it is no Standard Schema; RangeError on a template outside the grammar of spec/contract.md
 */
export const topic = <M extends Sent, const S extends string = ''>(
  message: M,
  options: { readonly subject?: S; readonly retain?: boolean } & Seen<M> = {},
): Topic<M, S> => {
  checkShape(message)
  const { subject, retain = false, visible = [] } = options
  const placed = place(subject)
  return Object.freeze({
    kind: 'topic',
    message,
    ...placed,
    terms: terms({ subject: placed.subject, retain, visible }),
  })
}

/**
 * Messages that wait for a consumer, each handed out until one acknowledges it. The subject template is as of a topic.
 *
 * @throws TypeError if it is no Standard Schema; RangeError on a template or settings outside their bounds
 */
export const queue = <M extends Sent, const S extends string = ''>(
  message: M,
  options: { readonly subject?: S } & Partial<QueueSettings> & Seen<M> = {},
): Queue<M, S> => {
  checkShape(message)
  const { subject, visible = [], ...settings } = options
  const placed = place(subject)
  return Object.freeze({
    kind: 'queue',
    message,
    ...placed,
    settings: queueSettings(settings),
    terms: terms({ subject: placed.subject, visible }),
  })
}

const place = <S extends string>(given: S | undefined): { readonly subject: S; readonly template: Template } => {
  // The cast: S is inferred from the argument, and is its default, '', exactly where there is none.
  const subject = (given ?? '') as S
  return { subject, template: parseTemplate(subject) }
}

/** CO-31 */
const carriesOf = (shape: Sent): Carries => (shape === nothing ? 'nothing' : shape === bytes ? 'bytes' : 'items')

/** CO-18, CO-19: what a kind does not have is empty or false. */
const terms = ({
  subject = '',
  faults = [],
  visible = [],
  retain = false,
  idempotent = false,
  ...carries
}: Partial<Terms>): Terms =>
  Object.freeze({
    subject,
    faults: rising(faults),
    visible: rising(visible),
    retain,
    idempotent,
    ...carries,
  })

/** CO-15. Code units order ASCII text bytewise. */
const rising = (names: readonly string[]): readonly string[] => Object.freeze([...names].sort())

/** A frozen copy that inherits nothing, so that no name is found in it but its own. */
const bare = <T extends object>(of: T | undefined): T => Object.freeze(Object.assign(Object.create(null), of))

const orNothing = <S extends Sent>(shape: S | undefined): S => {
  if (shape !== undefined) checkShape(shape)
  // The cast: S is inferred from the argument, and is its default, Nothing, exactly where there is none.
  return (shape ?? nothing) as S
}
