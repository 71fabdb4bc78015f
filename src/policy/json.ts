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
export const parseJson = (text: string): unknown => {
  const json = new Json(text)
  const value = json.value(0)
  json.end()
  return value
}

class Json {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
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
    this.#each('}', () => {
      const start = this.#at
      const name = this.#string()
      if (Object.hasOwn(fields, name)) throw this.#fail('a name that this object does not have yet', start)
      if (!this.#take(':')) throw this.#fail("':'")
      fields[name] = this.value(depth + 1)
    })
    return fields
  }

  #list(depth: number): unknown {
    const items: unknown[] = []
    this.#each(']', () => items.push(this.value(depth + 1)))
    return items
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
