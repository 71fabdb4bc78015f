import { commentsAt, type Place, titlesAt } from '../source.js'
import { filesIn, type Project } from './project.js'
import { idsIn } from './requirements.js'
import { shownIn } from './shown.js'

/** Where an id is cited, tested or tried. */
export interface Spot extends Place {
  readonly path: string
}

/** The vectors of a file that are about an id. */
export interface Vectors {
  readonly path: string
  readonly count: number
}

/** What is found of each id. */
export interface Evidence {
  /** Lines of comments in src, but for the kit's cases, which hold no one to anything. */
  readonly code: ReadonlyMap<string, readonly Spot[]>
  /** Titles of tests. */
  readonly tests: ReadonlyMap<string, readonly Spot[]>
  readonly vectors: ReadonlyMap<string, readonly Vectors[]>
  /** Cases of the conformance kit. */
  readonly cases: ReadonlyMap<string, readonly Spot[]>
}

export const evidenceOf = (files: Project): Evidence => {
  const sources = filesIn(files, 'src/', '.ts')
  const cases = sources.filter(({ path }) => CASES.test(path))
  const code = sources.filter(({ path }) => !CASES.test(path))
  return {
    code: byId(code.flatMap(({ path, text }) => commentsAt(text).map((place) => ({ path, ...place })))),
    tests: byId(filesIn(files, 'test/', '.ts').flatMap(({ path, text }) => spots(path, titlesAt(text)))),
    vectors: vectorsOf(files),
    cases: byId(cases.flatMap(({ path, text }) => spots(path, rulesAt(text)))),
  }
}

const CASES = /^src\/kit\/(?:misbehaviours\/|live\w*\.ts$)/

const spots = (path: string, places: readonly Place[]): Spot[] => places.map((place) => ({ path, ...place }))

/** The spots of each id that their texts name. */
const byId = (all: readonly Spot[]): Map<string, Spot[]> => {
  const found = new Map<string, Spot[]>()
  for (const spot of all) for (const id of new Set(idsIn(spot.text))) found.set(id, [...(found.get(id) ?? []), spot])
  return found
}

/** The lines with a string that is an id and nothing else: the `rule` of a case, or of a row that cases are made from. */
const rulesAt = (source: string): Place[] =>
  source.split('\n').flatMap((text, i) => [...text.matchAll(RULE)].map(([, , id = '']) => ({ line: i + 1, text: id })))

const RULE = /(['"`])([A-Z]{2}-\d+)\1/g

const vectorsOf = (files: Project): Map<string, Vectors[]> => {
  const counts = new Map<string, Map<string, number>>()
  const count = (id: string, path: string, more: number): void => {
    const known = counts.get(id) ?? new Map<string, number>()
    counts.set(id, known.set(path, (known.get(path) ?? 0) + more))
  }
  for (const { path, text } of filesIn(files, 'test-vectors/', '.json'))
    for (const id of rulesIn(JSON.parse(text))) count(id, path, 1)
  for (const { file, shows, count: more } of shownIn(files))
    if (more > 0) for (const id of shows) count(id, `test-vectors/${file}`, more)
  return new Map([...counts].map(([id, known]) => [id, [...known].map(([path, count]) => ({ path, count }))]))
}

/** The ids in the members `rule` and `rules` of a value, however deep; a rule of a policy has another name. */
const rulesIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return []
  if (Array.isArray(value)) return value.flatMap(rulesIn)
  return Object.entries(value).flatMap(([name, member]: [string, unknown]) => {
    const named = name === 'rule' || name === 'rules' ? [member].flat().filter(isId) : []
    return [...named, ...rulesIn(member)]
  })
}

const isId = (value: unknown): value is string => typeof value === 'string' && /^[A-Z]{2}-\d+$/.test(value)
