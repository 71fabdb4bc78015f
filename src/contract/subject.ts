import { isToken, MAX_TOKENS } from './address.js'

/** The parameters of a subject template, as in `{room}.{sensor}`: their names, as a type. */
export type SubjectNames<S extends string> = S extends `${string}{${infer P}}${infer Rest}`
  ? P | SubjectNames<Rest>
  : never

/** What a message is about: a token for each parameter. */
export type Subject<S extends string> = { readonly [P in SubjectNames<S>]: string }

type Part = { readonly is: 'literal'; readonly text: string } | { readonly is: 'parameter'; readonly name: string }

/** A subject template, read once; plain frozen data. */
export interface Template {
  /** As it stands in the row. */
  readonly text: string
  readonly parts: readonly Part[]
}

const PARAMETER = /^\{([a-z][a-zA-Z0-9]{0,62})\}$/

/**
 * CO-33: up to 16 elements joined by dots, each a token or a parameter in braces, no parameter twice. Empty for no subject.
 * @throws RangeError
 */
export const parseTemplate = (text: string): Template => {
  const parts = text === '' ? [] : text.split('.').map((element) => partOf(text, element))
  const names = parts.flatMap((part) => (part.is === 'parameter' ? [part.name] : []))
  if (parts.length > MAX_TOKENS || new Set(names).size < names.length)
    throw new RangeError(`expected at most ${MAX_TOKENS} elements and each parameter once, got ${text}`)
  return Object.freeze({ text, parts: Object.freeze(parts) })
}

const partOf = (text: string, element: string): Part => {
  const name = PARAMETER.exec(element)?.[1]
  if (name !== undefined) return Object.freeze({ is: 'parameter', name })
  if (isToken(element)) return Object.freeze({ is: 'literal', text: element })
  throw new RangeError(`expected tokens and parameters like {room}, joined by dots, got ${text}`)
}

/** Bytes of the shortest subject of a template. */
export const shortest = ({ parts }: Template): number =>
  parts.reduce((sum, part) => sum + (part.is === 'literal' ? part.text.length : 1), Math.max(parts.length - 1, 0))

/**
 * CO-34: the subject that parameters make, as in `kitchen.a`; with `wild` one that is not given is `*`.
 *
 * @param template as `topic` and `queue` keep it; a text is parsed at each call
 * @throws RangeError on what is no token, and on a parameter that the template lacks
 */
export const subjectOf = (
  template: Template | string,
  parameters: Readonly<Record<string, string | undefined>>,
  wild = false,
): string => {
  const { text, parts } = parsed(template)
  for (const key of Object.keys(parameters))
    if (!parts.some((part) => part.is === 'parameter' && part.name === key))
      throw new RangeError(`expected the parameters of ${text}, got ${key}`)
  let subject = ''
  for (const part of parts) {
    const token = part.is === 'literal' ? part.text : tokenFor(part.name, parameters, wild)
    subject = subject === '' ? token : `${subject}.${token}`
  }
  return subject
}

const tokenFor = (name: string, parameters: Readonly<Record<string, string | undefined>>, wild: boolean): string => {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined
  if (value === undefined && wild) return '*'
  if (typeof value === 'string' && isToken(value)) return value
  throw new RangeError(`expected a token for {${name}}: 1 to 65 letters, digits, - or _`)
}

/** CO-34: the parameters of a subject that fits the template; frozen, and inherits nothing. */
export const parametersOf = (template: Template | string, subject: string): Readonly<Record<string, string>> => {
  const tokens = tokensOf(subject)
  const found: Record<string, string> = Object.create(null)
  for (const [at, part] of parsed(template).parts.entries())
    if (part.is === 'parameter') found[part.name] = tokens[at] ?? ''
  return Object.freeze(found)
}

/** CO-34: whether a text is a subject of the template; with `wild`, CO-35, `*` may stand for a whole token of a parameter. */
export const fits = (template: Template | string, subject: string, wild: boolean): boolean => {
  const { parts } = parsed(template)
  const tokens = tokensOf(subject)
  return (
    tokens.length === parts.length &&
    parts.every((part, at) => {
      const token = tokens[at] ?? ''
      return part.is === 'literal' ? token === part.text : isToken(token) || (wild && token === '*')
    })
  )
}

/** CO-35: whether a filter, in which `*` stands for any one token, takes a subject. */
export const takes = (filter: string, subject: string): boolean => {
  if (filter === subject) return true
  if (!filter.includes('*')) return false
  const wanted = tokensOf(filter)
  const tokens = tokensOf(subject)
  return wanted.length === tokens.length && wanted.every((element, at) => element === '*' || element === tokens[at])
}

const parsed = (template: Template | string): Template =>
  typeof template === 'string' ? parseTemplate(template) : template

const tokensOf = (subject: string): readonly string[] => (subject === '' ? [] : subject.split('.'))
