import type { StandardJSONSchemaV1 } from '@standard-schema/spec'
import type { Wire } from '../cbor.js'
import type { Kind } from './kinds.js'
import type { Operation } from './operation.js'
import type { Shape } from './shape.js'

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** JSON Schemas (draft 2020-12) of what travels in an operation, by the names of its shapes: documentation, which nothing is checked by. */
export interface Schemas {
  readonly request?: Json
  readonly response?: Json
  readonly message?: Json
  readonly up?: Json
  readonly down?: Json
  readonly faults?: Readonly<Record<string, Json>>
}

/** The shapes of each kind, beside faults. */
export const SHAPES = {
  requestResponse: ['request', 'response'],
  oneWay: ['message'],
  stream: ['request', 'up', 'down'],
  topic: ['message'],
  queue: ['message'],
} as const satisfies Record<Kind, readonly (keyof Schemas)[]>

/** CO-40: of one schema. */
export const MAX_SCHEMA_DEPTH = 64
export const MAX_SCHEMA_VALUES = 10_000

/** CO-39: the schemas that the libraries of its shapes make of what is sent; undefined if they make none. */
export const schemasOf = (operation: Operation): Schemas | undefined => {
  const shapes: Readonly<Record<string, unknown>> = { ...operation }
  const found = Object.fromEntries(documented(SHAPES[operation.kind].map((name) => [name, shapes[name]])))
  const faults = documented(operation.terms.faults.map((name) => [name, member(shapes.faults, name)]))
  const all = { ...found, ...(faults.length > 0 && { faults: Object.fromEntries(faults) }) }
  return Object.keys(all).length === 0 ? undefined : all
}

/** A shape that takes whatever the wire carries, and no value, and shows the schema of another. */
export const described = (schema: Json | undefined): Shape<Wire> => {
  const converter = { input: () => schema, output: () => schema }
  return Object.freeze({
    '~standard': Object.freeze({
      version: 1,
      vendor: 'sotto',
      // What is no wire value, the encoder refuses; nothing is told of the type of what was received.
      validate: (value: unknown) => ({ value: value as Wire }),
      ...(schema !== undefined && { jsonSchema: converter }),
    }),
  })
}

/** CO-40: a frozen copy of what is plain JSON within the bounds of a schema; undefined of anything else. */
export const plainJson = (value: unknown): Json | undefined => {
  let left = MAX_SCHEMA_VALUES
  const copy = (item: unknown, depth: number): Json | undefined => {
    if (--left < 0 || depth > MAX_SCHEMA_DEPTH) return undefined
    if (item === null || typeof item === 'boolean' || typeof item === 'string') return item
    if (typeof item === 'number') return Number.isFinite(item) ? item : undefined
    if (Array.isArray(item)) return all(item, (each) => copy(each, depth + 1))
    if (!isPlain(item)) return undefined
    const members = Object.entries(item).filter(([, each]) => each !== undefined)
    const copies = all(members, ([key, each]) => {
      const inner = copy(each, depth + 1)
      return inner === undefined ? undefined : ([key, inner] as const)
    })
    return copies && Object.freeze(Object.fromEntries(copies))
  }
  return copy(value, 0)
}

const documented = (shapes: readonly (readonly [name: string, shape: unknown])[]): (readonly [string, Json])[] =>
  shapes.flatMap(([name, shape]) => {
    const schema = schemaOf(shape)
    return schema === undefined ? [] : [[name, schema] as const]
  })

/** What a library without a word for a type says is `{}`, if it knows this option. */
const OPTIONS = { target: 'draft-2020-12', libraryOptions: { unrepresentable: 'any' } } as const

/** Of the input, which is what travels. */
const schemaOf = (shape: unknown): Json | undefined => {
  if (!hasSchema(shape)) return undefined
  try {
    return plainJson(shape['~standard'].jsonSchema.input(OPTIONS))
  } catch {
    // A library throws for a shape that it has no schema of, and then there is nothing to show.
    return undefined
  }
}

const hasSchema = (shape: unknown): shape is StandardJSONSchemaV1 =>
  typeof member(member(member(shape, '~standard'), 'jsonSchema'), 'input') === 'function'

const member = (of: unknown, name: string): unknown =>
  (typeof of === 'object' && of !== null) || typeof of === 'function' ? Reflect.get(of, name) : undefined

/** Each by `change`, frozen; undefined once one is. */
const all = <T, R>(items: readonly T[], change: (item: T) => R | undefined): readonly R[] | undefined => {
  const changed: R[] = []
  for (const item of items) {
    const next = change(item)
    if (next === undefined) return undefined
    changed.push(next)
  }
  return Object.freeze(changed)
}

const isPlain = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
