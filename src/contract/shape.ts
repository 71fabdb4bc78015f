import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Wire } from '../cbor.js'

/** Any Standard Schema. `I` is what the wire carries, `O` what the receiver is handed. */
export type Shape<I = unknown, O = I> = StandardSchemaV1<I, O>

/** What a shape's sender gives, and what the wire carries. */
export type In<S extends Shape> = StandardSchemaV1.InferInput<S>

/** What a shape's receiver gets. */
export type Out<S extends Shape> = StandardSchemaV1.InferOutput<S>

/** What JSON Schema says of what it has no word for: that no value is taken, and, as OpenAPI 3.1 does, bytes. */
export const NO_VALUE = Object.freeze({ not: Object.freeze({}) })
export const BYTES = Object.freeze({ contentMediaType: 'application/octet-stream' })

/** No value: an empty body, `undefined` on both sides. */
export const nothing: Shape<undefined> = builtIn(
  'nothing',
  NO_VALUE,
  (value): value is undefined => value === undefined,
)

/** A byte string as it is. */
export const bytes: Shape<Uint8Array> = builtIn(
  'bytes',
  BYTES,
  (value): value is Uint8Array => value instanceof Uint8Array,
)

export type Nothing = typeof nothing

/** True where no value is carried. `any` stands for every value, so it is none of these. */
export type IsNothing<S extends Shape> = 0 extends 1 & In<S> ? false : [In<S>] extends [undefined] ? true : false

/** A shape that may be sent: its input is a wire value, or nothing at all. */
export type Sent = Shape<Wire, unknown> | Nothing

export type Shapes = Readonly<Record<string, Sent>>

/** @throws TypeError if `shape` is no Standard Schema of version 1 */
export const checkShape = (shape: Shape): void => {
  const standard: Partial<Shape['~standard']> | undefined = shape['~standard']
  if (standard?.version !== 1 || typeof standard.validate !== 'function') {
    throw new TypeError('expected a Standard Schema of version 1')
  }
}

function builtIn<T>(name: string, schema: object, is: (value: unknown) => value is T): Shape<T> {
  const refused = Object.freeze({ issues: Object.freeze([Object.freeze({ message: `expected ${name}` })]) })
  return Object.freeze({
    '~standard': Object.freeze({
      version: 1,
      vendor: 'sotto',
      validate: (value: unknown) => (is(value) ? { value } : refused),
      jsonSchema: Object.freeze({ input: () => schema, output: () => schema }),
    }),
  })
}
