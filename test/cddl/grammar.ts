/** CDDL (RFC 8610, appendix B) as data: rules that assign types. What the chapters do not use is not read: generics, sockets, groups with names, tags. */

export type Type =
  | { readonly is: 'choice'; readonly of: readonly Type[] }
  | { readonly is: 'control'; readonly of: Type; readonly operator: Control; readonly by: Type }
  | { readonly is: 'range'; readonly least: Type; readonly most: Type; readonly open: boolean }
  | { readonly is: 'literal'; readonly value: string | number | Uint8Array }
  | { readonly is: 'name'; readonly name: string }
  | { readonly is: 'map' | 'list'; readonly members: readonly Member[] }

/** One entry of a group, which may come `least` to `most` times. */
export interface Member {
  readonly least: number
  readonly most: number
  /** Of a list only a comment. */
  readonly key: Type | undefined
  readonly type: Type
}

const CONTROLS = ['size', 'regexp', 'cbor', 'and', 'ge', 'le', 'gt', 'lt'] as const
export type Control = (typeof CONTROLS)[number]

/** The types of a text by their names, in order. @throws Error where the grammar ends */
export const parseRules = (text: string): ReadonlyMap<string, Type> => new Parser(tokensOf(text)).rules()

class Parser {
  readonly #tokens: readonly string[]
  #at = 0

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }

  rules(): ReadonlyMap<string, Type> {
    const rules = new Map<string, Type>()
    while (this.#at < this.#tokens.length) {
      const name = this.#take()
      this.#expect('=')
      if (rules.has(name)) throw new Error(`a rule twice: ${name}`)
      rules.set(name, this.#type())
    }
    return rules
  }

  #type(): Type {
    const of = [this.#controlled()]
    while (this.#skip('/')) of.push(this.#controlled())
    return of.length === 1 && of[0] ? of[0] : { is: 'choice', of }
  }

  #controlled(): Type {
    const type = this.#ranged()
    const operator = this.#operator()
    return operator === undefined ? type : { is: 'control', of: type, operator, by: this.#ranged() }
  }

  #operator(): Control | undefined {
    const found = CONTROLS.find((name) => this.#tokens[this.#at] === `.${name}`)
    if (found !== undefined) this.#at++
    return found
  }

  #ranged(): Type {
    const least = this.#simple()
    const open = this.#tokens[this.#at] === '...'
    return this.#skip('..') || this.#skip('...') ? { is: 'range', least, most: this.#simple(), open } : least
  }

  #simple(): Type {
    const token = this.#take()
    if (token === '(') {
      const inner = this.#type()
      this.#expect(')')
      return inner
    }
    if (token === '{') return { is: 'map', members: this.#members('}') }
    if (token === '[') return { is: 'list', members: this.#members(']') }
    if (token.startsWith("h'")) return { is: 'literal', value: Buffer.from(token.slice(2, -1), 'hex') }
    if (/^["\d-]/.test(token)) return { is: 'literal', value: JSON.parse(token) }
    if (/^[A-Za-z]/.test(token)) return { is: 'name', name: token }
    throw new Error(`expected a type, got ${token}`)
  }

  #members(end: string): readonly Member[] {
    const members: Member[] = []
    while (!this.#skip(end)) {
      members.push(this.#member())
      if (!this.#skip(',')) {
        this.#expect(end)
        break
      }
    }
    return members
  }

  #member(): Member {
    const [least, most] = this.#times()
    const token = this.#tokens[this.#at] ?? ''
    if (this.#tokens[this.#at + 1] === ':') {
      this.#at += 2
      const value: unknown = /^["\d-]/.test(token) ? JSON.parse(token) : token
      if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`expected a key, got ${token}`)
      return { least, most, key: { is: 'literal', value }, type: this.#type() }
    }
    const type = this.#type()
    return this.#skip('=>') ? { least, most, key: type, type: this.#type() } : { least, most, key: undefined, type }
  }

  #times(): readonly [number, number] {
    if (this.#skip('?')) return [0, 1]
    if (this.#skip('+')) return [1, Infinity]
    if (this.#skip('*')) return [0, this.#bound()]
    if (this.#tokens[this.#at + 1] !== '*') return [1, 1]
    const least = Number(this.#take())
    this.#expect('*')
    return [least, this.#bound()]
  }

  #bound(): number {
    // A number is a bound, unless it is the key of the entry.
    const isBound = /^\d+$/.test(this.#tokens[this.#at] ?? '') && this.#tokens[this.#at + 1] !== ':'
    return isBound ? Number(this.#take()) : Infinity
  }

  #take(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new Error('expected more')
    return token
  }

  #skip(token: string): boolean {
    const is = this.#tokens[this.#at] === token
    if (is) this.#at++
    return is
  }

  #expect(token: string): void {
    if (!this.#skip(token))
      throw new Error(`expected ${token}, got ${this.#tokens.slice(this.#at, this.#at + 5).join(' ')}`)
  }
}

const SPACE = /(?:\s|;[^\n]*(?:\n|$))*/y
const TOKEN =
  /"(?:[^"\\]|\\.)*"|h'[0-9a-f]*'|-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\.?\d)|[A-Za-z](?:[-.]*[A-Za-z0-9])*|=>|\.\.\.?|\.[a-z]+\b|[=/,:?*+[\](){}]/y

const tokensOf = (text: string): readonly string[] => {
  const tokens: string[] = []
  let at = matchAt(SPACE, text, 0).length
  while (at < text.length) {
    const token = matchAt(TOKEN, text, at)
    if (token === '') throw new Error(`expected CDDL, got ${text.slice(at, at + 40)}`)
    tokens.push(token)
    at += token.length
    at += matchAt(SPACE, text, at).length
  }
  return tokens
}

const matchAt = (pattern: RegExp, text: string, at: number): string => {
  const sticky = new RegExp(pattern)
  sticky.lastIndex = at
  return sticky.exec(text)?.[0] ?? ''
}
