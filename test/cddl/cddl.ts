import { decode } from 'cbor2'
import { type Control, type Member, parseRules, type Type } from './grammar.js'

/** The standard prelude of RFC 8610 (appendix D), of what the chapters and contracts name. */
const PRELUDE: Readonly<Record<string, (value: unknown) => boolean>> = {
  any: () => true,
  tstr: (value) => typeof value === 'string',
  text: (value) => typeof value === 'string',
  bstr: (value) => value instanceof Uint8Array,
  bytes: (value) => value instanceof Uint8Array,
  bool: (value) => typeof value === 'boolean',
  nil: (value) => value === null,
  null: (value) => value === null,
  true: (value) => value === true,
  false: (value) => value === false,
  int: (value) => isInteger(value),
  uint: (value) => isInteger(value) && value >= 0,
  float: (value) => typeof value === 'number' && !isInteger(value),
  number: (value) => typeof value === 'number' || typeof value === 'bigint',
}

/**
 * The rules of a text, and what is of them: values as a decoder of CBOR gives them, maps as `Map` or as objects. A number without
 * fraction is an integer, for the profile has no other spelling of one (CB-8).
 */
export class Cddl {
  readonly #rules: ReadonlyMap<string, Type>

  /** @throws Error on what is no CDDL, a rule twice, a name of the prelude, or a name without a rule */
  constructor(text: string) {
    this.#rules = parseRules(text)
    for (const [name, type] of this.#rules) {
      if (Object.hasOwn(PRELUDE, name)) throw new Error(`a rule of the prelude: ${name}`)
      for (const used of namesIn(type))
        if (!this.#rules.has(used) && !Object.hasOwn(PRELUDE, used)) throw new Error(`no rule ${used}`)
    }
  }

  get names(): readonly string[] {
    return [...this.#rules.keys()]
  }

  /** Whether a value is of the type of a rule. */
  takes(name: string, value: unknown): boolean {
    return this.#matches({ is: 'name', name }, value)
  }

  /** As `takes`, of bytes: they are read by a decoder that has nothing to do with ours. */
  takesBytes(name: string, bytes: Uint8Array): boolean {
    return this.takes(name, readCbor(bytes))
  }

  #matches(type: Type, value: unknown): boolean {
    switch (type.is) {
      case 'choice':
        return type.of.some((each) => this.#matches(each, value))
      case 'literal':
        return isSame(type.value, value)
      case 'range':
        return isInRange(type.least, type.most, type.open, value)
      case 'name': {
        const rule = this.#rules.get(type.name)
        return rule === undefined ? (PRELUDE[type.name]?.(value) ?? false) : this.#matches(rule, value)
      }
      case 'control':
        return this.#matches(type.of, value) && this.#isControlled(type.operator, type.by, value)
      case 'list':
        return Array.isArray(value) && this.#list(type.members, value)
      case 'map':
        return this.#map(type.members, entriesOf(value))
    }
  }

  #isControlled(operator: Control, by: Type, value: unknown): boolean {
    switch (operator) {
      case 'and':
        return this.#matches(by, value)
      case 'cbor':
        return value instanceof Uint8Array && isCbor(value) && this.#matches(by, readCbor(value))
      case 'regexp':
        return typeof value === 'string' && new RegExp(`^(?:${String(literalOf(by))})$`).test(value)
      case 'size':
        return this.#matches(by, sizeOf(value))
      default:
        return isNumber(value) && compares(operator, value, Number(literalOf(by)))
    }
  }

  /** Greedy: as many as may be of each place, as parsing expression grammars are (appendix A). */
  #list(members: readonly Member[], values: readonly unknown[]): boolean {
    let at = 0
    for (const { least, most, type } of members) {
      let count = 0
      while (count < most && at < values.length && this.#matches(type, values[at])) {
        at++
        count++
      }
      if (count < least) return false
    }
    return at === values.length
  }

  /** Entries with a key that is a value take it, whatever is behind it (a cut, section 3.5.4); the others take what is left. */
  #map(members: readonly Member[], entries: Map<unknown, unknown> | undefined): boolean {
    if (entries === undefined) return false
    const named = members.filter(({ key }) => key?.is === 'literal')
    const others = members.filter(({ key }) => key?.is !== 'literal')
    for (const { key, least, type } of named) {
      const name = literalOf(key)
      if (!entries.has(name)) {
        if (least > 0) return false
      } else if (!this.#matches(type, entries.get(name))) return false
      entries.delete(name)
    }
    return others.every((member) => this.#takeEntries(member, entries)) && entries.size === 0
  }

  #takeEntries({ key, least, most, type }: Member, entries: Map<unknown, unknown>): boolean {
    let count = 0
    for (const [name, value] of entries) {
      if (count === most || key === undefined || !this.#matches(key, name) || !this.#matches(type, value)) continue
      entries.delete(name)
      count++
    }
    return count >= least
  }
}

/** Every name that a type is made of. */
const namesIn = (type: Type): readonly string[] => {
  switch (type.is) {
    case 'name':
      return [type.name]
    case 'choice':
      return type.of.flatMap(namesIn)
    case 'control':
      return [...namesIn(type.of), ...namesIn(type.by)]
    case 'range':
      return [...namesIn(type.least), ...namesIn(type.most)]
    case 'literal':
      return []
    default:
      return type.members.flatMap(({ key, type: inner }) => [...(key ? namesIn(key) : []), ...namesIn(inner)])
  }
}

const readCbor = (bytes: Uint8Array): unknown => decode(bytes, { preferMap: true })

const isCbor = (bytes: Uint8Array): boolean => {
  try {
    readCbor(bytes)
    return true
  } catch {
    // What it says of it is nothing to a verdict.
    return false
  }
}

const literalOf = (type: Type | undefined): string | number | Uint8Array => {
  if (type?.is !== 'literal') throw new Error('expected a value')
  return type.value
}

const isSame = (literal: string | number | Uint8Array, value: unknown): boolean =>
  literal instanceof Uint8Array
    ? value instanceof Uint8Array && Buffer.compare(literal, value) === 0
    : literal === (typeof value === 'bigint' ? Number(value) : value)

const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint'

const isInteger = (value: unknown): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value)

const isInRange = (least: Type, most: Type, open: boolean, value: unknown): boolean => {
  const [from, to] = [Number(literalOf(least)), Number(literalOf(most))]
  const isWhole = Number.isInteger(from) && Number.isInteger(to)
  if (!isNumber(value) || (isWhole && !isInteger(value))) return false
  return value >= from && (open ? value < to : value <= to)
}

const compares = (operator: 'ge' | 'le' | 'gt' | 'lt', value: number | bigint, bound: number): boolean => {
  if (operator === 'ge') return value >= bound
  if (operator === 'le') return value <= bound
  return operator === 'gt' ? value > bound : value < bound
}

const sizeOf = (value: unknown): number => {
  if (value instanceof Uint8Array) return value.length
  return typeof value === 'string' ? Buffer.byteLength(value) : Number.NaN
}

/** Of a map alone: what a decoder makes of a tag or a simple value is an object of a class. */
const entriesOf = (value: unknown): Map<unknown, unknown> | undefined => {
  if (value instanceof Map) return new Map(value)
  if (typeof value !== 'object' || value === null) return undefined
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype ? new Map(Object.entries(value)) : undefined
}
