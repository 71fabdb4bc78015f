import type { Json } from './documented.js'
import { BYTES } from './shape.js'

/** Rules of one schema, beside its own. */
const MAX_NAMED = 256

type Members = Readonly<Record<string, Json>>

/** JSON as CDDL that takes it alone; in printable ASCII. */
export const literal = (value: Json): string => {
  if (value === null) return 'nil'
  if (typeof value === 'string') return text(value)
  if (isList(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object')
    return map(Object.entries(value).map(([key, item]) => `${text(key)}: ${literal(item)}`))
  return String(value)
}

/** The rules of one JSON Schema (draft 2020-12): never stricter than it, looser where CDDL has no word. */
export class CddlType {
  readonly #name: string
  readonly #root: Json | undefined
  /** Rules of the places that references lead to, in the order in which they were met. */
  readonly #named = new Map<string, string>()

  constructor(name: string, root: Json | undefined) {
    this.#name = name
    this.#root = root
  }

  /** The rule of the name given, and below it those that it refers to. */
  rules(): readonly string[] {
    this.#named.set('#', this.#name)
    const rules: string[] = []
    // What a reference leads to is added while the map is gone through.
    for (const [pointer, name] of this.#named) rules.push(`${name} = ${this.#type(this.#at(pointer))}`)
    return rules
  }

  #type(schema: Json | undefined): string {
    if (!isMembers(schema)) return 'any'
    const all = [this.#own(schema), ...listOf(schema.allOf).map((part) => this.#type(part))]
    const parts = all.filter((part) => part !== 'any')
    const [first = 'any', ...more] = parts
    return more.reduce((whole, part) => `(${whole}) .and (${part})`, first)
  }

  /** Without what `allOf` adds. */
  #own(schema: Members): string {
    const { $ref, const: only, enum: values, anyOf, oneOf, type } = schema
    if (typeof $ref === 'string') return this.#reference($ref)
    if (only !== undefined) return literalOf(only)
    if (isList(values)) return choice(values.map(literalOf))
    const choices = [...listOf(anyOf), ...listOf(oneOf)]
    if (choices.length > 0) return choice(choices.map((each) => this.#type(each)))
    if (schema.contentMediaType === BYTES.contentMediaType) return 'bstr'
    if (isList(type)) return choice(type.map((each) => this.#ofType(each, schema)))
    return this.#ofType(type, schema)
  }

  #ofType(type: Json | undefined, schema: Members): string {
    switch (type) {
      case 'string':
        return 'tstr'
      case 'boolean':
        return 'bool'
      case 'null':
        return 'nil'
      case 'integer':
        return integer(schema)
      case 'number':
        return '(int / float)'
      case 'array':
        return this.#array(schema)
      case 'object':
        return this.#object(schema)
      default:
        return 'any'
    }
  }

  #array({ prefixItems, items, minItems, maxItems }: Members): string {
    const first = listOf(prefixItems)
    // Items of a tuple may be fewer than it names, unless it says otherwise.
    const needed = typeof minItems === 'number' ? minItems : 0
    const places = first.map((each, at) => `${at < needed ? '' : '? '}${this.#type(each)}`)
    if (items === false) return `[${places.join(', ')}]`
    const least = Math.max(needed - first.length, 0)
    const most = typeof maxItems === 'number' ? Math.max(maxItems - first.length, 0) : undefined
    const times = least === 0 && most === undefined ? '*' : `${least}*${most ?? ''}`
    return `[${[...places, `${times} ${this.#type(items)}`].join(', ')}]`
  }

  #object({ properties, required, additionalProperties }: Members): string {
    const needed = new Set(listOf(required))
    const named = Object.entries(isMembers(properties) ? properties : {})
    const members = named.map(([key, each]) => `${needed.has(key) ? '' : '? '}${text(key)}: ${this.#type(each)}`)
    const bare = [...needed].filter((key) => typeof key === 'string' && !named.some(([name]) => name === key))
    const others = additionalProperties === false ? [] : [`* tstr => ${this.#type(additionalProperties)}`]
    return map([...members, ...bare.map((key) => `${literal(key)}: any`), ...others])
  }

  /** The name of the rule for a place in this schema; what it is, if it is elsewhere, is not known. */
  #reference(pointer: string): string {
    const known = this.#named.get(pointer)
    if (known !== undefined) return known
    if (this.#named.size > MAX_NAMED || this.#at(pointer) === undefined) return 'any'
    const name = `${this.#name}.${this.#named.size}`
    this.#named.set(pointer, name)
    return name
  }

  /** RFC 6901, as a fragment. */
  #at(pointer: string): Json | undefined {
    if (pointer !== '#' && !pointer.startsWith('#/')) return undefined
    let found = this.#root
    for (const step of pointer.split('/').slice(1)) {
      const key = decoded(step)
      found = isList(found)
        ? found[Number(key)]
        : isMembers(found) && Object.hasOwn(found, key)
          ? found[key]
          : undefined
    }
    return found
  }
}

const decoded = (step: string): string =>
  step
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('~1', '/')
    .replaceAll('~0', '~')

const integer = ({ minimum, maximum }: Members): string => {
  const [least, most] = [wholeIn(minimum), wholeIn(maximum)]
  if (least === undefined) return most === undefined ? 'int' : `int .le ${most}`
  if (most !== undefined && most >= least) return `${least}..${most}`
  return least === 0 ? 'uint' : `int .ge ${least}`
}

const wholeIn = (bound: Json | undefined): number | undefined =>
  typeof bound === 'number' && Number.isSafeInteger(bound) ? bound : undefined

/** Of a list or an object, any of that sort: what the schema means by equal, CDDL has no word for. */
const literalOf = (value: Json): string =>
  typeof value === 'object' && value !== null ? (isList(value) ? '[* any]' : '{ * tstr => any }') : literal(value)

const choice = (types: readonly string[]): string => {
  const each = [...new Set(types)]
  if (each.includes('any') || each.length === 0) return 'any'
  return each.length === 1 ? each.join('') : `(${each.join(' / ')})`
}

const map = (members: readonly string[]): string => (members.length === 0 ? '{}' : `{ ${members.join(', ')} }`)

const text = (value: string): string =>
  JSON.stringify(value).replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

const listOf = (value: Json | undefined): readonly Json[] => (isList(value) ? value : [])

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

const isMembers = (value: Json | undefined): value is Members =>
  typeof value === 'object' && value !== null && !isList(value)
