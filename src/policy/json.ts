import { SottoError } from '../errors.js'

const MAX_DEPTH = 16

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const WORDS: ReadonlyMap<string, null | boolean> = new Map([
  ['null', null],
  ['true', true],
  ['false', false],
])

/**
 * PO-30: the value of a JSON text (RFC 8259) in which no object has a name twice; `JSON.parse` would take the last, and a
 * reader of the text the first. Objects have no prototype. Depth 16.
 *
 * @throws SottoError policy/malformed; `details.path` is the line and column, like `line 3, column 7`
 */
export const parseJson = (text: string): unknown => wholeOf(new Json(text, undefined))

/** The value of a JSON text, and where in the text each value of it stands. */
export interface LocatedJson {
  readonly value: unknown
  /**
   * The line and column, from 1, of the value at a path like `rules[3].on[0]`; of one that is not there, of the last value on
   * the way to it.
   */
  readonly placeOf: (path: string) => TextPlace
}

export interface TextPlace {
  readonly line: number
  readonly column: number
}

/** As `parseJson`, for people who are to find what is told of a value. @throws SottoError policy/malformed */
export const locateJson = (text: string): LocatedJson => {
  const starts: Starts = new WeakMap()
  const value = wholeOf(new Json(text, starts))
  const lines = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)]
  const placeOf = (path: string): TextPlace => {
    const start = startOf(value, path, starts)
    const line = lines.findLastIndex((from) => from <= start)
    return { line: line + 1, column: start - (lines[line] ?? 0) + 1 }
  }
  return { value, placeOf }
}

/** Where the members of each object and list begin. */
type Starts = WeakMap<object, Map<string, number>>

const startOf = (value: unknown, path: string, starts: Starts): number => {
  let start = 0
  let inside = value
  for (const [name] of path.matchAll(/[^.[\]]+/g)) {
    const next = typeof inside === 'object' && inside !== null ? starts.get(inside)?.get(name) : undefined
    if (next === undefined) return start
    start = next
    inside = Reflect.get(Object(inside), name)
  }
  return start
}

const wholeOf = (json: Json): unknown => {
  const value = json.value(0)
  json.end()
  return value
}

class Json {
  readonly #text: string
  readonly #starts: Starts | undefined
  #at = 0

  /** @param starts filled in, where given */
  constructor(text: string, starts: Starts | undefined) {
    this.#text = text
    this.#starts = starts
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#fail(`at most ${MAX_DEPTH} levels`)
    this.#skip(SPACE)
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#list(depth)
    if (first === '"') return this.#string()
    const word = [...WORDS].find(([name]) => this.#text.startsWith(name, this.#at))
    if (word === undefined) return this.#number()
    this.#at += word[0].length
    return word[1]
  }

  end(): void {
    this.#skip(SPACE)
    if (this.#at < this.#text.length) throw this.#fail('the end')
  }

  #object(depth: number): unknown {
    const fields: Record<string, unknown> = Object.create(null)
    const starts = this.#startsIn(fields)
    this.#each('}', () => {
      const start = this.#at
      const name = this.#string()
      if (Object.hasOwn(fields, name)) throw this.#fail('a name that this object does not have yet', start)
      if (!this.#take(':')) throw this.#fail("':'")
      this.#skip(SPACE)
      starts?.set(name, this.#at)
      fields[name] = this.value(depth + 1)
    })
    return fields
  }

  #list(depth: number): unknown {
    const items: unknown[] = []
    const starts = this.#startsIn(items)
    this.#each(']', () => {
      starts?.set(String(items.length), this.#at)
      items.push(this.value(depth + 1))
    })
    return items
  }

  #startsIn(parent: object): Map<string, number> | undefined {
    if (this.#starts === undefined) return undefined
    const starts = new Map<string, number>()
    this.#starts.set(parent, starts)
    return starts
  }

  /** From the opening bracket to `close`, with `read` for each item. */
  #each(close: string, read: () => void): void {
    this.#at++
    if (this.#take(close)) return
    do {
      this.#skip(SPACE)
      read()
    } while (this.#take(','))
    if (!this.#take(close)) throw this.#fail(`',' or '${close}'`)
  }

  #string(): string {
    const start = this.#at
    if (this.#text[start] !== '"') throw this.#fail('a text in double quotes')
    let end = start + 1
    while (end < this.#text.length && this.#text[end] !== '"') end += this.#text[end] === '\\' ? 2 : 1
    try {
      const value: unknown = JSON.parse(this.#text.slice(start, end + 1))
      this.#at = end + 1
      return String(value)
    } catch {
      // Its message would quote the text and count from the start of it.
      throw this.#fail('a text with its closing quote and known escapes', start)
    }
  }

  #number(): number {
    const start = this.#at
    this.#skip(NUMBER)
    if (this.#at === start) throw this.#fail('a value')
    return Number(this.#text.slice(start, this.#at))
  }

  #take(mark: string): boolean {
    this.#skip(SPACE)
    if (this.#text[this.#at] !== mark) return false
    this.#at++
    return true
  }

  #skip(what: RegExp): void {
    what.lastIndex = this.#at
    if (what.test(this.#text)) this.#at = what.lastIndex
  }

  #fail(expected: string, at = this.#at): SottoError<'policy/malformed'> {
    const lines = this.#text.slice(0, at).split('\n')
    const path = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
    const got = at < this.#text.length ? 'something else' : 'the end'
    return SottoError.of('policy/malformed', `expected ${expected}, got ${got}, at ${path}`, { details: { path } })
  }
}
