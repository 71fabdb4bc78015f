import { SottoError } from '../errors.js'

/** PO-3: characters of all texts, names and numbers of a document together; also the bytes of a policy file. */
export const MAX_DOCUMENT = 4 * 1_024 * 1_024

const PLAIN_KEY = /^[\w$-]{1,64}$/

/** A value of a document that nobody has checked yet, and where it stands. Each is read once. */
export class Place {
  readonly value: unknown
  /** Like `rules[3].on[0]`; empty for the document. */
  readonly path: string
  readonly #budget: { left: number }

  private constructor(value: unknown, path: string, budget: { left: number }) {
    this.value = value
    this.path = path
    this.#budget = budget
  }

  static document(value: unknown): Place {
    return new Place(value, '', { left: MAX_DOCUMENT })
  }

  /** The fields of an object, by name; all must be among `names`, where given. */
  fields(names?: readonly string[]): ReadonlyMap<string, Place> {
    const { value } = this
    if (typeof value !== 'object' || value === null || !isPlain(value)) throw this.fail('an object')
    const fields = new Map<string, Place>()
    for (const key of Reflect.ownKeys(value)) {
      const path = pathOf(this.path, key)
      // PO-4: what is misspelt would otherwise be a rule that says less than its author meant.
      if (typeof key !== 'string' || names?.includes(key) === false) {
        throw malformed(path, `expected ${names?.join(', ') ?? 'a text as name'}, got another field`)
      }
      this.#spend(key.length)
      fields.set(key, new Place(Reflect.get(value, key), path, this.#budget))
    }
    return fields
  }

  /** What `read` makes of a field of this object. */
  required<T>(fields: ReadonlyMap<string, Place>, name: string, read: (at: Place) => T): T {
    const at = fields.get(name)
    if (at === undefined) throw malformed(pathOf(this.path, name), `expected a field ${name}, got none`)
    return read(at)
  }

  items(least: number, most: number): readonly Place[] {
    const { value } = this
    if (!Array.isArray(value)) throw this.fail('a list')
    const { length } = value
    if (length < least || length > most) throw malformed(this.path, `expected ${least} to ${most} items, got ${length}`)
    // By its length and not as it iterates, which may be without end.
    return Array.from({ length }, (_, index) => new Place(value[index], `${this.path}[${index}]`, this.#budget))
  }

  text(what: string, most: number): string {
    const { value } = this
    if (typeof value !== 'string') throw this.fail(what)
    if (value.length > most) {
      throw malformed(this.path, `expected ${what} of at most ${most} characters, got ${value.length}`)
    }
    this.#spend(value.length)
    return value
  }

  oneOf<const T extends string>(choices: readonly T[]): T {
    const found = choices.find((choice) => choice === this.value)
    if (found === undefined) throw this.fail(`one of ${choices.join(', ')}`)
    return found
  }

  number(what: string): number {
    const { value } = this
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.fail(what)
    this.#spend(8)
    return value
  }

  /** The error to throw. It names the place and never quotes a text, which may be a secret pasted here (PO-31). */
  fail(expected: string, cause?: unknown): SottoError<'policy/malformed'> {
    return malformed(this.path, `expected ${expected}, got ${describe(this.value)}`, cause)
  }

  #spend(size: number): void {
    this.#budget.left -= size
    if (this.#budget.left < 0) throw malformed('', `expected at most ${MAX_DOCUMENT} characters in all, got more`)
  }
}

const malformed = (path: string, what: string, cause?: unknown): SottoError<'policy/malformed'> =>
  SottoError.of('policy/malformed', path === '' ? what : `${what}, at ${path}`, { details: { path }, cause })

/** No instance of a class: what JSON gives, or an object without a prototype. */
const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || (typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null)
}

const pathOf = (path: string, key: string | symbol): string => {
  const name = typeof key === 'string' && PLAIN_KEY.test(key) ? key : '?'
  return path === '' ? name : `${path}.${name}`
}

const describe = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  return typeof value === 'number' || typeof value === 'boolean' ? `the ${typeof value} ${value}` : typeof value
}
